/*
 * check.h
 *		Asking a run's checks, and judging what they say.
 */
#ifndef CT_CHECK_H
#define CT_CHECK_H

#include "src/plan/program.h"
#include "src/results/results.h"
#include "src/session/session.h"

#define CT_MAX_EVIDENCE	10		/* violations of one check that are kept as anomalies */
#define CT_MAX_ROW_SIZE	16384	/* bytes of a row that is kept as it is; a larger one is cut */
#define CT_MAX_CUT_SIZE	1000	/* bytes that are kept of a column of such a row, of observed and expected */
#define CT_MAX_RUN_EVIDENCE	(1024 * 1024)	/* bytes of all of a run's evidence */

/* a plan's checks, ready to be asked any number of times */
typedef struct CtChecks CtChecks;

/*
 * Prepares every check and makes sure that it can be asked; raises what is
 * wrong with one, naming it.  Lives in the current memory context, as do the
 * violations that are found later.
 */
extern CtChecks *ct_checks_prepare(const CtPlan *plan, CtSession *session, int64 run_id);

/*
 * Asks those that are marked "during", of the results so far, and remembers
 * the first violations of each.  Leaves nothing else behind.
 */
extern void ct_checks_ask_during(CtChecks *checks, const CtResults *results);

/*
 * Has the run failed already, whatever comes: by what ct_checks_ask_during has
 * found, by an error that nobody expected, or by a threshold?
 */
extern bool ct_checks_have_failed(const CtChecks *checks, const CtProgram *program,
								  const CtResults *results);

/*
 * Asks all at the run's end and returns a CtCheckResult each, in order; of
 * those that were violated during the run, what was remembered.
 */
extern List *ct_checks_ask(CtChecks *checks, const CtResults *results);

/* Have they found anything so far? */
extern bool ct_checks_found(const CtChecks *checks);

/* Is there an error that nobody expected, and no threshold that says how many there may be? */
extern bool ct_checks_have_errors(const CtPlan *plan, const CtResults *results);

/* Asks all at the end of a round, of its own results; true if one is violated. */
extern bool ct_checks_ask_round(CtChecks *checks, const CtResults *results, int round);

/* What all rounds' answers come to: a CtCheckResult each, in order. */
extern List *ct_checks_of_rounds(CtChecks *checks);

/* What was cut or left out of the evidence so far, in a sentence, palloc'd; or NULL. */
extern const char *ct_checks_complaint(const CtChecks *checks);

/*
 * Asks all after an execution of an exploration, of its outcomes and numbers,
 * and remembers the first violations of each.  Returns the first check that is
 * violated, by its place in the plan; -1: none is.  gist: if not NULL, set to
 * what that one found, palloc'd, "observed 2, expected 1", or NULL.
 */
extern int	ct_checks_ask_execution(CtChecks *checks, const CtResults *results, char **gist);

/* The last execution counts: those that it violates have one more. */
extern void ct_checks_count_execution(CtChecks *checks);

/* A CtCheckResult of each, in order, after so many executions. */
extern List *ct_checks_explored(const CtChecks *checks, int64 executions);

/* Adds the results of the thresholds and of the errors nobody expected. */
extern void ct_checks_measure(const CtPlan *plan, const CtProgram *program, CtResults *results);

/* Adds the violation that is a lock that a finished session kept, and who waited for it. */
extern void ct_checks_add_lock(CtResults *results, const char *who_waits);

/* Sets results->verdict and ->reason; started_at is when the gate opened. */
extern void ct_judge(const CtPlan *plan, CtResults *results, TimestampTz started_at);

/* The same of an exploration, which is judged by what it has found. */
struct CtExploration;
extern void ct_judge_exploration(const CtPlan *plan, CtResults *results,
								 const struct CtExploration *found);

#endif							/* CT_CHECK_H */
