--
-- Bundled scenarios: the isolation phenomena, at each level that PostgreSQL has
--
SET client_min_messages = warning;

-- what a run came to, the checks that it did not pass, what was answered
CREATE FUNCTION judged(id bigint, OUT variant text, OUT verdict text, OUT violated text, OUT outcomes text)
LANGUAGE sql AS $$
	SELECT r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass'),
		(SELECT string_agg(o.outcome || ' ' || o.count, ', ' ORDER BY o.outcome)
		 FROM ct_outcomes o WHERE o.run_id = id)
	FROM ct_runs r WHERE r.run_id = id
$$;

-- G0, dirty write
SELECT variant, verdict, retries FROM ct_compare('isolation_dirty_write');
SELECT ct_run('isolation_dirty_write') AS id \gset
SELECT * FROM judged(:id);
SELECT observed, expected, evidence ->> 'name' AS name, evidence ->> 'mixed' AS mixed
FROM ct_anomalies WHERE run_id = :id ORDER BY observed::int LIMIT 2;
SELECT ct_run('isolation_dirty_write', 'repeatable_read', params => '{"rounds": 12}') AS id \gset
SELECT * FROM judged(:id);

-- G1a, aborted read
SELECT variant, verdict FROM ct_compare('isolation_aborted_read');
SELECT ct_run('isolation_aborted_read', params => '{"rounds": 30, "decline_every": 5}') AS id \gset
SELECT * FROM judged(:id);
SELECT observed, expected, evidence ->> 'orders' AS orders, evidence ->> 'seen' AS seen
FROM ct_anomalies WHERE run_id = :id ORDER BY (evidence ->> 'orders')::int;
SELECT ct_run('isolation_aborted_read', 'read_committed', params => '{"rounds": 30, "decline_every": 5}') AS id \gset
SELECT * FROM judged(:id);

-- G1b, intermediate read
SELECT variant, verdict FROM ct_compare('isolation_intermediate_read');
SELECT ct_run('isolation_intermediate_read', params => '{"net": 50, "rise": 10, "tax_percent": 7}') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected FROM ct_anomalies WHERE run_id = :id;
-- without a tax there is no step in between, and one after the other no two transactions overlap
SELECT ct_run('isolation_intermediate_read', params => '{"tax_percent": 0}') AS id \gset
SELECT * FROM judged(:id);

-- G1c, circular information flow: both see the other, neither does, one does
SELECT variant, verdict FROM ct_compare('isolation_circular_information_flow');
SELECT ct_run('isolation_circular_information_flow') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('isolation_circular_information_flow', 'repeatable_read') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('isolation_circular_information_flow', 'serializable', params => '{"rounds": 30}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('isolation_circular_information_flow', 'serializable', isolation => 'repeatable read') AS id \gset
SELECT * FROM judged(:id);

-- OTV, observed transaction vanishes
SELECT variant, verdict, retries FROM ct_compare('isolation_observed_transaction_vanishes');
SELECT ct_run('isolation_observed_transaction_vanishes') AS id \gset
SELECT * FROM judged(:id);
SELECT evidence ->> 'article' AS article, evidence ->> 'title_body_title_body' AS title_body_title_body
FROM ct_anomalies WHERE run_id = :id ORDER BY (evidence ->> 'article')::int LIMIT 2;

-- PMP, predicate-many-preceders
SELECT variant, verdict FROM ct_compare('isolation_predicate_many_preceders');
SELECT ct_run('isolation_predicate_many_preceders', params => '{"rides": 1, "price": 10}') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected, evidence ->> 'rides_added_up' AS added_up, evidence ->> 'rides_listed' AS listed
FROM ct_anomalies WHERE run_id = :id;

-- P4, lost update
SELECT variant, verdict, retries FROM ct_compare('isolation_lost_update');
SELECT ct_run('isolation_lost_update', params => '{"points": 1, "earned": 3}') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected, evidence ->> 'computed_from' AS computed_from
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('isolation_lost_update', 'compare_and_set') AS id \gset
SELECT * FROM judged(:id);

-- G-single, read skew
SELECT variant, verdict FROM ct_compare('isolation_read_skew');
SELECT ct_run('isolation_read_skew', params => '{"balance": 1000, "amount": 1}') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected, evidence ->> 'checking' AS checking, evidence ->> 'savings' AS savings
FROM ct_anomalies WHERE run_id = :id;

-- G2-item, write skew
SELECT variant, verdict FROM ct_compare('isolation_write_skew');
SELECT ct_run('isolation_write_skew', 'repeatable_read') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected, evidence ->> 'withdrawals' AS withdrawals
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('isolation_write_skew', 'serializable', params => '{"rounds": 30}') AS id \gset
SELECT * FROM judged(:id);
-- where both can be paid there is nothing to break
SELECT ct_run('isolation_write_skew', params => '{"amount": 50}') AS id \gset
SELECT * FROM judged(:id);

-- G2, anti-dependency cycle
SELECT variant, verdict FROM ct_compare('isolation_anti_dependency_cycle');
SELECT ct_run('isolation_anti_dependency_cycle', 'lock_rows') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT observed, expected, evidence ->> 'each_saw_spent' AS each_saw_spent
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('isolation_anti_dependency_cycle', 'counter') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('isolation_anti_dependency_cycle', params => '{"amount": 500}') AS id \gset
SELECT * FROM judged(:id);

-- each variant says what is to be expected of it
SELECT scenario, variant FROM ct_variants
WHERE scenario LIKE 'isolation\_%' AND expected_verdict IS NULL;

-- one worker alone races with nobody
SELECT ct_run('isolation_lost_update', workers => 1) AS id \gset
SELECT * FROM judged(:id);

DROP FUNCTION judged;
