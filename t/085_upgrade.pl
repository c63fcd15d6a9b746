# ALTER EXTENSION ct_ext UPDATE from version 1.0: what is there afterwards is what CREATE EXTENSION
# makes, object for object; what users had defined, found out and granted is still there, and works.
# Until then the library, which is of this version, refuses what 1.0 calls, and says what to do.
#
# 1.0 itself is frozen in t/upgrade: its install script, and what its functions and runs left in
# the tables, for they can't be called any more.  The history may not be at hand where this runs.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use File::Copy qw(copy);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('upgrade');
my $share = $node->config_data('--sharedir') . '/extension';
copy("$FindBin::RealBin/upgrade/ct_ext--1.0.sql", "$share/ct_ext--1.0.sql")
  or plan skip_all => "$share can't be written to: $!";
END { unlink "$share/ct_ext--1.0.sql" if defined $share }

$node->start;
$node->safe_psql('postgres', 'CREATE ROLE ct_upgrade_tester LOGIN');

# The extension as lines of text: whatever pg_dump, psql's \d and \dx+, or a user who looks would
# see.  Each line begins with the object that it is about.
my $catalog = <<'SQL';
SET search_path = pg_catalog;
WITH member AS (
	SELECT d.classid, d.objid
	FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
	WHERE e.extname = 'ct_ext' AND d.deptype = 'e'
), acl AS (
	SELECT 'f' AS kind, oid AS objid, 'pg_proc'::regclass AS classid, 0 AS subid, coalesce(proacl, acldefault('f', proowner)) AS acl FROM pg_proc
	UNION ALL SELECT 'r', oid, 'pg_class'::regclass, 0, coalesce(relacl, acldefault('r', relowner)) FROM pg_class
	UNION ALL SELECT 'c', attrelid, 'pg_class'::regclass, attnum, attacl FROM pg_attribute WHERE attacl IS NOT NULL
), line AS (
	SELECT pg_describe_object(classid, objid, 0) AS what, 'is a member' AS how FROM member
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), 'comment: ' || d.objsubid || ' ' || d.description
	FROM member m JOIN pg_description d ON d.classoid = m.classid AND d.objoid = m.objid
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), 'privilege: ' || a.subid || ' ' || (aclexplode(a.acl))::text
	FROM member m JOIN acl a USING (classid, objid)
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), 'initial privilege: ' || i.objsubid || ' ' || (aclexplode(i.initprivs))::text
	FROM member m JOIN pg_init_privs i ON i.classoid = m.classid AND i.objoid = m.objid
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('depends on: %s %s', s.deptype, s.refobjid::regrole)
	FROM member m JOIN pg_shdepend s USING (classid, objid)
	WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), 'definition: ' || pg_get_functiondef(m.objid)
	FROM member m WHERE m.classid = 'pg_proc'::regclass
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), 'definition: ' || pg_get_viewdef(m.objid)
	FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid WHERE c.relkind = 'v'
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('relation: %s %s %s %s owner %s, row security %s',
		c.relkind, c.relpersistence, c.reloptions, c.relreplident, c.relowner::regrole, c.relrowsecurity)
	FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('column: %s %s %s %s %s identity %s default %s', a.attnum, a.attname,
		format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation, a.attidentity, pg_get_expr(d.adbin, d.adrelid))
	FROM member m JOIN pg_attribute a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attnum > 0
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('constraint: %s %s %s', k.conname, k.convalidated, pg_get_constraintdef(k.oid))
	FROM member m JOIN pg_constraint k ON m.classid = 'pg_class'::regclass AND k.conrelid = m.objid
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('index: %s', pg_get_indexdef(i.indexrelid))
	FROM member m JOIN pg_index i ON m.classid = 'pg_class'::regclass AND i.indrelid = m.objid
	UNION ALL
	SELECT pg_describe_object(m.classid, m.objid, 0), format('rule: %s', pg_get_ruledef(r.oid))
	FROM member m JOIN pg_rewrite r ON m.classid = 'pg_class'::regclass AND r.ev_class = m.objid
	UNION ALL
	SELECT 'extension', format('%s %s owner %s, %s', e.extname, e.extversion, e.extowner::regrole, obj_description(e.oid, 'pg_extension'))
	FROM pg_extension e WHERE e.extname = 'ct_ext'
	UNION ALL
	SELECT 'extension', format('needs %s', pg_describe_object(d.refclassid, d.refobjid, 0))
	FROM pg_extension e JOIN pg_depend d ON d.classid = 'pg_extension'::regclass AND d.objid = e.oid WHERE e.extname = 'ct_ext'
	UNION ALL
	SELECT 'extension', format('dumps %s %s', c.oid::regclass, c.condition)
	FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS c (oid, condition) WHERE e.extname = 'ct_ext'
)
SELECT translate(what || ' ' || how, E'\n', ' ') FROM line ORDER BY 1
SQL

