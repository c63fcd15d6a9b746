/* lock_order_deadlock: from A to B, and from B to A. */
SELECT @extschema@.ct_create_scenario('lock_order_deadlock',
	category => 'locks',
	description => 'Transfers lock two accounts in the order of their direction: opposite ones deadlock.',
	story => $$
The bug: a transfer takes from one account, then gives to the other, and so
locks the two rows in the order that the customers happen to stand in.  Two
transfers in opposite directions each hold what the other one waits for.
After deadlock_timeout (a second, by default) the server ends one of them.
The money is safe; but everybody behind them has stood still for a second,
and a program that doesn't repeat upon 40P01 shows an error.

Here it is repeated, as it should be; so what is checked is that there was
no deadlock at all.  Transfers come in pairs of opposite directions, at
once (the barrier), each pair with two accounts of its own; :window_us
passes between the first lock and the second.

What to look at: ordered locks wait and never fail.  NOWAIT and
lock_timeout don't wait for the deadlock to be found; they pay by repeating
what need not have failed.

The unordered variant takes about a second, deadlock_timeout, per round of
as many transfers as there are workers.

In an exploration a deadlock is found at once, before any lock_timeout is
over: that variant deadlocks there.
$$,
	params => '{"pairs": 9, "balance": 100, "amount": 10, "window_us": 10000, "lock_timeout_ms": 50}',
	explore_params => '{"pairs": 1, "window_us": 0}',
	transactions_expr => ':pairs * 2',
	setup => $$
CREATE TABLE account (
	id		int PRIMARY KEY,
	balance	int NOT NULL
);
CREATE TABLE transfer (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	debit	int NOT NULL REFERENCES account,
	credit	int NOT NULL REFERENCES account,
	amount	int NOT NULL CHECK (amount > 0)
);
INSERT INTO account SELECT i, :balance FROM generate_series(1, 2 * :pairs) i;
$$);

SELECT @extschema@.ct_add_variant('lock_order_deadlock', 'unordered',
	'take from one, give to the other',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('lock_order_deadlock', 'transfer', variant => 'unordered', body => $$
\set direction (:iteration - 1) % 2
\set first (:iteration - 1) / 2 % :pairs * 2 + 1
\set debit :first + :direction
\set credit :first + 1 - :direction
\barrier transfer
BEGIN;
UPDATE account SET balance = balance - :amount WHERE id = :debit;
\sleep :window_us us
UPDATE account SET balance = balance + :amount WHERE id = :credit;
INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount);
\outcome transferred
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('lock_order_deadlock', 'ordered',
	'lock both accounts first, the one with the lower id before the other',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('lock_order_deadlock', 'transfer', variant => 'ordered', body => $$
\set direction (:iteration - 1) % 2
\set first (:iteration - 1) / 2 % :pairs * 2 + 1
\set debit :first + :direction
\set credit :first + 1 - :direction
\barrier transfer
BEGIN;
SELECT id FROM account WHERE id IN (:debit, :credit) ORDER BY id FOR NO KEY UPDATE;
UPDATE account SET balance = balance - :amount WHERE id = :debit;
\sleep :window_us us
UPDATE account SET balance = balance + :amount WHERE id = :credit;
INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount);
\outcome transferred
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('lock_order_deadlock', 'nowait',
	'don''t wait for a lock: begin again where it is taken',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{55P03}');
SELECT @extschema@.ct_add_script('lock_order_deadlock', 'transfer', variant => 'nowait', body => $$
\set direction (:iteration - 1) % 2
\set first (:iteration - 1) / 2 % :pairs * 2 + 1
\set debit :first + :direction
\set credit :first + 1 - :direction
\barrier transfer
BEGIN;
SELECT id FROM account WHERE id = :debit FOR NO KEY UPDATE NOWAIT;
UPDATE account SET balance = balance - :amount WHERE id = :debit;
\sleep :window_us us
SELECT id FROM account WHERE id = :credit FOR NO KEY UPDATE NOWAIT;
UPDATE account SET balance = balance + :amount WHERE id = :credit;
INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount);
\outcome transferred
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('lock_order_deadlock', 'lock_timeout',
	'don''t wait long for a lock: begin again after lock_timeout',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{55P03}');
SELECT @extschema@.ct_add_script('lock_order_deadlock', 'transfer', variant => 'lock_timeout', body => $$
\set direction (:iteration - 1) % 2
\set first (:iteration - 1) / 2 % :pairs * 2 + 1
\set debit :first + :direction
\set credit :first + 1 - :direction
\barrier transfer
BEGIN;
SET LOCAL lock_timeout = :lock_timeout_ms;
UPDATE account SET balance = balance - :amount WHERE id = :debit;
\sleep :window_us us
UPDATE account SET balance = balance + :amount WHERE id = :credit;
INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount);
\outcome transferred
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('lock_order_deadlock', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('lock_order_deadlock', 'money_is_conserved',
	'SELECT sum(balance) AS observed, :balance * count(*) AS expected FROM account
	 HAVING sum(balance) <> :balance * count(*)',
	kind => 'lost_update', description => 'No money is made or lost.');
SELECT @extschema@.ct_add_check('lock_order_deadlock', 'transfers_are_booked',
	'SELECT count(*) AS observed, :outcome_transferred AS expected FROM transfer
	 HAVING count(*) <> :outcome_transferred',
	kind => 'broken_promise', description => 'What was answered with "transferred" is booked, once.');
