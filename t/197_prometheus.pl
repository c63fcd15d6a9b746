# A real Prometheus reads both exporters, with the files of dashboards/prometheus: what it has then is
# what the database has, under the same names; and its rules say what failed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use HTTP::Tiny;
use IPC::Run ();
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'scripts/test --full runs it' unless $ENV{CT_EXT_FULL};
foreach my $program (qw(prometheus promtool prometheus-postgres-exporter prometheus-sql-exporter))
{
	plan skip_all => "no $program" unless grep { -x "$_/$program" } split /:/, $ENV{PATH};
}

my $files = "$FindBin::RealBin/../dashboards/prometheus";
my $dir = PostgreSQL::Test::Utils::tempdir;
my $node = ct_prepare('prometheus');
my %port = map { $_ => PostgreSQL::Test::Cluster::get_free_port() } qw(postgres_exporter sql_exporter prometheus);
my $http = HTTP::Tiny->new(timeout => 5);
my @processes;

# The page that a process of ours serves, '' while there is none.
sub page
{
	my ($of, $path) = @_;
	my $answer = $http->get("http://127.0.0.1:$port{$of}$path");

	return $answer->{success} ? $answer->{content} : '';
}

# Waits until a condition holds.
sub await
{
	my ($what, $condition) = @_;
	my $until = time + $PostgreSQL::Test::Utils::timeout_default;

	while (time < $until)
	{
		return pass($what) if $condition->();
		select undef, undef, undef, 0.2;
	}
	return fail($what);
}

