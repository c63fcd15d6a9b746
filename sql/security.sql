--
-- The extension in a schema where somebody else may create things, too
-- (CVE-2018-1058): operators and functions that suit what the extension says
-- better than pg_catalog's would be executed by whoever installs it or uses it.
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE regress_ct_security;
\c regress_ct_security
CREATE ROLE regress_ct_mallory;
CREATE SCHEMA "ct Trap" AUTHORIZATION regress_ct_mallory;
GRANT CREATE ON DATABASE regress_ct_security TO regress_ct_mallory;

SET ROLE regress_ct_mallory;
CREATE SCHEMA regress_ct_loot;
CREATE TABLE regress_ct_loot.loot (who name, what text);
GRANT ALL ON SCHEMA regress_ct_loot TO PUBLIC;
GRANT ALL ON regress_ct_loot.loot TO PUBLIC;

-- traps: each operator for all pairs of these types for which pg_catalog has none
DO $$
DECLARE
	types text[] := '{bool,"\"char\"",int2,int4,int8,float4,float8,numeric,text,name,varchar,bpchar,
		date,timestamptz,interval,json,jsonb,oid,regclass,text[],int8[],float8[]}';
	returned text;
	trap text;
	l text;
	r text;
	o text;
BEGIN
	FOREACH l IN ARRAY types LOOP
		FOREACH r IN ARRAY types LOOP
			FOREACH returned IN ARRAY '{bool,float8,text,jsonb}'::text[] LOOP
				EXECUTE format('CREATE FUNCTION "ct Trap".%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L',
					'trap_' || returned, l, r, returned,
					format('BEGIN INSERT INTO regress_ct_loot.loot VALUES (current_user, %L); RETURN NULL; END',
						l || ' ' || r || ' ' || returned));
			END LOOP;
			FOREACH o IN ARRAY '{=,<>,<,<=,>,>=,+,-,*,/,%,||,->,->>,~,~~,!~,@>,?}'::text[] LOOP
				CONTINUE WHEN EXISTS (SELECT FROM pg_operator
					WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprname = o
						AND oprleft = l::regtype AND oprright = r::regtype);
				EXECUTE format('CREATE OPERATOR "ct Trap".%s (FUNCTION = "ct Trap".%I, LEFTARG = %s, RIGHTARG = %s)',
					o, 'trap_' || CASE WHEN o IN ('+', '-', '*', '/', '%') THEN 'float8'
						WHEN o = '->' THEN 'jsonb' WHEN o IN ('||', '->>') THEN 'text' ELSE 'bool' END, l, r);
			END LOOP;
		END LOOP;
	END LOOP;
END
$$;
-- and functions of the names that the extension's SQL calls
DO $$
DECLARE
	types text[] := '{int4,int8,float8,numeric,text,name,interval,timestamptz,jsonb,oid}';
	l text;
	r text;
	f text;
BEGIN
	FOREACH f IN ARRAY '{abs,array_agg,clock_timestamp,coalesce,concat,concat_ws,count,current_setting,
		date_part,format,jsonb_agg,jsonb_build_object,jsonb_pretty,jsonb_typeof,lower,max,min,now,nullif,
		pg_extension_config_dump,pg_has_role,pg_is_in_recovery,round,sum,to_char,to_jsonb,unnest}'::text[] LOOP
		FOREACH l IN ARRAY types LOOP
			EXECUTE format('CREATE FUNCTION "ct Trap".%I(%s) RETURNS %2$s LANGUAGE plpgsql AS %L', f, l,
				format('BEGIN INSERT INTO regress_ct_loot.loot VALUES (current_user, %L); RETURN NULL; END', f || ' ' || l));
			FOREACH r IN ARRAY types LOOP
				EXECUTE format('CREATE FUNCTION "ct Trap".%I(%s, %s) RETURNS %3$s LANGUAGE plpgsql AS %L', f, l, r,
					format('BEGIN INSERT INTO regress_ct_loot.loot VALUES (current_user, %L); RETURN NULL; END',
						f || ' ' || l || ' ' || r));
			END LOOP;
		END LOOP;
	END LOOP;
