/*
 * What explorations have found: of each run a row; of each kind of result one,
 * with the shortest order that leads there; and the steps of these orders.
 */
CREATE TABLE @extschema@.ct_result_exploration (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	sessions		int NOT NULL,
	yield			text NOT NULL CHECK (yield IN ('inside', 'statement')),
	executions		bigint NOT NULL,
	complete		bigint NOT NULL,
	cut				bigint NOT NULL,
	violating		bigint NOT NULL,
	not_serial		bigint NOT NULL,
	deadlocks		bigint NOT NULL,
	errors			bigint NOT NULL,
	preemptions		int,
	exhausted		boolean NOT NULL,
	serial_orders	bigint NOT NULL,
	first_failure_at	timestamptz,
	per_second		float8,
	first_failure	bigint,
	reduced			boolean NOT NULL,
	bounded			bigint NOT NULL,
	drawn			bigint NOT NULL,
	drawn_failing	bigint NOT NULL,
	uniform			boolean NOT NULL,
	stopped_by		text,
	surrogates		text,
	notes			text,
	PRIMARY KEY (run_id)
);

CREATE TABLE @extschema@.ct_result_permutation (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	result			text NOT NULL CHECK (result IN ('pass', 'check', 'not_serial', 'deadlock', 'error', 'hang')),
	check_name		text,
	sqlstate		text,
	executions		bigint NOT NULL,
	permutation		int[] NOT NULL,
	preemptions		int NOT NULL,
	place			int NOT NULL,
	gist			text,
	serial_order	text,
	state			text,
	serial_state	text,
	PRIMARY KEY (run_id, place)
);

CREATE TABLE @extschema@.ct_result_step (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	result			text NOT NULL,
	check_name		text,
	position		int NOT NULL,
	session			int NOT NULL,
	function		text,
	line			int,
	query			text,
	event			text NOT NULL CHECK (event IN ('ran', 'waits', 'goes on', 'error')),
	waits_for		int,
	rows			bigint,
	first_row		text,
	error			text,
	conflicts		boolean NOT NULL,
	place			int NOT NULL,
	PRIMARY KEY (run_id, place, position)
);

CREATE VIEW @extschema@.ct_explorations WITH (security_barrier) AS
	SELECT e.run_id,
		e.sessions,
		e.yield,
		e.executions,
		e.complete,
		e.cut,
		e.violating,
		e.not_serial,
		e.deadlocks,
		e.errors,
		e.preemptions,
		e.exhausted,
		e.serial_orders,
		e.first_failure_at,
		e.per_second,
		e.first_failure,
		e.reduced,
		e.bounded,
		e.drawn,
		e.drawn_failing,
		e.uniform,
		e.stopped_by,
		e.surrogates,
		e.notes
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_exploration e ON e.run_id = r.run_id
	ORDER BY e.run_id;

GRANT SELECT ON @extschema@.ct_explorations TO PUBLIC;

CREATE VIEW @extschema@.ct_permutations WITH (security_barrier) AS
	SELECT p.run_id,
		p.result,
		p.check_name,
		p.sqlstate,
		p.executions,
		p.permutation,
		p.preemptions,
		p.place,
		p.gist,
		p.serial_order,
		p.state,
		p.serial_state
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_permutation p ON p.run_id = r.run_id
	ORDER BY p.run_id, p.place;

GRANT SELECT ON @extschema@.ct_permutations TO PUBLIC;

CREATE VIEW @extschema@.ct_steps WITH (security_barrier) AS
	SELECT s.run_id,
		s.result,
		s.check_name,
		s.position,
		s.session,
		s.function,
		s.line,
		s.query,
		s.event,
		s.waits_for,
		s.rows,
		s.first_row,
		s.error,
		s.conflicts,
		s.place
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_step s ON s.run_id = r.run_id
	ORDER BY s.run_id, s.place, s.position;

