/*
 * single_active_session: end the active session, begin another one.
 *
 * A user's logins come one after the other, so as many at once as there are
 * workers (the barrier).
 */
SELECT @extschema@.ct_create_scenario('single_active_session',
	category => 'uniqueness',
	description => 'Two logins each end the session they see, then begin one: the user has two.',
	story => $$
"One active session per user": streaming accounts, licences per seat, banks; and in the same shape
one open shift per driver, one active cart, one primary address, one current price. A login looks
for the active session, ends it, and begins a new one. Two logins at once both see the *old*
session. Both end it (the second one waits for the row, then finds nothing left to end), and both
begin one. From then on the user has two, and code that expects at most one row shows either of
them.

Here each of the `users` has an old session and logs in `logins` times, as many at once as there
are workers; between looking and ending it the program thinks for `window_us`. UPDATE alone doesn't
help: it can only end sessions that were there when it began.

- `unique_retry`: the rule as a partial unique index, `ON session (user_id) WHERE ended_at IS
  NULL`, and the login is repeated upon 23505; then it sees the other login's session and ends
  that. Take the index in any case: it says what is meant, and holds against every other piece of
  code.
- `on_conflict_takeover`: over the same index, the new login takes over the active row: one
  statement, no error, no repetition. The row of the ended session is overwritten, so its history
  must be kept elsewhere (here: `login_log`).
- `lock_user`: lock the user's row in a statement of its own, then look: the next statement sees
  what the login before has committed. `FOR NO KEY UPDATE`, so that inserts with a foreign key to
  the user don't wait.
- `advisory_lock`: the same without touching the user's row.
- `serializable`: no index and no lock, but repeated more often.

Each of them lets the last login win. To refuse the second login instead, use the index and make
23505 the answer.
$$,
	params => '{"users": 20, "logins": 5, "window_us": 2000}',
	explore_params => '{"users": 1, "logins": 2, "window_us": 0}',
	transactions_expr => ':users * :logins',
	setup => $$
CREATE TABLE app_user (
	id			int PRIMARY KEY,
	name		text NOT NULL
);
CREATE TABLE session (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id		int NOT NULL REFERENCES app_user,
	token		uuid NOT NULL DEFAULT gen_random_uuid(),
	device		text NOT NULL,
	started_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	ended_at	timestamptz
);
CREATE INDEX session_user_id ON session (user_id);
CREATE TABLE login_log (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id		int NOT NULL REFERENCES app_user,
	token		uuid NOT NULL
);
INSERT INTO app_user SELECT i, 'user ' || i FROM generate_series(1, :users) i;
INSERT INTO session (user_id, device) SELECT i, 'old phone' FROM generate_series(1, :users) i;
$$);

