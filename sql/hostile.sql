-- What a hostile user, a table's contents or an accident can do to a run, as
-- far as it is the same in every run; the rest is in t/100_ends.pl.
SET client_min_messages = warning;
\set VERBOSITY default

SELECT coalesce(max(run_id), 0) AS before FROM ct_runs \gset
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

--
-- A schema that a run hasn't made isn't its to drop, whatever its name
--
-- the ids begin anew, and a sandbox of that name was kept
SELECT last_value AS next FROM ct_result_run_id_seq \gset
SELECT setval('ct_result_run_id_seq', 1000000000);
CREATE SCHEMA ct_run_1000000001;
CREATE TABLE ct_run_1000000001.precious AS SELECT 42 AS n;
CREATE SCHEMA ct_run_1000000002;
SELECT ct_test('INSERT INTO t VALUES (:iteration)', 'CREATE TABLE t (i int)', transactions => 2, workers => 1);
SELECT run_id, status FROM last_run;
SELECT n FROM ct_run_1000000001.precious;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%' ORDER BY nspname;
-- a run without a sandbox takes any id
SELECT setval('ct_result_run_id_seq', 1000000000);
SELECT ct_test('SELECT 1', transactions => 2, workers => 1);
-- a setup that fails
SELECT setval('ct_result_run_id_seq', 1000000003);
SELECT ct_test('SELECT 1', 'SELECT 1 / 0', transactions => 2, workers => 1);
SELECT n FROM ct_run_1000000001.precious;
-- a role that may not even make a schema
CREATE ROLE regress_hostile LOGIN;
GRANT EXECUTE ON FUNCTION ct_test TO regress_hostile;
ALTER SCHEMA ct_run_1000000001 OWNER TO regress_hostile;
ALTER TABLE ct_run_1000000001.precious OWNER TO regress_hostile;
DELETE FROM ct_result WHERE run_id > 1000000000;
SELECT setval('ct_result_run_id_seq', 1000000000);
CREATE SCHEMA ct_run_1000000003 AUTHORIZATION regress_hostile;
SET ROLE regress_hostile;
SELECT ct_test('SELECT 1', 'CREATE TABLE t (i int)', transactions => 2, workers => 1);
RESET ROLE;
SELECT run_id, role, status, sqlstate FROM last_run;
SELECT n FROM ct_run_1000000001.precious;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%' ORDER BY nspname;
-- nor is it when somebody puts one of the same name in the sandbox's place
SELECT ct_test('SELECT 1', $$
	DROP SCHEMA ct_run_:run_id;
	CREATE SCHEMA ct_run_:run_id;
	CREATE TABLE ct_run_:run_id.precious AS SELECT 43 AS n;
$$, transactions => 2, workers => 1) AS run_id \gset
SELECT format('ct_run_%s', :run_id) AS sandbox \gset
SELECT n FROM :sandbox.precious;
DROP SCHEMA :sandbox, ct_run_1000000001, ct_run_1000000002, ct_run_1000000003 CASCADE;
DELETE FROM ct_result WHERE run_id > 1000000000;
SELECT setval('ct_result_run_id_seq', 1000000100) > 0 AS known;
DROP OWNED BY regress_hostile;
DROP ROLE regress_hostile;

--
-- A failing teardown changes nothing of what was found
--
SELECT ct_create_scenario('hostile', setup => 'CREATE TABLE t (i int)', teardown => 'DROP TABLE t; SELECT 1 / 0', transactions => 4, workers => 1);
SELECT ct_add_script('hostile', 'fill', 'INSERT INTO t VALUES (:iteration)');
SELECT ct_add_check('hostile', 'four', 'SELECT count(*) FROM t HAVING count(*) <> 4');
SELECT ct_run('hostile', min_overlap => 0) > 0 AS ran;
SELECT status, verdict, sqlstate, message, warnings, kept_sandbox FROM last_run;
SELECT ct_drop_scenario('hostile');
SELECT ct_create_scenario('hostile', setup => 'CREATE TABLE t (i int)', teardown => 'BEGIN; SELECT * FROM nowhere', transactions => 4, workers => 1);
SELECT ct_add_script('hostile', 'fill', 'INSERT INTO t VALUES (:iteration)');
SELECT ct_add_check('hostile', 'none', 'SELECT count(*) AS observed FROM t HAVING count(*) > 0');
SELECT ct_run('hostile') > 0 AS ran;
SELECT status, verdict, sqlstate, message, warnings FROM last_run;
SELECT ct_drop_scenario('hostile');
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

