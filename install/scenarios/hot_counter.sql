/* hot_counter: everybody reads the same page, and each request counts it. */
SELECT @extschema@.ct_create_scenario('hot_counter',
	category => 'races on rows',
	description => 'Every request counts a view in one row: views get lost, or all requests queue at it.',
	story => $$
The bug: each request of a page reads its number of views, adds one, and
writes it.  Requests at the same time write the same number: views get
lost.  "SET views = views + 1" is the right answer to that, and the next
problem: the row stays locked until the request's transaction commits, and
whatever else the request does until then (:work_us), all others wait for.
The more popular the page, the longer the queue: a convoy.

Everybody wants the number on the page, too, so each :read_every-th request
reads it.  That is where the other ways pay.

What to look at: tps and p50_ms.  single_row is correct, and manages one
request per :work_us, however many workers there are.  update_last costs
nothing but the order of the statements: the row is locked only from the
last one to the commit.  slots spreads the views over :slots rows, and now
and then two requests meet in one of them; free_slot never waits, for it
takes a slot that nobody has locked.  append writes a row per view, which
never conflicts, and reading has to count them all: with read_every 1 and a
`duration` see it slow down.  append_and_fold has every :fold_every-th
request add them to the total, one at a time; that is what to take when
views are many and the total is read often.

At REPEATABLE READ the first variant would be right, too, at the price of
repeating requests: see counter_increment.  The barrier is for the broken
variant; the others begin as they come.
$$,
	params => '{"views": 200, "start": 0, "work_us": 2000, "slots": 16, "read_every": 10, "fold_every": 50}',
	explore_params => '{"work_us": 0, "slots": 2, "read_every": 2, "fold_every": 2}',
	transactions_expr => ':views',
	setup => $$
CREATE TABLE page (
	id		int PRIMARY KEY,
	url		text NOT NULL UNIQUE,
	views	bigint NOT NULL DEFAULT 0 CHECK (views >= 0)
);
CREATE TABLE request (
	id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	page	int NOT NULL REFERENCES page,
	visitor	bigint NOT NULL,
	made_at	timestamptz NOT NULL DEFAULT now()
);
INSERT INTO page VALUES (1, '/we-are-on-the-front-page', :start);
CREATE VIEW page_views AS SELECT id AS page, url, views FROM page;
$$);

