/* concurrent_writes: one row that all writers write, and a slow call while it is locked. */
SELECT @extschema@.ct_create_scenario('concurrent_writes',
	category => 'throughput',
	description => 'A hot row is locked while a slow service is called: all writers form a queue behind it.',
	story => $$
The bug: users renew their subscriptions.  Each renewal adds to the revenue
of the plan, charges the card at a payment provider, which takes :call_us,
and books the payment.  All of it is correct; but the plan's row is the same
for everybody, its lock lasts until COMMIT, and the provider is called with
the lock held.  So there is one renewal at a time in the whole shop, at most
one per :call_us, whatever the hardware.  The same goes for a number from a
counter row, a parent's `updated_at` that an ORM touches first, the stock of
one article.

The cheapest fix is the order of the statements: `hot_row_last` does exactly
the same, and holds the lock for the time of a COMMIT.  `call_outside` makes
two short transactions of it, with no lock and no transaction open during
the call: the one to take where calls can hang, or fail after the money has
moved, as the renewal is on record as pending before the card is charged.
`slots` spreads the hot row over :slots rows, and `append` has none: revenue
is summed up from the payments when somebody asks.  They are for rows that
are hot even without a call.

What to look at: tps and p50 against the number of workers.
`lock_then_call` stays at one renewal per :call_us with any number of them.
The thresholds are p50 below 100 ms, p95 below 200 ms, p99 below 500 ms, and
more than 100 renewals per second; give the call `thresholds` for others.

Not to be explored: what goes wrong is how many writers are served at once;
a step of an exploration is executed alone.
$$,
	params => '{"users": 100, "renewals": 1, "plans": 1, "call_us": 18000, "slots": 16}',
	explore_params => NULL,
	transactions_expr => ':users * :renewals',
	setup => $$
CREATE TABLE plan (
	id		int PRIMARY KEY,
	name	text NOT NULL UNIQUE,
	price	numeric(10, 2) NOT NULL CHECK (price > 0),
	revenue	numeric(14, 2) NOT NULL DEFAULT 0
);
CREATE TABLE app_user (
	id		int PRIMARY KEY,
	email	text NOT NULL UNIQUE
);
CREATE TABLE subscription (
	id			int PRIMARY KEY,
	app_user	int NOT NULL REFERENCES app_user,
	plan		int NOT NULL REFERENCES plan,
	paid_until	date NOT NULL DEFAULT '2030-01-01',
	UNIQUE (app_user, plan)
);
CREATE TABLE payment (
	id				bigint PRIMARY KEY,
	subscription	int NOT NULL REFERENCES subscription,
	amount			numeric(10, 2) NOT NULL,
	state			text NOT NULL DEFAULT 'paid' CHECK (state IN ('pending', 'paid')),
	booked_at		timestamptz NOT NULL DEFAULT now()
);
INSERT INTO plan SELECT i, 'Plan ' || i, i + 8.99 FROM generate_series(1, :plans) i;
INSERT INTO app_user SELECT i, 'user' || i || '@example.com' FROM generate_series(1, :users) i;
INSERT INTO subscription SELECT i, i, i % :plans + 1 FROM generate_series(1, :users) i;

/* What the plan's revenue is, wherever it is kept: for the checks. */
CREATE VIEW plan_revenue AS SELECT id AS plan, revenue::numeric FROM plan;
$$);

/* The bug */
SELECT @extschema@.ct_add_variant('concurrent_writes', 'lock_then_call',
	'update the plan, call the provider, commit: one renewal at a time',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'lock_then_call', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
BEGIN;
UPDATE plan SET revenue = revenue + price WHERE id = :plan;
-- the payment provider
\sleep :call_us us
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
INSERT INTO payment (id, subscription, amount) SELECT :iteration, :user, price FROM plan WHERE id = :plan;
\outcome renewed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_writes', 'for_update_then_call',
	'lock the plan to read its price, call the provider, write: the same queue',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'for_update_then_call', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
BEGIN;
SELECT price FROM plan WHERE id = :plan FOR UPDATE \gset
-- the payment provider
\sleep :call_us us
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
INSERT INTO payment (id, subscription, amount) VALUES (:iteration, :user, :price);
UPDATE plan SET revenue = revenue + :price WHERE id = :plan;
\outcome renewed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_writes', 'hot_row_last',
	'the same statements, the plan''s after the call and last of all',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'hot_row_last', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
BEGIN;
SELECT price FROM plan WHERE id = :plan \gset
-- the payment provider
\sleep :call_us us
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
INSERT INTO payment (id, subscription, amount) VALUES (:iteration, :user, :price);
UPDATE plan SET revenue = revenue + :price WHERE id = :plan;
\outcome renewed
COMMIT;
$$);

