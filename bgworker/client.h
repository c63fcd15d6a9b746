/*
 * client.h
 *		A worker as a client: it repeats scripts.  Private to worker.c, which is
 *		the process around it, and client.c.
 */
#ifndef CT_CLIENT_H
#define CT_CLIENT_H

#include "bgworker/shm/presence.h"
#include "src/plan/program.h"
#include "src/session/interpret.h"

/* something that counts only once the block commits */
typedef struct CtPending
{
	const char *name;
	bool		is_tally;
	double		amount;
} CtPending;

#define CT_MAX_PENDING	64

typedef struct CtWorker
{
	CtInterpreter interpreter;	/* must be first */
	CtObserver	observer;		/* of its session */
	CtShared   *shared;
	CtSlot	   *slot;
	int			number;			/* from 0 */
	int			own_script;		/* that it runs and no other, or -1 */
	CtPlan	   *plan;
	CtProgram  *program;
	CtStatement ****statements; /* [script][command][statement] */
	bool	  **touches;		/* [script][command]: does so whatever happens */
	uint64	  **barriers;		/* [script][command]: of its name, as bits */
	uint64	   *script_barriers;	/* [script]: all of them */
	bool	   *executed;		/* all workers': places that somebody has come past */

	/* what a retry begins with again */
	CtVariables *saved_vars;
	pg_prng_state saved_random;

	pg_prng_state choice;		/* which script comes next */
	pg_prng_state pace;			/* schedule, think times, backoff */

	MemoryContext iteration_context;
	uint64		clock_ns;		/* when it was last read, */
	bool		clock_stands;	/* and no time has passed since, to speak of */

	/* of the iteration under way */
	int			script;
	bool		waited;			/* slept on a heavyweight lock */
	TimestampTz waits_since;	/* slept in the command under way, the last time from then on; or 0 */
	bool		conflicted;		/* ended in an error that is to be retried */
	bool		measured;
	int			met_until;		/* the last barrier that was passed, in any try; -1 */
	uint64		said;			/* bits of the outcomes that thresholds are of */
	uint64		barrier_ns;		/* spent at barriers, which is our doing, not the script's */
	CtStay		stay;
	uint64		statement_ns;	/* when the statement under way began; 0: none is */
	int			npending;
	CtPending	pending[CT_MAX_PENDING];
} CtWorker;

static inline bool
ct_client_stopped(const CtWorker *w, CtStopLevel level)
{
	return pg_atomic_read_u32(&w->shared->stop) >= (uint32) level;
}

/* Sets what the interpreter calls. */
extern void ct_client_init(CtWorker *w);

/*
 * Does the worker's whole share.  Errors of scripts are dealt with; what is
 * raised ends the worker.
 */
extern void ct_client_work(CtWorker *w);

#endif							/* CT_CLIENT_H */
