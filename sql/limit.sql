--
-- ct_find_limit: what it is told, and what it says where the limit is no matter of speed.  t/196_limit.pl
-- has it find one.
--
SET client_min_messages = warning;
SELECT ct_create_scenario('limit_three', workers => 2);
-- the third client is one too many
SELECT ct_add_script('limit_three', 'one', E'\\if :client_id >= 2\nSELECT 1 / 0\n\\else\nSELECT pg_sleep(0.001)\n\\endif');
SELECT ct_find_limit('limit_three', by => 'clients');
SELECT ct_add_threshold('limit_three', 'errors', '=', 0);

-- a call, and again if the machine has had other things to do than what is looked for
CREATE PROCEDURE pg_temp.until_so(run text, so text) LANGUAGE plpgsql AS $$
DECLARE
	is_so boolean;
BEGIN
	FOR i IN 1 .. 5 LOOP
		EXECUTE run;
		COMMIT;
		EXECUTE 'SELECT ' || so INTO is_so;
		EXIT WHEN is_so;
	END LOOP;
END $$;
CREATE TEMP TABLE told (found float8, low float8, high float8, first_broken text, dominated boolean, runs int);

CALL pg_temp.until_so($$TRUNCATE told;
	INSERT INTO told SELECT found, low, high, first_broken, dominated_by IS NOT NULL, cardinality(runs) FROM ct_find_limit('limit_three', by => 'clients', max_value => 8, step_duration => '0.2 s')$$,
	'low = 2 AND runs = 6 AND dominated FROM told');
SELECT * FROM told;
-- nothing breaks
CALL pg_temp.until_so($$TRUNCATE told;
	INSERT INTO told SELECT found, low, high, first_broken, dominated_by IS NOT NULL, cardinality(runs) FROM ct_find_limit('limit_three', by => 'clients', max_value => 2, step_duration => '0.2 s')$$,
	'low = 2 FROM told');
SELECT * FROM told;
-- all of it breaks
SELECT found, low, high, first_broken, cardinality(runs) AS runs FROM ct_find_limit('limit_three', by => 'clients', start => 2, max_value => 4, step_duration => '0.2 s', thresholds => '{tps > 1e9}');
-- a rate at which hardly anything is due in a run is not tried, unless it is where to start
SELECT found, low, high, first_broken, cardinality(runs) AS runs FROM ct_find_limit('limit_three', start => 100, step_duration => '0.2 s', thresholds => '{tps > 1e9}');
SELECT found, low, high, first_broken, cardinality(runs) AS runs FROM ct_find_limit('limit_three', start => 20, step_duration => '0.2 s', thresholds => '{tps > 1e9}', seed => 1);
-- where by chance nothing is due, nothing breaks
SELECT found, low, high, first_broken, cardinality(runs) AS runs FROM ct_find_limit('limit_three', start => 0.001, max_value => 0.002, step_duration => '0.2 s', thresholds => '{p95_ms < 1000}', seed => 1);
-- what doesn't break is no reason to look further up than a check that does
SELECT ct_add_check('limit_three', 'never', 'SELECT 1');
SELECT found, first_broken FROM ct_find_limit('limit_three', by => 'clients', max_value => 1, step_duration => '0.2 s');
SELECT ct_drop_check('limit_three', 'never');
-- what its sessions waited for is known only if somebody looked
SET ct_ext.telemetry = off;
CALL pg_temp.until_so($$TRUNCATE told;
	INSERT INTO told SELECT found, low, high, first_broken, dominated_by IS NOT NULL, cardinality(runs) FROM ct_find_limit('limit_three', by => 'clients', max_value => 4, step_duration => '0.2 s')$$,
	'found = 2 FROM told');
SELECT * FROM told;
RESET ct_ext.telemetry;

SELECT ct_find_limit('limit_tree');
SELECT ct_find_limit('limit_three', 'v');
SELECT ct_find_limit('limit_three', by => 'workers');
SELECT ct_find_limit('limit_three', rate => 10);
SELECT ct_find_limit('limit_three', by => 'clients', clients => 10);
SELECT ct_find_limit('limit_three', start => 0);
SELECT ct_find_limit('limit_three', start => 10, max_value => 5);
SELECT ct_find_limit('limit_three', max_value => 1e12);
SELECT ct_find_limit('limit_three', start => 'NaN');
SELECT ct_find_limit('limit_three', by => 'clients', start => 1.5, max_value => 4);
SELECT ct_find_limit('limit_three', step_duration => '0');
SELECT ct_find_limit('limit_three', resolution => 0);
SELECT ct_find_limit('limit_three', thresholds => '{p95_ms}');
SELECT ct_find_limit(NULL);

-- where no transaction was completed no threshold has held
SELECT ct_create_scenario('limit_slow', workers => 1);
SELECT ct_add_script('limit_slow', 'one', 'SELECT pg_sleep(1)');
SELECT found, low, high, first_broken FROM ct_find_limit('limit_slow', by => 'clients', max_value => 2, step_duration => '0.1 s', thresholds => '{errors = 0}');
-- nor where there is nothing to compare with
SELECT ct_find_limit('limit_three', by => 'clients', thresholds => '{vs_baseline.p95_ms < 1.2}');

-- what can't be executed at all says nothing about a load
SELECT ct_create_scenario('limit_broken', workers => 2);
SELECT ct_add_script('limit_broken', 'one', 'SELECT no_such_column');
SELECT ct_find_limit('limit_broken', start => 1000, thresholds => '{p95_ms < 100}', step_duration => '0.2 s');

SELECT ct_drop_scenario(name) FROM ct_scenarios WHERE name ~ '^limit_';
