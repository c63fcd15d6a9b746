/*
 * definition_read.c
 *		Reading definitions of scenarios.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "src/base/near_match.h"
#include "src/catalog/definition.h"
#include "src/catalog/row.h"

/* ---- queries ---- */

/*
 * Executes a query of a scenario, $1, and a variant or other name, $2, both of
 * type text.  Makes the scope's context current.
 */
static void
definition_query(CtCatalogScope *scope, const char *sql, const char *scenario,
				 const char *variant)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, variant);

	/* not read-only: what this very statement has defined counts */
	(void) ct_row_execute(&row, sql, false);
	MemoryContextSwitchTo(scope->context);
}

/* a value of the last query's result */
static Datum
definition_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

/* of a type that is passed by value; 0 for null */
static Datum
definition_datum(uint64 row, int column)
{
	bool		isnull;
	Datum		value = definition_value(row, column, &isnull);

	return isnull ? (Datum) 0 : value;
}

/* in the current context; NULL for null */
static char *
definition_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

static ArrayType *
definition_array(uint64 row, int column)
{
	bool		isnull;
	Datum		value = definition_value(row, column, &isnull);

	return isnull ? NULL : DatumGetArrayTypePCopy(value);
}

static Interval *
definition_interval(uint64 row, int column)
{
	bool		isnull;
	Datum		value = definition_value(row, column, &isnull);
	Interval   *interval;

	if (isnull)
		return NULL;
	interval = palloc(sizeof(Interval));
	*interval = *DatumGetIntervalP(value);
	return interval;
}

/* the result's first column, List of char * */
static List *
definition_names(void)
{
	List	   *names = NIL;
	uint64		row;

	for (row = 0; row < SPI_processed; row++)
		names = lappend(names, definition_text(row, 1));
	return names;
}

/* ---- scenarios and variants ---- */

void
ct_definition_unknown_scenario(CtCatalogScope *scope, const char *scenario)
{
	char	   *hint;

	definition_query(scope,
					 "SELECT name FROM @ct_scenario WHERE $1 IS NOT NULL AND $2 IS NULL ORDER BY name",
					 scenario, NULL);
	hint = ct_near_match_hint(scenario, definition_names(), "scenarios",
							  "The view ct_scenarios lists the scenarios.");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("scenario \"%s\" does not exist", scenario),
			 errhint("%s", hint)));
}

bool
ct_definition_read_scenario(CtCatalogScope *scope, const char *name,
							CtScenarioDefinition *scenario)
{
	bool		isnull;
	Datum		value;

	memset(scenario, 0, sizeof(CtScenarioDefinition));
	definition_query(scope,
					 "SELECT setup, teardown, workers, duration, transactions, rate, max_tries,"
					 " min_overlap, params, expected_errors, retried_errors, transactions_expr,"
					 " owner, bundled, clients, explore_params, on_start FROM @ct_scenario WHERE name = $1 AND $2 IS NULL",
					 name, NULL);
	if (SPI_processed == 0)
		return false;

	scenario->name = name;
	scenario->setup = definition_text(0, 1);
	scenario->teardown = definition_text(0, 2);
	value = definition_value(0, 3, &isnull);
	scenario->has_workers = !isnull;
	scenario->workers = DatumGetInt32(value);
	scenario->duration = definition_interval(0, 4);
	value = definition_value(0, 5, &isnull);
	scenario->has_transactions = !isnull;
	if (!isnull)
		scenario->transactions = DatumGetInt64(value);
	value = definition_value(0, 6, &isnull);
	scenario->has_rate = !isnull;
	if (!isnull)
		scenario->rate = DatumGetFloat8(value);
	value = definition_value(0, 7, &isnull);
	scenario->has_max_tries = !isnull;
	scenario->max_tries = DatumGetInt32(value);
	value = definition_value(0, 8, &isnull);
	scenario->has_min_overlap = !isnull;
	scenario->min_overlap = DatumGetInt32(value);
	scenario->params = DatumGetJsonbPCopy(definition_value(0, 9, &isnull));
	scenario->expected_errors = definition_array(0, 10);
	scenario->retried_errors = definition_array(0, 11);
	scenario->transactions_expr = definition_text(0, 12);
	scenario->owner = DatumGetObjectId(definition_datum(0, 13));
	scenario->bundled = DatumGetBool(definition_datum(0, 14));
	value = definition_value(0, 15, &isnull);
	scenario->has_clients = !isnull;
	scenario->clients = DatumGetInt32(value);
	value = definition_value(0, 16, &isnull);
	scenario->explore_params = isnull ? NULL : DatumGetJsonbPCopy(value);
	scenario->on_start = definition_text(0, 17);
	return true;
}

