/* lock_timeout: somebody holds a lock for long, and everybody else waits for it. */
SELECT @extschema@.ct_create_scenario('lock_timeout',
	category => 'locks',
	description => 'Requests wait as long as somebody else holds a lock, for there is no timeout by default.',
	story => $$
The bug: a group books a row of seats and holds the locks for two seconds
(:hold_ms: a payment, a call to another service, a program that was stopped
in a debugger).  Other customers ask for one of those seats, and their
requests wait until the group is done: lock_timeout is 0, which is for
ever.  Their users have long gone, their connections are taken, and with a
full pool the site is down because of a few rows.

A request should know how long it is worth waiting: :timeout_ms here.  Then
it says so, and the customer takes another seat, which is free.

What to look at: lock_timeout gives up after that time, and not before;
what it bounds is each single wait, and a request may wait several times:
in the queue for the row, then for the row.  statement_timeout bounds the
whole statement, with its work, so it has to be longer than that takes.
nowait gives up at once, which is right where there is an alternative, and
too early where the lock would be free in a millisecond.  skip_locked is
for those to whom one row is as good as another: it takes the next one.

Set the timeout for the transaction (SET LOCAL) or the role, rather than
for the server: a migration or a batch has other needs.  And the other
half of the fix: don't wait for something else while holding a lock.

A customer here catches the error within the database, as a program would
outside of it: a transaction in which a statement has failed is over.
Waits are measured by the customers.  Too long is what is nearer to
:hold_ms than to :timeout_ms.

Not to be explored: what goes wrong is how long somebody waits, and no
order of steps makes time pass.
$$,
	params => '{"customers": 4, "hold_ms": 2000, "timeout_ms": 500}',
	explore_params => NULL,
	transactions_expr => ':customers + 1',
	min_overlap => 1,	/* one round, because it takes as long as the lock is held: its holder meets the others */
	setup => $$
CREATE TABLE seat (
	id			int PRIMARY KEY,
	customer	bigint
);
CREATE TABLE answer (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	customer	bigint NOT NULL,
	seat		int,
	said		text NOT NULL CHECK (said IN ('reserved', 'taken', 'gave_up')),
	waited_ms	numeric(9, 1) NOT NULL
);
/* The first ones are the group's, the others stay free for those who can't have them. */
INSERT INTO seat SELECT i FROM generate_series(1, 2 * :customers) i;

CREATE FUNCTION reserve(wanted int, whom bigint) RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
	UPDATE seat SET customer = whom WHERE id = wanted AND customer IS NULL;
	RETURN CASE WHEN FOUND THEN 'reserved' ELSE 'taken' END;
EXCEPTION
	WHEN lock_not_available OR query_canceled THEN
		RETURN 'gave_up';
END $f$;
CREATE FUNCTION reserve_nowait(wanted int, whom bigint) RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
	PERFORM FROM seat WHERE id = wanted FOR NO KEY UPDATE NOWAIT;
	UPDATE seat SET customer = whom WHERE id = wanted AND customer IS NULL;
	RETURN CASE WHEN FOUND THEN 'reserved' ELSE 'taken' END;
EXCEPTION
	WHEN lock_not_available THEN
		RETURN 'gave_up';
END $f$;
CREATE FUNCTION ms_since(asked timestamptz) RETURNS numeric LANGUAGE sql VOLATILE AS
	'SELECT extract(epoch FROM clock_timestamp() - asked) * 1000';
$$);

SELECT @extschema@.ct_add_variant('lock_timeout', 'wait',
	'ask for the seat, however long it takes',
	isolation => 'read committed', expected_verdict => 'fail');

