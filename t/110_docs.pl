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

# The pages; pg_cron's part is t/070_pg_cron.pl's.
my @pages = ('README.md', map { "docs/$_" } qw(tutorial.md script.md reference.md operations.md security.md scenarios.md));
my @left;
foreach my $page (@pages)
{
	my (undef, $left) = ct_doc_ok($node, "$docs/../$page",
		$page eq 'docs/tutorial.md' ? (db => 'shop', keep => 1) : (), without => qr/\bcron\./);

	push @left, map { [ "$page:$_->{line} ($_->{language})", $_ ] } @$left;
}
is(join(', ', map { $_->[0] } grep { $_->[1]{language} eq 'sql' && $_->[1]{text} !~ /\bcron\./ } @left), '',
	'every SQL block is executed');
is(join(', ', map { my $page = $_; map { $_->{language} eq 'sql' && $_->{text} =~ /\t/ ? "$page:$_->{line}" : () } ct_doc_blocks("$docs/../$page") } @pages), '',
	'none has a tab, which psql would take for a wish to complete a word');
is(scalar @left, 6, 'blocks that are not executed: ' . join ', ', map { $_->[0] } @left);

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
is($node->psql('shop', $gate, on_error_stop => 1), 0, 'and without it, it is open');

$node->stop;
done_testing();
