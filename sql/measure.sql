-- What belongs to a run's measured part, and what a rate is the rate of.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE TEMP VIEW last_run AS
	SELECT *, round(duration::numeric * 1000) AS ms FROM ct_runs ORDER BY run_id DESC LIMIT 1;
CREATE TEMP VIEW last_sums AS
	SELECT r.ms, abs(r.tps * r.duration / nullif(r.transactions, 0) - 1) < 0.01 AS tps_is_by_duration,
		(SELECT sum(s.transactions) FROM ct_timeline s WHERE s.run_id = r.run_id) = r.transactions AS timeline,
		(SELECT round(sum(s.seconds)::numeric * 1000) FROM ct_timeline s WHERE s.run_id = r.run_id) AS timeline_ms,
		(SELECT sum(w.transactions) FROM ct_workers w WHERE w.run_id = r.run_id) = r.transactions AS workers,
		(SELECT l.count FROM ct_latencies l WHERE l.run_id = r.run_id AND l.kind = 'transaction') - r.transactions AS late
	FROM last_run r;

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

-- what ends after the duration isn't in the rate; only its latency is measured
SELECT ct_test('SELECT pg_sleep(0.3)', workers => 2, duration => '1 s', min_overlap => 0) > 0 AS ran;
SELECT * FROM last_sums;
-- slices are the measured part, cut up
CREATE TEMP VIEW last_slices AS
	SELECT sum(s.transactions) = r.transactions AS transactions, count(*) BETWEEN 32 AND 64 AS n,
		abs(sum(s.length_s) / r.duration - 1) < 0.001 AS whole,
		bool_and(abs(s.tps * s.length_s - s.transactions) < 0.1) AS tps, min(s.from_s) AS from_s, count(DISTINCT s.slice) = max(s.slice) AS numbered
	FROM last_run r JOIN ct_slices s USING (run_id) GROUP BY r.transactions, r.duration;
SELECT * FROM last_slices;
SELECT transactions BETWEEN 2 AND 6 AS ended_in_it, max_ms >= p999_ms AND p999_ms >= p99_ms AS percentiles FROM last_run;
-- nor is the time that it takes to stop
SET ct_ext.stop_timeout = '600 ms';
SELECT ct_test($$
\if :worker_id = 1
SELECT pg_sleep(60);
\endif
\sleep 10 ms
$$, workers => 2, duration => '1200 ms', min_overlap => 0) > 0 AS ran;
SELECT ms, tps_is_by_duration, timeline, timeline_ms, workers FROM last_sums;
SELECT ct_test('SELECT pg_sleep(60)', workers => 2, duration => '100 ms') > 0 AS ran;
SELECT ms, verdict, transactions, reason FROM last_run;
RESET ct_ext.stop_timeout;
-- nor the warm-up, which comes before the duration
SELECT ct_test('SELECT pg_sleep(0.05)', workers => 2, duration => '500 ms', warmup => '700 ms', min_overlap => 0) > 0 AS ran;
SELECT ms, tps_is_by_duration, timeline, timeline_ms, workers FROM last_sums;
SELECT finished_at - gate_at >= interval '1.2 s' AS both FROM last_run;
-- outcomes are of the warm-up, too, and so are those transactions that said none
SELECT ct_test($$
SELECT pg_sleep(0.01);
\if :iteration / 2 % 2 = 0
\outcome even
\endif
$$, workers => 2, duration => '300 ms', warmup => '600 ms', min_overlap => 0) > 0 AS ran;
SELECT sum(w.transactions) = r.transactions AS measured, sum(w.all_transactions) > r.transactions + 2 AS all,
	abs(0.5 - o.count / sum(w.all_transactions)) < 0.05 AS half, ct_report(r.run_id) ~ '\(none said\) +\d+ +(4|5)\d\.\d %' AS reported
	FROM last_run r JOIN ct_workers w USING (run_id) JOIN ct_outcomes o USING (run_id) GROUP BY r.transactions, o.count, r.run_id;

