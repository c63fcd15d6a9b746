--
-- Baselines, regressions and trends: of runs made by hand, whose seconds are known
--
\set VERBOSITY default
\set SHOW_CONTEXT never
DELETE FROM ct_result;
CREATE ROLE regress_ct_alice;
CREATE ROLE regress_ct_bob;
CREATE ROLE regress_ct_team;
CREATE ROLE regress_ct_watcher;
GRANT regress_ct_team TO regress_ct_bob;
GRANT pg_read_all_stats TO regress_ct_watcher;
GRANT EXECUTE ON FUNCTION ct_set_baseline(bigint), ct_set_baseline(bigint[]), ct_drop_baseline TO
	regress_ct_alice, regress_ct_bob, regress_ct_watcher;

-- a run of n seconds about a level of tps, each off by up to so much; drift: of the last one less the first
CREATE FUNCTION made(id bigint, scenario text, level float8, off float8 DEFAULT 0.01, n int DEFAULT 10, role text DEFAULT current_user,
	errors int DEFAULT 0, drift float8 DEFAULT 0, repeat_of bigint DEFAULT NULL, status text DEFAULT 'succeeded',
	plan jsonb DEFAULT '{}') RETURNS bigint LANGUAGE sql AS $$
	WITH s AS MATERIALIZED (
		SELECT i, level * (1 + off * sin(id * 5.3 + i * 2.3)) * (1 + drift * (i - (n + 1) / 2.0) / n) AS tps
		FROM generate_series(1, n) i
	), r AS (
		INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, started_at, gate_at, finished_at, duration,
			workers_asked, workers, transactions, failed, retries, anomalies, tps, mean_ms, p50_ms, p95_ms, p99_ms, max_ms,
			plan, leader_pid, shm_handle, repeat_of)
		SELECT id, scenario, 'v', role::regrole, status, 'pass', '2026-01-01'::timestamptz + id * interval '1 h',
			'2026-01-01'::timestamptz + id * interval '1 h', now(), n, 4, 4, n * avg(tps), errors, 0, 0, avg(tps), 4000 / avg(tps),
			3800 / avg(tps), 6000 / avg(tps), 9000 / avg(tps), 50, '{"duration": 10}' || plan, 1, 1, repeat_of
		FROM s RETURNING run_id
	), e AS (
		INSERT INTO ct_result_error (run_id, script, sqlstate, condition_name, handling, count, first_message, first_seen)
		SELECT id, 's', '40001', 'serialization_failure', 'gave_up', errors, 'm', now() FROM r WHERE errors > 0
	)
	INSERT INTO ct_result_second (run_id, "time", seconds, transactions, failed, retries, p50_ms, p95_ms, p99_ms, max_ms, mean_ms)
	SELECT id, '2026-01-01'::timestamptz + id * interval '1 h' + i * interval '1 s', 1, round(tps), errors / n, 0,
		3800 / tps, 6000 / tps, 9000 / tps, 50, 4000 / tps FROM s, r
	RETURNING run_id $$;

-- the last ones of the same kind
SELECT made(1, 'a', 1000), made(2, 'a', 1003), made(3, 'a', 900), made(4, 'b', 1000),
	made(5, 'a', 2000, plan => '{"params": {"n": 2}}'), made(6, 'a', 995, plan => '{"seed": 5, "thresholds": [1], "keep": true}');
SELECT run_id, baseline, metric, before, after, change, change_low < change AND change < change_high AS within, significant,
	detectable
FROM ct_regressions WHERE run_id IN (2, 3);
SELECT run_id, baseline, significant FROM ct_regressions WHERE metric = 'tps';

-- against a baseline: all that came after it
SELECT ct_set_baseline(1);
SELECT scenario, variant, run_ids, role = current_user AS mine FROM ct_baselines;
SELECT run_id, baseline, round(change::numeric, 3) AS change, significant FROM ct_regressions WHERE metric = 'tps';
SELECT ct_set_baseline(ARRAY[2,1,2]);
SELECT run_id, baseline, round(change::numeric, 3) AS change, significant FROM ct_regressions WHERE metric = 'p95_ms';
SELECT ct_drop_baseline(1), ct_drop_baseline(2), ct_drop_baseline(3);
SELECT count(*) FROM ct_baselines;

-- where the data don't tell: too short, with a trend; errors from none to some, and many
SELECT made(11, 'short', 1000, n => 3), made(12, 'short', 900, n => 3), made(13, 'drift', 1000), made(14, 'drift', 900, drift => -0.4),
	made(15, 'errors', 1000), made(16, 'errors', 1000, errors => 500), made(17, 'errors', 1000, errors => 520);
