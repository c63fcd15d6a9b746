/*
 * Reports, assertions and the removal of old runs.  The first two read what
 * the caller may see in the views and nothing more, so that everybody may
 * call them.  They look at what is committed now, with a snapshot of their
 * own: volatile, and not for parallel queries.
 */
CREATE FUNCTION @extschema@.ct_report(run_id bigint, format text DEFAULT 'text') RETURNS text
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_report(bigint, text) IS 'a run''s report; format: text (for terminals, at most 100 columns), markdown (for pull requests), html (a page for a browser: one file with its charts, which loads nothing and has ASCII only, whatever the encoding), json: an object with format_version, run (the columns of ct_runs, duration as duration_s) and the lists checks, anomalies, outcomes, tallies, latencies, histograms, timeline, errors, orders, workers and more, regressions among them (the columns of those views; latencies in ms, bounds of histograms in us, the length of a second in the timeline as length_s), junit (XML for CI servers: a test case, its class the scenario, its name the variant; fail and inconclusive are failures, a run without a verdict is an error; of runs of ct_run_all, what is as expected is none, and of repeats those that aren''t reported count with one that is), or tap (for prove and pg_prove: a test, its checks a subtest)';

CREATE FUNCTION @extschema@.ct_report(run_ids bigint[], format text DEFAULT 'text') RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_report_list';

COMMENT ON FUNCTION @extschema@.ct_report(bigint[], text) IS 'reports of many runs, in the order of the array, under one snapshot, below a line that says how many there are, how many passed and failed; text: one after the other, markdown and html: the same below a table of the runs, json: an array of objects, junit and tap: a test each. Raises 42704 if one of them doesn''t exist, 22023 if there is none, 22004 for nulls';

/*
 * For arguments whose type nobody tells: of the three, the parser takes the one
 * of text for these, and none where it has to choose between the two above.
 */
CREATE FUNCTION @extschema@.ct_report(runs text, format text DEFAULT 'text') RETURNS text
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME', 'ct_report_of';

COMMENT ON FUNCTION @extschema@.ct_report(text, text) IS 'the same of a run''s id, or of an array of ids, as text: ct_report(''17''), ct_report(''{17,18}''), ct_report($1). Null of null; raises 22P02 for what is neither';

CREATE FUNCTION @extschema@.ct_summary(
	run_ids			bigint[],
	OUT total		int,
	OUT passed		int,
	OUT failed		int,
	OUT inconclusive int,
	OUT unjudged	int,
	OUT success_rate float8,
	OUT ok			boolean
) RETURNS record
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_summary IS 'what many runs come to, each once: their number, how many passed, failed and were inconclusive, how many have no verdict (an error, a cancel or a crash kept them from one, or they are under way), success_rate: passed of total, 0 to 1, and whether all are ok: passed or, of runs of ct_run_all, as expected. Of a run that is one of several repeats: those that aren''t in the array count with it, the worst of them in its place. Raises as ct_report of many does';

CREATE FUNCTION @extschema@.ct_assert(run_id bigint) RETURNS void
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_assert IS 'raises an error (SQLSTATE P0004, assert_failure) unless the run''s verdict is pass; 55000 while it is under way, 42704 if it doesn''t exist';

/* Without a SET clause: the search_path says whether there is a pgTAP. */
CREATE FUNCTION @extschema@.ct_ok(run_id bigint, description text DEFAULT NULL) RETURNS text
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	AS 'MODULE_PATHNAME';

COMMENT ON FUNCTION @extschema@.ct_ok IS 'a line of TAP, for tests in pgTAP: ok if the run''s verdict is pass (of a run of ct_run_all: as expected; of one of several repeats: all of them, or where fail is expected one), else not ok with the reason as comments below; description: default the scenario and variant. Between pgTAP''s plan() and finish() it is one of pgTAP''s tests, and numbered by it; elsewhere it has no number. Raises 42704 if the run doesn''t exist';

CREATE FUNCTION @extschema@.ct_prune(older_than interval) RETURNS bigint
	LANGUAGE C VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
	AS 'MODULE_PATHNAME';

REVOKE ALL ON FUNCTION @extschema@.ct_prune FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_prune IS 'removes runs that ended (or, if they crashed, began) at least so long ago, with all their rows, and returns how many: those of roles whose privileges the caller has; all of them for superusers and the extension''s owner; but for those that are a baseline, see ct_drop_baseline';
