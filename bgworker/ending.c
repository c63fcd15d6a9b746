/*
 * ending.c
 *		The leader's last steps, however the run came to its end: it is recorded,
 *		torn down, its sandbox dropped, and whoever waits is told.
 *
 * Each piece is tried whatever became of the others, and what one raises is
 * told, as a warning in the run's row and to the caller.  The first signals
 * are held off meanwhile, but for the teardown, which is the user's.
 *
 * A verdict is not to be lost.  If the tables are locked, or there is no room,
 * recording is tried again for RECORD_PATIENCE, or for END_LOCK_MS more once
 * somebody cancels the run or terminates the leader; the caller is told what
 * it waits for.  After that, or where what was measured can't be recorded for
 * any other reason, the row is written without it: status, verdict, numbers;
 * but first it is tried without what was seen meanwhile alone, the telemetry.
 * Only if not even that can be done the run fails, and the verdict is in the
 * caller's error and in the server's log.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/float.h"

#include "bgworker/deadlock.h"
#include "bgworker/drain.h"
#include "bgworker/explore/explore.h"
#include "bgworker/holders.h"
#include "bgworker/leader.h"
#include "bgworker/locker.h"
#include "bgworker/rounds.h"
#include "bgworker/sampler.h"
#include "bgworker/sandbox.h"
#include "bgworker/watch.h"
#include "src/base/ct_compat.h"
#include "src/base/text.h"
#include "src/base/wait_event.h"
#include "src/results/exploration.h"
#include "src/results/record.h"

/* how long a piece waits for a lock */
#define END_LOCK_MS			3000

/* recording is tried again so often, and for so long */
#define RECORD_LOCK_MS		1000
#define RECORD_PATIENCE_MIN	10

/* what the pieces need */
typedef struct CtEnding
{
	CtResults  *results;		/* or NULL */
	CtRunEnd	end;
	bool		details;		/* record what was measured, too */
	int			nrecorded;		/* of the warnings */
} CtEnding;

typedef void (*CtPiece) (CtLeader *leader, CtEnding *ending);

static void
ending_end_workers(CtLeader *leader)
{
	int			i;

	ct_shared_stop(leader->shared, CT_STOP_SESSIONS);
	for (i = 0; i < leader->nhandles; i++)
		TerminateBackgroundWorker(leader->handles[i]);
	for (i = 0; i < leader->nhandles; i++)
		(void) WaitForBackgroundWorkerShutdown(leader->handles[i]);
	leader->nhandles = 0;
	ct_locker_end(leader);
}

/*
 * Executes a piece.  Returns what it raised, in the leader's memory, or NULL
 * if all went well.
 */
static ErrorData *
ending_attempt(CtLeader *leader, CtPiece piece, CtEnding *ending)
{
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		piece(leader, ending);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(leader->context);
		error = CopyErrorData();
		FlushErrorState();
		ct_leader_rollback(leader);
	}
	PG_END_TRY();
	return error;
}

/* ending_attempt(), for what only the log is told of */
static bool
ending_succeeds(CtLeader *leader, const char *what, CtPiece piece, CtEnding *ending)
{
	ErrorData  *error = ending_attempt(leader, piece, ending);

	if (error == NULL)
		return true;
	ereport(LOG,
			(errmsg("could not %s of run " INT64_FORMAT ": %s", what,
					leader->shared->run_id, error->message)));
	return false;
}

/* ---- warnings ---- */

/* For the caller and for the row, into which it gets with the next thing that is recorded. */
static void
ending_warn(CtLeader *leader, const char *warning)
{
	CtShared   *shared = leader->shared;

	ereport(LOG,
			(errmsg("run " INT64_FORMAT ": %s", shared->run_id, warning)));
	if (shared->nwarnings < CT_MAX_WARNINGS)
		ct_copy_text(shared->warnings[shared->nwarnings++], warning, CT_MESSAGE_LEN);
}

/* In a transaction; to be followed by its commit and by ending->nrecorded = nwarnings. */
static void
ending_record_warnings(CtLeader *leader, const CtEnding *ending)
{
	int			i;

	for (i = ending->nrecorded; i < leader->shared->nwarnings; i++)
		ct_record_warning(leader->shared->run_id, leader->shared->warnings[i]);
}

/* ---- recording ---- */

