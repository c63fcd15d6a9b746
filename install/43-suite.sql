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
	classes			jsonb DEFAULT NULL,
	kill_rate		float8 DEFAULT NULL,
	lock_hold		jsonb DEFAULT NULL,
	explore			boolean DEFAULT false,
	repeat			int DEFAULT 1,
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
	OUT reason		text,
	OUT runs		bigint[]
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_run_all';

CREATE FUNCTION @extschema@.ct_find_limit(
	scenario		text,
	variant			text DEFAULT NULL,
	by				text DEFAULT 'rate',
	start			float8 DEFAULT NULL,
	max_value		float8 DEFAULT NULL,
	thresholds		text[] DEFAULT NULL,
	step_duration	interval DEFAULT '5 s',
	resolution		float8 DEFAULT 0.1,
	workers			int DEFAULT NULL,
	clients			int DEFAULT NULL,
	rate			float8 DEFAULT NULL,
	isolation		text DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	seed			bigint DEFAULT NULL,
	warmup			interval DEFAULT NULL,
	ramp			interval DEFAULT NULL,
	min_overlap		int DEFAULT NULL,
	expected_errors	text[] DEFAULT NULL,
	trust_owner		boolean DEFAULT false,
	retried_errors	text[] DEFAULT NULL,
	stop_on_fail	boolean DEFAULT false,
	latency_limit	interval DEFAULT NULL,
	max_errors		bigint DEFAULT NULL,
	timeout			interval DEFAULT NULL,
	on_start		text DEFAULT NULL,
	classes			jsonb DEFAULT NULL,
	kill_rate		float8 DEFAULT NULL,
	lock_hold		jsonb DEFAULT NULL,
	OUT found		float8,
	OUT low			float8,
	OUT high		float8,
	OUT first_broken text,
	OUT dominated_by text,
	OUT runs		bigint[]
) RETURNS record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_find_limit';

