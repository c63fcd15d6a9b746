-- ACCESS EXCLUSIVE against a reader.
-- setup
CREATE TABLE t (n int);
-- session
BEGIN;
LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT;
INSERT INTO t VALUES (1);
COMMIT;
-- session
BEGIN;
SELECT count(*) FROM t;
SELECT count(*) FROM t;
COMMIT;
