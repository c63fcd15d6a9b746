-- What runs do: sessions, transactions, outcomes, checks, verdicts.  Only what
-- is the same in every run is printed.
SET client_min_messages = warning;
\set VERBOSITY default

SELECT coalesce(max(run_id), 0) AS before FROM ct_runs \gset
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

--
-- Statements, as a client's session executes them
--
-- a procedure that commits, at top level
SELECT ct_test('CALL fill()', transactions => 20, workers => 2,
	setup => $$
		CREATE TABLE t (a int);
		CREATE PROCEDURE fill() LANGUAGE plpgsql AS
		'BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); ROLLBACK; END'
	$$,
	checks => ARRAY['SELECT count(*), min(a), max(a) FROM t HAVING count(*) <> 20 OR max(a) <> 1']) > 0 AS ran;
SELECT status, transactions, failed, anomalies FROM last_run;

-- utilities that refuse to be in a transaction block
SELECT ct_test('VACUUM t', setup => 'CREATE TABLE t (a int)', transactions => 4, workers => 2) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT ct_test('SELECT 1', setup => 'CREATE TABLE t (a int); CREATE INDEX CONCURRENTLY ON t (a)', transactions => 2) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;

-- blocks, savepoints, two-word transaction commands, isolation in BEGIN
SELECT ct_test($$
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	INSERT INTO t VALUES (:iteration, 'kept');
	SAVEPOINT s;
	INSERT INTO t VALUES (:iteration, 'lost');
	ROLLBACK TO SAVEPOINT s;
	INSERT INTO t VALUES (:iteration, current_setting('transaction_isolation'));
	COMMIT AND CHAIN;
	INSERT INTO t VALUES (:iteration, 'lost');
	ROLLBACK;
	START TRANSACTION;
	INSERT INTO t VALUES (:iteration, 'lost');
	ABORT;
	END;
$$, setup => 'CREATE TABLE t (i bigint, what text)', transactions => 10, workers => 2, keep => true) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT format('%I', kept_sandbox) AS sandbox FROM last_run \gset
SELECT what, count(*) FROM :sandbox.t GROUP BY what ORDER BY what;
DROP SCHEMA :sandbox CASCADE;

-- variables as parameters, as names, and within compound statements
SELECT ct_test($$
	\set amount 10 * :client_id
	INSERT INTO t:client_id VALUES (:amount);
	SELECT :amount + 1 AS sum \; SELECT 'x' || :iteration AS word, NULL AS nothing \gset got_
	\if :got_nothing IS NULL
		\outcome :got_word
	\endif
	SELECT 7 AS seven \; SELECT 8 AS eight WHERE false \; SELECT 9 AS nine \aset
	\tally sum :seven + :nine
	SET LOCAL work_mem = :memory;
$$, setup => 'CREATE TABLE t0 (a int); CREATE TABLE t1 (a int)',
	params => '{"memory": 1024}', transactions => 4, workers => 2) > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run) ORDER BY outcome;
SELECT tally, value FROM ct_tallies WHERE run_id = (SELECT run_id FROM last_run);

-- a table's name from a variable, as in pgbench's simple protocol
SELECT ct_test($$
	SELECT sum(a) AS sum FROM :name WHERE a > :low \gset
	\outcome :sum
$$, setup => 'CREATE TABLE numbers AS SELECT generate_series(1, 4) AS a',
	params => '{"name": "numbers", "low": 1}', transactions => 4, workers => 2) > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);

-- predefined variables, parameters of all types
SELECT ct_test($$
	SELECT :client_id + 1 = :worker_id AND :scale = 1 AND :random_seed = 42 AND :run_id > 0
		AND :n = 1.5 AND :s::text = 'it''s' AND :b AND :nothing IS NULL AS ok \gset
	\outcome :ok
$$, params => '{"n": 1.5, "s": "it''s", "b": true, "nothing": null}', seed => 42,
	transactions => 4, workers => 2) > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);

-- \if, \set and random values: the same seed, the same values per worker
SELECT ct_test($$
	\set r random(1, 1000000)
	\set g random_gaussian(1, 1000, 3)
	INSERT INTO public.drawn VALUES (:seed_no, :worker_id, :iteration, :r, :g);
$$, setup => 'CREATE TABLE IF NOT EXISTS public.drawn (run int, worker int, i int, r int, g int)',
	params => '{"seed_no": 1}', seed => 7, transactions => 50, workers => 2) > 0 AS ran;
