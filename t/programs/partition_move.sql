-- A row goes to another partition under who waits for it.
-- setup
CREATE TABLE d (id int, state text, n int) PARTITION BY LIST (state);
CREATE TABLE d_new PARTITION OF d FOR VALUES IN ('new');
CREATE TABLE d_old PARTITION OF d FOR VALUES IN ('old');
INSERT INTO d VALUES (1, 'new', 0);
-- session
BEGIN;
UPDATE d SET state = 'old' WHERE id = 1;
COMMIT;
-- session
BEGIN;
UPDATE d SET n = n + 1 WHERE id = 1;
COMMIT;
