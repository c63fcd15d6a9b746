# What reduction leaves out makes no difference: of programs in t/programs, and of others made of seeds,
# verdict, kinds of results and states at the end are the same with it and without. And of each two
# steps that it takes for independent, all orders are executed both ways, and end the same.
#
# CT_EXT_PROGRAMS: how many programs are made (20); CT_EXT_SEED: the first seed (1); CT_EXT_YIELD: of
# the explorations (statement).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtExplorer;
use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('reduction', autovacuum => 'off', fsync => 'off', max_worker_processes => 16);
$node->safe_psql('postgres', 'ALTER DATABASE postgres SET log_min_messages = debug1');

my $dir = PostgreSQL::Test::Utils::tempdir;
my $from = $ENV{CT_EXT_SEED} // 1;
my $to = $from + ($ENV{CT_EXT_PROGRAMS} // 20) - 1;
my $yield = $ENV{CT_EXT_YIELD} // 'statement';
my ($nfull, $nreduced, $npairs) = (0, 0, 0);
my $log;

append_to_file("$dir/seed_$_.sql", ct_program_generate($_)) foreach $from .. $to;
open $log, '<', $node->logfile or die $node->logfile . ": $!";

# Explores, and reads in the log which orders ended how, and what was taken for independent.
sub explore
{
	my ($program, $reduction) = @_;
	my $counts = ct_program_explore($node, 'postgres', $program, "reduction => $reduction, yield => '$yield'");
	my (%orders, %states, @pairs);

	while (<$log>)
	{
		if (/order (\d+): (\w+, state \d+), seen (\d+)/)
		{
			$orders{$1} = "$2, seen $3";
			$states{$2} = 1;
		}
		push @pairs, [ $1, $2, $3 ] if /after order (\d*): (\d) and (\d) are independent/;
	}
	seek $log, 0, 1;
	return { counts => $counts, orders => \%orders, states => join("\n", sort keys %states), pairs => \@pairs };
}

# Two steps that come after the others: does it make a difference which of them is first?
sub differs
{
	my ($orders, $before, $one, $other) = @_;
	my $n = 0;

	foreach my $order (grep { /^$before(?:$one$other|$other$one)/ } keys %$orders)
	{
		my $swapped = $order;

		substr($swapped, length $before, 2) = reverse substr($order, length $before, 2);
		return "after '$before' $one and $other: $order $orders->{$order}, $swapped " . ($orders->{$swapped} // 'is none')
		  if ($orders->{$swapped} // '') ne $orders->{$order};
		$n++;
	}
	return $n > 0 ? undef : "after '$before' $one and $other: there is no such order";
}

# That a check, an error, a deadlock and so on were found, not how often.
sub found
{
	my ($explored) = @_;
	my $counts = $explored->{counts};

	return join ', ', $counts->{verdict} // '', grep { ($counts->{$_} // 0) > 0 } qw(violating deadlocks errors not_serial hangs);
}

foreach my $file (ct_program_files(), map { "$dir/seed_$_.sql" } $from .. $to)
{
	my ($name) = $file =~ m{([^/]+)\.sql$};
	my $program = ct_program_read($file);
	my $full = explore($program, 'false');
	my $reduced = explore($program, 'true');
	my @wrong = grep { defined } map { differs($full->{orders}, @$_) } @{ $reduced->{pairs} };
	my $same = $full->{states} eq $reduced->{states} && found($full) eq found($reduced) && $reduced->{counts}{exhausted} eq 't';

	ok($same, "$name: nothing is lost")
	  or diag(found($full) . "\n$full->{states}\nreduced: " . found($reduced) . "\n$reduced->{states}\n" . slurp_file($file));
	is(join("\n", @wrong), '', "$name: what is taken for independent is") or diag(slurp_file($file));
	$nfull += $full->{counts}{executions};
	$nreduced += $reduced->{counts}{executions};
	$npairs += @{ $reduced->{pairs} };
}

# else nothing was tested
note("$nfull executions, $nreduced when reduced, $npairs pairs of steps");
cmp_ok($npairs, '>', 200, 'there are independent steps');
cmp_ok($nreduced, '<', $nfull, 'and orders that others stand for');

# where sessions have nothing to do with one another
my $apart = ct_program_explore($node, 'postgres', ct_program_read(grep { /fours_without_conflict/ } ct_program_files()),
	"reduction => true, yield => '$yield'");
cmp_ok($apart->{executions}, '<', 20, 'of 70 few are left');
close $log;
$node->stop;

done_testing();
