/*
 * metric.c
 *		The metrics of a run, and whether a threshold on one holds.
 *
 * Knows no database and no run: whoever has the numbers asks.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/metrics/metric.h"

#define LATENCY		(CT_OF_RUN | CT_OF_SCRIPT | CT_OF_CLASS | CT_OF_OUTCOME | CT_OF_STATEMENT | CT_OF_PHASE)
#define COUNT		(CT_OF_RUN | CT_OF_SCRIPT | CT_OF_CLASS | CT_OF_OUTCOME | CT_OF_PHASE)
#define ENDED		(CT_OF_RUN | CT_OF_SCRIPT | CT_OF_CLASS | CT_OF_PHASE)

const char *const ct_metrics[] = {
	"tps", "transactions", "failed", "retries", "errors", "deadlocks",
	"serialization_failures", "success_rate", "error_rate", "retry_rate", "anomalies", "prevented", "prevention_rate",
	"fairness", "rows_per_s", "connect_ms", "late", "skipped", "waited_rate", "lock_wait_ms",
	"mean_ms", "stddev_ms",
	"p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", "recovery_s",
	"cpu", "max_cpu", "server_cpu", "machine_cpu", "max_machine_cpu",
	"max_machine_memory", "start_memory_mb", "max_memory_mb", "end_memory_mb",
	"memory_growth_mb", "memory_slope_mb", "max_worker_mb", "temp_mb", "wal_mb",
	"hit_rate", "connections", "max_dead_tuples", "max_table_mb", NULL
};

/* the comparisons, to NULL */
static const char *const metric_ops[] = {"<", "<=", "=", ">=", ">", "<>", NULL};

/* where a metric is taken as it is */
static const struct
{
	const char *name;
	size_t		offset;
	int			kinds;
	bool		grows;			/* and never shrinks, as a run goes on */
}			members[] =

