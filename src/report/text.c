/*
 * text.c
 *		The report for people at a terminal.
 *
 * At most 100 columns also where psql, in its aligned format, adds a blank
 * before and a "+" behind each line.
 */
#include "postgres.h"

#include "src/report/report.h"

#define WIDTH 96
#define INDENT 2
#define MAX_ROWS 30
#define MIN_COLUMN 8

static void
text_section(StringInfo buf, const char *title)
{
	appendStringInfo(buf, "\n%s\n", title);
}

static void
text_line(StringInfo buf, const char *text)
{
	appendStringInfoSpaces(buf, INDENT);
	ct_text_wrap(buf, text, INDENT, WIDTH);
	appendStringInfoChar(buf, '\n');
}

/* How wide each column is to be; 0 for those that aren't shown. */
static int *
text_widths(const CtReportTable *table)
{
	int		   *widths = palloc0(table->ncolumns * sizeof(int));
	int			total = INDENT - 2;
	ListCell   *lc;
	int			i;

	for (i = 0; i < table->ncolumns; i++)
	{
		if (!ct_table_is_shown(table, i))
			continue;
		widths[i] = ct_text_width(table->columns[i].head);
		foreach(lc, table->rows)
		{
			if (foreach_current_index(lc) == MAX_ROWS)
				break;
			widths[i] = Max(widths[i], Min(ct_text_width(((const char **) lfirst(lc))[i]), WIDTH));
		}
		total += widths[i] + 2;
	}

	/* what may be cut is cut where it is widest */
	while (total > WIDTH)
	{
		int			widest = -1;

		for (i = 0; i < table->ncolumns; i++)
		{
			if (!table->columns[i].right && widths[i] > MIN_COLUMN &&
				(widest < 0 || widths[i] >= widths[widest]))
				widest = i;
		}
		if (widest < 0)
			break;
		widths[widest]--;
		total--;
	}
	return widths;
}

static void
text_cell(StringInfo buf, const CtReport *report, const CtReportColumn *column,
		   const char *text, int width)
{
	char	   *cell;
	int			pad;

	if (width == 0)
		return;
	cell = ct_text_cut(text, column->right ? WIDTH : width, report->unicode);
	pad = Max(width - ct_text_width(cell), 0);
	appendStringInfoSpaces(buf, column->right ? pad : 0);
	appendStringInfoString(buf, cell);
	appendStringInfoSpaces(buf, column->right ? 2 : pad + 2);
}

static void
text_end_row(StringInfo buf)
{
	while (buf->len > 0 && buf->data[buf->len - 1] == ' ')
		buf->data[--buf->len] = '\0';
	appendStringInfoChar(buf, '\n');
}

static void
text_table(StringInfo buf, const CtReport *report, const CtReportTable *table)
{
	int		   *widths;
	ListCell   *lc;
	int			i;

	if (table == NULL)
		return;
	widths = text_widths(table);

	text_section(buf, table->title);
	appendStringInfoSpaces(buf, INDENT);
	for (i = 0; i < table->ncolumns; i++)
		text_cell(buf, report, &table->columns[i], table->columns[i].head, widths[i]);
	text_end_row(buf);

	foreach(lc, table->rows)
	{
		const char **cells = lfirst(lc);

		if (foreach_current_index(lc) == MAX_ROWS)
		{
			text_line(buf, psprintf("... and %d more in %s",
							   list_length(table->rows) - MAX_ROWS, table->view));
			break;
		}
		appendStringInfoSpaces(buf, INDENT);
		for (i = 0; i < table->ncolumns; i++)
			text_cell(buf, report, &table->columns[i], cells[i], widths[i]);
		text_end_row(buf);
	}
}

static void
text_headline(StringInfo buf, const CtReport *report)
{
	char	   *title = ct_report_title(report->status, report->verdict);
	char	   *number = psprintf("run " INT64_FORMAT, report->run_id);
	int			room = WIDTH - strlen(title) - 2 - strlen(number) - 2;
	const char *name;
	char	   *reason = ct_report_reason(report);

	name = report->variant ? psprintf("%s / %s", report->scenario, report->variant) : report->scenario;
	if (report->verdict && strcmp(report->status, "succeeded") != 0)
		name = psprintf("%s (%s)", name, report->status);
	name = ct_text_cut(name, room, report->unicode);
	appendStringInfo(buf, "%s  %s%*s  %s\n", title, name,
					 Max(room - ct_text_width(name), 0), "", number);
	if (reason)
		text_line(buf, reason);

	appendStringInfoChar(buf, '\n');
	text_line(buf, ct_report_facts(report));
	if (report->params)
		text_line(buf, ct_text_cut(psprintf("params %s", report->params), WIDTH - INDENT, report->unicode));
}

