/* full_text_search: a search vector that the application keeps, or the server. */
SELECT @extschema@.ct_create_scenario('full_text_search',
	category => 'throughput',
	description => 'The search vector is written in a second transaction: it is late, or of another text.',
	story => $$
The bug: the application saves an article, and then, in another transaction
(a callback, a job), writes its search vector.  In between, a search finds
the article by words that it no longer has, and misses it by those it has.
That passes.  What doesn't: two authors save one article, and their jobs
come in the other order; the vector is now that of a text that nobody can
read any more, until somebody edits the article again.

Each edit begins with a word of its own, by which it can be found.  Of
three transactions two edit the same one of the :hot articles, in waves
(the barrier), and one searches: by the words that articles begin with now,
and by those of the last edits.  It notes what it missed and what it found
wrongly.  :window_us is between saving the text and writing the vector; who
saves first is late with the vector.

What to look at: all of the fixes write the vector with the text, so there
is nothing in between.  A generated column can't be forgotten, and can't be
written to.  A trigger can do what a generated column can't: use other
tables, or functions that aren't immutable.  An index on the expression
takes no column; but rows are parsed again wherever the index isn't enough,
as for ranking.  One UPDATE for both is right as long as everybody does so.
$$,
	params => '{"articles": 1000, "hot": 20, "edits": 60, "window_us": 2000}',
	explore_params => '{"articles": 1, "hot": 1, "window_us": 0}',
	transactions_expr => ':edits + :edits / 2',
	setup => $$
CREATE TABLE article (
	id			int PRIMARY KEY,
	title		text NOT NULL,
	body		text NOT NULL,
	edits		int NOT NULL DEFAULT 0
);
CREATE TABLE wrong_result (
	article		int NOT NULL REFERENCES article,
	word		text NOT NULL,
	found		boolean NOT NULL,
	text_begins	text NOT NULL
);
INSERT INTO article (id, title, body)
	SELECT i, 'Article ' || i,
		'first' || i || ' of what rows, locks and snapshots are, and how they get along, part ' || i % 17
	FROM generate_series(1, :articles) i;
$$);