--
-- Results that can't be recorded
--
SELECT ct_test($$
	\if :iteration = 1
		\tally sum double(1) / 0
	\elif :iteration = 2
		\tally sum sqrt(-1)
	\else
		\tally sum 1.5
	\endif
$$, transactions => 4, workers => 1) > 0 AS ran;
SELECT status, verdict, transactions, failed FROM last_run;
SELECT sqlstate, count, first_message FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run) ORDER BY sqlstate;
SELECT tally, value FROM ct_tallies WHERE run_id = (SELECT run_id FROM last_run);

-- finite amounts whose sum is infinite, or none: the variable is a number all the same
SELECT ct_test($$
	\set sign :worker_id * 2 - 3
	\tally nan 1.7e308 * :sign
	\tally nan 1.7e308 * :sign
	\tally infinite 1.7e308
	SELECT pg_sleep(0.01)
$$, transactions => 20, workers => 2, min_overlap => 0, checks => ARRAY['SELECT :tally_nan AS observed, :tally_infinite AS expected',
	'SELECT :tally_infinite > 5 AS observed', 'SELECT 1 WHERE NOT :tally_infinite > 7', 'SELECT 1 WHERE :tally_nan < 0']) > 0 AS ran;
SELECT status, verdict, transactions, message FROM last_run;
SELECT tally, value FROM ct_tallies WHERE run_id = (SELECT run_id FROM last_run) ORDER BY tally;
SELECT check_name, observed, expected FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run);
SELECT jsonb_agg(t - '{min,max}'::text[]) AS tallies FROM last_run, jsonb_array_elements(ct_report(run_id, 'json')::jsonb -> 'tallies') t;

-- evidence without a bound is cut, and that is told; other columns stay what they are
SELECT ct_test('SELECT 1', transactions => 2, workers => 1, checks => ARRAY[
	$$SELECT repeat(chr(8364), 10000) AS observed, repeat('y', 3000000) AS expected, g AS n, '{1,2}'::int[] AS a, NULL AS z FROM generate_series(1, 12) g$$,
	$$SELECT 'as it is' AS observed, 2.50 AS n, '{1,2}'::int[] AS a, '{"b": [1]}'::jsonb AS j, NULL AS z, 1 AS ct_v, 2 AS ct_e$$,
	$$SELECT repeat('o', 3000) AS observed, 1 AS n$$,
	$$SELECT string_agg('"x":"' || g || '"', ',') AS observed, $$ || (SELECT string_agg(format('repeat(''%s'', 900) AS c%s', g % 10, g), ',') FROM generate_series(1, 100) g) || $$ FROM generate_series(1, 3) g$$]) > 0 AS ran;
SELECT check_name, count(*), max(ltrim(observed, chr(8364) || 'o')) AS observed, max(ltrim(expected, 'y')) AS expected, max(length(observed)) AS length,
	max(evidence ->> 'n') AS n, max(evidence ->> 'a') AS a, max(evidence ->> 'z') AS z, max(length(evidence::text)) < 20000 AS bounded
FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run) AND check_name ~ '^check' GROUP BY check_name ORDER BY check_name;
SELECT evidence FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run) AND check_name = 'check_2';
SELECT verdict, length(reason) < 3000 AS bounded, warnings FROM last_run;
SELECT length(ct_report(run_id, 'json')) > 0 AS reported, length(ct_report(run_id)) > 0 AS reported FROM last_run;
-- and so is all of it together
SELECT ct_test('SELECT 1', transactions => 2, workers => 1, checks =>
	ARRAY(SELECT format($$SELECT repeat('%s', 15000) AS x FROM generate_series(1, 20)$$, g % 10) FROM generate_series(1, 9) g)) > 0 AS ran;
