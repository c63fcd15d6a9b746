-- SET TRANSACTION comes before the first query.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
-- session
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT v FROM t;
UPDATE t SET v = v + 1;
COMMIT;
-- session
UPDATE t SET v = v + 10;
