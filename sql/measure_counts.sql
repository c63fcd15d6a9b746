--
-- A run in which everything that happens is known: every view counts the same
--
SET client_min_messages = warning;
SELECT ct_create_scenario('regress_known', transactions => 80, max_tries => 2, min_overlap => 0, expected_errors => '{P0002=refused}',
	setup => $$
CREATE TABLE seven AS SELECT generate_series(1, 7) AS i;
CREATE SEQUENCE tries;
CREATE FUNCTION raise(state text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''on purpose'' USING errcode = state; END';
$$);
SELECT ct_add_variant('regress_known', 'one');
SELECT ct_add_variant('regress_known', 'other');
-- worker 1 has the iterations 1, 5, 9 ..., worker 2 has 2, 6, 10 ...; 20 each
SELECT ct_add_script('regress_known', 'read', workers => 2, body => $$SELECT * FROM seven;
\tally rows_read 7
\if :worker_id = 1
\outcome first
\else
\outcome second
\endif
$$);
-- worker 3: two are refused, the last four fail, of which nothing is counted
SELECT ct_add_script('regress_known', 'write', workers => 1, body => $$BEGIN;
UPDATE seven SET i = i WHERE i <= 3;
\outcome written
\tally rows_written 3
\if :iteration < 10
SELECT raise('P0002');
\elif :iteration > 64
SELECT raise('P0001');
\endif
COMMIT;
$$);
-- worker 4: the first ten need two tries, the last one needs more than it gets
SELECT ct_add_script('regress_known', 'again', workers => 1, body => $$SELECT nextval('tries') AS try \gset
\if :iteration <= 40
\if :try % 2 = 1
SELECT raise('40001');
\endif
\endif
\if :iteration = 80
SELECT raise('40P01');
\endif
$$);
SELECT ct_add_check('regress_known', 'more than four', 'SELECT i AS observed, 4 AS expected FROM seven WHERE i > 4 ORDER BY i');
SELECT ct_add_check('regress_known', 'as counted', $$SELECT :transactions AS transactions, :failed AS failed, :retries AS retries, :workers AS workers
	WHERE (:transactions, :failed, :retries, :workers) <> (75, 5, 11, 4)
	OR (:outcome_first, :outcome_second, :outcome_written, :outcome_refused) <> (20, 20, 14, 2)
	OR (:tally_rows_read, :tally_rows_written) <> (280, 42)$$);
CREATE FUNCTION pg_temp.last_run() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT max(run_id) FROM ct_runs';

SELECT ct_run('regress_known', 'one', seed => 5, thresholds => '{transactions = 75,failed = 5,retries = 11,errors = 16,deadlocks = 2,serialization_failures = 10,
	success_rate = 0.9375,error_rate = 0.0625,retry_rate = 0.1375,anomalies = 3,prevented = 13,prevention_rate = 0.8125,fairness >= 0.9924,fairness < 0.9925,
	read.transactions = 40,write.transactions = 16,again.transactions = 19,first.transactions = 20,second.transactions = 20,
	written.transactions = 14,refused.transactions = 2,read.errors = 0,write.errors = 4,again.errors = 12,
	again.deadlocks = 2,again.serialization_failures = 10,write.deadlocks = 0,read.serialization_failures = 0,
	tally.rows_read = 280,tally.rows_written = 42,tally.rows_read.count = 40,tally.rows_written.count = 14,tally.rows_written.max = 3,
	tps > 0,read.tps > 0,first.tps > 0,rows_per_s > 0,connect_ms > 0}') > 0 AS ran;
SELECT scenario, variant, status, verdict, workers, workers_asked, isolation, transactions, failed, retries, deadlocks, anomalies, barrier_breaks, max_tries, seed
	FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT success_rate, stddev_ms > 0 AS stddev, p90_ms BETWEEN p50_ms AND p95_ms AS p90 FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT regexp_replace(reason, '\d+\.\d s', 'N s') AS reason FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT position, check_name, kind, status, violations, target, CASE WHEN check_name ~ 'tps|_per_s|connect_ms' THEN 'N' ELSE actual END AS actual
	FROM ct_checks WHERE run_id = pg_temp.last_run();
SELECT check_name, kind, observed, expected, evidence FROM ct_anomalies WHERE run_id = pg_temp.last_run() ORDER BY check_name, observed;
SELECT script, outcome, count, share FROM ct_outcomes WHERE run_id = pg_temp.last_run();
SELECT tally, value, times, mean, min, max FROM ct_tallies WHERE run_id = pg_temp.last_run();
SELECT script, sqlstate, condition_name, handling, count, first_message, step, line, statement FROM ct_errors WHERE run_id = pg_temp.last_run();
SELECT worker, transactions, round(share::numeric, 4) AS share, failed, retries, waited FROM ct_workers WHERE run_id = pg_temp.last_run();
SELECT script, step, kind, count, sql FROM ct_latencies WHERE run_id = pg_temp.last_run();

-- when: errors and anomalies during the run, in the order in which they came
SELECT count(*), bool_and(e.first_seen BETWEEN r.gate_at AND r.finished_at) AS in_it
	FROM ct_errors e JOIN ct_runs r USING (run_id) WHERE run_id = pg_temp.last_run();
SELECT string_agg(script || ' ' || sqlstate, ', ' ORDER BY first_seen) AS in_order FROM ct_errors WHERE run_id = pg_temp.last_run() AND handling <> 'gave_up' AND script = 'write';
SELECT string_agg(sqlstate || ' ' || handling, ', ' ORDER BY first_seen) AS in_order FROM ct_errors WHERE run_id = pg_temp.last_run() AND script = 'again';
SELECT count(*), bool_and(a.first_seen BETWEEN r.gate_at AND r.finished_at) AS in_it
	FROM ct_anomalies a JOIN ct_runs r USING (run_id) WHERE run_id = pg_temp.last_run();
SELECT started_at <= gate_at AND gate_at <= finished_at AND duration BETWEEN 0.0001 AND extract(epoch FROM finished_at - gate_at) AS in_order
	FROM ct_runs WHERE run_id = pg_temp.last_run();

-- rates are what was counted, by the duration; rows those of transactions that completed, of all tries: 40 times 7, 16 times 3, 29 numbers
CREATE TEMP TABLE counted (name text, n float8);
INSERT INTO counted VALUES ('tps', 75), ('read.tps', 40), ('first.tps', 20), ('rows_per_s', 280 + 48 + 29);
CREATE FUNCTION pg_temp.is_near(a float8, b float8, error float8) RETURNS boolean LANGUAGE sql AS 'SELECT abs(a - b) <= error * abs(b)';
SELECT name FROM counted JOIN ct_checks c ON c.check_name = name JOIN ct_runs r USING (run_id)
	WHERE run_id = pg_temp.last_run() AND NOT pg_temp.is_near(actual::float8 * duration, n, 0.00001 + 0.0006 / duration);
SELECT pg_temp.is_near(tps * duration, 75, 0.0006 / duration + 0.05 / tps) AS tps FROM ct_runs WHERE run_id = pg_temp.last_run();

-- sums over the views
SELECT (sum(transactions), sum(failed), sum(retries)) = (75, 5, 11) AS timeline,
	pg_temp.is_near(sum(seconds), (SELECT duration FROM ct_runs WHERE run_id = pg_temp.last_run()), 0.02 + 0.1 / sum(seconds)) AS seconds
	FROM ct_timeline WHERE run_id = pg_temp.last_run();
SELECT sum(w.overlapped) = r.overlapped AS overlapped, sum(w.waited) = r.waited AS waited, sum(w.met) = r.met AS met,
	sum(w.transactions) = r.transactions AS transactions, sum(w.failed) = r.failed AS failed, sum(w.retries) = r.retries AS retries,
	count(DISTINCT pid) = 4 AS pids, r.contended BETWEEN greatest(r.met, r.waited, 11) AND 80 AS contended
	FROM ct_workers w JOIN ct_runs r USING (run_id) WHERE run_id = pg_temp.last_run() GROUP BY r.overlapped, r.waited, r.met, r.transactions, r.failed, r.retries, r.contended;
SELECT script, step, kind FROM ct_latencies l WHERE run_id = pg_temp.last_run() AND
	(SELECT (sum(h.count)::bigint, max(cumulative_share)) FROM ct_histograms h WHERE (h.run_id, h.script, h.step, h.kind) = (l.run_id, l.script, l.step, l.kind))
	IS DISTINCT FROM (l.count, 1::float8);
SELECT orders_possible = (SELECT 2 * count(*) FROM ct_orders o WHERE o.run_id = r.run_id) AS possible, count_of.steps
	FROM ct_runs r, (SELECT count(DISTINCT (script, step)) AS steps FROM ct_orders WHERE run_id = pg_temp.last_run()) count_of WHERE run_id = pg_temp.last_run();

-- the report for programs says what the views say, column by column
CREATE FUNCTION pg_temp.differs(run bigint) RETURNS TABLE (list text, n bigint, columns bigint, differing text) LANGUAGE plpgsql AS $$
DECLARE
	report jsonb := ct_report(run, 'json');
	view_rows jsonb;
BEGIN
	FOREACH list IN ARRAY '{checks,anomalies,outcomes,tallies,latencies,timeline,orders,errors,workers}'::text[] LOOP
		EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(v)), ''[]'') FROM ct_%s v WHERE run_id = $1', list) INTO view_rows USING run;
		SELECT greatest(jsonb_array_length(report -> list), jsonb_array_length(view_rows)), count(DISTINCT k.key),
			string_agg(DISTINCT k.key, ', ') FILTER (WHERE k.value IS DISTINCT FROM v.row -> k.key)
			INTO n, columns, differing
			FROM jsonb_array_elements(report -> list) WITH ORDINALITY r (row, i)
			FULL JOIN jsonb_array_elements(view_rows) WITH ORDINALITY v (row, i) USING (i)
			LEFT JOIN LATERAL jsonb_each(r.row) k ON k.key NOT IN ('length_s');
		RETURN NEXT;
	END LOOP;
	list := 'run';
	SELECT 1, count(*), string_agg(k.key, ', ') FILTER (WHERE k.value IS DISTINCT FROM to_jsonb(r) -> k.key) INTO n, columns, differing
		FROM ct_runs r, jsonb_each(report -> 'run') k WHERE run_id = run AND k.key <> 'duration_s';
	RETURN NEXT;
