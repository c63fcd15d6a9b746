/*
 * isolation_predicate_many_preceders: PMP, the invoice whose lines don't add up.
 *
 * The barriers are the schedule: billing adds up, a ride is booked, billing
 * lists.  Where billing holds a lock that keeps the booking out, that can't
 * come to a barrier: "booked" is billing's alone then, and lets go as soon as
 * the booking sleeps.
 */
SELECT @extschema@.ct_create_scenario('isolation_predicate_many_preceders',
	category => 'isolation phenomena',
	description => 'PMP: an invoice is added up, a ride is booked, the rides are listed: they don''t match.',
	story => $$
**PMP, predicate-many-preceders** (Bailis et al. 2013, after the predicate reads of Adya 1999; a
*phantom*, P3 of the ANSI standard, A3 in Berenson et al. 1995): a transaction asks for the rows
that meet a condition, twice, and in between another one adds a row that meets it:
`r1(P) w2(y in P) c2 r1(P)`.

In PostgreSQL it is **possible at READ COMMITTED** only, where each statement has a snapshot of its
own. REPEATABLE READ prevents it (the ANSI standard would have allowed it there), and so does
SERIALIZABLE.

In an application: a total and the list below it, a count and the page of results, the rows that
were archived and the rows that are then deleted, come of two statements. Here a month's rides are
added up for the invoice, then listed as its lines. A ride that is booked in between is among the
lines, but not in the total: it counts as billed, and nobody ever pays for it.

The fixes, best first:

- `one_statement`: list first, and add up what was listed. One statement has one snapshot.
- `repeatable_read`: all statements have one. It costs nothing, for who only reads and inserts is
  never refused.
- `lock_parent`: lock the customer FOR UPDATE. The foreign key of a new ride needs a KEY SHARE lock
  of it, and waits. Right if the booking must come after the invoice; bookings stand still
  meanwhile.
- **not** `lock_rows`: FOR SHARE on the rides locks those that are there, and a phantom isn't yet.

What to look at: `total_is_sum_of_lines`, and in the comparison that `lock_parent` alone makes the
booking wait.
$$,
	params => '{"rounds": 20, "rides": 3, "price": 12.50}',
	explore_params => '{"rounds": 1, "rides": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE customer (
	id		int PRIMARY KEY,
	email	text NOT NULL UNIQUE
);
CREATE TABLE ride (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	price		numeric(10, 2) NOT NULL CHECK (price > 0)
);
CREATE INDEX ON ride (customer);
CREATE TABLE invoice (
	id			bigint PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	rides		int NOT NULL,
	total		numeric(12, 2) NOT NULL
);
CREATE TABLE invoice_line (
	ride		bigint PRIMARY KEY REFERENCES ride,
	invoice		bigint NOT NULL REFERENCES invoice,
	price		numeric(10, 2) NOT NULL
);
INSERT INTO customer SELECT i, 'rider' || i || '@example.com' FROM generate_series(1, :rounds) i;
INSERT INTO ride (customer, price) SELECT c.id, :price FROM customer c, generate_series(1, :rides);
$$);

/* Two transactions are a round: a customer's rides are billed, and the customer rides. */
SELECT @extschema@.ct_add_script('isolation_predicate_many_preceders', 'bill_or_book', $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set books (:iteration - 1) % 2
\barrier round
BEGIN;
\if :books
	\barrier added_up
	INSERT INTO ride (customer, price) VALUES (:customer, :price);
	\outcome booked
	COMMIT;
	\barrier booked
\else
	SELECT count(*) AS rides, coalesce(sum(price), 0) AS total FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id) \gset
	\barrier added_up
	\barrier booked
	INSERT INTO invoice VALUES (:iteration, :customer, :rides, :total);
	INSERT INTO invoice_line SELECT r.id, :iteration, r.price FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id);
	\outcome billed
	COMMIT;
\endif
$$);
SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'read_committed',
	'add up the rides, then list them',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'repeatable_read',
	'the same at REPEATABLE READ: both from one snapshot',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'serializable',
	'the same at SERIALIZABLE: both from one snapshot',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'lock_rows',
	'lock the rides FOR SHARE: just as broken, the new one isn''t among them',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_predicate_many_preceders', 'bill_or_book',
	variant => 'lock_rows', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set books (:iteration - 1) % 2
