/*
 * statistics.c
 *		Statistics that hold under noise: see statistics.h for the methods.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/metrics/distribution.h"
#include "src/metrics/statistics.h"

/* levels of the questions that are asked first */
#define TREND_LEVEL			0.01	/* is it a trend? */
#define POOLING_LEVEL		0.5		/* do runs differ more than their seconds say? */

/* the correlation of neighbours is taken to be larger by so many of its standard errors */
#define DOUBT				0.5

/* more than this isn't estimated from a few seconds */
#define MAX_CORRELATION		0.95

/* the seconds of a series have to be worth so many independent ones */
#define MIN_EFFECTIVE		2.0
#define MAX_DEGREES			1e6

/* ---- series ---- */

static double
stats_mean(const double *values, int n)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += values[i];
	return sum / n;
}

/* About the mean, divided by n - 1. */
static double
stats_variance(const double *values, int n, double mean)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return sum / (n - 1);
}

/* How many times as large the variance of a mean is for a correlation of neighbours. */
static double
stats_inflation(double correlation)
{
	return (1 + correlation) / (1 - correlation);
}

/*
 * Does it rise or fall throughout?  By the slope of the straight line through
 * it and Student's t, which tells from four values on.
 */
static bool
stats_has_trend(const double *values, int n, double mean, double variance)
{
	double		middle = (n - 1) / 2.0;
	double		squares = n * ((double) n * n - 1) / 12;
	double		product = 0;
	double		lagged = 0;
	double		slope;
	double		rest;
	double		inflation;
	double		t;
	int			i;

	for (i = 0; i < n; i++)
		product += (i - middle) * (values[i] - mean);
	slope = product / squares;

	/* from the middle of one half to that of the other */
	if (fabs(slope) * n / 2 <= CT_TRIVIAL_DRIFT * fabs(mean))
		return false;
	rest = variance * (n - 1) - product * slope;
	if (rest <= 1e-12 * variance * n)
		return true;

	/*
	 * Neighbours that are alike make lines, too.  Their correlation about the
	 * line is taken as it is, with its bias, so that more are called a trend.
	 */
	for (i = 1; i < n; i++)
		lagged += (values[i - 1] - mean - slope * (i - 1 - middle)) * (values[i] - mean - slope * (i - middle));
	inflation = stats_inflation(Min(Max(lagged / rest, 0), MAX_CORRELATION));
	t = fabs(slope) / sqrt(rest / (n - 2) / squares * inflation);
	return 2 * ct_student_cdf(-t, Max(n / inflation - 2, 1)) < TREND_LEVEL;
}

CtSeries
ct_stats_series(const double *values, int n)
{
	CtSeries	series = {.n = n};
	int			i;

	series.mean = n > 0 ? stats_mean(values, n) : get_float8_nan();
	series.variance = n > 1 ? stats_variance(values, n, series.mean) : get_float8_nan();
	for (i = 1; i < n; i++)
		series.lagged += (values[i - 1] - series.mean) * (values[i] - series.mean);
	series.stationary = n >= CT_MIN_SERIES && !stats_has_trend(values, n, series.mean, series.variance);
	return series;
}

double
ct_stats_correlation(const CtSeries *series)
{
	double		n = series->n;
	double		r;

	if (n < 3 || series->variance <= 0)
		return 0;
	r = (series->lagged / (series->variance * (n - 1)) + 1 / n) / Max(1 - 4 / n, 0.5);
	return Min(Max(r, 0), MAX_CORRELATION);
}

double
ct_stats_variance_of_mean(const CtSeries *series, double correlation, double *degrees)
{
	double		inflation = stats_inflation(correlation);

	*degrees = Max(series->n / inflation - 1, 1);
	return series->n < 2 ? get_float8_nan() : series->variance / series->n * inflation;
}

/* ---- intervals ---- */

static CtInterval
stats_interval(double estimate, double variance, double degrees, double level)
{
	CtInterval	interval = {estimate, get_float8_nan(), get_float8_nan()};
	double		half;

	if (isnan(variance))
		return interval;
	half = ct_student_quantile(0.5 + level / 2, degrees) * sqrt(variance);
	interval.low = estimate - half;
	interval.high = estimate + half;
	return interval;
}

CtInterval
ct_stats_mean(const double *batches, int n, double level)
{
	CtSeries	series = ct_stats_series(batches, n);
	double		degrees;
	double		variance = ct_stats_variance_of_mean(&series, ct_stats_correlation(&series), &degrees);

	return stats_interval(series.mean, variance, degrees, level);
}

CtInterval
ct_stats_mean_independent(const double *values, int n, double level)
{
	CtSeries	series = ct_stats_series(values, n);
	double		degrees;
	double		variance = ct_stats_variance_of_mean(&series, 0, &degrees);

	return stats_interval(series.mean, variance, degrees, level);
}

