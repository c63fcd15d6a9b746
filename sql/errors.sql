-- What becomes of an error that ends a transaction: an outcome where it was
-- named, a failure, or the script's own fault.

\set VERBOSITY terse
SET client_min_messages = warning;
CREATE TEMP VIEW last_run AS
	SELECT *, regexp_replace(reason, '[0-9.]+ s after', 'N s after') AS why FROM ct_runs ORDER BY run_id DESC LIMIT 1;
CREATE TEMP VIEW last_errors AS
	SELECT e.script, e.step, e.line, e.sqlstate, e.handling, e.count, e.first_message, e.statement
	FROM ct_errors e JOIN last_run r USING (run_id);
CREATE TEMP VIEW full_errors AS
	SELECT e.* FROM ct_errors e JOIN last_run r USING (run_id);

--
-- 40001 and 40P01
--
-- after the last try they fail the run as any other error does
SELECT ct_test($$
SELECT 1;
DO 'BEGIN RAISE deadlock_detected; END';
$$, transactions => 4, workers => 1, max_tries => 3, min_overlap => 0) > 0 AS ran;
SELECT status, verdict, transactions, failed, retries, anomalies FROM last_run;
SELECT why FROM last_run;
SELECT * FROM last_errors;
SELECT check_name, kind, observed, expected, evidence,
	first_seen BETWEEN (SELECT gate_at FROM last_run) AND (SELECT finished_at FROM last_run) AS seen
	FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run);
-- unless a threshold says how many may
SELECT ct_test($$ DO 'BEGIN RAISE deadlock_detected; END' $$, transactions => 4, workers => 1, max_tries => 1,
	min_overlap => 0, checks => '{error_rate <= 1}') > 0 AS ran;
SELECT check_name, status FROM ct_checks WHERE run_id = (SELECT run_id FROM last_run);
-- which one that bounds from below doesn't
SELECT ct_test($$ DO 'BEGIN RAISE deadlock_detected; END' $$, transactions => 4, workers => 1, max_tries => 1,
	min_overlap => 0, checks => '{failed >= 0, failed <> 1}') > 0 AS ran;
SELECT check_name, status FROM ct_checks WHERE run_id = (SELECT run_id FROM last_run);
-- expected, they are outcomes and not retried
SELECT ct_test($$ DO 'BEGIN RAISE deadlock_detected; END' $$, transactions => 4, workers => 1, min_overlap => 0,
	expected_errors => '{40P01=deadlock}') > 0 AS ran;
SELECT status, verdict, transactions, failed, retries FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
SELECT * FROM last_errors;
-- retried by name and expected: an outcome after the last try
SELECT ct_create_scenario('regress_both', transactions => 2, workers => 1, min_overlap => 0, max_tries => 3,
	expected_errors => '{serialization_failure=refused, 23505=taken}', retried_errors => '{40001, 23505}');
