# The library explored: of each scenario that says a smallest instance, all variants, in all of their
# interleavings. What is known to be broken is found, what is known to be right is right, in seconds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('explore_library', max_worker_processes => 16);

sub ask
{
	return $node->safe_psql('postgres', "SET client_min_messages = warning; $_[0]");
}

# Roles that take a third session.
my %sessions = (
	outbox_gap => '{turn,turn,turn}',
	append_log => '{append_or_follow,append_or_follow,append_or_follow}');

# What takes other parameters to go wrong.
my %params = ('gapless_invoice_numbers sequence' => '{"decline_every": 2}');

# What is another verdict than under load; the scenarios' stories say why.
my %other = ('lock_order_deadlock lock_timeout' => 'fail', 'job_queue for_update' => 'pass');

# What is right is right in all interleavings; where these are thousands, in those with so few preemptions.
# What is broken shows with two.
my %preemptions = (
	account_transfers => 2,
	append_log => 2,
	cache_consistency => 3,
	isolation_aborted_read => 2,
	isolation_intermediate_read => 2,
	isolation_observed_transaction_vanishes => 1,
	isolation_read_skew => 3,
	job_queue => 3,
	outbox_gap => 2);

my @variants = map { [ split /\|/ ] } split /\n/, ask(q{
	SELECT v.scenario, v.variant, v.expected_verdict FROM ct_variants v JOIN ct_scenarios s ON s.name = v.scenario
	WHERE s.bundled AND s.explore_params IS NOT NULL AND v.scenario <> 'vector_search'
	ORDER BY v.scenario, v."position"});
cmp_ok(scalar(keys %{ { map { $_->[0] => 1 } @variants } }), '>=', 40, 'scenarios that are explored');

my @calls;
foreach (@variants)
{
	my ($scenario, $variant, $expected) = @$_;
	my $bound = $expected eq 'fail' ? 2 : $preemptions{$scenario};
	my $call = "'$scenario', '$variant', seed => 1, duration => '10 min'";

	$call .= ", sessions => '$sessions{$scenario}'" if $sessions{$scenario};
	$call .= ", params => '$params{qq($scenario $variant)}'" if $params{"$scenario $variant"};
	$call .= ", preemptions => $bound" if defined $bound;
	push @calls, "SELECT ct_explore($call);";
}
ask(join "\n", @calls);

my %failed;
foreach (split /\n/, ask(<<'SQL'))
SELECT r.scenario, r.variant, v.expected_verdict, r.verdict, e.exhausted, e.complete = e.executions,
	CASE WHEN v.expected_verdict = 'pass' THEN e.preemptions END, round(r.duration::numeric, 1), replace(r.reason, '|', '')
