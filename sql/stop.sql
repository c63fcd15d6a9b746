--
-- Runs that end early: ct_stop, stop_on_fail; and the options of a call that
-- are a scenario's elsewhere
--
SET client_min_messages = warning;
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

-- ct_stop: the run is judged by what was seen
SELECT ct_create_scenario('regress_stop', duration => '60 s', min_overlap => 0, workers => 2);
SELECT ct_add_script('regress_stop', 's', E'SELECT 1;\n\\sleep 1 ms');
SELECT ct_add_check('regress_stop', 'one', 'SELECT 1 LIMIT 0');
SELECT ct_start('regress_stop') AS run_id \gset
SELECT ct_stop(:run_id);
SELECT ct_wait(:run_id, '30 s');
SELECT status, verdict IN ('pass', 'inconclusive') AS judged, duration < 30 AS short, reason ~ '; ended early by ct_stop\(\)$' AS told, sqlstate FROM last_run;
-- it has ended; and one that never was
SELECT ct_stop(:run_id);
SELECT ct_stop(NULL);
\echo :SQLSTATE
SELECT ct_stop(9223372036854775807);
\echo :SQLSTATE
-- a number of transactions, workers that sleep for long, and one that waits to be due
SELECT ct_start('regress_stop', transactions => 1000000000) AS run_id \gset
SELECT ct_stop(:run_id), ct_wait(:run_id, '30 s');
SELECT status, verdict IN ('pass', 'inconclusive') AS judged, transactions < 1000000 AS few FROM last_run;
SELECT ct_start('regress_stop', rate => 0.001) AS run_id \gset
SELECT ct_stop(:run_id), ct_wait(:run_id, '30 s');
SELECT status, verdict, transactions FROM last_run;
-- while it is being set up: it ends when it is, its checks are asked
SELECT ct_create_scenario('regress_stop_setup', setup => 'SELECT pg_sleep(0.5); CREATE TABLE t ()', workers => 2,
	duration => '60 s');
SELECT ct_add_script('regress_stop_setup', 's', E'SELECT 1;\n\\sleep 1 ms');
SELECT ct_add_check('regress_stop_setup', 'always', 'SELECT 1 AS observed, 0 AS expected');
SELECT ct_start('regress_stop_setup') AS run_id \gset
SELECT ct_stop(:run_id), ct_wait(:run_id, '30 s');
SELECT status, verdict, reason ~ 'found 1 violation: observed 1, expected 0.*; ended early by ct_stop\(\)$' AS told FROM last_run;
-- stopping and cancelling: whichever, it is cancelled
SELECT ct_start('regress_stop') AS run_id \gset
SELECT ct_stop(:run_id), ct_cancel(:run_id), ct_wait(:run_id, '30 s') IN ('cancelled', 'succeeded') AS ended;

-- for whom ct_cancel is
CREATE ROLE regress_ct_watcher IN ROLE pg_read_all_stats;
CREATE ROLE regress_ct_stranger;
SELECT ct_start('regress_stop') AS run_id \gset
CREATE TABLE regress_run AS SELECT :run_id AS last_value;
GRANT SELECT ON regress_run TO PUBLIC;
SET ROLE regress_ct_watcher;
DO $$ BEGIN PERFORM ct_stop((SELECT last_value FROM public.regress_run)); EXCEPTION WHEN insufficient_privilege THEN RAISE WARNING 'not allowed'; END $$;
SET ROLE regress_ct_stranger;
DO $$ BEGIN PERFORM ct_stop((SELECT last_value FROM public.regress_run)); EXCEPTION WHEN undefined_object THEN RAISE WARNING 'no such run'; END $$;
RESET ROLE;
SELECT ct_stop(:run_id), ct_wait(:run_id, '30 s');
DROP TABLE regress_run;
DROP ROLE regress_ct_watcher, regress_ct_stranger;

-- stop_on_fail: an error that nobody expected
SELECT ct_test(E'SELECT 1 / 0;\n\\sleep 1 ms', workers => 2, duration => '60 s', stop_on_fail => true) AS run_id \gset
SELECT status, verdict, duration < 30 AS short, reason ~ '; ended early by stop_on_fail$' AS told FROM last_run;
-- one that is a matter of thresholds, and one that was expected
SELECT ct_test(E'SELECT 1 / 0;\n\\sleep 1 ms', workers => 1, duration => '1.6 s', stop_on_fail => true, min_overlap => 0,
	checks => ARRAY['errors < 1e9']) AS run_id \gset
SELECT status, duration > 1.5 AS whole, reason ~ 'ended early' AS told FROM last_run;
SELECT ct_test('SELECT 1 / 0', workers => 1, duration => '1.6 s', stop_on_fail => true, min_overlap => 0,
	expected_errors => '{22012=zero}') AS run_id \gset
SELECT status, verdict, duration > 1.5 AS whole, reason ~ 'ended early' AS told FROM last_run;
-- a check that is asked during the run, and one that isn't
SELECT ct_add_check('regress_stop', 'always', 'SELECT 1', during => true);
SELECT ct_run('regress_stop', stop_on_fail => true) AS run_id \gset
SELECT status, verdict, duration < 30 AS short, reason ~ '^check "always" found 1 violation.*; ended early by stop_on_fail$' AS told FROM last_run;
SELECT ct_drop_check('regress_stop', 'always');
SELECT ct_add_check('regress_stop', 'always', 'SELECT 1');
SELECT verdict FROM ct_compare('regress_stop', stop_on_fail => true, duration => '1.6 s');
SELECT status, verdict, duration > 1.5 AS whole, reason ~ 'ended early' AS told FROM last_run;
SELECT ct_drop_check('regress_stop', 'always');
-- thresholds that nothing can mend
DO $$
DECLARE
	threshold text;
	run bigint;
