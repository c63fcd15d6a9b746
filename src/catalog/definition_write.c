/*
 * definition_write.c
 *		Writing definitions of scenarios, and taking them back.
 *
 * A part's position is the one after the last, and whether it is bundled is
 * its scenario's: whoever adds one holds the scenario's lock.  Names that two
 * sessions create at once are settled by the unique indexes.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "src/base/near_match.h"
#include "src/catalog/definition.h"
#include "src/catalog/row.h"

char *
ct_definition_place(const char *scenario, const char *variant)
{
	if (variant == NULL)
		return psprintf("scenario \"%s\"", scenario);
	return psprintf("variant \"%s\" of scenario \"%s\"", variant, scenario);
}

/* Executes a statement with the row; makes the scope's context current. */
static uint64
definition_execute(CtCatalogScope *scope, CtRow *row, const char *sql)
{
	uint64		n = ct_row_execute(row, sql, false);

	MemoryContextSwitchTo(scope->context);
	return n;
}

bool
ct_definition_lock(CtCatalogScope *scope, const char *scenario, Oid *owner, bool *bundled)
{
	CtRow		row = {0};
	bool		isnull;

	ct_row_add_text(&row, scenario);
	if (definition_execute(scope, &row,
						   "SELECT owner, bundled FROM @ct_scenario WHERE name = $1 FOR UPDATE") == 0)
		return false;
	*owner = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*bundled = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	return true;
}

/* ---- inserting ---- */

static const char *
definition_or_empty(const char *text)
{
	return text ? text : "";
}

bool
ct_definition_insert_scenario(CtCatalogScope *scope, const CtScenarioDefinition *scenario)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario->name);
	ct_row_add_text(&row, definition_or_empty(scenario->description));
	ct_row_add_text(&row, definition_or_empty(scenario->category));
	ct_row_add_text(&row, scenario->setup);
	ct_row_add_text(&row, scenario->teardown);
	ct_row_add_int32(&row, scenario->workers, !scenario->has_workers);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(scenario->duration),
			   scenario->duration == NULL);
	ct_row_add_int64(&row, scenario->transactions, !scenario->has_transactions);
	ct_row_add_double(&row, scenario->rate, !scenario->has_rate);
	ct_row_add_int32(&row, scenario->max_tries, !scenario->has_max_tries);
	ct_row_add(&row, JSONBOID, JsonbPGetDatum(scenario->params), scenario->params == NULL);
	ct_row_add_texts(&row, scenario->expected_errors);
	ct_row_add_texts(&row, scenario->retried_errors);
	ct_row_add_int32(&row, scenario->min_overlap, !scenario->has_min_overlap);
	ct_row_add_bool(&row, scenario->bundled);
	ct_row_add(&row, REGROLEOID, ObjectIdGetDatum(scenario->owner), false);
	ct_row_add_text(&row, definition_or_empty(scenario->story));
	ct_row_add_text(&row, scenario->transactions_expr);
	ct_row_add_int32(&row, scenario->clients, !scenario->has_clients);
	ct_row_add(&row, JSONBOID, JsonbPGetDatum(scenario->explore_params),
			   scenario->explore_params == NULL);
	ct_row_add_text(&row, scenario->on_start);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_scenario (name, description, category, setup, teardown,"
							  " workers, duration, transactions, rate, max_tries, params,"
							  " expected_errors, retried_errors, min_overlap, bundled, owner,"
							  " story, transactions_expr, clients, explore_params, on_start)"
							  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, '{}'),"
							  " $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) ON CONFLICT DO NOTHING") > 0;
}

/* What follows the values of a part: its place, and whose it is. */
#define PART_OF_SCENARIO(table) \
	" coalesce(max(p.position), 0) + 1, (SELECT bundled FROM @ct_scenario WHERE name = $1)" \
	" FROM " table " p WHERE p.scenario = $1 ON CONFLICT DO NOTHING"

bool
ct_definition_insert_variant(CtCatalogScope *scope, const char *scenario,
							 const CtVariantDefinition *variant)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, variant->name);
	ct_row_add_text(&row, definition_or_empty(variant->description));
	ct_row_add_text(&row, variant->isolation);
	ct_row_add_int32(&row, variant->max_tries, !variant->has_max_tries);
	ct_row_add_text(&row, variant->setup);
	ct_row_add_texts(&row, variant->expected_errors);
	ct_row_add_texts(&row, variant->retried_errors);
	ct_row_add_text(&row, variant->expected_verdict);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_variant (scenario, name, description, isolation,"
							  " max_tries, setup, expected_errors, retried_errors, expected_verdict,"
							  " position, bundled)"
							  " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,"
							  PART_OF_SCENARIO("@ct_variant")) > 0;
}

