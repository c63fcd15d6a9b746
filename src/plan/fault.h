/*
 * fault.h
 *		What a call says of faults: lock_hold.
 */
#ifndef CT_FAULT_H
#define CT_FAULT_H

#include "storage/lockdefs.h"
#include "utils/jsonb.h"

#include "src/plan/plan.h"

/* The plan's lock_... of a call's lock_hold; raises for what can't be. */
extern void ct_fault_read_lock(CtPlan *plan, const Jsonb *lock_hold);

/* The mode of that name, as in LOCK TABLE, in lower case; NoLock if there is none. */
extern LOCKMODE ct_fault_lockmode(const char *name);

#endif							/* CT_FAULT_H */
