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

#include "src/report/report.h"

/* what a report shows of them; the views may have more */
#define ORDERS_SHOWN 8
#define ANOMALIES_SHOWN 5
#define PAIRS_SHOWN 1000
#define DEADLOCK_ROWS_SHOWN 2000

/* of a run without a scenario, what was called */
#define SHOWN_SCENARIO \
	"coalesce(r.scenario, CASE r.mode WHEN 'explore' THEN 'ct_race' ELSE 'ct_test' END) AS scenario"

/* ---- the run itself ---- */

static const CtRowColumn run_columns[] = {
	CT_INT8_COLUMN(CtReport, run_id, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, scenario, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, variant, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, mode, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, status, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, verdict, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, reason, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, role, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, started_at, CT_SHOWN),
	CT_TIME_COLUMN(CtReport, gate_at, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, elapsed_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, duration_ms, CT_SHOWN),
	CT_INT4_COLUMN(CtReport, workers_asked, CT_SHOWN),
	CT_INT4_COLUMN(CtReport, workers, CT_SHOWN),
	CT_INT4_COLUMN(CtReport, clients, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, isolation, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, rate, CT_SHOWN),
	CT_INT4_COLUMN(CtReport, max_tries, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, transactions, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, failed, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, retries, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, anomaly_count, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, overlapped, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, waited, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, met, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, contended, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, orders_seen, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, orders_possible, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, barrier_breaks, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, tps, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, tps_low, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, tps_high, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, success_rate, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, mean_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, stddev_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, p50_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, p90_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, p95_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, p99_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, p999_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReport, max_ms, CT_SHOWN),
	CT_BOOL_COLUMN(CtReport, held_horizon, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, sqlstate, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, message, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, seed, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, server_version, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, kept_sandbox, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, warnings, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, params, CT_SHOWN),
	CT_TEXT_COLUMN(CtReport, expected_verdict, CT_SHOWN),
};

static const CtRowSet run_set = {
	.view = "ct_runs",
	/* the first of two columns of a name is the one that is read */
	.query = "SELECT " SHOWN_SCENARIO ","
	" to_char(r.started_at, 'YYYY-MM-DD HH24:MI:SS TZ') AS started_at,"
	" 1000 * date_part('epoch', clock_timestamp() - coalesce(r.gate_at, r.started_at)) AS elapsed_ms,"
	" 1000 * r.duration AS duration_ms, r.anomalies AS anomaly_count, r.seed::text AS seed,"
	" r.kept_sandbox::text AS kept_sandbox,"
	" nullif(array_to_string(r.warnings, E'\n'), '') AS warnings,"
	" nullif(r.params, '{}')::text AS params, r.*"
	" FROM @ct_runs r WHERE r.run_id = $1",
	.size = sizeof(CtReport),.columns = run_columns,.ncolumns = lengthof(run_columns),
};

/* ---- its rows ---- */

