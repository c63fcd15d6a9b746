/*
 * table.c
 *		The parts of a report that all formats share: tables and sentences.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

/* of what a user wrote, where it stands in a sentence */
#define LONG_TEXT 500

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

/* A new row, its cells empty. */
static char **
table_add(CtReportTable *table)
{
	char	  **cells = palloc(table->ncolumns * sizeof(char *));
	int			i;

	for (i = 0; i < table->ncolumns; i++)
		cells[i] = "";
	table->rows = lappend(table->rows, cells);
	return cells;
}

static bool
several_scripts(const CtReport *report)
{
	int			i;

	for (i = 1; i < report->nlatencies; i++)
	{
		if (strcmp(report->latencies[i].script, report->latencies[0].script) != 0)
			return true;
	}
	return false;
}

/* Transactions that were begun, as a double since the sum of two int64 may overflow. */
static double
iterations(const CtReport *report)
{
	return (double) Max(report->transactions, 0) + (double) Max(report->failed, 0);
}

CtReportTable *
ct_report_checks(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"check", .code = true}, {"kind", .code = true}, {"status"},
		{"wanted"}, {"found"}, {"violations", .right = true}
	};
	CtReportTable *table = table_create("Checks", "ct_checks", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nchecks; i++)
	{
		const CtReportCheck *check = &report->checks[i];
		char	  **cells = table_add(table);

		cells[0] = check->name;
		cells[1] = check->kind;
		cells[2] = strcmp(check->status, "fail") == 0 ? "FAIL" : check->status;
		cells[3] = check->target;
		cells[4] = check->actual;
		cells[5] = ct_format_count(check->violations);
	}
	return table->rows ? table : NULL;
}

CtReportTable *
ct_report_evidence(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"evidence"}, {"transactions", .right = true}, {"share", .right = true}, {"which means"}
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
	int			i;

	for (i = 0; i < lengthof(kinds); i++)
	{
		char	  **cells;

		if (kinds[i].count < 0)
			continue;
		cells = table_add(table);
		cells[0] = pstrdup(kinds[i].name);
		cells[1] = ct_format_count(kinds[i].count);
		cells[2] = iterations(report) > 0 ? ct_format_share(kinds[i].count / iterations(report)) : "-";
		cells[3] = pstrdup(kinds[i].meaning);
	}
	return table->rows ? table : NULL;
}

/*
 * Transactions that completed, in the warm-up or after it, as outcomes are
 * counted; of an unfinished run, those that are known.
 */
static double
completed(const CtReport *report)
{
	double		all = 0;
	int			i;

	for (i = 0; i < report->nworkers; i++)
		all += Max(report->worker_rows[i].transactions, 0);
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
		{"outcome", .code = true}, {"count", .right = true}, {"share", .right = true},
		{"script", .code = true}
	};
	CtReportTable *table = table_create("Outcomes", "ct_outcomes", columns, lengthof(columns));
	double		all = completed(report);
	double		unsaid = all;
	int			i;

	for (i = 0; i < report->noutcomes; i++)
		unsaid -= report->outcomes[i].count;
	for (i = 0; i < report->noutcomes; i++)
	{
		const CtReportOutcome *outcome = &report->outcomes[i];
		char	  **cells = table_add(table);

		cells[0] = outcome->outcome;
		cells[1] = ct_format_count(outcome->count);
		cells[2] = ct_format_share(unsaid > 0 ? outcome->count / all : outcome->share);
		cells[3] = outcome->script;
	}
	if (table->rows && unsaid > 0)
	{
		char	  **cells = table_add(table);

		cells[0] = "(none said)";
		cells[1] = ct_format_count((int64) Min(unsaid, 1e18));
		cells[2] = ct_format_share(unsaid / all);
		cells[3] = several_scripts(report) ? "(all)" : report->outcomes[0].script;
	}
	return table->rows ? table : NULL;
}

