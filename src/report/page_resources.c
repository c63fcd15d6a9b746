/*
 * page_resources.c
 *		A page's sections of what a run used, and of how its work was shared.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/page.h"

#define WIDTH 300				/* of a small chart; there are several in a row */
#define HEIGHT 130
#define WORKERS_WIDTH 440
#define WORKERS_HEIGHT 180
#define MAX_POINTS 120
#define MAX_SERIES 3

/* ---- resources ---- */

/* a chart of up to three of a second's numbers */
static const struct
{
	const char *caption;
	CtSvgUnit	unit;
	int			n;
	struct
	{
		const char *name;
		CtColumnType type;
		int			offset;
	}			series[MAX_SERIES];
}			resource_charts[] = {
#define DOUBLE(member)	CT_FLOAT8, CT_MEMBER(CtResourceRow, member, double)
#define BIGINT(member)	CT_INT8, CT_MEMBER(CtResourceRow, member, int64)
#define INT(member)		CT_INT4, CT_MEMBER(CtResourceRow, member, int)
	{"CPU, % of all of the machine's", CT_SVG_PERCENT, 3, {{"run", DOUBLE(cpu)}, {"server", DOUBLE(server_cpu)}, {"machine", DOUBLE(machine_cpu)}}},
	{"Memory of the machine, % of all", CT_SVG_PERCENT, 1, {{"in use", DOUBLE(machine_memory)}}},
	{"Memory, private", CT_SVG_MB, 2, {{"run", DOUBLE(memory_mb)}, {"largest worker", DOUBLE(max_worker_mb)}}},
	{"WAL, each second", CT_SVG_BYTES, 1, {{"WAL", BIGINT(wal_bytes)}}},
	{"Temporary files, each second", CT_SVG_BYTES, 1, {{"temporary files", BIGINT(temp_bytes)}}},
	{"Pages, each second", CT_SVG_COUNT, 2, {{"found in buffers", BIGINT(buffers_hit)}, {"read", BIGINT(buffers_read)}}},
	{"Dead rows", CT_SVG_COUNT, 1, {{"dead rows", BIGINT(dead_tuples)}}},
	{"Size of the tables", CT_SVG_BYTES, 1, {{"tables", BIGINT(table_bytes)}}},
	{"Connections", CT_SVG_COUNT, 2, {{"used", INT(connections)}, {"max_connections", INT(max_connections)}}},
#undef DOUBLE
#undef BIGINT
#undef INT
};

/* One of the charts; where all that it would show is zero or unknown there is none. */
static void
resource_chart(CtPage *page, int chart, const CtResourceRow *rows, const double *x, int n)
{
	const char *names[MAX_SERIES];
	double	   *y = palloc(n * sizeof(double));
	double		peak = 0;
	double		last = NAN;
	CtSvgUnit	unit = resource_charts[chart].unit;
	CtSvg		svg;
	int			i;
	int			k;

	for (k = 0; k < resource_charts[chart].n; k++)
	{
		names[k] = resource_charts[chart].series[k].name;
		for (i = 0; i < n; i++)
		{
			double		value = ct_report_number(&rows[i], resource_charts[chart].series[k].type,
												 resource_charts[chart].series[k].offset);

			if (!isnan(value))
				peak = Max(peak, value);
			if (k == 0 && !isnan(value))
				last = value;
		}
	}
	if (peak == 0)
		return;
	ct_page_figure(page, resource_charts[chart].caption, NULL);
	if (resource_charts[chart].n > 1)
		ct_page_key(page, names, resource_charts[chart].n, true);
	ct_svg_begin(&svg, page->buf, WIDTH, HEIGHT, psprintf("%s: at most %s, at the end %s", resource_charts[chart].caption,
														  ct_svg_label(unit, peak), ct_svg_label(unit, last)));
	svg.x.to = WIDTH - 10;
	ct_svg_scale(&svg.y, unit, false, 0, peak);
	svg.x.unit = CT_SVG_SECONDS;
	svg.x.low = x[0] - 0.5;
	svg.x.high = Max(x[n - 1] + 0.5, svg.x.low + 1);
	ct_svg_y_axis(&svg);
	ct_svg_x_axis(&svg);
	for (k = resource_charts[chart].n - 1; k >= 0; k--)
	{
		for (i = 0; i < n; i++)
			y[i] = ct_report_number(&rows[i], resource_charts[chart].series[k].type, resource_charts[chart].series[k].offset);
		ct_svg_line(&svg, k + 1, n, x, y);
	}
	ct_svg_end(&svg);
	ct_page_end_figure(page, NULL, 0);
}

