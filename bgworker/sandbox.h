/*
 * sandbox.h
 *		The run's own schema: made, dropped, and swept up after a crash.
 */
#ifndef CT_SANDBOX_H
#define CT_SANDBOX_H

#include "src/ct_compat.h"

/*
 * Creates the schema as the current role.  In a transaction.  Raises with a
 * hint where the role may not.
 */
extern Oid	ct_sandbox_create(const char *name);

/* lets those roles use it that exist (List of char *), by whom scripts act, too */
extern void ct_sandbox_grant(const char *name, const List *roles);

/*
 * Drops it with all that is in it, if it is there and owned by the role that
 * the run acts as.  In a transaction.
 */
extern void ct_sandbox_drop(Oid sandbox, Oid role);

/*
 * Looks after runs whose leader is gone: marks them as crashed and drops their
 * sandboxes.  What can't be dropped now is left to the next sweep.  Returns
 * how many runs it closed.  In a transaction.
 */
extern int64 ct_sandbox_sweep(void);

#endif							/* CT_SANDBOX_H */
