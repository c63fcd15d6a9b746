/*
 * upsert_batch_deadlock: batches of INSERT ... ON CONFLICT DO UPDATE in the
 * order of somebody's hash table.  The trigger makes each row take its time.
 */
SELECT @extschema@.ct_create_scenario('upsert_batch_deadlock',
	category => 'locks',
	description => 'Batches of upserts bring the same keys in different orders, and deadlock.',
	story => $$
The bug: collectors count page views in memory, in a hash table, and now
and then write all of it by one INSERT ... ON CONFLICT DO UPDATE of many
rows.  It locks row by row, in the order of the VALUES, which is that of
the hash table: any.  Two batches with the same hot pages hold what the
other one wants next, and after deadlock_timeout (a second, by default) one
of them is ended.  New pages are no exception: whoever comes second waits
for the first one's uncommitted row.  So it does not help to lock the
existing rows first.

Batches come in pairs for the same site, at once (the barrier), the one
with the pages ascending and the other one descending; a trigger takes
:window_us for each row.  Half of the pages are new.

What to look at: sorting the keys costs next to nothing, and is the fix to
take; every writer has to do it.  one_by_one never holds more than one
lock, so no order is needed, but the batch is no longer all or nothing, and
pays for a commit per row.  append writes down what came and lets readers
(or a job) add it up: no waiting at all, where the reading side can be
changed.  advisory_lock lets one batch write at a time.

To repeat the victim at once doesn't help the unordered variant: it meets
the same batch again.  It takes about a second, deadlock_timeout, per round
of as many batches as there are workers.

Not to be explored: they deadlock within one statement each, which is one
step of an exploration.
$$,
	params => '{"sites": 6, "pages": 10, "views": 3, "window_us": 2000}',
	explore_params => NULL,
	transactions_expr => ':sites * 2',
	min_overlap => 5,	/* few batches, because each round of deadlocks takes a second */
	setup => $$
CREATE TABLE page_views (
	site	int NOT NULL,
	page	int NOT NULL,
	views	bigint NOT NULL CHECK (views >= 0),
	PRIMARY KEY (site, page)
);
CREATE TABLE batch (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	site		int NOT NULL,
	collector	int NOT NULL
);
CREATE VIEW page_views_total AS SELECT site, page, views FROM page_views;
INSERT INTO page_views SELECT s, p, 0 FROM generate_series(1, :sites) s, generate_series(1, :pages / 2) p;

CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $t$
BEGIN
	PERFORM pg_sleep(TG_ARGV[0]::float8 / 1000000);
	RETURN NEW;
END $t$;
CREATE TRIGGER take_time BEFORE INSERT ON page_views
	FOR EACH ROW EXECUTE FUNCTION take_time(:window_us);
$$);

/* :pages_seen is what the collector has in its memory, in the order that it happens to have there. */
SELECT @extschema@.ct_add_variant('upsert_batch_deadlock', 'unordered',
	'one INSERT ... ON CONFLICT, the keys as they come',
	isolation => 'read committed', expected_verdict => 'fail', max_tries => 1);
