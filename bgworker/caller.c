/*
 * caller.c
 *		The caller's side of a run.
 *
 * The caller makes the run's shared memory, starts the leader and waits.  If
 * it stops waiting, for whatever reason (Ctrl-C, statement_timeout, the
 * client's end, termination), its mapping of the segment is undone with its
 * transaction or with the process, and that cancels the run.
 *
 * While it waits it watches for the one deadlock that nobody else can see:
 * the run waits for a lock of the caller's transaction, which waits for the
 * run.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "replication/logicallauncher.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "bgworker/caller.h"
#include "bgworker/horizon.h"
#include "bgworker/launch.h"
#include "bgworker/locks.h"
#include "bgworker/shm/merge.h"
#include "src/base/ct_compat.h"
#include "src/base/settings.h"
#include "src/base/text.h"
#include "src/base/wait_event.h"
#include "src/plan/program.h"

#define TICK_MS			200
/* how long a start waits for slots, and from time to time tries again */
#define SLOT_WAIT_MS	3000
#define SLOT_PAUSE_MS	10
#define SLOT_PAUSE_MAX_MS	400
/* how long an interrupted caller gives the run to clean up before it raises */
#define CLEANUP_MS		3000

void
ct_call_check_process(const char *function)
{
	if (ct_process_role != CT_PROCESS_CLIENT)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot be called from within a run", function),
				 errdetail("A run's scripts, setup and checks are executed by its background workers, which can neither start another run nor wait for one.")));
}

void
ct_call_check(const char *function)
{
	ct_call_check_process(function);
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", function),
				 errdetail("A run records its results, which a standby cannot."),
				 errhint("Run it on the primary; its results can be read here.")));
	if (XactReadOnly)
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s in a read-only transaction", function),
				 errhint("SET TRANSACTION READ WRITE, or check default_transaction_read_only.")));
}

/* Before 17, a background worker cannot connect as a role without LOGIN. */
void
ct_call_check_role(void)
{
	HeapTuple	tuple;
	bool		login;

	if (CT_NOLOGIN_ROLES_WORK)
		return;
	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role with OID %u does not exist", GetUserId()),
				 errdetail("The current role has been dropped, and no background worker could connect as it.")));
	login = ((Form_pg_authid) GETSTRUCT(tuple))->rolcanlogin;
	ReleaseSysCache(tuple);
	if (!login)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("role \"%s\" is not permitted to log in",
						GetUserNameFromId(GetUserId(), false)),
				 errdetail("Background workers connect as the current role."),
				 errhint("RESET ROLE, or give the role LOGIN; from PostgreSQL 17 on it is not needed.")));
}

/* A caller that doesn't wait any more cancels the run it waited for. */
static void
caller_detached(dsm_segment *segment, Datum arg)
{
	CtShared   *shared = (CtShared *) DatumGetPointer(arg);

	if (ct_shared_state(shared) != CT_RUN_DONE)
		ct_shared_cancel(shared);
}

/* Has the leader gone without having been heard of? */
static bool
caller_leader_is_gone(CtCall *call)
{
	pid_t		pid;

	if (call->leader == NULL)
		return pg_atomic_read_u32(&call->shared->leader_attached) == 0;
	return GetBackgroundWorkerPid(call->leader, &pid) == BGWH_STOPPED;
}

/* ---- the deadlock that only the caller can see ---- */

/* The run's process that sleeps on a lock and, as far as the graph tells, waits for us; 0 if none. */
static int
caller_blocked_process(CtShared *shared, const CtLockGraph *graph)
{
	int			i;

	if (ct_locks_asleep(shared->leader_procno, shared->leader_pid) &&
		ct_locks_waits(graph, shared->leader_pid))
		return shared->leader_pid;
	for (i = 0; i < ct_shared_nslots(shared); i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		if (slot->pid != 0 && ct_locks_asleep(slot->procno, slot->pid) &&
			ct_locks_waits(graph, slot->pid))
			return slot->pid;
	}
	return 0;
}

