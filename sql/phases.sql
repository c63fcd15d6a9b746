--
-- Phases: what can be wrong with them, and what is recorded of each
--
SET client_min_messages = warning;
CREATE FUNCTION phased(phases jsonb, script text DEFAULT 'SELECT 1', checks text[] DEFAULT '{}') RETURNS bigint
	LANGUAGE sql AS 'SELECT ct_test(script, phases => phases, checks => checks, workers => 2, min_overlap => 0)';
SELECT count(*) AS before FROM ct_runs \gset

-- what isn't phases at all
SELECT phased('{"name": "a"}');
SELECT phased('7');
SELECT phased('null');
SELECT phased('["a"]');
SELECT phased('[["a", "b"]]');
-- members
SELECT phased('[{"duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": 7, "duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": "", "duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": "a", "rate": 10}]');
SELECT phased('[{"name": "a", "duration": 1, "rate": 10}]');
SELECT phased('[{"name": "a", "duration": "soon", "rate": 10}]');
SELECT phased('[{"name": "a", "duration": "0 s", "rate": 10}]');
SELECT phased('[{"name": "a", "duration": "-1 s", "rate": 10}]');
SELECT phased('[{"name": "a", "duration": "32 days", "rate": 10}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 0}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": "10"}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 1e300}]');
SELECT phased('[{"name": "a", "duration": "1 s", "clients": 1.5}]');
SELECT phased('[{"name": "a", "duration": "1 s", "clients": 0}]');
SELECT phased('[{"name": "a", "duration": "1 s", "clients": 1e12}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rates": 10}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "wieghts": {}}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "ramp": "2 s"}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "ramp": "-1 s"}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "weights": [1]}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "weights": {"test": "1"}}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "weights": {"test": -1}}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "weights": {"test": 0}}]');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10, "weights": {"tset": 1}}]');
-- together
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10}, {"name": "a", "duration": "1 s", "rate": 20}]');
SELECT phased('[{"name": "a", "duration": "1 s", "clients": 2}, {"name": "b", "duration": "1 s", "rate": 20, "ramp": "1 s"}]');
SELECT phased('[{"name": "a", "duration": "20 days", "rate": 10}, {"name": "b", "duration": "20 days", "rate": 20}]');
SELECT phased(jsonb_agg(jsonb_build_object('name', i, 'duration', '1 s', 'rate', 10))) FROM generate_series(1, 10000) i;
SELECT phased('[{"name": "test", "duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": "tally", "duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": "test:1", "duration": "1 s", "rate": 10}]');
SELECT phased('[{"name": "sold", "duration": "1 s", "rate": 10}]', E'\\outcome sold');
SELECT phased('[{"name": "a", "duration": "1 s", "clients": 1}, {"name": "b", "duration": "1 s", "clients": 2}]', E'\\barrier start\nSELECT 1');
-- beside other options
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "rate": 10}]', duration => '1 s');
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "rate": 10}]', transactions => 10);
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "rate": 10}]', rate => 10);
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "rate": 10}]', ramp => '1 s');
SELECT ct_test('SELECT 1', setup => 'CREATE TABLE t (i int)', phases => '[{"name": "a", "duration": "1 s", "rate": 10}]', rounds => 2);
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "rate": 10, "ramp": "1 s"}]', warmup => '1 s');
SELECT ct_test('SELECT 1', phases => '[{"name": "a", "duration": "1 s", "clients": 5}]', clients => 4, workers => 2);
SELECT * FROM ct_compare('oversell_tickets', explore => true, phases => '[{"name": "a", "duration": "1 s", "rate": 10}]');
-- thresholds
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10}]', checks => '{recovery_s < 5}');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10}]', checks => '{a.recovery_s < 5}');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10}, {"name": "baseline", "duration": "1 s", "rate": 10}]', checks => '{a.recovery_s < 5}');
SELECT phased('[{"name": "a", "duration": "1 s", "rate": 10}, {"name": "baseline", "duration": "1 s", "rate": 10}]', checks => '{baseline.recovery_s < 5}');
SELECT phased('[{"name": "spike", "duration": "1 s", "rate": 10}]', checks => '{spikes.p95_ms < 5}');
SELECT phased('[{"name": "spike", "duration": "1 s", "rate": 10}]', checks => '{spike.deadlocks < 5}');
SELECT phased('[{"name": "spike", "duration": "1 s", "rate": 10}]', checks => '{test.recovery_s < 5}');
SELECT phased('[]', checks => '{spike.p95_ms < 5}');
SELECT count(*) - :before AS runs FROM ct_runs;

