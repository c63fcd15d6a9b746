/* complex_query: permission, document and contents, in one snapshot or in three. */
SELECT @extschema@.ct_create_scenario('complex_query',
	category => 'throughput',
	description => 'Permission, document and parts are read one after the other: they belong to different times.',
	story => $$
The bug: to show a document the application asks whether the reader may see
it, then for the document, then for its parts: three queries, as an ORM
loads them.  At READ COMMITTED each one sees what was committed when it
began.  In between an editor takes the guests' permission away and writes
confidential parts, in one clean transaction; and the guest, who had been
let in a moment ago, reads them.  Or the title is of one version, and the
parts of the next.

Each edit makes the next version.  In even versions guests are permitted
and nothing is confidential, in odd ones guests aren't, and all of it is.
The owner may always read.  What was shown to whom is in access_log.
:window_us passes between the queries.  Half of the transactions edit, the
other half read: as many of guests as of the owner.

What to look at: one join needs neither locks nor retries; a statement has
one snapshot.  Where the code needs several queries, a REPEATABLE READ
transaction gives all of them the same snapshot: it only has to be said at
BEGIN, and a transaction that only reads is never refused for it.  (The
retries are of editors: they are in the same level here, and a document has
several.)  What the reader sees is true, of the time the snapshot was
taken.  FOR SHARE keeps editors out until the reader is through, and so
makes sure that it is still true at COMMIT; editors pay for it.
$$,
	params => '{"documents": 2, "parts": 3, "reads": 60, "window_us": 2000}',
	explore_params => '{"documents": 1, "parts": 1, "window_us": 0}',
	transactions_expr => ':reads * 2',
	setup => $$
CREATE TABLE document (
	id			int PRIMARY KEY,
	title		text NOT NULL,
	version		int NOT NULL DEFAULT 0
);
CREATE TABLE content (
	document		int NOT NULL REFERENCES document ON DELETE CASCADE,
	part			int NOT NULL,
	version			int NOT NULL DEFAULT 0,
	confidential	boolean NOT NULL DEFAULT false,
	body			text NOT NULL,
	PRIMARY KEY (document, part)
);
CREATE TABLE permission (
	document	int NOT NULL REFERENCES document ON DELETE CASCADE,
	reader		text NOT NULL CHECK (reader IN ('owner', 'guest')),
	granted_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (document, reader)
);
CREATE TABLE access_log (
	id					int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	document			int NOT NULL REFERENCES document,
	reader				text NOT NULL,
	shown				boolean NOT NULL,
	document_version	int,
	oldest_part			int,
	newest_part			int,
	confidential		boolean
);
INSERT INTO document (id, title) SELECT i, 'Merger plan ' || i FROM generate_series(1, :documents) i;
INSERT INTO content (document, part, body)
	SELECT d, p, repeat('text of part ' || p || ', ', 20)
	FROM generate_series(1, :documents) d, generate_series(1, :parts) p;
INSERT INTO permission (document, reader)
	SELECT d, r FROM generate_series(1, :documents) d, unnest('{owner, guest}'::text[]) r;
$$);

/*
 * The bug, and what "repeatable_read" runs.  Odd iterations edit, after half
 * a window or one and a half; even ones read.
 */
