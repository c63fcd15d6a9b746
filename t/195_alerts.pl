# Who listens to ct_ext is told of runs that fail, and of those that a sweep finds crashed: once each,
# when the result is there to be read, and nothing that they may not see.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('alerts');
my ($in, $out, $err) = ('', '', '');
my $marks = 0;

$node->safe_psql('postgres', 'CREATE ROLE listener LOGIN');
my $harness = IPC::Run::start([ $node->installed_command('psql'), '-XAtq', '-d', $node->connstr('postgres') . " user='listener'" ],
	'<', \$in, '>', \$out, '2>', \$err);

# Has the listener execute a statement, and waits until its output matches.
sub listener_sees
{
	my ($sql, $pattern) = @_;
	my $until = time + $PostgreSQL::Test::Utils::timeout_default;

	while ($out !~ $pattern && time < $until)
	{
		$in .= "$sql;\n";
		$harness->pump_nb;
		select undef, undef, undef, 0.02;
		$harness->pump_nb;
	}
	return $out =~ $pattern;
}

# What came since the last time, as objects; a notification of our own comes after it.
sub alerts
{
	my ($mark) = 'mark ' . ++$marks;

	$node->safe_psql('postgres', "NOTIFY ct_ext, '$mark'");
	listener_sees('SELECT 1', qr/"$mark"/) or diag("no $mark: $out$err");
	my @payloads = $out =~ /"ct_ext" with payload "(\{.*\})" received/g;
	$out = '';
	cmp_ok(length, '<', 2000, 'short') foreach @payloads;
	return map { JSON::PP::decode_json($_) } @payloads;
}

sub run_it
{
	my ($call) = @_;

	$node->psql('postgres', "SELECT $call");
	return ct_last($node, 'run_id');
}

sub alert
{
	my ($run_id, %what) = @_;
	return [ { run_id => $run_id + 0, scenario => undef, variant => undef, status => 'succeeded', verdict => 'fail', threshold => undef, %what } ];
}

listener_sees('LISTEN ct_ext; SELECT 17', qr/^17$/m) or diag($err);
$out = '';

run_it(q{ct_run('oversell_tickets', 'atomic')});
is_deeply([ alerts() ], [], 'a run that passes is no news');

my $id = run_it(q{ct_run('oversell_tickets', 'naive')});
is_deeply([ alerts() ], alert($id, scenario => 'oversell_tickets', variant => 'naive', reason => 'check'), 'a check that found something: which run, and no more');
is(ct_last($node, 'verdict'), 'fail', 'its result is there');
$in .= "SELECT 'rows: ' || count(*) FROM ct_runs;\n";
ok(listener_sees('SELECT 1', qr/^rows: 0$/m), 'but not for who listens here');
$out = '';

$id = run_it(q{ct_run('oversell_tickets', 'atomic', thresholds => '{tps > 1, p95_ms < 0.000001, p50_ms < 0.000001}')});
is_deeply([ alerts() ], alert($id, scenario => 'oversell_tickets', variant => 'atomic', reason => 'threshold', threshold => 'p95_ms < 1e-06'), 'the first threshold that was missed');

# What is the scenario's own is told where everybody can read it.
my $long = "\x{c3}\x{a4}" x 31;
$node->safe_psql('postgres', "SELECT ct_create_scenario('$long', transactions => 5, min_overlap => 0); SELECT ct_add_script('$long', 'hidden', 'SELECT 1'); SELECT ct_add_variant('$long', '${long}x')");
$id = run_it("ct_run('$long', thresholds => '{hidden.tps < 0}')");
my %own = (scenario => "\x{e4}" x 31, variant => "\x{e4}" x 31 . 'x', reason => 'threshold');
is_deeply([ alerts() ], alert($id, %own), 'a threshold of the call that names a script is not told');
$node->safe_psql('postgres', "SELECT ct_add_threshold('$long', 'hidden.tps', '<', 0)");
$id = run_it("ct_run('$long')");
is_deeply([ alerts() ], alert($id, %own, threshold => 'hidden.tps < 0'), 'one of the scenario is');

$id = run_it(q{ct_test('SELECT 1/0', transactions => 2)});
is_deeply([ alerts() ], alert($id, reason => 'error', status => ct_last($node, 'status'), verdict => ct_last($node, 'verdict')), 'errors: of ct_test');
$id = run_it(q{ct_test('SELECT 1', setup => $$DO 'BEGIN RAISE ''secret''; END'$$)});
is_deeply([ alerts() ], alert($id, reason => 'error', status => 'failed', verdict => undef), 'an error, without its message');

