-- A suite: the scenarios of a category. Execute it as often as you like.
CREATE EXTENSION IF NOT EXISTS ct_ext;

SELECT ct_create_scenario('redeem_code', replace => true,
    category => 'shop',
    description => 'A code is redeemed once, however many try at once.',
    transactions => 40,
    params => '{"codes": 10}',
    setup => $$
CREATE TABLE code (id int PRIMARY KEY, redeemed_by int);
INSERT INTO code SELECT i, NULL FROM generate_series(1, :codes) i;
CREATE TABLE redemption (code int NOT NULL, client int NOT NULL);
$$);
SELECT ct_add_script('redeem_code', 'redeem', $$
\set code 1 + (:iteration - 1) / 4 % :codes
\set mine 0
\barrier together
BEGIN;
UPDATE code SET redeemed_by = :client_id WHERE id = :code AND redeemed_by IS NULL RETURNING 1 AS mine \aset
\if :mine
    INSERT INTO redemption VALUES (:code, :client_id);
\endif
-- so that transactions meet, on a busy machine as well: where they don't, the verdict is inconclusive
\sleep 10 ms
COMMIT;
$$);
SELECT ct_add_check('redeem_code', 'once',
    'SELECT code, count(*) AS observed, 1 AS expected FROM redemption GROUP BY code HAVING count(*) > 1',
    kind => 'duplicate', description => 'Nobody redeems what somebody has redeemed.');
