-- Children under a limit, counted and then inserted.
-- setup
CREATE TABLE parent (id int PRIMARY KEY, quota int);
CREATE TABLE child (parent int REFERENCES parent, n int);
INSERT INTO parent VALUES (1, 10);
INSERT INTO child VALUES (1, 4);
-- session
INSERT INTO child SELECT 1, 5 WHERE (SELECT sum(n) FROM child WHERE parent = 1) + 5 <= 10;
SELECT sum(n) FROM child;
-- session
BEGIN;
INSERT INTO child SELECT 1, 6 WHERE (SELECT sum(n) FROM child WHERE parent = 1) + 6 <= 10;
COMMIT;
-- check
SELECT sum(n) FROM child HAVING sum(n) > 10
