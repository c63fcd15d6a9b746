/*
 * phases.c
 *		How a run went in each of its phases: rows of what workers have counted,
 *		and when it had recovered.
 *
 * Recovery is seen in the seconds of the timeline, by the transactions that
 * ended in them, as a user sees it: what a spike has left behind is executed
 * after it.  A second is slow if more than 5 % of its transactions, and more
 * than chance makes of 5 %, took longer than 1.2 times the 95th percentile of
 * the first phase; or if nothing ended in it, though a transaction was under
 * way from its beginning to its end.  A phase has recovered when its last slow second was over,
 * or at once if it had none; not, if that is how it ended.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "bgworker/phases.h"
#include "bgworker/shm/slot.h"
#include "src/plan/phase.h"
#include "src/results/rows.h"

/* how much longer than the first phase's is as long */
#define RECOVERED	1.2

/* standard deviations that are chance: of a thousand seconds that are as they should be, one is slow */
#define CHANCE		3.0

const char *
ct_phases_name(const CtLeader *leader, uint64 at_ns)
{
	const CtShared *shared = leader->shared;
	const CtPlan *plan = leader->plan;

	if (plan->phases == NIL || at_ns < shared->measure_from_ns)
		return NULL;
	return ((CtPlanPhase *) list_nth(plan->phases,
									 ct_phase_at(plan, (at_ns - shared->measure_from_ns) / 1e9)))->name;
}

/* The latencies of the first phase so far. */
static const CtHistogram *
phases_baseline(CtLeader *leader)
{
	static CtHistogram baseline;
	CtShared   *shared = leader->shared;
	int			i;

	memset(&baseline, 0, sizeof(CtHistogram));
	for (i = 0; i < shared->nworkers; i++)
		ct_histogram_add(&baseline, ct_slot_histogram(ct_shared_slot(shared, i),
													  leader->program->phases[0].histogram));
	return &baseline;
}

static bool
phases_is_slow(const CtHistogram *latency, double limit)
{
	double		n = latency->count;

	return ct_histogram_above(latency, limit) > 0.05 * n + CHANCE * sqrt(0.05 * 0.95 * n);
}

/*
 * Which transaction the worker is at: 1 + how many it has ended; 0 if it is at
 * none.
 */
static uint64
phases_under_way(CtSlot *slot)
{
	CtAt		what = CT_AT_WHAT(ct_slot_at(slot));

	if (pg_atomic_read_u32(&slot->state) != CT_WORKER_WORKING || what == CT_AT_GATE || what == CT_AT_DUE)
		return 0;
	return 1 + slot->all_transactions + slot->failed;
}

/* Has a worker been at the same transaction since the last second was noted? */
static bool
phases_is_stuck(const CtLeader *leader)
{
	int			i;

	for (i = 0; i < leader->shared->nworkers && leader->under_way != NULL; i++)
		if (leader->under_way[i] != 0 &&
			leader->under_way[i] == phases_under_way(ct_shared_slot(leader->shared, i)))
			return true;
	return false;
}

/* A second, into the times of recovery of the phases. */
static void
phases_look(CtLeader *leader, CtRecovery *recoveries, uint64 from_ns, uint64 until_ns,
			const CtHistogram *latency)
{
	double		limit;
	CtShared   *shared = leader->shared;
	uint64		middle = from_ns + (until_ns - from_ns) / 2;
	CtRecovery *recovery;
	int			phase;

	if (middle < shared->measure_from_ns || (latency->count == 0 && !phases_is_stuck(leader)))
		return;
	phase = ct_phase_at(leader->plan, (middle - shared->measure_from_ns) / 1e9);
	if (phase == 0)
		return;
	recovery = &recoveries[phase];
	recovery->seen = true;
	limit = RECOVERED * ct_histogram_quantile(phases_baseline(leader), 0.95);
	recovery->slow = latency->count > 0 ? phases_is_slow(latency, limit) : !(until_ns - from_ns <= limit);
	if (recovery->slow)
		recovery->slow_until_ns = until_ns;
}

