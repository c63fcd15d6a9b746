/*
 * record.c
 *		Writing a run's rows.
 *
 * What is measured in nanoseconds in here becomes milliseconds in the tables.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/timestamp.h"

#include "src/base/errcodes.h"
#include "src/base/text.h"
#include "src/catalog/catalog.h"
#include "src/results/orders.h"
#include "src/results/record.h"

/*
 * The arguments of one statement, in order.  All statements here have the
 * form of a list of values, so that they can be built by appending.
 */
#define MAX_ARGS	32

/* bytes of a text that is recorded; a longer one is cut, with a mark */
#define MAX_TEXT	8192

typedef struct Args
{
	int			n;
	Oid			types[MAX_ARGS];
	Datum		values[MAX_ARGS];
	char		nulls[MAX_ARGS + 1];
} Args;

static void
add(Args *args, Oid type, Datum value, bool isnull)
{
	Assert(args->n < MAX_ARGS);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->nulls[args->n] = isnull ? 'n' : ' ';
	args->n++;
	args->nulls[args->n] = '\0';
}

static void
add_int64(Args *args, int64 value)
{
	add(args, INT8OID, Int64GetDatum(value), false);
}

/* negative is null: not counted */
static void
add_count(Args *args, int64 value)
{
	add(args, INT8OID, Int64GetDatum(value), value < 0);
}

static void
add_int32(Args *args, int32 value)
{
	add(args, INT4OID, Int32GetDatum(value), false);
}

/* NULL stays null */
static void
add_text(Args *args, const char *value)
{
	add(args, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* what a user can make as long as they like */
static void
add_clipped(Args *args, const char *value)
{
	add_text(args, ct_clip_text(value, MAX_TEXT));
}

/* NaN is null: nothing was measured */
static void
add_double(Args *args, double value)
{
	add(args, FLOAT8OID, Float8GetDatum(value), isnan(value));
}

/* to a tenth of a microsecond, below which nothing is meant by it */
static void
add_ms(Args *args, double ns)
{
	add_double(args, rint(ns / 100) / 1e4);
}

/* to the third decimal */
static void
add_rate(Args *args, double rate)
{
	add_double(args, rint(rate * 1000) / 1000);
}

static void
add_time(Args *args, TimestampTz value)
{
	add(args, TIMESTAMPTZOID, TimestampTzGetDatum(value), value == 0);
}

static void
execute(Args *args, const char *sql)
{
	ct_catalog_execute(sql, args->n, args->types, args->values, args->nulls, false);
	args->n = 0;
}

int64
ct_record_start(const CtPlan *plan, const Jsonb *document, Oid role,
				TimestampTz started_at, int leader_pid, uint32 shm_handle, bool held_horizon)
{
	CtCatalogScope scope;
	Args		args = {0};
	bool		isnull;
	int64		run_id;

	ct_catalog_enter(&scope);
	add_text(&args, plan->scenario);
	add_text(&args, plan->variant);
	add(&args, REGROLEOID, ObjectIdGetDatum(role), false);
	add_time(&args, started_at);
	add_int32(&args, plan->workers);
	add_text(&args, plan->isolation);
	add_int64(&args, plan->seed);
	add(&args, JSONBOID, JsonbPGetDatum(document), false);
	add_int32(&args, leader_pid);
	add_int64(&args, (int64) shm_handle);
	add(&args, BOOLOID, BoolGetDatum(held_horizon), false);
	execute(&args,
			"INSERT INTO @ct_result (status, scenario, variant, role, started_at,"
			" workers_asked, isolation, seed, plan, leader_pid, shm_handle, held_horizon)"
			" VALUES ('starting', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
			" RETURNING run_id");
	if (SPI_processed != 1)
		elog(ERROR, "could not make a row for the run");
	run_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	ct_catalog_leave(&scope);
	return run_id;
}

void
ct_record_sandbox(int64 run_id, const char *sandbox)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	add_text(&args, sandbox);
	execute(&args, "UPDATE @ct_result SET sandbox = $2::name WHERE run_id = $1");
	ct_catalog_leave(&scope);
}

void
ct_record_sandbox_gone(int64 run_id, bool kept)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	add(&args, BOOLOID, BoolGetDatum(kept), false);
	execute(&args,
			"UPDATE @ct_result SET kept_sandbox = CASE WHEN $2 THEN sandbox END, sandbox = NULL"
			" WHERE run_id = $1");
	ct_catalog_leave(&scope);
}

void
ct_record_sandbox_tried(int64 run_id)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	execute(&args, "UPDATE @ct_result SET sandbox_tried_at = clock_timestamp() WHERE run_id = $1");
	ct_catalog_leave(&scope);
}

