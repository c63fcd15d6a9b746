--
-- The views of results, ct_report, ct_assert and ct_prune, over rows made up
-- here, so that every number is known.
--
SET timezone = 'UTC';
-- bars and units in ASCII, whatever the server's encoding
SET client_encoding = 'SQL_ASCII';

CREATE ROLE regress_ct_alice;
CREATE ROLE regress_ct_bob IN ROLE regress_ct_alice;
CREATE ROLE regress_ct_carol;
CREATE ROLE regress_ct_dave IN ROLE pg_read_all_stats;
-- members, but without the privileges unless they SET ROLE
CREATE ROLE regress_ct_eve NOINHERIT IN ROLE regress_ct_alice, pg_read_all_stats;

-- a run that failed
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, gate_at, finished_at,
		duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies,
		overlapped, waited, met, contended, barrier_breaks, tps, mean_ms, p50_ms, p95_ms, p99_ms, max_ms,
		held_horizon, seed, server_version, plan, leader_pid, shm_handle)
	VALUES (900001, 'oversell_tickets', 'naive', 'regress_ct_alice', 'succeeded', 'fail',
		'Check no_oversell found 7 violations.', '2021-11-21 10:00:00+00', '2021-11-21 10:00:00.5+00', '2021-11-21 10:00:09+00',
		8.25, 8, 5, 'read committed', 30321, 12, 340, 7,
		30111, 2525, 28002, 28123, 2, 3675.3, 2.03, 1.81, 3.92, 7.11, 48.2,
		true, 42, '15.20 (Debian 15.20-0+deb12u1)', '{"rate": 4000, "max_tries": 10, "params": {"tickets": 10, "window_ms": 2}}', 1, 0);
INSERT INTO ct_result_check (run_id, position, check_name, kind, target, actual, status, violations) VALUES
	(900001, 1, 'no_oversell', 'oversell', '0 rows', '7 rows', 'fail', 7),
	(900001, 2, 'p95_ms', 'threshold', '< 100', '3.92', 'pass', 0);
INSERT INTO ct_result_anomaly (run_id, position, check_name, kind, observed, expected, evidence, first_seen)
	SELECT 900001, i, 'no_oversell', 'oversell', (10 + i)::text, '10',
		jsonb_build_object('event', i, 'sold', 10 + i, 'note', repeat('sold | ', (i = 2)::int * 20)),
		timestamptz '2021-11-21 10:00:01+00' + i * interval '0.25 s'
	FROM generate_series(1, 7) i;
INSERT INTO ct_result_outcome VALUES
	(900001, 'buy', 'sold', 21), (900001, 'buy', 'sold_out', 30300), (900001, 'refund', 'refunded', 1);
INSERT INTO ct_result_tally VALUES (900001, 'money', 123456.78, 4000, -12.5, 99.999), (900001, 'of 1.0', 10, NULL, NULL, NULL);
INSERT INTO ct_result_second
	SELECT 900001, timestamptz '2021-11-21 10:00:00.5+00' + least(i, 8.25) * interval '1 s',
		CASE WHEN i = 9 THEN 0.25 ELSE 1 END, CASE WHEN i = 9 THEN 500 ELSE 1000 * i END, i % 2, 20, 1.8, 3.9, 7, 20
	FROM generate_series(1, 9) i;
INSERT INTO ct_result_slice VALUES (900001, 2, '{1,0,10000,20000,320}');
INSERT INTO ct_result_error VALUES
	(900001, 'buy', '40001', 'serialization_failure', 'retried', 340, 'could not serialize access due to concurrent update',
		4, 5, '2021-11-21 10:00:00.6+00', E'UPDATE ticket\n\tSET sold = true', 'Of what is retried nothing is told.', NULL, NULL),
	(900001, 'buy', '57014', 'query_canceled', 'failed', 12, 'canceling statement due to statement timeout',
		NULL, NULL, '2021-11-21 10:00:01+00', NULL, 'What took so long: everything.', 'Be quick.',
		E'SQL statement "SELECT everything()"\nPL/pgSQL function everything() line 3 at PERFORM\nscript "buy", line 1: SELECT');
INSERT INTO ct_result_worker
	SELECT 900001, i, 1000 + i, 2000 * i + 64, i, 60, 6000, 500, 5500 FROM generate_series(1, 5) i;
