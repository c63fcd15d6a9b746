--
-- Explorations, counted: how many interleavings there are follows from
-- combinatorics, and what goes wrong in them from what the server promises.
--
\pset null '(null)'
SET client_min_messages = warning;

CREATE FUNCTION regress_counts(run bigint) RETURNS TABLE (verdict text, complete bigint, violating bigint,
	not_serial bigint, deadlocks bigint, errors bigint, preemptions int, exhausted boolean) LANGUAGE sql
AS $$
SELECT r.verdict, e.complete, e.violating, e.not_serial, e.deadlocks, e.errors, e.preemptions, e.exhausted
FROM ct_runs r JOIN ct_explorations e USING (run_id) WHERE run_id = run
$$;
CREATE FUNCTION regress_orders(run bigint) RETURNS TABLE (result text, check_name text, sqlstate text,
	executions bigint, permutation int[], preemptions int, gist text) LANGUAGE sql
AS $$
SELECT result, check_name, sqlstate, executions, permutation, preemptions, gist FROM ct_permutations WHERE run_id = run
$$;

-- n steps of each, without a conflict: C(2n, n), and for three (3n)! / n!^3
\set none 'CREATE TABLE t (id int)'
SELECT n, complete, exhausted FROM generate_series(1, 5) n,
	regress_counts(ct_race(array_fill(repeat('SELECT 1;', n), ARRAY[2]), setup => :'none'));
SELECT n, complete, exhausted FROM generate_series(1, 2) n,
	regress_counts(ct_race(array_fill(repeat('SELECT 1;', n), ARRAY[3]), setup => :'none'));
SELECT complete FROM regress_counts(ct_race('{SELECT 1; SELECT 2; SELECT 3, SELECT 1, SELECT 1}', setup => :'none'));
SELECT complete FROM regress_counts(ct_race(array_fill('SELECT 1'::text, ARRAY[5]), setup => :'none'));

-- what is a step: BEGIN belongs to the statement after it; \set, \if and \gset are none, \sleep and \repeat are one
SELECT complete FROM regress_counts(ct_race(array_fill($$BEGIN;
SELECT 1 AS a \gset
\if :a = 1
\set b :a + 1
SELECT :b;
\else
SELECT 2; SELECT 3; SELECT 4;
\endif
\sleep 1 us
COMMIT$$::text, ARRAY[2]), setup => :'none'));

