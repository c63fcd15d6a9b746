/*
 * page_load.c
 *		A page's sections of how a run went over time, and how long its
 *		transactions took, by script and by class of clients.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define WIDTH 440				/* of a chart; it is as wide as there is room */
#define HEIGHT 200
#define MAX_POINTS 120			/* of a line */
#define MAX_BINS 72
#define MAX_SCRIPTS 64

/* ---- time ---- */

/* A second, or several that are drawn as one. */
typedef struct PageMoment
{
	int			from;			/* seconds, as in ct_timeline */
	int			to;
	double		seconds;
	int64		transactions;
	double		tps;
	int64		failed;
	int64		retries;
	double		p50_ms;			/* of several seconds, that of the worst */
	double		p95_ms;
	double		p99_ms;
	double		max_ms;
} PageMoment;

static double
load_larger(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : Max(a, b);
}

static PageMoment *
load_moments(const CtReport *report, int *n)
{
	PageMoment *moments;
	int			i;

	*n = Min(report->nseconds, MAX_POINTS);
	moments = palloc0(Max(*n, 1) * sizeof(PageMoment));
	for (i = 0; i < *n; i++)
	{
		PageMoment *m = &moments[i];
		int			from = (int) ((int64) report->nseconds * i / *n);
		int			to = (int) ((int64) report->nseconds * (i + 1) / *n);
		int			j;

		m->from = report->seconds[from].second;
		m->to = report->seconds[to - 1].second;
		m->p50_ms = m->p95_ms = m->p99_ms = m->max_ms = NAN;
		for (j = from; j < to; j++)
		{
			const CtSecondRow *second = &report->seconds[j];

			m->seconds += second->seconds;
			m->transactions += Max(second->transactions, 0);
			m->failed += Max(second->failed, 0);
			m->retries += Max(second->retries, 0);
			m->p50_ms = load_larger(m->p50_ms, second->p50_ms);
			m->p95_ms = load_larger(m->p95_ms, second->p95_ms);
			m->p99_ms = load_larger(m->p99_ms, second->p99_ms);
			m->max_ms = load_larger(m->max_ms, second->max_ms);
		}
		m->tps = to - from == 1 ? report->seconds[from].tps : m->transactions / m->seconds;
	}
	return moments;
}

static CtReportTable *
load_moments_table(const CtReport *report, const PageMoment *moments, int n)
{
	static const CtReportColumn seconds[] = {
		{"second", CT_NUMBER_CELL(PageMoment, from)},
		{"transactions", CT_EXACT_CELL(PageMoment, transactions)},
		{"per second", CT_TENTHS_CELL(PageMoment, tps)},
		{"failed", CT_EXACT_CELL(PageMoment, failed)},
		{"retries", CT_EXACT_CELL(PageMoment, retries)},
		{"p50, ms", CT_THOUSANDTHS_CELL(PageMoment, p50_ms)},
		{"p95, ms", CT_THOUSANDTHS_CELL(PageMoment, p95_ms)},
		{"p99, ms", CT_THOUSANDTHS_CELL(PageMoment, p99_ms)},
		{"max, ms", CT_THOUSANDTHS_CELL(PageMoment, max_ms)},
	};
	static const CtReportColumn stretches[] = {
		{"from second", CT_NUMBER_CELL(PageMoment, from)},
		{"to second", CT_NUMBER_CELL(PageMoment, to)},
		{"transactions", CT_EXACT_CELL(PageMoment, transactions)},
		{"per second", CT_TENTHS_CELL(PageMoment, tps)},
		{"failed", CT_EXACT_CELL(PageMoment, failed)},
		{"retries", CT_EXACT_CELL(PageMoment, retries)},
		{"worst p50, ms", CT_THOUSANDTHS_CELL(PageMoment, p50_ms)},
		{"worst p95, ms", CT_THOUSANDTHS_CELL(PageMoment, p95_ms)},
		{"worst p99, ms", CT_THOUSANDTHS_CELL(PageMoment, p99_ms)},
		{"max, ms", CT_THOUSANDTHS_CELL(PageMoment, max_ms)},
	};

	if (report->nseconds > n)
		return ct_table_of("Stretches of time", "ct_timeline", stretches, lengthof(stretches), report,
						   moments, n, sizeof(PageMoment));
	return ct_table_of("Seconds", "ct_timeline", seconds, lengthof(seconds), report,
					   moments, n, sizeof(PageMoment));
}

