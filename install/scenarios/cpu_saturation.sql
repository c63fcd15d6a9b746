/*
 * cpu_saturation: everybody asks for the expensive report at once, and there are few cores.
 *
 * Each report notes when it began and ended, and how many sales it had to read.
 */
SELECT @extschema@.ct_create_scenario('cpu_saturation',
	category => 'stress',
	description => 'An expensive report is run as often at once as it is asked for: nothing else gets a core.',
	story => $$
The bug: a report that keeps a core busy for a while is run for each request.
It is read-only and waits for nobody, so nothing limits how many of them run
at once, and with more of them than cores each takes the longer, the more
there are.  So do the short transactions beside them, which have done nothing
wrong: they stand in the scheduler's queue.  There is no wait event for that;
all look active, and the pool runs out of connections.

Here three of four requests want the report, all at the same time (the
barrier), the others look up a customer.  How long a report takes is the
machine's business; what is checked is how many sales were being read by
reports at once, and that it is no more than :slots reports' worth.  Choose
:slots as the number of cores that reports may have.

What to look at: the lookups' latencies, in ct_latencies or ct_report, by
script.  `slots_wait` runs no more than :slots, and lets the others wait for
an advisory lock, which costs no core (but a connection; give it a
lock_timeout).  `slots_refuse` tells them "busy" at once, which is what a
service does that can be asked again.  `cached` lets one compute while others
take a result of up to :fresh_ms ago, or wait for the first one.  `summary`
keeps the sums, so that the report isn't expensive any more: here in a
materialized view that is refreshed now and then, or in a table that is
updated with each sale, if the writers can pay for it.

Not to be explored: it takes many requests at once to use up the processors;
a step of an exploration is executed alone.
$$,
	params => '{"requests": 72, "slots": 2, "sales": 10000, "customers": 100, "fresh_ms": 60000, "window_us": 2000}',
	explore_params => NULL,
	transactions_expr => ':requests',
	setup => $$
CREATE TABLE customer (
	id		int PRIMARY KEY,
	name	text NOT NULL,
	region	int NOT NULL
);
CREATE TABLE sale (
	id			int PRIMARY KEY,
	customer	int NOT NULL REFERENCES customer,
	amount		numeric(10, 2) NOT NULL
);
CREATE TABLE report_run (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	iteration	int NOT NULL,
	sales_read	bigint NOT NULL,
	total		numeric NOT NULL,
	began_at	timestamptz NOT NULL,
	ended_at	timestamptz NOT NULL
);
INSERT INTO customer SELECT i, 'customer ' || i, i % 10 FROM generate_series(1, :customers) i;
INSERT INTO sale SELECT i, i % :customers + 1, i * 7919 % 100000 / 100.0 FROM generate_series(1, :sales) i;
ANALYZE customer;
ANALYZE sale;

CREATE INDEX ON sale (customer);

CREATE VIEW region_total AS
	SELECT c.region, sum(s.amount) AS total, avg(s.amount) AS mean, stddev(s.amount) AS deviation
	FROM sale s JOIN customer c ON c.id = s.customer GROUP BY c.region;

/* Takes one of n slots, to the transaction's end; 0 if all are taken. */
CREATE FUNCTION try_slot(n int) RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
	FOR i IN 1 .. n LOOP
		IF pg_try_advisory_xact_lock('report_run'::regclass::oid::int, i) THEN
			RETURN i;
		END IF;
	END LOOP;
	RETURN 0;
END $f$;
$$);

