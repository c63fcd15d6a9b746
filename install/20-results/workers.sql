/*
 * Workers of runs.
 */
CREATE TABLE @extschema@.ct_result_worker (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	worker			int NOT NULL,	-- from 1
	pid				int NOT NULL,
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	retries			bigint NOT NULL,
	overlapped		bigint NOT NULL,
	waited			bigint NOT NULL,
	met				bigint NOT NULL,
	all_transactions bigint,		-- warm-up included, as outcomes are counted
	PRIMARY KEY (run_id, worker)
);

/* Of a run under way they are in its shared memory alone. */
CREATE FUNCTION @extschema@._ct_run_workers(run_id bigint, shm_handle bigint,
	OUT worker		int,
	OUT pid			int,
	OUT transactions bigint,
	OUT failed		bigint,
	OUT retries		bigint,
	OUT overlapped	bigint,
	OUT waited		bigint,
	OUT met			bigint,
	OUT all_transactions bigint,
	OUT state		text
) RETURNS SETOF record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_run_workers';

COMMENT ON FUNCTION @extschema@._ct_run_workers IS
'internal: the workers that a run''s shared memory tells of; see ct_workers';

CREATE VIEW @extschema@.ct_workers WITH (security_barrier) AS
	SELECT w.run_id,
		w.worker,
		w.pid,
		w.transactions,
		w.transactions::float8
		/ nullif(pg_catalog.sum(w.transactions) OVER (PARTITION BY w.run_id)::float8, 0::float8) AS share,
		w.failed,
		w.retries,
		w.overlapped,
		w.waited,
		w.met,
		w.all_transactions,
		w.state
	FROM (
		SELECT r.run_id, x.worker, x.pid, x.transactions, x.failed, x.retries, x.overlapped, x.waited, x.met,
			x.all_transactions, NULL::text AS state
		FROM @extschema@.ct_visible_result r
		JOIN @extschema@.ct_result_worker x ON x.run_id = r.run_id
		UNION ALL
		SELECT r.run_id, x.worker, x.pid, x.transactions, x.failed, x.retries, x.overlapped, x.waited, x.met,
			x.all_transactions, x.state
		FROM @extschema@.ct_visible_result r,
			LATERAL @extschema@._ct_run_workers(r.run_id, r.shm_handle) x
		WHERE r.status IN ('starting', 'running')) w
	ORDER BY w.run_id, w.worker;

GRANT SELECT ON @extschema@.ct_workers TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_workers IS 'a row per run and worker, of the measured part like ct_runs, so that fairness can be seen; of a run under way, live';
COMMENT ON COLUMN @extschema@.ct_workers.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.worker IS 'number of the worker, from 1: the worker_id of scripts';
COMMENT ON COLUMN @extschema@.ct_workers.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_workers.transactions IS 'transactions that it completed';
COMMENT ON COLUMN @extschema@.ct_workers.share IS 'its share of what all workers completed, 0 to 1';
COMMENT ON COLUMN @extschema@.ct_workers.failed IS 'transactions that it gave up';
COMMENT ON COLUMN @extschema@.ct_workers.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_workers.overlapped IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.waited IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.met IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.all_transactions IS 'transactions that it completed in the whole run, warm-up included, as outcomes are counted; null of runs recorded before version 1.1';
COMMENT ON COLUMN @extschema@.ct_workers.state IS 'of a run under way: ready (at the gate), working, done (its session stays until the checks were asked), failed or lost; else null';

COMMENT ON TABLE @extschema@.ct_result_worker IS 'workers of runs; read it through ct_workers';
COMMENT ON COLUMN @extschema@.ct_result_worker.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_worker.worker IS 'number of the worker, from 1';
COMMENT ON COLUMN @extschema@.ct_result_worker.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_result_worker.transactions IS 'completed by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.failed IS 'given up by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_result_worker.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_result_worker.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_result_worker.met IS 'evidence, defined at ct_runs.met';
COMMENT ON COLUMN @extschema@.ct_result_worker.all_transactions IS 'completed by it in the whole run';
