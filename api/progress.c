/*
 * progress.c
 *		A run under way, read live from its shared memory.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "api/run.h"
#include "bgworker/shm/merge.h"
#include "bgworker/shm/shared.h"
#include "src/catalog/version.h"
#include "src/plan/phase.h"
#include "src/plan/program.h"

CT_FUNCTION_INFO_V1(ct_run_progress);

#define PROGRESS_COLUMNS	13

static void
progress_put_ms(Datum *values, bool *nulls, int column, double ns)
{
	nulls[column] = isnan(ns);
	values[column] = Float8GetDatum(ns / 1e6);
}

/* The phase of the load; none before the warm-up's end, and once the workers have ended. */
static void
progress_put_phase(Datum *values, bool *nulls, int column, CtShared *shared, const CtPlan *plan)
{
	uint64		now = ct_now_ns();
	int			phase;

	if (plan->phases == NIL || now < shared->measure_from_ns || ct_shared_state(shared) != CT_RUN_RUNNING)
		return;
	phase = ct_phase_at(plan, (now - shared->measure_from_ns) / 1e9);
	nulls[column] = false;
	values[column] = CStringGetTextDatum(((CtPlanPhase *) list_nth(plan->phases, phase))->name);
}

/*
 * _ct_run_progress(run_id, shm_handle): one row, or NULLs if the run has ended.
 * phase, elapsed, workers, clients, transactions, failed, retries, tps, p50, p95, p99,
 * executions: of a run that explores, which has none of what is measured;
 * load_phase.
 */
Datum
ct_run_progress(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[PROGRESS_COLUMNS] = {0};
	bool		nulls[PROGRESS_COLUMNS];
	dsm_segment *segment;
	CtShared   *shared;
	CtRunState	state;
	bool		attached;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	memset(nulls, true, sizeof(nulls));
	if (!ct_run_is_visible(PG_GETARG_INT64(0), PG_GETARG_INT64(1)))
		PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
	shared = ct_shared_attach((dsm_handle) PG_GETARG_INT64(1), PG_GETARG_INT64(0),
							  &segment, &attached);
	if (shared == NULL)
		PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));

	state = ct_shared_state(shared);
	nulls[0] = nulls[1] = false;
	values[0] = CStringGetTextDatum(ct_run_state_name(state));
	values[1] = Float8GetDatum((GetCurrentTimestamp() - shared->started_at) / 1e6);
	if (state >= CT_RUN_RUNNING)
	{
		memset(nulls + 2, false, 2);
		values[2] = Int32GetDatum(shared->nworkers);
		values[3] = Int32GetDatum(shared->nclients);
	}
	if (state >= CT_RUN_RUNNING && ct_shared_stage(shared) != NULL)
	{
		nulls[11] = false;
		values[11] = Int64GetDatum((int64) pg_atomic_read_u64(&ct_shared_stage(shared)->executions));
	}
	else if (state >= CT_RUN_RUNNING)
	{
		CtHistogram *latency = palloc(sizeof(CtHistogram));
		const CtPlan *plan = ct_shared_plan(shared);
		CtTotals	totals;
		double		measured = ct_shared_measured_seconds(shared, ct_now_ns());

		ct_merge_totals(shared, &totals);
		ct_merge_latency(shared, ct_program_load(plan), latency);
		progress_put_phase(values, nulls, 12, shared, plan);
		memset(nulls + 4, false, 4);
		values[4] = Int64GetDatum(totals.transactions);
		values[5] = Int64GetDatum(totals.failed);
		values[6] = Int64GetDatum(totals.retries);
		values[7] = Float8GetDatum(measured > 0 ? totals.transactions / measured : 0);
		progress_put_ms(values, nulls, 8, ct_histogram_quantile(latency, 0.50));
		progress_put_ms(values, nulls, 9, ct_histogram_quantile(latency, 0.95));
		progress_put_ms(values, nulls, 10, ct_histogram_quantile(latency, 0.99));
	}
	if (attached)
		dsm_detach(segment);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
