/*
 * locker.c
 *		The process that holds a lock now and then; see locker.h.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bgworker/launch.h"
#include "bgworker/locker.h"
#include "src/base/ct_compat.h"
#include "src/base/pause.h"

/* before the lock is tried again, where something else than others kept it from us */
#define AGAIN_MS	50

/* whoever waits for orders looks up as often, should nobody wake it */
#define ORDERS_MS	1000

/* ---- the locker ---- */

static CtShared *my_shared = NULL;

static void
locker_tell(CtLockerState state)
{
	pg_write_barrier();
	pg_atomic_write_u32(&my_shared->locker.state, state);
	ConditionVariableBroadcast(&my_shared->news);
}

static bool
locker_told_to_go(void)
{
	return pg_atomic_read_u32(&my_shared->stop) >= CT_STOP_SESSIONS;
}

static bool
locker_is_ordered(void)
{
	return (pg_atomic_read_u32(&my_shared->locker.order) & 1) != 0 && !locker_told_to_go();
}

/* The leader's is no reason for a FATAL in the log; anybody else's is the end of us. */
static void
locker_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (locker_told_to_go())
		StatementCancelHandler(ct_signal_args);
	else
		die(ct_signal_args);
	errno = save_errno;
}

static void
locker_detached(dsm_segment *segment, Datum arg)
{
	uint32		state = pg_atomic_read_u32(&my_shared->locker.state);

	pqsignal(SIGTERM, die);		/* what ours looks at is about to be unmapped */
	my_shared->locker.procno = -1;
	if (state != CT_LOCKER_FAILED)
		locker_tell(locker_told_to_go() ? CT_LOCKER_NONE : CT_LOCKER_LOST);
}

/* Takes the lock, in the transaction that is open. */
static void
locker_lock(const CtPlan *plan, RangeVar *table)
{
	char		relkind;

	/* by the statement itself, which asks for the privileges, too */
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(psprintf("LOCK TABLE ONLY %s IN %s MODE",
							 quote_qualified_identifier(table->schemaname, table->relname),
							 plan->lock_mode), false, 0) < 0)
		elog(ERROR, "SPI_execute failed");
	SPI_finish();

	relkind = get_rel_relkind(RangeVarGetRelid(table, NoLock, false));
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" of lock_hold is not a table", plan->lock_table)));
}

/* From the queue to the end of the hold; raises what keeps it from that. */
static void
locker_hold(const CtPlan *plan, RangeVar *table)
{
	locker_tell(CT_LOCKER_WAITS);
	pg_memory_barrier();		/* pairs with that of the order: who takes it back cancels us, or we see it */
	if (!locker_is_ordered())
		return;
	ct_leader_begin(0);
	pgstat_report_activity(STATE_RUNNING, "ct_ext: locking a table");
	locker_lock(plan, table);
	InvalidateCatalogSnapshot();
	pgstat_report_activity(STATE_IDLEINTRANSACTION, NULL);
	my_shared->locker.since_ns = ct_now_ns();
	my_shared->locker.times_held++;
	locker_tell(CT_LOCKER_HOLDS);
	while (locker_is_ordered())
		(void) ct_pause_latch(ORDERS_MS, CT_WAIT_PAUSE);
	CommitTransactionCommand();
	pgstat_report_stat(false);
}

/* After an error: raises it again, unless the lock is given up or to be tried again. */
static void
locker_recover(void)
{
	int			sqlstate = geterrcode();

	if (sqlstate != ERRCODE_QUERY_CANCELED && !ct_leader_may_retry(sqlstate))
		PG_RE_THROW();
	FlushErrorState();
	AbortOutOfAnyTransaction();
}

/* Waits until the lock is to be had, or until told to go. */
static void
locker_await_order(void)
{
	CtLocker   *locker = &my_shared->locker;
	uint32		order;

	/* who cancels us now is too late: there is nothing to cancel */
	HOLD_CANCEL_INTERRUPTS();
	pgstat_report_activity(STATE_IDLE, NULL);
	while (((order = pg_atomic_read_u32(&locker->order)) & 1) == 0 && !locker_told_to_go())
	{
		locker->heard = order;
		locker_tell(CT_LOCKER_IDLE);
		(void) ct_pause_latch(ORDERS_MS, CT_WAIT_GATE);
	}
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
}

