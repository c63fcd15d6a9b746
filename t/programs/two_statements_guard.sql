-- A guard made of two statements under READ COMMITTED.
-- setup
CREATE TABLE lic (id int PRIMARY KEY, seats int);
CREATE TABLE used (lic int);
INSERT INTO lic VALUES (1, 1);
-- session
INSERT INTO used SELECT 1 WHERE (SELECT count(*) FROM used) < (SELECT seats FROM lic WHERE id = 1);
-- session
INSERT INTO used SELECT 1 WHERE (SELECT count(*) FROM used) < (SELECT seats FROM lic WHERE id = 1);
-- session
UPDATE lic SET seats = seats - 1 WHERE id = 1 AND seats > (SELECT count(*) FROM used);
-- check
SELECT 1 FROM lic WHERE seats < (SELECT count(*) FROM used)
