/*
 * clone_rows.c
 *		What a clone has in it when the first execution begins.
 *
 * A table's rows are read as the run's role may read them, by a query, so that
 * nobody gets to see by a report what is kept from them; in the order that they
 * lie in.  Reading executes policies, which are the user's: read-only.  They are
 * written below everything that a statement would execute: no trigger, no
 * check, no default; what is generated is as it was.  Indexes come later.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_statistic.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "bgworker/explore/clone.h"
#include "src/base/ct_compat.h"

#define ROWS_PORTION	1000

static char *
rows_original_name(const CtClone *clone)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(clone->original)),
									  get_rel_name(clone->original));
}

static bool
rows_may_be_read(const CtCloning *cloning, const CtClone *clone)
{
	return ct_may_use_schema(get_rel_namespace(clone->original), cloning->role) &&
		(pg_class_aclcheck(clone->original, cloning->role, ACL_SELECT) == ACLCHECK_OK ||
		 pg_attribute_aclcheck_all(clone->original, cloning->role, ACL_SELECT, ACLMASK_ALL) == ACLCHECK_OK);
}

/* The query that reads all columns that a clone has, in their order. */
static char *
rows_query(const CtClone *clone, TupleDesc desc)
{
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	for (i = 0; i < desc->natts; i++)
		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", quote_identifier(NameStr(TupleDescAttr(desc, i)->attname)));
	appendStringInfo(&sql, " FROM ONLY %s", rows_original_name(clone));
	return sql.data;
}

/* Bytes of the row's values, wherever they are kept. */
static int64
rows_size(const TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	int64		size = 24;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!slot->tts_isnull[i])
			size += attribute->attlen == -1 ? toast_datum_size(slot->tts_values[i]) :
				attribute->attlen == -2 ? strlen(DatumGetCString(slot->tts_values[i])) + 1 : attribute->attlen;
	}
	return size;
}

static void
rows_insert(CtCloning *cloning, const CtClone *clone, Relation rel, TupleTableSlot *slot, BulkInsertState bulk)
{
	TupleDesc	desc = RelationGetDescr(rel);
	HeapTuple	tuple;
	uint64		i;
	int			a;

	for (i = 0; i < SPI_processed; i++)
	{
		tuple = SPI_tuptable->vals[i];
		ExecClearTuple(slot);
		heap_deform_tuple(tuple, SPI_tuptable->tupdesc, slot->tts_values, slot->tts_isnull);
		for (a = 0; a < desc->natts; a++)
			if (ct_is_virtual(TupleDescAttr(desc, a)))
				slot->tts_isnull[a] = true;
		ExecStoreVirtualTuple(slot);
		*cloning->bytes += rows_size(slot);
		if (*cloning->bytes > CT_CLONE_MAX_BYTES)
			ct_clone_refuse(clone->original,
							psprintf("with its rows, the clones of this run are larger than %d MB", CT_CLONE_MAX_BYTES / 1024 / 1024));
		table_tuple_insert(rel, slot, GetCurrentCommandId(true), 0, bulk);
		CHECK_FOR_INTERRUPTS();
	}
}

/* Returns how many there are. */
static int64
rows_copy(CtCloning *cloning, const CtClone *clone)
{
	Relation	rel = table_open(clone->clone, RowExclusiveLock);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(RelationGetDescr(rel), &TTSOpsVirtual);
	BulkInsertState bulk = GetBulkInsertState();
	int64		n = 0;
	int			nestlevel = NewGUCNestLevel();
	SPIPlanPtr	plan;
	Portal		portal;

	(void) set_config_option("row_security", "on", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("max_parallel_workers_per_gather", "0", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	plan = SPI_prepare(rows_query(clone, RelationGetDescr(rel)), 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	portal = SPI_cursor_open(NULL, plan, NULL, NULL, true);
	do
	{
		/* an error resets it with the transaction */
		XactReadOnly = true;
		SPI_cursor_fetch(portal, true, ROWS_PORTION);
		XactReadOnly = false;
		rows_insert(cloning, clone, rel, slot, bulk);
		n += SPI_processed;
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(portal);
	SPI_freeplan(plan);
	AtEOXact_GUC(true, nestlevel);

	FreeBulkInsertState(bulk);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, NoLock);
	CommandCounterIncrement();
	return n;
}

void
ct_clone_rows(CtCloning *cloning, const CtClone *clone)
{
	const char *role = GetUserNameFromId(cloning->role, false);
	const char *name = quote_identifier(get_rel_name(clone->original));
	int64		n;

	if (!rows_may_be_read(cloning, clone))
	{
		ct_clone_note(cloning, psprintf("The clone of %s is empty: role %s may not read it.", name, role));
		return;
	}
	n = rows_copy(cloning, clone);
	if (check_enable_rls(clone->original, cloning->role, true) == RLS_ENABLED)
		ct_clone_note(cloning, psprintf("The clone of %s has the " INT64_FORMAT " rows that row-level security lets role %s see.",
										name, n, role));
}

/* The planner's statistics of columns, so that plans are those of the original. */
void
ct_clone_statistics(const CtClone *clone)
{
	Relation	catalog = table_open(StatisticRelationId, RowExclusiveLock);
	Relation	rel = table_open(clone->clone, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		AttrNumber	attnum = get_attnum(clone->original, NameStr(TupleDescAttr(desc, i)->attname));
		HeapTuple	tuple = SearchSysCacheCopy3(STATRELATTINH, ObjectIdGetDatum(clone->original),
												Int16GetDatum(attnum), BoolGetDatum(false));

		if (!HeapTupleIsValid(tuple))
			continue;
		((Form_pg_statistic) GETSTRUCT(tuple))->starelid = clone->clone;
		((Form_pg_statistic) GETSTRUCT(tuple))->staattnum = TupleDescAttr(desc, i)->attnum;
		CatalogTupleInsert(catalog, tuple);
	}
	table_close(rel, AccessShareLock);
	table_close(catalog, RowExclusiveLock);
	CommandCounterIncrement();
}

void
ct_clone_sequence_state(const CtClone *clone)
{
	Oid			types[3] = {REGCLASSOID, INT8OID, BOOLOID};
	Datum		values[3];
	bool		isnull;
	Oid			save_userid;
	int			save_sec_context;

	/* what its owner may read, the run's role may only use */
	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(clone->owner, save_sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	SPI_execute(psprintf("SELECT last_value, is_called FROM %s", rows_original_name(clone)), true, 1);
	if (SPI_processed == 1)
	{
		values[0] = ObjectIdGetDatum(clone->clone);
		values[1] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		values[2] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
		SPI_execute_with_args("SELECT setval($1, $2, $3)", 3, types, values, NULL, false, 0);
	}
	SetUserIdAndSecContext(save_userid, save_sec_context);
}
