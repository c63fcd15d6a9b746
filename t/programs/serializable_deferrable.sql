-- A reader waits for a safe snapshot.
-- setup
CREATE TABLE bank (id int PRIMARY KEY, bal int);
INSERT INTO bank VALUES (1, 0), (2, 0);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(bal) FROM bank;
UPDATE bank SET bal = bal + 1 WHERE id = 1;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT sum(bal) FROM bank;
COMMIT;
