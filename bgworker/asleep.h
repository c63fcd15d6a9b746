/*
 * asleep.h
 *		How long workers sleep on heavyweight locks.
 */
#ifndef CT_ASLEEP_H
#define CT_ASLEEP_H

#include "bgworker/shm/shared.h"

/* what the leader remembers from one look to the next; zeroes at first */
typedef struct CtAsleepSampler
{
	TimestampTz last;			/* when it looked */
	uint64		next_ns;		/* when it is to look again */
	uint64		until_seldom_ns;	/* when to look seldom, if nobody sleeps until then */
} CtAsleepSampler;

/* The leader's look at all of the workers, when it is time to. */
extern void ct_asleep_sample(CtShared *shared, CtAsleepSampler *sampler);

/*
 * For a worker, once it has noticed that it had gone to sleep, for the last
 * time at that moment: how long it has slept, in ns, since it last asked.
 */
extern uint64 ct_asleep_ns(CtShared *shared, CtSlot *slot, TimestampTz went_to_sleep);

#endif							/* CT_ASLEEP_H */
