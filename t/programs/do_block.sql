-- An anonymous block reads and writes in one step.
-- setup
CREATE TABLE k (n int);
INSERT INTO k VALUES (0);
-- session
DO $$
DECLARE
	x int;
BEGIN
	SELECT n INTO x FROM k;
	UPDATE k SET n = x + 1;
END $$;
-- session
BEGIN;
DO $$
DECLARE
	x int;
BEGIN
	SELECT n INTO x FROM k;
	UPDATE k SET n = x + 1;
END $$;
COMMIT;
-- check
SELECT n FROM k WHERE n <> 2
