-- The stock is read, and then written blindly by what a client would have computed.
-- setup
CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL);
CREATE TABLE sale (buyer int);
INSERT INTO item VALUES (1, 1);
-- session
BEGIN;
INSERT INTO sale SELECT 1 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0;
COMMIT;
-- session
BEGIN;
INSERT INTO sale SELECT 2 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0;
COMMIT;
-- check
SELECT count(*) FROM sale HAVING count(*) > 1
