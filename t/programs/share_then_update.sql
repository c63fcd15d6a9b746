-- FOR SHARE by both, then both want to write.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
-- session
BEGIN;
SELECT v FROM t WHERE id = 1 FOR SHARE;
UPDATE t SET v = v + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
SELECT v FROM t WHERE id = 1 FOR SHARE;
UPDATE t SET v = v + 1 WHERE id = 1;
COMMIT;
-- check
SELECT 1 FROM t WHERE v <> 2
