/*
 * threshold.c
 *		Defining thresholds: ct_add_threshold.
 *
 * A threshold can be of a script, an outcome or a phase of its scenario, by name.
 * Whether there is one, and only one, is looked at when the threshold is
 * added, and again when something of that name may have come.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "api/define.h"
#include "src/catalog/version.h"
#include "src/plan/phase.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_add_threshold);
CT_FUNCTION_INFO_V1(ct_add_slo);

CtPlan *
ct_define_names(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	CtPartsOf	of = variant ? CT_PARTS_OF_VARIANT : CT_PARTS_OF_SCENARIO;
	CtPlan	   *plan = palloc0(sizeof(CtPlan));
	Jsonb	   *phases = ct_definition_phases(scope, scenario);
	ListCell   *lc;

	if (phases != NULL)
		ct_phases_read(plan, phases);
	foreach(lc, ct_definition_scripts(scope, scenario, variant, of))
		plan->scripts = lappend(plan->scripts, ct_plan_script(lfirst(lc)));
	foreach(lc, ct_definition_classes(scope, scenario, variant))
	{
		CtPlanClass *one = palloc0(sizeof(CtPlanClass));

		/* several variants' may have the same name */
		one->name = unconstify(char *, ((CtClassDefinition *) lfirst(lc))->name);
		plan->classes = lappend(plan->classes, one);
	}
	foreach(lc, ct_definition_expected_errors(scope, scenario, variant, of))
		plan->expected_errors =
			list_concat(plan->expected_errors,
						ct_validate_errors("expected_errors", lfirst(lc), true));
	return plan;
}

void
ct_define_check_thresholds(CtCatalogScope *scope, const char *scenario)
{
	List	   *dotted = ct_definition_dotted_metrics(scope, scenario);
	CtNames    *names;
	ListCell   *lc;

	if (dotted == NIL && ct_definition_phases(scope, scenario) == NULL)
		return;
	names = ct_names_of_program(ct_program_load(ct_define_names(scope, scenario, NULL)));
	foreach(lc, dotted)
		ct_threshold_check_unique(lfirst(lc), names);
}

Datum
ct_add_threshold(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtThresholdDefinition threshold = {0};
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	bool		inserted;

	ct_define_begin("ct_add_threshold()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	threshold.metric = ct_args_text_required(&args, "metric", "metric");
	threshold.op = ct_args_text_required(&args, "op", "comparison");
	threshold.variant = ct_args_text(&args, "variant");
	if (!ct_args_double(&args, "target", &threshold.target))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("target must not be null")));
	ct_args_end(&args);
	ct_validate_threshold(threshold.metric, threshold.op, threshold.target);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_check_variant(&scope, scenario, threshold.variant);
	if (strchr(threshold.metric, '.') != NULL)
	{
		CtPlan	   *plan = ct_define_names(&scope, scenario, threshold.variant);

		plan->thresholds = list_make1(ct_plan_threshold(&threshold));
		(void) ct_program_load(plan);
	}
	inserted = ct_definition_insert_threshold(&scope, scenario, &threshold);
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("threshold \"%s %s\" of %s already exists", threshold.metric, threshold.op,
						ct_definition_place(scenario, threshold.variant)),
				 errhint("Drop it first by ct_drop_threshold.")));
	PG_RETURN_VOID();
}

/* by its first name */
Datum
ct_add_slo(PG_FUNCTION_ARGS)
{
	return ct_add_threshold(fcinfo);
}
