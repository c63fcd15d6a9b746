/*
 * ct_bench.c
 *		The bare loop that ct_ext is measured against.
 *
 * Background workers that repeat the prepared plans of a pgbench script by
 * SPI: a transaction, a snapshot for each statement, and a count.  There is
 * no script, no latency, no statement in pg_stat_activity, no timeout, no
 * error handling and no clock but every CT_BATCH transactions, so what
 * ct_ext does on top of this is what its recording costs.  And workers that
 * do nothing but connect, which is what any run has to wait for.
 *
 * Locking: the header's counters are atomics; "changed" is broadcast after
 * each change that somebody waits for.  An error in a worker ends it; the
 * caller finds that its handle is stopped, and raises.
 */
#include "postgres.h"

#include <time.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(ct_bare_loop);
PG_FUNCTION_INFO_V1(ct_bare_fork);

extern PGDLLEXPORT void ct_bench_main(Datum main_arg);

#define CT_BATCH		16		/* transactions between looks at the clock */
#define CT_MAX_PARAMS	4

typedef enum CtBareKind
{
	CT_BARE_CONNECT,			/* connect and leave */
	CT_BARE_SELECT_ONLY,
	CT_BARE_SIMPLE_UPDATE
} CtBareKind;

typedef struct CtBareCount
{
	uint64		transactions;	/* written at the worker's end */
	char		pad[PG_CACHE_LINE_SIZE - sizeof(uint64)];
} CtBareCount;

typedef struct CtBare
{
	CtBareKind	kind;
	Oid			database;
	Oid			role;
	int			scale;
	uint64		stop_ns;		/* written before the gate opens */
	pg_atomic_uint32 ready;
	pg_atomic_uint32 gate;
	pg_atomic_uint32 done;
	ConditionVariable changed;
	CtBareCount counts[FLEXIBLE_ARRAY_MEMBER];
} CtBare;

/* a statement and where its parameters come from */
typedef struct CtBareStatement
{
	const char *text;
	int			nparams;
	Oid			types[CT_MAX_PARAMS];
	int			sources[CT_MAX_PARAMS];
	SPIPlanPtr	plan;
	ParamListInfo params;
} CtBareStatement;

/* the variables of pgbench's builtin scripts */
enum
{
	VAR_AID, VAR_BID, VAR_TID, VAR_DELTA, NVARS
};

static CtBareStatement select_only[] = {
	{"SELECT abalance FROM pgbench_accounts WHERE aid = $1", 1, {INT4OID}, {VAR_AID}}
};

static CtBareStatement simple_update[] = {
	{"UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2", 2,
		{INT4OID, INT4OID}, {VAR_DELTA, VAR_AID}},
	{"SELECT abalance FROM pgbench_accounts WHERE aid = $1", 1, {INT4OID}, {VAR_AID}},
	{"INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)", 4,
		{INT4OID, INT4OID, INT4OID, INT4OID}, {VAR_TID, VAR_BID, VAR_AID, VAR_DELTA}}
};

static uint64
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64) ts.tv_sec * UINT64CONST(1000000000) + ts.tv_nsec;
}

/* ---- the worker ---- */

