/*
 * multixact_contention: everybody shares the lock of one row.
 *
 * mxid_age('1') is how many multixacts there have ever been: the next one's number less 1.
 */
SELECT @extschema@.ct_create_scenario('multixact_contention',
	category => 'stress',
	description => 'Many share the lock of one row: each sharer makes a multixact of all before it and itself.',
	story => $$
The bug: a booking must be made at the exchange rate that is in force, so it
reads the rate's row FOR SHARE, to keep it from being changed meanwhile.  All
bookings read the same row.  A row has room for one locker; a second one turns
that into a multixact, an id for a list of transactions, and since lists are
never changed, each further sharer writes a new one: for n at a time, n - 1
lists of 2 to n members.  They live in two small caches of the whole server
(wait events `MultiXactOffsetSLRU`, `MultiXactMemberSLRU`, `MultiXactGen` and
the like), their ids have to be vacuumed away like transaction ids, each lock
writes the row's page and WAL though nothing has changed, and who wants to
change the rate waits for all who share it.

A foreign key does the same without being asked (`foreign_key`): each new row
takes the row that it refers to FOR KEY SHARE.  One tenant, one campaign or
one account to which everything refers is enough, and worse if that row is
also updated, as a counter in it would be.

Here :bookings transactions come in waves, as many at once as there are
workers; each :change_every th changes the rate instead.  Counted is how many
multixacts were made during the run.  That is a number of the whole server:
other runs of the kind at the same time are counted, too.

What to look at: the multixacts, and what became of those who met a change.
`snapshot_read` doesn't lock and keeps which version of the rate was used;
most businesses want just that, and a few bookings are made at the rate that
was in force a moment ago.  `version_check` books only if the rate is still
the one that was shown.  `advisory_lock` promises what FOR SHARE does, at the
same wait, but shares a lock in memory, without a trace in the table.
`for_no_key_update` has one locker at a time, and so no multixact, but a
queue: see its latencies.  For foreign keys: insert many rows in a transaction
rather than one, keep counters out of the row that is referred to, or do
without the key where that row is never deleted.

Not to be explored: it counts multixacts of hundreds of bookings, which no
order of a few steps has.
$$,
	params => '{"bookings": 200, "change_every": 20, "window_us": 2000, "max_multixacts": 20}',
	explore_params => NULL,
	transactions_expr => ':bookings',
	setup => $$
CREATE TABLE exchange (
	id			int PRIMARY KEY,
	currency	text NOT NULL,
	rate		numeric(10, 4) NOT NULL CHECK (rate > 0),
	version		int NOT NULL DEFAULT 1
);
CREATE TABLE booking (
	id				int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	guest			int NOT NULL,
	exchange		int NOT NULL,
	amount			numeric(12, 2) NOT NULL,
	version			int NOT NULL, -- of the rate that the amount was computed with
	version_then	int NOT NULL  -- which was in force when the booking was made
);
INSERT INTO exchange VALUES (1, 'EUR/SEK', 11.25);
CREATE VIEW multixact AS SELECT mxid_age('1') AS made;
CREATE TABLE multixact_before AS SELECT made FROM multixact;
$$);

