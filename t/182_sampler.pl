# What the sessions of a run wait for, as its leader samples it: scripts whose waits are known, and
# somebody else who samples the same sessions.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use Test::More;

my $node = ct_prepare('sampler', max_worker_processes => 20);

# Runs a script and returns the run's id.
sub run_script
{
	my ($script, $options) = @_;
	return $node->safe_psql('postgres', "SELECT ct_test(\$script\$$script\$script\$, $options)") =~ s/\s//gr;
}

# The share of samples that a condition on them has.
sub share
{
	my ($run, $condition) = @_;
	return $node->safe_psql('postgres',
		"SELECT coalesce(sum(samples) FILTER (WHERE $condition) / nullif(sum(samples), 0), -1)::float8 FROM ct_waits WHERE run_id = $run");
}

# A run's waits are told where one of these isn't as it should be.
sub between
{
	my ($run, $condition, $low, $high, $what) = @_;
	my $share = share($run, $condition);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($share >= $low && $share <= $high, "$what: $share in $low .. $high")
	  or diag($node->safe_psql('postgres', "SELECT script, wait_event_type, wait_event, samples FROM ct_waits WHERE run_id = $run"));
}

# Each of these is asleep nearly all of the time, wherever it is, so that a busy machine makes each
# part of it longer by as little.
my $run = run_script("SELECT pg_sleep(0.05)\n\\sleep 50 ms", "workers => 3, duration => '2 s'");
between($run, "wait_event_type = 'Timeout' AND wait_event = 'PgSleep'", 0.35, 0.65, 'half in pg_sleep');
between($run, "wait_event_type = 'ct_ext' AND wait_event = 'pause'", 0.35, 0.65, 'half in \sleep');
cmp_ok($node->safe_psql('postgres', "SELECT sum(samples) FROM ct_waits WHERE run_id = $run"), '<=', 3 * 2 * 100 * 1.2,
	'no more samples than looks');

# A barrier, and a schedule that leaves time.
$run = run_script("\\barrier b\n\\if :worker_id = 1\nSELECT pg_sleep(0.05);\n\\endif", "workers => 4, duration => '1 s'");
between($run, "wait_event_type = 'ct_ext' AND wait_event = 'barrier'", 0.55, 0.95, 'three of four at a barrier');
$run = run_script('SELECT pg_sleep(0.02)', "workers => 2, rate => 20, duration => '2 s'");
between($run, "wait_event_type = 'ct_ext' AND wait_event = 'due'", 0.6, 0.95, 'idle, by the schedule');

# Somebody else who samples the same sessions meanwhile sees the same; again if the machine has had other things to do
# for one of them.
my $others;
foreach (1 .. 5)
{
	my $call = ct_call($node, q{SELECT ct_test('SELECT pg_advisory_xact_lock(1), pg_sleep(0.02)', workers => 4, duration => '10 min')});
	ok(ct_await($node, "SELECT count(*) = 4 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event IN ('PgSleep', 'advisory')"), 'under way');
	$others = $node->safe_psql('postgres', q{
		CREATE TEMP TABLE seen (wait_event text);
		DO $$BEGIN
			FOR i IN 1 .. 120 LOOP
				PERFORM pg_stat_clear_snapshot(), pg_sleep(0.005 + random() * 0.01);
				INSERT INTO seen SELECT wait_event FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND state = 'active';
			END LOOP; END$$;
		SELECT (count(*) FILTER (WHERE wait_event = 'advisory')::float8 / count(*)) FROM seen});
	$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
	is(ct_call_end($call), 0, 'it ends');
	$run = $node->safe_psql('postgres', 'SELECT max(run_id) FROM ct_runs');
	last if $others > 0.5 && abs(share($run, "wait_event_type = 'Lock' AND wait_event = 'advisory'") - $others) < 0.1;
}
between($run, "wait_event_type = 'Lock' AND wait_event = 'advisory'", $others - 0.1, $others + 0.1, "a queue, as another sampler sees it ($others)");
cmp_ok($others, '>', 0.5, 'that one has seen it');

$node->stop;
done_testing();
