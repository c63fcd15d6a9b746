-- A unique index: the second one fails.
-- setup
CREATE TABLE account (mail text UNIQUE);
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
