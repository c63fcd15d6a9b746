/* unique_slug: check, then insert. */
SELECT @extschema@.ct_create_scenario('unique_slug',
	category => 'uniqueness',
	description => 'Look whether a slug is taken, then insert it: ten at once all find it free.',
	story => $$
The bug: an article's address must be unique, so the application looks
whether it is taken, and inserts if it isn't.  The validations of web
frameworks do exactly that.  Ten requests at once all look before anyone
has inserted, and all find it free.  FOR UPDATE is no help: there is no
row yet that could be locked.

Each slug is asked for by :requests, which arrive together as far as there
are workers: one of them creates the article, the others hear "taken".

What to look at: the unique index is the only fix that also holds against
code that forgets to ask.  With ON CONFLICT it costs no error either.
$$,
	params => '{"slugs": 10, "requests": 10, "window_us": 1000}',
	explore_params => '{"slugs": 1, "requests": 2, "window_us": 0}',
	transactions_expr => ':slugs * :requests',
	setup => $$
CREATE TABLE article (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	slug	text NOT NULL,
	author	int NOT NULL
);
CREATE INDEX article_slug ON article (slug);
$$);

/* The bug, and what "serializable" runs. */
SELECT @extschema@.ct_add_script('unique_slug', 'publish', $$
\set slug (:iteration - 1) / :requests % :slugs + 1
\barrier publish
BEGIN;
SELECT count(*) AS found FROM article WHERE slug = 'article-' || :slug \gset
\sleep :window_us us
\if :found = 0
	INSERT INTO article (slug, author) VALUES ('article-' || :slug, :worker_id);
	\outcome created
\else
	\outcome taken
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('unique_slug', 'check_then_insert',
	'look whether it is there, then insert',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('unique_slug', 'unique_index',
	'the same code over a unique index, whose error is an answer',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX article_slug_unique ON article (slug)',
	expected_errors => '{23505=taken}');

SELECT @extschema@.ct_add_variant('unique_slug', 'on_conflict',
	'a unique index, and INSERT ... ON CONFLICT DO NOTHING',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX article_slug_unique ON article (slug)');
SELECT @extschema@.ct_add_script('unique_slug', 'publish', variant => 'on_conflict', body => $$
\set slug (:iteration - 1) / :requests % :slugs + 1
\set created 0
\barrier publish
BEGIN;
SELECT count(*) AS found FROM article WHERE slug = 'article-' || :slug; -- a hint for the author only
\sleep :window_us us
INSERT INTO article (slug, author) VALUES ('article-' || :slug, :worker_id)
	ON CONFLICT (slug) DO NOTHING RETURNING 1 AS created \aset
\if :created
	\outcome created
\else
	\outcome taken
\endif
COMMIT;
$$);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('unique_slug', 'advisory_lock',
	'an advisory lock on the slug''s hash before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('unique_slug', 'publish', variant => 'advisory_lock', body => $$
\set slug (:iteration - 1) / :requests % :slugs + 1
\barrier publish
BEGIN;
SELECT pg_advisory_xact_lock('article'::regclass::oid::int, hashtext('article-' || :slug));
SELECT count(*) AS found FROM article WHERE slug = 'article-' || :slug \gset
\sleep :window_us us
\if :found = 0
	INSERT INTO article (slug, author) VALUES ('article-' || :slug, :worker_id);
	\outcome created
\else
	\outcome taken
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('unique_slug', 'serializable',
	'the same code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_check('unique_slug', 'slug_is_unique',
	'SELECT slug, count(*) AS observed, 1 AS expected, array_agg(author ORDER BY id) AS authors
	 FROM article GROUP BY slug HAVING count(*) > 1 ORDER BY min(id)',
	kind => 'duplicate', description => 'A slug belongs to one article.');
SELECT @extschema@.ct_add_check('unique_slug', 'every_slug_is_used',
	'SELECT ''article-'' || i AS slug, 0 AS observed, 1 AS expected
	 FROM generate_series(1, least(:slugs, :transactions / :requests)) i
	 WHERE NOT EXISTS (SELECT FROM article WHERE slug = ''article-'' || i) ORDER BY i',
	kind => 'false_refusal', description => 'Of those who ask for a slug, somebody gets it.');
SELECT @extschema@.ct_add_check('unique_slug', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_created AS expected FROM article
	 HAVING count(*) <> :outcome_created',
	kind => 'broken_promise', description => 'Who was told "created" has an article, and nobody else.');
