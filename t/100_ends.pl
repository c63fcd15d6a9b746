# The end of a run comes to an end, whatever is in its way: a teardown that lasts or fails, a lock on
# the sandbox, a prepared transaction, a setup that swallows its cancellation, a stop of the server.
# What was found until then stays found, and a sandbox that can't be dropped now is dropped later.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = ct_prepare('ends', max_prepared_transactions => 4);
my $sandboxes = q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'};
my $leader = "(SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader')";
my $in_teardown = "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'";
my $row = "concat_ws(' ', status, sqlstate, coalesce(verdict, 'no verdict'))";

$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('ends', setup => 'CREATE TABLE t (i int)', teardown => 'SELECT pg_sleep(3600)', transactions => 4, workers => 2);
SELECT ct_add_script('ends', 'fill', 'INSERT INTO t VALUES (:iteration)');
SELECT ct_add_check('ends', 'none', 'SELECT count(*) AS observed FROM t HAVING count(*) > 0');
SELECT ct_create_scenario('plain', setup => 'CREATE TABLE t (i int)', transactions => 4, workers => 2);
SELECT ct_add_script('plain', 'fill', 'INSERT INTO t VALUES (:iteration)');
SELECT ct_create_scenario('slow', setup => 'CREATE TABLE t (i int)', duration => '10 min', workers => 2);
SELECT ct_add_script('slow', 'fill', 'INSERT INTO t VALUES (:iteration); \sleep 1 ms');
CREATE TABLE plain (i int);
SQL

# ---- a teardown without an end

my %strikes = (
	'ct_cancel' => 'SELECT ct_cancel(max(run_id)) FROM ct_runs',
	'pg_cancel_backend' => "SELECT pg_cancel_backend($leader)",
	'pg_terminate_backend' => "SELECT pg_terminate_backend($leader)");
foreach my $what (sort keys %strikes)
{
	my $call = ct_call($node, "SELECT ct_run('ends')");
	my $from;

	ok(ct_await($node, $in_teardown), "$what: in the teardown");
	is(ct_last($node, $row), 'succeeded fail', "$what: the end is recorded before it");
	$from = time;
	$node->safe_psql('postgres', $strikes{$what});
	is(ct_call_end($call), 0, "$what: the caller gets its run") or diag($call->{stderr});
	ct_nothing_left($node, "$what during the teardown");
	ct_soon($from, "$what: soon");
	is(ct_last($node, $row), 'succeeded fail', "$what: the run is what it was");
}

# Whoever waited is cancelled in it: the run is what it was, too, and soon gone.
my $call = ct_call($node, "SELECT ct_run('ends')");
ok(ct_await($node, $in_teardown), 'Ctrl-C: in the teardown');
my $from = time;
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . ct_backend($call) . ')');
isnt(ct_call_end($call), 0, 'Ctrl-C: the caller gets an error');
ct_nothing_left($node, 'Ctrl-C during the teardown');
ct_soon($from, 'Ctrl-C: soon');
is(ct_last($node, $row), 'succeeded fail', 'Ctrl-C: the run is what it was');

# ---- a teardown that fails

$node->safe_psql('postgres', q{SELECT ct_create_scenario('fails', teardown => 'SELECT 1 / 0', transactions => 4, min_overlap => 0);
	SELECT ct_add_script('fails', 'one', 'SELECT 1')});
$call = ct_call($node, q{SELECT ct_run('fails')});
is(ct_call_end($call), 0, 'a teardown that fails: the run has its verdict');
like($call->{stderr}, qr/WARNING:  01000: run \d+: the teardown failed, .*: division by zero/, 'a teardown that fails: the caller is warned');
is(ct_last($node, "concat_ws(' ', status, verdict, coalesce(message, 'no message'))"), 'succeeded pass no message', 'a teardown that fails: the verdict stays');
like(ct_last($node, 'warnings[1]'), qr/^the teardown failed, .*: division by zero$/, 'a teardown that fails: and it is recorded');
is(ct_last($node, 'cardinality(warnings)'), 1, 'a teardown that fails: once');

# ---- a check during the run that would last: it is in nobody's way