/* The smallest rank k, from 0, for which P(at most k of n) is at least p. */
static double
stats_binomial_rank(double n, double q, double p)
{
	double		low = -1;		/* less than p */
	double		high = n;

	while (high - low > 1)
	{
		double		middle = floor((low + high) / 2);

		if (ct_binomial_cdf(middle, n, q) >= p)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* The bounds of the bucket that the value of this rank, from 1, is in. */
static void
stats_value_of_rank(const CtHistogram *h, double rank, double *lower, double *upper)
{
	double		seen = 0;
	int			i;

	for (i = 0; i < CT_HISTOGRAM_BUCKETS - 1; i++)
	{
		seen += h->buckets[i];
		if (seen >= rank)
			break;
	}
	*lower = Max(ct_histogram_lower(i), h->min);
	*upper = i == CT_HISTOGRAM_BUCKETS - 1 ? h->max : Min(ct_histogram_upper(i) - 1, h->max);
}

CtInterval
ct_stats_quantile(const CtHistogram *h, double q, double level)
{
	CtInterval	interval = {ct_histogram_quantile(h, q), get_float8_nan(), get_float8_nan()};
	double		n = h->count;
	double		tail = (1 - level) / 2;
	double		low;
	double		high;
	double		unused;

	if (h->count == 0)
		return interval;

	/*
	 * With X of n values at most the quantile, X being binomial, the value of
	 * rank r is above the quantile only if X < r.
	 */
	low = stats_binomial_rank(n, q, tail);
	high = stats_binomial_rank(n, q, 1 - tail) + 1;
	if (low >= 1)
		stats_value_of_rank(h, low, &interval.low, &unused);
	if (high <= n)
		stats_value_of_rank(h, high, &unused, &interval.high);
	return interval;
}

double
ct_stats_fairness(const double *values, int n)
{
	double		sum = 0;
	double		squares = 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		sum += values[i];
		squares += values[i] * values[i];
	}
	return squares > 0 ? sum * sum / (n * squares) : get_float8_nan();
}

/* ---- has it changed? ---- */

/* an estimate of a variance, and what it rests on; degrees 0: there is none */
typedef struct StatsVariance
{
	double		variance;
	double		degrees;
} StatsVariance;

/* a sample's runs, and the mean of their values */
typedef struct StatsSample
{
	const CtSample *runs;
	int			n;
	double		mean;
} StatsSample;

static StatsSample
stats_sample(const CtSample *runs, int n)
{
	StatsSample sample = {runs, n, 0};
	int			i;

	for (i = 0; i < n; i++)
		sample.mean += runs[i].value / n;
	return sample;
}

/*
 * What a deviation of a sample's mean is to be measured in: its mean, for
 * ratios, or one, for counts.
 */
static double
stats_unit(const StatsSample *sample, bool counts)
{
	return counts ? 1 : sample->mean;
}

/* The variance of the difference of both samples' means, as the runs tell it. */
static StatsVariance
stats_between_runs(const StatsSample *samples, bool counts)
{
	StatsVariance result = {0, 0};
	double		factor = 0;
	int			s;
	int			i;

	for (s = 0; s < 2; s++)
	{
		double		unit = stats_unit(&samples[s], counts);

		for (i = 0; i < samples[s].n; i++)
		{
			double		deviation = (samples[s].runs[i].value - samples[s].mean) / unit;

			result.variance += deviation * deviation;
		}
		result.degrees += samples[s].n - 1;
		factor += 1.0 / samples[s].n;
	}
	if (result.degrees > 0)
		result.variance *= factor / result.degrees;
	return result;
}

/*
 * The correlation of neighbours in all runs' series, and half a standard error
 * more (Bartlett's, "On the theoretical specification of sampling properties of
 * autocorrelated time series", 1946); -1 if one of them is not to be relied
 * on.
 */
static double
stats_common_correlation(const StatsSample *samples)
{
	CtSeries	together = {0};
	double		runs = 0;
	double		seconds;
	double		correlation;
	int			s;
	int			i;

	/* one series that has what they have on average, each in units of its mean */
	for (s = 0; s < 2; s++)
	{
		for (i = 0; i < samples[s].n; i++)
		{
			CtSeries	series = ct_stats_series(samples[s].runs[i].batches, samples[s].runs[i].n);
			double		unit = series.mean * series.mean;

			if (!series.stationary)
				return -1;
			if (unit == 0)
				continue;
			together.n += series.n;
			together.lagged += series.lagged / unit;
			together.variance += series.variance * (series.n - 1) / unit;
			runs++;
		}
	}
	if (runs == 0)
		return 0;
	seconds = together.n;
	together.n = (int) rint(seconds / runs);
	together.lagged /= runs;
	together.variance /= runs * (together.n - 1);
	correlation = ct_stats_correlation(&together);

	/* few seconds say little about it, and a claim shall not rest on its being small by chance */
	correlation += DOUBT * sqrt((1 - correlation * correlation) / seconds);
	return Min(correlation, MAX_CORRELATION);
}

/* The same variance as the seconds within the runs tell it. */
static StatsVariance
stats_within_runs(const StatsSample *samples, bool counts)
{
	StatsVariance result = {0, 0};
	double		correlation = stats_common_correlation(samples);
	double		weights = 0;
	int			s;
	int			i;

	if (correlation < 0)
		return result;
	for (s = 0; s < 2; s++)
	{
		double		unit = stats_unit(&samples[s], counts);

		for (i = 0; i < samples[s].n; i++)
		{
			const CtSample *run = &samples[s].runs[i];
			CtSeries	series = ct_stats_series(run->batches, run->n);
			double		degrees;
			double		variance = ct_stats_variance_of_mean(&series, correlation, &degrees);
			double		scale = series.mean > 0 ? run->value / series.mean / unit : 0;

			if (series.n / stats_inflation(correlation) < MIN_EFFECTIVE)
				return result;
			variance *= scale * scale;
			if (counts)
				variance = Max(variance, run->value);
			variance /= (double) samples[s].n * samples[s].n;
			result.variance += variance;
			weights += variance * variance / degrees;
		}
		if (!counts)
			result.variance += CT_RUN_DEVIATION * CT_RUN_DEVIATION / samples[s].n;
	}
	/* of seconds that are all alike, but for their rounding, the ratio is of no size that can be computed with */
	result.degrees = weights > 0 ? Min(result.variance * result.variance / weights, MAX_DEGREES) : MAX_DEGREES;
	return result;
}

/* What both tell together; degrees 0 if nothing can be told. */
static StatsVariance
stats_combine(StatsVariance between, StatsVariance within)
{
	StatsVariance none = {0, 0};
	StatsVariance both;
	double		f;

	if (within.degrees == 0)
		return between.degrees >= CT_MIN_RUN_DEGREES ? between : none;
	if (between.degrees == 0 || between.variance == 0)
		return within;

	/* the probability of a ratio as large, if both were the same */
	f = between.variance / within.variance;
	if (ct_incomplete_beta(within.degrees / 2, between.degrees / 2,
						   within.degrees / (within.degrees + between.degrees * f)) < POOLING_LEVEL)
		return between.degrees >= CT_MIN_RUN_DEGREES ? between : none;
	both.degrees = between.degrees + within.degrees;
	both.variance = (between.variance * between.degrees + within.variance * within.degrees) / both.degrees;
	both.variance = Max(both.variance, within.variance);
	return both;
}

/* The smallest difference that is found with CT_CHANGE_POWER. */
static double
stats_detectable(StatsVariance off, double level)
{
	return sqrt(off.variance) * (ct_student_quantile(0.5 + level / 2, off.degrees) +
								 ct_student_quantile(CT_CHANGE_POWER, off.degrees));
}

CtChange
ct_stats_change(const CtSample *before, int nbefore, const CtSample *after, int nafter,
				bool counts, double level)
{
	StatsSample samples[2];
	StatsVariance off;
	CtInterval	interval;
	CtChange	result;

	samples[0] = stats_sample(before, nbefore);
	samples[1] = stats_sample(after, nafter);
	result.before = samples[0].mean;
	result.after = samples[1].mean;
	result.change = result.before > 0 ? result.after / result.before - 1 :
		result.after == 0 ? 0 : get_float8_nan();
	result.low = result.high = result.detectable = get_float8_nan();
	result.verdict = CT_CHANGE_UNKNOWN;
	if (!counts && !(result.before > 0 && result.after > 0))
		return result;

	off = stats_combine(stats_between_runs(samples, counts), stats_within_runs(samples, counts));
	if (off.degrees == 0)
		return result;
	if (counts)
	{
		interval = stats_interval(result.after - result.before, off.variance, off.degrees, level);
		if (result.before > 0)
		{
			result.low = interval.low / result.before;
			result.high = interval.high / result.before;
			result.detectable = stats_detectable(off, level) / result.before;
		}
	}
	else
	{
		off.variance = Max(off.variance,
						   CT_RUN_DEVIATION * CT_RUN_DEVIATION * (1.0 / nbefore + 1.0 / nafter));
		interval = stats_interval(log(result.after / result.before), off.variance, off.degrees, level);
		result.low = expm1(interval.low);
		result.high = expm1(interval.high);
		result.detectable = expm1(stats_detectable(off, level));
	}
	result.verdict = interval.low > 0 || interval.high < 0 ? CT_CHANGE_SIGNIFICANT : CT_CHANGE_NONE;
	return result;
}
