/*
 * comparison.c
 *		What a report says of a run beside others: its repeats, and earlier runs.
 *
 * It claims no more than ct_regressions does: where the data don't allow to
 * tell, that is what is said, and what wasn't seen is not said to be absent.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

/* ---- repeats ---- */

CtReportTable *
ct_report_repeats(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"run",.right = true}, {"verdict"},
		{"transactions", CT_COUNT_CELL(CtReportLine, transactions)},
		{"per second",.right = true},
		{"p95", CT_MS_CELL(CtReportLine, p95_ms)},
		{"p99", CT_MS_CELL(CtReportLine, p99_ms)},
		{"failed", CT_COUNT_CELL(CtReportLine, failed)},
		{"anomalies", CT_COUNT_CELL(CtReportLine, anomalies)},
		{""},
	};
	CtReportTable *table;
	int			i;

	if (report->nrepeats < 2)
		return NULL;
	table = ct_table_create("Repeats", "ct_runs", columns, lengthof(columns));
	for (i = 0; i < report->nrepeats; i++)
	{
		const CtReportLine *line = &report->repeats[i];
		const char **cells = ct_table_add(table, report, line);

		cells[0] = psprintf(INT64_FORMAT, line->run_id);
		cells[1] = ct_report_title(line->status, line->verdict);
		cells[3] = ct_format_float(line->tps);
		cells[8] = line->run_id == report->run_id ? "this run" : "";
	}
	return table;
}

/* The least and the most of a number of the repeats that know it, NaN if none does; says how many do. */
static int
comparison_range(const CtReport *report, int offset, double *least, double *most)
{
	int			n = 0;
	int			i;

	*least = *most = NAN;
	for (i = 0; i < report->nrepeats; i++)
	{
		double		value = ct_report_number(&report->repeats[i], CT_FLOAT8, offset);

		if (isnan(value))
			continue;
		*least = n > 0 ? Min(*least, value) : value;
		*most = n > 0 ? Max(*most, value) : value;
		n++;
	}
	return n;
}

char *
ct_report_spread(const CtReport *report)
{
	static const struct
	{
		const char *name;
		int			offset;
	}			percentiles[] = {
		{"p95", CT_MEMBER(CtReportLine, p95_ms, double)},
		{"p99", CT_MEMBER(CtReportLine, p99_ms, double)},
	};
	StringInfoData buf;
	double		least;
	double		most;
	int			n = comparison_range(report, CT_MEMBER(CtReportLine, tps, double), &least, &most);
	int			i;

	if (report->nrepeats < 2 || n < 2)
		return NULL;
	initStringInfo(&buf);
	appendStringInfo(&buf, "From the least to the most of %s: %s to %s per second", ct_format_plural(n, "run", "runs"),
					 ct_format_float(least), ct_format_float(most));
	for (i = 0; i < lengthof(percentiles); i++)
	{
		if (comparison_range(report, percentiles[i].offset, &least, &most) > 0)
			appendStringInfo(&buf, ", %s %s to %s", percentiles[i].name, ct_format_ms(least, report->unicode),
							 ct_format_ms(most, report->unicode));
	}
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/* ---- earlier runs ---- */

/* of all metrics this one alone is better where it is more */
static bool
comparison_is_rate(const CtReportRegression *regression)
{
	return strcmp(regression->metric, "tps") == 0;
}

char *
ct_report_change(const CtReportRegression *regression)
{
	bool		has_interval = !isnan(regression->change_low) && !isnan(regression->change_high);
	const char *interval = !has_interval ? "" :
		psprintf(" (%s to %s)", ct_format_change(regression->change_low), ct_format_change(regression->change_high));

	if (regression->significant == 0)
		return psprintf("no difference was seen%s", interval);
	if (regression->significant < 0)
		return psprintf(has_interval ? "not told: others on the machine may have made it%s" : "not told%s", interval);
	return psprintf("%s%s", (regression->after > regression->before) == comparison_is_rate(regression) ? "better" : "worse",
					interval);
}

/* A number of a metric, as people like to read it. */
static char *
comparison_number(const CtReport *report, const CtReportRegression *regression, double value)
{
	int			length = strlen(regression->metric);

	return length > 3 && strcmp(regression->metric + length - 3, "_ms") == 0 ? ct_format_ms(value, report->unicode) :
		ct_format_float(value);
}

CtReportTable *
ct_report_regressions(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"metric",.code = true, CT_TEXT_CELL(CtReportRegression, metric)},
		{"before",.right = true}, {"after",.right = true}, {"change",.right = true}, {"shows from",.right = true},
		{"what is known"},
	};
	CtReportTable *table = ct_table_create("Compared with earlier runs", "ct_regressions", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nregressions; i++)
	{
		const CtReportRegression *regression = &report->regressions[i];
		const char **cells = ct_table_add(table, report, regression);
		const char *size = ct_format_change(regression->detectable);

		cells[1] = comparison_number(report, regression, regression->before);
		cells[2] = comparison_number(report, regression, regression->after);
		cells[3] = ct_format_change(regression->change);
		cells[4] = size + (*size == '+');
		cells[5] = ct_report_change(regression);
	}
	return table->rows ? table : NULL;
}

char *
ct_report_compared(const CtReport *report)
{
	const CtReportRegression *first = report->regressions;
	StringInfoData buf;
	bool		intervals = false;
	bool		detectable = false;
	bool		untold = false;
	int			i;

	if (report->nregressions == 0)
		return NULL;
	for (i = 0; i < report->nregressions; i++)
	{
		intervals |= !isnan(report->regressions[i].change_low);
		detectable |= !isnan(report->regressions[i].detectable);
		untold |= report->regressions[i].significant < 0 && isnan(report->regressions[i].change_low);
	}
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s compared with %s, run%s %s.",
					 report->nrepeats > 1 ? "The run and its repeats, together, are" : "The run is",
					 first->was_set ? "the baseline" : first->runs == 1 ? "the last one of the same settings" :
					 psprintf("the last %d of the same settings", first->runs),
					 first->runs == 1 ? "" : "s", first->baseline);
	if (intervals)
		appendStringInfoString(&buf, " Intervals are at a level of 99.9 %.");
	if (detectable)
		appendStringInfoString(&buf, " A change shows, in four cases of five, from the size on that is named.");
	if (untold)
		appendStringInfoString(&buf, " What is not told the data don't allow to tell: that takes six runs in all, or at least four whole seconds of each without a trend.");
	return buf.data;
}
