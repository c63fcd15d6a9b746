-- Scripts of pgbench, unmodified: its builtin ones, and those that its
-- documentation shows.  What matters is what they did.
SET client_min_messages = warning;
CREATE VIEW last_run AS
	SELECT * FROM ct_runs WHERE run_id = (SELECT max(run_id) FROM ct_runs);

--
-- The builtin scripts, with tables of the run's own
--
SELECT ct_import_pgbench('regress_tpcb', 'tpcb-like', workers => 2, transactions => 40, min_overlap => 0);
SELECT ct_import_pgbench('regress_simple', 'simple-update', workers => 2, transactions => 40);
SELECT ct_import_pgbench('regress_select', 'select-only', workers => 2, transactions => 40);
-- the documentation's TPC-B is the builtin one
CREATE TABLE show_script (name text, body text);
INSERT INTO show_script VALUES ('tpcb', $$\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
$$), ('simple', $$\set aid random(1, 100000 * :scale)
\set bid random(1, 1 * :scale)
\set tid random(1, 10 * :scale)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
END;
$$), ('select', $$\set aid random(1, 100000 * :scale)
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
$$);
SELECT s.name, c.name AS script, c.body = s.body AS unmodified
FROM ct_script c JOIN show_script s ON c.scenario = 'regress_' || s.name ORDER BY 1;

-- each in the sandbox that it made
SELECT ct_run('regress_tpcb', keep => true) > 0 AS ran;
SELECT status, verdict <> 'fail' AS held, transactions, failed, anomalies FROM last_run;
SELECT format('%I', kept_sandbox) AS sandbox FROM last_run \gset
SELECT (SELECT count(*) FROM :sandbox.pgbench_branches) AS branches, (SELECT count(*) FROM :sandbox.pgbench_tellers) AS tellers,
	(SELECT count(*) FROM :sandbox.pgbench_accounts) AS accounts, (SELECT max(bid) FROM :sandbox.pgbench_accounts) AS max_bid;
SELECT count(*), min(delta) >= -5000 AND max(delta) <= 5000 AND count(DISTINCT delta) > 30 AS deltas,
	min(tid) >= 1 AND max(tid) <= 10 AND count(DISTINCT tid) > 5 AS tids, min(bid) = 1 AND max(bid) = 1 AS bids,
	min(aid) >= 1 AND max(aid) <= 100000 AND count(DISTINCT aid) > 35 AS aids, count(*) FILTER (WHERE delta <> 0) > 30 AS something,
	sum(delta) = (SELECT sum(abalance) FROM :sandbox.pgbench_accounts) AS accounts,
	sum(delta) = (SELECT sum(tbalance) FROM :sandbox.pgbench_tellers) AS tellers,
	sum(delta) = (SELECT sum(bbalance) FROM :sandbox.pgbench_branches) AS branches
FROM :sandbox.pgbench_history;
SELECT count(*) AS wrong_accounts FROM :sandbox.pgbench_accounts a
	LEFT JOIN (SELECT aid, sum(delta) AS delta FROM :sandbox.pgbench_history GROUP BY aid) AS h USING (aid)
	WHERE a.abalance <> coalesce(h.delta, 0);
DROP SCHEMA :sandbox CASCADE;
SELECT ct_run('regress_simple', keep => true) > 0 AS ran;
SELECT status, verdict <> 'fail' AS held, transactions, failed, anomalies FROM last_run;
SELECT format('%I', kept_sandbox) AS sandbox FROM last_run \gset
SELECT count(*), sum(delta) = (SELECT sum(abalance) FROM :sandbox.pgbench_accounts) AS accounts,
	(SELECT sum(tbalance) FROM :sandbox.pgbench_tellers) AS tellers FROM :sandbox.pgbench_history;
