--
-- What a newcomer reads of an exploration: which order of which lines breaks
-- a function, and after the fix that none does; replays, views, CI
--
\pset null '(null)'
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET client_encoding = 'SQL_ASCII';

-- a report without what differs from one run to the next
CREATE FUNCTION shown(run_id bigint, format text DEFAULT 'text') RETURNS text
LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(ct_report(run_id, format),
		'\d sessions, one step.*?\n\n', E'FACTS\n\n'),
		' *run \d+', ' run N'), ', [\d,.]+ per second', ', N per second'),
		', first seen\s+after [\d.]+\s+\S+', ', first seen LATER', 'g')
$$;

CREATE TABLE event (id int PRIMARY KEY, capacity int NOT NULL, sold int NOT NULL DEFAULT 0);
CREATE TABLE ticket (id serial PRIMARY KEY, event int REFERENCES event, buyer int);
INSERT INTO event VALUES (1, 1);
CREATE FUNCTION buy_ticket(event_id int, buyer_id int) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	e event;
BEGIN
	SELECT * INTO e FROM event WHERE id = event_id;
	IF e.sold >= e.capacity THEN
		RETURN false;
	END IF;
	UPDATE event SET sold = e.sold + 1 WHERE id = event_id;
	INSERT INTO ticket (event, buyer) VALUES (event_id, buyer_id);
	RETURN true;
END
$$;

-- no setup, no checks, and nothing is changed
\pset format unaligned
\pset tuples_only on
SELECT ct_race(ARRAY['SELECT buy_ticket(1, 1)', 'SELECT buy_ticket(1, 2)']) AS run_id \gset
SELECT shown(:run_id);
SELECT shown(:run_id, 'markdown');
TABLE event;
SELECT count(*) FROM ticket;
\pset tuples_only off
\pset format aligned
SELECT mode, verdict, reason, workers, anomalies, transactions, tps FROM ct_runs WHERE run_id = :run_id \gx
SELECT sessions, yield, executions, complete, cut, violating, not_serial, deadlocks, errors, preemptions, exhausted, serial_orders,
	first_failure_at IS NOT NULL AS failed, per_second > 0 AS is_fast FROM ct_explorations WHERE run_id = :run_id \gx
SELECT result, check_name, sqlstate, executions, permutation, preemptions FROM ct_permutations WHERE run_id = :run_id;
SELECT position, session, function, line, query, event, waits_for, rows, first_row FROM ct_steps
	WHERE run_id = :run_id AND result = 'not_serial';

-- the same order again, as a run of its own
SELECT ct_replay(:run_id) AS replay_id \gset
SELECT r.mode, r.verdict, e.executions, p.result, p.permutation
FROM ct_runs r JOIN ct_explorations e USING (run_id) JOIN ct_permutations p USING (run_id) WHERE run_id = :replay_id;
SELECT ct_replay(:run_id, '{1,1,1,1,2}') AS replay_id \gset
SELECT verdict FROM ct_runs WHERE run_id = :replay_id;
SELECT ct_replay(:run_id, '{2,2,2,2,1,1}');

-- for CI
\set VERBOSITY sqlstate
SELECT ct_assert(:run_id);
SELECT ct_race(ARRAY['SELECT buy_ticket(1, 1)', 'SELECT buy_ticket(1, 2)'], raise_on_fail => true);
\set VERBOSITY default

-- the fix: no order breaks it; the order of before can't be taken any more, which is no failure
CREATE OR REPLACE FUNCTION buy_ticket(event_id int, buyer_id int) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE event SET sold = sold + 1 WHERE id = event_id AND sold < capacity;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	INSERT INTO ticket (event, buyer) VALUES (event_id, buyer_id);
	RETURN true;
END
$$;
SELECT ct_replay(:run_id);
\pset format unaligned
\pset tuples_only on
SELECT ct_race(ARRAY['SELECT buy_ticket(1, 1)', 'SELECT buy_ticket(1, 2)']) AS run_id \gset
SELECT shown(:run_id);
SELECT ct_assert(:run_id);

-- three sessions, and a deadlock among them
SELECT ct_race(ARRAY['BEGIN; UPDATE t SET a = 1 WHERE id = 1; UPDATE t SET a = 1 WHERE id = 2; COMMIT',
	'BEGIN; UPDATE t SET a = 2 WHERE id = 2; UPDATE t SET a = 2 WHERE id = 1; COMMIT', 'SELECT sum(a) FROM t'],
	setup => 'CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 0), (2, 0)', preemptions => 1) AS run_id \gset
SELECT shown(:run_id);
\pset tuples_only off
\pset format aligned

-- scenarios: each variant explored
SELECT variant, verdict, anomalies, tps, p50_ms, retries, failed, errors, cheapest FROM ct_compare('oversell_tickets', explore => true);

-- named orders come first
SELECT ct_create_scenario('regress_named', setup => 'CREATE TABLE t AS SELECT 0 AS a');
SELECT ct_add_script('regress_named', 'add', E'SELECT a FROM t \\gset\nUPDATE t SET a = :a + 1');
SELECT ct_add_permutation('regress_named', 'lost update', '{1,2,2,1}');
SELECT ct_explore('regress_named') AS run_id \gset
SELECT first_failure FROM ct_explorations WHERE run_id = :run_id;
SELECT ct_drop_scenario('regress_named');

DROP FUNCTION shown, buy_ticket;
DROP TABLE ticket, event;
