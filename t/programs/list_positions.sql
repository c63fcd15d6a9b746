-- A new position is max + 1.
-- setup
CREATE TABLE para (id serial PRIMARY KEY, pos int);
-- session
BEGIN;
INSERT INTO para (pos) SELECT coalesce(max(pos), 0) + 1 FROM para;
COMMIT;
-- session
BEGIN;
INSERT INTO para (pos) SELECT coalesce(max(pos), 0) + 1 FROM para;
COMMIT;
-- check
SELECT pos FROM para GROUP BY pos HAVING count(*) > 1
