/*
 * health.c
 *		Whether all is well with what is scheduled: one row, for monitors.
 *
 * What is judged is what is scheduled.  Runs that somebody makes by hand may
 * fail, but they may not crash.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "src/catalog/job.h"
#include "src/catalog/row.h"

/* $1: the age from which on a last run is late, or null; $2: how far back runs are looked at */
static const char *const health_query =
	"WITH job AS MATERIALIZED ("
	" SELECT s.*,"
	" CASE"
	" WHEN s.missing THEN 'its scenario or variant does not exist'"
	" WHEN e.status IN ('failed', 'crashed', 'cancelled') THEN format('run %s: %s', e.run_id, e.status)"
	" WHEN e.verdict <> 'pass' THEN format('run %s: %s', e.run_id, e.verdict)"
	" END AS failure,"
	" coalesce(now() - coalesce(s.started_at, s.scheduled_at) > $1, false) AS late"
	" FROM @ct_schedules s"
	/* the last one that has come to its end: what is under way is neither well nor ill yet */
	" LEFT JOIN LATERAL (SELECT s.run_id, s.status, s.verdict WHERE s.status NOT IN ('starting', 'running')"
	" UNION ALL"
	" (SELECT r.run_id, r.status, r.verdict FROM @ct_runs r"
	" WHERE s.status IN ('starting', 'running') AND r.scenario = s.scenario AND r.variant = s.variant"
	" AND r.role = s.role AND r.run_id < s.run_id AND r.status NOT IN ('starting', 'running')"
	" ORDER BY r.run_id DESC LIMIT 1)) e ON true"
	" WHERE s.scenario IS NOT NULL"
	" ), judged AS ("
	" SELECT count(*) AS jobs,"
	" count(*) FILTER (WHERE j.failure IS NOT NULL) AS failing,"
	" count(*) FILTER (WHERE j.late) AS late,"
	" max(now() - coalesce(j.started_at, j.scheduled_at)) AS oldest_age,"
	" (array_agg(format('job \"%s\": %s', j.job_name, j.failure) ORDER BY j.started_at DESC NULLS FIRST, j.job_name)"
	" FILTER (WHERE j.failure IS NOT NULL))[1] AS failure,"
	" (array_agg(format('job \"%s\": %s', j.job_name,"
	" CASE WHEN j.run_id IS NULL THEN 'there is no run of it' ELSE format('run %s is its last one', j.run_id) END)"
	" ORDER BY coalesce(j.started_at, j.scheduled_at), j.job_name) FILTER (WHERE j.late))[1] AS lateness,"
	" coalesce(jsonb_agg(jsonb_build_object('job_name', j.job_name, 'scenario', j.scenario, 'variant', j.variant,"
	" 'run_id', j.run_id, 'status', j.status, 'verdict', j.verdict,"
	" 'age_s', round(extract(epoch FROM j.age), 1), 'late', j.late, 'missing', j.missing)"
	" ORDER BY j.job_name, j.role), '[]') AS schedules"
	" FROM job j"
	" ), recent AS MATERIALIZED ("
	" SELECT r.run_id, r.scenario, r.variant, r.status, r.verdict, now() - r.started_at AS age"
	" FROM @ct_runs r WHERE r.started_at > now() - $2"
	" ), counted AS ("
	" SELECT count(*) FILTER (WHERE r.status = 'crashed') AS crashed,"
	" count(*) FILTER (WHERE r.status IN ('starting', 'running')) AS running"
	" FROM recent r"
	" ), last AS ("
	" (SELECT j.run_id, j.scenario, j.variant, j.status, j.verdict, j.age"
	" FROM job j WHERE j.run_id IS NOT NULL ORDER BY j.run_id DESC LIMIT 1)"
	" UNION ALL"
	" (SELECT * FROM recent r WHERE NOT EXISTS (SELECT FROM job) ORDER BY r.run_id DESC LIMIT 1)"
	" )"
	" SELECT d.failing = 0 AND d.late = 0 AND c.crashed = 0,"
	" coalesce(d.failure, d.lateness, CASE WHEN c.crashed > 0 THEN format('%s of the runs of the last %s crashed', c.crashed, $2) END),"
	" d.jobs, d.failing, d.late, c.crashed, c.running,"
	" l.run_id, l.scenario, l.variant, l.status, l.verdict, l.age, d.oldest_age, d.schedules"
	" FROM judged d CROSS JOIN counted c LEFT JOIN last l ON true";

HeapTupleHeader
ct_health_row(const Interval *max_age, const Interval *since)
{
	CtRow		row = {0};

	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(max_age), max_age == NULL);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(since), false);
	if (ct_row_execute(&row, health_query, true) != 1)
		elog(ERROR, "there is no health");
	return SPI_returntuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
}
