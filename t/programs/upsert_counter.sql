-- ON CONFLICT DO UPDATE loses nothing.
-- setup
CREATE TABLE counter (name text PRIMARY KEY, n int);
-- session
INSERT INTO counter VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1;
INSERT INTO counter VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1;
-- session
INSERT INTO counter VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1;
INSERT INTO counter VALUES ('x', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1;
-- check
SELECT n FROM counter WHERE n <> 4
