/*
 * isolation_anti_dependency_cycle: G2, a budget that two expenses fit into.
 *
 * The barriers are the schedule: both add up, then both insert.  Where
 * something locks before that, the second one can't come to a barrier, so
 * there is a pause in its place, :window_us.
 */
SELECT @extschema@.ct_create_scenario('isolation_anti_dependency_cycle',
	category => 'isolation phenomena',
	description => 'G2: two expenses each fit into what is left of the budget, and both are entered.',
	story => $$
**G2, anti-dependency cycle** (Adya 1999; with a predicate it is the *phantom*, P3, of the ANSI
standard in its wide reading, Berenson et al. 1995): two transactions ask for the rows that meet a
condition, and each adds one that the other one should have seen:
`r1(P) r2(P) w1(y1 in P) w2(y2 in P)`. It is write skew with rows that don't exist yet, so that
there is nothing to lock.

In PostgreSQL it is **possible at READ COMMITTED and at REPEATABLE READ**. SERIALIZABLE prevents it:
it remembers the condition, not just the rows (predicate locks), and refuses one of the two with
40001.

In an application it is each limit that is checked by a query before an INSERT: the sum of expenses
in a budget, five projects in a free plan, no overlapping bookings, a name that isn't taken, stock
from a ledger.

The fixes:

- `counter`: keep the sum in the project's row, under a CHECK. The database keeps the rule by
  itself, whoever writes. Best where the rule is a number; for names it is a unique index, for
  bookings an exclusion constraint.
- `lock_parent`: lock the project before adding up. Simple, if all who enter expenses do it.
- `advisory_lock`: the same where there is no such row.
- `serializable`: where the rule is too complex for that. Needs a retry, and an index on the
  condition, for else the predicate lock is the whole table's.
- **not** `lock_rows`: FOR UPDATE locks the expenses that there are. The one that breaks the budget
  isn't.

What to look at: `read_committed`, `repeatable_read` and `lock_rows` fail in each project, and no
error tells.
$$,
	params => '{"rounds": 20, "budget": 1000, "amount": 600, "window_us": 5000}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE project (
	id		int PRIMARY KEY,
	name	text NOT NULL,
	budget	numeric(12, 2) NOT NULL CHECK (budget >= 0)
);
CREATE TABLE expense (
	id			bigint PRIMARY KEY,
	project		int NOT NULL REFERENCES project,
	amount		numeric(12, 2) NOT NULL CHECK (amount > 0),
	spent_seen	numeric(12, 2) NOT NULL
);
CREATE INDEX ON expense (project);
INSERT INTO project SELECT i, 'Project ' || i, :budget FROM generate_series(1, :rounds) i;
$$);

/* Two transactions are a round: expenses of the same project. */
SELECT @extschema@.ct_add_script('isolation_anti_dependency_cycle', 'spend', $$
\set project (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT coalesce(sum(amount), 0) AS spent FROM expense WHERE project = :project \gset
\barrier added_up
\if :spent + :amount <= :budget
	INSERT INTO expense VALUES (:iteration, :project, :amount, :spent);
	\outcome entered
\else
	\outcome over_budget
\endif
COMMIT;
$$);
SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'read_committed',
	'add up what is spent, then enter the expense',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken',
	isolation => 'repeatable read', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'serializable',
	'the same at SERIALIZABLE: one is refused, and repeated',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'lock_rows',
	'lock the expenses that there are: just as broken, the new one isn''t among them',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_anti_dependency_cycle', 'spend',
	variant => 'lock_rows', body => $$
\set project (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT coalesce(sum(amount), 0) AS spent FROM (
	SELECT amount FROM expense WHERE project = :project FOR UPDATE) locked \gset
\barrier added_up
\if :spent + :amount <= :budget
	INSERT INTO expense VALUES (:iteration, :project, :amount, :spent);
	\outcome entered
\else
	\outcome over_budget
\endif
COMMIT;
$$);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'lock_parent',
	'lock the project before adding up',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_anti_dependency_cycle', 'spend',
	variant => 'lock_parent', body => $$
\set project (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT id FROM project WHERE id = :project FOR NO KEY UPDATE;
SELECT coalesce(sum(amount), 0) AS spent FROM expense WHERE project = :project \gset
\sleep :window_us us
\if :spent + :amount <= :budget
	INSERT INTO expense VALUES (:iteration, :project, :amount, :spent);
	\outcome entered
\else
	\outcome over_budget
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'advisory_lock',
	'one expense of a project at a time, by an advisory lock',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_anti_dependency_cycle', 'spend',
	variant => 'advisory_lock', body => $$
\set project (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT pg_advisory_xact_lock('project'::regclass::oid::int, :project);
SELECT coalesce(sum(amount), 0) AS spent FROM expense WHERE project = :project \gset
\sleep :window_us us
\if :spent + :amount <= :budget
	INSERT INTO expense VALUES (:iteration, :project, :amount, :spent);
	\outcome entered
\else
	\outcome over_budget
\endif
COMMIT;
$$);

/* What is read first is shown to the user, not relied upon. */
SELECT @extschema@.ct_add_variant('isolation_anti_dependency_cycle', 'counter',
	'keep the sum in the project''s row, under a CHECK',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE project ADD COLUMN spent numeric(12, 2) NOT NULL DEFAULT 0;
ALTER TABLE project ADD CONSTRAINT within_budget CHECK (spent <= budget);
$$,
	expected_errors => '{23514=over_budget}');
SELECT @extschema@.ct_add_script('isolation_anti_dependency_cycle', 'spend',
	variant => 'counter', body => $$
\set project (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT spent FROM project WHERE id = :project \gset
\barrier added_up
UPDATE project SET spent = spent + :amount WHERE id = :project;
INSERT INTO expense VALUES (:iteration, :project, :amount, :spent);
\outcome entered
COMMIT;
$$);

SELECT @extschema@.ct_add_check('isolation_anti_dependency_cycle', 'within_budget',
	'SELECT p.name, sum(e.amount) AS observed, p.budget AS expected,
		array_agg(e.spent_seen ORDER BY e.id) AS each_saw_spent
	 FROM project p JOIN expense e ON e.project = p.id
	 GROUP BY p.id HAVING sum(e.amount) > p.budget ORDER BY p.id',
	kind => 'write_skew', description => 'The expenses of a project are within its budget.');
SELECT @extschema@.ct_add_check('isolation_anti_dependency_cycle', 'what_fits_is_entered',
	'SELECT count(DISTINCT project) AS observed, least(:rounds, :transactions / 2) AS expected
	 FROM expense
	 HAVING count(DISTINCT project) < least(:rounds, :transactions / 2)
		AND :budget >= :amount::numeric',
	kind => 'false_refusal', description => 'An expense that fits by itself is entered.');
SELECT @extschema@.ct_add_check('isolation_anti_dependency_cycle', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_entered AS expected FROM expense
	 HAVING count(*) <> :outcome_entered OR :outcome_entered + :outcome_over_budget <> :transactions',
	kind => 'broken_promise', description => 'What was accepted is entered, and everybody got an answer.');
