/*
 * sessions_unit.c
 *		Many sessions in one process: another implementation than the in-process
 *		one, beside it, driven by what CtSession says of itself.
 *
 * The other one is made of a socket pair instead of a server: its statements
 * take as long as they are told to, by a line that arrives or by the clock, and
 * fail if they are told to.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"

#include "src/base/clock.h"
#include "src/base/wait_event.h"
#include "src/session/session.h"
#include "t/units/units.h"

struct CtStatement
{
	const CtSql *sql;
};

/*
 * A statement of a fake session is "socket", which is through once a byte
 * arrives, or "clock", which is so after 30 ms; with " error" behind it, it
 * fails then.  BEGIN and COMMIT are what they are elsewhere.
 */
typedef struct FakeSession
{
	CtSession	session;		/* must be first */
	int			sockets[2];		/* ours, and the other end */
	bool		opening;
	CtStatement *statement;
	uint64		deadline_ns;
	bool		cancelled;
	bool		in_transaction;
	CtRowTaker	taker;
	void	   *taker_arg;
} FakeSession;

static bool
fake_is(const FakeSession *self, const char *text)
{
	return self->statement != NULL && strncmp(self->statement->sql->text, text, strlen(text)) == 0;
}

static void
fake_open(CtSession *session, const CtSetting *settings, int nsettings)
{
	FakeSession *self = (FakeSession *) session;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, self->sockets) != 0 ||
		fcntl(self->sockets[0], F_SETFL, O_NONBLOCK) != 0)
		elog(ERROR, "no socket pair: %m");
	self->opening = true;
	self->deadline_ns = ct_now_ns() + 5 * CT_NS_PER_MS;
}

static void
fake_close(CtSession *session)
{
	FakeSession *self = (FakeSession *) session;

	close(self->sockets[0]);
	close(self->sockets[1]);
	pfree(self);
}

static void
fake_cancel(CtSession *session)
{
	((FakeSession *) session)->cancelled = true;
}

static int
fake_pid(CtSession *session)
{
	return 0;
}

static CtStatement *
fake_prepare(CtSession *session, const CtSql *sql, const CtSymbols *symbols)
{
	CtStatement *statement = palloc(sizeof(CtStatement));

	statement->sql = sql;
	return statement;
}

static void
fake_warm_up(CtSession *session, CtStatement *statement, const CtVariables *vars)
{
}

static void
fake_start(CtSession *session, CtStatement *statement, const CtVariables *vars, bool more,
		   CtRowTaker taker, void *taker_arg)
{
	FakeSession *self = (FakeSession *) session;

	self->statement = statement;
	self->taker = taker;
	self->taker_arg = taker_arg;
	self->cancelled = false;
	self->deadline_ns = fake_is(self, "clock") ? ct_now_ns() + 30 * CT_NS_PER_MS : 0;
}

static bool
fake_ready(CtSession *session, CtWait *wait)
{
	FakeSession *self = (FakeSession *) session;
	char		byte;

	if (self->cancelled)
		return true;
	wait->socket = PGINVALID_SOCKET;
	wait->events = WL_SOCKET_READABLE;
	wait->deadline_ns = self->deadline_ns;
	if (self->deadline_ns != 0)
		return ct_now_ns() >= self->deadline_ns;
	wait->socket = self->sockets[0];
	return !fake_is(self, "socket") || read(self->sockets[0], &byte, 1) == 1;
}