static void
text_notes(StringInfo buf, const CtReport *report)
{
	char	   *note = ct_report_note(report);
	List	   *warnings = ct_report_warnings(report);
	ListCell   *lc;

	if (note)
		text_line(buf, note);
	if (warnings == NIL)
		return;
	appendStringInfoChar(buf, '\n');
	foreach(lc, warnings)
	{
		appendStringInfo(buf, "%*s! ", INDENT, "");
		ct_text_wrap(buf, lfirst(lc), INDENT + 2, WIDTH);
		appendStringInfoChar(buf, '\n');
	}
}

static void
text_anomalies(StringInfo buf, const CtReport *report)
{
	int			i;

	if (report->nanomalies == 0)
		return;
	text_section(buf, report->anomaly_count > report->nanomalies
			? psprintf("Anomalies (%d of %s; see ct_anomalies)",
					   report->nanomalies, ct_format_count(report->anomaly_count))
			: "Anomalies");
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtAnomalyRow *anomaly = &report->anomalies[i];
		char	   *text = psprintf("%s: %s", anomaly->check_name, ct_report_anomaly(report, anomaly));

		appendStringInfo(buf, "%*s%d. ", INDENT, "", i + 1);
		ct_text_wrap(buf, text, INDENT + 3, WIDTH);
		appendStringInfoChar(buf, '\n');
		if (anomaly->evidence)
			appendStringInfo(buf, "%*s%s\n", INDENT + 3, "",
							 ct_text_cut(anomaly->evidence, WIDTH - INDENT - 3, report->unicode));
	}
}

static void
text_throughput(StringInfo buf, const CtReport *report)
{
	char	   *throughput = ct_report_throughput(report);
	char	   *sparkline = ct_report_sparkline(report, 60);
	char	   *trend = ct_report_trend(report);
	char	   *fairness = ct_report_fairness(report);

	if (throughput == NULL && sparkline == NULL)
		return;
	text_section(buf, "Throughput");
	if (throughput)
		text_line(buf, throughput);
	if (sparkline)
		appendStringInfo(buf, "%*s%s\n", INDENT, "", sparkline);
	if (trend)
		text_line(buf, trend);
	if (fairness)
		text_line(buf, fairness);
}

/* ---- explorations ---- */

#define MAX_STORIES 3
#define MAX_COLUMNS 3			/* sessions side by side; more are told in one */

/*
 * The text in lines of that width, at most so many; List of char *.  What
 * doesn't fit is cut.
 */
static List *
text_fold(const char *text, int width, int nlines, bool unicode)
{
	StringInfoData buf;
	List	   *lines = NIL;
	char	   *rest;
	char	   *line;

	initStringInfo(&buf);
	ct_text_wrap(&buf, text, 0, width);
	rest = buf.data;
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		if (list_length(lines) == nlines - 1 && rest != NULL)
		{
			/* this line and all that follows, as far as there is room */
			lines = lappend(lines, ct_text_cut(psprintf("%s %s", line, rest), width, unicode));
			break;
		}
		lines = lappend(lines, line);
	}
	return lines;
}

/* A step's lines within its column: the statement, and what came of it where there is room, or below. */
static List *
text_step_lines(const CtReport *report, const struct CtReportStoryLine *line, int width)
{
	int			nlines = width < WIDTH / 2 - 8 ? 3 : 2;
	List	   *lines;
	char	   *last;

	if (line->what == NULL)
		return text_fold(line->outcome ? line->outcome : "", width, nlines, report->unicode);
	lines = text_fold(line->what, width, nlines, report->unicode);
	if (line->outcome == NULL)
		return lines;
	last = llast(lines);
	if (ct_text_width(last) + 2 + ct_text_width(line->outcome) <= width)
		llast(lines) = psprintf("%s  %s", last, line->outcome);
	else
		lines = list_concat(lines, text_fold(psprintf("%s", line->outcome), width, nlines, report->unicode));
	return lines;
}

