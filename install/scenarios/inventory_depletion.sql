/* inventory_depletion: sixty orders for fifty consoles. */
SELECT @extschema@.ct_create_scenario('inventory_depletion',
	category => 'races on rows',
	description => 'Sixty orders for fifty consoles: the stock runs out, and orders go on being accepted.',
	story => $$
The bug: an order of two items (a console and a game) reads what the
warehouse has of each, and takes it.  Exactly :stock orders can be
fulfilled; exactly the others must hear "depleted", and must leave
everything as it was: the game, of which there are :spare more, goes back.

There are two ways of getting it wrong, and both are in the comparison.
read_then_write writes back what it computed from what it read: orders
overwrite each other's, and the stock hardly falls.  check_then_decrement
is the usual repair, "quantity = quantity - 1", which loses no update; but
the question whether there is any was answered earlier, so the stock falls
below zero.  In a test with one user, or with plenty of stock, neither is
ever seen.

Orders come in waves, as many at once as there are workers (the barrier),
after some :early ones, so that the stock runs out in the middle of a wave;
:window_us (the payment, the tax service) passes between looking and taking.

What to look at: atomic and check_constraint are the cheapest, the latter
with less code: the error undoes the whole order, and catches every other
program that forgets to ask.  for_update makes all orders wait for one
another while somebody pays.  repeatable_read and optimistic work because
each order writes the very rows that it read.  With a row per unit (units,
SKIP LOCKED) orders don't wait for each other at all, and each unit can
have a serial number.  All of them take the items in the same order, the
game before the console: otherwise two orders could deadlock.
$$,
	params => '{"orders": 60, "stock": 50, "spare": 5, "early": 3, "window_us": 1000}',
	explore_params => '{"stock": 1, "spare": 1, "early": 2, "window_us": 0}',
	transactions_expr => ':orders',
	setup => $$
CREATE TABLE product (
	id		int PRIMARY KEY,
	sku		text NOT NULL UNIQUE,
	price	numeric(10, 2) NOT NULL CHECK (price >= 0)
);
CREATE TABLE stock (
	product		int PRIMARY KEY REFERENCES product,
	quantity	int NOT NULL,
	version		int NOT NULL DEFAULT 1
);
CREATE TABLE purchase (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer	bigint NOT NULL,
	ordered_at	timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE purchase_line (
	purchase	int NOT NULL REFERENCES purchase,
	product		int NOT NULL REFERENCES product,
	quantity	int NOT NULL CHECK (quantity > 0),
	PRIMARY KEY (purchase, product)
);
INSERT INTO product VALUES (1, 'GAME', 59.90), (2, 'CONSOLE', 499.00);
INSERT INTO stock VALUES (1, :stock + :spare), (2, :stock);
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', $$
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT quantity AS games FROM stock WHERE product = 1 \gset
SELECT quantity AS consoles FROM stock WHERE product = 2 \gset
\sleep :window_us us
\if :games > 0 and :consoles > 0
	UPDATE stock SET quantity = :games - 1 WHERE product = 1;
	UPDATE stock SET quantity = :consoles - 1 WHERE product = 2;
	INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
\else
	\outcome depleted
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('inventory_depletion', 'read_then_write',
	'read the quantities, then write one less',
	isolation => 'read committed', expected_verdict => 'fail');

/* The second barrier: all of a wave have looked before anybody takes. */
SELECT @extschema@.ct_add_variant('inventory_depletion', 'check_then_decrement',
	'check the quantities, then decrement them: no lost update, but below zero',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'check_then_decrement', body => $$
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT quantity AS games FROM stock WHERE product = 1 \gset
SELECT quantity AS consoles FROM stock WHERE product = 2 \gset
\sleep :window_us us
\if :iteration > :early
	\barrier looked
\endif
\if :games > 0 and :consoles > 0
	UPDATE stock SET quantity = quantity - 1 WHERE product = 1;
	UPDATE stock SET quantity = quantity - 1 WHERE product = 2;
	INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
\else
	\outcome depleted
\endif
COMMIT;
$$);

/* An outcome said in a transaction block counts when that commits: so it is said after the ROLLBACK. */
SELECT @extschema@.ct_add_variant('inventory_depletion', 'atomic',
	'UPDATEs that check and take; what was taken goes back if the other is depleted',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'atomic', body => $$
\set game 0
\set console 0
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT product, quantity FROM stock; -- shown to the customer, not relied upon
\sleep :window_us us
UPDATE stock SET quantity = quantity - 1 WHERE product = 1 AND quantity > 0 RETURNING 1 AS game \aset
\if :game
	UPDATE stock SET quantity = quantity - 1 WHERE product = 2 AND quantity > 0 RETURNING 1 AS console \aset
\endif
\if :game = 1 and :console = 1
	INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
	COMMIT;
\else
	ROLLBACK;
	\outcome depleted
\endif
$$);

SELECT @extschema@.ct_add_variant('inventory_depletion', 'check_constraint',
	'take in any case, and let CHECK (quantity >= 0) undo the order',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE stock ADD CONSTRAINT quantity_not_negative CHECK (quantity >= 0)',
	expected_errors => '{23514=depleted}');
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'check_constraint', body => $$
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT product, quantity FROM stock; -- shown to the customer, not relied upon
\sleep :window_us us
UPDATE stock SET quantity = quantity - 1 WHERE product = 1;
UPDATE stock SET quantity = quantity - 1 WHERE product = 2;
INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
\outcome ordered
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('inventory_depletion', 'for_update',
	'lock the rows while reading them, in the order of the products',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'for_update', body => $$
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT quantity AS games FROM stock WHERE product = 1 FOR UPDATE \gset
SELECT quantity AS consoles FROM stock WHERE product = 2 FOR UPDATE \gset
\sleep :window_us us
\if :games > 0 and :consoles > 0
	UPDATE stock SET quantity = :games - 1 WHERE product = 1;
	UPDATE stock SET quantity = :consoles - 1 WHERE product = 2;
	INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
\else
	\outcome depleted
\endif
COMMIT;
$$);

/* \gset wants a row: the error it raises where there is none repeats the whole order. */
SELECT @extschema@.ct_add_variant('inventory_depletion', 'optimistic',
	'write only if the versions are still those that were read, else begin again',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{no_data_found}');
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'optimistic', body => $$
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT quantity AS games, version AS game_version FROM stock WHERE product = 1 \gset
SELECT quantity AS consoles, version AS console_version FROM stock WHERE product = 2 \gset
\sleep :window_us us
\if :games > 0 and :consoles > 0
	UPDATE stock SET quantity = :games - 1, version = version + 1
		WHERE product = 1 AND version = :game_version RETURNING version \gset
	UPDATE stock SET quantity = :consoles - 1, version = version + 1
		WHERE product = 2 AND version = :console_version RETURNING version \gset
	INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
\else
	\outcome depleted
\endif
COMMIT;
$$);

/* "stock" becomes a view, for the checks. */
SELECT @extschema@.ct_add_variant('inventory_depletion', 'units',
	'a row per unit: take one that nobody else is taking (SKIP LOCKED)',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE unit (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	product		int NOT NULL REFERENCES product,
	purchase	int REFERENCES purchase
);
CREATE INDEX ON unit (product) WHERE purchase IS NULL;
INSERT INTO unit (product) SELECT product FROM stock, generate_series(1, quantity);
DROP TABLE stock;
CREATE VIEW stock AS
	SELECT p.id AS product, count(u.id) AS quantity
	FROM product p LEFT JOIN unit u ON u.product = p.id AND u.purchase IS NULL GROUP BY p.id;
$$);
SELECT @extschema@.ct_add_script('inventory_depletion', 'order', variant => 'units', body => $$
\set game 0
\set console 0
\if :iteration > :early
	\barrier wave
\endif
BEGIN;
SELECT product, quantity FROM stock; -- shown to the customer, not relied upon
\sleep :window_us us
INSERT INTO purchase (customer) VALUES (:iteration) RETURNING id AS purchase \gset
WITH free AS MATERIALIZED (
	SELECT id FROM unit WHERE product = 1 AND purchase IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE unit u SET purchase = :purchase FROM free WHERE u.id = free.id RETURNING 1 AS game \aset
WITH free AS MATERIALIZED (
	SELECT id FROM unit WHERE product = 2 AND purchase IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE unit u SET purchase = :purchase FROM free WHERE u.id = free.id RETURNING 1 AS console \aset
\if :game = 1 and :console = 1
	INSERT INTO purchase_line VALUES (:purchase, 1, 1), (:purchase, 2, 1);
	\outcome ordered
	COMMIT;
\else
	ROLLBACK;
	\outcome depleted
\endif
$$);

SELECT @extschema@.ct_add_variant('inventory_depletion', 'repeatable_read',
	'the code of the first at REPEATABLE READ, repeated as a whole when refused',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_variant('inventory_depletion', 'serializable',
	'the code of the first at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('inventory_depletion', 'no_oversell',
	'SELECT p.sku, sum(l.quantity) AS observed, :stock AS expected,
		(SELECT array_agg(o.customer)
		 FROM (SELECT customer FROM purchase ORDER BY id OFFSET :stock LIMIT 5) o)
			AS first_orders_without_console
	 FROM purchase_line l JOIN product p ON p.id = l.product
	 WHERE p.sku = ''CONSOLE'' GROUP BY p.sku HAVING sum(l.quantity) > :stock',
	kind => 'oversell', description => 'No more consoles are ordered than there were.');
SELECT @extschema@.ct_add_check('inventory_depletion', 'stock_adds_up',
	'SELECT p.sku, s.quantity AS observed, i.was - i.sold AS expected, i.sold
	 FROM stock s JOIN product p ON p.id = s.product, LATERAL (
		SELECT :stock + CASE WHEN p.sku = ''GAME'' THEN :spare ELSE 0 END AS was,
			coalesce(sum(quantity), 0) AS sold
		FROM purchase_line WHERE product = p.id) i
	 WHERE s.quantity <> i.was - i.sold ORDER BY p.id',
	kind => 'lost_update', description => 'The stock is what there was less what was ordered; a refused order takes nothing.');
SELECT @extschema@.ct_add_check('inventory_depletion', 'orders_are_answers',
	'SELECT count(*) AS observed, :outcome_ordered AS expected FROM purchase
	 HAVING count(*) <> :outcome_ordered',
	kind => 'broken_promise', description => 'Who was told "ordered" has an order, and nobody else.');
SELECT @extschema@.ct_add_check('inventory_depletion', 'orders_are_complete',
	'SELECT o.id AS purchase, o.customer, count(l.product) AS observed, 2 AS expected
	 FROM purchase o LEFT JOIN purchase_line l ON l.purchase = o.id
	 GROUP BY o.id HAVING count(l.product) <> 2 ORDER BY o.id',
	kind => 'partial_order', description => 'An order has both items.');
SELECT @extschema@.ct_add_check('inventory_depletion', 'exactly_the_rest_is_refused',
	'SELECT :outcome_depleted AS observed, greatest(:transactions - :stock, 0) AS expected
	 WHERE :outcome_depleted > greatest(:transactions - :stock, 0)',
	kind => 'false_refusal', description => 'Nobody hears "depleted" while there is stock.');