CREATE FUNCTION @extschema@.ct_scale(
	scenario		text,
	clients			int[] DEFAULT NULL,
	variant			text DEFAULT NULL,
	step_duration	interval DEFAULT '5 s',
	repeat			int DEFAULT 2,
	min_efficiency	float8 DEFAULT NULL,
	min_retained	float8 DEFAULT NULL,
	thresholds		text[] DEFAULT NULL,
	isolation		text DEFAULT NULL,
	max_tries		int DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	seed			bigint DEFAULT NULL,
	warmup			interval DEFAULT NULL,
	expected_errors	text[] DEFAULT NULL,
	retried_errors	text[] DEFAULT NULL,
	trust_owner		boolean DEFAULT false,
	ramp			interval DEFAULT NULL,
	min_overlap		int DEFAULT NULL,
	stop_on_fail	boolean DEFAULT false,
	latency_limit	interval DEFAULT NULL,
	max_errors		bigint DEFAULT NULL,
	timeout			interval DEFAULT NULL,
	on_start		text DEFAULT NULL,
	classes			jsonb DEFAULT NULL,
	kill_rate		float8 DEFAULT NULL,
	lock_hold		jsonb DEFAULT NULL,
	OUT client_count int,
	OUT tps			float8,
	OUT tps_low		float8,
	OUT tps_high	float8,
	OUT p95_ms		float8,
	OUT efficiency	float8,
	OUT efficiency_low float8,
	OUT efficiency_high float8,
	OUT retained	float8,
	OUT verdict		text,
	OUT predicted_tps float8,
	OUT contention	float8,
	OUT contention_low float8,
	OUT contention_high float8,
	OUT coherency	float8,
	OUT coherency_low float8,
	OUT coherency_high float8,
	OUT tps_of_one	float8,
	OUT peak_clients float8,
	OUT exponent	float8,
	OUT exponent_low float8,
	OUT exponent_high float8,
	OUT r2			float8,
	OUT runs		bigint[],
	OUT reason		text
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_scale';

REVOKE ALL ON FUNCTION @extschema@.ct_scale FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_run_all FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_find_limit FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_run_all IS
'runs every variant of many scenarios, one after the other, and returns a row each, whatever became of it: those of a category, of a list (in its order), of a list that are of a category; without both, all that are not bundled. as_expected: the verdict is the variant''s expected_verdict, or pass where it has none; verdict is the status (failed, cancelled, crashed) where there is none. What can''t be run is a row, too, its reason the error, and a run that failed by it; run_id is null only where no background worker slot was free. Reports of such runs (junit, tap), ct_ok and ct_summary take what is as expected for ok. repeat: 1 to 1000, run each variant so many times: verdict is then the worst of them (from best to worst: pass, inconclusive, a status, fail), reason its, anomalies their sum, tps and latencies their means, run_id the last one; runs has all of them. raise_on_fail: raise P0004 at the end unless all are as expected. Options as for ct_run and ct_compare, the same for all. Raises 42704 for a scenario or category that doesn''t exist, and where there is nothing to run';
COMMENT ON FUNCTION @extschema@.ct_find_limit IS
'the highest load at which a variant of a scenario (default: its first) meets its thresholds, those of the scenario and of the call. A run of step_duration at each load: doubled until one fails, then narrowed down until the gap is at most resolution (0.001 to 1) of its lower end, or one client, then both ends are tried again; where two tries differ a third decides. by: rate (transactions per second, start default 10) or clients (start default the least that scripts and classes need, each a worker of its own as far as there are slots, which is the default max_value). What can''t be run at the first or the highest load is refused before anything is run. If the first load fails, it is halved, a rate as long as five transactions are due in a run. found: the highest load that held below one that broke, null if none held, or nothing broke up to max_value; low: up to here no run broke; high: from here on none held, null if nothing broke; first_broken: of the run at the lowest load that broke the first threshold (p95_ms < 100) or check that failed, or the error that ended it; dominated_by: what its sessions, or if nothing broke those of the last that held, waited for most often, as in ct_waits (Lock:transactionid), or CPU; null without telemetry; runs: all of them, in their order. A run in which no transaction was completed is one that broke, unless less than five were due on average, and by chance none. Raises 22023 if there is no threshold, 55000 if one compares with a baseline and there is none, and what keeps the first run from a verdict; where a later one is cancelled, or finds no slots for what it needs, the search ends there with a WARNING, and the result is what is known by then. min_overlap is 0 unless given, and what the scenario says of duration, transactions, phases and what is raised stands back; other options as for ct_run';
COMMENT ON FUNCTION @extschema@.ct_scale IS
'throughput of a variant of a scenario (default: its first) against clients, each with a session of its own as far as there are slots: a row per number of clients, which is run step_duration long, repeat times (1 to 10), in turns. clients: default 1, 2, 4, 8 times the least that scripts and classes need, but no more than there are slots for, which a NOTICE says then. A number that is named and that there are no slots for has a row, failed, and a WARNING tells at once; what can''t be run for another reason, or with the first of them, is refused before anything is run. tps (mean of the runs, with its 95 % interval) and p95_ms; efficiency: of each client against the first row''s, 1 where it scales linearly; retained: tps as a share of the highest with fewer clients, below 1 where more load does less; verdict: the worst of its runs, the status (failed, cancelled, crashed) of one without a verdict among them, or fail if efficiency is surely below min_efficiency, or retained below min_retained (0 to 1); inconclusive where the intervals don''t tell; reason: why it isn''t pass, else null. What keeps the first run of all from a verdict is raised; the others have their row. The rest is of all rows, and null for fewer than four numbers of clients: Gunther''s universal scalability law, tps = tps_of_one n / (1 + contention (n - 1) + coherency n (n - 1)), with 95 % intervals, predicted_tps by it, r2, and peak_clients, null unless coherency is surely more than 0; exponent: p of tps ~ clients ^ p, 1 where it scales linearly. min_overlap is 0 unless given, and what the scenario says of duration, transactions, rate, phases and clients stands back; other options as for ct_run';
