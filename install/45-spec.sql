/*
 * Specs of the server's isolationtester.  In C, in api/spec.c.
 */
CREATE FUNCTION @extschema@.ct_run_spec(spec text) RETURNS SETOF text
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'ct_run_spec';

REVOKE ALL ON FUNCTION @extschema@.ct_run_spec(text) FROM PUBLIC;

COMMENT ON FUNCTION @extschema@.ct_run_spec(text) IS
'runs a spec of isolationtester, unmodified, and returns what isolationtester prints, a line a row. spec: the text of the file. Not in a sandbox: what it creates is created, and committed, in this database. Each session is a background worker that connects as the current role, with the settings of role and database, and has application_name as the caller has it, a slash and its name; the spec''s setup and teardown take one more. A step is cancelled after ct_ext.spec_step_timeout. Raises 42601 (with the line), 42710, 42704 for what is wrong in the spec; 53400 without background worker slots for all; what a setup raises; 40P01 where a session waits for this transaction: call it alone in its statement, outside of transaction blocks. No LISTEN, no COPY to and from the client';
