# Figures that can be believed: an open loop shows a stall that a closed loop hides, percentiles are
# those of the latencies themselves, and arrivals are the Poisson process that a seed draws.  How busy the
# machine is must not matter: what is compared differs by orders of magnitude, or is exact.

use strict;
use warnings;
no warnings 'portable';	# numbers of 64 bits

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use List::Util qw(max sum);
use Test::More;

my $node = ct_prepare('honest', max_worker_processes => 16);

my $rate = 250;
my $seconds = 3;
my $clients = 10;
my $seed = 7;

# ---- what a seed draws, computed here: xoroshiro128** as of the server's pg_prng.c ----

sub times64 { my ($x, $y) = @_; use integer; return $x * $y }
sub plus64 { my ($x, $y) = @_; use integer; return $x + $y }
sub bits64 { return $_[0] & 0xFFFFFFFFFFFFFFFF }
sub rotated { my ($v, $n) = @_; $v = bits64($v); return bits64($v << $n) | $v >> 64 - $n }

# A stream of 64-bit numbers, from a seed.
sub prng
{
	my ($state) = @_;
	my ($s0, $s1) = map {
		$state = plus64($state, 0x9E3779B97F4A7C15);
		my $v = bits64($state);
		$v = bits64(times64($v ^ $v >> 30, 0xBF58476D1CE4E5B9));
		$v = bits64(times64($v ^ $v >> 27, 0x94D049BB133111EB));
		$v ^ $v >> 31
	} 1, 2;

	return sub {
		my $value = bits64(times64(rotated(times64($s0, 5), 7), 9));
		my $sx = $s0 ^ $s1;

		$s0 = rotated($s0, 24) ^ $sx ^ bits64($sx << 16);
		$s1 = rotated($sx, 37);
		return $value;
	};
}

# When the transactions of a client are due, in seconds from the start, of that many clients and that rate in all.
sub drawn_schedule
{
	my ($seed, $client, $clients, $rate, $seconds) = @_;
	my $master = prng(plus64($seed, times64($client, 0x9E3779B97F4A7C15)));

	# of expressions, of the choice of scripts, of the pace
	my $pace = prng((map { $master->() } 1 .. 3)[2]);
	my @due;
	my $at = 0;

	while (1)
	{
		$at += int(-log(1 - ($pace->() >> 12) / 2**52) * 1e9) / 1e9 / ($rate / $clients);
		return @due if $at >= $seconds;
		push @due, $at;
	}
}

