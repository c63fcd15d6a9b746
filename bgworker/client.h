/*
 * client.h
 *		A client: who repeats scripts, pgbench's word.
 *
 * A client has its interpreter, its variables and its random streams, and is
 * carried by a worker, which is the process, beside others or alone.  What an
 * iteration needs besides, it has only while it is at one: a client that
 * thinks is a few hundred bytes.
 *
 * Whose turn it is says the worker's driver (load.h); what has been measured
 * goes into the worker's slot.
 */
#ifndef CT_CLIENT_H
#define CT_CLIENT_H

#include "lib/ilist.h"
#include "lib/pairingheap.h"

#include "bgworker/said.h"
#include "bgworker/shm/presence.h"
#include "bgworker/shm/sample.h"
#include "src/plan/program.h"
#include "src/session/interpret.h"

struct CtWorker;

/*
 * One execution of one script, and all its tries: what a client needs for as
 * long as it is at it.  It is somebody else's afterwards.
 */
typedef struct CtIteration
{
	struct CtIteration *next_free;
	MemoryContext context;		/* reset with each try */

	/* what a retry begins with again */
	CtVariables *saved_vars;
	pg_prng_state saved_random;

	int			tries;
	uint64		start;			/* ns */
	uint64		due;			/* when the worker might have begun with it, ns */
	uint64		waited_ns;		/* for the worker, once it had begun */
	uint64		barrier_ns;		/* spent at barriers, which is our doing, not the script's */
	uint64		rows;			/* that its statements returned or changed */
	int			session;		/* the worker's that it is executed on, by number */
	bool		begins;			/* it is the client's on_start */
	bool		measured;
	bool		waited;			/* slept on a heavyweight lock */
	bool		conflicted;		/* ended in an error that is to be retried */
	bool		again;			/* it rests before another try */
	bool		executing;		/* a statement is under way */
	uint64		statement_ns;	/* when its command began; 0: none is under way */
	CtWait		wait;			/* what its session waits for, when last asked */
	int			met_until;		/* the last barrier that was passed, in any try; -1 */
	uint64		watched;		/* bits of the outcomes said that thresholds are of */
	CtStay		stay;
	CtGlance	glance;			/* of the statement under way */
	CtTransaction transaction;	/* as a sample: statements, outcome, error; the rest once it is one */
	CtSaid		said;			/* in the transaction that is open */
} CtIteration;

typedef struct CtClient
{
	CtInterpreter interpreter;	/* must be first */
	struct CtWorker *worker;
	CtStatement ****statements; /* its session's: [script][command][statement] */
	CtIteration *iteration;		/* that it is at; NULL: none */
	int			number;			/* from 0, of the run's */
	int			own_script;		/* that it runs and no other, or -1 */
	const CtProgramClass *of_class;	/* or NULL */
	int			start;			/* the script that it begins with, or -1 */
	int			session;		/* number of the worker's session that it has begun in; 0: none */
	int			script;			/* of the iteration that it is at, or was at last */

	pg_prng_state choice;		/* which script comes next */
	pg_prng_state pace;			/* schedule, think times, backoff */

	dlist_node	waiting;		/* in the worker's list */

	/* the driver's, who keeps them as it goes along */
	pairingheap_node turn;
	int64		next_iteration; /* number of the one that is next, or under way */
	int			phase;			/* that one's, which is that of its schedule or else of its beginning */
	uint64		intended_ns;	/* when it should begin, by a schedule; else 0 */
	uint64		until_ns;		/* from then on it doesn't begin with that one, but looks for another phase; 0: it has
								 * looked for none yet */
	uint64		due_ns;			/* when the client may go on */
	bool		scheduled;		/* it has begun, and its iterations follow one another */
	bool		last;			/* it doesn't, after that */
} CtClient;

/* how far a client has come */
typedef enum CtClientResult
{
	CT_CLIENT_BEGUN,			/* its on_start is over, and its iterations may follow */
	CT_CLIENT_ENDED,			/* its iteration is over */
	CT_CLIENT_RESTS,			/* in it, until due_ns, with no transaction open */
	CT_CLIENT_WAITS,			/* in it, for its session */
	CT_CLIENT_STOPPED			/* the run was stopped, and its iteration doesn't count */
} CtClientResult;

/* Makes client "number" of a worker's; what it has is in the current context. */
extern void ct_client_init(CtClient *client, struct CtWorker *worker, int number);

/* It is of a class. */
extern void ct_client_join(CtClient *client, const CtProgramClass *of_class);

/* Is its on_start what it has to do next? */
extern bool ct_client_is_to_begin(const CtClient *client);

/*
 * Goes on, from where it is, or with its next iteration, until that has ended
 * or takes time that others may use.  Errors of scripts are dealt with; what
 * is raised ends the worker.
 */
extern CtClientResult ct_client_go_on(CtClient *client);

/* Tells who looks that the worker has nothing to do until this client may go on. */
extern void ct_client_sleeps(CtClient *client);

/* Gives its iteration up, if it is at one, since the run has been stopped. */
extern void ct_client_give_up(CtClient *client);

#endif							/* CT_CLIENT_H */
