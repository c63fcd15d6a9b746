/*
 * Errors that scripts raised, by what became of the transaction.
 */
CREATE TABLE @extschema@.ct_result_error (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	sqlstate		text NOT NULL,
	condition_name	text NOT NULL,
	handling		text NOT NULL CHECK (handling IN ('retried', 'gave_up', 'expected', 'failed')),
	count			bigint NOT NULL,
	first_message	text NOT NULL,
	step			int,			-- what raised the first one: the command's number from 1
	line			int,			-- ... its line in the script; both NULL at the script's end
	first_seen		timestamptz NOT NULL,
	statement		text,			-- ... its text
	detail			text,			-- what it said besides the message
	hint			text,
	context			text,
	PRIMARY KEY (run_id, script, sqlstate, handling)
);

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
		e.statement,
		e.detail,
		e.hint,
		e.context
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_error e ON e.run_id = r.run_id
	ORDER BY e.run_id, e.script, e.count DESC, e.sqlstate, e.handling;

GRANT SELECT ON @extschema@.ct_errors TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_errors IS 'a row per run, script, SQLSTATE and what became of the transaction, warm-up included';
COMMENT ON COLUMN @extschema@.ct_errors.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_errors.script IS 'script that it happened in';
COMMENT ON COLUMN @extschema@.ct_errors.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN @extschema@.ct_errors.condition_name IS 'name of that condition, as serialization_failure';
COMMENT ON COLUMN @extschema@.ct_errors.handling IS 'retried, gave_up (that would have been retried, but it was the last try), expected (counted as an outcome), or failed';
COMMENT ON COLUMN @extschema@.ct_errors.count IS 'how often it was raised';
COMMENT ON COLUMN @extschema@.ct_errors.first_message IS 'message of the first of them, in full up to some 64 kB of all that it says, then cut, with a mark; of the first whose texts found room on their way to the leader';
COMMENT ON COLUMN @extschema@.ct_errors.step IS 'what raised the first of them: number of the script''s command, from 1, as in ct_latencies; null where the script''s end did';
COMMENT ON COLUMN @extschema@.ct_errors.line IS 'line of the script on which that command begins, from 1';
COMMENT ON COLUMN @extschema@.ct_errors.first_seen IS 'when the first of them was raised';
COMMENT ON COLUMN @extschema@.ct_errors.statement IS 'text of that command';
COMMENT ON COLUMN @extschema@.ct_errors.detail IS 'detail of the error whose message is shown; null if it has none';
COMMENT ON COLUMN @extschema@.ct_errors.hint IS 'its hint; null if it has none';
COMMENT ON COLUMN @extschema@.ct_errors.context IS 'its context: the functions and statements that it was raised in, innermost first; null if it has none';

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
COMMENT ON COLUMN @extschema@.ct_result_error.detail IS 'detail of the first';
COMMENT ON COLUMN @extschema@.ct_result_error.hint IS 'hint of the first';
COMMENT ON COLUMN @extschema@.ct_result_error.context IS 'context of the first';
