/*
 * isolation_observed_transaction_vanishes: OTV, the article that is new above and old below.
 *
 * The barriers are the schedule.  Three transactions are a round: two editors
 * save the same article, a reader looks.  The second editor waits for the
 * first one's row lock and can't come to a barrier, so "second_waits" is the
 * first one's alone: it lets go as soon as the other one sleeps.  Without
 * transactions nobody sleeps, and both editors meet there.
 */
SELECT @extschema@.ct_create_scenario('isolation_observed_transaction_vanishes',
	category => 'isolation phenomena',
	description => 'OTV: a reader sees a save in the title, and then, below it, that it never happened.',
	story => $$
**OTV, observed transaction vanishes** (Bailis et al. 2013, who call its absence *monotonic atomic
view*; close to G-monotonic in Adya 1999; the ANSI standard doesn't know it): two transactions write
the same two rows, a third one reads them one after the other:
`w1(x) w1(y) w2(x) r3(x) r3(y) w2(y)`. It has seen the second one's `x`, and afterwards reads a `y`
from before it: what it has observed is gone.

PostgreSQL prevents it **at every level**: all of a transaction becomes visible at once, and no
later statement sees less than an earlier one. READ COMMITTED promises that much and no more. The
other direction, first old and then new, is possible there: that is G-single, read skew, see
`isolation_read_skew`.

In an application: an article is saved in two statements, title and body, and shown (or indexed, or
exported) by two others. If each commits by itself, readers get the title of revision 2 above the
text of revision 1, and a search index keeps it like that. Replicas and caches that apply a
transaction's changes one by one show the same.

What to look at: `looked_later_saw_less` shows the four reads of each reader in their order; a later
one below an earlier one is the anomaly. At READ COMMITTED they rise (1, 1, then 2, 2), above it
they stand still (1, 1, 1, 1), and the second editor pays with a retry for each of its saves.
$$,
	params => '{"rounds": 20}',
	explore_params => '{"rounds": 1}',
	workers => 3,
	transactions_expr => ':rounds * 3',
	max_tries => 0,
	setup => $$
CREATE TABLE article (
	id			int PRIMARY KEY,
	title		text NOT NULL,
	revision	bigint NOT NULL DEFAULT 0
);
CREATE TABLE article_body (
	article		int PRIMARY KEY REFERENCES article,
	body		text NOT NULL,
	revision	bigint NOT NULL DEFAULT 0
);
CREATE TABLE page_view (
	id			bigint PRIMARY KEY,
	article		int NOT NULL REFERENCES article,
	title		bigint NOT NULL,
	body		bigint NOT NULL,
	title_again	bigint NOT NULL,
	body_again	bigint NOT NULL
);
INSERT INTO article SELECT i, 'Article ' || i FROM generate_series(1, :rounds) i;
INSERT INTO article_body SELECT id, 'Text of article ' || id FROM article;
$$);

SELECT @extschema@.ct_add_variant('isolation_observed_transaction_vanishes', 'autocommit',
	'no transaction: title and body are saved and read by themselves',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_observed_transaction_vanishes', 'edit_or_read',
	variant => 'autocommit', body => $$
\set article (:iteration - 1) / 3 % :rounds + 1
\set role (:iteration - 1) % 3
\set revision (:iteration - 1) / 3 * 2 + 1 + :role
\barrier round
\if :role = 0
	UPDATE article SET revision = :revision WHERE id = :article;
	UPDATE article_body SET revision = :revision WHERE article = :article;
	\barrier first_has_saved
	\barrier second_waits
	\barrier first_is_done
	\barrier read
	\outcome saved
\elif :role = 1
	\barrier first_has_saved
	UPDATE article SET revision = :revision WHERE id = :article;
	\barrier second_waits
	\barrier first_is_done
	\barrier read
	UPDATE article_body SET revision = :revision WHERE article = :article;
	\outcome saved
\else
	\barrier first_has_saved
	\barrier second_waits
	\barrier first_is_done
	SELECT revision AS title FROM article WHERE id = :article \gset
	SELECT revision AS body FROM article_body WHERE article = :article \gset
	\barrier read
\endif
\barrier second_is_done
\if :role = 2
	SELECT revision AS title_again FROM article WHERE id = :article \gset
	SELECT revision AS body_again FROM article_body WHERE article = :article \gset
	INSERT INTO page_view VALUES (:iteration, :article, :title, :body, :title_again, :body_again);
	\outcome read
\endif
$$);

SELECT @extschema@.ct_add_script('isolation_observed_transaction_vanishes', 'edit_or_read', $$
\set article (:iteration - 1) / 3 % :rounds + 1
\set role (:iteration - 1) % 3
\set revision (:iteration - 1) / 3 * 2 + 1 + :role
\barrier round
BEGIN;
\if :role = 0
	UPDATE article SET revision = :revision WHERE id = :article;
	UPDATE article_body SET revision = :revision WHERE article = :article;
	\barrier first_has_saved
	\barrier second_waits
	\outcome saved
	COMMIT;
	\barrier first_is_done
	\barrier read
\elif :role = 1
	\barrier first_has_saved
	UPDATE article SET revision = :revision WHERE id = :article;
	\barrier first_is_done
	\barrier read
	UPDATE article_body SET revision = :revision WHERE article = :article;
	\outcome saved
	COMMIT;
\else
	\barrier first_has_saved
	\barrier first_is_done
	SELECT revision AS title FROM article WHERE id = :article \gset
	SELECT revision AS body FROM article_body WHERE article = :article \gset
	\barrier read
\endif
\barrier second_is_done
\if :role = 2
	SELECT revision AS title_again FROM article WHERE id = :article \gset
	SELECT revision AS body_again FROM article_body WHERE article = :article \gset
	INSERT INTO page_view VALUES (:iteration, :article, :title, :body, :title_again, :body_again);
	\outcome read
	COMMIT;
\endif
$$);
SELECT @extschema@.ct_add_variant('isolation_observed_transaction_vanishes', 'read_committed',
	'a transaction each: what was seen of a save stays seen',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_observed_transaction_vanishes', 'repeatable_read',
	'the same at REPEATABLE READ: the second save is refused, and repeated',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_observed_transaction_vanishes', 'serializable',
	'the same at SERIALIZABLE: the second save is refused, and repeated',
	isolation => 'serializable', expected_verdict => 'pass');

/* Revisions of an article are saved in the order of their numbers. */
SELECT @extschema@.ct_add_check('isolation_observed_transaction_vanishes', 'looked_later_saw_less',
	'SELECT article, body AS observed, title AS expected,
		ARRAY[title, body, title_again, body_again] AS title_body_title_body, id AS page_view
	 FROM page_view
	 WHERE body < title OR title_again < body OR body_again < title_again ORDER BY id',
	kind => 'observed_transaction_vanishes',
	description => 'What was read after something is at least as new.');
SELECT @extschema@.ct_add_check('isolation_observed_transaction_vanishes', 'saved_as_a_whole',
	'SELECT a.id AS article, b.revision AS observed, a.revision AS expected
	 FROM article a JOIN article_body b ON b.article = a.id
	 WHERE a.revision <> b.revision ORDER BY a.id',
	kind => 'dirty_write', description => 'In the end, title and body are of one revision.');
/* Without the last ones: when the time of a run is up, nobody waits at barriers any more. */
SELECT @extschema@.ct_add_check('isolation_observed_transaction_vanishes', 'first_save_is_seen',
	'SELECT article, title AS observed, (id - 3) / 3 * 2 + 1 AS expected, id AS page_view
	 FROM page_view WHERE title < (id - 3) / 3 * 2 + 1
		AND id <= (SELECT max(id) FROM page_view) - :workers AND :workers % 3 = 0 ORDER BY id',
	kind => 'stale_read', description => 'Who looks after the first save sees it.');
SELECT @extschema@.ct_add_check('isolation_observed_transaction_vanishes', 'answers_are_true',
	'SELECT (SELECT count(*) FROM page_view) AS observed, :outcome_read AS expected,
		(SELECT max(revision) FROM article) AS newest_revision
	 WHERE (SELECT count(*) FROM page_view) <> :outcome_read
		OR :outcome_read + :outcome_saved <> :transactions
		OR (SELECT max(revision) FROM article) < :outcome_saved - :workers',
	kind => 'broken_promise', description => 'Each save and each read that was reported is there.');
