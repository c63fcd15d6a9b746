/*
 * make.c
 *		Making a run's plan of a scenario, or of ct_test's arguments.
 *
 * In the caller of ct_run.  A plan is put together as a CtPlan first and then
 * written as a document (document.c).  Definitions are read as they are at this
 * moment, those that the caller hasn't committed yet included.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "src/base/errcodes.h"
#include "src/base/near_match.h"
#include "src/catalog/baseline.h"
#include "src/catalog/definition.h"
#include "src/metrics/metric.h"
#include "src/plan/class.h"
#include "src/plan/fault.h"
#include "src/plan/given_checks.h"
#include "src/plan/phase.h"
#include "src/plan/plan.h"
#include "src/plan/sessions.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

/* ---- reading definitions ---- */

/* Names of the scenario's variants, of which there is at least the implicit one. */
static List *
make_read_variants(CtCatalogScope *scope, const char *scenario)
{
	List	   *names = ct_definition_variants(scope, scenario);
	CtScenarioDefinition definition;

	if (names != NIL)
		return names;
	if (!ct_definition_read_scenario(scope, scenario, &definition))
		ct_definition_unknown_scenario(scope, scenario);
	return list_make1(pstrdup(CT_DEFAULT_VARIANT));
}

/* The variant of that name, by default the first one; raises if there is none. */
static char *
make_choose_variant(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	List	   *variants = make_read_variants(scope, scenario);
	ListCell   *lc;

	if (variant == NULL)
		return linitial(variants);
	foreach(lc, variants)
		if (strcmp(lfirst(lc), variant) == 0)
		return lfirst(lc);
	ct_definition_unknown_variant(scenario, variant, variants);
	return NULL;				/* keep compiler quiet */
}

