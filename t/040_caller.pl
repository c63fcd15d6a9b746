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
CREATE FUNCTION calls_run() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN ct_run('busy'); END $$;
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
	cmp_ok(time - $from, '<', 6, "$what: told soon");
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
ok(ct_await($node, "SELECT elapsed > 1.5 FROM ct_progress"), 'for a while');
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
	[ 'EXPLAIN ANALYZE', 1, "EXPLAIN ANALYZE SELECT ct_run('busy')" ]);

my %protocol = ('extended protocol' => 'extended', 'prepared statement' => 'prepared');
my $script = PostgreSQL::Test::Utils::tempdir . '/script.sql';
foreach my $way (@ways)
{
	my ($what, $holds, @statements) = @$way;
	my $backend;

	if (my $mode = $protocol{$what})
	{
		# psql knows no other protocol than the simple one before 16
		append_to_file($script, $statements[0]) unless -e $script;
		@statements = ([ 'pgbench', '-n', '-t', 1, '-M', $mode, '-f', $script ]);
	}
	$call = ref $statements[0] ? ct_call($node, [], command => $statements[0]) : ct_call($node, \@statements);
	$backend = "application_name = '$call->{name}'";
	ok(ct_await($node, 'SELECT transactions > 20 FROM ct_progress'), "$what: a run is under way");
	is($node->safe_psql('postgres', "SELECT backend_xmin IS NOT NULL FROM pg_stat_activity WHERE $backend"), $holds ? 't' : 'f',
		"$what: the caller " . ($holds ? 'holds' : 'does not hold') . ' back vacuum');
	is(ct_last($node, 'held_horizon'), $holds ? 't' : 'f', "$what: as the run's row says");
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
	isnt(ct_call_end($call), -1, "$what: the caller ends");
	if ($holds)
	{
		like($call->{stderr}, qr/NOTICE:.*holds back vacuum/, "$what: a notice says so");
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

# What has let go of its snapshot must not look through it again: what comes after the run in the
# same statement sees a consistent database.
is($node->safe_psql('postgres', "SELECT ct_run('short') > 0 AND ct_report(ct_run('short')) ~ 'short'"), 't', 'two runs and a report in a statement');

$node->stop;
done_testing();
