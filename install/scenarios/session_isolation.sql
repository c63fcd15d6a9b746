/*
 * session_isolation: whose request is it?  A worker is a connection of the
 * pool, its transactions are requests.
 */
SELECT @extschema@.ct_create_scenario('session_isolation',
	category => 'sessions and tenants',
	description => 'Who is logged in is kept in a pooled connection: users act as each other.',
	story => $$
The bug: the application says who is logged in to the database once, at
login, by `set_config('app.user_id', ..., false)`, and from then on trusts
the connection to know.  It worked with one connection per user.  Behind a
pool a user's next request comes over any connection, and that one still
says who logged in over it last.  Users read each other's notes, write under
each other's names, and don't find what they have written themselves.

A row keyed by `pg_backend_pid()`, a variable of the driver's connection
object, a temporary table: all the same bug.  Having the pool reset its
connections (`discard_all`) makes no leak of it any more, but everybody is
logged out.

What holds is whatever goes by the *request*: the user as a parameter of
each query, a session row found by the cookie's token, or a setting that is
made within the request's own transaction.  `set_local` is the one to take
where row-level security or triggers have to know the user: it ends with the
transaction, whatever happens.  `every_request` is right only as long as no
request ever forgets it, and as the pool doesn't change the connection
between two transactions (pgbouncer's transaction pooling does).

Here :users send :requests each; the first one is the login.  The access log
knows by the cookie who really asked.  What to look at in the comparison:
the anomalies name the visitor and who they were taken for; the price of the
right ways is that of one more tiny statement per request, or none.

Not to be explored: what goes wrong is what one request leaves behind in a
connection for the next one, and each session of an exploration is as if
just connected.
$$,
	params => '{"users": 100, "requests": 3, "window_us": 1000}',
	explore_params => NULL,
	transactions_expr => ':users * :requests',
	setup => $$
CREATE TABLE app_user (
	id		int PRIMARY KEY,
	name	text NOT NULL UNIQUE
);
INSERT INTO app_user SELECT i, 'user' || i FROM generate_series(1, :users) i;

/* For the checks.  The visitor is who the cookie says; the rest is what the page showed. */
CREATE TABLE access_log (
	request		bigint PRIMARY KEY,
	visitor		int NOT NULL REFERENCES app_user,
	connection	int NOT NULL DEFAULT pg_backend_pid(),
	taken_for	int REFERENCES app_user,
	of_others	int NOT NULL DEFAULT 0,
	own_missing	int NOT NULL DEFAULT 0
);

CREATE FUNCTION current_user_id() RETURNS int LANGUAGE sql STABLE AS
	$f$ SELECT nullif(current_setting('app.user_id', true), '')::int $f$;
CREATE TABLE note (
	request		bigint PRIMARY KEY REFERENCES access_log,
	author		int NOT NULL DEFAULT current_user_id() REFERENCES app_user,
	body		text NOT NULL,
	written_at	timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON note (author);
$$,
	expected_errors => '{23502=logged_out}');

/* The bug */
SELECT @extschema@.ct_add_variant('session_isolation', 'set_at_login',
	'login sets app.user_id for the connection; later requests trust it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'set_at_login', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
\if :iteration <= :users
	SELECT set_config('app.user_id', :visitor::text, false);
\endif
BEGIN;
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, body) VALUES (:iteration, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = current_user_id(),
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = current_user_id() AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> current_user_id() AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('session_isolation', 'row_per_connection',
	'login writes a row keyed by pg_backend_pid(): the same bug, in a table',
	isolation => 'read committed', expected_verdict => 'fail',
	setup => $$
CREATE TABLE login (
	connection	int PRIMARY KEY,
	app_user	int NOT NULL REFERENCES app_user
);
CREATE OR REPLACE FUNCTION current_user_id() RETURNS int LANGUAGE sql STABLE AS
	$f$ SELECT app_user FROM login WHERE connection = pg_backend_pid() $f$;
$$);
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'row_per_connection', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
\if :iteration <= :users
	INSERT INTO login VALUES (pg_backend_pid(), :visitor)
		ON CONFLICT (connection) DO UPDATE SET app_user = excluded.app_user;
\endif
BEGIN;
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, body) VALUES (:iteration, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = current_user_id(),
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = current_user_id() AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> current_user_id() AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

/* What pgbouncer's server_reset_query does when a client gives its connection back. */
SELECT @extschema@.ct_add_variant('session_isolation', 'discard_all',
	'the pool resets each connection: no leak, but everybody is logged out',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'discard_all', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
DISCARD ALL;
\if :iteration <= :users
	SELECT set_config('app.user_id', :visitor::text, false);
\endif
BEGIN;
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, body) VALUES (:iteration, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = current_user_id(),
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = current_user_id() AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> current_user_id() AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('session_isolation', 'every_request',
	'each request sets app.user_id for the connection, and had better not forget',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'every_request', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
SELECT set_config('app.user_id', :visitor::text, false);
BEGIN;
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, body) VALUES (:iteration, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = current_user_id(),
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = current_user_id() AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> current_user_id() AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

/* Afterwards the setting is '', not NULL, in a connection that has had it: hence the nullif(). */
SELECT @extschema@.ct_add_variant('session_isolation', 'set_local',
	'each request''s transaction sets app.user_id for itself alone',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'set_local', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
BEGIN;
SELECT set_config('app.user_id', :visitor::text, true);
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, body) VALUES (:iteration, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = current_user_id(),
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = current_user_id() AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> current_user_id() AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('session_isolation', 'session_token',
	'a row per login, found by the token in the cookie',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE web_session (
	token		uuid PRIMARY KEY,
	app_user	int NOT NULL REFERENCES app_user,
	expires_at	timestamptz NOT NULL
);
INSERT INTO web_session SELECT md5('cookie' || id)::uuid, id, now() + interval '1 day' FROM app_user;
$$);
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'session_token', body => $$
\set visitor (:iteration - 1) % :users + 1
\barrier request
BEGIN;
SELECT max(app_user) AS me FROM web_session
	WHERE token = md5('cookie' || :visitor)::uuid AND expires_at > now() \gset
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, author, body) VALUES (:iteration, :me, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = :me,
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = :me AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> :me AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('session_isolation', 'parameter',
	'nothing is kept: the user is a parameter of every query',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('session_isolation', 'request', variant => 'parameter', body => $$
\set visitor (:iteration - 1) % :users + 1
\set me :visitor
\barrier request
BEGIN;
INSERT INTO access_log (request, visitor) VALUES (:iteration, :visitor);
INSERT INTO note (request, author, body) VALUES (:iteration, :me, 'written by user' || :visitor);
\sleep :window_us us
UPDATE access_log a SET taken_for = :me,
	of_others = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author = :me AND l.visitor <> a.visitor),
	own_missing = (SELECT count(*) FROM note n JOIN access_log l USING (request)
		WHERE n.author <> :me AND l.visitor = a.visitor)
	WHERE request = :iteration;
\outcome saved
COMMIT;
$$);

SELECT @extschema@.ct_add_check('session_isolation', 'sees_only_own',
	'SELECT request, visitor, taken_for, connection, of_others AS observed, 0 AS expected
	 FROM access_log WHERE of_others > 0 ORDER BY request',
	kind => 'data_leak', description => 'Nobody is shown a note that somebody else has written.');
SELECT @extschema@.ct_add_check('session_isolation', 'writes_as_oneself',
	'SELECT request, connection, author AS observed, visitor AS expected
	 FROM note JOIN access_log USING (request) WHERE author <> visitor ORDER BY request',
	kind => 'impersonation', description => 'A note is filed under the name of who has written it.');
SELECT @extschema@.ct_add_check('session_isolation', 'reads_own_writes',
	'SELECT request, visitor, taken_for, own_missing AS observed, 0 AS expected
	 FROM access_log WHERE own_missing > 0 ORDER BY request',
	kind => 'lost_read', description => 'Everybody is shown the notes that they have written.');
SELECT @extschema@.ct_add_check('session_isolation', 'stays_logged_in',
	'SELECT :outcome_logged_out AS observed, 0 AS expected WHERE :outcome_logged_out > 0',
	kind => 'false_refusal', description => 'Nobody who has logged in is asked to log in again.');
SELECT @extschema@.ct_add_check('session_isolation', 'saved_is_saved',
	'SELECT count(*) AS observed, :outcome_saved AS expected FROM note HAVING count(*) <> :outcome_saved',
	kind => 'broken_promise', description => 'What was answered with "saved" is there, and nothing else.');
