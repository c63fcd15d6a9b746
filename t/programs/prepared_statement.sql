-- PREPARE and EXECUTE.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
-- session
PREPARE inc (int) AS UPDATE t SET v = v + $1 WHERE id = 1;
EXECUTE inc (1);
EXECUTE inc (2);
-- session
BEGIN;
SELECT v FROM t;
UPDATE t SET v = v * 2;
COMMIT;