SELECT ct_test($$
	\set r random(1, 1000000)
	\set g random_gaussian(1, 1000, 3)
	INSERT INTO public.drawn VALUES (:seed_no, :worker_id, :iteration, :r, :g);
$$, params => '{"seed_no": 2}', seed => 7, transactions => 50, workers => 2) > 0 AS ran;
SELECT count(*) AS rows, count(DISTINCT (a.r, a.g)) > 40 AS differ,
	bool_and(a.r = b.r AND a.g = b.g) AS same_for_same_seed
	FROM drawn a JOIN drawn b USING (worker, i) WHERE a.run = 1 AND b.run = 2;
DROP TABLE drawn;

-- iterations are dealt out to all workers
SELECT ct_test('SELECT 1', transactions => 10, workers => 3) > 0 AS ran;
SELECT worker, transactions FROM ct_workers WHERE run_id = (SELECT run_id FROM last_run) ORDER BY worker;

--
-- Outcomes and tallies count on commit; errors
--
SELECT ct_test($$
	BEGIN;
	\outcome begun
	\tally amount 1
	\if :iteration % 2 = 0
		ROLLBACK;
	\else
		COMMIT;
	\endif
	\outcome ended
$$, transactions => 10, workers => 2) > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run) ORDER BY outcome;
SELECT tally, value FROM ct_tallies WHERE run_id = (SELECT run_id FROM last_run);

-- an error nobody expected fails the run
SELECT ct_test($$ SELECT 1 / (:iteration % 2) $$, transactions => 10, workers => 2) > 0 AS ran;
SELECT status, verdict, transactions, failed, anomalies FROM last_run;
SELECT sqlstate, condition_name, handling, count, first_message FROM ct_errors
	WHERE run_id = (SELECT run_id FROM last_run);
-- one that is expected is an outcome
SELECT ct_test($$ SELECT 1 / (:iteration % 2) $$, transactions => 10, workers => 2,
	expected_errors => '{division_by_zero=undefined}') > 0 AS ran;
SELECT status, transactions, failed, anomalies FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
-- 40001 is retried, with the same random values, until max_tries
SELECT ct_test($$
	\set r random(1, 1000000000)
	SELECT try(:iteration, :r) AS tried \gset
	\outcome :tried
$$, setup => $$
	CREATE SEQUENCE tries;
	CREATE SEQUENCE first;
	CREATE FUNCTION try(i int, r int) RETURNS text LANGUAGE plpgsql AS '
	BEGIN
		CASE nextval(''tries'') % 3
		WHEN 1 THEN
			PERFORM setval(''first'', r);
			RAISE serialization_failure USING MESSAGE = ''try again'';
		WHEN 2 THEN
			RAISE serialization_failure USING MESSAGE = ''and again'';
		ELSE
			RETURN CASE (SELECT last_value FROM first) WHEN r THEN ''same'' ELSE ''other'' END;
		END CASE;
	END'
$$, transactions => 5, workers => 1) > 0 AS ran;
SELECT status, transactions, failed, retries FROM last_run;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
SELECT sqlstate, handling, count FROM ct_errors WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_test($$ DO 'BEGIN RAISE deadlock_detected; END' $$, transactions => 2, workers => 1, max_tries => 3) > 0 AS ran;
SELECT status, verdict, transactions, failed, retries FROM last_run;
SELECT regexp_replace(reason, '[0-9.]+ s after', 'N s after') AS reason FROM last_run;

-- statement_timeout is the role's or the script's
SELECT ct_test($$
	SET statement_timeout = '20ms';
	SELECT pg_sleep(10);
$$, transactions => 2, workers => 1, expected_errors => '{query_canceled=timeout}') > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);

-- the isolation level of a run
SELECT ct_test($$ SHOW transaction_isolation \gset
	\outcome :transaction_isolation
$$, isolation => 'serializable', transactions => 2, workers => 1) > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);

