/*
 * sleep.h
 *		A search that leaves out orders which others stand for: sleep sets.
 *
 * Of two steps that don't depend on each other (conflict.h) one order is enough.
 * So a session whose step was tried before another's at the same place is
 * asleep behind that, until a step is made that its own depends on: choosing it
 * would lead where it has led already.  An order of which everybody left is
 * asleep is cut there.  At least one order of each class of equivalent ones is
 * executed to its end, and no bound on preemptions goes with it: the order that
 * stands for others may be one that a bound leaves out.
 *
 * Used as search.h is, by executing again; where a step is new its footprint is
 * needed, so that no more than it is made in one turn.
 */
#ifndef CT_SLEEP_H
#define CT_SLEEP_H

#include "src/explore/conflict.h"

/* of ct_sleep_choose */
#define CT_SLEEP_DIVERGED	(-1)	/* others are enabled than before */
#define CT_SLEEP_CUT		(-2)	/* all of them are asleep */

typedef struct CtSleep CtSleep;

/* In the current memory context, in one of its own. */
extern CtSleep *ct_sleep_create(int nsessions);

/* Begins with the next execution; false: there is none left. */
extern bool ct_sleep_begin(CtSleep *sleep);

/* What steps have touched isn't told by the same numbers any more: they depend on everything. */
extern void ct_sleep_forget(CtSleep *sleep);

/* Which of the enabled sessions (bits) goes on, with so many steps at most; or one of the above. */
extern int	ct_sleep_choose(CtSleep *sleep, uint32 enabled, int *steps);

/*
 * So many steps were begun, with these labels; the last of them has touched
 * that.  False: they are others than before.
 */
extern bool ct_sleep_note(CtSleep *sleep, int session, const uint32 *labels, int n,
						  const CtFootprint *footprint);

/*
 * The execution is over.  diverged: it couldn't be taken as before, and is
 * repeated, a few times.
 */
extern void ct_sleep_end(CtSleep *sleep, bool diverged);

/* orders that were given up, since they were not the same in any repetition, or too long */
extern int64 ct_sleep_lost(const CtSleep *sleep);

#endif							/* CT_SLEEP_H */
