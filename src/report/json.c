/*
 * json.c
 *		The report for programs: all that the views know about a run.
 *
 * Keys are the views' columns, with a unit where they have one; they stay as
 * they are, and more may come.  What isn't known is null, lists are never
 * null.  A change that breaks readers raises format_version.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "src/catalog/catalog.h"
#include "src/report/report.h"

/* a list of one view's rows, without the column that all have in common */
#define LIST_OF(columns, view, order) GROUPS_OF(columns, view, "", order)
#define GROUPS_OF(columns, view, groups, order) \
	"coalesce((SELECT jsonb_agg(to_jsonb(t)) FROM (SELECT " columns " FROM " view \
	" WHERE run_id = $1" groups " ORDER BY " order ") t), '[]')"

void
ct_report_json(StringInfo buf, const CtReport *report)
{
	Oid			types[1] = {INT8OID};
	Datum		values[1];
	char	   *text;

	values[0] = Int64GetDatum(report->run_id);
	ct_catalog_execute("SELECT jsonb_pretty(jsonb_build_object("
					   "'format_version', 1,"
					   "'run', (SELECT to_jsonb(t) - 'duration' || jsonb_build_object('duration_s', t.duration)"
					   " FROM @ct_runs t WHERE run_id = $1),"
					   "'checks', "
					   LIST_OF("check_name, kind, status, violations, target, actual",
							   "@ct_checks", "position") ","
					   "'anomalies', "
					   LIST_OF("check_name, kind, first_seen, observed, expected, evidence",
							   "@ct_anomalies", "first_seen, check_name, evidence") ","
					   "'outcomes', "
					   LIST_OF("script, outcome, count, share",
							   "@ct_outcomes", "script, count DESC, outcome") ","
					   "'tallies', "
					   LIST_OF("tally, value",
							   "@ct_tallies", "tally") ","
					   "'latencies', "
					   LIST_OF("script, step, kind, sql, count, mean_ms, stddev_ms, min_ms,"
							   " p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms",
							   "@ct_latencies", "script, step, kind") ","
					   "'histograms', "
					   GROUPS_OF("script, step, kind, jsonb_agg(lower_us ORDER BY lower_us) AS lower_us,"
							   " jsonb_agg(upper_us ORDER BY lower_us) AS upper_us,"
							   " jsonb_agg(count ORDER BY lower_us) AS count",
							   "@ct_histograms", " GROUP BY script, step, kind", "script, step, kind") ","
					   "'timeline', "
					   LIST_OF("time, second, seconds AS length_s, transactions, tps, failed, retries,"
							   " p50_ms, p95_ms, p99_ms, max_ms",
							   "@ct_timeline", "time") ","
					   "'orders', "
					   LIST_OF("script, step, other_script, other_step, before_seen, after_seen",
							   "@ct_orders", "script, step, other_script, other_step") ","
					   "'errors', "
					   LIST_OF("script, sqlstate, condition_name, handling, count, first_message,"
							   " detail, hint, context",
							   "@ct_errors", "script, count DESC, sqlstate, handling") ","
					   "'workers', "
					   LIST_OF("worker, pid, transactions, share, failed, retries, overlapped, waited, met",
							   "@ct_workers", "worker")
					   "))",
					   1, types, values, NULL, true);
	if (SPI_processed != 1)
		elog(ERROR, "report is not one row");
	text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	appendStringInfoString(buf, text);
}
