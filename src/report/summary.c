/*
 * summary.c
 *		What many runs come to: which of them count as ok, and how many.
 */
#include "postgres.h"

#include "src/report/report.h"

/* How bad it is; -1 for NULL. */
static int
summary_badness(const char *word)
{
	return word == NULL ? -1 : strcmp(word, "pass") == 0 ? 0 : strcmp(word, "inconclusive") == 0 ? 1 :
		strcmp(word, "fail") == 0 ? 3 : 2;
}

bool
ct_report_is_worse(const char *word, const char *than)
{
	return summary_badness(word) > summary_badness(than);
}

/* The verdict that counts, or the status where there is none: the worst of those that the run stands for. */
static const char *
summary_word(const CtReportLine *line)
{
	return line->worse_run != 0 ? line->worse_word : line->verdict ? line->verdict : line->status;
}

static bool
summary_is_verdict(const char *word)
{
	return summary_badness(word) != 2;
}

CtReportKind
ct_report_kind(const CtReportLine *line)
{
	const char *word = summary_word(line);
	const char *expected = line->expected_verdict ? line->expected_verdict : "pass";

	if (strcmp(word, expected) == 0 || (line->one_failed && strcmp(expected, "fail") == 0))
		return CT_REPORT_OK;
	return summary_is_verdict(word) ? CT_REPORT_FAILURE : CT_REPORT_ERROR;
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
ct_report_wrong(const CtReport *report, const CtReportLine *line)
{
	char	   *reason = ct_report_reason(report);

	if (line->worse_run != 0)
		return psprintf("%s, but of its repeats run " INT64_FORMAT " came to %s%s%s%s",
						report->verdict ? report->verdict : report->status, line->worse_run, line->worse_word,
						summary_is_to_fail(report) ? ", and fail was expected" : "",
						line->worse_reason ? ": " : "", line->worse_reason ? line->worse_reason : "");
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
		const char *word = summary_word(line);

		summary->failures += kind == CT_REPORT_FAILURE;
		summary->errors += kind == CT_REPORT_ERROR;
		summary->expecting |= line->expected_verdict != NULL && strcmp(line->expected_verdict, "fail") == 0;
		if (!summary_is_verdict(word))
			summary->unjudged++;
		else if (strcmp(word, "pass") == 0)
			summary->passed++;
		else if (strcmp(word, "fail") == 0)
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
