-- A session ends with its transaction open, and who waits for it waits for ever.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- session
BEGIN;
UPDATE t SET v = v + 1 WHERE id = 1;
-- session
UPDATE t SET v = v * 2 WHERE id = 1;
