/*
 * baseline.c
 *		ct_set_baseline and ct_drop_baseline: which runs later ones are compared with.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

#include "api/run.h"
#include "src/catalog/baseline.h"
#include "src/catalog/version.h"

CT_FUNCTION_INFO_V1(ct_set_baseline);
CT_FUNCTION_INFO_V1(ct_set_baseline_list);
CT_FUNCTION_INFO_V1(ct_drop_baseline);

/* Raises unless the caller may see the run, and has its role's privileges. */
static void
baseline_check_role(const CtBaselineRun *run, Oid caller)
{
	CtRunRow	row = {.run_id = run->run_id,.role = run->role};

	if (!ct_run_may_see(caller, &row, ROLE_PG_READ_ALL_STATS))
		ct_run_missing(run->run_id);
	if (!has_privs_of_role(caller, run->role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for the baseline of run " INT64_FORMAT, run->run_id),
				 errdetail("The run belongs to another role, with whose runs it would be compared.")));
}

static void
baseline_check_run(const CtBaselineRun *run)
{
	if (strcmp(run->status, "succeeded") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("run " INT64_FORMAT " cannot be a baseline", run->run_id),
				 errdetail("A baseline is a run that came to a verdict; its status is %s.", run->status),
				 strcmp(run->status, "starting") == 0 || strcmp(run->status, "running") == 0 ?
				 errhint("Wait for its end with SELECT ct_wait(" INT64_FORMAT ").", run->run_id) : 0));
	if (run->explores)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("run " INT64_FORMAT " cannot be a baseline", run->run_id),
				 errdetail("It explored orders, one step at a time, and measured nothing that could be compared.")));
}

/* Raises unless both are of the same thing. */
static void
baseline_check_same(const CtBaselineRun *one, const CtBaselineRun *other)
{
	if (one->role == other->role && strcmp(one->scenario, other->scenario) == 0 &&
		strcmp(one->variant, other->variant) == 0 && strcmp(one->settings, other->settings) == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("runs " INT64_FORMAT " and " INT64_FORMAT " cannot be one baseline", one->run_id, other->run_id),
			 errdetail("The runs of a baseline are of one scenario, variant and role; those of ct_test of one script with the same settings."),
			 errhint("Set a baseline for each.")));
}

static void
baseline_set(const int64 *run_ids, int n)
{
	Oid			caller = GetUserId();
	CtCatalogScope scope;
	List	   *runs;
	ListCell   *lc;
	int			i;

	ct_catalog_enter(&scope);
	ct_catalog_baseline_begin_set();
	runs = ct_catalog_baseline_runs(&scope, run_ids, n);
	for (i = 0; i < n; i++)
	{
		foreach(lc, runs)
			if (((CtBaselineRun *) lfirst(lc))->run_id == run_ids[i])
			break;
		if (lc == NULL)
			ct_run_missing(run_ids[i]);
	}
	/* what one may not see isn't told of */
	foreach(lc, runs)
		baseline_check_role(lfirst(lc), caller);
	foreach(lc, runs)
	{
		baseline_check_run(lfirst(lc));
		baseline_check_same(lfirst(lc), linitial(runs));
	}
	ct_catalog_baseline_set(&scope, runs);
	ct_catalog_leave(&scope);
}

/* ct_set_baseline(run_id bigint) */
Datum
ct_set_baseline(PG_FUNCTION_ARGS)
{
	int64		run_id;

	PreventCommandIfReadOnly("ct_set_baseline()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));
	run_id = PG_GETARG_INT64(0);
	baseline_set(&run_id, 1);
	PG_RETURN_VOID();
}

/* ct_set_baseline(run_ids bigint[]) */
Datum
ct_set_baseline_list(PG_FUNCTION_ARGS)
{
	const int64 *run_ids;
	int			n;

	PreventCommandIfReadOnly("ct_set_baseline()");
	run_ids = ct_run_ids(fcinfo, &n);
	baseline_set(run_ids, n);
	PG_RETURN_VOID();
}

/* ct_drop_baseline(run_id bigint) RETURNS boolean */
Datum
ct_drop_baseline(PG_FUNCTION_ARGS)
{
	Oid			caller = GetUserId();
	CtCatalogScope scope;
	int64		run_id;
	List	   *runs;
	ListCell   *lc;
	bool		dropped;

	PreventCommandIfReadOnly("ct_drop_baseline()");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));
	run_id = PG_GETARG_INT64(0);
	ct_catalog_enter(&scope);
	runs = ct_catalog_baseline_runs(&scope, &run_id, 1);
	foreach(lc, runs)
		if (((CtBaselineRun *) lfirst(lc))->run_id == run_id)
			break;
	if (lc == NULL)
		ct_run_missing(run_id);
	baseline_check_role(lfirst(lc), caller);
	dropped = ct_catalog_baseline_drop(&scope, run_id);
	ct_catalog_leave(&scope);
	PG_RETURN_BOOL(dropped);
}
