-- Each of three waits for the next.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0), (3, 0);
-- session
BEGIN;
UPDATE t SET v = v + 1 WHERE id = 1;
UPDATE t SET v = v + 1 WHERE id = 2;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v + 10 WHERE id = 2;
UPDATE t SET v = v + 10 WHERE id = 3;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v + 100 WHERE id = 3;
UPDATE t SET v = v + 100 WHERE id = 1;
COMMIT;
