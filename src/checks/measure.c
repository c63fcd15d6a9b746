/*
 * measure.c
 *		What is measured of a run instead of asked: thresholds, errors that
 *		nobody expected, a lock that was left behind.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/json.h"

#include "src/base/errcodes.h"
#include "src/base/text.h"
#include "src/checks/check.h"
#include "src/metrics/metric.h"
#include "src/metrics/statistics.h"
#include "src/results/rows.h"

static double
measure_quantile_ms(const CtHistogram *h, double q)
{
	return ct_histogram_quantile(h, q) / 1e6;
}

/* How evenly the workers completed transactions. */
static double
measure_fairness(const CtResults *results)
{
	int			n = list_length(results->worker_results);
	double	   *transactions = palloc(Max(n, 1) * sizeof(double));
	double		fairness;
	ListCell   *lc;

	foreach(lc, results->worker_results)
		transactions[foreach_current_index(lc)] = ((CtWorkerResult *) lfirst(lc))->transactions;
	fairness = ct_stats_fairness(transactions, n);
	pfree(transactions);
	return fairness;
}

/* the rows that the checks have returned, errors and thresholds not being such checks */
static double
measure_count_anomalies(const CtResults *results)
{
	double		n = 0;
	ListCell   *lc;

	foreach(lc, results->checks)
	{
		const CtCheckResult *check = lfirst(lc);

		if (strcmp(check->kind, "threshold") != 0 && strcmp(check->kind, "error") != 0)
			n += check->violations;
	}
	return n;
}

/*
 * Tries that were ended before they could do harm, as the author expects it: by
 * an error that is retried, or one that is expected.
 */
static double
measure_count_prevented(const CtResults *results)
{
	double		n = 0;
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		const CtErrorResult *error = lfirst(lc);

		if (strcmp(error->handling, "retried") == 0 || strcmp(error->handling, "expected") == 0)
			n += error->count;
	}
	return n;
}

static void
measure_set_latencies(CtMetrics *input, const CtHistogram *h)
{
	input->mean_ms = ct_histogram_mean(h) / 1e6;
	input->stddev_ms = ct_histogram_stddev(h) / 1e6;
	input->p50_ms = measure_quantile_ms(h, 0.50);
	input->p90_ms = measure_quantile_ms(h, 0.90);
	input->p95_ms = measure_quantile_ms(h, 0.95);
	input->p99_ms = measure_quantile_ms(h, 0.99);
	input->p999_ms = measure_quantile_ms(h, 0.999);
	input->max_ms = h->count > 0 ? h->max / 1e6 : get_float8_nan();
}

/* per second of the measured part */
static double
measure_rate(const CtResults *results, double n)
{
	return results->seconds > 0 ? n / results->seconds : 0;
}

/* Nobody has looked. */
static void
measure_forget_usage(CtUsage *usage)
{
	double	   *member = (double *) usage;
	int			i;

	for (i = 0; i < sizeof(CtUsage) / sizeof(double); i++)
		member[i] = get_float8_nan();
}

/*
 * How long statements slept on locks that did so at all, on average, of a script
 * or of all (-1), in ms; 0 where none did.
 */
static double
measure_lock_wait(const CtProgram *program, const CtResults *results, int script)
{
	double		sum = 0;
	double		count = 0;
	int			s;

	for (s = 0; s < program->nscripts; s++)
	{
		const CtHistogram *h = &results->histograms[program->scripts[s].histogram + CT_LATENCY_LOCK_WAIT];

		if ((script >= 0 && s != script) || h->count == 0)
			continue;
		sum += ct_histogram_mean(h) * h->count;
		count += h->count;
	}
	return count > 0 ? sum / count / 1e6 : 0;
}

