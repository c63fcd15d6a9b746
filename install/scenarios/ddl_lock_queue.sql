/* ddl_lock_queue: a migration waits for a report, and everybody else for the migration. */
SELECT @extschema@.ct_create_scenario('ddl_lock_queue',
	category => 'locks',
	description => 'ALTER TABLE waits behind a long reader, and every later reader waits behind it.',
	story => $$
The bug: a migration adds a column, which takes a millisecond.  But it
needs ACCESS EXCLUSIVE, so it waits for a report that has been reading the
table for a while (ACCESS SHARE), and stands in the table's lock queue.
Locks are granted in order: each SELECT that comes now conflicts with what
waits before it, so it waits, too, although the report would not mind.  An
ALTER TABLE that does nothing has taken the site down for as long as the
slowest query, the open transaction somebody forgot, or an autovacuum
against wraparound lasts.

Here a report takes :report_ms, a migration starts in the midst of it, and
readers come and go, who shouldn't have to wait for more than :patience_ms.

What to look at (p95_ms): lock_timeout lets the migration stand in the queue for
:lock_timeout_ms only, then go away, and come back after a pause: the
readers notice no more than that.  This is the fix to take, for each
migration (the pause is a random one of up to 64 ms here; take longer ones,
so that the queue can empty, and a limit upon which somebody is told).
nowait doesn't even stand in the queue, but may never find the table free
if it is never unused.  report_in_pages is the other side's fix: no
transaction stays open for long, at the price of a report that isn't from
one moment.

Where there is a weaker form of the DDL it's better still: CREATE INDEX
CONCURRENTLY, ADD CONSTRAINT ... NOT VALID and VALIDATE, DETACH PARTITION
CONCURRENTLY.

Not to be explored: what goes wrong is how long readers wait, and no order of
steps makes time pass. The order in which a migration and its readers lock is
explored in migration_under_traffic.
$$,
	params => '{"orders": 1000, "reads": 60, "think_ms": 25, "patience_ms": 400,
		"report_ms": 1000, "pages": 20, "lock_timeout_ms": 20}',
	explore_params => NULL,
	transactions_expr => ':reads + 2',
	min_overlap => 2,	/* the report and the migration, for a reader seldom meets another one */
	setup => $$
CREATE TABLE customer_order (
	id		int PRIMARY KEY,
	total	numeric(12, 2) NOT NULL
);
CREATE TABLE report (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	orders	bigint NOT NULL,
	total	numeric NOT NULL
);
/* What the readers have seen, and how long they have waited for it. */
CREATE TABLE request (
	id				bigint PRIMARY KEY,
	customer_order	int NOT NULL,
	asked_at		timestamptz NOT NULL,
	waited_ms		numeric(9, 1) NOT NULL
);
INSERT INTO customer_order SELECT i, i FROM generate_series(1, :orders) i;
CREATE FUNCTION ms_since(asked timestamptz) RETURNS numeric LANGUAGE sql VOLATILE AS
	'SELECT extract(epoch FROM clock_timestamp() - asked) * 1000';
$$);

