# The dashboard of Grafana: what each of its panels, variables and annotations asks can be executed, on
# a database where all of it has happened, and returns what the panel can draw; by indexes, where there
# are many runs. The queries for Prometheus' exporters return what they name, both the same, and what
# is in examples/ and dashboards/ is what its linters take.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dashboards = "$FindBin::RealBin/../dashboards";
my $dashboard = JSON::PP->new->decode(slurp_file("$dashboards/grafana.json"));
my $node = ct_prepare('dashboards', autovacuum => 'off');	# what is planned is what ANALYZE here says

# All that there is to see: runs of each kind, and of what did not happen a row as it would be.
$node->psql('postgres', $_) foreach
  q{SELECT ct_run('oversell_tickets', 'naive')},
  q{SELECT ct_run('lock_order_deadlock', duration => '2 s', params => '{}')},
  q{SELECT ct_test('SELECT 1/0', transactions => 2)},
  q{SELECT ct_run('oversell_tickets', 'naive')};
$node->safe_psql('postgres', <<'SQL');
INSERT INTO ct_job VALUES ('nightly', current_user::regrole, 1, '0 3 * * *', 'CALL', 'oversell_tickets', 'naive', NULL, now());
DO $$
DECLARE
	rows		record;
	there		boolean;
BEGIN
	FOR rows IN SELECT c.oid, c.relname FROM pg_class c WHERE relname LIKE 'ct\_result\_%' AND relkind = 'r' LOOP
		EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE run_id = 2)', rows.relname) INTO there;
		CONTINUE WHEN there;
		BEGIN
		EXECUTE (SELECT format('INSERT INTO %I (%s) VALUES (%s)', rows.relname, string_agg(quote_ident(attname), ', '), string_agg(
			CASE WHEN attname = 'run_id' THEN '2' WHEN attname = 'kind' THEN '''slowest''' WHEN atttypid = 'text'::regtype THEN '''x''' WHEN atttypid = 'boolean'::regtype THEN 'true'
				WHEN atttypid = 'timestamptz'::regtype THEN 'now()' WHEN atttypid = 'jsonb'::regtype THEN '''{}'''
				WHEN typcategory = 'A' THEN '''{1}''' ELSE '1' END, ', '))
			FROM pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = rows.oid AND attnum > 0 AND NOT attisdropped);
		EXCEPTION WHEN check_violation THEN
			NULL;
		END;
	END LOOP;
END $$;
SQL

my $range = q{'2000-01-01T00:00:00Z' AND '2100-01-01T00:00:00Z'};
my %variables = (scenario => q{'oversell_tickets','lock_order_deadlock','ct_test'}, variant => q{'naive','', 'request_order'}, run => '1,2,3,4');
$variables{variant} = $node->safe_psql('postgres', q{SELECT string_agg(DISTINCT quote_literal(coalesce(variant, '')), ',') FROM ct_runs});

# A query as Grafana sends it: macros expanded, variables as their format says.
sub expanded
{
	my ($sql, %values) = @_;

	$sql =~ s/\$__timeFilter\(([^)]*)\)/$1 BETWEEN $range/g;
	$sql =~ s/\$\{(\w+):(?:sqlstring|csv)\}/$values{$1} \/\/ "no variable $1"/ge;
	return $sql;
}

