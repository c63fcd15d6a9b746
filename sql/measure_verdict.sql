--
-- What to raise where there was too little contention, and what a report says of orders that were never seen
--
SET client_min_messages = warning;
-- a script that touches nothing meets nobody
CREATE FUNCTION pg_temp.advice(bigint) RETURNS text LANGUAGE sql AS $$SELECT verdict || regexp_replace(reason, '^.*; (?=raise|run)', ': ') FROM ct_runs WHERE run_id = $1$$;
SELECT ct_test('\set x 1', workers => 2, transactions => 1, min_overlap => 1) AS run_id \gset
SELECT pg_temp.advice(:run_id);
SELECT ct_test('\set x 1', workers => 1, transactions => 10, min_overlap => 1) AS run_id \gset
SELECT pg_temp.advice(:run_id);
SELECT ct_test('\set x 1', workers => 2, transactions => 10, min_overlap => 11) AS run_id \gset
SELECT pg_temp.advice(:run_id);
SELECT ct_test('\set x 1', workers => 2, transactions => 10, min_overlap => 10) AS run_id \gset
SELECT pg_temp.advice(:run_id);
SELECT ct_test('\sleep 10 ms', workers => 2, duration => '1 s', min_overlap => 1) AS run_id \gset
SELECT pg_temp.advice(:run_id);

SELECT ct_test('\set x 1', workers => 2, transactions => 2, min_overlap => 0) AS run_id \gset
INSERT INTO ct_result_order SELECT :run_id, 'test', i, 'test', '{1,2,3,4}', '{t,t,t,t}', '{t,t,t,t}' FROM generate_series(1, 4) i;
CREATE FUNCTION pg_temp.orders(bigint, before boolean[], after boolean[]) RETURNS text LANGUAGE sql AS $$
	UPDATE ct_result_order SET before_seen = before, after_seen = after WHERE run_id = $1;
	UPDATE ct_result SET orders_seen = 1 WHERE run_id = $1;
	SELECT substring(regexp_replace(ct_report($1), '\s+', ' ', 'g') FROM 'Both orders of [^.]*\.')
$$;
SELECT pg_temp.orders(:run_id, '{f,f,f,f}', '{f,f,f,f}');
SELECT pg_temp.orders(:run_id, '{f,f,t,t}', '{t,t,t,t}');
SELECT pg_temp.orders(:run_id, '{f,t,t,t}', '{t,t,t,t}');
SELECT pg_temp.orders(:run_id, '{t,t,t,t}', '{t,t,t,t}');
DELETE FROM ct_result WHERE run_id = :run_id;

-- nothing that could be counted
CREATE FUNCTION pg_temp.reason(bigint) RETURNS text LANGUAGE sql AS $$SELECT verdict || ': ' || reason FROM ct_runs WHERE run_id = $1$$;
SELECT ct_test('SELECT pg_sleep(0.3)', workers => 1, duration => '50 ms', min_overlap => 0) AS run_id \gset
SELECT pg_temp.reason(:run_id);
SELECT ct_test('SELECT 1', workers => 1, rate => 10, warmup => '700 ms', duration => '1 ms', min_overlap => 0, seed => 1) AS run_id \gset
SELECT pg_temp.reason(:run_id);
SELECT ct_test('SELECT 1 / 0', workers => 1, transactions => 3, checks => '{failed <= 3}', min_overlap => 0) AS run_id \gset
SELECT pg_temp.reason(:run_id);