--
-- Checks and verdicts
--
-- observed, expected, evidence
SELECT ct_test(E'INSERT INTO t VALUES (:iteration);\n\\if false\n\\outcome never\n\\tally never 1\n\\endif', setup => 'CREATE TABLE t (a int)', transactions => 4, workers => 2,
	checks => ARRAY['SELECT a AS observed, 0 AS expected, a * 2 AS twice FROM t ORDER BY a; -- a comment',
					'SELECT 1 WHERE :transactions <> 4 OR :outcome_never <> 0 OR :tally_never <> 0',
					'failed = 0', 'tps < 0']) > 0 AS ran;
SELECT status, verdict, anomalies FROM last_run;
SELECT check_name, kind, target, status, violations FROM ct_checks WHERE run_id = (SELECT run_id FROM last_run);
SELECT check_name, kind, observed, expected, evidence FROM ct_anomalies
	WHERE run_id = (SELECT run_id FROM last_run) AND check_name = 'check_1' ORDER BY observed;

-- a test that could not have failed has not passed
SELECT ct_test('SELECT 1', transactions => 100, workers => 1) > 0 AS ran;
SELECT verdict, overlapped, met, contended FROM last_run;
SELECT reason FROM last_run;
DO $$ BEGIN PERFORM ct_assert(run_id) FROM last_run;
EXCEPTION WHEN assert_failure THEN RAISE WARNING '%', regexp_replace(SQLERRM, '\d+', 'N'); END $$;
-- workers that never met: each waits until it is its turn
SELECT ct_test($$
	\if :worker_id = 2
		SELECT wait_for(1);
	\endif
	INSERT INTO done VALUES (:worker_id);
$$, setup => $$
	CREATE TABLE done (worker int);
	CREATE FUNCTION wait_for(n int) RETURNS void LANGUAGE plpgsql AS
	'BEGIN WHILE NOT EXISTS (SELECT FROM done WHERE worker = n) LOOP PERFORM pg_sleep(0.01); END LOOP; END'
$$, transactions => 2, workers => 2) > 0 AS ran;
SELECT verdict, contended < 3 AS little FROM last_run;
-- nor is waiting before a lone statement a meeting
SELECT ct_test($$
	\set wait 400 * :client_id
	\sleep :wait ms
	SELECT 1;
$$, transactions => 2, workers => 2, min_overlap => 1) > 0 AS ran;
SELECT verdict, met FROM last_run;
-- and two that meet after a barrier, for neither statement ends before the other one has begun
CREATE SEQUENCE came;
CREATE FUNCTION meet() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n bigint := nextval('public.came');
BEGIN
	WHILE (SELECT last_value FROM public.came) < n + n % 2 LOOP PERFORM pg_sleep(0.001); END LOOP;
END $$;
SELECT ct_test($$
	\barrier start
	SELECT public.meet() FROM t;
	\barrier end
$$, setup => 'CREATE TABLE t AS SELECT 1 AS a', transactions => 20, workers => 2) > 0 AS ran;
SELECT verdict, overlapped, met FROM last_run;
-- what touches no table can't be in anybody's way
SELECT ct_test($$
	\barrier start
	SELECT pg_sleep(0.01);
$$, transactions => 20, workers => 2) > 0 AS ran;
SELECT verdict, overlapped, met, orders_seen FROM last_run;
-- nor can what is over when the race begins
SELECT ct_test($$
	SELECT a FROM t;
	\barrier start
	\set pause 1500 * :client_id
	\sleep :pause ms
	SELECT a FROM t;
$$, setup => 'CREATE TABLE t AS SELECT 1 AS a', transactions => 2, workers => 2, min_overlap => 1) > 0 AS ran;
SELECT verdict, overlapped, met, contended FROM last_run;
-- but a block that is open at a barrier has been in progress all the while
SELECT ct_test($$
	\set second :iteration % 2
	\barrier start
	BEGIN;
	\if :second
		\barrier begun
		SELECT a FROM t;
		\barrier read
	\else
		SELECT a FROM t;
		\barrier begun
		\barrier read
		SELECT a FROM t;
	\endif
	COMMIT;
$$, setup => 'CREATE TABLE t AS SELECT 1 AS a', transactions => 2, workers => 2, min_overlap => 1) > 0 AS ran;
SELECT verdict, met >= 1 AS met FROM last_run;
-- a race in the first statement is one
SELECT ct_test($$
	\barrier go
	INSERT INTO u SELECT :worker_id FROM public.meet() WHERE NOT EXISTS (SELECT FROM u);
$$, setup => 'CREATE TABLE u (i int)', workers => 2, transactions => 2, min_overlap => 2,
	checks => ARRAY['SELECT count(*) AS observed, 1 AS expected FROM u HAVING count(*) > 1']) > 0 AS ran;