# The bundled definitions, but for when and by whom they were made.
my $bundled = <<'SQL';
SELECT translate(t || ' ' || (x - 'created_at' - 'owner'), E'\n', ' ') FROM (
	SELECT 'scenario', to_jsonb(s) FROM ct_scenario s UNION ALL
	SELECT 'variant', to_jsonb(s) FROM ct_variant s UNION ALL
	SELECT 'script', to_jsonb(s) FROM ct_script s UNION ALL
	SELECT 'check', to_jsonb(s) FROM ct_check s UNION ALL
	SELECT 'threshold', to_jsonb(s) FROM ct_slo s UNION ALL
	SELECT 'phase', to_jsonb(s) FROM ct_phase s UNION ALL
	SELECT 'permutation', to_jsonb(s) FROM ct_permutation s) d (t, x)
WHERE (x ->> 'bundled')::boolean ORDER BY 1
SQL

# Tests that two texts of many lines are the same, and shows no more than where they aren't.
sub same_lines
{
	my ($got, $expected, $what) = @_;
	my %lines;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$lines{$_}++ foreach split /\n/, $got;
	$lines{$_}-- foreach split /\n/, $expected;
	my @differ = map { ($lines{$_} > 0 ? 'only here:     ' : 'only expected: ') . $_ } grep { $lines{$_} } sort keys %lines;
	ok(!@differ && $got ne '', $what) or diag(join "\n", map { substr $_, 0, 300 } @differ[0 .. ($#differ < 40 ? $#differ : 40)]);
	return;
}

# A database with version 1.0 in it, and what users had there.
sub install_former
{
	my ($db, $schema) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, "CREATE SCHEMA IF NOT EXISTS $schema; CREATE EXTENSION ct_ext SCHEMA $schema VERSION '1.0'");
	command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($db), '-c', "SET search_path = $schema",
		'-f', "$FindBin::RealBin/upgrade/1.0_rows.sql" ], "$db: version 1.0 with rows of users");
	return;
}

sub fails_like
{
	my ($db, $sql, $re, $what) = @_;
	my ($status, $out, $err) = $node->psql($db, "\\set VERBOSITY verbose\n$sql", on_error_stop => 1);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($err, $re, $what);
	return;
}

