-- What is rolled back to a savepoint is gone, its locks are given back.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
-- session
BEGIN;
SAVEPOINT s;
UPDATE t SET v = v + 1 WHERE id = 1;
ROLLBACK TO s;
UPDATE t SET v = v + 1 WHERE id = 2;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v + 10 WHERE id = 2;
UPDATE t SET v = v + 10 WHERE id = 1;
COMMIT;
