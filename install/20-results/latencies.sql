/*
 * Latencies with their histograms, one table for both: a row per histogram.
 */
CREATE TABLE @extschema@.ct_result_latency (
	run_id			bigint NOT NULL REFERENCES @extschema@.ct_result ON DELETE CASCADE,
	script			text NOT NULL,
	step			int NOT NULL,	-- 0 for what is the transaction's, else the command's number from 1
	kind			text NOT NULL,	-- transaction, statement, schedule_lag, lock_wait
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
	sql				text,			-- the step's text
	lower_us		float8[] NOT NULL,	-- the histogram's buckets that are not empty:
	upper_us		float8[] NOT NULL,	-- lower bound inclusive, upper exclusive
	bucket_count	bigint[] NOT NULL,
	PRIMARY KEY (run_id, script, step, kind)
);

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

GRANT SELECT ON @extschema@.ct_latencies, @extschema@.ct_histograms TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_latencies IS 'a row per run, script, step and kind of latency: its distribution in milliseconds, retries included; time that a transaction waited at a \barrier for the other workers isn''t part of its latency';
COMMENT ON COLUMN @extschema@.ct_latencies.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_latencies.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_latencies.step IS '0 for what is the whole transaction''s, else the number of the script''s command, from 1';
COMMENT ON COLUMN @extschema@.ct_latencies.kind IS 'transaction, statement, schedule_lag (how late a transaction began against its rate), or lock_wait (time that a statement slept on heavyweight locks, one value a statement that did; measured by looking some hundred times a second, so 2 ms off, more with hundreds of workers)';
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
COMMENT ON COLUMN @extschema@.ct_latencies.sql IS 'text of the step, cut after 8 kB; null for step 0. Whoever ran a scenario sees it here, also where ct_scripts doesn''t show it: they have executed it';

COMMENT ON VIEW @extschema@.ct_histograms IS 'a row per bucket that isn''t empty of each latency in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.run_id IS 'the run, see ct_runs';
COMMENT ON COLUMN @extschema@.ct_histograms.script IS 'the script, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.step IS 'the step, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.kind IS 'the kind of latency, as in ct_latencies';
COMMENT ON COLUMN @extschema@.ct_histograms.lower_us IS 'lower bound of the bucket, inclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.upper_us IS 'upper bound of the bucket, exclusive, microseconds';
COMMENT ON COLUMN @extschema@.ct_histograms.count IS 'latencies in the bucket';
COMMENT ON COLUMN @extschema@.ct_histograms.cumulative_share IS 'share of latencies in this bucket or a lower one, 0 to 1';

COMMENT ON TABLE @extschema@.ct_result_latency IS 'latencies of runs with their histograms; read it through ct_latencies and ct_histograms';
COMMENT ON COLUMN @extschema@.ct_result_latency.run_id IS 'the run';
COMMENT ON COLUMN @extschema@.ct_result_latency.script IS 'the script';
COMMENT ON COLUMN @extschema@.ct_result_latency.step IS '0 for the whole transaction, else the command''s number from 1';
COMMENT ON COLUMN @extschema@.ct_result_latency.kind IS 'transaction, statement, schedule_lag or lock_wait';
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
COMMENT ON COLUMN @extschema@.ct_result_latency.sql IS 'text of the step';
COMMENT ON COLUMN @extschema@.ct_result_latency.lower_us IS 'inclusive lower bounds of the histogram''s buckets that aren''t empty, ascending, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.upper_us IS 'exclusive upper bounds of the same, microseconds';
COMMENT ON COLUMN @extschema@.ct_result_latency.bucket_count IS 'latencies in each of them, > 0';
