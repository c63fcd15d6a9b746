-- No constraint, but SERIALIZABLE.
-- setup
CREATE TABLE booking (room int, during int4range);
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM booking WHERE room = 1 AND during && int4range(1, 5);
INSERT INTO booking SELECT 1, int4range(1, 5) WHERE NOT EXISTS (SELECT FROM booking WHERE room = 1 AND during && int4range(1, 5));
COMMIT;
-- session
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM booking WHERE room = 1 AND during && int4range(3, 8);
INSERT INTO booking SELECT 1, int4range(3, 8) WHERE NOT EXISTS (SELECT FROM booking WHERE room = 1 AND during && int4range(3, 8));
COMMIT;
-- check
SELECT 1 FROM booking a, booking b WHERE a.during <> b.during AND a.during && b.during
