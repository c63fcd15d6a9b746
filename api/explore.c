/*
 * explore.c
 *		ct_explore and ct_race: every interleaving of a few sessions.
 */
#include "postgres.h"

#include "fmgr.h"

#include "api/run.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_explore_scenario);
CT_FUNCTION_INFO_V1(ct_race);

/* The options that both have. */
static void
explore_options(CtArgs *args, CtRunOptions *options, CtExploreOptions *explore)
{
	ct_run_options(args, options);
	memset(explore, 0, sizeof(CtExploreOptions));
	explore->sessions = ct_args_array(args, "sessions");
	explore->yield = ct_args_text(args, "yield");
	explore->has_preemptions = ct_args_int(args, "preemptions", &explore->preemptions);
	explore->has_executions = ct_args_bigint(args, "executions", &explore->executions);
	explore->strategy = ct_args_text(args, "strategy");
	explore->reduction = ct_args_flag(args, "reduction");
	explore->has_step_timeout = ct_args_seconds(args, "step_timeout", &explore->step_timeout);
	explore->in_place = ct_args_flag(args, "in_place");
	explore->reset = ct_args_text(args, "reset");
	options->explore = explore;
}

Datum
ct_explore_scenario(PG_FUNCTION_ARGS)
{
	CtExploreOptions explore;
	CtRunOptions options;
	CtArgs		args;
	char	   *scenario;
	char	   *variant;
	bool		raise_on_fail;

	ct_call_check("ct_explore()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text(&args, "scenario");
	variant = ct_args_text(&args, "variant");
	explore_options(&args, &options, &explore);
	raise_on_fail = ct_args_flag(&args, "raise_on_fail");
	ct_args_end(&args);
	PG_RETURN_INT64(ct_run_and_wait(ct_plan_of_scenario(scenario, variant, &options),
									CT_CALL_WAITS, raise_on_fail));
}

Datum
ct_race(PG_FUNCTION_ARGS)
{
	CtExploreOptions explore;
	CtRunOptions options;
	CtArgs		args;
	ArrayType  *checks;
	char	   *setup;
	bool		raise_on_fail;

	ct_call_check("ct_race()");
	ct_args_begin(&args, fcinfo);
	setup = ct_args_text(&args, "setup");
	checks = ct_args_array(&args, "checks");
	explore_options(&args, &options, &explore);
	raise_on_fail = ct_args_flag(&args, "raise_on_fail");
	ct_args_end(&args);
	PG_RETURN_INT64(ct_run_and_wait(ct_plan_of_race(setup, checks, &options),
									CT_CALL_WAITS, raise_on_fail));
}