CtReportTable *
ct_report_tallies(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"tally", .code = true}, {"sum", .right = true}
	};
	CtReportTable *table = table_create("Tallies", "ct_tallies", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->ntallies; i++)
	{
		char	  **cells = table_add(table);

		cells[0] = report->tallies[i].tally;
		cells[1] = psprintf("%.15g", report->tallies[i].value);
	}
	return table->rows ? table : NULL;
}

/* Puts count and latencies into the cells from the given one on; returns the next free one. */
static char **
latency_cells(char **cells, const CtReportLatency *latency, bool p999, bool unicode)
{
	*cells++ = ct_format_count(latency->count);
	*cells++ = ct_format_ms(latency->mean_ms, unicode);
	*cells++ = ct_format_ms(latency->p50_ms, unicode);
	*cells++ = ct_format_ms(latency->p95_ms, unicode);
	*cells++ = ct_format_ms(latency->p99_ms, unicode);
	if (p999)
		*cells++ = ct_format_ms(latency->p999_ms, unicode);
	*cells++ = ct_format_ms(latency->max_ms, unicode);
	return cells;
}

/* What is the whole transaction's: a row for the run if it has several scripts, and for each. */
CtReportTable *
ct_report_latencies(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"of"}, {"count", .right = true}, {"mean", .right = true}, {"p50", .right = true},
		{"p95", .right = true}, {"p99", .right = true}, {"p99.9", .right = true},
		{"max", .right = true}, {"script", .code = true}
	};
	CtReportTable *table = table_create("Latency", "ct_latencies", columns, lengthof(columns));
	int			i;

	if (several_scripts(report) && report->transactions > 0)
	{
		CtReportLatency all = {0};
		char	  **cells = table_add(table);

		/* more than the run's transactions: what ended too late has a latency, too */
		for (i = 0; i < report->nlatencies; i++)
			if (strcmp(report->latencies[i].kind, "transaction") == 0)
				all.count += report->latencies[i].count;
		all.mean_ms = report->mean_ms;
		all.p50_ms = report->p50_ms;
		all.p95_ms = report->p95_ms;
		all.p99_ms = report->p99_ms;
		all.p999_ms = report->p999_ms;
		all.max_ms = report->max_ms;
		cells[0] = "transaction";
		cells = latency_cells(cells + 1, &all, true, report->unicode);
		*cells = "(all)";
	}
	for (i = 0; i < report->nlatencies; i++)
	{
		const CtReportLatency *latency = &report->latencies[i];
		char	  **cells;
		char	   *p;

		if (latency->step != 0 || latency->count == 0)
			continue;
		cells = table_add(table);
		cells[0] = pstrdup(latency->kind);
		for (p = cells[0]; *p; p++)
		{
			if (*p == '_')
				*p = ' ';
		}
		cells = latency_cells(cells + 1, latency, true, report->unicode);
		*cells = latency->script;
	}
	return table->rows ? table : NULL;
}

CtReportTable *
ct_report_statements(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"step", .code = true}, {"count", .right = true}, {"mean", .right = true},
		{"p50", .right = true}, {"p95", .right = true}, {"p99", .right = true},
		{"max", .right = true}, {"statement", .code = true}
	};
	CtReportTable *table = table_create("Statements", "ct_latencies", columns, lengthof(columns));
	bool		named = several_scripts(report);
	int			i;

	for (i = 0; i < report->nlatencies; i++)
	{
		const CtReportLatency *latency = &report->latencies[i];
		char	  **cells;

		if (latency->step == 0)
			continue;
		cells = table_add(table);
		cells[0] = named ? psprintf("%s %d", latency->script, latency->step)
			: psprintf("%d", latency->step);
		cells = latency_cells(cells + 1, latency, false, report->unicode);
		*cells = latency->sql ? latency->sql : "";
	}
	return table->rows ? table : NULL;
}

static char *
handling_text(const CtReportError *error)
{
	return strcmp(error->handling, "gave_up") == 0 ? "gave up" : error->handling;
}

