\echo Use "CREATE EXTENSION ct_bench" to load this file. \quit

CREATE FUNCTION ct_bare_loop(kind text, workers int, duration float8, scale int DEFAULT 10)
RETURNS bigint
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

CREATE FUNCTION ct_bare_fork(workers int DEFAULT 2)
RETURNS float8
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME';

REVOKE ALL ON FUNCTION ct_bare_loop(text, int, float8, int) FROM PUBLIC;
REVOKE ALL ON FUNCTION ct_bare_fork(int) FROM PUBLIC;

COMMENT ON FUNCTION ct_bare_loop(text, int, float8, int) IS
'Repeats a pgbench script''s prepared plans in background workers, with nothing recorded but a count: transactions in the time.
kind: select-only or simple-update. duration: seconds from when all workers are ready. scale: that of the tables. To be called alone in its statement.';
COMMENT ON FUNCTION ct_bare_fork(int) IS
'Starts background workers, each when the one before it is connected to the database, and returns how long that took, in ms.';
