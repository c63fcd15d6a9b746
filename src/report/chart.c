/*
 * chart.c
 *		Pictures made of characters: the latency histogram and the sparkline.
 *
 * They are drawn with block characters where the client can show them, else
 * with ASCII.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

#define MAX_ROWS 16

/* where rows may begin within a decade, from coarse to fine; the rows are about equal on a log scale */
static const struct
{
	int			n;
	double		step[20];
}			series[] = {
	{1, {1}},
	{2, {1, 3}},
	{3, {1, 2, 5}},
	{6, {1, 1.5, 2, 3, 5, 7}},
	{12, {1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2}},
	{20, {1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9}}
};

/* The i-th bound of a series, in microseconds; i may be negative. */
static double
chart_bound(int s, int i)
{
	int			n = series[s].n;
	int			decade = i >= 0 ? i / n : -((n - 1 - i) / n);

	return series[s].step[i - decade * n] * pow(10, decade);
}

/* The last bound that isn't above us; a hair of tolerance, as bounds are rounded. */
static int
chart_bound_below(int s, double us)
{
	int			i = (int) floor(log10(us) * series[s].n) + 2;

	while (chart_bound(s, i) > us * (1 + 1e-9))
		i--;
	return i;
}

/* A bound as it was meant, without digits that say nothing. */
static char *
chart_label(double us, bool unicode)
{
	if (us < 999)
		return psprintf("%.3g %s", us, unicode ? "\xc2\xb5s" : "us");
	if (us < 999e3)
		return psprintf("%.3g ms", us / 1e3);
	return psprintf("%.9g s", us / 1e6);
}

/* Buckets of several scripts add up to more than an int64 may hold. */
static char *
chart_count(double count)
{
	return ct_format_count((int64) Min(rint(count), 9e18));
}

/* Which bucket stands where: by its middle, 0 counting as a nanosecond. */
static double
chart_middle(const CtReportBucket *bucket)
{
	double		us = (bucket->lower_us + bucket->upper_us) / 2;

	if (!(us > 0.001))
		return 0.001;
	return Min(us, 1e15);
}

/* A bar of so many columns; what isn't zero shows. */
static void
chart_bar(StringInfo buf, double share, int width, bool unicode)
{
	int			eighths = (int) rint(share * width * 8);
	int			used;

	if (!unicode)
	{
		int			n = Max((int) rint(share * width), share > 0 ? 1 : 0);

		for (used = 0; used < n; used++)
			appendStringInfoChar(buf, '#');
	}
	else
	{
		if (share > 0)
			eighths = Max(eighths, 1);
		for (used = 0; used < eighths / 8; used++)
			appendStringInfoString(buf, "\xe2\x96\x88");
		if (eighths % 8 > 0)
		{
			/* U+258F is one eighth, U+2589 is seven */
			appendStringInfo(buf, "\xe2\x96%c", 0x90 - eighths % 8);
			used++;
		}
	}
	appendStringInfoSpaces(buf, width - used);
}

static char *
chart_marks(const CtReport *report, const CtReportBin *bins, int n, int row)
{
	const struct
	{
		const char *name;
		double		ms;
	}			marks[] = {
		{"p50", report->p50_ms}, {"p95", report->p95_ms}, {"p99", report->p99_ms}
	};
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(marks); i++)
	{
		double		us = Max(marks[i].ms * 1000, 0.001) * (1 + 1e-9);

		if (isnan(marks[i].ms) || isinf(marks[i].ms))
			continue;
		if ((us >= bins[row].from_us || row == 0) && (us < bins[row].to_us || row == n - 1))
			appendStringInfo(&buf, "  %s", marks[i].name);
	}
	return buf.data;
}

