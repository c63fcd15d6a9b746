/*
 * upsert_race: NOT EXISTS and MERGE look first, too.
 *
 * The sales of a product come one after the other, so as many at once as there
 * are workers (the barrier).  :window_us is the rest of the transaction: a
 * single statement's race lasts until its transaction commits.
 */
SELECT @extschema@.ct_create_scenario('upsert_race',
	category => 'uniqueness',
	description => 'INSERT ... WHERE NOT EXISTS and MERGE look, then insert: double rows, or an error.',
	story => $$
"Add to the day's row, or begin one": counters, statistics, shopping carts, settings. Written as
one statement it looks atomic, but `INSERT ... WHERE NOT EXISTS` and `MERGE` see only what was
committed when the statement began. The row that another transaction inserted a moment ago, and
hasn't committed yet, isn't there. Both insert.

Here every sale is written down and added to its product's row of the day. The first `sales` of
each of the `products` arrive together as far as there are workers; after the upsert the
transaction goes on for `window_us`.

- `not_exists` and `merge`, without a unique constraint, leave several rows for one product and
  day. Each later sale then finds all of them and is added to each: the sum is too high, not just
  split.
- `merge_unique_index`: the constraint keeps the data right, but MERGE does not turn to its WHEN
  MATCHED branch when its INSERT meets a duplicate. It raises 23505 (`unique_violation`), and the
  sale is lost to a user who did nothing wrong. MERGE is for merging one table into another, not
  for concurrent upserts.

What to take:

- `on_conflict`: `INSERT ... ON CONFLICT DO UPDATE` over a unique index is PostgreSQL's only
  statement that guarantees one of the two under concurrency. Take it wherever you can.
- `merge_retry`: where MERGE must stay (portable SQL, its DELETE branch), repeat the transaction
  upon 23505. Only the first sales of a day pay for it.
- `advisory_lock`: if the table has duplicates already and can't get the index yet. All writers
  must take it.
- `serializable`: right without an index, and the most repetitions, since all who read the table
  stand in each other's way.

All the right ones queue at the same row until the one before commits: look at `p50_ms`. So do the
upsert last in its transaction. If that isn't enough, spread a key over several rows, or append and
sum up later.
$$,
	params => '{"products": 10, "sales": 10, "window_us": 1000}',
	explore_params => '{"products": 1, "sales": 2, "window_us": 0}',
	transactions_expr => ':products * :sales',
	setup => $$
CREATE TABLE product (
	id		int PRIMARY KEY,
	name	text NOT NULL,
	price	numeric(10,2) NOT NULL
);
CREATE TABLE sale (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	product	int NOT NULL REFERENCES product,
	units	int NOT NULL CHECK (units > 0)
);
CREATE TABLE daily_sales (
	product	int NOT NULL REFERENCES product,
	day		date NOT NULL,
	units	int NOT NULL,
	revenue	numeric(12,2) NOT NULL
);
CREATE INDEX daily_sales_key ON daily_sales (product, day);
INSERT INTO product SELECT i, 'product ' || i, 9.90 + i FROM generate_series(1, :products) i;
$$);

