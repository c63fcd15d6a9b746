# How throughput follows clients. The arithmetic first, in a program of its own: Gunther's law fitted to
# data that others have published, and to some made by it; the search for a limit that is known, with
# tries that go wrong; what is efficient and graceful. Then ct_scale on something that lets one pass at a
# time, whatever the machine; and what can't be had, or goes wrong in the middle.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/..";
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($include) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--includedir-server' ]);
my ($error) = (run_command([ 'cc', '-O1', "-I$root", "-I$include", '-o', "$dir/scaling", "$root/t/scaling/scaling_test.c",
	(map { "$root/src/metrics/$_.c" } qw(usl knee scaling statistics histogram distribution)), '-lm' ]))[1];
is($error, '', 'it compiles without a server');

sub answer
{
	my $out = '';

	IPC::Run::run([ "$dir/scaling" ], '<', \"@_\n", '>', \$out);
	return split ' ', $out;
}

sub near { my ($got, $want, $within) = @_; return $got ne 'nan' && abs($got - $want) <= $within }

# SPEC SDM91 on a SPARCcenter 2000 (Gunther, Guerrilla Capacity Planning, and the data set specsdm91 of
# R's package usl, whose version 3 fits 89.995, 0.02773, 0.0001044).
my @fit = answer(qw(usl 7 1 64.9 18 995.9 36 1652.4 72 1853.2 108 1828.9 144 1775.0 216 1702.2));
ok($fit[0] && near($fit[1], 89.995, 0.01) && near($fit[2], 0.02773, 0.00001) && near($fit[3], 0.0001044, 0.0000001), "published: SPEC SDM91: @fit");
ok(near($fit[4], 96.5, 0.2), 'its peak is where the law has it');
ok($fit[6] > 0 && $fit[6] < $fit[3] && $fit[7] > $fit[3], 'its coherency is surely more than none');
# The ray tracer on an SGI Origin 2000 (the same book, data set raytracer): more processors always help.
@fit = answer(qw(usl 11 1 20 4 78 8 130 12 170 16 190 20 200 24 210 28 230 32 260 48 280 64 310));
ok($fit[0] && near($fit[2], 0.05, 0.02) && $fit[3] < 0.00005 && $fit[6] == 0 && $fit[4] =~ /nan/, "published: the ray tracer has contention, and no peak that one could claim: @fit");

# Made by the law: what was put in comes out.
sub made { my ($lambda, $sigma, $kappa, @n) = @_; return map { ($_, $lambda * $_ / (1 + $sigma * ($_ - 1) + $kappa * $_ * ($_ - 1))) } @n }
foreach ([ 100, 0, 0 ], [ 100, 0.1, 0.01 ], [ 5, 0.5, 0 ], [ 20000, 0.001, 0.00001 ], [ 3, 1, 0 ], [ 50, 0, 0.02 ])
{
	my @n = (1, 2, 4, 8, 16, 32);

	@fit = answer('usl', scalar @n, made(@$_, @n));
	ok($fit[0] && near($fit[1], $_->[0], 1e-4 * $_->[0]) && near($fit[2], $_->[1], 1e-4) && near($fit[3], $_->[2], 1e-5), "made of @$_");
	ok($_->[2] == 0 ? $fit[4] =~ /nan/ : near($fit[4], sqrt((1 - $_->[1]) / $_->[2]), 0.1), '... its peak, if it has one');
}
@fit = answer('usl', 4, made(100, 0, 0, 1, 2, 4, 8));
ok(near($fit[8], 1, 1e-6), 'the exponent of what scales linearly is 1');
@fit = answer(qw(usl 4 1 100 2 100 4 100 8 100));
ok(near($fit[8], 0, 1e-6) && near($fit[2], 1, 1e-4), 'of what doesn\'t scale, 0, and its contention is all');
# No claim of three numbers of clients, nor of what isn't there.
is((answer(qw(usl 6 1 100 2 190 4 360 1 101 2 191 4 361)))[0], 0, 'three numbers of clients are too few');
is((answer(qw(usl 4 1 100 2 0 4 300 8 500)))[0], 0, 'nothing done is none of its points');

