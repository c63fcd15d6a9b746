/*
 * compare.c
 *		ct_compare: every variant of a scenario, one after the other.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "bgworker/caller.h"
#include "src/api/run.h"
#include "src/catalog.h"
#include "src/plan.h"

PG_FUNCTION_INFO_V1(ct_compare);

#define COMPARE_COLUMNS	12

typedef struct CtComparison
{
	char	   *variant;
	Datum		values[COMPARE_COLUMNS];
	bool		nulls[COMPARE_COLUMNS];
	bool		passed;
	double		tps;
} CtComparison;

/* number of the column that tells the cheapest of those that are correct */
#define CHEAPEST_COLUMN	10

/* Reads a run's row into a comparison's, in the current memory context. */
static void
read_result(int64 run_id, CtComparison *row)
{
	CtCatalogScope scope;
	MemoryContext context = CurrentMemoryContext;
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	int			i;

	ct_catalog_enter_to_read(&scope);
	values[0] = Int64GetDatum(run_id);
	ct_catalog_execute("SELECT variant, coalesce(verdict, status), anomalies, round(tps::numeric, 1)::float8,"
					   " round(p50_ms::numeric, 3)::float8, round(p95_ms::numeric, 3)::float8,"
					   " round(p99_ms::numeric, 3)::float8, retries, failed,"
					   " (SELECT coalesce(sum(e.count), 0)::bigint FROM @ct_result_error e"
					   " WHERE e.run_id = r.run_id AND e.handling <> 'expected'), NULL::boolean, run_id"
					   " FROM @ct_result r WHERE run_id = $1", 1, types, values, NULL, false);
	if (SPI_processed != 1)
		elog(ERROR, "run " INT64_FORMAT " is not recorded", run_id);
	for (i = 0; i < COMPARE_COLUMNS; i++)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i + 1,
										  &row->nulls[i]);

		if (!row->nulls[i])
		{
			Form_pg_attribute att = TupleDescAttr(SPI_tuptable->tupdesc, i);
			MemoryContext oldcontext = MemoryContextSwitchTo(context);

			row->values[i] = datumCopy(value, att->attbyval, att->attlen);
			MemoryContextSwitchTo(oldcontext);
		}
	}
	ct_catalog_leave(&scope);
	row->tps = row->nulls[3] ? 0 : DatumGetFloat8(row->values[3]);
}

/*
 * Says what kept a variant's run from a verdict: which run, and where in
 * which script, in the detail, since a warning's context isn't shown.
 */
static void
warn_of_error(CtCall *call, const char *variant, int64 run_id)
{
	CtErrorReport error = ct_call_error(call);
	char		message[CT_MESSAGE_LEN];

	if (error.sqlstate == 0)
	{
		ct_call_raise_error(call, WARNING);
		return;
	}
	snprintf(message, sizeof(message), "run " INT64_FORMAT " of variant \"%s\" failed: ", run_id, variant);
	ereport(WARNING,
			(errcode(error.sqlstate),
			 errmsg_internal("%s%s", message, error.message),
			 error.detail[0] || error.context[0] ?
			 errdetail_internal("%s%s%s", error.detail, error.detail[0] && error.context[0] ? "\n" : "",
								error.context) : 0,
			 error.hint[0] ? errhint("%s", error.hint) : 0));
}

/* ct_compare(scenario, options ..., trust_owner, thresholds, retried_errors, stop_on_fail) */
Datum
ct_compare(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const char *scenario = PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));
	CtRunOptions options;
	List	   *variants;
	List	   *rows = NIL;
	CtComparison *cheapest = NULL;
	ListCell   *lc;

	ct_call_check("ct_compare()");
	ct_run_options(fcinfo, 1, false, &options);
	ct_scenario_options(fcinfo, 1 + CT_RUN_NOPTIONS, &options);
	InitMaterializedSRF(fcinfo, 0);
	variants = ct_plan_variants(scenario);

	/* all variants draw the same numbers */
	if (!options.has_seed)
	{
		options.has_seed = true;
		options.seed = (int64) (pg_prng_uint64(&pg_global_prng_state) >> 1);
	}

	foreach(lc, variants)
	{
		CtComparison *row = palloc0(sizeof(CtComparison));
		CtCall		call;
		int64		run_id;

		row->variant = lfirst(lc);
		run_id = ct_call_start(&call, ct_plan_of_scenario(scenario, row->variant, &options),
							   CT_CALL_WAITS);
		(void) ct_call_wait(&call, 0, true);
		row->passed = call.shared->passed;

		/* one that couldn't be run is a row too, and no reason to lose the others */
		if (call.shared->error.sqlstate == ERRCODE_QUERY_CANCELED)
			ct_call_raise_error(&call, ERROR);
		warn_of_error(&call, row->variant, run_id);
		ct_call_detach(&call);
		read_result(run_id, row);
		if (row->passed && (cheapest == NULL || row->tps > cheapest->tps))
			cheapest = row;
		rows = lappend(rows, row);
	}

	foreach(lc, rows)
	{
		CtComparison *row = lfirst(lc);

		row->values[CHEAPEST_COLUMN] = BoolGetDatum(row == cheapest);
		row->nulls[CHEAPEST_COLUMN] = false;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
	}
	return (Datum) 0;
}
