/*
 * isolation_intermediate_read: G1b, a price that was only half computed.
 *
 * The barriers are the schedule: the customer looks while the price is being
 * changed, in two steps, and again after that.
 */
SELECT @extschema@.ct_create_scenario('isolation_intermediate_read',
	category => 'isolation phenomena',
	description => 'G1b: a customer is quoted a price that was only a step of its computation.',
	story => $$
**G1b, intermediate read** (Adya 1999; within ANSI's P1, *dirty read*): a transaction reads a value
that another one overwrites before it commits: `w1(x, 1) r2(x, 1) w1(x, 2) c1`. Nothing is rolled
back, and still the reader has a value that never was in any committed state.

PostgreSQL prevents it **at every level**: others see the last version of a row that a transaction
wrote, after its commit, or none of them.

In an application it is the recomputation in steps, each of which commits: set the total to zero and
add up the lines; delete the permissions and insert them again; import the net price and apply the
tax. Here a new net price is written, and the tax is added in a second statement. A customer who
looks in between is quoted the net price.

The fixes: one transaction around the steps, or one statement that needs no steps (`one_statement`).

What to look at: `quoted_price_existed` shows the quote and the prices that there were. The variants
cost the same; a reader never waits for a writer here, whichever level.
$$,
	params => '{"rounds": 20, "net": 100, "rise": 10, "tax_percent": 19}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE product (
	id		int PRIMARY KEY,
	price	numeric(10, 2) NOT NULL CHECK (price >= 0)
);
CREATE TABLE price_history (
	product	int NOT NULL REFERENCES product,
	price	numeric(10, 2) NOT NULL,
	valid	bigint NOT NULL,
	PRIMARY KEY (product, valid)
);
CREATE TABLE quote (
	id		bigint PRIMARY KEY,
	product	int NOT NULL REFERENCES product,
	early	numeric(10, 2) NOT NULL,
	late	numeric(10, 2) NOT NULL
);
INSERT INTO product
	SELECT i, round(:net * (1 + :tax_percent / 100.0), 2) FROM generate_series(1, :rounds) i;
INSERT INTO price_history SELECT id, price, 0 FROM product;
$$);

/* Two transactions are a round: a price is changed, a customer looks at it, twice. */
SELECT @extschema@.ct_add_variant('isolation_intermediate_read', 'autocommit',
	'no transaction: net price and tax are two commits',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_intermediate_read', 'change_or_quote',
	variant => 'autocommit', body => $$
\set product (:iteration - 1) / 2 % :rounds + 1
\set customer (:iteration - 1) % 2
\barrier round
\if :customer
	\barrier net
	SELECT price AS early FROM product WHERE id = :product \gset
	\barrier looked
	\barrier changed
	SELECT price AS late FROM product WHERE id = :product \gset
	INSERT INTO quote VALUES (:iteration, :product, :early, :late);
	\outcome quoted
\else
	UPDATE product SET price = :net::numeric + :rise WHERE id = :product;
	\barrier net
	\barrier looked
	UPDATE product SET price = price * (1 + :tax_percent / 100.0) WHERE id = :product;
	INSERT INTO price_history SELECT id, price, :iteration FROM product WHERE id = :product;
	\outcome changed
	\barrier changed
\endif
$$);

SELECT @extschema@.ct_add_script('isolation_intermediate_read', 'change_or_quote', $$
\set product (:iteration - 1) / 2 % :rounds + 1
\set customer (:iteration - 1) % 2
\barrier round
\if :customer
	\barrier net
	SELECT price AS early FROM product WHERE id = :product \gset
	\barrier looked
	\barrier changed
	SELECT price AS late FROM product WHERE id = :product \gset
	INSERT INTO quote VALUES (:iteration, :product, :early, :late);
	\outcome quoted
\else
	BEGIN;
	UPDATE product SET price = :net::numeric + :rise WHERE id = :product;
	\barrier net
	\barrier looked
	UPDATE product SET price = price * (1 + :tax_percent / 100.0) WHERE id = :product;
	INSERT INTO price_history SELECT id, price, :iteration FROM product WHERE id = :product;
	\outcome changed
	COMMIT;
	\barrier changed
\endif
$$);
SELECT @extschema@.ct_add_variant('isolation_intermediate_read', 'read_committed',
	'both steps in one transaction',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_intermediate_read', 'repeatable_read',
	'the same at REPEATABLE READ',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_intermediate_read', 'serializable',
	'the same at SERIALIZABLE',
	isolation => 'serializable', expected_verdict => 'pass');

