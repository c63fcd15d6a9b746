-- A constraint trigger that looks at the other table by COMMIT.
-- setup
CREATE TABLE foo (name text PRIMARY KEY);
CREATE TABLE bar (name text PRIMARY KEY);
CREATE FUNCTION only_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	EXECUTE format('SELECT count(*) FROM %I WHERE name = $1', TG_ARGV[0]) INTO n USING NEW.name;
	IF n > 0 THEN
		RAISE unique_violation;
	END IF;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER foo_once AFTER INSERT ON foo DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION only_once('bar');
CREATE CONSTRAINT TRIGGER bar_once AFTER INSERT ON bar DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION only_once('foo');
-- session
BEGIN;
INSERT INTO foo VALUES ('x');
COMMIT;
-- session
BEGIN;
INSERT INTO bar VALUES ('x');
COMMIT;
-- check
SELECT name FROM foo JOIN bar USING (name)
