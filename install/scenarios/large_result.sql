/* large_result: 10,000 rows, a hundred at a time, while others write. */
SELECT @extschema@.ct_create_scenario('large_result',
	category => 'throughput',
	description => 'An export pages by LIMIT and OFFSET while others write: rows are skipped or come twice.',
	story => $$
The bug: an export reads a large table page by page, newest first, each page
by LIMIT and a larger OFFSET.  Each page is a statement of its own and sees
the table as it is by then.  A row inserted in front moves all others down
by one: the last row of a page comes again as the first of the next one.  A
row deleted in front moves them up: one is never seen.  And each page costs
as much as all pages before it.

Half of the transactions export; the other half insert or delete :writes
messages at the front meanwhile, a few each :window_us.  Exports pause for
twice that after their first page.  Nobody touches the :rows old messages,
so each export has to have each of them exactly once.

Reading all rows at once is right about the rows, and broken in another
way: what the client holds grows with the table.  The bound for that is
:held_kb.  What the server's process needs for an export is checked against
:backend_kb, if the role may read pg_backend_memory_contexts, as members of
pg_read_all_stats may.  ct_tallies has both, summed up over the exports.

What to look at: a cursor is one statement, so it has a single snapshot, and
needs the memory of one batch, for as long as its transaction is open.  That
holds back vacuum; for hours it is a price.  Keyset paging (WHERE id < the
last one, ORDER BY id DESC) needs no transaction around the pages, and each
page costs the same.  It promises that what is there all the time comes
exactly once, and nothing about what comes and goes meanwhile.  It needs an
index on a unique key.  OFFSET at REPEATABLE READ is right, too, and still
reads everything again for each page.

Not to be explored: what goes wrong is how much memory a result of thousands
of rows takes, whatever the order.
$$,
	params => '{"rows": 10000, "batch": 100, "exports": 12, "writes": 20, "held_kb": 256, "backend_kb": 4096, "window_us": 4000}',
	explore_params => NULL,
	transactions_expr => ':exports * 2',
	setup => $$
CREATE TABLE message (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	state		text NOT NULL CHECK (state IN ('old', 'draft', 'new')),
	body		text NOT NULL
);
CREATE TABLE export (
	id				int PRIMARY KEY,
	rows			int NOT NULL,
	skipped			int NOT NULL,
	first_skipped	bigint,
	twice			int NOT NULL,
	first_twice		bigint,
	held_kb			int NOT NULL,
	backend_kb		int
);
INSERT INTO message (state, body) SELECT 'old', repeat('blah ', 20) FROM generate_series(1, :rows);
INSERT INTO message (state, body)
	SELECT 'draft', repeat('blah ', 20) FROM generate_series(1, (:exports + 1) / 2 * :writes);
ANALYZE message;

-- what the others do meanwhile, a quarter at a time: new messages, or drafts that are discarded
CREATE PROCEDURE write_in_front(what text, writer int, writes int, old_rows int, pause_us int)
LANGUAGE plpgsql AS $procedure$
DECLARE
	first_draft	int := old_rows + (writer - 1) * writes;
BEGIN
	FOR part IN 1 .. 4 LOOP
		PERFORM pg_sleep(pause_us / 1000000.0);
		IF what = 'insert' THEN
			INSERT INTO message (state, body)
				SELECT 'new', 'hello' FROM generate_series(writes * (part - 1) / 4 + 1, writes * part / 4);
		ELSE
			DELETE FROM message WHERE state = 'draft'
				AND id > first_draft + writes * (part - 1) / 4 AND id <= first_draft + writes * part / 4;
		END IF;
		COMMIT;
	END LOOP;
END
$procedure$;

CREATE FUNCTION backend_memory() RETURNS bigint LANGUAGE plpgsql AS $function$
BEGIN
	RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts);
EXCEPTION WHEN insufficient_privilege THEN
	RETURN NULL;
END
$function$;

