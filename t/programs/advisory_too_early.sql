-- A session's lock is given back before the transaction ends.
-- setup
CREATE TABLE invoice (n int);
-- session
SELECT pg_advisory_lock(42);
BEGIN;
INSERT INTO invoice SELECT coalesce(max(n), 0) + 1 FROM invoice;
SELECT pg_advisory_unlock(42);
COMMIT;
-- session
SELECT pg_advisory_lock(42);
BEGIN;
INSERT INTO invoice SELECT coalesce(max(n), 0) + 1 FROM invoice;
SELECT pg_advisory_unlock(42);
COMMIT;
-- check
SELECT n FROM invoice GROUP BY n HAVING count(*) > 1
