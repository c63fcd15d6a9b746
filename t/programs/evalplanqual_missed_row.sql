-- An UPDATE waits, and looks at one row again, but not at those that only now match.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1), (2, 2);
-- session
BEGIN;
UPDATE t SET v = v + 1;
COMMIT;
-- session
BEGIN;
DELETE FROM t WHERE v = 2;
COMMIT;
