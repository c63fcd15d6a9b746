# The limit of something whose capacity is known: a lock that each transaction holds for 50 ms lets 20
# pass a second, on whatever machine, and each of five clients wait for 200 ms. And what is left of calls
# of many runs that are ended in the middle, or find no slot: nothing, and a row.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('limit', max_worker_processes => 12, max_logical_replication_workers => 0);
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('one_lane');
SELECT ct_add_script('one_lane', 'pass', E'BEGIN;\nSELECT pg_advisory_xact_lock(71);\nSELECT pg_sleep(0.05);\nCOMMIT');
SELECT ct_create_scenario('endless', category => 'long', duration => '10 min', workers => 2);
SELECT ct_add_script('endless', 'one', 'SELECT pg_sleep(0.01)');
SELECT ct_add_variant('endless', 'one');
SELECT ct_add_variant('endless', 'two');
SQL

# The median of n clients in turn is n times 50 ms, or more on a busy machine: five can't hold.
my $limit = $node->safe_psql('postgres', <<'SQL');
SELECT found BETWEEN 1 AND 4, low <= found, high BETWEEN found + 1 AND 5, first_broken, dominated_by, cardinality(runs) BETWEEN 4 AND 20
FROM ct_find_limit('one_lane', by => 'clients', step_duration => '1 s', thresholds => '{p50_ms < 225}')
SQL
is($limit, 't|t|t|p50_ms < 225|Lock:advisory|t', 'clients: found between those that hold and those that can\'t');
is($node->safe_psql('postgres', "SELECT bool_and(workers = clients), bool_and((p50_ms < 225) = (verdict = 'pass')), count(DISTINCT clients) > 2 FROM ct_runs"), 't|t|t', 'each client has a session of its own, and each verdict is what was measured');

# 40 a second are twice what can pass: after a second the last ones wait for another.
$limit = $node->safe_psql('postgres', <<'SQL');
SELECT coalesce(found < 40, high < 40), low <= found IS NOT FALSE, high <= 40, first_broken, dominated_by IS NOT NULL
FROM ct_find_limit('one_lane', start => 40, step_duration => '1 s', thresholds => '{p95_ms < 400}', resolution => 1)
SQL
is($limit, 't|t|t|p95_ms < 400|t', 'rate: a first load that breaks is halved until one holds');

# ---- ended in the middle ----

sub ended
{
	my ($name, $call, $sqlstate, $end) = @_;
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM ct_result');
	my $running = ct_call($node, $call);

	ok(ct_await($node, 'SELECT count(*) = 1 AND bool_and(transactions > 5) FROM ct_progress'), "$name: a run is under way");
	$node->safe_psql('postgres', $end =~ s/PID/ct_backend($running)/er) if $end;
	isnt(ct_call_end($running), 0, "$name: the call has ended");
	is(ct_sqlstate($running), $sqlstate, "$name: with its error");
	ok(ct_await($node, "SELECT NOT EXISTS (SELECT FROM ct_runs WHERE status IN ('starting', 'running'))"), "$name: no run goes on");
	is($node->safe_psql('postgres', "SELECT count(*) - $before FROM ct_result"), 1, "$name: and no other one has begun");
	ct_nothing_left($node, $name);
	return;
}

ended('cancelled limit', "SELECT ct_find_limit('endless', thresholds => '{p95_ms < 1000}', step_duration => '10 min')", '57014', 'SELECT pg_cancel_backend(PID)');
ended('cancelled suite', "SELECT ct_run_all('long')", '57014', 'SELECT pg_cancel_backend(PID)');
ended('terminated suite', "SELECT ct_run_all('long')", '57P01', 'SELECT pg_terminate_backend(PID)');

# One run that somebody cancels is a row, and the others come.
my $suite = ct_call($node, "SELECT variant, verdict, as_expected, reason ~ 'cancel' FROM ct_run_all('long', duration => '1 min')");
foreach my $variant ('one', 'two')
{
	ok(ct_await($node, "SELECT count(*) = 1 AND bool_and(ct_progress.transactions > 5) FROM ct_progress JOIN ct_runs USING (run_id) WHERE ct_runs.variant = '$variant'"), "$variant is under way");
	$node->safe_psql('postgres', "SELECT ct_cancel(run_id) FROM ct_progress") if $variant eq 'one';
	$node->safe_psql('postgres', "SELECT ct_stop(run_id) FROM ct_progress") if $variant eq 'two';
}
is(ct_call_end($suite), 0, 'the suite comes to its end');
like($suite->{stdout}, qr/^one\|cancelled\|f\|t\ntwo\|(?:pass|inconclusive)\|[tf]\|f$/m, 'with a row of the one that was cancelled');

# Where others have all the slots, each is a row without a run.
my $held = $node->safe_psql('postgres', "SELECT ct_start('endless', workers => 11)");
is($node->safe_psql('postgres', "SELECT scenario, verdict, as_expected, run_id IS NULL, reason FROM ct_run_all(scenarios => '{one_lane}')"),
	'one_lane|failed|f|t|no background worker slots were free (SQLSTATE 53400)', 'no slot: a row that says so');
$node->safe_psql('postgres', "SELECT ct_cancel($held)");
$node->safe_psql('postgres', "SELECT ct_wait($held)");
ct_nothing_left($node, 'slots');

$node->stop;
done_testing();
