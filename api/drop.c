/*
 * drop.c
 *		Taking definitions back: ct_drop_scenario and its family.
 *
 * Who may, and what is locked, is as in define.c.  What hangs on something
 * goes with it: a variant's own scripts, checks and thresholds with the
 * variant, all of it with the scenario.  Results of runs stay.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "api/define.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_drop_scenario);
CT_FUNCTION_INFO_V1(ct_drop_variant);
CT_FUNCTION_INFO_V1(ct_drop_script);
CT_FUNCTION_INFO_V1(ct_drop_class);
CT_FUNCTION_INFO_V1(ct_drop_check);
CT_FUNCTION_INFO_V1(ct_drop_threshold);

Datum
ct_drop_scenario(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *name;

	ct_define_begin("ct_drop_scenario()");
	ct_args_begin(&args, fcinfo);
	name = ct_args_text_required(&args, "name", "name of the scenario");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, name, role);
	ct_definition_delete_scenario(&scope, name);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}

Datum
ct_drop_variant(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	char	   *variant;

	ct_define_begin("ct_drop_variant()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	variant = ct_args_text_required(&args, "variant", "name of the variant");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, variant);
	ct_definition_delete_variant(&scope, scenario, variant);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}

/* Deletes a part; its name is the argument called name, and what in messages. */
static void
drop_part(FunctionCallInfo fcinfo, const char *function, CtPartKind kind, const char *name,
		  const char *what)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	char	   *part;
	char	   *op;
	char	   *variant;

	ct_define_begin(function);
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	part = ct_args_text_required(&args, name, what);
	op = ct_args_text(&args, "op");
	variant = ct_args_text(&args, "variant");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, variant);
	ct_definition_delete_part(&scope, kind, scenario, part, op, variant);
	ct_catalog_leave(&scope);
}

Datum
ct_drop_script(PG_FUNCTION_ARGS)
{
	drop_part(fcinfo, "ct_drop_script()", CT_PART_SCRIPT, "script", "name of the script");
	PG_RETURN_VOID();
}

Datum
ct_drop_class(PG_FUNCTION_ARGS)
{
	drop_part(fcinfo, "ct_drop_class()", CT_PART_CLASS, "class", "name of the class");
	PG_RETURN_VOID();
}

Datum
ct_drop_check(PG_FUNCTION_ARGS)
{
	drop_part(fcinfo, "ct_drop_check()", CT_PART_CHECK, "check_name", "name of the check");
	PG_RETURN_VOID();
}

Datum
ct_drop_threshold(PG_FUNCTION_ARGS)
{
	drop_part(fcinfo, "ct_drop_threshold()", CT_PART_THRESHOLD, "metric", "metric");
	PG_RETURN_VOID();
}
