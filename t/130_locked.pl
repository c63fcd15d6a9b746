# Locks on the results and on the sandbox: a run goes on and ends in time whoever locks what; its
# verdict isn't lost; a sweep or a prune in an open transaction is in nobody's way; a sandbox that
# can't be dropped is told, with who holds it, and a large one is dropped without taking all locks.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# a lock table of some 1,500 entries
my $node = ct_prepare('locked', max_prepared_transactions => 4, max_connections => 30, max_worker_processes => 12,
	max_locks_per_transaction => 30, autovacuum => 'off');
my $sandboxes = q{SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'};
my $leader = "(SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader')";
my $workers_gone = "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'";
my $row = "concat_ws(' ', status, sqlstate, coalesce(verdict, 'no verdict'))";
my $waits = q{SELECT count(*) = 1 FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.backend_type = 'ct_ext leader' AND NOT l.granted};

$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('brief', workers => 2, transactions => 2, min_overlap => 0), ct_add_script('brief', 's', 'SELECT pg_sleep(0.9)');
SELECT ct_create_scenario('busy', workers => 2, duration => '4 s', min_overlap => 0), ct_add_script('busy', 's', 'SELECT pg_sleep(0.01)');
SELECT ct_create_scenario('long', workers => 1, duration => '3 s'), ct_add_script('long', 's', 'SELECT pg_sleep(600)');
SELECT ct_create_scenario('quick', setup => 'CREATE TABLE t (i int)', workers => 2, transactions => 4, min_overlap => 0), ct_add_script('quick', 's', 'INSERT INTO t VALUES (1)');
SELECT ct_create_scenario('wrong', workers => 2, transactions => 4, min_overlap => 0), ct_add_script('wrong', 's', 'SELECT 1'), ct_add_check('wrong', 'c', 'SELECT 7 AS observed');
SQL

sub ends
{
	my ($what, $call, $verdict) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ct_call_end($call), 0, "$what: the caller gets its run") or diag($call->{stderr});
	is(ct_last($node, $row), "succeeded $verdict", "$what: and its verdict");
	ct_nothing_left($node, $what);
}

# ---- a transaction that has pruned and swept, and stays open

$node->safe_psql('postgres', "SELECT ct_run('quick')") foreach 1 .. 3;
foreach my $what ("ct_prune('0')", 'ct_sweep()', "ct_prune('100 years'), ct_sweep()")
{
	my $call = ct_call($node, "SELECT ct_run('busy')");
	my $holder;

	ok(ct_await($node, 'SELECT transactions > 0 FROM ct_progress'), "$what in an open transaction: a run is under way");
	$holder = $node->background_psql('postgres');
	$holder->query_safe("BEGIN; SELECT $what");
	ends("$what in an open transaction", $call, 'pass');
	is($node->safe_psql('postgres', 'SELECT count(*) >= 3 AND round(sum(seconds)) = 4 FROM ct_timeline WHERE run_id = ' . ct_last($node, 'run_id')),
		't', "$what in an open transaction: the timeline is whole");
	ends("$what in an open transaction, a run that starts then", ct_call($node, "SELECT ct_run('brief')"), 'pass');
	$holder->query_safe('COMMIT');
	$holder->quit;
}
is($node->safe_psql('postgres', "SELECT ct_prune('0')"), 6, 'what was under way when others were pruned is still there');

# A prune that has much to remove.
$node->safe_psql('postgres', q{SELECT ct_run('brief');
	INSERT INTO ct_result_second SELECT max(run_id), '2000-01-01'::timestamptz + i * interval '1 s', 1, 1, 0, 0 FROM ct_result, generate_series(1, 300000) i GROUP BY i;
	UPDATE ct_result SET started_at = '2000-01-01', finished_at = '2000-01-01'});
my $prune = ct_call($node, "SELECT ct_prune('1 day')");
ends('beside a long prune', ct_call($node, "SELECT ct_run('brief')"), 'pass');
is(ct_call_end($prune), 0, 'beside a long prune: which ends');

# ---- the end of a run is enforced, and waits for locks on the results

