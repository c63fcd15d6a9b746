-- The parent's row is locked before the children are counted.
-- setup
CREATE TABLE parent (id int PRIMARY KEY, quota int);
CREATE TABLE child (parent int REFERENCES parent, n int);
INSERT INTO parent VALUES (1, 10);
INSERT INTO child VALUES (1, 4);
-- session
BEGIN;
SELECT quota FROM parent WHERE id = 1 FOR UPDATE;
INSERT INTO child SELECT 1, 5 WHERE (SELECT sum(n) FROM child WHERE parent = 1) + 5 <= 10;
COMMIT;
-- session
BEGIN;
SELECT quota FROM parent WHERE id = 1 FOR UPDATE;
INSERT INTO child SELECT 1, 6 WHERE (SELECT sum(n) FROM child WHERE parent = 1) + 6 <= 10;
COMMIT;
-- check
SELECT sum(n) FROM child HAVING sum(n) > 10