GRANT SELECT ON @extschema@.ct_steps TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_explorations IS 'a row per run that explored: how many orders of its sessions'' steps were executed, whether these are all, and how many went wrong';
COMMENT ON COLUMN @extschema@.ct_explorations.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_explorations.sessions IS 'sessions, 2 to 8';
COMMENT ON COLUMN @extschema@.ct_explorations.yield IS 'where a step ends: inside (functions, too: before each statement of PL/pgSQL that can touch the database, if the session has touched it since its last step), or statement';
COMMENT ON COLUMN @extschema@.ct_explorations.executions IS 'executions that were begun, those included that were cut or repeated';
COMMENT ON COLUMN @extschema@.ct_explorations.complete IS 'executions that reached their end, each by another order unless orders were drawn at random. Without reduction, and with exhausted, the number of interleavings';
COMMENT ON COLUMN @extschema@.ct_explorations.cut IS 'executions that were given up, since another one stands for what they would have come to';
COMMENT ON COLUMN @extschema@.ct_explorations.violating IS 'complete executions after which a check found a row';
COMMENT ON COLUMN @extschema@.ct_explorations.not_serial IS 'complete executions that left the tables as no serial order of their sessions does: one after the other, those that ended well and what the others had committed before they failed (final-state serializability)';
COMMENT ON COLUMN @extschema@.ct_explorations.deadlocks IS 'executions in which a session met 40P01, expected or not';
COMMENT ON COLUMN @extschema@.ct_explorations.errors IS 'executions in which a session ended in an error that nobody expected';
COMMENT ON COLUMN @extschema@.ct_explorations.preemptions IS 'all orders with at most so many preemptions were executed; a preemption is that another session goes on although the last one could (Musuvathi and Qadeer''s iterative context bounding). Null if no bound was needed, as all orders were executed (exhausted); or if not even those without a preemption were';
COMMENT ON COLUMN @extschema@.ct_explorations.exhausted IS 'all interleavings were executed, or one that stands for each';
COMMENT ON COLUMN @extschema@.ct_explorations.serial_orders IS 'serial orders of sessions, of all of them or of some, that were executed to compare states with';
COMMENT ON COLUMN @extschema@.ct_explorations.first_failure_at IS 'when the first execution had gone wrong; null if none has';
COMMENT ON COLUMN @extschema@.ct_explorations.per_second IS 'executions per second of the search, after the first one, without the processes'' start; null if there was but one';
COMMENT ON COLUMN @extschema@.ct_explorations.first_failure IS 'the number of that execution, from 1; null if none has gone wrong';
COMMENT ON COLUMN @extschema@.ct_explorations.reduced IS 'orders were left out that others stand for, so that no share of interleavings follows from these numbers';
COMMENT ON COLUMN @extschema@.ct_explorations.bounded IS 'executions of orders with at most so many preemptions as preemptions says; all of them, where orders were not drawn, if none was needed';
COMMENT ON COLUMN @extschema@.ct_explorations.drawn IS 'executions whose order was drawn at random';
COMMENT ON COLUMN @extschema@.ct_explorations.drawn_failing IS 'those of them that went wrong';
COMMENT ON COLUMN @extschema@.ct_explorations.uniform IS 'nothing waited in any execution, so that the random orders are uniform over interleavings; else one with fewer choices is drawn more often';
COMMENT ON COLUMN @extschema@.ct_explorations.stopped_by IS 'what ended the search before it was through: duration, executions, ct_stop(), memory; null if nothing did';
COMMENT ON COLUMN @extschema@.ct_explorations.surrogates IS 'columns that were left out when states were compared, since two executions of the same serial order differed there, as "ticket.id, ticket.made_at"; null if there were none';
COMMENT ON COLUMN @extschema@.ct_explorations.notes IS 'what else there is to know, a line each: what was copied, how the state is brought back, what was not deterministic; null if nothing';

COMMENT ON VIEW @extschema@.ct_permutations IS 'a row per run and kind of result: how often executions ended so, and the shortest order that does. ct_replay executes it again';
COMMENT ON COLUMN @extschema@.ct_permutations.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_permutations.result IS 'how executions ended: pass; check (one found a row), not_serial (no serial order of the sessions leaves the tables so), deadlock (40P01 that nobody expected), error (another one that nobody expected), hang (sessions waited that nobody would wake)';
COMMENT ON COLUMN @extschema@.ct_permutations.check_name IS 'the check that found a row; null of other results';
COMMENT ON COLUMN @extschema@.ct_permutations.sqlstate IS 'SQLSTATE of the error or deadlock; null of other results';
COMMENT ON COLUMN @extschema@.ct_permutations.executions IS 'complete executions that ended so';
COMMENT ON COLUMN @extschema@.ct_permutations.permutation IS 'the shortest order that ends so, of those with the fewest preemptions: the session that makes each step, from 1, as in the permutation of an isolationtester spec';
COMMENT ON COLUMN @extschema@.ct_permutations.preemptions IS 'preemptions in it: how often another session goes on although the last one could';
COMMENT ON COLUMN @extschema@.ct_permutations.place IS 'its place among the run''s, from 1, the worst first';
COMMENT ON COLUMN @extschema@.ct_permutations.gist IS 'what is wrong, in a sentence; null if nothing is';
COMMENT ON COLUMN @extschema@.ct_permutations.serial_order IS 'the serial order whose state is nearest to the one in state, as "2, 1"; null where state is null';
COMMENT ON COLUMN @extschema@.ct_permutations.state IS 'rows of the tables at the end of this order, where no serial order leaves them so: those that differ, a line each';
COMMENT ON COLUMN @extschema@.ct_permutations.serial_state IS 'the same at the end of serial_order';

