--
-- Scripts that define can be run twice: replacing, dropping part by part; and
-- lists that are long
--
\pset null '(null)'
SET client_min_messages = warning;

CREATE FUNCTION parts(name text) RETURNS TABLE (kind text, part text, variant text, how text)
LANGUAGE sql AS $$
	SELECT 'variant', v.name, NULL, NULL FROM ct_variant v WHERE v.scenario = $1
	UNION ALL SELECT 'script', s.name, s.variant, s.body FROM ct_script s WHERE s.scenario = $1
	UNION ALL SELECT 'check', c.name, c.variant, c.query FROM ct_check c WHERE c.scenario = $1
	UNION ALL SELECT 'threshold', t.metric, t.variant, t.op || ' ' || t.target FROM ct_slo t WHERE t.scenario = $1
	ORDER BY 1, 2, 3 NULLS FIRST, 4
$$;

-- the same script twice
SELECT ct_create_scenario('regress_again', 'first', replace => true, params => '{"n": 1}');
SELECT ct_add_variant('regress_again', 'a');
SELECT ct_add_variant('regress_again', 'b');
SELECT ct_add_script('regress_again', 's', 'SELECT 1');
SELECT ct_add_script('regress_again', 's', 'SELECT 2', variant => 'b');
SELECT ct_add_script('regress_again', 'own', 'SELECT 3', variant => 'b');
SELECT ct_add_check('regress_again', 'c', 'SELECT 1 LIMIT 0');
SELECT ct_add_check('regress_again', 'c', 'SELECT 2 LIMIT 0', variant => 'a');
SELECT ct_add_threshold('regress_again', 'tps', '>', 0);
SELECT ct_add_threshold('regress_again', 'tps', '<', 1e9);
SELECT ct_add_slo('regress_again', 'p95_ms', '<', 1e5, 'a');
SELECT * FROM parts('regress_again');
SELECT ct_run('regress_again', workers => 1, transactions => 2) AS run_id \gset
SELECT ct_create_scenario('regress_again', 'second', replace => true);
SELECT * FROM parts('regress_again');
SELECT description, params, variants FROM ct_scenarios WHERE name = 'regress_again';
-- what an earlier run has found stays
SELECT scenario, variant, status FROM ct_runs WHERE run_id = :run_id;
-- without it there is one already, and null is false
SELECT ct_create_scenario('regress_again');
\echo :SQLSTATE
SELECT ct_create_scenario('regress_again', replace => NULL);
\echo :SQLSTATE
-- an import too, of what was no import
SELECT ct_import_pgbench('regress_again', 'SELECT 1', replace => true);
SELECT ct_import_pgbench('regress_again', 'SELECT 1');
\echo :SQLSTATE
SELECT * FROM parts('regress_again');
-- a definition that is refused replaces nothing
SELECT ct_create_scenario('regress_again', replace => true, workers => 0);
SELECT * FROM parts('regress_again');
SELECT ct_create_scenario('oversell_tickets', replace => true);
\echo :SQLSTATE
SELECT ct_import_pgbench('oversell_tickets', 'SELECT 1', replace => true);
\echo :SQLSTATE

