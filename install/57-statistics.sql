/*
 * Comparing runs with earlier ones: baselines, regressions, trends.
 */

/*
 * What two runs have to have in common so that their numbers can be compared:
 * all of the plan but for what doesn't change the load.  With a body that is
 * parsed now, so that it stands on nobody's search_path.
 */
CREATE FUNCTION @extschema@._ct_settings(plan jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN pg_catalog.md5((plan - '{seed, keep, stop_on_fail, min_overlap, workers_named, workers_default, checks, thresholds, elsewhere, repeat_of}'::text[])::text);

COMMENT ON FUNCTION @extschema@._ct_settings IS
'internal: a digest of what two runs have to have in common so that their numbers can be compared';

CREATE INDEX ct_result_series ON @extschema@.ct_result
	(coalesce(scenario, ''::text), coalesce(variant, ''::text), @extschema@._ct_settings(plan), run_id);
CREATE INDEX ct_result_repeats ON @extschema@.ct_result (repeat_of) WHERE repeat_of IS NOT NULL;

/*
 * One baseline for each scenario, variant and role.  Runs of ct_test have
 * neither name: for them it is '' and what they have in common, their settings.
 * The runs stay until another one takes their place: ct_prune leaves them.
 */
CREATE TABLE @extschema@.ct_baseline (
	role			regrole NOT NULL,
	scenario		text NOT NULL,
	variant			text NOT NULL,
	settings		text NOT NULL,
	run_ids			bigint[] NOT NULL CHECK (pg_catalog.cardinality(run_ids) > 0),
	set_at			timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (scenario, variant, settings, role)
);

COMMENT ON TABLE @extschema@.ct_baseline IS 'baselines, by ct_set_baseline; read it through ct_baselines';
COMMENT ON COLUMN @extschema@.ct_baseline.role IS 'role of its runs, whose later runs are compared with it';
COMMENT ON COLUMN @extschema@.ct_baseline.scenario IS 'scenario; empty for runs of ct_test';
COMMENT ON COLUMN @extschema@.ct_baseline.variant IS 'variant; empty for runs of ct_test';
COMMENT ON COLUMN @extschema@.ct_baseline.settings IS 'of runs of ct_test: what later ones have to have in common with them; else empty';
COMMENT ON COLUMN @extschema@.ct_baseline.run_ids IS 'its runs, ascending';
COMMENT ON COLUMN @extschema@.ct_baseline.set_at IS 'when it was set';

CREATE VIEW @extschema@.ct_baselines WITH (security_barrier) AS
	SELECT r.scenario,
		r.variant,
		b.run_ids,
		b.set_at,
		coalesce((SELECT a.rolname::text FROM pg_catalog.pg_roles a WHERE a.oid = b.role::oid), b.role::oid::text) AS role
	FROM @extschema@.ct_baseline b
	JOIN @extschema@.ct_visible_result r ON r.run_id = b.run_ids[pg_catalog.cardinality(b.run_ids)]
	ORDER BY r.scenario, r.variant, b.set_at;

GRANT SELECT ON @extschema@.ct_baselines TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_baselines IS 'a row per baseline that ct_set_baseline has set, of runs that one may see';
COMMENT ON COLUMN @extschema@.ct_baselines.scenario IS 'scenario; null for runs of ct_test, with which later ones of the same script and settings are compared';
COMMENT ON COLUMN @extschema@.ct_baselines.variant IS 'variant; null for runs of ct_test';
COMMENT ON COLUMN @extschema@.ct_baselines.run_ids IS 'its runs, ascending; ct_prune leaves them';
COMMENT ON COLUMN @extschema@.ct_baselines.set_at IS 'when it was set';
COMMENT ON COLUMN @extschema@.ct_baselines.role IS 'role of its runs, with whose later runs it is compared';

CREATE FUNCTION @extschema@.ct_set_baseline(run_id bigint) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_set_baseline';

CREATE FUNCTION @extschema@.ct_set_baseline(run_ids bigint[]) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_set_baseline_list';

CREATE FUNCTION @extschema@.ct_drop_baseline(run_id bigint) RETURNS boolean
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_drop_baseline';

REVOKE ALL ON FUNCTION @extschema@.ct_set_baseline(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_set_baseline(bigint[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION @extschema@.ct_drop_baseline FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_set_baseline(bigint) IS
'makes a run the baseline that later runs of its scenario, variant and role are compared with, in ct_regressions and by thresholds such as "vs_baseline.p95_ms < 1.2"; of a run of ct_test, later ones of the same script and settings. It takes the place of the one before, and ct_prune leaves its runs. A run of a group of repeats stands for all of them. Raises 42704 if there is no such run, 55000 unless it has succeeded, 22023 for an exploration, 42501 unless one has the privileges of its role';
COMMENT ON FUNCTION @extschema@.ct_set_baseline(bigint[]) IS
'the same of several runs of one scenario, variant and role, which tell how much runs differ; 22023 if they aren''t of one';
COMMENT ON FUNCTION @extschema@.ct_drop_baseline IS
'takes back the baseline that the run belongs to; its runs stay, until ct_prune removes them. Returns whether it belonged to one';

/* Nothing but arithmetic: whoever looks at the views below calls it. */
CREATE FUNCTION @extschema@._ct_change(
	runs			bigint[],		-- ascending
	"values"		float8[],		-- of each
	second_runs		bigint[],		-- the run of each second, ascending
	seconds			float8[],
	first_after		bigint,			-- the first run that is compared with those before it
	counts			boolean,
	OUT before		float8,
	OUT after		float8,
	OUT change		float8,
	OUT change_low	float8,
	OUT change_high	float8,
	OUT significant	boolean,
	OUT detectable	float8
) RETURNS record
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_change';

CREATE FUNCTION @extschema@._ct_levels(
	"values"		float8[],
	OUT "position"	int,
	OUT level		float8,
	OUT change		float8,
	OUT changed		boolean
) RETURNS SETOF record
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 100
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_levels';

COMMENT ON FUNCTION @extschema@._ct_change IS
'internal: whether runs differ from earlier ones, by src/metrics/statistics.c; see ct_regressions';
COMMENT ON FUNCTION @extschema@._ct_levels IS
'internal: the levels of a series of runs, a row per value, by src/metrics/changepoint.c; see ct_trends';

/*
 * A run, or a group of repeats, in the row of its last one, against its
 * baseline, or else the last ten of the same kind.  A baseline is looked for
 * among those of roles whose privileges the run's role has, so that who may
 * see the run may see the baseline, too.
 */
CREATE VIEW @extschema@.ct_regressions WITH (security_barrier) AS
	SELECT r.run_id,
		b.run_ids AS baseline,
		m.metric,
		pg_catalog.round(c.before::numeric, 3)::float8 AS before,
		pg_catalog.round(c.after::numeric, 3)::float8 AS after,
		pg_catalog.round(c.change::numeric, 5)::float8 AS change,
		pg_catalog.round(c.change_low::numeric, 5)::float8 AS change_low,
		pg_catalog.round(c.change_high::numeric, 5)::float8 AS change_high,
		CASE WHEN c.significant AND u.disturbed THEN NULL ELSE c.significant END AS significant,
		CASE WHEN NOT u.disturbed THEN pg_catalog.round(c.detectable::numeric, 5)::float8 END AS detectable
	FROM @extschema@.ct_visible_result r
	/* its group */
	CROSS JOIN LATERAL (
		SELECT coalesce(pg_catalog.array_agg(o.run_id ORDER BY o.run_id), ARRAY[r.run_id]) AS run_ids
		FROM @extschema@.ct_result o
		WHERE o.repeat_of = r.repeat_of AND o.status = 'succeeded'::text AND o.tps IS NOT NULL) g
	/* what it is compared with */
	CROSS JOIN LATERAL (
		SELECT coalesce((
			SELECT pg_catalog.array_agg(o.run_id ORDER BY o.run_id)
			FROM @extschema@.ct_result o
			WHERE o.tps IS NOT NULL AND o.run_id = ANY ((
				SELECT x.run_ids
				FROM @extschema@.ct_baseline x
				WHERE x.scenario = coalesce(r.scenario, ''::text) AND x.variant = coalesce(r.variant, ''::text)
					AND x.settings = CASE WHEN r.scenario IS NULL THEN @extschema@._ct_settings(r.plan) ELSE '' END
					AND g.run_ids[1] > x.run_ids[pg_catalog.cardinality(x.run_ids)]
					AND (x.role::oid = r.role::oid OR pg_catalog.pg_has_role(r.role::oid, x.role::oid, 'USAGE'::text))
				ORDER BY (x.role::oid = r.role::oid) DESC, x.set_at DESC LIMIT 1)::bigint[])
		), (
			SELECT pg_catalog.array_agg(l.run_id ORDER BY l.run_id)
			FROM (
				SELECT o.run_id
				FROM @extschema@.ct_result o
				WHERE coalesce(o.scenario, ''::text) = coalesce(r.scenario, ''::text)
					AND coalesce(o.variant, ''::text) = coalesce(r.variant, ''::text)
					AND @extschema@._ct_settings(o.plan) = @extschema@._ct_settings(r.plan)
					AND o.run_id < g.run_ids[1]
					AND o.role::oid = r.role::oid AND o.status = 'succeeded'::text AND o.tps IS NOT NULL
					AND o.workers = r.workers
				ORDER BY coalesce(o.scenario, ''::text) DESC, coalesce(o.variant, ''::text) DESC,
					@extschema@._ct_settings(o.plan) DESC, o.run_id DESC LIMIT 10) l
		)) AS run_ids
		OFFSET 0) b		-- is found once, not once for each use
	CROSS JOIN LATERAL (
		SELECT pg_catalog.array_agg(o.run_id) AS run_ids,
			pg_catalog.array_agg(o.tps) AS tps,
			pg_catalog.array_agg(o.mean_ms) AS mean_ms,
			pg_catalog.array_agg(o.p50_ms) AS p50_ms,
			pg_catalog.array_agg(o.p95_ms) AS p95_ms,
			pg_catalog.array_agg(o.p99_ms) AS p99_ms,
			pg_catalog.array_agg(o.errors) AS errors,
			pg_catalog.count(DISTINCT o.amount) = 1::bigint AS same_amount
		FROM (
			SELECT i.run_id, i.tps, i.mean_ms, i.p50_ms, i.p95_ms, i.p99_ms,
				(SELECT coalesce(pg_catalog.sum(e.count), 0::numeric)::float8 FROM @extschema@.ct_result_error e
				 WHERE e.run_id = i.run_id AND e.handling <> 'expected'::text) AS errors,
				pg_catalog.concat_ws(' ', i.plan ->> 'duration'::text, i.plan ->> 'transactions'::text, i.plan ->> 'rounds'::text) AS amount
			FROM @extschema@.ct_result i
			WHERE i.run_id = ANY (pg_catalog.array_cat(b.run_ids, g.run_ids))
			ORDER BY i.run_id) o) v
	/* whole seconds of the measured part */
	CROSS JOIN LATERAL (
		SELECT pg_catalog.array_agg(s.run_id) AS run_ids,
			pg_catalog.array_agg(s.tps) AS tps,
			pg_catalog.array_agg(s.mean_ms) AS mean_ms,
			pg_catalog.array_agg(s.p50_ms) AS p50_ms,
			pg_catalog.array_agg(s.p95_ms) AS p95_ms,
			pg_catalog.array_agg(s.p99_ms) AS p99_ms,
			pg_catalog.array_agg(s.errors) AS errors
		FROM (
			SELECT i.run_id,
				i.transactions::float8 / i.seconds AS tps,
				i.mean_ms, i.p50_ms, i.p95_ms, i.p99_ms,
				(i.failed + i.retries)::float8 / i.seconds AS errors
			FROM @extschema@.ct_result o
			CROSS JOIN LATERAL (
				SELECT j.* FROM @extschema@.ct_result_second j
				WHERE j.run_id = o.run_id AND j.seconds >= 0.5::float8
					AND j."time" >= coalesce(o.gate_at, o.started_at)
						+ (coalesce((o.plan ->> 'warmup'::text)::float8, 0::float8) + j.seconds - 0.1::float8) * '1 s'::interval
				OFFSET 0) i		-- by the run's index, also where nobody has analyzed the table
			WHERE o.run_id = ANY (pg_catalog.array_cat(b.run_ids, g.run_ids))
			ORDER BY i.run_id, i."time") s) s
	/*
	 * What others on the machine used, where telemetry tells: percent of all
	 * CPUs.  Neither runs nor their seconds show by how much they were slower
	 * for a load that was there throughout, and a difference may be due to it
	 * if it is more than 25 in one of the runs, or 10 more on one side.  Of six
	 * runs or more, one that was disturbed shows in how much they differ: there
	 * it is more than 25 in the mean of a side.
	 */
	CROSS JOIN LATERAL (
		SELECT coalesce(CASE WHEN pg_catalog.cardinality(b.run_ids) + pg_catalog.cardinality(g.run_ids) < 6 THEN i.most
					ELSE greatest(i.before, i.after) END > 25::float8
				OR pg_catalog.abs(i.after - i.before) > 10::float8, false) AS disturbed
		FROM (
			SELECT pg_catalog.max(i.others) AS most,
				pg_catalog.avg(i.others) FILTER (WHERE i.run_id < g.run_ids[1]) AS before,
				pg_catalog.avg(i.others) FILTER (WHERE i.run_id >= g.run_ids[1]) AS after
			FROM (
				SELECT o.run_id, o.machine_cpu - o.server_cpu AS others
				FROM @extschema@.ct_result_usage o
				WHERE o.run_id = ANY (pg_catalog.array_cat(b.run_ids, g.run_ids))
				OFFSET 0) i) i) u
	CROSS JOIN LATERAL (VALUES
		(1, 'tps', v.tps, s.tps, false, true),
		(2, 'mean_ms', v.mean_ms, s.mean_ms, false, true),
		(3, 'p50_ms', v.p50_ms, s.p50_ms, false, true),
		(4, 'p95_ms', v.p95_ms, s.p95_ms, false, true),
		(5, 'p99_ms', v.p99_ms, s.p99_ms, false, true),
		(6, 'errors', v.errors, s.errors, true, v.same_amount)) m ("position", metric, "values", seconds, counts, told)
	CROSS JOIN LATERAL @extschema@._ct_change(v.run_ids, m."values", CASE WHEN m.told THEN s.run_ids END,
		CASE WHEN m.told THEN m.seconds END, g.run_ids[1], m.counts) c
	WHERE r.status = 'succeeded'::text AND r.tps IS NOT NULL
		AND b.run_ids IS NOT NULL
		AND r.run_id = g.run_ids[pg_catalog.cardinality(g.run_ids)]
	ORDER BY r.run_id, m."position";

GRANT SELECT ON @extschema@.ct_regressions TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_regressions IS 'a row per run and metric: the run, or with its repeats in the row of the last one, against the baseline of its scenario and variant (ct_set_baseline), or where there is none before it against the last ten runs of the same scenario, variant, settings and role; none where there is nothing to compare with. Runs that have succeeded, whatever their verdict; no explorations';
COMMENT ON COLUMN @extschema@.ct_regressions.run_id IS 'the run, see ct_runs; of a group of repeats the last one';
COMMENT ON COLUMN @extschema@.ct_regressions.baseline IS 'ids of the runs that it is compared with, ascending';
COMMENT ON COLUMN @extschema@.ct_regressions.metric IS 'tps, mean_ms, p50_ms, p95_ms, p99_ms, or errors: those that were not expected, retried ones among them';
COMMENT ON COLUMN @extschema@.ct_regressions.before IS 'mean over the baseline''s runs, in the metric''s unit';
COMMENT ON COLUMN @extschema@.ct_regressions.after IS 'mean over the run and its repeats';
COMMENT ON COLUMN @extschema@.ct_regressions.change IS 'after / before - 1: 0.1 is ten percent more; null from none to some';
COMMENT ON COLUMN @extschema@.ct_regressions.change_low IS 'lower end of its interval, at a level of 99.9 %, from what runs and the seconds within them differ by; null where these don''t tell, and from 0 on';
COMMENT ON COLUMN @extschema@.ct_regressions.change_high IS 'upper end of the same';
COMMENT ON COLUMN @extschema@.ct_regressions.significant IS 'true: the interval leaves 0 out; false: chance may have made it. Null where the data don''t allow to tell: fewer than six runs in all (four more than samples), and one of them with less than four whole seconds, or with a trend; or runs that differ more than their seconds say, and fewer than that; errors of runs of unlike duration or number of transactions. Null in the place of true, with the interval, where others on the machine may have made the difference: their CPU (machine_cpu less server_cpu in ct_usage) was more than 25 % of all CPUs'' in one of the runs (of six runs or more: in the mean of a side), or differed by more than 10 between this side and the baseline; where ct_ext.telemetry was off or the system doesn''t tell, nothing is known of them, and it is true';
COMMENT ON COLUMN @extschema@.ct_regressions.detectable IS 'the smallest change, as a fraction, that runs like these show in four of five cases: 0.05 is five percent more (or less by the same ratio). Where it is large, "significant = false" is no evidence: longer runs or more repeats make it smaller, see docs/statistics.md. Null where nothing can be told, from 0 on, and where the CPU of others is such that no difference is called significant';

/*
 * The runs of a series, one metric after the other, with the levels that it
 * has had.  A series: runs of one scenario, variant, role and settings.
 */
CREATE VIEW @extschema@.ct_trends WITH (security_barrier) AS
	SELECT l."time",
		l.run_id,
		s.scenario,
		s.variant,
		s.series,
		s.metric,
		pg_catalog.round(l.value::numeric, 3)::float8 AS value,
		pg_catalog.round(x.level::numeric, 3)::float8 AS level,
		pg_catalog.round(x.change::numeric, 5)::float8 AS change,
		x.changed AS change_point
	FROM (
		SELECT nullif(u.scenario, ''::text) AS scenario, nullif(u.variant, ''::text) AS variant, u.metric,
			pg_catalog.min(u.run_id) AS series,
			pg_catalog.array_agg(u.run_id ORDER BY u.run_id) AS run_ids,
			pg_catalog.array_agg(u.started_at ORDER BY u.run_id) AS times,
			pg_catalog.array_agg(u.value ORDER BY u.run_id) AS "values"
		FROM (
			SELECT r.run_id, coalesce(r.scenario, ''::text) AS scenario, coalesce(r.variant, ''::text) AS variant,
				r.role::oid AS role, @extschema@._ct_settings(r.plan) AS settings, r.started_at, m.metric, m.value
			FROM @extschema@.ct_visible_result r
			CROSS JOIN LATERAL (VALUES
				('tps', r.tps), ('mean_ms', r.mean_ms), ('p50_ms', r.p50_ms), ('p95_ms', r.p95_ms), ('p99_ms', r.p99_ms),
				('errors', (SELECT coalesce(pg_catalog.sum(e.count), 0::numeric)::float8 FROM @extschema@.ct_result_error e
							WHERE e.run_id = r.run_id AND e.handling <> 'expected'::text))) m (metric, value)
			WHERE r.status = 'succeeded'::text AND r.tps IS NOT NULL AND m.value IS NOT NULL) u
		GROUP BY u.scenario, u.variant, u.role, u.settings, u.metric) s
	CROSS JOIN LATERAL @extschema@._ct_levels(s."values") x
	CROSS JOIN LATERAL (SELECT s.run_ids[x."position"] AS run_id, s.times[x."position"] AS "time",
							s."values"[x."position"] AS value) l
	ORDER BY s.scenario, s.variant, s.series, s.metric, l.run_id;

GRANT SELECT ON @extschema@.ct_trends TO PUBLIC;

COMMENT ON VIEW @extschema@.ct_trends IS 'a row per run and metric, in series of runs of the same scenario, variant, settings and role: its value, the level that it belongs to, and whether a new one began with it; for dashboards';
COMMENT ON COLUMN @extschema@.ct_trends."time" IS 'when the run began';
COMMENT ON COLUMN @extschema@.ct_trends.run_id IS 'the run, see ct_runs; only those that have succeeded, whatever their verdict, and no explorations';
COMMENT ON COLUMN @extschema@.ct_trends.scenario IS 'scenario of the series; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_trends.variant IS 'variant of the series; null for ct_test';
COMMENT ON COLUMN @extschema@.ct_trends.series IS 'id of the series'' first run, to tell those apart that differ in settings or role';
COMMENT ON COLUMN @extschema@.ct_trends.metric IS 'tps, mean_ms, p50_ms, p95_ms, p99_ms, or errors: those that were not expected, retried ones among them';
COMMENT ON COLUMN @extschema@.ct_trends.value IS 'what the run has come to, in the metric''s unit';
COMMENT ON COLUMN @extschema@.ct_trends.level IS 'median of the runs between two changes, this one among them';
COMMENT ON COLUMN @extschema@.ct_trends.change IS 'this level as a fraction of the one before, less 1: 0.1 is ten percent more; null for the first level, and from 0 on';
COMMENT ON COLUMN @extschema@.ct_trends.change_point IS 'whether the level begins with this run: a change that a series without one would show once in a hundred times at most (Hawkins 1977; one that comes back after a while: Olshen 2004); it takes three runs to be seen';