# The search for the limit.
sub search { return join ' ', answer('knee', @_) }
like(search(1, 1, 1000, 0.1, 1, 37, 0), qr/^(3[4-7]) \1 (?:3[89]|40) \d+$/, 'whole numbers: within a tenth');
is((answer(qw(knee 1 1 1000 0.001 1 37 0)))[0], 37, 'or to one');
my @found = answer(qw(knee 10 0.01 1e9 0.1 0 777 0));
ok($found[0] <= 777 && $found[2] > 777 && $found[2] <= $found[0] * 1.1 && $found[3] < 20, "rates: @found");
is(search(10, 0.01, 100, 0.1, 0, 777, 0), 'nan 100 nan 5', 'nothing breaks: up to the maximum');
like(search(10, 0.01, 100, 0.1, 0, 0.001, 0), qr/^-?nan -?nan 0\.0\d+ \d+$/, 'nothing holds: down to the minimum');
@found = answer(qw(knee 64 1 100 0.1 1 5 0));
is("@found[0..2]", '5 5 6', 'a start that breaks is halved');
# whichever one try goes wrong, and whichever two: it ends, and what is wrong shows in the interval or not at all
my ($off, $endless) = (0, 0);
foreach my $one (1 .. 16)
{
	foreach my $two ($one .. 16)
	{
		my ($found, $low, $high, $tries) = answer('knee', 1, 1, 1000, 0.001, 1, 37, (1 << $one) | (1 << $two));

		$endless++ if $tries > 40;
		$off++ if $one == $two && ($found =~ /nan/ || abs($found - 37) > 1);
	}
}
is($endless, 0, 'it comes to an end with any two of its tries wrong');
cmp_ok($off, '<=', 6, 'one wrong try moves it only where it was not the end that is tried again');

# Is it efficient, does it degrade gracefully? Throughputs second by second, of two runs of each number of
# clients: 100 a second of one, twice as much of two, and then as much as is said of four.
sub steady { my ($tps) = @_; return "12 " . join ' ', map { $tps * (1 + $_ / 1000) } (-3, 2, -1, 3, -2, 1, 2, -3, 1, -1, 3, -2) }
sub point { my ($clients, @tps) = @_; return join ' ', $clients, scalar @tps, map { steady($_) } @tps }
sub judged
{
	my ($efficient, $retained, @points) = @_;
	my @answers = answer('scale', scalar @points, $efficient, $retained, @points);

	return join ' ', map { "@answers[4 * $_ + 2, 4 * $_ + 3]" } 0 .. $#points;
}
my @before = (point(1, 100, 100.1), point(2, 200, 199.8));
is((answer('scale', 3, 'nan', 'nan', @before, point(4, 100, 100.1)))[9], '0.501', 'retained is a share of the highest with fewer clients');
is(judged('nan', 0.9, @before, point(4, 196, 196.2)), '1 1 1 1 1 1', 'graceful: 98 % is retained, 90 % were asked for');
is(judged('nan', 0.9, @before, point(4, 100, 100.1)), '1 1 1 1 1 -1', 'not graceful: half is lost');
is(judged('nan', 0.9, @before, point(4, 180, 180.1)), '1 1 1 1 1 0', '90 %, as was asked for: who knows');
is(judged('nan', 0.9, @before, point(4, 400, 399.6), point(8, 200, 199.8)), '1 1 1 1 1 1 1 -1', 'of the highest, not of the first');
is(judged('nan', 0.9, point(1, 400, 399.6), point(2, 200, 199.8), point(4, 380, 380.2)), '1 1 1 -1 1 1', '... nor of the one before');
is(judged(0.8, 'nan', @before, point(4, 396, 395.6)), '1 1 1 1 1 1', 'efficient: each of four does as much as one alone');
is(judged(0.8, 'nan', @before, point(4, 200, 200.2)), '1 1 1 1 -1 1', 'not efficient: each does half');
is(judged('nan', 0.9, @before, '4 1 2 190 210'), '1 1 1 1 1 0', 'a run of two seconds: who knows');
is(judged(0.8, 0.9, @before, '4 0', point(8, 800, 799.4)), '1 1 1 1 0 0 1 1', 'where no run was measured nothing is known, and the others are as they are');
is(judged(0.8, 0.9, '1 0', point(2, 200, 199.8)), '0 1 0 1', 'nor of shares of what was not measured');

