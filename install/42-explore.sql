/*
 * Explorations: every interleaving of a few sessions.  In C, in
 * api/explore.c.  They execute SQL that others wrote, as ct_run does.
 */
CREATE FUNCTION @extschema@.ct_race(
	sessions		text[],
	setup			text DEFAULT NULL,
	checks			text[] DEFAULT '{}',
	isolation		text DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	expected_errors	text[] DEFAULT NULL,
	yield			text DEFAULT 'inside',
	preemptions		int DEFAULT NULL,
	duration		interval DEFAULT '30 s',
	executions		bigint DEFAULT NULL,
	strategy		text DEFAULT 'exhaustive',
	reduction		boolean DEFAULT false,
	seed			bigint DEFAULT NULL,
	step_timeout	interval DEFAULT '10 s',
	in_place		boolean DEFAULT false,
	reset			text DEFAULT NULL,
	keep			boolean DEFAULT false,
	raise_on_fail	boolean DEFAULT false,
	trust_owner		boolean DEFAULT false
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_race';

CREATE FUNCTION @extschema@.ct_explore(
	scenario		text,
	variant			text DEFAULT NULL,
	sessions		text[] DEFAULT NULL,
	isolation		text DEFAULT NULL,
	params			jsonb DEFAULT '{}',
	expected_errors	text[] DEFAULT NULL,
	yield			text DEFAULT 'inside',
	preemptions		int DEFAULT NULL,
	duration		interval DEFAULT '30 s',
	executions		bigint DEFAULT NULL,
	strategy		text DEFAULT 'exhaustive',
	reduction		boolean DEFAULT false,
	seed			bigint DEFAULT NULL,
	step_timeout	interval DEFAULT '10 s',
	in_place		boolean DEFAULT false,
	reset			text DEFAULT NULL,
	keep			boolean DEFAULT false,
	raise_on_fail	boolean DEFAULT false,
	trust_owner		boolean DEFAULT false
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_explore_scenario';

CREATE FUNCTION @extschema@.ct_replay(
	run_id			bigint,
	permutation		int[] DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_replay';

CREATE FUNCTION @extschema@._ct_guard_sequence(sequence regclass) RETURNS regclass
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'ct_guard_sequence_sql';

CREATE FUNCTION @extschema@.ct_export_spec(
	run_id			bigint,
	permutation		int[] DEFAULT NULL
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_export';

REVOKE ALL ON FUNCTION @extschema@.ct_replay FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_race FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_explore FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_race IS
'executes sessions (2 to 8 scripts, as for ct_test) one step at a time, through the orders that their steps can take, each time from the same state, and returns the run id; fail if one of them goes wrong. Without a setup your tables are copied into a schema of the run''s own as soon as a session would touch them, and nothing is executed on the originals; with one, the tables are those that it makes. Without checks an order goes wrong that leaves the tables as no serial order of the sessions does; with checks, queries that return the violations after each execution, this is only noted. An error that nobody expects, a deadlock, and sessions that wait for ever go wrong in any case. Session k has :worker_id = :iteration = k and :client_id = k - 1. isolation, params, expected_errors, keep, raise_on_fail: as for ct_run. yield: inside (steps end within functions, too, before each statement of PL/pgSQL that can touch the database, if the session has touched it since its last step), or statement; preemptions: 0 to 1000, only orders in which so often another session goes on although the last one could (Musuvathi and Qadeer''s iterative context bounding), default all, those with fewer first; duration and executions (1 to 10^12): at most so long, and so many; strategy: exhaustive (each order once, then random ones when a budget forbids all), or random; reduction: leave out orders that others stand for; seed: of random orders and random functions; step_timeout: how long a step may take; in_place: execute on your own tables, which the script reset brings back before each execution; trust_owner: for ct_explore, of no meaning here';
COMMENT ON FUNCTION @extschema@.ct_explore IS
'like ct_race, for a variant of a scenario (default: its first), with its setup, its parameters for exploring (ct_scenarios.explore_params), and its checks. sessions: names of 2 to 8 of its scripts, one may come several times; default each script once, or a lone one twice. trust_owner: as for ct_run';
COMMENT ON FUNCTION @extschema@.ct_replay IS
'executes one order of an exploration again, as a run of its own with a verdict and a report, and returns its id. permutation: the sessions in their order, as in ct_permutations; default the shortest order that went wrong, of those with the fewest preemptions. What the run executed (its sessions'' scripts, setup, checks, options, seed) is taken from its plan; what they call and use besides, functions and tables, is what is there today: so after a fix it passes. Replays can be replayed.
Raises 55000 where the order can''t be taken any more, with the step and the reason, and where no order of the run went wrong and none is given; 42704 if there is no such run, 42501 for a run of a role that one is no member of, 22023 for what are no sessions';
COMMENT ON FUNCTION @extschema@._ct_guard_sequence IS
'internal: the sequence that a session of an exploration names by an expression, if it may be written; raises if not';
COMMENT ON FUNCTION @extschema@.ct_export_spec IS
'an order of an exploration''s steps as a spec of isolationtester''s, for who wants to reproduce it without this extension, or to report a bug. permutation: as for ct_replay; default the same. Setup, sessions and checks are taken from the run''s plan, with values in the place of variables: those that are computed, and those that \gset and \aset took from the server as far as the story of that order has them. A run without a setup has none in its spec, either: that executes on the tables that search_path finds.
Raises 0A000 for what a spec has no way to do, by name: to stop within a function (explore with yield => ''statement''), \repeat, and values that aren''t known; else as ct_replay does';
