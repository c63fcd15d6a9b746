/*
 * temp_file_limit: everybody sorts at once, each in a file of its own.
 *
 * A report is run by EXPLAIN ANALYZE, which does all of its work, and says how it was done.
 */
SELECT @extschema@.ct_create_scenario('temp_file_limit',
	category => 'stress',
	description => 'Many sort more than fits into work_mem, all at once: temporary files fill the disk.',
	story => $$
The bug: a page of "latest sales" reads them all, in order, and shows the
first few.  In tests that is a sort in memory.  In production the sort needs
more than work_mem and goes through temporary files, for each of those who ask
at the same time: what is a few hundred kB here is gigabytes there, of the
disk that the database is on.  When that is full, everybody's transactions
fail.  A temp_file_limit protects the disk, per session, and then it is the
reports that fail, with SQLSTATE 53400.

Here all workers ask at once: the barrier.  Their work_mem is :work_mem_kb,
and each report's plan and what it wrote to temporary files are kept.
`limited` sets temp_file_limit to :limit_kb; roles that may not (superusers
may, and those to whom SET on it was granted) spill without a bound there,
too.

What to look at: temp_kb of the reports, and at_once_kb, the sum over those
that ran at the same time.  `limit` tells the database that only the first
:page rows are wanted; it then keeps just these, in memory.  `index` has them
in order already, and needs no sort even if all are read.  `limit_and_index`
reads no more than it shows, and is far the cheapest.  `work_mem` buys the
same sort in memory, for those transactions that need it (SET LOCAL): multiply
it by the number of sessions, and by the sorts and hashes of each plan, before
setting it for everybody.  In a live server: log_temp_files, and temp_bytes in
pg_stat_database.

Not to be explored: what goes wrong is the size of one session's sort,
whatever the others do.
$$,
	params => '{"sales": 5000, "page": 20, "work_mem_kb": 64, "more_work_mem_kb": 16384, "limit_kb": 100, "reports": 60}',
	explore_params => NULL,
	transactions_expr => ':reports',
	setup => $$
CREATE TABLE sale (
	id			int PRIMARY KEY,
	sold_at		timestamptz NOT NULL,
	customer	text NOT NULL,
	amount		numeric(10, 2) NOT NULL
);
INSERT INTO sale SELECT i, timestamptz '2030-01-01' + i * interval '1 minute',
		'customer ' || i * 7919 % 1000, i * 7919 % 100000 / 100.0
	FROM generate_series(1, :sales) i;
ANALYZE sale;
CREATE TABLE report (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	iteration	int NOT NULL,
	rows		int NOT NULL, -- as they came out of the plan
	latest		timestamptz NOT NULL,
	temp_kb		bigint NOT NULL,
	sort		text,
	started_at	timestamptz NOT NULL,
	finished_at	timestamptz NOT NULL
);

/* The first sort in a plan. */
CREATE FUNCTION sort_of(plan jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $f$
	SELECT concat_ws(' ', s ->> 'Sort Method', s ->> 'Sort Space Type', (s ->> 'Sort Space Used') || ' kB')
	FROM jsonb_path_query_first(plan, '$.** ? (exists (@."Sort Method"))') s;
$f$;

/* Runs the query and keeps what it took.  The first row is asked for as the program would show it. */
CREATE FUNCTION run_report(iteration int, query text) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
	started	timestamptz := clock_timestamp();
	plan	jsonb;
	first	sale;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
	EXECUTE query INTO first;
	INSERT INTO report (iteration, rows, latest, temp_kb, sort, started_at, finished_at)
		VALUES (iteration, (plan #>> '{0,Plan,Actual Rows}')::numeric, first.sold_at,
			(plan #>> '{0,Plan,Temp Written Blocks}')::bigint * current_setting('block_size')::int / 1024,
			sort_of(plan), started, clock_timestamp());
END $f$;

CREATE TABLE allowed AS
	SELECT has_parameter_privilege('temp_file_limit', 'SET')::int AS to_limit;
$$);

SELECT @extschema@.ct_add_variant('temp_file_limit', 'sort_all',
	'read all in order, show the first page',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('temp_file_limit', 'limited',
	'the same with temp_file_limit: the disk is safe, the reports are refused',
	isolation => 'read committed', expected_verdict => 'fail',
	expected_errors => '{configuration_limit_exceeded=refused}');
SELECT @extschema@.ct_add_script('temp_file_limit', 'latest_sales', variant => 'limited', body => $$
SELECT to_limit FROM allowed \gset
\barrier wave
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = :work_mem_kb;
\if :to_limit
	SET LOCAL temp_file_limit = :limit_kb;
\endif
SELECT run_report(:iteration, 'SELECT * FROM sale ORDER BY sold_at DESC');
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_file_limit', 'index',
	'an index in that order: the same query sorts nothing',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE INDEX ON sale (sold_at DESC)');
/* What "sort_all" and "index" run. */
SELECT @extschema@.ct_add_script('temp_file_limit', 'latest_sales', $$
\barrier wave
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = :work_mem_kb;
SELECT run_report(:iteration, 'SELECT * FROM sale ORDER BY sold_at DESC');
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_file_limit', 'limit',
	'ask for the first page only: the sort keeps no more than that',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('temp_file_limit', 'limit_and_index',
	'ask for the first page only, with an index in that order',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE INDEX ON sale (sold_at DESC)');
SELECT @extschema@.ct_add_script('temp_file_limit', 'latest_sales', variant => 'limit', body => $$
\barrier wave
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = :work_mem_kb;
SELECT run_report(:iteration, 'SELECT * FROM sale ORDER BY sold_at DESC LIMIT ' || :page::int);
\outcome reported
COMMIT;
$$);
SELECT @extschema@.ct_add_script('temp_file_limit', 'latest_sales', variant => 'limit_and_index', body => $$
\barrier wave
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = :work_mem_kb;
SELECT run_report(:iteration, 'SELECT * FROM sale ORDER BY sold_at DESC LIMIT ' || :page::int);
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('temp_file_limit', 'work_mem',
	'more work_mem, for this transaction: the sort is done in memory',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('temp_file_limit', 'latest_sales', variant => 'work_mem', body => $$
\barrier wave
BEGIN;
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL work_mem = :more_work_mem_kb;
SELECT run_report(:iteration, 'SELECT * FROM sale ORDER BY sold_at DESC');
\outcome reported
COMMIT;
$$);

SELECT @extschema@.ct_add_check('temp_file_limit', 'nothing_spills',
	'SELECT r.iteration, r.temp_kb AS observed, 0 AS expected, r.sort,
		(SELECT sum(o.temp_kb) FROM report o
		 WHERE o.started_at < r.finished_at AND r.started_at < o.finished_at) AS at_once_kb
	 FROM report r WHERE r.temp_kb > 0 ORDER BY r.iteration',
	kind => 'spill', description => 'No report writes temporary files.');
SELECT @extschema@.ct_add_check('temp_file_limit', 'nobody_is_refused',
	'SELECT :outcome_refused AS observed, 0 AS expected, :limit_kb AS limit_kb
	 WHERE :outcome_refused > 0',
	kind => 'temp_file_limit', description => 'No report is ended by temp_file_limit.');
SELECT @extschema@.ct_add_check('temp_file_limit', 'reports_are_right',
	'SELECT iteration, latest AS observed, l.sold_at AS expected, rows
	 FROM report, (SELECT max(sold_at) AS sold_at FROM sale) l
	 WHERE latest <> l.sold_at OR rows < least(:page, :sales) ORDER BY iteration',
	kind => 'wrong_result', description => 'A report begins with the latest sale, and fills a page.');
SELECT @extschema@.ct_add_check('temp_file_limit', 'reports_are_there',
	'SELECT count(*) AS observed, :outcome_reported AS expected FROM report
	 HAVING count(*) <> :outcome_reported',
	kind => 'broken_promise', description => 'Who was answered has had a report.');
