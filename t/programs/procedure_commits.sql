-- A procedure with a COMMIT within.
-- setup
CREATE TABLE k (id int PRIMARY KEY, n int);
INSERT INTO k VALUES (1, 0), (2, 0);
CREATE PROCEDURE both_rows(d int) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE k SET n = n + d WHERE id = 1;
	COMMIT;
	UPDATE k SET n = n + d WHERE id = 2;
END $$;
-- session
CALL both_rows(1);
-- session
BEGIN;
UPDATE k SET n = n * 2 WHERE id = 2;
UPDATE k SET n = n * 2 WHERE id = 1;
COMMIT;
