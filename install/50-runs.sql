/*
 * The view of runs.  It asks whether a run lives, so that it comes after that
 * function and after the kinds of rows that it sums up.
 */

/*
 * A run that is stored as under way but whose leader is gone has crashed.  A
 * standby can't know: it has the primary's rows, but not its memory.
 */
CREATE VIEW @extschema@.ct_runs WITH (security_barrier) AS
	SELECT r.run_id,
		r.scenario,
		r.variant,
		CASE WHEN r.plan ->> 'explore'::text = 'true'::text THEN 'explore' ELSE 'stress' END AS mode,
		CASE
			WHEN r.status NOT IN ('starting', 'running') THEN r.status
			WHEN pg_catalog.pg_is_in_recovery() THEN r.status
			WHEN @extschema@._ct_run_lives(r.run_id, r.shm_handle) THEN r.status
			ELSE 'crashed'
		END AS status,
		r.verdict,
		r.started_at,
		r.duration,
		r.workers,
		r.clients,
		r.isolation,
		r.transactions,
		pg_catalog.round(r.tps::numeric, 1)::float8 AS tps,
		r.failed,
		r.transactions::float8 / nullif(r.transactions::float8 + r.failed::float8, 0::float8) AS success_rate,
		r.retries,
		CASE WHEN r.transactions IS NOT NULL THEN (
			SELECT coalesce(pg_catalog.sum(e.count)::bigint, 0::bigint)
			FROM @extschema@.ct_result_error e
			WHERE e.run_id = r.run_id AND e.sqlstate = '40P01'::text)
		ELSE (SELECT x.deadlocks FROM @extschema@.ct_result_exploration x WHERE x.run_id = r.run_id)
		END AS deadlocks,
		r.anomalies,
		pg_catalog.round(r.mean_ms::numeric, 3)::float8 AS mean_ms,
		pg_catalog.round(r.stddev_ms::numeric, 3)::float8 AS stddev_ms,
		pg_catalog.round(r.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(r.p90_ms::numeric, 3)::float8 AS p90_ms,
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
		CASE WHEN r.plan ->> 'explore'::text = 'true'::text THEN NULL
			ELSE (r.plan ->> 'max_tries'::text)::int
		END AS max_tries,
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
		r.plan -> 'params'::text AS params,
		r.late,
		r.skipped,
		r.plan ->> 'expected_verdict'::text AS expected_verdict,
		r.repeat_of,
		r.kills
	FROM @extschema@.ct_visible_result r
	ORDER BY r.run_id;

GRANT SELECT ON @extschema@.ct_runs TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_runs IS 'a row per run: what ran, how it ended, its verdict and the evidence behind it; a role sees runs of roles whose privileges it has, pg_read_all_stats sees all. Who listens to the channel ct_ext (LISTEN) is told of each run that fails, or is found crashed: a JSON object of run_id, scenario, variant, status, verdict, reason (check, threshold, error, crash) and threshold (the first one that was missed)';
COMMENT ON COLUMN @extschema@.ct_runs.run_id IS 'number of the run, as ct_run returned it';
COMMENT ON COLUMN @extschema@.ct_runs.scenario IS 'scenario that ran; null for ct_test and ct_race';
COMMENT ON COLUMN @extschema@.ct_runs.variant IS 'variant of the scenario; null for ct_test and ct_race';
COMMENT ON COLUMN @extschema@.ct_runs.mode IS 'stress: workers ran at once, under load; explore: sessions were executed one step at a time, through many orders: see ct_explorations. Of such a run what is measured under load is null: transactions, tps, failed, retries, all latencies, and the evidence of overlap';
COMMENT ON COLUMN @extschema@.ct_runs.status IS 'starting, running, succeeded (it came to a verdict, whichever), failed (an error kept it from one), cancelled, or crashed (its leader is gone)';
COMMENT ON COLUMN @extschema@.ct_runs.verdict IS 'pass: every check held, under enough contention; fail: at least one didn''t; inconclusive: they held, but could hardly have failed; null if there was no end to judge. Of a run that explored: pass, no order that was executed went wrong, and reason says which these were; fail, one did; inconclusive, not even all orders without a preemption were executed';
COMMENT ON COLUMN @extschema@.ct_runs.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_runs.duration IS 'length of the measured part, seconds (of a run that explored, of the search): the duration that was asked for, or until the last transaction had ended; the warm-up before it and the time that workers took to stop after it are not in it. Null until the run has ended';
COMMENT ON COLUMN @extschema@.ct_runs.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_runs.clients IS 'clients; where they are more than the workers, they took turns on these between transactions, each worker with one session: what one left there (SET, temporary tables, prepared statements, advisory locks) the next one found, and no more transactions than workers were under way at once';
COMMENT ON COLUMN @extschema@.ct_runs.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_runs.transactions IS 'transactions (script iterations) that completed in the measured part; with a rate, those that were scheduled in it. Latencies are also of those that began in it and ended after it';
COMMENT ON COLUMN @extschema@.ct_runs.tps IS 'the same per second of duration';
COMMENT ON COLUMN @extschema@.ct_runs.failed IS 'transactions given up: by an error that is neither retried nor expected, or after the last try';
COMMENT ON COLUMN @extschema@.ct_runs.success_rate IS 'transactions of transactions and failed together, 0 to 1; null where there were none';
COMMENT ON COLUMN @extschema@.ct_runs.retries IS 'tries of transactions beyond their first, those of transactions that the run''s end cut off included';
COMMENT ON COLUMN @extschema@.ct_runs.deadlocks IS 'errors 40P01, whatever became of them, warm-up included; of a run that explored, executions in which a session met one; a threshold "deadlocks = 0" forbids them';
COMMENT ON COLUMN @extschema@.ct_runs.anomalies IS 'what went wrong, counted: the violations of all checks and thresholds together, see ct_checks.violations; ct_anomalies has the first of them. Of a run that explored, executions that went wrong';
COMMENT ON COLUMN @extschema@.ct_runs.mean_ms IS 'mean latency of a completed transaction with its retries, ms; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.stddev_ms IS 'standard deviation of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.p50_ms IS 'median latency of a completed transaction with its retries, ms; with a rate, from the intended start; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.p90_ms IS '90th percentile of the same, ms';
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
COMMENT ON COLUMN @extschema@.ct_runs.late IS 'completed transactions that took longer than latency_limit; 0 where there was none';
COMMENT ON COLUMN @extschema@.ct_runs.skipped IS 'transactions of a schedule (rate) that were not executed: since they were late by more than latency_limit before they could begin, or since the run was cut off; they are in no other number';
COMMENT ON COLUMN @extschema@.ct_runs.expected_verdict IS 'what counts as ok, of a run of ct_run_all of a variant that says so: pass or fail; null: pass';
COMMENT ON COLUMN @extschema@.ct_runs.repeat_of IS 'first run of the group of repeats that it belongs to (repeat => 5), that one included; null if it is none';
COMMENT ON COLUMN @extschema@.ct_runs.kills IS 'sessions that kill_rate has terminated; the transactions that were lost with them are the outcome killed, and in no number of completed or failed ones';
