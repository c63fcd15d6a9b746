-- The constraint refuses the second sale.
-- setup
CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL CHECK (stock >= 0));
CREATE TABLE sale (buyer int);
INSERT INTO item VALUES (1, 1);
-- session
BEGIN;
INSERT INTO sale SELECT 1 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1;
COMMIT;
-- session
BEGIN;
INSERT INTO sale SELECT 2 FROM item WHERE id = 1 AND stock > 0;
UPDATE item SET stock = stock - 1 WHERE id = 1;
COMMIT;
-- check
SELECT count(*) FROM sale HAVING count(*) > 1
