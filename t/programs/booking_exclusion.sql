-- An exclusion constraint waits for the other one, and then refuses.
-- setup
CREATE TABLE booking (during int4range, who int, EXCLUDE USING gist (during WITH &&));
-- session
BEGIN;
INSERT INTO booking VALUES (int4range(1, 5), 1);
INSERT INTO booking VALUES (int4range(10, 12), 1);
COMMIT;
-- session
BEGIN;
INSERT INTO booking VALUES (int4range(11, 15), 2);
INSERT INTO booking VALUES (int4range(3, 8), 2);
COMMIT;
-- check
SELECT 1 FROM booking a, booking b WHERE a.during <> b.during AND a.during && b.during
