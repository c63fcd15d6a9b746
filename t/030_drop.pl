# What a run stands on goes away under it: its extension, its database, its role's objects, the
# server itself. No process stays behind, and nobody who takes it away has to wait for long.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# a lock that nobody lets go of is a failure, not a reason to wait
my $node = ct_node('drop', lock_timeout => '60s');
$node->start;

my $define = <<'SQL';
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('setup', setup => 'CREATE TABLE t (i int); SELECT pg_sleep(600)', duration => '10 min', workers => 2);
SELECT ct_add_script('setup', 'count', 'SELECT i FROM t');
SELECT ct_create_scenario('busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('busy', 'count', 'UPDATE t SET i = i + 1');
SELECT ct_create_scenario('stuck', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 2);
SELECT ct_add_script('stuck', 'count', 'BEGIN; UPDATE t SET i = i + 1; SELECT pg_sleep(600); COMMIT');
SQL
my %reached = (
	setup => "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'",
	busy => "SELECT bool_and(transactions > 20) FROM ct_progress",
	stuck => "SELECT count(*) FILTER (WHERE wait_event = 'PgSleep') = 1 AND count(*) FILTER (WHERE wait_event_type = 'Lock') = 1
		FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'");
my @phases = qw(setup busy stuck);

foreach my $phase (@phases)
{
	$node->safe_psql('postgres', "CREATE DATABASE d_$phase");
	$node->safe_psql("d_$phase", $define);

	# The extension.
	my $call = ct_call($node, "SELECT ct_run('$phase')", db => "d_$phase");
	ok(ct_await($node, $reached{$phase}, "d_$phase"), "$phase: a run is under way");
	my $from = time;
	is($node->psql("d_$phase", 'DROP EXTENSION ct_ext'), 0, "$phase, DROP EXTENSION: done");
	ct_soon($from, "$phase, DROP EXTENSION: at once");
	if ($phase eq 'setup')
	{
		# nobody looks at the tables before the setup's end
		$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . ct_backend($call) . ')');
	}
	isnt(ct_call_end($call), 0, "$phase, DROP EXTENSION: the caller gets an error");
	like($call->{stderr}, $phase eq 'setup' ? qr/57014/ : qr/extension "ct_ext" is not installed/, "$phase, DROP EXTENSION: it says why");
	ct_nothing_left($node, "$phase, DROP EXTENSION", db => "d_$phase", no_extension => 1);

	# The database, with the extension in it again.
	$node->safe_psql("d_$phase", $define);
	$call = ct_call($node, "SELECT ct_run('$phase')", db => "d_$phase");
	my $started = ct_call($node, "SELECT ct_start('busy')", db => "d_$phase");
	ok(ct_await($node, $reached{$phase} =~ s/\) = 1/) >= 1/r, "d_$phase"), "$phase: a run is under way again");
	is(ct_call_end($started), 0, "$phase: and another one");
	$from = time;
	is($node->psql('postgres', "DROP DATABASE d_$phase WITH (FORCE)"), 0, "$phase, DROP DATABASE: done");
	ct_soon($from, "$phase, DROP DATABASE: at once");
	isnt(ct_call_end($call), 0, "$phase, DROP DATABASE: the caller is gone");
	ct_nothing_left($node, "$phase, DROP DATABASE", no_extension => 1);
}

$node->safe_psql('postgres', $define);

