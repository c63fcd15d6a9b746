/*
 * bulk_update_deadlock: two bulk UPDATEs walk the same rows in opposite orders.
 *
 * Each script tells the planner to use an index, as it would on its own in a
 * table of a million rows; and the trigger makes each row take its time.
 */
SELECT @extschema@.ct_create_scenario('bulk_update_deadlock',
	category => 'locks',
	description => 'Two bulk UPDATEs visit the same rows in different orders, and deadlock.',
	story => $$
The bug: the mark-up of a category and the delivery of a supplier are one
UPDATE each, of many rows.  An UPDATE locks rows as it comes upon them, in
the order of whatever index the planner takes, and there is no ORDER BY in
UPDATE.  Here the one goes by category and id, the other one by supplier
and article number, which happen to be opposite.  They meet in the middle,
each holding what the other one is about to lock, and after
deadlock_timeout (a second, by default) one of them is ended.  The longer
the statement has been running the more work is thrown away, and the more
likely that is; and a new index or fresh statistics are enough to bring it
about in code that has worked for years.

To repeat the victim, as one should, is not enough here: the other job is
still on its way when the repeated one sets out, and they meet again, and
deadlock again.  Try it: max_tries => 10.  Jobs come in pairs on the same
products, at once (the barrier); a trigger takes :window_us for each row.

What to look at: lock_in_order costs one more pass over the rows and no
concurrency: the natural choice.  lock_in_same_statement is the same in one
statement, for code that sends just one.  small_batches hold few locks, and
those not for long, so that everybody else waits less; but a job that died
halfway must know where to go on.  advisory_lock lets bulk jobs run one at
a time, even where they don't meet, and leaves the short transactions alone.

The unordered variant takes about a second, deadlock_timeout, per round of
as many jobs as there are workers.

Not to be explored: they deadlock within one statement each, which is one
step of an exploration.
$$,
	params => '{"ranges": 6, "products": 10, "stock": 100, "delivered": 5, "batch": 4, "window_us": 2000}',
	explore_params => NULL,
	transactions_expr => ':ranges * 2',
	min_overlap => 5,	/* few jobs, because each round of deadlocks takes a second */
	setup => $$
CREATE TABLE product (
	id			int PRIMARY KEY,
	category	int NOT NULL,
	supplier	int NOT NULL,
	sku			text NOT NULL UNIQUE,
	price		numeric(10, 2) NOT NULL CHECK (price > 0),
	stock		int NOT NULL CHECK (stock >= 0)
);
CREATE TABLE job_log (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job		text NOT NULL CHECK (job IN ('mark_up', 'restock')),
	target	int NOT NULL
);
INSERT INTO product
	SELECT (r - 1) * :products + n, r, r, r || '-' || lpad((:products - n)::text, 6, '0'), 9.99, :stock
	FROM generate_series(1, :ranges) r, generate_series(1, :products) n;
CREATE INDEX product_category ON product (category, id);
CREATE INDEX product_supplier ON product (supplier, sku);

CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS $t$
BEGIN
	PERFORM pg_sleep(TG_ARGV[0]::float8 / 1000000);
	RETURN NEW;
END $t$;
CREATE TRIGGER take_time BEFORE UPDATE ON product
	FOR EACH ROW EXECUTE FUNCTION take_time(:window_us);
$$);

/* Once is enough: repeated at once, a victim would only deadlock for another second. */
SELECT @extschema@.ct_add_variant('bulk_update_deadlock', 'unordered',
	'each UPDATE locks as it goes, in the order of its index',
	isolation => 'read committed', expected_verdict => 'fail', max_tries => 1);
