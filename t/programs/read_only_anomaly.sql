-- The read-only transaction that makes a pair of harmless ones go wrong.
-- setup
CREATE TABLE bank (id int PRIMARY KEY, bal int);
INSERT INTO bank VALUES (1, 0), (2, 0);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE bank SET bal = bal - 11 WHERE id = 1 AND (SELECT sum(bal) FROM bank) < 10;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE bank SET bal = bal + 20 WHERE id = 2;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT sum(bal) FROM bank;
COMMIT;
