-- The claim's lock ends with its statement.
-- setup
CREATE TABLE job (id int PRIMARY KEY, runs int);
CREATE TABLE log (worker int);
INSERT INTO job VALUES (1, 0);
-- session
INSERT INTO log SELECT 1 FROM (SELECT FROM job WHERE runs = 0 FOR UPDATE SKIP LOCKED) j;
UPDATE job SET runs = runs + 1 WHERE EXISTS (SELECT FROM log WHERE worker = 1);
-- session
INSERT INTO log SELECT 2 FROM (SELECT FROM job WHERE runs = 0 FOR UPDATE SKIP LOCKED) j;
UPDATE job SET runs = runs + 1 WHERE EXISTS (SELECT FROM log WHERE worker = 2);
-- check
SELECT runs FROM job WHERE runs > 1
