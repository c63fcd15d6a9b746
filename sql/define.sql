--
-- Defining scenarios: what is accepted, what is refused and how
--
\pset null '(null)'

-- a scenario with everything
SELECT ct_create_scenario('regress_shop', 'a shop',
	setup => $$
		CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL);
		INSERT INTO item SELECT 1, :stock;
	$$,
	teardown => 'DROP TABLE item',
	workers => 4,
	duration => '1 day 2 hours',
	params => '{"stock": 10, "name": "x", "flag": true, "nothing": null}',
	category => 'test',
	rate => 12.5,
	max_tries => 0,
	expected_errors => '{23514=sold_out,unique_violation,P0123}',
	retried_errors => '{lock_not_available,23P01}',
	min_overlap => 0);
SELECT ct_add_variant('regress_shop', 'naive');
SELECT ct_add_variant('regress_shop', 'strict', 'as it should be', isolation => 'Repeatable_Read',
	max_tries => 3, setup => 'ALTER TABLE item ADD CHECK (stock >= 0)',
	expected_errors => '{check_violation=sold}', retried_errors => '{40001}', expected_verdict => 'pass');
SELECT ct_add_script('regress_shop', 'buy', $$
	\set n random(1, :stock)
	BEGIN;
	SELECT stock FROM item WHERE id = 1 \gset
	\if :stock > 0
		UPDATE item SET stock = :stock - 1 WHERE id = 1;
		\outcome sold
	\else
		\outcome sold_out
	\endif
	COMMIT;
$$);
SELECT ct_add_script('regress_shop', 'buy', 'UPDATE item SET stock = stock - 1', variant => 'strict',
	weight => 5, think_time => '5 ms');
SELECT ct_add_script('regress_shop', 'look', 'TABLE item', weight => NULL, think_time => NULL);
SELECT ct_add_check('regress_shop', 'stock_never_negative', 'SELECT * FROM item WHERE stock < 0',
	'stock is what is left', kind => 'oversell', during => true);
SELECT ct_add_check('regress_shop', 'all_sold', $$
	SELECT stock FROM item WHERE stock <> :stock - :outcome_sold -- and a comment
	;
$$, variant => 'naive', kind => NULL, during => NULL);
SELECT ct_add_slo('regress_shop', 'p95_ms', '<', 100);
SELECT ct_add_slo('regress_shop', 'error_rate', '<=', 0.01, variant => 'strict');

SELECT * FROM ct_scenarios WHERE name = 'regress_shop' \gx
SELECT name, description, category, setup IS NOT NULL AS setup, teardown, workers, duration,
	transactions, params, rate, max_tries, expected_errors, retried_errors, min_overlap,
	bundled, owner = current_user::regrole AS mine
FROM ct_scenario WHERE name = 'regress_shop' \gx
SELECT * FROM ct_variant WHERE scenario = 'regress_shop' ORDER BY position \gx
SELECT name, variant, position, weight, think_time, bundled FROM ct_script
WHERE scenario = 'regress_shop' ORDER BY position;
SELECT name, variant, position, kind, during, description, bundled FROM ct_check
WHERE scenario = 'regress_shop' ORDER BY position;
SELECT * FROM ct_slo WHERE scenario = 'regress_shop' ORDER BY position;

-- a run as large as its parameters say, and what is told of it
SELECT ct_create_scenario('regress_sized', 'two each', params => '{"users": 3}',
	transactions_expr => ':users * 2', story => 'Each comes twice.');
SELECT ct_add_variant('regress_sized', 'maybe', expected_verdict => 'inconclusive');
\echo :SQLSTATE
SELECT transactions, transactions_expr, description FROM ct_scenarios WHERE name = 'regress_sized';
SELECT * FROM ct_stories WHERE scenario ~ '^regress';
SELECT variant, expected_verdict FROM ct_variants WHERE scenario IN ('regress_shop', 'regress_sized');
SELECT ct_drop_scenario('regress_sized');

-- what an exploration takes other values for
SELECT ct_create_scenario('regress_explored', params => '{"users": 100, "name": "x"}', explore_params => '{"users": 2}'),
	ct_create_scenario('regress_as_it_is', params => '{"users": 3}'), ct_create_scenario('regress_unexplored', explore_params => NULL),
	ct_import_pgbench('regress_pgbench', 'select-only');