/* Does as it is told until it is told to go. */
static void
locker_serve(const CtPlan *plan, MemoryContext context)
{
	RangeVar   *table = makeRangeVarFromNameList(ct_qualified_names(plan->lock_table));

	while (!locker_told_to_go())
	{
		volatile bool failed = false;

		locker_await_order();
		while (locker_is_ordered())
		{
			PG_TRY();
			{
				if (failed)
					(void) ct_pause_latch(AGAIN_MS, CT_WAIT_PAUSE);
				locker_hold(plan, table);
			}
			PG_CATCH();
			{
				MemoryContextSwitchTo(context);
				locker_recover();
				failed = true;
			}
			PG_END_TRY();
			MemoryContextSwitchTo(context);
		}
	}
}

void
ct_locker_main(Datum main_arg)
{
	CtPlan	   *plan;
	dsm_segment *segment;
	MemoryContext context;
	sigjmp_buf	local_sigjmp_buf;
	int			number;

	segment = ct_launch_begin(main_arg, &number);
	ct_process_role = CT_PROCESS_WORKER;
	my_shared = ct_shared_address(segment);
	my_shared->locker.pid = MyProcPid;
	my_shared->locker.procno = ct_my_procno();
	on_dsm_detach(segment, locker_detached, (Datum) 0);
	ct_launch_report_to(segment, &my_shared->locker.error);
	pqsignal(SIGTERM, locker_sigterm);
	if (!BecomeLockGroupMember(&ProcGlobal->allProcs[my_shared->leader_procno], my_shared->leader_pid))
		return;					/* the leader is gone */
	ct_launch_connect(my_shared);

	context = AllocSetContextCreate(TopMemoryContext, "ct_ext locker", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(context);

	/* what isn't tried again is told to the leader, and ends us */
	if (sigsetjmp(local_sigjmp_buf, 1) != 0)
	{
		error_context_stack = NULL;
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(TopMemoryContext);
		ct_error_store(&my_shared->locker.error, CopyErrorData());
		FlushErrorState();
		AbortOutOfAnyTransaction();
		locker_tell(CT_LOCKER_FAILED);
		proc_exit(0);
	}
	PG_exception_stack = &local_sigjmp_buf;

	plan = ct_shared_plan(my_shared);
	SetConfigOption("application_name", psprintf("ct_ext run " INT64_FORMAT " locker", my_shared->run_id),
					PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("search_path", ct_launch_search_path(my_shared->sandbox, plan->search_path),
					PGC_USERSET, PGC_S_SESSION);
	locker_serve(plan, context);
}

/* ---- the leader ---- */

/* Raises if it couldn't go on, with its reason. */
static void
locker_check(CtLeader *leader)
{
	CtLocker   *locker = &leader->shared->locker;
	uint32		state = pg_atomic_read_u32(&locker->state);
	pid_t		pid;

	/* one that never came to life can't tell so itself */
	if (state == CT_LOCKER_LAUNCHED && GetBackgroundWorkerPid(leader->locker, &pid) == BGWH_STOPPED &&
		pg_atomic_read_u32(&locker->state) == CT_LOCKER_LAUNCHED)
		state = CT_LOCKER_LOST;
	pg_read_barrier();
	if (state == CT_LOCKER_FAILED)
		ct_error_raise(&locker->error, ERROR);
	if (state == CT_LOCKER_LOST)
		ereport(ERROR,
				(errcode(locker->error.sqlstate ? locker->error.sqlstate : ERRCODE_CONNECTION_FAILURE),
				 errmsg("the process that holds the lock of lock_hold was lost"),
				 locker->error.sqlstate ? errdetail_internal("%s", locker->error.message) :
				 errdetail("It ended before the run did; the server's log says why.")));
}

/* Is the lock to be had, as far as we have said? */
static bool
locker_is_wanted(const CtLeader *leader)
{
	return (pg_atomic_read_u32(&leader->shared->locker.order) & 1) != 0;
}

/* Has it the lock given back, and nothing to do? */
static bool
locker_is_idle(const CtLeader *leader)
{
	CtLocker   *locker = &leader->shared->locker;

	if (pg_atomic_read_u32(&locker->state) != CT_LOCKER_IDLE)
		return false;
	pg_read_barrier();
	return locker->heard == pg_atomic_read_u32(&locker->order);
}

/* The lock is to be had, or, if it is to be had so far, to be given up: who waits for it is cancelled. */
static void
locker_order(CtLeader *leader)
{
	CtLocker   *locker = &leader->shared->locker;
	bool		wanted = (pg_atomic_add_fetch_u32(&locker->order, 1) & 1) != 0;
	int			procno = *(const volatile int *) &locker->procno;

	if (procno < 0)
		return;
	if (!wanted && pg_atomic_read_u32(&locker->state) == CT_LOCKER_WAITS)
		kill(locker->pid, SIGINT);
	SetLatch(&ProcGlobal->allProcs[procno].procLatch);
}

void
ct_locker_launch(CtLeader *leader)
{
	CtShared   *shared = leader->shared;

	if (leader->plan->lock_table == NULL)
		return;
	BecomeLockGroupLeader();
	pg_atomic_write_u32(&shared->locker.state, CT_LOCKER_LAUNCHED);
	leader->locker = ct_launch_locker(leader->segment, shared->run_id);
	if (leader->locker == NULL)
	{
		pg_atomic_write_u32(&shared->locker.state, CT_LOCKER_NONE);
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker slot is free for the process that holds the lock of lock_hold"),
				 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
						 max_worker_processes)));
	}
}

