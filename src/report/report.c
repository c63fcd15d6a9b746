/*
 * report.c
 *		Reports of one run or of many, in whatever format.
 *
 * What is committed now is looked at, even where the transaction's or
 * statement's snapshot is older: results are committed by the run's leader, so
 * that SELECT ct_report(ct_run('oversell_tickets')) would not find them
 * otherwise, and neither would a REPEATABLE READ transaction.  All of one
 * report is seen under one snapshot.
 *
 * The queries run as the caller, under a search_path of ours: with the
 * caller's, somebody else's operator that suits them better would be executed
 * with the caller's privileges.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "src/report/report.h"

static const CtReportFormat *const formats[] = {
	&ct_report_text,
	&ct_report_markdown,
	&ct_report_json,
	&ct_report_junit,
	&ct_report_tap,
	&ct_report_html,
};

static void
report_connect(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

int
ct_report_begin_reading(void)
{
	int			nestlevel = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	PushActiveSnapshot(GetLatestSnapshot());
	report_connect();
	return nestlevel;
}

void
ct_report_end_reading(int nestlevel)
{
	SPI_finish();
	PopActiveSnapshot();
	AtEOXact_GUC(true, nestlevel);
}

const CtReportFormat *
ct_report_find_format(const char *name)
{
	StringInfoData names;
	int			i;

	for (i = 0; i < lengthof(formats); i++)
	{
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}

	initStringInfo(&names);
	for (i = 0; i < lengthof(formats); i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", formats[i]->name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown report format \"%s\"", name),
			 errhint("Formats are %s.", names.data)));
	return NULL;				/* keep compiler quiet */
}

/* Raises if the first n runs' reports already are too much. */
static void
report_check_length(StringInfo buf, const CtReportFormat *format, int n, int of)
{
	if (buf->len <= CT_MAX_REPORT)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("report of %d runs is too long", of),
			 errdetail("In format \"%s\" the first %d of them come to %d MB; a report can have %d MB.", format->name, n,
					   buf->len / 1024 / 1024, CT_MAX_REPORT / 1024 / 1024),
			 n > 1 ? errhint("Report about %d runs at a time, or choose a format with less of each run.", n - 1) :
			 errhint("Choose a format with less of the run.")));
}

void
ct_report_write(StringInfo buf, const CtReportFormat *format, const int64 *run_ids, int n, bool many)
{
	CtReportList list = {.many = many,.n = n};
	CtReport   *report = NULL;
	int			nestlevel;
	int			i;

	nestlevel = ct_report_begin_reading();
	list.unicode = ct_report_unicode();
	list.lines = ct_report_load_lines(run_ids, n);
	if (format->begin)
		format->begin(buf, &list);
	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoString(buf, format->separator);
		/* a level of SPI, for each of its calls makes that level's memory the current one */
		report_connect();
		if (!format->unloaded)
			report = ct_report_load(run_ids[i]);
		if (format->compares)
			ct_report_load_comparisons(report);
		format->one(buf, &list, i, report);
		SPI_finish();
		report_check_length(buf, format, i + 1, n);
	}
	if (format->end)
		format->end(buf, &list);
	ct_report_end_reading(nestlevel);
}