DROP SCHEMA :sandbox CASCADE;
SELECT ct_run('regress_select', params => '{}') > 0 AS ran;
SELECT status, verdict <> 'fail' AS held, transactions, failed, anomalies FROM last_run;
SELECT script, kind, sum(count) FROM ct_latencies WHERE run_id = (SELECT run_id FROM last_run) AND kind <> 'lock_wait'
	GROUP BY script, kind ORDER BY script, kind;
SELECT count(ct_drop_scenario(name)) FROM ct_scenarios WHERE name ~ '^regress_';

-- a check of tpcb-like that fails when it should
SELECT ct_import_pgbench('regress_tpcb', 'tpcb-like', workers => 1, transactions => 5, params => '{"scale": 2}');
SELECT ct_add_script('regress_tpcb', 'embezzle', 'UPDATE pgbench_tellers SET tbalance = tbalance - 1 WHERE tid = 20', weight => 1000);
SELECT ct_run('regress_tpcb', seed => 1) > 0 AS ran;
SELECT verdict, anomalies FROM last_run;
SELECT check_name, kind, evidence->'tellers' <> evidence->'history' AS tellers FROM ct_anomalies WHERE run_id = (SELECT run_id FROM last_run);
SELECT ct_drop_scenario('regress_tpcb');

-- tables that there are already, as pgbench -i has made them; text as -f has it; what a call says
CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int);
INSERT INTO pgbench_accounts VALUES (1, 1, 100);
SELECT ct_import_pgbench('regress_select', 'select-only', setup => '', transactions => 10, workers => 1);
SELECT ct_run('regress_select') > 0 AS ran;
SELECT status, transactions, failed FROM last_run;
SELECT ct_import_pgbench('regress_file', body, transactions => 10, workers => 1) FROM show_script WHERE name = 'select';
SELECT ct_run('regress_file', params => '{"scale": 3}') > 0 AS ran;
SELECT ct_import_pgbench('regress_scale', E'SELECT :scale AS scale, :client_id + 0 AS client_id \\gset\n\\outcome :scale\n\\outcome :client_id',
	transactions => 1, workers => 1, params => '{"scale": 3}');
SELECT ct_run('regress_scale') > 0 AS ran;
SELECT outcome, count FROM ct_outcomes WHERE run_id = (SELECT run_id FROM last_run) ORDER BY outcome;
-- one try, unless told else
SELECT ct_import_pgbench('regress_once', $$ DO 'BEGIN RAISE serialization_failure; END' $$, transactions => 2, workers => 1);
SELECT ct_import_pgbench('regress_thrice', $$ DO 'BEGIN RAISE serialization_failure; END' $$, transactions => 2, workers => 1, max_tries => 3);
SELECT ct_run('regress_once') > 0 AS ran;
SELECT transactions, failed, retries FROM last_run;
SELECT ct_run('regress_thrice') > 0 AS ran;
SELECT transactions, failed, retries FROM last_run;

--
-- What the documentation shows
--
-- "puts the final account balance from the first query into variable abalance, fills p_two and
-- p_three with integers from the third query.  The result of the second query is discarded."
CREATE FUNCTION run(script text, params jsonb DEFAULT '{}', transactions int DEFAULT 1) RETURNS text LANGUAGE plpgsql AS $$
DECLARE id bigint; said text;
BEGIN
	PERFORM ct_import_pgbench('regress_doc', script, transactions => run.transactions, workers => 1, params => run.params);
	id := ct_run('regress_doc');
	PERFORM ct_drop_scenario('regress_doc');
	SELECT string_agg(first_message, ', ') INTO said FROM ct_errors WHERE run_id = id;
	RETURN coalesce(said, (SELECT string_agg(outcome, ', ' ORDER BY outcome) FROM ct_outcomes WHERE run_id = id), '');
END $$;
SELECT run($$
UPDATE pgbench_accounts
  SET abalance = abalance + :delta
  WHERE aid = :aid
  RETURNING abalance \gset
-- compound of two queries
SELECT 1 \;
SELECT 2 AS two, 3 AS three \gset p_
SELECT 4 AS four \; SELECT 5 AS five \aset
SELECT format('%s-%s-%s-%s-%s', :abalance::int, :p_two::int, :p_three::int, :four::int, :five::int) AS all \gset
\outcome :all
$$, '{"aid": 1, "delta": 23}');
SELECT abalance FROM pgbench_accounts;

