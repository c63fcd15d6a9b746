-- Two sharers wait for a writer, and are let go at once.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
CREATE TABLE log (who int, v int);
INSERT INTO t VALUES (1, 1);
-- session
BEGIN;
LOCK TABLE t IN ACCESS EXCLUSIVE MODE;
UPDATE t SET v = v + 1 WHERE id = 1;
COMMIT;
-- session
INSERT INTO log SELECT 1, v + (SELECT count(*) FROM log) FROM t;
-- session
INSERT INTO log SELECT 2, v + (SELECT count(*) FROM log) FROM t;
