-- The conflict is found by COMMIT.
-- setup
CREATE TABLE a (n int);
CREATE TABLE b (n int);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO b SELECT count(*) FROM a;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO a SELECT count(*) FROM b;
COMMIT;
-- check
SELECT 1 FROM a, b WHERE a.n = 0 AND b.n = 0