void
ct_record_warning(int64 run_id, const char *warning)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	add_text(&args, warning);
	execute(&args, "UPDATE @ct_result SET warnings = array_append(warnings, $2) WHERE run_id = $1");
	ct_catalog_leave(&scope);
}

void
ct_record_running(int64 run_id, int workers, TimestampTz gate_at)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	add_int32(&args, workers);
	add_time(&args, gate_at);
	execute(&args,
			"UPDATE @ct_result SET status = 'running', workers = $2, gate_at = $3 WHERE run_id = $1");
	ct_catalog_leave(&scope);
}

void
ct_record_second(int64 run_id, const CtSecond *second)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	add_int64(&args, run_id);
	add_time(&args, second->time);
	add_rate(&args, second->seconds);
	add_int64(&args, second->transactions);
	add_int64(&args, second->failed);
	add_int64(&args, second->retries);
	add_ms(&args, ct_histogram_quantile(second->latency, 0.50));
	add_ms(&args, ct_histogram_quantile(second->latency, 0.95));
	add_ms(&args, ct_histogram_quantile(second->latency, 0.99));
	add_ms(&args, second->latency->count ? (double) second->latency->max : get_float8_nan());
	execute(&args,
			"INSERT INTO @ct_result_second (run_id, time, seconds, transactions, failed, retries,"
			" p50_ms, p95_ms, p99_ms, max_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
	ct_catalog_leave(&scope);
}

/* ---- the end of a run ---- */

/* for record_order */
typedef struct CtOrderArgs
{
	Args	   *args;
	int64		run_id;
	const CtProgram *program;
} CtOrderArgs;

static void
record_totals(Args *args, int64 run_id, const CtResults *results, const CtRunEnd *end)
{
	double		tps = results ? ct_results_tps(results) : 0;
	double		half;

	add_int64(args, run_id);
	add_text(args, end->status);
	add_text(args, end->sqlstate);
	add_clipped(args, end->message);
	add_time(args, GetCurrentTimestamp());
	add(args, INT4OID, Int32GetDatum(end->workers), end->gate_at == 0);
	add_time(args, end->gate_at);
	if (results == NULL)
	{
		execute(args,
				"UPDATE @ct_result SET status = $2, sqlstate = $3, message = $4, finished_at = $5,"
				" workers = $6, gate_at = $7 WHERE run_id = $1");
		return;
	}

	half = ct_results_tps_half_interval(results);
	add_text(args, results->verdict);
	add_clipped(args, results->reason);
	add_rate(args, results->seconds);
	add_int64(args, results->transactions);
	add_int64(args, results->failed);
	add_int64(args, results->retries);
	add_int64(args, ct_results_anomalies(results));
	add_int64(args, results->overlapped);
	add_int64(args, results->waited);
	add_int64(args, results->met);
	add_int64(args, results->contended);
	add_count(args, results->orders_seen);
	add_count(args, results->orders_possible);
	add_int64(args, results->barrier_breaks);
	add_rate(args, tps);
	add_ms(args, ct_histogram_mean(results->latency));
	add_ms(args, ct_histogram_quantile(results->latency, 0.50));
	add_ms(args, ct_histogram_quantile(results->latency, 0.95));
	add_ms(args, ct_histogram_quantile(results->latency, 0.99));
	add_ms(args, ct_histogram_quantile(results->latency, 0.999));
	add_ms(args, results->latency->count ? (double) results->latency->max : get_float8_nan());
	add_rate(args, tps - half < 0 ? 0 : tps - half);
	add_rate(args, tps + half);
	execute(args,
			"UPDATE @ct_result SET status = $2, sqlstate = $3, message = $4, finished_at = $5,"
			" workers = $6, gate_at = $7, verdict = $8, reason = $9, duration = $10,"
			" transactions = $11, failed = $12, retries = $13, anomalies = $14, overlapped = $15,"
			" waited = $16, met = $17, contended = $18, orders_seen = $19, orders_possible = $20,"
			" barrier_breaks = $21, tps = $22, mean_ms = $23, p50_ms = $24, p95_ms = $25,"
			" p99_ms = $26, p999_ms = $27, max_ms = $28, tps_low = $29, tps_high = $30"
			" WHERE run_id = $1");
}

