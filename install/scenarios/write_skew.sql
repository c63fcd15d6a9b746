/* write_skew: nobody is on call. */
SELECT @extschema@.ct_create_scenario('write_skew',
	category => 'races on rows',
	description => 'Two doctors see each other on call, and both leave: a rule over several rows breaks.',
	story => $$
The bug: a hospital wants at least one doctor on call in each shift.  Who
wants to leave looks how many there are, and leaves if another one stays.
Two who look at the same time both see two, and both leave.  Each of them
wrote a row of their own, so there is no lost update to be noticed: what
broke is a rule over several rows.

REPEATABLE READ, which is snapshot isolation in PostgreSQL, doesn't help:
both read from snapshots that were true.  SERIALIZABLE does, and so does a
row that both must touch: the shift's.

Each shift has :doctors, who all want to leave at once: the barrier.  The
first two variants are both broken.
$$,
	params => '{"shifts": 50, "doctors": 2, "window_us": 1000}',
	explore_params => '{"shifts": 1, "window_us": 0}',
	transactions_expr => ':shifts * :doctors',
	setup => $$
CREATE TABLE shift (
	id		int PRIMARY KEY,
	starts	timestamptz NOT NULL
);
CREATE TABLE roster (
	shift	int NOT NULL REFERENCES shift,
	doctor	int NOT NULL,
	on_call	boolean NOT NULL DEFAULT true,
	PRIMARY KEY (shift, doctor)
);
INSERT INTO shift SELECT i, timestamptz '2030-01-01' + i * interval '8 hours'
	FROM generate_series(1, :shifts) i;
INSERT INTO roster SELECT s, d FROM generate_series(1, :shifts) s, generate_series(1, :doctors) d;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('write_skew', 'leave', $$
\set shift (:iteration - 1) / :doctors % :shifts + 1
\set doctor (:iteration - 1) % :doctors + 1
\barrier leave
BEGIN;
SELECT count(*) AS on_call FROM roster WHERE shift = :shift AND on_call \gset
\sleep :window_us us
\if :on_call > 1
	UPDATE roster SET on_call = false WHERE shift = :shift AND doctor = :doctor;
	\outcome left
\else
	\outcome stayed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('write_skew', 'read_committed',
	'look who is on call, then leave',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('write_skew', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken',
	isolation => 'repeatable read', expected_verdict => 'fail', max_tries => 100);

SELECT @extschema@.ct_add_variant('write_skew', 'serializable',
	'the same at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 100);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('write_skew', 'lock_row',
	'lock the row that all of them share, the shift, before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('write_skew', 'leave', variant => 'lock_row', body => $$
\set shift (:iteration - 1) / :doctors % :shifts + 1
\set doctor (:iteration - 1) % :doctors + 1
\barrier leave
BEGIN;
SELECT id FROM shift WHERE id = :shift FOR NO KEY UPDATE;
SELECT count(*) AS on_call FROM roster WHERE shift = :shift AND on_call \gset
\sleep :window_us us
\if :on_call > 1
	UPDATE roster SET on_call = false WHERE shift = :shift AND doctor = :doctor;
	\outcome left
\else
	\outcome stayed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('write_skew', 'counter',
	'keep the number in the shift''s row, under a CHECK',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE shift ADD COLUMN on_call int NOT NULL DEFAULT :doctors;
ALTER TABLE shift ADD CONSTRAINT somebody_on_call CHECK (on_call >= 1);
$$,
	expected_errors => '{23514=stayed}');
SELECT @extschema@.ct_add_script('write_skew', 'leave', variant => 'counter', body => $$
\set shift (:iteration - 1) / :doctors % :shifts + 1
\set doctor (:iteration - 1) % :doctors + 1
\set leaves 0
\barrier leave
BEGIN;
SELECT on_call FROM shift WHERE id = :shift; -- shown to the doctor, not relied upon
\sleep :window_us us
UPDATE roster SET on_call = false
	WHERE shift = :shift AND doctor = :doctor AND on_call RETURNING 1 AS leaves \aset
\if :leaves
	UPDATE shift SET on_call = on_call - 1 WHERE id = :shift;
	\outcome left
\else
	\outcome stayed
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('write_skew', 'somebody_on_call',
	'SELECT shift, count(*) FILTER (WHERE on_call) AS observed, 1 AS expected,
		array_agg(doctor ORDER BY doctor) FILTER (WHERE NOT on_call) AS left_by
	 FROM roster GROUP BY shift HAVING count(*) FILTER (WHERE on_call) < 1 ORDER BY shift',
	kind => 'write_skew', description => 'Each shift has a doctor on call.');
SELECT @extschema@.ct_add_check('write_skew', 'somebody_could_leave',
	'SELECT shift, count(*) FILTER (WHERE on_call) AS observed, count(*) - 1 AS expected
	 FROM roster WHERE shift <= :transactions / :doctors AND :doctors > 1
	 GROUP BY shift HAVING count(*) FILTER (WHERE on_call) = count(*) ORDER BY shift',
	kind => 'false_refusal', description => 'Nobody has to stay where there are others.');
SELECT @extschema@.ct_add_check('write_skew', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_left AS expected FROM roster WHERE NOT on_call
	 HAVING count(*) > :outcome_left',
	kind => 'broken_promise', description => 'Who was told to stay is on call.');