/* The phases' bands, and their names where there is room. */
static void
load_phases(CtSvg *svg, const CtReport *report)
{
	int			i;

	for (i = 0; i < report->nphases; i++)
	{
		const CtPhaseRow *phase = &report->phases[i];
		double		from = ct_svg_at(&svg->x, phase->from_s);
		double		to = ct_svg_at(&svg->x, phase->from_s + phase->seconds);

		if (i % 2 == 0)
			ct_svg_rectangle(svg, "band", from, svg->y.to - 16, to - from, svg->y.from - svg->y.to + 16, NULL);
		if (to - from > 24)
			ct_svg_text(svg, "faint", "start", from + 4, svg->y.to - 4,
						ct_text_cut(phase->phase, Max((int) ((to - from) / 7.5), 1), report->unicode));
	}
}

/* The axes of a chart over time, whose values go up to high. */
static void
load_begin_time(CtSvg *svg, CtPage *page, const PageMoment *moments, int n, const char *label,
				CtSvgUnit unit, bool log, double low, double high)
{
	ct_svg_begin(svg, page->buf, WIDTH, HEIGHT, label);
	svg->y.to = 22;
	ct_svg_scale(&svg->y, unit, log, low, high);
	svg->x.unit = CT_SVG_SECONDS;
	svg->x.low = moments[0].from - 1;
	svg->x.high = moments[n - 1].to;
	load_phases(svg, page->report);
	ct_svg_y_axis(svg);
	ct_svg_x_axis(svg);
}

/* What a pointer finds at each moment. */
static void
load_hits(CtSvg *svg, const PageMoment *moments, int n, bool unicode, bool latencies)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		const PageMoment *m = &moments[i];
		double		from = ct_svg_at(&svg->x, m->from - 1);
		char	   *when = m->to > m->from ? psprintf("seconds %d to %d", m->from, m->to) : psprintf("second %d", m->from);

		ct_svg_rectangle(svg, "hit", from, svg->y.to, ct_svg_at(&svg->x, m->to) - from, svg->y.from - svg->y.to,
						 latencies ?
						 psprintf("%s: p50 %s, p95 %s, p99 %s", when, ct_format_ms(m->p50_ms, unicode),
								  ct_format_ms(m->p95_ms, unicode), ct_format_ms(m->p99_ms, unicode)) :
						 psprintf("%s: %s per second, %s failed, %s", when, ct_format_float(m->tps),
								  ct_format_count(m->failed), ct_format_plural(m->retries, "retry", "retries")));
	}
}

