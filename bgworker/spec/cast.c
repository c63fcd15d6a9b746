/*
 * cast.c
 *		The sessions of a spec under way, all of them.
 *
 * The caller is in a transaction of its own, with a snapshot, for which what
 * sessions execute (CREATE INDEX CONCURRENTLY, for one) may have to wait: see
 * horizon.c for when it can be given up.  If a session waits for the caller all
 * the same, that is raised, for it would wait for ever.
 *
 * Sessions end when the segment is unmapped here, which happens in any case.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "bgworker/caller.h"
#include "bgworker/launch.h"
#include "bgworker/locks.h"
#include "bgworker/spec/cast.h"
#include "src/base/clock.h"
#include "src/base/ct_compat.h"
#include "src/base/pause.h"
#include "src/base/wait_event.h"

#define CONTROL_NAME	"control connection"	/* isolationtester's */

/* how long a start waits for slots, and from time to time tries again */
#define SLOT_WAIT_MS	3000
#define SLOT_PAUSE_MS	50
/* how long sessions get to end, before an error is raised */
#define CLEANUP_MS		3000

/* Sessions end with the caller's mapping of the segment. */
static void
cast_detached(dsm_segment *segment, Datum arg)
{
	CtSpecCast *cast = (CtSpecCast *) DatumGetPointer(arg);
	int			i;

	for (i = 0; i < cast->nprocesses; i++)
	{
		if (cast->players[i].wire.handle != NULL)
			TerminateBackgroundWorker(cast->players[i].wire.handle);
	}
}

/* Waits until no session is left, or for some time; only to be sure. */
static void
cast_await_end(CtSpecCast *cast, int timeout_ms)
{
	uint64		until = ct_now_ns() + timeout_ms * CT_NS_PER_MS;
	int			i;

	for (i = 0; i < cast->nprocesses; i++)
	{
		BackgroundWorkerHandle *handle = cast->players[i].wire.handle;
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
cast_launch(CtSpecCast *cast)
{
	int			n;

	for (n = 0; n < cast->nprocesses; n++)
	{
		CtSpecPlayer *session = &cast->players[n];

		session->wire.handle = ct_launch_spec_session(cast->segment, session->wire.name, n);
		if (session->wire.handle == NULL)
			break;
	}
	if (n < cast->nprocesses)
	{
		cast_detached(cast->segment, PointerGetDatum(cast));
		cast_await_end(cast, CLEANUP_MS);
	}
	return n;
}

void
ct_spec_cast_make(CtSpecCast *cast, const CtSpec *spec, CtSpecNotice notice, void *owner)
{
	ListCell   *lc;
	int			i;

	cast->context = CurrentMemoryContext;
	cast->scratch = AllocSetContextCreate(cast->context, "ct_ext spec, scratch", ALLOCSET_DEFAULT_SIZES);
	cast->horizon = ct_horizon_of_statement();
	if (cast->horizon == CT_HORIZON_HELD)
		ereport(NOTICE,
				(errmsg("this transaction keeps its snapshot while the spec is run"),
				 errdetail("Steps that wait for old snapshots, like CREATE INDEX CONCURRENTLY, would wait for it, and dead rows are kept."),
				 errhint("Call ct_run_spec() alone in its statement, outside of transaction blocks, in READ COMMITTED.")));

	cast->nsessions = list_length(spec->sessions);
	cast->nprocesses = cast->nsessions + (spec->setups != NIL || spec->teardown != NULL);
	cast->players = palloc0(cast->nprocesses * sizeof(CtSpecPlayer));
	foreach(lc, spec->sessions)
	{
		CtSpecPlayer *session = &cast->players[foreach_current_index(lc)];

		session->spec = lfirst(lc);
		session->wire.name = session->spec->name;
	}
	for (i = 0; i < cast->nprocesses; i++)
	{
		CtSpecWire *wire = &cast->players[i].wire;

		if (i == cast->nsessions)
			wire->name = CONTROL_NAME;
		wire->number = i;
		wire->owner = owner;
		wire->notice = notice;
	}
}

bool
ct_spec_cast_take(CtSpecCast *cast, const CtSpecPlayer *session)
{
	bool		any = false;
	int			i;

	for (i = 0; i < cast->nprocesses; i++)
	{
		if (ct_spec_wire_take(&cast->players[i].wire) && &cast->players[i] == session)
			any = true;
	}
	return any;
}

/* A session that waits for this transaction waits for ever. */
static void
cast_check_own_locks(CtSpecCast *cast)
{
	CtLockGraph *graph;
	const char *blocked = NULL;
	int			i;

	if (!ct_locks_awaited())
		return;
	graph = ct_locks_look();
	ct_locks_trace(graph, &MyProcPid, 1);
	for (i = 0; i < cast->nprocesses && blocked == NULL; i++)
	{
		if (ct_locks_waits(graph, cast->players[i].pid))
			blocked = cast->players[i].wire.name;
	}
	cast->next_own_look = Max(cast->next_own_look, ct_now_ns() + ct_locks_rest_ns(graph));
	ct_locks_free(graph);
	if (blocked != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				 errmsg("session \"%s\" waits for this transaction, which waits for the spec", blocked),
				 errdetail("It waits for a lock that this transaction holds, or for its snapshot."),
				 errhint("COMMIT before the call, and call ct_run_spec() alone in its statement, in READ COMMITTED.")));
}

bool
ct_spec_cast_wait(CtSpecCast *cast, const CtSpecPlayer *session, long timeout_ms)
{
	ct_horizon_release(cast->horizon);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, timeout_ms,
					 ct_wait_event(CT_WAIT_WAITING));
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ct_now_ns() >= cast->next_own_look)
	{
		cast->next_own_look = ct_now_ns() + CT_SPEC_OWN_LOOK_MS * CT_NS_PER_MS;
		ct_call_check_client();
		cast_check_own_locks(cast);
	}
	return ct_spec_cast_take(cast, session);
}

