/* account_transfers: double-entry bookkeeping, and the sum of all balances. */
SELECT @extschema@.ct_create_scenario('account_transfers',
	category => 'races on rows',
	description => 'Transfers read balances, then write them: money is made and lost, the books don''t agree.',
	story => $$
The bug: a transfer reads the balances of the payer, the payee and the
bank's fee account, computes in the program, and writes three balances
back.  Each of them may overwrite what another transfer has written since:
money is made out of nothing, or lost.  The journal, which is only ever
inserted into, shows it: balances and entries don't agree.

A transfer here is what it is in a ledger: a row in transfer, three
balances, and three entries that add up to zero.  Payer, payee and amount
are random (the run's seed draws the same ones again), transfers come in
waves of as many as there are workers (the barrier), and each takes
:window_us to decide.

All of them write their accounts by ascending id, the bank's last: without
that, two transfers in opposite directions deadlock, which is another bug
(lock_order_deadlock).

What to look at: every transfer pays a fee into one row, the bank's.  So
whatever locks all rows while it decides (ordered_locks), or begins again
when any of them has changed (optimistic, repeatable_read, serializable),
has transfers one at a time, whoever they are between.  lock_parties locks
payer and payee, and only adds to the bank's balance, as its last statement.
atomic locks nobody while it decides: the UPDATEs add and subtract, and a
CHECK refuses who has too little.  ledger does without balances: only the
payer is locked, the balance is the sum of the entries, and there is no hot
row at all.  The price is the sum, until somebody carries it forward.
$$,
	params => '{"accounts": 4, "transfers": 100, "opening": 100, "max_amount": 90, "fee": 1, "window_us": 1000}',
	explore_params => '{"accounts": 2, "window_us": 0}',
	transactions_expr => ':transfers',
	setup => $$
CREATE TABLE account (
	id		int PRIMARY KEY,
	owner	text NOT NULL,
	balance	numeric(14, 2) NOT NULL,
	version	int NOT NULL DEFAULT 1
);
CREATE TABLE transfer (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	debit	int NOT NULL REFERENCES account,
	credit	int NOT NULL REFERENCES account,
	amount	numeric(14, 2) NOT NULL CHECK (amount > 0),
	made_at	timestamptz NOT NULL DEFAULT now(),
	CHECK (debit <> credit)
);
CREATE TABLE entry (
	transfer	int NOT NULL REFERENCES transfer,
	account		int NOT NULL REFERENCES account,
	amount		numeric(14, 2) NOT NULL,
	PRIMARY KEY (transfer, account)
);
CREATE INDEX ON entry (account);
INSERT INTO account SELECT i, 'customer ' || i, :opening FROM generate_series(1, :accounts) i;
INSERT INTO account SELECT :accounts + 1, 'the bank', 0;
CREATE VIEW balance AS SELECT id AS account, owner, balance FROM account;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT balance AS debit_balance FROM account WHERE id = :debit \gset
SELECT balance AS credit_balance FROM account WHERE id = :credit \gset
SELECT balance AS bank_balance FROM account WHERE id = :bank \gset
\sleep :window_us us
\if :debit_balance >= :amount + :fee
	\if :debit < :credit
		UPDATE account SET balance = :debit_balance::numeric - :amount - :fee WHERE id = :debit;
		UPDATE account SET balance = :credit_balance::numeric + :amount WHERE id = :credit;
	\else
		UPDATE account SET balance = :credit_balance::numeric + :amount WHERE id = :credit;
		UPDATE account SET balance = :debit_balance::numeric - :amount - :fee WHERE id = :debit;
	\endif
	UPDATE account SET balance = :bank_balance::numeric + :fee WHERE id = :bank;
	INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
		RETURNING id AS transfer \gset
	INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
		(:transfer, :credit, :amount), (:transfer, :bank, :fee);
	\outcome transferred
\else
	\outcome insufficient_funds
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('account_transfers', 'read_then_write',
	'read the balances, then write the new ones',
	isolation => 'read committed', expected_verdict => 'fail');

/* One statement, sorted: FOR UPDATE locks in the order in which the rows come. */
SELECT @extschema@.ct_add_variant('account_transfers', 'ordered_locks',
	'lock all three accounts by ascending id, then read and write',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', variant => 'ordered_locks', body => $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT id FROM account WHERE id IN (:debit, :credit, :bank) ORDER BY id FOR NO KEY UPDATE;
SELECT balance AS debit_balance FROM account WHERE id = :debit \gset
SELECT balance AS credit_balance FROM account WHERE id = :credit \gset
SELECT balance AS bank_balance FROM account WHERE id = :bank \gset
\sleep :window_us us
\if :debit_balance >= :amount + :fee
	UPDATE account SET balance = :debit_balance::numeric - :amount - :fee WHERE id = :debit;
	UPDATE account SET balance = :credit_balance::numeric + :amount WHERE id = :credit;
	UPDATE account SET balance = :bank_balance::numeric + :fee WHERE id = :bank;
	INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
		RETURNING id AS transfer \gset
	INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
		(:transfer, :credit, :amount), (:transfer, :bank, :fee);
	\outcome transferred
\else
	\outcome insufficient_funds
\endif
COMMIT;
$$);

/* The payee is locked by the same statement, or else who pays them back deadlocks with us. */
SELECT @extschema@.ct_add_variant('account_transfers', 'lock_parties',
	'lock payer and payee by ascending id; only add to the bank''s account, at the end',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', variant => 'lock_parties', body => $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT id FROM account WHERE id IN (:debit, :credit) ORDER BY id FOR NO KEY UPDATE;
SELECT balance AS debit_balance FROM account WHERE id = :debit \gset
\sleep :window_us us
\if :debit_balance >= :amount + :fee
	UPDATE account SET balance = balance - :amount - :fee WHERE id = :debit;
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
		RETURNING id AS transfer \gset
	INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
		(:transfer, :credit, :amount), (:transfer, :bank, :fee);
	UPDATE account SET balance = balance + :fee WHERE id = :bank;
	\outcome transferred
\else
	\outcome insufficient_funds
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('account_transfers', 'atomic',
	'UPDATEs that add and subtract, lower id first; CHECK (balance >= 0) refuses',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE account ADD CONSTRAINT no_overdraft CHECK (balance >= 0)',
	expected_errors => '{23514=insufficient_funds}');
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', variant => 'atomic', body => $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT balance FROM account WHERE id = :debit; -- shown to the customer, not relied upon
\sleep :window_us us
\if :debit < :credit
	UPDATE account SET balance = balance - :amount - :fee WHERE id = :debit;
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
\else
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	UPDATE account SET balance = balance - :amount - :fee WHERE id = :debit;
\endif
INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
	RETURNING id AS transfer \gset
INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
	(:transfer, :credit, :amount), (:transfer, :bank, :fee);
UPDATE account SET balance = balance + :fee WHERE id = :bank;
\outcome transferred
COMMIT;
$$);

/* \gset wants a row: the error it raises where there is none repeats the whole transfer. */
SELECT @extschema@.ct_add_variant('account_transfers', 'optimistic',
	'write only if the versions are still those that were read, else begin again',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{no_data_found}');
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', variant => 'optimistic', body => $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT balance AS debit_balance, version AS debit_version FROM account WHERE id = :debit \gset
SELECT balance AS credit_balance, version AS credit_version FROM account WHERE id = :credit \gset
SELECT balance AS bank_balance, version AS bank_version FROM account WHERE id = :bank \gset
\sleep :window_us us
\if :debit_balance >= :amount + :fee
	\if :debit < :credit
		UPDATE account SET balance = :debit_balance::numeric - :amount - :fee, version = version + 1
			WHERE id = :debit AND version = :debit_version RETURNING version \gset
		UPDATE account SET balance = :credit_balance::numeric + :amount, version = version + 1
			WHERE id = :credit AND version = :credit_version RETURNING version \gset
	\else
		UPDATE account SET balance = :credit_balance::numeric + :amount, version = version + 1
			WHERE id = :credit AND version = :credit_version RETURNING version \gset
		UPDATE account SET balance = :debit_balance::numeric - :amount - :fee, version = version + 1
			WHERE id = :debit AND version = :debit_version RETURNING version \gset
	\endif
	UPDATE account SET balance = :bank_balance::numeric + :fee, version = version + 1
		WHERE id = :bank AND version = :bank_version RETURNING version \gset
	INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
		RETURNING id AS transfer \gset
	INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
		(:transfer, :credit, :amount), (:transfer, :bank, :fee);
	\outcome transferred
\else
	\outcome insufficient_funds
\endif
COMMIT;
$$);

/* The view "balance", which the checks look at, becomes the sum of the entries. */
SELECT @extschema@.ct_add_variant('account_transfers', 'ledger',
	'no balances: lock the payer, sum up their entries, insert the new ones',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE account RENAME balance TO opening_balance;
CREATE OR REPLACE VIEW balance AS
	SELECT id AS account, owner, (opening_balance + coalesce((
		SELECT sum(amount) FROM entry WHERE entry.account = account.id), 0))::numeric(14, 2) AS balance
	FROM account;
$$);
SELECT @extschema@.ct_add_script('account_transfers', 'transfer', variant => 'ledger', body => $$
\set debit random(1, :accounts)
\set credit (:debit + random(0, :accounts - 2)) % :accounts + 1
\set bank :accounts + 1
\set amount random(1, :max_amount)
\barrier wave
BEGIN;
SELECT id FROM account WHERE id = :debit FOR NO KEY UPDATE;
SELECT balance AS debit_balance FROM balance WHERE account = :debit \gset
\sleep :window_us us
\if :debit_balance >= :amount + :fee
	INSERT INTO transfer (debit, credit, amount) VALUES (:debit, :credit, :amount)
		RETURNING id AS transfer \gset
	INSERT INTO entry VALUES (:transfer, :debit, -(:amount::int + :fee::int)),
		(:transfer, :credit, :amount), (:transfer, :bank, :fee);
	\outcome transferred
\else
	\outcome insufficient_funds
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('account_transfers', 'repeatable_read',
	'the code of the first at REPEATABLE READ, repeated as a whole when refused',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_variant('account_transfers', 'serializable',
	'the code of the first at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('account_transfers', 'money_is_conserved',
	'SELECT sum(balance) AS observed, :opening * :accounts AS expected FROM balance
	 HAVING sum(balance) <> :opening * :accounts',
	kind => 'lost_update', description => 'No money is made or lost: the sum of all balances stays.');
SELECT @extschema@.ct_add_check('account_transfers', 'books_agree',
	'SELECT b.account, b.owner, b.balance AS observed, e.should_be AS expected, e.entries
	 FROM balance b, LATERAL (
		SELECT CASE WHEN b.account <= :accounts THEN :opening ELSE 0 END + coalesce(sum(amount), 0)
			AS should_be, count(*) AS entries
		FROM entry WHERE account = b.account) e
	 WHERE b.balance <> e.should_be ORDER BY b.account',
	kind => 'lost_update', description => 'An account''s balance is its opening balance and its entries.');
/* A transfer takes its id after it has looked, so whatever it could rely on has a lower one. */
SELECT @extschema@.ct_add_check('account_transfers', 'no_overdraft',
	'SELECT account, transfer, left_over AS observed, 0 AS expected, amount
	 FROM (SELECT account, transfer, amount,
			:opening + sum(amount) OVER (PARTITION BY account ORDER BY transfer) AS left_over
		FROM entry WHERE account <= :accounts) e
	 WHERE left_over < 0 AND amount < 0 ORDER BY account, transfer',
	kind => 'overdraft', description => 'Nobody ever spends more, by the entries, than they have.');
SELECT @extschema@.ct_add_check('account_transfers', 'entries_add_up',
	'SELECT t.id AS transfer, sum(e.amount) AS observed, 0 AS expected, count(e.account) AS entries
	 FROM transfer t LEFT JOIN entry e ON e.transfer = t.id
	 GROUP BY t.id HAVING sum(e.amount) IS DISTINCT FROM 0 OR count(e.account) <> 3 ORDER BY t.id',
	kind => 'unbalanced', description => 'The three entries of a transfer add up to zero.');
SELECT @extschema@.ct_add_check('account_transfers', 'transfers_are_answers',
	'SELECT count(*) AS observed, :outcome_transferred AS expected FROM transfer
	 HAVING count(*) <> :outcome_transferred',
	kind => 'broken_promise', description => 'What was answered with "transferred" is booked, once.');
SELECT @extschema@.ct_add_check('account_transfers', 'who_has_can_pay',
	'SELECT :outcome_insufficient_funds AS observed, :transactions - 1 AS expected
	 WHERE :outcome_insufficient_funds = :transactions AND :opening >= :max_amount + :fee
	 UNION ALL
	 SELECT :outcome_insufficient_funds, 0
	 WHERE :outcome_insufficient_funds > 0 AND :opening >= (:max_amount + :fee) * :transactions',
	kind => 'false_refusal',
	description => 'Not everybody hears "insufficient funds", and nobody whose opening balance is enough for all.');
