/*
 * record.c
 *		Writing a run's rows: its own, which changes as the run goes on, and at
 *		its end those of all kinds (rows.c).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "src/base/text.h"
#include "src/catalog/catalog.h"
#include "src/catalog/run.h"
#include "src/catalog/values.h"
#include "src/results/record.h"
#include "src/results/rows.h"

/* to the third decimal */
static double
record_rate(double rate)
{
	return rint(rate * 1000) / 1000;
}

/* Sets columns in the run's row. */
static void
record_update(int64 run_id, CtValues *values)
{
	ct_values_update(values, "ct_result", "run_id", run_id);
}

int64
ct_record_start(const CtPlan *plan, const Jsonb *document, Oid role,
				TimestampTz started_at, int leader_pid, uint32 shm_handle, bool held_horizon)
{
	CtCatalogScope scope;
	CtValues	values = {0};
	int64		run_id;

	ct_catalog_enter(&scope);
	ct_values_text(&values, "status", "starting");
	ct_values_text(&values, "scenario", plan->scenario);
	ct_values_text(&values, "variant", plan->variant);
	ct_values_add(&values, "role", REGROLEOID, ObjectIdGetDatum(role), false);
	ct_values_time(&values, "started_at", started_at);
	ct_values_int32(&values, "workers_asked", plan->workers);
	ct_values_text(&values, "isolation", plan->isolation);
	ct_values_int64(&values, "seed", plan->seed);
	ct_values_add(&values, "plan", JSONBOID, JsonbPGetDatum(document), false);
	ct_values_int32(&values, "leader_pid", leader_pid);
	ct_values_int64(&values, "shm_handle", (int64) shm_handle);
	ct_values_bool(&values, "held_horizon", held_horizon);
	if (plan->repeat_of > 0)
		ct_values_int64(&values, "repeat_of", plan->repeat_of);
	run_id = ct_values_insert(&values, "ct_result", "run_id");
	if (plan->repeat_of == CT_REPEATED)
	{
		ct_values_int64(&values, "repeat_of", run_id);
		record_update(run_id, &values);
	}
	ct_catalog_leave(&scope);
	return run_id;
}

void
ct_record_sandbox(int64 run_id, const char *sandbox)
{
	CtCatalogScope scope;
	CtValues	values = {0};

	ct_catalog_enter(&scope);
	ct_values_add(&values, "sandbox", NAMEOID,
				  DirectFunctionCall1(namein, CStringGetDatum(sandbox)), false);
	record_update(run_id, &values);
	ct_catalog_leave(&scope);
}

void
ct_record_sandbox_gone(int64 run_id, bool kept)
{
	CtCatalogScope scope;

	ct_catalog_enter(&scope);
	ct_catalog_run_leave_sandbox(run_id, kept);
	ct_catalog_leave(&scope);
}

void
ct_record_sandbox_tried(int64 run_id)
{
	CtCatalogScope scope;
	CtValues	values = {0};

	ct_catalog_enter(&scope);
	ct_values_time(&values, "sandbox_tried_at", GetCurrentTimestamp());
	record_update(run_id, &values);
	ct_catalog_leave(&scope);
}

void
ct_record_warning(int64 run_id, const char *warning)
{
	CtCatalogScope scope;

	ct_catalog_enter(&scope);
	ct_catalog_run_warn(run_id, warning);
	ct_catalog_leave(&scope);
}

void
ct_record_alert(int64 run_id)
{
	CtCatalogScope scope;

	ct_catalog_enter(&scope);
	ct_catalog_run_alert(run_id);
	ct_catalog_leave(&scope);
}

void
ct_record_running(int64 run_id, int workers, int clients, TimestampTz gate_at)
{
	CtCatalogScope scope;
	CtValues	values = {0};

	ct_catalog_enter(&scope);
	ct_values_text(&values, "status", "running");
	ct_values_int32(&values, "workers", workers);
	ct_values_int32(&values, "clients", clients);
	ct_values_time(&values, "gate_at", gate_at);
	record_update(run_id, &values);
	ct_catalog_leave(&scope);
}

void
ct_record_second(int64 run_id, const CtSecond *second)
{
	CtCatalogScope scope;
	CtRowWriter *writer;
	CtSecondRow row = {
		.time = second->time,
		.seconds = record_rate(second->seconds),
		.transactions = second->transactions,
		.failed = second->failed,
		.retries = second->retries,
		.p50_ms = ct_rows_ms(ct_histogram_quantile(second->latency, 0.50)),
		.p95_ms = ct_rows_ms(ct_histogram_quantile(second->latency, 0.95)),
		.p99_ms = ct_rows_ms(ct_histogram_quantile(second->latency, 0.99)),
		.max_ms = ct_rows_max_ms(second->latency),
		.phase = second->phase,
		.mean_ms = ct_rows_ms(ct_histogram_mean(second->latency)),
	};

	ct_catalog_enter(&scope);
	writer = ct_rowset_writer(&ct_second_rows.set);
	ct_rowset_put(writer, &row);
	ct_rowset_insert(writer, run_id);
	ct_catalog_leave(&scope);
}

