/*
 * regression.c
 *		The arithmetic of ct_regressions and ct_trends, as SQL calls it.
 *
 * The views have read everything already; here it only comes from arrays into
 * structs.  So there is nothing here that a role may see or not.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/float.h"
#include "utils/tuplestore.h"

#include "src/base/ct_compat.h"
#include "src/catalog/version.h"
#include "src/metrics/changepoint.h"
#include "src/metrics/statistics.h"

CT_FUNCTION_INFO_V1(ct_change);
CT_FUNCTION_INFO_V1(ct_levels);

/* The numbers of an array argument, nulls as NaN; of a null argument there are none. */
static double *
regression_numbers(FunctionCallInfo fcinfo, int argument, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *numbers;
	int			i;

	*n = 0;
	if (PG_ARGISNULL(argument))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, n);
	numbers = palloc(Max(*n, 1) * sizeof(double));
	for (i = 0; i < *n; i++)
		numbers[i] = nulls[i] ? get_float8_nan() : DatumGetFloat8(elements[i]);
	return numbers;
}

static int64 *
regression_ids(FunctionCallInfo fcinfo, int argument, int *n)
{
	Datum	   *elements;
	bool	   *nulls;
	int64	   *ids;
	int			i;

	*n = 0;
	if (PG_ARGISNULL(argument))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, n);
	ids = palloc(Max(*n, 1) * sizeof(int64));
	for (i = 0; i < *n; i++)
		ids[i] = nulls[i] ? 0 : DatumGetInt64(elements[i]);
	return ids;
}

/* A run's seconds, of all runs' in the same order; none if one of them has no value. */
static void
regression_take_seconds(CtSample *run, int64 run_id, const int64 *ids, const double *seconds, int n,
						int *next)
{
	bool		whole = true;
	int			first;

	while (*next < n && ids[*next] < run_id)
		(*next)++;
	first = *next;
	while (*next < n && ids[*next] == run_id)
		whole = !isnan(seconds[(*next)++]) && whole;
	run->batches = seconds + first;
	run->n = whole ? *next - first : 0;
}

static void
regression_put(Datum *values, bool *nulls, int column, double number)
{
	values[column] = Float8GetDatum(number);
	nulls[column] = isnan(number);
}

/* _ct_change(runs, values, second_runs, seconds, first_after, counts) */
Datum
ct_change(PG_FUNCTION_ARGS)
{
	Datum		values[7];
	bool		nulls[7] = {true, true, true, true, true, true, true};
	TupleDesc	desc;
	CtSample   *samples;
	CtChange	change;
	int			nids;
	int			nvalues;
	int			nsecond_ids;
	int			nseconds;
	int64	   *ids = regression_ids(fcinfo, 0, &nids);
	double	   *numbers = regression_numbers(fcinfo, 1, &nvalues);
	int64	   *second_ids = regression_ids(fcinfo, 2, &nsecond_ids);
	double	   *seconds = regression_numbers(fcinfo, 3, &nseconds);
	int			nbefore = 0;
	int			next = 0;
	bool		whole = nids == nvalues && nsecond_ids == nseconds && !PG_ARGISNULL(4) && !PG_ARGISNULL(5);
	int			i;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	samples = palloc0(Max(nids, 1) * sizeof(CtSample));
	for (i = 0; i < nids && whole; i++)
	{
		samples[i].value = numbers[i];
		whole = !isnan(numbers[i]);
		regression_take_seconds(&samples[i], ids[i], second_ids, seconds, nseconds, &next);
		if (ids[i] < PG_GETARG_INT64(4))
			nbefore = i + 1;
	}
	if (whole && nbefore > 0 && nbefore < nids)
	{
		change = ct_stats_change(samples, nbefore, samples + nbefore, nids - nbefore,
								 PG_GETARG_BOOL(5), CT_CHANGE_LEVEL);
		regression_put(values, nulls, 0, change.before);
		regression_put(values, nulls, 1, change.after);
		regression_put(values, nulls, 2, change.change);
		regression_put(values, nulls, 3, change.low);
		regression_put(values, nulls, 4, change.high);
		values[5] = BoolGetDatum(change.verdict == CT_CHANGE_SIGNIFICANT);
		nulls[5] = change.verdict == CT_CHANGE_UNKNOWN;
		regression_put(values, nulls, 6, change.detectable);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

/* _ct_levels(values), a row for each of them */
Datum
ct_levels(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			n;
	double	   *numbers = regression_numbers(fcinfo, 0, &n);
	double	   *logs = palloc(Max(n, 1) * sizeof(double));
	int		   *points = palloc((n / CT_MIN_SEGMENT + 1) * sizeof(int));
	double		before = get_float8_nan();
	bool		positive = true;
	int			npoints;
	int			p;
	int			i;

	InitMaterializedSRF(fcinfo, 0);

	/* ratios matter, but there is none to nothing */
	for (i = 0; i < n; i++)
		positive = positive && numbers[i] > 0;
	for (i = 0; i < n; i++)
		logs[i] = positive ? log(numbers[i]) : numbers[i];
	npoints = ct_changepoints(logs, n, points, palloc((2 * n + 1) * sizeof(double)));
	for (p = 0; p <= npoints; p++)
	{
		int			first = p > 0 ? points[p - 1] : 0;
		int			end = p < npoints ? points[p] : n;
		double		level = ct_median(memcpy(logs, numbers + first, (end - first) * sizeof(double)),
									  end - first);

		for (i = first; i < end; i++)
		{
			Datum		values[4];
			bool		nulls[4] = {false};

			values[0] = Int32GetDatum(i + 1);
			regression_put(values, nulls, 1, level);
			regression_put(values, nulls, 2, before > 0 ? level / before - 1 : get_float8_nan());
			values[3] = BoolGetDatum(p > 0 && i == first);
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
		before = level;
	}
	return (Datum) 0;
}