/* Only the first customer of each worker waits at the barrier; the group doesn't come again. */
SELECT @extschema@.ct_add_script('lock_timeout', 'book', variant => 'wait', body => $$
\if :iteration = 1
	BEGIN;
	SELECT id FROM seat WHERE id <= :customers ORDER BY id FOR NO KEY UPDATE;
	\barrier held
	\sleep :hold_ms ms
	UPDATE seat SET customer = 1 WHERE id <= :customers;
	\outcome group_booked
	COMMIT;
\else
	\set seat (:iteration - 2) % :customers + 1
	\if :iteration = :worker_id
		\barrier held
	\endif
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	SELECT reserve(:seat, :iteration) AS said \gset
	COMMIT;
	INSERT INTO answer (customer, seat, said, waited_ms)
		VALUES (:iteration, :seat, :said, ms_since(:asked));
	\outcome :said
	SELECT :said::text <> 'reserved' AS has_none \gset
	\if :has_none
		UPDATE seat SET customer = :iteration WHERE id = :customers + :seat AND customer IS NULL;
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('lock_timeout', 'lock_timeout',
	'give up after a time',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('lock_timeout', 'book', variant => 'lock_timeout', body => $$
\if :iteration = 1
	BEGIN;
	SELECT id FROM seat WHERE id <= :customers ORDER BY id FOR NO KEY UPDATE;
	\barrier held
	\sleep :hold_ms ms
	UPDATE seat SET customer = 1 WHERE id <= :customers;
	\outcome group_booked
	COMMIT;
\else
	\set seat (:iteration - 2) % :customers + 1
	\if :iteration = :worker_id
		\barrier held
	\endif
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	SET LOCAL lock_timeout = :timeout_ms;
	SELECT reserve(:seat, :iteration) AS said \gset
	COMMIT;
	INSERT INTO answer (customer, seat, said, waited_ms)
		VALUES (:iteration, :seat, :said, ms_since(:asked));
	\outcome :said
	SELECT :said::text <> 'reserved' AS has_none \gset
	\if :has_none
		UPDATE seat SET customer = :iteration WHERE id = :customers + :seat AND customer IS NULL;
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('lock_timeout', 'statement_timeout',
	'give up after a time, whatever the statement was doing',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('lock_timeout', 'book', variant => 'statement_timeout', body => $$
\if :iteration = 1
	BEGIN;
	SELECT id FROM seat WHERE id <= :customers ORDER BY id FOR NO KEY UPDATE;
	\barrier held
	\sleep :hold_ms ms
	UPDATE seat SET customer = 1 WHERE id <= :customers;
	\outcome group_booked
	COMMIT;
\else
	\set seat (:iteration - 2) % :customers + 1
	\if :iteration = :worker_id
		\barrier held
	\endif
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	SET LOCAL statement_timeout = :timeout_ms;
	SELECT reserve(:seat, :iteration) AS said \gset
	COMMIT;
	INSERT INTO answer (customer, seat, said, waited_ms)
		VALUES (:iteration, :seat, :said, ms_since(:asked));
	\outcome :said
	SELECT :said::text <> 'reserved' AS has_none \gset
	\if :has_none
		UPDATE seat SET customer = :iteration WHERE id = :customers + :seat AND customer IS NULL;
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('lock_timeout', 'nowait',
	'give up at once',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('lock_timeout', 'book', variant => 'nowait', body => $$
\if :iteration = 1
	BEGIN;
	SELECT id FROM seat WHERE id <= :customers ORDER BY id FOR NO KEY UPDATE;
	\barrier held
	\sleep :hold_ms ms
	UPDATE seat SET customer = 1 WHERE id <= :customers;
	\outcome group_booked
	COMMIT;
\else
	\set seat (:iteration - 2) % :customers + 1
	\if :iteration = :worker_id
		\barrier held
	\endif
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	SELECT reserve_nowait(:seat, :iteration) AS said \gset
	COMMIT;
	INSERT INTO answer (customer, seat, said, waited_ms)
		VALUES (:iteration, :seat, :said, ms_since(:asked));
	\outcome :said
	SELECT :said::text <> 'reserved' AS has_none \gset
	\if :has_none
		UPDATE seat SET customer = :iteration WHERE id = :customers + :seat AND customer IS NULL;
	\endif
\endif
$$);

SELECT @extschema@.ct_add_variant('lock_timeout', 'skip_locked',
	'take the first seat that nobody else is booking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('lock_timeout', 'book', variant => 'skip_locked', body => $$
\if :iteration = 1
	BEGIN;
	SELECT id FROM seat WHERE id <= :customers ORDER BY id FOR NO KEY UPDATE;
	\barrier held
	\sleep :hold_ms ms
	UPDATE seat SET customer = 1 WHERE id <= :customers;
	\outcome group_booked
	COMMIT;
\else
	\if :iteration = :worker_id
		\barrier held
	\endif
	\set seat 0
	SELECT clock_timestamp() AS asked \gset
	BEGIN;
	UPDATE seat SET customer = :iteration
		WHERE id = (SELECT id FROM seat WHERE customer IS NULL
			ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
		RETURNING id AS seat \aset
	COMMIT;
	\if :seat > 0
		INSERT INTO answer (customer, seat, said, waited_ms)
			VALUES (:iteration, :seat, 'reserved', ms_since(:asked));
		\outcome reserved
	\else
		INSERT INTO answer (customer, said, waited_ms)
			VALUES (:iteration, 'taken', ms_since(:asked));
		\outcome taken
	\endif
\endif
$$);

SELECT @extschema@.ct_add_check('lock_timeout', 'nobody_waits_too_long',
	'SELECT customer, seat, said, waited_ms AS observed, (:timeout_ms + :hold_ms) / 2 AS expected
	 FROM answer WHERE waited_ms > (:timeout_ms + :hold_ms) / 2 ORDER BY id',
	kind => 'long_wait', description => 'A request ends soon after its time is up.');
SELECT @extschema@.ct_add_check('lock_timeout', 'nobody_gives_up_too_early',
	'SELECT customer, seat, waited_ms AS observed, :timeout_ms AS expected
	 FROM answer WHERE said = ''gave_up'' AND waited_ms < :timeout_ms ORDER BY id',
	kind => 'false_refusal', description => 'Who has time waits that long.', variant => 'lock_timeout');
SELECT @extschema@.ct_add_check('lock_timeout', 'nobody_gives_up_too_early',
	'SELECT customer, seat, waited_ms AS observed, :timeout_ms AS expected
	 FROM answer WHERE said = ''gave_up'' AND waited_ms < :timeout_ms ORDER BY id',
	kind => 'false_refusal', description => 'Who has time waits that long.', variant => 'statement_timeout');
SELECT @extschema@.ct_add_check('lock_timeout', 'group_sits_together',
	'SELECT count(*) AS observed, :customers * :outcome_group_booked AS expected,
		array_agg(id ORDER BY id) AS seats
	 FROM seat WHERE customer = 1 HAVING count(*) <> :customers * :outcome_group_booked',
	kind => 'broken_promise', description => 'Who holds the locks gets the seats.');
SELECT @extschema@.ct_add_check('lock_timeout', 'answers_are_true',
	'SELECT a.customer, a.seat, a.said, s.customer AS observed,
		CASE a.said WHEN ''reserved'' THEN a.customer::text ELSE ''somebody else'' END AS expected
	 FROM answer a JOIN seat s ON s.id = a.seat
	 WHERE (s.customer IS NOT DISTINCT FROM a.customer) <> (a.said = ''reserved'') ORDER BY a.id',
	kind => 'broken_promise', description => 'Who was told "reserved" has that seat, and nobody else.');
SELECT @extschema@.ct_add_check('lock_timeout', 'everybody_has_a_seat',
	'SELECT a.customer, 0 AS observed, 1 AS expected
	 FROM answer a WHERE a.customer <= :customers + 1
		AND NOT EXISTS (SELECT FROM seat s WHERE s.customer = a.customer) ORDER BY a.id',
	kind => 'false_refusal', description => 'Who can''t have a seat of the group''s has another one.');