void
ct_page_timeline(CtPage *page)
{
	static const char *const rates[] = {"committed", "failed", "retries"};
	static const char *const percentiles[] = {"p50", "p95", "p99"};
	const CtReport *report = page->report;
	int			n;
	PageMoment *moments = load_moments(report, &n);
	double	   *x = palloc(Max(n, 1) * sizeof(double));
	double	   *y[3];
	double		most = 0;
	double		lowest = NAN;
	double		highest = 0;
	double		least_tps = NAN;
	double		most_tps = 0;
	bool		failed = false;
	bool		retried = false;
	char	   *detail = NULL;
	CtSvg		svg;
	int			i;
	int			k;

	if (n == 0 || report->transactions == -1)
		return;
	for (k = 0; k < 3; k++)
		y[k] = palloc(n * sizeof(double));
	for (i = 0; i < n; i++)
	{
		const PageMoment *m = &moments[i];

		x[i] = (m->from - 1 + m->to) / 2.0;
		y[0][i] = m->tps;
		y[1][i] = m->seconds > 0 ? m->failed / m->seconds : NAN;
		y[2][i] = m->seconds > 0 ? m->retries / m->seconds : NAN;
		failed |= m->failed > 0;
		retried |= m->retries > 0;
		for (k = 0; k < 3; k++)
			most = load_larger(most, y[k][i]);
		most_tps = load_larger(most_tps, m->tps);
		if (isnan(least_tps) || m->tps < least_tps)
			least_tps = m->tps;
		highest = load_larger(highest, m->p99_ms);
		if (m->p50_ms > 0 && !(lowest <= m->p50_ms))
			lowest = m->p50_ms;
	}
	if (report->nseconds > n)
		detail = psprintf("%s seconds, drawn as %d stretches: of a stretch, the mean rate and the worst second's percentiles.",
						  ct_format_count(report->nseconds), n);

	ct_page_section(page, "time", "Over time");
	ct_markup_paragraph(page->buf, NULL, ct_report_throughput(report));
	ct_markup_paragraph(page->buf, NULL, ct_report_trend(report));
	ct_markup_paragraph(page->buf, "note", detail);
	if (most == 0)
		return;
	appendStringInfoString(page->buf, "<div class=\"charts\">\n");

	ct_page_figure(page, "Transactions per second", NULL);
	ct_page_key(page, rates, retried ? 3 : failed ? 2 : 1, true);
	load_begin_time(&svg, page, moments, n,
					psprintf("Transactions per second over %d seconds: %s to %s", moments[n - 1].to,
							 ct_format_float(least_tps), ct_format_float(most_tps)),
					CT_SVG_COUNT, false, 0, most);
	for (k = retried ? 2 : failed ? 1 : 0; k >= 0; k--)
		ct_svg_line(&svg, k + 1, n, x, y[k]);
	load_hits(&svg, moments, n, report->unicode, false);
	ct_svg_end(&svg);
	ct_page_end_figure(page, load_moments_table(report, moments, n), 0);

	if (highest > 0)
	{
		for (i = 0; i < n; i++)
		{
			y[0][i] = moments[i].p50_ms;
			y[1][i] = moments[i].p95_ms;
			y[2][i] = moments[i].p99_ms;
		}
		ct_page_figure(page, "Latency of the transactions that ended in each second", NULL);
		ct_page_key(page, percentiles, 3, true);
		load_begin_time(&svg, page, moments, n,
						psprintf("Latency over time: 99th percentile of a second at most %s", ct_format_ms(highest, report->unicode)),
						CT_SVG_MS, true, lowest, highest);
		for (k = 2; k >= 0; k--)
			ct_svg_line(&svg, k + 1, n, x, y[k]);
		load_hits(&svg, moments, n, report->unicode, true);
		ct_svg_end(&svg);
		ct_page_end_figure(page, NULL, 0);
	}
	appendStringInfoString(page->buf, "</div>\n");
	ct_page_table(page, ct_report_phases(report));
}

/* ---- latency ---- */

static void
load_histogram(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"from, us", CT_VALUE_CELL(CtReportBin, from_us)},
		{"to below, us", CT_VALUE_CELL(CtReportBin, to_us)},
		{"transactions", CT_VALUE_CELL(CtReportBin, count)},
	};
	const CtReport *report = page->report;
	const struct
	{
		const char *name;
		double		ms;
	}			marks[] = {
		{"p50", report->p50_ms}, {"p95", report->p95_ms}, {"p99", report->p99_ms}
	};
	int			n;
	CtReportBin *bins = ct_report_bins(report, MAX_BINS, &n);
	double		tallest = 0;
	double		last_mark = 0;
	bool		lower = false;
	CtSvg		svg;
	int			i;

	if (n == 0)
		return;
	for (i = 0; i < n; i++)
		tallest = Max(tallest, bins[i].count);

	ct_page_figure(page, "How long transactions took", "Transactions by latency, on a logarithmic scale.");
	ct_svg_begin(&svg, page->buf, WIDTH, HEIGHT,
				 psprintf("Distribution of latencies: median %s, 95th percentile %s, 99th percentile %s",
						  ct_format_ms(report->p50_ms, report->unicode), ct_format_ms(report->p95_ms, report->unicode),
						  ct_format_ms(report->p99_ms, report->unicode)));
	svg.y.to = 34;
	ct_svg_scale(&svg.y, CT_SVG_COUNT, false, 0, tallest);
	svg.x.unit = CT_SVG_MS;
	svg.x.log = true;
	svg.x.low = bins[0].from_us / 1000;
	svg.x.high = bins[n - 1].to_us / 1000;
	ct_svg_y_axis(&svg);
	for (i = 0; i < n; i++)
	{
		double		from = ct_svg_at(&svg.x, bins[i].from_us / 1000);
		double		top = ct_svg_at(&svg.y, bins[i].count);

		if (bins[i].count > 0)
			ct_svg_rectangle(&svg, "f1", from, Min(top, svg.y.from - 1), ct_svg_at(&svg.x, bins[i].to_us / 1000) - from - 1,
							 Max(svg.y.from - top, 1),
							 psprintf("%s to %s: %s", ct_format_ms(bins[i].from_us / 1000, report->unicode),
									  ct_format_ms(bins[i].to_us / 1000, report->unicode),
									  ct_format_plural((int64) Min(bins[i].count, 9e18), "transaction", "transactions")));
	}
	ct_svg_x_axis(&svg);
	for (i = 0; i < lengthof(marks); i++)
	{
		double		x;

		if (isnan(marks[i].ms))
			continue;
		x = ct_svg_at(&svg.x, marks[i].ms);
		appendStringInfoString(page->buf, "<path class=\"mark\" d=\"M");
		ct_svg_number(page->buf, x);
		appendStringInfoChar(page->buf, ' ');
		ct_svg_number(page->buf, svg.y.to - 16);
		appendStringInfoChar(page->buf, 'V');
		ct_svg_number(page->buf, svg.y.from);
		appendStringInfoString(page->buf, "\"/>");
		/* names that would touch stand below each other */
		lower = i > 0 && x - last_mark < 34 && !lower;
		ct_svg_text(&svg, "strong halo", "middle", x, svg.y.to - (lower ? 6 : 20), marks[i].name);
		last_mark = x;
	}
	ct_svg_end(&svg);
	ct_page_end_figure(page, ct_table_of("Distribution", "ct_histograms", columns, lengthof(columns), report,
										 bins, n, sizeof(CtReportBin)), 0);
}

