/*
 * junit.c
 *		The report for CI servers: JUnit's XML, as Jenkins, GitLab and the
 *		actions for GitHub read it (t/junit.xsd has what they agree on).
 *
 * One test case a run: its class is the scenario, its name the variant.  What
 * isn't ok is a failure if the run has a verdict, and else an error; its text
 * says why, with the checks that failed, since some servers show nothing else.
 * The text report is the case's output.
 *
 * Only ASCII is written, all else as references to characters: who stores
 * the file may convert it to whatever encoding, and the declaration stays true.
 * What XML has no way to say at all, control characters, becomes U+FFFD.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

/* columns of a message or name; there is more in the case's output */
#define MESSAGE_WIDTH	1000
#define NAME_WIDTH		200

/* One character. */
static void
junit_character(StringInfo buf, uint32 c)
{
	if (c == '&')
		appendStringInfoString(buf, "&amp;");
	else if (c == '<')
		appendStringInfoString(buf, "&lt;");
	else if (c == '>')
		appendStringInfoString(buf, "&gt;");	/* "]]>" is not allowed even in text */
	else if (c == '"')
		appendStringInfoString(buf, "&quot;");
	else if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f))
		appendStringInfoChar(buf, (char) c);
	else if (c < 0x20 || c == 0xFFFE || c == 0xFFFF || (c >= 0xD800 && c < 0xE000))
		appendStringInfo(buf, "&#x%X;", CT_REPLACEMENT);
	else
		appendStringInfo(buf, "&#x%X;", c);
}

static void
junit_text(StringInfo buf, const char *text)
{
	ct_put_characters(buf, text, junit_character);
}

/* name="value", the value in one line of at most so many columns */
static void
junit_attribute(StringInfo buf, const char *name, const char *value, int width)
{
	appendStringInfo(buf, " %s=\"", name);
	junit_text(buf, ct_text_cut(value, width, false));
	appendStringInfoChar(buf, '"');
}

/* Seconds; what isn't known took none, for it is summed up. */
static double
junit_seconds(double ms)
{
	return isnan(ms) || isinf(ms) || ms < 0 ? 0 : ms / 1000;
}

static void
junit_begin(StringInfo buf, const CtReportList *list)
{
	CtReportSummary summary;
	char	   *totals;
	double		seconds = 0;
	int			i;

	ct_report_sum_up(list, &summary);
	for (i = 0; i < list->n; i++)
		seconds += junit_seconds(list->lines[i].duration_ms);
	totals = psprintf("name=\"ct_ext\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"%.3f\"",
					  summary.total, summary.failures, summary.errors, seconds);
	appendStringInfo(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
					 "<testsuites %s>\n  <testsuite %s skipped=\"0\">\n", totals, totals);
}

/* How many runs of that scenario and variant come before it: servers tell cases apart by their names. */
static int
junit_earlier(const CtReportList *list, int i)
{
	const CtReportLine *line = &list->lines[i];
	int			n = 0;
	int			j;

	for (j = 0; j < i; j++)
	{
		const CtReportLine *other = &list->lines[j];

		if (strcmp(line->scenario, other->scenario) == 0 &&
			strcmp(line->variant ? line->variant : "", other->variant ? other->variant : "") == 0)
			n++;
	}
	return n;
}

/* What is wrong: a failure's or error's text. */
static void
junit_wrong(StringInfo buf, const CtReport *report, const CtReportLine *line)
{
	int			i;

	junit_text(buf, psprintf("run " INT64_FORMAT ": %s\n", report->run_id, ct_report_wrong(report, line)));
	for (i = 0; i < report->nchecks; i++)
	{
		if (strcmp(report->checks[i].status, "pass") != 0)
			junit_text(buf, psprintf("%s\n", ct_report_check(report, &report->checks[i])));
	}
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtAnomalyRow *anomaly = &report->anomalies[i];

		junit_text(buf, psprintf("%s: %s%s%s\n", ct_text_cut(anomaly->check_name, NAME_WIDTH, false),
								 ct_report_anomaly(report, anomaly), anomaly->evidence ? ": " : "",
								 anomaly->evidence ? ct_text_cut(anomaly->evidence, MESSAGE_WIDTH, false) : ""));
	}
}

static void
junit_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	CtReport	ascii = *report;
	const CtReportLine *line = &list->lines[i];
	CtReportKind kind = ct_report_kind(line);
	int			earlier = junit_earlier(list, i);
	const char *name = report->variant ? report->variant : report->scenario;
	StringInfoData text;

	ascii.unicode = false;
	if (earlier > 0)
		name = psprintf("%s #%d", ct_text_cut(name, NAME_WIDTH - 8, false), earlier + 1);
	appendStringInfoString(buf, "    <testcase");
	junit_attribute(buf, "classname", report->scenario, NAME_WIDTH);
	junit_attribute(buf, "name", name, NAME_WIDTH);
	appendStringInfo(buf, " time=\"%.3f\">\n", junit_seconds(report->duration_ms));

	if (kind != CT_REPORT_OK)
	{
		const char *element = kind == CT_REPORT_FAILURE ? "failure" : "error";
		const char *title = line->worse_run != 0 ? line->worse_word : report->verdict ? report->verdict : report->status;

		appendStringInfo(buf, "      <%s", element);
		junit_attribute(buf, "type", report->verdict == NULL && report->sqlstate ? report->sqlstate : title,
						NAME_WIDTH);
		junit_attribute(buf, "message", ct_report_wrong(&ascii, line), MESSAGE_WIDTH);
		appendStringInfoChar(buf, '>');
		junit_wrong(buf, &ascii, line);
		appendStringInfo(buf, "</%s>\n", element);
	}

	initStringInfo(&text);
	ct_report_text.one(&text, list, i, &ascii);
	appendStringInfoString(buf, "      <system-out>");
	junit_text(buf, text.data);
	appendStringInfoString(buf, "</system-out>\n    </testcase>");
}

static void
junit_end(StringInfo buf, const CtReportList *list)
{
	appendStringInfoString(buf, "\n  </testsuite>\n</testsuites>");
}

const CtReportFormat ct_report_junit = {
	.name = "junit",
	.begin = junit_begin,
	.one = junit_one,
	.compares = true,
	.separator = "\n",
	.end = junit_end,
};