# ---- in the database ----

my $node = ct_node('scale', max_worker_processes => 8);
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('one_lane');
SELECT ct_add_script('one_lane', 'pass', E'BEGIN;\nSELECT pg_advisory_xact_lock(71);\nSELECT pg_sleep(0.02);\nCOMMIT');
SQL

# What a query returns, asked again if the machine had more time for one of the runs than for another.
sub scaled
{
	my ($query, $expected, $what) = @_;
	my $got;

	foreach (1 .. 4)
	{
		last if ($got = $node->safe_psql('postgres', $query)) eq $expected;
	}
	return is($got, $expected, $what);
}
scaled(<<'SQL', "1|1|t|pass|t|t|1\n3|low|t|fail|t|t|1", 'two more clients do no more: a third of the efficiency, surely less than 0.8');
SELECT client_count, CASE WHEN client_count = 1 THEN efficiency::text WHEN efficiency > 0.5 THEN 'high' ELSE 'low' END, tps > 5, verdict,
	contention IS NULL AND coherency IS NULL AND r2 IS NULL, exponent IS NULL, cardinality(runs)
FROM ct_scale('one_lane', '{1,3}', step_duration => '5 s', repeat => 1, min_efficiency => 0.8)
SQL
scaled(<<'SQL', 't|t|t|t|t|4|8', 'its contention is nearly all there is');
SELECT bool_and(contention > 0.5), bool_and(peak_clients IS NULL OR peak_clients > 0), bool_and(tps_of_one > 5), bool_and(exponent < 0.5), bool_and(verdict = 'inconclusive' OR client_count = 1 OR verdict = 'fail'),
	count(*), sum(cardinality(runs)) FROM ct_scale('one_lane', step_duration => '0.5 s', min_efficiency => 0.9)
SQL
# Where the first number of clients completes nothing there is no share of it that could be high enough.
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('late_one');
SELECT ct_add_script('late_one', 'one', E'\\if :client_id = 0\nSELECT pg_sleep(1)\n\\else\nSELECT pg_sleep(0.01)\n\\endif');
SQL
is($node->safe_psql('postgres', "SELECT verdict, efficiency IS NULL, retained IS NULL FROM ct_scale('late_one', '{1,2}', step_duration => '0.5 s', repeat => 1, min_efficiency => 0.5, min_retained => 0.5) WHERE client_count = 2"),
	'inconclusive|t|t', 'a share of nothing is not known');

my %refused = (
	"'one_lane', '{1}'" => 'clients must be 2 to 32 numbers',
	"'one_lane', '{2,1}'" => 'clients must be in rising order',
	"'one_lane', '{1,NULL}'" => 'clients must not contain nulls',
	"'one_lane', '{0,1}'" => 'clients must be between 1 and',
	"'one_lane', repeat => 0" => 'repeat must be between 1 and 10',
	"'one_lane', min_efficiency => 2" => 'min_efficiency must be more than 0 and at most 1',
	"'one_lane', min_retained => 'NaN'" => 'min_retained must be more than 0 and at most 1',
	"'one_lan'" => 'scenario "one_lan" does not exist');
foreach (sort keys %refused)
{
	my (undef, undef, $stderr) = $node->psql('postgres', "SELECT ct_scale($_)");

	like($stderr, qr/ERROR:  \Q$refused{$_}\E/, "ct_scale($_)");
}
# ---- what can't be had ----

$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('meet');
SELECT ct_add_script('meet', 'one', E'\\barrier wave\nSELECT pg_sleep(0.001)');
SELECT ct_create_scenario('three_at_least');
SELECT ct_add_script('three_at_least', 'two', 'SELECT pg_sleep(0.001)', workers => 2);
SELECT ct_add_script('three_at_least', 'others', 'SELECT pg_sleep(0.001)');
SELECT ct_create_scenario('first_alone');
SELECT ct_add_script('first_alone', 'one', E'\\if :client_id > 0\nSELECT no_such_column\n\\else\nSELECT pg_sleep(0.001)\n\\endif');
SQL

