/*
 * results.c
 *		Sums over a run's results.
 */
#include "postgres.h"

#include "utils/float.h"

#include "src/results/exploration.h"
#include "src/results/results.h"

double
ct_results_tps(const CtResults *results)
{
	return results->seconds > 0 ? results->transactions / results->seconds : get_float8_nan();
}

double
ct_results_tps_half_interval(const CtResults *results)
{
	return ct_batches_half_interval(&results->batches, (uint64) (results->seconds * 1e9));
}

/* Where there are checks, a state that no serial order leaves is only noted. */
static int64
results_executions_gone_wrong(const CtResults *results)
{
	int64		n = 0;
	ListCell   *lc;

	foreach(lc, results->exploration->permutations)
	{
		const CtPermutationResult *found = lfirst(lc);

		if (found->result == CT_EXECUTION_PASS ||
			(found->result == CT_EXECUTION_NOT_SERIAL && !results->exploration->not_serial_fails))
			continue;
		n += found->executions;
	}
	return n;
}

int64
ct_results_anomalies(const CtResults *results)
{
	int64		n = 0;
	ListCell   *lc;

	if (results->exploration != NULL)
		return results_executions_gone_wrong(results);
	foreach(lc, results->checks)
		n += ((CtCheckResult *) lfirst(lc))->violations;
	return n;
}

int64
ct_results_errors(const CtResults *results, int script, int sqlstate)
{
	int64		n = 0;
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);

		if (script >= 0 && error->script != script)
			continue;
		if (sqlstate == 0 ? strcmp(error->handling, "expected") != 0 :
			error->sqlstate == sqlstate)
			n += error->count;
	}
	return n;
}
