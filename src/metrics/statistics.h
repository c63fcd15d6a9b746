/*
 * statistics.h
 *		Statistics that hold under noise: intervals of means and quantiles, and
 *		whether something has changed between runs.
 *
 * A run is a series of batches, seconds of it: a second's throughput, or the
 * p95 of its latencies.  Seconds follow on each other and are alike, so that
 * their number counts for less than it is: the variance of their mean is that
 * of independent ones, times (1 + r) / (1 - r) for a correlation r between
 * one and the next (an autoregressive process of order one; the effective
 * sample size of Zwiers and von Storch, "Taking serial correlation into
 * account in tests of the mean", Journal of Climate 8, 1995).  r is estimated
 * from the series themselves, without the bias that short ones have (Kendall,
 * "Note on bias in the estimation of autocorrelation", Biometrika 41, 1954).
 * Where a series drifts, its mean is that of nothing; see CtSeries.  Neighbours
 * that are alike make lines, too: what is no more than that isn't called a
 * drift, but makes the mean uncertain.
 *
 * Nothing here allocates, raises, or reads a clock.
 */
#ifndef CT_STATISTICS_H
#define CT_STATISTICS_H

#include "src/metrics/histogram.h"

/* an interval about an estimate; low and high are NaN where there is too little to tell */
typedef struct CtInterval
{
	double		estimate;
	double		low;
	double		high;
} CtInterval;

#define CT_MIN_SERIES	4		/* batches of a series that can be told from drift */

/* a series of batches, summed up */
typedef struct CtSeries
{
	int			n;				/* batches */
	double		mean;
	double		variance;		/* of the batches, about the mean; NaN for n < 2 */
	double		lagged;			/* sum of products of neighbours' deviations */
	bool		stationary;		/* it has no trend, and there are CT_MIN_SERIES or more */
} CtSeries;

/*
 * Sums a series up.  A trend is one of the straight line through it, at a
 * level of 1 %, with the correlation about the line taken into account, that comes to a difference that matters: more than
 * CT_TRIVIAL_DRIFT of the mean between the middles of its halves.
 */
#define CT_TRIVIAL_DRIFT	0.05
extern CtSeries ct_stats_series(const double *values, int n);

/* The correlation of neighbours in a series, >= 0, at most 0.95; 0 where nothing varies. */
extern double ct_stats_correlation(const CtSeries *series);

/* The variance of a series' mean, and its degrees of freedom, for such a correlation; NaN for n < 2. */
extern double ct_stats_variance_of_mean(const CtSeries *series, double correlation, double *degrees);

/*
 * The interval of the mean of batches, at a level such as 0.95, with their
 * correlation taken into account; by Student's t.
 */
extern CtInterval ct_stats_mean(const double *batches, int n, double level);

/* The same of values that are independent: runs, say. */
extern CtInterval ct_stats_mean_independent(const double *values, int n, double level);

/*
 * The interval of a quantile, in ns, from a histogram: between the two order
 * statistics whose ranks the binomial distribution gives (David and Nagaraja,
 * Order Statistics, 7.1), to the bucket.  That is how far it would be off if
 * transactions were independent; those of a run aren't, so compare runs by
 * their seconds, and take this for how much so many values can tell.
 */
extern CtInterval ct_stats_quantile(const CtHistogram *h, double q, double level);

/*
 * Jain's index of fairness (Jain, Chiu, Hawe, DEC-TR-301, 1984): 1 if all
 * values are the same, 1/n if all but one are 0.  NaN if all are.
 */
extern double ct_stats_fairness(const double *values, int n);

/* ---- has it changed? ---- */

/* a run as one of a sample: what it came to, and its seconds, if it has any */
typedef struct CtSample
{
	double		value;			/* >= 0 */
	int			n;				/* of batches, or 0 */
	const double *batches;		/* >= 0; what value is of as a whole */
} CtSample;

typedef enum CtChangeVerdict
{
	CT_CHANGE_UNKNOWN,			/* the data don't allow to tell */
	CT_CHANGE_NONE,				/* none that is larger than chance */
	CT_CHANGE_SIGNIFICANT
} CtChangeVerdict;

typedef struct CtChange
{
	double		before;			/* means of the runs' values */
	double		after;
	double		change;			/* after / before - 1; NaN where before is 0, and after isn't */
	double		low;			/* its interval, NaN where there is too little to tell */
	double		high;
	double		detectable;		/* the smallest change that is found with CT_CHANGE_POWER; NaN as low */
	CtChangeVerdict verdict;	/* significant: the interval leaves 0 out */
} CtChange;

/*
 * The level of a change's interval: a comparison is of six metrics, and of
 * four hundred comparisons of what is the same hardly one is to be wrong.
 */
#define CT_CHANGE_LEVEL		0.999

/*
 * Of how many changes of the size that is called detectable such samples show
 * one: four in five, as is usual.
 */
#define CT_CHANGE_POWER		0.8

/*
 * Two runs of the same are never quite alike, whatever each looks like from
 * within: a run is taken to be off by so much at least.  It is also what a
 * histogram's buckets come to.
 */
#define CT_RUN_DEVIATION	0.005

/* from so many degrees of freedom on runs alone say how much they differ */
#define CT_MIN_RUN_DEGREES	4

/*
 * Compares two samples of runs, of at least one each, at a level; on the scale
 * of logarithms, for what matters is the ratio.  counts: the values are
 * numbers of rare things, which can be 0: these are compared by their
 * difference, which is taken to be no less uncertain than independent things
 * would be (Poisson).
 *
 * How much a sample's mean may be off is told by two things: by how much runs
 * of a sample differ among themselves, and by how much the seconds within
 * them do.  The first is right, but knows little where there are few runs; the
 * second knows much, but nothing of what differs between runs.  So where the
 * first isn't larger than the second would have it (by an F test with a level
 * of 50 %, as is advised where the second has by far more degrees of freedom:
 * Bozivich, Bancroft and Hartley, "Power of analysis of variance test
 * procedures for certain incompletely specified models", Annals of
 * Mathematical Statistics 27, 1956), both are pooled; where it is, it alone is taken, if
 * it has CT_MIN_RUN_DEGREES.  The seconds count only if all runs have enough
 * of them, and none has a trend.
 *
 * Without either the verdict is CT_CHANGE_UNKNOWN.
 *
 * A difference is found if it is larger than t standard errors, t being the
 * level's quantile; so one that is larger by another t, that of CT_CHANGE_POWER,
 * is found so often (Student's distribution in the place of the noncentral
 * one, which is close from a few degrees of freedom on).  detectable is that as
 * a ratio's excess over 1, or, for counts, as a fraction of before.
 */
extern CtChange ct_stats_change(const CtSample *before, int nbefore,
								const CtSample *after, int nafter, bool counts,
								double level);

#endif							/* CT_STATISTICS_H */
