# Who waits for whom: which statement for which, on what lock, for how long, and how many in a row.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use Test::More;

my $node = ct_prepare('blocking', max_worker_processes => 40, max_prepared_transactions => 2, deadlock_timeout => '10min');

sub ask
{
	return $node->safe_psql('postgres', $_[0]);
}

# Holds on until as many wait for locks as said, or for an advisory lock, and have been seen to.
ask(q{CREATE FUNCTION await_waiting(n int, lock int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	WHILE (SELECT count(*) FROM pg_locks WHERE NOT granted AND (lock IS NULL OR objid = lock)) < n LOOP PERFORM pg_sleep(0.01); END LOOP;
	PERFORM pg_sleep(1);
END $$});

# Runs a script; returns the run's id.
sub run_script
{
	my ($script, $setup, $options) = @_;
	return (split /\n/, ask("SELECT ct_test(\$script\$$script\$script\$, \$setup\$$setup\$setup\$, min_overlap => 0, $options)"))[-1];
}

# A row of whoever has the lock for as long as a wait is seen at least, and all the others.
my $run = run_script("BEGIN;\nUPDATE t SET n = n + 1;\nSELECT pg_sleep(0.3);\nCOMMIT;", 'CREATE TABLE t AS SELECT 1 AS n', 'workers => 4, transactions => 8');
is(ask("SELECT script, step, locktype, relation, mode, outside, blocker_script, blocker_step, blocker_mode, query, blocker_query
	FROM ct_blocking WHERE run_id = $run AND locktype = 'transactionid' AND blocker_step = 3"),
	'test|2|transactionid|t|ShareLock|f|test|3|ExclusiveLock|UPDATE t SET n = n + 1|SELECT pg_sleep(0.3)', 'a row: told');
is(ask("SELECT bool_and(relation = 't') FROM ct_blocking WHERE run_id = $run"), 't', 'a row: of which table');
my ($blocked, $waits, $measured) = split /\|/, ask("SELECT (SELECT sum(waited_ms) FROM ct_blocking WHERE run_id = $run),
	(SELECT sum(samples) FROM ct_waits WHERE run_id = $run AND wait_event_type = 'Lock'),
	(SELECT count * mean_ms FROM ct_latencies WHERE run_id = $run AND kind = 'lock_wait')");
# each has it twice for 0.3 s; at the least one after the other has it both times, and three, two, one wait
ok($blocked > 2500, "a row: how long it was waited for ($blocked ms)");
ok(abs($blocked - $measured) < 0.2 * $measured, "a row: as long as statements slept ($measured ms, by $waits samples)");
cmp_ok(ask("SELECT max(max_ms) FROM ct_blocking WHERE run_id = $run"), '>=', 250, 'a row: the longest wait');
is(ask("SELECT \"position\" FROM ct_blocking WHERE run_id = $run ORDER BY waited_ms DESC LIMIT 1"), 1, 'what cost most is first');

# A queue: all who stand in it wait for each other.
$run = run_script("SELECT pg_advisory_xact_lock(1), CASE WHEN :iteration <= 20 AND nextval('had') = 1 THEN public.await_waiting(19) END", 'CREATE SEQUENCE had',
	'workers => 20, transactions => 20');
is(ask("SELECT locktype, relation, mode, blocker_mode, chain FROM ct_blocking WHERE run_id = $run"),
	'advisory||ExclusiveLock|ExclusiveLock|19', 'a queue: all of it in a row');

# A chain through as many locks.
$run = run_script("BEGIN;\nSELECT pg_advisory_xact_lock(:worker_id);\n\\barrier b\n\\if :worker_id < 20\nSELECT pg_advisory_xact_lock(:worker_id + 1);\n\\else\nSELECT public.await_waiting(19);\n\\endif\nCOMMIT;",
	'SELECT 1', 'workers => 20, transactions => 20');
is(ask("SELECT step, blocker_step, chain FROM ct_blocking WHERE run_id = $run AND step = blocker_step"), '5|5|19', 'a chain: all of it');
is(ask("SELECT step, blocker_step, chain FROM ct_blocking WHERE run_id = $run AND step <> blocker_step AND blocker_step = 7"), '5|7|1', 'a chain: its end');

# Who only stands before in a queue holds nothing.
ask('CREATE TABLE queue (n int)');
my $reader = ct_call($node, [ 'BEGIN', 'LOCK TABLE queue IN ACCESS SHARE MODE',
	'SELECT await_waiting(2)', 'COMMIT' ]);
ok(ct_await($node, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'queue'::regclass AND granted)"), 'a reader is there');
ask(q{SELECT ct_create_scenario('queue', transactions => 2, workers => 2, min_overlap => 0), ct_add_script('queue', 'lock', $$BEGIN;
	LOCK TABLE queue IN ACCESS EXCLUSIVE MODE;
	COMMIT;$$, workers => 1),
	ct_add_script('queue', 'read', $$DO 'BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP; END';
	SELECT count(*) FROM queue;$$, workers => 1)});
$run = ask("SELECT ct_run('queue')");
is(ct_call_end($reader), 0, 'the reader goes');
is(ask("SELECT script, step, relation, mode, outside, blocker_script, blocker_step, blocker_mode, chain, regexp_replace(blocker_query, 'd \\d+', 'd N')
	FROM ct_blocking WHERE run_id = $run AND chain > 0 AND (step, coalesce(blocker_step, 0)) IN ((2, 0), (2, 2)) ORDER BY script"),
	"lock|2|queue|AccessExclusiveLock|t|||AccessShareLock|1|client backend N ($reader->{name})\n"
	  . 'read|2|queue|AccessShareLock|f|lock|2||2|LOCK TABLE queue IN ACCESS EXCLUSIVE MODE', 'a queue behind a reader from outside');

# A prepared transaction is in the way, until somebody ends it.
ask('CREATE TABLE prepared AS SELECT 1 AS n');
ask("BEGIN; UPDATE prepared SET n = 2; PREPARE TRANSACTION 'in the way'");
my $call = ct_call($node, "SELECT ct_test('UPDATE prepared SET n = n + 1', workers => 1, transactions => 1, min_overlap => 0)");
ok(ct_await($node, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event_type = 'Lock' AND now() - query_start > '1.5 s')"), 'prepared: it is waited for');
ask("COMMIT PREPARED 'in the way'");
is(ct_call_end($call), 0, 'prepared: the run ends');
is(ask('SELECT outside, blocker_query, relation FROM ct_blocking WHERE run_id = (SELECT max(run_id) FROM ct_runs)'), 't|prepared transaction|prepared', 'prepared: told');

# Where nobody waits there is nothing; and thresholds on that are met.
$run = run_script('SELECT 1', 'SELECT 1', "workers => 2, duration => '0.5 s', checks => '{waited_rate = 0, lock_wait_ms = 0, test.lock_wait_ms = 0}'");
is(ask("SELECT count(*) FROM ct_blocking WHERE run_id = $run"), 0, 'nobody waits');
is(ask("SELECT verdict FROM ct_runs WHERE run_id = $run"), 'pass', 'nobody waits: by the metrics, too');
# of each two one waits for the other, which lets it for a second
$run = run_script("BEGIN;\n\\barrier b\nSELECT pg_try_advisory_xact_lock(1) AS had \\gset\n\\if :had\nSELECT public.await_waiting(1, 1);\n\\else\nSELECT pg_advisory_xact_lock(1);\n\\endif\nCOMMIT;",
	'SELECT 1', "workers => 2, transactions => 4, checks => '{waited_rate = 0.5, lock_wait_ms > 500, test.lock_wait_ms > 500}'");
is(ask("SELECT verdict FROM ct_runs WHERE run_id = $run"), 'pass', 'who waited, and for how long: metrics')
  or diag(ask("SELECT check_name, actual FROM ct_checks WHERE run_id = $run"));

$node->stop;
done_testing();
