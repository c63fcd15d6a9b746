/*
 * The part "comparisons" of bench/run: runs of one build compared with
 * themselves, by ct_regressions.  Needs the runs of scenario "comparison", and
 * their length in the variable "seconds".  Prints a line per kind of
 * comparison: its name, how many there were, in how many of them something was
 * significant (where the later runs were made slower: that tps fell), in how
 * many that could not be told of tps, in how many any metric was significant,
 * and the median of detectable, of tps, in percent.
 *
 * Comparisons other than with the last ten are made of copies of runs, so that
 * their order can be chosen and their seconds drawn; all else is as ever.
 */
SET client_min_messages = error;
SET bench.seconds = :seconds;
SELECT setseed(0.5) \g /dev/null

CREATE TEMP TABLE real AS
	SELECT run_id, row_number() OVER (ORDER BY run_id)::int AS position
	FROM ct_result
	WHERE scenario = 'comparison' AND status = 'succeeded';

CREATE TEMP TABLE compared (kind text, found boolean, told boolean, any_found boolean, detectable float8);

/* all of their whole seconds, one after the other */
CREATE TEMP TABLE history AS
	SELECT (row_number() OVER (ORDER BY s.run_id, s."time"))::int - 1 AS position, count(*) OVER ()::int AS of, s.run_id AS source,
		s.transactions / s.seconds AS tps, s.mean_ms, s.p50_ms, s.p95_ms, s.p99_ms, s.max_ms
	FROM ct_result_second s JOIN real USING (run_id)
	WHERE s.seconds > 0.5;
CREATE UNIQUE INDEX ON history (position);
ANALYZE history;