foreach my $table (qw(ct_result_second ct_result ct_result_worker))
{
	my $call = ct_call($node, [ "SET ct_ext.stop_timeout = '300 ms'", "SELECT ct_run('long')" ]);
	my $holder = $node->background_psql('postgres');

	ok(ct_await($node, "SELECT phase = 'running' FROM ct_progress"), "$table locked: a run is under way");
	$holder->query_safe("BEGIN; LOCK TABLE $table");
	ok(ct_await($node, $workers_gone), "$table locked: its workers are stopped, though");
	ok(ct_await($node, $waits), "$table locked: its end waits");
	# longer than any wait for a lock
	ok(ct_await($node, "SELECT clock_timestamp() - backend_start > '5 s' FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'"), "$table locked: for seconds");
	$holder->query_safe('COMMIT');
	$holder->quit;
	ends("$table locked", $call, 'inconclusive');
	like($call->{stderr}, qr/WARNING:  01000: run \d+ could not record its result yet: .* locked by process \d+ \(/, "$table locked: the caller is told");
	is(ct_last($node, q{concat_ws(' ', workers, gate_at < finished_at, warnings)}), '1 t {}', "$table locked: the row is whole");
}

# VACUUM FULL waits for a reader, and all others for it.
my $reader = $node->background_psql('postgres');
my $call = ct_call($node, "SELECT ct_run('busy')");
ok(ct_await($node, 'SELECT transactions > 0 FROM ct_progress'), 'VACUUM FULL: a run is under way');
$reader->query_safe('BEGIN; LOCK TABLE ct_result_latency IN ACCESS SHARE MODE');
my $vacuum = ct_call($node, 'VACUUM FULL ct_result_latency');
ok(ct_await($node, $workers_gone) && ct_await($node, $waits), 'VACUUM FULL: the end waits');
$reader->query_safe('COMMIT');
$reader->quit;
is(ct_call_end($vacuum), 0, 'VACUUM FULL ends');
ends('VACUUM FULL', $call, 'pass');

# Whoever doesn't want to wait gets what can be recorded: the verdict, without what it is made of.
my %giving_up = (
	'ct_cancel' => 'SELECT ct_cancel(max(run_id)) FROM ct_result',
	'pg_cancel_backend' => "SELECT pg_cancel_backend($leader)",
	'pg_terminate_backend' => "SELECT pg_terminate_backend($leader)");
foreach my $what (sort keys %giving_up)
{
	my $holder = $node->background_psql('postgres');

	$holder->query_safe('BEGIN; LOCK TABLE ct_result_worker');
	$call = ct_call($node, "SELECT ct_run('wrong')");
	ok(ct_await($node, $waits), "$what while the results are locked: the end waits");
	$node->safe_psql('postgres', $giving_up{$what});
	is(ct_call_end($call), 0, "$what while the results are locked: the run ends") or diag($call->{stderr});
	is(ct_last($node, $row), 'succeeded fail', "$what while the results are locked: with its verdict");
	is(ct_last($node, 'transactions'), 4, "$what while the results are locked: and its numbers");
	like(ct_last($node, 'warnings[1]'), qr/^what was measured could not be recorded: .*lock.*; the tables of results are locked by process/, "$what while the results are locked: and what is missing");
	like($call->{stderr}, qr/WARNING:  01000: run \d+: what was measured could not be recorded/, "$what while the results are locked: which the caller is told");
	$holder->query_safe('COMMIT');
	$holder->quit;
	ct_nothing_left($node, "$what while the results are locked");
}

# Where nothing can be recorded, the caller has the verdict in its error.
my $holder = $node->background_psql('postgres');
# until they are told to go on
my $wait = 'SELECT pg_advisory_xact_lock_shared(5)';
$holder->query_safe('SELECT pg_advisory_lock(5)');
$call = ct_call($node, qq{SELECT ct_test('$wait', checks => '{SELECT 7 AS observed}', transactions => 2, workers => 2)});
ok(ct_await($node, "SELECT phase = 'running' FROM ct_progress"), 'nothing recorded: a run is under way');
$holder->query_safe('BEGIN; LOCK TABLE ct_result; SELECT pg_advisory_unlock(5)');
ok(ct_await($node, $workers_gone) && ct_await($node, $waits), 'nothing recorded: the end waits');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($leader)");
isnt(ct_call_end($call), 0, 'nothing recorded: an error');
is(ct_sqlstate($call), '55P03', 'nothing recorded: its SQLSTATE') or diag($call->{stderr});
like($call->{stderr}, qr/could not record the result: .*\nDETAIL:  Its verdict was fail: check "check_1" found 1 violation/, 'nothing recorded: with the verdict');
$holder->query_safe('COMMIT');
is(ct_last($node, $row), 'crashed no verdict', 'nothing recorded: as it shows');
$node->safe_psql('postgres', 'SELECT ct_sweep()');
ct_nothing_left($node, 'nothing recorded');

# ---- the start

$holder->query_safe('BEGIN; LOCK TABLE ct_result');
$call = ct_call($node, "SELECT ct_run('quick')");
ok(ct_await($node, $waits), 'ct_result locked: the start waits');
$holder->query_safe('COMMIT');
ends('ct_result locked at the start', $call, 'pass');
$holder->query_safe('BEGIN; LOCK TABLE ct_result');
$call = ct_call($node, "SELECT ct_run('quick')");
ok(ct_await($node, $waits), 'ct_result locked: another start waits');
my $from = time;
$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . ct_backend($call) . ')');
isnt(ct_call_end($call), 0, 'ct_result locked at the start: it can be cancelled');
ok(ct_await_gone($node), 'ct_result locked at the start: then nobody is left');
ct_soon($from, 'ct_result locked at the start: at once');
$holder->query_safe('COMMIT');
ct_nothing_left($node, 'ct_result locked at the start');

