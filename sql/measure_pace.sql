--
-- When transactions begin: think time, ramp, weights, the times between tries
--
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.last_run() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT max(run_id) FROM ct_runs';
-- a run, and again if the machine has had other things to do than what is looked for
CREATE PROCEDURE pg_temp.until_so(run text, so text) LANGUAGE plpgsql AS $$
DECLARE
	is_so boolean;
BEGIN
	FOR i IN 1 .. 5 LOOP
		EXECUTE run;
		COMMIT;
		EXECUTE 'SELECT ' || so INTO is_so;
		EXIT WHEN is_so;
	END LOOP;
END $$;

-- think time is between transactions: it makes the run longer, and no latency
SELECT ct_create_scenario('regress_pace', workers => 1, transactions => 20, min_overlap => 0);
SELECT ct_add_script('regress_pace', 's', 'SELECT 1', think_time => '30 ms');
CALL pg_temp.until_so($$SELECT ct_run('regress_pace', seed => 1)$$, '(SELECT duration < 2 AND mean_ms < 15 FROM ct_runs WHERE run_id = pg_temp.last_run())');
SELECT transactions, duration BETWEEN 0.2 AND 2 AS thought, mean_ms < 15 AS quick FROM ct_runs WHERE run_id = pg_temp.last_run();
CALL pg_temp.until_so($$SELECT ct_run('regress_pace', seed => 1, workers => 2)$$, '(SELECT duration < 1.5 FROM ct_runs WHERE run_id = pg_temp.last_run())');
SELECT transactions, duration BETWEEN 0.1 AND 1.5 AS each_for_itself FROM ct_runs WHERE run_id = pg_temp.last_run();

-- a ramp lets them begin one after the other: the fourth at three quarters of it
CALL pg_temp.until_so($$SELECT ct_test('SELECT pg_sleep(0.02)', workers => 4, ramp => '800 ms', duration => '1 s', min_overlap => 0)$$,
	'(SELECT bool_and(transactions > 0) FROM ct_workers WHERE run_id = pg_temp.last_run())');
SELECT worker, transactions <= (1000 - (worker - 1) * 200) / 20 AS begins_later, transactions > 0 AS begins FROM ct_workers WHERE run_id = pg_temp.last_run();
SELECT (SELECT transactions FROM ct_workers WHERE run_id = pg_temp.last_run() AND worker = 1) >
	(SELECT transactions FROM ct_workers WHERE run_id = pg_temp.last_run() AND worker = 4) AS more;

-- weights are shares of what is drawn; a seed draws the same again
SELECT ct_create_scenario('regress_pace', replace => true, workers => 2, transactions => 1000, min_overlap => 0);
SELECT ct_add_script('regress_pace', 'often', 'SELECT 1', weight => 7);
SELECT ct_add_script('regress_pace', 'sometimes', 'SELECT 2', weight => 2);
SELECT ct_add_script('regress_pace', 'seldom', 'SELECT 3', weight => 1);
SELECT ct_run('regress_pace', seed => 11) AS first \gset
SELECT ct_run('regress_pace', seed => 11) AS again \gset
SELECT ct_run('regress_pace', seed => 12) AS other \gset
-- five standard deviations
SELECT script, abs(l.count - 1000 * share) < 5 * sqrt(1000 * share * (1 - share)) AS its_share FROM ct_latencies l
	JOIN (VALUES ('often', 0.7), ('sometimes', 0.2), ('seldom', 0.1)) s (script, share) USING (script) WHERE run_id = :first AND kind = 'transaction';
SELECT sum(count) AS all_of_them FROM ct_latencies WHERE run_id = :first AND kind = 'transaction';
SELECT bool_and(a.count = b.count) AS again, bool_or(a.count <> c.count) AS others FROM ct_latencies a JOIN ct_latencies b USING (script, kind) JOIN ct_latencies c USING (script, kind)
	WHERE kind = 'transaction' AND a.run_id = :first AND b.run_id = :again AND c.run_id = :other;

-- a retry waits, for longer each time, up to 64 ms: of eight tries that is 127 ms at most, and half of that on the average
SELECT ct_test($$SELECT nextval('tries') AS try \gset
\if :try % 8 <> 0
SELECT raise();
\endif
$$, setup => $$CREATE SEQUENCE tries;
CREATE FUNCTION raise() RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''on purpose'' USING errcode = ''40001''; END'$$,
	workers => 1, transactions => 12, max_tries => 8, min_overlap => 0, seed => 1) > 0 AS ran;
SELECT transactions, failed, retries, mean_ms BETWEEN 35 AND 200 AS waits FROM ct_runs WHERE run_id = pg_temp.last_run();

-- a schedule of 40 a second that nobody can keep, each worker having half of it: what is left of it is told
SET ct_ext.stop_timeout = '100 ms';
SELECT ct_test('SELECT pg_sleep(5)', workers => 2, rate => 40, duration => '1 s', min_overlap => 0, seed => 1) > 0 AS ran;
SELECT transactions, substring(reason FROM '(\d+) transactions of the schedule')::int BETWEEN 33 AND 45 AS all_of_them FROM ct_runs WHERE run_id = pg_temp.last_run();
RESET ct_ext.stop_timeout;

SELECT ct_drop_scenario('regress_pace');
