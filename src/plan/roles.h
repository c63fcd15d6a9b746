/*
 * roles.h
 *		Which roles a run's scripts act as.
 */
#ifndef CT_ROLES_H
#define CT_ROLES_H

#include "src/plan/plan.h"

/*
 * The names, each once, that SET ROLE and SET SESSION AUTHORIZATION name
 * literally in the plan's setups and scripts.  There may be no role of a name.
 */
extern List *ct_plan_roles(const CtPlan *plan);

#endif							/* CT_ROLES_H */
