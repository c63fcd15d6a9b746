-- Runs that t/190_page.pl and t/190_page_browser.pl make pages of: 1 has rows of every kind, 2 is another
-- variant of it, 3 is as large as runs get, 4 never came to a verdict, 5 has a <script> in each name; 9 to 11
-- are repeats, and 6 to 8 earlier runs of the same, which are the baseline; 12 did nothing.
CREATE FUNCTION make_run(id bigint, scenario text, variant text, verdict text, seconds int, workers int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, gate_at, finished_at,
			duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies, overlapped, waited, met,
			contended, orders_seen, orders_possible, barrier_breaks, tps, tps_low, tps_high, mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms, seed,
			server_version, plan, leader_pid, shm_handle, warnings)
		VALUES (id, scenario, variant, current_user::regrole, 'succeeded', verdict,
			CASE verdict WHEN 'fail' THEN 'Check money_is_kept found 3 violations. Threshold spike.p95_ms < 200 is missed: 312.4.'
				ELSE 'All checks held under 28,123 contended transactions.' END,
			'2026-11-21 10:00:00+00', '2026-11-21 10:00:00.5+00', '2026-11-21 10:00:31+00',
			seconds, workers, workers, 'read committed', 30321, 12, 340, CASE verdict WHEN 'fail' THEN 4 ELSE 0 END, 30111, 2525, 28002, 28123, 7, 8, 0,
			1010.7, 988.2, 1033.1, 2.034, 1.812, 3.921, 7.113, 20.31, 348.2, 42, '15.20 (Debian 15.20-0+deb12u1)',
			'{"rate": 1000, "max_tries": 10, "params": {"accounts": 10, "window_ms": 2}}', 1, 0,
			CASE verdict WHEN 'fail' THEN '{"the leader looked at waits in 97 of 100 of its turns only"}' ELSE '{}' END::text[]);
	INSERT INTO ct_result_second
		SELECT id, timestamptz '2026-11-21 10:00:00.5+00' + i * interval '1 s', 1,
			CASE WHEN i % 30 BETWEEN 10 AND 14 THEN 3000 + 40 * (i % 7) ELSE 1000 - 9 * (i % 5) END, (i % 30 = 12)::int * 12, 10 + (i % 30 BETWEEN 10 AND 14)::int * 40,
			1.8 + 0.03 * (i % 4) + (i % 30 BETWEEN 10 AND 15)::int * 40, 3.9 + 0.1 * (i % 3) + (i % 30 BETWEEN 10 AND 15)::int * 250.1234,
			7.1 + 0.3 * (i % 7) + (i % 30 BETWEEN 10 AND 15)::int * 300, 20 + i % 9 + (i % 30 BETWEEN 10 AND 15)::int * 320
		FROM generate_series(1, seconds) i;
	INSERT INTO ct_result_worker SELECT id, i, 1000 + i, 3000 + (i * 37) % 911, i % 3, 40 + i, 3000, 250 + i, 2900
		FROM generate_series(1, workers) i;
$$;

CREATE FUNCTION make_latencies(id bigint, name text, scale float8) RETURNS void LANGUAGE sql AS $$
	INSERT INTO ct_result_latency (run_id, script, step, kind, sql, count, mean_ms, stddev_ms, min_ms, p50_ms, p90_ms,
			p95_ms, p99_ms, p999_ms, max_ms, lower_us, upper_us, bucket_count)
		SELECT id, name, 0, 'transaction', NULL, sum(n), 2.034 * scale, 1.1, 0.11 * scale, 1.812 * scale, 3 * scale,
			3.921 * scale, 7.113 * scale, 20.31 * scale, 348.2 * scale, array_agg(1000 * f ORDER BY f), array_agg(1010 * f ORDER BY f), array_agg(n ORDER BY f)
		FROM (SELECT scale * exp(i / 9.0) AS f, (9000 * exp(-(((i - 5) / 7.0) ^ 2)) + 60 * exp(-(((i - 48) / 3.0) ^ 2)))::bigint AS n FROM generate_series(-14, 52) i) b WHERE n > 0;
	INSERT INTO ct_result_latency (run_id, script, step, kind, sql, count, mean_ms, stddev_ms, min_ms, p50_ms, p90_ms,
			p95_ms, p99_ms, p999_ms, max_ms, lower_us, upper_us, bucket_count)
		SELECT id, name, i, 'statement', CASE i WHEN 1 THEN 'SELECT balance FROM account WHERE id = :from'
				WHEN 2 THEN E'UPDATE account\n\tSET balance = balance - :amount\n\tWHERE id = :from' ELSE 'UPDATE account SET balance = balance + :amount WHERE id = :to' END,
			30661, 0.4 * i, 0.1, 0.1, 0.3 * i, 0.8, i, 2 * i, 9, 61.2, '{}', '{}', '{}'
		FROM generate_series(1, 3) i;
