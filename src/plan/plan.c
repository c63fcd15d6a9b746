/*
 * plan.c
 *		What a run's plan means to workers, checks and scripts.
 *
 * Nothing here looks at a table: leader and workers read their plan from the
 * run's shared memory (document.c).
 */
#include "postgres.h"

#include "common/pg_prng.h"
#include "utils/builtins.h"

#include "src/base/errcodes.h"
#include "src/plan/class.h"
#include "src/plan/phase.h"
#include "src/plan/plan.h"
#include "src/plan/sessions.h"
#include "src/plan/settable.h"
#include "src/plan/validate.h"

/* ---- workers ---- */

int
ct_plan_bound_workers(const CtPlan *plan)
{
	int64		n = 0;
	ListCell   *lc;

	foreach(lc, plan->scripts)
		n += ((CtPlanScript *) lfirst(lc))->workers;
	return (int) Min(n, PG_INT32_MAX - 1);
}

int
ct_plan_least_workers(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->scripts)
		if (((CtPlanScript *) lfirst(lc))->workers == 0)
			return ct_plan_bound_workers(plan) + 1;
	return ct_plan_bound_workers(plan);
}

/* Raises unless every worker has a client. */
static void
plan_check_clients(const CtPlan *plan)
{
	if (plan->clients == 0)
		return;
	ct_validate_integer("clients", plan->clients, 1, CT_MAX_CLIENTS);
	if (plan->clients < plan->workers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("the run has %d workers, but only %d client",
							   "the run has %d workers, but only %d clients",
							   plan->clients, plan->workers, plan->clients),
				 errdetail("Clients take turns on workers, so that each worker has one at least."),
				 errhint_plural("Give the run at most %d worker, or leave out how many clients it has: then each worker is one.",
								"Give the run at most %d workers, or leave out how many clients it has: then each worker is one.",
								plan->clients, plan->clients)));
}

/* Raises if clients were awaited at a barrier that are at work in other phases only. */
static void
plan_check_barriers_of_phases(const CtPlan *plan, const CtKnown *known)
{
	int			clients = plan->clients > 0 ? plan->clients : plan->workers;
	ListCell   *lc;

	if (ct_symbols_count(known->barriers) == 0)
		return;
	foreach(lc, plan->phases)
	{
		const CtPlanPhase *phase = lfirst(lc);

		if ((phase->clients == 0 || phase->clients == clients) && (phase->rate > 0 || phase->ramp == 0))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\\barrier needs all clients, but in phase \"%s\" some of them rest", phase->name),
				 errdetail("Who waits at \\barrier %s would wait for them.", ct_symbols_name(known->barriers, 0)),
				 errhint("Let the phases differ by their rate or weights alone.")));
	}
}

/* Raises if clients that take turns on workers were to wait for each other there. */
static void
plan_check_barriers(const CtPlan *plan, const CtKnown *known)
{
	if (plan->clients > plan->workers && ct_symbols_count(known->barriers) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("\\barrier needs a worker for each client, but the run has %d clients on %d worker",
							   "\\barrier needs a worker for each client, but the run has %d clients on %d workers",
							   plan->workers, plan->clients, plan->workers),
				 errdetail("Who waits at \\barrier %s keeps its worker from those it waits for.",
						   ct_symbols_name(known->barriers, 0)),
				 plan->clients > CT_MAX_WORKERS ?
				 errhint("Give the run at most %d clients, for it has no more workers.", CT_MAX_WORKERS) :
				 errhint("Leave out how many clients the run has, or name as many workers.")));
}

/* Raises unless every script has a client, and every client a script. */
static void
plan_check_workers(const CtPlan *plan)
{
	int			bound = ct_plan_bound_workers(plan);
	int			least = ct_plan_least_workers(plan);

	if (plan->clients > 0)
	{
		if (plan->clients < least)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the scripts need at least %d clients, but the run has %d", least, plan->clients),
					 errdetail("The workers that scripts have of their own are clients, where a run has more clients than workers."),
					 errhint("Give the run more clients, and at least as many transactions, or the scripts fewer workers.")));
		if (least == bound && plan->clients > bound)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the run has %d clients, but the scripts need only %d", plan->clients, bound),
					 errdetail("All scripts have workers of their own, so the others would have nothing to run."),
					 errhint("Give the run %d clients, or leave out the workers of the script that the others are to run.", bound)));
		return;
	}
	if (plan->workers < least)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the scripts need at least %d workers, but the run has %d", least, plan->workers),
				 least > bound ?
				 errdetail("%d of them run a script of their own, and the other scripts need one, too.", bound) :
				 errdetail("Each of them runs a script of its own."),
				 errhint("Give the run more workers, and at least as many transactions, or the scripts fewer.")));
	if (least == bound && plan->workers > bound)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the run has %d workers, but the scripts need only %d", plan->workers, bound),
				 errdetail("All scripts have workers of their own, so the others would have nothing to run."),
				 errhint("Give the run %d workers, or leave out the workers of the script that the others are to run.", bound)));
}

