/* vector_search: a text and its embedding.  Needs pgvector; where it isn't, a run's setup says so. */
SELECT @extschema@.ct_create_scenario('vector_search',
	category => 'throughput',
	description => 'Text and embedding are saved in two transactions: searches go by another text''s embedding.',
	story => $$
The bug: the application saves a text, asks a model for its embedding, which
takes its time (:window_us), and saves that in a second transaction.  Until
then a nearest-neighbour search goes by what the text used to say.  And if
two authors save one text, and the model's answers come in the other order,
the older embedding stays.  Nobody notices: a vector doesn't look wrong.

Of three transactions two edit the same one of the :hot passages, in waves
(the barrier).  One searches for what is nearest to what a passage said a
moment ago, and notes each result whose embedding isn't that of the text
that came with it.  The model is a function, embed(), that gives the same
vector for the same text.

What to look at: if one UPDATE writes both, the model has to be asked
before, and a save takes as long as the model.  To save at once and embed
later, number the versions of the text.  Either searches take only rows
whose embedding is of the version that is there, and an embedding is only
written over an older one.  Or each save clears the embedding, and one is
only written to the version that it was made of; then searches need no
condition to remember.  Both leave a passage out of searches until its
embedding is there.

Needs the extension vector (pgvector), in the search_path.
$$,
	params => '{"passages": 300, "hot": 20, "edits": 60, "neighbours": 10, "window_us": 2000}',
	explore_params => '{"passages": 2, "hot": 1, "neighbours": 1, "window_us": 0}',
	transactions_expr => ':edits + :edits / 2',
	setup => $$
DO $do$
BEGIN
	IF to_regtype('vector') IS NOT NULL THEN
		RETURN;
	END IF;
	RAISE EXCEPTION USING
		ERRCODE = 'undefined_object',
		MESSAGE = 'the extension "vector" (pgvector) is not in this database''s search_path',
		HINT = CASE WHEN EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')
			THEN 'CREATE EXTENSION vector.'
			ELSE format('Install pgvector (postgresql-%s-pgvector of Debian 13 or of apt.postgresql.org), then CREATE EXTENSION vector.',
				current_setting('server_version_num')::int / 10000)
			END;
END
$do$;

CREATE TABLE passage (
	id			int PRIMARY KEY,
	body		text NOT NULL,
	version		int NOT NULL DEFAULT 0,
	embedding	vector(4),
	embedded	int NOT NULL DEFAULT 0
);
CREATE TABLE wrong_neighbour (
	passage		int NOT NULL REFERENCES passage,
	body		text NOT NULL,
	embedding	vector(4) NOT NULL
);

-- the model: one vector for one text, another one for another
CREATE FUNCTION embed(body text) RETURNS vector LANGUAGE sql IMMUTABLE AS $function$
	SELECT array_agg(((get_byte(h, i) - 128) / 128.0)::real ORDER BY i)::vector
	FROM decode(md5(body), 'hex') h, generate_series(0, 3) i
$function$;

INSERT INTO passage (id, body, embedding)
	SELECT i, b, embed(b)
	FROM generate_series(1, :passages) i, LATERAL (SELECT 'passage ' || i || ', as first written') t (b);
DO $do$
BEGIN
	IF EXISTS (SELECT FROM pg_am WHERE amname = 'hnsw') THEN
		CREATE INDEX ON passage USING hnsw (embedding vector_l2_ops);
	END IF;
END
$do$;
ANALYZE passage;
$$);

