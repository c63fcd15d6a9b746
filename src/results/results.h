/*
 * results.h
 *		A run's results: what the leader makes of the workers' slots, what the
 *		checks say, and the verdict.  Recorded by record.c, and nothing else
 *		than what is in here is.
 */
#ifndef CT_RESULTS_H
#define CT_RESULTS_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"

#include "src/metrics/batches.h"
#include "src/metrics/histogram.h"
#include "src/metrics/tally.h"
#include "src/metrics/usage.h"

typedef struct CtOutcomeResult
{
	int			script;			/* index in the program */
	const char *label;
	int64		count;
} CtOutcomeResult;

typedef struct CtTallyResult
{
	const char *name;
	CtTally		tally;
} CtTallyResult;

typedef struct CtErrorResult
{
	int			script;
	int			sqlstate;
	const char *handling;		/* as in ct_result_error */
	bool		unexpected;		/* it ended a transaction, and nobody had named it */
	int64		count;

	/* of the first one; each text at most some 64 kB */
	int			command;		/* index in the script; -1 if unknown; else its end */
	TimestampTz first_seen;
	const char *message;
	const char *detail;			/* these or NULL */
	const char *hint;
	const char *context;
} CtErrorResult;

typedef struct CtWorkerResult
{
	int			worker;			/* from 1 */
	int			pid;
	int64		transactions;
	int64		failed;
	int64		retries;
	int64		overlapped;
	int64		waited;
	int64		met;
	int64		all_transactions;	/* of the whole run, the others of the measured part */
} CtWorkerResult;

typedef struct CtAnomalyResult
{
	const char *check;
	const char *kind;
	const char *observed;		/* or NULL */
	const char *expected;		/* or NULL */
	const char *evidence;		/* jsonb's text, or NULL */
	TimestampTz first_seen;
} CtAnomalyResult;

typedef struct CtCheckResult
{
	const char *name;
	const char *kind;
	const char *target;
	const char *actual;
	const char *note;			/* what its fail has to say besides, or NULL */
	bool		holds;
	bool		undecided;		/* there was nothing to compare with: it neither holds nor fails */
	bool		during;			/* was found while the run was under way */
	int64		violations;
	List	   *anomalies;		/* of CtAnomalyResult *, the first few */
	int64		after;			/* transactions when it was first seen, of a run of rounds in that round */
	int			round;			/* of a run of rounds: when it was first seen; else 0 */
} CtCheckResult;

/* ended_by, where its timeout did */
#define CT_ENDED_BY_TIMEOUT		"timeout"

typedef struct CtResults
{
	double		seconds;		/* of the measured part */
	int			workers;		/* that raced */
	int			clients;
	int			not_begun;		/* of these, that didn't come past their on_start */
	const char *ended_by;		/* what ended the run early, or NULL */

	/* of a run of rounds; else 0 */
	int			rounds;			/* that were executed, and their checks asked */
	int			rounds_failed;	/* by a check, or by an error that nobody expected */

	/* measured part */
	int64		transactions;
	int64		failed;
	int64		retries;
	int64		late;			/* completed, in more than the latency limit */
	int64		skipped;		/* scheduled, but not executed when the run was cut off */
	int64		overdue;		/* the same, for they were late before they could begin */
	int64		overlapped;
	int64		waited;
	int64		met;
	int64		contended;
	CtBatches	batches;		/* transactions by time */
	int64		orders_seen;	/* -1 if orders aren't told */
	int64		orders_possible;
	int64		rows;			/* returned or changed */
	int64		connect_ns;		/* of the worker that took longest */
	CtHistogram *latency;		/* of all scripts' transactions */
	CtHistogram *histograms;	/* merged, in the program's numbering */
	uint64	   *orders;			/* merged, see CtProgram; NULL if they aren't told */

	/* rows as they are recorded, see rows.h; made by who measures them */
	List	   *phases;			/* of CtPhaseRow * */
	List	   *waits;			/* of CtWaitRow * */
	List	   *blocking;		/* of CtBlockingRow * */
	List	   *deadlocks;		/* of CtDeadlockRow * */
	List	   *samples;		/* of CtSampleRow * */
	CtUsage    *usage;			/* NULL: it isn't known */

	/* whole run */
	int64		all_transactions;
	int64		barrier_breaks;
	int64		kills;			/* sessions that kill_rate has terminated, */
	int64		killed;			/* and transactions with them */
	int			times_held;		/* that lock_hold had its lock */
	List	   *outcomes;		/* of CtOutcomeResult * */
	List	   *tallies;		/* of CtTallyResult * */
	List	   *errors;			/* of CtErrorResult * */
	List	   *worker_results; /* of CtWorkerResult * */

	List	   *checks;			/* of CtCheckResult *, in order */
	struct CtExploration *exploration;	/* what was found, of a run that explores; else NULL */
	const char *verdict;		/* or NULL: there is none */
	const char *reason;
} CtResults;

/* completed transactions per second; NaN without a measured part */
extern double ct_results_tps(const CtResults *results);

/* half the length of its 95 % interval; NaN where the run was too short for one */
extern double ct_results_tps_half_interval(const CtResults *results);

/* violations over all checks; of an exploration, executions that went wrong */
extern int64 ct_results_anomalies(const CtResults *results);

/*
 * Errors that nobody expected, retried ones included; of one script or of all
 * (-1), of one sqlstate or of all (0).
 */
extern int64 ct_results_errors(const CtResults *results, int script, int sqlstate);

#endif							/* CT_RESULTS_H */