-- part by part
SELECT ct_create_scenario('regress_again', replace => true);
SELECT ct_add_variant('regress_again', 'a');
SELECT ct_add_variant('regress_again', 'b');
SELECT ct_add_script('regress_again', 'read', 'SELECT 1');
SELECT ct_add_script('regress_again', 'read', 'SELECT 2', variant => 'b');
SELECT ct_add_script('regress_again', 'own', 'SELECT 3', variant => 'b');
SELECT ct_add_check('regress_again', 'sum', 'SELECT 1 LIMIT 0');
SELECT ct_add_check('regress_again', 'sum', 'SELECT 2 LIMIT 0', variant => 'a');
SELECT ct_add_threshold('regress_again', 'tps', '>', 0);
SELECT ct_add_threshold('regress_again', 'tps', '<', 1e9);
SELECT ct_add_threshold('regress_again', 'tps', '<', 1e8, 'a');
SELECT ct_add_threshold('regress_again', 'p95_ms', '<', 1e5, 'a');
-- what isn't there: where it is, or what is near
SELECT ct_drop_script('regress_again', 'raed');
\echo :SQLSTATE
SELECT ct_drop_script('regress_again', 'own');
SELECT ct_drop_script('regress_again', 'read', 'a');
SELECT ct_drop_script('regress_again', 'read', 'c');
SELECT ct_drop_check('regress_again', 'sums');
SELECT ct_drop_check('regress_again', 'sum', 'b');
SELECT ct_drop_threshold('regress_again', 'p95_ms');
SELECT ct_drop_threshold('regress_again', 'tps', '>=');
SELECT ct_drop_threshold('regress_again', 'tps', '>', 'a');
SELECT ct_drop_variant('regress_again', 'c');
\echo :SQLSTATE
SELECT ct_drop_variant('regress_agian', 'a');
SELECT ct_drop_script('regress_agian', 'read');
SELECT ct_drop_variant('regress_again', NULL);
\echo :SQLSTATE
SELECT ct_drop_script('regress_again', NULL);
SELECT ct_drop_check(NULL, 'sum');
SELECT ct_drop_threshold('regress_again', NULL);
SELECT count(*) FROM parts('regress_again');
-- what is there
SELECT ct_drop_script('regress_again', 'read');
SELECT ct_add_script('regress_again', 'read', 'SELECT 4');
SELECT ct_drop_check('regress_again', 'sum', 'a');
SELECT ct_drop_threshold('regress_again', 'tps', '<');
SELECT * FROM parts('regress_again');
SELECT ct_drop_threshold('regress_again', 'tps', variant => 'a');
SELECT ct_drop_variant('regress_again', 'b');
SELECT * FROM parts('regress_again');
SELECT ct_drop_check('regress_again', 'sum');
SELECT ct_drop_check('regress_again', 'sum');
SELECT ct_drop_variant('regress_again', 'a');
SELECT variants, checks FROM ct_scenarios WHERE name = 'regress_again';
-- nobody changes what is bundled
SELECT ct_drop_variant('oversell_tickets', 'naive');
\echo :SQLSTATE
SELECT ct_drop_script('oversell_tickets', 'buy');
\echo :SQLSTATE
SELECT ct_drop_check('oversell_tickets', 'no_oversell');
\echo :SQLSTATE
SELECT ct_drop_threshold('lock_order_deadlock', 'deadlocks');
\echo :SQLSTATE

-- nor what is another role's; who may replace leaves the owner as it is
CREATE ROLE regress_ct_owner;
CREATE ROLE regress_ct_other;
CREATE ROLE regress_ct_member IN ROLE regress_ct_owner;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO regress_ct_owner, regress_ct_other;
GRANT USAGE ON SCHEMA public TO PUBLIC;
SET ROLE regress_ct_owner;
SELECT ct_create_scenario('regress_mine');
SELECT ct_add_variant('regress_mine', 'a');
SELECT ct_add_script('regress_mine', 's', 'SELECT 1');
SELECT ct_add_check('regress_mine', 'c', 'SELECT 1 LIMIT 0');
SELECT ct_add_threshold('regress_mine', 'tps', '>', 0);
SET ROLE regress_ct_other;
SELECT ct_create_scenario('regress_mine', replace => true);
\echo :SQLSTATE
SELECT ct_drop_variant('regress_mine', 'a');
\echo :SQLSTATE
SELECT ct_drop_script('regress_mine', 's');
SELECT ct_drop_check('regress_mine', 'c');
SELECT ct_drop_threshold('regress_mine', 'tps');
SET ROLE regress_ct_member;
SELECT ct_create_scenario('regress_mine', replace => true);
SELECT owner FROM ct_scenarios WHERE name = 'regress_mine';
RESET ROLE;
SELECT ct_create_scenario('regress_mine', replace => true);
SELECT owner FROM ct_scenarios WHERE name = 'regress_mine';
DROP OWNED BY regress_ct_owner, regress_ct_other;
DROP ROLE regress_ct_member, regress_ct_owner, regress_ct_other;
-- an owner that is gone is followed by who replaces
SELECT ct_create_scenario('regress_mine', replace => true);
SELECT owner = current_user AS mine FROM ct_scenarios WHERE name = 'regress_mine';
SELECT ct_drop_scenario('regress_mine');

-- thresholds: numbers are decimal and nothing else
SELECT ct_add_script('regress_again', 's', 'SELECT 1');
DO $$
DECLARE
	n text;
