\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset recordsep '\n'
/*
 * Prints docs/scenarios.md from the catalog of a server that has ct_ext; see
 * scripts/docs.  As a role that may read the tables of definitions.
 */
SET client_min_messages = warning;

-- What stands in a cell of a table.
CREATE FUNCTION pg_temp.cell(text) RETURNS text LANGUAGE sql AS $$
	SELECT replace(replace(coalesce($1, ''), '|', '\|'), E'\n', ' ')
$$;

-- A table of markdown: headings, then rows of cells.
CREATE FUNCTION pg_temp.markdown(headings text[], "rows" text[]) RETURNS text LANGUAGE sql AS $$
	SELECT '| ' || array_to_string(headings, ' | ') || E' |\n|' || repeat(' --- |', cardinality(headings)) ||
		E'\n' || array_to_string("rows", E'\n')
$$;

SELECT $$# The scenario library

Find your own bug, run the broken way and see it fail, run the others and see what they cost, and copy
the one that suits you:

```sql
CREATE EXTENSION ct_ext;
SELECT ct_run('oversell_tickets') AS run_id \gset
SELECT ct_run('oversell_tickets', params => '{"buyers": 1000, "capacity": 50}') AS run_id \gset
SELECT variant, verdict, anomalies, tps, p99_ms FROM ct_compare('oversell_tickets');
SELECT body FROM ct_scripts WHERE scenario = 'oversell_tickets' AND variant = 'atomic'
    \g (format=unaligned tuples_only)
```

```
NOTICE:  run 1: fail: check "no_oversell" found 1 violation: observed 54, expected 10
DETAIL:  Found at the end, after 100 transactions; 2 checks failed in all.
NOTICE:  run 2: fail: check "no_oversell" found 1 violation: observed 276, expected 50
DETAIL:  Found at the end, after 1000 transactions; 2 checks failed in all.
    variant    | verdict | anomalies |  tps  | p99_ms 
---------------+---------+-----------+-------+--------
 naive         | fail    |         2 | 433.8 | 29.753
 atomic        | pass    |         0 | 823.5 | 35.389
...
UPDATE event SET stock = stock - 1 WHERE id = 1 AND stock > 0 RETURNING 1 AS taken \aset
...
```

The first variant of each has the bug. Of the others most are right, and some are fixes that many believe
in and that are none, as REPEATABLE READ in `write_skew`: `ct_variants.expected_verdict` says what each is
known to come to. `ct_scripts` shows all that they execute, and [install/scenarios/](../install/scenarios/)
how they are defined, with the functions of [the reference](reference.md#functions-that-define).

Verdicts are those that a variant is known to come to, with the default parameters and on a server with
default settings: other parameters can take a race away, or its fix. They can
be given to a run in `params`; the number of transactions follows from them unless the call says
`transactions` or `duration`. Where a variant has no isolation level, it is that of the role.

Each variant can be explored, too: `ct_explore('oversell_tickets')` executes the smallest instance that
has the bug, two buyers and one ticket, in all orders of their steps, and `ct_compare('oversell_tickets',
explore => true)` does that with all variants. What is smaller then stands in the column *explored*, and
in `ct_scenarios.explore_params`. That is null where no order of a few steps shows the bug, as where it takes
a load, or time that passes: the last lines of such a story say why.

This page is printed from the extension's own catalog by `scripts/docs`.
$$;

-- contents
SELECT E'## Contents\n';
SELECT '**' || upper(left(category, 1)) || substr(category, 2) || E'**\n\n' ||
	pg_temp.markdown('{scenario,the bug}',
		array_agg(format('| [%s](#%s) | %s |', name, name, pg_temp.cell(description)) ORDER BY name)) || E'\n'
FROM ct_scenarios WHERE bundled GROUP BY category ORDER BY category;

-- each scenario
WITH facts AS (
	SELECT s.*, coalesce(t.story, '') AS story,
		(SELECT array_agg(format('| `%s` | `%s` |', p.key, pg_temp.cell(p.value)) ||
								 CASE WHEN s.explore_params IS NOT NULL
								 THEN format(' %s |', '`' || (s.explore_params ->> p.key) || '`') ELSE '' END ORDER BY p.key)
		 FROM jsonb_each_text(s.params) p) AS param_rows,
		(SELECT array_agg(format('| `%s` | %s | %s | %s |', v.variant, coalesce(v.isolation, ''),
								 coalesce(v.expected_verdict, ''), pg_temp.cell(v.description))
						  ORDER BY v."position")
		 FROM ct_variants v WHERE v.scenario = s.name) AS variant_rows,
		(SELECT array_agg(format('| `%s` | %s | %s |', c.name, c.kind,
								 pg_temp.cell(c.description || CASE WHEN c.during THEN ' Also asked during the run.' ELSE '' END ||
											  coalesce(' (Variant ' || c.variant || ')', '')))
						  ORDER BY c."position")
		 FROM ct_check c WHERE c.scenario = s.name) AS check_rows,
		(SELECT string_agg(format('`%s %s %s`', t.metric, t.op, t.target) || coalesce(' (variant ' || t.variant || ')', ''),
						   ', ' ORDER BY t."position")
		 FROM ct_slo t WHERE t.scenario = s.name) AS thresholds,
		concat_ws(', ',
			'`workers` ' || s.workers,
			'`duration` ' || s.duration,
			'`transactions` ' || s.transactions,
			'`transactions` `' || s.transactions_expr || '`') AS size
	FROM ct_scenarios s LEFT JOIN ct_stories t ON t.scenario = s.name WHERE s.bundled)
SELECT format(E'## %s\n\n%s\n\n*%s*%s\n\n%s\n\n%s%s%s',
	name, description, category,
	CASE WHEN size <> '' THEN E'; ' || size ELSE '' END,
	btrim(story, E'\n'),
	pg_temp.markdown('{variant,isolation,verdict,what is different}', variant_rows) || E'\n\n',
	coalesce(pg_temp.markdown(CASE WHEN explore_params IS NOT NULL THEN '{parameter,default,explored}' ELSE '{parameter,default}' END::text[],
							  param_rows) || E'\n\n', ''),
	coalesce(pg_temp.markdown('{check,kind,what holds}', check_rows) || E'\n', '') ||
	coalesce(E'\nThresholds: ' || thresholds || E'\n', ''))
FROM facts ORDER BY category, name;
