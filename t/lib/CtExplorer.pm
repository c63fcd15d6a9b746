
=pod

=head1 NAME

CtExplorer - programs of a few sessions, and the truth about their interleavings

=head1 DESCRIPTION

A program is a file of sections, each with a line of its own before it: C<-- setup>,
C<-- session> (two or more), C<-- check>.  What stands before them says what it is
about.  t/programs has those written by hand; ct_program_generate makes others of
a seed.

The truth is what t/explorer, a program over plain client connections, finds by
executing each interleaving from a schema made anew.

=cut

package CtExplorer;

use strict;
use warnings;

use Exporter 'import';
use File::Basename 'dirname';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(ct_explorer_build ct_explorer_truth ct_counts ct_program_explore ct_program_files
  ct_program_generate ct_program_read);

my $here = dirname(__FILE__);

# Builds the explorer; tests that it compiles without a warning, and returns its path.
sub ct_explorer_build
{
	my $config = $ENV{PG_CONFIG} // 'pg_config';
	my $program = PostgreSQL::Test::Utils::tempdir . '/explorer';
	my ($include) = run_command([ $config, '--includedir' ]);
	my ($server) = run_command([ $config, '--includedir-server' ]);
	my ($lib) = run_command([ $config, '--libdir' ]);
	my ($error) = (run_command([ 'cc', '-std=gnu99', '-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-Wno-unused-parameter', "-I$server", "-I$include",
		'-o', $program, glob("$here/../explorer/*.c"), "-L$lib", "-Wl,-rpath,$lib", '-lpq' ]))[1];

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($error, '', 'the explorer compiles');
	return $program;
}

# What is true of programs, in a database of the node that is the explorer's: for
# each file its counts.
sub ct_explorer_truth
{
	my ($explorer, $node, $db, @files) = @_;
	my ($out, $err) = run_command([ $explorer, $node->connstr($db), @files ]);
	my %truth;

	foreach (split /\n/, $out)
	{
		my ($file, $counts) = split ' ', $_, 2;

		$truth{$file} = { map { split /=/, $_, 2 } split ' ', $counts };
	}
	diag($err) if $err ne '';
	return \%truth;
}

# The programs written by hand.
sub ct_program_files
{
	return sort glob("$here/../programs/*.sql");
}

# A program: setup, sessions, checks, about.
sub ct_program_read
{
	my ($file) = @_;
	my %program = (setup => '', sessions => [], checks => []);
	my ($about, @sections) = split /^(-- (?:setup|session|check)\n)/m, slurp_file($file);

	$program{about} = $about;
	while (my ($kind, $text) = splice @sections, 0, 2)
	{
		$program{setup} = $text if $kind =~ /setup/;
		push @{ $program{sessions} }, $text if $kind =~ /session/;
		push @{ $program{checks} }, $text if $kind =~ /check/;
	}
	return \%program;
}

