/*
 * What there is, by what one wants to do.  Each function and view that is for
 * users has a row, and within 100 columns each row has its place in psql
 * (sql/help.sql holds both).
 */
CREATE FUNCTION @extschema@.ct_help(
	about			text DEFAULT '',
	OUT topic		text,
	OUT use			text,
	OUT does		text
) RETURNS SETOF record
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 60
SET search_path = pg_catalog, pg_temp
AS $$
SELECT h.topic, h.use, h.does
FROM (VALUES
	('run', 'ct_run(scenario, variant)', 'runs a scenario and tells the verdict'),
	('run', 'ct_compare(scenario)', 'runs each variant of it; a row each'),
	('run', 'ct_run_all(category)', 'runs all scenarios of a category'),
	('run', 'ct_test(script, checks => ...)', 'tests a function of your own'),
	('run', 'ct_run_spec(spec)', 'runs a spec of isolationtester'),
	('run', 'CALL ct_execute(scenario)', 'like ct_run, but commits before it waits'),
	('run', 'ct_start(scenario)', 'starts a run and does not wait for it'),
	('explore', 'ct_race(sessions)', 'every order of your functions'' steps'),
	('explore', 'ct_replay(run_id)', 'the shortest order that failed, once more'),
	('explore', 'ct_export_spec(run_id)', 'the same as an isolationtester spec'),
	('explore', 'ct_explore(scenario, variant)', 'the same of a scenario''s scripts'),
	('find a scenario', 'ct_scenarios', 'scenarios, with their params and defaults'),
	('find a scenario', 'ct_stories', 'where the bug comes from, what mends it'),
	('find a scenario', 'ct_variants', 'variants, and what each should come to'),
	('find a scenario', 'ct_scripts', 'all that scenarios execute'),
	('watch and end', 'ct_progress', 'runs under way'),
	('watch and end', 'ct_wait(run_id)', 'waits until a run has ended'),
	('watch and end', 'ct_stop(run_id)', 'ends a run early, and judges it'),
	('watch and end', 'ct_cancel(run_id)', 'ends a run without a verdict'),
	('see the verdict', 'ct_runs', 'runs: verdict, reason, rates, evidence'),
	('see the verdict', 'ct_report(run_id)', 'all of a run on a page'),
	('see the verdict', 'ct_summary(run_ids)', 'of many runs: total, passed, failed'),
	('see the verdict', 'ct_checks', 'checks and thresholds: which one failed'),
	('see the verdict', 'ct_anomalies', 'what went wrong, and the proving rows'),
	('see the verdict', 'ct_errors', 'errors, and what raised them'),
	('see the verdict', 'ct_assert(run_id)', 'an error unless it passed: for CI'),
	('see the verdict', 'ct_ok(run_id)', 'the same as a line of TAP: for pgTAP'),
	('see what happened', 'ct_explorations', 'how many orders were executed, which fail'),
	('see what happened', 'ct_permutations', 'the shortest order of each kind'),
	('see what happened', 'ct_steps', 'its steps, told one by one'),
	('see what happened', 'ct_classes', 'how each class of clients fared'),
	('see what happened', 'ct_phases', 'how the load went, phase by phase'),
	('see what happened', 'ct_waits', 'what the sessions waited for'),
	('see what happened', 'ct_blocking', 'who waited for whom, and how long'),
	('see what happened', 'ct_deadlocks', 'who held what and wanted what'),
	('see what happened', 'ct_resources', 'CPU, memory, WAL, pages, each second'),
	('see what happened', 'ct_usage', 'the same of the run as a whole'),
	('see what happened', 'ct_samples', 'single transactions, the slowest ones too'),
	('see what happened', 'ct_outcomes', 'how transactions ended'),
	('see what happened', 'ct_tallies', 'what scripts added up'),
	('see what happened', 'ct_orders', 'which orders of steps were seen'),
	('see what happened', 'ct_slices', 'throughput by fractions of a second'),
	('see what happened', 'ct_workers', 'each worker''s share'),
	('see what happened', 'ct_latencies', 'latencies, statement by statement'),
	('see what happened', 'ct_histograms', 'the same, bucket by bucket'),
	('see what happened', 'ct_timeline', 'each second of a run, for dashboards'),
	('compare runs', 'ct_set_baseline(run_id)', 'what later runs are compared with'),
	('compare runs', 'ct_drop_baseline(run_id)', 'takes it back'),
	('compare runs', 'ct_baselines', 'the baselines that are set'),
	('compare runs', 'ct_regressions', 'what got worse, and whether by chance'),
	('compare runs', 'ct_trends', 'each run of a series, and its levels'),
	('define a scenario', 'ct_create_scenario(name)', 'a name, setup, teardown, params'),
	('define a scenario', 'ct_add_script(scenario, script)', 'what workers repeat'),
	('define a scenario', 'ct_add_variant(scenario, variant)', 'another way of writing it'),
	('define a scenario', 'ct_add_class(scenario, class)', 'clients of a kind, and their share'),
	('define a scenario', 'ct_add_check(scenario, ...)', 'a query that returns the violations'),
	('define a scenario', 'ct_add_threshold(scenario, ...)', 'what a metric must come to: p95_ms < 100'),
	('define a scenario', 'ct_add_slo(scenario, ...)', 'the old name of ct_add_threshold'),
	('define a scenario', 'ct_add_permutation(scenario, ...)', 'an order that explorations begin with'),
	('define a scenario', 'ct_add_phase(scenario, phase, ...)', 'a load that changes: a spike, a ramp'),
	('define a scenario', 'ct_import_pgbench(name, script)', 'a scenario from a pgbench script'),
	('define a scenario', 'ct_fake_name(seed)', 'a name for the rows of a setup'),
	('define a scenario', 'ct_fake_email(seed)', 'that person''s mail address'),
	('define a scenario', 'ct_fake_company(seed)', 'a name of a company'),
	('define a scenario', 'ct_fake_city(seed)', 'a city'),
	('define a scenario', 'ct_fake_phone(seed)', 'a telephone number of nobody''s'),
	('define a scenario', 'ct_fake_text(seed, words)', 'sentences of so many words'),
	('change a scenario', 'ct_drop_scenario(name)', 'drops it; results of its runs stay'),
	('change a scenario', 'ct_drop_script(scenario, script)', 'drops a script, say to add another'),
	('change a scenario', 'ct_drop_variant(scenario, variant)', 'drops a variant with all that it has'),
	('change a scenario', 'ct_drop_class(scenario, class)', 'drops a class of clients'),
	('change a scenario', 'ct_drop_check(scenario, ...)', 'drops a check'),
	('change a scenario', 'ct_drop_threshold(scenario, ...)', 'drops the thresholds on a metric'),
	('change a scenario', 'ct_drop_permutation(scenario, ...)', 'drops an order'),
	('change a scenario', 'ct_drop_phase(scenario, phase)', 'drops a phase'),
	('by the clock', 'ct_schedule(job_name, ...)', 'has pg_cron run a scenario, or prune'),
	('by the clock', 'ct_unschedule(job_name)', 'takes such a job back'),
	('by the clock', 'ct_schedules', 'jobs, each with its last run'),
	('by the clock', 'ct_health()', 'one row for monitors: is all well?'),
	('tidy up', 'ct_prune(older_than)', 'removes results of old runs'),
	('tidy up', 'ct_sweep()', 'cleans up after crashed runs'),
	('help', 'ct_help(about)', 'this list, or what has a word in it')
) AS h (topic, use, does)
WHERE strpos(lower(concat_ws(' ', h.topic, h.use, h.does)), lower(about)) > 0
$$;

COMMENT ON FUNCTION @extschema@.ct_help IS
'functions and views of ct_ext, by what one wants to do; about: only those rows that have this text in them, whatever its case. The comments of functions and columns say more: \df+ ct_run, \d+ ct_runs';