/* ---- validating ---- */

/* in the order of CtPredefined */
static const char *const predefined[] = {
	"client_id", "worker_id", "iteration", "run_id", "scale", "random_seed", "default_seed"
};

/* the variables of checks that are made of a run's results, to NULL */
static const char *const result_variables[] = {
	"transactions", "failed", "retries", "workers", NULL
};

StaticAssertDecl(lengthof(predefined) == CT_NPREDEFINED, "a predefined variable has no name");

List *
ct_plan_result_names(List *names, const CtScript *script)
{
	int			i;

	for (i = 0; i < script->ncommands; i++)
	{
		const CtCommand *command = &script->commands[i];

		if (command->kind == CT_COMMAND_TALLY)
			names = lappend(names, psprintf(CT_TALLY_PREFIX "%s", command->name));
		else if (command->kind == CT_COMMAND_OUTCOME)
			names = lappend(names, psprintf(CT_OUTCOME_PREFIX "%s",
											command->slot >= 0 ? "" : command->name));
	}
	return names;
}

List *
ct_plan_error_names(List *names, const List *errors)
{
	ListCell   *lc;

	foreach(lc, errors)
		names = lappend(names, psprintf(CT_OUTCOME_PREFIX "%s",
										((CtPlanError *) lfirst(lc))->label));
	return names;
}

CtSettable *
ct_plan_settable(const List *param_names, bool in_iterations)
{
	CtSettable *settable = ct_settable_create();
	ListCell   *lc;
	int			i;

	for (i = 0; i < CT_NPREDEFINED; i++)
		if (i != CT_VAR_ITERATION || in_iterations)
			ct_settable_add(settable, predefined[i]);
	foreach(lc, param_names)
		ct_settable_add(settable, lfirst(lc));
	return settable;
}

/* The names, and one that may be any. */
static void
plan_add_names(CtSettable *settable, const List *names)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (strcmp(name, CT_OUTCOME_PREFIX) == 0)
			ct_settable_add_prefix(settable, name);
		else if (ct_variable_name_is_valid(name))
			ct_settable_add(settable, name);
	}
}

/* A setup or teardown, if there is one, which knows no variables but its own. */
static void
plan_validate_once(const CtPlan *plan, const char *what, const char *body, CtKnown *known)
{
	if (body == NULL)
		return;
	known->settable = ct_plan_settable(plan->param_names, false);
	ct_validate_setup(what, body, known);
}

/* A script that clients begin with: what it sets their scripts have. */
static void
plan_validate_start(const CtPlan *plan, const char *what, const char *body, CtKnown *known,
					CtSettable *in_scripts)
{
	plan_validate_once(plan, what, body, known);
	ct_settable_add_script(in_scripts, ct_script_parse(what, body, known->symbols, false),
						   known->symbols);
}

static void
plan_validate_scripts(const CtPlan *plan, CtKnown *known)
{
	CtSettable *in_scripts = ct_plan_settable(plan->param_names, true);
	CtSettable *in_checks = ct_plan_settable(plan->param_names, false);
	const char *const *name;
	ListCell   *lc;

	for (name = result_variables; *name != NULL; name++)
		ct_settable_add(in_checks, *name);
	ct_settable_add_prefix(in_checks, CT_OUTCOME_PREFIX "other");
	ct_settable_add(in_checks, CT_OUTCOME_PREFIX CT_OUTCOME_KILLED);
	ct_settable_add_prefix(in_checks, CT_TALLY_PREFIX "other");
	plan_add_names(in_checks, ct_plan_error_names(NIL, plan->expected_errors));
	plan_add_names(in_checks, plan->elsewhere);
	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);
		CtScript   *parsed = ct_script_parse(script->name, script->body, known->symbols,
											 script->quoted);

		ct_settable_add_script(in_scripts, parsed, known->symbols);
		plan_add_names(in_checks, ct_plan_result_names(NIL, parsed));
	}

	if (plan->on_start != NULL)
		plan_validate_start(plan, "on_start", plan->on_start, known, in_scripts);
	foreach(lc, plan->classes)
	{
		const CtPlanClass *one = lfirst(lc);

		if (one->on_start != NULL)
			plan_validate_start(plan, psprintf("on_start of %s", one->name), one->on_start, known,
								in_scripts);
	}
	known->settable = in_scripts;
	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		ct_validate_integer("weight", script->weight, 1, CT_MAX_WEIGHT);
		ct_validate_seconds("think_time", script->think, true);
		ct_validate_script(script->name, script->body, script->quoted, known);
	}
	known->settable = in_checks;
	foreach(lc, plan->checks)
	{
		const CtPlanCheck *check = lfirst(lc);

		ct_validate_check(check->name, check->query, known);
	}
}

