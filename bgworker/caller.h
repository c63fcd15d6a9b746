/*
 * caller.h
 *		The caller's side of a run: starting it and waiting for it.
 */
#ifndef CT_CALLER_H
#define CT_CALLER_H

#include "postmaster/bgworker.h"

#include "bgworker/horizon.h"
#include "bgworker/shm/shared.h"

typedef struct CtCall
{
	dsm_segment *segment;
	CtShared   *shared;
	BackgroundWorkerHandle *leader; /* NULL if somebody else started it */
	CtHorizon	horizon;
	bool		attached;		/* the segment is ours to detach */
	bool		tell_few_workers;	/* somebody named the number that wasn't to be had */
	uint64		next_lock_look; /* when the lock table may be looked at again */
	bool		told_obstacle;	/* what the end waits for */
} CtCall;

/* what the caller of a run is going to do */
typedef enum CtCallMode
{
	CT_CALL_STARTS,				/* let it go on by itself */
	CT_CALL_WAITS,				/* wait in its statement; the run ends with it */
	CT_CALL_COMMITS				/* the same, having committed its transaction */
} CtCallMode;

/*
 * Raises in a process of a run: what waits for one, its own say, would wait
 * for ever.
 */
extern void ct_call_check_process(const char *function);

/*
 * Raises unless a run can be started from here: not on a standby, not in a
 * read-only transaction, not from within a run.
 */
extern void ct_call_check(const char *function);

/*
 * How many workers a run of this server's can have at most, less than 1 if none:
 * the leader and the server's own take a slot each, and so does who holds a lock.
 */
extern int	ct_call_most_workers(bool lock_hold);

/* Raises unless a background worker can connect as the current role. */
extern void ct_call_check_role(void);

/* Ends this process if its client has gone without a word. */
extern void ct_call_check_client(void);

/*
 * Starts the run that the document plans, and returns its id as soon as its
 * row is committed.  To commit takes a procedure whose context is not atomic,
 * outside of any subtransaction; what the plan's errors are is raised before.
 */
extern int64 ct_call_start(CtCall *call, const Jsonb *document, CtCallMode mode);

/* The same; returns false, and is attached to nothing, if there was no slot for it for some seconds. */
extern bool ct_call_try_start(CtCall *call, const Jsonb *document, CtCallMode mode);

/*
 * Raises what ct_call_start would raise of the plan before it starts anything:
 * mistakes in it, and more workers than there can be.
 */
extern void ct_call_check_plan(const Jsonb *document);

/*
 * The same as ct_call_try_start, of a plan that was checked, for who goes on
 * without it: also returns false where the leader could not record it.  *error
 * says why, in the current memory context.
 */
extern bool ct_call_attempt(CtCall *call, const Jsonb *document, CtErrorReport *error);

/* Lets go of the caller's snapshot where that can be, and says so where not, once a statement. */
extern CtHorizon ct_call_horizon(CtCallMode mode);

/* Lets go of a run that goes on by itself. */
extern void ct_call_detach(CtCall *call);

/*
 * Waits for the run's end, printing progress if told to.  timeout in ns, 0 for
 * none; returns false if it was reached.  Raises if the run waits for a lock
 * of this transaction's.
 */
extern bool ct_call_wait(CtCall *call, uint64 timeout_ns, bool progress);

/* After the end: what made the run fail, as its caller should read it; sqlstate 0 if nothing did. */
extern CtErrorReport ct_call_error(CtCall *call);

/* After the end: what the run left behind or couldn't record, as WARNINGs. */
extern void ct_call_warn(const CtCall *call);

/* After the end: raises what made the run fail, if anything did. */
extern void ct_call_raise_error(CtCall *call, int elevel);

#endif							/* CT_CALLER_H */
