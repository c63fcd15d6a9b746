/*
 * scale.c
 *		ct_scale: throughput against clients, and what it follows.
 *
 * All steps are planned before the first one is run, so that what can't be
 * had loses nothing, and is told at once.  Each number of clients is run several times, in turns
 * (1 2 4 8 1 2 4 8), so that what changes meanwhile is in all of them.  What
 * the points are worth is src/metrics/scaling.h's to say, and the law that is
 * fitted is of all runs (src/metrics/usl.h).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "api/outcome.h"
#include "api/run.h"
#include "bgworker/launch.h"
#include "src/catalog/version.h"
#include "src/metrics/scaling.h"
#include "src/metrics/usl.h"
#include "src/plan/class.h"
#include "src/plan/validate.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_scale);

#define SCALE_COLUMNS	25
#define SCALE_LEVEL		0.95
#define SCALE_STEPS		32
#define SCALE_DEFAULTS	4		/* numbers of clients where none are named: doubled */

/* a number of clients, and its runs */
typedef struct CtScaleStep
{
	Jsonb	   *plan;			/* NULL: it can't be run */
	CtScalingPoint *point;
	CtRepeats  *repeats;
} CtScaleStep;

typedef struct CtScale
{
	const char *scenario;
	const char *variant;		/* or NULL */
	CtRunOptions options;
	int			repeat;
	double		min_efficiency; /* or NaN */
	double		min_retained;	/* or NaN */
	int			nsteps;
	CtScaleStep steps[SCALE_STEPS];
	CtScalingPoint points[SCALE_STEPS];
} CtScale;

static char *
scale_load(int clients)
{
	return psprintf("%d client%s", clients, clients == 1 ? "" : "s");
}

static void
scale_add_step(CtScale *scale, int clients)
{
	CtScaleStep *step = &scale->steps[scale->nsteps];

	step->point = &scale->points[scale->nsteps++];
	step->point->clients = clients;
}

/* The numbers of clients that the call names. */
static void
scale_read_clients(CtScale *scale, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &n);
	if (n < 2 || n > SCALE_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("clients must be 2 to %d numbers", SCALE_STEPS),
				 errhint("Write clients => '{1,2,4,8}'.")));
	for (i = 0; i < n; i++)
	{
		int			clients = DatumGetInt32(elements[i]);

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("clients must not contain nulls")));
		ct_validate_integer("clients", clients, 1, CT_MAX_CLIENTS);
		if (i > 0 && clients <= scale->points[i - 1].clients)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("clients must be in rising order"),
					 errdetail("%d comes after %d.", clients, scale->points[i - 1].clients)));
		scale_add_step(scale, clients);
	}
}

/*
 * Those that suit where none are named: doubled, from the least that the
 * scenario's scripts and classes need, and not more than can have a session each.
 */
static void
scale_default_clients(CtScale *scale)
{
	int			most = ct_call_most_workers(scale->options.lock_hold != NULL);
	CtRunOptions options = scale->options;
	int			least;
	int			wanted = 0;
	int			i;

	/* of some number, so that there is a plan that can be asked */
	ct_run_with_sessions(&options, 1);
	least = ct_class_least_clients(ct_plan_read(ct_plan_of_scenario(scale->scenario, scale->variant, &options)));
	if (least > CT_MAX_CLIENTS)
		least = 1;				/* no number will do, and what is planned will say so */
	if (most < 1)
		ct_no_slots();
	if (most <= least)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("there are no background worker slots for more than %s", scale_load(least)),
				 errdetail("The scenario needs %s, and each of more than these is to have a session of its own; there are slots for %d.",
						   scale_load(least), most),
				 errhint("Raise max_worker_processes (now %d) and restart the server, or name the numbers of clients: those beyond take turns on the sessions.",
						 max_worker_processes)));
	for (i = 0; i < SCALE_DEFAULTS; i++)
	{
		wanted = (int) Min((int64) least << i, CT_MAX_CLIENTS);
		if (scale->nsteps == 0 || Min(wanted, most) > scale->points[scale->nsteps - 1].clients)
			scale_add_step(scale, Min(wanted, most));
	}
	if (wanted > most)
		ereport(NOTICE,
				(errmsg("up to %d clients are tried, not %d", most, wanted),
				 errdetail("Each has a session of its own, and there are background worker slots for no more."),
				 errhint("Raise max_worker_processes (now %d) and restart the server for more.", max_worker_processes)));
}

