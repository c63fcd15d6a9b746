/*
 * given_checks.h
 *		Checks that are given in a call.
 */
#ifndef CT_GIVEN_CHECKS_H
#define CT_GIVEN_CHECKS_H

#include "utils/array.h"

#include "src/plan/plan.h"

/*
 * Appends the checks of ct_test and ct_race, text[] or NULL, to the plan's
 * checks and thresholds.  Raises for nulls, and for a query that was split at
 * its commas; what else is wrong with them ct_plan_validate says.
 */
extern void ct_plan_read_given_checks(CtPlan *plan, ArrayType *checks);

#endif							/* CT_GIVEN_CHECKS_H */