END
$$;
RESET ROLE;

-- they do work
SET search_path = "ct Trap";
SELECT 1::float8 > 1;
SELECT 'x'::text || 1::float8;
SELECT '{"a": 1}'::jsonb ->> '"a"';
SELECT nullif(1::float8, 0);
SELECT lower('x'::name);
SELECT * FROM regress_ct_loot.loot;
TRUNCATE regress_ct_loot.loot;

-- one that the scenarios' definitions would call instead of the extension's
-- (PostgreSQL 18 has more to say about where)
\set SHOW_CONTEXT never
SET ROLE regress_ct_mallory;
CREATE FUNCTION "ct Trap".ct_create_scenario(name text, category text, description text, params text,
	transactions int, setup text, max_tries int DEFAULT NULL)
	RETURNS void LANGUAGE sql AS $$ INSERT INTO regress_ct_loot.loot VALUES (current_user, name) $$;
RESET ROLE;
CREATE EXTENSION ct_ext SCHEMA "ct Trap";
\echo :SQLSTATE
SELECT * FROM regress_ct_loot.loot;
DROP FUNCTION "ct Trap".ct_create_scenario;

RESET search_path;
CREATE EXTENSION ct_ext SCHEMA "ct Trap";
SELECT * FROM regress_ct_loot.loot;

-- nothing in the extension stands on an operator or a function of others
WITH ext AS (
	SELECT oid FROM pg_extension WHERE extname = 'ct_ext'
), member AS (
	SELECT d.classid, d.objid FROM pg_depend d, ext
	WHERE d.refclassid = 'pg_extension'::regclass AND d.refobjid = ext.oid AND d.deptype = 'e'
), relation AS (
	SELECT objid FROM member WHERE classid = 'pg_class'::regclass
), part AS (
	SELECT classid, objid FROM member
	UNION SELECT 'pg_constraint'::regclass, oid FROM pg_constraint WHERE conrelid IN (TABLE relation)
	UNION SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid IN (TABLE relation)
	UNION SELECT 'pg_rewrite'::regclass, oid FROM pg_rewrite WHERE ev_class IN (TABLE relation)
	UNION SELECT 'pg_class'::regclass, indexrelid FROM pg_index WHERE indrelid IN (TABLE relation)
)
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS what,
	pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) AS stands_on
FROM part JOIN pg_depend d USING (classid, objid)
WHERE d.refclassid IN ('pg_operator'::regclass, 'pg_proc'::regclass, 'pg_cast'::regclass,
		'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_collation'::regclass)
	AND (SELECT i.schema FROM pg_identify_object(d.refclassid, d.refobjid, 0) i) IS DISTINCT FROM 'pg_catalog'
	AND (d.refclassid, d.refobjid) NOT IN (TABLE member)
ORDER BY 1, 2;
-- of the dependencies that were looked at, those on the extension's own functions are there
SELECT count(*) > 0 AS looked FROM pg_depend
WHERE classid = 'pg_rewrite'::regclass AND refobjid = '"ct Trap"._ct_run_lives'::regproc;

-- whoever uses it with that schema first
SET client_min_messages = warning;
SELECT string_agg(format('(SELECT pg_catalog.count(v) IS NULL FROM (SELECT * FROM "ct Trap".%I OFFSET 0) v)', relname), ' OR ')
	AS every_view
FROM pg_class WHERE relnamespace = '"ct Trap"'::regnamespace AND relkind = 'v' \gset
SET search_path = "ct Trap";
SELECT ct_create_scenario('regress_trap', 'd', setup => 'CREATE TABLE t (i int)', teardown => 'DROP TABLE t',
	workers => 2, transactions => 20, params => '{"a": 1}', rate => 1000, max_tries => 3, min_overlap => 0,
	expected_errors => '{23505=twice}', retried_errors => '{55P03}');
