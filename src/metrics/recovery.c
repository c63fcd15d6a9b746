/*
 * recovery.c
 *		When a phase was as fast as the baseline.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/recovery.h"

/* how much longer than the baseline's is as long */
#define RECOVERED	1.2

/* of transactions, and of workers: more than so many are slow */
#define SLOW_SHARE	0.05

/* standard deviations that are chance: of a thousand seconds that are as they should be, one is slow */
#define CHANCE		3.0

double
ct_recovery_limit(const CtHistogram *baseline)
{
	return RECOVERED * ct_histogram_quantile(baseline, 1 - SLOW_SHARE);
}

static bool
recovery_is_slow(const CtRecoveryBaseline *baseline, const CtRecoverySecond *second)
{
	double		n = second->latency->count;
	double		chance = CHANCE * sqrt(SLOW_SHARE * (1 - SLOW_SHARE) * n);

	if (second->still > baseline->still && (n == 0 || second->still > SLOW_SHARE * second->workers))
		return true;
	return ct_histogram_above(second->latency, baseline->limit_ns) > SLOW_SHARE * n + chance;
}

void
ct_recovery_note(CtRecovery *recovery, const CtRecoveryBaseline *baseline,
				 const CtRecoverySecond *second)
{
	if (isnan(baseline->limit_ns) ||
		(second->latency->count == 0 && second->still <= baseline->still))
		return;
	recovery->seen = true;
	recovery->slow = recovery_is_slow(baseline, second);
	if (recovery->slow)
		recovery->slow_until_s = second->until_s;
}

double
ct_recovery_seconds(const CtRecovery *recovery)
{
	return !recovery->seen || recovery->slow ? NAN : recovery->slow_until_s;
}

void
ct_standing_note(CtStanding *standing, uint64 transaction, uint64 now_ns)
{
	if (standing->transaction == transaction)
		return;
	standing->transaction = transaction;
	standing->since_ns = now_ns;
}

bool
ct_standing_is_still(const CtStanding *standing, uint64 transaction, uint64 now_ns, double limit_ns)
{
	return standing->transaction != 0 && standing->transaction == transaction &&
		(double) (now_ns - standing->since_ns) > limit_ns;
}
