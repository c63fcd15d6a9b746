-- clients that take turns on workers

-- what can't be
SELECT ct_test('SELECT 1', clients => 0);
SELECT ct_test('SELECT 1', clients => 100001);
SELECT ct_test('SELECT 1', workers => 4, clients => 3);
SELECT ct_test(E'\\barrier there\nSELECT 1', workers => 2, clients => 3);
SELECT ct_create_scenario('regress_clients', workers => 4, clients => 3);
SELECT ct_test('SELECT 1', workers => 4, clients => 1);
SELECT ct_test(E'\\barrier there\nSELECT 1', workers => 1, clients => 3);
SELECT ct_create_scenario('regress_clients', workers => 4, clients => 1);
SELECT ct_create_scenario('regress_clients', clients => 0);
SELECT ct_add_script('regress_clients', 'x', 'SELECT 1');

-- a default yields to what the call names
CREATE FUNCTION ran(id bigint, OUT workers_asked int, OUT workers int, OUT clients int, OUT transactions bigint, OUT status text)
LANGUAGE sql AS 'SELECT workers_asked, workers, clients, transactions, status FROM ct_runs WHERE run_id = id';
SELECT ct_create_scenario('regress_clients', workers => 2, clients => 3, transactions => 6);
SELECT ct_add_script('regress_clients', 'x', 'SELECT 1');
SELECT workers, clients FROM ct_scenarios WHERE name = 'regress_clients';
SET client_min_messages = warning;
SELECT ct_run('regress_clients') AS id \gset
SELECT * FROM ran(:id);
SELECT ct_run('regress_clients', workers => 1) AS id \gset
SELECT * FROM ran(:id);
SELECT ct_run('regress_clients', workers => 4) AS id \gset
SELECT * FROM ran(:id);
SELECT ct_run('regress_clients', clients => 1) AS id \gset
SELECT * FROM ran(:id);
SELECT ct_run('regress_clients', clients => 5) AS id \gset
SELECT * FROM ran(:id);
-- each has something to do
SELECT ct_run('regress_clients', clients => 50) AS id \gset
SELECT * FROM ran(:id);
SELECT ct_run('regress_clients', workers => 4, clients => 2);
SELECT ct_drop_scenario('regress_clients');
-- without clients each worker is one
SELECT ct_test('SELECT 1', workers => 2, transactions => 4) AS id \gset
SELECT * FROM ran(:id);

-- whose iterations are which, and who carries whom
CREATE TABLE did (client int, worker int, iteration int, drawn int, n int GENERATED ALWAYS AS IDENTITY);
SELECT ct_test(E'\\set drawn random(1, 1000000)\nINSERT INTO public.did VALUES (:client_id, :worker_id, :iteration, :drawn)',
	workers => 2, clients => 5, transactions => 12, seed => 7) AS id \gset
SELECT client, worker, array_agg(iteration ORDER BY n) AS iterations FROM did GROUP BY client, worker ORDER BY client;
-- the first ones may wait for each other while the table gets its first page
SELECT kind, count FROM ct_latencies WHERE run_id = :id AND kind <> 'lock_wait' ORDER BY kind, step;
SELECT regexp_replace(line, ', at most.*', ' ...') AS line
FROM regexp_split_to_table(ct_report(:id), '\n') AS line WHERE line ~ '5 clients|session';

-- a client draws the same with the same seed, whoever carries it
CREATE TABLE before AS SELECT client, iteration, drawn FROM did;
TRUNCATE did;
SELECT ct_test(E'\\set drawn random(1, 1000000)\nINSERT INTO public.did VALUES (:client_id, :worker_id, :iteration, :drawn)',
	workers => 5, transactions => 12, seed => 7) AS id \gset
SELECT count(*), count(DISTINCT d.worker) AS workers, count(b) AS as_before FROM did d LEFT JOIN before b USING (client, iteration, drawn);
-- schedule lag is of schedules, and of those who take turns
SELECT kind, count FROM ct_latencies WHERE run_id = :id AND kind = 'schedule_lag';