COMMENT ON VIEW @extschema@.ct_steps IS 'the steps of each order in ct_permutations, a row each, in their order: what an execution of it did';
COMMENT ON COLUMN @extschema@.ct_steps.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_steps.result IS 'result of the order that the step is of, see ct_permutations';
COMMENT ON COLUMN @extschema@.ct_steps.check_name IS 'check of that order; null of results that are none''s';
COMMENT ON COLUMN @extschema@.ct_steps.position IS 'number of the line in the story of that order, from 1; a step that waits has two: where it begins, and where it comes to its end';
COMMENT ON COLUMN @extschema@.ct_steps.session IS 'session that makes the step, from 1';
COMMENT ON COLUMN @extschema@.ct_steps.function IS 'function that the statement is in; null if it is the script''s own';
COMMENT ON COLUMN @extschema@.ct_steps.line IS 'line of the function''s body, or of the script, from 1';
COMMENT ON COLUMN @extschema@.ct_steps.query IS 'the statement that the step begins with';
COMMENT ON COLUMN @extschema@.ct_steps.event IS 'ran; waits (it begins, and sleeps on a lock), goes on (and comes to its end, once that lock is free), error (which ends the session)';
COMMENT ON COLUMN @extschema@.ct_steps.waits_for IS 'session that it waits for; null if it doesn''t wait, or for none of the run''s';
COMMENT ON COLUMN @extschema@.ct_steps.rows IS 'rows that its statements have returned or changed; null if unknown';
COMMENT ON COLUMN @extschema@.ct_steps.first_row IS 'the values that it read first, shortened; null if it read none';
COMMENT ON COLUMN @extschema@.ct_steps.error IS 'message of the error; null if there was none';
COMMENT ON COLUMN @extschema@.ct_steps.conflicts IS 'it is one of the two steps whose order makes the difference, as far as that is known';
COMMENT ON COLUMN @extschema@.ct_steps.place IS 'place of that order in ct_permutations';

COMMENT ON TABLE @extschema@.ct_result_exploration IS 'explorations; read it through ct_explorations';
COMMENT ON COLUMN @extschema@.ct_result_exploration.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_exploration.sessions IS 'sessions, 2 to 8';
COMMENT ON COLUMN @extschema@.ct_result_exploration.yield IS 'where a step ends: inside (functions, too: before each statement of PL/pgSQL that can touch the database, if the session has touched it since its last step), or statement';
COMMENT ON COLUMN @extschema@.ct_result_exploration.executions IS 'executions that were begun, those included that were cut or repeated';
COMMENT ON COLUMN @extschema@.ct_result_exploration.complete IS 'executions that reached their end, each by another order unless orders were drawn at random. Without reduction, and with exhausted, the number of interleavings';
COMMENT ON COLUMN @extschema@.ct_result_exploration.cut IS 'executions that were given up, since another one stands for what they would have come to';
COMMENT ON COLUMN @extschema@.ct_result_exploration.violating IS 'complete executions after which a check found a row';
COMMENT ON COLUMN @extschema@.ct_result_exploration.not_serial IS 'complete executions that left the tables as no serial order of their sessions does: one after the other, those that ended well and what the others had committed before they failed (final-state serializability)';
COMMENT ON COLUMN @extschema@.ct_result_exploration.deadlocks IS 'executions in which a session met 40P01, expected or not';
COMMENT ON COLUMN @extschema@.ct_result_exploration.errors IS 'executions in which a session ended in an error that nobody expected';
COMMENT ON COLUMN @extschema@.ct_result_exploration.preemptions IS 'all orders with at most so many preemptions were executed; a preemption is that another session goes on although the last one could (Musuvathi and Qadeer''s iterative context bounding). Null if no bound was needed, as all orders were executed (exhausted); or if not even those without a preemption were';
COMMENT ON COLUMN @extschema@.ct_result_exploration.exhausted IS 'all interleavings were executed, or one that stands for each';
COMMENT ON COLUMN @extschema@.ct_result_exploration.serial_orders IS 'serial orders of sessions, of all of them or of some, that were executed to compare states with';
COMMENT ON COLUMN @extschema@.ct_result_exploration.first_failure_at IS 'when the first execution had gone wrong; null if none has';
COMMENT ON COLUMN @extschema@.ct_result_exploration.per_second IS 'executions per second of the search, after the first one, without the processes'' start; null if there was but one';
COMMENT ON COLUMN @extschema@.ct_result_exploration.first_failure IS 'the number of that execution, from 1; null if none has gone wrong';
COMMENT ON COLUMN @extschema@.ct_result_exploration.reduced IS 'orders were left out that others stand for, so that no share of interleavings follows from these numbers';
COMMENT ON COLUMN @extschema@.ct_result_exploration.bounded IS 'executions of orders with at most so many preemptions as preemptions says; all of them, where orders were not drawn, if none was needed';
COMMENT ON COLUMN @extschema@.ct_result_exploration.drawn IS 'executions whose order was drawn at random';
COMMENT ON COLUMN @extschema@.ct_result_exploration.drawn_failing IS 'those of them that went wrong';
COMMENT ON COLUMN @extschema@.ct_result_exploration.uniform IS 'nothing waited in any execution, so that the random orders are uniform over interleavings; else one with fewer choices is drawn more often';
COMMENT ON COLUMN @extschema@.ct_result_exploration.stopped_by IS 'what ended the search before it was through: duration, executions, ct_stop(), memory; null if nothing did';
COMMENT ON COLUMN @extschema@.ct_result_exploration.surrogates IS 'columns that were left out when states were compared, since two executions of the same serial order differed there, as "ticket.id, ticket.made_at"; null if there were none';
COMMENT ON COLUMN @extschema@.ct_result_exploration.notes IS 'what else there is to know, a line each: what was copied, how the state is brought back, what was not deterministic; null if nothing';

