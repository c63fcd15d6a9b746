-- MERGE whose row changes under it: the condition is looked at again.
-- setup
CREATE TABLE stock (id int PRIMARY KEY, n int);
INSERT INTO stock VALUES (1, 2), (2, 1);
-- session
BEGIN;
MERGE INTO stock USING (VALUES (1), (2)) v(id) ON stock.id = v.id WHEN MATCHED AND n <= 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = n - 1;
COMMIT;
-- session
BEGIN;
MERGE INTO stock USING (VALUES (1)) v(id) ON stock.id = v.id WHEN MATCHED AND n <= 1 THEN DELETE WHEN MATCHED THEN UPDATE SET n = n - 1;
COMMIT;
