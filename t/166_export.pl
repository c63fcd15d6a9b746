# ct_export_spec: what it writes is accepted by isolationtester itself, and goes wrong there as it did
# in the exploration; what a spec has no way to do is refused by name.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('export');
my $isolationtester = dirname($node->config_data('--pgxs')) . '/../test/isolation/isolationtester';
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
$node->safe_psql('postgres', 'CREATE ROLE owner_of_runs LOGIN; CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats; CREATE ROLE stranger LOGIN');

# The id of the run that a call makes.
sub explore
{
	return $node->safe_psql('postgres', "SET client_min_messages = warning; SELECT $_[0]");
}

# What isolationtester prints of a run's order; "" where there is no isolationtester.
sub isolate
{
	my ($run_id, $permutation) = @_;
	my $spec = $node->safe_psql('postgres', "SELECT ct_export_spec($run_id" . ($permutation ? ", '$permutation')" : ')'));
	my $out = '';

	return ('', $spec) unless -x $isolationtester;
	local $ENV{PGISOLATIONTIMEOUT} = 20;
	IPC::Run::run([ $isolationtester, $node->connstr('postgres') ], '<', \$spec, '>', \$out, '2>', \my $err);
	is($err, '', 'isolationtester complains of nothing');
	return ($out, $spec);
}

sub refused
{
	my ($call, $re, $what, @role) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT $call", @role ? (extra_params => [ '-U', @role ]) : ());

	like($err, $re, $what);
	return;
}

# ---- a scenario: \barrier and \sleep are left out, \gset and \if are as they were seen ----

my $run = explore(q{ct_explore('oversell_tickets')});
my ($out, $spec) = isolate($run);
like($spec, qr/^step s1_2 \{ BEGIN; SELECT stock FROM event WHERE id = 1; \}$/m, 'BEGIN belongs to the statement after it');
like($spec, qr/^step s1_3 \{ UPDATE event SET stock = 1 - 1 WHERE id = 1; \}$/m, 'what \gset took is what was seen');
unlike($spec, qr/barrier|window/, 'a \barrier has no step');
SKIP:
{
	skip "there is no $isolationtester", 1 if $out eq '';
	like($out, qr/^starting permutation: s1_2 s2_2.*^The Serializables, live\|\s+2\|\s+1\|/ms, 'isolationtester: two tickets for one seat');
}

# ---- a deadlock has the same victim ----

my $deadlock = explore(q{ct_race(ARRAY['BEGIN; UPDATE t SET a = 1 WHERE id = 1; UPDATE t SET a = 1 WHERE id = 2; COMMIT',
		'BEGIN; UPDATE t SET a = 2 WHERE id = 2; UPDATE t SET a = 2 WHERE id = 1; COMMIT'],
	setup => 'CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 0), (2, 0)')});
($out, $spec) = isolate($deadlock);
SKIP:
{
	skip "there is no $isolationtester", 1 if $out eq '';
	my ($victim) = $spec =~ /^# deadlock_timeout decides whom a deadlock ends: session (\d)/m;

	# who ends at once isn't said to wait
	like($out, qr/^step s\Q$victim\E_2: (?:<... completed>|.*;)\nERROR:  deadlock detected$/m, 'isolationtester: a deadlock, and its victim');
}

# ---- text that has braces, quotes, comments; a level of isolation; an order of one's own ----

my $braces = explore(q[ct_race(ARRAY['SELECT a FROM t \gset
UPDATE t SET a = :a + 1', 'UPDATE t SET a = 5 /* } */; -- }
'], isolation => 'repeatable read', checks => ARRAY['SELECT j, f() FROM t WHERE a = 1'],
	setup => $$CREATE TABLE t (a int, j jsonb DEFAULT '{"}": "it''s \\\\ }"}', e text DEFAULT E'\'}\n', "}" int);
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN RETURN '}\x' || $q$'}$q$; END $f$;
INSERT INTO t VALUES (0)$$)]);
($out, $spec) = isolate($braces, '{1,2,1}');
like($spec, qr/SET default_transaction_isolation = 'repeatable read'/, 'the level of isolation');
SKIP:
{
	skip "there is no $isolationtester", 2 if $out eq '';
	my $same = $node->safe_psql('postgres', q[SET standard_conforming_strings = on;
		SELECT format('%s|%s', '{"}": "it''s \\\\ }"}'::jsonb, '}\x' || $q$'}$q$)]);
	like($out, qr/^\Q$same\E\s*$/m, 'isolationtester: braces are what they were');
	like($out, qr/^starting permutation: s1_1 s2_1 s1_2 check_1$/m, 'isolationtester: the order that was asked for');
}

# ---- what can't be ----

$node->safe_psql('postgres', 'CREATE TABLE own (a int); INSERT INTO own VALUES (0);
	CREATE FUNCTION add_one() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE n int;
	BEGIN
		SELECT a INTO n FROM own;
		UPDATE own SET a = n + 1;
	END $$');
my $within = explore(q{ct_race(ARRAY['SELECT add_one()', 'SELECT add_one()'])});
refused("ct_export_spec($within)", qr/ERROR:  0A000: cannot be exported as a spec: session \d makes more steps than its script has statements/,
	'to stop within a function');
my $repeat = explore(q{ct_race(ARRAY['\repeat 2
UPDATE t SET a = a + 1;
\endrepeat', 'UPDATE t SET a = 5'], setup => 'CREATE TABLE t AS SELECT 1 AS a')});
refused("ct_export_spec($repeat, '{1,2}')", qr/ERROR:  0A000: cannot be exported as a spec: a spec repeats no statement\nDETAIL:  It is "\\repeat 2" at line 1/,
	'\repeat');
refused("ct_export_spec($braces, '{2,1,1}')", qr/ERROR:  0A000: cannot be exported as a spec: the value of :a is not known, which \\gset at line 1 has taken from the server\n.*\nHINT:  .*ct_replay/,
	'a value that was not seen, as no story has that order');
refused("ct_export_spec($run, '{1,2,3}')", qr/ERROR:  22023: a permutation consists of sessions, from 1 to 2/, 'an order of other sessions');
refused('ct_export_spec(0)', qr/ERROR:  42704: run 0 does not exist/, 'a run that there is not');
refused('ct_export_spec(NULL)', qr/ERROR:  22004: /, 'no run');
refused("ct_export_spec($run)", qr/ERROR:  42704: run $run does not exist/, 'a stranger does not know the run', 'stranger');
refused("ct_export_spec($run)", qr/ERROR:  42501: run $run is of role/, 'who may see a run may not have what its role has written', 'watcher');
refused("ct_replay($run)", qr/ERROR:  42501: permission denied for function ct_replay/, 'nor execute it', 'watcher');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION ct_replay TO watcher');
refused("ct_replay($run)", qr/ERROR:  42501: run $run is of role/, 'even where it may replay', 'watcher');
my $passes = explore(q{ct_explore('oversell_tickets', 'atomic')});
refused("ct_export_spec($passes)", qr/ERROR:  55000: no order of run $passes is known to have gone wrong/, 'nothing went wrong');
$node->stop;

done_testing();