INSERT INTO ct_result_latency (run_id, script, step, kind, sql, count, mean_ms, stddev_ms, min_ms,
		p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms, lower_us, upper_us, bucket_count)
	VALUES
	(900001, 'buy', 0, 'transaction', NULL, 30320, 2.03, 1.1, 0.11, 1.81, 3, 3.92, 7.11, 20.3, 48.2,
		'{110,500,1400,1800,3900,7100,48000}', '{111,504,1410,1815,3930,7150,48400}', '{1,5000,9000,14319,1800,199,1}'),
	(900001, 'refund', 0, 'transaction', NULL, 1, 2.5, 0, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5, '{2490}', '{2510}', '{1}'),
	(900001, 'buy', 0, 'lock_wait', NULL, 2525, 0.83, 1.1, 0.0051, 0.81, 3, 3.92, 7.11, 20.3, 48.2, '{}', '{}', '{}'),
	(900001, 'buy', 0, 'schedule_lag', NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', '{}', '{}'),
	(900001, 'buy', 1, 'statement', 'SELECT sold FROM event WHERE id = :event', 30661, 0.0123, 0.1, 0.005, 0.011, 0.02, 0.031, 0.12, 1.22, 13.2, '{}', '{}', '{}'),
	(900001, 'buy', 3, 'statement', E'UPDATE event\n\tSET sold = :sold + 1, name = ''`|`''\n\tWHERE id = :event RETURNING something_long', 30661, 0.0123, 0.1, 0.005, 0.011, 0.02, 0.031, 0.12, 61.22, 1234.5, '{}', '{}', '{}');

-- one that passed
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, gate_at, finished_at,
		duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies,
		overlapped, waited, met, contended, barrier_breaks, tps, mean_ms, p50_ms, p95_ms, p99_ms, max_ms,
		seed, server_version, plan, leader_pid, shm_handle)
	VALUES (900002, 'oversell_tickets', 'atomic', 'regress_ct_alice', 'succeeded', 'pass', 'All checks held.',
		'2021-11-21 10:01:00+00', '2021-11-21 10:01:00.5+00', '2021-11-21 10:01:03+00',
		2, 4, 4, 'read committed', 1000, 0, 0, 0, 990, 400, 800, 900, 0, 500, 2, 1.8, 3.9, 7.1, 48.2,
		-7, '17.0', '{"max_tries": 0, "params": {}}', 1, 0);
-- all workers did as many, and not all of them said how it ended
INSERT INTO ct_result_outcome VALUES (900002, 'buy', 'sold', 600), (900002, 'buy', 'sold_out', 300);
INSERT INTO ct_result_worker SELECT 900002, i, 2000 + i, 250, 0, 0, 247, 100, 200 FROM generate_series(1, 4) i;
-- one that could not have failed: without a single transaction
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, gate_at, finished_at,
		duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies,
		overlapped, waited, met, contended, barrier_breaks, tps, seed, server_version, plan, leader_pid, shm_handle, kept_sandbox, warnings)
	VALUES (900003, NULL, NULL, 'regress_ct_alice', 'succeeded', 'inconclusive', 'No transaction met another: more workers or a longer duration would tell more.',
		'2021-11-21 10:02:00+00', '2021-11-21 10:02:00+00', '2021-11-21 10:02:01+00',
		0, 1, 1, 'serializable', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, '18.1', '{}', 1, 0, 'ct_run_900003',
		'{"the teardown failed, and what it should have taken away may still be there: division by zero", "evidence is incomplete"}');
-- one that could not be run, with control characters and markup in the error
INSERT INTO ct_result (run_id, scenario, variant, role, status, started_at, finished_at, workers_asked, server_version, plan, leader_pid, shm_handle, sqlstate, message)
	VALUES (900004, 'a <b>|bold|</b> `name`', 'v', 'regress_ct_alice', 'failed', '2021-11-21 10:03:00+00', '2021-11-21 10:03:01+00', 4, '15.20', '{}', 1, 0,
		'42P01', E'setup: relation "x\x1B[31m" does not exist\nLINE 1: *select*');
-- cancelled, crashed
INSERT INTO ct_result (run_id, scenario, variant, role, status, started_at, finished_at, workers_asked, server_version, plan, leader_pid, shm_handle, sqlstate, message)
	VALUES (900005, 's', 'v', 'regress_ct_alice', 'cancelled', '2021-11-21 10:04:00+00', '2021-11-21 10:04:01+00', 4, '15.20', '{}', 1, 0, '57014', 'cancelled by ct_cancel');
