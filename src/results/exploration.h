/*
 * exploration.h
 *		What an exploration has found.
 *
 * Made by the leader, judged by src/checks, recorded by rows.c, told by
 * src/report.  Sessions and positions count from 1.
 */
#ifndef CT_EXPLORATION_H
#define CT_EXPLORATION_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

/* how an execution ended, from the best to the worst */
typedef enum CtExecutionResult
{
	CT_EXECUTION_PASS,
	CT_EXECUTION_NOT_SERIAL,	/* no serial order of its sessions leaves this state */
	CT_EXECUTION_CHECK,			/* a check found a row */
	CT_EXECUTION_ERROR,			/* a session ended in an error that nobody expected */
	CT_EXECUTION_DEADLOCK,		/* one met 40P01, and nobody expected that */
	CT_EXECUTION_HANG			/* sessions waited that nobody would wake */
} CtExecutionResult;

/* pass, not_serial, check, error, deadlock, hang */
extern const char *ct_execution_result_name(CtExecutionResult result);

typedef enum CtStepEvent
{
	CT_STEP_RAN,
	CT_STEP_WAITS,				/* begins, and sleeps on a lock */
	CT_STEP_GOES_ON,			/* and comes to its end, in another's step or after it */
	CT_STEP_FAILED				/* an error ends the session */
} CtStepEvent;

/* ran, waits, goes on, error */
extern const char *ct_step_event_name(CtStepEvent event);

typedef struct CtStepResult
{
	int			session;
	const char *function;		/* or NULL: the script's own statement */
	int			line;
	const char *query;
	CtStepEvent event;
	int			waits_for;		/* session; 0: none, or an outsider */
	int64		rows;			/* returned or changed */
	const char *first_row;		/* or NULL */
	const char *error;			/* or NULL */
	bool		conflicts;		/* it is one of the two that conflict */
} CtStepResult;

/* A kind of result, by the shortest order that leads there. */
typedef struct CtPermutationResult
{
	CtExecutionResult result;
	const char *check_name;		/* of CHECK; else NULL */
	int			sqlstate;		/* of ERROR and DEADLOCK; else 0 */
	int64		executions;		/* that ended so */
	int			npermutation;
	int		   *permutation;	/* sessions */
	int			preemptions;
	const char *gist;			/* what is wrong, in a sentence: the check's row, the error's message,
								 * who waits for whom; or NULL */
	List	   *steps;			/* of CtStepResult * */
	const char *state;			/* the tables at its end, as text, where not as a serial one's; or NULL */
	const char *serial_state;	/* the same of the serial order that is nearest; or NULL */
	const char *serial_order;	/* "1, 2" */
} CtPermutationResult;

typedef struct CtExploration
{
	int			sessions;
	bool		inside;			/* yields within functions, too */
	int64		executions;		/* begun */
	int64		complete;		/* that reached their end */
	int64		cut;			/* given up, since another one stands for them */
	int64		violating;		/* complete ones after which a check found a row */
	int64		not_serial;
	bool		not_serial_fails;	/* they are failures: there are no checks */
	int64		deadlocks;		/* in which a session met 40P01 */
	int64		errors;			/* in which a session ended in an error that nobody expected */
	int			preemptions;	/* the bound that was finished; -1: not even 0;
								 * INT_MAX: none was needed */
	bool		exhausted;		/* all interleavings, or what stands for them */
	bool		reduced;		/* executions stand for others */
	int64		bounded;		/* executions within the bound */
	int64		drawn;			/* at random */
	int64		drawn_failing;	/* of these */
	bool		uniform;		/* nothing waited in any execution, so that draws are
								 * uniform over interleavings */
	int64		serial_orders;	/* that were executed */
	TimestampTz first_failure_at;	/* 0: there was none */
	int64		first_failure;	/* the number of that execution, from 1 */
	double		seconds;		/* of the search, after the first execution */
	double		per_second;		/* executions; NaN: not known */
	const char *stopped_by;		/* "duration", "executions", "ct_stop()", "memory"; NULL: by nothing */
	List	   *surrogates;		/* of char *: columns left out of states, "orders.id" */
	List	   *notes;			/* of char *: sentences of what a reader should know: what was not
								 * deterministic, how the state is reset, what was cloned */
	List	   *permutations;	/* of CtPermutationResult *, the worst first */
} CtExploration;

#endif							/* CT_EXPLORATION_H */
