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

/* the cell of a column: a member of a row, in a form that suits its type */
#define TEXT_CELL(row, member)		.cell = CT_CELL_TEXT, .offset = CT_MEMBER(row, member, const char *)
#define NUMBER_CELL(row, member)	.cell = CT_CELL_NUMBER, .right = true, .offset = CT_MEMBER(row, member, int)
#define COUNT_CELL(row, member)		.cell = CT_CELL_COUNT, .right = true, .offset = CT_MEMBER(row, member, int64)
#define VALUE_CELL(row, member)		.cell = CT_CELL_VALUE, .right = true, .offset = CT_MEMBER(row, member, double)
#define MS_CELL(row, member)		.cell = CT_CELL_MS, .right = true, .offset = CT_MEMBER(row, member, double)

static CtReportTable *
table_create(const char *title, const char *view, const CtReportColumn *columns, int ncolumns)
{
	CtReportTable *table = palloc0(sizeof(CtReportTable));

	table->title = title;
	table->view = view;
	table->columns = columns;
	table->ncolumns = ncolumns;
	return table;
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
			return psprintf("%d", *(const int *) member);
		case CT_CELL_COUNT:
			return ct_format_count(*(const int64 *) member);
		case CT_CELL_VALUE:
			return psprintf("%.15g", *(const double *) member);
		case CT_CELL_MS:
			return ct_format_ms(*(const double *) member, report->unicode);
		default:
			return "";
	}
}

/* A new row of the table; its cells are made of the row, if one is given, or empty. */
static const char **
table_add(CtReportTable *table, const CtReport *report, const void *row)
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
ct_report_checks(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"check",.code = true, TEXT_CELL(CtCheckRow, check_name)},
		{"kind",.code = true, TEXT_CELL(CtCheckRow, kind)},
		{"status"},
		{"target", TEXT_CELL(CtCheckRow, target)},
		{"actual", TEXT_CELL(CtCheckRow, actual)},
		{"violations", COUNT_CELL(CtCheckRow, violations)},
	};
	CtReportTable *table = table_create("Checks", "ct_checks", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nchecks; i++)
	{
		const CtCheckRow *check = &report->checks[i];

		table_add(table, report, check)[2] = strcmp(check->status, "fail") == 0 ? "FAIL" : check->status;
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
	CtReportTable *table = table_create("Evidence", "ct_runs", columns, lengthof(columns));
	double		all = ct_report_iterations(report);
	int			i;

	for (i = 0; i < lengthof(kinds); i++)
	{
		const char **cells;

		if (kinds[i].count < 0)
			continue;
		cells = table_add(table, report, NULL);
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
		{"outcome",.code = true, TEXT_CELL(CtOutcomeRow, outcome)},
		{"count", COUNT_CELL(CtOutcomeRow, count)},
		{"share",.right = true},
		{"script",.code = true, TEXT_CELL(CtOutcomeRow, script)},
	};
	CtReportTable *table = table_create("Outcomes", "ct_outcomes", columns, lengthof(columns));
	double		all = table_completed(report);
	double		unsaid = all;
	int			i;

	for (i = 0; i < report->noutcomes; i++)
		unsaid -= report->outcomes[i].count;
	for (i = 0; i < report->noutcomes; i++)
	{
		const CtOutcomeRow *outcome = &report->outcomes[i];

		table_add(table, report, outcome)[2] =
			ct_format_share(unsaid > 0 ? outcome->count / all : outcome->share);
	}
	if (table->rows && unsaid > 0)
	{
		const char **cells = table_add(table, report, NULL);

		cells[0] = "(none said)";
		cells[1] = ct_format_count((int64) Min(unsaid, 1e18));
		cells[2] = ct_format_share(unsaid / all);
		cells[3] = ct_report_several_scripts(report) ? "(all)" : report->outcomes[0].script;
	}
	return table_or_nothing(table);
}