SELECT @extschema@.ct_add_variant('hot_counter', 'read_modify_write',
	'read the number, then write one more',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'read_modify_write', body => $$
\barrier wave
BEGIN;
SELECT views FROM page_views WHERE page = 1 \gset
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
UPDATE page SET views = :views + 1 WHERE id = 1;
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('hot_counter', 'single_row',
	'let the UPDATE add to what is there; the row is locked until the commit',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'single_row', body => $$
BEGIN;
UPDATE page SET views = views + 1 WHERE id = 1;
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('hot_counter', 'update_last',
	'the same UPDATE, but as the last statement before the commit',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'update_last', body => $$
BEGIN;
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
UPDATE page SET views = views + 1 WHERE id = 1;
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('hot_counter', 'slots',
	'several rows per page: count in one at random, read the sum',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE page_slot (
	page	int NOT NULL REFERENCES page,
	slot	int NOT NULL,
	views	bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (page, slot)
) WITH (fillfactor = 50);
CREATE OR REPLACE VIEW page_views AS
	SELECT p.id AS page, p.url, (p.views + coalesce(
		(SELECT sum(s.views) FROM page_slot s WHERE s.page = p.id), 0))::bigint AS views FROM page p;
$$);
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'slots', body => $$
\set slot random(1, :slots)
BEGIN;
INSERT INTO page_slot AS s VALUES (1, :slot, 1)
	ON CONFLICT (page, slot) DO UPDATE SET views = s.views + 1;
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
\outcome counted
COMMIT;
$$);

/* If all are locked, \gset finds no row, and the request begins again. */
SELECT @extschema@.ct_add_variant('hot_counter', 'free_slot',
	'count in a slot that nobody has locked (SKIP LOCKED)',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	setup => $$
CREATE TABLE page_slot (
	page	int NOT NULL REFERENCES page,
	slot	int NOT NULL,
	views	bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (page, slot)
) WITH (fillfactor = 50);
INSERT INTO page_slot SELECT 1, i FROM generate_series(1, :slots) i;
CREATE OR REPLACE VIEW page_views AS
	SELECT p.id AS page, p.url, (p.views + coalesce(
		(SELECT sum(s.views) FROM page_slot s WHERE s.page = p.id), 0))::bigint AS views FROM page p;
$$,
	retried_errors => '{no_data_found}');
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'free_slot', body => $$
BEGIN;
SELECT slot FROM page_slot WHERE page = 1 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED \gset
UPDATE page_slot SET views = views + 1 WHERE page = 1 AND slot = :slot;
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('hot_counter', 'append',
	'insert a row per view, count the rows to read',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE page_view (
	page	int NOT NULL REFERENCES page,
	views	int NOT NULL DEFAULT 1
);
CREATE OR REPLACE VIEW page_views AS
	SELECT p.id AS page, p.url, (p.views + coalesce(
		(SELECT sum(v.views) FROM page_view v WHERE v.page = p.id), 0))::bigint AS views FROM page p;
$$);
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'append', body => $$
BEGIN;
INSERT INTO page_view VALUES (1);
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
\outcome counted
COMMIT;
$$);

/*
 * Folding is a transaction of its own, after the request's, and a single
 * statement: what it deletes is what it adds, whatever comes in meanwhile.
 * Who finds another one folding leaves it to them.
 */
SELECT @extschema@.ct_add_variant('hot_counter', 'append_and_fold',
	'insert a row per view, and now and then add them to the page''s total',
	isolation => 'read committed', expected_verdict => 'pass',
	setup => $$
CREATE TABLE page_view (
	page	int NOT NULL REFERENCES page,
	views	int NOT NULL DEFAULT 1
);
CREATE OR REPLACE VIEW page_views AS
	SELECT p.id AS page, p.url, (p.views + coalesce(
		(SELECT sum(v.views) FROM page_view v WHERE v.page = p.id), 0))::bigint AS views FROM page p;
$$);
SELECT @extschema@.ct_add_script('hot_counter', 'view', variant => 'append_and_fold', body => $$
BEGIN;
INSERT INTO page_view VALUES (1);
\if :iteration % :read_every = 0
	SELECT views FROM page_views WHERE page = 1;
\endif
\sleep :work_us us
INSERT INTO request (page, visitor) VALUES (1, :iteration);
\outcome counted
COMMIT;
\if :iteration % :fold_every = 0
	BEGIN;
	SELECT pg_try_advisory_xact_lock('page_view'::regclass::oid::int, 1)::int AS alone \gset
	\if :alone
		WITH folded AS (DELETE FROM page_view RETURNING page, views)
		UPDATE page p SET views = p.views + f.views
			FROM (SELECT page, sum(views) AS views FROM folded GROUP BY page) f WHERE p.id = f.page;
		\outcome folded
	\endif
	COMMIT;
\endif
$$);

SELECT @extschema@.ct_add_check('hot_counter', 'every_view_counts',
	'SELECT url, views AS observed, :start + :outcome_counted AS expected,
		:start + :outcome_counted - views AS lost
	 FROM page_views WHERE views <> :start + :outcome_counted',
	kind => 'lost_update', description => 'The page has as many views as were counted.');
SELECT @extschema@.ct_add_check('hot_counter', 'requests_are_views',
	'SELECT v.url, v.views - :start AS observed, count(r.id) AS expected
	 FROM page_views v LEFT JOIN request r ON r.page = v.page
	 GROUP BY v.page, v.url, v.views HAVING v.views - :start <> count(r.id)',
	kind => 'lost_update', description => 'Each request that was made is a view, and no other.');
SELECT @extschema@.ct_add_check('hot_counter', 'every_request_is_served',
	'SELECT :outcome_counted AS observed, :transactions AS expected
	 WHERE :outcome_counted <> :transactions',
	kind => 'false_refusal', description => 'Every transaction counts one view.');
