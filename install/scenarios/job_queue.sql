/*
 * job_queue: many workers, one table of jobs.
 *
 * "sent" has no foreign key to "job", and nothing unique: it stands for what
 * happens outside of the database, a mail that has left the house.
 */
SELECT @extschema@.ct_create_scenario('job_queue',
	category => 'queues and order',
	description => 'Workers look for the next job, then mark it as taken: jobs are done twice.',
	story => $$
The bug: a worker reads the next pending jobs and then marks them. All that poll before the mark
is committed read the same ones. Putting both into one UPDATE with a subquery doesn't help: the
second UPDATE waits for the first and then updates the very rows that its subquery had found
before (`single_statement`). Asking for the state once more (`recheck_state`) makes it correct for
the rows, but those who waited go home with nothing while the queue is full, and all of them have
stood in line. So does `for_update`: each job is done once, by one worker at a time.

`SKIP LOCKED` is made for this: a row that another worker has locked is not waited for. One trap
remains. In `UPDATE ... WHERE id IN (SELECT ... LIMIT n FOR UPDATE SKIP LOCKED)` the planner may
put the subquery on the inner side of a nested loop. It then runs again for every row of the
table, each time skips what this very statement has updated already, and takes the next n: one
poll takes them all (`limit_in_subquery`). The variant forces that plan by planner settings; on
your server wrong estimates do it, on a bad day. A materialized CTE runs once, whatever the plan.

A poll claims :batch jobs, sends their mails (:window_us), and marks them, all in one transaction.
Polls come in waves, as many at once as there are workers: the barrier. There are as many polls as
it takes to do all jobs if each gets its :batch.

What to look at: `no_job_twice` and `within_limit` are about correctness, `workers_work_at_once` is
about what you pay the workers for. In `ct_compare` a line of workers shows as a p50 of several
:window_us. How the jobs were spread: each poll that got jobs also says who got them, so
`SELECT outcome, count FROM ct_outcomes WHERE run_id = ...` has a line per worker; all should be
about the same. One that lacks got nothing.

Which fix: `skip_locked` if you want to see what was done, `delete_returning` if the queue may
forget it (no dead "done" rows in the way of the next poll, but vacuum has work all the same).
`advisory_lock` if the rows must stay unlocked meanwhile, because others update them: it has to
look again once it has the lock, in a statement of its own, whose snapshot is newer than the lock.
All three hold a transaction open while the work is done, and a mail is not rolled back: see
`claim_released_early` for long work and for what happens if a worker dies.

In an exploration for_update is right: that it has workers stand in line is
seen under load alone.
$$,
	params => '{"jobs": 120, "batch": 3, "window_us": 2000}',
	explore_params => '{"jobs": 2, "batch": 1, "window_us": 0}',
	transactions_expr => '(:jobs + :batch - 1) / :batch',
	setup => $$
CREATE TABLE job (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	recipient	text NOT NULL,
	state		text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done'))
);
CREATE INDEX job_pending ON job (id) WHERE state = 'pending';
CREATE TABLE sent (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job			bigint NOT NULL,
	worker		int NOT NULL,
	poll		bigint NOT NULL,
	began_at	timestamptz NOT NULL,
	ended_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO job (recipient) SELECT 'reader' || i || '@example.com' FROM generate_series(1, :jobs) i;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'select_then_update',
	'read the next jobs, send, then mark them as done',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'select_then_update', body => $$
\barrier poll
BEGIN;
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch) next \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	UPDATE job SET state = 'done' WHERE id = ANY (:jobs::bigint[]);
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'single_statement',
	'mark the jobs in one UPDATE with a subquery: who waited takes the same ones',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'single_statement', body => $$
\barrier poll
BEGIN;
WITH claimed AS (
	UPDATE job SET state = 'done'
	WHERE id IN (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch)
	RETURNING id)
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claimed \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'recheck_state',
	'the same, with the state asked for again: who waited gets nothing from a full queue',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'recheck_state', body => $$
\barrier poll
BEGIN;
WITH claimed AS (
	UPDATE job SET state = 'done'
	WHERE id IN (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch)
		AND state = 'pending'
	RETURNING id)
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claimed \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'for_update',
	'lock the next jobs while reading them: done once, by one worker at a time',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'for_update', body => $$
\barrier poll
BEGIN;
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch FOR UPDATE) next \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	UPDATE job SET state = 'done' WHERE id = ANY (:jobs::bigint[]);
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

