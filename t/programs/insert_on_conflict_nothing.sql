-- ON CONFLICT DO NOTHING waits, and then does nothing.
-- setup
CREATE TABLE account (mail text PRIMARY KEY, who int);
-- session
BEGIN;
INSERT INTO account VALUES ('a@b', 1) ON CONFLICT DO NOTHING;
SELECT who FROM account;
COMMIT;
-- session
BEGIN;
INSERT INTO account VALUES ('a@b', 2) ON CONFLICT DO NOTHING;
SELECT who FROM account;
COMMIT;
-- check
SELECT mail FROM account GROUP BY mail HAVING count(*) > 1