/* kinds that are read as they are; order and limit where the report's aren't the kind's */
static const struct
{
	const CtRowKind *kind;
	int			rows;			/* where in the report they go, */
	int			n;				/* and how many they are */
	const char *order;
	int			limit;
}			read_kinds[] = {
#define READ(kind, row, rows, n)	&kind, CT_MEMBER(CtReport, rows, row *), CT_MEMBER(CtReport, n, int)
	{READ(ct_check_rows, CtCheckRow, checks, nchecks)},
	{READ(ct_anomaly_rows, CtAnomalyRow, anomalies, nanomalies), NULL, ANOMALIES_SHOWN},
	{READ(ct_outcome_rows, CtOutcomeRow, outcomes, noutcomes)},
	{READ(ct_tally_rows, CtTallyRow, tallies, ntallies)},
	{READ(ct_latency_rows, CtLatencyRow, latencies, nlatencies),
	"script, step, kind = 'transaction' DESC, kind"},
	{READ(ct_second_rows, CtSecondRow, seconds, nseconds)},
	{READ(ct_error_rows, CtErrorRow, errors, nerrors), "count DESC, sqlstate, handling, script"},
	{READ(ct_worker_rows, CtWorkerRow, worker_rows, nworkers)},
	{READ(ct_exploration_rows, CtExplorationRow, explorations, nexplorations)},
	{READ(ct_permutation_rows, CtPermutationRow, permutations, npermutations)},
	{READ(ct_step_rows, CtStepRow, steps, nsteps)},
	{READ(ct_class_rows, CtClassRow, classes, nclasses)},
	{READ(ct_phase_rows, CtPhaseRow, phases, nphases)},
	{READ(ct_wait_rows, CtWaitRow, waits, nwaits)},
	{READ(ct_blocking_rows, CtBlockingRow, blocking, nblocking)},
	{READ(ct_deadlock_rows, CtDeadlockRow, deadlocks, ndeadlocks), NULL, DEADLOCK_ROWS_SHOWN},
	{READ(ct_resource_rows, CtResourceRow, resources, nresources)},
	{READ(ct_usage_rows, CtUsage, usage, nusage)},
	{READ(ct_sample_rows, CtSampleRow, samples, nsamples)},
#undef READ
};

/* ---- what the views are asked to sum up ---- */

static const CtRowColumn pairs_columns[] = {
	CT_INT8_COLUMN(CtReport, pairs, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, pairs_seen, CT_SHOWN),
	CT_INT8_COLUMN(CtReport, orders_missing, CT_SHOWN),
};

static const CtRowSet pairs_set = {
	.view = "ct_orders",
	.query = "SELECT count(*) AS pairs, count(*) FILTER (WHERE before_seen AND after_seen) AS pairs_seen,"
	" coalesce(sum((NOT before_seen)::int + (NOT after_seen AND script <> other_script)::int), 0)"
	" AS orders_missing FROM @ct_orders WHERE run_id = $1",
	.size = sizeof(CtReport),.columns = pairs_columns,.ncolumns = lengthof(pairs_columns),
};

static const CtRowColumn order_columns[] = {
	CT_TEXT_COLUMN(CtReportOrder, script, CT_SHOWN),
	CT_INT4_COLUMN(CtReportOrder, step, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportOrder, other_script, CT_SHOWN),
	CT_INT4_COLUMN(CtReportOrder, other_step, CT_SHOWN),
};

/* of one script with itself, each order is in there twice */
static const CtRowSet order_set = {
	.view = "ct_orders",
	.query = "SELECT * FROM"
	" (SELECT script, step, other_script, other_step FROM @ct_orders"
	"  WHERE run_id = $1 AND NOT before_seen UNION ALL"
	"  SELECT other_script, other_step, script, step FROM @ct_orders"
	"  WHERE run_id = $1 AND NOT after_seen AND script <> other_script) o"
	" ORDER BY script, step, other_script, other_step LIMIT " CppAsString2(ORDERS_SHOWN),
	.size = sizeof(CtReportOrder),.columns = order_columns,.ncolumns = lengthof(order_columns),
};

static const CtRowColumn pair_columns[] = {
	CT_TEXT_COLUMN(CtReportPair, script, CT_SHOWN),
	CT_INT4_COLUMN(CtReportPair, step, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportPair, other_script, CT_SHOWN),
	CT_INT4_COLUMN(CtReportPair, other_step, CT_SHOWN),
	CT_BOOL_COLUMN(CtReportPair, before_seen, CT_SHOWN),
	CT_BOOL_COLUMN(CtReportPair, after_seen, CT_SHOWN),
};

static const CtRowSet pair_set = {
	.view = "ct_orders",.order = "script, other_script, step, other_step",.limit = PAIRS_SHOWN,
	.size = sizeof(CtReportPair),.columns = pair_columns,.ncolumns = lengthof(pair_columns),
};

