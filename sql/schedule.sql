--
-- Jobs: what is wrong with them is said where they are scheduled; the health of what is scheduled,
-- by rows as they would be.  With a real pg_cron: t/192_schedule.pl.
--
SET client_min_messages = warning;

\set VERBOSITY terse
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets');
\echo :LAST_ERROR_SQLSTATE
SELECT ct_schedule(NULL, '0 3 * * *', 'oversell_tickets');
SELECT ct_schedule('', '0 3 * * *', 'oversell_tickets');
SELECT ct_schedule(repeat('x', 64), '0 3 * * *', 'oversell_tickets');
SELECT ct_schedule('nightly', NULL, 'oversell_tickets');
SELECT ct_schedule('nightly', '0 3 * * *');
\echo :LAST_ERROR_SQLSTATE
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_ticket');
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets', 'atomi');
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets', workers => 0);
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets', thresholds => '{speed > 9}');
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets', older_than => '1 day');
SELECT ct_schedule('nightly', '0 3 * * *', older_than => '1 day', workers => 2);
SELECT ct_schedule('nightly', '0 3 * * *', older_than => '-1 day');
BEGIN READ ONLY;
SELECT ct_schedule('nightly', '0 3 * * *', 'oversell_tickets');
ROLLBACK;
\set VERBOSITY sqlstate
SELECT ct_unschedule('nightly');
SELECT ct_unschedule(NULL);
\set VERBOSITY default

-- without jobs
SELECT healthy, problem, jobs, failing, late, schedules FROM ct_health(since => '0');
SELECT ct_health(since => NULL);

-- jobs and runs as they would be
CREATE ROLE regress_ct_clerk;
SELECT ct_create_scenario('regress daily');
SELECT ct_add_script('regress daily', 'one', 'SELECT 1');
INSERT INTO ct_job (job_name, role, jobid, schedule, command, scenario, variant, older_than, scheduled_at)
	SELECT name, role::regrole, 1, '0 3 * * *', 'CALL', scenario, variant, older_than::interval, now() - '1 day'::interval
	FROM (VALUES ('daily', current_user::text, 'regress daily', NULL, NULL), ('atomic', current_user, 'oversell_tickets', 'atomic', NULL),
		('clerk''s', 'regress_ct_clerk', 'oversell_tickets', 'atomic', NULL), ('prune', current_user, NULL, NULL, '90 days'))
		AS j (name, role, scenario, variant, older_than);
CREATE FUNCTION regress_ct_run(scenario text, variant text, role text, status text, verdict text, age interval) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, started_at, workers_asked, leader_pid, shm_handle, plan)
	SELECT 1000000 + coalesce(max(run_id) FILTER (WHERE run_id > 1000000) - 999999, 1), $1, $2, $3::regrole, $4, $5, now() - $6, 1, 0, 0, '{}'
	FROM ct_result RETURNING run_id $$;
-- what other tests have run is in the way
DELETE FROM ct_result;
VACUUM ANALYZE ct_result;
SELECT job_name, scenario, variant, run_id, older_than, missing, age IS NULL AS never FROM ct_schedules;
SELECT healthy, problem, jobs, late FROM ct_health();
SELECT healthy, problem, jobs, late, run_id FROM ct_health('12 h');

