/*
 * Checks and thresholds of runs.
 */
CREATE TABLE @extschema@.ct_result_check (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	position		int NOT NULL,
	check_name		text NOT NULL,
	kind			text NOT NULL,	-- what violations are called; threshold
	status			text NOT NULL CHECK (status IN ('pass', 'fail', 'inconclusive')),
	violations		bigint NOT NULL,
	target			text NOT NULL,	-- '0 rows', '< 100' ...
	actual			text NOT NULL,	-- '3 rows', '87.2' ...
	PRIMARY KEY (run_id, position)
);

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

GRANT SELECT ON @extschema@.ct_checks TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_checks IS 'a row per check or threshold of a run, and whether it held';
COMMENT ON COLUMN @extschema@.ct_checks.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_checks."position" IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_checks.check_name IS 'name of the check, or metric of the threshold';
COMMENT ON COLUMN @extschema@.ct_checks.kind IS 'what the check calls its violations; threshold for a threshold';
COMMENT ON COLUMN @extschema@.ct_checks.status IS 'pass, fail, or inconclusive: a threshold against a baseline that there isn''t';
COMMENT ON COLUMN @extschema@.ct_checks.violations IS 'violations that it found: rows that its query returned, or unexpected errors; 1 for a threshold that was missed';
COMMENT ON COLUMN @extschema@.ct_checks.target IS 'what was asked for: 0 rows, or < 100';
COMMENT ON COLUMN @extschema@.ct_checks.actual IS 'what it came to: 3 rows, or 87.2';

COMMENT ON TABLE @extschema@.ct_result_check IS 'checks and thresholds of runs; read it through ct_checks';
COMMENT ON COLUMN @extschema@.ct_result_check.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_check.position IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_result_check.check_name IS 'the check, or the threshold''s metric';
COMMENT ON COLUMN @extschema@.ct_result_check.kind IS 'what the check calls its violations, or threshold';
COMMENT ON COLUMN @extschema@.ct_result_check.status IS 'pass, fail, or inconclusive';
COMMENT ON COLUMN @extschema@.ct_result_check.violations IS 'violations found, >= 0';
COMMENT ON COLUMN @extschema@.ct_result_check.target IS 'what was asked for, as text';
COMMENT ON COLUMN @extschema@.ct_result_check.actual IS 'what it came to, as text';
