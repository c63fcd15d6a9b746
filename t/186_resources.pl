# What a run uses, second by second: that it is as by what the run is known to do, that nobody's lock
# keeps the leader from looking, and what is said where the system doesn't tell.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use CtTest;
use Test::More;

my $node = ct_prepare('resources');

# Columns or expressions over the rows of the last run.
sub resources
{
	my ($what) = @_;
	return $node->safe_psql('postgres', "SELECT $what FROM ct_resources WHERE run_id = (SELECT max(run_id) FROM ct_runs)");
}

sub test_run
{
	my ($script, $options) = @_;
	$node->safe_psql('postgres', "SELECT ct_test(\$\$$script\$\$, min_overlap => 0, $options)");
}

# ---- one that does a bit of everything

test_run(<<'SQL', q{setup => 'CREATE TABLE filled (id int PRIMARY KEY, v int); INSERT INTO filled SELECT g, 0 FROM generate_series(1, 2) g', workers => 2, duration => '2 s'});
SET work_mem = '64kB';
UPDATE filled SET v = v + 1 WHERE id = :worker_id;
SELECT count(*) FROM (SELECT g FROM generate_series(1, 20000) g ORDER BY -g) s
SQL
is(resources('count(*) BETWEEN 1 AND 3 AND min(second) = 1'), 't', 'about a row a second, from the first one on');
# in all, for between two readings of one moment there may be another one
is(resources(q{bool_and(cpu >= 0 AND machine_cpu BETWEEN 0 AND 100), sum(cpu * seconds) > 0, sum(cpu * seconds) <= 105 * sum(seconds),
	sum(server_cpu * seconds) >= 0.9 * sum(cpu * seconds), sum(machine_cpu * seconds) > 0}), 't|t|t|t|t', 'CPU: of the workers, of the server, of the machine');
is(resources(q{bool_and(memory_mb > 1 AND max_worker_mb > 0.5 AND max_worker_mb <= memory_mb AND machine_memory BETWEEN 0.1 AND 100)}), 't',
	'memory: of the workers, of the largest one, of the machine');
is(resources(q{sum(temp_bytes) > 500000 AND sum(wal_bytes) > 1000 AND sum(buffers_hit) > 10}), 't',
	'temporary files, WAL and pages');
is(resources(q{max(table_bytes) >= 8192 * 3 AND max(dead_tuples) > 0}), 't', 'size and dead rows of the sandbox');
is(resources(q{bool_and(connections BETWEEN 1 AND 10 AND max_connections = current_setting('max_connections')::int)}), 't',
	'connections, workers not among them');

# what the workers have used sums up to what they did: an update and a commit are some 100 bytes of WAL
my $transactions = ct_last($node, 'transactions');
is(resources("sum(wal_bytes) BETWEEN 60 * $transactions AND 20000 * ($transactions + 10)"), 't', 'as much WAL as the transactions write');

# ---- the run as a whole, against its seconds

my $usage = "SELECT %s FROM ct_usage u JOIN ct_runs r USING (run_id), LATERAL (SELECT max(memory_mb) AS most, max(cpu) AS cpu,
	sum(wal_bytes) / 1048576.0 AS wal, sum(temp_bytes) / 1048576.0 AS temp, max(table_bytes) / 1048576.0 AS size, max(connections) AS connections
	FROM ct_resources s WHERE s.run_id = r.run_id) s WHERE run_id = (SELECT max(run_id) FROM ct_runs)";
is($node->safe_psql('postgres', sprintf $usage, q{abs(u.wal_mb - s.wal) <= 0.01, abs(u.temp_mb - s.temp) <= 0.01, u.connections = s.connections,
	u.max_memory_mb >= s.most, u.memory_growth_mb BETWEEN u.max_memory_mb - u.start_memory_mb - 0.011 AND u.max_memory_mb - u.start_memory_mb + 0.011,
	u.max_table_mb >= s.size - 0.01, u.cpu > 0 AND u.cpu <= u.max_cpu, u.cpu <= u.server_cpu + 5, u.hit_rate BETWEEN 0.5 AND 1, u.memory_slope_mb IS NULL}),
	't|t|t|t|t|t|t|t|t|t', 'what its seconds come to; of so few there is no slope');