static CtMetrics
measure_run_input(const CtProgram *program, const CtResults *results)
{
	CtMetrics	input;

	input.tps = measure_rate(results, results->transactions);
	input.transactions = results->transactions;
	input.failed = results->failed;
	input.retries = results->retries;
	input.errors = ct_results_errors(results, -1, 0);
	input.deadlocks = ct_results_errors(results, -1, ERRCODE_T_R_DEADLOCK_DETECTED);
	input.serialization_failures = ct_results_errors(results, -1, ERRCODE_T_R_SERIALIZATION_FAILURE);
	input.anomalies = measure_count_anomalies(results);
	input.prevented = measure_count_prevented(results);
	input.fairness = measure_fairness(results);
	input.recovery_s = get_float8_nan();
	input.rows_per_s = measure_rate(results, results->rows);
	input.connect_ms = results->connect_ns / 1e6;
	input.late = results->late;
	input.skipped = results->skipped + results->overdue;
	input.waited_rate = results->transactions + results->failed == 0 ? get_float8_nan() :
		(double) results->waited / (results->transactions + results->failed);
	input.lock_wait_ms = measure_lock_wait(program, results, -1);
	measure_set_latencies(&input, results->latency);
	if (results->usage != NULL)
		input.usage = *results->usage;
	else
		measure_forget_usage(&input.usage);
	return input;
}

static double
measure_tally(const CtResults *results, const CtProgramThreshold *threshold)
{
	ListCell   *lc;

	foreach(lc, results->tallies)
	{
		CtTallyResult *one = lfirst(lc);

		if (strcmp(one->name, threshold->metric) == 0)
			return ct_metric_of_tally(threshold->tally, &one->tally);
	}
	return ct_metric_of_tally(threshold->tally, NULL);
}

static void
measure_set_phase(CtMetrics *input, const CtPhaseRow *phase)
{
	input->failed = phase->failed;
	input->skipped = phase->skipped;
	input->tps = phase->seconds > 0 ? phase->transactions / phase->seconds : get_float8_nan();
	input->recovery_s = phase->recovery_s;
}

/* What the run came to as a multiple of its baseline; NaN where it has none. */
static double
measure_vs_baseline(const CtProgramThreshold *threshold, const CtMetrics *run)
{
	double		now = ct_metric_actual(threshold->metric, run);

	if (threshold->plan->baseline_run == 0 || isnan(now))
		return get_float8_nan();
	if (threshold->plan->baseline == 0)
		return now == 0 ? 1 : get_float8_infinity();
	return now / threshold->plan->baseline;
}

/* What a threshold's metric has come to; run: of the run as a whole. */
static double
measure_actual_value(const CtProgram *program, const CtProgramThreshold *threshold, const CtResults *results,
					 const CtMetrics *run)
{
	const CtHistogram *h;
	CtMetrics	input = *run;

	if (threshold->kind == CT_OF_RUN)
		return ct_metric_actual(threshold->metric, run);
	if (threshold->kind == CT_VS_BASELINE)
		return measure_vs_baseline(threshold, run);
	if (threshold->kind == CT_OF_TALLY)
		return measure_tally(results, threshold);

	/* of the members these are what there can be of such a thing */
	h = &results->histograms[threshold->histogram];
	measure_set_latencies(&input, h);
	input.transactions = h->counted;
	input.tps = measure_rate(results, h->counted);
	if (threshold->kind == CT_OF_PHASE)
		measure_set_phase(&input, list_nth(results->phases, threshold->phase));
	input.failed = h->failed;
	if (threshold->kind == CT_OF_SCRIPT)
	{
		input.errors = ct_results_errors(results, threshold->script, 0);
		input.deadlocks = ct_results_errors(results, threshold->script, ERRCODE_T_R_DEADLOCK_DETECTED);
		input.serialization_failures =
			ct_results_errors(results, threshold->script, ERRCODE_T_R_SERIALIZATION_FAILURE);
		input.lock_wait_ms = measure_lock_wait(program, results, threshold->script);
	}
	return ct_metric_actual(threshold->metric, &input);
}