static void
ending_record_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_begin(RECORD_LOCK_MS);
	if (ending->results != NULL && ending->details)
		ct_watch_record_second(leader);
	ct_record_end(leader->shared->run_id, leader->program, ending->results, ending->details,
				  &ending->end);
	ending_record_warnings(leader, ending);
	ct_leader_commit(leader);
	ct_watch_second_committed(leader);
	ending->nrecorded = leader->shared->nwarnings;
}

/* ", held by ..." of the tables of results, or "" */
static const char *
ending_holders_of_results(CtLeader *leader)
{
	char	   *volatile holders = NULL;

	PG_TRY();
	{
		ct_leader_begin(RECORD_LOCK_MS);
		MemoryContextSwitchTo(leader->context);
		holders = ct_holders_of_results();
		ct_leader_commit(leader);
	}
	PG_CATCH();
	{
		FlushErrorState();
		ct_leader_rollback(leader);
	}
	PG_END_TRY();
	return holders ? psprintf("; the tables of results are locked by %s", holders) : "";
}

/* Tells the caller and the log, once, why the end doesn't come. */
static void
ending_tell_obstacle(CtLeader *leader, const ErrorData *error)
{
	CtShared   *shared = leader->shared;
	char	   *obstacle = psprintf("could not record its result yet: %s%s", error->message,
									ending_holders_of_results(leader));

	ereport(LOG,
			(errmsg("run " INT64_FORMAT ": %s", shared->run_id, obstacle),
			 errdetail("It is tried again for %d minutes.", RECORD_PATIENCE_MIN)));
	ct_copy_text(shared->obstacle, obstacle, CT_MESSAGE_LEN);
	pg_write_barrier();
	pg_atomic_write_u32(&shared->obstructed, 1);
	ConditionVariableBroadcast(&shared->changed);
}

/* Records, for as long as it takes; returns what kept it from that, or NULL. */
static ErrorData *
ending_record_patiently(CtLeader *leader, CtEnding *ending)
{
	uint64		until = ct_now_ns() + RECORD_PATIENCE_MIN * 60 * CT_NS_PER_S;
	bool		hurried = false;
	bool		told = false;
	ErrorData  *error;

	while ((error = ending_attempt(leader, ending_record_piece, ending)) != NULL)
	{
		uint64		now = ct_now_ns();

		if (!ct_leader_may_retry(error->sqlerrcode))
			return error;
		if (!hurried && ct_leader_interrupted(leader))
		{
			hurried = true;
			until = Min(until, now + END_LOCK_MS * CT_NS_PER_MS);
		}
		if (now >= until)
			return error;
		if (!told)
			ending_tell_obstacle(leader, error);
		told = true;
		FreeErrorData(error);

		/* what didn't wait by itself */
		ResetLatch(MyLatch);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 50,
						 ct_wait_event(CT_WAIT_WATCHING));
	}
	return NULL;
}

/* What the caller is told of a result that is nowhere. */
static void
ending_tell_unrecorded(CtLeader *leader, const CtResults *results, const ErrorData *error)
{
	CtErrorReport *report = &leader->shared->error;

	report->sqlstate = error->sqlerrcode;
	ct_copy_text(report->message, psprintf("could not record the result: %s%s", error->message,
										   ending_holders_of_results(leader)), CT_MESSAGE_LEN);
	if (results != NULL && results->verdict != NULL)
		ct_copy_text(report->detail, psprintf("Its verdict was %s: %s", results->verdict,
											  results->reason), CT_MESSAGE_LEN);
	ereport(LOG,
			(errmsg("run " INT64_FORMAT ": %s", leader->shared->run_id, report->message),
			 report->detail[0] ? errdetail_internal("%s", report->detail) : 0));
}

/* Takes what was seen meanwhile out of the results; false if there was nothing. */
static bool
ending_leave_out_telemetry(CtLeader *leader, CtResults *results)
{
	if (!leader->shared->telemetry || leader->plan->explore)
		return false;
	leader->without_resources = true;
	results->waits = results->blocking = results->deadlocks = results->samples = NIL;
	results->usage = NULL;
	return true;
}

