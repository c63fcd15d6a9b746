--
-- Bundled scenario vector_search.  Its other expected output is that of a server without pgvector.
--
SET client_min_messages = warning;

-- without the extension "vector" in the database: said in the setup, by SQLSTATE and with a hint
\set VERBOSITY terse
SELECT ct_run('vector_search');
\echo :LAST_ERROR_SQLSTATE
SELECT status, verdict, sqlstate FROM ct_runs
WHERE scenario = 'vector_search' ORDER BY run_id DESC LIMIT 1;

CREATE FUNCTION make_vector() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
		CREATE EXTENSION vector;
	END IF;
END $$;
SELECT make_vector();

SET client_min_messages = error;
SELECT variant, verdict FROM ct_compare('vector_search');
SELECT max(run_id) AS first FROM ct_runs \gset
SELECT ct_run('vector_search') AS id \gset
SELECT c.check_name FROM ct_checks c
WHERE c.run_id > :first AND c.status <> 'pass' ORDER BY c.position;
SELECT ct_run('vector_search', 'clear_on_save',
	params => '{"passages": 40, "hot": 4, "edits": 40, "neighbours": 3}') AS id \gset
SELECT o.outcome, o.count FROM ct_outcomes o
WHERE o.run_id > :first AND o.outcome IN ('saved', 'searched')
	AND (SELECT variant FROM ct_runs r WHERE r.run_id = o.run_id) = 'clear_on_save' ORDER BY o.outcome;

-- many vectors, of many tenants; sizes and limits are the call's
SELECT variant, verdict FROM ct_compare('vector_load', params => '{"vectors": 400, "dimensions": 8, "operations": 50}');
SELECT ct_run('vector_load', 'filter_first', thresholds => '{insert.tps > 0.1, search.p95_ms < 60000, search.p99_ms < 0.0001}',
	params => '{"vectors": 200, "dimensions": 3, "operations": 50}') AS id \gset
SELECT c.check_name, c.status, c.target FROM ct_checks c WHERE c.run_id > :first AND c.kind = 'threshold' ORDER BY c.run_id, c.position;

DROP EXTENSION IF EXISTS vector;
DROP FUNCTION make_vector;
