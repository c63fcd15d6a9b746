/*
 * isolation_circular_information_flow: G1c, two approvers who both come second.
 *
 * The barriers are the schedule: both write, then both read, then both commit.
 * Where the lock of another row keeps the second one out it can't come to a
 * barrier, so lock_request has a pause in their place, :window_us.
 */
SELECT @extschema@.ct_create_scenario('isolation_circular_information_flow',
	category => 'isolation phenomena',
	description => 'G1c: two approvers each see the other''s approval, and both release the payment.',
	story => $$
**G1c, circular information flow** (Adya 1999; within P1, *dirty read*, of the ANSI standard as
Berenson et al. 1995 read it): each of two transactions reads what the other one wrote:
`w1(x) w2(y) r1(y) r2(x)`. Each of them comes after the other, which no order of the two can be.

PostgreSQL prevents it **at every level**: what one of them reads of the other must have been
committed before, and that can't be so both ways.

In an application: a payment needs the approvals of two departments, and whoever finds that the
other one has approved already is the second and releases the payment. If each statement commits by
itself, both approve, both look, both are the second: it is paid twice. The same goes for two halves
of a handshake, the last two tasks of a batch ("all done? then send the mail"), and two nodes that
elect each other.

**What prevents G1c isn't yet enough for the payment.** In a transaction, at READ COMMITTED and
REPEATABLE READ, neither of the two sees the other, both believe to be first, and *nobody* pays.
That is another phenomenon, G2-item or write skew: see `isolation_write_skew`. Exactly one payment
comes of SERIALIZABLE, which refuses one of the two (40001; repeated, it sees the other), and of a
lock that both take before they look (`lock_request`). Take the lock if there is a row that stands
for the whole, as here; SERIALIZABLE if there is none.

What to look at: the outcomes. `released` twice a request is G1c; none at all is write skew; one is
right, and only the last two variants are checked for that.
$$,
	params => '{"rounds": 20, "amount": 2500, "window_us": 5000}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE request (
	id		int PRIMARY KEY,
	amount	numeric(12, 2) NOT NULL CHECK (amount > 0)
);
CREATE TABLE approval (
	request		int NOT NULL REFERENCES request,
	department	text NOT NULL CHECK (department IN ('finance', 'legal')),
	revision	bigint,
	PRIMARY KEY (request, department)
);
CREATE TABLE payment (
	id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	request		int NOT NULL REFERENCES request,
	revision	bigint NOT NULL,
	released_by	text NOT NULL,
	amount		numeric(12, 2) NOT NULL
);
INSERT INTO request SELECT i, :amount FROM generate_series(1, :rounds) i;
INSERT INTO approval (request, department)
	SELECT id, department FROM request, unnest(ARRAY['finance', 'legal']) department;
$$);

/*
 * Two transactions are a round: both departments approve of a request's
 * revision.  There is a second one only if a run has more rounds than requests.
 */
SELECT @extschema@.ct_add_variant('isolation_circular_information_flow', 'autocommit',
	'no transaction: approve, then see whether the other one has',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_circular_information_flow', 'approve',
	variant => 'autocommit', body => $$
\set request (:iteration - 1) / 2 % :rounds + 1
\set revision (:iteration - 1) / 2 / :rounds + 1
\set legal (:iteration - 1) % 2
\barrier round
UPDATE approval SET revision = :revision
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END;
\barrier approved
SELECT count(*) AS others FROM approval
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'finance' ELSE 'legal' END
		AND revision = :revision \gset
\barrier looked
\if :others
	INSERT INTO payment (request, revision, released_by, amount)
		SELECT id, :revision, CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END, amount
		FROM request WHERE id = :request;
	\outcome released
\else
	\outcome left_to_the_other
\endif
$$);

