/*
 * catalog.c
 *		Access to the extension's own tables.
 *
 * No lock is held here beyond what the statements take, until the transaction's
 * end or, where the tables were only read, until the scope's.  A crash in the
 * middle leaves whatever the transaction's commit decides; what follows from
 * that for a run is in bgworker/README.md.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "src/catalog.h"

/* The extension's row in pg_extension: its schema and owner. */
static void
lookup_extension(Oid *schema, Oid *owner)
{
	Relation	rel;
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	Form_pg_extension form;

	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("ct_ext"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"ct_ext\" is not installed in this database"),
				 errhint("Its functions work only after CREATE EXTENSION ct_ext, and a run ends when the extension is dropped.")));
	form = (Form_pg_extension) GETSTRUCT(tuple);
	*schema = form->extnamespace;
	*owner = form->extowner;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

Oid
ct_catalog_schema(void)
{
	Oid			schema;
	Oid			owner;

	lookup_extension(&schema, &owner);
	return schema;
}

char *
ct_catalog_schema_quoted(void)
{
	return pstrdup(quote_identifier(get_namespace_name(ct_catalog_schema())));
}

void
ct_catalog_enter(CtCatalogScope *scope)
{
	Oid			schema;
	Oid			owner;

	lookup_extension(&schema, &owner);

	scope->save_owner = NULL;
	GetUserIdAndSecContext(&scope->save_userid, &scope->save_sec_context);
	SetUserIdAndSecContext(owner,
						   scope->save_sec_context | SECURITY_LOCAL_USERID_CHANGE);
	scope->save_nestlevel = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);

	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
ct_catalog_enter_to_read(CtCatalogScope *scope)
{
	ResourceOwner save_owner = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(save_owner, "ct_ext catalog");

	CurrentResourceOwner = owner;
	ct_catalog_enter(scope);
	scope->save_owner = save_owner;
	scope->owner = owner;
}

void
ct_catalog_leave(CtCatalogScope *scope)
{
	SPI_finish();
	PopActiveSnapshot();
	AtEOXact_GUC(true, scope->save_nestlevel);
	SetUserIdAndSecContext(scope->save_userid, scope->save_sec_context);

	if (scope->save_owner != NULL)
	{
		CurrentResourceOwner = scope->save_owner;
		/* as if aborted, for a commit would hand the locks on to the parent */
		ResourceOwnerRelease(scope->owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
		ResourceOwnerRelease(scope->owner, RESOURCE_RELEASE_LOCKS, false, false);
		ResourceOwnerRelease(scope->owner, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
		ResourceOwnerDelete(scope->owner);
	}
}

void
ct_catalog_execute(const char *sql, int nargs, Oid *types, Datum *values,
				   const char *nulls, bool read_only)
{
	char	   *schema = ct_catalog_schema_quoted();
	StringInfoData buf;
	const char *p;
	int			rc;

	initStringInfo(&buf);
	for (p = sql; *p; p++)
	{
		if (*p == '@' && strncmp(p + 1, "ct_", 3) == 0)
			appendStringInfo(&buf, "%s.", schema);
		else
			appendStringInfoChar(&buf, *p);
	}

	rc = SPI_execute_with_args(buf.data, nargs, types, values, nulls, read_only, 0);
	if (rc < 0)
		elog(ERROR, "%s: \"%s\"", SPI_result_code_string(rc), buf.data);
	pfree(buf.data);
	pfree(schema);
}
