-- MERGE isn't an upsert: two of them insert.
-- setup
CREATE TABLE counter (name text, n int);
-- session
BEGIN;
MERGE INTO counter USING (VALUES ('x')) v(name) ON counter.name = v.name WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (v.name, 1);
COMMIT;
-- session
BEGIN;
MERGE INTO counter USING (VALUES ('x')) v(name) ON counter.name = v.name WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (v.name, 1);
COMMIT;
-- check
SELECT name FROM counter GROUP BY name HAVING count(*) > 1
