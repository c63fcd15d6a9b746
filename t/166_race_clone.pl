# ct_race without a setup: it is executed on clones of the user's tables, made by the server's own
# definitions, and nothing that the user has is touched; what can't be cloned, or led to a clone, is
# refused by its name, with what to do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('race_clone', max_worker_processes => 12, autovacuum => 'off',
	max_locks_per_transaction => 256, log_min_messages => 'warning');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE shop LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE clerk LOGIN;
GRANT CREATE ON DATABASE postgres TO shop, app, clerk;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO shop, app, clerk;
GRANT CREATE ON SCHEMA public TO shop;
SQL

my $super = $node->safe_psql('postgres', 'SELECT current_user');

# All that a trial might change: rows with where they lie, sequences, definitions, privileges,
# planner's and activity's statistics, schemas, locks, files.
my $all = <<'SQL';
SELECT pg_stat_force_next_flush() IS NULL;
SELECT c.relname, c.relnamespace::regnamespace, c.relkind, c.relfilenode, c.relowner, c.relacl, c.reloptions,
	c.relpages, c.reltuples, c.relhastriggers, c.relrowsecurity, c.xmin
	FROM pg_class c WHERE c.oid >= 16384 AND c.relnamespace <> 'pg_toast'::regnamespace
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
	AND c.relname NOT LIKE 'ct\_%' AND c.relname NOT LIKE '\_ct%' ORDER BY c.oid;
SELECT oid, proname, xmin FROM pg_proc WHERE oid >= 16384 ORDER BY oid;
SELECT starelid, staattnum, xmin FROM pg_statistic WHERE starelid >= 16384
	AND starelid NOT IN (SELECT oid FROM pg_class WHERE relname LIKE 'ct\_%') ORDER BY 1, 2;
SELECT s.relid, s.seq_scan, s.idx_scan, s.n_tup_ins, s.n_tup_upd, s.n_tup_del FROM pg_stat_user_tables s
	WHERE s.relname NOT LIKE 'ct\_%' ORDER BY 1;
SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE sequencename NOT LIKE '%ct\_%' ORDER BY 1, 2;
SELECT nspname, nspacl FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%temp%' ORDER BY 1;
SELECT rolname FROM pg_roles ORDER BY 1;
SELECT count(*) FROM pg_largeobject_metadata;
SELECT relation::regclass, mode FROM pg_locks WHERE pid <> pg_backend_pid() AND relation IS NOT NULL ORDER BY 1::text, 2;
SQL

sub everything
{
	my $tables = $node->safe_psql('postgres',
		"SELECT format('SELECT %L, ctid, xmin, xmax, t FROM ONLY %s t;', c.oid::regclass, c.oid::regclass) FROM pg_class c"
		  . " WHERE relkind IN ('r', 'm') AND c.oid >= 16384 AND relpersistence = 'p'"
		  . " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1");
	my $stats = $node->safe_psql('postgres', $all);

	# reading is counted, too, and comes last
	my $rows = $node->safe_psql('postgres', $tables . 'SELECT pg_stat_force_next_flush();');
	return ($stats, $rows);
}

my ($stats_before, $rows_before);

sub remember
{
	everything();    # what only a first reader changes
	(undef, $rows_before) = everything();
	$stats_before = $node->safe_psql('postgres', $all);
	return;
}

sub untouched
{
	my ($what, %options) = @_;
	my $stats = $node->safe_psql('postgres', $all);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($stats, $stats_before, "$what: definitions, sequences, statistics, privileges and locks are as they were")
	  unless $options{read};
	is((everything())[1], $rows_before, "$what: rows are as they were, and where they were");
	$stats_before = $node->safe_psql('postgres', $all);
	ct_nothing_left($node, $what);
	return;
}

# Executes as a role; returns what was printed, or the error.
sub as
{
	my ($user, @statements) = @_;
	my $call = ct_call($node, \@statements, user => $user);

	$call->{status} = ct_call_end($call);
	return $call;
}

# A race of a role's; returns its run's verdict, reason and what ended it.
sub race
{
	my ($user, $sessions, %options) = @_;
	my $path = delete $options{search_path};
	my $array = 'ARRAY[' . join(', ', map { my $s = $_; $s =~ s/'/''/g; "'$s'" } @$sessions) . ']';
	my $arguments = join '', map { ", $_ => $options{$_}" } sort keys %options;
	my $call = as($user, ($path ? "SET search_path = $path" : ()),
		"SELECT public.ct_race($array$arguments)");
	my $run = $call->{stdout} =~ /^(\d+)$/m ? $1 : 0;

	$call->{run} = $run;
	$call->{verdict} = $call->{reason} = '';
	($call->{verdict}, $call->{reason}) = split /\|/,
	  $node->safe_psql('postgres', "SELECT verdict, reason FROM ct_runs WHERE run_id = $run")
	  if $run;
	return $call;
}

sub refused
{
	my ($what, $text, $call) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ct_sqlstate($call), '0A000', "$what: refused") or diag($call->{stdout} . $call->{stderr});
	like($call->{stderr}, $text, "$what: by name");
	like($call->{stderr}, qr/HINT: .*in_place => true/, "$what: with what to do");
	return;
}

