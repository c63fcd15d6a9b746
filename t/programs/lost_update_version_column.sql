-- Written only if the version is still the one that was read; who loses does nothing.
-- setup
CREATE TABLE acct (id int PRIMARY KEY, bal int, version int);
CREATE TABLE kept (who int PRIMARY KEY, bal int, version int);
INSERT INTO acct VALUES (1, 10, 1);
-- session
INSERT INTO kept SELECT 1, bal, version FROM acct WHERE id = 1;
UPDATE acct SET bal = k.bal + 5, version = k.version + 1 FROM kept k WHERE who = 1 AND id = 1 AND acct.version = k.version;
-- session
INSERT INTO kept SELECT 2, bal, version FROM acct WHERE id = 1;
UPDATE acct SET bal = k.bal + 7, version = k.version + 1 FROM kept k WHERE who = 2 AND id = 1 AND acct.version = k.version;
-- check
SELECT bal FROM acct WHERE bal NOT IN (15, 17, 22)
