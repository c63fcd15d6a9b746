-- Three sessions of one statement.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 1);
-- session
UPDATE t SET v = v + 1;
-- session
UPDATE t SET v = v * 2;
-- session
DELETE FROM t WHERE v > 3;
