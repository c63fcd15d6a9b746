/*
 * Runs under way, live: read from their shared memory at every look, for
 * psql's \watch.
 */
CREATE VIEW @extschema@.ct_progress WITH (security_barrier) AS
	SELECT r.run_id,
		p.phase,
		pg_catalog.round(p.elapsed::numeric, 3)::float8 AS elapsed,
		p.workers,
		p.clients,
		p.transactions,
		pg_catalog.round(p.tps::numeric, 1)::float8 AS tps,
		p.failed,
		p.retries,
		pg_catalog.round(p.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(p.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(p.p99_ms::numeric, 3)::float8 AS p99_ms,
		p.executions,
		r.scenario,
		r.variant,
		p.load_phase
	FROM @extschema@.ct_visible_result r,
		LATERAL @extschema@._ct_run_progress(r.run_id, r.shm_handle) p
	WHERE r.status IN ('starting', 'running') AND p.phase IS NOT NULL
	ORDER BY r.run_id;
GRANT SELECT ON @extschema@.ct_progress TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_progress IS 'runs under way, live';
COMMENT ON COLUMN @extschema@.ct_progress.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_progress.phase IS 'starting, setup, launching (workers), running, checking or done';
COMMENT ON COLUMN @extschema@.ct_progress.elapsed IS 'seconds since the run was started';
COMMENT ON COLUMN @extschema@.ct_progress.workers IS 'workers that race; null before they were let go, like the columns that follow';
COMMENT ON COLUMN @extschema@.ct_progress.clients IS 'clients that take turns on them, or as many';
COMMENT ON COLUMN @extschema@.ct_progress.transactions IS 'completed so far, after the warm-up';
COMMENT ON COLUMN @extschema@.ct_progress.tps IS 'of these, per second since the workers were let go';
COMMENT ON COLUMN @extschema@.ct_progress.failed IS 'given up so far, by an error or after the last try';
COMMENT ON COLUMN @extschema@.ct_progress.retries IS 'tries after the first so far';
COMMENT ON COLUMN @extschema@.ct_progress.p50_ms IS 'median latency of a transaction so far, milliseconds; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_progress.p95_ms IS '95th percentile, milliseconds';
COMMENT ON COLUMN @extschema@.ct_progress.p99_ms IS '99th percentile, milliseconds';
COMMENT ON COLUMN @extschema@.ct_progress.executions IS 'executions of a run that explores, begun so far; then transactions and what follows is null';
COMMENT ON COLUMN @extschema@.ct_progress.scenario IS 'null for ct_test and ct_race';
COMMENT ON COLUMN @extschema@.ct_progress.variant IS 'null for ct_test and ct_race';
COMMENT ON COLUMN @extschema@.ct_progress.load_phase IS 'phase of its load that the run is in, see ct_phases; null before and after them, and of a run without phases';
