/*
 * scale.c
 *		ct_scale: throughput against clients, and what it follows.
 *
 * Each number of clients is run several times, in turns (1 2 4 8 1 2 4 8), so
 * that what changes meanwhile is in all of them.  Ratios come with intervals
 * of runs and their seconds (src/metrics/statistics.h), and the law that is
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
#include "src/catalog/version.h"
#include "src/metrics/usl.h"
#include "src/plan/validate.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_scale);

#define SCALE_COLUMNS	24
#define SCALE_LEVEL		0.95
#define SCALE_STEPS		32
#define SCALE_REPEAT	10

/* a number of clients, and its runs */
typedef struct CtScaleStep
{
	int			clients;
	int			n;
	CtSample	samples[SCALE_REPEAT];
	int64		run_ids[SCALE_REPEAT];
	double		p95_ms;			/* their mean */
	bool		failed;
	bool		inconclusive;
	CtInterval	tps;
	CtInterval	efficiency;		/* of each client, against the first step's */
	CtInterval	retained;		/* of the highest throughput with fewer clients; NaN for the first step */
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
} CtScale;

static void
scale_read_clients(CtScale *scale, CtArgs *args)
{
	ArrayType  *array = ct_args_array(args, "clients");
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	if (array == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("clients must not be null")));
	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &n);
	if (n < 2 || n > SCALE_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("clients must be 2 to %d numbers", SCALE_STEPS),
				 errhint("Write clients => '{1,2,4,8}'.")));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("clients must not contain nulls")));
		scale->steps[i].clients = DatumGetInt32(elements[i]);
		ct_validate_integer("clients", scale->steps[i].clients, 1, CT_MAX_CLIENTS);
		if (i > 0 && scale->steps[i].clients <= scale->steps[i - 1].clients)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("clients must be in rising order"),
					 errdetail("%d comes after %d.", scale->steps[i].clients, scale->steps[i - 1].clients)));
	}
	scale->nsteps = n;
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
	double		step = 5;

	ct_args_begin(&args, fcinfo);
	scale->scenario = ct_args_text(&args, "scenario");
	scale->variant = ct_args_text(&args, "variant");
	scale_read_clients(scale, &args);
	scale->repeat = 2;
	(void) ct_args_int(&args, "repeat", &scale->repeat);
	ct_validate_integer("repeat", scale->repeat, 1, SCALE_REPEAT);
	scale_read_share(&args, "min_efficiency", &scale->min_efficiency);
	scale_read_share(&args, "min_retained", &scale->min_retained);
	(void) ct_args_seconds(&args, "step_duration", &step);

	memset(options, 0, sizeof(CtRunOptions));
	options->isolation = ct_args_text(&args, "isolation");
	options->has_max_tries = ct_args_int(&args, "max_tries", &options->max_tries);
	options->params = ct_args_jsonb(&args, "params");
	options->has_seed = ct_args_bigint(&args, "seed", &options->seed);
	options->has_warmup = ct_args_seconds(&args, "warmup", &options->warmup);
	options->expected_errors = ct_args_array(&args, "expected_errors");
	options->retried_errors = ct_args_array(&args, "retried_errors");
	options->thresholds = ct_args_array(&args, "thresholds");
	options->trust_owner = ct_args_flag(&args, "trust_owner");
	ct_args_end(&args);
	ct_run_as_step(options, step);
	ct_run_share_seed(options);
}

/* The run's throughput second by second, its last one left out if it is a piece; palloc'd. */
static double *
scale_read_seconds(int64 run_id, int *n)
{
	MemoryContext context = CurrentMemoryContext;
	CtReport   *report;
	double	   *seconds;
	int			nestlevel;
	int			i;

	nestlevel = ct_report_begin_reading();
	report = ct_report_load(run_id);
	seconds = MemoryContextAlloc(context, Max(report->nseconds, 1) * sizeof(double));
	*n = 0;
	for (i = 0; i < report->nseconds; i++)
		if (report->seconds[i].seconds > 0.9)
			seconds[(*n)++] = report->seconds[i].tps;
	ct_report_end_reading(nestlevel);
	return seconds;
}

static void
scale_run(CtScale *scale, CtScaleStep *step)
{
	CtSample   *sample = &step->samples[step->n];
	CtOutcome  *outcome;

	ct_run_with_sessions(&scale->options, step->clients);
	outcome = ct_outcome_of_run(ct_plan_of_scenario(scale->scenario, scale->variant, &scale->options));
	if (outcome->verdict == NULL)
		ereport(ERROR,
				(errcode(outcome->sqlstate ? outcome->sqlstate : ERRCODE_QUERY_CANCELED),
				 errmsg("with %d clients the run was without a verdict", step->clients),
				 errdetail_internal("%s.", outcome->reason)));
	step->run_ids[step->n] = outcome->run_id;
	step->failed |= strcmp(outcome->verdict, "fail") == 0;
	step->inconclusive |= strcmp(outcome->verdict, "inconclusive") == 0;
	sample->value = isnan(outcome->summary.tps) ? 0 : outcome->summary.tps;
	sample->batches = scale_read_seconds(outcome->run_id, &sample->n);
	step->p95_ms += outcome->summary.p95_ms / scale->repeat;
	step->n++;
	ereport(NOTICE,
			(errmsg("%d clients: %.1f transactions per second, run " INT64_FORMAT, step->clients,
					sample->value, outcome->run_id)));
}