SELECT ct_add_script('regress_both', 'refused', $$ DO 'BEGIN RAISE serialization_failure; END' $$);
SELECT ct_run('regress_both') > 0 AS ran;
SELECT status, verdict, transactions, failed, retries FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
SELECT sqlstate, handling, count FROM last_errors;
SELECT ct_drop_scenario('regress_both');
-- a pass says what was retried, and what would forbid it
SELECT ct_test($$
SELECT nextval('tries') AS n \gset
\if :n <= 3
DO 'BEGIN RAISE deadlock_detected; END';
\elif :n = 4
DO 'BEGIN RAISE serialization_failure; END';
\endif
$$, setup => 'CREATE SEQUENCE tries', transactions => 6, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT verdict, retries, substring(why FROM ';[^;]*deadlock.*') AS retried FROM last_run;
SELECT ct_test($$
SELECT nextval('tries') AS n \gset
\if :n = 1
DO 'BEGIN RAISE deadlock_detected; END';
\endif
$$, setup => 'CREATE SEQUENCE tries', transactions => 6, workers => 1, min_overlap => 0,
	checks => '{deadlocks < 2}') > 0 AS ran;
SELECT verdict, retries, substring(why FROM ';[^;]*deadlock.*') AS retried FROM last_run;

--
-- Errors by which a script may be wrong in itself
--
-- it is, where nobody comes past the place; the error is counted all the same
SELECT ct_test($$
SELECT 1;
SELECT nope
	FROM pg_class;
$$, workers => 2, duration => '100 s') > 0 AS ran;
SELECT status, verdict, sqlstate, message FROM last_run;
SELECT script, step, line, sqlstate, handling, count > 0 AS counted, first_message, statement FROM last_errors;
-- in a command that is no SQL, and at the end
SELECT ct_test(E'SELECT 1;\n\\set x :nope + 1', workers => 2, duration => '100 s') > 0 AS ran;
SELECT message FROM last_run;
SELECT ct_test('BEGIN', workers => 2, duration => '100 s') > 0 AS ran;
SELECT message FROM last_run;
SELECT step, line, sqlstate, statement FROM last_errors;
-- one of two scripts, one of two branches: the others' successes don't excuse it
SELECT ct_create_scenario('regress_wrong', transactions => 40, workers => 2, min_overlap => 0);
SELECT ct_add_variant('regress_wrong', 'script');
SELECT ct_add_variant('regress_wrong', 'branch');
SELECT ct_add_variant('regress_wrong', 'setup', setup => E'SELECT 1;\nSELECT * FROM nowhere;');
SELECT ct_add_script('regress_wrong', 'good', $$ SELECT 1 $$);
SELECT ct_add_script('regress_wrong', 'wrong', 'SELECT * FROM nowhere', variant => 'script');
SELECT ct_add_script('regress_wrong', 'wrong', E'\\if :iteration > 20\nSELECT * FROM nowhere;\n\\endif', variant => 'branch');
SELECT ct_run('regress_wrong', 'script', seed => 1) > 0 AS ran;
SELECT status, message FROM last_run;
SELECT ct_run('regress_wrong', 'branch', seed => 1) > 0 AS ran;
SELECT status, message FROM last_run;
-- and doesn't keep the run going
SELECT ct_run('regress_wrong', 'script', seed => 1, duration => '100 s') > 0 AS ran;
SELECT status, message, finished_at - started_at < interval '50 s' AS soon FROM last_run;
-- ct_compare tells where, and goes on
SELECT max(run_id) AS before FROM ct_runs \gset
\set VERBOSITY default
SELECT format('ALTER SEQUENCE %s RESTART WITH 800001', pg_get_serial_sequence('ct_result', 'run_id')) \gexec
SELECT variant, verdict FROM ct_compare('regress_wrong', seed => 1);
SELECT setval(pg_get_serial_sequence('ct_result', 'run_id'), :before + 100) > 0 AS back;
\set VERBOSITY terse
DELETE FROM ct_result WHERE run_id BETWEEN 800001 AND 800003;
SELECT ct_drop_scenario('regress_wrong');
-- it isn't, where somebody comes past it: not even if that is later, and somebody else
SELECT ct_test($$
\if :worker_id = 1
\barrier the_other_has_ended
CREATE TABLE late (i int);
\endif
SELECT * FROM late;
$$, setup => 'SELECT 1', workers => 2, transactions => 2, min_overlap => 0) > 0 AS ran;
SELECT status, verdict FROM last_run;
SELECT why FROM last_run;
SELECT * FROM last_errors;
-- nor where a change of somebody else's is what makes it fail
SELECT ct_test($$
SELECT * FROM t;
\if :iteration = 3
ALTER TABLE t RENAME TO u;
\endif
$$, setup => 'CREATE TABLE t (i int)', workers => 2, transactions => 20, min_overlap => 0) > 0 AS ran;
SELECT status, verdict, failed > 0 AS failed FROM last_run;
SELECT step, line, sqlstate, handling, first_message FROM last_errors;
-- nor one that was expected there
SELECT ct_test($$
\if :iteration = 1
CREATE TABLE t (i int);
\elif :iteration = 2
CREATE TABLE u (i int) WITH (fillfactor = 1000);
\endif
$$, setup => 'CREATE TABLE t (i int)', workers => 1, transactions => 4, min_overlap => 0,
	expected_errors => '{duplicate_table, 22023}') > 0 AS ran;
SELECT status, verdict, failed FROM last_run;
SELECT step, sqlstate, handling FROM last_errors ORDER BY step;

--
-- The first failing statement is named, cut where it is long
--
SELECT ct_test('SELECT 1 / (:iteration % 2),' || repeat(E'\n\t''long text''::text,', 40) || ' 1', transactions => 4, workers => 1,
	min_overlap => 0) > 0 AS ran;
SELECT why FROM last_run;
SELECT length(statement) FROM last_errors;
-- also where a threshold says how many errors there may be
SELECT ct_test(E'SELECT 1;\nDO ''BEGIN RAISE deadlock_detected; END''', transactions => 4, workers => 1, max_tries => 1,
	min_overlap => 0, checks => '{failed < 3, deadlocks < 9, retries = 0, tps > 1e9}') > 0 AS ran;
SELECT why FROM last_run;
SELECT check_name, observed, evidence FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run) AND check_name = 'failed';

