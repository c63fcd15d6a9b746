# The suite of examples/, run as the workflows of GitHub and GitLab run it: its reports are there
# whether it passes or not, and its exit status tells which.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $examples = "$FindBin::RealBin/../examples";
my $node = ct_node('examples', max_worker_processes => 32);
my $reports = PostgreSQL::Test::Utils::tempdir . '/kept here';

# What both workflows execute, from a repository that has the files in tests/concurrency.
foreach my $file (qw(github gitlab))
{
	my $text = slurp_file("$examples/$file.yml");

	is(join("\n", $text =~ m{^\s*(?:run:|-) ((?:psql|sh) .*tests/concurrency/.*)$}mg),
		"psql -X -q -v ON_ERROR_STOP=1 -f tests/concurrency/suite.sql\nsh tests/concurrency/run-suite.sh shop reports", "$file: what it executes");
	like($text, qr{docker/build-push-action|docker build}, "$file: on a server with ct_ext in it");
	like($text, qr{reports/}, "$file: and keeps");
}
# What GitLab reads as a setting of the whole pipeline is no name of a job.
my @jobs = slurp_file("$examples/gitlab.yml") =~ /^(\w+):\n(?=(?: .*\n)*  script:$)/mg;
is(scalar @jobs, 2, 'gitlab: its jobs');
is(join(' ', grep { /^(?:image|services|stages|types|before_script|after_script|variables|cache|include|default|workflow|spec|true|false|nil)$/ } @jobs),
	'', 'gitlab: which have names of their own');

$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
delete $ENV{PGOPTIONS};

my @define = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$examples/suite.sql");
my @run = ('sh', "$examples/run-suite.sh", 'shop', $reports);

command_ok([@define], 'the suite is defined');
command_ok([@define], 'and once more');
# on a busy machine transactions may not meet, and then nothing is shown
ok((grep { system(@run) == 0 } 1 .. 3) > 0, 'it passes');
foreach my $file (qw(junit.xml report.html report.md))
{
	like(slurp_file("$reports/$file"), qr/redeem_code/, "$file is there");
}

# A scenario that has the bug.
$node->safe_psql('postgres', <<'SQL');
SELECT ct_create_scenario('lose_update', category => 'shop', transactions => 40, setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)');
SELECT ct_add_script('lose_update', 'add', E'\\barrier together\nBEGIN;\nSELECT i FROM t \\gset\n\\sleep 1 ms\nUPDATE t SET i = :i + 1;\nCOMMIT;');
SELECT ct_add_check('lose_update', 'each', 'SELECT i AS observed, :transactions AS expected FROM t WHERE i <> :transactions');
SQL
command_fails_like([@run], qr/not all came to what is expected of them/, 'a suite that does not pass fails');
like(slurp_file("$reports/junit.xml"), qr/<failure.*<\/testsuites?>\s*\z/s, 'and its report is there all the same');
like(slurp_file("$reports/report.html"), qr/lose_update.*<\/html>\s*\z/s, 'as is the page');
SKIP:
{
	skip 'no xmllint', 1 if system('xmllint --version >/dev/null 2>&1') != 0;
	command_ok([ 'xmllint', '--noout', "$reports/junit.xml" ], 'XML as it should be');
}
# one that cannot run keeps no other from its report
$node->safe_psql('postgres', q{SELECT ct_create_scenario('broken', category => 'shop', setup => 'SELECT 1/0'); SELECT ct_add_script('broken', 'one', 'SELECT 1')});
command_fails_like([@run], qr/not all came/, 'one that cannot run');
like(slurp_file("$reports/junit.xml"), qr/(?=.*redeem_code)(?=.*lose_update)(?=.*broken)/s, 'is reported with the others');
ct_nothing_left($node, 'examples');

SKIP:
{
	skip 'no shellcheck', 1 if system('shellcheck --version >/dev/null 2>&1') != 0;
	command_ok([ 'shellcheck', "$examples/run-suite.sh" ], 'shellcheck');
}
$node->stop;
done_testing();
