/*
 * subtransaction_overflow: an import with a savepoint per line, and a dashboard beside it.
 *
 * The variants differ in the function load_feed alone, which each makes in its setup.
 */
SELECT @extschema@.ct_create_scenario('subtransaction_overflow',
	category => 'stress',
	description => 'An import takes a savepoint per line: with more than 64, every reader pays for it.',
	story => $$
The bug: an import must not fail because of one bad line, so each line gets a
savepoint (a PL/pgSQL block with EXCEPTION, a nested `atomic()` of an ORM, a
driver's "autosave").  Each one that writes is a subtransaction with an id of
its own.  A session has room in shared memory for 64 of them; with the 65th
its list "overflows", and from then on, until the import commits, every
snapshot that anybody takes is without it.  To find out whether a row is
visible, each reader has to look into pg_subtrans, twice or more for each of
its rows.  Readers who have nothing to do with the import get slower with
every line of it; with long transactions and enough ids the pages no longer
fit into its few buffers, and the server stands still with wait events
`SubtransSLRU` and `SubtransBuffer`.  To release a savepoint doesn't help: its
id stays in the list until the whole transaction ends.  One that was rolled
back does leave.

Here worker 1 imports :rows lines and stays uncommitted while all other
workers look at their dashboards: two barriers.  Every :duplicate_every th
line is a repetition, and in :bad batches of :batch lines one has an
impossible value.  Counted are the savepoints that each transaction wrote
under, by the different xmin of its rows; and, from pg_stat_slru, how often
anybody looked into pg_subtrans, per dashboard shown.  The latter is of the
whole server: other imports of the kind that run at the same time are counted,
too.

What to look at: the dashboards' latencies, and the lookups.  What can be
asked beforehand needs no savepoint: ON CONFLICT for duplicates, WHERE for
bad values (`on_conflict`, or `condition` if it must be line by line).  Where
a line can fail in ways that nobody foresees, take a savepoint per batch, and
one per line only in a batch that failed (`savepoint_per_batch`): with "bad":
2 that is too many again, but not with batches of 20.  `commit_per_batch` is
right where half an import may be seen, and can be taken up again.  To find it
in a live server: pg_stat_get_backend_subxact (since 16) tells who has
overflowed.

Not to be explored: it takes more than 64 savepoints and many readers; every
order of them goes the same way.
$$,
	params => '{"rows": 500, "duplicate_every": 20, "bad": 1, "batch": 50, "max_savepoints": 64, "max_lookups": 100}',
	explore_params => NULL,
	transactions => 60,
	setup => $$
CREATE TABLE sensor (
	id		int PRIMARY KEY,
	place	text NOT NULL
);
CREATE TABLE import (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	file	text NOT NULL
);
CREATE TABLE measurement (
	sensor		int NOT NULL REFERENCES sensor,
	taken_at	timestamptz NOT NULL,
	value		numeric(6, 1) NOT NULL CONSTRAINT possible CHECK (value BETWEEN -60 AND 60),
	import		int NOT NULL REFERENCES import,
	loaded_by	xid8 NOT NULL DEFAULT pg_current_xact_id(), -- the transaction, whatever its savepoints
	PRIMARY KEY (sensor, taken_at)
);
CREATE TABLE page_view (
	page	text NOT NULL,
	seen_at	timestamptz NOT NULL DEFAULT now()
);

/* The file.  All imports bring the same lines, each of another day. */
CREATE TABLE feed (
	line	int PRIMARY KEY,
	sensor	int NOT NULL,
	minute	int NOT NULL,
	value	numeric NOT NULL
);
INSERT INTO sensor SELECT i, 'mast ' || i FROM generate_series(1, 20) i;
INSERT INTO feed SELECT i, i % 20 + 1, i / 20,
		CASE WHEN i % :batch = 1 % :batch AND i / :batch < :bad THEN 999 ELSE i % 50 - 10 END
	FROM generate_series(1, :rows) i;
UPDATE feed f SET sensor = b.sensor, minute = b.minute, value = b.value
	FROM feed b WHERE f.line % :duplicate_every = 0 AND b.line = f.line - 1;

CREATE FUNCTION day_of(import int) RETURNS timestamptz LANGUAGE sql IMMUTABLE
	RETURN timestamptz '2030-01-01 00:00+00' + import * interval '24 hours';
CREATE VIEW subtrans AS
	SELECT blks_hit + blks_read AS lookups FROM pg_stat_slru
	WHERE name IN ('Subtrans', 'subtransaction'); -- its name until 16, and since 17
CREATE TABLE subtrans_before AS SELECT lookups FROM subtrans;
$$);

SELECT @extschema@.ct_add_script('subtransaction_overflow', 'import_and_show', $$
\if :worker_id = 1
	BEGIN;
	INSERT INTO import (file) VALUES ('masts.csv') RETURNING id AS import \gset
	SELECT load_feed(:import, :batch);
	\barrier loaded
	\barrier shown
	\outcome imported
	COMMIT;
\else
	\barrier loaded
	INSERT INTO page_view (page) VALUES ('dashboard');
	BEGIN;
	SELECT count(*), min(value), max(value) FROM measurement;
	\barrier shown
	\outcome shown
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_variant('subtransaction_overflow', 'exception_per_line',
	'a block with EXCEPTION, that is a savepoint, around each line',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
CREATE FUNCTION load_feed(import int, batch int) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
	l	feed;
BEGIN
	FOR l IN SELECT * FROM feed ORDER BY line LOOP
		BEGIN
			INSERT INTO measurement
				VALUES (l.sensor, day_of(import) + l.minute * interval '1 minute', l.value, import);
		EXCEPTION WHEN unique_violation OR check_violation THEN
			NULL; -- the line is left out
		END;
	END LOOP;
END $f$;
$$);

SELECT @extschema@.ct_add_variant('subtransaction_overflow', 'on_conflict',
	'one INSERT for the file; ON CONFLICT and WHERE leave out what can''t go in',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION load_feed(import int, batch int) RETURNS void LANGUAGE sql AS $f$
	INSERT INTO measurement
		SELECT sensor, day_of(import) + minute * interval '1 minute', value, import FROM feed
		WHERE value BETWEEN -60 AND 60
		ON CONFLICT DO NOTHING;
$f$;
$$);

SELECT @extschema@.ct_add_variant('subtransaction_overflow', 'condition',
	'line by line, but a condition and ON CONFLICT instead of the EXCEPTION',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION load_feed(import int, batch int) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
	l	feed;
BEGIN
	FOR l IN SELECT * FROM feed ORDER BY line LOOP
		IF l.value BETWEEN -60 AND 60 THEN
			INSERT INTO measurement
				VALUES (l.sensor, day_of(import) + l.minute * interval '1 minute', l.value, import)
				ON CONFLICT DO NOTHING;
		END IF;
	END LOOP;
END $f$;
$$);

/* The savepoints are those of the good batches, and one for each line of a bad one. */
SELECT @extschema@.ct_add_variant('subtransaction_overflow', 'savepoint_per_batch',
	'a savepoint around each :batch lines; line by line only where that failed',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE FUNCTION load_feed(import int, batch int) RETURNS void LANGUAGE plpgsql AS $f$
DECLARE
	l		feed;
	start	int;
BEGIN
	FOR start IN SELECT line FROM feed WHERE line % batch = 1 % batch ORDER BY line LOOP
		BEGIN
			INSERT INTO measurement
				SELECT sensor, day_of(import) + minute * interval '1 minute', value, import FROM feed
				WHERE line BETWEEN start AND start + batch - 1
				ON CONFLICT DO NOTHING;
		EXCEPTION WHEN check_violation THEN
			FOR l IN SELECT * FROM feed WHERE line BETWEEN start AND start + batch - 1 ORDER BY line LOOP
				BEGIN
					INSERT INTO measurement
						VALUES (l.sensor, day_of(import) + l.minute * interval '1 minute', l.value, import)
						ON CONFLICT DO NOTHING;
				EXCEPTION WHEN check_violation THEN
					NULL; -- the line is left out
				END;
			END LOOP;
		END;
	END LOOP;
END $f$;
$$);

/* Nothing stays open for the dashboards to stumble over: the barriers only keep the pace. */
SELECT @extschema@.ct_add_variant('subtransaction_overflow', 'commit_per_batch',
	'a savepoint per line, but a COMMIT after each :batch lines',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE PROCEDURE load_feed_in_batches(import int, batch int) LANGUAGE plpgsql AS $f$
DECLARE
	l	feed;
BEGIN
	FOR l IN SELECT * FROM feed ORDER BY line LOOP
		BEGIN
			INSERT INTO measurement
				VALUES (l.sensor, day_of(import) + l.minute * interval '1 minute', l.value, import);
		EXCEPTION WHEN unique_violation OR check_violation THEN
			NULL; -- the line is left out
		END;
		IF l.line % batch = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END $f$;
$$);
SELECT @extschema@.ct_add_script('subtransaction_overflow', 'import_and_show', variant => 'commit_per_batch', body => $$
\if :worker_id = 1
	INSERT INTO import (file) VALUES ('masts.csv') RETURNING id AS import \gset
	CALL load_feed_in_batches(:import, :batch);
	\barrier loaded
	\barrier shown
	\outcome imported
\else
	\barrier loaded
	INSERT INTO page_view (page) VALUES ('dashboard');
	BEGIN;
	SELECT count(*), min(value), max(value) FROM measurement;
	\barrier shown
	\outcome shown
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('subtransaction_overflow', 'no_overflow',
	'SELECT loaded_by AS transaction, count(DISTINCT xmin::text) AS observed,
		:max_savepoints AS expected, min(import) AS import
	 FROM measurement WHERE xmin <> loaded_by::xid
	 GROUP BY loaded_by HAVING count(DISTINCT xmin::text) > :max_savepoints ORDER BY loaded_by',
	kind => 'subtransaction_overflow',
	description => 'No transaction wrote under more savepoints than a session has room for.');
/* Less one look for each id, when it is entered there. */
SELECT @extschema@.ct_add_check('subtransaction_overflow', 'readers_need_no_lookup',
	'SELECT l.lookups / :outcome_shown::bigint AS observed, :max_lookups AS expected,
		l.lookups, :outcome_shown AS dashboards
	 FROM (SELECT s.lookups - b.lookups - (SELECT count(DISTINCT xmin::text) FROM measurement) AS lookups
		   FROM subtrans s, subtrans_before b) l
	 WHERE l.lookups > :max_lookups * :outcome_shown AND :outcome_shown > 0',
	kind => 'subtrans_lookup',
	description => 'To show a dashboard hardly ever takes a look into pg_subtrans.');
SELECT @extschema@.ct_add_check('subtransaction_overflow', 'good_lines_are_in',
	'SELECT i.id AS import, count(m.sensor) AS observed, f.good AS expected
	 FROM import i LEFT JOIN measurement m ON m.import = i.id,
		(SELECT count(DISTINCT (sensor, minute)) AS good FROM feed WHERE value BETWEEN -60 AND 60) f
	 GROUP BY i.id, f.good HAVING count(m.sensor) <> f.good ORDER BY i.id',
	kind => 'lost_rows', description => 'Each import loads every good line once, and no other.');
SELECT @extschema@.ct_add_check('subtransaction_overflow', 'imports_are_there',
	'SELECT count(*) AS observed, :outcome_imported AS expected FROM import
	 HAVING count(*) <> :outcome_imported',
	kind => 'broken_promise', description => 'What was answered with "imported" is there.');