$$;

CREATE FUNCTION make_load(id bigint, name text, other text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO ct_result_check (run_id, position, check_name, kind, target, actual, status, violations) VALUES
		(id, 1, 'money_is_kept', 'invariant', '0 rows', '3 rows', 'fail', 3), (id, 2, 'no_overdraft', 'invariant', '0 rows', '0 rows', 'pass', 0),
		(id, 3, 'p95_ms', 'threshold', '< 100', '3.921', 'pass', 0), (id, 4, 'spike.p95_ms', 'threshold', '< 200', '312.4', 'fail', 1),
		(id, 5, name || '.tps', 'threshold', '> 900', '1010.7', 'pass', 0);
	INSERT INTO ct_result_anomaly (run_id, position, check_name, kind, observed, expected, evidence, first_seen)
		SELECT id, i, 'money_is_kept', 'invariant', (1000 - i)::text, '1000', jsonb_build_object('sum', 1000 - i, 'account', name),
			timestamptz '2026-11-21 10:00:01+00' + i * interval '0.25 s'
		FROM generate_series(1, 3) i;
	INSERT INTO ct_result_outcome VALUES (id, name, 'moved', 21020), (id, name, 'too_poor', 301), (id, other, 'read', 9000);
	INSERT INTO ct_result_tally VALUES (id, 'money', 123456.78, 21020, 0.5, 99.25);
	INSERT INTO ct_result_order SELECT id, name, i, name, ARRAY[1, 2, 3], ARRAY[true, true, i = 1], ARRAY[true, i > 1, true] FROM generate_series(1, 3) i;
	INSERT INTO ct_result_phase (run_id, position, phase, from_s, seconds, rate, clients, transactions, failed, skipped,
			mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms, recovery_s) VALUES
		(id, 1, 'baseline', 0, 10, 100, 8, 9800, 0, 0, 2, 1.8, 3, 3.9, 7.1, 19, 40, NULL),
		(id, 2, 'spike', 10, 5, 1000, 8, 15500, 12, 44, 51, 41.8, 200, 312.4, 320, 330, 348.2, NULL),
		(id, 3, 'recovery', 15, 15, 100, 8, 14700, 0, 0, 2.1, 1.9, 3, 4, 7.2, 20, 45, 2);
	INSERT INTO ct_result_wait (run_id, script, wait_event_type, wait_event, samples) VALUES
		(id, name, 'CPU', 'CPU', 4120), (id, name, 'Lock', 'transactionid', 2980), (id, name, 'Lock', 'tuple', 610), (id, name, 'LWLock', 'WALWrite', 220),
		(id, name, 'IO', 'WALSync', 1200), (id, name, 'ct_ext', 'due', 400), (id, other, 'CPU', 'CPU', 900), (id, other, 'IO', 'DataFileRead', 33);
	INSERT INTO ct_result_blocking (run_id, position, script, step, locktype, relation, mode, outside, blocker_script, blocker_step,
			blocker_mode, samples, waited_ms, max_ms, chain, query, blocker_query) VALUES
		(id, 1, name, 2, 'transactionid', 'account', 'ShareLock', false, name, 3, 'ExclusiveLock', 812, 8120.5, 341.2, 4, 'UPDATE account SET balance = balance - :amount WHERE id = :from', 'UPDATE account SET balance = balance + :amount WHERE id = :to'),
		(id, 2, name, 3, 'transactionid', 'account', 'ShareLock', false, name, 2, 'ExclusiveLock', 301, 3010, 201, 3, 'UPDATE account SET balance = balance + :amount WHERE id = :to', 'UPDATE account SET balance = balance - :amount WHERE id = :from'),
		(id, 3, name, 2, 'tuple', 'account', 'ExclusiveLock', false, name, 2, 'ExclusiveLock', 61, 610.5, 44, 2, 'UPDATE account SET balance = balance - :amount WHERE id = :from', 'UPDATE account SET balance = balance - :amount WHERE id = :from'),
		(id, 4, other, 1, 'relation', 'account', 'AccessShareLock', true, NULL, NULL, 'AccessExclusiveLock', 12, 120, 101, 1, 'SELECT sum(balance) FROM account', 'autovacuum worker, process 4711');
	INSERT INTO ct_result_deadlock (run_id, deadlock, participant, script, step, query, holds, locktype, mode, waits_for, victim, at, relation)
		SELECT id, d, p, name, CASE p WHEN 1 THEN 2 ELSE 3 END, CASE p WHEN 1 THEN 'UPDATE account SET balance = balance - :amount WHERE id = :from' ELSE 'UPDATE account SET balance = balance + :amount WHERE id = :to' END,
			'ExclusiveLock on transaction ' || 700 + d * 10 + p, 'transactionid', 'ShareLock', 3 - p, p = 2, timestamptz '2026-11-21 10:00:02+00' + d * interval '1.5 s', 'account'
		FROM generate_series(1, 5) d, generate_series(1, 2) p;
	INSERT INTO ct_result_deadlock (run_id, deadlock, participant, script, step, query, holds, locktype, mode, waits_for, victim, at, relation)
		SELECT id, d, p, CASE WHEN p = 3 AND d = 6 THEN NULL ELSE name END, 1 + p % 3, 'UPDATE account SET balance = 0 WHERE id = ' || p,
			'ExclusiveLock on tuple (0,' || p || ') of relation account', CASE p % 2 WHEN 0 THEN 'tuple' ELSE 'transactionid' END, CASE p % 2 WHEN 0 THEN 'ExclusiveLock' ELSE 'ShareLock' END, 1 + p % CASE d WHEN 6 THEN 3 ELSE 8 END, p = 1, timestamptz '2026-11-21 10:00:20+00', 'account'
		FROM (VALUES (6, 3), (7, 8)) v (d, n), generate_series(1, n) p;
	INSERT INTO ct_result_error VALUES
		(id, name, '40P01', 'deadlock_detected', 'retried', 7, 'deadlock detected', 3, 5, '2026-11-21 10:00:02+00', 'UPDATE account SET balance = balance + :amount WHERE id = :to', NULL, NULL, NULL),
		(id, name, '57014', 'query_canceled', 'failed', 12, 'canceling statement due to statement timeout', NULL, NULL, '2026-11-21 10:00:01+00', NULL, 'What took so long: everything.', 'Be quick.', NULL);
	INSERT INTO ct_result_resource (run_id, time, seconds, cpu, server_cpu, machine_cpu, machine_memory, memory_mb, max_worker_mb, temp_bytes, wal_bytes,
			buffers_hit, buffers_read, dead_tuples, table_bytes, connections, max_connections)
		SELECT id, timestamptz '2026-11-21 10:00:00.5+00' + i * interval '1 s', 1, 30 + (i BETWEEN 10 AND 15)::int * 55 + i % 5, 35 + (i BETWEEN 10 AND 15)::int * 55 + i % 5, 40 + (i BETWEEN 10 AND 15)::int * 56 + i % 3, 50 + i,
			100 + 2.5 * i, 14 + 0.3 * i, (i BETWEEN 10 AND 15)::int * 8388608, 2000000 + (i BETWEEN 10 AND 15)::int * 9000000, 90000 + 100 * i, 10 * (i % 4), 400 * i % 5000, 8192 * (200 + 15 * i), 14 + (i % 3), 100
		FROM generate_series(1, 30) i;
	INSERT INTO ct_result_sample (run_id, sample, kind, script, client, worker, iteration, started_at, latency_ms, tries, outcome, sqlstate,
			phase, steps, statement_ms, message)
		SELECT id, i, CASE WHEN i <= 400 THEN 'random' WHEN i <= 420 THEN 'slowest' ELSE 'failed' END, CASE WHEN i % 5 = 0 THEN other ELSE name END, 1 + i % 8, 1 + i % 8, 71 * i,
			timestamptz '2026-11-21 10:00:00.6+00' + ((i * 7919) % 29900) * interval '1 ms',
			round((CASE WHEN i <= 400 THEN 1.2 + exp((i % 37) / 12.0) + ((i * 7919) % 29900 BETWEEN 10000 AND 15000)::int * 90 ELSE 348.2 - 7 * (i - 401) % 280 END)::numeric, 3), 1 + (i > 400)::int,
			CASE WHEN i > 420 THEN NULL ELSE 'moved' END, CASE WHEN i > 420 THEN '57014' END, CASE WHEN i % 3 = 0 THEN 'spike' ELSE 'baseline' END,
			ARRAY[1, 2, 3], CASE WHEN i <= 400 THEN ARRAY[0.3, 0.4, 0.5] ELSE ARRAY[1.25, round((200 - 6 * (i - 401) % 280)::numeric / 2, 3), 40.5] END::float8[],
			CASE WHEN i > 420 THEN 'canceling statement due to statement timeout' END
		FROM generate_series(1, 425) i;
$$;

SELECT make_run(1, 'transfer', 'naive', 'fail', 30, 8), make_latencies(1, 'transfer', 1), make_latencies(1, 'audit', 6), make_load(1, 'transfer', 'audit');
SELECT make_run(2, 'transfer', 'locked', 'pass', 30, 8), make_latencies(2, 'transfer', 1.5);

-- bounds: 10,000 seconds, 300 workers, 64 scripts with a name of 60 characters each
SELECT make_run(3, 'large', NULL, 'pass', 10000, 300);
SELECT make_latencies(3, rpad('script_' || i || '_', 60, 'x'), 1 + i / 10.0) FROM generate_series(1, 64) i;

INSERT INTO ct_result (run_id, scenario, variant, role, status, started_at, finished_at, workers_asked, server_version, plan, leader_pid, shm_handle, sqlstate, message)
	VALUES (4, 'broken', NULL, current_user::regrole, 'failed', '2026-11-21 10:03:00+00', '2026-11-21 10:03:01+00', 4, '15.20', '{}', 1, 0,
		'42P01', E'setup: relation "x\x1B[31m" does not exist\nLINE 1: SELECT');

-- every text that a user, a server or a script may have a say in is markup, but for those of fixed values
SELECT make_run(5, 'transfer', 'naive', 'fail', 30, 8), make_latencies(5, 'transfer', 1), make_latencies(5, 'audit', 6), make_load(5, 'transfer', 'audit');
UPDATE ct_result SET sqlstate = '57014', message = 'canceled', kept_sandbox = 'ct_run_5' WHERE run_id = 5;
DO $$
DECLARE
	col record;
BEGIN
	FOR col IN SELECT attrelid::regclass AS tab, attname AS name, atttypid::regtype::text AS type FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
		WHERE relname ~ '^ct_result' AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND atttypid IN ('text'::regtype, 'text[]'::regtype, 'name'::regtype)
			AND (relname, attname) NOT IN (('ct_result_check', 'kind'), ('ct_result_latency', 'kind'))
			AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = attrelid AND contype = 'c' AND conkey @> ARRAY[attnum])
	LOOP
		EXECUTE format(CASE col.type WHEN 'text[]' THEN 'UPDATE %s SET %2$I = array_append(%2$I, %3$L || $1) WHERE run_id = 5'
			ELSE 'UPDATE %s SET %2$I = (%3$L || %2$I || $1)::' || col.type || ' WHERE run_id = 5' END, col.tab, col.name, '<script>')
			USING '</script><img src=x onerror=y>" onload="z'' ' || E'&amp;\x01';
	END LOOP;
