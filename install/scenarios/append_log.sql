/* append_log: positions in a log, and those who follow it. */
SELECT @extschema@.ct_create_scenario('append_log',
	category => 'throughput',
	description => 'Positions are max + 1, or from a sequence: taken twice, or skipped over by who follows.',
	story => $$
The bug: events are appended to streams, each with the position that comes
after the last one.  Two appenders that look at once see the same last
position and take the same next one.  So it is made an identity column, and
now the positions are unique; but they become visible in another order than
they were taken: who took 7 may commit before who took 6.  A follower that
reads "everything after what I have seen" sees 7, remembers 7, and never
sees 6.  That is the second broken variant, and the worse one: no error, no
duplicate, an event is missing once in a while.

In waves (the barrier) one appender is slow (:window_us between taking a
position and COMMIT), one is fast, and a follower reads in between.  What
it has seen is in consumed, where it stopped is in follower.

What to look at: a counter in the stream's row, or a lock per stream, makes
appenders take turns until COMMIT, so that positions become visible in
order and without gaps; a stream then has the throughput of one appender.  A
unique key with repetition does the same, without a lock to remember.  The
snapshot gate lets all of them append at once, and makes followers wait
instead: they read up to the oldest transaction that is still in progress
anywhere in the server, so a forgotten one holds all of them up; and
positions have gaps.
$$,
	params => '{"streams": 2, "rounds": 30, "window_us": 8000}',
	explore_params => '{"streams": 1, "window_us": 0}',
	transactions_expr => ':rounds * 3',
	setup => $$
CREATE TABLE stream (
	id				int PRIMARY KEY,
	name			text NOT NULL,
	last_position	bigint NOT NULL DEFAULT 0
);
CREATE TABLE event (
	id				uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	stream			int NOT NULL REFERENCES stream,
	position		bigint NOT NULL,
	xid				xid8 NOT NULL DEFAULT pg_current_xact_id(),
	appended_by		int NOT NULL,
	payload			jsonb NOT NULL DEFAULT '{"type": "line_added"}'
);
CREATE INDEX ON event (stream, position);
CREATE TABLE follower (
	stream			int PRIMARY KEY REFERENCES stream,
	last_xid		xid8 NOT NULL DEFAULT '0',
	last_position	bigint NOT NULL DEFAULT 0
);
CREATE TABLE consumed (
	event			uuid PRIMARY KEY REFERENCES event
);
INSERT INTO stream SELECT i, 'order-' || i FROM generate_series(1, :streams) i;
INSERT INTO follower (stream) SELECT i FROM generate_series(1, :streams) i;
$$);

SELECT @extschema@.ct_add_variant('append_log', 'max_plus_one',
	'the next position is max(position) + 1',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'max_plus_one', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	SELECT coalesce(max(position), 0) + 1 AS position FROM event WHERE stream = :stream \gset
	\set work :window_us / :role / :role
	\sleep :work us
	INSERT INTO event (stream, position, appended_by) VALUES (:stream, :position, :iteration);
	\outcome appended
\else
	\set read 0
	SELECT last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, position FROM event WHERE stream = :stream AND position > :last_position),
		seen AS (INSERT INTO consumed SELECT id FROM batch)
		UPDATE follower SET last_position = (SELECT max(position) FROM batch)
		WHERE stream = :stream AND EXISTS (SELECT FROM batch)
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('append_log', 'identity',
	'positions from a sequence: unique, but not visible in their order',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE event ALTER position ADD GENERATED ALWAYS AS IDENTITY');
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'identity', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	INSERT INTO event (stream, appended_by) VALUES (:stream, :iteration);
	\set work :window_us / :role / :role
	\sleep :work us
	\outcome appended
\else
	\set read 0
	SELECT last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, position FROM event WHERE stream = :stream AND position > :last_position),
		seen AS (INSERT INTO consumed SELECT id FROM batch)
		UPDATE follower SET last_position = (SELECT max(position) FROM batch)
		WHERE stream = :stream AND EXISTS (SELECT FROM batch)
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

/*
 * Transactions below pg_snapshot_xmin() have ended: nothing of theirs can
 * appear any more.  So the order in which to read is that of transactions;
 * within one, that of positions.
 */
SELECT @extschema@.ct_add_variant('append_log', 'snapshot_gate',
	'from a sequence; followers read only up to the oldest transaction in progress',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE event ALTER position ADD GENERATED ALWAYS AS IDENTITY;
CREATE INDEX ON event (stream, xid, position);
$$);
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'snapshot_gate', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	INSERT INTO event (stream, appended_by) VALUES (:stream, :iteration);
	\set work :window_us / :role / :role
	\sleep :work us
	\outcome appended