# ---- thresholds

my %thresholds = ('cpu < 300' => 'pass', 'cpu > 300' => 'fail', 'max_memory_mb > 1' => 'pass', 'max_memory_mb < 1' => 'fail',
	'memory_growth_mb < 500' => 'pass', 'connections < 100' => 'pass', 'connections > 100' => 'fail', 'wal_mb < 1000' => 'pass',
	'temp_mb = 0' => 'pass', 'hit_rate > 0.1' => 'pass', 'max_table_mb > 100' => 'fail', 'memory_slope_mb < 1' => 'fail');
my $texts = join ', ', map { "'$_'" } sort keys %thresholds;
test_run('INSERT INTO t VALUES (1)', "setup => 'CREATE TABLE t (i int)', duration => '1 s', checks => ARRAY[$texts]");
is($node->safe_psql('postgres', q{SELECT string_agg(check_name || ' ' || target || ' ' || status, ', ' ORDER BY check_name || ' ' || target COLLATE "C")
	FROM ct_checks WHERE run_id = (SELECT max(run_id) FROM ct_runs) AND kind = 'threshold'}), join(', ', map { "$_ $thresholds{$_}" } sort keys %thresholds),
	'thresholds: met and missed');
test_run('SELECT 1', q{duration => '1 s', checks => ARRAY['memory_slope_mb < 1']});
like(ct_last($node, 'reason'), qr/memory_slope_mb.* missed: nan, for the run was too short to tell/i, 'what can\'t be told is missed, and why');

# ---- one whose memory grows is ended by what it may not exceed

test_run(q{SELECT set_config('ct.grows', repeat('x', 4000000), false) IS NOT NULL, set_config('ct.grows' || :iteration, repeat('x', 4000000), false) IS NOT NULL},
	q{workers => 1, rate => 20, duration => '1 min', stop_on_fail => true, checks => ARRAY['memory_growth_mb < 60']});
like(ct_last($node, 'reason'), qr/memory_growth_mb < 60.* was missed.*ended early by stop_on_fail/, 'memory that grows ends the run, long before there is none');
is($node->safe_psql('postgres', q{SELECT duration < 50 AND memory_growth_mb BETWEEN 60 AND 2000 FROM ct_usage JOIN ct_runs USING (run_id) ORDER BY run_id DESC LIMIT 1}), 't',
	'as soon as a second shows it');

# ---- shorter than a second

test_run('SELECT 1', q{duration => '0.2 s'});
is(resources('count(*), min(second), bool_and(seconds < 0.5 AND cpu > 0), count(table_bytes)'), '1|1|t|0',
	'shorter than a second: one row, and no tables without a sandbox');

# ---- a table that somebody has locked

$node->safe_psql('postgres', q{SELECT ct_create_scenario('locked', workers => 1, duration => '1 min', min_overlap => 0,
	setup => 'CREATE TABLE held (id int); CREATE TABLE free (id int); INSERT INTO free SELECT generate_series(1, 10000)');
	SELECT ct_add_variant('locked', 'thus'); SELECT ct_add_script('locked', 's', E'SELECT 1;\n\\\\sleep 10 ms')});
