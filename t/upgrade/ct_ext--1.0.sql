/*
 * Version 1.0 as it was released, but for the bundled scenarios: its pieces
 * are frozen here for t/085_upgrade.pl.  It isn't installed, for the library
 * of a later version executes none of its functions.
 */

/*
 * This script runs as a superuser in a schema where others may be allowed to
 * create things (CVE-2018-1058).  So in all of its pieces the operands of each
 * operator have exactly the types of one of pg_catalog's, which comes first
 * and is found then, whatever stands in the schema; a constant is cast where
 * its type isn't that of the other operand; NULLIF and IN are operators, too.
 * Functions are qualified.  sql/security.sql tries it.
 *
 * Calls of the extension's own functions can't be guarded like this: another
 * one of that name in the schema, with parameters that suit the call better,
 * would be taken.  So there must be none of those that the script calls.
 */
DO LANGUAGE plpgsql $$
DECLARE
	intruder	pg_catalog.regprocedure;
BEGIN
	SELECT p.oid INTO intruder
		FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_extension e ON e.extnamespace = p.pronamespace
		WHERE e.extname = 'ct_ext'::name
			AND p.proname IN ('ct_create_scenario'::name, 'ct_add_variant'::name, 'ct_add_script'::name,
				'ct_add_check'::name, 'ct_add_slo'::name, 'ct_run_lives'::name, 'ct_run_progress'::name)
		ORDER BY p.oid LIMIT 1;
	IF intruder IS NOT NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'duplicate_function',
			MESSAGE = pg_catalog.format('function %s is in the way of ct_ext''s own'::text, intruder),
			HINT = 'Drop it, or create ct_ext in a schema of its own.';
	END IF;
END
$$;

/*
 * Definitions: what can be run.  One row per scenario, variant, script,
 * check and threshold, written by the ct_create_scenario family alone
 * (src/api/define.c) and read by ct_run into a plan (src/plan.c).
 *
 * Rows of bundled scenarios belong to the extension and are not dumped; those
 * that users made are.  Each row says itself which it is: pg_dump's filter
 * can't look at another table, for it runs with an empty search_path.
 */
CREATE TABLE @extschema@.ct_scenario (
	name			text PRIMARY KEY,
	description		text NOT NULL DEFAULT '',
	story			text NOT NULL DEFAULT '',
	category		text NOT NULL DEFAULT '',
	setup			text,
	teardown		text,
	workers			int CHECK (workers > 0),
	duration		interval CHECK (duration > '0'::interval),
	transactions	bigint CHECK (transactions > 0::bigint),
	transactions_expr text,
	rate			float8 CHECK (rate > 0::float8),
	max_tries		int CHECK (max_tries >= 0),
	params			jsonb NOT NULL DEFAULT '{}' CHECK (pg_catalog.jsonb_typeof(params) = 'object'::text),
	expected_errors	text[] NOT NULL DEFAULT '{}',
	retried_errors	text[] NOT NULL DEFAULT '{}',
	min_overlap		int CHECK (min_overlap >= 0),
	bundled			boolean NOT NULL DEFAULT false,
	owner			name NOT NULL DEFAULT current_user,
	created_at		timestamptz NOT NULL DEFAULT pg_catalog.now(),
	CHECK (duration IS NULL OR transactions IS NULL),
	CHECK (transactions_expr IS NULL OR duration IS NULL AND transactions IS NULL)
);

CREATE TABLE @extschema@.ct_variant (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	position		int NOT NULL,
	description		text NOT NULL DEFAULT '',
	isolation		text,
	max_tries		int CHECK (max_tries >= 0),
	setup			text,
	expected_errors	text[] NOT NULL DEFAULT '{}',
	retried_errors	text[] NOT NULL DEFAULT '{}',
	expected_verdict text CHECK (expected_verdict IN ('pass', 'fail')),
	bundled			boolean NOT NULL DEFAULT false,
	PRIMARY KEY (scenario, name),
	UNIQUE (scenario, position)
);

CREATE TABLE @extschema@.ct_script (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	variant			text,			-- NULL: of every variant
	position		int NOT NULL,
	body			text NOT NULL,
	weight			int NOT NULL DEFAULT 1 CHECK (weight > 0),
	think_time		interval NOT NULL DEFAULT '0' CHECK (think_time >= '0'::interval),
	bundled			boolean NOT NULL DEFAULT false,
	FOREIGN KEY (scenario, variant) REFERENCES @extschema@.ct_variant ON DELETE CASCADE,
	UNIQUE NULLS NOT DISTINCT (scenario, variant, name)
);

CREATE TABLE @extschema@.ct_check (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	variant			text,
	position		int NOT NULL,
	query			text NOT NULL,
	description		text NOT NULL DEFAULT '',
	kind			text NOT NULL DEFAULT 'invariant',
	during			boolean NOT NULL DEFAULT false,
	bundled			boolean NOT NULL DEFAULT false,
	FOREIGN KEY (scenario, variant) REFERENCES @extschema@.ct_variant ON DELETE CASCADE,
	UNIQUE NULLS NOT DISTINCT (scenario, variant, name)
);

CREATE TABLE @extschema@.ct_slo (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	variant			text,
	metric			text NOT NULL,
	op				text NOT NULL CHECK (op IN ('<', '<=', '=', '>=', '>', '<>')),
	target			float8 NOT NULL,
	position		int NOT NULL,
	bundled			boolean NOT NULL DEFAULT false,
	FOREIGN KEY (scenario, variant) REFERENCES @extschema@.ct_variant ON DELETE CASCADE,
	UNIQUE NULLS NOT DISTINCT (scenario, variant, metric, op)
);
/*
 * Results: what became of each run.  ct_result has one row per run, committed
 * by the leader before anything else happens; the other tables hang on it and
 * are filled by the leader alone (src/catalog.c).  Nobody else writes here.
 */
CREATE TABLE @extschema@.ct_result (
	run_id			bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
	scenario		text,			-- NULL: ct_test
	variant			text,
	role			name NOT NULL,	-- whom the run acted as
	status			text NOT NULL CHECK (status IN
						('starting', 'running', 'succeeded', 'failed', 'cancelled', 'crashed')),
	verdict			text CHECK (verdict IN ('pass', 'fail', 'inconclusive')),
	reason			text,			-- of the verdict, in a sentence
	started_at		timestamptz NOT NULL,
	gate_at			timestamptz,	-- when the workers were let go
	finished_at		timestamptz,
	duration		float8,			-- of the measured part, seconds
	workers_asked	int NOT NULL,
	workers			int,			-- how many really raced
	isolation		text,
	transactions	bigint,			-- completed (measured part: after the warm-up)
	failed			bigint,			-- given up, by an error or after the last try
	retries			bigint,
	anomalies		bigint,			-- violations over all checks
	overlapped		bigint,			-- evidence: see ct_runs
	waited			bigint,
	met				bigint,
	contended		bigint,
	barrier_breaks	bigint,
	tps				float8,
	mean_ms			float8,
	p50_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	max_ms			float8,
	held_horizon	boolean NOT NULL DEFAULT false,	-- the waiting caller held back vacuum
	sqlstate		text,			-- why status is failed or cancelled
	message			text,
	seed			bigint,
	server_version	text NOT NULL DEFAULT pg_catalog.current_setting('server_version'::text),
	plan			jsonb NOT NULL,
	leader_pid		int NOT NULL,
	shm_handle		bigint NOT NULL,	-- the run's shared memory, to find out whether it lives
	sandbox			name,			-- schema that is to be dropped; NULL once it is, or if none or kept
	kept_sandbox	name
);

CREATE INDEX ON @extschema@.ct_result (started_at);
/* what the next run has to look after */
CREATE INDEX ON @extschema@.ct_result (run_id) WHERE status IN ('starting', 'running') OR sandbox IS NOT NULL;

CREATE TABLE @extschema@.ct_result_anomaly (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	check_name		text NOT NULL,
	kind			text NOT NULL,
	observed		text,
	expected		text,
	evidence		jsonb,
	first_seen		timestamptz NOT NULL
);
CREATE INDEX ON @extschema@.ct_result_anomaly (run_id);

CREATE TABLE @extschema@.ct_result_check (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	position		int NOT NULL,
	check_name		text NOT NULL,
	kind			text NOT NULL,	-- what violations are called; threshold
	target			text NOT NULL,	-- '0 rows', '< 100' ...
	actual			text NOT NULL,	-- '3 rows', '87.2' ...
	status			text NOT NULL CHECK (status IN ('pass', 'fail')),
	violations		bigint NOT NULL,
	PRIMARY KEY (run_id, position)
);

CREATE TABLE @extschema@.ct_result_outcome (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	outcome			text NOT NULL,
	count			bigint NOT NULL,
	PRIMARY KEY (run_id, script, outcome)
);

