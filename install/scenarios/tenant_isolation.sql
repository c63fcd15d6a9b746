/*
 * tenant_isolation: row-level security that goes by a setting.  A worker is a
 * connection of the pool.  Superusers aren't subject to row-level security;
 * so their requests take on a role that exists everywhere and owns nothing.
 */
SELECT @extschema@.ct_create_scenario('tenant_isolation',
	category => 'sessions and tenants',
	description => 'The tenant of row-level security outlives its request in a pooled connection.',
	story => $$
The bug: a policy shows each tenant its own documents, by the setting
`app.tenant`, which the application makes for the connection:
`set_config('app.tenant', ..., false)`, or SET.  The connection goes back to
the pool with the setting in it.  The next request that forgets to make it
(a new endpoint, a background job, a health check) sees the documents of
whoever came before.  Row-level security is in force all the while.

`reset_at_end` is the first fix that comes to mind, and is broken, too: a
request that fails never gets there.  Every :fail_every-th request fails
here (it files a document under a title that is taken), and every
:forget_every-th one forgets its tenant.

Take `set_local`: the setting is made in the request's transaction and ends
with it, error or not.  With it, a request that forgets sees nothing;
`raise_when_unset` goes one step further and has the policy raise an error,
so that the endpoint is found by its first test rather than by a customer
with an empty page.  `reset_at_start` and the pool's `discard_all` are for
code that can't be changed to work in transactions.

Two traps: a setting that was made once in a connection is afterwards ''
rather than NULL, so a policy has to take both for "none"; and superusers,
roles with BYPASSRLS and the table's owner (but for FORCE ROW LEVEL
SECURITY) see everything, whatever the policy.  A test run as one of those
proves nothing: the check `policy_in_force` is there to see that this one
does.

What to look at: the outcome `leaked` counts the requests that were shown
documents of another tenant, and the anomalies tell whose; in the right
variants the forgetful ones are `empty_page` or `refused`.

Not to be explored: what goes wrong is what one request leaves behind in a
connection for the next one, and each session of an exploration is as if
just connected.
$$,
	params => '{"tenants": 10, "users": 10, "documents": 5, "requests": 3,
		"forget_every": 7, "fail_every": 5, "window_us": 1000}',
	explore_params => NULL,
	transactions_expr => ':tenants * :users * :requests',
	setup => $$
CREATE TABLE tenant (
	id		int PRIMARY KEY,
	name	text NOT NULL UNIQUE
);
CREATE TABLE app_user (
	id		int PRIMARY KEY,
	tenant	int NOT NULL REFERENCES tenant,
	email	text NOT NULL UNIQUE
);
CREATE TABLE document (
	id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	tenant	int NOT NULL REFERENCES tenant,
	owner	int NOT NULL REFERENCES app_user,
	title	text NOT NULL,
	UNIQUE (tenant, title)
);
INSERT INTO tenant SELECT i, 'Tenant ' || i FROM generate_series(1, :tenants) i;
INSERT INTO app_user SELECT i, (i - 1) / :users + 1, 'user' || i || '@example.com'
	FROM generate_series(1, :tenants * :users) i;
INSERT INTO document (tenant, owner, title)
	SELECT u.tenant, u.id, 'Document ' || d || ' of user ' || u.id
	FROM app_user u, generate_series(1, :documents) d;
ANALYZE document;

CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE AS
	$f$ SELECT nullif(current_setting('app.tenant', true), '')::int $f$;
ALTER TABLE document ENABLE ROW LEVEL SECURITY;
ALTER TABLE document FORCE ROW LEVEL SECURITY;	-- for its owner, too
CREATE POLICY own_tenant ON document USING (tenant = current_tenant());

/* For the checks: what each request was shown, and whether the policy applied. */
CREATE TABLE access_log (
	request		bigint PRIMARY KEY,
	app_user	int NOT NULL,
	tenant		int NOT NULL,
	forgot		boolean NOT NULL,
	policy		boolean NOT NULL,
	taken_for	int,
	shown		bigint NOT NULL,
	of_others	bigint NOT NULL,
	connection	int NOT NULL DEFAULT pg_backend_pid()
);

/* The role that the application works as: one that the policy applies to. */
CREATE TABLE application (role text NOT NULL);
DO $do$
DECLARE
	application	name := current_user;
BEGIN
	IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
		application := 'pg_monitor';
	ELSIF (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user) THEN
		RAISE EXCEPTION 'row-level security doesn''t apply to role "%"', current_user
			USING ERRCODE = 'invalid_role_specification',
			HINT = 'Run it as a role without BYPASSRLS, or as a superuser, who can take on another role.';
	END IF;
	INSERT INTO application VALUES (application);
	EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema, application);
	EXECUTE format('GRANT SELECT, INSERT ON document, access_log TO %I', application);
