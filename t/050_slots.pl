# Slots of background workers. A run that names no number takes as many as there are, and says so; a
# number that is named and can't be had is an error that leaves nothing behind; and runs share what
# there is.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# no launcher of logical replication, so that every slot is ours
my $node = ct_node('slots', max_worker_processes => 4, max_logical_replication_workers => 0);
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min', workers => 6);
SELECT ct_add_script('busy', 'count', 'UPDATE t SET i = i + 1');
SELECT ct_create_scenario('short', transactions => 60, workers => 6);
SELECT ct_add_script('short', 'one', 'SELECT 1');
SQL

my $refused = qr/ERROR:  53400: .*HINT:[^\n]*max_worker_processes \(now 4\)/s;
my $busy = 'SELECT bool_and(transactions > 20) FROM ct_progress';

# Three of the six that the scenario asks for.
my $call = ct_call($node, "SELECT ct_run('short')");
is(ct_call_end($call), 0, 'default number: a run');
like($call->{stderr}, qr/NOTICE:.*only 3 of 6 workers raced\nHINT:[^\n]*max_worker_processes \(now 4\)/, 'default number: a notice says that it had fewer');
is(ct_last($node, "workers || ' ' || workers_asked || ' ' || transactions || ' ' || status"), '3 6 60 succeeded', 'default number: so does its row, and all was done');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_workers'), 3, 'default number: three workers are recorded');

# Where nobody named a number, the report alone says so.
$call = ct_call($node, [ "SELECT ct_test('SELECT 1', transactions => 60)", 'SELECT ct_report(max(run_id)) FROM ct_runs' ]);
is(ct_call_end($call), 0, 'no number: a run');
unlike($call->{stderr}, qr/raced|max_worker_processes/, 'no number: no notice');
like($call->{stdout}, qr/3 of 8 workers raced, the server had no slot for more/, 'no number: the report has it');
# And it is said only where it is so.
foreach my $transactions (1, 2)
{
	$call = ct_call($node, [ "SELECT ct_run('short', transactions => $transactions)", 'SELECT ct_report(max(run_id)) FROM ct_runs', 'SELECT reason FROM ct_runs ORDER BY run_id DESC LIMIT 1' ]);
	is(ct_call_end($call), 0, "$transactions transactions: a run");
	unlike($call->{stdout} . $call->{stderr}, qr/slot|raced/, "$transactions transactions: no worker was missing for want of a slot");
	is(ct_last($node, "workers || ' ' || workers_asked"), "$transactions $transactions", "$transactions transactions: as the row says");
}

# A number that is named.
is(ct_call_end(ct_call($node, "SELECT ct_run('short', workers => 3)")), 0, 'three: a run');
foreach my $n (4, 1000)
{
	$call = ct_call($node, "SELECT ct_run('busy', workers => $n)");
	isnt(ct_call_end($call), 0, "$n: no run");
	like($call->{stderr}, $refused, "$n: refused, with the setting's name");
	like($call->{stderr}, qr/only 3 of $n workers could be started/, "$n: and what there is");
	ct_nothing_left($node, "$n workers");
	is($node->safe_psql('postgres', "SELECT count(*) FROM ct_runs WHERE workers_asked = $n"), 0, "$n: not even a row, for it was known before");
}

# Scripts with workers of their own get those, the others share what is left of the slots.
my $divided = "SELECT ct_create_scenario('divided', replace => true, transactions => 90, min_overlap => 0);"
	. "SELECT ct_add_script('divided', 'own', 'SELECT 1', workers => %d);"
	. "SELECT ct_add_script('divided', 'any', 'SELECT 2');";
$node->safe_psql('postgres', sprintf($divided, 2));
is(ct_call_end(ct_call($node, "SELECT ct_run('divided')")), 0, 'two workers of their own and one more: a run');
is($node->safe_psql('postgres', "SELECT script, count FROM ct_latencies WHERE kind = 'transaction' AND run_id = (SELECT max(run_id) FROM ct_runs) ORDER BY 1"),
	"any|30\nown|60", 'each script has its workers');
$node->safe_psql('postgres', sprintf($divided, 3));
my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM ct_runs');
$call = ct_call($node, "SELECT ct_run('divided')");
isnt(ct_call_end($call), 0, 'three of their own leave none for the other script: no run');
like($call->{stderr}, qr/ERROR:  53400: only 3 of the 4 workers that the scripts need/, 'which is said');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_runs'), $before, 'before there is a row');
$node->safe_psql('postgres', sprintf($divided, 2));

