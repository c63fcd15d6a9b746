-- A function that catches what it meets.
-- setup
CREATE TABLE k (id int PRIMARY KEY, n int);
CREATE FUNCTION put(i int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO k VALUES (i, 1);
	RETURN 'new';
EXCEPTION WHEN unique_violation THEN
	UPDATE k SET n = n + 1 WHERE id = i;
	RETURN 'old';
END $$;
-- session
BEGIN;
SELECT put(1);
SELECT put(2);
COMMIT;
-- session
BEGIN;
SELECT put(2);
COMMIT;
-- check
SELECT 1 WHERE (SELECT sum(n) FROM k) <> 3
