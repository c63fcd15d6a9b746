/*
 * isolation_lost_update: P4, points that were credited and are gone.
 *
 * The barriers are the schedule: both read, then both write.  Where reading
 * locks, the second one can't come to a barrier, so for_update has a pause
 * in its place, :window_us.
 */
SELECT @extschema@.ct_create_scenario('isolation_lost_update',
	category => 'isolation phenomena',
	description => 'P4: two purchases read the points, each adds its own, and one of them is overwritten.',
	story => $$
**P4, lost update** (Berenson et al. 1995; a case of Adya's G-single; the ANSI standard forgot it):
two transactions read the same row, and each writes what it made of it:
`r1(x) r2(x) w1(x) c1 w2(x) c2`. The second one overwrites what it hasn't seen.

In PostgreSQL it is **possible at READ COMMITTED**: the second UPDATE waits for the first one's row
lock, and then writes what was computed from the old value. REPEATABLE READ and SERIALIZABLE refuse
it with 40001 ("could not serialize access due to concurrent update"), and the transaction has to be
repeated.

In an application it is each read-modify-write by an ORM: load the object, change a field, save.
Here two purchases credit points to the same account at once.

The fixes, best first:

- `atomic`: let the UPDATE compute (`points = points + 10`). No waiting beyond the row lock, no
  retries.
- `compare_and_set`: write only if the value (or a version column) is still the one that was read.
  The loser is told, and nothing is held while somebody thinks. For edits by people.
- `for_update`: lock while reading. For what can't be said in one UPDATE; others wait as long as you
  think.
- `repeatable_read`, `serializable`: no change to the code but a retry of the whole transaction.

What to look at: `points_add_up` shows how many points are gone, and from which values they were
computed. Retries are what the levels pay, conflicts what `compare_and_set` pays; `for_update`
waits.
$$,
	params => '{"rounds": 20, "points": 100, "earned": 10, "window_us": 5000}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE account (
	id		int PRIMARY KEY,
	points	int NOT NULL CHECK (points >= 0)
);
CREATE TABLE purchase (
	id			bigint PRIMARY KEY,
	account		int NOT NULL REFERENCES account,
	points_seen	int NOT NULL,
	earned		int NOT NULL
);
INSERT INTO account SELECT i, :points FROM generate_series(1, :rounds) i;
$$);

/* Two transactions are a round: purchases of the same customer. */
SELECT @extschema@.ct_add_script('isolation_lost_update', 'purchase', $$
\set account (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT points AS seen FROM account WHERE id = :account \gset
\barrier read
UPDATE account SET points = :seen + :earned WHERE id = :account;
INSERT INTO purchase VALUES (:iteration, :account, :seen, :earned);
\outcome credited
COMMIT;
$$);
SELECT @extschema@.ct_add_variant('isolation_lost_update', 'read_committed',
	'read the points, then write the sum',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_variant('isolation_lost_update', 'repeatable_read',
	'the same at REPEATABLE READ: the second writer is refused, and repeated',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_lost_update', 'serializable',
	'the same at SERIALIZABLE: the second writer is refused, and repeated',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('isolation_lost_update', 'atomic',
	'let the UPDATE add',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_lost_update', 'purchase', variant => 'atomic', body => $$
\set account (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT points AS seen FROM account WHERE id = :account \gset
\barrier read
UPDATE account SET points = points + :earned WHERE id = :account;
INSERT INTO purchase VALUES (:iteration, :account, :seen, :earned);
\outcome credited
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('isolation_lost_update', 'for_update',
	'lock the row while reading it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_lost_update', 'purchase',
	variant => 'for_update', body => $$
\set account (:iteration - 1) / 2 % :rounds + 1
\barrier round
BEGIN;
SELECT points AS seen FROM account WHERE id = :account FOR UPDATE \gset
\sleep :window_us us
UPDATE account SET points = :seen + :earned WHERE id = :account;
INSERT INTO purchase VALUES (:iteration, :account, :seen, :earned);
\outcome credited
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('isolation_lost_update', 'compare_and_set',
	'write only if the points are still those that were read',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_lost_update', 'purchase',
	variant => 'compare_and_set', body => $$
\set account (:iteration - 1) / 2 % :rounds + 1
\set written 0
\barrier round
BEGIN;
SELECT points AS seen FROM account WHERE id = :account \gset
\barrier read
UPDATE account SET points = :seen + :earned
	WHERE id = :account AND points = :seen RETURNING 1 AS written \aset
\if :written
	INSERT INTO purchase VALUES (:iteration, :account, :seen, :earned);
	\outcome credited
\else
	\outcome conflict
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('isolation_lost_update', 'points_add_up',
	'SELECT a.id AS account, a.points AS observed, :points + sum(p.earned) AS expected,
		array_agg(p.points_seen ORDER BY p.id) AS computed_from
	 FROM account a JOIN purchase p ON p.account = a.id
	 GROUP BY a.id HAVING a.points <> :points + sum(p.earned) ORDER BY a.id',
	kind => 'lost_update', description => 'An account has what it had, and all that was earned.');
SELECT @extschema@.ct_add_check('isolation_lost_update', 'one_of_two_is_credited',
	'SELECT count(DISTINCT account) AS observed, least(:rounds, :transactions / 2) AS expected
	 FROM purchase HAVING count(DISTINCT account) < least(:rounds, :transactions / 2)',
	kind => 'false_refusal', description => 'Of two purchases at once, not both are in conflict.');
SELECT @extschema@.ct_add_check('isolation_lost_update', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_credited AS expected, :outcome_conflict AS conflicts
	 FROM purchase HAVING count(*) <> :outcome_credited
		OR count(*) + :outcome_conflict <> :transactions',
	kind => 'broken_promise',
	description => 'Who was told "credited" has a purchase, and everybody was told something.');