CtReportTable *
ct_report_errors(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate", .code = true}, {"condition", .code = true}, {"handling"},
		{"count", .right = true}, {"script", .code = true}, {"first message", .code = true}
	};
	CtReportTable *table = table_create("Errors", "ct_errors", columns, lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
	{
		const CtReportError *error = &report->errors[i];
		char	  **cells = table_add(table);

		cells[0] = error->sqlstate;
		cells[1] = error->condition;
		cells[2] = handling_text(error);
		cells[3] = ct_format_count(error->count);
		cells[4] = error->script;
		cells[5] = error->message;
	}
	return table->rows ? table : NULL;
}

CtReportTable *
ct_report_error_places(const CtReport *report)
{
	static const CtReportColumn columns[] = {
		{"sqlstate", .code = true}, {"handling"}, {"script", .code = true}, {"step", .right = true},
		{"line", .right = true}, {"statement", .code = true}
	};
	CtReportTable *table = table_create("Statements that raised them first", "ct_errors", columns,
										lengthof(columns));
	int			i;

	for (i = 0; i < report->nerrors; i++)
	{
		const CtReportError *error = &report->errors[i];
		char	  **cells;

		if (error->statement == NULL)
			continue;
		cells = table_add(table);
		cells[0] = error->sqlstate;
		cells[1] = handling_text(error);
		cells[2] = error->script;
		cells[3] = psprintf("%d", error->step);
		cells[4] = psprintf("%d", error->line);
		cells[5] = error->statement;
	}
	return table->rows ? table : NULL;
}

/*
 * The innermost function that an error's context tells of, and where in it; NULL
 * if it tells of none: of scripts and their statements there is a table.
 */
static char *
innermost_function(const char *context)
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
		{"sqlstate", .code = true}, {"script", .code = true}, {""}, {"what they said besides", .code = true}
	};
	static const char *const names[] = {"detail", "hint", "in"};
	CtReportTable *table = table_create("Details of errors", "ct_errors", columns, lengthof(columns));
	int			i;
	int			j;

	for (i = 0; i < report->nerrors; i++)
	{
		const CtReportError *error = &report->errors[i];
		char	   *texts[] = {error->detail, error->hint, innermost_function(error->context)};

		if (strcmp(error->handling, "failed") != 0 && strcmp(error->handling, "gave_up") != 0)
			continue;
		for (j = 0; j < lengthof(names); j++)
		{
			char	  **cells;

			if (texts[j] == NULL)
				continue;
			cells = table_add(table);
			cells[0] = error->sqlstate;
			cells[1] = error->script;
			cells[2] = pstrdup(names[j]);
			cells[3] = texts[j];
		}
	}
	return table->rows ? table : NULL;
}

/* ---- sentences ---- */

static bool
under_way(const CtReport *report)
{
	return strcmp(report->status, "running") == 0 || strcmp(report->status, "starting") == 0;
}

/* In a word: the verdict, else what became of the run. */
char *
ct_report_title(const CtReport *report)
{
	const char *word = report->verdict ? report->verdict : report->status;
	char	   *title;
	char	   *p;

	/* "failed" is how a run ends that came to no verdict; next to FAIL that would confuse */
	if (strcmp(word, "failed") == 0)
		word = "error";
	title = pstrdup(word);
	for (p = title; *p; p++)
		*p = pg_toupper((unsigned char) *p);
	return title;
}

char *
ct_report_reason(const CtReport *report)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (strcmp(report->status, "crashed") == 0)
		appendStringInfoString(&buf, "The run's leader is gone without having recorded an end: it was killed, or the server crashed or was shut down.");
	else if (strcmp(report->status, "starting") == 0)
		appendStringInfo(&buf, "Being set up for %s.",
						 ct_format_ms(report->elapsed_ms, report->unicode));
	else if (strcmp(report->status, "running") == 0)
		appendStringInfo(&buf, "Under way for %s.",
						 ct_format_ms(report->elapsed_ms, report->unicode));
	if (report->reason)
		appendStringInfo(&buf, "%s%s", buf.len ? " " : "",
						 ct_text_cut(report->reason, LONG_TEXT, report->unicode));
	if (report->message)
	{
		appendStringInfo(&buf, "%s%s", buf.len ? " " : "",
						 ct_text_cut(report->message, LONG_TEXT, report->unicode));
		if (report->sqlstate)
			appendStringInfo(&buf, " (SQLSTATE %s)", report->sqlstate);
	}
	return buf.len ? buf.data : NULL;
}

