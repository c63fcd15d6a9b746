/*
 * conductor.c
 *		Runs an isolationtester spec: the side of the caller.
 *
 * The caller's backend does what the program isolationtester does: it sends
 * each session its steps, in the order of a permutation, goes on when the step
 * has completed or is seen to be blocked, and prints.  When that is, and in
 * which order completions are reported, is exactly isolationtester's, since its
 * output is compared as text: src/test/isolation/README of the server says it.
 *
 * Wording: a step is *attended to* when the conductor looks whether it has
 * completed, and waits for that as long as it isn't blocked; what is attended
 * to again has been reported as waiting.
 *
 * The caller is in a transaction of its own, with a snapshot, for which what
 * sessions execute (CREATE INDEX CONCURRENTLY, for one) may have to wait: see
 * horizon.c for when it can be given up.  If a session waits for the caller all
 * the same, that is raised, for it would wait for ever.
 *
 * Sessions end when the segment is unmapped here, which happens in any case.
 */
#include "postgres.h"

#include <signal.h>

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "bgworker/caller.h"
#include "bgworker/launch.h"
#include "bgworker/locks.h"
#include "bgworker/spec/conductor.h"
#include "bgworker/spec/wire.h"
#include "src/base/clock.h"
#include "src/base/ct_compat.h"
#include "src/base/pause.h"
#include "src/base/settings.h"
#include "src/base/wait_event.h"

#define CONTROL_NAME	"control connection"	/* isolationtester's */

/* a step is asked whether it is blocked when it has said nothing for so long */
#define LOOK_MS			10
/* the caller's own locks and its client are looked at so often */
#define OWN_LOOK_MS		200
/* who is sent a step first begins first, as a rule, although we don't wait for it */
#define START_MS		1
/* how long a start waits for slots, and from time to time tries again */
#define SLOT_WAIT_MS	3000
#define SLOT_PAUSE_MS	50
/* how long sessions get to end, before an error is raised */
#define CLEANUP_MS		3000

typedef struct SpecSession
{
	CtSpecWire	wire;
	const CtSpecSession *spec;	/* NULL: of the control session */
	pid_t		pid;
	CtSpecEntry *active;		/* the step that was sent, and isn't reported as completed */
	int			notices;
} SpecSession;

typedef struct SpecConductor
{
	CtSpec	   *spec;
	CtSpecPut	put;
	void	   *put_context;
	StringInfoData line;		/* what was printed, up to the last end of a line */
	CtHorizon	horizon;
	dsm_segment *segment;
	int			nsessions;
	int			nprocesses;		/* the sessions, and behind them the control session, if any */
	SpecSession *sessions;
	ArrayType  *pids;			/* of the sessions, for the question who is blocked */
	bool		new_notices;
	uint64		next_own_look;
	List	   *waiting;		/* of CtSpecEntry, in the order in which they were sent */
	MemoryContext context;		/* of all this: of the transaction, at whose abort sessions are ended */
	MemoryContext scratch;		/* of a question */
} SpecConductor;

/* ---- printing ---- */

static void
conductor_put_lines(SpecConductor *c)
{
	char	   *at = c->line.data;
	char	   *end;

	while ((end = strchr(at, '\n')) != NULL)
	{
		c->put(c->put_context, at, end - at);
		at = end + 1;
	}
	c->line.len -= at - c->line.data;
	memmove(c->line.data, at, c->line.len + 1);
}

static void
conductor_say(SpecConductor *c, const char *format,...) pg_attribute_printf(2, 3);

static void
conductor_say(SpecConductor *c, const char *format,...)
{
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&c->line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&c->line, needed);
	}
	conductor_put_lines(c);
}

static void
conductor_notice(CtSpecWire *wire, const CtSpecMessage *notice)
{
	SpecConductor *c = wire->owner;
	SpecSession *session = (SpecSession *) wire;

	if (session->spec == NULL)
		return;
	session->notices++;
	c->new_notices = true;
	appendStringInfo(&c->line, "%s: ", wire->name);
	ct_spec_print_message(&c->line, notice, wire->sql, false);
	conductor_put_lines(c);
}