static void
record_histogram(Args *args, int64 run_id, const char *script, int step, const char *kind,
				 const char *sql, const CtHistogram *h)
{
	Datum	   *lower;
	Datum	   *upper;
	Datum	   *count;
	int			n = 0;
	int			i;

	if (h->count == 0)
		return;

	lower = palloc(CT_HISTOGRAM_BUCKETS * sizeof(Datum));
	upper = palloc(CT_HISTOGRAM_BUCKETS * sizeof(Datum));
	count = palloc(CT_HISTOGRAM_BUCKETS * sizeof(Datum));
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
	{
		if (h->buckets[i] == 0)
			continue;
		lower[n] = Float8GetDatum(ct_histogram_lower(i) / 1000.0);
		upper[n] = Float8GetDatum(ct_histogram_upper(i) / 1000.0);
		count[n] = Int64GetDatum((int64) h->buckets[i]);
		n++;
	}

	add_int64(args, run_id);
	add_text(args, script);
	add_int32(args, step);
	add_text(args, kind);
	add_clipped(args, sql);
	add_int64(args, (int64) h->count);
	add_ms(args, ct_histogram_mean(h));
	add_ms(args, ct_histogram_stddev(h));
	add_ms(args, (double) h->min);
	add_ms(args, ct_histogram_quantile(h, 0.50));
	add_ms(args, ct_histogram_quantile(h, 0.90));
	add_ms(args, ct_histogram_quantile(h, 0.95));
	add_ms(args, ct_histogram_quantile(h, 0.99));
	add_ms(args, ct_histogram_quantile(h, 0.999));
	add_ms(args, (double) h->max);
	add(args, FLOAT8ARRAYOID,
		PointerGetDatum(construct_array(lower, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
		false);
	add(args, FLOAT8ARRAYOID,
		PointerGetDatum(construct_array(upper, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
		false);
	add(args, INT8ARRAYOID,
		PointerGetDatum(construct_array(count, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE)),
		false);
	execute(args,
			"INSERT INTO @ct_result_latency (run_id, script, step, kind, sql, count, mean_ms,"
			" stddev_ms, min_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms,"
			" lower_us, upper_us, bucket_count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
			" $10, $11, $12, $13, $14, $15, $16, $17, $18)");
	pfree(lower);
	pfree(upper);
	pfree(count);
}

static void
record_latencies(Args *args, int64 run_id, const CtProgram *program, const CtResults *results)
{
	int			s;
	int			c;

	for (s = 0; s < program->nscripts; s++)
	{
		const CtProgramScript *script = &program->scripts[s];
		const CtHistogram *h = &results->histograms[script->histogram];
		const char *name = script->plan->name;

		record_histogram(args, run_id, name, 0, "transaction", NULL, h + CT_LATENCY_TRANSACTION);
		record_histogram(args, run_id, name, 0, "schedule_lag", NULL, h + CT_LATENCY_SCHEDULE_LAG);
		record_histogram(args, run_id, name, 0, "lock_wait", NULL, h + CT_LATENCY_LOCK_WAIT);
		for (c = 0; c < script->script->ncommands; c++)
			if (script->step_histogram[c] >= 0)
				record_histogram(args, run_id, name, c + 1, "statement",
								 script->script->commands[c].source,
								 &results->histograms[script->step_histogram[c]]);
	}
}

/* The command that raised the first one; NULL if it is unknown, or was the script's end. */
static const CtCommand *
error_command(const CtProgram *program, const CtErrorResult *error)
{
	const CtScript *script = program->scripts[error->script].script;

	if (error->command < 0 || error->command >= script->ncommands)
		return NULL;
	return &script->commands[error->command];
}

static void
record_counts(Args *args, int64 run_id, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->outcomes)
	{
		CtOutcomeResult *outcome = lfirst(lc);

		add_int64(args, run_id);
		add_text(args, program->scripts[outcome->script].plan->name);
		add_text(args, outcome->label);
		add_int64(args, outcome->count);
		execute(args,
				"INSERT INTO @ct_result_outcome (run_id, script, outcome, count)"
				" VALUES ($1, $2, $3, $4) ON CONFLICT (run_id, script, outcome)"
				" DO UPDATE SET count = ct_result_outcome.count + excluded.count");
	}
	foreach(lc, results->tallies)
	{
		CtTallyResult *tally = lfirst(lc);

		add_int64(args, run_id);
		add_text(args, tally->name);
		/* the sum of finite amounts can be infinite, and that of infinite ones NaN */
		add(args, FLOAT8OID, Float8GetDatum(tally->value), false);
		execute(args, "INSERT INTO @ct_result_tally (run_id, tally, value) VALUES ($1, $2, $3)");
	}
	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);
		const CtCommand *command;

		add_int64(args, run_id);
		add_text(args, program->scripts[error->script].plan->name);
		add_text(args, unpack_sql_state(error->sqlstate));
		add_text(args, ct_condition_name(error->sqlstate));
		add_text(args, error->handling);
		add_int64(args, error->count);
		add_text(args, error->message);
		command = error_command(program, error);
		add(args, INT4OID, Int32GetDatum(error->command + 1), command == NULL);
		add(args, INT4OID, Int32GetDatum(command ? command->line : 0), command == NULL);
		add_time(args, error->first_seen);
		add_text(args, command ? command->source : NULL);
		execute(args,
				"INSERT INTO @ct_result_error (run_id, script, sqlstate, condition_name, handling,"
				" count, first_message, step, line, first_seen, statement)"
				" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
	}
	foreach(lc, results->worker_results)
	{
		CtWorkerResult *worker = lfirst(lc);

		add_int64(args, run_id);
		add_int32(args, worker->worker);
		add_int32(args, worker->pid);
		add_int64(args, worker->transactions);
		add_int64(args, worker->failed);
		add_int64(args, worker->retries);
		add_int64(args, worker->overlapped);
		add_int64(args, worker->waited);
		add_int64(args, worker->met);
		execute(args,
				"INSERT INTO @ct_result_worker (run_id, worker, pid, transactions, failed, retries,"
				" overlapped, waited, met) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
	}
}

static void
record_order(void *arg, const CtOrderRow *row)
{
	CtOrderArgs *order = arg;
	Args	   *args = order->args;
	Datum		steps[CT_MAX_STEPS];
	Datum		before[CT_MAX_STEPS];
	Datum		after[CT_MAX_STEPS];
	int			i;

	for (i = 0; i < row->n; i++)
	{
		steps[i] = Int32GetDatum(row->other_command[i] + 1);
		before[i] = BoolGetDatum(row->before[i]);
		after[i] = BoolGetDatum(row->after[i]);
	}
	add_int64(args, order->run_id);
	add_text(args, order->program->scripts[row->script].plan->name);
	add_int32(args, row->command + 1);
	add_text(args, order->program->scripts[row->other_script].plan->name);
	add(args, INT4ARRAYOID,
		PointerGetDatum(construct_array(steps, row->n, INT4OID, sizeof(int32), true, TYPALIGN_INT)),
		false);
	add(args, BOOLARRAYOID,
		PointerGetDatum(construct_array(before, row->n, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR)),
		false);
	add(args, BOOLARRAYOID,
		PointerGetDatum(construct_array(after, row->n, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR)),
		false);
	execute(args,
			"INSERT INTO @ct_result_order (run_id, script, step, other_script, other_steps,"
			" before_seen, after_seen) VALUES ($1, $2, $3, $4, $5, $6, $7)");
}

static void
record_orders(Args *args, int64 run_id, const CtProgram *program, const CtResults *results)
{
	CtOrderArgs order = {args, run_id, program};

	if (results->orders != NULL)
		ct_orders_walk(program, results->orders, record_order, &order);
}

static void
record_checks(Args *args, int64 run_id, const CtResults *results)
{
	ListCell   *lc;
	ListCell   *lc2;
	int			position = 0;
	int			anomalies = 0;

	foreach(lc, results->checks)
	{
		CtCheckResult *check = lfirst(lc);

		add_int64(args, run_id);
		add_int32(args, ++position);
		add_text(args, check->name);
		add_text(args, check->kind);
		add_text(args, check->target);
		add_text(args, check->actual);
		add_text(args, check->holds ? "pass" : "fail");
		add_int64(args, check->violations);
		execute(args,
				"INSERT INTO @ct_result_check (run_id, position, check_name, kind, target, actual,"
				" status, violations) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
		foreach(lc2, check->anomalies)
		{
			CtAnomalyResult *anomaly = lfirst(lc2);

			add_int64(args, run_id);
			add_int32(args, ++anomalies);
			add_text(args, anomaly->check);
			add_text(args, anomaly->kind);
			add_clipped(args, anomaly->observed);
			add_clipped(args, anomaly->expected);
			add_text(args, anomaly->evidence);
			add_time(args, anomaly->first_seen);
			execute(args,
					"INSERT INTO @ct_result_anomaly (run_id, position, check_name, kind, observed, expected,"
					" evidence, first_seen) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)");
		}
	}
}

void
ct_record_end(int64 run_id, const CtProgram *program, const CtResults *results,
			  bool details, const CtRunEnd *end)
{
	CtCatalogScope scope;
	Args		args = {0};

	ct_catalog_enter(&scope);
	record_totals(&args, run_id, results, end);
	if (results != NULL && details)
	{
		record_latencies(&args, run_id, program, results);
		record_counts(&args, run_id, program, results);
		record_orders(&args, run_id, program, results);
		record_checks(&args, run_id, results);
	}
	ct_catalog_leave(&scope);
}
