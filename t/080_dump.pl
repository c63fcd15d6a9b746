# Definitions that users made survive pg_dump and restore, whole: variants, scripts, checks and
# thresholds, with an owner of their own; bundled ones come with the extension and aren't there
# twice. Wherever the extension is installed, in a schema with an awkward name too.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_node('dump');
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE author LOGIN');

# All definitions of users, in a text; of the bundled ones, the number.
my $definitions = <<'SQL';
SELECT string_agg(format('%s: %s', t, x), E'\n' ORDER BY t, x) FILTER (WHERE NOT (x ->> 'bundled')::boolean)
	|| ' and ' || count(*) FILTER (WHERE (x ->> 'bundled')::boolean) || ' bundled' FROM (
	SELECT 'scenario', to_jsonb(s) FROM ct_scenario s UNION ALL
	SELECT 'variant', to_jsonb(s) FROM ct_variant s UNION ALL
	SELECT 'script', to_jsonb(s) FROM ct_script s UNION ALL
	SELECT 'check', to_jsonb(s) FROM ct_check s UNION ALL
	SELECT 'slo', to_jsonb(s) FROM ct_slo s UNION ALL
	SELECT 'phase', to_jsonb(s) FROM ct_phase s UNION ALL
	SELECT 'permutation', to_jsonb(s) FROM ct_permutation s) d (t, x)
SQL

my %schemas = (plain => 'public', quoted => 'a Test, schema');
foreach my $name (sort keys %schemas)
{
	my $schema = '"' . ($schemas{$name} =~ s/"/""/gr) . '"';
	my $path = "SET search_path = $schema;";
	my $file = PostgreSQL::Test::Utils::tempdir . "/$name.dump";
	my $source = "source_$name";

	$node->safe_psql('postgres', "CREATE DATABASE $source");
	$node->safe_psql($source, ($name eq 'plain' ? '' : "CREATE SCHEMA $schema;") . $path . <<"SQL");
CREATE EXTENSION ct_ext SCHEMA $schema;
GRANT USAGE ON SCHEMA $schema TO author;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA $schema TO author;
SELECT ct_create_scenario('mine', 'with ''quotes'' and \\ backslashes', 'CREATE TABLE t (i int)', 'SELECT 1', 3, transactions => 30,
	params => '{"n": 5}', explore_params => '{"n": 2}', expected_errors => '{23505=taken}', retried_errors => '{55P03}', min_overlap => 0);
SELECT ct_add_variant('mine', 'b', isolation => 'serializable', setup => 'CREATE INDEX ON t (i)');
SELECT ct_add_variant('mine', 'a', max_tries => 7);
SELECT ct_add_script('mine', 'one', 'INSERT INTO t VALUES (:n)', weight => 3);
SELECT ct_add_script('mine', 'maintain', 'ANALYZE t', workers => 1);
SELECT ct_add_script('mine', 'one', 'INSERT INTO t VALUES (:n + 1)', variant => 'a', think_time => '1 ms');
SELECT ct_add_check('mine', 'sum', 'SELECT i FROM t WHERE i < :n', kind => 'too_small', during => true);
SELECT ct_add_check('mine', 'sum', 'SELECT i FROM t WHERE i <= :n', variant => 'a');
SELECT ct_add_slo('mine', 'p95_ms', '<', 100000);
SELECT ct_add_permutation('mine', 'once', '{1,2,2,1}');
SELECT ct_create_scenario('phased', min_overlap => 0);
SELECT ct_add_script('phased', 'a''b', 'SELECT 1');
SELECT ct_add_phase('phased', 'one', '0.1 s', rate => 100, weights => '{"a''b": 2}');
SELECT ct_add_phase('phased', 'two', '0.1 s', clients => 2, ramp => '0.05 s');
SET ROLE author;
SELECT ct_create_scenario('of the author', explore_params => NULL);
SELECT ct_add_script('of the author', 'one', 'SELECT 1');
SQL
	my $run = "$path SELECT variant, verdict IN ('pass', 'inconclusive') FROM ct_compare('mine')";
	is($node->safe_psql($source, $run), "b|t\na|t", "$name: the scenario runs");
	my $before = $node->safe_psql($source, $path . $definitions);
	like($before, qr/ and [1-9]\d* bundled$/, "$name: there are bundled definitions too");

	foreach my $format (qw(plain custom))
	{
		my $target = "target_${name}_$format";

		$node->safe_psql('postgres', "CREATE DATABASE $target");
		command_ok([ 'pg_dump', '-d', $node->connstr($source), '-F', $format, '-f', $file ], "$name, $format: pg_dump");
		if ($format eq 'plain')
		{
			unlike(slurp_file($file), qr/oversell_tickets/, "$name, $format: bundled scenarios aren't dumped");
			command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($target), '-f', $file ], "$name, $format: restored");
		}
		else
		{
			command_ok([ 'pg_restore', '-d', $node->connstr($target), '--exit-on-error', $file ], "$name, $format: restored");
		}
		is($node->safe_psql($target, $path . $definitions), $before, "$name, $format: the definitions are the same");
		is($node->safe_psql($target, $run), "b|t\na|t", "$name, $format: the scenario still runs");
		is($node->safe_psql($target, "$path SET ROLE author; SELECT ct_add_script('of the author', 'two', 'SELECT 2')"), '',
			"$name, $format: its owner still owns it");
		unlink $file;
	}

	# A dump has owners by name: in a server where that is another role, it is theirs.
	my $odd = '"we""ird \'author"';
	$node->safe_psql($source, "CREATE ROLE $odd; $path" . <<"SQL");
