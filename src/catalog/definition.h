/*
 * definition.h
 *		Looking up definitions of scenarios.
 *
 * All of it within ct_catalog_enter and ct_catalog_leave.  "context" is where
 * results live: the one that was current before, as SPI changes it.
 */
#ifndef CT_DEFINITION_H
#define CT_DEFINITION_H

#include "nodes/pg_list.h"
#include "src/catalog/catalog.h"

/*
 * Executes a query whose parameters $1 and $2 are of type text: a scenario
 * and a variant or NULL.  Makes the context current again.
 */
extern void ct_definition_query(MemoryContext context, const char *sql,
								const char *scenario, const char *variant);

/* a value of the last query's result; text as a C string in the current context, NULL for null */
extern Datum ct_definition_value(uint64 row, int column, bool *isnull);
extern char *ct_definition_text(uint64 row, int column);

/* Raises ERRCODE_UNDEFINED_OBJECT with near matches. */
extern void ct_definition_unknown_scenario(MemoryContext context, const char *scenario);

/* names of the variants in their order, List of char *; NIL also if there is no such scenario */
extern List *ct_definition_variants(MemoryContext context, const char *scenario);

/* Raises ERRCODE_UNDEFINED_OBJECT with near matches among those that there are. */
extern void ct_definition_unknown_variant(const char *scenario, const char *variant,
										  const List *variants);

/* Raises so unless the scenario has the variant defined; NULL is fine. */
extern void ct_definition_check_variant(MemoryContext context, const char *scenario,
										const char *variant);

/* the result's first column, List of char * */
extern List *ct_definition_names(void);

#endif							/* CT_DEFINITION_H */
