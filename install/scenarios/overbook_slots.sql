/* overbook_slots: a class with five mats and eight people. */
SELECT @extschema@.ct_create_scenario('overbook_slots',
	category => 'races on rows',
	description => 'Bookings of a slot are counted, then one is inserted: slots get more than their capacity.',
	story => $$
The bug: to book a place in a class (an appointment, a tour, a delivery
window), the application counts the bookings that the slot has, compares
with the capacity, and inserts one more.  Whoever counts at the same time
counts the same number, and is inserted, too.

Nobody updates a row here, so there is no lost update that could be
noticed, and REPEATABLE READ doesn't help: two inserts don't conflict.  Nor
can a CHECK constraint count rows.  Something must be made that two of them
can conflict on: the slot's row, a counter in it, or the seat's number.

The classes are filled to different degrees: the first one is empty, the
next one has one regular, and so on up to capacity - 1.  The race is on for
the last place of the last one.  :users come in waves, as many at once as
there are workers (the barrier), and take :window_us to make up their mind.

What to look at: lock_slot and advisory_lock make everybody wait while one
user of the slot makes up their mind; the others wait only while one
writes.  A counter with a CHECK (counter_check) is the least code and hard
to get around, even by other programs; seat numbers and free_places are for
when it matters which place it is.  free_places (SKIP LOCKED) never waits;
its price is a row per place, and that a place of somebody who then rolls
back looks taken for a moment.  serializable leaves the code as it is, and
pays by repeating; with few rows its predicate locks cover the whole table,
so users of different slots are in each other's way.
$$,
	params => '{"slots": 5, "capacity": 5, "users": 50, "window_us": 1000}',
	explore_params => '{"slots": 1, "capacity": 1, "users": 2, "window_us": 0}',
	transactions_expr => ':users',
	setup => $$
CREATE TABLE slot (
	id			int PRIMARY KEY,
	starts_at	timestamptz NOT NULL,
	capacity	int NOT NULL CHECK (capacity >= 0)
);
CREATE TABLE customer (
	id		int PRIMARY KEY,
	email	text NOT NULL UNIQUE
);
CREATE TABLE booking (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	slot		int NOT NULL REFERENCES slot,
	customer	int NOT NULL REFERENCES customer,
	booked_at	timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON booking (slot);
INSERT INTO slot SELECT i, timestamptz '2030-01-07 18:00+00' + i * interval '1 hour', :capacity
	FROM generate_series(1, :slots) i;
INSERT INTO customer SELECT i, 'user' || i || '@example.com' FROM generate_series(1, :users) i;
INSERT INTO customer SELECT :users + i, 'regular' || i || '@example.com'
	FROM generate_series(1, :capacity) i;
INSERT INTO booking (slot, customer) SELECT s, :users + r
	FROM generate_series(1, :slots) s, generate_series(1, (s - 1) % greatest(:capacity, 1)) r;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('overbook_slots', 'book', $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\barrier wave
BEGIN;
SELECT count(*) AS booked FROM booking WHERE slot = :slot \gset
\sleep :window_us us
\if :booked < :capacity
	INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('overbook_slots', 'count_then_insert',
	'count the bookings, then insert one',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('overbook_slots', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken, for inserts don''t conflict',
	isolation => 'repeatable read', expected_verdict => 'fail', max_tries => 100);

/* One statement locks, the next one counts, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('overbook_slots', 'lock_slot',
	'lock the slot''s row before counting its bookings',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'lock_slot', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\barrier wave
BEGIN;
SELECT capacity FROM slot WHERE id = :slot FOR NO KEY UPDATE \gset
SELECT count(*) AS booked FROM booking WHERE slot = :slot \gset
\sleep :window_us us
\if :booked < :capacity
	INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

/* For slots that have no row of their own, as the hours of a calendar. */
SELECT @extschema@.ct_add_variant('overbook_slots', 'advisory_lock',
	'one user of a slot at a time, by an advisory lock on its number',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'advisory_lock', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\barrier wave
BEGIN;
SELECT pg_advisory_xact_lock('slot'::regclass::oid::int, :slot);
SELECT count(*) AS booked FROM booking WHERE slot = :slot \gset
\sleep :window_us us
\if :booked < :capacity
	INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('overbook_slots', 'counter_update',
	'keep the number of bookings in the slot''s row: one UPDATE checks and takes',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE slot ADD COLUMN booked int NOT NULL DEFAULT 0;
UPDATE slot SET booked = (SELECT count(*) FROM booking WHERE slot = slot.id);
$$);
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'counter_update', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\set taken 0
\barrier wave
BEGIN;
SELECT booked FROM slot WHERE id = :slot; -- shown to the user, not relied upon
\sleep :window_us us
UPDATE slot SET booked = booked + 1
	WHERE id = :slot AND booked < capacity RETURNING 1 AS taken \aset
\if :taken
	INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('overbook_slots', 'counter_check',
	'count up in any case, and let CHECK (booked <= capacity) refuse',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE slot ADD COLUMN booked int NOT NULL DEFAULT 0;
UPDATE slot SET booked = (SELECT count(*) FROM booking WHERE slot = slot.id);
ALTER TABLE slot ADD CONSTRAINT not_overbooked CHECK (booked <= capacity);
$$,
	expected_errors => '{23514=full}');
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'counter_check', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\barrier wave
BEGIN;
SELECT booked FROM slot WHERE id = :slot; -- shown to the user, not relied upon
\sleep :window_us us
UPDATE slot SET booked = booked + 1 WHERE id = :slot;
INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
\outcome booked
COMMIT;
$$);

/* Who was overtaken (23505) begins again, and looks for another free seat. */
SELECT @extschema@.ct_add_variant('overbook_slots', 'seat_number',
	'a booking is for a seat: UNIQUE (slot, seat), seats from 1 to the capacity',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	setup => $$
ALTER TABLE booking ADD COLUMN seat int;
UPDATE booking b SET seat = n.seat
	FROM (SELECT id, row_number() OVER (PARTITION BY slot ORDER BY id) AS seat FROM booking) n
	WHERE n.id = b.id;
ALTER TABLE booking ALTER COLUMN seat SET NOT NULL, ADD UNIQUE (slot, seat);
$$,
	retried_errors => '{23505}');
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'seat_number', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\set seat 0
\barrier wave
BEGIN;
SELECT seat FROM slot, generate_series(1, capacity) seat
	WHERE slot.id = :slot
		AND NOT EXISTS (SELECT FROM booking b WHERE b.slot = slot.id AND b.seat = seat.seat)
	ORDER BY seat LIMIT 1 \aset
\sleep :window_us us
\if :seat > 0
	INSERT INTO booking (slot, customer, seat) VALUES (:slot, :customer, :seat);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('overbook_slots', 'free_places',
	'a row per free place: take one that nobody else is taking (SKIP LOCKED)',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE free_place (
	slot	int NOT NULL REFERENCES slot,
	seat	int NOT NULL,
	PRIMARY KEY (slot, seat)
);
INSERT INTO free_place SELECT id, seat FROM slot, generate_series(1, capacity) seat
	WHERE seat > (SELECT count(*) FROM booking WHERE slot = slot.id);
$$);
SELECT @extschema@.ct_add_script('overbook_slots', 'book', variant => 'free_places', body => $$
\set customer (:iteration - 1) % :users + 1
\set slot (:customer - 1) * :slots / :users + 1
\set seat 0
\barrier wave
BEGIN;
SELECT count(*) AS places FROM free_place WHERE slot = :slot; -- shown to the user, not relied upon
\sleep :window_us us
WITH place AS MATERIALIZED (
	SELECT slot, seat FROM free_place WHERE slot = :slot ORDER BY seat LIMIT 1 FOR UPDATE SKIP LOCKED
)
DELETE FROM free_place f USING place p WHERE f.slot = p.slot AND f.seat = p.seat
	RETURNING f.seat \aset
\if :seat > 0
	INSERT INTO booking (slot, customer) VALUES (:slot, :customer);
	\outcome booked
\else
	\outcome full
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('overbook_slots', 'serializable',
	'the same code as the first at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('overbook_slots', 'no_overbooking',
	'SELECT s.id AS slot, count(*) AS observed, s.capacity AS expected, s.starts_at,
		(SELECT array_agg(o.email)
		 FROM (SELECT c.email FROM booking b JOIN customer c ON c.id = b.customer
			WHERE b.slot = s.id ORDER BY b.id OFFSET s.capacity LIMIT 5) o) AS first_without_place
	 FROM slot s JOIN booking b ON b.slot = s.id
	 GROUP BY s.id HAVING count(*) > s.capacity ORDER BY s.id',
	kind => 'overbooking', description => 'No slot has more bookings than its capacity.');
SELECT @extschema@.ct_add_check('overbook_slots', 'bookings_are_answers',
	'SELECT count(*) AS observed, :outcome_booked AS expected FROM booking WHERE customer <= :users
	 HAVING count(*) <> :outcome_booked',
	kind => 'broken_promise', description => 'Who was told "booked" has a booking, and nobody else.');
/* who came: the first :transactions of the users; who had one before: the regulars */
SELECT @extschema@.ct_add_check('overbook_slots', 'no_empty_places',
	'SELECT s.id AS slot, b.observed, b.expected
	 FROM slot s, LATERAL (
		SELECT count(*) AS observed,
			least(s.capacity, count(*) FILTER (WHERE customer > :users) + (
				SELECT count(*) FROM generate_series(1, least(:users, :transactions)) u
				WHERE (u - 1) * :slots / :users + 1 = s.id)) AS expected
		FROM booking WHERE slot = s.id) b
	 WHERE b.observed < b.expected ORDER BY s.id',
	kind => 'false_refusal', description => 'Nobody hears "full" while there are places.');
SELECT @extschema@.ct_add_check('overbook_slots', 'counter_agrees', variant => 'counter_update',
	query => 'SELECT id AS slot, booked AS observed, n AS expected
	 FROM slot, LATERAL (SELECT count(*) AS n FROM booking WHERE slot = slot.id) b
	 WHERE booked <> n ORDER BY id',
	kind => 'lost_update', description => 'The counter is the number of bookings.');
SELECT @extschema@.ct_add_check('overbook_slots', 'counter_agrees', variant => 'counter_check',
	query => 'SELECT id AS slot, booked AS observed, n AS expected
	 FROM slot, LATERAL (SELECT count(*) AS n FROM booking WHERE slot = slot.id) b
	 WHERE booked <> n ORDER BY id',
	kind => 'lost_update', description => 'The counter is the number of bookings.');
