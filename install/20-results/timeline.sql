/*
 * Seconds of runs, written while they are under way.
 */
CREATE TABLE @extschema@.ct_result_second (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"time"			timestamptz NOT NULL,	-- the second's end
	seconds			float8 NOT NULL,		-- its length, 1 but for the last one
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	retries			bigint NOT NULL,
	p50_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	max_ms			float8,
	phase			text,
	mean_ms			float8,
	PRIMARY KEY (run_id, "time")
);

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
		s.phase,
		pg_catalog.concat_ws(' ', coalesce(r.scenario, 'ct_test'), r.variant,
							 pg_catalog.concat('#', s.run_id)) AS metric,
		pg_catalog.round(s.mean_ms::numeric, 3)::float8 AS mean_ms
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_second s ON s.run_id = r.run_id
	ORDER BY s.run_id, s."time";

GRANT SELECT ON @extschema@.ct_timeline TO PUBLIC;

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
COMMENT ON COLUMN @extschema@.ct_timeline.phase IS 'phase that its middle is in, see ct_phases; null in the warm-up, and of a run without phases';
COMMENT ON COLUMN @extschema@.ct_timeline.metric IS 'name of the run as a series: scenario, variant and number';

COMMENT ON COLUMN @extschema@.ct_timeline.mean_ms IS 'mean latency of the same transactions, ms';

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
COMMENT ON COLUMN @extschema@.ct_result_second.phase IS 'phase that its middle is in';
COMMENT ON COLUMN @extschema@.ct_result_second.mean_ms IS 'mean latency, ms';