/* The settings leave the planner only the nested loop; wrong estimates do without them. */
SELECT @extschema@.ct_add_variant('job_queue', 'limit_in_subquery',
	'SKIP LOCKED and LIMIT in a subquery that a nested loop runs again: one poll takes all',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'limit_in_subquery', body => $$
\barrier poll
BEGIN;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_material = off;
SET LOCAL enable_hashagg = off;
SET LOCAL enable_sort = off;
WITH claimed AS (
	UPDATE job SET state = 'done'
	WHERE id IN (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch
				 FOR UPDATE SKIP LOCKED)
	RETURNING id)
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claimed \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'skip_locked',
	'SKIP LOCKED and LIMIT in a materialized CTE, which runs once',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'skip_locked', body => $$
\barrier poll
BEGIN;
WITH next AS MATERIALIZED (
	SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED),
claimed AS (
	UPDATE job SET state = 'done' FROM next WHERE job.id = next.id RETURNING job.id)
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claimed \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('job_queue', 'delete_returning',
	'the same, and the claim deletes the jobs: the queue holds only what is to be done',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'delete_returning', body => $$
\barrier poll
BEGIN;
WITH next AS MATERIALIZED (
	SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED),
claimed AS (
	DELETE FROM job USING next WHERE job.id = next.id RETURNING job.id)
SELECT count(*) AS found, array_agg(id) AS jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claimed \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

/*
 * Each statement of a volatile function has a snapshot of its own.  The lock
 * says that nobody works on the job now; the statement behind it sees whether
 * somebody has.  In one statement, "WHERE state = 'pending' AND
 * pg_try_advisory_xact_lock(id)", the state would be older than the lock, and
 * the planner would be free to lock more rows than LIMIT returns.
 */
SELECT @extschema@.ct_add_variant('job_queue', 'advisory_lock',
	'an advisory lock per job, and another look at its state once it is held',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION claim(batch int) RETURNS bigint[] LANGUAGE plpgsql AS $claim$
DECLARE
	candidate	bigint;
	claimed		bigint[] := '{}';
BEGIN
	FOR candidate IN SELECT id FROM job WHERE state = 'pending' ORDER BY id LOOP
		CONTINUE WHEN NOT pg_try_advisory_xact_lock('job'::regclass::oid::int, candidate::int);
		PERFORM FROM job WHERE id = candidate AND state = 'pending';
		CONTINUE WHEN NOT FOUND;
		claimed := claimed || candidate;
		EXIT WHEN cardinality(claimed) = batch;
	END LOOP;
	RETURN claimed;
END
$claim$;
$$);
SELECT @extschema@.ct_add_script('job_queue', 'poll', variant => 'advisory_lock', body => $$
\barrier poll
BEGIN;
SELECT cardinality(jobs) AS found, jobs, clock_timestamp() AS began, 'worker_' || :worker_id AS me
	FROM claim(:batch::int) AS jobs \gset
\if :found > 0
	\sleep :window_us us
	INSERT INTO sent (job, worker, poll, began_at)
		SELECT unnest(:jobs::bigint[]), :worker_id, :iteration, :began;
	UPDATE job SET state = 'done' WHERE id = ANY (:jobs::bigint[]);
	\outcome worked
	\outcome :me
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('job_queue', 'no_job_twice',
	'SELECT job, count(*) AS observed, 1 AS expected, array_agg(worker ORDER BY id) AS done_by_workers,
		array_agg(poll ORDER BY id) AS in_polls
	 FROM sent GROUP BY job HAVING count(*) > 1 ORDER BY job',
	kind => 'duplicate', description => 'No job is done twice.');
SELECT @extschema@.ct_add_check('job_queue', 'no_job_left',
	'SELECT count(DISTINCT job) AS observed, least(:jobs, :batch * :transactions) AS expected,
		:outcome_idle AS polls_that_found_nothing
	 FROM sent HAVING count(DISTINCT job) < least(:jobs, :batch * :transactions)',
	kind => 'left_behind', description => 'Each poll gets its jobs as long as there are any.');
SELECT @extschema@.ct_add_check('job_queue', 'within_limit',
	'SELECT poll, worker, count(*) AS observed, :batch AS expected
	 FROM sent GROUP BY poll, worker HAVING count(*) > :batch ORDER BY poll',
	kind => 'limit_exceeded', description => 'No poll takes more jobs than its LIMIT.');
SELECT @extschema@.ct_add_check('job_queue', 'answers_are_true',
	'SELECT count(DISTINCT poll) AS observed, :outcome_worked AS expected FROM sent
	 HAVING count(DISTINCT poll) <> :outcome_worked',
	kind => 'broken_promise', description => 'A poll that says that it worked has sent something.');
/* Nothing overlaps if nobody ever began before the last of those ahead had ended. */
SELECT @extschema@.ct_add_check('job_queue', 'workers_work_at_once',
	'SELECT 1 AS observed, 2 AS expected, count(*) AS polls
	 FROM (SELECT began_at < max(ended_at) OVER (ORDER BY began_at, poll
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS beside_another
		   FROM (SELECT poll, min(began_at) AS began_at, max(ended_at) AS ended_at
				 FROM sent GROUP BY poll) p) q
	 WHERE :workers > 1 AND :window_us >= 100
	 HAVING count(*) > 1 AND NOT coalesce(bool_or(beside_another), false)',
	kind => 'convoy', description => 'At some time at least two workers are at work.');
