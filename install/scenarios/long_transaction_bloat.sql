/*
 * long_transaction_bloat: the run's first transaction is the long one, all others update a small table.
 *
 * It lasts until the others have made :held_updates: two barriers, which each worker passes once.
 * A worker's first transaction has the worker's number, hence :iteration = :worker_id.
 */
SELECT @extschema@.ct_create_scenario('long_transaction_bloat',
	category => 'stress',
	description => 'A transaction stays open while a mail is sent: a small, busy table grows and grows.',
	story => $$
The bug: a report reads its numbers, sends a mail, and then commits.  The mail
server takes its time, and all the while the transaction is open.  An UPDATE
leaves the row's old version behind, which can be removed once nobody may want
to see it any more.  While one snapshot is held, or one transaction that has
written is open, that holds for no version newer than it, in any table of the
database.  Neither vacuum can remove them, nor what usually does, pruning, by
whoever comes to the page next.  A table of a few rows becomes thousands of
pages, and every query on it reads them.  When the transaction ends the dead
versions go, but the pages stay.

Here couriers report where they are, each in a row of its own, :updates times
in all; the mail takes as long as :held_updates of them.  The table's size is
what is checked, so that no autovacuum decides.  Two variants are broken:
`repeatable_read` holds a snapshot; `write_first`, which notes that a mail is
under way, holds its transaction id, and that is as bad, at READ COMMITTED
too.

What to look at: the pages.  The couriers' latencies begin to suffer only when
they are many.  `commit_first` is the one to take: a transaction before the
mail, another one after it.  `read_committed` holds nothing between its
statements as long as it has not written; but one INSERT more, or a cursor,
and it is broken.  `statement_timeout` bounds a call that is made from within
the database, at the price of a report that isn't sent.  Where a program
leaves transactions open there are idle_in_transaction_session_timeout and,
since 17, transaction_timeout; they end the session, so they can't be shown
here.

Whoever else holds a snapshot in this database (a dump, a psql that sits in a
transaction, a prepared transaction, a replication slot, an ANALYZE) lets the
table grow just the same.  It only counts against a variant if its own
transaction, when it ended, was one that held something back.

Not to be explored: a table grows with hundreds of updates, which no order of
a few steps has.
$$,
	params => '{"updates": 800, "held_updates": 500, "couriers": 8, "pace_us": 1000, "max_pages": 32, "timeout_ms": 5}',
	explore_params => NULL,
	transactions_expr => ':updates + 1',
	setup => $$
CREATE TABLE courier (
	id			int PRIMARY KEY,
	name		text NOT NULL,
	profile		text NOT NULL,
	x			float8 NOT NULL DEFAULT 0,
	y			float8 NOT NULL DEFAULT 0,
	reports		bigint NOT NULL DEFAULT 0,
	seen_at		timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 10); -- each row has a page to itself, with room for new versions
CREATE TABLE mail (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	reports		bigint NOT NULL,
	sent_at		timestamptz,
	held_back	int -- age of the oldest transaction that nobody could clean up after, because of this one
);
/* age() counts up to the asking transaction's own id, if it has one. */
CREATE VIEW myself AS
	SELECT greatest(age(backend_xmin),
			pg_snapshot_xmax(pg_current_snapshot())::xid::text::bigint - backend_xid::text::bigint) AS holds_back
	FROM pg_stat_activity WHERE pid = pg_backend_pid();
INSERT INTO courier SELECT i, 'courier ' || i, repeat('fast and careful ', 47)
	FROM generate_series(1, :couriers) i;
$$);

