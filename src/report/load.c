/*
 * load.c
 *		Loads what is known about a run from the extension's views.
 *
 * The views are asked as the role that wants the report: they are the one
 * place that decides who sees a run, and nothing here has more rights.  All
 * of it is read under one snapshot, the caller's active one.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "src/catalog/catalog.h"
#include "src/report/report.h"

/* anomalies that a report shows; ct_anomalies may have more */
#define ORDERS_SHOWN 8
#define ANOMALIES_SHOWN 5

/* Executes a query with the run's id as $1; returns the number of rows. */
static int
query_run(const char *sql, int64 run_id)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1];

	values[0] = Int64GetDatum(run_id);
	ct_catalog_execute(sql, 1, types, values, NULL, true);
	return (int) SPI_processed;
}

/* The column of the last query's row; raises if the query has no such column. */
static Datum
get_datum(int row, const char *column, Oid type, bool *isnull)
{
	TupleDesc	desc = SPI_tuptable->tupdesc;
	int			attnum = SPI_fnumber(desc, column);

	if (attnum <= 0 || SPI_gettypeid(desc, attnum) != type)
		elog(ERROR, "report has no column \"%s\" of type %u", column, type);
	return SPI_getbinval(SPI_tuptable->vals[row], desc, attnum, isnull);
}

static char *
get_text(int row, const char *column)
{
	bool		isnull;
	Datum		value = get_datum(row, column, TEXTOID, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static int64
get_int64(int row, const char *column)
{
	bool		isnull;
	Datum		value = get_datum(row, column, INT8OID, &isnull);

	return isnull ? -1 : DatumGetInt64(value);
}

static int
get_int(int row, const char *column)
{
	bool		isnull;
	Datum		value = get_datum(row, column, INT4OID, &isnull);

	return isnull ? -1 : DatumGetInt32(value);
}

static double
get_float(int row, const char *column)
{
	bool		isnull;
	Datum		value = get_datum(row, column, FLOAT8OID, &isnull);

	return isnull ? NAN : DatumGetFloat8(value);
}

static bool
get_bool(int row, const char *column)
{
	bool		isnull;
	Datum		value = get_datum(row, column, BOOLOID, &isnull);

	return !isnull && DatumGetBool(value);
}

static void
load_run(CtReport *report, int64 run_id)
{
	int			n;

	n = query_run("SELECT run_id, coalesce(scenario, 'ct_test') AS scenario, variant, status, verdict,"
				  " reason, role::text AS role, isolation, sqlstate, message, server_version,"
				  " kept_sandbox::text AS kept_sandbox, nullif(array_to_string(warnings, E'\n'), '') AS warnings,"
				  " nullif(params, '{}')::text AS params,"
				  " to_char(started_at, 'YYYY-MM-DD HH24:MI:SS TZ') AS started_at,"
				  " 1000 * date_part('epoch', clock_timestamp() - coalesce(gate_at, started_at)) AS elapsed_ms,"
				  " 1000 * duration AS duration_ms, workers_asked, workers, rate, max_tries,"
				  " transactions, failed, retries, anomalies, overlapped, waited, met, contended,"
				  " orders_seen, orders_possible,"
				  " barrier_breaks, tps, tps_low, tps_high, mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms, held_horizon, seed::text AS seed"
				  " FROM @ct_runs WHERE run_id = $1",
				  run_id);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("run " INT64_FORMAT " does not exist", run_id),
				 errhint("The view ct_runs shows the runs that you may see: those of roles whose privileges you have, or all with those of pg_read_all_stats.")));

	report->run_id = run_id;
	report->scenario = get_text(0, "scenario");
	report->variant = get_text(0, "variant");
	report->status = get_text(0, "status");
	report->verdict = get_text(0, "verdict");
	report->reason = get_text(0, "reason");
	report->role = get_text(0, "role");
	report->started_at = get_text(0, "started_at");
	report->elapsed_ms = get_float(0, "elapsed_ms");
	report->duration_ms = get_float(0, "duration_ms");
	report->workers_asked = get_int(0, "workers_asked");
	report->workers = get_int(0, "workers");
	report->isolation = get_text(0, "isolation");
	report->rate = get_float(0, "rate");
	report->max_tries = get_int(0, "max_tries");
	report->transactions = get_int64(0, "transactions");
	report->failed = get_int64(0, "failed");
	report->retries = get_int64(0, "retries");
	report->anomaly_count = get_int64(0, "anomalies");
	report->overlapped = get_int64(0, "overlapped");
	report->waited = get_int64(0, "waited");
	report->met = get_int64(0, "met");
	report->contended = get_int64(0, "contended");
	report->orders_seen = get_int64(0, "orders_seen");
	report->orders_possible = get_int64(0, "orders_possible");
	report->barrier_breaks = get_int64(0, "barrier_breaks");
	report->tps = get_float(0, "tps");
	report->tps_low = get_float(0, "tps_low");
	report->tps_high = get_float(0, "tps_high");
	report->mean_ms = get_float(0, "mean_ms");
	report->p50_ms = get_float(0, "p50_ms");
	report->p95_ms = get_float(0, "p95_ms");
	report->p99_ms = get_float(0, "p99_ms");
	report->p999_ms = get_float(0, "p999_ms");
	report->max_ms = get_float(0, "max_ms");
	report->held_horizon = get_bool(0, "held_horizon");
	report->sqlstate = get_text(0, "sqlstate");
	report->message = get_text(0, "message");
	report->seed = get_text(0, "seed");
	report->server_version = get_text(0, "server_version");
	report->kept_sandbox = get_text(0, "kept_sandbox");
	report->warnings = get_text(0, "warnings");
	report->params = get_text(0, "params");
}