# The state that is written as the workers are let go keeps nobody.
$holder->query_safe('SELECT pg_advisory_lock(5)');
$call = ct_call($node, qq{SELECT ct_test('SELECT pg_sleep(0.01)', '$wait', workers => 2, duration => '6 s', min_overlap => 0)});
ok(ct_await($node, "SELECT phase = 'setup' FROM ct_progress"), 'ct_result locked at the gate: in setup');
$holder->query_safe('BEGIN; LOCK TABLE ct_result; SELECT pg_advisory_unlock(5)');
ok(ct_await($node, q{SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND query LIKE '%pg_sleep(0.01)%'}), 'ct_result locked at the gate: the workers work');
$holder->query_safe('COMMIT');
ends('ct_result locked at the gate', $call, 'pass');

# ---- a sandbox that can't be dropped

$node->safe_psql('postgres', 'CREATE ROLE heir');
my $own = "sandbox = 'ct_run_' || run_id";
sub stays
{
	my ($what, $call, $told) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ct_call_end($call), 0, "$what: the run has its verdict") or diag($call->{stderr});
	like($call->{stderr}, qr/WARNING:  01000: run \d+: sandbox ct_run_\d+ could not be dropped: $told/, "$what: the caller is warned");
	like(ct_last($node, 'warnings[1]'), qr/^sandbox ct_run_\d+ could not be dropped: $told/, "$what: and the row says so");
	is(ct_last($node, 'message'), '', "$what: the message is of what failed the run");
	is($node->safe_psql('postgres', "SELECT $own FROM ct_result WHERE sandbox IS NOT NULL"), 't', "$what: it is remembered");
	is(ct_last($node, 'cardinality(warnings)'), 1, "$what: once");

	# nobody asked for it: others are neither delayed nor told
	$call = ct_call($node, "SELECT ct_run('brief')");
	is(ct_call_end($call), 0, "$what: the next run is well");
	unlike($call->{stderr}, qr/WARNING/, "$what: and not told");
	$call = ct_call($node, 'SELECT ct_sweep()');
	is(ct_call_end($call), 0, "$what: ct_sweep");
	is($call->{stdout}, "0\n", "$what: can't either");
	like($call->{stderr}, qr/WARNING:  01000: run \d+: sandbox ct_run_\d+ could not be dropped: $told/, "$what: and says why");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_result WHERE sandbox IS NOT NULL'), 1, "$what: it is still remembered");
}

stays('a prepared transaction',
	ct_call($node, q{SELECT ct_test($$BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'left over';$$, 'CREATE TABLE t (i int)', transactions => 1, workers => 1)}),
	qr/.*lock timeout; held by prepared transaction "left over"/);
$node->safe_psql('postgres', "ROLLBACK PREPARED 'left over'");
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'a prepared transaction: when it is gone, so is the sandbox');
ct_nothing_left($node, 'a prepared transaction');

