/*
 * guard_keys.c
 *		Tables that refer to rows which are about to go, or to get another key.
 *
 * A clone comes with the tables that its foreign keys refer to.  Those that
 * refer to it come only when it matters: when rows of it are deleted, or keys
 * that are referred to are updated, as who refers to them would then keep them,
 * or go, too.  This is looked at when a statement is planned, also one of a
 * foreign key's own.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "bgworker/explore/clone.h"
#include "bgworker/explore/guard.h"
#include "src/base/ct_compat.h"

/* Does the foreign key refer to any of these columns, by name? */
static bool
keys_refer_to(Oid constraint, Oid original, const List *columns)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	AttrNumber	conkey[INDEX_MAX_KEYS];
	AttrNumber	confkey[INDEX_MAX_KEYS];
	int			nkeys;
	bool		refers = false;
	const ListCell *lc;
	int			i;

	if (!HeapTupleIsValid(tuple))
		return false;
	ct_deconstruct_foreign_key(tuple, &nkeys, conkey, confkey);
	ReleaseSysCache(tuple);
	foreach(lc, columns)
		for (i = 0; i < nkeys; i++)
		{
			char	   *name = get_attname(original, confkey[i], true);

			refers |= name != NULL && strcmp(name, lfirst(lc)) == 0;
		}
	return refers;
}

void
ct_guard_keys(Oid clone, bool all, const List *columns)
{
	Oid			original = ct_clone_original(clone);
	List	   *referring = NIL;
	Relation	catalog;
	ScanKeyData key[1];
	SysScanDesc scan;
	HeapTuple	tuple;
	ListCell   *lc;

	if (!OidIsValid(original))
		return;

	/* a foreign key has triggers on the table that it refers to */
	catalog = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(original));
	scan = systable_beginscan(catalog, TriggerRelidNameIndexId, true, NULL, 1, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);

		if (OidIsValid(trigger->tgconstrrelid) && trigger->tgconstrrelid != original &&
			RI_FKey_trigger_type(trigger->tgfoid) == RI_TRIGGER_PK &&
			(all || keys_refer_to(trigger->tgconstraint, original, columns)))
			referring = list_append_unique_oid(referring, trigger->tgconstrrelid);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	foreach(lc, referring)
	{
		Oid			there = get_relname_relid(get_rel_name(lfirst_oid(lc)), get_rel_namespace(clone));

		if (!OidIsValid(there) || ct_clone_original(there) != lfirst_oid(lc))
			ct_guard_relation(lfirst_oid(lc), CT_GUARD_READS);
	}
}