/* What ran where, in a line or two. */
char *
ct_report_facts(const CtReport *report)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, ct_format_plural(report->workers >= 0 ? report->workers : report->workers_asked,
												  "worker", "workers"));
	if (report->isolation)
		appendStringInfo(&buf, ", %s", report->isolation);
	if (!isnan(report->rate))
		appendStringInfo(&buf, ", at a rate of %s per second", ct_format_float(report->rate));
	if (report->max_tries == 0)
		appendStringInfoString(&buf, ", tries without limit");
	else if (report->max_tries > 0)
		appendStringInfo(&buf, ", at most %s", ct_format_plural(report->max_tries, "try", "tries"));
	if (!isnan(report->duration_ms))
		appendStringInfo(&buf, ", %s", ct_format_ms(report->duration_ms, report->unicode));
	appendStringInfo(&buf, ", started %s as %s", report->started_at, report->role);
	if (report->seed)
		appendStringInfo(&buf, ", seed %s", report->seed);
	appendStringInfo(&buf, ", PostgreSQL %.*s",
					 (int) strcspn(report->server_version, " "), report->server_version);
	return buf.data;
}

/* What was seen of the orders of steps, and what wasn't. */
char *
ct_report_orders(const CtReport *report)
{
	StringInfoData buf;
	int			i;

	if (report->pairs <= 0)
		return NULL;
	if (report->pairs == 1)
		return pstrdup("Transactions of one step have no order, they are only executed at once.");
	if (report->orders_seen == 0)
		return pstrdup("No order of two transactions' steps was seen: they hardly overlapped.");
	initStringInfo(&buf);
	appendStringInfo(&buf, "Both orders of %s of %s of steps were seen",
					 ct_format_count(report->pairs_seen), ct_format_plural(report->pairs, "pair", "pairs"));
	for (i = 0; i < report->norders; i++)
	{
		const CtReportOrder *order = &report->orders[i];

		appendStringInfoString(&buf, i == 0 ? "; never: " : ", ");
		if (several_scripts(report))
			appendStringInfo(&buf, "%s's %d before %s's %d", order->script, order->step,
							 order->other_script, order->other_step);
		else
			appendStringInfo(&buf, "%d before %d", order->step, order->other_step);
	}
	if (report->orders_missing > report->norders)
		appendStringInfo(&buf, " and %s more, see ct_orders",
						 ct_format_count(report->orders_missing - report->norders));
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

char *
ct_report_throughput(const CtReport *report)
{
	StringInfoData buf;
	double		all = iterations(report);

	if (report->transactions < 0)
		return NULL;
	initStringInfo(&buf);
	if (!isnan(report->tps))
	{
		appendStringInfo(&buf, "%s per second", ct_format_float(report->tps));
		if (!isnan(report->tps_low) && !isnan(report->tps_high))
			appendStringInfo(&buf, " (%s to %s at 95 %%)", ct_format_float(report->tps_low),
							 ct_format_float(report->tps_high));
		appendStringInfoString(&buf, ": ");
	}
	appendStringInfoString(&buf, ct_format_plural(report->transactions, "transaction", "transactions"));
	if (!isnan(report->duration_ms))
		appendStringInfo(&buf, " in %s", ct_format_ms(report->duration_ms, report->unicode));
	if (report->failed >= 0)
	{
		appendStringInfo(&buf, ", %s failed", ct_format_count(report->failed));
		if (report->failed > 0)
			appendStringInfo(&buf, " (%s)", ct_format_share(report->failed / all));
	}
	if (report->retries >= 0)
	{
		appendStringInfo(&buf, ", %s", ct_format_plural(report->retries, "retry", "retries"));
		if (report->retries > 0 && all > 0)
			appendStringInfo(&buf, " (%s per transaction)", ct_format_float(report->retries / all));
	}
	appendStringInfoChar(&buf, '.');
	return buf.data;
}

/*
 * How the throughput of the last quarter compares to the first's: what falls
 * there is suffering from what it leaves behind (dead rows, say).
 */
char *
ct_report_trend(const CtReport *report)
{
	int			quarter = report->nseconds / 4;
	double		first = 0;
	double		last = 0;
	int			i;

	if (quarter == 0 || under_way(report))
		return NULL;
	for (i = 0; i < quarter; i++)
	{
		first += report->seconds[i].tps;
		last += report->seconds[report->nseconds - 1 - i].tps;
	}
	if (!(first > 0))
		return NULL;
	return psprintf("Last quarter's throughput: %s of the first's.", ct_format_share(last / first));
}

char *
ct_report_fairness(const CtReport *report)
{
	const CtReportWorker *fewest = report->worker_rows;
	const CtReportWorker *most = report->worker_rows;
	int			i;

	if (report->nworkers < 2)
		return NULL;
	for (i = 1; i < report->nworkers; i++)
	{
		const CtReportWorker *worker = &report->worker_rows[i];

		if (worker->transactions < fewest->transactions)
			fewest = worker;
		if (worker->transactions > most->transactions)
			most = worker;
	}
	if (most->transactions == fewest->transactions)
		return psprintf("Transactions: %s by each worker.", ct_format_count(most->transactions));
	return psprintf("Fewest transactions: %s by worker %d; most: %s by worker %d%s.",
					ct_format_count(fewest->transactions), fewest->worker,
					ct_format_count(most->transactions), most->worker,
					fewest->transactions == 0 ? "" :
					psprintf(", %s times as many",
							 ct_format_float((double) most->transactions / fewest->transactions)));
}

/* What is wrong, without the evidence. */
char *
ct_report_anomaly(const CtReport *report, const CtReportAnomaly *anomaly)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, anomaly->kind);
	if (anomaly->observed)
		appendStringInfo(&buf, ", observed %s",
						 ct_text_cut(anomaly->observed, LONG_TEXT, report->unicode));
	if (anomaly->expected)
		appendStringInfo(&buf, ", expected %s",
						 ct_text_cut(anomaly->expected, LONG_TEXT, report->unicode));
	if (!isnan(anomaly->after_ms) && anomaly->after_ms >= 0)
		appendStringInfo(&buf, ", first seen after %s",
						 ct_format_ms(anomaly->after_ms, report->unicode));
	return buf.data;
}

