/*
 * matview_refresh: a report that is refreshed while it is read.
 *
 * The view's query contains pg_sleep, so that it takes its time on any machine.
 */
SELECT @extschema@.ct_create_scenario('matview_refresh',
	category => 'caches',
	description => 'REFRESH MATERIALIZED VIEW makes readers wait, and refreshes queue up behind each other.',
	story => $$
The bug: REFRESH MATERIALIZED VIEW locks the view against everybody, SELECT included, for as long as its
query takes (`plain`). With a unique index it can be refreshed CONCURRENTLY: readers see the old rows
until the new ones are committed, and never wait (`concurrently`). But two such refreshes exclude each
other. A refresh that is triggered by every sale, or by a job scheduler that starts the next one before
the last one has ended, waits in line, and then does again what has just been done; the line grows until
there are no connections left.

Of each six turns three make a sale and then want the report refreshed, at once (the barrier). The query
takes :refresh_ms. The other three read the report while that goes on, and give up after :max_wait_ms
(lock_timeout, so that only waiting for a lock counts, and not how busy the machine is). To see instead
how long they wait, set max_wait_ms to 0, which is no limit, and look at the reading statement in
`ct_latencies`.

What to look at: `readers_are_served` and `no_pile_up`, and in `ct_outcomes` how many
refreshes were really made: `refreshed`, `skipped` (somebody else is at it; this sale will be in the
next one) and `covered` (somebody else's has begun after this sale, so it is in).

Which fix: `skip_if_running` for a report that is refreshed by the clock: one of them runs, the others
don't wait. `one_covers_all` if whoever asks must find their own sale in the report: they wait for the
lock, and whoever gets it looks whether a refresh that began since has done their work; of any number
that wait, one refreshes. `summary_table` is no materialized view: a table whose rows are replaced, or
better only changed, in a transaction; it needs no lock against readers either, and can be updated in
part.

Not to be explored: what goes wrong is how long readers wait, and no order of steps makes time pass.
$$,
	params => '{"turns": 48, "refresh_ms": 30, "max_wait_ms": 10}',
	explore_params => NULL,
	transactions_expr => ':turns',
	expected_errors => '{55P03=gave_up}',
	setup => $$
CREATE TABLE sale (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	product		int NOT NULL,
	amount		numeric(10,2) NOT NULL CHECK (amount > 0)
);
CREATE TABLE refresh (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	worker		int NOT NULL,
	started_at	timestamptz NOT NULL,
	ended_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE promise (
	sale		bigint PRIMARY KEY REFERENCES sale
);
INSERT INTO sale (product, amount) SELECT i % 10, 9.99 FROM generate_series(1, 200) i;
CREATE MATERIALIZED VIEW report AS
	SELECT product, count(*) AS sales, sum(amount) AS revenue, max(s.id) AS last_sale
	FROM sale s, pg_sleep(:refresh_ms / 1000.0)
	GROUP BY product;
CREATE UNIQUE INDEX report_product ON report (product);
$$);

SELECT @extschema@.ct_add_variant('matview_refresh', 'plain',
	'REFRESH MATERIALIZED VIEW',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('matview_refresh', 'turn', variant => 'plain', body => $$
\set role (:iteration - 1) % 6
\set pause :refresh_ms * 250
\barrier turn
\if :role = 0 or :role = 1 or :role = 3
	INSERT INTO sale (product, amount) VALUES (:iteration % 10, 9.99) RETURNING id AS sale \gset
	BEGIN;
	SELECT clock_timestamp() AS started \gset
	REFRESH MATERIALIZED VIEW report;
	INSERT INTO refresh (worker, started_at) VALUES (:worker_id, :started);
	INSERT INTO promise VALUES (:sale);
	\outcome refreshed
	COMMIT;
\else
	\sleep :pause us
	BEGIN;
	SET LOCAL lock_timeout = :max_wait_ms;
	SELECT sum(revenue) FROM report;
	\outcome served
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('matview_refresh', 'concurrently',
	'REFRESH MATERIALIZED VIEW CONCURRENTLY, whenever asked',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('matview_refresh', 'turn', variant => 'concurrently', body => $$
\set role (:iteration - 1) % 6
\set pause :refresh_ms * 250
\barrier turn
\if :role = 0 or :role = 1 or :role = 3
	INSERT INTO sale (product, amount) VALUES (:iteration % 10, 9.99) RETURNING id AS sale \gset
	BEGIN;
	SELECT clock_timestamp() AS started \gset
	REFRESH MATERIALIZED VIEW CONCURRENTLY report;
	INSERT INTO refresh (worker, started_at) VALUES (:worker_id, :started);
	INSERT INTO promise VALUES (:sale);
	\outcome refreshed
	COMMIT;
\else
	\sleep :pause us
	BEGIN;
	SET LOCAL lock_timeout = :max_wait_ms;
	SELECT sum(revenue) FROM report;
	\outcome served
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('matview_refresh', 'skip_if_running',
	'CONCURRENTLY, unless somebody else is at it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('matview_refresh', 'turn', variant => 'skip_if_running', body => $$
\set role (:iteration - 1) % 6
\set pause :refresh_ms * 250
\barrier turn
\if :role = 0 or :role = 1 or :role = 3
	INSERT INTO sale (product, amount) VALUES (:iteration % 10, 9.99) RETURNING id AS sale \gset
	BEGIN;
	SELECT pg_try_advisory_xact_lock('report'::regclass::oid::int, 0)::int AS mine \gset
	\if :mine
		SELECT clock_timestamp() AS started \gset
		REFRESH MATERIALIZED VIEW CONCURRENTLY report;
		INSERT INTO refresh (worker, started_at) VALUES (:worker_id, :started);
		INSERT INTO promise VALUES (:sale);
		\outcome refreshed
	\else
		\outcome skipped
	\endif
	COMMIT;
\else
	\sleep :pause us
	BEGIN;
	SET LOCAL lock_timeout = :max_wait_ms;
	SELECT sum(revenue) FROM report;
	\outcome served
	COMMIT;
\endif
$$);

/* A refresh that started after the sale was committed has read it. */
SELECT @extschema@.ct_add_variant('matview_refresh', 'one_covers_all',
	'CONCURRENTLY, unless a refresh that began after the sale has ended meanwhile',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('matview_refresh', 'turn', variant => 'one_covers_all', body => $$
\set role (:iteration - 1) % 6
\set pause :refresh_ms * 250
\barrier turn
\if :role = 0 or :role = 1 or :role = 3
	INSERT INTO sale (product, amount) VALUES (:iteration % 10, 9.99) RETURNING id AS sale \gset
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	SELECT pg_advisory_xact_lock('report'::regclass::oid::int, 0);
	SELECT count(*) AS covered FROM refresh WHERE started_at > :asked \gset
	\if :covered = 0
		SELECT clock_timestamp() AS started \gset
		REFRESH MATERIALIZED VIEW CONCURRENTLY report;
		INSERT INTO refresh (worker, started_at) VALUES (:worker_id, :started);
		\outcome refreshed
	\else
		\outcome covered
	\endif
	INSERT INTO promise VALUES (:sale);
	COMMIT;
\else
	\sleep :pause us
	BEGIN;
	SET LOCAL lock_timeout = :max_wait_ms;
	SELECT sum(revenue) FROM report;
	\outcome served
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('matview_refresh', 'summary_table',
	'a table instead of the view, its changed rows replaced in a transaction',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER MATERIALIZED VIEW report RENAME TO report_view;
CREATE TABLE report (
	product		int PRIMARY KEY,
	sales		bigint NOT NULL,
	revenue		numeric NOT NULL,
	last_sale	bigint NOT NULL
);
INSERT INTO report SELECT * FROM report_view;
$$);
SELECT @extschema@.ct_add_script('matview_refresh', 'turn', variant => 'summary_table', body => $$
\set role (:iteration - 1) % 6
\set pause :refresh_ms * 250
\barrier turn
\if :role = 0 or :role = 1 or :role = 3
	INSERT INTO sale (product, amount) VALUES (:iteration % 10, 9.99) RETURNING id AS sale \gset
	BEGIN;
	SELECT pg_try_advisory_xact_lock('report'::regclass::oid::int, 0)::int AS mine \gset
	\if :mine
		SELECT clock_timestamp() AS started \gset
		INSERT INTO report
			SELECT product, count(*) AS sales, sum(amount) AS revenue, max(s.id) AS last_sale
			FROM sale s, pg_sleep(:refresh_ms / 1000.0)
			GROUP BY product
			ON CONFLICT (product) DO UPDATE SET sales = excluded.sales, revenue = excluded.revenue,
				last_sale = excluded.last_sale
			WHERE report.sales <> excluded.sales;
		INSERT INTO refresh (worker, started_at) VALUES (:worker_id, :started);
		INSERT INTO promise VALUES (:sale);
		\outcome refreshed
	\else
		\outcome skipped
	\endif
	COMMIT;
\else
	\sleep :pause us
	BEGIN;
	SET LOCAL lock_timeout = :max_wait_ms;
	SELECT sum(revenue) FROM report;
	\outcome served
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('matview_refresh', 'readers_are_served',
	'SELECT :outcome_gave_up AS observed, 0 AS expected, :outcome_served AS served, :max_wait_ms AS after_ms,
		(SELECT round(1000 * extract(epoch FROM max(ended_at - started_at))) FROM refresh)
			AS longest_refresh_ms
	 WHERE :outcome_gave_up > 0',
	kind => 'blocked_readers', description => 'No reader waits for a lock for :max_wait_ms.');
/* Started is when it was asked for: a wait for another one counts. */
SELECT @extschema@.ct_add_check('matview_refresh', 'no_pile_up',
	'SELECT r.id AS refresh, r.worker, count(*) + 1 AS observed, 1 AS expected,
		round(1000 * extract(epoch FROM r.ended_at - r.started_at)) AS took_ms
	 FROM refresh r JOIN refresh other
		ON other.id <> r.id AND other.started_at < r.started_at AND other.ended_at > r.started_at
	 GROUP BY r.id ORDER BY r.id',
	kind => 'pile_up', description => 'No refresh is begun while another one is under way.');
SELECT @extschema@.ct_add_check('matview_refresh', 'report_is_fresh',
	'SELECT s.product, p.sale, r.last_sale AS observed, p.sale AS expected
	 FROM promise p JOIN sale s ON s.id = p.sale LEFT JOIN report r ON r.product = s.product
	 WHERE r.last_sale IS NULL OR r.last_sale < p.sale ORDER BY p.sale',
	kind => 'stale_read', description => 'Who was told "refreshed" or "covered" finds the sale in the report.');
SELECT @extschema@.ct_add_check('matview_refresh', 'report_adds_up',
	'SELECT r.product, r.sales AS observed, count(*) AS expected, r.revenue, r.last_sale
	 FROM report r JOIN sale s ON s.product = r.product AND s.id <= r.last_sale
	 GROUP BY r.product, r.sales, r.revenue, r.last_sale
	 HAVING r.sales > count(*) OR r.revenue <> r.sales * 9.99 ORDER BY r.product',
	kind => 'wrong_sum', description => 'The report counts sales that there are.');
SELECT @extschema@.ct_add_check('matview_refresh', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_refreshed AS expected FROM refresh
	 HAVING count(*) <> :outcome_refreshed',
	kind => 'broken_promise', description => 'What was answered with "refreshed" is a refresh.');
SELECT @extschema@.ct_add_check('matview_refresh', 'it_is_refreshed',
	'SELECT 0 AS observed, 1 AS expected, :outcome_skipped AS skipped
	 WHERE :outcome_refreshed = 0 AND :outcome_skipped + :outcome_covered > 0',
	kind => 'starvation', description => 'Somebody does refresh the report.');
