# Who may do what, and as whom. Workers act as the caller, never as anybody with more rights; what a
# role may not do is refused with an SQLSTATE and a hint; a role sees its own runs; and nothing that
# a hostile role puts in public, in pg_temp or in a name is executed with the rights of the
# extension's owner.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('roles', allows_streaming => 1, max_worker_processes => 8);
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
CREATE ROLE nobody_special LOGIN;
CREATE ROLE tester LOGIN;
CREATE ROLE uncreative LOGIN;
CREATE ROLE team NOLOGIN;
CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats;
GRANT team TO tester;
GRANT CREATE ON DATABASE postgres TO tester, team;
GRANT CREATE ON SCHEMA public TO tester;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO tester, uncreative, team;
CREATE TABLE secret (i int);
SQL
my $super = $node->safe_psql('postgres', 'SELECT current_user');
my $version = $node->safe_psql('postgres', "SELECT current_setting('server_version_num')::int / 10000");

# Executes as a role, and returns the call.
sub as
{
	my ($user, @statements) = @_;
	my $call = ct_call($node, \@statements, user => $user);

	$call->{status} = ct_call_end($call);
	return $call;
}

sub refused
{
	my ($what, $state, $text, $user, @statements) = @_;
	my $call = as($user, @statements);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	isnt($call->{status}, 0, "$what: refused");
	is(ct_sqlstate($call), $state, "$what: its SQLSTATE") or diag($call->{stderr});
	like($call->{stderr}, $text, "$what: its text");
	ct_nothing_left($node, $what);
}

my $trial = q{SELECT ct_test('SELECT 1', transactions => 2)};

# ---- privileges

refused($_->[0], '42501', qr/permission denied for (?:function|procedure)/, 'nobody_special', $_->[1])
  foreach [ 'ct_run without EXECUTE', "SELECT ct_run('oversell_tickets')" ],
  [ 'ct_execute without EXECUTE', "CALL ct_execute('oversell_tickets')" ],
  [ 'ct_start without EXECUTE', "SELECT ct_start('oversell_tickets')" ],
  [ 'ct_test without EXECUTE', $trial ],
  [ 'ct_compare without EXECUTE', "SELECT ct_compare('oversell_tickets')" ],
  [ 'ct_prune without EXECUTE', "SELECT ct_prune('0')" ],
  [ 'ct_create_scenario without EXECUTE', "SELECT ct_create_scenario('x')" ];
refused("table $_", '42501', qr/permission denied for table/, 'nobody_special', "SELECT * FROM $_")
  foreach qw(ct_result ct_result_second ct_scenario ct_script);
refused('a result forged', '42501', qr/permission denied/, 'tester', 'INSERT INTO ct_result_second SELECT 1, now(), 1, 1, 1, 1');

refused('a sandbox without CREATE', '42501', qr/HINT:  Grant role "uncreative" the CREATE privilege on the database/, 'uncreative',
	q{SELECT ct_test('SELECT 1', 'CREATE TABLE t (i int)', transactions => 2)});
is(as('uncreative', $trial)->{status}, 0, 'without a setup no sandbox is needed');

refused('a table of others in a script', '42501', qr/permission denied for table secret/, 'tester',
	q{SELECT ct_test('SELECT * FROM secret', transactions => 2)});
refused('a table of others in setup', '42501', qr/permission denied for table secret/, 'tester',
	q{SELECT ct_test('SELECT 1', 'CREATE TABLE t AS SELECT * FROM secret', transactions => 2)});
refused('a table of others in a check', '42501', qr/permission denied for table secret/, 'tester',
	q{SELECT ct_test('SELECT 1', checks => ARRAY['SELECT * FROM secret'], transactions => 2)});

# ---- as whom

my $whoami = q{SELECT ct_test('SELECT current_user AS u, session_user AS s \gset' || chr(10) || 'INSERT INTO who VALUES (:u, :s)', 'CREATE TABLE who (u text, s text)',
	ARRAY[$$SELECT DISTINCT 'worker ' || u || ' ' || s AS observed FROM who UNION SELECT 'leader ' || current_user || ' ' || session_user$$], transactions => 6, workers => 2)};