INSERT INTO ct_result (run_id, scenario, variant, role, status, started_at, gate_at, workers_asked, server_version, plan, leader_pid, shm_handle)
	VALUES (900006, 's', 'v', 'regress_ct_alice', 'running', '2021-11-21 10:05:00+00', '2021-11-21 10:05:00+00', 4, '15.20', '{}', 1, 0);
INSERT INTO ct_result_second VALUES
	(900006, '2021-11-21 10:05:01+00', 1, 100, 0, 0, 1, 2, 3, 4), (900006, '2021-11-21 10:05:02+00', 1, 0, 0, 0, NULL, NULL, NULL, NULL);
-- huge numbers
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, gate_at, finished_at,
		duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies,
		overlapped, waited, met, contended, barrier_breaks, tps, mean_ms, p50_ms, p95_ms, p99_ms, max_ms,
		seed, server_version, plan, leader_pid, shm_handle)
	SELECT 900007, repeat('long ', 100), repeat('x', 300), 'regress_ct_alice', 'succeeded', 'pass', repeat('reason', 100) || repeat(' because', 20),
		'2021-11-21 10:06:00+00', '2021-11-21 10:06:00+00', '2021-11-21 10:06:01+00',
		1e9, 1000000, 1000000, 'serializable', m, m, m, 0, m, m, m, m, 0, 1e300, 1e12, 0, 'inf', 1e18, 1e300,
		9223372036854775807, '15.20', jsonb_build_object('rate', 1e12, 'max_tries', 2147483647, 'params', jsonb_build_object('p', repeat('v', 200))), 1, 0
	FROM (VALUES (9223372036854775807)) AS v (m);
INSERT INTO ct_result_latency (run_id, script, step, kind, sql, count, mean_ms, stddev_ms, min_ms,
		p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms, lower_us, upper_us, bucket_count)
	VALUES
	(900007, repeat('script', 50), 0, 'transaction', NULL, 9223372036854775807, 1e12, 1, 0, 0, 0, 1, 1, 1, 1e300,
		'{0,1e3,1e12}', '{0,2e3,1e300}', '{1,9223372036854775807,9223372036854775807}');
INSERT INTO ct_result_latency (run_id, script, step, kind, sql, count, mean_ms, stddev_ms, min_ms,
		p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms, lower_us, upper_us, bucket_count)
	SELECT 900007, repeat('script', 50), i, 'statement', repeat('SELECT ', 50), 9223372036854775807, 1e12, 1, 0, 0, 0, 1, 1, 1, 1e300, '{}', '{}', '{}'
	FROM generate_series(1, 32) i;
INSERT INTO ct_result_error VALUES (900007, repeat('script', 50), 'XX000', repeat('condition', 30), 'gave_up', 9223372036854775807, repeat('message ', 50),
	2147483647, 2147483647, 'infinity', repeat('statement ', 50), repeat('detail ', 50), repeat('hint ', 50), repeat(E'PL/pgSQL function ', 50));
-- of others: who is there, and who isn't any more
INSERT INTO ct_result (run_id, scenario, variant, role, status, started_at, finished_at, workers_asked, server_version, plan, leader_pid, shm_handle)
	VALUES (900008, 's', 'v', 'regress_ct_carol', 'succeeded', '2021-11-21 10:07:00+00', '2021-11-21 10:07:01+00', 4, '15.20', '{}', 1, 0),
		(900009, 's', 'v', 4294967295::oid, 'succeeded', '2021-11-21 10:08:00+00', '2021-11-21 10:08:01+00', 4, '15.20', '{}', 1, 0);

--
-- Views
--
SELECT run_id, scenario, variant, status, verdict, workers, transactions, tps, anomalies, rate, max_tries, params
	FROM ct_runs WHERE run_id BETWEEN 900001 AND 900006;
SELECT run_id, check_name, kind, first_seen, observed, expected FROM ct_anomalies WHERE run_id = 900001;
SELECT * FROM ct_checks WHERE run_id = 900001;
SELECT * FROM ct_outcomes WHERE run_id = 900001;
SELECT * FROM ct_tallies WHERE run_id = 900001;
SELECT script, step, kind, count, p50_ms, p999_ms, max_ms FROM ct_latencies WHERE run_id = 900001;
SELECT script, step, kind, lower_us, upper_us, count, round(cumulative_share::numeric, 6) AS cumulative
	FROM ct_histograms WHERE run_id = 900001;