# ---- a newcomer's call

$node->safe_psql('postgres', <<'SQL');
SET ROLE shop;
CREATE TABLE event (id int PRIMARY KEY, name text NOT NULL, seats int NOT NULL);
CREATE TABLE ticket (id serial PRIMARY KEY, event_id int NOT NULL REFERENCES event, buyer int NOT NULL);
INSERT INTO event VALUES (1, 'Opera', 1);
CREATE FUNCTION buy_ticket(e int, b int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	free int;
BEGIN
	SELECT seats INTO free FROM event WHERE id = e;
	SELECT free - count(*) INTO free FROM ticket WHERE event_id = e;
	IF free > 0 THEN
		INSERT INTO ticket (event_id, buyer) VALUES (e, b);
		RETURN true;
	END IF;
	RETURN false;
END $$;
SQL
remember();

my $buy = [ 'SELECT buy_ticket(1, 1)', 'SELECT buy_ticket(1, 2)' ];
my $call = race('shop', $buy);
is($call->{verdict}, 'fail', 'a race in a function is found') or diag($call->{stderr});
untouched('a race that is found');
like($node->safe_psql('postgres', "SELECT ct_report($call->{run})"),
	qr/buy_ticket line 8: INSERT INTO ticket/, 'its story names the line');
like($node->safe_psql('postgres', "SELECT ct_report($call->{run})"),
	qr/Executed on copies, .* of: (event,\s+ticket|ticket,\s+event)\./s, 'and what was copied');
is($node->safe_psql('postgres', "SELECT bool_and(exhausted) FROM ct_explorations"), 't', 'all orders were executed');

$node->safe_psql('postgres',
	q{SELECT replace(pg_get_functiondef('buy_ticket'::regproc), 'WHERE id = e;', 'WHERE id = e FOR UPDATE;') AS fixed \gexec});
remember();
$call = race('shop', $buy);
is($call->{verdict}, 'pass', 'no order breaks it once it is fixed') or diag($call->{stderr});
untouched('a fixed function');

# ---- what a clone has

$node->safe_psql('postgres', <<'SQL');
SET ROLE shop;
CREATE SCHEMA "The Shop's";
SET search_path = "The Shop's";
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)';
CREATE SEQUENCE numbers START 100 INCREMENT 10;
CREATE TABLE "Kind of" ("The id" int GENERATED ALWAYS AS IDENTITY (START 7) PRIMARY KEY, who name UNIQUE);
CREATE TABLE audit (at serial, what text);
CREATE TABLE "Event" (
	id bigserial PRIMARY KEY,
	name text COLLATE "C" NOT NULL DEFAULT norm('X'),
	seats int CONSTRAINT "enough seats" CHECK (seats >= 0),
	feels mood DEFAULT 'good',
	gone int,
	kind int CONSTRAINT "of a kind" REFERENCES "Kind of",
	twice int GENERATED ALWAYS AS (seats * 2) STORED,
	number int DEFAULT nextval('numbers'),
	parent bigint REFERENCES "Event" DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT "one of a name" UNIQUE (name, kind)) WITH (fillfactor = 70);
ALTER TABLE "Event" DROP COLUMN gone;
CREATE INDEX "by norm" ON "Event" (norm(name)) WHERE seats > 0;
CREATE FUNCTION audits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO audit (what) VALUES (TG_OP || ' ' || NEW.name);
	RETURN NEW;
END $$;
CREATE FUNCTION shouts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.name := NEW.name || '!';
	RETURN NEW;
END $$;
CREATE TRIGGER "then audit" AFTER INSERT OR UPDATE ON "Event" FOR EACH ROW WHEN (NEW.seats > 0) EXECUTE FUNCTION audits();
CREATE TRIGGER shouts BEFORE INSERT ON "Event" FOR EACH ROW EXECUTE FUNCTION shouts();
ALTER TABLE "Event" DISABLE TRIGGER shouts;
INSERT INTO "Kind of" (who) VALUES ('shop'), ('other');
INSERT INTO "Event" (name, seats, kind) VALUES ('One', 10, 7), (repeat('long', 5000), 1, 8);
DELETE FROM audit;
ANALYZE "Event", "Kind of";
SQL
my $path = q{"The Shop's", public};
remember();

# A session finds it so on its clones, or else fails; options of race, and first statements of it.
sub sees
{
	my ($what, $sql, %options) = @_;
	my $user = delete $options{user} // 'shop';
	my $first = delete $options{first} // '';
	my $got = race($user, [ "${first}SELECT 1 / CASE WHEN $sql THEN 1 ELSE 0 END", 'SELECT 1' ],
		search_path => $path, %options);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{verdict}, 'pass', $what) or diag($got->{stderr} . $got->{reason});
	return $got;
}

