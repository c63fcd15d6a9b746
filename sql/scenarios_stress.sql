--
-- Bundled scenarios of category "stress"
--
SET client_min_messages = warning;

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- each says what its variants are known to come to
SELECT s.name, string_agg(v.variant || coalesce('=' || v.expected_verdict, ''), ' ' ORDER BY v."position") AS variants
FROM ct_scenarios s JOIN ct_variants v ON v.scenario = s.name
WHERE s.bundled AND s.category = 'stress' GROUP BY s.name ORDER BY s.name;

--
-- subtransaction_overflow
--
SELECT variant, verdict FROM ct_compare('subtransaction_overflow');
SELECT ct_run('subtransaction_overflow') AS id \gset
SELECT * FROM judged(:id);
SELECT check_name, kind, observed::int > 10 * expected::int AS by_far,
	evidence ? 'import' AS import, evidence ? 'dashboards' AS dashboards
FROM ct_anomalies a WHERE run_id = :id AND first_seen =
	(SELECT min(first_seen) FROM ct_anomalies b WHERE b.run_id = a.run_id AND b.check_name = a.check_name)
ORDER BY check_name;
-- with three workers an import has two dashboards beside it
SELECT ct_run('subtransaction_overflow', 'commit_per_batch', workers => 3, transactions => 30) AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- fewer lines than a session has room for
SELECT ct_run('subtransaction_overflow', params => '{"rows": 60}') AS id \gset
SELECT * FROM judged(:id);
-- batches too small, batches too large, too many of them bad, and smaller ones for that
SELECT ct_run('subtransaction_overflow', 'savepoint_per_batch', params => '{"batch": 5}', transactions => 12) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('subtransaction_overflow', 'commit_per_batch', params => '{"batch": 1000}', transactions => 12) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('subtransaction_overflow', 'savepoint_per_batch', params => '{"bad": 2}', transactions => 12) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('subtransaction_overflow', 'savepoint_per_batch', params => '{"bad": 2, "batch": 20}', transactions => 12) AS id \gset
SELECT * FROM judged(:id);

