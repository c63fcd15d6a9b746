/*
 * markdown.c
 *		The report for pull requests and chat: GitHub's dialect of markdown.
 */
#include "postgres.h"

#include "src/report/report.h"

#define CELL_WIDTH 120
#define MAX_ROWS 50

/*
 * Prose: nothing of the user's may turn into markup, be it at the beginning of
 * a line, where a number or dash would begin a list.
 */
static void
markdown_prose(StringInfo buf, const char *text)
{
	char	   *one_line = ct_text_cut(text, PG_INT32_MAX, false);
	bool		first = buf->len == 0 || buf->data[buf->len - 1] == '\n' ||
		(buf->len > 1 && strncmp(buf->data + buf->len - 2, "> ", 2) == 0);
	const char *p = one_line;

	if (first)
	{
		for (; *p >= '0' && *p <= '9'; p++)
			appendStringInfoChar(buf, *p);
		if (p > one_line ? *p == '.' || *p == ')' : *p == '-' || *p == '+' || *p == '=')
			appendStringInfoChar(buf, '\\');
	}
	/* bytes are enough: the specials are ASCII, and server encodings have ASCII nowhere else */
	for (; *p; p++)
	{
		if (strchr("\\`*_[]<>|#~&", *p))
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *p);
	}
	pfree(one_line);
}

/* The longest row of ticks in it. */
static int
markdown_ticks(const char *text)
{
	int			longest = 0;
	int			n = 0;

	for (; *text; text++)
	{
		n = *text == '`' ? n + 1 : 0;
		longest = Max(longest, n);
	}
	return longest;
}

/* Names and SQL, between more ticks than are in them.  A pipe would end a table's cell even in there. */
static void
markdown_span(StringInfo buf, const char *text, int width, bool unicode, bool in_cell)
{
	char	   *one_line = ct_text_cut(text, width, unicode);
	int			ticks = markdown_ticks(one_line);
	const char *p;
	int			i;

	if (*one_line == '\0')
		return;
	for (i = 0; i <= ticks; i++)
		appendStringInfoChar(buf, '`');
	if (ticks > 0)
		appendStringInfoChar(buf, ' ');
	for (p = one_line; *p; p++)
	{
		if (*p == '|' && in_cell)
			appendStringInfoChar(buf, '\\');
		appendStringInfoChar(buf, *p);
	}
	if (ticks > 0)
		appendStringInfoChar(buf, ' ');
	for (i = 0; i <= ticks; i++)
		appendStringInfoChar(buf, '`');
	pfree(one_line);
}

static void
markdown_code(StringInfo buf, const char *text, int width, bool unicode)
{
	markdown_span(buf, text, width, unicode, false);
}

static void
markdown_cell(StringInfo buf, const char *text, bool unicode)
{
	markdown_span(buf, text, CELL_WIDTH, unicode, true);
}

static void
markdown_table(StringInfo buf, bool unicode, const CtReportTable *table)
{
	ListCell   *lc;
	int			i;

	if (table == NULL)
		return;

	if (table->title)
		appendStringInfo(buf, "\n#### %s\n", table->title);
	appendStringInfoString(buf, "\n|");
	for (i = 0; i < table->ncolumns; i++)
		appendStringInfo(buf, " %s |", table->columns[i].head);
	appendStringInfoString(buf, "\n|");
	for (i = 0; i < table->ncolumns; i++)
		appendStringInfoString(buf, table->columns[i].right ? " ---: |" : " --- |");
	appendStringInfoChar(buf, '\n');

	foreach(lc, table->rows)
	{
		const char **cells = lfirst(lc);

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
				markdown_cell(buf, cells[i], unicode);
			else if (strcmp(cells[i], "FAIL") == 0)
				appendStringInfoString(buf, "**FAIL**");
			else
				markdown_prose(buf, cells[i]);
			appendStringInfoString(buf, " |");
		}
		appendStringInfoChar(buf, '\n');
	}
}

static void
markdown_sentence(StringInfo buf, const char *text)
{
	if (text == NULL)
		return;
	appendStringInfoChar(buf, '\n');
	markdown_prose(buf, text);
	appendStringInfoChar(buf, '\n');
}