bool
ct_definition_read_variant(CtCatalogScope *scope, const char *scenario, const char *name,
						   CtVariantDefinition *variant)
{
	bool		isnull;
	Datum		value;

	memset(variant, 0, sizeof(CtVariantDefinition));
	definition_query(scope,
					 "SELECT isolation, max_tries, setup, expected_errors, retried_errors"
					 " FROM @ct_variant WHERE scenario = $1 AND name = $2", scenario, name);
	if (SPI_processed == 0)
		return false;
	variant->name = name;
	variant->isolation = definition_text(0, 1);
	value = definition_value(0, 2, &isnull);
	variant->has_max_tries = !isnull;
	variant->max_tries = DatumGetInt32(value);
	variant->setup = definition_text(0, 3);
	variant->expected_errors = definition_array(0, 4);
	variant->retried_errors = definition_array(0, 5);
	return true;
}

List *
ct_definition_variants(CtCatalogScope *scope, const char *scenario)
{
	definition_query(scope,
					 "SELECT name FROM @ct_variant WHERE scenario = $1 AND $2 IS NULL ORDER BY position",
					 scenario, NULL);
	return definition_names();
}

/* Raises for the first of the names that is no scenario's; NULL is fine. */
static void
definition_check_scenarios(CtCatalogScope *scope, ArrayType *scenarios)
{
	CtRow		row = {0};

	if (scenarios == NULL)
		return;
	if (array_contains_nulls(scenarios))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("scenarios must not contain nulls")));
	ct_row_add(&row, TEXTARRAYOID, PointerGetDatum(scenarios), false);
	(void) ct_row_execute(&row, "SELECT n FROM unnest($1) WITH ORDINALITY AS u (n, i)"
						  " WHERE NOT EXISTS (SELECT FROM @ct_scenario WHERE name = n) ORDER BY i LIMIT 1", false);
	MemoryContextSwitchTo(scope->context);
	if (SPI_processed > 0)
		ct_definition_unknown_scenario(scope, definition_text(0, 1));
}

/* Raises, for there is nothing to be chosen. */
static void
definition_none_chosen(CtCatalogScope *scope, const char *category, ArrayType *scenarios)
{
	if (scenarios != NULL && category == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scenarios must not be empty"),
				 errhint("Name at least one; the view ct_scenarios lists them.")));
	if (category == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there are no scenarios but the bundled ones"),
				 errhint("Name a category or scenarios of these; the view ct_scenarios lists them.")));
	if (scenarios != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("none of these scenarios is of category \"%s\"", category)));
	definition_query(scope,
					 "SELECT DISTINCT category FROM @ct_scenario WHERE category <> '' AND $1 IS NOT NULL AND $2 IS NULL ORDER BY category",
					 category, NULL);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("there is no scenario of category \"%s\"", category),
			 errhint("%s", ct_near_match_hint(category, definition_names(), "categories",
											  "The view ct_scenarios lists them."))));
}

List *
ct_definition_choose(CtCatalogScope *scope, const char *category, ArrayType *scenarios)
{
	CtRow		row = {0};
	List	   *choices = NIL;
	uint64		i;

	definition_check_scenarios(scope, scenarios);
	ct_row_add_text(&row, category);
	ct_row_add(&row, TEXTARRAYOID, PointerGetDatum(scenarios), scenarios == NULL);
	(void) ct_row_execute(&row,
						  "SELECT s.name, v.name, v.expected_verdict"
						  " FROM @ct_scenario s LEFT JOIN @ct_variant v ON v.scenario = s.name"
						  " WHERE ($1 IS NULL OR s.category = $1) AND ($2 IS NULL OR s.name = ANY ($2))"
						  " AND ($1 IS NOT NULL OR $2 IS NOT NULL OR NOT s.bundled)"
						  " ORDER BY array_position($2, s.name), s.name, v.position", false);
	MemoryContextSwitchTo(scope->context);
	if (SPI_processed == 0)
		definition_none_chosen(scope, category, scenarios);
	for (i = 0; i < SPI_processed; i++)
	{
		CtVariantChoice *choice = palloc0(sizeof(CtVariantChoice));

		choice->scenario = definition_text(i, 1);
		choice->variant = definition_text(i, 2);
		choice->expected_verdict = definition_text(i, 3);
		choices = lappend(choices, choice);
	}
	return choices;
}

