-- what clients begin with
SET client_min_messages = warning;
CREATE TABLE login (client int, worker int, token int);
CREATE TABLE did (client int, token int);

-- once each, before their first transaction, which has its variables; it is neither counted nor measured
SELECT ct_test('INSERT INTO public.did VALUES (:client_id, :token)', workers => 2, clients => 10, transactions => 40, min_overlap => 0,
	on_start => $$
\set token :client_id * 7
SELECT :token + 1 AS token \gset
INSERT INTO public.login VALUES (:client_id, :worker_id, :token);
$$) AS id \gset
SELECT count(*), count(DISTINCT client) FROM login;
SELECT count(*), bool_and(token = client * 7 + 1) FROM did;
SELECT verdict, transactions, failed FROM ct_runs WHERE run_id = :id;
SELECT DISTINCT script FROM ct_latencies WHERE run_id = :id;
SELECT outcome FROM ct_outcomes WHERE run_id = :id;

-- at a rate; the schedule begins when the client has begun
TRUNCATE login;
SELECT ct_test('SELECT :there', workers => 2, clients => 20, rate => 200, duration => '1 s', min_overlap => 0,
	on_start => E'\\set there 1\n\\sleep 5 ms\nINSERT INTO public.login VALUES (:client_id)') AS id \gset
SELECT count(*), count(DISTINCT client) FROM login;
SELECT verdict, transactions > 50 AS some FROM ct_runs WHERE run_id = :id;

-- a scenario's, that a call overrides
SELECT ct_create_scenario('regress_start', workers => 2, transactions => 4, min_overlap => 0, on_start => 'INSERT INTO public.login VALUES (1)');
SELECT ct_add_script('regress_start', 'x', 'SELECT 1');
SELECT kind, script, body FROM ct_scripts WHERE scenario = 'regress_start';
TRUNCATE login;
SELECT ct_run('regress_start') IS NOT NULL;
SELECT ct_run('regress_start', on_start => 'INSERT INTO public.login VALUES (2)') IS NOT NULL;
SELECT client, count(*) FROM login GROUP BY client ORDER BY client;
SELECT ct_drop_scenario('regress_start');

-- each round begins anew
SELECT ct_test('SELECT 1', workers => 2, setup => 'CREATE TABLE x (i int)', transactions => 10, rounds => 3, min_overlap => 0,
	on_start => 'INSERT INTO x VALUES (1)', checks => '{"SELECT count(*) FROM x HAVING count(*) <> 2"}') AS id \gset
SELECT verdict FROM ct_runs WHERE run_id = :id;

-- who is still at it is awaited at a barrier
SELECT ct_test(E'\\barrier a\nSELECT 1', workers => 3, transactions => 3, min_overlap => 0,
	on_start => E'\\if :client_id = 2\nSELECT pg_sleep(0.3);\n\\endif') AS id \gset
SELECT verdict, barrier_breaks, duration >= 0.3 AS awaited FROM ct_runs WHERE run_id = :id;

-- repeated where a transaction is
SELECT ct_test('SELECT 1', workers => 1, transactions => 2, min_overlap => 0, setup => 'CREATE SEQUENCE tries', retried_errors => '{22012}',
	on_start => $$SELECT 1 / (nextval('tries') - 1)$$) AS id \gset
SELECT verdict, transactions, retries FROM ct_runs WHERE run_id = :id;
SELECT script, sqlstate, handling, count FROM ct_errors WHERE run_id = :id;

-- one that fails: that client does nothing more, and the run fails
SELECT ct_test('INSERT INTO public.did VALUES (:client_id, NULL)', workers => 2, clients => 4, transactions => 12, min_overlap => 0,
	on_start => 'SELECT 1 / (:client_id - 2)') AS id \gset
SELECT verdict, regexp_replace(reason, ', \d+\.\d s after.*transactions?', ' ...') FROM ct_runs WHERE run_id = :id;
SELECT DISTINCT client FROM did WHERE token IS NULL ORDER BY client;
SELECT script, step, sqlstate, handling, count FROM ct_errors WHERE run_id = :id;
-- of all
SELECT ct_test('SELECT 1', workers => 2, duration => '60 s', min_overlap => 0, on_start => 'SELECT 1 / 0') AS id \gset
SELECT verdict, transactions, regexp_replace(reason, ', \d+\.\d s after', ' ...'), duration < 30 AS soon FROM ct_runs WHERE run_id = :id;
-- that was expected
SELECT ct_test('SELECT 1', workers => 2, transactions => 4, min_overlap => 0, on_start => 'SELECT 1 / 0', expected_errors => '{22012}') AS id \gset
SELECT verdict, transactions FROM ct_runs WHERE run_id = :id;
-- that is wrong
SELECT ct_test('SELECT 1', workers => 2, transactions => 4, on_start => 'TABLE regress_nothing');
SELECT ct_test('SELECT 1', workers => 2, transactions => 4, on_start => 'BEGIN; SELECT 1');
-- that never ends
SET ct_ext.stop_timeout = '200 ms';
SELECT ct_test('SELECT 1', workers => 2, duration => '300 ms', min_overlap => 0, on_start => 'SELECT pg_sleep(60)') AS id \gset
SELECT verdict, reason, finished_at - gate_at < '30 s' AS soon FROM ct_runs WHERE run_id = :id;
SELECT ct_test('SELECT 1', workers => 2, clients => 4, duration => '300 ms', min_overlap => 0, on_start => '\sleep 60 s') AS id \gset
SELECT verdict, reason, finished_at - gate_at < '30 s' AS soon FROM ct_runs WHERE run_id = :id;
RESET ct_ext.stop_timeout;

-- whose name a script has
SELECT ct_create_scenario('regress_start', workers => 2, on_start => 'SELECT 1 / 0', expected_errors => '{22012}');
SELECT ct_add_script('regress_start', 'on_start', 'SELECT 1 / 0', workers => 1);
SELECT ct_add_script('regress_start', 'on_start of a', 'SELECT 1 / 0');
SELECT ct_add_class('regress_start', 'a', 1, on_start => 'SELECT 1 / 0');
SELECT ct_run('regress_start', transactions => 40, min_overlap => 0) AS id \gset
SELECT script, outcome, count > 0 AS some FROM ct_outcomes WHERE run_id = :id ORDER BY script COLLATE "C";
SELECT warnings FROM ct_runs WHERE run_id = :id;
SELECT ct_drop_scenario('regress_start');

-- what can't be
SELECT ct_test('SELECT 1', on_start => '\outcome begun');
SELECT ct_test('SELECT 1', on_start => '\barrier there');
SELECT ct_test('SELECT 1', on_start => 'SELECT :iteration');
SELECT ct_test('SELECT 1', on_start => 'SELEC');
SELECT ct_create_scenario('regress_start', on_start => 'SELECT :nothing');

DROP TABLE login, did;