my %schemas = (plain => 'public', quoted => '"a Test, schema"');
foreach my $name (sort keys %schemas)
{
	my $schema = $schemas{$name};
	my $path = "SET search_path = $schema;";
	my $db = "former_$name";

	$node->safe_psql('postgres', "CREATE DATABASE fresh_$name");
	$node->safe_psql("fresh_$name", "CREATE SCHEMA IF NOT EXISTS $schema; CREATE EXTENSION ct_ext SCHEMA $schema");
	my $fresh = $node->safe_psql("fresh_$name", $catalog);
	cmp_ok(scalar(split /\n/, $fresh), '>', 500, "$name: the catalog is looked at");

	install_former($db, $schema);
	isnt($node->safe_psql($db, $catalog), $fresh, "$name: 1.0 is something else");

	# Before the update, each of its functions says what to do, whichever arguments it is given.
	my @calls = split /\n/, $node->safe_psql($db, <<'SQL');
SELECT format('SELECT %s(%s)', oid::regproc, (SELECT string_agg(format('%L::%s',
	CASE WHEN y.typcategory = 'A' THEN '{1}' ELSE '1' END, y.oid::regtype), ', ' ORDER BY n)
	FROM unnest(proargtypes) WITH ORDINALITY t (type, n) JOIN pg_type y ON y.oid = type))
FROM pg_proc WHERE probin = '$libdir/ct_ext' AND prokind = 'f' ORDER BY 1
SQL
	cmp_ok(scalar @calls, '>=', 18, "$name: 1.0 has functions");
	my @silent = grep {
		my (undef, undef, $err) = $node->psql($db, $_);
		$err !~ /version 1\.0 of extension "ct_ext" is installed in this database, but the library is version 1\.[1-9].*ALTER EXTENSION ct_ext UPDATE/s
	} @calls;
	is("@silent", '', "$name: all of them ask for the update");
	fails_like($db, "$path SELECT ct_run('deposit')", qr/ERROR:  55000: /, "$name: by 55000");

	# What was granted, and taken from the public, and lent on.
	my $grants = <<"SQL";
GRANT USAGE ON SCHEMA $schema TO ct_upgrade_tester;
GRANT CREATE ON DATABASE $db TO ct_upgrade_tester;
GRANT EXECUTE ON FUNCTION ct_run, ct_create_scenario, ct_add_script, ct_drop_scenario, ct_prune TO ct_upgrade_tester;
GRANT EXECUTE ON FUNCTION ct_test TO ct_upgrade_tester WITH GRANT OPTION;
REVOKE SELECT ON ct_errors FROM PUBLIC;
GRANT SELECT (run_id, sqlstate) ON ct_errors TO ct_upgrade_tester;
REVOKE EXECUTE ON FUNCTION ct_wait FROM PUBLIC;
SQL
	$node->safe_psql($db, $path . $grants);

	# Nobody's view is dropped, and nothing is half updated.
	my $before = $node->safe_psql($db, $catalog);
	$node->safe_psql($db, "CREATE VIEW mine AS SELECT run_id, verdict FROM $schema.ct_runs");
	fails_like($db, 'ALTER EXTENSION ct_ext UPDATE', qr/ERROR:  2BP01: .*view public\.mine depends on view .*Drop them, update/s,
		"$name: a view on the extension's is in the way");
	same_lines($node->safe_psql($db, $catalog), $before, "$name: all is as before then");
	$node->safe_psql($db, 'DROP VIEW mine');
	$node->safe_psql($db, "CREATE FUNCTION $schema.ct_stop(text) RETURNS int LANGUAGE sql AS 'SELECT 1'");
	fails_like($db, 'ALTER EXTENSION ct_ext UPDATE', qr/ERROR:  42723: function .*ct_stop\(text\).* is in the way/,
		"$name: so is a function of a name that it needs");
	$node->safe_psql($db, "DROP FUNCTION $schema.ct_stop(text)");

	# A user's scenario of a name that is bundled now.
	$node->safe_psql($db, "$path INSERT INTO ct_scenario (name, params) VALUES ('hot_counter', '{\"mine\": 1}');"
		. " INSERT INTO ct_script (scenario, name, position, body) VALUES ('hot_counter', 's', 1, 'SELECT :mine')");

	my @tables = qw(ct_result ct_result_anomaly ct_result_check ct_result_outcome ct_result_tally
	  ct_result_latency ct_result_second ct_result_error ct_result_worker);
	my $rows = join ' UNION ALL ', map { "SELECT '$_', count(*) FROM $_" } @tables;
	my $kept = $node->safe_psql($db, $path . $rows);

	my (undef, undef, $warning) = $node->psql($db, 'ALTER EXTENSION ct_ext UPDATE', on_error_stop => 1);
	like($warning, qr/\A[^\n]*WARNING:  scenario "hot_counter" is called "hot_counter \(own\)" from now on\nDETAIL:  A bundled one has its name\.\s*\z/,
		"$name: updated, and one scenario has another name");

	# In the database that was created, grant the same.
	$node->safe_psql("fresh_$name", $path . ($grants =~ s/ON DATABASE \w+/ON DATABASE fresh_$name/r));
	same_lines($node->safe_psql($db, $catalog), $node->safe_psql("fresh_$name", $catalog), "$name: the catalog is that of a new one");
	same_lines($node->safe_psql($db, $path . $bundled), $node->safe_psql("fresh_$name", $path . $bundled),
		"$name: so is what is bundled");
	is($node->safe_psql($db, "SELECT count(*) FROM pg_class WHERE relname ~ '^(old|new)_'"), 0, "$name: nothing is left of the update");

	# The user's own.
	is($node->safe_psql($db, $path . $rows), $kept, "$name: no row of a result is lost");
	is($node->safe_psql($db, "$path SELECT run_id, role, status, verdict, transactions, anomalies FROM ct_runs"), <<"ROWS" =~ s/\n\z//r, "$name: the runs");
1|0|succeeded|pass|2|0
2|${\ $node->safe_psql($db, 'SELECT current_user') }|succeeded|fail|400|1
3|${\ $node->safe_psql($db, 'SELECT current_user') }|succeeded|pass|400|0
4|${\ $node->safe_psql($db, 'SELECT current_user') }|succeeded|fail|929|1
5|ct_upgrade_tester|succeeded|pass|85|0
6|ct_upgrade_tester|succeeded|fail|0|10
7|${\ $node->safe_psql($db, 'SELECT current_user') }|failed||1|0
8|${\ $node->safe_psql($db, 'SELECT current_user') }|failed|||
9|${\ $node->safe_psql($db, 'SELECT current_user') }|crashed|||
ROWS
	is($node->safe_psql($db, "$path SELECT run_id, count(*), min(tps) > 0 FROM ct_timeline GROUP BY 1 ORDER BY 1 LIMIT 1"),
		$node->safe_psql($db, "$path SELECT run_id, count(*), true FROM ct_result_second GROUP BY 1 ORDER BY 1 LIMIT 1"), "$name: their seconds");
	is($node->safe_psql($db, "$path SELECT run_id, check_name, kind, observed, expected FROM ct_anomalies WHERE run_id IN (2, 4)"),
		"2|all there|lost_update|390|1420\n4|all there|lost_update|1550|3100", "$name: their anomalies");
	is($node->safe_psql($db, "$path SELECT count(*) > 0, count(value) = count(*), count(times) + count(mean) + count(min) + count(max) FROM ct_tallies"), 't|t|0',
		"$name: their tallies, of which the sum alone was kept");
	is($node->safe_psql($db, "$path SELECT count(*), count(first_seen) FROM ct_errors WHERE run_id IN (2, 6)"), '2|2', "$name: their errors");
	is($node->safe_psql($db, "$path SET ROLE ct_upgrade_tester; SELECT string_agg(run_id::text, ' ' ORDER BY run_id) FROM ct_runs"), '5 6',
		"$name: a role sees its own");
	foreach my $format (qw(text markdown json))
	{
		is($node->safe_psql($db, "$path SELECT count(*) FROM ct_runs WHERE length(ct_report(run_id, '$format')) > 100 AND status <> 'crashed'"), 8,
			"$name: their reports as $format");
	}
	is($node->safe_psql($db, "$path SELECT name, owner, scripts, workers, transactions, variants, checks, params, description FROM ct_scenarios WHERE NOT bundled"),
		<<"ROWS" =~ s/\n\z//r, "$name: the scenarios, the owner that is gone being nobody");
deposit|${\ $node->safe_psql($db, 'SELECT current_user') }|3|4|400|{naive,locked}|{"all there","nothing owed","p95_ms < 60000","error_rate <= 0.9"}|{"amount": 10}|Deposits get lost
hot_counter (own)|${\ $node->safe_psql($db, 'SELECT current_user') }|1|||{default}|{}|{"mine": 1}|
of a tester|ct_upgrade_tester|1|2||{default}|{}|{}|with 'quotes' and \\ backslashes
of one gone|0|1|2|2|{default}|{}|{}|its owner has been dropped
simple|${\ $node->safe_psql($db, 'SELECT current_user') }|1|2||{default}|{}|{}|as pgbench does
ROWS
	is($node->safe_psql($db, "$path SELECT script, variant, weight, think_time FROM ct_script s JOIN (VALUES ('deposit')) d (scenario) USING (scenario) CROSS JOIN LATERAL (SELECT s.name AS script) n ORDER BY position"),
		"pay|naive|1|00:00:00\npay|locked|3|00:00:00\nstumble||2|00:00:00.001", "$name: their scripts");
	is($node->safe_psql($db, "$path SELECT expected_errors, retried_errors, max_tries, min_overlap, category, length(story) FROM ct_scenario WHERE name = 'deposit'"),
		'{23514=refused,22012}|{55P03}|5|5|mine|71', "$name: their options");

	# They work as ever.
	is($node->safe_psql($db, "$path SELECT ct_run('deposit', 'naive', min_overlap => 0) AS run_id"), 10, "$name: a run has the next number");
	is($node->safe_psql($db, "$path SELECT scenario, transactions, verdict IS NOT NULL FROM ct_runs WHERE run_id = 10"), 'deposit|400|t', "$name: it ran");
	is($node->safe_psql($db, "$path SELECT variant, verdict IS NOT NULL FROM ct_compare('hot_counter (own)', workers => 2, transactions => 10, min_overlap => 0)"),
		'default|t', "$name: what has another name runs, too");
	is($node->safe_psql($db, "$path SELECT ct_run('of one gone', trust_owner => true)"), 12, "$name: what is nobody's runs if it is trusted");
	is($node->safe_psql($db, "$path SET ROLE ct_upgrade_tester; SELECT ct_run('of a tester')"), 13, "$name: so does an ordinary role's, who may still");
	fails_like($db, "$path SET ROLE ct_upgrade_tester; SELECT ct_run('of one gone')", qr/ERROR:  42501/, "$name: ... but nobody's only if trusted");
	fails_like($db, "$path SET ROLE ct_upgrade_tester; SELECT ct_drop_scenario('deposit')", qr/ERROR:  42501/, "$name: nor may it drop another's");
	is($node->safe_psql($db, "$path SET ROLE ct_upgrade_tester; SELECT ct_drop_scenario('of a tester'); SELECT ct_create_scenario('new'); SELECT ct_add_script('new', 's', 'SELECT 1')"),
		"\n\n", "$name: it may drop its own, and define");
	is($node->safe_psql($db, "$path SELECT ct_drop_scenario('of one gone')"), '', "$name: a superuser drops what is nobody's");
	is($node->safe_psql($db, "$path SELECT ct_sweep(); SELECT status, sandbox IS NULL FROM ct_result WHERE run_id = 9"), "0\ncrashed|t", "$name: what was killed has been swept");

	# Definitions and privileges are dumped, and nothing else of it.
	my $dump = PostgreSQL::Test::Utils::tempdir . "/$name.dump";
	command_ok([ 'pg_dump', '-d', $node->connstr($db), '-f', $dump ], "$name: pg_dump");
	$node->safe_psql('postgres', "CREATE DATABASE restored_$name");
	command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr("restored_$name"), '-f', $dump ], "$name: restored");
	same_lines($node->safe_psql("restored_$name", $catalog), $node->safe_psql($db, $catalog), "$name: with the same privileges");
	is($node->safe_psql("restored_$name", "$path SELECT string_agg(name, ', ' ORDER BY name) FROM ct_scenarios WHERE NOT bundled"),
		'deposit, hot_counter (own), new, simple', "$name: and definitions");
	unlink $dump;

	# What was granted stands in nobody's way.
	$node->safe_psql($_, "$path REVOKE ALL ON ALL FUNCTIONS IN SCHEMA $schema FROM ct_upgrade_tester;"
		. "REVOKE ALL ON ALL TABLES IN SCHEMA $schema FROM ct_upgrade_tester; REVOKE ALL (run_id, sqlstate) ON ct_errors FROM ct_upgrade_tester;"
		. "REVOKE ALL ON SCHEMA $schema FROM ct_upgrade_tester; REVOKE ALL ON DATABASE $_ FROM ct_upgrade_tester")
	  foreach $db, "fresh_$name", "restored_$name";
	is($node->safe_psql($db, "SELECT count(*) FROM pg_shdepend WHERE refobjid = 'ct_upgrade_tester'::regrole"), 0,
		"$name: a role from whom all is revoked can be dropped");
}

