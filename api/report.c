/*
 * report.c
 *		ct_report and ct_assert: a run's results for people, programs and CI.
 *
 * Both only read, through the views and as the role that calls them.  They
 * look at what is committed now, even where the transaction's or statement's
 * snapshot is older: results are committed by the run's leader, so that
 * SELECT ct_report(ct_run('oversell_tickets')) would not find them otherwise,
 * and neither would a REPEATABLE READ transaction.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "src/catalog/version.h"
#include "src/report/report.h"

CT_FUNCTION_INFO_V1(ct_report);
CT_FUNCTION_INFO_V1(ct_assert);

/* a format: its name and what writes it */
static const struct
{
	const char *name;
	void		(*write) (StringInfo buf, const CtReport *report);
}			formats[] = {
	{"text", ct_report_text},
	{"markdown", ct_report_markdown},
	{"json", ct_report_json},
};

/* What is palloc'd in between goes away at the end. */
static void
begin_reading(void)
{
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

static void
end_reading(void)
{
	SPI_finish();
	PopActiveSnapshot();
}

/* The index in formats; raises INVALID_PARAMETER_VALUE if there is none of that name. */
static int
find_format(const char *name)
{
	StringInfoData names;
	int			i;

	for (i = 0; i < lengthof(formats); i++)
	{
		if (strcmp(formats[i].name, name) == 0)
			return i;
	}

	initStringInfo(&names);
	for (i = 0; i < lengthof(formats); i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", formats[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown report format \"%s\"", name),
			 errhint("Formats are %s.", names.data)));
	return -1;					/* keep compiler quiet */
}

/* ct_report(run_id bigint, format text) RETURNS text, strict */
Datum
ct_report(PG_FUNCTION_ARGS)
{
	int64		run_id = PG_GETARG_INT64(0);
	int			format = find_format(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext reading;
	StringInfoData buf;
	text	   *result;

	begin_reading();
	initStringInfo(&buf);
	formats[format].write(&buf, ct_report_load(run_id));
	reading = MemoryContextSwitchTo(caller);
	result = cstring_to_text_with_len(buf.data, buf.len);
	MemoryContextSwitchTo(reading);
	end_reading();

	PG_RETURN_TEXT_P(result);
}

/* The first anomaly in a sentence, for an error's detail; "" if there is none. */
static char *
first_anomaly(const CtReport *report)
{
	const CtReportAnomaly *anomaly = report->anomalies;
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

	begin_reading();
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
		char	   *anomaly = first_anomaly(report);

		ereport(ERROR,
				(errcode(ERRCODE_ASSERT_FAILURE),
				 errmsg("%s: %s", name, report->verdict ? report->verdict : report->status),
				 reason || *anomaly
				 ? errdetail("%s%s%s", reason ? reason : "", reason && *anomaly ? "\n" : "", anomaly)
				 : 0,
				 errhint("See SELECT ct_report(" INT64_FORMAT ").", report->run_id)));
	}
	end_reading();

	PG_RETURN_VOID();
}
