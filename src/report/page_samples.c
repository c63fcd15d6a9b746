/*
 * page_samples.c
 *		A page's section of single transactions: when a sample of them was how
 *		slow, and what the slowest spent their time with.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define WIDTH 440
#define HEIGHT 200
#define MAX_SLOWEST 20

static bool
sample_is(const CtSampleRow *sample, const char *kind)
{
	return strcmp(sample->kind, kind) == 0;
}

/* Seconds after the gate; NaN where there was none. */
static double
sample_at(const CtReport *report, const CtSampleRow *sample)
{
	return report->gate_at == 0 ? NAN : (sample->started_at - report->gate_at) / 1000000.0;
}

/* ---- the random ones, over time ---- */

typedef struct PageDot
{
	int			sample;
	double		at_s;
	double		latency_ms;
	const char *script;
	bool		failed;
} PageDot;

static void
sample_scatter(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"sample", CT_NUMBER_CELL(PageDot, sample)},
		{"began after, s", CT_THOUSANDTHS_CELL(PageDot, at_s)},
		{"latency, ms", CT_THOUSANDTHS_CELL(PageDot, latency_ms)},
		{"script", CT_TEXT_CELL(PageDot, script)},
	};
	const CtReport *report = page->report;
	PageDot    *dots = palloc(Max(report->nsamples, 1) * sizeof(PageDot));
	double	   *x = palloc(Max(report->nsamples, 1) * sizeof(double));
	double	   *y[2];
	double		lowest = NAN;
	double		highest = 0;
	double		end = 0;
	bool		failed = false;
	int			n = 0;
	CtSvg		svg;
	int			i;

	for (i = 0; i < report->nsamples; i++)
	{
		const CtSampleRow *sample = &report->samples[i];
		PageDot    *dot = &dots[n];

		if (!sample_is(sample, "random") || isnan(sample_at(report, sample)) || isnan(sample->latency_ms))
			continue;
		dot->sample = sample->sample;
		dot->at_s = sample_at(report, sample);
		dot->latency_ms = sample->latency_ms;
		dot->script = sample->script;
		dot->failed = sample->outcome == NULL && sample->sqlstate != NULL;
		end = Max(end, dot->at_s);
		highest = Max(highest, dot->latency_ms);
		if (dot->latency_ms > 0 && !(lowest <= dot->latency_ms))
			lowest = dot->latency_ms;
		n++;
	}
	if (n < 10)
		return;
	y[0] = palloc(n * sizeof(double));
	y[1] = palloc(n * sizeof(double));
	for (i = 0; i < n; i++)
	{
		x[i] = dots[i].at_s;
		y[dots[i].failed][i] = dots[i].latency_ms;
		y[!dots[i].failed][i] = NAN;
		failed |= dots[i].failed;
	}

	ct_page_figure(page, "A sample of transactions",
				   psprintf("When each began, and how long it took: %d, drawn at random from all.", n));
	ct_svg_begin(&svg, page->buf, WIDTH, HEIGHT,
				 psprintf("%d transactions by start and latency: %s to %s", n, ct_format_ms(lowest, report->unicode),
						  ct_format_ms(highest, report->unicode)));
	ct_svg_scale(&svg.y, CT_SVG_MS, true, lowest, highest);
	svg.x.unit = CT_SVG_SECONDS;
	svg.x.low = 0;
	svg.x.high = Max(end, isnan(report->duration_ms) ? 0 : Min(report->duration_ms / 1000, end * 1.1 + 1));
	if (!(svg.x.high > 0))
		svg.x.high = 1;
	ct_svg_y_axis(&svg);
	ct_svg_x_axis(&svg);
	ct_svg_dots(&svg, 1, n, x, y[0]);
	if (failed)
		ct_svg_dots(&svg, 2, n, x, y[1]);
	ct_svg_end(&svg);
	ct_page_end_figure(page, ct_table_of("The sample", "ct_samples", columns, lengthof(columns), report, dots, n, sizeof(PageDot)), 0);
}

/* ---- the slowest ---- */

/* "1: 0.3, 2: 0.4" */
static char *
sample_statements(const CtSampleRow *sample)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < Min(sample->steps.n, sample->statement_ms.n); i++)
		appendStringInfo(&buf, "%s%d: %.3f", i > 0 ? ", " : "", ((const int *) sample->steps.elements)[i],
						 ((const double *) sample->statement_ms.elements)[i]);
	return buf.data;
}