/* The costly question only where somebody, of the run or not, waits for a lock of ours. */
static void
caller_check_locks(CtCall *call)
{
	CtLockGraph *graph;
	int			blocked;

	if (ct_now_ns() < call->next_lock_look || !ct_locks_awaited())
		return;
	graph = ct_locks_look();
	ct_locks_trace(graph, &MyProcPid, 1);
	blocked = caller_blocked_process(call->shared, graph);
	call->next_lock_look = ct_now_ns() + ct_locks_rest_ns(graph);
	ct_locks_free(graph);
	if (blocked != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_DEADLOCK_DETECTED),
				 errmsg("the run waits for a lock that this transaction holds"),
				 errdetail("Process %d of the run is blocked by this transaction, which waits for the run.", blocked),
				 errhint("COMMIT before the call.")));
}

void
ct_call_check_client(void)
{
	if (whereToSendOutput == DestRemote && MyProcPort != NULL &&
		WaitEventSetCanReportClosed() && !pq_check_connection())
		ereport(FATAL,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg("connection to client lost"),
				 errdetail("The run that it waited for is cancelled.")));
}

/* ---- starting ---- */

/*
 * Ends the transaction, with its snapshot and its locks, as a procedure's
 * COMMIT does, and begins another one.
 */
static void
caller_commit_transaction(void)
{
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	SPI_commit();
	SPI_finish();
}

CtHorizon
ct_call_horizon(CtCallMode mode)
{
	static TimestampTz told_in = 0;
	CtHorizon	horizon;

	if (mode == CT_CALL_COMMITS)
		return CT_HORIZON_FREE;
	horizon = ct_horizon_of_statement();
	if (horizon != CT_HORIZON_HELD || told_in == GetCurrentStatementStartTimestamp())
		return horizon;
	told_in = GetCurrentStatementStartTimestamp();
	ereport(NOTICE,
			(errmsg("this transaction holds back vacuum while it waits for the run"),
			 errdetail("Dead versions of rows that the run updates pile up, and its throughput falls."),
			 errhint("Outside of transaction blocks, CALL ct_execute(), which commits before it waits, or call the function alone in its statement, in READ COMMITTED; or use ct_start().")));
	return horizon;
}

/*
 * Starts the leader, and waits until it has recorded the run, or has failed.
 * Returns false if there was no slot for it and a worker; then all is as it
 * was before.
 */
static bool
caller_start_leader(CtCall *call)
{
	CtShared   *shared = call->shared;

	/* from the start: a setup's CREATE INDEX CONCURRENTLY waits for whoever has a snapshot then */
	ct_horizon_release(call->horizon);
	call->leader = ct_launch_leader(call->segment);
	if (call->leader == NULL)
		return false;

	while (ct_shared_state(shared) < CT_RUN_SETUP)
	{
		if (caller_leader_is_gone(call) && ct_shared_state(shared) < CT_RUN_SETUP)
			break;
		if (ConditionVariableTimedSleep(&shared->changed, TICK_MS, ct_wait_event(CT_WAIT_WAITING)))
		{
			ct_call_check_client();
			caller_check_locks(call);
		}
	}
	ConditionVariableCancelSleep();
	if (!shared->no_slot)
		return true;

	(void) WaitForBackgroundWorkerShutdown(call->leader);
	shared->no_slot = false;
	pg_atomic_write_u32(&shared->stop, CT_STOP_NO);
	pg_atomic_write_u32(&shared->state, CT_RUN_STARTING);
	return false;
}

int
ct_call_most_workers(bool lock_hold)
{
	return max_worker_processes - 1 - (max_logical_replication_workers > 0) - lock_hold;
}

int64
ct_call_start(CtCall *call, const Jsonb *document, CtCallMode mode)
{
	if (!ct_call_try_start(call, document, mode))
		ct_no_slots();
	return call->shared->run_id;
}

