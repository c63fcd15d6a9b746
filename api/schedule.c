/*
 * schedule.c
 *		ct_schedule, ct_unschedule and ct_health: runs, and the removal of old ones,
 *		by pg_cron, and whether all is well with them.
 *
 * A job is a statement that pg_cron executes as the role that scheduled it, in
 * a session of that role's own: CALL ct_execute with the very arguments that
 * ct_schedule was given, so that they are ct_run's, under ct_run's names, and
 * what is wrong with them is said at once.  Every value in it is a literal.
 *
 * pg_cron's job and our row of it are written in one transaction, the caller's.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "api/run.h"
#include "bgworker/caller.h"
#include "src/catalog/job.h"
#include "src/catalog/version.h"
#include "src/plan/plan.h"
#include "src/plan/validate.h"

CT_FUNCTION_INFO_V1(ct_schedule);
CT_FUNCTION_INFO_V1(ct_unschedule);
CT_FUNCTION_INFO_V1(ct_health);

/* A name as pg_cron keeps it: of the type name, cut without a word. */
static void
schedule_check_name(const char *name)
{
	if (name[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("name of the job must not be empty")));
	if (strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG),
				 errmsg("name of the job must be of at most %d bytes", NAMEDATALEN - 1)));
}

/* A value as a literal, whatever the settings of the session that reads it are. */
static char *
schedule_literal(Oid type, Datum value)
{
	Oid			output;
	bool		is_varlena;
	char	   *text;
	char	   *digit;

	getTypeOutputInfo(type, &output, &is_varlena);
	text = OidOutputFunctionCall(output, value);
	if (type == BOOLOID)
		return DatumGetBool(value) ? "true" : "false";
	if (type == INT4OID || type == INT8OID || type == FLOAT8OID)
	{
		for (digit = text; isdigit((unsigned char) *digit) || *digit == '.'; digit++)
			;
		if (*digit == '\0')
			return text;
	}
	return quote_literal_cstr(text);
}

/*
 * The arguments that ct_execute is called with: all of ours that are its, too,
 * but for those that say no more than its default.
 */
static char *
schedule_arguments(const CtArgs *args)
{
	StringInfoData arguments;
	Oid		   *types;
	int			nargs;
	int			nestlevel = NewGUCNestLevel();
	int			i;

	(void) set_config_option("intervalstyle", "postgres", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("extra_float_digits", "1", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) get_func_signature(args->fcinfo->flinfo->fn_oid, &types, &nargs);
	initStringInfo(&arguments);
	for (i = 0; i < args->n; i++)
	{
		const char *name = args->names[i];
		char	   *literal;

		if (args->fcinfo->args[i].isnull || strcmp(name, "job_name") == 0 ||
			strcmp(name, "schedule") == 0 || strcmp(name, "older_than") == 0)
			continue;
		literal = schedule_literal(types[i], args->fcinfo->args[i].value);
		if (strcmp(literal, "false") == 0 || strcmp(literal, "'{}'") == 0)
			continue;
		if (arguments.len > 0)
			appendStringInfoString(&arguments, ", ");
		appendStringInfo(&arguments, "%s => %s", quote_identifier(name), literal);
	}
	AtEOXact_GUC(true, nestlevel);
	return arguments.data;
}

/* What the job executes, in the schema that the extension is in. */
static char *
schedule_command(const CtArgs *args, const CtJob *job)
{
	const char *schema = quote_identifier(get_namespace_name(ct_catalog_schema()));

	if (job->older_than == NULL)
		return psprintf("CALL %s.ct_execute(%s)", schema, schedule_arguments(args));
	return psprintf("SELECT %s.ct_prune(%s)", schema,
					schedule_literal(INTERVALOID, IntervalPGetDatum(job->older_than)));
}

/*
 * What a job is to do is found out as a run would find it: raises where a call
 * with the same arguments would.
 */
static void
schedule_check(CtArgs *args, const CtJob *job)
{
	CtRunOptions options;
	bool		raise_on_fail;

	ct_run_options(args, &options);
	raise_on_fail = ct_args_flag(args, "raise_on_fail");
	ct_args_end(args);
	if (job->scenario != NULL && job->older_than != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a job runs a scenario or removes old runs, not both"),
				 errhint("Schedule two jobs.")));
	if (job->scenario != NULL)
	{
		(void) ct_plan_of_scenario(job->scenario, job->variant, &options);
		return;
	}
	if (job->older_than == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("job \"%s\" has nothing to do", job->name),
				 errhint("Name the scenario that it runs, or say how old the runs must be that it removes: older_than => '90 days'.")));
	if (strcmp(schedule_arguments(args), raise_on_fail ? "raise_on_fail => true" : "") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a job that removes old runs has no options of a run"),
				 errhint("Leave them out, or name a scenario instead of older_than.")));
	/* as ct_prune would */
	if (ct_interval_seconds(job->older_than) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("age of the runs to be removed must not be negative"),
				 errhint("An interval of 0 removes all runs that have ended.")));
}

