-- Two reads of READ COMMITTED see two states.
-- setup
CREATE TABLE acct (id int PRIMARY KEY, bal int);
CREATE TABLE audit (total int);
INSERT INTO acct VALUES (1, 50), (2, 50);
-- session
BEGIN;
UPDATE acct SET bal = bal - 20 WHERE id = 1;
UPDATE acct SET bal = bal + 20 WHERE id = 2;
COMMIT;
-- session
BEGIN;
INSERT INTO audit SELECT bal FROM acct WHERE id = 1;
INSERT INTO audit SELECT bal FROM acct WHERE id = 2;
COMMIT;
-- check
SELECT sum(total) FROM audit HAVING sum(total) <> 100
