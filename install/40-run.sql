/*
 * Runs: starting, waiting, cancelling, watching.  In C, in api; each of
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
	lock_hold		jsonb DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_run';

/* With a SET clause it could not commit. */
CREATE PROCEDURE @extschema@.ct_execute(
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
	INOUT run_id	bigint DEFAULT NULL
)
LANGUAGE C
AS 'MODULE_PATHNAME', 'ct_execute';

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
	lock_hold		jsonb DEFAULT NULL
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
	raise_on_fail	boolean DEFAULT false,
	retried_errors	text[] DEFAULT NULL,
	teardown		text DEFAULT NULL,
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
	lock_hold		jsonb DEFAULT NULL
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
	retried_errors	text[] DEFAULT NULL,
	stop_on_fail	boolean DEFAULT false,
	clients			int DEFAULT NULL,
	rounds			int DEFAULT NULL,
	repeat			int DEFAULT NULL,
	latency_limit	interval DEFAULT NULL,
	max_errors		bigint DEFAULT NULL,
	timeout			interval DEFAULT NULL,
	on_start		text DEFAULT NULL,
	explore			boolean DEFAULT false,
	phases			jsonb DEFAULT NULL,
	classes			jsonb DEFAULT NULL,
	kill_rate		float8 DEFAULT NULL,
	lock_hold		jsonb DEFAULT NULL,
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
	OUT run_id		bigint,
	OUT deadlocks	bigint
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_compare';

CREATE FUNCTION @extschema@.ct_wait(run_id bigint, timeout interval DEFAULT NULL) RETURNS text
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_wait';

CREATE FUNCTION @extschema@.ct_cancel(run_id bigint) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_cancel';

CREATE FUNCTION @extschema@.ct_stop(run_id bigint) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_stop';

CREATE FUNCTION @extschema@.ct_sweep() RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_sweep';

CREATE FUNCTION @extschema@._ct_run_lives(run_id bigint, shm_handle bigint) RETURNS boolean
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_run_lives';

CREATE FUNCTION @extschema@._ct_run_progress(run_id bigint, shm_handle bigint,
	OUT phase		text,
	OUT elapsed		float8,
	OUT workers		int,
	OUT clients		int,
	OUT transactions bigint,
	OUT failed		bigint,
	OUT retries		bigint,
	OUT tps			float8,
	OUT p50_ms		float8,
	OUT p95_ms		float8,
	OUT p99_ms		float8,
	OUT executions	bigint,
	OUT load_phase	text
) RETURNS record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_run_progress';