END $$;
SELECT list, n > 0 AS some, columns > 1 AS columns, differing FROM pg_temp.differs(pg_temp.last_run());
SELECT (j -> 'run' ->> 'duration_s')::float8 = duration AS duration, j -> 'format_version' AS version,
	(SELECT sum((l ->> 'length_s')::float8) FROM jsonb_array_elements(j -> 'timeline') l) = (SELECT sum(seconds) FROM ct_timeline t WHERE t.run_id = r.run_id) AS seconds,
	(SELECT jsonb_agg(h -> 'count') FROM jsonb_array_elements(j -> 'histograms') h) =
		(SELECT jsonb_agg(counts ORDER BY script, step, kind) FROM (SELECT script, step, kind, jsonb_agg(count ORDER BY lower_us) AS counts
			FROM ct_histograms h WHERE h.run_id = r.run_id GROUP BY script, step, kind) s) AS histograms
	FROM ct_runs r, LATERAL (SELECT ct_report(run_id, 'json')::jsonb AS j) report WHERE run_id = pg_temp.last_run();

-- a comparison's row is what its run's row says
CREATE TEMP TABLE compared AS SELECT * FROM ct_compare('regress_known', seed => 5);
SELECT variant, verdict, anomalies, retries, failed, errors, cheapest FROM compared;
SELECT c.variant, r.variant = c.variant AND r.verdict = c.verdict AS same_run, abs(c.tps - r.tps) < 0.11 AS tps,
	abs(c.p50_ms - r.p50_ms) < 0.0011 AS p50, abs(c.p95_ms - r.p95_ms) < 0.0011 AS p95, abs(c.p99_ms - r.p99_ms) < 0.0011 AS p99,
	(c.anomalies, c.retries, c.failed) = (r.anomalies, r.retries, r.failed) AS counts FROM compared c JOIN ct_runs r USING (run_id);