/* Where the first one of its kind was raised, as JSON. */
static char *
measure_error_evidence(const CtProgram *program, const CtErrorResult *error)
{
	const CtScript *script = program->scripts[error->script].script;
	StringInfoData buf;

	if (error->command < 0)
		return NULL;
	initStringInfo(&buf);
	appendStringInfoString(&buf, "{\"script\": ");
	escape_json(&buf, script->name);
	if (error->command < script->ncommands)
	{
		appendStringInfo(&buf, ", \"step\": %d, \"line\": %d, \"statement\": ",
						 error->command + 1, script->commands[error->command].line);
		escape_json(&buf, ct_clip_text(script->commands[error->command].source, CT_MAX_CUT_SIZE));
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

/*
 * The first of the errors that a metric counts, NULL if it counts none or
 * there was none.
 */
static const CtErrorResult *
measure_first_counted(const CtResults *results, const char *metric)
{
	const CtErrorResult *first = NULL;
	bool		ended = strcmp(metric, "failed") == 0 || strcmp(metric, "error_rate") == 0 ||
		strcmp(metric, "success_rate") == 0;
	int			sqlstate = strcmp(metric, "deadlocks") == 0 ? ERRCODE_T_R_DEADLOCK_DETECTED :
		strcmp(metric, "serialization_failures") == 0 ? ERRCODE_T_R_SERIALIZATION_FAILURE : 0;
	ListCell   *lc;

	if (!ended && sqlstate == 0 && strcmp(metric, "errors") != 0)
		return NULL;
	foreach(lc, results->errors)
	{
		const CtErrorResult *error = lfirst(lc);

		if (sqlstate != 0 ? error->sqlstate != sqlstate :
			ended ? !error->unexpected : strcmp(error->handling, "expected") == 0)
			continue;
		if (first == NULL || error->first_seen < first->first_seen)
			first = error;
	}
	return first;
}

/* Why there is nothing to compare a threshold with; NULL where that goes without saying. */
static const char *
measure_unknown(const char *metric, const CtResults *results)
{
	if (!ct_metric_is_of_usage(metric))
		return NULL;
	if (results->usage == NULL)
		return "for with ct_ext.telemetry off nobody looks at what a run uses";
	if (strcmp(metric, "memory_slope_mb") == 0)
		return "for the run was too short to tell, with less than 17 seconds, or without transactions";
	return "for the system does not tell, or there was nothing to look at";
}

/* Why there is no value of a phase's metric; NULL where that needs no words. */
static char *
measure_no_value_of_phase(const CtProgramThreshold *threshold, const CtResults *results)
{
	const CtPhaseRow *phase = list_nth(results->phases, threshold->phase);

	if (phase->seconds == 0)
		return pstrdup("the run ended before that phase");
	if (strcmp(threshold->metric, "recovery_s") == 0)
		return psprintf("\"%s\" ended slower than the baseline, or nothing ended in it", phase->phase);
	return NULL;
}

/* As that, of a tally's metric. */
static const char *
measure_no_value_of_tally(const CtProgramThreshold *threshold, const CtResults *results)
{
	CtProgramThreshold count = *threshold;

	count.tally = CT_TALLY_COUNT;
	return measure_tally(results, &count) == 0 ? "no transaction that committed had this \\tally" : NULL;
}

static void
measure_thresholds(const CtProgram *program, CtResults *results)
{
	CtMetrics	run = measure_run_input(program, results);
	ListCell   *lc;

	foreach(lc, program->plan->thresholds)
	{
		CtPlanThreshold *threshold = lfirst(lc);
		CtCheckResult *result = palloc0(sizeof(CtCheckResult));
		CtAnomalyResult *anomaly;
		const CtErrorResult *error;
		double		actual = measure_actual_value(program, &program->thresholds[foreach_current_index(lc)],
												  results, &run);

		result->name = threshold->metric;
		result->kind = "threshold";
		result->target = psprintf("%s %.15g", threshold->op, threshold->target);
		/* six digits are enough of what is measured, but counts are told whole */
		result->actual = fabs(actual) >= 1e6 && fabs(actual) < 1e15 ? psprintf("%.0f", actual) : psprintf("%.6g", actual);
		result->holds = ct_metric_holds(actual, threshold->op, threshold->target);
		result->undecided = program->thresholds[foreach_current_index(lc)].kind == CT_VS_BASELINE &&
			threshold->baseline_run == 0;
		result->violations = result->holds || result->undecided ? 0 : 1;
		result->after = results->all_transactions;
		if (threshold->baseline_run != 0)
			result->note = psprintf("against run " INT64_FORMAT, threshold->baseline_run);
		if (result->undecided)
			result->actual = "no baseline";
		else if (!result->holds)
		{
			anomaly = palloc0(sizeof(CtAnomalyResult));
			anomaly->check = result->name;
			anomaly->kind = result->kind;
			anomaly->observed = result->actual;
			anomaly->expected = result->target;
			anomaly->first_seen = GetCurrentTimestamp();
			if (isnan(actual))
				result->note = measure_unknown(threshold->metric, results);
			error = measure_first_counted(results, threshold->metric);
			if (error != NULL && error->command >= 0)
			{
				anomaly->evidence = measure_error_evidence(program, error);
				result->note = psprintf("the first was %s (%s) in %s",
										unpack_sql_state(error->sqlstate),
										ct_condition_name(error->sqlstate),
										ct_program_place(program, error->script, error->command));
			}
			if (isnan(actual) && program->thresholds[foreach_current_index(lc)].kind == CT_OF_PHASE)
				result->note = measure_no_value_of_phase(&program->thresholds[foreach_current_index(lc)], results);
			if (isnan(actual) && program->thresholds[foreach_current_index(lc)].kind == CT_OF_TALLY)
				result->note = measure_no_value_of_tally(&program->thresholds[foreach_current_index(lc)], results);
			result->anomalies = list_make1(anomaly);
		}
		results->checks = lappend(results->checks, result);
	}
}

/* has the plan a threshold of its own on errors? */
static bool
measure_tolerates_errors(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *threshold = lfirst(lc);

		if ((strcmp(threshold->metric, "errors") == 0 || strcmp(threshold->metric, "error_rate") == 0 ||
			 strcmp(threshold->metric, "failed") == 0) && strchr("<=", threshold->op[0]) != NULL &&
			strcmp(threshold->op, "<>") != 0)
			return true;
	}
	return false;
}

static int
measure_compare_first_seen(const ListCell *a, const ListCell *b)
{
	TimestampTz left = ((CtErrorResult *) lfirst(a))->first_seen;
	TimestampTz right = ((CtErrorResult *) lfirst(b))->first_seen;

	return left < right ? -1 : left > right;
}

/* bytes of an error's message in a sentence; ct_errors has all of it */
#define MESSAGE_SHOWN	255

/*
 * An error that nobody expected is a violation of every scenario, be it one
 * that ended a transaction at once or after the last try.
 */
static void
measure_errors(const CtProgram *program, CtResults *results)
{
	CtCheckResult *result = palloc0(sizeof(CtCheckResult));
	List	   *errors = list_copy(results->errors);
	ListCell   *lc;

	list_sort(errors, measure_compare_first_seen);

	result->name = "unexpected_errors";
	result->kind = "error";
	result->target = "0 errors";
	result->after = results->all_transactions;
	foreach(lc, errors)
	{
		CtErrorResult *error = lfirst(lc);
		CtAnomalyResult *anomaly;

		if (!error->unexpected)
			continue;
		result->violations += error->count;
		anomaly = palloc0(sizeof(CtAnomalyResult));
		anomaly->check = result->name;
		anomaly->kind = result->kind;
		anomaly->observed = psprintf(INT64_FORMAT " time%s %s (%s)%s: %s%s%s",
									 error->count, error->count == 1 ? "" : "s",
									 unpack_sql_state(error->sqlstate),
									 ct_condition_name(error->sqlstate),
									 strcmp(error->handling, "gave_up") == 0 ? " after the last try" : "",
									 ct_clip_text(error->message, MESSAGE_SHOWN),
									 error->command < 0 ? "" : "; the first in ",
									 error->command < 0 ? "" :
									 ct_program_place(program, error->script, error->command));
		anomaly->expected = "none";
		anomaly->evidence = measure_error_evidence(program, error);
		anomaly->first_seen = error->first_seen;
		result->anomalies = lappend(result->anomalies, anomaly);
	}
	result->holds = result->violations == 0;
	result->actual = psprintf(INT64_FORMAT " error%s", result->violations,
							  result->violations == 1 ? "" : "s");
	results->checks = lappend(results->checks, result);
}

bool
ct_checks_have_errors(const CtPlan *plan, const CtResults *results)
{
	ListCell   *lc;

	if (measure_tolerates_errors(plan))
		return false;
	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);

		if (error->unexpected && error->count > 0)
			return true;
	}
	return false;
}

