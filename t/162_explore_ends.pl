# However an exploration ends: by budgets, by ct_stop, by whoever cancels or kills any of its
# processes at any stage, by sessions that never end or wait for somebody who isn't one of them.
# What was found until then counts where a budget ended it; nothing is left behind in any case.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = ct_prepare('explore_ends', max_prepared_transactions => 10);

# A call of ct_race: its sessions, and its options as text.
sub race
{
	my ($sessions, $options) = @_;
	return sprintf('SELECT ct_race(ARRAY[%s], %s)',
		join(', ', map { q(') . s/'/''/gr . q(') } @$sessions), $options // '');
}

# A column of the last exploration.
sub found
{
	return $node->safe_psql('postgres', "SELECT $_[0] FROM ct_runs JOIN ct_explorations USING (run_id) ORDER BY run_id DESC LIMIT 1");
}

my $table = q(setup => 'CREATE TABLE t (i int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)');
my $leader = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext leader'";
my $worker = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' ORDER BY backend_start LIMIT 1";

# more interleavings than anybody waits for
my $many = 'SELECT v FROM t WHERE i = 1;' x 12;

# ---- who ends it, and when ----

my %stages = (
	setup => [ race([ 'SELECT 1', 'SELECT 1' ], "setup => 'CREATE TABLE t (i int); SELECT pg_sleep(600)'"),
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'" ],
	searching => [ race([ $many, $many, 'UPDATE t SET v = v + 1' ], "$table, duration => '600 s'"),
		"SELECT count(*) = 1 FROM ct_progress WHERE phase = 'running'" ],
	step => [ race([ 'SELECT pg_sleep(600)', 'SELECT 1' ], "$table, step_timeout => '600 s', duration => '900 s'"),
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event = 'PgSleep'" ],
	parked => [ race([ 'BEGIN; UPDATE t SET v = 1; SELECT 1; COMMIT', 'UPDATE t SET v = v + 1; SELECT pg_sleep(600)' ],
			"$table, step_timeout => '600 s', duration => '900 s'"),
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext worker' AND wait_event = 'PgSleep'" ],
	check => [ race([ 'SELECT 1', 'SELECT 1' ], "$table, checks => ARRAY['SELECT i FROM t, pg_sleep(600)']"),
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'ct_ext leader' AND wait_event = 'PgSleep'" ]);

my @strikes = (
	[ 'Ctrl-C', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(" . ct_backend($_[0]) . ")") }, 'cancelled' ],
	[ 'client killed', sub { $_[0]->{harness}->signal('KILL') }, 'cancelled' ],
	[ 'ct_cancel', sub { $node->safe_psql('postgres', 'SELECT ct_cancel(max(run_id)) FROM ct_runs') }, 'cancelled' ],
	[ 'leader terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(($leader))") }, 'cancelled' ],
	[ 'worker terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(($worker))") }, 'failed' ]);

foreach my $stage (sort keys %stages)
{
	foreach (@strikes)
	{
		my ($what, $strike, $status) = @$_;
		my ($call, $began);

		# nobody looks at workers during setup and while a check is being asked
		next if $what eq 'worker terminated' and $stage =~ /setup|check/;
		$call = ct_call($node, $stages{$stage}[0]);
		ok(ct_await($node, $stages{$stage}[1]), "$stage: it is there") or diag($call->{stderr});
		$began = time;
		$strike->($call);
		ct_call_end($call);
		ct_await_gone($node);
		ct_soon($began, "$stage, $what: it ends soon");
		is(ct_last($node, 'status'), $status, "$stage, $what: $status");
		ct_nothing_left($node, "$stage, $what");
	}
}

# ---- budgets ----

# as long as it takes here to finish a bound
foreach my $seconds (1, 5, 20)
{
	$node->safe_psql('postgres', race([ $many, $many ], "$table, duration => '$seconds s'"));
	is(found("verdict || ' ' || stopped_by"), 'pass duration', 'a duration ends it');
	cmp_ok(found('duration'), '<', $seconds + 20, 'in time');
	last if found('coalesce(preemptions >= 1 AND drawn > 0, false)') eq 't';
}
cmp_ok(found('preemptions'), '>=', 1, 'with the bounds that were finished');
cmp_ok(found('drawn'), '>', 0, 'and random orders');
like(found('reason'), qr/^no anomaly in all interleavings with at most \d+ preemptions? \([\d,]+\), and [\d,]+ random ones?: an order drawn this way goes wrong in fewer than \S+ % of cases; stopped by duration$/,
	'it says what was executed');

# a step that is under way then isn't waited for
$node->safe_psql('postgres', race([ 'SELECT pg_sleep(0.3)', 'SELECT pg_sleep(100)' ], "$table, duration => '1 s', step_timeout => '100 s'"));
is(found("verdict || ' ' || stopped_by"), 'inconclusive duration', 'a step is given up when the time is over');
cmp_ok(found('duration'), '<', 30, 'in time');

# an order under way then was not executed
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE slow (seconds float);
INSERT INTO slow VALUES (0);
CREATE FUNCTION slowly() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(seconds) FROM slow; END $$;
SQL
$node->safe_psql('postgres', race([ 'SELECT slowly()', 'SELECT slowly()' ], "duration => '60 s', step_timeout => '100 s'"));
is(found("verdict || ' ' || complete"), 'pass 2', 'it is fast');
$node->safe_psql('postgres', 'UPDATE slow SET seconds = 100');
$node->safe_psql('postgres', race([ 'SELECT slowly()', 'SELECT slowly()' ], "duration => '2 s', step_timeout => '100 s'"));
is(found("verdict || ' ' || complete || ' ' || exhausted"), 'inconclusive 0 false', 'an order that is given up is none of all');
$node->safe_psql('postgres', q{SELECT ct_replay(max(run_id), '{1,2}') FROM ct_explorations WHERE complete = 2 AND yield = 'inside'});
is(found("verdict || ' ' || complete"), 'inconclusive 0', 'nor is one that is replayed');
ct_nothing_left($node, 'duration');

my $call = ct_call($node, race([ $many, $many ], "$table, duration => '600 s'"));
ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE phase = 'running'"), 'it explores');
$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
is(ct_call_end($call), 0, 'ct_stop: it returns');
is(found("status || ' ' || stopped_by"), 'succeeded ct_stop()', 'and says so');
ct_nothing_left($node, 'ct_stop');

# ---- steps that don't end ----

$node->safe_psql('postgres', race([ 'SELECT 1', 'SELECT pg_sleep(600)' ], "$table, step_timeout => '2 s'"));
is(found('verdict'), 'fail', 'a step that takes too long fails');
like(found('reason'), qr{a step didn't end within 2 s: session 2 waits at Timeout/PgSleep}, 'it says where it was');
$node->safe_psql('postgres', race([ 'SELECT 1', 'DO $$ BEGIN LOOP END LOOP; END $$' ], "$table, step_timeout => '2 s'"));
like(found('reason'), qr/a step didn't end within 2 s: session 2 executes/, 'also of one that does nothing else');
ct_nothing_left($node, 'step_timeout');

# query_canceled may be caught
$node->safe_psql('postgres', race([ 'SELECT 1', 'DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN IF clock_timestamp() > now() + interval \'4 s\' THEN RAISE; END IF; END; END LOOP; END $$' ],
	"$table, step_timeout => '2 s'"));
like(found('reason'), qr/a step didn't end within 2 s/, 'a session that catches what should end it is interrupted again');
ct_nothing_left($node, 'query_canceled');

# ---- who waits for ever is told at once ----

my $began = time;
my $patient = "$table, step_timeout => '100 s'";
$node->safe_psql('postgres', race([ 'BEGIN; UPDATE t SET v = 1 WHERE i = 1', 'UPDATE t SET v = 2 WHERE i = 1' ], $patient));
like(found('reason'), qr/session 2 waits for ever for session 1, which ended with an open transaction/, 'an open transaction');
$node->safe_psql('postgres', race([ 'SELECT pg_advisory_lock(1)', 'SELECT pg_advisory_lock(1)' ], $patient));
like(found('reason'), qr/session 2 waits for ever for session 1, which ended with a lock of its session/, "a session's lock");
$node->safe_psql('postgres', race([ "BEGIN; UPDATE t SET v = 1 WHERE i = 1; PREPARE TRANSACTION 'p1'", 'UPDATE t SET v = 2 WHERE i = 1' ], $patient));
like(found('reason'), qr/session 2 waits for ever for a prepared transaction/, 'a prepared transaction');
ct_soon($began, 'without waiting for step_timeout');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '0', 'and it is rolled back');
ct_nothing_left($node, 'for ever');

# another one's prepared transaction stays
$node->safe_psql('postgres', "CREATE TABLE mine (i int); BEGIN; INSERT INTO mine VALUES (1); PREPARE TRANSACTION 'mine'");
$node->safe_psql('postgres', race([ "BEGIN; UPDATE t SET v = 1 WHERE i = 1; PREPARE TRANSACTION 'p1'", 'SELECT 1' ], $table));
is(found('verdict'), 'pass', 'a transaction that is prepared, and that nobody waits for');
is($node->safe_psql('postgres', 'SELECT gid FROM pg_prepared_xacts'), 'mine', 'only those of the execution are rolled back');
$node->safe_psql('postgres', "ROLLBACK PREPARED 'mine'");

# ---- what goes wrong once ----

# in an order that is none of the serial ones which are executed first, and not when its story is told
$node->safe_psql('postgres', 'CREATE TABLE tick (n int); CREATE TABLE once (n int); INSERT INTO tick VALUES (0); INSERT INTO once VALUES (1)');
my @once;
for my $when (4 .. 10)
{
	$node->safe_psql('postgres', 'UPDATE tick SET n = 0');
	$node->safe_psql('postgres', race([ "SELECT 1 / (n - $when) FROM tick", 'UPDATE once SET n = n + 1', 'UPDATE once SET n = n * 2' ],
		"in_place => true, reset => 'UPDATE tick SET n = n + 1; UPDATE once SET n = 1'"));
	push @once, found('reason') if found('verdict') eq 'fail';
}
cmp_ok(@once, '>', 0, 'what goes wrong once is found');
is(join("\n", grep { !/ in 1 of 6 interleavings: session 1: division by zero; / } @once), '', 'and told as it was');
ct_nothing_left($node, 'once');

# ---- functions that set what waiting is heard by ----

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE t (i int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
CREATE FUNCTION unheard() RETURNS void LANGUAGE plpgsql SET deadlock_timeout = '100s' SET log_lock_waits = off
	SET log_min_messages = panic AS $$
BEGIN
	UPDATE t SET v = v + 1 WHERE i = 1;
	UPDATE t SET v = v + 1 WHERE i = 2;
END $$;
CREATE FUNCTION unheard_sql() RETURNS void LANGUAGE sql SET deadlock_timeout = '100s' SET log_lock_waits = off
	SET log_min_messages = panic AS 'UPDATE t SET v = v + 1 WHERE i = 1';
SQL
for my $function (qw(unheard unheard_sql))
{
	$node->safe_psql('postgres', race([ "SELECT $function()", "SELECT $function()" ], "step_timeout => '60 s'"));
	is(found('verdict'), 'pass', "$function: a function's settings don't hide that it waits") or diag(found('reason'));
}

# ---- an outsider's lock ----

my $outsider = ct_call($node, [ 'SELECT pg_advisory_lock(77)', 'SELECT pg_sleep(600)' ]);
ok(ct_await($node, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND granted"), 'somebody has a lock');
my $pid = $node->safe_psql('postgres', 'SELECT ' . ct_backend($outsider));
my $refused = ($node->psql('postgres', "\\set VERBOSITY verbose\n" . race([ 'SELECT 1', 'SELECT pg_advisory_xact_lock(77)' ], "$table, step_timeout => '2 s'")))[2];
like($refused, qr/ERROR:  55P03: session 2 waited 2 s for process $pid, which is none of the sessions/, 'who waits for an outsider is told whom for');
is($node->safe_psql('postgres', 'SELECT verdict IS NULL FROM ct_runs ORDER BY run_id DESC LIMIT 1'), 't', 'and accuses nobody');

$call = ct_call($node, race([ 'SELECT 1', 'SELECT pg_advisory_xact_lock(77)' ], "$table, step_timeout => '100 s'"));
ok(ct_await($node, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND NOT granted"), 'a session waits');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
ct_call_end($outsider);
is(ct_call_end($call), 0, 'it goes on when the lock is given back');
is(found("verdict || ' ' || complete"), 'pass 2', 'and all is executed');
ct_nothing_left($node, 'outsider');

# ---- a crash ----

$call = ct_call($node, race([ $many, 'UPDATE t SET v = v + 1;' x 4 ], "$table, duration => '600 s'"));
ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE phase = 'running'"), 'it explores');
$node->stop('immediate');
ct_call_end($call);
$node->start;
is(ct_last($node, 'status'), 'crashed', 'after a crash it shows as crashed');
$node->safe_psql('postgres', race([ 'SELECT 1', 'SELECT 1' ], $table));
is(found('complete'), 2, 'and explorations work');
ct_nothing_left($node, 'crash');

$node->stop;
done_testing();