SELECT run_id, metric, before, after, change, change_low IS NULL AS unknown, significant, detectable FROM ct_regressions
WHERE run_id IN (12, 14) AND metric IN ('tps', 'p99_ms') OR run_id > 14 AND metric = 'errors';
-- short ones are enough, if they are many
SELECT made(20 + i, 'many', 1000 + (i * 7) % 10, n => 2) FROM generate_series(1, 9) i;
SELECT made(30, 'many', 950, n => 2), made(31, 'many', 1004, n => 2);
SELECT run_id, significant FROM ct_regressions WHERE run_id IN (25, 26, 30, 31) AND metric = 'tps';
-- other lengths can be compared, but not their numbers of errors
SELECT made(32, 'length', 1000, errors => 100), made(33, 'length', 1000, errors => 200, n => 20, plan => '{"duration": 20}');
SELECT ct_set_baseline(32);
SELECT run_id, metric, before, after, significant FROM ct_regressions WHERE run_id = 33 AND metric IN ('tps', 'errors');

-- repeats count as one, in the row of the last one, also for a baseline
SELECT made(40 + i, 'r', 1000 + (i * 7) % 10, n => 2, repeat_of => 41) FROM generate_series(1, 4) i;
SELECT made(44 + i, 'r', 960 + (i * 7) % 10, n => 2, repeat_of => 45) FROM generate_series(1, 4) i;
SELECT made(49, 'r', 500, repeat_of => 45, status => 'cancelled');
SELECT run_id, baseline, before, after, significant FROM ct_regressions WHERE run_id BETWEEN 41 AND 49 AND metric = 'tps';
SELECT ct_set_baseline(42);
SELECT run_ids FROM ct_baselines WHERE scenario = 'r';
SELECT run_id, baseline, significant FROM ct_regressions WHERE run_id BETWEEN 41 AND 49 AND metric = 'tps';

-- what can't be one
SELECT made(51, 'x', 1000, status => 'failed'), made(52, 'x', 1000, status => 'running'), made(53, 'x', 1000, plan => '{"explore": true}'),
	made(54, NULL, 1000), made(55, NULL, 1000, plan => '{"scripts": []}');
SELECT ct_set_baseline(NULL::bigint);
SELECT ct_set_baseline(NULL::bigint[]);
SELECT ct_set_baseline('{}'::bigint[]);
SELECT ct_set_baseline(ARRAY[1,NULL]);
SELECT ct_set_baseline(999);
SELECT ct_set_baseline(ARRAY[1,999]);
SELECT ct_set_baseline(51);
SELECT ct_set_baseline(52);
SELECT ct_set_baseline(53);
SELECT ct_set_baseline(ARRAY[1,4]);
SELECT ct_set_baseline(ARRAY[54,55]);
SELECT ct_drop_baseline(NULL);
SELECT ct_drop_baseline(999);
BEGIN READ ONLY;
SELECT ct_set_baseline(1);
ROLLBACK;
BEGIN READ ONLY;
SELECT ct_drop_baseline(1);
ROLLBACK;
-- runs of ct_test: of the same script and settings
SELECT ct_set_baseline(54);
SELECT made(56, NULL, 1001), made(57, NULL, 1001, plan => '{"scripts": []}');
SELECT run_id, baseline FROM ct_regressions WHERE run_id IN (55, 56, 57) AND metric = 'tps';

-- whose it is: nobody sees what they may not see, or sets it
SELECT made(61, 'p', 1000, role => 'regress_ct_alice'), made(62, 'p', 1000, role => 'regress_ct_team'), made(63, 'p', 1000, role => 'regress_ct_bob'),
	made(64, 'p', 500, role => 'regress_ct_alice');
SET ROLE regress_ct_bob;
SELECT ct_set_baseline(61);
SELECT ct_set_baseline(ARRAY[62,61]);
SELECT ct_set_baseline(ARRAY[62,63]);
SELECT ct_drop_baseline(61);
SELECT ct_set_baseline(62);
SELECT run_ids, role FROM ct_baselines;
SELECT run_id, baseline FROM ct_regressions WHERE metric = 'tps';
SET ROLE regress_ct_alice;
SELECT count(*) FROM ct_baselines;
SELECT ct_drop_baseline(62);
SELECT run_id, baseline FROM ct_regressions WHERE metric = 'tps';
SELECT DISTINCT run_id FROM ct_trends;
SET ROLE regress_ct_watcher;
SELECT ct_set_baseline(61);
SELECT run_ids, role FROM ct_baselines WHERE scenario = 'p';
SELECT run_id, baseline FROM ct_regressions WHERE metric = 'tps' AND run_id > 60;
RESET ROLE;
-- one's own comes before that of a role that one has the privileges of
SELECT ct_set_baseline(63);
SELECT made(65, 'p', 1000, role => 'regress_ct_bob');
SELECT run_id, baseline FROM ct_regressions WHERE metric = 'tps' AND run_id = 65;
SELECT has_function_privilege('public', p.oid, 'EXECUTE') AS anybody, p.proname FROM pg_proc p
WHERE p.proname IN ('ct_set_baseline', 'ct_drop_baseline') GROUP BY 1, 2 ORDER BY 2;

