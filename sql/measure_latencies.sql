--
-- A run whose transactions last as long as they say: every view tells the same lengths
--
-- Each transaction sleeps for a known time and writes down how long that really was, so that what
-- is measured has an exact lower bound, and an upper one that no load of the machine moves.
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
CREATE TABLE slept (script text, meant int, ms float8);

-- one worker has nearly all of the long ones: one of 250 ms, 6 of 120, 10 of 50, 33 of 15; the others 7 of 15 ms and 143 of 1
SELECT ct_create_scenario('regress_slept', transactions => 200, min_overlap => 0);
SELECT ct_add_script('regress_slept', 'slow', workers => 1, body => $$
\set k (:iteration - 1) / 4
\set ms case when :k < 1 then 250 when :k < 7 then 120 when :k < 17 then 50 else 15 end
\if :ms >= 120
\outcome late
\endif
INSERT INTO slept SELECT 'slow', :ms, 1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM pg_sleep(0.001 * :ms);
$$);
SELECT ct_add_script('regress_slept', 'quick', workers => 3, body => $$
\set ms case when :iteration % 4 = 2 and :iteration < 28 then 15 else 1 end
INSERT INTO slept SELECT 'quick', :ms, 1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM pg_sleep(0.001 * :ms);
$$);
-- What they slept, by the numbers that the views have, and the most that may be told: not so much that it could be the next quantile.
-- What a transaction does besides takes little, but on a busy machine it may be kept waiting for as long as that.
CREATE FUNCTION pg_temp.exact(which text) RETURNS TABLE (metric text, low float8, high float8) LANGUAGE sql AS $$
	WITH s AS (SELECT * FROM slept WHERE which IN ('', script) OR (which = 'late' AND meant >= 120)),
	e AS (SELECT avg(ms) AS mean, stddev_pop(ms) AS stddev, min(ms) AS min, max(ms) AS max,
		percentile_disc('{0.5,0.9,0.95,0.99,0.999}'::float8[]) WITHIN GROUP (ORDER BY ms) AS p FROM s)
	SELECT 'mean_ms', mean, mean + 10 FROM e UNION ALL SELECT 'stddev_ms', stddev - 8, stddev + 12 FROM e
	UNION ALL SELECT 'min_ms', min, min + 10 FROM e UNION ALL SELECT 'max_ms', max, max + 200 FROM e
	UNION ALL SELECT ('{p50_ms,p90_ms,p95_ms,p99_ms,p999_ms}'::text[])[i], p[i] * 0.99, CASE WHEN p[i + 1] > p[i] * 1.5 AND p[i + 1] > p[i] + 10 THEN (p[i] + p[i + 1]) / 2 ELSE p[i] + 100 END
	FROM e, generate_series(1, 5) i
$$;
CREATE TEMP VIEW told AS
	SELECT 'ct_latencies' AS source, l.script AS which, l.kind, key AS metric, value::float8 AS ms
	FROM ct_latencies l, jsonb_each_text(to_jsonb(l)) WHERE run_id = pg_temp.last_run() AND key LIKE '%\_ms' AND kind <> 'lock_wait' -- as a table grows
	UNION ALL
	SELECT 'ct_runs', '', '', key, value::float8
	FROM ct_runs r, jsonb_each_text(to_jsonb(r)) WHERE run_id = pg_temp.last_run() AND key LIKE '%\_ms'
	UNION ALL
	SELECT 'ct_checks', regexp_replace(check_name, '(:\d+)?\.?[^.]*$', ''), CASE WHEN check_name ~ ':' THEN 'statement' ELSE '' END,
		substring(check_name FROM '[^.]*$'), actual::float8
	FROM ct_checks WHERE run_id = pg_temp.last_run() AND kind = 'threshold';
