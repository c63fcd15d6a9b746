/*
 * launch.c
 *		Starting a run's background workers.
 *
 * Workers are dynamic: no preload, no static slot.  They act as the role that
 * called ct_run and never as another one, since they connect as it.
 */
#include "postgres.h"

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "bgworker/launch.h"
#include "src/base/ct_compat.h"

CtProcessRole ct_process_role = CT_PROCESS_CLIENT;

static BackgroundWorkerHandle *
launch_process(dsm_segment *segment, const char *function, const char *name, const char *type, int number)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	memset(&worker, 0, sizeof(worker));
	strlcpy(worker.bgw_name, name, sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, type, sizeof(worker.bgw_type));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "ct_ext", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	memcpy(worker.bgw_extra, &number, sizeof(number));
	worker.bgw_notify_pid = MyProcPid;

	return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : NULL;
}

void
ct_no_slots(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("no background worker slots are free for the run's leader and a worker"),
			 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
					 max_worker_processes)));
}

void
ct_too_few_workers(int available, int asked, bool locker)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("only %d of %d workers could be started", available, asked),
			 locker ? errdetail("There are no more background worker slots, and the leader and the process that holds the lock of lock_hold take one each.") :
			 errdetail("There are no more background worker slots, and the leader takes one of them."),
			 errhint("Ask for fewer workers, leave their number out, or raise max_worker_processes (now %d) and restart the server.",
					 max_worker_processes)));
}

void
ct_too_few_for_scripts(int available, int needed)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("only %d of the %d workers that the scripts need could be started",
					available, needed),
			 errdetail("Scripts have workers of their own, and there are no more background worker slots."),
			 errhint("Wait for other runs to end, give the scripts fewer workers, or raise max_worker_processes (now %d) and restart the server.",
					 max_worker_processes)));
}

void
ct_too_few_for_barriers(int available, int clients)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg_plural("only %d worker could be started for %d clients, which \\barrier needs a worker each for",
						   "only %d workers could be started for %d clients, which \\barrier needs a worker each for",
						   available, available, clients),
			 errdetail("There are no more background worker slots."),
			 errhint("Ask for fewer clients, or raise max_worker_processes (now %d) and restart the server.",
					 max_worker_processes)));
}

BackgroundWorkerHandle *
ct_launch_leader(dsm_segment *segment)
{
	return launch_process(segment, "ct_leader_main", "ct_ext leader", "ct_ext leader", 0);
}

BackgroundWorkerHandle *
ct_launch_worker(dsm_segment *segment, int64 run_id, int worker)
{
	char		name[BGW_MAXLEN];

	if (run_id == 0)
		snprintf(name, sizeof(name), "ct_ext worker %d", worker + 1);
	else
		snprintf(name, sizeof(name), "ct_ext worker %d of run " INT64_FORMAT, worker + 1, run_id);
	return launch_process(segment, "ct_worker_main", name, "ct_ext worker", worker);
}

BackgroundWorkerHandle *
ct_launch_locker(dsm_segment *segment, int64 run_id)
{
	char		name[BGW_MAXLEN];

	snprintf(name, sizeof(name), "ct_ext locker of run " INT64_FORMAT, run_id);
	return launch_process(segment, "ct_locker_main", name, "ct_ext locker", 0);
}

BackgroundWorkerHandle *
ct_launch_spec_session(dsm_segment *segment, const char *session, int number)
{
	char		name[BGW_MAXLEN];

	snprintf(name, sizeof(name), "ct_ext session %s", session);
	return launch_process(segment, "ct_spec_session_main", name, "ct_ext session", number);
}

/*
 * The segment is unmapped before a process leaves its condition variable for
 * good, so outside a transaction (whose abort would do it) we have to leave it
 * earlier ourselves.
 */
static void
launch_leave_condition_variable(int code, Datum arg)
{
	ConditionVariableCancelSleep();
}

/* where what ends this process is told, while the segment is mapped */
static CtErrorReport *launch_report = NULL;
static emit_log_hook_type previous_emit_log_hook = NULL;

/* What is caught isn't emitted: an error that is will end us. */
static void
launch_remember_error(ErrorData *edata)
{
	if (edata->elevel >= ERROR && launch_report != NULL && launch_report->sqlstate == 0)
		ct_error_store(launch_report, edata);
	if (previous_emit_log_hook)
		previous_emit_log_hook(edata);
}

static void
launch_detached(dsm_segment *segment, Datum arg)
{
	launch_report = NULL;
}

void
ct_launch_report_to(dsm_segment *segment, CtErrorReport *report)
{
	launch_report = report;
	on_dsm_detach(segment, launch_detached, (Datum) 0);
	previous_emit_log_hook = emit_log_hook;
	emit_log_hook = launch_remember_error;
}

dsm_segment *
ct_launch_begin(Datum main_arg, int *worker)
{
	dsm_segment *segment;

	/* SIGTERM ends us at the next interrupt check, SIGINT what we execute */
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, StatementCancelHandler);
	BackgroundWorkerUnblockSignals();
	memcpy(worker, MyBgworkerEntry->bgw_extra, sizeof(*worker));

	/* no resource owner yet, so that this lasts until we exit */
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the run's shared memory is gone"),
				 errdetail("Whoever started the run has given up already.")));
	before_shmem_exit(launch_leave_condition_variable, (Datum) 0);
	return segment;
}

void
ct_launch_connect(const CtShared *shared)
{
	BackgroundWorkerInitializeConnectionByOid(shared->database, shared->role,
											  CT_WORKER_CONNECTION_FLAGS);
}

const char *
ct_launch_search_path(const char *sandbox, const char *search_path)
{
	const char *behind = search_path ? search_path : "";

	if (sandbox == NULL || sandbox[0] == '\0')
		return behind;
	return behind[0] == '\0' ? quote_identifier(sandbox) :
		psprintf("%s, %s", quote_identifier(sandbox), behind);
}
