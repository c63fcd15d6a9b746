# What ct_race counts is true: of programs in t/programs, and of others made of seeds, its counts are
# those of an explorer that has nothing in common with it (t/explorer).
#
# CT_EXT_PROGRAMS: how many programs are made (30); CT_EXT_SEED: of the first seed (1).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtExplorer;
use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('explore_truth', autovacuum => 'off', fsync => 'off', max_worker_processes => 16);
$node->safe_psql('postgres', 'CREATE DATABASE truth');

my $explorer = ct_explorer_build();
my $dir = PostgreSQL::Test::Utils::tempdir;
my $from = $ENV{CT_EXT_SEED} // 1;
my $to = $from + ($ENV{CT_EXT_PROGRAMS} // 30) - 1;
append_to_file("$dir/seed_$_.sql", ct_program_generate($_)) foreach $from .. $to;

my @files = (ct_program_files(), map { "$dir/seed_$_.sql" } $from .. $to);
my $truth = ct_explorer_truth($explorer, $node, 'truth', @files);
my %sum;

foreach my $file (@files)
{
	my ($name) = $file =~ m{([^/]+)\.sql$};
	my $true = $truth->{$file} // {};
	my $counts = ct_program_explore($node, 'postgres', ct_program_read($file), "reduction => false, yield => 'statement'");

	$sum{$_} += $true->{$_} foreach grep { $true->{$_} =~ /^\d+$/ } keys %$true;
	is(ct_counts($counts), ct_counts($true), $name) or diag(slurp_file($file));
	is($counts->{exhausted}, 't', "$name: these are all");
}

# else nothing was compared
cmp_ok($sum{$_}, '>', 10, "there are some: $_") foreach qw(complete violating deadlocks errors not_serial retried);
$node->stop;

done_testing();
