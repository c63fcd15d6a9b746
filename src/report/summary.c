/*
 * summary.c
 *		What many runs come to: which of them count as ok, and how many.
 */
#include "postgres.h"

#include "src/report/report.h"

CtReportKind
ct_report_kind(const CtReportLine *line)
{
	if (line->verdict == NULL)
		return CT_REPORT_ERROR;
	return strcmp(line->verdict, line->expected_verdict ? line->expected_verdict : "pass") == 0 ?
		CT_REPORT_OK : CT_REPORT_FAILURE;
}

/* Is it fail that counts as ok? */
static bool
summary_is_to_fail(const CtReport *report)
{
	return report->expected_verdict != NULL && strcmp(report->expected_verdict, "fail") == 0;
}

char *
ct_report_test_name(const CtReport *report)
{
	return psprintf("%s%s%s%s", report->scenario, report->variant ? " / " : "",
					report->variant ? report->variant : "",
					summary_is_to_fail(report) ? ": fail is expected" : "");
}

char *
ct_report_wrong(const CtReport *report)
{
	char	   *reason = ct_report_reason(report);

	return psprintf("%s%s%s%s", report->verdict ? report->verdict : report->status,
					summary_is_to_fail(report) ? ", but fail was expected" : "",
					reason ? ": " : "", reason ? reason : "");
}

void
ct_report_sum_up(const CtReportList *list, CtReportSummary *summary)
{
	int			i;

	memset(summary, 0, sizeof(CtReportSummary));
	summary->total = list->n;
	for (i = 0; i < list->n; i++)
	{
		const CtReportLine *line = &list->lines[i];
		CtReportKind kind = ct_report_kind(line);

		summary->failures += kind == CT_REPORT_FAILURE;
		summary->errors += kind == CT_REPORT_ERROR;
		summary->expecting |= line->expected_verdict != NULL && strcmp(line->expected_verdict, "fail") == 0;
		if (line->verdict == NULL)
			summary->unjudged++;
		else if (strcmp(line->verdict, "pass") == 0)
			summary->passed++;
		else if (strcmp(line->verdict, "fail") == 0)
			summary->failed++;
		else
			summary->inconclusive++;
	}
}

char *
ct_report_summary(const CtReportList *list)
{
	CtReportSummary summary;
	StringInfoData buf;

	ct_report_sum_up(list, &summary);
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s: %s passed, %s failed",
					 ct_format_plural(summary.total, "run", "runs"),
					 ct_format_count(summary.passed), ct_format_count(summary.failed));
	if (summary.inconclusive > 0)
		appendStringInfo(&buf, ", %s inconclusive", ct_format_count(summary.inconclusive));
	if (summary.unjudged > 0)
		appendStringInfo(&buf, ", %s without a verdict", ct_format_count(summary.unjudged));
	appendStringInfo(&buf, "; success rate %s", ct_format_share((double) summary.passed / summary.total));
	if (summary.expecting)
		appendStringInfo(&buf, "; %s of %s as expected",
						 ct_format_count(summary.total - summary.failures - summary.errors),
						 ct_format_count(summary.total));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}