/* A step's throughput as a share of another one's, with its interval. */
static CtInterval
scale_ratio(const CtScaleStep *of, const CtScaleStep *to, double by)
{
	CtChange	change = ct_stats_change(to->samples, to->n, of->samples, of->n, false, SCALE_LEVEL);
	CtInterval	ratio = {(1 + change.change) * by, (1 + change.low) * by, (1 + change.high) * by};

	return ratio;
}

static void
scale_measure(CtScale *scale)
{
	CtScaleStep *highest = NULL;
	int			i;
	int			j;

	for (i = 0; i < scale->nsteps; i++)
	{
		CtScaleStep *step = &scale->steps[i];
		double		values[SCALE_REPEAT];

		for (j = 0; j < step->n; j++)
			values[j] = step->samples[j].value;
		step->tps = step->n > 1 ? ct_stats_mean_independent(values, step->n, SCALE_LEVEL) :
			ct_stats_mean(step->samples[0].batches, step->samples[0].n, SCALE_LEVEL);
		step->tps.estimate = 0;
		for (j = 0; j < step->n; j++)
			step->tps.estimate += values[j] / step->n;
		step->efficiency = scale_ratio(step, &scale->steps[0], (double) scale->steps[0].clients / step->clients);
		step->retained.estimate = step->retained.low = step->retained.high = NAN;
		if (highest != NULL)
			step->retained = scale_ratio(step, highest, 1);
		if (i == 0)
			step->efficiency.estimate = step->efficiency.low = step->efficiency.high = 1;
		if (highest == NULL || step->tps.estimate > highest->tps.estimate)
			highest = step;
	}
}

/* Is a share surely as high as asked for?  1: yes, -1: surely not, 0: who knows. */
static int
scale_judge(const CtInterval *share, double least)
{
	if (isnan(least) || share->low >= least)
		return 1;
	return share->high < least ? -1 : 0;
}

static const char *
scale_verdict(const CtScale *scale, const CtScaleStep *step)
{
	int			efficient = scale_judge(&step->efficiency, scale->min_efficiency);
	/* of the first there is nothing before that could be retained */
	int			graceful = step == scale->steps ? 1 : scale_judge(&step->retained, scale->min_retained);

	if (step->failed || efficient < 0 || graceful < 0)
		return "fail";
	return step->inconclusive || efficient == 0 || graceful == 0 ? "inconclusive" : "pass";
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
	double		clients[SCALE_STEPS * SCALE_REPEAT];
	double		tps[SCALE_STEPS * SCALE_REPEAT];
	CtUslFit	fit;
	CtInterval	exponent;
	int			n = 0;
	int			i;
	int			j;

	for (i = 0; i < scale->nsteps; i++)
		for (j = 0; j < scale->steps[i].n; j++)
		{
			clients[n] = scale->steps[i].clients;
			tps[n++] = scale->steps[i].samples[j].value;
		}
	fit = ct_usl_fit(clients, tps, n, SCALE_LEVEL);
	exponent = ct_usl_exponent(clients, tps, n, SCALE_LEVEL);
	for (i = 0; i < scale->nsteps; i++)
	{
		const CtScaleStep *step = &scale->steps[i];
		CtArray		run_ids = {step->n, step->run_ids};
		Datum		values[SCALE_COLUMNS] = {0};
		bool		nulls[SCALE_COLUMNS] = {false};
		int			column = 0;

		values[column++] = Int32GetDatum(step->clients);
		scale_put_interval(values, nulls, &column, step->tps, true);
		scale_put(values, nulls, &column, step->p95_ms);
		scale_put_interval(values, nulls, &column, step->efficiency, true);
		scale_put(values, nulls, &column, step->retained.estimate);
		values[column++] = CStringGetTextDatum(scale_verdict(scale, step));
		scale_put(values, nulls, &column, ct_usl_predict(&fit, step->clients));
		scale_put_interval(values, nulls, &column, fit.sigma, fit.fitted);
		scale_put_interval(values, nulls, &column, fit.kappa, fit.fitted);
		scale_put(values, nulls, &column, fit.fitted ? fit.lambda.estimate : NAN);
		scale_put(values, nulls, &column, fit.fitted ? fit.peak.estimate : NAN);
		scale_put_interval(values, nulls, &column, exponent, true);
		scale_put(values, nulls, &column, fit.fitted ? fit.r2 : NAN);
		values[column++] = ct_array_datum(CT_INT8S, &run_ids);
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
	InitMaterializedSRF(fcinfo, 0);
	for (round = 0; round < scale->repeat; round++)
		for (i = 0; i < scale->nsteps; i++)
			scale_run(scale, &scale->steps[i]);
	scale_measure(scale);
	scale_put_rows(scale, rsinfo);
	return (Datum) 0;
}