bool
ct_definition_insert_script(CtCatalogScope *scope, const char *scenario,
							const CtScriptDefinition *script)
{
	CtRow		row = {0};
	Interval	none = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, script->name);
	ct_row_add_text(&row, script->variant);
	ct_row_add_text(&row, script->body);
	ct_row_add_int32(&row, script->weight, false);
	ct_row_add(&row, INTERVALOID,
			   IntervalPGetDatum(script->think_time ? script->think_time : &none), false);
	ct_row_add_bool(&row, script->quoted);
	ct_row_add_int32(&row, script->workers, script->workers == 0);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(script->think_max), script->think_max == NULL);
	ct_row_add_text(&row, script->think_distribution);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_script (scenario, name, variant, body, weight,"
							  " think_time, quoted, workers, think_max, think_distribution, position, bundled)"
							  " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
							  PART_OF_SCENARIO("@ct_script")) > 0;
}

bool
ct_definition_insert_class(CtCatalogScope *scope, const char *scenario,
						   const CtClassDefinition *definition)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, definition->name);
	ct_row_add_text(&row, definition->variant);
	ct_row_add_double(&row, definition->share, false);
	ct_row_add(&row, JSONBOID, JsonbPGetDatum(definition->weights), definition->weights == NULL);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(definition->think_time), definition->think_time == NULL);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(definition->think_max), definition->think_max == NULL);
	ct_row_add_text(&row, definition->think_distribution);
	ct_row_add_text(&row, definition->on_start);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_class (scenario, name, variant, share, weights,"
							  " think_time, think_max, think_distribution, on_start, position, bundled)"
							  " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,"
							  PART_OF_SCENARIO("@ct_class")) > 0;
}

bool
ct_definition_insert_check(CtCatalogScope *scope, const char *scenario,
						   const CtCheckDefinition *check)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, check->name);
	ct_row_add_text(&row, check->variant);
	ct_row_add_text(&row, check->query);
	ct_row_add_text(&row, definition_or_empty(check->description));
	ct_row_add_text(&row, check->kind);
	ct_row_add_bool(&row, check->during);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_check (scenario, name, variant, query, description,"
							  " kind, during, position, bundled)"
							  " SELECT $1, $2, $3, $4, $5, $6, $7,"
							  PART_OF_SCENARIO("@ct_check")) > 0;
}

bool
ct_definition_insert_threshold(CtCatalogScope *scope, const char *scenario,
							   const CtThresholdDefinition *threshold)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, threshold->variant);
	ct_row_add_text(&row, threshold->metric);
	ct_row_add_text(&row, threshold->op);
	ct_row_add_double(&row, threshold->target, false);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_slo (scenario, variant, metric, op, target,"
							  " position, bundled)"
							  " SELECT $1, $2, $3, $4, $5,"
							  PART_OF_SCENARIO("@ct_slo")) > 0;
}

bool
ct_definition_insert_permutation(CtCatalogScope *scope, const char *scenario,
								 const CtPermutationDefinition *permutation)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, permutation->name);
	ct_row_add(&row, INT4ARRAYOID, PointerGetDatum(permutation->permutation), false);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_permutation (scenario, name, permutation, position, bundled)"
							  " SELECT $1, $2, $3,"
							  PART_OF_SCENARIO("@ct_permutation")) > 0;
}

bool
ct_definition_insert_phase(CtCatalogScope *scope, const char *scenario, const CtPhaseDefinition *phase)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, phase->name);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(phase->duration), false);
	ct_row_add_double(&row, phase->rate, !phase->has_rate);
	ct_row_add_int32(&row, phase->clients, !phase->has_clients);
	ct_row_add(&row, JSONBOID, JsonbPGetDatum(phase->weights), phase->weights == NULL);
	ct_row_add(&row, INTERVALOID, IntervalPGetDatum(phase->ramp), phase->ramp == NULL);
	return definition_execute(scope, &row,
							  "INSERT INTO @ct_phase (scenario, name, duration, rate, clients, weights,"
							  " ramp, position, bundled)"
							  " SELECT $1, $2, $3, $4, $5, $6, $7,"
							  PART_OF_SCENARIO("@ct_phase")) > 0;
}

/* ---- deleting ---- */

void
ct_definition_delete_scenario(CtCatalogScope *scope, const char *scenario)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	(void) definition_execute(scope, &row, "DELETE FROM @ct_scenario WHERE name = $1");
}

void
ct_definition_delete_variant(CtCatalogScope *scope, const char *scenario, const char *variant)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, variant);
	(void) definition_execute(scope, &row,
							  "DELETE FROM @ct_variant WHERE scenario = $1 AND name = $2");
}

