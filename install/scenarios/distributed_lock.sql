/* distributed_lock: a holder that was away for longer than its lease. */
SELECT @extschema@.ct_create_scenario('distributed_lock',
	category => 'locks',
	description => 'A lock with a lease runs out while its holder works, who writes all the same.',
	story => $$
The bug: instances of a program take turns by a row in a lock table, with a
time to live, so that the lock of an instance that died is free again after
:ttl_ms.  But an instance may only have been away: garbage collection, a
virtual machine that was moved, a slow call.  Its lease runs out, another
instance takes the lock and writes its report; then the first one wakes up,
believes that it holds the lock, and writes over it what it has computed
from older data.  Nothing fails, nothing is logged.  The same goes for
Redis, ZooKeeper or whatever else hands out leases: no lease can promise
that its holder is awake.

Looking at the lease once more before writing (check_then_write, also
broken) makes the window smaller, not empty: the pause comes after it.

Instances come in pairs, one pair to a report: the first one takes the lock
and is away for :stall_ms; the second one comes when the lease has run out.
Each lease has a token that is higher than the one before.

What to look at: with fencing_token the report remembers the highest token
that has written it, and takes nothing from a lower one: the zombie is told
"fenced".  It works with storage elsewhere, too, if that can compare.
lease_in_transaction locks the lease's row, looks at it and writes, in one
transaction: right where lock and data are in the same database.
advisory_lock has no lease: the lock lives as long as the transaction, the
server ends it with the connection, and the others wait or are refused; the
price is a transaction, and a connection, that is open for the whole work.

Not to be explored: leases expire by the clock, and no order of steps makes
time pass.
$$,
	params => '{"reports": 12, "ttl_ms": 20, "stall_ms": 120}',
	explore_params => NULL,
	transactions_expr => ':reports * 2',
	setup => $$
CREATE TABLE lease (
	name		text PRIMARY KEY,
	holder		int,
	token		bigint NOT NULL DEFAULT 0,
	expires_at	timestamptz
);
CREATE TABLE report (
	id			int PRIMARY KEY,
	written_by	int,
	token		bigint NOT NULL DEFAULT 0
);
/* What was written when, by whom: the audit trail. */
CREATE TABLE report_log (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	report		int NOT NULL REFERENCES report,
	written_by	int NOT NULL,
	token		bigint NOT NULL
);
INSERT INTO lease (name) SELECT 'report ' || i FROM generate_series(1, :reports) i;
INSERT INTO report (id) SELECT i FROM generate_series(1, :reports) i;

/* The new lease's token, or nothing if somebody else has the lock. */
CREATE FUNCTION take_lease(wanted text, whom int, ttl_ms int) RETURNS TABLE (token bigint)
LANGUAGE sql VOLATILE AS $f$
	UPDATE lease l SET holder = whom, token = l.token + 1,
			expires_at = clock_timestamp() + ttl_ms * interval '1 ms'
		WHERE l.name = wanted AND (l.holder IS NULL OR l.expires_at < clock_timestamp())
		RETURNING l.token
$f$;
CREATE FUNCTION release_lease(held text, its_token bigint) RETURNS void LANGUAGE sql VOLATILE AS $f$
	UPDATE lease SET holder = NULL WHERE name = held AND token = its_token
$f$;
$$);

