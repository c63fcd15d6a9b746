--
-- ct_race, ct_explore, ct_replay and permutations: what they refuse, and the
-- plans that they make.  Nothing is explored in here.
--
\pset null '(null)'
SET client_min_messages = warning;

-- sessions
SELECT ct_race(ARRAY['SELECT 1']);
SELECT ct_race('{}');
SELECT ct_race(array_fill('SELECT 1'::text, ARRAY[9]));
SELECT ct_race(NULL);
SELECT ct_race(ARRAY['SELECT 1', NULL]);
SELECT ct_race(ARRAY['SELECT 1', '']);
SELECT ct_race(ARRAY['SELECT 1', '\set a 1']);
SELECT ct_race(ARRAY['SELECT 1', 'SELCT 1']);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT :nothing']);
SELECT ct_explore('oversell_tickets', sessions => ARRAY['by', 'buy']);
SELECT ct_explore('oversell_tickets', sessions => ARRAY['buy']);
SELECT ct_explore('oversell_tickets', variant => 'nave');
SELECT ct_explore('oversell_ticket');
SELECT ct_explore(NULL);

-- options
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], yield => 'insid');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], strategy => 'x');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], executions => 0);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], preemptions => -1);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], strategy => 'random', preemptions => 2);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], duration => '-1 s');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], duration => '0');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], step_timeout => '0');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], isolation => 'x');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], in_place => true);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], reset => 'SELECT 1');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], in_place => true, reset => 'SELCT 1');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], checks => ARRAY['p95_ms < 100']);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], checks => ARRAY['SELCT 1']);
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], setup => 'SELCT 1');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], params => '[1]');
SELECT ct_race(ARRAY['SELECT 1', 'SELECT 2'], expected_errors => '{nonsense}');
SELECT ct_explore('oversell_tickets', params => '{"capcity": 1}');
SELECT ct_compare('oversell_tickets', explore => true, workers => 3);
SELECT ct_compare('oversell_tickets', explore => true, thresholds => '{tps > 1}');

-- permutations
SELECT ct_create_scenario('regress_two', setup => 'CREATE TABLE t (a int); INSERT INTO t VALUES (0)');
SELECT ct_add_script('regress_two', 'add', 'UPDATE t SET a = a + 1');
SELECT ct_add_permutation('regress_two', 'lost', '{1,2,2,1}');
SELECT ct_add_permutation('regress_two', 'lost', '{1,2,2,1}');
SELECT ct_add_permutation('regress_two', 'three', '{1,2,3}');
SELECT permutations FROM ct_scenarios WHERE name = 'regress_two';
SELECT ct_add_permutation('regress_two', 'x', '{1,2,9,1}');
SELECT ct_add_permutation('regress_two', 'x', '{0}');
SELECT ct_add_permutation('regress_two', 'x', '{}');
SELECT ct_add_permutation('regress_two', 'x', '{1,NULL}');
SELECT ct_add_permutation('regress_two', 'x', array_fill(1, ARRAY[1001]));
SELECT ct_add_permutation('regress_two', 'x', NULL);
SELECT ct_add_permutation('regress_two', '', '{1}');
SELECT ct_add_permutation('regress_too', 'x', '{1}');
SELECT ct_add_permutation('oversell_tickets', 'x', '{1}');
SELECT ct_drop_permutation('regress_two', 'lst');
SELECT ct_drop_permutation('regress_two', 'three');
SELECT permutations FROM ct_scenarios WHERE name = 'regress_two';
CREATE ROLE regress_ct_other;
GRANT EXECUTE ON FUNCTION ct_add_permutation, ct_drop_permutation TO regress_ct_other;
SET ROLE regress_ct_other;
\set VERBOSITY terse
SELECT ct_add_permutation('regress_two', 'mine', '{1}');
SELECT ct_drop_permutation('regress_two', 'lost');
RESET ROLE;
\set VERBOSITY default
REVOKE ALL ON FUNCTION ct_add_permutation, ct_drop_permutation FROM regress_ct_other;
DROP ROLE regress_ct_other;

-- replaying what can't be
SELECT ct_replay(NULL);
SELECT ct_replay(0);
SELECT ct_test('SELECT 1', transactions => 2, min_overlap => 0) AS run_id \gset
\set VERBOSITY sqlstate
SELECT ct_replay(:run_id);
\set VERBOSITY default

SELECT ct_drop_scenario('regress_two');
SELECT count(*) FROM ct_permutation;