\barrier round
BEGIN;
\if :books
	\barrier added_up
	INSERT INTO ride (customer, price) VALUES (:customer, :price);
	\outcome booked
	COMMIT;
	\barrier booked
\else
	SELECT count(*) AS rides, coalesce(sum(price), 0) AS total FROM (
		SELECT price FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id)
		FOR SHARE OF r) locked \gset
	\barrier added_up
	\barrier booked
	INSERT INTO invoice VALUES (:iteration, :customer, :rides, :total);
	INSERT INTO invoice_line SELECT r.id, :iteration, r.price FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id);
	\outcome billed
	COMMIT;
\endif
$$);

/* The next statement's snapshot is newer than the lock; a booking before it is seen by both. */
SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'lock_parent',
	'lock the customer FOR UPDATE: the foreign key of a new ride waits for it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_predicate_many_preceders', 'bill_or_book',
	variant => 'lock_parent', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set books (:iteration - 1) % 2
\barrier round
BEGIN;
\if :books
	\barrier added_up
	INSERT INTO ride (customer, price) VALUES (:customer, :price);
	\outcome booked
	COMMIT;
\else
	SELECT id FROM customer WHERE id = :customer FOR UPDATE;
	SELECT count(*) AS rides, coalesce(sum(price), 0) AS total FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id) \gset
	\barrier added_up
	\barrier booked
	INSERT INTO invoice VALUES (:iteration, :customer, :rides, :total);
	INSERT INTO invoice_line SELECT r.id, :iteration, r.price FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id);
	\outcome billed
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('isolation_predicate_many_preceders', 'one_statement',
	'list the rides, and add up what was listed',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_predicate_many_preceders', 'bill_or_book',
	variant => 'one_statement', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set books (:iteration - 1) % 2
\barrier round
BEGIN;
\if :books
	\barrier added_up
	INSERT INTO ride (customer, price) VALUES (:customer, :price);
	\outcome booked
	COMMIT;
	\barrier booked
\else
	SELECT id FROM customer WHERE id = :customer;
	\barrier added_up
	\barrier booked
	WITH line AS (
		INSERT INTO invoice_line SELECT r.id, :iteration, r.price FROM ride r
		WHERE customer = :customer AND NOT EXISTS (SELECT FROM invoice_line l WHERE l.ride = r.id)
		RETURNING price)
	INSERT INTO invoice SELECT :iteration, :customer, count(*), coalesce(sum(price), 0) FROM line;
	\outcome billed
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('isolation_predicate_many_preceders', 'total_is_sum_of_lines',
	'SELECT i.id AS invoice, i.customer, i.total AS observed, coalesce(sum(l.price), 0) AS expected,
		i.rides AS rides_added_up, count(l.ride) AS rides_listed
	 FROM invoice i LEFT JOIN invoice_line l ON l.invoice = i.id
	 GROUP BY i.id HAVING i.total <> coalesce(sum(l.price), 0) OR i.rides <> count(l.ride) ORDER BY i.id',
	kind => 'phantom', description => 'An invoice''s total is the sum of its lines.');
SELECT @extschema@.ct_add_check('isolation_predicate_many_preceders', 'old_rides_are_billed',
	'SELECT i.customer, i.rides AS observed, :rides AS expected, i.id AS invoice
	 FROM invoice i WHERE i.id <= 2 * :rounds AND i.rides < :rides ORDER BY i.id',
	kind => 'missing_rows', description => 'What had been booked before is on the first invoice.');
SELECT @extschema@.ct_add_check('isolation_predicate_many_preceders', 'answers_are_true',
	'SELECT count(*) - :rides * :rounds AS observed, :outcome_booked AS expected,
		(SELECT count(*) FROM invoice) AS invoices, :outcome_billed AS billed
	 FROM ride
	 HAVING count(*) - :rides * :rounds <> :outcome_booked
		OR (SELECT count(*) FROM invoice) <> :outcome_billed
		OR :outcome_booked + :outcome_billed <> :transactions',
	kind => 'broken_promise', description => 'Each booking and each invoice is there, and none was refused.');