CALL pg_temp.until_so($$DELETE FROM slept;
	SELECT ct_run('regress_slept', thresholds => ARRAY(SELECT format('%s%s >= 0', of, metric)
		FROM unnest('{"",slow.,quick.,late.,slow:5.}'::text[]) of,
		unnest('{mean_ms,stddev_ms,p50_ms,p90_ms,p95_ms,p99_ms,p999_ms,max_ms}'::text[]) metric))$$,
	'NOT EXISTS (SELECT FROM told t LEFT JOIN LATERAL pg_temp.exact(t.which) e ON e.metric = t.metric WHERE (t.ms BETWEEN low AND high) IS NOT TRUE)');
SELECT script, meant, count(*), min(ms) >= meant AS so_long FROM slept GROUP BY 1, 2 ORDER BY 1, 2;
SELECT source, which, kind, count(*), string_agg(format('%s: %s, not in %s', t.metric, t.ms, e), '; ') FILTER (WHERE (t.ms BETWEEN low AND high) IS NOT TRUE) AS wrong
	FROM told t LEFT JOIN LATERAL pg_temp.exact(t.which) e ON e.metric = t.metric GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- the bands that they are in
SELECT p50_ms >= 1 * 0.99 AS p50, p95_ms >= 50 * 0.99 AS p95, p99_ms >= 120 * 0.99 AS p99, p999_ms >= 250 * 0.99 AS p999, max_ms >= 250 AS max, mean_ms >= 11.06 AS mean
	FROM ct_runs WHERE run_id = pg_temp.last_run();
-- two places that tell the same
SELECT check_name FROM ct_checks c LEFT JOIN told t ON t.metric = substring(check_name FROM '[^.]*$')
		AND ((t.source, t.which, t.kind) = ('ct_latencies', split_part(check_name, '.', 1), 'transaction') OR (t.source = 'ct_runs' AND check_name !~ '\.')
		OR (t.source, t.which || ':5', t.kind) = ('ct_latencies', split_part(check_name, '.', 1), 'statement'))
	WHERE run_id = pg_temp.last_run() AND c.kind = 'threshold' AND check_name !~ '^late' AND check_name NOT IN ('p90_ms', 'stddev_ms')
	AND (abs(c.actual::float8 - t.ms) <= 0.001 + 0.00001 * t.ms) IS NOT TRUE;