CREATE TABLE @extschema@.ct_result_tally (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	tally			text NOT NULL,
	value			float8 NOT NULL,
	PRIMARY KEY (run_id, tally)
);

CREATE TABLE @extschema@.ct_result_latency (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	step			int NOT NULL,	-- 0 for what is the transaction's, else the command's number from 1
	kind			text NOT NULL,	-- transaction, statement, schedule_lag, lock_wait
	sql				text,			-- the step's text
	count			bigint NOT NULL,
	mean_ms			float8,
	stddev_ms		float8,
	min_ms			float8,
	p50_ms			float8,
	p90_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	p999_ms			float8,
	max_ms			float8,
	lower_us		float8[] NOT NULL,	-- the histogram's buckets that are not empty:
	upper_us		float8[] NOT NULL,	-- lower bound inclusive, upper exclusive
	bucket_count	bigint[] NOT NULL,
	PRIMARY KEY (run_id, script, step, kind)
);

CREATE TABLE @extschema@.ct_result_second (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	"time"			timestamptz NOT NULL,	-- the second's end
	seconds			float8 NOT NULL,		-- its length, 1 but for the last one
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	retries			bigint NOT NULL,
	p50_ms			float8,
	p95_ms			float8,
	p99_ms			float8,
	max_ms			float8,
	PRIMARY KEY (run_id, "time")
);

CREATE TABLE @extschema@.ct_result_error (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	sqlstate		text NOT NULL,
	condition_name	text NOT NULL,
	handling		text NOT NULL CHECK (handling IN ('retried', 'gave_up', 'expected', 'failed')),
	count			bigint NOT NULL,
	first_message	text NOT NULL,
	PRIMARY KEY (run_id, script, sqlstate, handling)
);