SELECT @extschema@.ct_add_variant('multixact_contention', 'for_share',
	'each booking holds the row of the rate FOR SHARE',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'for_share', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	SELECT rate, version FROM exchange WHERE id = 1 FOR SHARE \gset
	\sleep :window_us us
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange WHERE id = 1;
	\outcome booked
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('multixact_contention', 'foreign_key',
	'no lock is asked for, but a foreign key takes one',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE booking ADD FOREIGN KEY (exchange) REFERENCES exchange');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'foreign_key', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	SELECT rate, version FROM exchange WHERE id = 1 \gset
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange WHERE id = 1
		RETURNING (version = version_then)::int AS in_force \gset
	\sleep :window_us us
	\if :in_force
		\outcome booked
	\else
		\outcome booked_at_old_rate
	\endif
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('multixact_contention', 'snapshot_read',
	'no lock: the booking keeps which version of the rate it was made with',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'snapshot_read', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	SELECT rate, version FROM exchange WHERE id = 1 \gset
	\sleep :window_us us
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange WHERE id = 1
		RETURNING (version = version_then)::int AS in_force \gset
	\if :in_force
		\outcome booked
	\else
		\outcome booked_at_old_rate
	\endif
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('multixact_contention', 'version_check',
	'no lock: book only if the version is still the one that was read',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'version_check', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	\set done 0
	SELECT rate, version FROM exchange WHERE id = 1 \gset
	\sleep :window_us us
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange
		WHERE id = 1 AND version = :version
		RETURNING 1 AS done \aset
	\if :done
		\outcome booked
	\else
		\outcome rate_changed
	\endif
\endif
COMMIT;
$$);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('multixact_contention', 'advisory_lock',
	'share an advisory lock instead of the row; who changes the rate takes it alone',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'advisory_lock', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	SELECT pg_advisory_xact_lock('exchange'::regclass::oid::int, 1);
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	SELECT pg_advisory_xact_lock_shared('exchange'::regclass::oid::int, 1);
	SELECT rate, version FROM exchange WHERE id = 1 \gset
	\sleep :window_us us
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange WHERE id = 1;
	\outcome booked
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('multixact_contention', 'for_no_key_update',
	'a lock that is not shared: one booking after the other',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('multixact_contention', 'book', variant => 'for_no_key_update', body => $$
\barrier wave
BEGIN;
\if :iteration % :change_every = 0
	UPDATE exchange SET rate = rate + 0.0001, version = version + 1 WHERE id = 1;
	\outcome changed
\else
	SELECT rate, version FROM exchange WHERE id = 1 FOR NO KEY UPDATE \gset
	\sleep :window_us us
	INSERT INTO booking (guest, exchange, amount, version, version_then)
		SELECT :iteration, id, 100 * :rate::numeric, :version, version FROM exchange WHERE id = 1;
	\outcome booked
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('multixact_contention', 'few_multixacts',
	'SELECT m.made - b.made AS observed, :max_multixacts AS expected, :outcome_booked AS bookings
	 FROM multixact m, multixact_before b WHERE m.made - b.made > :max_multixacts',
	kind => 'multixact_growth', description => 'Bookings don''t fill the server with multixacts.');
SELECT @extschema@.ct_add_check('multixact_contention', 'rate_in_force',
	'SELECT count(*) AS observed, :outcome_booked_at_old_rate AS expected, min(id) AS first_booking
	 FROM booking WHERE version <> version_then HAVING count(*) <> :outcome_booked_at_old_rate',
	kind => 'stale_read',
	description => 'A booking is made at the rate in force, or says that it wasn''t.');
SELECT @extschema@.ct_add_check('multixact_contention', 'amount_of_version',
	'SELECT id AS booking, amount AS observed, round(100 * (11.25 + 0.0001 * (version - 1)), 2) AS expected
	 FROM booking WHERE amount <> round(100 * (11.25 + 0.0001 * (version - 1)), 2) ORDER BY id',
	kind => 'wrong_amount', description => 'The amount is computed with the version that the booking names.');
SELECT @extschema@.ct_add_check('multixact_contention', 'bookings_are_there',
	'SELECT count(*) AS observed, :outcome_booked + :outcome_booked_at_old_rate AS expected
	 FROM booking HAVING count(*) <> :outcome_booked + :outcome_booked_at_old_rate',
	kind => 'broken_promise', description => 'What was answered with "booked" is there, and nothing else.');
SELECT @extschema@.ct_add_check('multixact_contention', 'changes_are_there',
	'SELECT version - 1 AS observed, :outcome_changed AS expected FROM exchange
	 WHERE version - 1 <> :outcome_changed',
	kind => 'lost_update', description => 'Each change of the rate has been made.');
SELECT @extschema@.ct_add_check('multixact_contention', 'no_false_refusal',
	'SELECT :outcome_rate_changed AS observed, :outcome_changed * (:workers - 1) AS expected
	 WHERE :outcome_rate_changed > :outcome_changed * (:workers - 1)',
	kind => 'false_refusal',
	description => 'A change of the rate refuses at most one booking of each other worker.');