/* Each worker waits at the barrier in its first transaction; the later ones are all readers'. */
SELECT @extschema@.ct_add_variant('ddl_lock_queue', 'alter_table',
	'ALTER TABLE, which waits as long as it takes',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('ddl_lock_queue', 'site', variant => 'alter_table', body => $$
\if :iteration = 1
	BEGIN;
	SELECT count(*) AS orders_read, sum(total) AS total FROM customer_order \gset
	\barrier reporting
	\sleep :report_ms ms
	COMMIT;
	INSERT INTO report (orders, total) VALUES (:orders_read, :total);
	\outcome reported
\elif :iteration = 2
	\barrier reporting
	ALTER TABLE customer_order ADD COLUMN note text;
	\outcome migrated
\else
	\if :iteration = :worker_id
		\barrier reporting
	\endif
	\set order random(1, :orders)
	\sleep :think_ms ms
	SELECT clock_timestamp() AS asked \gset
	SELECT total FROM customer_order WHERE id = :order;
	INSERT INTO request (id, customer_order, asked_at, waited_ms)
		VALUES (:iteration, :order, :asked, ms_since(:asked));
	\outcome answered
\endif
$$);

SELECT @extschema@.ct_add_variant('ddl_lock_queue', 'lock_timeout',
	'wait for a short time, and try again later',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{lock_not_available}');
SELECT @extschema@.ct_add_script('ddl_lock_queue', 'site', variant => 'lock_timeout', body => $$
\if :iteration = 1
	BEGIN;
	SELECT count(*) AS orders_read, sum(total) AS total FROM customer_order \gset
	\barrier reporting
	\sleep :report_ms ms
	COMMIT;
	INSERT INTO report (orders, total) VALUES (:orders_read, :total);
	\outcome reported
\elif :iteration = 2
	\barrier reporting
	BEGIN;
	SET LOCAL lock_timeout = :lock_timeout_ms;
	ALTER TABLE customer_order ADD COLUMN note text;
	COMMIT;
	\outcome migrated
\else
	\if :iteration = :worker_id
		\barrier reporting
	\endif
	\set order random(1, :orders)
	\sleep :think_ms ms
	SELECT clock_timestamp() AS asked \gset
	SELECT total FROM customer_order WHERE id = :order;
	INSERT INTO request (id, customer_order, asked_at, waited_ms)
		VALUES (:iteration, :order, :asked, ms_since(:asked));
	\outcome answered
\endif
$$);

SELECT @extschema@.ct_add_variant('ddl_lock_queue', 'nowait',
	'don''t wait at all, and try again later',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{lock_not_available}');
SELECT @extschema@.ct_add_script('ddl_lock_queue', 'site', variant => 'nowait', body => $$
\if :iteration = 1
	BEGIN;
	SELECT count(*) AS orders_read, sum(total) AS total FROM customer_order \gset
	\barrier reporting
	\sleep :report_ms ms
	COMMIT;
	INSERT INTO report (orders, total) VALUES (:orders_read, :total);
	\outcome reported
\elif :iteration = 2
	\barrier reporting
	BEGIN;
	LOCK TABLE customer_order IN ACCESS EXCLUSIVE MODE NOWAIT;
	ALTER TABLE customer_order ADD COLUMN note text;
	COMMIT;
	\outcome migrated
\else
	\if :iteration = :worker_id
		\barrier reporting
	\endif
	\set order random(1, :orders)
	\sleep :think_ms ms
	SELECT clock_timestamp() AS asked \gset
	SELECT total FROM customer_order WHERE id = :order;
	INSERT INTO request (id, customer_order, asked_at, waited_ms)
		VALUES (:iteration, :order, :asked, ms_since(:asked));
	\outcome answered
\endif
$$);

SELECT @extschema@.ct_add_variant('ddl_lock_queue', 'report_in_pages',
	'the report reads page by page, each in a transaction of its own',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE PROCEDURE report_in_pages(newest int, page_size int, page_ms float8) LANGUAGE plpgsql AS $p$
DECLARE
	last_id		int := 0;
	page		record;
	orders		bigint := 0;
	total		numeric := 0;
BEGIN
	LOOP
		SELECT count(*) AS orders, sum(o.total) AS total, max(o.id) AS last_id INTO page
			FROM (SELECT * FROM customer_order WHERE id > last_id AND id <= newest
				ORDER BY id LIMIT page_size) o;
		EXIT WHEN page.orders = 0;
		PERFORM pg_sleep(page_ms / 1000);
		orders := orders + page.orders;
		total := total + page.total;
		last_id := page.last_id;
		COMMIT;
	END LOOP;
	INSERT INTO report (orders, total) VALUES (orders, total);
END $p$;
$$);
SELECT @extschema@.ct_add_script('ddl_lock_queue', 'site', variant => 'report_in_pages', body => $$
\if :iteration = 1
	\set page_size (:orders + :pages - 1) / :pages
	\set page_ms 1.0 * :report_ms / :pages
	SELECT max(id) AS newest FROM customer_order \gset
	\barrier reporting
	CALL report_in_pages(:newest, :page_size, :page_ms);
	\outcome reported
\elif :iteration = 2
	\barrier reporting
	ALTER TABLE customer_order ADD COLUMN note text;
	\outcome migrated
\else
	\if :iteration = :worker_id
		\barrier reporting
	\endif
	\set order random(1, :orders)
	\sleep :think_ms ms
	SELECT clock_timestamp() AS asked \gset
	SELECT total FROM customer_order WHERE id = :order;
	INSERT INTO request (id, customer_order, asked_at, waited_ms)
		VALUES (:iteration, :order, :asked, ms_since(:asked));
	\outcome answered
\endif
$$);

SELECT @extschema@.ct_add_check('ddl_lock_queue', 'readers_keep_going',
	'SELECT id AS request, asked_at, waited_ms AS observed, :patience_ms AS expected
	 FROM request WHERE waited_ms > :patience_ms ORDER BY asked_at',
	kind => 'lock_queue', description => 'No reader waits for longer than its patience.');
SELECT @extschema@.ct_add_check('ddl_lock_queue', 'column_is_there',
	'SELECT count(*) AS observed, least(1, :transactions / 2) AS expected FROM pg_attribute
	 WHERE attrelid = ''customer_order''::regclass AND attname = ''note''
	 HAVING count(*) <> least(1, :transactions / 2)',
	kind => 'not_migrated', description => 'In the end the migration has been done.');
SELECT @extschema@.ct_add_check('ddl_lock_queue', 'report_is_complete',
	'SELECT orders AS observed, :orders AS expected, total FROM report
	 WHERE orders <> :orders OR total <> :orders * (:orders + 1) / 2 ORDER BY id',
	kind => 'incomplete', description => 'The report has counted each order once.');
SELECT @extschema@.ct_add_check('ddl_lock_queue', 'requests_are_answered',
	'SELECT count(*) AS observed, :outcome_answered AS expected FROM request
	 HAVING count(*) <> :outcome_answered',
	kind => 'broken_promise', description => 'Each reader has got an answer.');
