# A crash in the middle of a run: kill -9 on a worker, kill -9 on the leader, an immediate shutdown.
# The server comes back with every earlier result; the run shows as crashed, never as running; its
# sandbox is dropped by the next run, or by ct_prune, but only if it is still the run's own; and two
# sweeps at once don't get into each other's way.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('crash', restart_after_crash => 'on');

$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('busy', 'count', 'UPDATE t SET i = i + 1');
SELECT ct_create_scenario('short', setup => 'CREATE TABLE t (i int)', transactions => 4, workers => 2);
SELECT ct_add_script('short', 'count', 'INSERT INTO t VALUES (1)');
CREATE ROLE other LOGIN;
SQL

my $busy = 'SELECT transactions > 20 FROM ct_progress';
my $sandboxes = q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'};

# Whether the server has come back after its postmaster reset it.
sub back_again
{
	my ($start) = @_;
	return ct_await($node, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%' OR backend_start < '$start'
		AND backend_type IN ('client backend', 'checkpointer')");
}

# Starts a run and kills one of its processes, or else lets $how do it; returns the run's number.
sub crash
{
	my ($what, $how) = @_;
	my $call = ct_call($node, "SELECT ct_run('busy')");
	my ($run_id, $start);

	ok(ct_await($node, $busy), "$what: a run is under way");
	$run_id = ct_last($node, 'run_id');
	$start = $node->safe_psql('postgres', 'SELECT clock_timestamp()');
	if (ref $how)
	{
		$how->();
	}
	else
	{
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext $how' LIMIT 1");
		kill('KILL', $pid);
	}
	isnt(ct_call_end($call), 0, "$what: the caller loses its connection");
	ok(back_again($start), "$what: the server is back");
	is($node->safe_psql('postgres', "SELECT status, verdict FROM ct_runs WHERE run_id = $run_id"), 'crashed|', "$what: the run shows as crashed");
	is($node->safe_psql('postgres', "SELECT ct_wait($run_id), ct_cancel($run_id)"), 'crashed|f', "$what: there is nothing to wait for");
	is($node->safe_psql('postgres', "SELECT count(*) FROM ct_progress"), 0, "$what: nor to watch");
	is($node->safe_psql('postgres', $sandboxes), 1, "$what: its sandbox is still there");
	return $run_id;
}

$node->safe_psql('postgres', "SELECT ct_run('short')");
my $earlier = ct_fingerprint($node, 1);

# A worker; the next run sweeps.
my $run_id = crash('worker killed', 'worker');
is(ct_fingerprint($node, 1), $earlier, 'worker killed: the earlier result is as it was');
$node->safe_psql('postgres', "SELECT ct_run('short')");
ct_nothing_left($node, 'worker killed, after the next run');
is($node->safe_psql('postgres', "SELECT status FROM ct_result WHERE run_id = $run_id"), 'crashed', 'worker killed: and so it is stored');

# The leader; ct_prune sweeps, and its age spares the runs themselves.
$run_id = crash('leader killed', 'leader');
is($node->safe_psql('postgres', "SELECT ct_prune('1 day')"), 0, 'ct_prune has nothing so old');
ct_nothing_left($node, 'leader killed, after ct_prune');
is($node->safe_psql('postgres', "SELECT status FROM ct_result WHERE run_id = $run_id"), 'crashed', 'leader killed: the run is still there');
is(ct_fingerprint($node, 1), $earlier, 'leader killed: the earlier result is as it was');

# Immediate shutdown.
$run_id = crash('immediate shutdown', sub { $node->stop('immediate'); $node->start });
is(ct_fingerprint($node, 1), $earlier, 'immediate shutdown: the earlier result is as it was');
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'immediate shutdown: swept by hand');
ct_nothing_left($node, 'immediate shutdown, after ct_sweep');

# Immediate shutdown of a run that went on for seconds: the timeline is there up to the last one.
my $call = ct_call($node, "SELECT ct_run('busy')");
ok(ct_await($node, 'SELECT count(*) >= 2 FROM ct_timeline WHERE run_id = (SELECT max(run_id) FROM ct_result)'), 'two seconds are recorded');
$node->stop('immediate');
ct_call_end($call);
$node->start;
is($node->safe_psql('postgres', 'SELECT count(*) >= 2 AND sum(transactions) > 0 FROM ct_timeline WHERE run_id = (SELECT max(run_id) FROM ct_result)'),
	't', 'and survive the shutdown');
$node->safe_psql('postgres', "SELECT ct_run('short')");
ct_nothing_left($node, 'after two seconds and a shutdown');

# Somebody else's schema of that name isn't dropped.
$run_id = crash('schema replaced', 'worker');
$node->safe_psql('postgres', "DROP SCHEMA ct_run_$run_id CASCADE; CREATE SCHEMA ct_run_$run_id AUTHORIZATION other; CREATE TABLE ct_run_$run_id.precious (i int)");
$node->safe_psql('postgres', "SELECT ct_run('short')");
$node->safe_psql('postgres', "SELECT ct_prune('1 day')");
is($node->safe_psql('postgres', "SELECT to_regclass('ct_run_$run_id.precious') IS NOT NULL"), 't', "another role's schema of the sandbox's name stays");
is($node->safe_psql('postgres', "SELECT status, sandbox IS NULL FROM ct_result WHERE run_id = $run_id"), 'crashed|f', 'and that is remembered,');
like($node->safe_psql('postgres', "SELECT warnings FROM ct_runs WHERE run_id = $run_id"), qr/could not be dropped: it belongs to role other now, not to the run's/, 'and told');
$node->safe_psql('postgres', "DROP SCHEMA ct_run_$run_id CASCADE");
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'until it is gone');

# A sweep while another one is at it, and one that can't get at the sandbox: it is left to the next.
$run_id = crash('two sweeps', 'worker');
my $holder = $node->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(7)');
my $first = ct_call($node, [ 'BEGIN', 'SELECT ct_sweep()', 'SELECT pg_advisory_lock(7)', 'COMMIT' ]);
ok(ct_await($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = '$first->{name}' AND wait_event = 'advisory'"),
	'a sweep has done its work, but not committed');
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 0, 'another one finds nothing to do and doesn\'t wait');
is(ct_call_end(ct_call($node, "SELECT ct_run('short')")), 0, 'nor does a run');
$holder->quit;
is(ct_call_end($first), 0, 'the first one commits');
is($first->{stdout}, "1\n\n", 'and had one');
ct_nothing_left($node, 'two sweeps');

$run_id = crash('sandbox in use', 'leader');
$holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT * FROM ct_run_$run_id.t");
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 0, 'a sandbox that somebody reads is left alone');
is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE run_id = $run_id"), 'crashed', 'its run shows as crashed all the same');
is($node->safe_psql('postgres', "SELECT ct_prune('0')") > 0, 1, 'ct_prune removes what it can');
is($node->safe_psql('postgres', "SELECT count(*) FROM ct_result WHERE run_id = $run_id"), 1, 'but not the row that knows the sandbox');
$holder->query_safe('COMMIT');
$holder->quit;
is($node->safe_psql('postgres', "SELECT ct_prune('0')"), 1, 'until it could be dropped');
ct_nothing_left($node, 'sandbox in use');

$node->stop;
done_testing();
