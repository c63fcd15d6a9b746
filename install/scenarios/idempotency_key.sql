/*
 * idempotency_key: look whether the request was there before, then do it.
 *
 * All requests of a key come one after the other, so as many at once as there
 * are workers (the barrier).  "answer" is the clients' log: what each of them
 * was told, written when the payment's transaction is over.
 */
SELECT @extschema@.ct_create_scenario('idempotency_key',
	category => 'uniqueness',
	description => 'A repeated request looks for its key, finds none yet, and charges the customer again.',
	story => $$
A client that heard nothing sends its payment again, with the same idempotency key; so does a load
balancer, a queue that delivers at least once, a second tab. All requests of one key must have one
effect, and **all must get the same answer**: also those that arrive while the first is still at
work. The second half is what most implementations forget.

Here each of the `keys` is sent `requests` times, as many at once as there are workers; to charge
takes `window_us`.

- `check_then_charge` looks for the key and stores it with the answer at the end. Whoever comes
  before that finds nothing, and charges again.
- `charge_then_store` has a unique key and gives everybody the same answer, but the charge was
  committed (or sent to a payment provider) before the key was: the constraint protects the record
  of the charge, not the charge.
- `claim_without_wait` stores the key first, so there is one charge. But those who find a key that
  has no answer yet return nothing, and their client doesn't know whether it paid.

What to take:

- `insert_first`: insert the key, then do the work, in *one* transaction. `ON CONFLICT DO NOTHING`
  waits for the one who inserted it first, and the next statement reads the answer. The simplest
  one, if the work is in the database and short: the others hold a connection while they wait.
- `claim_then_poll`: if the work is a call to somebody else. The claim is committed before, the
  answer stored after it, and who comes in between is told to come again (HTTP 409 and Retry-After;
  `retries` in the comparison). No transaction stays open, but a claim whose owner died needs a
  lease to take it over, and the provider needs a key of its own.
- `unique_retry`: the naive code over a unique key, repeated upon 23505. All do the work, one of
  them commits: only for work that a rollback undoes, and cheap work at that.
- `advisory_lock`: where the key's table can't have the constraint; all writers must take it.
- `serializable`: the same waste as `unique_retry`, without an index.
$$,
	params => '{"keys": 10, "requests": 10, "amount": 25, "balance": 1000, "window_us": 1000}',
	explore_params => '{"keys": 1, "requests": 2, "window_us": 0}',
	transactions_expr => ':keys * :requests',
	setup => $$
CREATE TABLE account (
	id		int PRIMARY KEY,
	balance	numeric(12,2) NOT NULL
);
CREATE TABLE payment (
	id		int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	account	int NOT NULL REFERENCES account,
	key		text NOT NULL,
	amount	numeric(12,2) NOT NULL CHECK (amount > 0)
);
CREATE TABLE request (
	key		text NOT NULL,
	payment	int REFERENCES payment		-- the answer; NULL: not yet
);
CREATE INDEX request_key ON request (key);
CREATE TABLE answer (
	key		text NOT NULL,
	payment	int
);
INSERT INTO account SELECT i, :balance FROM generate_series(1, :keys) i;
$$);

/* The bug, and what "unique_retry" and "serializable" run. */
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', $$
\set account (:iteration - 1) / :requests % :keys + 1
\set payment 0
\barrier pay
BEGIN;
SELECT payment FROM request WHERE key = 'order-' || :account LIMIT 1 \aset
\if :payment = 0
	\sleep :window_us us
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	INSERT INTO request (key, payment) VALUES ('order-' || :account, :payment);
	\outcome charged
\else
	\outcome replayed
\endif
COMMIT;
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

