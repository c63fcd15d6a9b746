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

/* the best of some ways to cut a piece: from first to before end it has another level than elsewhere */
typedef struct ChangepointCut
{
	int			first;
	int			end;			/* the piece's, where it is cut in two */
	double		explained;		/* of the squares; t grows with them */
	double		ways;			/* how many were tried */
} ChangepointCut;

/*
 * Are CT_MIN_SEGMENT of an episode's runs nearer to its level than to that
 * around it?  One or two that are far off make no level of those beside them.
 */
static bool
changepoint_is_level(const double *values, int first, int end, int n, double mean, double deviations)
{
	double		inside = mean + deviations / (end - first);
	double		around = mean - deviations / (n - (end - first));
	int			near = 0;
	int			i;

	for (i = first; i < end && near < CT_MIN_SEGMENT; i++)
		near += fabs(values[i] - inside) < fabs(values[i] - around);
	return near >= CT_MIN_SEGMENT;
}

/* deviations: the sum of those from the piece's mean, from first to before end. */
static void
changepoint_try(ChangepointCut *cut, const double *values, int first, int end, int n, double mean,
				double deviations)
{
	double		length = end - first;
	double		explained = deviations * deviations * n / (length * (n - length));

	cut->ways++;
	if (explained > cut->explained &&
		(end == n || changepoint_is_level(values, first, end, n, mean, deviations)))
	{
		cut->explained = explained;
		cut->first = first;
		cut->end = end;
	}
}

/* Bonferroni's bound for the probability that one of all these ways explains so much by chance. */
static double
changepoint_chance(const ChangepointCut *cut, int n, double squares)
{
	double		rest = squares - cut->explained;

	if (cut->ways == 0)
		return 1;
	if (rest <= 1e-12 * squares)
		return 0;
	return 2 * ct_student_cdf(-sqrt(cut->explained * (n - 2) / rest), n - 2) * cut->ways;
}

/* Is a piece cut in two or three, and where?  sums has room for n + 1. */
static bool
changepoint_cut(const double *values, int n, double *clipped, double *sums, ChangepointCut *found)
{
	ChangepointCut two = {0};
	ChangepointCut three = {0};
	double		squares = 0;
	double		mean = 0;
	double		chance;
	int			first;
	int			end;
	int			i;

	if (n < 2 * CT_MIN_SEGMENT)
		return false;
	changepoint_clip(values, n, clipped, sums);
	for (i = 0; i < n; i++)
		mean += clipped[i] / n;
	sums[0] = 0;
	for (i = 0; i < n; i++)
	{
		squares += (clipped[i] - mean) * (clipped[i] - mean);
		sums[i + 1] = sums[i] + (clipped[i] - mean);
	}

	/* what is left after rounding is nothing */
	if (squares <= 1e-20 * n * mean * mean)
		return false;
	for (first = CT_MIN_SEGMENT; first <= n - CT_MIN_SEGMENT; first++)
	{
		changepoint_try(&two, clipped, first, n, n, mean, sums[n] - sums[first]);
		for (end = first + CT_MIN_SEGMENT; end <= Min(n - CT_MIN_SEGMENT, first + CT_MAX_EPISODE); end++)
			changepoint_try(&three, clipped, first, end, n, mean, sums[end] - sums[first]);
	}
	chance = changepoint_chance(&two, n, squares);
	*found = two;
	if (changepoint_chance(&three, n, squares) < chance)
	{
		chance = changepoint_chance(&three, n, squares);
		*found = three;
	}

	/* each of both questions has half of the level */
	return chance < CT_CHANGEPOINT_LEVEL / 2;
}

/* first: the index of values[0] in the whole series. */
static int
changepoint_search(const double *values, int n, int first, int *points, double *clipped, double *sums)
{
	int			found = 0;
	ChangepointCut cut;

	/* the longest piece is gone on with, the others are searched by recursion, so that it isn't deep */
	while (changepoint_cut(values, n, clipped, sums, &cut))
	{
		int			starts[4] = {0, cut.first, cut.end, n};
		int			longest = 0;
		int			i;

		for (i = 0; i < 3; i++)
		{
			if (i > 0 && starts[i] < n)
				points[found++] = first + starts[i];
			if (starts[i + 1] - starts[i] > starts[longest + 1] - starts[longest])
				longest = i;
		}
		for (i = 0; i < 3; i++)
		{
			if (i != longest)
				found += changepoint_search(values + starts[i], starts[i + 1] - starts[i], first + starts[i],
											points + found, clipped, sums);
		}
		values += starts[longest];
		first += starts[longest];
		n = starts[longest + 1] - starts[longest];
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
