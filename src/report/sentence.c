/*
 * sentence.c
 *		The sentences of a report, which all formats share.
 */
#include "postgres.h"

#include <math.h>

#include "src/report/report.h"

/* of what a user wrote, where it stands in a sentence */
#define LONG_TEXT 500

bool
ct_report_several_scripts(const CtReport *report)
{
	int			i;

	for (i = 1; i < report->nlatencies; i++)
	{
		if (strcmp(report->latencies[i].script, report->latencies[0].script) != 0)
			return true;
	}
	return false;
}

double
ct_report_iterations(const CtReport *report)
{
	return (double) Max(report->transactions, 0) + (double) Max(report->failed, 0);
}

static bool
sentence_is_under_way(const CtReport *report)
{
	return strcmp(report->status, "running") == 0 || strcmp(report->status, "starting") == 0;
}

/* In a word: the verdict, else what became of the run. */
char *
ct_report_title(const char *status, const char *verdict)
{
	const char *word = verdict ? verdict : status;
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
	if (strcmp(report->mode, "explore") == 0)
		appendStringInfo(&buf, "%s, one step at a time%s", ct_format_plural(report->workers_asked, "session", "sessions"),
						 report->nexplorations == 0 ? "" :
						 strcmp(report->explorations[0].yield, "inside") == 0 ? ", steps within functions too" :
						 ", a statement each");
	else
		appendStringInfoString(&buf, ct_format_plural(report->workers >= 0 ? report->workers : report->workers_asked,
													  "worker", "workers"));
	if (report->clients > report->workers)
		appendStringInfo(&buf, ", %s", ct_format_plural(report->clients, "client", "clients"));
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
		if (ct_report_several_scripts(report))
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
	double		all = ct_report_iterations(report);

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

	if (quarter == 0 || sentence_is_under_way(report))
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
	const CtWorkerRow *fewest = report->worker_rows;
	const CtWorkerRow *most = report->worker_rows;
	int			i;

	if (report->nworkers < 2)
		return NULL;
	for (i = 1; i < report->nworkers; i++)
	{
		const CtWorkerRow *worker = &report->worker_rows[i];

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
ct_report_anomaly(const CtReport *report, const CtAnomalyRow *anomaly)
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
	if (report->gate_at != 0 && anomaly->first_seen >= report->gate_at)
		appendStringInfo(&buf, ", first seen after %s",
						 ct_format_ms((anomaly->first_seen - report->gate_at) / 1000.0,
									  report->unicode));
	return buf.data;
}

/* What a check asked for, and what came of it: "p95_ms: 3.92 (target < 100)". */
char *
ct_report_check(const CtReport *report, const CtCheckRow *check)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoString(&buf, ct_text_cut(check->check_name, LONG_TEXT, report->unicode));
	if (check->actual)
		appendStringInfo(&buf, ": %s", ct_text_cut(check->actual, LONG_TEXT, report->unicode));
	if (check->target)
		appendStringInfo(&buf, "%s(target %s)", check->actual ? " " : ": ",
						 ct_text_cut(check->target, LONG_TEXT, report->unicode));
	return buf.data;
}

/*
 * Fewer workers than the default are nothing to worry about: where a number
 * was named, the run fails instead.
 */
static char *
sentence_note_of_workers(const CtReport *report)
{
	if (report->workers < 0 || report->workers >= report->workers_asked)
		return NULL;
	return psprintf("%s of %s raced, the server had no slot for more: a higher max_worker_processes gives more.",
					ct_format_count(report->workers),
					ct_format_plural(report->workers_asked, "worker", "workers"));
}

/* What clients that take turns have in common. */
static char *
sentence_note_of_clients(const CtReport *report)
{
	if (report->clients <= report->workers)
		return NULL;
	return psprintf("%s took turns on %s, between transactions: no more than %s were under way at once, and what one leaves in a session (SET, temporary tables, prepared statements, advisory locks) the next one finds.",
					ct_format_plural(report->clients, "client", "clients"),
					ct_format_plural(report->workers, "session", "sessions"),
					ct_format_count(report->workers));
}

char *
ct_report_note(const CtReport *report)
{
	char	   *of_workers = sentence_note_of_workers(report);
	char	   *of_clients = sentence_note_of_clients(report);

	return of_workers && of_clients ? psprintf("%s %s", of_workers, of_clients) :
		of_workers ? of_workers : of_clients;
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
