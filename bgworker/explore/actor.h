/*
 * actor.h
 *		A session of an exploration: the worker that makes its steps.
 *
 * An actor has the script of its session, as a client has, and makes the steps
 * that the leader tells it to (shm/turn.h).  It counts outcomes and tallies into
 * its slot, of one execution: RESET begins them anew.
 */
#ifndef CT_ACTOR_H
#define CT_ACTOR_H

#include "bgworker/worker.h"

/* where a step begins, for who wants to read of it; what is pointed to lasts as long as we stand there */
typedef struct CtActorPlace
{
	const char *function;		/* its signature; NULL: the script's own statement */
	int			line;
	const char *verb;			/* what stands before the query, as "IF"; or NULL */
	const char *query;			/* or NULL */
} CtActorPlace;

/* What a worker of an exploration does from the gate on, until it is told to END. */
extern void ct_actor_perform(CtWorker *worker);

/*
 * Within a statement, before something that can touch the database: the next
 * step begins here, told apart by label, if the session has touched anything
 * since it last parked.  calls: what comes now touches it by a function that
 * nobody hears of.  Raises query_canceled if the execution is given up.  Does
 * nothing where no actor performs.
 */
extern void ct_actor_at(uint32 label, bool calls, const CtActorPlace *place);

/*
 * The same at the end of a function, before whoever has called it writes rows,
 * if it has read any since it last parked: what they are made of may change.
 */
extern void ct_actor_at_end(uint32 label, const CtActorPlace *place);

#endif							/* CT_ACTOR_H */