static void
markdown_anomalies(StringInfo buf, const CtReport *report)
{
	int			i;

	if (report->nanomalies == 0)
		return;
	appendStringInfoString(buf, "\n#### Anomalies\n\n");
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtAnomalyRow *anomaly = &report->anomalies[i];

		appendStringInfo(buf, "%d. ", i + 1);
		markdown_code(buf, anomaly->check_name, CELL_WIDTH, report->unicode);
		appendStringInfoString(buf, ": ");
		markdown_prose(buf, ct_report_anomaly(report, anomaly));
		appendStringInfoChar(buf, '\n');
		if (anomaly->evidence)
		{
			appendStringInfoString(buf, "   ");
			markdown_code(buf, anomaly->evidence, 4 * CELL_WIDTH, report->unicode);
			appendStringInfoChar(buf, '\n');
		}
	}
	if (report->anomaly_count > report->nanomalies)
		appendStringInfo(buf, "\nThese are %d of %s, see `ct_anomalies`.\n",
						 report->nanomalies, ct_format_count(report->anomaly_count));
}

/* Preformatted, and folded away where the reader has that. */
static void
markdown_charts(StringInfo buf, const CtReport *report)
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

/* ---- explorations ---- */

#define MAX_STORIES 3

/* A table with a column for each session, and a row for each step. */
static void
markdown_story_steps(StringInfo buf, const CtReport *report, const CtReportStory *story)
{
	int			i;
	int			k;
	bool		marked = false;

	appendStringInfoString(buf, "\n| step |");
	for (k = 1; k <= story->sessions; k++)
		appendStringInfo(buf, " session %d |", k);
	appendStringInfoString(buf, "\n| --- |");
	for (k = 1; k <= story->sessions; k++)
		appendStringInfoString(buf, " --- |");
	appendStringInfoChar(buf, '\n');
	for (i = 0; i < story->nlines; i++)
	{
		const struct CtReportStoryLine *line = &story->lines[i];

		appendStringInfo(buf, "| %d%s |", i + 1, line->conflicts ? " \\*" : "");
		for (k = 1; k <= story->sessions; k++)
		{
			appendStringInfoChar(buf, ' ');
			if (k == line->session && line->what)
			{
				markdown_cell(buf, line->what, report->unicode);
				if (line->outcome)
					appendStringInfoString(buf, "<br>");
			}
			if (k == line->session && line->outcome)
				markdown_prose(buf, line->outcome);
			appendStringInfoString(buf, " |");
		}
		appendStringInfoChar(buf, '\n');
		marked |= line->conflicts;
	}
	if (marked)
		markdown_sentence(buf, "* their order makes the difference");
}

static void
markdown_story_states(StringInfo buf, const CtReport *report, const CtReportStory *story)
{
	int			i;

	if (story->ndiffering == 0)
		return;
	appendStringInfoString(buf, "\n| the tables at its end | ");
	markdown_prose(buf, story->serial_title);
	appendStringInfoString(buf, " |\n| --- | --- |\n");
	for (i = 0; i < story->ndiffering; i++)
	{
		appendStringInfoString(buf, "| ");
		markdown_cell(buf, story->here[i], report->unicode);
		appendStringInfoString(buf, " | ");
		markdown_cell(buf, story->serial[i], report->unicode);
		appendStringInfoString(buf, " |\n");
	}
	if (story->nsame > 0)
		markdown_sentence(buf, psprintf("%s the same in both.", ct_format_plural(story->nsame, "row is", "rows are")));
}

static void
markdown_exploration(StringInfo buf, const CtReport *report)
{
	List	   *coverage = ct_report_coverage(report);
	ListCell   *lc;

	if (coverage == NIL)
		return;
	foreach(lc, ct_report_stories(report, MAX_STORIES))
	{
		const CtReportStory *story = lfirst(lc);

		appendStringInfoString(buf, "\n#### ");
		markdown_prose(buf, story->title);
		appendStringInfoChar(buf, '\n');
		markdown_sentence(buf, story->gist);
		markdown_story_steps(buf, report, story);
		markdown_story_states(buf, report, story);
	}
	markdown_table(buf, report->unicode, ct_report_permutations(report));
	appendStringInfoString(buf, "\n#### Exploration\n");
	foreach(lc, coverage)
		markdown_sentence(buf, lfirst(lc));
}

