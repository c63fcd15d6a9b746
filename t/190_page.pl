# The report as a page, of runs whose every number is known (t/page/runs.sql): what a chart draws and what
# the table behind it says is what the view says, whatever a name consists of stays text, in any encoding,
# and nothing is loaded from anywhere. How it looks in a browser is t/190_page_browser.pl's business.

use strict;
use warnings;

use Encode;
use FindBin;
use lib "$FindBin::RealBin/lib";

use CtPage;
use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('page');
$node->start;
local $ENV{PGCLIENTENCODING} = 'UTF8';
ct_page_fill($node, 'page');
my %pages = map { $_ => ct_page_of($node, 'page', $_) } 1 .. 5, 11, 12;
my $many = ct_page_of($node, 'page', '{1,2,4,3,2}');

# Rows of a query, each a list of cells.
sub rows
{
	my ($query) = @_;
	my @rows = map { [ split /\|/, $_, -1 ] } split /\n/, decode('UTF-8', $node->safe_psql('page', $query));
	return \@rows;
}

# Are all cells the same, numbers as numbers?  Else the first that isn't.
sub difference
{
	my ($got, $expected) = @_;

	return scalar(@$got) . " rows instead of " . scalar(@$expected) if @$got != @$expected;
	foreach my $i (0 .. $#$expected)
	{
		return "row $i has " . @{ $got->[$i] } . " cells instead of " . @{ $expected->[$i] } if @{ $got->[$i] } != @{ $expected->[$i] };
		foreach my $k (0 .. $#{ $expected->[$i] })
		{
			my ($a, $b) = ($got->[$i][$k], $expected->[$i][$k]);
			my $number = qr/\A-?\d+(?:\.\d+)?(?:e[+-]?\d+)?\z/;
			next if $a eq $b || ($a =~ $number && $b =~ $number && abs($a - $b) <= 1e-9 * abs($b));
			return "row $i, cell $k: '$a' instead of '$b'";
		}
	}
	return '';
}

# The table of that view and title is as the query has it, or its columns from, to.
sub is_table
{
	my ($page, $title, $view, $query, @columns) = @_;
	my ($table) = grep { $_->{view} eq $view && $_->{title} eq $title } ct_page_tables($page);

	ok($table, "$title: there is a table of $view") or return;
	my @rows = @columns ? map { [ @$_[@columns] ] } @{ $table->{rows} } : @{ $table->{rows} };
	is(difference(\@rows, rows($query)), '', "$title: its numbers are those of $view");
	return $table;
}

# Heights or widths are the numbers', but for their rounding to a tenth.
sub is_drawn
{
	my ($drawn, $numbers, $what) = @_;
	my ($most) = sort { $b <=> $a } @$numbers;
	my ($largest) = sort { $b <=> $a } @$drawn;
	my @wrong = grep { abs($drawn->[$_] - $numbers->[$_] * $largest / $most) > 0.16 + 0.002 * $drawn->[$_] } 0 .. $#$numbers;

	is(scalar @$drawn, scalar @$numbers, "$what: all are drawn");
	ok(!@wrong, "$what: drawn to scale") or diag("wrong: @wrong of @$drawn, being @$numbers");
}

# ---- structure ----

foreach my $id (sort keys %pages, 'many')
{
	my $page = $id eq 'many' ? $many : $pages{$id};
	my @wrong = ct_page_wrong($page);

	is("@wrong", '', "run $id: well-formed");
	ok($page !~ /[^\x09\x0a\x20-\x7e]/, "run $id: ASCII, without control characters");
	like($page, qr/\A<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">/, "run $id: its encoding comes first");
	my %ids;
	my @twice = grep { $ids{$_}++ } $page =~ / id="([^"]*)"/g;
	is("@twice", '', "run $id: ids are unique");
	my @nowhere = grep { !$ids{$_} } $page =~ / (?:href="#|aria-labelledby=")([^"]*)"/g;
	is("@nowhere", '', "run $id: what is referred to is there");
	my @svg = $page =~ /<svg [^>]*>/g;
	my @mute = grep { !/role="img" aria-label="[^"]{5,}"/ && !/aria-hidden="true"/ && !/viewBox="0 0 28 10"/ } @svg;
	is("@mute", '', "run $id: each picture is said in words, or beside them");
	# text may name addresses; tags and the style may not
	my @loads = grep { s/ aria-label="[^"]*"//r =~ /\bhttps?:|url\(|\@import|<link|<script|<iframe|<object|<img|\bsrc=|\bon\w+=/i } $page =~ /<[^>]*>|<style>.*?<\/style>/sg;
	is("@loads", '', "run $id: nothing is loaded, nothing executed");
	like($page, qr/default-src 'none'/, "run $id: which it tells the browser, too");
}

SKIP:
{
	my ($xmllint) = grep { -x } map { "$_/xmllint" } split /:/, $ENV{PATH};
	skip 'no xmllint', 1 unless $xmllint;
	foreach my $page ($pages{1}, $pages{5}, $many)
	{
		my $file = PostgreSQL::Test::Utils::tempdir . '/page.html';
		my $errors = '';

		append_to_file($file, $page);
		IPC::Run::run([ $xmllint, '--html', '--noout', $file ], '2>', \$errors);
		# it knows HTML 4 only
		my @errors = grep { !/Tag (?:main|article|section|header|footer|nav|figure|figcaption|details|summary|bdi|svg|path|rect|text|title|g) invalid/ }
		  $errors =~ /error : (.*)/g;
		is("@errors", '', 'xmllint has no complaint');
	}
}

# ---- what comes first ----

{
	my $text = ct_page_text($pages{1} =~ s/.*<main>//sr);
	like($text, qr/\A\s*FAIL\s+transfer \/ naive\s+Check money_is_kept found 3 violations\. Threshold spike\.p95_ms < 200 is missed: 312\.4\.\s+Run 1: 8 workers/,
		'the verdict, and why');
	like(ct_page_text($pages{4} =~ s/.*<main>//sr), qr/\A\s*ERROR\s+broken\s+setup: relation "x \[31m" does not exist LINE 1: SELECT \(SQLSTATE 42P01\)/,
		'an error that kept a run from a verdict');
	unlike($pages{4}, qr/<section|<svg/, 'of which there is nothing else to show');
	like(ct_page_text($pages{12} =~ s/.*<main>//sr), qr/\A\s*INCONCLUSIVE\s+nothing ok 7 noitcetid\s.*Not one transaction completed\./, 'a run that did nothing');
	unlike($pages{12}, qr/<figure/, 'of which there is no picture');
	my ($thresholds) = grep { $_->{title} eq 'Thresholds' } ct_page_tables($pages{1});
	is(difference($thresholds->{rows}, rows(q{SELECT check_name, kind, CASE status WHEN 'fail' THEN 'FAIL' ELSE status END, target, actual, violations
		FROM ct_checks WHERE run_id = 1 AND kind = 'threshold' ORDER BY position})), '', 'thresholds, with target and actual value');
}

# ---- charts, and the tables behind them ----

my $one = $pages{1};
is_table($one, 'Seconds', 'ct_timeline', 'SELECT second, transactions, tps, failed, retries, p50_ms, p95_ms, p99_ms, max_ms FROM ct_timeline WHERE run_id = 1 ORDER BY 1');
{
	my ($picture) = $one =~ /aria-label="(?=Transactions per second over)(.*?)<\/svg>/s;
	my ($line) = $picture =~ /<path class="line s1" d="([^"]*)"/;
	my @y = $line =~ / ([\d.]+)/g;
	my ($zero) = $picture =~ /<path class="axis" d="M58 ([\d.]+)H/;
	is_drawn([ map { $zero - $_ } @y ], [ map { $_->[0] } @{ rows('SELECT tps FROM ct_timeline WHERE run_id = 1 ORDER BY second') } ], 'throughput');
	is(scalar(() = $picture =~ /class="band"/g), 2, 'every other phase is shaded');
	like($picture, qr/>spike</, 'phases are named');
}
is_table($one, 'Phases', 'ct_phases', q{SELECT phase, rate_text, clients, CASE WHEN tps > 1000 THEN to_char(tps, 'FM9,999') ELSE tps::text END, failed
	FROM (SELECT *, CASE WHEN rate = 1000 THEN '1,000' ELSE rate::text END AS rate_text FROM ct_phases) p WHERE run_id = 1 ORDER BY position}, 0, 2, 3, 4, 5);
is_table($one, 'Classes', 'ct_classes', 'SELECT class, clients, transactions, tps, failed, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms FROM ct_classes WHERE run_id = 1 ORDER BY position');
is_table($one, 'Classes of clients', 'ct_classes', q{SELECT class, clients, to_char(transactions, 'FM99,990'), failed FROM ct_classes WHERE run_id = 1 ORDER BY position}, 0 .. 2, 4);
{
	my ($picture) = $one =~ /aria-label="(?=Percentiles of the latency of 2 classes)(.*?)<\/svg>/s;
	is(scalar(() = $picture =~ /<g>/g), 2, 'a line for each class that did something');
	is_deeply([ misplaced($picture, 'ct_classes') ], [], 'percentiles of classes are where the axis has them');
}
is_table($one, 'Percentiles', 'ct_latencies', q{SELECT script, count, mean_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms
	FROM ct_latencies WHERE run_id = 1 AND kind = 'transaction' AND step = 0 ORDER BY script});
{
	my ($table) = grep { $_->{title} eq 'Distribution' } ct_page_tables($one);
	my @wrong;

	foreach (@{ $table->{rows} })
	{
		my ($from, $to, $count) = @$_;
		my $sum = $node->safe_psql('page', qq{SELECT coalesce(sum(count), 0) FROM ct_histograms WHERE run_id = 1 AND kind = 'transaction' AND step = 0
			AND (lower_us + upper_us) / 2 * (1 + 1e-9) >= $from AND (lower_us + upper_us) / 2 * (1 + 1e-9) < $to});
		push @wrong, "$from to $to: $count instead of $sum" if $sum != $count;
	}
	is("@wrong", '', 'the distribution is ct_histograms');
	my $all = 0;
	$all += $_->[2] for @{ $table->{rows} };
	is($all, $node->safe_psql('page', q{SELECT sum(count) FROM ct_histograms WHERE run_id = 1 AND kind = 'transaction' AND step = 0}), 'all of it');
	my ($picture) = $one =~ /aria-label="(?=Distribution of)(.*?)<\/svg>/s;
	my @counts = grep { $_ > 0 } map { $_->[2] } @{ $table->{rows} };
	is_drawn([ $picture =~ /<rect class="f1" [^>]*height="([\d.]+)"/g ], \@counts, 'the distribution') if !grep { $_ < 200 } @counts;
	my @heights = $picture =~ /<rect class="f1" [^>]*height="([\d.]+)"/g;
	is(scalar @heights, scalar @counts, 'each of its bars');
	my ($most) = sort { $b <=> $a } @counts;
	my ($highest) = sort { $b <=> $a } @heights;
	is_deeply([ grep { abs($heights[$_] - ($counts[$_] * $highest / $most > 1 ? $counts[$_] * $highest / $most : 1)) > 0.2 } 0 .. $#counts ], [], 'they are to scale');
}
{
	my $table = is_table($one, 'Waits', 'ct_waits', q{SELECT script, CASE WHEN wait_event_type = wait_event THEN wait_event ELSE wait_event_type || ': ' || wait_event END, samples
		FROM ct_waits WHERE run_id = 1 ORDER BY script, samples DESC}, 0, 1, 2);
	my @widths = $table->{html} =~ /<rect class="f\d" height="8" width="([\d.]+)"/g;
	is_drawn(\@widths, [ map { $_->[0] } @{ rows('SELECT share FROM ct_waits WHERE run_id = 1 ORDER BY script, samples DESC') } ], 'waits');
}
is_table($one, 'Blocking', 'ct_blocking', q{SELECT concat_ws(' ', script, step), CASE WHEN outside THEN 'from outside' ELSE concat_ws(' ', blocker_script, blocker_step) END,
	format('%s, %s of %s', mode, locktype, relation), waited_ms, max_ms, samples, chain, query, blocker_query FROM ct_blocking WHERE run_id = 1 ORDER BY position});
is(scalar(() = $one =~ /class="flow"/g), 4, 'each wait for somebody is a band');
is_table($one, 'Deadlocks', 'ct_deadlocks', q{SELECT deadlock, participant, coalesce(script, ''), step, holds, locktype, mode, relation, waits_for, CASE WHEN victim THEN 'yes' ELSE 'no' END
	FROM ct_deadlocks WHERE run_id = 1 ORDER BY deadlock, participant}, 0 .. 9);
{
	my @rings = $one =~ /aria-label="Deadlock of (\d: [^"]*)"/g;
	is_deeply(\@rings, [ '2: 1 waits for 2, 2 waits for 1', '3: 1 waits for 2, 2 waits for 3, 3 waits for 1',
		'8: ' . join ', ', map { "$_ waits for " . ($_ % 8 + 1) } 1 .. 8 ], 'a picture for each kind of deadlock');
	my @pictures = $one =~ /aria-label="Deadlock of .*?<\/svg>/sg;
	is_deeply([ map { scalar(() = /class="box/g) . ' ' . scalar(() = /class="arrow"/g) . ' ' . scalar(() = /class="box victim"/g) } @pictures ],
		[ '2 2 1', '3 3 1', '8 8 1' ], 'with who took part, who waited, and who was ended');
	like(ct_page_text($one), qr/5 deadlocks: a ring of 2/, 'and how many of it there were');
	like(ct_page_text($one), qr/transfer 3 holds ExclusiveLock on transaction 712 and waits for ShareLock, transactionid of account, which 1 holds; it was ended by 40P01\./, 'in words');
	is_deeply([ overlapping($_) ], [], 'boxes lie beside each other') for @pictures;
}
is_table($one, 'Resources', 'ct_resources', q{SELECT second, cpu, server_cpu, machine_cpu, machine_memory, memory_mb, max_worker_mb, temp_bytes, wal_bytes, buffers_hit, buffers_read,
	dead_tuples, table_bytes, connections FROM ct_resources WHERE run_id = 1 ORDER BY second});
{
	my ($picture) = $one =~ /aria-label="(?=Memory, private)(.*?)<\/svg>/s;
	my ($zero) = $picture =~ /<path class="axis" d="M58 ([\d.]+)H/;
	my @y = ($picture =~ /<path class="line s1" d="([^"]*)"/)[0] =~ / ([\d.]+)/g;
	is_drawn([ map { $zero - $_ } @y ], [ map { $_->[0] } @{ rows('SELECT memory_mb FROM ct_resources WHERE run_id = 1 ORDER BY second') } ], 'memory');
}
is_table($one, 'Workers', 'ct_workers', 'SELECT worker, transactions, failed, retries, waited FROM ct_workers WHERE run_id = 1 ORDER BY 1');
{
	my ($picture) = $one =~ /aria-label="(?=Transactions by each of)(.*?)<\/svg>/s;
	is_drawn([ $picture =~ /<rect class="f1" [^>]*height="([\d.]+)"/g ], [ map { $_->[0] } @{ rows('SELECT transactions FROM ct_workers WHERE run_id = 1 ORDER BY worker') } ], 'workers');
}
is_table($one, 'The sample', 'ct_samples', q{SELECT sample, round(extract(epoch FROM s.started_at - gate_at), 3), latency_ms, script FROM ct_samples s JOIN ct_runs USING (run_id)
	WHERE run_id = 1 AND kind = 'random' ORDER BY sample});
{
	my ($picture) = $one =~ /aria-label="(?=\d+ transactions by start)(.*?)<\/svg>/s;
	is(scalar(() = $picture =~ /h0/g), 400, 'a dot for each');
	my $table = is_table($one, 'The slowest transactions', 'ct_samples', q{SELECT latency_ms, script, tries, outcome,
		(SELECT string_agg(format('%s: %s', s, round(m::numeric, 3)), ', ' ORDER BY n) FROM unnest(steps, statement_ms) WITH ORDINALITY u (s, m, n))
		FROM ct_samples WHERE run_id = 1 AND kind = 'slowest' ORDER BY sample}, 0, 2, 4, 5, 6);
	my @bars = map { my $sum = 0; $sum += $_ for /<rect [^>]*width="([\d.]+)"/g; $sum } $table->{html} =~ /<td class="bar wide">.*?<\/svg>/sg;
	is_drawn(\@bars, [ map { $_->[0] } @{ $table->{rows} } ], 'the slowest');
}
is_table($one, 'Orders seen', 'ct_orders', q{SELECT step || ' ' || (SELECT CASE WHEN length(l) > 48 THEN left(l, 47) || U&'\2026' ELSE l END
		FROM (SELECT regexp_replace(sql, '\s+', ' ', 'g') AS l FROM ct_latencies WHERE run_id = 1 AND ct_latencies.script = o.script AND ct_latencies.step = o.step AND kind = 'statement') q),
	split_part(string_agg(CASE WHEN before_seen AND after_seen THEN 'both' WHEN before_seen THEN 'before' WHEN after_seen THEN 'after' ELSE 'neither' END, ',' ORDER BY other_step), ',', 1),
	split_part(string_agg(CASE WHEN before_seen AND after_seen THEN 'both' WHEN before_seen THEN 'before' WHEN after_seen THEN 'after' ELSE 'neither' END, ',' ORDER BY other_step), ',', 2),
	split_part(string_agg(CASE WHEN before_seen AND after_seen THEN 'both' WHEN before_seen THEN 'before' WHEN after_seen THEN 'after' ELSE 'neither' END, ',' ORDER BY other_step), ',', 3)
	FROM ct_orders o WHERE run_id = 1 GROUP BY script, step ORDER BY step});

# Circles, the medians, of a picture on a logarithmic axis: those that stand elsewhere than its numbers say.
sub misplaced
{
	my ($picture, $view) = @_;
	my @x = $picture =~ /<path class="f1" d="M([\d.]+) /g;
	my @p50 = map { $_->[0] } @{ rows("SELECT p50_ms FROM $view WHERE run_id = 1 AND p50_ms IS NOT NULL ORDER BY position") };
	my %tick = reverse $picture =~ /<text class="tick" text-anchor="\w+" x="([\d.]+)" [^>]*>([\d.]+) ms</g;
	my ($low, $high) = (sort { $a <=> $b } keys %tick)[ 0, -1 ];
	my $scale = ($tick{$high} - $tick{$low}) / log($high / $low);

	return grep { abs($x[$_] - $tick{$low} - $scale * log($p50[$_] / $low)) > 0.3 } 0 .. $#p50;
}

# ---- beside other runs ----

is_table($pages{11}, 'Repeats', 'ct_runs', q{SELECT run_id, variant, upper(verdict), round(tps::numeric, 1), round(tps_low::numeric, 1) || ' to ' || round(tps_high::numeric, 1), p95_ms
	FROM ct_runs WHERE repeat_of = 9 ORDER BY 1}, 0 .. 3, 5, 6);
is_table($pages{11}, 'Changes', 'ct_regressions', q{SELECT metric, before, after, change, change_low, change_high, CASE WHEN significant THEN 'yes' WHEN NOT significant THEN 'no' END, detectable
	FROM ct_regressions WHERE run_id = 11});
{
	my ($picture) = $pages{11} =~ /aria-label="(?=Change of 5 metrics)(.*?)<\/svg>/s;
	my ($zero) = $picture =~ /<path class="mark" d="M([\d.]+)/;
	my ($end) = $picture =~ /<path class="axis" d="M[\d.]+ [\d.]+H([\d.]+)/;
	my @bars = map { [ $_->[0] - $zero, $_->[0] + $_->[1] - $zero ] } map { [/x="([\d.]+)".* width="([\d.]+)"/] } $picture =~ /<rect class="f\d"[^>]*>/g;
	my @changes = @{ rows('SELECT change_low, change_high FROM ct_regressions WHERE run_id = 11 AND change_low IS NOT NULL') };
	my $scale = $bars[0][0] / $changes[0][0];

	is(scalar @bars, 5, 'an interval for each metric that has one');
	foreach my $i (0 .. $#changes)
	{
		foreach my $k (0, 1)
		{
			my $at = $changes[$i][$k] * $scale;
			$at = $scale if $changes[$i][$k] > 1;
			cmp_ok(abs($bars[$i][$k] - $at), '<', 1.3, "interval $i, end $k: about 0 to scale, or cut at twice");
		}
	}
	like(ct_page_text($pages{11}), qr/What ends at the right edge goes on beyond it\./, 'which is said');
	like(ct_page_text($pages{11}), qr/tps 1,027 770 -25\.0 % 1\.9 % worse \(-26\.2 % to -23\.9 %\) mean_ms 2\.03 ms 2\.03 ms 0 % 1\.7 % no difference was seen \(-1\.3 % to \+1\.4 %\)/, 'in words');
	like(ct_page_text($pages{11}), qr/are compared with the baseline, runs 6, 7, 8\./, 'with what');
	unlike($_, qr/Compared with earlier|>Repeats</, 'where there is nothing to compare with nothing is said') foreach @pages{ 1 .. 5 };
}

# Boxes of a picture that overlap, in pairs.
sub overlapping
{
	my ($picture) = @_;
	my @boxes = map { [/x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/] } $picture =~ /<rect class="box[^>]*>/g;
	my ($width, $height) = $picture =~ /viewBox="0 0 ([\d.]+) ([\d.]+)"/ ? ($1, $2) : (440, 1000);
	my @found = grep { $_->[0] < 0 || $_->[1] < 0 || $_->[0] + $_->[2] > $width || $_->[1] + $_->[3] > $height } @boxes;

	foreach my $i (0 .. $#boxes)
	{
		foreach my $k ($i + 1 .. $#boxes)
		{
			my ($a, $b) = @boxes[ $i, $k ];
			push @found, "$i and $k"
			  if $a->[0] < $b->[0] + $b->[2] && $b->[0] < $a->[0] + $a->[2] && $a->[1] < $b->[1] + $b->[3] && $b->[1] < $a->[1] + $a->[3];
		}
	}
	return @found;
}

# ---- what is large, and many ----

cmp_ok(length $one, '<', 200_000, 'an ordinary page is below 200 kB');
cmp_ok(length $pages{3}, '<', 400_000, 'so many seconds, workers and scripts keep within bounds');
like(ct_page_text($pages{3}), qr/10,000 seconds, drawn as 120 stretches/, 'and the page says that it is less than there is');
{
	my ($table) = grep { $_->{title} eq 'Stretches of time' } ct_page_tables($pages{3});
	my $expected = rows(q{SELECT min(second), max(second), sum(transactions), round((sum(transactions) / sum(seconds))::numeric, 1), sum(failed), sum(retries), max(p50_ms), max(p95_ms), max(p99_ms), max(max_ms)
		FROM (SELECT *, width_bucket(second, (SELECT array_agg(10000 * i / 120 + 1) FROM generate_series(0, 119) i)) AS stretch FROM ct_timeline WHERE run_id = 3) s GROUP BY stretch ORDER BY 1});
	# halves are rounded up there, and to even here
	is_deeply([ grep { abs($table->{rows}[$_][3] - $expected->[$_][3]) > 0.11 } 0 .. $#$expected ], [], 'their rates');
	splice @$_, 3, 1 foreach @{ $table->{rows} }, @$expected;
	is(difference($table->{rows}, $expected), '', 'stretches are the sums and the worst of their seconds');
}
is_table($many, 'Runs side by side', 'ct_runs', q{SELECT run_id, variant, upper(verdict), round(tps::numeric, 1), round(tps_low::numeric, 1) || ' to ' || round(tps_high::numeric, 1), p95_ms
	FROM (VALUES (1, 1), (2, 2), (3, 2)) o (n, run_id) JOIN ct_runs USING (run_id) ORDER BY n}, 0 .. 3, 5, 6);
like(ct_page_text($many), qr/5 runs: 3 passed, 1 failed, 1 without a verdict; success rate 60\.0 %\./, 'many runs are summed up');
is(scalar(() = $many =~ /<article /g), 5, 'and each is told');
is_deeply([ ($many =~ /<table .*?data-view="ct_runs">(.*?)<\/table>/s)[0] =~ /<tr><td><a href="#(r\d)">(\d)<\/a><td><code>/g ], [qw(r1 1 r2 2 r3 4 r4 3 r5 2)], 'in the order of the array, with a link to each');

# ---- what users write ----

{
	my $text = ct_page_text($pages{5});
	my $name = '<script>transfer</script><img src=x onerror=y>" onload="z\' &amp;';

	cmp_ok(scalar(() = $text =~ /\Q$name\E/g), '>', 30, 'what looks like markup is shown as it is');
	is(scalar(() = $pages{5} =~ /<\/title>/g), scalar(() = $pages{5} =~ /<title>/g), 'and ends no title');
	is(difference([ map { [ $_->[2] ] } map { @{ $_->{rows} } } grep { $_->{title} eq 'Waits' } ct_page_tables($pages{5}) ],
			rows('SELECT samples FROM ct_waits WHERE run_id = 5 ORDER BY script, samples DESC')), '', 'charts are as they were');
}

# ---- colours ----

{
	my @modes = $one =~ /:root\{([^}]*)\}/g;
	my @low;

	is(scalar @modes, 3, 'colours for light, dark and paper');
	foreach my $mode (@modes)
	{
		my %colour = $mode =~ /--(\w+):(#\w{6})/g;

		foreach my $text (qw(ink dim good bad warn s1))
		{
			push @low, "$text on $_: " . contrast(@colour{ $text, $_ }) for grep { contrast(@colour{ $text, $_ }) < 4.5 } qw(paper soft);
		}
		push @low, "$_: " . contrast(@colour{ $_, 'paper' }) for grep { contrast(@colour{ $_, 'paper' }) < 3 } map { "s$_" } 1 .. 6;
	}
	is("@low", '', 'contrasts are at least 4.5 for text, 3 for what is drawn');
	my %used = map { $_ => 1 } $one =~ /(?:color|background|fill|stroke|border[\w-]*|outline):[^;}]*?(#[0-9a-f]{3,8})/gi;
	is(join(' ', sort keys %used), '', 'and no others are used');
}

# The contrast of two colours as WCAG has it, from 1 to 21.
sub contrast
{
	my @l = map { my @c = map { $_ /= 255; $_ <= 0.03928 ? $_ / 12.92 : (($_ + 0.055) / 1.055)**2.4 } map { hex } /\#(..)(..)(..)/; 0.2126 * $c[0] + 0.7152 * $c[1] + 0.0722 * $c[2] } @_;
	return ($l[0] > $l[1] ? $l[0] + 0.05 : $l[1] + 0.05) / ($l[0] > $l[1] ? $l[1] + 0.05 : $l[0] + 0.05);
}

# ---- encodings ----

foreach ([ UTF8 => "Z\xc3\xbcrich \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x90\x98", "Z\x{fc}rich \x{6771}\x{4eac} \x{1f418}", [qw(UTF8 SQL_ASCII)] ],
	[ LATIN1 => "Z\xfcrich", "Z\x{fc}rich", [qw(LATIN1 UTF8)] ],
	[ EUC_JP => "\xc5\xec\xb5\xfe", "\x{6771}\x{4eac}", [qw(EUC_JP UTF8 SJIS)] ],
	[ SQL_ASCII => "Z\xc3\xbcrich", "Z\x{fc}rich", [qw(SQL_ASCII UTF8)] ],
	[ SQL_ASCII => "Z\xfcrich", "Z\x{fffd}rich", ['SQL_ASCII'], 2 ])
{
	my ($encoding, $bytes, $characters, $clients, $again) = @$_;
	my $db = lc $encoding;
	my $id = $again // 1;
	my $hex = unpack 'H*', $bytes;
	my %seen;

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0") unless $again;
	$node->safe_psql($db, 'CREATE EXTENSION ct_ext') unless $again;
	$node->safe_psql($db, qq{
		INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, workers_asked, server_version, plan, leader_pid, shm_handle)
			SELECT $id, n, n || '/', current_user::regrole, 'succeeded', 'pass', n, '2026-11-21 10:00:00+00', 4, '15.20', '{}', 1, 0 FROM convert_from('\\x$hex', '$encoding') n});
	foreach my $client (@$clients)
	{
		my $page = ct_page_of($node, $db, $id, $client);

		unlike($page, qr/[^\x09\x0a\x20-\x7e]/, "$encoding for $client: ASCII");
		like(ct_page_text($page), qr/PASS\s+\Q$characters\E \/ \Q$characters\E\/\s+\Q$characters\E\s+Run $id/, "$encoding for $client: the characters are those that were meant");
		$seen{$page} = 1;
	}
	is(scalar keys %seen, 1, "$encoding: each client gets the same");
}

# ---- text and Markdown ----

{
	my $text = $node->safe_psql('page', 'SELECT ct_report(1)');
	my $markdown = $node->safe_psql('page', q{SELECT ct_report(1, 'markdown')});

	like($text, qr/\nPhases\n  phase +length .*\n  baseline +10\.0 s +100 +8 +980 .*\n  spike +5\.00 s/, 'phases in the text');
	like($text, qr/\nClasses of clients\n  class +clients +transactions +per second .*\n  readers +80 +24,000 +800 +0 .*\n(?:.*\n)  idle +2 +0 +0 +0 +- /, 'classes');
	like($text, qr/\nWaits\n  wait +samples +share +script\n  CPU +900 +96\.5 % +audit\n(?:.*\n)*  Lock: transactionid +2,980 +31\.3 % +transfer\n/, 'waits');
	like($text, qr/\nBlocking\n  waiting +for +lock +waited +longest +in a row\n  transfer 2 +transfer 3 +ShareLock, transactionid \S+ +8\.12 s +341 ms +4\n/, 'blocking');
	like($text, qr/\nDeadlocks\n  deadlocks +each waits for the next +for a lock\n +5  transfer 2, transfer 3 /, 'deadlocks');
	like($text, qr/\nResources, by the second\n  resource +start +mean +peak +end +in all\n  CPU of the run +31\.0 % +43\.0 % +89\.0 % +30\.0 %\n/, 'resources');
	like($markdown, qr/\n#### $_\n\n\|/, "$_ in Markdown") foreach 'Phases', 'Classes of clients', 'Waits', 'Blocking', 'Deadlocks', 'Resources, by the second';
	foreach (9, 11)
	{
		my $repeat = $node->safe_psql('page', "SELECT ct_report($_)");
		my $of_it = $node->safe_psql('page', "SELECT ct_report($_, 'markdown')");

		like($repeat, qr/\nRepeats\n  run +verdict +.*\n(?: +\d+ +PASS .*\n)*? +$_ +PASS +30,321 .* this run\n/, "run $_: its repeats, and which it is");
		like($repeat, qr/From the least to the most of 3 runs: 769 to 771 per second, p95 4\.99 ms to 5\.01 ms, p99 7\.00\s+ms to 47\.0 ms\./, "run $_: how far they lie apart");
		like($repeat, qr/\nCompared with earlier runs\n  metric .*\n  tps +1,027 +770 +-25\.0 % +1\.9 % +worse \(-26\.2 % to -23\.9 %\)\n/, "run $_: the change of them all");
		like($repeat, qr/\n  errors +0 +2\.33 +- +- +no difference was seen\n/, "run $_: from none to some there is no ratio");
		like($of_it, qr/\n\| `p99_ms` \| 7\.11 ms \| 27\.0 ms \| \+280 % \| 5,843 % \| no difference was seen \(-90\.4 % to \+14,985 %\) \|\n/, "run $_: in Markdown");
	}
	my $told = $node->safe_psql('page', 'SELECT ct_report(8)');
	like($told, qr/\n  tps +1,026 +1,028 +\+0\.15 % +.*no difference was seen \(.*\)\n(?:.*\n)*  The run is compared with the last 2 of the same settings, runs 6, 7\. /, 'a run on its own, without a baseline before it');
	$node->safe_psql('page', "DELETE FROM ct_result_second WHERE run_id BETWEEN 6 AND 8");
	like($node->safe_psql('page', 'SELECT ct_report(8)'), qr/\n  tps +1,026 +1,028 +\+0\.15 % +- +not told\n(?:.*\n)*.*\sWhat\s+is\s+not\s+told\s+the\s+data\s+don.t\s+allow\s+to\s+tell:/, 'what the data do not tell is not told');
	unlike($node->safe_psql('page', 'SELECT ct_report(4)'), qr/Phases|Waits|Blocking|Deadlocks|Resources/, 'where there are any');
	is($node->safe_psql('page', q{SELECT max(length(line)) <= 98 FROM string_to_table(ct_report(1), E'\n') line}), 't', 'within the width of the text');
}

# what ends a line for some readers, or turns its direction
{
	my $tap = decode('UTF-8', $node->safe_psql('page', q{SELECT ct_report(12, 'tap')}));

	like($tap, qr/\A1\.\.1\nnot ok 1 - nothing ok 7 noitcetid\n/, 'a name stays in its line, and the line as it is');
	unlike(decode('UTF-8', $node->safe_psql('page', "SELECT ct_report(12, '$_')")), qr/[\x{2028}\x{202e}\x{2066}]/, "no control character in $_")
	  foreach qw(text markdown tap junit html);
}

# ---- what is too long ----

{
	$node->safe_psql('page', "UPDATE ct_result SET message = repeat('long', 15000000) WHERE run_id = 4");
	my ($rc, $out, $err) = $node->psql('page', q{\set VERBOSITY verbose
		SELECT length(ct_report('{4,4,4,4,4,4,4,4,4,4}'::bigint[], 'json'))});
	like($err, qr/ERROR:  54000: report of 10 runs is too long\nDETAIL:  In format "json" the first 5 of them come to 28\d MB; a report can have 256 MB\.\nHINT:  Report about 4 runs at a time, or choose/,
		'a report that nobody could read is refused, with how much of it could be');
	cmp_ok($node->safe_psql('page', q{SELECT length(ct_report('{4,4,4,4}'::bigint[], 'json'))}), '>', 240_000_000, 'so many can');
}

$node->stop;
done_testing();