static void
make_check_name(const char *scenario)
{
	if (scenario == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of the scenario must not be null")));
}

List *
ct_plan_variants(const char *scenario)
{
	CtCatalogScope scope;
	List	   *names;

	make_check_name(scenario);
	ct_catalog_enter_to_read(&scope);
	names = make_read_variants(&scope, scenario);
	ct_catalog_leave(&scope);
	return names;
}

/*
 * The plan's part that the scenario says, of those numbers the unset ones
 * being 0 but for max_tries and min_overlap, which are -1 then.
 */
static void
make_take_scenario(CtPlan *plan, const CtScenarioDefinition *scenario)
{
	plan->setup = unconstify(char *, scenario->setup);
	plan->teardown = unconstify(char *, scenario->teardown);
	plan->on_start = unconstify(char *, scenario->on_start);
	plan->workers = scenario->has_workers ? scenario->workers : 0;
	plan->clients = scenario->has_clients ? scenario->clients : 0;
	plan->duration = scenario->duration ? ct_interval_seconds(scenario->duration) : 0;
	plan->transactions = scenario->has_transactions ? scenario->transactions : 0;
	plan->rate = scenario->has_rate ? scenario->rate : 0;
	plan->max_tries = scenario->has_max_tries ? scenario->max_tries : -1;
	plan->min_overlap = scenario->has_min_overlap ? scenario->min_overlap : -1;
	plan->expected_errors = ct_validate_errors("expected_errors", scenario->expected_errors, true);
	plan->retried_errors = ct_validate_errors("retried_errors", scenario->retried_errors, false);
}

/*
 * A scenario is its owner's SQL, and a run executes it as whoever calls it.
 * So nobody runs a stranger's unless they say that they know; superusers, who
 * have most to lose, are strangers to everybody.
 */
static void
make_check_owner(const char *scenario, Oid owner)
{
	char	   *name = GetUserNameFromId(owner, true);

	if (is_member_of_role_nosuper(GetUserId(), owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 name ? errmsg("scenario \"%s\" belongs to role \"%s\"", scenario, name) :
			 errmsg("scenario \"%s\" belonged to role %u, which has been dropped", scenario, owner),
			 errdetail("Running it executes what that role has written with your privileges."),
			 errhint("Read it in ct_scripts, or ask its owner if you may not, then call with trust_owner => true.")));
}

/* of two labels for an error the one that was given later comes first */
static int
make_compare_errors(const ListCell *a, const ListCell *b)
{
	const CtPlanError *one = lfirst(a);
	const CtPlanError *other = lfirst(b);

	if (one->sqlstate != other->sqlstate)
		return one->sqlstate < other->sqlstate ? -1 : 1;
	return other->position - one->position;
}

/*
 * Adds errors to a list of them, which is in the order of SQLSTATEs without
 * duplicates, and stays so; of two labels for an error the latter wins.
 */
static List *
make_add_errors(List *errors, List *more)
{
	List	   *all;
	List	   *merged = NIL;
	ListCell   *lc;

	if (more == NIL)
		return errors;
	all = list_concat_copy(errors, more);
	foreach(lc, all)
		((CtPlanError *) lfirst(lc))->position = foreach_current_index(lc);
	list_sort(all, make_compare_errors);
	foreach(lc, all)
	{
		CtPlanError *error = lfirst(lc);

		if (merged == NIL || ((CtPlanError *) llast(merged))->sqlstate != error->sqlstate)
			merged = lappend(merged, error);
	}
	return merged;
}

/* What the variant says, on top of that; the default one of a scenario without any says nothing. */
static void
make_take_variant(CtPlan *plan, const CtVariantDefinition *variant)
{
	plan->isolation = unconstify(char *, variant->isolation);
	if (variant->has_max_tries)
		plan->max_tries = variant->max_tries;
	plan->variant_setup = unconstify(char *, variant->setup);
	plan->expected_errors =
		make_add_errors(plan->expected_errors,
						ct_validate_errors("expected_errors", variant->expected_errors, true));
	plan->retried_errors =
		make_add_errors(plan->retried_errors,
						ct_validate_errors("retried_errors", variant->retried_errors, false));
}

/*
 * What checks are given in the scenario's other variants: a check of all of
 * them may ask for the outcome of one.
 */
static void
make_read_elsewhere(CtCatalogScope *scope, CtPlan *plan)
{
	CtSymbols  *symbols = ct_symbols_create();
	ListCell   *lc;

	foreach(lc, ct_definition_scripts(scope, plan->scenario, plan->variant, CT_PARTS_OF_OTHERS))
	{
		const CtScriptDefinition *script = lfirst(lc);

		plan->elsewhere =
			ct_plan_result_names(plan->elsewhere,
								 ct_script_parse(script->name, script->body, symbols, script->quoted));
	}
	foreach(lc, ct_definition_expected_errors(scope, plan->scenario, plan->variant,
											  CT_PARTS_OF_OTHERS))
		plan->elsewhere =
		ct_plan_error_names(plan->elsewhere,
							ct_validate_errors("expected_errors", lfirst(lc), true));
}

CtPlanScript *
ct_plan_script(const CtScriptDefinition *definition)
{
	CtPlanScript *script = palloc0(sizeof(CtPlanScript));

	script->name = unconstify(char *, definition->name);
	script->body = unconstify(char *, definition->body);
	script->weight = definition->weight;
	script->think = definition->think_time ? ct_interval_seconds(definition->think_time) : 0;
	script->think_max = definition->think_max ? ct_interval_seconds(definition->think_max) : 0;
	script->think_distribution = unconstify(char *, definition->think_distribution);
	script->quoted = definition->quoted;
	script->workers = definition->workers;
	return script;
}

CtPlanThreshold *
ct_plan_threshold(const CtThresholdDefinition *definition)
{
	CtPlanThreshold *threshold = palloc0(sizeof(CtPlanThreshold));

	threshold->metric = unconstify(char *, definition->metric);
	threshold->op = unconstify(char *, definition->op);
	threshold->target = definition->target;
	return threshold;
}

static CtPlanCheck *
make_check(const CtCheckDefinition *definition)
{
	CtPlanCheck *check = palloc0(sizeof(CtPlanCheck));

	check->name = unconstify(char *, definition->name);
	check->query = unconstify(char *, definition->query);
	check->kind = unconstify(char *, definition->kind);
	check->during = definition->during;
	return check;
}

/* The named orders, of so many sessions as there are. */
static void
make_read_permutations(CtPlan *plan, List *definitions)
{
	ListCell   *lc;

	foreach(lc, definitions)
	{
		const CtPermutationDefinition *definition = lfirst(lc);
		CtPlanPermutation *permutation;

		if (!ct_sessions_fit(definition->permutation, list_length(plan->sessions)))
			continue;
		permutation = palloc0(sizeof(CtPlanPermutation));
		permutation->name = unconstify(char *, definition->name);
		permutation->order = ct_sessions_order(definition->permutation, CT_MAX_SESSIONS);
		plan->permutations = lappend(plan->permutations, permutation);
	}
}

static void
make_read_parts(CtCatalogScope *scope, CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, ct_definition_scripts(scope, plan->scenario, plan->variant, CT_PARTS_OF_VARIANT))
		plan->scripts = lappend(plan->scripts, ct_plan_script(lfirst(lc)));
	if (plan->scripts == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("variant \"%s\" of scenario \"%s\" has no scripts",
						plan->variant, plan->scenario),
				 errdetail("There is nothing that its workers could repeat."),
				 errhint("Add a script by ct_add_script(scenario, script, body).")));
	foreach(lc, ct_definition_checks(scope, plan->scenario, plan->variant))
		plan->checks = lappend(plan->checks, make_check(lfirst(lc)));
	foreach(lc, ct_definition_thresholds(scope, plan->scenario, plan->variant))
		plan->thresholds = lappend(plan->thresholds, ct_plan_threshold(lfirst(lc)));
}

