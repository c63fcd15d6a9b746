# A run under way, of which it is known what it does: what ct_progress says of it while it does so,
# second by second as by what it has measured.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use CtTest;
use Test::More;

my $node = ct_prepare('progress');
my $columns = 'run_id, phase, elapsed, workers, transactions, tps, failed, retries, p50_ms, p95_ms, p99_ms, scenario, variant';

# The row of the run under way, by columns; none once there is none.
sub progress
{
	my %row;
	my $line = $node->safe_psql('postgres', "SELECT $columns FROM ct_progress");

	return if $line eq '';
	@row{ split /, /, $columns } = split /\|/, $line, -1;
	return \%row;
}

# Of worker 1's transactions each lasts 30 ms; of worker 2's every other one fails at once, and each
# of the others takes a second try.  It begins when a lock is given back, and ends likewise, so that
# there is time to look.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION raise(state text) RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''on purpose'' USING errcode = state; END';
CREATE SEQUENCE tries;
SELECT ct_create_scenario('known', workers => 2, duration => '1 min', max_tries => 3, min_overlap => 0,
	setup => 'SELECT pg_advisory_lock(1); SELECT pg_advisory_unlock(1)');
SELECT ct_add_variant('known', 'thus');
SELECT ct_add_script('known', 'sleeps', 'SELECT pg_sleep(0.03)', workers => 1);
SELECT ct_add_script('known', 'fails', $$
\sleep 10 ms
\if :iteration % 4 = 0
SELECT raise('P0001');
\endif
SELECT nextval('tries') AS try \gset
\if :try % 2 = 1
SELECT raise('40001');
\endif
$$, workers => 1);
SELECT ct_add_check('known', 'held', 'SELECT 1 WHERE pg_advisory_lock(2) IS NULL');
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_progress'), 0, 'nothing is under way');

