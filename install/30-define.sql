/*
 * Defining scenarios: the functions that write the definitions, the view that
 * shows them, and what is to be known of both.
 *
 * What is defined is SQL that someone will run, so none of these functions is
 * for PUBLIC.  They write with the rights of the extension's owner, under a
 * search_path of their own (src/catalog/catalog.c); ownership is checked inside.
 */
CREATE FUNCTION @extschema@.ct_create_scenario(
	name			text,
	description		text DEFAULT '',
	setup			text DEFAULT NULL,
	teardown		text DEFAULT NULL,
	workers			int DEFAULT NULL,
	duration		interval DEFAULT NULL,
	transactions	bigint DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	category		text DEFAULT '',
	rate			float8 DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	expected_errors	text[] DEFAULT '{}',
	retried_errors	text[] DEFAULT '{}',
	min_overlap		int DEFAULT NULL,
	story			text DEFAULT '',
	transactions_expr text DEFAULT NULL,
	replace			boolean DEFAULT false,
	clients			int DEFAULT NULL,
	explore_params	jsonb DEFAULT '{}',
	on_start		text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_create_scenario';

CREATE FUNCTION @extschema@.ct_add_variant(
	scenario		text,
	variant			text,
	description		text DEFAULT '',
	isolation		text DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	setup			text DEFAULT NULL,
	expected_errors	text[] DEFAULT '{}',
	retried_errors	text[] DEFAULT '{}',
	expected_verdict text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_variant';

CREATE FUNCTION @extschema@.ct_add_script(
	scenario		text,
	script			text,
	body			text,
	variant			text DEFAULT NULL,
	weight			int DEFAULT 1,
	think_time		interval DEFAULT '0',
	workers			int DEFAULT NULL,
	think_max		interval DEFAULT NULL,
	think_distribution text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_script';

CREATE FUNCTION @extschema@.ct_add_class(
	scenario		text,
	class			text,
	share			float8,
	weights			jsonb DEFAULT NULL,
	think_time		interval DEFAULT NULL,
	think_distribution text DEFAULT NULL,
	on_start		text DEFAULT NULL,
	variant			text DEFAULT NULL,
	think_max		interval DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_class';

CREATE FUNCTION @extschema@.ct_add_check(
	scenario		text,
	check_name		text,
	query			text,
	description		text DEFAULT '',
	kind			text DEFAULT 'invariant',
	variant			text DEFAULT NULL,
	during			boolean DEFAULT false
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_check';

CREATE FUNCTION @extschema@.ct_add_threshold(
	scenario		text,
	metric			text,
	op				text,
	target			float8,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_threshold';

/* its first name */
CREATE FUNCTION @extschema@.ct_add_slo(
	scenario		text,
	metric			text,
	op				text,
	target			float8,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_slo';

CREATE FUNCTION @extschema@.ct_add_permutation(
	scenario		text,
	name			text,
	permutation		int[]
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_permutation';

CREATE FUNCTION @extschema@.ct_add_phase(
	scenario		text,
	phase			text,
	duration		interval,
	rate			float8 DEFAULT NULL,
	clients			int DEFAULT NULL,
	weights			jsonb DEFAULT NULL,
	ramp			interval DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_phase';

CREATE FUNCTION @extschema@.ct_drop_phase(
	scenario		text,
	phase			text
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_phase';

CREATE FUNCTION @extschema@.ct_drop_scenario(
	name			text
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_scenario';

CREATE FUNCTION @extschema@.ct_drop_variant(
	scenario		text,
	variant			text
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_variant';

CREATE FUNCTION @extschema@.ct_drop_script(
	scenario		text,
	script			text,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_script';

CREATE FUNCTION @extschema@.ct_drop_class(
	scenario		text,
	class			text,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_class';

CREATE FUNCTION @extschema@.ct_drop_check(
	scenario		text,
	check_name		text,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_check';

CREATE FUNCTION @extschema@.ct_drop_threshold(
	scenario		text,
	metric			text,
	op				text DEFAULT NULL,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_threshold';

CREATE FUNCTION @extschema@.ct_drop_permutation(
	scenario		text,
	name			text
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_permutation';

CREATE FUNCTION @extschema@.ct_import_pgbench(
	name			text,
	script			text,
	description		text DEFAULT '',
	setup			text DEFAULT NULL,
	teardown		text DEFAULT NULL,
	workers			int DEFAULT NULL,
	duration		interval DEFAULT NULL,
	transactions	bigint DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	rate			float8 DEFAULT NULL,
	max_tries		int DEFAULT 1,
	min_overlap		int DEFAULT NULL,
	replace			boolean DEFAULT false
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_import_pgbench';

REVOKE ALL ON FUNCTION @extschema@.ct_create_scenario FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_variant FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_script FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_check FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_class FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_threshold FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_slo FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_permutation FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_permutation FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_phase FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_phase FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_scenario FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_variant FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_script FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_check FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_class FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_threshold FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_import_pgbench FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_create_scenario IS
'defines a scenario, owned by the current role; ct_add_script gives it something to run.
setup, teardown: scripts that run once in the run''s own schema, before the workers start and after the checks.
workers (1 to 1000), clients (1 to 100000, at least as many as workers, on which they take turns; null: each worker is one), duration (up to 31 days), transactions (for the whole run), rate (transactions per second of the whole run), max_tries (of a transaction; 0: no limit) and min_overlap (contended transactions that a pass needs) are the defaults of its runs; duration and transactions exclude each other.
transactions_expr: the number of transactions as an expression of the script language over the params, as :buyers or :users * 2, of at least 1; instead of transactions, so that a run is as large as its params say.
description: one line that says which bug it shows. story: the same at length, for docs.
params: a JSON object of scalars, which are variables of the scripts; a call can override but not add any.
explore_params: those of them that are others where ct_explore executes it: the smallest instance that has the bug, as two buyers and one ticket; null: it isn''t meant to be explored, ct_explore says so and uses params.
on_start: a script that each client executes once before its first transaction, as a login; see ct_run.
expected_errors: SQLSTATEs or condition names, as 23505 or unique_violation=taken; a transaction that ends with one counts as the outcome behind the equals sign (else named after the condition), not as a failure.
retried_errors: repeat the transaction upon these too, besides 40001 and 40P01 (unless those are expected).
replace: a scenario of that name is dropped first, with all that was added to it, if the current role may; results of its runs stay, and so does its owner.
Raises 42710 if there is a scenario of that name, 42601 for a script that does not parse, 22023 for a value out of range';
COMMENT ON FUNCTION @extschema@.ct_add_variant IS
'adds a way of running a scenario; the first one is what ct_run runs by default. A scenario without any has one variant, "default".
isolation: read committed, repeatable read or serializable; NULL: the role''s default. max_tries: overrides the scenario''s. setup: a script that runs after the scenario''s. expected_errors and retried_errors add to the scenario''s. expected_verdict: what it is known to come to, pass or fail; it changes no verdict.
Raises 42704 if there is no such scenario, 42501 unless it is the current role''s, 42710 if it has that variant already';
COMMENT ON FUNCTION @extschema@.ct_add_script IS
'adds a script, in pgbench''s language, that workers repeat. Several scripts make a mix.
variant: NULL for all of them; a variant''s own script takes the place of the general one of the same name. weight (1 to 1000000): how often it is chosen, relative to the others. think_time: pause after each transaction, up to 31 days, drawn from think_distribution: exponential (the default; think_time is its mean), fixed (each is as long), or uniform, between think_time and think_max, which alone means it too. workers (1 to 1000): so many workers run this script and no other, as one maintainer among many users (in a run of more clients than workers: so many clients); the first such script of a variant gets workers 1 on, the next one those that follow. The others choose among the scripts without it, by weight.
Raises 42704 if there is no such scenario or variant, 42501 unless it is the current role''s, 42710 if it has that script already, 42601 with the place if the script or one of its statements does not parse';
COMMENT ON FUNCTION @extschema@.ct_add_class IS
'adds a class of clients: so many of them do this, so many do that, as 80 who read and 20 who buy.
share: of the run''s clients, more than 0, relative to the other classes'' (80 and 20, or 0.8 and 0.2). weights: a JSON object of weights by script, 0 to 1000000; scripts that aren''t named are not run by this class; null: the scripts'' own. think_time, think_max, think_distribution: as of a script (ct_add_script), and instead of the scripts''. on_start: as ct_run''s, and instead of the run''s. variant: null for all of them; a variant''s own class takes the place of the general one of the same name.
Clients that run a script of their own (ct_add_script''s workers) are of no class. A threshold may be of a class: buyers.p95_ms; ct_classes shows how each fared. A run in which a class would have no client is refused.
Raises 42704 if there is no such scenario or variant, 42501 unless it is the current role''s, 42710 if it has that class already, 22023 for a value out of range';
COMMENT ON FUNCTION @extschema@.ct_add_check IS
'adds a check: one SELECT that returns the violations, a row each; the check holds if there is none.
The query can use the scenario''s params as :variables, and :transactions, :failed, :retries, :workers, :outcome_LABEL, :tally_NAME.
kind: what the violations are called, as lost_update. variant: NULL for all of them; a variant''s own check takes the place of the general one of the same name. during: asked once a second while the run is under way, too.
Raises as ct_add_script does, and 22023 for what is not one SELECT';
COMMENT ON FUNCTION @extschema@.ct_add_threshold IS
'adds a threshold on a metric, as p95_ms < 100: a run fails unless it is met. op: <, <=, =, >=, >, <>.
Metrics of a run, of its measured part (after the warmup), but for errors and tallies, which are of all of it: transactions (completed), tps (per second), failed (given up), retries (tries beyond the first), success_rate, error_rate (completed, failed, of both together, 0 to 1), retry_rate (retries per transaction); errors (not expected, those retried among them), deadlocks (40P01), serialization_failures (40001); mean_ms, stddev_ms, p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, max_ms (latency of a completed transaction, ms); anomalies (rows that the checks returned; these fail the run all the same); fairness (Jain''s index over the workers'' completed transactions: 1 if all have the same number, 1/n if one of n has all); rows_per_s (rows that statements of completed transactions returned or changed, per second); connect_ms (time to connect to the database, of the worker that took longest, ms); late (completed in more than the call''s latency_limit), skipped (of a schedule, not executed); waited_rate (transactions that waited for a lock, of all, 0 to 1), lock_wait_ms (how long statements that did were asleep, on average, ms; 0 where none did); what the run used, see ct_usage: cpu, max_cpu, server_cpu, machine_cpu, max_machine_cpu, max_machine_memory (percent); start_memory_mb, max_memory_mb, end_memory_mb, memory_growth_mb, max_worker_mb, memory_slope_mb (growth per 1000 transactions), temp_mb, wal_mb (MB); hit_rate (0 to 1), connections (most at a time), max_dead_tuples, max_table_mb.
script.METRIC or outcome.METRIC, as read.p95_ms or sold.p95_ms: transactions, tps and latencies of those that executed this script, or ended with this outcome; of a script errors, deadlocks, serialization_failures and lock_wait_ms, too. script:STEP.METRIC, as read:3.p95_ms: latencies of the statement that is this step of the script, see ct_latencies. tally.NAME: the sum of a tally; tally.NAME.count, .mean, .min, .max: how often \tally added to it (0: never), and what it added on average, at least and at most.
A metric for which there was nothing to measure, as the latency of an outcome that never came, meets no threshold.
Raises 42704 if there is no such scenario, variant, metric, script, outcome or tally, 22023 for a name that two of these have, 42501 unless the scenario is the current role''s, 42710 if it has that metric and comparison already';
COMMENT ON FUNCTION @extschema@.ct_add_slo IS
'the same as ct_add_threshold, by its former name';
COMMENT ON FUNCTION @extschema@.ct_add_permutation IS
'names an order that every exploration of the scenario (ct_explore) executes before others, as one that went wrong once: a regression test.
permutation: 1 to 1000 numbers of sessions, from 1 to 8, as in ct_permutations; what follows when they are through is the search''s own choice. Where it can''t be taken, the report says so; one with sessions that are not explored is left out.
Raises 42704 if there is no such scenario, 42501 unless it is the current role''s, 42710 if it has one of that name already, 22023 for what are no sessions';
COMMENT ON FUNCTION @extschema@.ct_add_phase IS
'adds a phase to the load of a scenario''s runs, after those that it has; they say how long a run is, so that the scenario has no duration, transactions or rate. At most 100.
duration: more than 0 and at most 31 days; rate: transactions per second of the whole run, more than 0, Poisson arrivals; clients: 1 to 100000, how many are at work, default all; without a rate clients repeat their scripts without a pause; weights: an object like {"read": 9, "write": 1}, 0 to 1000000 each, of scripts in the place of their own; ramp: time from the phase''s beginning in which the rate, or without one the number of clients, goes in a straight line from that of the phase before (of the first one: from 0) to its own, at most its duration.
Raises 42710 if there is one of that name, or a script, outcome or step that thresholds call so; 42704 for an unknown scenario or script; 22023 for what is out of range or doesn''t go together; 54000 for too many';
COMMENT ON FUNCTION @extschema@.ct_drop_phase IS
'drops a phase of a scenario''s load. Raises 42704 if there is none, 42501 for who isn''t its owner';
COMMENT ON FUNCTION @extschema@.ct_drop_permutation IS
'drops an order that ct_add_permutation has named.
Raises 42704 if there is no such scenario or order, 42501 unless it is the current role''s or if it is bundled';
COMMENT ON FUNCTION @extschema@.ct_drop_scenario IS
'drops a scenario with its variants, scripts, checks and thresholds; the results of its runs stay.
Raises 42704 if there is no such scenario, 42501 unless it is the current role''s or if it is bundled';
COMMENT ON FUNCTION @extschema@.ct_drop_variant IS
'drops a variant with the scripts, checks and thresholds that are its own; a scenario that has no other one left has one variant, "default".
Raises 42704 if there is no such scenario or variant, 42501 unless it is the current role''s or if it is bundled';
COMMENT ON FUNCTION @extschema@.ct_drop_script IS
'drops a script from a scenario, so that another one of its name can be added.
variant: NULL for the one that all variants have, else the variant''s own.
Raises 42704 if there is no such scenario, variant or script there, 42501 unless it is the current role''s or if it is bundled';
COMMENT ON FUNCTION @extschema@.ct_drop_class IS
'drops a class of clients of a scenario: that of every variant, or with variant that of one. Raises 42704 if there is none, 42501 unless the scenario is the current role''s';
COMMENT ON FUNCTION @extschema@.ct_drop_check IS
'drops a check from a scenario, so that another one of its name can be added.
variant: NULL for the one that all variants have, else the variant''s own. Raises as ct_drop_script does';
COMMENT ON FUNCTION @extschema@.ct_drop_threshold IS
'drops the thresholds on a metric from a scenario.
op: the comparison; NULL: whichever. variant: NULL for those that all variants have, else the variant''s own. Raises as ct_drop_script does';
COMMENT ON FUNCTION @extschema@.ct_import_pgbench IS
'defines a scenario of an unmodified pgbench script, as pgbench -f runs it, or of one of its builtin scripts: tpcb-like, simple-update, select-only. Variables within quotes are replaced too, as in pgbench''s default query mode, with what would end the quotes escaped.
setup: NULL makes the tables of a builtin script in the run''s own schema, of :scale (1 unless params say else); an empty one leaves it to those that pgbench -i has made. Other arguments, replace among them, are those of ct_create_scenario, but by default a transaction is tried once, as by pgbench, and no overlap is asked for unless tpcb-like''s sums are checked.
Raises as ct_create_scenario and ct_add_script do';

CREATE VIEW @extschema@.ct_scenarios AS
SELECT s.name,
	s.category,
	s.bundled,
	coalesce((SELECT a.rolname::text FROM pg_catalog.pg_roles a WHERE a.oid = s.owner::oid),
			 s.owner::oid::text) AS owner,
	(SELECT pg_catalog.count(*)::int FROM @extschema@.ct_script c WHERE c.scenario = s.name) AS scripts,
	s.workers,
	s.clients,
	s.duration,
	s.transactions,
	s.transactions_expr,
	coalesce((SELECT pg_catalog.array_agg(v.name ORDER BY v.position)
			  FROM @extschema@.ct_variant v WHERE v.scenario = s.name), '{default}'::text[]) AS variants,
	coalesce((SELECT pg_catalog.array_agg(k.name ORDER BY k.threshold, k.position)
			  FROM (SELECT c.name, false AS threshold, pg_catalog.min(c.position) AS position
					FROM @extschema@.ct_check c WHERE c.scenario = s.name GROUP BY c.name
					UNION ALL
					SELECT t.metric || ' '::text || t.op || ' '::text || t.target::text, true, pg_catalog.min(t.position)
					FROM @extschema@.ct_slo t WHERE t.scenario = s.name
					GROUP BY t.metric, t.op, t.target) k), '{}'::text[]) AS checks,
	s.params,
	s.explore_params,
	(SELECT pg_catalog.jsonb_object_agg(p.name, p.permutation)
	 FROM @extschema@.ct_permutation p WHERE p.scenario = s.name) AS permutations,
	(SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
		'name', p.name, 'duration', p.duration::text, 'rate', p.rate, 'clients', p.clients, 'weights', p.weights,
		'ramp', p.ramp::text)) ORDER BY p."position")
	 FROM @extschema@.ct_phase p WHERE p.scenario = s.name) AS phases,
	s.description
FROM @extschema@.ct_scenario s
ORDER BY s.name;

/* By themselves, for they are long. */
CREATE VIEW @extschema@.ct_stories AS
SELECT s.name AS scenario,
	s.story
FROM @extschema@.ct_scenario s
WHERE s.story <> ''::text
ORDER BY s.name;

CREATE VIEW @extschema@.ct_variants AS
SELECT v.scenario,
	v.name AS variant,
	v."position",
	v.isolation,
	v.expected_verdict,
	v.description
FROM @extschema@.ct_variant v
UNION ALL
SELECT s.name, 'default'::text, 1, NULL::text, NULL::text, ''::text
FROM @extschema@.ct_scenario s
WHERE NOT EXISTS (SELECT FROM @extschema@.ct_variant v WHERE v.scenario = s.name)
ORDER BY 1, 3;

/*
 * Who runs a scenario runs this, with all of their rights: so it can be read
 * before.  But what a role wrote is its own, to be shown or not.
 */
CREATE VIEW @extschema@.ct_scripts WITH (security_barrier) AS
SELECT s.name AS scenario,
	b.kind,
	b.variant,
	b.script,
	b.weight,
	b.workers,
	b.body
FROM @extschema@.ct_scenario s
CROSS JOIN LATERAL (
	SELECT 1 AS phase, 0 AS "position", 'setup'::text AS kind, NULL::text AS variant,
		NULL::text AS script, NULL::int AS weight, NULL::int AS workers, s.setup AS body
	UNION ALL
	SELECT 2, v."position", 'variant setup'::text, v.name, NULL::text, NULL::int, NULL::int, v.setup
	FROM @extschema@.ct_variant v WHERE v.scenario = s.name
	UNION ALL
	SELECT 3, -1, 'on_start'::text, NULL::text, NULL::text, NULL::int, NULL::int, s.on_start
	UNION ALL
	SELECT 3, -1, 'on_start'::text, l.variant, l.name, NULL::int, NULL::int, l.on_start
	FROM @extschema@.ct_class l WHERE l.scenario = s.name
	UNION ALL
	SELECT 3, c."position", 'script'::text, c.variant, c.name,
		CASE WHEN c.workers IS NULL THEN c.weight END, c.workers, c.body
	FROM @extschema@.ct_script c WHERE c.scenario = s.name
	UNION ALL
	SELECT 4, k."position", 'check'::text, k.variant, k.name, NULL::int, NULL::int, k.query
	FROM @extschema@.ct_check k WHERE k.scenario = s.name
	UNION ALL
	SELECT 5, 0, 'teardown'::text, NULL::text, NULL::text, NULL::int, NULL::int, s.teardown) b
WHERE b.body IS NOT NULL
	AND (s.bundled
		OR pg_catalog.pg_has_role(s.owner::oid, 'USAGE'::text)
		OR (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.rolname = current_user))
ORDER BY s.name, b.phase, b."position";

GRANT SELECT ON @extschema@.ct_scenarios, @extschema@.ct_stories, @extschema@.ct_variants, @extschema@.ct_scripts TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_scenarios IS 'scenarios that ct_run can run. What they execute is in ct_scripts, what their variants are in ct_variants';
COMMENT ON COLUMN @extschema@.ct_scenarios.name IS 'what ct_run takes';
COMMENT ON COLUMN @extschema@.ct_scenarios.category IS 'what kind of bug it is about';
COMMENT ON COLUMN @extschema@.ct_scenarios.bundled IS 'comes with the extension, and cannot be changed';
COMMENT ON COLUMN @extschema@.ct_scenarios.owner IS 'the role that may change and drop it, by its name; by its oid once it is dropped';
COMMENT ON COLUMN @extschema@.ct_scenarios.scripts IS 'how many scripts it has, over all variants';
COMMENT ON COLUMN @extschema@.ct_scenarios.workers IS 'workers of a run; null: 8, or as many as there are';
COMMENT ON COLUMN @extschema@.ct_scenarios.clients IS 'clients of a run, which take turns on its workers; null: each worker is one';
COMMENT ON COLUMN @extschema@.ct_scenarios.duration IS 'length of a run; null: 10 seconds unless transactions are given';
COMMENT ON COLUMN @extschema@.ct_scenarios.transactions IS 'transactions of a whole run; null: the duration decides';
COMMENT ON COLUMN @extschema@.ct_scenarios.transactions_expr IS 'the same as an expression over the params, for a run whose call says neither a duration nor a number';
COMMENT ON COLUMN @extschema@.ct_scenarios.variants IS 'its variants, the default one first';
COMMENT ON COLUMN @extschema@.ct_scenarios.checks IS 'names of its checks, then its thresholds, over all variants';
COMMENT ON COLUMN @extschema@.ct_scenarios.params IS 'parameters that a call can override, with their defaults';
COMMENT ON COLUMN @extschema@.ct_scenarios.explore_params IS 'those that are others in an exploration: the smallest instance that has the bug; null: it isn''t meant to be explored, why stands in its story';
COMMENT ON COLUMN @extschema@.ct_scenarios.permutations IS 'orders of sessions that an exploration executes first, by their names; null: none';
COMMENT ON COLUMN @extschema@.ct_scenarios.phases IS 'phases of its load in their order, as a call''s phases; null: none';
COMMENT ON COLUMN @extschema@.ct_scenarios.description IS 'which bug it shows';

COMMENT ON VIEW @extschema@.ct_stories IS 'what a scenario''s author has to tell: where the bug comes from, what goes wrong, what to look at, which fix to take when';
COMMENT ON COLUMN @extschema@.ct_stories.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_stories.story IS 'paragraphs of markdown; in psql: \pset format unaligned';

COMMENT ON VIEW @extschema@.ct_variants IS 'variants that ct_run can run: a row per scenario and variant, the default one first';
COMMENT ON COLUMN @extschema@.ct_variants.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_variants.variant IS 'what ct_run takes; a scenario without any has one named default';
COMMENT ON COLUMN @extschema@.ct_variants."position" IS 'order; the first one is what ct_run runs by default';
COMMENT ON COLUMN @extschema@.ct_variants.isolation IS 'isolation level of its transactions; null: that of the role that runs it';
COMMENT ON COLUMN @extschema@.ct_variants.expected_verdict IS 'what it is known to come to: fail for one that has the bug, pass for one that hasn''t; null: not said';
COMMENT ON COLUMN @extschema@.ct_variants.description IS 'what is different in it';

COMMENT ON VIEW @extschema@.ct_scripts IS 'all that scenarios execute with the rights of the role that runs them, in the order of a run, to be read before: of bundled scenarios for everybody, of others for roles with the privileges of their owner, and superusers. Thresholds are in ct_scenarios.checks';
COMMENT ON COLUMN @extschema@.ct_scripts.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_scripts.kind IS 'setup (once, before all), variant setup (once, after it), on_start (once by each client), script (repeated by the workers), check (asked at the end, some also during the run), teardown (once, after all)';
COMMENT ON COLUMN @extschema@.ct_scripts.variant IS 'the variant that it is for; null: all of them, but for those that have a script or check of this name themselves';
COMMENT ON COLUMN @extschema@.ct_scripts.script IS 'name of the script or check, as in the results; of a class''s on_start, the class; null for setups, the teardown and the scenario''s on_start';
COMMENT ON COLUMN @extschema@.ct_scripts.weight IS 'how often a script is chosen, relative to the others; null for scripts with workers of their own, and all but scripts';
COMMENT ON COLUMN @extschema@.ct_scripts.workers IS 'how many workers run this script and no other; null: those that have none of their own, by weight';
COMMENT ON COLUMN @extschema@.ct_scripts.body IS 'what is executed: SQL, in pgbench''s language';

/* Within CREATE EXTENSION the extension's schema is the search_path. */
SELECT pg_catalog.pg_extension_config_dump('ct_scenario', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_variant', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_script', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_class', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_check', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_slo', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_permutation', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_phase', 'WHERE NOT bundled');

COMMENT ON TABLE @extschema@.ct_scenario IS 'scenarios as they were defined; see the view ct_scenarios';
COMMENT ON COLUMN @extschema@.ct_scenario.name IS 'what ct_run takes; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_scenario.description IS 'which bug it shows';
COMMENT ON COLUMN @extschema@.ct_scenario.story IS 'the same at length';
COMMENT ON COLUMN @extschema@.ct_scenario.category IS 'what kind of bug it is about';
COMMENT ON COLUMN @extschema@.ct_scenario.setup IS 'script that runs before the workers start';
COMMENT ON COLUMN @extschema@.ct_scenario.teardown IS 'script that runs after the checks';
COMMENT ON COLUMN @extschema@.ct_scenario.workers IS 'workers of a run, unless the call says else';
COMMENT ON COLUMN @extschema@.ct_scenario.clients IS 'clients of a run, unless the call says else; null: each worker is one';
COMMENT ON COLUMN @extschema@.ct_scenario.explore_params IS 'parameters that are others in an exploration, a JSON object of scalars; null: it isn''t meant to be explored';
COMMENT ON COLUMN @extschema@.ct_scenario.on_start IS 'script that each client executes once before its first transaction';
COMMENT ON COLUMN @extschema@.ct_scenario.duration IS 'length of a run, unless the call says else';
COMMENT ON COLUMN @extschema@.ct_scenario.transactions IS 'transactions of a whole run, instead of its length';
COMMENT ON COLUMN @extschema@.ct_scenario.transactions_expr IS 'the same as an expression over the params';
COMMENT ON COLUMN @extschema@.ct_scenario.rate IS 'transactions per second of a whole run; null: as many as possible';
COMMENT ON COLUMN @extschema@.ct_scenario.max_tries IS 'tries of a transaction; 0: no limit';
COMMENT ON COLUMN @extschema@.ct_scenario.params IS 'variables of the scripts with their defaults';
COMMENT ON COLUMN @extschema@.ct_scenario.expected_errors IS 'SQLSTATEs or condition names that are outcomes, with =LABEL';
COMMENT ON COLUMN @extschema@.ct_scenario.retried_errors IS 'SQLSTATEs or condition names that repeat a transaction, besides 40001 and 40P01, which do unless they are expected';
COMMENT ON COLUMN @extschema@.ct_scenario.min_overlap IS 'contended transactions that a pass needs; null: 10';
COMMENT ON COLUMN @extschema@.ct_scenario.bundled IS 'made by the extension''s script: not dumped, not to be changed';
COMMENT ON COLUMN @extschema@.ct_scenario.owner IS 'the role that may change and drop it; dumped by name, so it must be there where the dump is restored';
COMMENT ON COLUMN @extschema@.ct_scenario.created_at IS 'when it was defined';

COMMENT ON TABLE @extschema@.ct_variant IS 'variants of scenarios: ways of writing their transactions';
COMMENT ON COLUMN @extschema@.ct_variant.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_variant.name IS 'what ct_run takes; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_variant.position IS 'order; the first one is the default';
COMMENT ON COLUMN @extschema@.ct_variant.description IS 'what is different in it';
COMMENT ON COLUMN @extschema@.ct_variant.isolation IS 'isolation level; null: the role''s default';
COMMENT ON COLUMN @extschema@.ct_variant.max_tries IS 'tries of a transaction; 0: no limit; null: the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.setup IS 'script that runs after the scenario''s setup';
COMMENT ON COLUMN @extschema@.ct_variant.expected_errors IS 'in addition to the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.retried_errors IS 'in addition to the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.expected_verdict IS 'what it is known to come to: pass or fail';
COMMENT ON COLUMN @extschema@.ct_variant.bundled IS 'as the scenario''s';

COMMENT ON TABLE @extschema@.ct_script IS 'scripts that workers repeat';
COMMENT ON COLUMN @extschema@.ct_script.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_script.name IS 'its name in the results; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_script.variant IS 'the variant; null: all of them, but for those that have a script of this name themselves';
COMMENT ON COLUMN @extschema@.ct_script.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_script.body IS 'the script, in pgbench''s language';
COMMENT ON COLUMN @extschema@.ct_script.weight IS 'how often it is chosen, relative to the others';
COMMENT ON COLUMN @extschema@.ct_script.think_time IS 'pause after each transaction: its mean, all of them if it is fixed, or the shortest';
COMMENT ON COLUMN @extschema@.ct_script.think_max IS 'the longest pause, of a uniform distribution';
COMMENT ON COLUMN @extschema@.ct_script.think_distribution IS 'fixed or uniform; null: exponential';
COMMENT ON COLUMN @extschema@.ct_script.quoted IS 'variables within quotes are replaced too, as in pgbench''s default query mode: of imported scripts';
COMMENT ON COLUMN @extschema@.ct_script.workers IS 'how many workers run this script and no other; null: those that have none of their own, by weight';
COMMENT ON COLUMN @extschema@.ct_script.bundled IS 'as the scenario''s';

COMMENT ON TABLE @extschema@.ct_class IS 'classes of clients';
COMMENT ON COLUMN @extschema@.ct_class.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_class.name IS 'its name in the results; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_class.variant IS 'the variant; null: all of them, but for those that have a class of this name themselves';
COMMENT ON COLUMN @extschema@.ct_class.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_class.share IS 'of a run''s clients, relative to the other classes''';
COMMENT ON COLUMN @extschema@.ct_class.weights IS 'how often each script is chosen, by its name; null: as the scripts say';
COMMENT ON COLUMN @extschema@.ct_class.think_time IS 'pause after each transaction: its mean, all of them if it is fixed, or the shortest; null: the scripts''';
COMMENT ON COLUMN @extschema@.ct_class.think_max IS 'the longest pause, of a uniform distribution';
COMMENT ON COLUMN @extschema@.ct_class.think_distribution IS 'fixed or uniform; null: exponential';
COMMENT ON COLUMN @extschema@.ct_class.on_start IS 'script that each client executes once before its first transaction; null: the scenario''s';
COMMENT ON COLUMN @extschema@.ct_class.bundled IS 'as the scenario''s';

COMMENT ON TABLE @extschema@.ct_check IS 'checks: queries that return the violations';
COMMENT ON COLUMN @extschema@.ct_check.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_check.name IS 'its name in the results; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_check.variant IS 'the variant; null: all of them, but for those that have a check of this name themselves';
COMMENT ON COLUMN @extschema@.ct_check.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_check.query IS 'a SELECT; a row is a violation';
COMMENT ON COLUMN @extschema@.ct_check.description IS 'what holds if there is no row';
COMMENT ON COLUMN @extschema@.ct_check.kind IS 'what its violations are called';
COMMENT ON COLUMN @extschema@.ct_check.during IS 'asked once a second while a run is under way, too';
COMMENT ON COLUMN @extschema@.ct_check.bundled IS 'as the scenario''s';

COMMENT ON TABLE @extschema@.ct_slo IS 'thresholds on metrics of a run; named as they were called first, for dumps have that name';
COMMENT ON COLUMN @extschema@.ct_slo.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_slo.variant IS 'the variant; null: all of them, but for those that have one with this metric and comparison themselves';
COMMENT ON COLUMN @extschema@.ct_slo.metric IS 'what is measured, and of what; see ct_add_threshold';
COMMENT ON COLUMN @extschema@.ct_slo.op IS 'how it is compared to the target';
COMMENT ON COLUMN @extschema@.ct_slo.target IS 'in the metric''s unit: ms, per second, a fraction or a count';
COMMENT ON COLUMN @extschema@.ct_slo.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_slo.bundled IS 'as the scenario''s';
COMMENT ON TABLE @extschema@.ct_phase IS 'phases of the load of a scenario''s runs';
COMMENT ON COLUMN @extschema@.ct_phase.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_phase.name IS 'what it is called, also by thresholds';
COMMENT ON COLUMN @extschema@.ct_phase.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_phase.duration IS 'how long it is';
COMMENT ON COLUMN @extschema@.ct_phase.rate IS 'transactions per second of the whole run; null: no schedule';
COMMENT ON COLUMN @extschema@.ct_phase.clients IS 'clients at work; null: all';
COMMENT ON COLUMN @extschema@.ct_phase.weights IS 'weights of scripts in the place of their own, by name; null: none';
COMMENT ON COLUMN @extschema@.ct_phase.ramp IS 'time from its beginning in which the rate, or else the number of clients, comes from that of the phase before; null: none';
COMMENT ON COLUMN @extschema@.ct_phase.bundled IS 'as the scenario''s';
COMMENT ON TABLE @extschema@.ct_permutation IS 'orders of sessions that explorations of a scenario execute first';
COMMENT ON COLUMN @extschema@.ct_permutation.scenario IS 'the scenario';
COMMENT ON COLUMN @extschema@.ct_permutation.name IS 'what it is called, as what it once went wrong with';
COMMENT ON COLUMN @extschema@.ct_permutation.permutation IS 'the session that makes each step, from 1';
COMMENT ON COLUMN @extschema@.ct_permutation.position IS 'order';
COMMENT ON COLUMN @extschema@.ct_permutation.bundled IS 'as the scenario''s';