/* what a line of percentiles is of */
typedef struct PagePercentiles
{
	const char *name;
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		max_ms;
} PagePercentiles;

/* A line for each, from its median to its longest, with a mark for each percentile. */
static void
load_percentiles(CtPage *page, const char *caption, const char *label, const PagePercentiles *rows, int n,
				 const CtReportTable *table)
{
	const CtReport *report = page->report;
	double		lowest = NAN;
	double		highest = 0;
	CtSvg		svg;
	int			i;
	int			k;

	for (i = 0; i < n; i++)
	{
		if (rows[i].p50_ms > 0 && !(lowest <= rows[i].p50_ms))
			lowest = rows[i].p50_ms;
		highest = load_larger(highest, rows[i].max_ms);
	}
	ct_page_figure(page, caption,
				   "Median (circle), 95th (square) and 99th percentile (triangle), longest (bar), on a logarithmic scale.");
	ct_svg_begin(&svg, page->buf, WIDTH, Min(n, MAX_SCRIPTS) * 34 + 22 + CT_SVG_BOTTOM, label);
	svg.x.from = 12;
	svg.x.to = WIDTH - 24;
	ct_svg_scale(&svg.x, CT_SVG_MS, true, lowest, highest);
	ct_svg_x_axis(&svg);
	for (i = 0; i < Min(n, MAX_SCRIPTS); i++)
	{
		const PagePercentiles *row = &rows[i];
		double		y = svg.y.to + (i + 1) * 34 - 4;
		double		at[] = {row->p50_ms, row->p95_ms, row->p99_ms, row->max_ms};

		ct_svg_text(&svg, "", "start", svg.x.from, y - 10, ct_text_cut(row->name, 48, report->unicode));
		for (k = 0; k < lengthof(at); k++)
			at[k] = isnan(at[k]) ? NAN : ct_svg_at(&svg.x, at[k]);
		if (isnan(at[0]) || isnan(at[3]))
			continue;
		appendStringInfoString(page->buf, "<g>");
		ct_svg_rectangle(&svg, "f0", at[0], y - 1.5, at[3] - at[0], 3, NULL);
		ct_svg_mark(&svg, CT_SVG_CIRCLE, 1, at[0], y);
		ct_svg_mark(&svg, CT_SVG_SQUARE, 2, at[1], y);
		ct_svg_mark(&svg, CT_SVG_TRIANGLE, 3, at[2], y);
		ct_svg_mark(&svg, CT_SVG_BAR, 6, at[3], y);
		ct_svg_rectangle(&svg, "hit", svg.x.from, y - 20, svg.x.to - svg.x.from, 28,
						 psprintf("%s: p50 %s, p95 %s, p99 %s, max %s", row->name,
								  ct_format_ms(row->p50_ms, report->unicode), ct_format_ms(row->p95_ms, report->unicode),
								  ct_format_ms(row->p99_ms, report->unicode), ct_format_ms(row->max_ms, report->unicode)));
		appendStringInfoString(page->buf, "</g>\n");
	}
	ct_svg_end(&svg);
	ct_page_end_figure(page, table, 0);
}

