# The explorer that others are held against (t/explorer), held against what is known without it:
# counts that follow from combinatorics, and from what the server promises.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtExplorer;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What is known of programs in t/programs, and why.
my %known = (
	# n steps against n steps without a conflict: (2n)! / (n! n!); three sessions of two: 6! / (2! 2! 2!)
	fours_without_conflict => 'complete=70 violating=0 deadlocks=0 not_serial=0 states=1',
	threes_without_conflict => 'complete=90 violating=0 deadlocks=0 not_serial=0 states=1',
	# Of 20 orders of 3 + 3 steps those where the second writer waits fall together with those where it
	# comes after the commit; only the two serial ones are right.
	lost_update_staged => 'complete=14 violating=12 deadlocks=0 not_serial=12',
	lost_update_repeatable_read => 'complete=14 violating=0 retried=12 errors=0 not_serial=0',
	# both have one row before either wants its second one
	lock_order_cross => 'complete=8 violating=0 deadlocks=4 errors=0 not_serial=0 states=1',
	lock_order_same => 'complete=6 deadlocks=0',
	share_then_update => 'complete=8 violating=0 deadlocks=4',
	# nobody waits, and all but the two serial orders are wrong, or refused
	write_skew_doctors => 'complete=20 violating=18 not_serial=18 retried=0',
	write_skew_doctors_serializable => 'complete=20 violating=0 not_serial=0 retried=18 errors=0',
	check_then_insert => 'complete=6 violating=4 not_serial=4',
	check_then_insert_unique => 'complete=4 violating=0 errors=2 not_serial=0',
	# surrogates
	uuid_key => 'complete=10 not_serial=0 left_out="message.at","message.id"',
	hang_session_lock => 'complete=5 hangs=2',
	# each of three orders of releases
	waits_for_two => 'complete=30 not_serial=0',
	# a conflict that is reported by what a statement returns is no anomaly
	skip_locked_one_job => 'violating=0 not_serial=0 states=1');

my $node = PostgreSQL::Test::Cluster->new('explorer');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off");
$node->start;

my $explorer = ct_explorer_build();
my %file = map { m{([^/]+)\.sql$} => $_ } ct_program_files();
my $truth = ct_explorer_truth($explorer, $node, 'postgres', map { $file{$_} } sort keys %known);

foreach my $name (sort keys %known)
{
	my $counts = $truth->{ $file{$name} } // {};
	my %known = map { split /=/, $_, 2 } split ' ', $known{$name};

	is(join(' ', map { "$_=" . ($counts->{$_} // '') } sort keys %known), join(' ', map { "$_=$known{$_}" } sort keys %known), $name);
}

# The same each time: which of two that are released goes on first, and who is a deadlock's victim.
my @again = map { $file{$_} } qw(shared_release three_in_a_circle);
my ($once, $twice) = map { (run_command([ $explorer, '--list', $node->connstr('postgres'), @again ]))[0] } 1, 2;
cmp_ok(length $once, '>', 10_000, 'it lists each execution');
is($twice, $once, 'twice is the same');

# Programs of a seed.
my $dir = PostgreSQL::Test::Utils::tempdir;
is(ct_program_generate(3), ct_program_generate(3), 'a seed makes one program');
isnt(ct_program_generate(3), ct_program_generate(4), 'and another one another');
append_to_file("$dir/$_.sql", ct_program_generate($_)) foreach 1 .. 20;
my $generated = ct_explorer_truth($explorer, $node, 'postgres', glob("$dir/*.sql"));
is(scalar keys %$generated, 20, 'they can be explored');
cmp_ok((grep { $_->{states} > 1 } values %$generated), '>=', 4, 'many have more than one end');

$node->stop;
done_testing();