/* The end is recorded, as much of it as can be; ending->results is NULL where no verdict is. */
static void
ending_record(CtLeader *leader, CtEnding *ending)
{
	CtResults  *results = ending->results;
	ErrorData  *error = ending_record_patiently(leader, ending);

	if (error == NULL)
		return;
	if (results != NULL && !ct_leader_may_retry(error->sqlerrcode) &&
		ending_leave_out_telemetry(leader, results))
	{
		ending_warn(leader, psprintf("what its sessions waited for and used could not be recorded: %s",
									 error->message));
		error = ending_attempt(leader, ending_record_piece, ending);
		if (error == NULL)
			return;
	}
	if (results != NULL)
	{
		/* the verdict at least, if not what it is made of */
		ending->details = false;
		ending_warn(leader, psprintf("what was measured could not be recorded: %s%s", error->message,
									 ending_holders_of_results(leader)));
		error = ending_attempt(leader, ending_record_piece, ending);
		if (error == NULL)
			return;
	}
	/* nothing of it; there may be something wrong with the text itself */
	if (leader->shared->error.sqlstate == 0)
	{
		ending_tell_unrecorded(leader, results, error);
		ending->end.status = "failed";
		ending->end.sqlstate = pstrdup(unpack_sql_state(error->sqlerrcode));
		ending->end.message = leader->shared->error.message;
	}
	ending->results = NULL;
	if (!ending_succeeds(leader, "record the end", ending_record_piece, ending))
		ending->end.status = "crashed";	/* as the row will show, once we are gone */
}

/* ---- what was seen meanwhile ---- */

/* What tables' names are wanted for. */
static void
ending_locks_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_begin(END_LOCK_MS);
	MemoryContextSwitchTo(leader->context);
	ending->results->blocking = ct_sampler_blocking(leader->waits);
	ending->results->deadlocks = ct_deadlocks_as_rows(&leader->deadlocks, leader->program);
	ct_leader_commit(leader);
}

/* Adds to the results what the leader has seen of the sessions while it watched them. */
static void
ending_add_telemetry(CtLeader *leader, CtEnding *ending)
{
	CtResults  *results = ending->results;
	int64		deadlocks = ct_results_errors(results, -1, ERRCODE_T_R_DEADLOCK_DETECTED);
	int			kept = list_length(leader->deadlocks.records);

	if (!leader->shared->telemetry)
		return;
	results->waits = ct_sampler_rows(leader->waits);
	(void) ending_succeeds(leader, "tell who waited for whom", ending_locks_piece, ending);
	if (kept < deadlocks)
		ending_warn(leader, psprintf("ct_deadlocks has the first %d of the " INT64_FORMAT " deadlocks",
									 kept, deadlocks));
}

/* ---- after that ---- */

static void
ending_warnings_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_begin(END_LOCK_MS);
	ending_record_warnings(leader, ending);
	ct_leader_commit(leader);
	ending->nrecorded = leader->shared->nwarnings;
}

static void
ending_alert_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_begin(END_LOCK_MS);
	ct_record_alert(leader->shared->run_id);
	ct_leader_commit(leader);
}

/*
 * Who listens is told of a run that failed once its result is committed, in a
 * transaction of its own, so that a result isn't lost with a message.
 */
static void
ending_alert(CtLeader *leader, CtEnding *ending)
{
	const CtResults *results = ending->results;

	if (strcmp(ending->end.status, "failed") == 0 ||
		(results != NULL && results->verdict != NULL && strcmp(results->verdict, "fail") == 0))
		(void) ending_succeeds(leader, "tell who listens", ending_alert_piece, ending);
}

static void
ending_teardown_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_run_script(leader, "teardown", leader->plan->teardown);
}

static void
ending_tear_down(CtLeader *leader, CtEnding *ending)
{
	ErrorData  *error;

	ct_leader_hold_off(false);
	error = ending_attempt(leader, ending_teardown_piece, ending);
	ct_leader_hold_off(true);
	if (error != NULL)
		ending_warn(leader, psprintf("the teardown failed, and what it should have taken away may still be there: %s",
									 error->message));
}

static void
ending_reset_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_run_script(leader, "reset", leader->plan->reset);
}

/* What the last execution of an exploration has prepared holds locks for ever. */
static void
ending_prepared_piece(CtLeader *leader, CtEnding *ending)
{
	ct_explorer_roll_back_prepared(leader->explorer);
}

/* What an exploration in place has executed last is taken back as what it executed before. */
static void
ending_reset(CtLeader *leader, CtEnding *ending)
{
	ErrorData  *error;

	ct_leader_hold_off(false);
	error = ending_attempt(leader, ending_reset_piece, ending);
	ct_leader_hold_off(true);
	if (error != NULL)
		ending_warn(leader, psprintf("the reset script failed at the end, and what the last execution has written may still be there: %s",
									 error->message));
}