SELECT verdict, met, contended FROM last_run;
-- who holds a lock that others wait for is contended as they are; the first one holds it until the other one waits
CREATE FUNCTION let_wait() RETURNS void LANGUAGE plpgsql AS
$$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.001); END LOOP; END $$;
SELECT ct_test($$
	BEGIN;
	SELECT n FROM t WHERE id = 1 FOR UPDATE \gset
	\if :n = 0
	SELECT public.let_wait();
	\endif
	UPDATE t SET n = n + 1 WHERE id = 1;
	COMMIT;
$$, setup => 'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0);',
	workers => 2, transactions => 2, min_overlap => 2) > 0 AS ran;
SELECT verdict, met, contended, waited BETWEEN 1 AND 2 AS waited FROM last_run;
DROP FUNCTION meet, let_wait;
DROP SEQUENCE came;
-- the orders of steps: a reader before a writer's commit, and after it, as barriers put them
SELECT ct_test($$
	\set writer :iteration % 2
	\barrier start
	BEGIN;
	\if :writer
		INSERT INTO t VALUES (1);
		\barrier written
		\barrier read
		COMMIT;
		\barrier end
	\else
		SELECT count(*) FROM t;
		\barrier written
		SELECT count(*) FROM t;
		\barrier read
		COMMIT;
		\barrier end
	\endif
$$, setup => 'CREATE TABLE t (a int)', transactions => 20, workers => 2) > 0 AS ran;
SELECT verdict FROM last_run;
SELECT o.step, s.sql, o.other_step, t.sql AS other_sql, o.before_seen, o.after_seen FROM ct_orders o
	JOIN ct_latencies s ON s.run_id = o.run_id AND s.step = o.step JOIN ct_latencies t ON t.run_id = o.run_id AND t.step = o.other_step
	WHERE o.run_id = (SELECT run_id FROM last_run) AND o.step < o.other_step AND o.other_step = 13 AND s.sql !~ $$SELECT$$ ORDER BY 1;
SELECT orders_possible = (SELECT 2 * count(*) FROM ct_orders o WHERE o.run_id = r.run_id) AS possible,
	orders_seen = (SELECT sum(before_seen::int + after_seen::int) FROM ct_orders o WHERE o.run_id = r.run_id) AS seen,
	(SELECT bool_and(a.before_seen = b.after_seen) FROM ct_orders a JOIN ct_orders b
	 ON b.run_id = a.run_id AND b.step = a.other_step AND b.other_step = a.step WHERE a.run_id = r.run_id) AS mirrored
	FROM last_run r;
-- of a name in two branches whoever comes first to it in its iteration is at the same barrier
SELECT barrier_breaks FROM last_run;
-- one worker has no orders
SELECT ct_test('SELECT a FROM t; SELECT a FROM t;', setup => 'CREATE TABLE t (a int)', transactions => 20, workers => 1, min_overlap => 0) > 0 AS ran;
SELECT orders_seen FROM last_run;
-- a lock makes transactions wait instead of meeting
SELECT ct_test($$
	BEGIN;
	SELECT pg_advisory_xact_lock(4711);
	\sleep 2 ms
	COMMIT;
$$, transactions => 40, workers => 4) > 0 AS ran;
SELECT verdict, waited > 20 AS waited FROM last_run;
SELECT kind, count > 20 AS counted FROM ct_latencies WHERE run_id = (SELECT run_id FROM last_run) AND kind = 'lock_wait';
-- a barrier that can't be met, because the others wait for a lock, opens
SELECT ct_test($$
	BEGIN;
	UPDATE t SET a = a + 1;
	\barrier inside
	COMMIT;
$$, setup => 'CREATE TABLE t AS SELECT 0 AS a', transactions => 4, workers => 2,
	checks => ARRAY['SELECT a FROM t WHERE a <> 4']) > 0 AS ran;
