/*
 * session.c
 *		What any session can be asked for at once, in terms of its interface.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"

#include "src/base/clock.h"
#include "src/base/ct_compat.h"
#include "src/base/wait_event.h"
#include "src/session/session.h"

/* what is further away is as good as never */
#define SLEEP_MAX_NS	(3600 * CT_NS_PER_S)

void
ct_session_sleep(const CtWait *waits, int n, uint64 until_ns)
{
	WaitEventSet *set = ct_wait_event_set(n + 2);
	WaitEvent	event;
	uint64		now = ct_now_ns();
	long		ms = -1;
	int			i;

	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (i = 0; i < n; i++)
	{
		if (waits[i].socket != PGINVALID_SOCKET)
			AddWaitEventToSet(set, waits[i].events, waits[i].socket, NULL, NULL);
		if (waits[i].deadline_ns != 0)
			until_ns = Min(until_ns, waits[i].deadline_ns);
	}
	if (until_ns <= now)
		ms = 0;
	else if (until_ns - now < SLEEP_MAX_NS)
		ms = (long) ((until_ns - now + CT_NS_PER_MS - 1) / CT_NS_PER_MS);
	(void) WaitEventSetWait(set, ms, &event, 1, ct_wait_event(CT_WAIT_SESSION));
	FreeWaitEventSet(set);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

void
ct_session_await(CtSession *session)
{
	CtWait		wait = {PGINVALID_SOCKET, 0, 0};

	while (!session->ready(session, &wait))
		ct_session_sleep(&wait, 1, PG_UINT64_MAX);
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