SELECT name, params, explore_params FROM ct_scenarios WHERE name ~ '^regress_(ex|as|un|pg)';
SELECT ct_drop_scenario(name) FROM ct_scenarios WHERE name ~ '^regress_(ex|as|un|pg)';
SELECT ct_create_scenario('regress_bad', params => '{"users": 100}', explore_params => '{"user": 2}');
SELECT ct_create_scenario('regress_bad', explore_params => '{"user": 2}');
SELECT ct_create_scenario('regress_bad', explore_params => '[2]');
SELECT ct_create_scenario('regress_bad', params => '{"users": 100}', explore_params => '{"users": [2]}');

-- the least: one variant by implication; nulls are what isn't said
SELECT ct_create_scenario('regress_least', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL);
SELECT ct_add_script('regress_least', 'one', 'SELECT 1');
SELECT * FROM ct_scenarios WHERE name = 'regress_least' \gx

-- duplicates
SELECT ct_create_scenario('regress_shop');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', 'naive');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'buy', 'SELECT 1');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'buy', 'SELECT 1', variant => 'strict');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'stock_never_negative', 'SELECT 1');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'all_sold', 'SELECT 1', variant => 'naive');
\echo :SQLSTATE
SELECT ct_add_slo('regress_shop', 'p95_ms', '<', 50);
\echo :SQLSTATE
SELECT ct_add_slo('regress_shop', 'error_rate', '<=', 50, 'strict');
\echo :SQLSTATE

-- what isn't there
SELECT ct_add_variant('regress_shup', 'x');
\echo :SQLSTATE
SELECT ct_add_script('Regress_Shop', 'x', 'SELECT 1');
\echo :SQLSTATE
SELECT ct_add_check('regress_', 'x', 'SELECT 1');
\echo :SQLSTATE
SELECT ct_drop_scenario('regress_leats');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1', variant => 'navie');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1', variant => 'something else');
\echo :SQLSTATE
SELECT ct_add_slo('regress_least', 'tps', '>', 1, variant => 'default');
\echo :SQLSTATE

-- nulls
SELECT ct_create_scenario(NULL);
\echo :SQLSTATE
SELECT ct_add_variant(NULL, 'x');
SELECT ct_add_variant('regress_shop', NULL);
SELECT ct_add_script(NULL, 'x', 'SELECT 1');
SELECT ct_add_script('regress_shop', NULL, 'SELECT 1');
SELECT ct_add_script('regress_shop', 'x', NULL);
SELECT ct_add_check(NULL, 'x', 'SELECT 1');
SELECT ct_add_check('regress_shop', NULL, 'SELECT 1');
SELECT ct_add_check('regress_shop', 'x', NULL);
SELECT ct_add_slo(NULL, 'tps', '>', 1);
SELECT ct_add_slo('regress_shop', NULL, '>', 1);
SELECT ct_add_slo('regress_shop', 'tps', NULL, 1);
SELECT ct_add_slo('regress_shop', 'tps', '>', NULL);
\echo :SQLSTATE
SELECT ct_drop_scenario(NULL);
\echo :SQLSTATE
SELECT ct_import_pgbench(NULL, 'SELECT 1');
SELECT ct_import_pgbench('regress_bad', NULL);
\echo :SQLSTATE

-- names
SELECT ct_create_scenario('');
\echo :SQLSTATE
SELECT ct_create_scenario(repeat('x', 64));
\echo :SQLSTATE
SELECT ct_create_scenario(E'a\nb');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', E'tab\there');
SELECT ct_add_variant('regress_shop', '');
SELECT ct_add_script('regress_shop', '', 'SELECT 1');
SELECT ct_add_check('regress_shop', '', 'SELECT 1');
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1', kind => '');
SELECT ct_create_scenario('regress "Quoted" ''name''; \ ' || repeat('x', 30));
SELECT ct_add_variant('regress "Quoted" ''name''; \ ' || repeat('x', 30), 'a ''variant" ');
SELECT ct_add_script('regress "Quoted" ''name''; \ ' || repeat('x', 30), '%s', 'SELECT 1', variant => 'a ''variant" ');
SELECT name, variants, scripts FROM ct_scenarios WHERE name ~ 'Quoted';
SELECT ct_drop_scenario('regress "Quoted" ''name''; \ ' || repeat('x', 30));