# Who may create in the extension's schema has no part in the update.
install_former('trapped', 'trap');
$node->safe_psql('trapped', <<'SQL');
CREATE ROLE ct_upgrade_mallory;
CREATE TABLE public.loot (who name, what text);
GRANT ALL ON public.loot TO PUBLIC;
GRANT ALL ON SCHEMA trap TO ct_upgrade_mallory;
SET ROLE ct_upgrade_mallory;
DO $$
DECLARE
	types text[] := '{bool,"\"char\"",int2,int4,int8,text,name,oid,regclass,regrole,tid}';
	l text;
	r text;
	o text;
	f text;
BEGIN
	FOREACH l IN ARRAY types LOOP
		FOREACH r IN ARRAY types LOOP
			EXECUTE format('CREATE FUNCTION trap.trap(%s, %s) RETURNS bool LANGUAGE plpgsql AS %L', l, r,
				format('BEGIN INSERT INTO public.loot VALUES (current_user, %L); RETURN NULL; END', l || ' ' || r));
			FOREACH o IN ARRAY '{=,<>,||,~}'::text[] LOOP
				CONTINUE WHEN EXISTS (SELECT FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace
					AND oprname = o AND oprleft = l::regtype AND oprright = r::regtype);
				EXECUTE format('CREATE OPERATOR trap.%s (FUNCTION = trap.trap, LEFTARG = %s, RIGHTARG = %s)', o, l, r);
			END LOOP;
		END LOOP;
		FOREACH f IN ARRAY '{acldefault,aclexplode,count,current_database,format,min,pg_extension_config_dump,quote_ident,row_number,string_agg,substring,to_regrole}'::text[] LOOP
			EXECUTE format('CREATE FUNCTION trap.%I(%s) RETURNS %2$s LANGUAGE plpgsql AS %L', f, l,
				format('BEGIN INSERT INTO public.loot VALUES (current_user, %L); RETURN NULL; END', f || ' ' || l));
		END LOOP;
	END LOOP;