/* A share that is asked for, in *share; NaN where it isn't. */
static void
scale_read_share(CtArgs *args, const char *name, double *share)
{
	*share = NAN;
	if (ct_args_double(args, name, share) && !(*share > 0 && *share <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be more than 0 and at most 1", name),
				 errdetail("The given value is %g.", *share)));
}

static void
scale_read_arguments(CtScale *scale, FunctionCallInfo fcinfo)
{
	CtRunOptions *options = &scale->options;
	CtArgs		args;
	ArrayType  *clients;
	double		step = 5;

	ct_args_begin(&args, fcinfo);
	scale->scenario = ct_args_text(&args, "scenario");
	scale->variant = ct_args_text(&args, "variant");
	clients = ct_args_array(&args, "clients");
	scale->repeat = 2;
	(void) ct_args_int(&args, "repeat", &scale->repeat);
	ct_validate_integer("repeat", scale->repeat, 1, CT_SCALING_RUNS);
	scale_read_share(&args, "min_efficiency", &scale->min_efficiency);
	scale_read_share(&args, "min_retained", &scale->min_retained);
	(void) ct_args_seconds(&args, "step_duration", &step);
	ct_run_options(&args, options);
	ct_args_end(&args);

	/* those are ours: clients an array here, and repeat of all steps in turns */
	options->has_clients = options->has_repeat = false;
	options->closed_loop = true;
	ct_run_as_step(options, step);
	ct_run_share_seed(options);
	if (clients != NULL)
		scale_read_clients(scale, clients);
	else
		scale_default_clients(scale);
}

/*
 * A number of clients that there are no slots for, which was named: it has its
 * row, and the smaller ones are run.
 */
static void
scale_refuse_step(CtScaleStep *step, const ErrorData *error)
{
	CtOutcome	outcome = {0};

	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("%s: not run: %s", scale_load(step->point->clients), error->message),
			 error->detail ? errdetail_internal("%s", error->detail) : 0,
			 error->hint ? errhint("%s", error->hint) : 0));
	outcome.status = "failed";
	outcome.reason = error->message;
	ct_repeats_add(step->repeats, &outcome);
}

/* Plans all steps; raises for the first one that can't be run, but for those beyond the slots. */
static void
scale_plan(CtScale *scale)
{
	int			i;

	for (i = 0; i < scale->nsteps; i++)
	{
		CtScaleStep *step = &scale->steps[i];
		ErrorData  *error = NULL;

		ct_run_with_sessions(&scale->options, step->point->clients);
		step->repeats = ct_repeats_create(scale->repeat);
		step->plan = ct_run_try_plan(scale->scenario, scale->variant, &scale->options, &error);
		if (step->plan == NULL && i > 0 && error->sqlerrcode == ERRCODE_CONFIGURATION_LIMIT_EXCEEDED)
			scale_refuse_step(step, error);
		else if (step->plan == NULL)
			(void) ct_run_plan_step(scale->scenario, scale->variant, &scale->options,
									scale_load(step->point->clients));
	}
}

/*
 * The run's throughput second by second, its last one left out if it is a
 * piece; palloc'd.  None where somebody has removed the run already.
 */
