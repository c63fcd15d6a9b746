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

/* What a worker of an exploration does from the gate on, until it is told to END. */
extern void ct_actor_perform(CtWorker *worker);

/*
 * Within a step, wherever it is safe to stand: at a yield, at a hook.  yield:
 * the next step begins here, told apart by label, if the session has touched
 * anything since it last parked, or that is all the same (always).  Else it is
 * only a place where a session that has slept on a lock asks whether it may go
 * on.  Raises query_canceled if the execution is given up.  Does nothing where
 * no actor performs.
 */
extern void ct_actor_at(bool yield, bool always, uint32 label, const char *function, int line,
						const char *query);

/* Something of the database has been read, written or locked since the last park. */
extern void ct_actor_touched(void);

#endif							/* CT_ACTOR_H */
