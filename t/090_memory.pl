# However long a run, neither its workers' memory nor what is stored of it grows: a script with
# everything that could leak (variables, text through \gset, \aset, errors, retries, outcomes, tallies,
# savepoints, utilities, a function in PL/pgSQL) is repeated 180,000 times.  Nor does memory of
# reports, however many runs they are of.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('memory', shared_buffers => '16MB', dynamic_shared_memory_type => 'posix');

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE item (id int PRIMARY KEY, n int);
INSERT INTO item SELECT i, 0 FROM generate_series(1, 10) i;
CREATE FUNCTION raises(state text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'raised %', repeat('x', 100) USING ERRCODE = state; END $$;
CREATE FUNCTION catches() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN RETURN 1; END $$;
SQL

# each as a script of its own, so that the one that leaks has a name
my %scripts = (
	'set' => '\set a random(1, 10)' . "\n" . '\set b :a * 2.5 + sqrt(:a)' . "\n" . 'SELECT :a + 1, :b',
	'text' => q{SELECT repeat('x', 500) AS t, 'y' AS u \gset} . "\n" . q{SELECT length(:t), :u},
	'aset' => q{SELECT 1 AS a\; SELECT repeat('x', 200) AS b \aset} . "\n" . 'SELECT :a, :b',
	'block' => "BEGIN;\nSELECT n FROM item WHERE id = 1;\nSAVEPOINT s;\nSELECT 1;\nROLLBACK TO s;\nCOMMIT;",
	'utility' => q{SET work_mem = '4MB'} . "\n;\n" . 'SET work_mem = :iteration',
	'outcomes' => "BEGIN;\n" . '\outcome good' . "\n" . '\tally sum 1.5' . "\n" . 'SELECT 1;' . "\nCOMMIT;\n" . '\outcome after',
	'outcome of a number' => '\set m random(1, 9)' . "\n" . '\outcome :m' . "\nBEGIN;\n" . '\outcome :m' . "\nCOMMIT;",
	'error' => q{SELECT raises('P0001')},
	'error that differs' => q{DO 'BEGIN RAISE EXCEPTION USING MESSAGE = clock_timestamp() || repeat(''x'', 3000), DETAIL = clock_timestamp() || repeat(''y'', 3000); END'},
	'error in a block' => "BEGIN;\nSELECT 1;\n" . q{SELECT raises('P0001')} . ";\nCOMMIT;",
	'expected' => q{SELECT raises('23505')},
	'retry' => q{SELECT raises('40001')},
	'handler' => 'SELECT catches()',
	'procedure' => 'DO $$ BEGIN PERFORM 1; COMMIT; PERFORM 2; END $$');

# Memory that is the process's own, in kB.
sub own_memory
{
	my ($pid) = @_;
	my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
	return $kb;
}

SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

	foreach my $what (sort keys %scripts)
	{
		my $call = ct_call($node, "SELECT ct_test(\$ct\$$scripts{$what}\$ct\$, workers => 1, duration => '10 min', max_tries => 3, expected_errors => '{23505}')");
		my $count = 'transactions + failed + retries';
		my ($pid, $from, $to);

		# what it takes to get going isn't a leak
		ok(ct_await($node, "SELECT $count > 3000 FROM ct_progress"), "$what: under way") or diag($call->{stderr});
		$pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'");
		$from = own_memory($pid);
		ok(ct_await($node, "SELECT $count > 18000 FROM ct_progress"), "$what: 15,000 transactions later");
		$to = own_memory($pid);
		# 15,000 times the smallest chunk of memory would be 480 kB
		cmp_ok($to - $from, '<', 300, "$what: the worker's memory has not grown");
		$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
		ct_call_end($call);
		ct_await_gone($node);
	}
}

# The leader's, which sums the slots up each second for a check during the run; of so many statements
# that a sum kept shows.
SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

	$node->safe_psql('postgres', "SELECT ct_create_scenario('during', duration => '10 min', workers => 1); "
		  . "SELECT ct_add_script('during', 'much', repeat('SELECT 1; ', 60) || E'\n\\\\sleep 1 ms'); "
		  . "SELECT ct_add_check('during', 'holds', 'SELECT 1 WHERE :transactions < 0', during => true)");
	my $call = ct_call($node, "SELECT ct_run('during')");
	my ($pid, $from, $to);

	ok(ct_await($node, 'SELECT elapsed > 2.5 FROM ct_progress'), 'during: the check was asked');
	$pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'");
	$from = own_memory($pid);
	ok(ct_await($node, 'SELECT elapsed > 5.5 FROM ct_progress'), 'during: and again');
	$to = own_memory($pid);
	# three sums would be 3 MB
	cmp_ok($to - $from, '<', 500, 'during: the leader\'s memory has not grown');
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
	ct_call_end($call);
	ct_await_gone($node);
}

# And of errors, each of which says something else, there is one of each kind.
SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

	my $call = ct_call($node, "SELECT ct_test(\$ct\$$scripts{'error that differs'}\$ct\$, workers => 6, duration => '10 min')");
	my ($pid, $from, $to);

	ok(ct_await($node, 'SELECT elapsed > 2.5 AND failed > 1000 FROM ct_progress'), 'errors: under way') or diag($call->{stderr});
	$pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'");
	$from = own_memory($pid);
	ok(ct_await($node, 'SELECT elapsed > 5.5 AND failed > 20000 FROM ct_progress'), 'errors: ten thousands of them later');
	$to = own_memory($pid);
	cmp_ok($to - $from, '<', 300, "errors: the leader's memory has not grown, from $from kB");
	# a thousand of them would be 6 MB more
	cmp_ok($to, '<', 7000, 'errors: and is little');
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
	ct_call_end($call);
	ct_await_gone($node);
}