static void
conductor_print_result(SpecConductor *c, const CtSpecResult *result)
{
	switch (result->kind)
	{
		case CT_SPEC_COMMAND:
			break;
		case CT_SPEC_ROWS:
			ct_spec_print_rows(&c->line, &result->rows);
			break;
		case CT_SPEC_ERROR:
			/* the rest may hold what differs from one time to the next */
			appendStringInfo(&c->line, "%s:  %s\n", result->error.severity, result->error.primary);
			break;
		case CT_SPEC_LOST:
			appendStringInfoString(&c->line,
								   "server closed the connection unexpectedly\n"
								   "\tThis probably means the server terminated abnormally\n"
								   "\tbefore or while processing the request.\n\n");
			break;
	}
	conductor_put_lines(c);
}

/* ---- sessions ---- */

/* Sessions end with the caller's mapping of the segment. */
static void
conductor_detached(dsm_segment *segment, Datum arg)
{
	SpecConductor *c = (SpecConductor *) DatumGetPointer(arg);
	int			i;

	for (i = 0; i < c->nprocesses; i++)
	{
		if (c->sessions[i].wire.handle != NULL)
			TerminateBackgroundWorker(c->sessions[i].wire.handle);
	}
}

/* Waits until no session is left, or for some time; only to be sure. */
static void
conductor_await_end(SpecConductor *c, int timeout_ms)
{
	uint64		until = ct_now_ns() + timeout_ms * CT_NS_PER_MS;
	int			i;

	for (i = 0; i < c->nprocesses; i++)
	{
		BackgroundWorkerHandle *handle = c->sessions[i].wire.handle;
		pid_t		pid;

		while (handle != NULL && GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED && ct_now_ns() < until)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 50,
							 ct_wait_event(CT_WAIT_WAITING));
			ResetLatch(MyLatch);
		}
	}
}

/*
 * Registers all of the workers; returns how many there was room for, and lets
 * go of them if that isn't all.
 */
static int
conductor_launch(SpecConductor *c)
{
	int			n;

	for (n = 0; n < c->nprocesses; n++)
	{
		SpecSession *session = &c->sessions[n];

		session->wire.handle = ct_launch_spec_session(c->segment, session->wire.name, n);
		if (session->wire.handle == NULL)
			break;
	}
	if (n < c->nprocesses)
	{
		conductor_detached(c->segment, PointerGetDatum(c));
		conductor_await_end(c, CLEANUP_MS);
	}
	return n;
}

static void
conductor_make_sessions(SpecConductor *c)
{
	ListCell   *lc;
	int			i;

	c->nsessions = list_length(c->spec->sessions);
	c->nprocesses = c->nsessions + (c->spec->setups != NIL || c->spec->teardown != NULL);
	c->sessions = palloc0(c->nprocesses * sizeof(SpecSession));
	foreach(lc, c->spec->sessions)
	{
		SpecSession *session = &c->sessions[foreach_current_index(lc)];

		session->spec = lfirst(lc);
		session->wire.name = session->spec->name;
	}
	for (i = 0; i < c->nprocesses; i++)
	{
		CtSpecWire *wire = &c->sessions[i].wire;

		if (i == c->nsessions)
			wire->name = CONTROL_NAME;
		wire->number = i;
		wire->owner = c;
		wire->notice = conductor_notice;
	}
}

/*
 * Takes what any session has to say, for none must wait until another one has
 * ended.  Returns whether there was something of this one.
 */
static bool
conductor_take(SpecConductor *c, const SpecSession *session)
{
	bool		any = false;
	int			i;

	for (i = 0; i < c->nprocesses; i++)
	{
		if (ct_spec_wire_take(&c->sessions[i].wire) && &c->sessions[i] == session)
			any = true;
	}
	return any;
}

