/*
 * run.h
 *		What the functions that start runs have in common.
 */
#ifndef CT_API_RUN_H
#define CT_API_RUN_H

#include "api/args.h"
#include "bgworker/caller.h"
#include "src/catalog/run.h"
#include "src/plan/plan.h"

/* The options that ct_run, ct_start, ct_execute, ct_test and ct_compare share; each has most of them. */
extern void ct_run_options(CtArgs *args, CtRunOptions *options);

/*
 * Options of runs that are compared with each other.  All draw the same
 * numbers: where no seed is given, one for all of them.
 */
extern void ct_run_share_seed(CtRunOptions *options);

/*
 * What is asked of them is how much they do: a step is so many seconds long,
 * without the phases that the scenario has, and whether anything could have gone wrong is no matter unless min_overlap is
 * given.  Raises for a length that none can have.
 */
extern void ct_run_as_step(CtRunOptions *options, double step_duration);

/* So many clients, each in a session of its own as far as there are slots. */
extern void ct_run_with_sessions(CtRunOptions *options, int clients);

/*
 * The plan of a variant's run, checked.  Where there can be none, NULL, and what
 * was raised in *error, palloc'd, its effects undone by a subtransaction.
 * Raises only what ends the caller itself: a cancel, say.
 */
extern Jsonb *ct_run_try_plan(const char *scenario, const char *variant, const CtRunOptions *options,
							  ErrorData **error);

/*
 * The plan of a step, one of several that are planned before the first one is
 * run: raises all that can be said against it, with the step as the context,
 * in words ("8 clients").
 */
extern Jsonb *ct_run_plan_step(const char *scenario, const char *variant, const CtRunOptions *options,
							   const char *step);

/*
 * Has the plan's run run, waits for it, and says how it ended; raises unless
 * it has a verdict, and with raise_on_fail unless that is pass.
 */
extern int64 ct_run_and_wait(const Jsonb *document, CtCallMode mode, bool raise_on_fail);

/*
 * The first argument's run ids, a bigint[], palloc'd.  Raises for a NULL, and
 * for none: that is what a query gives that has found no run.
 */
extern int64 *ct_run_ids(FunctionCallInfo fcinfo, int *n);

/* May the role see the run?  watchers: whose members may see all. */
extern bool ct_run_may_see(Oid role, const CtRunRow *run, Oid watchers);

/* Raises ERRCODE_UNDEFINED_OBJECT. */
extern void ct_run_missing(int64 run_id);

/* Is there such a run with that handle, and may the current role see it? */
extern bool ct_run_is_visible(int64 run_id, int64 handle);

#endif							/* CT_API_RUN_H */