-- numbers
SELECT ct_create_scenario('regress_bad', workers => 0);
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', workers => -1);
SELECT ct_create_scenario('regress_bad', workers => 1001);
SELECT ct_create_scenario('regress_bad', duration => '0');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', duration => '-1 second');
SELECT ct_create_scenario('regress_bad', duration => '1 month 2 days');
SELECT ct_create_scenario('regress_bad', duration => '178000000 years');
SELECT ct_create_scenario('regress_bad', duration => '1 s', transactions => 1);
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', transactions => 0);
SELECT ct_create_scenario('regress_bad', transactions => 1, transactions_expr => '1');
SELECT ct_create_scenario('regress_bad', duration => '1 s', transactions_expr => '1');
SELECT ct_create_scenario('regress_bad', transactions_expr => '1 +');
SELECT ct_create_scenario('regress_bad', transactions_expr => E'1\nSELECT 1');
SELECT ct_create_scenario('regress_bad', transactions_expr => ':users');
SELECT ct_create_scenario('regress_bad', transactions_expr => ':users', params => '{"users": "many"}');
SELECT ct_create_scenario('regress_bad', transactions_expr => ':users * 0.5', params => '{"users": 3}');
SELECT ct_create_scenario('regress_bad', transactions_expr => ':users - 3', params => '{"users": 3}');
SELECT ct_create_scenario('regress_bad', transactions => 9223372036854775807);
SELECT ct_create_scenario('regress_bad', rate => 0);
SELECT ct_create_scenario('regress_bad', rate => 'NaN');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', rate => 'infinity');
SELECT ct_create_scenario('regress_bad', max_tries => -1);
SELECT ct_create_scenario('regress_bad', min_overlap => -1);
SELECT ct_add_variant('regress_shop', 'x', max_tries => -1);
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1', weight => 0);
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1', weight => 2147483647);
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1', think_time => '-1 ms');
\echo :SQLSTATE

-- isolation levels
SELECT ct_add_variant('regress_shop', 'x', isolation => 'snapshot');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', 'x', isolation => '');
BEGIN;
SELECT ct_add_variant('regress_shop', 'l' || ordinality, isolation => level)
FROM unnest('{READ COMMITTED,read_uncommitted,SERIALIZABLE,"repeatable read"}'::text[])
	WITH ORDINALITY AS levels (level, ordinality);
SELECT name, isolation FROM ct_variant WHERE scenario = 'regress_shop' ORDER BY position;
ROLLBACK;

-- parameters
SELECT ct_create_scenario('regress_bad', params => '[1]');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', params => '7');
SELECT ct_create_scenario('regress_bad', params => '{"a": [1, 2]}');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', params => '{"a": {"b": 1}}');
SELECT ct_create_scenario('regress_bad', params => '{"1a": 1}');
SELECT ct_create_scenario('regress_bad', params => '{"a b": 1}');
SELECT ct_create_scenario('regress_bad', params => '{"": 1}');
SELECT ct_create_scenario('regress_bad', params => jsonb_build_object(repeat('x', 64), 1));
SELECT ct_create_scenario('regress_bad', params => '{"client_id": 1}');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', params => '{"outcome_sold": 1}');
\echo :SQLSTATE

-- lists of errors
SELECT ct_create_scenario('regress_bad', expected_errors => '{unique_violaton}');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', expected_errors => '{2350}');
SELECT ct_create_scenario('regress_bad', expected_errors => '{00000}');
SELECT ct_create_scenario('regress_bad', expected_errors => '{23505=}');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', expected_errors => '{23505=two words}');
SELECT ct_create_scenario('regress_bad', expected_errors => '{23505,NULL}');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', retried_errors => '{23505=taken}');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', 'x', expected_errors => '{nonsense}');
SELECT ct_add_variant('regress_shop', 'x', retried_errors => '{dedlock_detected}');

-- scripts
SELECT ct_add_script('regress_shop', 'x', '');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', '-- nothing at all');
SELECT ct_add_script('regress_shop', 'x', E'\\set a 1\nSELECT :a;\n  SELCT 2;\nSELECT 3');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', E'SELECT 1 +\n\tFROM item');
SELECT ct_add_script('regress_shop', 'x', 'SELECT * FROM item ORDER BY id :direction');
-- what the parser says of them is tested elsewhere
\set VERBOSITY terse
SELECT ct_add_script('regress_shop', 'x', E'\\set a 1 +\nSELECT 1');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', E'\\if true\nSELECT 1');
SELECT ct_add_script('regress_shop', 'x', E'SELECT 1;\n\\shell rm');
\echo :SQLSTATE
\set VERBOSITY default
SELECT ct_create_scenario('regress_bad', setup => 'CREATE TABEL a ()');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', teardown => 'DROP');
SELECT ct_create_scenario('regress_bad', setup => E'SELECT 1;\n\\outcome done');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', teardown => E'\\tally n 1');
SELECT ct_add_variant('regress_shop', 'x', setup => E'\\barrier start');
SELECT ct_add_variant('regress_shop', 'x', setup => 'CREATE UNIQUE INDEXX ON item (id)');