static const CtRowColumn bucket_columns[] = {
	CT_FLOAT8_COLUMN(CtReportBucket, lower_us, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportBucket, upper_us, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportBucket, count, CT_SHOWN),
};

static const CtRowSet bucket_set = {
	.view = "ct_histograms",
	.query = "SELECT lower_us, upper_us, sum(count)::float8 AS count FROM @ct_histograms"
	" WHERE run_id = $1 AND step = 0 AND kind = 'transaction'"
	" GROUP BY lower_us, upper_us ORDER BY lower_us",
	.size = sizeof(CtReportBucket),.columns = bucket_columns,.ncolumns = lengthof(bucket_columns),
};

/* ---- loading ---- */

bool
ct_report_unicode(void)
{
	return GetDatabaseEncoding() == PG_UTF8 && pg_get_client_encoding() == PG_UTF8;
}

static void
load_missing(int64 run_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("run " INT64_FORMAT " does not exist", run_id),
			 errhint("The view ct_runs shows the runs that you may see: those of roles whose privileges you have, or all with those of pg_read_all_stats.")));
}

bool
ct_report_loads(const CtRowKind *kind)
{
	int			i;

	for (i = 0; i < lengthof(read_kinds); i++)
		if (read_kinds[i].kind == kind)
			return true;
	return false;
}

CtReport *
ct_report_load(int64 run_id)
{
	CtReport   *report = ct_report_find(run_id);

	if (report == NULL)
		load_missing(run_id);
	return report;
}

CtReport *
ct_report_find(int64 run_id)
{
	CtReport   *report;
	const CtReport *pairs;
	int			n;
	int			i;

	report = ct_rowset_read(&run_set, run_id, &n);
	if (n == 0)
		return NULL;
	report->unicode = ct_report_unicode();

	for (i = 0; i < lengthof(read_kinds); i++)
	{
		CtRowSet	set = read_kinds[i].kind->set;
		void	   *rows;

		if (read_kinds[i].order != NULL)
			set.order = read_kinds[i].order;
		set.limit = read_kinds[i].limit;
		rows = ct_rowset_read(&set, run_id, (int *) ((char *) report + read_kinds[i].n));
		*(void **) ((char *) report + read_kinds[i].rows) = rows;
	}

	pairs = ct_rowset_read(&pairs_set, run_id, &n);
	report->pairs = pairs->pairs;
	report->pairs_seen = pairs->pairs_seen;
	report->orders_missing = pairs->orders_missing;
	report->orders = ct_rowset_read(&order_set, run_id, &report->norders);
	report->order_pairs = ct_rowset_read(&pair_set, run_id, &report->npairs);
	report->buckets = ct_rowset_read(&bucket_set, run_id, &report->nbuckets);
	return report;
}

/* ---- a list of runs ---- */

static const CtRowColumn line_columns[] = {
	CT_INT8_COLUMN(CtReportLine, run_id, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportLine, scenario, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportLine, variant, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportLine, status, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportLine, verdict, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, duration_ms, CT_SHOWN),
	CT_INT8_COLUMN(CtReportLine, transactions, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, tps, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, tps_low, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, tps_high, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, p95_ms, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportLine, p99_ms, CT_SHOWN),
	CT_INT8_COLUMN(CtReportLine, failed, CT_SHOWN),
	CT_INT8_COLUMN(CtReportLine, anomalies, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportLine, expected_verdict, CT_SHOWN),
	CT_INT8_COLUMN(CtReportLine, repeat_of, CT_SHOWN),
};

#define SELECT_LINES \
	"SELECT run_id, " SHOWN_SCENARIO ", variant, status, verdict," \
	" 1000 * duration AS duration_ms, transactions, tps, tps_low, tps_high, p95_ms, p99_ms, failed, anomalies, expected_verdict," \
	" coalesce(repeat_of, 0) AS repeat_of" \
	" FROM @ct_runs r"

