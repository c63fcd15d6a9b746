-- A reader of an outbox by ascending id passes by what is in flight.
-- setup
CREATE SEQUENCE outbox_id;
CREATE TABLE outbox (id int PRIMARY KEY);
CREATE TABLE cursor_of (last int);
CREATE TABLE delivered (id int);
INSERT INTO cursor_of VALUES (0);
-- session
BEGIN;
INSERT INTO outbox VALUES (nextval('outbox_id'));
COMMIT;
-- session
BEGIN;
INSERT INTO outbox VALUES (nextval('outbox_id'));
COMMIT;
-- session
BEGIN;
INSERT INTO delivered SELECT id FROM outbox WHERE id > (SELECT last FROM cursor_of);
UPDATE cursor_of SET last = coalesce((SELECT max(id) FROM delivered), last);
COMMIT;
-- check
SELECT id FROM outbox WHERE id <= (SELECT last FROM cursor_of) EXCEPT SELECT id FROM delivered