-- pruning leaves them
SELECT ct_prune('0') > 0 AS pruned;
SELECT array_agg(run_id ORDER BY run_id) FROM ct_result WHERE run_id NOT IN (52);
SELECT ct_drop_baseline(run_ids[1]) FROM ct_baselines;
-- who removes them by hand has none
SELECT made(71, 'a', 1000), ct_set_baseline(71), made(72, 'a', 1000);
DELETE FROM ct_result WHERE run_id = 71;
SELECT run_id, baseline FROM ct_regressions WHERE run_id = 72 AND metric = 'tps';
DELETE FROM ct_result;

-- what others on the machine used: nothing is true where that may be why; in pairs: before and after
CREATE FUNCTION used(id bigint, others float8) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO ct_result_usage (run_id, server_cpu, machine_cpu) SELECT id, 40, 40 + others WHERE others IS NOT NULL RETURNING run_id $$;
SELECT made(79 + 2 * n, 'others ' || n, 1000), made(80 + 2 * n, 'others ' || n, CASE n WHEN 8 THEN 1001 ELSE 900 END),
	used(79 + 2 * n, before), used(80 + 2 * n, after)
FROM (VALUES (1, NULL, NULL), (2, 5, 8), (3, 14, 4), (4, 4, 15), (5, 25, 25), (6, 26, 24), (7, NULL, 26), (8, 4, 40), (9, NULL, 24), (10, 15, 4)) v (n, before, after);
SELECT r.run_id, b.machine_cpu - b.server_cpu AS others_before, a.machine_cpu - a.server_cpu AS others_after, round(r.change::numeric, 2) AS change,
	r.change_low IS NOT NULL AS told, r.significant, r.detectable
FROM ct_regressions r LEFT JOIN ct_usage b ON b.run_id = r.baseline[1] LEFT JOIN ct_usage a ON a.run_id = r.run_id
WHERE r.metric = 'tps' ORDER BY r.run_id;
SELECT metric, significant FROM ct_regressions WHERE run_id = 88;
-- of several runs the mean: that of 0 and 24 is no more than 10 from 4, nor from that of 3 and 19, but from 23
SELECT made(101, 'means', 1000), made(102, 'means', 1002), made(103, 'means', 900), made(104, 'means', 901, repeat_of => 104),
	made(105, 'means', 902, repeat_of => 104), made(106, 'means', 901);
SELECT used(id, others) FROM (VALUES (101, 0), (102, 24), (103, 4), (104, 3), (105, 19), (106, 23)) v (id, others);
SELECT ct_set_baseline(ARRAY[101,102]);
SELECT run_id, baseline, significant FROM ct_regressions WHERE metric = 'tps' AND run_id > 102;
SELECT ct_drop_baseline(101);
-- of five runs one that was disturbed is enough, of six it is their mean that counts
SELECT made(110 + i, 'five', CASE WHEN i > 2 THEN 900 ELSE 1000 END + i, repeat_of => CASE WHEN i > 2 THEN 113 END), used(110 + i, CASE i WHEN 5 THEN 29 ELSE 3 END)
FROM generate_series(1, 5) i;
SELECT made(120 + i, 'six', CASE WHEN i > 3 THEN 900 ELSE 1000 END + i, repeat_of => CASE WHEN i > 3 THEN 124 END), used(120 + i, CASE i WHEN 5 THEN 29 ELSE 3 END)
FROM generate_series(1, 6) i;
SELECT made(130 + i, 'mean', CASE WHEN i > 3 THEN 900 ELSE 1000 END + i, repeat_of => CASE WHEN i > 3 THEN 134 END), used(130 + i, CASE WHEN i > 3 THEN 26 ELSE 20 END)
FROM generate_series(1, 6) i;
SELECT r.run_id, r.baseline, r.change_high < 0 AS slower, r.significant, r.detectable > 0 AS detectable
FROM ct_regressions r WHERE r.metric = 'tps' AND r.run_id IN (115, 126, 136);
DROP FUNCTION used;
DELETE FROM ct_result;

-- levels of a series: one run that is off is no change, three are; a new one begins with the first of them
SELECT count(made(100 + i, 't', CASE WHEN i = 12 THEN 400 WHEN i <= 20 THEN 1000 ELSE 900 END + (i * 7) % 10, n => 2)) FROM generate_series(1, 22) i;
SELECT run_id, metric, level FROM ct_trends WHERE change_point;
SELECT made(123, 't', 903, n => 2), made(124, 'u', 903, n => 2), made(125, 't', 1, n => 2, plan => '{"duration": 5}');
SELECT run_id, scenario, series, metric, level, change FROM ct_trends WHERE change_point;
SELECT scenario, series, metric, count(*), min(value), max(value), count(DISTINCT level) AS levels FROM ct_trends
WHERE metric IN ('tps', 'errors') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

DELETE FROM ct_result;
DELETE FROM ct_baseline;
DROP FUNCTION made;
REVOKE ALL ON FUNCTION ct_set_baseline(bigint), ct_set_baseline(bigint[]), ct_drop_baseline FROM
	regress_ct_alice, regress_ct_bob, regress_ct_watcher;
DROP ROLE regress_ct_alice, regress_ct_bob, regress_ct_team, regress_ct_watcher;
