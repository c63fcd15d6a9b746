/*
 * isolation_aborted_read: G1a, goods shipped for a payment that was undone.
 *
 * The barriers are the schedule: the warehouse looks while the payment is
 * being made, and again after it was settled.
 */
SELECT @extschema@.ct_create_scenario('isolation_aborted_read',
	category => 'isolation phenomena',
	description => 'G1a: an order is shipped because of a payment that was then taken back.',
	story => $$
**G1a, aborted read** (Adya 1999; the core of ANSI's P1, *dirty read*, and A1 in Berenson et al.
1995): a transaction reads what another one wrote that is then rolled back: `w1(x) r2(x) a1`. The
reader acts upon something that never happened.

PostgreSQL prevents it **at every level**: even READ UNCOMMITTED, which is READ COMMITTED there,
shows only rows whose transaction has committed.

In an application it is back where "undo" is the program's job and not the database's: the status is
saved as `paid` in a transaction of its own, then the payment provider is called, and if that
declines the program sets the status back. That compensating UPDATE is an abort which everybody
could watch. Sagas, workflow engines and autocommit all do it, and whoever polls the table in
between ships the goods. Some of the payments are declined (each `decline_every`-th).

The fix is to let nobody see the word before it is final: set `paid` in the transaction that knows
the answer, or where a call to the outside must not be made within a transaction, use a state that
says that it is not final and that readers don't take for one that is (`pending_status`).

What to look at: the `autocommit` variant ships each of the declined orders, the others none of
them; and all of them ship those that were paid for. The levels cost the same here, there is nothing
to retry.
$$,
	params => '{"rounds": 20, "decline_every": 2, "amount": 49.90}',
	explore_params => '{"rounds": 1, "decline_every": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE orders (
	id		int PRIMARY KEY,
	amount	numeric(10, 2) NOT NULL CHECK (amount > 0),
	status	text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'pending', 'paid'))
);
CREATE TABLE shipment (
	orders		int PRIMARY KEY REFERENCES orders,
	status_seen	text NOT NULL,
	seen		text NOT NULL
);
INSERT INTO orders SELECT i, :amount FROM generate_series(1, :rounds) i;
$$);

/*
 * Two transactions are a round: the shop takes the payment, the warehouse
 * looks for paid orders.  An order is used again if a run is given more
 * rounds than there are orders: then it is left alone, once shipped.
 */
SELECT @extschema@.ct_add_variant('isolation_aborted_read', 'autocommit',
	'no transaction: the payment is undone by a second UPDATE',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_aborted_read', 'pay_or_ship',
	variant => 'autocommit', body => $$
\set orders (:iteration - 1) / 2 % :rounds + 1
\set declined :orders % :decline_every = 0
\set warehouse (:iteration - 1) % 2
\barrier round
\if :warehouse
	\barrier paying
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'meanwhile' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
	\barrier looked
	\barrier settled
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'afterwards' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
\else
	UPDATE orders SET status = 'paid' WHERE id = :orders;
	\barrier paying
	\barrier looked
	\if :declined
		UPDATE orders SET status = 'open' WHERE id = :orders;
		\outcome declined
	\else
		\outcome paid
	\endif
	\barrier settled
\endif
$$);

SELECT @extschema@.ct_add_script('isolation_aborted_read', 'pay_or_ship', $$
\set orders (:iteration - 1) / 2 % :rounds + 1
\set declined :orders % :decline_every = 0
\set warehouse (:iteration - 1) % 2
\barrier round
\if :warehouse
	\barrier paying
	BEGIN;
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'meanwhile' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
	COMMIT;
	\barrier looked
	\barrier settled
	BEGIN;
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'afterwards' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
	COMMIT;
\else
	BEGIN;
	UPDATE orders SET status = 'paid' WHERE id = :orders;
	\barrier paying
	\barrier looked
	\if :declined
		ROLLBACK;
		\outcome declined
	\else
		COMMIT;
		\outcome paid
	\endif
	\barrier settled
\endif
$$);
SELECT @extschema@.ct_add_variant('isolation_aborted_read', 'read_committed',
	'one transaction, rolled back when the payment is declined',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_aborted_read', 'repeatable_read',
	'the same at REPEATABLE READ',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_aborted_read', 'serializable',
	'the same at SERIALIZABLE',
	isolation => 'serializable', expected_verdict => 'pass');

/* No transaction is open while the payment provider is asked. */
/*
 * Here the warehouse may look while the payment is being settled, too: whatever
 * it sees is right.  It looks in one transaction, which so overlaps the payment.
 */
SELECT @extschema@.ct_add_variant('isolation_aborted_read', 'pending_status',
	'no transaction, but a status that isn''t final until the answer is there',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_aborted_read', 'pay_or_ship',
	variant => 'pending_status', body => $$
\set orders (:iteration - 1) / 2 % :rounds + 1
\set declined :orders % :decline_every = 0
\set warehouse (:iteration - 1) % 2
\barrier round
\if :warehouse
	BEGIN;
	SELECT count(*) FROM shipment WHERE orders = :orders;
	\barrier paying
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'meanwhile' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
	\barrier settled
	SELECT status FROM orders WHERE id = :orders \gset
	INSERT INTO shipment SELECT :orders, :status, 'afterwards' WHERE :status = 'paid'
		ON CONFLICT DO NOTHING;
	COMMIT;
\else
	UPDATE orders SET status = 'pending' WHERE id = :orders;
	\barrier paying
	\if :declined
		UPDATE orders SET status = 'open' WHERE id = :orders;
		\outcome declined
	\else
		UPDATE orders SET status = 'paid' WHERE id = :orders;
		\outcome paid
	\endif
	\barrier settled
\endif
$$);

SELECT @extschema@.ct_add_check('isolation_aborted_read', 'shipped_is_paid',
	'SELECT s.orders, o.status AS observed, s.status_seen AS expected, s.seen, o.amount AS lost
	 FROM shipment s JOIN orders o ON o.id = s.orders
	 WHERE o.status <> ''paid'' ORDER BY s.orders',
	kind => 'aborted_read', description => 'What was shipped has been paid for.');
/* But the last: when the time of a run is up, nobody waits at barriers any more. */
SELECT @extschema@.ct_add_check('isolation_aborted_read', 'paid_is_shipped',
	'SELECT count(*) AS observed, 0 AS expected, min(o.id) AS first_order
	 FROM orders o
	 WHERE o.status = ''paid'' AND NOT EXISTS (SELECT FROM shipment s WHERE s.orders = o.id)
	 HAVING count(*) > :workers / 2',
	kind => 'false_refusal', description => 'What has been paid for is shipped, within the round.');
SELECT @extschema@.ct_add_check('isolation_aborted_read', 'answers_are_true',
	'SELECT count(*) AS observed, least(:outcome_paid, :rounds - :rounds / :decline_every) AS expected
	 FROM orders WHERE status = ''paid''
	 HAVING count(*) <> least(:outcome_paid, :rounds - :rounds / :decline_every)
		OR :outcome_paid + :outcome_declined < :transactions / 2 - :workers',
	kind => 'broken_promise', description => 'Who was told "paid" has paid, and nobody else.');