SELECT verdict, anomalies, barrier_breaks > 0 AS broken FROM last_run;
-- and lets them pass afterwards, instead of putting everybody out of step
SELECT ct_test(E'\\barrier a\nBEGIN;\nUPDATE t SET n = n + 1;\n\\barrier b\nCOMMIT;',
	setup => 'CREATE TABLE t AS SELECT 0 AS n', workers => 2, transactions => 40, min_overlap => 0) > 0 AS ran;
SELECT verdict, barrier_breaks BETWEEN 1 AND 22 AS broken, duration < 25 AS in_step,
	reason ~ '; barriers opened \d+ times? without everybody$' AS told FROM last_run;


--
-- Numbers are compared as numbers where both sides are variables
--
SELECT ct_test($$
\set other 600
\set half 0.5
SELECT 1000 AS one, 'abc' AS text, '007' AS agent \gset
SELECT :one > :other AS ints, :one > :half AS mixed, :limit > :other AS param,
	:agent AS agent, greatest(:limit, :one, :half) AS greatest, :iteration || '-' || :one AS joined \gset
\set changes case when :iteration % 3 = 0 then 99.5 when :iteration % 3 = 1 then 99 else 1000 end
SELECT CASE WHEN :iteration % 2 = 0 THEN 'abc' ELSE :changes::text END AS either \gset
SELECT :text > :other AS texts \gset
SELECT :changes < :limit AS changed, :either > '5' AS eithers, :either = :either AS same \gset
\if :ints and :mixed and :param and :texts and :changed and :eithers and :same
	INSERT INTO seen VALUES (:agent, :greatest, :joined);
\endif
$$, setup => 'CREATE TABLE seen (agent text, greatest text, joined text)', params => '{"limit": 1001}',
	transactions => 30, workers => 2, min_overlap => 0,
	checks => ARRAY['SELECT :limit AS observed, :transactions AS expected WHERE :limit < :transactions OR :transactions > :limit',
		$q$SELECT count(*) AS observed, :transactions AS expected FROM seen
		 WHERE agent = '007' AND greatest = '1001' AND joined LIKE '%-1000' HAVING count(*) <> :transactions$q$]) > 0 AS ran;
SELECT verdict, anomalies FROM last_run;
-- small and large ones, as expressions and tallies have them
SELECT ct_test(E'\\tally loss 0.5\n\\tally tolerated 0.00001\n', transactions => 3, workers => 1, min_overlap => 0,
	checks => '{"SELECT :tally_loss AS observed, :tally_tolerated AS expected WHERE :tally_loss > :tally_tolerated"}') > 0 AS ran;
SELECT verdict, reason FROM last_run;
-- whatever they were before: null, text, a fraction
SELECT ct_test($$
SELECT nullif(:iteration, 1) * 500 AS a, nullif(:iteration, 1) * 300 AS b \gset
SELECT coalesce(:a > :b, true) AS later \gset
SELECT (ARRAY['12', 'A1', '007', '-0.00'])[1 + (:iteration - 1) / 2 % 4] AS code \gset
SELECT jsonb_build_object('code', :code) AS json \gset
\if :iteration % 2 = 0
\set x 1.5
\set y 2
\else
\set x 2
\set y 1.5
\endif
SELECT (:x > :y) = (:iteration % 2 = 1) AS compared \gset
\if :later and :compared
INSERT INTO seen VALUES (:code, :json, :x);
\endif
$$, setup => 'CREATE TABLE seen (code text, json text, x text)', transactions => 40, workers => 2, min_overlap => 0,
	checks => ARRAY[$$SELECT count(*) AS observed, :transactions AS expected FROM seen WHERE
		json = CASE code WHEN '12' THEN '{"code": 12}' ELSE format('{"code": "%s"}', code) END AND x IN ('1.5', '2')
		HAVING count(*) <> :transactions$$]) > 0 AS ran;
SELECT verdict, reason ~ '^no anomaly' AS all_seen FROM last_run;
SELECT ct_test('SELECT 1', transactions => 10, workers => 2, min_overlap => 0, params => '{"a": 1000, "b": 600}',
	checks => ARRAY['SELECT :a AS observed, :b AS expected WHERE :a > :b']) > 0 AS ran;
SELECT verdict, reason FROM last_run;


