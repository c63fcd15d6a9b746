# Jobs of ct_schedule, by a real pg_cron: they run as who scheduled them, whatever their names, and
# their runs are found by the job's name. What is missing is said, with what to do about it.

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

my $node = ct_node('schedule', max_worker_processes => 40);
my $schema = '"a Test, schema"';

$node->start;
foreach my $db ('postgres', 'other')
{
	$node->safe_psql('postgres', "CREATE DATABASE $db") if $db ne 'postgres';
	$node->safe_psql($db, "CREATE SCHEMA $schema; CREATE EXTENSION ct_ext SCHEMA $schema; ALTER DATABASE $db SET search_path = public, $schema");
}

# The error of a statement, with its detail and hint.
sub refused
{
	my ($sql, $db) = @_;
	my ($status, $stdout, $stderr) = $node->psql($db // 'postgres', $sql);

	return $status == 3 || $status == 1 ? $stderr : "no error: $stdout";
}

my $nightly = q{SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets', 'atomic', duration => '1 s')};
like(refused($nightly), qr/ERROR:  extension "pg_cron".*DETAIL:  The job would execute: CALL "a Test, schema"\.ct_execute\(.*HINT:  Add pg_cron to shared_preload_libraries/s,
	'without its library: what to do');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.use_background_workers = on\ncron.database_name = postgres");
$node->restart;
like(refused($nightly), qr/HINT:  As a superuser: CREATE EXTENSION pg_cron\./, 'without the extension: what to do');
$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');

# From another database than pg_cron's, what is to be said there is said whole.
my $there = refused($nightly, 'other');
like($there, qr/HINT:  pg_cron works in database "postgres" \(cron\.database_name\)\. There, as a superuser: SELECT/, 'from another database: where to do it');
my ($hint) = $there =~ /superuser: (SELECT .*\))\./;
$node->safe_psql('postgres', $hint);
is($node->safe_psql('postgres', "SELECT database || ' ' || username = 'other ' || current_user FROM cron.job WHERE jobname = 'nightly'"), 't', 'and it can be done so');
$node->safe_psql('postgres', "SELECT cron.unschedule('nightly')");

# Roles need what they need.
$node->safe_psql('postgres', "CREATE ROLE clerk LOGIN; GRANT CREATE ON DATABASE postgres TO clerk; GRANT USAGE ON SCHEMA $schema TO clerk;
	GRANT EXECUTE ON FUNCTION ct_schedule, ct_unschedule TO clerk");
like(refused("SET ROLE clerk; $nightly"), qr/ERROR:  permission denied for procedure ct_execute.*HINT:  GRANT EXECUTE ON PROCEDURE ct_execute TO clerk/s, 'a role that may not run');
$node->safe_psql('postgres', 'GRANT EXECUTE ON PROCEDURE ct_execute TO clerk');
like(refused("SET ROLE clerk; $nightly"), qr/ERROR:  permission denied to schedule jobs.*HINT:  GRANT USAGE ON SCHEMA cron TO clerk/s, 'a role that may not schedule');
$node->safe_psql('postgres', 'GRANT USAGE ON SCHEMA cron TO clerk');
$node->safe_psql('postgres', "SET ROLE clerk; $nightly");
like(refused("SELECT ct_unschedule('nightly')"), qr/ERROR:  role ".*" has no job "nightly"/, 'the job of another role is not to be had');

like(refused(q{SELECT ct_schedule('x', 'now and then', 'oversell_tickets')}), qr/ERROR:  invalid schedule/, 'a schedule that is none');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_schedules'), 1, 'leaves nothing behind');
$node->safe_psql('postgres', q{SELECT cron.schedule('backup', '0 1 * * *', 'SELECT 1')});
like(refused(q{SELECT ct_schedule('backup', '0 3 * * *', 'oversell_tickets')}), qr/ERROR:  pg_cron has a job "backup" already/, 'a job that is not ours is left alone');

# Names and values that would be something else if they were not quoted.
my $name = qq(it's; DROP TABLE victim; --\n"q" \\ \$\$);
my $scenario = qq(bob's \\ "daily" round);
my $sql = sub { "'" . ($_[0] =~ s/'/''/gr) . "'" };
$node->safe_psql('postgres', "CREATE TABLE victim (i int); SELECT ct_create_scenario(" . $sql->($scenario) . ", transactions => 20, params => '{\"who\": \"\"}', min_overlap => 0);
	SELECT ct_add_script(" . $sql->($scenario) . ", 'one', 'SELECT :who::text')");
$node->safe_psql('postgres', "SELECT ct_schedule(" . $sql->($name) . ", '\@reboot', " . $sql->($scenario) . ", params => jsonb_build_object('who', " . $sql->($name) . "))");
is($node->safe_psql('postgres', "SELECT j.jobid = s.jobid AND j.command = s.command AND j.username = s.role FROM cron.job j JOIN ct_schedules s ON s.job_name = j.jobname WHERE j.jobname = " . $sql->($name)),
	't', 'a job of any name is there');

# The same name again is the same job.
$node->safe_psql('postgres', q{SELECT ct_schedule('failing', '0 3 * * *', 'oversell_tickets'); SELECT ct_schedule('failing', '@reboot', 'oversell_tickets', 'naive');
	SELECT ct_schedule('retention', '@reboot', older_than => '90 days')});
$node->safe_psql('postgres', q{SET ROLE clerk; SELECT ct_schedule('failing', '@reboot', 'oversell_tickets', 'atomic', raise_on_fail => false)});
is($node->safe_psql('postgres', q{SELECT string_agg(jobname || ' ' || schedule, ', ' ORDER BY jobname, username = 'clerk') FROM cron.job WHERE jobname = 'failing'}),
	'failing @reboot, failing @reboot', 'a job replaces one of its name and role');

$node->restart;
ok(ct_await($node, "SELECT count(DISTINCT jobid) = 4 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')"), 'the jobs have run')
  or diag($node->safe_psql('postgres', 'SELECT * FROM cron.job_run_details'));
is($node->safe_psql('postgres', q{SELECT string_agg(d.status, ', ' ORDER BY j.jobid) FROM cron.job j JOIN cron.job_run_details d USING (jobid)}) =~ tr/,//, 3, 'once each');
is($node->safe_psql('postgres', q{SELECT job_name || ' ' || CASE role WHEN 'clerk' THEN role ELSE '' END || ': ' || concat_ws(' ', status, verdict) FROM ct_schedules WHERE job_name <> 'nightly' ORDER BY run_id IS NULL, role = 'clerk', jobid DESC}),
	"failing : succeeded fail\n$name : succeeded pass\nfailing clerk: succeeded pass\nretention : ", 'each with its run');
is($node->safe_psql('postgres', q{SELECT d.status FROM cron.job_run_details d JOIN ct_schedules s USING (jobid) WHERE s.job_name = 'failing' ORDER BY s.role = 'clerk'}),
	"failed\nsucceeded", 'a job fails with its scenario, unless it was told not to');
is($node->safe_psql('postgres', q{SELECT d.status FROM cron.job_run_details d JOIN ct_schedules s USING (jobid) WHERE s.older_than IS NOT NULL}), 'succeeded', 'retention');
is($node->safe_psql('postgres', q{SELECT role FROM ct_runs r WHERE run_id = (SELECT run_id FROM ct_schedules WHERE role = 'clerk' AND job_name = 'failing')}), 'clerk', 'it ran as who scheduled it');
is($node->safe_psql('postgres', 'SELECT params ->> $$who$$ FROM ct_runs JOIN ct_schedules USING (run_id) WHERE job_name = ' . $sql->($name)), $name, 'with the very values');
is($node->safe_psql('postgres', 'SELECT count(*) FROM victim'), 0, 'and nothing else was executed');
like($node->safe_psql('postgres', q{SELECT ct_report(run_id, 'markdown') FROM ct_schedules WHERE job_name = 'failing' AND role <> 'clerk'}), qr/oversell_tickets/, 'its report is to be had by its name');
like($node->safe_psql('postgres', q{SELECT healthy || ' ' || problem FROM ct_health()}), qr/^false job "failing": run \d+: fail$/, 'the health of all is bad');
like($node->safe_psql('postgres', q{SET ROLE clerk; SELECT healthy || ' ' || jobs || ' ' || run_id FROM ct_health()}), qr/^true 2 \d+$/, 'of those of one role good');

# A scenario that is gone.
$node->safe_psql('postgres', 'SELECT ct_drop_scenario(' . $sql->($scenario) . "); SELECT ct_unschedule('failing')");
is($node->safe_psql('postgres', 'SELECT problem FROM ct_health()'), qq(job "$name": its scenario or variant does not exist), 'a job whose scenario was dropped');

# What pg_cron has lost already can be unscheduled, too.
$node->safe_psql('postgres', q{SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname = 'retention'});
is($node->safe_psql('postgres', 'SELECT ct_unschedule(job_name) FROM ct_schedules WHERE role = current_user'), "t\nt", 'unscheduled');
is($node->safe_psql('postgres', q{SET ROLE clerk; SELECT ct_unschedule('nightly')}), 't', 'by the role whose it is');
is($node->safe_psql('postgres', q{SELECT string_agg(jobname, ', ' ORDER BY jobname) FROM cron.job}), 'backup, failing', 'pg_cron has forgotten them');

# What docs/dashboards.md schedules.
my @blocks = grep { $_->{text} =~ /\bct_schedules?\b/ } ct_doc_blocks("$FindBin::RealBin/../docs/dashboards.md");
is(scalar @blocks, 3, 'the page schedules jobs, and looks at them');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_schedules WHERE role = current_user'), 0, 'of which there are none');
$node->safe_psql('postgres', q{SET ROLE clerk; SELECT ct_unschedule('failing')});
ct_doc_execute($node, 'postgres', @blocks);
is(ct_doc_mismatch($blocks[0]{output}, $blocks[0]{got}), undef, 'what comes out is what it shows') or diag($blocks[0]{got});
unlike($_->{got}, qr/ERROR/, 'no error') foreach @blocks;
is($node->safe_psql('postgres', q{SELECT string_agg(job_name, ', ') FROM ct_schedules}), 'nightly, retention', 'and there they are');
$node->safe_psql('postgres', q{SELECT ct_unschedule(job_name) FROM ct_schedules});
$node->safe_psql('postgres', q{SET ROLE clerk; SELECT ct_schedule('failing', '@reboot', 'oversell_tickets', 'atomic')});

$node->safe_psql('postgres', 'DROP EXTENSION pg_cron');
is($node->safe_psql('postgres', q{SET ROLE clerk; SELECT ct_unschedule('failing')}), 't', 'and without pg_cron');
ct_nothing_left($node, 'jobs');

$node->stop;
done_testing();
