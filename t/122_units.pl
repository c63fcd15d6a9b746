# Tests in C (t/units): sessions and interpreters in one process, which SQL has no way to make. Each
# unit is executed in a background worker of its own and prints what was ok and what wasn't.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('units', dynamic_library_path => '$libdir:' . ct_units(), max_prepared_transactions => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
$node->safe_psql('postgres', "CREATE FUNCTION units_run(text) RETURNS text LANGUAGE c STRICT AS 'ct_units'");

for my $unit (qw(session sessions interpret wait_event rows explored search state sample scan recovery))
{
	my @lines = split /\n/, $node->safe_psql('postgres', "SELECT units_run('$unit')");
	my $last = pop @lines // '';

	for (@lines)
	{
		my ($not, $what) = /^(not )?ok (.*)/ or next;
		ok(!$not, "$unit: $what");
	}
	is($last, 'done', "$unit: it came to its end");
}
$node->stop;

done_testing();