/* Adds the same run again, as the first of a group of repeats (0) or a further one, and returns its id. */
CREATE FUNCTION pg_temp.copied(source bigint, first bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	id	bigint := nextval(pg_get_serial_sequence('ct_result', 'run_id'));
BEGIN
	INSERT INTO ct_result
	SELECT n.* FROM ct_result o, jsonb_populate_record(o, jsonb_build_object('run_id', id, 'repeat_of', coalesce(nullif(first, 0), id))) n
	WHERE o.run_id = source;
	INSERT INTO ct_result_usage
	SELECT n.* FROM ct_result_usage o, jsonb_populate_record(o, jsonb_build_object('run_id', id)) n
	WHERE o.run_id = source;
	INSERT INTO ct_result_second
	SELECT n.* FROM ct_result_second o, jsonb_populate_record(o, jsonb_build_object('run_id', id)) n
	WHERE o.run_id = source;
	RETURN id;
END $$;

CREATE FUNCTION pg_temp.copied(sources bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	ids	bigint[] := '{}';
	s	bigint;
BEGIN
	FOREACH s IN ARRAY sources LOOP
		ids := ids || pg_temp.copied(s, coalesce(ids[1], 0));
	END LOOP;
	RETURN ids;
END $$;

/*
 * The same with so many seconds drawn from the run's, in blocks of three
 * neighbours, which keeps what these have in common; each so many times slower.
 */
CREATE FUNCTION pg_temp.drawn(source bigint, n int, slower float8) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	id	bigint := pg_temp.copied(source, 0);
BEGIN
	CREATE TEMP TABLE drawn ON COMMIT DROP AS
		WITH s AS MATERIALIZED (
			SELECT (row_number() OVER (ORDER BY "time"))::int - 1 AS position, count(*) OVER ()::int AS of, ct_result_second.*
			FROM ct_result_second
			WHERE run_id = source AND seconds > 0.5
		), block AS MATERIALIZED (
			SELECT b, floor(random() * (SELECT max(of) FROM s))::int AS first
			FROM generate_series(0, (n - 1) / 3) b
		)
		SELECT 3 * b + j AS i, s.*
		FROM block, generate_series(0, 2) j, s
		WHERE s.position = (block.first + j) % s.of AND 3 * b + j < n;
	DELETE FROM ct_result_second WHERE run_id = id;
	INSERT INTO ct_result_second (run_id, "time", seconds, transactions, failed, retries, p50_ms, p95_ms, p99_ms, max_ms, mean_ms)
	SELECT id, coalesce(r.gate_at, r.started_at) + (d.i + 1) * interval '1 s', 1, round(d.transactions / d.seconds / slower), 0, 0,
		d.p50_ms * slower, d.p95_ms * slower, d.p99_ms * slower, d.max_ms * slower, d.mean_ms * slower
	FROM drawn d, ct_result r
	WHERE r.run_id = id;
	UPDATE ct_result r
	SET (tps, mean_ms, p50_ms, p95_ms, p99_ms) = (
		SELECT avg(d.transactions / d.seconds / slower), avg(d.mean_ms * slower), avg(d.p50_ms * slower), avg(d.p95_ms * slower), avg(d.p99_ms * slower)
		FROM drawn d)
	WHERE r.run_id = id;
	DROP TABLE drawn;
	RETURN id;
END $$;

/*
 * Runs of n seconds, each a stretch of that history from anywhere on, so that
 * they differ as much as real ones did within so long; each second so many
 * times slower.  A group of repeats: their ids.
 */
CREATE FUNCTION pg_temp.stretches(repeats int, n int, slower float8) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
	ids	bigint[];
BEGIN
	CREATE TEMP TABLE stretch ON COMMIT DROP AS
		WITH run AS MATERIALIZED (
			SELECT nextval(pg_get_serial_sequence('ct_result', 'run_id')) AS run_id, floor(random() * (SELECT max(of) FROM history))::int AS first
			FROM generate_series(1, repeats)
		)
		SELECT run.run_id, first_value(r.source) OVER (PARTITION BY run.run_id ORDER BY i) AS source, i,
			r.tps / slower AS tps, r.mean_ms * slower AS mean_ms, r.p50_ms * slower AS p50_ms, r.p95_ms * slower AS p95_ms,
			r.p99_ms * slower AS p99_ms, r.max_ms * slower AS max_ms
		FROM run, generate_series(0, n - 1) i, history r
		WHERE r.position = (run.first + i) % r.of;
	SELECT array_agg(DISTINCT s.run_id ORDER BY s.run_id) INTO ids FROM stretch s;
	INSERT INTO ct_result
	SELECT c.*
	FROM (SELECT s.run_id, min(s.source) AS source, avg(s.tps) AS tps, avg(s.mean_ms) AS mean_ms, avg(s.p50_ms) AS p50_ms,
			avg(s.p95_ms) AS p95_ms, avg(s.p99_ms) AS p99_ms, ids[1] AS repeat_of
		  FROM stretch s GROUP BY s.run_id) s
	JOIN ct_result o ON o.run_id = s.source, jsonb_populate_record(o, to_jsonb(s) - 'source') c;
	INSERT INTO ct_result_usage
	SELECT c.*
	FROM (SELECT DISTINCT s.run_id, s.source FROM stretch s) s
	JOIN ct_result_usage o ON o.run_id = s.source, jsonb_populate_record(o, jsonb_build_object('run_id', s.run_id)) c;
	INSERT INTO ct_result_second (run_id, "time", seconds, transactions, failed, retries, p50_ms, p95_ms, p99_ms, max_ms, mean_ms)
	SELECT s.run_id, coalesce(o.gate_at, o.started_at) + (s.i + 1) * interval '1 s', 1, round(s.tps), 0, 0, s.p50_ms, s.p95_ms, s.p99_ms, s.max_ms, s.mean_ms
	FROM stretch s JOIN ct_result o ON o.run_id = s.source;
	DROP TABLE stretch;
	RETURN ids;
END $$;

/* Compares a run, or a group of repeats by its last one, with a baseline; none: with the last ten. */
CREATE FUNCTION pg_temp.compare(kind text, baseline bigint[], later bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF baseline IS NOT NULL THEN
		PERFORM ct_set_baseline(baseline);
	END IF;
	INSERT INTO compared
	SELECT kind, coalesce(bool_or(r.significant AND (kind NOT LIKE 'slower%' OR r.metric = 'tps' AND r.change < 0)), false),
		coalesce(bool_or(r.significant IS NOT NULL) FILTER (WHERE r.metric = 'tps'), false),
		coalesce(bool_or(r.significant), false),
		max(r.detectable) FILTER (WHERE r.metric = 'tps')
	FROM ct_regressions r
	WHERE r.run_id = later;
END $$;

/* The same of so many repeats on each side, of n seconds. */
CREATE FUNCTION pg_temp.compare_repeats(kind text, repeats int, n int, slower float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	before	bigint[] := pg_temp.stretches(repeats, n, 1);
	after	bigint[] := pg_temp.stretches(repeats, n, slower);
BEGIN
	PERFORM pg_temp.compare(kind, before, after[repeats]);
END $$;

CREATE FUNCTION pg_temp.detectable(the_kind text) RETURNS float8 LANGUAGE sql AS $$
	SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY coalesce(detectable, 'inf')) FROM compared WHERE kind = the_kind $$;

DO $$
DECLARE
	runs	int := (SELECT count(*) FROM real);
	ids		bigint[] := (SELECT array_agg(run_id ORDER BY position) FROM real);
	drawn	int := current_setting('bench.seconds')::int;
	enough	int := 5;
	slower	int;
	design	record;
	k		int;
	b		bigint[];
	a		bigint[];
BEGIN
	/* before there is a baseline */
	FOR k IN 2 .. runs LOOP
		PERFORM pg_temp.compare('last_ten', NULL, ids[k]);
	END LOOP;
	FOR k IN 2 .. runs LOOP
		b := pg_temp.copied(ids[k - 1:k - 1]);
		a := pg_temp.copied(ids[k:k]);
		PERFORM pg_temp.compare('neighbours', b, a[1]);
	END LOOP;
	/* A B A B: five of each */
	FOR k IN 1 .. runs - 9 LOOP
		b := pg_temp.copied(ARRAY[ids[k], ids[k + 2], ids[k + 4], ids[k + 6], ids[k + 8]]);
		a := pg_temp.copied(ARRAY[ids[k + 1], ids[k + 3], ids[k + 5], ids[k + 7], ids[k + 9]]);
		PERFORM pg_temp.compare('interleaved', b, a[5]);
	END LOOP;

	/* as the docs advise: twice as many, until they would show what is looked for */
	LOOP
		FOR k IN 1 .. 20 LOOP
			PERFORM pg_temp.compare_repeats('repeats_' || enough, enough, 10, 1);
		END LOOP;
		EXIT WHEN pg_temp.detectable('repeats_' || enough) <= 0.05 OR pg_temp.detectable('repeats_' || enough) = 'inf' OR enough >= 640;
		enough := 2 * enough;
	END LOOP;
	FOR k IN 1 .. 100 LOOP
		PERFORM pg_temp.compare_repeats('repeats_' || enough, enough, 10, 1);
	END LOOP;
	FOR k IN 1 .. 400 - (SELECT count(*) FROM compared) LOOP
		PERFORM pg_temp.compare('drawn', ARRAY[pg_temp.drawn(ids[1 + k % runs], drawn * (1 + 2 * (k / runs % 2)), 1)],
			pg_temp.drawn(ids[1 + k % runs], drawn * (1 + 2 * (k / runs % 2)), 1));
	END LOOP;

	FOREACH slower IN ARRAY ARRAY[5, 10] LOOP
		FOR design IN VALUES (1, 30), (5, 10), (5, 30), (enough, 10) LOOP
			CONTINUE WHEN (SELECT count(*) FROM compared WHERE kind = format('slower_%s_%s_%s', slower, design.column1, design.column2)) > 0;
			FOR k IN 1 .. 100 LOOP
				PERFORM pg_temp.compare_repeats(format('slower_%s_%s_%s', slower, design.column1, design.column2),
					design.column1, design.column2, 1 + slower / 100.0);
			END LOOP;
		END LOOP;
	END LOOP;
END $$;

SELECT kind, count(*), count(*) FILTER (WHERE found), count(*) FILTER (WHERE NOT told), count(*) FILTER (WHERE any_found),
	coalesce(round(100 * nullif(pg_temp.detectable(kind), 'inf')::numeric, 1)::text, '-')
FROM compared GROUP BY kind ORDER BY kind;