$holder->query_safe(q{SET application_name = 'a reader'});
$holder->query_safe('SELECT pg_advisory_lock(5)');
$call = ct_call($node, qq{SELECT ct_test('$wait', 'CREATE TABLE t (i int)', workers => 2, transactions => 2, min_overlap => 0)});
ok(ct_await($node, "SELECT phase = 'running' FROM ct_progress"), 'a reader: the run is under way');
$holder->query_safe('BEGIN; SELECT * FROM ct_run_' . ct_last($node, 'run_id') . '.t; SELECT pg_advisory_unlock(5)');
stays('a reader', $call, qr/.*lock timeout; held by process \d+ \(a reader\)/);
$holder->query_safe('COMMIT');
$holder->quit;
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'a reader: when it is gone, so is the sandbox');

stays('another owner',
	ct_call($node, q{SELECT ct_test('SELECT 1', 'CREATE TABLE t (i int); ALTER SCHEMA ct_run_:run_id OWNER TO heir', transactions => 2, workers => 1)}),
	qr/it belongs to role heir now, not to the run's/);
$node->safe_psql('postgres', 'REASSIGN OWNED BY heir TO CURRENT_USER');
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'another owner: when it is given back, it is dropped');
ct_nothing_left($node, 'another owner');

# Renaming the role of a crashed run leaves the sandbox its own.
$node->safe_psql('postgres', 'CREATE ROLE crasher SUPERUSER LOGIN');
$call = ct_call($node, q{SELECT ct_test('SELECT pg_sleep(600)', 'CREATE TABLE t (i int)', duration => '10 min')}, user => 'crasher');
ok(ct_await($node, "SELECT phase = 'running' FROM ct_progress"), 'a renamed role: its run is under way');
# twice, so that it ends at once
$node->safe_psql('postgres', "UPDATE ct_result SET shm_handle = 0 WHERE run_id = (SELECT max(run_id) FROM ct_result)");
$node->safe_psql('postgres', 'ALTER ROLE crasher RENAME TO renamed');
is(ct_last($node, "role || ' ' || status"), 'renamed crashed', 'a renamed role: its run is taken for crashed');
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . ct_backend($call) . ')');
ct_call_end($call);
ok(ct_await_gone($node), 'a renamed role: its processes are gone');
$node->safe_psql('postgres', 'SELECT ct_sweep()');
ct_nothing_left($node, 'a renamed role');

# ---- more than the lock table holds

my $large = q{DO $d$ BEGIN FOR i IN 1 .. 500 LOOP EXECUTE format('CREATE TABLE t%s (i int PRIMARY KEY, t text)', i); IF i % 50 = 0 THEN COMMIT; END IF; END LOOP;
	CREATE TABLE part (i int) PARTITION BY RANGE (i); FOR i IN 1 .. 150 LOOP EXECUTE format('CREATE TABLE p%s (i int)', i); IF i % 50 = 0 THEN COMMIT; END IF; END LOOP; END $d$;
	CREATE TABLE parent (i int) PARTITION BY RANGE (i); DO $d$ BEGIN FOR i IN 1 .. 150 LOOP EXECUTE format('ALTER TABLE parent ATTACH PARTITION p%s FOR VALUES FROM (%s) TO (%s)', i, i, i + 1); IF i % 20 = 0 THEN COMMIT; END IF; END LOOP; END $d$;
	CREATE SEQUENCE s; CREATE TABLE serials (a serial, b int GENERATED ALWAYS AS IDENTITY); CREATE VIEW v AS SELECT * FROM parent; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
	CREATE TYPE c AS (a int); CREATE DOMAIN d AS int};
$call = ct_call($node, "SELECT ct_test('SELECT 1', \$s\$$large\$s\$, transactions => 2, workers => 1)");
is(ct_call_end($call), 0, 'a large sandbox: its run ends') or diag($call->{stderr});
is(ct_last($node, 'warnings'), '{}', 'a large sandbox: without a warning');
ct_nothing_left($node, 'a large sandbox');

