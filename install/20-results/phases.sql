/*
 * Phases of a run's load, and how it went in each.
 */
CREATE TABLE @extschema@.ct_result_phase (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"position"		int NOT NULL,
	phase			text NOT NULL,
	from_s			float8 NOT NULL,
	seconds			float8 NOT NULL,
	rate			float8,
	clients			int NOT NULL,
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	skipped			bigint NOT NULL,
	mean_ms			float8,
	p50_ms			float8,
	p90_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	p999_ms			float8,
	max_ms			float8,
	recovery_s		float8,
	PRIMARY KEY (run_id, "position")
);

CREATE VIEW @extschema@.ct_phases WITH (security_barrier) AS
	SELECT x.run_id,
		x."position",
		x.phase,
		x.from_s,
		x.seconds,
		x.rate,
		x.clients,
		x.transactions,
		pg_catalog.round((x.transactions::float8 / nullif(x.seconds, 0::float8))::numeric, 1)::float8 AS tps,
		x.failed,
		x.skipped,
		pg_catalog.round(x.mean_ms::numeric, 3)::float8 AS mean_ms,
		pg_catalog.round(x.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(x.p90_ms::numeric, 3)::float8 AS p90_ms,
		pg_catalog.round(x.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(x.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(x.p999_ms::numeric, 3)::float8 AS p999_ms,
		pg_catalog.round(x.max_ms::numeric, 3)::float8 AS max_ms,
		x.recovery_s
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_phase x ON x.run_id = r.run_id
	ORDER BY x.run_id, x."position";

GRANT SELECT ON @extschema@.ct_phases TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_phases IS 'a row per phase of a run: its load, and latencies of the transactions that were scheduled in it';
COMMENT ON COLUMN @extschema@.ct_phases.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_phases.position IS 'number of the phase, from 1';
COMMENT ON COLUMN @extschema@.ct_phases.phase IS 'its name';
COMMENT ON COLUMN @extschema@.ct_phases.from_s IS 'when it began, seconds after the gate';
COMMENT ON COLUMN @extschema@.ct_phases.seconds IS 'how long it was';
COMMENT ON COLUMN @extschema@.ct_phases.rate IS 'transactions a second that were scheduled, at its end; null: as many as there were';
COMMENT ON COLUMN @extschema@.ct_phases.clients IS 'clients that were at work at its end';
COMMENT ON COLUMN @extschema@.ct_phases.transactions IS 'that completed, of those scheduled in it';
COMMENT ON COLUMN @extschema@.ct_phases.tps IS 'completed transactions per second';
COMMENT ON COLUMN @extschema@.ct_phases.failed IS 'given up';
COMMENT ON COLUMN @extschema@.ct_phases.skipped IS 'scheduled, but not executed';
COMMENT ON COLUMN @extschema@.ct_phases.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_phases.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_phases.p90_ms IS 'its 90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_phases.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_phases.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_phases.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_phases.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_phases.recovery_s IS 'seconds from its start until p95 of a second was within 1.2 times the baseline''s, and no more workers stood still, and stayed there to its end; the baseline is the phase of that name, else the first one; null if it never was, and of phases up to the baseline';
COMMENT ON TABLE @extschema@.ct_result_phase IS 'phases of runs; read it through ct_phases';
COMMENT ON COLUMN @extschema@.ct_result_phase.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_phase.position IS 'number of the phase, from 1';
COMMENT ON COLUMN @extschema@.ct_result_phase.phase IS 'its name';
COMMENT ON COLUMN @extschema@.ct_result_phase.from_s IS 'when it began, seconds after the gate';
COMMENT ON COLUMN @extschema@.ct_result_phase.seconds IS 'how long it was';
COMMENT ON COLUMN @extschema@.ct_result_phase.rate IS 'transactions a second that were scheduled, at its end; null: as many as there were';
COMMENT ON COLUMN @extschema@.ct_result_phase.clients IS 'clients that were at work at its end';
COMMENT ON COLUMN @extschema@.ct_result_phase.transactions IS 'that completed, of those scheduled in it';
COMMENT ON COLUMN @extschema@.ct_result_phase.failed IS 'given up';
COMMENT ON COLUMN @extschema@.ct_result_phase.skipped IS 'scheduled, but not executed';
COMMENT ON COLUMN @extschema@.ct_result_phase.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.p90_ms IS 'its 90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_result_phase.recovery_s IS 'seconds from its start until p95 of a second was within 1.2 times the baseline''s, and no more workers stood still, and stayed there to its end; the baseline is the phase of that name, else the first one; null if it never was, and of phases up to the baseline';
