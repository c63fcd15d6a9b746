/*
 * Classes of a run's clients, and how each fared.
 */
CREATE TABLE @extschema@.ct_result_class (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"position"		int NOT NULL,
	class			text NOT NULL,
	clients			int NOT NULL,
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	mean_ms			float8,
	p50_ms			float8,
	p90_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	p999_ms			float8,
	max_ms			float8,
	PRIMARY KEY (run_id, "position")
);

CREATE VIEW @extschema@.ct_classes WITH (security_barrier) AS
	SELECT x.run_id,
		x."position",
		x.class,
		x.clients,
		x.transactions,
		pg_catalog.round((x.transactions::float8 / nullif(r.duration, 0::float8))::numeric, 1)::float8 AS tps,
		x.failed,
		pg_catalog.round(x.mean_ms::numeric, 3)::float8 AS mean_ms,
		pg_catalog.round(x.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(x.p90_ms::numeric, 3)::float8 AS p90_ms,
		pg_catalog.round(x.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(x.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(x.p999_ms::numeric, 3)::float8 AS p999_ms,
		pg_catalog.round(x.max_ms::numeric, 3)::float8 AS max_ms
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_class x ON x.run_id = r.run_id
	ORDER BY x.run_id, x."position";

GRANT SELECT ON @extschema@.ct_classes TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_classes IS 'a row per class of a run''s clients (ct_add_class, or the call''s classes): how many there were, and how they fared';
COMMENT ON COLUMN @extschema@.ct_classes.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_classes.position IS 'number of the class, from 1';
COMMENT ON COLUMN @extschema@.ct_classes.class IS 'its name';
COMMENT ON COLUMN @extschema@.ct_classes.clients IS 'clients that were of it';
COMMENT ON COLUMN @extschema@.ct_classes.transactions IS 'transactions of these that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_classes.tps IS 'the same per second';
COMMENT ON COLUMN @extschema@.ct_classes.failed IS 'given up';
COMMENT ON COLUMN @extschema@.ct_classes.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_classes.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_classes.p90_ms IS 'its 90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_classes.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_classes.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_classes.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_classes.max_ms IS 'its longest, ms';
COMMENT ON TABLE @extschema@.ct_result_class IS 'classes of clients of runs; read it through ct_classes';
COMMENT ON COLUMN @extschema@.ct_result_class.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_class.position IS 'number of the class, from 1';
COMMENT ON COLUMN @extschema@.ct_result_class.class IS 'its name';
COMMENT ON COLUMN @extschema@.ct_result_class.clients IS 'clients that were of it';
COMMENT ON COLUMN @extschema@.ct_result_class.transactions IS 'transactions of these that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_result_class.failed IS 'given up';
COMMENT ON COLUMN @extschema@.ct_result_class.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.p90_ms IS 'its 90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.p999_ms IS 'its 99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_class.max_ms IS 'its longest, ms';
