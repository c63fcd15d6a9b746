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
  'log_statement = none', 'autovacuum_naptime = 1s',
  'max_prepared_transactions = 1', 'max_wal_size = 1GB', 'wal_keep_size = 2GB', 'lock_timeout = 60s';
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
	     IF NOT coalesce('other' = ANY (dblink_get_connections()), false) THEN
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

is(sql(<<'SQL'), "\nt\nt\nt", 'torture: each of 40 times all pages are as they were, and a session with its caches finds the same by all indexes');
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
	-- from 19 on, who reads may mark pages as visible to all
	SELECT images_restore(1000);
	SELECT images_restore(1000) AND images_restored() = 0;
SQL

my $amcheck = <<'SQL';
	SELECT coalesce(string_agg(c.relname || ': ' || v.msg, ', '), '') FROM pg_class c, verify_heapam(c.oid) v
	WHERE c.relnamespace = 's'::regnamespace AND relkind IN ('r', 'm');
	SELECT count(bt_index_check(c.oid, true)) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
	WHERE c.relnamespace = 's'::regnamespace AND a.amname = 'btree'
SQL
is(sql($amcheck), "\n6", 'amcheck');

# ---- what can't be, and what isn't the same any more ----

# an autovacuum between a take and its end would be one of these
$node->safe_psql('postgres', "ALTER SYSTEM SET autovacuum = off;\nSELECT pg_reload_conf()");
ok(ct_await($node, "SELECT current_setting('autovacuum') = 'off' AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type LIKE 'autovacuum%')"), 'nobody else is at the tables');

# each line: done by another session after a take, and what ct_images_restore says to it
for (
	[ 'UPDATE s.parent SET name = name', 't', 'rows' ],
	[ 'TRUNCATE s.empty', 'f', 'TRUNCATE' ],
	[ 'ALTER TABLE s.empty ALTER id TYPE int', 'f', 'a rewrite' ],
	[ 'REINDEX TABLE s.empty', 'f', 'REINDEX' ],
	[ 'VACUUM FREEZE s.child', 'f', 'VACUUM' ],
	[ 'ANALYZE s.wide', 'f', 'ANALYZE' ],
	[ 'REFRESH MATERIALIZED VIEW s.seen', 'f', 'REFRESH' ],
	[ 'DROP TABLE s.wide', 'f', 'DROP' ])
{
	my ($statement, $same, $what) = @$_;
	is(sql("SELECT images_take('s', 65536) IS NOT NULL",
		"SELECT other('SET client_min_messages = warning') <> ''", "SELECT other('$statement') <> ''", 'SELECT images_restore(1000)'),
		"t\nt\nt\n$same", "$what: " . ($same eq 't' ? 'brought back' : 'told, for an image would be wrong'));
}
is(sql("SELECT images_take('s', 64) IS NULL"), 't', 'more than is asked for is not taken');

# ---- others ----

sub connect_reader
{
	return "SELECT dblink_connect('reader', format('host=%s port=%s dbname=postgres', " .
	  "split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port')))";
}
my ($out, $err);
my @pinned = ("SELECT images_take('s', 65536) IS NOT NULL", connect_reader(), "SELECT dblink_exec('reader', 'BEGIN')",
	"SELECT dblink_exec('reader', 'DECLARE c CURSOR FOR SELECT id FROM s.parent')",
	"SELECT id FROM dblink('reader', 'FETCH 1 FROM c') AS r (id int)",
	"SELECT other('UPDATE s.parent SET name = name WHERE id = 1')");
(undef, $out, $err) = $node->psql('postgres', join(";\n", @pinned, 'SELECT images_restore(200)'));
like($err, qr/a page of "parent" is in use by somebody who reads it/, 'a page that a cursor has pinned is not written to');
is((split /\n/, sql(@pinned, "SELECT dblink_send_query('reader', 'SELECT pg_sleep(0.5); COMMIT')", 'SELECT images_restore(60000)',
	'SELECT images_restored() > 0'))[-1], 't', 'but waited for');
