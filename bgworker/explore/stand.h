/*
 * stand.h
 *		Whether all sessions of an execution stand.  Private to execution.c, which
 *		gives turns, and stand.c, which looks.
 */
#ifndef CT_STAND_H
#define CT_STAND_H

#include "bgworker/explore/execution.h"
#include "bgworker/shm/turn.h"

/* a session, as the leader sees it */
typedef struct CtExecutionSession
{
	CtTurn	   *turn;
	const CtSlot *slot;
	bool		fresh;			/* its next STEP begins an execution */
	bool		busy;			/* has an order that isn't answered, as far as we know */
	bool		woken;			/* stands within a step */
	bool		ended;
	uint64		waits;			/* the wait that it is in; 0: none */
	bool		told;			/* the story, that it waits */
	bool		went_on;		/* was set free in the turn under way */
} CtExecutionSession;

struct CtExecutionPrivate
{
	CtLeader   *leader;
	CtShared   *shared;
	CtStage    *stage;
	MemoryContext context;		/* of the last execution */
	CtExecutionSession sessions[CT_MAX_SESSIONS];
	bool		through;
	bool		detail;
	int			outwaits;		/* so many wait, one of whom is to give up by itself; or 0 */
	bool		footprints;
	uint64		began_ns;		/* when the turn was first waited for; 0: it wasn't */

	/* of the turn that was chosen last: what it began with */
	int			begun;
	uint32		labels[CT_TURN_LABELS];
};

/* Looks once at those that have an order; true: none of them runs. */
extern bool ct_stand_look(CtExecution *ex);

/*
 * Until all stand: parked, or asleep on a lock that somebody of ours is in the
 * way of.  False if that takes too long: a step's time, or the search's.
 */
extern bool ct_stand_settle(CtExecution *ex);

/* Sleeps for a moment, unless there is something to be seen.  Raises what ends the run. */
extern void ct_stand_sleep(CtExecution *ex);

/* Of a step that took too long: raises if somebody waits who only others than ours could let go on. */
extern void ct_stand_check_outsiders(CtExecution *ex);

/* How many wait, where all stand. */
extern int	ct_stand_count_waiting(const CtExecution *ex);

/* Whom a session waits for, of ours; 0: nobody of ours.  From 1. */
extern int	ct_stand_waits_for(const CtExecution *ex, int session);

/* Why sessions wait that nobody will wake, in words; and the same where a step took too long. */
extern char *ct_stand_tell_stuck(const CtExecution *ex);
extern char *ct_stand_tell_timeout(const CtExecution *ex);

#endif							/* CT_STAND_H */