-- what isn't there before the gate is planned when it is
SELECT ct_test($$
CREATE TEMP TABLE IF NOT EXISTS own (owner text);
INSERT INTO own VALUES ('a');
SELECT count(*) AS n FROM own WHERE owner = :who \gset
\if :n > 0
\outcome taken_for_a_column
\endif
$$, params => '{"who": "owner"}', transactions => 4, workers => 2, min_overlap => 0) > 0 AS ran;
SELECT status, (SELECT count(*) FROM ct_outcomes o WHERE o.run_id = r.run_id) AS outcomes FROM last_run r;

-- checks during the run tell when
SELECT ct_create_scenario('during', duration => '3 s', workers => 2,
	setup => 'CREATE TABLE t (a int)');
SELECT ct_add_script('during', 'fill', 'INSERT INTO t VALUES (1); \sleep 1 ms');
SELECT ct_add_check('during', 'empty', 'SELECT count(*) AS observed FROM t HAVING count(*) > 0', during => true);
SELECT ct_run('during') > 0 AS ran;
SELECT verdict, (SELECT first_seen < gate_at + interval '2.9 s' FROM ct_anomalies a
	WHERE a.run_id = r.run_id) AS seen_during FROM last_run r;
SELECT ct_drop_scenario('during');

-- variants' setups, weights, teardown, raise_on_fail
SELECT ct_create_scenario('parts', setup => 'CREATE TABLE t (a int); CREATE TABLE IF NOT EXISTS public.left_behind (a int)',
	teardown => 'INSERT INTO public.left_behind SELECT count(*) FROM t', transactions => 100, workers => 2);
SELECT ct_add_variant('parts', 'one'), ct_add_variant('parts', 'two', setup => 'ALTER TABLE t ADD CHECK (a > 0)');
SELECT ct_add_script('parts', 'often', 'INSERT INTO t VALUES (1)', weight => 9);
SELECT ct_add_script('parts', 'seldom', 'INSERT INTO t VALUES (0)');
SELECT ct_add_check('parts', 'positive', 'SELECT count(*) AS observed FROM t WHERE a <= 0 HAVING count(*) > 0');
SELECT ct_run('parts', 'one', seed => 1) > 0 AS ran;
SELECT verdict, anomalies, (SELECT count(*) FROM left_behind) AS torn_down FROM last_run;
SELECT script, count BETWEEN 1 AND 99 AS some FROM ct_latencies
	WHERE run_id = (SELECT run_id FROM last_run) AND kind = 'transaction' ORDER BY script;
SELECT ct_run('parts', 'two', seed => 1, expected_errors => '{check_violation}') > 0 AS ran;
SELECT verdict <> 'fail' AS passed, anomalies FROM last_run;
SELECT outcome, count > 0 AS some FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run);
DO $$ BEGIN PERFORM ct_run('parts', 'one', seed => 1, raise_on_fail => true);
EXCEPTION WHEN assert_failure THEN RAISE WARNING 'raised %', SQLSTATE; END $$;
SELECT variant, verdict, anomalies, retries, failed, cheapest FROM ct_compare('parts', seed => 1);
SELECT ct_drop_scenario('parts');
DROP TABLE left_behind;

--
-- What goes wrong; each leaves nothing behind
--
SELECT ct_test('SELECT nope');
SELECT ct_test('SELECT :nope');
SELECT ct_test('BEGIN; SELECT 1');
SELECT ct_test('SELECT 1', setup => 'CREATE TABLE t (a int); SELECT 1 / 0');
SELECT ct_test('SELECT 1', setup => 'BEGIN; CREATE TABLE t (a int)');
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT * FROM nowhere']);
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT 1 / :zero::int'], params => '{"zero": 0}', transactions => 10);
SELECT ct_test('SELECT ct_run(''oversell_tickets'')');
SELECT ct_test('SELECT ct_wait(:run_id)', transactions => 2);
SELECT ct_test('SELECT 1', setup => 'SELECT ct_wait(:run_id, ''1 s'')', transactions => 2);
SELECT ct_test('SELECT 1', checks => ARRAY['SELECT ct_wait(:run_id)'], transactions => 2);
SELECT ct_test('SELECT 1', setup => 'DO $$ DECLARE id bigint; BEGIN CALL ct_execute(''oversell_tickets'', run_id => id); END $$', transactions => 2);
SELECT ct_test('CALL ct_execute(''oversell_tickets'')', transactions => 2);
SELECT ct_test('SELECT ct_cancel(1)', setup => 'SELECT ct_start(''oversell_tickets'')');
BEGIN READ ONLY;
SELECT ct_test('SELECT 1');
ROLLBACK;
BEGIN;
CREATE TABLE uncommitted (a int);
SELECT ct_test('SELECT * FROM uncommitted');
ROLLBACK;
SELECT ct_start('oversell_tickets', raise_on_fail => true);
SELECT ct_wait(NULL);
SELECT ct_wait(0);
SELECT ct_cancel(0);
SELECT ct_wait(run_id, '-1 s') FROM last_run;
SELECT ct_wait(run_id) FROM last_run;
SELECT ct_cancel(run_id) FROM last_run;
SELECT status, sqlstate, message, verdict FROM ct_runs
	WHERE status <> 'succeeded' AND run_id > :before ORDER BY run_id;

