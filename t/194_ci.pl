# What CI reads: JUnit's XML, held against its schema by xmllint, and TAP, read by the real pg_prove,
# beside pgTAP's own tests. Whatever names, reasons and evidence consist of, in whatever encoding, they
# stay text.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('ci', max_worker_processes => 16);
$node->start;
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($xmllint) = grep { -x } map { "$_/xmllint" } split /:/, $ENV{PATH};
my ($pg_prove) = grep { -x } map { "$_/pg_prove" } split /:/, $ENV{PATH};
my ($share) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--sharedir' ]);
my $pgtap = -e "$share/extension/pgtap.control";

# What a query returns, byte for byte, in a file.
sub file_of
{
	my ($db, $name, $query) = @_;

	run_log([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-o', "$dir/$name", '-c', $query ])
	  or die "$query failed";
	return "$dir/$name";
}

# The value of an XPath expression in a file.
sub xpath { my ($file, $path) = @_; my ($value) = run_command([ $xmllint, '--xpath', $path, $file ]); return $value }

# pg_prove's result of a script, and its output.
sub prove
{
	my ($db, $name, $script) = @_;
	my $output = '';

	append_to_file("$dir/$name.sql", $script);
	IPC::Run::run([ $pg_prove, '--verbose', '-h', $node->host, '-p', $node->port, '-d', $db, "$dir/$name.sql" ], '>&', \$output);
	note($output);
	return ($? >> 8, $output);
}

# Rows that no run would leave, in databases of each encoding: names, reasons, checks and evidence have
# markup, directives, control characters, 10 kB, and what the encoding has beyond ASCII.
my %beyond = (
	UTF8 => "Z\xc3\xbcrich \xc2\x85\xe2\x80\xa8\xef\xbf\xbf\xf0\x9f\x90\x98",
	LATIN1 => "Z\xfcrich \x85",
	SQL_ASCII => "Z\xfcrich \xff",
	EUC_JP => "\xc5\xec\xb5\xfe");
my %read = (UTF8 => "Z\xc3\xbcrich", LATIN1 => "Z\xc3\xbcrich", SQL_ASCII => "Z\xef\xbf\xbdrich", EUC_JP => "\xe6\x9d\xb1\xe4\xba\xac");
foreach my $encoding (sort keys %beyond)
{
	my $db = lc $encoding;

	$node->safe_psql('postgres', "CREATE DATABASE $db ENCODING '$encoding' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
	$node->safe_psql($db, 'CREATE EXTENSION ct_ext');
	$node->safe_psql($db, sprintf <<'SQL', unpack 'H*', $beyond{$encoding});
CREATE FUNCTION odd(what text) RETURNS text LANGUAGE sql AS $$
	SELECT what || ' ' || convert_from('\x%s', getdatabaseencoding()) || E'<script>alert("&amp;")</script> ]]> -- # TODO \\# SKIP\n1..3\nok 1 - forged\r\n'
		|| E'Bail out!\t' || chr(1) || chr(27) || '[2J' || repeat(' 10 kB', 2000) $$;
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, sqlstate, message, started_at, duration, workers_asked, plan, leader_pid, shm_handle)
	VALUES (1, 'plain', 'one', current_user::regrole, 'succeeded', 'pass', 'fine', NULL, NULL, now(), 1.5, 2, '{}', 1, 0),
		(2, odd('scenario'), odd('variant'), current_user::regrole, 'succeeded', 'fail', odd('reason'), NULL, NULL, now(), 0.25, 2, '{}', 1, 0),
		(3, odd('scenario'), odd('variant'), current_user::regrole, 'failed', NULL, NULL, '42P01', odd('message'), now(), NULL, 2, '{}', 1, 0);
INSERT INTO ct_result_check (run_id, position, check_name, kind, target, actual, status, violations)
	VALUES (1, 1, 'fine', 'invariant', '0 rows', '0 rows', 'pass', 0), (2, 1, odd('check'), odd('kind'), odd('target'), odd('actual'), 'fail', 1);
INSERT INTO ct_result_anomaly (run_id, position, check_name, kind, observed, expected, evidence, first_seen)
	VALUES (2, 1, odd('check'), odd('kind'), odd('observed'), odd('expected'), '{"<i>": "]]> & # TODO"}', now());
SQL

  SKIP:
	{
		skip 'xmllint is not installed', 6 unless $xmllint;
		my $file = file_of($db, "$db.xml", "SELECT ct_report('{1,2,3}'::bigint[], 'junit')");

		command_ok([ $xmllint, '--noout', '--schema', "$FindBin::RealBin/junit.xsd", $file ], "$encoding: JUnit's XML is valid");
		is(xpath($file, 'concat(/*/@tests, " ", /*/@failures, " ", /*/@errors, " ", /*/@time, " ", count(//testcase), " ", count(//failure), " ", count(//error), " ", count(//*))'),
			'3 1 1 1.750 3 1 1 10', "$encoding: it counts what it lists, and has no element that a name made");
		is(xpath($file, 'concat(//testcase[1]/@classname, ".", //testcase[1]/@name)'), 'plain.one', "$encoding: scenario and variant");
		like(xpath($file, 'string(//testcase[2]/@name)'), qr{^variant \Q$read{$encoding}\E.*<script>alert\("&amp;"\)</script> \]\]> -- # TODO \\# SKIP 1\.\.3 ok 1 - forged},
			"$encoding: names are as they were");
		like(xpath($file, 'string(//error/@message)'), qr{^failed: message \Q$read{$encoding}\E}, "$encoding: and messages");
		ok(slurp_file($file) !~ /[^\n\t\x20-\x7e]/, "$encoding: all of it is ASCII");
	}
  SKIP:
	{
		skip 'pg_prove is not installed', 2 unless $pg_prove;
		my ($status, $output) = prove($db, "tap_$db", "SELECT ct_report('{1,2,3}'::bigint[], 'tap');\n");

		is($status, 1, "$encoding: pg_prove sees a failure");
		like($output, qr{Tests: 3 Failed: 2\)\s+Failed tests:\s+2-3\n(?!.*Parse errors)}s, "$encoding: these two of three, and nothing that it can't read");
	}
}