static void
prepare(CtBareStatement *statements, int n)
{
	int			i;
	int			p;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	for (i = 0; i < n; i++)
	{
		CtBareStatement *statement = &statements[i];
		MemoryContext oldcontext;

		statement->plan = SPI_prepare(statement->text, statement->nparams, statement->types);
		if (statement->plan == NULL || SPI_keepplan(statement->plan) != 0)
			elog(ERROR, "could not prepare \"%s\"", statement->text);
		oldcontext = MemoryContextSwitchTo(TopMemoryContext);
		statement->params = makeParamList(statement->nparams);
		MemoryContextSwitchTo(oldcontext);
		for (p = 0; p < statement->nparams; p++)
		{
			statement->params->params[p].ptype = statement->types[p];
			statement->params->params[p].pflags = PARAM_FLAG_CONST;
			statement->params->params[p].isnull = false;
		}
	}
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Repeats the statements until the time is up; returns how often. */
static uint64
run_for(CtBareStatement *statements, int n, int scale, uint64 stop_ns)
{
	uint64		transactions = 0;
	SPIExecuteOptions options;
	pg_prng_state random;

	memset(&options, 0, sizeof(options));
	options.dest = None_Receiver;
	pg_prng_seed(&random, (uint64) MyProcPid);

	for (;;)
	{
		int64		vars[NVARS];
		int			i;
		int			p;

		if (transactions % CT_BATCH == 0 && now_ns() >= stop_ns)
			return transactions;
		CHECK_FOR_INTERRUPTS();

		vars[VAR_AID] = pg_prng_uint64_range(&random, 1, 100000 * (uint64) scale);
		if (n > 1)
		{
			vars[VAR_BID] = pg_prng_uint64_range(&random, 1, scale);
			vars[VAR_TID] = pg_prng_uint64_range(&random, 1, 10 * (uint64) scale);
			vars[VAR_DELTA] = (int64) pg_prng_uint64_range(&random, 0, 10000) - 5000;
		}

		StartTransactionCommand();
		for (i = 0; i < n; i++)
		{
			CtBareStatement *statement = &statements[i];

			for (p = 0; p < statement->nparams; p++)
				statement->params->params[p].value =
					Int32GetDatum((int32) vars[statement->sources[p]]);
			options.params = statement->params;

			PushActiveSnapshot(GetTransactionSnapshot());
			SPI_connect();
			if (SPI_execute_plan_extended(statement->plan, &options) < 0)
				elog(ERROR, "could not execute \"%s\"", statement->text);
			SPI_finish();
			PopActiveSnapshot();
		}
		CommitTransactionCommand();
		pgstat_report_stat(false);
		transactions++;
	}
}

void
ct_bench_main(Datum main_arg)
{
	dsm_segment *segment;
	CtBare	   *bare;
	int			number;
	CtBareStatement *statements = NULL;
	int			n = 0;

	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	memcpy(&number, MyBgworkerEntry->bgw_extra, sizeof(number));
	segment = dsm_attach(DatumGetUInt32(main_arg));
	if (segment == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the benchmark's shared memory is gone")));
	bare = dsm_segment_address(segment);
	BackgroundWorkerInitializeConnectionByOid(bare->database, bare->role, 0);

	if (bare->kind == CT_BARE_SELECT_ONLY)
	{
		statements = select_only;
		n = lengthof(select_only);
	}
	else if (bare->kind == CT_BARE_SIMPLE_UPDATE)
	{
		statements = simple_update;
		n = lengthof(simple_update);
	}
	if (n > 0)
		prepare(statements, n);

	pg_atomic_fetch_add_u32(&bare->ready, 1);
	ConditionVariableBroadcast(&bare->changed);
	if (n > 0)
	{
		ConditionVariablePrepareToSleep(&bare->changed);
		while (pg_atomic_read_u32(&bare->gate) == 0)
			ConditionVariableSleep(&bare->changed, PG_WAIT_EXTENSION);
		ConditionVariableCancelSleep();
		bare->counts[number].transactions = run_for(statements, n, bare->scale, bare->stop_ns);
		pgstat_report_stat(true);
	}
	pg_atomic_fetch_add_u32(&bare->done, 1);
	ConditionVariableBroadcast(&bare->changed);
}

/* ---- the caller ---- */

static CtBare *
create(CtBareKind kind, int workers, int scale, dsm_segment **segment)
{
	Size		size = offsetof(CtBare, counts) + workers * sizeof(CtBareCount);
	CtBare	   *bare;

	*segment = dsm_create(size, 0);
	bare = dsm_segment_address(*segment);
	memset(bare, 0, size);
	bare->kind = kind;
	bare->database = MyDatabaseId;
	bare->role = GetUserId();
	bare->scale = scale;
	pg_atomic_init_u32(&bare->ready, 0);
	pg_atomic_init_u32(&bare->gate, 0);
	pg_atomic_init_u32(&bare->done, 0);
	ConditionVariableInit(&bare->changed);
	return bare;
}

static BackgroundWorkerHandle *
launch(dsm_segment *segment, int number)
{
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	memset(&worker, 0, sizeof(worker));
	strlcpy(worker.bgw_name, "ct_bench worker", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "ct_bench worker", sizeof(worker.bgw_type));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, "ct_bench", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "ct_bench_main", sizeof(worker.bgw_function_name));
	worker.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(segment));
	memcpy(worker.bgw_extra, &number, sizeof(number));
	worker.bgw_notify_pid = MyProcPid;
	if (!RegisterDynamicBackgroundWorker(&worker, &handle))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker slot is free"),
				 errhint("Raise max_worker_processes and restart the server.")));
	return handle;
}

