/*
 * worker.h
 *		What a worker's files share: the process.  Private to worker.c, which
 *		has its life, client.c, which has those that it carries, and load.c,
 *		who says which of them is next.
 */
#ifndef CT_WORKER_H
#define CT_WORKER_H

#include "executor/instrument.h"

#include "bgworker/client.h"

struct CtDriver;

typedef struct CtWorker
{
	CtShared   *shared;
	CtSlot	   *slot;
	int			number;			/* from 0 */
	CtPlan	   *plan;
	CtProgram  *program;

	/* the session that its clients take turns on, and what is prepared there once for all */
	CtSession  *session;
	int			session_number; /* from 1: it grows when the session is given up for a new one */
	CtObserver	observer;
	CtStatement ****statements; /* [script][command][statement] */

	bool	  **touches;		/* [script][command]: does so whatever happens */
	uint64	  **barriers;		/* [script][command]: of its name, as bits */
	uint64	   *script_barriers;	/* [script]: all of them */
	bool	   *executed;		/* all workers': places that somebody has come past */

	MemoryContext context;		/* the worker's life */
	int			nclients;
	CtClient   *clients;
	CtIteration *iterations;	/* that nobody is at just now */
	CtLookout	lookout;
	CtSamples  *samples;		/* NULL: none are kept */
	CtDraw		draw;			/* for them */

	dlist_head	waiting;		/* clients whose sessions weren't ready */
	int			nwaiting;

	/* of the statement that a session finishes, or has finished last */
	CtClient   *executing;		/* whose */
	TimestampTz waits_since;	/* it slept on a lock, the last time from then on; 0: it didn't */

	uint64		latency_limit_ns;	/* what takes longer is late; PG_UINT64_MAX: nothing is */

	uint64		clock_ns;		/* when it was last read, */
	bool		clock_stands;	/* and no time has passed since, to speak of */
} CtWorker;

/* Tells what the session has used, for the leader to see. */
static inline void
ct_worker_tell_usage(CtWorker *worker)
{
	CtSessionUsage *usage = &worker->slot->usage;

	usage->wal_bytes = pgWalUsage.wal_bytes;
	usage->temp_blocks = pgBufferUsage.temp_blks_written;
	usage->blocks_hit = pgBufferUsage.shared_blks_hit;
	usage->blocks_read = pgBufferUsage.shared_blks_read;
}

static inline bool
ct_worker_stopped(const CtWorker *worker, CtStopLevel level)
{
	return pg_atomic_read_u32(&worker->shared->stop) >= (uint32) level;
}

/*
 * The time, by one look at the clock for each statement: where it ended, the
 * next one begins, for \set and the like are not worth another look.
 */
static inline uint64
ct_worker_clock(CtWorker *worker)
{
	if (!worker->clock_stands)
	{
		worker->clock_ns = ct_now_ns();
		worker->clock_stands = true;
	}
	return worker->clock_ns;
}

/* Time passes. */
static inline void
ct_worker_time_passes(CtWorker *worker)
{
	worker->clock_stands = false;
}

static inline CtProgramScript *
ct_client_script(const CtClient *client)
{
	return &client->worker->program->scripts[client->script];
}

/* Do clients of the run wait for their workers, so that it is told for how long? */
static inline bool
ct_client_takes_turns(const CtClient *client)
{
	return client->worker->shared->nclients > client->worker->shared->nworkers;
}

#endif							/* CT_WORKER_H */