END
$$;
CREATE TABLE trap.pg_stat_activity AS SELECT current_database() AS datname, 'ct_ext leader' AS backend_type;
CREATE TABLE trap.old_member (mine int);
RESET ROLE;
SET search_path = trap;
SELECT 1::int8 = 'x'::text;
SQL
isnt($node->safe_psql('trapped', 'SELECT count(*) FROM public.loot; TRUNCATE public.loot'), 0, 'traps: they do work');
is($node->safe_psql('trapped', 'ALTER EXTENSION ct_ext UPDATE; SELECT count(*) FROM public.loot'), 0, 'traps: none is stepped in');

# A run under way keeps the tables that it knows.  (None can be started in 1.0.)
$node->safe_psql('postgres', 'CREATE EXTENSION ct_ext');
my $run = ct_call($node, q{SELECT ct_test('SELECT pg_sleep(0.01)', duration => '1 h')});
ok(ct_await($node, q{SELECT count(*) = 1 FROM ct_runs WHERE status = 'running'}), 'busy: a run is under way');
$node->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'ct_ext'});
fails_like('postgres', 'ALTER EXTENSION ct_ext UPDATE', qr/ERROR:  55006: ct_ext cannot be updated while runs of it are under way\nHINT:  /,
	'busy: no update');
$node->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '1.1' WHERE extname = 'ct_ext'});
is($node->safe_psql('postgres', 'SELECT ct_stop(run_id) FROM ct_runs'), 't', 'busy: the run goes on');
is(ct_call_end($run), 0, 'busy: to its end');
ct_nothing_left($node, 'busy');

$node->stop;
done_testing();