{
	{"tps", offsetof(CtMetrics, tps), COUNT | CT_VS_BASELINE, false},
	{"transactions", offsetof(CtMetrics, transactions), COUNT, true},
	{"failed", offsetof(CtMetrics, failed), ENDED, true},
	{"retries", offsetof(CtMetrics, retries), CT_OF_RUN, true},
	{"errors", offsetof(CtMetrics, errors), CT_OF_RUN | CT_OF_SCRIPT | CT_VS_BASELINE, true},
	{"deadlocks", offsetof(CtMetrics, deadlocks), CT_OF_RUN | CT_OF_SCRIPT, true},
	{"serialization_failures", offsetof(CtMetrics, serialization_failures),
	CT_OF_RUN | CT_OF_SCRIPT, true},
	{"anomalies", offsetof(CtMetrics, anomalies), CT_OF_RUN, false},
	{"prevented", offsetof(CtMetrics, prevented), CT_OF_RUN, true},
	{"fairness", offsetof(CtMetrics, fairness), CT_OF_RUN, false},
	{"rows_per_s", offsetof(CtMetrics, rows_per_s), CT_OF_RUN, false},
	{"connect_ms", offsetof(CtMetrics, connect_ms), CT_OF_RUN, false},
	{"late", offsetof(CtMetrics, late), CT_OF_RUN, true},
	{"skipped", offsetof(CtMetrics, skipped), CT_OF_RUN | CT_OF_PHASE, true},
	{"waited_rate", offsetof(CtMetrics, waited_rate), CT_OF_RUN, false},
	{"lock_wait_ms", offsetof(CtMetrics, lock_wait_ms), CT_OF_RUN | CT_OF_SCRIPT, false},
	{"mean_ms", offsetof(CtMetrics, mean_ms), LATENCY | CT_VS_BASELINE, false},
	{"stddev_ms", offsetof(CtMetrics, stddev_ms), LATENCY, false},
	{"p50_ms", offsetof(CtMetrics, p50_ms), LATENCY | CT_VS_BASELINE, false},
	{"p90_ms", offsetof(CtMetrics, p90_ms), LATENCY, false},
	{"p95_ms", offsetof(CtMetrics, p95_ms), LATENCY | CT_VS_BASELINE, false},
	{"p99_ms", offsetof(CtMetrics, p99_ms), LATENCY | CT_VS_BASELINE, false},
	{"p999_ms", offsetof(CtMetrics, p999_ms), LATENCY, false},
	{"max_ms", offsetof(CtMetrics, max_ms), LATENCY, true},
	{"recovery_s", offsetof(CtMetrics, recovery_s), CT_OF_PHASE, false},
	{"cpu", offsetof(CtMetrics, usage.cpu), CT_OF_RUN, false},
	{"max_cpu", offsetof(CtMetrics, usage.max_cpu), CT_OF_RUN, true},
	{"server_cpu", offsetof(CtMetrics, usage.server_cpu), CT_OF_RUN, false},
	{"machine_cpu", offsetof(CtMetrics, usage.machine_cpu), CT_OF_RUN, false},
	{"max_machine_cpu", offsetof(CtMetrics, usage.max_machine_cpu), CT_OF_RUN, true},
	{"max_machine_memory", offsetof(CtMetrics, usage.max_machine_memory), CT_OF_RUN, true},
	{"start_memory_mb", offsetof(CtMetrics, usage.start_memory_mb), CT_OF_RUN, false},
	{"max_memory_mb", offsetof(CtMetrics, usage.max_memory_mb), CT_OF_RUN, true},
	{"end_memory_mb", offsetof(CtMetrics, usage.end_memory_mb), CT_OF_RUN, false},
	{"memory_growth_mb", offsetof(CtMetrics, usage.memory_growth_mb), CT_OF_RUN, true},
	{"memory_slope_mb", offsetof(CtMetrics, usage.memory_slope_mb), CT_OF_RUN, false},
	{"max_worker_mb", offsetof(CtMetrics, usage.max_worker_mb), CT_OF_RUN, true},
	{"temp_mb", offsetof(CtMetrics, usage.temp_mb), CT_OF_RUN, true},
	{"wal_mb", offsetof(CtMetrics, usage.wal_mb), CT_OF_RUN, true},
	{"hit_rate", offsetof(CtMetrics, usage.hit_rate), CT_OF_RUN, false},
	{"connections", offsetof(CtMetrics, usage.connections), CT_OF_RUN, true},
	{"max_dead_tuples", offsetof(CtMetrics, usage.max_dead_tuples), CT_OF_RUN, true},
	{"max_table_mb", offsetof(CtMetrics, usage.max_table_mb), CT_OF_RUN, true}
};

/* of a tally, by CtTallyMetric; its sum has no name */
static const char *const tally_metrics[] = {
	[CT_TALLY_COUNT] = "count",
	[CT_TALLY_MEAN] = "mean",
	[CT_TALLY_MIN] = "min",
	[CT_TALLY_MAX] = "max"
};

static bool
metric_is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
	{
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

int
ct_metric_kinds(const char *metric)
{
	int			i;

	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			return members[i].kinds;
	}
	if (strcmp(metric, "success_rate") == 0 || strcmp(metric, "error_rate") == 0)
		return ENDED;
	return metric_is_among(metric, ct_metrics) ? CT_OF_RUN : 0;
}

bool
ct_metric_is_of_usage(const char *metric)
{
	int			i;

	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			return members[i].offset >= offsetof(CtMetrics, usage);
	}
	return false;
}

bool
ct_metric_is_op(const char *op)
{
	return metric_is_among(op, metric_ops);
}

CtTallyMetric
ct_metric_cut_tally(char *metric)
{
	char	   *dot = strrchr(metric, '.');
	int			i;

	for (i = CT_TALLY_COUNT; dot != NULL && i < lengthof(tally_metrics); i++)
	{
		if (strcmp(dot + 1, tally_metrics[i]) == 0)
		{
			*dot = '\0';
			return i;
		}
	}
	return CT_TALLY_SUM;
}

