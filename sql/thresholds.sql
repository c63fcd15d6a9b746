--
-- Thresholds: of a script, an outcome, a statement, a tally; every metric
--
SET client_min_messages = warning;
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

-- one script is slow, and one of its outcomes, and one of its statements
SELECT ct_create_scenario('regress_slow', transactions => 40, workers => 2, min_overlap => 0,
	setup => 'CREATE TABLE t AS SELECT generate_series(1, 5) AS i');
SELECT ct_add_script('regress_slow', 'fast', E'SELECT * FROM t;\n\\outcome quick\n\\tally n 2', workers => 1);
SELECT ct_add_script('regress_slow', 'slow', E'SELECT 1;\n\\if :iteration % 4 = 0\n\\sleep 20 ms\n\\outcome late\n\\else\nSELECT pg_sleep(0.002);\n\\outcome soon\n\\endif',
	workers => 1);
SELECT ct_run('regress_slow', thresholds => ARRAY[
	'fast.max_ms < 1e5', 'slow.p50_ms >= 2', 'slow.max_ms >= 20', 'late.p50_ms >= 20', 'late.mean_ms >= 20', 'late.transactions = 10',
	'soon.transactions = 10', 'soon.p50_ms >= 2', 'quick.transactions = 20', 'slow:1.p50_ms < 2', 'slow:6.p50_ms >= 2', 'slow:6.max_ms < 1e5',
	'fast.transactions = 20', 'slow.transactions = 20', 'slow.errors = 0', 'slow.deadlocks = 0', 'fast.serialization_failures = 0',
	'fast.tps > 0', 'late.tps > 0', 'tally.n = 40', 'success_rate = 1', 'fairness = 1', 'anomalies = 0', 'p90_ms >= 2', 'stddev_ms > 0',
	'slow.stddev_ms > 0', 'connect_ms > 0', 'connect_ms < 1e5', 'rows_per_s > 0', 'late.p999_ms < 1e5', 'error_rate = 0']) AS run_id \gset
SELECT check_name, target, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' AND status <> 'pass';
SELECT count(*) FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';
SELECT verdict FROM last_run;
-- the same values as where they can be read; 20 times 5 rows, 20 times one, 10 times another one
SELECT c.check_name, abs(c.actual::float8 - l.p50_ms) < 0.001 AS agrees FROM ct_checks c JOIN ct_latencies l USING (run_id)
WHERE run_id = :run_id AND (check_name, script, step, l.kind) IN
	(('slow.p50_ms', 'slow', 0, 'transaction'), ('slow:6.p50_ms', 'slow', 6, 'statement')) ORDER BY 1;
SELECT round(c.actual::numeric * r.duration::numeric, -1) AS rows FROM ct_checks c JOIN ct_runs r USING (run_id)
WHERE run_id = :run_id AND check_name = 'rows_per_s';
-- a miss is told by its name
SELECT ct_run('regress_slow', thresholds => '{late.p95_ms < 5,slow:6.max_ms < 0.5}') AS run_id \gset
SELECT verdict, reason ~ '^threshold "late.p95_ms < 5" was missed: [0-9.]+; found at the end' AS told FROM last_run;
SELECT check_name, observed::float8 >= 2 AS observed, expected FROM ct_anomalies WHERE run_id = :run_id ORDER BY 1;
-- an expected error is an outcome, with its latency
SELECT ct_test($$SELECT 1 / 0$$, workers => 1, transactions => 5, min_overlap => 0, expected_errors => '{22012=zero}',
	checks => ARRAY['zero.transactions = 5', 'zero.max_ms < 1e4', 'test.transactions = 5']) AS run_id \gset
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
-- what is counted and never came is 0, what is measured and never came meets no threshold
SELECT ct_test(E'SELECT 1;\n\\if false\n\\outcome never\n\\tally none 1\n\\endif', workers => 1, transactions => 5, min_overlap => 0,
	checks => ARRAY['never.transactions = 0', 'never.p50_ms < 1e9', 'never.p50_ms >= 0', 'tally.none = 0']) AS run_id \gset