/* Who finds a payment pending for long asks the provider what became of it. */
SELECT @extschema@.ct_add_variant('concurrent_writes', 'call_outside',
	'put the payment down as pending, commit, call, then book it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'call_outside', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
INSERT INTO payment (id, subscription, amount, state)
	SELECT :iteration, :user, price, 'pending' FROM plan WHERE id = :plan;
-- the payment provider
\sleep :call_us us
BEGIN;
UPDATE payment SET state = 'paid' WHERE id = :iteration AND state = 'pending';
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
UPDATE plan SET revenue = revenue + (SELECT amount FROM payment WHERE id = :iteration) WHERE id = :plan;
\outcome renewed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_writes', 'slots',
	'the revenue in many rows per plan, each writer takes one of them',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE plan_slot (
	plan	int NOT NULL REFERENCES plan,
	slot	int NOT NULL,
	revenue	numeric(14, 2) NOT NULL DEFAULT 0,
	PRIMARY KEY (plan, slot)
);
INSERT INTO plan_slot SELECT p, s FROM generate_series(1, :plans) p, generate_series(0, :slots - 1) s;
CREATE OR REPLACE VIEW plan_revenue AS SELECT plan, sum(revenue) AS revenue FROM plan_slot GROUP BY plan;
$$);
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'slots', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
BEGIN;
SELECT price FROM plan WHERE id = :plan \gset
UPDATE plan_slot SET revenue = revenue + :price WHERE plan = :plan AND slot = :client_id % :slots;
-- the payment provider
\sleep :call_us us
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
INSERT INTO payment (id, subscription, amount) VALUES (:iteration, :user, :price);
\outcome renewed
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('concurrent_writes', 'append',
	'no row for the revenue at all: it is the sum of the payments',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE OR REPLACE VIEW plan_revenue AS
	SELECT s.plan, sum(p.amount) AS revenue
	FROM payment p JOIN subscription s ON s.id = p.subscription GROUP BY s.plan;
$$);
SELECT @extschema@.ct_add_script('concurrent_writes', 'renew',
	think_time => '1 ms', variant => 'append', body => $$
\set user (:iteration - 1) % :users + 1
\set plan :user % :plans + 1
BEGIN;
SELECT price FROM plan WHERE id = :plan \gset
-- the payment provider
\sleep :call_us us
UPDATE subscription SET paid_until = paid_until + interval '1 month' WHERE id = :user;
INSERT INTO payment (id, subscription, amount) VALUES (:iteration, :user, :price);
\outcome renewed
COMMIT;
$$);

SELECT @extschema@.ct_add_threshold('concurrent_writes', 'p50_ms', '<', 100);
SELECT @extschema@.ct_add_threshold('concurrent_writes', 'p95_ms', '<', 200);
SELECT @extschema@.ct_add_threshold('concurrent_writes', 'p99_ms', '<', 500);
SELECT @extschema@.ct_add_threshold('concurrent_writes', 'tps', '>', 100);
SELECT @extschema@.ct_add_check('concurrent_writes', 'revenue_adds_up',
	'SELECT s.plan, r.revenue AS observed, sum(p.amount) AS expected, count(*) AS payments
	 FROM payment p JOIN subscription s ON s.id = p.subscription LEFT JOIN plan_revenue r ON r.plan = s.plan
	 GROUP BY s.plan, r.revenue HAVING r.revenue IS DISTINCT FROM sum(p.amount) ORDER BY s.plan',
	kind => 'lost_update', description => 'The revenue of each plan is the sum of its payments.');
SELECT @extschema@.ct_add_check('concurrent_writes', 'paid_is_renewed',
	'SELECT s.id AS subscription, s.paid_until AS observed,
		(date ''2030-01-01'' + count(p.id) * interval ''1 month'')::date AS expected
	 FROM subscription s LEFT JOIN payment p ON p.subscription = s.id AND p.state = ''paid''
	 GROUP BY s.id HAVING s.paid_until <> (date ''2030-01-01'' + count(p.id) * interval ''1 month'')::date
	 ORDER BY s.id',
	kind => 'lost_update', description => 'Each payment prolongs its subscription by a month.');
SELECT @extschema@.ct_add_check('concurrent_writes', 'renewals_are_booked',
	'SELECT count(*) AS observed, :outcome_renewed AS expected FROM payment WHERE state = ''paid''
	 HAVING count(*) <> :outcome_renewed',
	kind => 'broken_promise', description => 'What was answered with "renewed" is paid and booked, once.');
SELECT @extschema@.ct_add_check('concurrent_writes', 'nothing_is_pending',
	'SELECT p.id AS payment, p.state AS observed, ''paid'' AS expected FROM payment p
	 WHERE p.state <> ''paid'' ORDER BY p.id',
	kind => 'stuck', description => 'No payment is left between the call and the booking.');
SELECT @extschema@.ct_add_check('concurrent_writes', 'everybody_is_renewed',
	'SELECT :outcome_renewed AS observed, :transactions AS expected
	 WHERE :outcome_renewed <> :transactions',
	kind => 'false_refusal', description => 'No renewal is refused.');