-- every number is that of its histogram: a quantile lies in the bucket that it should, and so on
CREATE FUNCTION pg_temp.contradictions(run bigint) RETURNS TABLE (script text, step int, kind text, metric text) LANGUAGE sql AS $$
	WITH quantiles AS (
		SELECT l.*, q.*, lower_us, upper_us FROM ct_latencies l
		CROSS JOIN LATERAL (VALUES ('p50', p50_ms, 0.5), ('p90', p90_ms, 0.9), ('p95', p95_ms, 0.95), ('p99', p99_ms, 0.99), ('p999', p999_ms, 0.999)) q (name, ms, q)
		CROSS JOIN LATERAL (SELECT h.lower_us, h.upper_us, sum(h.count) OVER (ORDER BY h.lower_us) AS seen FROM ct_histograms h
			WHERE (h.run_id, h.script, h.step, h.kind) = (l.run_id, l.script, l.step, l.kind)) h
		WHERE l.run_id = run AND seen >= ceil(q * l.count) AND seen - (SELECT count FROM ct_histograms g WHERE (g.run_id, g.script, g.step, g.kind, g.lower_us)
			= (l.run_id, l.script, l.step, l.kind, h.lower_us)) < ceil(q * l.count)),
	sums AS (
		SELECT l.run_id, l.script, l.step, l.kind, l.count, l.min_ms, l.max_ms, l.mean_ms, l.stddev_ms, sum(h.count) AS n, min(h.lower_us) / 1000 AS low, min(h.upper_us) / 1000 AS low_end,
			max(h.lower_us) / 1000 AS high, max(h.upper_us) / 1000 AS high_end, sum(h.count * (h.lower_us + h.upper_us) / 2000) / sum(h.count) AS mean,
			sum(h.count * ((h.lower_us + h.upper_us) / 2000) ^ 2) / sum(h.count) AS squares
		FROM ct_latencies l JOIN ct_histograms h USING (run_id, script, step, kind) WHERE l.run_id = run GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9)
	SELECT script, step, kind, name FROM quantiles WHERE NOT ms * 1000 BETWEEN lower_us - 0.1 AND upper_us + 0.1
	UNION ALL SELECT l.script, l.step, l.kind, 'quantiles' FROM ct_latencies l WHERE run_id = run AND
		(SELECT count(*) FROM quantiles q WHERE (q.script, q.step, q.kind) = (l.script, l.step, l.kind)) <> 5
	UNION ALL SELECT script, step, kind, 'count' FROM sums WHERE count <> n
	UNION ALL SELECT script, step, kind, 'min' FROM sums WHERE NOT min_ms BETWEEN low - 0.0001 AND low_end + 0.0001
	UNION ALL SELECT script, step, kind, 'max' FROM sums WHERE NOT max_ms BETWEEN high - 0.0001 AND high_end + 0.0001
	UNION ALL SELECT script, step, kind, 'mean' FROM sums WHERE NOT abs(mean_ms - mean) <= 0.01 * mean + 0.001
	UNION ALL SELECT script, step, kind, 'stddev' FROM sums WHERE NOT abs(stddev_ms - sqrt(greatest(squares - mean ^ 2, 0))) <= 0.01 * sqrt(squares) + 0.001
	UNION ALL SELECT l.script, l.step, l.kind, 'cumulative_share' FROM ct_latencies l WHERE run_id = run AND EXISTS (
		SELECT FROM (SELECT h.cumulative_share, sum(h.count) OVER (ORDER BY lower_us) AS seen FROM ct_histograms h
			WHERE (h.run_id, h.script, h.step, h.kind) = (l.run_id, l.script, l.step, l.kind)) h WHERE abs(cumulative_share - seen / l.count) > 1e-9)
$$;
SELECT * FROM pg_temp.contradictions(pg_temp.last_run());
-- of so many that even the longest thousandth is not the longest one
SELECT ct_test('SELECT 1', workers => 2, transactions => 5000, min_overlap => 0) > 0 AS ran;
SELECT kind, count, p999_ms < max_ms AS not_the_longest FROM ct_latencies WHERE run_id = pg_temp.last_run() AND kind <> 'lock_wait';
SELECT * FROM pg_temp.contradictions(pg_temp.last_run());
-- the run's are those of its histograms, too
SELECT abs(r.p999_ms - l.p999_ms) + abs(r.p99_ms - l.p99_ms) + abs(r.p95_ms - l.p95_ms) + abs(r.p50_ms - l.p50_ms) + abs(r.max_ms - l.max_ms) + abs(r.mean_ms - l.mean_ms) < 0.004 AS same
	FROM ct_runs r JOIN ct_latencies l USING (run_id) WHERE run_id = pg_temp.last_run() AND kind = 'transaction';
DROP TABLE slept;
SELECT ct_drop_scenario('regress_slept');

--
-- Second by second: 25 ms each at first, six of them failed, 90 ms each from the 61st on
--
CALL pg_temp.until_so($run$SELECT ct_test($$
\if :iteration <= 60
SELECT pg_sleep(0.025);
SELECT 1 / (:iteration % 10);
\else
SELECT pg_sleep(0.09);
\endif
$$, workers => 2, duration => '3 s', min_overlap => 0)$run$,
	$$count(*) = 3 AND bool_and(abs(seconds - 1) < 0.5 AND abs(extract(epoch FROM time - gate_at) - second) < 0.5 AND
		CASE second WHEN 1 THEN t.transactions > 25 AND t.p50_ms < 89 AND t.failed > 0 WHEN 3 THEN t.transactions <= 24 AND t.p50_ms >= 90 * 0.99 AND t.failed = 0 ELSE true END)
	FROM ct_timeline t JOIN ct_runs USING (run_id) WHERE run_id = pg_temp.last_run()$$);
