/*
 * table.c
 *		The tables of a report, which all formats share.
 *
 * A table's columns say which member of a row is shown, and how; so a row's
 * cells are made by what is declared, and what is left is which rows there are.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

CtReportTable *
ct_table_create(const char *title, const char *view, const CtReportColumn *columns, int ncolumns)
{
	CtReportTable *table = palloc0(sizeof(CtReportTable));

	table->title = title;
	table->view = view;
	table->columns = columns;
	table->ncolumns = ncolumns;
	return table;
}

/* A number as its view rounds it: whole if it has no digits, "" if it isn't known. */
static const char *
table_exact(int64 whole, double number, int digits)
{
	if (isnan(number))
		return "";
	if (digits == 0)
		return psprintf(INT64_FORMAT, whole);
	return fabs(number) < 1e12 ? psprintf("%.*f", digits, number) : psprintf("%.17g", number);
}

static const char *
table_cell(const CtReport *report, const CtReportColumn *column, const void *row)
{
	const void *member = (const char *) row + column->offset;

	switch (column->cell)
	{
		case CT_CELL_TEXT:
			return *(const char *const *) member ? *(const char *const *) member : "";
		case CT_CELL_NUMBER:
			return *(const int *) member < 0 ? "" : psprintf("%d", *(const int *) member);
		case CT_CELL_COUNT:
			return ct_format_count(*(const int64 *) member);
		case CT_CELL_VALUE:
			return isnan(*(const double *) member) ? "" : psprintf("%.15g", *(const double *) member);
		case CT_CELL_MS:
			return ct_format_ms(*(const double *) member, report->unicode);
		case CT_CELL_EXACT_COUNT:
			return table_exact(*(const int64 *) member, *(const int64 *) member < 0 ? NAN : 0, 0);
		case CT_CELL_TENTHS:
			return table_exact(0, *(const double *) member, 1);
		case CT_CELL_THOUSANDTHS:
			return table_exact(0, *(const double *) member, 3);
		default:
			return "";
	}
}

const char **
ct_table_add(CtReportTable *table, const CtReport *report, const void *row)
{
	const char **cells = palloc(table->ncolumns * sizeof(char *));
	int			i;

	for (i = 0; i < table->ncolumns; i++)
		cells[i] = row ? table_cell(report, &table->columns[i], row) : "";
	table->rows = lappend(table->rows, cells);
	return cells;
}

static CtReportTable *
table_or_nothing(CtReportTable *table)
{
	return table->rows ? table : NULL;
}

CtReportTable *
ct_table_of(const char *title, const char *view, const CtReportColumn *columns, int ncolumns,
			const CtReport *report, const void *rows, int n, Size size)
{
	CtReportTable *table = ct_table_create(title, view, columns, ncolumns);
	int			i;

	for (i = 0; i < n; i++)
		ct_table_add(table, report, (const char *) rows + i * size);
	return table_or_nothing(table);
}

bool
ct_table_is_shown(const CtReportTable *table, int column)
{
	const char **first = linitial(table->rows);
	ListCell   *lc;

	if (strcmp(table->columns[column].head, "script") != 0)
		return true;
	foreach(lc, table->rows)
	{
		if (strcmp(((const char **) lfirst(lc))[column], first[column]) != 0)
			return true;
	}
	return false;
}

CtReportTable *
ct_report_checks(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"check",.code = true, CT_TEXT_CELL(CtCheckRow, check_name)},
		{"kind",.code = true, CT_TEXT_CELL(CtCheckRow, kind)},
		{"status"},
		{"target", CT_TEXT_CELL(CtCheckRow, target)},
		{"actual", CT_TEXT_CELL(CtCheckRow, actual)},
		{"violations", CT_COUNT_CELL(CtCheckRow, violations)},
	};
	CtReportTable *table = ct_table_create("Checks", "ct_checks", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nchecks; i++)
	{
		const CtCheckRow *check = &report->checks[i];

		ct_table_add(table, report, check)[2] = strcmp(check->status, "fail") == 0 ? "FAIL" : check->status;
	}
	return table_or_nothing(table);
}

