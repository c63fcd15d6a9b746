# The arithmetic of src/metrics, against values that are known from elsewhere: it knows no
# database, so a small program does.

use strict;
use warnings;

use FindBin;
use List::Util qw(sum);
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
my $config = $ENV{PG_CONFIG} // 'pg_config';
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($include) = run_command([ $config, '--includedir-server' ]);
my ($error) = (run_command([ 'cc', '-O1', "-I$root", "-I$include", '-o', "$dir/metrics", "$root/t/metrics/metrics_test.c",
	"$root/src/metrics/batches.c", "$root/src/metrics/histogram.c", '-lm' ]))[1];
is($error, '', 'it compiles without a server');
my ($printed) = run_command([ "$dir/metrics" ]);
my %is = map { split } split /\n/, $printed;

# The 97.5 % quantiles of Student's t, from any table of them.
my %t = (1 => 12.706, 9 => 2.262, 19 => 2.093);
cmp_ok(abs($is{"t_$_"} - $t{$_}), '<=', 0.001, "t with $_ degrees of freedom is $t{$_}") for sort { $a <=> $b } keys %t;

# Twenty batches of 2 ** 24 ns.
my @counts = (10, 12, 9, 11, 10, 13, 8, 10, 12, 9, 11, 14, 9, 10, 8, 12, 10, 11, 9, 12);
my @rates = map { $_ / (2**24 / 1e9) } @counts;
my $mean = sum(@rates) / @rates;
my $half = $t{19} * sqrt(sum(map { ($_ - $mean)**2 } @rates) / 19 / 20);
cmp_ok(abs($is{twenty} / $half - 1), '<', 1e-6, 'half the interval of batches is t s / sqrt(n)');
is($is{twenty_merged}, $is{twenty}, 'and the same, counted by two workers');
is($is{twenty_total}, sum(@counts), 'none of them is lost');
like($is{short}, qr/nan/i, 'in 100 ms there are too few batches');
is($is{steady} + 0, 0, 'what never varies has no width');

cmp_ok($is{worst_quantile}, '<', 1 / 128, "no quantile is off by more than 1/128: $is{worst_quantile}");
is($is{mean}, '500000.5', 'the mean is exact');
cmp_ok(abs($is{stddev} - 288675), '<=', 1, 'so is the standard deviation');
is($is{max}, 123456789, 'and the maximum');
is($is{difference}, 1, 'a difference has what came later');

done_testing();
