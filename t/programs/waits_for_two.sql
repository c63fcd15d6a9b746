-- One waits behind two, and two are let go at once.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- session
BEGIN;
UPDATE t SET v = v + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v * 2 WHERE id = 1;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v * 3 WHERE id = 1;
ROLLBACK;
