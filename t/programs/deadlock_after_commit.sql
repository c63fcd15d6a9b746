-- The victim has committed something, and can't be run again.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE TABLE log (who int);
INSERT INTO t VALUES (1, 0), (2, 0);
-- session
INSERT INTO log VALUES (1);
BEGIN;
UPDATE t SET v = v + 1 WHERE id = 1;
UPDATE t SET v = v + 1 WHERE id = 2;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v + 10 WHERE id = 2;
UPDATE t SET v = v + 10 WHERE id = 1;
COMMIT;
-- check
SELECT 1 FROM t WHERE v <> 11