# Left behind by a crash, it is dropped by many sweeps in a user's transactions, which say so.
my $run = $node->safe_psql('postgres', "SELECT ct_test('SELECT 1', \$s\$$large\$s\$, transactions => 2, workers => 1, keep => true)");
$node->safe_psql('postgres', "UPDATE ct_result SET sandbox = kept_sandbox, kept_sandbox = NULL WHERE run_id = $run");
$call = ct_call($node, 'SELECT ct_sweep()');
is(ct_call_end($call), 0, 'a large orphan: ct_sweep');
like($call->{stderr}, qr/NOTICE:  00000: there is more in 1 sandboxes? than one transaction should drop/, 'a large orphan: says that there is more');
is($node->safe_psql('postgres', 'SELECT count(*) < 650 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ' . "'ct_run_$run' AND c.relkind <> 'i'"), 't', 'a large orphan: and less than before');
my $sweeps = 0;
while ($sweeps < 100 && $node->safe_psql('postgres', $sandboxes) > 0)
{
	$node->safe_psql('postgres', 'SELECT ct_sweep()');
	$sweeps++;
}
cmp_ok($sweeps, '>', 1, 'a large orphan: more than one');
ct_nothing_left($node, 'a large orphan');

# Runs do the same in transactions of their own.
$run = $node->safe_psql('postgres', "SELECT ct_test('SELECT 1', \$s\$$large\$s\$, transactions => 2, workers => 1, keep => true)");
$node->safe_psql('postgres', "UPDATE ct_result SET sandbox = kept_sandbox, kept_sandbox = NULL WHERE run_id = $run");
$sweeps = 0;
while ($sweeps < 100 && $node->safe_psql('postgres', $sandboxes) > 0)
{
	$node->safe_psql('postgres', "SELECT ct_test('SELECT 1', transactions => 1)");
	$sweeps++;
}
ct_nothing_left($node, 'a large orphan, after the next runs');

# ---- removed as soon as it was recorded

$node->safe_psql('postgres', q{SELECT ct_create_scenario('pruned', transactions => 4, workers => 2, min_overlap => 0), ct_add_variant('pruned', 'a'),
	ct_add_variant('pruned', 'b'), ct_add_variant('pruned', 'c', setup => 'SELECT 1 / 0'), ct_add_script('pruned', 's', 'SELECT 1')});
$prune = ct_call($node, q{DO $d$ BEGIN LOOP PERFORM ct_prune('0'); COMMIT; END LOOP; END $d$});
foreach (1 .. 10)
{
	$call = ct_call($node, q{SELECT variant, verdict, anomalies, tps > 0, p50_ms > 0, errors FROM ct_compare('pruned')});
	is(ct_call_end($call), 0, 'ct_compare beside ct_prune') or diag($call->{stderr});
	is($call->{stdout}, "a|pass|0|t|t|0\nb|pass|0|t|t|0\nc|failed||||\n", 'ct_compare beside ct_prune: all rows');
}
foreach (1 .. 10)
{
	is($node->safe_psql('postgres', q{SELECT ct_wait(ct_start('pruned', 'a'))}), 'succeeded', 'ct_wait beside ct_prune');
}
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . ct_backend($prune) . ')');
ct_call_end($prune);

# ---- a timeout isn't a cancel

$node->safe_psql('postgres', q{CREATE TABLE shop (i int);
	SELECT ct_create_scenario('timed', transactions => 2, workers => 1, min_overlap => 0, teardown => 'DELETE FROM public.shop', setup => 'INSERT INTO public.shop VALUES (1)'),
	ct_add_variant('timed', 'setup', setup => $$SET statement_timeout = '50 ms'; SELECT pg_sleep(600)$$),
	ct_add_variant('timed', 'connection', setup => $$DO 'BEGIN RAISE SQLSTATE ''08006''; END'$$),
	ct_add_variant('timed', 'check', setup => $$SET statement_timeout = '200 ms'$$),
	ct_add_variant('timed', 'none'), ct_add_script('timed', 's', 'SELECT 1'),
	ct_add_check('timed', 'slow', 'SELECT 1 FROM pg_sleep(600)', variant => 'check')});
$call = ct_call($node, q{SELECT variant, verdict FROM ct_compare('timed')});
is(ct_call_end($call), 0, 'timeouts: ct_compare goes on') or diag($call->{stderr});
is($call->{stdout}, "setup|failed\nconnection|failed\ncheck|failed\nnone|pass\n", 'timeouts: they failed, the others did not');
is($node->safe_psql('postgres', q{SELECT string_agg(concat_ws(' ', variant, status, sqlstate), ', ' ORDER BY run_id) FROM ct_runs WHERE scenario = 'timed'}),
	'setup failed 57014, connection failed 08006, check failed 57014, none succeeded', 'timeouts: nobody cancelled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM shop'), 0, 'timeouts: all is torn down');
ct_nothing_left($node, 'timeouts');

$node->stop;
done_testing();
