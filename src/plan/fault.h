/*
 * fault.h
 *		What a call says of faults: lock_hold.
 */
#ifndef CT_FAULT_H
#define CT_FAULT_H

#include "utils/jsonb.h"

#include "src/plan/plan.h"

/* The plan's lock_... of a call's lock_hold, once it is known how long the run is; raises for what can't be. */
extern void ct_fault_read_lock(CtPlan *plan, const Jsonb *lock_hold);

#endif							/* CT_FAULT_H */
