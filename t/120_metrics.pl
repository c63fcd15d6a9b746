# The arithmetic of src/metrics, against values that are known from elsewhere: computed here from
# all that was recorded, or to be found in a table.  It knows no database, so a small program
# (t/metrics) does as its calculator.

use strict;
use warnings;

use FindBin;
use List::Util qw(max min sum);
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
my $config = $ENV{PG_CONFIG} // 'pg_config';
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($include) = run_command([ $config, '--includedir-server' ]);
my ($error) = (run_command([ 'cc', '-O1', "-I$root", "-I$include", '-o', "$dir/metrics", "$root/t/metrics/metrics_test.c",
	(map { "$root/src/metrics/$_.c" } qw(batches changepoint distribution histogram metric pace statistics usage)), '-lm' ]))[1];
is($error, '', 'it compiles without a server');

# ---- the calculator: what is said first, what is asked with the answers' names ----

my $said = '';
my @asked;

sub say_to { $said .= "@_\n"; return }
sub ask { my ($name, @words) = @_; push @asked, $name; say_to(@words); return }

my %answer;

sub compute
{
	my $out = '';
	my $err = '';

	IPC::Run::run([ "$dir/metrics" ], '<', \$said, '>', \$out, '2>', \$err);
	my @lines = split /\n/, $out;
	die "not every question is answered: $err" unless @lines == @asked;
	@answer{@asked} = @lines;
	$said = '';
	@asked = ();
	return;
}

# numbers that look random, the same ones each time
my $state = 1;
sub drawn { $state = ($state * 1103515245 + 12345) % 2147483648; return $state / 2147483648 }

sub quantile
{
	my ($sorted, $q) = @_;
	my $rank = $q * @$sorted;

	# the smallest one that at least q of all do not exceed
	$rank = int($rank) == $rank ? $rank : int($rank) + 1;
	return $sorted->[ max($rank, 1) - 1 ];
}

sub moments
{
	my $mean = sum(@_) / @_;

	return ($mean, sqrt(sum(map { ($_ - $mean)**2 } @_) / @_));
}

sub near { my ($is, $should, $error) = @_; return abs($is - $should) <= $error * abs $should }

# ---- histograms ----

my %values = (
	'uniform' => [ map { 1 + int(1e6 * drawn()) } 1 .. 20000 ],
	'exponential' => [ map { int(-2e6 * log(1 - drawn())) } 1 .. 20000 ],
	'bimodal' => [ map { int(drawn() < 0.93 ? 5e4 + 1e4 * drawn() : 8e7 + 1e7 * drawn()) } 1 .. 20000 ],
	'constant' => [ (5_000_001) x 1000 ],
	'single' => [ 123_456_789 ],
	'tiny' => [ 0, 0, 1, 2, 3, 62, 63, 63, 64, 65, 127, 128, 129, 130 ],
	'wide' => [ map { int(10**(11 * drawn())) } 1 .. 20000 ],
	'hundred' => [ map { 1000 * $_ } 1 .. 100 ]);
my @names = sort keys %values;
my @quantiles = (0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.79, 0.9, 0.95, 0.99, 0.999, 1);

