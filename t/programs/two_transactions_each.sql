-- Sessions of two transactions.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
-- session
BEGIN;
UPDATE t SET v = v + 1;
COMMIT;
BEGIN;
UPDATE t SET v = v * 2;
COMMIT;
-- session
BEGIN;
SELECT v FROM t FOR UPDATE;
UPDATE t SET v = v + 5;
COMMIT;