my $who = "SELECT string_agg(observed, ', ' ORDER BY observed) FROM ct_anomalies WHERE run_id = (SELECT max(run_id) FROM ct_runs)";

sub acts_as
{
	my ($what, $role, $user, @statements) = @_;
	my $call = as($user, @statements);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($call->{status}, 0, "$what: runs") or diag($call->{stderr});
	is($node->safe_psql('postgres', $who), "leader $role $role, worker $role $role", "$what: leader and workers are $role");
	is(ct_last($node, 'role'), $role, "$what: so says the row");
	ct_nothing_left($node, $what);
}

$node->safe_psql('postgres', <<"SQL");
CREATE ROLE deputy LOGIN;
GRANT CREATE ON DATABASE postgres TO deputy;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO deputy;
CREATE FUNCTION for_me() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS \$f\$ $whoami \$f\$;
ALTER FUNCTION for_me() OWNER TO deputy;
SQL
acts_as('a plain role', 'tester', 'tester', $whoami);
acts_as('the superuser', $super, $super, $whoami);
acts_as('SET ROLE', 'deputy', $super, 'SET ROLE deputy', $whoami);
acts_as('SET SESSION AUTHORIZATION', 'deputy', $super, 'SET SESSION AUTHORIZATION deputy', $whoami);
acts_as('SECURITY DEFINER', 'deputy', 'nobody_special', 'SELECT for_me()');
refused('as a worker, to become superuser', '42501', qr/permission denied to set (?:role|session)/, 'tester',
	qq{SELECT ct_test('SET SESSION AUTHORIZATION $super', transactions => 2)});
refused('back to who called SET ROLE', '42501', qr/permission denied to set role/, $super, 'SET ROLE deputy',
	qq{SELECT ct_test('SET ROLE $super', transactions => 2)});
if ($version >= 17)
{
	acts_as('a role without LOGIN', 'team', 'tester', 'SET ROLE team', $whoami);
}
else
{
	refused('a role without LOGIN', '28000', qr/HINT:  RESET ROLE, or give the role LOGIN/, 'tester', 'SET ROLE team', $whoami);
}

# ---- who may not connect any more