/* A bar, in parts: a statement each, and what is left between them. */
static void
sample_bar(CtPage *page, const CtSampleRow *sample, double longest)
{
	StringInfo	buf = page->buf;
	double		at = 0;
	int			i;

	appendStringInfoString(buf, "<td class=\"bar wide\"><svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
	for (i = 0; i <= Min(sample->steps.n, sample->statement_ms.n); i++)
	{
		bool		rest = i == Min(sample->steps.n, sample->statement_ms.n);
		int			step = rest ? 0 : ((const int *) sample->steps.elements)[i];
		double		ms = rest ? Max(sample->latency_ms - at, 0) : ((const double *) sample->statement_ms.elements)[i];
		double		width;

		if (isnan(ms) || ms <= 0)
			continue;
		width = ms / longest * 100;
		appendStringInfo(buf, "<rect class=\"part f%d\" height=\"8\" x=\"", rest ? 0 : 1 + (step - 1) % 5);
		ct_svg_number(buf, at / longest * 100);
		appendStringInfoString(buf, "\" width=\"");
		ct_svg_number(buf, width);
		appendStringInfoString(buf, "\"><title>");
		if (rest)
			appendStringInfoString(buf, "between statements, earlier tries, pauses: ");
		else
			appendStringInfo(buf, "step %d: ", step);
		ct_markup_text(buf, ct_format_ms(ms, page->report->unicode));
		appendStringInfoString(buf, "</title></rect>");
		at += ms;
	}
	appendStringInfoString(buf, "</svg></td>");
}

static void
sample_slowest(CtPage *page)
{
	const CtReport *report = page->report;
	StringInfo	buf = page->buf;
	double		longest = 0;
	int			n = 0;
	int			i;

	for (i = 0; i < report->nsamples; i++)
	{
		if (!sample_is(&report->samples[i], "slowest"))
			continue;
		if (!isnan(report->samples[i].latency_ms))
			longest = Max(longest, report->samples[i].latency_ms);
		n++;
	}
	if (n == 0 || longest == 0)
		return;
	appendStringInfo(buf, "<h%d>The slowest</h%d>\n<p class=\"note\">Each bar's parts are the statements of the last try, in their order, "
					 "coloured by step; gray is what lies between them: earlier tries, pauses, the client's own work.</p>\n"
					 "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"The slowest transactions\"><table data-view=\"ct_samples\">\n"
					 "<thead><tr><th scope=\"col\" class=\"n\">latency, ms</th><th scope=\"col\" class=\"bar\">its parts</th><th scope=\"col\">script</th>"
					 "<th scope=\"col\" class=\"n\">began after</th><th scope=\"col\" class=\"n\">tries</th>"
					 "<th scope=\"col\">outcome</th><th scope=\"col\">step: ms</th></tr></thead>\n<tbody>\n", page->level + 2, page->level + 2);
	n = 0;
	for (i = 0; i < report->nsamples && n < MAX_SLOWEST; i++)
	{
		const CtSampleRow *sample = &report->samples[i];

		if (!sample_is(sample, "slowest") || isnan(sample->latency_ms))
			continue;
		n++;
		appendStringInfo(buf, "<tr><td class=\"n\">%.3f</td>", sample->latency_ms);
		sample_bar(page, sample, longest);
		appendStringInfoString(buf, "<td>");
		ct_markup_code(buf, sample->script, 60);
		appendStringInfoString(buf, "</td><td class=\"n\">");
		ct_markup_text(buf, ct_format_ms(sample_at(report, sample) * 1000, report->unicode));
		appendStringInfo(buf, "</td><td class=\"n\">%d</td><td>", sample->tries);
		ct_markup_code(buf, sample->outcome ? sample->outcome : sample->sqlstate ? sample->sqlstate : "", 40);
		appendStringInfoString(buf, "</td><td class=\"steps\">");
		ct_markup_text(buf, sample_statements(sample));
		appendStringInfoString(buf, "</td></tr>\n");
	}
	appendStringInfoString(buf, "</tbody></table></div>\n");
}

static CtReportTable *
sample_failed(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"latency, ms", CT_THOUSANDTHS_CELL(CtSampleRow, latency_ms)},
		{"script",.code = true, CT_TEXT_CELL(CtSampleRow, script)},
		{"began after",.right = true},
		{"tries", CT_NUMBER_CELL(CtSampleRow, tries)},
		{"sqlstate",.code = true, CT_TEXT_CELL(CtSampleRow, sqlstate)},
		{"message",.code = true, CT_TEXT_CELL(CtSampleRow, message)},
	};
	CtReportTable *table = ct_table_create("Some that failed", "ct_samples", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nsamples; i++)
		if (sample_is(&report->samples[i], "failed"))
			ct_table_add(table, report, &report->samples[i])[2] =
				ct_format_ms(sample_at(report, &report->samples[i]) * 1000, report->unicode);
	return table->rows ? table : NULL;
}

void
ct_page_samples(CtPage *page)
{
	if (page->report->nsamples == 0)
		return;
	ct_page_section(page, "samples", "Single transactions");
	sample_scatter(page);
	sample_slowest(page);
	ct_page_table(page, sample_failed(page->report));
}