static const CtRowSet line_set = {
	.view = "ct_runs",
	.query = SELECT_LINES " WHERE run_id = ANY ($1) ORDER BY run_id",
	.size = sizeof(CtReportLine),.columns = line_columns,.ncolumns = lengthof(line_columns),
};

/* one of a run's repeats */
typedef struct CtReportRepeat
{
	int64		repeat_of;
	int64		run_id;
	const char *word;
	const char *reason;			/* or NULL */
} CtReportRepeat;

static const CtRowColumn repeat_columns[] = {
	CT_INT8_COLUMN(CtReportRepeat, repeat_of, CT_SHOWN),
	CT_INT8_COLUMN(CtReportRepeat, run_id, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportRepeat, word, CT_SHOWN),
	CT_TEXT_COLUMN(CtReportRepeat, reason, CT_SHOWN),
};

static const CtRowSet others_set = {
	.view = "ct_runs",
	.query = "SELECT repeat_of, run_id, coalesce(verdict, status) AS word, coalesce(reason, message) AS reason"
	" FROM @ct_runs WHERE repeat_of = ANY (ARRAY(SELECT repeat_of FROM @ct_runs WHERE run_id = ANY ($1)))"
	" ORDER BY repeat_of, run_id",
	.size = sizeof(CtReportRepeat),.columns = repeat_columns,.ncolumns = lengthof(repeat_columns),
};

static int
load_compare_lines(const void *a, const void *b)
{
	int64		left = ((const CtReportLine *) a)->run_id;
	int64		right = ((const CtReportLine *) b)->run_id;

	return left < right ? -1 : left > right;
}

/* the repeats of one run */
typedef struct CtReportGroup
{
	int64		repeat_of;
	bool		one_failed;
	const CtReportRepeat *worst;	/* of those that aren't listed, the first; NULL: all are */
} CtReportGroup;

static int
load_compare_groups(const void *a, const void *b)
{
	int64		left = ((const CtReportGroup *) a)->repeat_of;
	int64		right = ((const CtReportGroup *) b)->repeat_of;

	return left < right ? -1 : left > right;
}