-- a lost update: only the two serial orders are right
\set counter 'CREATE TABLE c (id int PRIMARY KEY, v int); INSERT INTO c VALUES (1, 0), (2, 0)'
SELECT E'SELECT v FROM c WHERE id = 1 \\gset\nUPDATE c SET v = :v + 1 WHERE id = 1' AS increment \gset
SELECT ct_race(ARRAY[:'increment', :'increment'], setup => :'counter') AS run \gset
SELECT * FROM regress_counts(:run);
SELECT * FROM regress_orders(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT position, session, line, query, event, waits_for, rows, first_row, conflicts FROM ct_steps
WHERE run_id = :run AND result = 'not_serial' ORDER BY position;
SELECT state, serial_order, serial_state FROM ct_permutations WHERE run_id = :run AND result = 'not_serial';

-- with a check, what serial orders say is a note
SELECT ct_race(ARRAY[:'increment', :'increment'], setup => :'counter',
	checks => ARRAY['SELECT v AS observed, 2 AS expected FROM c WHERE id = 1 AND v <> 2']) AS run \gset
SELECT * FROM regress_counts(:run);
SELECT * FROM regress_orders(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT check_name, kind, status, violations, actual FROM ct_checks WHERE run_id = :run;
SELECT ct_race(ARRAY[:'increment', :'increment'], setup => :'counter', checks => ARRAY['SELECT FROM c WHERE v > 2']) AS run \gset
SELECT * FROM regress_counts(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;

-- and the fix
SELECT ct_race(ARRAY['UPDATE c SET v = v + 1 WHERE id = 1', 'UPDATE c SET v = v + 1 WHERE id = 1'], setup => :'counter') AS run \gset
SELECT * FROM regress_counts(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;

-- in a REPEATABLE READ block it fails with 40001, and is executed again
SELECT E'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT v FROM c WHERE id = 1 \\gset\nUPDATE c SET v = :v + 1 WHERE id = 1; COMMIT' AS increment_rr \gset
SELECT ct_race(ARRAY[:'increment_rr', :'increment_rr'], setup => :'counter',
	checks => ARRAY['SELECT v FROM c WHERE id = 1 AND v <> 2']) AS run \gset
SELECT * FROM regress_counts(:run);
SELECT script, sqlstate, handling, count FROM ct_errors WHERE run_id = :run ORDER BY 1;

-- deadlocks: both have one row before either wants its second one
SELECT ct_race(ARRAY['BEGIN; UPDATE c SET v = 1 WHERE id = 1; UPDATE c SET v = 1 WHERE id = 2; COMMIT',
	'BEGIN; UPDATE c SET v = 1 WHERE id = 2; UPDATE c SET v = 1 WHERE id = 1; COMMIT'], setup => :'counter') AS run \gset
SELECT * FROM regress_counts(:run);
SELECT * FROM regress_orders(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT position, session, query, event, waits_for, rows, error FROM ct_steps
WHERE run_id = :run AND result = 'deadlock' ORDER BY position;
SELECT verdict, complete, deadlocks FROM regress_counts(
	ct_race(ARRAY['BEGIN; UPDATE c SET v = 1 WHERE id = 1; UPDATE c SET v = 1 WHERE id = 2; COMMIT',
		'BEGIN; UPDATE c SET v = 1 WHERE id = 2; UPDATE c SET v = 1 WHERE id = 1; COMMIT'], setup => :'counter',
		expected_errors => '{deadlock_detected}'));

-- errors: one that nobody expects fails, one that is expected is an outcome, of that execution only
SELECT ct_race('{INSERT INTO u VALUES (1), INSERT INTO u VALUES (1)}', setup => 'CREATE TABLE u (a int CONSTRAINT only_one PRIMARY KEY)') AS run \gset
SELECT * FROM regress_counts(:run);
SELECT * FROM regress_orders(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT ct_race('{INSERT INTO u VALUES (1), INSERT INTO u VALUES (1)}', setup => 'CREATE TABLE u (a int CONSTRAINT only_one PRIMARY KEY)',
	expected_errors => '{unique_violation=taken}',
	checks => ARRAY['SELECT :outcome_taken AS observed, 1 AS expected WHERE :outcome_taken <> 1', 'SELECT 1 WHERE :transactions <> 2']) AS run \gset
SELECT * FROM regress_counts(:run);

-- outcomes and tallies are of one execution
SELECT E'\\outcome came\n\\tally amount 2.5\nSELECT 1' AS says \gset
SELECT ct_race(ARRAY[:'says', :'says'], setup => :'none',
	checks => ARRAY['SELECT 1 WHERE :outcome_came <> 2', 'SELECT 1 WHERE :tally_amount <> 5']) AS run \gset
SELECT verdict, complete FROM regress_counts(:run);

-- who they are
SELECT verdict, complete FROM regress_counts(ct_race(array_fill(
	'INSERT INTO w VALUES (:worker_id, :iteration, :client_id)'::text, ARRAY[2]),
	setup => 'CREATE TABLE w (worker int, iteration int, client int)',
	checks => ARRAY['(TABLE w EXCEPT VALUES (1, 1, 0), (2, 2, 1)) UNION ALL SELECT 0, 0, 0 WHERE (SELECT count(*) FROM w) <> 2']));

-- write skew: nothing is lost, yet no serial order does that; SERIALIZABLE executes one of them again
\set doctors 'CREATE TABLE d (name text, on_call boolean); INSERT INTO d VALUES (''a'', true), (''b'', true)'
CREATE FUNCTION regress_doctors(isolation text) RETURNS text[] LANGUAGE sql AS $$
SELECT array_agg(format(E'BEGIN ISOLATION LEVEL %s; SELECT count(*) AS n FROM d WHERE on_call \\gset\n\\if :n > 1\nUPDATE d SET on_call = false WHERE name = %L;\n\\endif\nCOMMIT', isolation, n)) FROM unnest('{a,b}'::text[]) n
$$;
SELECT * FROM regress_counts(ct_race(regress_doctors('REPEATABLE READ'), setup => :'doctors'));
SELECT * FROM regress_counts(ct_race(regress_doctors('SERIALIZABLE'), setup => :'doctors'));

-- right programs aren't accused: surrogates, SKIP LOCKED, a conflict that is said
SELECT ct_race(array_fill('INSERT INTO s (v) VALUES (:worker_id)'::text, ARRAY[2]),
	setup => 'CREATE TABLE s (id serial PRIMARY KEY, u uuid DEFAULT gen_random_uuid(), at timestamptz DEFAULT clock_timestamp(), v int)') AS run \gset
SELECT c.*, e.surrogates FROM regress_counts(:run) c, ct_explorations e WHERE run_id = :run;
SELECT E'BEGIN; SELECT id FROM j ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \\aset\n\\if :id > 0\nDELETE FROM j WHERE id = :id;\n\\outcome took\n\\else\n\\outcome nothing\n\\endif\nCOMMIT' AS job \gset
SELECT verdict, not_serial FROM regress_counts(ct_race(ARRAY[E'\\set id 0\n' || :'job', E'\\set id 0\n' || :'job'], setup => 'CREATE TABLE j (id int); INSERT INTO j VALUES (1), (2)'));

-- within functions: the two statements of one function, in sessions that call it
\set function 'CREATE TABLE c (v int); INSERT INTO c VALUES (0); CREATE FUNCTION add_one() RETURNS void LANGUAGE plpgsql AS $f$ DECLARE x int; BEGIN SELECT v INTO x FROM c; UPDATE c SET v = x + 1; END $f$'
SELECT * FROM regress_counts(ct_race('{SELECT add_one(), SELECT add_one()}', setup => :'function'));
SELECT ct_race('{SELECT add_one(), SELECT add_one()}', setup => :'function', yield => 'statement') AS run \gset
SELECT * FROM regress_counts(:run);

-- sessions that wait for ever are told why, at once
SELECT ct_race(ARRAY['BEGIN; UPDATE c SET v = 1 WHERE id = 1', 'UPDATE c SET v = 2 WHERE id = 1'], setup => :'counter') AS run \gset
SELECT * FROM regress_counts(:run);
SELECT * FROM regress_orders(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT notes FROM ct_explorations WHERE run_id = :run;
SELECT ct_race('{SELECT pg_advisory_lock(1), SELECT pg_advisory_lock(1)}', setup => :'none') AS run \gset
SELECT reason FROM ct_runs WHERE run_id = :run;

-- budgets and bounds
SELECT repeat('SELECT 1;', 6) AS six \gset
SELECT ct_race(ARRAY[:'six', :'six'], setup => :'none', preemptions => 1) AS run \gset
SELECT * FROM regress_counts(:run);
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT ct_race(ARRAY[:'six', :'six'], setup => :'none', executions => 200, seed => 1) AS run \gset
SELECT c.*, e.executions, e.drawn, stopped_by FROM regress_counts(:run) c, ct_explorations e WHERE run_id = :run;
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT notes FROM ct_explorations WHERE run_id = :run;
SELECT ct_race(ARRAY[:'six', :'six'], setup => :'none', executions => 300, strategy => 'random', seed => 1) AS run \gset
SELECT reason FROM ct_runs WHERE run_id = :run;
SELECT ct_race(ARRAY[:'six', :'six'], setup => :'none', executions => 1) AS run \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :run;

SELECT complete, exhausted FROM regress_counts(ct_race('{SELECT 1; SELECT 1, SELECT 1; SELECT 1}', setup => :'none', executions => 6));
SELECT complete, exhausted FROM regress_counts(ct_race('{SELECT 1; SELECT 1, SELECT 1; SELECT 1}', setup => :'none', executions => 5));

-- who has set itself a time to wait has it
SELECT ct_race(ARRAY['BEGIN; UPDATE c SET v = 1 WHERE id = 1', 'SET lock_timeout = 50; UPDATE c SET v = 2 WHERE id = 1'], setup => :'counter') AS run \gset
SELECT * FROM regress_orders(:run);

-- waits that aren't for rows: a table, a safe snapshot, a transaction that began before
SELECT verdict, complete FROM regress_counts(ct_race(ARRAY['BEGIN; UPDATE c SET v = 1 WHERE id = 1; COMMIT', 'ALTER TABLE c ADD x int'], setup => :'counter'));
SELECT verdict, complete FROM regress_counts(ct_race(ARRAY['BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE c SET v = 1; SELECT 1; COMMIT',
	'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; SELECT v FROM c; COMMIT'], setup => :'counter'));

-- one order again
SELECT ct_race(ARRAY[:'increment', :'increment'], setup => :'counter') AS run \gset
SELECT ct_replay(:run) AS again \gset
SELECT * FROM regress_counts(:again);
SELECT reason FROM ct_runs WHERE run_id = :again;
SELECT ct_replay(:run, '{1,1,2,2}') AS again \gset
SELECT verdict, reason FROM ct_runs WHERE run_id = :again;
SELECT ct_replay(:run, '{1,1,1,2}');
SELECT ct_replay(:run, '{1,2}');
SELECT ct_replay(:run, '{1,1,2,2,2}');

-- orders with a name come first, and count once
SELECT ct_create_scenario('regress_named', setup => :'counter');
SELECT ct_add_script('regress_named', 'increment', :'increment');
SELECT ct_add_permutation('regress_named', 'lost', '{2,1,1,2}');
SELECT ct_add_permutation('regress_named', 'longer', '{1,1,1,2}');
SELECT ct_explore('regress_named') AS run \gset
SELECT c.*, e.first_failure FROM regress_counts(:run) c, ct_explorations e WHERE run_id = :run;
SELECT notes FROM ct_explorations WHERE run_id = :run;
SELECT ct_drop_scenario('regress_named');

-- without a setup nothing happens to the user's tables
CREATE TABLE regress_mine (id int PRIMARY KEY, v int);
INSERT INTO regress_mine VALUES (1, 0);
SELECT ct_race(array_fill('UPDATE regress_mine SET v = v + 1 WHERE id = 1'::text, ARRAY[2]),
	checks => ARRAY['SELECT v FROM regress_mine WHERE v <> 2']) AS run \gset
SELECT * FROM regress_counts(:run);
SELECT ct_race(array_fill(E'SELECT v FROM regress_mine WHERE id = 1 \\gset\nUPDATE regress_mine SET v = :v + 1 WHERE id = 1'::text, ARRAY[2])) AS run \gset
SELECT * FROM regress_counts(:run);
TABLE regress_mine;

-- two rows that are the same, where a serial order leaves one of them
CREATE TABLE regress_rank (n bigint);
SELECT ct_race(array_fill(E'SELECT count(*) AS n FROM regress_rank \\gset\nINSERT INTO regress_rank VALUES (:n)'::text, ARRAY[2])) AS run \gset
SELECT reason FROM ct_runs WHERE run_id = :run;
DROP TABLE regress_rank;

-- a session that fails whoever went before it is wrong, which is no race; and it is one if order matters
SELECT ct_race(ARRAY['SELECT 1', 'SELECT v FROM regress_nowhere']);
SELECT ct_race(ARRAY['ALTER TABLE counter RENAME v TO n', 'SELECT v FROM counter'],
	setup => 'CREATE TABLE counter AS SELECT 1 AS v') AS run \gset
SELECT * FROM regress_counts(:run);

SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run%';
DROP TABLE regress_mine;
DROP FUNCTION regress_counts, regress_orders, regress_doctors;
