/*
 * run.h
 *		What the functions that start runs have in common.
 */
#ifndef CT_API_RUN_H
#define CT_API_RUN_H

#include "fmgr.h"
#include "src/plan/plan.h"

/*
 * The options that ct_run, ct_start, ct_test and ct_compare share, in this
 * order: workers, duration, transactions, rate, isolation, max_tries, params,
 * seed, warmup, ramp, min_overlap, expected_errors, keep.
 */
#define CT_RUN_NOPTIONS	13

/*
 * Reads them from the arguments that begin at number n.  ct_test has the rate
 * after isolation and max_tries.
 */
extern void ct_run_options(FunctionCallInfo fcinfo, int n, bool rate_last,
						   CtRunOptions *options);

/*
 * And those of a scenario's runs, which begin at number n: trust_owner,
 * thresholds, retried_errors, stop_on_fail.
 */
extern void ct_scenario_options(FunctionCallInfo fcinfo, int n, CtRunOptions *options);

extern bool ct_run_is_visible(int64 run_id, int64 handle);

#endif							/* CT_API_RUN_H */
