/*
 * define.c
 *		Defining scenarios: ct_create_scenario and its family.
 *
 * Definitions are rows of the extension's tables, which only these functions
 * write, with the rights of the extension's owner.  So it is here that a role
 * is kept from changing what isn't its own: whoever creates a scenario owns
 * it, and its members and superusers may add to it and drop it.  Those that
 * the extension's script creates are bundled: they come and go with the
 * extension, aren't dumped, and nobody changes them.
 *
 * Locks: whoever adds to a scenario locks its row first, so that positions are
 * given out in turn.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "api/define.h"
#include "src/catalog/version.h"
#include "src/plan/class.h"
#include "src/plan/think.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_create_scenario);
CT_FUNCTION_INFO_V1(ct_add_variant);
CT_FUNCTION_INFO_V1(ct_add_script);
CT_FUNCTION_INFO_V1(ct_add_class);
CT_FUNCTION_INFO_V1(ct_add_check);

/* ---- who may what ---- */

/* Is the extension's own script under way? */
static bool
define_is_bundling(void)
{
	return creating_extension && CurrentExtensionObject == get_extension_oid("ct_ext", true);
}

void
ct_define_begin(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandDuringRecovery(function);
}

/*
 * As ct_define_lock, but returns the scenario's owner, InvalidOid if the role
 * is gone; *exists is false if there is no such scenario.
 */
static Oid
define_lock_if_there(CtCatalogScope *scope, const char *scenario, Oid role, bool *exists)
{
	Oid			owner;
	char	   *name;
	bool		bundled;

	*exists = ct_definition_lock(scope, scenario, &owner, &bundled);
	if (!*exists)
		return InvalidOid;

	/* like a system catalog: not even for a superuser */
	if (bundled && !define_is_bundling())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: scenario \"%s\" is bundled with ct_ext", scenario),
				 errdetail("Bundled scenarios come and go with the extension; nobody changes them."),
				 errhint("Create a scenario of your own by ct_create_scenario.")));

	/* the owner may have been dropped meanwhile: then it is left to superusers */
	if (has_privs_of_role(role, owner))
		return SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(owner)) ? owner : InvalidOid;
	name = GetUserNameFromId(owner, true);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of scenario \"%s\"", scenario),
			 name ? errdetail("It belongs to role \"%s\".", name) :
			 errdetail("It belonged to role %u, which has been dropped; superusers may drop it.", owner)));
	return InvalidOid;			/* keep compiler quiet */
}

void
ct_define_lock(CtCatalogScope *scope, const char *scenario, Oid role)
{
	bool		exists;

	(void) define_lock_if_there(scope, scenario, role, &exists);
	if (!exists)
		ct_definition_unknown_scenario(scope, scenario);
}

/* ---- scenarios ---- */

/* A setup or teardown, if there is one: all that sets its variables is known. */
static void
define_validate_once(const char *what, const char *body, const Jsonb *params)
{
	CtKnown    *known = ct_known_create();

	if (body == NULL)
		return;
	known->settable = ct_plan_settable(ct_plan_param_names(params), false);
	ct_validate_setup(what, body, known);
}

static void
define_validate_scenario(const CtScenarioDefinition *definition)
{
	ct_validate_name("scenario", definition->name);
	if (definition->duration != NULL && definition->has_transactions)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration and transactions cannot be given together"),
				 errhint("A run ends after a time or after a number of transactions; leave one of the two out.")));
	if (definition->transactions_expr != NULL &&
		(definition->duration != NULL || definition->has_transactions))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("transactions_expr cannot be given together with %s",
						definition->has_transactions ? "transactions" : "duration"),
				 errhint("Each of them says when a run ends; leave one of the two out.")));
	if (definition->has_workers)
		ct_validate_integer("workers", definition->workers, 1, CT_MAX_WORKERS);
	if (definition->has_clients)
		ct_validate_integer("clients", definition->clients, 1, CT_MAX_CLIENTS);
	if (definition->has_clients && definition->has_workers && definition->clients < definition->workers)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("a run of %d workers cannot have %d client",
							   "a run of %d workers cannot have %d clients",
							   definition->clients, definition->workers, definition->clients),
				 errdetail("Clients take turns on workers, so that each worker has one at least."),
				 errhint("Give it at least %d clients, or leave them out: then each worker is one.",
						 definition->workers)));
	if (definition->duration != NULL)
		ct_validate_seconds("duration", ct_interval_seconds(definition->duration), false);
	if (definition->has_transactions)
		ct_validate_integer("transactions", definition->transactions, 1, CT_MAX_TRANSACTIONS);
	if (definition->has_rate)
		ct_validate_rate("rate", definition->rate);
	if (definition->has_max_tries)
		ct_validate_integer("max_tries", definition->max_tries, 0, CT_MAX_TRIES);
	if (definition->has_min_overlap)
		ct_validate_integer("min_overlap", definition->min_overlap, 0, PG_INT32_MAX);
	if (definition->params != NULL)
		ct_validate_params("params", definition->params);
	if (definition->explore_params != NULL)
	{
		ct_validate_params("explore_params", definition->explore_params);
		ct_validate_param_keys(definition->name, definition->params, definition->explore_params);
	}
	define_validate_once("setup", definition->setup, definition->params);
	define_validate_once("teardown", definition->teardown, definition->params);
	define_validate_once("on_start", definition->on_start, definition->params);
	if (definition->transactions_expr != NULL)
		(void) ct_plan_count_transactions(definition->transactions_expr, definition->params, 0);
	(void) ct_validate_errors("expected_errors", definition->expected_errors, true);
	(void) ct_validate_errors("retried_errors", definition->retried_errors, false);
}

