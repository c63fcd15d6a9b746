-- Two sessions of four steps that have nothing to do with one another: C(8, 4).
-- setup
CREATE TABLE a (n int);
CREATE TABLE b (n int);
-- session
BEGIN;
INSERT INTO a VALUES (1);
INSERT INTO a VALUES (2);
INSERT INTO a VALUES (3);
COMMIT;
-- session
BEGIN;
INSERT INTO b VALUES (1);
INSERT INTO b VALUES (2);
INSERT INTO b VALUES (3);
COMMIT;
