/*
 * batches.h
 *		How steadily something happened: counts by time, for an interval of its
 *		rate.
 *
 * A run's transactions depend on each other, so their number has no interval
 * of its own.  But the means of batches, the stretches that the run is cut
 * into, are nearly independent if they are long enough (the method of batch
 * means), and their spread tells how far the run's rate may be off.
 *
 * The stretches are counted in slices of fixed number, whose length doubles
 * as time goes on.
 *
 * Locking: one writer, in shared memory.  While it writes, a reader may see a
 * slice counted twice or not at all; what is merged when it has ended is exact.
 */
#ifndef CT_BATCHES_H
#define CT_BATCHES_H

#define CT_SLICES		64
#define CT_MIN_BATCHES	10		/* fewer say nothing */
#define CT_MAX_BATCHES	20		/* more would only be shorter, and less independent */
#define CT_MIN_BATCH_NS	UINT64CONST(10000000)
#define CT_FIRST_SHIFT	16		/* slices of 66 us */

typedef struct CtBatches
{
	int			shift;			/* log2 of a slice's length in ns; 0: nothing was counted */
	uint64		slices[CT_SLICES];
} CtBatches;

/* Makes slices twice as long. */
extern void ct_batches_double(CtBatches *batches);

/* Counts something that happened ns after the start. */
static inline void
ct_batches_record(CtBatches *batches, uint64 ns)
{
	if (unlikely(batches->shift == 0))
		batches->shift = CT_FIRST_SHIFT;
	while (unlikely(ns >> batches->shift >= CT_SLICES))
		ct_batches_double(batches);
	batches->slices[ns >> batches->shift]++;
}

extern void ct_batches_add(CtBatches *to, const CtBatches *from);

/*
 * Half the length of the 95 % interval of the rate, per second, of what was
 * counted in the first span_ns.  NaN where that is too short for enough
 * batches of enough length.
 */
extern double ct_batches_half_interval(const CtBatches *batches, uint64 span_ns);

#endif							/* CT_BATCHES_H */