$node->safe_psql('postgres', q{SELECT ct_create_scenario('lasts', workers => 2, min_overlap => 0),
	ct_add_script('lasts', 's', 'SELECT pg_sleep(600)'),
	ct_add_check('lasts', 'c', $$SELECT 1 FROM pg_stat_activity WHERE CASE WHEN backend_type = 'ct_ext worker' AND state = 'active' THEN pg_sleep(600) IS NULL END$$, during => true)});
my $in_check = "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'";
foreach my $strike ([ 'its duration', "'6 s'", '' ], [ 'ct_stop', "'1 hour'", 'SELECT ct_stop(max(run_id)) FROM ct_runs' ])
{
	my ($name, $duration, $sql) = @$strike;
	my $what = "a check that lasts, $name";

	$call = ct_call($node, [ "SET ct_ext.stop_timeout = '200 ms'", "SELECT ct_run('lasts', duration => $duration)" ]);
	ok(ct_await($node, $in_check), "$what: in the check");
	$from = time;
	$node->safe_psql('postgres', $sql) if $sql;
	is(ct_call_end($call), 0, "$what: the run ends") or diag($call->{stderr});
	ct_soon($from, "$what: soon");
	is(ct_last($node, $row), 'succeeded inconclusive', "$what: well");
	is($node->safe_psql('postgres', "SELECT status FROM ct_checks WHERE check_name = 'c' ORDER BY run_id DESC LIMIT 1"), 'pass', "$what: the check is asked at the end");
	ct_nothing_left($node, $what);
}

# ---- a setup that swallows its cancellation

my $swallow = q{DO $$ BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN END $$; CREATE TABLE t (i int)};
foreach my $strike ([ 'pg_terminate_backend', "SELECT pg_terminate_backend($leader)", '57P01' ],
	[ 'ct_cancel', 'SELECT ct_cancel(max(run_id)) FROM ct_runs', '57014' ])
{
	my ($name, $sql, $state) = @$strike;
	my $what = "$name, swallowed by setup";

	$call = ct_call($node, "SELECT ct_test('SELECT 1', \$s\$$swallow\$s\$, duration => '10 min')");
	ok(ct_await($node, $in_teardown), "$what: in setup");
	$from = time;
	$node->safe_psql('postgres', $sql);
	isnt(ct_call_end($call), 0, "$what: no run");
	is(ct_sqlstate($call), $state, "$what: the caller's error") or diag($call->{stderr});
	ct_soon($from, "$what: soon");
	ct_nothing_left($node, $what);
	is(ct_last($node, $row), "cancelled $state no verdict", "$what: the run's row");
}

# ---- locks on the sandbox

# A transaction that looks at a table of the sandbox and stays open.
my $holder = $node->background_psql('postgres');
$call = ct_call($node, "SELECT ct_run('slow', min_overlap => 0)");
ok(ct_await($node, 'SELECT transactions > 0 FROM ct_progress'), 'a lock on the sandbox: the run is under way');
my $sandbox = 'ct_run_' . ct_last($node, 'run_id');
$holder->query_safe("BEGIN; LOCK TABLE $sandbox.t IN ACCESS SHARE MODE");
$from = time;
$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
is(ct_call_end($call), 0, 'a lock on the sandbox: the run ends') or diag($call->{stderr});
ct_soon($from, 'a lock on the sandbox: in time');
is(ct_last($node, $row), 'succeeded pass', 'a lock on the sandbox: well');
is($node->safe_psql('postgres', 'SELECT sandbox FROM ct_result WHERE sandbox IS NOT NULL'), $sandbox, 'a lock on the sandbox: it is remembered');
is($node->safe_psql('postgres', $sandboxes), 1, 'a lock on the sandbox: it is still there');

# An orphan that can't be dropped isn't in the way of anybody: nobody waits for as long as for the own sandbox, each
# time.
sub delays_nobody
{
	my ($run, $what) = @_;
	my $least = 1000;

	foreach (1 .. 6)
	{
		my $from = time;

		$node->safe_psql('postgres', "SELECT $run");
		$least = time - $from if time - $from < $least;
		last if $_ > 1 && $least < 2;
	}
	return cmp_ok($least, '<', 2, "$what delays nobody");
}
delays_nobody(q{ct_test('SELECT 1', transactions => 2)}, 'a locked orphan');
is($node->safe_psql('postgres', 'SELECT sandbox FROM ct_result WHERE sandbox IS NOT NULL'), $sandbox, 'a locked orphan stays remembered');
$holder->query_safe('COMMIT');
$holder->quit;
$node->safe_psql('postgres', "SELECT ct_prune('1 day')");
ct_nothing_left($node, 'the orphan, once its lock is gone and ct_prune called');