# Found by a sweep: once, whether the sandbox goes or not.
my $row = q{INSERT INTO ct_result (scenario, role, status, started_at, workers_asked, leader_pid, shm_handle, plan, sandbox)
	VALUES ('oversell_tickets', 'listener'::regrole, 'running', now(), 1, 0, 0, '{}', %s) RETURNING run_id};
my $gone = $node->safe_psql('postgres', sprintf $row, 'NULL');
my $held = $node->safe_psql('postgres', sprintf $row, "'ct_run_900000'");
$node->safe_psql('postgres', 'CREATE SCHEMA ct_run_900000');	# of another role
$node->psql('postgres', 'SELECT ct_sweep()') foreach 1 .. 3;
is_deeply([ alerts() ], [ map { @{ alert($_, scenario => 'oversell_tickets', reason => 'crash', status => 'crashed', verdict => undef) } } $gone, $held ], 'crashed runs are told once');
$node->safe_psql('postgres', 'ALTER SCHEMA ct_run_900000 OWNER TO listener');
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'what was left can go');
is_deeply([ alerts() ], [], 'which is no news');

# A queue that is full, for somebody who listens sits in a transaction: nobody is told, and nothing is lost.
SKIP:
{
	skip 'before 17 the queue has 8 GB', 5 if $node->pg_version < 17;
	$node->append_conf('postgresql.conf', 'max_notify_queue_pages = 64');
	$node->restart;
	my $listener = $node->background_psql('postgres');
	$listener->query_safe('LISTEN ct_ext; BEGIN; SELECT 1');
	my $full = 0;
	# (in a channel that it listens to: since 19 nobody is waited for on account of another)
	for (1 .. 200)
	{
		my ($status) = $node->psql('postgres', "SELECT count(pg_notify('ct_ext', repeat('x', 7000) || g)) FROM generate_series(1, 4) g");

		last if $full = $status != 0;
	}
	ok($full, 'the queue is full');
	$gone = $node->safe_psql('postgres', sprintf $row, 'NULL');
	$id = run_it(q{ct_test('SELECT 1/0', transactions => 2)});
	cmp_ok($id, '>', $gone, 'a run that finds one that has crashed is not kept from anything');
	is($node->safe_psql('postgres', "SELECT status FROM ct_runs WHERE run_id = $gone"), 'crashed', 'that one has been closed');
	is(ct_last($node, "verdict || ' ' || cardinality(warnings)"), 'fail 0', 'and a run that failed has its verdict');
	is($node->safe_psql('postgres', "SELECT count(*) FROM ct_errors WHERE run_id = $id"), 1, 'with all its rows');
	$listener->quit;
}

# A queue that gets full between the sweep's look at it and its commit: the new run goes on, and the
# crashed one is left to the next sweep.  Before 17 that would take 8 GB, so the error is raised there.
my $fills = $node->pg_version < 17 ? q{RAISE 'too many notifications in the NOTIFY queue' USING ERRCODE = '54000'} :
  q{PERFORM pg_notify('other', repeat('x', 7000) || g) FROM generate_series(1, 200) g};
$node->safe_psql('postgres', <<SQL);
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS \$\$BEGIN $fills; RETURN NULL; END\$\$;
CREATE CONSTRAINT TRIGGER fill AFTER UPDATE ON ct_result DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW WHEN (NEW.status = 'crashed') EXECUTE FUNCTION fill();
SQL
$gone = $node->safe_psql('postgres', sprintf $row, 'NULL');
my ($ret, undef, $error) = $node->psql('postgres', 'SELECT ct_sweep()');
like($error, qr/ERROR:  (?:54000: )?too many notifications in the NOTIFY queue/, 'the queue gets full while a sweep commits');
$id = run_it(q{ct_test('SELECT 1', transactions => 2, min_overlap => 0)});
is($node->safe_psql('postgres', "SELECT status || ' ' || verdict FROM ct_runs WHERE run_id = $id"), 'succeeded pass', 'a new run does not fail for it');
is($node->safe_psql('postgres', "SELECT status FROM ct_result WHERE run_id = $gone"), 'running', 'what has crashed is left to the next one');
$node->safe_psql('postgres', 'DROP FUNCTION fill() CASCADE');
is($node->safe_psql('postgres', 'SELECT ct_sweep()'), 1, 'which closes it');

eval { $harness->kill_kill };
ct_nothing_left($node, 'alerts');

$node->stop;
done_testing();
