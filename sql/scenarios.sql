--
-- Bundled scenarios: broken variants fail, the others pass
--
SET client_min_messages = warning;

-- what there is; nobody changes it
SELECT category, name FROM ct_scenarios WHERE bundled ORDER BY category, name;
SELECT ct_add_script('oversell_tickets', 'more', 'SELECT 1');
SELECT ct_drop_scenario('oversell_tickets');

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT scenario text, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.scenario, r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- each variant once
SELECT variant, verdict FROM ct_compare('counter_increment');
SELECT variant, verdict FROM ct_compare('double_spending');
SELECT variant, verdict FROM ct_compare('lock_order_deadlock', transactions => 12, min_overlap => 4, params => '{"window_us": 30000}');
SELECT variant, verdict FROM ct_compare('optimistic_update');
SELECT variant, verdict FROM ct_compare('oversell_tickets');
SELECT variant, verdict FROM ct_compare('unique_slug');
SELECT variant, verdict FROM ct_compare('write_skew');

-- what exactly the broken ones violate
SELECT ct_run('counter_increment') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('double_spending') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('lock_order_deadlock', transactions => 6, min_overlap => 1, params => '{"window_us": 200000}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('optimistic_update') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('oversell_tickets') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > 10) AS oversold, bool_and(expected = '10') AS expected,
	bool_and(evidence ->> 'title' = 'The Serializables, live') AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'no_oversell';
SELECT ct_run('unique_slug') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('write_skew') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('write_skew', 'repeatable_read') AS id \gset
SELECT * FROM judged(:id);

-- the isolation level is the call's to choose: the same code, another promise
SELECT ct_run('oversell_tickets', 'naive', isolation => 'serializable', max_tries => 100) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('write_skew', 'serializable', isolation => 'read committed') AS id \gset
SELECT * FROM judged(:id);

-- what was answered adds up to what was asked for
SELECT ct_run('oversell_tickets', 'atomic') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('double_spending', 'for_update') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('optimistic_update', 'version_in_where') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('unique_slug', 'unique_index') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('lock_order_deadlock', 'ordered') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- parameters bite
SELECT ct_run('oversell_tickets', 'atomic',
	params => '{"buyers": 300, "capacity": 40, "window_us": 500}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('oversell_tickets', params => '{"capacity": 0}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('double_spending', 'atomic', params => '{"cards": 10, "requests": 10, "amount": 30}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('write_skew', 'lock_row', params => '{"doctors": 5}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('oversell_tickets', params => '{"tickets": 10}');
SELECT ct_run('oversell_tickets', params => '{"buyers": 0}');
SELECT ct_run('oversell_tickets', 'atomic', params => '{"buyers": 300}', transactions => 50) AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- so do thresholds: the call's instead of the scenario's on the same side, and beside the others
SELECT ct_run('lock_order_deadlock', transactions => 6, min_overlap => 1, params => '{"window_us": 200000}',
	thresholds => '{deadlocks = 0, transactions >= 7}') AS id \gset
SELECT check_name, status, target FROM ct_checks WHERE run_id = :id AND kind = 'threshold' ORDER BY position;
SELECT ct_create_scenario('regress_slow', workers => 2, transactions => 40);
SELECT ct_add_script('regress_slow', 'sleep', '\sleep 2 ms');
SELECT ct_add_slo('regress_slow', 'p95_ms', '<', 1);
SELECT ct_add_slo('regress_slow', 'p95_ms', '>', 0.5);
SELECT ct_run('regress_slow', min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('regress_slow', min_overlap => 0, thresholds => '{p95_ms <= 60000}') AS id \gset
SELECT * FROM judged(:id);
SELECT check_name, status, target FROM ct_checks WHERE run_id = :id AND kind = 'threshold' ORDER BY position;
SELECT ct_run('regress_slow', min_overlap => 0, thresholds => '{tps > 1000000, tps > 0, p95_ms < 60000}') AS id \gset
SELECT check_name, status, target FROM ct_checks WHERE run_id = :id AND kind = 'threshold' ORDER BY position;
SELECT variant, verdict FROM ct_compare('regress_slow', min_overlap => 0, thresholds => '{p95_ms <= 60000}');
SELECT ct_drop_scenario('regress_slow');

-- nobody to race with: no verdict, but the checks are asked
SELECT ct_run('oversell_tickets', workers => 1) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('write_skew', 'serializable', workers => 1) AS id \gset
SELECT * FROM judged(:id);
SELECT (SELECT count(*) FROM ct_checks WHERE run_id = :id AND status = 'pass') AS checks_held;

-- for a time instead of a number of transactions
SELECT variant, verdict FROM ct_compare('unique_slug', duration => '1 s');

-- the same scenario twice at once, each in a schema of its own
SELECT ct_start('oversell_tickets', 'for_update', workers => 2,
	params => '{"window_us": 15000}') AS first \gset
SELECT ct_start('oversell_tickets', 'for_update', workers => 2,
	params => '{"window_us": 15000, "capacity": 20}') AS second \gset
SELECT ct_wait(:first), ct_wait(:second);
SELECT r.variant, r.verdict, o.outcome, o.count
FROM ct_runs r JOIN ct_outcomes o USING (run_id)
WHERE run_id IN (:first, :second) ORDER BY run_id, outcome;
SELECT a.started_at < b.finished_at AND b.started_at < a.finished_at AS at_once
FROM ct_runs a, ct_runs b WHERE a.run_id = :first AND b.run_id = :second;

-- no run leaves anything behind
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

DROP FUNCTION judged;