-- with a rate, all that is scheduled in the duration is executed and counted, be it late
SELECT ct_test('SELECT pg_sleep(0.05)', workers => 1, rate => 40, duration => '500 ms', min_overlap => 0, seed => 1) > 0 AS ran;
SELECT ms, transactions, tps, finished_at - gate_at > interval '0.8 s' AS it_took_longer FROM last_run;
SELECT tps_is_by_duration, timeline, workers, late FROM last_sums;
-- unless stop_timeout cuts it off, and that is told
SET ct_ext.stop_timeout = '100 ms';
SELECT ct_test('SELECT pg_sleep(0.2)', workers => 1, rate => 40, duration => '500 ms', min_overlap => 0, seed => 1) > 0 AS ran;
SELECT ms, transactions < 4 AS some, regexp_replace(reason, '\d+', 'N') AS reason FROM last_run;
RESET ct_ext.stop_timeout;

-- a run that a number of transactions ends lasts until the last of them has ended
SELECT ct_test('SELECT pg_sleep(0.02)', workers => 2, transactions => 10, min_overlap => 0) > 0 AS ran;
SELECT ms >= 100 AS long_enough, transactions FROM last_run;
SELECT tps_is_by_duration, timeline, workers, late FROM last_sums;

-- thresholds and no checks: how much of it was contended doesn't matter
SELECT ct_test('SELECT 1', workers => 1, transactions => 10, checks => '{failed = 0, tps > 0}') > 0 AS ran;
SELECT verdict, reason FROM last_run;
SELECT ct_test('SELECT 1', workers => 1, transactions => 10, checks => '{failed = 0}') > 0 AS ran;
SELECT verdict, reason FROM last_run;
SELECT ct_test('SELECT 1', workers => 1, transactions => 10, checks => '{failed = 0, SELECT 1 WHERE false}') > 0 AS ran;
SELECT verdict FROM last_run;
SELECT ct_test('SELECT 1', workers => 1, transactions => 10, checks => '{failed = 0}', min_overlap => 1) > 0 AS ran;
SELECT verdict FROM last_run;

-- max_ms is the maximum, not a bound of a histogram's bucket
SELECT ct_test('SELECT pg_sleep(0.001 * :iteration)', workers => 1, transactions => 5, checks => '{max_ms < 0}') > 0 AS ran;
SELECT abs(c.actual::float8 - r.max_ms) < 0.001 AS same FROM ct_checks c JOIN last_run r USING (run_id)
	WHERE c.check_name = 'max_ms';

-- workers that never start are a mistake
SELECT ct_test('SELECT 1', duration => '1 s', ramp => '2 s');
SELECT ct_test('SELECT 1', duration => '200 ms', warmup => '100 ms', ramp => '300 ms', workers => 2, min_overlap => 0) > 0 AS ran;

--
-- ct_compare: what can't be told apart is the cheapest together
--
SELECT ct_create_scenario('regress_measure', workers => 2, duration => '500 ms', min_overlap => 0);
SELECT ct_add_variant('regress_measure', 'fast');
SELECT ct_add_variant('regress_measure', 'slow');
SELECT ct_add_variant('regress_measure', 'wrong', expected_verdict => 'fail');
SELECT ct_add_script('regress_measure', 's', 'SELECT 1', variant => 'fast');
SELECT ct_add_script('regress_measure', 's', '\sleep 20 ms', variant => 'slow');
SELECT ct_add_script('regress_measure', 's', E'SELECT 1;\n\\outcome wrong', variant => 'wrong');
SELECT ct_add_check('regress_measure', 'right', 'SELECT 1 WHERE :outcome_wrong > 0');
SELECT variant, verdict, cheapest FROM ct_compare('regress_measure');
SELECT variant, tps_low < tps AND tps < tps_high AS has_interval FROM ct_runs WHERE scenario = 'regress_measure';
-- a run that is too short has no interval, and is not told apart
CREATE TEMP TABLE compared (variant text, verdict text, cheapest boolean);
CALL pg_temp.until_so($$DELETE FROM compared;
	INSERT INTO compared SELECT variant, verdict, cheapest FROM ct_compare('regress_measure', transactions => 20)$$,
	$$bool_and(tps_low IS NULL) FROM (SELECT * FROM ct_runs WHERE variant IN ('fast', 'wrong') ORDER BY run_id DESC LIMIT 2) r$$);
SELECT * FROM compared;
SELECT variant, tps_low, tps_high FROM (SELECT * FROM ct_runs WHERE variant IN ('fast', 'wrong') ORDER BY run_id DESC LIMIT 2) r ORDER BY 1;
SELECT ct_drop_scenario('regress_measure');
