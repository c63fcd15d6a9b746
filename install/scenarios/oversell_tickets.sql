/* oversell_tickets: more buyers than tickets. */
SELECT @extschema@.ct_create_scenario('oversell_tickets',
	category => 'races on rows',
	description => 'Buyers read the stock, then write it: more tickets are sold than there are.',
	story => $$
The bug: the shop reads how many tickets are left, decides, and writes the
new number.  Between reading and writing (the buyer fills in a form, the
payment takes its time: :window_us) others read the same number, and each
of them is sold the same ticket.  Two things go wrong at once: more tickets
are sold than there are, and the stock doesn't even show it.

Buyers come in waves, as many at once as there are workers: the barrier.

The shop runs at READ COMMITTED, PostgreSQL's default, which promises
nothing about what was read a statement ago.

What to look at: locking (for_update, advisory_lock) makes every buyer wait
while another one makes up their mind; what checks at the end (atomic,
constraint, optimistic, serializable) lets them all think at once, and says
no, or try again, to those who come too late.
$$,
	params => '{"buyers": 100, "capacity": 10, "window_us": 1000}',
	explore_params => '{"buyers": 2, "capacity": 1, "window_us": 0}',
	transactions_expr => ':buyers',
	setup => $$
CREATE TABLE event (
	id		int PRIMARY KEY,
	title	text NOT NULL,
	stock	int NOT NULL,
	version	int NOT NULL DEFAULT 1
);
CREATE TABLE buyer (
	id		int PRIMARY KEY,
	email	text NOT NULL
);
CREATE TABLE ticket (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event	int NOT NULL REFERENCES event,
	buyer	int NOT NULL REFERENCES buyer
);
INSERT INTO event VALUES (1, 'The Serializables, live', :capacity);
INSERT INTO buyer SELECT i, 'buyer' || i || '@example.com' FROM generate_series(1, :buyers) i;
$$);

/* The bug.  Also what "serializable" runs: the same code, another promise. */
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', $$
\set buyer (:iteration - 1) % :buyers + 1
\barrier wave
BEGIN;
SELECT stock FROM event WHERE id = 1 \gset
\sleep :window_us us
\if :stock > 0
	UPDATE event SET stock = :stock - 1 WHERE id = 1;
	INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
	\outcome sold
\else
	\outcome sold_out
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('oversell_tickets', 'naive',
	'read the stock, then write one less',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('oversell_tickets', 'atomic',
	'one UPDATE that checks and takes',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', variant => 'atomic', body => $$
\set buyer (:iteration - 1) % :buyers + 1
\set taken 0
\barrier wave
BEGIN;
SELECT stock FROM event WHERE id = 1; -- shown to the buyer, not relied upon
\sleep :window_us us
UPDATE event SET stock = stock - 1 WHERE id = 1 AND stock > 0 RETURNING 1 AS taken \aset
\if :taken
	INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
	\outcome sold
\else
	\outcome sold_out
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('oversell_tickets', 'for_update',
	'lock the row while reading it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', variant => 'for_update', body => $$
\set buyer (:iteration - 1) % :buyers + 1
\barrier wave
BEGIN;
SELECT stock FROM event WHERE id = 1 FOR UPDATE \gset
\sleep :window_us us
\if :stock > 0
	UPDATE event SET stock = :stock - 1 WHERE id = 1;
	INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
	\outcome sold
\else
	\outcome sold_out
\endif
COMMIT;
$$);

/* Who lost is told so, and is free to come again as another buyer. */
SELECT @extschema@.ct_add_variant('oversell_tickets', 'optimistic',
	'write only if the version is still the one that was read',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', variant => 'optimistic', body => $$
\set buyer (:iteration - 1) % :buyers + 1
\set taken 0
\barrier wave
BEGIN;
SELECT stock, version FROM event WHERE id = 1 \gset
\sleep :window_us us
\if :stock > 0
	UPDATE event SET stock = :stock - 1, version = version + 1
		WHERE id = 1 AND version = :version RETURNING 1 AS taken \aset
	\if :taken
		INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
		\outcome sold
	\else
		\outcome conflict
	\endif
\else
	\outcome sold_out
\endif
COMMIT;
$$);

/* It is the "stock - 1" that makes the constraint work: the naive "9" is never below zero. */
SELECT @extschema@.ct_add_variant('oversell_tickets', 'constraint',
	'take one in any case, and let CHECK (stock >= 0) refuse',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE event ADD CONSTRAINT stock_not_negative CHECK (stock >= 0)',
	expected_errors => '{23514=sold_out}');
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', variant => 'constraint', body => $$
\set buyer (:iteration - 1) % :buyers + 1
\barrier wave
BEGIN;
SELECT stock FROM event WHERE id = 1; -- shown to the buyer, not relied upon
\sleep :window_us us
UPDATE event SET stock = stock - 1 WHERE id = 1;
INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
\outcome sold
COMMIT;
$$);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('oversell_tickets', 'advisory_lock',
	'one buyer at a time, by an advisory lock on the event',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('oversell_tickets', 'buy', variant => 'advisory_lock', body => $$
\set buyer (:iteration - 1) % :buyers + 1
\barrier wave
BEGIN;
SELECT pg_advisory_xact_lock('event'::regclass::oid::int, 1);
SELECT stock FROM event WHERE id = 1 \gset
\sleep :window_us us
\if :stock > 0
	UPDATE event SET stock = :stock - 1 WHERE id = 1;
	INSERT INTO ticket (event, buyer) VALUES (1, :buyer);
	\outcome sold
\else
	\outcome sold_out
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('oversell_tickets', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_check('oversell_tickets', 'no_oversell',
	'SELECT e.title, count(*) AS observed, :capacity AS expected,
		(SELECT array_agg(s.buyer)
		 FROM (SELECT buyer FROM ticket WHERE event = e.id ORDER BY id OFFSET :capacity LIMIT 5) s)
			AS first_buyers_without_seat
	 FROM event e JOIN ticket t ON t.event = e.id
	 GROUP BY e.id HAVING count(*) > :capacity',
	kind => 'oversell', description => 'No more tickets are sold than there were.');
SELECT @extschema@.ct_add_check('oversell_tickets', 'stock_adds_up',
	'SELECT e.title, e.stock AS observed, :capacity - s.sold AS expected, s.sold
	 FROM event e, LATERAL (SELECT count(*) AS sold FROM ticket WHERE event = e.id) s
	 WHERE e.stock <> :capacity - s.sold',
	kind => 'lost_update', description => 'The stock is what there was less what was sold.');
SELECT @extschema@.ct_add_check('oversell_tickets', 'sales_are_tickets',
	'SELECT count(*) AS observed, :outcome_sold AS expected FROM ticket
	 HAVING count(*) <> :outcome_sold',
	kind => 'broken_promise', description => 'Who was told "sold" has a ticket, and nobody else.');
SELECT @extschema@.ct_add_check('oversell_tickets', 'no_undersell',
	'SELECT count(*) AS observed, least(:capacity, :transactions - :outcome_conflict) AS expected
	 FROM ticket HAVING count(*) < least(:capacity, :transactions - :outcome_conflict)',
	kind => 'undersell',
	description => 'Nobody hears "sold out" while there are tickets; a conflict is not that.');
