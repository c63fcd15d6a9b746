/*
 * definition.c
 *		Looking up definitions of scenarios.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "src/base/near_match.h"
#include "src/catalog/definition.h"

void
ct_definition_query(MemoryContext context, const char *sql, const char *scenario,
					const char *variant)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2];
	char		nulls[2] = {' ', ' '};

	values[0] = CStringGetTextDatum(scenario);
	values[1] = (Datum) 0;
	if (variant != NULL)
		values[1] = CStringGetTextDatum(variant);
	else
		nulls[1] = 'n';

	/* not read-only: what this very statement has defined counts */
	ct_catalog_execute(sql, 2, types, values, nulls, false);
	MemoryContextSwitchTo(context);
}

Datum
ct_definition_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

char *
ct_definition_text(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

List *
ct_definition_names(void)
{
	List	   *names = NIL;
	uint64		row;

	for (row = 0; row < SPI_processed; row++)
		names = lappend(names, ct_definition_text(row, 1));
	return names;
}

void
ct_definition_unknown_scenario(MemoryContext context, const char *scenario)
{
	char	   *hint;

	ct_definition_query(context,
						"SELECT name FROM @ct_scenario WHERE $1 IS NOT NULL AND $2 IS NULL ORDER BY name",
						scenario, NULL);
	hint = ct_near_match_hint(scenario, ct_definition_names(), "scenarios",
							  "The view ct_scenarios lists the scenarios.");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("scenario \"%s\" does not exist", scenario),
			 errhint("%s", hint)));
}

List *
ct_definition_variants(MemoryContext context, const char *scenario)
{
	ct_definition_query(context,
						"SELECT name FROM @ct_variant WHERE scenario = $1 AND $2 IS NULL ORDER BY position",
						scenario, NULL);
	return ct_definition_names();
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
ct_definition_check_variant(MemoryContext context, const char *scenario, const char *variant)
{
	if (variant == NULL)
		return;
	ct_definition_query(context, "SELECT FROM @ct_variant WHERE scenario = $1 AND name = $2",
						scenario, variant);
	if (SPI_processed == 0)
		ct_definition_unknown_variant(scenario, variant,
									  ct_definition_variants(context, scenario));
}
