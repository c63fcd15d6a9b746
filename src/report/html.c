/*
 * html.c
 *		The report as a page for a browser: a run, or many below a table of them.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"

#include "src/report/page.h"

#define MAX_ROWS 100			/* of a table that isn't a chart's */

/* ---- sections and figures ---- */

void
ct_page_section(CtPage *page, const char *id, const char *title)
{
	CtPageSection *section = palloc(sizeof(CtPageSection));

	if (page->sections != NIL)
		appendStringInfoString(page->buf, "</section>\n");
	section->id = id;
	section->title = title;
	page->sections = lappend(page->sections, section);
	appendStringInfo(page->buf, "<section id=\"%s-%s\" aria-labelledby=\"%s-%s-h\">\n<h%d id=\"%s-%s-h\">%s</h%d>\n",
					 page->anchor, id, page->anchor, id, page->level + 1, page->anchor, id, title, page->level + 1);
}

void
ct_page_figure(CtPage *page, const char *caption, const char *detail)
{
	appendStringInfoString(page->buf, "<figure>\n<figcaption>");
	ct_markup_text(page->buf, caption);
	if (detail)
	{
		appendStringInfoString(page->buf, "<small>");
		ct_markup_text(page->buf, detail);
		appendStringInfoString(page->buf, "</small>");
	}
	appendStringInfoString(page->buf, "</figcaption>\n");
}

void
ct_page_end_figure(CtPage *page, const CtReportTable *table, int max_rows)
{
	if (table)
	{
		appendStringInfoString(page->buf, "<details><summary>");
		ct_markup_text(page->buf, table->title);
		appendStringInfo(page->buf, ", as a table</summary>\n");
		ct_markup_table(page->buf, table, max_rows);
		appendStringInfoString(page->buf, "</details>\n");
	}
	appendStringInfoString(page->buf, "</figure>\n");
}

void
ct_page_key(CtPage *page, const char *const *names, int n, bool lines)
{
	int			i;

	appendStringInfoString(page->buf, "<ul class=\"key\" aria-hidden=\"true\">");
	for (i = 0; i < n; i++)
	{
		int			colour = 1 + i % CT_PAGE_COLOURS;

		if (lines)
			appendStringInfo(page->buf, "<li><svg viewBox=\"0 0 28 10\"><path class=\"line s%d\" d=\"M1 5H27\"/></svg>", colour);
		else
			appendStringInfo(page->buf, "<li><svg viewBox=\"0 0 28 10\"><rect class=\"f%d\" width=\"28\" height=\"10\"/></svg>", colour);
		ct_markup_text(page->buf, names[i]);
		appendStringInfoString(page->buf, "</li>");
	}
	appendStringInfoString(page->buf, "</ul>\n");
}

void
ct_page_table(CtPage *page, const CtReportTable *table)
{
	if (table == NULL)
		return;
	if (table->title)
	{
		appendStringInfo(page->buf, "<h%d>", page->level + 2);
		ct_markup_text(page->buf, table->title);
		appendStringInfo(page->buf, "</h%d>\n", page->level + 2);
	}
	ct_markup_table(page->buf, table, MAX_ROWS);
}

/* ---- the head of a run ---- */

static void
html_figure(StringInfo buf, const char *name, const char *value)
{
	if (strcmp(value, "-") == 0)
		return;
	appendStringInfo(buf, "<div><dt>%s</dt><dd>", name);
	ct_markup_text(buf, value);
	appendStringInfoString(buf, "</dd></div>\n");
}

/* A name, in whichever direction its script is written. */
static void
html_name(StringInfo buf, const char *name, bool unicode)
{
	appendStringInfoString(buf, "<bdi>");
	ct_markup_text(buf, ct_text_cut(name, 200, unicode));
	appendStringInfoString(buf, "</bdi>");
}