sub quoted
{
	my ($text) = @_;
	return q(') . $text =~ s/'/''/gr . q(');
}

# Explores a program by ct_race with the options, as text; its counts, as the truth has them, and
# exhausted, executions, cut, verdict.
sub ct_program_explore
{
	my ($node, $db, $program, $options) = @_;
	my ($status, $out, $err) = $node->psql($db, sprintf(<<'END',
SET client_min_messages = warning;
SELECT ct_race(ARRAY[%s], setup => %s, checks => ARRAY[%s]::text[], duration => '10 min', %s) AS run_id \gset
SELECT complete, violating, deadlocks, errors, not_serial,
	(SELECT coalesce(sum(p.executions), 0) FROM ct_permutations p WHERE p.run_id = e.run_id AND result = 'hang'),
	exhausted, executions, cut, (SELECT verdict FROM ct_runs r WHERE r.run_id = e.run_id)
	FROM ct_explorations e WHERE run_id = :run_id;
END
		join(', ', map { quoted($_) } @{ $program->{sessions} }), quoted($program->{setup}),
		join(', ', map { quoted($_) } @{ $program->{checks} }), $options));
	my %counts;

	diag($err) if $err ne '';
	@counts{qw(complete violating deadlocks errors not_serial hangs exhausted executions cut verdict)} = split /\|/, $out // '';
	return \%counts;
}

# The counts that both have, in a line.
sub ct_counts
{
	my ($counts) = @_;
	return join ' ', map { "$_=" . ($counts->{$_} // '') } qw(complete violating deadlocks errors not_serial hangs);
}

# ---- programs made of a seed ----

sub any_of
{
	return $_[ int rand @_ ];
}

sub one_in
{
	my ($n) = @_;
	return rand() * $n < 1;
}

# Of few values, so that sessions meet: a row that is there, one that may not be, a number.
sub id { return any_of(1, 1, 1, 1, 1, 2, 2, 3) }
sub new_id { return any_of(3, 3, 3, 4, 2) }
sub small { return any_of(1, 1, 1, 2, 0, 3, 4) }

my @locking = ('FOR UPDATE', 'FOR NO KEY UPDATE', 'FOR SHARE', 'FOR KEY SHARE', 'FOR UPDATE SKIP LOCKED', 'FOR UPDATE NOWAIT',
	'FOR SHARE NOWAIT');
my @modes = ('ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE');

# What a session may do; with weights.
my @statements = (
	[ 3, sub { sprintf 'SELECT v FROM a WHERE id = %d', id() } ],
	[ 2, sub { sprintf 'SELECT sum(v) FROM a WHERE v > %d', small() } ],
	[ 2, sub { 'SELECT count(*) FROM ' . any_of(qw(a b c)) } ],
	[ 2, sub { sprintf 'SELECT u FROM b WHERE a = %d ORDER BY 1', id() } ],
	[ 4, sub { sprintf 'INSERT INTO c SELECT %d, v FROM a WHERE id = %d', small(), id() } ],
	[ 3, sub { sprintf 'INSERT INTO c SELECT %d, sum(v) FROM a', small() } ],
	[ 2, sub { sprintf 'INSERT INTO c SELECT %d, count(*) FROM b WHERE a = %d', small(), id() } ],
	[ 2, sub { 'INSERT INTO c SELECT max(k) + 1, count(*) FROM c' } ],
	[ 2, sub { my $k = small(); "INSERT INTO c SELECT $k, 0 WHERE NOT EXISTS (SELECT FROM c WHERE k = $k)" } ],
	[ 6, sub { sprintf 'UPDATE a SET v = v + %d WHERE id = %d', 1 + small(), id() } ],
	[ 2, sub { sprintf 'UPDATE a SET v = v * 2 WHERE id = %d', id() } ],
	[ 2, sub { sprintf 'UPDATE a SET v = coalesce((SELECT max(n) FROM c), 0) + 1 WHERE id = %d', id() } ],
	[ 2, sub { sprintf 'UPDATE a SET v = v + 1 WHERE v <= %d', small() } ],
	[ 1, sub { sprintf 'UPDATE a SET v = v + 1 WHERE id IN (SELECT a FROM b WHERE u >= %d)', small() } ],
	[ 1, sub { 'UPDATE a SET v = v + 10' } ],
	[ 2, sub { sprintf 'UPDATE a SET id = %d WHERE id = %d', new_id(), id() } ],
	[ 3, sub { sprintf 'UPDATE b SET u = %d WHERE id = %d', 10 + small(), id() } ],
	[ 2, sub { sprintf 'UPDATE b SET a = %d WHERE id = %d', id(), id() } ],
	[ 2, sub { sprintf 'UPDATE c SET n = n + 1 WHERE k = %d', small() } ],
	[ 1, sub { 'UPDATE c SET n = n + 1' } ],
	[ 2, sub { sprintf 'INSERT INTO a VALUES (%d, %d)', new_id(), small() } ],
	[ 3, sub { sprintf 'INSERT INTO a VALUES (%d, 0) ON CONFLICT DO NOTHING', new_id() } ],
	[ 3, sub { sprintf 'INSERT INTO a VALUES (%d, 1) ON CONFLICT (id) DO UPDATE SET v = a.v + 1', new_id() } ],
	[ 3, sub { sprintf 'INSERT INTO b VALUES (%d, %d, %d)', new_id(), id(), 11 + small() } ],
	[ 2, sub { sprintf 'INSERT INTO b VALUES (%d, %d, %d) ON CONFLICT (u) DO UPDATE SET a = excluded.a', new_id(), id(), 10 + small() }, 'upsert' ],
	[ 2, sub { sprintf 'DELETE FROM a WHERE id = %d', id() } ],
	[ 1, sub { sprintf 'DELETE FROM a WHERE v > %d', small() } ],
	[ 2, sub { sprintf 'DELETE FROM b WHERE a = %d', id() } ],
	[ 1, sub { sprintf 'DELETE FROM c WHERE k = %d', small() } ],
	[ 1, sub { 'DELETE FROM c WHERE k = (SELECT min(k) FROM c)' } ],
	[ 1, sub { 'WITH d AS (DELETE FROM c WHERE n < 3 RETURNING k, n) INSERT INTO c SELECT k, n + 5 FROM d' } ],
	[ 2, sub { sprintf 'WITH u AS (UPDATE a SET v = v - 1 WHERE id = %d AND v > 0 RETURNING id) INSERT INTO c SELECT id, 7 FROM u', id() } ],
	[ 4, sub { sprintf 'SELECT v FROM a WHERE id = %d %s', id(), any_of(@locking) } ],
	[ 1, sub { sprintf 'SELECT id FROM b WHERE a = %d ORDER BY id %s', id(), any_of(@locking) } ],
	[ 1, sub { 'UPDATE a SET v = v + 1 WHERE id = (SELECT id FROM a ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)' } ],
	[ 1, sub { 'SELECT count(*) FROM (SELECT FROM a ORDER BY id ' . any_of(@locking) . ') l' } ],
	[ 1, sub { sprintf 'SELECT pg_advisory_xact_lock(%d)', 1 + int rand 2 } ],
	[ 1, sub { sprintf 'SELECT pg_advisory_xact_lock_shared(%d)', 1 + int rand 2 } ],
	[ 1, sub { sprintf 'INSERT INTO c SELECT 8, 8 WHERE pg_try_advisory_xact_lock(%d)', 1 + int rand 2 } ],
	[ 1, sub { sprintf 'SELECT pg_advisory_lock(%d)', 1 + int rand 2 } ],
	[ 1, sub { sprintf 'SELECT pg_advisory_unlock(%d) IS NULL', 1 + int rand 2 } ],
	[ 2, sub { sprintf 'LOCK TABLE %s IN %s MODE%s', any_of(qw(a b c)), any_of(@modes), one_in(3) ? ' NOWAIT' : '' }, 'block' ],
	[ 2, sub { q(INSERT INTO c VALUES (nextval('s'), 0)) } ],
	[ 1, sub { sprintf q(UPDATE a SET v = nextval('s') WHERE id = %d), id() } ],
	[ 1, sub { sprintf 'SELECT 1 / (v - %d) FROM a WHERE id = %d', small(), id() } ],
	[ 1, sub { sprintf 'MERGE INTO a USING (VALUES (%d)) m(id) ON a.id = m.id WHEN MATCHED AND v > 2 THEN DELETE WHEN MATCHED THEN UPDATE SET v = v + 1 WHEN NOT MATCHED THEN INSERT VALUES (m.id, 0)', id() } ],
	[ 1, sub { sprintf 'MERGE INTO c USING (SELECT id FROM a WHERE id = %d) m ON c.k = m.id WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (m.id, 0)', id() } ],
	[ 2, sub { sprintf 'SELECT move(%d, %d)', id(), id() } ],
	[ 1, sub { sprintf 'SELECT put(%d)', new_id() } ],
	[ 1, sub { 'TRUNCATE c' } ],
	[ 1, sub { 'SAVEPOINT p' }, 'block' ],
	[ 1, sub { 'ROLLBACK TO p' }, 'savepoint' ],
	[ 1, sub { 'RELEASE p' }, 'savepoint' ],
	[ 1, sub { 'SET CONSTRAINTS ALL IMMEDIATE' }, 'block' ],
	[ 1, sub { 'SELECT 1' } ]);

# What the sessions of one program are made of: some of these, so that they meet.
my @palette;

sub drawn
{
	my (@from) = @_;
	my $sum = 0;

	$sum += $_->[0] foreach @from;
	my $draw = rand $sum;
	foreach (@from)
	{
		return $_ if ($draw -= $_->[0]) < 0;
	}
	return $from[-1];
}

sub statement
{
	my ($in_block, $savepoint) = @_;
	my $statement;

	for (1 .. 10)
	{
		$statement = drawn(@palette);
		my $where = $statement->[2] // '';
		last if $where ne 'block' && $where ne 'savepoint' || $in_block && ($where ne 'savepoint' || $savepoint);
		$statement = $statements[0];
	}
	return $statement->[1]->();
}

# So many steps, in blocks or without.
sub session
{
	my ($steps, $level) = @_;
	my $text = '';

	while ($steps > 0)
	{
		if ($steps == 1 || one_in(6))
		{
			$text .= statement(0, 0) . ";\n";
			$steps--;
			next;
		}
		my $n = one_in(2) ? $steps - 1 : 1 + int rand($steps - 1);
		my $savepoint = 0;

		$text .= "BEGIN$level;\n";
		foreach (1 .. $n)
		{
			my $statement = statement(1, $savepoint);

			$savepoint = 1 if $statement =~ /^SAVEPOINT/;
			$savepoint = 0 if $statement =~ /^RELEASE/;
			$text .= "$statement;\n";
		}
		$text .= one_in(10) ? "ROLLBACK;\n" : "COMMIT;\n";
		$steps -= $n + 1;
	}
	return $text;
}

my @levels = ('', '', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE');

# The program of a seed.
sub ct_program_generate
{
	my ($seed) = @_;
	my $text = "-- generated of seed $seed\n-- setup\n";
	my @steps;

	srand($seed);
	my $action = any_of('', '', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE ON DELETE CASCADE', ' DEFERRABLE INITIALLY DEFERRED');
	my $unique = any_of(' UNIQUE', ' UNIQUE', '', ' UNIQUE DEFERRABLE INITIALLY DEFERRED');
	my $reference = one_in(4) ? '' : " REFERENCES a$action";

	# something that reads and writes, something that writes, and whatever
	@palette = (drawn(grep { $_->[1]->() =~ /^INSERT INTO c SELECT|^UPDATE a SET v = coalesce/ } @statements),
		drawn(grep { $_->[1]->() =~ /^UPDATE a|^DELETE|^INSERT/ } @statements));
	@palette = grep { ($_->[2] // '') ne 'upsert' || $unique eq ' UNIQUE' } @palette;
	while (@palette < 4)
	{
		my $statement = drawn(@statements);

		push @palette, $statement unless ($statement->[2] // '') eq 'upsert' && $unique ne ' UNIQUE';
	}
	push @palette, grep { ($_->[2] // '') eq 'savepoint' } @statements if grep { $_->[1]->() =~ /^SAVEPOINT/ } @palette;

	# ON CONFLICT (u) needs a unique index that isn't deferrable
	$unique .= ", EXCLUDE (u WITH =)" if $unique eq '' && one_in(3);
	$text .= sprintf "CREATE TABLE a (id int PRIMARY KEY, v int%s);\n", any_of('', '', ' CHECK (v >= 0)', ' CHECK (v < 20)');
	$text .= "CREATE TABLE b (id int PRIMARY KEY, a int$reference, u int$unique);\n";
	$text .= 'CREATE TABLE c (k int' . any_of('', '', ' UNIQUE') . ", n int);\n";
	$text .= "CREATE SEQUENCE s;\n";
	$text .= "CREATE INDEX ON b (a);\n" if one_in(2);
	$text .= sprintf "INSERT INTO a VALUES (1, %d), (2, %d);\n", small(), small();
	$text .= sprintf "INSERT INTO b VALUES (1, %d, 10), (2, %d, 11);\n", 1 + int rand 2, 1 + int rand 2 if !one_in(4);
	$text .= "INSERT INTO c VALUES (0, 1), (1, 1);\n" if one_in(2);
	$text .= <<'END';
CREATE FUNCTION move(x int, y int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	SELECT v INTO n FROM a WHERE id = x;
	UPDATE a SET v = v - 1 WHERE id = x AND v > 0;
	UPDATE a SET v = v + 1 WHERE id = y;
	RETURN n;
END $$;
CREATE FUNCTION put(x int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO a VALUES (x, 1);
	RETURN 'new';
EXCEPTION WHEN unique_violation THEN
	UPDATE a SET v = v + 1 WHERE id = x;
	RETURN 'old';
END $$;
END
	if (one_in(6))
	{
		$text .= <<'END';
CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE c SET n = n + 1 WHERE k = 1;
	RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION follow();
END
	}

	@steps = @{ any_of([ 4, 4 ], [ 4, 3 ], [ 3, 3 ], [ 3, 3 ], [ 5, 2 ], [ 4, 2 ], [ 2, 2 ], [ 2, 2, 2 ], [ 3, 2, 1 ], [ 3, 2, 2 ], [ 1, 1, 1 ], [ 2, 2, 1 ], [ 4, 1, 1 ]) };
	my $same = one_in(3) ? any_of(@levels) : undef;
	my $first;
	foreach (@steps)
	{
		my $session = session($_, $same // any_of(@levels));

		$session = $first if defined $first && @steps == 2 && one_in(4);
		$first //= $session;
		$text .= "-- session\n$session";
	}
	$text .= "-- check\n" . any_of(
		sprintf('SELECT sum(v) FROM a HAVING sum(v) > %d', 3 + int rand 12),
		'SELECT k FROM c GROUP BY k HAVING count(*) > 1',
		'SELECT 1 FROM b WHERE NOT EXISTS (SELECT FROM a WHERE id = b.a)',
		sprintf('SELECT n FROM c WHERE n > %d', 1 + int rand 5),
		'SELECT 1 FROM a HAVING count(*) <> 2',
		'SELECT 1 FROM a, b WHERE a.v > b.u') . "\n";
	return $text;
}

1;
