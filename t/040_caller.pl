# The caller's own transaction. A lock that it holds and the run needs ends the run in an error that
# says to commit first; so does DDL that is not committed yet. A waiting caller doesn't hold back
# vacuum where that is safe, and says so, in a NOTICE and in the run's row, where it is not.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = ct_prepare('caller', 'ct_ext.progress_interval' => 1);

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE item (id int PRIMARY KEY, n int);
INSERT INTO item VALUES (1, 0);
SELECT ct_create_scenario('busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('busy', 'count', 'UPDATE t SET i = i + 1');
SELECT ct_add_variant('busy', 'one');
SELECT ct_create_scenario('short', transactions => 4, workers => 2);
SELECT ct_add_script('short', 'one', 'SELECT 1');
CREATE FUNCTION sees_item() RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) = 1 FROM item WHERE n = 0); END $$;
CREATE DOMAIN seeing AS bigint CHECK (sees_item());
CREATE FUNCTION looks_immutable(id bigint) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) = 1 FROM item WHERE n = 0); END $$;
CREATE FUNCTION sees_too(n bigint, id bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT $1 + count(*) FROM item $$;
CREATE AGGREGATE sees_all(bigint) (SFUNC = sees_too, STYPE = bigint, INITCOND = '0');
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION calls_run() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN ct_run('busy'); END $$;
CREATE FUNCTION sql_calls_run() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS $$ SELECT ct_run('busy') $$;
CREATE FUNCTION loops_run() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT ct_run('busy') AS id LOOP RETURN r.id; END LOOP; END $$;
CREATE FUNCTION loops_run_stable() RETURNS bigint STABLE LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT ct_run('busy') AS id LOOP RETURN r.id; END LOOP; END $$;
CREATE FUNCTION opens_run() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE c refcursor; id bigint; BEGIN OPEN c FOR SELECT ct_run('busy'); FETCH c INTO id; RETURN id; END $$;
CREATE FUNCTION executes_run() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'EXECUTE p'; END $$;
CREATE FUNCTION calls_execute() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE id bigint; BEGIN CALL ct_execute('busy', run_id => id); RETURN id; END $$;
CREATE PROCEDURE inner_execute(INOUT id bigint) LANGUAGE plpgsql AS $$ BEGIN CALL ct_execute('busy', run_id => id); END $$;
CREATE PROCEDURE outer_execute(INOUT id bigint) LANGUAGE plpgsql AS $$ BEGIN LOCK TABLE item; CALL inner_execute(id); END $$;
CREATE PROCEDURE definer_execute(INOUT id bigint) SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN CALL inner_execute(id); END $$;
CREATE PROCEDURE set_execute(INOUT id bigint) SET work_mem = '5MB' LANGUAGE plpgsql AS $$ BEGIN CALL inner_execute(id); END $$;
SQL

# ---- locks

my $work = 'UPDATE item SET n = n + 1';
my $run = "SELECT ct_test('$work', workers => 2, transactions => 20)";
my %locked = (
	'a worker needs a locked table' => [ 'LOCK TABLE item', $run ],
	'a worker needs an updated row' => [ $work, $run ],
	'a worker that meets others all the time needs an updated row' => [ $work,
		"SELECT ct_test('\\if :worker_id = 1\n$work;\n\\endif\n\\barrier b', workers => 6, duration => '1 min')" ],
	'setup needs a locked table' => [ 'LOCK TABLE item',
		q{SELECT ct_test('SELECT 1', 'CREATE TABLE t AS SELECT * FROM item', transactions => 2)} ],
	'a check needs a locked table' => [ 'LOCK TABLE item',
		q{SELECT ct_test('SELECT 1', checks => ARRAY['SELECT * FROM item WHERE n < 0'], transactions => 2)} ],
	'a worker needs a lock of a savepoint' => [ 'SAVEPOINT s', 'LOCK TABLE item', 'RELEASE s', $run ],
	'a worker needs an advisory lock' => [ 'SELECT pg_advisory_lock(1)', q{SELECT ct_test('SELECT pg_advisory_xact_lock(1)', transactions => 2)} ],
	'the leader needs its own table' => [ 'LOCK TABLE ct_result', $run ],
	'the leader needs its own table, for ct_start' => [ 'LOCK TABLE ct_result', q{SELECT ct_start('busy')} ],
	'ct_wait waits for what it locked' => [ 'LOCK TABLE item', q{SELECT ct_wait(ct_start('item'))} ]);
$node->safe_psql('postgres', qq{SELECT ct_create_scenario('item', duration => '1 min', workers => 2); SELECT ct_add_script('item', 'one', '$work')});

foreach my $what (sort keys %locked)
{
	my $from = time;
	my $call = ct_call($node, [ 'BEGIN', @{ $locked{$what} }, 'COMMIT' ]);

	isnt(ct_call_end($call), 0, "$what: no run");
	is(ct_sqlstate($call), '40P01', "$what: a deadlock") or diag($call->{stderr});
	like($call->{stderr}, qr/HINT:  COMMIT before the call/, "$what: to commit is what helps");
	ct_soon($from, "$what: told soon");
	# nobody waits for the run that was only started
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress') if $what =~ /ct_wait/;
	ct_nothing_left($node, $what);
}

# Through a third session, that holds what the run needs and waits for what the caller holds.
my $third = $node->background_psql('postgres');
$third->query_safe('BEGIN; LOCK TABLE item');
my $call = ct_call($node, [ 'BEGIN', 'SELECT pg_advisory_lock(1)', $run, 'COMMIT' ]);
ok(ct_await($node, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"), 'the caller holds a lock');
$third->{stdin} .= "SELECT pg_advisory_xact_lock(1); COMMIT;\n";
$third->{run}->pump_nb;
isnt(ct_call_end($call), 0, 'a chain of locks: no run');
is(ct_sqlstate($call), '40P01', 'a chain of locks: a deadlock');
ct_nothing_left($node, 'a chain of locks') if ct_await($node, "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
$third->quit;

# Somebody else's lock is only waited for.
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE item');
$call = ct_call($node, $run);
ok(ct_await($node, "SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event_type = 'Lock'"), 'workers wait for a third session');
ok(ct_await($node, "SELECT elapsed > 3.5 FROM ct_progress"), 'for a while');
$holder->query_safe('COMMIT');
$holder->quit;
is(ct_call_end($call), 0, 'and go on when it commits');
like($call->{stderr}, qr/NOTICE:  00000: run \d+: \d+ s, \d+ transactions/, 'meanwhile there was a progress notice');

# ---- what is not committed yet

my %uncommitted = (
	'a new table' => [ 'CREATE TABLE new (i int)', q{SELECT ct_test('SELECT * FROM new', transactions => 2)}, '42P01' ],
	'a new function' => [ 'CREATE FUNCTION new() RETURNS int LANGUAGE sql RETURN 1', q{SELECT ct_test('SELECT new()', transactions => 2)}, '42883' ],
	'a new column' => [ 'ALTER TABLE item ADD extra int', q{SELECT ct_test('SELECT extra FROM item', transactions => 2)}, '4(?:2703|0P01)' ],
	'a new schema' => [ 'CREATE SCHEMA new', q{SELECT ct_test('SELECT 1', 'CREATE TABLE new.t (i int)', transactions => 2)}, '3F000' ],
	'a new table in a check' => [ 'CREATE TABLE new (i int)', q{SELECT ct_test('SELECT 1', checks => ARRAY['SELECT * FROM new'], transactions => 2)}, '42P01' ],
	'a new privilege' => [ 'CREATE TABLE new (i int)', q{SELECT ct_test('SELECT * FROM new', workers => 6, duration => '1 min')}, '42P01' ]);

foreach my $what (sort keys %uncommitted)
{
	my ($ddl, $sql, $state) = @{ $uncommitted{$what} };

	$call = ct_call($node, [ 'BEGIN', $ddl, $sql, 'COMMIT' ]);
	isnt(ct_call_end($call), 0, "$what: no run");
	like(ct_sqlstate($call), qr/^$state$/, "$what: its SQLSTATE") or diag($call->{stderr});
	like($call->{stderr}, qr/HINT:.*COMMIT before the call/, "$what: to commit is what helps");
	ct_nothing_left($node, $what);
}
# ... and only then
$call = ct_call($node, q{SELECT ct_test('SELECT * FROM nowhere', transactions => 2)});
isnt(ct_call_end($call), 0, 'a table that there is not');
unlike($call->{stderr}, qr/COMMIT/, 'nothing was to be committed');

# A scenario that was defined in this very transaction can be run.
$call = ct_call($node, [ 'BEGIN', "SELECT ct_create_scenario('new', transactions => 4, workers => 2)",
	"SELECT ct_add_script('new', 'one', 'SELECT 1')", "SELECT ct_run('new') > 0", 'ROLLBACK' ]);
is(ct_call_end($call), 0, 'a scenario that is not committed yet runs');
is(ct_last($node, "scenario || ' ' || status"), 'new succeeded', 'and its results outlive the ROLLBACK');

# ---- the horizon

# how the caller waits, and whether it is to hold back vacuum meanwhile
my @ways = (
	[ 'plain', 0, "SELECT ct_run('busy')" ],
	[ 'with a report', 0, "SELECT ct_report(ct_run('busy'))" ],
	[ 'in FROM', 0, "SELECT * FROM ct_run('busy')" ],
	[ 'ct_compare', 0, "SELECT variant, verdict FROM ct_compare('busy')" ],
	[ 'ct_compare in the target list', 0, "SELECT (ct_compare('busy')).variant" ],
	[ 'ct_test', 0, q{SELECT ct_test('SELECT 1', workers => 2, duration => '10 min')} ],
	[ 'with arithmetic', 0, "SELECT ct_run('busy', duration => interval '5 min' * 2) + 1 AS n" ],
	[ 'with an aggregate', 0, "SELECT count(*), max(id ORDER BY id) FROM ct_run('busy') AS id" ],
	[ 'sorted', 0, "SELECT id FROM ct_run('busy') AS id ORDER BY id LIMIT 1" ],
	[ 'with an aggregate of somebody', 1, "SELECT sees_all(id) FROM ct_run('busy') AS id" ],
	[ 'grouped', 1, "SELECT id, count(*) FROM ct_run('busy') AS id GROUP BY id" ],
	[ 'several statements', 0, 'SELECT 1', "SELECT ct_run('busy')" ],
	[ 'extended protocol', 0, "SELECT ct_run('busy');" ],
	[ 'prepared statement', 0, "SELECT ct_run('busy');" ],
	[ 'prepared by SQL', 0, "PREPARE p AS SELECT ct_run('busy')", 'EXECUTE p' ],
	[ 'WITH HOLD cursor of before', 1, 'BEGIN', 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM item', 'COMMIT', "SELECT ct_run('busy')" ],
	[ 'several statements in one message', 1, "SELECT 1; SELECT ct_run('busy')" ],
	[ 'block', 1, 'BEGIN', "SELECT ct_run('busy')" ],
	[ 'block with an open cursor', 1, 'BEGIN', 'DECLARE c CURSOR FOR SELECT * FROM item', 'FETCH c', "SELECT ct_run('busy')" ],
	[ 'cursor', 1, 'BEGIN', "DECLARE c CURSOR FOR SELECT ct_run('busy')", 'FETCH c' ],
	[ 'DO', 1, q{DO $$ BEGIN PERFORM ct_run('busy'); END $$} ],
	[ 'PL/pgSQL function', 1, 'SELECT calls_run()' ],
	[ 'serializable', 1, 'SET default_transaction_isolation = serializable', "SELECT ct_run('busy')" ],
	[ 'repeatable read', 1, 'SET default_transaction_isolation = "repeatable read"', "SELECT ct_run('busy')" ],
	[ 'with a table', 1, "SELECT ct_run('busy'), n FROM item" ],
	[ 'with a stable function', 1, "SELECT ct_run('busy'), sees_item()" ],
	[ 'as a domain', 1, q{SELECT ct_test('SELECT 1', workers => 2, duration => '10 min')::seeing} ],
	[ 'as an array of a domain', 1, "SELECT ARRAY[ct_run('busy')]::seeing[]" ],
	[ 'with a subquery', 1, "SELECT ct_run('busy'), (SELECT n FROM item)" ],
	[ 'in WHERE', 1, "SELECT n FROM item WHERE ct_run('busy') > 0" ],
	[ 'INSERT', 1, "INSERT INTO item SELECT ct_run('busy'), 0" ],
	[ 'data-modifying CTE', 1, "WITH i AS (INSERT INTO item VALUES (3, 0) RETURNING id) SELECT ct_run('busy')" ],
	[ 'CREATE TABLE AS', 1, "CREATE TABLE x AS SELECT ct_run('busy')" ],
	[ 'EXPLAIN ANALYZE', 1, "EXPLAIN ANALYZE SELECT ct_run('busy')" ],
	[ 'with an immutable function of somebody', 1, "SELECT looks_immutable(ct_run('busy'))" ],
	[ 'prepared, with a comparison of values of somebody\'s type', 1,
		"PREPARE p(pair) AS SELECT ct_run('busy'), \$1 = \$1", "SET plan_cache_mode = force_generic_plan", "EXECUTE p('(1,2)')" ],
	[ 'SQL function', 1, 'SELECT sql_calls_run()' ],
	[ 'cursor loop in a function', 1, 'SELECT loops_run()' ],
	[ 'cursor loop in a stable function', 1, 'SELECT loops_run_stable()' ],
	[ 'cursor loop in a prepared function call', 1, 'PREPARE p AS SELECT loops_run()', 'EXECUTE p' ],
	[ 'cursor loop in a prepared call of a stable function', 1, 'PREPARE p AS SELECT loops_run_stable()', 'EXECUTE p' ],
	[ 'cursor loop in DO', 1, q{DO $$ DECLARE r record; BEGIN FOR r IN SELECT ct_run('busy') LOOP END LOOP; END $$} ],
	[ 'cursor in a function', 1, 'SELECT opens_run()' ],
	[ 'prepared statement in a function', 1, "PREPARE p AS SELECT ct_run('busy')", 'SELECT executes_run()' ],
	[ 'prepared statement in DO', 1, "PREPARE p AS SELECT ct_run('busy')", q{DO $$ BEGIN EXECUTE 'EXECUTE p'; END $$} ],

	[ 'CALL', 0, "CALL ct_execute('busy')" ],
	[ 'CALL, extended protocol', 0, "CALL ct_execute('busy');" ],
	[ 'CALL, prepared statement', 0, "CALL ct_execute('busy');" ],
	[ 'CALL, serializable', 0, 'SET default_transaction_isolation = serializable', "CALL ct_execute('busy')" ],
	[ 'CALL, repeatable read', 0, 'SET default_transaction_isolation = "repeatable read"', "CALL ct_execute('busy')" ],
	[ 'CALL beside a WITH HOLD cursor', 0, 'BEGIN', 'DECLARE c CURSOR WITH HOLD FOR SELECT * FROM item', 'COMMIT', "CALL ct_execute('busy')" ],
	[ 'CALL in DO that has locked and changed something', 0,
		q{DO $$ DECLARE id bigint; BEGIN CREATE TABLE made (i int); PERFORM FROM item FOR UPDATE; CALL ct_execute('busy', run_id => id); END $$} ],
	[ 'CALL in a loop of DO', 0,
		q{DO $$ DECLARE r record; id bigint; BEGIN FOR r IN SELECT * FROM item LOOP CALL ct_execute('busy', run_id => id); END LOOP; END $$} ],
	[ 'CALL in nested procedures', 0, 'CALL outer_execute(NULL)' ],
	[ 'CALL, several statements in one message', 1, "SELECT 1; CALL ct_execute('busy')" ],
	[ 'CALL in a block', 1, 'BEGIN', "CALL ct_execute('busy')" ],
	[ 'CALL in a function', 1, 'SELECT calls_execute()' ],
	[ 'CALL in a procedure with a SET clause', 1, 'CALL set_execute(NULL)' ],
	[ 'CALL in a security definer procedure', 1, 'CALL definer_execute(NULL)' ],
	[ 'CALL by EXECUTE', 1, q{DO $$ BEGIN EXECUTE 'CALL ct_execute(''busy'')'; END $$} ],
	[ 'CALL in a block that catches errors', 1,
		q{DO $$ DECLARE id bigint; BEGIN CALL ct_execute('busy', run_id => id); EXCEPTION WHEN division_by_zero THEN NULL; END $$} ]);

my %protocol = ('extended protocol' => 'extended', 'prepared statement' => 'prepared');
my $dir = PostgreSQL::Test::Utils::tempdir;
foreach my $way (@ways)
{
	my ($what, $holds, @statements) = @$way;
	my $backend;

	if (my $mode = $protocol{$what =~ s/^CALL, //r})
	{
		# psql knows no other protocol than the simple one before 16
		my $script = "$dir/$what.sql";
		append_to_file($script, $statements[0]);
		@statements = ([ 'pgbench', '-n', '-t', 1, '-M', $mode, '-f', $script ]);
	}
	$call = ref $statements[0] ? ct_call($node, [], command => $statements[0]) : ct_call($node, \@statements);
	$backend = "application_name = '$call->{name}'";
	ok(ct_await($node, 'SELECT transactions > 20 FROM ct_progress'), "$what: a run is under way");
	is($node->safe_psql('postgres', "SELECT backend_xmin IS NOT NULL FROM pg_stat_activity WHERE $backend"), $holds ? 't' : 'f',
		"$what: the caller " . ($holds ? 'holds' : 'does not hold') . ' back vacuum');
	is(ct_last($node, 'held_horizon'), $holds ? 't' : 'f', "$what: as the run's row says");
	is($node->safe_psql('postgres', "SELECT string_agg(l.locktype, ' ') FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE $backend AND l.locktype <> 'virtualxid'"), '',
		"$what: nor does it hold a lock") if $what =~ /^CALL/ && !$holds;
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
	isnt(ct_call_end($call), -1, "$what: the caller ends");
	if ($holds)
	{
		like($call->{stderr}, qr/NOTICE:.*holds back vacuum.*HINT:[^\n]*CALL ct_execute\(\)/s, "$what: a notice says so, and what would not");
	}
	else
	{
		unlike($call->{stderr}, qr/holds back vacuum/, "$what: no notice");
	}
	ct_nothing_left($node, $what);
}

# A constraint that reads by the statement's snapshot finds what that saw, though it is updated and
# vacuumed meanwhile.
$node->safe_psql('postgres', 'UPDATE item SET n = 0');
my $vacuumed = q{ct_test('UPDATE item SET n = n + 1; VACUUM item;', workers => 1, transactions => 4)};
foreach my $reads ("$vacuumed\::seeing", "$vacuumed > 0 AND sees_item()")
{
	$node->safe_psql('postgres', 'UPDATE item SET n = 0');
	$call = ct_call($node, "SELECT $reads");
	is(ct_call_end($call), 0, "$reads: finds the row of before") or diag($call->{stderr});
	unlike($call->{stdout}, qr/f/, "$reads: and no other");
	is(ct_last($node, 'held_horizon'), 't', "$reads: since it has held back vacuum");
}
is($node->safe_psql('postgres', 'SELECT n FROM item'), 4, 'which has changed');

# An outer statement that still reads when a function of it calls a run finds all of its rows.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE acct (id int PRIMARY KEY, v int NOT NULL, pad text DEFAULT repeat('x', 7000)) WITH (autovacuum_enabled = off);
ALTER TABLE acct ALTER pad SET STORAGE PLAIN;
INSERT INTO acct (id, v) SELECT i, 0 FROM generate_series(1, 3) i;     -- a row a page
CREATE FUNCTION run_in_loop() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
	FOR r IN SELECT ct_test('UPDATE public.acct SET v = v + 1 WHERE id = 3', transactions => 2000, workers => 2) AS id LOOP RETURN r.id; END LOOP; END $$;
CREATE FUNCTION run_in_stable_loop() RETURNS bigint STABLE LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN
	FOR r IN SELECT ct_test('UPDATE public.acct SET v = v + 1 WHERE id = 3', transactions => 2000, workers => 2) AS id LOOP RETURN r.id; END LOOP; END $$;
CREATE FUNCTION run_prepared() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE id bigint; BEGIN EXECUTE 'EXECUTE p' INTO id; RETURN id; END $$;
CREATE TABLE big AS SELECT i, repeat('x', 500) AS pad FROM generate_series(1, 30000) i;
CREATE FUNCTION peek(bigint) RETURNS bigint IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM big); END $$;
SQL
foreach my $function (qw(run_in_loop run_in_stable_loop run_prepared))
{
	$call = ct_call($node, [ q{PREPARE p AS SELECT ct_test('UPDATE public.acct SET v = v + 1 WHERE id = 3', transactions => 2000, workers => 2)},
		"SELECT count(*) FROM (SELECT id, CASE WHEN id = 1 THEN $function() END FROM acct OFFSET 0) s" ]);
	is(ct_call_end($call), 0, "$function: a run") or diag($call->{stderr});
	is($call->{stdout}, "3\n", "$function: the outer statement loses no row");
}

# And what users call immutable reads by the statement's snapshot, here a parallel plan.
$call = ct_call($node, q{SELECT peek(ct_test('SELECT 1', transactions => 2, workers => 1))});
is(ct_call_end($call), 0, 'an immutable function that reads: no error') or diag($call->{stderr});
is($call->{stdout}, "30000\n", 'and all rows');

# The procedure raises what ct_run raises, and returns what it returns.
foreach my $raised ([ "CALL ct_execute('nowhere')", '42704' ], [ "CALL ct_execute('short', workers => 0)", '22023' ],
	[ "CALL ct_execute('failing', raise_on_fail => true)", 'P0004' ], [ "CALL ct_execute('broken')", '22012' ])
{
	$node->safe_psql('postgres', q{
		SELECT ct_create_scenario('failing', transactions => 4, workers => 2), ct_add_script('failing', 'one', 'SELECT 1'),
			ct_add_check('failing', 'never', 'SELECT 1');
		SELECT ct_create_scenario('broken', setup => 'SELECT 1/0', transactions => 4), ct_add_script('broken', 'one', 'SELECT 1');
		}) if $raised->[1] eq '42704';
	$call = ct_call($node, $raised->[0]);
	isnt(ct_call_end($call), 0, "$raised->[0]: raises");
	is(ct_sqlstate($call), $raised->[1], "$raised->[0]: its SQLSTATE") or diag($call->{stderr});
	ct_nothing_left($node, $raised->[0]);
}
$call = ct_call($node, [ q{DO $$ BEGIN INSERT INTO item VALUES (7, 7); BEGIN CALL ct_execute('nowhere'); END; END $$} ]);
isnt(ct_call_end($call), 0, 'a plan that is refused');
is($node->safe_psql('postgres', 'SELECT count(*) FROM item WHERE id = 7'), 0, 'has committed nothing before');
$call = ct_call($node, "CALL ct_execute('short')");
is(ct_call_end($call), 0, 'CALL returns');
is($call->{stdout}, ct_last($node, 'run_id') . "\n", 'the id of the run');

# What has let go of its snapshot must not look through it again: what comes after the run in the
# same statement sees a consistent database.
is($node->safe_psql('postgres', "SELECT ct_run('short') > 0 AND ct_report(ct_run('short')) ~ 'short'"), 't', 'two runs and a report in a statement');

$node->stop;
done_testing();
