-- A lock that has nothing to do with a table.
-- setup
CREATE TABLE invoice (n int);
-- session
BEGIN;
SELECT pg_advisory_xact_lock(42);
INSERT INTO invoice SELECT coalesce(max(n), 0) + 1 FROM invoice;
COMMIT;
-- session
BEGIN;
SELECT pg_advisory_xact_lock(42);
INSERT INTO invoice SELECT coalesce(max(n), 0) + 1 FROM invoice;
COMMIT;
-- check
SELECT n FROM invoice GROUP BY n HAVING count(*) > 1
