-- A delete that cascades, against updates of what goes.
-- setup
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, n int);
INSERT INTO parent VALUES (1), (2);
INSERT INTO child VALUES (1, 1, 0), (2, 2, 0);
-- session
BEGIN;
UPDATE child SET parent = 2 WHERE id = 1;
UPDATE child SET n = n + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
DELETE FROM parent WHERE id = 1;
COMMIT;
-- session
UPDATE child SET n = n + 10;