/* The bug, and what "unique_retry" and "serializable" run. */
SELECT @extschema@.ct_add_script('single_active_session', 'login', $$
\set user (:iteration - 1) / :logins % :users + 1
\set active 0
\barrier login
BEGIN;
SELECT id AS active FROM session WHERE user_id = :user AND ended_at IS NULL \aset
\sleep :window_us us
\if :active > 0
	UPDATE session SET ended_at = clock_timestamp() WHERE id = :active AND ended_at IS NULL;
\endif
INSERT INTO session (user_id, device) VALUES (:user, 'device ' || :worker_id)
	RETURNING token \gset
INSERT INTO login_log (user_id, token) VALUES (:user, :token);
\outcome logged_in
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('single_active_session', 'look_then_insert',
	'look for the active session, end it, begin a new one',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('single_active_session', 'unique_retry',
	'the same code over a partial unique index, repeated as a whole upon 23505',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX session_active ON session (user_id) WHERE ended_at IS NULL',
	retried_errors => '{23505}', max_tries => 0);

SELECT @extschema@.ct_add_variant('single_active_session', 'on_conflict_takeover',
	'a partial unique index; the login takes over the active session''s row',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'CREATE UNIQUE INDEX session_active ON session (user_id) WHERE ended_at IS NULL');
SELECT @extschema@.ct_add_script('single_active_session', 'login', variant => 'on_conflict_takeover', body => $$
\set user (:iteration - 1) / :logins % :users + 1
\barrier login
BEGIN;
SELECT device FROM session WHERE user_id = :user AND ended_at IS NULL; -- "you are logged in on ..."
\sleep :window_us us
INSERT INTO session (user_id, device) VALUES (:user, 'device ' || :worker_id)
	ON CONFLICT (user_id) WHERE ended_at IS NULL
	DO UPDATE SET token = EXCLUDED.token, device = EXCLUDED.device, started_at = EXCLUDED.started_at
	RETURNING token \gset
INSERT INTO login_log (user_id, token) VALUES (:user, :token);
\outcome logged_in
COMMIT;
$$);

/* One statement locks, the next one looks, with a snapshot that is newer than the lock. */
SELECT @extschema@.ct_add_variant('single_active_session', 'lock_user',
	'lock the user''s row before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('single_active_session', 'login', variant => 'lock_user', body => $$
\set user (:iteration - 1) / :logins % :users + 1
\set active 0
\barrier login
BEGIN;
SELECT id FROM app_user WHERE id = :user FOR NO KEY UPDATE;
SELECT id AS active FROM session WHERE user_id = :user AND ended_at IS NULL \aset
\sleep :window_us us
\if :active > 0
	UPDATE session SET ended_at = clock_timestamp() WHERE user_id = :user AND ended_at IS NULL;
\endif
INSERT INTO session (user_id, device) VALUES (:user, 'device ' || :worker_id)
	RETURNING token \gset
INSERT INTO login_log (user_id, token) VALUES (:user, :token);
\outcome logged_in
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('single_active_session', 'advisory_lock',
	'an advisory lock on the user before looking',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('single_active_session', 'login', variant => 'advisory_lock', body => $$
\set user (:iteration - 1) / :logins % :users + 1
\set active 0
\barrier login
BEGIN;
SELECT pg_advisory_xact_lock('session'::regclass::oid::int, :user);
SELECT id AS active FROM session WHERE user_id = :user AND ended_at IS NULL \aset
\sleep :window_us us
\if :active > 0
	UPDATE session SET ended_at = clock_timestamp() WHERE user_id = :user AND ended_at IS NULL;
\endif
INSERT INTO session (user_id, device) VALUES (:user, 'device ' || :worker_id)
	RETURNING token \gset
INSERT INTO login_log (user_id, token) VALUES (:user, :token);
\outcome logged_in
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('single_active_session', 'serializable',
	'the same code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', max_tries => 0, expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('single_active_session', 'one_active_session',
	'SELECT u.name, count(*) AS observed, 1 AS expected, array_agg(s.id ORDER BY s.id) AS sessions,
		array_agg(s.device ORDER BY s.id) AS devices
	 FROM session s JOIN app_user u ON u.id = s.user_id
	 WHERE s.ended_at IS NULL GROUP BY u.id HAVING count(*) > 1 ORDER BY u.id',
	kind => 'duplicate', description => 'A user has at most one active session.');
SELECT @extschema@.ct_add_check('single_active_session', 'last_login_is_active',
	'SELECT u.name, count(s.id) AS observed, 1 AS expected, l.token AS last_login
	 FROM app_user u
		JOIN (SELECT DISTINCT ON (user_id) user_id, token FROM login_log ORDER BY user_id, id DESC) l
			ON l.user_id = u.id
		LEFT JOIN session s ON s.token = l.token AND s.ended_at IS NULL
	 GROUP BY u.id, l.token HAVING count(s.id) <> 1 ORDER BY u.id',
	kind => 'logged_out', description => 'Who logged in last is logged in.');
SELECT @extschema@.ct_add_check('single_active_session', 'everybody_logs_in',
	'SELECT count(*) AS observed, :transactions AS expected FROM login_log
	 HAVING count(*) <> :transactions',
	kind => 'false_refusal', description => 'Every login succeeds.');
SELECT @extschema@.ct_add_check('single_active_session', 'answers_are_true',
	'SELECT count(*) AS observed, :outcome_logged_in AS expected FROM login_log
	 HAVING count(*) <> :outcome_logged_in',
	kind => 'broken_promise', description => 'Who was told "logged in" was, and nobody else.');