SELECT @extschema@.ct_add_script('isolation_circular_information_flow', 'approve', $$
\set request (:iteration - 1) / 2 % :rounds + 1
\set revision (:iteration - 1) / 2 / :rounds + 1
\set legal (:iteration - 1) % 2
\barrier round
BEGIN;
UPDATE approval SET revision = :revision
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END;
\barrier approved
SELECT count(*) AS others FROM approval
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'finance' ELSE 'legal' END
		AND revision = :revision \gset
\barrier looked
\if :others
	INSERT INTO payment (request, revision, released_by, amount)
		SELECT id, :revision, CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END, amount
		FROM request WHERE id = :request;
	\outcome released
\else
	\outcome left_to_the_other
\endif
COMMIT;
$$);
SELECT @extschema@.ct_add_variant('isolation_circular_information_flow', 'read_committed',
	'one transaction: not both see each other (but neither does)',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_circular_information_flow', 'repeatable_read',
	'the same at REPEATABLE READ: not both see each other (but neither does)',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_circular_information_flow', 'serializable',
	'the same at SERIALIZABLE: one is refused, repeated, and sees the other',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('isolation_circular_information_flow', 'lock_request',
	'lock the request before approving: one after the other',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('isolation_circular_information_flow', 'approve',
	variant => 'lock_request', body => $$
\set request (:iteration - 1) / 2 % :rounds + 1
\set revision (:iteration - 1) / 2 / :rounds + 1
\set legal (:iteration - 1) % 2
\barrier round
BEGIN;
SELECT id FROM request WHERE id = :request FOR NO KEY UPDATE;
UPDATE approval SET revision = :revision
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END;
\sleep :window_us us
SELECT count(*) AS others FROM approval
	WHERE request = :request AND department = CASE :legal WHEN 1 THEN 'finance' ELSE 'legal' END
		AND revision = :revision \gset
\if :others
	INSERT INTO payment (request, revision, released_by, amount)
		SELECT id, :revision, CASE :legal WHEN 1 THEN 'legal' ELSE 'finance' END, amount
		FROM request WHERE id = :request;
	\outcome released
\else
	\outcome left_to_the_other
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_check('isolation_circular_information_flow', 'paid_once',
	'SELECT request, revision, count(*) AS observed, 1 AS expected,
		array_agg(released_by ORDER BY id) AS released_by, sum(amount) AS paid
	 FROM payment GROUP BY request, revision HAVING count(*) > 1 ORDER BY request, revision',
	kind => 'circular_information_flow', description => 'Not both of the two come after the other.');
SELECT @extschema@.ct_add_check('isolation_circular_information_flow', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_released AS expected FROM payment
	 HAVING count(*) <> :outcome_released
		OR :outcome_released + :outcome_left_to_the_other <> :transactions',
	kind => 'broken_promise',
	description => 'Each payment that was reported has been made, and everybody was told something.');
SELECT @extschema@.ct_add_check('isolation_circular_information_flow', 'payment_is_made',
	'SELECT a.request, 0 AS observed, 1 AS expected, min(a.revision) AS revision
	 FROM approval a GROUP BY a.request
	 HAVING count(a.revision) = 2 AND min(a.revision) = max(a.revision) AND NOT EXISTS (
		SELECT FROM payment p WHERE p.request = a.request AND p.revision = min(a.revision))
	 ORDER BY a.request',
	kind => 'write_skew', variant => 'serializable',
	description => 'What both have approved of is paid: not both of the two come before the other.');
SELECT @extschema@.ct_add_check('isolation_circular_information_flow', 'payment_is_made',
	'SELECT a.request, 0 AS observed, 1 AS expected, min(a.revision) AS revision
	 FROM approval a GROUP BY a.request
	 HAVING count(a.revision) = 2 AND min(a.revision) = max(a.revision) AND NOT EXISTS (
		SELECT FROM payment p WHERE p.request = a.request AND p.revision = min(a.revision))
	 ORDER BY a.request',
	kind => 'write_skew', variant => 'lock_request',
	description => 'What both have approved of is paid: not both of the two come before the other.');