void
ct_phases_note_second(CtLeader *leader, uint64 from_ns, uint64 until_ns, const CtHistogram *latency)
{
	int			i;

	if (leader->plan->phases == NIL)
		return;
	if (leader->recoveries == NULL)
	{
		leader->recoveries = MemoryContextAllocZero(leader->context, list_length(leader->plan->phases) *
													sizeof(CtRecovery));
		leader->under_way = MemoryContextAllocZero(leader->context, leader->shared->nworkers * sizeof(uint64));
	}
	phases_look(leader, leader->recoveries, from_ns, until_ns, latency);
	for (i = 0; i < leader->shared->nworkers; i++)
		leader->under_way[i] = phases_under_way(ct_shared_slot(leader->shared, i));
}

/* The times of recovery, with the second that isn't over yet or not noted; palloc'd. */
static CtRecovery *
phases_recoveries(CtLeader *leader, const CtHistogram *latency)
{
	CtRecovery *recoveries = palloc0(list_length(leader->plan->phases) * sizeof(CtRecovery));
	CtHistogram *rest = palloc(sizeof(CtHistogram));
	uint64		now = leader->end_ns ? leader->end_ns : ct_now_ns();

	if (leader->recoveries != NULL)
		memcpy(recoveries, leader->recoveries, list_length(leader->plan->phases) * sizeof(CtRecovery));
	ct_histogram_subtract(rest, latency, leader->last_latency);
	if (now > leader->last_ns)
		phases_look(leader, recoveries, leader->last_ns, now, rest);
	pfree(rest);
	return recoveries;
}

/* Seconds from the phase's beginning; NaN where there is nothing to tell. */
static double
phases_recovery(const CtLeader *leader, const CtRecovery *recovery, double begin)
{
	uint64		from_ns = leader->shared->measure_from_ns + (uint64) (begin * 1e9);

	if (!recovery->seen || recovery->slow)
		return get_float8_nan();
	return recovery->slow_until_ns > from_ns ? (recovery->slow_until_ns - from_ns) / 1e9 : 0;
}

void
ct_phases_measure(CtLeader *leader, CtResults *results)
{
	const CtProgram *program = leader->program;
	CtRecovery *recoveries;
	double		begin = 0;
	int			i;

	results->phases = NIL;
	if (program->nphases == 0)
		return;
	recoveries = phases_recoveries(leader, results->latency);
	for (i = 0; i < program->nphases; i++)
	{
		const CtPlanPhase *plan = program->phases[i].plan;
		const CtHistogram *h = &results->histograms[program->phases[i].histogram];
		CtPhaseRow *row = palloc0(sizeof(CtPhaseRow));

		row->position = i + 1;
		row->phase = plan->name;
		row->from_s = leader->plan->warmup + begin;
		row->seconds = Max(Min(plan->duration, results->seconds - begin), 0);
		row->rate = plan->rate > 0 ? plan->rate : get_float8_nan();
		row->clients = plan->clients > 0 ? plan->clients : leader->shared->nclients;
		row->transactions = h->counted;
		row->failed = h->failed;
		row->skipped = h->skipped;
		row->mean_ms = ct_rows_ms(ct_histogram_mean(h));
		row->p50_ms = ct_rows_ms(ct_histogram_quantile(h, 0.50));
		row->p90_ms = ct_rows_ms(ct_histogram_quantile(h, 0.90));
		row->p95_ms = ct_rows_ms(ct_histogram_quantile(h, 0.95));
		row->p99_ms = ct_rows_ms(ct_histogram_quantile(h, 0.99));
		row->p999_ms = ct_rows_ms(ct_histogram_quantile(h, 0.999));
		row->max_ms = ct_rows_max_ms(h);
		row->recovery_s = rint(phases_recovery(leader, &recoveries[i], begin) * 1000) / 1000;
		results->phases = lappend(results->phases, row);
		begin += plan->duration;
	}
	pfree(recoveries);
}
