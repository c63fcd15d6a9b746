-- An upsert by hand: UPDATE, and if nothing was there INSERT.
-- setup
CREATE TABLE s (k int, n int);
-- session
WITH u AS (UPDATE s SET n = n + 1 WHERE k = 1 RETURNING k) INSERT INTO s SELECT 1, 1 WHERE NOT EXISTS (SELECT FROM u);
SELECT n FROM s;
-- session
BEGIN;
WITH u AS (UPDATE s SET n = n + 1 WHERE k = 1 RETURNING k) INSERT INTO s SELECT 1, 1 WHERE NOT EXISTS (SELECT FROM u);
COMMIT;
-- check
SELECT k FROM s GROUP BY k HAVING count(*) > 1