-- what a setup has left elsewhere is taken away, if it fails itself, or a check; if that fails, it is told
CREATE TABLE outside (id int PRIMARY KEY);
SELECT ct_create_scenario('outsider', transactions => 4, min_overlap => 0, params => '{"zero": 1}',
	setup => 'INSERT INTO public.outside VALUES (1); SELECT 1 / :zero::int', teardown => 'DELETE FROM public.outside');
SELECT ct_add_script('outsider', 'look', 'TABLE public.outside');
SELECT ct_run('outsider') > 0 AS ran;
SELECT ct_run('outsider', params => '{"zero": 0}');
SELECT count(*) FROM outside;
SELECT ct_add_check('outsider', 'typo', 'TABLE public.outsid');
SELECT ct_run('outsider');
SELECT count(*) FROM outside;
SELECT ct_drop_scenario('outsider');
SELECT ct_create_scenario('outsider', transactions => 4, min_overlap => 0, teardown => 'DELETE FROM public.outsid');
SELECT ct_add_script('outsider', 'look', 'TABLE public.outside');
SET client_min_messages = error;	-- a warning, with the run's number
SELECT ct_run('outsider') > 0 AS ran;
SET client_min_messages = warning;
SELECT status, verdict, message, warnings FROM last_run;
SELECT ct_drop_scenario('outsider');
DROP TABLE outside;

-- asynchronously
SELECT ct_start('oversell_tickets', 'naive', transactions => 20) AS run_id \gset
SELECT ct_wait(:run_id);
SELECT ct_wait(:run_id);
SELECT verdict FROM ct_runs WHERE run_id = :run_id;
CREATE FUNCTION await_phase(bigint, text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
	FOR i IN 1..18000 LOOP
		SELECT phase INTO found FROM ct_progress WHERE run_id = $1;
		EXIT WHEN found = $2;
		PERFORM pg_sleep(0.01);
	END LOOP;
	RETURN found;
END $$;
SELECT ct_create_scenario('long', duration => '1 h', workers => 2);
SELECT ct_add_script('long', 'sleep', '\sleep 10 s');
SELECT ct_start('long') AS run_id \gset
SELECT await_phase(:run_id, 'running');
SELECT phase, elapsed > 0 AS elapsed, workers, transactions FROM ct_progress;
SELECT status, verdict FROM ct_runs WHERE run_id = :run_id;
SELECT ct_wait(:run_id, '50 ms');
SELECT ct_cancel(:run_id);
SELECT ct_wait(:run_id);
SELECT ct_cancel(:run_id);
SELECT status, sqlstate, message, verdict FROM ct_runs WHERE run_id = :run_id;
SELECT ct_drop_scenario('long');
DROP FUNCTION await_phase;

-- nothing is left
DO $$ BEGIN
	-- the last leader, whose run was only waited for, may be on its way out
	FOR i IN 1 .. 9000 LOOP
		EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%');
		PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();
	END LOOP;
END $$;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';
SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%';
SELECT count(*) FROM ct_runs WHERE status IN ('starting', 'running', 'crashed');
DROP VIEW last_run;
SELECT ct_prune('0') > 0 AS pruned;
SELECT count(*) FROM ct_runs;
