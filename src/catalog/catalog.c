/*
 * catalog.c
 *		Access to the extension's own tables.
 *
 * Locks are held until the transaction's end or, where the tables were only
 * read, until the scope's: those that the statements take, and before them one
 * on the extension itself, which DROP EXTENSION takes first, too.  So whoever
 * comes while it is being dropped waits there, and is told that it is gone,
 * instead of finding one of its tables missing.  A crash in the
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
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "src/catalog/catalog.h"

/* The extension's row in pg_extension: its schema and owner.  Returns its OID. */
static Oid
catalog_lookup_extension(Oid *schema, Oid *owner)
{
	Oid			extension;
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
	extension = form->oid;
	*schema = form->extnamespace;
	*owner = form->extowner;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return extension;
}

Oid
ct_catalog_schema(void)
{
	Oid			schema;
	Oid			owner;

	(void) catalog_lookup_extension(&schema, &owner);
	return schema;
}

/* The same, and nobody drops it until the lock is given back. */
static void
catalog_lock_extension(Oid *schema, Oid *owner)
{
	Oid			extension = catalog_lookup_extension(schema, owner);

	for (;;)
	{
		Oid			found;

		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		found = catalog_lookup_extension(schema, owner);
		if (found == extension)
			return;
		UnlockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
		extension = found;
	}
}

static void
catalog_enter(CtCatalogScope *scope, Oid role)
{
	scope->context = CurrentMemoryContext;
	scope->save_owner = NULL;
	GetUserIdAndSecContext(&scope->save_userid, &scope->save_sec_context);
	SetUserIdAndSecContext(role,
						   scope->save_sec_context | SECURITY_LOCAL_USERID_CHANGE);
	scope->save_nestlevel = NewGUCNestLevel();
	(void) set_config_option("search_path", "pg_catalog, pg_temp",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);

	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
ct_catalog_enter(CtCatalogScope *scope)
{
	Oid			schema;
	Oid			owner;

	(void) catalog_lookup_extension(&schema, &owner);
	catalog_enter(scope, owner);
}

void
ct_catalog_enter_server(CtCatalogScope *scope)
{
	catalog_enter(scope, GetUserId());
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
	Oid			schema_oid;
	Oid			owner;
	char	   *schema;
	StringInfoData buf;
	const char *p;
	int			rc;

	catalog_lock_extension(&schema_oid, &owner);
	schema = pstrdup(quote_identifier(get_namespace_name(schema_oid)));
	initStringInfo(&buf);
	for (p = sql; *p; p++)
	{
		if (*p == '@' && (strncmp(p + 1, "ct_", 3) == 0 || strncmp(p + 1, "_ct_", 4) == 0))
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
