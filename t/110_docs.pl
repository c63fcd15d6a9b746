# docs/scenarios.md says what the catalog says: scripts/docs was run after the last change.
# And the tutorial's SQL does what its text says.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

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

# The tutorial, from its first statement to its last, by somebody who isn't a superuser.
my @blocks = slurp_file("$docs/tutorial.md") =~ /^```sql\n(.*?)^```$/msg;
my $gate = $blocks[-2];
my $tutorial = PostgreSQL::Test::Utils::tempdir . '/tutorial.sql';

cmp_ok(scalar @blocks, '>', 10, 'the tutorial has its statements');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
append_to_file($tutorial, "$_\n") for @blocks;
($stdout, $stderr) = run_command([ 'psql', '-XAtq', '-d', $node->connstr('shop'), '-f', $tutorial ]);
my @errors = $stderr =~ /ERROR:  (.*)/g;
is_deeply(\@errors, ['run 7: fail'], 'its only error is that of the gate') or diag($stderr);
like($node->safe_psql('shop', q(SELECT string_agg(coalesce(scenario, 'test') || ' ' || verdict, ', ' ORDER BY run_id) FROM ct_runs)),
	qr/^test (?:fail|pass), redeem_voucher fail, redeem_voucher pass, redeem_voucher pass, ship_order fail, ship_order pass, redeem_voucher fail, ship_order pass$/,
	'its runs come to what its text says');
like($stdout, qr/\n0\|0\|0\n?$/, 'and nothing of them is left in its tables');

$gate =~ s/.*(?=^SELECT format)//ms;
isnt($node->psql('shop', $gate, on_error_stop => 1), 0, 'a fail closes the gate');
$node->safe_psql('shop', q(SELECT ct_drop_scenario('redeem_voucher')));
is($node->psql('shop', $gate, on_error_stop => 1), 0, 'and without it, it is open');

$node->stop;
done_testing();
