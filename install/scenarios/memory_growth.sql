/*
 * memory_growth: a session that lives for days, and never forgets a statement.
 *
 * A worker's first transaction has the worker's number: :round counts from there.
 */
SELECT @extschema@.ct_create_scenario('memory_growth',
	category => 'stress',
	description => 'A session prepares statements, or opens cursors, and never closes them: its memory grows.',
	story => $$
The bug: a pooled connection lives for days, and the program leaves a little
in it with every request: a statement prepared under a new name because its
text is never quite the same (values pasted into it, IN lists of every
length), or a cursor WITH HOLD that nobody closes.  Each is some kB.  Times a
hundred thousand requests, times a few hundred connections, the server is out
of memory, and the one whom the kernel's out-of-memory killer picks takes all
others with it.

Here each worker is a connection with a request per round; its memory is what
pg_backend_memory_contexts says, asked every tenth round.  Compared are the
most that it was in the first :settle_rounds, by which caches are filled, and
the last sample.  That view is for superusers and members of
pg_read_all_stats.

What to look at: the growth per connection, and for how many rounds.
`same_statement` is what prepared statements are made for: one text, values as
parameters.  Where texts can't be helped, close what was opened
(`deallocate`), let the pool do that between two users (`reset`: DEALLOCATE
ALL, as in DISCARD ALL), keep no more than a few of them (`bounded_cache`,
what drivers call a statement cache), or don't prepare at all (`unnamed`).

Not to be explored: one session grows with hundreds of requests, whatever the
others do.
$$,
	params => '{"requests": 600, "settle_rounds": 20, "cache": 10, "max_growth_kb": 100, "request_us": 300}',
	explore_params => NULL,
	transactions_expr => ':requests',
	setup => $$
DO $d$
BEGIN
	IF NOT has_table_privilege('pg_backend_memory_contexts', 'SELECT') OR
		NOT has_function_privilege('pg_get_backend_memory_contexts()', 'EXECUTE') THEN
		RAISE insufficient_privilege USING
			MESSAGE = format('role "%s" may not read pg_backend_memory_contexts', current_user),
			HINT = format('Run it as a superuser, or GRANT pg_read_all_stats TO %I.', current_user);
	END IF;
END $d$;
CREATE TABLE customer (
	id		int PRIMARY KEY,
	name	text NOT NULL,
	city	text NOT NULL
);
CREATE TABLE orders (
	id			int PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	total		numeric(10, 2) NOT NULL
);
CREATE TABLE sample (
	worker		int NOT NULL,
	round		int NOT NULL,
	bytes		bigint NOT NULL,
	statements	int NOT NULL,
	cursors		int NOT NULL,
	PRIMARY KEY (worker, round)
);
INSERT INTO customer SELECT i, 'customer ' || i, 'city ' || i % 10 FROM generate_series(1, 100) i;
INSERT INTO orders SELECT i, i % 100 + 1, i % 500 FROM generate_series(1, 1000) i;
CREATE INDEX ON orders (customer);

CREATE FUNCTION take_sample(worker int, round int) RETURNS void LANGUAGE sql AS $f$
	INSERT INTO sample SELECT worker, round,
		(SELECT sum(total_bytes) FROM pg_backend_memory_contexts),
		(SELECT count(*) FROM pg_prepared_statements),
		(SELECT count(*) FROM pg_cursors WHERE is_holdable);
$f$;
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'prepare_each',
	'prepare each statement under a name of its own, and leave it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'prepare_each', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\barrier wave
PREPARE request_:iteration AS
	SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
BEGIN;
EXECUTE request_:iteration;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'cursor_with_hold',
	'read the first row of a cursor WITH HOLD, and leave it open',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'cursor_with_hold', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\barrier wave
BEGIN;
DECLARE page_:iteration CURSOR WITH HOLD FOR
	SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
FETCH page_:iteration;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'same_statement',
	'prepare one statement once, and give it the values',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'same_statement', body => $$
\if :iteration = :worker_id
	\set round 0
	PREPARE request (int) AS
		SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
		WHERE c.id = 1 + $1 % 100 GROUP BY c.name;
\endif
\set round :round + 1
\barrier wave
BEGIN;
EXECUTE request (:iteration);
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'deallocate',
	'prepare each statement under a name of its own, and deallocate it afterwards',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'deallocate', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\barrier wave
PREPARE request_:iteration AS
	SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
BEGIN;
EXECUTE request_:iteration;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
DEALLOCATE request_:iteration;
$$);

/* DISCARD ALL would also reset what makes a worker of this session, as its application_name. */
SELECT @extschema@.ct_add_variant('memory_growth', 'reset',
	'the pool resets the session each :cache requests: DEALLOCATE ALL, CLOSE ALL',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'reset', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\barrier wave
PREPARE request_:iteration AS
	SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
BEGIN;
EXECUTE request_:iteration;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
\if :round % :cache = 0
	DEALLOCATE ALL;
	CLOSE ALL;
\endif
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'bounded_cache',
	'keep the last :cache statements, as a driver''s statement cache does',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'bounded_cache', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\set entry :round % :cache
\barrier wave
\if :round > :cache
	DEALLOCATE entry_:entry;
\endif
PREPARE entry_:entry AS
	SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
BEGIN;
EXECUTE entry_:entry;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_growth', 'unnamed',
	'send the statement with its values, and prepare nothing',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_growth', 'request', variant => 'unnamed', body => $$
\if :iteration = :worker_id
	\set round 0
\endif
\set round :round + 1
\barrier wave
BEGIN;
SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer = c.id
	WHERE c.id = 1 + :iteration % 100 GROUP BY c.name;
\if :round % 10 = 0
	SELECT take_sample(:worker_id, :round);
\endif
\sleep :request_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_check('memory_growth', 'memory_is_bounded',
	'SELECT l.worker, (l.bytes - f.bytes) / 1024 AS observed, :max_growth_kb AS expected,
		l.bytes / 1024 AS kb, l.round AS rounds, l.statements, l.cursors
	 FROM (SELECT DISTINCT ON (worker) * FROM sample ORDER BY worker, round DESC) l,
		LATERAL (SELECT max(bytes) AS bytes FROM sample
				 WHERE worker = l.worker AND round <= greatest(:settle_rounds, 2 * :cache)) f
	 WHERE l.bytes - f.bytes > :max_growth_kb * 1024 ORDER BY l.worker',
	kind => 'memory_growth', description => 'A connection''s memory stays about what it was after a few rounds.');
SELECT @extschema@.ct_add_check('memory_growth', 'memory_was_watched',
	'SELECT max(round) AS observed, 2 * greatest(:settle_rounds, 2 * :cache) AS expected FROM sample
	 HAVING coalesce(max(round), 0) < 2 * greatest(:settle_rounds, 2 * :cache)',
	kind => 'nothing_measured', description => 'There were enough rounds to tell growth from settling.');