SELECT second, abs(seconds - 1) < 0.5 AS one_long, abs(extract(epoch FROM time - gate_at) - second) < 0.5 AS ends_then, metric LIKE 'ct_test #%' AS metric,
	abs(t.tps - t.transactions / seconds) <= 0.06 AS tps, p99_ms BETWEEN p95_ms AND t.max_ms AND p95_ms >= p50_ms AS ordered
	FROM ct_timeline t JOIN (SELECT run_id, gate_at FROM ct_runs) r USING (run_id) WHERE run_id = pg_temp.last_run();
SELECT abs(sum(seconds) - 3) < 0.003 AS seconds, sum(t.transactions) = (SELECT transactions FROM ct_runs WHERE run_id = pg_temp.last_run()) AS transactions, sum(failed) AS failed
	FROM ct_timeline t WHERE run_id = pg_temp.last_run();
-- nothing of the first second is in the last one
SELECT failed > 0 AS failed, p50_ms BETWEEN 25 * 0.99 AND 89 AS p50, transactions > 25 AS many FROM ct_timeline WHERE run_id = pg_temp.last_run() AND second = 1;
SELECT failed, least(p50_ms, p95_ms, p99_ms, max_ms) >= 90 * 0.99 AS late, transactions <= 24 AS few FROM ct_timeline WHERE run_id = pg_temp.last_run() AND second = 3;
SELECT * FROM pg_temp.contradictions(pg_temp.last_run());

--
-- What is waited for has a name of its own
--
-- a schedule that can't be kept, of 50 ms each: the lag is in the transaction's latency, and no wait for a lock
CALL pg_temp.until_so($$SELECT ct_test('SELECT pg_sleep(0.05)', workers => 1, rate => 40, duration => '500 ms', min_overlap => 0, seed => 1)$$,
	$$bool_and(l.min_ms < 100 AND t.mean_ms - l.mean_ms - s.mean_ms < 10)
	FROM ct_latencies t, ct_latencies l, ct_latencies s WHERE t.run_id = pg_temp.last_run() AND l.run_id = t.run_id AND s.run_id = t.run_id
	AND (t.kind, l.kind, s.kind) = ('transaction', 'schedule_lag', 'statement')$$);
SELECT kind, step, count, CASE kind WHEN 'statement' THEN min_ms >= 50 WHEN 'schedule_lag' THEN min_ms < 100 AND max_ms >= 450 ELSE max_ms >= 500 END AS as_long
	FROM ct_latencies WHERE run_id = pg_temp.last_run() ORDER BY kind;
SELECT t.mean_ms - l.mean_ms - s.mean_ms BETWEEN -0.01 AND 10 AS lag_and_statement
	FROM ct_latencies t, ct_latencies l, ct_latencies s WHERE t.run_id = pg_temp.last_run() AND l.run_id = t.run_id AND s.run_id = t.run_id
	AND (t.kind, l.kind, s.kind) = ('transaction', 'schedule_lag', 'statement');