-- each transaction is of one phase, and those of the phases are those of the run
SELECT phased('[{"name": "slow", "duration": "0.6 s", "rate": 200}, {"name": "one", "duration": "0.4 s", "clients": 1},
	{"name": "both", "duration": "500 ms", "clients": 2, "ramp": "0.2 s"}]', checks => '{slow.tps > 50,one.p95_ms < 1e4,both.failed = 0,slow.success_rate = 1,
	one.skipped = 0,skipped = 0,slow.transactions > 20,slow.error_rate = 0}') AS run_id \gset
SELECT position, phase, from_s, seconds, rate, clients, transactions > 20 AS some, failed, skipped, p50_ms > 0 AND max_ms >= p99_ms AS measured,
	round(transactions / seconds) = round(tps) AS tps FROM ct_phases WHERE run_id = :run_id;
SELECT sum(p.transactions) - r.transactions AS lost, r.duration, r.clients FROM ct_phases p JOIN ct_runs r USING (run_id)
WHERE run_id = :run_id GROUP BY r.transactions, r.duration, r.clients;
SELECT check_name, status FROM ct_checks WHERE run_id = :run_id AND kind = 'threshold';
SELECT plan->'phases' AS phases FROM ct_result WHERE run_id = :run_id;
-- a fail is told by the phase's name, which may have a dot
SELECT phased('[{"name": "a", "duration": "0.2 s", "rate": 100}, {"name": "b.c", "duration": "0.2 s", "clients": 1}]', checks => '{b.c.p50_ms < 0}') AS run_id \gset
SELECT count(*) FROM ct_phases WHERE run_id = :run_id AND phase = 'a' AND recovery_s IS NULL;
SELECT verdict, reason ~ '^threshold "b.c.p50_ms < 0" was missed: [0-9.]+; found at the end' AS told FROM ct_runs WHERE run_id = :run_id;

-- weights: scripts that aren't of the mix are not executed
SELECT ct_create_scenario('regress_timed', duration => '1 s');
SELECT ct_add_phase('regress_timed', 'a', '1 s', 10);
SELECT ct_create_scenario('regress_phased', min_overlap => 0, workers => 2);
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, weights => '{"read": 1}');
SELECT ct_add_script('regress_phased', 'read', 'SELECT 1');
SELECT ct_add_script('regress_phased', 'write', 'SELECT 2', weight => 3);
SELECT ct_run('regress_phased', phases => '[{"name": "reads", "duration": "0.2 s", "clients": 2, "weights": {"write": 0}},
	{"name": "more", "duration": "0.2 s", "rate": 200, "weights": {"write": 0, "read": 7}}]') AS run_id \gset
SELECT script, count > 0 AS some FROM ct_latencies WHERE run_id = :run_id AND kind = 'transaction' ORDER BY 1;
-- what says neither a rate nor clients has all clients, without a pause
SELECT ct_run('regress_phased', phases => '[{"name": "reads", "duration": "0.2 s", "weights": {"write": 0}},
	{"name": "writes", "duration": "0.2 s", "rate": null, "clients": null, "weights": {"read": 0}}]') AS run_id \gset
SELECT phase, rate, clients FROM ct_phases WHERE run_id = :run_id;
SELECT count(*) AS strays FROM ct_samples WHERE run_id = :run_id AND (phase = 'reads') <> (script = 'read');

