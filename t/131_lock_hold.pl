# lock_hold is somebody who locks a table: it queues until it has it, however busy the table is; and
# neither the run's stop, nor its end, nor the leader's waits for it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('lock_hold', max_worker_processes => 8, max_logical_replication_workers => 0);

$node->safe_psql('postgres', 'CREATE TABLE item AS SELECT i AS id, 0 AS n FROM generate_series(1, 10) i; CREATE TABLE other ()');

my $lock = '"table": "public.item", "after": "0"';
my $hour = '"duration": "1 hour", "every": "1 hour"';
my $locker = "(SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext locker')";
my $leader = "(SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader')";

# The locker's lock, granted or not.
sub locked
{
	my ($granted) = @_;

	return "SELECT count(*) = 1 FROM pg_locks WHERE pid = $locker AND relation = 'item'::regclass AND mode = 'AccessExclusiveLock' AND granted = $granted";
}

sub start_run
{
	my ($script) = @_;

	$node->safe_psql('postgres', <<SQL);
SELECT ct_create_scenario('busy', duration => '1 hour', min_overlap => 0, replace => true);
SELECT ct_add_script('busy', 's', \$\$$script\$\$);
SQL
	return $node->safe_psql('postgres', "SELECT ct_start('busy', workers => 2, lock_hold => '{$lock, $hour}')");
}

# ---- transactions that follow each other without a gap: there is no moment without one that has the table

my ($run) = $node->safe_psql('postgres', <<SQL) =~ /(\d+)/;
SELECT ct_test(\$\$
BEGIN;
SELECT n FROM public.item WHERE id = :client_id + 1;
\\barrier seen
SELECT pg_sleep(0.2 * (:client_id + 1));
COMMIT;
\$\$, workers => 2, duration => '5 s', min_overlap => 0, lock_hold => '{$lock, "duration": "10 ms", "every": "100 ms"}')
SQL
is($node->safe_psql('postgres', "SELECT verdict FROM ct_runs WHERE run_id = $run"), 'pass', 'a table that others have all the time is had');
ct_nothing_left($node, 'after a run');

# ---- who waits for it waits for lock_hold, not for somebody from outside

($run) = $node->safe_psql('postgres', <<SQL) =~ /(\d+)/;
SELECT ct_test('UPDATE public.item SET n = n + 1 WHERE id = :client_id + 1', workers => 2, duration => '3 s', min_overlap => 0,
	lock_hold => '{"table": "public.item", "after": "500 ms", "duration": "1 s", "every": "2 s"}')
SQL
is($node->safe_psql('postgres', "SELECT DISTINCT blocker_query FROM ct_blocking WHERE run_id = $run AND locktype = 'relation'"), 'lock_hold',
	'who waits for it is told so');

# ---- while it is held

$run = start_run('\sleep 10 ms');
ok(ct_await($node, locked('true')), 'it is held');
is($node->safe_psql('postgres', "SELECT backend_xmin IS NULL AND state = 'idle in transaction' FROM pg_stat_activity WHERE pid = $locker"), 't',
	'without a snapshot');
$node->safe_psql('postgres', "SELECT ct_stop($run)");
$node->safe_psql('postgres', "SELECT ct_wait($run)");
is($node->safe_psql('postgres', "SELECT verdict, reason ~ 'was held 1 time' FROM ct_runs WHERE run_id = $run"), 'pass|t', 'and given back when the run is stopped');
ct_nothing_left($node, 'held, and stopped');

# the leader's checks see the table all the same
$node->safe_psql('postgres', "SELECT ct_add_check('busy', 'seen', 'SELECT FROM public.item WHERE n < 0', during => true)");
$run = $node->safe_psql('postgres', "SELECT ct_start('busy', workers => 2, lock_hold => '{$lock, $hour}')");
ok(ct_await($node, locked('true')), 'it is held');
ok(ct_await($node, "SELECT count(*) > 2 FROM ct_timeline WHERE run_id = $run"), 'a check during the run does not wait for it');
$node->safe_psql('postgres', "SELECT ct_stop($run); SELECT ct_wait($run)");
is($node->safe_psql('postgres', "SELECT verdict FROM ct_runs WHERE run_id = $run"), 'pass', 'nor is the run kept from its end');