CtMetricKind
ct_metric_split(const char *name, char **of, char **metric)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL)
	{
		*of = NULL;
		*metric = pstrdup(name);
		return CT_OF_RUN;
	}
	if (strncmp(name, "tally.", strlen("tally.")) == 0)
	{
		/* a script may be called "tally.n", but has no metric of those names */
		*metric = pstrdup(name + strlen("tally."));
		if (dot == name + strlen("tally") || ct_metric_cut_tally(pstrdup(*metric)) != CT_TALLY_SUM)
		{
			*of = pstrdup("tally");
			return CT_OF_TALLY;
		}
	}
	*of = pnstrdup(name, dot - name);
	*metric = pstrdup(dot + 1);
	return strcmp(*of, "vs_baseline") == 0 ? CT_VS_BASELINE : CT_OF_SCRIPT;
}

double
ct_metric_actual(const char *metric, const CtMetrics *input)
{
	double		all = input->transactions + input->failed;
	int			i;

	if (strcmp(metric, "success_rate") == 0)
		return all > 0 ? input->transactions / all : get_float8_nan();
	if (strcmp(metric, "error_rate") == 0)
		return all > 0 ? input->failed / all : get_float8_nan();
	if (strcmp(metric, "retry_rate") == 0)
		return all > 0 ? input->retries / all : get_float8_nan();
	if (strcmp(metric, "prevention_rate") == 0)
		return input->prevented + input->anomalies > 0 ?
			input->prevented / (input->prevented + input->anomalies) : get_float8_nan();
	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			return *(const double *) ((const char *) input + members[i].offset);
	}
	elog(ERROR, "unrecognized metric: \"%s\"", metric);
	return 0;					/* keep compiler quiet */
}

double
ct_metric_of_tally(CtTallyMetric metric, const CtTally *tally)
{
	bool		said = tally != NULL && tally->count > 0;

	switch (metric)
	{
		case CT_TALLY_SUM:
			return said ? tally->sum : 0;
		case CT_TALLY_COUNT:
			return said ? tally->count : 0;
		case CT_TALLY_MEAN:
			return said ? tally->sum / tally->count : get_float8_nan();
		case CT_TALLY_MIN:
			return said ? tally->min : get_float8_nan();
		case CT_TALLY_MAX:
			return said ? tally->max : get_float8_nan();
	}
	elog(ERROR, "unrecognized metric of a tally: %d", (int) metric);
	return 0;					/* keep compiler quiet */
}

/* Is a bound from above of what only grows exceeded? */
static bool
metric_exceeds(double actual, const char *op, double target)
{
	if (strcmp(op, "<") == 0)
		return actual >= target;
	if (strcmp(op, "<=") == 0 || strcmp(op, "=") == 0)
		return actual > target;
	return false;
}

bool
ct_metric_is_lost(const char *metric, double actual, const char *op, double target)
{
	bool		grows = false;
	int			i;

	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			grows = members[i].grows;
	}
	return grows && metric_exceeds(actual, op, target);
}

bool
ct_metric_tally_is_lost(CtTallyMetric metric, double actual, const char *op, double target)
{
	if (metric == CT_TALLY_COUNT || metric == CT_TALLY_MAX)
		return metric_exceeds(actual, op, target);
	if (metric == CT_TALLY_MIN)
		return metric_exceeds(-actual, strcmp(op, ">") == 0 ? "<" : strcmp(op, ">=") == 0 ? "<=" :
							  strcmp(op, "=") == 0 ? "=" : "", -target);
	return false;
}

bool
ct_metric_holds(double actual, const char *op, double target)
{
	if (isnan(actual) || isnan(target))
		return false;
	if (strcmp(op, "<") == 0)
		return actual < target;
	if (strcmp(op, "<=") == 0)
		return actual <= target;
	if (strcmp(op, "=") == 0)
		return actual == target;
	if (strcmp(op, ">=") == 0)
		return actual >= target;
	if (strcmp(op, ">") == 0)
		return actual > target;
	if (strcmp(op, "<>") == 0)
		return actual != target;
	elog(ERROR, "unrecognized comparison: \"%s\"", op);
	return false;				/* keep compiler quiet */
}