/* the statements on a kind of part; $1 scenario, $2 name, $3 variant, $4 op */
typedef struct CtPart
{
	const char *noun;
	const char *plural;
	const char *delete;
	const char *elsewhere;		/* a variant that has one, none first */
	const char *names;			/* that there are, of the variant */
} CtPart;

#define PART(noun, table, column, shown, match) \
	{noun, noun "s", \
	 "DELETE FROM " table " WHERE scenario = $1 AND " column " = $2" \
	 " AND variant IS NOT DISTINCT FROM $3 AND " match, \
	 "SELECT variant FROM " table " WHERE scenario = $1 AND " column " = $2" \
	 " AND $3::text IS NULL AND " match " ORDER BY variant NULLS FIRST LIMIT 1", \
	 "SELECT DISTINCT CASE WHEN $4::text IS NULL THEN " column " ELSE " shown " END FROM " table \
	 " WHERE scenario = $1 AND $2::text IS NOT NULL AND variant IS NOT DISTINCT FROM $3 ORDER BY 1"}

/* the same of what variants have in common */
#define PART_OF_ALL(noun, table) \
	{noun, noun "s", \
	 "DELETE FROM " table " WHERE scenario = $1 AND name = $2" \
	 " AND $3::text IS NULL AND $4::text IS NULL", \
	 "SELECT NULL::text WHERE num_nonnulls($1::text, $2::text, $3::text, $4::text) < 0", \
	 "SELECT name FROM " table " WHERE scenario = $1 AND $2::text IS NOT NULL" \
	 " AND $3::text IS NULL AND $4::text IS NULL ORDER BY 1"}

static const CtPart definition_parts[] = {
	[CT_PART_CLASS] = {
		"class", "classes",
		"DELETE FROM @ct_class WHERE scenario = $1 AND name = $2"
		" AND variant IS NOT DISTINCT FROM $3 AND $4::text IS NULL",
		"SELECT variant FROM @ct_class WHERE scenario = $1 AND name = $2"
		" AND $3::text IS NULL AND $4::text IS NULL ORDER BY variant NULLS FIRST LIMIT 1",
		"SELECT name FROM @ct_class WHERE scenario = $1 AND $2::text IS NOT NULL"
		" AND variant IS NOT DISTINCT FROM $3 AND $4::text IS NULL ORDER BY 1"
	},
	[CT_PART_SCRIPT] = PART("script", "@ct_script", "name", "name", "$4::text IS NULL"),
	[CT_PART_CHECK] = PART("check", "@ct_check", "name", "name", "$4::text IS NULL"),
	[CT_PART_THRESHOLD] = PART("threshold", "@ct_slo", "metric", "metric || ' ' || op",
							   "($4::text IS NULL OR op = $4)"),
	[CT_PART_PERMUTATION] = PART_OF_ALL("permutation", "@ct_permutation"),
	[CT_PART_PHASE] = PART_OF_ALL("phase", "@ct_phase")
};

static uint64
definition_execute_part(CtCatalogScope *scope, const char *sql, const char *scenario,
						const char *name, const char *op, const char *variant)
{
	CtRow		row = {0};

	ct_row_add_text(&row, scenario);
	ct_row_add_text(&row, name);
	ct_row_add_text(&row, variant);
	ct_row_add_text(&row, op);
	return definition_execute(scope, &row, sql);
}

static void
definition_unknown_part(CtCatalogScope *scope, const CtPart *part, const char *scenario,
						const char *name, const char *op, const char *variant)
{
	const char *shown = op ? psprintf("%s %s", name, op) : name;
	List	   *names = NIL;
	char	   *hint;
	uint64		i;

	/* anywhere else in the scenario? */
	if (definition_execute_part(scope, part->elsewhere, scenario, name, op, NULL) > 0)
	{
		char	   *where = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s has no %s \"%s\"",
						ct_definition_place(scenario, variant), part->noun, shown),
				 where ? errhint("Variant \"%s\" has one of its own; name the variant.", where) :
				 errhint("There is one for all variants; leave the variant out.")));
	}
	(void) definition_execute_part(scope, part->names, scenario, name, op, variant);
	for (i = 0; i < SPI_processed; i++)
		names = lappend(names, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	hint = ct_near_match_hint(shown, names, part->plural,
							  "The views ct_scripts and ct_scenarios list them.");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("%s has no %s \"%s\"", ct_definition_place(scenario, variant), part->noun, shown),
			 hint ? errhint("%s", hint) : 0));
}

void
ct_definition_delete_part(CtCatalogScope *scope, CtPartKind kind, const char *scenario,
						  const char *name, const char *op, const char *variant)
{
	const CtPart *part = &definition_parts[kind];

	if (definition_execute_part(scope, part->delete, scenario, name, op, variant) == 0)
		definition_unknown_part(scope, part, scenario, name, op, variant);
}
