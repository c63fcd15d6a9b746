/*
 * claim_released_early: a claim that ends before the work, or outlives the worker.
 *
 * "claimable" is what a later poll would still find, so that the checks can
 * tell a job that is late from one that is lost.  A variant with another way
 * of claiming has another "claimable".
 */
SELECT @extschema@.ct_create_scenario('claim_released_early',
	category => 'queues and order',
	description => 'A job''s row lock is gone before its work ends: others do it, too; or a crash loses it.',
	story => $$
The bug: FOR UPDATE holds until the end of the transaction, and where nobody said BEGIN, that is the
end of the SELECT. The job is claimed for some microseconds; then everybody else finds it, too, and the
invoice is charged twice (`lock_autocommitted`). Frameworks that commit behind your back do the same.

The next try writes the claim down and commits it: state = 'running' (`claim_committed`). Nobody else
takes the job now, even if the worker is dead: it is running forever. So the claim gets an end, a
lease (`lease_unfenced`). But a worker that was only slow, in a long garbage collection or behind a
network that hung, comes back after its lease, a zombie, and finishes a job that another one has done.

Each :crash_every th poll dies between claim and completion; each :stall_every th takes :stall_us, which
is longer than :lease_us; the others work for :work_us. Polls aren't in step: there is no barrier. There
are two and a half polls per job, for second tries and for polls that come too early; an idle one pauses
for :work_us.

What to look at: `charged_once` and `no_job_lost` are the two ways of failing. In `ct_outcomes`,
`crashed` says how many workers died, `superseded` how many zombies were turned away.

Which fix: `one_transaction` for short work: the server gives the job back when the worker dies, and
there is nothing to get wrong. For work of minutes it holds back vacuum and occupies a connection; then
`lease_fenced`: completing is allowed only with the attempt number that the claim was given. Where the
work has an effect outside of the database, that number has to go along and be checked there (a fencing
token, an idempotency key), for no database can take back a charge. Renew the lease while you work, so
that it can be short; it doesn't replace the fence. `session_lock` is released by the death of the
connection, without a transaction; a pooler that shares connections between transactions breaks it.

Not to be explored: workers crash, and leases expire by the clock; no order of steps makes time pass.
$$,
	params => '{"jobs": 60, "work_us": 2000, "lease_us": 10000, "stall_us": 30000, "crash_every": 7, "stall_every": 8}',
	explore_params => NULL,
	transactions_expr => ':jobs * 5 / 2',
	setup => $$
CREATE TABLE job (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	amount		numeric(10,2) NOT NULL CHECK (amount > 0),
	state		text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done')),
	attempt		int NOT NULL DEFAULT 0,
	leased_until timestamptz
);
CREATE INDEX job_open ON job (id) WHERE state <> 'done';
CREATE TABLE charge (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	job			bigint NOT NULL REFERENCES job,
	amount		numeric(10,2) NOT NULL,
	worker		int NOT NULL,
	charged_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO job (amount) SELECT 9.99 + i FROM generate_series(1, :jobs) i;
CREATE VIEW claimable AS SELECT id FROM job WHERE state = 'pending';
$$);

SELECT @extschema@.ct_add_variant('claim_released_early', 'lock_autocommitted',
	'SKIP LOCKED without BEGIN: the lock ends with the statement',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'lock_autocommitted', body => $$
\set job 0
SELECT id AS job FROM job WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :job = 0
	\sleep :work_us us
	\outcome idle
\elif :iteration % :crash_every = 0
	\outcome crashed
\else
	\if :iteration % :stall_every = 1
		\sleep :stall_us us
	\else
		\sleep :work_us us
	\endif
	BEGIN;
	INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
	UPDATE job SET state = 'done' WHERE id = :job;
	\outcome charged
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('claim_released_early', 'claim_committed',
	'write the claim down and commit it: a crash loses the job',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'claim_committed', body => $$
\set job 0
UPDATE job SET state = 'running', attempt = attempt + 1
	WHERE id = (SELECT id FROM job WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING id AS job \aset
\if :job = 0
	\sleep :work_us us
	\outcome idle
\elif :iteration % :crash_every = 0
	\outcome crashed
\else
	\if :iteration % :stall_every = 1
		\sleep :stall_us us
	\else
		\sleep :work_us us
	\endif
	BEGIN;
	INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
	UPDATE job SET state = 'done' WHERE id = :job;
	\outcome charged
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('claim_released_early', 'lease_unfenced',
	'the claim ends after a while: a slow worker comes back to a job that is another''s',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
CREATE OR REPLACE VIEW claimable AS SELECT id FROM job WHERE state IN ('pending', 'running');
$$);
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'lease_unfenced', body => $$
\set job 0
UPDATE job SET state = 'running', attempt = attempt + 1,
		leased_until = clock_timestamp() + :lease_us * interval '1 us'
	WHERE id = (SELECT id FROM job
				WHERE state = 'pending' OR state = 'running' AND leased_until < clock_timestamp()
				ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING id AS job \aset
\if :job = 0
	\sleep :work_us us
	\outcome idle
\elif :iteration % :crash_every = 0
	\outcome crashed
\else
	\if :iteration % :stall_every = 1
		\sleep :stall_us us
	\else
		\sleep :work_us us
	\endif
	BEGIN;
	INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
	UPDATE job SET state = 'done' WHERE id = :job;
	\outcome charged
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('claim_released_early', 'one_transaction',
	'claim, work and completion in one transaction: a crash gives the job back',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'one_transaction', body => $$
\set job 0
BEGIN;
SELECT id AS job FROM job WHERE state = 'pending' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :job = 0
	COMMIT;
	\sleep :work_us us
	\outcome idle
\elif :iteration % :crash_every = 0
	ROLLBACK;
	\outcome crashed
\else
	\if :iteration % :stall_every = 1
		\sleep :stall_us us
	\else
		\sleep :work_us us
	\endif
	INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
	UPDATE job SET state = 'done' WHERE id = :job;
	\outcome charged
	COMMIT;
\endif
$$);

/* The attempt is the fencing token: each claim has another one. */
SELECT @extschema@.ct_add_variant('claim_released_early', 'lease_fenced',
	'a lease, and completion only for the attempt that still holds the job',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE OR REPLACE VIEW claimable AS SELECT id FROM job WHERE state IN ('pending', 'running');
$$);
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'lease_fenced', body => $$
\set job 0
\set mine 0
UPDATE job SET state = 'running', attempt = attempt + 1,
		leased_until = clock_timestamp() + :lease_us * interval '1 us'
	WHERE id = (SELECT id FROM job
				WHERE state = 'pending' OR state = 'running' AND leased_until < clock_timestamp()
				ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING id AS job, attempt \aset
\if :job = 0
	\sleep :work_us us
	\outcome idle
\elif :iteration % :crash_every = 0
	\outcome crashed
\else
	\if :iteration % :stall_every = 1
		\sleep :stall_us us
	\else
		\sleep :work_us us
	\endif
	BEGIN;
	UPDATE job SET state = 'done'
		WHERE id = :job AND attempt = :attempt AND state = 'running' RETURNING 1 AS mine \aset
	\if :mine
		INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
		\outcome charged
	\else
		\outcome superseded
	\endif
	COMMIT;
\endif
$$);

/*
 * The state is read again once the lock is held: it may have been done since
 * the first look.  The server unlocks when a worker dies; here the script
 * does, as it lives on.
 */
SELECT @extschema@.ct_add_variant('claim_released_early', 'session_lock',
	'an advisory lock of the session, which ends with its connection',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('claim_released_early', 'work', variant => 'session_lock', body => $$
\set job 0
\set open 0
WITH waiting AS MATERIALIZED (
	SELECT id FROM job WHERE state = 'pending' ORDER BY id)
SELECT id AS job FROM waiting
	WHERE pg_try_advisory_lock('job'::regclass::oid::int, id::int) LIMIT 1 \aset
\if :job = 0
	\sleep :work_us us
	\outcome idle
\else
	SELECT 1 AS open FROM job WHERE id = :job AND state = 'pending' \aset
	\if :open = 0
		\outcome too_late
	\elif :iteration % :crash_every = 0
		\outcome crashed
	\else
		\if :iteration % :stall_every = 1
			\sleep :stall_us us
		\else
			\sleep :work_us us
		\endif
		BEGIN;
		INSERT INTO charge (job, amount, worker) SELECT id, amount, :worker_id FROM job WHERE id = :job;
		UPDATE job SET state = 'done' WHERE id = :job;
		\outcome charged
		COMMIT;
	\endif
	SELECT pg_advisory_unlock('job'::regclass::oid::int, :job::int);
\endif
$$);

SELECT @extschema@.ct_add_check('claim_released_early', 'charged_once',
	'SELECT c.job, count(*) AS observed, 1 AS expected, sum(c.amount) AS charged, j.amount AS due, j.attempt,
		array_agg(c.worker ORDER BY c.id) AS by_workers
	 FROM charge c JOIN job j ON j.id = c.job
	 GROUP BY c.job, j.amount, j.attempt HAVING count(*) > 1 ORDER BY c.job',
	kind => 'duplicate', description => 'No job is charged twice.');
SELECT @extschema@.ct_add_check('claim_released_early', 'no_job_lost',
	'SELECT id AS job, state AS observed, ''done, or to be claimed again'' AS expected, attempt
	 FROM job j
	 WHERE state <> ''done'' AND NOT EXISTS (SELECT FROM claimable c WHERE c.id = j.id) ORDER BY id',
	kind => 'lost_job', description => 'Each job is done, or a later poll will find it.');
SELECT @extschema@.ct_add_check('claim_released_early', 'done_means_charged',
	'SELECT j.id AS job, j.state, count(c.id) AS observed, (j.state = ''done'')::int AS expected
	 FROM job j LEFT JOIN charge c ON c.job = j.id
	 GROUP BY j.id HAVING (count(c.id) > 0) <> (j.state = ''done'') ORDER BY j.id',
	kind => 'broken_promise', description => 'What is done is charged, and what is charged is done.');
SELECT @extschema@.ct_add_check('claim_released_early', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_charged AS expected FROM charge
	 HAVING count(*) <> :outcome_charged',
	kind => 'broken_promise', description => 'What was answered with "charged" is charged.');
SELECT @extschema@.ct_add_check('claim_released_early', 'work_is_done',
	'SELECT count(*) FILTER (WHERE state = ''done'') AS observed, least(:jobs, :transactions) / 2 AS expected,
		:outcome_idle AS idle, :outcome_crashed AS crashed
	 FROM job
	 HAVING count(*) FILTER (WHERE state = ''done'') < least(:jobs, :transactions) / 2
		AND :crash_every > 2 AND :stall_every > 2 AND :transactions >= 2 * :jobs',
	kind => 'starvation', description => 'Most of the jobs are done in the end.');
