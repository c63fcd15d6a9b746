/*
 * merge.h
 *		The workers' slots, summed up.
 */
#ifndef CT_MERGE_H
#define CT_MERGE_H

#include "bgworker/shm/shared.h"
#include "src/plan/program.h"
#include "src/results/results.h"

/* counters only, cheap enough for a look once a second or at any time */
typedef struct CtTotals
{
	int64		transactions;
	int64		failed;
	int64		retries;
	int64		all_transactions;
} CtTotals;

extern void ct_merge_totals(CtShared *shared, CtTotals *totals);

/* What was counted of transactions, outcomes, tallies and errors; the rest is left empty.  As below. */
extern CtResults *ct_merge_counts(CtShared *shared, const CtErrorTexts *texts);

/* the transaction latencies of all workers and scripts so far, into *histogram */
extern void ct_merge_latency(CtShared *shared, const CtProgram *program, CtHistogram *histogram);

/*
 * everything; checks and verdict are left empty.  In the current memory
 * context, but for what errors say: that is in texts, and as long as it is there.
 */
extern CtResults *ct_merge_results(CtShared *shared, const CtProgram *program,
								   const CtErrorTexts *texts);

/* The transactions that were kept, sorted: a list of CtSampleRow *; NIL if none are.  Once all workers have ended. */
extern List *ct_merge_samples(CtShared *shared, const CtProgram *program);

#endif							/* CT_MERGE_H */
