/*
 * What the sessions of a run waited for, sampled by its leader.
 */
CREATE TABLE @extschema@.ct_result_wait (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	wait_event_type	text NOT NULL,
	wait_event		text NOT NULL,
	samples			bigint NOT NULL,
	PRIMARY KEY (run_id, script, wait_event_type, wait_event)
);

CREATE VIEW @extschema@.ct_waits WITH (security_barrier) AS
	SELECT x.run_id,
		x.script,
		x.wait_event_type,
		x.wait_event,
		x.samples,
		x.samples::float8 / (pg_catalog.sum(x.samples) OVER (PARTITION BY x.run_id, x.script))::float8 AS share
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_wait x ON x.run_id = r.run_id
	ORDER BY x.run_id, x.script, x.samples DESC, x.wait_event_type, x.wait_event;

GRANT SELECT ON @extschema@.ct_waits TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_waits IS 'a row per run, script and wait event: what the scripts sessions waited for, by samples';
COMMENT ON COLUMN @extschema@.ct_waits.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_waits.script IS 'script that the session was at';
COMMENT ON COLUMN @extschema@.ct_waits.wait_event_type IS 'as in pg_stat_activity; CPU: it waited for nothing; ct_ext: for what the tool has it wait for, which is no cost of the script''s';
COMMENT ON COLUMN @extschema@.ct_waits.wait_event IS 'as in pg_stat_activity; CPU where there is none; of ct_ext: gate, barrier, pause (\sleep, a backoff), due (its turn, by its schedule or think time)';
COMMENT ON COLUMN @extschema@.ct_waits.samples IS 'looks at a session that found it so; one each ct_ext.sample_interval';
COMMENT ON COLUMN @extschema@.ct_waits.share IS 'samples of all samples of the script, 0 to 1';
COMMENT ON TABLE @extschema@.ct_result_wait IS 'waits of runs; read it through ct_waits';
COMMENT ON COLUMN @extschema@.ct_result_wait.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_wait.script IS 'script that the session was at';
COMMENT ON COLUMN @extschema@.ct_result_wait.wait_event_type IS 'as in pg_stat_activity; CPU: it waited for nothing; ct_ext: for what the tool has it wait for, which is no cost of the script''s';
COMMENT ON COLUMN @extschema@.ct_result_wait.wait_event IS 'as in pg_stat_activity; CPU where there is none; of ct_ext: gate, barrier, pause (\sleep, a backoff), due (its turn, by its schedule or think time)';
COMMENT ON COLUMN @extschema@.ct_result_wait.samples IS 'looks at a session that found it so; one each ct_ext.sample_interval';