SELECT @extschema@.ct_add_variant('cpu_saturation', 'unbounded',
	'each request runs the report',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('cpu_saturation', 'lookup', weight => 1, body => $$
\set customer random(1, :customers)
\barrier wave
BEGIN;
SELECT name, region FROM customer WHERE id = :customer;
\sleep :window_us us
SELECT count(*), sum(amount) FROM sale WHERE customer = :customer;
\outcome found
COMMIT;
$$);
SELECT @extschema@.ct_add_script('cpu_saturation', 'report', variant => 'unbounded', weight => 3, body => $$
\barrier wave
BEGIN;
SELECT clock_timestamp() AS began_at \gset
\sleep :window_us us
SELECT sum(total) AS total FROM region_total \gset
INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
	VALUES (:iteration, :sales, :total, :began_at, clock_timestamp());
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('cpu_saturation', 'slots_wait',
	'no more than :slots reports at once, by advisory locks; the others wait for one',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('cpu_saturation', 'report', variant => 'slots_wait', weight => 3, body => $$
\barrier wave
BEGIN;
SELECT try_slot(:slots) AS slot \gset
\if :slot = 0
	SELECT pg_advisory_xact_lock('report_run'::regclass::oid::int, 1 + :iteration % :slots);
\endif
SELECT clock_timestamp() AS began_at \gset
\sleep :window_us us
SELECT sum(total) AS total FROM region_total \gset
INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
	VALUES (:iteration, :sales, :total, :began_at, clock_timestamp());
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('cpu_saturation', 'slots_refuse',
	'no more than :slots reports at once; the others hear "busy"',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('cpu_saturation', 'report', variant => 'slots_refuse', weight => 3, body => $$
\barrier wave
BEGIN;
SELECT try_slot(:slots) AS slot \gset
\if :slot = 0
	\outcome busy
\else
	SELECT clock_timestamp() AS began_at \gset
	\sleep :window_us us
	SELECT sum(total) AS total FROM region_total \gset
	INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
		VALUES (:iteration, :sales, :total, :began_at, clock_timestamp());
	\outcome reported
\endif
COMMIT;
$$);

/* Asked for again under the lock: whoever had it before has left a fresh one. */
SELECT @extschema@.ct_add_variant('cpu_saturation', 'cached',
	'one computes, all others take its result while it is fresh',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE cached_report (
	id			int PRIMARY KEY CHECK (id = 1),
	total		numeric NOT NULL,
	computed_at	timestamptz NOT NULL
);
$$);
SELECT @extschema@.ct_add_script('cpu_saturation', 'report', variant => 'cached', weight => 3, body => $$
\set fresh 0
\barrier wave
BEGIN;
SELECT clock_timestamp() AS began_at \gset
\sleep :window_us us
SELECT 1 AS fresh, total FROM cached_report
	WHERE computed_at > clock_timestamp() - :fresh_ms * interval '1 ms' \aset
\if :fresh = 0
	SELECT pg_advisory_xact_lock('cached_report'::regclass::oid::int, 1);
	SELECT clock_timestamp() AS began_at \gset
	SELECT 1 AS fresh, total FROM cached_report
		WHERE computed_at > clock_timestamp() - :fresh_ms * interval '1 ms' \aset
\endif
\if :fresh = 0
	SELECT sum(total) AS total FROM region_total \gset
	INSERT INTO cached_report VALUES (1, :total, clock_timestamp())
		ON CONFLICT (id) DO UPDATE SET total = excluded.total, computed_at = excluded.computed_at;
	INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
		VALUES (:iteration, :sales, :total, :began_at, clock_timestamp());
\else
	INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
		VALUES (:iteration, 0, :total, :began_at, clock_timestamp());
\endif
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('cpu_saturation', 'summary',
	'the sums are kept, and the report reads a row per region',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE MATERIALIZED VIEW region_summary AS SELECT * FROM region_total;
ANALYZE region_summary;
$$);
SELECT @extschema@.ct_add_script('cpu_saturation', 'report', variant => 'summary', weight => 3, body => $$
\barrier wave
BEGIN;
SELECT clock_timestamp() AS began_at \gset
\sleep :window_us us
SELECT sum(total) AS total FROM region_summary \gset
INSERT INTO report_run (iteration, sales_read, total, began_at, ended_at)
	VALUES (:iteration, 0, :total, :began_at, clock_timestamp());
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_check('cpu_saturation', 'within_capacity',
	'SELECT r.iteration, o.sales_read AS observed, :slots * :sales AS expected, o.reports AS at_once
	 FROM report_run r, LATERAL (
		SELECT sum(sales_read) AS sales_read, count(*) AS reports FROM report_run
		WHERE began_at <= r.began_at AND ended_at > r.began_at) o
	 WHERE o.sales_read > :slots * :sales ORDER BY o.sales_read DESC, r.iteration',
	kind => 'overload', description => 'At no time do reports read more than :slots of them would.');
SELECT @extschema@.ct_add_check('cpu_saturation', 'reports_are_right',
	'SELECT r.iteration, r.total AS observed, s.total AS expected
	 FROM report_run r, (SELECT sum(amount) AS total FROM sale) s
	 WHERE r.total <> s.total ORDER BY r.iteration',
	kind => 'wrong_result', description => 'Each report says what was sold.');
SELECT @extschema@.ct_add_check('cpu_saturation', 'reports_are_there',
	'SELECT count(*) AS observed, :outcome_reported AS expected FROM report_run
	 HAVING count(*) <> :outcome_reported',
	kind => 'broken_promise', description => 'Who was answered has had a report.');
SELECT @extschema@.ct_add_check('cpu_saturation', 'no_false_refusal',
	'SELECT :outcome_busy AS observed, :outcome_reported * :workers AS expected
	 WHERE :outcome_busy > :outcome_reported * :workers',
	kind => 'false_refusal', description => 'Nobody hears "busy" where no report is running.');
