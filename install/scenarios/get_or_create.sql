/*
 * get_or_create: look for a live row, insert one if there is none.
 *
 * All requests for a label come one after the other, so as many at once as
 * there are workers (the barrier); the story says what to look at.
 */
SELECT @extschema@.ct_create_scenario('get_or_create',
	category => 'uniqueness',
	description => 'Look for a live row, insert one if there is none: several live rows of one name.',
	story => $$
`get_or_create`, `find_or_create_by`, `firstOrCreate`: an application looks a row up by its natural
key and inserts it if it isn't there. Two requests look at the same time, neither finds it, both
insert. With soft deletion (`deleted_at`) the usual remedy is missing, because `UNIQUE (name)`
would also count the deleted rows. So the table has no constraint, the two live rows stay, and half
of the issues are filed under either of them.

Here issues are filed under labels. Each label existed once and was deleted; now `requests` issues
ask for each of the `labels` by name, as many at once as there are workers. `window_us` passes
between looking and inserting. `check_then_insert` leaves several live labels of one name.
`unique_over_deleted` is the hasty remedy, a constraint over all rows: the deleted label is in the
way of the new one and isn't an answer either, so the request has no label at all.

The fix is a *partial* unique index, `ON label (name) WHERE deleted_at IS NULL`, which allows any
number of deleted rows beside one live one. What the code then does about the conflict is a matter
of price:

- `on_conflict_select`: look, `INSERT ... ON CONFLICT DO NOTHING`, and look again if nothing was
  inserted. It writes nothing if the row is there. Take it first. Where labels are deleted all the
  time, it may be gone again before the second look: then begin again.
- `on_conflict_update`: one statement that always returns the row, and holds it, so that nobody
  deletes it before the commit. Each call writes a new version of the row: not for hot rows.
- `unique_retry`: the code stays as it is, and is repeated upon 23505. For code that you can't
  change, with a framework that can repeat (`retries` in the comparison).
- `advisory_lock`: for tables that can't have the index (yet). All code that inserts must take the
  lock, and those who only look up wait for it, too.
- `serializable`: no index, no lock, but conflicts with whatever else reads the table; it needs all
  the writers at SERIALIZABLE and repeats the most.
$$,
	params => '{"labels": 10, "requests": 10, "deleted": 1, "window_us": 1000}',
	explore_params => '{"labels": 1, "requests": 2, "window_us": 0}',
	transactions_expr => ':labels * :requests',
	setup => $$
CREATE TABLE label (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name		text NOT NULL,
	created_at	timestamptz NOT NULL DEFAULT now(),
	deleted_at	timestamptz CHECK (deleted_at >= created_at)
);
CREATE INDEX label_name ON label (name);
CREATE TABLE issue (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	label		int NOT NULL REFERENCES label,
	title		text NOT NULL
);
INSERT INTO label (name, created_at, deleted_at)
	SELECT 'label-' || l, timestamptz '2020-01-01' + d * interval '2 days',
		timestamptz '2020-01-02' + d * interval '2 days'
	FROM generate_series(1, :labels) l, generate_series(1, :deleted) d;
$$);

