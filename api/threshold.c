/*
 * threshold.c
 *		Defining thresholds: ct_add_threshold.
 *
 * A threshold can be of a script or an outcome of its scenario, by name.
 * Whether there is one, and only one, is looked at when the threshold is
 * added, and again when something of that name may have come.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "api/define.h"
#include "src/catalog/definition.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

PG_FUNCTION_INFO_V1(ct_add_threshold);

/* Adds the errors of a column of type text[] of the query's result. */
static List *
add_errors(List *errors)
{
	uint64		row;
	bool		isnull;

	for (row = 0; row < SPI_processed; row++)
	{
		Datum		value = ct_definition_value(row, 1, &isnull);

		if (!isnull)
			errors = list_concat(errors,
								 ct_validate_errors("expected_errors",
													DatumGetArrayTypePCopy(value), true));
	}
	return errors;
}

/*
 * The scenario's scripts and expected errors as a plan, no matter of which
 * variant; with a variant, those that it has.
 */
static CtPlan *
read_names(MemoryContext context, const char *scenario, const char *variant)
{
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	uint64		row;
	bool		isnull;

	ct_definition_query(context,
						"SELECT s.name, s.body, s.quoted FROM @ct_script s WHERE s.scenario = $1"
						" AND ($2 IS NULL OR s.variant = $2 OR s.variant IS NULL AND NOT EXISTS"
						" (SELECT FROM @ct_script o"
						" WHERE o.scenario = $1 AND o.variant = $2 AND o.name = s.name))"
						" ORDER BY s.position",
						scenario, variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtPlanScript *script = palloc0(sizeof(CtPlanScript));

		script->name = ct_definition_text(row, 1);
		script->body = ct_definition_text(row, 2);
		script->quoted = DatumGetBool(ct_definition_value(row, 3, &isnull));
		script->weight = 1;
		plan->scripts = lappend(plan->scripts, script);
	}
	ct_definition_query(context,
						"SELECT expected_errors FROM @ct_scenario WHERE name = $1"
						" UNION ALL SELECT expected_errors FROM @ct_variant"
						" WHERE scenario = $1 AND ($2 IS NULL OR name = $2)",
						scenario, variant);
	plan->expected_errors = add_errors(NIL);
	return plan;
}

void
ct_define_check_thresholds(MemoryContext context, const char *scenario)
{
	List	   *dotted;
	CtNames    *names;
	ListCell   *lc;

	ct_definition_query(context,
						"SELECT DISTINCT metric FROM @ct_slo"
						" WHERE scenario = $1 AND $2 IS NULL AND position('.' in metric) > 0",
						scenario, NULL);
	dotted = ct_definition_names();
	if (dotted == NIL)
		return;
	names = ct_names_of_program(ct_program_load(read_names(context, scenario, NULL)));
	foreach(lc, dotted)
		ct_threshold_check_unique(lfirst(lc), names);
}

/* ct_add_threshold(scenario, metric, op, target, variant) */
Datum
ct_add_threshold(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtPlanThreshold threshold;
	Oid			types[5] = {TEXTOID, TEXTOID, TEXTOID, FLOAT8OID, TEXTOID};
	Datum		values[5];
	char		nulls[5] = {' ', ' ', ' ', ' ', ' '};
	char	   *scenario;
	char	   *variant = ct_arg_text(fcinfo, 4);
	bool		inserted;

	ct_define_begin("ct_add_threshold()");
	scenario = ct_arg_text_required(fcinfo, 0, "name of the scenario");
	threshold.metric = ct_arg_text_required(fcinfo, 1, "metric");
	threshold.op = ct_arg_text_required(fcinfo, 2, "comparison");
	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("target must not be null")));
	threshold.target = PG_GETARG_FLOAT8(3);
	ct_validate_threshold(threshold.metric, threshold.op, threshold.target);

	values[0] = CStringGetTextDatum(scenario);
	values[1] = CStringGetTextDatum(threshold.metric);
	values[2] = CStringGetTextDatum(threshold.op);
	values[3] = Float8GetDatum(threshold.target);
	values[4] = variant ? CStringGetTextDatum(variant) : (Datum) 0;
	if (variant == NULL)
		nulls[4] = 'n';

	ct_catalog_enter(&scope);
	ct_define_lock(context, scenario, role);
	ct_definition_check_variant(context, scenario, variant);
	if (strchr(threshold.metric, '.') != NULL)
	{
		CtPlan	   *plan = read_names(context, scenario, variant);

		plan->thresholds = list_make1(&threshold);
		(void) ct_program_load(plan);
	}
	ct_catalog_execute("INSERT INTO @ct_slo (scenario, variant, metric, op, target, position, bundled)"
					   " SELECT $1, $5, $2, $3, $4, coalesce(max(t.position), 0) + 1,"
					   " (SELECT bundled FROM @ct_scenario WHERE name = $1)"
					   " FROM @ct_slo t WHERE t.scenario = $1 ON CONFLICT DO NOTHING",
					   5, types, values, nulls, false);
	inserted = SPI_processed > 0;
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("threshold \"%s %s\" of %s already exists",
						threshold.metric, threshold.op, ct_define_place(scenario, variant)),
				 errhint("Drop it first by ct_drop_threshold.")));
	PG_RETURN_VOID();
}
