-- One active session for a user, by a partial unique index.
-- setup
CREATE TABLE sess (id int PRIMARY KEY, usr int, active boolean);
CREATE UNIQUE INDEX one_active ON sess (usr) WHERE active;
INSERT INTO sess VALUES (1, 1, true);
-- session
BEGIN;
UPDATE sess SET active = false WHERE usr = 1 AND active;
INSERT INTO sess VALUES (2, 1, true);
COMMIT;
-- session
BEGIN;
UPDATE sess SET active = false WHERE usr = 1 AND active;
INSERT INTO sess VALUES (3, 1, true);
COMMIT;
-- check
SELECT usr FROM sess WHERE active GROUP BY usr HAVING count(*) > 1
