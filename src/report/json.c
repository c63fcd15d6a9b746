/*
 * json.c
 *		The report for programs: all that the views know about a run.
 *
 * Keys are the views' columns, with a unit where they have one; they stay as
 * they are, and more may come.  What isn't known is null, lists are never
 * null.  A change that breaks readers raises format_version.  A list of runs
 * is an array.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "src/catalog/catalog.h"
#include "src/report/report.h"

/* The run, and a list of each kind of rows; of many runs each in a line, which is half as long. */
static char *
json_query(bool many)
{
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfo(&sql,
					 "SELECT %sjsonb_build_object('format_version', 1,"
					 " 'run', (SELECT to_jsonb(t) - 'duration' || jsonb_build_object('duration_s', t.duration)"
					 " FROM @ct_runs t WHERE run_id = $1)", many ? "" : "jsonb_pretty(");
	for (i = 0; i < ct_nrow_kinds; i++)
	{
		appendStringInfo(&sql, ", '%s', ", ct_row_kinds[i]->key);
		ct_rowset_append_json(&sql, &ct_row_kinds[i]->set);
	}
	appendStringInfoString(&sql, ", 'regressions', ");
	ct_rowset_append_json(&sql, &ct_report_regression_set);
	appendStringInfoString(&sql, many ? ")" : "))");
	return sql.data;
}

static void
json_begin(StringInfo buf, const CtReportList *list)
{
	if (list->many)
		appendStringInfoString(buf, "[\n");
}

static void
json_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	char	   *text;

	values[0] = Int64GetDatum(list->lines[i].run_id);
	ct_catalog_execute(json_query(list->many), 1, types, values, NULL, true);
	if (SPI_processed != 1)
		elog(ERROR, "report is not one row");
	text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	appendStringInfoString(buf, text);
	SPI_freetuptable(SPI_tuptable);
}

static void
json_end(StringInfo buf, const CtReportList *list)
{
	if (list->many)
		appendStringInfoString(buf, "\n]");
}

const CtReportFormat ct_report_json = {
	.name = "json",
	.begin = json_begin,
	.one = json_one,
	.unloaded = true,
	.separator = ",\n",
	.end = json_end,
};