$node->safe_psql('postgres', 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
my $barred = ct_call($node, [ 'SET ROLE tester', $trial ]);
isnt(ct_call_end($barred), 0, 'a role that may not connect: no run');
is(ct_sqlstate($barred), '42501', 'a role that may not connect: its SQLSTATE') or diag($barred->{stderr});
like($barred->{stderr}, qr/the run's leader could not start\nDETAIL:  permission denied for database "postgres"/, 'a role that may not connect: the caller is told why');
ct_nothing_left($node, 'a role that may not connect');
$node->safe_psql('postgres', 'GRANT CONNECT ON DATABASE postgres TO PUBLIC');

$node->safe_psql('postgres', 'CREATE ROLE passing LOGIN; GRANT EXECUTE ON FUNCTION ct_test TO PUBLIC');
my $passing = $node->background_psql('postgres', on_error_stop => 0, extra_params => [ '-U', 'passing' ]);
$passing->query_safe('SELECT 1');
$node->safe_psql('postgres', 'DROP ROLE passing');
my $said = join '', $passing->query($trial);
like($said . $passing->{stderr}, qr/role with OID \d+ does not exist/, 'a role that was dropped: the caller is told');
$passing->quit;
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION ct_test FROM PUBLIC');
ct_nothing_left($node, 'a role that was dropped');

# ---- whose scenario

# A scenario is its owner's SQL: nobody runs a stranger's without saying so.
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE mate LOGIN IN ROLE tester;
GRANT EXECUTE ON PROCEDURE ct_execute TO mate, tester, uncreative;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO mate;
SQL
is(as('tester', "SELECT ct_create_scenario('theirs', transactions => 4, workers => 2)", "SELECT ct_add_variant('theirs', 'only')",
		q{SELECT ct_add_script('theirs', 'own', 'SELECT 1')})->{status}, 0, 'a role defines a scenario');
my %calls = (
	'ct_run' => "SELECT ct_run('theirs'%s) > 0",
	'ct_execute' => "DO \$\$ DECLARE id bigint; BEGIN CALL ct_execute('theirs'%s, run_id => id); END \$\$; SELECT true",
	'ct_start' => "SELECT ct_wait(ct_start('theirs'%s)) = 'succeeded'",
	'ct_compare' => "SELECT count(*) = 1 FROM ct_compare('theirs'%s)");
foreach my $function (sort keys %calls)
{
	refused("a stranger's scenario, $function as $_", '42501', qr/belongs to role "tester".*HINT:  .*trust_owner => true/s, $_,
		sprintf($calls{$function}, '')) foreach 'uncreative', $super;
	is(as($_, sprintf($calls{$function}, ', trust_owner => true'))->{stdout}, "t\n", "a stranger's scenario, $function as $_: trusted")
	  foreach 'uncreative', $super;
	is(as($_, sprintf($calls{$function}, ''))->{stdout}, "t\n", "$function as $_: no stranger's") foreach 'tester', 'mate';
}
is(as('deputy', "SELECT ct_run('oversell_tickets', transactions => 4) > 0")->{stdout}, "t\n", 'bundled scenarios are everybody\'s');

# Trust can be given to a version: what was read under a snapshot is what is run under it, whatever its owner does meanwhile.
my $reader = $node->background_psql('postgres');
$reader->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ');
is($reader->query_safe("SELECT body FROM ct_scripts WHERE scenario = 'theirs'"), 'SELECT 1', 'a version is read');
is(as('tester', "SELECT ct_drop_scenario('theirs')", "SELECT ct_create_scenario('theirs', transactions => 4, workers => 2)", "SELECT ct_add_variant('theirs', 'only')",
		q{SELECT ct_add_script('theirs', 'own', 'SELECT 2')})->{status}, 0, 'its owner changes it');
my $trusted = $reader->query_safe("SELECT ct_start('theirs', trust_owner => true)");
$reader->query_safe('COMMIT');
$reader->quit;
$node->safe_psql('postgres', "SELECT ct_wait($trusted)");
is($node->safe_psql('postgres', "SELECT sql FROM ct_latencies WHERE run_id = $trusted AND kind = 'statement'"), 'SELECT 1', 'and it is this one that runs');
is(as('tester', "SELECT ct_drop_scenario('theirs')")->{status}, 0, 'its owner drops it');
ct_nothing_left($node, 'whose scenario');

# ---- what a role sees

$node->safe_psql('postgres', 'SELECT ct_prune(\'0\')');
is(as($_, $trial)->{status}, 0, "a run of $_") foreach qw(tester uncreative deputy);
my $seen = "SELECT string_agg(role, ' ' ORDER BY role) FROM ct_runs";
is(as('tester', $seen)->{stdout}, "tester\n", 'a role sees its own run');
is(as('nobody_special', $seen)->{stdout}, "\n", 'who has none sees none');
is(as('watcher', $seen)->{stdout}, "deputy tester uncreative\n", 'pg_read_all_stats sees all');
my $others = $node->safe_psql('postgres', "SELECT run_id FROM ct_runs WHERE role = 'uncreative'");
foreach my $view (qw(ct_anomalies ct_checks ct_outcomes ct_latencies ct_histograms ct_timeline ct_errors ct_workers))
{
	is(as('tester', "SELECT count(*) FROM $view WHERE run_id = $others")->{stdout}, "0\n", "$view: nothing of others");
	is(as('tester', "CREATE FUNCTION pg_temp.leak(r bigint) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS \$\$ BEGIN RAISE NOTICE 'leaked %', r; RETURN true; END \$\$",
			"SELECT count(*) FROM $view WHERE pg_temp.leak(run_id)")->{stderr} =~ /leaked $others\b/ ? 1 : 0, 0, "$view: not even to a leaky function");
}
foreach my $function (qw(ct_report ct_wait ct_cancel ct_assert))
{
	my $call = as('tester', "SELECT $function($others)");

	is(ct_sqlstate($call), '42704', "$function: somebody else's run doesn't exist") or diag($call->{stderr});
}
is(as('tester', "SELECT ct_prune('0')")->{stdout}, "1\n", 'ct_prune: only the own ones');
is($node->safe_psql('postgres', 'SELECT count(*) FROM ct_runs'), 2, 'the others are still there');

# A name is not a role: who gets the name of one that was dropped sees nothing of it.
my $short_lived = 'CREATE ROLE short_lived LOGIN; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO short_lived';
$node->safe_psql('postgres', $short_lived);
is(as('short_lived', $trial)->{status}, 0, 'a role that will be gone: runs');
is(as('short_lived', $seen)->{stdout}, "short_lived\n", 'a role that will be gone: sees its run');
$node->safe_psql('postgres', 'ALTER ROLE short_lived RENAME TO renamed');
is(as('renamed', $seen)->{stdout}, "renamed\n", 'with another name it is the same role');
$node->safe_psql('postgres', "DROP OWNED BY renamed; DROP ROLE renamed; $short_lived");
is(as('short_lived', $seen)->{stdout}, "\n", 'another role of that name sees nothing');
is(as('short_lived', 'SELECT count(*) FROM ct_latencies')->{stdout}, "0\n", 'nor any statement');
is(as('short_lived', "SELECT ct_prune('0')")->{stdout}, "0\n", 'nor can it remove anything');
like(ct_last($node, 'role'), qr/^\d+$/, 'a run of a role that is gone shows its oid');
my $stranger = as('short_lived', 'SELECT ct_report(' . ct_last($node, 'run_id') . ')');
is(ct_sqlstate($stranger), '42704', 'the run of a role that is gone does not exist to others') or diag($stranger->{stderr});
is($node->safe_psql('postgres', "SELECT ct_prune('0') > 0"), 't', 'a superuser removes it');

my $busy = ct_call($node, q{SELECT ct_test('SELECT 1', duration => '10 min', workers => 2)}, user => 'tester');
ok(ct_await($node, 'SELECT count(*) = 1 FROM ct_progress WHERE transactions > 20'), 'a run of a role is under way');
is(as('uncreative', 'SELECT count(*) FROM ct_progress')->{stdout}, "0\n", 'others don\'t see it in ct_progress');
is(as('watcher', 'SELECT count(*) FROM ct_progress')->{stdout}, "1\n", 'pg_read_all_stats does');
is(ct_sqlstate(as('watcher', 'SELECT ct_cancel((SELECT max(run_id) FROM ct_runs))')), '42501', 'but may not cancel it');
is(as('tester', 'SELECT ct_cancel((SELECT max(run_id) FROM ct_runs))')->{stdout}, "t\n", 'its own role may');
isnt(ct_call_end($busy), 0, 'and so it ends');
ct_nothing_left($node, 'a cancelled run of a role');

# who may cancel a backend may cancel a run: but a superuser's only superusers may
$node->safe_psql('postgres', 'CREATE ROLE signaller LOGIN IN ROLE pg_signal_backend, pg_read_all_stats');
$busy = ct_call($node, q{SELECT ct_test('SELECT 1', duration => '10 min', workers => 2)});
ok(ct_await($node, 'SELECT count(*) = 1 FROM ct_progress WHERE transactions > 20'), 'a superuser\'s run is under way');
is(ct_sqlstate(as('signaller', 'SELECT ct_cancel((SELECT max(run_id) FROM ct_runs))')), '42501', 'pg_signal_backend: not a superuser\'s run');
is($node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress'), 't', 'a superuser\'s run: a superuser may');
ct_call_end($busy);
$busy = ct_call($node, q{SELECT ct_test('SELECT 1', duration => '10 min', workers => 2)}, user => 'tester');
ok(ct_await($node, 'SELECT count(*) = 1 FROM ct_progress WHERE transactions > 20'), 'a role\'s run is under way');
is(as('signaller', 'SELECT ct_cancel((SELECT max(run_id) FROM ct_runs))')->{stdout}, "t\n", 'pg_signal_backend: a role\'s run');
isnt(ct_call_end($busy), 0, 'and so that one ends');
ct_nothing_left($node, 'pg_signal_backend');

# ---- hostile surroundings

# Whatever is executed with more rights than its author's says so here.
$node->safe_psql('postgres', 'CREATE TABLE trap (who name, what text); GRANT INSERT ON trap TO PUBLIC');
my $spring = sub {
	my ($schema, $name, $arguments, $result, $value) = @_;
	return "CREATE FUNCTION $schema.$name($arguments) RETURNS $result LANGUAGE plpgsql AS \$\$ BEGIN
		INSERT INTO public.trap VALUES (current_user, '$schema.$name'); RETURN $value; END \$\$";
};
my @traps = (
	map {
		my $schema = $_;
		$spring->($schema, 'now', '', 'timestamptz', 'pg_catalog.now()'),
		  $spring->($schema, 'unnest', 'float8[]', 'float8', '1'),
		  $spring->($schema, 'sum', 'bigint', 'bigint', '1'),
		  $spring->($schema, 'pg_has_role', 'oid, text', 'boolean', 'true'),
		  $spring->($schema, 'pg_has_role', 'text, text', 'boolean', 'true'),
		  $spring->($schema, 'to_jsonb', 'anyelement', 'jsonb', "'{}'"),
		  $spring->($schema, 'eq', 'text, text', 'boolean', '$1 OPERATOR(pg_catalog.=) $2'),
		  $spring->($schema, 'eq', 'bigint, bigint', 'boolean', '$1 OPERATOR(pg_catalog.=) $2'),
		  $spring->($schema, 'eq', 'name, name', 'boolean', '$1 OPERATOR(pg_catalog.=) $2'),
		  "CREATE OPERATOR $schema.= (FUNCTION = $schema.eq, LEFTARG = text, RIGHTARG = text)",
		  "CREATE OPERATOR $schema.= (FUNCTION = $schema.eq, LEFTARG = bigint, RIGHTARG = bigint)",
		  "CREATE OPERATOR $schema.= (FUNCTION = $schema.eq, LEFTARG = name, RIGHTARG = name)"
	} qw(public pg_temp));
my @shadows = map { "CREATE TABLE pg_temp.$_ (LIKE public.ct_runs)" } qw(ct_runs ct_result ct_scenario pg_roles pg_authid ct_visible_result);
my $path = 'SET search_path = pg_temp, public, pg_catalog';

my $call = as('tester', @traps);
is($call->{status}, 0, 'traps are laid') or diag($call->{stderr});
my @uses = (
	"SELECT ct_create_scenario('o''Brien \"; DROP TABLE trap; --', setup => 'CREATE TABLE t (i int)', transactions => 4, workers => 2)",
	"SELECT ct_add_variant('o''Brien \"; DROP TABLE trap; --', 'v''\"\\ %s \$1')",
	"SELECT ct_add_script('o''Brien \"; DROP TABLE trap; --', 's''\"\\ %s', 'INSERT INTO t VALUES (1)')",
	"SELECT ct_add_check('o''Brien \"; DROP TABLE trap; --', 'c''\"\\ %s', 'SELECT i, ''o''''B%s\"'' AS observed FROM t')",
	"SELECT ct_add_slo('o''Brien \"; DROP TABLE trap; --', 'p95_ms', '<', 0.0001)",
	"SELECT ct_run('o''Brien \"; DROP TABLE trap; --')",
	"SELECT variant, verdict FROM ct_compare('o''Brien \"; DROP TABLE trap; --')",
	(map { "SELECT length(ct_report(max(run_id), '$_')) > 0 FROM public.ct_runs" } qw(text markdown json)),
	"SELECT ct_wait(max(run_id)) FROM public.ct_runs",
	"SELECT ct_cancel(max(run_id)) FROM public.ct_runs",
	"SELECT count(*) > 0 FROM public.ct_scenarios",
	(map { "SELECT count(*) FROM public.$_" } qw(ct_runs ct_anomalies ct_checks ct_outcomes ct_latencies ct_histograms ct_timeline ct_errors ct_workers ct_progress)),
	"SELECT ct_sweep()", "SELECT ct_prune('0')",
	"SELECT ct_drop_scenario('o''Brien \"; DROP TABLE trap; --')");
$call = as('tester', @traps[ @traps / 2 .. $#traps ], @shadows, $path, @uses);
is($call->{status}, 0, 'everything works in a hostile session') or diag($call->{stderr});
is($node->safe_psql('postgres', "SELECT count(*) FROM trap WHERE who <> 'tester'"), 0, 'with no trap sprung as somebody else')
  or diag($node->safe_psql('postgres', 'SELECT DISTINCT * FROM trap'));
$call = as($super, 'SET search_path = pg_catalog, public', @uses);
is($call->{status}, 0, 'everything works for a superuser among traps in public') or diag($call->{stderr});
is($node->safe_psql('postgres', "SELECT count(*) FROM trap WHERE who <> 'tester'"), 0, 'with no trap sprung as superuser')
  or diag($node->safe_psql('postgres', 'SELECT DISTINCT * FROM trap'));

# What setup does to the leader's session doesn't get at the recording.
my %hostile_setup = (
	'read-only' => 'SET default_transaction_read_only = on',
	'serializable' => "SET default_transaction_isolation = 'serializable'",
	'statement_timeout' => 'SET statement_timeout = 1',
	($version >= 17 ? ('transaction_timeout' => 'SET transaction_timeout = 1') : ()),
	'search_path' => "SET search_path = ''",
	'another role' => 'SET ROLE team',
	'RESET ALL' => 'RESET ALL', 'DISCARD ALL' => 'DISCARD ALL',
	'temporary tables' => 'CREATE TEMP TABLE ct_result (i int); CREATE TEMP TABLE ct_result_second (i int)');
foreach my $what (sort keys %hostile_setup)
{
	my $setup = $hostile_setup{$what} =~ s/'/''/gr;
	$call = as('tester', "SELECT ct_test('SELECT 1', '$setup', transactions => 4, workers => 2)");
	is($call->{status}, 0, "setup, $what: the run ends well") or diag($call->{stderr});
	is(ct_last($node, 'status'), 'succeeded', "setup, $what: and is recorded");
	ct_nothing_left($node, "setup, $what");
}

# ---- where nothing can be written

foreach my $sql ($trial, "SELECT ct_run('oversell_tickets')", "CALL ct_execute('oversell_tickets')", "SELECT ct_start('oversell_tickets')", "SELECT * FROM ct_compare('oversell_tickets')",
	"SELECT ct_prune('0')", 'SELECT ct_sweep()', "SELECT ct_create_scenario('x')")
{
	my ($name) = $sql =~ /(ct_\w+)/;
	refused("$name, read-only", '25006', qr/cannot execute $name\(\) in a read-only transaction/, $super, 'SET default_transaction_read_only = on', $sql);
}

# A standby: no runs, but their results.
$node->safe_psql('postgres', "SELECT ct_prune('0')");
$node->safe_psql('postgres', $trial);
my $backup = 'base';
$node->backup($backup);
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, $backup, has_streaming => 1);
$standby->start;
$busy = ct_call($node, q{SELECT ct_test('SELECT 1', duration => '10 min', workers => 2)});
ok(ct_await($node, 'SELECT transactions > 20 FROM ct_progress'), 'a run is under way on the primary');
ok(ct_await($standby, "SELECT array_agg(status ORDER BY run_id) = '{succeeded,running}' FROM ct_runs"), 'the standby shows it as running, and one that has ended');
is($standby->safe_psql('postgres', 'SELECT count(*) > 0 FROM ct_latencies'), 't', 'and what was measured');
is($standby->safe_psql('postgres', 'SELECT length(ct_report(min(run_id))) > 0 FROM ct_runs'), 't', 'and its report');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM ct_progress'), 0, 'but nothing live');
foreach my $sql ($trial, "SELECT ct_run('oversell_tickets')", "CALL ct_execute('oversell_tickets')", "SELECT ct_start('oversell_tickets')", "SELECT * FROM ct_compare('oversell_tickets')",
	"SELECT ct_prune('0')", 'SELECT ct_sweep()', "SELECT ct_create_scenario('x')")
{
	my ($name) = $sql =~ /(ct_\w+)/;
	my $call = ct_call($standby, $sql);

	isnt(ct_call_end($call), 0, "standby, $name: refused");
	like($call->{stderr}, qr/ERROR:  25006: cannot execute $name\(\) (?:during recovery|in a read-only transaction)/, "standby, $name: clearly");
}
$node->safe_psql('postgres', 'SELECT ct_cancel(run_id) FROM ct_progress');
isnt(ct_call_end($busy), 0, 'the run on the primary is cancelled');
$standby->stop;

$node->stop;
done_testing();
