-- TRUNCATE against a reader of an old snapshot.
-- setup
CREATE TABLE t (v int);
INSERT INTO t VALUES (1), (2);
-- session
BEGIN;
TRUNCATE t;
INSERT INTO t VALUES (3);
COMMIT;
-- session
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 1;
INSERT INTO t SELECT count(*) FROM t;
COMMIT;
