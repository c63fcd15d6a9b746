/* foreign_key_deadlock: the lock that nobody asked for. */
SELECT @extschema@.ct_create_scenario('foreign_key_deadlock',
	category => 'locks',
	description => 'Insert a line, then lock its order FOR UPDATE: two who do so at once deadlock.',
	story => $$
The bug: a line is added to an order, then the order is locked, read, and
its total is written.  The INSERT has locked the order already: the foreign
key takes FOR KEY SHARE on the row that it refers to, so that nobody
deletes it.  Two at once both have that, and both want FOR UPDATE, which
conflicts with the other one's: neither can go on.  After deadlock_timeout
(a second, by default) one of them is ended.  No lock order is visible in
the code, for each of them touches a single order.

FOR UPDATE is what one takes to delete a row or to change its key.  Who
only changes other columns needs FOR NO KEY UPDATE, which is also what a
plain UPDATE takes, and which goes together with FOR KEY SHARE.  Most ORMs'
"pessimistic lock" is FOR UPDATE.

Two clerks at a time add a line to the same order (the barrier); :window_us
passes between the line and the lock.  A victim should be repeated; it is
not here, because that only costs more seconds: repeated at once it often
has the foreign key's lock again before the other one has got its own.

What to look at: no_key_update and update_only are one word, or one
statement less: they let the clerks add their lines at the same time, and
wait for the total alone.  order_first makes the second clerk wait from the
beginning; it is right where the code must see the order before it adds
something.  deferred_key takes the foreign key's lock at the end, for code
that can't be changed.

The line_first variant takes about a second, deadlock_timeout, per round of
as many transactions as there are workers.
$$,
	params => '{"orders": 6, "clerks": 2, "price": 20, "window_us": 10000}',
	explore_params => '{"orders": 1, "window_us": 0}',
	transactions_expr => ':orders * :clerks',
	min_overlap => 5,	/* few transactions, because each round of deadlocks takes a second */
	setup => $$
CREATE TABLE customer_order (
	id		int PRIMARY KEY,
	total	numeric(12, 2) NOT NULL DEFAULT 0
);
CREATE TABLE order_line (
	id				int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer_order	int NOT NULL CONSTRAINT order_line_order REFERENCES customer_order,
	price			numeric(12, 2) NOT NULL CHECK (price > 0)
);
INSERT INTO customer_order SELECT i FROM generate_series(1, :orders) i;
$$);

/* The bug.  Also what "deferred_key" runs. */
SELECT @extschema@.ct_add_script('foreign_key_deadlock', 'add_line', $$
\set order (:iteration - 1) / :clerks % :orders + 1
\barrier add
BEGIN;
INSERT INTO order_line (customer_order, price) VALUES (:order, :price);
\sleep :window_us us
SELECT total FROM customer_order WHERE id = :order FOR UPDATE \gset
UPDATE customer_order SET total = :total + :price WHERE id = :order;
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('foreign_key_deadlock', 'line_first',
	'insert the line, then lock the order FOR UPDATE',
	isolation => 'read committed', expected_verdict => 'fail', max_tries => 1);

SELECT @extschema@.ct_add_variant('foreign_key_deadlock', 'no_key_update',
	'lock the order FOR NO KEY UPDATE, which the foreign key can share',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('foreign_key_deadlock', 'add_line', variant => 'no_key_update', body => $$
\set order (:iteration - 1) / :clerks % :orders + 1
\barrier add
BEGIN;
INSERT INTO order_line (customer_order, price) VALUES (:order, :price);
\sleep :window_us us
SELECT total FROM customer_order WHERE id = :order FOR NO KEY UPDATE \gset
UPDATE customer_order SET total = :total + :price WHERE id = :order;
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('foreign_key_deadlock', 'update_only',
	'add to the total in the UPDATE, whose own lock is enough',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('foreign_key_deadlock', 'add_line', variant => 'update_only', body => $$
\set order (:iteration - 1) / :clerks % :orders + 1
\barrier add
BEGIN;
INSERT INTO order_line (customer_order, price) VALUES (:order, :price);
\sleep :window_us us
UPDATE customer_order SET total = total + :price WHERE id = :order;
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('foreign_key_deadlock', 'order_first',
	'lock the order before the line is inserted',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('foreign_key_deadlock', 'add_line', variant => 'order_first', body => $$
\set order (:iteration - 1) / :clerks % :orders + 1
\barrier add
BEGIN;
SELECT total FROM customer_order WHERE id = :order FOR UPDATE \gset
INSERT INTO order_line (customer_order, price) VALUES (:order, :price);
\sleep :window_us us
UPDATE customer_order SET total = :total + :price WHERE id = :order;
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('foreign_key_deadlock', 'deferred_key',
	'the same code; the foreign key is checked, and locks, at the end',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE order_line ALTER CONSTRAINT order_line_order DEFERRABLE INITIALLY DEFERRED');

SELECT @extschema@.ct_add_threshold('foreign_key_deadlock', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('foreign_key_deadlock', 'totals_add_up',
	'SELECT o.id AS customer_order, o.total AS observed, coalesce(sum(l.price), 0) AS expected,
		count(l.id) AS lines
	 FROM customer_order o LEFT JOIN order_line l ON l.customer_order = o.id
	 GROUP BY o.id HAVING o.total <> coalesce(sum(l.price), 0) ORDER BY o.id',
	kind => 'lost_update', description => 'An order''s total is the sum of its lines.');
SELECT @extschema@.ct_add_check('foreign_key_deadlock', 'lines_are_there',
	'SELECT count(*) AS observed, :outcome_added AS expected FROM order_line
	 HAVING count(*) <> :outcome_added',
	kind => 'broken_promise', description => 'A line that was answered with "added" is there, once.');
