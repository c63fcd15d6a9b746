/*
 * execution.h
 *		One execution of an exploration's sessions: each once, one step at a time.
 *
 * A guide says whose turn it is; this gives the turns, waits until all stand
 * again, lets those that come out of a lock wait go on one after the other, and
 * finds out what becomes of each session.
 */
#ifndef CT_EXECUTION_H
#define CT_EXECUTION_H

#include "bgworker/leader.h"

/* how it came to its end */
typedef enum CtExecutionEnd
{
	CT_EXECUTION_COMPLETE,		/* all sessions have ended */
	CT_EXECUTION_DIVERGED,		/* the guide's order couldn't be taken */
	CT_EXECUTION_CUT,			/* the guide wants no more of it */
	CT_EXECUTION_STUCK,			/* sessions wait that nobody would wake, or a step took too long */
	CT_EXECUTION_REFUSED,		/* the guard has found something: missing, or a refusal */
	CT_EXECUTION_STOPPED		/* the time was over */
} CtExecutionEnd;

/* Who says whose turn it is; see src/explore/search.h for what the functions mean. */
typedef struct CtGuide
{
	int			(*choose) (void *arg, uint32 enabled, int *steps);
	bool		(*note) (void *arg, int session, uint32 enabled, const uint32 *labels, int n);
	void	   *arg;
	bool		detail;			/* step by step, each told of */
	bool		footprints;		/* what the turn's last step touched is in the execution's footprint */
} CtGuide;

/* of choose: nobody goes on */
#define CT_GUIDE_DIVERGED	(-1)
#define CT_GUIDE_CUT		(-2)	/* others stand for what would follow */

/* what became of a session */
typedef struct CtSessionEnd
{
	bool		ended;			/* it came to its end */
	int			sqlstate;		/* of the error that it ended with, or met first where it was
								 * executed again; 0: none */
	bool		again;			/* it was executed again at the end */
	bool		failed;			/* it ended with an error, for good */
	bool		expected;		/* which is one of expected_errors, and counts as an outcome */
	char	   *message;		/* of the error, where it has one */
	int			error_command;	/* the same: of the script, where it was raised */

	/* as in its turn */
	bool		in_transaction;
	bool		wrote;
	bool		said;
	int			commits;
	int64		commit_order;
	uint64		seen;
} CtSessionEnd;

typedef struct CtExecution CtExecution;

struct CtExecution
{
	int			nsessions;

	/* of the last one, in memory of its own until the next one begins */
	CtSessionEnd sessions[CT_MAX_SESSIONS];
	bool		waited;			/* somebody slept on a lock */
	bool		deadlock;		/* somebody met 40P01 */
	bool		ddl;			/* more than rows may have changed */
	bool		timed_out;		/* STUCK: a step took too long */
	char	   *why;			/* of STUCK and DIVERGED, in a sentence without its full stop */
	List	   *steps;			/* of CtStepResult *, where detail was asked for */
	Oid			missing;		/* of REFUSED; InvalidOid: a refusal */
	const CtErrorReport *refusal;	/* of REFUSED */

	/* of the turn that was noted last, where the guide asked for it */
	CtFootprint footprint;

	/* of all of them */
	uint64		stop_ns;		/* a step is given up that lasts longer, and where somebody asks
								 * the run to stop; 0: it isn't */
	struct CtExecutionPrivate *private;
};

/* In the current memory context.  The sessions are there, and at work. */
extern CtExecution *ct_execution_create(CtLeader *leader);

/*
 * All sessions give up what they are at, and hold nothing; then the state may
 * be reset.  names: they look up names anew, too.
 */
extern void ct_execution_clear(CtExecution *execution, bool names);

/*
 * Executes, after ct_execution_clear.  Failed sessions that can be are executed
 * again at the end.  Raises what ends the run.
 */
extern CtExecutionEnd ct_execution_run(CtExecution *execution, const CtGuide *guide);

/*
 * The same, one session after the other, each as a whole: those of the n that
 * are named, up to their commit of that number (0: to their end).
 */
extern CtExecutionEnd ct_execution_run_serial(CtExecution *execution, int n, const int *sessions,
											  const int *last_commits);

/*
 * Why a session isn't enabled, of an execution that was DIVERGED: "has ended", "waits for
 * session 1"; NULL: it is.  Palloc'd.
 */
extern char *ct_execution_tell_disabled(const CtExecution *execution, int session);

/* The sessions leave; returns once they have. */
extern void ct_execution_end_sessions(CtExecution *execution);

#endif							/* CT_EXECUTION_H */