SELECT check_name, target, actual, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1, 2;
-- numbers are told so that one sees why they miss
SELECT ct_test(E'\\tally bytes 12884901889', workers => 1, transactions => 1, min_overlap => 0,
	checks => ARRAY['tally.bytes < 12884901889', 'tally.bytes.count < 1000001']) AS run_id \gset
SELECT check_name, target, actual, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
-- a tally: its sum, how often, and what was added; of what is rolled back, and what was never said, nothing
SELECT ct_test(E'\\tally max :iteration * 10 - 25\n\\tally max 0.5\nBEGIN;\n\\tally both :iteration\n\\tally both -1\n\\if :iteration = 8\nROLLBACK;\n\\else\nCOMMIT;\n\\endif\n\\if false\n\\tally none 1\n\\endif',
	workers => 2, transactions => 8, min_overlap => 0,
	checks => ARRAY['tally.max = 164', 'tally.max.count = 16', 'tally.max.mean = 10.25', 'tally.max.min = -15', 'tally.max.max = 55',
		'tally.both = 21', 'tally.both.count = 14', 'tally.both.mean = 1.5', 'tally.both.min = -1', 'tally.both.max = 7',
		'tally.none.count = 0', 'tally.none.max < 1e9', 'tally.none.min > -1e9', 'tally.none.mean <> 1']) AS run_id \gset
SELECT check_name, target, actual, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
SELECT tally, value, times, mean, min, max FROM ct_tallies WHERE run_id = :run_id \gx
SELECT reason FROM last_run;
SELECT jsonb_path_query(ct_report(:run_id, 'json')::jsonb, '$.tallies[0]');
-- a label that only the run tells
SELECT ct_test(E'SELECT ''a'' AS l \\gset\n\\outcome :l', workers => 1, transactions => 5, min_overlap => 0,
	checks => ARRAY['a.transactions = 5', 'b.transactions = 0']) AS run_id \gset
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
-- unfair: one worker has the run nearly for itself; unsuccessful
SELECT ct_test(E'\\if :worker_id = 2\n\\sleep 1 s\n\\endif\nSELECT 1;\n\\sleep 1 ms', workers => 2, duration => '500 ms', min_overlap => 0,
	checks => ARRAY['fairness < 0.6', 'fairness >= 0.5']) AS run_id \gset
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
SELECT ct_test('SELECT 1 / (:iteration % 4)', workers => 1, transactions => 8, min_overlap => 0,
	checks => ARRAY['success_rate = 0.75', 'errors <= 2', 'test.errors = 2', 'test.transactions = 6']) AS run_id \gset
SELECT check_name, actual, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
-- rows that the checks returned; the checks decide by themselves all the same
SELECT ct_test('SELECT 1', workers => 1, transactions => 1, min_overlap => 0,
	checks => ARRAY['SELECT generate_series(1, 7)', 'SELECT 1', 'anomalies < 100', 'anomalies = 8']) AS run_id \gset
SELECT verdict FROM last_run;
SELECT check_name, actual, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';

