/*
 * slo.c
 *		Service level objectives: thresholds on a run's metrics.
 *
 * Knows no database and no run: whoever has the numbers asks.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/checks/slo.h"

#define LATENCY		(CT_OF_RUN | CT_OF_SCRIPT | CT_OF_OUTCOME | CT_OF_STATEMENT)
#define COUNT		(CT_OF_RUN | CT_OF_SCRIPT | CT_OF_OUTCOME)

const char *const ct_slo_metrics[] = {
	"tps", "transactions", "failed", "retries", "errors", "deadlocks",
	"serialization_failures", "success_rate", "error_rate", "retry_rate", "anomalies",
	"fairness", "rows_per_s", "connect_ms", "mean_ms", "stddev_ms",
	"p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", NULL
};

const char *const ct_slo_ops[] = {"<", "<=", "=", ">=", ">", "<>", NULL};

/* where a metric is taken as it is */
static const struct
{
	const char *name;
	size_t		offset;
	int			kinds;
	bool		grows;			/* and never shrinks, as a run goes on */
}			members[] =

{
	{"tps", offsetof(CtSloInput, tps), COUNT, false},
	{"transactions", offsetof(CtSloInput, transactions), COUNT, true},
	{"failed", offsetof(CtSloInput, failed), CT_OF_RUN, true},
	{"retries", offsetof(CtSloInput, retries), CT_OF_RUN, true},
	{"errors", offsetof(CtSloInput, errors), CT_OF_RUN | CT_OF_SCRIPT, true},
	{"deadlocks", offsetof(CtSloInput, deadlocks), CT_OF_RUN | CT_OF_SCRIPT, true},
	{"serialization_failures", offsetof(CtSloInput, serialization_failures),
	CT_OF_RUN | CT_OF_SCRIPT, true},
	{"anomalies", offsetof(CtSloInput, anomalies), CT_OF_RUN, false},
	{"fairness", offsetof(CtSloInput, fairness), CT_OF_RUN, false},
	{"rows_per_s", offsetof(CtSloInput, rows_per_s), CT_OF_RUN, false},
	{"connect_ms", offsetof(CtSloInput, connect_ms), CT_OF_RUN, false},
	{"mean_ms", offsetof(CtSloInput, mean_ms), LATENCY, false},
	{"stddev_ms", offsetof(CtSloInput, stddev_ms), LATENCY, false},
	{"p50_ms", offsetof(CtSloInput, p50_ms), LATENCY, false},
	{"p90_ms", offsetof(CtSloInput, p90_ms), LATENCY, false},
	{"p95_ms", offsetof(CtSloInput, p95_ms), LATENCY, false},
	{"p99_ms", offsetof(CtSloInput, p99_ms), LATENCY, false},
	{"p999_ms", offsetof(CtSloInput, p999_ms), LATENCY, false},
	{"max_ms", offsetof(CtSloInput, max_ms), LATENCY, true}
};

static bool
is_among(const char *name, const char *const *names)
{
	for (; *names != NULL; names++)
	{
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

int
ct_slo_kinds(const char *metric)
{
	int			i;

	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			return members[i].kinds;
	}
	return is_among(metric, ct_slo_metrics) ? CT_OF_RUN : 0;
}

bool
ct_slo_is_op(const char *op)
{
	return is_among(op, ct_slo_ops);
}

CtSloKind
ct_slo_split(const char *name, char **of, char **metric)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL)
	{
		*of = NULL;
		*metric = pstrdup(name);
		return CT_OF_RUN;
	}
	*of = pnstrdup(name, dot - name);
	*metric = pstrdup(dot + 1);
	return strcmp(*of, "tally") == 0 ? CT_OF_TALLY : CT_OF_SCRIPT;
}

double
ct_slo_actual(const char *metric, const CtSloInput *input)
{
	double		all = input->transactions + input->failed;
	int			i;

	if (strcmp(metric, "success_rate") == 0)
		return all > 0 ? input->transactions / all : get_float8_nan();
	if (strcmp(metric, "error_rate") == 0)
		return all > 0 ? input->failed / all : get_float8_nan();
	if (strcmp(metric, "retry_rate") == 0)
		return all > 0 ? input->retries / all : get_float8_nan();
	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			return *(const double *) ((const char *) input + members[i].offset);
	}
	elog(ERROR, "unrecognized metric: \"%s\"", metric);
	return 0;					/* keep compiler quiet */
}

bool
ct_slo_is_lost(const char *metric, double actual, const char *op, double target)
{
	bool		grows = false;
	int			i;

	for (i = 0; i < lengthof(members); i++)
	{
		if (strcmp(metric, members[i].name) == 0)
			grows = members[i].grows;
	}
	if (!grows || isnan(actual))
		return false;
	if (strcmp(op, "<") == 0)
		return actual >= target;
	if (strcmp(op, "<=") == 0 || strcmp(op, "=") == 0)
		return actual > target;
	return false;
}

bool
ct_slo_holds(double actual, const char *op, double target)
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