my $call = ct_call($node, "SELECT ct_run('locked')");
ok(ct_await($node, "SELECT count(*) = 1 FROM ct_progress WHERE phase = 'running'"), 'locked: under way');
my $schema = $node->safe_psql('postgres', 'SELECT sandbox FROM ct_result ORDER BY run_id DESC LIMIT 1');
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; LOCK TABLE $schema.held IN ACCESS EXCLUSIVE MODE; SELECT set_config('ct.locked_at', clock_timestamp()::text, false)");
my $locked_at = $holder->query_safe("SELECT current_setting('ct.locked_at')");
ok(ct_await($node, "SELECT count(*) >= 2 FROM ct_resources WHERE run_id = (SELECT max(run_id) FROM ct_runs) AND time > '$locked_at' AND table_bytes > 300000"),
	'locked: the leader waits for nobody, and sees the size of all tables');
is($node->safe_psql('postgres', q{SELECT count(*) FROM ct_progress WHERE phase = 'running'}), 1, 'locked: while it is locked');
$holder->query_safe('COMMIT');
$holder->quit;
$node->safe_psql('postgres', 'SELECT ct_stop(max(run_id)) FROM ct_runs');
ct_call_end($call);

# ---- a thousand tables

test_run("SELECT 1;\n\\sleep 10 ms", q{workers => 1, duration => '2 s', setup => 'DO $d$ BEGIN FOR i IN 1..1000 LOOP
	EXECUTE ''CREATE TABLE t'' || i || '' (id int PRIMARY KEY)''; END LOOP; END $d$'});
is(resources('bool_or(table_bytes = 8192 * 1000) AND bool_and(coalesce(table_bytes, 8192000) = 8192000)'), 't',
	'a thousand tables are added up, or left out, which is null');

# ---- where it can't be recorded

foreach my $table ('resource', 'usage', 'wait', 'sample')
{
	$node->safe_psql('postgres', "ALTER TABLE ct_result_$table RENAME TO hidden");
	test_run("SELECT 1;\n\\sleep 10 ms", q{workers => 1, duration => '1.2 s'});
	$node->safe_psql('postgres', "ALTER TABLE hidden RENAME TO ct_result_$table");
	like(ct_last($node, "status || ' ' || verdict || ' ' || warnings[1]"), qr/^succeeded pass what .* could not be recorded: .*ct_result_$table/,
		"without ct_result_$table: the run is what it is, and says what is missing");
	is($node->safe_psql('postgres', q{SELECT (SELECT count(*) > 0 FROM ct_latencies l WHERE l.run_id = r.run_id), (SELECT count(*) > 0 FROM ct_timeline t WHERE t.run_id = r.run_id)
		FROM ct_runs r ORDER BY r.run_id DESC LIMIT 1}), 't|t', "without ct_result_$table: all else is there");
}

# ---- where it is turned off

$node->safe_psql('postgres', q{SET ct_ext.telemetry = off; SELECT ct_test('SELECT 1', duration => '1.2 s', min_overlap => 0, checks => ARRAY['cpu < 101'])});
is(resources('count(*)') . $node->safe_psql('postgres', 'SELECT count(*) FROM ct_usage WHERE run_id = (SELECT max(run_id) FROM ct_runs)'), '00', 'telemetry off: nothing');
like(ct_last($node, 'verdict || reason'), qr/^fail.*cpu < 101.* was missed: nan, for with ct_ext.telemetry off/i, 'telemetry off: what nobody looked at meets no threshold');

# ---- where the system doesn't tell

$node->append_conf('postgresql.conf', "ct_ext.proc_path = '/nonexistent'");
$node->reload;
test_run('SELECT 1', q{duration => '0.2 s'});
is($node->safe_psql('postgres', 'SELECT count(cpu), count(max_memory_mb), count(memory_growth_mb), count(wal_mb) FROM ct_usage WHERE run_id = (SELECT max(run_id) FROM ct_runs)'),
	'1|0|0|1', 'without /proc: the run as a whole');
is(resources('count(*), count(memory_mb), count(max_worker_mb), count(machine_cpu), count(machine_memory), count(server_cpu), count(wal_bytes)'),
	'1|0|0|0|0|0|1', 'without /proc: null, and the rest is there');

$node->stop;
done_testing();
