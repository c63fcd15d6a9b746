/*
 * concurrent_reads: a page that everybody reads, and somebody rebuilds.  It
 * runs for a time rather than a number of transactions: the broken variants
 * would take too long for the number that the others need to be measured.
 */
SELECT @extschema@.ct_create_scenario('concurrent_reads',
	category => 'throughput',
	description => 'Readers lock what they read, or are locked out while it is rebuilt: they form a queue.',
	story => $$
The bug: a shop's front page shows its best sellers from a summary row, and
whoever finds the summary out of date rebuilds it, which takes :rebuild_us.
So that not two do so at once, `lock_to_read` reads the row FOR UPDATE (an
ORM's `with_for_update`, `lock: true`), and thereby everybody who only wants
to look waits for each rebuild, and for each other.  `truncate_and_fill`
locks nothing explicitly; but TRUNCATE takes ACCESS EXCLUSIVE on the table
until the end of the transaction, as do LOCK TABLE, VACUUM FULL, CLUSTER,
and REFRESH MATERIALIZED VIEW without CONCURRENTLY.

Nobody has to wait in order to read: PostgreSQL keeps the old version of a
row for as long as someone can see it.  So the reader reads without a lock,
and only one of those who find the summary out of date rebuilds it
(`single_flight` by an advisory lock that is tried, not waited for;
`skip_locked` by the row's own lock); the others show the old one.  It is
replaced by an UPDATE, which readers don't notice until it is committed.

One in :refresh_every requests finds the summary out of date.  After it each
request reads a page of :page_size products somewhere in the catalogue.
`offset_paging` is as right as the others, and dearer: it reads and throws
away all rows before the page, so its price grows with `products`.
`single_flight` and `skip_locked` begin behind the last row seen (keyset
paging), by the primary key.

What to look at: tps and p99.  The broken ones can't be faster than one
rebuild after the other: some :refresh_every requests per :rebuild_us,
however many workers there are.  The thresholds (p50 below 50 ms, p95 below
100 ms, p99 below 200 ms, more than 500 requests per second) are easily met
by an idle laptop; for a machine of yours give the call `thresholds`.

Not to be explored: what goes wrong is how many readers are served at once;
a step of an exploration is executed alone.
$$,
	params => '{"products": 2000, "page_size": 20, "rebuild_us": 120000, "refresh_every": 4}',
	explore_params => NULL,
	duration => '600 ms',
	setup => $$
CREATE TABLE product (
	id		int PRIMARY KEY,
	name	text NOT NULL,
	price	numeric(10, 2) NOT NULL,
	sold	int NOT NULL
);
INSERT INTO product SELECT i, 'Product ' || i, i % 100 + 0.99, i * 7919 % 1000
	FROM generate_series(1, :products) i;
CREATE INDEX ON product (sold DESC, id);

/* One row: which rebuild it comes from, and the best sellers as the page shows them. */
CREATE TABLE front_page (
	id				int PRIMARY KEY,
	rebuilds		int NOT NULL,
	best_sellers	text[] NOT NULL
);
INSERT INTO front_page SELECT 1, 0, ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10);
ANALYZE product, front_page;
$$);

/* The bug */
SELECT @extschema@.ct_add_variant('concurrent_reads', 'lock_to_read',
	'read the summary FOR UPDATE, in case it has to be rebuilt',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('concurrent_reads', 'read', variant => 'lock_to_read', body => $$
\set stale random(1, :refresh_every) = 1
\set last_seen random(0, :products - :page_size)
BEGIN;
SELECT cardinality(best_sellers) AS best_sellers FROM front_page WHERE id = 1 FOR UPDATE \gset
\if :stale
	\sleep :rebuild_us us
	UPDATE front_page SET rebuilds = rebuilds + 1,
		best_sellers = ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10) WHERE id = 1;
	\tally rebuilds 1
\endif
SELECT count(*) AS listed FROM (
	SELECT id, name, price FROM product WHERE id > :last_seen ORDER BY id LIMIT :page_size) p \gset
\tally products_missing :page_size - :listed
\tally best_sellers_missing 10 - :best_sellers
\outcome shown
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_reads', 'truncate_and_fill',
	'rebuild by TRUNCATE and INSERT: readers wait for the table',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'CREATE SEQUENCE rebuild');
SELECT @extschema@.ct_add_script('concurrent_reads', 'read', variant => 'truncate_and_fill', body => $$
\set stale random(1, :refresh_every) = 1
\set last_seen random(0, :products - :page_size)
BEGIN;
\if :stale
	TRUNCATE front_page;
	\sleep :rebuild_us us
	INSERT INTO front_page SELECT 1, nextval('rebuild'),
		ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10);
	\tally rebuilds 1
\endif
SELECT cardinality(best_sellers) AS best_sellers FROM front_page WHERE id = 1 \gset
SELECT count(*) AS listed FROM (
	SELECT id, name, price FROM product WHERE id > :last_seen ORDER BY id LIMIT :page_size) p \gset
\tally products_missing :page_size - :listed
\tally best_sellers_missing 10 - :best_sellers
\outcome shown
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_reads', 'single_flight',
	'read without a lock; one at a time rebuilds, by an advisory lock that is only tried',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('concurrent_reads', 'read', variant => 'single_flight', body => $$
\set stale random(1, :refresh_every) = 1
\set last_seen random(0, :products - :page_size)
\set mine 0
BEGIN;
SELECT cardinality(best_sellers) AS best_sellers FROM front_page WHERE id = 1 \gset
\if :stale
	SELECT pg_try_advisory_xact_lock('front_page'::regclass::oid::int, 1)::int AS mine \gset
\endif
\if :mine
	\sleep :rebuild_us us
	UPDATE front_page SET rebuilds = rebuilds + 1,
		best_sellers = ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10) WHERE id = 1;
	\tally rebuilds 1
\endif
SELECT count(*) AS listed FROM (
	SELECT id, name, price FROM product WHERE id > :last_seen ORDER BY id LIMIT :page_size) p \gset
\tally products_missing :page_size - :listed
\tally best_sellers_missing 10 - :best_sellers
\outcome shown
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_reads', 'skip_locked',
	'read without a lock; who rebuilds locks the row, unless someone has',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('concurrent_reads', 'read', variant => 'skip_locked', body => $$
\set stale random(1, :refresh_every) = 1
\set last_seen random(0, :products - :page_size)
\set mine 0
BEGIN;
SELECT cardinality(best_sellers) AS best_sellers FROM front_page WHERE id = 1 \gset
\if :stale
	SELECT id AS mine FROM front_page WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED \aset
\endif
\if :mine
	\sleep :rebuild_us us
	UPDATE front_page SET rebuilds = rebuilds + 1,
		best_sellers = ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10) WHERE id = 1;
	\tally rebuilds 1
\endif
SELECT count(*) AS listed FROM (
	SELECT id, name, price FROM product WHERE id > :last_seen ORDER BY id LIMIT :page_size) p \gset
\tally products_missing :page_size - :listed
\tally best_sellers_missing 10 - :best_sellers
\outcome shown
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_reads', 'offset_paging',
	'the same as single_flight with OFFSET: right, at the price of all rows before the page',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('concurrent_reads', 'read', variant => 'offset_paging', body => $$
\set stale random(1, :refresh_every) = 1
\set last_seen random(0, :products - :page_size)
\set mine 0
BEGIN;
SELECT cardinality(best_sellers) AS best_sellers FROM front_page WHERE id = 1 \gset
\if :stale
	SELECT pg_try_advisory_xact_lock('front_page'::regclass::oid::int, 1)::int AS mine \gset
\endif
\if :mine
	\sleep :rebuild_us us
	UPDATE front_page SET rebuilds = rebuilds + 1,
		best_sellers = ARRAY(SELECT name FROM product ORDER BY sold DESC, id LIMIT 10) WHERE id = 1;
	\tally rebuilds 1
\endif
SELECT count(*) AS listed FROM (
	SELECT id, name, price FROM product ORDER BY id OFFSET :last_seen LIMIT :page_size) p \gset
\tally products_missing :page_size - :listed
\tally best_sellers_missing 10 - :best_sellers
\outcome shown
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('concurrent_reads', 'p50_ms', '<', 50);
SELECT @extschema@.ct_add_threshold('concurrent_reads', 'p95_ms', '<', 100);
SELECT @extschema@.ct_add_threshold('concurrent_reads', 'p99_ms', '<', 200);
SELECT @extschema@.ct_add_threshold('concurrent_reads', 'tps', '>', 500);
SELECT @extschema@.ct_add_check('concurrent_reads', 'pages_are_whole',
	'SELECT :tally_products_missing + :tally_best_sellers_missing AS observed, 0 AS expected,
		:tally_products_missing AS products, :tally_best_sellers_missing AS best_sellers
	 WHERE :tally_products_missing + :tally_best_sellers_missing <> 0',
	kind => 'torn_read', description => 'Each reader is shown a full page and all best sellers.');
SELECT @extschema@.ct_add_check('concurrent_reads', 'rebuilds_add_up',
	'SELECT (SELECT rebuilds FROM front_page WHERE id = 1) AS observed, :tally_rebuilds AS expected
	 WHERE (SELECT rebuilds FROM front_page WHERE id = 1) IS DISTINCT FROM :tally_rebuilds',
	kind => 'lost_update', description => 'No rebuild overwrites another one.');
SELECT @extschema@.ct_add_check('concurrent_reads', 'is_rebuilt',
	'SELECT :tally_rebuilds AS observed, 1 AS expected
	 WHERE :tally_rebuilds < 1 AND :transactions > 20 * :refresh_every',
	kind => 'starvation', description => 'The summary is rebuilt at all.');
SELECT @extschema@.ct_add_check('concurrent_reads', 'everybody_is_shown',
	'SELECT :outcome_shown AS observed, :transactions AS expected WHERE :outcome_shown <> :transactions',
	kind => 'false_refusal', description => 'No reader is refused.');
