-- A session ends with a lock of its own, and who waits for it waits for ever.
-- setup
CREATE TABLE t (v int);
-- session
SELECT pg_advisory_lock(1);
INSERT INTO t VALUES (1);
-- session
SELECT pg_advisory_lock(1);
INSERT INTO t VALUES (2);
SELECT pg_advisory_unlock(1);