/* A session that waits for this transaction waits for ever. */
static void
conductor_check_own_locks(SpecConductor *c)
{
	CtLockGraph *graph;
	const char *blocked = NULL;
	int			i;

	if (!ct_locks_awaited())
		return;
	graph = ct_locks_look();
	ct_locks_trace(graph, &MyProcPid, 1);
	for (i = 0; i < c->nprocesses && blocked == NULL; i++)
	{
		if (ct_locks_waits(graph, c->sessions[i].pid))
			blocked = c->sessions[i].wire.name;
	}
	c->next_own_look = Max(c->next_own_look, ct_now_ns() + ct_locks_rest_ns(graph));
	ct_locks_free(graph);
	if (blocked != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				 errmsg("session \"%s\" waits for this transaction, which waits for the spec", blocked),
				 errdetail("It waits for a lock that this transaction holds, or for its snapshot."),
				 errhint("COMMIT before the call, and call ct_run_spec() alone in its statement, in READ COMMITTED.")));
}

/* Waits until there may be something to take, for so many ms at most, and takes it; returns as conductor_take. */
static bool
conductor_wait(SpecConductor *c, const SpecSession *session, long timeout_ms)
{
	ct_horizon_release(c->horizon);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
					 ct_wait_event(CT_WAIT_WAITING));
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ct_now_ns() >= c->next_own_look)
	{
		c->next_own_look = ct_now_ns() + OWN_LOOK_MS * CT_NS_PER_MS;
		ct_call_check_client();
		conductor_check_own_locks(c);
	}
	return conductor_take(c, session);
}

/*
 * Executes something in a session, and waits for it.  Returns the last result,
 * or an error, if there was one: after it there is nothing more.
 */
static CtSpecResult
conductor_execute(SpecConductor *c, SpecSession *session, const char *sql)
{
	CtSpecResult last = {.kind = CT_SPEC_LOST};
	const CtSpecResult *result;

	if (!ct_spec_wire_send(&session->wire, sql))
		return last;
	last.kind = CT_SPEC_COMMAND;
	while (session->wire.busy)
	{
		(void) conductor_wait(c, session, OWN_LOOK_MS);
		ct_spec_wire_look(&session->wire);
	}
	while ((result = ct_spec_wire_result(&session->wire)) != NULL)
	{
		/* who was terminated has said so */
		if (last.kind != CT_SPEC_ERROR)
			last = *result;
	}
	return last;
}

static void
conductor_raise(const CtSpecResult *result, const char *what)
{
	const CtSpecMessage *error = &result->error;

	if (result->kind == CT_SPEC_LOST)
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("%s: the session is gone", what)));
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(error->sqlstate[0], error->sqlstate[1], error->sqlstate[2],
								   error->sqlstate[3], error->sqlstate[4])),
			 errmsg("%s: %s", what, error->primary),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0,
			 error->context ? errcontext("%s", error->context) : 0));
}

