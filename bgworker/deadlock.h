/*
 * deadlock.h
 *		Deadlocks: what a worker sees of the one that it is the victim of, and
 *		what the leader makes of it.
 */
#ifndef CT_DEADLOCK_H
#define CT_DEADLOCK_H

#include "bgworker/shm/deadlock_record.h"
#include "bgworker/shm/shared.h"
#include "src/plan/program.h"

/* A worker's, once: from now on it notes deadlocks, see deadlock_record.h. */
extern void ct_deadlock_watch(CtShared *shared);

/*
 * The leader's: rows, a list of CtDeadlockRow *, in the current memory context,
 * by time.  In a transaction, since tables have names.
 */
extern List *ct_deadlocks_as_rows(const CtDeadlocks *deadlocks, const CtProgram *program);

#endif							/* CT_DEADLOCK_H */
