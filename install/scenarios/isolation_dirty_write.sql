/*
 * isolation_dirty_write: G0, two releases mixed in one environment.
 *
 * The barriers are the schedule.  Who waits for a row lock can't come to one,
 * so "late_one_waits" is the early deployment's alone: it lets go as soon as
 * the late one sleeps on its lock.  Without transactions nobody sleeps, and
 * both meet there.
 */
SELECT @extschema@.ct_create_scenario('isolation_dirty_write',
	category => 'isolation phenomena',
	description => 'G0: two deployments write the same two rows, and each wins one of them.',
	story => $$
**G0, dirty write** (Adya 1999; P0 in Berenson et al. 1995; the ANSI standard forgot it): a
transaction overwrites what another one has written and not yet committed. Two that write the same
rows can then each win some of them: `w1(x) w2(x) w2(y) w1(y)`.

PostgreSQL prevents it **at every level**: a written row stays locked until its writer's transaction
ends. At READ COMMITTED the second writer waits and then overwrites, row after row, in the same
order. At REPEATABLE READ and SERIALIZABLE it waits, too, is refused (40001) if the first one
committed, and has to be repeated.

In an application it comes back as soon as the statements that belong together are not in one
transaction: a framework in autocommit mode, a connection per statement, a job that saves row by
row. Here an environment runs two services that must have the same release, and two deployments
overlap. Without BEGIN and COMMIT the environment ends up with the `api` of one and the `worker` of
the other, and no error is seen anywhere.

What to look at: `retries` in the comparison. They are the price of the levels above READ COMMITTED
for overwriting what was never read. READ COMMITTED does it without any; blind writes don't need
more. But that is all that it promises: a write that depends on what was read needs more, see
`isolation_lost_update`.
$$,
	params => '{"rounds": 20}',
	explore_params => '{"rounds": 1}',
	workers => 2,
	transactions_expr => ':rounds * 2',
	max_tries => 0,
	setup => $$
CREATE TABLE environment (
	id		int PRIMARY KEY,
	name	text NOT NULL UNIQUE
);
CREATE TABLE deployment (
	environment	int NOT NULL REFERENCES environment,
	service		text NOT NULL CHECK (service IN ('api', 'worker')),
	release		bigint,
	PRIMARY KEY (environment, service)
);
INSERT INTO environment SELECT i, 'staging-' || i FROM generate_series(1, :rounds) i;
INSERT INTO deployment (environment, service)
	SELECT id, service FROM environment, unnest(ARRAY['api', 'worker']) service;
$$);

/* Two transactions are a round: the even one is late.  Their number is the release's. */
SELECT @extschema@.ct_add_variant('isolation_dirty_write', 'autocommit',
	'no transaction: each UPDATE commits by itself',
	isolation => 'read committed', expected_verdict => 'fail');
SELECT @extschema@.ct_add_script('isolation_dirty_write', 'deploy', variant => 'autocommit', body => $$
\set environment (:iteration - 1) / 2 % :rounds + 1
\set late (:iteration - 1) % 2
\barrier round
\if :late = 0
	UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'api';
	\barrier half_deployed
	\barrier late_one_is_done
\else
	\barrier half_deployed
	UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'api';
\endif
UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'worker';
\if :late
	\barrier late_one_is_done
\endif
\outcome deployed
$$);

SELECT @extschema@.ct_add_script('isolation_dirty_write', 'deploy', $$
\set environment (:iteration - 1) / 2 % :rounds + 1
\set late (:iteration - 1) % 2
\barrier round
BEGIN;
\if :late = 0
	UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'api';
	\barrier half_deployed
	\barrier late_one_waits
\else
	\barrier half_deployed
	UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'api';
\endif
UPDATE deployment SET release = :iteration WHERE environment = :environment AND service = 'worker';
\outcome deployed
COMMIT;
$$);
SELECT @extschema@.ct_add_variant('isolation_dirty_write', 'read_committed',
	'one transaction: the second writer waits, then overwrites both rows',
	isolation => 'read committed', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_dirty_write', 'repeatable_read',
	'the same at REPEATABLE READ: the second writer is refused, and repeated',
	isolation => 'repeatable read', expected_verdict => 'pass');
SELECT @extschema@.ct_add_variant('isolation_dirty_write', 'serializable',
	'the same at SERIALIZABLE: the second writer is refused, and repeated',
	isolation => 'serializable', expected_verdict => 'pass');

SELECT @extschema@.ct_add_check('isolation_dirty_write', 'one_release_per_environment',
	'SELECT e.name, a.release AS expected, w.release AS observed,
		''api has '' || a.release || '', worker has '' || w.release AS mixed
	 FROM environment e
	 JOIN deployment a ON a.environment = e.id AND a.service = ''api''
	 JOIN deployment w ON w.environment = e.id AND w.service = ''worker''
	 WHERE a.release IS DISTINCT FROM w.release ORDER BY e.id',
	kind => 'dirty_write', description => 'Both services of an environment have the same release.');
SELECT @extschema@.ct_add_check('isolation_dirty_write', 'everything_deployed',
	'SELECT count(DISTINCT environment) AS observed, least(:transactions / 2, :rounds) AS expected,
		:outcome_deployed AS reported
	 FROM deployment WHERE release IS NOT NULL
	 HAVING count(DISTINCT environment) < least(:transactions / 2, :rounds)
		OR :outcome_deployed::bigint <> :transactions',
	kind => 'broken_promise', description => 'Everything was deployed, and reported.');
