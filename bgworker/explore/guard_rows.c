/*
 * guard_rows.c
 *		Functions that take a table's rows, which a clone has none of.
 *
 * A clone has a row type of its own, so that full_name(event), or e.full_name,
 * finds no function for a clone's row.  That is no error of the session's: it
 * would have none with the original.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "bgworker/explore/clone.h"
#include "bgworker/explore/guard.h"
#include "src/catalog/catalog.h"

/* Is it one of those that such a call is refused with? */
static bool
rows_may_be_it(int sqlstate)
{
	return sqlstate == ERRCODE_UNDEFINED_FUNCTION || sqlstate == ERRCODE_UNDEFINED_COLUMN ||
		sqlstate == ERRCODE_CANNOT_COERCE || sqlstate == ERRCODE_DATATYPE_MISMATCH;
}

/* In a transaction: a function that the message names, and whose rows it takes; false: there is none. */
static bool
rows_find(Oid sandbox, const char *message, char **function, char **relation)
{
	CtCatalogScope scope;
	Oid			types[2] = {OIDOID, TEXTOID};
	Datum		values[2];
	bool		found;

	ct_catalog_enter_server(&scope);
	values[0] = ObjectIdGetDatum(sandbox);
	values[1] = CStringGetTextDatum(message);
	SPI_execute_with_args("SELECT p.oid::regprocedure::text, c.oid::regclass::text"
						  " FROM pg_class k JOIN pg_description d ON d.objoid = k.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0"
						  " JOIN pg_class c ON d.description = '" CT_CLONE_COMMENT "' || c.oid"
						  " JOIN pg_type t ON t.typrelid = c.oid"
						  " JOIN pg_proc p ON p.proargtypes::oid[] && ARRAY[t.oid, t.typarray]"
						  " WHERE k.relnamespace = $1 AND strpos($2, p.proname) > 0 ORDER BY p.oid",
						  2, types, values, NULL, true, 1);
	found = SPI_processed > 0;
	if (found)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(scope.context);

		*function = pstrdup(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
		*relation = pstrdup(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2));
		MemoryContextSwitchTo(oldcontext);
	}
	ct_catalog_leave(&scope);
	return found;
}

void
ct_guard_rows(Oid sandbox, const ErrorData *error, CtErrorReport *refusal)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *function;
	char	   *relation;

	if (error->message == NULL || !rows_may_be_it(error->sqlerrcode))
		return;
	StartTransactionCommand();
	if (rows_find(sandbox, error->message, &function, &relation))
	{
		refusal->sqlstate = ERRCODE_FEATURE_NOT_SUPPORTED;
		snprintf(refusal->message, CT_MESSAGE_LEN, "cannot give rows of the clone of %s to %s", relation, function);
		snprintf(refusal->detail, CT_MESSAGE_LEN, "It takes rows of the original: %s.", error->message);
		snprintf(refusal->hint, CT_MESSAGE_LEN,
				 "Give the trial a setup that makes the table and the function, or explore with in_place => true and a reset script.");
		refusal->context[0] = '\0';
	}
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
}
