/*
 * isolation_read_skew: G-single, money that is in two places at once.
 *
 * The barriers are the schedule: the report reads one account, a transfer
 * takes place, the report reads the other account.  Where the report holds a
 * lock that keeps the transfer out, that can't come to a barrier:
 * "transferred" is the report's alone then, and lets go as soon as the
 * transfer sleeps.
 */
SELECT @extschema@.ct_create_scenario('isolation_read_skew',
	category => 'isolation phenomena',
	description => 'G-single: a report reads two accounts, before and after a transfer: the sum is wrong.',
	story => $$
**G-single, single anti-dependency cycle** (Adya 1999; A5A, *read skew*, in Berenson et al. 1995;
where it is the same row that is read twice, P2, *non-repeatable read*, of the ANSI standard): a
transaction reads one row, another one changes that and a second row and commits, and then the first
one reads the second row: `r1(x) w2(x) w2(y) c2 r1(y)`. Its `x` is from before the other one, its
`y` from after it.

In PostgreSQL it is **possible at READ COMMITTED**, where each statement has a snapshot of its own.
REPEATABLE READ and SERIALIZABLE have one for the transaction, and prevent it.

In an application: reports, exports, balance sheets, a page whose parts come of several queries, a
backup by SELECTs. Here money is moved from checking to savings between the two queries of a report,
which then counts it twice. No data is damaged, so nobody can find out later why the figure was
wrong.

The fixes, best first:

- `repeatable_read`: what a report wants. It is never refused, for it writes nothing that others
  write; add READ ONLY to be sure of that.
- `one_statement`: what is read in one statement is from one snapshot at each level.
- `for_share`: lock all the rows first. Only if they are to be changed depending on what was read:
  it makes the transfer wait for the report.

What to look at: `sum_is_constant` shows the two balances as they were read. All variants but
`for_share` let the transfer pass: look at `lock_wait` in `ct_latencies`.
$$,
	params => '{"rounds": 20, "balance": 500, "amount": 100}',
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
CREATE TABLE transfer (
	id			bigint PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	amount		numeric(12, 2) NOT NULL
);
CREATE TABLE report (
	id			bigint PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	checking	numeric(12, 2) NOT NULL,
	savings		numeric(12, 2) NOT NULL
);
INSERT INTO customer SELECT i, 'Customer ' || i FROM generate_series(1, :rounds) i;
INSERT INTO account
	SELECT id, kind, :balance FROM customer, unnest(ARRAY['checking', 'savings']) kind;
$$);

/*
 * Two transactions are a round: a report, and a transfer.  A customer who
 * comes again, in a run of more rounds than customers, moves it back.
 */
