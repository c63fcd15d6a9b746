/*
 * reader_latency_under_writes: the same read twice, while nobody writes and
 * while somebody does; the two barriers see to that.  The workers with the
 * lowest numbers write, the others read.
 */
SELECT @extschema@.ct_create_scenario('reader_latency_under_writes',
	category => 'throughput',
	description => 'Loading new prices locks the table against readers: they stand still as long as it takes.',
	story => $$
The bug: a job loads the new price list by TRUNCATE and INSERT, which was
quick in development.  TRUNCATE needs the table for itself (ACCESS
EXCLUSIVE), and keeps it until COMMIT; the load takes :load_us, and so long
each reader waits for a price.  `lock_table` does the same by a single word
that is missing: LOCK TABLE without a mode is ACCESS EXCLUSIVE.  Many ALTER
TABLE forms, VACUUM FULL, CLUSTER and REFRESH MATERIALIZED VIEW are no
better.  And TRUNCATE isn't MVCC-safe: a transaction that took its snapshot
before and reads the table afterwards finds it empty.

Rewriting rows never blocks who reads them.  `update_in_place` is the
simplest; it leaves a dead version per row for vacuum.  Loads that must not
meet each other take a lock that only loads are interested in:
`share_row_exclusive` and `delete_and_insert` take SHARE ROW EXCLUSIVE,
which excludes itself and writers, but no reader.  (Without it two
concurrent DELETE-and-INSERT loads collide: the second one doesn't see the
rows that the first one has inserted.) `new_batch` fills a batch of its own,
and makes it the current one by an UPDATE of a single row: the one for large
lists, whose readers must never see half of one.

What to look at: the anomaly `readers_stall` gives the median read with
writers and without.  Latencies in the comparison are whole turns, of
readers and writers; the price of the right ways shows in the writers'
statements (ct_latencies).

Not to be explored: what goes wrong is how long readers wait, and no order
of steps makes time pass.
$$,
	params => '{"turns": 60, "writers": 2, "products": 500, "load_us": 30000, "window_us": 5000,
		"slowdown": 5, "slack_ms": 10}',
	explore_params => NULL,
	transactions_expr => ':turns',
	setup => $$
CREATE SEQUENCE batch_number;

/* What was loaded, which the checks go by; a load that isn't here has not happened. */
CREATE TABLE load (
	batch		bigint PRIMARY KEY,
	loaded_at	timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE price (
	product	int NOT NULL,
	batch	bigint NOT NULL REFERENCES load,
	price	numeric(10, 2) NOT NULL CHECK (price > 0),
	PRIMARY KEY (product, batch)
);
INSERT INTO load SELECT nextval('batch_number');
INSERT INTO price SELECT i, 1, i + 0.99 FROM generate_series(1, :products) i;
ANALYZE price;

CREATE VIEW current_price AS SELECT product, batch, price FROM price;
CREATE TABLE reading (
	id			bigint PRIMARY KEY,
	quiet_ms	float8 NOT NULL,
	busy_ms		float8 NOT NULL,
	listed		bigint NOT NULL,
	batches		bigint NOT NULL
);
$$);

/* The bug */
SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'truncate_and_fill',
	'TRUNCATE and INSERT: the table is locked until COMMIT',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'truncate_and_fill', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	TRUNCATE price;
	INSERT INTO price SELECT i, :batch, i + 0.99 FROM generate_series(1, :products) i;
	\sleep :load_us us
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'lock_table',
	'LOCK TABLE without a mode, then UPDATE: readers are locked out, too',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'lock_table', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	LOCK TABLE price;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	UPDATE price SET batch = :batch, price = price + 1;
	\sleep :load_us us
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'share_row_exclusive',
	'LOCK TABLE in a mode that excludes other loads, but no reader',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'share_row_exclusive', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	LOCK TABLE price IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	UPDATE price SET batch = :batch, price = price + 1;
	\sleep :load_us us
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'delete_and_insert',
	'DELETE instead of TRUNCATE, under the same lock',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'delete_and_insert', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	LOCK TABLE price IN SHARE ROW EXCLUSIVE MODE;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	DELETE FROM price;
	INSERT INTO price SELECT i, :batch, i + 0.99 FROM generate_series(1, :products) i;
	\sleep :load_us us
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