SELECT @extschema@.ct_add_variant('idempotency_key', 'check_then_charge',
	'look for the key; if it is new: charge, store key and answer',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('idempotency_key', 'charge_then_store',
	'the key is unique, but stored after the charge has been made: also broken',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE request ADD PRIMARY KEY (key)');
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', variant => 'charge_then_store', body => $$
\set account (:iteration - 1) / :requests % :keys + 1
\set payment 0
\barrier pay
SELECT payment FROM request WHERE key = 'order-' || :account \aset
\if :payment = 0
	\sleep :window_us us
	BEGIN;
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	\outcome charged
	COMMIT;
	INSERT INTO request (key, payment) VALUES ('order-' || :account, :payment)
		ON CONFLICT (key) DO NOTHING;
	SELECT payment FROM request WHERE key = 'order-' || :account \gset
\else
	\outcome replayed
\endif
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

SELECT @extschema@.ct_add_variant('idempotency_key', 'claim_without_wait',
	'the key is stored first, but who finds it without an answer has none: also broken',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => 'ALTER TABLE request ADD PRIMARY KEY (key)');
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', variant => 'claim_without_wait', body => $$
\set account (:iteration - 1) / :requests % :keys + 1
\set mine 0
\barrier pay
INSERT INTO request (key) VALUES ('order-' || :account)
	ON CONFLICT (key) DO NOTHING RETURNING 1 AS mine \aset
\if :mine
	\sleep :window_us us
	BEGIN;
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	UPDATE request SET payment = :payment WHERE key = 'order-' || :account;
	\outcome charged
	COMMIT;
\else
	SELECT payment, (payment IS NULL)::int AS empty FROM request WHERE key = 'order-' || :account \gset
	\if :empty
		\outcome empty
	\else
		\outcome replayed
	\endif
\endif
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

/* Who finds the key taken waits in the INSERT until its owner is done. */
SELECT @extschema@.ct_add_variant('idempotency_key', 'insert_first',
	'insert the unique key, charge, store the answer: in one transaction',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE request ADD PRIMARY KEY (key)');
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', variant => 'insert_first', body => $$
\set account (:iteration - 1) / :requests % :keys + 1
\set mine 0
\barrier pay
BEGIN;
INSERT INTO request (key) VALUES ('order-' || :account)
	ON CONFLICT (key) DO NOTHING RETURNING 1 AS mine \aset
\if :mine
	\sleep :window_us us
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	UPDATE request SET payment = :payment WHERE key = 'order-' || :account;
	\outcome charged
\else
	SELECT payment FROM request WHERE key = 'order-' || :account \gset
	\outcome replayed
\endif
COMMIT;
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

SELECT @extschema@.ct_add_variant('idempotency_key', 'claim_then_poll',
	'commit the claim, charge, store the answer; who comes meanwhile is told to come again',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
ALTER TABLE request ADD PRIMARY KEY (key);
CREATE FUNCTION answer_of(wanted text) RETURNS int LANGUAGE plpgsql AS $body$
DECLARE
	found	int;
BEGIN
	SELECT payment INTO found FROM request WHERE key = wanted;
	IF found IS NULL THEN
		RAISE EXCEPTION 'request "%" is being processed', wanted USING ERRCODE = 'IK409';
	END IF;
	RETURN found;
END $body$;
$$,
	retried_errors => '{IK409}', max_tries => 0);
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', variant => 'claim_then_poll', body => $$
\set account (:iteration - 1) / :requests % :keys + 1
\set mine 0
\barrier pay
INSERT INTO request (key) VALUES ('order-' || :account)
	ON CONFLICT (key) DO NOTHING RETURNING 1 AS mine \aset
\if :mine
	\sleep :window_us us
	BEGIN;
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	UPDATE request SET payment = :payment WHERE key = 'order-' || :account;
	\outcome charged
	COMMIT;
\else
	SELECT answer_of('order-' || :account) AS payment \gset
	\outcome replayed
\endif
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

SELECT @extschema@.ct_add_variant('idempotency_key', 'unique_retry',
	'the naive code over a unique key, repeated as a whole upon 23505',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE request ADD PRIMARY KEY (key)',
	retried_errors => '{23505}', max_tries => 100);

/* A statement of its own takes the lock, so that the next one's snapshot is newer than it. */
SELECT @extschema@.ct_add_variant('idempotency_key', 'advisory_lock',
	'an advisory lock on the key''s hash before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('idempotency_key', 'pay', variant => 'advisory_lock', body => $$
\set account (:iteration - 1) / :requests % :keys + 1
\set payment 0
\barrier pay
BEGIN;
SELECT pg_advisory_xact_lock('request'::regclass::oid::int, hashtext('order-' || :account));
SELECT payment FROM request WHERE key = 'order-' || :account \aset
\if :payment = 0
	\sleep :window_us us
	INSERT INTO payment (account, key, amount) VALUES (:account, 'order-' || :account, :amount)
		RETURNING id AS payment \gset
	UPDATE account SET balance = balance - :amount WHERE id = :account;
	INSERT INTO request (key, payment) VALUES ('order-' || :account, :payment);
	\outcome charged
\else
	\outcome replayed
\endif
COMMIT;
INSERT INTO answer (key, payment) VALUES ('order-' || :account, :payment);
$$);

SELECT @extschema@.ct_add_variant('idempotency_key', 'serializable',
	'the naive code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('idempotency_key', 'one_charge',
	'SELECT key, count(*) AS observed, 1 AS expected, sum(amount) AS charged,
		array_agg(id ORDER BY id) AS payments
	 FROM payment GROUP BY key HAVING count(*) > 1 ORDER BY min(id)',
	kind => 'double_charge', description => 'A key is charged once.');
SELECT @extschema@.ct_add_check('idempotency_key', 'same_answer_for_all',
	'SELECT a.key, count(DISTINCT coalesce(a.payment, 0)) AS observed, 1 AS expected,
		array_agg(DISTINCT a.payment) AS answers,
		count(*) FILTER (WHERE a.payment IS NULL) AS without_answer
	 FROM answer a GROUP BY a.key
	 HAVING count(DISTINCT coalesce(a.payment, 0)) > 1 OR bool_or(a.payment IS NULL) ORDER BY a.key',
	kind => 'different_answers', description => 'All requests of a key are told of the same payment.');
SELECT @extschema@.ct_add_check('idempotency_key', 'everybody_is_answered',
	'SELECT count(*) AS observed, :transactions AS expected FROM answer
	 HAVING count(*) <> :transactions',
	kind => 'no_answer', description => 'Every request gets an answer.');
SELECT @extschema@.ct_add_check('idempotency_key', 'every_key_is_charged',
	'SELECT a.key, count(*) AS answers, 0 AS observed, 1 AS expected
	 FROM answer a WHERE NOT EXISTS (SELECT FROM payment p WHERE p.key = a.key)
	 GROUP BY a.key ORDER BY a.key',
	kind => 'lost_effect', description => 'Nobody hears "done" without being charged.');
SELECT @extschema@.ct_add_check('idempotency_key', 'balance_adds_up',
	'SELECT a.id AS account, a.balance AS observed, :balance - coalesce(sum(p.amount), 0) AS expected
	 FROM account a LEFT JOIN payment p ON p.account = a.id
	 GROUP BY a.id HAVING a.balance <> :balance - coalesce(sum(p.amount), 0) ORDER BY a.id',
	kind => 'lost_update', description => 'An account has lost what its payments took.');
SELECT @extschema@.ct_add_check('idempotency_key', 'outcomes_are_true',
	'SELECT count(*) AS observed, :outcome_charged AS expected FROM payment
	 HAVING count(*) <> :outcome_charged',
	kind => 'broken_promise', description => 'What was answered with "charged" is a payment, and nothing else.');