void
ct_page_resources(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"second", CT_NUMBER_CELL(CtResourceRow, second)},
		{"CPU, %", CT_THOUSANDTHS_CELL(CtResourceRow, cpu)},
		{"server's CPU, %", CT_THOUSANDTHS_CELL(CtResourceRow, server_cpu)},
		{"machine's CPU, %", CT_THOUSANDTHS_CELL(CtResourceRow, machine_cpu)},
		{"machine's memory, %", CT_THOUSANDTHS_CELL(CtResourceRow, machine_memory)},
		{"memory, MB", CT_THOUSANDTHS_CELL(CtResourceRow, memory_mb)},
		{"largest worker, MB", CT_THOUSANDTHS_CELL(CtResourceRow, max_worker_mb)},
		{"temporary, bytes", CT_EXACT_CELL(CtResourceRow, temp_bytes)},
		{"WAL, bytes", CT_EXACT_CELL(CtResourceRow, wal_bytes)},
		{"pages hit", CT_EXACT_CELL(CtResourceRow, buffers_hit)},
		{"pages read", CT_EXACT_CELL(CtResourceRow, buffers_read)},
		{"dead rows", CT_EXACT_CELL(CtResourceRow, dead_tuples)},
		{"tables, bytes", CT_EXACT_CELL(CtResourceRow, table_bytes)},
		{"connections", CT_NUMBER_CELL(CtResourceRow, connections)},
	};
	const CtReport *report = page->report;
	int			every = (report->nresources + MAX_POINTS - 1) / MAX_POINTS;
	CtResourceRow *rows;
	double	   *x;
	int			n = 0;
	int			i;

	if (report->nresources == 0)
		return;
	rows = palloc(report->nresources * sizeof(CtResourceRow));
	x = palloc(report->nresources * sizeof(double));
	for (i = 0; i < report->nresources; i += every)
	{
		x[n] = report->resources[i].second - 0.5;
		rows[n++] = report->resources[i];
	}

	ct_page_section(page, "resources", "Resources");
	ct_markup_table(page->buf, ct_report_resources(report), 0);
	ct_markup_paragraph(page->buf, NULL, ct_report_memory(report));
	if (every > 1)
		appendStringInfo(page->buf, "<p class=\"note\">Of %s seconds, one in %d is drawn; all are in the view <code>ct_resources</code>.</p>\n",
						 ct_format_count(report->nresources), every);
	appendStringInfoString(page->buf, "<div class=\"charts small\">\n");
	for (i = 0; i < lengthof(resource_charts); i++)
		resource_chart(page, i, rows, x, n);
	appendStringInfoString(page->buf, "</div>\n<details><summary>Resources, as a table</summary>\n");
	ct_markup_table(page->buf, ct_table_of("Resources", "ct_resources", columns, lengthof(columns), report, rows, n,
										   sizeof(CtResourceRow)), 0);
	appendStringInfoString(page->buf, "</details>\n");
}

/* ---- workers ---- */

void
ct_page_workers(CtPage *page)
{
	static const CtReportColumn columns[] = {
		{"worker", CT_NUMBER_CELL(CtWorkerRow, worker)},
		{"transactions", CT_EXACT_CELL(CtWorkerRow, transactions)},
		{"failed", CT_EXACT_CELL(CtWorkerRow, failed)},
		{"retries", CT_EXACT_CELL(CtWorkerRow, retries)},
		{"waited", CT_EXACT_CELL(CtWorkerRow, waited)},
	};
	const CtReport *report = page->report;
	int			n = report->nworkers;
	double		sum = 0;
	double		squares = 0;
	double		most = 0;
	double		width;
	CtSvg		svg;
	int			i;

	for (i = 0; i < n; i++)
	{
		double		transactions = Max(report->worker_rows[i].transactions, 0);

		sum += transactions;
		squares += transactions * transactions;
		most = Max(most, transactions);
	}
	if (n < 2 || sum == 0)
		return;
	ct_page_section(page, "workers", "Workers");
	ct_markup_paragraph(page->buf, NULL, ct_report_fairness(report));
	ct_page_figure(page, "Transactions by worker",
				   psprintf("Jain's index of fairness is %.3f: 1 where all did as much, %.3g where one did all. The line is the mean.",
							sum * sum / (n * squares), 1.0 / n));
	ct_svg_begin(&svg, page->buf, WORKERS_WIDTH, WORKERS_HEIGHT,
				 psprintf("Transactions by each of %d workers: mean %s, most %s", n, ct_format_float(sum / n), ct_format_float(most)));
	svg.x.to = WORKERS_WIDTH - 10;
	ct_svg_scale(&svg.y, CT_SVG_COUNT, false, 0, most);
	ct_svg_y_axis(&svg);
	width = (svg.x.to - svg.x.from) / n;
	for (i = 0; i < n; i++)
	{
		const CtWorkerRow *worker = &report->worker_rows[i];
		double		top = ct_svg_at(&svg.y, Max(worker->transactions, 0));
		double		gap = Min(width / 4, 3);

		ct_svg_rectangle(&svg, "f1", svg.x.from + i * width + gap / 2, top, Min(width - gap, 60), svg.y.from - top,
						 n > 100 ? NULL : psprintf("worker %d: %s, %s failed", worker->worker,
												   ct_format_plural(worker->transactions, "transaction", "transactions"),
												   ct_format_count(worker->failed)));
		if (n <= 16 || (i + 1) % (n <= 60 ? 10 : 50) == 0 || i == 0)
			ct_svg_text(&svg, "tick", "middle", svg.x.from + (i + 0.5) * width, svg.y.from + 18, psprintf("%d", worker->worker));
	}
	appendStringInfoString(page->buf, "\n<path class=\"mark\" d=\"M");
	ct_svg_number(page->buf, svg.x.from);
	appendStringInfoChar(page->buf, ' ');
	ct_svg_number(page->buf, ct_svg_at(&svg.y, sum / n));
	appendStringInfoChar(page->buf, 'H');
	ct_svg_number(page->buf, svg.x.to);
	appendStringInfoString(page->buf, "\"/>\n");
	ct_svg_end(&svg);
	ct_page_end_figure(page, ct_table_of("Workers", "ct_workers", columns, lengthof(columns), report, report->worker_rows, n,
										 sizeof(CtWorkerRow)), 0);
}