/*
 * The history is a second write, but it is no step of the price.  The customer
 * looks in one transaction, which so overlaps the change.
 */
SELECT @extschema@.ct_add_variant('isolation_intermediate_read', 'one_statement',
	'no transaction, and no steps: the price is computed in the UPDATE',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_intermediate_read', 'change_or_quote',
	variant => 'one_statement', body => $$
\set product (:iteration - 1) / 2 % :rounds + 1
\set customer (:iteration - 1) % 2
\barrier round
\if :customer
	BEGIN;
	SELECT count(*) FROM quote WHERE product = :product;
	\barrier net
	SELECT price AS early FROM product WHERE id = :product \gset
	\barrier looked
	\barrier changed
	SELECT price AS late FROM product WHERE id = :product \gset
	INSERT INTO quote VALUES (:iteration, :product, :early, :late);
	COMMIT;
	\outcome quoted
\else
	\barrier net
	WITH changed AS (
		UPDATE product SET price = (:net::numeric + :rise) * (1 + :tax_percent / 100.0)
		WHERE id = :product RETURNING id, price)
	INSERT INTO price_history SELECT id, price, :iteration FROM changed;
	\outcome changed
	\barrier looked
	\barrier changed
\endif
$$);

SELECT @extschema@.ct_add_check('isolation_intermediate_read', 'quoted_price_existed',
	'SELECT q.product, q.early AS observed,
		string_agg(DISTINCT h.price::text, '' or '') AS expected, q.id AS quote
	 FROM quote q JOIN price_history h ON h.product = q.product
	 GROUP BY q.id HAVING NOT q.early = ANY (array_agg(h.price)) ORDER BY q.id',
	kind => 'intermediate_read', description => 'Who looks sees a price that there was or is, tax included.');
/* But the last: when the time of a run is up, nobody waits at barriers any more. */
SELECT @extschema@.ct_add_check('isolation_intermediate_read', 'new_price_is_seen',
	'SELECT q.product, q.late AS observed, h.price AS expected, q.id AS quote
	 FROM quote q JOIN price_history h ON h.product = q.product AND h.valid = q.id - 1
	 WHERE q.late <> h.price AND q.id <= (SELECT max(id) FROM quote) - :workers ORDER BY q.id',
	kind => 'stale_read', description => 'After the change everybody sees the new price.');
SELECT @extschema@.ct_add_check('isolation_intermediate_read', 'answers_are_true',
	'SELECT (SELECT count(*) FROM price_history WHERE valid > 0) AS observed, :outcome_changed AS expected,
		(SELECT count(*) FROM quote) AS quotes, :outcome_quoted AS quoted
	 WHERE (SELECT count(*) FROM price_history WHERE valid > 0) <> :outcome_changed
		OR (SELECT count(*) FROM quote) <> :outcome_quoted
		OR :outcome_changed + :outcome_quoted <> :transactions',
	kind => 'broken_promise', description => 'Each change and each quote was made, and is there.');
SELECT @extschema@.ct_add_check('isolation_intermediate_read', 'tax_is_included',
	'SELECT product, price AS observed,
		round((:net::numeric + :rise) * (1 + :tax_percent / 100.0), 2) AS expected
	 FROM price_history
	 WHERE valid > 0 AND price <> round((:net::numeric + :rise) * (1 + :tax_percent / 100.0), 2)
	 ORDER BY valid',
	kind => 'wrong_result', description => 'Each new price is the net price and the tax.');
