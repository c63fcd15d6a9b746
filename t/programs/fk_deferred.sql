-- The foreign key is looked at by COMMIT only.
-- setup
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
-- session
BEGIN;
INSERT INTO child VALUES (1);
INSERT INTO parent VALUES (1);
COMMIT;
-- session
BEGIN;
INSERT INTO child VALUES (1);
COMMIT;
