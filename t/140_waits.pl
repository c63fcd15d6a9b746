# What a run's processes wait for is told by a wait event of its own, so that neither a user nor a
# sampler takes a wait of ours for one of the scripts': by its name from PostgreSQL 17 on, by its
# number before. And whoever waits is left alone: barriers wake those who meet there, not the leader
# and the caller; nor does the leader wake up by itself, where nobody wants to know what is waited for.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = ct_node('waits', max_worker_processes => 60, dynamic_library_path => '$libdir:' . ct_units());
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION ct_ext;
	CREATE FUNCTION units_wait_event(int) RETURNS text LANGUAGE c STRICT AS 'ct_units'});
my $named = $node->safe_psql('postgres', "SELECT current_setting('server_version_num')::int >= 170000") eq 't';

# Waits until as many processes of a type as said wait at the event.
sub wait_at
{
	my ($n, $type, $event, $what) = @_;
	my $processes = "FROM pg_stat_activity WHERE backend_type = '$type' AND units_wait_event(pid) = '$event'";
	my $shown = $named ? "wait_event = '$event'" : "wait_event = 'Extension'";

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(ct_await($node, "SELECT count(*) = $n $processes"), "$what: $event");
	ok(ct_await($node, "SELECT count(*) = $n $processes AND wait_event_type = 'Extension' AND $shown"), "$what: as pg_stat_activity shows it");
}

sub end_run
{
	my ($call, $what) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$node->safe_psql('postgres', 'SELECT ct_cancel(max(run_id)) FROM ct_runs');
	isnt(ct_call_end($call), 0, "$what: the run is ended");
	ct_nothing_left($node, $what);
}

# One that is ready, while the other one is still planning.
my $call = ct_call($node, q{SELECT ct_test('SELECT nap()', $$CREATE FUNCTION nap() RETURNS int IMMUTABLE LANGUAGE plpgsql AS
	'BEGIN IF current_setting(''application_name'') LIKE ''%worker 2'' THEN PERFORM pg_sleep(600); END IF; RETURN 1; END'$$, workers => 2, duration => '1 hour')});
wait_at(1, 'ct_ext worker', 'CtExtGate', 'one that is ready');
wait_at(1, 'ct_ext leader', 'CtExtWatching', 'the leader, for the other one');
wait_at(1, 'client backend', 'CtExtWaiting', 'the caller');
end_run($call, 'at the gate');

# Both sides of a barrier, a pause.
$call = ct_call($node, q{SELECT ct_test($$\if :client_id = 0
	\sleep 600 s
	\endif
	\barrier b
	SELECT 1$$, workers => 3, duration => '1 hour')});
wait_at(2, 'ct_ext worker', 'CtExtBarrier', 'two at a barrier');
wait_at(1, 'ct_ext worker', 'CtExtPause', 'one that sleeps');
wait_at(1, 'ct_ext leader', 'CtExtWatching', 'the leader');
end_run($call, 'at a barrier');

# Those who have done their share, while a check lasts.
$call = ct_call($node, q{SELECT ct_test('SELECT 1', NULL, ARRAY['SELECT pg_sleep(600) FROM generate_series(1, 2)'], workers => 2, transactions => 2)});
wait_at(2, 'ct_ext worker', 'CtExtVerdict', 'who has done its share');
end_run($call, 'in a check');

# Whoever waits for a run that somebody else has started.
my $run = $node->safe_psql('postgres', q{SELECT ct_create_scenario('idle', workers => 1, duration => '1 hour'), ct_add_script('idle', 's', '\sleep 600 s');
	SELECT ct_start('idle')});
$run =~ s/.*\n//s;
$call = ct_call($node, "SELECT ct_wait($run)");
wait_at(1, 'client backend', 'CtExtWaiting', 'ct_wait');
$node->safe_psql('postgres', "SELECT ct_cancel($run)");
is(ct_call_end($call), 0, 'ct_wait: returns');

# ---- who is woken

# How often a process has gone to sleep so far.
sub sleeps
{
	my ($pid) = @_;
	my ($n) = slurp_file("/proc/$pid/status") =~ /^voluntary_ctxt_switches:\s*(\d+)/m;
	return $n;
}

SKIP:
{
	skip 'there is no /proc', 1 unless -r "/proc/$$/status";
	foreach my $script ([ 4, "\\barrier b\nSELECT 1" ], [ 50, "\\sleep 3600 s\nSELECT 1" ])
	{
		my ($workers, $body) = @$script;
		my $what = "$workers workers";
		my ($from, %before);

		$call = ct_call($node, [ 'SET ct_ext.telemetry = off', "SELECT ct_test(\$\$$body\$\$, workers => $workers, duration => '1 hour')" ]);
		# at first it looks often who sleeps
		ok(ct_await($node, "SELECT phase = 'running' AND elapsed > 2 FROM ct_progress"), "$what: under way");
		my %pids = (
			leader => $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'"),
			caller => $node->safe_psql('postgres', 'SELECT ' . ct_backend($call)));
		$before{$_} = sleeps($pids{$_}) foreach keys %pids;
		$from = time;
		ok(ct_await($node, "SELECT elapsed > 5 FROM ct_progress"), "$what: three seconds later");
		foreach my $who (sort keys %pids)
		{
			cmp_ok((sleeps($pids{$who}) - $before{$who}) / (time - $from), '<', 20, "$what: how often the $who woke up, a second");
		}
		end_run($call, $what);
	}
}

# Although the leader looks seldom who sleeps where nobody did, a short sleep is known once some do.  Of each
# two one sleeps, for as long as the other one takes to see it.
$node->safe_psql('postgres', q{CREATE TABLE slept (ms float);
	CREATE FUNCTION brief() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE began timestamptz = clock_timestamp();
	BEGIN
		IF pg_try_advisory_lock(1) THEN
			WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted) LOOP PERFORM pg_sleep(0.001); END LOOP;
		ELSE
			PERFORM pg_advisory_lock(1);
			INSERT INTO slept SELECT 1000 * extract(epoch FROM clock_timestamp() - began);
		END IF;
		PERFORM pg_advisory_unlock(1), pg_sleep(0.3);
	END $$});
$run = $node->safe_psql('postgres', q{SELECT ct_test($$\if :iteration <= 2
	\sleep 2 s
	\endif
	\barrier b
	SELECT brief()$$, workers => 2, transactions => 24)});
is($node->safe_psql('postgres', "SELECT count, p50_ms < (SELECT max(ms) + 100 FROM slept) FROM ct_latencies WHERE run_id = $run AND kind = 'lock_wait'"),
	'12|t', 'sleeps after a long time without any: as long as they were')
	or diag($node->safe_psql('postgres', "SELECT * FROM ct_latencies WHERE run_id = $run"));

$node->stop;
done_testing();
