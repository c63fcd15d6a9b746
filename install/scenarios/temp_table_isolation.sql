/* temp_table_isolation: a scratch table for one checkout.  A worker is a connection of the pool. */
SELECT @extschema@.ct_create_scenario('temp_table_isolation',
	category => 'sessions and tenants',
	description => 'A temporary table outlives its request in a pooled connection: the next user pays for it.',
	story => $$
The bug: the checkout copies a customer's basket into a temporary table,
takes the discount off there, and bills the sum.  `CREATE TEMP TABLE IF NOT
EXISTS` was added when the second request over the same connection failed
with "already exists".  Since then it finds the table *and the rows* of the
customer before, and bills them again.

Temporary tables of the same name in different connections never meet: each
connection has a schema of its own for them.  What they don't have is one
per request, or per user.  An ordinary table as scratch space
(`shared_scratch`) is worse: there the customers who check out at the same
time meet, whatever each deletes before it begins.

Take `no_table` where a query can do it, which is most of the time.  Else
`on_commit_delete_rows`: the table is made once per connection, and emptied
at the end of each transaction, also of a failed one; but it must be used
within one transaction, for outside of it each statement is one.
`on_commit_drop` writes to the system catalogs for each request, which
bloats them at high rates.  `truncate_first` is right only as long as nobody
forgets it.  `keyed_rows` is an ordinary table with the request's key in it;
it is what remains when several connections work on one request.

What to look at: the anomalies name the customer, what they were billed and
what was in their basket; the latencies tell what making, emptying and
dropping a table costs.

Not to be explored: what goes wrong is what one checkout leaves behind in a
connection for the next one, and each session of an exploration is as if
just connected.
$$,
	params => '{"customers": 100, "lines": 5, "checkouts": 1, "discount_percent": 10, "window_us": 1000}',
	explore_params => NULL,
	transactions_expr => ':customers * :checkouts',
	setup => $$
DO $do$
BEGIN
	IF NOT has_database_privilege(current_database(), 'TEMPORARY') THEN
		RAISE EXCEPTION 'permission denied to create temporary tables in database "%"', current_database()
			USING ERRCODE = 'insufficient_privilege',
			HINT = format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user);
	END IF;
END
$do$;
CREATE TABLE customer (
	id		int PRIMARY KEY,
	email	text NOT NULL UNIQUE
);
CREATE TABLE product (
	id		int PRIMARY KEY,
	price	numeric(10, 2) NOT NULL CHECK (price > 0)
);
CREATE TABLE basket (
	customer	int NOT NULL REFERENCES customer,
	product		int NOT NULL REFERENCES product,
	quantity	int NOT NULL CHECK (quantity > 0),
	PRIMARY KEY (customer, product)
);
CREATE TABLE invoice (
	id			bigint PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	lines		int NOT NULL,
	total		numeric(12, 2) NOT NULL,
	connection	int NOT NULL DEFAULT pg_backend_pid()
);
INSERT INTO customer SELECT i, 'customer' || i || '@example.com' FROM generate_series(1, :customers) i;
INSERT INTO product SELECT i, i + 0.99 FROM generate_series(1, :lines + 7) i;
INSERT INTO basket SELECT c, (c + l) % (:lines + 7) + 1, l
	FROM generate_series(1, :customers) c, generate_series(1, :lines) l;
ANALYZE basket, product;
$$);

/* The bug */
SELECT @extschema@.ct_add_variant('temp_table_isolation', 'if_not_exists',
	'CREATE TEMP TABLE IF NOT EXISTS: the last customer''s rows are still in it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'if_not_exists', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
BEGIN;
CREATE TEMP TABLE IF NOT EXISTS line (product int, quantity int, price numeric);
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_table_isolation', 'shared_scratch',
	'an ordinary table, emptied before use: customers meet in it',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'CREATE UNLOGGED TABLE line (product int, quantity int, price numeric)');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'shared_scratch', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
DELETE FROM line;
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), coalesce(sum(quantity * price), 0) FROM line;
\outcome billed
$$);

