/* write_heavy: batches of 100 rows, written in one piece or in a hundred. */
SELECT @extschema@.ct_create_scenario('write_heavy',
	category => 'throughput',
	description => 'Each row of a batch is its own transaction: half a batch is seen, the total is wrong.',
	story => $$
The bug: a gateway stores batches of :rows sensor readings, each by an
INSERT of its own, each INSERT a transaction of its own; then it adds them
to the station's total, which it had read before it began.  A dashboard
that looks in the meantime sees half a batch, and averages what is there.
Two gateways that store for one station both start from the same total,
and one of their batches is never counted.  If the gateway dies, the half
stays.

Every second transaction is a dashboard that looks while the others store:
it notes the batches that aren't whole.  :window_us is a pause of the
gateway in the middle of its batch.

What to look at: one transaction around the rows makes the batch whole, and
saves a hundred commits; on a disk that has to be written at each commit
that is most of the price.  The rest of it are a hundred statements, each
with a trip over the network (which isn't measured here).  One statement for
all rows, as VALUES (...), (...) or from arrays, saves these too; arrays
(unnest) keep the statement's text the same, whatever the number of rows,
so that it can be prepared, and have no limit of 65535 parameters.

The total is added to as the last thing before COMMIT, since from there on
everybody else who stores for the station waits.
$$,
	params => '{"batches": 12, "rows": 100, "stations": 2, "window_us": 2000}',
	explore_params => '{"rows": 2, "stations": 1, "window_us": 0}',
	transactions_expr => ':batches * 2',
	setup => $$
CREATE TABLE station (
	id			int PRIMARY KEY,
	name		text NOT NULL,
	readings	bigint NOT NULL DEFAULT 0
);
CREATE TABLE batch (
	id			int PRIMARY KEY,
	station		int NOT NULL REFERENCES station,
	rows		int NOT NULL CHECK (rows > 0),
	received_at	timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE reading (
	batch		int NOT NULL REFERENCES batch,
	seq			int NOT NULL,
	celsius		numeric(5,2) NOT NULL CHECK (celsius BETWEEN -90 AND 60),
	PRIMARY KEY (batch, seq)
);
CREATE TABLE seen_on_dashboard (
	batch		int NOT NULL,
	rows		int NOT NULL,
	seen_at		timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO station SELECT i, 'Station ' || i FROM generate_series(1, :stations) i;

-- rows first_row to last_row of a batch, each by its own INSERT: what a loop in the gateway does
CREATE PROCEDURE store_one_by_one(batch_id int, first_row int, last_row int, commit_each boolean)
LANGUAGE plpgsql AS $procedure$
BEGIN
	FOR i IN first_row .. last_row LOOP
		INSERT INTO reading VALUES (batch_id, i, 20 + i % 10);
		IF commit_each THEN
			COMMIT;
		END IF;
	END LOOP;
END
$procedure$;

-- all rows of a batch in the text of one INSERT: what a query builder does
CREATE FUNCTION store_values(batch_id int, number_of_rows int) RETURNS void
LANGUAGE plpgsql AS $function$
BEGIN
	EXECUTE 'INSERT INTO reading VALUES '
		|| (SELECT string_agg(format('(%s, %s, %s)', batch_id, i, 20 + i % 10), ', ')
			FROM generate_series(1, number_of_rows) i);
END
$function$;

CREATE VIEW half_batch AS
	SELECT b.id AS batch, (SELECT count(*) FROM reading WHERE batch = b.id) AS rows
	FROM batch b
	WHERE b.rows <> (SELECT count(*) FROM reading WHERE batch = b.id);
$$);

SELECT @extschema@.ct_add_variant('write_heavy', 'row_by_row',
	'each row its own transaction, and a total that was read before',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('write_heavy', 'store_or_look', variant => 'row_by_row', body => $$
\set batch (:iteration + 1) / 2
\set station :batch / 2 % :stations + 1
\set half :rows / 2
\barrier wave
\if :iteration % 2 = 1
	SELECT readings FROM station WHERE id = :station \gset
	INSERT INTO batch (id, station, rows) VALUES (:batch, :station, :rows);
	CALL store_one_by_one(:batch, 1, :half, true);
	\sleep :window_us us
	CALL store_one_by_one(:batch, :half + 1, :rows, true);
	UPDATE station SET readings = :readings + :rows WHERE id = :station;
	\outcome stored
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\outcome looked
\endif
$$);

SELECT @extschema@.ct_add_variant('write_heavy', 'one_transaction',
	'row by row, but in one transaction that also adds to the total',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('write_heavy', 'store_or_look', variant => 'one_transaction', body => $$
\set batch (:iteration + 1) / 2
\set station :batch / 2 % :stations + 1
\set half :rows / 2
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	INSERT INTO batch (id, station, rows) VALUES (:batch, :station, :rows);
	CALL store_one_by_one(:batch, 1, :half, false);
	\sleep :window_us us
	CALL store_one_by_one(:batch, :half + 1, :rows, false);
	UPDATE station SET readings = readings + :rows WHERE id = :station;
	\outcome stored
	COMMIT;
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\outcome looked
\endif
$$);

SELECT @extschema@.ct_add_variant('write_heavy', 'multi_row_insert',
	'one INSERT with all rows in its VALUES',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('write_heavy', 'store_or_look', variant => 'multi_row_insert', body => $$
\set batch (:iteration + 1) / 2
\set station :batch / 2 % :stations + 1
\barrier wave
\if :iteration % 2 = 1
	BEGIN;
	INSERT INTO batch (id, station, rows) VALUES (:batch, :station, :rows);
	\sleep :window_us us
	SELECT store_values(:batch, :rows); -- INSERT INTO reading VALUES (...), (...), ...
	UPDATE station SET readings = readings + :rows WHERE id = :station;
	\outcome stored
	COMMIT;
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\outcome looked
\endif
$$);

/* The first SELECT stands for the gateway, which has the readings in arrays. */
SELECT @extschema@.ct_add_variant('write_heavy', 'unnest',
	'one INSERT from arrays, which are its parameters',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('write_heavy', 'store_or_look', variant => 'unnest', body => $$
\set batch (:iteration + 1) / 2
\set station :batch / 2 % :stations + 1
\barrier wave
\if :iteration % 2 = 1
	SELECT array_agg(i) AS seqs, array_agg(20 + i % 10) AS celsius FROM generate_series(1, :rows) i \gset
	BEGIN;
	INSERT INTO batch (id, station, rows) VALUES (:batch, :station, :rows);
	\sleep :window_us us
	INSERT INTO reading SELECT :batch, * FROM unnest(:seqs::int[], :celsius::numeric[]);
	UPDATE station SET readings = readings + :rows WHERE id = :station;
	\outcome stored
	COMMIT;
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\outcome looked
\endif
$$);

/* One statement is one transaction: no BEGIN needed. */
SELECT @extschema@.ct_add_variant('write_heavy', 'single_statement',
	'batch, rows and total in a single statement, with WITH',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('write_heavy', 'store_or_look', variant => 'single_statement', body => $$
\set batch (:iteration + 1) / 2
\set station :batch / 2 % :stations + 1
\barrier wave
\if :iteration % 2 = 1
	SELECT array_agg(i) AS seqs, array_agg(20 + i % 10) AS celsius FROM generate_series(1, :rows) i \gset
	\sleep :window_us us
	WITH header AS (
			INSERT INTO batch (id, station, rows) VALUES (:batch, :station, :rows)
			RETURNING id, station, rows),
		lines AS (
			INSERT INTO reading
			SELECT h.id, r.* FROM header h, unnest(:seqs::int[], :celsius::numeric[]) r)
		UPDATE station s SET readings = s.readings + h.rows FROM header h WHERE s.id = h.station;
	\outcome stored
\else
	\set pause :window_us / 2
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\sleep :pause us
	INSERT INTO seen_on_dashboard (batch, rows) SELECT batch, rows FROM half_batch;
	\outcome looked
\endif
$$);

SELECT @extschema@.ct_add_check('write_heavy', 'batches_seen_whole',
	'SELECT d.batch, min(d.rows) AS observed, b.rows AS expected, count(*) AS times_seen,
		min(d.seen_at) - b.received_at AS first_seen_after
	 FROM seen_on_dashboard d JOIN batch b ON b.id = d.batch
	 GROUP BY d.batch, b.id ORDER BY d.batch',
	kind => 'half_written', description => 'Nobody sees a part of a batch.');
SELECT @extschema@.ct_add_check('write_heavy', 'total_adds_up',
	'SELECT s.name AS station, s.readings AS observed, count(r.batch) AS expected
	 FROM station s LEFT JOIN batch b ON b.station = s.id LEFT JOIN reading r ON r.batch = b.id
	 GROUP BY s.id HAVING s.readings <> count(r.batch) ORDER BY s.id',
	kind => 'lost_update', description => 'A station''s total is the number of its readings.');
SELECT @extschema@.ct_add_check('write_heavy', 'stored_is_stored',
	'SELECT count(*) AS observed, :outcome_stored * :rows AS expected FROM reading
	 HAVING count(*) <> :outcome_stored * :rows',
	kind => 'broken_promise', description => 'What was acknowledged as stored is there, once.');
