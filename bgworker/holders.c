/*
 * holders.c
 *		Whose locks are in the way: for messages.
 *
 * Asked after a wait was given up, so it may be that nobody is named, for who
 * was in the way has gone.  Says no more than pg_locks, pg_prepared_xacts and
 * pg_stat_activity's application_name, which everybody may read.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/extension.h"

#include "bgworker/holders.h"
#include "src/catalog/catalog.h"

/* of those that there are, so many are named */
#define HOLDERS_NAMED	"3"

/*
 * A prepared transaction has no pid; it is known by the lock on its own id,
 * which it holds under the same virtual id as its others.  schema: invalid for
 * the extension's.
 */
static char *
holders_named(Oid schema, const char *relations)
{
	MemoryContext context = CurrentMemoryContext;
	CtCatalogScope scope;
	Oid			types[1] = {OIDOID};
	Datum		values[1];
	char	   *names = NULL;

	/* with the rights of its owner, who may be told more, if there is one */
	if (!OidIsValid(get_extension_oid("ct_ext", true)))
		return NULL;
	ct_catalog_enter(&scope);
	values[0] = ObjectIdGetDatum(schema);
	ct_catalog_execute(psprintf("SELECT string_agg(h.holder, ', ') FROM (SELECT DISTINCT CASE"
								" WHEN l.pid IS NOT NULL THEN format('process %%s (%%s)', l.pid,"
								"  coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown'))"
								" ELSE format('prepared transaction \"%%s\"', coalesce(p.gid, '?')) END AS holder"
								" FROM pg_locks l"
								" LEFT JOIN pg_class c ON c.oid = l.relation AND c.relnamespace = CASE WHEN $1 <> 0 THEN $1"
								"  ELSE (SELECT e.extnamespace FROM pg_extension e WHERE e.extname = 'ct_ext') END"
								" LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
								" LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.granted"
								"  AND x.locktype = 'transactionid' AND x.virtualtransaction = l.virtualtransaction"
								" LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid"
								" WHERE l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()"
								" AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"
								" AND (%s) ORDER BY 1 LIMIT " HOLDERS_NAMED ") h", relations),
					   1, types, values, NULL, true);
	if (SPI_processed == 1)
	{
		names = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
		if (names != NULL)
			names = MemoryContextStrdup(context, names);
	}
	ct_catalog_leave(&scope);
	return names;
}

char *
ct_holders_of_schema(Oid schema)
{
	return holders_named(schema,
						 "c.oid IS NOT NULL OR l.locktype = 'object'"
						 " AND l.classid = 'pg_namespace'::regclass AND l.objid = $1");
}

char *
ct_holders_of_results(void)
{
	return holders_named(InvalidOid,
						 "c.relname LIKE 'ct\\_result%' AND l.mode IN"
						 " ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')");
}