/*
 * Raises what there is to say against a plan, and what can't be had in any
 * case.  Returns its program, and the plan in *plan.
 */
static CtProgram *
caller_check_plan(const Jsonb *document, CtPlan **plan)
{
	CtProgram  *program;
	int			most;

	*plan = ct_plan_read(document);
	if ((*plan)->refused == NULL)
		ct_plan_validate(*plan);
	program = ct_program_load(*plan);
	ct_call_check_role();

	/* what can't be had in any case takes no memory, and no time */
	most = ct_call_most_workers((*plan)->lock_table != NULL);
	if (most < 1)
		ct_no_slots();
	if ((*plan)->workers_named && (*plan)->workers > most)
		ct_too_few_workers(most, (*plan)->workers, (*plan)->lock_table != NULL);
	if ((*plan)->clients == 0 && ct_plan_least_workers(*plan) > most)
		ct_too_few_for_scripts(most, ct_plan_least_workers(*plan));
	if ((*plan)->clients > most && ct_program_meets(program))
		ct_too_few_for_barriers(most, (*plan)->clients);
	return program;
}

void
ct_call_check_plan(const Jsonb *document)
{
	CtPlan	   *plan;

	(void) caller_check_plan(document, &plan);
}

/*
 * Makes the segment and has a leader start; returns false, and is attached to
 * nothing, if there was no slot for one.  Its row may still be missing then:
 * run_id says.
 */
static bool
caller_start(CtCall *call, const Jsonb *document, CtCallMode mode)
{
	CtPlan	   *plan;
	CtProgram  *program = caller_check_plan(document, &plan);
	uint64		until = ct_now_ns() + SLOT_WAIT_MS * CT_NS_PER_MS;
	uint64		pause = SLOT_PAUSE_MS * CT_NS_PER_MS;

	if (mode == CT_CALL_COMMITS)
		caller_commit_transaction();

	memset(call, 0, sizeof(CtCall));
	call->horizon = mode == CT_CALL_STARTS ? CT_HORIZON_FREE : ct_call_horizon(mode);
	call->tell_few_workers = !plan->workers_default;
	call->segment = ct_shared_create(document, Min(plan->workers, ct_call_most_workers(plan->lock_table != NULL)),
									 program->nhistograms, program->norders, program->nplaces,
									 list_length(plan->sessions));
	call->shared = ct_shared_address(call->segment);
	call->shared->workers_asked = plan->workers;
	call->shared->held_horizon = call->horizon == CT_HORIZON_HELD;
	call->attached = true;
	on_dsm_detach(call->segment, caller_detached, PointerGetDatum(call->shared));

	while (!caller_start_leader(call))
	{
		if (ct_now_ns() >= until)
		{
			cancel_on_dsm_detach(call->segment, caller_detached, PointerGetDatum(call->shared));
			ct_call_detach(call);
			return false;
		}

		/* not all at the same time again */
		ct_pause_ns(pause / 2 + pg_prng_uint64(&pg_global_prng_state) % pause);
		pause = Min(pause * 2, SLOT_PAUSE_MAX_MS * CT_NS_PER_MS);
		ct_call_check_client();
	}
	return true;
}

bool
ct_call_try_start(CtCall *call, const Jsonb *document, CtCallMode mode)
{
	if (!caller_start(call, document, mode))
		return false;
	if (call->shared->run_id == 0)
	{
		ct_call_raise_error(call, ERROR);
		pg_unreachable();
	}
	if (mode == CT_CALL_STARTS)
		cancel_on_dsm_detach(call->segment, caller_detached, PointerGetDatum(call->shared));
	return true;
}