for my $i (0 .. $#names)
{
	my $all = $values{ $names[$i] };

	say_to('record', $i, scalar @$all, @$all);
	ask("$names[$i] moments", 'moments', $i);
	ask("$names[$i] $_", 'quantile', $i, $_) for @quantiles;
}
compute();
for my $name (@names)
{
	my @sorted = sort { $a <=> $b } @{ $values{$name} };
	my ($count, $min, $max, $mean, $stddev) = split / /, $answer{"$name moments"};
	my ($true_mean, $true_stddev) = moments(@sorted);
	my @off = grep { !near($answer{"$name $_"}, quantile(\@sorted, $_), 1 / 128) } @quantiles;

	is("@off", '', "$name: no quantile is off by more than 1/128");
	is("$count $min $max", scalar(@sorted) . " $sorted[0] $sorted[-1]", "$name: count, minimum and maximum are exact");
	ok(near($mean, $true_mean, 1e-12), "$name: so is the mean, $mean");
	ok(near($stddev, $true_stddev, 1e-6) || abs($stddev - $true_stddev) < 1, "$name: and the standard deviation, $stddev");
}
# what needs no bucket's middle
is($answer{"constant $_"}, 5000001, "constant: the $_ quantile is exact") for 0.5, 0.999;
is($answer{'single 0'}, 123456789, 'single: so is its only value');
is($answer{'tiny 0.5'}, 63, 'tiny: below 64 each value has a bucket of its own');
is($answer{'tiny 0'}, 0, 'tiny: 0 is one of them');
cmp_ok($answer{'wide 0'}, '>=', min(@{ $values{wide} }), 'wide: no quantile is below the minimum');
cmp_ok($answer{'wide 1'}, '<=', max(@{ $values{wide} }), 'wide: nor above the maximum');

# none, and more than there are buckets for
my @huge = ((1 << 42) - 1, 1 << 42, 1 << 50, 1 << 60);
ask('nothing moments', 'moments', 0);
ask('nothing quantile', 'quantile', 0, 0.5);
say_to('record', 1, 2, 7, 7_000);
say_to('copy', 2, 1);
say_to('add', 1, 0);
ask('unchanged', 'same', 1, 2);
say_to('add', 0, 1);
ask('taken over', 'same', 0, 2);
say_to('record', 3, scalar @huge, @huge);
ask('huge moments', 'moments', 3);
ask('huge quantile', 'quantile', 3, 0.5);
compute();
like($answer{'nothing moments'}, qr/^0 0 0 -?nan -?nan$/i, 'of nothing there is no mean');
like($answer{'nothing quantile'}, qr/^-?nan$/i, 'and no quantile');
is($answer{unchanged}, 1, 'nothing added changes nothing, not even the minimum');
is($answer{'taken over'}, 1, 'added to nothing, all is as it was');
my ($mean, $stddev) = moments(@huge);
my @moments = split / /, $answer{'huge moments'};
is("@moments[0 .. 2]", '4 4398046511103 1152921504606846976', 'huge: count, minimum and maximum');
ok(near($moments[3], $mean, 1e-9) && near($moments[4], $stddev, 1e-9), 'huge: mean and standard deviation');
cmp_ok($answer{'huge quantile'}, '>=', 2**42 * (1 - 1 / 128), 'huge: a quantile is the last bucket, at least');

# merged in pieces, as of workers; what came later, as of a second
my @pieces = (10 .. 16);
my @early = @{ $values{exponential} };
my @late = @{ $values{bimodal} }[ 0 .. 999 ];
say_to('record', 0, scalar @early, @early);
for my $p (@pieces)
{
	my @some = @early[ grep { $_ % @pieces == $p - 10 } 0 .. $#early ];
	say_to('record', $p, scalar @some, @some);
	say_to('add', 1, $p);
}
ask('merged', 'same', 1, 0);
say_to('copy', 2, 0);
say_to('record', 2, scalar @late, @late);
say_to('record', 3, scalar @late, @late);
say_to('subtract', 4, 2, 0);
ask('later moments', 'moments', 4);
ask('later alone', 'moments', 3);
for my $q (@quantiles)
{
	ask("later $q", 'quantile', 4, $q);
	ask("alone $q", 'quantile', 3, $q);
}
say_to('subtract', 5, 2, 2);
ask('no difference', 'moments', 5);
# into what was something else before, and of the very values between which it lies
say_to('record', 6, 2, 1000, 999_999);
say_to('record', 7, 1, 999_999);
say_to('subtract', 4, 6, 7);
ask('exact ends', 'moments', 4);
compute();
is($answer{merged}, 1, 'the sum of pieces is the histogram of all');
my @later = split / /, $answer{'later moments'};
my @alone = split / /, $answer{'later alone'};
is($later[0], 1000, 'a difference has what came later, and no more');
ok(near($later[3], $alone[3], 1e-9) && near($later[4], $alone[4], 1e-6), 'with its mean and standard deviation');
ok($later[1] <= $alone[1] && near($later[1], $alone[1], 1 / 64), "its minimum is known to the bucket: $later[1]");
ok($later[2] >= $alone[2] && near($later[2], $alone[2], 1 / 64), "and its maximum: $later[2]");
is(join(' ', grep { !near($answer{"later $_"}, $answer{"alone $_"}, 1 / 128) } @quantiles), '', 'its quantiles are those of what came later');
like($answer{'no difference'}, qr/^0 0 0 -?nan -?nan$/i, 'nothing came since now');
is((split / /, $answer{'exact ends'})[1], 1000, 'a minimum is not below that of all');

# buckets
ask('buckets', 'buckets');
compute();
my $last = $answer{buckets} - 1;
for my $b (0 .. $last)
{
	ask("bounds $b", 'bounds', $b);
}
compute();
my @lower = map { (split / /, $answer{"bounds $_"})[0] } 0 .. $last;
my @upper = map { (split / /, $answer{"bounds $_"})[1] } 0 .. $last;
is($lower[0], 0, 'buckets begin with 0');
is($upper[$last], 2**42, 'and end at 73 minutes');
is(join(' ', grep { $upper[$_] != $lower[ $_ + 1 ] } 0 .. $last - 1), '', 'each ends where the next one begins');
is(join(' ', grep { $upper[$_] - $lower[$_] > max(1, $lower[$_] / 64) } 0 .. $last), '', 'none is wider than 1/64 of its values');
for my $b (0 .. $last)
{
	ask("of lower $b", 'bucket', $lower[$b]);
	ask("of upper $b", 'bucket', $upper[$b] - 1);
}
ask('beyond', 'bucket', 2**42);
ask('largest', 'bucket', '18446744073709551615');
compute();
is(join(' ', grep { $answer{"of lower $_"} != $_ || $answer{"of upper $_"} != $_ } 0 .. $last), '', 'each has its first value and its last one');
is("$answer{beyond} $answer{largest}", "$last $last", 'the last one takes what is longer');

# ---- intervals of rates ----

# The 97.5 % quantiles of Student's t, by scipy.stats 1.10.1; to three digits as in any table of them.
my @t = (12.7062047364, 4.3026527299, 3.1824463053, 2.7764451052, 2.5705818366, 2.4469118488, 2.3646242510,
	2.3060041350, 2.2621571627, 2.2281388520, 2.2009851601, 2.1788128297, 2.1603686565, 2.1447866879,
	2.1314495456, 2.1199052992, 2.1098155778, 2.1009220402, 2.0930240544);

# Half the interval by the book: batches of equal length, all of the time that they make up.
sub half_interval
{
	my ($events, $length, $n) = @_;
	my @counts = (0) x $n;

	for my $ns (@$events)
	{
		$counts[ int($ns / $length) ]++ if $ns < $length * $n;
	}
	my @rates = map { $_ / ($length / 1e9) } @counts;
	my $rate = sum(@rates) / $n;
	return $t[ $n - 2 ] * sqrt(sum(map { ($_ - $rate)**2 } @rates) / ($n - 1) / $n);
}

ask("t $_", 't_quantile', 0.975, $_) for 1 .. 19;

# so many events in each stretch of 2 ** 24 ns, which is longer than a batch must be
my $stretch = 2**24;
my @counts = (10, 12, 9, 11, 10, 13, 8, 10, 12, 9, 11, 14, 9, 10, 8, 12, 10, 11, 9, 12);
my @events = map {
	my $i = $_;
	map { int($stretch * ($i + ($_ + 0.5) / $counts[$i])) } 0 .. $counts[$i] - 1
} 0 .. $#counts;
my @odd = @events[ grep { $_ % 2 } 0 .. $#events ];
my @even = @events[ grep { !($_ % 2) } 0 .. $#events ];
my @first = grep { $_ < 2**20 } @events;
my @rest = grep { $_ >= 2**20 } @events;

say_to('events', 0, scalar @events, @events);
ask('twenty', 'interval', 0, 20 * $stretch);
ask("span $_", 'interval', 0, $_ * $stretch) for 5 .. 19;
ask('a bit more', 'interval', 0, 20 * $stretch + 1);
ask('a bit less', 'interval', 0, 20 * $stretch - 1);
ask('slices', 'slices', 0);
# two workers, of which one ended early and has shorter slices, added in either order
say_to('events', 1, scalar @odd, @odd);
say_to('events', 2, scalar @even, @even);
say_to('join', 1, 2);
ask('joined', 'slices', 1);
say_to('events', 3, scalar @first, @first);
say_to('events', 4, scalar @rest, @rest);
say_to('join', 5, 3);
say_to('join', 5, 4);
ask('short first', 'slices', 5);
say_to('join', 4, 3);
ask('short last', 'slices', 4);
say_to('join', 4, 6);
ask('nothing added', 'slices', 4);
say_to('join', 10, 6);
ask('nothing to nothing', 'interval', 10, 20 * $stretch);
ask('nothing', 'interval', 6, 20 * $stretch);
# 7 in each stretch; and so late that the slices have become longer than a batch must be
my @steady = map { my $i = $_; map { int($stretch * ($i + ($_ + 0.5) / 7)) } 0 .. 6 } 0 .. 19;
say_to('events', 7, scalar @steady, @steady);
ask('steady', 'interval', 7, 20 * $stretch);
my @long = map { int(64 * 2**27 * drawn()) } 1 .. 3000;
say_to('events', 8, scalar(@long) + 1, @long, 64 * 2**27 - 1);
ask('long', 'interval', 8, 64 * 2**27);
ask('longer than all', 'interval', 8, 640 * 2**27);
# the first slices, and one event at each end of one
say_to('events', 9, 4, 0, 2**16 - 1, 2**16, 64 * 2**16 - 1);
ask('first slices', 'slices', 9);
say_to('events', 9, 1, 64 * 2**16);
ask('doubled', 'slices', 9);
compute();
is(join(' ', grep { !near($answer{"t $_"}, $t[ $_ - 1 ], 1e-9) } 1 .. 19), '', "Student's t");
ok(near($answer{twenty}, half_interval(\@events, $stretch, 20), 1e-9), "half the interval is t s / sqrt(n): $answer{twenty}");
is($answer{'a bit more'}, $answer{twenty}, 'what makes no whole batch is left out');
# slices of half a stretch: 40 of them make 20 batches, 39 make 19
ok(near($answer{'a bit less'}, half_interval(\@events, $stretch, 19), 1e-9), 'so is a batch that is not whole');
ok(near($answer{"span $_"}, half_interval(\@events, $stretch, $_), 1e-9), "$_ batches") for 10 .. 19;
like($answer{"span $_"}, qr/^-?nan$/i, "$_ batches are too few") for 5 .. 9;
is($answer{joined}, $answer{slices}, 'counted by two workers, it is the same');
is($answer{'short first'}, $answer{slices}, 'and where the shorter one comes first');
is($answer{'short last'}, $answer{slices}, 'or last');
is($answer{'nothing added'}, $answer{slices}, 'or one that has nothing');
my ($shift, @slices) = split / /, $answer{slices};
is("$shift " . sum(@slices), '23 ' . sum(@counts), 'no event is lost as slices become longer');
like($answer{nothing}, qr/^-?nan$/i, 'of nothing there is no interval');
like($answer{'nothing to nothing'}, qr/^-?nan$/i, 'nor of nothing and nothing');
is($answer{steady} + 0, 0, 'what never varies has no width');
push @long, 64 * 2**27 - 1;
ok(near($answer{long}, half_interval(\@long, 4 * 2**27, 16), 1e-9), "64 slices make 16 batches of 4: $answer{long}");
is($answer{'longer than all'}, $answer{long}, 'there are no more slices than that');
is($answer{'first slices'}, join(' ', 16, 2, 1, (0) x 61, 1), 'a slice has its first nanosecond and its last one');
is($answer{doubled}, join(' ', 17, 3, (0) x 30, 1, 1, (0) x 31), 'what is later doubles the slices');

# ---- distributions: the values are those of scipy 1.10.1 (scipy.stats, scipy.special) ----

my %known = (
	'normal 1.959963984540054' => 0.975,
	'normal -3.5' => 0.000232629079035525,
	'normal_quantile 0.9995' => 3.29052673149190,
	'normal_quantile 0.025' => -1.95996398454005,
	't 2.5 3.7' => 0.9640889885440866,
	't -4.1 8' => 0.0017188803560382732,
	't_quantile 0.9995 18' => 3.9216458200059434,
	't_quantile 0.9995 4.5' => 7.58074049937279,
	't_quantile 0.0005 1' => -636.6192494317854,
	't_quantile 0.975 1000000' => 1.9599663568141066,
	'binomial 3 10 0.5' => 0.171875,
	'binomial 960 1000 0.95' => 0.9401851209480974,
	'binomial 94999 100000 0.95' => 0.4962375951958153,
	'beta 2.5 3.5 0.3' => 0.2967529892956661,
	'beta 400 0.5 0.99' => 0.004587569593367796);
ask($_, split / /, $_) for keys %known;
ask('binomial none', 'binomial', -1, 10, 0.5);
ask('binomial all', 'binomial', 10, 10, 0.5);
compute();
is(join(' ', grep { !near($answer{$_}, $known{$_}, 1e-8) } keys %known), '', 'they are right to eight digits');
is("$answer{'binomial none'} $answer{'binomial all'}", '0 1', 'less than none, and all');

# ---- intervals ----

# Student, "The probable error of a mean", Biometrika 6, 1908: hours of sleep gained by ten patients;
# its interval as in R's ?t.test.
my @sleep = (1.2, 2.4, 1.3, 1.3, 0, 1.0, 1.8, 0.8, 4.6, 1.4);
ask('sleep', 'mean_independent', 0.95, scalar @sleep, @sleep);
ask('one', 'mean_independent', 0.95, 1, 7);
ask('none', 'mean', 0.95, 0);
# ten values of which the median is between the second and the ninth with 97.9 %: David and Nagaraja, 7.1
say_to('record', 0, 10, map { 1000 * $_ } 1 .. 10);
ask('median of ten', 'quantile_interval', 0, 0.5, 0.95);
ask('p95 of ten', 'quantile_interval', 0, 0.95, 0.95);
# p95 of 20,000: ranks by scipy.stats.binom.ppf
my @ranked = map { $_ * 1000 } 1 .. 20000;
say_to('record', 1, scalar @ranked, @ranked);
ask('p95 of many', 'quantile_interval', 1, 0.95, 0.99);
ask('of nothing', 'quantile_interval', 2, 0.95, 0.95);
# Jain, Chiu and Hawe: k of n users served alike have k/n
ask('all alike', 'fairness', 4, 3, 3, 3, 3);
ask('two of five', 'fairness', 5, 7, 0, 7, 0, 0);
ask('unlike', 'fairness', 3, 10, 20, 30);
ask('nobody', 'fairness', 3, 0, 0, 0);
compute();
my ($estimate, $low, $high) = split / /, $answer{sleep};
ok(near($estimate, 1.58, 1e-9) && near($low, 0.7001142, 1e-6) && near($high, 2.4598858, 1e-6), "Student's patients: $answer{sleep}");
like($answer{one}, qr/^7 -?nan -?nan$/i, 'one value has no interval');
like($answer{none}, qr/^(?:-?nan ?){3}$/i, 'none has nothing');
($estimate, $low, $high) = split / /, $answer{'median of ten'};
ok(near($low, 2000, 1 / 64) && near($high, 9000, 1 / 64), "the median of ten: $answer{'median of ten'}");
($estimate, $low, $high) = split / /, $answer{'p95 of ten'};
ok(near($low, 8000, 1 / 64) && $high =~ /nan/i, "ten have no value above their 95th percentile: $answer{'p95 of ten'}");
($estimate, $low, $high) = split / /, $answer{'p95 of many'};
ok(near($low, 18920000, 1 / 64) && near($high, 19080000, 1 / 64), "p95 of many: $answer{'p95 of many'}");
like($answer{'of nothing'}, qr/^(?:-?nan ?){3}$/i, 'of nothing there is no quantile');
is(join(' ', map { 0 + sprintf '%.6f', $answer{$_} } 'all alike', 'two of five', 'unlike'), '1 0.4 0.857143', "Jain's index");
like($answer{nobody}, qr/nan/i, 'where nobody has anything there is none');

# ---- series ----

sub gauss { return sqrt(-2 * log(1 - drawn())) * cos(6.283185307179586 * drawn()) }

# n seconds about a mean, with a relative deviation, and a correlation of neighbours
sub seconds
{
	my ($n, $level, $deviation, $correlation) = @_;
	my $x = gauss();

	return map { $x = $correlation * $x + sqrt(1 - $correlation**2) * gauss(); $level * exp($deviation * $x) } 1 .. $n;
}

# by the book
sub correlation
{
	my $n = @_;
	my $level = sum(@_) / $n;
	my $squares = sum(map { ($_ - $level)**2 } @_);
	my $r = (sum(map { ($_[$_] - $level) * ($_[ $_ - 1 ] - $level) } 1 .. $n - 1) / $squares + 1 / $n) / max(1 - 4 / $n, 0.5);

	return min(max($r, 0), 0.95);
}

my @white = seconds(30, 1000, 0.03, 0);
my @red = seconds(30, 1000, 0.03, 0.7);
my %series = (
	white => \@white, red => \@red,
	constant => [ (1000) x 10 ], four => [ 1000, 1010, 990, 1001 ], three => [ 1000, 1010, 990 ],
	falling => [ map { 1000 - 40 * $_ + 3 * ($_ % 3) } 0 .. 9 ], line => [ map { 1000 + 50 * $_ } 0 .. 3 ],
	step => [ map { ($_ < 5 ? 1000 : 700) + 3 * ($_ % 3) } 0 .. 9 ],
	slightly => [ map { 1000 - 4 * $_ + ($_ % 3) } 0 .. 9 ], outlier => [ (1000, 1003, 998) x 3, 400 ]);
ask($_, 'series', scalar @{ $series{$_} }, @{ $series{$_} }) for keys %series;
ask('mean of red', 'mean', 0.95, scalar @red, @red);
compute();
is(join(' ', grep { (split / /, $answer{$_})[0] } sort keys %series), 'constant four outlier red slightly step white',
	'stationary is what has no trend that matters, and seconds enough');
for my $name (qw(white red falling outlier))
{
	my @values = @{ $series{$name} };
	my ($stationary, $level, $r, $variance, $degrees) = split / /, $answer{$name};
	my ($true_level, $stddev) = moments(@values);
	my $true_r = correlation(@values);
	my $inflation = (1 + $true_r) / (1 - $true_r);

	ok(near($level, $true_level, 1e-9) && near($r, $true_r, 1e-9) &&
		  near($variance, $stddev**2 / (@values - 1) * $inflation, 1e-6) && near($degrees, max(@values / $inflation - 1, 1), 1e-9),
		"$name: mean, correlation of neighbours, variance of the mean and its degrees of freedom: $answer{$name}");
}
cmp_ok((split / /, $answer{red})[2], '>', 0.4, 'seconds that are like their neighbours are seen to be');
my ($r, $variance, $degrees) = (split / /, $answer{red})[ 2 .. 4 ];
($estimate, $low, $high) = split / /, $answer{'mean of red'};
ok($low < 1000 && $high > 1000 && $high - $low > 2 * 2 * sqrt($variance), "the interval of their mean is wide enough: $answer{'mean of red'}");

# ---- changes ----

sub runs { my (@runs) = @_; return (scalar @runs, map { (sum(@$_) / @$_, scalar @$_, @$_) } @runs) }
sub bare { my (@values) = @_; return (scalar @values, map { ($_, 0) } @values) }

# of runs alone it is Student's test of two samples, on relative deviations
my @five = (1000, 1010, 985, 1002, 995);
my @other = (905, 899, 911, 902, 890);
ask('five and five', 'change', 0, 0.999, bare(@five), bare(@other));
ask('five and five alike', 'change', 0, 0.999, bare(@five), bare(1003, 990, 1012, 998, 991));
ask('one and five', 'change', 0, 0.999, bare(@five), bare(900));
ask('two and two', 'change', 0, 0.999, bare(@five[ 0, 1 ]), bare(@other[ 0, 1 ]));
ask('one and one', 'change', 0, 0.999, bare(1000), bare(900));
ask('one and one, of three seconds', 'change', 0, 0.999, runs([ 1000, 1001, 999 ]), runs([ 900, 901, 899 ]));
ask('constant seconds', 'change', 0, 0.999, runs([ (1000) x 10 ]), runs([ (900) x 10 ]));
ask('constant seconds, rounded', 'change', 0, 0.999, runs(map { [ ($_) x 11 ] } 3.9, 3.901, 3.902), runs(map { [ ($_) x 11 ] } 4.9, 4.9, 4.91));
ask('same seconds', 'change', 0, 0.999, runs([ (1000) x 10 ]), runs([ (1000) x 10 ]));
ask('falling seconds', 'change', 0, 0.999, runs([ (1000) x 10 ]), runs($series{falling}));
ask('a step amid the seconds', 'change', 0, 0.999, runs([ (1000) x 10 ]), runs($series{step}));
ask('a step amid seconds that vary', 'change', 0, 0.999, runs([ seconds(10, 1000, 0.01, 0) ]), runs($series{step}));
ask('nothing before', 'change', 0, 0.999, runs([ (0) x 10 ]), runs([ (900) x 10 ]));
# runs that differ far more than their seconds
ask('steady, but not alike', 'change', 0, 0.999, runs(map { [ ($_) x 10 ] } 1000, 1100, 900, 1050, 950), runs(map { [ ($_) x 10 ] } 1020, 920, 1120, 1010, 960));
ask('two steady, but not alike', 'change', 0, 0.999, runs(map { [ ($_) x 10 ] } 1000, 1100), runs([ (800) x 10 ]));
# counts
ask('no errors', 'change', 1, 0.999, runs([ (0) x 10 ]), runs([ (0) x 10 ]));
ask('some errors', 'change', 1, 0.999, 1, 0, 10, (0) x 10, 1, 5, 10, (1, 0) x 5);
ask('many errors', 'change', 1, 0.999, 1, 0, 10, (0) x 10, 1, 50, 10, (4, 6) x 5);
ask('more errors', 'change', 1, 0.999, 1, 100, 10, (9, 11) x 5, 1, 200, 10, (19, 21) x 5);
ask('as many errors', 'change', 1, 0.999, 1, 100, 10, (9, 11) x 5, 1, 110, 10, (10, 12) x 5);
compute();
sub verdict { return (split / /, $answer{ $_[0] })[0] }
my ($m1, $s1) = moments(@five);
my ($m2, $s2) = moments(@other);
my $pooled = sqrt(5 * (($s1 / $m1)**2 + ($s2 / $m2)**2) / 8 * 2 / 5);
# by scipy.stats.t.ppf(0.9995, 8)
my @interval = map { exp(log($m2 / $m1) + $_ * 5.0413054334 * $pooled) - 1 } -1, 1;
my ($found, $was, $is, $change, $least, $most, $detectable) = split / /, $answer{'five and five'};
ok($found eq 'significant' && near($was, $m1, 1e-9) && near($is, $m2, 1e-9) && near($change, $m2 / $m1 - 1, 1e-9) &&
	  near($least, $interval[0], 1e-6) && near($most, $interval[1], 1e-6), "five runs and five: $answer{'five and five'}");
# and by scipy.stats.t.ppf(0.8, 8)
ok(near($detectable, exp((5.0413054334 + 0.8888895178) * $pooled) - 1, 1e-6), "... which show a change of $detectable in four of five cases");
is(verdict($_->[0]), $_->[1], $_->[0]) for [ 'five and five alike', 'none' ], [ 'one and five', 'significant' ], [ 'two and two', 'unknown' ],
  [ 'one and one', 'unknown' ], [ 'one and one, of three seconds', 'unknown' ], [ 'constant seconds', 'significant' ], [ 'constant seconds, rounded', 'significant' ], [ 'same seconds', 'none' ],
  [ 'falling seconds', 'unknown' ], [ 'a step amid the seconds', 'unknown' ], [ 'a step amid seconds that vary', 'unknown' ], [ 'nothing before', 'unknown' ], [ 'steady, but not alike', 'none' ], [ 'two steady, but not alike', 'unknown' ],
  [ 'no errors', 'none' ], [ 'some errors', 'none' ], [ 'many errors', 'significant' ], [ 'more errors', 'significant' ], [ 'as many errors', 'none' ];
like($answer{'many errors'}, qr/^significant 0 50 -?nan/i, 'from none on there is no fraction');
like($answer{'no errors'}, qr/^none 0 0 0 /, 'and from none to none no change');
like($answer{$_}, qr/ -?nan$/i, "no change is said to be detectable: $_") for 'many errors', 'one and one', 'falling seconds';
# what is found in half of all cases is less than what is found in four of five
my ($errors_change, undef, $errors_most, $errors_detectable) = (split / /, $answer{'more errors'})[ 3 .. 6 ];
cmp_ok($errors_detectable, '>', $errors_most - $errors_change, "what is detectable of errors is more than the interval's half, $errors_detectable");

# The same with itself, and with what is slower: in the last of these neither is stationary for long.
my @worlds = (
	[ 'one run of 30 s', 1, 30, 0.03, 0, 95, 80 ],
	[ 'one run of 10 s, correlated', 1, 10, 0.03, 0.3 ],
	[ 'five runs of 10 s', 5, 10, 0.03, 0.2, 95, 80 ],
	[ 'one run of 30 s, drifting', 1, 30, 0.1, 0.9 ]);
for my $w (0 .. $#worlds)
{
	my ($name, $n, $length, $deviation, $correlation) = @{ $worlds[$w] };

	for my $i (1 .. 400)
	{
		my @before = map { [ seconds($length, 1000, $deviation, $correlation) ] } 1 .. $n;
		my @after = map { [ seconds($length, 1000, $deviation, $correlation) ] } 1 .. $n;

		ask("world $w $i", 'change', 0, 0.999, runs(@before), runs(@after));
		next if $i > 100;
		ask("slower $w $i", 'change', 0, 0.999, runs(@before), runs(map { my $one = $_; [ map { $_ / 1.1 } @$one ] } @after));
		ask("little slower $w $i", 'change', 0, 0.999, runs(@before), runs(map { my $one = $_; [ map { $_ / 1.05 } @$one ] } @after));
	}
}
compute();
for my $w (0 .. $#worlds)
{
	my ($name, undef, undef, undef, undef, $ten, $five) = @{ $worlds[$w] };
	my $false = grep { verdict("world $w $_") eq 'significant' } 1 .. 400;
	my $unknown = grep { verdict("world $w $_") eq 'unknown' } 1 .. 400;
	my @found = map { my $what = $_; scalar grep { verdict("$what $w $_") eq 'significant' } 1 .. 100 } 'slower', 'little slower';

	cmp_ok($false, '<=', 4, "$name: of 400 comparisons of the same $false are wrong, $unknown can't tell");
	next unless defined $ten;
	cmp_ok($found[0], '>=', $ten, "... a tenth slower is found in $found[0] of 100");
	cmp_ok($found[1], '>=', $five, "... a twentieth in $found[1]");
}

# ---- what can be detected ----

# The tables in docs/statistics.md, by the formulas that the C code is meant to follow: (t of the level + t of
# the power) standard errors, on the scale of logarithms.
my ($of_runs, $of_seconds) = do
{
	local $/ = undef;
	open my $docs, '<', "$root/docs/statistics.md" or die $!;
	my $text = <$docs>;
	map { my $what = $_; [ map { [ split /\s*\|\s*/ ] } grep { !/^--/ } map { s/^\| | \|$//gr } $text =~ /^(\| $what .*\n(?:\|.*\n)+)/m ? split(/\n/, $1) : () ] } 'runs differ by', 'seconds vary by';
};
my %table;
sub told { my ($name, $variance, $degrees) = @_; ask("$name $_", 't_quantile', $_, $degrees) for 0.9995, 0.8; return $table{$name} = sqrt $variance }
sub table
{
	my ($table, $how) = @_;
	my ($head, @rows) = @$table;

	for my $row (@rows[ grep { $rows[$_][0] =~ /\d/ } 0 .. $#rows ])
	{
		my $deviation = ($row->[0] =~ /(\d+)/)[0] / 100;
		told("$head->[0] $row->[0] $head->[$_] is $row->[$_]", $how->($deviation, $head->[$_] =~ /(\d+)/g)) for 1 .. $#$row;
	}
	return;
}
table($of_runs, sub { my ($deviation, $n) = @_; return ($deviation**2 * 2 / $n, 2 * $n - 2) });
table($of_seconds, sub {
	my ($deviation, $n, $length) = @_;
	my $r = 0.4 + 0.5 * sqrt((1 - 0.4**2) / (2 * $n * $length));
	my $inflation = (1 + $r) / (1 - $r);
	my $each = $deviation**2 * $inflation / $length / $n**2;
	my $all = 2 * $n * $each + 2 * 0.005**2 / $n;
	return ($all, $all**2 / (2 * $n * $each**2 / ($length / $inflation - 1)) + 2 * $n - 2);
});
is(scalar(keys %table), 4 * 6 + 4 * 6, 'the tables of what is detectable have so many numbers');
# and of runs as they are: with exactly so large a deviation; and of seconds whose correlation is about that
for my $n (3, 5, 10, 20, 40, 80)
{
	my @before = map { ($_ - ($n - 1) / 2) } 0 .. $n - 1;
	my (undef, $stddev) = moments(@before);
	my $unit = 0.04 / ($stddev * sqrt($n / ($n - 1)));
	my @runs = map { 1000 * (1 + $unit * $_) } @before;
	ask("deviating $n", 'change', 0, 0.999, bare(@runs), bare(@runs));
}
compute();
my @wrong = grep { my $name = $_; sprintf('%.1f', 100 * (exp($table{$name} * ($answer{"$name 0.9995"} + $answer{"$name 0.8"})) - 1)) ne ($name =~ /is (.*)/)[0] } sort keys %table;
is("@wrong", '', 'each of them is what the formula says');
my %four = map { ($_->[0] => $_) } grep { $_->[0] eq '4 %' } @$of_runs;
is(join(' ', map { sprintf '%.1f', 100 * (split / /, $answer{"deviating $_"})[6] } 3, 5, 10, 20, 40, 80), join(' ', @{ $four{'4 %'} }[ 1 .. 6 ]),
	'and what is detected in runs with such a deviation');

# runs that differ by what was said to be detectable, are found so often
my @said = sort { $a <=> $b } map { (split / /, $answer{"world 2 $_"})[6] } 1 .. 400;
my $shown = $said[200];
for my $i (1 .. 400)
{
	my @before = map { [ seconds(10, 1000, 0.03, 0.2) ] } 1 .. 5;
	my @after = map { [ map { $_ * (1 + $shown) } seconds(10, 1000, 0.03, 0.2) ] } 1 .. 5;
	ask("shown $i", 'change', 0, 0.999, runs(@before), runs(@after));
}
compute();
my $of = grep { verdict("shown $_") eq 'significant' } 1 .. 400;
ok($of > 0.72 * 400 && $of < 0.92 * 400, sprintf 'of changes of %.4f, which are said to be shown in four of five cases, %d of 400 are', $shown, $of);

# ---- how memory grows with transactions ----

# Points as transactions and memory; what the slope is, of a thousand transactions, and its interval's ends.
sub ask_slope { my ($name, @points) = @_; ask($name, 'slope', scalar @points, map { @$_ } @points); return }

# The same, of what is left of them, in as many stretches as there are.
sub slope
{
	my @points = @_[ int((@_ + 2) / 3) .. $#_ ];
	my $n = $#points < 20 ? $#points : 20;
	my $all = $points[-1][0] - $points[0][0];
	my $growth = ($points[-1][1] - $points[0][1]) / $all;
	my @ends = @points[ map { int($_ * $#points / $n) } 0 .. $n ];
	my $squares = sum(map { ($ends[$_][1] - $ends[ $_ - 1 ][1] - $growth * ($ends[$_][0] - $ends[ $_ - 1 ][0]))**2 } 1 .. $n);
	my $half = $t[ $n - 2 ] * sqrt($squares / ($n - 1) / $n) / ($all / $n);
	return map { $_ * 1000 } $growth, $growth - $half, $growth + $half;
}

# a leak of 100 bytes a transaction, unevenly fast and not quite even; a level that is noisy; caches that
# fill and are full; one jump; all in one call of 64 points, and the first of them in 10 to 20 stretches
my @fast = map { 500 + int(drawn() * 1000) } 0 .. 63;
my @when = map { sum(@fast[ 0 .. $_ ]) } 0 .. 63;
my @leak = map { [ $when[$_], 1e6 + 100 * $when[$_] + 1e4 * drawn() ] } 0 .. 63;
my @level = map { [ $when[$_], 1e6 + 1e5 * drawn() ] } 0 .. 63;
my @caches = map { [ $when[$_], 1e6 + ($_ < 20 ? 5e4 * $_ : 1e6) ] } 0 .. 63;
my @jump = map { [ $when[$_], $_ < 40 ? 1e6 : 2e6 ] } 0 .. 63;
ask_slope('leak', @leak);
ask_slope('level', @level);
ask_slope('caches', @caches);
ask_slope('jump', @jump);
ask_slope("leak of $_", @leak[ 0 .. $_ - 1 ]) for 15 .. 17, 32, 33;
ask_slope('nothing done', map { [ 5, 1e6 + $_ ] } 1 .. 40);
ask_slope('unknown', map { [ $_, 'nan' ] } 1 .. 40);
compute();
for (['leak', @leak], ['level', @level], ['jump', @jump], map { [ "leak of $_", @leak[ 0 .. $_ - 1 ] ] } 17, 32, 33)
{
	my ($name, @points) = @$_;
	my @got = split / /, $answer{$name};
	my @right = slope(@points);
	is(scalar(grep { near($got[$_], $right[$_], 1e-9) } 0 .. 2), 3, "$name: @got");
}
my (undef, $from, $to) = split / /, $answer{leak};
ok($from < 100_000 && 100_000 < $to && $from > 50_000, 'a leak is within its interval, which is above zero');
ok((split / /, $answer{$_})[1] <= 0, "no growth is claimed: $_") for qw(level caches jump);
like($answer{"leak of $_"}, qr/^-?nan -?nan -?nan$/i, "$_ points are too few") for 15, 16;
like($answer{$_}, qr/^-?nan -?nan -?nan$/i, "there is none: $_") for 'nothing done', 'unknown';

# ---- paces: rates that rise and fall ----

# from, to, ramp; between which seconds; how many are expected
my @counts_of = ([ 0, 100, 10, 0, 10, 500 ], [ 0, 100, 10, 0, 5, 125 ], [ 0, 100, 10, 5, 10, 375 ], [ 0, 100, 10, 0, 20, 1500 ],
	[ 0, 100, 10, 12, 15, 300 ], [ 100, 20, 8, 0, 8, 480 ], [ 100, 20, 8, 2, 4, 140 ], [ 100, 20, 8, 6, 10, 100 ],
	[ 50, 50, 0, 0, 7, 350 ], [ 50, 50, 3, 1, 7, 300 ], [ 7, 30, 0, 0, 2, 60 ], [ 0, 1e9, 86400, 0, 86400, 4.32e13 ], [ 3, 4, 5, 2, 2, 0 ]);
ask("count $_", 'pace_count', @{ $counts_of[$_] }[ 0 .. 4 ]) for 0 .. $#counts_of;
ask("after $_", 'pace_after', @{ $counts_of[$_] }[ 0 .. 3, 5 ]) for 0 .. $#counts_of;
ask('next to nothing', 'pace_after', 0, 1e-3, 1e-3, 0, 1e-12);
ask('almost even', 'pace_after', 100, 100 + 1e-9, 10, 0, 250);
# the process: 100000 exponential gaps, by a rate that rises from 0, stays, and one that falls
my @gaps = map { -log(1 - drawn()) } 1 .. 30000;
my %process = (rising => [ 0, 2000, 20 ], falling => [ 2000, 100, 20 ], from => [ 500, 1500, 10 ]);
ask($_, 'pace_events', @{ $process{$_} }, scalar @gaps, @gaps) for sort keys %process;
say_to('record', 60, 6, 1, 2, 3, 1000, 2000, 1_000_000);
ask("above $_", 'above', 60, $_) for 0, 2, 3, 1500, 1e6 * 1.05, 1e15;
compute();
for (0 .. $#counts_of)
{
	my ($from, $to, $ramp, $since, $until, $count) = @{ $counts_of[$_] };

	ok(near($answer{"count $_"}, $count, 1e-12), "from $from to $to in $ramp s: $count between $since and $until s");
	ok(near($answer{"after $_"}, $until, 1e-9), "and so many after $since s at $until s");
}
ok(near($answer{'next to nothing'}, sqrt(2e-12), 1e-9), 'a slope from nothing');
ok(near($answer{'almost even'}, 2.5, 1e-9), 'a slope of next to nothing');
for my $name (sort keys %process)
{
	my ($from, $to, $ramp) = @{ $process{$name} };
	my @at = split / /, $answer{$name};
	my $rate = sub { my $s = min($_[0], $ramp); return $from + ($to - $from) * $s / $ramp };
	my $worst = 0;

	# in each half second as many as the area below the rate there, by 4.5 standard deviations at most
	for my $slot (0 .. int(2 * $at[-1]) - 1)
	{
		my $expected = ($rate->($slot / 2) + $rate->(($slot + 1) / 2)) / 4;
		my $n = grep { $_ >= $slot / 2 && $_ < ($slot + 1) / 2 } @at;

		$worst = max($worst, abs($n - $expected) / sqrt($expected));
	}
	cmp_ok($worst, '<', 4.5, "$name: the rate is what was asked for, everywhere");
	is(scalar(grep { $at[$_] < $at[ $_ - 1 ] } 1 .. $#at), 0, "$name: one after the other");

	# its counts are a Poisson process of rate 1: Kolmogorov and Smirnov's test of the gaps
	my $total = 0;
	my @between = map { my $c = $from * min($_, $ramp) + ($to - $from) * min($_, $ramp)**2 / 2 / $ramp + $to * max($_ - $ramp, 0); my $g = $c - $total; $total = $c; $g } @at;
	my @sorted = sort { $a <=> $b } @between;
	my $d = max(map { abs(1 - exp(-$sorted[$_]) - ($_ + 0.5) / @sorted) } 0 .. $#sorted);
	cmp_ok($d * sqrt(@sorted), '<', 1.63, "$name: its gaps are exponential");
}
is(join(' ', map { $answer{"above $_"} } 0, 2, 3, 1500, 1e6 * 1.05, 1e15), '6 4 3 2 0 0', 'how many are above');

# ---- changes of level ----

# The flow of the Nile at Aswan, 1871 to 1970, which fell with the year 1899 (Cobb, "The problem of the
# Nile", Biometrika 65, 1978; R's Nile).
my @nile = (1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
	1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
	831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
	781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
	744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740);
sub level { my ($n, $level) = @_; return map { $level + 10 * gauss() } 1 .. $n }
my @off = level(40, 1000);
$off[20] = 3000;
my %levels = (
	nile => [ \@nile, '28' ], steady => [ [ (7) x 20 ], '' ], few => [ [ 1, 1, 9, 9, 9 ], '' ], none => [ [], '' ],
	step => [ [ (7) x 5, (9) x 3 ], '5' ], two => [ [ level(12, 1000), level(8, 1100), level(15, 1250) ], '12 20' ],
	off => [ \@off, '' ], last => [ [ level(30, 1000), level(3, 1100) ], '30' ],
	'off and step' => [ [ @off, level(5, 900) ], '40' ],
	# what comes back: a dip, two of them, of which one is at another level, one that is off as well, and one that is too short
	dip => [ [ level(26, 1000), level(8, 965), level(26, 1000) ], '26 34' ],
	'early dip' => [ [ level(4, 1000), level(8, 950), level(48, 1000) ], '4 12' ],
	dips => [ [ level(20, 1000), level(8, 950), level(30, 1000), level(6, 1060), level(20, 1000) ], '20 28 58 64' ],
	'exact dip' => [ [ (7) x 10, (9) x 4, (7) x 10 ], '10 14' ],
	'dip, and a new level' => [ [ level(20, 1000), level(8, 950), level(12, 1000), level(20, 1070) ], '20 28 40' ],
	'short dip' => [ [ level(26, 1000), level(2, 940), level(32, 1000) ], '' ]);
ask("levels $_", 'changepoints', scalar @{ $levels{$_}[0] }, @{ $levels{$_}[0] }) for keys %levels;
for my $i (1 .. 400)
{
	my @same = level(30, 1000);
	my @long = level(60, 1000);
	my @dip = (level(26, 1000), level(8, 970), level(26, 1000));
	ask("unchanged $i", 'changepoints', scalar @same, @same);
	ask("long unchanged $i", 'changepoints', scalar @long, @long);
	ask("dip of three deviations $i", 'changepoints', scalar @dip, @dip) if $i <= 100;
}
compute();
is($answer{"levels $_"}, $levels{$_}[1] eq '' ? 'at' : "at $levels{$_}[1]", "changes: $_") for sort keys %levels;
for my $what ('unchanged', 'long unchanged')
{
	my $seen = grep { $answer{"$what $_"} ne 'at' } 1 .. 400;
	cmp_ok($seen, '<=', 4, "$what: of 400 series $seen have a change, where at most one in a hundred is meant");
}
my $dips = grep { my @at = split / /, $answer{"dip of three deviations $_"}; @at == 3 && abs($at[1] - 26) <= 2 && abs($at[2] - 34) <= 2 } 1 .. 100;
cmp_ok($dips, '>=', 80, "a dip of 8 in 60 runs, of three deviations, is seen in $dips of 100");

# ---- thresholds ----

my %op = ('<' => '100', '<=' => '110', '=' => '010', '>=' => '011', '>' => '001', '<>' => '101');
for my $op (sort keys %op)
{
	ask("$op $_", 'holds', $_, $op, 5) for 4.999, 5, 5.001;
	ask("$op nothing", 'holds', 'nan', $op, 5);
	ask("$op to nothing", 'holds', 5, $op, 'nan');
	ask("is $op", 'is_op', $op);
	ask("lost $op $_", 'lost', 'failed', $_, $op, 5) for 4, 5, 6, 'nan';
}
ask("is $_", 'is_op', $_) for '!=', '==', '<<';
# The members of CtMetrics in their order, and what there can be of a run, a script, an outcome (4),
# a statement (8) and a phase (32).
my @members = qw(tps transactions failed retries errors deadlocks serialization_failures anomalies prevented fairness
  rows_per_s connect_ms late skipped waited_rate lock_wait_ms mean_ms stddev_ms p50_ms p90_ms p95_ms p99_ms p999_ms max_ms recovery_s
  cpu max_cpu server_cpu machine_cpu max_machine_cpu max_machine_memory start_memory_mb max_memory_mb end_memory_mb
  memory_growth_mb memory_slope_mb max_worker_mb temp_mb wal_mb hit_rate connections max_dead_tuples max_table_mb);
my %kinds = ((map { $_ => 1 } @members, qw(success_rate error_rate retry_rate prevention_rate)), tps => 103, transactions => 103, skipped => 33, recovery_s => 32,
	(map { $_ => 99 } qw(failed success_rate error_rate)),
	(map { $_ => 3 } qw(errors deadlocks serialization_failures lock_wait_ms)), (map { $_ => 111 } grep { /^(?:mean|stddev|p\d+|max)_ms/ } @members));
$kinds{$_} += 128 for qw(tps mean_ms p50_ms p95_ms p99_ms errors);
my %grows = map { $_ => 1 } qw(transactions failed retries errors deadlocks serialization_failures prevented late skipped max_ms
  max_cpu max_machine_cpu max_machine_memory max_memory_mb memory_growth_mb max_worker_mb temp_mb wal_mb connections max_dead_tuples max_table_mb);
ask('metrics', 'metrics');
for my $metric (sort keys %kinds)
{
	ask("kinds $metric", 'kinds', $metric);
	ask("actual $metric", 'actual', $metric, 30, 10);
	ask("none $metric", 'actual', $metric, 0, 0);
	ask("lost $metric", 'lost', $metric, 6, '<', 5);
}
ask('kinds', 'kinds', 'p51_ms');
ask("split $_", 'split', $_) for qw(p95_ms read.p95_ms read:3.p95_ms a.b.p95_ms tally.total vs_baseline.tps
  tally.total.max tally.total.count tally.max tally.max.min tally.total.p95_ms tally.total.sum tally.a.b.mean);
ask('tally', 'tally', 3, 2, -1.5, 4, 2, 1, 3);
ask('tally of one', 'tally', 0, 1, -7);
ask('tally of none', 'tally', 0, 0);
for my $what (0 .. 4)
{
	for my $op (sort keys %op) { ask("tally $what $op $_", 'tally_lost', $what, $_, $op, 5) for 4, 5, 6, 'nan' }
}
compute();
is(join('', map { $answer{"$_ 4.999"} . $answer{"$_ 5"} . $answer{"$_ 5.001"} } sort keys %op), join('', @op{ sort keys %op }), 'below, at and above, by each comparison');
is(join('', map { $answer{"$_ nothing"} . $answer{"$_ to nothing"} } keys %op), '0' x 12, 'what is not a number meets no threshold');
is(join('', map { $answer{"is $_"} } (sort keys %op), '!=', '==', '<<'), '111111000', 'these are comparisons, and no others');
is(join(' ', sort split / /, $answer{metrics}), join(' ', sort keys %kinds), 'these are the metrics');
is(join(' ', map { "$_ " . $answer{"kinds $_"} } sort keys %kinds), join(' ', map { "$_ $kinds{$_}" } sort keys %kinds), 'what each can be of');
is($answer{kinds}, 0, 'there is no other one');
my %actual = (success_rate => 0.75, error_rate => 0.25, retry_rate => 0.1, prevention_rate => 9 / 17, transactions => 30, failed => 10);
$actual{ $members[$_] } //= $_ + 1 for 0 .. $#members;
is(join(' ', map { "$_ " . ($answer{"actual $_"} + 0) } sort keys %kinds), join(' ', map { "$_ $actual{$_}" } sort keys %kinds), 'what each has come to');
like($answer{"none $_"}, qr/^-?nan$/i, "of no transactions there is no $_") for qw(success_rate error_rate retry_rate);
is(join(' ', grep { $answer{"lost $_"} } sort keys %kinds), join(' ', sort keys %grows), 'lost for good is a bound from above of what only grows');
# at 4, 5 and 6, and where there is nothing yet
is(join(' ', map { my $op = $_; join '', $op, map { $answer{"lost $op $_"} } 4, 5, 6, 'nan' } sort keys %op),
	'<0110 <=0010 <>0000 =0010 >0000 >=0000', 'as soon as it is reached, or exceeded');
is($answer{"split p95_ms"}, '1 - p95_ms', 'a name without a dot is of the run');
is($answer{"split read.p95_ms"}, '2 read p95_ms', 'a script\'s');
is($answer{"split read:3.p95_ms"}, '2 read:3 p95_ms', 'a step\'s, for who knows more');
is($answer{"split a.b.p95_ms"}, '2 a.b p95_ms', 'the last dot counts');
is($answer{"split tally.total"}, '16 tally total total 0', 'a tally\'s sum');
is($answer{"split tally.total.max"}, '16 tally total.max total 4', '... its largest');
is($answer{"split tally.total.count"}, '16 tally total.count total 1', '... how many');
is($answer{"split tally.max"}, '16 tally max max 0', 'the sum of a tally that is called max');
is($answer{"split tally.max.min"}, '16 tally max.min max 3', '... its smallest');
is($answer{"split tally.a.b.mean"}, '16 tally a.b.mean a.b 2', 'a name that no tally can have');
is($answer{"split tally.total.$_"}, "2 tally.total $_", "$_ is none of a tally's, but may be of a script called tally.total") for qw(p95_ms sum);
is($answer{tally}, '8.5 5 1.7 -1.5 4', 'a tally of two sessions: sum, count, mean, smallest, largest');
is($answer{'tally of one'}, '-7 1 -7 -7 -7', '... of one, below 0');
like($answer{'tally of none'}, qr/\A0 0 -?nan -?nan -?nan\z/, '... of none');
my $never = '<0000 <=0000 <>0000 =0000 >0000 >=0000';
my $growing = '<0110 <=0010 <>0000 =0010 >0000 >=0000';
my $shrinking = '<0000 <=0000 <>0000 =1000 >1100 >=1000';
my @lost = ($never, $growing, $never, $shrinking, $growing);
for my $what (0 .. 4)
{
	is(join(' ', map { my $op = $_; join '', $op, map { $answer{"tally $what $op $_"} } 4, 5, 6, 'nan' } sort keys %op), $lost[$what],
		(qw(sum count mean min max))[$what] . ' of a tally: what it can\'t come back from');
}
is($answer{"split vs_baseline.tps"}, '128 vs_baseline tps', 'one against the baseline');

# ---- the percentiles that are shown, of recorded traces ----

my %traces = (
	'lognormal' => [ map { int(2e6 * exp(gauss())) } 1 .. 100000 ],
	'wide lognormal' => [ map { int(5e5 * exp(2.5 * gauss())) } 1 .. 100000 ],
	# one in two hundred waits for a second
	'bimodal' => [ map { int(drawn() < 0.995 ? 1e6 * exp(0.3 * gauss()) : 1e9 * (1 - drawn())) } 1 .. 100000 ]);
my @shown = (0.5, 0.9, 0.95, 0.99, 0.999);
my @traced = sort keys %traces;
for my $i (0 .. $#traced)
{
	say_to('record', 50 + $i, scalar @{ $traces{ $traced[$i] } }, @{ $traces{ $traced[$i] } });
	ask("trace $traced[$i] $_", 'quantile', 50 + $i, $_) for @shown;
}
compute();
for my $name (@traced)
{
	my @sorted = sort { $a <=> $b } @{ $traces{$name} };
	my @error = map { $answer{"trace $name $_"} / quantile(\@sorted, $_) - 1 } @shown;

	cmp_ok(max(map { abs } @error), '<=', 0.01, "100,000 latencies, $name: p50, p90, p95, p99, p99.9 are exact to 1 %: " .
		join ', ', map { sprintf '%+.2f', 100 * $_ } @error);
}

done_testing();
