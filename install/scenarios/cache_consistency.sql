/*
 * cache_consistency: an invalidation can't delete what is not there yet.
 *
 * The cache is a table here; with Redis beside the database the race is the
 * same, and what helps are the variants that need no common transaction:
 * compare versions where the entry is stored.
 */
SELECT @extschema@.ct_create_scenario('cache_consistency',
	category => 'caches',
	description => 'A cache entry is computed, the source changes, the old result is stored: stale for good.',
	story => $$
The bug: a request misses the cache, reads the product, renders its page, and stores the page. While it
renders, the price is changed, and the cache is invalidated: there is nothing to delete yet. Then the
page with the old price is stored, and nobody will ever invalidate it. That update and invalidation are
one transaction, as here, doesn't help. Before the update, in a transaction of its own, it is worse
(`invalidate_first`): whoever misses in between stores what is about to change. An expiry time doesn't
cure it, it only says for how long customers see the wrong price.

Each product has three visitors: one that misses the cache (it has just evicted the page, which matters
only if a run is so long that it comes round again) and takes :window_us to render, the shop's
owner who changes the price in the middle of that, and a late one, for whom a fresh page should be
there or be made. The first two come at once (the barrier), the late one when they have left.

What to look at: `cache_is_true` compares each entry with its source at the end, when all is quiet.
In `ct_outcomes`: `hit`, `filled`, `discarded` (rendered for nothing, as the source had changed) and
`repriced`. In `ct_compare`, who waits shows in p50 and p99.

Which fix: `version_check` renders without a lock, and then stores the page only if the product still
has the version that it was made from, with the product locked for that moment (FOR SHARE: without it
the check itself would race with a price change in flight). `tombstone` needs no lock on the source and
suits a cache elsewhere: invalidating stores the new version without a page, and a page is stored only
over a lower version. `fill_under_lock` renders under the lock: nothing is rendered in vain, but price
changes wait for rendering, and so do other visitors of that product. `write_through` has a trigger
store the new page with the new price: the writer pays, and entries must never be evicted by anything
else. `serializable` is the naive code, repeated when refused.
$$,
	params => '{"products": 40, "window_us": 5000}',
	explore_params => '{"products": 1, "window_us": 0}',
	transactions_expr => ':products * 3',
	setup => $$
CREATE TABLE product (
	id			int PRIMARY KEY,
	name		text NOT NULL,
	price		numeric(10,2) NOT NULL CHECK (price > 0),
	version		int NOT NULL DEFAULT 1
);
CREATE TABLE page_cache (
	product		int PRIMARY KEY REFERENCES product ON DELETE CASCADE,
	version		int NOT NULL,
	page		text,
	cached_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE FUNCTION render(name text, price numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN '<h1>' || name || '</h1> only ' || price;
INSERT INTO product (id, name, price) SELECT i, 'Product ' || i, 10 FROM generate_series(1, :products) i;
$$);

/* The bug.  Also what "serializable" runs. */
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\barrier visit
\if :visitor = 1
	\sleep :half us
	BEGIN;
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product;
	DELETE FROM page_cache WHERE product = :product;
	\outcome repriced
	COMMIT;
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\else
		DELETE FROM page_cache WHERE product = :product; -- evicted
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\if :hit
		\outcome hit
	\else
		SELECT render(name, price) AS page, version FROM product WHERE id = :product \gset
		\sleep :window_us us
		INSERT INTO page_cache (product, version, page) VALUES (:product, :version, :page)
			ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = excluded.page,
				cached_at = excluded.cached_at;
		\outcome filled
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('cache_consistency', 'naive',
	'read, render, store; update and delete in one transaction',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('cache_consistency', 'invalidate_first',
	'the same, but delete, commit, then update',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', variant => 'invalidate_first', body => $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\barrier visit
\if :visitor = 1
	DELETE FROM page_cache WHERE product = :product;
	\sleep :half us
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product;
	\outcome repriced
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\else
		DELETE FROM page_cache WHERE product = :product; -- evicted
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\if :hit
		\outcome hit
	\else
		SELECT render(name, price) AS page, version FROM product WHERE id = :product \gset
		\sleep :window_us us
		INSERT INTO page_cache (product, version, page) VALUES (:product, :version, :page)
			ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = excluded.page,
				cached_at = excluded.cached_at;
		\outcome filled
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

/*
 * FOR SHARE waits for a price change in flight, and the version is then
 * compared with the new one.  A price change that comes later waits for this
 * transaction, and its DELETE, a statement of its own, sees the entry.
 */
SELECT @extschema@.ct_add_variant('cache_consistency', 'version_check',
	'store the page only if the product still is what it was made from, locked for that moment',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', variant => 'version_check', body => $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\set stored 0
\barrier visit
\if :visitor = 1
	\sleep :half us
	BEGIN;
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product;
	DELETE FROM page_cache WHERE product = :product;
	\outcome repriced
	COMMIT;
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\else
		DELETE FROM page_cache WHERE product = :product; -- evicted
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\if :hit
		\outcome hit
	\else
		SELECT render(name, price) AS page, version FROM product WHERE id = :product \gset
		\sleep :window_us us
		WITH unchanged AS MATERIALIZED (
			SELECT id FROM product WHERE id = :product AND version = :version FOR SHARE)
		INSERT INTO page_cache (product, version, page) SELECT id, :version, :page FROM unchanged
			ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = excluded.page,
				cached_at = excluded.cached_at
			RETURNING 1 AS stored \aset
		\if :stored
			\outcome filled
		\else
			\outcome discarded
		\endif
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

/* The entry's own row decides, and ON CONFLICT sees it even if it was committed a moment ago. */
SELECT @extschema@.ct_add_variant('cache_consistency', 'tombstone',
	'invalidating leaves the version behind, and a page is stored only over a lower one',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', variant => 'tombstone', body => $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\set stored 0
\barrier visit
\if :visitor = 1
	\sleep :half us
	BEGIN;
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product
		RETURNING version \gset
	INSERT INTO page_cache (product, version, page) VALUES (:product, :version, NULL)
		ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = NULL,
			cached_at = excluded.cached_at
		WHERE page_cache.version <= excluded.version;
	\outcome repriced
	COMMIT;
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\else
		UPDATE page_cache SET page = NULL WHERE product = :product; -- evicted
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product AND page IS NOT NULL \aset
	\if :hit
		\outcome hit
	\else
		SELECT render(name, price) AS page, version FROM product WHERE id = :product \gset
		\sleep :window_us us
		INSERT INTO page_cache (product, version, page) VALUES (:product, :version, :page)
			ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = excluded.page,
				cached_at = excluded.cached_at
			WHERE page_cache.version < excluded.version
				OR page_cache.version = excluded.version AND page_cache.page IS NULL
			RETURNING 1 AS stored \aset
		\if :stored
			\outcome filled
		\else
			\outcome discarded
		\endif
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

/* Look again once the lock is held: another one may have rendered the page meanwhile. */
SELECT @extschema@.ct_add_variant('cache_consistency', 'fill_under_lock',
	'lock the product from reading it until the page is stored',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', variant => 'fill_under_lock', body => $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\barrier visit
\if :visitor = 1
	\sleep :half us
	BEGIN;
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product;
	DELETE FROM page_cache WHERE product = :product;
	\outcome repriced
	COMMIT;
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\else
		DELETE FROM page_cache WHERE product = :product; -- evicted
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\if :hit = 0
		SELECT render(name, price) AS page, version FROM product WHERE id = :product
			FOR NO KEY UPDATE \gset
		SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\endif
	\if :hit
		\outcome hit
	\else
		\sleep :window_us us
		INSERT INTO page_cache (product, version, page) VALUES (:product, :version, :page);
		\outcome filled
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('cache_consistency', 'write_through',
	'a trigger stores the new page with the new price; a visitor''s never replaces one',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION store_page() RETURNS trigger LANGUAGE plpgsql AS $store$
BEGIN
	INSERT INTO page_cache (product, version, page)
		VALUES (new.id, new.version, render(new.name, new.price))
		ON CONFLICT (product) DO UPDATE SET version = excluded.version, page = excluded.page,
			cached_at = excluded.cached_at;
	RETURN NULL;
END
$store$;
CREATE TRIGGER store_page AFTER UPDATE ON product FOR EACH ROW EXECUTE FUNCTION store_page();
$$);
SELECT @extschema@.ct_add_script('cache_consistency', 'visit', variant => 'write_through', body => $$
\set product (:iteration - 1) / 3 % :products + 1
\set visitor (:iteration - 1) % 3
\set half :window_us / 2
\set hit 0
\set stored 0
\barrier visit
\if :visitor = 1
	\sleep :half us
	UPDATE product SET price = price + 1, version = version + 1 WHERE id = :product;
	\outcome repriced
	\barrier late
\else
	\if :visitor = 2
		\barrier late
	\endif
	BEGIN;
	SELECT 1 AS hit, page FROM page_cache WHERE product = :product \aset
	\if :hit
		\outcome hit
	\else
		SELECT render(name, price) AS page, version FROM product WHERE id = :product \gset
		\sleep :window_us us
		INSERT INTO page_cache (product, version, page) VALUES (:product, :version, :page)
			ON CONFLICT (product) DO NOTHING RETURNING 1 AS stored \aset
		\if :stored
			\outcome filled
		\else
			\outcome discarded
		\endif
	\endif
	COMMIT;
	\if :visitor = 0
		\barrier late
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('cache_consistency', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 100, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('cache_consistency', 'cache_is_true',
	'SELECT p.name AS product, c.page AS observed, render(p.name, p.price) AS expected,
		c.version AS cached_version, p.version, c.cached_at
	 FROM page_cache c JOIN product p ON p.id = c.product
	 WHERE c.page <> render(p.name, p.price) ORDER BY p.id',
	kind => 'stale_read', description => 'Each entry of the cache is what its source would give now.');
SELECT @extschema@.ct_add_check('cache_consistency', 'prices_are_changed',
	'SELECT sum(version - 1) AS observed, :outcome_repriced AS expected FROM product
	 HAVING sum(version - 1) <> :outcome_repriced OR sum(price - 10) <> :outcome_repriced',
	kind => 'broken_promise', description => 'Each change that was answered with "repriced" is there.');
/* Who comes late to a product finds a page, or makes one: there is nobody to interfere with. */
SELECT @extschema@.ct_add_check('cache_consistency', 'cache_is_used',
	'SELECT count(*) AS observed, least(:products, :transactions / 3) / 2 AS expected,
		:outcome_filled AS filled, :outcome_discarded AS discarded
	 FROM page_cache WHERE page IS NOT NULL
	 HAVING count(*) < least(:products, :transactions / 3) / 2',
	kind => 'cache_unused', description => 'Pages do get into the cache, and stay there.');
