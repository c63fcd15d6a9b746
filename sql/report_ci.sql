--
-- Reports for CI: JUnit and TAP, ct_ok and ct_summary, over rows made up here.  t/194_ci.pl has
-- real readers read them.
--
SET timezone = 'UTC';
SET client_encoding = 'SQL_ASCII';

-- passed, failed, nothing to go by, no verdict by an error, crashed, the first one's name once more,
-- and one whose every name is markup in some format
INSERT INTO ct_result (run_id, scenario, variant, role, status, verdict, reason, sqlstate, message, started_at, gate_at, finished_at,
		duration, workers_asked, workers, isolation, transactions, failed, retries, anomalies, tps, server_version, plan, leader_pid, shm_handle)
	SELECT 910000 + i, scenario, variant, current_user::regrole, status, verdict, reason, sqlstate, message,
		'2021-11-21 10:00:00+00', '2021-11-21 10:00:00.5+00', '2021-11-21 10:00:09+00', duration, 8, 5, 'read committed',
		CASE WHEN verdict IS NOT NULL THEN 30321 END, 0, 0, violations, 3675.3, '15.20', '{}', 1, 0
	FROM (VALUES
		(1, 'oversell', 'atomic', 'succeeded', 'pass', 'no anomaly in 100 contended transactions', NULL, NULL, 8.25, 0),
		(2, 'oversell', 'naive', 'succeeded', 'fail', 'check "no_oversell" found 7 violations', NULL, NULL, 1, 7),
		(3, NULL, NULL, 'succeeded', 'inconclusive', 'no transaction was contended', NULL, NULL, 0.5, 0),
		(4, 'oversell', 'locked', 'failed', NULL, NULL, '42P01', 'relation "x" does not exist', NULL, 0),
		(5, 'oversell', 'locked', 'running', NULL, NULL, NULL, NULL, NULL, 0),
		(6, 'oversell', 'atomic', 'succeeded', 'pass', 'no anomaly in 100 contended transactions', NULL, NULL, 1.0004, 0),
		(7, E'<script>alert(1)</script> ]]> & "\n1..9\nnot ok 1 #', E'-- # TODO \\ \x01\x1b[2J\x7f\nBail out! # SKIP', 'succeeded', 'fail',
			E']]></failure><failure message="x">\nok 1 - forged\n# TODO', NULL, NULL, 0, 1)
	) AS r (i, scenario, variant, status, verdict, reason, sqlstate, message, duration, violations);
INSERT INTO ct_result_check (run_id, position, check_name, kind, target, actual, status, violations) VALUES
	(910001, 1, 'no_oversell', 'oversell', '0 rows', '0 rows', 'pass', 0),
	(910002, 1, 'no_oversell', 'oversell', '0 rows', '7 rows', 'fail', 7),
	(910002, 2, 'p95_ms', 'threshold', '< 100', '3.92', 'pass', 0),
	(910007, 1, E'<script> # TODO\n    ok 1\nok 2 - forged', '<script>', E'< "5" & ]]>\n', E'\t6\n', 'fail', 1);
INSERT INTO ct_result_anomaly (run_id, position, check_name, kind, observed, expected, evidence, first_seen) VALUES
	(910002, 1, 'no_oversell', 'oversell', '17', '10', '{"event": 1}', '2021-11-21 10:00:01+00'),
	(910007, 1, '<script>', E'\nBail out!', E'\x02\n1..3', '<b>', '{"<i>": "]]> & \u0001 # TODO"}', '2021-11-21 10:00:01+00');

\pset format unaligned
\pset tuples_only on
SELECT ct_report(ARRAY[910001, 910002, 910003, 910004, 910005, 910006, 910007], 'tap');
SELECT ct_report(910002, 'tap');
-- without the text report in it, which is another test's
SELECT regexp_replace(ct_report(ARRAY[910001, 910002, 910003, 910004, 910005, 910006, 910007], 'junit'),
	'<system-out>.*?</system-out>', '<system-out/>', 'g');
SELECT ct_report(910001, 'junit');
SELECT ct_ok(910001);
SELECT ct_ok(910002, E'it sells what there is\n# TODO one day');
SELECT ct_ok(910005);
\pset tuples_only off
\pset format aligned

