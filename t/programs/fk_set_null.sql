-- A delete that sets null, and an insert by upsert.
-- setup
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE SET NULL);
INSERT INTO parent VALUES (1);
-- session
DELETE FROM parent;
INSERT INTO parent VALUES (1) ON CONFLICT DO NOTHING;
-- session
BEGIN;
INSERT INTO child VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET parent = NULL;
INSERT INTO child VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET parent = NULL;
COMMIT;