/*
 * Fewer workers than the default are nothing to worry about: where a number
 * was named, the run fails instead.
 */
char *
ct_report_note(const CtReport *report)
{
	if (report->workers < 0 || report->workers >= report->workers_asked)
		return NULL;
	return psprintf("%s of %s raced, the server had no slot for more: a higher max_worker_processes gives more.",
					ct_format_count(report->workers),
					ct_format_plural(report->workers_asked, "worker", "workers"));
}

List *
ct_report_warnings(const CtReport *report)
{
	List	   *warnings = NIL;

	if (report->held_horizon)
		warnings = lappend(warnings,
						   pstrdup("The waiting caller held back vacuum: throughput of hot rows suffers. CALL ct_execute, call ct_run as a statement of its own in READ COMMITTED, or use ct_start."));
	if (report->barrier_breaks > 0)
		warnings = lappend(warnings,
						   psprintf("A barrier let its workers go %s because not all could come.",
									ct_format_plural(report->barrier_breaks, "time", "times")));
	if (report->transactions == 0 && report->verdict)
		warnings = lappend(warnings, pstrdup("Not one transaction completed."));
	if (report->kept_sandbox)
		warnings = lappend(warnings,
						   psprintf("The sandbox was kept: schema %s.", report->kept_sandbox));
	if (report->warnings)
	{
		char	   *rest = pstrdup(report->warnings);
		char	   *line;

		while ((line = strsep(&rest, "\n")) != NULL)
			warnings = lappend(warnings, (void *) ct_text_cut(line, LONG_TEXT, report->unicode));
	}
	return warnings;
}
