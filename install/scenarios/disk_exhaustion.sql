/*
 * disk_exhaustion: a log that nobody prunes fills the disk, and payments fail for it.
 */
SELECT @extschema@.ct_create_scenario('disk_exhaustion',
	category => 'stress',
	description => 'A log grows until the disk is full, and takes with it what it was to tell of.',
	story => $$
The bug: each payment writes an event into a log table that nobody prunes.
One day the disk is full, and what fails then is not the log: it is every
payment, for it is written in the same transaction, with SQLSTATE 53100.

Here the disk is a quota of :quota_kb for the log: what goes beyond is refused
with the very SQLSTATE that the server has for it, so that no disk has to be
filled.  With the parameter tablespace it is a real one: make a tablespace on a
small file system of its own, whose end only the log meets.

What to look at: how many payments are refused in `log_forever`, and that none
is half there: a payment that was refused has left nothing behind.  In
`retention` the log has room for :kept events, whose rows are written over:
what has a bound needs no disk without one.  `log_is_optional` goes on without
the log where that has no room, as monitoring should, and says so: look at the
outcome unlogged.  In a live server: partitions of the log that are dropped, an
alarm on the disk long before it is full, and WAL on another disk than tables,
for a full one there stops the server.

Not to be explored: it takes hundreds of payments to fill it, whatever the
others do.
$$,
	params => '{"payments": 800, "event_bytes": 1500, "quota_kb": 512, "kept": 40, "tablespace": ""}',
	explore_params => NULL,
	transactions_expr => ':payments',
	setup => $$
CREATE TABLE payment (
	id		int PRIMARY KEY,
	amount	int NOT NULL
);
CREATE TABLE event (
	slot	int PRIMARY KEY,
	payment	int NOT NULL,
	body	text NOT NULL
);
ALTER TABLE event ALTER body SET STORAGE PLAIN;
CREATE TABLE disk AS SELECT :tablespace AS tablespace, :quota_kb AS quota_kb;
DO $d$
DECLARE
	place	name := (SELECT nullif(tablespace, '') FROM disk);
BEGIN
	IF place IS NOT NULL THEN
		EXECUTE format('ALTER TABLE event SET TABLESPACE %I', place);
	END IF;
END $d$;

/* Where there is no disk of its own, the log has no more room than this for its rows. */
CREATE FUNCTION keep_quota() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
	IF (SELECT tablespace = '' AND (SELECT sum(length(body)) FROM event) > quota_kb * 1024 FROM disk) THEN
		RAISE disk_full USING MESSAGE = 'could not extend the log: no space left';
	END IF;
	RETURN NEW;
END $f$;
CREATE TRIGGER keep_quota BEFORE INSERT OR UPDATE ON event FOR EACH ROW EXECUTE FUNCTION keep_quota();

/* Writes an event; false if there was no room for it, and that may be. */
CREATE FUNCTION log_event(at_slot int, of_payment int, bytes int) RETURNS boolean LANGUAGE plpgsql AS $f$
BEGIN
	INSERT INTO event VALUES (at_slot, of_payment, repeat('x', bytes));
	RETURN true;
EXCEPTION
	WHEN disk_full THEN
		RETURN false;
END $f$;
$$);

SELECT @extschema@.ct_add_variant('disk_exhaustion', 'log_forever',
	'a row per payment, in its transaction, for ever',
	isolation => 'read committed', expected_verdict => 'fail',
	expected_errors => '{disk_full=refused}');
SELECT @extschema@.ct_add_script('disk_exhaustion', 'pay', variant => 'log_forever', body => $$
\barrier wave
BEGIN;
INSERT INTO payment VALUES (:iteration, 100);
INSERT INTO event VALUES (:iteration, :iteration, repeat('x', :event_bytes::int));
\outcome paid
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('disk_exhaustion', 'retention',
	'a log of so many rows, which are written over',
	isolation => 'read committed', expected_verdict => 'pass',
	expected_errors => '{disk_full=refused}');
SELECT @extschema@.ct_add_script('disk_exhaustion', 'pay', variant => 'retention', body => $$
\barrier wave
BEGIN;
INSERT INTO payment VALUES (:iteration, 100);
INSERT INTO event VALUES (:iteration % :kept, :iteration, repeat('x', :event_bytes::int))
	ON CONFLICT (slot) DO UPDATE SET payment = excluded.payment, body = excluded.body;
\outcome paid
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('disk_exhaustion', 'log_is_optional',
	'a payment goes through without its event, where there is no room for that',
	isolation => 'read committed', expected_verdict => 'pass',
	expected_errors => '{disk_full=refused}');
SELECT @extschema@.ct_add_script('disk_exhaustion', 'pay', variant => 'log_is_optional', body => $$
\barrier wave
BEGIN;
INSERT INTO payment VALUES (:iteration, 100);
SELECT log_event(:iteration, :iteration, :event_bytes::int)::int AS logged \gset
\if :logged = 0
	\outcome unlogged
\endif
\outcome paid
COMMIT;
$$);

SELECT @extschema@.ct_add_check('disk_exhaustion', 'nobody_is_refused',
	'SELECT :outcome_refused AS observed, 0 AS expected, pg_relation_size(''event'') / 1024 AS log_kb
	 WHERE :outcome_refused > 0',
	kind => 'disk_full', description => 'No payment is refused for want of room for its event.');
SELECT @extschema@.ct_add_check('disk_exhaustion', 'payments_are_whole',
	'SELECT count(*) AS observed, :outcome_paid AS expected FROM payment
	 HAVING count(*) <> :outcome_paid',
	kind => 'half_done', description => 'What was answered is there, and what was refused has left nothing.');
SELECT @extschema@.ct_add_check('disk_exhaustion', 'events_are_of_payments',
	'SELECT e.payment AS observed FROM event e LEFT JOIN payment p ON p.id = e.payment
	 WHERE p.id IS NULL ORDER BY e.payment',
	kind => 'half_done', description => 'No event tells of a payment that there isn''t.');
