# Locks and those who wait: queues of a hundred workers take no memory and little time; who is parked
# holds back nobody; a session that has done its share stays, so that what it left behind shows, and
# if all the others wait for that, the run ends and says so; an error before a barrier stalls nobody.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = ct_prepare('locks', max_worker_processes => 120, max_connections => 20, shared_buffers => '64MB');
my $proc = -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE item (id int PRIMARY KEY, n int);
INSERT INTO item SELECT i, 0 FROM generate_series(1, 100) i;
CREATE TABLE other (i int);
CREATE TABLE third (i int);
SQL

# What a run of so many workers makes of a variant: tps, and the largest of its processes, in kB of
# memory of their own.
sub run_of
{
	my ($arguments, $before) = @_;
	my $call = ct_call($node, [ @{ $before // [] }, "SELECT ct_run($arguments)" ]);
	my $most = 0;

	while ($call->{harness}->pumpable)
	{
		$call->{harness}->pump_nb;
		foreach my $pid ($proc ? split(/\n/, $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%' OR application_name = '$call->{name}'")) : ())
		{
			my ($kb) = (-r "/proc/$pid/status" ? eval { slurp_file("/proc/$pid/status") } // '' : '') =~ /^RssAnon:\s+(\d+) kB/m;
			$most = $kb if ($kb // 0) > $most;
		}
		usleep(100_000);
	}
	is(ct_call_end($call), 0, "$arguments: ends") or diag($call->{stderr});
	return (ct_last($node, 'tps'), $most);
}

# ---- queues

my $tickets = "'oversell_tickets', 'for_update', params => '{\"buyers\": 300}'";
my ($few, $many, $memory);
# of those that the machine has the same time for
foreach (1 .. 5)
{
	($few) = run_of("$tickets, workers => 6");
	($many, $memory) = run_of("$tickets, workers => 30");
	last if $many > $few / 2;
}
cmp_ok($many, '>', $few / 2, "a queue for a row: thirty workers ($many/s) are not slower than six ($few/s)");
cmp_ok($memory, '<', 20_000, 'and no process has more than 20 MB of its own');

my %queues = (
	'for a row' => 'UPDATE item SET n = n + 1 WHERE id = 1',
	'for an advisory lock' => 'SELECT pg_advisory_xact_lock(1)',
	'across two locks' => "SELECT pg_advisory_xact_lock(1 + :worker_id % 2);\nUPDATE item SET n = n + 1 WHERE id = 1 + (:worker_id / 2) % 2");
foreach my $what (sort keys %queues)
{
	$node->safe_psql('postgres', "SELECT ct_create_scenario('queue', duration => '1500 ms', replace => true); SELECT ct_add_script('queue', 's', \$\$\n\\barrier b\nBEGIN;\n$queues{$what};\n\\sleep 1 ms\nCOMMIT;\$\$)");
	foreach my $before ([], [ 'BEGIN', 'INSERT INTO other VALUES (1)', 'SELECT pg_advisory_xact_lock(99)' ])
	{
		my $name = "a queue $what" . (@$before ? ', the caller holds locks' : '');
		my ($tps, $memory);

		foreach (1 .. 3)
		{
			($tps, $memory) = run_of("'queue', workers => 100", $before);
			last if $tps > 20;
		}
		cmp_ok($memory, '<', 20_000, "$name: no process has more than 20 MB of its own");
		cmp_ok($tps, '>', 20, "$name: and it moves ($tps/s)");
	}
}
my $from = time;
(undef, $memory) = run_of(q{'duplicate_invoice', 'on_conflict', workers => 100, params => '{"customers": 1000, "requests": 1}'});
cmp_ok($memory, '<', 20_000, 'a hundred workers at a thousand barriers: no process has more than 20 MB of its own');
cmp_ok(time - $from, '<', 120, 'and they are soon through');

# ---- parked

my $parked = <<'SCRIPT';
BEGIN;
\if :worker_id = 1
	LOCK TABLE other IN SHARE MODE;
\elif :worker_id = 2
	TRUNCATE third;
\else
	EXPLAIN SELECT 1;
\endif
\if :worker_id = 3
	\barrier nobody
\else
	\sleep 600 s
\endif
COMMIT
SCRIPT
my $call = ct_call($node, [ 'SET ct_ext.barrier_timeout = 600000', "SELECT ct_test(\$\$$parked\$\$, workers => 3, transactions => 3)" ]);
my $workers = "backend_type = 'ct_ext worker'";
ok(ct_await($node, "SELECT count(*) = 3 FROM pg_stat_activity WHERE $workers AND state = 'idle in transaction'"), 'three workers are parked in their transactions') or diag($call->{stderr});
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE $workers AND backend_xmin IS NOT NULL"), 0, 'parked: none of them has a snapshot');
is($node->psql('postgres', "SET statement_timeout = '2 min'; CREATE INDEX CONCURRENTLY parked ON item (n)"), 0, 'parked: CREATE INDEX CONCURRENTLY goes through beside them');
$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
ct_call_end($call);
ct_await_gone($node);

$call = ct_call($node, q{SELECT ct_test('SELECT 1', setup => E'BEGIN;\nLOCK TABLE other IN SHARE MODE;\n\\\\sleep 600 s\nCOMMIT', transactions => 3)});
ok(ct_await($node, q{SELECT count(*) = 1 FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE backend_type = 'ct_ext leader' AND mode = 'ShareLock'}), 'the leader sleeps in a setup');
ok(ct_await($node, q{SELECT backend_xmin IS NULL FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'}), 'the leader has no snapshot then');
$node->safe_psql('postgres', 'SELECT ct_cancel(max(run_id)) FROM ct_runs');
ct_call_end($call);
ct_await_gone($node);

# ---- done

my $one_is_left = '$$\if :worker_id = 1' . "\n" . '\sleep 600 s' . "\n" . '\endif' . "\n" . 'SELECT 1$$';
my $done = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'ct_ext run % worker 2'";
$call = ct_call($node, "SELECT ct_test($one_is_left, workers => 2, transactions => 2)");
ok(ct_await($node, 'SELECT transactions = 1 FROM ct_progress'), 'one worker is done') or diag($call->{stderr});
ok(ct_await($node, "SELECT state = 'idle' AND backend_xmin IS NULL AND xact_start IS NULL AND wait_event_type = 'Extension' FROM pg_stat_activity WHERE pid = ($done)"),
	'done: it is idle, without a transaction and a snapshot');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(($done))");
ok(ct_await($node, "SELECT count(*) = 1 FROM ($done) d"), 'done: cancelling it is too late');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(($done))");
isnt(ct_call_end($call), 0, 'done: a session that is lost ends the run');
like($call->{stderr}, qr/ERROR:  57P01: worker 2 of the run was lost/, 'done: and it says which');
ct_nothing_left($node, 'after a done worker was terminated');

# With the run, it ends at once, whatever ends the run.
foreach my $strike ([ 'ct_cancel', 'SELECT ct_cancel(run_id) FROM ct_progress' ],
	[ 'leader terminated', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'} ])
{
	$call = ct_call($node, "SELECT ct_test($one_is_left, workers => 2, transactions => 2)");
	ok(ct_await($node, 'SELECT transactions = 1 FROM ct_progress'), "done, $strike->[0]: one worker is done");
	$node->safe_psql('postgres', $strike->[1]);
	isnt(ct_call_end($call), 0, "done, $strike->[0]: the run ends");
	ct_nothing_left($node, "done, $strike->[0]");
}
# What a session has left is there as the checks are asked: a lock, and a temporary table.
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('left', transactions => 12, workers => 3, min_overlap => 0);
SELECT ct_add_script('left', 's', 'SELECT pg_try_advisory_lock(5), set_config(''ct.x'', ''y'', false); CREATE TEMP TABLE IF NOT EXISTS mine (i int)');
SELECT ct_add_check('left', 'no_lock', 'SELECT count(*) AS observed, 0 AS expected FROM pg_locks WHERE locktype = ''advisory'' HAVING count(*) > 0');
SELECT ct_add_check('left', 'no_table', 'SELECT count(*) AS observed, 0 AS expected FROM pg_class WHERE relname = ''mine'' HAVING count(*) > 0');
SQL
my $logged = -s $node->logfile;
$call = ct_call($node, "SELECT ct_run('left')");
is(ct_call_end($call), 0, 'left behind: the run ends') or diag($call->{stderr});
is($node->safe_psql('postgres', "SELECT string_agg(concat_ws(' ', check_name, observed), ', ' ORDER BY check_name) FROM ct_anomalies WHERE run_id = (SELECT max(run_id) FROM ct_runs)"),
	'no_lock 1, no_table 3', 'left behind: a lock of one session, and the temporary tables of three');
ct_nothing_left($node, 'left behind');
unlike(slurp_file($node->logfile, $logged), qr/FATAL/, 'left behind: a session that is told to go is no FATAL in the log');

# All who are left wait for a lock that somebody has kept, directly or through another one's queue.
foreach my $script ('SELECT pg_advisory_lock(6)', "SELECT pg_advisory_lock(7 + (:worker_id = 1)::int);\nSELECT pg_advisory_lock(6)")
{
	$from = time;
	$call = ct_call($node, "SELECT ct_test('$script', workers => 4, transactions => 8)");
	is(ct_call_end($call), 0, 'standstill: the run ends') or diag($call->{stderr});
	ct_soon($from, 'standstill: soon');
	is(ct_last($node, "concat_ws(' ', status, verdict)"), 'succeeded fail', 'standstill: it is a fail');
	like(ct_last($node, 'reason'), qr/(worker \d|another session) waits for ExclusiveLock on advisory lock \[\d+,0,\d,1\], which worker \d holds, although it has done its share/, 'standstill: it says who waits for whom');
	ct_nothing_left($node, 'standstill');
}

# A statement that gives up by itself is left to.
$call = ct_call($node, q{SELECT ct_test(E'SET lock_timeout = 1500;\nSELECT pg_advisory_lock(6)', workers => 3, transactions => 3, min_overlap => 0, expected_errors => '{lock_not_available=left}')});
is(ct_call_end($call), 0, 'lock_timeout: the run ends');
is(ct_last($node, 'verdict'), 'pass', 'lock_timeout: who gives up by itself is no standstill') or diag(ct_last($node, 'reason'));
is($node->safe_psql('postgres', "SELECT count FROM ct_outcomes WHERE outcome = 'left' AND run_id = (SELECT max(run_id) FROM ct_runs)"), 2, 'lock_timeout: and has its outcome');

# A check that waits for what was left gets it.
$call = ct_call($node, q{SELECT ct_test('SELECT pg_try_advisory_lock(6)', workers => 2, transactions => 4, checks => ARRAY['SELECT 1 FROM pg_advisory_xact_lock(6) x WHERE x IS NULL'])});
is(ct_call_end($call), 0, 'a check waits for a lock that was left: the run ends') or diag($call->{stderr});
like(ct_last($node, "verdict || ' ' || reason"), qr/^fail .*a check waited for ExclusiveLock on advisory lock \[\d+,0,6,1\], which worker \d holds/, 'a check waits for a lock that was left: and fails');

# ---- time asleep

# What the statement does afterwards isn't part of it, and of two sleeps both are.  Worker 1 has the locks first,
# and gives each back half a second after the other one has gone to sleep for it, who notes how long its calls took.
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE slept (first float, second float, after float);
CREATE FUNCTION let_wait(which int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = which AND NOT granted) LOOP
		PERFORM pg_sleep(0.005);
	END LOOP;
	PERFORM pg_sleep(0.5), pg_advisory_unlock(which);
END $$;
CREATE FUNCTION waits(two boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	began timestamptz = clock_timestamp();
	had timestamptz;
	had_both timestamptz;
BEGIN
	PERFORM pg_advisory_lock(5);
	had = clock_timestamp();
	IF two THEN PERFORM pg_sleep(0.3); END IF;
	had_both = clock_timestamp();
	IF two THEN PERFORM pg_advisory_lock(6); END IF;
	INSERT INTO slept SELECT 1000 * extract(epoch FROM had - began), 1000 * extract(epoch FROM clock_timestamp() - had_both), 1000;
	PERFORM pg_advisory_unlock_all(), pg_sleep(1);
END $$;
SQL
foreach my $two (0, 1)
{
	my $what = $two ? 'asleep twice' : 'time asleep';
	my $locks = $two ? 'pg_advisory_lock(5), pg_advisory_lock(6)' : 'pg_advisory_lock(5)';
	my $lets = $two ? 'let_wait(5), let_wait(6)' : 'let_wait(5)';

	$call = ct_call($node, [ 'TRUNCATE slept', "SELECT ct_test(\$\$\\if :worker_id = 1\nSELECT $locks;\n\\barrier b\nSELECT $lets;\n\\else\n\\barrier b\nSELECT waits($two = 1)\n\\endif\$\$, workers => 2, transactions => 2, min_overlap => 0)" ]);
	is(ct_call_end($call), 0, "$what: the run ends") or diag($call->{stderr});
	# it is known to two looks; nearly a second of it passed after the sleeps
	is($node->safe_psql('postgres', <<'SQL'), 't|t', "$what: " . ($two ? 'both count' : 'not the work after it'))
SELECT max_ms >= (first + second) / 2, max_ms <= first + second + after / 2 FROM ct_latencies, slept
WHERE kind = 'lock_wait' AND run_id = (SELECT max(run_id) FROM ct_runs)
SQL
	  or diag($node->safe_psql('postgres', "SELECT l.kind, l.count, l.min_ms, l.max_ms, s.* FROM ct_latencies l, slept s WHERE run_id = (SELECT max(run_id) FROM ct_runs)"));
}

# ---- barriers

my $raise = q{DO $x$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'XX001'; END $x$;};
my %scripts = (
	'an error between two barriers' => "\\barrier a\n\\if :worker_id = 1\n$raise\n\\endif\n\\barrier b\nSELECT 1",
	'an error before the only barrier' => "\\if :worker_id = 1\n$raise\n\\endif\n\\barrier b\nSELECT 1",
	'now and then, and a name met twice' => "\\barrier a\n\\if :iteration % 5 = 1\n$raise\n\\endif\n\\barrier a\n\\if :iteration % 7 = 1\n$raise\n\\endif\n\\barrier b\nSELECT 1",
	'two ways to it' => "\\if :worker_id = 1\n\\barrier b\n\\else\n\\barrier b\n\\endif\nSELECT 1");
foreach my $what (sort keys %scripts)
{
	$call = ct_call($node, "SELECT ct_test(\$\$$scripts{$what}\$\$, workers => 6, transactions => 120, min_overlap => 0, expected_errors => '{XX001=no}')");
	is(ct_call_end($call), 0, "$what: the run ends") or diag($call->{stderr});
	is(ct_last($node, "concat_ws(' ', transactions, barrier_breaks)"), '120 0', "$what: nobody waits for who is known not to come");
}

# Who goes another way is waited for, since it may come in a later iteration: here in its fifth.
$call = ct_call($node, <<'SQL');
SELECT ct_test($$
\if :iteration = 1
\barrier later
INSERT INTO met SELECT count(*) FROM seen;
\else
INSERT INTO seen VALUES (:iteration);
\if :iteration >= 26 and :iteration <= 30
\barrier later
\endif
\endif
$$, setup => 'CREATE TABLE seen (i int); CREATE TABLE met (n int)', workers => 6, transactions => 300, min_overlap => 0,
	checks => ARRAY['SELECT n AS observed, 25 AS expected FROM met WHERE n < 25'])
SQL
is(ct_call_end($call), 0, 'another way: the run ends') or diag($call->{stderr});
is(ct_last($node, "concat_ws(' ', verdict, barrier_breaks)"), 'pass 0', 'another way: the barrier waits for later iterations') or diag(ct_last($node, 'reason'));

# A script without the barrier, which takes its time, holds nobody up; neither its own workers' nor in a mix.  Who
# executes it first takes until the others have got on, however long that is.
my $maintain = <<'SQL';
SELECT pg_try_advisory_xact_lock(55) AS first \gset
\if :first
SELECT pg_advisory_lock(56)
\endif
SQL
foreach my $how ('workers => 1', 'weight => 1')
{
	my $teller = $node->background_psql('postgres');

	$teller->query_safe('SELECT pg_advisory_lock(56)');
	$node->safe_psql('postgres', <<"SQL");
SELECT ct_create_scenario('maintained', duration => '10 min', workers => 4, min_overlap => 0, replace => true);
SELECT ct_add_script('maintained', 'use', E'\\\\barrier wave\\nSELECT 1');
SELECT ct_add_script('maintained', 'maintain', \$\$BEGIN;\n$maintain;\nCOMMIT\$\$, $how);
SQL
	$call = ct_call($node, "SET ct_ext.barrier_timeout = '10 min'; SELECT ct_run('maintained')");
	ok(ct_await($node, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 56 AND NOT granted"), "a maintainer, $how: is at it");
	my $before = $node->safe_psql('postgres', 'SELECT transactions FROM ct_progress');
	ok(ct_await($node, "SELECT transactions > $before + 100 FROM ct_progress"), "a maintainer, $how: and the others get on");
	$teller->quit;
	$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
	is(ct_call_end($call), 0, "a maintainer, $how: the run ends") or diag($call->{stderr});
	is(ct_last($node, 'barrier_breaks'), 0, "a maintainer, $how: nobody waits for it at the others' barrier");
}

# Who doesn't come in one iteration is in step with the others in the next: nobody begins an iteration
# before all have ended the one before.
my %waves = (
	'waves, by two ways' => "\\if :worker_id % 2 = 1\n\\barrier wave\n\\else\n\\barrier wave\n\\endif\nINSERT INTO wave VALUES (:iteration, clock_timestamp())",
	'waves, with errors before a second barrier' => "\\barrier wave\nINSERT INTO wave VALUES (:iteration, clock_timestamp());\n\\if :iteration % 7 < 2\n$raise\n\\endif\n\\barrier end\nSELECT 1",
	'waves, with errors before the only one' => "\\if :iteration % 7 = 0\n$raise\n\\endif\n\\barrier wave\nINSERT INTO wave VALUES (:iteration, clock_timestamp());");
foreach my $what (sort keys %waves)
{
	$call = ct_call($node, <<"SQL");
SELECT ct_test(\$\$$waves{$what}\$\$, setup => 'CREATE TABLE wave (i int, at timestamptz)', workers => 6, transactions => 300, min_overlap => 0, expected_errors => '{XX001=no}',
	checks => ARRAY['SELECT a.i AS observed, b.i AS expected FROM wave a, wave b WHERE (b.i - 1) / 6 = (a.i - 1) / 6 + 1 AND b.at < a.at'])
SQL
	is(ct_call_end($call), 0, "$what: the run ends") or diag($call->{stderr});
	is(ct_last($node, "concat_ws(' ', verdict, barrier_breaks)"), 'pass 0', "$what: everybody is in step") or diag(ct_last($node, 'reason'));
}

$node->stop;
done_testing();
