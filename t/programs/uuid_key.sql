-- Keys that are new each time are no difference.
-- setup
CREATE TABLE message (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), body text);
-- session
BEGIN;
INSERT INTO message (body) VALUES ('a');
SELECT count(*) FROM message;
COMMIT;
-- session
INSERT INTO message (body) VALUES ('b');
INSERT INTO message (body) VALUES ('c');
