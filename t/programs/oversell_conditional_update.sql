-- One statement decides and writes.
-- setup
CREATE TABLE item (id int PRIMARY KEY, stock int NOT NULL);
CREATE TABLE sale (buyer int);
INSERT INTO item VALUES (1, 1);
-- session
BEGIN;
WITH got AS (UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0 RETURNING id) INSERT INTO sale SELECT 1 FROM got;
COMMIT;
-- session
BEGIN;
WITH got AS (UPDATE item SET stock = stock - 1 WHERE id = 1 AND stock > 0 RETURNING id) INSERT INTO sale SELECT 2 FROM got;
COMMIT;
-- check
SELECT count(*) FROM sale HAVING count(*) > 1
