/*
 * report.c
 *		ct_report and ct_assert: runs' results for people, programs and CI.
 *
 * Both only read, through the views and as the role that calls them, what is
 * committed now (src/report/report.c).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "src/catalog/version.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_report);
CT_FUNCTION_INFO_V1(ct_report_list);
CT_FUNCTION_INFO_V1(ct_assert);

/* The report as a value of type text, in the current memory context. */
static text *
report_text(const char *format, const int64 *run_ids, int n, bool many)
{
	StringInfoData buf;

	initStringInfo(&buf);
	ct_report_write(&buf, ct_report_find_format(format), run_ids, n, many);
	return cstring_to_text_with_len(buf.data, buf.len);
}

/* ct_report(run_id bigint, format text) RETURNS text, strict */
Datum
ct_report(PG_FUNCTION_ARGS)
{
	int64		run_id = PG_GETARG_INT64(0);

	PG_RETURN_TEXT_P(report_text(text_to_cstring(PG_GETARG_TEXT_PP(1)), &run_id, 1, false));
}

/*
 * ct_report(run_ids bigint[], format text) RETURNS text
 *
 * Not strict: a report of nothing is what a query gives that has found no run.
 */
Datum
ct_report_list(PG_FUNCTION_ARGS)
{
	Datum	   *elements;
	bool	   *nulls;
	int64	   *run_ids;
	int			n;
	int			i;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run ids must not be null"),
				 errhint("array_agg() of no rows is null: no run was found.")));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("report format must not be null")));
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, &n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("run ids must not be empty"),
				 errhint("Name at least one run; the view ct_runs shows those that there are.")));
	run_ids = palloc(n * sizeof(int64));
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("run ids must not contain nulls"),
					 errdetail("Number %d of %d is null.", i + 1, n)));
		run_ids[i] = DatumGetInt64(elements[i]);
	}
	PG_RETURN_TEXT_P(report_text(text_to_cstring(PG_GETARG_TEXT_PP(1)), run_ids, n, true));
}

/* The first anomaly in a sentence, for an error's detail; "" if there is none. */
static char *
report_first_anomaly(const CtReport *report)
{
	const CtAnomalyRow *anomaly = report->anomalies;
	StringInfoData buf;

	initStringInfo(&buf);
	if (report->nanomalies == 0)
		return buf.data;
	appendStringInfo(&buf, "First anomaly, found by check \"%s\": %s", anomaly->check_name,
					 ct_report_anomaly(report, anomaly));
	if (anomaly->evidence)
		appendStringInfo(&buf, ": %s", ct_text_cut(anomaly->evidence, 200, report->unicode));
	else
		appendStringInfoChar(&buf, '.');
	return buf.data;
}

/*
 * ct_assert(run_id bigint) RETURNS void
 *
 * Raises ASSERT_FAILURE unless the verdict is pass, which EXCEPTION WHEN
 * OTHERS doesn't catch, and OBJECT_NOT_IN_PREREQUISITE_STATE while the run is
 * under way.  Not strict: an assertion about nothing must not hold.
 */
Datum
ct_assert(PG_FUNCTION_ARGS)
{
	CtReport   *report;
	char	   *name;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));

	ct_report_begin_reading();
	report = ct_report_load(PG_GETARG_INT64(0));
	name = psprintf("run " INT64_FORMAT " of scenario \"%s\"", report->run_id, report->scenario);
	if (report->variant)
		name = psprintf("%s, variant \"%s\"", name, report->variant);

	if (strcmp(report->status, "starting") == 0 || strcmp(report->status, "running") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s is still under way", name),
				 errhint("Wait for its end with SELECT ct_wait(" INT64_FORMAT ").", report->run_id)));

	if (report->verdict == NULL || strcmp(report->verdict, "pass") != 0)
	{
		char	   *reason = ct_report_reason(report);
		char	   *anomaly = report_first_anomaly(report);

		ereport(ERROR,
				(errcode(ERRCODE_ASSERT_FAILURE),
				 errmsg("%s: %s", name, report->verdict ? report->verdict : report->status),
				 reason || *anomaly
				 ? errdetail("%s%s%s", reason ? reason : "", reason && *anomaly ? "\n" : "", anomaly)
				 : 0,
				 errhint("See SELECT ct_report(" INT64_FORMAT ").", report->run_id)));
	}
	ct_report_end_reading();

	PG_RETURN_VOID();
}