static CtStatementResult
fake_finish(CtSession *session)
{
	FakeSession *self = (FakeSession *) session;
	CtStatementResult result = {CT_TRANSACTION_COMMITTED, NULL};
	const char *name = "fake";
	Oid			type = InvalidOid;

	if (self->opening)
	{
		self->opening = false;
		return result;
	}
	if (self->cancelled || strstr(self->statement->sql->text, " error") != NULL)
	{
		/* what a libpq session makes of an error of its server */
		result.error = palloc0(sizeof(ErrorData));
		result.error->elevel = ERROR;
		result.error->sqlerrcode = self->cancelled ? ERRCODE_QUERY_CANCELED : ERRCODE_DIVISION_BY_ZERO;
		result.error->message = pstrdup("fake error");
		result.error->assoc_context = CurrentMemoryContext;
		result.event = CT_TRANSACTION_ROLLED_BACK;
		self->in_transaction = false;
	}
	else
	{
		bool		was_open = self->in_transaction;

		if (fake_is(self, "BEGIN"))
			self->in_transaction = true;
		else if (fake_is(self, "COMMIT"))
			self->in_transaction = false;
		if (self->in_transaction)
			result.event = was_open ? CT_TRANSACTION_OPEN : CT_TRANSACTION_BEGAN;
		if (self->taker != NULL)
			(void) self->taker(self->taker_arg, 1, &name, &type, &self->statement->sql->text);
		session->rows++;
	}
	self->statement = NULL;
	return result;
}

static bool
fake_in_transaction(CtSession *session)
{
	return ((FakeSession *) session)->in_transaction;
}

static void
fake_rollback(CtSession *session)
{
	FakeSession *self = (FakeSession *) session;

	self->statement = NULL;
	self->in_transaction = false;
}

static void
fake_idle(CtSession *session, bool for_good)
{
}

static CtSession *
fake_session(void)
{
	FakeSession *self = palloc0(sizeof(FakeSession));

	self->session.open = fake_open;
	self->session.close = fake_close;
	self->session.cancel = fake_cancel;
	self->session.pid = fake_pid;
	self->session.prepare = fake_prepare;
	self->session.warm_up = fake_warm_up;
	self->session.start = fake_start;
	self->session.ready = fake_ready;
	self->session.finish = fake_finish;
	self->session.in_transaction = fake_in_transaction;
	self->session.rollback = fake_rollback;
	self->session.idle = fake_idle;
	return &self->session;
}

/* ---- who drives them ---- */

/* one who has statements to be executed, one after the other */
typedef struct Part
{
	CtSession  *session;
	CtScript   *script;
	const char *name;
	int			next;			/* command, the number of commands once all are executed */
	bool		under_way;
	int			wakes;			/* a byte to this part's session, once it is through; -1: none */
} Part;

static CtSymbols *symbols;
static CtVariables *vars;
static StringInfoData story;	/* what ended, in that order */

static void
part_init(Part *part, CtSession *session, const char *name, const char *body, int wakes)
{
	part->session = session;
	part->name = name;
	part->script = ct_script_parse(name, body, symbols, false);
	part->next = 0;
	part->under_way = false;
	part->wakes = wakes;
}

/* Goes on, up to where it has to wait; false then, or at its end. */
static bool
part_go_on(Part *part, Part *parts, CtWait *wait)
{
	CtSession  *session = part->session;
	CtStatementResult result;

	if (part->next == part->script->ncommands)
		return false;
	if (!part->under_way)
	{
		CtSql	   *sql = &part->script->commands[part->next].statements[0];

		session->start(session, session->prepare(session, sql, symbols), vars, false, NULL, NULL);
		part->under_way = true;
	}
	if (!session->ready(session, wait))
		return false;
	result = session->finish(session);
	part->under_way = false;
	appendStringInfo(&story, "%s%s%d%s", story.len ? " " : "", part->name, part->next + 1,
					 result.error ? "!" : "");
	part->next++;
	if (part->next == part->script->ncommands && part->wakes >= 0 &&
		write(((FakeSession *) parts[part->wakes].session)->sockets[1], "x", 1) != 1)
		elog(ERROR, "could not write: %m");
	return true;
}

/* Each in turn a statement, until all are through; how often nobody was ready. */
static int
parts_drive(Part *parts, int n)
{
	int			sleeps = 0;

	resetStringInfo(&story);
	for (;;)
	{
		CtWait	   *waits = palloc(n * sizeof(CtWait));
		bool		any = false;
		int			nwaits = 0;
		int			i;

		for (i = 0; i < n; i++)
		{
			if (part_go_on(&parts[i], parts, &waits[nwaits]))
				any = true;
			else if (parts[i].under_way)
				nwaits++;
		}
		if (!any && nwaits == 0)
			return sleeps;
		if (!any)
		{
			ct_session_sleep(waits, nwaits, ct_now_ns() + 10 * CT_NS_PER_S);
			sleeps++;
		}
	}
}

