/*
 * session.c
 *		What any session can be asked for at once, in terms of its interface.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"

#include "src/base/clock.h"
#include "src/base/wait_event.h"
#include "src/session/session.h"

/* Sleeps until the session may be ready. */
static void
session_sleep(const CtWait *wait)
{
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;
	long		ms = -1;

	if (wait->socket != PGINVALID_SOCKET)
		events |= wait->events;
	if (wait->deadline_ns != 0)
	{
		uint64		now = ct_now_ns();

		events |= WL_TIMEOUT;
		ms = wait->deadline_ns <= now ? 0 :
			(long) ((wait->deadline_ns - now + CT_NS_PER_MS - 1) / CT_NS_PER_MS);
	}
	(void) WaitLatchOrSocket(MyLatch, events, wait->socket, ms, ct_wait_event(CT_WAIT_SESSION));
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

void
ct_session_await(CtSession *session)
{
	CtWait		wait = {PGINVALID_SOCKET, 0, 0};

	while (!session->ready(session, &wait))
		session_sleep(&wait);
}

static CtTransactionEvent
session_finish(CtSession *session)
{
	CtStatementResult result;

	ct_session_await(session);
	result = session->finish(session);
	if (unlikely(result.error != NULL))
		ReThrowError(result.error);
	return result.event;
}

void
ct_session_open(CtSession *session, const CtSetting *settings, int nsettings)
{
	session->open(session, settings, nsettings);
	(void) session_finish(session);
}

CtTransactionEvent
ct_session_execute(CtSession *session, CtStatement *statement, const CtVariables *vars,
				   bool more, CtRowTaker taker, void *taker_arg)
{
	session->start(session, statement, vars, more, taker, taker_arg);
	return session_finish(session);
}
