/*
 * drop.c
 *		Taking definitions back: ct_drop_scenario and its family.
 *
 * Who may, and what is locked, is as in define.c.  What hangs on something
 * goes with it: a variant's own scripts, checks and thresholds with the
 * variant, all of it with the scenario.  Results of runs stay.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "api/define.h"
#include "src/base/near_match.h"
#include "src/catalog/definition.h"

PG_FUNCTION_INFO_V1(ct_drop_scenario);
PG_FUNCTION_INFO_V1(ct_drop_variant);
PG_FUNCTION_INFO_V1(ct_drop_script);
PG_FUNCTION_INFO_V1(ct_drop_check);
PG_FUNCTION_INFO_V1(ct_drop_threshold);

/* a kind of what variants can have of their own */
typedef struct CtPart
{
	const char *noun;			/* "script" */
	const char *plural;			/* "scripts" */
	const char *table;			/* "@ct_script" */
	const char *column;			/* that has the name */
} CtPart;

static const CtPart script_part = {"script", "scripts", "@ct_script", "name"};
static const CtPart check_part = {"check", "checks", "@ct_check", "name"};
static const CtPart threshold_part = {"threshold", "thresholds", "@ct_slo", "metric"};

/* ct_drop_scenario(name) */
Datum
ct_drop_scenario(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	char	   *name;

	ct_define_begin("ct_drop_scenario()");
	name = ct_arg_text_required(fcinfo, 0, "name of the scenario");

	ct_catalog_enter(&scope);
	ct_define_lock(context, name, role);
	ct_definition_query(context, "DELETE FROM @ct_scenario WHERE name = $1 AND $2 IS NULL",
						name, NULL);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}

/* ct_drop_variant(scenario, variant) */
Datum
ct_drop_variant(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	char	   *scenario;
	char	   *variant;

	ct_define_begin("ct_drop_variant()");
	scenario = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	variant = ct_arg_text_required(fcinfo, 1, "name of the variant");

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	ct_definition_check_variant(context, scenario, variant);
	ct_definition_query(context, "DELETE FROM @ct_variant WHERE scenario = $1 AND name = $2",
						scenario, variant);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * Raises for a part that isn't where it was said to be, with the place where
 * it is or the names that are near.
 */
static void
unknown_part(MemoryContext context, const CtPart *part, const char *scenario,
			 const char *name, const char *op, const char *variant)
{
	List	   *names;
	char	   *hint;
	const char *shown = op ? psprintf("%s %s", name, op) : name;

	/* anywhere else in the scenario?  $2 is the name here, not a variant's */
	ct_definition_query(context,
						psprintf("SELECT variant FROM %s WHERE scenario = $1 AND %s = $2%s"
								 " ORDER BY variant NULLS FIRST LIMIT 1",
								 part->table, part->column,
								 op ? psprintf(" AND op = %s", quote_literal_cstr(op)) : ""),
						scenario, name);
	if (SPI_processed > 0)
	{
		char	   *where = ct_definition_text(0, 1);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s has no %s \"%s\"",
						ct_define_place(scenario, variant), part->noun, shown),
				 where ? errhint("Variant \"%s\" has one of its own; name the variant.", where) :
				 errhint("There is one for all variants; leave the variant out.")));
	}

	ct_definition_query(context,
						psprintf("SELECT DISTINCT %s FROM %s WHERE scenario = $1"
								 " AND variant IS NOT DISTINCT FROM $2 ORDER BY 1",
								 op ? "metric || ' ' || op" : part->column, part->table),
						scenario, variant);
	names = ct_definition_names();
	hint = ct_near_match_hint(shown, names, part->plural, "The views ct_scripts and ct_scenarios list them.");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s has no %s \"%s\"", ct_define_place(scenario, variant), part->noun, shown),
			 hint ? errhint("%s", hint) : 0));
}

/* Deletes a part, of all variants or of one; op only for thresholds, NULL: any. */
static void
drop_part(const CtPart *part, const char *scenario, const char *name, const char *op,
		  const char *variant)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	Oid			types[4] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[4];
	char		nulls[4] = {' ', ' ', ' ', ' '};

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	ct_definition_check_variant(context, scenario, variant);

	values[0] = CStringGetTextDatum(scenario);
	values[1] = CStringGetTextDatum(name);
	values[2] = variant ? CStringGetTextDatum(variant) : (Datum) 0;
	values[3] = op ? CStringGetTextDatum(op) : (Datum) 0;
	if (variant == NULL)
		nulls[2] = 'n';
	if (op == NULL)
		nulls[3] = 'n';
	ct_catalog_execute(psprintf("DELETE FROM %s WHERE scenario = $1 AND %s = $2"
								" AND variant IS NOT DISTINCT FROM $3 AND %s",
								part->table, part->column,
								part == &threshold_part ? "($4 IS NULL OR op = $4)" : "$4 IS NULL"),
					   4, types, values, nulls, false);
	MemoryContextSwitchTo(context);
	if (SPI_processed == 0)
		unknown_part(context, part, scenario, name, op, variant);
	ct_catalog_leave(&scope);
}

/* ct_drop_script(scenario, script, variant) */
Datum
ct_drop_script(PG_FUNCTION_ARGS)
{
	ct_define_begin("ct_drop_script()");
	drop_part(&script_part,
			  ct_arg_text_required(fcinfo, 0, "name of the scenario"),
			  ct_arg_text_required(fcinfo, 1, "name of the script"),
			  NULL, ct_arg_text(fcinfo, 2));
	PG_RETURN_VOID();
}

/* ct_drop_check(scenario, check_name, variant) */
Datum
ct_drop_check(PG_FUNCTION_ARGS)
{
	ct_define_begin("ct_drop_check()");
	drop_part(&check_part,
			  ct_arg_text_required(fcinfo, 0, "name of the scenario"),
			  ct_arg_text_required(fcinfo, 1, "name of the check"),
			  NULL, ct_arg_text(fcinfo, 2));
	PG_RETURN_VOID();
}

/* ct_drop_threshold(scenario, metric, op, variant) */
Datum
ct_drop_threshold(PG_FUNCTION_ARGS)
{
	ct_define_begin("ct_drop_threshold()");
	drop_part(&threshold_part,
			  ct_arg_text_required(fcinfo, 0, "name of the scenario"),
			  ct_arg_text_required(fcinfo, 1, "metric"),
			  ct_arg_text(fcinfo, 2), ct_arg_text(fcinfo, 3));
	PG_RETURN_VOID();
}
