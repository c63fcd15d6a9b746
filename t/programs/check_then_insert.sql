-- Duplicates, since nobody sees what isn't committed.
-- setup
CREATE TABLE account (mail text);
-- session
BEGIN;
INSERT INTO account SELECT 'a@b' WHERE NOT EXISTS (SELECT FROM account WHERE mail = 'a@b');
COMMIT;
-- session
BEGIN;
INSERT INTO account SELECT 'a@b' WHERE NOT EXISTS (SELECT FROM account WHERE mail = 'a@b');
COMMIT;
-- check
SELECT mail FROM account GROUP BY mail HAVING count(*) > 1
