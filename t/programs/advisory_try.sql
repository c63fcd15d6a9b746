-- Who doesn't get it leaves.
-- setup
CREATE TABLE run (who int);
-- session
BEGIN;
INSERT INTO run SELECT 1 WHERE pg_try_advisory_xact_lock(7);
COMMIT;
-- session
BEGIN;
INSERT INTO run SELECT 2 WHERE pg_try_advisory_xact_lock(7);
COMMIT;
