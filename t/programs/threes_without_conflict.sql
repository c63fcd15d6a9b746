-- Three sessions of two steps: 6! / (2! 2! 2!).
-- setup
CREATE TABLE a (n int);
-- session
INSERT INTO a VALUES (1);
INSERT INTO a VALUES (2);
-- session
INSERT INTO a VALUES (3);
INSERT INTO a VALUES (4);
-- session
INSERT INTO a VALUES (5);
INSERT INTO a VALUES (6);
