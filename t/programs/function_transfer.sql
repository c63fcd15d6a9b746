-- A function that locks in the order of its arguments.
-- setup
CREATE TABLE acct (id int PRIMARY KEY, bal int CHECK (bal >= 0));
INSERT INTO acct VALUES (1, 10), (2, 10);
CREATE FUNCTION transfer(src int, dst int, amount int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE acct SET bal = bal - amount WHERE id = src AND bal >= amount;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	UPDATE acct SET bal = bal + amount WHERE id = dst;
	RETURN true;
END $$;
-- session
BEGIN;
SELECT transfer(1, 2, 8);
SELECT transfer(1, 2, 8);
COMMIT;
-- session
BEGIN;
SELECT transfer(2, 1, 5);
COMMIT;
-- check
SELECT sum(bal) FROM acct HAVING sum(bal) <> 20
