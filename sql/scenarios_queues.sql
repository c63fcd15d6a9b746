--
-- Bundled scenarios, queues and caches: broken variants fail, the others pass
--
SET client_min_messages = warning;

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- each variant comes to the verdict that it is known for
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('job_queue') c JOIN ct_variants v ON v.scenario = 'job_queue' AND v.variant = c.variant;
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('outbox_gap') c JOIN ct_variants v ON v.scenario = 'outbox_gap' AND v.variant = c.variant;
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('message_order') c JOIN ct_variants v ON v.scenario = 'message_order' AND v.variant = c.variant;
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('claim_released_early') c
JOIN ct_variants v ON v.scenario = 'claim_released_early' AND v.variant = c.variant;
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('cache_consistency') c
JOIN ct_variants v ON v.scenario = 'cache_consistency' AND v.variant = c.variant;
SELECT c.variant, c.verdict, c.verdict = v.expected_verdict AS as_expected
FROM ct_compare('matview_refresh') c
JOIN ct_variants v ON v.scenario = 'matview_refresh' AND v.variant = c.variant;

-- job_queue: what exactly goes wrong, and with what evidence
SELECT ct_run('job_queue') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > 1) AS twice, bool_and(expected = '1') AS expected,
	bool_and(jsonb_array_length(evidence -> 'in_polls') = observed::int) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'no_job_twice';
SELECT ct_run('job_queue', 'for_update') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('job_queue', 'limit_in_subquery') AS id \gset
SELECT check_name, bool_and(observed::int > 3) AS more, bool_and(expected = '3') AS expected
FROM ct_anomalies WHERE run_id = :id AND check_name = 'within_limit' GROUP BY check_name;
SELECT ct_run('job_queue', 'skip_locked', workers => 4) AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('job_queue', 'delete_returning', workers => 4,
	params => '{"jobs": 101, "batch": 2, "window_us": 500}') AS id \gset
SELECT * FROM judged(:id);
SELECT sum(count) FROM ct_outcomes WHERE run_id = :id AND outcome IN ('worked', 'idle');
SELECT ct_run('job_queue', 'skip_locked', transactions => 60) AS id \gset
SELECT * FROM judged(:id);
SELECT sum(count) FROM ct_outcomes WHERE run_id = :id AND outcome IN ('worked', 'idle');
SELECT ct_run('job_queue', 'skip_locked', workers => 1) AS id \gset
SELECT * FROM judged(:id);

-- outbox_gap: the events that are lost were overtaken by others
SELECT ct_run('outbox_gap') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and((evidence ->> 'later_ones_relayed')::int > 0) AS overtaken
FROM ct_anomalies WHERE run_id = :id AND check_name = 'nothing_is_lost';
SELECT ct_run('outbox_gap', 'by_timestamp') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('outbox_gap', 'mark_relayed', workers => 3, params => '{"turns": 30}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id AND outcome = 'written';
-- a transaction that has written holds back who waits for all older ones, and nothing is lost by it
BEGIN;
CREATE TABLE older (id int);
SELECT ct_run('outbox_gap', 'xmin_gate', workers => 3) AS id \gset
COMMIT;
DROP TABLE older;
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

-- message_order: out of order, and the state shows it
SELECT ct_run('message_order') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed <> expected) AS other_order
FROM ct_anomalies WHERE run_id = :id AND check_name = 'in_sequence';
SELECT ct_run('message_order', 'lock_in_same_statement') AS id \gset
SELECT count(*) > 0 AS handled_twice FROM ct_anomalies WHERE run_id = :id AND check_name = 'handled_once';
SELECT ct_run('message_order', 'lowest_per_key',
	params => '{"shipments": 20, "messages": 4, "burst": 2, "window_us": 500}') AS id \gset
SELECT * FROM judged(:id);
SELECT sum(count) FROM ct_outcomes WHERE run_id = :id;

-- claim_released_early: charged twice, or lost
SELECT ct_run('claim_released_early') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and((evidence ->> 'charged')::numeric = (evidence ->> 'due')::numeric * observed::int) AS overcharged
FROM ct_anomalies WHERE run_id = :id AND check_name = 'charged_once';
SELECT ct_run('claim_released_early', 'claim_committed') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected FROM ct_anomalies WHERE run_id = :id AND check_name = 'no_job_lost';
SELECT ct_run('claim_released_early', 'lease_unfenced') AS id \gset
SELECT * FROM judged(:id);
-- without crashes there is nothing to be lost, and without stalls no zombie
SELECT ct_run('claim_released_early', 'claim_committed', params => '{"crash_every": 1000}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('claim_released_early', 'lease_unfenced', params => '{"stall_every": 1000, "lease_us": 5000000}') AS id \gset
SELECT * FROM judged(:id);

-- cache_consistency: what is stored is the price of before
SELECT ct_run('cache_consistency') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed LIKE '% only 10.00' AS observed, expected LIKE '% only 11.00' AS expected
FROM ct_anomalies WHERE run_id = :id AND check_name = 'cache_is_true';
SELECT ct_run('cache_consistency', 'invalidate_first') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('cache_consistency', 'version_check', params => '{"products": 10, "window_us": 3000}') AS id \gset
SELECT * FROM judged(:id);
SELECT sum(count) FILTER (WHERE outcome = 'repriced') AS repriced, sum(count) AS visits
FROM ct_outcomes WHERE run_id = :id;

-- matview_refresh: who waits
SELECT ct_run('matview_refresh', params => '{"turns": 24}') AS id \gset
SELECT * FROM judged(:id);
SELECT check_name, kind, expected FROM ct_anomalies WHERE run_id = :id AND check_name = 'readers_are_served';
SELECT ct_run('matview_refresh', params => '{"turns": 24, "max_wait_ms": 0}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('matview_refresh', 'one_covers_all', params => '{"turns": 24}') AS id \gset
SELECT CASE WHEN outcome = 'served' THEN 'served' ELSE 'refreshed or covered' END AS outcome, sum(count)
FROM ct_outcomes WHERE run_id = :id GROUP BY 1 ORDER BY 1;

-- no run leaves anything behind
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

DROP FUNCTION judged;
