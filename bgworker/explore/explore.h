/*
 * explore.h
 *		An exploration, of the leader's side: its drive, and what its files share.
 *
 * explore.c has the way from the first execution to what is known at the end,
 * executed.c what is known of one, execution.c has it executed, serial.c knows
 * what serial orders leave behind, story.c
 * the kinds of results and their shortest orders, src/explore/search.c which
 * order comes next; reset.c brings the state back, state.c tells states apart,
 * clone.c makes what a trial without a setup needs.
 */
#ifndef CT_EXPLORE_H
#define CT_EXPLORE_H

#include "bgworker/explore/execution.h"
#include "bgworker/explore/pin.h"
#include "bgworker/explore/reset.h"
#include "bgworker/explore/state.h"
#include "bgworker/leader.h"
#include "src/explore/search.h"
#include "src/results/exploration.h"

struct CtSerial;
struct CtStory;

typedef struct CtExplorer
{
	CtLeader   *leader;
	const CtPlan *plan;
	CtExploration *found;
	CtExecution *execution;
	CtReset    *reset;
	CtState    *state;			/* NULL: states aren't told apart */
	List	   *written;		/* in place: tables whose states are compared, of Oid */
	CtSearch   *search;
	struct CtSerial *serial;
	struct CtStory *story;
	CtPin	   *pin;
	MemoryContext scratch;		/* of one execution and what is made of it */
	bool		ddl;			/* the last execution may have changed more than rows */
	int64		rebuilds;		/* resets that made relations anew */
	bool		prepares;		/* a script may leave prepared transactions behind */
	uint32		left_open;		/* sessions that ended with a transaction open, noted */
	int64		serial_unknown; /* executions of which serial orders say nothing */
	List	   *outcomes;		/* of CtOutcomeResult *, of all executions of the search */
	List	   *tallies;		/* of CtTallyResult * */
	List	   *errors;			/* of CtErrorResult * */
	int64		transactions;	/* sessions that ended well */
	int64		failed;
	int64		retries;
} CtExplorer;

/* what is known of an execution that came to its end, or to none */
typedef struct CtExecuted
{
	CtExecutionEnd end;
	CtExecutionResult result;
	int			check;			/* the first that is violated, by its place in the plan; -1: none */
	int			sqlstate;		/* of ERROR and DEADLOCK */
	bool		violating;
	bool		not_serial;
	bool		deadlock;		/* somebody met one */
	bool		error;			/* an error that nobody expected */
	char	   *gist;			/* or NULL; in the scratch memory */
	uint64		digest;
} CtExecuted;

/* The drive of runs that explore; the results' exploration is in leader->exploration then. */
extern void ct_explore(CtLeader *leader);

/* What the run's results have besides: outcomes, tallies and errors of all executions. */
extern void ct_explore_results(CtLeader *leader, CtResults *results);

/* Sessions and state as they were at the beginning; the scratch memory is empty. */
extern void ct_explorer_reset(CtExplorer *explorer);

/* After a reset: ct_execution_run_serial(), and what the next reset has to know of it. */
extern CtExecutionEnd ct_explorer_run_serial(CtExplorer *explorer, int n, const int *sessions,
											 const int *last_commits);

/*
 * From there an execution, as the guide says, and what is to be known of it but
 * for what serial orders say.  asks: also asks the checks, with the gist of the
 * first that is violated if gist.  Counts nothing.
 */
extern void ct_explorer_execute(CtExplorer *explorer, const CtGuide *guide, bool gist,
								CtExecuted *executed);

/*
 * Does an error say that what was to be executed isn't there, or isn't SQL?
 * Others of its class, as a lack of privileges, are the program's to meet.
 */
extern bool ct_explorer_is_mistake(int sqlstate);

/* Rolls back the transactions that this run's sessions have prepared.  Outside of a transaction. */
extern void ct_explorer_roll_back_prepared(CtExplorer *explorer);

/* Counts an execution in what results have of all of them; before serial orders are executed. */
extern void ct_explorer_pool(CtExplorer *explorer);

/* What a reader of the results should know. */
extern void ct_explorer_note(CtExplorer *explorer, const char *note);

/* Is the run's time over, or has somebody asked it to stop? */
extern bool ct_explorer_is_over(const CtExplorer *explorer);

/* ---- serial orders (serial.c) ---- */

typedef enum CtSerialAnswer
{
	CT_SERIAL_YES,				/* a serial order leaves that state */
	CT_SERIAL_NO,				/* none does */
	CT_SERIAL_UNKNOWN			/* there are too many to be executed */
} CtSerialAnswer;

extern struct CtSerial *ct_serial_create(CtExplorer *explorer);

/*
 * Does a serial order of the sessions that took part leave such a state as the
 * last execution did?  Executes serial orders, so that the last execution's
 * sessions are gone afterwards.
 */
extern CtSerialAnswer ct_serial_explains(struct CtSerial *serial, uint64 digest);

/*
 * Executes the serial order by which the last execution is to be compared, and
 * returns it in words, "1, 2"; its state is there then.  Palloc'd; NULL: there is none.
 */
extern char *ct_serial_nearest(struct CtSerial *serial);

/* ---- kinds of results (story.c) ---- */

extern struct CtStory *ct_story_create(CtExplorer *explorer);

/* Counts an execution, whose order is the search's, by its kind. */
extern void ct_story_count(struct CtStory *story, const CtExecuted *executed);

/* Executes each kind's shortest order again, and returns the kinds, the worst first. */
extern List *ct_story_tell(struct CtStory *story);

#endif							/* CT_EXPLORE_H */
