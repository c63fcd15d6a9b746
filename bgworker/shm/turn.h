/*
 * turn.h
 *		Whose turn it is: what the leader of an exploration and its sessions
 *		tell each other.
 *
 * An exploration executes its sessions one step at a time.  A step is what a
 * session does between two places where it parks: between statements, and
 * within functions where bgworker/explore/yield.c says so.  The leader gives a
 * session its turn, with the number of steps that it may make before it parks
 * again; all others stand meanwhile, parked or asleep on a lock.
 *
 * Protocol.  The leader writes the order (command and its arguments), then
 * raises "go", then sets the session's latch if that sleeps.  The session does
 * what it is told, writes what came of it, then sets "ack" to "go", then sets
 * the leader's latch if that sleeps.  Each member has one writer.  Whoever goes
 * to sleep says so first ("asleep"), and looks again, with a full barrier
 * between, on both sides.
 *
 * A session that sleeps on a heavyweight lock doesn't answer: it counts as
 * waiting once its deadlock check is made, which it tells by "checked", the
 * PGPROC.waitStart of that wait (ct_turn_waits).  Both must agree, for a lock
 * that has been granted is no wait any more, although who gets it hasn't woken
 * up.  What it says of this turn and of this execution is right then, too.
 *
 * A session that was granted its lock asks, right where it wakes up, whether it
 * may go on (WOKEN): so two that are woken by one step go on one after the
 * other, as the leader says.  STEP means the step under way then, and those
 * after it.
 */
#ifndef CT_TURN_H
#define CT_TURN_H

#include "port/atomics.h"

#include "bgworker/shm/error.h"
#include "src/base/clock.h"
#include "src/explore/conflict.h"
#include "src/plan/plan.h"

#define CT_TURN_LABELS		64	/* steps of one turn, at most */
#define CT_TURN_TEXT		1024	/* bytes of each text of a step's detail */
#define CT_TURN_WRITTEN		128		/* relations written in place, at most */

typedef enum CtTurnCommand
{
	CT_TURN_STEP,				/* makes steps, from where it is */
	CT_TURN_RESET,				/* gives up what is under way, and is as if just connected */
	CT_TURN_FORGET_PLANS,		/* the same, and names are looked up anew */
	CT_TURN_END					/* leaves */
} CtTurnCommand;

/* where a session is that has answered */
typedef enum CtTurnPlace
{
	CT_TURN_PARKED,				/* before its next step */
	CT_TURN_WOKEN,				/* has slept on a lock, and asks to go on with the step under way */
	CT_TURN_ENDED				/* has no further step: the script is done, or an error ended it */
} CtTurnPlace;

/*
 * What a step did, for who wants to read of it.  It is the first statement that
 * may touch the database that tells where it is: not the call of a function that
 * has it, but the line in it.
 */
typedef struct CtTurnDetail
{
	char		function[CT_TURN_TEXT]; /* "" where it is the script's own statement */
	int			line;			/* of the function, or of the script */
	char		query[CT_TURN_TEXT];	/* that statement, in one line */
	int64		rows;			/* that the first statement on tables has returned or changed, or
								 * the script's own if there is none */
	char		first_row[CT_TURN_TEXT];	/* the first of them, "sold = 0, capacity = 1"; "" if it
										 * returned none */
	char		error[CT_TURN_TEXT];	/* message that ended the session in it, or "" */
} CtTurnDetail;

