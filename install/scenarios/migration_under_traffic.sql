/* migration_under_traffic: what a migration does to those who use the tables meanwhile. */
SELECT @extschema@.ct_create_scenario('migration_under_traffic',
	category => 'locks',
	description => 'A migration locks in another order than requests, queues in front of them, or replaces a function.',
	story => $$
The bug: a migration is tested alone, and then meets traffic. Three things go wrong.

Lock order (`opposite_order`): a request locks the order, then its lines. The migration alters the lines'
table, then the orders', in one transaction: each holds what the other one waits for, and the server ends
one of the two, often the migration.

A function replaced under its users (`function_replaced`): a request adds the gross price to the order's
total, then inserts the line with it. Between the two statements the function is replaced, and the books
don't agree any more. REPEATABLE READ is no help: functions are looked up in the newest catalog, whatever
snapshot the transaction has (`function_replaced_rr`).

The lock queue (`lock_queue`): ALTER TABLE waits for a report that only reads, and whoever comes after it
waits behind it, although they would get along with the report. Under load requests give up after
:patience_ms (:patience_ms 0: at once). One in twenty may: a row can be locked for as long on a busy machine.

What to look at: `deadlocks` and what the checks say. SELECT ct_explore('migration_under_traffic') shows
the order of the statements that does it; ct_race does that for your own migration and your own scripts.

Which fix: take the locks in the order in which the requests take them (`same_order`), or one table in a
transaction (`one_table_each`). Call a function once in a transaction, and keep what it said
(`computed_once`); or give the new one another name. Take the strong lock only where it is free, and come
again if it isn't (`lock_if_free`): then nobody queues behind you. See docs/migrations.md.
$$,
	params => '{"orders": 8, "actions": 240, "price": 100, "window_us": 1000, "report_ms": 60, "patience_ms": 20, "again_us": 20000}',
	explore_params => '{"orders": 1, "window_us": 0, "report_ms": 0, "patience_ms": 0, "again_us": 0}',
	transactions_expr => ':actions',
	min_overlap => 5,
	setup => $$
CREATE TABLE customer_order (
	id		int PRIMARY KEY,
	total	numeric(12, 2) NOT NULL DEFAULT 0,
	note	text
);
CREATE TABLE order_line (
	id				int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer_order	int NOT NULL REFERENCES customer_order,
	price			numeric(12, 2) NOT NULL CHECK (price > 0),
	note			text
);
CREATE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.19;
INSERT INTO customer_order SELECT i FROM generate_series(1, :orders) i;
$$);

SELECT @extschema@.ct_add_script('migration_under_traffic', 'request', $$
\set order random(1, :orders)
BEGIN;
UPDATE customer_order SET total = total + gross(:price) WHERE id = :order;
\sleep :window_us us
INSERT INTO order_line (customer_order, price) VALUES (:order, gross(:price));
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'opposite_order',
	'alter the lines, then the orders, in one transaction',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'opposite_order', workers => 1, body => $$
BEGIN;
ALTER TABLE order_line ALTER COLUMN note SET DEFAULT '';
\sleep :window_us us
ALTER TABLE customer_order ALTER COLUMN note SET DEFAULT '';
COMMIT;
\outcome migrated
\sleep :again_us us
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'same_order',
	'lock both tables first, in the order in which requests do',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'same_order', workers => 1, body => $$
BEGIN;
LOCK TABLE customer_order, order_line IN ACCESS EXCLUSIVE MODE;
ALTER TABLE order_line ALTER COLUMN note SET DEFAULT '';
ALTER TABLE customer_order ALTER COLUMN note SET DEFAULT '';
COMMIT;
\outcome migrated
\sleep :again_us us
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'one_table_each',
	'a transaction for each table',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'one_table_each', workers => 1, body => $$
ALTER TABLE order_line ALTER COLUMN note SET DEFAULT '';
ALTER TABLE customer_order ALTER COLUMN note SET DEFAULT '';
\outcome migrated
\sleep :again_us us
$$);

