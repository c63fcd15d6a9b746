/*
 * horizon.h
 *		A caller that waits must not hold back vacuum.
 */
#ifndef CT_HORIZON_H
#define CT_HORIZON_H

/*
 * Is the statement under way nothing but calls of our own functions, so that
 * its snapshot serves nobody?  See horizon.c for what has to be true.
 */
extern bool ct_horizon_may_release(void);

/*
 * Stops advertising the statement's snapshot.  Only if the above said so;
 * again after anything that may have taken a snapshot.
 */
extern void ct_horizon_release(void);

#endif							/* CT_HORIZON_H */
