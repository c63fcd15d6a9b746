\echo Use "CREATE EXTENSION ct_ext" to load this file. \quit

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
 * would be taken.  Nor could REVOKE and COMMENT ON name a function without its
 * parameters.  So there must be none of those names.
 */
DO LANGUAGE plpgsql $$
DECLARE
	intruder	pg_catalog.regprocedure;
	place		name;
BEGIN
	SELECT p.oid, p.pronamespace::pg_catalog.regnamespace INTO intruder, place
		FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_extension e ON e.extnamespace = p.pronamespace
		WHERE e.extname = 'ct_ext'::name
			AND p.proname = ANY ('{_ct_change, _ct_guard_sequence, _ct_levels, _ct_run_lives, _ct_run_progress, _ct_run_workers, _ct_settings,
				ct_add_check, ct_add_class, ct_add_permutation, ct_add_phase, ct_add_script, ct_add_slo, ct_add_threshold,
				ct_add_variant, ct_assert, ct_cancel, ct_compare, ct_create_scenario, ct_drop_baseline, ct_drop_check,
				ct_drop_class, ct_drop_permutation, ct_drop_phase, ct_drop_scenario, ct_drop_script, ct_drop_threshold,
				ct_drop_variant, ct_execute, ct_explore, ct_export_spec, ct_fake_city, ct_fake_company, ct_fake_email, ct_fake_name,
				ct_fake_phone, ct_fake_text, ct_find_limit, ct_health, ct_help, ct_import_pgbench, ct_ok, ct_prune, ct_race, ct_replay, ct_report,
				ct_run, ct_run_all, ct_run_spec, ct_scale, ct_schedule, ct_set_baseline, ct_start, ct_stop, ct_summary, ct_sweep, ct_test,
				ct_unschedule, ct_wait}'::name[])
		ORDER BY p.oid LIMIT 1;
	IF intruder IS NOT NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = 'duplicate_function',
			MESSAGE = pg_catalog.format('function %s in schema %s is in the way of ct_ext''s own'::text, intruder, place),
			HINT = 'Drop it, or create ct_ext in a schema of its own.';
	END IF;
END
$$;

/*
 * Definitions: what can be run.  One row per scenario, variant, script,
 * check and threshold, written by the ct_create_scenario family alone
 * (api/define.c) and read by ct_run into a plan (src/plan/make.c).
 *
 * Rows of bundled scenarios belong to the extension and are not dumped; those
 * that users made are.  Each row says itself which it is: pg_dump's filter
 * can't look at another table, for it runs with an empty search_path.
 *
 * Each table, here and in 20-results.sql, has a primary key: with a
 * publication FOR ALL TABLES nothing could be deleted without a replica
 * identity.
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
	owner			regrole NOT NULL,	-- dumped by name; pg_upgrade keeps the oids of roles
	created_at		timestamptz NOT NULL DEFAULT pg_catalog.now(),
	clients			int CHECK (clients > 0),	-- that take turns on the workers; NULL: each is one
	explore_params	jsonb DEFAULT '{}' CHECK (pg_catalog.jsonb_typeof(explore_params) = 'object'::text),	-- NULL: not meant for it
	on_start		text,			-- a script that each client begins with
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
	quoted			boolean NOT NULL DEFAULT false,
	workers			int CHECK (workers > 0),	-- that run it alone; NULL: the others, by weight
	bundled			boolean NOT NULL DEFAULT false,
	think_max		interval CHECK (think_max >= think_time),
	think_distribution text CHECK (think_distribution IN ('fixed', 'uniform')),	-- NULL: exponential
	PRIMARY KEY (scenario, position),
	FOREIGN KEY (scenario, variant) REFERENCES @extschema@.ct_variant ON DELETE CASCADE,
	UNIQUE NULLS NOT DISTINCT (scenario, variant, name)
);

CREATE TABLE @extschema@.ct_class (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	variant			text,
	position		int NOT NULL,
	share			float8 NOT NULL CHECK (share > 0::float8),
	weights			jsonb CHECK (pg_catalog.jsonb_typeof(weights) = 'object'::text),	-- NULL: the scripts'
	think_time		interval CHECK (think_time >= '0'::interval),	-- NULL, and no think_max: the scripts'
	think_max		interval CHECK (think_max >= '0'::interval),
	think_distribution text CHECK (think_distribution IN ('fixed', 'uniform')),	-- NULL: exponential
	on_start		text,			-- NULL: the run's
	bundled			boolean NOT NULL DEFAULT false,
	PRIMARY KEY (scenario, position),
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
	PRIMARY KEY (scenario, position),
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
	PRIMARY KEY (scenario, position),
	FOREIGN KEY (scenario, variant) REFERENCES @extschema@.ct_variant ON DELETE CASCADE,
	UNIQUE NULLS NOT DISTINCT (scenario, variant, metric, op)
);

CREATE TABLE @extschema@.ct_permutation (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	permutation		int[] NOT NULL CHECK (pg_catalog.cardinality(permutation) > 0),
	position		int NOT NULL,
	bundled			boolean NOT NULL DEFAULT false,
	PRIMARY KEY (scenario, position),
	UNIQUE (scenario, name)
);

CREATE TABLE @extschema@.ct_phase (
	scenario		text NOT NULL REFERENCES @extschema@.ct_scenario ON DELETE CASCADE,
	name			text NOT NULL,
	position		int NOT NULL,
	duration		interval NOT NULL CHECK (duration > '0'::interval),
	rate			float8 CHECK (rate > 0::float8),
	clients			int CHECK (clients > 0),
	weights			jsonb CHECK (pg_catalog.jsonb_typeof(weights) = 'object'::text),
	ramp			interval CHECK (ramp >= '0'::interval),
	bundled			boolean NOT NULL DEFAULT false,
	PRIMARY KEY (scenario, position),
	UNIQUE (scenario, name)
);
