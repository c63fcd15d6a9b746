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

#include "api/run.h"
#include "bgworker/caller.h"
#include "bgworker/launch.h"
#include "src/catalog/version.h"
#include "src/metrics/statistics.h"
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
	const char *verdict;		/* the worst */
	int64		repeat_of;		/* its first run, where there are several */
	int64		run_id;			/* its last one; 0: there was none */
	bool		passed;			/* all of them did */
	int			measured;		/* runs that these are of; counts are sums, -1 where not known */
	int64		anomalies;
	int64		retries;
	int64		failed;
	int64		errors;
	int64		deadlocks;
	double		p50_ms;			/* sums, too */
	double		p95_ms;
	double		p99_ms;
	double	   *rates;			/* tps of each */
	double		tps;			/* their mean */
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

/* How bad a verdict is, or a status where there is none. */
static int
compare_badness(const char *verdict)
{
	return strcmp(verdict, "pass") == 0 ? 0 : strcmp(verdict, "inconclusive") == 0 ? 1 :
		strcmp(verdict, "fail") == 0 ? 3 : 2;
}

static void
compare_note_verdict(CtComparison *row, const char *verdict)
{
	if (row->verdict == NULL || compare_badness(verdict) > compare_badness(row->verdict))
		row->verdict = MemoryContextStrdup(GetMemoryChunkContext(row), verdict);
	row->passed = compare_badness(row->verdict) == 0;
}

static void
compare_add_count(int64 *sum, int64 count)
{
	*sum = *sum < 0 || count < 0 ? -1 : *sum + count;
}

/*
 * Takes what a run that is over has come to, in the current memory context.
 * Not read from its row in ct_result: somebody may have removed that already.
 */
static void
compare_take_run(CtComparison *row, const CtShared *shared)
{
	const CtSummary *summary = &shared->summary;

	compare_note_verdict(row, shared->verdict[0] != '\0' ? shared->verdict :
						 shared->status[0] != '\0' ? shared->status : "crashed");
	row->run_id = shared->run_id;
	if (row->repeat_of == 0)
		row->repeat_of = shared->run_id;
	if (!summary->measured)
		return;
	compare_add_count(&row->anomalies, summary->anomalies);
	compare_add_count(&row->retries, summary->retries);
	compare_add_count(&row->failed, summary->failed);
	compare_add_count(&row->errors, summary->errors);
	compare_add_count(&row->deadlocks, summary->deadlocks);
	row->p50_ms += summary->p50_ms;
	row->p95_ms += summary->p95_ms;
	row->p99_ms += summary->p99_ms;
	row->rates[row->measured++] = summary->tps;

	/* of one run its own; of two, all that either says */
	row->tps_low = row->measured == 1 ? summary->tps - summary->tps_half :
		Min(row->tps_low, summary->tps - summary->tps_half);
	row->tps_high = row->measured == 1 ? summary->tps + summary->tps_half :
		Max(row->tps_high, summary->tps + summary->tps_half);
}

/* The row's values, once all of its runs are over. */
static void
compare_fill_row(CtComparison *row)
{
	CtInterval	interval;

	memset(row->nulls, true, sizeof(row->nulls));
	compare_put(row, 1, CStringGetTextDatum(row->variant), false);
	compare_put(row, 2, CStringGetTextDatum(row->verdict), false);
	compare_put(row, 12, Int64GetDatum(row->run_id), row->run_id == 0);
	if (row->measured == 0)
		return;
	interval = ct_stats_mean_independent(row->rates, row->measured, 0.95);
	compare_put_count(row, 3, row->anomalies);
	compare_put_number(row, 4, interval.estimate, 1e1);
	compare_put_number(row, 5, row->p50_ms / row->measured, 1e3);
	compare_put_number(row, 6, row->p95_ms / row->measured, 1e3);
	compare_put_number(row, 7, row->p99_ms / row->measured, 1e3);
	compare_put_count(row, 8, row->retries);
	compare_put_count(row, 9, row->failed);
	compare_put_count(row, 10, row->errors);
	compare_put_count(row, 13, row->deadlocks);
	row->tps = isnan(interval.estimate) ? 0 : interval.estimate;
	if (row->measured > 2)
	{
		row->tps_low = interval.low;
		row->tps_high = interval.high;
	}
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

/*
 * Runs a variant once more.  A run that couldn't be made is one of its runs,
 * too, and no reason to lose the others; but the very first one raises.
 */
static void
compare_run(CtComparison *row, const char *scenario, const CtRunOptions *options, bool first)
{
	const Jsonb *document = ct_plan_of_scenario(scenario, row->variant, options);
	CtCall		call;

	if (options->repeat > 1)
		document = ct_plan_repeat(document, row->repeat_of == 0 ? CT_REPEATED : row->repeat_of);
	if (!ct_call_try_start(&call, document, CT_CALL_WAITS))
	{
		if (first)
			ct_no_slots();
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("variant \"%s\" could not be run: no background worker slots were free", row->variant),
				 errhint("Wait for other runs to end, or raise max_worker_processes (now %d) and restart the server.",
						 max_worker_processes)));
		compare_note_verdict(row, "failed");
		return;
	}
	(void) ct_call_wait(&call, 0, true);
	ct_call_warn(&call);
	if (strcmp(call.shared->status, "cancelled") == 0)
		ct_call_raise_error(&call, ERROR);
	compare_warn_of_error(&call, row->variant);
	compare_take_run(row, call.shared);
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
		row->rates = palloc(options.repeat * sizeof(double));
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
		if (row->passed && (best == NULL || row->tps > best->tps))
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