bool
ct_call_attempt(CtCall *call, const Jsonb *document, CtErrorReport *error)
{
	memset(error, 0, sizeof(CtErrorReport));
	if (!caller_start(call, document, CT_CALL_WAITS))
	{
		error->sqlstate = ERRCODE_CONFIGURATION_LIMIT_EXCEEDED;
		strlcpy(error->message, "no background worker slots were free", sizeof(error->message));
		return false;
	}
	if (call->shared->run_id != 0)
		return true;
	*error = call->shared->error.sqlstate != 0 ? call->shared->error : call->shared->leader_error;
	if (error->sqlstate == 0)
	{
		error->sqlstate = ERRCODE_CONNECTION_FAILURE;
		strlcpy(error->message, "the run's leader could not start", sizeof(error->message));
	}
	ct_call_detach(call);
	return false;
}

void
ct_call_detach(CtCall *call)
{
	if (call->attached)
		dsm_detach(call->segment);
	call->attached = false;
	call->segment = NULL;
	call->shared = NULL;
}

/* ---- waiting ---- */

static void
caller_print_progress(CtShared *shared)
{
	CtRunState	state = ct_shared_state(shared);
	double		elapsed = (GetCurrentTimestamp() - shared->started_at) / 1e6;
	uint64		now_ns = ct_now_ns();
	CtStage    *stage = ct_shared_stage(shared);
	double		measured;
	CtTotals	totals;

	if (state != CT_RUN_RUNNING)
	{
		ereport(NOTICE,
				(errmsg("run " INT64_FORMAT ": %.0f s, %s", shared->run_id, elapsed,
						ct_run_state_name(state))));
		return;
	}
	elapsed = now_ns > shared->gate_ns ? (now_ns - shared->gate_ns) / 1e9 : 0;
	if (stage != NULL)
	{
		ereport(NOTICE,
				(errmsg("run " INT64_FORMAT ": %.0f s, " UINT64_FORMAT " executions", shared->run_id, elapsed,
						pg_atomic_read_u64(&stage->executions))));
		return;
	}
	ct_merge_totals(shared, &totals);
	measured = ct_shared_measured_seconds(shared, now_ns);
	ereport(NOTICE,
			(errmsg("run " INT64_FORMAT ": %.0f s, " INT64_FORMAT " transactions (%.0f/s), "
					INT64_FORMAT " failed, " INT64_FORMAT " retries",
					shared->run_id, elapsed, totals.transactions,
					measured > 0 ? totals.transactions / measured : 0,
					totals.failed, totals.retries)));
}

/* Gives a cancelled run the time to clean up, so that our error comes after it. */
static void
caller_await_cleanup(CtCall *call)
{
	uint64		until = ct_now_ns() + CLEANUP_MS * CT_NS_PER_MS;

	ct_shared_cancel(call->shared);
	HOLD_INTERRUPTS();
	while (ct_shared_state(call->shared) != CT_RUN_DONE && ct_now_ns() < until &&
		   !caller_leader_is_gone(call))
		(void) ConditionVariableTimedSleep(&call->shared->changed, 50, ct_wait_event(CT_WAIT_WAITING));
	ConditionVariableCancelSleep();
	RESUME_INTERRUPTS();
}

/* Says once what keeps the leader from its end. */
static void
caller_tell_obstacle(CtCall *call)
{
	if (call->told_obstacle || pg_atomic_read_u32(&call->shared->obstructed) == 0)
		return;
	call->told_obstacle = true;
	pg_read_barrier();
	ereport(WARNING,
			(errmsg("run " INT64_FORMAT " %s", call->shared->run_id, call->shared->obstacle),
			 errhint("It goes on trying for some minutes; cancel it to give up.")));
}

