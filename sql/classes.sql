-- classes of clients
SET client_min_messages = warning;
CREATE TABLE did (client int, script text, token text);

-- what can't be
SELECT ct_test('SELECT 1', classes => '{}');
SELECT ct_test('SELECT 1', classes => '[1]');
SELECT ct_test('SELECT 1', classes => '[{"share": 1}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 0}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": -1}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": "1"}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "wieghts": {}}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "weights": {"test": 0}}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "weights": {"test": 1.5}}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "weights": {"tast": 1}}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "think_max": "1 s", "think_distribution": "fixed"}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "think_time": "soon"}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1, "on_start": "\\outcome x"}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "a", "share": 1}, {"name": "a", "share": 2}]');
SELECT ct_test('SELECT 1', classes => '[{"name": "test", "share": 1}]');
SELECT ct_test('SELECT 1', workers => 2, clients => 10, classes => '[{"name": "a", "share": 99}, {"name": "b", "share": 1}]');
SELECT ct_test('SELECT 1', workers => 1, classes => '[{"name": "a", "share": 1}, {"name": "b", "share": 1}]');

-- none of none is nothing
SELECT ct_test('SELECT 1', workers => 2, transactions => 2, min_overlap => 0, classes => '[]') AS id \gset
SELECT * FROM ct_classes WHERE run_id = :id;

-- 80 and 20, each with scripts and a start of its own; the rest is the scripts' and the run's
SELECT ct_create_scenario('regress_shop', workers => 2, clients => 10, transactions => 200, min_overlap => 0, on_start => '\set token 1');
SELECT ct_add_script('regress_shop', 'read', $$INSERT INTO public.did VALUES (:client_id, 'read', :token)$$, weight => 3);
SELECT ct_add_script('regress_shop', 'buy', $$INSERT INTO public.did VALUES (:client_id, 'buy', :token)$$);
SELECT ct_add_script('regress_shop', 'admin', $$INSERT INTO public.did VALUES (:client_id, 'admin', :token)$$);
SELECT ct_add_class('regress_shop', 'visitors', 80, weights => '{"read": 1}');
SELECT ct_add_class('regress_shop', 'buyers', 20, weights => '{"buy": 9, "read": 1}', on_start => '\set token 2');
SELECT ct_add_class('regress_shop', 'buyers', 20);
SELECT ct_add_class('regress_shop', 'buyers', 0, variant => 'x');
SELECT ct_add_class('regress_shop', 'buyers', 1, variant => 'x');
SELECT kind, script, body FROM ct_scripts WHERE scenario = 'regress_shop';
SELECT ct_run('regress_shop', seed => 1, thresholds => '{buyers.success_rate = 1,buyers.transactions > 20,visitors.p99_ms > 0,read.failed = 0}') AS id \gset
SELECT class, clients, failed, tps > 0 AS tps, p95_ms > 0 AS p95 FROM ct_classes WHERE run_id = :id;
SELECT sum(transactions) FROM ct_classes WHERE run_id = :id;
SELECT token, string_agg(DISTINCT script, ', ' ORDER BY script) AS scripts, count(DISTINCT client) AS clients FROM did GROUP BY token ORDER BY token;
-- each worker has some of both
SELECT client, token FROM did GROUP BY client, token ORDER BY client;
SELECT check_name, target, status FROM ct_checks WHERE run_id = :id ORDER BY position;
-- thresholds of what there isn't
SELECT ct_run('regress_shop', seed => 1, thresholds => '{sellers.p95_ms < 1}');
SELECT ct_run('regress_shop', seed => 1, thresholds => '{buyers.deadlocks < 1}');
-- one class fails, and only it is told
SELECT ct_add_script('regress_shop', 'fails', $$SELECT 1 / 0$$);
SELECT ct_run('regress_shop', seed => 1, classes => '[{"name": "good", "share": 1, "weights": {"read": 1}}, {"name": "bad", "share": 1, "weights": {"fails": 1}}]',
	thresholds => '{good.success_rate > 0.95,bad.success_rate > 0.95,fails.error_rate = 1,errors < 1000}') AS id \gset
SELECT check_name, actual, status FROM ct_checks WHERE run_id = :id ORDER BY position;
SELECT class, clients, transactions, failed FROM ct_classes WHERE run_id = :id;
-- dropped, and the scenario is as without
SELECT ct_drop_class('regress_shop', 'sellers');
SELECT ct_drop_class('regress_shop', 'buyers');
SELECT ct_drop_class('regress_shop', 'visitors');
SELECT ct_drop_script('regress_shop', 'fails');
SELECT ct_run('regress_shop', seed => 1) AS id \gset
SELECT count(*) FROM ct_classes WHERE run_id = :id;
-- clients with a script of their own are of no class
SELECT ct_add_script('regress_shop', 'maintain', $$INSERT INTO public.did VALUES (:client_id, 'maintain', :token)$$, workers => 2);
SELECT ct_run('regress_shop', seed => 1, classes => '[{"name": "a", "share": 0.75}, {"name": "b", "share": 0.25}]') AS id \gset
SELECT class, clients FROM ct_classes WHERE run_id = :id;
SELECT ct_run('regress_shop', seed => 1, classes => '[{"name": "a", "share": 1, "weights": {"maintain": 1}}]');
SELECT ct_drop_scenario('regress_shop');

-- who thinks how long
SELECT ct_test('SELECT 1', workers => 2, clients => 2, duration => '1500 ms', min_overlap => 0,
	classes => '[{"name": "fast", "share": 1}, {"name": "slow", "share": 1, "think_time": "60 s", "think_distribution": "fixed"}]') AS id \gset
SELECT class, transactions > 1 AS many FROM ct_classes WHERE run_id = :id;
SELECT transactions <= 1 AS not_more FROM ct_classes WHERE run_id = :id AND class = 'slow';

DROP TABLE did;
