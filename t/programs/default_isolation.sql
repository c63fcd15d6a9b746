-- The session's default, for statements without a block.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
-- session
SET default_transaction_isolation = 'serializable';
BEGIN;
INSERT INTO t SELECT 3, sum(v) FROM t;
COMMIT;
-- session
START TRANSACTION ISOLATION LEVEL SERIALIZABLE;
UPDATE t SET v = v + 1 WHERE id = 1 AND NOT EXISTS (SELECT FROM t WHERE id = 3);
COMMIT;