/*
 * What the exporting program does: gets page after page, by a query with the
 * parameters $1 = size of a page, $2 = rows read so far, $3 = last id read;
 * and, as old messages have the ids 1 to old_rows, and come in descending
 * order, notes which of them are skipped or come twice.
 */
CREATE FUNCTION export_by_pages(export int, page_query text, batch int, old_rows int, window_us int)
RETURNS export LANGUAGE plpgsql AS $function$
DECLARE
	result		export := ROW(export, 0, 0, NULL, 0, NULL, 0, NULL);
	used		bigint := backend_memory();
	next_old	bigint := old_rows;
	last_id		bigint := 9223372036854775807;
	page_rows	int;
	page_bytes	bigint;
	message		record;
BEGIN
	LOOP
		page_rows := 0;
		page_bytes := 0;
		FOR message IN EXECUTE page_query USING batch, result.rows, last_id LOOP
			page_rows := page_rows + 1;
			page_bytes := page_bytes + octet_length(message.body) + 16;
			last_id := message.id;
			IF message.state = 'old' THEN
				IF message.id > next_old THEN
					result.twice := result.twice + 1;
					result.first_twice := coalesce(result.first_twice, message.id);
				ELSIF message.id < next_old THEN
					result.skipped := result.skipped + next_old - message.id;
					result.first_skipped := coalesce(result.first_skipped, next_old);
				END IF;
				next_old := least(next_old, message.id - 1);
			END IF;
		END LOOP;
		IF result.rows = 0 THEN
			PERFORM pg_sleep(2 * window_us / 1000000.0);
		END IF;
		result.rows := result.rows + page_rows;
		result.held_kb := greatest(result.held_kb, page_bytes / 1024);
		EXIT WHEN page_rows <> batch;
	END LOOP;
	result.skipped := result.skipped + next_old;
	result.backend_kb := (backend_memory() - used) / 1024;
	RETURN result;
END
$function$;
$$);

