/*
 * outcome.h
 *		What became of a run that is one of several, and of several together.
 */
#ifndef CT_OUTCOME_H
#define CT_OUTCOME_H

#include "bgworker/caller.h"
#include "src/metrics/statistics.h"

typedef struct CtOutcome
{
	int64		run_id;			/* 0: it was not recorded */
	const char *verdict;		/* pass, fail, inconclusive; or NULL */
	const char *status;			/* of its row, or "failed" */
	const char *reason;			/* of the verdict, or what kept it from one; may be "" */
	int			sqlstate;		/* what kept it from one, or 0 */
	int			workers;		/* that there were, 0 if it was not recorded */
	CtSummary	summary;
} CtOutcome;

/* The verdict or, where there is none, the status. */
extern const char *ct_outcome_word(const CtOutcome *outcome);

/*
 * Has a plan's run run, which was checked by ct_call_check_plan, waits for it,
 * and returns what became of it, whatever that is; palloc'd.  Raises only what
 * ends the caller itself: a cancel, say.
 */
extern CtOutcome *ct_outcome_of_run(const Jsonb *document);

/* The same of a run that is over, and that one was attached to. */
extern CtOutcome *ct_outcome_of_call(CtCall *call);

/*
 * Runs of one plan, and what they have come to together: their verdict is the
 * worst, counts are sums, and rates and latencies are means.
 */
typedef struct CtRepeats
{
	MemoryContext context;		/* that it is in */
	const char *word;			/* the worst verdict, or status where there is none; NULL: no run yet */
	const char *reason;			/* of the first one that came to that; may be "" */
	int			n;				/* runs */
	int			nworst;			/* that came to the worst */
	int			nruns;			/* those that were recorded */
	int64	   *run_ids;		/* of these */
	int			measured;		/* runs that the rest is of; counts are -1 where not known */
	int64		anomalies;
	int64		retries;
	int64		failed;
	int64		errors;
	int64		deadlocks;
	double		p50_ms;			/* sums; see ct_repeats_mean */
	double		p95_ms;
	double		p99_ms;
	double	   *rates;			/* tps of each */
	double		tps_low;		/* what any of them says: see ct_repeats_tps */
	double		tps_high;
} CtRepeats;

/* None yet, of at most so many; in the current memory context. */
extern CtRepeats *ct_repeats_create(int most);

/* Takes a run's outcome, whichever context that is in. */
extern void ct_repeats_add(CtRepeats *repeats, const CtOutcome *outcome);

/* The document of the next run: one of several is a repeat of the first that was recorded. */
extern const Jsonb *ct_repeats_document(const CtRepeats *repeats, const Jsonb *document, int repeat);

/* Why it came to the worst, and how many of them did where not all of them; palloc'd. */
extern char *ct_repeats_reason(const CtRepeats *repeats);

/* The last run's id, 0 if none was recorded. */
extern int64 ct_repeats_last(const CtRepeats *repeats);

/* A sum's mean; NaN if nothing was measured. */
extern double ct_repeats_mean(const CtRepeats *repeats, double sum);

/*
 * The mean throughput, with its interval: of one run its own, of two all that
 * either says, of more what they differ by.  NaN if nothing was measured.
 */
extern CtInterval ct_repeats_tps(const CtRepeats *repeats, double level);

#endif							/* CT_OUTCOME_H */
