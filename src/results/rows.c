/*
 * rows.c
 *		The kinds of rows: their columns, and how a run's results make them.
 *
 * Columns stand in the order of the table and of the view, narrow ones first and
 * long text last.  What is measured in nanoseconds in
 * results.h becomes milliseconds in the tables.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/float.h"

#include "src/base/errcodes.h"
#include "src/results/orders.h"
#include "src/results/rows.h"

double
ct_rows_ms(double ns)
{
	return rint(ns / 100) / 1e4;
}

double
ct_rows_max_ms(const CtHistogram *h)
{
	return h->count > 0 ? ct_rows_ms((double) h->max) : get_float8_nan();
}

static const char *
rows_script_name(const CtProgram *program, int script)
{
	return program->scripts[script].plan->name;
}

/* ---- checks ---- */

static const CtRowColumn check_columns[] = {
	CT_INT4_COLUMN(CtCheckRow, position, CT_BOTH | CT_NOT_NULL | CT_NOT_IN_JSON),
	CT_TEXT_COLUMN(CtCheckRow, check_name, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtCheckRow, kind, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtCheckRow, status, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtCheckRow, violations, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtCheckRow, target, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtCheckRow, actual, CT_BOTH | CT_NOT_NULL),
};

static void
rows_put_checks(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->checks)
	{
		const CtCheckResult *check = lfirst(lc);
		CtCheckRow	row = {
			.position = foreach_current_index(lc) + 1,
			.check_name = check->name,
			.kind = check->kind,
			.status = check->holds ? "pass" : check->undecided ? "inconclusive" : "fail",
			.violations = check->violations,
			.target = check->target,
			.actual = check->actual,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_check_rows = {
	.key = "checks",
	.set = {
		.table = "ct_result_check", .view = "ct_checks", .order = "\"position\"",
		.size = sizeof(CtCheckRow), .columns = check_columns, .ncolumns = lengthof(check_columns),
	},
	.put = rows_put_checks,
};

/* ---- anomalies: of each check the first few ---- */

static const CtRowColumn anomaly_columns[] = {
	CT_INT4_COLUMN(CtAnomalyRow, position, CT_STORED | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtAnomalyRow, check_name, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtAnomalyRow, kind, CT_BOTH | CT_NOT_NULL),
	CT_TIME_COLUMN(CtAnomalyRow, first_seen, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtAnomalyRow, observed, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtAnomalyRow, expected, CT_BOTH | CT_CLIPPED),
	CT_JSONB_COLUMN(CtAnomalyRow, evidence, CT_BOTH),
};

static void
rows_put_anomalies(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	int			position = 0;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, results->checks)
	{
		foreach(lc2, ((CtCheckResult *) lfirst(lc))->anomalies)
		{
			const CtAnomalyResult *anomaly = lfirst(lc2);
			CtAnomalyRow row = {
				.position = ++position,
				.check_name = anomaly->check,
				.kind = anomaly->kind,
				.first_seen = anomaly->first_seen,
				.observed = anomaly->observed,
				.expected = anomaly->expected,
				.evidence = anomaly->evidence,
			};

			ct_rowset_put(writer, &row);
		}
	}
}

const CtRowKind ct_anomaly_rows = {
	.key = "anomalies",
	.set = {
		.table = "ct_result_anomaly", .view = "ct_anomalies", .order = "first_seen, check_name, evidence",
		.size = sizeof(CtAnomalyRow), .columns = anomaly_columns, .ncolumns = lengthof(anomaly_columns),
	},
	.put = rows_put_anomalies,
};

/* ---- outcomes ---- */

static const CtRowColumn outcome_columns[] = {
	CT_TEXT_COLUMN(CtOutcomeRow, script, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtOutcomeRow, outcome, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtOutcomeRow, count, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtOutcomeRow, share, CT_SHOWN),
};

static void
rows_put_outcomes(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->outcomes)
	{
		const CtOutcomeResult *outcome = lfirst(lc);
		CtOutcomeRow row = {
			.script = rows_script_name(program, outcome->script),
			.outcome = outcome->label,
			.count = outcome->count,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_outcome_rows = {
	.key = "outcomes",
	.set = {
		.table = "ct_result_outcome", .view = "ct_outcomes", .order = "script, count DESC, outcome",
		.size = sizeof(CtOutcomeRow), .columns = outcome_columns, .ncolumns = lengthof(outcome_columns),
	},
	.put = rows_put_outcomes,
	.of_load = true,
};

/* ---- tallies ---- */

static const CtRowColumn tally_columns[] = {
	CT_TEXT_COLUMN(CtTallyRow, tally, CT_BOTH | CT_NOT_NULL),
	/* the sum of finite amounts can be infinite, and that of infinite ones NaN */
	CT_FLOAT8_COLUMN(CtTallyRow, value, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtTallyRow, times, CT_BOTH),
	CT_FLOAT8_COLUMN(CtTallyRow, mean, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtTallyRow, min, CT_BOTH),
	CT_FLOAT8_COLUMN(CtTallyRow, max, CT_BOTH),
};

static void
rows_put_tallies(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->tallies)
	{
		const CtTallyResult *tally = lfirst(lc);
		CtTallyRow	row = {
			.tally = tally->name,
			.value = tally->tally.sum,
			.times = tally->tally.count,
			.min = tally->tally.min,
			.max = tally->tally.max,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_tally_rows = {
	.key = "tallies",
	.set = {
		.table = "ct_result_tally", .view = "ct_tallies", .order = "tally",
		.size = sizeof(CtTallyRow), .columns = tally_columns, .ncolumns = lengthof(tally_columns),
	},
	.put = rows_put_tallies,
	.of_load = true,
};

/* ---- latencies, and their histograms ---- */

static const CtRowColumn latency_columns[] = {
	CT_TEXT_COLUMN(CtLatencyRow, script, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtLatencyRow, step, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtLatencyRow, kind, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtLatencyRow, count, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtLatencyRow, mean_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, stddev_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, min_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, p50_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, p90_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, p95_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, p99_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, p999_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtLatencyRow, max_ms, CT_BOTH),
	CT_TEXT_COLUMN(CtLatencyRow, sql, CT_BOTH | CT_CLIPPED),
	CT_ARRAY_COLUMN(CtLatencyRow, lower_us, CT_FLOAT8S, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtLatencyRow, upper_us, CT_FLOAT8S, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtLatencyRow, bucket_count, CT_INT8S, CT_STORED | CT_NOT_NULL),
};

/* Of what was never measured there is no row. */
static void
rows_put_latency(CtRowWriter *writer, const char *script, int step, const char *kind, const char *sql,
				 const CtHistogram *h)
{
	static double lower_us[CT_HISTOGRAM_BUCKETS];
	static double upper_us[CT_HISTOGRAM_BUCKETS];
	static int64 count[CT_HISTOGRAM_BUCKETS];
	CtLatencyRow row = {
		.script = script,
		.step = step,
		.kind = kind,
		.count = (int64) h->count,
		.mean_ms = ct_rows_ms(ct_histogram_mean(h)),
		.stddev_ms = ct_rows_ms(ct_histogram_stddev(h)),
		.min_ms = ct_rows_ms((double) h->min),
		.p50_ms = ct_rows_ms(ct_histogram_quantile(h, 0.50)),
		.p90_ms = ct_rows_ms(ct_histogram_quantile(h, 0.90)),
		.p95_ms = ct_rows_ms(ct_histogram_quantile(h, 0.95)),
		.p99_ms = ct_rows_ms(ct_histogram_quantile(h, 0.99)),
		.p999_ms = ct_rows_ms(ct_histogram_quantile(h, 0.999)),
		.max_ms = ct_rows_ms((double) h->max),
		.sql = sql,
	};
	int			n = 0;
	int			i;

	if (h->count == 0)
		return;
	for (i = 0; i < CT_HISTOGRAM_BUCKETS; i++)
	{
		if (h->buckets[i] == 0)
			continue;
		lower_us[n] = ct_histogram_lower(i) / 1000.0;
		upper_us[n] = ct_histogram_upper(i) / 1000.0;
		count[n] = (int64) h->buckets[i];
		n++;
	}
	row.lower_us = (CtArray) {n, lower_us};
	row.upper_us = (CtArray) {n, upper_us};
	row.bucket_count = (CtArray) {n, count};
	ct_rowset_put(writer, &row);
}

static void
rows_put_latencies(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	int			s;
	int			c;

	for (s = 0; s < program->nscripts; s++)
	{
		const CtProgramScript *script = &program->scripts[s];
		const CtHistogram *h = &results->histograms[script->histogram];
		const char *name = script->plan->name;

		rows_put_latency(writer, name, 0, "transaction", NULL, h + CT_LATENCY_TRANSACTION);
		rows_put_latency(writer, name, 0, "schedule_lag", NULL, h + CT_LATENCY_SCHEDULE_LAG);
		rows_put_latency(writer, name, 0, "lock_wait", NULL, h + CT_LATENCY_LOCK_WAIT);
		for (c = 0; c < script->script->ncommands; c++)
			if (script->step_histogram[c] >= 0)
				rows_put_latency(writer, name, c + 1, "statement", script->script->commands[c].source,
								 &results->histograms[script->step_histogram[c]]);
	}
}

const CtRowKind ct_latency_rows = {
	.key = "latencies",
	.set = {
		.table = "ct_result_latency", .view = "ct_latencies", .order = "script, step, kind",
		.size = sizeof(CtLatencyRow), .columns = latency_columns, .ncolumns = lengthof(latency_columns),
	},
	.put = rows_put_latencies,
	.of_load = true,
};

static const CtRowColumn histogram_columns[] = {
	CT_VIEW_COLUMN("script", CT_TEXT, 0),
	CT_VIEW_COLUMN("step", CT_INT4, 0),
	CT_VIEW_COLUMN("kind", CT_TEXT, 0),
	CT_VIEW_COLUMN("lower_us", CT_FLOAT8, CT_LISTED),
	CT_VIEW_COLUMN("upper_us", CT_FLOAT8, CT_LISTED),
	CT_VIEW_COLUMN("count", CT_INT8, CT_LISTED),
	CT_VIEW_COLUMN("cumulative_share", CT_FLOAT8, CT_NOT_IN_JSON),
};

static const CtRowKind histogram_rows = {
	.key = "histograms",
	.set = {
		.view = "ct_histograms", .order = "script, step, kind, lower_us",
		.columns = histogram_columns, .ncolumns = lengthof(histogram_columns),
	},
	.unread = "a report draws one histogram, of all scripts, and has the view sum it up",
};

/* ---- seconds: ct_record_second writes them ---- */

static const CtRowColumn second_columns[] = {
	CT_TIME_COLUMN(CtSecondRow, time, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtSecondRow, second, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtSecondRow, seconds, CT_BOTH | CT_NOT_NULL,.key = "length_s"),
	CT_INT8_COLUMN(CtSecondRow, transactions, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtSecondRow, tps, CT_SHOWN),
	CT_INT8_COLUMN(CtSecondRow, failed, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtSecondRow, retries, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtSecondRow, p50_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtSecondRow, p95_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtSecondRow, p99_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtSecondRow, max_ms, CT_BOTH),
	CT_TEXT_COLUMN(CtSecondRow, phase, CT_BOTH),
	CT_VIEW_COLUMN("metric", CT_TEXT, CT_NOT_IN_JSON),	/* the run's name */
	CT_FLOAT8_COLUMN(CtSecondRow, mean_ms, CT_BOTH),
};

const CtRowKind ct_second_rows = {
	.key = "timeline",
	.set = {
		.table = "ct_result_second", .view = "ct_timeline", .order = "\"time\"",
		.size = sizeof(CtSecondRow), .columns = second_columns, .ncolumns = lengthof(second_columns),
	},
};

/* ---- slices: when transactions completed ---- */

typedef struct CtSliceRow
{
	double		length_s;
	CtArray		transactions;
} CtSliceRow;

static const CtRowColumn slice_columns[] = {
	CT_FLOAT8_COLUMN(CtSliceRow, length_s, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtSliceRow, transactions, CT_INT8S, CT_STORED | CT_NOT_NULL),

	/* a row for each of them */
	CT_VIEW_COLUMN("slice", CT_INT4, 0),
	CT_VIEW_COLUMN("from_s", CT_FLOAT8, 0),
	CT_VIEW_COLUMN("length_s", CT_FLOAT8, 0),
	CT_VIEW_COLUMN("transactions", CT_INT8, 0),
	CT_VIEW_COLUMN("tps", CT_FLOAT8, 0),
};

/* Up to the end of the duration, or of what was scheduled in it. */
static void
rows_put_slices(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	const CtBatches *batches = &results->batches;
	int64		transactions[CT_SLICES];
	double		length_s = (UINT64CONST(1) << batches->shift) / 1e9;
	CtSliceRow	row = {.length_s = length_s,.transactions = {0, transactions}};
	int			i;

	if (batches->shift == 0)
		return;
	for (i = 0; i < CT_SLICES; i++)
	{
		transactions[i] = (int64) batches->slices[i];
		if (transactions[i] > 0 || i * length_s < results->seconds)
			row.transactions.n = i + 1;
	}
	ct_rowset_put(writer, &row);
}

static const CtRowKind slice_rows = {
	.key = "slices",
	.set = {
		.table = "ct_result_slice", .view = "ct_slices", .order = "slice",
		.columns = slice_columns, .ncolumns = lengthof(slice_columns),
	},
	.put = rows_put_slices,
	.unread = "a report's sparkline is of seconds",
};

/* ---- orders of steps ---- */

static const CtRowColumn order_columns[] = {
	CT_TEXT_COLUMN(CtOrderRow, script, CT_STORED | CT_NOT_NULL),
	CT_INT4_COLUMN(CtOrderRow, step, CT_STORED | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtOrderRow, other_script, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtOrderRow, other_steps, CT_INT4S, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtOrderRow, before_seen, CT_BOOLS, CT_STORED | CT_NOT_NULL),
	CT_ARRAY_COLUMN(CtOrderRow, after_seen, CT_BOOLS, CT_STORED | CT_NOT_NULL),

	/* the same, a row for each of other_steps */
	CT_VIEW_COLUMN("script", CT_TEXT, 0),
	CT_VIEW_COLUMN("step", CT_INT4, 0),
	CT_VIEW_COLUMN("other_script", CT_TEXT, 0),
	CT_VIEW_COLUMN("other_step", CT_INT4, 0),
	CT_VIEW_COLUMN("before_seen", CT_BOOL, 0),
	CT_VIEW_COLUMN("after_seen", CT_BOOL, 0),
};

/* what put_pairs needs */
typedef struct CtOrderWriter
{
	CtRowWriter *rows;
	const CtProgram *program;
} CtOrderWriter;

static void
rows_put_pairs(void *arg, const CtOrderPairs *pairs)
{
	CtOrderWriter *writer = arg;
	int			other_steps[CT_MAX_STEPS];
	CtOrderRow	row = {
		.script = rows_script_name(writer->program, pairs->script),
		.step = pairs->command + 1,
		.other_script = rows_script_name(writer->program, pairs->other_script),
		.other_steps = {pairs->n, other_steps},
		.before_seen = {pairs->n, pairs->before},
		.after_seen = {pairs->n, pairs->after},
	};
	int			i;

	for (i = 0; i < pairs->n; i++)
		other_steps[i] = pairs->other_command[i] + 1;
	ct_rowset_put(writer->rows, &row);
}

static void
rows_put_orders(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	CtOrderWriter order = {writer, program};

	if (results->orders != NULL)
		ct_orders_walk(program, results->orders, rows_put_pairs, &order);
}

static const CtRowKind order_rows = {
	.key = "orders",
	.set = {
		.table = "ct_result_order", .view = "ct_orders", .order = "script, step, other_script, other_step",
		.size = sizeof(CtOrderRow), .columns = order_columns, .ncolumns = lengthof(order_columns),
	},
	.put = rows_put_orders,
	.of_load = true,
	.unread = "a report counts them, and reads the first few that are missing",
};

/* ---- errors ---- */

static const CtRowColumn error_columns[] = {
	CT_TEXT_COLUMN(CtErrorRow, script, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtErrorRow, sqlstate, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtErrorRow, condition_name, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtErrorRow, handling, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtErrorRow, count, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtErrorRow, first_message, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtErrorRow, step, CT_BOTH),
	CT_INT4_COLUMN(CtErrorRow, line, CT_BOTH),
	CT_TIME_COLUMN(CtErrorRow, first_seen, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtErrorRow, statement, CT_BOTH),
	CT_TEXT_COLUMN(CtErrorRow, detail, CT_BOTH),
	CT_TEXT_COLUMN(CtErrorRow, hint, CT_BOTH),
	CT_TEXT_COLUMN(CtErrorRow, context, CT_BOTH),
};

/* The command that raised the first one; NULL if it is unknown, or was the script's end. */
static const CtCommand *
rows_error_command(const CtProgram *program, const CtErrorResult *error)
{
	const CtScript *script = program->scripts[error->script].script;

	if (error->command < 0 || error->command >= script->ncommands)
		return NULL;
	return &script->commands[error->command];
}

static void
rows_put_errors(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		const CtErrorResult *error = lfirst(lc);
		const CtCommand *command = rows_error_command(program, error);
		CtErrorRow	row = {
			.script = rows_script_name(program, error->script),
			.sqlstate = unpack_sql_state(error->sqlstate),
			.condition_name = ct_condition_name(error->sqlstate),
			.handling = error->handling,
			.count = error->count,
			.first_message = error->message,
			.step = command ? error->command + 1 : -1,
			.line = command ? command->line : -1,
			.first_seen = error->first_seen,
			.statement = command ? command->source : NULL,
			.detail = error->detail,
			.hint = error->hint,
			.context = error->context,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_error_rows = {
	.key = "errors",
	.set = {
		.table = "ct_result_error", .view = "ct_errors", .order = "script, count DESC, sqlstate, handling",
		.size = sizeof(CtErrorRow), .columns = error_columns, .ncolumns = lengthof(error_columns),
	},
	.put = rows_put_errors,
};

/* ---- workers ---- */

static const CtRowColumn worker_columns[] = {
	CT_INT4_COLUMN(CtWorkerRow, worker, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtWorkerRow, pid, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, transactions, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtWorkerRow, share, CT_SHOWN),
	CT_INT8_COLUMN(CtWorkerRow, failed, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, retries, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, overlapped, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, waited, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, met, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWorkerRow, all_transactions, CT_BOTH),
	CT_VIEW_COLUMN("state", CT_TEXT, CT_NOT_IN_JSON),
};

static void
rows_put_workers(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	ListCell   *lc;

	foreach(lc, results->worker_results)
	{
		const CtWorkerResult *worker = lfirst(lc);
		CtWorkerRow row = {
			.worker = worker->worker,
			.pid = worker->pid,
			.transactions = worker->transactions,
			.failed = worker->failed,
			.retries = worker->retries,
			.overlapped = worker->overlapped,
			.waited = worker->waited,
			.met = worker->met,
			.all_transactions = worker->all_transactions,
		};

		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_worker_rows = {
	.key = "workers",
	.set = {
		.table = "ct_result_worker", .view = "ct_workers", .order = "worker",
		.size = sizeof(CtWorkerRow), .columns = worker_columns, .ncolumns = lengthof(worker_columns),
	},
	.put = rows_put_workers,
	.of_load = true,
};

/* ---- all of them ---- */

const CtRowKind *const ct_row_kinds[] = {
	&ct_check_rows,
	&ct_anomaly_rows,
	&ct_outcome_rows,
	&ct_tally_rows,
	&ct_latency_rows,
	&histogram_rows,
	&ct_second_rows,
	&slice_rows,
	&order_rows,
	&ct_error_rows,
	&ct_worker_rows,
	&ct_exploration_rows,
	&ct_permutation_rows,
	&ct_step_rows,
	&ct_class_rows,
	&ct_phase_rows,
	&ct_wait_rows,
	&ct_blocking_rows,
	&ct_deadlock_rows,
	&ct_resource_rows,
	&ct_usage_rows,
	&ct_sample_rows,
};
const int	ct_nrow_kinds = lengthof(ct_row_kinds);
