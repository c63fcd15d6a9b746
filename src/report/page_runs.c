/*
 * page_runs.c
 *		What a page says of several runs together.
 *
 * Of many runs: a table, and of each scenario that ran several times,
 * throughput and latency side by side; of a run, the same of its repeats.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define MAX_REPEATS 100

static const char *
runs_name(const CtReportLine *line)
{
	return line->variant ? line->variant : "(no variant)";
}

/* The cell of a verdict. */
static void
runs_verdict(StringInfo buf, const CtReportLine *line)
{
	const char *title = ct_report_title(line->status, line->verdict);

	appendStringInfo(buf, "<td class=\"is-%s\">%s", strcmp(title, "PASS") == 0 ? "pass" :
					 strcmp(title, "FAIL") == 0 || strcmp(title, "ERROR") == 0 || strcmp(title, "CRASHED") == 0 ? "fail" : "open", title);
}

static void
runs_table(StringInfo buf, const CtReportList *list)
{
	int			i;

	appendStringInfoString(buf, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Runs\">"
						   "<table class=\"c1 c5 c6 c7 c8 c9 c10 c11\" data-view=\"ct_runs\">\n<thead><tr><th scope=\"col\">run"
						   "<th scope=\"col\">scenario<th scope=\"col\">variant<th scope=\"col\">verdict<th scope=\"col\">duration"
						   "<th scope=\"col\">transactions<th scope=\"col\">per second<th scope=\"col\">p95<th scope=\"col\">p99"
						   "<th scope=\"col\">failed<th scope=\"col\">anomalies</tr></thead>\n<tbody>\n");
	for (i = 0; i < list->n; i++)
	{
		const CtReportLine *line = &list->lines[i];

		appendStringInfo(buf, "<tr><td><a href=\"#r%d\">" INT64_FORMAT "</a><td>", i + 1, line->run_id);
		ct_markup_code(buf, line->scenario, 60);
		appendStringInfoString(buf, "<td>");
		ct_markup_code(buf, line->variant ? line->variant : "", 60);
		runs_verdict(buf, line);
		appendStringInfoString(buf, "<td>");
		ct_markup_text(buf, ct_format_ms(line->duration_ms, list->unicode));
		appendStringInfo(buf, "<td>%s<td>%s<td>", ct_format_count(line->transactions), ct_format_float(line->tps));
		ct_markup_text(buf, ct_format_ms(line->p95_ms, list->unicode));
		appendStringInfoString(buf, "<td>");
		ct_markup_text(buf, ct_format_ms(line->p99_ms, list->unicode));
		appendStringInfo(buf, "<td>%s<td>%s\n", ct_format_count(line->failed), ct_format_count(line->anomalies));
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
}

/* A number as its view has it. */
static char *
runs_number(double x, int digits)
{
	return isnan(x) ? pstrdup("") : psprintf("%.*f", digits, Min(x, 1e15));
}

/*
 * Runs side by side: bars, and on those of throughput the interval as a line.
 * anchors: of each run the number of its report on the page, or NULL.
 */
static void
runs_side_by_side(StringInfo buf, const CtReportLine *const *lines, const int *anchors, int n, const char *label)
{
	double		most_tps = 0;
	double		most_p95 = 0;
	bool		intervals = false;
	int			i;

	for (i = 0; i < n; i++)
	{
		most_tps = Max(most_tps, isnan(lines[i]->tps) ? 0 : lines[i]->tps);
		most_tps = Max(most_tps, isnan(lines[i]->tps_high) ? 0 : lines[i]->tps_high);
		most_p95 = Max(most_p95, isnan(lines[i]->p95_ms) ? 0 : lines[i]->p95_ms);
		intervals |= !isnan(lines[i]->tps_low) && !isnan(lines[i]->tps_high);
	}
	appendStringInfo(buf, "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">"
					 "<table class=\"c1 c4 c7\" data-view=\"ct_runs\">\n<thead><tr><th scope=\"col\">run<th scope=\"col\">variant"
					 "<th scope=\"col\">verdict<th scope=\"col\" class=\"l\" colspan=\"2\">transactions per second"
					 "<th scope=\"col\">its interval<th scope=\"col\" colspan=\"2\">p95, ms</tr></thead>\n<tbody>\n", label);
	for (i = 0; i < n; i++)
	{
		const CtReportLine *line = lines[i];

		if (anchors)
			appendStringInfo(buf, "<tr><td><a href=\"#r%d\">" INT64_FORMAT "</a><td>", anchors[i], line->run_id);
		else
			appendStringInfo(buf, "<tr><td>" INT64_FORMAT "<td>", line->run_id);
		ct_markup_code(buf, runs_name(line), 60);
		runs_verdict(buf, line);
		appendStringInfo(buf, "<td>%s", runs_number(line->tps, 1));
		ct_markup_interval(buf, line->tps / most_tps, line->tps_low / most_tps, line->tps_high / most_tps, 1);
		appendStringInfo(buf, "<td>%s%s%s<td>%s", runs_number(line->tps_low, 1), isnan(line->tps_low) ? "" : " to ",
						 runs_number(line->tps_high, 1), runs_number(line->p95_ms, 3));
		ct_markup_interval(buf, most_p95 > 0 ? line->p95_ms / most_p95 : NAN, NAN, NAN, 2);
		appendStringInfoChar(buf, '\n');
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
	if (intervals)
		ct_markup_paragraph(buf, "note", "The line on a bar is the 95 % interval of the rate within that run: how steady it was, not what another run would come to.");
}

/* Runs of a scenario, if there is something to show. */
static void
runs_compare(StringInfo buf, const CtReportList *list, const char *scenario)
{
	const CtReportLine **lines = palloc(list->n * sizeof(CtReportLine *));
	int		   *anchors = palloc(list->n * sizeof(int));
	bool		any = false;
	int			n = 0;
	int			i;

	for (i = 0; i < list->n; i++)
	{
		if (strcmp(list->lines[i].scenario, scenario) != 0)
			continue;
		any |= list->lines[i].tps > 0;
		anchors[n] = i + 1;
		lines[n++] = &list->lines[i];
	}
	if (!any)
		return;
	appendStringInfoString(buf, "<h3>");
	ct_markup_text(buf, ct_text_cut(scenario, 200, list->unicode));
	appendStringInfoString(buf, "</h3>\n");
	runs_side_by_side(buf, lines, anchors, n, "Runs side by side");
}

void
ct_page_repeats(CtPage *page)
{
	const CtReport *report = page->report;
	char	   *spread = ct_report_spread(report);
	const CtReportLine **lines;
	int			n = Min(report->nrepeats, MAX_REPEATS);
	int			i;

	if (spread == NULL)
		return;
	lines = palloc(n * sizeof(CtReportLine *));
	for (i = 0; i < n; i++)
		lines[i] = &report->repeats[i];
	ct_page_section(page, "repeats", "Repeats");
	ct_markup_paragraph(page->buf, NULL, spread);
	runs_side_by_side(page->buf, lines, NULL, n, "Repeats");
	if (report->nrepeats > n)
		appendStringInfo(page->buf, "<p class=\"note\">These are the first %d; %s more are in the view <code>ct_runs</code>.</p>\n",
						 n, ct_format_count(report->nrepeats - n));
}

void
ct_page_runs(StringInfo buf, const CtReportList *list)
{
	bool		begun = false;
	int			i;
	int			k;

	appendStringInfo(buf, "<h1>%s</h1>\n", ct_format_plural(list->n, "run", "runs"));
	ct_markup_paragraph(buf, "reason", ct_report_summary(list));
	runs_table(buf, list);
	for (i = 0; i < list->n; i++)
	{
		bool		again = false;
		bool		before = false;

		for (k = 0; k < list->n; k++)
			if (k != i && list->lines[k].run_id != list->lines[i].run_id &&
				strcmp(list->lines[k].scenario, list->lines[i].scenario) == 0)
			{
				again = true;
				before |= k < i;
			}
		if (!again || before)
			continue;
		if (!begun)
			appendStringInfoString(buf, "<section aria-labelledby=\"compare-h\"><h2 id=\"compare-h\">Side by side</h2>\n");
		begun = true;
		runs_compare(buf, list, list->lines[i].scenario);
	}
	if (begun)
		appendStringInfoString(buf, "</section>\n");
}