# Two runs at once: the second takes what the first leaves.
my $first = ct_call($node, "SELECT ct_run('busy', workers => 1)");
ok(ct_await($node, $busy), 'a first run takes two slots');
$call = ct_call($node, "SELECT ct_run('short')");
is(ct_call_end($call), 0, 'a second run takes the others');
like($call->{stderr}, qr/only 1 of 6 workers raced/, 'and says so');
$call = ct_call($node, "SELECT ct_run('divided')");
isnt(ct_call_end($call), 0, 'one whose scripts need three finds too few');
like($call->{stderr}, qr/ERROR:  53400: only 1 of the 3 workers that the scripts need/, 'and says how many');
$call = ct_call($node, "SELECT ct_run('short', workers => 2)");
isnt(ct_call_end($call), 0, 'one with two workers finds too few');
like($call->{stderr}, $refused, 'and is refused');
$call = ct_call($node, "SELECT ct_run('busy')");
ok(ct_await($node, "SELECT count(*) = 2 FROM ct_progress WHERE transactions > 20"), 'two runs of the same scenario at once');
is($node->safe_psql('postgres', q{SELECT count(DISTINCT nspname) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'}), 2, 'each has its own sandbox');

# No slot at all, not even for a leader.
my $third = ct_call($node, "SELECT ct_run('busy')");
isnt(ct_call_end($third), 0, 'a third has no leader');
like($third->{stderr}, $refused, 'and is refused');
like($third->{stderr}, qr/no background worker slots are free/, 'it is told why');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_progress'), 2, 'the two others go on');

$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
isnt(ct_call_end($_), 0, 'cancelled') foreach $first, $call;
ct_nothing_left($node, 'two runs');

# One slot for the leader, none for a worker.
$node->append_conf('postgresql.conf', 'max_worker_processes = 1');
$node->restart;
$call = ct_call($node, "SELECT ct_run('short')");
isnt(ct_call_end($call), 0, 'a leader without workers: no run');
like($call->{stderr}, qr/ERROR:  53400: .*HINT:[^\n]*max_worker_processes \(now 1\)/s, 'a leader without workers: refused');
ct_nothing_left($node, 'a leader without workers');

# None.
$node->append_conf('postgresql.conf', 'max_worker_processes = 0');
$node->restart;
$call = ct_call($node, "SELECT ct_run('short')");
isnt(ct_call_end($call), 0, 'no slots: no run');
like($call->{stderr}, qr/ERROR:  53400: .*HINT:[^\n]*max_worker_processes \(now 0\)/s, 'no slots: refused');
ct_nothing_left($node, 'no slots');

# Workers are not counted by max_connections, but by max_worker_processes.
$node->append_conf('postgresql.conf', "max_worker_processes = 8\nmax_connections = 5\nsuperuser_reserved_connections = 3\nmax_wal_senders = 0");
$node->restart;
is(ct_call_end(ct_call($node, "SELECT ct_run('short')")), 0, 'six workers where five may connect');
is(ct_last($node, 'workers'), 6, 'all of them raced');

# Ten at once, which nobody has told how many workers they may have. Two of them take all slots; each of the
# others tries for some seconds, in which how many come and go is the machine's matter.
$node->append_conf('postgresql.conf', "max_worker_processes = 15\nmax_connections = 50");
$node->restart;
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('default_short', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', transactions => 100);
SELECT ct_add_script('default_short', 'count', 'UPDATE t SET i = i + 1');
SELECT ct_create_scenario('default_busy', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', duration => '10 min');
SELECT ct_add_script('default_busy', 'count', 'UPDATE t SET i = i + 1');
SQL
my $no_room = qr/ERROR:  53400: no background worker slots are free for the run's leader and a worker\nHINT:[^\n]*max_worker_processes \(now 15\)/;
my ($succeeded, $most) = (0, 0);
foreach my $round (1 .. 8)
{
	my $before = $succeeded;
	my @calls = map { ct_call($node, "SELECT ct_run('default_short')") } 1 .. 10;

	foreach my $n (0 .. 9)
	{
		my $status = ct_call_end($calls[$n]);

		$succeeded += $status == 0;
		ok($status == 0 || $calls[$n]->{stderr} =~ $no_room, "ten at once, $round/$n: a run, or an error that says that there is no room") or diag($calls[$n]->{stderr});
	}
	ct_nothing_left($node, "ten at once, $round");
	$most = $succeeded - $before if $succeeded - $before > $most;
	last if $round >= 3 && $most >= 5;
}
cmp_ok($most, '>=', 5, 'ten at once: most of them ran');
is($node->safe_psql('postgres', "SELECT count(*) FROM ct_runs WHERE scenario = 'default_short'"), $succeeded, 'ten at once: of the others there is not even a row');

# And ten that go on: as many as have room for a worker each, and none that holds a slot for nothing.
my @calls = map { ct_call($node, "SELECT ct_run('default_busy')") } 1 .. 10;
ok(ct_await($node, q{SELECT count(*) = (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'ct_test caller%') AND count(*) > 0
	AND bool_and(transactions > 20) FROM ct_progress}), 'ten that go on: all are under way, or refused');
is($node->safe_psql('postgres', 'SELECT min(workers) >= 1 FROM ct_progress'), 't', 'ten that go on: each has a worker');

# The last one may be free: it was an eighth leader's, who found none for its worker and left when the others had theirs.
cmp_ok($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%'}), '>=', 14,
	'ten that go on: no two slots are left, which would be a run more');
$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
foreach my $n (0 .. 9)
{
	isnt(ct_call_end($calls[$n]), 0, "ten that go on, $n: ended");
	like($calls[$n]->{stderr}, qr/57014|$no_room/, "ten that go on, $n: cancelled, or without room") or diag($calls[$n]->{stderr});
}
ct_nothing_left($node, 'ten that go on');

# A comparison whose later variants find no slot keeps the rows that it has.
$node->safe_psql('postgres', q{SELECT ct_create_scenario('compared', workers => 1, transactions => 1, min_overlap => 0), ct_add_variant('compared', 'a'), ct_add_variant('compared', 'b'),
	ct_add_variant('compared', 'c'), ct_add_script('compared', 's', 'SELECT 1', variant => 'a'), ct_add_script('compared', 's', $$SELECT pg_advisory_xact_lock_shared(5)$$, variant => 'b'), ct_add_script('compared', 's', 'SELECT 1', variant => 'c');
	SELECT ct_create_scenario('all_slots', workers => 14, duration => '10 min'), ct_add_script('all_slots', 's', '\sleep 600 s')});
# its second variant ends when it is told to
my $teller = $node->background_psql('postgres');
$teller->query_safe('SELECT pg_advisory_lock(5)');
$call = ct_call($node, "SELECT variant, verdict FROM ct_compare('compared')");
ok(ct_await($node, "SELECT variant = 'b' AND phase = 'running' FROM ct_progress"), 'a comparison without slots: at its second variant');
my @others = map { ct_call($node, "SELECT ct_run('all_slots', workers => 12)") } 1;
ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE scenario = 'all_slots' AND phase = 'running'"), 'a comparison without slots: another run goes on');
# it can't look up its third variant until somebody else has taken its slots
my $holder = $node->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE ct_scenario');
$teller->quit;
ok(ct_await($node, q{SELECT count(*) = 13 FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%'}), 'a comparison without slots: the second variant has ended');
push @others, ct_call($node, q{SELECT ct_test('\sleep 600 s', workers => 1, duration => '10 min')});
ok(ct_await($node, q{SELECT count(*) = 15 FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%'}), 'a comparison without slots: all are taken');
$holder->query_safe('COMMIT');
$holder->quit;
is(ct_call_end($call), 0, 'a comparison without slots: it comes to its end') or diag($call->{stderr});
is($call->{stdout}, "a|pass\nb|pass\nc|failed\n", 'a comparison without slots: with all of its rows');
like($call->{stderr}, qr/WARNING:  53400: variant "c" could not be run: no background worker slots were free/, 'a comparison without slots: and says so');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . ct_backend($_) . ')') foreach reverse @others;
ct_call_end($_) foreach @others;
ct_nothing_left($node, 'a comparison without slots');

# A run of fewer transactions than workers starts as many workers as transactions.
$node->safe_psql('postgres', q{SELECT ct_test('SELECT 1', transactions => 2)});
is(ct_last($node, "workers || ' ' || transactions"), '2 2', 'two transactions, two workers');

$node->stop;
done_testing();
