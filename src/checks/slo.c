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

const char *const ct_slo_metrics[] = {
	"tps", "transactions", "failed", "retries", "errors", "deadlocks",
	"serialization_failures", "error_rate", "retry_rate", "mean_ms",
	"p50_ms", "p95_ms", "p99_ms", "p999_ms", "max_ms", NULL
};

const char *const ct_slo_ops[] = {"<", "<=", "=", ">=", ">", "<>", NULL};

/* where a metric is taken as it is */
static const struct
{
	const char *name;
	size_t		offset;
}			members[] =

{
	{"tps", offsetof(CtSloInput, tps)},
	{"transactions", offsetof(CtSloInput, transactions)},
	{"failed", offsetof(CtSloInput, failed)},
	{"retries", offsetof(CtSloInput, retries)},
	{"errors", offsetof(CtSloInput, errors)},
	{"deadlocks", offsetof(CtSloInput, deadlocks)},
	{"serialization_failures", offsetof(CtSloInput, serialization_failures)},
	{"mean_ms", offsetof(CtSloInput, mean_ms)},
	{"p50_ms", offsetof(CtSloInput, p50_ms)},
	{"p95_ms", offsetof(CtSloInput, p95_ms)},
	{"p99_ms", offsetof(CtSloInput, p99_ms)},
	{"p999_ms", offsetof(CtSloInput, p999_ms)},
	{"max_ms", offsetof(CtSloInput, max_ms)}
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

bool
ct_slo_is_metric(const char *metric)
{
	return is_among(metric, ct_slo_metrics);
}

bool
ct_slo_is_op(const char *op)
{
	return is_among(op, ct_slo_ops);
}

double
ct_slo_actual(const char *metric, const CtSloInput *input)
{
	double		all = input->transactions + input->failed;
	int			i;

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
	static const char *const growing[] = {
		"transactions", "failed", "retries", "errors", "deadlocks", "serialization_failures",
		"max_ms", NULL
	};

	if (!is_among(metric, growing) || isnan(actual))
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