REVOKE ALL ON FUNCTION @extschema@.ct_run FROM PUBLIC;
REVOKE ALL ON PROCEDURE @extschema@.ct_execute FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_start FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_test FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_compare FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_sweep FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_run IS
'runs one variant of a scenario (default: its first) as the calling role, waits for it, and returns its run id. workers: 1 to 1000, default the scenario''s or as many as there are slots for; clients: 1 to 100000, at least as many as workers, on which they take turns between transactions, default one for each worker; duration and transactions (for the whole run): one of them, default the scenario''s or 10 s; rate: transactions per second of the whole run, Poisson arrivals, latency then counts from the intended start; isolation: read committed, repeatable read or serializable; max_tries: of a transaction that fails with 40001 or 40P01, 0 for no limit; params: values for the scenario''s parameters; seed: same seed, same random values per client; warmup: time before the duration, not measured; ramp: time over which the clients start, at most warmup and duration together; min_overlap: contended transactions that a pass needs, default 10, or 0 with thresholds and no checks; expected_errors: SQLSTATEs or condition names that are outcomes, as "23505=conflict"; keep: leave the sandbox schema; raise_on_fail: raise P0004 unless the verdict is pass; trust_owner: run a scenario of a role that one is no member of, which executes what that role has written; thresholds: like "p95_ms < 100", each in the place of those of the scenario that limit the same metric from the same side; retried_errors: SQLSTATEs or condition names that repeat the transaction, besides 40001, 40P01 and the scenario''s; stop_on_fail: end the run, looking once a second, at the first violation of a check that is asked during it, unexpected error, or threshold that no rest of the run could meet any more (one from above on transactions, failed, retries, errors, deadlocks, serialization_failures or max_ms); rounds: 1 to 1000000, stress from a fresh state so many times, in each of which the tables begin as setup has made them, duration (default 0.2 s) and transactions are one round''s, and the checks are asked of it: a session then keeps what it has SET and prepared, but no transaction, advisory lock or value of a sequence; needs a setup, and has no warmup; repeat: 1 to 1000, run it so many times, one after the other, and return the last run''s id: ct_runs.repeat_of has the first one''s in all of them, and ct_regressions takes them together; what raises an error ends the repeats; latency_limit: transactions that take longer are counted as late (ct_runs.late), and with a rate those that are late by more than that before they could begin are skipped, as by pgbench''s -L; max_errors: 1 or more, end the run early once so many errors that nobody expected have ended transactions; timeout: end the run as ct_stop() does so long after the workers were let go, with transactions that were not all done by then the verdict is fail; on_start: a script that each client executes once before its first transaction, as a login, whose variables its transactions have: it is neither measured nor counted, but an error that nobody expected fails the run and ends the client; phases: a load that changes, as an array of 1 to 100 objects like {"name": "spike", "duration": "5 s", "rate": 1000}, in the place of duration, transactions, rate, ramp and rounds: members name, duration (an interval''s text), rate, clients (of the whole run; without a rate they repeat their scripts without a pause, without clients they are all of the run''s), ramp (interval: the rate, or without one the number of clients, goes from that of the phase before to this one''s), weights (object: of scripts, in the place of their own); the warm-up comes before the first one; thresholds like spike.p95_ms < 200 or recovery.recovery_s < 5; see ct_phases; classes: a JSON array of classes of clients, each an object of name, share (of the clients, relative to the others'') and, where they are others than the scripts'' and the run''s, weights ({"script": weight}; what isn''t named isn''t run), think_time, think_max, think_distribution and on_start, instead of those that the scenario has (ct_add_class); thresholds may be of a class (buyers.p95_ms), and ct_classes shows how each fared; kill_rate: sessions terminated per second, at random, up to 10000 (a worker''s next one comes when its session is back): what is under way is rolled back, counts as an expected error 57P01 and the outcome killed, neither as completed nor as failed, and isn''t repeated; the session is then a new one, and its clients begin anew (on_start); lock_hold: an object of table, mode (as of LOCK TABLE, default access exclusive), duration (default 1 s), every (default 5 s) and after (default as every, or half the run''s duration with its warm-up if that is less): a process of the run, which takes a background worker slot, queues for that lock and holds it for so long, every so often, for the first time so long after the start; when the run stops it is gone, from the queue as well';
COMMENT ON PROCEDURE @extschema@.ct_execute IS
'like ct_run, but commits before it waits, so that it holds no lock and does not hold back vacuum: CALL ct_execute(''oversell_tickets''). run_id is the id of the run; in PL/pgSQL give it a variable. In a transaction block, in a function, or in a block with an EXCEPTION clause it cannot commit, and waits as ct_run does';
COMMENT ON FUNCTION @extschema@.ct_start IS
'like ct_run, but returns as soon as the run is recorded; see ct_wait, ct_stop, ct_cancel and ct_progress. raise_on_fail is refused, and repeat';
COMMENT ON FUNCTION @extschema@.ct_test IS
'tests a script, say a call of one''s own function, without defining a scenario: setup is a script executed once in a schema of the run''s own, each check a query that returns the violations, or a threshold, as checks => ARRAY[''SELECT id FROM account WHERE balance < 0'', ''p95_ms < 100'']. teardown: a script executed once, after the checks. Options as for ct_run';
COMMENT ON FUNCTION @extschema@.ct_compare IS
'runs every variant of a scenario one after the other, with the same random seed, and returns a row each; cheapest marks the one with the highest tps of those that pass, and all that can''t be told apart from it: those whose 95 % interval of tps (tps_low to tps_high of ct_runs, by batch means) isn''t below its own, or whose run was too short to have one. deadlocks: errors 40P01, as in ct_runs. repeat: run each variant so many times, taking turns (A B A B); then tps and latencies are means of its runs, counts their sums, verdict the worst, run_id the last one, and what can''t be told apart is told by how much its runs differ (three or more; of two, by both intervals). Default 1: each variant once. Options as for ct_run. explore: explore each variant, as ct_explore does with its defaults, instead of running it under load; then tps, latencies, retries, failed and cheapest are null, errors counts executions, and of the options only duration (default 30 s), isolation, params, seed, expected_errors, keep and trust_owner may be given';
COMMENT ON FUNCTION @extschema@.ct_wait IS
'waits until the run has ended, or the timeout is over, and returns its status';
COMMENT ON FUNCTION @extschema@.ct_cancel IS
'cancels a run under way; false if it had ended already. For roles with the privileges of the run''s role or of pg_signal_backend';
COMMENT ON FUNCTION @extschema@.ct_stop IS
'ends a run under way early, as its duration''s end would: transactions under way are finished, checks asked, and it is judged by what was seen; false if its workers had ended already. One that is still being set up ends as soon as it is. For whom ct_cancel is';
COMMENT ON FUNCTION @extschema@.ct_sweep IS
'marks runs whose leader is gone as crashed and drops their sandboxes, as every run does when it starts; returns how many. It locks nothing of runs that live. A WARNING names what can''t be dropped, and who holds it; a NOTICE says that there is more than one transaction should drop: commit and call it again';
COMMENT ON FUNCTION @extschema@._ct_run_lives IS
'internal: does the run that is recorded as under way still have its leader?';
COMMENT ON FUNCTION @extschema@._ct_run_progress IS
'internal: what a run''s shared memory says; see ct_progress';