-- a variable can be many things
BEGIN;
SELECT ct_add_script('regress_shop', 'x', $$
	SET lock_timeout = :t;
	SET search_path = :t;
	SELECT x[:a::int], y[1:n], y[x[1] : m], ARRAY[:c, :d], :e::int, ':f', make_interval(days := :g) FROM (SELECT ARRAY[1] AS x, ARRAY[2] AS y) s LIMIT :l;
	CREATE TABLE t_:client_id (a int DEFAULT :a); DROP TABLE :t; PREPARE p AS SELECT :a;
	DO 'BEGIN NULL; END';
	SELECT 1 \; SELECT :a \gset
	BEGIN ISOLATION LEVEL SERIALIZABLE;
	SAVEPOINT s; ROLLBACK TO s;
	COMMIT AND CHAIN;
	VACUUM item;
$$);
ROLLBACK;

-- checks
SELECT ct_add_check('regress_shop', 'x', '');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1; SELECT 2');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1 \; SELECT 2');
SELECT ct_add_check('regress_shop', 'x', 'DELETE FROM item RETURNING *');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'x', 'SELECT * INTO other FROM item');
SELECT ct_add_check('regress_shop', 'x', E'SELECT id\nFROM item\nWHERE stock <');
\echo :SQLSTATE
SELECT ct_add_check('regress_shop', 'x', E'\\set a 1\nSELECT :a');
SELECT ct_add_check('regress_shop', 'x', E'SELECT 1 AS one \\gset');
\echo :SQLSTATE

-- thresholds
SELECT ct_add_slo('regress_shop', 'p59_ms', '<', 1);
\echo :SQLSTATE
\set VERBOSITY terse
SELECT ct_add_slo('regress_shop', 'xyzzy', '<', 1);
\set VERBOSITY default
SELECT ct_add_slo('regress_shop', 'tps', '==', 1);
\echo :SQLSTATE
SELECT ct_add_slo('regress_shop', 'tps', '>', 'infinity');
SELECT ct_add_slo('regress_shop', 'tps', '>', 'NaN');
\echo :SQLSTATE

-- nothing of all that is left
SELECT name FROM ct_scenarios WHERE name ~ 'bad';
SELECT variants, scripts, checks FROM ct_scenarios WHERE name = 'regress_shop';

-- scripts of pgbench: its own ones, and those that its documentation shows
SELECT ct_import_pgbench('regress_tpcb', 'tpcb-like', params => '{"scale": 2}');
SELECT ct_import_pgbench('regress_simple', 'simple-update', setup => '', duration => '1 min');
SELECT ct_import_pgbench('regress_select', 'select-only', 'reads', workers => 2, transactions => 1000);
SELECT ct_import_pgbench('regress_doc1', $$
\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
$$);
SELECT ct_import_pgbench('regress_doc2', $$
UPDATE pgbench_accounts
  SET abalance = abalance + :delta
  WHERE aid = :aid
  RETURNING abalance \gset
-- compound of two queries
SELECT 1 \;
SELECT 2 AS two, 3 AS three \gset p_
$$, params => '{"aid": 1, "delta": 5}');
SELECT ct_import_pgbench('regress_doc3', $$
\set ntellers 10 * :scale
\set aid (1021 * random(1, 100000 * :scale)) % \
           (100000 * :scale) + 1
\set divx CASE WHEN :x <> 0 THEN :y/:x ELSE NULL END
\sleep 10 ms
\set size 1000000
\set r random_zipfian(1, :size, 1.07)
\set k 1 + permute(:r, :size)
SELECT :k, :ntellers, :aid;
$$, rate => 10, max_tries => 2, min_overlap => 3);
SELECT name, category, scripts, workers, duration, transactions, variants, checks, params, description
FROM ct_scenarios WHERE name ~ '^regress_(tpcb|simple|select|doc.)$';
SELECT name, max_tries, min_overlap, rate, setup = '' AS empty_setup, setup ~ 'pgbench_accounts' AS own_tables
FROM ct_scenario WHERE name ~ '^regress_(tpcb|simple|select|doc.)$' ORDER BY name;
\set VERBOSITY terse
SELECT ct_import_pgbench('regress_bad', E'\\set aid random(1,)\nSELECT 1');
SELECT ct_import_pgbench('regress_bad', 'tpcb');
SELECT ct_import_pgbench('regress_bad', E'\\startpipeline\nSELECT 1;\n\\endpipeline');
\echo :SQLSTATE
\set VERBOSITY default
SELECT count(ct_drop_scenario(name)) FROM ct_scenarios WHERE name ~ '^regress_(tpcb|simple|select|doc.)$';

