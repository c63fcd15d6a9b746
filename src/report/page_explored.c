/*
 * page_explored.c
 *		A page's sections of orders: those that an exploration has executed, told
 *		step by step, and those that were seen under load.
 */
#include "postgres.h"

#include "src/report/page.h"

#define MAX_STORIES 3
#define STEP_WIDTH 300
#define MAX_PAIRS 9				/* of scripts whose orders are shown */
#define MAX_STEPS 20			/* of a script */

/* ---- explorations ---- */

/* A column for each session, a row for each step. */
static void
explored_steps(CtPage *page, const CtReportStory *story)
{
	StringInfo	buf = page->buf;
	bool		marked = false;
	int			i;
	int			k;

	appendStringInfo(buf, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Steps of %s\">"
					 "<table class=\"story c1\" data-view=\"ct_steps\">\n<thead><tr><th scope=\"col\">step", "the order");
	for (k = 1; k <= story->sessions; k++)
		appendStringInfo(buf, "<th scope=\"col\">session %d", k);
	appendStringInfoString(buf, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < story->nlines; i++)
	{
		const struct CtReportStoryLine *line = &story->lines[i];

		appendStringInfo(buf, "<tr%s><td>%d%s", line->conflicts ? " class=\"conflict\"" : "", i + 1, line->conflicts ? " *" : "");
		for (k = 1; k <= story->sessions; k++)
		{
			appendStringInfoString(buf, k == line->session ? "<td class=\"own\">" : "<td>");
			if (k != line->session)
				continue;
			if (line->what)
				ct_markup_code(buf, line->what, STEP_WIDTH);
			if (line->outcome)
			{
				appendStringInfoString(buf, line->what ? "<span class=\"outcome\">" : "<span>");
				ct_markup_text(buf, ct_text_cut(line->outcome, STEP_WIDTH, page->report->unicode));
				appendStringInfoString(buf, "</span>");
			}
		}
		appendStringInfoChar(buf, '\n');
		marked |= line->conflicts;
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
	if (marked)
		ct_markup_paragraph(buf, "note", "* Their order makes the difference.");
}

static void
explored_row(StringInfo buf, const char *row)
{
	appendStringInfoString(buf, *row ? "<td>" : "<td class=\"dim\">no such row");
	ct_markup_code(buf, row, STEP_WIDTH);
}

/* The rows that the order leaves, beside those of a serial one. */
static void
explored_states(CtPage *page, const CtReportStory *story)
{
	StringInfo	buf = page->buf;
	int			i;

	if (story->ndiffering == 0)
		return;
	appendStringInfoString(buf, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Tables at the end\"><table data-view=\"ct_permutations\">\n"
						   "<thead><tr><th scope=\"col\">the tables at its end<th scope=\"col\">");
	ct_markup_text(buf, story->serial_title);
	appendStringInfoString(buf, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < story->ndiffering; i++)
	{
		appendStringInfoString(buf, "<tr>");
		explored_row(buf, story->here[i]);
		explored_row(buf, story->serial[i]);
		appendStringInfoChar(buf, '\n');
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
	if (story->nsame > 0)
		ct_markup_paragraph(buf, "note", psprintf("%s the same in both.", ct_format_plural(story->nsame, "row is", "rows are")));
}

void
ct_page_exploration(CtPage *page)
{
	List	   *coverage = ct_report_coverage(page->report);
	ListCell   *lc;

	if (coverage == NIL)
		return;
	ct_page_section(page, "exploration", "Exploration");
	foreach(lc, ct_report_stories(page->report, MAX_STORIES))
	{
		const CtReportStory *story = lfirst(lc);

		appendStringInfo(page->buf, "<h%d>", page->level + 2);
		ct_markup_text(page->buf, story->title);
		appendStringInfo(page->buf, "</h%d>\n", page->level + 2);
		ct_markup_paragraph(page->buf, NULL, story->gist);
		explored_steps(page, story);
		explored_states(page, story);
	}
	ct_page_table(page, ct_report_permutations(page->report));
	foreach(lc, coverage)
		ct_markup_paragraph(page->buf, NULL, lfirst(lc));
}

/* ---- orders under load ---- */

/* What a step says, from its statement's latencies; NULL if nothing is known of it. */
static const char *
explored_sql(const CtReport *report, const char *script, int step)
{
	int			i;

	for (i = 0; i < report->nlatencies; i++)
		if (report->latencies[i].step == step && strcmp(report->latencies[i].script, script) == 0)
			return report->latencies[i].sql;
	return NULL;
}

/* The pairs from one on that are of the same two scripts: a row for each step of the first. */
static int
explored_matrix(CtPage *page, const CtReportPair *pairs, int n)
{
	StringInfo	buf = page->buf;
	int			end;
	int			i;
	int			step = -1;
	int			columns = 0;

	for (end = 1; end < n && strcmp(pairs[end].script, pairs->script) == 0 &&
		 strcmp(pairs[end].other_script, pairs->other_script) == 0; end++)
		;
	while (columns < end && pairs[columns].step == pairs->step)
		columns++;
	if (columns > MAX_STEPS || end / columns > MAX_STEPS)
	{
		ct_markup_paragraph(buf, "note", psprintf("The orders of %s and %s are %s: see the view ct_orders.", pairs->script,
												  pairs->other_script, ct_format_count(end)));
		return end;
	}
	appendStringInfoString(buf, "<figure><figcaption>");
	if (strcmp(pairs->script, pairs->other_script) == 0)
		ct_markup_text(buf, psprintf("A step of %s, and one of another session's", pairs->script));
	else
		ct_markup_text(buf, psprintf("A step of %s, and one of %s", pairs->script, pairs->other_script));
	appendStringInfoString(buf, "</figcaption>\n<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Orders seen\">"
						   "<table class=\"orders\" data-view=\"ct_orders\">\n<thead><tr><th scope=\"col\">step");
	for (i = 0; i < columns; i++)
		appendStringInfo(buf, "<th scope=\"col\">%d", pairs[i].other_step);
	appendStringInfoString(buf, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < end; i++)
	{
		const CtReportPair *pair = &pairs[i];
		const char *sql = explored_sql(page->report, pair->script, pair->step);

		if (pair->step != step)
		{
			appendStringInfo(buf, "%s<tr><th scope=\"row\">%d ", step < 0 ? "" : "\n", pair->step);
			ct_markup_code(buf, sql ? sql : "", 48);
		}
		step = pair->step;
		appendStringInfo(buf, "<td%s>%s", pair->before_seen && pair->after_seen ? "" : " class=\"once\"",
						 pair->before_seen && pair->after_seen ? "both" : pair->before_seen ? "before" :
						 pair->after_seen ? "after" : "neither");
	}
	appendStringInfoString(buf, "\n</tbody></table></div></figure>\n");
	return end;
}

void
ct_page_orders(CtPage *page)
{
	const CtReport *report = page->report;
	int			shown = 0;
	int			i = 0;

	if (report->npairs == 0 || report->pairs <= 1)
		return;
	ct_page_section(page, "orders", "Orders seen");
	ct_markup_paragraph(page->buf, NULL, ct_report_orders(report));
	ct_markup_paragraph(page->buf, "note", "Of two transactions that overlapped: whether the step of a row was seen to end before "
						"that of a column began, after it, or both. A lock that is right makes orders impossible, so that none has to be seen.");
	if (report->npairs < report->pairs)
	{
		ct_markup_paragraph(page->buf, "note", psprintf("They are %s, too many for a page: see the view ct_orders.",
														ct_format_count(report->pairs)));
		return;
	}
	appendStringInfoString(page->buf, "<div class=\"charts\">\n");
	while (i < report->npairs && shown++ < MAX_PAIRS)
		i += explored_matrix(page, &report->order_pairs[i], report->npairs - i);
	appendStringInfoString(page->buf, "</div>\n");
	if (i < report->npairs)
		ct_markup_paragraph(page->buf, "note", "More are in the view ct_orders.");
}