SELECT waited, round(tps) FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT * FROM pg_temp.contradictions(pg_temp.last_run());
-- a lock that is held for 100 ms, awaited by the other worker: no schedule
SELECT ct_create_scenario('regress_held', setup => 'CREATE TABLE one AS SELECT 1 AS i', transactions => 10, min_overlap => 0);
SELECT ct_add_script('regress_held', 'holds', workers => 1, body => $$
BEGIN;
UPDATE one SET i = i + 1;
\barrier held
\sleep 100 ms
COMMIT;
\barrier done
$$);
SELECT ct_add_script('regress_held', 'waits', workers => 1, body => $$
\barrier held
UPDATE one SET i = i + 1;
\barrier done
$$);
CALL pg_temp.until_so($$SELECT ct_run('regress_held')$$,
	$$bool_and(max_ms < 1000 AND min_ms > CASE script WHEN 'waits' THEN 50 ELSE 0 END) AND (SELECT s.mean_ms - l.mean_ms BETWEEN -5 AND 10 FROM ct_latencies l JOIN ct_latencies s USING (run_id, script)
		WHERE run_id = pg_temp.last_run() AND (script, l.kind, s.kind) = ('waits', 'lock_wait', 'statement'))
	AND (SELECT (waited, met, overlapped) = (5, 5, 10) FROM ct_runs WHERE run_id = pg_temp.last_run()) FROM ct_latencies WHERE run_id = pg_temp.last_run()$$);
SELECT script, kind, step, count, CASE WHEN script = 'waits' THEN min_ms BETWEEN 50 AND 1000 WHEN kind = 'transaction' THEN min_ms >= 100 ELSE max_ms < 1000 END AS as_long
	FROM ct_latencies WHERE run_id = pg_temp.last_run();
SELECT s.mean_ms - l.mean_ms BETWEEN -5 AND 10 AS nearly_all_of_it FROM ct_latencies l JOIN ct_latencies s USING (run_id, script)
	WHERE run_id = pg_temp.last_run() AND (script, l.kind, s.kind) = ('waits', 'lock_wait', 'statement');
SELECT worker, transactions, waited, overlapped, met FROM ct_workers WHERE run_id = pg_temp.last_run();
SELECT waited, contended, overlapped, met, barrier_breaks FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT * FROM pg_temp.contradictions(pg_temp.last_run());
SELECT ct_drop_scenario('regress_held');
-- who waits at a barrier for somebody who comes late hasn't worked
SELECT ct_create_scenario('regress_met', transactions => 10, min_overlap => 0);
SELECT ct_add_script('regress_met', 'late', workers => 1, body => E'\\sleep 60 ms\n\\barrier b\nSELECT 1;');
SELECT ct_add_script('regress_met', 'early', workers => 1, body => E'\\barrier b\nSELECT 1;');
CALL pg_temp.until_so($$SELECT ct_run('regress_met')$$,
	$$bool_and(p50_ms < 30 OR script = 'late' AND kind = 'transaction') FROM ct_latencies WHERE run_id = pg_temp.last_run()$$);
SELECT script, kind, count, CASE WHEN script = 'late' AND kind = 'transaction' THEN min_ms >= 60 ELSE p50_ms < 30 END AS as_long FROM ct_latencies WHERE run_id = pg_temp.last_run();
SELECT ct_drop_scenario('regress_met');
-- who fails before a barrier is awaited no longer: the other one comes past it each time, not all of them at the end
SELECT ct_create_scenario('regress_missed', transactions => 20, min_overlap => 0, expected_errors => '{22012=zero}', setup => 'CREATE SEQUENCE fails');
SELECT ct_add_script('regress_missed', 'misses', workers => 1, body => E'\\sleep 40 ms\nSELECT nextval(\'fails\');\nSELECT 1 / 0;\n\\barrier b');
SELECT ct_add_script('regress_missed', 'waits', workers => 1, body => E'\\barrier b\nSELECT last_value AS n FROM fails \\gset\n\\tally seen :n');
CALL pg_temp.until_so($$SELECT ct_run('regress_missed')$$, '(SELECT value BETWEEN 45 AND 80 FROM ct_tallies WHERE run_id = pg_temp.last_run())');
-- 55 if it is seen at once each time, 100 if only at the end
SELECT tally, value BETWEEN 45 AND 80 AS in_turn FROM ct_tallies WHERE run_id = pg_temp.last_run();
SELECT transactions, barrier_breaks FROM ct_runs WHERE run_id = pg_temp.last_run();
SELECT ct_drop_scenario('regress_missed');
