/*
 * isolation_write_skew: G2-item, two withdrawals that both were covered.
 *
 * The barriers are the schedule: both read, then both write.  Where reading
 * locks, the second one can't come to a barrier, so there is a pause in its
 * place, :window_us.
 */
SELECT @extschema@.ct_create_scenario('isolation_write_skew',
	category => 'isolation phenomena',
	description => 'G2-item: two withdrawals, from two accounts, are both covered by the sum of both.',
	story => $$
**G2-item, item anti-dependency cycle** (Adya 1999; A5B, *write skew*, in Berenson et al. 1995; the
ANSI standard doesn't know it): two transactions read the same rows, and each changes another one of
them: `r1(x) r1(y) r2(x) r2(y) w1(x) w2(y)`. Each of the changes is right by what was read; both
together break a rule over the rows. As they write different rows, there is no conflict that a row
lock could see.

In PostgreSQL it is **possible at READ COMMITTED and at REPEATABLE READ**, which is snapshot
isolation: both read from snapshots that were true. SERIALIZABLE prevents it: it watches who reads
what others write, and refuses one of the two with 40001, which has to be repeated.

In an application: a rule over several rows that each writer checks by itself. Here it is the
classic one: a customer may overdraw an account as long as both accounts together are not below
zero. Two cards are used at once, both purchases are covered, and together they are not. It is the
same with the last two admins who both resign, and with the doctors of `write_skew`.

The fixes:

- `serializable`: for rules that many pieces of code must keep. All who take part have to be at that
  level, and all of them have to repeat upon 40001.
- `for_update`: lock all the rows that you rely on, in one order, not just the one that you change.
  It works where the rows exist; if it is their absence that you rely on, see
  `isolation_anti_dependency_cycle`.
- `lock_parent`: lock the row that stands for all of them, the customer. Cheaper than many row
  locks.
- `repeatable_read_for_update`: locks at REPEATABLE READ refuse (40001) instead of showing what is
  new: the retries of SERIALIZABLE and the waits of locks, both. It is for code that runs there
  already.

What to look at: REPEATABLE READ is as broken as READ COMMITTED, with 0 retries: nothing noticed.
$$,
	params => '{"rounds": 20, "balance": 50, "amount": 80, "window_us": 5000}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE customer (
	id		int PRIMARY KEY,
	name	text NOT NULL
);
CREATE TABLE account (
	customer	int NOT NULL REFERENCES customer,
	kind		text NOT NULL CHECK (kind IN ('checking', 'savings')),
	balance		numeric(12, 2) NOT NULL,
	PRIMARY KEY (customer, kind)
);
CREATE TABLE withdrawal (
	id			bigint PRIMARY KEY,
	customer	int NOT NULL,
	kind		text NOT NULL,
	amount		numeric(12, 2) NOT NULL CHECK (amount > 0),
	total_seen	numeric(12, 2) NOT NULL,
	FOREIGN KEY (customer, kind) REFERENCES account
);
INSERT INTO customer SELECT i, 'Customer ' || i FROM generate_series(1, :rounds) i;
INSERT INTO account
	SELECT id, kind, :balance FROM customer, unnest(ARRAY['checking', 'savings']) kind;
$$);

/* Two transactions are a round: withdrawals from the two accounts of a customer. */
SELECT @extschema@.ct_add_script('isolation_write_skew', 'withdraw', $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set savings (:iteration - 1) % 2
\barrier round
BEGIN;
SELECT sum(balance) AS total FROM account WHERE customer = :customer \gset
\barrier read
\if :total >= :amount
	UPDATE account SET balance = balance - :amount
		WHERE customer = :customer AND kind = CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END;
	INSERT INTO withdrawal VALUES (:iteration, :customer,
		CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END, :amount, :total);
	\outcome paid_out
\else
	\outcome not_covered
\endif
COMMIT;
$$);
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'read_committed',
	'see whether both accounts together cover it, then take it from one',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken',
	isolation => 'repeatable read', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'serializable',
	'the same at SERIALIZABLE: one is refused, and repeated',
	isolation => 'serializable', expected_verdict => 'pass');