/* Starts the sessions, connects them and tells them their names. */
static void
conductor_begin(SpecConductor *c)
{
	uint64		until = ct_now_ns() + SLOT_WAIT_MS * CT_NS_PER_MS;
	Datum	   *pids = palloc(c->nsessions * sizeof(Datum));
	int			started;
	int			i;

	ct_call_check_role();
	c->segment = ct_spec_segment_create(c->nprocesses);
	on_dsm_detach(c->segment, conductor_detached, PointerGetDatum(c));
	ct_horizon_release(c->horizon);
	while ((started = conductor_launch(c)) < c->nprocesses)
	{
		if (ct_now_ns() >= until || c->nprocesses > max_worker_processes)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("only %d of the %d background workers that the spec needs could be started",
							started, c->nprocesses),
					 errdetail("Each session takes one, and the setup and teardown of the whole spec one more."),
					 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
							 max_worker_processes)));
		ct_pause_ns((SLOT_PAUSE_MS + pg_prng_uint64(&pg_global_prng_state) % SLOT_PAUSE_MS) * CT_NS_PER_MS);
	}

	for (i = 0; i < c->nprocesses; i++)
		ct_spec_wire_attach(&c->sessions[i].wire, c->segment, c->context);
	for (i = 0; i < c->nprocesses; i++)
	{
		SpecSession *session = &c->sessions[i];
		const CtSpecResult *failure;
		CtSpecResult result;

		while (session->wire.busy)
		{
			(void) conductor_wait(c, session, OWN_LOOK_MS);
			ct_spec_wire_look(&session->wire);
		}
		failure = ct_spec_wire_result(&session->wire);
		if (failure != NULL)
			conductor_raise(failure, "could not connect a spec's session");
		result = conductor_execute(c, session,
								   psprintf("SELECT pg_catalog.set_config('application_name', "
											"pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) %s, false)",
											quote_literal_cstr(session->wire.name)));
		if (result.kind != CT_SPEC_ROWS)
			conductor_raise(&result, "setting of application name failed");
		if (GetBackgroundWorkerPid(session->wire.handle, &session->pid) != BGWH_STARTED)
			session->pid = 0;
		if (i < c->nsessions)
			pids[i] = Int32GetDatum(session->pid);
	}
	c->pids = construct_array(pids, c->nsessions, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

/* ---- steps ---- */

static SpecSession *
conductor_session(SpecConductor *c, const CtSpecEntry *entry)
{
	return &c->sessions[entry->step->session];
}

/* The question that isolationtester asks: of heavyweight locks, by any member of its lock group, and safe snapshots. */
static bool
conductor_is_blocked(SpecConductor *c, const SpecSession *session)
{
	MemoryContext old = MemoryContextSwitchTo(c->scratch);
	bool		blocked;

	blocked = DatumGetBool(DirectFunctionCall2(pg_isolation_test_session_is_blocked,
											   Int32GetDatum(session->pid), PointerGetDatum(c->pids)));
	MemoryContextSwitchTo(old);
	MemoryContextReset(c->scratch);
	return blocked;
}

/* Do its markers keep the step from being reported as completed? */
static bool
conductor_is_held(SpecConductor *c, const CtSpecEntry *entry)
{
	ListCell   *lc;

	foreach(lc, entry->markers)
	{
		const CtSpecMarker *marker = lfirst(lc);
		SpecSession *other;

		if (marker->kind == CT_SPEC_AT_ONCE)
			continue;
		other = &c->sessions[marker->step->session];
		if (marker->kind == CT_SPEC_STEP ?
			other->active != NULL && other->active->step == marker->step :
			other->notices < marker->until)
			return true;
	}
	return false;
}

static bool
conductor_waits_at_once(const CtSpecEntry *entry)
{
	ListCell   *lc;

	foreach(lc, entry->markers)
	{
		if (((const CtSpecMarker *) lfirst(lc))->kind == CT_SPEC_AT_ONCE)
			return true;
	}
	return false;
}

static void
conductor_say_waiting(SpecConductor *c, const CtSpecEntry *entry)
{
	conductor_say(c, "step %s: %s <waiting ...>\n", entry->name, entry->step->sql);
}

static void
conductor_give_up(const CtSpecEntry *entry, uint64 waited)
{
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("step %s timed out after %d seconds", entry->name, (int) (waited / CT_NS_PER_S)),
			 errhint("Its permutation may ask a session for a step while it is blocked; ct_ext.spec_step_timeout is the time after which a step is cancelled.")));
}

/*
 * Waits until the step's session has answered; or, if it may be, until it is
 * blocked, and returns false then.
 */
