/*
 * report.c
 *		ct_report, ct_summary, ct_assert and ct_ok: runs' results for people, programs and CI.
 *
 * They only read, through the views and as the role that calls them, what is
 * committed now (src/report/report.c).
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "api/run.h"
#include "src/catalog/version.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_report);
CT_FUNCTION_INFO_V1(ct_report_list);
CT_FUNCTION_INFO_V1(ct_report_of);
CT_FUNCTION_INFO_V1(ct_summary);
CT_FUNCTION_INFO_V1(ct_assert);
CT_FUNCTION_INFO_V1(ct_ok);

/* The report as a value of type text, in the current memory context. */
static text *
report_text(const char *format, const int64 *run_ids, int n, bool many)
{
	static const char header[VARHDRSZ] = {0};
	StringInfoData buf;

	/* what is written is the value itself: no copy, for it may be long */
	initStringInfo(&buf);
	appendBinaryStringInfo(&buf, header, VARHDRSZ);
	ct_report_write(&buf, ct_report_find_format(format), run_ids, n, many);
	SET_VARSIZE(buf.data, buf.len);
	return (text *) buf.data;
}

/* ct_report(run_id bigint, format text) RETURNS text, strict */
Datum
ct_report(PG_FUNCTION_ARGS)
{
	int64		run_id = PG_GETARG_INT64(0);

	PG_RETURN_TEXT_P(report_text(text_to_cstring(PG_GETARG_TEXT_PP(1)), &run_id, 1, false));
}

/* ct_report(run_ids bigint[], format text) RETURNS text */
Datum
ct_report_list(PG_FUNCTION_ARGS)
{
	int			n;
	int64	   *run_ids = ct_run_ids(fcinfo, &n);

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("report format must not be null")));
	PG_RETURN_TEXT_P(report_text(text_to_cstring(PG_GETARG_TEXT_PP(1)), run_ids, n, true));
}

/*
 * ct_report(runs text, format text) RETURNS text, strict
 *
 * What the parser prefers for an argument of whose type nobody has told: a
 * literal, a null, or a parameter of a client that tells no types.
 */
Datum
ct_report_of(PG_FUNCTION_ARGS)
{
	char	   *runs = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (runs[strspn(runs, " \t\n\r\v\f")] == '{')
		return DirectFunctionCall2(ct_report_list,
								   OidFunctionCall3(F_ARRAY_IN, CStringGetDatum(runs), ObjectIdGetDatum(INT8OID),
													Int32GetDatum(-1)), PG_GETARG_DATUM(1));
	return DirectFunctionCall2(ct_report, DirectFunctionCall1(int8in, CStringGetDatum(runs)), PG_GETARG_DATUM(1));
}

static int
report_compare_ids(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return left < right ? -1 : left > right;
}

/* ct_summary(run_ids bigint[]) RETURNS record; a run that is named twice counts once */
Datum
ct_summary(PG_FUNCTION_ARGS)
{
	CtReportList list = {.many = true};
	CtReportSummary summary;
	TupleDesc	desc;
	Datum		values[7];
	bool		nulls[7] = {false};
	int64	   *run_ids = ct_run_ids(fcinfo, &list.n);
	int			nestlevel;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	qsort(run_ids, list.n, sizeof(int64), report_compare_ids);
	list.n = qunique(run_ids, list.n, sizeof(int64), report_compare_ids);
	nestlevel = ct_report_begin_reading();
	list.lines = ct_report_load_lines(run_ids, list.n);
	ct_report_sum_up(&list, &summary);
	ct_report_end_reading(nestlevel);

	values[0] = Int32GetDatum(summary.total);
	values[1] = Int32GetDatum(summary.passed);
	values[2] = Int32GetDatum(summary.failed);
	values[3] = Int32GetDatum(summary.inconclusive);
	values[4] = Int32GetDatum(summary.unjudged);
	values[5] = Float8GetDatum((double) summary.passed / summary.total);
	values[6] = BoolGetDatum(summary.failures + summary.errors == 0);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
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
	int			nestlevel;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));

	nestlevel = ct_report_begin_reading();
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
	ct_report_end_reading(nestlevel);

	PG_RETURN_VOID();
}

/* ---- ct_ok ---- */

/*
 * pgTAP's ok(boolean, text), if this session's tests are counted by pgTAP: it
 * is what the caller's search_path finds, the extension's own, and a plan was
 * made, for which pgTAP has a temporary table.  Else InvalidOid.
 */
static Oid
report_pgtap_ok(void)
{
	Oid			types[2] = {BOOLOID, TEXTOID};
	Oid			extension = get_extension_oid("pgtap", true);
	Oid			temp = LookupNamespaceNoError("pg_temp");
	Oid			ok;

	if (!OidIsValid(extension) || !OidIsValid(temp) ||
		!OidIsValid(get_relname_relid("__tcache__", temp)))
		return InvalidOid;
	ok = LookupFuncName(list_make1(makeString("ok")), 2, types, true);
	if (!OidIsValid(ok) || getExtensionOfObject(ProcedureRelationId, ok) != extension)
		return InvalidOid;
	return ok;
}

/* What pgTAP's function says of a test, palloc'd in the current context. */
static char *
report_call_pgtap(Oid function, bool ok, const char *description)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[2] = {BOOLOID, TEXTOID};
	Datum		values[2];
	char	   *said;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	values[0] = BoolGetDatum(ok);
	values[1] = CStringGetTextDatum(description);
	if (SPI_execute_with_args(psprintf("SELECT %s($1, $2)",
									   quote_qualified_identifier(get_namespace_name(get_func_namespace(function)),
																  get_func_name(function))),
							  2, types, values, NULL, false, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "pgTAP's ok() returned no row");
	said = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	said = MemoryContextStrdup(context, said ? said : "");
	SPI_finish();
	return said;
}

/*
 * ct_ok(run_id bigint, description text DEFAULT NULL) RETURNS text
 *
 * A line of TAP.  It has no SET clause, for the search_path is what says
 * whether there is a pgTAP; ours is pinned while we read.
 */
Datum
ct_ok(PG_FUNCTION_ARGS)
{
	MemoryContext context = CurrentMemoryContext;
	int64		run_id;
	CtReport   *report;
	CtReportLine *line;
	StringInfoData buf;
	char	   *description;
	bool		ok;
	int			nestlevel;
	Oid			pgtap;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("run id must not be null")));
	run_id = PG_GETARG_INT64(0);
	initStringInfo(&buf);

	nestlevel = ct_report_begin_reading();
	line = ct_report_load_lines(&run_id, 1);
	report = ct_report_load(run_id);
	ok = ct_report_kind(line) == CT_REPORT_OK;
	description = ct_tap_description(PG_ARGISNULL(1) ? ct_report_test_name(report) :
									 text_to_cstring(PG_GETARG_TEXT_PP(1)), report->unicode);
	description = MemoryContextStrdup(context, description);
	if (!ok)
		ct_tap_explain(&buf, report, line);
	ct_report_end_reading(nestlevel);

	pgtap = report_pgtap_ok();
	if (OidIsValid(pgtap))
		description = report_call_pgtap(pgtap, ok, description);
	else
		description = psprintf("%sok - %s", ok ? "" : "not ", description);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s%s", description, buf.data)));
}