static void
text_story_lines(StringInfo buf, const CtReport *report, const CtReportStory *story)
{
	int			columns = story->sessions <= MAX_COLUMNS ? story->sessions : 1;
	int			margin = INDENT + 5;	/* number and mark */
	int			width = (WIDTH - margin - 2 * (columns - 1)) / columns;
	bool		marked = false;
	int			i;

	if (columns > 1)
	{
		appendStringInfoSpaces(buf, margin);
		for (i = 1; i <= columns; i++)
			appendStringInfo(buf, "%-*s", i < columns ? width + 2 : 0, psprintf("session %d", i));
		appendStringInfoChar(buf, '\n');
	}
	for (i = 0; i < story->nlines; i++)
	{
		const struct CtReportStoryLine *line = &story->lines[i];
		struct CtReportStoryLine named = *line;
		int			column = columns > 1 ? line->session - 1 : 0;
		ListCell   *lc;

		if (columns == 1 && line->what)
			named.what = psprintf("session %d: %s", line->session, line->what);
		else if (columns == 1)
			named.outcome = psprintf("session %d %s", line->session, line->outcome ? line->outcome : "");
		foreach(lc, text_step_lines(report, &named, width))
		{
			if (foreach_current_index(lc) == 0)
				appendStringInfo(buf, "%*d%s", INDENT + 2, i + 1, line->conflicts ? " * " : "   ");
			else
				appendStringInfoSpaces(buf, margin);
			appendStringInfo(buf, "%*s%s\n", column * (width + 2), "", (const char *) lfirst(lc));
		}
		marked |= line->conflicts;
	}
	if (marked)
		text_line(buf, "* their order makes the difference");
}

static void
text_story_states(StringInfo buf, const CtReport *report, const CtReportStory *story)
{
	int			width = (WIDTH - INDENT - 2) / 2;
	const char *head[] = {"The tables at its end", psprintf("and %s", story->serial_title)};
	int			i;

	if (story->ndiffering == 0)
		return;
	appendStringInfoChar(buf, '\n');
	for (i = -1; i < story->ndiffering; i++)
	{
		char	   *here = ct_text_cut(i < 0 ? head[0] : story->here[i], width, report->unicode);
		char	   *serial = ct_text_cut(i < 0 ? head[1] : story->serial[i], width, report->unicode);

		appendStringInfo(buf, "%*s%s%*s%s", INDENT, "", here,
						 *serial ? width + 2 - ct_text_width(here) : 0, "", serial);
		text_end_row(buf);
	}
	if (story->nsame > 0)
		text_line(buf, psprintf("%s the same in both", ct_format_plural(story->nsame, "row is", "rows are")));
}

static void
text_exploration(StringInfo buf, const CtReport *report)
{
	List	   *coverage = ct_report_coverage(report);
	ListCell   *lc;

	if (coverage == NIL)
		return;
	foreach(lc, ct_report_stories(report, MAX_STORIES))
	{
		const CtReportStory *story = lfirst(lc);

		text_section(buf, story->title);
		if (story->gist)
			text_line(buf, story->gist);
		text_story_lines(buf, report, story);
		text_story_states(buf, report, story);
	}
	text_table(buf, report, ct_report_permutations(report));
	text_section(buf, "Exploration");
	foreach(lc, coverage)
		text_line(buf, lfirst(lc));
}

static void
text_begin(StringInfo buf, const CtReportList *list)
{
	if (list->many)
		appendStringInfo(buf, "%s\n\n\n", ct_report_summary(list));
}

static void
text_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	char	   *orders = ct_report_orders(report);

	text_headline(buf, report);
	text_notes(buf, report);

	text_exploration(buf, report);
	text_table(buf, report, ct_report_checks(report));
	text_anomalies(buf, report);
	text_table(buf, report, ct_report_evidence(report));
	if (orders)
		text_line(buf, orders);
	text_table(buf, report, ct_report_outcomes(report));
	text_table(buf, report, ct_report_tallies(report));

	text_throughput(buf, report);
	text_table(buf, report, ct_report_repeats(report));
	if (ct_report_spread(report))
		text_line(buf, ct_report_spread(report));
	text_table(buf, report, ct_report_regressions(report));
	if (ct_report_compared(report))
		text_line(buf, ct_report_compared(report));
	text_table(buf, report, ct_report_phases(report));
	text_table(buf, report, ct_report_classes(report));
	text_table(buf, report, ct_report_latencies(report));
	if (report->nbuckets > 0)
	{
		text_section(buf, "Transactions by latency, from");
		ct_report_histogram(buf, report, WIDTH);
	}
	text_table(buf, report, ct_report_statements(report));
	text_table(buf, report, ct_report_waits(report));
	text_table(buf, report, ct_report_blocking(report));
	text_table(buf, report, ct_report_deadlocks(report));
	text_table(buf, report, ct_report_resources(report));
	if (ct_report_memory(report))
		text_line(buf, ct_report_memory(report));
	text_table(buf, report, ct_report_errors(report));
	text_table(buf, report, ct_report_error_places(report));
	text_table(buf, report, ct_report_error_details(report));

	/* psql ends the value with a newline of its own */
	while (buf->len > 0 && buf->data[buf->len - 1] == '\n')
		buf->data[--buf->len] = '\0';
}

const CtReportFormat ct_report_text = {
	.name = "text",
	.begin = text_begin,
	.one = text_one,
	.compares = true,
	.separator = "\n\n\n",
};
