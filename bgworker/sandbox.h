/*
 * sandbox.h
 *		The run's own schema: made, dropped, and swept up after a crash.
 */
#ifndef CT_SANDBOX_H
#define CT_SANDBOX_H

#include "src/base/ct_compat.h"

/* of a run's id */
#define CT_SANDBOX_NAME	"ct_run_" INT64_FORMAT

/*
 * Creates the schema as the current role.  In a transaction.  Raises with a
 * hint where the role may not.
 */
extern Oid	ct_sandbox_create(const char *name);

/* lets those roles use it that exist (List of char *), by whom scripts act, too */
extern void ct_sandbox_grant(const char *name, const List *roles);

/* how many objects one transaction should drop at most */
extern int	ct_sandbox_budget(void);

/*
 * Drops it with all that is in it, or, if that is more than *budget objects,
 * so many of them; *budget is less by what it dropped.  Returns true when
 * nothing is left; else it is to be called again in another transaction.  In a
 * transaction.  Raises ERRCODE_INSUFFICIENT_PRIVILEGE if it doesn't belong to
 * the role that the run acts as any more.
 */
extern bool ct_sandbox_drop(Oid sandbox, Oid role, int *budget);

/*
 * Drops what is in it, or as many objects as one transaction should; true when
 * nothing is left.  In a transaction; raises as ct_sandbox_drop does.
 */
extern bool ct_sandbox_empty(Oid sandbox, Oid role);

/*
 * What there is to say about a sandbox that wasn't dropped: by which error,
 * and who holds it.  palloc'd.  In a transaction, another one than failed.
 */
extern char *ct_sandbox_complaint(const char *sandbox, const char *error);

/*
 * Looks after runs whose leader is gone: marks them as crashed and drops their
 * sandboxes, as many as one transaction should.  Returns how many runs it
 * closed; *unfinished tells how many a further call, in another transaction,
 * will go on with.  What can't be dropped now is left to a later sweep, which
 * the run's row tells.  asked: somebody called for it, who gets a WARNING for
 * each of those; else those that failed lately aren't tried.  In a transaction.
 */
extern int64 ct_sandbox_sweep(bool asked, int *unfinished);

#endif							/* CT_SANDBOX_H */
