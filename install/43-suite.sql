/*
 * Many runs in one call.  In C, in api; open to nobody unless granted, as
 * ct_run is.
 */
CREATE FUNCTION @extschema@.ct_run_all(
	category		text DEFAULT NULL,
	scenarios		text[] DEFAULT NULL,
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
	thresholds		text[] DEFAULT NULL,
	retried_errors	text[] DEFAULT NULL,
	stop_on_fail	boolean DEFAULT false,
	clients			int DEFAULT NULL,
	rounds			int DEFAULT NULL,
	latency_limit	interval DEFAULT NULL,
	max_errors		bigint DEFAULT NULL,
	timeout			interval DEFAULT NULL,
	on_start		text DEFAULT NULL,
	phases			jsonb DEFAULT NULL,
	explore			boolean DEFAULT false,
	OUT scenario	text,
	OUT variant		text,
	OUT expected_verdict text,
	OUT verdict		text,
	OUT as_expected	boolean,
	OUT run_id		bigint,
	OUT anomalies	bigint,
	OUT tps			float8,
	OUT p50_ms		float8,
	OUT p95_ms		float8,
	OUT p99_ms		float8,
	OUT reason		text
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_run_all';

REVOKE ALL ON FUNCTION @extschema@.ct_run_all FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_run_all IS
'runs every variant of many scenarios, one after the other, and returns a row each, whatever became of it: those of a category, of a list (in its order), of a list that are of a category; without both, all that are not bundled. as_expected: the verdict is the variant''s expected_verdict, or pass where it has none; verdict is the status (failed, cancelled, crashed) where there is none. What can''t be run is a row, too, its reason the error, and a run that failed by it; run_id is null only where no background worker slot was free. Reports of such runs (junit, tap), ct_ok and ct_summary take what is as expected for ok. raise_on_fail: raise P0004 at the end unless all are as expected. Options as for ct_run and ct_compare, the same for all. Raises 42704 for a scenario or category that doesn''t exist, and where there is nothing to run';
