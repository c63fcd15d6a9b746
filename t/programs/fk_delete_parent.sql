-- A parent goes while a child comes.
-- setup
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (parent int REFERENCES parent);
INSERT INTO parent VALUES (1), (2);
-- session
BEGIN;
DELETE FROM parent WHERE id = 1;
SELECT count(*) FROM child;
COMMIT;
-- session
BEGIN;
INSERT INTO child VALUES (1);
INSERT INTO child VALUES (2);
COMMIT;
-- check
SELECT 1 FROM child c WHERE NOT EXISTS (SELECT FROM parent WHERE id = c.parent)
