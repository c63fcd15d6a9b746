-- What was committed before the error stays.
-- setup
CREATE TABLE k (id int PRIMARY KEY, n int);
INSERT INTO k VALUES (1, 0);
-- session
UPDATE k SET n = n + 1 WHERE id = 1;
SELECT 1 / (n - 11) FROM k;
UPDATE k SET n = n + 100 WHERE id = 1;
-- session
UPDATE k SET n = n + 10 WHERE id = 1;
