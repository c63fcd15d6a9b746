--
-- What ct_run and ct_test refuse before anything is started
--
SELECT ct_create_scenario('regress_shop', workers => 2, transactions => 10,
	params => '{"stock": 10, "buyers": 2}');
SELECT ct_run('regress_shop');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', 'naive');
SELECT ct_add_variant('regress_shop', 'for_update');
SELECT ct_add_variant('regress_shop', 'for_share');
SELECT ct_add_script('regress_shop', 'buy', 'SELECT :stock', variant => 'naive');
SELECT ct_run('regress_shop', 'for_update');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'buy', 'SELECT :stock');

-- names
SELECT ct_run(NULL);
\echo :SQLSTATE
SELECT ct_run('regress_shopp');
\echo :SQLSTATE
SELECT ct_run('REGRESS_SHOP');
SELECT ct_run('regress_shop', 'for_updat');
\echo :SQLSTATE
SELECT ct_run('regress_shop', 'for_');
SELECT ct_run('regress_shop', 'serializable');
SELECT ct_run('regress_shop', params => '{"stok": 1}');
\echo :SQLSTATE
SELECT ct_run('regress_shop', params => '{"xyz": 1}');

-- numbers
SELECT ct_run('regress_shop', workers => 0);
\echo :SQLSTATE
SELECT ct_run('regress_shop', workers => -1);
SELECT ct_run('regress_shop', workers => 1000000);
SELECT ct_run('regress_shop', duration => '0');
\echo :SQLSTATE
SELECT ct_run('regress_shop', duration => '-1 hour');
SELECT ct_run('regress_shop', duration => '32 days');
SELECT ct_run('regress_shop', transactions => 0);
\echo :SQLSTATE
SELECT ct_run('regress_shop', transactions => -5);
SELECT ct_run('regress_shop', duration => '1 s', transactions => 5);
\echo :SQLSTATE
SELECT ct_run('regress_shop', rate => 0);
\echo :SQLSTATE
SELECT ct_run('regress_shop', rate => -1);
SELECT ct_run('regress_shop', rate => 'NaN');
SELECT ct_run('regress_shop', rate => 'Infinity');
SELECT ct_run('regress_shop', max_tries => -1);
\echo :SQLSTATE
SELECT ct_run('regress_shop', isolation => 'cursor stability');
\echo :SQLSTATE
SELECT ct_run('regress_shop', params => '[]');
\echo :SQLSTATE
SELECT ct_run('regress_shop', params => '{"stock": [1]}');

SELECT ct_run('regress_shop', thresholds => '{p95_ms}');
\echo :SQLSTATE
SELECT ct_run('regress_shop', thresholds => '{p59_ms < 1}');
\echo :SQLSTATE
SELECT ct_run('regress_shop', thresholds => '{tps > NaN}');
SELECT ct_run('regress_shop', thresholds => '{NULL}');
\echo :SQLSTATE

-- ad hoc
SELECT ct_test(NULL);
\echo :SQLSTATE
SELECT ct_test('');
\echo :SQLSTATE
SELECT ct_test('SELCT 1');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', setup => E'CREATE TABLE t (a int);\nCREATE INDEX ON t (a');
SELECT ct_test('SELECT 1', checks => '{SELECT 1 FROM t WHERE false,SELECT FROM WHERE}');
\echo :SQLSTATE
-- one that an array literal has split at its commas
SELECT ct_test('SELECT 1', checks => '{SELECT a, b, c FROM t WHERE a < b}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', checks => '{p95_ms < 100,SELECT count(*) AS observed, 10 AS expected FROM t HAVING count(*) > 10,tps > 1}');
SELECT ct_test('SELECT 1', checks => '{SELECT * FROM t WHERE v IN (1, 2, 3)}');
-- and what is wrong in another way
SELECT ct_test('SELECT 1', checks => '{SELECT 1 FROM t ORDER BY a,p59_ms < 100}');
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT 1 FROM t ORDER BY a', 'SELCT 2']);
SELECT ct_test('SELECT 1', checks => '{DELETE FROM t}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', checks => '{NULL}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', checks => '{p59_ms < 100}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', checks => '{p95_ms == 100}');
SELECT ct_test('SELECT 1', workers => 0);
\echo :SQLSTATE
SELECT ct_test('SELECT 1', duration => '1 s', transactions => 1);
\echo :SQLSTATE
SELECT ct_test('SELECT 1', isolation => 'none');
SELECT ct_test('SELECT 1', max_tries => -1);

SELECT ct_drop_scenario('regress_shop');
