-- Through a view that can be written.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int, gone boolean DEFAULT false);
INSERT INTO t VALUES (1, 0), (2, 0);
CREATE VIEW live AS SELECT id, v FROM t WHERE NOT gone;
-- session
BEGIN;
UPDATE live SET v = v + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
UPDATE t SET gone = true WHERE id = 1 AND v = 0;
COMMIT;
-- check
SELECT 1 FROM t WHERE gone AND v > 0
