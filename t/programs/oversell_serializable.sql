-- The server finds the conflict, and the loser is run again.
-- setup
CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL);
CREATE TABLE sale (buyer int);
INSERT INTO item VALUES (1, 1);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO sale SELECT 1 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO sale SELECT 2 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0;
COMMIT;
-- check
SELECT count(*) FROM sale HAVING count(*) > 1
