/*
 * permutation.c
 *		Orders of sessions: named for a scenario, executed again, and exported.
 *
 * ct_add_permutation, ct_drop_permutation, ct_replay, ct_export_spec.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "api/define.h"
#include "api/run.h"
#include "src/catalog/run.h"
#include "src/catalog/version.h"
#include "src/plan/export.h"
#include "src/plan/sessions.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_add_permutation);
CT_FUNCTION_INFO_V1(ct_drop_permutation);
CT_FUNCTION_INFO_V1(ct_replay);
CT_FUNCTION_INFO_V1(ct_export);

Datum
ct_add_permutation(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtPermutationDefinition permutation = {0};
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	bool		inserted;

	ct_define_begin("ct_add_permutation()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	permutation.name = ct_args_text_required(&args, "name", "name of the permutation");
	permutation.permutation = ct_args_array(&args, "permutation");
	ct_args_end(&args);
	ct_validate_name("permutation", permutation.name);
	if (permutation.permutation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("permutation must not be null")));
	(void) ct_sessions_order(permutation.permutation, CT_MAX_SESSIONS);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	inserted = ct_definition_insert_permutation(&scope, scenario, &permutation);
	ct_catalog_leave(&scope);
	if (!inserted)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("permutation \"%s\" of scenario \"%s\" already exists", permutation.name, scenario)));
	PG_RETURN_VOID();
}

Datum
ct_drop_permutation(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *scenario;
	char	   *name;

	ct_define_begin("ct_drop_permutation()");
	ct_args_begin(&args, fcinfo);
	scenario = ct_args_text_required(&args, "scenario", "name of the scenario");
	name = ct_args_text_required(&args, "name", "name of the permutation");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ct_define_lock(&scope, scenario, role);
	ct_definition_delete_part(&scope, CT_PART_PERMUTATION, scenario, name, NULL, NULL);
	ct_catalog_leave(&scope);
	PG_RETURN_VOID();
}

/*
 * The plan of an exploration, for somebody who is to execute it: what another
 * role has written is nobody's to run, as for scenarios.  *shortest is NULL if
 * no order went wrong.
 */
static const Jsonb *
permutation_find_run(int64 run_id, const char *function, ArrayType **shortest)
{
	CtCatalogScope scope;
	CtRunRow	run;
	Jsonb	   *document = NULL;
	CtPlan	   *plan = NULL;
	Oid			caller = GetUserId();
	bool		seen;

	ct_catalog_enter_to_read(&scope);
	seen = ct_catalog_run_find(&scope, run_id, &run) &&
		ct_run_may_see(caller, &run, ROLE_PG_READ_ALL_STATS);
	if (seen)
	{
		document = ct_catalog_run_plan(&scope, run_id);
		plan = ct_plan_read(document);
		*shortest = ct_catalog_run_shortest(&scope, run_id, plan->checks == NIL);
	}
	ct_catalog_leave(&scope);

	if (!seen)
		ct_run_missing(run_id);
	if (!plan->explore)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " is no exploration", run_id),
				 errdetail("It was run under load, where nobody knows the order of its steps."),
				 errhint("Explore by ct_explore() or ct_race(), and then call %s.", function)));
	if (!is_member_of_role_nosuper(caller, run.role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("run " INT64_FORMAT " is of role \"%s\"", run_id, GetUserNameFromId(run.role, true)),
				 errdetail("Its plan is what that role has written, which only its members may have.")));
	return document;
}

/* The run and the order that the arguments name: run_id, permutation (default: the shortest that failed). */
static const Jsonb *
permutation_of_args(FunctionCallInfo fcinfo, const char *function, int64 *run_id, ArrayType **permutation)
{
	const Jsonb *document;
	ArrayType  *shortest = NULL;
	CtArgs		args;

	ct_args_begin(&args, fcinfo);
	if (!ct_args_bigint(&args, "run_id", run_id))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));
	*permutation = ct_args_array(&args, "permutation");
	ct_args_end(&args);

	document = permutation_find_run(*run_id, function, &shortest);
	if (*permutation == NULL)
		*permutation = shortest;
	if (*permutation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no order of run " INT64_FORMAT " is known to have gone wrong", *run_id),
				 errhint("Give the one that you mean, as permutation => '{1,2,2,1}'.")));
	return document;
}

/* ct_replay(run_id, permutation) */
Datum
ct_replay(PG_FUNCTION_ARGS)
{
	const Jsonb *document;
	ArrayType  *permutation;
	int64		run_id;

	ct_call_check("ct_replay()");
	document = permutation_of_args(fcinfo, "ct_replay()", &run_id, &permutation);
	PG_RETURN_INT64(ct_run_and_wait(ct_plan_of_replay(document, permutation), CT_CALL_WAITS, false));
}

/* ct_export_spec(run_id, permutation) */
Datum
ct_export(PG_FUNCTION_ARGS)
{
	CtCatalogScope scope;
	const CtPlan *plan;
	CtRunStep  *steps;
	ArrayType  *permutation;
	Datum	   *values;
	int		   *order;
	int64		run_id;
	int			victim = 0;
	int			nsteps;
	int			n;
	int			i;

	plan = ct_plan_read(permutation_of_args(fcinfo, "ct_export_spec()", &run_id, &permutation));
	(void) ct_sessions_order(permutation, list_length(plan->sessions));
	deconstruct_array(permutation, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, NULL, &n);
	order = palloc(n * sizeof(int));
	for (i = 0; i < n; i++)
		order[i] = DatumGetInt32(values[i]);

	ct_catalog_enter_to_read(&scope);
	steps = ct_catalog_run_story(&scope, run_id, permutation, &nsteps);
	ct_catalog_leave(&scope);
	for (i = 0; i < nsteps; i++)
		if (steps[i].deadlock)
			victim = steps[i].session;

	/* a story that isn't of the order's steps one for one says nothing of them */
	if (nsteps != n)
		steps = NULL;
	PG_RETURN_TEXT_P(cstring_to_text(ct_export_spec(plan, run_id, order, n, steps, victim)));
}
