/* optimistic_update: five editors, one document. */
SELECT @extschema@.ct_create_scenario('optimistic_update',
	category => 'races on rows',
	description => 'Five save the same version of a document: one should win, four should get a conflict.',
	story => $$
The story: a form carries the version of the document that it was made of,
so that saving it can tell whether somebody else saved in the meantime: of
five editors who opened the same version, one wins, and four get a conflict
and may look at what the winner wrote.

The bug: the application compares the versions itself.  It reads the
current one, finds that it is the form's, and writes.  Between the two,
somebody else does the same, so several win, and all but the last one's
work is lost, though everybody was told that it is saved.

Each document is opened by :editors, at version 1.  Their saves arrive
together as far as there are workers, which is what the barrier is for;
later ones must get their conflict all the same.
$$,
	params => '{"documents": 20, "editors": 5, "window_us": 1000}',
	explore_params => '{"documents": 1, "editors": 2, "window_us": 0}',
	transactions_expr => ':documents * :editors',
	setup => $$
CREATE TABLE document (
	id		int PRIMARY KEY,
	body	text NOT NULL,
	version	int NOT NULL DEFAULT 1
);
CREATE TABLE revision (
	document	int NOT NULL REFERENCES document,
	based_on	int NOT NULL,
	editor		int NOT NULL,
	saved_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO document SELECT i, 'as it was opened' FROM generate_series(1, :documents) i;
$$);

/* The bug, and what "repeatable_read" runs: :opened is the version in the form. */
SELECT @extschema@.ct_add_script('optimistic_update', 'save', $$
\set document (:iteration - 1) / :editors % :documents + 1
\set editor (:iteration - 1) % :editors + 1
\set opened 1
\barrier save
BEGIN;
SELECT version FROM document WHERE id = :document \gset
\sleep :window_us us
\if :version = :opened
	UPDATE document SET body = 'by editor ' || :editor, version = :version + 1 WHERE id = :document;
	INSERT INTO revision (document, based_on, editor) VALUES (:document, :opened, :editor);
	\outcome saved
\else
	\outcome conflict
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('optimistic_update', 'check_then_write',
	'read the version, compare it in the program, write',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('optimistic_update', 'version_in_where',
	'let the UPDATE compare: WHERE version = the one that was opened',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('optimistic_update', 'save', variant => 'version_in_where', body => $$
\set document (:iteration - 1) / :editors % :documents + 1
\set editor (:iteration - 1) % :editors + 1
\set opened 1
\set won 0
\barrier save
BEGIN;
SELECT body FROM document WHERE id = :document; -- to validate the form, not relied upon
\sleep :window_us us
UPDATE document SET body = 'by editor ' || :editor, version = version + 1
	WHERE id = :document AND version = :opened RETURNING 1 AS won \aset
\if :won
	INSERT INTO revision (document, based_on, editor) VALUES (:document, :opened, :editor);
	\outcome saved
\else
	\outcome conflict
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('optimistic_update', 'for_update',
	'lock the document while comparing',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('optimistic_update', 'save', variant => 'for_update', body => $$
\set document (:iteration - 1) / :editors % :documents + 1
\set editor (:iteration - 1) % :editors + 1
\set opened 1
\barrier save
BEGIN;
SELECT version FROM document WHERE id = :document FOR UPDATE \gset
\sleep :window_us us
\if :version = :opened
	UPDATE document SET body = 'by editor ' || :editor, version = :version + 1 WHERE id = :document;
	INSERT INTO revision (document, based_on, editor) VALUES (:document, :opened, :editor);
	\outcome saved
\else
	\outcome conflict
\endif
COMMIT;
$$);

/* Refused by the server and tried again, it sees the winner's version, and says so. */
SELECT @extschema@.ct_add_variant('optimistic_update', 'repeatable_read',
	'compare in the program, but at REPEATABLE READ, repeated when refused',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_check('optimistic_update', 'one_wins',
	'SELECT document, count(*) AS observed, 1 AS expected,
		array_agg(editor ORDER BY saved_at) AS winners
	 FROM revision GROUP BY document, based_on HAVING count(*) > 1 ORDER BY document',
	kind => 'lost_update', description => 'A version of a document is replaced once.');
SELECT @extschema@.ct_add_check('optimistic_update', 'somebody_wins',
	'SELECT id AS document, 0 AS observed, 1 AS expected FROM document d
	 WHERE id <= :transactions / :editors
		AND NOT EXISTS (SELECT FROM revision WHERE document = d.id) ORDER BY id',
	kind => 'false_refusal', description => 'Of those who save a document, somebody can.');
SELECT @extschema@.ct_add_check('optimistic_update', 'all_others_conflict',
	'SELECT :outcome_conflict AS observed, :transactions - count(DISTINCT document) AS expected
	 FROM revision HAVING :outcome_conflict <> :transactions - count(DISTINCT document)',
	kind => 'broken_promise', description => 'Everybody but the winners is told that there was a conflict.');
