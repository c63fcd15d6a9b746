/*
 * compare.c
 *		ct_compare: every variant of a scenario, one after the other.
 */
#include "postgres.h"

#include <math.h>

#include "common/pg_prng.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "api/run.h"
#include "bgworker/caller.h"
#include "bgworker/launch.h"
#include "src/catalog/version.h"
#include "src/plan/plan.h"

CT_FUNCTION_INFO_V1(ct_compare);

#define COMPARE_COLUMNS	12

typedef struct CtComparison
{
	char	   *variant;
	Datum		values[COMPARE_COLUMNS];
	bool		nulls[COMPARE_COLUMNS];
	bool		passed;
	double		tps;
	double		tps_low;		/* its interval, NaN if there is none */
	double		tps_high;
} CtComparison;

/* number of the column that tells those that may be the cheapest correct one */
#define CHEAPEST_COLUMN	10

static void
compare_put(CtComparison *row, int column, Datum value, bool isnull)
{
	row->values[column - 1] = value;
	row->nulls[column - 1] = isnull;
}

/* one that isn't known is negative */
static void
compare_put_count(CtComparison *row, int column, int64 count)
{
	compare_put(row, column, Int64GetDatum(count), count < 0);
}

static void
compare_put_number(CtComparison *row, int column, double number, double digits)
{
	compare_put(row, column, Float8GetDatum(rint(number * digits) / digits), isnan(number));
}

/*
 * A comparison's row of a run that is over, in the current memory context.  Not
 * read from its row in ct_result: somebody may have removed that already.
 */
static void
compare_fill_row(CtComparison *row, const CtShared *shared)
{
	const CtSummary *summary = &shared->summary;
	const char *verdict = shared->verdict[0] != '\0' ? shared->verdict :
		shared->status[0] != '\0' ? shared->status : "crashed";

	memset(row->nulls, true, sizeof(row->nulls));
	compare_put(row, 1, CStringGetTextDatum(row->variant), false);
	compare_put(row, 2, CStringGetTextDatum(verdict), false);
	compare_put(row, 12, Int64GetDatum(shared->run_id), false);
	if (!summary->measured)
		return;
	compare_put_count(row, 3, summary->anomalies);
	compare_put_number(row, 4, summary->tps, 1e1);
	compare_put_number(row, 5, summary->p50_ms, 1e3);
	compare_put_number(row, 6, summary->p95_ms, 1e3);
	compare_put_number(row, 7, summary->p99_ms, 1e3);
	compare_put_count(row, 8, summary->retries);
	compare_put_count(row, 9, summary->failed);
	compare_put_count(row, 10, summary->errors);
	row->tps = isnan(summary->tps) ? 0 : summary->tps;
	row->tps_low = summary->tps - summary->tps_half;
	row->tps_high = summary->tps + summary->tps_half;
}

/*
 * Has it the highest tps of those that pass, or can it not be told apart from
 * the one that has?  Only disjoint intervals tell, so a run that is too short
 * to have one is never told apart.
 */
static bool
compare_may_be_cheapest(const CtComparison *row, const CtComparison *best)
{
	if (!row->passed)
		return false;
	return row == best || !(row->tps_high < best->tps_low);
}

/*
 * Says what kept a variant's run from a verdict: which run, and where in
 * which script, in the detail, since a warning's context isn't shown.
 */
static void
compare_warn_of_error(CtCall *call, const char *variant)
{
	CtErrorReport error = ct_call_error(call);
	char		message[CT_MESSAGE_LEN];

	if (error.sqlstate == 0)
	{
		ct_call_raise_error(call, WARNING);
		return;
	}
	snprintf(message, sizeof(message), "run " INT64_FORMAT " of variant \"%s\" failed: ",
			 call->shared->run_id, variant);
	ereport(WARNING,
			(errcode(error.sqlstate),
			 errmsg_internal("%s%s", message, error.message),
			 error.detail[0] || error.context[0] ?
			 errdetail_internal("%s%s%s", error.detail, error.detail[0] && error.context[0] ? "\n" : "",
								error.context) : 0,
			 error.hint[0] ? errhint("%s", error.hint) : 0));
}

Datum
ct_compare(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CtExploreOptions explore = {0};
	CtRunOptions options;
	CtArgs		args;
	char	   *scenario;
	List	   *variants;
	List	   *rows = NIL;
	CtComparison *best = NULL;
	ListCell   *lc;

	ct_call_check("ct_compare()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text(&args, "scenario");
	ct_run_options(&args, &options);
	if (ct_args_flag(&args, "explore"))
		options.explore = &explore;
	ct_args_end(&args);
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

		row->variant = lfirst(lc);
		if (!ct_call_try_start(&call, ct_plan_of_scenario(scenario, row->variant, &options),
							   CT_CALL_WAITS))
		{
			/* nor one that found no slot, but for the first one */
			if (rows == NIL)
				ct_no_slots();
			ereport(WARNING,
					(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
					 errmsg("variant \"%s\" could not be run: no background worker slots were free", row->variant),
					 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
							 max_worker_processes)));
			memset(row->nulls, true, sizeof(row->nulls));
			compare_put(row, 1, CStringGetTextDatum(row->variant), false);
			compare_put(row, 2, CStringGetTextDatum("failed"), false);
			rows = lappend(rows, row);
			continue;
		}
		(void) ct_call_wait(&call, 0, true);
		row->passed = call.shared->passed;

		/* one that couldn't be run is a row too, and no reason to lose the others */
		ct_call_warn(&call);
		if (strcmp(call.shared->status, "cancelled") == 0)
			ct_call_raise_error(&call, ERROR);
		compare_warn_of_error(&call, row->variant);
		compare_fill_row(row, call.shared);
		ct_call_detach(&call);
		if (row->passed && (best == NULL || row->tps > best->tps))
			best = row;
		rows = lappend(rows, row);
	}

	foreach(lc, rows)
	{
		CtComparison *row = lfirst(lc);

		/* an exploration measures no cost */
		row->values[CHEAPEST_COLUMN] = BoolGetDatum(compare_may_be_cheapest(row, best));
		row->nulls[CHEAPEST_COLUMN] = options.explore != NULL;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, row->values, row->nulls);
	}
	return (Datum) 0;
}
