-- A child's insert shares its parent, which is then to be locked.
-- setup
CREATE TABLE parent (id int PRIMARY KEY, n int);
CREATE TABLE child (parent int REFERENCES parent);
INSERT INTO parent VALUES (1, 0);
-- session
BEGIN;
INSERT INTO child VALUES (1);
SELECT n FROM parent WHERE id = 1 FOR UPDATE;
UPDATE parent SET n = n + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
INSERT INTO child VALUES (1);
SELECT n FROM parent WHERE id = 1 FOR UPDATE;
UPDATE parent SET n = n + 1 WHERE id = 1;
COMMIT;
-- check
SELECT 1 FROM parent WHERE n <> (SELECT count(*) FROM child)
