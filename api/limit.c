/*
 * limit.c
 *		ct_find_limit: the highest load at which a scenario keeps what it promises.
 *
 * Each try is a run of its own, from a fresh sandbox.  Which load comes next
 * is src/metrics/knee.c's to say; whether one held is what the run's verdict
 * says, and what broke is read from the run's checks, with what its sessions
 * waited for.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "api/outcome.h"
#include "api/run.h"
#include "src/catalog/version.h"
#include "src/metrics/knee.h"
#include "src/metrics/metric.h"
#include "src/plan/class.h"
#include "src/plan/validate.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_find_limit);

#define DEFAULT_RATE		10.0
#define DEFAULT_STEP		5.0	/* seconds */
#define DEFAULT_RESOLUTION	0.1
#define LEAST_DUE			5	/* transactions of a run, on average */

typedef struct CtLimit
{
	const char *scenario;
	const char *variant;		/* or NULL */
	CtRunOptions options;
	CtKnee		knee;
	List	   *tries;			/* of CtLimitTry * */
} CtLimit;

/* a run at one of the loads */
typedef struct CtLimitTry
{
	double		value;
	int64		run_id;
	bool		held;
	bool		untold;			/* it says nothing about the load, and ended the search */
	const char *failed;			/* NULL if it held */
	const char *wait;			/* what it waited for, or NULL */
} CtLimitTry;

/* "80 transactions per second", "8 clients" */
static char *
limit_load(const CtLimit *limit, double value)
{
	return limit->knee.whole ? psprintf("%.0f client%s", value, value == 1 ? "" : "s") :
		psprintf("%.4g transactions per second", value);
}

/* The run's plan at that load. */
static Jsonb *
limit_plan(const CtLimit *limit, double value)
{
	CtRunOptions options = limit->options;

	options.closed_loop = limit->knee.whole;
	if (!limit->knee.whole)
	{
		options.has_rate = true;
		options.rate = value;
	}
	else if (!options.has_workers)
		ct_run_with_sessions(&options, (int) value);
	else
	{
		options.has_clients = true;
		options.clients = (int) value;
	}
	return ct_run_plan_step(limit->scenario, limit->variant, &options, limit_load(limit, value));
}

/* What was waited for most, but for what the tool itself lets sessions wait for; NULL where nobody looked. */
static char *
limit_dominant_wait(const CtReport *report)
{
	int64		most = 0;
	char	   *name = NULL;
	int			i;
	int			j;

	for (i = 0; i < report->nwaits; i++)
	{
		const CtWaitRow *wait = &report->waits[i];
		int64		samples = 0;

		if (strcmp(wait->wait_event_type, "ct_ext") == 0)
			continue;
		for (j = 0; j < report->nwaits; j++)
		{
			const CtWaitRow *other = &report->waits[j];

			if (strcmp(wait->wait_event_type, other->wait_event_type) == 0 &&
				strcmp(wait->wait_event, other->wait_event) == 0)
				samples += other->samples;
		}
		if (samples <= most)
			continue;
		most = samples;
		name = strcmp(wait->wait_event_type, "CPU") == 0 ? pstrdup("CPU") :
			psprintf("%s:%s", wait->wait_event_type, wait->wait_event);
	}
	return name;
}

/* The first check or threshold that failed, as it is written; NULL if none did. */
static char *
limit_first_failed(const CtReport *report)
{
	int			i;

	for (i = 0; i < report->nchecks; i++)
	{
		const CtCheckRow *check = &report->checks[i];

		if (strcmp(check->status, "pass") == 0)
			continue;
		return strcmp(check->kind, "threshold") == 0 ? psprintf("%s %s", check->check_name, check->target) :
			pstrdup(check->check_name);
	}
	return NULL;
}

/*
 * Does the run of so many transactions, on average, say nothing since by
 * chance none was due?  Not if there is more against it than thresholds.
 */
