/*
 * barrier.h
 *		\barrier: workers meet, to force a race instead of hoping for it.
 */
#ifndef CT_BARRIER_H
#define CT_BARRIER_H

#include "bgworker/shared.h"

/*
 * Waits until every worker that is still racing has arrived at the barrier of
 * that name.  It opens without those who are missing if one of them waits for
 * a lock of somebody who is here, and so can't come, or if they are missing
 * for longer than ct_ext.barrier_timeout; these don't wait there, when they
 * come later in their iteration.  Raises only for interrupts and for
 * too many names.
 */
extern void ct_barrier_meet(CtShared *shared, CtSlot *slot, const char *name);

/* At the beginning of an iteration, in which no barrier has been missed yet. */
extern void ct_barrier_begin(CtShared *shared, CtSlot *slot);

#endif							/* CT_BARRIER_H */
