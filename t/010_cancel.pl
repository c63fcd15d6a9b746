# Whoever ends a run, and whenever: by Ctrl-C, a timeout, a lost client, a signal to the caller, the
# leader or a worker, during setup, with workers that are busy or stuck, or during the checks. The
# caller gets an error that says so, the run is cancelled or failed without a verdict, nothing is
# left of it, and what earlier runs recorded is untouched.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = ct_prepare('cancel');

$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('setup', setup => 'CREATE TABLE t (i int); SELECT pg_sleep(600)', duration => '10 min', workers => 2);
SELECT ct_add_script('setup', 'count', 'SELECT i FROM t');

SELECT ct_create_scenario('busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('busy', 'count', 'UPDATE t SET i = i + 1');

SELECT ct_create_scenario('stuck', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('stuck', 'count', 'BEGIN; UPDATE t SET i = i + 1; SELECT pg_advisory_lock(1), pg_sleep(600); COMMIT');

SELECT ct_create_scenario('check', setup => 'CREATE TABLE t (i int)', transactions => 4, workers => 2);
SELECT ct_add_script('check', 'count', 'INSERT INTO t VALUES (1)');
SELECT ct_add_check('check', 'slow', 'SELECT i FROM t, pg_sleep(600)');
SQL

# when to strike
my %reached = (
	setup => "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'",
	busy => "SELECT transactions > 20 FROM ct_progress",
	stuck => "SELECT count(*) FILTER (WHERE wait_event = 'PgSleep') = 1 AND count(*) FILTER (WHERE wait_event_type = 'Lock') = 1
		FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'",
	check => "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'");

my $leader = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'";
my $worker = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' ORDER BY backend_start LIMIT 1";

# how to strike: what it takes, the caller's SQLSTATE, the run's status and SQLSTATE
my @strikes = (
	[ 'Ctrl-C', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(" . ct_backend($_[0]) . ")") },
		'57014', 'cancelled', '57014' ],
	[ 'statement_timeout', undef, '57014', 'cancelled', '57014' ],
	[ 'caller terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(" . ct_backend($_[0]) . ")") },
		'57P01', 'cancelled', '57014' ],
	[ 'client killed', sub { $_[0]->{harness}->signal('KILL') },
		'', 'cancelled', '57014' ],
	[ 'ct_cancel', sub { $node->safe_psql('postgres', 'SELECT ct_cancel(max(run_id)) FROM ct_runs') },
		'57014', 'cancelled', '57014' ],
	[ 'leader cancelled', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(($leader))") },
		'57014', 'cancelled', '57014' ],
	[ 'leader terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(($leader))") },
		'57P01', 'cancelled', '57P01' ],
	[ 'worker terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(($worker))") },
		'57P01', 'failed', '57P01' ]);

# one that stands for all earlier results
$node->safe_psql('postgres',
	q{SELECT ct_test('INSERT INTO t VALUES (:client_id)', 'CREATE TABLE t (i int)', ARRAY['SELECT i FROM t'], transactions => 50, workers => 2)});
my $earlier = ct_fingerprint($node, 1);
like(ct_last($node, 'status'), qr/succeeded/, 'there is an earlier result');
my $segments;

foreach my $phase ('setup', 'busy', 'stuck', 'check', 'CALL setup', 'CALL busy')
{
	foreach my $strike (@strikes)
	{
		my ($name, $action, $caller_state, $status, $run_state) = @$strike;
		my $what = "$phase, $name";
		my $scenario = $phase =~ s/^CALL //r;
		my $statement = $phase =~ /^CALL/ ? "CALL ct_execute('$scenario')" : "SELECT ct_run('$scenario')";
		my ($call, $far, $from, $run);

		next if $name eq 'worker terminated' && $scenario !~ /busy|stuck/;
		# a timeout that has come before the run was that far is followed by a longer one
		foreach my $seconds (1.5, 5, 20)
		{
			$call = ct_call($node, [ ($action ? () : "SET statement_timeout = '$seconds s'"), $statement ]);
			$far = ct_await($node, $reached{$scenario}, undef, $call);
			last if $far || $action;
			ct_call_end($call);
			ct_nothing_left($node, "$what, before it was that far");
		}
		ok($far, "$what: that far");
		$from = time;
		$action->($call) if $action;
		isnt(ct_call_end($call), 0, "$what: the caller doesn't get a run");
		is(ct_sqlstate($call), $caller_state, "$what: the caller's error") or diag($call->{stderr});
		ct_nothing_left($node, $what);
		ct_soon($from, "$what: soon");

		$run = ct_last($node, "concat_ws(' ', scenario, status, sqlstate, coalesce(verdict, 'no verdict'))");
		is($run, "$scenario $status $run_state no verdict", "$what: the run's row");
		if ($name eq 'worker terminated')
		{
			like($call->{stderr}, qr/ERROR:  57P01: worker \d of the run was lost/, "$what: the caller is told which");
			like(ct_last($node, 'message'), qr/worker \d of the run was lost/, "$what: so is the row");
		}
		is(ct_fingerprint($node, 1), $earlier, "$what: the earlier result is as it was");
		$segments //= ct_segments($node);
	}
}

cmp_ok(ct_segments($node), '<=', $segments, 'no shared memory has stayed');

# A worker's statement that is cancelled is a failed transaction; the run goes on.
my $call = ct_call($node, q{SELECT ct_test('SELECT pg_sleep(600)', workers => 1, transactions => 1)});
ok(ct_await($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event = 'PgSleep'"),
	'a worker sleeps');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(($worker))");
is(ct_call_end($call), 0, 'a cancelled statement of a worker is no reason to end the run');
is(ct_last($node, "status || ' ' || failed"), 'succeeded 1', 'it is counted as failed');
is($node->safe_psql('postgres', 'SELECT sqlstate FROM ct_errors ORDER BY run_id DESC LIMIT 1'), '57014', 'by its SQLSTATE');

# A cancelled caller can go on in its session, and call again.
$call = ct_call($node, [ 'BEGIN', 'SAVEPOINT s', "SET LOCAL statement_timeout = 500",
	q{DO $$ BEGIN PERFORM ct_run('busy'); EXCEPTION WHEN query_canceled THEN RAISE NOTICE 'caught'; END $$},
	'SET LOCAL statement_timeout = 0', q{SELECT 'id', ct_test('SELECT 1', transactions => 2)}, 'COMMIT' ]);
is(ct_call_end($call), 0, 'a transaction that caught the error goes on');
like($call->{stderr}, qr/caught/, 'it did catch one');
like($call->{stdout}, qr/id\|\d+/, 'and calls again');
ct_nothing_left($node, 'after a caught error');
is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE scenario = 'busy' ORDER BY run_id DESC LIMIT 1"), 'cancelled',
	'the run whose error was caught');

# What ct_start started goes on when its session ends; ct_wait's being cancelled cancels only the wait.
my $id = $node->safe_psql('postgres', "SELECT ct_start('busy')");
ok(ct_await($node, $reached{busy}), 'started, and its session is gone');
$call = ct_call($node, [ 'SET statement_timeout = 300', "SELECT ct_wait($id)" ]);
isnt(ct_call_end($call), 0, 'ct_wait runs into a timeout');
is(ct_last($node, 'status'), 'running', 'the run does not care');
$call = ct_call($node, "SELECT ct_wait($id)");
$node->safe_psql('postgres', "SELECT ct_cancel($id)");
is(ct_call_end($call), 0, 'ct_wait ends with the run');
is($call->{stdout}, "cancelled\n", 'and says how');
ct_nothing_left($node, 'after ct_start and ct_cancel');

$node->stop;
done_testing();
