--
-- Many scenarios in one call: ct_run_all.  t/195_suite.pl ends it in the middle, and takes its slots.
--
SET client_min_messages = warning;
SELECT ct_create_scenario('suite_good', category => 'suite', workers => 2, transactions => 40, min_overlap => 0,
	setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', params => '{"from": 0}');
SELECT ct_add_script('suite_good', 'one', 'UPDATE t SET i = i + 1');
SELECT ct_add_check('suite_good', 'none_lost', 'SELECT i FROM t WHERE i <> :transactions');
SELECT ct_add_variant('suite_good', 'said nothing');
SELECT ct_add_variant('suite_good', 'passes', expected_verdict => 'pass');
SELECT ct_add_variant('suite_good', 'fails', setup => 'UPDATE t SET i = 1', expected_verdict => 'fail');
SELECT ct_add_variant('suite_good', 'should fail', expected_verdict => 'fail');
SELECT ct_add_variant('suite_good', 'should pass', setup => 'UPDATE t SET i = 1', expected_verdict => 'pass');
-- what can't be run: before it is begun, in its setup, in its script
SELECT ct_create_scenario('suite_empty', category => 'suite');
SELECT ct_create_scenario('suite_bad', category => 'suite', workers => 2, transactions => 40, min_overlap => 0);
SELECT ct_add_script('suite_bad', 'one', 'SELECT no_such_column');
SELECT ct_add_variant('suite_bad', 'setup', setup => 'SELECT 1/0');
SELECT ct_add_variant('suite_bad', 'script', expected_verdict => 'fail');
SELECT ct_create_scenario('suite_other', workers => 2, transactions => 40, min_overlap => 0);
SELECT ct_add_script('suite_other', 'one', 'SELECT 1');

CREATE TEMP TABLE suite AS SELECT * FROM ct_run_all('suite');
SELECT scenario, variant, expected_verdict, verdict, as_expected, run_id IS NOT NULL AS recorded, anomalies, tps > 0 AS measured FROM suite;
SELECT scenario, variant, reason FROM suite WHERE verdict IN ('fail', 'failed') AND NOT as_expected;
-- the runs that were refused are among the others
SELECT scenario, variant, status, r.verdict, sqlstate, message, r.expected_verdict FROM ct_runs r JOIN suite USING (run_id, scenario, variant) WHERE status <> 'succeeded' ORDER BY run_id;
SELECT total, passed, failed, inconclusive, unjudged, success_rate, ok FROM ct_summary(ARRAY(SELECT run_id FROM suite));
SELECT ok FROM ct_summary(ARRAY(SELECT run_id FROM suite WHERE as_expected));
SELECT regexp_replace(line, 'run \d+: (.*no anomaly|).*', 'run N: \1') AS line FROM string_to_table(ct_report(ARRAY(SELECT run_id FROM suite), 'tap'), E'\n') AS line WHERE line ~ '^(ok|not ok|1\.\.|#   run .*expected)|as expected';
SELECT ct_ok(run_id) FROM suite WHERE expected_verdict = 'fail' AND as_expected;
SELECT ct_ok(run_id, 'it is found') ~ E'^not ok - it is found\n#   run \\d+: pass, but fail was expected: no anomaly' AS told FROM suite WHERE variant = 'should fail';
SELECT wrong, count(*) FROM suite, LATERAL (SELECT count(*) AS wrong FROM regexp_matches(ct_report(run_id, 'junit'), '<(failure|error) ', 'g')) AS m
	WHERE as_expected = (wrong = 0) GROUP BY 1 ORDER BY 1;

-- of a list, in its order, each once; of a list and a category; all of one's own
SELECT DISTINCT ON (scenario) row_number() OVER (), scenario FROM ct_run_all(scenarios => '{suite_other,suite_empty,suite_other}') ORDER BY scenario;
SELECT scenario, variant FROM ct_run_all('suite', '{suite_other,suite_empty}');
SELECT DISTINCT scenario FROM ct_run_all(transactions => 5) WHERE scenario ~ '^suite' ORDER BY 1;
-- options are of all: who can't take them isn't run
SELECT scenario, verdict, split_part(reason, ' in ', 1) ~ '^no anomaly' AS well, substring(reason FROM 'scenario.*') AS reason FROM ct_run_all(scenarios => '{suite_other,suite_good}', params => '{"from": 1}', thresholds => '{tps > 0}') WHERE reason !~ 'violation';
SELECT scenario, verdict FROM ct_run_all(scenarios => '{suite_other}', explore => true);
SELECT count(*), count(DISTINCT reason) FROM ct_run_all('suite', transactions => 1, duration => '1 s');

-- it raises at the end, or where there is nothing to run
DO $$
DECLARE
	said text;
BEGIN
	BEGIN
		PERFORM ct_run_all(scenarios => '{suite_empty,suite_other}', raise_on_fail => true);
	EXCEPTION WHEN assert_failure THEN
		GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
		RAISE INFO '% (%)', sqlerrm, said;
	END;
END
$$;
RESET client_min_messages;
SELECT count(*) FROM ct_runs WHERE scenario = 'suite_empty' AND status = 'failed';
SELECT * FROM ct_run_all('no such category');
SELECT * FROM ct_run_all('suit');
SELECT * FROM ct_run_all('suite', '{suite_other}');
SELECT * FROM ct_run_all(scenarios => '{suite_other,suite_god}');
SELECT * FROM ct_run_all(scenarios => '{}');
SELECT * FROM ct_run_all(scenarios => '{suite_other,NULL}');
BEGIN READ ONLY;
SELECT * FROM ct_run_all('suite');
ROLLBACK;
SELECT * FROM ct_test('SELECT * FROM ct_run_all()', transactions => 1, workers => 1) \g /dev/null

-- a stranger's scenarios are not run unaware
CREATE ROLE regress_ct_suite LOGIN;
GRANT EXECUTE ON FUNCTION ct_run_all TO regress_ct_suite;
GRANT CREATE ON DATABASE contrib_regression TO regress_ct_suite;
SET client_min_messages = warning;
SET ROLE regress_ct_suite;
SELECT scenario, verdict, left(reason, 38) AS reason FROM ct_run_all(scenarios => '{suite_other}');
SELECT scenario, verdict FROM ct_run_all(scenarios => '{suite_other}', trust_owner => true);
SELECT count(*) FROM ct_runs;
RESET ROLE;
REVOKE EXECUTE ON FUNCTION ct_run_all FROM regress_ct_suite;
SET ROLE regress_ct_suite;
SELECT * FROM ct_run_all();
RESET ROLE;
REVOKE CREATE ON DATABASE contrib_regression FROM regress_ct_suite;
DELETE FROM ct_result WHERE role = 'regress_ct_suite'::regrole;
DROP ROLE regress_ct_suite;

SELECT ct_drop_scenario(name) FROM ct_scenarios WHERE name ~ '^suite_';
-- nothing was left behind
SELECT nspname FROM pg_namespace WHERE nspname ~ '^ct_run_';