CtReportTable *
ct_report_evidence(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"evidence"}, {"transactions",.right = true}, {"share",.right = true}, {"which means"}
	};
	const struct
	{
		const char *name;
		int64		count;
		const char *meaning;
	}			kinds[] = {
		{"overlapped", report->overlapped, "another worker's transaction was in progress, too"},
		{"met", report->met, "another one's statement came in between"},
		{"waited", report->waited, "slept on a lock"},
		{"contended", report->contended, "met, waited or were retried: what a pass rests on"},
	};
	CtReportTable *table = ct_table_create("Evidence", "ct_runs", columns, lengthof(columns));
	double		all = ct_report_iterations(report);
	int			i;

	for (i = 0; i < lengthof(kinds); i++)
	{
		const char **cells;

		if (kinds[i].count < 0)
			continue;
		cells = ct_table_add(table, report, NULL);
		cells[0] = kinds[i].name;
		cells[1] = ct_format_count(kinds[i].count);
		cells[2] = all > 0 ? ct_format_share(kinds[i].count / all) : "-";
		cells[3] = kinds[i].meaning;
	}
	return table_or_nothing(table);
}

/*
 * Transactions that completed, in the warm-up or after it, as outcomes are
 * counted; of an unfinished run, those that are known.
 */
static double
table_completed(const CtReport *report)
{
	double		all = 0;
	int			i;

	for (i = 0; i < report->nworkers; i++)
	{
		const CtWorkerRow *worker = &report->worker_rows[i];

		all += worker->all_transactions >= 0 ? worker->all_transactions : worker->transactions;
	}
	return all;
}

/*
 * Shares are those of a script's outcomes, as in the view, unless there are
 * transactions without any: then of all transactions, so that they add up.
 */
CtReportTable *
ct_report_outcomes(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"outcome",.code = true, CT_TEXT_CELL(CtOutcomeRow, outcome)},
		{"count", CT_COUNT_CELL(CtOutcomeRow, count)},
		{"share",.right = true},
		{"script",.code = true, CT_TEXT_CELL(CtOutcomeRow, script)},
	};
	CtReportTable *table = ct_table_create("Outcomes", "ct_outcomes", columns, lengthof(columns));
	double		all = table_completed(report);
	double		unsaid = all;
	int			i;

	for (i = 0; i < report->noutcomes; i++)
		unsaid -= report->outcomes[i].count;
	for (i = 0; i < report->noutcomes; i++)
	{
		const CtOutcomeRow *outcome = &report->outcomes[i];

		ct_table_add(table, report, outcome)[2] =
			ct_format_share(unsaid > 0 ? outcome->count / all : outcome->share);
	}
	if (table->rows && unsaid > 0)
	{
		const char **cells = ct_table_add(table, report, NULL);

		cells[0] = "(none said)";
		cells[1] = ct_format_count((int64) Min(unsaid, 1e18));
		cells[2] = ct_format_share(unsaid / all);
		cells[3] = ct_report_several_scripts(report) ? "(all)" : report->outcomes[0].script;
	}
	return table_or_nothing(table);
}

/* What of a tally isn't known, as in runs of version 1.0, is left empty. */
CtReportTable *
ct_report_tallies(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"tally",.code = true, CT_TEXT_CELL(CtTallyRow, tally)},
		{"sum", CT_VALUE_CELL(CtTallyRow, value)},
		{"count",.right = true},
		{"mean",.right = true},
		{"min",.right = true},
		{"max",.right = true},
	};
	CtReportTable *table = ct_table_create("Tallies", "ct_tallies", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->ntallies; i++)
	{
		const CtTallyRow *tally = &report->tallies[i];
		const char **cells = ct_table_add(table, report, tally);

		if (tally->times < 0)
			continue;
		cells[2] = ct_format_count(tally->times);
		cells[3] = ct_format_float(tally->mean);
		cells[4] = ct_format_float(tally->min);
		cells[5] = ct_format_float(tally->max);
	}
	return table_or_nothing(table);
}

