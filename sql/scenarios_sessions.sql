--
-- Bundled scenarios: sessions and tenants, and throughput
--
SET client_min_messages = warning;

-- what a run came to, and the checks that it did not pass
CREATE FUNCTION judged(id bigint, OUT scenario text, OUT variant text, OUT verdict text, OUT violated text)
LANGUAGE sql AS $$
	SELECT r.scenario, r.variant, r.verdict,
		(SELECT string_agg(c.check_name, ', ' ORDER BY c.position)
		 FROM ct_checks c WHERE c.run_id = id AND c.status <> 'pass')
	FROM ct_runs r WHERE r.run_id = id
$$;

-- each variant once, and what exactly the broken ones violate
CREATE TEMP TABLE compared (scenario text, variant text, verdict text, run_id bigint);
CREATE FUNCTION compared(name text) RETURNS TABLE (variant text, verdict text, violated text)
LANGUAGE sql AS $$
	SELECT c.variant, c.verdict, (judged(c.run_id)).violated
	FROM compared c WHERE c.scenario = name ORDER BY c.run_id
$$;
INSERT INTO compared SELECT 'session_isolation', variant, verdict, run_id FROM ct_compare('session_isolation');
SELECT * FROM compared('session_isolation');
INSERT INTO compared SELECT 'tenant_isolation', variant, verdict, run_id FROM ct_compare('tenant_isolation');
SELECT * FROM compared('tenant_isolation');
INSERT INTO compared SELECT 'temp_table_isolation', variant, verdict, run_id FROM ct_compare('temp_table_isolation');
SELECT * FROM compared('temp_table_isolation');
INSERT INTO compared SELECT 'mixed_mvcc', variant, verdict, run_id FROM ct_compare('mixed_mvcc');
SELECT * FROM compared('mixed_mvcc');
INSERT INTO compared SELECT 'reader_latency_under_writes', variant, verdict, run_id FROM ct_compare('reader_latency_under_writes');
SELECT * FROM compared('reader_latency_under_writes');

-- where there are thresholds, it is the machine's to say how many of them are missed
INSERT INTO compared SELECT 'concurrent_reads', variant, verdict, run_id FROM ct_compare('concurrent_reads');
SELECT variant, verdict, violated ~ 'tps$' AS too_slow FROM compared('concurrent_reads');
SELECT DISTINCT target, check_name FROM ct_checks JOIN compared USING (run_id)
WHERE scenario = 'concurrent_reads' AND kind = 'threshold' ORDER BY check_name;
INSERT INTO compared SELECT 'concurrent_writes', variant, verdict, run_id FROM ct_compare('concurrent_writes');
SELECT variant, verdict, violated ~ 'tps$' AS too_slow FROM compared('concurrent_writes');
SELECT DISTINCT target, check_name FROM ct_checks JOIN compared USING (run_id)
WHERE scenario = 'concurrent_writes' AND kind = 'threshold' ORDER BY check_name;

-- the evidence: who was taken for whom
SELECT c.variant, bool_and(evidence ->> 'visitor' <> evidence ->> 'taken_for') AS taken_for_another
FROM ct_anomalies a JOIN compared c USING (run_id)
WHERE c.scenario = 'session_isolation' AND check_name = 'sees_only_own' GROUP BY c.variant ORDER BY c.variant;
SELECT c.variant, bool_and(evidence ->> 'tenant' <> evidence ->> 'taken_for') AS taken_for_another,
	bool_and((evidence ->> 'forgot')::boolean) AS forgot, bool_and(observed = '50') AS all_documents
FROM ct_anomalies a JOIN compared c USING (run_id)
WHERE c.scenario = 'tenant_isolation' AND check_name = 'no_leak' GROUP BY c.variant ORDER BY c.variant;
SELECT bool_and(observed::numeric > expected::numeric) AS billed_too_much,
	bool_and((evidence ->> 'lines')::int > (evidence ->> 'in_basket')::int) AS lines_of_others
FROM ct_anomalies a JOIN compared c USING (run_id)
WHERE c.scenario = 'temp_table_isolation' AND c.variant = 'if_not_exists';
SELECT c.variant, check_name, bool_and((evidence ->> 'median')::numeric <= observed::numeric) AS median
FROM ct_anomalies a JOIN compared c USING (run_id)
WHERE c.scenario = 'mixed_mvcc' AND c.variant <> 'two_statements' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT c.variant, (evidence ->> 'without_writers')::numeric < observed::numeric AS stalled
FROM ct_anomalies a JOIN compared c USING (run_id)
WHERE c.scenario = 'reader_latency_under_writes' ORDER BY c.variant;

-- what was answered adds up to what was asked for
SELECT c.scenario, c.variant, outcome, count FROM ct_outcomes o JOIN compared c USING (run_id)
WHERE c.scenario IN ('session_isolation', 'temp_table_isolation')
	OR (c.scenario = 'tenant_isolation' AND c.verdict = 'pass') OR c.scenario = 'concurrent_writes'
ORDER BY o.run_id, outcome;
SELECT c.scenario, c.variant, sum(count), count(*) AS outcomes FROM ct_outcomes o JOIN compared c USING (run_id)
WHERE c.scenario IN ('mixed_mvcc', 'reader_latency_under_writes') GROUP BY c.scenario, c.variant, o.run_id ORDER BY o.run_id;

-- parameters bite
SELECT ct_run('session_isolation', 'parameter', params => '{"users": 7, "requests": 20}') AS id \gset
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('tenant_isolation', 'set_local',
	params => '{"tenants": 3, "users": 4, "documents": 2, "requests": 10, "forget_every": 2, "fail_every": 3}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('tenant_isolation', 'session_setting', params => '{"forget_every": 1000}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('temp_table_isolation', 'keyed_rows',
	params => '{"customers": 20, "lines": 30, "checkouts": 2, "discount_percent": 0}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('concurrent_writes', 'slots',
	params => '{"users": 20, "renewals": 3, "plans": 3, "call_us": 5000, "slots": 2}') AS id \gset
SELECT * FROM judged(:id);
SELECT outcome, count FROM ct_outcomes WHERE run_id = :id ORDER BY outcome;
SELECT ct_run('concurrent_writes', 'append', thresholds => '{tps > 1e9}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('mixed_mvcc', 'one_statement', params => '{"turns": 30, "accounts": 3, "balance": 50}') AS id \gset
SELECT * FROM judged(:id);
SELECT ct_run('reader_latency_under_writes', 'new_batch',
	params => '{"turns": 30, "products": 50, "writers": 1}') AS id \gset
SELECT * FROM judged(:id);

-- a plain role is bound by the policies, too; one with BYPASSRLS is told that it isn't
CREATE ROLE regress_plain LOGIN;
CREATE ROLE regress_bypass LOGIN BYPASSRLS;
DO $$
BEGIN
	EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_plain, regress_bypass', current_database());
END
$$;
GRANT EXECUTE ON FUNCTION ct_run, ct_compare TO regress_plain, regress_bypass;
SET ROLE regress_plain;
SELECT variant, verdict FROM ct_compare('tenant_isolation');
SELECT variant, verdict FROM ct_compare('temp_table_isolation');
SET ROLE regress_bypass;
\set VERBOSITY terse
SELECT ct_run('tenant_isolation');
\set VERBOSITY default
RESET ROLE;
DROP OWNED BY regress_plain, regress_bypass;
DROP ROLE regress_plain, regress_bypass;

-- no run leaves anything behind
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'ct\_run\_%';

DROP FUNCTION compared, judged;
