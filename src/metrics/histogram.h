/*
 * histogram.h
 *		Log-linear latency histograms: fixed size, mergeable, 1 % error.
 *
 * A value is in nanoseconds.  Below 64 every value has a bucket of its own;
 * above, each power of two is split into 64 equal buckets, so that a bucket's
 * middle is never off by more than 1/128.  The last bucket takes what is
 * longer than 73 minutes; maximum, minimum and mean are exact in any case.
 *
 * Locking: one writer, in shared memory; readers look while it writes.  A
 * reader may see a count that lags its buckets by the value being recorded,
 * which no statistic minds.  Counters only grow, so the difference of two
 * looks is the histogram of the time between them.
 */
#ifndef CT_HISTOGRAM_H
#define CT_HISTOGRAM_H

#include "port/pg_bitutils.h"

#define CT_HISTOGRAM_SUBBITS	6
#define CT_HISTOGRAM_SUB		(1 << CT_HISTOGRAM_SUBBITS)
#define CT_HISTOGRAM_MAXBIT		41
#define CT_HISTOGRAM_BUCKETS	((CT_HISTOGRAM_MAXBIT - CT_HISTOGRAM_SUBBITS + 2) * CT_HISTOGRAM_SUB)

typedef struct CtHistogram
{
	uint64		count;
	uint64		sum;			/* ns; overflows after 584 years of latency */
	double		sum_squares;	/* ns^2 */
	uint64		min;			/* ns; 0 if count is 0 */
	uint64		max;			/* ns */
	uint64		counted;		/* of transactions: those that rates are of; see worker.c */
	uint64		failed;			/* of transactions, where they are counted by it: given up */
	uint64		skipped;		/* the same: scheduled, but not executed */
	/* so far one cache line, of the two that recording needs */
	uint64		buckets[CT_HISTOGRAM_BUCKETS];
} CtHistogram;

static inline int
ct_histogram_bucket(uint64 ns)
{
	int			bit;

	if (ns < CT_HISTOGRAM_SUB)
		return (int) ns;
	bit = pg_leftmost_one_pos64(ns);
	if (bit > CT_HISTOGRAM_MAXBIT)
		return CT_HISTOGRAM_BUCKETS - 1;
	return (bit - CT_HISTOGRAM_SUBBITS + 1) * CT_HISTOGRAM_SUB +
		(int) ((ns >> (bit - CT_HISTOGRAM_SUBBITS)) & (CT_HISTOGRAM_SUB - 1));
}

static inline void
ct_histogram_record(CtHistogram *h, uint64 ns)
{
	h->buckets[ct_histogram_bucket(ns)]++;
	h->sum += ns;
	h->sum_squares += (double) ns * (double) ns;
	if (ns > h->max)
		h->max = ns;
	if (ns < h->min || h->count == 0)
		h->min = ns;
	h->count++;
}

extern uint64 ct_histogram_lower(int bucket);	/* inclusive, ns */
extern uint64 ct_histogram_upper(int bucket);	/* exclusive, ns */
extern void ct_histogram_add(CtHistogram *to, const CtHistogram *from);

/*
 * now - before, bucket by bucket, for two looks at the same histogram.  Its
 * minimum and maximum are only known to the bucket.
 */
extern void ct_histogram_subtract(CtHistogram *result, const CtHistogram *now,
								  const CtHistogram *before);

/* in ns; 0 <= q <= 1; NaN where nothing was recorded */
extern double ct_histogram_quantile(const CtHistogram *h, double q);
extern double ct_histogram_mean(const CtHistogram *h);
extern double ct_histogram_stddev(const CtHistogram *h);

/* how many values are above that many ns, to the bucket */
extern uint64 ct_histogram_above(const CtHistogram *h, double ns);

#endif							/* CT_HISTOGRAM_H */