# The caller's, while it has one run after the other.
SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

	$node->safe_psql('postgres', q{SELECT ct_create_scenario('short', transactions => 1, workers => 1, min_overlap => 0)});
	$node->safe_psql('postgres', q{SELECT ct_add_script('short', 'one', 'SELECT 1')});
	foreach my $calls (q{ct_run('short', repeat => 1000)}, q{ct_compare('short', repeat => 1000)})
	{
		my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM ct_result');
		my $call = ct_call($node, "SELECT $calls");
		my ($pid, $from, $to);

		ok(ct_await($node, "SELECT count(*) > $before + 30 FROM ct_result"), "$calls: some runs") or diag($call->{stderr});
		$pid = $node->safe_psql('postgres', 'SELECT ' . ct_backend($call));
		$from = own_memory($pid);
		ok(ct_await($node, "SELECT count(*) > $before + 130 FROM ct_result"), "$calls: a hundred later");
		$to = own_memory($pid);
		cmp_ok($to - $from, '<', 1500, "$calls: the caller's memory has not grown, from $from kB");
		$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
		isnt(ct_call_end($call), 0, "$calls: cancelled");
	}
}

# The caller's, while a dozen workers queue for a lock, and somebody for one of its own: it asks who waits for whom.
SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status' && slurp_file('/proc/self/status') =~ /RssAnon/;

	my $call = ct_call($node, [ 'BEGIN', 'SELECT pg_advisory_xact_lock(1)',
		"SELECT ct_test(E'BEGIN;\\nSELECT pg_advisory_xact_lock(77);\\n\\\\sleep 200 ms\\nCOMMIT', workers => 6, duration => '10 min')" ]);
	my ($pid, $from, $to);

	ok(ct_await($node, 'SELECT elapsed > 1 FROM ct_progress'), 'caller: six workers queue') or diag($call->{stderr});
	my $waits = ct_call($node, 'SELECT pg_advisory_lock(1)');
	ok(ct_await($node, "SELECT count(*) = 1 FROM pg_locks WHERE objid = 1 AND NOT granted"), 'caller: and somebody waits for its lock');
	$pid = $node->safe_psql('postgres', 'SELECT pid FROM ' . ct_backend($call) . ' p');
	$from = own_memory($pid);
	ok(ct_await($node, 'SELECT elapsed > 5 FROM ct_progress'), 'caller: some seconds later');
	$to = own_memory($pid);
	cmp_ok($to - $from, '<', 300, "caller: its memory has not grown, from $from kB");
	cmp_ok($to, '<', 20_000, 'caller: and is little');
	$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
	ct_call_end($call);
	ct_call_end($waits);
	ct_await_gone($node);
}

# What is stored, without the plan and the timeline, which are as long as they are told to be.
sub stored
{
	my ($transactions) = @_;
	my $run_id = $node->safe_psql('postgres', <<"SQL");
SELECT ct_test(\$\$BEGIN; UPDATE item SET n = n + 1 WHERE id = 1 + :iteration % 10; COMMIT;\n\\outcome done\$\$, workers => 2, transactions => $transactions)
SQL
	is($node->safe_psql('postgres', "SELECT transactions FROM ct_runs WHERE run_id = $run_id"), $transactions, "$transactions transactions");
	return $node->safe_psql('postgres', <<"SQL");
SELECT (SELECT sum(pg_column_size(t)) FROM ct_result t WHERE run_id = $run_id)
	+ (SELECT sum(pg_column_size(t)) FROM ct_result_latency t WHERE run_id = $run_id)
	+ (SELECT sum(pg_column_size(t)) FROM ct_result_outcome t WHERE run_id = $run_id)
	+ (SELECT sum(pg_column_size(t)) FROM ct_result_worker t WHERE run_id = $run_id)
SQL
}

my $few = stored(2000);
my $many = stored(200000);
# a histogram has more buckets that aren't empty when there is more to see, but no more than it has
cmp_ok($many, '<', 4 * $few, "a hundred times the transactions take $many bytes, not a hundred times $few");
cmp_ok($many, '<', 100000, 'which is not much');

# Reports of many runs need the memory of one, and that of the text.
SKIP:
{
	skip 'no /proc', 1 unless -e '/proc/self/status';

	my ($few_kb, $many_kb) = split /\n/, $node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION peak() RETURNS text LANGUAGE sql AS
	$$ SELECT (regexp_match(pg_read_file(format('/proc/%s/status', pg_backend_pid())), 'VmHWM:\s+(\d+) kB'))[1] $$;
SELECT length(ct_report(array_fill(max(run_id), '{10}'))) < 0 FROM ct_runs \g /dev/null
SELECT peak();
SELECT length(ct_report(array_fill(max(run_id), '{300}'))) < 0 FROM ct_runs \g /dev/null
SELECT peak();
SQL
	cmp_ok($many_kb - $few_kb, '<', 10000, "reports of 300 runs take $many_kb kB, of 10 runs $few_kb kB");
}

$node->stop;
done_testing();