SELECT @extschema@.ct_add_script('isolation_read_skew', 'report_or_transfer', $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set transfers (:iteration - 1) % 2
\set moved :amount * (1 - (:iteration - 1) / 2 / :rounds % 2 * 2)
\barrier round
BEGIN;
\if :transfers
	\barrier half_read
	UPDATE account SET balance = balance - :moved WHERE customer = :customer AND kind = 'checking';
	UPDATE account SET balance = balance + :moved WHERE customer = :customer AND kind = 'savings';
	INSERT INTO transfer VALUES (:iteration, :customer, :moved);
	\outcome transferred
	COMMIT;
	\barrier transferred
\else
	SELECT balance AS checking FROM account WHERE customer = :customer AND kind = 'checking' \gset
	\barrier half_read
	\barrier transferred
	SELECT balance AS savings FROM account WHERE customer = :customer AND kind = 'savings' \gset
	INSERT INTO report VALUES (:iteration, :customer, :checking, :savings);
	\outcome reported
	COMMIT;
\endif
$$);
SELECT @extschema@.ct_add_variant('isolation_read_skew', 'read_committed',
	'read one account, then the other',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_read_skew', 'repeatable_read',
	'the same at REPEATABLE READ: both from one snapshot',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_read_skew', 'serializable',
	'the same at SERIALIZABLE: both from one snapshot',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('isolation_read_skew', 'one_statement',
	'read both accounts in one statement',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_read_skew', 'report_or_transfer',
	variant => 'one_statement', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set transfers (:iteration - 1) % 2
\set moved :amount * (1 - (:iteration - 1) / 2 / :rounds % 2 * 2)
\barrier round
BEGIN;
\if :transfers
	UPDATE account SET balance = balance - :moved WHERE customer = :customer AND kind = 'checking';
	\barrier half_moved
	UPDATE account SET balance = balance + :moved WHERE customer = :customer AND kind = 'savings';
	INSERT INTO transfer VALUES (:iteration, :customer, :moved);
	\outcome transferred
	COMMIT;
\else
	SELECT name FROM customer WHERE id = :customer;
	\barrier half_moved
	SELECT sum(balance) FILTER (WHERE kind = 'checking') AS checking,
		sum(balance) FILTER (WHERE kind = 'savings') AS savings
		FROM account WHERE customer = :customer \gset
	INSERT INTO report VALUES (:iteration, :customer, :checking, :savings);
	\outcome reported
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('isolation_read_skew', 'for_share',
	'lock both accounts FOR SHARE, then read them: the transfer waits',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_read_skew', 'report_or_transfer',
	variant => 'for_share', body => $$
\set customer (:iteration - 1) / 2 % :rounds + 1
\set transfers (:iteration - 1) % 2
\set moved :amount * (1 - (:iteration - 1) / 2 / :rounds % 2 * 2)
\barrier round
BEGIN;
\if :transfers
	\barrier half_read
	UPDATE account SET balance = balance - :moved WHERE customer = :customer AND kind = 'checking';
	UPDATE account SET balance = balance + :moved WHERE customer = :customer AND kind = 'savings';
	INSERT INTO transfer VALUES (:iteration, :customer, :moved);
	\outcome transferred
	COMMIT;
\else
	SELECT kind FROM account WHERE customer = :customer ORDER BY kind FOR SHARE;
	SELECT balance AS checking FROM account WHERE customer = :customer AND kind = 'checking' \gset
	\barrier half_read
	\barrier transferred
	SELECT balance AS savings FROM account WHERE customer = :customer AND kind = 'savings' \gset
	INSERT INTO report VALUES (:iteration, :customer, :checking, :savings);
	\outcome reported
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('isolation_read_skew', 'sum_is_constant',
	'SELECT r.customer, r.checking + r.savings AS observed, 2.0 * :balance AS expected,
		r.checking, r.savings, r.id AS report
	 FROM report r WHERE r.checking + r.savings <> 2.0 * :balance ORDER BY r.id',
	kind => 'read_skew', description => 'A report''s accounts add up to what the customer has.');
SELECT @extschema@.ct_add_check('isolation_read_skew', 'transfers_are_booked',
	'SELECT a.customer, a.balance AS observed, :balance - sum(t.amount) AS expected
	 FROM account a JOIN transfer t ON t.customer = a.customer
	 WHERE a.kind = ''checking''
	 GROUP BY a.customer, a.kind HAVING a.balance <> :balance - sum(t.amount) ORDER BY a.customer',
	kind => 'lost_update', description => 'A balance is what was there less what was moved.');
SELECT @extschema@.ct_add_check('isolation_read_skew', 'answers_are_true',
	'SELECT (SELECT count(*) FROM transfer) AS observed, :outcome_transferred AS expected,
		(SELECT count(*) FROM report) AS reports, :outcome_reported AS reported
	 WHERE (SELECT count(*) FROM transfer) <> :outcome_transferred
		OR (SELECT count(*) FROM report) <> :outcome_reported
		OR :outcome_transferred + :outcome_reported <> :transactions',
	kind => 'broken_promise', description => 'Each report and each transfer is there, and none was refused.');
