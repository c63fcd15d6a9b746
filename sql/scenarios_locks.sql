--
-- Bundled scenarios: locks
--
SET client_min_messages = warning;

-- this file's runs
SELECT coalesce(max(run_id), 0) AS before FROM ct_runs \gset
CREATE TEMPORARY VIEW run AS SELECT * FROM ct_runs WHERE run_id > :before;

-- what the runs of a scenario have violated
CREATE FUNCTION violated(of_scenario text, OUT variant text, OUT violated text) RETURNS SETOF record
LANGUAGE sql AS $$
	SELECT r.variant, (SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		FROM ct_checks c WHERE c.run_id = r.run_id AND c.status <> 'pass')
	FROM run r WHERE r.scenario = of_scenario AND r.verdict <> 'pass' ORDER BY r.run_id
$$;

-- what a run came to, with its outcomes
CREATE FUNCTION judged(id bigint, OUT variant text, OUT verdict text, OUT outcomes text)
LANGUAGE sql AS $$
	SELECT r.variant, r.verdict,
		(SELECT string_agg(o.outcome || ' ' || o.count, ', ' ORDER BY o.outcome)
		 FROM ct_outcomes o WHERE o.run_id = id)
	FROM ct_runs r WHERE r.run_id = id
$$;

-- bulk_update_deadlock
SELECT variant, verdict FROM ct_compare('bulk_update_deadlock');
SELECT * FROM violated('bulk_update_deadlock');
SELECT DISTINCT e.sqlstate, e.handling FROM ct_errors e JOIN run r USING (run_id)
WHERE r.scenario = 'bulk_update_deadlock';
SELECT * FROM judged(ct_run('bulk_update_deadlock', 'small_batches',
	params => '{"ranges": 10, "products": 7, "batch": 2, "window_us": 1000}'));

-- upsert_batch_deadlock
SELECT variant, verdict FROM ct_compare('upsert_batch_deadlock');
SELECT * FROM violated('upsert_batch_deadlock');
SELECT * FROM judged(ct_run('upsert_batch_deadlock', 'sorted',
	params => '{"sites": 10, "pages": 5, "window_us": 1000}'));

-- foreign_key_deadlock
SELECT variant, verdict FROM ct_compare('foreign_key_deadlock');
SELECT * FROM violated('foreign_key_deadlock');
SELECT * FROM judged(ct_run('foreign_key_deadlock', 'order_first', params => '{"orders": 4, "clerks": 5}'));

-- cascade_delete
SELECT variant, verdict FROM ct_compare('cascade_delete');
SELECT * FROM violated('cascade_delete');
SELECT bool_and(observed::int = jsonb_array_length(evidence -> 'orphans')) AS evidence
FROM ct_anomalies JOIN run USING (run_id) WHERE scenario = 'cascade_delete' AND check_name = 'no_orphans';
-- without its isolation the fix is none
SELECT verdict FROM judged(ct_run('cascade_delete', 'serializable', isolation => 'read committed'));
SELECT verdict, outcomes LIKE '%deleted 5%' AS deleted FROM judged(ct_run('cascade_delete', 'on_delete_cascade',
	params => '{"projects": 10, "team": 4, "tasks": 0}'));

-- lock_timeout, with less time
SELECT variant, verdict FROM ct_compare('lock_timeout', params => '{"hold_ms": 1000, "timeout_ms": 250}');
SELECT * FROM violated('lock_timeout');
SELECT r.variant, j.outcomes FROM run r, judged(r.run_id) j
WHERE r.scenario = 'lock_timeout' ORDER BY r.run_id;
SELECT bool_and(observed::numeric >= 900 AND expected = '625' AND evidence ->> 'said' = 'taken') AS evidence
FROM ct_anomalies JOIN run USING (run_id) WHERE scenario = 'lock_timeout';
-- nothing to wait for
SELECT * FROM judged(ct_run('lock_timeout', min_overlap => 0, params => '{"hold_ms": 0, "customers": 3}'));

-- distributed_lock
SELECT variant, verdict FROM ct_compare('distributed_lock');
SELECT * FROM violated('distributed_lock');
SELECT bool_and(observed::int < expected::int
	AND evidence ->> 'zombie' <> evidence ->> 'overwritten') AS evidence
FROM ct_anomalies JOIN run USING (run_id)
WHERE scenario = 'distributed_lock' AND check_name = 'no_stale_write';
-- who isn't away for longer than its lease writes rightly
SELECT verdict FROM judged(ct_run('distributed_lock', min_overlap => 0,
	params => '{"ttl_ms": 200, "stall_ms": 0, "reports": 3}'));

-- ddl_lock_queue
SELECT variant, verdict FROM ct_compare('ddl_lock_queue');
SELECT * FROM violated('ddl_lock_queue');
SELECT bool_and(observed::numeric > 400 AND expected = '400') AS evidence
FROM ct_anomalies JOIN run USING (run_id) WHERE scenario = 'ddl_lock_queue';
SELECT * FROM judged(ct_run('ddl_lock_queue', 'lock_timeout',
	params => '{"orders": 10, "reads": 30, "report_ms": 500}'));
-- readers with more patience than the report takes
SELECT * FROM judged(ct_run('ddl_lock_queue', min_overlap => 0,
	params => '{"report_ms": 100, "reads": 40, "patience_ms": 60000}'));

-- migration_under_traffic
SELECT variant, verdict FROM ct_compare('migration_under_traffic');
SELECT * FROM violated('migration_under_traffic');
SELECT DISTINCT e.sqlstate, e.handling FROM ct_errors e JOIN run r USING (run_id)
WHERE r.scenario = 'migration_under_traffic' AND r.variant = 'opposite_order';
SELECT bool_and(observed <> expected AND evidence ->> 'prices' IS NOT NULL) AS evidence FROM ct_anomalies JOIN run USING (run_id)
WHERE scenario = 'migration_under_traffic' AND check_name = 'totals_add_up';

-- each variant says what it is known to come to
SELECT scenario, variant FROM ct_variants JOIN ct_scenarios ON name = scenario
WHERE bundled AND category = 'locks' AND expected_verdict IS NULL;

DROP FUNCTION violated, judged;
DROP VIEW run;