/* As many transactions as it takes; but an administrator who wants us to end doesn't wait for all. */
static void
ending_drop_piece(CtLeader *leader, CtEnding *ending)
{
	uint64		terminated = ct_leader_terminated_ns();
	bool		gone = false;

	while (!gone)
	{
		int			budget = ct_sandbox_budget();

		if (terminated != 0 && ct_now_ns() - terminated > END_LOCK_MS * CT_NS_PER_MS)
			ereport(ERROR,
					(errcode(ERRCODE_ADMIN_SHUTDOWN),
					 errmsg("the leader was terminated by an administrator before it was done")));
		ct_leader_begin(END_LOCK_MS);
		gone = ct_sandbox_drop(leader->sandbox, leader->shared->role, &budget);
		ct_leader_commit(leader);
		terminated = ct_leader_terminated_ns();
	}
}

/* Not with the drop: after DROP EXTENSION there is a schema, but no row. */
static void
ending_forget_piece(CtLeader *leader, CtEnding *ending)
{
	ct_leader_begin(END_LOCK_MS);
	ct_record_sandbox_gone(leader->shared->run_id,
						   OidIsValid(leader->sandbox) && leader->plan->keep);
	ct_leader_commit(leader);
}

/* Says why it stays, and by whom it is held. */
static void
ending_complain(CtLeader *leader, const ErrorData *error)
{
	char	   *volatile complaint = NULL;

	PG_TRY();
	{
		ct_leader_begin(END_LOCK_MS);
		MemoryContextSwitchTo(leader->context);
		complaint = ct_sandbox_complaint(leader->shared->sandbox, error->message);
		ct_record_sandbox_tried(leader->shared->run_id);
		ct_leader_commit(leader);
	}
	PG_CATCH();
	{
		FlushErrorState();
		ct_leader_rollback(leader);
	}
	PG_END_TRY();
	ending_warn(leader, complaint ? complaint :
				psprintf("sandbox %s could not be dropped: %s", leader->shared->sandbox, error->message));
}

static void
ending_drop_sandbox(CtLeader *leader, CtEnding *ending)
{
	ErrorData  *error = NULL;

	if (leader->shared->sandbox[0] == '\0')
		return;
	if (OidIsValid(leader->sandbox) && !leader->plan->keep)
		error = ending_attempt(leader, ending_drop_piece, ending);
	if (error == NULL)
		(void) ending_succeeds(leader, "forget the sandbox", ending_forget_piece, ending);
	else
		ending_complain(leader, error);
}

/* ---- how it ended ---- */

/* Is it what being cancelled, terminated or shut down looks like, in us or in a worker? */
static bool
ending_looks_interrupted(int sqlstate)
{
	return sqlstate == ERRCODE_QUERY_CANCELED || sqlstate == ERRCODE_ADMIN_SHUTDOWN ||
		sqlstate == ERRCODE_CRASH_SHUTDOWN || sqlstate == ERRCODE_CONNECTION_FAILURE;
}

/*
 * How the run ended, from what ended it; NULL if it came to its end by itself.
 * A run is cancelled if somebody asked for that, which the SQLSTATE alone
 * doesn't tell: a statement_timeout has the same.  Asked when the workers are
 * gone: at a shutdown they may get their signal before we get ours, and then
 * their loss is not the reason.
 */
static CtRunEnd
ending_run_end(CtLeader *leader, const ErrorData *error)
{
	CtShared   *shared = leader->shared;
	CtRunEnd	end = {"succeeded", NULL, NULL};
	ErrorData	told;

	end.workers = shared->nworkers;
	end.clients = shared->nclients;
	end.gate_at = leader->gate_opened ? shared->gate_at : 0;
	if (error == NULL)
		return end;
	told = *error;
	end.status = "failed";
	if (ending_looks_interrupted(error->sqlerrcode) && ct_leader_interrupted(leader))
	{
		end.status = "cancelled";
		if (ct_leader_terminated_ns() != 0)
		{
			told.sqlerrcode = ERRCODE_ADMIN_SHUTDOWN;
			told.message = "run was ended: its leader was terminated by an administrator";
		}
		else if (pg_atomic_read_u32(&shared->cancelled) != 0)
		{
			told.sqlerrcode = ERRCODE_QUERY_CANCELED;
			told.message = shared->cancel_reason[0] == '\0' ? "run was cancelled" :
				psprintf("run was cancelled by its caller: %s", shared->cancel_reason);
		}
	}
	end.sqlstate = pstrdup(unpack_sql_state(told.sqlerrcode));
	end.message = leader->culprit == NULL ? told.message :
		psprintf("%s, in %s", told.message, leader->culprit);
	ct_error_store(&shared->error, &told);
	return end;
}