-- bundled scenarios
SELECT ct_drop_scenario('oversell_tickets');
\echo :SQLSTATE
SELECT ct_add_variant('oversell_tickets', 'mine');
\echo :SQLSTATE

-- a read-only transaction
BEGIN READ ONLY;
SELECT ct_create_scenario('regress_bad');
\echo :SQLSTATE
ROLLBACK;

-- other roles
CREATE ROLE regress_ct_nobody;
CREATE ROLE regress_ct_author;
CREATE ROLE regress_ct_editor IN ROLE regress_ct_author;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO regress_ct_author;
SET ROLE regress_ct_nobody;
SELECT ct_create_scenario('regress_mine');
\echo :SQLSTATE
SELECT ct_add_variant('regress_shop', 'x');
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1');
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1');
SELECT ct_add_slo('regress_shop', 'tps', '>', 1);
SELECT ct_import_pgbench('regress_mine', 'SELECT 1');
SELECT ct_drop_scenario('regress_shop');
SELECT * FROM ct_scenario;
\echo :SQLSTATE
SELECT body FROM ct_script;
SELECT query FROM ct_check;
INSERT INTO ct_scenario (name) VALUES ('regress_mine');
SELECT name, variants FROM ct_scenarios WHERE name = 'regress_shop';
SELECT variant, position, isolation, description FROM ct_variants WHERE scenario IN ('regress_shop', 'regress_least');
SELECT kind, variant, script, body FROM ct_scripts WHERE scenario = 'regress_shop';
SELECT kind, variant, script, weight, left(body, 30) FROM ct_scripts WHERE scenario = 'oversell_tickets';
SET ROLE regress_ct_author;
SELECT ct_create_scenario('regress_mine');
SELECT ct_add_script('regress_mine', 'x', 'SELECT 1');
SELECT ct_add_variant('regress_shop', 'x');
\echo :SQLSTATE
SELECT ct_add_script('regress_shop', 'x', 'SELECT 1');
SELECT ct_add_check('regress_shop', 'x', 'SELECT 1');
SELECT ct_add_slo('regress_shop', 'tps', '>', 1);
SELECT ct_drop_scenario('regress_shop');
SELECT ct_drop_scenario('oversell_tickets');
DELETE FROM ct_scenario WHERE name = 'regress_mine';
SET ROLE regress_ct_editor;
SELECT ct_add_variant('regress_mine', 'edited');
SELECT * FROM ct_scripts WHERE scenario = 'regress_mine';
RESET ROLE;
SELECT * FROM ct_scripts WHERE scenario = 'regress_shop';
SELECT variant, position FROM ct_variants WHERE scenario = 'regress_mine';
SELECT name, owner, variants FROM ct_scenarios WHERE name = 'regress_mine';
-- an owner that has another name now owns what it did; one that takes its name doesn't
ALTER ROLE regress_ct_author RENAME TO regress_ct_renamed;
CREATE ROLE regress_ct_author;
GRANT EXECUTE ON FUNCTION ct_drop_scenario TO regress_ct_author;
SET ROLE regress_ct_author;
SELECT ct_drop_scenario('regress_mine');
\echo :SQLSTATE
SELECT * FROM ct_scripts WHERE scenario = 'regress_mine';
SET ROLE regress_ct_renamed;
SELECT * FROM ct_scripts WHERE scenario = 'regress_mine';
SELECT owner FROM ct_scenarios WHERE name = 'regress_mine';
RESET ROLE;
-- an owner that is gone: a superuser's
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM regress_ct_renamed;
REVOKE regress_ct_renamed FROM regress_ct_editor;
DROP ROLE regress_ct_renamed;
CREATE ROLE regress_ct_renamed;
GRANT EXECUTE ON FUNCTION ct_drop_scenario TO regress_ct_renamed;
\set VERBOSITY terse
SET ROLE regress_ct_renamed;
SELECT ct_drop_scenario('regress_mine');
\echo :SQLSTATE
\set VERBOSITY default
SELECT * FROM ct_scripts WHERE scenario = 'regress_mine';
RESET ROLE;
SELECT owner ~ '^\d+$' AS an_oid FROM ct_scenarios WHERE name = 'regress_mine';
SELECT * FROM ct_scripts WHERE scenario = 'regress_mine';
SELECT ct_drop_scenario('regress_mine');
REVOKE EXECUTE ON FUNCTION ct_drop_scenario FROM regress_ct_author, regress_ct_renamed;
DROP ROLE regress_ct_nobody, regress_ct_author, regress_ct_renamed, regress_ct_editor;