/* What the lines, in the order of their runs, are to know of the repeats that there are of these. */
static void
load_repeats(CtReportLine *lines, int nlines, Datum run_ids)
{
	CtReportRepeat *repeats;
	CtReportGroup *groups;
	int			nrepeats;
	int			ngroups = 0;
	int			i;

	/* there may be a great many of both */
	repeats = ct_rowset_read_by(&others_set, INT8ARRAYOID, run_ids, &nrepeats);
	groups = palloc_extended(Max(nrepeats, 1) * sizeof(CtReportGroup), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (i = 0; i < nrepeats; i++)
	{
		const CtReportRepeat *repeat = &repeats[i];
		CtReportLine key = {.run_id = repeat->run_id};
		CtReportGroup *group;

		if (i == 0 || repeat->repeat_of != repeats[i - 1].repeat_of)
			groups[ngroups++].repeat_of = repeat->repeat_of;
		group = &groups[ngroups - 1];
		group->one_failed |= strcmp(repeat->word, "fail") == 0;
		if (ct_report_is_worse(repeat->word, group->worst ? group->worst->word : NULL) &&
			bsearch(&key, lines, nlines, sizeof(CtReportLine), load_compare_lines) == NULL)
			group->worst = repeat;
	}
	for (i = 0; i < nlines; i++)
	{
		CtReportLine *line = &lines[i];
		CtReportGroup key = {.repeat_of = line->repeat_of};
		const CtReportGroup *group = bsearch(&key, groups, ngroups, sizeof(CtReportGroup), load_compare_groups);

		if (group == NULL)
			continue;
		line->one_failed = group->one_failed;
		if (group->worst == NULL ||
			!ct_report_is_worse(group->worst->word, line->verdict ? line->verdict : line->status))
			continue;
		line->worse_run = group->worst->run_id;
		line->worse_word = group->worst->word;
		line->worse_reason = group->worst->reason;
	}
	pfree(groups);
}

CtReportLine *
ct_report_load_lines(const int64 *run_ids, int n)
{
	CtReportLine *lines = palloc(n * sizeof(CtReportLine));
	CtArray		array = {n, run_ids};
	Datum		wanted = ct_array_datum(CT_INT8S, &array);
	CtReportLine *found;
	int			nfound;
	int			i;

	found = ct_rowset_read_by(&line_set, INT8ARRAYOID, wanted, &nfound);
	load_repeats(found, nfound, wanted);
	for (i = 0; i < n; i++)
	{
		CtReportLine key = {.run_id = run_ids[i]};
		CtReportLine *line = bsearch(&key, found, nfound, sizeof(CtReportLine), load_compare_lines);

		if (line == NULL)
			load_missing(run_ids[i]);
		lines[i] = *line;
	}
	return lines;
}

/* ---- the run beside others ---- */

static const CtRowSet repeat_set = {
	.view = "ct_runs",
	.query = SELECT_LINES " WHERE repeat_of = (SELECT repeat_of FROM @ct_runs WHERE run_id = $1) ORDER BY run_id",
	.size = sizeof(CtReportLine),.columns = line_columns,.ncolumns = lengthof(line_columns),
};

static const CtRowColumn regression_columns[] = {
	CT_TEXT_COLUMN(CtReportRegression, metric, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, before, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, after, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, change, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, change_low, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, change_high, CT_SHOWN),
	CT_FLOAT8_COLUMN(CtReportRegression, detectable, CT_SHOWN),
	CT_INT4_COLUMN(CtReportRegression, significant, CT_SHOWN | CT_NOT_IN_JSON),
	CT_INT4_COLUMN(CtReportRegression, runs, CT_SHOWN | CT_NOT_IN_JSON),
	CT_TEXT_COLUMN(CtReportRegression, baseline, CT_SHOWN | CT_NOT_IN_JSON),
	CT_BOOL_COLUMN(CtReportRegression, was_set, CT_SHOWN | CT_NOT_IN_JSON),
	CT_VIEW_COLUMN("significant", CT_BOOL, 0),
	CT_VIEW_COLUMN("baseline", CT_INT8S, 0),
};

/*
 * The view has a group's comparison in the row of its last run.  The last ten
 * runs are part of a baseline only where this is what the view took: what one
 * is a part of is of the same scenario, variant and role.
 */
const CtRowSet ct_report_regression_set = {
	.view = "ct_regressions",
	.order = "array_position('{tps,mean_ms,p50_ms,p95_ms,p99_ms,errors}', metric)",
	.query = "SELECT metric, before, after, change, change_low, change_high, detectable, significant::int AS significant,"
	" cardinality(baseline) AS runs, array_to_string(baseline, ', ') AS baseline,"
	" EXISTS (SELECT FROM @ct_baselines b WHERE x.baseline <@ b.run_ids AND b.run_ids[cardinality(b.run_ids)] <"
	"  (SELECT coalesce(r.repeat_of, r.run_id) FROM @ct_runs r WHERE r.run_id = $1)) AS was_set"
	" FROM @ct_regressions x WHERE run_id = (SELECT coalesce(max(o.run_id), $1) FROM @ct_runs o"
	"  WHERE o.status = 'succeeded' AND o.tps IS NOT NULL"
	"  AND o.repeat_of = (SELECT r.repeat_of FROM @ct_runs r WHERE r.run_id = $1))"
	" ORDER BY array_position('{tps,mean_ms,p50_ms,p95_ms,p99_ms,errors}', metric)",
	.size = sizeof(CtReportRegression),.columns = regression_columns,.ncolumns = lengthof(regression_columns),
};

void
ct_report_load_comparisons(CtReport *report)
{
	report->repeats = ct_rowset_read(&repeat_set, report->run_id, &report->nrepeats);
	if (!isnan(report->tps))
		report->regressions = ct_rowset_read(&ct_report_regression_set, report->run_id, &report->nregressions);
}