static void
load_findings(CtReport *report)
{
	int			n;
	int			i;

	n = query_run("SELECT check_name, kind, status, target, actual, violations"
				  " FROM @ct_checks WHERE run_id = $1 ORDER BY position",
				  report->run_id);
	report->checks = palloc0(n * sizeof(CtReportCheck));
	for (i = 0; i < n; i++)
	{
		CtReportCheck *check = &report->checks[i];

		check->name = get_text(i, "check_name");
		check->kind = get_text(i, "kind");
		check->status = get_text(i, "status");
		check->target = get_text(i, "target");
		check->actual = get_text(i, "actual");
		check->violations = get_int64(i, "violations");
	}
	report->nchecks = n;

	n = query_run("SELECT a.check_name, a.kind, a.observed, a.expected, a.evidence::text AS evidence,"
				  " 1000 * date_part('epoch', a.first_seen - r.gate_at) AS after_ms"
				  " FROM @ct_anomalies a, @ct_runs r WHERE a.run_id = $1 AND r.run_id = $1"
				  " ORDER BY a.first_seen, a.check_name, a.evidence LIMIT " CppAsString2(ANOMALIES_SHOWN),
				  report->run_id);
	report->anomalies = palloc0(n * sizeof(CtReportAnomaly));
	for (i = 0; i < n; i++)
	{
		CtReportAnomaly *anomaly = &report->anomalies[i];

		anomaly->check_name = get_text(i, "check_name");
		anomaly->kind = get_text(i, "kind");
		anomaly->observed = get_text(i, "observed");
		anomaly->expected = get_text(i, "expected");
		anomaly->evidence = get_text(i, "evidence");
		anomaly->after_ms = get_float(i, "after_ms");
	}
	report->nanomalies = n;

	n = query_run("SELECT script, outcome, count, share FROM @ct_outcomes WHERE run_id = $1"
				  " ORDER BY script, count DESC, outcome",
				  report->run_id);
	report->outcomes = palloc0(n * sizeof(CtReportOutcome));
	for (i = 0; i < n; i++)
	{
		CtReportOutcome *outcome = &report->outcomes[i];

		outcome->script = get_text(i, "script");
		outcome->outcome = get_text(i, "outcome");
		outcome->count = get_int64(i, "count");
		outcome->share = get_float(i, "share");
	}
	report->noutcomes = n;

	n = query_run("SELECT tally, value FROM @ct_tallies WHERE run_id = $1 ORDER BY tally",
				  report->run_id);
	report->tallies = palloc0(n * sizeof(CtReportTally));
	for (i = 0; i < n; i++)
	{
		report->tallies[i].tally = get_text(i, "tally");
		report->tallies[i].value = get_float(i, "value");
	}
	report->ntallies = n;

	n = query_run("SELECT script, sqlstate, condition_name, handling, count, first_message, step, line,"
				  " statement, detail, hint, context"
				  " FROM @ct_errors WHERE run_id = $1"
				  " ORDER BY count DESC, sqlstate, handling, script",
				  report->run_id);
	report->errors = palloc0(n * sizeof(CtReportError));
	for (i = 0; i < n; i++)
	{
		CtReportError *error = &report->errors[i];

		error->script = get_text(i, "script");
		error->sqlstate = get_text(i, "sqlstate");
		error->condition = get_text(i, "condition_name");
		error->handling = get_text(i, "handling");
		error->count = get_int64(i, "count");
		error->message = get_text(i, "first_message");
		error->step = get_int(i, "step");
		error->line = get_int(i, "line");
		error->statement = get_text(i, "statement");
		error->detail = get_text(i, "detail");
		error->hint = get_text(i, "hint");
		error->context = get_text(i, "context");
	}
	report->nerrors = n;
}