static bool
limit_is_idle(const CtReport *report, double due)
{
	int			i;

	for (i = 0; i < report->nchecks; i++)
		if (strcmp(report->checks[i].status, "pass") != 0 && strcmp(report->checks[i].kind, "threshold") != 0)
			return false;
	return due < LEAST_DUE && report->verdict != NULL && report->transactions == 0 && report->failed == 0;
}

/*
 * Reads what broke, what was waited for, and whether it was idle; in the current
 * memory context.  None of it is known where somebody has removed the run already.
 */
static void
limit_read(int64 run_id, double due, const char **first_failed, const char **wait, bool *idle)
{
	MemoryContext context = CurrentMemoryContext;
	CtReport   *report;
	char	   *failed;
	char	   *dominant;
	int			nestlevel;

	nestlevel = ct_report_begin_reading();
	report = ct_report_find(run_id);
	failed = report ? limit_first_failed(report) : NULL;
	dominant = report ? limit_dominant_wait(report) : NULL;
	*idle = report != NULL && limit_is_idle(report, due);
	*first_failed = failed ? MemoryContextStrdup(context, failed) : NULL;
	*wait = dominant ? MemoryContextStrdup(context, dominant) : NULL;
	ct_report_end_reading(nestlevel);
}

/*
 * Does a run say anything about the load?  Not if it was cancelled, or didn't
 * find the slots that it needs: others have them now.  An error that ended it
 * does, but for that of the first one, which can't be executed at any load.
 */
static bool
limit_is_told(const CtLimit *limit, const CtOutcome *outcome)
{
	return outcome->verdict != NULL ||
		(outcome->run_id != 0 && strcmp(outcome->status, "failed") == 0 &&
		 outcome->sqlstate != ERRCODE_CONFIGURATION_LIMIT_EXCEEDED && limit->knee.npoints > 0);
}

/* The search ends here: with an error where nothing is known yet, else with what is. */
static void
limit_end(const CtLimit *limit, const CtOutcome *outcome, double value)
{
	const char *became = strcmp(outcome->status, "failed") == 0 ? "without a verdict" : outcome->status;

	if (limit->knee.npoints == 0)
		ereport(ERROR,
				(errcode(outcome->sqlstate ? outcome->sqlstate : ERRCODE_QUERY_CANCELED),
				 errmsg("the limit could not be found: at %s the run was %s", limit_load(limit, value), became),
				 errdetail_internal("%s.", outcome->reason)));
	ereport(WARNING,
			(errcode(outcome->sqlstate ? outcome->sqlstate : ERRCODE_QUERY_CANCELED),
			 errmsg("the search for the limit ended early: at %s the run was %s", limit_load(limit, value), became),
			 errdetail_internal("%s.", outcome->reason),
			 errhint("The result is what was known by then.")));
}

/*
 * Whether there was contention is no matter of the load, but where no
 * transaction was completed the thresholds have been met by nothing.
 */
static bool
limit_held(const CtOutcome *outcome)
{
	if (outcome->verdict == NULL || strcmp(outcome->verdict, "fail") == 0)
		return false;
	return strcmp(outcome->verdict, "pass") == 0 || outcome->summary.tps > 0;
}

/* Runs at that load; returns false if that ends the search. */
static bool
limit_try(CtLimit *limit, double value)
{
	CtOutcome  *outcome = ct_outcome_of_run(limit_plan(limit, value));
	CtLimitTry *try = palloc0(sizeof(CtLimitTry));
	bool		idle;
	const char *sessions = "";

	try->value = value;
	try->run_id = outcome->run_id;
	try->untold = !limit_is_told(limit, outcome);
	if (try->untold)
		limit_end(limit, outcome, value);
	if (outcome->run_id != 0)
		limit->tries = lappend(limit->tries, try);
	if (try->untold)
		return false;
	try->held = limit_held(outcome);
	limit_read(outcome->run_id, limit->knee.whole ? INFINITY : value * limit->options.duration,
			   &try->failed, &try->wait, &idle);
	try->held |= idle;
	if (try->failed == NULL)
		try->failed = outcome->reason;	/* there is no verdict, or nothing that one could be on */
	ct_knee_saw(&limit->knee, value, try->held);
	if (limit->knee.whole && outcome->workers > 0 && outcome->workers < value)
		sessions = psprintf(" on %d session%s", outcome->workers, outcome->workers == 1 ? "" : "s");
	ereport(NOTICE,
			(errmsg("%s%s: %s, run " INT64_FORMAT, limit_load(limit, value), sessions,
					try->held ? (idle ? "nothing was due" : "held") : psprintf("broke \"%s\"", try->failed), outcome->run_id)));
	return true;
}