GRANT USAGE ON SCHEMA $schema TO $odd;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA $schema TO $odd;
SET ROLE $odd;
SELECT ct_create_scenario('odd');
RESET ROLE;
CREATE ROLE passing;
GRANT USAGE ON SCHEMA $schema TO passing;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA $schema TO passing;
SET ROLE passing;
SELECT ct_create_scenario('orphan');
RESET ROLE;
REVOKE ALL ON SCHEMA $schema FROM passing;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA $schema FROM passing;
DROP ROLE passing;
SQL
	command_ok([ 'pg_dump', '-d', $node->connstr($source), '-f', $file ], "$name, owners: pg_dump");
	$node->safe_psql('postgres', "ALTER ROLE $odd RENAME TO former; CREATE ROLE $odd; CREATE DATABASE target_${name}_owners");
	command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr("target_${name}_owners"), '-f', $file ], "$name, owners: restored");
	is($node->safe_psql("target_${name}_owners", "$path SET ROLE $odd; SELECT owner, (SELECT count(*) FROM ct_scripts) > 0 FROM ct_scenarios WHERE name = 'odd'"),
		"we\"ird 'author|t", "$name, owners: by name");
	$node->safe_psql("target_${name}_owners", "GRANT USAGE ON SCHEMA $schema TO former; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA $schema TO former");
	my ($denied, $out, $err) = $node->psql("target_${name}_owners", "$path SET ROLE former; SELECT ct_drop_scenario('odd')");
	like($err, qr/must be owner/, "$name, owners: not by oid");
	is($node->safe_psql("target_${name}_owners", "$path SELECT count(*), bool_and(owner ~ '^[0-9]+\$') FROM ct_scenarios WHERE name = 'orphan'"),
		'1|t', "$name, owners: one that had been dropped keeps nothing from being restored");
	is($node->safe_psql("target_${name}_owners", "$path SELECT ct_drop_scenario('orphan')"), '', "$name, owners: a superuser drops what is nobody's");
	is($node->safe_psql($source, "$path SELECT owner FROM ct_scenarios WHERE name = 'odd'"), 'former', "$name, owners: renaming is followed");
	unlink $file;
	$node->safe_psql($_, "DROP OWNED BY former; DROP OWNED BY $odd") foreach $source, "target_${name}_owners";
	$node->safe_psql('postgres', "DROP ROLE former; DROP ROLE $odd");
	is($node->safe_psql($source, "$path SELECT owner ~ '^[0-9]+\$' FROM ct_scenarios WHERE name = 'odd'"), 't', "$name, owners: dropping too");

	# DROP and CREATE leaves nothing but what is bundled.
	$node->safe_psql($source, "DROP EXTENSION ct_ext");
	$node->safe_psql($source, "$path CREATE EXTENSION ct_ext SCHEMA $schema");
	is($node->safe_psql($source, "$path SELECT count(*) FROM ct_scenario WHERE NOT bundled"), 0, "$name: dropped and created");
}

$node->stop;
done_testing();