SELECT count(*), count(evidence), sum(length(evidence::text)) < 1024 * 1024 AS bounded FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run);
SELECT anomalies, warnings FROM last_run;
-- statements and messages
SELECT ct_test('SELECT 1/0, ''' || repeat('x', 100000) || '''; SELECT ''' || repeat('y', 100000) || '''', transactions => 2, workers => 1) > 0 AS ran;
SELECT max(length(evidence::text)) < 2000 AS evidence FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_test('SELECT ''' || repeat('y', 100000) || '''', transactions => 2, workers => 1) > 0 AS ran;
SELECT right(sql, 35) AS statement, length(sql) FROM ct_latencies WHERE run_id = (SELECT run_id FROM last_run) AND kind = 'statement';
DO $$ BEGIN PERFORM ct_test('SELECT 1', format('DO %L', format('BEGIN RAISE EXCEPTION %L; END', repeat('z', 100000))), transactions => 1);
EXCEPTION WHEN raise_exception THEN END $$;
SELECT right(message, 35) AS message, length(message) FROM last_run;

--
-- More than there is: memory and workers
--
SELECT ct_test(repeat('SELECT 1;', 12000), transactions => 6, workers => current_setting('max_worker_processes')::int - 2);
\echo :SQLSTATE
SELECT ct_test('SELECT 1', workers => 1000, duration => '1 h');
\echo :SQLSTATE

--
-- COPY has no client to talk to
--
SELECT ct_test('COPY pg_am TO STDOUT', transactions => 2, workers => 1);
\echo :SQLSTATE
SELECT ct_test('COPY (SELECT 1) TO STDOUT', transactions => 2, workers => 1);
SELECT ct_test('COPY t FROM STDIN', 'CREATE TABLE t (i int)', transactions => 2, workers => 1);
\echo :SQLSTATE
SELECT ct_test('SELECT 1 \; COPY pg_am TO STDOUT', transactions => 2, workers => 1);
SELECT ct_test('\set n 1' || chr(10) || 'COPY (SELECT :n) TO STDOUT', transactions => 2, workers => 1);
SELECT ct_test('BEGIN; COPY pg_am TO STDOUT; COMMIT;', transactions => 2, workers => 1);
SELECT ct_test('SELECT 1', 'COPY pg_am TO STDOUT', transactions => 2, workers => 1);
\echo :SQLSTATE
SELECT ct_test('SELECT 1', 'CREATE TABLE t (i int); COPY t FROM STDIN', transactions => 2, workers => 1);
SELECT ct_test('SELECT 1', checks => '{COPY pg_am TO STDOUT}', transactions => 2, workers => 1);
-- files are the role's matter
SELECT ct_test($$ COPY t FROM PROGRAM 'echo 7' $$, 'CREATE TABLE t (i int)',
	'{SELECT sum(i) FROM t HAVING sum(i) <> 14}', transactions => 2, workers => 1) > 0 AS ran;
SELECT status, transactions, failed, anomalies FROM last_run;
SELECT ct_test($$ COPY t FROM '/nowhere/to/be/found' $$, 'CREATE TABLE t (i int)', transactions => 2, workers => 1) > 0 AS ran;
SELECT sqlstate, count FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run);

--
-- The sandbox stays in front
--
CREATE TABLE public.account (who text);
INSERT INTO public.account VALUES ('somebody');
SELECT ct_test($$ RESET ALL; DELETE FROM account; INSERT INTO account VALUES ('reset'); $$, 'CREATE TABLE account (who text)',
	ARRAY['SELECT * FROM account WHERE who <> ''reset'''], transactions => 4, workers => 2) > 0 AS ran;
SELECT status, transactions, failed, anomalies FROM last_run;
SELECT ct_test($$ DISCARD ALL; DELETE FROM account; INSERT INTO account VALUES ('discard'); $$, 'CREATE TABLE account (who text)',
	ARRAY['SELECT * FROM account WHERE who <> ''discard'''], transactions => 4, workers => 2) > 0 AS ran;