static bool
take_text(void *arg, int ncolumns, const char *const *names, const Oid *types,
		  const char *const *values)
{
	*(const char **) arg = pstrdup(values[0]);
	return true;
}

/* ---- what is tested ---- */

/* Do these stand in the story, in that order? */
static bool
story_has(const char *const *what, int n)
{
	const char *p = story.data;
	int			i;

	for (i = 0; i < n; i++)
	{
		p = strstr(p, what[i]);
		if (p == NULL)
			return false;
	}
	return true;
}

static void
test_beside(CtSession *own, CtSession **fakes)
{
	static const char *const by_bytes[] = {"c1", "c2!", "c3", "b1!", "b2", "a1", "a2", "a3"};
	static const char *const by_clock[] = {"d1", "d2!", "b2"};
	Part		parts[4];
	int			sleeps;

	/* the first waits for the second, which waits for a byte of the third; the fourth for the clock */
	part_init(&parts[0], fakes[0], "a", "socket;\nBEGIN;\nCOMMIT", -1);
	part_init(&parts[1], fakes[1], "b", "socket error;\nsocket2", 0);
	part_init(&parts[2], own, "c", "SELECT 1;\nSELECT 1/0;\nSELECT 2", 1);
	part_init(&parts[3], fakes[2], "d", "clock;\nclock error", 1);
	sleeps = parts_drive(parts, 4);
	unit_ok(story_has(by_bytes, lengthof(by_bytes)) && story_has(by_clock, lengthof(by_clock)),
			"who is ready goes on, whoever fails or waits beside it: %s", story.data);
	unit_ok(sleeps >= 2 && sleeps < 100, "and nobody spins: slept %d times", sleeps);
	unit_ok(fakes[0]->rows == 3 && own->rows == 2, "each counts its own");
}

static void
test_alone(CtSession *fake)
{
	CtScript   *script = ct_script_parse("unit", "clock;\nclock error;\nsocket", symbols, false);
	CtStatement *statements[3];
	const char *text = NULL;
	volatile int raised = 0;
	CtStatementResult result;
	CtWait		wait;
	uint64		since;
	int			i;

	for (i = 0; i < 3; i++)
		statements[i] = fake->prepare(fake, &script->commands[i].statements[0], symbols);
	since = ct_now_ns();
	(void) ct_session_execute(fake, statements[0], vars, false, take_text, &text);
	unit_ok(ct_now_ns() - since >= 30 * CT_NS_PER_MS, "who has nothing else to do waits");
	unit_is(text, "clock", "for what comes");

	PG_TRY();
	{
		(void) ct_session_execute(fake, statements[1], vars, false, NULL, NULL);
	}
	PG_CATCH();
	{
		raised = geterrcode();
		FlushErrorState();
	}
	PG_END_TRY();
	unit_ok(raised == ERRCODE_DIVISION_BY_ZERO, "and is raised an error of");

	fake->start(fake, statements[2], vars, false, NULL, NULL);
	unit_ok(!fake->ready(fake, &wait) && wait.socket != PGINVALID_SOCKET, "what waits for a socket");
	fake->cancel(fake);
	unit_ok(fake->ready(fake, &wait), "waits no more once it is cancelled");
	result = fake->finish(fake);
	unit_ok(result.error != NULL && result.error->sqlerrcode == ERRCODE_QUERY_CANCELED,
			"and tells so");
}

void
unit_sessions(void)
{
	CtSession  *own = ct_session_in_process();
	CtSession  *fakes[3];
	int			i;

	symbols = ct_symbols_create();
	vars = ct_variables_create(symbols);
	initStringInfo(&story);
	for (i = 0; i < 3; i++)
	{
		fakes[i] = fake_session();
		ct_session_open(fakes[i], NULL, 0);
	}
	test_beside(own, fakes);
	test_alone(fakes[0]);
	for (i = 0; i < 3; i++)
		fakes[i]->close(fakes[i]);
	own->close(own);
}
