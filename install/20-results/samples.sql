/*
 * Single transactions of a run.
 */
CREATE TABLE @extschema@.ct_result_sample (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	sample			int NOT NULL,
	kind			text NOT NULL CHECK (kind IN ('random', 'slowest', 'failed')),
	script			text NOT NULL,
	client			int NOT NULL,
	worker			int NOT NULL,
	iteration		bigint NOT NULL,
	started_at		timestamptz NOT NULL,
	latency_ms		float8 NOT NULL,
	tries			int NOT NULL,
	outcome			text,
	sqlstate		text,
	phase			text,
	steps			int[],
	statement_ms	float8[],
	message			text,
	PRIMARY KEY (run_id, sample)
);

CREATE VIEW @extschema@.ct_samples WITH (security_barrier) AS
	SELECT x.run_id,
		x.sample,
		x.kind,
		x.script,
		x.client,
		x.worker,
		x.iteration,
		x.started_at,
		pg_catalog.round(x.latency_ms::numeric, 3)::float8 AS latency_ms,
		x.tries,
		x.outcome,
		x.sqlstate,
		x.phase,
		x.steps,
		x.statement_ms,
		x.message
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_sample x ON x.run_id = r.run_id
	ORDER BY x.run_id, x.sample;

GRANT SELECT ON @extschema@.ct_samples TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_samples IS 'a row per sampled transaction of a run: a thousand drawn at random, the slowest and the first failed ones';
COMMENT ON COLUMN @extschema@.ct_samples.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_samples.sample IS 'number in the run, from 1';
COMMENT ON COLUMN @extschema@.ct_samples.kind IS 'random: drawn uniformly from all that ended in the measured part; slowest: the twenty that took longest; failed: the first twenty that were given up, of each message one';
COMMENT ON COLUMN @extschema@.ct_samples.script IS 'script of the transaction';
COMMENT ON COLUMN @extschema@.ct_samples.client IS 'client, from 1';
COMMENT ON COLUMN @extschema@.ct_samples.worker IS 'worker that carried it, from 1';
COMMENT ON COLUMN @extschema@.ct_samples.iteration IS 'its number in the run, :iteration';
COMMENT ON COLUMN @extschema@.ct_samples.started_at IS 'when it began';
COMMENT ON COLUMN @extschema@.ct_samples.latency_ms IS 'its latency, as ct_latencies counts it, ms';
COMMENT ON COLUMN @extschema@.ct_samples.tries IS 'tries that it needed';
COMMENT ON COLUMN @extschema@.ct_samples.outcome IS 'what it counted as, if anything';
COMMENT ON COLUMN @extschema@.ct_samples.sqlstate IS 'SQLSTATE that ended it, or a try before its last';
COMMENT ON COLUMN @extschema@.ct_samples.phase IS 'phase that it was of; null without phases';
COMMENT ON COLUMN @extschema@.ct_samples.steps IS 'statements of its last try in their order, up to 32, as the steps of ct_latencies';
COMMENT ON COLUMN @extschema@.ct_samples.statement_ms IS 'how long each of them took, ms; the retries and pauses between are in latency_ms alone';
COMMENT ON COLUMN @extschema@.ct_samples.message IS 'that error''s message';
COMMENT ON TABLE @extschema@.ct_result_sample IS 'single transactions of runs; read it through ct_samples';
COMMENT ON COLUMN @extschema@.ct_result_sample.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_sample.sample IS 'number in the run, from 1';
COMMENT ON COLUMN @extschema@.ct_result_sample.kind IS 'random: drawn uniformly from all that ended in the measured part; slowest: the twenty that took longest; failed: the first twenty that were given up, of each message one';
COMMENT ON COLUMN @extschema@.ct_result_sample.script IS 'script of the transaction';
COMMENT ON COLUMN @extschema@.ct_result_sample.client IS 'client, from 1';
COMMENT ON COLUMN @extschema@.ct_result_sample.worker IS 'worker that carried it, from 1';
COMMENT ON COLUMN @extschema@.ct_result_sample.iteration IS 'its number in the run, :iteration';
COMMENT ON COLUMN @extschema@.ct_result_sample.started_at IS 'when it began';
COMMENT ON COLUMN @extschema@.ct_result_sample.latency_ms IS 'its latency, as ct_latencies counts it, ms';
COMMENT ON COLUMN @extschema@.ct_result_sample.tries IS 'tries that it needed';
COMMENT ON COLUMN @extschema@.ct_result_sample.outcome IS 'what it counted as, if anything';
COMMENT ON COLUMN @extschema@.ct_result_sample.sqlstate IS 'SQLSTATE that ended it, or a try before its last';
COMMENT ON COLUMN @extschema@.ct_result_sample.phase IS 'phase that it was of; null without phases';
COMMENT ON COLUMN @extschema@.ct_result_sample.steps IS 'statements of its last try in their order, up to 32, as the steps of ct_latencies';
COMMENT ON COLUMN @extschema@.ct_result_sample.statement_ms IS 'how long each of them took, ms; the retries and pauses between are in latency_ms alone';
COMMENT ON COLUMN @extschema@.ct_result_sample.message IS 'that error''s message';
