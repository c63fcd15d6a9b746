# Deadlocks: as many in ct_deadlocks as ct_errors counts 40P01, each with all who took part, where they
# stood, what they held and what they wanted.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use Test::More;

my $node = ct_prepare('deadlocks', max_worker_processes => 24, deadlock_timeout => '10ms');
my $dbh = $node->connstr('postgres');

# Runs a script; returns the run's id.
sub run_script
{
	my ($script, $setup, $options, $settings) = @_;
	return (split /\n/, $node->safe_psql('postgres', ($settings // '')
		  . "SELECT ct_test(\$script\$$script\$script\$, \$setup\$$setup\$setup\$, $options)"))[-1];
}

sub ask
{
	return $node->safe_psql('postgres', $_[0]);
}

# What holds of every run. Returns how many deadlocks there were.
sub all_are_told
{
	my ($run, $what, %options) = @_;
	my $counted = ask("SELECT coalesce(sum(count), 0) FROM ct_errors WHERE run_id = $run AND sqlstate = '40P01'");

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(ask("SELECT count(DISTINCT deadlock) FROM ct_deadlocks WHERE run_id = $run"), $counted, "$what: as many as errors ($counted)");
	is(ask("SELECT deadlocks FROM ct_runs WHERE run_id = $run"), $counted, "$what: and in ct_runs");
	is(ask("SELECT warnings FROM ct_runs WHERE run_id = $run"), '{}', "$what: no warning");
	is(ask("SELECT count(*) FROM (SELECT FROM ct_deadlocks WHERE run_id = $run GROUP BY deadlock
		HAVING count(*) FILTER (WHERE victim) <> 1 OR max(participant) <> count(*)) x"), 0, "$what: each has one victim") unless $options{alone};
	is(ask("SELECT count(*) FROM (SELECT waits_for, coalesce(lead(participant) OVER (PARTITION BY deadlock ORDER BY participant), 1) AS next
		FROM ct_deadlocks WHERE run_id = $run) x WHERE waits_for IS DISTINCT FROM next"), 0, "$what: each waits for the next") unless $options{alone};
	is(ask("SELECT count(*) FROM ct_deadlocks d JOIN ct_deadlocks n ON n.run_id = d.run_id AND n.deadlock = d.deadlock
		AND n.participant = d.waits_for WHERE d.run_id = $run AND n.holds IS NULL"), 0, "$what: each holds what the one before waits for")
	  unless $options{alone} || $options{queue};
	cmp_ok($counted, '>=', $options{least} // 1, "$what: there were some") unless $options{none};
	return $counted;
}

# Cycles of 2, 3 and 6, over rows; all have to be there before anybody goes on.
foreach my $n (2, 3, 6)
{
	my $run = run_script("BEGIN;\nUPDATE t SET n = n + 1 WHERE id = :worker_id;\n\\barrier b\nUPDATE t SET n = n + 1 WHERE id = :worker_id % $n + 1;\nCOMMIT;",
		"CREATE TABLE t AS SELECT id, 0 AS n FROM generate_series(1, $n) id; CREATE UNIQUE INDEX ON t (id)",
		"workers => $n, transactions => $n, rounds => 3, max_tries => 1");
	all_are_told($run, "$n rows", least => 3);
	is(ask("SELECT count(*) FROM (SELECT FROM ct_deadlocks WHERE run_id = $run GROUP BY deadlock HAVING count(*) = $n) x"), 3,
		"$n rows: once in each round by all");
	is(ask("SELECT DISTINCT script, step, query, locktype, mode, relation FROM ct_deadlocks WHERE run_id = $run"),
		"test|4|UPDATE t SET n = n + 1 WHERE id = :worker_id % $n + 1|transactionid|ShareLock|t", "$n rows: where they were, and what they wanted");
	is(ask("SELECT count(*) FROM ct_deadlocks WHERE run_id = $run AND holds !~ '^ExclusiveLock on transaction \\d+\$'"), 0, "$n rows: what they held");
}

# A lock that two have in common, and both want more of.
my $run = run_script("BEGIN;\nLOCK TABLE t IN SHARE MODE;\n\\barrier b\nINSERT INTO t VALUES (1);\nCOMMIT;", 'CREATE TABLE t (n int)', 'workers => 2, transactions => 2, rounds => 2, max_tries => 1');
all_are_told($run, 'upgrade', least => 2);
is(ask("SELECT DISTINCT step, holds, locktype, mode, relation FROM ct_deadlocks WHERE run_id = $run AND deadlock = 1"),
	'4|ShareLock on relation t|relation|RowExclusiveLock|t', 'upgrade: told as in pg_locks');

# Advisory locks, and a function that has handlers for other errors, which give some locks back first.
$run = run_script("BEGIN;\nSELECT pg_advisory_xact_lock(:worker_id);\n\\barrier b\nSELECT two(3 - :worker_id);\nCOMMIT;",
	q{CREATE FUNCTION two(bigint) RETURNS void LANGUAGE plpgsql AS $$BEGIN
		BEGIN PERFORM pg_advisory_xact_lock($1); EXCEPTION WHEN division_by_zero THEN NULL; END; END$$},
	'workers => 2, transactions => 2, rounds => 2, max_tries => 1');
all_are_told($run, 'advisory', least => 2);
is(ask("SELECT string_agg(DISTINCT holds, ', ' ORDER BY holds), min(locktype), min(mode), min(query) FROM ct_deadlocks WHERE run_id = $run"),
	'ExclusiveLock on advisory lock 1, ExclusiveLock on advisory lock 2|advisory|ExclusiveLock|SELECT two(3 - :worker_id)', 'advisory: told by their keys');

# Who has caught it has had no error; who has made one up was alone.
$run = run_script("BEGIN;\nSELECT pg_advisory_xact_lock(:worker_id);\n\\barrier b\nSELECT caught(3 - :worker_id);\nCOMMIT;",
	q{CREATE FUNCTION caught(bigint) RETURNS void LANGUAGE plpgsql AS $$BEGIN
		PERFORM pg_advisory_xact_lock($1); EXCEPTION WHEN deadlock_detected THEN NULL; END$$},
	'workers => 2, transactions => 2, rounds => 2, max_tries => 1');
is(all_are_told($run, 'caught', none => 1), 0, 'caught: none');
$run = run_script('SELECT made_up()', q{CREATE FUNCTION made_up() RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE 'no' USING ERRCODE = 'deadlock_detected', DETAIL = 'Process 1 waits for ShareLock on nothing.'; END$$},
	'workers => 2, transactions => 10, max_tries => 2');
is(all_are_told($run, 'made up', alone => 1), 20, 'made up: counted all the same');
is(ask("SELECT DISTINCT script, step, participant, holds, locktype, mode, waits_for, victim FROM ct_deadlocks WHERE run_id = $run"),
	'test|1|1|||||t', 'made up: the victim alone');
like(ask("SELECT ct_report($run, '$_')"), qr/an unknown lock/, "made up: $_") foreach qw(text markdown html);
$run = run_script('SELECT made_up()', q{CREATE FUNCTION made_up() RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE 'no' USING ERRCODE = 'deadlock_detected', DETAIL =
		E'Process 1 waits for NoLock on transaction 5; blocked by process 2.\nProcess 2 waits for NoLock on transaction 6; blocked by process 1.'; END$$},
	'workers => 2, transactions => 10, max_tries => 1');
is(ask("SELECT DISTINCT script, step, participant, mode, victim FROM ct_deadlocks WHERE run_id = $run"),
	'test|1|1||t', 'made up, of a mode that there is not: the victim alone');
like(ask("SELECT ct_report($run, 'html')"), qr/an unknown lock/, 'and on a page');

# More than are kept.
$run = run_script('SELECT made_up()', q{CREATE FUNCTION made_up() RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE 'no' USING ERRCODE = 'deadlock_detected'; END$$},
	'workers => 2, transactions => 1100, max_tries => 1');
is(ask("SELECT count(*), count(DISTINCT deadlock) FROM ct_deadlocks WHERE run_id = $run"), '1000|1000', 'no more than a thousand are kept');
is(ask("SELECT deadlocks, warnings FROM ct_runs WHERE run_id = $run"), '1100|{"ct_deadlocks has the first 1000 of the 1100 deadlocks"}', 'and it is said how many there were');

# Clients that take turns on sessions, and think.
ask(q{SELECT ct_create_scenario('turns', setup => 'CREATE TABLE t AS SELECT id, 0 AS n FROM generate_series(1, 2) id'),
	ct_add_script('turns', 'both', $$\set first random(1, 2)
	BEGIN;
	UPDATE t SET n = n + 1 WHERE id = :first;
	SELECT pg_sleep(0.002);
	UPDATE t SET n = n + 1 WHERE id = 3 - :first;
	COMMIT;$$, think_time => '1 ms')});
$run = ask("SELECT ct_run('turns', clients => 20, workers => 5, duration => '1 s')");
all_are_told($run, 'turns', queue => 1);

# Somebody from outside, who waits first, so that the worker is the one who looks once all are there.
ask('CREATE TABLE outside (n int); INSERT INTO outside VALUES (1)');
my $call = ct_call($node, [ "SET deadlock_timeout = '10 min'", 'BEGIN', 'SELECT pg_advisory_xact_lock(7)',
	q{DO $$BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 8) LOOP PERFORM pg_sleep(0.001); END LOOP; END$$},
	'UPDATE outside SET n = 2', 'COMMIT' ]);
ok(ct_await($node, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND granted)"), 'outsider: has a lock');
$run = run_script("BEGIN;\nUPDATE outside SET n = n + 1;\nSELECT pg_advisory_xact_lock(8);\nSELECT await_waiting();\nSELECT pg_advisory_xact_lock(7);\nCOMMIT;",
	q{CREATE FUNCTION await_waiting() RETURNS void LANGUAGE plpgsql AS
	$$BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.001); END LOOP; END$$}, 'workers => 1, transactions => 1, max_tries => 1');
is(ct_call_end($call), 0, 'outsider: goes on') or diag($call->{stderr});
all_are_told($run, 'outsider');
is(ask("SELECT victim, script, step, holds, locktype, regexp_replace(query, 'backend \\d+', 'backend N') FROM ct_deadlocks WHERE run_id = $run AND deadlock = 1 ORDER BY victim"),
	"f|||ExclusiveLock on advisory lock 7|transactionid|client backend N ($call->{name})\n"
	  . ask("SELECT format('t|test|5|%s|advisory|SELECT pg_advisory_xact_lock(7)', holds) FROM ct_deadlocks WHERE run_id = $run AND deadlock = 1 AND victim"),
	'outsider: told by his kind');

# ct_compare has them, too.
ask(q{SELECT ct_create_scenario('raises', transactions => 4, workers => 1, max_tries => 1, min_overlap => 0), ct_add_variant('raises', 'v'),
	ct_add_script('raises', 's', $$DO 'BEGIN RAISE ''no'' USING ERRCODE = ''deadlock_detected''; END'$$)});
is(ask("SELECT deadlocks, errors FROM ct_compare('raises')"), '4|4', 'compared: how many');

# Nobody wants to know.
$run = run_script('SELECT made_up()', q{CREATE FUNCTION made_up() RETURNS void LANGUAGE plpgsql AS
	$$BEGIN RAISE 'no' USING ERRCODE = 'deadlock_detected'; END$$}, 'workers => 1, transactions => 5, max_tries => 1', 'SET ct_ext.telemetry = off;');
is(ask("SELECT (SELECT count(*) FROM ct_deadlocks WHERE run_id = $run), deadlocks, warnings FROM ct_runs WHERE run_id = $run"), '0|5|{}', 'off: none are told');

$node->stop;
done_testing();