SELECT time, second, seconds, tps, failed, retries, p50_ms, metric FROM ct_timeline WHERE run_id = 900001;
SELECT * FROM ct_slices WHERE run_id = 900001;
SELECT * FROM ct_errors WHERE run_id = 900001;
SELECT worker, transactions, round(share::numeric, 4) AS share, failed, met FROM ct_workers WHERE run_id = 900001;

-- every column has its comment
SELECT c.relname, a.attname
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace = (SELECT extnamespace FROM pg_extension WHERE extname = 'ct_ext')
		AND c.relname ~ '^ct_' AND c.relkind IN ('r', 'v')
		AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL);

--
-- Reports
--
\pset format unaligned
\pset tuples_only on
SELECT ct_report(900001);
SELECT ct_report(900002);
SELECT ct_report(900003);
SELECT ct_report(900004);
SELECT ct_report(900005);
SELECT ct_report(900006);
SELECT ct_report(900007);
SELECT ct_report(900001, 'markdown');
SELECT ct_report(900003, 'markdown');
SELECT ct_report(900004, 'markdown');
SELECT ct_report(900002, 'json');
SELECT jsonb_object_agg(key, jsonb_array_length(value))
	FROM jsonb_each(ct_report(900001, 'json')::jsonb) WHERE jsonb_typeof(value) = 'array';
\pset tuples_only off
\pset format aligned
-- fits in 100 columns also where psql adds a blank and a "+"
SELECT run_id, max(length(line)) <= 98 AS fits
	FROM ct_runs, string_to_table(ct_report(run_id), E'\n') line
	WHERE run_id BETWEEN 900001 AND 900009 GROUP BY run_id ORDER BY run_id;
SELECT ct_report(900002);

-- with blocks and the micro sign where database and client have them
SET client_encoding = 'UTF8';
SELECT (position('\xe29688'::bytea IN r) > 0) = u AS block, (position('\xe29684'::bytea IN r) > 0) = u AS sparkline,
	(position('\xc2b5'::bytea IN r) > 0) = u AS micro, (position('#'::bytea IN r) = 0) = u AS no_hash
	FROM convert_to(ct_report(900001), getdatabaseencoding()) AS r, (SELECT getdatabaseencoding() = 'UTF8' AS u) AS e;
SET client_encoding = 'SQL_ASCII';

-- what isn't there
SELECT ct_report(-1);
SELECT ct_report(900001, 'pdf');
SELECT ct_report(NULL::bigint) IS NULL AS is_null;

-- of many runs: one after the other, below a table, in an array
\pset format unaligned
\pset tuples_only on
SELECT ct_report('{900002,900004}'::bigint[]);
SELECT ct_report('{900002,900001,900002,900004}'::bigint[], 'markdown');
\pset tuples_only off
\pset format aligned
SELECT ct_report('{900004,900001}'::bigint[]) = E'2 runs: 0 passed, 1 failed, 1 without a verdict; success rate 0 %.\n\n\n'
	|| ct_report(900004) || E'\n\n\n' || ct_report(900001) AS text;
SELECT ct_report('{900004,900001}'::bigint[], 'json')::jsonb = jsonb_build_array(ct_report(900004, 'json')::jsonb,
	ct_report(900001, 'json')::jsonb) AS json, ct_report('{900001}'::bigint[], 'json')::jsonb -> 0 -> 'run' -> 'run_id' AS one;
SELECT strpos(ct_report('{900002}'::bigint[], 'markdown'), m) > 0 AS whole
	FROM ct_report(900002, 'markdown') AS m;
SELECT ct_report('{900001,-1,-2}'::bigint[]);
SELECT ct_report('{}'::bigint[], 'json');
SELECT ct_report('{900001,NULL}'::bigint[]);
SELECT ct_report(NULL::bigint[]);
SELECT ct_report((SELECT array_agg(run_id) FROM ct_runs WHERE run_id < 0), 'markdown');
SELECT ct_report('{900001}'::bigint[], NULL);
SELECT ct_report('{900001}'::bigint[], 'pdf');

