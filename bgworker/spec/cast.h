/*
 * cast.h
 *		The sessions of a spec under way, all of them.
 */
#ifndef CT_SPEC_CAST_H
#define CT_SPEC_CAST_H

#include "utils/array.h"

#include "bgworker/horizon.h"
#include "bgworker/spec/wire.h"
#include "src/spec/spec.h"

/* the caller's own locks and its client are looked at so often, while it waits */
#define CT_SPEC_OWN_LOOK_MS		200

/* one of them */
typedef struct CtSpecPlayer
{
	CtSpecWire	wire;
	const CtSpecSession *spec;	/* NULL: of the control session */
	pid_t		pid;
	CtSpecEntry *active;		/* the step that was sent, and isn't reported as completed */
	int			notices;
} CtSpecPlayer;

typedef struct CtSpecCast
{
	CtHorizon	horizon;
	dsm_segment *segment;
	int			nsessions;
	int			nprocesses;		/* the sessions, and behind them the control session, if any */
	CtSpecPlayer *players;
	ArrayType  *pids;			/* of the sessions, for the question who is blocked */
	uint64		next_own_look;	/* when to look at the caller's own locks again */
	MemoryContext context;
	MemoryContext scratch;		/* of that question */
} CtSpecCast;

/*
 * Sets a cast up, that is all zero, for a spec; notice is called with what a
 * session says, whose wire has the owner.  All of it is of the current context,
 * which must be a child of the transaction's: sessions are ended at its abort.
 */
extern void ct_spec_cast_make(CtSpecCast *cast, const CtSpec *spec, CtSpecNotice notice, void *owner);

/*
 * Starts the sessions, connects them and tells them their names.  Raises 53400
 * where there are not enough slots for some seconds, and what keeps one from
 * connecting.
 */
extern void ct_spec_cast_begin(CtSpecCast *cast);

/*
 * Takes what any session has to say, for none must wait until another one has
 * ended.  Returns whether there was something of this one.
 */
extern bool ct_spec_cast_take(CtSpecCast *cast, const CtSpecPlayer *session);

/*
 * Waits until there may be something to take, for so many ms at most, and takes
 * it; returns as ct_spec_cast_take.  Raises if a session waits for the caller.
 */
extern bool ct_spec_cast_wait(CtSpecCast *cast, const CtSpecPlayer *session, long timeout_ms);

/*
 * Executes something in a session, and waits for it.  Returns the last result,
 * or an error, if there was one: after it there is nothing more.
 */
extern CtSpecResult ct_spec_cast_execute(CtSpecCast *cast, CtSpecPlayer *session, const char *sql);

/*
 * The question that isolationtester asks: does any member of the session's lock
 * group wait for a heavyweight lock of another session, or the session for a
 * safe snapshot?
 */
extern bool ct_spec_cast_is_blocked(CtSpecCast *cast, const CtSpecPlayer *session);

/* Ends the sessions after an error, and waits for that, some seconds at most. */
extern void ct_spec_cast_abort(CtSpecCast *cast);

/* Has them end, and waits for it. */
extern void ct_spec_cast_end(CtSpecCast *cast);

/* Raises an error of a session, or that it was lost; what: what it was at. */
extern void ct_spec_raise(const CtSpecResult *result, const char *what);

#endif							/* CT_SPEC_CAST_H */
