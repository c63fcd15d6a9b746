/*
 * version.c
 *		The library and what is installed in the database are of one version.
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
#include "utils/rel.h"

#include "src/catalog/version.h"

void
ct_version_check(void)
{
	char	   *installed = NULL;
	Relation	rel;
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;

	/* pg_upgrade makes the functions of whichever version there was */
	if (IsBinaryUpgrade)
		return;

	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("ct_ext"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Oid			extension = ((Form_pg_extension) GETSTRUCT(tuple))->oid;
		bool		isnull;
		Datum		version = heap_getattr(tuple, Anum_pg_extension_extversion,
										   RelationGetDescr(rel), &isnull);

		/* CREATE FUNCTION in the extension's own script only asks if there is one */
		if (!isnull && !(creating_extension && CurrentExtensionObject == extension))
			installed = TextDatumGetCString(version);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);

	if (installed != NULL && strcmp(installed, CT_EXT_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("version %s of extension \"ct_ext\" is installed in this database, but the library is version %s",
						installed, CT_EXT_VERSION),
				 errhint("Execute ALTER EXTENSION ct_ext UPDATE, or, if that has been done, reconnect.")));
}
