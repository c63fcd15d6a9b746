-- What scripts/demo shows. By hand: psql -X -f scripts/demo.sql
\pset footer off
\pset null '-'
\pset format aligned
\set ECHO queries

\echo
\echo '--- No preloading, no configuration: the server has its default settings.'
\echo
CREATE EXTENSION ct_ext;
SHOW max_worker_processes;

\echo '--- What it can test out of the box:'
\echo
SELECT category, count(*) AS scenarios, sum(cardinality(variants)) AS variants
FROM ct_scenarios GROUP BY category ORDER BY category;
SELECT name, description FROM ct_scenarios WHERE category = 'races on rows';
SELECT variant, isolation, description FROM ct_variants WHERE scenario = 'oversell_tickets';

\echo '--- One hundred buyers, ten tickets, and code that looks right: read the stock, then write it.'
\echo
SELECT ct_run('oversell_tickets') AS run_id \gset

\echo
\echo '--- What happened, and the evidence:'
\echo
\pset tuples_only on
\pset format unaligned
SELECT ct_report(:run_id);
\pset format aligned
\pset tuples_only off

\echo
\echo '--- The same race, written in every way that is known. Which ones are safe, and at what cost?'
\echo '--- "cheapest" marks all that so short a run can''t tell apart from the fastest.'
\echo
SELECT variant, verdict, anomalies, tps, p50_ms, p99_ms, retries, cheapest
FROM ct_compare('oversell_tickets');

\echo '--- All of it is in tables: each run,'
\echo
SELECT run_id, variant, verdict, transactions, tps, retries, anomalies, p50_ms, p99_ms
FROM ct_runs;

\echo '--- what went wrong in the first, and the rows that prove it,'
\echo
SELECT kind, observed, expected, evidence -> 'first_buyers_without_seat' AS buyers_without_seat
FROM ct_anomalies WHERE run_id = :run_id AND check_name = 'no_oversell';

\echo '--- how its transactions ended,'
\echo
SELECT script, outcome, count, share FROM ct_outcomes WHERE run_id = :run_id;

\echo '--- and where the time went, statement by statement.'
\echo
SELECT step, kind, count, p50_ms, p95_ms, max_ms, left(sql, 40) AS sql
FROM ct_latencies WHERE run_id = :run_id;

\echo '--- What a scenario executes can be read before it is run, and copied.'
\echo
SELECT body FROM ct_scripts WHERE scenario = 'oversell_tickets' AND variant = 'for_update';

\echo '--- In CI or a pg_cron job, SELECT ct_assert(ct_run(...)) fails when the race is lost.'
\echo '--- Your own function, in one call: SELECT ct_test(''SELECT buy_ticket(1)'', checks => ARRAY[...])'
