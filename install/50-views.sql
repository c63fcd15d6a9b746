/*
 * Views: how results are looked at.  Who may see what is decided in one
 * place, ct_visible_result: a role sees the runs of the roles whose privileges
 * it has (as C's has_privs_of_role says: membership that is inherited), those
 * with the privileges of pg_read_all_stats and superusers see all.  The tables
 * are closed; the views below run with the extension owner's rights on them,
 * while current_user, which pg_has_role asks about, stays the one who asks.
 * They are security barriers, so that no function in somebody's WHERE clause
 * is shown a row before it was decided that they may see it.
 *
 * A run's role is kept by its oid, so that its runs follow when it is renamed;
 * where it has been dropped, they are left to pg_read_all_stats, and shown with
 * that oid, whoever has its name now.
 */
CREATE VIEW @extschema@.ct_visible_result WITH (security_barrier) AS
	SELECT r.*
	FROM @extschema@.ct_result r
	WHERE pg_catalog.pg_has_role('pg_read_all_stats'::name, 'USAGE'::text)
		OR pg_catalog.pg_has_role(r.role::oid, 'USAGE'::text);

/*
 * A run that is stored as under way but whose leader is gone has crashed.  A
 * standby can't know: it has the primary's rows, but not its memory.
 */
CREATE VIEW @extschema@.ct_runs WITH (security_barrier) AS
	SELECT r.run_id,
		r.scenario,
		r.variant,
		CASE
			WHEN r.status NOT IN ('starting', 'running') THEN r.status
			WHEN pg_catalog.pg_is_in_recovery() THEN r.status
			WHEN @extschema@.ct_run_lives(r.run_id, r.shm_handle) THEN r.status
			ELSE 'crashed'
		END AS status,
		r.verdict,
		r.started_at,
		r.duration,
		r.workers,
		r.isolation,
		r.transactions,
		pg_catalog.round(r.tps::numeric, 1)::float8 AS tps,
		r.failed,
		r.retries,
		CASE WHEN r.transactions IS NOT NULL THEN (
			SELECT coalesce(pg_catalog.sum(e.count)::bigint, 0::bigint)
			FROM @extschema@.ct_result_error e
			WHERE e.run_id = r.run_id AND e.sqlstate = '40P01'::text)
		END AS deadlocks,
		r.anomalies,
		pg_catalog.round(r.mean_ms::numeric, 3)::float8 AS mean_ms,
		pg_catalog.round(r.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(r.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(r.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(r.p999_ms::numeric, 3)::float8 AS p999_ms,
		pg_catalog.round(r.max_ms::numeric, 3)::float8 AS max_ms,
		pg_catalog.round(r.tps_low::numeric, 1)::float8 AS tps_low,
		pg_catalog.round(r.tps_high::numeric, 1)::float8 AS tps_high,
		r.overlapped,
		r.waited,
		r.met,
		r.contended,
		r.orders_seen,
		r.orders_possible,
		r.barrier_breaks,
		r.workers_asked,
		nullif((r.plan ->> 'rate'::text)::float8, 0::float8) AS rate,
		(r.plan ->> 'max_tries'::text)::int AS max_tries,
		r.held_horizon,
		r.seed,
		r.gate_at,
		r.finished_at,
		coalesce((SELECT a.rolname::text FROM pg_catalog.pg_roles a WHERE a.oid = r.role::oid),
				 r.role::oid::text) AS role,
		r.kept_sandbox,
		r.server_version,
		r.sqlstate,
		r.message,
		r.warnings,
		r.reason,
		r.plan -> 'params'::text AS params
	FROM @extschema@.ct_visible_result r
	ORDER BY r.run_id;

CREATE VIEW @extschema@.ct_anomalies WITH (security_barrier) AS
	SELECT a.run_id,
		a.check_name,
		a.kind,
		a.first_seen,
		a.observed,
		a.expected,
		a.evidence
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_anomaly a ON a.run_id = r.run_id
	ORDER BY a.run_id, a.first_seen, a.check_name, a.evidence;

CREATE VIEW @extschema@.ct_checks WITH (security_barrier) AS
	SELECT c.run_id,
		c."position",
		c.check_name,
		c.kind,
		c.status,
		c.violations,
		c.target,
		c.actual
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_check c ON c.run_id = r.run_id
	ORDER BY c.run_id, c."position";

CREATE VIEW @extschema@.ct_outcomes WITH (security_barrier) AS
	SELECT o.run_id,
		o.script,
		o.outcome,
		o.count,
		o.count::float8
		/ nullif(pg_catalog.sum(o.count) OVER (PARTITION BY o.run_id, o.script)::float8, 0::float8) AS share
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_outcome o ON o.run_id = r.run_id
	ORDER BY o.run_id, o.script, o.count DESC, o.outcome;

CREATE VIEW @extschema@.ct_tallies WITH (security_barrier) AS
	SELECT t.run_id,
		t.tally,
		t.value
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_tally t ON t.run_id = r.run_id
	ORDER BY t.run_id, t.tally;

CREATE VIEW @extschema@.ct_latencies WITH (security_barrier) AS
	SELECT l.run_id,
		l.script,
		l.step,
		l.kind,
		l.count,
		l.mean_ms,
		l.stddev_ms,
		l.min_ms,
		l.p50_ms,
		l.p90_ms,
		l.p95_ms,
		l.p99_ms,
		l.p999_ms,
		l.max_ms,
		l.sql
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_latency l ON l.run_id = r.run_id
	ORDER BY l.run_id, l.script, l.step, l.kind;

CREATE VIEW @extschema@.ct_histograms WITH (security_barrier) AS
	SELECT l.run_id,
		l.script,
		l.step,
		l.kind,
		b.lower_us,
		b.upper_us,
		b.count,
		(pg_catalog.sum(b.count) OVER (PARTITION BY l.run_id, l.script, l.step, l.kind
									   ORDER BY b.lower_us))::float8
		/ nullif(pg_catalog.sum(b.count) OVER (PARTITION BY l.run_id, l.script, l.step, l.kind)::float8, 0::float8)
			AS cumulative_share
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_latency l ON l.run_id = r.run_id
	CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(l.lower_us),
								  pg_catalog.unnest(l.upper_us),
								  pg_catalog.unnest(l.bucket_count)) AS b (lower_us, upper_us, count)
	ORDER BY l.run_id, l.script, l.step, l.kind, b.lower_us;

/*
 * "metric" is what Grafana calls the column that names a series, "second"
 * puts runs of different hours side by side:
 *   SELECT second, metric, tps FROM ct_timeline WHERE run_id IN (17, 18) \crosstabview
 */
CREATE VIEW @extschema@.ct_timeline WITH (security_barrier) AS
	SELECT s."time",
		s.run_id,
		1 + pg_catalog.round(pg_catalog.date_part('epoch'::text, s."time" - coalesce(r.gate_at, r.started_at))
							 - s.seconds)::int AS second,
		s.seconds,
		s.transactions,
		pg_catalog.round((s.transactions::float8 / nullif(s.seconds, 0::float8))::numeric, 1)::float8 AS tps,
		s.failed,
		s.retries,
		pg_catalog.round(s.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(s.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(s.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(s.max_ms::numeric, 3)::float8 AS max_ms,
		pg_catalog.concat_ws(' ', coalesce(r.scenario, 'ct_test'), r.variant,
							 pg_catalog.concat('#', s.run_id)) AS metric
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_second s ON s.run_id = r.run_id
	ORDER BY s.run_id, s."time";

CREATE VIEW @extschema@.ct_orders WITH (security_barrier) AS
	SELECT o.run_id,
		o.script,
		o.step,
		o.other_script,
		u.other_step,
		u.before_seen,
		u.after_seen
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_order o ON o.run_id = r.run_id
	CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(o.other_steps), pg_catalog.unnest(o.before_seen),
		pg_catalog.unnest(o.after_seen)) AS u (other_step, before_seen, after_seen)
	ORDER BY o.run_id, o.script, o.step, o.other_script, u.other_step;

CREATE VIEW @extschema@.ct_errors WITH (security_barrier) AS
	SELECT e.run_id,
		e.script,
		e.sqlstate,
		e.condition_name,
		e.handling,
		e.count,
		e.first_message,
		e.step,
		e.line,
		e.first_seen,
		e.statement
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_error e ON e.run_id = r.run_id
	ORDER BY e.run_id, e.script, e.count DESC, e.sqlstate, e.handling;

CREATE VIEW @extschema@.ct_workers WITH (security_barrier) AS
	SELECT w.run_id,
		w.worker,
		w.pid,
		w.transactions,
		w.transactions::float8
		/ nullif(pg_catalog.sum(w.transactions) OVER (PARTITION BY w.run_id)::float8, 0::float8) AS share,
		w.failed,
		w.retries,
		w.overlapped,
		w.waited,
		w.met
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_worker w ON w.run_id = r.run_id
	ORDER BY w.run_id, w.worker;

GRANT SELECT ON @extschema@.ct_runs, @extschema@.ct_anomalies, @extschema@.ct_checks,
	@extschema@.ct_outcomes, @extschema@.ct_tallies, @extschema@.ct_latencies,
	@extschema@.ct_histograms, @extschema@.ct_timeline, @extschema@.ct_orders, @extschema@.ct_errors,
	@extschema@.ct_workers
	TO PUBLIC;

/* ---- comments: the views ---- */

COMMENT ON VIEW @extschema@.ct_visible_result IS 'internal: the rows of ct_result that the current role may see; all views of results stand on it';

COMMENT ON VIEW @extschema@.ct_runs IS 'a row per run: what ran, how it ended, its verdict and the evidence behind it; a role sees runs of roles whose privileges it has, pg_read_all_stats sees all';
COMMENT ON COLUMN @extschema@.ct_runs.run_id IS 'number of the run, as ct_run returned it';
COMMENT ON COLUMN @extschema@.ct_runs.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_runs.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_runs.status IS 'starting, running, succeeded (it came to a verdict, whichever), failed (an error kept it from one), cancelled, or crashed (its leader is gone)';
COMMENT ON COLUMN @extschema@.ct_runs.verdict IS 'pass: every check held, under enough contention; fail: at least one didn''t; inconclusive: they held, but could hardly have failed; null if there was no end to judge';
COMMENT ON COLUMN @extschema@.ct_runs.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_runs.duration IS 'length of the measured part, seconds: the duration that was asked for, or until the last transaction had ended; the warm-up before it and the time that workers took to stop after it are not in it. Null until the run has ended';
COMMENT ON COLUMN @extschema@.ct_runs.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_runs.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_runs.transactions IS 'transactions (script iterations) that completed in the measured part; with a rate, those that were scheduled in it. Latencies are also of those that began in it and ended after it';
COMMENT ON COLUMN @extschema@.ct_runs.tps IS 'the same per second of duration';
COMMENT ON COLUMN @extschema@.ct_runs.failed IS 'transactions given up: by an error that is neither retried nor expected, or after the last try';
COMMENT ON COLUMN @extschema@.ct_runs.retries IS 'tries of transactions beyond their first, those of transactions that the run''s end cut off included';
COMMENT ON COLUMN @extschema@.ct_runs.deadlocks IS 'errors 40P01, whatever became of them, warm-up included; a threshold "deadlocks = 0" forbids them';
COMMENT ON COLUMN @extschema@.ct_runs.anomalies IS 'violations that all checks found together';
COMMENT ON COLUMN @extschema@.ct_runs.mean_ms IS 'mean latency of a completed transaction with its retries, ms; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.p50_ms IS 'median latency of a completed transaction with its retries, ms; with a rate, from the intended start; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.p95_ms IS '95th percentile of the same, ms (percentiles come from a histogram with at most 1 % error)';
COMMENT ON COLUMN @extschema@.ct_runs.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.p999_ms IS '99.9th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.max_ms IS 'longest latency of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.tps_low IS 'lower end of the 95 % interval of tps, from the means of 10 to 20 batches of at least 10 ms each that the duration is cut into; it says how steady the run was, not what another run would come to. Null where the run was too short for that';
COMMENT ON COLUMN @extschema@.ct_runs.tps_high IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_runs.overlapped IS 'transactions whose window overlapped the window of another worker''s: from the start of the first statement after the last \barrier that touches the database (opens a relation outside of pg_catalog, takes an advisory lock, or is DDL) to the end of the last statement';
COMMENT ON COLUMN @extschema@.ct_runs.waited IS 'transactions that slept at least once on a heavyweight lock (row, transaction, advisory, table lock)';
COMMENT ON COLUMN @extschema@.ct_runs.met IS 'transactions in whose window a statement of another worker''s that touches the database began, ended, or was in progress throughout';
COMMENT ON COLUMN @extschema@.ct_runs.contended IS 'transactions that met, waited or were retried: what a pass rests on. They are no independent trials, so nothing follows from their number about how often something goes wrong';
COMMENT ON COLUMN @extschema@.ct_runs.orders_seen IS 'orders of two steps of overlapping transactions that occurred, as far as they were looked for; see ct_orders. A lock that is right makes orders impossible, so no verdict rests on it';
COMMENT ON COLUMN @extschema@.ct_runs.orders_possible IS 'two for each row of ct_orders; null, as orders_seen, for a run of so many scripts and statements that orders are not kept';
COMMENT ON COLUMN @extschema@.ct_runs.barrier_breaks IS 'times that a \barrier let its workers go because not all of them could come';
COMMENT ON COLUMN @extschema@.ct_runs.workers_asked IS 'workers that the call, the scenario or the default asked for';
COMMENT ON COLUMN @extschema@.ct_runs.rate IS 'intended transactions per second of the whole run; null: each worker goes on as soon as it can';
COMMENT ON COLUMN @extschema@.ct_runs.max_tries IS 'how often a transaction was tried at most; 0: no limit';
COMMENT ON COLUMN @extschema@.ct_runs.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum, which slows down hot rows';
COMMENT ON COLUMN @extschema@.ct_runs.seed IS 'seed of the random functions; the same seed draws the same values per worker';
COMMENT ON COLUMN @extschema@.ct_runs.gate_at IS 'when all workers were let go at once; null if it didn''t come to that';
COMMENT ON COLUMN @extschema@.ct_runs.finished_at IS 'when the results were recorded; null while under way, and if it crashed';
COMMENT ON COLUMN @extschema@.ct_runs.role IS 'role that the run acted as, by its name; by its oid once it is dropped';
COMMENT ON COLUMN @extschema@.ct_runs.kept_sandbox IS 'schema that the run left behind because it was told to keep it';
COMMENT ON COLUMN @extschema@.ct_runs.server_version IS 'version of the server that it ran on';
COMMENT ON COLUMN @extschema@.ct_runs.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_runs.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_runs.warnings IS 'what else there is to know: an error of the teardown; a sandbox that could not be dropped, and who holds it; results that were cut or could not be recorded; empty if all went well';
COMMENT ON COLUMN @extschema@.ct_runs.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_runs.params IS 'parameters of the run: the scenario''s, overridden by the call''s';

COMMENT ON VIEW @extschema@.ct_anomalies IS 'a row per anomaly, of each check the first few: what it found and the row that proves it';
COMMENT ON COLUMN @extschema@.ct_anomalies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_anomalies.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_anomalies.kind IS 'what the check calls its violations, as lost_update; invariant unless named';
COMMENT ON COLUMN @extschema@.ct_anomalies.first_seen IS 'when the check found it first';
COMMENT ON COLUMN @extschema@.ct_anomalies.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_anomalies.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_anomalies.evidence IS 'the offending row that the check returned; if it has more than 16 kB, its columns as texts, each cut after 1000 bytes; null where the run has more than 1 MB of evidence';

COMMENT ON VIEW @extschema@.ct_checks IS 'a row per check or threshold of a run, and whether it held';
COMMENT ON COLUMN @extschema@.ct_checks.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_checks."position" IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_checks.check_name IS 'name of the check, or metric of the threshold';
COMMENT ON COLUMN @extschema@.ct_checks.kind IS 'what the check calls its violations; threshold for a threshold';
COMMENT ON COLUMN @extschema@.ct_checks.status IS 'pass or fail';
COMMENT ON COLUMN @extschema@.ct_checks.violations IS 'violations that it found';
COMMENT ON COLUMN @extschema@.ct_checks.target IS 'what was asked for: 0 rows, or < 100';
COMMENT ON COLUMN @extschema@.ct_checks.actual IS 'what it came to: 3 rows, or 87.2';

COMMENT ON VIEW @extschema@.ct_outcomes IS 'a row per run, script and outcome: how often transactions ended with that label, warm-up included';
COMMENT ON COLUMN @extschema@.ct_outcomes.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_outcomes.script IS 'script that said so';
COMMENT ON COLUMN @extschema@.ct_outcomes.outcome IS 'label: of \outcome, or of an expected error';
COMMENT ON COLUMN @extschema@.ct_outcomes.count IS 'transactions that ended so';
COMMENT ON COLUMN @extschema@.ct_outcomes.share IS 'their share of all outcomes of the script in this run, 0 to 1';

COMMENT ON VIEW @extschema@.ct_tallies IS 'a row per run and tally: the sum of what \tally added up in committed transactions of all workers, warm-up included';
COMMENT ON COLUMN @extschema@.ct_tallies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_tallies.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_tallies.value IS 'its sum';

COMMENT ON VIEW @extschema@.ct_latencies IS 'a row per run, script, step and kind of latency: its distribution in milliseconds, retries included; time that a transaction waited at a \barrier for the other workers isn''t part of its latency';
COMMENT ON COLUMN @extschema@.ct_latencies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_latencies.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_latencies.step IS '0 for what is the whole transaction''s, else the number of the script''s command, from 1';
COMMENT ON COLUMN @extschema@.ct_latencies.kind IS 'transaction, statement, schedule_lag (how late a transaction began against its rate), or lock_wait (time that a statement slept on heavyweight locks, one value a statement that did; measured by looking some hundred times a second, so 2 ms off, more with hundreds of workers)';
COMMENT ON COLUMN @extschema@.ct_latencies.count IS 'how many were measured';
COMMENT ON COLUMN @extschema@.ct_latencies.mean_ms IS 'mean, ms; of a transaction, without its time at a \barrier';
COMMENT ON COLUMN @extschema@.ct_latencies.stddev_ms IS 'standard deviation of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.min_ms IS 'shortest of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p50_ms IS 'median of the same, ms (percentiles come from a histogram with at most 1 % error)';
COMMENT ON COLUMN @extschema@.ct_latencies.p90_ms IS '90th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p95_ms IS '95th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p999_ms IS '99.9th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.max_ms IS 'longest of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.sql IS 'text of the step, cut after 8 kB; null for step 0. Whoever ran a scenario sees it here, also where ct_scripts doesn''t show it: they have executed it';

COMMENT ON VIEW @extschema@.ct_histograms IS 'a row per bucket that isn''t empty of each latency in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_histograms.script IS 'the script, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.step IS 'the step, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.kind IS 'the kind of latency, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.lower_us IS 'lower bound of the bucket, inclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.upper_us IS 'upper bound of the bucket, exclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.count IS 'latencies in the bucket';
COMMENT ON COLUMN @extschema@.ct_histograms.cumulative_share IS 'share of latencies in this bucket or a lower one, 0 to 1';

COMMENT ON VIEW @extschema@.ct_timeline IS 'a row per second of a run, written while it is under way; for dashboards, and by second and metric for \crosstabview';
COMMENT ON COLUMN @extschema@.ct_timeline."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_timeline.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_timeline.second IS 'number of the second since the workers were let go, from 1';
COMMENT ON COLUMN @extschema@.ct_timeline.seconds IS 'its length in seconds: about 1; the last one, which ends where the duration does, 0.5 to 1.5';
COMMENT ON COLUMN @extschema@.ct_timeline.transactions IS 'transactions that completed in it; none while the warm-up lasts';
COMMENT ON COLUMN @extschema@.ct_timeline.tps IS 'the same per second of its length';
COMMENT ON COLUMN @extschema@.ct_timeline.failed IS 'transactions given up in it';
COMMENT ON COLUMN @extschema@.ct_timeline.retries IS 'retries in it';
COMMENT ON COLUMN @extschema@.ct_timeline.p50_ms IS 'median latency of the transactions that completed in it, ms, without their time at a \barrier; null if none did';
COMMENT ON COLUMN @extschema@.ct_timeline.p95_ms IS '95th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_timeline.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_timeline.max_ms IS 'longest of the same, ms, at most 1.6 % above (to the bucket of the histogram)';
COMMENT ON COLUMN @extschema@.ct_timeline.metric IS 'name of the run as a series: scenario, variant and number';

COMMENT ON VIEW @extschema@.ct_orders IS 'a row per run and pair of steps (SQL commands, the first 64 of a script) of two transactions that overlapped: which of the two orders have occurred. What neither says was executed at once, or was not seen: each statement is compared with one other worker''s, in turn';
COMMENT ON COLUMN @extschema@.ct_orders.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_orders.script IS 'script of the one transaction';
COMMENT ON COLUMN @extschema@.ct_orders.step IS 'its step, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_orders.other_script IS 'script of the other transaction, another worker''s; may be the same';
COMMENT ON COLUMN @extschema@.ct_orders.other_step IS 'its step';
COMMENT ON COLUMN @extschema@.ct_orders.before_seen IS 'the step has ended before the other step began, at least once';
COMMENT ON COLUMN @extschema@.ct_orders.after_seen IS 'the other step has ended before the step began, at least once';

COMMENT ON VIEW @extschema@.ct_errors IS 'a row per run, script, SQLSTATE and what became of the transaction, warm-up included';
COMMENT ON COLUMN @extschema@.ct_errors.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_errors.script IS 'script that it happened in';
COMMENT ON COLUMN @extschema@.ct_errors.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN @extschema@.ct_errors.condition_name IS 'name of that condition, as serialization_failure';
COMMENT ON COLUMN @extschema@.ct_errors.handling IS 'retried, gave_up (that would have been retried, but it was the last try), expected (counted as an outcome), or failed';
COMMENT ON COLUMN @extschema@.ct_errors.count IS 'how often it was raised';
COMMENT ON COLUMN @extschema@.ct_errors.first_message IS 'message of the first of them';
COMMENT ON COLUMN @extschema@.ct_errors.step IS 'what raised the first of them: number of the script''s command, from 1, as in ct_latencies; null where the script''s end did';
COMMENT ON COLUMN @extschema@.ct_errors.line IS 'line of the script on which that command begins, from 1';
COMMENT ON COLUMN @extschema@.ct_errors.first_seen IS 'when the first of them was raised';
COMMENT ON COLUMN @extschema@.ct_errors.statement IS 'text of that command';

COMMENT ON VIEW @extschema@.ct_workers IS 'a row per run and worker over the whole run, warm-up included, so that fairness can be seen';
COMMENT ON COLUMN @extschema@.ct_workers.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.worker IS 'number of the worker, from 1: the worker_id of scripts';
COMMENT ON COLUMN @extschema@.ct_workers.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_workers.transactions IS 'transactions that it completed';
COMMENT ON COLUMN @extschema@.ct_workers.share IS 'its share of what all workers completed, 0 to 1';
COMMENT ON COLUMN @extschema@.ct_workers.failed IS 'transactions that it gave up';
COMMENT ON COLUMN @extschema@.ct_workers.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_workers.overlapped IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.waited IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.met IS 'of its transactions, see ct_runs';

/* ---- comments: the tables ---- */

COMMENT ON TABLE @extschema@.ct_result IS 'runs, as the leader records them; read it through ct_runs';
COMMENT ON COLUMN @extschema@.ct_result.run_id IS 'number of the run';
COMMENT ON COLUMN @extschema@.ct_result.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_result.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_result.role IS 'role that the run acts as; decides who sees the run';
COMMENT ON COLUMN @extschema@.ct_result.status IS 'starting, running, succeeded, failed, cancelled or crashed; what has crashed may still say running, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result.verdict IS 'pass, fail or inconclusive; null until judged';
COMMENT ON COLUMN @extschema@.ct_result.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_result.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_result.gate_at IS 'when all workers were let go at once';
COMMENT ON COLUMN @extschema@.ct_result.finished_at IS 'when the results were recorded';
COMMENT ON COLUMN @extschema@.ct_result.duration IS 'length of the measured part, seconds';
COMMENT ON COLUMN @extschema@.ct_result.workers_asked IS 'workers that were asked for, > 0';
COMMENT ON COLUMN @extschema@.ct_result.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_result.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_result.transactions IS 'transactions that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_result.failed IS 'transactions given up';
COMMENT ON COLUMN @extschema@.ct_result.retries IS 'tries beyond the first';
COMMENT ON COLUMN @extschema@.ct_result.anomalies IS 'violations over all checks';
COMMENT ON COLUMN @extschema@.ct_result.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_result.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_result.met IS 'evidence, defined at ct_runs.met';
COMMENT ON COLUMN @extschema@.ct_result.contended IS 'evidence, defined at ct_runs.contended';
COMMENT ON COLUMN @extschema@.ct_result.orders_seen IS 'evidence, defined at ct_runs.orders_seen';
COMMENT ON COLUMN @extschema@.ct_result.orders_possible IS 'evidence, defined at ct_runs.orders_possible';
COMMENT ON COLUMN @extschema@.ct_result.barrier_breaks IS 'evidence, defined at ct_runs.barrier_breaks';
COMMENT ON COLUMN @extschema@.ct_result.tps IS 'completed transactions per second of duration';
COMMENT ON COLUMN @extschema@.ct_result.tps_low IS 'lower end of its 95 % interval by batch means';
COMMENT ON COLUMN @extschema@.ct_result.tps_high IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_result.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_result.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_result.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_result.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum';
COMMENT ON COLUMN @extschema@.ct_result.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_result.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_result.warnings IS 'what the run left behind, or could not record';
COMMENT ON COLUMN @extschema@.ct_result.seed IS 'seed of the random functions';
COMMENT ON COLUMN @extschema@.ct_result.server_version IS 'server_version at the time';
COMMENT ON COLUMN @extschema@.ct_result.plan IS 'everything that the run was to do (src/plan/plan.h)';
COMMENT ON COLUMN @extschema@.ct_result.leader_pid IS 'process id of the leader';
COMMENT ON COLUMN @extschema@.ct_result.shm_handle IS 'handle of the run''s shared memory, by which ct_run_lives finds it';
COMMENT ON COLUMN @extschema@.ct_result.sandbox IS 'schema that is to be dropped; null once it is';
COMMENT ON COLUMN @extschema@.ct_result.sandbox_tried_at IS 'when dropping it was tried last, and failed';
COMMENT ON COLUMN @extschema@.ct_result.kept_sandbox IS 'schema that was left behind on request';

COMMENT ON TABLE @extschema@.ct_result_anomaly IS 'anomalies of runs; read it through ct_anomalies';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.position IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.kind IS 'what the check calls its violations';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.evidence IS 'the offending row';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.first_seen IS 'when it was found first';

COMMENT ON TABLE @extschema@.ct_result_check IS 'checks and thresholds of runs; read it through ct_checks';
COMMENT ON COLUMN @extschema@.ct_result_check.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_check.position IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_result_check.check_name IS 'the check, or the threshold''s metric';
COMMENT ON COLUMN @extschema@.ct_result_check.kind IS 'what the check calls its violations, or threshold';
COMMENT ON COLUMN @extschema@.ct_result_check.target IS 'what was asked for, as text';
COMMENT ON COLUMN @extschema@.ct_result_check.actual IS 'what it came to, as text';
COMMENT ON COLUMN @extschema@.ct_result_check.status IS 'pass or fail';
COMMENT ON COLUMN @extschema@.ct_result_check.violations IS 'violations found, >= 0';

COMMENT ON TABLE @extschema@.ct_result_outcome IS 'outcomes of runs; read it through ct_outcomes';
COMMENT ON COLUMN @extschema@.ct_result_outcome.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_outcome.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_outcome.outcome IS 'the label';
COMMENT ON COLUMN @extschema@.ct_result_outcome.count IS 'transactions that ended so';

COMMENT ON TABLE @extschema@.ct_result_tally IS 'tallies of runs; read it through ct_tallies';
COMMENT ON COLUMN @extschema@.ct_result_tally.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_tally.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_result_tally.value IS 'its sum over all workers';

COMMENT ON TABLE @extschema@.ct_result_latency IS 'latencies of runs with their histograms; read it through ct_latencies and ct_histograms';
COMMENT ON COLUMN @extschema@.ct_result_latency.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_latency.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_latency.step IS '0 for the whole transaction, else the command''s number from 1';
COMMENT ON COLUMN @extschema@.ct_result_latency.kind IS 'transaction, statement, schedule_lag or lock_wait';
COMMENT ON COLUMN @extschema@.ct_result_latency.sql IS 'text of the step';
COMMENT ON COLUMN @extschema@.ct_result_latency.count IS 'how many were measured';
COMMENT ON COLUMN @extschema@.ct_result_latency.mean_ms IS 'mean, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.stddev_ms IS 'standard deviation, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.min_ms IS 'shortest, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p50_ms IS 'median, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p90_ms IS '90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p95_ms IS '95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p99_ms IS '99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p999_ms IS '99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.max_ms IS 'longest, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.lower_us IS 'inclusive lower bounds of the histogram''s buckets that aren''t empty, ascending, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.upper_us IS 'exclusive upper bounds of the same, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.bucket_count IS 'latencies in each of them, > 0';

COMMENT ON TABLE @extschema@.ct_result_second IS 'seconds of runs, written while they are under way; read it through ct_timeline';
COMMENT ON COLUMN @extschema@.ct_result_second.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_second."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_result_second.seconds IS 'its length, seconds';
COMMENT ON COLUMN @extschema@.ct_result_second.transactions IS 'completed in it';
COMMENT ON COLUMN @extschema@.ct_result_second.failed IS 'given up in it';
COMMENT ON COLUMN @extschema@.ct_result_second.retries IS 'retries in it';
COMMENT ON COLUMN @extschema@.ct_result_second.p50_ms IS 'median latency in it, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.p95_ms IS '95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.p99_ms IS '99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.max_ms IS 'longest, ms';

COMMENT ON TABLE @extschema@.ct_result_order IS 'orders of steps in runs, a row per step and other script; read it through ct_orders';
COMMENT ON COLUMN @extschema@.ct_result_order.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_order.script IS 'script of the one transaction';
COMMENT ON COLUMN @extschema@.ct_result_order.step IS 'its step';
COMMENT ON COLUMN @extschema@.ct_result_order.other_script IS 'script of the other';
COMMENT ON COLUMN @extschema@.ct_result_order.other_steps IS 'its steps';
COMMENT ON COLUMN @extschema@.ct_result_order.before_seen IS 'for each of these, whether the step has ended before it began';
COMMENT ON COLUMN @extschema@.ct_result_order.after_seen IS 'for each of these, whether it has ended before the step began';

COMMENT ON TABLE @extschema@.ct_result_error IS 'errors in runs; read it through ct_errors';
COMMENT ON COLUMN @extschema@.ct_result_error.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_error.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_error.sqlstate IS 'SQLSTATE';
COMMENT ON COLUMN @extschema@.ct_result_error.condition_name IS 'name of that condition';
COMMENT ON COLUMN @extschema@.ct_result_error.handling IS 'retried, gave_up, expected or failed';
COMMENT ON COLUMN @extschema@.ct_result_error.count IS 'how often it was raised';
COMMENT ON COLUMN @extschema@.ct_result_error.first_message IS 'message of the first';
COMMENT ON COLUMN @extschema@.ct_result_error.step IS 'number of the command that raised the first, from 1';
COMMENT ON COLUMN @extschema@.ct_result_error.line IS 'its line in the script, from 1';
COMMENT ON COLUMN @extschema@.ct_result_error.first_seen IS 'when the first was raised';
COMMENT ON COLUMN @extschema@.ct_result_error.statement IS 'its text';

COMMENT ON TABLE @extschema@.ct_result_worker IS 'workers of runs; read it through ct_workers';
COMMENT ON COLUMN @extschema@.ct_result_worker.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_worker.worker IS 'number of the worker, from 1';
COMMENT ON COLUMN @extschema@.ct_result_worker.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_result_worker.transactions IS 'completed by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.failed IS 'given up by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_result_worker.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_result_worker.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_result_worker.met IS 'evidence, defined at ct_runs.met';

COMMENT ON SEQUENCE @extschema@.ct_result_run_id_seq IS 'Ids of runs';

/* The inner view's columns are the table's. */
COMMENT ON COLUMN @extschema@.ct_visible_result.run_id IS 'number of the run';
COMMENT ON COLUMN @extschema@.ct_visible_result.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_visible_result.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_visible_result.role IS 'role that the run acts as; decides who sees the run';
COMMENT ON COLUMN @extschema@.ct_visible_result.status IS 'starting, running, succeeded, failed, cancelled or crashed; what has crashed may still say running, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_visible_result.verdict IS 'pass, fail or inconclusive; null until judged';
COMMENT ON COLUMN @extschema@.ct_visible_result.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_visible_result.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_visible_result.gate_at IS 'when all workers were let go at once';
COMMENT ON COLUMN @extschema@.ct_visible_result.finished_at IS 'when the results were recorded';
COMMENT ON COLUMN @extschema@.ct_visible_result.duration IS 'length of the measured part, seconds';
COMMENT ON COLUMN @extschema@.ct_visible_result.workers_asked IS 'workers that were asked for, > 0';
COMMENT ON COLUMN @extschema@.ct_visible_result.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_visible_result.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_visible_result.transactions IS 'transactions that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_visible_result.failed IS 'transactions given up';
COMMENT ON COLUMN @extschema@.ct_visible_result.retries IS 'tries beyond the first';
COMMENT ON COLUMN @extschema@.ct_visible_result.anomalies IS 'violations over all checks';
COMMENT ON COLUMN @extschema@.ct_visible_result.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_visible_result.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_visible_result.met IS 'evidence, defined at ct_runs.met';
COMMENT ON COLUMN @extschema@.ct_visible_result.contended IS 'evidence, defined at ct_runs.contended';
COMMENT ON COLUMN @extschema@.ct_visible_result.orders_seen IS 'evidence, defined at ct_runs.orders_seen';
COMMENT ON COLUMN @extschema@.ct_visible_result.orders_possible IS 'evidence, defined at ct_runs.orders_possible';
COMMENT ON COLUMN @extschema@.ct_visible_result.barrier_breaks IS 'evidence, defined at ct_runs.barrier_breaks';
COMMENT ON COLUMN @extschema@.ct_visible_result.tps IS 'completed transactions per second of duration';
COMMENT ON COLUMN @extschema@.ct_visible_result.tps_low IS 'lower end of its 95 % interval by batch means';
COMMENT ON COLUMN @extschema@.ct_visible_result.tps_high IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_visible_result.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum';
COMMENT ON COLUMN @extschema@.ct_visible_result.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_visible_result.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_visible_result.warnings IS 'what the run left behind, or could not record';
COMMENT ON COLUMN @extschema@.ct_visible_result.seed IS 'seed of the random functions';
COMMENT ON COLUMN @extschema@.ct_visible_result.server_version IS 'server_version at the time';
COMMENT ON COLUMN @extschema@.ct_visible_result.plan IS 'everything that the run was to do (src/plan/plan.h)';
COMMENT ON COLUMN @extschema@.ct_visible_result.leader_pid IS 'process id of the leader';
COMMENT ON COLUMN @extschema@.ct_visible_result.shm_handle IS 'handle of the run''s shared memory, by which ct_run_lives finds it';
COMMENT ON COLUMN @extschema@.ct_visible_result.sandbox IS 'schema that is to be dropped; null once it is';
COMMENT ON COLUMN @extschema@.ct_visible_result.sandbox_tried_at IS 'when dropping it was tried last, and failed';
COMMENT ON COLUMN @extschema@.ct_visible_result.kept_sandbox IS 'schema that was left behind on request';
