--
-- Shares in the report: at their ends, and where there is none
--
SET client_min_messages = warning;
SELECT ct_test('\outcome all', workers => 1, transactions => 2, min_overlap => 0) AS run_id \gset
CREATE FUNCTION pg_temp.shares(bigint) RETURNS SETOF text LANGUAGE sql AS
	$$SELECT regexp_replace(trim(line), ' +', ' ', 'g') FROM regexp_split_to_table(ct_report($1), '\n') line WHERE line ~ 'said\d|without'$$;
CREATE FUNCTION pg_temp.say(run bigint, counts bigint[]) RETURNS SETOF text LANGUAGE sql AS $$
	DELETE FROM ct_result_outcome WHERE run_id = run;
	INSERT INTO ct_result_outcome SELECT run, 'test', 'said' || i, n FROM unnest(counts) WITH ORDINALITY u (n, i);
	SELECT * FROM pg_temp.shares(run)
$$;
-- two transactions, of which one said nothing: its share is of both
SELECT pg_temp.say(:run_id, '{1}');
-- of what was said alone: never all or nothing where it is neither
DELETE FROM ct_result_worker WHERE run_id = :run_id;
SELECT pg_temp.say(:run_id, '{1,49,51,99,101,19899}');
SELECT pg_temp.say(:run_id, '{99999,1}');
SELECT pg_temp.say(:run_id, '{999,1}');
SELECT pg_temp.say(:run_id, '{5}');
SELECT pg_temp.say(:run_id, '{5,0}');
SELECT pg_temp.say(:run_id, '{0}');
DELETE FROM ct_result WHERE run_id = :run_id;
