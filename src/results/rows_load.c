/*
 * rows_load.c
 *		The kinds of rows that tell how a run went under load, its phases, waits,
 *		deadlocks, resources and samples: see rows.c.
 *
 * Most are made by whoever measures them, in these very structs, and hang in
 * the run's results: CtRowKind.made.
 */
#include "postgres.h"

#include "src/plan/class.h"
#include "src/results/rows.h"

/* ---- classes ---- */

static const CtRowColumn class_columns[] = {
	CT_INT4_COLUMN(CtClassRow, position, CT_BOTH | CT_NOT_NULL | CT_NOT_IN_JSON),
	CT_TEXT_COLUMN(CtClassRow, class, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtClassRow, clients, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtClassRow, transactions, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtClassRow, tps, CT_SHOWN),
	CT_INT8_COLUMN(CtClassRow, failed, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtClassRow, mean_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, p50_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, p90_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, p95_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, p99_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, p999_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtClassRow, max_ms, CT_BOTH),
};

static void
load_put_classes(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	int		   *classes = program->nclasses > 0 ?
		ct_class_assign(program->plan, results->clients) : NULL;
	int			i;
	int			c;

	for (i = 0; i < program->nclasses; i++)
	{
		const CtHistogram *h = &results->histograms[program->classes[i].histogram];
		CtClassRow	row = {
			.position = i + 1,
			.class = program->classes[i].plan->name,
			.transactions = (int64) h->counted,
			.failed = (int64) h->failed,
			.mean_ms = ct_rows_ms(ct_histogram_mean(h)),
			.p50_ms = ct_rows_ms(ct_histogram_quantile(h, 0.50)),
			.p90_ms = ct_rows_ms(ct_histogram_quantile(h, 0.90)),
			.p95_ms = ct_rows_ms(ct_histogram_quantile(h, 0.95)),
			.p99_ms = ct_rows_ms(ct_histogram_quantile(h, 0.99)),
			.p999_ms = ct_rows_ms(ct_histogram_quantile(h, 0.999)),
			.max_ms = ct_rows_max_ms(h),
		};

		for (c = 0; c < results->clients; c++)
			row.clients += classes[c] == i;
		ct_rowset_put(writer, &row);
	}
}

const CtRowKind ct_class_rows = {
	.key = "classes",
	.set = {
		.table = "ct_result_class", .view = "ct_classes", .order = "\"position\"",
		.size = sizeof(CtClassRow), .columns = class_columns, .ncolumns = lengthof(class_columns),
	},
	.put = load_put_classes,
	.of_load = true,
};

/* ---- waits ---- */

static const CtRowColumn wait_columns[] = {
	CT_TEXT_COLUMN(CtWaitRow, script, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtWaitRow, wait_event_type, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtWaitRow, wait_event, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtWaitRow, samples, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtWaitRow, share, CT_SHOWN),
};

const CtRowKind ct_wait_rows = {
	.key = "waits",
	.set = {
		.table = "ct_result_wait", .view = "ct_waits", .order = "script, samples DESC, wait_event_type, wait_event",
		.size = sizeof(CtWaitRow), .columns = wait_columns, .ncolumns = lengthof(wait_columns),
	},
	.made = offsetof(CtResults, waits),
	.of_load = true,
};

/* ---- blocking ---- */

static const CtRowColumn blocking_columns[] = {
	CT_INT4_COLUMN(CtBlockingRow, position, CT_BOTH | CT_NOT_NULL | CT_NOT_IN_JSON),
	CT_TEXT_COLUMN(CtBlockingRow, script, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtBlockingRow, step, CT_BOTH),
	CT_TEXT_COLUMN(CtBlockingRow, locktype, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtBlockingRow, relation, CT_BOTH),
	CT_TEXT_COLUMN(CtBlockingRow, mode, CT_BOTH | CT_NOT_NULL),
	CT_BOOL_COLUMN(CtBlockingRow, outside, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtBlockingRow, blocker_script, CT_BOTH),
	CT_INT4_COLUMN(CtBlockingRow, blocker_step, CT_BOTH),
	CT_TEXT_COLUMN(CtBlockingRow, blocker_mode, CT_BOTH),
	CT_INT8_COLUMN(CtBlockingRow, samples, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtBlockingRow, waited_ms, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtBlockingRow, max_ms, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtBlockingRow, chain, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtBlockingRow, query, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtBlockingRow, blocker_query, CT_BOTH | CT_CLIPPED),
};