/* The rate goes to and fro, as fast as requests come, so that a run has many migrations. */
SELECT @extschema@.ct_add_variant('migration_under_traffic', 'function_replaced',
	'replace a function that requests call twice',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'function_replaced', workers => 1, body => $$
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.20;
\sleep :window_us us
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.21;
\outcome migrated
\sleep :window_us us
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'function_replaced_rr',
	'the same at REPEATABLE READ: also broken',
	isolation => 'repeatable read', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'function_replaced_rr', workers => 1, body => $$
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.20;
\sleep :window_us us
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.21;
\outcome migrated
\sleep :window_us us
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'computed_once',
	'the same migration; requests call the function once',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'computed_once', workers => 1, body => $$
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.20;
\sleep :window_us us
CREATE OR REPLACE FUNCTION gross(net numeric) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN net * 1.21;
\outcome migrated
\sleep :window_us us
$$);
SELECT @extschema@.ct_add_script('migration_under_traffic', 'request', variant => 'computed_once', body => $$
\set order random(1, :orders)
BEGIN;
SELECT gross(:price) AS gross \gset
UPDATE customer_order SET total = total + :gross::numeric WHERE id = :order;
\sleep :window_us us
INSERT INTO order_line (customer_order, price) VALUES (:order, :gross);
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('migration_under_traffic', 'lock_queue',
	'wait for the lock, in front of all who come',
	isolation => 'read committed', expected_verdict => 'fail',
	expected_errors => '{lock_not_available=turned_away}');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'report', variant => 'lock_queue', workers => 1, think_time => '20 ms', body => $$
BEGIN;
SELECT sum(total) FROM customer_order;
\sleep :report_ms ms
COMMIT;
\outcome reported
$$);
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'lock_queue', workers => 1, body => $$
ALTER TABLE customer_order ALTER COLUMN note SET DEFAULT '';
\outcome migrated
\sleep :again_us us
$$);
SELECT @extschema@.ct_add_script('migration_under_traffic', 'request', variant => 'lock_queue', think_time => '30 ms', body => $$
\set order random(1, :orders)
BEGIN;
\if :patience_ms > 0
	SET LOCAL lock_timeout = :patience_ms;
\else
	LOCK TABLE customer_order IN ROW EXCLUSIVE MODE NOWAIT;
\endif
UPDATE customer_order SET total = total + gross(:price) WHERE id = :order;
INSERT INTO order_line (customer_order, price) VALUES (:order, gross(:price));
\outcome added
COMMIT;
$$);

/* Lock and ALTER are one statement, so that the lock isn't held for longer than they take. */
SELECT @extschema@.ct_add_variant('migration_under_traffic', 'lock_if_free',
	'take the lock if nobody has it, else come again',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION migrate_if_free() RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
	EXECUTE 'LOCK TABLE customer_order IN ACCESS EXCLUSIVE MODE NOWAIT;
		ALTER TABLE customer_order ALTER COLUMN note SET DEFAULT ''''';
	RETURN 1;
EXCEPTION WHEN lock_not_available THEN
	RETURN 0;
END $f$;
$$,
	expected_errors => '{lock_not_available=turned_away}');
SELECT @extschema@.ct_add_script('migration_under_traffic', 'report', variant => 'lock_if_free', workers => 1, think_time => '20 ms', body => $$
BEGIN;
SELECT sum(total) FROM customer_order;
\sleep :report_ms ms
COMMIT;
\outcome reported
$$);
SELECT @extschema@.ct_add_script('migration_under_traffic', 'migrate', variant => 'lock_if_free', workers => 1, body => $$
SELECT migrate_if_free() AS migrated \gset
\if :migrated
	\outcome migrated
\else
	\outcome postponed
\endif
\sleep :again_us us
$$);
SELECT @extschema@.ct_add_script('migration_under_traffic', 'request', variant => 'lock_if_free', think_time => '30 ms', body => $$
\set order random(1, :orders)
BEGIN;
\if :patience_ms > 0
	SET LOCAL lock_timeout = :patience_ms;
\else
	LOCK TABLE customer_order IN ROW EXCLUSIVE MODE NOWAIT;
\endif
UPDATE customer_order SET total = total + gross(:price) WHERE id = :order;
INSERT INTO order_line (customer_order, price) VALUES (:order, gross(:price));
\outcome added
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('migration_under_traffic', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('migration_under_traffic', 'totals_add_up',
	'SELECT o.id AS customer_order, o.total AS observed, coalesce(sum(l.price), 0) AS expected,
		array_agg(DISTINCT l.price) AS prices
	 FROM customer_order o LEFT JOIN order_line l ON l.customer_order = o.id
	 GROUP BY o.id HAVING o.total <> coalesce(sum(l.price), 0) ORDER BY o.id',
	kind => 'broken_books', description => 'An order''s total is the sum of its lines.');
SELECT @extschema@.ct_add_check('migration_under_traffic', 'few_are_turned_away',
	'SELECT :outcome_turned_away AS observed, (:outcome_turned_away + :outcome_added) / 20 AS expected
	 WHERE :outcome_turned_away * 20 > :outcome_turned_away + :outcome_added',
	kind => 'blocked_requests', description => 'At most one request in twenty waits in vain for a lock.');
SELECT @extschema@.ct_add_check('migration_under_traffic', 'added_is_added',
	'SELECT count(*) AS observed, :outcome_added AS expected FROM order_line
	 HAVING count(*) <> :outcome_added',
	kind => 'broken_promise', description => 'What was answered with "added" is there, once.');