/* Loads wait for each other at the first row that both write; in one order, else they deadlock. */
SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'update_in_place',
	'UPDATE the rows, no lock on the table at all',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'update_in_place', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	SELECT count(*) FROM (SELECT product FROM price ORDER BY product FOR UPDATE) p;
	UPDATE price SET batch = :batch, price = price + 1;
	\sleep :load_us us
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

/* A load that comes after a newer one removes its own batch, too. */
SELECT @extschema@.ct_add_variant('reader_latency_under_writes', 'new_batch',
	'fill a new batch aside, then point to it',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE price_list (
	id		int PRIMARY KEY CHECK (id = 1),
	batch	bigint NOT NULL REFERENCES load
);
INSERT INTO price_list VALUES (1, 1);
CREATE INDEX ON price (batch);
CREATE OR REPLACE VIEW current_price AS
	SELECT product, batch, price FROM price WHERE batch = (SELECT batch FROM price_list WHERE id = 1);
$$);
SELECT @extschema@.ct_add_script('reader_latency_under_writes', 'turn',
	variant => 'new_batch', body => $$
\set writes :client_id < :writers
\barrier quiet
\if not :writes
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed FROM current_price \gset
	SELECT extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000 AS quiet_ms \gset
\endif
\barrier busy
\if :writes
	BEGIN;
	INSERT INTO load SELECT nextval('batch_number') RETURNING batch \gset
	INSERT INTO price SELECT i, :batch, i + 0.99 FROM generate_series(1, :products) i;
	\sleep :load_us us
	UPDATE price_list SET batch = :batch WHERE id = 1 AND batch < :batch;
	DELETE FROM price WHERE batch < (SELECT batch FROM price_list WHERE id = 1);
	\outcome loaded
	COMMIT;
\else
	\sleep :window_us us
	SELECT clock_timestamp()::text AS asked \gset
	SELECT count(*) AS listed, count(DISTINCT batch) AS batches FROM current_price \gset
	INSERT INTO reading VALUES (:iteration, :quiet_ms,
		extract(epoch FROM clock_timestamp() - :asked::timestamptz) * 1000, :listed, :batches);
	\outcome read
\endif
$$);

SELECT @extschema@.ct_add_check('reader_latency_under_writes', 'readers_stall',
	'SELECT round(busy::numeric, 2) AS observed,
		round(greatest(:slack_ms, :slowdown * quiet)::numeric, 2) AS expected,
		round(quiet::numeric, 2) AS without_writers, round(longest::numeric, 2) AS longest, readings
	 FROM (
		SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY busy_ms) AS busy,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY quiet_ms) AS quiet,
			max(busy_ms) AS longest, count(*) AS readings
		FROM reading) r
	 WHERE busy > greatest(:slack_ms, :slowdown * quiet)',
	kind => 'reader_blocked',
	description => 'The median read takes :slack_ms at most, or :slowdown times what it takes without loads.');
SELECT @extschema@.ct_add_check('reader_latency_under_writes', 'lists_are_whole',
	'SELECT id AS reading, listed AS observed, :products AS expected, batches
	 FROM reading WHERE listed <> :products OR batches <> 1 ORDER BY id',
	kind => 'torn_read', description => 'Each reader sees all prices, and all of one batch.');
SELECT @extschema@.ct_add_check('reader_latency_under_writes', 'last_list_is_whole',
	'SELECT count(*) AS observed, :products AS expected, count(DISTINCT product) AS products,
		count(DISTINCT batch) AS batches
	 FROM current_price
	 HAVING count(*) <> :products OR count(DISTINCT product) <> :products OR count(DISTINCT batch) <> 1',
	kind => 'lost_update', description => 'What remains is one whole list.');
SELECT @extschema@.ct_add_check('reader_latency_under_writes', 'loads_are_done',
	'SELECT count(*) - 1 AS observed, :outcome_loaded AS expected
	 FROM load HAVING count(*) - 1 <> :outcome_loaded
	 UNION ALL
	 SELECT max(batch), :outcome_loaded + 1 FROM current_price
	 HAVING max(batch) = 1 AND :outcome_loaded > 0',
	kind => 'broken_promise', description => 'What was answered with "loaded" has happened.');
SELECT @extschema@.ct_add_check('reader_latency_under_writes', 'everybody_is_served',
	'SELECT :outcome_loaded + :outcome_read AS observed, :transactions AS expected
	 WHERE :outcome_loaded + :outcome_read <> :transactions
		OR (SELECT count(*) FROM reading) <> :outcome_read',
	kind => 'false_refusal', description => 'No load and no read is refused.');