END $$;

-- the second half slower by a quarter and with errors, its median as before, and what lies beyond the p95 not to be told
SELECT make_run(id, 'checkout', 'cart', 'pass', 30, 8), make_latencies(id, 'checkout', 1) FROM generate_series(6, 11) id;
UPDATE ct_result_second SET transactions = 1000 + extract(second FROM time)::int % 5 * 10, failed = 0, retries = 0, p50_ms = 1.8, mean_ms = 2, p95_ms = 3.9, p99_ms = NULL, max_ms = 20
	WHERE run_id BETWEEN 6 AND 11;
UPDATE ct_result_second SET transactions = transactions * 0.75, p95_ms = 4.9 WHERE run_id BETWEEN 9 AND 11;
UPDATE ct_result SET tps = 1020 + run_id, p95_ms = 3.9 + run_id / 1000.0 WHERE run_id BETWEEN 6 AND 8;
UPDATE ct_result SET tps = 760 + run_id, tps_low = 750, tps_high = 780, p95_ms = 4.9 + run_id / 100.0, p99_ms = 7 + 20 * (run_id - 9), repeat_of = 9 WHERE run_id BETWEEN 9 AND 11;
INSERT INTO ct_result_error (run_id, script, sqlstate, condition_name, handling, count, first_message, first_seen) VALUES (11, 'checkout', '40001', 'serialization_failure', 'retried', 7, 'could not serialize access due to concurrent update', '2026-11-21 10:00:01+00');
INSERT INTO ct_result_class (run_id, "position", class, clients, transactions, failed, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms) VALUES
	(1, 1, 'readers', 80, 24000, 0, 1.9, 1.7, 2.9, 3.7, 6.1, 18, 340.1), (1, 2, 'writers', 18, 6321, 12, 2.7, 2.4, 4, 5.9, 12.1, 21.5, 348.2), (1, 3, 'idle', 2, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT make_run(12, U&'nothing\2028ok 7\202Enoitcetid\2066', NULL, 'inconclusive', 3, 2);
UPDATE ct_result SET transactions = 0, failed = 0, retries = 0, overlapped = 0, waited = 0, met = 0, contended = 0, tps = 0, tps_low = NULL, tps_high = NULL,
	mean_ms = NULL, p50_ms = NULL, p95_ms = NULL, p99_ms = NULL, p999_ms = NULL, max_ms = NULL WHERE run_id = 12;
UPDATE ct_result_second SET transactions = 0, failed = 0, retries = 0, p50_ms = NULL, p95_ms = NULL, p99_ms = NULL, max_ms = NULL WHERE run_id = 12;
UPDATE ct_result_worker SET transactions = 0 WHERE run_id = 12;
SELECT ct_set_baseline('{6,7,8}'::bigint[]);

SELECT setval(pg_get_serial_sequence('ct_result', 'run_id'), 19) AS last;