void
ct_definition_unknown_variant(const char *scenario, const char *variant, const List *variants)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("scenario \"%s\" has no variant \"%s\"", scenario, variant),
			 errhint("%s", ct_near_match_hint(variant, variants, "variants",
											  "The view ct_variants lists the variants."))));
}

void
ct_definition_check_variant(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	if (variant == NULL)
		return;
	definition_query(scope, "SELECT FROM @ct_variant WHERE scenario = $1 AND name = $2",
					 scenario, variant);
	if (SPI_processed == 0)
		ct_definition_unknown_variant(scenario, variant, ct_definition_variants(scope, scenario));
}

List *
ct_definition_expected_errors(CtCatalogScope *scope, const char *scenario, const char *variant,
							  CtPartsOf of)
{
	static const char *const queries[] = {
		[CT_PARTS_OF_VARIANT] =
		"SELECT expected_errors FROM @ct_scenario WHERE name = $1"
		" UNION ALL SELECT expected_errors FROM @ct_variant WHERE scenario = $1 AND name = $2",
		[CT_PARTS_OF_SCENARIO] =
		"SELECT expected_errors FROM @ct_scenario WHERE name = $1 AND $2 IS NULL"
		" UNION ALL SELECT expected_errors FROM @ct_variant WHERE scenario = $1",
		[CT_PARTS_OF_OTHERS] =
		"SELECT expected_errors FROM @ct_variant WHERE scenario = $1 AND name <> $2"
	};
	List	   *errors = NIL;
	uint64		row;

	definition_query(scope, queries[of], scenario, variant);
	for (row = 0; row < SPI_processed; row++)
		errors = lappend(errors, definition_array(row, 1));
	return errors;
}

/* ---- scripts, checks and thresholds ---- */

/*
 * Of the table, as "p", those of the variant $2: its own, and the general ones
 * that none of its own takes the place of, which is one of the same key.
 */
#define PARTS_OF_VARIANT(table, same) \
	" FROM " table " p WHERE p.scenario = $1 AND (p.variant = $2 OR p.variant IS NULL AND NOT EXISTS" \
	" (SELECT FROM " table " o WHERE o.scenario = $1 AND o.variant = $2 AND " same "))" \
	" ORDER BY p.position"

List *
ct_definition_scripts(CtCatalogScope *scope, const char *scenario, const char *variant,
					  CtPartsOf of)
{
#define SCRIPT_COLUMNS	"SELECT p.name, p.body, p.weight, p.think_time, p.quoted, p.workers," \
	" p.think_max, p.think_distribution"
	static const char *const queries[] = {
		[CT_PARTS_OF_VARIANT] = SCRIPT_COLUMNS
		PARTS_OF_VARIANT("@ct_script", "o.name = p.name"),
		[CT_PARTS_OF_SCENARIO] = SCRIPT_COLUMNS
		" FROM @ct_script p WHERE p.scenario = $1 AND $2 IS NULL ORDER BY p.position",
		[CT_PARTS_OF_OTHERS] = SCRIPT_COLUMNS
		" FROM @ct_script p WHERE p.scenario = $1 AND p.variant <> $2 ORDER BY p.position"
	};
	List	   *scripts = NIL;
	uint64		row;

	definition_query(scope, queries[of], scenario, variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtScriptDefinition *script = palloc0(sizeof(CtScriptDefinition));

		script->name = definition_text(row, 1);
		script->body = definition_text(row, 2);
		script->weight = DatumGetInt32(definition_datum(row, 3));
		script->think_time = definition_interval(row, 4);
		script->quoted = DatumGetBool(definition_datum(row, 5));
		script->workers = DatumGetInt32(definition_datum(row, 6));
		script->think_max = definition_interval(row, 7);
		script->think_distribution = definition_text(row, 8);
		scripts = lappend(scripts, script);
	}
	return scripts;
}

