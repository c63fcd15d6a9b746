/*
 * clock.h
 *		The monotonic clock that all of a run's processes share.
 */
#ifndef CT_CLOCK_H
#define CT_CLOCK_H

#include <time.h>

#define CT_NS_PER_S		UINT64CONST(1000000000)
#define CT_NS_PER_MS	UINT64CONST(1000000)

static inline uint64
ct_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64) ts.tv_sec * CT_NS_PER_S + ts.tv_nsec;
}

#endif							/* CT_CLOCK_H */