my $holder = $node->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(1), pg_advisory_lock(2)');
my $call = ct_call($node, "SELECT ct_run('known', 'thus', seed => 3)");
ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE phase = 'setup' AND elapsed > 0.2"), 'setup: it is seen');
my $row = progress();
is(join('|', map { $_ // '' } @$row{qw(phase workers transactions tps failed retries p50_ms p95_ms p99_ms scenario variant)}),
	'setup||||||||' . '|known|thus', 'setup: what isn\'t known yet is null');
is($row->{run_id}, ct_last($node, 'run_id'), 'setup: it is the run');

$holder->query_safe('SELECT pg_advisory_unlock(1)');
ok(ct_await($node, "SELECT transactions >= 40 AND failed >= 5 AND retries >= 5 FROM ct_progress WHERE phase = 'running'"), 'running: it gets on');
my $before = $node->safe_psql('postgres', 'SELECT extract(epoch FROM clock_timestamp() - started_at) FROM ct_runs');
$row = progress();
my ($after, $raced) = split /\|/, $node->safe_psql('postgres',
	'SELECT extract(epoch FROM clock_timestamp() - started_at), extract(epoch FROM clock_timestamp() - gate_at) FROM ct_runs');
cmp_ok($row->{workers}, '==', 2, 'running: two workers');
ok($row->{elapsed} >= $before - 0.001 && $row->{elapsed} <= $after + 0.001, "running: elapsed since the start: $row->{elapsed}");
# half of worker 2's fail, and each of the other half is tried twice
cmp_ok(abs($row->{retries} - $row->{failed}), '<=', 2, "running: as many retries, $row->{retries}, as failed ones, $row->{failed}");
cmp_ok($row->{transactions}, '>', $row->{retries}, "running: worker 1's are among the completed ones: $row->{transactions}");
# what was completed, by the time since the gate, which lies before the start's
my $seconds = $row->{transactions} / $row->{tps};
ok($seconds <= $raced + 0.1 && $seconds >= $raced - ($after - $before) - 0.1, "running: tps is per second of $seconds s");
# more than half of the completed ones or a bit less are worker 1's; all that are slower than 30 ms anyhow are
cmp_ok($row->{p50_ms}, '>=', 10 * 0.99, "running: median $row->{p50_ms} ms");
cmp_ok($row->{p95_ms}, '>=', 30 * 0.99, "running: p95 $row->{p95_ms} ms");
ok($row->{p50_ms} <= $row->{p95_ms} && $row->{p95_ms} <= $row->{p99_ms} && $row->{p99_ms} < 5000, "running: p99 $row->{p99_ms} ms");
my $later = progress();
cmp_ok($later->{transactions}, '>=', $row->{transactions}, 'running: it only grows');

# an early end: the check waits for the lock
$node->safe_psql('postgres', 'SELECT ct_stop(run_id) FROM ct_progress');
ok(ct_await($node, "SELECT phase = 'checking' FROM ct_progress"), 'checking: it is seen');
$row = progress();
$holder->query_safe('SELECT pg_advisory_unlock(2)');
$holder->quit;
is(ct_call_end($call), 0, 'it ends') or diag($call->{stderr});
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_progress'), 0, 'and is under way no more');
is($node->safe_psql('postgres', "SELECT transactions, failed, retries FROM ct_runs"), join('|', @$row{qw(transactions failed retries)}),
	'checking: the counts are those that are recorded');
my ($p50, $p95, $p99, $tps) = split /\|/, $node->safe_psql('postgres', 'SELECT p50_ms, p95_ms, p99_ms, tps FROM ct_runs');
cmp_ok(abs($row->{p50_ms} - $p50) + abs($row->{p95_ms} - $p95) + abs($row->{p99_ms} - $p99), '<', 0.0035, 'checking: and so are the latencies');
cmp_ok(abs($row->{tps} - $tps), '<=', 0.1, "checking: and the rate, $tps");

# a warm-up isn't measured: nothing is counted as long as it lasts
$call = ct_call($node, "SELECT ct_test('SELECT pg_sleep(0.01)', workers => 1, warmup => '30 s', duration => '1 s', min_overlap => 0)");
ok(ct_await($node, "SELECT phase = 'running' AND elapsed > 0.5 FROM ct_progress"), 'warm-up: it is under way');
$row = progress();
is(join('|', map { $_ // '' } @$row{qw(workers transactions tps failed retries p50_ms)}), '1|0|0|0|0|', 'warm-up: nothing is counted');
is(($row->{scenario} // '') . ($row->{variant} // ''), '', 'warm-up: ct_test has no scenario');
$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
isnt(ct_call_end($call), 0, 'warm-up: it is cancelled');

# its workers, live: a row each, which say what ct_progress sums up
$call = ct_call($node, "SELECT ct_run('known', 'thus', seed => 3)");
ok(ct_await($node, "SELECT transactions >= 10 AND failed >= 2 FROM ct_progress WHERE phase = 'running'"), 'workers: it gets on');
my $workers = 'SELECT %s FROM ct_workers WHERE run_id = (SELECT run_id FROM ct_progress)';
is($node->safe_psql('postgres', sprintf $workers, q{string_agg(worker || ' ' || state, ', '), min(transactions) > 0, count(DISTINCT pid), round(sum(share))}), '1 working, 2 working|t|2|1', 'workers: each is seen');
is($node->safe_psql('postgres', sprintf $workers, q{bool_and((worker = 2) = (failed > 0)), bool_and((worker = 2) = (retries > 0))}), 't|t', 'workers: with what it does itself');
is($node->safe_psql('postgres', sprintf $workers, q{bool_and(pid IN (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'ct_ext run %'))}), 't', 'workers: they are these processes');
ok($node->safe_psql('postgres', 'SELECT sum(w.transactions) >= min(p.transactions) AND sum(w.failed) >= min(p.failed) FROM (SELECT * FROM ct_progress OFFSET 0) p, LATERAL (SELECT * FROM ct_workers w WHERE w.run_id = p.run_id OFFSET 0) w') eq 't', 'workers: no less than the sum a moment before');
$node->safe_psql('postgres', 'SELECT ct_stop(run_id) FROM ct_progress');
ct_call_end($call);
is($node->safe_psql('postgres', q{SELECT count(*), count(state), sum(w.transactions) = max(r.transactions) FROM ct_workers w JOIN ct_runs r USING (run_id) WHERE run_id = (SELECT max(run_id) FROM ct_runs)}), '2|0|t', 'workers: afterwards as they are recorded');

# an exploration counts executions, and nothing that is measured under load
$call = ct_call($node, q{SET ct_ext.progress_interval = 1;
	SELECT ct_race(array_fill('SELECT 1; SELECT 2; SELECT 3; SELECT 4; SELECT 5'::text, ARRAY[4]), setup => 'CREATE TABLE t ()', duration => '1 h')});
ok(ct_await($node, 'SELECT executions > 10 FROM ct_progress'), 'exploration: executions are counted');
$row = progress();
is(join('|', map { $_ // '' } @$row{qw(phase workers transactions tps failed retries p50_ms)}), 'running|4|||||', 'exploration: nothing else is');
ok(ct_await($node, 'SELECT elapsed > 2.5 FROM ct_progress'), 'exploration: it goes on');
$node->safe_psql('postgres', 'SELECT ct_stop(run_id) FROM ct_progress');
is(ct_call_end($call), 0, 'exploration: stopped, it ends');
like($call->{stderr}, qr/NOTICE: .* run \d+: \d+ s, \d+ executions$/m, 'exploration: its caller is told, too');
is($node->safe_psql('postgres', q{SELECT stopped_by, exhausted, complete > 10 FROM ct_explorations}), 'ct_stop()|f|t', 'exploration: who stopped it');
ct_nothing_left($node, 'progress');

$node->stop;
done_testing();