CtReportTable *
ct_report_tallies(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"tally",.code = true, TEXT_CELL(CtTallyRow, tally)},
		{"sum", VALUE_CELL(CtTallyRow, value)},
	};
	CtReportTable *table = table_create("Tallies", "ct_tallies", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->ntallies; i++)
		table_add(table, report, &report->tallies[i]);
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
		{"count", COUNT_CELL(CtLatencyRow, count)},
		{"mean", MS_CELL(CtLatencyRow, mean_ms)},
		{"p50", MS_CELL(CtLatencyRow, p50_ms)},
		{"p95", MS_CELL(CtLatencyRow, p95_ms)},
		{"p99", MS_CELL(CtLatencyRow, p99_ms)},
		{"p99.9", MS_CELL(CtLatencyRow, p999_ms)},
		{"max", MS_CELL(CtLatencyRow, max_ms)},
		{"script",.code = true, TEXT_CELL(CtLatencyRow, script)},
	};
	CtReportTable *table = table_create("Latency", "ct_latencies", columns, lengthof(columns));
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
		table_add(table, report, &all)[0] = "transaction";
	}
	for (i = 0; i < report->nlatencies; i++)
	{
		const CtLatencyRow *latency = &report->latencies[i];

		if (latency->step == 0 && latency->count > 0)
			table_add(table, report, latency)[0] = table_kind(latency->kind);
	}
	return table_or_nothing(table);
}

CtReportTable *
ct_report_statements(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"step",.code = true},
		{"count", COUNT_CELL(CtLatencyRow, count)},
		{"mean", MS_CELL(CtLatencyRow, mean_ms)},
		{"p50", MS_CELL(CtLatencyRow, p50_ms)},
		{"p95", MS_CELL(CtLatencyRow, p95_ms)},
		{"p99", MS_CELL(CtLatencyRow, p99_ms)},
		{"max", MS_CELL(CtLatencyRow, max_ms)},
		{"statement",.code = true, TEXT_CELL(CtLatencyRow, sql)},
	};
	CtReportTable *table = table_create("Statements", "ct_latencies", columns, lengthof(columns));
	bool		named = ct_report_several_scripts(report);
	int			i;

	for (i = 0; i < report->nlatencies; i++)
	{
		const CtLatencyRow *latency = &report->latencies[i];

		if (latency->step != 0)
			table_add(table, report, latency)[0] = named ?
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
		{"sqlstate",.code = true, TEXT_CELL(CtErrorRow, sqlstate)},
		{"condition",.code = true, TEXT_CELL(CtErrorRow, condition_name)},
		{"handling"},
		{"count", COUNT_CELL(CtErrorRow, count)},
		{"script",.code = true, TEXT_CELL(CtErrorRow, script)},
		{"first message",.code = true, TEXT_CELL(CtErrorRow, first_message)},
	};
	CtReportTable *table = table_create("Errors", "ct_errors", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
		table_add(table, report, &report->errors[i])[2] = table_handling(&report->errors[i]);
	return table_or_nothing(table);
}

CtReportTable *
ct_report_error_places(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate",.code = true, TEXT_CELL(CtErrorRow, sqlstate)},
		{"handling"},
		{"script",.code = true, TEXT_CELL(CtErrorRow, script)},
		{"step", NUMBER_CELL(CtErrorRow, step)},
		{"line", NUMBER_CELL(CtErrorRow, line)},
		{"statement",.code = true, TEXT_CELL(CtErrorRow, statement)},
	};
	CtReportTable *table = table_create("Statements that raised them first", "ct_errors", columns,
										lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
	{
		if (report->errors[i].statement != NULL)
			table_add(table, report, &report->errors[i])[1] = table_handling(&report->errors[i]);
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
		{"sqlstate",.code = true, TEXT_CELL(CtErrorRow, sqlstate)},
		{"script",.code = true, TEXT_CELL(CtErrorRow, script)},
		{""},
		{"what they said besides",.code = true},
	};
	static const char *const names[] = {"detail", "hint", "in"};
	CtReportTable *table = table_create("Details of errors", "ct_errors", columns, lengthof(columns));
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
			cells = table_add(table, report, error);
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
	CtReportTable *table = table_create(NULL, "ct_runs", columns, lengthof(columns));
	int			i;

	for (i = 0; i < list->n; i++)
	{
		const CtReportLine *line = &list->lines[i];
		const char **cells = table_add(table, NULL, NULL);

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