sees('rows, generated columns and values that lie elsewhere',
	q{(SELECT count(*) FROM "Event" WHERE twice = seats * 2) = 2 AND (SELECT max(length(name)) FROM "Event") = 20000});
sees('the names of constraints and indexes',
	q{(SELECT array_agg(conname::text ORDER BY conname) FROM pg_constraint WHERE conrelid = '"Event"'::regclass AND contype IN ('c', 'f', 'p', 'u'))
	= '{"Event_parent_fkey","Event_pkey","enough seats","of a kind","one of a name"}'
	AND EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = '"Event"'::regclass AND relname = 'by norm')});
sees('defaults, and serial and identity columns that go on where they are, and a row that refers to itself',
	q{(SELECT id = 3 AND name = 'x' AND feels = 'good' AND number = 120 AND twice = 0 FROM "Event" WHERE seats = 0)
	AND (SELECT "The id" FROM "Kind of" WHERE who = 'new') = 9},
	first => q{INSERT INTO "Kind of" (who) VALUES ('new'); INSERT INTO "Event" (seats, parent) VALUES (0, 1); });
sees('statistics of columns',
	q{(SELECT array_agg(attname::text ORDER BY attname) FROM pg_stats WHERE schemaname = current_schema AND tablename = 'Event' AND n_distinct <> 0)
	@> '{id,name}' AND (SELECT reltuples FROM pg_class WHERE oid = '"Event"'::regclass) = 2});
sees('ON CONFLICT ON CONSTRAINT',
	q{(SELECT seats FROM "Event" WHERE id = 1) = 3},
	first => q{INSERT INTO "Event" (name, kind) VALUES ('One', 7) ON CONFLICT ON CONSTRAINT "one of a name" DO UPDATE SET seats = 3; });
sees('triggers that are enabled, and those that are not',
	q{(SELECT string_agg(what, ',') FROM audit) = 'INSERT Two'},
	first => q{INSERT INTO "Event" (name, seats) VALUES ('Two', 1); });
my %breaks = (
	'a check constraint' => [ '23514', q{UPDATE "Event" SET seats = -1} ],
	'a foreign key' => [ '23503', q{UPDATE "Event" SET kind = 1} ],
	'a deferred one' => [ '23503', q{UPDATE "Event" SET parent = 77} ],
	'a foreign key of who refers to it' => [ '23503', q{DELETE FROM "Kind of"} ],
	'a unique constraint' => [ '23505', q{INSERT INTO "Event" (name, kind) VALUES ('One', 7)} ],
	'a generated column' => [ '428C9', q{UPDATE "Event" SET twice = 1} ],
	'GENERATED ALWAYS' => [ '428C9', q{INSERT INTO "Kind of" VALUES (1, 'x')} ],
	'NOT NULL' => [ '23502', q{UPDATE "Event" SET name = NULL} ]);
for (sort keys %breaks)
{
	my ($state, $sql) = @{ $breaks{$_} };
	my $got = race('shop', [ $sql, 'SELECT 1' ], search_path => $path);

	is($node->safe_psql('postgres', "SELECT result, sqlstate FROM ct_permutations WHERE run_id = $got->{run}"),
		"error|$state", "$_ is what it was") or diag($got->{stderr} . $got->{reason});
}
untouched('what a clone has');


# ---- who may do what

