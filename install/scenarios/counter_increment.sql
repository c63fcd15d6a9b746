/* counter_increment: a hundred likes that count as thirty. */
SELECT @extschema@.ct_create_scenario('counter_increment',
	category => 'races on rows',
	description => 'A counter is read, incremented in the program and written: increments get lost.',
	story => $$
The bug: what every object-relational mapper makes of "post.likes += 1".
The program reads the number, adds one in its own memory, and writes the
sum; whoever read the same number writes the same sum, and one of the two
likes is gone.  No error, nowhere: only the number is too small.

Readers come in waves, as many at once as there are workers: the barrier.

What to look at: how many increments each way manages per second.  The
atomic UPDATE doesn't need what was read before, so nobody has to wait
while another one's program computes, nor to begin again.
$$,
	params => '{"increments": 100, "start": 0, "window_us": 1000}',
	explore_params => '{"window_us": 0}',
	transactions_expr => ':increments',
	setup => $$
CREATE TABLE post (
	id		int PRIMARY KEY,
	title	text NOT NULL,
	likes	bigint NOT NULL
);
INSERT INTO post VALUES (1, 'Why we moved to PostgreSQL', :start);
$$);

/* The bug, and what "repeatable_read" and "serializable" run. */
SELECT @extschema@.ct_add_script('counter_increment', 'like', $$
\barrier wave
BEGIN;
SELECT likes FROM post WHERE id = 1 \gset
\sleep :window_us us
UPDATE post SET likes = :likes + 1 WHERE id = 1;
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('counter_increment', 'read_modify_write',
	'read the number, then write one more',
	isolation => 'read committed', expected_verdict => 'fail');

SELECT @extschema@.ct_add_variant('counter_increment', 'atomic',
	'let the UPDATE add to what is there',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('counter_increment', 'like', variant => 'atomic', body => $$
\barrier wave
BEGIN;
SELECT likes FROM post WHERE id = 1; -- shown to the reader, not relied upon
\sleep :window_us us
UPDATE post SET likes = likes + 1 WHERE id = 1;
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('counter_increment', 'for_update',
	'lock the row while reading it',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_script('counter_increment', 'like', variant => 'for_update', body => $$
\barrier wave
BEGIN;
SELECT likes FROM post WHERE id = 1 FOR UPDATE \gset
\sleep :window_us us
UPDATE post SET likes = :likes + 1 WHERE id = 1;
\outcome counted
COMMIT;
$$);

/*
 * The number is its own version, since it only grows.  \gset wants a row: the
 * error it raises where there is none repeats the whole transaction.
 */
SELECT @extschema@.ct_add_variant('counter_increment', 'compare_and_set',
	'write only if the number is still the one that was read, else begin again',
	isolation => 'read committed', expected_verdict => 'pass', max_tries => 0,
	retried_errors => '{no_data_found}');
SELECT @extschema@.ct_add_script('counter_increment', 'like', variant => 'compare_and_set', body => $$
\barrier wave
BEGIN;
SELECT likes FROM post WHERE id = 1 \gset
\sleep :window_us us
UPDATE post SET likes = :likes + 1 WHERE id = 1 AND likes = :likes RETURNING likes \gset
\outcome counted
COMMIT;
$$);

SELECT @extschema@.ct_add_variant('counter_increment', 'repeatable_read',
	'the same code at REPEATABLE READ, repeated as a whole when refused',
	isolation => 'repeatable read', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_variant('counter_increment', 'serializable',
	'the same code at SERIALIZABLE, repeated as a whole when refused',
	isolation => 'serializable', expected_verdict => 'pass', max_tries => 0);

SELECT @extschema@.ct_add_check('counter_increment', 'every_like_counts',
	'SELECT title, likes AS observed, :start + :outcome_counted AS expected,
		:start + :outcome_counted - likes AS lost
	 FROM post WHERE likes <> :start + :outcome_counted',
	kind => 'lost_update', description => 'The counter has grown by as many as were counted.');