SELECT status, transactions, failed, anomalies FROM last_run;
SELECT ct_test($$ RESET search_path; DELETE FROM account $$, 'RESET ALL; CREATE TABLE account (who text)', transactions => 2, workers => 1) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
-- setup's path isn't the checks'
SELECT ct_test('INSERT INTO account VALUES (:iteration)', 'CREATE TABLE account (who text); SET search_path = public',
	ARRAY['SELECT who AS observed FROM account ORDER BY who'], transactions => 2, workers => 1) > 0 AS ran;
SELECT observed FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run) AND check_name = 'check_1';
SELECT * FROM public.account;
DROP TABLE public.account;
-- RESET ALL comes back to the run's isolation, too
SELECT ct_test($$ RESET ALL; SHOW transaction_isolation \gset
	\outcome :transaction_isolation
$$, isolation => 'repeatable read', transactions => 2, workers => 1) > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);

--
-- A text from a table never becomes SQL
--
CREATE TABLE public.victim (i int);
INSERT INTO public.victim VALUES (1), (2), (3);
CREATE TABLE public.says (id serial, msg text);
INSERT INTO public.says (msg) VALUES
	('1; DELETE FROM public.victim'), ('victim; DELETE FROM public.victim; --'), ('(DELETE FROM public.victim)'),
	('victim'), ('public.victim'), ('m'), ('3'), ('-3.5e0'), (''), (' '), ('x''); DELETE FROM public.victim; --'),
	('x\''; DELETE FROM public.victim; --'), ('$$'), ('$1'), ('a.$$'), ('--'), ('/*'), ('"victim"'), ('1 OR true'), ('now()'), ('0x1F'), ('-'), ('.');
-- what becomes of each, in a place where a value, a name, a utility's argument is expected
CREATE FUNCTION tried(script text) RETURNS TABLE (msg text, became text, victims bigint) LANGUAGE plpgsql AS $$
DECLARE
	text says;
	run bigint;
BEGIN
	FOR text IN SELECT * FROM says ORDER BY id LOOP
		msg := text.msg;
		BEGIN
			run := ct_test(format(E'SELECT msg FROM says WHERE id = %s \\gset\n%s', text.id, script), transactions => 1, workers => 1);
			became := coalesce((SELECT string_agg(o.outcome, ' ') FROM ct_outcomes o WHERE o.run_id = run),
				(SELECT string_agg(e.sqlstate, ' ') FROM ct_errors e WHERE e.run_id = run), 'done');
		EXCEPTION WHEN OTHERS THEN
			became := 'refused ' || SQLSTATE;
		END;
		victims := (SELECT count(*) FROM victim);
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM tried($$ SELECT - :msg AS result \gset
\outcome :result $$);
SELECT * FROM tried($$ SELECT count(*) AS result FROM victi:msg \gset
\outcome :result $$);
SELECT * FROM tried($$ SET ct.text = :msg;
SELECT current_setting('ct.text') AS result \gset
\outcome :result $$);
DROP FUNCTION tried;
-- a minus before a negative number begins no comment
SELECT ct_test($$
	\set n -1
	SELECT 'm' AS m \gset
	DELETE FROM victi:m WHERE i = i-:n AND false;
$$, transactions => 1, workers => 1) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT count(*) FROM public.victim;
-- numbers and names in the places of names
SELECT ct_test($$
	\set n 1
	SELECT 'victim' AS t, 'i' AS c, 'm' AS m \gset
	CREATE TABLE t:n AS SELECT v.:c FROM public.:t AS v;
	SELECT max(i) AS most FROM t:n JOIN victi:m USING (i) WHERE i > :n \gset
	\outcome :most
$$, 'SELECT 1', transactions => 1, workers => 1) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT outcome FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
DROP TABLE public.says, public.victim;

--
-- Characters of several bytes are not cut in half
--
SELECT ct_test(format($$ DO 'BEGIN RAISE EXCEPTION ''%s''; END' $$, repeat(chr(8364), 30000)), transactions => 2, workers => 1) > 0 AS ran;
SELECT replace(first_message, chr(8364), '') AS rest, length(first_message) BETWEEN 10000 AND 22000 AS cut, octet_length(context) < 9000 AS context
	FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_test(format($$ DO 'BEGIN RAISE EXCEPTION ''x%s''; END' $$, repeat(chr(8364), 30000)), transactions => 2, workers => 1) > 0 AS ran;
SELECT replace(first_message, chr(8364), '') AS rest, length(first_message) BETWEEN 10000 AND 22000 AS cut, octet_length(context) < 9000 AS context
	FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_test(format($$ SELECT '%s' AS m \gset
	\outcome :m
$$, 'xx' || repeat(chr(8364), 100)), transactions => 3, workers => 1) > 0 AS ran;
SELECT rtrim(outcome, chr(8364)) AS rest, octet_length(outcome), count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
SELECT length(ct_report(run_id)) > 0 AS reported FROM last_run;
-- in an error that ends the run, too
DO $$ BEGIN PERFORM ct_test('SELECT 1', format('DO %L', format('BEGIN RAISE EXCEPTION %L; END', 'x' || repeat(chr(8364), 1000))), transactions => 1);
EXCEPTION WHEN raise_exception THEN RAISE WARNING '% %', rtrim(SQLERRM, chr(8364)), length(SQLERRM) > 50; END $$;
SELECT rtrim(message, chr(8364)) AS rest FROM last_run;

--
-- Waits, conflicts and errors are counted as what they are
--
-- a wait that ends in an error
SELECT ct_test($$
	\if :worker_id = 1
		BEGIN;
		SELECT pg_advisory_xact_lock(4712);
		\barrier locked
		SELECT pg_sleep(2);
		COMMIT;
	\else
		SET lock_timeout = '20ms';
		\barrier locked
		SELECT pg_advisory_xact_lock(4712);
	\endif
$$, transactions => 2, workers => 2, expected_errors => '{lock_not_available=waited}') > 0 AS ran;
SELECT status, failed, waited FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
-- a conflict that isn't tried again, with nobody else about
SELECT ct_test($$ DO 'BEGIN RAISE serialization_failure; END' $$, transactions => 5, workers => 1, max_tries => 1) > 0 AS ran;
SELECT failed, retries, contended FROM last_run;
-- more kinds of errors than are told apart: those that nobody expected still fail the run
SELECT ct_test($$ SELECT raise_kind(:iteration) $$, $$
	CREATE FUNCTION raise_kind(i int) RETURNS void LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''kind %'', i USING ERRCODE = CASE WHEN i <= 40 THEN format(''EX%s'', lpad(i::text, 3, ''0'')) WHEN i <= 80 THEN ''P0001'' ELSE ''UNX01'' END; END'
$$, transactions => 81, workers => 1,
	expected_errors => (SELECT array_agg(format('EX%s=expected', lpad(i::text, 3, '0'))) || '{P0001=raised}' FROM generate_series(1, 40) i)) > 0 AS ran;
SELECT status, verdict, transactions, failed FROM last_run;
SELECT handling, count(*), sum(count), max(count) FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run) GROUP BY handling ORDER BY handling;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run) ORDER BY outcome;
SELECT check_name, status, violations FROM ct_checks WHERE run_id = (SELECT run_id FROM last_run);

--
-- What a script has very many of takes time that grows as they do
--
SET statement_timeout = '60s';
SELECT ct_test('SELECT 1;' || string_agg(E'\n\\barrier b' || i % 16, ''), transactions => 1, workers => 1) > 0 AS ran
	FROM generate_series(1, 50000) i;
RESET statement_timeout;

-- nothing is left
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';
SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%';
SELECT count(*) FROM ct_runs WHERE status IN ('starting', 'running', 'crashed');
DROP VIEW last_run;
SELECT ct_prune('0') > 0 AS pruned;
SELECT setval('ct_result_run_id_seq', :next) > 0 AS back;
