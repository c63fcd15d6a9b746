-- A row is the counter.
-- setup
CREATE TABLE counter (n int);
CREATE TABLE invoice (n int PRIMARY KEY, who int);
INSERT INTO counter VALUES (0);
-- session
BEGIN;
UPDATE counter SET n = n + 1;
INSERT INTO invoice SELECT n, 1 FROM counter;
ROLLBACK;
-- session
BEGIN;
UPDATE counter SET n = n + 1;
INSERT INTO invoice SELECT n, 2 FROM counter;
COMMIT;
-- check
SELECT 1 FROM counter WHERE n <> (SELECT count(*) FROM invoice)
