/*
 * compare.c
 *		ct_compare: every variant of a scenario, one after the other, or in turns.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "api/outcome.h"
#include "api/run.h"
#include "bgworker/caller.h"
#include "bgworker/launch.h"
#include "src/catalog/version.h"
#include "src/plan/plan.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_compare);

#define COMPARE_COLUMNS	13

/* a variant, and what its runs have come to */
typedef struct CtComparison
{
	char	   *variant;
	Datum		values[COMPARE_COLUMNS];
	bool		nulls[COMPARE_COLUMNS];
	CtRepeats  *repeats;
	CtInterval	tps;			/* low and high are NaN where there is none */
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

/* The row's values, once all of its runs are over. */
static void
compare_fill_row(CtComparison *row)
{
	const CtRepeats *repeats = row->repeats;
	int64		run_id = ct_repeats_last(repeats);

	memset(row->nulls, true, sizeof(row->nulls));
	compare_put(row, 1, CStringGetTextDatum(row->variant), false);
	compare_put(row, 2, CStringGetTextDatum(repeats->word), false);
	compare_put(row, 12, Int64GetDatum(run_id), run_id == 0);
	if (repeats->measured == 0)
		return;
	row->tps = ct_repeats_tps(repeats, 0.95);
	compare_put_count(row, 3, repeats->anomalies);
	compare_put_number(row, 4, row->tps.estimate, 1e1);
	compare_put_number(row, 5, ct_repeats_mean(repeats, repeats->p50_ms), 1e3);
	compare_put_number(row, 6, ct_repeats_mean(repeats, repeats->p95_ms), 1e3);
	compare_put_number(row, 7, ct_repeats_mean(repeats, repeats->p99_ms), 1e3);
	compare_put_count(row, 8, repeats->retries);
	compare_put_count(row, 9, repeats->failed);
	compare_put_count(row, 10, repeats->errors);
	compare_put_count(row, 13, repeats->deadlocks);
	if (isnan(row->tps.estimate))
		row->tps.estimate = 0;
}

static bool
compare_passed(const CtComparison *row)
{
	return strcmp(row->repeats->word, "pass") == 0;
}

/*
 * Has it the highest tps of those that pass, or can it not be told apart from
 * the one that has?  Only disjoint intervals tell, so a run that is too short
 * to have one is never told apart.
 */
static bool
compare_may_be_cheapest(const CtComparison *row, const CtComparison *best)
{
	if (!compare_passed(row))
		return false;
	return row == best || !(row->tps.high < best->tps.low);
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

/*
 * Runs a variant once more.  A run that couldn't be made is one of its runs,
 * too, and no reason to lose the others; but the very first one raises.
 */
static void
compare_run(CtComparison *row, const char *scenario, const CtRunOptions *options, bool first)
{
	const Jsonb *document = ct_plan_of_scenario(scenario, row->variant, options);
	CtCall		call;

	if (!ct_call_try_start(&call, ct_repeats_document(row->repeats, document, options->repeat), CT_CALL_WAITS))
	{
		CtOutcome	none = {.status = "failed", .reason = ""};

		if (first)
			ct_no_slots();
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("variant \"%s\" could not be run: no background worker slots were free", row->variant),
				 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
						 max_worker_processes)));
		ct_repeats_add(row->repeats, &none);
		return;
	}
	(void) ct_call_wait(&call, 0, true);
	ct_call_warn(&call);
	if (strcmp(call.shared->status, "cancelled") == 0)
		ct_call_raise_error(&call, ERROR);
	compare_warn_of_error(&call, row->variant);

	/* not read from its row in ct_result: somebody may have removed that already */
	ct_repeats_add(row->repeats, ct_outcome_of_call(&call));
	ct_call_detach(&call);
}

Datum
ct_compare(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CtExploreOptions explore = {0};
	CtRunOptions options;
	CtArgs		args;
	char	   *scenario;
	List	   *rows = NIL;
	CtComparison *best = NULL;
	MemoryContext outer = CurrentMemoryContext;
	MemoryContext context;
	ListCell   *lc;
	int			turn;

	ct_call_check("ct_compare()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text(&args, "scenario");
	ct_run_options(&args, &options);
	if (ct_args_flag(&args, "explore"))
		options.explore = &explore;
	ct_args_end(&args);
	InitMaterializedSRF(fcinfo, 0);
	if (!options.has_repeat)
		options.repeat = 1;

	/* before there is room for so many */
	ct_validate_integer("repeat", options.repeat, 1, CT_MAX_RUN_REPEATS);
	foreach(lc, ct_plan_variants(scenario))
	{
		CtComparison *row = palloc0(sizeof(CtComparison));

		row->variant = lfirst(lc);
		row->repeats = ct_repeats_create(options.repeat);
		rows = lappend(rows, row);
	}

	ct_run_share_seed(&options);

	/* they take turns, so that what comes and goes on the machine is shared */
	context = AllocSetContextCreate(outer, "ct_ext comparison", ALLOCSET_DEFAULT_SIZES);
	for (turn = 0; turn < options.repeat; turn++)
	{
		foreach(lc, rows)
		{
			MemoryContextSwitchTo(context);
			compare_run(lfirst(lc), scenario, &options, turn == 0 && foreach_current_index(lc) == 0);
			MemoryContextSwitchTo(outer);
			MemoryContextReset(context);
		}
	}

	foreach(lc, rows)
	{
		CtComparison *row = lfirst(lc);

		compare_fill_row(row);
		if (compare_passed(row) && (best == NULL || row->tps.estimate > best->tps.estimate))
			best = row;
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