/* ---- putting both together ---- */

static void
make_check_options(const CtRunOptions *options)
{
	if (options->explore != NULL)
		ct_sessions_check_options(options);
	if (options->has_duration && options->has_transactions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration and transactions cannot be given together"),
				 errhint("A run ends after a time or after a number of transactions; leave one of the two out.")));
	if (options->has_workers)
		ct_validate_integer("workers", options->workers, 1, CT_MAX_WORKERS);
	if (options->has_clients)
		ct_validate_integer("clients", options->clients, 1, CT_MAX_CLIENTS);
	if (options->has_duration)
		ct_validate_seconds("duration", options->duration, false);
	if (options->has_transactions)
		ct_validate_integer("transactions", options->transactions, 1, CT_MAX_TRANSACTIONS);
	if (options->has_rate)
		ct_validate_rate("rate", options->rate);
	if (options->has_max_tries)
		ct_validate_integer("max_tries", options->max_tries, 0, CT_MAX_TRIES);
	if (options->has_warmup)
		ct_validate_seconds("warmup", options->warmup, true);
	if (options->has_ramp)
		ct_validate_seconds("ramp", options->ramp, true);
	if (options->has_min_overlap)
		ct_validate_integer("min_overlap", options->min_overlap, 0, PG_INT32_MAX);
	if (options->has_rounds)
		ct_validate_integer("rounds", options->rounds, 1, CT_MAX_RUN_ROUNDS);
	if (options->has_repeat)
		ct_validate_integer("repeat", options->repeat, 1, CT_MAX_RUN_REPEATS);
	if (options->has_latency_limit)
		ct_validate_seconds("latency_limit", options->latency_limit, false);
	if (options->has_max_errors)
		ct_validate_integer("max_errors", options->max_errors, 1, CT_MAX_TRANSACTIONS);
	if (options->has_timeout)
		ct_validate_seconds("timeout", options->timeout, false);
	if (options->has_kill_rate && !(options->kill_rate > 0 && options->kill_rate <= CT_MAX_KILL_RATE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kill_rate must be more than 0 and at most %g sessions per second", CT_MAX_KILL_RATE),
				 errdetail("The given value is %g.", options->kill_rate)));
	if (options->params != NULL)
		ct_validate_params("params", options->params);
}

/*
 * The phases, of the call or else those that the plan has, which say all of
 * the load: raises for whatever else says some of it.  What the scenario says
 * besides stands back.
 */
static void
make_set_phases(CtPlan *plan, const CtRunOptions *options)
{
	const struct
	{
		const char *name;
		bool		given;
	}			load[] = {
		{"duration", options->has_duration},
		{"transactions", options->has_transactions},
		{"rate", options->has_rate},
		{"ramp", options->has_ramp},
		{"rounds", options->has_rounds}
	};
	int			i;

	if (options->phases != NULL)
		ct_phases_read(plan, options->phases);
	if (plan->phases == NIL)
		return;
	for (i = 0; i < lengthof(load); i++)
		if (load[i].given)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("phases and %s cannot be given together", load[i].name),
					 errdetail("The phases say how long the run is and what load it has."),
					 options->phases == NULL ?
					 errhint("The phases are the scenario's; phases => '[]' runs it without them.") :
					 errhint("Leave one of the two out.")));
	plan->transactions = 0;
	plan->rate = 0;
	plan->duration = ct_phase_begin(plan, list_length(plan->phases));
}

