/*
 * changepoint.c
 *		Where a series of runs changes its level: see changepoint.h for the method.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/changepoint.h"
#include "src/metrics/distribution.h"

/* a normal distribution's deviation, in units of the median of absolute deviations */
#define DEVIATION_OF_MEDIAN	1.482602218505602

static int
changepoint_compare(const void *a, const void *b)
{
	double		left = *(const double *) a;
	double		right = *(const double *) b;

	return left < right ? -1 : left > right;
}

static int
changepoint_compare_indexes(const void *a, const void *b)
{
	return *(const int *) a - *(const int *) b;
}

double
ct_median(double *values, int n)
{
	qsort(values, n, sizeof(double), changepoint_compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* Copies the values, those far off as near as they may be. */
static void
changepoint_clip(const double *values, int n, double *clipped, double *scratch)
{
	double		median;
	double		most;
	int			i;

	memcpy(scratch, values, n * sizeof(double));
	median = ct_median(scratch, n);
	for (i = 0; i < n; i++)
		scratch[i] = fabs(values[i] - median);
	most = CT_FAR_OFF * DEVIATION_OF_MEDIAN * ct_median(scratch, n);
	for (i = 0; i < n; i++)
		clipped[i] = most > 0 ? Min(Max(values[i], median - most), median + most) : values[i];
}

/* The index at which a piece is best split in two; -1 if it is one. */
static int
changepoint_split(const double *values, int n, double *clipped, double *scratch)
{
	double		sum = 0;
	double		squares = 0;
	double		left = 0;
	double		best = 0;
	double		rest;
	double		t;
	double		mean;
	int			split = -1;
	int			i;

	if (n < 2 * CT_MIN_SEGMENT)
		return -1;
	changepoint_clip(values, n, clipped, scratch);
	for (i = 0; i < n; i++)
		sum += clipped[i];
	mean = sum / n;
	for (i = 0; i < n; i++)
		squares += (clipped[i] - mean) * (clipped[i] - mean);

	/* the squares that a split explains; t grows with them */
	for (i = 1; i <= n - CT_MIN_SEGMENT; i++)
	{
		double		explained;

		left += clipped[i - 1] - mean;
		explained = left * left * n / ((double) i * (n - i));
		if (i >= CT_MIN_SEGMENT && explained > best)
		{
			best = explained;
			split = i;
		}
	}

	/* what is left after rounding is nothing */
	if (split < 0 || squares <= 1e-20 * n * mean * mean)
		return -1;
	rest = squares - best;
	if (rest <= 1e-12 * squares)
		return split;
	t = sqrt(best * (n - 2) / rest);
	if (2 * ct_student_cdf(-t, n - 2) * (n - 2 * CT_MIN_SEGMENT + 1) >= CT_CHANGEPOINT_LEVEL)
		return -1;
	return split;
}

/* first: the index of values[0] in the whole series. */
static int
changepoint_search(const double *values, int n, int first, int *points, double *clipped, double *scratch)
{
	int			found = 0;
	int			split;

	/* the shorter piece by recursion, so that it isn't deep */
	while ((split = changepoint_split(values, n, clipped, scratch)) > 0)
	{
		points[found++] = first + split;
		if (split < n - split)
		{
			found += changepoint_search(values, split, first, points + found, clipped, scratch);
			values += split;
			first += split;
			n -= split;
		}
		else
		{
			found += changepoint_search(values + split, n - split, first + split, points + found,
										clipped, scratch);
			n = split;
		}
	}
	return found;
}

int
ct_changepoints(const double *values, int n, int *points, double *scratch)
{
	int			found = changepoint_search(values, n, 0, points, scratch, scratch + n);

	qsort(points, found, sizeof(int), changepoint_compare_indexes);
	return found;
}
