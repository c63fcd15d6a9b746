/*
 * Slices: how many transactions completed when, finer than by the second.  A
 * row per run in the table, per slice in the view.
 */
CREATE TABLE @extschema@.ct_result_slice (
	run_id			bigint PRIMARY KEY REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	length_s		float8 NOT NULL,
	transactions	bigint[] NOT NULL
);

CREATE VIEW @extschema@.ct_slices WITH (security_barrier) AS
	SELECT u.run_id,
		u.slice,
		u.from_s,
		u.length_s,
		u.transactions,
		pg_catalog.round((u.transactions::float8 / u.length_s)::numeric, 1)::float8 AS tps
	FROM (
		SELECT s.run_id,
			t.slice::int AS slice,
			(t.slice - 1::bigint)::float8 * s.length_s AS from_s,
			/* the last one ends with the duration, unless what was scheduled in it came later */
			CASE
				WHEN r.duration > (t.slice - 1::bigint)::float8 * s.length_s
				THEN least(s.length_s, r.duration - (t.slice - 1::bigint)::float8 * s.length_s)
				ELSE s.length_s
			END AS length_s,
			t.transactions
		FROM @extschema@.ct_visible_result r
		JOIN @extschema@.ct_result_slice s ON s.run_id = r.run_id
		CROSS JOIN LATERAL pg_catalog.unnest(s.transactions) WITH ORDINALITY AS t (transactions, slice)) u
	ORDER BY u.run_id, u.slice;

GRANT SELECT ON @extschema@.ct_slices TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_slices IS 'a row per slice of a run''s measured part, up to 64 of equal length: the throughput of runs that are too short for ct_timeline, and what ct_runs.tps_low and tps_high rest on';
COMMENT ON COLUMN @extschema@.ct_slices.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_slices.slice IS 'number of the slice, from 1';
COMMENT ON COLUMN @extschema@.ct_slices.from_s IS 'when it begins, seconds since the measured part did, >= 0';
COMMENT ON COLUMN @extschema@.ct_slices.length_s IS 'its length, seconds: 2 ^ 16 ns, or twice as long, and so on; the last one ends with the duration';
COMMENT ON COLUMN @extschema@.ct_slices.transactions IS 'transactions that completed in it; with a rate, also after the duration';
COMMENT ON COLUMN @extschema@.ct_slices.tps IS 'the same per second of its length';

COMMENT ON TABLE @extschema@.ct_result_slice IS 'transactions of runs by time; read it through ct_slices';
COMMENT ON COLUMN @extschema@.ct_result_slice.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_slice.length_s IS 'length of each slice, seconds, > 0';
COMMENT ON COLUMN @extschema@.ct_result_slice.transactions IS 'completed in each of them, from the begin of the measured part on, >= 0';