bool
ct_locker_is_ready(CtLeader *leader)
{
	if (leader->locker == NULL)
		return true;
	locker_check(leader);
	return locker_is_idle(leader);
}

uint64
ct_locker_turn(CtLeader *leader, uint64 now)
{
	const CtPlan *plan = leader->plan;
	CtLocker   *locker = &leader->shared->locker;
	uint64		until_ns;

	if (leader->locker == NULL)
		return PG_UINT64_MAX;
	locker_check(leader);
	if (leader->hold_next_ns == 0)
		leader->hold_next_ns = leader->shared->gate_ns + (uint64) (plan->lock_after * 1e9);
	if (now >= leader->stop_due_ns || leader->stopping)
	{
		if (locker_is_wanted(leader))
			locker_order(leader);
		return PG_UINT64_MAX;
	}
	if (!locker_is_wanted(leader))
	{
		if (!locker_is_idle(leader))
			return PG_UINT64_MAX;
		if (now < leader->hold_next_ns)
			return leader->hold_next_ns;
		leader->hold_next_ns = now + (uint64) (plan->lock_every * 1e9);
		locker_order(leader);
		return PG_UINT64_MAX;
	}
	if (pg_atomic_read_u32(&locker->state) != CT_LOCKER_HOLDS)
		return PG_UINT64_MAX;
	pg_read_barrier();
	until_ns = locker->since_ns + (uint64) (plan->lock_duration * 1e9);
	if (now < until_ns)
		return until_ns;
	locker_order(leader);
	return PG_UINT64_MAX;
}

void
ct_locker_release(CtLeader *leader)
{
	if (leader->locker == NULL)
		return;
	if (locker_is_wanted(leader))
		locker_order(leader);
	while (!ct_locker_is_ready(leader))
		ct_leader_wait(leader, ct_now_ns() + CT_NS_PER_S);
	ct_leader_end_wait();
	leader->times_held = leader->shared->locker.times_held;
}

void
ct_locker_end(CtLeader *leader)
{
	if (leader->locker == NULL)
		return;
	TerminateBackgroundWorker(leader->locker);
	(void) WaitForBackgroundWorkerShutdown(leader->locker);
	leader->locker = NULL;
}

void
ct_locker_forsake(CtShared *shared)
{
	uint32		state = pg_atomic_read_u32(&shared->locker.state);

	if (state == CT_LOCKER_IDLE || state == CT_LOCKER_WAITS || state == CT_LOCKER_HOLDS)
		kill(shared->locker.pid, SIGTERM);
}