/* Rounds begin in the state that setup makes, and all of each counts. */
static void
plan_check_rounds(const CtPlan *plan)
{
	ct_validate_integer("rounds", plan->rounds, 1, CT_MAX_RUN_ROUNDS);
	if (plan->setup == NULL && plan->variant_setup == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rounds need a setup"),
				 errdetail("Each round begins in the state that setup has made in the run's own schema."),
				 errhint("Make the tables in setup, or leave out rounds.")));
	if (plan->warmup > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rounds have no warmup"),
				 errdetail("What is executed in it would change the state that each round begins in."),
				 errhint("Leave out warmup: the workers stay as they are from one round to the next.")));
}

void
ct_plan_validate(const CtPlan *plan)
{
	CtKnown    *known = ct_known_create();
	ListCell   *lc;

	ct_validate_integer("workers", plan->workers, 1, CT_MAX_WORKERS);
	if (plan->transactions != 0)
		ct_validate_integer("transactions", plan->transactions, 1, CT_MAX_TRANSACTIONS);
	else
		ct_validate_seconds("duration", plan->duration, false);
	if (plan->rate != 0)
		ct_validate_rate("rate", plan->rate);
	plan_check_clients(plan);
	plan_check_workers(plan);
	(void) ct_class_assign(plan, plan->clients > 0 ? plan->clients : plan->workers);
	ct_validate_seconds("warmup", plan->warmup, true);
	ct_validate_seconds("ramp", plan->ramp, true);
	if (plan->duration > 0 && plan->ramp > plan->warmup + plan->duration)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ramp must not be longer than the run"),
				 errdetail("The last workers would start after %g s, when the run of %g s is over.",
						   plan->ramp, plan->warmup + plan->duration),
				 errhint("Give a longer duration, or a shorter ramp.")));
	ct_phases_validate(plan);
	if (plan->rounds != 0)
		plan_check_rounds(plan);
	if (plan->lock_table != NULL && plan->duration > 0 && plan->lock_after >= plan->warmup + plan->duration)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lock_hold would never hold its lock"),
				 errdetail("It would be taken for the first time after %g s, when the run of %g s is over.",
						   plan->lock_after, plan->warmup + plan->duration),
				 errhint("Give an earlier \"after\", or a longer duration.")));
	ct_validate_integer("max_tries", plan->max_tries, 0, CT_MAX_TRIES);
	ct_validate_integer("min_overlap", plan->min_overlap, 0, PG_INT32_MAX);
	(void) ct_validate_isolation(plan->isolation);

	known->symbols = ct_plan_symbols(plan);
	plan_validate_once(plan, "setup", plan->setup, known);
	plan_validate_once(plan, "setup of the variant", plan->variant_setup, known);
	plan_validate_once(plan, "teardown", plan->teardown, known);
	plan_validate_once(plan, "reset", plan->reset, known);
	if (plan->scripts == NIL)
		elog(ERROR, "plan has no scripts");
	plan_validate_scripts(plan, known);
	plan_check_barriers(plan, known);
	plan_check_barriers_of_phases(plan, known);
	if (plan->explore)
		ct_sessions_validate(plan);
	foreach(lc, plan->thresholds)
	{
		const CtPlanThreshold *threshold = lfirst(lc);

		ct_validate_threshold(threshold->metric, threshold->op, threshold->target);
	}
}

/* ---- errors ---- */