$node->safe_psql('postgres', <<'SQL');
SET ROLE shop;
CREATE TABLE account (id int PRIMARY KEY, owner name NOT NULL, balance int NOT NULL, secret text, low int DEFAULT 0);
CREATE TABLE member (who name PRIMARY KEY, of name);
INSERT INTO account VALUES (1, 'app', 10, 'a', 0), (2, 'clerk', 20, 'b', 0), (3, 'shop', 30, 'c', 0);
INSERT INTO member VALUES ('app', 'app'), ('clerk', 'clerk');
ALTER TABLE account ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON account FOR ALL TO app USING (owner IN (SELECT of FROM member WHERE who = current_user)) WITH CHECK (balance >= 0);
GRANT SELECT, UPDATE ON account TO app;
GRANT SELECT ON member TO app;
GRANT SELECT (id, buyer), UPDATE (buyer) ON ticket TO clerk;
CREATE FUNCTION spend(a int, much int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	had int;
BEGIN
	SELECT balance INTO had FROM account WHERE id = a;
	UPDATE account SET balance = had - much WHERE id = a;
	RETURN had;
END $$;
CREATE FUNCTION pay(much int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	had int;
BEGIN
	SELECT balance INTO had FROM account;
	UPDATE account SET balance = had - much;
	RETURN had;
END $$;
INSERT INTO ticket (event_id, buyer) VALUES (1, 1);
SQL

remember();
$call = race('app', [ 'SELECT pay(1)', 'SELECT pay(2)' ]);
is($call->{verdict}, 'fail', 'a role that row-level security lets see one row finds its race') or diag($call->{stderr});
like($node->safe_psql('postgres', "SELECT ct_report($call->{run})"),
	qr/The clone of account has the 1 rows? that row-level security lets role app see/, 'and is told of that');
is($node->safe_psql('postgres', "SELECT count(*) FROM ct_steps WHERE run_id = $call->{run} AND first_row ~ '20|30'"),
	0, 'no other row is to be seen');
$path = 'public';
sees('policies are as they were', q{(SELECT count(*) FROM account) = 1 AND row_security_active('account')}, user => 'app');
sees('the owner is not subject to them', q{(SELECT count(*) FROM account) = 3 AND NOT row_security_active('account')});

# a table that the role may not read is there, and empty
$call = race('clerk', [ 'SELECT spend(2, 1)', 'SELECT spend(2, 2)' ]);
like($node->safe_psql('postgres', "SELECT ct_report($call->{run})"), qr/The clone of account is empty: role clerk may not read it/,
	'what a role may not read is not cloned, and that is said') or diag($call->{stderr});
%breaks = (
	'a policy' => [ app => 42501, 'UPDATE account SET balance = -1' ],
	'a privilege that it lacks' => [ app => 42501, 'DELETE FROM account' ],
	'TRUNCATE' => [ app => 42501, 'TRUNCATE account' ],
	'what only an owner may do' => [ app => 42501, 'ALTER TABLE account ADD x int' ],
	'an index' => [ app => 42501, 'CREATE INDEX ON account (balance)' ],
	'privileges' => [ app => 42501, 'GRANT ALL ON account TO app; DELETE FROM account' ],
	'a table that it may not read' => [ clerk => 42501, 'SELECT * FROM account' ],
	'a column that it may not read' => [ clerk => 42501, 'SELECT event_id FROM ticket' ],
	'a column that it may not write' => [ clerk => 42501, 'UPDATE ticket SET id = 3' ]);
for (sort keys %breaks)
{
	my ($user, $state, $sql) = @{ $breaks{$_} };
	my $got = race($user, [ $sql, 'SELECT 1' ]);

	is($node->safe_psql('postgres', "SELECT result, sqlstate FROM ct_permutations WHERE run_id = $got->{run}"),
		"error|$state", "$_: refused on the clone as on the original") or diag($got->{stderr} . $got->{reason});
}
$call = race('clerk', [ 'UPDATE ticket SET buyer = 5', 'SELECT buyer FROM ticket' ]);
is($call->{verdict}, 'pass', 'columns that it may write can be written') or diag($call->{stderr} . $call->{reason});
untouched('roles');

# what a function does with its owner's privileges is not for whoever calls it to see
$node->safe_psql('postgres', <<'SQL');
SET ROLE shop;
CREATE TABLE hidden (word text);
CREATE TABLE tried (word text);
CREATE TABLE tries (n int);
INSERT INTO hidden VALUES ('sesame');
INSERT INTO tries VALUES (0);
GRANT SELECT, UPDATE ON tries TO clerk;
CREATE FUNCTION try(guess text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	right_one text;
	had int;
BEGIN
	SELECT word INTO right_one FROM hidden;
	SELECT n INTO had FROM tries;
	UPDATE tries SET n = had + 1;
	EXECUTE format('INSERT INTO tried VALUES (%L || peeked())', coalesce(right_one, upper('SeSaMe')));
	RETURN right_one = guess;
END $$;
CREATE FUNCTION peeked() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM tries); END $$;
CREATE FUNCTION look() RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
	right_one text;
BEGIN
	SELECT word INTO right_one FROM hidden;
	RETURN right_one IS NULL;
END $$;
SQL
sub keeps
{
	my ($what, @call) = @_;
	my $got = race('clerk', @call);
	my $told = $node->safe_psql('postgres', "SELECT ct_report($got->{run}), reason FROM ct_runs WHERE run_id = $got->{run};"
		  . " SELECT query, first_row FROM ct_steps WHERE run_id = $got->{run}");

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{verdict}, 'fail', "$what: its story is told") or diag($got->{stderr});
	like($told, qr/SELECT word FROM hidden/, "$what: with the statement");
	unlike($told, qr/sesame|SESAME/, "$what: but not with what only the function's owner may read");
	return;
}
keeps('clones', [ q{SELECT try('a')}, q{SELECT try('b')} ]);
keeps('a setup', [ 'SELECT look()', 'SELECT 1' ], setup => q{'SELECT 1'}, checks => q{ARRAY['SELECT 1']});
keeps('in place', [ q{SELECT try('a')}, q{SELECT try('b')} ], in_place => 'true', reset => q{'UPDATE tries SET n = 0'});
$node->safe_psql('postgres', 'DROP FUNCTION try, look, peeked; DROP TABLE hidden, tried, tries');
remember();

# the sandbox is the run's role's: what it puts there itself is not taken for a clone
my $teller = $node->background_psql('postgres');
$teller->query_safe('SELECT pg_advisory_lock(5)');
$call = ct_call($node, [ q{SELECT ct_race(ARRAY['SELECT pg_advisory_xact_lock_shared(5); INSERT INTO ticket (event_id, buyer) VALUES (1, 1)', 'SELECT 1'], step_timeout => '10 min')} ],
	user => 'app');
ok(ct_await($node, q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}), 'a session waits until it is told to go on');
my $sandbox = $node->safe_psql('postgres', q{SELECT nspname FROM pg_namespace WHERE nspowner = 'app'::regrole});
my $oid = $node->safe_psql('postgres', q{SELECT 'event'::regclass::oid});
$node->safe_psql('postgres', "SET ROLE app; CREATE TABLE $sandbox.event (id int PRIMARY KEY); COMMENT ON TABLE $sandbox.event IS 'ct_ext: clone of relation $oid'");
$teller->quit;
ct_call_end($call);
like($call->{stderr}, qr/0A000.*cannot clone public\.event: there is another relation of that name in the sandbox/, 'a table with the comment of a clone is none');
untouched('a false clone');

