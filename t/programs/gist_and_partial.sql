-- An exclusion constraint with a condition.
-- setup
CREATE TABLE r (id int PRIMARY KEY, during int4range, off boolean DEFAULT false, EXCLUDE USING gist (during WITH &&) WHERE (NOT off));
INSERT INTO r VALUES (1, int4range(1, 5));
-- session
BEGIN;
UPDATE r SET off = true WHERE id = 1;
COMMIT;
-- session
BEGIN;
INSERT INTO r VALUES (2, int4range(3, 7));
COMMIT;
