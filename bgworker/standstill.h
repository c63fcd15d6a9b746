/*
 * standstill.h
 *		Does everybody who is left wait for those who are done?
 */
#ifndef CT_STANDSTILL_H
#define CT_STANDSTILL_H

#include "bgworker/shm/shared.h"

/* what the leader remembers from one look to the next; zeroes at first */
typedef struct CtStandstill
{
	uint64		waits;			/* which waits were seen, as a hash value; 0: none */
	uint64		since_ns;
	uint64		next_look_ns;	/* at the lock table */
} CtStandstill;

/* Are some workers done and others not?  Then look, some ten times a second. */
extern bool ct_standstill_possible(CtShared *shared);

/*
 * If every worker that isn't done sleeps on a lock that, directly or through
 * others, a done one holds, and has done so for half a second, in a statement
 * that has no timeout of its own: who waits for what, as text in the current
 * memory context.  Else NULL.
 */
extern char *ct_standstill_look(CtShared *shared, CtStandstill *self);

#endif							/* CT_STANDSTILL_H */
