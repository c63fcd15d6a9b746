--
-- Bundled scenarios: races on rows
--
SET client_min_messages = warning;

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT scenario text, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.scenario, r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- every variant says what it is known to come to, the broken one first
SELECT scenario, string_agg(variant, ', ' ORDER BY position) FILTER (WHERE expected_verdict = 'fail') AS fail,
	count(*) FILTER (WHERE expected_verdict = 'pass') AS pass,
	count(*) FILTER (WHERE expected_verdict IS NULL) AS unknown
FROM ct_variants
WHERE scenario IN ('overbook_slots', 'inventory_depletion', 'account_transfers', 'quota_skew', 'hot_counter',
	'reserve_then_confirm')
GROUP BY scenario ORDER BY scenario;

--
-- overbook_slots
--
SELECT variant, verdict FROM ct_compare('overbook_slots');
SELECT ct_run('overbook_slots') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > 5) AS overbooked, bool_and(expected = '5') AS expected,
	bool_and(evidence -> 'first_without_place' ->> 0 LIKE '%@example.com') AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'no_overbooking';
-- 5 + 4 + 3 + 2 + 1 places were free
SELECT ct_run('overbook_slots', 'counter_check') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('overbook_slots', 'lock_slot', params => '{"slots": 2, "capacity": 20, "users": 80, "window_us": 100}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- without the lock's promise the code is the first one's
SELECT ct_run('overbook_slots', 'serializable', isolation => 'read committed') AS id \gset
SELECT * FROM judged(:id);

--
-- inventory_depletion: of sixty tries, fifty succeed and ten hear "depleted"
--
SELECT variant, verdict FROM ct_compare('inventory_depletion');
SELECT ct_run('inventory_depletion') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('inventory_depletion', 'check_then_decrement') AS id \gset
SELECT * FROM judged(:id);
SELECT observed::int > 50 AS oversold, expected, evidence ->> 'sku' AS sku,
	jsonb_array_length(evidence -> 'first_orders_without_console') > 0 AS evidence
FROM ct_anomalies WHERE run_id = :id;
CREATE TEMP TABLE run (id bigint);
INSERT INTO run SELECT run_id FROM ct_compare('inventory_depletion');
SELECT r.variant, o.outcome, o.count
FROM run JOIN ct_runs r ON r.run_id = run.id JOIN ct_outcomes o USING (run_id)
WHERE r.verdict = 'pass' ORDER BY r.run_id, o.outcome DESC;
SELECT ct_run('inventory_depletion', 'atomic', params => '{"orders": 100, "stock": 20, "spare": 0}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome DESC;

--
-- account_transfers
--
SELECT variant, verdict FROM ct_compare('account_transfers');
SELECT ct_run('account_transfers') AS id \gset
SELECT violated LIKE 'money_is_conserved, books_agree%' AS violated FROM judged(:id);
SELECT observed::numeric <> expected::numeric AS differs, expected FROM ct_anomalies
WHERE run_id = :id AND check_name = 'money_is_conserved';
SELECT sum(count) AS answered FROM ct_outcomes WHERE run_id = :id;
-- who has enough isn't refused
SELECT ct_run('account_transfers', 'ledger', params => '{"opening": 20000, "accounts": 3, "fee": 0}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id;
SELECT ct_run('account_transfers', 'atomic', params => '{"opening": 10, "max_amount": 1, "fee": 100}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id;
SELECT ct_run('account_transfers', 'serializable', isolation => 'read committed') AS id \gset
SELECT verdict, violated LIKE 'money_is_conserved%' AS violated FROM judged(:id);

--
-- quota_skew
--
SELECT variant, verdict FROM ct_compare('quota_skew');
SELECT ct_run('quota_skew') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > 100) AS exceeded, bool_and(expected = '100') AS expected,
	bool_and(jsonb_array_length(evidence -> 'members') > 2) AS evidence
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('quota_skew', 'trigger_sums') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('quota_skew', 'trigger_total') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('quota_skew', 'lock_project',
	params => '{"projects": 4, "members": 10, "quota": 70, "request": 10}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- the lock in a trigger needs the newer snapshot, too
SELECT ct_run('quota_skew', 'trigger_locks', isolation => 'repeatable read') AS id \gset
SELECT * FROM judged(:id);

--
-- hot_counter
--
SELECT variant, verdict FROM ct_compare('hot_counter');
SELECT ct_run('hot_counter') AS id \gset
SELECT * FROM judged(:id);
SELECT observed::int < 200 AS too_few, expected, observed::int + (evidence ->> 'lost')::int AS with_the_lost
FROM ct_anomalies WHERE run_id = :id AND check_name = 'every_view_counts';
SELECT ct_run('hot_counter', 'append_and_fold',
	params => '{"views": 300, "start": 1000000, "fold_every": 10, "read_every": 1, "work_us": 100}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, CASE outcome WHEN 'counted' THEN count END AS count FROM ct_outcomes
WHERE run_id = :id ORDER BY outcome;
-- a row that is locked while the request works: no more than one of them at a time
SELECT ct_run('hot_counter', 'single_row', params => '{"views": 100, "work_us": 3000}') AS id \gset
SELECT duration >= 0.3 AS convoy FROM ct_runs WHERE run_id = :id;
-- more workers than slots
SELECT ct_run('hot_counter', 'free_slot', params => '{"slots": 2}') AS id \gset
SELECT verdict, retries > 0 AS retried FROM ct_runs WHERE run_id = :id;

--
-- reserve_then_confirm
--
SELECT variant, verdict FROM ct_compare('reserve_then_confirm');
SELECT ct_run('reserve_then_confirm') AS id \gset
SELECT * FROM judged(:id);
SELECT check_name, kind, bool_and(observed <> expected) AS differ,
	bool_and(check_name <> 'no_double_sale' OR jsonb_array_length(evidence -> 'customers') = 2) AS evidence
FROM ct_anomalies WHERE run_id = :id GROUP BY check_name, kind ORDER BY check_name;
-- whatever happens, a seat is sold once, and each customer gets an answer
SELECT ct_run('reserve_then_confirm', 'conditional_update', params => '{"seats": 8}') AS id \gset
SELECT sum(count) AS answered, coalesce(sum(count) FILTER (WHERE outcome = 'confirmed'), 0) <= 8 AS sold_once
FROM ct_outcomes WHERE run_id = :id;
-- who pays before the hold expires is confirmed, by the broken code, too
SELECT ct_run('reserve_then_confirm', min_overlap => 2,
	params => '{"seats": 8, "hold_us": 200000, "payment_us": 1000}') AS id \gset
SELECT * FROM judged(:id);

-- no run leaves anything behind
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

DROP TABLE run;
DROP FUNCTION judged;
