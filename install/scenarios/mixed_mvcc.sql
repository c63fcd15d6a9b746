/*
 * mixed_mvcc: reports and transfers side by side.  Every other worker writes,
 * by its number.  In each round (the barrier) the others come :window_us later:
 * the readers in the first half of the run, the writers in the second.
 */
SELECT @extschema@.ct_create_scenario('mixed_mvcc',
	category => 'throughput',
	description => 'A report locks the rows that it reads: it waits for writers, and they wait for it.',
	story => $$
The bug: a report adds up the accounts in two queries, while customers move
money from one to the other.  It didn't add up (`two_statements`: at READ
COMMITTED each statement sees what is committed when it begins), so somebody
made the report lock what it reads: FOR SHARE, or the whole table.  Now it
adds up; but it waits for every transfer under way, and all transfers wait
until the report is done.

Under MVCC neither has to wait.  Readers see the rows as of their snapshot,
whatever is being written.  What the report needs is *one* snapshot for all
that it reads: `one_statement` where a single query can do it, else
`repeatable_read`, which keeps the transaction's first snapshot.  REPEATABLE
READ costs a transaction that only reads nothing, and it never fails there.
`serializable` is needed only if what was read decides what is written; it
doesn't wait, either, but has to be repeated sometimes.

Readers and writers put down how long their first statement took, by
clock_timestamp() before and after.  The check wants four in five of them to
be served within :patience_ms; so a busy processor isn't taken for a lock.

What to look at: `readers_wait` and `writers_wait` among the anomalies, with
the median and the longest wait; `waited` in ct_runs counts the transactions
that slept on a lock.

Not to be explored: what goes wrong is how long readers and writers wait,
and no order of steps makes time pass.
$$,
	params => '{"turns": 60, "accounts": 10, "balance": 1000, "amount": 10,
		"write_us": 20000, "read_us": 30000, "window_us": 5000, "patience_ms": 8}',
	explore_params => NULL,
	transactions_expr => ':turns',
	setup => $$
CREATE TABLE account (
	id		int PRIMARY KEY,
	kind	text NOT NULL CHECK (kind IN ('checking', 'savings')),
	balance	numeric(12, 2) NOT NULL
);
INSERT INTO account SELECT i, CASE WHEN i <= :accounts THEN 'checking' ELSE 'savings' END, :balance
	FROM generate_series(1, 2 * :accounts) i;
CREATE TABLE transfer (
	id		bigint PRIMARY KEY,
	debit	int NOT NULL REFERENCES account,
	credit	int NOT NULL REFERENCES account,
	amount	numeric(12, 2) NOT NULL,
	waited	interval NOT NULL
);
CREATE TABLE report (
	id			bigint PRIMARY KEY,
	checking	numeric NOT NULL,
	savings		numeric NOT NULL,
	waited		interval NOT NULL
);
$$);

/* What "repeatable_read" and "serializable" run, too. */
SELECT @extschema@.ct_add_script('mixed_mvcc', 'turn', $$
\set writes :client_id % 2 = 0
\set debit :client_id % :accounts + 1
\set credit :debit + :accounts
\set writers_late :iteration > :turns / 2
\set late (case when :writes then :writers_late else not :writers_late end)
\barrier round
\if :late
	\sleep :window_us us
\endif
BEGIN;
SELECT clock_timestamp()::text AS asked \gset
\if :writes
	UPDATE account SET balance = balance - :amount WHERE id = :debit;
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :write_us us
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	INSERT INTO transfer VALUES (:iteration, :debit, :credit, :amount, :waited::interval);
	\outcome transferred
\else
	SELECT sum(balance)::text AS checking FROM account WHERE kind = 'checking' \gset
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :read_us us
	SELECT sum(balance)::text AS savings FROM account WHERE kind = 'savings' \gset
	INSERT INTO report VALUES (:iteration, :checking::numeric, :savings::numeric, :waited::interval);
	\outcome reported
\endif
COMMIT;
$$);