# Of sorted gaps, by how much more they differ from exponential ones than chance makes them: Kolmogorov and
# Smirnov's D times the root of n, which exceeds 1.63 once in a hundred.
sub kolmogorov_smirnov
{
	my ($mean, @gaps) = @_;
	my @sorted = sort { $a <=> $b } @gaps;

	return sqrt(@sorted) * max(map { my $p = 1 - exp(-$sorted[$_] / $mean); ($p - $_ / @sorted, ($_ + 1) / @sorted - $p) } 0 .. $#sorted);
}

# Chi-square of how many slots have 0, 1, .. $most or more, against a Poisson distribution.
sub chi_square
{
	my ($expected, $most, @counts) = @_;
	my @seen = (0) x ($most + 1);
	my @share = (exp -$expected);

	$seen[ $_ > $most ? $most : $_ ]++ for @counts;
	push @share, $share[-1] * $expected / @share while @share < $most;
	push @share, 1 - sum(@share);
	return sum(map { ($seen[$_] - @counts * $share[$_])**2 / (@counts * $share[$_]) } 0 .. $most);
}

# all clients' of a long run, by three seeds
for my $seed (1, 2, 3)
{
	my @due = sort { $a <=> $b } map { drawn_schedule($seed, $_, $clients, 1000, 20) } 1 .. $clients;
	my @counts = (0) x 5000;

	$counts[ int($_ * 250) ]++ for @due;
	cmp_ok(kolmogorov_smirnov(0.001, map { $due[ $_ + 1 ] - $due[$_] } 0 .. $#due - 1), '<', 1.63, "seed $seed: gaps are exponential");

	# the 0.5 % and 99.5 % quantiles of 10 degrees of freedom: too even is as wrong as too uneven
	my $chi = chi_square(4, 10, @counts);
	ok($chi > 2.16 && $chi < 25.19, "... and counts in 4 ms are Poisson's: chi-square $chi");
}

# ---- a lock held for a second, met by a closed loop and by an open one ----

my $load = q{'SELECT pg_sleep(0.002); UPDATE t SET n = n + 1 WHERE id = :client_id', min_overlap => 0, workers => 4,
	setup => 'CREATE TABLE t AS SELECT i AS id, 0 AS n FROM generate_series(0, 9) i',
	lock_hold => '{"table": "t", "duration": "1 s", "every": "1 min", "after": "0.5 s"}'};
my ($closed) = $node->safe_psql('postgres', "SELECT ct_test($load, transactions => 4000)") =~ /(\d+)/;
my ($open) = $node->safe_psql('postgres', "SELECT ct_test($load, clients => $clients, rate => $rate, duration => '$seconds s', seed => $seed)") =~ /(\d+)/;

sub of_run
{
	my ($run, $what) = @_;

	return $node->safe_psql('postgres', "SELECT $what FROM ct_runs WHERE run_id = $run");
}

is(of_run($_, "status, failed, reason ~ 'a lock on t was held 1 time'"), 'succeeded|0|t', 'the lock was held') for $closed, $open;
cmp_ok(of_run($closed, 'p99_ms'), '<', 100, "a closed loop's p99 hides it");
is(of_run($closed, 'transactions'), 4000, 'of 4000 transactions four waited');
cmp_ok(of_run($open, 'p99_ms'), '>', 200, "an open loop's shows it");
cmp_ok(of_run($_, 'max_ms'), '>', 800, "the longest one does in both") for $closed, $open;
cmp_ok($node->safe_psql('postgres', "SELECT p99_ms FROM ct_latencies WHERE run_id = $open AND kind = 'schedule_lag'"), '>', 200,
	'most of it was waited before they began');

# ---- the arrivals are what the seed has drawn, the stall notwithstanding ----

my @due = map { [ drawn_schedule($seed, $_, $clients, $rate, $seconds) ] } 1 .. $clients;
my $drawn = sum(map { scalar @$_ } @due);
my @samples = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', <<SQL);
SELECT client, (iteration - client) / $clients, extract(epoch FROM s.started_at - gate_at), latency_ms
FROM ct_samples s JOIN ct_runs USING (run_id) WHERE run_id = $open AND kind = 'random'
SQL

cmp_ok($drawn, '<', 1000, "$drawn transactions, so that samples are all of them");
is(of_run($open, 'transactions, skipped'), "$drawn|0", 'each that was drawn was executed');
is(scalar @samples, $drawn, '... and is in the samples');
# with what printing them rounds, microseconds
my @early = grep { my ($client, $nth, $started) = @$_; $started < $due[ $client - 1 ][$nth] - 5e-6 } @samples;
my @short = grep { my ($client, $nth, $started, $latency) = @$_; $started - $latency / 1000 > $due[ $client - 1 ][$nth] + 5e-6 } @samples;
is(scalar @early, 0, 'none began before it was due');
is(scalar @short, 0, 'the latency of each is from when it was due, at least');

# ---- percentiles are those of the latencies ----

my @sorted = sort { $a <=> $b } map { $_->[3] } @samples;
for ([ p50_ms => 0.5 ], [ p90_ms => 0.9 ], [ p95_ms => 0.95 ], [ p99_ms => 0.99 ], [ p999_ms => 0.999 ])
{
	my ($metric, $q) = @$_;
	my $rank = $q * @sorted;
	my $exact = $sorted[ (int($rank) == $rank ? $rank : int($rank) + 1) - 1 ];
	my $actual = of_run($open, $metric);

	cmp_ok(abs($actual - $exact), '<=', 0.01 * $exact, "$metric is $actual, of the latencies themselves $exact");
}

$node->stop;
done_testing();
