/* vector_load: embeddings of many tenants, searched and added to.  Needs pgvector, as vector_search does. */
SELECT @extschema@.ct_create_scenario('vector_load',
	category => 'throughput',
	description => 'The nearest neighbours of all tenants are fetched, and then filtered: most searches find too few.',
	story => $$
The bug: an index of nearest neighbours knows nothing of tenants.  So the
application fetches the :candidates nearest of all, which is fast, and keeps
those of the tenant that asked.  With :tenants tenants that is one in
:tenants of them, and a search for :neighbours finds a few, or none.  With
two tenants, as in the developer's database, nobody sees it.

Four of five transactions search (script search), one adds an item (script
insert), and each kind has its own latencies and rate.

What to look at: filter first, by an index on the tenant, and sort what is
left by distance.  That is exact, and cheap as long as a tenant has some
thousand items.  For larger ones make partitions or partial indexes by
tenant, or let the index go on until it has found enough
(hnsw.iterative_scan, from pgvector 0.8 on).

As a test of load name the sizes and the limits in the call: for searches
thresholds => '{search.mean_ms < 50, search.p95_ms < 100}' and
params => '{"vectors": 10000, "dimensions": 1536, "operations": 1000}', for the
rate of insertion the variant insert_only and thresholds => '{tps > 500}'.
The setup makes the vectors and their index, which takes its time: with
100,000 of 1536 dimensions some minutes.

Needs the extension vector (pgvector), in the search_path.
Not to be explored: what goes wrong needs no second session.
$$,
	params => '{"vectors": 2000, "dimensions": 64, "tenants": 20, "neighbours": 10, "candidates": 40, "operations": 200}',
	explore_params => NULL,
	min_overlap => 0,
	transactions_expr => ':operations',
	setup => $$
DO $do$
BEGIN
	IF to_regtype('vector') IS NOT NULL THEN
		RETURN;
	END IF;
	RAISE EXCEPTION USING
		ERRCODE = 'undefined_object',
		MESSAGE = 'the extension "vector" (pgvector) is not in this database''s search_path',
		HINT = CASE WHEN EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')
			THEN 'CREATE EXTENSION vector.'
			ELSE format('Install pgvector (postgresql-%s-pgvector of Debian 13 or of apt.postgresql.org), then CREATE EXTENSION vector.',
				current_setting('server_version_num')::int / 10000)
			END;
END
$do$;

-- any two of these make an item
CREATE TABLE base (id int PRIMARY KEY, part vector(:dimensions) NOT NULL);
INSERT INTO base
	SELECT i, (SELECT array_agg(random()::real) FROM generate_series(1, :dimensions) d WHERE i IS NOT NULL)::vector
	FROM generate_series(0, 499) i;

CREATE TABLE item (
	id			bigint PRIMARY KEY,
	tenant		int NOT NULL,
	embedding	vector(:dimensions) NOT NULL
);
INSERT INTO item
	SELECT i, i % :tenants, a.part + b.part
	FROM generate_series(1, :vectors) i
	JOIN base a ON a.id = i % 500
	JOIN base b ON b.id = i / 500 % 500;
CREATE INDEX ON item (tenant);
DO $do$
BEGIN
	IF EXISTS (SELECT FROM pg_am WHERE amname = 'hnsw') THEN
		CREATE INDEX ON item USING hnsw (embedding vector_l2_ops);
	END IF;
END
$do$;
ANALYZE item;
$$);

SELECT @extschema@.ct_add_script('vector_load', 'insert', $$
\set tenant :iteration % :tenants
\set a random(0, 499)
\set b random(0, 499)
INSERT INTO item SELECT :vectors + :iteration, :tenant, a.part + b.part
	FROM base a CROSS JOIN base b WHERE a.id = :a AND b.id = :b;
\outcome inserted
$$);

SELECT @extschema@.ct_add_variant('vector_load', 'filter_afterwards',
	'the nearest of all tenants, of which those of one are kept', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('vector_load', 'search', variant => 'filter_afterwards', weight => 4, body => $$
\set tenant random(0, :tenants - 1)
\set a random(0, 499)
\set b random(0, 499)
WITH question AS MATERIALIZED (SELECT a.part + b.part AS embedding FROM base a CROSS JOIN base b WHERE a.id = :a AND b.id = :b)
	SELECT count(*) AS results FROM (
		SELECT n.id FROM (
			SELECT id, tenant FROM item ORDER BY embedding <-> (SELECT embedding FROM question) LIMIT :candidates) n
		WHERE n.tenant = :tenant LIMIT :neighbours) f \gset
\tally results :results
\outcome searched
$$);

SELECT @extschema@.ct_add_variant('vector_load', 'filter_first',
	'those of the tenant, sorted by distance', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('vector_load', 'search', variant => 'filter_first', weight => 4, body => $$
\set tenant random(0, :tenants - 1)
\set a random(0, 499)
\set b random(0, 499)
WITH question AS MATERIALIZED (SELECT a.part + b.part AS embedding FROM base a CROSS JOIN base b WHERE a.id = :a AND b.id = :b),
	own AS MATERIALIZED (SELECT id, embedding FROM item WHERE tenant = :tenant)
	SELECT count(*) AS results FROM (
		SELECT id FROM own ORDER BY embedding <-> (SELECT embedding FROM question) LIMIT :neighbours) f \gset
\tally results :results
\outcome searched
$$);

SELECT @extschema@.ct_add_variant('vector_load', 'insert_only',
	'items are added, and nothing is searched: how many a second', expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('vector_load', 'searches_find',
	'SELECT :tally_results AS observed, :outcome_searched * least(:neighbours, :vectors / :tenants) AS expected
	 WHERE :tally_results < :outcome_searched * least(:neighbours, :vectors / :tenants)',
	kind => 'false_refusal',
	description => 'A search returns as many neighbours as were asked for, where the tenant has them.');
SELECT @extschema@.ct_add_check('vector_load', 'items_are_kept',
	'SELECT count(*) AS observed, :vectors + :outcome_inserted AS expected FROM item
	 HAVING count(*) <> :vectors + :outcome_inserted',
	kind => 'lost_update', description => 'Each item that was added is there.');