my @locked = ("SELECT images_take('s', 65536) IS NOT NULL", connect_reader(), "SELECT other('UPDATE s.parent SET name = name')",
	"SELECT dblink_exec('reader', 'BEGIN')", "SELECT dblink_exec('reader', 'LOCK TABLE s.parent IN ROW EXCLUSIVE MODE')");
(undef, $out, $err) = $node->psql('postgres', join(";\n", @locked, "SET lock_timeout = '200ms'", 'SELECT images_restore(200)'));
like($err, qr/canceling statement due to lock timeout/, 'nor to a table that somebody has locked');
is((split /\n/, sql(@locked, "SELECT dblink_exec('reader', 'COMMIT')", 'SELECT images_restore(200) AND images_restored() > 0'))[-1], 't',
	'but when it is free again');

$node->safe_psql('postgres', "ALTER SYSTEM RESET autovacuum;\nSELECT pg_reload_conf()");

# ---- memory ----

is((split /\n/, sql(<<'SQL'))[-1], 'flat', 'after 100,000 restores there is no more memory in use than after 1,000');
	SET synchronous_commit = off;
	SET client_min_messages = warning;
	DROP MATERIALIZED VIEW s.seen;
	DROP TABLE s.child, s.empty;
	SELECT images_take('s', 65536) IS NOT NULL;
	CREATE PROCEDURE again(n int) LANGUAGE plpgsql AS
	$$ BEGIN
	     FOR i IN 1 .. n LOOP
	       UPDATE s.parent SET name = name WHERE id = 1;
	       IF i % 100 = 0 THEN INSERT INTO s.unlogged SELECT 10000 + j FROM generate_series(1, 300) j; END IF;
	       COMMIT;
	       PERFORM images_restore(1000);
	       COMMIT;
	     END LOOP;
	   END $$;
	CALL again(1000);
	SELECT sum(total_bytes) AS before FROM pg_backend_memory_contexts \gset
	CALL again(100000);
	SELECT CASE WHEN sum(total_bytes) - :before < 100000 THEN 'flat' ELSE format('%s, then %s', :before, sum(total_bytes)) END
	FROM pg_backend_memory_contexts;
SQL
is(sql($amcheck), "\n3", 'amcheck');

# ---- runs of rounds: a crash, a standby ----

$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
my $setup = <<'SQL';
	CREATE TABLE account (id int PRIMARY KEY, tags int[], balance int);
	CREATE TABLE entry (id bigserial PRIMARY KEY, account int REFERENCES account, note text, at timestamptz DEFAULT now());
	CREATE INDEX ON entry USING hash (account);
	CREATE INDEX ON account USING gin (tags);
	INSERT INTO account SELECT i, ARRAY[i], 100 FROM generate_series(1, 100) i;
SQL
my $script = <<'SQL';
	BEGIN;
	UPDATE account SET balance = balance - 1, tags = tags || :iteration WHERE id = :iteration % 100 + 1;
	INSERT INTO entry (account, note) SELECT :iteration % 100 + 1, repeat('note ', 20) FROM generate_series(1, 30);
	COMMIT;
SQL

sub call_rounds
{
	my ($rounds, $keep) = @_;
	return ct_call($node, "SELECT ct_test(\$s\$$script\$s\$, \$s\$$setup\$s\$, "
		  . "ARRAY['SELECT sum(balance) AS observed FROM account HAVING sum(balance) <> 10000 - :transactions'], "
		  . "workers => 2, transactions => 40, rounds => $rounds, keep => $keep)");
}

