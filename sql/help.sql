--
-- What is for users is in ct_help, and what isn't has another name
--
SELECT use, does FROM ct_help('Threshold');
SELECT DISTINCT topic FROM ct_help('run_id') ORDER BY topic;
SELECT count(*) FROM ct_help('no such word');

CREATE TEMP TABLE ours AS
SELECT d.classid, d.objid, coalesce(p.proname, c.relname) AS name, p.oid IS NOT NULL AS function,
	coalesce(p.proname ~ '^ct_', c.relkind = 'v' AND has_table_privilege('public', c.oid, 'SELECT')) AS public
FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE e.extname = 'ct_ext' AND d.deptype = 'e' AND coalesce(p.proname, c.relname) IS NOT NULL;
SELECT count(*) FILTER (WHERE function) > 20 AS functions, count(*) FILTER (WHERE NOT function) > 10 AS views FROM ours WHERE public;

-- public functions and views that are missing from it, and what it has that is none of these
SELECT name AS missing FROM ours WHERE public
EXCEPT SELECT substring(use FROM '_?ct_\w+') FROM ct_help();
SELECT topic, use FROM ct_help() WHERE substring(use FROM '_?ct_\w+') NOT IN (SELECT name FROM ours WHERE public);
SELECT topic, use FROM ct_help() WHERE (use ~ '\(') <> (SELECT bool_or(function) FROM ours WHERE name = substring(use FROM 'ct_\w+'));
SELECT substring(use FROM 'ct_\w+') AS twice FROM ct_help() GROUP BY 1 HAVING count(*) > 1;
-- its arguments are the functions'
SELECT use, argument FROM ct_help(), regexp_split_to_table(substring(use FROM '\((.*)\)'), ', *') AS argument
WHERE argument NOT IN ('', '...') AND NOT EXISTS (SELECT FROM ours JOIN pg_proc ON oid = objid
	WHERE name = substring(use FROM 'ct_\w+') AND split_part(argument, ' ', 1) = ANY (proargnames));
-- who makes runs takes all options of ct_run, of the same types, but for those that it lacks for a
-- reason: ct_test has no scenario, and its thresholds are among the checks; the rest is in
-- docs/reference.md, after the functions. What is said here and isn't so any more is told, too.
WITH makes (function, lacks, adds) AS (VALUES
	('ct_start', '{}', '{}'),
	('ct_execute', '{}', '{run_id}'),
	('ct_schedule', '{}', '{job_name,schedule,older_than}'),
	('ct_test', '{scenario,variant,thresholds,trust_owner}', '{script,setup,checks,teardown}'),
	('ct_compare', '{variant,raise_on_fail}', '{explore}'),
	('ct_run_all', '{scenario,variant}', '{category,scenarios,explore}'),
	('ct_find_limit', '{duration,transactions,keep,raise_on_fail,rounds,repeat,phases}',
		'{by,start,max_value,step_duration,resolution}'),
	('ct_scale', '{duration,transactions,keep,raise_on_fail,rounds,phases,workers,rate,clients}',
		'{clients,step_duration,min_efficiency,min_retained}')),
takes AS (
	SELECT o.name AS function, a.name, a.type::regtype
	FROM ours o JOIN pg_proc p ON p.oid = o.objid,
		unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) AS a (name, type)
	WHERE o.function),
should AS (
	SELECT m.function, t.name, t.type FROM makes m, takes t
	WHERE t.function = 'ct_run' AND t.name <> ALL (m.lacks::text[])),
does AS (
	SELECT t.* FROM makes m JOIN takes t USING (function) WHERE t.name <> ALL (m.adds::text[]))
SELECT function, name, s.type AS of_ct_run, d.type AS its_own
FROM should s FULL JOIN does d USING (function, name) WHERE s.type IS DISTINCT FROM d.type ORDER BY 1, 2;
-- psql shows it in 100 columns
SELECT max(length(topic)) + max(length(use)) + max(length(does)) + 8 <= 100 AS fits FROM ct_help();

-- functions whose comment says that they are internal are not found by \df ct_*
SELECT objid::regprocedure FROM ours WHERE function AND obj_description(objid, 'pg_proc') ~* '\minternal\M' <> (name !~ '^ct_');

-- what everybody may call: nothing that executes SQL of somebody's, or starts anything
SELECT string_agg(name, ', ' ORDER BY name) AS open FROM ours WHERE function AND has_function_privilege('public', objid, 'EXECUTE');

-- comments begin in lower case, and have no full stop at their end
WITH said AS (
	SELECT name, obj_description(objid, classid::regclass::name) AS comment FROM ours
	UNION ALL
	SELECT o.name || '.' || a.attname, col_description(a.attrelid, a.attnum)
	FROM ours o JOIN pg_attribute a ON a.attrelid = o.objid AND NOT o.function AND a.attnum > 0)
SELECT name, comment FROM said WHERE comment ~ '^[A-Z][a-z]' OR comment ~ '\.$' ORDER BY 1;
