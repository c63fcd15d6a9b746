-- The same, and the server notices.
-- setup
CREATE TABLE doctor (name text PRIMARY KEY, on_call boolean);
INSERT INTO doctor VALUES ('ann', true), ('bob', true);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM doctor WHERE on_call;
UPDATE doctor SET on_call = false WHERE name = 'ann' AND (SELECT count(*) FROM doctor WHERE on_call) > 1;
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM doctor WHERE on_call;
UPDATE doctor SET on_call = false WHERE name = 'bob' AND (SELECT count(*) FROM doctor WHERE on_call) > 1;
COMMIT;
-- check
SELECT 1 WHERE NOT EXISTS (SELECT FROM doctor WHERE on_call)