/* How many clients a run must have at least, one for each of what it has of them. */
static int
limit_least_clients(const CtLimit *limit)
{
	CtRunOptions options = limit->options;
	int			least;

	/* of some number, so that there is a plan that can be asked */
	ct_run_with_sessions(&options, 1);
	least = ct_class_least_clients(ct_plan_read(ct_plan_of_scenario(limit->scenario, limit->variant, &options)));
	if (limit->options.has_workers)
		least = Max(least, limit->options.workers);
	return least <= CT_MAX_CLIENTS ? least : 1; /* the plan will say that no number will do */
}

static void
limit_read_arguments(CtLimit *limit, FunctionCallInfo fcinfo)
{
	CtKnee	   *knee = &limit->knee;
	CtArgs		args;
	const char *by;
	double		step = DEFAULT_STEP;
	int			least;

	ct_args_begin(&args, fcinfo);
	limit->scenario = ct_args_text(&args, "scenario");
	limit->variant = ct_args_text(&args, "variant");
	by = ct_args_text(&args, "by");
	ct_run_options(&args, &limit->options);
	(void) ct_args_seconds(&args, "step_duration", &step);

	if (by != NULL && strcmp(by, "rate") != 0 && strcmp(by, "clients") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized load \"%s\"", by),
				 errhint("What is raised is \"rate\" or \"clients\".")));
	knee->whole = by != NULL && strcmp(by, "clients") == 0;
	ct_run_as_step(&limit->options, step);
	least = knee->whole ? limit_least_clients(limit) : 1;
	knee->start = knee->whole ? least : DEFAULT_RATE;
	knee->max = knee->whole ? Max(ct_call_most_workers(limit->options.lock_hold != NULL), 1) : CT_MAX_RATE;
	knee->resolution = DEFAULT_RESOLUTION;
	(void) ct_args_double(&args, "start", &knee->start);
	if (!ct_args_double(&args, "max_value", &knee->max))
		knee->max = Max(knee->max, knee->start);
	(void) ct_args_double(&args, "resolution", &knee->resolution);
	ct_args_end(&args);

	if (knee->whole ? limit->options.has_clients : limit->options.has_rate)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be given where it is what is raised", knee->whole ? "clients" : "rate"),
				 errhint("start and max_value say from where to where.")));
	if (!(knee->start > 0 && knee->start <= knee->max &&
		  knee->max <= (knee->whole ? CT_MAX_CLIENTS : CT_MAX_RATE)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start must be more than 0, and max_value at least as much, at most %.0f",
						knee->whole ? (double) CT_MAX_CLIENTS : CT_MAX_RATE),
				 errdetail("They are %g and %g.", knee->start, knee->max)));
	if (knee->whole && (knee->start != floor(knee->start) || knee->max != floor(knee->max)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("start and max_value must be whole numbers of clients"),
				 errdetail("They are %g and %g.", knee->start, knee->max)));
	if (!(knee->resolution >= 0.001 && knee->resolution <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("resolution must be between 0.001 and 1"),
				 errdetail("The given value is %g.", knee->resolution)));
	/* where hardly a transaction is due in a run, the rate is not what breaks it */
	knee->min = knee->whole ? least : Min(knee->start, Max(knee->start / 1024, LEAST_DUE / step));
}

