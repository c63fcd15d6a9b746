-- What variables may stand for: a value, a constant, a name, or nothing at all;
-- the types that they have; and those that nothing sets.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on

-- the outcomes of so many transactions of one worker; or the error
CREATE FUNCTION outcome(body text, params jsonb DEFAULT '{}', setup text DEFAULT NULL, transactions int DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE id bigint; said text;
BEGIN
	id := ct_test(body, setup => outcome.setup, workers => 1, transactions => outcome.transactions, params => outcome.params, min_overlap => 0);
	SELECT string_agg(sqlstate || ': ' || first_message, E'\n' ORDER BY sqlstate) INTO said FROM ct_errors WHERE run_id = id;
	RETURN coalesce(said, (SELECT string_agg(outcome, ' ' ORDER BY outcome COLLATE "C") FROM ct_outcomes WHERE run_id = id), 'nothing');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || '! ' || SQLERRM;
END $$;

--
-- Variables that nothing sets
--
SELECT ct_test(E'SELECT 1;\n\tUPDATE t SET a = :ammount + a', 'CREATE TABLE t (a int)', params => '{"amount": 1}', transactions => 1);
\echo :SQLSTATE
SELECT ct_test('SELECT * FROM t', 'CREATE TABLE t AS SELECT :iteration AS n', transactions => 1);
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT 1 WHERE :iteration > 0'], transactions => 1);
SELECT ct_test(E'SELECT 1 AS a, 2::int8, max(3) \\gset p_\nSELECT :p_a, :p_int8, :p_max, :p_b', transactions => 1);
SELECT ct_create_scenario('regress_language', setup => E'\\set n :stock\nCREATE TABLE t AS SELECT :n + :stok + :scale AS a', params => '{"stock": 1}');
-- they may be set: by another script, by columns that only the server knows; or are none
SELECT ct_create_scenario('regress_language', transactions => 20, workers => 1, params => '{"prefix": "x"}');
SELECT ct_add_script('regress_language', 'one', E'\\set shared 1\nSELECT 1 AS :prefix \\gset\n\\outcome :x');
SELECT ct_add_script('regress_language', 'two', E'\\if :iteration > 100\nSELECT :shared, :anything;\n\\endif');
SELECT ct_run('regress_language', min_overlap => 0) > 0 AS ran;
SELECT ct_drop_scenario('regress_language');
SELECT outcome(E'SELECT relname FROM (SELECT * FROM pg_class WHERE relname = ''pg_class'') c \\gset\nSELECT * FROM (SELECT 1 AS n, 2 AS m) s \\gset p_\nSELECT :p_n + :p_m AS x \\gset\n\\outcome :x'),
	outcome(E'SELECT x[1:n] || x[n : :c] AS x, ''10:MI'' || ''::t'' AS t FROM (SELECT ARRAY[1, 2, 3] AS x, 2 AS n) s \\aset\n\\outcome :x', '{"c": 3}');
-- one that isn't at its time
SELECT outcome(E'\\if :iteration > 10\n\\set x 1\n\\endif\nSELECT :x'), outcome('\set x :nothing'), outcome('\outcome :nothing'),
	outcome(E'\\if :iteration = 1\nSELECT 1 AS x, 2 AS y \\gset\n\\else\nSELECT :n AS n FROM (SELECT ARRAY[5, 6] AS x) s WHERE :y = x[1] \\gset\n\\endif\n\\outcome :n', '{"n": 3}', transactions => 2);
-- a slice whose end becomes a variable
SELECT outcome(E'SELECT cardinality(x[1 :n]) AS c FROM (SELECT ARRAY[1, 2, 3] AS x, 2 AS n) s \\gset\n\\outcome :c\n\\set n 3', transactions => 2);
-- what checks are told of
SELECT ct_test('\outcome sold', checks => ARRAY['SELECT 1 WHERE :outcome_slod > 1'], transactions => 1);
\echo :SQLSTATE
SELECT ct_test('\tally sold 1', checks => ARRAY['SELECT 1 WHERE :tally_x > 1'], transactions => 1);
SELECT ct_test(E'\\set s 1\n\\outcome :s\n\\tally t 1', checks => ARRAY['SELECT 1 WHERE :outcome_any > 1 OR :tally_t <> 1 OR :failed > 0 OR :retries > 0 OR :workers <> 1 OR :transactions <> 1'],
	transactions => 1, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT 1 WHERE :outcome_unique_violation + :outcome_other > 0'], expected_errors => '{unique_violation}',
	transactions => 1, workers => 1, min_overlap => 0) > 0 AS ran;
-- of any of the variants
SELECT ct_create_scenario('regress_language', transactions => 1, workers => 1);
SELECT ct_add_variant('regress_language', 'naive'), ct_add_variant('regress_language', 'careful', expected_errors => '{23505=taken}');
SELECT ct_add_script('regress_language', 'one', 'SELECT 1', variant => 'naive'), ct_add_script('regress_language', 'one', '\outcome refused', variant => 'careful');
SELECT ct_add_check('regress_language', 'c', 'SELECT 1 WHERE :outcome_taken + :outcome_refused > 5');
SELECT ct_run('regress_language', 'naive', min_overlap => 0) > 0 AS ran;
SELECT ct_add_check('regress_language', 'd', 'SELECT 1 WHERE :outcome_refuse > 5');
SELECT ct_run('regress_language', 'naive', min_overlap => 0) > 0 AS ran;
SELECT ct_drop_scenario('regress_language');

-- more than a run has room for
SELECT ct_create_scenario('regress_language');
SELECT ct_add_script('regress_language', 'a', string_agg('\barrier b' || i, E'\n' ORDER BY i)) FROM generate_series(1, 17) AS i;
\echo :SQLSTATE
SELECT ct_add_script('regress_language', 'a', string_agg('\barrier b' || i % 16, E'\n')) FROM generate_series(1, 50) AS i;
SELECT ct_add_script('regress_language', 'b', '\barrier c');
SELECT ct_run('regress_language');
SELECT ct_add_script('regress_language', 'c', repeat('SELECT 1;', 100000));
\echo :SQLSTATE
SELECT ct_drop_scenario('regress_language');

--
-- What is wrong is found in no time, however long it is
--
\set VERBOSITY terse
SET statement_timeout = '20s';
SELECT ct_create_scenario('regress_bad', setup => 'SELECT ' || repeat(':a,', 135000) || ' frm frm frm frm', params => '{"a": 1}');
SELECT ct_create_scenario('regress_bad', setup => 'SELECT x[' || repeat('1:a, ', 20000) || ' frm frm frm frm', params => '{"a": 1}');
SELECT ct_create_scenario('regress_bad', setup => 'DROP TABLE ' || repeat(':a,', 35000) || ':a', params => '{"a": 1}');
\echo :SQLSTATE
RESET statement_timeout;
\set VERBOSITY default

--
-- Parameters
--
-- more than 64; numbers are compared as such, wherever they stand
SELECT outcome((SELECT 'SELECT ' || string_agg(format(':v%s > :w%s AS a%s', i, i, i), ', ' ORDER BY i) || E' \\gset\n' FROM generate_series(0, 69) AS i) || E'\\outcome :a3\n\\outcome :a32\n\\outcome :a69',
	(SELECT jsonb_object_agg(k || i, CASE WHEN i IN (32, 69) THEN CASE k WHEN 'v' THEN '1000' ELSE '600' END ELSE CASE k WHEN 'v' THEN 'abc' ELSE 'abd' END END) FROM generate_series(0, 69) AS i, unnest('{v,w}'::text[]) AS k));
-- the type that the server deduces, unless the value doesn't fit
SELECT d, outcome(E'SELECT :d * 2 AS x, pg_typeof(:d * 2)::text AS t \\gset\n\\outcome :x\n\\outcome :t', jsonb_build_object('d', d))
FROM (VALUES (3), (1.25), (3000000000), (30000000000000000000)) AS v (d);
SELECT outcome(E'SELECT :d * 2 AS x \\gset\n\\outcome :x', '{"d": "abc"}'),
	outcome(E'SELECT (current_date - :days = current_date - 7)::text AS x \\gset\n\\outcome :x', '{"days": 7}'),
	outcome(E'SELECT :a + :b AS x, pg_typeof(:a + :b)::text AS t \\gset\n\\outcome :x\n\\outcome :t', '{"a": 7, "b": 1.5}'),
	outcome(E'UPDATE t SET a = a + :d RETURNING a \\gset\n\\outcome :a', '{"d": 1.5}', 'CREATE TABLE t AS SELECT 1 AS a'),
	outcome(E'SELECT count(*) AS x FROM t WHERE d = :d \\gset\n\\outcome :x', '{"d": 20240101}', 'CREATE TABLE t AS SELECT date ''2024-01-01'' AS d'),
	outcome(E'SELECT count(*) AS x FROM t WHERE d = :d \\gset\n\\outcome :x', '{"d": 1}', 'CREATE TABLE t AS SELECT date ''2024-01-01'' AS d');
-- the same one each time, whatever came before
SELECT outcome(E'\\set d CASE WHEN :iteration % 3 = 0 THEN 1.5 WHEN :iteration % 3 = 1 THEN 3000000000 ELSE 2 END\nSELECT :d / 2 AS x, pg_typeof(:d / 2)::text AS t \\gset\n\\outcome :x\n\\outcome :t', transactions => 9);
-- that of the column
SELECT outcome(E'SELECT now() AS t, current_date AS d, 5::int8 AS big, 1.5::float8 AS f, ''x''::name AS n \\gset\n' ||
	E'SELECT :t - interval ''1 hour'' < now() AS ok, pg_typeof(:d - 1)::text AS dt, pg_typeof(:big + :big)::text AS bt, pg_typeof(:f * 2)::text AS ft \\gset\n\\outcome :ok\n\\outcome :dt\n\\outcome :bt\n\\outcome :ft');
-- constants only
SELECT outcome(E'SELECT ''a''::varchar(:n) AS x, interval :i AS y, date :d AS z \\gset\n\\outcome :x\n\\outcome :y\n\\outcome :z', '{"n": 5, "i": "1 day", "d": "2020-01-01"}');
-- what was a number and is gone; what a retry finds unset
SELECT outcome(E'SELECT :v > :z FROM t;\nDROP TABLE t;\n\\set v 5\n\\set z 5\nSELECT 1', '{"v": "x", "z": "b"}', 'CREATE TABLE t ()', 2);


--
-- Names; nothing but a name is put where one must stand, and nothing else has one put in
--
CREATE TABLE public.victim (owner text);
INSERT INTO public.victim VALUES ('a'), ('b'), ('c');
SELECT outcome(E'SELECT ''owner'' AS who \\gset\nSELECT count(*) AS n FROM :tbl WHERE owner = :who \\gset\n\\outcome :n', '{"tbl": "victim"}'),
	outcome(E'SELECT count(*) AS n FROM public.:tbl WHERE :tbl.:c = :who AND vic:t.owner IS NOT NULL \\gset\n\\outcome :n', '{"tbl": "victim", "c": "owner", "who": "a", "t": "tim"}'),
	outcome(E'CALL p(:a)', '{"a": "current_user"}', $$CREATE PROCEDURE p(x text) LANGUAGE plpgsql AS 'BEGIN IF x <> ''current_user'' THEN RAISE EXCEPTION ''%'', x; END IF; END'$$),
	outcome(E'SELECT :f(-5) AS x \\gset\n\\outcome :x', '{"f": "abs"}');
SELECT value, outcome(E'SELECT count(*) AS n FROM :tbl \\gset\n\\outcome :n', jsonb_build_object('tbl', value), 'CREATE TABLE "My Table" ()'),
	outcome(E'SELECT count(*) AS n FROM vic:tbl \\gset\n\\outcome :n', jsonb_build_object('tbl', value)), outcome(E'SELECT 1:tbl AS n \\gset\n\\outcome :n', jsonb_build_object('tbl', value))
FROM unnest('{My Table,victim,tim,"victim; DROP TABLE victim","only victim",current_user,$$,1," + 1",or}'::text[]) AS value;
SELECT count(*) FROM victim;
-- a plan for each name
SELECT outcome(E'\\set n 1 + :iteration % 20\nSELECT a FROM t_:n WHERE a = :n \\gset\n\\outcome :a', '{}',
	(SELECT string_agg(format('CREATE TABLE t_%s AS SELECT %s AS a', i, i), ';') FROM generate_series(1, 20) AS i), 60);

--
-- Constants
--
SELECT outcome(E'NOTIFY ch, :p', '{"p": "it''s"}'),
	outcome(E'COMMENT ON TABLE t IS :p; SELECT obj_description(''t''::regclass) AS x \\gset\n\\outcome :x', '{"p": "current_user"}', 'CREATE TABLE t ()'),
	outcome(E'COMMENT ON TABLE t IS :p; SELECT obj_description(''t''::regclass) AS x \\gset\n\\outcome :x', '{"p": 12}', 'CREATE TABLE t ()'),
	outcome(E'COPY t TO PROGRAM :f', '{"f": "cat > /dev/null"}', 'CREATE TABLE t ()'),
	outcome(E'BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT :f; COMMIT', '{"f": "no such"}'),
	outcome(E'BEGIN;\nPREPARE TRANSACTION :g', '{"g": 5}'),
	outcome(E'CREATE USER :u PASSWORD :p VALID UNTIL :v CONNECTION LIMIT :n; DROP USER :u', '{"u": "regress u", "p": "select", "v": "2030-01-01", "n": 5}'),
	outcome(E'SET lock_timeout = :t; SHOW lock_timeout \\gset\n\\outcome :lock_timeout\nSET search_path = :s; SHOW search_path \\gset\n\\outcome :search_path\nSET ROLE :r; SELECT current_user AS x \\gset\n\\outcome :x\nRESET ROLE', '{"t": "50ms", "s": "public", "r": "pg_monitor"}'),
	outcome(E'VACUUM (PARALLEL :n, FULL :b) pg_am', '{"n": 0, "b": false}'),
	outcome(E'BEGIN; DECLARE :c CURSOR FOR SELECT generate_series(1, 5) AS x WHERE :p = ''a''; FETCH :n FROM :c \\gset\n\\outcome :x\nCOMMIT', '{"c": "cur", "n": 1, "p": "a"}'),
	outcome(E'CREATE TEMP TABLE t (a int DEFAULT :a, b text DEFAULT :b); INSERT INTO t DEFAULT VALUES; SELECT a || b AS x FROM t \\gset\n\\outcome :x', '{"a": -5, "b": "current_user"}'),
	outcome(E'LISTEN :b', '{"b": "abc"}');

-- no variables, and clear about it
SELECT ct_test('DO $$ BEGIN PERFORM :iteration; END $$', transactions => 1);
SELECT ct_test(E'COPY t FROM STDIN;\n1\n\\.\n', 'CREATE TABLE t (a int)', transactions => 1);
SELECT outcome('SELECT $1'), outcome('SELECT :iteration + $1'), outcome('PREPARE p AS SELECT $1 + :iteration; EXECUTE p(:iteration)'), outcome('SELECT ''$1'' || :iteration');

--
-- \gset loses nothing
--
SELECT outcome(E'SELECT 1 AS "A b", 2 AS x \\gset'), outcome(E'SELECT 1, 2 AS x \\gset'), outcome(E'SELECT 1 AS a, 2 AS a \\gset'), outcome(E'SELECT 1 AS a, null AS a \\aset\n\\outcome :a'),
	outcome(E'SELECT 1 AS a, 1 AS a \\gset\n\\outcome :a'), outcome(E'SELECT null AS a \\gset\n\\outcome :a'), outcome(E'SELECT 1 AS x \\gset ' || repeat('p', 64));

--
-- Within quotes: in scripts of pgbench only
--
SELECT outcome(E'SELECT '':n'' || $$:n$$ AS x \\gset\n\\outcome :x', '{"n": 5}');
CREATE FUNCTION imported(body text, params jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE id bigint; said text;
BEGIN
	PERFORM ct_drop_scenario(name) FROM ct_scenarios WHERE name = 'regress_language';
	PERFORM ct_import_pgbench('regress_language', body, transactions => 1, workers => 1, params => imported.params);
	id := ct_run('regress_language');
	SELECT string_agg(sqlstate || ': ' || first_message, ', ') INTO said FROM ct_errors WHERE run_id = id;
	RETURN coalesce(said, (SELECT string_agg(outcome, ' ' ORDER BY outcome COLLATE "C") FROM ct_outcomes WHERE run_id = id), 'nothing');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || '! ' || SQLERRM;
END $$;
SELECT value, imported(E'SELECT '':v x::int 10:MI'' || E''\\\\:v'' AS x, :v::text AS y, ":v" AS z FROM (SELECT 7 AS ":v") s \\gset\n\\outcome :x\n\\outcome :y\n\\outcome :z', jsonb_build_object('v', value))
FROM unnest(ARRAY['5', 'it''s', 'a\', 'a"b', '''; DROP TABLE victim; --']) AS value;
SELECT value, imported(E'DO $x$ BEGIN IF :v <> 5 THEN RAISE EXCEPTION ''%'', :v; END IF; END $x$', jsonb_build_object('v', value))
FROM unnest(ARRAY['5', '-6', '5; DROP TABLE victim', '$x$']) AS value;
SELECT ct_drop_scenario('regress_language');
SELECT count(*) FROM victim;
DROP TABLE victim;

--
-- Roles that scripts act as may use the sandbox
--
CREATE ROLE regress_language_role;
SELECT outcome(E'SET ROLE regress_language_role; SELECT a FROM t \\gset\n\\outcome :a\nRESET ROLE;\nBEGIN; SET LOCAL ROLE ''regress_language_role''; SELECT current_user AS u, a FROM t \\gset\n\\outcome :u\nCOMMIT',
	'{}', 'CREATE TABLE t AS SELECT 1 AS a; GRANT SELECT ON t TO regress_language_role; CREATE TABLE u AS SELECT 2 AS a'),
	outcome(E'SET SESSION AUTHORIZATION regress_language_role; SELECT a FROM u', '{}', 'CREATE TABLE u AS SELECT 2 AS a'),
	outcome(E'SET ROLE regress_no_such_role', '{}', 'SELECT 1'), outcome(E'SET ROLE none; RESET ROLE; SET SESSION AUTHORIZATION DEFAULT; SET role TO DEFAULT', '{}', 'SELECT 1');
DROP ROLE regress_language_role;

--
-- \repeat
--
-- as often as it is when it is reached, and no more; within \if, and around it
SELECT outcome(E'\\set n 3\n\\set c 0\n\\repeat :n\n\\set n 100\n\\set c :c + 1\n\\endrepeat\n\\outcome :c'),
	outcome(E'\\set c 0\n\\repeat 3\n\\repeat :c + 1\n\\set c :c + 1\n\\endrepeat\n\\endrepeat\n\\outcome :c'),
	outcome(E'\\repeat 0\n\\outcome never\nSELECT 1/0;\n\\endrepeat\n\\repeat 4 / 2.0\n\\outcome after\n\\endrepeat\n\\outcome end'),
	outcome(E'\\set n 0\n\\repeat 5\n\\if :n > 2\nSELECT :n + 1 AS n \\gset\n\\else\n\\repeat 2\nSELECT :n + 1 AS n \\gset\n\\endrepeat\n\\endif\n\\endrepeat\n\\outcome :n');
-- an iteration begins anew with it, also after an error in it
SELECT ct_test(E'\\set c 0\n\\repeat 3\n\\set c :c + 1\n\\repeat 2\n\\if :iteration = 1 and :c = 2\nSELECT 1 / 0;\n\\endif\n\\endrepeat\n\\endrepeat\n\\outcome :c',
	transactions => 2, workers => 1, min_overlap => 0, expected_errors => '{22012=divided}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- what isn't a number of rounds
SELECT outcome(format(E'\\repeat %s\n\\endrepeat\n\\outcome never', rounds), '{"c": 1.5, "many": 1000001, "text": "x", "nothing": null}')
FROM unnest(ARRAY[':c', ':many', ':text', ':nothing', '0 - :many', ':c > 1', ':iteration / 0']) AS rounds;
-- in one transaction, or one for each statement; its statements are counted as any
CREATE TABLE public.regress_hit (n int);
SELECT ct_test(E'\\set a 0\nBEGIN;\n\\repeat 100\nINSERT INTO public.regress_hit VALUES (:iteration);\n\\tally rows 1\n\\outcome said\n\\endrepeat\nROLLBACK;\n'
	'\\repeat :per\nINSERT INTO public.regress_hit VALUES (:iteration);\n\\tally rows 1\n\\sleep 1 us\n\\endrepeat',
	setup => E'\\repeat 2\nINSERT INTO public.regress_hit VALUES (0);\n\\endrepeat', params => '{"per": 150}', workers => 2, transactions => 4, min_overlap => 0,
	checks => ARRAY['SELECT count(*) AS observed FROM public.regress_hit HAVING count(*) <> 602 OR :tally_rows <> 600']) AS id \gset
SELECT verdict, transactions, failed FROM ct_runs WHERE run_id = :id;
SELECT sql, count FROM ct_latencies WHERE run_id = :id AND kind = 'statement' ORDER BY step;
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id;
DROP TABLE public.regress_hit;
-- what is said in one transaction counts as often as it was said
SELECT ct_test(E'BEGIN;\n\\repeat 1000\n\\tally t 2\n\\outcome a\n\\endrepeat\nCOMMIT;', transactions => 2, workers => 1, min_overlap => 0) AS id \gset
SELECT outcome, count, value FROM ct_outcomes JOIN ct_tallies USING (run_id) WHERE run_id = :id;
-- it ends with the run, though no round of it takes time
SELECT ct_test(E'\\repeat 1000000\n\\repeat 1000000\n\\endrepeat\n\\endrepeat', duration => '100 ms', workers => 1) AS id \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :id;

DROP FUNCTION outcome, imported;