void
ct_record_resource(int64 run_id, const CtResourceRow *row)
{
	CtCatalogScope scope;
	CtRowWriter *writer;

	ct_catalog_enter(&scope);
	writer = ct_rowset_writer(&ct_resource_rows.set);
	ct_rowset_put(writer, row);
	ct_rowset_insert(writer, run_id);
	ct_catalog_leave(&scope);
}

/* ---- the end of a run ---- */

/* What is measured under load. */
static void
record_add_measured(CtValues *values, const CtResults *results)
{
	double		tps = ct_results_tps(results);
	double		half = ct_results_tps_half_interval(results);

	ct_values_int64(values, "transactions", results->transactions);
	ct_values_int64(values, "failed", results->failed);
	ct_values_int64(values, "retries", results->retries);
	ct_values_int64(values, "overlapped", results->overlapped);
	ct_values_int64(values, "waited", results->waited);
	ct_values_int64(values, "met", results->met);
	ct_values_int64(values, "contended", results->contended);
	if (results->orders_seen >= 0)
	{
		ct_values_int64(values, "orders_seen", results->orders_seen);
		ct_values_int64(values, "orders_possible", results->orders_possible);
	}
	ct_values_int64(values, "barrier_breaks", results->barrier_breaks);
	ct_values_int64(values, "late", results->late);
	ct_values_int64(values, "kills", results->kills);
	ct_values_int64(values, "skipped", results->skipped + results->overdue);
	ct_values_double(values, "tps", record_rate(tps));
	ct_values_double(values, "tps_low", record_rate(tps - half < 0 ? 0 : tps - half));
	ct_values_double(values, "tps_high", record_rate(tps + half));
	ct_values_double(values, "mean_ms", ct_rows_ms(ct_histogram_mean(results->latency)));
	ct_values_double(values, "stddev_ms", ct_rows_ms(ct_histogram_stddev(results->latency)));
	ct_values_double(values, "p50_ms", ct_rows_ms(ct_histogram_quantile(results->latency, 0.50)));
	ct_values_double(values, "p90_ms", ct_rows_ms(ct_histogram_quantile(results->latency, 0.90)));
	ct_values_double(values, "p95_ms", ct_rows_ms(ct_histogram_quantile(results->latency, 0.95)));
	ct_values_double(values, "p99_ms", ct_rows_ms(ct_histogram_quantile(results->latency, 0.99)));
	ct_values_double(values, "p999_ms", ct_rows_ms(ct_histogram_quantile(results->latency, 0.999)));
	ct_values_double(values, "max_ms", ct_rows_max_ms(results->latency));
}

static void
record_add_results(CtValues *values, const CtResults *results)
{
	ct_values_text(values, "verdict", results->verdict);
	ct_values_text(values, "reason", ct_clip_text(results->reason, CT_MAX_KEPT));
	ct_values_double(values, "duration", record_rate(results->seconds));
	ct_values_int64(values, "anomalies", ct_results_anomalies(results));
	if (results->exploration == NULL)
		record_add_measured(values, results);
}

static void
record_put_made(CtRowWriter *writer, const List *rows)
{
	ListCell   *lc;

	foreach(lc, rows)
		ct_rowset_put(writer, lfirst(lc));
}

void
ct_record_end(int64 run_id, const CtProgram *program, const CtResults *results,
			  bool details, const CtRunEnd *end)
{
	CtCatalogScope scope;
	CtValues	values = {0};
	int			i;

	ct_catalog_enter(&scope);
	ct_values_text(&values, "status", end->status);
	ct_values_text(&values, "sqlstate", end->sqlstate);
	ct_values_text(&values, "message", ct_clip_text(end->message, CT_MAX_KEPT));
	ct_values_time(&values, "finished_at", GetCurrentTimestamp());
	ct_values_add(&values, "workers", INT4OID, Int32GetDatum(end->workers), end->gate_at == 0);
	ct_values_add(&values, "clients", INT4OID, Int32GetDatum(end->clients), end->gate_at == 0);
	ct_values_time(&values, "gate_at", end->gate_at);
	if (results != NULL)
		record_add_results(&values, results);
	record_update(run_id, &values);

	for (i = 0; i < ct_nrow_kinds && results != NULL && details; i++)
	{
		const CtRowKind *kind = ct_row_kinds[i];
		CtRowWriter *writer;

		if ((kind->put == NULL && kind->made == 0) || (kind->of_load && results->exploration != NULL))
			continue;
		writer = ct_rowset_writer(&kind->set);
		if (kind->put != NULL)
			kind->put(writer, program, results);
		else
			record_put_made(writer, *(List *const *) ((const char *) results + kind->made));
		ct_rowset_insert(writer, run_id);
	}
	ct_catalog_leave(&scope);
}