SELECT ct_add_variant('regress_trap', 'v', 'd', 'serializable', 5, 'INSERT INTO t VALUES (:a)');
SELECT ct_add_script('regress_trap', 's', E'\\tally n 1\nSELECT :a;\n\\outcome done', weight => 2, think_time => '1 us');
SELECT ct_add_check('regress_trap', 'c', 'SELECT i AS observed FROM t', during => true);
SELECT ct_add_slo('regress_trap', 'tps', '>', 0.5);
SELECT ct_import_pgbench('regress_trap_2', 'SELECT 1');
DO $$ BEGIN PERFORM ct_create_scenario('regress_trap'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN PERFORM ct_add_variant('regress_trip', 'v'); EXCEPTION WHEN undefined_object THEN NULL; END $$;
SELECT ct_run('regress_trap', 'v') AS run_id \gset
SELECT verdict, transactions, anomalies, rate, max_tries, params FROM ct_runs;
CALL ct_execute('regress_trap', 'v', run_id => NULL) \gset e_
SELECT variant, verdict FROM ct_compare('regress_trap');
SELECT variant, verdict FROM ct_run_all(scenarios => '{regress_trap}');
SELECT low, high FROM ct_find_limit('regress_trap', 'v', by => 'clients', max_value => 1, step_duration => '0.2 s');
SELECT verdict FROM ct_scale('regress_trap', '{1,2}', 'v', step_duration => '0.2 s', repeat => 1);
SELECT ct_set_baseline(:run_id), ct_drop_baseline(:run_id);
SELECT ct_test('SELECT 1', checks => '{"SELECT 1 LIMIT 0", "p95_ms < 1000000"}', workers => 2, transactions => 10, min_overlap => 0) AS test_id \gset
SELECT ct_wait(:test_id), ct_cancel(:test_id);
SELECT :every_view AS every_view;
SELECT length(ct_report(:run_id)) IS NULL AS text, length(ct_report(:run_id, 'markdown')) IS NULL AS markdown,
	length(ct_report(:run_id, 'json')) IS NULL AS json, length(ct_report(:run_id, 'html')) IS NULL AS html,
	length(ct_report(:run_id, 'junit')) IS NULL AS junit, length(ct_report(:run_id, 'tap')) IS NULL AS tap;
SELECT total, ok FROM ct_summary(ARRAY[:run_id]::bigint[]);
SELECT ct_ok(:run_id) IS NULL AS ok;
SELECT jobs FROM ct_health();
DO $$ BEGIN PERFORM ct_assert(1); EXCEPTION WHEN assert_failure THEN NULL; END $$;
SELECT ct_sweep();
SELECT ct_prune('0');
SELECT ct_drop_scenario('regress_trap'), ct_drop_scenario('regress_trap_2');
RESET search_path;
SELECT * FROM regress_ct_loot.loot;

-- any function of the name of one of the extension's is in the way
CREATE TEMP TABLE own AS
SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
WHERE e.extname = 'ct_ext' AND d.deptype = 'e';
DROP EXTENSION ct_ext;
DO $$
DECLARE
	f name;
BEGIN
	FOR f IN SELECT proname FROM own ORDER BY 1 LOOP
		EXECUTE format('CREATE FUNCTION "ct Trap".%I(point) RETURNS int LANGUAGE sql AS ''SELECT 1''', f);
		BEGIN
			CREATE EXTENSION ct_ext SCHEMA "ct Trap";
			RAISE WARNING '% is not in the way', f;
		EXCEPTION WHEN duplicate_function THEN
			NULL;
		END;
		EXECUTE format('DROP FUNCTION "ct Trap".%I(point)', f);
	END LOOP;
END
$$;
SELECT count(*) > 15 AS looked FROM own;
\c :"regress_db"
DROP DATABASE regress_ct_security;
DROP ROLE regress_ct_mallory;
