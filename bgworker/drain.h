/*
 * drain.h
 *		The leader reads what workers have written into their streams.
 *
 * What it reads it keeps in its memory, of a fixed bound, until the end's one
 * transaction writes it: no tick writes it, for what counts there are is known
 * at the end alone, and a row that somebody locks would hold the reading up.
 * If the leader is killed it is lost, as all counts are.
 */
#ifndef CT_DRAIN_H
#define CT_DRAIN_H

#include "bgworker/leader.h"

/* Reads all that is there. */
extern void ct_drain(CtLeader *leader);

/* Has a worker found little room in its stream since the last time? */
extern bool ct_drain_is_due(CtLeader *leader);

/* What to say, in a sentence, of records that found no room; NULL if all did.  Palloc'd. */
extern const char *ct_drain_complaint(CtLeader *leader);

#endif							/* CT_DRAIN_H */
