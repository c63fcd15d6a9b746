/*
 * message_order: one message at a time per key, in sequence.
 */
SELECT @extschema@.ct_create_scenario('message_order',
	category => 'queues and order',
	description => 'Workers take later messages of a key while an earlier one is still at work.',
	story => $$
The bug: a queue with SKIP LOCKED hands out each message once, but the next message of a shipment goes
to another worker while the one before it is still being handled. "delivered" overtakes "in transit",
and the shipment ends up with the status of whoever was last. It works in tests, with one worker, and
for years of production, until somebody sets the number of workers to two.

Messages come in bursts of :burst per shipment, one shipment after the other, and the first one of
each burst takes :window_us to handle, the others nothing. Polls come in waves (the barrier), a message
each; there are as many polls as messages. A poll that finds nothing it may take goes home (`idle`),
so some messages may be left at the end: late is allowed, out of turn is not.

`lock_in_same_statement` is the fix that isn't one. It locks the key, but in the statement that picks
the message: its snapshot is older than the lock. Who waited gets the message that was handled
meanwhile, and handles it again.

What to look at: `in_sequence` has the order in which a shipment's messages were really handled,
`state_is_latest` what became of it. In `ct_outcomes`, `idle` and `too_early` are polls in vain.

Which fix: `lowest_per_key` is one statement and no more locks, and needs an index by key on what is
pending; a message that fails for good blocks its key, as it must. `lock_key_row` and
`key_advisory_lock` lock the key, then look what is next, in a statement of its own. The row if
messages change it anyway, the advisory lock if there is no such row. `sequence_check` leaves the queue
as it is and refuses at the receiver: the one to take if you can't change the sender's order, as with
messages from elsewhere. `one_at_a_time` gives up on workers: no order is safer, or slower.
$$,
	params => '{"shipments": 10, "messages": 9, "burst": 3, "window_us": 3000}',
	explore_params => '{"shipments": 1, "messages": 2, "burst": 2, "window_us": 0}',
	transactions_expr => ':shipments * :messages',
	setup => $$
CREATE TABLE shipment (
	id			int PRIMARY KEY,
	last_seq	int NOT NULL DEFAULT 0
);
CREATE TABLE message (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	shipment	int NOT NULL REFERENCES shipment,
	seq			int NOT NULL CHECK (seq > 0),
	state		text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'handled')),
	UNIQUE (shipment, seq)
);
CREATE INDEX message_pending ON message (id) WHERE state = 'pending';
CREATE INDEX message_pending_by_shipment ON message (shipment, seq) WHERE state = 'pending';
CREATE TABLE handled (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	shipment	int NOT NULL,
	seq			int NOT NULL,
	worker		int NOT NULL
);
INSERT INTO shipment SELECT generate_series(1, :shipments);
INSERT INTO message (shipment, seq)
	SELECT shipment, seq FROM generate_series(1, :shipments) shipment, generate_series(1, :messages) seq
	ORDER BY (seq - 1) / :burst, shipment, seq;
$$);

