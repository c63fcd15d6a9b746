/*
 * barrier.h
 *		\barrier: workers meet, to force a race instead of hoping for it.
 */
#ifndef CT_BARRIER_H
#define CT_BARRIER_H

#include "bgworker/shm/shared.h"
#include "src/plan/program.h"

/*
 * Makes the run's barriers out of its scripts; the leader's, before there are
 * workers.  Raises if there are too many names.
 */
extern void ct_barriers_create(CtShared *shared, const CtProgram *program);

/*
 * The barriers that can be come to in a script, as bits: of each \barrier
 * command those of its name, to which one comes for the first time in an
 * iteration, for the second and so on.  Returns those of all of them.
 */
extern uint64 ct_barriers_find(const CtShared *shared, const CtScript *script, uint64 *barriers);

/*
 * Waits until every worker that is still racing has arrived at the barrier,
 * but for those whose iteration an error has ended before it.  It opens
 * without those who are missing if one of them waits for a lock of somebody
 * who is here, and so can't come, or if they are missing for longer than
 * ct_ext.barrier_timeout; these don't wait there, when they come later in their
 * iteration.  Raises only for interrupts.
 */
extern void ct_barrier_meet(CtShared *shared, int worker, uint64 barriers);

/*
 * At an iteration's beginning, with the barriers that stand in its script;
 * costs nothing where there are none.
 */
extern void ct_barrier_begin(CtShared *shared, int worker, uint64 barriers);

/* An error has ended the iteration before these, so that it won't come to them. */
extern void ct_barrier_miss(CtShared *shared, int worker, uint64 barriers);

/* This worker doesn't race any more: nobody waits for it. */
extern void ct_barrier_leave(CtShared *shared, int worker);

/* All have left, and are to race anew. */
extern void ct_barriers_begin_again(CtShared *shared);

#endif							/* CT_BARRIER_H */
