/* double_spending: one gift card, two checkouts. */
SELECT @extschema@.ct_create_scenario('double_spending',
	category => 'races on rows',
	description => 'Two checkouts read a gift card''s balance, both find it enough: it is spent twice.',
	story => $$
The bug: a checkout reads the card's balance, sees that it is enough, and
writes what is left.  Two checkouts at once (two browser tabs, a double
click, a retried request) both see the full balance: 60 of 100 is paid
twice, and 40 are left on the card afterwards as if nothing had happened.

Each card is used by :requests checkouts that arrive together, which is
what the barrier is for.  They are answered one by one: one is paid, the
other ones are declined.

What to look at: REPEATABLE READ is enough here, since both write the row
that they read: the second one is refused, tried again, and sees 40.
write_skew is where it isn't enough.
$$,
	params => '{"cards": 50, "balance": 100, "amount": 60, "requests": 2, "window_us": 1000}',
	explore_params => '{"cards": 1, "window_us": 0}',
	transactions_expr => ':cards * :requests',
	setup => $$
CREATE TABLE gift_card (
	id		int PRIMARY KEY,
	balance	int NOT NULL,
	version	int NOT NULL DEFAULT 1
);
CREATE TABLE payment (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	card	int NOT NULL REFERENCES gift_card,
	amount	int NOT NULL CHECK (amount > 0),
	paid_by	text NOT NULL
);
INSERT INTO gift_card SELECT i, :balance FROM generate_series(1, :cards) i;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('double_spending', 'checkout', $$
\set card (:iteration - 1) / :requests % :cards + 1
\barrier checkout
BEGIN;
SELECT balance FROM gift_card WHERE id = :card \gset
\sleep :window_us us
\if :balance >= :amount
	UPDATE gift_card SET balance = :balance - :amount WHERE id = :card;
	INSERT INTO payment (card, amount, paid_by) VALUES (:card, :amount, 'session ' || :worker_id);
	\outcome paid
\else
	\outcome declined
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('double_spending', 'naive',
	'read the balance, then write what is left',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('double_spending', 'atomic',
	'one UPDATE that checks and takes',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('double_spending', 'checkout', variant => 'atomic', body => $$
\set card (:iteration - 1) / :requests % :cards + 1
\set taken 0
\barrier checkout
BEGIN;
SELECT balance FROM gift_card WHERE id = :card; -- shown to the customer, not relied upon
\sleep :window_us us
UPDATE gift_card SET balance = balance - :amount
	WHERE id = :card AND balance >= :amount RETURNING 1 AS taken \aset
\if :taken
	INSERT INTO payment (card, amount, paid_by) VALUES (:card, :amount, 'session ' || :worker_id);
	\outcome paid
\else
	\outcome declined
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('double_spending', 'for_update',
	'lock the card while reading its balance',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('double_spending', 'checkout', variant => 'for_update', body => $$
\set card (:iteration - 1) / :requests % :cards + 1
\barrier checkout
BEGIN;
SELECT balance FROM gift_card WHERE id = :card FOR UPDATE \gset
\sleep :window_us us
\if :balance >= :amount
	UPDATE gift_card SET balance = :balance - :amount WHERE id = :card;
	INSERT INTO payment (card, amount, paid_by) VALUES (:card, :amount, 'session ' || :worker_id);
	\outcome paid
\else
	\outcome declined
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('double_spending', 'optimistic',
	'write only if the version is still the one that was read',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('double_spending', 'checkout', variant => 'optimistic', body => $$
\set card (:iteration - 1) / :requests % :cards + 1
\set taken 0
\barrier checkout
BEGIN;
SELECT balance, version FROM gift_card WHERE id = :card \gset
\sleep :window_us us
\if :balance >= :amount
	UPDATE gift_card SET balance = :balance - :amount, version = version + 1
		WHERE id = :card AND version = :version RETURNING 1 AS taken \aset
	\if :taken
		INSERT INTO payment (card, amount, paid_by)
			VALUES (:card, :amount, 'session ' || :worker_id);
		\outcome paid
	\else
		\outcome conflict
	\endif
\else
	\outcome declined
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('double_spending', 'constraint',
	'take the amount in any case, and let CHECK (balance >= 0) refuse',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE gift_card ADD CONSTRAINT balance_not_negative CHECK (balance >= 0)',
	expected_errors => '{23514=declined}');
SELECT @extschema@.ct_add_script('double_spending', 'checkout', variant => 'constraint', body => $$
\set card (:iteration - 1) / :requests % :cards + 1
\barrier checkout
BEGIN;
SELECT balance FROM gift_card WHERE id = :card; -- shown to the customer, not relied upon
\sleep :window_us us
UPDATE gift_card SET balance = balance - :amount WHERE id = :card;
INSERT INTO payment (card, amount, paid_by) VALUES (:card, :amount, 'session ' || :worker_id);
\outcome paid
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('double_spending', 'repeatable_read',
	'the naive code at REPEATABLE READ, repeated as a whole when refused',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_variant('double_spending', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_check('double_spending', 'no_overspending',
	'SELECT card, sum(amount) AS observed, :balance AS expected,
		array_agg(paid_by ORDER BY id) AS paid_by
	 FROM payment GROUP BY card HAVING sum(amount) > :balance ORDER BY card',
	kind => 'double_spend', description => 'No card pays more than was on it.');
SELECT @extschema@.ct_add_check('double_spending', 'books_agree',
	'SELECT c.id AS card, c.balance AS observed, :balance - p.spent AS expected, p.spent
	 FROM gift_card c,
		LATERAL (SELECT coalesce(sum(amount), 0) AS spent FROM payment WHERE card = c.id) p
	 WHERE c.balance <> :balance - p.spent ORDER BY c.id',
	kind => 'lost_update', description => 'A card''s balance is what was on it less what it paid.');
SELECT @extschema@.ct_add_check('double_spending', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_paid AS expected FROM payment
	 HAVING count(*) <> :outcome_paid',
	kind => 'broken_promise', description => 'What was answered with "paid" is booked, and nothing else.');
SELECT @extschema@.ct_add_check('double_spending', 'somebody_could_pay',
	'SELECT c.id AS card, 0 AS observed, 1 AS expected, c.balance FROM gift_card c
	 WHERE c.id <= :transactions / :requests AND :amount <= :balance
		AND NOT EXISTS (SELECT FROM payment WHERE card = c.id) ORDER BY c.id',
	kind => 'false_refusal', description => 'Of the checkouts with a card, at least one is paid.');