/*
 * Drops the scenario of that name, if there is one and the role may.  Returns
 * who is to own the new one: who owned the old one, else the role.
 */
static Oid
define_make_way(CtCatalogScope *scope, const char *scenario, Oid role)
{
	bool		exists;
	Oid			owner = define_lock_if_there(scope, scenario, role, &exists);

	if (exists)
		ct_definition_delete_scenario(scope, scenario);
	return OidIsValid(owner) ? owner : role;
}

void
ct_define_scenario(CtScenarioDefinition *definition, bool replace)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	bool		inserted;

	define_validate_scenario(definition);
	definition->bundled = define_is_bundling();
	definition->owner = role;

	ct_catalog_enter(&scope);
	do
	{
		CHECK_FOR_INTERRUPTS();
		if (replace)
			definition->owner = define_make_way(&scope, definition->name, role);
		inserted = ct_definition_insert_scenario(&scope, definition);

		/* who created one meanwhile was faster: it is replaced, too */
	} while (!inserted && replace);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("scenario \"%s\" already exists", definition->name),
				 errhint("Choose another name, or define it with replace => true, which drops the old one.")));
}

void
ct_define_read_args(CtArgs *args, CtScenarioDefinition *definition)
{
	memset(definition, 0, sizeof(CtScenarioDefinition));
	definition->name = ct_args_text_required(args, "name", "name of the scenario");
	definition->description = ct_args_text(args, "description");
	definition->setup = ct_args_text(args, "setup");
	definition->teardown = ct_args_text(args, "teardown");
	definition->has_workers = ct_args_int(args, "workers", &definition->workers);
	definition->has_clients = ct_args_int(args, "clients", &definition->clients);
	definition->duration = ct_args_interval(args, "duration");
	definition->has_transactions = ct_args_bigint(args, "transactions", &definition->transactions);
	definition->params = ct_args_jsonb(args, "params");
	definition->has_rate = ct_args_double(args, "rate", &definition->rate);
	definition->has_max_tries = ct_args_int(args, "max_tries", &definition->max_tries);
	definition->has_min_overlap = ct_args_int(args, "min_overlap", &definition->min_overlap);
}

Datum
ct_create_scenario(PG_FUNCTION_ARGS)
{
	CtScenarioDefinition definition;
	CtArgs		args;
	bool		replace;

	ct_define_begin("ct_create_scenario()");
	ct_args_begin(&args, fcinfo);
	ct_define_read_args(&args, &definition);
	definition.category = ct_args_text(&args, "category");
	definition.expected_errors = ct_args_array(&args, "expected_errors");
	definition.retried_errors = ct_args_array(&args, "retried_errors");
	definition.story = ct_args_text(&args, "story");
	definition.transactions_expr = ct_args_text(&args, "transactions_expr");
	definition.explore_params = ct_args_jsonb(&args, "explore_params");
	definition.on_start = ct_args_text(&args, "on_start");
	replace = ct_args_flag(&args, "replace");
	ct_args_end(&args);
	ct_define_scenario(&definition, replace);
	PG_RETURN_VOID();
}

/* ---- variants ---- */

static void
define_validate_variant(const CtVariantDefinition *variant)
{
	ct_validate_name("variant", variant->name);
	if (variant->has_max_tries)
		ct_validate_integer("max_tries", variant->max_tries, 0, CT_MAX_TRIES);
	if (variant->setup != NULL)
		ct_validate_setup("setup", variant->setup, ct_known_create());
	(void) ct_validate_errors("expected_errors", variant->expected_errors, true);
	(void) ct_validate_errors("retried_errors", variant->retried_errors, false);
	if (variant->expected_verdict != NULL && strcmp(variant->expected_verdict, "pass") != 0 &&
		strcmp(variant->expected_verdict, "fail") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unrecognized verdict \"%s\"", variant->expected_verdict),
				 errhint("expected_verdict is \"pass\" or \"fail\", or null where it isn't known.")));
}

