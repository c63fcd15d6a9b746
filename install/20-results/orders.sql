/*
 * Orders of steps: a row per step and other script in the table, per pair of
 * steps in the view.
 */
CREATE TABLE @extschema@.ct_result_order (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	step			int NOT NULL,	-- as in ct_result_latency
	other_script	text NOT NULL,
	other_steps		int[] NOT NULL,
	before_seen		boolean[] NOT NULL,	-- one for each of other_steps
	after_seen		boolean[] NOT NULL,
	PRIMARY KEY (run_id, script, step, other_script)
);

CREATE VIEW @extschema@.ct_orders WITH (security_barrier) AS
	SELECT o.run_id,
		o.script,
		o.step,
		o.other_script,
		u.other_step,
		u.before_seen,
		u.after_seen
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_order o ON o.run_id = r.run_id
	CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(o.other_steps), pg_catalog.unnest(o.before_seen),
		pg_catalog.unnest(o.after_seen)) AS u (other_step, before_seen, after_seen)
	ORDER BY o.run_id, o.script, o.step, o.other_script, u.other_step;

GRANT SELECT ON @extschema@.ct_orders TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_orders IS 'a row per run and pair of steps (SQL commands, the first 64 of a script) of two transactions that overlapped: which of the two orders have occurred. What neither says was executed at once, or was not seen: each statement is compared with one other worker''s, in turn';
COMMENT ON COLUMN @extschema@.ct_orders.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_orders.script IS 'script of the one transaction';
COMMENT ON COLUMN @extschema@.ct_orders.step IS 'its step, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_orders.other_script IS 'script of the other transaction, another worker''s; may be the same';
COMMENT ON COLUMN @extschema@.ct_orders.other_step IS 'its step';
COMMENT ON COLUMN @extschema@.ct_orders.before_seen IS 'the step has ended before the other step began, at least once';
COMMENT ON COLUMN @extschema@.ct_orders.after_seen IS 'the other step has ended before the step began, at least once';

COMMENT ON TABLE @extschema@.ct_result_order IS 'orders of steps in runs, a row per step and other script; read it through ct_orders';
COMMENT ON COLUMN @extschema@.ct_result_order.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_order.script IS 'script of the one transaction';
COMMENT ON COLUMN @extschema@.ct_result_order.step IS 'its step';
COMMENT ON COLUMN @extschema@.ct_result_order.other_script IS 'script of the other';
COMMENT ON COLUMN @extschema@.ct_result_order.other_steps IS 'its steps';
COMMENT ON COLUMN @extschema@.ct_result_order.before_seen IS 'for each of these, whether the step has ended before it began';
COMMENT ON COLUMN @extschema@.ct_result_order.after_seen IS 'for each of these, whether it has ended before the step began';
