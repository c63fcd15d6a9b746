/*
 * page_regressions.c
 *		A page's section of a run against earlier ones.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define WIDTH 440
#define ROW_HEIGHT 26
#define MOST 100				/* percent; what is beyond would leave no room for the rest */

static double
regression_percent(double change)
{
	return Max(Min(change * 100, MOST), -100);
}

/* A line for each metric: its interval about the change, on an axis with 0 within. */
static void
regression_chart(CtPage *page, const CtReportTable *table)
{
	const CtReport *report = page->report;
	double		low = 0;
	double		high = 0;
	bool		beyond = false;
	int			n = 0;
	CtSvg		svg;
	int			i;

	for (i = 0; i < report->nregressions; i++)
	{
		const CtReportRegression *row = &report->regressions[i];

		if (isnan(row->change_low) || isnan(row->change_high))
			continue;
		low = Min(low, regression_percent(row->change_low));
		high = Max(high, regression_percent(row->change_high));
		beyond |= row->change_high * 100 > MOST;
		n++;
	}
	if (n == 0)
		return;
	ct_page_figure(page, "Change against earlier runs, with its interval",
				   psprintf("What crosses the line at 0 is no difference that was seen; less is better, but for tps.%s",
							beyond ? " What ends at the right edge goes on beyond it." : ""));
	ct_svg_begin(&svg, page->buf, WIDTH, n * ROW_HEIGHT + 22 + CT_SVG_BOTTOM,
				 psprintf("Change of %s, with intervals", ct_format_plural(n, "metric", "metrics")));
	svg.x.from = 84;
	svg.x.to = WIDTH - 30;
	ct_svg_scale_around_zero(&svg.x, CT_SVG_CHANGE, low, high);
	ct_svg_x_axis(&svg);
	appendStringInfoString(page->buf, "<path class=\"mark\" d=\"M");
	ct_svg_number(page->buf, ct_svg_at(&svg.x, 0));
	appendStringInfoChar(page->buf, ' ');
	ct_svg_number(page->buf, svg.y.to);
	appendStringInfoChar(page->buf, 'V');
	ct_svg_number(page->buf, svg.y.from);
	appendStringInfoString(page->buf, "\"/>\n");
	for (i = n = 0; i < report->nregressions; i++)
	{
		const CtReportRegression *row = &report->regressions[i];
		int			colour = row->significant == 1 ? 2 : row->significant == 0 ? 1 : 6;
		double		from;
		double		to;
		double		y;

		if (isnan(row->change_low) || isnan(row->change_high))
			continue;
		y = svg.y.to + ++n * ROW_HEIGHT - 8;
		from = ct_svg_at(&svg.x, regression_percent(row->change_low));
		to = ct_svg_at(&svg.x, regression_percent(row->change_high));
		ct_svg_text(&svg, "", "end", svg.x.from - 12, y + 4, row->metric);
		ct_svg_rectangle(&svg, psprintf("f%d", colour), from, y - 4, Max(to - from, 1), 8,
						 psprintf("%s: %s", row->metric, ct_report_change(row)));
		if (!isnan(row->change))
			ct_svg_mark(&svg, CT_SVG_BAR, colour, ct_svg_at(&svg.x, regression_percent(row->change)), y);
		appendStringInfoChar(page->buf, '\n');
	}
	ct_svg_end(&svg);
	ct_page_end_figure(page, table, 0);
}

void
ct_page_regressions(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"metric",.code = true, CT_TEXT_CELL(CtReportRegression, metric)},
		{"before", CT_VALUE_CELL(CtReportRegression, before)},
		{"after", CT_VALUE_CELL(CtReportRegression, after)},
		{"change", CT_VALUE_CELL(CtReportRegression, change)},
		{"from", CT_VALUE_CELL(CtReportRegression, change_low)},
		{"to", CT_VALUE_CELL(CtReportRegression, change_high)},
		{"significant"},
		{"detectable", CT_VALUE_CELL(CtReportRegression, detectable)},
	};
	const CtReport *report = page->report;
	CtReportTable *table;
	int			i;

	if (report->nregressions == 0)
		return;
	table = ct_table_create("Changes", "ct_regressions", columns, lengthof(columns));
	for (i = 0; i < report->nregressions; i++)
	{
		const CtReportRegression *row = &report->regressions[i];

		ct_table_add(table, report, row)[6] = row->significant == 1 ? "yes" : row->significant == 0 ? "no" : "";
	}
	ct_page_section(page, "regressions", "Compared with earlier runs");
	ct_markup_table(page->buf, ct_report_regressions(report), 0);
	ct_markup_paragraph(page->buf, "note", ct_report_compared(report));
	regression_chart(page, table);
}
