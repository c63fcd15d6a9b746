--
-- repeat => N: the same run several times
--
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
DELETE FROM ct_result;
SELECT ct_create_scenario('regress_repeat', setup => 'CREATE TABLE t (i int)', workers => 2, transactions => 10, min_overlap => 0);
SELECT ct_add_variant('regress_repeat', 'a');
SELECT ct_add_variant('regress_repeat', 'b');
SELECT ct_add_script('regress_repeat', 's', 'INSERT INTO t VALUES (:iteration)');
-- repeats of a run, by their numbers from the first one of all on
CREATE VIEW repeats AS
SELECT run_id - first AS run, repeat_of - first AS repeat_of, scenario, variant, transactions, status FROM ct_runs, (SELECT min(run_id) AS first FROM ct_runs) f;

SELECT ct_run('regress_repeat', repeat => 3) AS run_id \gset
SELECT * FROM repeats ORDER BY run;
SELECT repeat_of = :run_id - 2 AS first FROM ct_runs WHERE run_id = :run_id;
SELECT count(DISTINCT seed) AS seeds FROM ct_runs;
SELECT ct_run('regress_repeat', repeat => 1) AS run_id \gset
SELECT repeat_of FROM ct_runs WHERE run_id = :run_id;
CALL ct_execute('regress_repeat', 'b', repeat => 2, run_id => NULL) \gset
SELECT ct_test('SELECT 1', transactions => 4, min_overlap => 0, workers => 2, repeat => 2) AS run_id \gset
SELECT * FROM repeats WHERE run > 3 ORDER BY run;
SELECT ct_run('regress_repeat', repeat => 0);
SELECT ct_run('regress_repeat', repeat => 1001);
SELECT ct_compare('regress_repeat', repeat => 0);
SELECT ct_start('regress_repeat', repeat => 2);
SELECT ct_wait(ct_start('regress_repeat', repeat => 1));
SELECT ct_compare('regress_repeat', explore => true, repeat => 2);
DELETE FROM ct_result;

-- the first that fails ends it, where it is to raise; else all are run
\set VERBOSITY sqlstate
SELECT ct_run('regress_repeat', repeat => 3, thresholds => '{tps < 0}', raise_on_fail => true) AS run_id;
\set VERBOSITY default
SELECT count(*) FROM ct_runs;
SELECT ct_run('regress_repeat', repeat => 3, thresholds => '{tps < 0}') AS run_id \gset
SELECT verdict, count(*), min(repeat_of) = min(run_id) AS first FROM ct_runs WHERE repeat_of IS NOT NULL AND run_id > :run_id - 3 GROUP BY 1;
DELETE FROM ct_result;

-- thresholds against the baseline: there is none yet, one that is met, and one that is missed
SELECT ct_run('regress_repeat', thresholds => '{vs_baseline.p95_ms < 1.2}') AS run_id \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :run_id;
SELECT check_name, status, target, actual FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';
SELECT ct_set_baseline(:run_id);
SELECT ct_run('regress_repeat', thresholds => '{vs_baseline.p95_ms < 100000, vs_baseline.errors = 1}') AS ok \gset
SELECT verdict FROM ct_runs WHERE run_id = :ok;
SELECT check_name, c.status, target, c.actual::float8 = round((r.p95_ms / b.p95_ms)::numeric, 6) OR
	abs(c.actual::float8 / (r.p95_ms / b.p95_ms) - 1) < 0.01 AS is_ratio
FROM ct_checks c JOIN ct_runs r USING (run_id), ct_runs b WHERE c.run_id = :ok AND check_name = 'vs_baseline.p95_ms' AND b.run_id = :run_id;
SELECT ct_run('regress_repeat', thresholds => '{vs_baseline.tps > 100000}') AS run_id \gset
SELECT verdict, reason ~ 'against run \d+; found at the end' AS told FROM ct_runs WHERE run_id = :run_id;
-- of ct_test, by script and settings
SELECT ct_test('SELECT 1', transactions => 4, checks => '{vs_baseline.mean_ms < 100000}', workers => 1) AS run_id \gset
SELECT verdict FROM ct_runs WHERE run_id = :run_id;
SELECT ct_set_baseline(:run_id);
SELECT ct_test('SELECT 1', transactions => 4, checks => '{vs_baseline.mean_ms < 100000}', workers => 1, seed => 7) AS run_id \gset
SELECT verdict FROM ct_runs WHERE run_id = :run_id;
SELECT ct_test('SELECT 2', transactions => 4, checks => '{vs_baseline.mean_ms < 100000}', workers => 1) AS run_id \gset
SELECT verdict FROM ct_runs WHERE run_id = :run_id;
SELECT ct_run('regress_repeat', thresholds => '{vs_baseline.max_ms < 2}');
SELECT ct_run('regress_repeat', thresholds => '{vs_baseline.p95 < 2}');
SELECT ct_add_threshold('regress_repeat', 'vs_baseline.tps', '>', 0.00001);
SELECT verdict FROM ct_compare('regress_repeat');
SELECT ct_drop_threshold('regress_repeat', 'vs_baseline.tps', '>');
DELETE FROM ct_result;
DELETE FROM ct_baseline;

-- variants take turns; a row of each says what all of its runs came to
SELECT variant, verdict, anomalies, tps > 0 AS tps, retries, failed, errors, cheapest IS NOT NULL AS cheapest FROM ct_compare('regress_repeat', repeat => 3);
SELECT * FROM repeats ORDER BY run;
SELECT max(run_id) AS last FROM ct_runs \gset
SELECT ct_report(:last) ~ 'of 3 runs: ' AS told, ct_report(:last, 'markdown') ~ 'of 3 runs: ' AS told_in_markdown;
DELETE FROM ct_result;
SELECT variant, run_id - min(run_id) OVER () AS run FROM ct_compare('regress_repeat', repeat => 2);
DELETE FROM ct_result;

DROP VIEW repeats;
SELECT ct_drop_scenario('regress_repeat');
