/*
 * job.c
 *		Jobs of ct_schedule: our rows of them, and pg_cron's.
 *
 * pg_cron's functions and tables stand in the schema cron, which is its own:
 * it is not relocatable.  They are called as the current role, so that
 * pg_cron's rules on who may what hold.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "src/catalog/job.h"
#include "src/catalog/row.h"

/* The one value of a query that returns a row; of a type that is passed by value. */
static Datum
job_ask(CtCatalogScope *scope, CtRow *row, const char *sql, bool read_only)
{
	bool		isnull;
	Datum		value;

	if (ct_row_execute(row, sql, read_only) != 1)
		elog(ERROR, "unexpected result of \"%s\"", sql);
	MemoryContextSwitchTo(scope->context);
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		elog(ERROR, "unexpected null from \"%s\"", sql);
	return value;
}

/* ---- ours ---- */

void
ct_job_write(const CtJob *job)
{
	CtRow		row = {0};

	ct_row_add_text(&row, job->name);
	ct_row_add(&row, REGROLEOID, ObjectIdGetDatum(job->role), false);
	ct_row_add_int64(&row, job->jobid, false);
	ct_row_add_text(&row, job->schedule);
	ct_row_add_text(&row, job->command);
	ct_row_add_text(&row, job->scenario);
	ct_row_add_text(&row, job->variant);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(job->older_than), job->older_than == NULL);
	(void) ct_row_execute(&row,
						  "INSERT INTO @ct_job (job_name, role, jobid, schedule, command,"
						  " scenario, variant, older_than, scheduled_at)"
						  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())"
						  " ON CONFLICT (job_name, role) DO UPDATE SET jobid = excluded.jobid,"
						  " schedule = excluded.schedule, command = excluded.command,"
						  " scenario = excluded.scenario, variant = excluded.variant,"
						  " older_than = excluded.older_than, scheduled_at = excluded.scheduled_at",
						  false);
}

bool
ct_job_exists(CtCatalogScope *scope, const char *name, Oid role)
{
	CtRow		row = {0};

	ct_row_add_text(&row, name);
	ct_row_add(&row, REGROLEOID, ObjectIdGetDatum(role), false);
	return DatumGetBool(job_ask(scope, &row,
								"SELECT EXISTS (SELECT FROM @ct_job WHERE job_name = $1 AND role = $2)",
								true));
}

bool
ct_job_delete(const char *name, Oid role)
{
	CtRow		row = {0};

	ct_row_add_text(&row, name);
	ct_row_add(&row, REGROLEOID, ObjectIdGetDatum(role), false);
	return ct_row_execute(&row, "DELETE FROM @ct_job WHERE job_name = $1 AND role = $2", false) > 0;
}

/* ---- pg_cron's ---- */

bool
ct_job_may_execute(CtCatalogScope *scope, const char *function)
{
	CtRow		row = {0};

	ct_row_add_text(&row, function);
	ct_row_add(&row, OIDOID, ObjectIdGetDatum(ct_catalog_schema()), false);
	return DatumGetBool(job_ask(scope, &row,
								"SELECT has_schema_privilege($2, 'USAGE') AND bool_and(has_function_privilege(oid, 'EXECUTE'))"
								" FROM pg_proc WHERE proname = $1::name AND pronamespace = $2", true));
}

static bool
job_cron_is_here(void)
{
	return OidIsValid(get_extension_oid("pg_cron", true));
}

/* What there is to do until pg_cron is in this database, and by whom. */
static char *
job_cron_hint(CtCatalogScope *scope, const CtJob *job)
{
	const char *database = GetConfigOption("cron.database_name", true, false);
	CtRow		row = {0};

	/* the setting is there only once the library is */
	if (database != NULL && strcmp(database, get_database_name(MyDatabaseId)) != 0)
		return psprintf("pg_cron works in database \"%s\" (cron.database_name). There, as a superuser: SELECT cron.schedule_in_database(%s, %s, %s, %s, %s).",
						database, quote_literal_cstr(job->name), quote_literal_cstr(job->schedule),
						quote_literal_cstr(job->command),
						quote_literal_cstr(get_database_name(MyDatabaseId)),
						quote_literal_cstr(GetUserNameFromId(job->role, false)));
	if (database != NULL)
		return pstrdup("As a superuser: CREATE EXTENSION pg_cron.");
	if (DatumGetBool(job_ask(scope, &row,
							 "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_cron')",
							 true)))
		return pstrdup("Add pg_cron to shared_preload_libraries, set cron.database_name to this database, restart the server, and CREATE EXTENSION pg_cron; or have another scheduler execute that.");
	return psprintf("Install pg_cron (apt-get install postgresql-%s-cron), add it to shared_preload_libraries, set cron.database_name to this database, restart the server, and CREATE EXTENSION pg_cron; or have another scheduler execute that.",
					PG_MAJORVERSION);
}

void
ct_job_need_cron(CtCatalogScope *scope, const CtJob *job)
{
	CtRow		row = {0};

	if (!job_cron_is_here())
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"pg_cron\", which starts jobs, is not installed in this database"),
				 errdetail("The job would execute: %s", job->command),
				 errhint("%s", job_cron_hint(scope, job))));
	if (!DatumGetBool(job_ask(scope, &row, "SELECT has_schema_privilege('cron', 'USAGE')", true)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to schedule jobs with pg_cron"),
				 errhint("GRANT USAGE ON SCHEMA cron TO %s.",
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/* The condition on cron.job that finds one; superusers see those of others, too. */
#define CRON_JOB	"jobname = $1 AND username = current_user"

bool
ct_job_cron_has(CtCatalogScope *scope, const char *name)
{
	CtRow		row = {0};

	ct_row_add_text(&row, name);
	return DatumGetBool(job_ask(scope, &row,
								"SELECT EXISTS (SELECT FROM cron.job WHERE " CRON_JOB ")", true));
}

int64
ct_job_cron_schedule(CtCatalogScope *scope, const CtJob *job)
{
	CtRow		row = {0};

	ct_row_add_text(&row, job->name);
	ct_row_add_text(&row, job->schedule);
	ct_row_add_text(&row, job->command);
	return DatumGetInt64(job_ask(scope, &row, "SELECT cron.schedule($1, $2, $3)", false));
}

void
ct_job_cron_unschedule(CtCatalogScope *scope, const char *name)
{
	CtRow		row = {0};

	if (!job_cron_is_here() ||
		!DatumGetBool(job_ask(scope, &row, "SELECT has_schema_privilege('cron', 'USAGE')", true)))
		return;
	ct_row_add_text(&row, name);
	(void) ct_row_execute(&row, "SELECT cron.unschedule(jobid) FROM cron.job WHERE " CRON_JOB, false);
	MemoryContextSwitchTo(scope->context);
}
