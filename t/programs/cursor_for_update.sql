-- Rows locked through a cursor, one by one.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
-- session
BEGIN;
DECLARE c CURSOR FOR SELECT v FROM t ORDER BY id FOR UPDATE;
FETCH 1 FROM c;
UPDATE t SET v = v + 1 WHERE CURRENT OF c;
COMMIT;
-- session
BEGIN;
UPDATE t SET v = v + 10 WHERE id = 2;
UPDATE t SET v = v + 10 WHERE id = 1;
COMMIT;