# A DROP EXTENSION that isn't committed yet: whoever wants to read or write the extension's tables waits
# for that, whichever table it is, and is then told that there is no extension.
foreach my $while (qw(second end))
{
	# one that ends when it is told to, after the DROP
	my $run = $while eq 'second' ? "SELECT ct_run('busy')" : q{SELECT ct_test('SELECT pg_advisory_lock_shared(5)', transactions => 1)};
	my %sister = (
		"SELECT ct_run('busy')" => 1, "CALL ct_execute('busy')" => 1, "SELECT ct_start('busy')" => 1, 'SELECT ct_wait(1)' => 1,
		"SELECT ct_compare('busy')" => 1, 'SELECT ct_report(1)' => 1, 'SELECT ct_assert(1)' => 1, "SELECT ct_prune('0')" => 1,
		'SELECT ct_sweep()' => 1, 'SELECT ct_cancel(1)' => 1, "SELECT ct_create_scenario('late')" => 1, "SELECT ct_drop_scenario('busy')" => 1);
	my $teller = $node->background_psql('postgres');
	$teller->query_safe('SELECT pg_advisory_lock(5)');
	my $call = ct_call($node, $run);
	my $drop = $node->background_psql('postgres');
	my $waiting = "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event_type = 'Lock'";

	ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE phase = 'running'"), "$while, DROP in a transaction: a run is under way");
	$drop->query_safe('BEGIN; DROP EXTENSION ct_ext');
	$teller->quit;
	ok(ct_await($node, $waiting), "$while, DROP in a transaction: its leader waits");
	$sister{$_} = ct_call($node, $_) foreach keys %sister;
	ok(ct_await($node, "SELECT count(*) = " . keys(%sister) . " FROM pg_stat_activity WHERE application_name LIKE 'ct_test caller%' AND wait_event_type = 'Lock'"),
		"$while, DROP in a transaction: and so do others");
	$drop->query_safe('COMMIT');
	$drop->quit;
	isnt(ct_call_end($call), 0, "$while, DROP in a transaction: the caller gets an error");
	like($call->{stderr}, qr/ERROR:  42704: .*extension "ct_ext" is not installed/, "$while, DROP in a transaction: it says why");
	foreach my $sql (sort keys %sister)
	{
		isnt(ct_call_end($sister{$sql}), 0, "$while, DROP in a transaction, $sql: an error");
		like($sister{$sql}->{stderr}, qr/ERROR:  42704: extension "ct_ext" is not installed/, "$while, DROP in a transaction, $sql: it says why");
	}
	ct_nothing_left($node, "$while, DROP in a transaction", no_extension => 1);
	$node->safe_psql('postgres', $define);
}

# The role's objects, its sandbox among them: the run fails, since its table is gone.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE someone LOGIN;
GRANT CREATE ON DATABASE postgres TO someone;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO someone;
SQL
my $call = ct_call($node, "SELECT ct_run('busy', trust_owner => true)", user => 'someone');
ok(ct_await($node, $reached{busy}), 'a role\'s run is under way');
is($node->psql('postgres', 'DROP OWNED BY someone'), 0, 'DROP OWNED: done');
$node->safe_psql('postgres', "SELECT ct_cancel(max(run_id)) FROM ct_runs");
isnt(ct_call_end($call), 0, 'DROP OWNED: the caller gets an error');
ct_nothing_left($node, 'DROP OWNED');
is($node->psql('postgres', 'DROP ROLE someone'), 0, 'the role can be dropped');
like(ct_last($node, 'role'), qr{^\d+$}, 'its run is still known, by the number that the role had');

# The schema alone.
$call = ct_call($node, "SELECT ct_run('busy')");
ok(ct_await($node, $reached{busy}), 'a run is under way');
my $schema = $node->safe_psql('postgres', 'SELECT sandbox FROM ct_result ORDER BY run_id DESC LIMIT 1');
is($node->psql('postgres', "DROP SCHEMA $schema CASCADE"), 0, 'DROP SCHEMA of its sandbox: done');
ok(ct_await($node, 'SELECT failed > 10 FROM ct_progress'), 'its transactions fail');
$node->safe_psql('postgres', "SELECT ct_cancel(max(run_id)) FROM ct_runs");
isnt(ct_call_end($call), 0, 'the caller gets an error');
ct_nothing_left($node, 'DROP SCHEMA');

# The server.
foreach my $phase (@phases)
{
	my $call = ct_call($node, "SELECT ct_run('$phase')");
	my ($from, $run_id);

	ok(ct_await($node, $reached{$phase}), "$phase: a run is under way");
	$run_id = ct_last($node, 'run_id');
	$from = time;
	$node->stop('fast');
	ct_soon($from, "$phase, fast shutdown: soon");
	isnt(ct_call_end($call), 0, "$phase, fast shutdown: the caller is gone");
	$node->start;
	is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE run_id = $run_id"), 'cancelled', "$phase, fast shutdown: the run is recorded as cancelled");
	ct_nothing_left($node, "$phase, fast shutdown");
}

$node->stop;
done_testing();