# The runs of a night.
my $n = $ENV{CT_EXT_FULL} ? 1000 : 100;
my $failed = int($n / 7);
my $insert = <<'SQL';
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, started_at, duration, workers_asked, plan, leader_pid, shm_handle)
	SELECT 1000 + i, 's' || i % 10, 'v', current_user::regrole, 'succeeded', CASE WHEN i % 7 = 0 THEN 'fail' ELSE 'pass' END, 'r', now(), 1, 2, '{}', 1, 0 FROM generate_series(1, COUNT) i
SQL
$node->safe_psql('utf8', $insert =~ s/COUNT/$n/r);
my $all = "ARRAY(SELECT run_id FROM ct_runs WHERE run_id > 1000 ORDER BY run_id)";
SKIP:
{
	skip 'xmllint is not installed', 2 unless $xmllint;
	my $file = file_of('utf8', 'many.xml', "SELECT ct_report($all, 'junit')");

	command_ok([ $xmllint, '--noout', '--schema', "$FindBin::RealBin/junit.xsd", $file ], "$n runs: valid, each with a name of its own");
	is(xpath($file, 'concat(/*/@tests, " ", /*/@failures, " ", count(//failure))'), "$n $failed $failed", 'and counted');
}
SKIP:
{
	skip 'pg_prove is not installed', 1 unless $pg_prove;
	my (undef, $output) = prove('utf8', 'many', "SELECT ct_report($all, 'tap');\n");

	like($output, qr/Tests: $n Failed: $failed\)/, "$n tests");
}

# A real run's report, and ct_ok between pgTAP's own tests.
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
SELECT ct_create_scenario('keep', setup => 'CREATE TABLE t (i int); INSERT INTO t VALUES (0)', transactions => 40, workers => 2, min_overlap => 0);
SELECT ct_add_script('keep', 'one', 'UPDATE t SET i = i + 1');
SELECT ct_add_variant('keep', 'all');
SELECT ct_add_variant('keep', 'twice', setup => 'UPDATE t SET i = 1');
SELECT ct_add_check('keep', 'none_lost', 'SELECT i FROM t WHERE i <> :transactions');
SQL
SKIP:
{
	skip 'pg_prove is not installed', 2 unless $pg_prove;
	my ($status, $output) = prove('postgres', 'ours', "SELECT ct_report(ARRAY[ct_run('keep', 'all'), ct_run('keep', 'twice')], 'tap');\n");

	is($status, 1, 'of two runs, one fails');
	like($output, qr{^# Subtest: keep / twice\n    not ok 1 - none_lost: 1 row \(target 0 rows\)\n.*^not ok 2 - keep / twice\n#   run \d+: fail: .*Tests: 2 Failed: 1\)\s+Failed test:\s+2\n}ms,
		'and says why');
}
SKIP:
{
	skip 'pg_prove or pgTAP is not installed', 5 unless $pg_prove && $pgtap;
	$node->safe_psql('postgres', 'CREATE SCHEMA tap; CREATE EXTENSION pgtap SCHEMA tap; ALTER DATABASE postgres SET search_path = "$user", public, tap');
	my ($status, $output) = prove('postgres', 'good', <<'SQL');
BEGIN;
SELECT plan(4);
SELECT has_function('ct_run');
SELECT ct_ok(ct_run('keep', 'all'), 'nothing is lost');
SELECT ct_ok(ct_run('keep', 'all'));
SELECT is(1, 1, 'and on');
SELECT * FROM finish();
ROLLBACK;
SQL
	is($status, 0, 'ct_ok between tests of pgTAP');
	like($output, qr{^ok 2 - nothing is lost\nok 3 - keep / all\nok 4 - and on\n.*^All tests successful}ms, 'they are numbered together');

	($status, $output) = prove('postgres', 'bad', <<'SQL');
BEGIN;
SELECT plan(2);
SELECT ct_ok(ct_run('keep', 'twice'), 'nothing is lost # TODO');
SELECT is(1, 1, 'and on');
SELECT * FROM finish();
ROLLBACK;
SQL
	is($status, 1, 'what fails is a failure of theirs');
	like($output, qr{^not ok 1 - nothing is lost \\# TODO\n.*^#   run \d+: fail: check "none_lost".*^# Looks like you failed 1 test of 2\n.*Failed test:\s+1\n}ms, 'whatever its description says');

	# where nobody counts
	is($node->safe_psql('postgres', "SELECT ct_ok(ct_run('keep', 'all'))"), 'ok - keep / all', 'without a plan, a line of its own');
}

$node->stop;
done_testing();
