-- faults while loading: sessions that are terminated, a lock that is held
SET client_min_messages = warning;

-- what can't be
SELECT ct_test('SELECT 1', kill_rate => 0);
SELECT ct_test('SELECT 1', kill_rate => 1e6);
SELECT ct_test('SELECT 1', lock_hold => '[]');
SELECT ct_test('SELECT 1', lock_hold => '{}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": "x", "mode": "shared"}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": "x", "mod": "share"}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": "x", "duration": "2 s", "every": "1 s"}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": 1}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": "a.b.c.d"}');
SELECT ct_test('SELECT 1', lock_hold => '{"table": "a..b"}');
CALL ct_execute('oversell_tickets', lock_hold => '{"table": "a.b.c"}');
SELECT ct_test('SELECT 1', duration => '1 s', lock_hold => '{"table": "x", "after": "1 s"}');
SELECT ct_test('SELECT 1', setup => 'CREATE TABLE y ()', workers => 2, duration => '10 s', lock_hold => '{"table": "x", "after": "0"}');

-- sessions are terminated: what is under way is lost whole, is counted, and is no anomaly
CREATE TABLE account (id int PRIMARY KEY, n int);
INSERT INTO account SELECT i, 0 FROM generate_series(1, 10) i;
CREATE TABLE booked (id int);
CREATE TABLE login (client int);
SELECT ct_test($$
\set id random(1, 10)
BEGIN;
UPDATE public.account SET n = n + 1 WHERE id = :id;
\sleep 5 ms
INSERT INTO public.booked VALUES (:id);
COMMIT;
\outcome booked
$$, workers => 3, clients => 6, duration => '60 s', timeout => '2 s', kill_rate => 60, min_overlap => 0, on_start => 'INSERT INTO public.login VALUES (:client_id)',
	checks => '{"SELECT FROM (SELECT sum(n) AS a, (SELECT count(*) FROM public.booked) AS b FROM public.account) x WHERE a <> b",
		"SELECT count(*) FROM public.booked HAVING count(*) < :outcome_booked", "SELECT WHERE :outcome_killed = 0"}') AS id \gset
SELECT verdict, failed, kills > 0 AS kills, reason ~ '; \d+ sessions? w\w+ terminated, \d+ transactions? with' AS told FROM ct_runs WHERE run_id = :id;
SELECT DISTINCT sqlstate, handling, first_message FROM ct_errors WHERE run_id = :id;
-- the outcome says as many as the errors do, and each session's clients began anew
SELECT o.count = (SELECT sum(count) FROM ct_errors e WHERE e.run_id = o.run_id AND script = 'test') AS as_many FROM ct_outcomes o WHERE run_id = :id AND outcome = 'killed';
SELECT count(*) > 6 AS again FROM login;

-- nothing of a session outlives it, and nothing that a script waits for keeps it
SELECT ct_test($$
SELECT pg_advisory_xact_lock(1) WHERE :client_id < 0;
CREATE TEMPORARY TABLE mine (i int);
SET ct_regress.mine = 'set';
PREPARE mine AS SELECT 1;
SELECT pg_advisory_lock(4711 + :client_id);
SELECT pg_sleep(60);
$$, workers => 2, duration => '60 s', timeout => '1 s', kill_rate => 20, min_overlap => 0) AS id \gset
SELECT kills > 0 AS kills, finished_at - gate_at < '30 s' AS soon FROM ct_runs WHERE run_id = :id;
SELECT sqlstate, handling FROM ct_errors WHERE run_id = :id;

-- as often as can be
SET ct_ext.stop_timeout = '200 ms';
SELECT ct_test('SELECT 1', workers => 3, duration => '500 ms', kill_rate => 10000, min_overlap => 0) AS id \gset
SELECT status, failed, kills > 2 AS kills FROM ct_runs WHERE run_id = :id;
SELECT ct_test(E'SELECT 1;\n\\sleep 20 ms\nSELECT 2', workers => 2, clients => 10, duration => '500 ms', kill_rate => 200, min_overlap => 0) AS id \gset
SELECT status, failed, kills > 0 AS kills FROM ct_runs WHERE run_id = :id;
SELECT ct_test(E'BEGIN;\n\\barrier a\nSELECT 1;\n\\barrier b\nCOMMIT', workers => 3, duration => '500 ms', kill_rate => 50, min_overlap => 0) AS id \gset
SELECT status, failed, kills > 0 AS kills FROM ct_runs WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 2, duration => '500 ms', kill_rate => 100, min_overlap => 0, on_start => 'SELECT pg_sleep(0.05)') AS id \gset
SELECT status, failed, kills > 0 AS kills FROM ct_runs WHERE run_id = :id;
RESET ct_ext.stop_timeout;

