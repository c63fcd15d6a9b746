/*
 * histogram.c
 *		What is read out of a latency histogram.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/metrics/histogram.h"

uint64
ct_histogram_lower(int bucket)
{
	int			octave = bucket / CT_HISTOGRAM_SUB;
	uint64		sub = bucket % CT_HISTOGRAM_SUB;

	if (octave == 0)
		return sub;
	return (CT_HISTOGRAM_SUB + sub) << (octave - 1);
}

uint64
ct_histogram_upper(int bucket)
{
	int			octave = bucket / CT_HISTOGRAM_SUB;

	return ct_histogram_lower(bucket) + (octave == 0 ? 1 : UINT64CONST(1) << (octave - 1));
}

void
ct_histogram_add(CtHistogram *to, const CtHistogram *from)
{
	int			i;

	to->failed += from->failed;
	to->skipped += from->skipped;
	if (from->count == 0)
		return;
	if (to->count == 0 || from->min < to->min)
		to->min = from->min;
	to->max = Max(to->max, from->max);
	to->count += from->count;
	to->counted += from->counted;
	to->sum += from->sum;
	to->sum_squares += from->sum_squares;
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

void
ct_histogram_subtract(CtHistogram *result, const CtHistogram *now, const CtHistogram *before)
{
	int			i;

	memset(result, 0, sizeof(CtHistogram));
	result->sum = now->sum - before->sum;
	result->sum_squares = now->sum_squares - before->sum_squares;
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
	{
		uint64		n = now->buckets[i] - before->buckets[i];

		if (n == 0)
			continue;
		result->buckets[i] = n;
		if (result->count == 0)
			result->min = Max(ct_histogram_lower(i), now->min);
		result->max = Min(ct_histogram_upper(i) - 1, now->max);
		result->count += n;
	}
}

double
ct_histogram_quantile(const CtHistogram *h, double q)
{
	uint64		total = 0;
	uint64		rank;
	uint64		seen = 0;
	int			i;

	/* not h->count, which a concurrent writer may have left behind */
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
		total += h->buckets[i];
	if (total == 0)
		return get_float8_nan();

	/* the smallest value that at least q of all values do not exceed */
	rank = (uint64) ceil(q * (double) total);
	rank = Max(rank, 1);
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
	{
		seen += h->buckets[i];
		if (seen >= rank)
		{
			double		middle = (ct_histogram_lower(i) + ct_histogram_upper(i) - 1) / 2.0;

			return Min(Max(middle, (double) h->min), (double) h->max);
		}
	}
	return (double) h->max;
}

double
ct_histogram_mean(const CtHistogram *h)
{
	if (h->count == 0)
		return get_float8_nan();
	return (double) h->sum / (double) h->count;
}

double
ct_histogram_stddev(const CtHistogram *h)
{
	double		mean;
	double		variance;

	if (h->count == 0)
		return get_float8_nan();
	mean = ct_histogram_mean(h);
	variance = h->sum_squares / (double) h->count - mean * mean;
	return variance > 0 ? sqrt(variance) : 0;
}

uint64
ct_histogram_above(const CtHistogram *h, double ns)
{
	uint64		n = 0;
	int			i;

	/* a bucket counts if most of it does */
	for (i = CT_HISTOGRAM_BUCKETS - 1; i >= 0; i--)
	{
		if ((double) ct_histogram_lower(i) + ct_histogram_upper(i) - 1 <= 2 * ns)
			break;
		n += h->buckets[i];
	}
	return n;
}
