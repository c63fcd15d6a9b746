--
-- Bundled scenarios of the category "throughput": broken variants fail, the others pass
--
SET client_min_messages = warning;

SELECT coalesce(max(run_id), 0) AS before FROM ct_runs \gset

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT scenario text, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.scenario, r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- bulk_operations
SELECT variant, verdict FROM ct_compare('bulk_operations');
SELECT ct_run('bulk_operations') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT evidence ->> 'raised' AS raised, evidence ->> 'expected' IS NOT NULL AS expected
FROM ct_anomalies WHERE run_id = :id AND check_name = 'raised_once'
	AND evidence ->> 'raised' = 'more than once';
SELECT ct_run('bulk_operations', 'offset') AS id \gset
SELECT bool_or(evidence ->> 'raised' = 'never') AS some_never
FROM ct_anomalies WHERE run_id = :id AND check_name = 'raised_once';
-- one job alone can't take what another one has taken
SELECT ct_run('bulk_operations', 'next_rows', workers => 1) AS id \gset
SELECT * FROM judged(:id);
-- what jobs say they did, of another size
SELECT ct_run('bulk_operations', 'skip_locked',
	params => '{"inserts": 130, "updates": 70, "deletes": 10, "batch": 20, "window_us": 500}') AS id \gset
SELECT verdict, transactions FROM ct_runs WHERE run_id = :id;
SELECT tally, value FROM ct_tallies WHERE run_id = :id ORDER BY tally;
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- write_heavy
SELECT variant, verdict FROM ct_compare('write_heavy');
SELECT ct_run('write_heavy', params => '{"stations": 1}') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int < 100) AS less, bool_and(expected = '100') AS expected
FROM ct_anomalies WHERE run_id = :id AND check_name = 'batches_seen_whole';
SELECT ct_run('write_heavy', 'unnest', params => '{"batches": 30, "rows": 7}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- complex_query
SELECT variant, verdict FROM ct_compare('complex_query');
SELECT ct_run('complex_query') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT kind, evidence ->> 'reader' AS reader, observed, expected
FROM ct_anomalies WHERE run_id = :id AND check_name = 'nothing_leaks';
-- the isolation level is the fix
SELECT ct_run('complex_query', 'repeatable_read', isolation => 'read committed') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('complex_query', 'one_join', params => '{"documents": 1, "reads": 40, "window_us": 500}') AS id \gset
SELECT verdict FROM ct_runs WHERE run_id = :id;
SELECT sum(count) FILTER (WHERE outcome IN ('shown', 'denied')) AS reads,
	sum(count) FILTER (WHERE outcome = 'edited') AS edits
FROM ct_outcomes WHERE run_id = :id;

-- full_text_search
SELECT variant, verdict FROM ct_compare('full_text_search');
SELECT ct_run('full_text_search') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('full_text_search', 'generated_column', params => '{"articles": 50, "hot": 3, "edits": 20}') AS id \gset
SELECT verdict FROM ct_runs WHERE run_id = :id;
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- append_log
SELECT variant, verdict FROM ct_compare('append_log');
SELECT ct_run('append_log') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT kind, observed, expected, jsonb_array_length(evidence -> 'appended_by') AS appended_by
FROM ct_anomalies WHERE run_id = :id AND check_name = 'positions_are_unique' AND observed = '2';
SELECT ct_run('append_log', 'identity') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('append_log', 'counter_row', params => '{"streams": 1, "rounds": 10}') AS id \gset
SELECT verdict FROM ct_runs WHERE run_id = :id;
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- large_result
SELECT variant, verdict FROM ct_compare('large_result');
SELECT ct_run('large_result') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('large_result', 'all_at_once') AS id \gset
SELECT * FROM judged(:id);
-- the bounds on memory can be missed
SELECT ct_run('large_result', 'cursor', params => '{"rows": 2000, "held_kb": 1, "backend_kb": -1}') AS id \gset
SELECT * FROM judged(:id);
-- a role that may not look at the server's memory
CREATE ROLE regress_ct_exporter LOGIN;
DO $$
BEGIN
	EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_ct_exporter', current_database());
END
$$;
GRANT EXECUTE ON FUNCTION ct_run TO regress_ct_exporter;
SET ROLE regress_ct_exporter;
SELECT ct_run('large_result', 'keyset', params => '{"rows": 1000, "batch": 10, "exports": 10}') AS id \gset
SELECT verdict FROM ct_runs WHERE run_id = :id;
SELECT tally, value FROM ct_tallies WHERE run_id = :id AND tally = 'backend_kb';
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION ct_run FROM regress_ct_exporter;
DO $$
BEGIN
	EXECUTE format('REVOKE CREATE ON DATABASE %I FROM regress_ct_exporter', current_database());
END
$$;
DROP ROLE regress_ct_exporter;

-- horizontal_instances
SELECT variant, verdict FROM ct_compare('horizontal_instances');
SELECT ct_run('horizontal_instances') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_or(jsonb_array_length(evidence -> 'executed_by') > 1) AS by_several
FROM ct_anomalies WHERE run_id = :id AND check_name = 'each_request_once';
SELECT ct_run('horizontal_instances', 'prefetch') AS id \gset
SELECT * FROM judged(:id);
SELECT evidence ->> 'host' AS host, expected FROM ct_anomalies WHERE run_id = :id ORDER BY 1;
SELECT ct_run('horizontal_instances', 'skip_locked') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id;
SELECT ct_run('horizontal_instances', 'fair_share',
	params => '{"instances": 3, "requests_each": 70, "batch": 7}') AS id \gset
SELECT verdict, transactions FROM ct_runs WHERE run_id = :id;
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- every variant came to what it is known for
SELECT r.scenario, r.variant, v.expected_verdict, r.verdict
FROM ct_runs r JOIN ct_variants v USING (scenario, variant) JOIN ct_scenarios s ON s.name = r.scenario
WHERE r.run_id > :before AND r.params = s.params AND r.isolation = v.isolation AND r.workers > 1
	AND r.verdict IS DISTINCT FROM v.expected_verdict;

-- no run leaves anything behind
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

DROP FUNCTION judged;
