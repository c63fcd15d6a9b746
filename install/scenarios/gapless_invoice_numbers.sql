/*
 * gapless_invoice_numbers: 1, 2, 3, ... without duplicates and without gaps.
 *
 * Invoices are written in waves of as many as there are workers (the barrier).
 * Every :decline_every-th one is rolled back on purpose, after it has its
 * number; 0: none.
 */
SELECT @extschema@.ct_create_scenario('gapless_invoice_numbers',
	category => 'uniqueness',
	description => 'max(number) + 1 gives two invoices one number; a sequence leaves gaps on rollback.',
	story => $$
Tax law in many countries wants invoice numbers without duplicates *and* without gaps. The two ways
that everybody tries first each break one half of it:

- `max_plus_one`: `SELECT max(number) + 1` doesn't see numbers that others have just taken and not
  committed yet. Two invoices get the same number.
- `sequence`: sequences (`serial`, `IDENTITY`) never give a number twice, and never take one back.
  Each rollback leaves a gap; so do crashes, cached values (`CACHE`), and `ON CONFLICT DO NOTHING`.
  They don't even promise that numbers are committed in their order.

Here invoices are written in waves of as many as there are workers, every `decline_every`-th one is
rolled back after it got its number, since the payment was declined, and the rest of the work takes
`window_us`.

No gaps means that nobody can have the next number before it is known whether this one stays. So
all right variants make the invoices of a series wait for each other; the question is for how long:

- `counter_row`: `UPDATE ... SET last_number = last_number + 1 RETURNING`, in the same transaction.
  A rollback takes the number back with it. The row lock lasts to the commit: look at `p50_ms`.
- `counter_row_late`: the same, but the number is taken as the last thing before COMMIT, so the
  others wait for the commit only. Take this one.
- `advisory_lock`: max + 1 under a lock; needs no counter, and an index on the number to be fast.
- `unique_retry`: a unique constraint, repeated upon 23505. Good only where two at once are rare;
  look at `retries`.
- `serializable`: right without the constraint, and repeated just as often.

Use one counter row per series (year, branch), and the unique constraint in any case. Where numbers
may come a moment later, use an identity column as the key and let one job number the committed
invoices in a batch: then nobody waits at all.

In an exploration nobody declines, so that the sequence has no gap: explore
it with params => '{"decline_every": 2}'.
$$,
	params => '{"invoices": 100, "decline_every": 5, "window_us": 1000}',
	explore_params => '{"decline_every": 0, "window_us": 0}',
	transactions_expr => ':invoices',
	setup => $$
CREATE TABLE invoice (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	number		int NOT NULL,
	customer	int NOT NULL,
	amount		numeric(10,2) NOT NULL CHECK (amount > 0)
);
CREATE INDEX invoice_number ON invoice (number);
CREATE TABLE invoice_counter (
	series		int PRIMARY KEY,
	last_number	int NOT NULL
);
INSERT INTO invoice_counter VALUES (2030, 0);
CREATE SEQUENCE invoice_number_seq;
$$);