-- \set
SELECT run($$
\set ntellers 10 * :scale
\set aid (1021 * random(1, 100000 * :scale)) % \
           (100000 * :scale) + 1
\set divx CASE WHEN :x <> 0 THEN :y/:x ELSE NULL END
SELECT :ntellers = 10 AND :aid::int BETWEEN 1 AND 100000 AND :divx::text IS NOT DISTINCT FROM :expected AS ok \gset
\outcome :ok
$$, params) FROM (VALUES ('{"x": 3, "y": 22, "expected": "7"}'::jsonb), ('{"x": 0, "y": 22, "expected": null}')) AS v (params);

-- \if, "with non-zero values interpreted as true"
SELECT n, run($$
\if :n
\outcome first
\elif :n IS NULL
\outcome second
\else
\outcome third
\endif
$$, jsonb_build_object('n', n)) FROM (VALUES (5), (0), (NULL), (-1)) AS v (n);

-- \sleep
SELECT run($$
SELECT clock_timestamp() AS before \gset
\sleep 10 ms
SELECT clock_timestamp() - :before >= '10 ms' AND clock_timestamp() - :before < '5 s' AS slept \gset
\outcome :slept
$$);

-- operators: each example with the result that the documentation gives; 5 or 0 and 3 and 0, which
-- are among them, are errors in pgbench, too
CREATE TABLE example (no serial, expression text, result text);
COPY example (expression, result) FROM stdin WITH (DELIMITER '~');
not false~true
1 is null~false
1 notnull~true
5 = 4~false
5 <> 4~true
5 != 5~false
5 < 4~false
5 <= 4~false
5 > 4~true
5 >= 4~true
1 | 2~3
1 # 3~2
1 & 3~1
1 << 2~4
8 >> 2~2
5 + 4~9
3 - 2.0~1
5 * 4~20
5 / 3~1
3 % 2~1
- 2.0~-2
abs(-17)~17
debug(5432.1)~5432.1
double(5432)~5432
exp(1.0)~2.71828182845905
greatest(5, 4, 3, 2)~5
hash(10, 5432)~-5817877081768721676
hash_fnv1a(10, 5432)~-7793829335365542153
hash_murmur2(10, 5432)~-5817877081768721676
int(5.4 + 3.8)~9
least(5, 4, 3, 2.1)~2.1
ln(2.718281828459045)~1
mod(54, 32)~22
permute(0, 4) between 0 and 3~true
pi()~3.14159265358979
pow(2.0, 10)~1024
power(2.0, 10)~1024
random(1, 10) between 1 and 10~true
random_exponential(1, 10, 3.0) between 1 and 10~true
random_gaussian(1, 10, 2.5) between 1 and 10~true
random_zipfian(1, 10, 1.5) between 1 and 10~true
sqrt(2.0)~1.4142135623731
\.
INSERT INTO example (expression, result) VALUES ('~ 1', '-2');
-- "between" stands for the documentation's "an integer between"
SELECT run((SELECT string_agg(CASE WHEN expression ~ 'between' THEN
		format(E'\\set v %s\n\\set v :v >= %s and :v <= %s\n', split_part(expression, ' between', 1), substring(expression FROM '(\d+) and \d+$'), substring(expression FROM '\d+$'))
		ELSE format(E'\\set v %s\n', expression) END ||
	format(E'SELECT :v::text = %L AS ok \\gset\n\\if not :ok\n\\outcome wrong%s\n\\endif', result, no), E'\n') FROM example) || E'\n\\outcome right',
	'{"default_seed": 7}');
\set VERBOSITY terse
SELECT run('\set x 5 or 0');
SELECT run('\set x 3 and 0');
\set VERBOSITY default

