/*
 * baseline.c
 *		Baselines: runs that later ones are compared with.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/snapmgr.h"

#include "src/catalog/baseline.h"
#include "src/catalog/row.h"
#include "src/catalog/rowset.h"

/* A text of the last query's result, which isn't null, in the current memory context. */
static char *
baseline_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

void
ct_catalog_baseline_begin_set(void)
{
	CtRow		row = {0};

	/* as the INSERT will; many may do so at once */
	(void) ct_row_execute(&row, "LOCK TABLE @ct_baseline IN ROW EXCLUSIVE MODE", false);
}

void
ct_catalog_baseline_begin_prune(CtCatalogScope *scope, CtArray *run_ids)
{
	CtRow		row = {0};
	int64	   *ids;
	uint64		i;

	/* of two that remove runs none waits for the other */
	(void) ct_row_execute(&row, "LOCK TABLE @ct_baseline IN SHARE MODE", false);
	PushActiveSnapshot(GetLatestSnapshot());
	(void) ct_row_execute(&row, "SELECT unnest(run_ids) FROM @ct_baseline", true);
	MemoryContextSwitchTo(scope->context);
	ids = palloc(Max(SPI_processed, 1) * sizeof(int64));
	for (i = 0; i < SPI_processed; i++)
		ids[i] = atoll(baseline_text(i, 1));
	run_ids->n = (int) SPI_processed;
	run_ids->elements = ids;
	PopActiveSnapshot();
}

List *
ct_catalog_baseline_runs(CtCatalogScope *scope, const int64 *run_ids, int n)
{
	CtArray		array = {n, run_ids};
	CtRow		row = {0};
	List	   *runs = NIL;
	uint64		i;

	ct_row_add(&row, INT8ARRAYOID, ct_array_datum(CT_INT8S, &array), false);
	/* the run may be one that the caller's statement has just waited for */
	PushActiveSnapshot(GetLatestSnapshot());
	(void) ct_row_execute(&row,
						  "SELECT r.run_id, coalesce(r.repeat_of, 0), r.status, r.role::oid, coalesce(r.scenario, ''),"
						  " coalesce(r.variant, ''),"
						  " CASE WHEN r.scenario IS NULL THEN @_ct_settings(r.plan) ELSE '' END,"
						  " coalesce(r.plan ->> 'explore' = 'true', false)"
						  " FROM @ct_result r WHERE r.run_id = ANY ($1)"
						  "  OR r.status = 'succeeded' AND r.repeat_of IN"
						  "   (SELECT g.repeat_of FROM @ct_result g WHERE g.run_id = ANY ($1))"
						  " ORDER BY r.run_id", true);
	MemoryContextSwitchTo(scope->context);
	for (i = 0; i < SPI_processed; i++)
	{
		CtBaselineRun *run = palloc0(sizeof(CtBaselineRun));

		run->run_id = atoll(baseline_text(i, 1));
		run->repeat_of = atoll(baseline_text(i, 2));
		run->status = baseline_text(i, 3);
		run->role = atooid(baseline_text(i, 4));
		run->scenario = baseline_text(i, 5);
		run->variant = baseline_text(i, 6);
		run->settings = baseline_text(i, 7);
		run->explores = baseline_text(i, 8)[0] == 't';
		runs = lappend(runs, run);
	}
	PopActiveSnapshot();
	return runs;
}

void
ct_catalog_baseline_set(CtCatalogScope *scope, const List *runs)
{
	const CtBaselineRun *last = llast(runs);
	int64	   *ids = palloc(list_length(runs) * sizeof(int64));
	CtArray		run_ids = {list_length(runs), ids};
	CtRow		row = {0};
	ListCell   *lc;

	foreach(lc, runs)
		ids[foreach_current_index(lc)] = ((CtBaselineRun *) lfirst(lc))->run_id;
	ct_row_add(&row, OIDOID, ObjectIdGetDatum(last->role), false);
	ct_row_add_text(&row, last->scenario);
	ct_row_add_text(&row, last->variant);
	ct_row_add_text(&row, last->settings);
	ct_row_add(&row, INT8ARRAYOID, ct_array_datum(CT_INT8S, &run_ids), false);
	(void) ct_row_execute(&row,
						  "INSERT INTO @ct_baseline (role, scenario, variant, settings, run_ids, set_at)"
						  " VALUES ($1::regrole, $2, $3, $4, $5, clock_timestamp())"
						  " ON CONFLICT (scenario, variant, settings, role) DO UPDATE"
						  " SET run_ids = EXCLUDED.run_ids, set_at = EXCLUDED.set_at", false);
}

bool
ct_catalog_baseline_drop(CtCatalogScope *scope, int64 run_id)
{
	CtRow		row = {0};

	ct_row_add_int64(&row, run_id, false);
	return ct_row_execute(&row, "DELETE FROM @ct_baseline WHERE $1 = ANY (run_ids)", false) > 0;
}

bool
ct_catalog_baseline_find(CtCatalogScope *scope, const Jsonb *plan, Oid role, CtBaselineValues *values)
{
	double	   *numbers[] = {
		&values->tps, &values->mean_ms, &values->p50_ms, &values->p95_ms, &values->p99_ms, &values->errors
	};
	CtRow		row = {0};
	int			i;

	ct_row_add(&row, JSONBOID, JsonbPGetDatum(plan), false);
	ct_row_add(&row, OIDOID, ObjectIdGetDatum(role), false);
	if (ct_row_execute(&row,
					   "SELECT avg(r.tps), avg(r.mean_ms), avg(r.p50_ms), avg(r.p95_ms), avg(r.p99_ms),"
					   " avg((SELECT coalesce(sum(e.count), 0)::float8 FROM @ct_result_error e"
					   "  WHERE e.run_id = r.run_id AND e.handling <> 'expected')), max(r.run_id)"
					   " FROM @ct_result r WHERE r.tps IS NOT NULL AND r.run_id = ANY (("
					   "  SELECT b.run_ids FROM @ct_baseline b"
					   "  WHERE b.scenario = coalesce($1 ->> 'scenario', '') AND b.variant = coalesce($1 ->> 'variant', '')"
					   "   AND b.settings = CASE WHEN $1 ->> 'scenario' IS NULL THEN @_ct_settings($1) ELSE '' END"
					   "   AND (b.role::oid = $2 OR pg_has_role($2, b.role::oid, 'USAGE'))"
					   "  ORDER BY (b.role::oid = $2) DESC, b.set_at DESC LIMIT 1)::bigint[])"
					   " HAVING count(*) > 0", true) == 0)
		return false;
	for (i = 0; i < lengthof(numbers); i++)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1, &isnull);

		*numbers[i] = isnull ? get_float8_nan() : DatumGetFloat8(value);
	}
	values->run_id = atoll(baseline_text(0, lengthof(numbers) + 1));
	return true;
}