CtReportBin *
ct_report_bins(const CtReport *report, int max, int *n)
{
	CtReportBin *bins;
	double		lowest = INFINITY;
	double		highest = 0;
	double		total = 0;
	int			s = lengthof(series);
	int			first = 0;
	int			last = 0;
	int			i;

	*n = 0;
	for (i = 0; i < report->nbuckets; i++)
	{
		lowest = Min(lowest, chart_middle(&report->buckets[i]));
		highest = Max(highest, chart_middle(&report->buckets[i]));
		total += report->buckets[i].count;
	}
	if (!(total > 0))
		return NULL;

	/* the finest series that doesn't give too many rows */
	do
	{
		s--;
		first = chart_bound_below(s, lowest);
		last = chart_bound_below(s, highest);
	} while (s > 0 && last - first >= max);
	if (last - first >= max)
		first = last - max + 1;

	*n = last - first + 1;
	bins = palloc0(*n * sizeof(CtReportBin));
	for (i = 0; i < *n; i++)
	{
		bins[i].from_us = chart_bound(s, first + i);
		bins[i].to_us = chart_bound(s, first + i + 1);
	}
	for (i = 0; i < report->nbuckets; i++)
		bins[Max(chart_bound_below(s, chart_middle(&report->buckets[i])) - first, 0)].count += report->buckets[i].count;
	return bins;
}

/*
 * A row per range of latencies, at most MAX_ROWS: lower bound, bar, count,
 * share, and which percentiles fall in.  Lines of at most width columns.
 */
void
ct_report_histogram(StringInfo buf, const CtReport *report, int width)
{
	int			n;
	CtReportBin *bins = ct_report_bins(report, MAX_ROWS, &n);
	double		total = 0;
	double		tallest = 0;
	int			count_width = 0;
	int			bar_width;
	int			i;

	for (i = 0; i < n; i++)
	{
		total += bins[i].count;
		tallest = Max(tallest, bins[i].count);
		count_width = Max(count_width, (int) strlen(chart_count(bins[i].count)));
	}
	/* label, count, share and marks have their places; longer bars than that only shout */
	bar_width = Max(Min(width - 9 - 2 - 2 - count_width - 9 - 15, 48), 10);

	for (i = 0; i < n; i++)
	{
		char	   *label = chart_label(bins[i].from_us, report->unicode);
		const char *marks = chart_marks(report, bins, n, i);

		appendStringInfo(buf, "%*s%s", Max(9 - ct_text_width(label), 0), "", label);
		if (bins[i].count == 0)
		{
			appendStringInfoChar(buf, '\n');
			continue;
		}
		appendStringInfoSpaces(buf, 2);
		chart_bar(buf, bins[i].count / tallest, bar_width, report->unicode);
		appendStringInfo(buf, "  %*s %8s%s\n", count_width,
						 chart_count(bins[i].count),
						 ct_format_share(bins[i].count / total), marks);
	}
}

/*
 * The throughput over time, a column per second or, if they are more than
 * width, per several; the scale begins at zero.  NULL for fewer than two.
 */
char *
ct_report_sparkline(const CtReport *report, int width)
{
	static const char ascii[] = "_.:-=+*#";
	StringInfoData buf;
	int			n = report->nseconds;
	int			columns;
	double		highest = 0;
	double		lowest = INFINITY;
	double	   *tps;
	int			i;

	/* what happens in a fraction of a second says little */
	if (n > 2 && report->seconds[n - 1].seconds < 0.25)
		n--;
	if (n < 2)
		return NULL;

	columns = Min(n, width);
	tps = palloc(columns * sizeof(double));
	for (i = 0; i < columns; i++)
	{
		int			from = (int) ((int64) n * i / columns);
		int			to = (int) ((int64) n * (i + 1) / columns);
		double		sum = 0;
		int			j;

		for (j = from; j < to; j++)
			sum += isnan(report->seconds[j].tps) ? 0 : report->seconds[j].tps;
		tps[i] = sum / (to - from);
		highest = Max(highest, tps[i]);
		lowest = Min(lowest, tps[i]);
	}

	initStringInfo(&buf);
	for (i = 0; i < columns; i++)
	{
		int			level = highest > 0 ? Min((int) (tps[i] / highest * 8), 7) : 0;

		if (report->unicode)
			appendStringInfo(&buf, "\xe2\x96%c", 0x81 + level);
		else
			appendStringInfoChar(&buf, ascii[level]);
	}
	appendStringInfo(&buf, "  %s to %s per second",
					 ct_format_float(lowest), ct_format_float(highest));
	pfree(tps);
	return buf.data;
}