# amcheck of the last run's sandbox
sub amcheck
{
	my ($on) = @_;
	my $schema = $node->safe_psql('postgres', q{SELECT max(nspname) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'});
	return ($schema, $on->safe_psql('postgres', $amcheck =~ s/'s'/'$schema'/gr));
}

for my $crash (1 .. 3)
{
	my $call = call_rounds(1000000, 'false');
	ok(ct_await($node, 'SELECT coalesce(bool_or(transactions > 1000), false) FROM ct_progress'), "crash $crash: rounds are under way");
	$node->safe_psql('postgres', 'CHECKPOINT') if $crash == 2;
	$node->stop('immediate');
	ct_call_end($call);
	$node->start;
	my ($schema, $result) = amcheck($node);
	is($result, "\n2", "crash $crash: recovery is clean, and amcheck of $schema");
	is($node->safe_psql('postgres', "SELECT ct_sweep()"), 1, "crash $crash: swept");
}

# each page that is changed comes with its image, which the standby compares with its own
$node->safe_psql('postgres', q{ALTER SYSTEM SET wal_consistency_checking = 'all'; SELECT pg_reload_conf()});
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('reset_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "max_standby_streaming_delay = 200ms\n");
$standby->start;
my $call = call_rounds(60, 'true');
# who reads the sandbox there may be cancelled, as by any DDL, and nothing worse
while ($call->{harness}->pumpable)
{
	$call->{harness}->pump_nb;
	my ($rc, $out, $err) = $standby->psql('postgres',
		q{SELECT format('SELECT sum(balance) FROM %I.account; SELECT count(*) FROM %1$I.entry', nspname) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%' \gexec});
	next if $rc == 0 || $err =~ /conflict with recovery|does not exist/;
	fail("a query on the standby: $err");
	last;
}
is(ct_call_end($call), 0, 'a run of rounds with a standby');
is(ct_last($node, 'verdict'), 'pass', '... passes');
$node->wait_for_catchup($standby);
my ($schema, $result) = amcheck($standby);
is($result, "\n2", 'the standby is in step: amcheck');
my $rows = "SELECT (SELECT string_agg(a::text, ' ' ORDER BY id) FROM $schema.account a), (SELECT md5(string_agg(e::text, ' ' ORDER BY id)) FROM $schema.entry e)";
is($standby->safe_psql('postgres', $rows), $node->safe_psql('postgres', $rows), '... and the same rows');
unlike(slurp_file($standby->logfile), qr/inconsistent page|PANIC|was terminated/, '... and no page there was another one than here');
$standby->stop;

# ---- who ends rounds, and who doesn't ----

my $under_way = 'SELECT coalesce(bool_or(transactions > 200), false) FROM ct_progress';
$call = call_rounds(1000000, 'false');
ct_await($node, $under_way);
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'}) for 1 .. 10;
$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
is(ct_call_end($call), 0, 'who cancels statements of the workers, and ct_stop()');
like(ct_last($node, 'reason'), qr/rounds.*ended early by ct_stop\(\)/, '... end no more than those, and the round under way');
$call = call_rounds(1000000, 'false');
ct_await($node, $under_way);
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' LIMIT 1});
isnt(ct_call_end($call), 0, 'a worker that is terminated ends the run');
like($call->{stderr}, qr/worker \d of the run was lost/, '... which says so');
$node->safe_psql('postgres', "DROP SCHEMA $schema CASCADE");
ct_nothing_left($node, 'rounds');

# ---- what is too large ----

is(ct_call_end(ct_call($node, q{SELECT ct_test('DELETE FROM big WHERE id <= 10', 'CREATE TABLE big AS SELECT i AS id, repeat(''x'', 1900) AS t FROM generate_series(1, 36000) i',
	ARRAY['SELECT count(*) FROM big HAVING count(*) <> 35990'], workers => 1, transactions => 1, rounds => 3, min_overlap => 0)})),
	0, 'rounds on more than 64 MB');
like(ct_last($node, 'reason'), qr/no anomaly in 3 rounds/, '... begin in the same state, too');
is(ct_last($node, 'warnings[1]'), 'setup was executed for each round, which takes longer than to bring pages back: the tables are larger than 64 MB, or not stored as the server\'s own are',
	'... and say why they are slow');
$node->stop;

done_testing();