SELECT @extschema@.ct_add_script('complex_query', 'read_or_edit', $$
\set document (:iteration - 1) / 2 % :documents + 1
\barrier wave
\if :iteration % 2 = 1
	\set pause :window_us / 2 + :iteration / 2 % 2 * :window_us
	\sleep :pause us
	BEGIN;
	UPDATE document SET version = version + 1 WHERE id = :document
		RETURNING version, version % 2 AS secret \gset
	UPDATE content SET version = :version, confidential = (:secret = 1) WHERE document = :document;
	\if :secret
		DELETE FROM permission WHERE document = :document AND reader = 'guest';
	\else
		INSERT INTO permission (document, reader) VALUES (:document, 'guest');
	\endif
	\outcome edited
	COMMIT;
\else
	SELECT CASE :iteration / 2 % 2 WHEN 1 THEN 'guest' ELSE 'owner' END AS reader \gset
	BEGIN;
	SELECT count(*) AS permitted FROM permission WHERE document = :document AND reader = :reader \gset
	\if :permitted
		\sleep :window_us us
		SELECT title, version FROM document WHERE id = :document \gset
		\sleep :window_us us
		SELECT min(version) AS oldest, max(version) AS newest, bool_or(confidential) AS confidential,
			array_agg(body ORDER BY part) AS bodies FROM content WHERE document = :document \gset
		INSERT INTO access_log (document, reader, shown, document_version, oldest_part, newest_part, confidential)
			VALUES (:document, :reader, true, :version, :oldest, :newest, :confidential);
		\outcome shown
	\else
		INSERT INTO access_log (document, reader, shown) VALUES (:document, :reader, false);
		\outcome denied
	\endif
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('complex_query', 'three_queries',
	'ask for the permission, the document and its parts',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('complex_query', 'repeatable_read',
	'the same at REPEATABLE READ: three queries, one snapshot',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 100);

/* No row: not permitted.  The sleeps stand for what the application does with what it got. */
SELECT @extschema@.ct_add_variant('complex_query', 'one_join',
	'one join of all three: one statement, one snapshot',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('complex_query', 'read_or_edit', variant => 'one_join', body => $$
\set document (:iteration - 1) / 2 % :documents + 1
\barrier wave
\if :iteration % 2 = 1
	\set pause :window_us / 2 + :iteration / 2 % 2 * :window_us
	\sleep :pause us
	BEGIN;
	UPDATE document SET version = version + 1 WHERE id = :document
		RETURNING version, version % 2 AS secret \gset
	UPDATE content SET version = :version, confidential = (:secret = 1) WHERE document = :document;
	\if :secret
		DELETE FROM permission WHERE document = :document AND reader = 'guest';
	\else
		INSERT INTO permission (document, reader) VALUES (:document, 'guest');
	\endif
	\outcome edited
	COMMIT;
\else
	\set permitted 0
	SELECT CASE :iteration / 2 % 2 WHEN 1 THEN 'guest' ELSE 'owner' END AS reader \gset
	BEGIN;
	\sleep :window_us us
	SELECT 1 AS permitted, d.title, d.version, min(c.version) AS oldest, max(c.version) AS newest,
			bool_or(c.confidential) AS confidential, array_agg(c.body ORDER BY c.part) AS bodies
		FROM document d
		JOIN permission p ON p.document = d.id AND p.reader = :reader
		JOIN content c ON c.document = d.id
		WHERE d.id = :document GROUP BY d.id \aset
	\sleep :window_us us
	\if :permitted
		INSERT INTO access_log (document, reader, shown, document_version, oldest_part, newest_part, confidential)
			VALUES (:document, :reader, true, :version, :oldest, :newest, :confidential);
		\outcome shown
	\else
		INSERT INTO access_log (document, reader, shown) VALUES (:document, :reader, false);
		\outcome denied
	\endif
	COMMIT;
\endif
$$);

/* Works because every editor updates the document's row, and does so first. */
SELECT @extschema@.ct_add_variant('complex_query', 'for_share',
	'lock the document FOR SHARE, then ask: editors wait for the reader',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('complex_query', 'read_or_edit', variant => 'for_share', body => $$
\set document (:iteration - 1) / 2 % :documents + 1
\barrier wave
\if :iteration % 2 = 1
	\set pause :window_us / 2 + :iteration / 2 % 2 * :window_us
	\sleep :pause us
	BEGIN;
	UPDATE document SET version = version + 1 WHERE id = :document
		RETURNING version, version % 2 AS secret \gset
	UPDATE content SET version = :version, confidential = (:secret = 1) WHERE document = :document;
	\if :secret
		DELETE FROM permission WHERE document = :document AND reader = 'guest';
	\else
		INSERT INTO permission (document, reader) VALUES (:document, 'guest');
	\endif
	\outcome edited
	COMMIT;
\else
	SELECT CASE :iteration / 2 % 2 WHEN 1 THEN 'guest' ELSE 'owner' END AS reader \gset
	BEGIN;
	SELECT title, version FROM document WHERE id = :document FOR SHARE \gset
	SELECT count(*) AS permitted FROM permission WHERE document = :document AND reader = :reader \gset
	\if :permitted
		\sleep :window_us us
		\sleep :window_us us
		SELECT min(version) AS oldest, max(version) AS newest, bool_or(confidential) AS confidential,
			array_agg(body ORDER BY part) AS bodies FROM content WHERE document = :document \gset
		INSERT INTO access_log (document, reader, shown, document_version, oldest_part, newest_part, confidential)
			VALUES (:document, :reader, true, :version, :oldest, :newest, :confidential);
		\outcome shown
	\else
		INSERT INTO access_log (document, reader, shown) VALUES (:document, :reader, false);
		\outcome denied
	\endif
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('complex_query', 'nothing_leaks',
	'SELECT l.id AS access, d.title, l.reader, ''shown'' AS observed, ''denied'' AS expected,
		l.document_version, l.newest_part AS version_of_parts
	 FROM access_log l JOIN document d ON d.id = l.document
	 WHERE l.shown AND l.reader = ''guest'' AND l.confidential ORDER BY l.id',
	kind => 'leak', description => 'No guest is shown what was written after their permission was taken away.');
SELECT @extschema@.ct_add_check('complex_query', 'parts_agree',
	'SELECT l.id AS access, d.title, l.reader, l.newest_part AS observed, l.document_version AS expected, l.oldest_part
	 FROM access_log l JOIN document d ON d.id = l.document
	 WHERE l.shown AND (l.oldest_part <> l.document_version OR l.newest_part <> l.document_version)
	 ORDER BY l.id',
	kind => 'read_skew', description => 'What is shown of a document is all of one version.');
SELECT @extschema@.ct_add_check('complex_query', 'owner_is_let_in',
	'SELECT l.id AS access, d.title, ''denied'' AS observed, ''shown'' AS expected
	 FROM access_log l JOIN document d ON d.id = l.document
	 WHERE l.reader = ''owner'' AND NOT l.shown ORDER BY l.id',
	kind => 'false_refusal', description => 'Who always was permitted is never refused.');
SELECT @extschema@.ct_add_check('complex_query', 'access_is_logged',
	'SELECT count(*) AS observed, :outcome_shown AS expected FROM access_log WHERE shown
	 HAVING count(*) <> :outcome_shown',
	kind => 'broken_promise', description => 'Each access that was shown is in the log, once.');
