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

-- repeats: a row is the worst of them, and whoever counts runs comes to the same, by the last run or by all.
-- the second of each variant's runs finds what is wrong
SET client_min_messages = warning;
CREATE TABLE regress_suite_tries (variant text);
SELECT ct_create_scenario('suite_again', category => 'again', workers => 1, transactions => 2, min_overlap => 0);
SELECT ct_add_script('suite_again', 'one', 'SELECT 1');
SELECT ct_add_variant('suite_again', 'passes');
SELECT ct_add_variant('suite_again', 'fails once', setup => $$INSERT INTO public.regress_suite_tries VALUES ('fails once')$$);
SELECT ct_add_variant('suite_again', 'finds it once', expected_verdict => 'fail', setup => $$INSERT INTO public.regress_suite_tries VALUES ('finds it once')$$);
SELECT ct_add_variant('suite_again', 'never finds it', expected_verdict => 'fail');
SELECT ct_add_variant('suite_again', 'breaks once', setup => $$INSERT INTO public.regress_suite_tries VALUES ('breaks once');
SELECT 1 / (2 - count(*)) FROM public.regress_suite_tries WHERE variant = 'breaks once'$$);
SELECT ct_add_variant('suite_again', 'refused');
SELECT ct_add_script('suite_again', 'one', 'SELECT :nothing', variant => 'refused');
SELECT ct_add_check('suite_again', 'second', format('SELECT count(*) AS tries FROM public.regress_suite_tries WHERE variant = %L HAVING count(*) = 2', v), variant => v)
FROM unnest('{fails once,finds it once}'::text[]) AS v;
CREATE TEMP TABLE again AS SELECT * FROM ct_run_all('again', repeat => 3);
SELECT variant, verdict, as_expected, anomalies, tps > 0 AS measured, cardinality(runs) AS runs, run_id = runs[cardinality(runs)] AS last, regexp_replace(reason, 'at the end.*', '') AS reason FROM again;
SELECT variant, string_agg(coalesce(r.verdict, status), ' ' ORDER BY r.run_id) AS verdicts, count(DISTINCT repeat_of) AS groups, count(DISTINCT seed) AS seeds
FROM again JOIN ct_runs r USING (variant) WHERE r.run_id = ANY (runs) GROUP BY variant ORDER BY min(r.run_id);
SELECT variant, l.ok AS by_last, l.ok = a.ok AS by_all, l.ok = as_expected AS by_row, l.ok = (ct_ok(run_id) ~ '^ok') AS by_line,
	l.total, l.passed, l.failed, l.unjudged, a.total, a.passed, a.failed, a.unjudged
FROM again, LATERAL ct_summary(ARRAY[run_id]) AS l, LATERAL ct_summary(runs) AS a;
SELECT total, passed, failed, unjudged, ok FROM ct_summary(ARRAY(SELECT run_id FROM again));
SELECT total, passed, failed, unjudged, ok FROM ct_summary(ARRAY(SELECT unnest(runs) FROM again));
-- what is named twice counts once
SELECT total, passed, failed, unjudged, ok FROM ct_summary(ARRAY(SELECT run_id FROM again UNION ALL SELECT run_id FROM again));
SELECT left(regexp_replace(line, 'run \d+', 'run N', 'g'), CASE WHEN line LIKE '#   %' THEN 72 ELSE 1000 END) AS line FROM string_to_table(ct_report(ARRAY(SELECT run_id FROM again), 'tap'), E'\n') AS line WHERE line ~ '^(ok|not ok|1\.\.|#   run )|as expected';
SELECT count(*) FILTER (WHERE line ~ '^ok') AS ok, count(*) FILTER (WHERE line ~ '^not ok') AS not_ok FROM string_to_table(ct_report(ARRAY(SELECT unnest(runs) FROM again), 'tap'), E'\n') AS line;
SELECT variant, substring(one, 'tests="\d+" failures="\d+" errors="\d+"') AS by_last, substring(one, '<(?:failure|error) type="[^"]*"') AS wrong, substring(every, 'tests="\d+" failures="\d+" errors="\d+"') AS by_all
FROM again, LATERAL (SELECT ct_report(ARRAY[run_id], 'junit') AS one, ct_report(runs, 'junit') AS every) AS j;
-- of those that are pruned nothing is known any more
DELETE FROM ct_result WHERE run_id = (SELECT runs[2] FROM again WHERE variant = 'fails once');
SELECT total, passed, ok FROM again, ct_summary(ARRAY[run_id]) WHERE variant = 'fails once';
\set VERBOSITY sqlstate
SELECT ct_summary(runs) FROM again WHERE variant = 'fails once';
\set VERBOSITY default
SELECT ct_run_all('again', repeat => 0);
SELECT ct_run_all('again', repeat => 1001);
SELECT ct_run_all('again', repeat => 2, raise_on_fail => true);
SELECT verdict, reason FROM ct_run_all(scenarios => '{suite_other}', explore => true, repeat => 2);
DROP TABLE regress_suite_tries;

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