/* Waits until a counter of the workers' has come to n. */
static void
await(CtBare *bare, pg_atomic_uint32 *counter, int n, BackgroundWorkerHandle **handles)
{
	ConditionVariablePrepareToSleep(&bare->changed);
	while (pg_atomic_read_u32(counter) < n)
	{
		int			stopped = 0;
		int			i;
		pid_t		pid;

		for (i = 0; i < n; i++)
			stopped += GetBackgroundWorkerPid(handles[i], &pid) == BGWH_STOPPED;
		if (stopped > pg_atomic_read_u32(&bare->done))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("a worker of the benchmark was lost"),
					 errdetail("The server's log says why.")));
		(void) ConditionVariableTimedSleep(&bare->changed, 100, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

/* ct_bare_loop(kind text, workers int, duration float8, scale int) returns bigint */
Datum
ct_bare_loop(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			workers = PG_GETARG_INT32(1);
	double		duration = PG_GETARG_FLOAT8(2);
	int			scale = PG_GETARG_INT32(3);
	CtBareKind	kind;
	dsm_segment *segment;
	CtBare	   *bare;
	BackgroundWorkerHandle **handles;
	uint64		total = 0;
	int			i;

	if (strcmp(name, "select-only") == 0)
		kind = CT_BARE_SELECT_ONLY;
	else if (strcmp(name, "simple-update") == 0)
		kind = CT_BARE_SIMPLE_UPDATE;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kind must be \"select-only\" or \"simple-update\"")));
	if (workers < 1 || workers > 1000 || scale < 1 || !(duration > 0 && duration <= 3600))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("workers, duration or scale out of range")));

	bare = create(kind, workers, scale, &segment);
	handles = palloc(workers * sizeof(BackgroundWorkerHandle *));
	for (i = 0; i < workers; i++)
		handles[i] = launch(segment, i);
	await(bare, &bare->ready, workers, handles);

	/*
	 * Let vacuum go on while we wait, as ct_run does.  It is safe only as
	 * long as nobody looks through our snapshot again, which nothing here
	 * checks: hence "alone in its statement".
	 */
	InvalidateCatalogSnapshot();
	MyProc->xmin = InvalidTransactionId;

	bare->stop_ns = now_ns() + (uint64) (duration * 1e9);
	pg_write_barrier();
	pg_atomic_write_u32(&bare->gate, 1);
	ConditionVariableBroadcast(&bare->changed);
	await(bare, &bare->done, workers, handles);
	for (i = 0; i < workers; i++)
		total += bare->counts[i].transactions;
	dsm_detach(segment);
	PG_RETURN_INT64(total);
}

/* ct_bare_fork(workers int) returns float8 */
Datum
ct_bare_fork(PG_FUNCTION_ARGS)
{
	int			workers = PG_GETARG_INT32(0);
	BackgroundWorkerHandle **handles;
	dsm_segment *segment;
	CtBare	   *bare;
	uint64		start;
	uint64		end;
	int			i;

	if (workers < 1 || workers > 1000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("workers out of range")));
	bare = create(CT_BARE_CONNECT, workers, 1, &segment);
	handles = palloc(workers * sizeof(BackgroundWorkerHandle *));
	start = now_ns();
	for (i = 0; i < workers; i++)
	{
		handles[i] = launch(segment, i);
		await(bare, &bare->ready, i + 1, handles);
	}
	end = now_ns();
	for (i = 0; i < workers; i++)
		(void) WaitForBackgroundWorkerShutdown(handles[i]);
	dsm_detach(segment);
	PG_RETURN_FLOAT8((end - start) / 1e6);
}
