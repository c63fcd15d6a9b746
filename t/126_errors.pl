# What errors say gets from the workers to the rows in full, by streams that nobody waits for: also
# where the leader doesn't come to read (it is stopped here by a signal), and where a worker is lost.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('errors');

# eight kinds of errors, each of which takes half of a stream's room
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE may_go (until int);
CREATE FUNCTION await_go(iteration int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	WHILE NOT EXISTS (SELECT FROM may_go WHERE until >= iteration) LOOP PERFORM pg_sleep(0.01); END LOOP;
END $$;
CREATE FUNCTION refuse(iteration int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'XY00' || iteration % 8, MESSAGE = format('number %s %s', iteration, repeat('m', 15000)),
		DETAIL = repeat('d', 10000), HINT = repeat('h', 5000);
END $$;
SELECT ct_create_scenario('refuse', workers => 1, min_overlap => 0);
SELECT ct_add_script('refuse', 'refuse', E'SELECT await_go(:iteration);\n\\if :iteration > 100\n\\sleep 20 ms\n\\endif\nSELECT refuse(:iteration);');
SQL

my $progress = 'SELECT coalesce((SELECT failed FROM ct_progress), 0)';
my $in_full = "first_message ~ '^number [0-9]+ m+\$' AND length(first_message) > 15000 AND detail = repeat('d', 10000) AND hint = repeat('h', 5000) AND context ~ '^PL/pgSQL function refuse'";

# Starts a run whose leader is stopped while the worker raises a hundred errors.
sub start
{
	my ($transactions) = @_;
	$node->safe_psql('postgres', 'TRUNCATE may_go');
	my $call = ct_call($node, "SELECT ct_run('refuse', transactions => $transactions)");

	ok(ct_await($node, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query ~ 'await_go' AND backend_type = 'ct_ext worker'"), "$transactions: under way");
	my $leader = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'");
	kill 'STOP', $leader;
	$node->safe_psql('postgres', 'INSERT INTO may_go VALUES (100)');
	ok(ct_await($node, "$progress = 100"), "$transactions: the worker doesn't wait for a leader that doesn't read");
	return ($call, $leader);
}

sub of_last
{
	my ($select) = @_;
	return $node->safe_psql('postgres', "SELECT $select FROM ct_errors WHERE run_id = (SELECT max(run_id) FROM ct_runs)");
}

# How many were dropped, as the last run's warnings say.
sub told
{
	my ($times) = $node->safe_psql('postgres', 'SELECT warnings FROM ct_runs ORDER BY run_id DESC LIMIT 1') =~ /had no room (\d+) times/;
	return $times // 0;
}

# how many were dropped while it was stopped: all but the first two, and those of the same kinds
my $dropped = grep { $_ % 8 != 1 && $_ % 8 != 2 } 3 .. 100;

# It reads again, and what found no room is told of the next error of its kind.
my ($call, $leader) = start(200);
my $resumed = $node->safe_psql('postgres', 'SELECT now()');
kill 'CONT', $leader;
my $seconds = $node->safe_psql('postgres', 'SELECT count(*) FROM ct_timeline');
ok(ct_await($node, "SELECT count(*) >= $seconds + 2 FROM ct_timeline"), 'the leader goes on');
$node->safe_psql('postgres', 'INSERT INTO may_go VALUES (200)');
is(ct_call_end($call), 0, 'it comes to its end') or diag($call->{stderr});
is(of_last('count(*), sum(count)'), '8|200', 'each error is counted');
is(of_last("count(*) FILTER (WHERE $in_full)"), 8, 'of each kind one is there in full');
is(of_last("string_agg(substring(first_message FROM '[0-9]+'), ' ' ORDER BY first_seen) FILTER (WHERE substring(first_message FROM '[0-9]+')::int <= 100)"),
	'1 2', 'the first, if there was room for it');
is(of_last("count(*) FILTER (WHERE first_seen < '$resumed')"), 8, 'and when the first was raised');
cmp_ok(told(), '>=', $dropped, 'what was dropped is told');

# It doesn't read before the run is over.
($call, $leader) = start(100);
kill 'CONT', $leader;
is(ct_call_end($call), 0, 'a run that is over before anybody reads comes to its end') or diag($call->{stderr});
is(of_last('count(*), sum(count)'), '8|100', 'each error is counted');
is(of_last("count(*) FILTER (WHERE $in_full)"), 2, 'there was room for two');
is(of_last("count(*) FILTER (WHERE first_message = 'what it says found no room on its way to the leader' AND detail IS NULL AND step = 4 AND line = 5 AND statement ~ 'refuse')"),
	6, 'the others have their place at least');
is(told(), $dropped, 'what was dropped is told, each');

# What a worker has told before it is lost is there.
$node->safe_psql('postgres', 'TRUNCATE may_go; INSERT INTO may_go VALUES (1)');
$call = ct_call($node, "SELECT ct_run('refuse', transactions => 200)");
ok(ct_await($node, "$progress = 1"), 'one error was raised');
ok(ct_await($node, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'await_go' AND backend_type = 'ct_ext worker'"), 'its worker is terminated');
isnt(ct_call_end($call), 0, 'which ends the run');
is($node->safe_psql('postgres', 'SELECT status FROM ct_runs ORDER BY run_id DESC LIMIT 1'), 'failed', 'as failed');
is(of_last("count(*), sum(count), count(*) FILTER (WHERE $in_full)"), '1|1|1', 'with the error in full');

ct_nothing_left($node, 'in the end');
$node->stop;
done_testing();