static void
ending_summarize(CtSummary *summary, const CtResults *results)
{
	summary->measured = true;
	summary->anomalies = ct_results_anomalies(results);
	if (results->exploration != NULL)
	{
		summary->errors = results->exploration->errors;
		summary->deadlocks = results->exploration->deadlocks;
		summary->retries = summary->failed = -1;
		summary->tps = summary->tps_half = get_float8_nan();
		summary->p50_ms = summary->p95_ms = summary->p99_ms = get_float8_nan();
		return;
	}
	summary->retries = results->retries;
	summary->failed = results->failed;
	summary->errors = ct_results_errors(results, -1, 0);
	summary->deadlocks = ct_results_errors(results, -1, ERRCODE_T_R_DEADLOCK_DETECTED);
	summary->tps = ct_results_tps(results);
	summary->tps_half = ct_results_tps_half_interval(results);
	summary->p50_ms = ct_histogram_quantile(results->latency, 0.50) / 1e6;
	summary->p95_ms = ct_histogram_quantile(results->latency, 0.95) / 1e6;
	summary->p99_ms = ct_histogram_quantile(results->latency, 0.99) / 1e6;
}

void
ct_leader_finish(CtLeader *leader, CtResults *results, const ErrorData *error)
{
	CtShared   *shared = leader->shared;
	CtEnding	ending = {0};
	bool		cancelled;

	ct_leader_hold_off(true);
	ending_end_workers(leader);
	ending.results = results;
	ending.details = true;
	ending.end = ending_run_end(leader, error);
	cancelled = strcmp(ending.end.status, "cancelled") == 0;
	ct_leader_forget_signal();
	if (error != NULL && leader->gate_opened)
	{
		/* what was measured until then is still true, though no verdict rests on it */
		ct_drain(leader);
		ending.results = ct_merge_results(shared, leader->program, &leader->error_texts);
		ending.results->seconds = ct_leader_measured_seconds(leader);
		ending.results->usage = ct_resources_usage(&leader->resources);
		ending.results->samples = ct_merge_samples(shared, leader->program);
	}
	if (ending.results != NULL && leader->explorer == NULL)
		ending_add_telemetry(leader, &ending);
	if (leader->recorded_start)
	{
		const char *cut = leader->checks ? ct_checks_complaint(leader->checks) : NULL;
		const char *dropped = ct_drain_complaint(leader);
		const char *slow = leader->rounds ? ct_rounds_complaint(leader) : NULL;

		if (cut != NULL)
			ending_warn(leader, cut);
		if (dropped != NULL)
			ending_warn(leader, dropped);
		if (slow != NULL)
			ending_warn(leader, slow);
		ending_record(leader, &ending);
		ending_alert(leader, &ending);
		if (leader->explorer != NULL && leader->explorer->prepares)
			(void) ending_succeeds(leader, "roll back what was prepared", ending_prepared_piece, &ending);
		if (leader->plan->teardown != NULL && ct_leader_terminated_ns() == 0 &&
			(error == NULL || leader->gate_opened || (leader->setup_begun && !cancelled)))
			ending_tear_down(leader, &ending);
		if (leader->plan->in_place && leader->gate_opened && ct_leader_terminated_ns() == 0)
			ending_reset(leader, &ending);
		ending_drop_sandbox(leader, &ending);
		if (ending.nrecorded < shared->nwarnings)
			(void) ending_succeeds(leader, "record the warnings", ending_warnings_piece, &ending);
	}
	else
		shared->run_id = 0;		/* there is no such run */

	/* what isn't recorded is none */
	if (ending.results != NULL)
		ending_summarize(&shared->summary, ending.results);
	if (ending.results != NULL && ending.results->verdict != NULL)
	{
		ct_copy_text(shared->verdict, ending.results->verdict, sizeof(shared->verdict));
		ct_copy_text(shared->reason, ending.results->reason, sizeof(shared->reason));
		shared->passed = strcmp(shared->verdict, "pass") == 0;
	}
	ct_copy_text(shared->status, ending.end.status, sizeof(shared->status));
	ct_shared_set_state(shared, CT_RUN_DONE);
}