static void
html_headline(CtPage *page)
{
	const CtReport *report = page->report;
	StringInfo	buf = page->buf;
	char	   *title = ct_report_title(report->status, report->verdict);
	char	   *class = pstrdup(title);
	ListCell   *lc;
	char	   *p;

	for (p = class; *p; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	appendStringInfo(buf, "<header class=\"head %s\">\n<p class=\"verdict\">%s</p>\n<h%d id=\"%s-h\">",
					 class, title, page->level, page->anchor);
	html_name(buf, report->scenario, report->unicode);
	if (report->variant)
	{
		appendStringInfoString(buf, " / ");
		html_name(buf, report->variant, report->unicode);
	}
	appendStringInfo(buf, "</h%d>\n", page->level);
	ct_markup_paragraph(buf, "reason", ct_report_reason(report));
	appendStringInfo(buf, "<p class=\"dim\">Run " INT64_FORMAT "%s: ", report->run_id,
					 report->verdict && strcmp(report->status, "succeeded") != 0 ? psprintf(" (%s)", report->status) : "");
	ct_markup_text(buf, ct_report_facts(report));
	appendStringInfoString(buf, ".</p>\n");
	if (report->params)
	{
		appendStringInfoString(buf, "<p class=\"dim\">Parameters: ");
		ct_markup_code(buf, report->params, 1000);
		appendStringInfoString(buf, "</p>\n");
	}
	appendStringInfoString(buf, "</header>\n");

	appendStringInfoString(buf, "<dl class=\"figures\">\n");
	html_figure(buf, "transactions per second", ct_format_float(report->tps));
	html_figure(buf, "median latency", ct_format_ms(report->p50_ms, report->unicode));
	html_figure(buf, "95th percentile", ct_format_ms(report->p95_ms, report->unicode));
	html_figure(buf, "99th percentile", ct_format_ms(report->p99_ms, report->unicode));
	html_figure(buf, "transactions", ct_format_count(report->transactions));
	html_figure(buf, "failed", ct_format_count(report->failed));
	if (report->nexplorations > 0)
		html_figure(buf, "orders executed", ct_format_count(report->explorations[0].complete));
	html_figure(buf, "anomalies", ct_format_count(report->anomaly_count));
	appendStringInfoString(buf, "</dl>\n");

	ct_markup_paragraph(buf, "note", ct_report_note(report));
	foreach(lc, ct_report_warnings(report))
	{
		appendStringInfoString(buf, foreach_current_index(lc) == 0 ? "<ul class=\"warnings\" aria-label=\"Warnings\"><li>" : "<li>");
		ct_markup_text(buf, lfirst(lc));
		appendStringInfoString(buf, "</li>\n");
	}
	if (ct_report_warnings(report) != NIL)
		appendStringInfoString(buf, "</ul>\n");
}

/* ---- sections without pictures ---- */

/* A table's rows whose second column, the kind, is a threshold, or isn't. */
static CtReportTable *
html_checks_of(CtReportTable *table, bool thresholds)
{
	CtReportTable *part = palloc(sizeof(CtReportTable));
	ListCell   *lc;

	*part = *table;
	part->title = thresholds ? "Thresholds" : "Checks";
	part->rows = NIL;
	foreach(lc, table->rows)
	{
		const char **cells = lfirst(lc);

		if ((strcmp(cells[1], "threshold") == 0) == thresholds)
			part->rows = lappend(part->rows, cells);
	}
	return part->rows ? part : NULL;
}

static void
html_checks(CtPage *page)
{
	CtReportTable *table = ct_report_checks(page->report);

	if (table == NULL)
		return;
	ct_page_section(page, "checks", "Checks and thresholds");
	ct_page_table(page, html_checks_of(table, false));
	ct_page_table(page, html_checks_of(table, true));
}

static void
html_anomalies(CtPage *page)
{
	const CtReport *report = page->report;
	StringInfo	buf = page->buf;
	int			i;

	if (report->nanomalies == 0)
		return;
	ct_page_section(page, "anomalies", "Anomalies");
	if (report->anomaly_count > report->nanomalies)
		appendStringInfo(buf, "<p class=\"note\">The first %d of %s; the view <code>ct_anomalies</code> has what is kept of them.</p>\n",
						 report->nanomalies, ct_format_count(report->anomaly_count));
	appendStringInfoString(buf, "<ol>\n");
	for (i = 0; i < report->nanomalies; i++)
	{
		const CtAnomalyRow *anomaly = &report->anomalies[i];

		appendStringInfoString(buf, "<li>");
		ct_markup_code(buf, anomaly->check_name, 200);
		appendStringInfoString(buf, ": ");
		ct_markup_text(buf, ct_report_anomaly(report, anomaly));
		if (anomaly->evidence)
		{
			appendStringInfoString(buf, "<br>");
			ct_markup_code(buf, anomaly->evidence, 1000);
		}
		appendStringInfoString(buf, "</li>\n");
	}
	appendStringInfoString(buf, "</ol>\n");
}

static void
html_evidence(CtPage *page)
{
	CtReportTable *evidence = ct_report_evidence(page->report);

	if (evidence == NULL)
		return;
	ct_page_section(page, "evidence", "How much met");
	ct_markup_table(page->buf, evidence, 0);
}

static void
html_outcomes(CtPage *page)
{
	CtReportTable *outcomes = ct_report_outcomes(page->report);
	CtReportTable *tallies = ct_report_tallies(page->report);

	if (outcomes == NULL && tallies == NULL)
		return;
	ct_page_section(page, "outcomes", "Outcomes");
	if (outcomes)
		ct_markup_table(page->buf, outcomes, MAX_ROWS);
	ct_page_table(page, tallies);
}

static void
html_errors(CtPage *page)
{
	CtReportTable *errors = ct_report_errors(page->report);

	if (errors == NULL)
		return;
	ct_page_section(page, "errors", "Errors");
	ct_markup_table(page->buf, errors, MAX_ROWS);
	ct_page_table(page, ct_report_error_places(page->report));
	ct_page_table(page, ct_report_error_details(page->report));
}

/* ---- the page ---- */

/* in the order of the page */
static void (*const sections[]) (CtPage *page) = {
	ct_page_exploration,
	html_checks,
	html_anomalies,
	html_evidence,
	ct_page_orders,
	html_outcomes,
	ct_page_repeats,
	ct_page_regressions,
	ct_page_timeline,
	ct_page_latency,
	ct_page_classes,
	ct_page_waits,
	ct_page_blocking,
	ct_page_deadlocks,
	ct_page_resources,
	ct_page_workers,
	ct_page_samples,
	html_errors,
};

static void
html_begin(StringInfo buf, const CtReportList *list)
{
	const CtReportLine *first = &list->lines[0];

	appendStringInfoString(buf, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
						   "<meta name=\"color-scheme\" content=\"light dark\">\n"
						   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
						   "<title>");
	if (list->many)
		ct_markup_text(buf, ct_format_plural(list->n, "run", "runs"));
	else
		ct_markup_text(buf, psprintf("%s %s%s%s, run " INT64_FORMAT, ct_report_title(first->status, first->verdict),
									 ct_text_cut(first->scenario, 200, false), first->variant ? " / " : "",
									 first->variant ? ct_text_cut(first->variant, 200, false) : "", first->run_id));
	appendStringInfo(buf, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", ct_page_style);
	if (list->many)
		ct_page_runs(buf, list);
}

static void
html_one(StringInfo buf, const CtReportList *list, int i, const CtReport *report)
{
	CtReport	own = *report;
	StringInfoData body;
	CtPage		page = {.buf = buf,.report = &own,.level = list->many ? 2 : 1};
	ListCell   *lc;
	int			k;

	/* the page has all characters, whatever the client's encoding; only the database's limits them */
	own.unicode = GetDatabaseEncoding() == PG_UTF8;
	page.anchor = psprintf("r%d", i + 1);
	appendStringInfo(buf, "<article class=\"run\" id=\"%s\" aria-labelledby=\"%s-h\">\n", page.anchor, page.anchor);
	html_headline(&page);

	initStringInfo(&body);
	page.buf = &body;
	for (k = 0; k < lengthof(sections); k++)
		sections[k] (&page);
	if (page.sections != NIL)
	{
		appendStringInfoString(&body, "</section>\n");
		appendStringInfo(buf, "<nav aria-label=\"Sections of run " INT64_FORMAT "\">", report->run_id);
		foreach(lc, page.sections)
		{
			CtPageSection *section = lfirst(lc);

			appendStringInfo(buf, "<a href=\"#%s-%s\">%s</a>\n", page.anchor, section->id, section->title);
		}
		appendStringInfoString(buf, "</nav>\n");
	}
	appendBinaryStringInfo(buf, body.data, body.len);
	appendStringInfoString(buf, "</article>\n");
}

static void
html_end(StringInfo buf, const CtReportList *list)
{
	appendStringInfo(buf, "</main>\n<footer>Written by ct_ext %s.</footer>\n</body>\n</html>", CT_EXT_VERSION);
}

const CtReportFormat ct_report_html = {
	.name = "html",
	.begin = html_begin,
	.one = html_one,
	.compares = true,
	.separator = "",
	.end = html_end,
};
