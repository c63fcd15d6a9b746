/*
 * horizon.h
 *		A caller that waits must not hold back vacuum.
 */
#ifndef CT_HORIZON_H
#define CT_HORIZON_H

/* what a caller that waits does about its snapshot */
typedef enum CtHorizon
{
	CT_HORIZON_HELD,			/* keeps it: somebody may look through it */
	CT_HORIZON_GIVEN_UP,		/* has one, and doesn't advertise it */
	CT_HORIZON_FREE				/* has none, since it has committed; or doesn't wait */
} CtHorizon;

/*
 * GIVEN_UP if the statement under way is nothing but calls of our own
 * functions, so that its snapshot serves nobody, else HELD.  See horizon.c for
 * what has to be true.
 */
extern CtHorizon ct_horizon_of_statement(void);

/*
 * Stops advertising a snapshot, unless it is HELD; again after anything that
 * may have taken one.
 */
extern void ct_horizon_release(CtHorizon horizon);

#endif							/* CT_HORIZON_H */
