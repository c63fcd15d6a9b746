--
-- Bundled scenarios: uniqueness, ranges and phantoms
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

-- outcomes in one line
CREATE FUNCTION outcomes(id bigint) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(outcome || ' ' || count, ', ' ORDER BY outcome) FROM ct_outcomes WHERE run_id = id
$$;

-- get_or_create
SELECT variant, verdict FROM ct_compare('get_or_create');
SELECT ct_run('get_or_create') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(kind = 'duplicate' AND observed::int > 1 AND expected = '1'
	AND jsonb_array_length(evidence -> 'live_ids') = observed::int) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'one_live_label';
SELECT ct_run('get_or_create', 'unique_over_deleted') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);
SELECT ct_run('get_or_create', 'on_conflict_select', params => '{"labels": 5, "requests": 12, "deleted": 3}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);
-- the constraint over all rows is right where nothing was ever deleted
SELECT ct_run('get_or_create', 'unique_over_deleted', params => '{"deleted": 0}') AS id \gset
SELECT * FROM judged(:id);
-- without its isolation the fix is none
SELECT ct_run('get_or_create', 'serializable', isolation => 'read committed') AS id \gset
SELECT * FROM judged(:id);

-- upsert_race
SELECT variant, verdict FROM ct_compare('upsert_race');
SELECT ct_run('upsert_race') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > expected::int) AS counted_twice
FROM ct_anomalies WHERE run_id = :id AND check_name = 'units_add_up';
SELECT ct_run('upsert_race', 'merge') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('upsert_race', 'merge_unique_index') AS id \gset
SELECT * FROM judged(:id);
SELECT sqlstate, handling FROM ct_errors WHERE run_id = :id;
SELECT ct_run('upsert_race', 'on_conflict', params => '{"products": 3, "sales": 20}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);

-- idempotency_key
SELECT variant, verdict FROM ct_compare('idempotency_key');
SELECT ct_run('idempotency_key') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and((evidence ->> 'charged')::numeric = 25 * observed::int) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'one_charge';
SELECT ct_run('idempotency_key', 'charge_then_store') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('idempotency_key', 'claim_without_wait') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and((evidence ->> 'without_answer')::int > 0) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'same_answer_for_all';
SELECT ct_run('idempotency_key', 'insert_first', params => '{"keys": 4, "requests": 25, "amount": 7}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);
SELECT ct_run('idempotency_key', 'claim_then_poll') AS id \gset
SELECT outcomes(:id);

-- duplicate_invoice
SELECT variant, verdict FROM ct_compare('duplicate_invoice');
SELECT ct_run('duplicate_invoice') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(jsonb_array_length(evidence -> 'instances') = observed::int
	AND (evidence ->> 'billed')::numeric = 49 * observed::int) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'one_invoice';
SELECT ct_run('duplicate_invoice', 'on_conflict') AS id \gset
SELECT outcomes(:id);
SELECT ct_run('duplicate_invoice', 'lock_customer', params => '{"customers": 20, "requests": 6}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);

-- single_active_session
SELECT variant, verdict FROM ct_compare('single_active_session');
SELECT ct_run('single_active_session') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(jsonb_array_length(evidence -> 'sessions') = observed::int) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'one_active_session';
SELECT ct_run('single_active_session', 'on_conflict_takeover', params => '{"users": 5, "logins": 12}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);

-- gapless_invoice_numbers
SELECT variant, verdict FROM ct_compare('gapless_invoice_numbers');
SELECT ct_run('gapless_invoice_numbers') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('gapless_invoice_numbers', 'sequence') AS id \gset
SELECT * FROM judged(:id);
SELECT jsonb_array_length(evidence -> 'first_missing') AS first_missing
FROM ct_anomalies WHERE run_id = :id;
-- no rollback, no gap
SELECT ct_run('gapless_invoice_numbers', 'sequence', params => '{"decline_every": 0}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);
SELECT ct_run('gapless_invoice_numbers', 'counter_row_late', params => '{"invoices": 60, "decline_every": 2}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);

-- booking_overlap
SELECT variant, verdict FROM ct_compare('booking_overlap');
SELECT ct_run('booking_overlap') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(kind = 'overlap' AND NOT isempty((evidence ->> 'booked_twice')::tstzrange)) AS evidence
FROM ct_anomalies WHERE run_id = :id AND check_name = 'no_overlap';
SELECT ct_run('booking_overlap', 'repeatable_read') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('booking_overlap', 'exclusion', params => '{"rooms": 2, "days": 3}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);
-- who doesn't overlap isn't refused
SELECT ct_run('booking_overlap', 'slot_rows', params => '{"minutes": 10, "step": 10}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcomes(:id);

-- phantom_guard
SELECT variant, verdict FROM ct_compare('phantom_guard');
SELECT ct_run('phantom_guard') AS id \gset
SELECT * FROM judged(:id);
SELECT DISTINCT kind FROM ct_anomalies WHERE run_id = :id ORDER BY kind;
SELECT ct_run('phantom_guard', 'repeatable_read', isolation => 'read committed') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('phantom_guard', 'one_statement', params => '{"merchants": 1, "actions": 240}') AS id \gset
SELECT * FROM judged(:id);
SELECT transactions FROM ct_runs WHERE run_id = :id;

-- each of their variants says what it is expected to come to
SELECT scenario, variant FROM ct_variants
WHERE expected_verdict IS NULL AND scenario IN ('get_or_create', 'upsert_race', 'idempotency_key',
	'duplicate_invoice', 'single_active_session', 'gapless_invoice_numbers', 'booking_overlap', 'phantom_guard');

DROP FUNCTION judged;
DROP FUNCTION outcomes;