static void
schedule_need_privilege(CtCatalogScope *scope, const CtJob *job)
{
	const char *function = job->older_than ? "ct_prune" : "ct_execute";
	const char *kind = job->older_than ? "function" : "procedure";

	if (!ct_job_may_execute(scope, function))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s %s, which the job would execute", kind, function),
				 errhint("GRANT EXECUTE ON %s %s TO %s.", job->older_than ? "FUNCTION" : "PROCEDURE", function,
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* ct_schedule(job_name, schedule, scenario, variant, ct_run's options, older_than) */
Datum
ct_schedule(PG_FUNCTION_ARGS)
{
	CtCatalogScope scope;
	CtArgs		args;
	CtJob		job = {0};
	bool		ours;

	ct_call_check("ct_schedule()");
	ct_call_check_role();
	job.role = GetUserId();
	ct_args_begin(&args, fcinfo);
	job.name = ct_args_text_required(&args, "job_name", "name of the job");
	job.schedule = ct_args_text_required(&args, "schedule", "schedule of the job");
	job.scenario = ct_args_text(&args, "scenario");
	job.variant = ct_args_text(&args, "variant");
	job.older_than = ct_args_interval(&args, "older_than");
	schedule_check_name(job.name);
	schedule_check(&args, &job);
	job.command = schedule_command(&args, &job);

	ct_catalog_enter(&scope);
	ours = ct_job_exists(&scope, job.name, job.role);
	ct_catalog_leave(&scope);

	ct_catalog_enter_server(&scope);
	schedule_need_privilege(&scope, &job);
	ct_job_need_cron(&scope, &job);
	if (!ours && ct_job_cron_has(&scope, job.name))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("pg_cron has a job \"%s\" already, which ct_schedule() did not make", job.name),
				 errhint("Choose another name, or take that one out by cron.unschedule().")));
	job.jobid = ct_job_cron_schedule(&scope, &job);
	ct_catalog_leave(&scope);

	ct_catalog_enter(&scope);
	ct_job_write(&job);
	ct_catalog_leave(&scope);
	PG_RETURN_INT64(job.jobid);
}

/* ct_unschedule(job_name) */
Datum
ct_unschedule(PG_FUNCTION_ARGS)
{
	Oid			role = GetUserId();
	CtCatalogScope scope;
	CtArgs		args;
	char	   *name;
	bool		ours;

	ct_call_check("ct_unschedule()");
	ct_args_begin(&args, fcinfo);
	name = ct_args_text_required(&args, "job_name", "name of the job");
	ct_args_end(&args);

	ct_catalog_enter(&scope);
	ours = ct_job_delete(name, role);
	ct_catalog_leave(&scope);
	if (!ours)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" has no job \"%s\"", GetUserNameFromId(role, false), name),
				 errhint("SELECT job_name, role FROM ct_schedules shows those that ct_schedule() made.")));
	ct_catalog_enter_server(&scope);
	ct_job_cron_unschedule(&scope, name);
	ct_catalog_leave(&scope);
	PG_RETURN_BOOL(true);
}

/* ct_health(max_age, since): as the caller, through the views */
Datum
ct_health(PG_FUNCTION_ARGS)
{
	CtCatalogScope scope;
	HeapTupleHeader row;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ct_health(): since must not be null")));
	ct_catalog_enter_server(&scope);
	row = ct_health_row(PG_ARGISNULL(0) ? NULL : PG_GETARG_INTERVAL_P(0), PG_GETARG_INTERVAL_P(1));
	ct_catalog_leave(&scope);
	PG_RETURN_HEAPTUPLEHEADER(row);
}