/* "schedule lag" of "schedule_lag" */
static const char *
table_kind(const char *kind)
{
	char	   *text = pstrdup(kind);
	char	   *p;

	for (p = text; *p; p++)
	{
		if (*p == '_')
			*p = ' ';
	}
	return text;
}

/* What is the whole transaction's: a row for the run if it has several scripts, and for each. */
CtReportTable *
ct_report_latencies(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"of"},
		{"count", CT_COUNT_CELL(CtLatencyRow, count)},
		{"mean", CT_MS_CELL(CtLatencyRow, mean_ms)},
		{"p50", CT_MS_CELL(CtLatencyRow, p50_ms)},
		{"p95", CT_MS_CELL(CtLatencyRow, p95_ms)},
		{"p99", CT_MS_CELL(CtLatencyRow, p99_ms)},
		{"p99.9", CT_MS_CELL(CtLatencyRow, p999_ms)},
		{"max", CT_MS_CELL(CtLatencyRow, max_ms)},
		{"script",.code = true, CT_TEXT_CELL(CtLatencyRow, script)},
	};
	CtReportTable *table = ct_table_create("Latency", "ct_latencies", columns, lengthof(columns));
	int			i;

	if (ct_report_several_scripts(report) && report->transactions > 0)
	{
		CtLatencyRow all = {
			.script = "(all)",
			.mean_ms = report->mean_ms,
			.p50_ms = report->p50_ms,
			.p95_ms = report->p95_ms,
			.p99_ms = report->p99_ms,
			.p999_ms = report->p999_ms,
			.max_ms = report->max_ms,
		};

		/* more than the run's transactions: what ended too late has a latency, too */
		for (i = 0; i < report->nlatencies; i++)
			if (strcmp(report->latencies[i].kind, "transaction") == 0)
				all.count += report->latencies[i].count;
		ct_table_add(table, report, &all)[0] = "transaction";
	}
	for (i = 0; i < report->nlatencies; i++)
	{
		const CtLatencyRow *latency = &report->latencies[i];

		if (latency->step == 0 && latency->count > 0)
			ct_table_add(table, report, latency)[0] = table_kind(latency->kind);
	}
	return table_or_nothing(table);
}

CtReportTable *
ct_report_statements(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"step",.code = true},
		{"count", CT_COUNT_CELL(CtLatencyRow, count)},
		{"mean", CT_MS_CELL(CtLatencyRow, mean_ms)},
		{"p50", CT_MS_CELL(CtLatencyRow, p50_ms)},
		{"p95", CT_MS_CELL(CtLatencyRow, p95_ms)},
		{"p99", CT_MS_CELL(CtLatencyRow, p99_ms)},
		{"max", CT_MS_CELL(CtLatencyRow, max_ms)},
		{"statement",.code = true, CT_TEXT_CELL(CtLatencyRow, sql)},
	};
	CtReportTable *table = ct_table_create("Statements", "ct_latencies", columns, lengthof(columns));
	bool		named = ct_report_several_scripts(report);
	int			i;

	for (i = 0; i < report->nlatencies; i++)
	{
		const CtLatencyRow *latency = &report->latencies[i];

		if (latency->step != 0)
			ct_table_add(table, report, latency)[0] = named ?
				psprintf("%s %d", latency->script, latency->step) : psprintf("%d", latency->step);
	}
	return table_or_nothing(table);
}

static const char *
table_handling(const CtErrorRow *error)
{
	return strcmp(error->handling, "gave_up") == 0 ? "gave up" : error->handling;
}

CtReportTable *
ct_report_errors(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate",.code = true, CT_TEXT_CELL(CtErrorRow, sqlstate)},
		{"condition",.code = true, CT_TEXT_CELL(CtErrorRow, condition_name)},
		{"handling"},
		{"count", CT_COUNT_CELL(CtErrorRow, count)},
		{"script",.code = true, CT_TEXT_CELL(CtErrorRow, script)},
		{"first message",.code = true, CT_TEXT_CELL(CtErrorRow, first_message)},
	};
	CtReportTable *table = ct_table_create("Errors", "ct_errors", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
		ct_table_add(table, report, &report->errors[i])[2] = table_handling(&report->errors[i]);
	return table_or_nothing(table);
}