SELECT @extschema@.ct_add_variant('long_transaction_bloat', 'repeatable_read',
	'read, mail, commit: a snapshot is held while the mail is sent',
	expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('long_transaction_bloat', 'report_or_mail', variant => 'repeatable_read', body => $$
\if :iteration = 1
	\set must_meet 0
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT sum(reports) AS reports FROM courier \gset
	\barrier mail_begins
	\barrier mail_ends
	INSERT INTO mail (reports, sent_at, held_back) SELECT :reports, clock_timestamp(), holds_back FROM myself;
	\outcome sent
	COMMIT;
\else
	\if :iteration = :worker_id
		\set must_meet 1
		\barrier mail_begins
	\elif :must_meet = 1 and :iteration > :held_updates
		\set must_meet 0
		\barrier mail_ends
	\endif
	SELECT x FROM courier WHERE id = (:worker_id - 1) % :couriers + 1;
	\sleep :pace_us us
	UPDATE courier SET x = x + 1, reports = reports + 1, seen_at = now()
		WHERE id = (:worker_id - 1) % :couriers + 1;
	\outcome reported
\endif
$$);

SELECT @extschema@.ct_add_variant('long_transaction_bloat', 'write_first',
	'write, mail, write, commit: an open transaction''s id is just as bad',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('long_transaction_bloat', 'report_or_mail', variant => 'write_first', body => $$
\if :iteration = 1
	\set must_meet 0
	BEGIN;
	INSERT INTO mail (reports) SELECT sum(reports) FROM courier RETURNING id AS mail \gset
	\barrier mail_begins
	\barrier mail_ends
	UPDATE mail SET sent_at = clock_timestamp(), held_back = holds_back FROM myself WHERE id = :mail;
	\outcome sent
	COMMIT;
\else
	\if :iteration = :worker_id
		\set must_meet 1
		\barrier mail_begins
	\elif :must_meet = 1 and :iteration > :held_updates
		\set must_meet 0
		\barrier mail_ends
	\endif
	SELECT x FROM courier WHERE id = (:worker_id - 1) % :couriers + 1;
	\sleep :pace_us us
	UPDATE courier SET x = x + 1, reports = reports + 1, seen_at = now()
		WHERE id = (:worker_id - 1) % :couriers + 1;
	\outcome reported
\endif
$$);

SELECT @extschema@.ct_add_variant('long_transaction_bloat', 'commit_first',
	'a transaction before the mail, another one after it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('long_transaction_bloat', 'report_or_mail', variant => 'commit_first', body => $$
\if :iteration = 1
	\set must_meet 0
	BEGIN;
	INSERT INTO mail (reports) SELECT sum(reports) FROM courier RETURNING id AS mail \gset
	COMMIT;
	\barrier mail_begins
	\barrier mail_ends
	UPDATE mail SET sent_at = clock_timestamp(), held_back = holds_back FROM myself WHERE id = :mail;
	\outcome sent
\else
	\if :iteration = :worker_id
		\set must_meet 1
		\barrier mail_begins
	\elif :must_meet = 1 and :iteration > :held_updates
		\set must_meet 0
		\barrier mail_ends
	\endif
	SELECT x FROM courier WHERE id = (:worker_id - 1) % :couriers + 1;
	\sleep :pace_us us
	UPDATE courier SET x = x + 1, reports = reports + 1, seen_at = now()
		WHERE id = (:worker_id - 1) % :couriers + 1;
	\outcome reported
\endif
$$);

SELECT @extschema@.ct_add_variant('long_transaction_bloat', 'read_committed',
	'the transaction stays open, but holds no snapshot and has written nothing',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('long_transaction_bloat', 'report_or_mail', variant => 'read_committed', body => $$
\if :iteration = 1
	\set must_meet 0
	BEGIN;
	SELECT sum(reports) AS reports FROM courier \gset
	\barrier mail_begins
	\barrier mail_ends
	INSERT INTO mail (reports, sent_at, held_back) SELECT :reports, clock_timestamp(), holds_back FROM myself;
	\outcome sent
	COMMIT;
\else
	\if :iteration = :worker_id
		\set must_meet 1
		\barrier mail_begins
	\elif :must_meet = 1 and :iteration > :held_updates
		\set must_meet 0
		\barrier mail_ends
	\endif
	SELECT x FROM courier WHERE id = (:worker_id - 1) % :couriers + 1;
	\sleep :pace_us us
	UPDATE courier SET x = x + 1, reports = reports + 1, seen_at = now()
		WHERE id = (:worker_id - 1) % :couriers + 1;
	\outcome reported
\endif
$$);

/* pg_sleep stands for a function that sends a mail, to a server that doesn't answer. */
SELECT @extschema@.ct_add_variant('long_transaction_bloat', 'statement_timeout',
	'the mail, sent by a statement, is given up after statement_timeout',
	expected_verdict => 'pass', expected_errors => '{query_canceled=given_up}');
SELECT @extschema@.ct_add_script('long_transaction_bloat', 'report_or_mail', variant => 'statement_timeout', body => $$
\if :iteration = 1
	\set must_meet 1
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SET LOCAL statement_timeout = :timeout_ms;
	SELECT sum(reports) AS reports FROM courier \gset
	\barrier mail_begins
	SELECT pg_sleep(10);
	INSERT INTO mail (reports, sent_at, held_back) SELECT :reports, clock_timestamp(), holds_back FROM myself;
	\outcome sent
	COMMIT;
\else
	\if :iteration = :worker_id
		\set must_meet 1
		\barrier mail_begins
	\elif :must_meet = 1 and :iteration > :held_updates
		\set must_meet 0
		\barrier mail_ends
	\endif
	SELECT x FROM courier WHERE id = (:worker_id - 1) % :couriers + 1;
	\sleep :pace_us us
	UPDATE courier SET x = x + 1, reports = reports + 1, seen_at = now()
		WHERE id = (:worker_id - 1) % :couriers + 1;
	\outcome reported
\endif
$$);

/* What somebody else held back, autovacuum's ANALYZE for one, is not laid at the mail's door. */
SELECT @extschema@.ct_add_check('long_transaction_bloat', 'table_stays_small',
	'SELECT s.bytes / s.page AS observed, :max_pages AS expected, pg_size_pretty(s.bytes) AS size,
		(SELECT count(*) FROM courier) AS rows, :outcome_reported AS updates, m.held_back
	 FROM mail m, (SELECT pg_relation_size(''courier'') AS bytes,
						current_setting(''block_size'')::bigint AS page) s
	 WHERE s.bytes > :max_pages * s.page AND m.held_back > :held_updates / 5',
	kind => 'bloat', description => 'The mail doesn''t keep the dead versions of a small table''s rows.');
SELECT @extschema@.ct_add_check('long_transaction_bloat', 'reports_are_counted',
	'SELECT sum(reports) AS observed, :outcome_reported AS expected FROM courier
	 HAVING sum(reports) <> :outcome_reported',
	kind => 'lost_update', description => 'Each report of a courier is counted.');
SELECT @extschema@.ct_add_check('long_transaction_bloat', 'mail_is_noted',
	'SELECT count(sent_at) AS observed, :outcome_sent AS expected FROM mail
	 HAVING count(sent_at) <> :outcome_sent',
	kind => 'broken_promise', description => 'A mail that was sent is noted, and no other.');
SELECT @extschema@.ct_add_check('long_transaction_bloat', 'mail_has_an_end',
	'SELECT :outcome_sent + :outcome_given_up AS observed, 1 AS expected
	 WHERE :outcome_sent + :outcome_given_up <> 1',
	kind => 'lost_mail', description => 'The mail was sent or given up, and not forgotten.');
