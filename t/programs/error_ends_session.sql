-- A division by zero in the middle: what comes after it isn't executed.
-- setup
CREATE TABLE k (id int PRIMARY KEY, n int);
INSERT INTO k VALUES (1, 0);
-- session
BEGIN;
UPDATE k SET n = n + 1 WHERE id = 1;
SELECT 1 / 0;
COMMIT;
-- session
BEGIN;
UPDATE k SET n = n + 10 WHERE id = 1;
COMMIT;
-- check
SELECT n FROM k WHERE n <> 10
