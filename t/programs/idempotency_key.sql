-- The key is inserted first, and who finds it there does nothing.
-- setup
CREATE TABLE req (k text PRIMARY KEY, state text);
CREATE TABLE charge (k text);
-- session
BEGIN;
WITH mine AS (INSERT INTO req VALUES ('a', 'done') ON CONFLICT DO NOTHING RETURNING k) INSERT INTO charge SELECT k FROM mine;
COMMIT;
-- session
BEGIN;
WITH mine AS (INSERT INTO req VALUES ('a', 'done') ON CONFLICT DO NOTHING RETURNING k) INSERT INTO charge SELECT k FROM mine;
COMMIT;
-- check
SELECT k FROM charge GROUP BY k HAVING count(*) > 1