# Columns of a query: name and type.
sub columns
{
	my ($sql) = @_;
	return map { [ split /\t/ ] } split /\n/, $node->safe_psql('postgres', "CREATE TEMP VIEW asked AS $sql;
		SELECT attname || E'\\t' || atttypid::regtype FROM pg_attribute WHERE attrelid = 'asked'::regclass AND attnum > 0 ORDER BY attnum");
}

my @panels = grep { $_->{type} ne 'row' } @{ $dashboard->{panels} };
my @sources = map { $_->{datasource} } @panels, map { @{ $_->{targets} } } @panels;
my %ids = map { $_->{id} => 1 } @{ $dashboard->{panels} };
my (%taken, @overlaps);
foreach my $panel (@{ $dashboard->{panels} })
{
	my $at = $panel->{gridPos};

	foreach my $x ($at->{x} .. $at->{x} + $at->{w} - 1)
	{
		foreach my $y ($at->{y} .. $at->{y} + $at->{h} - 1)
		{
			push @overlaps, $panel->{title} if $x > 23 || $taken{"$x $y"}++;
		}
	}
}
is(scalar keys %ids, scalar @{ $dashboard->{panels} }, 'each panel has its number');
is("@overlaps", '', 'and its place');
is(scalar(grep { $_->{type} ne 'grafana-postgresql-datasource' || $_->{uid} ne '${datasource}' } @sources), 0, 'and asks the database that is chosen');
is(join(' ', grep { my $view = $_; !grep { $_->{rawSql} =~ /\b$view\b/ } map { @{ $_->{targets} } } @panels }
	qw(ct_runs ct_timeline ct_latencies ct_waits ct_blocking ct_deadlocks ct_resources ct_usage ct_errors ct_checks ct_phases ct_samples ct_anomalies ct_trends ct_regressions ct_schedules ct_health ct_progress)),
	'', 'all that there is to see is shown');

foreach my $panel (@panels)
{
	foreach my $target (@{ $panel->{targets} })
	{
		my $name = "$panel->{title} $target->{refId}";
		my $sql = expanded($target->{rawSql}, %variables);
		my ($status, $stdout, $stderr) = $node->psql('postgres', $sql);

		is($status, 0, "$name: can be executed") or diag("$sql\n$stderr");
		next if $status;
		ok($stdout ne '', "$name: has something to show") or diag($sql);
		# without a choice there is nothing to see, but no error
		is($node->psql('postgres', expanded($target->{rawSql}, scenario => '', variant => '', run => '')), 0, "$name: before anything is chosen");
		next if $target->{format} ne 'time_series';
		my @columns = columns($sql);
		is(join(' ', map { $_->[0] eq 'time' ? 'time ' . $_->[1] : () } @columns), 'time timestamp with time zone', "$name: a time");
		is(join(' ', map { "@$_" } grep { $_->[0] !~ /^(?:time|metric)$/ && $_->[1] !~ /^(?:double precision|bigint|integer)$/ } @columns), '', "$name: numbers");
		like($sql, qr/ORDER BY (?:"time"|started_at)$/, "$name: in order");
	}
	foreach my $matrix (map { $_->{options} } grep { $_->{id} eq 'groupingToMatrix' } @{ $panel->{transformations} // [] })
	{
		my %there = map { @$_ } columns(expanded($panel->{targets}[0]{rawSql}, %variables));

		is(join(' ', map { $there{ $matrix->{$_} } // "no $matrix->{$_}" } qw(columnField rowField valueField)), 'text text double precision', "$panel->{title}: what makes the matrix");
		# which has one column of text, named after two, that a bar chart finds by itself
		is($panel->{options}{xField} // 'none', 'none', "$panel->{title}: no column that is gone by then");
	}
	foreach my $override (@{ $panel->{fieldConfig}{overrides} })
	{
		my $column = $override->{matcher}{options};
		ok((grep { $_->[0] eq $column } columns(expanded($panel->{targets}[0]{rawSql}, %variables))), "$panel->{title}: has a column $column");
	}
}
foreach my $variable (grep { $_->{type} eq 'query' } @{ $dashboard->{templating}{list} })
{
	is($variable->{query}, $variable->{definition}, "$variable->{name}: asks what it says");
	is(() = $node->safe_psql('postgres', expanded($variable->{query}, %variables)) =~ /^.+$/mg, $variable->{name} eq 'variant' ? scalar(() = $variables{variant} =~ /'[^']+'/g) : $variable->{name} eq 'run' ? 4 : 3, "variable $variable->{name}: can be chosen");
	is($node->psql('postgres', expanded($variable->{query}, scenario => '', variant => '', run => '')), 0, "variable $variable->{name}: before anything is chosen");
}
foreach my $annotation (grep { $_->{rawQuery} } @{ $dashboard->{annotations}{list} })
{
	isnt($node->safe_psql('postgres', expanded($annotation->{rawQuery}, %variables)), '', "annotation $annotation->{name}: can be executed");
}

# With many runs, what is asked of some of them reads no rows of others.
$node->safe_psql('postgres', q{INSERT INTO ct_result (scenario, variant, role, status, verdict, started_at, workers_asked, leader_pid, shm_handle, plan)
	SELECT 'many ' || i % 20, 'v', current_user::regrole, 'succeeded', 'pass', now() - i * '10 min'::interval, 1, 0, 0, '{}' FROM generate_series(1, 10000) i; ANALYZE ct_result});
foreach my $panel (@panels)
{
	my $sql = $panel->{targets}[0]{rawSql};
	next unless $sql =~ /\$\{run:csv\}/;
	my $plan = $node->safe_psql('postgres', 'SET enable_seqscan = off; SET enable_bitmapscan = off; EXPLAIN (COSTS off) ' . expanded($sql, %variables));
	my @scans = $plan =~ / on (ct_result_\w+)/g;
	my @by_number = $plan =~ /Index Scan[^\n]* on (ct_result_\w+)[^\n]*\n\s*Index Cond: [^\n]*run_id/g;
	ok(@scans > 0, "$panel->{title}: reads rows of runs");
	is("@by_number", "@scans", "$panel->{title}: by their number") or diag($plan);
}

# The queries for both exporters: SQL that is the same, with the columns that are named.
my %queries;
foreach my $file ('postgres_exporter', 'sql_exporter')
{
	my $text = slurp_file("$dashboards/prometheus/$file.yml");
	my @blocks = $file eq 'postgres_exporter' ? split /^(?=ct_ext)/m, $text : split /^(?=      - name: ct_ext)/m, $text;

	foreach my $block (grep { /query: \|/ } @blocks)
	{
		my ($name) = $block =~ /^(?:      - name: )?(ct_ext\w*)/;
		my ($indent, $sql) = $block =~ /^( *)query: \|\n(.*?)(?=^\s*metrics:|^\s*#|\z)/ms;
		my @named = $file eq 'postgres_exporter' ? $block =~ /^    - (\w+):/mg : map { /- (\w+)$/mg } $block =~ /^        (?:labels|values):\n((?:          - \w+\n)+)/mg;

		$sql =~ s/^ +//mg;
		$sql =~ s/\s+\z//;
		$queries{$file}{$name} = $sql;
		is_deeply([ map { $_->[0] } columns($sql) ], \@named, "$file, $name: its columns are those that are named");
		isnt($node->safe_psql('postgres', $sql), '', "$file, $name: returns something");
	}
}
is_deeply($queries{sql_exporter}, $queries{postgres_exporter}, 'both ask the same');
is(scalar keys %{ $queries{sql_exporter} }, 4, 'which is something');
my $last = $queries{sql_exporter}{ct_ext_last_run};
like($node->safe_psql('postgres', "SELECT count(*) FROM ($last) q WHERE scenario LIKE 'many%'"), qr/^20$/, 'one of each scenario, of ten thousand runs');
unlike($node->safe_psql('postgres', "EXPLAIN (COSTS off) $last"), qr/Filter: .*run_id = ANY/, 'by their number');

# Linters.
SKIP:
{
	skip 'no yamllint', 1 if system('yamllint --version >/dev/null 2>&1') != 0;
	my @files = split /\n/, `find $dashboards $FindBin::RealBin/../examples -name '*.yml' -o -name '*.yaml' 2>/dev/null`;
	cmp_ok(scalar @files, '>=', 4, 'there are files of YAML');
	command_ok([ 'yamllint', '-s', '-d', '{extends: default, rules: {line-length: {max: 140}, truthy: {check-keys: false}}}', @files ], 'yamllint');
}
SKIP:
{
	skip 'no promtool', 2 if system('promtool --version >/dev/null 2>&1') != 0;
	command_ok([ 'promtool', 'check', 'rules', "$dashboards/prometheus/alerts.yml" ], 'rules of alerts');
	command_ok([ 'promtool', 'check', 'config', "$dashboards/prometheus/prometheus.yml" ], 'configuration of Prometheus');
}
$node->stop;
done_testing();