const CtRowKind ct_blocking_rows = {
	.key = "blocking",
	.set = {
		.table = "ct_result_blocking", .view = "ct_blocking", .order = "\"position\"",
		.size = sizeof(CtBlockingRow), .columns = blocking_columns, .ncolumns = lengthof(blocking_columns),
	},
	.made = offsetof(CtResults, blocking),
	.of_load = true,
};

/* ---- deadlocks ---- */

static const CtRowColumn deadlock_columns[] = {
	CT_INT4_COLUMN(CtDeadlockRow, deadlock, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtDeadlockRow, participant, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtDeadlockRow, script, CT_BOTH),
	CT_INT4_COLUMN(CtDeadlockRow, step, CT_BOTH),
	CT_TEXT_COLUMN(CtDeadlockRow, query, CT_BOTH | CT_CLIPPED),
	CT_TEXT_COLUMN(CtDeadlockRow, holds, CT_BOTH),
	CT_TEXT_COLUMN(CtDeadlockRow, locktype, CT_BOTH),
	CT_TEXT_COLUMN(CtDeadlockRow, mode, CT_BOTH),
	CT_INT4_COLUMN(CtDeadlockRow, waits_for, CT_BOTH),
	CT_BOOL_COLUMN(CtDeadlockRow, victim, CT_BOTH | CT_NOT_NULL),
	CT_TIME_COLUMN(CtDeadlockRow, at, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtDeadlockRow, relation, CT_BOTH),
};

const CtRowKind ct_deadlock_rows = {
	.key = "deadlocks",
	.set = {
		.table = "ct_result_deadlock", .view = "ct_deadlocks", .order = "deadlock, participant",
		.size = sizeof(CtDeadlockRow), .columns = deadlock_columns, .ncolumns = lengthof(deadlock_columns),
	},
	.made = offsetof(CtResults, deadlocks),
	.of_load = true,
};

/* ---- resources ---- */

static const CtRowColumn resource_columns[] = {
	CT_TIME_COLUMN(CtResourceRow, time, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtResourceRow, second, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtResourceRow, seconds, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtResourceRow, cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtResourceRow, server_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtResourceRow, machine_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtResourceRow, machine_memory, CT_BOTH),
	CT_FLOAT8_COLUMN(CtResourceRow, memory_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtResourceRow, max_worker_mb, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, temp_bytes, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, wal_bytes, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, buffers_hit, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, buffers_read, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, dead_tuples, CT_BOTH),
	CT_INT8_COLUMN(CtResourceRow, table_bytes, CT_BOTH),
	CT_INT4_COLUMN(CtResourceRow, connections, CT_BOTH),
	CT_INT4_COLUMN(CtResourceRow, max_connections, CT_BOTH),
};

const CtRowKind ct_resource_rows = {
	.key = "resources",
	.set = {
		.table = "ct_result_resource", .view = "ct_resources", .order = "\"time\"",
		.size = sizeof(CtResourceRow), .columns = resource_columns, .ncolumns = lengthof(resource_columns),
	},
	.of_load = true,
};

/* ---- the same, of all seconds ---- */