SELECT @extschema@.ct_add_variant('upsert_race', 'not_exists',
	'INSERT ... WHERE NOT EXISTS, else UPDATE',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('upsert_race', 'sell', variant => 'not_exists', body => $$
\set product (:iteration - 1) / :sales % :products + 1
\set units :iteration % 3 + 1
\set inserted 0
\barrier sell
BEGIN;
SELECT price FROM product WHERE id = :product \gset
INSERT INTO sale (product, units) VALUES (:product, :units);
INSERT INTO daily_sales (product, day, units, revenue)
	SELECT :product, date '2030-01-01', :units, :units * :price::numeric
	WHERE NOT EXISTS (SELECT FROM daily_sales WHERE product = :product AND day = '2030-01-01')
	RETURNING 1 AS inserted \aset
\if :inserted = 0
	UPDATE daily_sales SET units = units + :units, revenue = revenue + :units * :price::numeric
		WHERE product = :product AND day = '2030-01-01';
\endif
\sleep :window_us us
\outcome booked
COMMIT;
$$);

/* MERGE: for all variants that have no script of their own. */
SELECT @extschema@.ct_add_script('upsert_race', 'sell', $$
\set product (:iteration - 1) / :sales % :products + 1
\set units :iteration % 3 + 1
\barrier sell
BEGIN;
SELECT price FROM product WHERE id = :product \gset
INSERT INTO sale (product, units) VALUES (:product, :units);
MERGE INTO daily_sales d
	USING (VALUES (:product::int, date '2030-01-01', :units::int, :units * :price::numeric))
		AS s (product, day, units, revenue)
	ON d.product = s.product AND d.day = s.day
	WHEN MATCHED THEN
		UPDATE SET units = d.units + s.units, revenue = d.revenue + s.revenue
	WHEN NOT MATCHED THEN
		INSERT (product, day, units, revenue) VALUES (s.product, s.day, s.units, s.revenue);
\sleep :window_us us
\outcome booked
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_race', 'merge',
	'MERGE without a unique index: just as broken',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('upsert_race', 'merge_unique_index',
	'MERGE over a unique index: raises 23505, and the sale is lost',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE daily_sales ADD PRIMARY KEY (product, day)');

SELECT @extschema@.ct_add_variant('upsert_race', 'on_conflict',
	'INSERT ... ON CONFLICT DO UPDATE over a unique index',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE daily_sales ADD PRIMARY KEY (product, day)');
SELECT @extschema@.ct_add_script('upsert_race', 'sell', variant => 'on_conflict', body => $$
\set product (:iteration - 1) / :sales % :products + 1
\set units :iteration % 3 + 1
\barrier sell
BEGIN;
SELECT price FROM product WHERE id = :product \gset
INSERT INTO sale (product, units) VALUES (:product, :units);
INSERT INTO daily_sales AS d (product, day, units, revenue)
	VALUES (:product, '2030-01-01', :units, :units * :price::numeric)
	ON CONFLICT (product, day) DO UPDATE
		SET units = d.units + EXCLUDED.units, revenue = d.revenue + EXCLUDED.revenue;
\sleep :window_us us
\outcome booked
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_race', 'merge_retry',
	'MERGE over a unique index, repeated as a whole upon 23505',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE daily_sales ADD PRIMARY KEY (product, day)',
	retried_errors => '{23505}', max_tries => 100);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('upsert_race', 'advisory_lock',
	'an advisory lock on the key before WHERE NOT EXISTS',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('upsert_race', 'sell', variant => 'advisory_lock', body => $$
\set product (:iteration - 1) / :sales % :products + 1
\set units :iteration % 3 + 1
\set inserted 0
\barrier sell
BEGIN;
SELECT price FROM product WHERE id = :product \gset
INSERT INTO sale (product, units) VALUES (:product, :units);
SELECT pg_advisory_xact_lock('daily_sales'::regclass::oid::int, :product);
INSERT INTO daily_sales (product, day, units, revenue)
	SELECT :product, date '2030-01-01', :units, :units * :price::numeric
	WHERE NOT EXISTS (SELECT FROM daily_sales WHERE product = :product AND day = '2030-01-01')
	RETURNING 1 AS inserted \aset
\if :inserted = 0
	UPDATE daily_sales SET units = units + :units, revenue = revenue + :units * :price::numeric
		WHERE product = :product AND day = '2030-01-01';
\endif
\sleep :window_us us
\outcome booked
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('upsert_race', 'serializable',
	'MERGE at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('upsert_race', 'one_row_a_day',
	'SELECT product, day, count(*) AS observed, 1 AS expected, array_agg(units) AS units
	 FROM daily_sales GROUP BY product, day HAVING count(*) > 1 ORDER BY product',
	kind => 'duplicate', description => 'A product has one row for a day.');
SELECT @extschema@.ct_add_check('upsert_race', 'units_add_up',
	'SELECT p.id AS product, coalesce(d.units, 0) AS observed, coalesce(s.units, 0) AS expected
	 FROM product p
		LEFT JOIN (SELECT product, sum(units) AS units FROM daily_sales GROUP BY product) d
			ON d.product = p.id
		LEFT JOIN (SELECT product, sum(units) AS units FROM sale GROUP BY product) s
			ON s.product = p.id
	 WHERE coalesce(d.units, 0) <> coalesce(s.units, 0) ORDER BY p.id',
	kind => 'double_count', description => 'The day''s units are those of its sales.');
SELECT @extschema@.ct_add_check('upsert_race', 'revenue_adds_up',
	'SELECT sum(d.revenue) AS observed,
		(SELECT sum(s.units * p.price) FROM sale s JOIN product p ON p.id = s.product) AS expected
	 FROM daily_sales d
	 HAVING sum(d.revenue) <>
		(SELECT sum(s.units * p.price) FROM sale s JOIN product p ON p.id = s.product)',
	kind => 'double_count', description => 'The day''s revenue is that of its sales.');
SELECT @extschema@.ct_add_check('upsert_race', 'no_sale_is_lost',
	'SELECT count(*) AS observed, :transactions + :failed AS expected FROM sale
	 HAVING count(*) <> :transactions + :failed',
	kind => 'false_refusal', description => 'Every sale is booked: none ends in an error.');
SELECT @extschema@.ct_add_check('upsert_race', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_booked AS expected FROM sale
	 HAVING count(*) <> :outcome_booked',
	kind => 'broken_promise', description => 'What was answered with "booked" is booked, and nothing else.');