FROM ct_runs r JOIN ct_explorations e USING (run_id) JOIN ct_variants v ON v.scenario = r.scenario AND v.variant = r.variant
ORDER BY run_id
SQL
{
	my ($scenario, $variant, $expected, $verdict, $exhausted, $complete, $preemptions, $seconds, $reason) = split /\|/;
	my $name = "$scenario $variant";

	is($verdict, $other{$name} // $expected, "$name: $verdict, $seconds s") or diag($reason);
	is($complete, 't', "$name: each execution came to its end") or diag($reason);
	ok($exhausted eq 't' || $preemptions ne '' && $preemptions >= ($preemptions{$scenario} // 'inf'), "$name: all of them") or diag($reason)
	  if $expected eq 'pass';
	$failed{$scenario}++ if $verdict eq 'fail';
}
is(join(', ', grep { !$failed{$_} } sort keys %{ { map { $_->[0] => 1 } @variants } }), '', 'each scenario has a broken variant');

# Transactions that are whole leave what a serial order does, wherever the checks are satisfied. Not where
# requests are several transactions, or say what they saw; or where it is told which of many a SKIP LOCKED took.
is(ask(q{
	SELECT r.scenario, r.variant, e.not_serial FROM ct_runs r JOIN ct_explorations e USING (run_id)
	WHERE e.not_serial > 0 AND e.violating = 0 AND r.scenario NOT IN
		('cache_consistency', 'isolation_circular_information_flow', 'isolation_intermediate_read', 'isolation_lost_update', 'outbox_gap', 'migration_under_traffic')
		AND (r.scenario, r.variant) <> ('inventory_depletion', 'units')
	ORDER BY 1, 2}), '', 'no right variant is said to leave what no serial order leaves');

# and where they do not: what only a column that is null shows, too
is(ask(q{
	SELECT r.scenario FROM ct_runs r JOIN ct_explorations e USING (run_id)
	WHERE e.violating > 0 AND e.not_serial = 0 AND r.scenario IN ('single_active_session', 'phantom_guard', 'oversell_tickets')}), '',
	'what the checks find there no serial order leaves');

# One call for all variants
is(ask("SELECT string_agg(variant || ' ' || verdict, ', ' ORDER BY run_id) FROM ct_compare('oversell_tickets', explore => true)"),
	'naive fail, atomic pass, for_update pass, optimistic pass, constraint pass, advisory_lock pass, serializable pass',
	'ct_compare explores');

# A setup that isn't the same twice accuses nobody, whether it is executed again or not.
foreach my $ddl ('UPDATE t SET n = n + 1', 'ALTER TABLE t ALTER n SET DEFAULT 5')
{
	my $id = ask(<<"SQL");
SELECT ct_race(ARRAY['BEGIN; $ddl; COMMIT', 'BEGIN; INSERT INTO u SELECT n FROM t; COMMIT'],
	setup => 'CREATE TABLE t (n int, at timestamptz DEFAULT clock_timestamp()); INSERT INTO t VALUES (0); CREATE TABLE u (n int)')
SQL
	is(ask("SELECT r.verdict, e.not_serial, e.exhausted FROM ct_runs r JOIN ct_explorations e USING (run_id) WHERE run_id = $id"), 'pass|0|t',
		"a moment in the setup, $ddl: nobody is accused");
}

# A sandbox with partitions is made anew as well; and the maintenance of partitions deadlocks with who reads them.
my $partitions = ask(<<'SQL');
SELECT ct_race(ARRAY['BEGIN; ALTER TABLE ev_1 ADD CONSTRAINT c CHECK (v >= 0); ALTER TABLE ev DETACH PARTITION ev_0; COMMIT',
		'SELECT sum(v) FROM ev'],
	setup => 'CREATE TABLE ev (id int, v int) PARTITION BY RANGE (id);
		CREATE TABLE ev_0 PARTITION OF ev FOR VALUES FROM (0) TO (100);
		CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (100) TO (200)')
SQL
is(ask("SELECT complete, deadlocks, result, permutation FROM ct_explorations JOIN ct_permutations USING (run_id) WHERE run_id = $partitions ORDER BY result LIMIT 1"),
	'4|1|deadlock|{1,2,1}', 'DDL on partitions');

# Who writes and then looks whether it is the only one, at its own end or at its transaction's, hasn't been seen yet.
my $only = "IF (SELECT count(*) FROM t) > 1 THEN RAISE EXCEPTION 'one is there'; END IF; RETURN NULL;";
my %looks = (
	'a trigger after the row' => [ 'INSERT INTO t VALUES (:worker_id)',
		"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN $only END \$f\$;
		CREATE TRIGGER only_one AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", '12|20' ],
	'a deferred one' => [ 'BEGIN; INSERT INTO t VALUES (:worker_id); COMMIT',
		"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \$f\$ BEGIN $only END \$f\$;
		CREATE CONSTRAINT TRIGGER only_one AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f()", '12|20' ],
	'a function' => [ 'SELECT f()',
		"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS \$f\$ BEGIN INSERT INTO t VALUES (0); $only END \$f\$", '12|20' ]);
foreach my $name (sort keys %looks)
{
	my ($script, $setup, $counts) = @{ $looks{$name} };
	my $id = ask("SELECT ct_race(ARRAY['$script', '$script'], setup => \$s\$CREATE TABLE t (n int); $setup\$s\$,
		expected_errors => '{P0001}', checks => '{SELECT count(*) FROM t HAVING count(*) > 1}')");

	is(ask("SELECT violating, complete FROM ct_explorations WHERE run_id = $id"), $counts, "$name that looks again");
}

# What isn't meant to be explored says so.
my ($out, $stdout, $stderr) = $node->psql('postgres', "SELECT ct_explore('lock_timeout', executions => 1) > 0");
like($stderr, qr/scenario "lock_timeout" is not meant to be explored/, 'a scenario without explore_params says so');
is(ask(q{SELECT count(*) FROM ct_scenarios s LEFT JOIN ct_stories t ON t.scenario = s.name
	WHERE bundled AND explore_params IS NULL AND story !~ 'Not to be explored:'}), '0', 'and why');

ct_nothing_left($node);
$node->stop;

done_testing();