SELECT regress_ct_run('regress daily', 'default', current_user, 'succeeded', 'fail', '3 h') AS id;
SELECT regress_ct_run('regress daily', 'other', current_user, 'succeeded', 'fail', '1 h') AS id;
SELECT regress_ct_run('oversell_tickets', 'atomic', current_user, 'succeeded', 'pass', '4 h') AS id;
SELECT regress_ct_run('oversell_tickets', 'atomic', 'regress_ct_clerk', 'failed', NULL, '2 h') AS id;
SELECT job_name, run_id, status, verdict, age >= '1 h' AS has_age FROM ct_schedules;
SELECT healthy, problem, jobs, failing, late, run_id, scenario, variant, status, verdict, age > '2 h' AS age, oldest_age >= '4 h' AS oldest
FROM ct_health('3 h 30 min', '0');
SELECT s ->> 'job_name' AS job, s ->> 'run_id' AS run_id, (s ->> 'age_s')::float8 > 3600 AS has_age, s ->> 'late' AS late, s ->> 'verdict' AS verdict
FROM ct_health('3 h 30 min', '0'), jsonb_array_elements(schedules) s;
-- each job passed
SELECT regress_ct_run('regress daily', 'default', current_user, 'succeeded', 'pass', '1 s') AS id;
SELECT regress_ct_run('oversell_tickets', 'atomic', 'regress_ct_clerk', 'succeeded', 'pass', '2 s') AS id;
SELECT healthy, problem, failing, late FROM ct_health(since => '0');
-- one is under way, of a leader that is gone
SELECT regress_ct_run('regress daily', 'default', current_user, 'running', NULL, '1 ms') AS id;
SELECT healthy, problem, failing, crashed_runs, running FROM ct_health(since => '5 min');
DELETE FROM ct_result WHERE run_id = (SELECT max(run_id) FROM ct_result);
-- its runs are pruned: as if it had not run
BEGIN;
DELETE FROM ct_result WHERE scenario = 'regress daily';
SELECT healthy, problem, failing, late FROM ct_health('12 h', '0');
-- it is under way: the one before it counts, and it is neither late nor failing itself
INSERT INTO ct_result SELECT (r).* FROM (SELECT jsonb_populate_record(t, '{"run_id": -1, "verdict": "fail", "scenario": "regress daily", "variant": "default"}') AS r
	FROM ct_result t WHERE run_id = (SELECT max(run_id) FROM ct_result WHERE role = current_user::regrole)) x;
COMMIT;
SELECT ct_start('regress daily', duration => '1 hour', workers => 1, min_overlap => 0) AS id \gset
SELECT healthy, problem = 'job "daily": run -1: fail' AS before, failing, late, running,
	s ->> 'run_id' = :'id' AS last, s ->> 'status' IN ('starting', 'running') AS going_on, s ->> 'verdict' AS verdict
FROM ct_health('12 h', '5 min'), jsonb_array_elements(schedules) s WHERE s ->> 'job_name' = 'daily';
UPDATE ct_result SET verdict = 'pass' WHERE run_id = -1;
SELECT healthy, problem, failing, late, running FROM ct_health('12 h', '5 min');
SELECT ct_stop(:id);
SELECT ct_wait(:id);
SELECT healthy, problem, failing, late, running, s ->> 'run_id' = :'id' AS last, s ->> 'status' AS status, s ->> 'verdict' AS verdict
FROM ct_health('12 h', '5 min'), jsonb_array_elements(schedules) s WHERE s ->> 'job_name' = 'daily';
DELETE FROM ct_result WHERE run_id = -1;
-- a job that is unscheduled is none any more
BEGIN;
DELETE FROM ct_job WHERE job_name <> 'prune';
SELECT healthy, problem, jobs, schedules FROM ct_health('12 h', '0');
ROLLBACK;
-- and the scenario is dropped
SELECT ct_drop_scenario('regress daily');
SELECT healthy, problem, failing FROM ct_health(since => '0');
-- a role sees its own
SET ROLE regress_ct_clerk;
SELECT job_name, role FROM ct_schedules;
SELECT healthy, jobs FROM ct_health(since => '0');
SELECT ct_schedule('mine', '* * * * *', 'oversell_tickets');
RESET ROLE;

-- ten thousand runs: the last one of a job by an index, and soon
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, started_at, workers_asked, leader_pid, shm_handle, plan)
	SELECT 2000000 + i, CASE i % 40 WHEN 0 THEN 'oversell_tickets' ELSE 'other ' || i % 40 END, 'atomic', current_user::regrole, 'succeeded', 'pass',
		now() - i * '1 min'::interval, 1, 0, 0, '{}'
	FROM generate_series(1, 10000) i;
ANALYZE ct_result;
CREATE FUNCTION regress_ct_plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query;
END $$;
SELECT bool_or(line ~ 'Index Scan.* on ct_result r') AS by_index, bool_or(line ~ 'Seq Scan on ct_result') AS all_rows
FROM regress_ct_plan('SELECT * FROM ct_schedules') line;
SELECT run_id, verdict FROM ct_schedules WHERE job_name = 'atomic';
SET statement_timeout = '20 s';
SELECT healthy, jobs FROM ct_health();
RESET statement_timeout;

DELETE FROM ct_result WHERE run_id > 1000000;
DELETE FROM ct_job;
DROP FUNCTION regress_ct_run, regress_ct_plan;
DROP ROLE regress_ct_clerk;