/*
 * How many workers, and clients if these are more.  What the call names stands;
 * a default yields to it, so that each worker has a client.
 */
static void
make_set_workers(CtPlan *plan, const CtRunOptions *options)
{
	if (options->has_clients)
		plan->clients = options->clients;
	else if (ct_phases_clients(plan) > 0)
	{
		/* as many as any of them needs, or as there are where one doesn't say */
		ListCell   *lc;

		plan->clients = Max(plan->clients, options->has_workers ? options->workers : plan->workers);
		foreach(lc, plan->phases)
			if (((CtPlanPhase *) lfirst(lc))->clients == 0 && plan->clients == 0)
			plan->clients = CT_DEFAULT_WORKERS;
		plan->clients = Max(plan->clients, ct_phases_clients(plan));
	}
	else if (options->has_workers && plan->clients > 0)
		plan->clients = Max(plan->clients, options->workers);

	if (options->has_workers)
		plan->workers = options->workers;
	else if (plan->workers == 0)
	{
		/* as many as the scripts need, where each has workers of its own */
		int			bound = ct_plan_bound_workers(plan);
		int			least = ct_plan_least_workers(plan);

		plan->workers = plan->clients > 0 ? CT_DEFAULT_WORKERS :
			least == bound ? bound : Max(CT_DEFAULT_WORKERS, least);
		plan->workers_default = true;
	}
	if (!options->has_workers && plan->clients > 0)
		plan->workers = Min(plan->workers, plan->clients);
	plan->workers_named = options->has_workers && !options->workers_optional;
	plan->workers_default |= options->workers_optional;
}

/* An object with the members of another one on top. */
static Jsonb *
make_concat(Jsonb *params, Jsonb *more)
{
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(params),
											  JsonbPGetDatum(more)));
}

/*
 * What thresholds against the baseline are against, as it is now: so that what
 * was compared stays on record.  Returns whether there is such a threshold.
 * document: of the plan so far.
 */
static bool
make_read_baseline(CtPlan *plan, const Jsonb *document)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtBaselineValues values;
	CtMetrics	metrics;
	bool		asked = false;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, plan->thresholds)
	{
		CtPlanThreshold *threshold = lfirst(lc);
		char	   *of;
		char	   *metric;

		if (ct_metric_split(threshold->metric, &of, &metric) != CT_VS_BASELINE ||
			!(ct_metric_kinds(metric) & CT_VS_BASELINE))
			continue;
		if (!asked)
		{
			ct_catalog_enter_to_read(&scope);
			found = ct_catalog_baseline_find(&scope, document, role, &values);
			ct_catalog_leave(&scope);
			asked = true;
		}
		if (!found)
			continue;
		metrics.tps = values.tps;
		metrics.mean_ms = values.mean_ms;
		metrics.p50_ms = values.p50_ms;
		metrics.p95_ms = values.p95_ms;
		metrics.p99_ms = values.p99_ms;
		metrics.errors = values.errors;
		metrics.transactions = metrics.failed = 0;
		threshold->baseline = ct_metric_actual(metric, &metrics);
		threshold->baseline_run = isnan(threshold->baseline) ? 0 : values.run_id;
		if (threshold->baseline_run == 0)
			threshold->baseline = 0;
	}
	return asked;
}

/*
 * The call's arguments over what the plan has so far and the scenario's classes,
 * then the defaults, and the document of it all.  Numbers as read_scenario leaves them.
 */