-- no line of a user's is one of the protocol's
SELECT count(*) FILTER (WHERE line ~ '^(ok|not ok) ') AS tests, count(*) FILTER (WHERE line ~ '^1\.\.') AS plans,
	count(*) FILTER (WHERE line !~ '^(ok|not ok|1\.\.|# |    (ok|not ok|1\.\.))') AS others,
	count(*) FILTER (WHERE line ~ '(^|[^\\])#' AND line !~ '^#') AS directives, max(length(line)) < 500 AS short
FROM string_to_table(ct_report(ARRAY[910007, 910007], 'tap'), E'\n') AS line;

-- Markdown: what begins a list, ends a span, is an entity or another line; pipes are escaped in cells only
UPDATE ct_result SET scenario = 'a``b` | c', variant = E'| \\', reason = '1. - no list &lt;b&gt; [x](y) *z* #', warnings = ARRAY['- no list', '+ nor one'] WHERE run_id = 910006;
UPDATE ct_result_check SET check_name = E'a | `` \\| b\n| c |' WHERE run_id = 910007;
\pset format unaligned
\pset tuples_only on
SELECT line FROM ct_report(910006, 'markdown') AS r, string_to_table(r, E'\n') AS line WHERE line ~ 'list|nor one|###';
SELECT line FROM ct_report(910007, 'markdown') AS r, string_to_table(r, E'\n') AS line WHERE line ~ '``';
\pset tuples_only off
\pset format aligned

-- an error of 64 kB: a line or two of it, but in JSON
UPDATE ct_result SET message = repeat('x ]]> # \', 8192) WHERE run_id = 910004;
SELECT format, length(ct_report(910004, format)) < 4000 AS short
	FROM unnest('{text,markdown,junit,tap}'::text[]) AS format;
SELECT length(ct_report(910004, 'json')::jsonb -> 'run' ->> 'message') AS whole;

-- sums
SELECT * FROM ct_summary(ARRAY[910001, 910002, 910003, 910004, 910005, 910006, 910007]);
SELECT * FROM ct_summary(ARRAY[910001, 910006]);
SELECT split_part(ct_report(ARRAY[910001, 910002, 910003, 910004], 'text'), E'\n', 1);
SELECT * FROM ct_summary(ARRAY[910001, -1]);
SELECT * FROM ct_summary('{}');
SELECT * FROM ct_summary(NULL);
-- three runs' repeats, mingled: each stands for those of its own that aren't named
INSERT INTO ct_result (run_id, scenario, role, status, verdict, started_at, workers_asked, plan, leader_pid, shm_handle, repeat_of)
	SELECT 910010 + i, 'again', current_user::regrole, CASE i WHEN 8 THEN 'failed' ELSE 'succeeded' END,
		CASE WHEN i = 8 THEN NULL WHEN i IN (6, 9) THEN 'fail' WHEN i IN (1, 2) THEN 'inconclusive' ELSE 'pass' END,
		'2021-11-21 10:00:00+00', 1, '{}', 1, 0, 910010 + i % 3
	FROM generate_series(0, 11) AS i;
SELECT run_id - 910010 AS i, passed, failed, inconclusive, unjudged FROM generate_series(910010, 910015) AS run_id, ct_summary(ARRAY[run_id]);
SELECT passed, failed, inconclusive, unjudged FROM ct_summary(ARRAY[910010, 910011, 910012, 910013, 910014, 910016, 910018, 910019, 910020]);
SELECT split_part(ct_report(ARRAY[910010, 910013], 'tap'), E'\n', 3) AS first_worst;
DELETE FROM ct_result WHERE run_id BETWEEN 910010 AND 910021;
SELECT ct_ok(-1);
SELECT ct_ok(NULL);

-- what a role doesn't see it can't ask about either; and whatever stands in its path
CREATE ROLE regress_ct_ok;
SET ROLE regress_ct_ok;
SELECT ct_ok(910001);
SELECT * FROM ct_summary(ARRAY[910001]);
RESET ROLE;
DROP ROLE regress_ct_ok;
CREATE SCHEMA ct_ok_trap;
CREATE FUNCTION ct_ok_trap.ok(boolean, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'was called'; END $$;
CREATE FUNCTION ct_ok_trap.to_char(timestamptz, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'was called'; END $$;
SET search_path = ct_ok_trap, pg_catalog, public;
CREATE TEMP TABLE __tcache__ ();
SELECT ct_ok(910001);
RESET search_path;
DROP SCHEMA ct_ok_trap CASCADE;

DELETE FROM ct_result WHERE run_id BETWEEN 910001 AND 910009;