/* The bug, and what "unique_retry" and "serializable" run. */
SELECT @extschema@.ct_add_script('get_or_create', 'file', $$
\set n (:iteration - 1) / :requests % :labels + 1
\set label 0
\barrier file
BEGIN;
SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL
	ORDER BY id LIMIT 1 \aset
\sleep :window_us us
\if :label = 0
	INSERT INTO label (name) VALUES ('label-' || :n) RETURNING id AS label \gset
	\outcome created
\else
	\outcome found
\endif
INSERT INTO issue (label, title) VALUES (:label, 'issue ' || :iteration);
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('get_or_create', 'check_then_insert',
	'look for a live row, insert if there is none',
	isolation => 'read committed', expected_verdict => 'fail');

/* Only one deleted row can be under that constraint. */
SELECT @extschema@.ct_add_variant('get_or_create', 'unique_over_deleted',
	'ON CONFLICT over a UNIQUE (name) that counts deleted rows, too: also broken',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
DELETE FROM label a USING label b WHERE a.name = b.name AND a.id < b.id;
ALTER TABLE label ADD CONSTRAINT label_name_unique UNIQUE (name);
$$);
SELECT @extschema@.ct_add_script('get_or_create', 'file', variant => 'unique_over_deleted', body => $$
\set n (:iteration - 1) / :requests % :labels + 1
\set label 0
\set created 0
\barrier file
BEGIN;
SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL \aset
\sleep :window_us us
\if :label = 0
	INSERT INTO label (name) VALUES ('label-' || :n)
		ON CONFLICT (name) DO NOTHING
		RETURNING id AS label, 1 AS created \aset
	\if :created = 0
		SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL \aset
	\endif
\endif
\if :label = 0
	\outcome no_label
\else
	INSERT INTO issue (label, title) VALUES (:label, 'issue ' || :iteration);
	\if :created
		\outcome created
	\else
		\outcome found
	\endif
\endif
COMMIT;
$$);

/* READ COMMITTED: the second look has a newer snapshot, and sees the row that was in the way. */
SELECT @extschema@.ct_add_variant('get_or_create', 'on_conflict_select',
	'a partial unique index; look, INSERT ... ON CONFLICT DO NOTHING, look again',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX label_name_live ON label (name) WHERE deleted_at IS NULL');
SELECT @extschema@.ct_add_script('get_or_create', 'file', variant => 'on_conflict_select', body => $$
\set n (:iteration - 1) / :requests % :labels + 1
\set label 0
\set created 0
\barrier file
BEGIN;
SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL \aset
\sleep :window_us us
\if :label = 0
	INSERT INTO label (name) VALUES ('label-' || :n)
		ON CONFLICT (name) WHERE deleted_at IS NULL DO NOTHING
		RETURNING id AS label, 1 AS created \aset
	\if :created = 0
		SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL \gset
	\endif
\endif
INSERT INTO issue (label, title) VALUES (:label, 'issue ' || :iteration);
\if :created
	\outcome created
\else
	\outcome found
\endif
COMMIT;
$$);

/* xmax is 0 in a row that was inserted, not in one that was locked and updated. */
SELECT @extschema@.ct_add_variant('get_or_create', 'on_conflict_update',
	'a partial unique index; INSERT ... ON CONFLICT DO UPDATE returns the row in any case',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX label_name_live ON label (name) WHERE deleted_at IS NULL');
SELECT @extschema@.ct_add_script('get_or_create', 'file', variant => 'on_conflict_update', body => $$
\set n (:iteration - 1) / :requests % :labels + 1
\barrier file
BEGIN;
SELECT id FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL; -- not relied upon
\sleep :window_us us
INSERT INTO label (name) VALUES ('label-' || :n)
	ON CONFLICT (name) WHERE deleted_at IS NULL DO UPDATE SET name = EXCLUDED.name
	RETURNING id AS label, (xmax = 0)::int AS created \gset
INSERT INTO issue (label, title) VALUES (:label, 'issue ' || :iteration);
\if :created
	\outcome created
\else
	\outcome found
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('get_or_create', 'unique_retry',
	'the naive code over a partial unique index, repeated as a whole upon 23505',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX label_name_live ON label (name) WHERE deleted_at IS NULL',
	retried_errors => '{23505}', max_tries => 100);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('get_or_create', 'advisory_lock',
	'an advisory lock on the name''s hash before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('get_or_create', 'file', variant => 'advisory_lock', body => $$
\set n (:iteration - 1) / :requests % :labels + 1
\set label 0
\barrier file
BEGIN;
SELECT pg_advisory_xact_lock('label'::regclass::oid::int, hashtext('label-' || :n));
SELECT id AS label FROM label WHERE name = 'label-' || :n AND deleted_at IS NULL \aset
\sleep :window_us us
\if :label = 0
	INSERT INTO label (name) VALUES ('label-' || :n) RETURNING id AS label \gset
	\outcome created
\else
	\outcome found
\endif
INSERT INTO issue (label, title) VALUES (:label, 'issue ' || :iteration);
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('get_or_create', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 100, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('get_or_create', 'one_live_label',
	'SELECT name, count(*) AS observed, 1 AS expected, array_agg(id ORDER BY id) AS live_ids
	 FROM label WHERE deleted_at IS NULL GROUP BY name HAVING count(*) > 1 ORDER BY min(id)',
	kind => 'duplicate', description => 'There is at most one live label of a name.');
SELECT @extschema@.ct_add_check('get_or_create', 'same_answer_for_all',
	'SELECT l.name, count(DISTINCT l.id) AS observed, 1 AS expected,
		array_agg(DISTINCT l.id) AS labels, count(*) AS issues
	 FROM issue i JOIN label l ON l.id = i.label
	 GROUP BY l.name HAVING count(DISTINCT l.id) > 1 ORDER BY min(l.id)',
	kind => 'split', description => 'All issues of a label''s name are filed under the same row.');
SELECT @extschema@.ct_add_check('get_or_create', 'everybody_gets_one',
	'SELECT count(*) AS observed, :transactions AS expected, :outcome_no_label AS without_label
	 FROM issue HAVING count(*) <> :transactions',
	kind => 'false_refusal', description => 'Each request gets its label, and files its issue.');
SELECT @extschema@.ct_add_check('get_or_create', 'deleted_stays_deleted',
	'SELECT l.id, l.name, l.deleted_at, count(i.id) AS observed, 0 AS expected
	 FROM label l LEFT JOIN issue i ON i.label = l.id
	 WHERE l.created_at < ''2021-01-01'' AND (l.deleted_at IS NULL OR i.id IS NOT NULL)
	 GROUP BY l.id ORDER BY l.id',
	kind => 'resurrected', description => 'A deleted label neither comes back nor is used.');
SELECT @extschema@.ct_add_check('get_or_create', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_created AS expected
	 FROM label WHERE created_at >= ''2021-01-01''
	 HAVING count(*) <> :outcome_created',
	kind => 'broken_promise', description => 'What was answered with "created" is there, and nothing else.');