# ---- what is refused, by name

$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (x text) SERVER files OPTIONS (filename '/etc/passwd');
GRANT SELECT ON far TO shop;
SET ROLE shop;
CREATE VIEW seats AS SELECT id, seats FROM event;
CREATE MATERIALIZED VIEW sold AS SELECT count(*) FROM ticket;
CREATE TABLE parent (x int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE parts (x int) PARTITION BY LIST (x);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE ruled (x int);
CREATE RULE twice AS ON INSERT TO ruled DO ALSO INSERT INTO parent VALUES (NEW.x);
CREATE TABLE refers (x int, e int);
CREATE TABLE watched (x int, at int);
CREATE FUNCTION full_name(event) RETURNS text LANGUAGE sql AS $$ SELECT $1.name || '?' $$;
CREATE FUNCTION own_path() RETURNS int LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
	UPDATE event SET seats = seats - 1;
	RETURN 1;
END $$;
CREATE SEQUENCE lone;
CREATE PROCEDURE called(bigint) LANGUAGE plpgsql AS 'BEGIN END';
CREATE TABLE large AS SELECT i, repeat(md5(i::text), 60) AS t FROM generate_series(1, 35000) i;
CREATE SCHEMA other;
CREATE TABLE other.event (id int);
SQL
remember();
%breaks = (
	'a view' => [ qr/cannot clone public.seats: it is a view/, 'SELECT * FROM seats' ],
	'a view that is written to' => [ qr/cannot clone public.seats: it is a view/, 'UPDATE seats SET seats = 2' ],
	'a materialized view' => [ qr/cannot clone public.sold: it is a materialized view/, 'SELECT * FROM sold' ],
	'a foreign table' => [ qr/cannot clone public.far: it is a foreign table/, 'SELECT * FROM far' ],
	'a parent' => [ qr/cannot clone public.parent: it inherits, or is inherited from/, 'SELECT * FROM parent' ],
	'a child' => [ qr/cannot clone public.child: it inherits, or is inherited from/, 'SELECT * FROM child' ],
	'a partitioned table' => [ qr/cannot clone public.parts: it is partitioned/, 'INSERT INTO parts VALUES (1)' ],
	'a partition' => [ qr/cannot clone public.part_1: it is a partition/, 'SELECT * FROM part_1' ],
	'rules' => [ qr/cannot clone public.ruled: it has rules/, 'SELECT * FROM ruled' ],
	'a name with its schema' => [ qr/cannot redirect public.event to its clone.*named with its schema/s, 'SELECT * FROM public.event' ],
	'a sequence with its schema' => [ qr/cannot redirect public.lone to its clone/, q{SELECT nextval('public.lone')} ],
	'a search_path of its own' => [ qr/cannot redirect public.event to its clone.*search_path of its own/s, 'SELECT own_path()' ],
	'a function over rows' => [ qr/cannot give rows of the clone of \S*event to \S*full_name/, 'SELECT full_name(e) FROM event e' ],
	'a function over rows, as a column' => [ qr/cannot give rows of the clone of \S*event to \S*full_name/, 'SELECT e.full_name FROM event e' ],
	'two tables of one name' => [ qr/event.*to its clone|another relation of that name/, 'SELECT * FROM event; SELECT * FROM other.event' ],
	'more rows than fit' => [ qr/cannot clone public.large: with its rows, the clones of this run are larger than 64 MB/, 'SELECT 1 FROM large LIMIT 1' ]);
for (sort keys %breaks)
{
	my ($text, $sql) = @{ $breaks{$_} };

	refused($_, $text, race('shop', [ $sql, 'SELECT 1' ]));
}
refused('a clone that a session drops', qr/cannot explore what follows when a session drops or renames the clone of "event"/,
	race('shop', [ 'DROP TABLE event CASCADE', 'UPDATE event SET seats = 2' ]));
untouched('what is refused');

# ---- by hook or by crook

my @attacks = (
	'DROP TABLE public.event', 'TRUNCATE public.event CASCADE', 'ALTER TABLE public.event ADD x int',
	'ALTER TABLE public.event DISABLE TRIGGER ALL', 'ALTER TABLE public.event RENAME TO events',
	'ALTER TABLE public.event SET SCHEMA other', 'CREATE INDEX ON public.event (seats)', 'REINDEX TABLE public.event',
	'VACUUM public.event', 'VACUUM FULL public.event', 'ANALYZE public.event', 'ANALYZE', 'CLUSTER public.event USING event_pkey',
	'LOCK TABLE public.event', 'LOCK TABLE ONLY public.event IN ACCESS EXCLUSIVE MODE NOWAIT',
	'SELECT * FROM public.event FOR UPDATE', 'GRANT ALL ON public.event TO clerk', 'GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk',
	q{COMMENT ON TABLE public.event IS 'x'}, q{COMMENT ON COLUMN public.event.id IS 'x'},
	'CREATE TABLE public.x (i int)', 'CREATE TABLE public.x AS SELECT 1', 'SELECT 1 AS i INTO public.x', 'CREATE VIEW public.x AS SELECT 1',
	'CREATE SEQUENCE public.x', 'CREATE TYPE public.x AS ENUM ()', 'CREATE TYPE public.x AS (i int)', 'CREATE DOMAIN public.x AS int',
	q{CREATE FUNCTION public.x() RETURNS int LANGUAGE sql AS 'SELECT 1'},
	q{CREATE OR REPLACE FUNCTION public.buy_ticket(e int, b int) RETURNS boolean LANGUAGE sql AS 'SELECT true'},
	'DROP FUNCTION public.buy_ticket', 'DROP FUNCTION buy_ticket', 'ALTER FUNCTION buy_ticket STABLE', 'ALTER FUNCTION buy_ticket RENAME TO b',
	'REVOKE ALL ON FUNCTION buy_ticket FROM PUBLIC', 'CREATE SCHEMA x', 'DROP SCHEMA other', 'ALTER SCHEMA other RENAME TO others',
	'CREATE ROLE x', 'ALTER ROLE shop SET work_mem = 100', 'DROP OWNED BY shop', 'REASSIGN OWNED BY shop TO shop', 'DROP DATABASE template0',
	'CREATE DATABASE x', 'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO clerk', 'CREATE EXTENSION pgcrypto', 'CREATE CAST (event AS ticket) WITH INOUT',
	'DELETE FROM public.event', q{INSERT INTO public.event VALUES (5, 'x', 5)}, 'UPDATE public.event SET seats = 0',
	'WITH x AS (UPDATE public.event SET seats = 0 RETURNING *) SELECT * FROM x',
	'MERGE INTO public.event e USING ticket t ON t.event_id = e.id WHEN MATCHED THEN DELETE',
	'EXPLAIN ANALYZE DELETE FROM public.ticket', 'PREPARE x AS DELETE FROM public.ticket; EXECUTE x',
	'DECLARE c CURSOR FOR SELECT * FROM public.ticket FOR UPDATE; FETCH c; DELETE FROM public.ticket WHERE CURRENT OF c',
	'REFRESH MATERIALIZED VIEW public.sold', q{SELECT nextval('public.ticket_id_seq')}, q{SELECT setval('public.ticket_id_seq', 99)},
	q{SELECT setval(pg_get_serial_sequence('public.ticket', 'id'), 99)}, q{SELECT nextval(n) FROM (SELECT 'public.lone'::text AS n OFFSET 0) x},
	q{DO $$ BEGIN PERFORM nextval(format('public.%I', 'lone')); END $$}, q{DO $$ DECLARE s text = 'public.lone'; x int; BEGIN x := nextval(s); END $$},
	q{DO $$ BEGIN EXECUTE 'UPDATE public.event SET seats = 0'; EXCEPTION WHEN OTHERS THEN NULL; END $$},
	q{DO $$ BEGIN EXECUTE 'UPDATE public.event SET seats = 0'; EXCEPTION WHEN OTHERS OR query_canceled THEN NULL; END $$},
	q{SET search_path = public; UPDATE event SET seats = 0}, q{SELECT set_config('search_path', 'public', false); UPDATE event SET seats = 0},
	q{SELECT query_to_xml('UPDATE public.event SET seats = 0 RETURNING *', true, true, '')}, 'SELECT lo_create(7)', q{SELECT lo_from_bytea(7, 'x')},
	q{COPY public.event TO PROGRAM 'cat'}, q{COPY (DELETE FROM public.ticket RETURNING *) TO '/dev/null'}, 'SELECT pg_stat_reset()',
	'SELECT pg_terminate_backend(pg_backend_pid())', 'CREATE TRIGGER x BEFORE INSERT ON public.event EXECUTE FUNCTION suppress_redundant_updates_trigger()',
	'CREATE POLICY x ON public.event', 'CREATE RULE x AS ON DELETE TO public.event DO INSTEAD NOTHING', 'CREATE STATISTICS public.x ON id, seats FROM public.event',
	'CREATE TABLE kid () INHERITS (public.parent)', 'CREATE TABLE p3 PARTITION OF public.parts FOR VALUES IN (3)',
	'CREATE TABLE p3 (x int); ALTER TABLE public.parts ATTACH PARTITION p3 FOR VALUES IN (3)',
	'CREATE TABLE p3 (x int REFERENCES public.event)', 'CREATE TABLE t3 (x int); ALTER TABLE t3 SET SCHEMA public', 'ALTER SEQUENCE public.lone RESTART 5',
	'CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION x()', 'SECURITY LABEL ON TABLE public.event IS NULL', 'CREATE PUBLICATION x',
	'ALTER TABLE public.large SET (fillfactor = 50)', 'IMPORT FOREIGN SCHEMA x FROM SERVER files INTO public', 'ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default',
	'CREATE TABLE t4 (x int DEFAULT nextval($$public.lone$$)); INSERT INTO t4 DEFAULT VALUES', 'CREATE VIEW v5 AS SELECT * FROM public.ticket; DELETE FROM v5',
	q{CREATE TABLE t6 AS SELECT 1 AS x; ALTER TABLE t6 ADD y int DEFAULT nextval('public.lone')},
	q{CREATE TABLE t6 AS SELECT 1 AS x; ALTER TABLE t6 ADD y int DEFAULT nextval('public.lone'::text)},
	q{CREATE TABLE t6 AS SELECT 1 AS x; ALTER TABLE t6 ALTER x TYPE bigint USING nextval('public.lone')},
	q{CREATE TABLE t6 AS SELECT 1 AS x; ALTER TABLE t6 ADD CHECK (nextval('public.lone') > 0)},
	q{CREATE DOMAIN t7 AS int CHECK (nextval('public.lone') > VALUE); SELECT 0::t7}, q{CALL called(nextval('public.lone'))},
	q{CALL public.called(nextval('public.' || 'lone'))},
	q{PREPARE p(bigint) AS SELECT $1; EXECUTE p(nextval('public.lone'))}, q{PREPARE q(bigint) AS SELECT $1; EXECUTE q(nextval('public.' || 'lone'))});
my @harmless = (q{CALL called(nextval('lone'::text || ''))}, q{CALL called(nextval('lone'))},
	q{CREATE TABLE t6 AS SELECT 1 AS x; ALTER TABLE t6 ADD y int DEFAULT nextval('lone')},
	'NOTIFY x', q{SELECT pg_notify('x', 'y')}, 'CREATE TEMP TABLE t (x int); INSERT INTO t VALUES (1)', 'SELECT count(*) FROM pg_class',
	'SELECT count(*) FROM information_schema.tables', 'SELECT count(*) FROM ct_runs', 'CREATE TABLE mine (x int PRIMARY KEY); INSERT INTO mine VALUES (1)',
	'CREATE INDEX ON event (seats)', 'ALTER TABLE event ADD x int', 'SELECT pg_advisory_xact_lock(1)', 'DROP TABLE IF EXISTS nothing');
for my $sql (@attacks)
{
	my $got = race('shop', [ $sql, 'SELECT 1' ]);

	isnt($got->{verdict}, 'pass', "not done: $sql");
}
untouched('attacks by who owns all of it');
for my $sql (grep { !/^(SELECT setval|DECLARE)/ } @attacks)
{
	race($super, [ $sql, 'SELECT 1' ]);
}
untouched('attacks by a superuser');
for my $sql (@harmless)
{
	my $got = race('shop', [ $sql, 'SELECT 1' ]);

	is($got->{verdict}, 'pass', "done: $sql") or diag($got->{stderr} . $got->{reason});
}
untouched('what is harmless');

# ---- with a setup: reading outside, writing inside

my $setup = q{'CREATE TABLE mine (x int); INSERT INTO mine VALUES (0)'};
$call = race('shop', [ 'UPDATE mine SET x = x + (SELECT seats FROM event)', 'UPDATE mine SET x = x + 1' ], setup => $setup);
is($call->{verdict}, 'pass', 'with a setup, what is outside is read') or diag($call->{stderr});
%breaks = (
	'an update' => [ qr/cannot write to public.event, which is outside/, 'UPDATE event SET seats = 0' ],
	'a row lock' => [ qr/cannot lock rows of public.event/, 'SELECT * FROM event FOR KEY SHARE' ],
	'a foreign key to it' => [ qr/cannot alter public.event/, 'ALTER TABLE mine ADD FOREIGN KEY (x) REFERENCES event' ],
	'a truncate' => [ qr/cannot write to public.ticket/, 'TRUNCATE ticket' ],
	'an index' => [ qr/cannot alter public.event/, 'CREATE INDEX ON event (seats)' ],
	'a sequence' => [ qr/cannot write to public.lone/, q{SELECT nextval('lone')} ],
	'a sequence that is computed' => [ qr/cannot write to public.lone/, q{SELECT nextval(n) FROM (SELECT 'lone'::text AS n OFFSET 0) x} ],
	'a view' => [ qr/cannot write to public.event/, 'UPDATE seats SET seats = 0' ],
	'a function' => [ qr/cannot write to public.event/, 'SELECT own_path()' ]);
for (sort keys %breaks)
{
	my ($text, $sql) = @{ $breaks{$_} };

	refused("with a setup, $_", $text, race('shop', [ $sql, 'UPDATE mine SET x = 1' ], setup => $setup));
}
untouched('with a setup', read => 1);

# ---- extremes

$node->safe_psql('postgres', <<'SQL');
SET ROLE shop;
SELECT 'CREATE TABLE wide (' || string_agg(format(CASE WHEN i > 1590 THEN 'c%s int DEFAULT %s' ELSE 'c%s int' END, i, i), ', ') || ')' FROM generate_series(1, 1600) i \gexec
INSERT INTO wide DEFAULT VALUES;
CREATE TABLE many_0 (id int PRIMARY KEY);
INSERT INTO many_0 VALUES (1);
SELECT format('CREATE TABLE many_%s (id int PRIMARY KEY, up int REFERENCES many_%s); INSERT INTO many_%s VALUES (1, 1)', i, i - 1, i)
	FROM generate_series(1, 299) i \gexec
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
SQL
remember();
$path = 'public';
sees('a table of 1600 columns', '(SELECT c1600 FROM wide) = 1600');
sees('a table of none', '(SELECT count(*) FROM nothing) = 1');
sees('300 tables that refer to each other', q{(SELECT count(*) FROM many_299 a, many_298 b, many_0 c) = 1
	AND (SELECT count(*) FROM pg_class WHERE relnamespace = current_schema::regnamespace AND relkind = 'r') = 300});
untouched('extremes');

# ---- in place

$node->safe_psql('postgres', 'DELETE FROM ticket; CREATE TABLE untold (x int)');
my $original = q{SELECT replace(pg_get_functiondef('buy_ticket'::regproc), 'WHERE id = e FOR UPDATE;', 'WHERE id = e;') AS broken \gexec};
my $fixed = q{SELECT replace(pg_get_functiondef('buy_ticket'::regproc), 'WHERE id = e;', 'WHERE id = e FOR UPDATE;') AS fixed \gexec};
$node->safe_psql('postgres', $original);
$call = race('shop', $buy, in_place => 'true', reset => q{'DELETE FROM ticket'});
is($call->{verdict}, 'fail', 'in place a race is found') or diag($call->{stderr});
is($node->safe_psql('postgres', 'SELECT count(*) FROM ticket'), 0, 'and the reset script has the last word');
like($node->safe_psql('postgres', "SELECT ct_report($call->{run})"), qr/\n +ticket \(event_id 1, buyer [12]\)/, 'states of what was written are shown');
$call = race('shop', $buy, in_place => 'true', reset => q{'TRUNCATE ticket RESTART IDENTITY'});
is($call->{verdict}, 'fail', 'also where the script restarts the keys') or diag($call->{stderr});
$node->safe_psql('postgres', $fixed);
for my $reset (q{'DELETE FROM ticket'}, q{'TRUNCATE ticket RESTART IDENTITY'})
{
	$call = race('shop', $buy, in_place => 'true', reset => $reset);
	is($call->{verdict}, 'pass', "a right function is not accused for its serial keys: $reset") or diag($call->{reason});
}
$call = race('shop', [ 'UPDATE parts SET x = 1', 'UPDATE seats SET seats = seats + 1; SELECT own_path()' ],
	in_place => 'true', reset => q{'UPDATE public.event SET seats = 1; TRUNCATE parts; INSERT INTO parts VALUES (1)'});
is($call->{verdict}, 'pass', 'partitions, views, names with their schema and functions with a search_path work in place')
  or diag($call->{stderr} . $call->{reason});
$call = race('shop', [ 'INSERT INTO ticket (event_id, buyer) VALUES (1, 1)', 'SELECT 1' ], in_place => 'true', reset => q{'DELETE FROM nowhere'});
is(ct_sqlstate($call), '42P01', 'a reset script that is wrong ends the run') or diag($call->{stderr} . $call->{reason});
$call = race('shop', $buy, in_place => 'true');
like($call->{stderr}, qr/22023.*in_place needs a reset script/, 'there must be one');
$node->safe_psql('postgres', 'DELETE FROM ticket');
ct_nothing_left($node, 'in place');

done_testing();
$node->stop;