const char *
ct_plan_expected_label(const CtPlan *plan, int sqlstate)
{
	int			low = 0;
	int			high = list_length(plan->expected_errors);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const CtPlanError *error = list_nth(plan->expected_errors, middle);

		if (error->sqlstate == sqlstate)
			return error->label;
		if (error->sqlstate < sqlstate)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
ct_plan_is_retried(const CtPlan *plan, int sqlstate)
{
	int			low = 0;
	int			high = list_length(plan->retried_errors);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		int			retried = list_nth_int(plan->retried_errors, middle);

		if (retried == sqlstate)
			return true;
		if (retried < sqlstate)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* ---- variables ---- */

CtSymbols *
ct_plan_symbols(const CtPlan *plan)
{
	CtSymbols  *symbols = ct_symbols_create();
	ListCell   *lc;
	int			i;

	for (i = 0; i < CT_NPREDEFINED; i++)
	{
		if (ct_symbols_intern(symbols, predefined[i]) != i)
			elog(ERROR, "symbol table isn't empty");
	}
	foreach(lc, plan->param_names)
		(void) ct_symbols_intern(symbols, lfirst(lc));
	return symbols;
}

void
ct_plan_set_variables(const CtPlan *plan, const CtSymbols *symbols, CtVariables *vars,
					  int64 run_id, int client, int worker)
{
	ListCell   *name;
	ListCell   *text;
	pg_prng_state random;

	ct_variables_set(vars, CT_VAR_CLIENT_ID, ct_value_int(client));
	ct_variables_set(vars, CT_VAR_WORKER_ID, ct_value_int(worker + 1));
	ct_variables_set(vars, CT_VAR_RUN_ID, ct_value_int(run_id));
	ct_variables_set(vars, CT_VAR_SCALE, ct_value_int(1));
	ct_variables_set(vars, CT_VAR_RANDOM_SEED, ct_value_int(plan->seed));

	/* the same for all workers, and the same again with the same seed */
	pg_prng_seed(&random, (uint64) plan->seed);
	ct_variables_set(vars, CT_VAR_DEFAULT_SEED,
					 ct_value_int((int64) (pg_prng_uint64(&random) & PG_INT64_MAX)));

	/* parameters last: scale and the seeds may be among them */
	forboth(name, plan->param_names, text, plan->param_values)
	{
		int			slot = ct_symbols_find(symbols, lfirst(name));
		CtValue		value;

		if (slot < 0)
			elog(ERROR, "parameter \"%s\" has no slot", (char *) lfirst(name));
		value.type = lfirst(text) == NULL ? CT_VALUE_NULL : CT_VALUE_TEXT;
		value.u.t = lfirst(text);
		ct_variables_set(vars, slot, value);
	}
}

/* whose the expression is that can't be evaluated */
static void
plan_transactions_expr_context(void *arg)
{
	errcontext("transactions_expr \"%s\"", (const char *) arg);
}

pg_prng_state
ct_plan_seed_client(const CtPlan *plan, int client, pg_prng_state *expressions)
{
	pg_prng_state master;

	pg_prng_seed(&master, (uint64) plan->seed + (uint64) (client + 1) * UINT64CONST(0x9E3779B97F4A7C15));
	pg_prng_seed(expressions, pg_prng_uint64(&master));
	return master;
}

int64
ct_plan_count_transactions(const char *expr, const Jsonb *params, int64 seed)
{
	CtPlan		plan = {0};
	CtSymbols  *symbols;
	CtVariables *vars;
	CtScript   *script;
	CtValue		value;
	pg_prng_state random;
	ErrorContextCallback context;

	plan.seed = seed;
	if (params != NULL)
		ct_plan_read_params(&plan, &params->root);
	symbols = ct_plan_symbols(&plan);
	script = ct_script_parse("transactions_expr", psprintf("\\set transactions %s", expr), symbols,
							 false);
	if (script->ncommands != 1 || script->commands[0].kind != CT_COMMAND_SET)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("transactions_expr must be one expression"),
				 errdetail("The given text is \"%s\".", expr)));

	vars = ct_variables_create(symbols);
	ct_plan_set_variables(&plan, symbols, vars, 0, 0, 0);
	pg_prng_seed(&random, (uint64) seed);

	context.callback = plan_transactions_expr_context;
	context.arg = unconstify(char *, expr);
	context.previous = error_context_stack;
	error_context_stack = &context;
	value = ct_expr_eval(script->commands[0].expr, vars, &random);
	error_context_stack = context.previous;

	if (value.type != CT_VALUE_INT || value.u.i < 1 || value.u.i > CT_MAX_TRANSACTIONS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("transactions_expr \"%s\" must be an integer between 1 and %lld",
						expr, (long long) CT_MAX_TRANSACTIONS),
				 errdetail("With the given parameters it is %s%s.",
						   value.type == CT_VALUE_NULL ? "null" : ct_value_to_cstring(&value),
						   value.type == CT_VALUE_DOUBLE ? ", which is no integer" : ""),
				 errhint("Check the parameters, or give transactions or a duration.")));
	return value.u.i;
}
