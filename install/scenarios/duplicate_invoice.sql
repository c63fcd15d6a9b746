/*
 * duplicate_invoice: several instances bill the same customers.
 *
 * The requests for a customer come one after the other, so as many at once as
 * there are instances, which are the workers (the barrier).
 */
SELECT @extschema@.ct_create_scenario('duplicate_invoice',
	category => 'uniqueness',
	description => 'Several instances look for the month''s invoice, find none, and each of them writes one.',
	story => $$
A billing job, a webhook, a cron entry: written for one process, and then the service is scaled to
several instances, or a deployment leaves the old one running beside the new one. Each instance
looks whether the customer has this month's invoice, doesn't see the one that another instance is
writing, and writes its own. The customer pays twice.

Here `requests` for each of the `customers` are spread over the instances (the workers), and arrive
together. Making up an invoice takes `window_us`. `check_then_insert` invoices most customers once
per instance.

All fixes agree on one thing: something that two instances cannot both get. They differ in what it
is, and in whether the second one waits for it:

- `on_conflict`: a unique key over (customer, period). It holds against code that is yet to be
  written, and nobody waits but for the commit of the very same invoice. Take it in any case; the
  others come on top.
- `conditional_update`: the customer's row says up to when it is billed, and one UPDATE moves that
  date. The row lock and the re-check of WHERE choose the winner. Good where the date is needed
  anyway.
- `lock_customer`: lock the customer's row, then look. All who bill this customer queue, and so
  does whoever changes the row; but the code in between may be as long as you like, and may touch
  many tables.
- `advisory_lock`: the same queue without touching the row.
- `try_advisory_lock`: who doesn't get the lock goes on to the next customer, since somebody is at
  it. No waiting at all: the right one for jobs, the wrong one for requests that need an answer.
- `serializable`: right without any of it, if all of the instances use it and repeat upon 40001.
$$,
	params => '{"customers": 100, "requests": 10, "fee": 49, "window_us": 500}',
	explore_params => '{"customers": 1, "requests": 2, "window_us": 0}',
	transactions_expr => ':customers * :requests',
	setup => $$
CREATE TABLE customer (
	id				int PRIMARY KEY,
	email			text NOT NULL UNIQUE,
	billed_until	date NOT NULL DEFAULT '2030-01-01'
);
CREATE TABLE invoice (
	id				int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer		int NOT NULL REFERENCES customer,
	period			date NOT NULL,
	amount			numeric(10,2) NOT NULL,
	instance		int NOT NULL
);
CREATE INDEX invoice_customer ON invoice (customer, period);
INSERT INTO customer (id, email)
	SELECT i, 'customer' || i || '@example.com' FROM generate_series(1, :customers) i;
$$);

/* The bug, and what "serializable" runs. */
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', $$
\set customer (:iteration - 1) / :requests % :customers + 1
\barrier bill
BEGIN;
SELECT count(*) AS billed FROM invoice WHERE customer = :customer AND period = '2030-01-01' \gset
\if :billed = 0
	\sleep :window_us us
	INSERT INTO invoice (customer, period, amount, instance)
		VALUES (:customer, '2030-01-01', :fee, :worker_id);
	\outcome invoiced
\else
	\outcome billed_already
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'check_then_insert',
	'look for the month''s invoice, write one if there is none',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'on_conflict',
	'a unique key over customer and period, and INSERT ... ON CONFLICT DO NOTHING',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE invoice ADD UNIQUE (customer, period)');
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', variant => 'on_conflict', body => $$
\set customer (:iteration - 1) / :requests % :customers + 1
\set written 0
\barrier bill
BEGIN;
SELECT count(*) AS billed FROM invoice WHERE customer = :customer AND period = '2030-01-01' \gset
\if :billed = 0
	\sleep :window_us us
	INSERT INTO invoice (customer, period, amount, instance)
		VALUES (:customer, '2030-01-01', :fee, :worker_id)
		ON CONFLICT (customer, period) DO NOTHING RETURNING 1 AS written \aset
\endif
\if :written
	\outcome invoiced
\else
	\outcome billed_already
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'conditional_update',
	'one UPDATE moves the customer''s billed_until; who moved it writes the invoice',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', variant => 'conditional_update', body => $$
