/* horizontal_instances: five instances of an application, 500 requests. */
SELECT @extschema@.ct_create_scenario('horizontal_instances',
	category => 'throughput',
	description => 'Instances of an application take the next request by looking: some are executed five times.',
	story => $$
The bug: a scheduled job, a mailer or a poller was written for one instance
of the application.  Then it is scaled out to :instances.  Each instance
looks for the next request that is new, executes it (:window_us), and marks
it as done; and as they run at the same time, they look at the same time.
Customers get five mails.  No instance ever sees anything unusual.

The second broken variant claims by SKIP LOCKED, so nothing is executed
twice, but it claims :prefetch at once: three instances take all, the others
stand idle, and adding instances adds nothing.

There are :instances * :requests_each requests, and as many turns, each
instance in its turn; workers play the instances.  In the end each request
has to be executed once, and each instance's share has to be within
:spread_percent of the average.

What to look at: claiming one by one with SKIP LOCKED is fair by itself:
who is faster takes more.  A quota per instance (fair_share) makes larger
batches fair.  A unique key on the execution needs nothing but the key and
a repetition, and works for effects outside of the database, if the key is
inserted first.  Partitions by hash need no claims, but if one instance is
gone, so is its share, until somebody takes it over; and an instance must
not run twice, which a lock on its row makes sure of.

Not to be explored: what goes wrong is how instances share hundreds of
requests, which no order of a few steps has.
$$,
	params => '{"instances": 5, "requests_each": 100, "prefetch": 150, "batch": 10, "spread_percent": 5, "window_us": 1000}',
	explore_params => NULL,
	workers => 5,
	transactions_expr => ':instances * :requests_each',
	setup => $$
CREATE TABLE instance (
	id			int PRIMARY KEY,
	host		text NOT NULL,
	executed	int NOT NULL DEFAULT 0
);
CREATE TABLE request (
	id			int PRIMARY KEY,
	recipient	text NOT NULL,
	state		text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done'))
);
CREATE INDEX ON request (id) WHERE state = 'new';
CREATE TABLE execution (
	request		int NOT NULL REFERENCES request,
	instance	int NOT NULL REFERENCES instance,
	executed_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO instance SELECT i, 'app-' || i || '.example.com' FROM generate_series(1, :instances) i;
INSERT INTO request SELECT i, 'customer' || i || '@example.com'
	FROM generate_series(1, :instances * :requests_each) i;
ANALYZE request;
$$);

SELECT @extschema@.ct_add_variant('horizontal_instances', 'look_then_execute',
	'take the first request that is new, execute it, mark it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'look_then_execute', body => $$
\set instance (:iteration - 1) % :instances + 1
\set request 0
\barrier wave
BEGIN;
SELECT id AS request FROM request WHERE state = 'new' ORDER BY id LIMIT 1 \aset
\if :request
	\sleep :window_us us
	INSERT INTO execution (request, instance) VALUES (:request, :instance);
	UPDATE request SET state = 'done' WHERE id = :request;
	UPDATE instance SET executed = executed + 1 WHERE id = :instance;
	\tally executed 1
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('horizontal_instances', 'prefetch',
	'claim many at once: nothing twice, but some instances get all of it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'prefetch', body => $$
\set instance (:iteration - 1) % :instances + 1
\barrier wave
BEGIN;
SELECT array_agg(id) AS requests, count(*) AS claimed
	FROM (SELECT id FROM request WHERE state = 'new'
		ORDER BY id LIMIT :prefetch FOR UPDATE SKIP LOCKED) claim \gset
\if :claimed
	\sleep :window_us us
	INSERT INTO execution (request, instance) SELECT r, :instance FROM unnest(:requests::int[]) r;
	UPDATE request SET state = 'done' WHERE id = ANY(:requests);
	UPDATE instance SET executed = executed + :claimed WHERE id = :instance;
	\tally executed :claimed
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('horizontal_instances', 'skip_locked',
	'claim the first one that nobody else has: FOR UPDATE SKIP LOCKED',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'skip_locked', body => $$
\set instance (:iteration - 1) % :instances + 1
\set request 0
\barrier wave
BEGIN;
SELECT id AS request FROM request WHERE state = 'new'
	ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \aset
\if :request
	\sleep :window_us us
	INSERT INTO execution (request, instance) VALUES (:request, :instance);
	UPDATE request SET state = 'done' WHERE id = :request;
	UPDATE instance SET executed = executed + 1 WHERE id = :instance;
	\tally executed 1
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('horizontal_instances', 'fair_share',
	'claim in batches, as long as the instance is below its quota',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'fair_share', body => $$
\set instance (:iteration - 1) % :instances + 1
\barrier wave
BEGIN;
SELECT greatest(0, least(:batch, :requests_each - executed)) AS quota FROM instance
	WHERE id = :instance FOR NO KEY UPDATE \gset
SELECT array_agg(id) AS requests, count(*) AS claimed
	FROM (SELECT id FROM request WHERE state = 'new'
		ORDER BY id LIMIT :quota FOR UPDATE SKIP LOCKED) claim \gset
\if :claimed
	\sleep :window_us us
	INSERT INTO execution (request, instance) SELECT r, :instance FROM unnest(:requests::int[]) r;
	UPDATE request SET state = 'done' WHERE id = ANY(:requests);
	UPDATE instance SET executed = executed + :claimed WHERE id = :instance;
	\tally executed :claimed
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

/* The key is inserted before anything is executed.  Any of the next few, so as not to collide each time. */
SELECT @extschema@.ct_add_variant('horizontal_instances', 'unique_key',
	'a unique key on the execution: who comes second looks again',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{unique_violation}',
	setup => 'ALTER TABLE execution ADD PRIMARY KEY (request)');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'unique_key', body => $$
\set instance (:iteration - 1) % :instances + 1
\set request 0
\barrier wave
BEGIN;
SELECT id AS request
	FROM (SELECT id FROM request WHERE state = 'new' ORDER BY id LIMIT 2 * :instances) next
	ORDER BY random() LIMIT 1 \aset
\if :request
	INSERT INTO execution (request, instance) VALUES (:request, :instance);
	\sleep :window_us us
	UPDATE request SET state = 'done' WHERE id = :request;
	UPDATE instance SET executed = executed + 1 WHERE id = :instance;
	\tally executed 1
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('horizontal_instances', 'hash_partition',
	'each instance takes only what its number is a hash of; one at a time',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('horizontal_instances', 'turn', variant => 'hash_partition', body => $$
\set instance (:iteration - 1) % :instances + 1
\set request 0
\barrier wave
BEGIN;
SELECT id FROM instance WHERE id = :instance FOR NO KEY UPDATE;
SELECT id AS request FROM request WHERE state = 'new' AND id % :instances + 1 = :instance
	ORDER BY id LIMIT 1 \aset
\if :request
	\sleep :window_us us
	INSERT INTO execution (request, instance) VALUES (:request, :instance);
	UPDATE request SET state = 'done' WHERE id = :request;
	UPDATE instance SET executed = executed + 1 WHERE id = :instance;
	\tally executed 1
	\outcome executed
\else
	\outcome idle
\endif
COMMIT;
$$);

/* What is left, and how it is spread, counts once each request has had its turn: a call may ask for fewer. */
SELECT @extschema@.ct_add_check('horizontal_instances', 'each_request_once',
	'SELECT r.id AS request, r.recipient, count(e.instance) AS observed, 1 AS expected,
		array_agg(e.instance ORDER BY e.executed_at) FILTER (WHERE e.instance IS NOT NULL) AS executed_by
	 FROM request r LEFT JOIN execution e ON e.request = r.id
	 GROUP BY r.id
	 HAVING count(e.instance) > 1
		OR count(e.instance) = 0 AND :transactions >= :instances * :requests_each
	 ORDER BY r.id',
	kind => 'duplicate', description => 'Each request is executed exactly once.');
SELECT @extschema@.ct_add_check('horizontal_instances', 'shares_are_fair',
	'SELECT i.host, i.executed AS observed,
		format(''%s to %s'', ceil(:requests_each * (100 - :spread_percent) / 100.0),
			floor(:requests_each * (100 + :spread_percent) / 100.0)) AS expected
	 FROM instance i
	 WHERE abs(i.executed - :requests_each) * 100 > :requests_each * :spread_percent
		AND :transactions >= :instances * :requests_each
	 ORDER BY i.id',
	kind => 'unfair', description => 'No instance executes much more or less than the average.');
SELECT @extschema@.ct_add_check('horizontal_instances', 'counters_add_up',
	'SELECT sum(executed) AS observed, :tally_executed AS expected,
		(SELECT count(*) FROM execution) AS executions
	 FROM instance
	 HAVING sum(executed) <> :tally_executed OR (SELECT count(*) FROM execution) <> :tally_executed',
	kind => 'broken_promise', description => 'What the instances say they have executed is what was executed.');
