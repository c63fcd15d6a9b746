/*
 * markdown.c
 *		The report for pull requests and chat: GitHub's dialect of markdown.
 */
#include "postgres.h"

#include "src/report/report.h"

#define CELL_WIDTH 120
#define MAX_ROWS 50

/* Prose: nothing of the user's may turn into markup. */
static void
append_prose(StringInfo buf, const char *text)
{
	char	   *one_line = ct_text_cut(text, PG_INT32_MAX, false);
	const char *p;

	/* bytes are enough: the specials are ASCII, and server encodings have ASCII nowhere else */
	for (p = one_line; *p; p++)
	{
		if (strchr("\\`*_[]<>|#~", *p))
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *p);
	}
	pfree(one_line);
}

/* Names and SQL.  A pipe would end a table's cell even in there. */
static void
append_code(StringInfo buf, const char *text, int width, bool unicode)
{
	char	   *one_line = ct_text_cut(text, width, unicode);
	bool		ticks = strchr(one_line, '`') != NULL;
	const char *p;

	if (*one_line == '\0')
		return;
	appendStringInfoString(buf, ticks ? "`` " : "`");
	for (p = one_line; *p; p++)
	{
		if (*p == '|')
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *p);
	}
	appendStringInfoString(buf, ticks ? " ``" : "`");
	pfree(one_line);
}

static void
write_table(StringInfo buf, const CtReport *report, const CtReportTable *table)
{
	ListCell   *lc;
	int			i;

	if (table == NULL)
		return;

	appendStringInfo(buf, "\n#### %s\n\n|", table->title);
	for (i = 0; i < table->ncolumns; i++)
		appendStringInfo(buf, " %s |", table->columns[i].head);
	appendStringInfoString(buf, "\n|");
	for (i = 0; i < table->ncolumns; i++)
		appendStringInfoString(buf, table->columns[i].right ? " ---: |" : " --- |");
	appendStringInfoChar(buf, '\n');

	foreach(lc, table->rows)
	{
		char	  **cells = lfirst(lc);

		if (foreach_current_index(lc) == MAX_ROWS)
		{
			appendStringInfo(buf, "\n%d more are in `%s`.\n",
							 list_length(table->rows) - MAX_ROWS, table->view);
			break;
		}
		appendStringInfoChar(buf, '|');
		for (i = 0; i < table->ncolumns; i++)
		{
			appendStringInfoChar(buf, ' ');
			if (table->columns[i].code)
				append_code(buf, cells[i], CELL_WIDTH, report->unicode);
			else if (strcmp(cells[i], "FAIL") == 0)
				appendStringInfoString(buf, "**FAIL**");
			else
				append_prose(buf, cells[i]);
			appendStringInfoString(buf, " |");
		}
		appendStringInfoChar(buf, '\n');
	}
}

static void
write_sentence(StringInfo buf, const char *text)
{
	if (text == NULL)
		return;
	appendStringInfoChar(buf, '\n');
	append_prose(buf, text);
	appendStringInfoChar(buf, '\n');
}

static void
write_anomalies(StringInfo buf, const CtReport *report)
{
	int			i;

	if (report->nanomalies == 0)
		return;
	appendStringInfoString(buf, "\n#### Anomalies\n\n");
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtReportAnomaly *anomaly = &report->anomalies[i];

		appendStringInfo(buf, "%d. ", i + 1);
		append_code(buf, anomaly->check_name, CELL_WIDTH, report->unicode);
		appendStringInfoString(buf, ": ");
		append_prose(buf, ct_report_anomaly(report, anomaly));
		appendStringInfoChar(buf, '\n');
		if (anomaly->evidence)
		{
			appendStringInfoString(buf, "   ");
			append_code(buf, anomaly->evidence, 4 * CELL_WIDTH, report->unicode);
			appendStringInfoChar(buf, '\n');
		}
	}
	if (report->anomaly_count > report->nanomalies)
		appendStringInfo(buf, "\nThese are %d of %s, see `ct_anomalies`.\n",
						 report->nanomalies, ct_format_count(report->anomaly_count));
}

/* Preformatted, and folded away where the reader has that. */
static void
write_charts(StringInfo buf, const CtReport *report)
{
	char	   *sparkline = ct_report_sparkline(report, 60);

	if (sparkline == NULL && report->nbuckets == 0)
		return;
	appendStringInfoString(buf, "\n<details><summary>Charts</summary>\n\n```text\n");
	if (sparkline)
		appendStringInfo(buf, "Throughput\n%s\n%s", sparkline, report->nbuckets > 0 ? "\n" : "");
	if (report->nbuckets > 0)
	{
		appendStringInfoString(buf, "Transactions by latency, from\n");
		ct_report_histogram(buf, report, 80);
	}
	appendStringInfoString(buf, "```\n\n</details>\n");
}

void
ct_report_markdown(StringInfo buf, const CtReport *report)
{
	ListCell   *lc;

	appendStringInfo(buf, "### %s: ", ct_report_title(report));
	append_code(buf, report->scenario, CELL_WIDTH, report->unicode);
	if (report->variant)
	{
		appendStringInfoString(buf, " / ");
		append_code(buf, report->variant, CELL_WIDTH, report->unicode);
	}
	if (report->verdict && strcmp(report->status, "succeeded") != 0)
		appendStringInfo(buf, " (%s)", report->status);
	appendStringInfo(buf, ", run " INT64_FORMAT "\n", report->run_id);

	write_sentence(buf, ct_report_reason(report));
	write_sentence(buf, ct_report_facts(report));
	if (report->params)
	{
		appendStringInfoString(buf, "\nParameters: ");
		append_code(buf, report->params, 4 * CELL_WIDTH, report->unicode);
		appendStringInfoChar(buf, '\n');
	}
	write_sentence(buf, ct_report_note(report));
	foreach(lc, ct_report_warnings(report))
	{
		appendStringInfoString(buf, foreach_current_index(lc) == 0 ? "\n> " : ">\n> ");
		append_prose(buf, lfirst(lc));
		appendStringInfoChar(buf, '\n');
	}

	write_table(buf, report, ct_report_checks(report));
	write_anomalies(buf, report);
	write_table(buf, report, ct_report_evidence(report));
	write_sentence(buf, ct_report_orders(report));
	write_table(buf, report, ct_report_outcomes(report));
	write_table(buf, report, ct_report_tallies(report));

	if (ct_report_throughput(report))
		appendStringInfoString(buf, "\n#### Throughput\n");
	write_sentence(buf, ct_report_throughput(report));
	write_sentence(buf, ct_report_trend(report));
	write_sentence(buf, ct_report_fairness(report));
	write_table(buf, report, ct_report_latencies(report));
	write_charts(buf, report);
	write_table(buf, report, ct_report_statements(report));
	write_table(buf, report, ct_report_errors(report));
	write_table(buf, report, ct_report_error_places(report));
	write_table(buf, report, ct_report_error_details(report));

	while (buf->len > 0 && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
}