\set customer (:iteration - 1) / :requests % :customers + 1
\set mine 0
\barrier bill
BEGIN;
UPDATE customer SET billed_until = '2030-02-01'
	WHERE id = :customer AND billed_until = '2030-01-01' RETURNING 1 AS mine \aset
\if :mine
	\sleep :window_us us
	INSERT INTO invoice (customer, period, amount, instance)
		VALUES (:customer, '2030-01-01', :fee, :worker_id);
	\outcome invoiced
\else
	\outcome billed_already
\endif
COMMIT;
$$);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('duplicate_invoice', 'lock_customer',
	'lock the customer''s row before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', variant => 'lock_customer', body => $$
\set customer (:iteration - 1) / :requests % :customers + 1
\barrier bill
BEGIN;
SELECT id FROM customer WHERE id = :customer FOR NO KEY UPDATE;
SELECT count(*) AS billed FROM invoice WHERE customer = :customer AND period = '2030-01-01' \gset
\if :billed = 0
	\sleep :window_us us
	INSERT INTO invoice (customer, period, amount, instance)
		VALUES (:customer, '2030-01-01', :fee, :worker_id);
	\outcome invoiced
\else
	\outcome billed_already
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'advisory_lock',
	'an advisory lock on the customer before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', variant => 'advisory_lock', body => $$
\set customer (:iteration - 1) / :requests % :customers + 1
\barrier bill
BEGIN;
SELECT pg_advisory_xact_lock('invoice'::regclass::oid::int, :customer);
SELECT count(*) AS billed FROM invoice WHERE customer = :customer AND period = '2030-01-01' \gset
\if :billed = 0
	\sleep :window_us us
	INSERT INTO invoice (customer, period, amount, instance)
		VALUES (:customer, '2030-01-01', :fee, :worker_id);
	\outcome invoiced
\else
	\outcome billed_already
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'try_advisory_lock',
	'the same, but leave the customer to whoever has the lock',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('duplicate_invoice', 'bill', variant => 'try_advisory_lock', body => $$
\set customer (:iteration - 1) / :requests % :customers + 1
\barrier bill
BEGIN;
SELECT pg_try_advisory_xact_lock('invoice'::regclass::oid::int, :customer) AS mine \gset
\if :mine
	SELECT count(*) AS billed FROM invoice WHERE customer = :customer AND period = '2030-01-01' \gset
	\if :billed = 0
		\sleep :window_us us
		INSERT INTO invoice (customer, period, amount, instance)
			VALUES (:customer, '2030-01-01', :fee, :worker_id);
		\outcome invoiced
	\else
		\outcome billed_already
	\endif
\else
	\outcome left_to_another
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('duplicate_invoice', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('duplicate_invoice', 'one_invoice',
	'SELECT c.email, i.period, count(*) AS observed, 1 AS expected, sum(i.amount) AS billed,
		array_agg(i.id ORDER BY i.id) AS invoices, array_agg(i.instance ORDER BY i.id) AS instances
	 FROM invoice i JOIN customer c ON c.id = i.customer
	 GROUP BY c.id, i.period HAVING count(*) > 1 ORDER BY c.id',
	kind => 'duplicate', description => 'A customer gets one invoice a month.');
/* After a duration, rather than a number of transactions, the last wave needn't be complete. */
SELECT @extschema@.ct_add_check('duplicate_invoice', 'everybody_is_billed',
	'SELECT c.email, 0 AS observed, 1 AS expected
	 FROM customer c
	 WHERE c.id IN (SELECT (i - 1) / :requests % :customers + 1
			FROM generate_series(1, (:transactions - :workers)::int) i)
		AND NOT EXISTS (SELECT FROM invoice i WHERE i.customer = c.id) ORDER BY c.id',
	kind => 'lost_effect', description => 'Every customer that somebody meant to bill is billed.');
SELECT @extschema@.ct_add_check('duplicate_invoice', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_invoiced AS expected FROM invoice
	 HAVING count(*) <> :outcome_invoiced',
	kind => 'broken_promise', description => 'What was answered with "invoiced" is there, and nothing else.');