static void
load_orders(CtReport *report)
{
	int			n;
	int			i;

	n = query_run("SELECT count(*) AS pairs, count(*) FILTER (WHERE before_seen AND after_seen) AS seen,"
				  " coalesce(sum((NOT before_seen)::int + (NOT after_seen AND script <> other_script)::int), 0)"
				  " AS missing FROM @ct_orders WHERE run_id = $1",
				  report->run_id);
	report->pairs = get_int64(0, "pairs");
	report->pairs_seen = get_int64(0, "seen");
	report->orders_missing = get_int64(0, "missing");

	/* of one script with itself, each order is in there twice */
	n = query_run("SELECT * FROM"
				  " (SELECT script, step, other_script, other_step FROM @ct_orders"
				  "  WHERE run_id = $1 AND NOT before_seen UNION ALL"
				  "  SELECT other_script, other_step, script, step FROM @ct_orders"
				  "  WHERE run_id = $1 AND NOT after_seen AND script <> other_script) o"
				  " ORDER BY script, step, other_script, other_step LIMIT " CppAsString2(ORDERS_SHOWN),
				  report->run_id);
	report->orders = palloc0(n * sizeof(CtReportOrder));
	for (i = 0; i < n; i++)
	{
		report->orders[i].script = get_text(i, "script");
		report->orders[i].step = get_int(i, "step");
		report->orders[i].other_script = get_text(i, "other_script");
		report->orders[i].other_step = get_int(i, "other_step");
	}
	report->norders = n;
}

static void
load_measurements(CtReport *report)
{
	int			n;
	int			i;

	n = query_run("SELECT script, step, kind, sql, count, mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms"
				  " FROM @ct_latencies WHERE run_id = $1"
				  " ORDER BY script, step, kind = 'transaction' DESC, kind",
				  report->run_id);
	report->latencies = palloc0(n * sizeof(CtReportLatency));
	for (i = 0; i < n; i++)
	{
		CtReportLatency *latency = &report->latencies[i];

		latency->script = get_text(i, "script");
		latency->step = get_int(i, "step");
		latency->kind = get_text(i, "kind");
		latency->sql = get_text(i, "sql");
		latency->count = get_int64(i, "count");
		latency->mean_ms = get_float(i, "mean_ms");
		latency->p50_ms = get_float(i, "p50_ms");
		latency->p95_ms = get_float(i, "p95_ms");
		latency->p99_ms = get_float(i, "p99_ms");
		latency->p999_ms = get_float(i, "p999_ms");
		latency->max_ms = get_float(i, "max_ms");
	}
	report->nlatencies = n;

	n = query_run("SELECT lower_us, upper_us, sum(count)::float8 AS count FROM @ct_histograms"
				  " WHERE run_id = $1 AND step = 0 AND kind = 'transaction'"
				  " GROUP BY lower_us, upper_us ORDER BY lower_us",
				  report->run_id);
	report->buckets = palloc0(n * sizeof(CtReportBucket));
	for (i = 0; i < n; i++)
	{
		report->buckets[i].lower_us = get_float(i, "lower_us");
		report->buckets[i].upper_us = get_float(i, "upper_us");
		report->buckets[i].count = get_float(i, "count");
	}
	report->nbuckets = n;

	n = query_run("SELECT seconds, tps FROM @ct_timeline WHERE run_id = $1 ORDER BY time",
				  report->run_id);
	report->seconds = palloc0(n * sizeof(CtReportSecond));
	for (i = 0; i < n; i++)
	{
		report->seconds[i].seconds = get_float(i, "seconds");
		report->seconds[i].tps = get_float(i, "tps");
	}
	report->nseconds = n;

	n = query_run("SELECT worker, transactions FROM @ct_workers WHERE run_id = $1 ORDER BY worker",
				  report->run_id);
	report->worker_rows = palloc0(n * sizeof(CtReportWorker));
	for (i = 0; i < n; i++)
	{
		report->worker_rows[i].worker = get_int(i, "worker");
		report->worker_rows[i].transactions = get_int64(i, "transactions");
	}
	report->nworkers = n;
}

CtReport *
ct_report_load(int64 run_id)
{
	CtReport   *report = palloc0(sizeof(CtReport));

	report->unicode = GetDatabaseEncoding() == PG_UTF8 && pg_get_client_encoding() == PG_UTF8;
	load_run(report, run_id);
	load_findings(report);
	load_orders(report);
	load_measurements(report);
	return report;
}