List *
ct_definition_classes(CtCatalogScope *scope, const char *scenario, const char *variant)
{
#define CLASS_COLUMNS	"SELECT p.name, p.share, p.weights, p.think_time, p.think_max," \
	" p.think_distribution, p.on_start"
	List	   *classes = NIL;
	uint64		row;
	Datum		value;
	bool		isnull;

	definition_query(scope, variant != NULL ?
					 CLASS_COLUMNS PARTS_OF_VARIANT("@ct_class", "o.name = p.name") :
					 CLASS_COLUMNS " FROM @ct_class p WHERE p.scenario = $1 AND $2 IS NULL ORDER BY p.position",
					 scenario, variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtClassDefinition *one = palloc0(sizeof(CtClassDefinition));

		one->name = definition_text(row, 1);
		one->share = DatumGetFloat8(definition_value(row, 2, &isnull));
		value = definition_value(row, 3, &isnull);
		one->weights = isnull ? NULL : DatumGetJsonbPCopy(value);
		one->think_time = definition_interval(row, 4);
		one->think_max = definition_interval(row, 5);
		one->think_distribution = definition_text(row, 6);
		one->on_start = definition_text(row, 7);
		classes = lappend(classes, one);
	}
	return classes;
}

List *
ct_definition_checks(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	List	   *checks = NIL;
	uint64		row;

	definition_query(scope, "SELECT p.name, p.query, p.kind, p.during"
					 PARTS_OF_VARIANT("@ct_check", "o.name = p.name"), scenario, variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtCheckDefinition *check = palloc0(sizeof(CtCheckDefinition));

		check->name = definition_text(row, 1);
		check->query = definition_text(row, 2);
		check->kind = definition_text(row, 3);
		check->during = DatumGetBool(definition_datum(row, 4));
		checks = lappend(checks, check);
	}
	return checks;
}

List *
ct_definition_thresholds(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	List	   *thresholds = NIL;
	uint64		row;
	bool		isnull;

	definition_query(scope, "SELECT p.metric, p.op, p.target"
					 PARTS_OF_VARIANT("@ct_slo", "o.metric = p.metric AND o.op = p.op"),
					 scenario, variant);
	for (row = 0; row < SPI_processed; row++)
	{
		CtThresholdDefinition *threshold = palloc0(sizeof(CtThresholdDefinition));

		threshold->metric = definition_text(row, 1);
		threshold->op = definition_text(row, 2);
		threshold->target = DatumGetFloat8(definition_value(row, 3, &isnull));
		thresholds = lappend(thresholds, threshold);
	}
	return thresholds;
}

List *
ct_definition_permutations(CtCatalogScope *scope, const char *scenario)
{
	List	   *permutations = NIL;
	uint64		row;

	definition_query(scope,
					 "SELECT name, permutation FROM @ct_permutation"
					 " WHERE scenario = $1 AND $2 IS NULL ORDER BY position", scenario, NULL);
	for (row = 0; row < SPI_processed; row++)
	{
		CtPermutationDefinition *permutation = palloc0(sizeof(CtPermutationDefinition));

		permutation->name = definition_text(row, 1);
		permutation->permutation = definition_array(row, 2);
		permutations = lappend(permutations, permutation);
	}
	return permutations;
}

Jsonb *
ct_definition_phases(CtCatalogScope *scope, const char *scenario)
{
	bool		isnull;
	Datum		value;

	definition_query(scope,
					 "SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('name', name,"
					 " 'duration', duration::text, 'rate', rate, 'clients', clients, 'weights', weights,"
					 " 'ramp', ramp::text)) ORDER BY position)"
					 " FROM @ct_phase WHERE scenario = $1 AND $2 IS NULL", scenario, NULL);
	value = definition_value(0, 1, &isnull);
	return isnull ? NULL : DatumGetJsonbPCopy(value);
}

List *
ct_definition_dotted_metrics(CtCatalogScope *scope, const char *scenario)
{
	definition_query(scope,
					 "SELECT DISTINCT metric FROM @ct_slo"
					 " WHERE scenario = $1 AND $2 IS NULL AND position('.' in metric) > 0",
					 scenario, NULL);
	return definition_names();
}