static Jsonb *
make_finish(CtPlan *plan, Jsonb *params, const char *transactions_expr, List *classes,
			const CtRunOptions *options)
{
	static const int always_retried[] = {
		ERRCODE_T_R_SERIALIZATION_FAILURE, ERRCODE_T_R_DEADLOCK_DETECTED
	};
	const char *isolation = ct_validate_isolation(options->isolation);
	List	   *retried = NIL;
	Jsonb	   *document;
	ListCell   *lc;
	int			i;

	if (options->explore != NULL)
		ct_sessions_set_options(plan, options);
	else
	{
		make_set_phases(plan, options);
		make_set_workers(plan, options);
	}
	if (options->explore != NULL)
		plan->duration = options->has_duration ? options->duration : CT_DEFAULT_EXPLORATION;
	else if (options->has_duration || options->has_transactions)
	{
		plan->duration = options->has_duration ? options->duration : 0;
		plan->transactions = options->has_transactions ? options->transactions : 0;
	}
	else if (plan->duration == 0 && plan->transactions == 0 && transactions_expr == NULL)
		plan->duration = options->has_rounds ? CT_DEFAULT_ROUND : CT_DEFAULT_DURATION;

	if (options->has_rounds)
		plan->rounds = options->rounds;
	if (options->has_rate || options->closed_loop)
		plan->rate = options->rate;
	if (options->has_warmup)
		plan->warmup = options->warmup;
	if (options->has_ramp)
		plan->ramp = options->ramp;
	if (isolation != NULL)
		plan->isolation = pstrdup(isolation);
	if (options->has_max_tries)
		plan->max_tries = options->max_tries;
	else if (plan->max_tries < 0)
		plan->max_tries = CT_DEFAULT_MAX_TRIES;
	if (options->has_min_overlap)
		plan->min_overlap = options->min_overlap;
	plan->keep = options->keep;
	plan->expected_verdict = options->expected_verdict ? pstrdup(options->expected_verdict) : NULL;
	plan->stop_on_fail = options->stop_on_fail;
	if (options->on_start != NULL)
		plan->on_start = pstrdup(options->on_start);
	if (options->explore == NULL)
		ct_class_add(plan, options->classes != NULL ? ct_class_read(options->classes) : classes);
	plan->latency_limit = options->has_latency_limit ? options->latency_limit : 0;
	plan->max_errors = options->has_max_errors ? options->max_errors : 0;
	plan->timeout = options->has_timeout ? options->timeout : 0;
	plan->kill_rate = options->has_kill_rate ? options->kill_rate : 0;
	if (options->lock_hold != NULL)
		ct_fault_read_lock(plan, options->lock_hold);
	plan->expected_errors = make_add_errors(plan->expected_errors,
											ct_validate_errors("expected_errors",
															   options->expected_errors, true));
	plan->retried_errors = make_add_errors(plan->retried_errors,
										   ct_validate_errors("retried_errors",
															  options->retried_errors, false));

	/* a list of errors so far, from here on one of SQLSTATEs */
	for (i = 0; i < lengthof(always_retried); i++)
	{
		CtPlanError *error = palloc0(sizeof(CtPlanError));

		/* what is expected isn't repeated, unless somebody says so */
		foreach(lc, plan->expected_errors)
			if (((CtPlanError *) lfirst(lc))->sqlstate == always_retried[i])
			break;
		if (lc != NULL)
			continue;
		error->sqlstate = always_retried[i];
		plan->retried_errors = make_add_errors(plan->retried_errors, list_make1(error));
	}
	foreach(lc, plan->retried_errors)
		retried = lappend_int(retried, ((CtPlanError *) lfirst(lc))->sqlstate);
	plan->retried_errors = retried;

	if (options->has_seed)
		plan->seed = options->seed;
	else
	{
		uint32		seed;

		/* short enough to be typed again */
		if (!pg_strong_random(&seed, sizeof(seed)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate a random seed")));
		plan->seed = seed >> 1;
	}

	if (params == NULL)
		params = options->params;
	else if (options->params != NULL)
	{
		ct_validate_param_keys(plan->scenario, params, options->params);
		params = make_concat(params, options->params);
	}
	if (plan->duration == 0 && plan->transactions == 0)
		plan->transactions = ct_plan_count_transactions(transactions_expr, params, plan->seed);

	/* each has something to do; so whoever is missing later had no slot */
	if (plan->transactions > 0)
	{
		plan->workers = Min(plan->workers, plan->transactions);
		plan->clients = Min(plan->clients, plan->transactions);
	}
	plan->thresholds = ct_threshold_override(plan->thresholds, options->thresholds);

	/* how fast it is, and how often it fails, is measured with or without contention */
	if (plan->min_overlap < 0)
		plan->min_overlap = plan->thresholds != NIL && plan->checks == NIL ? 0 : CT_DEFAULT_MIN_OVERLAP;
	document = ct_plan_write(plan, params);
	return make_read_baseline(plan, document) ? ct_plan_write(plan, params) : document;
}

Jsonb *
ct_plan_of_scenario(const char *scenario, const char *variant, const CtRunOptions *options)
{
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	CtCatalogScope scope;
	CtScenarioDefinition definition;
	CtVariantDefinition of_variant;
	List	   *permutations;
	List	   *classes;
	Jsonb	   *phases;

	make_check_name(scenario);
	make_check_options(options);
	plan->search_path = pstrdup(namespace_search_path);
	plan->scenario = pstrdup(scenario);

	ct_catalog_enter_to_read(&scope);
	if (!ct_definition_read_scenario(&scope, scenario, &definition))
		ct_definition_unknown_scenario(&scope, scenario);
	plan->variant = make_choose_variant(&scope, scenario, variant);
	make_take_scenario(plan, &definition);
	if (ct_definition_read_variant(&scope, scenario, plan->variant, &of_variant))
		make_take_variant(plan, &of_variant);
	make_read_parts(&scope, plan);
	make_read_elsewhere(&scope, plan);
	permutations = ct_definition_permutations(&scope, scenario);
	classes = ct_definition_classes(&scope, scenario, plan->variant);
	phases = ct_definition_phases(&scope, scenario);
	ct_catalog_leave(&scope);
	if (!definition.bundled && !options->trust_owner)
		make_check_owner(scenario, definition.owner);
	if (phases != NULL && options->phases == NULL)
	{
		ct_phases_read(plan, phases);
		ct_phases_forget_others(plan);
	}
	if (options->explore != NULL)
	{
		ct_sessions_of_scripts(plan, options->explore->sessions);
		make_read_permutations(plan, permutations);
		if (definition.explore_params != NULL)
			definition.params = make_concat(definition.params, definition.explore_params);
		else
			ereport(NOTICE,
					(errmsg("scenario \"%s\" is not meant to be explored", scenario),
					 errdetail("It has no explore_params, so that what is explored is as large as what ct_run() executes."),
					 errhint("Its story, in ct_stories, may say why; params => ... makes it smaller.")));
	}

	return make_finish(plan, definition.params, definition.transactions_expr, classes, options);
}

Jsonb *
ct_plan_of_refused(const char *scenario, const char *variant, const char *expected_verdict,
				   int sqlstate, const char *message)
{
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	CtPlanScript *nothing = palloc0(sizeof(CtPlanScript));

	plan->scenario = pstrdup(scenario);
	plan->variant = pstrdup(variant);
	plan->expected_verdict = expected_verdict ? pstrdup(expected_verdict) : NULL;
	plan->refused = pstrdup(message);
	plan->refused_sqlstate = ct_sqlstate_text(sqlstate);
	plan->search_path = "";
	plan->workers = 1;
	plan->duration = 1;
	nothing->name = "nothing";
	nothing->body = "";
	nothing->weight = 1;
	plan->scripts = list_make1(nothing);
	return ct_plan_write(plan, NULL);
}

/* A plan that no scenario is in, but all of its arguments' beginnings. */
static CtPlan *
make_begin(const char *setup, const char *teardown)
{
	CtPlan	   *plan = palloc0(sizeof(CtPlan));

	plan->max_tries = -1;
	plan->min_overlap = -1;
	plan->search_path = pstrdup(namespace_search_path);
	plan->setup = setup ? pstrdup(setup) : NULL;
	plan->teardown = teardown ? pstrdup(teardown) : NULL;
	return plan;
}

Jsonb *
ct_plan_of_test(const char *script, const char *setup, const char *teardown,
				ArrayType *checks, const CtRunOptions *options)
{
	CtPlanScript *the_script = palloc0(sizeof(CtPlanScript));
	CtPlan	   *plan;

	if (script == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("script must not be null")));
	make_check_options(options);
	plan = make_begin(setup, teardown);

	the_script->name = "test";
	the_script->body = pstrdup(script);
	the_script->weight = 1;
	plan->scripts = list_make1(the_script);
	ct_plan_read_given_checks(plan, checks);
	return make_finish(plan, NULL, NULL, NIL, options);
}

Jsonb *
ct_plan_of_race(const char *setup, ArrayType *checks, const CtRunOptions *options)
{
	CtPlan	   *plan;

	make_check_options(options);
	plan = make_begin(setup, NULL);
	ct_sessions_of_texts(plan, options->explore->sessions);
	ct_plan_read_given_checks(plan, checks);
	if (plan->thresholds != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a threshold cannot be a check of an exploration"),
				 errdetail("The threshold is on \"%s\"; an exploration executes one step at a time, and measures nothing.",
						   ((CtPlanThreshold *) linitial(plan->thresholds))->metric),
				 errhint("Measure it under load, by ct_test().")));
	return make_finish(plan, NULL, NULL, NIL, options);
}