static const CtRowColumn usage_columns[] = {
	CT_FLOAT8_COLUMN(CtUsage, cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, server_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, machine_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_machine_cpu, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_machine_memory, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, start_memory_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_memory_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, end_memory_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, memory_growth_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, memory_slope_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, memory_slope_low_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, memory_slope_high_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_worker_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, temp_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, wal_mb, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, hit_rate, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, connections, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_dead_tuples, CT_BOTH),
	CT_FLOAT8_COLUMN(CtUsage, max_table_mb, CT_BOTH),
};

static void
load_put_usage(CtRowWriter *writer, const CtProgram *program, const CtResults *results)
{
	if (results->usage != NULL)
		ct_rowset_put(writer, results->usage);
}

const CtRowKind ct_usage_rows = {
	.key = "usage",
	.set = {
		.table = "ct_result_usage", .view = "ct_usage", .order = "run_id",
		.size = sizeof(CtUsage), .columns = usage_columns, .ncolumns = lengthof(usage_columns),
	},
	.put = load_put_usage,
	.of_load = true,
};

/* ---- samples ---- */

static const CtRowColumn sample_columns[] = {
	CT_INT4_COLUMN(CtSampleRow, sample, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtSampleRow, kind, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtSampleRow, script, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtSampleRow, client, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtSampleRow, worker, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtSampleRow, iteration, CT_BOTH | CT_NOT_NULL),
	CT_TIME_COLUMN(CtSampleRow, started_at, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtSampleRow, latency_ms, CT_BOTH | CT_NOT_NULL),
	CT_INT4_COLUMN(CtSampleRow, tries, CT_BOTH | CT_NOT_NULL),
	CT_TEXT_COLUMN(CtSampleRow, outcome, CT_BOTH),
	CT_TEXT_COLUMN(CtSampleRow, sqlstate, CT_BOTH),
	CT_TEXT_COLUMN(CtSampleRow, phase, CT_BOTH),
	CT_ARRAY_COLUMN(CtSampleRow, steps, CT_INT4S, CT_BOTH),
	CT_ARRAY_COLUMN(CtSampleRow, statement_ms, CT_FLOAT8S, CT_BOTH),
	CT_TEXT_COLUMN(CtSampleRow, message, CT_BOTH | CT_CLIPPED),
};

const CtRowKind ct_sample_rows = {
	.key = "samples",
	.set = {
		.table = "ct_result_sample", .view = "ct_samples", .order = "sample",
		.size = sizeof(CtSampleRow), .columns = sample_columns, .ncolumns = lengthof(sample_columns),
	},
	.made = offsetof(CtResults, samples),
	.of_load = true,
};

/* ---- phases ---- */

static const CtRowColumn phase_columns[] = {
	CT_INT4_COLUMN(CtPhaseRow, position, CT_BOTH | CT_NOT_NULL | CT_NOT_IN_JSON),
	CT_TEXT_COLUMN(CtPhaseRow, phase, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtPhaseRow, from_s, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtPhaseRow, seconds, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtPhaseRow, rate, CT_BOTH),
	CT_INT4_COLUMN(CtPhaseRow, clients, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtPhaseRow, transactions, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtPhaseRow, tps, CT_SHOWN),
	CT_INT8_COLUMN(CtPhaseRow, failed, CT_BOTH | CT_NOT_NULL),
	CT_INT8_COLUMN(CtPhaseRow, skipped, CT_BOTH | CT_NOT_NULL),
	CT_FLOAT8_COLUMN(CtPhaseRow, mean_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, p50_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, p90_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, p95_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, p99_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, p999_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, max_ms, CT_BOTH),
	CT_FLOAT8_COLUMN(CtPhaseRow, recovery_s, CT_BOTH),
};

const CtRowKind ct_phase_rows = {
	.key = "phases",
	.set = {
		.table = "ct_result_phase", .view = "ct_phases", .order = "\"position\"",
		.size = sizeof(CtPhaseRow), .columns = phase_columns, .ncolumns = lengthof(phase_columns),
	},
	.made = offsetof(CtResults, phases),
	.of_load = true,
};
