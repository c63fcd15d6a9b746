/*
 * memory_exhaustion: a cache in the session, without a bound.
 */
SELECT @extschema@.ct_create_scenario('memory_exhaustion',
	category => 'stress',
	description => 'Sessions cache what they have read and never forget it: together they need all of the memory.',
	story => $$
The bug: what a session has read once it keeps: in custom settings, as here, in
temporary tables, or in a language's global variables (GD in PL/Python, %_SHARED
in PL/Perl).  Pooled connections live for days, so each comes to hold a copy of
everything.  No query is to be blamed, and no setting limits it, for work_mem is
of a sort, not of a session.  In the end there is an "out of memory", SQLSTATE
53200, for whoever asks next, or the kernel kills a backend, and the server
restarts with all others in the middle of what they did.

Here each request reads a document of :document_kb kB, of :documents that there
are, and the threshold ends that long before the machine's memory is: what the
sessions need may grow by less than 40 MB.  ct_run(..., stop_on_fail => true)
ends the run as soon as a second shows that it has.

What to look at: max_memory_mb and memory_growth_mb in ct_usage, and memory_mb
in ct_resources, second by second.  `cache_all` fails.  `bounded_cache` keeps
:cached documents, and is as fast for those that are asked for again.
`no_cache` reads what it needs: that is what shared buffers are for, which all
sessions have together.  Where the system doesn't tell what processes need (see
ct_usage), the threshold is missed, and says so.

Not to be explored: one session grows with the requests, whatever the others do.
$$,
	params => '{"requests": 400, "documents": 100000, "document_kb": 200, "cached": 5}',
	explore_params => NULL,
	workers => 4,
	transactions_expr => ':requests',
	setup => $$
CREATE TABLE document (id int PRIMARY KEY, word text NOT NULL);
INSERT INTO document SELECT i, md5(i::text) FROM generate_series(0, 999) i;
CREATE TABLE answer (request int PRIMARY KEY, bytes int NOT NULL);

/* A document as long as that. */
CREATE FUNCTION read_document(number int, kb int) RETURNS text LANGUAGE sql STABLE AS $f$
	SELECT repeat(word, kb * 32) FROM document WHERE id = number % 1000;
$f$;

/* The same from the session's cache, where it stands at a place of its own, or comes to stand. */
CREATE FUNCTION cached_document(number int, kb int, place int) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE
	cached	text := current_setting('app.document_' || place, true);
	body	text;
BEGIN
	IF cached LIKE number || ':%' THEN
		RETURN substr(cached, strpos(cached, ':') + 1);
	END IF;
	body := read_document(number, kb);
	PERFORM set_config('app.document_' || place, number || ':' || body, false);
	RETURN body;
END $f$;
$$);

SELECT @extschema@.ct_add_variant('memory_exhaustion', 'cache_all',
	'keep every document that was read',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('memory_exhaustion', 'request', variant => 'cache_all', body => $$
\set document random(1, :documents)
\barrier wave
BEGIN;
INSERT INTO answer VALUES (:iteration, length(cached_document(:document, :document_kb::int, :document)));
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_exhaustion', 'bounded_cache',
	'keep a few, each in the place of another one',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_exhaustion', 'request', variant => 'bounded_cache', body => $$
\set document random(1, :documents)
\barrier wave
BEGIN;
INSERT INTO answer VALUES (:iteration, length(cached_document(:document, :document_kb::int, (:document % :cached)::int)));
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('memory_exhaustion', 'no_cache',
	'read what is needed, from the buffers that all share',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('memory_exhaustion', 'request', variant => 'no_cache', body => $$
\set document random(1, :documents)
\barrier wave
BEGIN;
INSERT INTO answer VALUES (:iteration, length(read_document(:document, :document_kb::int)));
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('memory_exhaustion', 'memory_growth_mb', '<', 40);
SELECT @extschema@.ct_add_check('memory_exhaustion', 'answers_are_right',
	'SELECT request, bytes AS observed, :document_kb * 1024 AS expected
	 FROM answer WHERE bytes <> :document_kb * 1024 ORDER BY request',
	kind => 'wrong_result', description => 'A document is as long as it is, cached or not.');
SELECT @extschema@.ct_add_check('memory_exhaustion', 'answers_are_there',
	'SELECT count(*) AS observed, :outcome_answered AS expected FROM answer
	 HAVING count(*) <> :outcome_answered',
	kind => 'broken_promise', description => 'Who was answered is there.');
