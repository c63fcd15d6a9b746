/*
 * Who waited for whom: locks that were waited for in two looks on end, and who held them.
 */
CREATE TABLE @extschema@.ct_result_blocking (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"position"		int NOT NULL,
	script			text NOT NULL,
	step			int,
	locktype		text NOT NULL,
	relation		text,
	mode			text NOT NULL,
	outside			boolean NOT NULL,
	blocker_script	text,
	blocker_step	int,
	blocker_mode	text,
	samples			bigint NOT NULL,
	waited_ms		float8 NOT NULL,
	max_ms			float8 NOT NULL,
	chain			int NOT NULL,
	query			text,
	blocker_query	text,
	PRIMARY KEY (run_id, "position")
);

CREATE VIEW @extschema@.ct_blocking WITH (security_barrier) AS
	SELECT x.run_id,
		x."position",
		x.script,
		x.step,
		x.locktype,
		x.relation,
		x.mode,
		x.outside,
		x.blocker_script,
		x.blocker_step,
		x.blocker_mode,
		x.samples,
		pg_catalog.round(x.waited_ms::numeric, 3)::float8 AS waited_ms,
		pg_catalog.round(x.max_ms::numeric, 3)::float8 AS max_ms,
		x.chain,
		x.query,
		x.blocker_query
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_blocking x ON x.run_id = r.run_id
	ORDER BY x.run_id, x."position";

GRANT SELECT ON @extschema@.ct_blocking TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_blocking IS 'a row per run and pair of statements of which one waited for a lock of the others: how often and how long; the 100 that cost most';
COMMENT ON COLUMN @extschema@.ct_blocking.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_blocking.position IS 'number of the row, the one that cost most first; from 1';
COMMENT ON COLUMN @extschema@.ct_blocking.script IS 'script of those that waited';
COMMENT ON COLUMN @extschema@.ct_blocking.step IS 'its step that waited, from 1; null if unknown';
COMMENT ON COLUMN @extschema@.ct_blocking.locktype IS 'type of the lock, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_blocking.relation IS 'table or index that it is of, or whose row or page, or whose row the transaction that is waited for has changed; null if it is of none, that isn''t known, or it is gone';
COMMENT ON COLUMN @extschema@.ct_blocking.mode IS 'mode that was wanted, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_blocking.outside IS 'the blocker is no session of the run';
COMMENT ON COLUMN @extschema@.ct_blocking.blocker_script IS 'script of who held it; null if it was none';
COMMENT ON COLUMN @extschema@.ct_blocking.blocker_step IS 'step where that was, from 1';
COMMENT ON COLUMN @extschema@.ct_blocking.blocker_mode IS 'mode that it held; null where it only stood before in the queue';
COMMENT ON COLUMN @extschema@.ct_blocking.samples IS 'looks that found it so';
COMMENT ON COLUMN @extschema@.ct_blocking.waited_ms IS 'how long that was in all, of all who waited, ms; by samples';
COMMENT ON COLUMN @extschema@.ct_blocking.max_ms IS 'the longest single wait that was seen, ms';
COMMENT ON COLUMN @extschema@.ct_blocking.chain IS 'most sessions that waited for each other in a row, this wait among them; >= 1';
COMMENT ON COLUMN @extschema@.ct_blocking.query IS 'that statement';
COMMENT ON COLUMN @extschema@.ct_blocking.blocker_query IS 'statement where that was; of a session from outside its kind and process id; lock_hold: the lock that the run itself holds';
COMMENT ON TABLE @extschema@.ct_result_blocking IS 'who waited for whom in runs; read it through ct_blocking';
COMMENT ON COLUMN @extschema@.ct_result_blocking.run_id IS 'number of the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result_blocking.position IS 'number of the row, the one that cost most first; from 1';
COMMENT ON COLUMN @extschema@.ct_result_blocking.script IS 'script of those that waited';
COMMENT ON COLUMN @extschema@.ct_result_blocking.step IS 'its step that waited, from 1; null if unknown';
COMMENT ON COLUMN @extschema@.ct_result_blocking.locktype IS 'type of the lock, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_result_blocking.relation IS 'table or index that it is of, or whose row or page, or whose row the transaction that is waited for has changed; null if it is of none, that isn''t known, or it is gone';
COMMENT ON COLUMN @extschema@.ct_result_blocking.mode IS 'mode that was wanted, as in pg_locks';
COMMENT ON COLUMN @extschema@.ct_result_blocking.outside IS 'the blocker is no session of the run';
COMMENT ON COLUMN @extschema@.ct_result_blocking.blocker_script IS 'script of who held it; null if it was none';
COMMENT ON COLUMN @extschema@.ct_result_blocking.blocker_step IS 'step where that was, from 1';
COMMENT ON COLUMN @extschema@.ct_result_blocking.blocker_mode IS 'mode that it held; null where it only stood before in the queue';
COMMENT ON COLUMN @extschema@.ct_result_blocking.samples IS 'looks that found it so';
COMMENT ON COLUMN @extschema@.ct_result_blocking.waited_ms IS 'how long that was in all, of all who waited, ms; by samples';
COMMENT ON COLUMN @extschema@.ct_result_blocking.max_ms IS 'the longest single wait that was seen, ms';
COMMENT ON COLUMN @extschema@.ct_result_blocking.chain IS 'most sessions that waited for each other in a row, this wait among them; >= 1';
COMMENT ON COLUMN @extschema@.ct_result_blocking.query IS 'that statement';
COMMENT ON COLUMN @extschema@.ct_result_blocking.blocker_query IS 'statement where that was; of a session from outside its kind and process id; lock_hold: the lock that the run itself holds';
