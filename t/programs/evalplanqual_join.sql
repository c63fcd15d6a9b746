-- The joined row is the old one.
-- setup
CREATE TABLE a (id int PRIMARY KEY, v int);
CREATE TABLE b (id int PRIMARY KEY, w int);
INSERT INTO a VALUES (1, 0);
INSERT INTO b VALUES (1, 1);
-- session
BEGIN;
UPDATE a SET v = v + 10 WHERE id = 1;
UPDATE b SET w = 5 WHERE id = 1;
COMMIT;
-- session
UPDATE a SET v = v + b.w FROM b WHERE a.id = b.id;