-- a drop takes everything along
SELECT ct_drop_scenario('regress_shop');
SELECT ct_drop_scenario('regress_least');
SELECT (SELECT count(*) FROM ct_variant WHERE scenario ~ '^regress_') AS variants,
	(SELECT count(*) FROM ct_script WHERE scenario ~ '^regress_') AS scripts,
	(SELECT count(*) FROM ct_check WHERE scenario ~ '^regress_') AS checks,
	(SELECT count(*) FROM ct_slo WHERE scenario ~ '^regress_') AS slos;

-- everything has its comment, nothing that runs SQL is for PUBLIC
SELECT c.relname, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid IN ('ct_scenario'::regclass, 'ct_variant'::regclass, 'ct_script'::regclass,
		'ct_check'::regclass, 'ct_slo'::regclass, 'ct_permutation'::regclass, 'ct_scenarios'::regclass, 'ct_variants'::regclass, 'ct_scripts'::regclass)
	AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL);
SELECT p.oid::regprocedure
FROM pg_proc p
WHERE p.proname ~ '^ct_(create|add|drop|import)_'
	AND (obj_description(p.oid, 'pg_proc') IS NULL OR p.proacl IS NULL OR p.proacl::text ~ '[{,]=X');

-- everything that the extension brings has its comment
WITH ours AS (
	SELECT d.classid, d.objid FROM pg_depend d
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'ct_ext' AND d.deptype = 'e')
SELECT pg_describe_object(classid, objid, 0) AS without_comment FROM ours
	WHERE classid IN ('pg_class'::regclass, 'pg_proc'::regclass)
	AND obj_description(objid, classid::regclass::name) IS NULL
UNION ALL
SELECT c.relname || '.' || a.attname
	FROM ours JOIN pg_class c ON ours.classid = 'pg_class'::regclass AND c.oid = ours.objid
	JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relkind IN ('r', 'v') AND col_description(c.oid, a.attnum) IS NULL;

-- every table of ours can be published: without a primary key nothing could be deleted then
WITH ours AS (
	SELECT d.objid FROM pg_depend d
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'ct_ext' AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass)
SELECT count(*) > 10 AS tables,
	array_agg(c.relname) FILTER (WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)) AS without_identity
	FROM ours JOIN pg_class c ON c.oid = ours.objid
	WHERE c.relkind = 'r';
-- nor do they hold what pg_upgrade refuses: of the reg* types only regclass, regrole and regtype go through it
SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
	WHERE c.relname LIKE 'ct\_%' AND c.relkind = 'r' AND a.attnum > 0
	AND a.atttypid::regtype::text ~ '^reg' AND a.atttypid <> 'regrole'::regtype;
SET client_min_messages = error;
CREATE PUBLICATION regress_everything FOR ALL TABLES;
SELECT ct_test('SELECT 1', checks => '{SELECT 1 AS observed}', transactions => 2, workers => 1) AS run_id \gset
SELECT ct_create_scenario('regress_mine', transactions => 2), ct_add_variant('regress_mine', 'v'), ct_add_script('regress_mine', 's', 'SELECT 1'),
	ct_add_check('regress_mine', 'c', 'SELECT 1 WHERE false'), ct_add_slo('regress_mine', 'tps', '>', 0);
SELECT ct_prune('0') > 0 AS pruned;
SELECT ct_drop_scenario('regress_mine');
SELECT count(*) FROM ct_runs WHERE run_id = :run_id;
DROP PUBLICATION regress_everything;