CtReportTable *
ct_report_error_places(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate",.code = true, CT_TEXT_CELL(CtErrorRow, sqlstate)},
		{"handling"},
		{"script",.code = true, CT_TEXT_CELL(CtErrorRow, script)},
		{"step", CT_NUMBER_CELL(CtErrorRow, step)},
		{"line", CT_NUMBER_CELL(CtErrorRow, line)},
		{"statement",.code = true, CT_TEXT_CELL(CtErrorRow, statement)},
	};
	CtReportTable *table = ct_table_create("Statements that raised them first", "ct_errors", columns,
										   lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
	{
		if (report->errors[i].statement != NULL)
			ct_table_add(table, report, &report->errors[i])[1] = table_handling(&report->errors[i]);
	}
	return table_or_nothing(table);
}

/*
 * The innermost function that an error's context tells of, and where in it; NULL
 * if it tells of none: of scripts and their statements there is a table.
 */
static const char *
table_innermost_function(const char *context)
{
	while (context != NULL && strncmp(context, "PL/", 3) != 0 &&
		   strncmp(context, "SQL function ", 13) != 0)
	{
		context = strchr(context, '\n');
		if (context != NULL)
			context++;
	}
	return context ? pnstrdup(context, strcspn(context, "\n")) : NULL;
}

/* What those said besides that ended transactions, and that nobody expected. */
CtReportTable *
ct_report_error_details(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate",.code = true, CT_TEXT_CELL(CtErrorRow, sqlstate)},
		{"script",.code = true, CT_TEXT_CELL(CtErrorRow, script)},
		{""},
		{"what they said besides",.code = true},
	};
	static const char *const names[] = {"detail", "hint", "in"};
	CtReportTable *table = ct_table_create("Details of errors", "ct_errors", columns, lengthof(columns));
	int			i;
	int			j;

	for (i = 0; i < report->nerrors; i++)
	{
		const CtErrorRow *error = &report->errors[i];
		const char *texts[] = {error->detail, error->hint, table_innermost_function(error->context)};

		if (strcmp(error->handling, "failed") != 0 && strcmp(error->handling, "gave_up") != 0)
			continue;
		for (j = 0; j < lengthof(names); j++)
		{
			const char **cells;

			if (texts[j] == NULL)
				continue;
			cells = ct_table_add(table, report, error);
			cells[2] = names[j];
			cells[3] = texts[j];
		}
	}
	return table_or_nothing(table);
}

CtReportTable *
ct_report_runs(const CtReportList *list)
{
	static const CtReportColumn columns[] = {
		{"run",.right = true}, {"scenario",.code = true}, {"variant",.code = true}, {"verdict"},
		{"duration",.right = true}, {"transactions",.right = true}, {"per second",.right = true},
		{"p95",.right = true}, {"p99",.right = true}, {"failed",.right = true},
		{"anomalies",.right = true},
	};
	CtReportTable *table = ct_table_create(NULL, "ct_runs", columns, lengthof(columns));
	int			i;

	for (i = 0; i < list->n; i++)
	{
		const CtReportLine *line = &list->lines[i];
		const char **cells = ct_table_add(table, NULL, NULL);

		cells[0] = psprintf(INT64_FORMAT, line->run_id);
		cells[1] = line->scenario;
		cells[2] = line->variant ? line->variant : "";
		cells[3] = ct_report_title(line->status, line->verdict);
		cells[4] = ct_format_ms(line->duration_ms, list->unicode);
		cells[5] = ct_format_count(line->transactions);
		cells[6] = ct_format_float(line->tps);
		cells[7] = ct_format_ms(line->p95_ms, list->unicode);
		cells[8] = ct_format_ms(line->p99_ms, list->unicode);
		cells[9] = ct_format_count(line->failed);
		cells[10] = ct_format_count(line->anomalies);
	}
	return table_or_nothing(table);
}
