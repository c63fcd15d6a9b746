# The sessions of an exploration: where they park, that each execution finds them as if they were just
# connected, that no two run at once, and what they report. What is known here are numbers of
# interleavings: two sessions of n and m steps that never wait for each other have (n + m)! / (n! m!).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('actor', log_lock_waits => 'on', max_prepared_transactions => 4);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');

my $tables = q{
	CREATE TABLE t (id int PRIMARY KEY, v int);
	INSERT INTO t SELECT id, 0 FROM generate_series(1, 4) id;
	CREATE TABLE u (id int PRIMARY KEY, v int);
	INSERT INTO u SELECT id, 0 FROM generate_series(1, 4) id;
	CREATE SEQUENCE s;
};

sub literal
{
	my ($text) = @_;

	return q{'} . $text =~ s/'/''/gr . q{'};
}

# Explores, with what is said of it besides, and returns its run's id.
sub explore
{
	my ($sessions, $setup, $options, $user) = @_;

	return $node->safe_psql('postgres', 'SELECT ct_race(ARRAY[' . join(', ', map { literal($_) } @$sessions) . '], setup => ' .
		literal($tables . $setup) . ($options ? ", $options" : '') . ')', extra_params => $user ? [ '-U', $user ] : []);
}

sub query
{
	return $node->safe_psql('postgres', $_[0]);
}

# A number of the last exploration's; explained by what its run says where it isn't as expected.
sub explored
{
	my ($column) = @_;

	return query("SELECT $column FROM ct_explorations ORDER BY run_id DESC LIMIT 1");
}

sub interleavings_are
{
	my ($expected, $what) = @_;
	my $seen = explored(q{complete || CASE WHEN exhausted THEN '' ELSE ' and more' END || CASE WHEN errors > 0 THEN ', errors' ELSE '' END});

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($seen, $expected, $what)
	  or diag(query('SELECT ct_report(max(run_id)) FROM ct_runs'));
}

sub binomial
{
	my ($n, $m) = @_;
	my $result = 1;

	$result = $result * ($n + $_) / $_ for 1 .. $m;
	return $result;
}

# ---- steps between statements ----

explore([ ("BEGIN; SELECT v FROM t WHERE id = 1; UPDATE u SET v = 1 WHERE id = :worker_id; COMMIT") x 2 ], '', "yield => 'statement'");
interleavings_are(20, 'BEGIN belongs to the statement after it');
explore([ ("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT v FROM t WHERE id = 1; COMMIT") x 2 ], '', "yield => 'statement'");
interleavings_are(6, 'whatever it says besides');
explore([ ("SELECT v FROM t WHERE id = 1;\n\\sleep 1000 s\nSELECT 1;\n\\barrier b\n") x 2 ], '', "yield => 'statement'");
interleavings_are(70, 'a \sleep and a \barrier are steps that do nothing');
explore([ ("SELECT v FROM t WHERE id = 1;\n\\repeat 5\nSELECT v FROM t WHERE id = 2;\nSELECT 2;\n\\endrepeat\nSELECT 1") x 2 ], '');
interleavings_are(20, 'a \repeat is one step');
explore([ ("\\set a 1\nSELECT v FROM t WHERE id = 1 \\gset\n\\if :v = 0\nSELECT 2;\n\\else\nSELECT 3;\nSELECT 4\n\\endif\n\\outcome o\n") x 2 ],
	'', q{yield => 'statement', checks => ARRAY['SELECT :outcome_o WHERE :outcome_o <> 2']});
interleavings_are(6, 'what takes no time is no step');
is(explored('violating'), 0, 'an outcome counts in its execution');
explore([ ('SELECT v FROM t WHERE id = 1 \; SELECT v FROM t WHERE id = 2') x 2 ], '', "yield => 'statement'");
interleavings_are(6, 'statements of one command are steps');

# ---- steps within functions ----

# A function, how many steps its call is, and how many of two calls there are where they wait for nobody.
for my $case (
	[ 'a read and a write', 2, 'SELECT v INTO n FROM t WHERE id = i; UPDATE u SET v = n WHERE id = i;' ],
	[ 'what touches nothing', 2, q{n := 1; SELECT v INTO n FROM t WHERE id = i; n := n + 1; IF n > 5 THEN RAISE NOTICE '%', n; END IF; PERFORM 1;
		x := random(); x := clock_timestamp(); PERFORM set_config('a.b', 'c', true); UPDATE u SET v = n WHERE id = i; n := n * 2;} ],
	[ 'only that touches nothing', 1, 'n := 1; n := n + 1; RETURN n;' ],
	[ 'conditions', 5, 'IF (SELECT v FROM t WHERE id = i) = 0 THEN n := 1; END IF; IF false THEN n := 2; ELSIF EXISTS (SELECT FROM t) THEN n := 3; END IF;
		CASE (SELECT v FROM t WHERE id = i) WHEN 0 THEN n := 4; END CASE; WHILE (SELECT v FROM t WHERE id = i) > 0 LOOP END LOOP; RETURN (SELECT v FROM t WHERE id = i);' ],
	[ 'a loop over numbers', 3, 'FOR k IN 1..3 LOOP PERFORM v FROM t WHERE id = k; END LOOP;' ],
	[ 'a loop over rows', 4, 'FOR n IN SELECT id FROM t WHERE id < 4 LOOP PERFORM v FROM t WHERE id = n; END LOOP;' ],
	[ 'exceptions', 3, q{BEGIN PERFORM v FROM t WHERE id = i; PERFORM 1 / v FROM t WHERE id = i; EXCEPTION WHEN division_by_zero THEN PERFORM v FROM t WHERE id = i; END;} ],
	[ 'dynamic statements, and the commit of who has written and then read', 4, q{EXECUTE 'SELECT v FROM t'; EXECUTE 'UPDATE u SET v = 1 WHERE id = ' || i; RETURN (SELECT v FROM t WHERE id = i);} ],
	[ 'cursors', 3, 'OPEN c FOR SELECT id FROM t; FETCH c INTO n; MOVE c; CLOSE c; PERFORM v FROM t WHERE id = i; PERFORM v FROM t WHERE id = i;' ],
	[ 'cursors that lock', 4, 'OPEN c FOR SELECT id FROM t WHERE id % 2 = i - 1 FOR UPDATE; FETCH c INTO n; FETCH c INTO n; CLOSE c; PERFORM v FROM t WHERE id = i;' ],
	[ 'advisory locks in expressions', 3, 'ok := pg_try_advisory_xact_lock(i); ok := pg_try_advisory_xact_lock(10 + i); PERFORM v FROM t WHERE id = i;' ],
	[ 'sequences', 3, q{PERFORM nextval('s'); PERFORM nextval('s'); PERFORM v FROM t WHERE id = i;} ],
	[ 'other functions of the user\'s', 2, 'PERFORM v FROM t WHERE id = i; n := other(n); n := n + 1;' ],
	[ 'defaults of variables', 2, 'PERFORM v FROM t WHERE id = i; DECLARE m int := (SELECT v FROM t WHERE id = i); BEGIN n := m; END;' ])
{
	my ($what, $steps, $body) = @$case;
	my $setup = qq{CREATE FUNCTION other(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n; END';
		CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS \$f\$ DECLARE n int; x text; ok bool; c refcursor; BEGIN $body RETURN 0; END \$f\$};

	explore([ ('SELECT f(:worker_id)') x 2 ], $setup);
	interleavings_are(binomial($steps, $steps), "$what: $steps steps");
}
explore([ ('SELECT f(1)') x 2 ], q{CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS
	'DECLARE n int; BEGIN SELECT v INTO n FROM t WHERE id = i; n := n + 1; UPDATE t SET v = n WHERE id = i; RETURN n; END'});
interleavings_are(6, 'a lost update has six interleavings');
is(explored('not_serial'), 4, 'in four of which it is lost');
explore([ ('SELECT f(1)') x 2 ], q{CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS
	'DECLARE n int; BEGIN SELECT v INTO n FROM t WHERE id = i; n := n + 1; UPDATE t SET v = n WHERE id = i; RETURN n; END'}, "yield => 'statement'");
interleavings_are(2, 'of which two have a call that is one step');
is(explored('not_serial'), 0, 'and lose none');
explore([ ('SELECT f(:worker_id)') x 2 ], q{CREATE FUNCTION f(i int) RETURNS int LANGUAGE plpgsql AS
	'BEGIN PERFORM v FROM t WHERE id = i; PERFORM v FROM t WHERE id = i; RETURN 1; END'}, "isolation => 'repeatable read'");
interleavings_are(binomial(3, 3), 'the snapshot of a transaction is a step that touches the database');
explore([ ('SELECT f(1)') x 2 ], q{CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT v FROM t WHERE id = i; SELECT v FROM t WHERE id = i'});
interleavings_are(2, 'functions in SQL are one step');
explore([ ('INSERT INTO t VALUES (10 * :worker_id, 1)') x 2 ], q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN IF (SELECT count(*) FROM t) > 4 THEN RAISE EXCEPTION ''full''; END IF; RETURN NEW; END';
	CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()}, q{expected_errors => ARRAY['raise_exception']});
is(explored(q{exhausted || ' ' || (not_serial > 0)}), 'true true', 'a trigger that counts is found out');
is(query(q{SELECT string_agg(DISTINCT function || ' ' || query, ', ') FROM ct_steps WHERE run_id = (SELECT max(run_id) FROM ct_runs) AND query LIKE 'END%'}),
	'f END, then INSERT INTO t VALUES (10 * $1, 1)', 'which parks before its row is written');
explore([ ('INSERT INTO t SELECT next_id(), 1') x 2 ], q{CREATE FUNCTION next_id() RETURNS int LANGUAGE plpgsql AS
	'BEGIN RETURN (SELECT max(id) + 1 FROM t); END'}, q{expected_errors => ARRAY['unique_violation']});
is(explored(q{exhausted || ' ' || complete}), 'true 20', 'and so does a function that an INSERT has a value of');
explore([ ('INSERT INTO t VALUES (10 * :worker_id, 1)') x 2 ], q{CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
	'BEGIN PERFORM count(*) FROM t; INSERT INTO u VALUES (NEW.id, 1); RETURN NEW; END';
	CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()});
interleavings_are(20, 'but not where it has only written since it last parked');
explore([ ('DO $$ BEGIN PERFORM v FROM t; PERFORM v FROM t; END $$') x 2 ], '');
interleavings_are(6, 'DO blocks');
explore([ ('CALL p(:worker_id)') x 2 ], q{CREATE PROCEDURE p(i int) LANGUAGE plpgsql AS
	'BEGIN UPDATE t SET v = v + 1 WHERE id = i; COMMIT; UPDATE t SET v = v + 1 WHERE id = i; COMMIT; END'});
interleavings_are(70, 'a procedure parks before its commits');
is(query(q{SELECT string_agg(function || ' ' || line || ' ' || query || ' ' || rows, ', ' ORDER BY position) FROM ct_steps
	WHERE run_id = (SELECT max(run_id) FROM ct_runs) AND session = 1 AND place = 1}),
	'p 1 UPDATE t SET v = v + 1 WHERE id = i 1, p 1 COMMIT 0, p 1 UPDATE t SET v = v + 1 WHERE id = i 1, p 1 COMMIT 0', 'and tells its lines');

# ---- each execution's sessions are new ----

my $new = q{
	DO $$ BEGIN
		IF current_setting('work_mem') = '77MB' OR current_setting('a.b', true) <> '' OR current_setting('application_name') = 'x' OR
			current_role <> session_user OR
			EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') OR
			EXISTS (SELECT FROM pg_prepared_statements) OR EXISTS (SELECT FROM pg_cursors WHERE name = 'c') OR to_regclass('tt') IS NOT NULL
		THEN RAISE 'something is left'; END IF;
		PERFORM lastval();
		RAISE 'lastval is left';
	EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL;
	END $$;
	SET work_mem = '77MB';
	SELECT set_config('a.b', 'c', false), set_config('application_name', 'x', false);
	CREATE TEMP TABLE tt AS SELECT 1 AS a;
	PREPARE q AS SELECT * FROM tt;
	DECLARE c CURSOR WITH HOLD FOR EXECUTE q;
	SELECT pg_advisory_lock(:worker_id), nextval('s');
	SET ROLE pg_monitor;
	SELECT 1} =~ s/DECLARE c CURSOR WITH HOLD FOR EXECUTE q/DECLARE c CURSOR WITH HOLD FOR SELECT a FROM tt/r;
explore([ $new, 'SELECT 1; SELECT 2' ], '', "yield => 'statement'");
interleavings_are(binomial(9, 2), 'settings, temporary tables, prepared statements, cursors, advisory locks, a role are gone');
explore([ (q{SELECT v FROM t WHERE id = 1; INSERT INTO u VALUES (100 * :worker_id + 10 * random(), 0)}) x 2 ], '', q{checks => ARRAY[
	'SELECT count(*) FROM (SELECT DISTINCT id FROM u WHERE id >= 100) x HAVING count(*) <> 2']});
is(explored('violating || exhausted::text'), '0true', 'random() is of its session');
explore([ ("SELECT v FROM t WHERE id = 1;\n\\set r random(1, 1000000)\nINSERT INTO u VALUES (100 + :r, :worker_id)") x 2 ], '');
is(explored('not_serial || exhausted::text'), '0true', 'and so is that of the script');

# ---- one at a time ----

# Of two that are released at once the lower one goes on first, however slow it is: then v ends as 3. In 5
# of 12 interleavings the other one comes before it in any case.
explore([ 'BEGIN; LOCK TABLE t; COMMIT', 'UPDATE t SET v = v * 2 + 1 WHERE id = 1 AND (SELECT count(*) FROM generate_series(1, 50000)) > 0',
	'UPDATE t SET v = v * 3 WHERE id = 1' ], '', q{yield => 'statement', checks => ARRAY['SELECT v FROM t WHERE id = 1 AND v <> 3']});
is(explored(q{complete || ' ' || violating}), '12 5', 'two that are released at once go on one after the other');

my @locked = ('BEGIN; LOCK TABLE t; UPDATE u SET v = 1 WHERE id = 1; COMMIT',
	'BEGIN; UPDATE t SET v = v * 2 + 1 WHERE id = 1; SELECT v FROM u WHERE id = 1; COMMIT',
	'BEGIN; UPDATE t SET v = v * 3 WHERE id = 1; UPDATE u SET v = v + 5 WHERE id = 1; COMMIT');
my %seen;
my @busy = map { my $pid = fork; if ($pid == 0) { alarm 60; 1 while 1 } $pid } 1 .. 2;
for (1 .. 4)
{
	my $run = explore(\@locked, '', "yield => 'statement', seed => 1");

	$seen{query(qq{SELECT complete, not_serial, deadlocks, errors, md5(string_agg(p::text, '' ORDER BY p::text)) FROM ct_explorations e,
		LATERAL (SELECT result, permutation, executions, state, NULL::text AS query, NULL::text AS first_row FROM ct_permutations WHERE run_id = e.run_id
		UNION ALL SELECT result || ' ' || event, ARRAY[position, session, waits_for], rows, error, query, first_row FROM ct_steps WHERE run_id = e.run_id) p
		WHERE run_id = $run GROUP BY 1, 2, 3, 4})}++;
}
is(scalar keys %seen, 1, 'two that are released at once go on in the same order each time') or diag(explain(\%seen));
like((keys %seen)[0], qr/^\d\d+\|/, 'in dozens of interleavings');
kill KILL => @busy;
waitpid $_, 0 for @busy;

# ---- waits for locks ----

query(q{CREATE ROLE plain LOGIN; GRANT CREATE ON DATABASE postgres TO plain; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO plain});
my @circle = ('BEGIN; UPDATE t SET v = 1 WHERE id = 1; UPDATE t SET v = 1 WHERE id = 2; COMMIT', 'BEGIN; UPDATE t SET v = 2 WHERE id = 2; UPDATE t SET v = 2 WHERE id = 1; COMMIT');
for my $level ('warning', 'log', 'fatal', 'panic')
{
	query("ALTER ROLE plain SET log_min_messages = $level");
	my $logged = -s $node->logfile;
	my $run = explore(\@circle, '', "yield => 'statement'", 'plain');
	is(query("SELECT complete, deadlocks, errors FROM ct_explorations WHERE run_id = $run"), '8|4|0', "log_min_messages = $level: who waits is told, of a role without privileges");
	my $log = slurp_file($node->logfile, $logged);
	unlike($log, qr/still waiting|acquired|detected deadlock|given up/, "log_min_messages = $level: and it isn't logged");
}
explore(\@circle, '', q{yield => 'statement', expected_errors => ARRAY['deadlock_detected']});
is(explored('deadlocks'), 4, 'the server looks for deadlocks at once');
is(ct_last($node, 'verdict'), 'pass', 'and a deadlock that is expected is none');
explore([ map { "SET deadlock_timeout = '1h'; SET log_lock_waits = off; SET log_min_messages = panic; $_" } @circle ], '', "yield => 'statement', preemptions => 1");
is(explored('deadlocks > 0'), 't', 'whatever a script has SET');

# Who waits for ever ends the execution, from within a function that wants to go on, too.
explore([ 'SELECT pg_advisory_lock(1)', 'SELECT f()', 'SELECT g()' ], q{
	CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
		FOR i IN 1..3 LOOP BEGIN
			PERFORM v FROM t; PERFORM pg_advisory_xact_lock(1); PERFORM v FROM t; EXCEPTION WHEN query_canceled THEN UPDATE t SET v = 9; END;
		END LOOP; RETURN 1; END $$;
	CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM v FROM t; PERFORM v FROM t; RETURN 1; END $$}, 'executions => 40');
is(ct_last($node, 'verdict'), 'fail', 'who waits for ever fails an exploration');
is(query(q{SELECT count(*) FROM ct_permutations WHERE result = 'hang' AND run_id = (SELECT max(run_id) FROM ct_runs)}), 1, 'and is told of')
  or diag(query('SELECT ct_report(max(run_id)) FROM ct_runs'));
ct_nothing_left($node, 'after sessions that were given up');

# ---- time ----

explore([ q{SET statement_timeout = '1s'; SELECT f()}, 'SELECT pg_sleep(1.3)' ], q{CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS
	$$ BEGIN PERFORM v FROM t; PERFORM v FROM t; RETURN 1; END $$});
interleavings_are(4, 'a statement has no time while it is parked');
explore([ q{SET statement_timeout = '400ms'; SELECT f()}, 'SELECT 1' ], q{CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS
	$$ BEGIN PERFORM v FROM t; PERFORM v, pg_sleep(10) FROM t; RETURN 1; END $$}, q{expected_errors => ARRAY['query_canceled']});
is(explored('complete || errors::text'), '40', 'but what it executes is timed');

# ---- what is reported ----

explore([ ("BEGIN; WITH d AS (DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id) SELECT count(*) AS n FROM d \\gset\n" .
	"\\if :n = 0\n\\outcome none\n\\endif\nCOMMIT") x 3 ], 'DELETE FROM t WHERE id > 2', "yield => 'statement'");
is(ct_last($node, 'verdict'), 'pass', 'a queue whose workers say that they found nothing is as good as serial')
  or diag(query('SELECT ct_report(max(run_id)) FROM ct_runs'));
explore([ ('SELECT pg_try_advisory_xact_lock(1)') x 2 ], '');
is(query(q{SELECT first_row FROM ct_steps WHERE run_id = (SELECT max(run_id) FROM ct_runs) LIMIT 1}), 'pg_try_advisory_xact_lock = t', 'what a step has read is told');

done_testing();
