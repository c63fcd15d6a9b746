-- One job: the second worker finds none.
-- setup
CREATE TABLE job (id int PRIMARY KEY, state text, worker int);
INSERT INTO job VALUES (1, 'new', NULL);
-- session
BEGIN;
SELECT id FROM job WHERE state = 'new' FOR UPDATE SKIP LOCKED;
UPDATE job SET state = 'done', worker = 1 WHERE state = 'new';
COMMIT;
-- session
BEGIN;
SELECT id FROM job WHERE state = 'new' FOR UPDATE SKIP LOCKED;
ROLLBACK;
