/*
 * Tallies: what scripts added up.
 */
CREATE TABLE @extschema@.ct_result_tally (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	tally			text NOT NULL,
	value			float8 NOT NULL,
	times			bigint,
	min				float8,
	max				float8,
	PRIMARY KEY (run_id, tally)
);

CREATE VIEW @extschema@.ct_tallies WITH (security_barrier) AS
	SELECT t.run_id,
		t.tally,
		t.value,
		t.times,
		t.value / nullif(t.times, 0)::float8 AS mean,
		t.min,
		t.max
	FROM @extschema@.ct_visible_result r
	JOIN @extschema@.ct_result_tally t ON t.run_id = r.run_id
	ORDER BY t.run_id, t.tally;

GRANT SELECT ON @extschema@.ct_tallies TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_tallies IS 'a row per run and tally: what \tally added up in committed transactions of all workers, warm-up included';
COMMENT ON COLUMN @extschema@.ct_tallies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_tallies.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_tallies.value IS 'its sum';
COMMENT ON COLUMN @extschema@.ct_tallies.times IS 'how often \tally added to it; this, mean, min and max are null in runs of version 1.0';
COMMENT ON COLUMN @extschema@.ct_tallies.mean IS 'the sum by these times: what one \tally added on average';
COMMENT ON COLUMN @extschema@.ct_tallies.min IS 'the smallest amount that one \tally added';
COMMENT ON COLUMN @extschema@.ct_tallies.max IS 'the largest amount that one \tally added';

COMMENT ON TABLE @extschema@.ct_result_tally IS 'tallies of runs; read it through ct_tallies';
COMMENT ON COLUMN @extschema@.ct_result_tally.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_tally.tally IS 'name of the tally';
COMMENT ON COLUMN @extschema@.ct_result_tally.value IS 'its sum over all workers';
COMMENT ON COLUMN @extschema@.ct_result_tally.times IS 'how often it was added to; null in runs of version 1.0';
COMMENT ON COLUMN @extschema@.ct_result_tally.min IS 'the smallest amount; null in runs of version 1.0';
COMMENT ON COLUMN @extschema@.ct_result_tally.max IS 'the largest amount; null in runs of version 1.0';
