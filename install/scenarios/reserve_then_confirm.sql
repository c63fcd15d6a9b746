/* reserve_then_confirm: a seat is held while its customer pays, and not any longer. */
SELECT @extschema@.ct_create_scenario('reserve_then_confirm',
	category => 'races on rows',
	description => 'A hold expires during the payment, the seat goes to another one: both are confirmed.',
	story => $$
The bug: a customer chooses a seat, which is held for :hold_us while they
pay.  At the checkout the program looks whether the hold is still theirs,
takes the money, and marks the seat as sold.  If the payment lasts longer
than the hold, the seat is free again by then: somebody else holds it, pays,
and is confirmed; and then the first one is, too.  Two have paid for one
seat, and it is the one who was there in time that finds it taken.

Each seat has two customers.  The first one needs :payment_us to pay, longer
than the hold.  The second one comes when the hold has expired (the barrier,
and a pause) and pays in :quick_us.

Looking again after the payment makes the window smaller, and doesn't close
it.  Nor does now() in a long transaction: it is the time at which that
began, when the hold hadn't expired.

What to look at: who confirms must ask and write in one statement
(conditional_update, hold_number), or be sure that nobody comes between
(for_update, which keeps the others waiting for as long as somebody pays:
see p99_ms).  hold_number also tells two holds of the same customer apart,
as those of two browser tabs.  one_payment_per_seat is the broken code with
a UNIQUE constraint: whoever comes first gets the seat; it belongs into
every schema like this, whatever else is done.  hold_rows and exclusion keep
the holds in a table of their own, where a key or an exclusion constraint
lets only one be active; with the latter, who is late still gets the seat if
nobody else wants it.  repeatable_read and serializable repeat the check
when the seat has changed, and not only that: a payment in the repeated
transaction is made twice, unless it has an idempotency key.

Whoever lost the hold must get the money back (hold_lost), which is easiest
if the payment is authorized first, and captured when the seat is confirmed.

Not to be explored: holds expire by the clock, and no order of steps makes
time pass.
$$,
	params => '{"seats": 12, "hold_us": 25000, "payment_us": 60000, "quick_us": 1000}',
	explore_params => NULL,
	transactions_expr => ':seats * 2',
	min_overlap => 4,
	setup => $$
CREATE TABLE customer (
	id		int PRIMARY KEY,
	email	text NOT NULL UNIQUE
);
CREATE TABLE seat (
	id			int PRIMARY KEY,
	price		numeric(8, 2) NOT NULL,
	holder		int REFERENCES customer,
	held_until	timestamptz,
	sold_to		int REFERENCES customer
);
CREATE TABLE payment (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	seat		int NOT NULL REFERENCES seat,
	customer	int NOT NULL REFERENCES customer,
	amount		numeric(8, 2) NOT NULL,
	paid_at		timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE voided_payment (
	seat		int NOT NULL REFERENCES seat,
	customer	int NOT NULL REFERENCES customer,
	held_until	timestamptz NOT NULL,
	voided_at	timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO customer SELECT i, 'customer' || i || '@example.com' FROM generate_series(1, 2 * :seats) i;
INSERT INTO seat SELECT i, 49.00 FROM generate_series(1, :seats) i;
$$);

/* The bug, and what "one_payment_per_seat", "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
UPDATE seat SET holder = :customer, held_until = clock_timestamp() + :hold_us * interval '1 microsecond'
	WHERE id = :seat AND sold_to IS NULL
		AND (holder IS NULL OR holder = :customer OR held_until <= clock_timestamp())
	RETURNING 1 AS held, held_until \aset
BEGIN;
SELECT (holder = :customer AND held_until > clock_timestamp())::int AS mine
	FROM seat WHERE id = :seat \gset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held = 1 and :mine = 1
	UPDATE seat SET sold_to = :customer WHERE id = :seat;
	INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
	\outcome confirmed
\elif :held
	INSERT INTO voided_payment VALUES (:seat, :customer, :held_until);
	\outcome hold_lost
\else
	\outcome unavailable
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'check_then_confirm',
	'look whether the hold is still there, pay, then confirm',
	isolation => 'read committed', expected_verdict => 'fail');

/* The payment is over before the transaction begins: the row is locked for an instant. */
SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'conditional_update',
	'pay, then confirm in one UPDATE: only if the hold is one''s own and hasn''t expired',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', variant => 'conditional_update', body => $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\set confirmed 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
UPDATE seat SET holder = :customer, held_until = clock_timestamp() + :hold_us * interval '1 microsecond'
	WHERE id = :seat AND sold_to IS NULL
		AND (holder IS NULL OR holder = :customer OR held_until <= clock_timestamp())
	RETURNING 1 AS held, held_until \aset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held
	BEGIN;
	UPDATE seat SET sold_to = :customer
		WHERE id = :seat AND holder = :customer AND held_until > clock_timestamp() AND sold_to IS NULL
		RETURNING 1 AS confirmed \aset
	\if :confirmed
		INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
		\outcome confirmed
	\else
		INSERT INTO voided_payment VALUES (:seat, :customer, :held_until);
		\outcome hold_lost
	\endif
	COMMIT;
\else
	\outcome unavailable
\endif
$$);

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'hold_number',
	'each hold has a number, and confirms only as that (a fencing token)',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE seat ADD COLUMN hold_no int NOT NULL DEFAULT 0');
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', variant => 'hold_number', body => $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\set confirmed 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
UPDATE seat SET holder = :customer, held_until = clock_timestamp() + :hold_us * interval '1 microsecond',
		hold_no = hold_no + 1
	WHERE id = :seat AND sold_to IS NULL
		AND (holder IS NULL OR holder = :customer OR held_until <= clock_timestamp())
	RETURNING 1 AS held, held_until, hold_no \aset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held
	BEGIN;
	UPDATE seat SET sold_to = :customer
		WHERE id = :seat AND hold_no = :hold_no AND sold_to IS NULL RETURNING 1 AS confirmed \aset
	\if :confirmed
		INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
		\outcome confirmed
	\else
		INSERT INTO voided_payment VALUES (:seat, :customer, :held_until);
		\outcome hold_lost
	\endif
	COMMIT;
\else
	\outcome unavailable
\endif
$$);

