-- what ends a run, and what is late
SET client_min_messages = warning;

-- what can't be
SELECT ct_test('SELECT 1', latency_limit => '0');
SELECT ct_test('SELECT 1', max_errors => 0);
SELECT ct_test('SELECT 1', timeout => '-1 s');
SELECT ct_create_scenario('regress_think');
SELECT ct_add_script('regress_think', 'x', 'SELECT 1', think_distribution => 'uniform');
SELECT ct_add_script('regress_think', 'x', 'SELECT 1', think_time => '2 s', think_max => '1 s');
SELECT ct_add_script('regress_think', 'x', 'SELECT 1', think_max => '1 s', think_distribution => 'fixed');
SELECT ct_add_script('regress_think', 'x', 'SELECT 1', think_distribution => 'gaussian');

-- max_errors: so many, and those that were under way
SELECT ct_test('SELECT 1/0', workers => 2, duration => '60 s', max_errors => 5) AS id \gset
SELECT status, verdict, (SELECT sum(count) FROM ct_errors e WHERE e.run_id = r.run_id) BETWEEN 5 AND 6 AS as_many, finished_at - gate_at < '30 s' AS soon,
	reason LIKE '%; ended early by max_errors' AS told
FROM ct_runs r WHERE run_id = :id;
-- those that are expected don't count
SELECT ct_test('SELECT 1/0', workers => 2, transactions => 20, max_errors => 5, expected_errors => '{22012=zero}', min_overlap => 0) AS id \gset
SELECT verdict, transactions, reason FROM ct_runs WHERE run_id = :id;

-- timeout: what was seen is judged
SELECT ct_test('SELECT pg_sleep(0.01)', workers => 2, duration => '60 s', timeout => '1 s', min_overlap => 0) AS id \gset
SELECT status, verdict, transactions > 0 AS some, reason, duration < 30 AS soon FROM ct_runs WHERE run_id = :id;
SELECT check_name, status FROM ct_checks WHERE run_id = :id;
-- where so much was to be done, it wasn't
SELECT ct_test(E'SELECT 1;\n\\if :iteration > 3\nSELECT pg_sleep(60);\n\\endif', workers => 1, transactions => 10, timeout => '2 s', min_overlap => 0) AS id \gset
SELECT status, verdict, reason FROM ct_runs WHERE run_id = :id;
SELECT check_name, kind, status, violations, target, actual FROM ct_checks WHERE run_id = :id ORDER BY position;
SELECT check_name, kind, observed, expected FROM ct_anomalies WHERE run_id = :id;
-- or was
SELECT ct_test('SELECT 1', workers => 1, transactions => 10, timeout => '60 s', min_overlap => 0) AS id \gset
SELECT status, verdict, reason FROM ct_runs WHERE run_id = :id;
SELECT check_name, status, target, actual FROM ct_checks WHERE run_id = :id ORDER BY position;

-- latency_limit: without a schedule, what was late is told
SELECT ct_test('SELECT pg_sleep(CASE WHEN :iteration <= 3 THEN 0.1 ELSE 0 END)', workers => 1, transactions => 6, latency_limit => '90 ms',
	min_overlap => 0, checks => '{late >= 3,skipped = 0}') AS id \gset
SELECT verdict, late >= 3 AS late, skipped FROM ct_runs WHERE run_id = :id;
-- with one, what can't but be late isn't executed: 20 transactions a second are possible at most
SELECT ct_test('SELECT pg_sleep(0.05)', workers => 1, rate => 200, duration => '1 s', latency_limit => '10 ms', min_overlap => 0) AS id \gset
SELECT late = transactions AS all_late, transactions <= 21 AS few, skipped > 100 AS skipped,
	reason ~ 'transactions of the schedule were skipped, late by more than latency_limit before they could begin; \d+ transactions? took longer' AS told
FROM ct_runs WHERE run_id = :id;

-- how long clients think: :iteration's times are the think times, and what little the transaction takes
SELECT ct_create_scenario('regress_think', workers => 1, transactions => 21, min_overlap => 0, replace => true);
SELECT ct_add_script('regress_think', 'fixed', 'INSERT INTO public.thought SELECT clock_timestamp()', think_time => '10 ms', think_distribution => 'fixed');
CREATE TABLE thought (at timestamptz);
SELECT ct_run('regress_think') IS NOT NULL;
SELECT count(*), min(gap) >= '10 ms' AS at_least, percentile_disc(0.2) WITHIN GROUP (ORDER BY gap) < '1 s' AS not_more
FROM (SELECT at - lag(at) OVER (ORDER BY at) AS gap FROM thought) x WHERE gap IS NOT NULL;
TRUNCATE thought;
SELECT ct_drop_script('regress_think', 'fixed');
SELECT ct_add_script('regress_think', 'uniform', 'INSERT INTO public.thought SELECT clock_timestamp()', think_time => '5 ms', think_max => '25 ms');
SELECT ct_run('regress_think', seed => 1) IS NOT NULL;
SELECT count(*), min(gap) >= '5 ms' AS at_least FROM (SELECT at - lag(at) OVER (ORDER BY at) AS gap FROM thought) x WHERE gap IS NOT NULL;
SELECT ct_drop_scenario('regress_think');
DROP TABLE thought;
