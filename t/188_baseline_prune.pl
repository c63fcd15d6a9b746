# A baseline's runs are there: who sets one waits for who removes runs, and the other way round,
# before it looks; in whatever isolation.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('baseline_prune');

# A run that has ended.
sub run_id
{
	my ($id) = $node->safe_psql('postgres', "SELECT ct_test('SELECT 1', workers => 1, transactions => 1, min_overlap => 0)") =~ /(\d+)/;

	return $id;
}

# Somebody waits for a lock on the table of baselines.
my $waits = "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'ct_baseline'::regclass AND NOT granted";
my $dangling = 'SELECT count(*) FROM ct_baseline b, unnest(b.run_ids) AS u (id) WHERE NOT EXISTS (SELECT FROM ct_result r WHERE r.run_id = u.id)';

foreach my $isolation ('READ COMMITTED', 'REPEATABLE READ')
{
	my $begin = "BEGIN ISOLATION LEVEL $isolation";

	foreach my $end ('COMMIT', 'ROLLBACK')
	{
		my $id = run_id();
		my $name = "$isolation, $end";

		# a baseline is set, and not committed yet
		my $setter = $node->background_psql('postgres');
		$setter->query_safe("BEGIN; SELECT ct_set_baseline($id)");
		my $pruner = ct_call($node, [ $begin, 'SELECT count(*) FROM ct_runs', "SELECT ct_prune('0')", 'COMMIT' ]);
		ok(ct_await($node, $waits), "$name of who sets a baseline: who removes runs waits");
		$setter->query_safe($end);
		$setter->quit;
		is(ct_call_end($pruner), 0, '... goes on');
		is($node->safe_psql('postgres', "SELECT count(*) FROM ct_runs WHERE run_id = $id"), $end eq 'COMMIT' ? 1 : 0, '... and keeps the run if it is one');
		is($node->safe_psql('postgres', $dangling), 0, '... so that each has its runs');
		$node->safe_psql('postgres', "SELECT ct_drop_baseline($id)") if $end eq 'COMMIT';

		# runs are removed, but it is not committed yet
		$id = run_id();
		$pruner = $node->background_psql('postgres');
		$pruner->query_safe("BEGIN; SELECT ct_prune('0')");
		$setter = ct_call($node, [ $begin, 'SELECT count(*) FROM ct_runs', "SELECT ct_set_baseline($id)", 'COMMIT' ]);
		ok(ct_await($node, $waits), "$name of who removes runs: who sets a baseline waits");
		$pruner->query_safe($end);
		$pruner->quit;
		is(ct_call_end($setter) == 0 ? '' : ct_sqlstate($setter), $end eq 'COMMIT' ? '42704' : '', '... and hears whether there is such a run');
		is($node->safe_psql('postgres', $dangling), 0, '... so that each has its runs');
		$node->safe_psql('postgres', "DELETE FROM ct_baseline");
	}
}

# those who do the same don't wait for each other
my ($one, $other) = (run_id(), run_id());
my $first = $node->background_psql('postgres');
$first->query_safe("BEGIN; SELECT ct_set_baseline($one)");
$node->safe_psql('postgres', "SELECT ct_create_scenario('s', min_overlap => 0); SELECT ct_add_script('s', 'x', 'SELECT 1')");
my $third = $node->safe_psql('postgres', "SELECT ct_run('s', workers => 1, transactions => 1)");
$node->safe_psql('postgres', "SELECT ct_set_baseline($third)");
$first->query_safe('ROLLBACK');
$first->query_safe("BEGIN; SELECT ct_prune('1 day')");
is($node->safe_psql('postgres', "SELECT ct_prune('1 day')"), 0, 'those who do the same do not wait for each other');
$first->query_safe('ROLLBACK');
$first->quit;

done_testing();