/* Who wants to hold the seat waits here, even if the hold expires meanwhile. */
SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'for_update',
	'lock the seat from the check to the confirmation, while the customer pays',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', variant => 'for_update', body => $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
UPDATE seat SET holder = :customer, held_until = clock_timestamp() + :hold_us * interval '1 microsecond'
	WHERE id = :seat AND sold_to IS NULL
		AND (holder IS NULL OR holder = :customer OR held_until <= clock_timestamp())
	RETURNING 1 AS held, held_until \aset
BEGIN;
SELECT (holder = :customer AND held_until > clock_timestamp())::int AS mine
	FROM seat WHERE id = :seat FOR NO KEY UPDATE \gset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held = 1 and :mine = 1
	UPDATE seat SET sold_to = :customer WHERE id = :seat;
	INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
	\outcome confirmed
\elif :held
	INSERT INTO voided_payment VALUES (:seat, :customer, :held_until);
	\outcome hold_lost
\else
	\outcome unavailable
\endif
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'one_payment_per_seat',
	'the code of the first, and UNIQUE (seat) on the payments',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => 'ALTER TABLE payment ADD UNIQUE (seat)', expected_errors => '{23505=hold_lost}');

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'hold_rows',
	'the holds in a table: taken over if expired, confirmed by deleting one''s own',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE hold (
	seat		int PRIMARY KEY REFERENCES seat,
	customer	int NOT NULL REFERENCES customer,
	held_until	timestamptz NOT NULL
);
$$);
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', variant => 'hold_rows', body => $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\set confirmed 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
INSERT INTO hold AS h SELECT id, :customer, clock_timestamp() + :hold_us * interval '1 microsecond'
	FROM seat WHERE id = :seat AND sold_to IS NULL
	ON CONFLICT (seat) DO UPDATE SET customer = excluded.customer, held_until = excluded.held_until
		WHERE h.customer = excluded.customer OR h.held_until <= clock_timestamp()
	RETURNING 1 AS held, held_until \aset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held
	BEGIN;
	DELETE FROM hold WHERE seat = :seat AND customer = :customer AND held_until > clock_timestamp()
		RETURNING 1 AS confirmed \aset
	\if :confirmed
		UPDATE seat SET sold_to = :customer WHERE id = :seat;
	\endif
	\if :confirmed
		INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
		\outcome confirmed
	\else
		INSERT INTO voided_payment VALUES (:seat, :customer, :held_until);
		\outcome hold_lost
	\endif
	COMMIT;