-- one that the scenario expects itself has its label
SELECT ct_test('SELECT pg_sleep(0.01)', workers => 2, duration => '60 s', timeout => '1 s', kill_rate => 50, min_overlap => 0, expected_errors => '{57P01=lost}') AS id \gset
SELECT DISTINCT outcome FROM ct_outcomes WHERE run_id = :id;

-- a lock is held: others wait for it as long, and it is gone with the run
SELECT ct_test('UPDATE account SET n = n + 1 WHERE id = 1', workers => 2, duration => '2 s', min_overlap => 0,
	lock_hold => '{"table": "public.account", "duration": "600 ms", "every": "700 ms", "after": "100 ms"}', checks => '{max_ms > 500}') AS id \gset
SELECT verdict, reason ~ '; a lock on public.account was held [123] times?$' AS told FROM ct_runs WHERE run_id = :id;
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation = 'account'::regclass AND pid <> pg_backend_pid() AND backend_type !~ 'autovacuum';
-- in a mode that lets readers pass
SELECT ct_test('SELECT n FROM public.account WHERE id = 1', workers => 2, duration => '500 ms', min_overlap => 0,
	lock_hold => '{"table": "public.account", "mode": "SHARE_ROW_EXCLUSIVE", "duration": "200 ms", "every": "300 ms", "after": "0"}') AS id \gset
SELECT verdict, (SELECT count(*) FROM ct_latencies l WHERE l.run_id = :id AND kind = 'lock_wait') AS waited FROM ct_runs WHERE run_id = :id;
-- for the first time after "every", or in the middle of a run that is shorter than two of them
SELECT ct_test('SELECT 1', workers => 1, duration => '0.5 s', min_overlap => 0, lock_hold => '{"table": "public.account"}') AS id \gset
SELECT plan->>'lock_after' AS after FROM ct_result WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 1, warmup => '0.1 s', phases => '[{"name": "a", "duration": "0.1 s"}, {"name": "b", "duration": "0.2 s"}]', min_overlap => 0,
	lock_hold => '{"table": "public.account"}') AS id \gset
SELECT plan->>'lock_after' AS after FROM ct_result WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 1, duration => '1 min', timeout => '0.1 s', min_overlap => 0, lock_hold => '{"table": "public.account"}') AS id \gset
SELECT plan->>'lock_after' AS after FROM ct_result WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 1, duration => '1 min', timeout => '0.1 s', min_overlap => 0, lock_hold => '{"table": "public.account", "every": "20 s", "after": "0.05 s"}') AS id \gset
SELECT plan->>'lock_after' AS after FROM ct_result WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 1, transactions => 5, min_overlap => 0, lock_hold => '{"table": "public.account"}') AS id \gset
SELECT plan->>'lock_after' AS after FROM ct_result WHERE run_id = :id;
-- without the fault nothing is known of it
SELECT ct_test('SELECT 1', workers => 1, transactions => 5, min_overlap => 0, lock_hold => '{"table": "public.account", "after": "1 min", "every": "1 min"}') AS id \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 1, transactions => 5, min_overlap => 0, kill_rate => 0.0001) AS id \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :id;
-- what isn't one's own
CREATE ROLE regress_ct_fault LOGIN;
GRANT EXECUTE ON FUNCTION ct_test TO regress_ct_fault;
SET ROLE regress_ct_fault;
SELECT ct_test('SELECT 1', workers => 1, duration => '10 s', min_overlap => 0, lock_hold => '{"table": "public.account", "after": "0"}');
SELECT ct_test('SELECT 1', workers => 1, duration => '10 s', min_overlap => 0, lock_hold => '{"table": "pg_catalog.pg_authid", "mode": "access share", "after": "0"}');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION ct_test FROM regress_ct_fault;
SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE relation IN ('account'::regclass, 'pg_authid'::regclass) AND pid <> pg_backend_pid() AND backend_type !~ 'autovacuum';

SET client_min_messages = error;
SELECT ct_prune('0') IS NOT NULL AS pruned;
DROP ROLE regress_ct_fault;
DROP TABLE account, booked, login;