# who waits for the locker is kept from nothing by the leader, but the server takes the two for one
$node->safe_psql('postgres', "ALTER SYSTEM SET deadlock_timeout = '10 ms'");
$node->reload;
$node->safe_psql('postgres', <<SQL);
SELECT ct_create_scenario('both', duration => '1 hour', min_overlap => 0);
SELECT ct_add_script('both', 's', \$\$BEGIN;
LOCK TABLE other;
UPDATE item SET n = n + 1;
COMMIT;\$\$);
SELECT ct_add_check('both', 'seen', 'SELECT FROM public.item, public.other WHERE false', during => true);
SQL
$run = $node->safe_psql('postgres', "SELECT ct_start('both', workers => 1, lock_hold => '{$lock, $hour}')");
ok(ct_await($node, 'SELECT deadlocks > 1 FROM pg_stat_database WHERE datname = current_database()'), 'a check is the victim of a deadlock, more than once');
is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE run_id = $run"), 'running', '... and the run goes on');
$node->safe_psql('postgres', "SELECT ct_stop($run); SELECT ct_wait($run)");
is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE run_id = $run"), 'succeeded', '... to its verdict');
ct_nothing_left($node, 'a check in a deadlock');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET deadlock_timeout');
$node->reload;

# ---- while it waits

foreach (
	[ 'stopped', 'SELECT ct_stop(%s)', 'succeeded|inconclusive|t' ],
	[ 'cancelled', 'SELECT ct_cancel(%s)', 'cancelled||' ],
	[ 'the leader terminated', "SELECT pg_terminate_backend($leader)", 'cancelled||' ],
	[ 'the locker terminated', "SELECT pg_terminate_backend($locker)", 'failed||' ])
{
	my ($what, $does, $is) = @$_;
	my $holder = $node->background_psql('postgres');

	$holder->query_safe('BEGIN; LOCK TABLE item IN ACCESS SHARE MODE');
	$run = start_run('\sleep 10 ms');
	ok(ct_await($node, locked('false')), "$what: it waits for the table");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($locker)");
	ok(ct_await($node, locked('false')), '... and again, if it is cancelled');
	$node->safe_psql('postgres', sprintf($does, $run));
	ok(ct_await($node, "SELECT status NOT IN ('starting', 'running') FROM ct_runs WHERE run_id = $run"), '... the run ends');
	is($node->safe_psql('postgres', "SELECT status, verdict, reason ~ 'never had' FROM ct_runs WHERE run_id = $run"), $is, '... as it should');
	is($node->safe_psql('postgres', "SELECT message FROM ct_runs WHERE run_id = $run"), 'the process that holds the lock of lock_hold was lost', '... says why')
	  if $is =~ /failed/;
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE relation = 'item'::regclass"), 1, '... while the other one still has it');
	ct_nothing_left($node, $what);
	$holder->quit;
}

# a leader that is lost takes it along
$run = start_run('\sleep 10 ms');
ok(ct_await($node, locked('true')), 'it is held');
ok(ct_await($node, "SELECT $leader IS NOT NULL AND pg_terminate_backend($leader) IS NULL OR $leader IS NULL"), 'the leader is terminated, again and again');
ct_nothing_left($node, 'the leader terminated while it is held');

# ---- the caller has the table

my $call = ct_call($node, [ 'BEGIN', 'SELECT FROM item', "SELECT ct_test('UPDATE item SET n = n + 1', workers => 2, min_overlap => 0, duration => '1 hour', lock_hold => '{$lock, $hour}')" ]);
isnt(ct_call_end($call), 0, 'a caller that has the table itself');
is(ct_sqlstate($call), '40P01', '... is told so');
ct_nothing_left($node, 'the caller has the table');

# ---- a slot of its own

my ($ret, $out, $err) = $node->psql('postgres', "SELECT ct_test('SELECT 1', workers => 7, transactions => 700, min_overlap => 0, lock_hold => '{$lock}')");
like($err, qr/only 6 of 7 workers could be started.*the leader and the process that holds the lock of lock_hold take one each/s, 'it takes a slot');
($ret, $out, $err) = $node->psql('postgres', "SELECT ct_test('\\sleep 10 ms', duration => '1 s', workers => NULL, min_overlap => 0, lock_hold => '{$lock}')");
is($ret, 0, 'where workers are not named, the run has one fewer');
is(ct_last($node, 'workers'), 6, '... to be exact');
ct_nothing_left($node, 'the end');

done_testing();
