
=pod

=head1 NAME

CtTest - what the TAP tests of ct_ext have in common

=head1 DESCRIPTION

A node with the extension in it, calls that last (a psql in the background, with
a C<ct_run> in it), and the question that nearly all of these tests end with: is
anything left of a run?  Nothing here sleeps for a fixed time; what is to happen
is awaited by asking for it.

=cut

package CtTest;

use strict;
use warnings;

use Exporter 'import';
use Fcntl ':flock';
use File::Basename 'dirname';
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(
  ct_node ct_prepare ct_await ct_call ct_call_end ct_backend ct_await_gone
  ct_rest ct_nothing_left ct_soon ct_segments ct_fingerprint ct_last ct_sqlstate ct_units
);

# What anything may take that is bound to happen, be the machine as busy as it likes; how soon it happens is
# a test of its own.  Who has waited in vain once doesn't wait as long again.
my $patience = $PostgreSQL::Test::Utils::timeout_default;
sub in_vain { $patience = 20 if $patience > 20; return }
my $calls = 0;

# A node, not started yet; its dynamic shared memory is in files of its own, so
# that they can be counted.
sub ct_node
{
	my ($name, %settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	my %conf = (
		dynamic_shared_memory_type => 'mmap',
		log_statement => 'none',
		%settings);

	$node->init(allows_streaming => delete $conf{allows_streaming});
	$node->append_conf('postgresql.conf', "$_ = '$conf{$_}'") for sort keys %conf;
	return $node;
}

# A node that is up and has the extension in its database postgres.
sub ct_prepare
{
	my ($name, %settings) = @_;
	my $node = ct_node($name, %settings);

	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
	return $node;
}

# Waits until a query returns t; false if that takes too long, or if a call is
# given and ends before.
sub ct_await
{
	my ($node, $query, $db, $call) = @_;
	my $until = time + $patience;
	my ($out, $err) = ('', '');

	while (time < $until)
	{
		# a psql that can't connect, as after a crash, may be gone before it is written to
		eval { (undef, $out, $err) = $node->psql($db // 'postgres', $query); 1 } or $err = $@;
		return 1 if defined $out && $out eq 't';
		if ($call)
		{
			return 0 unless $call->{harness}->pumpable;
			$call->{harness}->pump_nb;
		}
		usleep(20_000);
	}
	diag("still not so after $patience s: $query\n$out$err");
	in_vain();
	return 0;
}

# Starts a psql that executes the statements one by one.  Options: db, user,
# and command, another program that is to be connected.
sub ct_call
{
	my ($node, $statements, %options) = @_;
	my $call = {
		node => $node,
		name => 'ct_test caller ' . ++$calls,
		stdin => '',
		stdout => '',
		stderr => '' };
	my $connection = $node->connstr($options{db} // 'postgres')
	  . " application_name='$call->{name}'"
	  . ($options{user} ? " user='$options{user}'" : '');
	my @command = ($node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1',
		'-v', 'VERBOSITY=verbose', '-d', $connection);

	push @command, '-c', $_ for ref $statements ? @$statements : $statements;
	@command = (@{ $options{command} }, $connection) if $options{command};
	$call->{harness} = IPC::Run::start(\@command, '<', \$call->{stdin},
		'>', \$call->{stdout}, '2>', \$call->{stderr});
	return $call;
}

# Waits for a call's end and returns what psql returned; what it printed is in
# stdout and stderr.
sub ct_call_end
{
	my ($call) = @_;
	my $until = time + $patience;

	while ($call->{harness}->pumpable && time < $until)
	{
		$call->{harness}->pump_nb;
		usleep(5_000);
	}
	if ($call->{harness}->pumpable)
	{
		diag("a call did not end in $patience s: $call->{stdout}$call->{stderr}");
		$call->{harness}->kill_kill(grace => 1);
		in_vain();
		return -1;
	}
	$call->{harness}->finish;
	my $status = $call->{harness}->full_result(0);
	return $status & 127 ? -1 : $status >> 8;
}

# The SQL that finds a call's backend.
sub ct_backend
{
	my ($call) = @_;
	return "(SELECT pid FROM pg_stat_activity WHERE application_name = '$call->{name}')";
}

# The SQLSTATE of the error that ended a call.
sub ct_sqlstate
{
	my ($call) = @_;
	return $call->{stderr} =~ /^(?:psql:.*?)?(?:ERROR|FATAL):  (\w{5}):/m ? $1 : '';
}

# A column of the last run's row in ct_runs.
sub ct_last
{
	my ($node, $column, $db) = @_;
	return $node->safe_psql($db // 'postgres',
		"SELECT $column FROM ct_runs ORDER BY run_id DESC LIMIT 1");
}

# Not the locks of predicates: who commits a serializable transaction while the last other one ends
# may put its own on the list of what can go just after that list was gone through (ReleasePredicateLocks
# of the server), and then they stay until the next serializable transaction ends.
my $rest = <<'SQL';
	SELECT backend_type || ' ' || pid AS thing FROM pg_stat_activity
	WHERE backend_type LIKE 'ct_ext%'
	UNION ALL
	SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%'
	UNION ALL
	SELECT 'lock on ' || locktype FROM pg_locks
	WHERE locktype = 'advisory'
	   OR (mode <> 'SIReadLock' AND pid NOT IN (SELECT pid FROM pg_stat_activity))
SQL
my $rest_of_runs = <<'SQL';
	UNION ALL
	SELECT 'run ' || run_id || ' ' || status FROM ct_runs WHERE status IN ('starting', 'running')
	UNION ALL
	SELECT 'duty to drop ' || sandbox FROM ct_result WHERE sandbox IS NOT NULL
SQL

# What is left of runs, as text: processes, sandboxes, locks, rows of runs that
# are said to go on.  no_extension: there are no rows to look at.
sub ct_rest
{
	my ($node, %options) = @_;
	return $node->safe_psql($options{db} // 'postgres',
		"SELECT coalesce(string_agg(thing, ', '), '') FROM ($rest"
		  . ($options{no_extension} ? '' : $rest_of_runs) . ") r");
}

# Tests that nothing is left, in the end.  Options: db, no_extension.
sub ct_nothing_left
{
	my ($node, $what, %options) = @_;
	my $until = time + $patience;
	my $left;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	while (($left = ct_rest($node, %options)) ne '' && time < $until)
	{
		usleep(20_000);
	}
	in_vain() if $left ne '';
	return is($left, '', "$what: nothing is left");
}

# Tests that it took no longer than what is asked for at once may take on a machine that is busy with
# something else, or stands still for seconds: where it isn't so, it takes minutes.
sub ct_soon
{
	my ($from, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return cmp_ok(time - $from, '<', 30, $what);
}

# Waits until no process of the extension is there.
sub ct_await_gone
{
	my ($node, $db) = @_;
	return ct_await($node,
		"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type LIKE 'ct_ext%')", $db);
}

# How many segments of dynamic shared memory the node has.
sub ct_segments
{
	my ($node) = @_;
	my @segments = glob($node->data_dir . '/pg_dynshmem/*');
	return scalar @segments;
}

# Builds the library of the tests in C (t/units), which two tests may do at once; tests that it
# compiles without a warning, and returns its folder.
sub ct_units
{
	my $units = dirname(__FILE__) . '/../units';
	my ($out, $err);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	open my $lock, '<', "$units/Makefile" or die "$units/Makefile: $!";
	flock $lock, LOCK_EX;
	($out, $err) = run_command([ 'make', '-s', '-C', $units, 'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config') ]);
	is($err, '', 'the tests in C compile');
	close $lock;
	return $units;
}

# Everything that is stored of a run, as hash values.
sub ct_fingerprint
{
	my ($node, $run_id) = @_;
	my @tables = split /\n/, $node->safe_psql('postgres',
		q{SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'ct\_result%' ORDER BY relname});

	return $node->safe_psql('postgres', join ' UNION ALL ',
		map { "SELECT '$_', count(*), md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM $_ t WHERE run_id = $run_id" } @tables);
}

1;