-- one that rests lets the others go on: in a \sleep, and before another try
TRUNCATE did;
SELECT ct_test(E'INSERT INTO public.did VALUES (:client_id, 1);\n\\sleep 1500 ms\nINSERT INTO public.did VALUES (:client_id, 2);',
	workers => 1, clients => 8, transactions => 8) AS id \gset
SELECT transactions, duration < 8 AS at_once FROM ct_runs WHERE run_id = :id;
SELECT string_agg(worker::text, '' ORDER BY n) AS parts FROM did;
-- not in a block
SELECT ct_test(E'BEGIN;\n\\sleep 100 ms\nCOMMIT;', workers => 1, clients => 8, transactions => 8) AS id \gset
SELECT transactions, duration >= 0.8 AS in_turn FROM ct_runs WHERE run_id = :id;
TRUNCATE did;
SELECT ct_test($$
INSERT INTO public.did VALUES (:client_id);
SELECT 1 / CASE WHEN :client_id = 0 AND (SELECT count(*) FROM public.did WHERE client = 0) < 2 THEN 0 ELSE 1 END
$$, workers => 1, clients => 3, transactions => 3, retried_errors => '{22012}') AS id \gset
SELECT transactions, failed, retries FROM ct_runs WHERE run_id = :id;
SELECT array_agg(client ORDER BY n) FROM did;

-- what one leaves in the session the next one finds
TRUNCATE did;
SELECT ct_test($$
INSERT INTO public.did SELECT :client_id, coalesce(nullif(current_setting('regress.by', true), ''), '-1')::int;
SET regress.by = :client_id;
$$, workers => 1, clients => 3, transactions => 6) AS id \gset
SELECT client, worker AS after FROM did ORDER BY n;

-- scripts of their own, by clients
TRUNCATE did;
SELECT ct_create_scenario('regress_bound', workers => 2, clients => 6, transactions => 18);
SELECT ct_add_script('regress_bound', 'maintains', 'INSERT INTO public.did VALUES (:client_id, 1)', workers => 3);
SELECT ct_add_script('regress_bound', 'uses', 'INSERT INTO public.did VALUES (:client_id, 2)');
SELECT ct_run('regress_bound') AS id \gset
SELECT worker AS script, array_agg(DISTINCT client) AS clients FROM did GROUP BY script ORDER BY script;
SELECT ct_run('regress_bound', clients => 3);
SELECT ct_drop_scenario('regress_bound');

-- by a rate, which is of the run; each client's schedule is its own
TRUNCATE did;
SELECT ct_test('INSERT INTO public.did VALUES (:client_id)', workers => 2, clients => 20, rate => 200, duration => '3 s', min_overlap => 0) AS id \gset
SELECT transactions BETWEEN 400 AND 800 AS by_rate, (SELECT count(DISTINCT client) FROM did) AS clients FROM ct_runs WHERE run_id = :id;
-- what is scheduled for later than a clock can tell isn't executed
SELECT ct_test('SELECT 1', workers => 2, clients => 20, rate => 1e-300, duration => '0.2 s', min_overlap => 0) AS id \gset
SELECT transactions FROM ct_runs WHERE run_id = :id;

-- who rests when the run ends is interrupted, and who thinks isn't waited for
SET ct_ext.stop_timeout = '200 ms';
SELECT ct_test(E'SELECT 1;\n\\sleep 60 s\nSELECT 2', workers => 2, clients => 20, duration => '1 s', min_overlap => 0) AS id \gset
SELECT status, transactions, failed, finished_at - gate_at < '20 s' AS soon FROM ct_runs WHERE run_id = :id;
RESET ct_ext.stop_timeout;

DROP TABLE did, before;
DROP FUNCTION ran;