static bool
conductor_await_step(SpecConductor *c, const CtSpecEntry *entry, bool may_be_blocked)
{
	SpecSession *session = conductor_session(c, entry);
	uint64		start = ct_now_ns();
	uint64		next_look = start + LOOK_MS * CT_NS_PER_MS;
	uint64		limit = ct_spec_step_timeout * CT_NS_PER_S;
	bool		cancelled = false;

	(void) conductor_take(c, session);
	ct_spec_wire_look(&session->wire);
	while (session->wire.busy)
	{
		uint64		now = ct_now_ns();

		if (now < next_look)
		{
			if (conductor_wait(c, session, (next_look - now) / CT_NS_PER_MS + 1))
				next_look = ct_now_ns() + LOOK_MS * CT_NS_PER_MS;
			ct_spec_wire_look(&session->wire);
			continue;
		}
		next_look = now + LOOK_MS * CT_NS_PER_MS;

		if (may_be_blocked && conductor_is_blocked(c, session))
		{
			/* what it said before that comes first */
			(void) conductor_take(c, session);
			ct_spec_wire_look(&session->wire);
			return !session->wire.busy;
		}
		if (now - start > limit && !cancelled)
		{
			conductor_say(c, "isolationtester: canceling step %s after %d seconds\n",
						  entry->name, (int) ((now - start) / CT_NS_PER_S));
			cancelled = true;
			if (GetBackgroundWorkerPid(session->wire.handle, &session->pid) == BGWH_STARTED)
				(void) kill(session->pid, SIGINT);
		}
		if (now - start > 2 * limit)
			conductor_give_up(entry, now - start);
	}
	return true;
}

/* What the step's session was told by NOTIFY, in the meantime too. */
static void
conductor_print_notifications(SpecConductor *c, SpecSession *session)
{
	CtSpecNotification notification;

	while (ct_spec_wire_notification(&session->wire, &notification))
	{
		const char *sender = psprintf("PID %d", notification.pid);
		int			i;

		for (i = 0; i < c->nsessions; i++)
		{
			if (c->sessions[i].pid == notification.pid)
				sender = c->sessions[i].wire.name;
		}
		conductor_say(c, "%s: NOTIFY \"%s\" with payload \"%s\" from %s\n",
					  session->wire.name, notification.channel, notification.payload, sender);
	}
}

/*
 * Attends to a step that was sent.  Returns whether it was reported as
 * completed; else it is, or has been, reported as waiting.
 */
static bool
conductor_attend(SpecConductor *c, CtSpecEntry *entry, bool again, bool may_be_blocked)
{
	SpecSession *session = conductor_session(c, entry);
	const CtSpecResult *result;

	if (!again && conductor_waits_at_once(entry))
	{
		ct_pause_ns(START_MS * CT_NS_PER_MS);
		conductor_say_waiting(c, entry);
		return false;
	}
	if (!conductor_await_step(c, entry, may_be_blocked) || conductor_is_held(c, entry))
	{
		if (!again)
			conductor_say_waiting(c, entry);
		return false;
	}

	if (again)
		conductor_say(c, "step %s: <... completed>\n", entry->name);
	else
		conductor_say(c, "step %s: %s\n", entry->name, entry->step->sql);
	while ((result = ct_spec_wire_result(&session->wire)) != NULL)
		conductor_print_result(c, result);
	conductor_print_notifications(c, session);
	session->active = NULL;
	return true;
}

/*
 * Attends to all that wait.  If one is left whose markers may have been
 * satisfied by what came after it, again, so that it doesn't depend on their
 * order.
 */
static void
conductor_attend_to_waiting(SpecConductor *c, bool may_be_blocked)
{
	bool		marked;
	bool		completed;

	do
	{
		ListCell   *lc;

		marked = completed = c->new_notices = false;
		foreach(lc, c->waiting)
		{
			CtSpecEntry *entry = lfirst(lc);

			if (conductor_attend(c, entry, true, may_be_blocked))
			{
				c->waiting = foreach_delete_current(c->waiting, lc);
				completed = true;
			}
			else if (entry->markers != NIL)
				marked = true;
		}
	} while (marked && (completed || c->new_notices));
}

