/*
 * Anomalies: what checks found, of each the first few.
 */
CREATE TABLE @extschema@.ct_result_anomaly (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	position		int NOT NULL,
	check_name		text NOT NULL,
	kind			text NOT NULL,
	first_seen		timestamptz NOT NULL,
	observed		text,
	expected		text,
	evidence		jsonb,
	PRIMARY KEY (run_id, position)
);

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

GRANT SELECT ON @extschema@.ct_anomalies TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_anomalies IS 'a row per anomaly: the first 10 violations of each check, and each missed threshold and kind of unexpected error, with the row that proves it';
COMMENT ON COLUMN @extschema@.ct_anomalies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_anomalies.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_anomalies.kind IS 'what the check calls its violations, as lost_update; invariant unless named';
COMMENT ON COLUMN @extschema@.ct_anomalies.first_seen IS 'when the check found it first';
COMMENT ON COLUMN @extschema@.ct_anomalies.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_anomalies.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_anomalies.evidence IS 'the offending row that the check returned; if it has more than 16 kB, its columns as texts, each cut after 1000 bytes; null where the run has more than 1 MB of evidence';

COMMENT ON TABLE @extschema@.ct_result_anomaly IS 'anomalies of runs; read it through ct_anomalies';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.position IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.kind IS 'what the check calls its violations';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.first_seen IS 'when it was found first';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.evidence IS 'the offending row';
