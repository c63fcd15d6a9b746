-- Blocks without anything in them.
-- setup
CREATE TABLE t (v int);
-- session
BEGIN;
COMMIT;
BEGIN;
INSERT INTO t VALUES (1);
COMMIT;
-- session
BEGIN;
ROLLBACK;
INSERT INTO t SELECT count(*) FROM t;
