--
-- Scripts that are given to some workers
--
SET client_min_messages = warning;
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

-- one maintainer, many users; two kinds of those by weight, and a second maintainer
SELECT ct_create_scenario('regress_some', transactions => 400, min_overlap => 0, workers => 4);
SELECT ct_add_script('regress_some', 'users', E'SELECT 1;\n\\if :worker_id <= 3\n\\outcome wrong\n\\else\n\\outcome right\n\\endif', weight => 3);
SELECT ct_add_script('regress_some', 'one', E'SELECT 2;\n\\if :worker_id = 1\n\\outcome right\n\\else\n\\outcome wrong\n\\endif', workers => 1);
SELECT ct_add_script('regress_some', 'guests', E'SELECT 3;\n\\if :worker_id <= 3\n\\outcome wrong\n\\else\n\\outcome right\n\\endif');
SELECT ct_add_script('regress_some', 'two', E'SELECT 4;\n\\if :worker_id = 2 or :worker_id = 3\n\\outcome right\n\\else\n\\outcome wrong\n\\endif', workers => 2);
SELECT script, weight, workers FROM ct_scripts WHERE scenario = 'regress_some';
SELECT ct_run('regress_some', seed => 1) AS run_id \gset
SELECT status, verdict, workers FROM last_run;
SELECT script, outcome, CASE WHEN script IN ('one', 'two') THEN count END AS count FROM ct_outcomes WHERE run_id = :run_id ORDER BY script;
SELECT sum(count) FROM ct_outcomes WHERE run_id = :run_id;
SELECT plan #> '{scripts,1,workers}' AS one, plan #> '{scripts,0,workers}' AS users FROM ct_result WHERE run_id = :run_id;

-- fewer workers than the scripts need; a share of a worker that there isn't
SELECT ct_run('regress_some', workers => 3);
\echo :SQLSTATE
SELECT ct_run('regress_some', transactions => 3);
\echo :SQLSTATE
-- all scripts have workers of their own: then that is their number
SELECT ct_create_scenario('regress_some', replace => true, transactions => 30, min_overlap => 0);
SELECT ct_add_script('regress_some', 'one', 'SELECT 1', workers => 1);
SELECT ct_add_script('regress_some', 'two', 'SELECT 2', workers => 2);
SELECT ct_run('regress_some') AS run_id \gset
SELECT workers, workers_asked FROM ct_result WHERE run_id = :run_id;
SELECT script, count FROM ct_latencies WHERE run_id = :run_id AND kind = 'transaction' ORDER BY script;
SELECT ct_run('regress_some', workers => 4);
\echo :SQLSTATE
SELECT ct_run('regress_some', workers => 2);
\echo :SQLSTATE
-- more than the server can have
SELECT ct_add_script('regress_some', 'many', 'SELECT 2', workers => 1000);
SELECT ct_run('regress_some', transactions => 10000);
\echo :SQLSTATE
SELECT ct_drop_script('regress_some', 'many');
-- by variant, as all of a script is
SELECT ct_add_variant('regress_some', 'a');
SELECT ct_add_variant('regress_some', 'b');
SELECT ct_add_script('regress_some', 'two', 'SELECT 2', variant => 'b');
SELECT variant, verdict FROM ct_compare('regress_some');
SELECT script, count(*) FROM ct_latencies
WHERE run_id = (SELECT run_id FROM last_run) AND kind = 'transaction' GROUP BY 1 ORDER BY 1;

-- who can't come to a barrier as often as the others isn't awaited there
SELECT ct_create_scenario('regress_some', replace => true, transactions => 31, min_overlap => 0, workers => 3);
SELECT ct_add_script('regress_some', 'once', E'SELECT 1;\n\\barrier x\nSELECT 2', workers => 1);
SELECT ct_add_script('regress_some', 'twice', E'SELECT 1;\n\\barrier x\nSELECT 2;\n\\barrier x\nSELECT 3');
SELECT ct_run('regress_some') > 0 AS ran;
SELECT verdict, barrier_breaks FROM last_run;

-- what can't be
SELECT ct_add_script('regress_some', 'x', 'SELECT 1', workers => 0);
\echo :SQLSTATE
SELECT ct_add_script('regress_some', 'x', 'SELECT 1', workers => 1001);
SELECT ct_add_script('regress_some', 'x', 'SELECT 1', weight => 2, workers => 1);
\echo :SQLSTATE
SELECT ct_add_script('regress_some', 'x', 'SELECT 1', weight => NULL, workers => NULL);

SELECT ct_drop_scenario('regress_some');
DROP VIEW last_run;