/* A table of the runs, before what there is to say of each. */
static void
markdown_begin(StringInfo buf, const CtReportList *list)
{
	if (!list->many)
		return;
	appendStringInfo(buf, "## %s\n", ct_format_plural(list->n, "run", "runs"));
	markdown_sentence(buf, ct_report_summary(list));
	markdown_table(buf, list->unicode, ct_report_runs(list));
	appendStringInfoChar(buf, '\n');
}

static void
markdown_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	ListCell   *lc;

	appendStringInfo(buf, "### %s: ", ct_report_title(report->status, report->verdict));
	markdown_code(buf, report->scenario, CELL_WIDTH, report->unicode);
	if (report->variant)
	{
		appendStringInfoString(buf, " / ");
		markdown_code(buf, report->variant, CELL_WIDTH, report->unicode);
	}
	if (report->verdict && strcmp(report->status, "succeeded") != 0)
		appendStringInfo(buf, " (%s)", report->status);
	appendStringInfo(buf, ", run " INT64_FORMAT "\n", report->run_id);

	markdown_sentence(buf, ct_report_reason(report));
	markdown_sentence(buf, ct_report_facts(report));
	if (report->params)
	{
		appendStringInfoString(buf, "\nParameters: ");
		markdown_code(buf, report->params, 4 * CELL_WIDTH, report->unicode);
		appendStringInfoChar(buf, '\n');
	}
	markdown_sentence(buf, ct_report_note(report));
	foreach(lc, ct_report_warnings(report))
	{
		appendStringInfoString(buf, foreach_current_index(lc) == 0 ? "\n> " : ">\n> ");
		markdown_prose(buf, lfirst(lc));
		appendStringInfoChar(buf, '\n');
	}

	markdown_exploration(buf, report);
	markdown_table(buf, report->unicode, ct_report_checks(report));
	markdown_anomalies(buf, report);
	markdown_table(buf, report->unicode, ct_report_evidence(report));
	markdown_sentence(buf, ct_report_orders(report));
	markdown_table(buf, report->unicode, ct_report_outcomes(report));
	markdown_table(buf, report->unicode, ct_report_tallies(report));

	if (ct_report_throughput(report))
		appendStringInfoString(buf, "\n#### Throughput\n");
	markdown_sentence(buf, ct_report_throughput(report));
	markdown_sentence(buf, ct_report_trend(report));
	markdown_sentence(buf, ct_report_fairness(report));
	markdown_table(buf, report->unicode, ct_report_repeats(report));
	markdown_sentence(buf, ct_report_spread(report));
	markdown_table(buf, report->unicode, ct_report_regressions(report));
	markdown_sentence(buf, ct_report_compared(report));
	markdown_table(buf, report->unicode, ct_report_phases(report));
	markdown_table(buf, report->unicode, ct_report_classes(report));
	markdown_table(buf, report->unicode, ct_report_latencies(report));
	markdown_charts(buf, report);
	markdown_table(buf, report->unicode, ct_report_statements(report));
	markdown_table(buf, report->unicode, ct_report_waits(report));
	markdown_table(buf, report->unicode, ct_report_blocking(report));
	markdown_table(buf, report->unicode, ct_report_deadlocks(report));
	markdown_table(buf, report->unicode, ct_report_resources(report));
	markdown_sentence(buf, ct_report_memory(report));
	markdown_table(buf, report->unicode, ct_report_errors(report));
	markdown_table(buf, report->unicode, ct_report_error_places(report));
	markdown_table(buf, report->unicode, ct_report_error_details(report));

	while (buf->len > 0 && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
}

const CtReportFormat ct_report_markdown = {
	.name = "markdown",
	.begin = markdown_begin,
	.one = markdown_one,
	.compares = true,
	.separator = "\n\n",
};