/* The locks are taken in one order; what was waited for is read as it is by then. */
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'for_update',
	'lock both accounts while reading them',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_write_skew', 'withdraw', variant => 'for_update', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set savings (:iteration - 1) % 2
\barrier round
BEGIN;
SELECT sum(balance) AS total FROM (
	SELECT balance FROM account WHERE customer = :customer ORDER BY kind FOR UPDATE) locked \gset
\sleep :window_us us
\if :total >= :amount
	UPDATE account SET balance = balance - :amount
		WHERE customer = :customer AND kind = CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END;
	INSERT INTO withdrawal VALUES (:iteration, :customer,
		CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END, :amount, :total);
	\outcome paid_out
\else
	\outcome not_covered
\endif
COMMIT;
$$);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'lock_parent',
	'lock the customer before reading the accounts',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_write_skew', 'withdraw',
	variant => 'lock_parent', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set savings (:iteration - 1) % 2
\barrier round
BEGIN;
SELECT id FROM customer WHERE id = :customer FOR NO KEY UPDATE;
SELECT sum(balance) AS total FROM account WHERE customer = :customer \gset
\sleep :window_us us
\if :total >= :amount
	UPDATE account SET balance = balance - :amount
		WHERE customer = :customer AND kind = CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END;
	INSERT INTO withdrawal VALUES (:iteration, :customer,
		CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END, :amount, :total);
	\outcome paid_out
\else
	\outcome not_covered
\endif
COMMIT;
$$);

/* Here it is refused after the wait: the snapshot is older than what it waited for. */
SELECT @extschema@.ct_add_variant('isolation_write_skew', 'repeatable_read_for_update',
	'lock both accounts at REPEATABLE READ: the second one is refused, and repeated',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_write_skew', 'withdraw',
	variant => 'repeatable_read_for_update', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set savings (:iteration - 1) % 2
\barrier round
BEGIN;
SELECT sum(balance) AS total FROM (
	SELECT balance FROM account WHERE customer = :customer ORDER BY kind FOR UPDATE) locked \gset
\sleep :window_us us
\if :total >= :amount
	UPDATE account SET balance = balance - :amount
		WHERE customer = :customer AND kind = CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END;
	INSERT INTO withdrawal VALUES (:iteration, :customer,
		CASE :savings WHEN 1 THEN 'savings' ELSE 'checking' END, :amount, :total);
	\outcome paid_out
\else
	\outcome not_covered
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('isolation_write_skew', 'covered_by_both',
	'SELECT a.customer, sum(a.balance) AS observed, ''>= 0'' AS expected,
		(SELECT array_agg(w.kind || '' saw '' || w.total_seen ORDER BY w.id)
		 FROM withdrawal w WHERE w.customer = a.customer) AS withdrawals
	 FROM account a GROUP BY a.customer HAVING sum(a.balance) < 0 ORDER BY a.customer',
	kind => 'write_skew', description => 'Both accounts of a customer together are not below zero.');
SELECT @extschema@.ct_add_check('isolation_write_skew', 'covered_is_paid_out',
	'SELECT count(DISTINCT customer) AS observed, least(:rounds, :transactions / 2) AS expected
	 FROM withdrawal
	 HAVING count(DISTINCT customer) < least(:rounds, :transactions / 2)
		AND 2.0 * :balance >= :amount',
	kind => 'false_refusal', description => 'A withdrawal that is covered by itself is paid out.');
SELECT @extschema@.ct_add_check('isolation_write_skew', 'withdrawals_are_booked',
	'SELECT a.customer, a.kind, a.balance AS observed, :balance - sum(w.amount) AS expected
	 FROM account a JOIN withdrawal w ON w.customer = a.customer AND w.kind = a.kind
	 GROUP BY a.customer, a.kind HAVING a.balance <> :balance - sum(w.amount) ORDER BY a.customer, a.kind',
	kind => 'lost_update', description => 'A balance is what was there less what was withdrawn.');
SELECT @extschema@.ct_add_check('isolation_write_skew', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_paid_out AS expected FROM withdrawal
	 HAVING count(*) <> :outcome_paid_out OR :outcome_paid_out + :outcome_not_covered <> :transactions',
	kind => 'broken_promise', description => 'What was paid out is booked, and everybody got an answer.');