CREATE TABLE @extschema@.ct_result_worker (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	worker			int NOT NULL,	-- from 1
	pid				int NOT NULL,
	transactions	bigint NOT NULL,
	failed			bigint NOT NULL,
	retries			bigint NOT NULL,
	overlapped		bigint NOT NULL,
	waited			bigint NOT NULL,
	met				bigint NOT NULL,
	PRIMARY KEY (run_id, worker)
);
/*
 * Defining scenarios: the functions that write the definitions, the view that
 * shows them, and what is to be known of both.
 *
 * What is defined is SQL that someone will run, so none of these functions is
 * for PUBLIC.  They write with the rights of the extension's owner, under a
 * search_path of their own (src/catalog.c); ownership is checked inside.
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
	transactions_expr text DEFAULT NULL
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
	think_time		interval DEFAULT '0'
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_script';

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

CREATE FUNCTION @extschema@.ct_add_slo(
	scenario		text,
	metric			text,
	op				text,
	target			float8,
	variant			text DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_add_slo';

CREATE FUNCTION @extschema@.ct_drop_scenario(
	name			text
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_drop_scenario';

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
	min_overlap		int DEFAULT NULL
) RETURNS void
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_import_pgbench';

REVOKE ALL ON FUNCTION @extschema@.ct_create_scenario(text, text, text, text, int, interval, bigint, jsonb, text, float8, int, text[], text[], int, text, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_variant(text, text, text, text, int, text, text[], text[], text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_script(text, text, text, text, int, interval) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_check(text, text, text, text, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_add_slo(text, text, text, float8, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_scenario(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_import_pgbench(text, text, text, text, text, int, interval, bigint, jsonb, float8, int, int) FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_create_scenario(text, text, text, text, int, interval, bigint, jsonb, text, float8, int, text[], text[], int, text, text) IS
'Defines a scenario, owned by the current role; ct_add_script gives it something to run.
setup, teardown: scripts that run once in the run''s own schema, before the workers start and after the checks.
workers (1 to 1000), duration (up to 31 days), transactions (for the whole run), rate (transactions per second of the whole run), max_tries (of a transaction; 0: no limit) and min_overlap (contended transactions that a pass needs) are the defaults of its runs; duration and transactions exclude each other.
transactions_expr: the number of transactions as an expression of the script language over the params, as :buyers or :users * 2, of at least 1; instead of transactions, so that a run is as large as its params say.
description: one line that says which bug it shows. story: the same at length, for docs.
params: a JSON object of scalars, which are variables of the scripts; a call can override but not add any.
expected_errors: SQLSTATEs or condition names, as 23505 or unique_violation=taken; a transaction that ends with one counts as the outcome behind the equals sign (else named after the condition), not as a failure.
retried_errors: repeat the transaction upon these too, besides 40001 and 40P01.
Raises 42710 if there is a scenario of that name, 42601 for a script that does not parse, 22023 for a value out of range.';
COMMENT ON FUNCTION @extschema@.ct_add_variant(text, text, text, text, int, text, text[], text[], text) IS
'Adds a way of running a scenario; the first one is what ct_run runs by default. A scenario without any has one variant, "default".
isolation: read committed, repeatable read or serializable; NULL: the role''s default. max_tries: overrides the scenario''s. setup: a script that runs after the scenario''s. expected_errors and retried_errors add to the scenario''s. expected_verdict: what it is known to come to, pass or fail; it changes no verdict.
Raises 42704 if there is no such scenario, 42501 unless it is the current role''s, 42710 if it has that variant already.';
COMMENT ON FUNCTION @extschema@.ct_add_script(text, text, text, text, int, interval) IS
'Adds a script, in pgbench''s language, that workers repeat. Several scripts make a mix.
variant: NULL for all of them; a variant''s own script takes the place of the general one of the same name. weight (1 to 1000000): how often it is chosen, relative to the others. think_time: mean pause after each transaction, up to 31 days.
Raises 42704 if there is no such scenario or variant, 42501 unless it is the current role''s, 42710 if it has that script already, 42601 with the place if the script or one of its statements does not parse.';
COMMENT ON FUNCTION @extschema@.ct_add_check(text, text, text, text, text, text, boolean) IS
'Adds a check: one SELECT that returns the violations, a row each; the check holds if there is none.
The query can use the scenario''s params as :variables, and :transactions, :outcome_LABEL, :tally_NAME.
kind: what the violations are called, as lost_update. variant: NULL for all of them; a variant''s own check takes the place of the general one of the same name. during: asked once a second while the run is under way, too.
Raises as ct_add_script does, and 22023 for what is not one SELECT.';
COMMENT ON FUNCTION @extschema@.ct_add_slo(text, text, text, float8, text) IS
'Adds a threshold on a metric, as p95_ms < 100.
metric: tps, transactions, failed, retries, errors, deadlocks, serialization_failures, error_rate (failed of all), retry_rate (retries per transaction), mean_ms, p50_ms, p95_ms, p99_ms, p999_ms, max_ms. op: <, <=, =, >=, >, <>. A run without transactions has no latencies, and no threshold on these holds.
Raises 42704 if there is no such scenario, variant or metric, 42501 unless it is the current role''s, 42710 if it has that metric and comparison already.';
COMMENT ON FUNCTION @extschema@.ct_drop_scenario(text) IS
'Drops a scenario with its variants, scripts, checks and thresholds; the results of its runs stay.
Raises 42704 if there is no such scenario, 42501 unless it is the current role''s or if it is bundled.';
COMMENT ON FUNCTION @extschema@.ct_import_pgbench(text, text, text, text, text, int, interval, bigint, jsonb, float8, int, int) IS
'Defines a scenario of an unmodified pgbench script, as pgbench -f runs it, or of one of its builtin scripts: tpcb-like, simple-update, select-only.
setup: NULL makes the tables of a builtin script in the run''s own schema, of :scale (1 unless params say else); an empty one leaves it to those that pgbench -i has made. Other arguments are those of ct_create_scenario, but by default a transaction is tried once, as by pgbench, and no overlap is asked for unless tpcb-like''s sums are checked.
Raises as ct_create_scenario and ct_add_script do.';

CREATE VIEW @extschema@.ct_scenarios AS
SELECT s.name,
	s.category,
	s.bundled,
	s.owner,
	(SELECT pg_catalog.count(*)::int FROM @extschema@.ct_script c WHERE c.scenario = s.name) AS scripts,
	s.workers,
	s.duration,
	s.transactions,
	s.transactions_expr,
	coalesce((SELECT pg_catalog.array_agg(v.name ORDER BY v.position)
			  FROM @extschema@.ct_variant v WHERE v.scenario = s.name), '{default}'::text[]) AS variants,
	coalesce((SELECT pg_catalog.array_agg(k.name ORDER BY k.slo, k.position)
			  FROM (SELECT c.name, false AS slo, pg_catalog.min(c.position) AS position
					FROM @extschema@.ct_check c WHERE c.scenario = s.name GROUP BY c.name
					UNION ALL
					SELECT t.metric || ' '::text || t.op || ' '::text || t.target::text, true, pg_catalog.min(t.position)
					FROM @extschema@.ct_slo t WHERE t.scenario = s.name
					GROUP BY t.metric, t.op, t.target) k), '{}'::text[]) AS checks,
	s.params,
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
	b.body
FROM @extschema@.ct_scenario s
CROSS JOIN LATERAL (
	SELECT 1 AS phase, 0 AS "position", 'setup'::text AS kind, NULL::text AS variant,
		NULL::text AS script, NULL::int AS weight, s.setup AS body
	UNION ALL
	SELECT 2, v."position", 'variant setup'::text, v.name, NULL::text, NULL::int, v.setup
	FROM @extschema@.ct_variant v WHERE v.scenario = s.name
	UNION ALL
	SELECT 3, c."position", 'script'::text, c.variant, c.name, c.weight, c.body
	FROM @extschema@.ct_script c WHERE c.scenario = s.name
	UNION ALL
	SELECT 4, k."position", 'check'::text, k.variant, k.name, NULL::int, k.query
	FROM @extschema@.ct_check k WHERE k.scenario = s.name
	UNION ALL
	SELECT 5, 0, 'teardown'::text, NULL::text, NULL::text, NULL::int, s.teardown) b
WHERE b.body IS NOT NULL
	AND (s.bundled
		OR s.owner IN (SELECT a.rolname FROM pg_catalog.pg_roles a
					   WHERE pg_catalog.pg_has_role(a.oid, 'USAGE'::text))
		OR (SELECT a.rolsuper FROM pg_catalog.pg_roles a WHERE a.rolname = current_user))
ORDER BY s.name, b.phase, b."position";

GRANT SELECT ON @extschema@.ct_scenarios, @extschema@.ct_stories, @extschema@.ct_variants, @extschema@.ct_scripts TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_scenarios IS 'Scenarios that ct_run can run. What they execute is in ct_scripts, what their variants are in ct_variants.';
COMMENT ON COLUMN @extschema@.ct_scenarios.name IS 'What ct_run takes';
COMMENT ON COLUMN @extschema@.ct_scenarios.category IS 'What kind of bug it is about';
COMMENT ON COLUMN @extschema@.ct_scenarios.bundled IS 'Comes with the extension, and cannot be changed';
COMMENT ON COLUMN @extschema@.ct_scenarios.owner IS 'The role that may change and drop it';
COMMENT ON COLUMN @extschema@.ct_scenarios.scripts IS 'How many scripts it has, over all variants';
COMMENT ON COLUMN @extschema@.ct_scenarios.workers IS 'Workers of a run; null: 8, or as many as there are';
COMMENT ON COLUMN @extschema@.ct_scenarios.duration IS 'Length of a run; null: 10 seconds unless transactions are given';
COMMENT ON COLUMN @extschema@.ct_scenarios.transactions IS 'Transactions of a whole run; null: the duration decides';
COMMENT ON COLUMN @extschema@.ct_scenarios.transactions_expr IS 'The same as an expression over the params, for a run whose call says neither a duration nor a number';
COMMENT ON COLUMN @extschema@.ct_scenarios.variants IS 'Its variants, the default one first';
COMMENT ON COLUMN @extschema@.ct_scenarios.checks IS 'Names of its checks, then its thresholds, over all variants';
COMMENT ON COLUMN @extschema@.ct_scenarios.params IS 'Parameters that a call can override, with their defaults';
COMMENT ON COLUMN @extschema@.ct_scenarios.description IS 'Which bug it shows';

COMMENT ON VIEW @extschema@.ct_stories IS 'What a scenario''s author has to tell: where the bug comes from, what goes wrong, what to look at, which fix to take when';
COMMENT ON COLUMN @extschema@.ct_stories.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_stories.story IS 'Paragraphs of markdown; in psql: \pset format unaligned';

COMMENT ON VIEW @extschema@.ct_variants IS 'Variants that ct_run can run: a row per scenario and variant, the default one first';
COMMENT ON COLUMN @extschema@.ct_variants.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_variants.variant IS 'What ct_run takes; a scenario without any has one named default';
COMMENT ON COLUMN @extschema@.ct_variants."position" IS 'Order; the first one is what ct_run runs by default';
COMMENT ON COLUMN @extschema@.ct_variants.isolation IS 'Isolation level of its transactions; null: that of the role that runs it';
COMMENT ON COLUMN @extschema@.ct_variants.expected_verdict IS 'What it is known to come to: fail for one that has the bug, pass for one that hasn''t; null: not said';
COMMENT ON COLUMN @extschema@.ct_variants.description IS 'What is different in it';

COMMENT ON VIEW @extschema@.ct_scripts IS 'All that scenarios execute with the rights of the role that runs them, in the order of a run, to be read before: of bundled scenarios for everybody, of others for roles with the privileges of their owner, and superusers. Thresholds are in ct_scenarios.checks.';
COMMENT ON COLUMN @extschema@.ct_scripts.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_scripts.kind IS 'setup (once, before all), variant setup (once, after it), script (repeated by the workers), check (asked at the end, some also during the run), teardown (once, after all)';
COMMENT ON COLUMN @extschema@.ct_scripts.variant IS 'The variant that it is for; null: all of them, but for those that have a script or check of this name themselves';
COMMENT ON COLUMN @extschema@.ct_scripts.script IS 'Name of the script or check, as in the results; null for setups and the teardown';
COMMENT ON COLUMN @extschema@.ct_scripts.weight IS 'How often a script is chosen, relative to the others; null for all but scripts';
COMMENT ON COLUMN @extschema@.ct_scripts.body IS 'What is executed: SQL, in pgbench''s language';

/* Within CREATE EXTENSION the extension's schema is the search_path. */
SELECT pg_catalog.pg_extension_config_dump('ct_scenario', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_variant', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_script', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_check', 'WHERE NOT bundled');
SELECT pg_catalog.pg_extension_config_dump('ct_slo', 'WHERE NOT bundled');

COMMENT ON TABLE @extschema@.ct_scenario IS 'Scenarios as they were defined; see the view ct_scenarios';
COMMENT ON COLUMN @extschema@.ct_scenario.name IS 'What ct_run takes; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_scenario.description IS 'Which bug it shows';
COMMENT ON COLUMN @extschema@.ct_scenario.story IS 'The same at length';
COMMENT ON COLUMN @extschema@.ct_scenario.category IS 'What kind of bug it is about';
COMMENT ON COLUMN @extschema@.ct_scenario.setup IS 'Script that runs before the workers start';
COMMENT ON COLUMN @extschema@.ct_scenario.teardown IS 'Script that runs after the checks';
COMMENT ON COLUMN @extschema@.ct_scenario.workers IS 'Workers of a run, unless the call says else';
COMMENT ON COLUMN @extschema@.ct_scenario.duration IS 'Length of a run, unless the call says else';
COMMENT ON COLUMN @extschema@.ct_scenario.transactions IS 'Transactions of a whole run, instead of its length';
COMMENT ON COLUMN @extschema@.ct_scenario.transactions_expr IS 'The same as an expression over the params';
COMMENT ON COLUMN @extschema@.ct_scenario.rate IS 'Transactions per second of a whole run; null: as many as possible';
COMMENT ON COLUMN @extschema@.ct_scenario.max_tries IS 'Tries of a transaction; 0: no limit';
COMMENT ON COLUMN @extschema@.ct_scenario.params IS 'Variables of the scripts with their defaults';
COMMENT ON COLUMN @extschema@.ct_scenario.expected_errors IS 'SQLSTATEs or condition names that are outcomes, with =LABEL';
COMMENT ON COLUMN @extschema@.ct_scenario.retried_errors IS 'SQLSTATEs or condition names that repeat a transaction, besides 40001 and 40P01';
COMMENT ON COLUMN @extschema@.ct_scenario.min_overlap IS 'Contended transactions that a pass needs; null: 10';
COMMENT ON COLUMN @extschema@.ct_scenario.bundled IS 'Made by the extension''s script: not dumped, not to be changed';
COMMENT ON COLUMN @extschema@.ct_scenario.owner IS 'The role that may change and drop it; by name, so that a dump can be restored anywhere';
COMMENT ON COLUMN @extschema@.ct_scenario.created_at IS 'When it was defined';

COMMENT ON TABLE @extschema@.ct_variant IS 'Variants of scenarios: ways of writing their transactions';
COMMENT ON COLUMN @extschema@.ct_variant.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_variant.name IS 'What ct_run takes; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_variant.position IS 'Order; the first one is the default';
COMMENT ON COLUMN @extschema@.ct_variant.description IS 'What is different in it';
COMMENT ON COLUMN @extschema@.ct_variant.isolation IS 'Isolation level; null: the role''s default';
COMMENT ON COLUMN @extschema@.ct_variant.max_tries IS 'Tries of a transaction; 0: no limit; null: the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.setup IS 'Script that runs after the scenario''s setup';
COMMENT ON COLUMN @extschema@.ct_variant.expected_errors IS 'In addition to the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.retried_errors IS 'In addition to the scenario''s';
COMMENT ON COLUMN @extschema@.ct_variant.expected_verdict IS 'What it is known to come to: pass or fail';
COMMENT ON COLUMN @extschema@.ct_variant.bundled IS 'As the scenario''s';

COMMENT ON TABLE @extschema@.ct_script IS 'Scripts that workers repeat';
COMMENT ON COLUMN @extschema@.ct_script.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_script.name IS 'Its name in the results; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_script.variant IS 'The variant; null: all of them, but for those that have a script of this name themselves';
COMMENT ON COLUMN @extschema@.ct_script.position IS 'Order';
COMMENT ON COLUMN @extschema@.ct_script.body IS 'The script, in pgbench''s language';
COMMENT ON COLUMN @extschema@.ct_script.weight IS 'How often it is chosen, relative to the others';
COMMENT ON COLUMN @extschema@.ct_script.think_time IS 'Mean pause after each transaction';
COMMENT ON COLUMN @extschema@.ct_script.bundled IS 'As the scenario''s';

COMMENT ON TABLE @extschema@.ct_check IS 'Checks: queries that return the violations';
COMMENT ON COLUMN @extschema@.ct_check.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_check.name IS 'Its name in the results; at most 63 bytes';
COMMENT ON COLUMN @extschema@.ct_check.variant IS 'The variant; null: all of them, but for those that have a check of this name themselves';
COMMENT ON COLUMN @extschema@.ct_check.position IS 'Order';
COMMENT ON COLUMN @extschema@.ct_check.query IS 'A SELECT; a row is a violation';
COMMENT ON COLUMN @extschema@.ct_check.description IS 'What holds if there is no row';
COMMENT ON COLUMN @extschema@.ct_check.kind IS 'What its violations are called';
COMMENT ON COLUMN @extschema@.ct_check.during IS 'Asked once a second while a run is under way, too';
COMMENT ON COLUMN @extschema@.ct_check.bundled IS 'As the scenario''s';

COMMENT ON TABLE @extschema@.ct_slo IS 'Thresholds on metrics of a run';
COMMENT ON COLUMN @extschema@.ct_slo.scenario IS 'The scenario';
COMMENT ON COLUMN @extschema@.ct_slo.variant IS 'The variant; null: all of them, but for those that have one with this metric and comparison themselves';
COMMENT ON COLUMN @extschema@.ct_slo.metric IS 'What is measured; see ct_add_slo';
COMMENT ON COLUMN @extschema@.ct_slo.op IS 'How it is compared to the target';
COMMENT ON COLUMN @extschema@.ct_slo.target IS 'In the metric''s unit: ms, per second, a fraction or a count';
COMMENT ON COLUMN @extschema@.ct_slo.position IS 'Order';
COMMENT ON COLUMN @extschema@.ct_slo.bundled IS 'As the scenario''s';
/*
 * Runs: starting, waiting, cancelling, watching.  In C, in src/api; each of
 * these executes SQL that others wrote, as the role that calls it, so nobody
 * may unless granted.
 */
CREATE FUNCTION @extschema@.ct_run(
	scenario		text,
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
	raise_on_fail	boolean DEFAULT false,
	trust_owner		boolean DEFAULT false,
	thresholds		text[] DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_run';

CREATE FUNCTION @extschema@.ct_start(
	scenario		text,
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
	raise_on_fail	boolean DEFAULT false,
	trust_owner		boolean DEFAULT false,
	thresholds		text[] DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_start';

CREATE FUNCTION @extschema@.ct_test(
	script			text,
	setup			text DEFAULT NULL,
	checks			text[] DEFAULT '{}',
	workers			int DEFAULT NULL,
	duration		interval DEFAULT NULL,
	transactions	bigint DEFAULT NULL,
	isolation		text DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	rate			float8 DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	seed			bigint DEFAULT NULL,
	warmup			interval DEFAULT NULL,
	ramp			interval DEFAULT NULL,
	min_overlap		int DEFAULT NULL,
	expected_errors	text[] DEFAULT NULL,
	keep			boolean DEFAULT false,
	raise_on_fail	boolean DEFAULT false
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_test';

CREATE FUNCTION @extschema@.ct_compare(
	scenario		text,
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
	trust_owner		boolean DEFAULT false,
	thresholds		text[] DEFAULT NULL,
	OUT variant		text,
	OUT verdict		text,
	OUT anomalies	bigint,
	OUT tps			float8,
	OUT p50_ms		float8,
	OUT p95_ms		float8,
	OUT p99_ms		float8,
	OUT retries		bigint,
	OUT failed		bigint,
	OUT errors		bigint,
	OUT cheapest	boolean,
	OUT run_id		bigint
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_compare';

CREATE FUNCTION @extschema@.ct_wait(run_id bigint, timeout interval DEFAULT NULL) RETURNS text
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_wait';

CREATE FUNCTION @extschema@.ct_cancel(run_id bigint) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_cancel';

CREATE FUNCTION @extschema@.ct_sweep() RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_sweep';

CREATE FUNCTION @extschema@.ct_run_lives(run_id bigint, shm_handle bigint) RETURNS boolean
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_run_lives';

CREATE FUNCTION @extschema@.ct_run_progress(run_id bigint, shm_handle bigint,
	OUT phase		text,
	OUT elapsed		float8,
	OUT workers		int,
	OUT transactions bigint,
	OUT failed		bigint,
	OUT retries		bigint,
	OUT tps			float8,
	OUT p50_ms		float8,
	OUT p95_ms		float8,
	OUT p99_ms		float8
) RETURNS record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_run_progress';

REVOKE ALL ON FUNCTION @extschema@.ct_run(text, text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, boolean, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_start(text, text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, boolean, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_test(text, text, text[], int, interval, bigint, text, int, float8, jsonb, bigint, interval, interval, int, text[], boolean, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_compare(text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_sweep() FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_run(text, text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, boolean, text[]) IS
'runs one variant of a scenario (default: its first) as the calling role, waits for it, and returns its run id. workers: 1 to 1000, default the scenario''s or as many as there are slots for; duration and transactions (for the whole run): one of them, default the scenario''s or 10 s; rate: transactions per second of the whole run, Poisson arrivals, latency then counts from the intended start; isolation: read committed, repeatable read or serializable; max_tries: of a transaction that fails with 40001 or 40P01, 0 for no limit; params: values for the scenario''s parameters; seed: same seed, same random values per worker; warmup: what is measured begins after it; ramp: time over which the workers start; min_overlap: contended transactions that a pass needs; expected_errors: SQLSTATEs or condition names that are outcomes, as "23505=conflict"; keep: leave the sandbox schema; raise_on_fail: raise P0004 unless the verdict is pass; trust_owner: run a scenario of a role that one is no member of, which executes what that role has written; thresholds: like "p95_ms < 100", each in the place of those of the scenario that bound the same metric from the same side';
COMMENT ON FUNCTION @extschema@.ct_start(text, text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, boolean, text[]) IS
'like ct_run, but returns as soon as the run is recorded; see ct_wait, ct_cancel and ct_progress';
COMMENT ON FUNCTION @extschema@.ct_test(text, text, text[], int, interval, bigint, text, int, float8, jsonb, bigint, interval, interval, int, text[], boolean, boolean) IS
'tests a script, say a call of one''s own function, without defining a scenario: setup is a script executed once in a schema of the run''s own, each check a query that returns the violations, or a threshold like "p95_ms < 100". Options as for ct_run';
COMMENT ON FUNCTION @extschema@.ct_compare(text, int, interval, bigint, float8, text, int, jsonb, bigint, interval, interval, int, text[], boolean, boolean, text[]) IS
'runs every variant of a scenario one after the other, with the same random seed, and returns a row each; cheapest marks the one with the highest tps of those that pass. Options as for ct_run';
COMMENT ON FUNCTION @extschema@.ct_wait(bigint, interval) IS
'waits until the run has ended, or the timeout is over, and returns its status';
COMMENT ON FUNCTION @extschema@.ct_cancel(bigint) IS
'cancels a run under way; false if it had ended already. For the run''s role and members of pg_signal_backend';
COMMENT ON FUNCTION @extschema@.ct_sweep() IS
'marks runs whose leader is gone as crashed and drops their sandboxes, as every run does when it starts; returns how many';
COMMENT ON FUNCTION @extschema@.ct_run_lives(bigint, bigint) IS
'internal: does the run that is recorded as under way still have its leader?';
COMMENT ON FUNCTION @extschema@.ct_run_progress(bigint, bigint) IS
'internal: what a run''s shared memory says; see ct_progress';
/*
 * Views: how results are looked at.  Who may see what is decided in one
 * place, ct_visible_result: a role sees the runs of the roles whose privileges
 * it has (as C's has_privs_of_role says: membership that is inherited), those
 * with the privileges of pg_read_all_stats and superusers see all.  The tables
 * are closed; the views below run with the extension owner's rights on them,
 * while current_user, which pg_has_role asks about, stays the one who asks.
 * They are security barriers, so that no function in somebody's WHERE clause
 * is shown a row before it was decided that they may see it.
 *
 * A run's role is kept by name: where it has been dropped, its runs are left
 * to pg_read_all_stats.
 */
CREATE VIEW @extschema@.ct_visible_result WITH (security_barrier) AS
	SELECT r.*
	FROM @extschema@.ct_result r
	WHERE pg_catalog.pg_has_role('pg_read_all_stats'::name, 'USAGE'::text)
		OR r.role IN (SELECT a.rolname FROM pg_catalog.pg_roles a
					  WHERE pg_catalog.pg_has_role(a.oid, 'USAGE'::text));

/*
 * A run that is stored as under way but whose leader is gone has crashed.  A
 * standby can't know: it has the primary's rows, but not its memory.
 */
CREATE VIEW @extschema@.ct_runs WITH (security_barrier) AS
	SELECT r.run_id,
		r.scenario,
		r.variant,
		CASE
			WHEN r.status NOT IN ('starting', 'running') THEN r.status
			WHEN pg_catalog.pg_is_in_recovery() THEN r.status
			WHEN @extschema@.ct_run_lives(r.run_id, r.shm_handle) THEN r.status
			ELSE 'crashed'
		END AS status,
		r.verdict,
		r.started_at,
		r.duration,
		r.workers,
		r.isolation,
		r.transactions,
		pg_catalog.round(r.tps::numeric, 1)::float8 AS tps,
		r.failed,
		r.retries,
		r.anomalies,
		pg_catalog.round(r.mean_ms::numeric, 3)::float8 AS mean_ms,
		pg_catalog.round(r.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(r.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(r.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(r.max_ms::numeric, 3)::float8 AS max_ms,
		r.overlapped,
		r.waited,
		r.met,
		r.contended,
		r.barrier_breaks,
		r.workers_asked,
		nullif((r.plan ->> 'rate'::text)::float8, 0::float8) AS rate,
		(r.plan ->> 'max_tries'::text)::int AS max_tries,
		r.held_horizon,
		r.seed,
		r.gate_at,
		r.finished_at,
		r.role,
		r.kept_sandbox,
		r.server_version,
		r.sqlstate,
		r.message,
		r.reason,
		r.plan -> 'params'::text AS params
	FROM @extschema@.ct_visible_result r
	ORDER BY r.run_id;

CREATE VIEW @extschema@.ct_anomalies WITH (security_barrier) AS
	SELECT a.run_id,
		a.check_name,
		a.kind,
		a.first_seen,
		a.observed,
		a.expected,
		a.evidence
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_anomaly a ON a.run_id = r.run_id
	ORDER BY a.run_id, a.first_seen, a.check_name, a.evidence;

CREATE VIEW @extschema@.ct_checks WITH (security_barrier) AS
	SELECT c.run_id,
		c."position",
		c.check_name,
		c.kind,
		c.status,
		c.violations,
		c.target,
		c.actual
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_check c ON c.run_id = r.run_id
	ORDER BY c.run_id, c."position";

CREATE VIEW @extschema@.ct_outcomes WITH (security_barrier) AS
	SELECT o.run_id,
		o.script,
		o.outcome,
		o.count,
		o.count::float8
		/ nullif(pg_catalog.sum(o.count) OVER (PARTITION BY o.run_id, o.script)::float8, 0::float8) AS share
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_outcome o ON o.run_id = r.run_id
	ORDER BY o.run_id, o.script, o.count DESC, o.outcome;

CREATE VIEW @extschema@.ct_tallies WITH (security_barrier) AS
	SELECT t.run_id,
		t.tally,
		t.value
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_tally t ON t.run_id = r.run_id
	ORDER BY t.run_id, t.tally;

CREATE VIEW @extschema@.ct_latencies WITH (security_barrier) AS
	SELECT l.run_id,
		l.script,
		l.step,
		l.kind,
		l.count,
		l.mean_ms,
		l.stddev_ms,
		l.min_ms,
		l.p50_ms,
		l.p90_ms,
		l.p95_ms,
		l.p99_ms,
		l.p999_ms,
		l.max_ms,
		l.sql
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_latency l ON l.run_id = r.run_id
	ORDER BY l.run_id, l.script, l.step, l.kind;

CREATE VIEW @extschema@.ct_histograms WITH (security_barrier) AS
	SELECT l.run_id,
		l.script,
		l.step,
		l.kind,
		b.lower_us,
		b.upper_us,
		b.count,
		(pg_catalog.sum(b.count) OVER (PARTITION BY l.run_id, l.script, l.step, l.kind
									   ORDER BY b.lower_us))::float8
		/ nullif(pg_catalog.sum(b.count) OVER (PARTITION BY l.run_id, l.script, l.step, l.kind)::float8, 0::float8)
			AS cumulative_share
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_latency l ON l.run_id = r.run_id
	CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(l.lower_us),
								  pg_catalog.unnest(l.upper_us),
								  pg_catalog.unnest(l.bucket_count)) AS b (lower_us, upper_us, count)
	ORDER BY l.run_id, l.script, l.step, l.kind, b.lower_us;

/*
 * "metric" is what Grafana calls the column that names a series, "second"
 * puts runs of different hours side by side:
 *   SELECT second, metric, tps FROM ct_timeline WHERE run_id IN (17, 18) \crosstabview
 */
CREATE VIEW @extschema@.ct_timeline WITH (security_barrier) AS
	SELECT s."time",
		s.run_id,
		1 + pg_catalog.round(pg_catalog.date_part('epoch'::text, s."time" - coalesce(r.gate_at, r.started_at))
							 - s.seconds)::int AS second,
		s.seconds,
		s.transactions,
		pg_catalog.round((s.transactions::float8 / nullif(s.seconds, 0::float8))::numeric, 1)::float8 AS tps,
		s.failed,
		s.retries,
		pg_catalog.round(s.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(s.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(s.p99_ms::numeric, 3)::float8 AS p99_ms,
		pg_catalog.round(s.max_ms::numeric, 3)::float8 AS max_ms,
		pg_catalog.concat_ws(' ', coalesce(r.scenario, 'ct_test'), r.variant,
							 pg_catalog.concat('#', s.run_id)) AS metric
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_second s ON s.run_id = r.run_id
	ORDER BY s.run_id, s."time";

CREATE VIEW @extschema@.ct_errors WITH (security_barrier) AS
	SELECT e.run_id,
		e.script,
		e.sqlstate,
		e.condition_name,
		e.handling,
		e.count,
		e.first_message
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_error e ON e.run_id = r.run_id
	ORDER BY e.run_id, e.script, e.count DESC, e.sqlstate, e.handling;

CREATE VIEW @extschema@.ct_workers WITH (security_barrier) AS
	SELECT w.run_id,
		w.worker,
		w.pid,
		w.transactions,
		w.transactions::float8
		/ nullif(pg_catalog.sum(w.transactions) OVER (PARTITION BY w.run_id)::float8, 0::float8) AS share,
		w.failed,
		w.retries,
		w.overlapped,
		w.waited,
		w.met
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_worker w ON w.run_id = r.run_id
	ORDER BY w.run_id, w.worker;

GRANT SELECT ON @extschema@.ct_runs, @extschema@.ct_anomalies, @extschema@.ct_checks,
	@extschema@.ct_outcomes, @extschema@.ct_tallies, @extschema@.ct_latencies,
	@extschema@.ct_histograms, @extschema@.ct_timeline, @extschema@.ct_errors,
	@extschema@.ct_workers
	TO PUBLIC;

/* ---- comments: the views ---- */

COMMENT ON VIEW @extschema@.ct_visible_result IS 'internal: the rows of ct_result that the current role may see; all views of results stand on it';

COMMENT ON VIEW @extschema@.ct_runs IS 'a row per run: what ran, how it ended, its verdict and the evidence behind it; a role sees runs of roles whose privileges it has, pg_read_all_stats sees all';
COMMENT ON COLUMN @extschema@.ct_runs.run_id IS 'number of the run, as ct_run returned it';
COMMENT ON COLUMN @extschema@.ct_runs.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_runs.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_runs.status IS 'starting, running, succeeded (it came to a verdict, whichever), failed (an error kept it from one), cancelled, or crashed (its leader is gone)';
COMMENT ON COLUMN @extschema@.ct_runs.verdict IS 'pass: every check held, under enough contention; fail: at least one didn''t; inconclusive: they held, but could hardly have failed; null if there was no end to judge';
COMMENT ON COLUMN @extschema@.ct_runs.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_runs.duration IS 'length of the measured part (after the warm-up), seconds; null until the run has ended';
COMMENT ON COLUMN @extschema@.ct_runs.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_runs.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_runs.transactions IS 'transactions (script iterations) that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_runs.tps IS 'completed transactions per second of duration';
COMMENT ON COLUMN @extschema@.ct_runs.failed IS 'transactions given up: by an error that is neither retried nor expected, or after the last try';
COMMENT ON COLUMN @extschema@.ct_runs.retries IS 'tries of transactions beyond their first, those of transactions that the run''s end cut off included';
COMMENT ON COLUMN @extschema@.ct_runs.anomalies IS 'violations that all checks found together';
COMMENT ON COLUMN @extschema@.ct_runs.mean_ms IS 'mean latency of a completed transaction with its retries, ms; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.p50_ms IS 'median latency of a completed transaction with its retries, ms; with a rate, from the intended start; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_runs.p95_ms IS '95th percentile of the same, ms (percentiles come from a histogram with at most 1 % error)';
COMMENT ON COLUMN @extschema@.ct_runs.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.max_ms IS 'longest latency of the same, ms';
COMMENT ON COLUMN @extschema@.ct_runs.overlapped IS 'transactions during which another worker''s was also in progress';
COMMENT ON COLUMN @extschema@.ct_runs.waited IS 'transactions that slept at least once on a heavyweight lock (row, transaction, advisory, table lock)';
COMMENT ON COLUMN @extschema@.ct_runs.met IS 'transactions whose section (from the end of the first statement to the end, or all of it where it is a single statement without a pause) overlapped another worker''s section';
COMMENT ON COLUMN @extschema@.ct_runs.contended IS 'transactions that met, waited or were retried: the number of trials a pass rests on';
COMMENT ON COLUMN @extschema@.ct_runs.barrier_breaks IS 'times that a \barrier let its workers go because not all of them could come';
COMMENT ON COLUMN @extschema@.ct_runs.workers_asked IS 'workers that the call, the scenario or the default asked for';
COMMENT ON COLUMN @extschema@.ct_runs.rate IS 'intended transactions per second of the whole run; null: each worker goes on as soon as it can';
COMMENT ON COLUMN @extschema@.ct_runs.max_tries IS 'how often a transaction was tried at most; 0: no limit';
COMMENT ON COLUMN @extschema@.ct_runs.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum, which slows down hot rows';
COMMENT ON COLUMN @extschema@.ct_runs.seed IS 'seed of the random functions; the same seed draws the same values per worker';
COMMENT ON COLUMN @extschema@.ct_runs.gate_at IS 'when all workers were let go at once; null if it didn''t come to that';
COMMENT ON COLUMN @extschema@.ct_runs.finished_at IS 'when the results were recorded; null while under way, and if it crashed';
COMMENT ON COLUMN @extschema@.ct_runs.role IS 'role that the run acted as, by the name it had then';
COMMENT ON COLUMN @extschema@.ct_runs.kept_sandbox IS 'schema that the run left behind because it was told to keep it';
COMMENT ON COLUMN @extschema@.ct_runs.server_version IS 'version of the server that it ran on';
COMMENT ON COLUMN @extschema@.ct_runs.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_runs.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_runs.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_runs.params IS 'parameters of the run: the scenario''s, overridden by the call''s';

COMMENT ON VIEW @extschema@.ct_anomalies IS 'a row per anomaly, of each check the first few: what it found and the row that proves it';
COMMENT ON COLUMN @extschema@.ct_anomalies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_anomalies.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_anomalies.kind IS 'what the check calls its violations, as lost_update; invariant unless named';
COMMENT ON COLUMN @extschema@.ct_anomalies.first_seen IS 'when the check found it first';
COMMENT ON COLUMN @extschema@.ct_anomalies.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_anomalies.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_anomalies.evidence IS 'the offending row that the check returned';

COMMENT ON VIEW @extschema@.ct_checks IS 'a row per check or threshold (SLO) of a run, and whether it held';
COMMENT ON COLUMN @extschema@.ct_checks.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_checks."position" IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_checks.check_name IS 'name of the check, or metric of the threshold';
COMMENT ON COLUMN @extschema@.ct_checks.kind IS 'what the check calls its violations; threshold for a threshold';
COMMENT ON COLUMN @extschema@.ct_checks.status IS 'pass or fail';
COMMENT ON COLUMN @extschema@.ct_checks.violations IS 'violations that it found';
COMMENT ON COLUMN @extschema@.ct_checks.target IS 'what was asked for: 0 rows, or < 100';
COMMENT ON COLUMN @extschema@.ct_checks.actual IS 'what it came to: 3 rows, or 87.2';

COMMENT ON VIEW @extschema@.ct_outcomes IS 'a row per run, script and outcome: how often transactions ended with that label, warm-up included';
COMMENT ON COLUMN @extschema@.ct_outcomes.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_outcomes.script IS 'script that said so';
COMMENT ON COLUMN @extschema@.ct_outcomes.outcome IS 'label: of \outcome, or of an expected error';
COMMENT ON COLUMN @extschema@.ct_outcomes.count IS 'transactions that ended so';
COMMENT ON COLUMN @extschema@.ct_outcomes.share IS 'their share of all outcomes of the script in this run, 0 to 1';

COMMENT ON VIEW @extschema@.ct_tallies IS 'a row per run and tally: the sum of what \tally added up in committed transactions of all workers, warm-up included';
COMMENT ON COLUMN @extschema@.ct_tallies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_tallies.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_tallies.value IS 'its sum';

COMMENT ON VIEW @extschema@.ct_latencies IS 'a row per run, script, step and kind of latency: its distribution in milliseconds, retries included; time that a transaction waited at a \barrier for the other workers isn''t part of its latency';
COMMENT ON COLUMN @extschema@.ct_latencies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_latencies.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_latencies.step IS '0 for what is the whole transaction''s, else the number of the script''s command, from 1';
COMMENT ON COLUMN @extschema@.ct_latencies.kind IS 'transaction, statement, schedule_lag (how late a transaction began against its rate), or lock_wait (time asleep on heavyweight locks)';
COMMENT ON COLUMN @extschema@.ct_latencies.count IS 'how many were measured';
COMMENT ON COLUMN @extschema@.ct_latencies.mean_ms IS 'mean, ms; of a transaction, without its time at a \barrier';
COMMENT ON COLUMN @extschema@.ct_latencies.stddev_ms IS 'standard deviation of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.min_ms IS 'shortest of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p50_ms IS 'median of the same, ms (percentiles come from a histogram with at most 1 % error)';
COMMENT ON COLUMN @extschema@.ct_latencies.p90_ms IS '90th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p95_ms IS '95th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.p999_ms IS '99.9th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.max_ms IS 'longest of the same, ms';
COMMENT ON COLUMN @extschema@.ct_latencies.sql IS 'text of the step; null for step 0';

COMMENT ON VIEW @extschema@.ct_histograms IS 'a row per bucket that isn''t empty of each latency in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_histograms.script IS 'the script, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.step IS 'the step, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.kind IS 'the kind of latency, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.lower_us IS 'lower bound of the bucket, inclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.upper_us IS 'upper bound of the bucket, exclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.count IS 'latencies in the bucket';
COMMENT ON COLUMN @extschema@.ct_histograms.cumulative_share IS 'share of latencies in this bucket or a lower one, 0 to 1';

COMMENT ON VIEW @extschema@.ct_timeline IS 'a row per second of a run, written while it is under way; for dashboards, and by second and metric for \crosstabview';
COMMENT ON COLUMN @extschema@.ct_timeline."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_timeline.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_timeline.second IS 'number of the second since the workers were let go, from 1';
COMMENT ON COLUMN @extschema@.ct_timeline.seconds IS 'its length in seconds: about 1, less for the last one';
COMMENT ON COLUMN @extschema@.ct_timeline.transactions IS 'transactions that completed in it';
COMMENT ON COLUMN @extschema@.ct_timeline.tps IS 'the same per second of its length';
COMMENT ON COLUMN @extschema@.ct_timeline.failed IS 'transactions given up in it';
COMMENT ON COLUMN @extschema@.ct_timeline.retries IS 'retries in it';
COMMENT ON COLUMN @extschema@.ct_timeline.p50_ms IS 'median latency of the transactions that completed in it, ms, without their time at a \barrier; null if none did';
COMMENT ON COLUMN @extschema@.ct_timeline.p95_ms IS '95th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_timeline.p99_ms IS '99th percentile of the same, ms';
COMMENT ON COLUMN @extschema@.ct_timeline.max_ms IS 'longest of the same, ms';
COMMENT ON COLUMN @extschema@.ct_timeline.metric IS 'name of the run as a series: scenario, variant and number';

COMMENT ON VIEW @extschema@.ct_errors IS 'a row per run, script, SQLSTATE and what became of the transaction, warm-up included';
COMMENT ON COLUMN @extschema@.ct_errors.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_errors.script IS 'script that it happened in';
COMMENT ON COLUMN @extschema@.ct_errors.sqlstate IS 'SQLSTATE of the error';
COMMENT ON COLUMN @extschema@.ct_errors.condition_name IS 'name of that condition, as serialization_failure';
COMMENT ON COLUMN @extschema@.ct_errors.handling IS 'retried, gave_up (that would have been retried, but it was the last try), expected (counted as an outcome), or failed';
COMMENT ON COLUMN @extschema@.ct_errors.count IS 'how often it was raised';
COMMENT ON COLUMN @extschema@.ct_errors.first_message IS 'message of the first of them';

COMMENT ON VIEW @extschema@.ct_workers IS 'a row per run and worker over the whole run, warm-up included, so that fairness can be seen';
COMMENT ON COLUMN @extschema@.ct_workers.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.worker IS 'number of the worker, from 1: the worker_id of scripts';
COMMENT ON COLUMN @extschema@.ct_workers.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_workers.transactions IS 'transactions that it completed';
COMMENT ON COLUMN @extschema@.ct_workers.share IS 'its share of what all workers completed, 0 to 1';
COMMENT ON COLUMN @extschema@.ct_workers.failed IS 'transactions that it gave up';
COMMENT ON COLUMN @extschema@.ct_workers.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_workers.overlapped IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.waited IS 'of its transactions, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_workers.met IS 'of its transactions, see ct_runs';

/* ---- comments: the tables ---- */

COMMENT ON TABLE @extschema@.ct_result IS 'runs, as the leader records them; read it through ct_runs';
COMMENT ON COLUMN @extschema@.ct_result.run_id IS 'number of the run';
COMMENT ON COLUMN @extschema@.ct_result.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_result.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_result.role IS 'role that the run acts as, by name; decides who sees the run';
COMMENT ON COLUMN @extschema@.ct_result.status IS 'starting, running, succeeded, failed, cancelled or crashed; what has crashed may still say running, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_result.verdict IS 'pass, fail or inconclusive; null until judged';
COMMENT ON COLUMN @extschema@.ct_result.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_result.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_result.gate_at IS 'when all workers were let go at once';
COMMENT ON COLUMN @extschema@.ct_result.finished_at IS 'when the results were recorded';
COMMENT ON COLUMN @extschema@.ct_result.duration IS 'length of the measured part, seconds';
COMMENT ON COLUMN @extschema@.ct_result.workers_asked IS 'workers that were asked for, > 0';
COMMENT ON COLUMN @extschema@.ct_result.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_result.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_result.transactions IS 'transactions that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_result.failed IS 'transactions given up';
COMMENT ON COLUMN @extschema@.ct_result.retries IS 'tries beyond the first';
COMMENT ON COLUMN @extschema@.ct_result.anomalies IS 'violations over all checks';
COMMENT ON COLUMN @extschema@.ct_result.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_result.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_result.met IS 'evidence, defined at ct_runs.met';
COMMENT ON COLUMN @extschema@.ct_result.contended IS 'evidence, defined at ct_runs.contended';
COMMENT ON COLUMN @extschema@.ct_result.barrier_breaks IS 'evidence, defined at ct_runs.barrier_breaks';
COMMENT ON COLUMN @extschema@.ct_result.tps IS 'completed transactions per second of duration';
COMMENT ON COLUMN @extschema@.ct_result.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_result.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_result.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_result.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum';
COMMENT ON COLUMN @extschema@.ct_result.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_result.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_result.seed IS 'seed of the random functions';
COMMENT ON COLUMN @extschema@.ct_result.server_version IS 'server_version at the time';
COMMENT ON COLUMN @extschema@.ct_result.plan IS 'everything that the run was to do (src/plan.h)';
COMMENT ON COLUMN @extschema@.ct_result.leader_pid IS 'process id of the leader';
COMMENT ON COLUMN @extschema@.ct_result.shm_handle IS 'handle of the run''s shared memory, by which ct_run_lives finds it';
COMMENT ON COLUMN @extschema@.ct_result.sandbox IS 'schema that is to be dropped; null once it is';
COMMENT ON COLUMN @extschema@.ct_result.kept_sandbox IS 'schema that was left behind on request';

COMMENT ON TABLE @extschema@.ct_result_anomaly IS 'anomalies of runs; read it through ct_anomalies';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.check_name IS 'check that found it';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.kind IS 'what the check calls its violations';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.observed IS 'what was there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.expected IS 'what should have been there';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.evidence IS 'the offending row';
COMMENT ON COLUMN @extschema@.ct_result_anomaly.first_seen IS 'when it was found first';

COMMENT ON TABLE @extschema@.ct_result_check IS 'checks and thresholds of runs; read it through ct_checks';
COMMENT ON COLUMN @extschema@.ct_result_check.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_check.position IS 'order within the run';
COMMENT ON COLUMN @extschema@.ct_result_check.check_name IS 'the check, or the threshold''s metric';
COMMENT ON COLUMN @extschema@.ct_result_check.kind IS 'what the check calls its violations, or threshold';
COMMENT ON COLUMN @extschema@.ct_result_check.target IS 'what was asked for, as text';
COMMENT ON COLUMN @extschema@.ct_result_check.actual IS 'what it came to, as text';
COMMENT ON COLUMN @extschema@.ct_result_check.status IS 'pass or fail';
COMMENT ON COLUMN @extschema@.ct_result_check.violations IS 'violations found, >= 0';

COMMENT ON TABLE @extschema@.ct_result_outcome IS 'outcomes of runs; read it through ct_outcomes';
COMMENT ON COLUMN @extschema@.ct_result_outcome.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_outcome.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_outcome.outcome IS 'the label';
COMMENT ON COLUMN @extschema@.ct_result_outcome.count IS 'transactions that ended so';

COMMENT ON TABLE @extschema@.ct_result_tally IS 'tallies of runs; read it through ct_tallies';
COMMENT ON COLUMN @extschema@.ct_result_tally.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_tally.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_result_tally.value IS 'its sum over all workers';

COMMENT ON TABLE @extschema@.ct_result_latency IS 'latencies of runs with their histograms; read it through ct_latencies and ct_histograms';
COMMENT ON COLUMN @extschema@.ct_result_latency.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_latency.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_latency.step IS '0 for the whole transaction, else the command''s number from 1';
COMMENT ON COLUMN @extschema@.ct_result_latency.kind IS 'transaction, statement, schedule_lag or lock_wait';
COMMENT ON COLUMN @extschema@.ct_result_latency.sql IS 'text of the step';
COMMENT ON COLUMN @extschema@.ct_result_latency.count IS 'how many were measured';
COMMENT ON COLUMN @extschema@.ct_result_latency.mean_ms IS 'mean, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.stddev_ms IS 'standard deviation, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.min_ms IS 'shortest, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p50_ms IS 'median, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p90_ms IS '90th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p95_ms IS '95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p99_ms IS '99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.p999_ms IS '99.9th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.max_ms IS 'longest, ms';
COMMENT ON COLUMN @extschema@.ct_result_latency.lower_us IS 'inclusive lower bounds of the histogram''s buckets that aren''t empty, ascending, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.upper_us IS 'exclusive upper bounds of the same, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.bucket_count IS 'latencies in each of them, > 0';

COMMENT ON TABLE @extschema@.ct_result_second IS 'seconds of runs, written while they are under way; read it through ct_timeline';
COMMENT ON COLUMN @extschema@.ct_result_second.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_second."time" IS 'end of the second';
COMMENT ON COLUMN @extschema@.ct_result_second.seconds IS 'its length, seconds';
COMMENT ON COLUMN @extschema@.ct_result_second.transactions IS 'completed in it';
COMMENT ON COLUMN @extschema@.ct_result_second.failed IS 'given up in it';
COMMENT ON COLUMN @extschema@.ct_result_second.retries IS 'retries in it';
COMMENT ON COLUMN @extschema@.ct_result_second.p50_ms IS 'median latency in it, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.p95_ms IS '95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.p99_ms IS '99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_result_second.max_ms IS 'longest, ms';

COMMENT ON TABLE @extschema@.ct_result_error IS 'errors in runs; read it through ct_errors';
COMMENT ON COLUMN @extschema@.ct_result_error.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_error.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_error.sqlstate IS 'SQLSTATE';
COMMENT ON COLUMN @extschema@.ct_result_error.condition_name IS 'name of that condition';
COMMENT ON COLUMN @extschema@.ct_result_error.handling IS 'retried, gave_up, expected or failed';
COMMENT ON COLUMN @extschema@.ct_result_error.count IS 'how often it was raised';
COMMENT ON COLUMN @extschema@.ct_result_error.first_message IS 'message of the first';

COMMENT ON TABLE @extschema@.ct_result_worker IS 'workers of runs; read it through ct_workers';
COMMENT ON COLUMN @extschema@.ct_result_worker.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_worker.worker IS 'number of the worker, from 1';
COMMENT ON COLUMN @extschema@.ct_result_worker.pid IS 'its process id';
COMMENT ON COLUMN @extschema@.ct_result_worker.transactions IS 'completed by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.failed IS 'given up by it';
COMMENT ON COLUMN @extschema@.ct_result_worker.retries IS 'retries that it made';
COMMENT ON COLUMN @extschema@.ct_result_worker.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_result_worker.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_result_worker.met IS 'evidence, defined at ct_runs.met';

COMMENT ON SEQUENCE @extschema@.ct_result_run_id_seq IS 'Ids of runs';

/* The inner view's columns are the table's. */
COMMENT ON COLUMN @extschema@.ct_visible_result.run_id IS 'number of the run';
COMMENT ON COLUMN @extschema@.ct_visible_result.scenario IS 'scenario that ran; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_visible_result.variant IS 'variant of the scenario; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_visible_result.role IS 'role that the run acts as, by name; decides who sees the run';
COMMENT ON COLUMN @extschema@.ct_visible_result.status IS 'starting, running, succeeded, failed, cancelled or crashed; what has crashed may still say running, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_visible_result.verdict IS 'pass, fail or inconclusive; null until judged';
COMMENT ON COLUMN @extschema@.ct_visible_result.reason IS 'what the verdict rests on, in a sentence';
COMMENT ON COLUMN @extschema@.ct_visible_result.started_at IS 'when the leader began';
COMMENT ON COLUMN @extschema@.ct_visible_result.gate_at IS 'when all workers were let go at once';
COMMENT ON COLUMN @extschema@.ct_visible_result.finished_at IS 'when the results were recorded';
COMMENT ON COLUMN @extschema@.ct_visible_result.duration IS 'length of the measured part, seconds';
COMMENT ON COLUMN @extschema@.ct_visible_result.workers_asked IS 'workers that were asked for, > 0';
COMMENT ON COLUMN @extschema@.ct_visible_result.workers IS 'workers that really raced';
COMMENT ON COLUMN @extschema@.ct_visible_result.isolation IS 'isolation level of the transactions';
COMMENT ON COLUMN @extschema@.ct_visible_result.transactions IS 'transactions that completed in the measured part';
COMMENT ON COLUMN @extschema@.ct_visible_result.failed IS 'transactions given up';
COMMENT ON COLUMN @extschema@.ct_visible_result.retries IS 'tries beyond the first';
COMMENT ON COLUMN @extschema@.ct_visible_result.anomalies IS 'violations over all checks';
COMMENT ON COLUMN @extschema@.ct_visible_result.overlapped IS 'evidence, defined at ct_runs.overlapped';
COMMENT ON COLUMN @extschema@.ct_visible_result.waited IS 'evidence, defined at ct_runs.waited';
COMMENT ON COLUMN @extschema@.ct_visible_result.met IS 'evidence, defined at ct_runs.met';
COMMENT ON COLUMN @extschema@.ct_visible_result.contended IS 'evidence, defined at ct_runs.contended';
COMMENT ON COLUMN @extschema@.ct_visible_result.barrier_breaks IS 'evidence, defined at ct_runs.barrier_breaks';
COMMENT ON COLUMN @extschema@.ct_visible_result.tps IS 'completed transactions per second of duration';
COMMENT ON COLUMN @extschema@.ct_visible_result.mean_ms IS 'mean latency of a completed transaction, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p50_ms IS 'its median, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p95_ms IS 'its 95th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.p99_ms IS 'its 99th percentile, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.max_ms IS 'its longest, ms';
COMMENT ON COLUMN @extschema@.ct_visible_result.held_horizon IS 'whether the waiting caller''s snapshot held back vacuum';
COMMENT ON COLUMN @extschema@.ct_visible_result.sqlstate IS 'SQLSTATE of the error that made it failed or cancelled';
COMMENT ON COLUMN @extschema@.ct_visible_result.message IS 'message of that error';
COMMENT ON COLUMN @extschema@.ct_visible_result.seed IS 'seed of the random functions';
COMMENT ON COLUMN @extschema@.ct_visible_result.server_version IS 'server_version at the time';
COMMENT ON COLUMN @extschema@.ct_visible_result.plan IS 'everything that the run was to do (src/plan.h)';
COMMENT ON COLUMN @extschema@.ct_visible_result.leader_pid IS 'process id of the leader';
COMMENT ON COLUMN @extschema@.ct_visible_result.shm_handle IS 'handle of the run''s shared memory, by which ct_run_lives finds it';
COMMENT ON COLUMN @extschema@.ct_visible_result.sandbox IS 'schema that is to be dropped; null once it is';
COMMENT ON COLUMN @extschema@.ct_visible_result.kept_sandbox IS 'schema that was left behind on request';
/*
 * Runs under way, live: read from their shared memory at every look, for
 * psql's \watch.
 */
CREATE VIEW @extschema@.ct_progress WITH (security_barrier) AS
	SELECT r.run_id,
		p.phase,
		pg_catalog.round(p.elapsed::numeric, 3)::float8 AS elapsed,
		p.workers,
		p.transactions,
		pg_catalog.round(p.tps::numeric, 1)::float8 AS tps,
		p.failed,
		p.retries,
		pg_catalog.round(p.p50_ms::numeric, 3)::float8 AS p50_ms,
		pg_catalog.round(p.p95_ms::numeric, 3)::float8 AS p95_ms,
		pg_catalog.round(p.p99_ms::numeric, 3)::float8 AS p99_ms,
		r.scenario,
		r.variant
	FROM @extschema@.ct_visible_result r,
		LATERAL @extschema@.ct_run_progress(r.run_id, r.shm_handle) p
	WHERE r.status IN ('starting', 'running') AND p.phase IS NOT NULL
	ORDER BY r.run_id;
GRANT SELECT ON @extschema@.ct_progress TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_progress IS 'runs under way, live';
COMMENT ON COLUMN @extschema@.ct_progress.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_progress.phase IS 'starting, setup, launching (workers), running, checking or done';
COMMENT ON COLUMN @extschema@.ct_progress.elapsed IS 'seconds since the run was started';
COMMENT ON COLUMN @extschema@.ct_progress.workers IS 'workers that race; null before they were let go, like the columns that follow';
COMMENT ON COLUMN @extschema@.ct_progress.transactions IS 'completed so far, after the warm-up';
COMMENT ON COLUMN @extschema@.ct_progress.tps IS 'of these, per second since the workers were let go';
COMMENT ON COLUMN @extschema@.ct_progress.failed IS 'given up so far, by an error or after the last try';
COMMENT ON COLUMN @extschema@.ct_progress.retries IS 'tries after the first so far';
COMMENT ON COLUMN @extschema@.ct_progress.p50_ms IS 'median latency of a transaction so far, milliseconds; time at a \barrier isn''t part of it';
COMMENT ON COLUMN @extschema@.ct_progress.p95_ms IS '95th percentile, milliseconds';
COMMENT ON COLUMN @extschema@.ct_progress.p99_ms IS '99th percentile, milliseconds';
COMMENT ON COLUMN @extschema@.ct_progress.scenario IS 'null for ct_test';
COMMENT ON COLUMN @extschema@.ct_progress.variant IS 'null for ct_test';
/*
 * Reports, assertions and the removal of old runs.  The first two read what
 * the caller may see in the views and nothing more, so that everybody may
 * call them.  They look at what is committed now, with a snapshot of their
 * own: volatile, and not for parallel queries.
 */
CREATE FUNCTION @extschema@.ct_report(run_id bigint, format text DEFAULT 'text') RETURNS text
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_report(bigint, text) IS 'a run''s report; format: text (for terminals, at most 100 columns), markdown (for pull requests), or json: an object with format_version, run (the columns of ct_runs, duration as duration_s) and the lists checks, anomalies, outcomes, tallies, latencies, histograms, timeline, errors, workers (the columns of those views; latencies in ms, bounds of histograms in us, the length of a second in the timeline as length_s)';

CREATE FUNCTION @extschema@.ct_assert(run_id bigint) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_assert(bigint) IS 'raises an error (SQLSTATE P0004, assert_failure) unless the run''s verdict is pass; 55000 while it is under way, 42704 if it doesn''t exist';

CREATE FUNCTION @extschema@.ct_prune(older_than interval) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

REVOKE ALL ON FUNCTION @extschema@.ct_prune(interval) FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_prune(interval) IS 'removes runs that ended (or, if they crashed, began) at least so long ago, with all their rows, and returns how many: those of roles that the caller is a member of; all of them for superusers and the extension''s owner';
