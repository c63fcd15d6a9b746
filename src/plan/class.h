/*
 * class.h
 *		Classes of clients: so many of them do this, so many do that.
 *
 * A class has a share of the run's clients, and may have weights, a think time
 * and an on_start of its own; what it hasn't is the scripts' and the run's.
 */
#ifndef CT_CLASS_H
#define CT_CLASS_H

#include "src/catalog/definition.h"
#include "src/plan/plan.h"

/* A call's classes, a JSON array of objects: List of CtClassDefinition *, validated. */
extern List *ct_class_read(const Jsonb *classes);

/* Raises for what is wrong with a class wherever it is; sets its distribution as in a plan. */
extern void ct_class_validate(CtClassDefinition *definition);

/* Appends classes to the plan, whose scripts are known; raises for those that don't fit. */
extern void ct_class_add(CtPlan *plan, List *definitions);

/*
 * Which class each of so many clients has, by number, -1 for those that run a
 * script of their own: of any first few each class has its share, so that all
 * workers carry clients of all.  Palloc'd; NULL where there are no classes.
 * Raises if a class would have none.
 */
extern int *ct_class_assign(const CtPlan *plan, int nclients);

/*
 * How many clients a run must have at least: one for each class, with its
 * share, and those that scripts have of their own.  CT_MAX_CLIENTS + 1: no
 * number is enough.
 */
extern int	ct_class_least_clients(const CtPlan *plan);

#endif							/* CT_CLASS_H */
