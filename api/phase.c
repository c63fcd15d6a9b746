/*
 * phase.c
 *		Defining phases of a scenario's load: ct_add_phase, ct_drop_phase.
 *
 * A phase is written first and then looked at with all the others, as a run
 * reads them: what is wrong with them takes the row back.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "api/define.h"
#include "src/catalog/version.h"
#include "src/plan/phase.h"
#include "src/plan/program.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_add_phase);
CT_FUNCTION_INFO_V1(ct_drop_phase);

/* Raises where the scenario itself says how long a run is, or at which rate. */
static void
phase_check_scenario(CtCatalogScope *scope, const char *scenario)
{
	CtScenarioDefinition definition;
	const char *says;

	if (!ct_definition_read_scenario(scope, scenario, &definition))
		ct_definition_unknown_scenario(scope, scenario);
	says = definition.duration != NULL ? "duration" :
		definition.has_transactions ? "transactions" :
		definition.transactions_expr != NULL ? "transactions_expr" :
		definition.has_rate ? "rate" : NULL;
	if (says != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scenario \"%s\" cannot have phases, for it has %s", scenario, says),
				 errdetail("The phases say how long a run is and what load it has."),
				 errhint("Create the scenario without %s.", says)));
}

/* ct_add_phase(scenario, phase, duration, rate, clients, weights, ramp) */
Datum
ct_add_phase(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtPhaseDefinition phase = {0};
	CtCatalogScope scope;
	CtArgs		args;
	CtPlan	   *plan;
	char	   *scenario;
	bool		inserted;

	ct_define_begin("ct_add_phase()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	phase.name = ct_args_text_required(&args, "phase", "name of the phase");
	phase.duration = ct_args_interval(&args, "duration");
	phase.has_rate = ct_args_double(&args, "rate", &phase.rate);
	phase.has_clients = ct_args_int(&args, "clients", &phase.clients);
	phase.weights = ct_args_jsonb(&args, "weights");
	phase.ramp = ct_args_interval(&args, "ramp");
	ct_args_end(&args);

	/* what the table couldn't hold; all else is looked at below */
	ct_validate_name("phase", phase.name);
	if (phase.duration == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("duration of the phase must not be null")));
	ct_validate_seconds(psprintf("duration of phase \"%s\"", phase.name), ct_interval_seconds(phase.duration), false);
	if (phase.ramp != NULL)
		ct_validate_seconds(psprintf("ramp of phase \"%s\"", phase.name), ct_interval_seconds(phase.ramp), true);
	if (phase.has_rate)
		ct_validate_rate(psprintf("rate of phase \"%s\"", phase.name), phase.rate);
	if (phase.has_clients)
		ct_validate_integer(psprintf("\"clients\" of phase \"%s\"", phase.name), phase.clients, 1, CT_MAX_CLIENTS);

	if (phase.weights != NULL)
		ct_phase_check_weights(phase.name, phase.weights);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	phase_check_scenario(&scope, scenario);
	inserted = ct_definition_insert_phase(&scope, scenario, &phase);
	if (inserted)
	{
		plan = ct_define_names(&scope, scenario, NULL);
		ct_phases_validate_defined(plan);
		(void) ct_program_load(plan);
	}
	ct_catalog_leave(&scope);

	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("phase \"%s\" of scenario \"%s\" already exists", phase.name, scenario),
				 errhint("Choose another name, or drop it first by ct_drop_phase.")));
	PG_RETURN_VOID();
}

/* ct_drop_phase(scenario, phase) */
Datum
ct_drop_phase(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	char	   *phase;

	ct_define_begin("ct_drop_phase()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	phase = ct_args_text_required(&args, "phase", "name of the phase");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_delete_part(&scope, CT_PART_PHASE, scenario, phase, NULL, NULL);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}
