/*
 * sessions.h
 *		An exploration's part of a plan: its sessions and its options.
 *
 * For make.c, which has the parts that any run has.
 */
#ifndef CT_SESSIONS_H
#define CT_SESSIONS_H

#include "src/plan/plan.h"

/*
 * Raises for options that are out of range or don't go together; and for those
 * that say how a run loads, which means nothing here.
 */
extern void ct_sessions_check_options(const CtRunOptions *options);

/*
 * Sets the plan's sessions, of scripts that it has: those that are named, by
 * default each once and a lone one twice; or of texts, each of which becomes
 * a script.  Raises for names that no script has, with near matches as hint,
 * and for fewer than 2 sessions or more than 8.
 */
extern void ct_sessions_of_scripts(CtPlan *plan, ArrayType *names);
extern void ct_sessions_of_texts(CtPlan *plan, ArrayType *texts);

/*
 * An order of sessions, from 1, as the plan has it: "1 2 2 1".  int[]; raises for nulls,
 * for none or more than CT_MAX_ORDER, and for what is no session of so many.
 */
#define CT_MAX_ORDER	1000
extern char *ct_sessions_order(ArrayType *permutation, int nsessions);

/* Has it no session beyond so many? */
extern bool ct_sessions_fit(ArrayType *permutation, int nsessions);

/* The options, over what the scenario says of load; the plan has its sessions. */
extern void ct_sessions_set_options(CtPlan *plan, const CtRunOptions *options);

/* Of ct_plan_validate: all that a user can get wrong of an exploration, and of nothing else. */
extern void ct_sessions_validate(const CtPlan *plan);

#endif							/* CT_SESSIONS_H */
