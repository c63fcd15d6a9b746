/*
 * phases.c
 *		How a run went in each of its phases: rows of what workers have counted,
 *		and when it had recovered.
 *
 * Recovery (src/metrics/recovery.h) is seen in the seconds of the timeline, by
 * the transactions that ended in them, as a user sees it: what a spike has left
 * behind is executed after it.  It is told of the phases after the baseline.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "bgworker/phases.h"
#include "bgworker/shm/slot.h"
#include "src/plan/phase.h"
#include "src/results/rows.h"

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

/* How long a transaction may take, by the latencies of the baseline so far. */
static double
phases_limit(const CtLeader *leader, int baseline)
{
	static CtHistogram latency;
	CtShared   *shared = leader->shared;
	int			i;

	memset(&latency, 0, sizeof(CtHistogram));
	for (i = 0; i < shared->nworkers; i++)
		ct_histogram_add(&latency, ct_slot_histogram(ct_shared_slot(shared, i),
													 leader->program->phases[baseline].histogram));
	return ct_recovery_limit(&latency);
}

/*
 * Which transaction the worker is at: 1 + how many it has ended; 0 if it is at
 * none.  When all have ended it is the one that it was stopped at.
 */
static uint64
phases_under_way(const CtLeader *leader, int worker)
{
	CtSlot	   *slot = ct_shared_slot(leader->shared, worker);
	CtAt		what = CT_AT_WHAT(ct_slot_at(slot));

	if (leader->end_ns == 0 &&
		(pg_atomic_read_u32(&slot->state) != CT_WORKER_WORKING || what == CT_AT_GATE || what == CT_AT_DUE))
		return 0;
	return 1 + slot->all_transactions + slot->failed;
}

/* How many workers have stood still in the second that is over. */
static int
phases_still(const CtLeader *leader, uint64 until_ns, double limit_ns)
{
	int			still = 0;
	int			i;

	for (i = 0; i < leader->shared->nworkers && leader->standing != NULL; i++)
		if (ct_standing_is_still(&leader->standing[i], phases_under_way(leader, i), until_ns, limit_ns))
			still++;
	return still;
}

/* A second, into the times of recovery of the phases. */
static void
phases_look(CtLeader *leader, CtRecovery *recoveries, uint64 from_ns, uint64 until_ns,
			const CtHistogram *latency)
{
	uint64		measure_from_ns = leader->shared->measure_from_ns;
	uint64		middle = from_ns + (until_ns - from_ns) / 2;
	CtRecoveryBaseline baseline;
	CtRecoverySecond second;
	int			first = ct_phase_baseline(leader->plan);
	int			phase;

	if (middle < measure_from_ns)
		return;
	phase = ct_phase_at(leader->plan, (middle - measure_from_ns) / 1e9);
	if (phase < first)
		return;
	baseline.limit_ns = phases_limit(leader, first);
	second.still = phases_still(leader, until_ns, baseline.limit_ns);
	if (phase == first)
	{
		leader->baseline_still = Max(leader->baseline_still, second.still);
		return;
	}
	baseline.still = leader->baseline_still;
	second.until_s = (until_ns - measure_from_ns) / 1e9 - ct_phase_begin(leader->plan, phase);
	second.latency = latency;
	second.workers = leader->shared->nworkers;
	ct_recovery_note(&recoveries[phase], &baseline, &second);
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
		leader->standing = MemoryContextAllocZero(leader->context, leader->shared->nworkers * sizeof(CtStanding));
	}
	phases_look(leader, leader->recoveries, from_ns, until_ns, latency);
	for (i = 0; i < leader->shared->nworkers; i++)
		ct_standing_note(&leader->standing[i], phases_under_way(leader, i), until_ns);
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
		row->recovery_s = rint(ct_recovery_seconds(&recoveries[i]) * 1000) / 1000;
		results->phases = lappend(results->phases, row);
		begin += plan->duration;
	}
	pfree(recoveries);
}