--
-- multixact_contention
--
SELECT variant, verdict FROM ct_compare('multixact_contention');
SELECT ct_run('multixact_contention') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('multixact_contention', 'foreign_key', workers => 3) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('multixact_contention', 'advisory_lock', params => '{"bookings": 60, "change_every": 6}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('multixact_contention', 'version_check', params => '{"change_every": 3}') AS id \gset
SELECT * FROM judged(:id);
SELECT sum(count) FILTER (WHERE outcome = 'changed') AS changed,
	sum(count) FILTER (WHERE outcome IN ('booked', 'rate_changed')) AS asked,
	sum(count) FILTER (WHERE outcome = 'rate_changed') > 0 AS refused
FROM ct_outcomes WHERE run_id = :id;
-- nobody to share with
SELECT ct_run('multixact_contention', workers => 1, params => '{"window_us": 0}') AS id \gset
SELECT * FROM judged(:id);

--
-- long_transaction_bloat
--
SELECT variant, verdict FROM ct_compare('long_transaction_bloat');
SELECT ct_run('long_transaction_bloat') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT kind, expected, (evidence ->> 'rows')::int AS rows, (evidence ->> 'held_back')::int > 100 AS held_back
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('long_transaction_bloat', 'write_first', workers => 3) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('long_transaction_bloat', 'statement_timeout') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- a mail that takes no time
SELECT ct_run('long_transaction_bloat', params => '{"updates": 200, "held_updates": 10}') AS id \gset
SELECT * FROM judged(:id);
-- who holds the snapshot is the caller: the table grows, and it isn't the variant's fault
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT ct_run('long_transaction_bloat', 'commit_first', keep => true) AS id \gset
COMMIT;
SELECT * FROM judged(:id);
SELECT pg_relation_size((kept_sandbox || '.courier')::regclass) / current_setting('block_size')::int > 32 AS grown,
	format('DROP SCHEMA %I CASCADE', kept_sandbox) AS drop_sandbox
FROM ct_runs WHERE run_id = :id \gset
SELECT :'grown' AS grown;
:drop_sandbox;

--
-- temp_file_limit
--
SELECT variant, verdict FROM ct_compare('temp_file_limit');
SELECT ct_run('temp_file_limit') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(evidence ->> 'sort' LIKE 'external merge Disk %') AS on_disk,
	bool_and((evidence ->> 'at_once_kb')::int >= observed::int) AS at_once
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('temp_file_limit', 'limited') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('temp_file_limit', 'limited', params => '{"limit_kb": 100000, "reports": 24}') AS id \gset
SELECT * FROM judged(:id);
-- memory enough, little to sort, more to show than fits
SELECT ct_run('temp_file_limit', params => '{"work_mem_kb": 16384, "reports": 24}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('temp_file_limit', params => '{"sales": 100, "reports": 24}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('temp_file_limit', 'limit', params => '{"page": 4000, "reports": 24}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('temp_file_limit', 'work_mem', params => '{"more_work_mem_kb": 64, "reports": 24}') AS id \gset
SELECT * FROM judged(:id);

--
-- memory_growth
--
SELECT variant, verdict FROM ct_compare('memory_growth');
SELECT ct_run('memory_growth', workers => 3, params => '{"requests": 300}') AS id \gset
SELECT * FROM judged(:id);
SELECT count(*) AS workers, bool_and(observed::int > 1000) AS by_far, max((evidence ->> 'statements')::int) AS statements
FROM ct_anomalies WHERE run_id = :id;
SELECT ct_run('memory_growth', 'cursor_with_hold', workers => 3, params => '{"requests": 300}') AS id \gset
SELECT * FROM judged(:id);
SELECT max((evidence ->> 'cursors')::int) AS cursors FROM ct_anomalies WHERE run_id = :id;
-- a larger cache is full later, and bounded all the same
SELECT ct_run('memory_growth', 'bounded_cache', workers => 3, params => '{"cache": 40, "requests": 600}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('memory_growth', 'bounded_cache', workers => 3, params => '{"requests": 30}') AS id \gset
SELECT * FROM judged(:id);
-- not for everybody
CREATE ROLE regress_ct_stress LOGIN;
DO $$
BEGIN
	EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_ct_stress', current_database());
END $$;
GRANT EXECUTE ON FUNCTION ct_run TO regress_ct_stress;
SET ROLE regress_ct_stress;
\set VERBOSITY terse
SELECT ct_run('memory_growth');
\set VERBOSITY default
SELECT ct_run('temp_file_limit', 'limited') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('long_transaction_bloat', 'write_first') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('multixact_contention', 'snapshot_read') AS id \gset
SELECT * FROM judged(:id);
RESET ROLE;
DROP OWNED BY regress_ct_stress;
DROP ROLE regress_ct_stress;

--
-- disk_exhaustion
--
SELECT variant, verdict FROM ct_compare('disk_exhaustion');
SELECT ct_run('disk_exhaustion') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count > 100 AS many, sum(count) OVER () AS payments FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
-- room enough, and a log with a bound that is beyond it
SELECT ct_run('disk_exhaustion', params => '{"quota_kb": 10000}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('disk_exhaustion', 'retention', params => '{"kept": 1000}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('disk_exhaustion', 'log_is_optional') AS id \gset
SELECT outcome, count > 100 AS many FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;

--
-- connection_exhaustion
--
SELECT variant, verdict FROM ct_compare('connection_exhaustion');
SELECT ct_run('connection_exhaustion') AS id \gset
SELECT * FROM judged(:id);
-- enough of them; one alone, whom many wait for
SELECT ct_run('connection_exhaustion', params => '{"connections": 10}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('connection_exhaustion', 'try_again', params => '{"connections": 1, "requests": 40}') AS id \gset
SELECT * FROM judged(:id);
SELECT retries > 0 AS retries FROM ct_runs WHERE run_id = :id;
SELECT ct_run('connection_exhaustion', 'queue', params => '{"connections": 1, "requests": 40}') AS id \gset
SELECT * FROM judged(:id);

--
-- memory_exhaustion
--
SELECT variant, verdict FROM ct_compare('memory_exhaustion');
-- it ends long before there is none left
SELECT ct_run('memory_exhaustion', stop_on_fail => true, params => '{"requests": 100000}') AS id \gset
SELECT * FROM judged(:id);
SELECT max_memory_mb < 2000 AS in_time, transactions < 100000 AS early FROM ct_usage JOIN ct_runs USING (run_id) WHERE run_id = :id;
-- few documents; a bound that is none
SELECT ct_run('memory_exhaustion', params => '{"documents": 10, "requests": 100}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('memory_exhaustion', 'bounded_cache', params => '{"cached": 1000}') AS id \gset
SELECT * FROM judged(:id);

--
-- cpu_saturation
--
SELECT variant, verdict FROM ct_compare('cpu_saturation');
SELECT ct_run('cpu_saturation') AS id \gset
SELECT * FROM judged(:id);
SELECT bool_and(observed::int > 20000) AS overload, bool_and(expected = '20000') AS expected,
	bool_and((evidence ->> 'at_once')::int > 2) AS at_once
FROM ct_anomalies WHERE run_id = :id;
SELECT sum(count) AS answered FROM ct_outcomes WHERE run_id = :id AND outcome IN ('reported', 'found');
SELECT ct_run('cpu_saturation', workers => 3) AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('cpu_saturation', params => '{"slots": 8, "requests": 36}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('cpu_saturation', 'slots_wait', params => '{"slots": 1, "requests": 36}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('cpu_saturation', 'cached', params => '{"slots": 1, "fresh_ms": 0, "requests": 36}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('cpu_saturation', 'slots_refuse', params => '{"slots": 0, "requests": 36}') AS id \gset
SELECT * FROM judged(:id);

DROP FUNCTION judged;
