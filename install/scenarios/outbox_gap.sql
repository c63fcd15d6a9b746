/*
 * outbox_gap: ids are drawn in one order and committed in another.
 *
 * "unread" is what the relay would still pick up once all is quiet, so that
 * the checks can tell "not yet" from "never".  A variant with another way of
 * reading has another "unread".
 */
SELECT @extschema@.ct_create_scenario('outbox_gap',
	category => 'queues and order',
	description => 'An outbox is read by ascending id: rows of transactions still in flight are skipped.',
	story => $$
The bug: applications write their events into an outbox, in the transaction that made them; a relay
asks for all rows with an id above the last one that it has seen. Ids are drawn at INSERT, but rows
appear at COMMIT. A slow transaction draws 7, a quick one draws 8 and commits, the relay reads 8 and
remembers it, and 7 appears behind its back: it is never sent. A timestamp by now() is no better, as
it is the transaction's start (`by_timestamp`). "Everything older than five seconds" is a bet on the
length of the longest transaction. The same goes for every incremental export by id or updated_at.

Worker 1 is the relay, worker 2 a slow writer (it holds its transaction open for :window_us), the
others are quick. In each wave (the barrier) the slow one draws its id first, the quick ones commit
behind it, and the relay reads in the middle of that.

What to look at: `nothing_is_lost` shows the events that were jumped over, and how many came after
them. In `ct_compare`, locks show as latency (p99), and in `ct_latencies` as `lock_wait`.

Which fix: `mark_relayed` remembers what was sent instead of a position. It needs no trick, and costs
an UPDATE (or a DELETE) per event. It can do for one kind of reader, not for many independent ones.
`xmin_gate` stores the writer's transaction id with the row and reads only what is older than every
transaction in progress: nobody waits, any number of readers. Its price: one long transaction that
has written anything, in any database of the server, holds all readers back; order is by transaction,
not by id. `lock_table` changes nothing in the writers: the relay waits for those in flight, and new
ones wait for the relay. `advisory_lock` is the same, asked for by the writers, and without
getting in the way of anything else that locks the table (vacuum, for one). `writers_in_line` makes
ids appear in their order, as one writer waits for the other: only for few and short transactions.
$$,
	params => '{"turns": 90, "window_us": 8000}',
	explore_params => '{"window_us": 0}',
	transactions_expr => ':turns',
	setup => $$
CREATE TABLE outbox (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	topic		text NOT NULL DEFAULT 'order',
	payload		jsonb NOT NULL,
	created_at	timestamptz NOT NULL DEFAULT now(),
	xid			xid8 NOT NULL DEFAULT pg_current_xact_id(),
	relayed_at	timestamptz
);
CREATE TABLE relay (
	name		text PRIMARY KEY,
	last_id		bigint NOT NULL DEFAULT 0,
	last_time	timestamptz NOT NULL DEFAULT '-infinity',
	next_xid	xid8 NOT NULL DEFAULT '0'
);
CREATE TABLE relayed (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event		bigint NOT NULL REFERENCES outbox,
	relayed_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO relay (name) VALUES ('mailer');
CREATE VIEW unread AS
	SELECT o.* FROM outbox o, relay r WHERE r.name = 'mailer' AND o.id > r.last_id;
$$);

SELECT @extschema@.ct_add_variant('outbox_gap', 'by_id',
	'read on from the last id',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'by_id', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	SELECT last_id FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH sent AS (
		INSERT INTO relayed (event) SELECT id FROM outbox WHERE id > :last_id ORDER BY id
		RETURNING event),
	moved AS (
		UPDATE relay SET last_id = (SELECT max(event) FROM sent)
		WHERE name = 'mailer' AND EXISTS (SELECT FROM sent))
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM sent \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

SELECT @extschema@.ct_add_variant('outbox_gap', 'by_timestamp',
	'read on from the last created_at, which is when the transaction began',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
CREATE INDEX ON outbox (created_at);
DROP VIEW unread;
CREATE VIEW unread AS
	SELECT o.* FROM outbox o, relay r WHERE r.name = 'mailer' AND o.created_at > r.last_time;
$$);
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'by_timestamp', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	SELECT last_time FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH fresh AS MATERIALIZED (
		SELECT id, created_at FROM outbox WHERE created_at > :last_time),
	sent AS (
		INSERT INTO relayed (event) SELECT id FROM fresh ORDER BY created_at, id),
	moved AS (
		UPDATE relay SET last_time = (SELECT max(created_at) FROM fresh)
		WHERE name = 'mailer' AND EXISTS (SELECT FROM fresh))
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM fresh \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

/*
 * All transactions below the snapshot's xmin have ended, and what they wrote
 * is visible to it; those that begin later are above it.  So the range from
 * the last xmin to this one is complete.
 */
SELECT @extschema@.ct_add_variant('outbox_gap', 'xmin_gate',
	'read only what is older than every transaction in progress',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE INDEX ON outbox (xid, id);
DROP VIEW unread;
CREATE VIEW unread AS
	SELECT o.* FROM outbox o, relay r WHERE r.name = 'mailer' AND o.xid >= r.next_xid;
$$);
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'xmin_gate', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	SELECT next_xid FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH sent AS (
		INSERT INTO relayed (event)
			SELECT id FROM outbox
			WHERE xid >= :next_xid::xid8 AND xid < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY xid, id
		RETURNING event),
	moved AS (
		UPDATE relay SET next_xid = pg_snapshot_xmin(pg_current_snapshot()) WHERE name = 'mailer')
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM sent \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

SELECT @extschema@.ct_add_variant('outbox_gap', 'mark_relayed',
	'mark what was sent, instead of remembering a position',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE INDEX ON outbox (id) WHERE relayed_at IS NULL;
DROP VIEW unread;
CREATE VIEW unread AS SELECT * FROM outbox WHERE relayed_at IS NULL;
$$);
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'mark_relayed', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	WITH fresh AS MATERIALIZED (
		SELECT id FROM outbox WHERE relayed_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED),
	marked AS (
		UPDATE outbox SET relayed_at = clock_timestamp() FROM fresh WHERE outbox.id = fresh.id
		RETURNING outbox.id),
	sent AS (
		INSERT INTO relayed (event) SELECT id FROM marked ORDER BY id)
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM marked \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

/* Whoever has inserted holds ROW EXCLUSIVE until the commit; SHARE waits for that. */
SELECT @extschema@.ct_add_variant('outbox_gap', 'lock_table',
	'the relay locks the table against writers, and so waits for those in flight',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'lock_table', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	LOCK TABLE outbox IN SHARE MODE;
	SELECT last_id FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH sent AS (
		INSERT INTO relayed (event) SELECT id FROM outbox WHERE id > :last_id ORDER BY id
		RETURNING event),
	moved AS (
		UPDATE relay SET last_id = (SELECT max(event) FROM sent)
		WHERE name = 'mailer' AND EXISTS (SELECT FROM sent))
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM sent \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

/* The writers' lock has to come before the INSERT, for it is there that the id is drawn. */
SELECT @extschema@.ct_add_variant('outbox_gap', 'advisory_lock',
	'writers share an advisory lock, the relay takes it alone',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'advisory_lock', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	SELECT pg_advisory_xact_lock('outbox'::regclass::oid::int, 0);
	SELECT last_id FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH sent AS (
		INSERT INTO relayed (event) SELECT id FROM outbox WHERE id > :last_id ORDER BY id
		RETURNING event),
	moved AS (
		UPDATE relay SET last_id = (SELECT max(event) FROM sent)
		WHERE name = 'mailer' AND EXISTS (SELECT FROM sent))
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM sent \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	SELECT pg_advisory_xact_lock_shared('outbox'::regclass::oid::int, 0);
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	SELECT pg_advisory_xact_lock_shared('outbox'::regclass::oid::int, 0);
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

SELECT @extschema@.ct_add_variant('outbox_gap', 'writers_in_line',
	'one writer at a time, so that ids are committed in the order in which they are drawn',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('outbox_gap', 'turn', variant => 'writers_in_line', body => $$
\set quarter :window_us / 4
\set half :window_us / 2
\barrier wave
\if :worker_id = 1
	\sleep :half us
	BEGIN;
	SELECT last_id FROM relay WHERE name = 'mailer' FOR UPDATE \gset
	WITH sent AS (
		INSERT INTO relayed (event) SELECT id FROM outbox WHERE id > :last_id ORDER BY id
		RETURNING event),
	moved AS (
		UPDATE relay SET last_id = (SELECT max(event) FROM sent)
		WHERE name = 'mailer' AND EXISTS (SELECT FROM sent))
	SELECT CASE WHEN count(*) > 0 THEN 'relayed' ELSE 'nothing_new' END AS outcome FROM sent \gset
	COMMIT;
	\outcome :outcome
\elif :worker_id = 2
	BEGIN;
	SELECT pg_advisory_xact_lock('outbox'::regclass::oid::int, 0);
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	\sleep :window_us us
	COMMIT;
	\outcome written
\else
	\sleep :quarter us
	BEGIN;
	SELECT pg_advisory_xact_lock('outbox'::regclass::oid::int, 0);
	INSERT INTO outbox (payload) VALUES (jsonb_build_object('order', :iteration));
	COMMIT;
	\outcome written
\endif
$$);

SELECT @extschema@.ct_add_check('outbox_gap', 'nothing_is_lost',
	'SELECT o.id AS event, 0 AS observed, 1 AS expected, o.payload, o.created_at,
		(SELECT count(*) FROM relayed r WHERE r.event > o.id) AS later_ones_relayed
	 FROM outbox o
	 WHERE NOT EXISTS (SELECT FROM relayed r WHERE r.event = o.id)
		AND NOT EXISTS (SELECT FROM unread u WHERE u.id = o.id)
	 ORDER BY o.id',
	kind => 'lost_message', description => 'Each event was relayed, or will be with the next read.');
SELECT @extschema@.ct_add_check('outbox_gap', 'nothing_comes_twice',
	'SELECT r.event, count(*) + (SELECT count(*) FROM unread u WHERE u.id = r.event) AS observed,
		1 AS expected, array_agg(r.relayed_at ORDER BY r.id) AS relayed_at
	 FROM relayed r GROUP BY r.event
	 HAVING count(*) + (SELECT count(*) FROM unread u WHERE u.id = r.event) > 1 ORDER BY r.event',
	kind => 'duplicate', description => 'No event was relayed twice, or will be with the next read.');
SELECT @extschema@.ct_add_check('outbox_gap', 'writes_are_events',
	'SELECT count(*) AS observed, :outcome_written AS expected FROM outbox
	 HAVING count(*) <> :outcome_written',
	kind => 'broken_promise', description => 'What was answered with "written" is in the outbox.');
/* Unless the oldest event itself is still behind the horizon: nothing to be blamed on the relay. */
SELECT @extschema@.ct_add_check('outbox_gap', 'relay_gets_on',
	'SELECT 0 AS observed, count(*) AS expected, :outcome_nothing_new AS reads_in_vain,
		(SELECT row_to_json(r) FROM relay r) AS position
	 FROM outbox
	 WHERE NOT EXISTS (SELECT FROM relayed) AND :outcome_relayed + :outcome_nothing_new > 2
	 HAVING bool_or(xid < pg_snapshot_xmin(pg_current_snapshot()))',
	kind => 'starvation', description => 'The relay does relay something.');
