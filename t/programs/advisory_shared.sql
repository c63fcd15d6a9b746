-- Two readers share, a writer waits for both.
-- setup
CREATE TABLE v (n int);
INSERT INTO v VALUES (0);
-- session
BEGIN;
SELECT pg_advisory_xact_lock_shared(9);
SELECT n FROM v;
COMMIT;
-- session
BEGIN;
SELECT pg_advisory_xact_lock_shared(9);
COMMIT;
-- session
BEGIN;
SELECT pg_advisory_xact_lock(9);
UPDATE v SET n = n + 1;
COMMIT;
