-- A primary key is changed under a reference.
-- setup
CREATE TABLE p (id int PRIMARY KEY, n int);
CREATE TABLE c (p int REFERENCES p ON UPDATE CASCADE);
INSERT INTO p VALUES (1, 0);
INSERT INTO c VALUES (1);
-- session
BEGIN;
UPDATE p SET id = 2 WHERE id = 1;
COMMIT;
-- session
BEGIN;
INSERT INTO c VALUES (1);
COMMIT;
-- session
UPDATE p SET n = n + 1;