-- definitions: only of what there is, and once
SELECT ct_add_threshold('regress_slow', 'slow.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'late.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'slow:6.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.n', '=', 40);
SELECT ct_add_threshold('regress_slow', 'slo.p95_ms', '<', 1000);
\echo :SQLSTATE
SELECT ct_add_threshold('regress_slow', 'slow.p59_ms', '<', 1000);
\echo :SQLSTATE
SELECT ct_add_threshold('regress_slow', 'slow:2.p95_ms', '<', 1000);
\echo :SQLSTATE
SELECT ct_add_threshold('regress_slow', 'slow:99.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'slow:x.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'slow:.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', '.p95_ms', '<', 1000);
\set VERBOSITY terse
SELECT ct_add_threshold('regress_slow', 'slow.', '<', 1000);
\set VERBOSITY default
SELECT ct_add_threshold('regress_slow', 'late.errors', '<', 1000);
\echo :SQLSTATE
SELECT ct_add_threshold('regress_slow', 'slow:6.tps', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'slow.fairness', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.m', '<', 1000);
\echo :SQLSTATE
SELECT ct_add_threshold('regress_slow', 'tally.m.max', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.n.sum', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.n.p95_ms', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.a.b.max', '<', 1000);
SELECT ct_add_threshold('regress_slow', 'tally.two words', '<', 1000);
SELECT ct_add_threshold('regress_slow', repeat('x', 1000) || '.p95_ms', '<', 1000);
\echo :SQLSTATE
SELECT ct_run('regress_slow', thresholds => '{fats.p95_ms < 1}');
\echo :SQLSTATE
SELECT ct_test('SELECT 1', checks => '{nothing.p95_ms < 1}');
SELECT checks FROM ct_scenarios WHERE name = 'regress_slow';
-- a name that two things have: whichever comes last is refused
SELECT ct_add_script('regress_slow', 'late', 'SELECT 1');
\echo :SQLSTATE
SELECT ct_add_script('regress_slow', 'x', E'SELECT 1;\n\\outcome slow');
SELECT ct_add_variant('regress_slow', 'v', expected_errors => '{22012=slow}');
SELECT ct_add_script('regress_slow', 'slow:6', 'SELECT 1');
SELECT ct_add_script('regress_slow', 'tally', 'SELECT 1');
SELECT ct_drop_threshold('regress_slow', 'late.p95_ms');
SELECT ct_add_script('regress_slow', 'late', 'SELECT 1');
SELECT ct_add_threshold('regress_slow', 'late.p95_ms', '<', 1000);
\echo :SQLSTATE
SELECT ct_run('regress_slow', workers => 3, thresholds => '{late.p95_ms < 1}');
SELECT ct_drop_script('regress_slow', 'late');
-- a script that one variant hasn't
SELECT ct_create_scenario('regress_slow', replace => true, transactions => 4, min_overlap => 0, workers => 1);
SELECT ct_add_variant('regress_slow', 'a');
SELECT ct_add_variant('regress_slow', 'b', expected_errors => '{22012=zero}');
SELECT ct_add_script('regress_slow', 'of a', 'SELECT 1', variant => 'a');
SELECT ct_add_script('regress_slow', 'of_b', 'SELECT 1', variant => 'b');
SELECT ct_add_threshold('regress_slow', 'of_b.p95_ms', '<', 1e6, variant => 'a');
SELECT ct_add_threshold('regress_slow', 'zero.p95_ms', '<', 1e6, variant => 'a');
SELECT ct_add_threshold('regress_slow', 'of a.p95_ms', '<', 1e6, variant => 'a');
SELECT ct_add_threshold('regress_slow', 'of_b.p95_ms', '<', 1e6, variant => 'b');
SELECT ct_add_threshold('regress_slow', 'of_b:1.p95_ms', '<', 1e6);
SELECT variant, verdict FROM ct_compare('regress_slow');
SELECT ct_drop_threshold('regress_slow', 'of_b:1.p95_ms');
SELECT variant, verdict FROM ct_compare('regress_slow', thresholds => '{tps > 0}');
SELECT ct_run('regress_slow', 'a', thresholds => '{"of a.p50_ms < 1e6"}') AS run_id \gset
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;

SELECT ct_drop_scenario('regress_slow');
DROP VIEW last_run;

-- a step that only the first of two scripts of a name has
SELECT ct_create_scenario('regress_steps', workers => 1, transactions => 1, min_overlap => 0);
SELECT ct_add_variant('regress_steps', 'a');
SELECT ct_add_variant('regress_steps', 'b');
SELECT ct_add_script('regress_steps', 's', E'SELECT 1;\nSELECT 2', variant => 'a');
SELECT ct_add_script('regress_steps', 's', 'SELECT 1', variant => 'b');
SELECT ct_add_threshold('regress_steps', 's:2.p95_ms', '<', 1e6, variant => 'a');
SELECT ct_add_threshold('regress_steps', 's:2.p50_ms', '<', 1e6);
SELECT ct_add_threshold('regress_steps', 's:3.p50_ms', '<', 1e6);
SELECT ct_run('regress_steps', 'a') AS run_id \gset
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold' ORDER BY 1;
SELECT ct_drop_scenario('regress_steps');