typedef struct CtTurn
{
	/* ---- written by the leader ---- */
	pg_atomic_uint32 go;		/* grows with each order */
	pg_atomic_uint32 hurry;		/* park at the next place, whatever "steps" says */
	CtTurnCommand command;
	int			steps;			/* of STEP: at most so many, 1 to CT_TURN_LABELS */
	bool		fresh;			/* of STEP: RESET first, which is known to have nothing to give up */
	bool		through;		/* of STEP: never park within a statement, as yield => 'statement';
								 * the same in all orders of an execution */
	bool		detail;			/* of STEP, one step: tell what it did */
	bool		footprint;		/* of STEP, one step: tell what it touched */
	int			last_commit;	/* of STEP: ends (ROLLBACK) with its commit of this number
								 * (as "commits" counts), from 1; 0: with the script */

	char		pad[PG_CACHE_LINE_SIZE];

	/* ---- written by the session ---- */
	pg_atomic_uint32 ack;
	pg_atomic_uint32 asleep;
	pg_atomic_uint64 checked;	/* waitStart of the wait whose deadlock check is made */
	CtTurnPlace place;

	/*
	 * Of this turn: a step that was under way when it began, after WOKEN, is
	 * made, but not begun.
	 */
	int			begun;			/* steps that it has begun with; labels of them */
	int			made;			/* and come to their end */
	uint32		labels[CT_TURN_LABELS]; /* what tells the places apart where they begin */

	/* of this execution so far */
	bool		in_transaction;
	bool		holds;			/* may have what outlives a transaction: RESET is not for nothing */
	bool		did_ddl;		/* has executed what may change more than rows */
	bool		wrote;			/* rows, in what it has committed */
	bool		said;			/* an outcome or a tally, in what it has committed */
	int			commits;		/* transactions that it has committed, of those that wrote */
	int64		commit_order;	/* of the last one of these: CtStage.commits then; 0: none */
	uint64		seen;			/* hash of all rows that its statements returned, of how many
								 * they changed, and of what it said */
	int			sqlstate;		/* of the error that ended it; 0: none did */
	bool		expected;		/* that error is one of expected_errors, and has counted */
	char		message[CT_TURN_TEXT];	/* of it */
	int			error_command;	/* of the script */

	/*
	 * Of this execution, by the guard (explore/guard.h): a relation outside of
	 * the sandbox, to be cloned (InvalidOid: none), or what no exploration can
	 * do, which the run is to be ended with (sqlstate 0: nothing).  Either ends
	 * the session with query_canceled, so that no script's handler goes on.
	 */
	Oid			missing;
	CtErrorReport refusal;

	/* relations written since the session began, in place */
	int			nwritten;
	Oid			written[CT_TURN_WRITTEN];

	CtTurnDetail detail_made;	/* of the one step, if asked */
	CtFootprint footprint_made;
} CtTurn;

typedef union CtTurnPadded
{
	CtTurn		turn;
	char		pad[TYPEALIGN(PG_CACHE_LINE_SIZE, sizeof(CtTurn))];
} CtTurnPadded;

/* the exploration's, beside the turns */
typedef struct CtStage
{
	int			nsessions;
	pg_atomic_uint32 leader_asleep;
	pg_atomic_uint64 commits;	/* writing commits of all sessions in this execution */
	pg_atomic_uint64 executions;	/* begun so far, for who watches */
	char		pad[PG_CACHE_LINE_SIZE];
	CtTurnPadded turns[FLEXIBLE_ARRAY_MEMBER];
} CtStage;

#define CT_STAGE_SIZE(nsessions)	(offsetof(CtStage, turns) + (nsessions) * sizeof(CtTurnPadded))

struct CtShared;
struct CtSlot;

/* Makes it, in memory of CT_STAGE_SIZE. */
extern void ct_stage_init(CtStage *stage, int nsessions);

/* ---- the session's side ---- */

/*
 * Waits for the next order after "last", and returns its number; "last" if the
 * run is to end now.  What interrupts raise is raised, but for a cancel, which
 * waits until the session executes something; held_off: nothing is raised, and
 * if the process is to end, that ends the wait, with "last".
 */
extern uint32 ct_turn_await(struct CtShared *shared, CtTurn *turn, uint32 last, bool held_off);

/* Answers the order; what it tells has been written. */
extern void ct_turn_answer(struct CtShared *shared, CtStage *stage, CtTurn *turn, uint32 order);

/* Wakes the leader if it sleeps: there is something to look at. */
extern void ct_turn_tell(struct CtShared *shared, CtStage *stage);

/* ---- the leader's side ---- */

/* Gives the order that has been written; the session is that of the slot. */
extern void ct_turn_give(CtTurn *turn, const struct CtSlot *slot);

static inline bool
ct_turn_answered(CtTurn *turn)
{
	bool		answered = pg_atomic_read_u32(&turn->ack) == pg_atomic_read_u32(&turn->go);

	pg_read_barrier();
	return answered;
}

/*
 * Does the session, which hasn't answered, sleep on a lock, with its deadlock
 * check made?  Of several, all have to be looked at again after the last one,
 * for one of them may have woken another.
 */
extern bool ct_turn_waits(CtTurn *turn, const struct CtSlot *slot);

/*
 * Sleeps until somebody tells something or the time is over (-1: none), unless
 * "settled" says, once it is known that we sleep, that there is something
 * already.  Interrupts are the leader's to look at afterwards.
 */
extern void ct_stage_sleep(CtStage *stage, long timeout_ms, bool (*settled) (void *arg), void *arg);

#endif							/* CT_TURN_H */
