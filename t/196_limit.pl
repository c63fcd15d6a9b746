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
ended('cancelled scale', "SELECT ct_scale('endless', step_duration => '10 min')", '57014', 'SELECT pg_cancel_backend(PID)');
ended('cancelled suite', "SELECT ct_run_all('long')", '57014', 'SELECT pg_cancel_backend(PID)');
ended('terminated suite', "SELECT ct_run_all('long')", '57P01', 'SELECT pg_terminate_backend(PID)');

# The next run, once it is under way; the last one is its number then, and $end is done to it.
my $last = 0;
sub next_run
{
	my ($name, $end) = @_;

	ok(ct_await($node, "SELECT count(*) = 1 AND bool_and(run_id > $last AND transactions > 5) FROM ct_progress"), "$name is under way");
	$last = $node->safe_psql('postgres', 'SELECT run_id FROM ct_progress');
	$node->safe_psql('postgres', "SELECT $end($last)") if $end;
	return;
}

# ... in the third of five repeats: the first two are there, and nothing comes after it.
foreach (['suite', "ct_run_all(scenarios => '{endless}', repeat => 5)"], ['scale', "ct_scale('endless', '{1,2}', step_duration => '10 min', repeat => 5)"],
	['comparison', "ct_compare('endless', repeat => 5)"], ['run', "ct_run('endless', repeat => 5)"])
{
	my ($name, $call) = @$_;
	my $before = $node->safe_psql('postgres', 'SELECT coalesce(max(run_id), 0) FROM ct_result');
	my $running = ct_call($node, "SELECT $call");

	next_run("$name: run $_", 'ct_stop') foreach 1, 2;
	next_run("$name: run 3");
	$node->safe_psql('postgres', 'SELECT pg_cancel_backend(' . ct_backend($running) . ')');
	isnt(ct_call_end($running), 0, "$name: the call has ended");
	is(ct_sqlstate($running), '57014', "$name: with its error");
	ok(ct_await($node, "SELECT NOT EXISTS (SELECT FROM ct_runs WHERE status IN ('starting', 'running'))"), "$name: no run goes on");
	is($node->safe_psql('postgres', "SELECT string_agg(status, ' ' ORDER BY run_id) FROM ct_runs WHERE run_id > $before"), 'succeeded succeeded cancelled', "$name: the first two are kept, and no fourth has begun");
	ct_nothing_left($node, "$name, third repeat");
}

# ---- one of its runs is ended in the middle ----

# One run that somebody cancels is a row, and the others come.
my $suite = ct_call($node, "SELECT variant, verdict, as_expected, reason ~ 'cancel', cardinality(runs) FROM ct_run_all('long', duration => '1 min')");
next_run('one', 'ct_cancel');
next_run('two', 'ct_stop');
is(ct_call_end($suite), 0, 'the suite comes to its end');
like($suite->{stdout}, qr/^one\|cancelled\|f\|t\|1\ntwo\|(?:pass|inconclusive)\|[tf]\|f\|1$/m, 'with a row of the one that was cancelled');

my $scale = ct_call($node, "SELECT client_count, verdict, tps IS NULL, efficiency IS NULL, reason ~ 'cancel', cardinality(runs) FROM ct_scale('endless', '{1,2,3}', step_duration => '10 min', repeat => 1)");
next_run('a client', 'ct_stop');
next_run('two clients', 'ct_cancel');
next_run('three clients', 'ct_stop');
is(ct_call_end($scale), 0, 'ct_scale comes to its end');
like($scale->{stdout}, qr/^1\|(?:pass|inconclusive)\|f\|f\|[tf]?\|1\n2\|cancelled\|t\|t\|t\|1\n3\|(?:pass|inconclusive)\|f\|f\|[tf]?\|1$/m, 'with a row of the step that was cancelled, and all that the others came to');