/* The bug, and what "unique_retry" and "serializable" run. */
SELECT @extschema@.ct_add_script('gapless_invoice_numbers', 'issue', $$
\set declined case when :decline_every > 0 then :iteration % :decline_every = 0 else false end
\barrier issue
BEGIN;
SELECT coalesce(max(number), 0) + 1 AS number FROM invoice \gset
INSERT INTO invoice (number, customer, amount) VALUES (:number, :iteration, 19.90);
\sleep :window_us us
\if :declined
	ROLLBACK;
	\outcome declined
\else
	\outcome issued
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'max_plus_one',
	'max(number) + 1: duplicates',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'sequence',
	'a sequence: no duplicates, but gaps; also broken',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE invoice ADD UNIQUE (number)');
SELECT @extschema@.ct_add_script('gapless_invoice_numbers', 'issue', variant => 'sequence', body => $$
\set declined case when :decline_every > 0 then :iteration % :decline_every = 0 else false end
\barrier issue
BEGIN;
INSERT INTO invoice (number, customer, amount)
	VALUES (nextval('invoice_number_seq'), :iteration, 19.90);
\sleep :window_us us
\if :declined
	ROLLBACK;
	\outcome declined
\else
	\outcome issued
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'counter_row',
	'UPDATE the counter''s row ... RETURNING, in the same transaction',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE invoice ADD UNIQUE (number)');
SELECT @extschema@.ct_add_script('gapless_invoice_numbers', 'issue', variant => 'counter_row', body => $$
\set declined case when :decline_every > 0 then :iteration % :decline_every = 0 else false end
\barrier issue
BEGIN;
UPDATE invoice_counter SET last_number = last_number + 1 WHERE series = 2030
	RETURNING last_number AS number \gset
INSERT INTO invoice (number, customer, amount) VALUES (:number, :iteration, 19.90);
\sleep :window_us us
\if :declined
	ROLLBACK;
	\outcome declined
\else
	\outcome issued
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'counter_row_late',
	'the same, but take the number last, just before COMMIT',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE invoice ADD UNIQUE (number)');
SELECT @extschema@.ct_add_script('gapless_invoice_numbers', 'issue', variant => 'counter_row_late', body => $$
\set declined case when :decline_every > 0 then :iteration % :decline_every = 0 else false end
\barrier issue
BEGIN;
SELECT last_number FROM invoice_counter WHERE series = 2030; -- how many there are, not relied upon
\sleep :window_us us
UPDATE invoice_counter SET last_number = last_number + 1 WHERE series = 2030
	RETURNING last_number AS number \gset
INSERT INTO invoice (number, customer, amount) VALUES (:number, :iteration, 19.90);
\if :declined
	ROLLBACK;
	\outcome declined
\else
	\outcome issued
	COMMIT;
\endif
$$);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'advisory_lock',
	'max(number) + 1 under an advisory lock on the series',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE invoice ADD UNIQUE (number)');
SELECT @extschema@.ct_add_script('gapless_invoice_numbers', 'issue', variant => 'advisory_lock', body => $$
\set declined case when :decline_every > 0 then :iteration % :decline_every = 0 else false end
\barrier issue
BEGIN;
SELECT pg_advisory_xact_lock('invoice'::regclass::oid::int, 2030);
SELECT coalesce(max(number), 0) + 1 AS number FROM invoice \gset
INSERT INTO invoice (number, customer, amount) VALUES (:number, :iteration, 19.90);
\sleep :window_us us
\if :declined
	ROLLBACK;
	\outcome declined
\else
	\outcome issued
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'unique_retry',
	'max(number) + 1 over a unique constraint, repeated as a whole upon 23505',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE invoice ADD UNIQUE (number)',
	retried_errors => '{23505}', max_tries => 0);

SELECT @extschema@.ct_add_variant('gapless_invoice_numbers', 'serializable',
	'max(number) + 1 at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('gapless_invoice_numbers', 'no_duplicates',
	'SELECT number, count(*) AS observed, 1 AS expected, array_agg(customer ORDER BY id) AS customers
	 FROM invoice GROUP BY number HAVING count(*) > 1 ORDER BY number',
	kind => 'duplicate', description => 'A number belongs to one invoice.');
SELECT @extschema@.ct_add_check('gapless_invoice_numbers', 'no_gaps',
	'SELECT count(DISTINCT number) AS observed, max(number) AS expected,
		(SELECT array_agg(m.n)
		 FROM (SELECT n FROM generate_series(1, (SELECT max(number) FROM invoice)) n
			WHERE NOT EXISTS (SELECT FROM invoice WHERE number = n) ORDER BY n LIMIT 5) m) AS first_missing
	 FROM invoice HAVING count(DISTINCT number) <> max(number)',
	kind => 'gap', description => 'Numbers from 1 to the highest are all there.');
SELECT @extschema@.ct_add_check('gapless_invoice_numbers', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_issued AS expected FROM invoice
	 HAVING count(*) <> :outcome_issued',
	kind => 'broken_promise', description => 'What was answered with "issued" is there, and nothing else.');
SELECT @extschema@.ct_add_check('gapless_invoice_numbers', 'nobody_is_refused',
	'SELECT :outcome_issued AS observed, :transactions - least(:outcome_declined, d.most) AS expected
	 FROM (SELECT CASE WHEN :decline_every > 0
			THEN :transactions / :decline_every + :workers ELSE 0 END AS most) d
	 WHERE :outcome_issued <> :transactions - least(:outcome_declined, d.most)',
	kind => 'false_refusal', description => 'Who wasn''t declined has an invoice.');
