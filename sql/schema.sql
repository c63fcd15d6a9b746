--
-- The extension in a schema whose name needs quotes, and not in the search_path
--
SELECT current_database() AS regress_db \gset
CREATE DATABASE regress_ct_schema;
\c regress_ct_schema
CREATE SCHEMA "Ct Schema";
CREATE EXTENSION ct_ext SCHEMA "Ct Schema";
SHOW search_path;

SELECT "Ct Schema".ct_create_scenario('regress_shop', setup => 'CREATE TABLE item (stock int)');
SELECT "Ct Schema".ct_add_variant('regress_shop', 'naive');
SELECT "Ct Schema".ct_add_script('regress_shop', 'buy', 'UPDATE item SET stock = stock - 1');
SELECT "Ct Schema".ct_add_check('regress_shop', 'stock', 'SELECT * FROM item WHERE stock < 0');
SELECT "Ct Schema".ct_add_slo('regress_shop', 'tps', '>', 1);
SELECT "Ct Schema".ct_add_variant('regress_shop', 'naive');
SELECT "Ct Schema".ct_add_variant('regress_shup', 'naive');
SELECT name, variants, scripts, checks FROM "Ct Schema".ct_scenarios WHERE name ~ '^regress_';

-- what stands first in the caller's search_path is of no interest to us
CREATE SCHEMA regress_ct_evil;
CREATE TABLE regress_ct_evil.ct_scenario (name text);
CREATE FUNCTION regress_ct_evil.max(int) RETURNS int LANGUAGE sql AS 'SELECT 1 / 0';
CREATE FUNCTION regress_ct_evil.raise(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT 1 / 0 = 1';
CREATE OPERATOR regress_ct_evil.= (FUNCTION = regress_ct_evil.raise, LEFTARG = text, RIGHTARG = text);
SET search_path = regress_ct_evil, pg_catalog, "Ct Schema";
SELECT ct_add_script('regress_shop', 'sell', 'UPDATE item SET stock = stock + 1');
SELECT scripts FROM ct_scenarios WHERE name OPERATOR(pg_catalog.=) 'regress_shop';
RESET search_path;

SELECT "Ct Schema".ct_drop_scenario('regress_shop');

-- the rows of users are dumped, those of the extension aren't
SELECT c.relname, e.condition
FROM pg_extension x, unnest(x.extconfig, x.extcondition) AS e (relation, condition),
	pg_class c
WHERE x.extname = 'ct_ext' AND c.oid = e.relation
	AND c.relname IN ('ct_scenario', 'ct_variant', 'ct_script', 'ct_check', 'ct_slo', 'ct_permutation', 'ct_phase')
ORDER BY 1;

DROP EXTENSION ct_ext;
SELECT count(*) FROM pg_class WHERE relnamespace = '"Ct Schema"'::regnamespace;
\c :"regress_db"
DROP DATABASE regress_ct_schema;