# ct_scale's rows of some columns, what it said, and how many runs it made
sub scale
{
	my ($arguments, $columns, $seconds) = (@_, 0.2);
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM ct_result');
	my ($status, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT $columns FROM ct_scale($arguments, step_duration => '$seconds s', repeat => 1)");

	return ($stdout, $stderr, $node->safe_psql('postgres', "SELECT count(*) - $before FROM ct_result"));
}

my ($rows, $said, $runs) = scale("'meet'", 'client_count');
is($rows, "1\n2\n4\n6", 'the default is as many clients as there can be');
like($said, qr/NOTICE:.* up to 6 clients are tried, not 8\nDETAIL:  Each has a session of its own, and there are background worker slots for no more\./, '... and says so');
like($said, qr/ 1 client: .* 2 clients: /s, 'one client, two clients');
($rows, $said, $runs) = scale("'meet', '{1,2,8}'", 'client_count, verdict, tps > 0, cardinality(runs), reason');
my $no_slots = 'only 6 workers could be started for 8 clients, which \\barrier needs a worker each for';
is($rows, "1|pass|t|1|\n2|pass|t|1|\n8|failed||0|$no_slots", 'a number that was named and that there are no slots for has its row');
like($said, qr/WARNING:  53400: 8 clients: not run: \Q$no_slots\E\n.*HINT:  Ask for fewer clients, or raise max_worker_processes \(now 8\).*1 client: /s, '... and is told of before the first run');
is($runs, 2, '... of two');
($rows, $said, $runs) = scale("'meet', '{8,9}'", '*');
like($said, qr/ERROR:  53400: \Q$no_slots\E\n.*HINT:  Ask for fewer clients, or raise max_worker_processes \(now 8\).*CONTEXT:  step with 8 clients/s, 'where that is the first, it is raised');
is($runs, 0, '... before anything is run');
is((scale("'three_at_least'", 'client_count'))[0], "3\n6", 'the default begins with the least that the scripts need');
($rows, $said, $runs) = scale("'three_at_least', '{2,4}'", '*');
like($said, qr/ERROR:  22023: the scripts need at least 3 clients, but the run has 2\n.*CONTEXT:  step with 2 clients/s, 'fewer are refused');
is($runs, 0, '... before anything is run');
($rows, $said, $runs) = scale("'meet', '{1,2}', thresholds => '{spike.p95_ms < 1}'", '*');
like($said, qr/ERROR:  42704/, 'as is a threshold on what isn\'t there');

# What goes wrong in the middle is a row, and the others stay.
($rows, $said, $runs) = scale("'first_alone', '{1,2,3}'", 'client_count, verdict, tps > 0, reason, cardinality(runs)', 3);
is($rows, "1|pass|t||1\n" . join("\n", map { "$_|failed||column \"no_such_column\" does not exist (SQLSTATE 42703); script \"one\", line 2: SELECT no_such_column|1" } 2, 3),
	'a step that fails has its row');
$node->safe_psql('postgres', "SELECT ct_drop_script('first_alone', 'one')");
$node->safe_psql('postgres', "SELECT ct_add_script('first_alone', 'one', 'SELECT no_such_column')");
($rows, $said, $runs) = scale("'first_alone'", '*');
like($said, qr/ERROR:  42703: with 1 client the run was without a verdict/, 'but the first one raises');
is($runs, 1, '... at once');

# A scenario's own load stands back: its phases, its rate.
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('rated', rate => 1);
SELECT ct_add_script('rated', 'one', 'SELECT pg_sleep(0.001)');
SELECT ct_create_scenario('phased');
SELECT ct_add_script('phased', 'one', 'SELECT pg_sleep(0.001)');
SELECT ct_add_phase('phased', 'calm', '1 min', rate => 1);
SQL
is((scale("'$_', '{1,2}'", 'client_count, tps > 5', 2))[0], "1|t\n2|t", "$_: what the scenario says of its load is not in the way") foreach qw(rated phased);

ct_nothing_left($node, 'scale');
$node->stop;
done_testing();
