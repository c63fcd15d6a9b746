-- Positions are swapped; the unique constraint is looked at by COMMIT.
-- setup
CREATE TABLE item (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO item VALUES (1, 1), (2, 2);
-- session
BEGIN;
UPDATE item SET pos = 2 WHERE id = 1;
UPDATE item SET pos = 1 WHERE id = 2;
COMMIT;
-- session
BEGIN;
INSERT INTO item SELECT 3, max(pos) + 1 FROM item;
COMMIT;
-- session
INSERT INTO item SELECT 4, max(pos) + 1 FROM item;
