# pg_cron runs scenarios by night: its own table of job runs shows success, and failure with our
# message where raise_on_fail is set and the scenario fails; by its background workers and by
# connections alike.  And docs/operations.md is right about it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtDocs;
use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($libraries) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--pkglibdir' ]);
plan skip_all => "pg_cron is not installed in $libraries" unless -e "$libraries/pg_cron.so";

my $node = ct_node('cron',
	shared_preload_libraries => 'pg_cron',
	'cron.database_name' => 'postgres',
	'cron.use_background_workers' => 'on',
	max_worker_processes => 40);		# seven jobs at once, each with a leader and two workers
$node->append_conf('postgresql.conf', "cron.host = '" . $node->host . "'");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION pg_cron;
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('good', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', transactions => 40, workers => 2, min_overlap => 1);
SELECT ct_add_script('good', 'one', E'\\barrier together\nBEGIN; SELECT i FROM t FOR UPDATE;\n\\sleep 2 ms\nUPDATE t SET i = i + 1; COMMIT');
SELECT ct_create_scenario('bad', setup => 'CREATE TABLE t (i int)', transactions => 20, workers => 2);
SELECT ct_add_script('bad', 'one', 'INSERT INTO t VALUES (1)');
SELECT ct_add_check('bad', 'empty', 'SELECT i FROM t');
SQL

# Before 1.5 the shortest interval is a minute, but a job can be run as pg_cron starts.
my $seconds = $node->safe_psql('postgres', "SELECT string_to_array(split_part(extversion, '-', 1), '.')::int[] >= '{1,5}' FROM pg_extension WHERE extname = 'pg_cron'") eq 't';
my $schedule = $seconds ? '2 seconds' : '@reboot';
my %jobs = (
	good => q{SELECT ct_run('good', raise_on_fail => true)},
	'good, called' => q{CALL ct_execute('good', raise_on_fail => true)},
	'bad, called' => q{CALL ct_execute('bad', raise_on_fail => true)},
	bad => q{SELECT ct_run('bad')},
	'bad, raising' => q{SELECT ct_run('bad', raise_on_fail => true)},
	'bad, asserted' => q{SELECT ct_assert(ct_run('bad'))},
	pruning => q{SELECT ct_prune('1 day')});
$node->safe_psql('postgres', "SELECT cron.schedule('$_', '$schedule', \$\$$jobs{$_}\$\$)") foreach sort keys %jobs;

foreach my $way ('background workers', 'connections')
{
	$node->append_conf('postgresql.conf', 'cron.use_background_workers = ' . ($way eq 'connections' ? 'off' : 'on'));
	$node->safe_psql('postgres', 'DELETE FROM cron.job_run_details');
	$node->restart;
	ok(ct_await($node, "SELECT count(DISTINCT jobid) = 7 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')"), "$way: all jobs have run")
	  or diag($node->safe_psql('postgres', 'SELECT * FROM cron.job_run_details'));

	my $details = sub {
		return $node->safe_psql('postgres', "SELECT status || ' ' || return_message FROM cron.job_run_details d JOIN cron.job j USING (jobid)
			WHERE jobname = '$_[0]' ORDER BY runid LIMIT 1");
	};
	like($details->($_), qr/^succeeded /, "$way: a scenario that passes ($_)") foreach 'good', 'good, called';
	like($details->('pruning'), qr/^succeeded /, "$way: ct_prune");
	like($details->('bad'), qr/^succeeded /, "$way: a scenario that fails, and nobody asked");
	like($details->($_), qr/^failed .*run \d+.*\bfail\b/s, "$way: $_") foreach 'bad, raising', 'bad, asserted', 'bad, called';
	is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT scenario || ' ' || verdict, ', ') FROM ct_runs WHERE status = 'succeeded'"),
		'bad fail, good pass', "$way: our own table says the same");
	is($node->safe_psql('postgres', "SELECT count(*) FROM ct_runs WHERE held_horizon"), 0, "$way: none held back vacuum");
}
if ($seconds)
{
	ok(ct_await($node, "SELECT count(*) > 2 FROM cron.job_run_details d JOIN cron.job j USING (jobid) WHERE jobname = 'good' AND status = 'succeeded'"), 'and again');
}

# What docs/operations.md shows, but sooner than at three in the morning.
my @blocks = grep { $_->{text} =~ /\bcron\./ } ct_doc_blocks("$FindBin::RealBin/../docs/operations.md");
is(scalar @blocks, 2, 'the page schedules jobs, and looks at them');
$node->safe_psql('postgres', 'SELECT cron.unschedule(jobid) FROM cron.job; DELETE FROM cron.job_run_details');
ct_doc_execute($node, 'postgres', $blocks[0]);
unlike($blocks[0]{got}, qr/ERROR/, 'they can be scheduled');
is($node->safe_psql('postgres', "UPDATE cron.job SET schedule = '$schedule'; SELECT string_agg(jobname, ', ' ORDER BY jobname) FROM cron.job"),
	'prune, tickets', 'there they are');
$node->append_conf('postgresql.conf', 'cron.use_background_workers = on');
$node->restart;
ok(ct_await($node, "SELECT count(DISTINCT jobid) = 2 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')"), 'and they run');
ct_doc_execute($node, 'postgres', $blocks[1]);
is(ct_doc_mismatch($blocks[1]{output}, $blocks[1]{got}), undef, 'their details are what the page shows') or diag($blocks[1]{got});
$node->safe_psql('postgres', 'SELECT cron.unschedule(jobid) FROM cron.job');
ct_nothing_left($node, 'pg_cron');

$node->stop;
done_testing();
