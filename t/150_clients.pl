# Many clients on few workers: they do what as many users would, each has its share, and they cost
# little. How fast a machine is must not matter, so that throughput is compared with Little's law:
# clients = transactions per second * (thinking + waiting for a worker + the transaction itself).

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";

use CtTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = ct_prepare('clients', max_worker_processes => 16);

$node->safe_psql('postgres', <<'SQL');
CREATE TABLE did (client int, worker int);
CREATE TABLE item (id int PRIMARY KEY, n int);
INSERT INTO item SELECT i, 0 FROM generate_series(1, 1000) i;
SELECT ct_create_scenario('shop', min_overlap => 0);
SELECT ct_add_script('shop', 'buy', E'\\set id random(1, 1000)\nUPDATE item SET n = n + 1 WHERE id = :id;\nINSERT INTO did VALUES (:client_id, :worker_id)', think_time => '1 s');
SELECT ct_create_scenario('crowd', min_overlap => 0);
SELECT ct_add_script('crowd', 'look', E'\\set id random(1, 1000)\nSELECT n FROM item WHERE id = :id', think_time => '10 s');
SQL

# What a run's workers have, by their processes: memory of their own in kB, and seconds of CPU.
sub workers_have
{
	my ($memory, $cpu) = (0, 0);

	foreach my $pid (split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'ct_ext worker'"))
	{
		my ($kb) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
		my @stat = split ' ', slurp_file("/proc/$pid/stat") =~ s/.*\) //r;

		$memory = $kb if $kb > $memory;
		$cpu += ($stat[11] + $stat[12]) / 100;
	}
	return ($memory, $cpu);
}

# Runs it; what its workers had shortly before the end.
sub run_watched
{
	my ($options) = @_;
	my $call = ct_call($node, "SELECT ct_run($options)");
	my @have = (0, 0);

	ok(ct_await($node, 'SELECT elapsed > 8 FROM ct_progress'), "$options: under way") or diag($call->{stderr});
	@have = workers_have() if -e '/proc/self/status';
	ct_call_end($call);
	return ($node->safe_psql('postgres', 'SELECT max(run_id) FROM ct_runs'), @have);
}

# Transactions per second, as part of what Little's law says, in percent.
sub by_the_law
{
	my ($id, $clients, $think) = @_;

	return $node->safe_psql('postgres', <<SQL);
SELECT round(100 * tps / ($clients / ($think + sum(l.mean_ms) / 1000)))
FROM ct_runs JOIN ct_latencies l USING (run_id)
WHERE run_id = $id AND l.kind IN ('transaction', 'schedule_lag') GROUP BY tps
SQL
}

# 500 who think for a second, on 6 workers
my ($id, $memory, $cpu) = run_watched("'shop', workers => 6, clients => 500, duration => '12 s', warmup => '3 s'");

is($node->safe_psql('postgres', "SELECT workers, clients, status, failed FROM ct_runs WHERE run_id = $id"), '6|500|succeeded|0',
	'500 clients on 6 workers');
my $law = by_the_law($id, 500, 1);
ok($law > 85 && $law < 115, "do what 500 would: $law % of it");
is($node->safe_psql('postgres', 'SELECT count(DISTINCT client), min(client), max(client), count(DISTINCT worker) FROM did'), '500|0|499|6',
	'all of them');
is($node->safe_psql('postgres', 'SELECT count(*) FROM did WHERE worker <> client % 6 + 1'), '0', 'each on its worker');
# some 12 each, and by chance not 4 times as many
is($node->safe_psql('postgres', 'SELECT max(n) < 4 * avg(n) AND stddev(n) < 0.6 * avg(n) FROM (SELECT count(*) AS n FROM did GROUP BY client) c'), 't',
	'each has its share');
SKIP:
{
	skip 'no /proc', 1 unless $memory;
	cmp_ok($cpu, '<', 4, "which costs little CPU: $cpu s");
}

# and none of what they left behind shows in a run of one client for each worker
($id, my $few) = run_watched("'crowd', workers => 6, duration => '12 s'");
is($node->safe_psql('postgres', "SELECT clients FROM ct_runs WHERE run_id = $id"), '6', 'without clients, each worker is one');

# 10,000 who think for ten seconds
($id, my $many, $cpu) = run_watched("'crowd', workers => 6, clients => 10000, duration => '12 s', ramp => '3 s', warmup => '3 s'");
is($node->safe_psql('postgres', "SELECT workers, clients, status, failed FROM ct_runs WHERE run_id = $id"), '6|10000|succeeded|0',
	'10,000 clients on 6 workers');
# they have thought once, at most, so that how they began shows
$law = by_the_law($id, 10000, 10);
ok($law > 70 && $law < 130, "do what 10,000 would: $law % of it");
SKIP:
{
	skip 'no /proc', 2 unless $memory;
	# 1,667 on each, beside what a worker is
	cmp_ok($many - $few, '<', 5000, "they take little memory: a worker has $many kB, one of a single client $few");
	cmp_ok($cpu, '<', 6, "and little CPU: $cpu s");
}
$node->stop;

done_testing();