--
-- What an error says is there in full
--
SELECT ct_test($$ SELECT refuse(:iteration) $$, $$
	CREATE FUNCTION refuse(n bigint) RETURNS void LANGUAGE plpgsql AS $f$
	BEGIN
		RAISE EXCEPTION 'no seat is left for %', n
			USING DETAIL = 'All are sold.' || E'\n' || 'The last one was number 12.', HINT = 'Come back tomorrow.';
	END $f$
$$, transactions => 3, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT count, first_message, detail, hint, context FROM full_errors;
SELECT substring(ct_report(run_id) FROM 'Details of errors.*') AS report FROM last_run;
SELECT jsonb_pretty((ct_report(run_id, 'json')::jsonb #> '{errors,0}') - 'first_seen') AS json FROM last_run;
-- what has none has none
SELECT ct_test('SELECT 1 / 0', transactions => 1, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT count, first_message, detail, hint, context FROM full_errors;
SELECT ct_report(run_id) ~ 'Details of errors' AS told FROM last_run;
-- it may be long, and is cut where it is very long, with a mark; a hint stays
SELECT ct_test($$ DO 'BEGIN RAISE EXCEPTION USING MESSAGE = repeat(''m'', 50000), DETAIL = repeat(''d'', 10000); END' $$,
	transactions => 2, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT first_message = repeat('m', 50000) AS message, detail = repeat('d', 10000) AS detail, hint, context FROM full_errors;
SELECT ct_test($$ DO 'BEGIN RAISE EXCEPTION USING MESSAGE = ''x'' || repeat(chr(8364), 100000), HINT = ''None.''; END' $$,
	transactions => 2, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT ltrim(first_message, 'x' || chr(8364)) AS message, octet_length(first_message) BETWEEN 60000 AND 65536 AS long,
	hint, context FROM full_errors;
SELECT warnings FROM last_run;
SELECT octet_length(reason) < 1000 AS reason,
	(SELECT octet_length(observed) < 1000 FROM ct_anomalies a WHERE a.run_id = r.run_id) AS observed FROM last_run r;
-- the first one of its kind, be it of another worker's, with its place
SELECT ct_test($$
\if :worker_id = 2
\barrier later
SELECT refuse('second');
\else
SELECT 1;
SELECT refuse('first');
\endif
$$, $$
	CREATE FUNCTION refuse(who text) RETURNS void LANGUAGE plpgsql AS
	'BEGIN RAISE EXCEPTION ''%'', who USING DETAIL = ''detail of the '' || who; END'
$$, transactions => 2, workers => 2, min_overlap => 0) > 0 AS ran;
SELECT step, count, first_message, detail, statement FROM full_errors;
