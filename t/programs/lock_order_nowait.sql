-- Two orders, but who would wait fails.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
-- session
BEGIN;
SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT;
SELECT v FROM t WHERE id = 2 FOR UPDATE NOWAIT;
UPDATE t SET v = v + 1;
COMMIT;
-- session
BEGIN;
SELECT v FROM t WHERE id = 2 FOR UPDATE NOWAIT;
SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT;
UPDATE t SET v = v + 10;
COMMIT;