/* The bug, and what "repeatable_read" runs. */
SELECT @extschema@.ct_add_script('large_result', 'export_or_write', $$
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	SELECT count(*) FROM message; -- for the progress bar
	INSERT INTO export SELECT * FROM export_by_pages(:iteration,
			'SELECT id, state, body FROM message ORDER BY id DESC LIMIT $1 OFFSET $2',
			:batch, :rows, :window_us)
		RETURNING held_kb, coalesce(backend_kb, 0) AS backend_kb \gset
	\tally held_kb :held_kb
	\tally backend_kb :backend_kb
	\outcome exported
	COMMIT;
\else
	SELECT max(id) FROM message; -- the newest that they saw
	\if :iteration % 4 = 2
		CALL write_in_front('insert', :iteration / 4, :writes, :rows, :window_us);
		\outcome inserted
	\else
		CALL write_in_front('delete', :iteration / 4, :writes, :rows, :window_us);
		\outcome deleted
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('large_result', 'offset',
	'each page by LIMIT and OFFSET, at READ COMMITTED',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('large_result', 'all_at_once',
	'all rows in one piece: right, but of any size',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('large_result', 'export_or_write', variant => 'all_at_once', body => $$
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	SELECT count(*) FROM message; -- for the progress bar
	INSERT INTO export SELECT * FROM export_by_pages(:iteration,
			'SELECT id, state, body FROM message ORDER BY id DESC',
			:batch, :rows, :window_us)
		RETURNING held_kb, coalesce(backend_kb, 0) AS backend_kb \gset
	\tally held_kb :held_kb
	\tally backend_kb :backend_kb
	\outcome exported
	COMMIT;
\else
	SELECT max(id) FROM message; -- the newest that they saw
	\if :iteration % 4 = 2
		CALL write_in_front('insert', :iteration / 4, :writes, :rows, :window_us);
		\outcome inserted
	\else
		CALL write_in_front('delete', :iteration / 4, :writes, :rows, :window_us);
		\outcome deleted
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('large_result', 'cursor',
	'a cursor, read in batches within its transaction',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('large_result', 'export_or_write', variant => 'cursor', body => $$
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	SELECT count(*) FROM message; -- for the progress bar
	DECLARE newest NO SCROLL CURSOR FOR SELECT id, state, body FROM message ORDER BY id DESC;
	INSERT INTO export SELECT * FROM export_by_pages(:iteration,
			'FETCH ' || :batch || ' FROM newest',
			:batch, :rows, :window_us)
		RETURNING held_kb, coalesce(backend_kb, 0) AS backend_kb \gset
	CLOSE newest;
	\tally held_kb :held_kb
	\tally backend_kb :backend_kb
	\outcome exported
	COMMIT;
\else
	SELECT max(id) FROM message; -- the newest that they saw
	\if :iteration % 4 = 2
		CALL write_in_front('insert', :iteration / 4, :writes, :rows, :window_us);
		\outcome inserted
	\else
		CALL write_in_front('delete', :iteration / 4, :writes, :rows, :window_us);
		\outcome deleted
	\endif
\endif
$$);

/* Its pages need no common transaction; they have one here because a function gets them. */
SELECT @extschema@.ct_add_variant('large_result', 'keyset',
	'each page begins after the last id of the one before',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('large_result', 'export_or_write', variant => 'keyset', body => $$
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	SELECT count(*) FROM message; -- for the progress bar
	INSERT INTO export SELECT * FROM export_by_pages(:iteration,
			'SELECT id, state, body FROM message WHERE id < $3 ORDER BY id DESC LIMIT $1',
			:batch, :rows, :window_us)
		RETURNING held_kb, coalesce(backend_kb, 0) AS backend_kb \gset
	\tally held_kb :held_kb
	\tally backend_kb :backend_kb
	\outcome exported
	COMMIT;
\else
	SELECT max(id) FROM message; -- the newest that they saw
	\if :iteration % 4 = 2
		CALL write_in_front('insert', :iteration / 4, :writes, :rows, :window_us);
		\outcome inserted
	\else
		CALL write_in_front('delete', :iteration / 4, :writes, :rows, :window_us);
		\outcome deleted
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('large_result', 'repeatable_read',
	'LIMIT and OFFSET in one REPEATABLE READ transaction: all pages of one snapshot',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 100);

SELECT @extschema@.ct_add_check('large_result', 'each_row_once',
	'SELECT id AS export, skipped + twice AS observed, 0 AS expected,
		skipped, first_skipped, twice, first_twice, rows
	 FROM export WHERE skipped > 0 OR twice > 0 ORDER BY id',
	kind => 'skipped_or_twice', description => 'What is there all the time is exported exactly once.');
SELECT @extschema@.ct_add_check('large_result', 'client_stays_small',
	'SELECT id AS export, held_kb || '' kB'' AS observed, ''at most '' || :held_kb || '' kB'' AS expected, rows
	 FROM export WHERE held_kb > :held_kb ORDER BY id',
	kind => 'memory', description => 'The client never holds more than a batch.');
SELECT @extschema@.ct_add_check('large_result', 'server_stays_small',
	'SELECT id AS export, backend_kb || '' kB'' AS observed, ''at most '' || :backend_kb || '' kB'' AS expected, rows
	 FROM export WHERE backend_kb > :backend_kb ORDER BY id',
	kind => 'memory',
	description => 'An export''s server process grows by a few kB only (where the role may look).');
SELECT @extschema@.ct_add_check('large_result', 'work_is_done',
	'SELECT what, observed, expected
	 FROM (SELECT ''exported'' AS what, count(*) AS observed, :outcome_exported AS expected FROM export
		UNION ALL SELECT ''inserted'', count(*), :outcome_inserted * :writes
			FROM message WHERE state = ''new''
		UNION ALL SELECT ''left'', count(*), greatest(0, (:exports + 1) / 2 - :outcome_deleted) * :writes
			FROM message WHERE state = ''draft'') t
	 WHERE observed <> expected',
	kind => 'broken_promise', description => 'Exports are complete, and writes are there.');
