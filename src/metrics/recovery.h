/*
 * recovery.h
 *		When a phase was as fast as the baseline, from the seconds of a run.
 *
 * A second is slow if more than 5 % of the transactions that ended in it, and
 * more than chance makes of 5 %, took longer than the limit, which is 1.2 times
 * the baseline's 95th percentile; or if more than 5 % of the workers stood
 * still throughout it, and more than in any second of the baseline; or if
 * nothing ended in it, and more stood still than that, be they 5 % or not.
 * Where nothing ended otherwise, a second tells nothing.
 *
 * A phase has recovered when its last slow second was over, at once if it had
 * none, and never if the last second that told something was slow.
 *
 * Nothing here allocates, raises, or reads a clock.
 */
#ifndef CT_RECOVERY_H
#define CT_RECOVERY_H

#include "src/metrics/histogram.h"

/* what a phase is held against */
typedef struct CtRecoveryBaseline
{
	double		limit_ns;		/* ct_recovery_limit; NaN: nothing ended in it, so nothing can be told */
	int			still;			/* workers that stood still in its worst second */
} CtRecoveryBaseline;

typedef struct CtRecoverySecond
{
	double		until_s;		/* when it was over, from the phase's beginning */
	const CtHistogram *latency; /* of the transactions that ended in it */
	int			workers;		/* of the run */
	int			still;			/* of them, see ct_standing_is_still */
} CtRecoverySecond;

/* of a phase; all 0 at its beginning */
typedef struct CtRecovery
{
	bool		seen;			/* a second that told something */
	bool		slow;			/* the last one of them was */
	double		slow_until_s;	/* end of the last one that was; 0: there was none */
} CtRecovery;

/* what a worker is at, as it was seen when a second was over; all 0: nothing */
typedef struct CtStanding
{
	uint64		transaction;	/* its number, 0: none */
	uint64		since_ns;		/* when it was seen at it first */
} CtStanding;

/* How long a transaction may take, of the latencies of the baseline's. */
extern double ct_recovery_limit(const CtHistogram *baseline);

/* The phase's next second. */
extern void ct_recovery_note(CtRecovery *recovery, const CtRecoveryBaseline *baseline,
							 const CtRecoverySecond *second);

/* Seconds from the phase's beginning until it had recovered; NaN: it never had, or nothing is known. */
extern double ct_recovery_seconds(const CtRecovery *recovery);

/* A second is over, at whose end the worker is at that transaction. */
extern void ct_standing_note(CtStanding *standing, uint64 transaction, uint64 now_ns);

/*
 * Has the worker, which is at that transaction now, been at it ever since the
 * second before was noted, and for longer than the limit?
 */
extern bool ct_standing_is_still(const CtStanding *standing, uint64 transaction, uint64 now_ns,
								 double limit_ns);

#endif							/* CT_RECOVERY_H */