/* Two out of three iterations edit, the second a bit later than the first, but with a faster model. */
SELECT @extschema@.ct_add_variant('vector_search', 'second_transaction',
	'save the text, and the embedding when it is there',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('vector_search', 'edit_or_search', variant => 'second_transaction', body => $$
\set passage (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\barrier wave
\if :role > 0
	SELECT 'passage ' || :passage || ', edit ' || :iteration AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE passage SET body = :body, version = version + 1 WHERE id = :passage;
	\set model_us :window_us / :role / :role
	\sleep :model_us us
	UPDATE passage SET embedding = embed(:body) WHERE id = :passage;
	\outcome saved
\else
	SELECT embedding AS question FROM passage WHERE id = :passage \gset
	\set pause :window_us / 2
	\sleep :pause us
	WITH result AS MATERIALIZED (SELECT id, body, embedding FROM passage
			ORDER BY embedding <-> :question::vector LIMIT :neighbours),
		wrong AS (INSERT INTO wrong_neighbour SELECT * FROM result WHERE embedding <> embed(body))
		SELECT count(*) AS results FROM result \gset
	\tally results :results
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_variant('vector_search', 'one_update',
	'ask the model first, then save text and embedding in one UPDATE',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('vector_search', 'edit_or_search', variant => 'one_update', body => $$
\set passage (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\barrier wave
\if :role > 0
	SELECT 'passage ' || :passage || ', edit ' || :iteration AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	\set model_us :window_us / :role / :role
	\sleep :model_us us
	UPDATE passage SET body = :body, version = version + 1, embedding = embed(:body) WHERE id = :passage;
	\outcome saved
\else
	SELECT embedding AS question FROM passage WHERE id = :passage \gset
	\set pause :window_us / 2
	\sleep :pause us
	WITH result AS MATERIALIZED (SELECT id, body, embedding FROM passage
			ORDER BY embedding <-> :question::vector LIMIT :neighbours),
		wrong AS (INSERT INTO wrong_neighbour SELECT * FROM result WHERE embedding <> embed(body))
		SELECT count(*) AS results FROM result \gset
	\tally results :results
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_variant('vector_search', 'version_check',
	'save at once; searches take only embeddings of the version that is there',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('vector_search', 'edit_or_search', variant => 'version_check', body => $$
\set passage (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\set written 0
\barrier wave
\if :role > 0
	SELECT 'passage ' || :passage || ', edit ' || :iteration AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE passage SET body = :body, version = version + 1 WHERE id = :passage RETURNING version \gset
	\outcome saved
	\set model_us :window_us / :role / :role
	\sleep :model_us us
	UPDATE passage SET embedding = embed(:body), embedded = :version
		WHERE id = :passage AND embedded < :version RETURNING 1 AS written \aset
	\if :written
		\outcome embedded
	\else
		\outcome superseded
	\endif
\else
	SELECT embedding AS question FROM passage WHERE id = :passage \gset
	\set pause :window_us / 2
	\sleep :pause us
	WITH result AS MATERIALIZED (SELECT id, body, embedding FROM passage WHERE embedded = version
			ORDER BY embedding <-> :question::vector LIMIT :neighbours),
		wrong AS (INSERT INTO wrong_neighbour SELECT * FROM result WHERE embedding <> embed(body))
		SELECT count(*) AS results FROM result \gset
	\tally results :results
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_variant('vector_search', 'clear_on_save',
	'each save clears the embedding; one is only written to the version it was made of',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('vector_search', 'edit_or_search', variant => 'clear_on_save', body => $$
\set passage (:iteration - 1) / 3 % :hot + 1
\set role :iteration % 3
\set written 0
\barrier wave
\if :role > 0
	SELECT 'passage ' || :passage || ', edit ' || :iteration AS body \gset
	\set pause (:role - 1) * :window_us / 4
	\sleep :pause us
	UPDATE passage SET body = :body, version = version + 1, embedding = NULL
		WHERE id = :passage RETURNING version \gset
	\outcome saved
	\set model_us :window_us / :role / :role
	\sleep :model_us us
	UPDATE passage SET embedding = embed(:body)
		WHERE id = :passage AND version = :version RETURNING 1 AS written \aset
	\if :written
		\outcome embedded
	\else
		\outcome superseded
	\endif
\else
	SELECT embed(body) AS question FROM passage WHERE id = :passage \gset
	\set pause :window_us / 2
	\sleep :pause us
	WITH result AS MATERIALIZED (SELECT id, body, embedding FROM passage WHERE embedding IS NOT NULL
			ORDER BY embedding <-> :question::vector LIMIT :neighbours),
		wrong AS (INSERT INTO wrong_neighbour SELECT * FROM result WHERE embedding <> embed(body))
		SELECT count(*) AS results FROM result \gset
	\tally results :results
	\outcome searched
\endif
$$);

SELECT @extschema@.ct_add_check('vector_search', 'neighbours_are_of_their_text',
	'SELECT passage, embedding AS observed, embed(body) AS expected, body, count(*) AS times
	 FROM wrong_neighbour GROUP BY passage, body, embedding ORDER BY passage, body',
	kind => 'stale_read', description => 'What a search returns is near by what it says.');
SELECT @extschema@.ct_add_check('vector_search', 'embedding_is_of_the_text',
	'SELECT id AS passage, embedding AS observed, embed(body) AS expected, body, version
	 FROM passage WHERE embedding IS DISTINCT FROM embed(body) ORDER BY id',
	kind => 'lost_update', description => 'In the end each embedding is that of its text.');
SELECT @extschema@.ct_add_check('vector_search', 'searches_find',
	'SELECT :tally_results AS observed, :outcome_searched * least(:neighbours, :passages - :hot) / 2 AS expected
	 WHERE :tally_results < :outcome_searched * least(:neighbours, :passages - :hot) / 2',
	kind => 'false_refusal',
	description => 'Searches return neighbours (an approximate index, like hnsw, may miss some).');
SELECT @extschema@.ct_add_check('vector_search', 'edits_are_saved',
	'SELECT sum(version) AS observed, :outcome_saved AS expected FROM passage
	 HAVING sum(version) <> :outcome_saved',
	kind => 'broken_promise', description => 'Each edit that was acknowledged is saved.');