SELECT @extschema@.ct_add_variant('message_order', 'skip_locked',
	'take the oldest message that nobody has locked',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'skip_locked', body => $$
\set found 0
\barrier poll
BEGIN;
SELECT 1 AS found, id AS message, shipment, seq FROM message
	WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('message_order', 'lock_in_same_statement',
	'lock the key while reading the message: the snapshot is older than the lock',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'lock_in_same_statement', body => $$
\set found 0
\barrier poll
BEGIN;
SELECT 1 AS found, id AS message, shipment, seq,
		pg_advisory_xact_lock('shipment'::regclass::oid::int, shipment)
	FROM (SELECT id, shipment, seq FROM message WHERE state = 'pending' ORDER BY id LIMIT 1) next \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('message_order', 'lowest_per_key',
	'take the oldest message that has no pending one before it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'lowest_per_key', body => $$
\set found 0
\barrier poll
BEGIN;
SELECT 1 AS found, id AS message, shipment, seq FROM message m
	WHERE state = 'pending'
		AND NOT EXISTS (SELECT FROM message earlier
						WHERE earlier.shipment = m.shipment AND earlier.seq < m.seq
							AND earlier.state = 'pending')
	ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('message_order', 'lock_key_row',
	'lock a shipment that has messages, then take its next one',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'lock_key_row', body => $$
\set shipment 0
\set found 0
\barrier poll
BEGIN;
SELECT id AS shipment FROM shipment s
	WHERE EXISTS (SELECT FROM message m WHERE m.shipment = s.id AND m.state = 'pending')
	ORDER BY (SELECT min(m.id) FROM message m WHERE m.shipment = s.id AND m.state = 'pending')
	LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED \aset
SELECT 1 AS found, id AS message, seq FROM message
	WHERE shipment = :shipment AND state = 'pending' ORDER BY seq LIMIT 1 \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

/* The CTE sorts first, so that LIMIT stops at the first lock that was to be had. */
SELECT @extschema@.ct_add_variant('message_order', 'key_advisory_lock',
	'the same with an advisory lock on the shipment''s number',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'key_advisory_lock', body => $$
\set shipment 0
\set found 0
\barrier poll
BEGIN;
WITH waiting AS MATERIALIZED (
	SELECT shipment FROM message WHERE state = 'pending' GROUP BY shipment ORDER BY min(id))
SELECT shipment FROM waiting
	WHERE pg_try_advisory_xact_lock('shipment'::regclass::oid::int, shipment) LIMIT 1 \aset
SELECT 1 AS found, id AS message, seq FROM message
	WHERE shipment = :shipment AND state = 'pending' ORDER BY seq LIMIT 1 \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

/* Who comes too early leaves the message where it is; who is next waits for the row of the one before. */
SELECT @extschema@.ct_add_variant('message_order', 'sequence_check',
	'take any, but handle it only if it is the one after the last',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'sequence_check', body => $$
\set found 0
\set in_turn 0
\barrier poll
BEGIN;
SELECT 1 AS found, id AS message, shipment, seq FROM message
	WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :found
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment AND last_seq = :seq - 1
		RETURNING 1 AS in_turn \aset
	\if :in_turn
		\if (:seq - 1) % :burst = 0
			\sleep :window_us us
		\endif
		INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
		UPDATE message SET state = 'handled' WHERE id = :message;
		\outcome handled
	\else
		\outcome too_early
	\endif
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('message_order', 'one_at_a_time',
	'wait for the oldest message: in order of all, by one worker at a time',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('message_order', 'handle', variant => 'one_at_a_time', body => $$
\set found 0
\barrier poll
BEGIN;
SELECT 1 AS found, id AS message, shipment, seq FROM message
	WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE \aset
\if :found
	\if (:seq - 1) % :burst = 0
		\sleep :window_us us
	\endif
	INSERT INTO handled (shipment, seq, worker) VALUES (:shipment, :seq, :worker_id);
	UPDATE shipment SET last_seq = :seq WHERE id = :shipment;
	UPDATE message SET state = 'handled' WHERE id = :message;
	\outcome handled
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('message_order', 'in_sequence',
	'SELECT shipment, array_agg(seq ORDER BY id) AS observed,
		(SELECT array_agg(n) FROM generate_series(1, max(seq)) n) AS expected,
		array_agg(worker ORDER BY id) AS by_workers
	 FROM (SELECT *, row_number() OVER (PARTITION BY shipment ORDER BY id) AS place FROM handled) h
	 GROUP BY shipment HAVING bool_or(seq <> place) ORDER BY shipment',
	kind => 'out_of_order', description => 'A shipment''s messages are handled in sequence, without a gap.');
SELECT @extschema@.ct_add_check('message_order', 'handled_once',
	'SELECT shipment, seq, count(*) AS observed, 1 AS expected, array_agg(worker ORDER BY id) AS by_workers
	 FROM handled GROUP BY shipment, seq HAVING count(*) > 1 ORDER BY shipment, seq',
	kind => 'duplicate', description => 'No message is handled twice.');
SELECT @extschema@.ct_add_check('message_order', 'state_is_latest',
	'SELECT s.id AS shipment, s.last_seq AS observed, max(h.seq) AS expected
	 FROM shipment s JOIN handled h ON h.shipment = s.id
	 GROUP BY s.id HAVING s.last_seq <> max(h.seq) ORDER BY s.id',
	kind => 'stale_state', description => 'A shipment has the status of its latest message.');
SELECT @extschema@.ct_add_check('message_order', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_handled AS expected FROM handled
	 HAVING count(*) <> :outcome_handled',
	kind => 'broken_promise', description => 'What was answered with "handled" was handled.');
/* Of a burst, sequence_check can handle one per wave; twice as slow would still be fine. */
SELECT @extschema@.ct_add_check('message_order', 'queue_moves',
	'SELECT count(*) AS observed, least(:transactions, :shipments * :messages) / (2 * :burst) AS expected,
		:outcome_idle AS idle, :outcome_too_early AS too_early
	 FROM handled
	 HAVING count(*) < least(:transactions, :shipments * :messages) / (2 * :burst)
		AND :workers <= :shipments',
	kind => 'starvation', description => 'Polls get messages, as long as there are any.');
