# The state that executions begin in comes back by page images (bgworker/explore/images.c): whatever
# was done to the tables, each page is afterwards as it was, and indexes, maps and sequences go
# together with their tables.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('reset');

$node->init(allows_streaming => 1, extra => ['--data-checksums']);
$node->append_conf('postgresql.conf', "$_\n") for
  "dynamic_library_path = '\$libdir:" . ct_units() . "'",
  'log_statement = none', 'wal_consistency_checking = all', 'autovacuum_naptime = 1s',
  'max_prepared_transactions = 1', 'max_wal_size = 4GB', 'lock_timeout = 60s';
$node->start;
$node->safe_psql('postgres', <<'SQL');
	CREATE EXTENSION pageinspect;
	CREATE EXTENSION amcheck;
	CREATE EXTENSION dblink;
	CREATE SCHEMA s;
	CREATE FUNCTION images_take(regnamespace, int) RETURNS bigint LANGUAGE c AS 'ct_units';
	CREATE FUNCTION images_restore(int) RETURNS bool LANGUAGE c AS 'ct_units';
	CREATE FUNCTION images_restored() RETURNS int LANGUAGE c AS 'ct_units';

	-- what is stored in the schema s, with TOAST tables and all indexes
	CREATE VIEW stored AS
	SELECT c.oid, c.relname, c.relkind FROM pg_class c WHERE relnamespace = 's'::regnamespace AND relkind IN ('r', 'i', 'm', 'S')
	UNION ALL
	SELECT t.oid, c.relname || '''s toast', t.relkind FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid
	WHERE c.relnamespace = 's'::regnamespace
	UNION ALL
	SELECT i.indexrelid, c.relname || '''s toast''s index', 'i' FROM pg_class c JOIN pg_index i ON i.indrelid = c.reltoastrelid
	WHERE c.relnamespace = 's'::regnamespace;

	-- the pages but for LSN and checksum; of maps those that say something
	CREATE FUNCTION pages() RETURNS TABLE (name text, fork text, page int, content text) LANGUAGE sql AS
	$$ SELECT relname || ' ' || relkind::text, fork, page::int, md5(substring(p.raw, 11)) FROM stored,
	   unnest('{main, fsm, vm}'::text[]) fork, generate_series(0, pg_relation_size(oid, fork) / 8192 - 1) page,
	   LATERAL (SELECT get_raw_page(oid::regclass::text, fork, page::int) AS raw) p
	   WHERE fork = 'main' OR substring(p.raw, 25) <> decode(repeat('00', 8192 - 24), 'hex') $$;

	-- what differs between the pages that were and those that are
	CREATE TABLE were AS SELECT * FROM pages() LIMIT 0;
	CREATE FUNCTION differences() RETURNS text LANGUAGE sql AS
	$$ SELECT coalesce(string_agg(name || ' ' || fork || ' ' || page, ', '), '')
	   FROM (SELECT * FROM were FULL JOIN (SELECT * FROM pages()) p USING (name, fork, page)
	         WHERE were.content IS DISTINCT FROM p.content LIMIT 5) d $$;

	-- the other session, which has caches of its own
	CREATE FUNCTION other(statement text) RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN
	     IF dblink_get_connections() IS NULL THEN
	       PERFORM dblink_connect('other', format('host=%s port=%s dbname=postgres application_name=other',
	         split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')));
	     END IF;
	     RETURN dblink_exec('other', statement);
	   END $$;
SQL

sub sql { return $node->safe_psql('postgres', join ";\n", @_) }

# ---- whatever is done to the tables ----

my $torture = <<'SQL';
	CREATE TABLE s.parent (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, UNIQUE (name));
	CREATE TABLE s.child (id serial PRIMARY KEY, parent int REFERENCES s.parent ON DELETE CASCADE,
		tags int[], place point, span int4range, word text, at timestamptz DEFAULT now(), document text);
	CREATE INDEX child_parent ON s.child USING hash (parent);
	CREATE INDEX child_tags ON s.child USING gin (tags);
	CREATE INDEX child_span ON s.child USING gist (span);
	CREATE INDEX child_place ON s.child USING spgist (place);
	CREATE INDEX child_word ON s.child USING spgist (word);
	CREATE INDEX child_at ON s.child USING brin (at) WITH (pages_per_range = 2);
	CREATE INDEX child_some ON s.child (word) WHERE parent % 2 = 0;
	CREATE UNLOGGED TABLE s.unlogged (id int PRIMARY KEY, span int4range);
	CREATE INDEX ON s.unlogged USING gist (span);
	CREATE TABLE s.empty (id bigserial PRIMARY KEY, t text);
	CREATE TABLE s.wide (id int, t text);
	ALTER TABLE s.wide ALTER t SET STORAGE EXTERNAL;
	INSERT INTO s.parent (name) SELECT 'parent ' || i FROM generate_series(1, 50) i;
	INSERT INTO s.child (parent, tags, place, span, word, document)
		SELECT i % 50 + 1, ARRAY[i, i % 7], point(i, i % 13), int4range(i, i + 10), md5(i::text), repeat(md5(i::text), i % 200)
		FROM generate_series(1, 300) i;
	DELETE FROM s.child WHERE id % 10 = 0;
	UPDATE s.child SET word = word || 'x' WHERE id % 11 = 0;
	INSERT INTO s.unlogged SELECT i, int4range(i, i + 3) FROM generate_series(1, 100) i;
	INSERT INTO s.wide SELECT i, repeat('x', 3000) FROM generate_series(1, 5) i;
	CREATE MATERIALIZED VIEW s.seen AS SELECT count(*) FROM s.child;
SQL

# what other(..) does, and whether anybody sees the same rows by each way to them
sql($torture, <<'SQL');
	CREATE FUNCTION s.work(i int) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN
	     INSERT INTO s.parent (name) SELECT 'new ' || j FROM generate_series(1, CASE WHEN i % 3 = 0 THEN 2000 ELSE 3 END) j;
	     INSERT INTO s.child (parent, tags, place, span, word, document)
	       SELECT j % 50 + 1, ARRAY[j, j % 7], point(j, i), int4range(j, j + i), md5(j::text || i), repeat(md5(j::text), j % 300)
	       FROM generate_series(1, CASE WHEN i % 2 = 0 THEN 3000 ELSE 10 END) j;
	     DELETE FROM s.parent WHERE id % 5 = i % 5;
	     UPDATE s.child SET span = int4range(id, id + 100), word = md5(word) WHERE id % 3 = i % 3;
	     DELETE FROM s.unlogged WHERE id % 4 = i % 4;
	     INSERT INTO s.unlogged SELECT 1000 + j, int4range(j, j + 50) FROM generate_series(1, 500) j;
	     INSERT INTO s.empty (t) SELECT repeat('y', 100) FROM generate_series(1, CASE WHEN i % 4 = 0 THEN 1000 ELSE 2 END);
	     INSERT INTO s.wide SELECT j, repeat('z', 9000) FROM generate_series(1, i % 5) j;
	   END $$;
	CREATE FUNCTION s.counts() RETURNS text LANGUAGE plpgsql AS
	$$ DECLARE
	     q text;
	     n int;
	     r text := '';
	   BEGIN
	     FOREACH q IN ARRAY ARRAY['s.parent WHERE id > 0', 's.child WHERE id > 0', 's.child WHERE parent = 7',
	       's.child WHERE tags @> ARRAY[3]', 's.child WHERE span && int4range(20, 40)', 's.child WHERE word > ''8''',
	       's.child WHERE place <@ box(point(0, 0), point(100, 5))', 's.child WHERE at > ''2000-01-01''',
	       's.child WHERE parent % 2 = 0 AND word > ''8''', 's.unlogged WHERE span && int4range(5, 60)', 's.empty WHERE id > 0'] LOOP
	       EXECUTE 'SELECT count(*) FROM ' || q INTO n;
	       r := r || ' ' || n;
	     END LOOP;
	     RETURN r;
	   END $$
	   SET plan_cache_mode = force_custom_plan;
	CREATE FUNCTION s.by_index() RETURNS text LANGUAGE sql SET enable_seqscan = off AS 'SELECT s.counts()';
	CREATE FUNCTION s.by_table() RETURNS text LANGUAGE sql SET enable_indexscan = off SET enable_bitmapscan = off
		SET enable_indexonlyscan = off AS 'SELECT s.counts()';
SQL

is(sql(<<'SQL'), "\nt\nt", 'torture: each of 40 times all pages are as they were, and a session with its caches finds the same by all indexes');
	SELECT other('SELECT 1') WHERE false;
	CREATE TABLE public.trouble (i int, what text);
	DO $$
	DECLARE
	  first text;
	BEGIN
	  PERFORM images_take('s', 65536);
	  COMMIT;
	  INSERT INTO were SELECT * FROM pages();
	  first := s.by_table();
	  FOR i IN 1 .. 40 LOOP
	    PERFORM other(format('DO $d$ BEGIN PERFORM s.work(%s);%s END $d$', i,
	      CASE WHEN i % 7 = 0 THEN ' ROLLBACK;' ELSE '' END));
	    PERFORM other(format('DO $d$ BEGIN IF s.by_table() <> s.by_index() THEN RAISE ''other''; END IF; END $d$'));
	    COMMIT;
	    IF NOT images_restore(1000) THEN
	      INSERT INTO trouble VALUES (i, 'stale');
	    END IF;
	    COMMIT;
	    INSERT INTO trouble SELECT i, d FROM differences() d WHERE d <> '';
	    INSERT INTO trouble SELECT i, s.by_index() WHERE s.by_index() <> first OR s.by_table() <> first;
	    PERFORM other(format('DO $d$ BEGIN IF s.by_index() <> %L THEN RAISE ''other''; END IF; END $d$', first));
	    COMMIT;
	  END LOOP;
	END $$;
	SELECT string_agg(i || ': ' || what, ', ') FROM trouble;
	SELECT bool_and(n > 0) FROM (SELECT count(*) AS n FROM were GROUP BY name) c;
	SELECT images_restore(1000) AND images_restored() = 0;
SQL

my $amcheck = <<'SQL';
	SELECT coalesce(string_agg(c.relname || ': ' || v.msg, ', '), '') FROM pg_class c, verify_heapam(c.oid) v
	WHERE c.relnamespace = 's'::regnamespace AND relkind IN ('r', 'm');
	SELECT count(bt_index_check(c.oid, true)) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
	WHERE c.relnamespace = 's'::regnamespace AND a.amname = 'btree'
SQL
is(sql($amcheck), "\n6", 'amcheck');
$node->stop;
done_testing();
