/*
 * tap.c
 *		The report for prove and pg_prove: the Test Anything Protocol.
 *
 * A plan, and one test a run; its checks are a subtest, as TAP 14 has it,
 * which older readers pass over.  Why a test isn't ok is told by comments
 * behind it.  No version is told, for that would have to be the output's first line.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "src/report/report.h"

/* columns of a description, and of a comment's line */
#define NAME_WIDTH		200
#define COMMENT_WIDTH	100

char *
ct_tap_description(const char *text, bool unicode)
{
	StringInfoData buf;
	const char *p;

	/* "#" would begin a directive: what isn't ok, but is to be done, is no failure */
	initStringInfo(&buf);
	for (p = ct_text_cut(text, NAME_WIDTH, unicode); *p; p += pg_mblen(p))
	{
		if (*p == '#' || *p == '\\')
			appendStringInfoChar(&buf, '\\');
		appendBinaryStringInfo(&buf, p, pg_mblen(p));
	}
	return buf.data;
}

/* Text as comments, each line one. */
static void
tap_comment(StringInfo buf, const char *text)
{
	StringInfoData lines;
	char	   *rest;
	char	   *line;

	initStringInfo(&lines);
	ct_text_wrap(&lines, text, 0, COMMENT_WIDTH);
	rest = lines.data;
	while ((line = strsep(&rest, "\n")) != NULL)
		appendStringInfo(buf, "\n#   %s", line);
}

void
ct_tap_explain(StringInfo buf, const CtReport *report, const CtReportLine *line)
{
	int			i;

	tap_comment(buf, psprintf("run " INT64_FORMAT ": %s", report->run_id, ct_report_wrong(report, line)));
	for (i = 0; i < report->nchecks; i++)
	{
		if (strcmp(report->checks[i].status, "pass") != 0)
			tap_comment(buf, ct_report_check(report, &report->checks[i]));
	}
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtAnomalyRow *anomaly = &report->anomalies[i];

		tap_comment(buf, psprintf("%s: %s%s%s", ct_text_cut(anomaly->check_name, NAME_WIDTH, report->unicode),
								  ct_report_anomaly(report, anomaly), anomaly->evidence ? ": " : "",
								  anomaly->evidence ? ct_text_cut(anomaly->evidence, NAME_WIDTH, report->unicode) : ""));
	}
}

static void
tap_begin(StringInfo buf, const CtReportList *list)
{
	appendStringInfo(buf, "1..%d\n", list->n);
}

static void
tap_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	bool		ok = ct_report_kind(&list->lines[i]) == CT_REPORT_OK;
	char	   *name = ct_tap_description(ct_report_test_name(report), report->unicode);
	int			j;

	if (report->nchecks > 0)
		appendStringInfo(buf, "# Subtest: %s\n", name);
	for (j = 0; j < report->nchecks; j++)
	{
		const CtCheckRow *check = &report->checks[j];

		appendStringInfo(buf, "    %sok %d - %s\n", strcmp(check->status, "pass") == 0 ? "" : "not ", j + 1,
						 ct_tap_description(ct_report_check(report, check), report->unicode));
	}
	if (report->nchecks > 0)
		appendStringInfo(buf, "    1..%d\n", report->nchecks);
	appendStringInfo(buf, "%sok %d - %s", ok ? "" : "not ", i + 1, name);
	if (!ok)
		ct_tap_explain(buf, report, &list->lines[i]);
}

static void
tap_end(StringInfo buf, const CtReportList *list)
{
	if (list->many)
		appendStringInfo(buf, "\n# %s", ct_report_summary(list));
}

const CtReportFormat ct_report_tap = {
	.name = "tap",
	.begin = tap_begin,
	.one = tap_one,
	.separator = "\n",
	.end = tap_end,
};