# Prometheus' answer to a query: the value by its labels' values in their order, for one job.
sub prometheus
{
	my ($job, $metric, @labels) = @_;
	my $query = "$metric\{job=\"$job\"}" =~ s/([^A-Za-z0-9_])/sprintf '%%%02X', ord $1/ger;
	my $content = page('prometheus', "/api/v1/query?query=$query");
	my $answer = $content eq '' ? {} : JSON::PP::decode_json($content);

	return { map { my $result = $_; join(' ', map { $result->{metric}{$_} // '' } @labels) => $result->{value}[1] } @{ $answer->{data}{result} // [] } };
}

sub start
{
	my ($name, @command) = @_;
	my $log = "$dir/$name.log";

	push @processes, IPC::Run::start([@command], '<', \undef, '>', $log, '2>&1');
}

END
{
	$_->kill_kill(grace => 3) foreach @processes;
}

$node->psql('postgres', $_) foreach
  q{SELECT ct_run('oversell_tickets', 'naive')},
  q{SELECT ct_run('oversell_tickets', 'naive', transactions => 20)},
  q{SELECT ct_run('oversell_tickets', 'atomic')},
  q{SELECT ct_test('SELECT 1', setup => 'SELECT 1/0')};
$node->safe_psql('postgres', q{CREATE ROLE monitor LOGIN; GRANT pg_read_all_stats TO monitor;
	INSERT INTO ct_job VALUES ('nightly', current_user::regrole, 1, '0 3 * * *', 'CALL', 'oversell_tickets', 'naive', NULL, now())});

# The files as they are, but for places and intervals.
my $text = slurp_file("$files/sql_exporter.yml");
ok($text =~ s{postgres://monitor\@localhost/postgres\?}{"postgres://monitor\@:" . $node->port . '/postgres?host=' . $node->host . '&'}e, 'where the database is');
ok($text =~ s/interval: 30s/interval: 1s/, 'and how often');
append_to_file("$dir/sql_exporter.yml", $text);
$text = slurp_file("$files/prometheus.yml");
ok($text =~ s/localhost:9187/127.0.0.1:$port{postgres_exporter}/ && $text =~ s/localhost:9237/127.0.0.1:$port{sql_exporter}/, 'where the exporters are');
$text =~ s/_interval: 30s/_interval: 1s/g;
append_to_file("$dir/prometheus.yml", $text);
append_to_file("$dir/alerts.yml", slurp_file("$files/alerts.yml"));

{
	local $ENV{DATA_SOURCE_NAME} = 'user=monitor dbname=postgres sslmode=disable host=' . $node->host . ' port=' . $node->port;
	start('postgres_exporter', 'prometheus-postgres-exporter', "--web.listen-address=127.0.0.1:$port{postgres_exporter}", "--extend.query-path=$files/postgres_exporter.yml");
	start('sql_exporter', 'prometheus-sql-exporter', '-config.file', "$dir/sql_exporter.yml", '-web.listen-address', "127.0.0.1:$port{sql_exporter}");
}
await('postgres_exporter serves the metrics', sub { page('postgres_exporter', '/metrics') =~ /^ct_ext_healthy/m });
await('sql_exporter serves the metrics', sub { page('sql_exporter', '/metrics') =~ /^sql_ct_ext\{.*col="healthy"/m && page('sql_exporter', '/metrics') =~ /^sql_ct_ext_latency\{/m });
start('prometheus', 'prometheus', "--config.file=$dir/prometheus.yml", "--storage.tsdb.path=$dir/data", "--web.listen-address=127.0.0.1:$port{prometheus}");

my @jobs = ('ct_ext', 'ct_ext_sql');
foreach my $job (@jobs)
{
	await("$job: Prometheus has read it", sub { %{ prometheus($job, 'ct_ext_healthy') } && %{ prometheus($job, 'ct_ext_latency_seconds') } && %{ prometheus($job, 'ct_ext_last_run_anomalies', 'scenario') } });
	my $expected = sub { return { map { split /=/, $_ } split /\n/, $node->safe_psql('postgres', $_[0]) } };
	my $runs = q{FROM ct_runs WHERE run_id IN (2, 3, 4)};
	my $name = q{concat(coalesce(scenario, 'ct_test'), ' ', variant, '=')};

	is_deeply(prometheus($job, 'ct_ext_last_run_id', 'scenario', 'variant'), $expected->("SELECT $name || run_id $runs"), "$job: the last run of each");
	is_deeply(prometheus($job, 'ct_ext_last_run_anomalies', 'scenario', 'variant'), $expected->("SELECT $name || coalesce(anomalies::text, 'NaN') $runs"), "$job: anomalies");
	is_deeply(prometheus($job, 'ct_ext_last_run_transactions_per_second', 'scenario', 'variant'), $expected->("SELECT $name || coalesce(tps::text, 'NaN') $runs"), "$job: tps");
	is_deeply(prometheus($job, 'ct_ext_last_run_verdict', 'scenario', 'variant', 'verdict'),
		$expected->("SELECT concat(coalesce(scenario, 'ct_test'), ' ', variant, ' ', v, '=', (v = coalesce(verdict, 'none'))::int) FROM ct_runs, unnest('{pass,fail,inconclusive,none}'::text[]) v WHERE run_id IN (2, 3, 4)"),
		"$job: verdicts");
	my $latency = prometheus($job, 'ct_ext_latency_seconds', 'scenario', 'variant', 'quantile');
	my $p95 = $node->safe_psql('postgres', 'SELECT p95_ms / 1000 FROM ct_runs WHERE run_id = 3');
	cmp_ok(abs($latency->{'oversell_tickets atomic 0.95'} - $p95), '<', $p95 * 1e-6, "$job: percentiles, in seconds");
	is(scalar keys %$latency, 8, "$job: four of each run that has some");
	is_deeply(prometheus($job, 'ct_ext_healthy'), { '' => '0' }, "$job: not healthy");
	is_deeply(prometheus($job, 'ct_ext_failing_jobs'), { '' => '1' }, "$job: by one job");
}
my $all = JSON::PP::decode_json(page('prometheus', '/api/v1/query?query=count%20by%20(job)(%7B__name__%3D~%22ct_ext.%2A%22%7D)'));
is_deeply({ map { $_->{metric}{job} => $_->{value}[1] } @{ $all->{data}{result} } }, { map { $_ => 3 * 13 + 2 * 4 + 6 } @jobs }, 'no more series than were told');
await('the rules say what failed', sub {
	my %firing = map { join(' ', @{ $_->{labels} }{qw(alertname scenario variant)}) => 1 } grep { $_->{state} eq 'firing' && defined $_->{labels}{scenario} } @{ JSON::PP::decode_json(page('prometheus', '/api/v1/alerts'))->{data}{alerts} };
	return $firing{'CtExtRunFailed oversell_tickets naive'} && !$firing{'CtExtRunFailed oversell_tickets atomic'};
});

# What Prometheus' own linter says of the names.
foreach my $of ('postgres_exporter', 'sql_exporter')
{
	my $metrics = join '', grep { /^(?:# \w+ )?ct_ext_/ } split /^/m, page($of, '/metrics');
	my ($out, $err);
	IPC::Run::run([ 'promtool', 'check', 'metrics' ], '<', \$metrics, '>', \$out, '2>', \$err);
	# quantiles are a summary's to have, which an exporter of queries can't make
	is(join('', grep { !/ct_ext_latency(?:_seconds)? non-summary metrics should not have "quantile" label/ } split /^/m, $err // ''), '', "$of: promtool takes the names");
}
$_->kill_kill(grace => 3) foreach @processes;
@processes = ();
$node->stop;
done_testing();
