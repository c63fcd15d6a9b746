-- rounds: stress from a fresh state, again and again, by workers that stay
\set VERBOSITY default
SELECT ct_test('SELECT 1', 'SELECT 1', rounds => 0);
SELECT ct_test('SELECT 1', 'SELECT 1', rounds => 1000001);
SELECT ct_test('SELECT 1', rounds => 2);
SELECT ct_test('SELECT 1', 'SELECT 1', rounds => 2, warmup => '1 s');
SELECT ct_test('SELECT 1', 'SELECT 1', rounds => 2, duration => '1 s', transactions => 3);
SELECT * FROM ct_compare('oversell_tickets', explore => true, rounds => 2);

CREATE FUNCTION judged(id bigint, OUT verdict text, OUT reason text, OUT transactions bigint, OUT failed bigint)
LANGUAGE sql AS 'SELECT verdict, reason, transactions, failed FROM ct_runs WHERE run_id = id';
\set QUIET
\set VERBOSITY terse
SET client_min_messages = warning;

-- each round loses an update, as two read before either writes
SELECT ct_test(E'BEGIN;\nSELECT v AS x FROM t \\gset\n\\barrier read\nUPDATE t SET v = :x + 1;\nCOMMIT',
	'CREATE TABLE t (v int); INSERT INTO t VALUES (0)',
	ARRAY['SELECT v AS observed, :transactions AS expected FROM t WHERE v <> :transactions'],
	workers => 2, transactions => 2, rounds => 20, min_overlap => 10) AS id \gset
SELECT * FROM judged(:id);
-- and with this one none does: contention is that of all rounds
SELECT ct_test(E'BEGIN;\nSELECT v AS x FROM t \\gset\n\\barrier read\nUPDATE t SET v = v + 1;\nCOMMIT',
	'CREATE TABLE t (v int); INSERT INTO t VALUES (0)',
	ARRAY['SELECT v AS observed, :transactions AS expected FROM t WHERE v <> :transactions'],
	workers => 2, transactions => 2, rounds => 20, min_overlap => 10) AS id \gset
SELECT verdict, regexp_replace(regexp_replace(reason, ';.*', ''), '[0-9]+ contended', 'N contended') AS reason, transactions, failed FROM judged(:id);

-- each begins at its gate, however long it is since the one before, and that time is not measured
SELECT ct_test('INSERT INTO t VALUES (1)', 'CREATE TABLE t (v int)', ARRAY['SELECT pg_sleep(0.3) FROM t WHERE v = 2 OR pg_sleep(0.3) IS NULL'],
	workers => 1, transactions => 1, rounds => 4, min_overlap => 0) AS id \gset
SELECT verdict, duration < 0.6 AS short FROM ct_runs WHERE run_id = :id;

-- some rounds fail: draws go on from round to round, and are the same for the same seed
SELECT ct_test(E'\\set x random(1, 4)\nINSERT INTO t VALUES (:x)', 'CREATE TABLE t (v int)',
	ARRAY['SELECT v AS observed FROM t WHERE v = 4'],
	workers => 1, transactions => 1, rounds => 40, seed => 1, min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_test(E'\\set x random(1, 4)\nINSERT INTO t VALUES (:x)', 'CREATE TABLE t (v int)',
	ARRAY['SELECT v AS observed FROM t WHERE v = 4'],
	workers => 1, transactions => 1, rounds => 40, seed => 1, min_overlap => 0, stop_on_fail => true) AS id \gset
SELECT * FROM judged(:id);

-- what checks can name is this round's: iterations, transactions, outcomes, tallies, errors
SELECT ct_test(E'INSERT INTO t VALUES (:iteration)\n\\outcome inserted\n\\tally sum :iteration\nSELECT 1 / (:iteration - 3)',
	'CREATE TABLE t (v int PRIMARY KEY)',
	ARRAY['SELECT count(*) AS observed, :transactions AS expected FROM t HAVING count(*) <> :transactions + :failed',
	  'SELECT count(*) AS observed, :outcome_inserted AS expected FROM t HAVING count(*) <> :outcome_inserted',
	  'SELECT sum(v) AS observed, :tally_sum AS expected FROM t HAVING sum(v) <> :tally_sum',
	  'SELECT :outcome_zero AS observed WHERE :outcome_zero <> 1'],
	workers => 1, transactions => 5, rounds => 3, min_overlap => 0, expected_errors => '{division_by_zero=zero}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY 1;

-- an error that nobody expects fails its round, but for where a threshold says how many there may be
SELECT ct_test(E'\\set x random(0, 1)\nSELECT 1 / :x', 'CREATE TABLE t (v int)',
	workers => 1, transactions => 1, rounds => 10, seed => 1, min_overlap => 0) AS id \gset
SELECT verdict, regexp_replace(reason, '[0-9.]+ s after', '... s after') AS reason, transactions, failed FROM judged(:id);
SELECT ct_test(E'\\set x random(0, 1)\nSELECT 1 / :x', 'CREATE TABLE t (v int)', ARRAY['errors < 10'],
	workers => 1, transactions => 1, rounds => 10, seed => 1, min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);

-- the state: rows, sequences (those that sessions have cached, too), what was made and what was dropped
SELECT ct_test('INSERT INTO t (x) VALUES (nextval(''cached'')); TRUNCATE gone; CREATE TABLE made (); DROP VIEW shown;
	CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql RETURN 2; ALTER TABLE t ADD z int',
	'CREATE TABLE t (id serial PRIMARY KEY, x int); CREATE SEQUENCE cached CACHE 10; CREATE TABLE gone (v int);
	 INSERT INTO gone VALUES (1); CREATE VIEW shown AS SELECT * FROM t; CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1',
	ARRAY['SELECT id, x FROM t WHERE id <> 1 OR x <> 1', 'SELECT count(*) FROM t HAVING count(*) <> 1'],
	workers => 1, transactions => 1, rounds => 5, min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);
-- without DDL, by page images
SELECT ct_test('INSERT INTO t (x) VALUES (nextval(''cached'')); DELETE FROM gone',
	'CREATE TABLE t (id serial PRIMARY KEY, x int); CREATE SEQUENCE cached CACHE 10; CREATE TABLE gone (v int);
	 INSERT INTO gone SELECT generate_series(1, 1000)',
	ARRAY['SELECT id, x FROM t WHERE id <> 1 OR x <> 1', 'SELECT count(*) FROM t HAVING count(*) <> 1'],
	workers => 1, transactions => 1, rounds => 50, min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);

-- a session stays: what it has SET, prepared and made for itself, but neither lock nor transaction
CREATE TABLE public.seen (pid int, setting text, temporary bool, locks bigint);
SELECT ct_test(E'INSERT INTO public.seen SELECT pg_backend_pid(), current_setting(''work_mem''), to_regclass(''pg_temp.own'') IS NOT NULL,
	(SELECT count(*) FROM pg_locks WHERE locktype = ''advisory'' AND pid = pg_backend_pid())
	\\;\nSET work_mem = ''77MB'' \\;\nCREATE TEMP TABLE IF NOT EXISTS own () \\;\nSELECT pg_advisory_lock(1)', 'CREATE TABLE t ()',
	workers => 1, transactions => 1, rounds => 3, min_overlap => 0) AS id \gset
SELECT * FROM judged(:id);
SELECT dense_rank() OVER (ORDER BY pid) AS session, setting, temporary, locks, count(*) FROM public.seen GROUP BY pid, setting, temporary, locks ORDER BY 3;
DROP TABLE public.seen;
DROP FUNCTION judged;