my $search = ct_call($node, "SELECT found, low, high, first_broken, cardinality(runs) FROM ct_find_limit('endless', by => 'clients', thresholds => '{p95_ms < 600000}', step_duration => '10 min')");
next_run('a client', 'ct_stop');
next_run('two clients', 'ct_cancel');
is(ct_call_end($search), 0, 'the search ends with its second run');
like($search->{stdout}, qr/^\|1\|\|\|2$/m, 'and with what was known by then');
like($search->{stderr}, qr/WARNING:  \w+: the search for the limit ended early: at 2 clients the run was cancelled/, 'as it says');
unlike($search->{stderr}, qr/nothing broke/, 'but not more than that');

# ---- others have the slots ----

# The first step has a slot for its leader and one for its worker, and while it is under way others take
# all the rest: of the three that the second one needs, for \barrier, there is one.
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('meet', category => 'meeting');
SELECT ct_add_script('meet', 'one', E'\\barrier wave\nSELECT pg_sleep(0.01)');
SQL
foreach ([ "SELECT client_count, verdict, reason ~ '53400', cardinality(runs) FROM ct_scale('meet', '{1,3}', step_duration => '10 min', repeat => 1)",
		qr/^1\|(?:pass|inconclusive)\|[tf]?\|1\n3\|failed\|t\|1$/m, qr/NOTICE:  \w+: 3 clients: failed, run \d+\n.*only 1 worker could be started for 3 clients, which \\barrier needs/ ],
	[ "SELECT found, low, high, first_broken, cardinality(runs) FROM ct_find_limit('meet', by => 'clients', thresholds => '{p95_ms < 600000}', step_duration => '10 min')",
		qr/^\|1\|\|\|2$/m, qr/WARNING:  \w+: the search for the limit ended early: at 2 clients the run was without a verdict\n.*only 1 worker could be started for 2 clients/ ])
{
	my ($call, $rows, $said) = @$_;
	my $running = ct_call($node, $call);

	next_run('the first step');
	my $held = $node->safe_psql('postgres', "SELECT ct_start('endless', workers => 9)");
	ok(ct_await($node, "SELECT count(*) = 2 AND bool_and(transactions > 5) FROM ct_progress"), 'others take the rest');
	$node->safe_psql('postgres', "SELECT ct_stop($last)");
	is(ct_call_end($running), 0, 'the call comes to its end');
	like($running->{stdout}, $rows, 'with what the first step came to');
	like($running->{stderr}, $said, 'and what kept the other one from running');
	$node->safe_psql('postgres', "SELECT ct_cancel($held)");
	$node->safe_psql('postgres', "SELECT ct_wait($held)");
	$last = $held + 1;
}

# Of a suite, each is a row without a run.
my $held = $node->safe_psql('postgres', "SELECT ct_start('endless', workers => 11)");
is($node->safe_psql('postgres', "SELECT scenario, verdict, as_expected, run_id IS NULL, runs, reason FROM ct_run_all(scenarios => '{one_lane}')"),
	'one_lane|failed|f|t|{}|no background worker slots were free (SQLSTATE 53400)', 'no slot: a row that says so');
$node->safe_psql('postgres', "SELECT ct_cancel($held)");
$node->safe_psql('postgres', "SELECT ct_wait($held)");
ct_nothing_left($node, 'slots');

# ---- what is said, and to whom ----

foreach (["ct_run_all(scenarios => '{one_lane}', duration => '0.1 s', repeat => 2)", qr/NOTICE:  one_lane \/ default, 1 of 2: /, 3],
	["ct_scale('one_lane', '{1,2}', step_duration => '0.1 s', repeat => 1)", qr/NOTICE:  1 client: /, 2])
{
	my ($call, $first, $lines) = @$_;
	my (undef, $stdout, $stderr) = $node->psql('postgres', "CREATE TEMP TABLE said AS SELECT * FROM $call");

	like($stderr, $first, "$call: a line for each run");
	is(scalar(() = $stderr =~ /NOTICE:  (?!this transaction)/g), $lines, '... and no more');
	is(scalar(() = $stderr =~ /holds back vacuum/g), 1, 'what is true of the whole statement is said once');
	(undef, $stdout, $stderr) = $node->psql('postgres', "SET client_min_messages = warning;\nSELECT count(*) > 0 FROM $call");
	is("$stdout|$stderr", 't|', 'nothing, if so told');
}

$node->stop;
done_testing();
