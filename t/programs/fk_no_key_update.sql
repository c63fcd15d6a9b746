-- FOR NO KEY UPDATE doesn't mind the children.
-- setup
CREATE TABLE parent (id int PRIMARY KEY, n int);
CREATE TABLE child (parent int REFERENCES parent);
INSERT INTO parent VALUES (1, 0);
-- session
BEGIN;
SELECT n FROM parent WHERE id = 1 FOR NO KEY UPDATE;
INSERT INTO child VALUES (1);
UPDATE parent SET n = n + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
INSERT INTO child VALUES (1);
COMMIT;