/* Waits; returns false if the time was up first. */
static bool
caller_wait_for_end(CtCall *call, uint64 timeout_ns, bool progress)
{
	CtShared   *shared = call->shared;
	uint64		start = ct_now_ns();
	uint64		next_look = start + TICK_MS * CT_NS_PER_MS;
	uint64		next_progress = start + ct_progress_interval * CT_NS_PER_S;

	while (ct_shared_state(shared) != CT_RUN_DONE && !caller_leader_is_gone(call))
	{
		uint64		now = ct_now_ns();
		long		wait_ms = TICK_MS;

		if (timeout_ns != 0)
		{
			if (now - start >= timeout_ns)
				return false;
			wait_ms = Min(wait_ms, (long) ((timeout_ns - (now - start)) / CT_NS_PER_MS + 1));
		}
		ct_horizon_release(call->horizon);
		(void) ConditionVariableTimedSleep(&shared->changed, wait_ms, ct_wait_event(CT_WAIT_WAITING));

		now = ct_now_ns();
		if (now < next_look)
			continue;
		next_look = now + TICK_MS * CT_NS_PER_MS;
		ct_call_check_client();
		caller_check_locks(call);
		caller_tell_obstacle(call);
		if (progress && ct_progress_interval > 0 && now >= next_progress &&
			ct_shared_state(shared) != CT_RUN_DONE)
		{
			caller_print_progress(shared);
			next_progress += ct_progress_interval * CT_NS_PER_S;
		}
	}
	return true;
}

bool
ct_call_wait(CtCall *call, uint64 timeout_ns, bool progress)
{
	MemoryContext context = CurrentMemoryContext;
	bool		done;

	PG_TRY();
	{
		done = caller_wait_for_end(call, timeout_ns, progress);
		ConditionVariableCancelSleep();
	}
	PG_CATCH();
	{
		ConditionVariableCancelSleep();
		if (call->leader != NULL)
		{
			MemoryContextSwitchTo(context);
			ct_copy_text(call->shared->cancel_reason, CopyErrorData()->message, CT_MESSAGE_LEN);
			caller_await_cleanup(call);
		}
		PG_RE_THROW();
	}
	PG_END_TRY();

	/* so that nothing of the run is left when we return, not even its slot */
	if (done && call->leader != NULL)
		(void) WaitForBackgroundWorkerShutdown(call->leader);
	return done;
}

CtErrorReport
ct_call_error(CtCall *call)
{
	CtErrorReport error = call->shared->error;
	int			category = ERRCODE_TO_CATEGORY(error.sqlstate);

	/* what doesn't exist may only not be committed yet */
	if (error.sqlstate != 0 && TransactionIdIsValid(GetTopTransactionIdIfAny()) &&
		(category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		 category == ERRCODE_INVALID_SCHEMA_NAME))
	{
		if (error.hint[0] != '\0')
			strlcat(error.hint, " ", CT_MESSAGE_LEN);
		strlcat(error.hint,
				"This transaction has made changes that are not committed, and the run cannot see them: COMMIT before the call.",
				CT_MESSAGE_LEN);
	}
	return error;
}

void
ct_call_warn(const CtCall *call)
{
	CtShared   *shared = call->shared;
	int			i;

	for (i = 0; i < shared->nwarnings; i++)
		ereport(WARNING,
				(errmsg("run " INT64_FORMAT ": %s", shared->run_id, shared->warnings[i])));
}

void
ct_call_raise_error(CtCall *call, int elevel)
{
	CtShared   *shared = call->shared;
	CtErrorReport error = ct_call_error(call);

	if (error.sqlstate != 0)
		ct_error_raise(&error, elevel);
	else if (shared->run_id == 0 || shared->verdict[0] == '\0')
	{
		bool		started = shared->run_id != 0;
		const CtErrorReport *lost = &shared->leader_error;

		ereport(elevel,
				(errcode(lost->sqlstate ? lost->sqlstate : ERRCODE_CONNECTION_FAILURE),
				 started ? errmsg("the leader of run " INT64_FORMAT " was lost", shared->run_id) :
				 errmsg("the run's leader could not start"),
				 lost->sqlstate ? errdetail_internal("%s%s%s", lost->message, lost->detail[0] ? ": " : "", lost->detail) :
				 errdetail("The server's log says why."),
				 started ? errhint("The run shows as crashed; the next run or ct_prune removes its sandbox.") :
				 lost->hint[0] ? errhint("%s", lost->hint) : 0));
	}
}
