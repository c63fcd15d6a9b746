# Single transactions of runs: that those which are kept are of the run, and are what they are said to be.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use CtTest;
use Test::More;

my $node = ct_prepare('samples', max_worker_processes => 40);

# Of the last run: columns or expressions over its samples of a kind.
sub samples
{
	my ($kind, $what) = @_;
	return $node->safe_psql('postgres', "SELECT $what FROM ct_samples s JOIN ct_runs r USING (run_id) WHERE s.kind = '$kind' AND run_id = (SELECT max(run_id) FROM ct_runs)");
}

# ---- transactions, of which it is known what they do

$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION slow(iteration bigint) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(CASE WHEN iteration % 100 = 7 THEN 0.02 ELSE 0 END)';
CREATE FUNCTION fails(iteration bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF iteration % 50 = 3 THEN RAISE EXCEPTION 'on purpose, number %', iteration / 200; END IF; END $$;
CREATE SEQUENCE tries;
SELECT ct_create_scenario('known', workers => 3, transactions => 2500, min_overlap => 0, max_tries => 5);
SELECT ct_add_variant('known', 'thus');
SELECT ct_add_script('known', 'slow', $$
SELECT slow(:iteration);
\if :iteration % 2 = 0
\outcome even
\endif
BEGIN;
SELECT fails(:iteration);
COMMIT
$$);
SELECT ct_run('known', seed => 5);
SQL
is(samples('random', 'count(*), count(DISTINCT iteration)'), '1000|1000', 'a thousand are drawn, none twice');
is(samples('random', 'count(DISTINCT s.worker) BETWEEN 1 AND 3 AND min(iteration) BETWEEN 1 AND 100 AND max(iteration) BETWEEN 2400 AND 2500'), 't', 'from all of the run');
is(samples('random', q{bool_and(script = 'slow' AND s.tries = 1 AND s.client = s.worker AND (outcome IS NOT DISTINCT FROM CASE WHEN iteration % 2 = 0 THEN 'even' END) AND
	(s.sqlstate IS NOT DISTINCT FROM CASE WHEN iteration % 50 = 3 THEN 'P0001' END) AND s.message IS NULL AND s.phase IS NULL)}), 't', 'each is what it did');
is(samples('random', q{string_agg(DISTINCT steps::text, ' '), count(*) FILTER (WHERE (iteration % 50 = 3) <> (cardinality(steps) = 3)), bool_and(cardinality(statement_ms) = cardinality(steps))}),
	'{1,4,5,6} {1,4,5}|0|t', 'its statements, as steps, up to the one that failed');
is(samples('random', q{bool_and((SELECT sum(ms) FROM unnest(statement_ms) ms) <= latency_ms + 0.01)}), 't', 'statements take no longer than the transaction');
is(samples('random', q{bool_and(s.started_at BETWEEN gate_at - interval '1 ms' AND now())}), 't', 'when it began');
is(samples('random', q{count(*) FILTER (WHERE iteration % 100 = 7 AND statement_ms[1] < 20)}), 0, 'a slow one is slow where it is');
is(samples('slowest', q{count(*), bool_and(latency_ms >= 20), bool_and(latency_ms <= max_ms + 0.001), max(latency_ms) = max(max_ms)}), '20|t|t|t', 'the slowest, the slowest of all among them');
is(samples('slowest', q{array_agg(latency_ms ORDER BY sample) = array_agg(latency_ms ORDER BY latency_ms DESC)}), 't', 'the slowest first');
is(samples('failed', q{count(*), count(DISTINCT s.message), bool_and(s.message = 'on purpose, number ' || iteration / 200), bool_and(steps = '{1,4,5}' AND s.sqlstate = 'P0001' AND outcome IS NULL)}), '13|13|t|t',
	'failed ones, of each message one');

# ---- retries, few transactions

$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION conflict() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') % 3 <> 0 THEN RAISE EXCEPTION 'again' USING errcode = '40001'; END IF; END $$;
SELECT ct_test('SELECT 1; SELECT conflict()', transactions => 12, workers => 1, max_tries => 0, min_overlap => 0);
SQL
is(samples('random', q{count(*), bool_and(s.tries = 3 AND s.sqlstate = '40001' AND steps = '{1,2}')}), '12|t', 'fewer than a thousand: all of them; tries, and the statements of the last one');
is(samples('failed', 'count(*)'), 0, 'who succeeded in the end did not fail');

# ---- many statements

$node->safe_psql('postgres', q{SELECT ct_test(E'\\\\repeat 100\nSELECT 1;\n\\\\endrepeat', transactions => 3, workers => 1, min_overlap => 0)});
is(samples('random', q{count(*), min(cardinality(steps)), max(cardinality(steps))}), '3|32|32', 'of many statements the first ones');

# ---- phases

$node->safe_psql('postgres', q{SELECT ct_test('SELECT 1', workers => 2, min_overlap => 0,
	phases => '[{"name": "slow", "duration": "0.5 s", "rate": 100}, {"name": "fast", "duration": "0.5 s", "rate": 400}]')});
is(samples('random', q{string_agg(DISTINCT s.phase, ' '), count(*) FILTER (WHERE s.phase = 'fast') > count(*) FILTER (WHERE s.phase = 'slow'),
	bool_and(s.phase = 'slow' OR s.started_at >= r.gate_at + interval '0.499 s')}), 'fast slow|t|t', 'the phase of each');

# ---- 1, 6 and 30 workers; more clients than workers; telemetry off

for my $workers (1, 6, 30)
{
	$node->safe_psql('postgres', "SELECT ct_test('SELECT 1', workers => $workers, transactions => 3000, min_overlap => 0)");
	is(samples('random', "count(*), count(DISTINCT iteration), bool_and(client BETWEEN 1 AND $workers)"), '1000|1000|t', "$workers workers");
}
$node->safe_psql('postgres', q{SELECT ct_test('SELECT 1', workers => 2, clients => 50, transactions => 2000, min_overlap => 0)});
is(samples('random', 'count(*), count(DISTINCT client) > 20 AND bool_and((client - 1) % 2 + 1 = s.worker)'), '1000|t', 'clients, and who carries them');
$node->safe_psql('postgres', q{SET ct_ext.telemetry = off; SELECT ct_test('SELECT 1', transactions => 100, min_overlap => 0)});
is(samples('random', 'count(*)'), 0, 'telemetry off: none');

$node->stop;
done_testing();