static void
load_scripts(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"of",.code = true, CT_TEXT_CELL(CtLatencyRow, script)},
		{"count", CT_EXACT_CELL(CtLatencyRow, count)},
		{"mean, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, mean_ms)},
		{"p50, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, p50_ms)},
		{"p90, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, p90_ms)},
		{"p95, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, p95_ms)},
		{"p99, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, p99_ms)},
		{"p99.9, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, p999_ms)},
		{"max, ms", CT_THOUSANDTHS_CELL(CtLatencyRow, max_ms)},
	};
	const CtReport *report = page->report;
	CtLatencyRow *rows = palloc(Max(report->nlatencies, 1) * sizeof(CtLatencyRow));
	PagePercentiles *lines = palloc(Max(report->nlatencies, 1) * sizeof(PagePercentiles));
	int			n = 0;
	int			i;

	for (i = 0; i < report->nlatencies; i++)
	{
		const CtLatencyRow *row = &report->latencies[i];

		if (strcmp(row->kind, "transaction") != 0 || row->step != 0 || row->count <= 0)
			continue;
		lines[n] = (PagePercentiles) {row->script, row->p50_ms, row->p95_ms, row->p99_ms, row->max_ms};
		rows[n++] = *row;
	}
	if (n > 0)
		load_percentiles(page, "Percentiles by script",
						 psprintf("Percentiles of the latency of %s", ct_format_plural(n, "script", "scripts")), lines, n,
						 ct_table_of("Percentiles", "ct_latencies", columns, lengthof(columns), report, rows, n,
									 sizeof(CtLatencyRow)));
}

void
ct_page_classes(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"class",.code = true, CT_TEXT_CELL(CtClassRow, class)},
		{"clients", CT_NUMBER_CELL(CtClassRow, clients)},
		{"transactions", CT_EXACT_CELL(CtClassRow, transactions)},
		{"per second", CT_TENTHS_CELL(CtClassRow, tps)},
		{"failed", CT_EXACT_CELL(CtClassRow, failed)},
		{"mean, ms", CT_THOUSANDTHS_CELL(CtClassRow, mean_ms)},
		{"p50, ms", CT_THOUSANDTHS_CELL(CtClassRow, p50_ms)},
		{"p90, ms", CT_THOUSANDTHS_CELL(CtClassRow, p90_ms)},
		{"p95, ms", CT_THOUSANDTHS_CELL(CtClassRow, p95_ms)},
		{"p99, ms", CT_THOUSANDTHS_CELL(CtClassRow, p99_ms)},
		{"p99.9, ms", CT_THOUSANDTHS_CELL(CtClassRow, p999_ms)},
		{"max, ms", CT_THOUSANDTHS_CELL(CtClassRow, max_ms)},
	};
	const CtReport *report = page->report;
	PagePercentiles *lines = palloc(Max(report->nclasses, 1) * sizeof(PagePercentiles));
	int			n = 0;
	int			i;

	if (report->nclasses == 0)
		return;
	for (i = 0; i < report->nclasses; i++)
	{
		const CtClassRow *row = &report->classes[i];

		if (row->transactions > 0 && !isnan(row->p50_ms))
			lines[n++] = (PagePercentiles) {row->class, row->p50_ms, row->p95_ms, row->p99_ms, row->max_ms};
	}
	ct_page_section(page, "classes", "Classes of clients");
	ct_markup_table(page->buf, ct_report_classes(report), 0);
	if (n > 0)
		load_percentiles(page, "Percentiles by class",
						 psprintf("Percentiles of the latency of %s of clients", ct_format_plural(n, "class", "classes")), lines, n,
						 ct_table_of("Classes", "ct_classes", columns, lengthof(columns), report, report->classes,
									 report->nclasses, sizeof(CtClassRow)));
}

void
ct_page_latency(CtPage *page)
{
	CtReportTable *latencies = ct_report_latencies(page->report);

	if (latencies == NULL)
		return;
	ct_page_section(page, "latency", "Latency");
	appendStringInfoString(page->buf, "<div class=\"charts\">\n");
	load_histogram(page);
	load_scripts(page);
	appendStringInfoString(page->buf, "</div>\n");
	ct_markup_table(page->buf, latencies, 0);
	ct_page_table(page, ct_report_statements(page->report));
}
