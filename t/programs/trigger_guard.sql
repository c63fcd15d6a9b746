-- A trigger that counts, and refuses.
-- setup
CREATE TABLE seat (who int);
CREATE FUNCTION seat_limit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT count(*) FROM seat) >= 1 THEN
		RAISE EXCEPTION 'full';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER seat_limit BEFORE INSERT ON seat FOR EACH ROW EXECUTE FUNCTION seat_limit();
-- session
BEGIN;
INSERT INTO seat VALUES (1);
COMMIT;
-- session
BEGIN;
INSERT INTO seat VALUES (2);
COMMIT;
-- check
SELECT count(*) FROM seat HAVING count(*) > 1
