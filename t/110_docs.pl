# What is written for users is true: README.md and the pages of docs/ are executed from top to
# bottom, and what they show is what comes out (t/lib/CtDocs.pm says how that is compared).
# docs/scenarios.md says what the catalog says: scripts/docs was run after the last change.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtDocs;
use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $docs = "$FindBin::RealBin/../docs";
my $node = ct_node('docs');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');

my ($stdout, $stderr) = run_command([ 'psql', '-Xq', '-d', $node->connstr('postgres'), '-f', "$docs/scenarios.sql" ]);
is($stderr, '', 'the catalog can be printed');
ok($stdout . "\n" eq slurp_file("$docs/scenarios.md"), 'docs/scenarios.md is what scripts/docs prints');

# Each scenario tells what somebody who looks for their bug needs to know.
is($node->safe_psql('postgres', <<'SQL'), '', 'each bundled scenario says what it is about');
SELECT name FROM ct_scenarios LEFT JOIN ct_stories ON scenario = name
WHERE bundled AND (description = '' OR length(description) > 110 OR description ~ '\n' OR coalesce(length(story), 0) < 200 OR category = '')
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'each of their variants says what is different, and what it comes to');
SELECT scenario, variant FROM ct_variants JOIN ct_scenarios s ON s.name = scenario
WHERE bundled AND (ct_variants.description = '' OR expected_verdict IS NULL)
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'the first variant has the bug, and there is a fix');
SELECT scenario FROM ct_variants JOIN ct_scenarios s ON s.name = scenario WHERE bundled GROUP BY scenario
HAVING min("position") FILTER (WHERE expected_verdict = 'fail') IS DISTINCT FROM 1 OR NOT bool_or(expected_verdict = 'pass')
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'each of their checks says what holds');
SELECT scenario, name FROM ct_check WHERE bundled AND description = ''
SQL

# How what is shown is compared: numbers that are a matter of luck may be others, all else may not.
my $table = " variant | tps | ok\n---------+-----+----\n naive   | 9.5 | t\n";
my @same = (
	[ 'found 1 row in 3 ms', 'found 1 row in 1.25 s' ],
	[ 'observed 7, expected 10', 'observed 12, expected 10' ],
	[ "one\n...\nfour", "one\ntwo 2\nthree\nfour" ],
	[ 'a line that is wrapped', "a line that\n   is wrapped" ],
	[ $table, $table =~ s/9.5/1000/r . "(1 row)\n" ],
	[ 'NOTICE:  run 3: pass: fine', "NOTICE:  run 4: 5 s, 9 transactions (2/s), 0 failed, 0 retries\nNOTICE:  run 4: pass: fine" ]);
my @other = (
	[ 'observed 7, expected 10', 'observed 7, expected 11' ],
	[ 'found 1 row', 'found 2 rows' ], [ 'found 1', 'found 12' ], [ 'found 12', 'found 1' ],
	[ 'one', "one\ntwo" ], [ "one\ntwo", 'one' ], [ '', 'ERROR:  no' ], [ "one\n...\nfour", "one\ntwo" ],
	[ $table, $table =~ s/naive/atomic/r ], [ $table, $table =~ s/tps/rate/r ], [ $table, $table =~ s/\| t$/| f/mr ],
	[ $table, "$table naive   | 9.5 | t\n" ], [ $table, $table =~ s/9\.5/fast/r ]);
is(ct_doc_mismatch(@$_), undef, qq("$_->[0]" may come out as "$_->[1]") =~ s/\n/\\n/gr) foreach @same;
isnt(ct_doc_mismatch(@$_), undef, qq("$_->[0]" may not come out as "$_->[1]") =~ s/\n/\\n/gr) foreach @other;

# The pages; pg_cron's part is t/070_pg_cron.pl's and t/192_schedule.pl's.
my @pages = ('README.md', map { "docs/$_" } qw(tutorial.md explore.md script.md reports.md load.md reference.md specs.md operations.md ci.md dashboards.md security.md scenarios.md migrations.md telemetry.md statistics.md targets.md));
my @left;
foreach my $page (@pages)
{
	my (undef, $left) = ct_doc_ok($node, "$docs/../$page",
		$page eq 'docs/tutorial.md' ? (db => 'shop', keep => 1) : $page =~ /load|telemetry|statistics|targets/ ? (prepare => 'CREATE EXTENSION ct_ext') : (), without => qr/\bcron\.|\bct_schedules?\b/);

	push @left, map { [ "$page:$_->{line} ($_->{language})", $_ ] } @$left;
}
is(join(', ', map { $_->[0] } grep { $_->[1]{language} eq 'sql' && $_->[1]{text} !~ /\bcron\.|\bct_schedules?\b/ } @left), '',
	'every SQL block is executed');
is(join(', ', map { my $page = $_; map { $_->{language} eq 'sql' && $_->{text} =~ /\t/ ? "$page:$_->{line}" : () } ct_doc_blocks("$docs/../$page") } @pages), '',
	'none has a tab, which psql would take for a wish to complete a word');
is(scalar @left, 14, 'blocks that are not executed: ' . join ', ', map { $_->[0] } @left);

# What README promises of itself.
my $readme = slurp_file("$docs/../README.md");
cmp_ok($readme =~ tr/\n//, '<=', 300, 'README has at most 300 lines');
cmp_ok(-s "$docs/../README.md", '<=', 20_000, 'and 20 kB');

# Links lead somewhere.
foreach my $page (@pages)
{
	my $text = slurp_file("$docs/../$page");
	my @broken;

	while ($text =~ /\]\(([^)\s]*?)(?:#([^)\s]*))?\)/g)
	{
		my ($file, $anchor) = ($1, $2);

		next if $file =~ /^https?:/;
		my $to = $file eq '' ? "$docs/../$page" : $page =~ m{^docs/} ? "$docs/$file" : "$docs/../$file";
		my @anchors = map { s/[^\w\s-]//gr =~ s/\s/-/gr } map { lc } -f $to ? slurp_file($to) =~ /^#+ (.*)$/mg : ();

		push @broken, "$file#" . ($anchor // '') unless -e $to && (!defined $anchor || grep { $_ eq $anchor } @anchors);
	}
	is(join(', ', @broken), '', "$page: its links lead somewhere");
}

# The gate that the tutorial ends with.
my ($gate) = grep { /raise_on_fail/ && /\\gexec/ } map { $_->{language} eq 'sql' ? $_->{text} : () } ct_doc_blocks("$docs/tutorial.md");
$gate =~ s/.*(?=^SELECT format)//ms;
isnt($node->psql('shop', $gate, on_error_stop => 1), 0, 'a fail closes the gate');
$node->safe_psql('shop', q(SELECT ct_drop_scenario('redeem_voucher')));
# where transactions don't meet nothing is shown, which is no pass
my $closed;
foreach (1 .. 5) { last unless $closed = $node->psql('shop', $gate, on_error_stop => 1) }
is($closed, 0, 'and without it, it is open');

$node->stop;
done_testing();