CtSpecResult
ct_spec_cast_execute(CtSpecCast *cast, CtSpecPlayer *session, const char *sql)
{
	CtSpecResult last = {.kind = CT_SPEC_LOST};
	const CtSpecResult *result;

	if (!ct_spec_wire_send(&session->wire, sql))
		return last;
	last.kind = CT_SPEC_COMMAND;
	while (session->wire.busy)
	{
		(void) ct_spec_cast_wait(cast, session, CT_SPEC_OWN_LOOK_MS);
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

void
ct_spec_raise(const CtSpecResult *result, const char *what)
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

void
ct_spec_cast_begin(CtSpecCast *cast)
{
	uint64		until = ct_now_ns() + SLOT_WAIT_MS * CT_NS_PER_MS;
	Datum	   *pids = palloc(cast->nsessions * sizeof(Datum));
	int			started;
	int			i;

	ct_call_check_role();
	cast->segment = ct_spec_segment_create(cast->nprocesses);
	on_dsm_detach(cast->segment, cast_detached, PointerGetDatum(cast));
	ct_horizon_release(cast->horizon);
	while ((started = cast_launch(cast)) < cast->nprocesses)
	{
		if (ct_now_ns() >= until || cast->nprocesses > max_worker_processes)
			ereport(ERROR,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("only %d of the %d background workers that the spec needs could be started",
							started, cast->nprocesses),
					 errdetail("Each session takes one, and the setup and teardown of the whole spec one more."),
					 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
							 max_worker_processes)));
		ct_pause_ns((SLOT_PAUSE_MS + pg_prng_uint64(&pg_global_prng_state) % SLOT_PAUSE_MS) * CT_NS_PER_MS);
	}

	for (i = 0; i < cast->nprocesses; i++)
		ct_spec_wire_attach(&cast->players[i].wire, cast->segment, cast->context);
	for (i = 0; i < cast->nprocesses; i++)
	{
		CtSpecPlayer *session = &cast->players[i];
		const CtSpecResult *failure;
		CtSpecResult result;

		while (session->wire.busy)
		{
			(void) ct_spec_cast_wait(cast, session, CT_SPEC_OWN_LOOK_MS);
			ct_spec_wire_look(&session->wire);
		}
		failure = ct_spec_wire_result(&session->wire);
		if (failure != NULL)
			ct_spec_raise(failure, "could not connect a spec's session");
		result = ct_spec_cast_execute(cast, session,
									  psprintf("SELECT pg_catalog.set_config('application_name', "
											   "pg_catalog.current_setting('application_name') OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) %s, false)",
											   quote_literal_cstr(session->wire.name)));
		if (result.kind != CT_SPEC_ROWS)
			ct_spec_raise(&result, "setting of application name failed");
		if (GetBackgroundWorkerPid(session->wire.handle, &session->pid) != BGWH_STARTED)
			session->pid = 0;
		if (i < cast->nsessions)
			pids[i] = Int32GetDatum(session->pid);
	}
	cast->pids = construct_array(pids, cast->nsessions, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}

bool
ct_spec_cast_is_blocked(CtSpecCast *cast, const CtSpecPlayer *session)
{
	MemoryContext old = MemoryContextSwitchTo(cast->scratch);
	bool		blocked;

	blocked = DatumGetBool(DirectFunctionCall2(pg_isolation_test_session_is_blocked,
											   Int32GetDatum(session->pid), PointerGetDatum(cast->pids)));
	MemoryContextSwitchTo(old);
	MemoryContextReset(cast->scratch);
	return blocked;
}

void
ct_spec_cast_abort(CtSpecCast *cast)
{
	cast_detached(cast->segment, PointerGetDatum(cast));
	HOLD_INTERRUPTS();
	cast_await_end(cast, CLEANUP_MS);
	RESUME_INTERRUPTS();
}

void
ct_spec_cast_end(CtSpecCast *cast)
{
	int			i;

	for (i = 0; i < cast->nprocesses; i++)
		ct_spec_wire_close(&cast->players[i].wire);
	for (i = 0; i < cast->nprocesses; i++)
		(void) WaitForBackgroundWorkerShutdown(cast->players[i].wire.handle);
	cancel_on_dsm_detach(cast->segment, cast_detached, PointerGetDatum(cast));
	dsm_detach(cast->segment);
}