-- "the value 1 about (2/1)**2.5 = 5.66 times more frequently than 2, which itself (3/2)**2.5 = 2.76
-- times more frequently than 3"; "67% of values are drawn from the middle quarter and 95% from the
-- middle half"; "the most frequent 1% values are drawn parameter% of the time"
CREATE TABLE drawn (z int, g int, e int);
SELECT ct_test($$
\set z random_zipfian(1, 1000, 2.5)
\set g random_gaussian(1, 8000, 4.0)
\set e random_exponential(1, 1000, 5.0)
INSERT INTO public.drawn VALUES (:z, :g, :e);
$$, transactions => 5000, workers => 1, seed => 3) > 0 AS ran;
SELECT count(*) FILTER (WHERE z = 1) * 1.0 / count(*) FILTER (WHERE z = 2) BETWEEN 5.66 * 0.9 AND 5.66 * 1.1 AS one_to_two,
	count(*) FILTER (WHERE z = 2) * 1.0 / count(*) FILTER (WHERE z = 3) BETWEEN 2.76 * 0.85 AND 2.76 * 1.15 AS two_to_three,
	count(*) FILTER (WHERE g BETWEEN 3001 AND 5000) * 1.0 / count(*) BETWEEN 0.65 AND 0.70 AS middle_quarter,
	count(*) FILTER (WHERE g BETWEEN 2001 AND 6000) * 1.0 / count(*) BETWEEN 0.94 AND 0.965 AS middle_half,
	count(*) FILTER (WHERE e <= 10) * 1.0 / count(*) BETWEEN 0.04 AND 0.06 AS first_hundredth
FROM drawn;
TRUNCATE drawn;

-- "a few accounts generate excessive load": the same ones all the time, but not the first ones
SELECT ct_test($$
\set size 1000000
\set r random_zipfian(1, :size, 1.07)
\set k 1 + permute(:r, :size)
INSERT INTO public.drawn VALUES (:r, :k, 1);
\set k1 1 + permute(:r, :size, :default_seed + 123)
\set k2 1 + permute(:r, :size, :default_seed + 321)
INSERT INTO public.drawn VALUES (:k1, :k2, 2);
\set size 1000000
\set r random_zipfian(1, 100 * :size, 1.07)
\set k 1 + abs(hash(:r)) % :size
INSERT INTO public.drawn VALUES (:r, :k, 3);
$$, transactions => 1000, workers => 1, seed => 4, params => '{"default_seed": 5}') > 0 AS ran;
SELECT e, count(*), min(g) >= 1 AND max(g) <= 1000000 AS in_range, count(*) > 1.3 * count(DISTINCT g) AS repeated,
	count(DISTINCT g) = count(DISTINCT z) AS no_collision,
	abs(corr(z, g)) < 0.2 AS uncorrelated, mode() WITHIN GROUP (ORDER BY z) AS hot, mode() WITHIN GROUP (ORDER BY g) AS hot_k
FROM drawn GROUP BY e ORDER BY e;

-- commands that cannot be
\set VERBOSITY terse
SELECT ct_import_pgbench('regress_bad', E'\\startpipeline\nSELECT 1;\n\\endpipeline');
\echo :SQLSTATE
SELECT ct_import_pgbench('regress_bad', E'BEGIN;\n\\syncpipeline\nEND;');
SELECT ct_import_pgbench('regress_bad', '\setshell variable_to_be_assigned command literal_argument :variable ::literal_starting_with_colon');
\echo :SQLSTATE
SELECT ct_import_pgbench('regress_bad', '\shell command literal_argument :variable ::literal_starting_with_colon');
-- a name that isn't one is a script, too, and says so
SELECT ct_import_pgbench('regress_bad', 'tpcb');
\echo :SQLSTATE
\set VERBOSITY default

SELECT count(ct_drop_scenario(name)) FROM ct_scenarios WHERE name ~ '^regress_';
DROP VIEW last_run;
DROP FUNCTION run;
DROP TABLE show_script, pgbench_accounts, example, drawn;