-- a rate of 100 for a second is as many as were drawn, all of them executed, wherever the seed is the same
SELECT ct_test('SELECT 1', workers => 2, rate => 100, duration => '1 s', min_overlap => 0, seed => 7) > 0 AS ran;
SELECT transactions, tps, duration, rate FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT kind, count FROM ct_latencies WHERE run_id = pg_temp.last_run();
SELECT sum(transactions) FROM ct_timeline WHERE run_id = pg_temp.last_run();
SELECT worker, transactions FROM ct_workers WHERE run_id = pg_temp.last_run();

-- what came before the warm-up's end is in no rate, but in outcomes and errors, which speak of all that is in the tables
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
CALL pg_temp.until_so($run$SELECT ct_test($$
\if :iteration <= 10
\outcome early
\sleep 5 ms
\if :iteration <= 3
SELECT raise((ARRAY['P0001', 'P0002', '40001'])[:iteration]);
\endif
\else
\outcome late
\sleep 40 ms
\endif
$$, setup => $$CREATE FUNCTION raise(state text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''on purpose'' USING errcode = state; END'$$,
	workers => 1, warmup => '1 s', duration => '400 ms', max_tries => 2, min_overlap => 0, expected_errors => '{P0002=refused}')$run$,
	'transactions >= 4 AND failed = 0 AND retries = 0 FROM ct_runs WHERE run_id = pg_temp.last_run()');
SELECT transactions BETWEEN 4 AND 11 AS few, failed, retries, deadlocks, anomalies, duration, p50_ms >= 40 AS late FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT outcome, CASE WHEN outcome = 'late' THEN count > (SELECT transactions FROM ct_runs WHERE run_id = pg_temp.last_run()) ELSE count = CASE outcome WHEN 'refused' THEN 1 ELSE 11 END END AS all_of_them
	FROM ct_outcomes WHERE run_id = pg_temp.last_run() ORDER BY outcome;
SELECT script, sqlstate, handling, count, step, line FROM ct_errors WHERE run_id = pg_temp.last_run() ORDER BY sqlstate, handling;
SELECT observed, expected FROM ct_anomalies WHERE run_id = pg_temp.last_run() ORDER BY first_seen;
SELECT kind, step, min_ms >= 40 AS late FROM ct_latencies WHERE run_id = pg_temp.last_run();
SELECT sum(transactions) = (SELECT transactions FROM ct_runs WHERE run_id = pg_temp.last_run()) AS transactions, sum(failed) AS failed, sum(retries) AS retries
	FROM ct_timeline WHERE run_id = pg_temp.last_run();

-- of more names than a worker tells apart, the last ones are counted together: 31 tallies and 63 outcomes have their own
SELECT string_agg(format(E'\\tally t%s %s\n', i, i), '') AS tallies FROM generate_series(1, 40) i \gset
SELECT string_agg(format(E'\\outcome o%s\n', i), '') AS outcomes FROM generate_series(1, 20) i \gset
SELECT ct_test(:'tallies' || :'outcomes' || E'SELECT ''n'' || :iteration AS label \\gset\n\\outcome :label', workers => 1, transactions => 50, min_overlap => 0) > 0 AS ran;
SELECT count(*), sum(value) = 50 * 820 AS all_of_them, sum(value) FILTER (WHERE tally = 'other') = 50 * (820 - 31 * 16) AS others,
	max(times) FILTER (WHERE tally = 'other') = 50 * 9 AND max(times) FILTER (WHERE tally <> 'other') = 50 AS counts,
	min(min) FILTER (WHERE tally = 'other') AS least, max(max) FILTER (WHERE tally = 'other') AS most,
	bool_and(value = 50 * substring(tally FROM 't(\d+)')::int) AS own FROM ct_tallies WHERE run_id = pg_temp.last_run();
SELECT count(*), sum(count) AS all_of_them, sum(count) FILTER (WHERE outcome = 'other') AS others, sum(count) FILTER (WHERE outcome ~ '^o\d') AS often,
	sum(count) FILTER (WHERE outcome ~ '^n\d') AS once FROM ct_outcomes WHERE run_id = pg_temp.last_run();

SELECT ct_drop_scenario('regress_known');