SELECT @extschema@.ct_add_variant('distributed_lock', 'lease_only',
	'take the lease, work, write',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('distributed_lock', 'write_report', variant => 'lease_only', body => $$
\set report (:iteration - 1) / 2 % :reports + 1
\set late (:iteration - 1) % 2
\set token 0
\barrier pair
\if :late
	\set wait_ms :ttl_ms * 2
	\sleep :wait_ms ms
\endif
SELECT token FROM take_lease('report ' || :report, :iteration::int, :ttl_ms) \aset
\if :token = 0
	\outcome busy
\else
	\if :late = 0
		\sleep :stall_ms ms
	\endif
	BEGIN;
	UPDATE report SET written_by = :iteration, token = :token WHERE id = :report;
	INSERT INTO report_log (report, written_by, token) VALUES (:report, :iteration, :token);
	\outcome written
	COMMIT;
	SELECT release_lease('report ' || :report, :token);
\endif
$$);

SELECT @extschema@.ct_add_variant('distributed_lock', 'check_then_write',
	'look whether the lease is still ours, then write: just as broken',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('distributed_lock', 'write_report', variant => 'check_then_write', body => $$
\set report (:iteration - 1) / 2 % :reports + 1
\set late (:iteration - 1) % 2
\set token 0
\set ours 0
\barrier pair
\if :late
	\set wait_ms :ttl_ms * 2
	\sleep :wait_ms ms
\endif
SELECT token FROM take_lease('report ' || :report, :iteration::int, :ttl_ms) \aset
\if :token = 0
	\outcome busy
\else
	SELECT 1 AS ours FROM lease
		WHERE name = 'report ' || :report AND token = :token AND expires_at > clock_timestamp() \aset
	\if :late = 0
		\sleep :stall_ms ms
	\endif
	\if :ours
		BEGIN;
		UPDATE report SET written_by = :iteration, token = :token WHERE id = :report;
		INSERT INTO report_log (report, written_by, token) VALUES (:report, :iteration, :token);
		\outcome written
		COMMIT;
	\else
		\outcome expired
	\endif
	SELECT release_lease('report ' || :report, :token);
\endif
$$);

SELECT @extschema@.ct_add_variant('distributed_lock', 'fencing_token',
	'write only if no higher token has written before',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('distributed_lock', 'write_report', variant => 'fencing_token', body => $$
\set report (:iteration - 1) / 2 % :reports + 1
\set late (:iteration - 1) % 2
\set token 0
\set accepted 0
\barrier pair
\if :late
	\set wait_ms :ttl_ms * 2
	\sleep :wait_ms ms
\endif
SELECT token FROM take_lease('report ' || :report, :iteration::int, :ttl_ms) \aset
\if :token = 0
	\outcome busy
\else
	\if :late = 0
		\sleep :stall_ms ms
	\endif
	BEGIN;
	UPDATE report SET written_by = :iteration, token = :token
		WHERE id = :report AND token <= :token RETURNING 1 AS accepted \aset
	\if :accepted
		INSERT INTO report_log (report, written_by, token) VALUES (:report, :iteration, :token);
		\outcome written
	\else
		\outcome fenced
	\endif
	COMMIT;
	SELECT release_lease('report ' || :report, :token);
\endif
$$);

/* The lock on the lease's row keeps everybody from taking it over until the write is committed. */
SELECT @extschema@.ct_add_variant('distributed_lock', 'lease_in_transaction',
	'lock the lease''s row, look whether it is still ours, and write, in one transaction',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('distributed_lock', 'write_report', variant => 'lease_in_transaction', body => $$
\set report (:iteration - 1) / 2 % :reports + 1
\set late (:iteration - 1) % 2
\set token 0
\set ours 0
\barrier pair
\if :late
	\set wait_ms :ttl_ms * 2
	\sleep :wait_ms ms
\endif
SELECT token FROM take_lease('report ' || :report, :iteration::int, :ttl_ms) \aset
\if :token = 0
	\outcome busy
\else
	\if :late = 0
		\sleep :stall_ms ms
	\endif
	BEGIN;
	SELECT 1 AS ours FROM lease WHERE name = 'report ' || :report AND token = :token
		FOR NO KEY UPDATE \aset
	\if :ours
		UPDATE report SET written_by = :iteration, token = :token WHERE id = :report;
		INSERT INTO report_log (report, written_by, token) VALUES (:report, :iteration, :token);
		UPDATE lease SET holder = NULL WHERE name = 'report ' || :report;
		\outcome written
	\else
		\outcome expired
	\endif
	COMMIT;
\endif
$$);

/* The token is only for the audit trail: it says in which order they had the lock. */
SELECT @extschema@.ct_add_variant('distributed_lock', 'advisory_lock',
	'no lease: an advisory lock for as long as the transaction works',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE SEQUENCE turn');
SELECT @extschema@.ct_add_script('distributed_lock', 'write_report', variant => 'advisory_lock', body => $$
\set report (:iteration - 1) / 2 % :reports + 1
\set late (:iteration - 1) % 2
\barrier pair
\if :late
	\set wait_ms :ttl_ms * 2
	\sleep :wait_ms ms
\endif
BEGIN;
SELECT pg_advisory_xact_lock('report'::regclass::oid::int, :report);
SELECT nextval('turn') AS token \gset
\if :late = 0
	\sleep :stall_ms ms
\endif
UPDATE report SET written_by = :iteration, token = :token WHERE id = :report;
INSERT INTO report_log (report, written_by, token) VALUES (:report, :iteration, :token);
\outcome written
COMMIT;
$$);

SELECT @extschema@.ct_add_check('distributed_lock', 'no_stale_write',
	'SELECT w.report, w.written_by AS zombie, w.token AS observed, b.token AS expected,
		b.written_by AS overwritten
	 FROM report_log w, LATERAL (
		SELECT token, written_by FROM report_log b WHERE b.report = w.report AND b.id < w.id
		ORDER BY token DESC LIMIT 1) b
	 WHERE b.token > w.token ORDER BY w.report, w.id',
	kind => 'stale_write', description => 'Nobody writes after somebody whose lease is newer.');
SELECT @extschema@.ct_add_check('distributed_lock', 'last_lease_prevails',
	'SELECT r.id AS report, r.token AS observed, max(l.token) AS expected, r.written_by
	 FROM report r JOIN report_log l ON l.report = r.id
	 GROUP BY r.id HAVING r.token <> max(l.token) ORDER BY r.id',
	kind => 'lost_update', description => 'A report is what the holder of the newest lease wrote.');
SELECT @extschema@.ct_add_check('distributed_lock', 'written_is_written',
	'SELECT count(*) AS observed, :outcome_written AS expected FROM report_log
	 HAVING count(*) <> :outcome_written',
	kind => 'broken_promise', description => 'Who was told "written" is in the audit trail, once.');
SELECT @extschema@.ct_add_check('distributed_lock', 'every_report_is_written',
	'SELECT r.id AS report, 0 AS observed, 1 AS expected FROM report r
	 WHERE r.id <= :transactions / 2 AND NOT EXISTS (SELECT FROM report_log l WHERE l.report = r.id)
	 ORDER BY r.id',
	kind => 'false_refusal', description => 'One of the two who came for a report writes it.');
