-- The key is looked for, and then inserted with the charge.
-- setup
CREATE TABLE req (k text);
CREATE TABLE charge (k text);
-- session
BEGIN;
INSERT INTO charge SELECT 'a' WHERE NOT EXISTS (SELECT FROM req WHERE k = 'a');
INSERT INTO req VALUES ('a');
COMMIT;
-- session
BEGIN;
INSERT INTO charge SELECT 'a' WHERE NOT EXISTS (SELECT FROM req WHERE k = 'a');
INSERT INTO req VALUES ('a');
COMMIT;
-- check
SELECT k FROM charge GROUP BY k HAVING count(*) > 1
