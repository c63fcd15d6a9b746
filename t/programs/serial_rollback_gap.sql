-- A sequence doesn't come back.
-- setup
CREATE TABLE invoice (id serial PRIMARY KEY, who int);
-- session
BEGIN;
INSERT INTO invoice (who) VALUES (1);
ROLLBACK;
-- session
BEGIN;
INSERT INTO invoice (who) VALUES (2);
INSERT INTO invoice (who) VALUES (3);
COMMIT;
-- check
SELECT 1 FROM invoice HAVING max(id) <> count(*)
