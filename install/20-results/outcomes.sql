/*
 * Outcomes of transactions.
 */
CREATE TABLE @extschema@.ct_result_outcome (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	outcome			text NOT NULL,
	count			bigint NOT NULL,
	PRIMARY KEY (run_id, script, outcome)
);

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

GRANT SELECT ON @extschema@.ct_outcomes TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_outcomes IS 'a row per run, script and outcome: how often transactions ended with that label, warm-up included';
COMMENT ON COLUMN @extschema@.ct_outcomes.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_outcomes.script IS 'script that said so';
COMMENT ON COLUMN @extschema@.ct_outcomes.outcome IS 'label: of \outcome, or of an expected error';
COMMENT ON COLUMN @extschema@.ct_outcomes.count IS 'transactions that ended so';
COMMENT ON COLUMN @extschema@.ct_outcomes.share IS 'their share of all outcomes of the script in this run, 0 to 1';

COMMENT ON TABLE @extschema@.ct_result_outcome IS 'outcomes of runs; read it through ct_outcomes';
COMMENT ON COLUMN @extschema@.ct_result_outcome.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_outcome.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_outcome.outcome IS 'the label';
COMMENT ON COLUMN @extschema@.ct_result_outcome.count IS 'transactions that ended so';