/* Raises unless there is something that may break, and what it can be compared with. */
static void
limit_check_thresholds(const CtLimit *limit)
{
	const CtPlan *plan = ct_plan_read(limit_plan(limit, limit->knee.start));
	ListCell   *lc;

	if (plan->thresholds == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no threshold that a load could break"),
				 errhint("Give thresholds => ARRAY['p95_ms < 100'], or add some to the scenario by ct_add_threshold().")));
	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *threshold = lfirst(lc);
		char	   *of;
		char	   *metric;

		if (ct_metric_split(threshold->metric, &of, &metric) == CT_VS_BASELINE && threshold->baseline_run == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("threshold \"%s\" has nothing to compare with", threshold->metric),
					 errdetail("There is no baseline."),
					 errhint("SELECT ct_set_baseline(run_id) makes a run one.")));
	}
}

static Datum
limit_runs(const CtLimit *limit)
{
	int64	   *run_ids = palloc(Max(list_length(limit->tries), 1) * sizeof(int64));
	CtArray		array = {list_length(limit->tries), run_ids};
	ListCell   *lc;

	foreach(lc, limit->tries)
		run_ids[foreach_current_index(lc)] = ((CtLimitTry *) lfirst(lc))->run_id;
	return ct_array_datum(CT_INT8S, &array);
}

/* The try that says what is in the way: at the lowest load that breaks, else the highest that held. */
static const CtLimitTry *
limit_telling_try(const CtLimit *limit, const CtKneeResult *result)
{
	const CtLimitTry *telling = NULL;
	ListCell   *lc;

	foreach(lc, limit->tries)
	{
		const CtLimitTry *try = lfirst(lc);

		if (try->untold)
			continue;
		if (isnan(result->broken) ? try->held && (telling == NULL || try->value > telling->value) :
			!try->held && try->value == result->broken && telling == NULL)
			telling = try;
	}
	return telling;
}

static void
limit_tell(const CtLimit *limit, const CtKneeResult *result)
{
	if (!isnan(result->found))
		return;
	if (isnan(result->broken))
		ereport(NOTICE,
				(errmsg("nothing broke up to %s", limit_load(limit, limit->knee.max)),
				 errhint("Raise max_value.")));
	else
		ereport(NOTICE,
				(errmsg("even %s broke", limit_load(limit, result->broken)),
				 limit->knee.whole ? 0 : errhint("Give a lower start, or a longer step_duration.")));
}

/* ct_find_limit(scenario, variant, by, start, max_value, thresholds, step_duration, options, resolution) */
Datum
ct_find_limit(PG_FUNCTION_ARGS)
{
	CtLimit		limit = {0};
	CtKneeResult result;
	TupleDesc	desc;
	Datum		values[6] = {0};
	bool		nulls[6] = {false};
	const CtLimitTry *telling;
	double		value;
	bool		ended = false;

	ct_call_check("ct_find_limit()");
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	limit_read_arguments(&limit, fcinfo);
	ct_run_share_seed(&limit.options);

	/* what can't be had at one of the ends loses nothing */
	limit_check_thresholds(&limit);
	(void) limit_plan(&limit, limit.knee.max);

	while (!ended && ct_knee_next(&limit.knee, &value))
		ended = !limit_try(&limit, value);
	result = ct_knee_result(&limit.knee);
	if (!ended)
		limit_tell(&limit, &result);

	telling = limit_telling_try(&limit, &result);
	values[0] = Float8GetDatum(result.found);
	nulls[0] = isnan(result.found);
	values[1] = Float8GetDatum(result.low);
	nulls[1] = isnan(result.low);
	values[2] = Float8GetDatum(result.high);
	nulls[2] = isnan(result.high);
	nulls[3] = telling == NULL || telling->held;
	if (!nulls[3])
		values[3] = CStringGetTextDatum(telling->failed);
	nulls[4] = telling == NULL || telling->wait == NULL;
	if (!nulls[4])
		values[4] = CStringGetTextDatum(telling->wait);
	values[5] = limit_runs(&limit);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
