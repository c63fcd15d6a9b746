/*
 * outcome.h
 *		What became of a run that is one of several.
 */
#ifndef CT_OUTCOME_H
#define CT_OUTCOME_H

#include "bgworker/caller.h"

typedef struct CtOutcome
{
	int64		run_id;			/* 0: it was not recorded */
	const char *verdict;		/* pass, fail, inconclusive; or NULL */
	const char *status;			/* of its row, or "failed" */
	const char *reason;			/* of the verdict, or what kept it from one; may be "" */
	int			sqlstate;		/* what kept it from one, or 0 */
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

#endif							/* CT_OUTCOME_H */