static double *
scale_read_seconds(int64 run_id, int *n)
{
	MemoryContext context = CurrentMemoryContext;
	CtReport   *report;
	double	   *seconds;
	int			nestlevel;
	int			i;

	nestlevel = ct_report_begin_reading();
	report = ct_report_find(run_id);
	seconds = MemoryContextAlloc(context, Max(report ? report->nseconds : 0, 1) * sizeof(double));
	*n = 0;
	for (i = 0; report != NULL && i < report->nseconds; i++)
		if (report->seconds[i].seconds > 0.9)
			seconds[(*n)++] = report->seconds[i].tps;
	ct_report_end_reading(nestlevel);
	return seconds;
}

/*
 * Runs a step once more.  What keeps a run from a verdict is no reason to lose
 * the others; but the very first one raises.
 */
static void
scale_run(CtScale *scale, CtScaleStep *step, bool first)
{
	CtScalingPoint *point = step->point;
	CtOutcome  *outcome = ct_outcome_of_run(ct_repeats_document(step->repeats, step->plan, scale->repeat));
	bool		fewer = outcome->workers > 0 && outcome->workers < point->clients;
	const char *sessions = "";

	if (first && outcome->verdict == NULL)
		ereport(ERROR,
				(errcode(outcome->sqlstate ? outcome->sqlstate : ERRCODE_QUERY_CANCELED),
				 errmsg("with %s the run was without a verdict", scale_load(point->clients)),
				 errdetail_internal("%s.", outcome->reason)));
	ct_repeats_add(step->repeats, outcome);
	if (fewer)
		sessions = psprintf(" on %d session%s", outcome->workers, outcome->workers == 1 ? "" : "s");
	if (outcome->verdict == NULL)
	{
		ereport(NOTICE,
				(outcome->run_id != 0 ?
				 errmsg("%s: %s, run " INT64_FORMAT, scale_load(point->clients), outcome->status, outcome->run_id) :
				 errmsg("%s: %s", scale_load(point->clients), outcome->status),
				 errdetail("%s.", outcome->reason)));
		return;
	}
	point->samples[point->n].value = isnan(outcome->summary.tps) ? 0 : outcome->summary.tps;
	point->samples[point->n].batches = scale_read_seconds(outcome->run_id, &point->samples[point->n].n);
	point->n++;
	ereport(NOTICE,
			(errmsg("%s%s: %.1f transactions per second, run " INT64_FORMAT, scale_load(point->clients), sessions,
					point->samples[point->n - 1].value, outcome->run_id)));
}

/* Appends what an answer that isn't yes rests on. */
static void
scale_tell(StringInfo reason, const char *share, const CtInterval *interval, CtScalingAnswer answer, double least)
{
	if (answer == CT_SCALING_MET)
		return;
	if (reason->len > 0)
		appendStringInfoString(reason, "; ");
	if (isnan(interval->low))
		appendStringInfo(reason, "%s, asked to be %g, is not known: the runs are too short, or too few", share, least);
	else
		appendStringInfo(reason, "%s is between %.3g and %.3g, asked to be %g", share, interval->low, interval->high, least);
}

/* The step's verdict, or the status of a run without one; what keeps it from pass is appended to reason. */
static const char *
scale_verdict(const CtScale *scale, const CtScaleStep *step, StringInfo reason)
{
	const CtScalingPoint *point = step->point;
	CtScalingAnswer efficient = ct_scaling_is_efficient(point, scale->min_efficiency);
	CtScalingAnswer graceful = ct_scaling_is_graceful(point, scale->min_retained);
	CtScalingAnswer least = Min(efficient, graceful);
	const char *verdict = least == CT_SCALING_MET ? "pass" : least == CT_SCALING_MISSED ? "fail" : "inconclusive";

	if (strcmp(step->repeats->word, "pass") != 0)
		appendStringInfoString(reason, ct_repeats_reason(step->repeats));
	if (point->n > 0)
	{
		scale_tell(reason, "efficiency", &point->efficiency, efficient, scale->min_efficiency);
		scale_tell(reason, "retained", &point->retained, graceful, scale->min_retained);
	}
	return ct_report_is_worse(verdict, step->repeats->word) ? verdict : step->repeats->word;
}

