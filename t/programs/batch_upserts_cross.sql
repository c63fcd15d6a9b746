-- Upserts of two keys in different orders.
-- setup
CREATE TABLE stat (k int PRIMARY KEY, n int);
-- session
BEGIN;
INSERT INTO stat VALUES (1, 1) ON CONFLICT (k) DO UPDATE SET n = stat.n + 1;
INSERT INTO stat VALUES (2, 1) ON CONFLICT (k) DO UPDATE SET n = stat.n + 1;
COMMIT;
-- session
BEGIN;
INSERT INTO stat VALUES (2, 1) ON CONFLICT (k) DO UPDATE SET n = stat.n + 1;
INSERT INTO stat VALUES (1, 1) ON CONFLICT (k) DO UPDATE SET n = stat.n + 1;
COMMIT;
-- check
SELECT 1 FROM stat WHERE n <> 2