/* What the server's ways of keeping the vector run: the application only saves the text. */
SELECT @extschema@.ct_add_script('full_text_search', 'edit_or_search', $$
\set article (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\barrier wave
\if :role > 0
	SELECT 'edit' || :iteration || ' of what rows, locks and snapshots are' AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE article SET body = :body, edits = edits + 1 WHERE id = :article;
	\outcome edited
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT a.id, a.word, false, a.word
		FROM (SELECT id, split_part(body, ' ', 1) AS word FROM article WHERE id <= :hot) a
		WHERE NOT EXISTS (SELECT FROM searchable s
			WHERE s.search @@ plainto_tsquery('english', a.word) AND s.id = a.id);
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT s.id, 'edit' || e, true, split_part(s.body, ' ', 1)
		FROM generate_series(:iteration - 12, :iteration) e
		JOIN searchable s ON s.search @@ plainto_tsquery('english', 'edit' || e)
		WHERE split_part(s.body, ' ', 1) <> 'edit' || e;
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_variant('full_text_search', 'second_transaction',
	'save the text, then write its vector in another transaction',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
ALTER TABLE article ADD COLUMN search tsvector;
UPDATE article SET search = to_tsvector('english', title || ' ' || body);
CREATE INDEX ON article USING gin (search);
CREATE VIEW searchable AS SELECT id, title, body, edits, search FROM article;
ANALYZE article;
$$);
SELECT @extschema@.ct_add_script('full_text_search', 'edit_or_search', variant => 'second_transaction', body => $$
\set article (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\barrier wave
\if :role > 0
	SELECT 'edit' || :iteration || ' of what rows, locks and snapshots are' AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE article SET body = :body, edits = edits + 1 WHERE id = :article RETURNING title \gset
	\set pause :window_us / :role / :role
	\sleep :pause us
	UPDATE article SET search = to_tsvector('english', :title || ' ' || :body) WHERE id = :article;
	\outcome edited
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT a.id, a.word, false, a.word
		FROM (SELECT id, split_part(body, ' ', 1) AS word FROM article WHERE id <= :hot) a
		WHERE NOT EXISTS (SELECT FROM searchable s
			WHERE s.search @@ plainto_tsquery('english', a.word) AND s.id = a.id);
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT s.id, 'edit' || e, true, split_part(s.body, ' ', 1)
		FROM generate_series(:iteration - 12, :iteration) e
		JOIN searchable s ON s.search @@ plainto_tsquery('english', 'edit' || e)
		WHERE split_part(s.body, ' ', 1) <> 'edit' || e;
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_variant('full_text_search', 'generated_column',
	'the vector is a generated column: GENERATED ALWAYS AS (...) STORED',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE article ADD COLUMN search tsvector
	GENERATED ALWAYS AS (to_tsvector('english', title || ' ' || body)) STORED;
CREATE INDEX ON article USING gin (search);
CREATE VIEW searchable AS SELECT id, title, body, edits, search FROM article;
ANALYZE article;
$$);

SELECT @extschema@.ct_add_variant('full_text_search', 'trigger',
	'a trigger writes the vector with the row',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE article ADD COLUMN search tsvector;
CREATE TRIGGER article_search BEFORE INSERT OR UPDATE ON article
	FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('search', 'pg_catalog.english', 'title', 'body');
UPDATE article SET title = title;
CREATE INDEX ON article USING gin (search);
CREATE VIEW searchable AS SELECT id, title, body, edits, search FROM article;
ANALYZE article;
$$);

SELECT @extschema@.ct_add_variant('full_text_search', 'expression_index',
	'no vector in the table: an index on the expression',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE INDEX ON article USING gin (to_tsvector('english', title || ' ' || body));
CREATE VIEW searchable AS
	SELECT id, title, body, edits, to_tsvector('english', title || ' ' || body) AS search
	FROM article;
ANALYZE article;
$$);

SELECT @extschema@.ct_add_variant('full_text_search', 'one_update',
	'the application writes both, in one UPDATE',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE article ADD COLUMN search tsvector;
UPDATE article SET search = to_tsvector('english', title || ' ' || body);
CREATE INDEX ON article USING gin (search);
CREATE VIEW searchable AS SELECT id, title, body, edits, search FROM article;
ANALYZE article;
$$);
SELECT @extschema@.ct_add_script('full_text_search', 'edit_or_search', variant => 'one_update', body => $$
\set article (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\barrier wave
\if :role > 0
	SELECT 'edit' || :iteration || ' of what rows, locks and snapshots are' AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE article SET body = :body, edits = edits + 1,
			search = to_tsvector('english', title || ' ' || :body)
		WHERE id = :article;
	\outcome edited
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT a.id, a.word, false, a.word
		FROM (SELECT id, split_part(body, ' ', 1) AS word FROM article WHERE id <= :hot) a
		WHERE NOT EXISTS (SELECT FROM searchable s
			WHERE s.search @@ plainto_tsquery('english', a.word) AND s.id = a.id);
	INSERT INTO wrong_result (article, word, found, text_begins)
		SELECT s.id, 'edit' || e, true, split_part(s.body, ' ', 1)
		FROM generate_series(:iteration - 12, :iteration) e
		JOIN searchable s ON s.search @@ plainto_tsquery('english', 'edit' || e)
		WHERE split_part(s.body, ' ', 1) <> 'edit' || e;
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_check('full_text_search', 'search_is_true',
	'SELECT article, word, CASE WHEN found THEN ''found'' ELSE ''missed'' END AS observed,
		CASE WHEN found THEN ''not found'' ELSE ''found'' END AS expected, text_begins, count(*) AS times
	 FROM wrong_result GROUP BY article, word, found, text_begins ORDER BY article, word',
	kind => 'stale_read', description => 'A search finds what has the word, and nothing else.');
SELECT @extschema@.ct_add_check('full_text_search', 'vector_is_of_the_text',
	'SELECT id AS article, left(search::text, 40) AS observed,
		left(to_tsvector(''english'', title || '' '' || body)::text, 40) AS expected, edits
	 FROM searchable
	 WHERE search IS DISTINCT FROM to_tsvector(''english'', title || '' '' || body) ORDER BY id',
	kind => 'lost_update', description => 'In the end each vector is that of its text.');
SELECT @extschema@.ct_add_check('full_text_search', 'edits_are_saved',
	'SELECT sum(edits) AS observed, :outcome_edited AS expected FROM article
	 HAVING sum(edits) <> :outcome_edited',
	kind => 'broken_promise', description => 'Each edit that was acknowledged is saved.');