END
$do$;
$$,
	expected_errors => '{23505=failed_request}');

/* The bug */
SELECT @extschema@.ct_add_variant('tenant_isolation', 'session_setting',
	'the request sets its tenant for the connection, which keeps it',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('tenant_isolation', 'request', variant => 'session_setting', body => $$
\set app_user (:iteration - 1) % (:tenants * :users) + 1
\set tenant (:app_user - 1) / :users + 1
\set forgets :iteration % :forget_every = 0
\set fails :iteration % :fail_every = 0 and not :forgets
\barrier request
\if not :forgets
	SELECT set_config('app.tenant', :tenant::text, false);
\endif
BEGIN;
SELECT set_config('role', role, true) FROM application;
\sleep :window_us us
SELECT count(*) AS shown, count(*) FILTER (WHERE tenant <> :tenant) AS of_others FROM document \gset
INSERT INTO access_log VALUES (:iteration, :app_user, :tenant, :forgets::boolean,
	row_security_active('document'), current_tenant(), :shown, :of_others);
\if :fails
	INSERT INTO document (tenant, owner, title)
		VALUES (:tenant, :app_user, 'Document 1 of user ' || :app_user);
\endif
\if :of_others > 0
	\outcome leaked
\elif :shown > 0
	\outcome own_page
\else
	\outcome empty_page
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('tenant_isolation', 'reset_at_end',
	'the same, and RESET at the end, where requests that fail never get',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('tenant_isolation', 'request', variant => 'reset_at_end', body => $$
\set app_user (:iteration - 1) % (:tenants * :users) + 1
\set tenant (:app_user - 1) / :users + 1
\set forgets :iteration % :forget_every = 0
\set fails :iteration % :fail_every = 0 and not :forgets
\barrier request
\if not :forgets
	SELECT set_config('app.tenant', :tenant::text, false);
\endif
BEGIN;
SELECT set_config('role', role, true) FROM application;
\sleep :window_us us
SELECT count(*) AS shown, count(*) FILTER (WHERE tenant <> :tenant) AS of_others FROM document \gset
INSERT INTO access_log VALUES (:iteration, :app_user, :tenant, :forgets::boolean,
	row_security_active('document'), current_tenant(), :shown, :of_others);
\if :fails
	INSERT INTO document (tenant, owner, title)
		VALUES (:tenant, :app_user, 'Document 1 of user ' || :app_user);
\endif
\if :of_others > 0
	\outcome leaked
\elif :shown > 0
	\outcome own_page
\else
	\outcome empty_page
\endif
COMMIT;
RESET app.tenant;
$$);

/* What a pool does when it hands a connection out (or takes it back): no request can skip it. */
SELECT @extschema@.ct_add_variant('tenant_isolation', 'reset_at_start',
	'the connection is reset before it is used, whatever became of the last request',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('tenant_isolation', 'request', variant => 'reset_at_start', body => $$
\set app_user (:iteration - 1) % (:tenants * :users) + 1
\set tenant (:app_user - 1) / :users + 1
\set forgets :iteration % :forget_every = 0
\set fails :iteration % :fail_every = 0 and not :forgets
\barrier request
RESET app.tenant;
\if not :forgets
	SELECT set_config('app.tenant', :tenant::text, false);
\endif
BEGIN;
SELECT set_config('role', role, true) FROM application;
\sleep :window_us us
SELECT count(*) AS shown, count(*) FILTER (WHERE tenant <> :tenant) AS of_others FROM document \gset
INSERT INTO access_log VALUES (:iteration, :app_user, :tenant, :forgets::boolean,
	row_security_active('document'), current_tenant(), :shown, :of_others);
\if :fails
	INSERT INTO document (tenant, owner, title)
		VALUES (:tenant, :app_user, 'Document 1 of user ' || :app_user);
\endif
\if :of_others > 0
	\outcome leaked
\elif :shown > 0
	\outcome own_page
\else
	\outcome empty_page
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('tenant_isolation', 'discard_all',
	'DISCARD ALL before it is used: the same, and all plans are made anew',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('tenant_isolation', 'request', variant => 'discard_all', body => $$
\set app_user (:iteration - 1) % (:tenants * :users) + 1
\set tenant (:app_user - 1) / :users + 1
\set forgets :iteration % :forget_every = 0
\set fails :iteration % :fail_every = 0 and not :forgets
\barrier request
DISCARD ALL;
\if not :forgets
	SELECT set_config('app.tenant', :tenant::text, false);
\endif
BEGIN;
SELECT set_config('role', role, true) FROM application;
\sleep :window_us us
SELECT count(*) AS shown, count(*) FILTER (WHERE tenant <> :tenant) AS of_others FROM document \gset
INSERT INTO access_log VALUES (:iteration, :app_user, :tenant, :forgets::boolean,
	row_security_active('document'), current_tenant(), :shown, :of_others);
\if :fails
	INSERT INTO document (tenant, owner, title)
		VALUES (:tenant, :app_user, 'Document 1 of user ' || :app_user);
\endif
\if :of_others > 0
	\outcome leaked
\elif :shown > 0
	\outcome own_page
\else
	\outcome empty_page
\endif
COMMIT;
$$);

/* What "raise_when_unset" runs, too. */
SELECT @extschema@.ct_add_script('tenant_isolation', 'request', $$
\set app_user (:iteration - 1) % (:tenants * :users) + 1
\set tenant (:app_user - 1) / :users + 1
\set forgets :iteration % :forget_every = 0
\set fails :iteration % :fail_every = 0 and not :forgets
\barrier request
BEGIN;
SELECT set_config('role', role, true) FROM application;
\if not :forgets
	SELECT set_config('app.tenant', :tenant::text, true);
\endif
\sleep :window_us us
SELECT count(*) AS shown, count(*) FILTER (WHERE tenant <> :tenant) AS of_others FROM document \gset
INSERT INTO access_log VALUES (:iteration, :app_user, :tenant, :forgets::boolean,
	row_security_active('document'), current_tenant(), :shown, :of_others);
\if :fails
	INSERT INTO document (tenant, owner, title)
		VALUES (:tenant, :app_user, 'Document 1 of user ' || :app_user);
\endif
\if :of_others > 0
	\outcome leaked
\elif :shown > 0
	\outcome own_page
\else
	\outcome empty_page
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('tenant_isolation', 'set_local',
	'the request sets its tenant for its transaction only; who forgets sees nothing',
	isolation => 'read committed', expected_verdict => 'pass');

SELECT @extschema@.ct_add_variant('tenant_isolation', 'raise_when_unset',
	'the same, and the policy raises an error where there is no tenant',
	isolation => 'read committed', expected_verdict => 'pass',
	expected_errors => '{TN001=refused}',
	setup => $$
CREATE OR REPLACE FUNCTION current_tenant() RETURNS int LANGUAGE plpgsql STABLE AS $f$
DECLARE
	tenant	text := current_setting('app.tenant', true);
BEGIN
	IF coalesce(tenant, '') = '' THEN
		RAISE EXCEPTION 'no tenant is set' USING ERRCODE = 'TN001',
			HINT = 'SET LOCAL app.tenant first.';
	END IF;
	RETURN tenant;
END
$f$;
$$);

SELECT @extschema@.ct_add_check('tenant_isolation', 'no_leak',
	'SELECT request, app_user, tenant, taken_for, forgot, connection, of_others AS observed, 0 AS expected
	 FROM access_log WHERE of_others > 0 ORDER BY request',
	kind => 'tenant_leak', description => 'Nobody is shown a document of another tenant.');
SELECT @extschema@.ct_add_check('tenant_isolation', 'sees_all_of_its_own',
	'SELECT request, app_user, tenant, shown - of_others AS observed, :users * :documents AS expected
	 FROM access_log WHERE NOT forgot AND shown - of_others <> :users * :documents ORDER BY request',
	kind => 'false_refusal', description => 'Who names their tenant is shown all of its documents.');
SELECT @extschema@.ct_add_check('tenant_isolation', 'who_forgets_sees_nothing',
	'SELECT request, app_user, tenant, taken_for, connection, shown AS observed, 0 AS expected
	 FROM access_log WHERE forgot AND shown > 0 ORDER BY request',
	kind => 'tenant_leak', description => 'A request without a tenant is shown no document at all.');
SELECT @extschema@.ct_add_check('tenant_isolation', 'policy_in_force',
	'SELECT request, policy AS observed, true AS expected
	 FROM access_log WHERE NOT policy ORDER BY request',
	kind => 'policy_bypassed', description => 'Row-level security applied to each request.');
SELECT @extschema@.ct_add_check('tenant_isolation', 'answers_are_logged',
	'SELECT count(*) AS observed, :transactions - :outcome_failed_request - :outcome_refused AS expected
	 FROM access_log HAVING count(*) <> :transactions - :outcome_failed_request - :outcome_refused',
	kind => 'broken_promise',
	description => 'Each page that was shown is in the log that the other checks go by.');