Datum
ct_add_variant(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtVariantDefinition variant = {0};
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	bool		inserted;

	ct_define_begin("ct_add_variant()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	variant.name = ct_args_text_required(&args, "variant", "name of the variant");
	variant.description = ct_args_text(&args, "description");
	variant.isolation = ct_validate_isolation(ct_args_text(&args, "isolation"));
	variant.has_max_tries = ct_args_int(&args, "max_tries", &variant.max_tries);
	variant.setup = ct_args_text(&args, "setup");
	variant.expected_errors = ct_args_array(&args, "expected_errors");
	variant.retried_errors = ct_args_array(&args, "retried_errors");
	variant.expected_verdict = ct_args_text(&args, "expected_verdict");
	ct_args_end(&args);
	define_validate_variant(&variant);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	inserted = ct_definition_insert_variant(&scope, scenario, &variant);
	if (inserted)
		ct_define_check_thresholds(&scope, scenario);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("variant \"%s\" of scenario \"%s\" already exists",
						variant.name, scenario)));
	PG_RETURN_VOID();
}

/* ---- scripts ---- */

void
ct_define_script(const char *scenario, const CtScriptDefinition *script)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	bool		inserted;

	ct_validate_name("script", script->name);
	ct_validate_integer("weight", script->weight, 1, CT_MAX_WEIGHT);
	if (script->workers != 0 && script->weight != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight and workers cannot be given together"),
				 errdetail("Workers that are given to a script run no other, so there is nothing to choose.")));
	ct_validate_script(script->name, script->body, script->quoted, ct_known_create());

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, script->variant);
	inserted = ct_definition_insert_script(&scope, scenario, script);
	if (inserted)
		ct_define_check_thresholds(&scope, scenario);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("script \"%s\" of %s already exists",
						script->name, ct_definition_place(scenario, script->variant))));
}

Datum
ct_add_script(PG_FUNCTION_ARGS)
{
	CtScriptDefinition script = {0};
	CtArgs		args;
	char	   *scenario;

	ct_define_begin("ct_add_script()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	script.name = ct_args_text_required(&args, "script", "name of the script");
	script.body = ct_args_text_required(&args, "body", "body of the script");
	script.variant = ct_args_text(&args, "variant");
	script.weight = 1;
	(void) ct_args_int(&args, "weight", &script.weight);
	script.think_time = ct_args_interval(&args, "think_time");
	script.think_max = ct_args_interval(&args, "think_max");
	script.think_distribution = ct_think_validate(script.think_time, script.think_max,
												  ct_args_text(&args, "think_distribution"));
	if (ct_args_int(&args, "workers", &script.workers))
		ct_validate_integer("workers", script.workers, 1, CT_MAX_WORKERS);
	ct_args_end(&args);
	ct_define_script(scenario, &script);
	PG_RETURN_VOID();
}

/* ---- classes ---- */

Datum
ct_add_class(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtClassDefinition definition = {0};
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	bool		inserted;

	ct_define_begin("ct_add_class()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	definition.name = ct_args_text_required(&args, "class", "name of the class");
	if (!ct_args_double(&args, "share", &definition.share))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("share must not be null")));
	definition.weights = ct_args_jsonb(&args, "weights");
	definition.think_time = ct_args_interval(&args, "think_time");
	definition.think_max = ct_args_interval(&args, "think_max");
	definition.think_distribution = ct_args_text(&args, "think_distribution");
	definition.on_start = ct_args_text(&args, "on_start");
	definition.variant = ct_args_text(&args, "variant");
	ct_args_end(&args);
	ct_class_validate(&definition);
	if (definition.on_start != NULL)
		ct_validate_setup("on_start", definition.on_start, ct_known_create());

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, definition.variant);
	inserted = ct_definition_insert_class(&scope, scenario, &definition);
	if (inserted)
		ct_define_check_thresholds(&scope, scenario);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("class \"%s\" of %s already exists",
						definition.name, ct_definition_place(scenario, definition.variant))));
	PG_RETURN_VOID();
}

/* ---- checks ---- */

void
ct_define_check(const char *scenario, const CtCheckDefinition *check)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	bool		inserted;

	ct_validate_name("check", check->name);
	ct_validate_name("check's kind", check->kind);
	ct_validate_check(check->name, check->query, ct_known_create());

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, check->variant);
	inserted = ct_definition_insert_check(&scope, scenario, check);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("check \"%s\" of %s already exists",
						check->name, ct_definition_place(scenario, check->variant))));
}

Datum
ct_add_check(PG_FUNCTION_ARGS)
{
	CtCheckDefinition check = {0};
	CtArgs		args;
	char	   *scenario;

	ct_define_begin("ct_add_check()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	check.name = ct_args_text_required(&args, "check_name", "name of the check");
	check.query = ct_args_text_required(&args, "query", "query of the check");
	check.description = ct_args_text(&args, "description");
	check.kind = ct_args_text(&args, "kind");
	if (check.kind == NULL)
		check.kind = "invariant";
	check.variant = ct_args_text(&args, "variant");
	check.during = ct_args_flag(&args, "during");
	ct_args_end(&args);
	ct_define_check(scenario, &check);
	PG_RETURN_VOID();
}