# A prepared transaction, of the script itself.
$from = time;
$node->safe_psql('postgres', q{SELECT ct_test($$BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left';$$,
	'CREATE TABLE t (i int)', transactions => 1, workers => 1)});
ct_soon($from, 'a prepared transaction: the run ends');
is(ct_last($node, "status || ' ' || transactions"), 'succeeded 1', 'a prepared transaction: well');
is($node->safe_psql('postgres', $sandboxes), 1, 'a prepared transaction: the sandbox is still there');
delays_nobody(q{ct_run('plain', min_overlap => 0)}, 'a prepared transaction');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'left'");
$node->safe_psql('postgres', "SELECT ct_prune('1 day')");
ct_nothing_left($node, 'the prepared transaction\'s sandbox');

# ---- workers that are cancelled while they do nothing

my $idle = "backend_type = 'ct_ext worker' AND state = 'idle'";
$call = ct_call($node, q{SELECT ct_test('SELECT 1', workers => 1, rate => 1, duration => '3 s', seed => 1)});
ok(ct_await($node, "SELECT phase = 'running' FROM ct_progress"), 'an idle worker: the run is under way');
foreach (1 .. 20)
{
	$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE $idle");
}
is(ct_call_end($call), 0, 'an idle worker that is cancelled ends no run') or diag($call->{stderr});
is(ct_last($node, "status || ' ' || failed"), 'succeeded 0', 'nor a transaction');

# Neither between two tries, which is where this one nearly always is.
$call = ct_call($node, q{SELECT ct_test($$DO 'BEGIN RAISE serialization_failure; END'$$, workers => 1, duration => '10 min', max_tries => 0)});
ok(ct_await($node, 'SELECT transactions + failed + retries >= 0 FROM ct_progress WHERE phase = \'running\''), 'between two tries: the run is under way');
foreach (1 .. 60)
{
	$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'");
}
$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
is(ct_call_end($call), 0, 'a worker that is cancelled between two tries ends no run') or diag($call->{stderr});
is(ct_last($node, 'status'), 'succeeded', 'as the row says');

# ---- COPY has nobody to talk to

my $position = -s $node->logfile;
foreach my $sql (q{SELECT ct_test('COPY (SELECT ''written'' || ''_out'') TO STDOUT', transactions => 2, workers => 1)},
	q{SELECT ct_test('SELECT 1', 'COPY (SELECT ''written'' || ''_out'') TO STDOUT', transactions => 2, workers => 1)})
{
	$call = ct_call($node, $sql);
	isnt(ct_call_end($call), 0, 'COPY TO STDOUT: refused');
	is(ct_sqlstate($call), '0A000', 'COPY TO STDOUT: its SQLSTATE');
}
unlike(substr(slurp_file($node->logfile), $position), qr/written_out/, 'COPY TO STDOUT: nothing is written to the log');
$node->safe_psql('postgres', 'CREATE ROLE reader LOGIN; GRANT EXECUTE ON FUNCTION ct_test TO reader; GRANT CREATE ON DATABASE postgres TO reader');
foreach my $copy (q{COPY t FROM PROGRAM 'echo 1'}, q{COPY t FROM '/dev/null'}, q{COPY t TO '/dev/null'})
{
	$call = ct_call($node, "SELECT ct_test(\$\$$copy\$\$, 'CREATE TABLE t (i int)', transactions => 2)", user => 'reader');
	isnt(ct_call_end($call), 0, "$copy: not for everybody");
	is(ct_sqlstate($call), '42501', "$copy: its SQLSTATE") or diag($call->{stderr});
}
ct_nothing_left($node, 'after COPY');

# ---- the server stops

$call = ct_call($node, "SELECT ct_run('ends')");
ok(ct_await($node, $in_teardown), 'stop: in the teardown');
$from = time;
$node->stop('fast');
ct_soon($from, 'stop: soon');
ct_call_end($call);
$node->start;
is(ct_last($node, $row), 'succeeded fail', 'stop: the run is what it was');
$node->safe_psql('postgres', 'SELECT ct_sweep()');
ct_nothing_left($node, 'stop');

$node->stop;
done_testing();