-- defined once for all
SELECT ct_add_phase('regress_phased', 'baseline', '0.3 s', rate => 100);
SELECT ct_add_phase('regress_phased', 'reads', '0.3 s', clients => 1, weights => '{"write": 0}');
SELECT ct_add_phase('regress_phased', 'rise', '0.2 s', clients => 3, ramp => '0.1 s');
SELECT ct_add_phase('regress_phased', 'rise', '0.2 s', clients => 3);
SELECT ct_add_phase('regress_phased', 'read', '0.2 s', clients => 3);
SELECT ct_add_phase('regress_phased', 'a', NULL, 10);
SELECT ct_add_phase('regress_phased', 'a', '0 s', 10);
SELECT ct_add_phase('regress_phased', 'a', '1 s', 0);
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, 0);
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, ramp => '1 s');
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, ramp => '-1 s');
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, weights => '[]');
SELECT ct_add_phase('regress_phased', 'a', '1 s', 10, weights => '{"wirte": 1}');
SELECT ct_add_phase('regress_phased', '', '1 s', 10);
SELECT ct_add_phase('regress_phase', 'a', '1 s', 10);
SELECT ct_add_phase('oversell_tickets', 'a', '1 s', 10);
SELECT ct_add_script('regress_phased', 'rise', 'SELECT 3');
SELECT ct_add_threshold('regress_phased', 'reads.p95_ms', '<', 1e4);
SELECT ct_add_threshold('regress_phased', 'raeds.p95_ms', '<', 1e4);
SELECT ct_add_threshold('regress_phased', 'baseline.recovery_s', '<', 5);
SELECT jsonb_pretty(phases) AS phases FROM ct_scenarios WHERE name = 'regress_phased';
SELECT ct_run('regress_phased') AS run_id \gset
SELECT phase, rate, clients, seconds, transactions > 0 AS some FROM ct_phases WHERE run_id = :run_id;
SELECT verdict, duration, clients, workers FROM ct_runs WHERE run_id = :run_id;
-- a call's are others, or none
SELECT ct_run('regress_phased', duration => '1 s');
SELECT ct_run('regress_phased', phases => '[]', transactions => 10);
SELECT ct_drop_threshold('regress_phased', 'reads.p95_ms');
SELECT ct_run('regress_phased', phases => '[]', transactions => 10) AS run_id \gset
SELECT count(*) FROM ct_phases WHERE run_id = :run_id;
-- an exploration has no load
SELECT ct_explore('regress_phased') AS run_id \gset
SELECT verdict FROM ct_runs WHERE run_id = :run_id;
-- a variant that has other scripts has the phases, without the weights of those that it hasn't
SELECT ct_drop_script('regress_phased', 'write');
SELECT ct_add_variant('regress_phased', 'reading');
SELECT ct_add_variant('regress_phased', 'both');
SELECT ct_add_script('regress_phased', 'write', 'SELECT 2', 'both');
SELECT variant, verdict FROM ct_compare('regress_phased');
SELECT ct_drop_phase('regress_phased', 'raeds');
SELECT ct_drop_phase('regress_phased', 'rise');
SELECT jsonb_array_length(phases) FROM ct_scenarios WHERE name = 'regress_phased';
SELECT ct_create_scenario('regress_phased', replace => true);
SELECT phases FROM ct_scenarios WHERE name = 'regress_phased';
SELECT count(ct_drop_scenario(name)) FROM ct_scenarios WHERE name IN ('regress_phased', 'regress_timed');

-- where a part of the workers stands still nothing has recovered; and it is told of no phase up to the one called baseline
SELECT ct_create_scenario('regress_stuck', workers => 2, setup => 'CREATE TABLE t AS SELECT clock_timestamp() AS at');
SELECT ct_add_script('regress_stuck', 's', $$SELECT pg_sleep(CASE WHEN clock_timestamp() - at > '1.5 s' THEN 60 ELSE 0.01 END) FROM t$$, workers => 1);
SELECT ct_add_script('regress_stuck', 'goes_on', 'SELECT pg_sleep(0.01)', workers => 1);
SET ct_ext.stop_timeout = '0.2 s';
SELECT ct_run('regress_stuck', phases => '[{"name": "a", "duration": "0.3 s", "clients": 2}, {"name": "baseline", "duration": "0.5 s", "clients": 2},
	{"name": "b", "duration": "4 s", "clients": 2}]', thresholds => '{b.recovery_s < 100}') AS run_id \gset
RESET ct_ext.stop_timeout;
SELECT r.verdict, p.phase, p.recovery_s FROM ct_runs r JOIN ct_phases p USING (run_id) WHERE run_id = :run_id ORDER BY p."position";
SELECT ct_drop_scenario('regress_stuck');