/* The bug */
SELECT @extschema@.ct_add_variant('mixed_mvcc', 'for_share',
	'the report locks the rows that it reads, FOR SHARE',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('mixed_mvcc', 'turn', variant => 'for_share', body => $$
\set writes :client_id % 2 = 0
\set debit :client_id % :accounts + 1
\set credit :debit + :accounts
\set writers_late :iteration > :turns / 2
\set late (case when :writes then :writers_late else not :writers_late end)
\barrier round
\if :late
	\sleep :window_us us
\endif
BEGIN;
SELECT clock_timestamp()::text AS asked \gset
\if :writes
	UPDATE account SET balance = balance - :amount WHERE id = :debit;
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :write_us us
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	INSERT INTO transfer VALUES (:iteration, :debit, :credit, :amount, :waited::interval);
	\outcome transferred
\else
	SELECT sum(balance)::text AS checking
		FROM (SELECT balance FROM account WHERE kind = 'checking' ORDER BY id FOR SHARE) a \gset
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :read_us us
	SELECT sum(balance)::text AS savings
		FROM (SELECT balance FROM account WHERE kind = 'savings' ORDER BY id FOR SHARE) a \gset
	INSERT INTO report VALUES (:iteration, :checking::numeric, :savings::numeric, :waited::interval);
	\outcome reported
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('mixed_mvcc', 'lock_table',
	'the report locks the whole table against writers',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('mixed_mvcc', 'turn', variant => 'lock_table', body => $$
\set writes :client_id % 2 = 0
\set debit :client_id % :accounts + 1
\set credit :debit + :accounts
\set writers_late :iteration > :turns / 2
\set late (case when :writes then :writers_late else not :writers_late end)
\barrier round
\if :late
	\sleep :window_us us
\endif
BEGIN;
SELECT clock_timestamp()::text AS asked \gset
\if :writes
	UPDATE account SET balance = balance - :amount WHERE id = :debit;
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :write_us us
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	INSERT INTO transfer VALUES (:iteration, :debit, :credit, :amount, :waited::interval);
	\outcome transferred
\else
	LOCK TABLE account IN SHARE MODE;
	SELECT sum(balance)::text AS checking FROM account WHERE kind = 'checking' \gset
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :read_us us
	SELECT sum(balance)::text AS savings FROM account WHERE kind = 'savings' \gset
	INSERT INTO report VALUES (:iteration, :checking::numeric, :savings::numeric, :waited::interval);
	\outcome reported
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('mixed_mvcc', 'two_statements',
	'no locks, but a snapshot per statement: nobody waits, and the report doesn''t add up',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('mixed_mvcc', 'one_statement',
	'the report is one statement, and so sees one snapshot',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('mixed_mvcc', 'turn', variant => 'one_statement', body => $$
\set writes :client_id % 2 = 0
\set debit :client_id % :accounts + 1
\set credit :debit + :accounts
\set writers_late :iteration > :turns / 2
\set late (case when :writes then :writers_late else not :writers_late end)
\barrier round
\if :late
	\sleep :window_us us
\endif
BEGIN;
SELECT clock_timestamp()::text AS asked \gset
\if :writes
	UPDATE account SET balance = balance - :amount WHERE id = :debit;
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :write_us us
	UPDATE account SET balance = balance + :amount WHERE id = :credit;
	INSERT INTO transfer VALUES (:iteration, :debit, :credit, :amount, :waited::interval);
	\outcome transferred
\else
	SELECT sum(balance) FILTER (WHERE kind = 'checking')::text AS checking,
		sum(balance) FILTER (WHERE kind = 'savings')::text AS savings FROM account \gset
	SELECT (clock_timestamp() - :asked::timestamptz)::text AS waited \gset
	\sleep :read_us us
	INSERT INTO report VALUES (:iteration, :checking::numeric, :savings::numeric, :waited::interval);
	\outcome reported
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('mixed_mvcc', 'repeatable_read',
	'two statements in one snapshot, that of the transaction',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_variant('mixed_mvcc', 'serializable',
	'the same at SERIALIZABLE: nobody waits here, either',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('mixed_mvcc', 'readers_wait',
	'SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY ms) AS observed, :patience_ms AS expected,
		percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS median, max(ms) AS longest, count(*) AS reports
	 FROM (SELECT round(extract(epoch FROM waited) * 1000, 1) AS ms FROM report) w
	 HAVING percentile_disc(0.8) WITHIN GROUP (ORDER BY ms) > :patience_ms',
	kind => 'reader_blocked',
	description => 'Four in five readers are served within :patience_ms: they don''t wait for writers.');
SELECT @extschema@.ct_add_check('mixed_mvcc', 'writers_wait',
	'SELECT percentile_disc(0.8) WITHIN GROUP (ORDER BY ms) AS observed, :patience_ms AS expected,
		percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) AS median, max(ms) AS longest, count(*) AS transfers
	 FROM (SELECT round(extract(epoch FROM waited) * 1000, 1) AS ms FROM transfer) w
	 HAVING percentile_disc(0.8) WITHIN GROUP (ORDER BY ms) > :patience_ms',
	kind => 'writer_blocked',
	description => 'Four in five writers are served within :patience_ms: they don''t wait for readers.');
SELECT @extschema@.ct_add_check('mixed_mvcc', 'reports_add_up',
	'SELECT id AS report, checking, savings, checking + savings AS observed,
		2 * :accounts * :balance AS expected
	 FROM report WHERE checking + savings <> 2 * :accounts * :balance ORDER BY id',
	kind => 'read_skew', description => 'Each report shows all of the money, and none of it twice.');
SELECT @extschema@.ct_add_check('mixed_mvcc', 'transfers_are_booked',
	'SELECT a.id AS account, a.balance AS observed, :balance + b.booked AS expected
	 FROM account a, LATERAL (
		SELECT coalesce(sum(CASE WHEN t.credit = a.id THEN t.amount ELSE -t.amount END), 0) AS booked
		FROM transfer t WHERE a.id IN (t.debit, t.credit)) b
	 WHERE a.balance <> :balance + b.booked ORDER BY a.id',
	kind => 'lost_update', description => 'Each balance is what its transfers make of it.');
SELECT @extschema@.ct_add_check('mixed_mvcc', 'answers_are_true',
	'SELECT (SELECT count(*) FROM transfer) + (SELECT count(*) FROM report) AS observed,
		:outcome_transferred + :outcome_reported AS expected
	 WHERE (SELECT count(*) FROM transfer) <> :outcome_transferred
		OR (SELECT count(*) FROM report) <> :outcome_reported
		OR :outcome_transferred + :outcome_reported <> :transactions',
	kind => 'broken_promise', description => 'What was answered with "transferred" or "reported" is there.');
