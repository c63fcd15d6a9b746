-- Two workers take a job each.
-- setup
CREATE TABLE job (id int PRIMARY KEY, state text, worker int);
INSERT INTO job VALUES (1, 'new', NULL), (2, 'new', NULL);
-- session
BEGIN;
UPDATE job SET state = 'done', worker = 1 WHERE id = (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
COMMIT;
-- session
BEGIN;
UPDATE job SET state = 'done', worker = 2 WHERE id = (SELECT id FROM job WHERE state = 'new' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
COMMIT;
-- check
SELECT 1 WHERE (SELECT count(*) FROM job WHERE state = 'done') <> 2
