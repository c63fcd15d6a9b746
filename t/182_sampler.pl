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

$node->stop;
done_testing();
