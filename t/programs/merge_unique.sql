-- With a unique key, MERGE fails instead.
-- setup
CREATE TABLE counter (name text PRIMARY KEY, n int);
INSERT INTO counter VALUES ('y', 5);
-- session
BEGIN;
MERGE INTO counter USING (VALUES ('x'), ('y')) v(name) ON counter.name = v.name WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (v.name, 1);
COMMIT;
-- session
BEGIN;
MERGE INTO counter USING (VALUES ('y'), ('x')) v(name) ON counter.name = v.name WHEN MATCHED THEN UPDATE SET n = n + 1 WHEN NOT MATCHED THEN INSERT VALUES (v.name, 1);
COMMIT;
