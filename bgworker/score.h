/*
 * score.h
 *		What clients have done, counted in their worker's slot.
 */
#ifndef CT_SCORE_H
#define CT_SCORE_H

#include "bgworker/worker.h"

/* Commands of its script: said now, or with the transaction that is open, once that commits. */
extern void ct_score_say_outcome(CtInterpreter *interpreter, const char *label);
extern void ct_score_say_tally(CtInterpreter *interpreter, const char *name, double amount);

/* An outcome that counts at once, as an error that is expected. */
extern void ct_score_outcome(CtClient *client, const char *label);

/* A transaction has ended: what was said in it counts, or doesn't. */
extern void ct_score_settle(CtClient *client, CtTransactionEvent event);

/* Counts an iteration that has come to its end, of one try or several. */
extern void ct_score_iteration(CtClient *client, bool failed, uint64 end);

#endif							/* CT_SCORE_H */