bool
ct_checks_have_failed(const CtChecks *checks, const CtProgram *program, const CtResults *results)
{
	const CtPlan *plan = program->plan;
	CtMetrics	run = measure_run_input(program, results);
	ListCell   *lc;

	if (ct_checks_found(checks) || ct_checks_have_errors(plan, results))
		return true;
	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *planned = lfirst(lc);
		const CtProgramThreshold *threshold = &program->thresholds[foreach_current_index(lc)];
		double		actual = measure_actual_value(program, threshold, results, &run);

		if (threshold->kind == CT_OF_TALLY ?
			ct_metric_tally_is_lost(threshold->tally, actual, planned->op, planned->target) :
			ct_metric_is_lost(threshold->metric, actual, planned->op, planned->target))
			return true;
	}
	return false;
}

/* Of a run that was to do so much in so much time: has it? */
static void
measure_timeout(const CtPlan *plan, CtResults *results)
{
	CtCheckResult *result = palloc0(sizeof(CtCheckResult));
	CtAnomalyResult *anomaly;
	int64		done = results->all_transactions;
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		const CtErrorResult *error = lfirst(lc);

		if (error->unexpected)
			done += error->count;
	}
	result->name = CT_ENDED_BY_TIMEOUT;
	result->kind = "timeout";
	result->target = psprintf(INT64_FORMAT " transactions within %g s", plan->transactions, plan->timeout);
	result->actual = psprintf(INT64_FORMAT " of " INT64_FORMAT " transactions", done, plan->transactions);
	result->after = done;
	result->holds = results->ended_by == NULL || strcmp(results->ended_by, CT_ENDED_BY_TIMEOUT) != 0 ||
		done >= plan->transactions;
	if (!result->holds)
	{
		anomaly = palloc0(sizeof(CtAnomalyResult));
		anomaly->check = result->name;
		anomaly->kind = result->kind;
		anomaly->observed = result->actual;
		anomaly->expected = result->target;
		anomaly->first_seen = GetCurrentTimestamp();
		result->violations = 1;
		result->anomalies = list_make1(anomaly);
	}
	results->checks = lappend(results->checks, result);
}

void
ct_checks_measure(const CtPlan *plan, const CtProgram *program, CtResults *results)
{
	measure_thresholds(program, results);
	if (!measure_tolerates_errors(plan))
		measure_errors(program, results);
	if (plan->timeout > 0 && plan->transactions > 0 && plan->rounds == 0)
		measure_timeout(plan, results);
}

void
ct_checks_add_lock(CtResults *results, const char *who_waits)
{
	CtCheckResult *result = palloc0(sizeof(CtCheckResult));
	CtAnomalyResult *anomaly = palloc0(sizeof(CtAnomalyResult));

	anomaly->check = result->name = "locks_given_back";
	anomaly->kind = result->kind = "lock_leak";
	anomaly->observed = who_waits;
	anomaly->expected = "none";
	anomaly->first_seen = GetCurrentTimestamp();
	result->target = "no lock in the way";
	result->actual = "1 lock";
	result->violations = 1;
	result->anomalies = list_make1(anomaly);
	result->after = results->all_transactions;
	results->checks = lappend(results->checks, result);
}
