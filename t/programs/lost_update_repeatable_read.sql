-- The same, where the second writer gets 40001.
-- setup
CREATE TABLE acct (id int PRIMARY KEY, bal int);
CREATE TABLE kept (who int PRIMARY KEY, bal int);
INSERT INTO acct VALUES (1, 10);
-- session
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO kept SELECT 1, bal FROM acct WHERE id = 1;
UPDATE acct SET bal = (SELECT bal FROM kept WHERE who = 1) + 5 WHERE id = 1;
COMMIT;
-- session
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO kept SELECT 2, bal FROM acct WHERE id = 1;
UPDATE acct SET bal = (SELECT bal FROM kept WHERE who = 2) + 7 WHERE id = 1;
COMMIT;
-- check
SELECT bal FROM acct WHERE bal <> 22
