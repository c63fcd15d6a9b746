/*
 * Deadlocks: a row for each who took part.
 */
CREATE TABLE @extschema@.ct_result_deadlock (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	deadlock		int NOT NULL,
	participant		int NOT NULL,
	script			text,
	step			int,
	query			text,
	holds			text,
	locktype		text,
	mode			text,
	waits_for		int,
	victim			boolean NOT NULL,
	at				timestamptz NOT NULL,
	relation		text,
	PRIMARY KEY (run_id, deadlock, participant)
);

CREATE VIEW @extschema@.ct_deadlocks WITH (security_barrier) AS
	SELECT x.run_id,
		x.deadlock,
		x.participant,
		x.script,
		x.step,
		x.query,
		x.holds,
		x.locktype,
		x.mode,
		x.waits_for,
		x.victim,
		x.at,
		x.relation
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_deadlock x ON x.run_id = r.run_id
	ORDER BY x.run_id, x.deadlock, x.participant;

GRANT SELECT ON @extschema@.ct_deadlocks TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_deadlocks IS 'a row per run, deadlock and participant: as many deadlocks as ct_errors counts 40P01, of a run with more than 1000 the first ones, which a warning of the run tells';
COMMENT ON COLUMN @extschema@.ct_deadlocks.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_deadlocks.deadlock IS 'number of the deadlock in the run, from 1';
COMMENT ON COLUMN @extschema@.ct_deadlocks.participant IS 'number of the participant in it, from 1, each waiting for the next one, and the last one for the first';
COMMENT ON COLUMN @extschema@.ct_deadlocks.script IS 'script of the participant; null if it is no session of the run';
COMMENT ON COLUMN @extschema@.ct_deadlocks.step IS 'step of the script that waited, from 1';
COMMENT ON COLUMN @extschema@.ct_deadlocks.query IS 'that statement; of a session from outside its kind and process id; lock_hold: the lock that the run itself holds';
COMMENT ON COLUMN @extschema@.ct_deadlocks.holds IS 'what it held of the lock that the one before waited for: mode and object; null if it only stood before it in the queue';
COMMENT ON COLUMN @extschema@.ct_deadlocks.locktype IS 'type of the lock that it wanted, as in pg_locks; null, as mode and waits_for, of an error 40P01 that was not the server''s, but a function''s';
COMMENT ON COLUMN @extschema@.ct_deadlocks.mode IS 'mode that it wanted, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_deadlocks.waits_for IS 'participant that it waited for';
COMMENT ON COLUMN @extschema@.ct_deadlocks.victim IS 'it was ended by 40P01';
COMMENT ON COLUMN @extschema@.ct_deadlocks.at IS 'when the server found the deadlock';
COMMENT ON COLUMN @extschema@.ct_deadlocks.relation IS 'table or index that the lock is of, or whose row or page, or whose row the transaction that was waited for had changed; null if it is of none, or that isn''t known';
COMMENT ON TABLE @extschema@.ct_result_deadlock IS 'deadlocks of runs; read it through ct_deadlocks';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.deadlock IS 'number of the deadlock in the run, from 1';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.participant IS 'number of the participant in it, from 1, each waiting for the next one, and the last one for the first';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.script IS 'script of the participant; null if it is no session of the run';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.step IS 'step of the script that waited, from 1';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.query IS 'that statement; of a session from outside its kind and process id; lock_hold: the lock that the run itself holds';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.holds IS 'what it held of the lock that the one before waited for: mode and object; null if it only stood before it in the queue';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.locktype IS 'type of the lock that it wanted, as in pg_locks; null, as mode and waits_for, of an error 40P01 that was not the server''s, but a function''s';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.mode IS 'mode that it wanted, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.waits_for IS 'participant that it waited for';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.victim IS 'it was ended by 40P01';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.at IS 'when the server found the deadlock';
COMMENT ON COLUMN @extschema@.ct_result_deadlock.relation IS 'table or index that the lock is of, or whose row or page, or whose row the transaction that was waited for had changed; null if it is of none, or that isn''t known';