BEGIN
	FOREACH n IN ARRAY '{0x10,NaN,inf,1e,e5,1.2.3,1e400,"1 0",1_000,"",1;,.,-,0b1}'::text[] LOOP
		BEGIN
			PERFORM ct_run('regress_again', workers => 1, transactions => 1, thresholds => ARRAY['tps > ' || n]);
			RAISE WARNING '"%" is taken for a number', n;
		EXCEPTION WHEN invalid_parameter_value THEN
			NULL;
		END;
	END LOOP;
END
$$;
\set VERBOSITY terse
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => ARRAY['tps > 0x10']);
\echo :SQLSTATE
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => '{tps > Infinity}');
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => '{tps > 1e400}');
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => '{> 1}');
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => '{tps 1}');
SELECT ct_run('regress_again', workers => 1, transactions => 1, thresholds => '{tps =! 1}');
\set VERBOSITY default
SELECT ct_run('regress_again', workers => 1, transactions => 1, min_overlap => 0,
	thresholds => '{  tps>-1.5e+3 ,p99_ms <= +.1e7, failed<>5.}') AS run_id \gset
SELECT check_name, target, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';

-- labels that are longer than an outcome can be
SELECT ct_create_scenario('regress_bad', expected_errors => ARRAY['23505=' || repeat('x', 64)]);
\echo :SQLSTATE
SELECT ct_test('SELECT 1', expected_errors => ARRAY['23505=' || repeat('x', 64)]);
\echo :SQLSTATE
SELECT ct_add_variant('regress_again', 'x', expected_errors => ARRAY['23505=' || repeat('é', 32)]);
\echo :SQLSTATE
SELECT ct_create_scenario('regress_bad', expected_errors => ARRAY['23505=' || repeat('x', 63)], replace => true);
SELECT ct_drop_scenario('regress_bad');

-- lists that are long take time that grows as they do
SET statement_timeout = '20s';
SELECT ct_test('SELECT 1', workers => 1, transactions => 1, min_overlap => 0,
	expected_errors => (SELECT array_agg(lpad(upper(to_hex(g)), 5, '3')) FROM generate_series(1, 100000) g)) AS run_id \gset
SELECT jsonb_array_length(plan -> 'expected_errors') AS expected FROM ct_result WHERE run_id = :run_id;
SELECT ct_create_scenario('regress_again', replace => true,
	params => (SELECT jsonb_object_agg('p' || g, g) FROM generate_series(1, 60000) g));
SELECT ct_add_script('regress_again', 's', 'SELECT :p60000 * 1');
SELECT ct_run('regress_again', workers => 1, transactions => 1, min_overlap => 0,
	params => (SELECT jsonb_object_agg('p' || g, g + 1) FROM generate_series(1, 60000) g)) AS run_id \gset
SELECT status, params ->> 'p60000' AS p60000 FROM ct_runs WHERE run_id = :run_id;
SELECT ct_run('regress_again', workers => 1, transactions => 1,
	params => (SELECT jsonb_object_agg('p' || g, g + 1) FROM generate_series(2, 60001) g));
\echo :SQLSTATE
SELECT count(ct_add_variant('regress_again', 'v' || g)) FROM generate_series(1, 2000) g;
SELECT count(ct_add_script('regress_again', 's', 'SELECT 1', variant => 'v' || g)) FROM generate_series(1, 2000) g;
SELECT count(ct_add_threshold('regress_again', 'tps', '>', 0, variant => 'v' || g)) FROM generate_series(1, 2000) g;
SELECT count(ct_add_threshold('regress_again', 'p99_ms', '<', 1e6, variant => 'v' || g)) FROM generate_series(1, 2000) g;
SELECT ct_run('regress_again', 'v2000', workers => 1, transactions => 1, min_overlap => 0,
	thresholds => (SELECT array_agg('tps > -' || g) FROM generate_series(1, 10000) g)) AS run_id \gset
SELECT count(*), count(*) FILTER (WHERE status = 'pass') AS pass FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';
-- many checks, none of which can be one
\set VERBOSITY terse
SELECT ct_test('SELECT 1', checks => (SELECT array_agg('SELECT a +'::text) FROM generate_series(1, 20000)));
\echo :SQLSTATE
\set VERBOSITY default
RESET statement_timeout;
SELECT ct_drop_scenario('regress_again');
DROP FUNCTION parts;
