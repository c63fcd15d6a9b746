/* quota_skew: the members of a project share a quota, and each has a row of their own. */
SELECT @extschema@.ct_create_scenario('quota_skew',
	category => 'races on rows',
	description => 'Members of a project see its quota free and take their part: the sum exceeds it.',
	story => $$
The bug: a project has a quota (storage, seats, budget), and its members
take parts of it.  Who wants more sums up what all have, sees that there is
enough, and enlarges their own allocation.  Two members who sum up at the
same time see the same free space, and both take it.

Each of them wrote a row of their own: no update is lost, and REPEATABLE
READ sees no conflict (write skew).  A trigger that sums up and raises an
error doesn't help either, though it looks like a constraint: it, too, sees
only what others have committed.  The first three variants are broken.

What to look at: whatever is right makes the members of one project take
turns, at the project's row, and leaves other projects alone.  lock_project
does it before looking, so that members wait while another one decides.
With trigger_locks the lock is in the trigger, where no program can forget
it, and is taken when the allocation is written.  trigger_total and
total_update keep the sum in the project's row, under a CHECK or in the
WHERE: nothing has to be summed up any more, which for a thousand members
is what counts.  serializable needs no change but retries; while the tables
are small, its locks cover whole tables, and projects are in each other's
way.

All members of a project want :request at once (the barrier), and take
:window_us to decide; in trigger_sums and trigger_locks that is the time
from the write to the commit, and who is refused doesn't spend it.
$$,
	params => '{"projects": 20, "members": 5, "quota": 100, "request": 40, "window_us": 1000}',
	explore_params => '{"projects": 1, "members": 2, "quota": 60, "window_us": 0}',
	transactions_expr => ':projects * :members',
	setup => $$
CREATE TABLE project (
	id			int PRIMARY KEY,
	name		text NOT NULL UNIQUE,
	quota_gb	int NOT NULL CHECK (quota_gb >= 0)
);
CREATE TABLE allocation (
	project	int NOT NULL REFERENCES project,
	member	int NOT NULL,
	gb		int NOT NULL DEFAULT 0 CHECK (gb >= 0),
	PRIMARY KEY (project, member)
);
INSERT INTO project SELECT i, 'project ' || i, :quota FROM generate_series(1, :projects) i;
INSERT INTO allocation SELECT p, m FROM generate_series(1, :projects) p, generate_series(1, :members) m;
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\barrier wave
BEGIN;
SELECT sum(gb) AS allocated FROM allocation WHERE project = :project \gset
\sleep :window_us us
\if :allocated + :request <= :quota
	UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
	\outcome granted
\else
	\outcome over_quota
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('quota_skew', 'sum_then_update',
	'sum up the allocations, then enlarge one''s own',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('quota_skew', 'repeatable_read',
	'the same at REPEATABLE READ: just as broken, for the rows are different ones',
	isolation => 'repeatable read', expected_verdict => 'fail', max_tries => 100);

/* What the triggers are for: the program asks for more, and the database says no. */
SELECT @extschema@.ct_add_variant('quota_skew', 'trigger_sums',
	'a trigger that sums up and raises: it doesn''t see what isn''t committed',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
CREATE FUNCTION within_quota() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
	IF (SELECT sum(gb) FROM allocation WHERE project = NEW.project) >
		(SELECT quota_gb FROM project WHERE id = NEW.project)
	THEN
		RAISE check_violation USING MESSAGE = 'over quota';
	END IF;
	RETURN NULL;
END $fn$;
CREATE TRIGGER within_quota AFTER INSERT OR UPDATE ON allocation
	FOR EACH ROW EXECUTE FUNCTION within_quota();
$$,
	expected_errors => '{23514=over_quota}');
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', variant => 'trigger_sums', body => $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\barrier wave
BEGIN;
UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
\outcome granted
\sleep :window_us us
COMMIT;
$$);

/* One statement locks, the next one sums up, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('quota_skew', 'lock_project',
	'lock the row that all of them share, the project''s, before summing up',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', variant => 'lock_project', body => $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\barrier wave
BEGIN;
SELECT quota_gb FROM project WHERE id = :project FOR NO KEY UPDATE \gset
SELECT sum(gb) AS allocated FROM allocation WHERE project = :project \gset
\sleep :window_us us
\if :allocated + :request <= :quota_gb
	UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
	\outcome granted
\else
	\outcome over_quota
\endif
COMMIT;
$$);

/* Each statement of a volatile function has a snapshot of its own: at REPEATABLE READ it hasn't. */
SELECT @extschema@.ct_add_variant('quota_skew', 'trigger_locks',
	'a trigger that locks the project''s row first, then sums up and raises',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION within_quota() RETURNS trigger LANGUAGE plpgsql AS $fn$
DECLARE
	quota	int;
BEGIN
	SELECT quota_gb INTO quota FROM project WHERE id = NEW.project FOR NO KEY UPDATE;
	IF (SELECT sum(gb) FROM allocation WHERE project = NEW.project) > quota THEN
		RAISE check_violation USING MESSAGE = 'over quota';
	END IF;
	RETURN NULL;
END $fn$;
CREATE TRIGGER within_quota AFTER INSERT OR UPDATE ON allocation
	FOR EACH ROW EXECUTE FUNCTION within_quota();
$$,
	expected_errors => '{23514=over_quota}');
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', variant => 'trigger_locks', body => $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\barrier wave
BEGIN;
UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
\outcome granted
\sleep :window_us us
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('quota_skew', 'trigger_total',
	'a trigger keeps the sum in the project''s row, under a CHECK',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE project ADD COLUMN allocated_gb int NOT NULL DEFAULT 0,
	ADD CONSTRAINT within_quota CHECK (allocated_gb <= quota_gb);
CREATE FUNCTION keep_total() RETURNS trigger LANGUAGE plpgsql AS $fn$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		UPDATE project SET allocated_gb = allocated_gb - OLD.gb WHERE id = OLD.project;
	END IF;
	IF TG_OP <> 'DELETE' THEN
		UPDATE project SET allocated_gb = allocated_gb + NEW.gb WHERE id = NEW.project;
	END IF;
	RETURN NULL;
END $fn$;
CREATE TRIGGER keep_total AFTER INSERT OR UPDATE OR DELETE ON allocation
	FOR EACH ROW EXECUTE FUNCTION keep_total();
$$,
	expected_errors => '{23514=over_quota}');
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', variant => 'trigger_total', body => $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\barrier wave
BEGIN;
SELECT quota_gb - allocated_gb AS free FROM project WHERE id = :project; -- shown, not relied upon
\sleep :window_us us
UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
\outcome granted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('quota_skew', 'total_update',
	'the program keeps the sum: one UPDATE of the project''s row checks and takes',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE project ADD COLUMN allocated_gb int NOT NULL DEFAULT 0');
SELECT @extschema@.ct_add_script('quota_skew', 'allocate', variant => 'total_update', body => $$
\set project (:iteration - 1) / :members % :projects + 1
\set member (:iteration - 1) % :members + 1
\set taken 0
\barrier wave
BEGIN;
SELECT quota_gb - allocated_gb AS free FROM project WHERE id = :project; -- shown, not relied upon
\sleep :window_us us
UPDATE project SET allocated_gb = allocated_gb + :request
	WHERE id = :project AND allocated_gb + :request <= quota_gb RETURNING 1 AS taken \aset
\if :taken
	UPDATE allocation SET gb = gb + :request WHERE project = :project AND member = :member;
	\outcome granted
\else
	\outcome over_quota
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('quota_skew', 'serializable',
	'the code of the first at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('quota_skew', 'within_quota',
	'SELECT p.id AS project, sum(a.gb) AS observed, p.quota_gb AS expected,
		array_agg(a.member ORDER BY a.member) FILTER (WHERE a.gb > 0) AS members
	 FROM project p JOIN allocation a ON a.project = p.id
	 GROUP BY p.id HAVING sum(a.gb) > p.quota_gb ORDER BY p.id',
	kind => 'write_skew', description => 'The members of a project have no more than its quota in all.');
SELECT @extschema@.ct_add_check('quota_skew', 'allocations_are_answers',
	'SELECT sum(gb) AS observed, :outcome_granted * :request AS expected FROM allocation
	 HAVING sum(gb) <> :outcome_granted * :request',
	kind => 'broken_promise', description => 'Who was told "granted" has it, and nobody else.');
/* those that all of their members have asked */
SELECT @extschema@.ct_add_check('quota_skew', 'no_idle_quota',
	'SELECT p.id AS project, sum(a.gb) AS observed,
		least(p.quota_gb / :request, :members) * :request AS expected
	 FROM project p JOIN allocation a ON a.project = p.id
	 WHERE p.id <= :transactions / :members
	 GROUP BY p.id HAVING sum(a.gb) < least(p.quota_gb / :request, :members) * :request ORDER BY p.id',
	kind => 'false_refusal', description => 'Nobody hears "over quota" while there is enough left.');
SELECT @extschema@.ct_add_check('quota_skew', 'total_agrees', variant => 'trigger_total',
	query => 'SELECT p.id AS project, p.allocated_gb AS observed, sum(a.gb) AS expected
	 FROM project p JOIN allocation a ON a.project = p.id
	 GROUP BY p.id HAVING p.allocated_gb <> sum(a.gb) ORDER BY p.id',
	kind => 'lost_update', description => 'The total is the sum of the allocations.');
SELECT @extschema@.ct_add_check('quota_skew', 'total_agrees', variant => 'total_update',
	query => 'SELECT p.id AS project, p.allocated_gb AS observed, sum(a.gb) AS expected
	 FROM project p JOIN allocation a ON a.project = p.id
	 GROUP BY p.id HAVING p.allocated_gb <> sum(a.gb) ORDER BY p.id',
	kind => 'lost_update', description => 'The total is the sum of the allocations.');
