-- A trigger keeps a count, by reading and writing.
-- setup
CREATE TABLE thing (id int);
CREATE TABLE total (n int);
INSERT INTO total VALUES (0);
CREATE FUNCTION thing_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE total SET n = (SELECT count(*) FROM thing);
	RETURN NULL;
END $$;
CREATE TRIGGER thing_count AFTER INSERT ON thing FOR EACH STATEMENT EXECUTE FUNCTION thing_count();
-- session
BEGIN;
INSERT INTO thing VALUES (1);
COMMIT;
-- session
BEGIN;
INSERT INTO thing VALUES (2);
COMMIT;
-- check
SELECT n FROM total WHERE n <> (SELECT count(*) FROM thing)