-- of whatever type
SELECT ct_report('900001') = ct_report(900001) AS literal, ct_report(' {900001,900002}', 'json') = ct_report('{900001,900002}'::bigint[], 'json') AS list,
	ct_report(NULL) IS NULL AS nothing, ct_report(NULL, 'json') IS NULL AS nothing_in_json;
PREPARE report AS SELECT left(ct_report($1, $2), 4);
EXECUTE report ('900001', 'text');
DEALLOCATE report;
SELECT ct_report('the last one');
SELECT ct_report('{900001,NULL}');

--
-- Assertions
--
SELECT ct_assert(900002);
DO $$
DECLARE
	run bigint;
	detail text;
	hint text;
BEGIN
	FOREACH run IN ARRAY ARRAY[900001, 900003, 900004, 900005, 900006, -1, NULL] LOOP
		BEGIN
			PERFORM ct_assert(run);
		EXCEPTION WHEN assert_failure OR undefined_object OR null_value_not_allowed THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
			RAISE INFO USING MESSAGE = sqlstate || ' ' || sqlerrm, DETAIL = detail, HINT = hint;
		END;
	END LOOP;
END
$$;

--
-- Who sees what
--
SET ROLE regress_ct_alice;
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
SELECT count(*) FROM ct_timeline WHERE run_id BETWEEN 900001 AND 900009;
SELECT * FROM ct_result;
SELECT * FROM ct_visible_result;
SELECT ct_prune('0');
SELECT left(ct_report(900001), 4);
SELECT ct_report(900008);
SET ROLE regress_ct_bob;
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
SET ROLE regress_ct_carol;
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
SELECT (SELECT count(*) FROM ct_anomalies) AS anomalies, (SELECT count(*) FROM ct_checks) AS checks,
	(SELECT count(*) FROM ct_outcomes) AS outcomes, (SELECT count(*) FROM ct_tallies) AS tallies,
	(SELECT count(*) FROM ct_latencies) AS latencies, (SELECT count(*) FROM ct_histograms) AS histograms,
	(SELECT count(*) FROM ct_timeline) AS timeline, (SELECT count(*) FROM ct_errors) AS errors,
	(SELECT count(*) FROM ct_workers) AS workers;
-- a function that tells what it is shown learns nothing
CREATE FUNCTION pg_temp.tell(bigint, text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
	$$ BEGIN RAISE NOTICE 'run %: %', $1, $2; RETURN true; END $$;
SELECT run_id FROM ct_errors WHERE pg_temp.tell(run_id, first_message);
DROP FUNCTION pg_temp.tell;
SELECT ct_report(900001);
SELECT ct_report('{900008,900001}'::bigint[], 'json');
SELECT ct_assert(900001);
SET ROLE regress_ct_dave;
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
SELECT left(ct_report(900009), 9);
SET ROLE regress_ct_eve;
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
RESET ROLE;

--
-- Pruning
--
SELECT ct_prune(NULL);
SELECT ct_prune('-1 s');
GRANT EXECUTE ON FUNCTION ct_prune TO regress_ct_bob, regress_ct_dave;
SET ROLE regress_ct_dave;
SELECT ct_prune('0');
SET ROLE regress_ct_bob;
BEGIN READ ONLY;
SELECT ct_prune('0');
ROLLBACK;
SELECT ct_prune('1000 years');
SELECT ct_prune(clock_timestamp() - timestamptz '2021-11-21 10:03:30+00');
SELECT ct_prune('0');
RESET ROLE;
SELECT run_id, role FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
SELECT count(*) FROM ct_result_anomaly WHERE run_id BETWEEN 900001 AND 900009;

-- all of them, for a superuser, but only what is older than asked
BEGIN;
UPDATE ct_result SET finished_at = '1999-12-31', started_at = '1999-12-31' WHERE run_id IN (900008, 900009);
SELECT ct_prune(clock_timestamp() - timestamptz '2000-01-01');
SELECT run_id FROM ct_runs WHERE run_id BETWEEN 900001 AND 900009;
ROLLBACK;

DELETE FROM ct_result WHERE run_id BETWEEN 900001 AND 900009;
REVOKE EXECUTE ON FUNCTION ct_prune FROM regress_ct_bob, regress_ct_dave;
DROP ROLE regress_ct_alice, regress_ct_bob, regress_ct_carol, regress_ct_dave, regress_ct_eve;