\else
	\outcome unavailable
\endif
$$);

/*
 * A sale is a hold without an end.  int4range spares btree_gist, which the
 * constraint would need for "seat WITH =".  The seat's row is written before
 * the hold's: two who let the constraint be checked at once would deadlock.
 */
SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'exclusion',
	'holds are periods that exclude each other; confirming makes one''s own endless',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE hold (
	id			int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	seat		int NOT NULL REFERENCES seat,
	customer	int NOT NULL REFERENCES customer,
	during		tstzrange NOT NULL,
	EXCLUDE USING gist (int4range(seat, seat, '[]') WITH &&, during WITH &&)
);
$$,
	expected_errors => '{23P01=hold_lost}');
SELECT @extschema@.ct_add_script('reserve_then_confirm', 'buy', variant => 'exclusion', body => $$
\set seat (:iteration - 1) / 2 % :seats + 1
\set customer (:iteration - 1) % (2 * :seats) + 1
\set second (:iteration - 1) % 2
\set held 0
\if :second
	\barrier checked
	\sleep :hold_us us
\endif
INSERT INTO hold (seat, customer, during)
	SELECT :seat, :customer, tstzrange(t, t + :hold_us * interval '1 microsecond') FROM clock_timestamp() t
	ON CONFLICT DO NOTHING RETURNING id AS held \aset
\if :second
	\sleep :quick_us us
\else
	\barrier checked
	\sleep :payment_us us
\endif
\if :held
	BEGIN;
	UPDATE seat SET sold_to = :customer WHERE id = :seat;
	UPDATE hold SET during = tstzrange(lower(during), NULL) WHERE id = :held;
	INSERT INTO payment (seat, customer, amount) SELECT id, :customer, price FROM seat WHERE id = :seat;
	\outcome confirmed
	COMMIT;
\else
	\outcome unavailable
\endif
$$);

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'repeatable_read',
	'the code of the first at REPEATABLE READ, repeated when the seat has changed',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_variant('reserve_then_confirm', 'serializable',
	'the code of the first at SERIALIZABLE, repeated when the seat has changed',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('reserve_then_confirm', 'no_double_sale',
	'SELECT seat, count(*) AS observed, 1 AS expected, array_agg(customer ORDER BY id) AS customers
	 FROM payment GROUP BY seat HAVING count(*) > 1 ORDER BY seat',
	kind => 'double_sale', description => 'No seat is paid for by two.');
SELECT @extschema@.ct_add_check('reserve_then_confirm', 'who_paid_has_the_seat',
	'SELECT p.seat, s.sold_to AS observed, p.customer AS expected, p.paid_at
	 FROM payment p JOIN seat s ON s.id = p.seat
	 WHERE s.sold_to IS DISTINCT FROM p.customer ORDER BY p.seat',
	kind => 'lost_update', description => 'A confirmed seat stays that of the one who paid for it.');
SELECT @extschema@.ct_add_check('reserve_then_confirm', 'payments_are_answers',
	'SELECT count(*) AS observed, :outcome_confirmed AS expected FROM payment
	 HAVING count(*) <> :outcome_confirmed',
	kind => 'broken_promise', description => 'Who was told "confirmed" has paid, and nobody else.');
SELECT @extschema@.ct_add_check('reserve_then_confirm', 'holds_are_kept',
	'SELECT seat, customer, voided_at AS observed, held_until AS expected FROM voided_payment
	 WHERE voided_at < held_until ORDER BY seat',
	kind => 'false_refusal', description => 'Nobody loses a hold that hasn''t expired.');
/* the first one to come finds the seat free, and ends as confirmed or hold_lost */
SELECT @extschema@.ct_add_check('reserve_then_confirm', 'free_seats_can_be_held',
	'SELECT :outcome_confirmed + :outcome_hold_lost AS observed,
		least(:seats, (:transactions + 1) / 2) AS expected
	 WHERE :outcome_confirmed + :outcome_hold_lost < least(:seats, (:transactions + 1) / 2)',
	kind => 'false_refusal', description => 'Nobody hears "unavailable" of a seat that is free.');