COMMENT ON TABLE @extschema@.ct_result_permutation IS 'kinds of results of explorations; read it through ct_permutations';
COMMENT ON COLUMN @extschema@.ct_result_permutation.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_permutation.result IS 'how executions ended: pass; check (one found a row), not_serial (no serial order of the sessions leaves the tables so), deadlock (40P01 that nobody expected), error (another one that nobody expected), hang (sessions waited that nobody would wake)';
COMMENT ON COLUMN @extschema@.ct_result_permutation.check_name IS 'the check that found a row; null of other results';
COMMENT ON COLUMN @extschema@.ct_result_permutation.sqlstate IS 'SQLSTATE of the error or deadlock; null of other results';
COMMENT ON COLUMN @extschema@.ct_result_permutation.executions IS 'complete executions that ended so';
COMMENT ON COLUMN @extschema@.ct_result_permutation.permutation IS 'the shortest order that ends so, of those with the fewest preemptions: the session that makes each step, from 1, as in the permutation of an isolationtester spec';
COMMENT ON COLUMN @extschema@.ct_result_permutation.preemptions IS 'preemptions in it: how often another session goes on although the last one could';
COMMENT ON COLUMN @extschema@.ct_result_permutation.place IS 'its place among the run''s, from 1, the worst first';
COMMENT ON COLUMN @extschema@.ct_result_permutation.gist IS 'what is wrong, in a sentence; null if nothing is';
COMMENT ON COLUMN @extschema@.ct_result_permutation.serial_order IS 'the serial order whose state is nearest to the one in state, as "2, 1"; null where state is null';
COMMENT ON COLUMN @extschema@.ct_result_permutation.state IS 'rows of the tables at the end of this order, where no serial order leaves them so: those that differ, a line each';
COMMENT ON COLUMN @extschema@.ct_result_permutation.serial_state IS 'the same at the end of serial_order';

COMMENT ON TABLE @extschema@.ct_result_step IS 'steps of their orders; read it through ct_steps';
COMMENT ON COLUMN @extschema@.ct_result_step.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_step.result IS 'result of the order that the step is of, see ct_permutations';
COMMENT ON COLUMN @extschema@.ct_result_step.check_name IS 'check of that order; null of results that are none''s';
COMMENT ON COLUMN @extschema@.ct_result_step.position IS 'number of the line in the story of that order, from 1; a step that waits has two: where it begins, and where it comes to its end';
COMMENT ON COLUMN @extschema@.ct_result_step.session IS 'session that makes the step, from 1';
COMMENT ON COLUMN @extschema@.ct_result_step.function IS 'function that the statement is in; null if it is the script''s own';
COMMENT ON COLUMN @extschema@.ct_result_step.line IS 'line of the function''s body, or of the script, from 1';
COMMENT ON COLUMN @extschema@.ct_result_step.query IS 'the statement that the step begins with';
COMMENT ON COLUMN @extschema@.ct_result_step.event IS 'ran; waits (it begins, and sleeps on a lock), goes on (and comes to its end, once that lock is free), error (which ends the session)';
COMMENT ON COLUMN @extschema@.ct_result_step.waits_for IS 'session that it waits for; null if it doesn''t wait, or for none of the run''s';
COMMENT ON COLUMN @extschema@.ct_result_step.rows IS 'rows that its statements have returned or changed; null if unknown';
COMMENT ON COLUMN @extschema@.ct_result_step.first_row IS 'the values that it read first, shortened; null if it read none';
COMMENT ON COLUMN @extschema@.ct_result_step.error IS 'message of the error; null if there was none';
COMMENT ON COLUMN @extschema@.ct_result_step.conflicts IS 'it is one of the two steps whose order makes the difference, as far as that is known';
COMMENT ON COLUMN @extschema@.ct_result_step.place IS 'place of that order in ct_permutations';