SELECT @extschema@.ct_add_variant('temp_table_isolation', 'truncate_first',
	'the same temporary table, emptied before it is used',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'truncate_first', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
BEGIN;
CREATE TEMP TABLE IF NOT EXISTS line (product int, quantity int, price numeric);
TRUNCATE line;
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_table_isolation', 'on_commit_delete_rows',
	'made once per connection, emptied at the end of each transaction',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout',
	variant => 'on_commit_delete_rows', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
BEGIN;
CREATE TEMP TABLE IF NOT EXISTS line (product int, quantity int, price numeric) ON COMMIT DELETE ROWS;
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

/* No IF NOT EXISTS: if there is one already, that is a mistake to be told of. */
SELECT @extschema@.ct_add_variant('temp_table_isolation', 'on_commit_drop',
	'made for each request, dropped at the end of its transaction',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'on_commit_drop', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
BEGIN;
CREATE TEMP TABLE line (product int, quantity int, price numeric) ON COMMIT DROP;
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

/* What pgbouncer's server_reset_query (DISCARD ALL) does between two clients of a connection. */
SELECT @extschema@.ct_add_variant('temp_table_isolation', 'discard_temp',
	'the pool drops what is temporary before it hands the connection out',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'discard_temp', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
DISCARD TEMP;
BEGIN;
CREATE TEMP TABLE IF NOT EXISTS line (product int, quantity int, price numeric);
INSERT INTO line SELECT b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2);
\sleep :window_us us
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_table_isolation', 'keyed_rows',
	'an ordinary table whose rows say which request they belong to',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE UNLOGGED TABLE line (request bigint, product int, quantity int, price numeric);
CREATE INDEX ON line (request);
$$);
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'keyed_rows', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
INSERT INTO line SELECT :iteration, b.product, b.quantity, p.price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer;
UPDATE line SET price = round(price * (100 - :discount_percent) / 100, 2) WHERE request = :iteration;
\sleep :window_us us
BEGIN;
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line WHERE request = :iteration;
DELETE FROM line WHERE request = :iteration;
\outcome billed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_table_isolation', 'no_table',
	'one statement: the steps are its WITH queries',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_table_isolation', 'checkout', variant => 'no_table', body => $$
\set customer (:iteration - 1) % :customers + 1
\barrier checkout
BEGIN;
SELECT count(*) FROM basket WHERE customer = :customer; -- shown to the customer, not relied upon
\sleep :window_us us
WITH line AS (
	SELECT b.quantity, round(p.price * (100 - :discount_percent) / 100, 2) AS price
	FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = :customer)
INSERT INTO invoice (id, customer, lines, total)
	SELECT :iteration, :customer, count(*), sum(quantity * price) FROM line;
\outcome billed
COMMIT;
$$);

SELECT @extschema@.ct_add_check('temp_table_isolation', 'bills_own_basket',
	'SELECT i.id AS invoice, i.customer, i.connection, i.total AS observed, b.total AS expected,
		i.lines, b.lines AS in_basket
	 FROM invoice i, LATERAL (
		SELECT count(*) AS lines,
			sum(b.quantity * round(p.price * (100 - :discount_percent) / 100, 2)) AS total
		FROM basket b JOIN product p ON p.id = b.product WHERE b.customer = i.customer) b
	 WHERE i.total <> b.total ORDER BY i.id',
	kind => 'data_leak', description => 'Each customer is billed for their own basket, and all of it.');
SELECT @extschema@.ct_add_check('temp_table_isolation', 'billed_is_billed',
	'SELECT count(*) AS observed, :outcome_billed AS expected FROM invoice
	 HAVING count(*) <> :outcome_billed',
	kind => 'broken_promise',
	description => 'What was answered with "billed" has an invoice, and nothing else.');
SELECT @extschema@.ct_add_check('temp_table_isolation', 'everybody_is_billed',
	'SELECT :outcome_billed AS observed, :transactions AS expected WHERE :outcome_billed <> :transactions',
	kind => 'false_refusal', description => 'No checkout is refused.');
