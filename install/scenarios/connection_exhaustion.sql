/*
 * connection_exhaustion: more clients than connections.
 *
 * Sessions of a run are there from its beginning and are none of max_connections, so that the
 * server's connections are rows here, each for as long as a transaction holds it.
 */
SELECT @extschema@.ct_create_scenario('connection_exhaustion',
	category => 'stress',
	description => 'Each request opens a connection and keeps it while it waits for others: there are too few.',
	story => $$
The bug: a request takes a connection at its beginning and gives it back at its
end, and in between it waits for somebody else: a payment provider, a mail, a
slow client.  So connections are busy with waiting.  One slow minute out there,
and there is none left: "sorry, too many clients already", SQLSTATE 53300, for
everybody, those who would be quick among them.  Raising max_connections only
moves the end, and each connection costs memory.

Here :connections connections are rows of a table, taken for as long as a
transaction lasts; all workers come at once (the barrier), and what the request
waits for elsewhere takes :elsewhere_us.

What to look at: how many are refused in `connect_each`.  `wait_elsewhere_first`
waits before it takes a connection: the same number of connections serve many
more.  `queue` lets who finds none wait for one, as a pool does, and
`try_again` comes back after a random while (retried_errors): both trade an
error for latency, so look at p95_ms.  In a live server: a pool before it, with
a limit below max_connections, superuser_reserved_connections for you, and the
metric connections of runs, which counts all that there are.

Not to be explored: it is about how long things take, which explorations leave
out.
$$,
	params => '{"requests": 120, "connections": 2, "elsewhere_us": 5000}',
	explore_params => NULL,
	workers => 4,
	transactions_expr => ':requests',
	setup => $$
CREATE TABLE connection (id int PRIMARY KEY);
INSERT INTO connection SELECT generate_series(0, :connections - 1);
CREATE TABLE request (
	id			int PRIMARY KEY,
	connection	int NOT NULL,
	started_at	timestamptz NOT NULL,
	finished_at	timestamptz NOT NULL
);

/* A free one, as the server gives it. */
CREATE FUNCTION connect() RETURNS int LANGUAGE plpgsql AS $f$
DECLARE
	free	int;
BEGIN
	SELECT id INTO free FROM connection FOR NO KEY UPDATE SKIP LOCKED LIMIT 1;
	IF NOT FOUND THEN
		RAISE too_many_connections USING MESSAGE = 'sorry, too many clients already';
	END IF;
	RETURN free;
END $f$;
$$);

SELECT @extschema@.ct_add_variant('connection_exhaustion', 'connect_each',
	'take a connection, wait elsewhere, answer',
	isolation => 'read committed', expected_verdict => 'fail',
	expected_errors => '{too_many_connections=refused}');
SELECT @extschema@.ct_add_variant('connection_exhaustion', 'try_again',
	'the same, and whoever finds none tries again a while later',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{too_many_connections}');
/* What both run. */
SELECT @extschema@.ct_add_script('connection_exhaustion', 'request', $$
\barrier wave
BEGIN;
SELECT connect() AS connection \gset
SELECT clock_timestamp() AS started_at \gset
\sleep :elsewhere_us us
INSERT INTO request VALUES (:iteration, :connection, :started_at, clock_timestamp());
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('connection_exhaustion', 'wait_elsewhere_first',
	'wait elsewhere, then take a connection, for as long as the answer takes',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{too_many_connections}');
SELECT @extschema@.ct_add_script('connection_exhaustion', 'request', variant => 'wait_elsewhere_first', body => $$
\sleep :elsewhere_us us
\barrier wave
BEGIN;
SELECT connect() AS connection \gset
INSERT INTO request VALUES (:iteration, :connection, clock_timestamp(), clock_timestamp());
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('connection_exhaustion', 'queue',
	'a pool: whoever finds none waits for one',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('connection_exhaustion', 'request', variant => 'queue', body => $$
\barrier wave
BEGIN;
SELECT id AS connection FROM connection WHERE id = :iteration % :connections FOR NO KEY UPDATE \gset
SELECT clock_timestamp() AS started_at \gset
\sleep :elsewhere_us us
INSERT INTO request VALUES (:iteration, :connection, :started_at, clock_timestamp());
\outcome answered
COMMIT;
$$);

SELECT @extschema@.ct_add_check('connection_exhaustion', 'nobody_is_refused',
	'SELECT :outcome_refused AS observed, 0 AS expected, :connections AS connections
	 WHERE :outcome_refused > 0',
	kind => 'too_many_connections', description => 'Whoever asks gets an answer.');
SELECT @extschema@.ct_add_check('connection_exhaustion', 'one_at_a_time',
	'SELECT a.id AS request, b.id AS other_request, a.connection AS observed
	 FROM request a JOIN request b ON b.connection = a.connection AND b.id > a.id
		AND b.started_at < a.finished_at AND a.started_at < b.finished_at ORDER BY a.id, b.id',
	kind => 'shared_connection', description => 'No connection serves two at once.');
SELECT @extschema@.ct_add_check('connection_exhaustion', 'answers_are_there',
	'SELECT count(*) AS observed, :outcome_answered AS expected FROM request
	 HAVING count(*) <> :outcome_answered',
	kind => 'broken_promise', description => 'Who was answered was served.');
