/* cascade_delete: tasks are added to a project that is being deleted. */
SELECT @extschema@.ct_create_scenario('cascade_delete',
	category => 'locks',
	description => 'A parent is deleted while children are added: orphans, or errors nobody expects.',
	story => $$
The bug: the application deletes a project's tasks, then the project (in
the model's "dependent: destroy", or in a clean-up job).  Who adds a task
at that time has looked, has seen the project, and inserts.  The DELETE of
the tasks doesn't see a task that is not yet committed or comes later, so
the project goes and the task stays: an orphan, found months later by a
report that fails on it.

A foreign key alone (foreign_key, also broken) makes orphans impossible,
but moves the failure to the users: the deletion fails with 23503 because
of a task that was added between its two statements, or the insertion does,
and neither expects it.

Each round :team workers meet at one project (the barrier): one deletes it,
the others add a task; :window_us is the time between the statements.
Every other project is only added to.

What to look at: with on_delete_cascade the database does the second half:
DELETE waits for those who are adding, then takes their tasks along; who
comes later gets 23503, which means "gone" here and is said so.
lock_parent is for code that must delete the children itself (files,
counters, an audit trail): who deletes locks the project first, who adds
locks it FOR KEY SHARE, as the foreign key does; then no error is left to
be handled.  serializable needs neither the foreign key nor other code, but
everybody has to be SERIALIZABLE, and to repeat when refused.
$$,
	params => '{"projects": 24, "team": 3, "tasks": 3, "window_us": 3000}',
	explore_params => '{"projects": 1, "team": 2, "tasks": 1, "window_us": 0}',
	transactions_expr => ':projects * :team',
	setup => $$
CREATE TABLE project (
	id		int PRIMARY KEY,
	name	text NOT NULL
);
CREATE TABLE task (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	project	int NOT NULL,
	title	text NOT NULL
);
CREATE INDEX task_project ON task (project);
INSERT INTO project SELECT i, 'project ' || i FROM generate_series(1, :projects) i;
INSERT INTO task (project, title)
	SELECT p, 'planned ' || t FROM generate_series(1, :projects) p, generate_series(1, :tasks) t;
$$);

/* The bug.  Also what "foreign_key" and "serializable" run. */
SELECT @extschema@.ct_add_script('cascade_delete', 'work', $$
\set project (:iteration - 1) / :team % :projects + 1
\set deletes :project % 2 = 1 AND (:iteration - 1) % :team = 0
\set there 0
\barrier work
BEGIN;
\if :deletes
	DELETE FROM task WHERE project = :project;
	\sleep :window_us us
	DELETE FROM project WHERE id = :project RETURNING 1 AS there \aset
	\if :there
		\outcome deleted
	\else
		\outcome gone
	\endif
\else
	SELECT 1 AS there FROM project WHERE id = :project \aset
	\sleep :window_us us
	\if :there
		INSERT INTO task (project, title) VALUES (:project, 'added ' || :iteration);
		\outcome added
	\else
		\outcome gone
	\endif
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('cascade_delete', 'by_application',
	'delete the tasks, then the project; look for it, then add a task',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('cascade_delete', 'foreign_key',
	'the same code with a foreign key: no orphans, but errors',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE task ADD FOREIGN KEY (project) REFERENCES project');

SELECT @extschema@.ct_add_variant('cascade_delete', 'on_delete_cascade',
	'the foreign key deletes the tasks; who adds too late is told so',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE task ADD FOREIGN KEY (project) REFERENCES project ON DELETE CASCADE',
	expected_errors => '{foreign_key_violation=gone}');
SELECT @extschema@.ct_add_script('cascade_delete', 'work', variant => 'on_delete_cascade', body => $$
\set project (:iteration - 1) / :team % :projects + 1
\set deletes :project % 2 = 1 AND (:iteration - 1) % :team = 0
\set there 0
\barrier work
BEGIN;
\if :deletes
	\sleep :window_us us
	DELETE FROM project WHERE id = :project RETURNING 1 AS there \aset
	\if :there
		\outcome deleted
	\else
		\outcome gone
	\endif
\else
	SELECT 1 AS there FROM project WHERE id = :project \aset
	\sleep :window_us us
	\if :there
		INSERT INTO task (project, title) VALUES (:project, 'added ' || :iteration);
		\outcome added
	\else
		\outcome gone
	\endif
\endif
COMMIT;
$$);

/* Who deletes takes FOR UPDATE, who adds FOR KEY SHARE, which many can have at a time. */
SELECT @extschema@.ct_add_variant('cascade_delete', 'lock_parent',
	'both lock the project first, one to delete, the others to share it',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE task ADD FOREIGN KEY (project) REFERENCES project');
SELECT @extschema@.ct_add_script('cascade_delete', 'work', variant => 'lock_parent', body => $$
\set project (:iteration - 1) / :team % :projects + 1
\set deletes :project % 2 = 1 AND (:iteration - 1) % :team = 0
\set there 0
\barrier work
BEGIN;
\if :deletes
	SELECT 1 AS there FROM project WHERE id = :project FOR UPDATE \aset
	\if :there
		DELETE FROM task WHERE project = :project;
		\sleep :window_us us
		DELETE FROM project WHERE id = :project;
		\outcome deleted
	\else
		\outcome gone
	\endif
\else
	SELECT 1 AS there FROM project WHERE id = :project FOR KEY SHARE \aset
	\sleep :window_us us
	\if :there
		INSERT INTO task (project, title) VALUES (:project, 'added ' || :iteration);
		\outcome added
	\else
		\outcome gone
	\endif
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('cascade_delete', 'serializable',
	'the first code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_threshold('cascade_delete', 'deadlocks', '=', 0);
SELECT @extschema@.ct_add_check('cascade_delete', 'no_orphans',
	'SELECT t.project, count(*) AS observed, 0 AS expected, array_agg(t.title ORDER BY t.id) AS orphans
	 FROM task t WHERE NOT EXISTS (SELECT FROM project p WHERE p.id = t.project)
	 GROUP BY t.project ORDER BY t.project',
	kind => 'orphan', description => 'No task is without its project.');
SELECT @extschema@.ct_add_check('cascade_delete', 'deleted_is_deleted',
	'SELECT count(*) AS observed, :projects - :outcome_deleted AS expected FROM project
	 HAVING count(*) <> :projects - :outcome_deleted',
	kind => 'broken_promise', description => 'A project is gone if and only if somebody was told "deleted".');
/* Not asked of the last round, which a run by the clock may have cut off. */
SELECT @extschema@.ct_add_check('cascade_delete', 'nobody_refused_without_reason',
	'SELECT p.id AS project, count(t.id) AS observed, :tasks + a.asked AS expected
	 FROM project p
		CROSS JOIN LATERAL (
			SELECT count(*) AS asked FROM generate_series(1, :transactions + :failed - :workers) i
			WHERE (i - 1) / :team % :projects + 1 = p.id) a
		LEFT JOIN task t ON t.project = p.id
	 WHERE p.id % 2 = 0
	 GROUP BY p.id, a.asked HAVING count(t.id) < :tasks + a.asked ORDER BY p.id',
	kind => 'false_refusal', description => 'Where nobody deletes every task that was asked for is added.');
SELECT @extschema@.ct_add_check('cascade_delete', 'added_is_added',
	'SELECT count(*) AS observed, :outcome_added AS expected FROM task WHERE title LIKE ''added %''
	 HAVING count(*) > :outcome_added',
	kind => 'broken_promise', description => 'There are no more new tasks than were answered with "added".');