BEGIN
	FOREACH threshold IN ARRAY '{transactions <= 3, transactions = 2, max_ms < 0.0001}'::text[] LOOP
		run := ct_run('regress_stop', stop_on_fail => true, thresholds => ARRAY[threshold]);
		RAISE WARNING '%: %', threshold, (SELECT format('%s, %s', verdict, CASE WHEN reason ~ 'ended early by stop_on_fail' THEN 'early' END)
			FROM ct_runs WHERE run_id = run);
	END LOOP;
END
$$;
-- so are bounds of a tally's largest and smallest amount, and of how many there are
DO $$
DECLARE
	threshold text;
	run bigint;
BEGIN
	FOREACH threshold IN ARRAY '{tally.n.max < 20, tally.n.min > 10, tally.n.count <= 5}'::text[] LOOP
		run := ct_test(E'\\tally n :iteration\n\\sleep 1 ms', workers => 2, duration => '60 s', min_overlap => 0, stop_on_fail => true,
			checks => ARRAY[threshold]);
		RAISE WARNING '%: %', threshold, (SELECT format('%s, %s', verdict, CASE WHEN reason ~ 'ended early by stop_on_fail' THEN 'early' END)
			FROM ct_runs WHERE run_id = run);
	END LOOP;
END
$$;
SELECT ct_test(E'\\tally n 10 * (:iteration % 2) - 5\n\\sleep 1 ms', workers => 1, duration => '1.2 s', min_overlap => 0, stop_on_fail => true,
	checks => '{tally.n < 6,tally.n.mean < 5.1,tally.n.max < 6,tally.n.min > -6}') AS run_id \gset
SELECT verdict, reason ~ 'ended early' AS early FROM last_run;
-- and those that can be met until the end
SELECT ct_run('regress_stop', stop_on_fail => true, duration => '1.6 s',
	thresholds => '{tps > 1e9,transactions > 1e9,transactions <> 5,p50_ms < 0.0001,mean_ms < 0.0001,retries >= 1,errors = 0}') AS run_id \gset
SELECT status, verdict, duration > 1.5 AS whole, reason ~ 'ended early' AS told FROM last_run;
-- without it nothing ends
SELECT ct_run('regress_stop', duration => '1.6 s', thresholds => '{transactions < 1}') AS run_id \gset
SELECT status, verdict, duration > 1.5 AS whole FROM last_run;

-- what a schedule had behind it then isn't said to be too slow
SELECT ct_test('SELECT pg_sleep(0.05); SELECT 1 / 0', rate => 1000, workers => 1, duration => '10 s', min_overlap => 0,
	stop_on_fail => true) AS run_id \gset
SELECT reason ~ '; [0-9]+ transactions of the schedule were not executed; ended early by stop_on_fail$' AS told FROM last_run;

-- retried_errors, besides those of the scenario
SELECT ct_test($$SELECT 1 / (nextval('odd') % 2)$$, 'CREATE SEQUENCE odd MINVALUE 2 START 2', workers => 1, transactions => 10,
	min_overlap => 0, retried_errors => '{division_by_zero}') AS run_id \gset
SELECT status, verdict, transactions, retries FROM last_run;
SELECT sqlstate, handling, count FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_create_scenario('regress_stop', replace => true, setup => 'CREATE SEQUENCE odd MINVALUE 2 START 2',
	transactions => 10, min_overlap => 0, workers => 1, retried_errors => '{23505}');
SELECT ct_add_script('regress_stop', 's', $$SELECT 1 / (nextval('odd') % 2)$$);
SELECT ct_run('regress_stop', retried_errors => '{22012}') AS run_id \gset
SELECT verdict, transactions, retries FROM last_run;
SELECT plan -> 'retried_errors' AS retried FROM ct_result WHERE run_id = :run_id;
SELECT ct_start('regress_stop', retried_errors => '{22012}') AS run_id \gset
SELECT ct_wait(:run_id);
SELECT verdict, transactions, retries FROM last_run;
SELECT verdict, retries FROM ct_compare('regress_stop', retried_errors => '{22012}');
CALL ct_execute('regress_stop', retried_errors => '{22012}', stop_on_fail => true, run_id => NULL) \gset
SELECT verdict, transactions, retries FROM last_run;
SELECT ct_run('regress_stop') AS run_id \gset
SELECT verdict FROM last_run;
SELECT ct_run('regress_stop', retried_errors => '{22012=zero}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', retried_errors => '{devision_by_zero}');
\echo :SQLSTATE

-- ct_test's teardown
SELECT ct_test('INSERT INTO public.regress_left VALUES (1)', 'CREATE TABLE public.regress_left (i int)', workers => 1, transactions => 3,
	min_overlap => 0, checks => ARRAY['SELECT count(*) AS observed, 3 AS expected FROM public.regress_left HAVING count(*) <> 3'],
	teardown => 'DROP TABLE public.regress_left') AS run_id \gset
SELECT verdict, message FROM last_run;
SELECT to_regclass('public.regress_left');
SELECT ct_test('SELECT 1', teardown => 'DROP');
\echo :SQLSTATE

SELECT ct_drop_scenario('regress_stop'), ct_drop_scenario('regress_stop_setup');
DROP VIEW last_run;
