/*
 * Jobs: runs that pg_cron starts, and the removal of old ones.  In C, in
 * api/schedule.c.  What is expected to run stands in a table of ours, by which
 * a job that nobody starts any more shows as late; pg_cron has the job itself.
 *
 * Who may see what is as for runs: a job is its role's, and so are the runs
 * that it starts.  So the view needs no other rule for the last run of a job
 * than that it is of the job's role.
 */
CREATE TABLE @extschema@.ct_job (
	job_name		text NOT NULL,
	role			regrole NOT NULL,	-- dumped by name; pg_upgrade keeps the oids of roles
	jobid			bigint NOT NULL,
	schedule		text NOT NULL,
	command			text NOT NULL,
	scenario		text,				-- no reference: a job outlives the scenario, and shows that
	variant			text,
	older_than		interval,
	scheduled_at	timestamptz NOT NULL,
	PRIMARY KEY (job_name, role),
	CHECK ((scenario IS NULL) <> (older_than IS NULL))
);

/* the last run of a scenario */
CREATE INDEX ON @extschema@.ct_result (scenario, run_id);

CREATE FUNCTION @extschema@.ct_schedule(
	job_name		text,
	schedule		text,
	scenario		text DEFAULT NULL,
	variant			text DEFAULT NULL,
	workers			int DEFAULT NULL,
	duration		interval DEFAULT NULL,
	transactions	bigint DEFAULT NULL,
	rate			float8 DEFAULT NULL,
	isolation		text DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	seed			bigint DEFAULT NULL,
	warmup			interval DEFAULT NULL,
	ramp			interval DEFAULT NULL,
	min_overlap		int DEFAULT NULL,
	expected_errors	text[] DEFAULT NULL,
	keep			boolean DEFAULT false,
	raise_on_fail	boolean DEFAULT true,
	trust_owner		boolean DEFAULT false,
	thresholds		text[] DEFAULT NULL,
	retried_errors	text[] DEFAULT NULL,
	stop_on_fail	boolean DEFAULT false,
	clients			int DEFAULT NULL,
	rounds			int DEFAULT NULL,
	repeat			int DEFAULT NULL,
	latency_limit	interval DEFAULT NULL,
	max_errors		bigint DEFAULT NULL,
	timeout			interval DEFAULT NULL,
	on_start		text DEFAULT NULL,
	phases			jsonb DEFAULT NULL,
	classes			jsonb DEFAULT NULL,
	kill_rate		float8 DEFAULT NULL,
	lock_hold		jsonb DEFAULT NULL,
	older_than		interval DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

CREATE FUNCTION @extschema@.ct_unschedule(job_name text) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';

REVOKE ALL ON FUNCTION @extschema@.ct_schedule FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_unschedule FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_schedule IS
'has pg_cron run a scenario: ct_schedule(''nightly'', ''0 3 * * *'', ''oversell_tickets'', ''atomic''); or, with older_than instead of a scenario, remove old runs as ct_prune does: ct_schedule(''retention'', ''0 4 * * 0'', older_than => ''90 days''). Returns pg_cron''s number of the job. job_name: at most 63 bytes, among the jobs of the current role; a job of that name that ct_schedule made is replaced. schedule: as pg_cron reads it, minute hour day month weekday, in the time zone of cron.timezone. The other arguments are ct_run''s; the job executes CALL ct_execute with them, as the current role, in a session of its own with that role''s search_path. raise_on_fail: the job fails, in cron.job_run_details, unless the verdict is pass; true unless said. Raises what ct_run would raise for such arguments, 42704 where pg_cron isn''t in the database, 42501 for roles that may not use it or may not execute what the job would, 42710 if pg_cron has a job of that name that ct_schedule did not make';
COMMENT ON FUNCTION @extschema@.ct_unschedule IS
'has pg_cron forget a job of the current role that ct_schedule made; its runs stay. Returns true; raises 42704 if there is no such job';

CREATE VIEW @extschema@.ct_schedules WITH (security_barrier) AS
	SELECT j.job_name,
		j.schedule,
		j.scenario,
		v.variant,
		l.run_id,
		l.status,
		l.verdict,
		l.started_at,
		pg_catalog.now() - l.started_at AS age,
		j.older_than,
		j.scheduled_at,
		j.scenario IS NOT NULL AND NOT EXISTS (
			SELECT FROM @extschema@.ct_variants n
			WHERE n.scenario = j.scenario AND n.variant = v.variant) AS missing,
		coalesce((SELECT a.rolname::text FROM pg_catalog.pg_roles a WHERE a.oid = j.role::oid),
				 j.role::oid::text) AS role,
		j.jobid,
		j.command
	FROM @extschema@.ct_job j
	CROSS JOIN LATERAL (
		SELECT CASE WHEN j.scenario IS NOT NULL THEN coalesce(j.variant,
			(SELECT n.name FROM @extschema@.ct_variant n WHERE n.scenario = j.scenario ORDER BY n.position LIMIT 1),
			'default'::text) END AS variant) v
	LEFT JOIN LATERAL (
		SELECT r.run_id, r.verdict, r.started_at,
			CASE
				WHEN r.status NOT IN ('starting', 'running') OR pg_catalog.pg_is_in_recovery()
					OR @extschema@._ct_run_lives(r.run_id, r.shm_handle) THEN r.status
				ELSE 'crashed'
			END AS status
		FROM @extschema@.ct_result r
		WHERE r.scenario = j.scenario AND r.role::oid = j.role::oid
			AND r.variant = v.variant
		ORDER BY r.run_id DESC LIMIT 1) l ON true
	WHERE pg_catalog.pg_has_role('pg_read_all_stats'::name, 'USAGE'::text)
		OR pg_catalog.pg_has_role(j.role::oid, 'USAGE'::text)
	ORDER BY j.job_name, j.role::oid;

GRANT SELECT ON @extschema@.ct_schedules TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_schedules IS 'a row per job that ct_schedule made, with the last run of what it runs: SELECT ct_report(run_id, ''markdown'') FROM ct_schedules WHERE job_name = ''nightly''; a role sees jobs of roles whose privileges it has, pg_read_all_stats sees all';
COMMENT ON COLUMN @extschema@.ct_schedules.job_name IS 'name of the job';
COMMENT ON COLUMN @extschema@.ct_schedules.schedule IS 'when pg_cron starts it, in pg_cron''s words';
COMMENT ON COLUMN @extschema@.ct_schedules.scenario IS 'scenario that it runs; null: it removes old runs';
COMMENT ON COLUMN @extschema@.ct_schedules.variant IS 'its variant: the one that was named, or the scenario''s first';
COMMENT ON COLUMN @extschema@.ct_schedules.run_id IS 'last run of that scenario and variant by the job''s role, whoever started it; null: there is none, and the columns that follow are null, too';
COMMENT ON COLUMN @extschema@.ct_schedules.status IS 'how that run ended, see ct_runs.status';
COMMENT ON COLUMN @extschema@.ct_schedules.verdict IS 'its verdict, see ct_runs.verdict';
COMMENT ON COLUMN @extschema@.ct_schedules.started_at IS 'when it began';
COMMENT ON COLUMN @extschema@.ct_schedules.age IS 'how long ago that was';
COMMENT ON COLUMN @extschema@.ct_schedules.older_than IS 'age of the runs that the job removes; null: it runs a scenario';
COMMENT ON COLUMN @extschema@.ct_schedules.scheduled_at IS 'when ct_schedule made the job';
COMMENT ON COLUMN @extschema@.ct_schedules.missing IS 'whether the scenario or the variant has been dropped since, so that the job fails each time';
COMMENT ON COLUMN @extschema@.ct_schedules.role IS 'role that the job runs as, by its name; by its oid once it is dropped';
COMMENT ON COLUMN @extschema@.ct_schedules.jobid IS 'pg_cron''s number of the job, as in cron.job';
COMMENT ON COLUMN @extschema@.ct_schedules.command IS 'what pg_cron executes';

CREATE FUNCTION @extschema@.ct_health(
	max_age			interval DEFAULT NULL,
	since			interval DEFAULT '1 day',
	OUT healthy		boolean,
	OUT problem		text,
	OUT jobs		bigint,
	OUT failing		bigint,
	OUT late		bigint,
	OUT crashed_runs bigint,
	OUT running		bigint,
	OUT run_id		bigint,
	OUT scenario	text,
	OUT variant		text,
	OUT status		text,
	OUT verdict		text,
	OUT age			interval,
	OUT oldest_age	interval,
	OUT schedules	jsonb
) RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_health IS
'one row for monitors, of the runs and jobs that the current role may see: SELECT healthy, problem FROM ct_health(max_age => ''25 hours''). healthy: the last run of each scheduled scenario passed (of one that is under way, the one before it), none of them is older than max_age (null: however old), and no run that began within "since" has crashed; problem: the first thing that is wrong, null if nothing is. jobs: scheduled scenarios, of which failing ones did not pass, late ones are older than max_age (one of which there is no run, for it has not run yet or the runs were pruned, counts from when it was scheduled); crashed_runs and running: runs that began within "since"; run_id, scenario, variant, status, verdict, age: the last run of what is scheduled, or where nothing is, of all within "since"; oldest_age: of the last runs, the longest ago; schedules: all of them as jsonb, an array of objects with job_name, scenario, variant, run_id, status, verdict, age_s (seconds), late, missing (the scenario is gone)';

COMMENT ON TABLE @extschema@.ct_job IS 'jobs that ct_schedule made; read it through ct_schedules';
COMMENT ON COLUMN @extschema@.ct_job.job_name IS 'name of the job, at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_job.role IS 'role that the job runs as; decides who sees it';
COMMENT ON COLUMN @extschema@.ct_job.jobid IS 'pg_cron''s number of the job';
COMMENT ON COLUMN @extschema@.ct_job.schedule IS 'when pg_cron starts it';
COMMENT ON COLUMN @extschema@.ct_job.command IS 'what pg_cron executes';
COMMENT ON COLUMN @extschema@.ct_job.scenario IS 'scenario that it runs; null: it removes old runs';
COMMENT ON COLUMN @extschema@.ct_job.variant IS 'its variant; null: the scenario''s first';
COMMENT ON COLUMN @extschema@.ct_job.older_than IS 'age of the runs that it removes; null: it runs a scenario';
COMMENT ON COLUMN @extschema@.ct_job.scheduled_at IS 'when ct_schedule made it';

SELECT pg_catalog.pg_extension_config_dump('ct_job', '');