SELECT @extschema@.ct_add_script('upsert_batch_deadlock', 'flush', variant => 'unordered', body => $$
\set site (:iteration - 1) / 2 % :sites + 1
\set direction (:iteration - 1) % 2 * 2 - 1
SELECT array_agg(p ORDER BY p * :direction)::text AS pages_seen FROM generate_series(1, :pages) p \gset
\barrier flush
BEGIN;
INSERT INTO page_views AS v (site, page, views)
	SELECT :site, page, :views FROM unnest(:pages_seen::int[]) page
	ON CONFLICT (site, page) DO UPDATE SET views = v.views + excluded.views;
INSERT INTO batch (site, collector) VALUES (:site, :worker_id);
\outcome flushed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_batch_deadlock', 'sorted',
	'the same, sorted by the key',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('upsert_batch_deadlock', 'flush', variant => 'sorted', body => $$
\set site (:iteration - 1) / 2 % :sites + 1
\set direction (:iteration - 1) % 2 * 2 - 1
SELECT array_agg(p ORDER BY p * :direction)::text AS pages_seen FROM generate_series(1, :pages) p \gset
\barrier flush
BEGIN;
INSERT INTO page_views AS v (site, page, views)
	SELECT :site, page, :views FROM unnest(:pages_seen::int[]) page
	ORDER BY page
	ON CONFLICT (site, page) DO UPDATE SET views = v.views + excluded.views;
INSERT INTO batch (site, collector) VALUES (:site, :worker_id);
\outcome flushed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_batch_deadlock', 'one_by_one',
	'each key in a transaction of its own',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE PROCEDURE flush(site int, pages int[], views int, collector int) LANGUAGE plpgsql AS $p$
#variable_conflict use_column
DECLARE
	seen	int;
BEGIN
	FOREACH seen IN ARRAY pages LOOP
		INSERT INTO page_views AS v (site, page, views) VALUES (flush.site, seen, flush.views)
			ON CONFLICT (site, page) DO UPDATE SET views = v.views + excluded.views;
		COMMIT;
	END LOOP;
	INSERT INTO batch (site, collector) VALUES (flush.site, flush.collector);
END $p$;
$$);
SELECT @extschema@.ct_add_script('upsert_batch_deadlock', 'flush', variant => 'one_by_one', body => $$
\set site (:iteration - 1) / 2 % :sites + 1
\set direction (:iteration - 1) % 2 * 2 - 1
SELECT array_agg(p ORDER BY p * :direction)::text AS pages_seen FROM generate_series(1, :pages) p \gset
\barrier flush
CALL flush(:site, :pages_seen::int[], :views, :worker_id);
\outcome flushed
$$);

SELECT @extschema@.ct_add_variant('upsert_batch_deadlock', 'append',
	'append the counts, and add them up when they are read',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE page_views_new (
	site	int NOT NULL,
	page	int NOT NULL,
	views	bigint NOT NULL CHECK (views >= 0)
);
CREATE TRIGGER take_time BEFORE INSERT ON page_views_new
	FOR EACH ROW EXECUTE FUNCTION take_time(:window_us);
CREATE OR REPLACE VIEW page_views_total AS
	SELECT site, page, sum(views)::bigint AS views
	FROM (TABLE page_views UNION ALL TABLE page_views_new) v
	GROUP BY site, page;
$$);
SELECT @extschema@.ct_add_script('upsert_batch_deadlock', 'flush', variant => 'append', body => $$
\set site (:iteration - 1) / 2 % :sites + 1
\set direction (:iteration - 1) % 2 * 2 - 1
SELECT array_agg(p ORDER BY p * :direction)::text AS pages_seen FROM generate_series(1, :pages) p \gset
\barrier flush
BEGIN;
INSERT INTO page_views_new (site, page, views)
	SELECT :site, page, :views FROM unnest(:pages_seen::int[]) page;
INSERT INTO batch (site, collector) VALUES (:site, :worker_id);
\outcome flushed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_batch_deadlock', 'advisory_lock',
	'one batch at a time, by an advisory lock on the table',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('upsert_batch_deadlock', 'flush', variant => 'advisory_lock', body => $$
\set site (:iteration - 1) / 2 % :sites + 1
\set direction (:iteration - 1) % 2 * 2 - 1
SELECT array_agg(p ORDER BY p * :direction)::text AS pages_seen FROM generate_series(1, :pages) p \gset
\barrier flush
BEGIN;
SELECT pg_advisory_xact_lock('page_views'::regclass::oid::int, 0);
INSERT INTO page_views AS v (site, page, views)
	SELECT :site, page, :views FROM unnest(:pages_seen::int[]) page
	ON CONFLICT (site, page) DO UPDATE SET views = v.views + excluded.views;
INSERT INTO batch (site, collector) VALUES (:site, :worker_id);
\outcome flushed
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('upsert_batch_deadlock', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('upsert_batch_deadlock', 'every_batch_counts_once',
	'SELECT b.site, p.page, coalesce(t.views, 0) AS observed, b.batches * :views AS expected
	 FROM (SELECT site, count(*) AS batches FROM batch GROUP BY site) b
		CROSS JOIN generate_series(1, :pages) AS p (page)
		LEFT JOIN page_views_total t USING (site, page)
	 WHERE coalesce(t.views, 0) <> b.batches * :views ORDER BY b.site, p.page',
	kind => 'lost_update', description => 'Each page shows every batch that was written, once.');
SELECT @extschema@.ct_add_check('upsert_batch_deadlock', 'batches_are_written',
	'SELECT count(*) AS observed, :outcome_flushed AS expected FROM batch
	 HAVING count(*) <> :outcome_flushed',
	kind => 'broken_promise', description => 'A batch that was answered with "flushed" is there, once.');