static void
scale_put(Datum *values, bool *nulls, int *column, double number)
{
	nulls[*column] = isnan(number) || isinf(number);
	values[(*column)++] = Float8GetDatum(number);
}

static void
scale_put_interval(Datum *values, bool *nulls, int *column, CtInterval interval, bool there)
{
	scale_put(values, nulls, column, there ? interval.estimate : NAN);
	scale_put(values, nulls, column, there ? interval.low : NAN);
	scale_put(values, nulls, column, there ? interval.high : NAN);
}

static void
scale_put_rows(const CtScale *scale, ReturnSetInfo *rsinfo)
{
	double		clients[SCALE_STEPS * CT_SCALING_RUNS];
	double		tps[SCALE_STEPS * CT_SCALING_RUNS];
	CtUslFit	fit;
	CtInterval	exponent;
	int			n = 0;
	int			i;
	int			j;

	for (i = 0; i < scale->nsteps; i++)
		for (j = 0; j < scale->points[i].n; j++)
		{
			clients[n] = scale->points[i].clients;
			tps[n++] = scale->points[i].samples[j].value;
		}
	fit = ct_usl_fit(clients, tps, n, SCALE_LEVEL);
	exponent = ct_usl_exponent(clients, tps, n, SCALE_LEVEL);
	for (i = 0; i < scale->nsteps; i++)
	{
		const CtScaleStep *step = &scale->steps[i];
		const CtScalingPoint *point = step->point;
		CtArray		run_ids = {step->repeats->nruns, step->repeats->run_ids};
		Datum		values[SCALE_COLUMNS] = {0};
		bool		nulls[SCALE_COLUMNS] = {false};
		StringInfoData reason;
		int			column = 0;

		initStringInfo(&reason);
		values[column++] = Int32GetDatum(point->clients);
		scale_put_interval(values, nulls, &column, point->tps, true);
		scale_put(values, nulls, &column, ct_repeats_mean(step->repeats, step->repeats->p95_ms));
		scale_put_interval(values, nulls, &column, point->efficiency, true);
		scale_put(values, nulls, &column, point->retained.estimate);
		values[column++] = CStringGetTextDatum(scale_verdict(scale, step, &reason));
		scale_put(values, nulls, &column, ct_usl_predict(&fit, point->clients));
		scale_put_interval(values, nulls, &column, fit.sigma, fit.fitted);
		scale_put_interval(values, nulls, &column, fit.kappa, fit.fitted);
		scale_put(values, nulls, &column, fit.fitted ? fit.lambda.estimate : NAN);
		scale_put(values, nulls, &column, fit.fitted ? fit.peak.estimate : NAN);
		scale_put_interval(values, nulls, &column, exponent, true);
		scale_put(values, nulls, &column, fit.fitted ? fit.r2 : NAN);
		values[column++] = ct_array_datum(CT_INT8S, &run_ids);
		nulls[column] = reason.len == 0;
		values[column++] = CStringGetTextDatum(reason.data);
		Assert(column == SCALE_COLUMNS);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/* ct_scale(scenario, clients, variant, step_duration, repeat, min_efficiency, min_retained, options) */
Datum
ct_scale(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	CtScale    *scale = palloc0(sizeof(CtScale));
	int			round;
	int			i;

	ct_call_check("ct_scale()");
	scale_read_arguments(scale, fcinfo);
	scale_plan(scale);
	InitMaterializedSRF(fcinfo, 0);
	for (round = 0; round < scale->repeat; round++)
		for (i = 0; i < scale->nsteps; i++)
			if (scale->steps[i].plan != NULL)
				scale_run(scale, &scale->steps[i], round == 0 && i == 0);
	ct_scaling_measure(scale->points, scale->nsteps, SCALE_LEVEL);
	scale_put_rows(scale, rsinfo);
	return (Datum) 0;
}