SELECT @extschema@.ct_add_script('bulk_update_deadlock', 'job', variant => 'unordered', body => $$
\set range (:iteration - 1) / 2 % :ranges + 1
\set restock (:iteration - 1) % 2
\barrier jobs
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
\if :restock
	UPDATE product SET stock = stock + :delivered WHERE supplier = :range;
	INSERT INTO job_log (job, target) VALUES ('restock', :range);
	\outcome restocked
\else
	UPDATE product SET price = price + 0.50 WHERE category = :range;
	INSERT INTO job_log (job, target) VALUES ('mark_up', :range);
	\outcome marked_up
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('bulk_update_deadlock', 'lock_in_order',
	'lock the rows in the order of their ids first',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('bulk_update_deadlock', 'job', variant => 'lock_in_order', body => $$
\set range (:iteration - 1) / 2 % :ranges + 1
\set restock (:iteration - 1) % 2
\barrier jobs
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
\if :restock
	SELECT id FROM product WHERE supplier = :range ORDER BY id FOR NO KEY UPDATE;
	UPDATE product SET stock = stock + :delivered WHERE supplier = :range;
	INSERT INTO job_log (job, target) VALUES ('restock', :range);
	\outcome restocked
\else
	SELECT id FROM product WHERE category = :range ORDER BY id FOR NO KEY UPDATE;
	UPDATE product SET price = price + 0.50 WHERE category = :range;
	INSERT INTO job_log (job, target) VALUES ('mark_up', :range);
	\outcome marked_up
\endif
COMMIT;
$$);

/* Whatever the join's plan: no row is updated before the subquery has returned, and so locked, it. */
SELECT @extschema@.ct_add_variant('bulk_update_deadlock', 'lock_in_same_statement',
	'UPDATE what a locking subquery returns in the order of the ids',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('bulk_update_deadlock', 'job', variant => 'lock_in_same_statement', body => $$
\set range (:iteration - 1) / 2 % :ranges + 1
\set restock (:iteration - 1) % 2
\barrier jobs
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
\if :restock
	UPDATE product p SET stock = p.stock + :delivered
		FROM (SELECT id FROM product WHERE supplier = :range ORDER BY id FOR NO KEY UPDATE) locked
		WHERE p.id = locked.id;
	INSERT INTO job_log (job, target) VALUES ('restock', :range);
	\outcome restocked
\else
	UPDATE product p SET price = p.price + 0.50
		FROM (SELECT id FROM product WHERE category = :range ORDER BY id FOR NO KEY UPDATE) locked
		WHERE p.id = locked.id;
	INSERT INTO job_log (job, target) VALUES ('mark_up', :range);
	\outcome marked_up
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('bulk_update_deadlock', 'small_batches',
	'a few rows at a time, by ascending ids, each batch a transaction',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE PROCEDURE restock(range int, delivered int, batch int) LANGUAGE plpgsql AS $p$
DECLARE
	last_id	int := 0;
BEGIN
	LOOP
		WITH locked AS (
			SELECT id FROM product WHERE supplier = range AND id > last_id
			ORDER BY id LIMIT batch FOR NO KEY UPDATE
		), updated AS (
			UPDATE product p SET stock = p.stock + delivered FROM locked l WHERE p.id = l.id RETURNING p.id
		)
		SELECT max(id) INTO last_id FROM updated;
		EXIT WHEN last_id IS NULL;
		COMMIT;
	END LOOP;
	INSERT INTO job_log (job, target) VALUES ('restock', range);
END $p$;
CREATE PROCEDURE mark_up(range int, batch int) LANGUAGE plpgsql AS $p$
DECLARE
	last_id	int := 0;
BEGIN
	LOOP
		WITH locked AS (
			SELECT id FROM product WHERE category = range AND id > last_id
			ORDER BY id LIMIT batch FOR NO KEY UPDATE
		), updated AS (
			UPDATE product p SET price = p.price + 0.50 FROM locked l WHERE p.id = l.id RETURNING p.id
		)
		SELECT max(id) INTO last_id FROM updated;
		EXIT WHEN last_id IS NULL;
		COMMIT;
	END LOOP;
	INSERT INTO job_log (job, target) VALUES ('mark_up', range);
END $p$;
$$);
SELECT @extschema@.ct_add_script('bulk_update_deadlock', 'job', variant => 'small_batches', body => $$
\set range (:iteration - 1) / 2 % :ranges + 1
\set restock (:iteration - 1) % 2
\barrier jobs
\if :restock
	SELECT count(*) FROM product WHERE supplier = :range; -- for the progress bar
	CALL restock(:range, :delivered, :batch);
	\outcome restocked
\else
	SELECT count(*) FROM product WHERE category = :range; -- for the progress bar
	CALL mark_up(:range, :batch);
	\outcome marked_up
\endif
$$);

SELECT @extschema@.ct_add_variant('bulk_update_deadlock', 'advisory_lock',
	'one bulk job at a time, by an advisory lock on the table',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('bulk_update_deadlock', 'job', variant => 'advisory_lock', body => $$
\set range (:iteration - 1) / 2 % :ranges + 1
\set restock (:iteration - 1) % 2
\barrier jobs
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT pg_advisory_xact_lock('product'::regclass::oid::int, 0);
\if :restock
	UPDATE product SET stock = stock + :delivered WHERE supplier = :range;
	INSERT INTO job_log (job, target) VALUES ('restock', :range);
	\outcome restocked
\else
	UPDATE product SET price = price + 0.50 WHERE category = :range;
	INSERT INTO job_log (job, target) VALUES ('mark_up', :range);
	\outcome marked_up
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('bulk_update_deadlock', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('bulk_update_deadlock', 'every_job_counts_once',
	'SELECT p.id, p.sku, p.stock AS observed, :stock + :delivered * j.restocked AS expected,
		p.price, 9.99 + 0.50 * j.marked_up AS expected_price
	 FROM product p, LATERAL (
		SELECT count(*) FILTER (WHERE job = ''restock'' AND target = p.supplier) AS restocked,
			count(*) FILTER (WHERE job = ''mark_up'' AND target = p.category) AS marked_up
		FROM job_log) j
	 WHERE p.stock <> :stock + :delivered * j.restocked OR p.price <> 9.99 + 0.50 * j.marked_up
	 ORDER BY p.id',
	kind => 'lost_update', description => 'Each product shows every job that went over it, once.');
SELECT @extschema@.ct_add_check('bulk_update_deadlock', 'jobs_are_logged',
	'SELECT count(*) AS observed, :outcome_restocked + :outcome_marked_up AS expected FROM job_log
	 HAVING count(*) <> :outcome_restocked + :outcome_marked_up',
	kind => 'broken_promise', description => 'A job that ended is in the log, once.');
