# Specs of isolationtester, run by ct_run_spec: what it prints is what isolationtester prints, of the
# same server, and nothing of it is left, whoever ends it and whenever. Steps are what a client's
# statements are; the sessions are the caller's role's.
#
# scripts/specs runs all those of the server's own source.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use File::Basename qw(basename dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('spec', max_worker_processes => 12, max_logical_replication_workers => 0,
	max_prepared_transactions => 4, autovacuum => 'off');
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION ct_ext;
ALTER DATABASE postgres SET lc_messages = 'C';
CREATE TABLE held (i int);
SQL

my $dir = PostgreSQL::Test::Utils::tempdir;
my $tester = dirname($ENV{PG_REGRESS}) . '/../isolation/isolationtester';
our $db = 'postgres';
my $sessions = "FROM pg_stat_activity WHERE backend_type = 'ct_ext session'";

# The text as an SQL literal.
sub literal { my $text = shift; return '$spec$' . $text . '$spec$' }

# What ct_run_spec returns for it, or, if it raises, that.
sub spec_run
{
	my ($spec, $name, @before) = @_;
	my $call;

	local $ENV{PGAPPNAME} = 'isolation/' . ($name // 'a');
	local $ENV{PGOPTIONS} = '-c ct_ext.spec_step_timeout=60';
	my ($ret, $out, $err) = $node->psql($db,
		join('', map { "$_;\n" } @before) . 'SELECT ct_run_spec(' . literal($spec) . ')',
		extra_params => [ '--set=VERBOSITY=verbose' ]);
	return $ret == 0 ? trimmed($out) : $err;
}

# And what isolationtester prints, in a session that has the same settings.
sub spec_tested
{
	my ($spec, $name) = @_;
	my $out = '';

	local $ENV{PGAPPNAME} = 'isolation/' . ($name // 'a');
	local $ENV{PGISOLATIONTIMEOUT} = 60;
	IPC::Run::run([ $tester, $node->connstr($db) ], '<', \$spec, '>&', \$out);
	return trimmed($out);
}

# Blanks at the ends of lines don't count.
sub trimmed { my $text = shift; return $text =~ s/[ \t]+$//mgr =~ s/\n+\z//r }

sub spec_same
{
	my ($spec, $name, $what) = @_;
	my $expected = spec_tested($spec, $name);
	my $got = spec_run($spec, $name);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(1, "$what: left out, no isolationtester") unless -x $tester;
	return if is($got, $expected, "$what: the same as isolationtester prints") && $expected =~ /^Parsed test spec with \d/m;
	fail("$what: isolationtester has run it") if $expected !~ /^starting permutation/m;
	return;
}

# ---- what is printed

my $specs = dirname(__FILE__) . '/../specs';
foreach my $file (sort glob "$specs/*.spec")
{
	my $name = basename($file, '.spec');
	my $spec = slurp_file($file);

	spec_same($spec, $name, $name);
	is(spec_run($spec, $name), trimmed(slurp_file("$specs/../expected/$name.out")), "$name: as expected")
	  if $name =~ /^spec_/;
}
ct_nothing_left($node, 'specs');

# What doesn't fit into a queue at once, in either direction.
my $long = 'x' x 300_000;
spec_same("session s1 step big { SELECT length('$long') AS big, md5('$long') AS hash; SELECT 1 AS one; }
	step many { SELECT i, repeat('y', 100) FROM generate_series(1, 3000) i; }
	session s2 step loud { DO \$\$ BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE '%', repeat('z', 100); END LOOP; END \$\$; }
	permutation big many(*) loud", 'long', 'long ones');

# A teardown that fails is told, a setup that does is raised.
spec_same('teardown { SELECT 1 / 0; } session s1 step a { SELECT 1; } teardown { SELECT no_such_column; }', 'teardown', 'failing teardowns');
like(spec_run("session s1 step a { SELECT 1; }\nsession s2 setup { SELECT 1; SELECT 1 / 0; } step b { SELECT 1; }"),
	qr{^psql:<stdin>:\d+: ERROR:  22012: setup of session s2 failed: division by zero\nCONTEXT:  permutation a b$}m, 'a setup that fails: raised, with its SQLSTATE and the permutation');
like(spec_run("setup { DROP TABLE nowhere; } session s1 step a { SELECT 1; }"),
	qr{ERROR:  42P01: setup failed: table "nowhere" does not exist}, 'and the one of the whole spec');

# What only a client can do.
like(spec_run('session s1 step in { COPY held FROM STDIN; } step out { COPY held TO STDOUT; } step after { SELECT 1 AS fine; }'),
	qr{^step in: COPY.*\nERROR:  COPY to or from the client cannot be executed in a spec's session\nstep out: .*\nERROR:  COPY .*\nstep after: .*\nfine\n}m, 'COPY: an error of the step');
$node->safe_psql('postgres', q{CREATE DATABASE "utf-8" ENCODING 'UTF8' TEMPLATE template0 LOCALE 'C'});
$node->safe_psql('utf-8', q{ALTER DATABASE "utf-8" SET lc_messages = 'C'; CREATE EXTENSION ct_ext});
{
	local $db = 'utf-8';
	spec_same(q{session "caf\x{c3}\x{a9}" step "\x{c3}\x{a9}" { SELECT U&'\00e9t\00e9' AS u, 1 AS n UNION ALL SELECT 'ete', 22; DO 'BEGIN RAISE NOTICE $$%$$, U&$$\00e9$$; END'; }
		teardown { SELECT 'chars before it \x{c3}\x{a9}\x{c3}\x{a9}', no_such_column; }} =~ s/\\x\{(..)\}/chr hex $1/ger, 'utf', 'characters of several bytes');
	like(spec_run("session s1 step a { SET client_encoding = 'LATIN1'; SELECT U&'\\00e9' AS e; }"),
		qr{ERROR:  22021: session "s1" returned text that is not in the database's encoding\nHINT:}, 'another encoding: raised');
}
ct_nothing_left($node, 'what a client does');

# ---- what is wrong in a spec

foreach my $wrong (
	[ '', 'syntax error at line 1 of the spec, at its end', '42601', 'Expected is ' ],
	[ "session s1\nstep a { SELECT 1; }\nstop b { SELECT 2; }", 'syntax error at line 3 of the spec, at "stop"', '42601' ],
	[ "# a comment\n\nsetup { SELECT\n1; }\nstep a { }", 'syntax error at line 5 of the spec, at "step"', '42601', 'Expected is ' ],
	[ "session s1 step a { SELECT 1;\n", 'unterminated block of SQL at line 1 of the spec', '42601' ],
	[ "session s1\nstep \"a\n { SELECT 1; }\n", 'unterminated quoted name at line 2 of the spec', '42601' ],
	[ "session s1 step a { }\n\npermutation a ;", 'syntax error at line 3 of the spec, at ";"', '42601' ],
	[ "session s1 step a { }\npermutation a(\n)", 'syntax error at line 3 of the spec, at ")"', '42601' ],
	[ "session s1 step a { } session s2 step b { }\npermutation a(b notices 99999999999) b", 'number out of range at line 2 of the spec: 99999999999', '22003' ],
	[ "session s1\nstep a { }\nsession s2\nstep a { }", 'duplicate step name at line 4 of the spec: a', '42710', 'The first one is at line 2' ],
	[ "session s1\nstep a { }\npermutation\n a\n A", 'undefined step "A" in a permutation at line 5 of the spec', '42704' ],
	[ "session s1 step a { } session s2 step b { }\npermutation a(b)", 'undefined step "b" in a marker of step "a" at line 2 of the spec', '42704' ],
	[ "session s1 step a { }\nstep b { }\npermutation a(b) b", 'step "a" at line 3 of the spec cannot wait for a step of its own session', '42P17' ])
{
	my ($spec, $message, $state, $detail) = @$wrong;
	my $said = spec_run($spec);

	like($said, qr/^psql:<stdin>:\d+: ERROR:  $state: \Q$message\E$/m, "wrong: $message");
	like($said, qr/\Q$detail\E/, 'and more') if $detail;
}
(undef, undef, my $null) = $node->psql('postgres', 'SELECT ct_run_spec(NULL)');
like($null, qr/ERROR:  ct_run_spec\(\): spec must not be null/, 'NULL: refused');

# ---- who may, and where

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE plain LOGIN;
CREATE ROLE nologin;
ALTER ROLE plain SET work_mem = '123kB';
ALTER ROLE plain SET session_preload_libraries = 'plpgsql';
CREATE SCHEMA own AUTHORIZATION plain;
ALTER ROLE plain SET search_path = own, public;
SQL
my $who = "session s1 setup { CREATE TABLE mine (i int); }
	step who { SELECT current_user, session_user, current_setting('work_mem') AS work_mem, 'mine'::regclass::oid IN (SELECT oid FROM pg_class WHERE relnamespace = 'own'::regnamespace) AS own,
		regexp_replace(current_setting('application_name'), '^.*/', '') AS name; }
	step preloaded { SHOW plpgsql.extra_errors; }
	step other { SELECT * FROM public.held; }
	teardown { DROP TABLE mine; }";
my $call = ct_call($node, "SELECT ct_run_spec(" . literal($who) . ')', user => 'plain');
isnt(ct_call_end($call), 0, 'a role without the privilege: refused');
is(ct_sqlstate($call), '42501', 'by its SQLSTATE');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION ct_run_spec TO plain, nologin');
$call = ct_call($node, [ "SET work_mem = '77MB'", "SELECT ct_run_spec(" . literal($who) . ')' ], user => 'plain');
is(ct_call_end($call), 0, 'a role with it: not') or diag($call->{stderr});
like($call->{stdout}, qr/^plain +\|plain +\|123kB +\|t +\|s1/m, 'sessions are the role\'s, with its settings, not with the caller\'s');
like($call->{stdout}, qr/^none +$/m, 'and with the libraries that it preloads');
like($call->{stdout}, qr/^ERROR:  permission denied for table held$/m, 'and may what it may');
SKIP:
{
	skip 'a background worker may act as any role', 1 if $node->pg_version >= 17;
	like(spec_run($who, 'a', 'SET ROLE nologin'), qr/ERROR:  28000: role "nologin" is not permitted to log in/, 'a role without LOGIN: refused');
}
like(spec_run('session s1 step a { SELECT 1; }', 'a', 'SET default_transaction_read_only = on'),
	qr/ERROR:  25006: cannot execute ct_run_spec\(\) in a read-only transaction/, 'a read-only transaction: refused');
my ($ret, $out, $err) = $node->psql('postgres', q{SELECT ct_test($$ SELECT ct_run_spec('session s1 step a { SELECT 1; }') $$, workers => 1, transactions => 1)});
like($err, qr/ct_run_spec\(\) cannot be called from within a run/, 'a run\'s worker: refused');

# In a step, anything that a client can call can be called.
like(spec_run(q[session s1 step a { SELECT ct_test('SELECT 1', workers => 1, transactions => 3) > 0 AS run; SELECT count(*) > 5 AS lines FROM ct_run_spec('session s1 step a { SELECT 1; ' || chr(125)); }]),
	qr/^run\n---\nt\n.*^lines\n-----\nt\n/ms, 'in a step: a run, and a spec');

# ---- the caller's transaction

my $cic = 'setup { CREATE TABLE indexed (i int); } teardown { DROP TABLE indexed; } session s1 step index { CREATE INDEX CONCURRENTLY ON indexed (i); }';
my $index_step = qr/^step index: [^\n]*;(?:\n\n?|\z)/m;
append_to_file("$dir/cic.spec", $cic);
foreach my $way ("SELECT ct_run_spec(S)", "SELECT * FROM ct_run_spec(S)", "SELECT line FROM ct_run_spec(S) WITH ORDINALITY AS s (line, n) ORDER BY n",
	"SELECT string_agg(line, E'\\n') FROM ct_run_spec(S) AS line", "PREPARE p AS SELECT ct_run_spec(S); EXECUTE p",
	"SELECT ct_run_spec(pg_read_file('$dir/cic.spec'))")
{
	my $statement = $way =~ s/S\)/literal($cic) . ')'/er;

	$call = ct_call($node, [ $statement =~ /^PREPARE/ ? split /; (?=EXECUTE)/, $statement : $statement ]);
	is(ct_call_end($call), 0, "$way: ends") or diag($call->{stderr});
	like($call->{stdout}, $index_step, "$way: an index is built concurrently, for the caller keeps no snapshot");
	unlike($call->{stderr}, qr/NOTICE/, "$way: nor says so");
}
foreach my $way ("BEGIN; SELECT ct_run_spec(S)", "CREATE TABLE x AS SELECT ct_run_spec(S)", "DO \$\$ BEGIN PERFORM ct_run_spec(S); END \$\$")
{
	my $statement = $way =~ s/S\)/literal($cic) . ')'/er;

	$call = ct_call($node, [ $statement =~ /^BEGIN/ ? split /; (?=SELECT)/, $statement : $statement ]);
	isnt(ct_call_end($call), 0, "$way: raises");
	is(ct_sqlstate($call), '40P01', "$way: that a session waits for the caller") or diag($call->{stderr});
	like($call->{stderr}, qr/NOTICE:  00000: this transaction keeps its snapshot while the spec is run/, "$way: as a notice has said");
	ct_nothing_left($node, $way);
	$node->safe_psql('postgres', 'DROP TABLE indexed');
}
$call = ct_call($node, [ 'BEGIN', 'LOCK held', q{SELECT ct_run_spec('session s1 step a { SELECT 1; } step b { SELECT * FROM held; }')} ]);
isnt(ct_call_end($call), 0, 'a lock of the caller\'s: raises');
like($call->{stderr}, qr/ERROR:  40P01: session "s1" waits for this transaction, which waits for the spec\nDETAIL:.*\nHINT:  COMMIT/, 'says who waits');
ct_nothing_left($node, 'a lock of the caller\'s');

# An error in a subtransaction that is caught.
is($node->safe_psql('postgres', q{DO $$ BEGIN PERFORM ct_run_spec('setup { SELECT 1 / 0; } session s1 step a { SELECT 1; }');
	EXCEPTION WHEN division_by_zero THEN CREATE TABLE caught AS SELECT count(*) AS n FROM pg_stat_activity WHERE backend_type = 'ct_ext session'; END $$; SELECT n FROM caught}), 0,
	'a caught error: no session is left when it is raised');

# ---- a step that doesn't end, and markers that wait for each other

like(spec_run("session s1 step forever { SELECT pg_sleep(600); } step after { SELECT 1 AS one; }", 'a', 'SET ct_ext.spec_step_timeout = 1'),
	qr/^isolationtester: canceling step forever after \d seconds\nstep forever: .*\nERROR:  canceling statement due to user request\nstep after: SELECT 1 AS one;\n/m, 'a step that does not end is cancelled');
like(spec_run("session s1 step l1 { SELECT pg_advisory_lock(1); } session s2 step l2 { SELECT pg_advisory_lock(1); } step m2 { SELECT 1 AS one; }
	permutation l1 l2 m2", 'a', 'SET ct_ext.spec_step_timeout = 1'),
	qr/^step l2: .* <waiting \.\.\.>\nisolationtester: canceling step l2 after \d seconds\nstep l2: <\.\.\. completed>\nERROR:  canceling/m, 'so is one whose session has another step to execute');
spec_same("session s1 step a { SELECT 1; } step a2 { SELECT 2; } session s2 step b { SELECT 3; } permutation a(b) b a2", 'a', 'a marker for a later step');
like(spec_run("session s1 step a { SELECT 1; } session s2 step b { SELECT 3; } permutation a(*,b) b(a)"),
	qr/ERROR:  55000: failed to complete permutation due to mutually-blocking steps\nDETAIL:.*\nCONTEXT:  permutation a b$/m, 'markers that wait for each other: raised');
like(spec_run("session s1 step a { SELECT pg_terminate_backend(pg_backend_pid()); } step b { SELECT 1; }"),
	qr/ERROR:  08003: step b cannot be executed: its session "s1" is gone/, 'a step of a session that is gone: raised');

# ---- who ends it, and when

my %stage = (
	setup => [ "setup { SELECT pg_sleep(600); } session s1 step a { SELECT 1; }", "SELECT count(*) = 1 $sessions AND wait_event = 'PgSleep'" ],
	step => [ "session s1 step a { SELECT pg_sleep(600); } session s2 step b { SELECT 1; }", "SELECT count(*) = 1 $sessions AND wait_event = 'PgSleep'" ],
	blocked => [ "session s1 step a1 { BEGIN; LOCK held; } step a2 { SELECT pg_sleep(600); }
		session s2 setup { CREATE TEMP TABLE t (i int); SELECT pg_advisory_lock(4); } step b { SELECT * FROM held; } permutation a1 b a2",
		"SELECT count(*) = 1 $sessions AND wait_event_type = 'Lock'" ],
	teardown => [ "teardown { SELECT pg_sleep(600); } session s1 step a { BEGIN; LOCK held; }", "SELECT count(*) = 1 $sessions AND wait_event = 'PgSleep'" ]);
my @strikes = (
	[ 'Ctrl-C', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend(" . ct_backend($_[0]) . ")") }, '57014' ],
	[ 'caller terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend(" . ct_backend($_[0]) . ")") }, '57P01' ],
	[ 'client killed', sub { $_[0]->{harness}->signal('KILL') }, '' ],
	[ 'statement_timeout', undef, '57014' ]);
my $segments = ct_segments($node);
foreach my $stage (sort keys %stage)
{
	foreach my $strike (@strikes)
	{
		my ($spec, $reached) = @{ $stage{$stage} };
		my ($name, $action, $state) = @$strike;
		my $what = "$stage, $name";

		$call = ct_call($node, [ $action ? () : "SET statement_timeout = '1500ms'", 'SELECT ct_run_spec(' . literal($spec) . ')' ]);
		ok(ct_await($node, $reached), "$what: that far") if $action;
		$action->($call) if $action;
		isnt(ct_call_end($call), 0, "$what: the call fails");
		is(ct_sqlstate($call), $state, "$what: its SQLSTATE");
		ct_nothing_left($node, $what);
		is(ct_segments($node), $segments, "$what: nor shared memory");
	}
}

# A session that is terminated while another step is under way ends its own step only.
$call = ct_call($node, 'SELECT ct_run_spec(' . literal('session s1 step a { SELECT pg_sleep(600); } session s2 step b { SELECT 1 AS one; }  permutation a b') . ')');
ok(ct_await($node, "SELECT count(*) = 1 $sessions AND wait_event = 'PgSleep'"), 'a session is at it');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $sessions AND wait_event = 'PgSleep'");
is(ct_call_end($call), 0, 'terminated: the spec goes on') or diag($call->{stderr});
like($call->{stdout}, qr/^FATAL:  terminating connection due to administrator command\nserver closed the connection unexpectedly\n.*^step b: .*\none\n/ms, 'and says what a client would see');
ct_nothing_left($node, 'a session that was terminated');

# One that is cancelled in the middle of a message, for nobody reads, ends the message first.
$call = ct_call($node, 'SELECT ct_run_spec(' . literal("session s1 step big { SELECT repeat('x', 1000) FROM generate_series(1, 100000000); } step after { SELECT 1 AS one; }") . ')');
ok(ct_await($node, "SELECT count(*) = 1 $sessions AND state = 'active' AND query LIKE '%repeat%'"), 'a session sends rows');
my $conductor = $node->safe_psql('postgres', 'SELECT ' . ct_backend($call));
kill 'STOP', $conductor;
ok(ct_await($node, "SELECT count(*) = 1 $sessions AND wait_event = 'MessageQueuePutMessage'"), 'which nobody reads');
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) $sessions");
kill 'CONT', $conductor;
is(ct_call_end($call), 0, 'cancelled: the spec goes on') or diag($call->{stderr});
like($call->{stdout}, qr/^ERROR:  canceling statement due to user request\nstep after: .*\none\n/m, 'and so does the session');

# ---- slots

my $many = join(' ', map { "session s$_ step p$_ { SELECT 1; }" } 1 .. 13);
like(spec_run($many . ' permutation p1'), qr/ERROR:  53400: only 12 of the 13 background workers that the spec needs could be started\nDETAIL:.*\nHINT:[^\n]*max_worker_processes \(now 12\)/, 'more sessions than slots: refused');
ct_nothing_left($node, 'no slots');
my @busy = map { ct_call($node, 'SELECT ct_run_spec(' . literal("session s1 step a { SELECT pg_sleep(600); } session s2 step b { SELECT 1; } session s3 step c { SELECT 1; } session s4 step d { SELECT 1; } permutation a b") . ')') } 1 .. 3;
ok(ct_await($node, "SELECT count(*) = 12 $sessions AND wait_event IN ('PgSleep', 'ClientRead')"), 'three specs have all slots');
like(spec_run('session s1 step a { SELECT 1; } session s2 step b { SELECT 1; }'), qr/ERROR:  53400: only 0 of the 2/, 'all slots in use: refused, after a while');
$busy[0]->{harness}->signal('INT');
isnt(ct_call_end($busy[0]), 0, 'one is cancelled');
like(spec_run('session s1 step a { SELECT 1; } session s2 step b { SELECT 1; } permutation a b'), qr/^Parsed test spec with 2 sessions$/m, 'then there is room');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '$_->{name}'") foreach @busy[1, 2];
ct_call_end($_) foreach @busy[1, 2];
ct_nothing_left($node, 'slots');
is(ct_segments($node), $segments, 'nor shared memory');

# ---- a crash

$call = ct_call($node, 'SELECT ct_run_spec(' . literal($stage{step}[0]) . ')');
ok(ct_await($node, $stage{step}[1]), 'a spec is under way');
$node->stop('immediate');
ct_call_end($call);
$node->start;
ct_nothing_left($node, 'an immediate shutdown');

$node->stop;
done_testing();