\else
	\set read 0
	SELECT last_xid, last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, xid, position FROM event
			WHERE stream = :stream AND (xid, position) > (:last_xid::xid8, :last_position)
				AND xid < pg_snapshot_xmin(pg_current_snapshot())),
		seen AS (INSERT INTO consumed SELECT id FROM batch),
		last AS (SELECT xid, position FROM batch ORDER BY xid DESC, position DESC LIMIT 1)
		UPDATE follower SET last_xid = last.xid, last_position = last.position FROM last
		WHERE stream = :stream
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('append_log', 'counter_row',
	'count positions in the stream''s row, which stays locked until COMMIT',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE event ADD UNIQUE (stream, position)');
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'counter_row', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	UPDATE stream SET last_position = last_position + 1 WHERE id = :stream
		RETURNING last_position AS position \gset
	\set work :window_us / :role / :role
	\sleep :work us
	INSERT INTO event (stream, position, appended_by) VALUES (:stream, :position, :iteration);
	\outcome appended
\else
	\set read 0
	SELECT last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, position FROM event WHERE stream = :stream AND position > :last_position),
		seen AS (INSERT INTO consumed SELECT id FROM batch)
		UPDATE follower SET last_position = (SELECT max(position) FROM batch)
		WHERE stream = :stream AND EXISTS (SELECT FROM batch)
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('append_log', 'advisory_lock',
	'max(position) + 1 under an advisory lock on the stream',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE event ADD UNIQUE (stream, position)');
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'advisory_lock', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	SELECT pg_advisory_xact_lock('stream'::regclass::oid::int, :stream);
	SELECT coalesce(max(position), 0) + 1 AS position FROM event WHERE stream = :stream \gset
	\set work :window_us / :role / :role
	\sleep :work us
	INSERT INTO event (stream, position, appended_by) VALUES (:stream, :position, :iteration);
	\outcome appended
\else
	\set read 0
	SELECT last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, position FROM event WHERE stream = :stream AND position > :last_position),
		seen AS (INSERT INTO consumed SELECT id FROM batch)
		UPDATE follower SET last_position = (SELECT max(position) FROM batch)
		WHERE stream = :stream AND EXISTS (SELECT FROM batch)
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

/* Position 8 can only be taken by who has seen 7, so it is visible after it. */
SELECT @extschema@.ct_add_variant('append_log', 'unique_key',
	'max(position) + 1 under a unique key, repeated when somebody was first',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{unique_violation}',
	setup => 'ALTER TABLE event ADD UNIQUE (stream, position)');
SELECT @extschema@.ct_add_script('append_log', 'append_or_follow', variant => 'unique_key', body => $$
\set stream (:iteration - 1) / 3 % :streams + 1
\set role :iteration % 3
\set pause CASE WHEN :role = 1 THEN 0 WHEN :role = 2 THEN :window_us / 4 ELSE :window_us * 3 / 4 END
\barrier wave
\sleep :pause us
BEGIN;
\if :role > 0
	SELECT coalesce(max(position), 0) + 1 AS position FROM event WHERE stream = :stream \gset
	\set work :window_us / :role / :role
	\sleep :work us
	INSERT INTO event (stream, position, appended_by) VALUES (:stream, :position, :iteration);
	\outcome appended
\else
	\set read 0
	SELECT last_position FROM follower WHERE stream = :stream FOR UPDATE \gset
	WITH batch AS (SELECT id, position FROM event WHERE stream = :stream AND position > :last_position),
		seen AS (INSERT INTO consumed SELECT id FROM batch)
		UPDATE follower SET last_position = (SELECT max(position) FROM batch)
		WHERE stream = :stream AND EXISTS (SELECT FROM batch)
		RETURNING (SELECT count(*) FROM batch) AS read \aset
	\tally consumed :read
	\outcome followed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('append_log', 'positions_are_unique',
	'SELECT s.name AS stream, e.position, count(*) AS observed, 1 AS expected,
		array_agg(e.appended_by ORDER BY e.appended_by) AS appended_by
	 FROM event e JOIN stream s ON s.id = e.stream
	 GROUP BY s.id, e.position HAVING count(*) > 1 ORDER BY s.id, e.position',
	kind => 'duplicate', description => 'Each position of a stream is taken once.');
SELECT @extschema@.ct_add_check('append_log', 'nothing_is_skipped',
	'SELECT s.name AS stream, e.position, e.appended_by, ''skipped'' AS observed, ''consumed'' AS expected,
		f.last_position AS follower_is_at
	 FROM event e JOIN stream s ON s.id = e.stream JOIN follower f ON f.stream = e.stream
	 WHERE CASE f.last_xid WHEN ''0'' THEN e.position <= f.last_position
			ELSE (e.xid, e.position) <= (f.last_xid, f.last_position) END
		AND NOT EXISTS (SELECT FROM consumed c WHERE c.event = e.id)
	 ORDER BY e.stream, e.position',
	kind => 'skipped', description => 'A follower sees each event that it has gone past.');
SELECT @extschema@.ct_add_check('append_log', 'followers_get_on',
	'SELECT :tally_consumed AS observed, :outcome_appended AS expected, min(xid) AS oldest_event,
		pg_snapshot_xmin(pg_current_snapshot()) AS oldest_transaction
	 FROM event WHERE :outcome_followed > 5 HAVING :tally_consumed < :outcome_appended / 5',
	kind => 'stuck',
	description => 'Followers get to see events: most of them, unless a transaction holds up the gate.');
SELECT @extschema@.ct_add_check('append_log', 'appends_are_there',
	'SELECT count(*) AS observed, :outcome_appended AS expected FROM event
	 HAVING count(*) <> :outcome_appended',
	kind => 'broken_promise', description => 'Each append that was acknowledged is in the log, once.');
