/*
 * faults.c
 *		Faults while a run is loaded: sessions that are terminated, a lock that is
 *		held.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "bgworker/faults.h"
#include "src/base/ct_compat.h"
#include "src/plan/fault.h"
#include "src/plan/think.h"

/* ---- sessions that are terminated ---- */

volatile sig_atomic_t ct_kill_pending = false;
volatile sig_atomic_t ct_kill_open = false;

static CtWorker *kills_of = NULL;	/* whose sessions are terminated; NULL: nobody's */
static TimeoutId kills_timeout = MAX_TIMEOUTS;
static pg_prng_state kills_random;
static uint64 kills_next_ns;

/*
 * In a signal handler: what is under way ends at the next look at interrupts.
 * Where nothing is, the next look at ct_kill_pending is soon enough.
 */
static void
kills_handler(void)
{
	if (kills_of == NULL)
		return;
	ct_kill_pending = true;
	if (ct_kill_open)
		kills_of->session->cancel(kills_of->session);
	SetLatch(MyLatch);
}

/* The next one comes at a random time; those that have been missed meanwhile don't. */
static void
kills_arm(void)
{
	double		mean_ns = 1e9 * kills_of->shared->nworkers / kills_of->plan->kill_rate;
	uint64		now = ct_now_ns();

	kills_next_ns = Max(kills_next_ns, now) + ct_think_draw_exponential(mean_ns, &kills_random);
	if (kills_next_ns - now > UINT64CONST(86400) * CT_NS_PER_S)
		return;
	enable_timeout_at(kills_timeout, TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
																 (kills_next_ns - now) / CT_NS_PER_MS + 1));
}

void
ct_kills_begin(CtWorker *w)
{
	if (w->plan->kill_rate <= 0)
		return;
	if (kills_timeout == MAX_TIMEOUTS)
	{
		kills_timeout = RegisterTimeout(USER_TIMEOUT, kills_handler);
		pg_prng_seed(&kills_random, (uint64) w->plan->seed ^ ((uint64) (w->number + 1) << 32));
	}
	kills_of = w;
	kills_next_ns = ct_now_ns();
	kills_arm();
}

void
ct_kills_end(void)
{
	if (kills_of == NULL)
		return;
	kills_of = NULL;
	disable_timeout(kills_timeout, false);
	ct_kill_pending = false;
	QueryCancelPending = false;
}

void
ct_kill_session(CtWorker *w)
{
	ct_kill_pending = false;
	QueryCancelPending = false;
	w->session->renew(w->session, true);
	w->session_number++;
	w->slot->kills++;
	ct_worker_time_passes(w);
	if (kills_of != NULL && !ct_worker_stopped(w, CT_STOP_AFTER))
		kills_arm();
}

/* ---- a lock that is held ---- */

/* Takes it in the transaction that is open, and for the session. */
static void
hold_take(CtLeader *leader)
{
	const CtPlan *plan = leader->plan;
	LOCKMODE	mode = ct_fault_lockmode(plan->lock_mode);
	RangeVar   *table = makeRangeVarFromNameList(ct_qualified_names(plan->lock_table));
	Oid			oid;
	Relation	relation;

	/* by the statement itself, which asks for the privileges, too */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(psprintf("LOCK TABLE ONLY %s IN %s MODE",
							 quote_qualified_identifier(table->schemaname, table->relname),
							 plan->lock_mode), false, 0) < 0)
		elog(ERROR, "SPI_execute failed");
	SPI_finish();
	PopActiveSnapshot();

	oid = RangeVarGetRelid(table, NoLock, false);
	if (get_rel_relkind(oid) != RELKIND_RELATION && get_rel_relkind(oid) != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" of lock_hold is not a table", plan->lock_table)));
	relation = relation_open(oid, NoLock);
	leader->held = relation->rd_lockInfo.lockRelId;
	relation_close(relation, NoLock);
	LockRelationIdForSession(&leader->held, mode);
	leader->holds = true;
}

void
ct_lock_release(CtLeader *leader)
{
	if (!leader->holds)
		return;
	leader->holds = false;
	UnlockRelationIdForSession(&leader->held, ct_fault_lockmode(leader->plan->lock_mode));
}

uint64
ct_lock_hold(CtLeader *leader, uint64 now, int lock_ms)
{
	const CtPlan *plan = leader->plan;

	if (plan->lock_table == NULL)
		return PG_UINT64_MAX;
	if (leader->hold_next_ns == 0)
		leader->hold_next_ns = leader->shared->gate_ns + (uint64) (plan->lock_after * 1e9);
	if (now >= leader->stop_due_ns || leader->stopping)
	{
		ct_lock_release(leader);
		return PG_UINT64_MAX;
	}
	if (now < leader->hold_next_ns)
		return leader->hold_next_ns;
	if (leader->holds)
	{
		ct_lock_release(leader);
		leader->hold_next_ns = Max(leader->hold_began_ns + (uint64) (plan->lock_every * 1e9), now);
		return leader->hold_next_ns;
	}
	leader->hold_began_ns = now;
	/* where others have it, we come back soon, having waited in the queue for a while */
	if (ct_leader_try(leader, lock_ms, hold_take))
	{
		leader->hold_next_ns = ct_now_ns() + (uint64) (plan->lock_duration * 1e9);
		leader->times_held++;
	}
	return leader->hold_next_ns;
}
