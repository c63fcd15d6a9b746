/*
 * booking_overlap: look for an overlapping booking, then book.
 *
 * All who want a room on one day come one after the other, so as many at once
 * as there are workers (the barrier).  Guest k of a day wants :minutes from
 * k * :step minutes after 9:00, so with the defaults each of them overlaps all
 * the others, and one of them gets the room.
 */
SELECT @extschema@.ct_create_scenario('booking_overlap',
	category => 'ranges and phantoms',
	description => 'Two guests look whether the room is free from 9 to 10, and both book it.',
	story => $$
Meeting rooms, hotels, rental cars, doctors' appointments: two bookings of one thing must not
overlap. The program looks for a booking that overlaps the new one, finds none, and inserts. Two
that do this at the same time both find none. There is no row to lock with FOR UPDATE, since the
row that would be in the way doesn't exist yet (a *phantom*), and no unique key helps, since the
two ranges need not be equal.

Here `requests` guests want each of the `rooms` on each of the `days`, from starts that are `step`
minutes apart, for `minutes` each. They come as many at once as there are workers; `window_us`
passes between looking and booking. `repeatable_read` shows that a snapshot alone is no help: both
look at theirs, and both are right.

- `exclusion`: `EXCLUDE USING gist (room WITH =, during WITH &&)`, the unique constraint of ranges,
  and `INSERT ... ON CONFLICT DO NOTHING`. Take it: it holds against all code, and waits only for
  bookings that are really in the way. A plain `room WITH =` needs the extension btree_gist; here
  the room is written as a range of one, `int4range(room, room, '[]')`, which needs none. From
  PostgreSQL 18 the constraint can be written `UNIQUE (room, during WITHOUT OVERLAPS)`, with
  btree_gist.

  Mind the ON CONFLICT. An exclusion constraint is checked after the row is in the index, so two
  plain INSERTs of the same moment wait for each other's row: a deadlock, found after
  `deadlock_timeout`. Guests who begin again upon 40P01 meet the next one there, and six of them can
  go on like that for minutes. ON CONFLICT inserts tentatively, and doesn't deadlock.
- `slot_rows`: one row for each room and stretch of `step` minutes, under a primary key. Works in
  every database; natural where bookings are in units anyway (nights, hours).
- `lock_room`: lock the room's row, then look. No constraint needed, but all who write bookings
  must do it, and guests of the same room on different days wait for each other, too.
- `serializable`: the naive code; repeats much on small tables, where it sees conflicts between
  bookings that don't overlap.
$$,
	params => '{"rooms": 5, "days": 2, "requests": 10, "minutes": 60, "step": 5, "window_us": 1000}',
	explore_params => '{"rooms": 1, "days": 1, "requests": 2, "window_us": 0}',
	transactions_expr => ':rooms * :days * :requests',
	setup => $$
CREATE TABLE room (
	id		int PRIMARY KEY,
	name	text NOT NULL
);
CREATE TABLE booking (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	room	int NOT NULL REFERENCES room,
	during	tstzrange NOT NULL CHECK (NOT isempty(during)),
	guest	int NOT NULL
);
CREATE INDEX booking_room ON booking (room);
CREATE FUNCTION wish(day int, start_minute int, minutes int) RETURNS tstzrange LANGUAGE sql STABLE AS $body$
	SELECT tstzrange(t, t + minutes * interval '1 minute')
	FROM (SELECT timestamptz '2030-01-01 09:00+00' + day * interval '1 day'
		+ start_minute * interval '1 minute') AS s (t)
$body$;
INSERT INTO room SELECT i, 'room ' || i FROM generate_series(1, :rooms) i;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('booking_overlap', 'book', $$
\set room (:iteration - 1) / :requests % :rooms + 1
\set day (:iteration - 1) / :requests / :rooms
\set start (:iteration - 1) % :requests * :step
\barrier book
BEGIN;
SELECT count(*) AS overlaps FROM booking
	WHERE room = :room AND during && wish(:day, :start, :minutes) \gset
\sleep :window_us us
\if :overlaps = 0
	INSERT INTO booking (room, during, guest) VALUES (:room, wish(:day, :start, :minutes), :iteration);
	\outcome booked
\else
	\outcome taken
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('booking_overlap', 'look_then_book',
	'look for an overlapping booking, book if there is none',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('booking_overlap', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken',
	isolation => 'repeatable read', max_tries => 100, expected_verdict => 'fail');

/*
 * ON CONFLICT is more than a way to get around the error: plain INSERTs would
 * deadlock here, again and again.
 */
SELECT @extschema@.ct_add_variant('booking_overlap', 'exclusion',
	'an exclusion constraint, and INSERT ... ON CONFLICT DO NOTHING',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE booking ADD CONSTRAINT booking_no_overlap
	EXCLUDE USING gist (int4range(room, room, '[]') WITH =, during WITH &&);
$$);
SELECT @extschema@.ct_add_script('booking_overlap', 'book', variant => 'exclusion', body => $$
\set room (:iteration - 1) / :requests % :rooms + 1
\set day (:iteration - 1) / :requests / :rooms
\set start (:iteration - 1) % :requests * :step
\set booked 0
\barrier book
BEGIN;
SELECT count(*) AS overlaps FROM booking
	WHERE room = :room AND during && wish(:day, :start, :minutes); -- shown to the guest, not relied upon
\sleep :window_us us
INSERT INTO booking (room, during, guest) VALUES (:room, wish(:day, :start, :minutes), :iteration)
	ON CONFLICT ON CONSTRAINT booking_no_overlap DO NOTHING RETURNING 1 AS booked \aset
\if :booked
	\outcome booked
\else
	\outcome taken
\endif
COMMIT;
$$);

/* The slots in their order, so that no two bookings wait for each other. */
SELECT @extschema@.ct_add_variant('booking_overlap', 'slot_rows',
	'a row for each room and slot of :step minutes, under a primary key',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE booking_slot (
	room	int NOT NULL REFERENCES room,
	slot	timestamptz NOT NULL,
	booking	int NOT NULL REFERENCES booking,
	PRIMARY KEY (room, slot)
);
$$,
	expected_errors => '{23505=taken}');
SELECT @extschema@.ct_add_script('booking_overlap', 'book', variant => 'slot_rows', body => $$
\set room (:iteration - 1) / :requests % :rooms + 1
\set day (:iteration - 1) / :requests / :rooms
\set start (:iteration - 1) % :requests * :step
\barrier book
BEGIN;
SELECT count(*) AS overlaps FROM booking
	WHERE room = :room AND during && wish(:day, :start, :minutes); -- shown to the guest, not relied upon
\sleep :window_us us
INSERT INTO booking (room, during, guest) VALUES (:room, wish(:day, :start, :minutes), :iteration)
	RETURNING id AS booking \gset
INSERT INTO booking_slot (room, slot, booking)
	SELECT b.room, s, b.id
	FROM booking b, generate_series(lower(b.during), upper(b.during) - interval '1 second',
		:step * interval '1 minute') s
	WHERE b.id = :booking ORDER BY s;
\outcome booked
COMMIT;
$$);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('booking_overlap', 'lock_room',
	'lock the room''s row before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('booking_overlap', 'book', variant => 'lock_room', body => $$
\set room (:iteration - 1) / :requests % :rooms + 1
\set day (:iteration - 1) / :requests / :rooms
\set start (:iteration - 1) % :requests * :step
\barrier book
BEGIN;
SELECT id FROM room WHERE id = :room FOR NO KEY UPDATE;
SELECT count(*) AS overlaps FROM booking
	WHERE room = :room AND during && wish(:day, :start, :minutes) \gset
\sleep :window_us us
\if :overlaps = 0
	INSERT INTO booking (room, during, guest) VALUES (:room, wish(:day, :start, :minutes), :iteration);
	\outcome booked
\else
	\outcome taken
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('booking_overlap', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('booking_overlap', 'no_overlap',
	'SELECT r.name, 2 AS observed, 1 AS expected, a.during * b.during AS booked_twice,
		array[a.guest, b.guest] AS guests
	 FROM booking a JOIN booking b ON b.room = a.room AND b.id > a.id AND b.during && a.during
		JOIN room r ON r.id = a.room
	 ORDER BY a.id, b.id',
	kind => 'overlap', description => 'No two bookings of a room overlap.');
/* After a duration, rather than a number of transactions, the last wave needn't be complete. */
SELECT @extschema@.ct_add_check('booking_overlap', 'nobody_is_refused_for_nothing',
	'SELECT i AS guest, w.room, w.during, 0 AS observed, 1 AS expected
	 FROM generate_series(1, (:transactions - :workers)::int) i, LATERAL (
			SELECT (i - 1) / :requests % :rooms + 1 AS room,
				wish((i - 1) / :requests / :rooms, (i - 1) % :requests * :step, :minutes) AS during) w
	 WHERE NOT EXISTS (SELECT FROM booking b WHERE b.room = w.room AND b.during && w.during)
	 ORDER BY i',
	kind => 'false_refusal', description => 'Who is refused a room, finds it taken by somebody.');
SELECT @extschema@.ct_add_check('booking_overlap', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_booked AS expected FROM booking
	 HAVING count(*) <> :outcome_booked',
	kind => 'broken_promise', description => 'What was answered with "booked" is there, and nothing else.');
