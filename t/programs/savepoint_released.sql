-- One that is released belongs to its transaction.
-- setup
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
-- session
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (2, 0);
RELEASE a;
COMMIT;
-- session
BEGIN;
SAVEPOINT a;
INSERT INTO t VALUES (2, 5) ON CONFLICT (id) DO NOTHING;
RELEASE a;
UPDATE t SET v = v + 1;
COMMIT;