/* Waits until the session, which has a step under way, can be sent the next one. */
static void
conductor_await_session(SpecConductor *c, SpecSession *session)
{
	uint64		start = ct_now_ns();

	while (session->active != NULL)
	{
		CtSpecEntry *entry = session->active;

		if (conductor_attend(c, entry, true, false))
			c->waiting = list_delete_ptr(c->waiting, entry);
		conductor_attend_to_waiting(c, true);

		/* where markers hold it back for ever */
		if (session->active != NULL && ct_now_ns() - start > 2 * ct_spec_step_timeout * CT_NS_PER_S)
			conductor_give_up(entry, ct_now_ns() - start);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
conductor_run_step(SpecConductor *c, CtSpecEntry *entry)
{
	SpecSession *session = conductor_session(c, entry);
	bool		completed;
	ListCell   *lc;

	conductor_await_session(c, session);
	if (!ct_spec_wire_send(&session->wire, entry->step->sql))
		ereport(ERROR,
				(errcode(ERRCODE_CONNECTION_DOES_NOT_EXIST),
				 errmsg("step %s cannot be executed: its session \"%s\" is gone", entry->name, session->wire.name),
				 errdetail("A session lasts from the first permutation to the last one, unless it is terminated.")));
	session->active = entry;
	foreach(lc, entry->markers)
	{
		CtSpecMarker *marker = lfirst(lc);

		if (marker->kind == CT_SPEC_NOTICES)
			marker->until = c->sessions[marker->step->session].notices + marker->notices;
	}

	completed = conductor_attend(c, entry, false, true);
	conductor_attend_to_waiting(c, true);
	if (!completed)
		c->waiting = lappend(c->waiting, entry);
}

/* ---- permutations ---- */

static void
conductor_setup(SpecConductor *c, SpecSession *session, const char *sql)
{
	CtSpecResult result = conductor_execute(c, session, sql);

	if (result.kind == CT_SPEC_ERROR || result.kind == CT_SPEC_LOST)
		conductor_raise(&result, session->spec == NULL ? "setup failed" :
						psprintf("setup of session %s failed", session->wire.name));
	conductor_print_result(c, &result);
}

/* What fails here is told, and the next permutation is run all the same. */
static void
conductor_teardown(SpecConductor *c, SpecSession *session, const char *sql)
{
	CtSpecResult result = conductor_execute(c, session, sql);

	if (result.kind != CT_SPEC_ERROR && result.kind != CT_SPEC_LOST)
	{
		conductor_print_result(c, &result);
		return;
	}
	if (session->spec == NULL)
		conductor_say(c, "teardown failed: ");
	else
		conductor_say(c, "teardown of session %s failed: ", session->wire.name);
	if (result.kind == CT_SPEC_LOST)
		appendStringInfoString(&c->line, "no connection to the server\n");
	else
		ct_spec_print_message(&c->line, &result.error, sql, true);
	conductor_put_lines(c);
}

/* What is raised says in which one. */
static void
conductor_error_context(void *arg)
{
	const List *permutation = arg;
	StringInfoData names;
	const ListCell *lc;

	initStringInfo(&names);
	foreach(lc, permutation)
		appendStringInfo(&names, " %s", ((const CtSpecEntry *) lfirst(lc))->name);
	errcontext("permutation%s", names.data);
}

static void
conductor_run_permutation(SpecConductor *c, List *permutation)
{
	SpecSession *control = &c->sessions[c->nsessions];
	ErrorContextCallback callback;
	ListCell   *lc;
	int			i;

	callback.callback = conductor_error_context;
	callback.arg = permutation;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	conductor_say(c, "\nstarting permutation:");
	foreach(lc, permutation)
		conductor_say(c, " %s", ((CtSpecEntry *) lfirst(lc))->name);
	conductor_say(c, "\n");

	foreach(lc, c->spec->setups)
		conductor_setup(c, control, lfirst(lc));
	for (i = 0; i < c->nsessions; i++)
	{
		if (c->sessions[i].spec->setup != NULL)
			conductor_setup(c, &c->sessions[i], c->sessions[i].spec->setup);
	}

	foreach(lc, permutation)
		conductor_run_step(c, lfirst(lc));
	conductor_attend_to_waiting(c, false);
	if (c->waiting != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("failed to complete permutation due to mutually-blocking steps"),
				 errdetail("Each of the steps that are left waits, by its markers, for another one of them.")));

	for (i = 0; i < c->nsessions; i++)
	{
		if (c->sessions[i].spec->teardown != NULL)
			conductor_teardown(c, &c->sessions[i], c->sessions[i].spec->teardown);
	}
	if (c->spec->teardown != NULL)
		conductor_teardown(c, control, c->spec->teardown);
	error_context_stack = callback.previous;
}

/*
 * Runs all orders that begin with those steps: of each session in its order,
 * those of earlier sessions first.  next[]: each session's next step.
 */
static void
conductor_run_all(SpecConductor *c, List *begun, int *next)
{
	bool		any = false;
	int			i;

	for (i = 0; i < c->nsessions; i++)
	{
		CtSpecEntry entry = {0};

		if (next[i] == list_length(c->sessions[i].spec->steps))
			continue;
		any = true;
		entry.step = list_nth(c->sessions[i].spec->steps, next[i]++);
		entry.name = entry.step->name;
		begun = lappend(begun, &entry);
		conductor_run_all(c, begun, next);
		begun = list_delete_last(begun);
		next[i]--;
	}
	if (!any)
		conductor_run_permutation(c, begun);
}

static void
conductor_run(SpecConductor *c)
{
	ListCell   *lc;

	foreach(lc, c->spec->unused)
		conductor_say(c, "unused step name: %s\n", ((CtSpecStep *) lfirst(lc))->name);
	conductor_say(c, "Parsed test spec with %d sessions\n", c->nsessions);
	conductor_begin(c);

	foreach(lc, c->spec->permutations)
		conductor_run_permutation(c, lfirst(lc));
	if (c->spec->permutations == NIL)
		conductor_run_all(c, NIL, palloc0(c->nsessions * sizeof(int)));
}

void
ct_spec_conduct(CtSpec *spec, CtSpecPut put, void *context)
{
	MemoryContext own = AllocSetContextCreate(TopTransactionContext, "ct_ext spec", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(own);
	SpecConductor *c = palloc0(sizeof(SpecConductor));
	int			i;

	c->context = own;
	c->spec = spec;
	c->put = put;
	c->put_context = context;
	initStringInfo(&c->line);
	c->scratch = AllocSetContextCreate(own, "ct_ext spec, scratch", ALLOCSET_DEFAULT_SIZES);
	c->horizon = ct_horizon_of_statement();
	if (c->horizon == CT_HORIZON_HELD)
		ereport(NOTICE,
				(errmsg("this transaction keeps its snapshot while the spec is run"),
				 errdetail("Steps that wait for old snapshots, like CREATE INDEX CONCURRENTLY, would wait for it, and dead rows are kept."),
				 errhint("Call ct_run_spec() alone in its statement, outside of transaction blocks, in READ COMMITTED.")));
	conductor_make_sessions(c);

	PG_TRY();
	{
		conductor_run(c);
	}
	PG_CATCH();
	{
		/* so that our error comes after their end */
		conductor_detached(c->segment, PointerGetDatum(c));
		HOLD_INTERRUPTS();
		conductor_await_end(c, CLEANUP_MS);
		RESUME_INTERRUPTS();
		PG_RE_THROW();
	}
	PG_END_TRY();

	for (i = 0; i < c->nprocesses; i++)
		ct_spec_wire_close(&c->sessions[i].wire);
	for (i = 0; i < c->nprocesses; i++)
		(void) WaitForBackgroundWorkerShutdown(c->sessions[i].wire.handle);
	cancel_on_dsm_detach(c->segment, conductor_detached, PointerGetDatum(c));
	dsm_detach(c->segment);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
}
