/*
 * footprint.c
 *		Notes what a step of this session touches.
 *
 * Of a transaction under way, what it holds until its end (locks, rows that it
 * wrote or locked, what it inserted) is kept beside, and noted again, as held,
 * by the step in which it ends.
 *
 * Each table that the executor opens is given a table access method that is
 * heap's but for a few callbacks.  Only this process's relation cache has it,
 * nothing in the catalogs.  Utilities other than those that control transactions
 * and sessions get heap's own back, for some of them look for it.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "tcop/utility.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "bgworker/explore/footprint.h"
#include "src/base/ct_compat.h"

/* a version of a row that this transaction has written, and the one that others see */
typedef struct CtVersion
{
	Oid			relation;
	ItemPointerData tid;
	ItemPointerData seen;
} CtVersion;

/* what a function may touch that nobody sees it do */
typedef enum CtFunctionTouch
{
	CT_FUNCTION_UNKNOWN,
	CT_FUNCTION_NOTHING,
	CT_FUNCTION_ADVISORY,
	CT_FUNCTION_SEQUENCE,
	CT_FUNCTION_EVERYTHING
} CtFunctionTouch;

static CtFootprint *footprint = NULL;	/* the step's; NULL: nothing is noted */
static CtFootprint held;		/* by the transaction */
static CtVersion versions[CT_FOOTPRINT_OBJECTS];
static int	nversions = 0;
static bool before_snapshot;	/* the step began, or goes on, without a transaction's snapshot */
static int	executing = 0;		/* statements between ExecutorStart and ExecutorEnd */
static CtFootprint repeated;	/* functions of this transaction, which are noted once by the server */
static uint8 built_in[FirstUnpinnedObjectId];	/* CtFunctionTouch */

static TableAmRoutine noting;
static List *noted = NIL;		/* relations that have it, oids */

static ExecutorStart_hook_type previous_executor_start = NULL;
static ExecutorEnd_hook_type previous_executor_end = NULL;
static ProcessUtility_hook_type previous_process_utility = NULL;
static object_access_hook_type previous_object_access = NULL;

/* ---- notes ---- */

static void
footprint_everything(void)
{
	if (footprint != NULL)
	{
		footprint->everything = true;
		held.everything = true;
	}
}

static bool
footprint_is_held(CtTouchKind kind)
{
	return kind == CT_TOUCH_LOCK || kind == CT_TOUCH_ADVISORY || kind == CT_TOUCH_LOCK_ROW ||
		kind == CT_TOUCH_WRITE_ROW || kind == CT_TOUCH_NEW_ROW || kind == CT_TOUCH_INSERT;
}

static void
footprint_touch(Oid relation, CtTouchKind kind, BlockNumber block, OffsetNumber offset, int mode)
{
	CtTouch		touch = {relation, block, offset, kind, mode};

	if (footprint == NULL)
		return;
	ct_footprint_add(footprint, touch);
	if (footprint_is_held(kind))
		ct_footprint_add(&held, touch);
}

/* A row, by the place where others see it, too. */
static void
footprint_touch_row(Oid relation, CtTouchKind kind, ItemPointer tid, int mode)
{
	int			i;

	footprint_touch(relation, kind, ItemPointerGetBlockNumberNoCheck(tid),
					ItemPointerGetOffsetNumberNoCheck(tid), mode);
	for (i = 0; i < nversions; i++)
		if (versions[i].relation == relation && ItemPointerEquals(&versions[i].tid, tid))
			footprint_touch(relation, kind, ItemPointerGetBlockNumber(&versions[i].seen),
							ItemPointerGetOffsetNumber(&versions[i].seen), mode);
}

static void
footprint_note_version(Oid relation, ItemPointer from, ItemPointer to)
{
	CtVersion  *version = &versions[nversions];
	int			i;

	if (footprint == NULL)
		return;
	if (nversions == lengthof(versions))
	{
		footprint_everything();
		return;
	}
	version->relation = relation;
	version->tid = *to;
	version->seen = *from;
	for (i = 0; i < nversions; i++)
		if (versions[i].relation == relation && ItemPointerEquals(&versions[i].tid, from))
			version->seen = versions[i].seen;
	nversions++;
}

/* Has a table anything that makes who inserts wait for another one? */
static bool
footprint_has_unique(Relation relation)
{
	List	   *indexes;
	ListCell   *lc;
	bool		found = false;

	if (!relation->rd_rel->relhasindex)
		return false;
	indexes = RelationGetIndexList(relation);
	foreach(lc, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));

		if (!HeapTupleIsValid(tuple))
			continue;
		found |= ((Form_pg_index) GETSTRUCT(tuple))->indisunique ||
			((Form_pg_index) GETSTRUCT(tuple))->indisexclusion;
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	return found;
}

static void
footprint_touch_insert(Relation relation)
{
	if (footprint != NULL)
		footprint_touch(RelationGetRelid(relation), CT_TOUCH_INSERT, 0, 0, footprint_has_unique(relation));
}

/* Of the transaction that is under way in the step. */
static void
footprint_note_isolation(void)
{
	if (IsolationIsSerializable())
		footprint->flags |= CT_FOOTPRINT_SERIALIZABLE;
	if (IsolationUsesXactSnapshot() && before_snapshot && FirstSnapshotSet)
		footprint->flags |= CT_FOOTPRINT_SNAPSHOT;
}

/* ---- steps ---- */

void
ct_footprint_set(CtFootprint *into)
{
	if (footprint != NULL)
		ct_footprint_end();
	footprint = into;
	if (footprint == NULL)
		return;
	ct_footprint_clear(footprint);
	before_snapshot = !FirstSnapshotSet;
	if (IsTransactionState())
		footprint_note_isolation();
	ct_footprint_merge(footprint, &repeated);
}

void
ct_footprint_end(void)
{
	int			i;

	if (footprint == NULL)
		return;
	if (IsTransactionState())
		footprint_note_isolation();

	/* who goes on later with this step's snapshot may read rows that aren't here */
	if (executing > 0)
		for (i = 0; i < footprint->n; i++)
			if (footprint->touches[i].kind == CT_TOUCH_READ_INDEX)
				footprint->touches[i].kind = CT_TOUCH_READ_TABLE;
	footprint = NULL;
}

void
ct_footprint_waits(void)
{
	const LOCK *lock = MyProc->waitLock;

	if (footprint == NULL || lock == NULL)
		return;
	footprint_note_isolation();
	switch ((LockTagType) lock->tag.locktag_type)
	{
		case LOCKTAG_RELATION:
			footprint_touch(lock->tag.locktag_field2, CT_TOUCH_LOCK, 0, 0, 1 << (MyProc->waitLockMode - 1));
			break;
		case LOCKTAG_ADVISORY:
			footprint_touch(InvalidOid, CT_TOUCH_ADVISORY, 0, 0, 0);
			break;
		case LOCKTAG_TRANSACTION:
		case LOCKTAG_TUPLE:
		case LOCKTAG_SPECULATIVE_TOKEN:
			break;				/* for a row, which is noted */
		default:
			footprint_everything();
			break;
	}
}

/* What the transaction has held is released. */
static void
footprint_release(uint8 flags)
{
	int			i;

	if (footprint == NULL)
		return;
	footprint->flags |= CT_FOOTPRINT_END | flags;
	footprint->everything |= held.everything;
	for (i = 0; i < held.n; i++)
	{
		CtTouch		touch = held.touches[i];

		touch.kind |= CT_TOUCH_HELD;
		ct_footprint_add(footprint, touch);
	}
}

static void
footprint_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
			footprint_release(CT_FOOTPRINT_PUBLISHED);
			break;
		case XACT_EVENT_ABORT:
			footprint_release(0);
			break;
		case XACT_EVENT_PREPARE:
			footprint_everything();
			break;
		default:
			return;
	}
	ct_footprint_clear(&held);
	ct_footprint_clear(&repeated);
	nversions = 0;
	executing = 0;
	before_snapshot = true;
}

static void
footprint_subtransaction(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		footprint_release(0);
}

/* ---- rows ---- */

static bool
footprint_index_fetch_tuple(struct IndexFetchTableData *scan, ItemPointer tid, Snapshot snapshot,
							TupleTableSlot *slot, bool *call_again, bool *all_dead)
{
	Oid			relation = RelationGetRelid(scan->rel);
	CtTouchKind kind = snapshot->snapshot_type == SNAPSHOT_MVCC ? CT_TOUCH_READ_ROW : CT_TOUCH_LOOK_AT_ROW;
	bool		found;

	footprint_touch_row(relation, kind, tid, 0);
	found = GetHeapamTableAmRoutine()->index_fetch_tuple(scan, tid, snapshot, slot, call_again, all_dead);
	if (found)
		footprint_touch_row(relation, kind, &slot->tts_tid, 0);
	else
		footprint_touch(relation, kind, ItemPointerGetBlockNumberNoCheck(tid), CT_TOUCH_WHOLE_BLOCK, 0);
	return found;
}

static void
footprint_tuple_insert(CT_TUPLE_INSERT_ARGS)
{
	footprint_touch_insert(rel);
	GetHeapamTableAmRoutine()->tuple_insert(ct_tuple_insert_args);
	footprint_touch_row(RelationGetRelid(rel), CT_TOUCH_NEW_ROW, &slot->tts_tid, 0);
}

static void
footprint_tuple_insert_speculative(CT_TUPLE_INSERT_ARGS, uint32 token)
{
	footprint_touch_insert(rel);
	GetHeapamTableAmRoutine()->tuple_insert_speculative(ct_tuple_insert_args, token);
	footprint_touch_row(RelationGetRelid(rel), CT_TOUCH_NEW_ROW, &slot->tts_tid, 0);
}

static void
footprint_multi_insert(CT_MULTI_INSERT_ARGS)
{
	footprint_everything();
	GetHeapamTableAmRoutine()->multi_insert(ct_multi_insert_args);
}

static TM_Result
footprint_tuple_delete(CT_TUPLE_DELETE_ARGS)
{
	footprint_touch_row(RelationGetRelid(rel), CT_TOUCH_WRITE_ROW, tid, LockTupleExclusive);
	return GetHeapamTableAmRoutine()->tuple_delete(ct_tuple_delete_args);
}

/* A write that was noted as the strongest one, when it wasn't known better: it has left the key alone. */
static void
footprint_weaken(CtFootprint *from, int n)
{
	for (; n < from->n; n++)
		if (from->touches[n].kind == CT_TOUCH_WRITE_ROW)
			from->touches[n].mode = LockTupleNoKeyExclusive;
}

static TM_Result
footprint_tuple_update(CT_TUPLE_UPDATE_ARGS)
{
	Oid			relation = RelationGetRelid(rel);
	int			n = footprint ? footprint->n : 0;
	int			nheld = held.n;
	TM_Result	result;

	footprint_touch_row(relation, CT_TOUCH_WRITE_ROW, otid, LockTupleExclusive);
	result = GetHeapamTableAmRoutine()->tuple_update(ct_tuple_update_args);
	if (footprint == NULL || result != TM_Ok)
		return result;
	footprint_note_version(relation, otid, &slot->tts_tid);
	footprint_touch(relation, CT_TOUCH_NEW_ROW, ItemPointerGetBlockNumber(&slot->tts_tid),
					ItemPointerGetOffsetNumber(&slot->tts_tid), 0);
	if (*lockmode == LockTupleNoKeyExclusive)
	{
		footprint_weaken(footprint, n);
		footprint_weaken(&held, nheld);
	}
	if (*update_indexes)
		footprint_touch_insert(rel);
	return result;
}

static TM_Result
footprint_tuple_lock(Relation rel, ItemPointer tid, Snapshot snapshot, TupleTableSlot *slot,
					 CommandId cid, LockTupleMode mode, LockWaitPolicy wait_policy, uint8 flags,
					 TM_FailureData *tmfd)
{
	TM_Result	result;

	footprint_touch_row(RelationGetRelid(rel), CT_TOUCH_LOCK_ROW, tid, mode);
	result = GetHeapamTableAmRoutine()->tuple_lock(rel, tid, snapshot, slot, cid, mode, wait_policy,
												   flags, tmfd);
	footprint_touch_row(RelationGetRelid(rel), CT_TOUCH_LOCK_ROW, tid, mode);
	return result;
}

/* ---- tables ---- */

/* The relation's rows are noted from now on. */
static void
footprint_watch(Relation relation)
{
	MemoryContext oldcontext;

	if (relation->rd_tableam == &noting)
		return;
	if (relation->rd_tableam != GetHeapamTableAmRoutine())
	{
		footprint_everything();
		return;
	}
	relation->rd_tableam = &noting;
	oldcontext = MemoryContextSwitchTo(TopMemoryContext);
	noted = list_append_unique_oid(noted, RelationGetRelid(relation));
	MemoryContextSwitchTo(oldcontext);
}

static void
footprint_unwatch(void)
{
	ListCell   *lc;

	foreach(lc, noted)
	{
		Relation	relation = RelationIdGetRelation(lfirst_oid(lc));

		if (!RelationIsValid(relation))
			continue;
		if (relation->rd_tableam == &noting)
			relation->rd_tableam = GetHeapamTableAmRoutine();
		RelationClose(relation);
	}
	list_free(noted);
	noted = NIL;
}

/* A relation's cache entry is made anew, with heap's own access method. */
static void
footprint_invalidated(Datum arg, Oid relation)
{
	if (executing > 0 && (!OidIsValid(relation) || list_member_oid(noted, relation)))
		footprint_everything();
}

static void
footprint_touch_table(const RangeTblEntry *rte)
{
	if (rte->rtekind != RTE_RELATION || rte->relid < FirstNormalObjectId)
		return;
	switch (rte->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_MATVIEW:
		case RELKIND_VIEW:
			footprint_touch(rte->relid, CT_TOUCH_LOCK, 0, 0, 1 << (rte->rellockmode - 1));
			break;
		case RELKIND_SEQUENCE:
			footprint_touch(InvalidOid, CT_TOUCH_SEQUENCE, 0, 0, 0);
			break;
		default:
			footprint_everything();
			break;
	}
}

static void
footprint_touch_targets(const ModifyTableState *modify)
{
	const ModifyTable *plan = (const ModifyTable *) modify->ps.plan;
	int			i;
	int			j;

	for (i = 0; i < modify->mt_nrels; i++)
	{
		Relation	relation = modify->resultRelInfo[i].ri_RelationDesc;

		if (modify->operation == CMD_MERGE || plan->onConflictAction != ONCONFLICT_NONE)
			footprint_touch_insert(relation);
		if (modify->operation != CMD_INSERT && modify->operation != CMD_MERGE)
			continue;
		for (j = 0; j < RelationGetDescr(relation)->natts; j++)
			if (TupleDescAttr(RelationGetDescr(relation), j)->attidentity != '\0')
				footprint_touch(InvalidOid, CT_TOUCH_SEQUENCE, 0, 0, 0);
	}
}

static bool
footprint_touch_plan(PlanState *node, void *arg)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_IndexScanState:
			footprint_touch(RelationGetRelid(((ScanState *) node)->ss_currentRelation), CT_TOUCH_READ_INDEX, 0, 0, 0);
			break;
		case T_SeqScanState:
		case T_SampleScanState:
		case T_IndexOnlyScanState:
		case T_BitmapHeapScanState:
		case T_TidScanState:
		case T_TidRangeScanState:
			footprint_touch(RelationGetRelid(((ScanState *) node)->ss_currentRelation), CT_TOUCH_READ_TABLE, 0, 0, 0);
			break;
		case T_ForeignScanState:
		case T_CustomScanState:
			footprint_everything();
			break;
		case T_ModifyTableState:
			footprint_touch_targets((ModifyTableState *) node);
			break;
		default:
			break;
	}
	return planstate_tree_walker(node, footprint_touch_plan, arg);
}

static void
footprint_executor_start(QueryDesc *desc, int eflags)
{
	ListCell   *lc;
	int			i;

	if (footprint != NULL)
	{
		foreach(lc, desc->plannedstmt->rtable)
			footprint_touch_table(lfirst_node(RangeTblEntry, lc));
		if (desc->plannedstmt->parallelModeNeeded)
			footprint_everything();
	}
	if (previous_executor_start)
		previous_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);
	if (footprint == NULL)
		return;
	executing++;
	footprint_note_isolation();
	for (i = 0; i < desc->estate->es_range_table_size; i++)
	{
		Relation	relation = desc->estate->es_relations ? desc->estate->es_relations[i] : NULL;

		if (relation != NULL && RelationGetRelid(relation) >= FirstNormalObjectId &&
			(relation->rd_rel->relkind == RELKIND_RELATION || relation->rd_rel->relkind == RELKIND_MATVIEW))
			footprint_watch(relation);
	}
	(void) footprint_touch_plan(desc->planstate, NULL);
	foreach(lc, desc->estate->es_subplanstates)
		(void) footprint_touch_plan(lfirst(lc), NULL);
}

static void
footprint_executor_end(QueryDesc *desc)
{
	if (executing > 0)
		executing--;
	if (previous_executor_end)
		previous_executor_end(desc);
	else
		standard_ExecutorEnd(desc);
}

/* ---- utilities and functions ---- */

/* LOCK TABLE, noted before it waits. */
static void
footprint_touch_locked(const LockStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->relations)
	{
		Oid			relation = RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true);

		if (!OidIsValid(relation) || get_rel_relkind(relation) != RELKIND_RELATION ||
			has_subclass(relation))
			footprint_everything();
		else
			footprint_touch(relation, CT_TOUCH_LOCK, 0, 0, 1 << (stmt->mode - 1));
	}
}

/* Does a utility touch no more than is seen when it executes something? */
static bool
footprint_is_seen(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_TransactionStmt:
			return ((const TransactionStmt *) stmt)->kind != TRANS_STMT_PREPARE &&
				((const TransactionStmt *) stmt)->kind != TRANS_STMT_COMMIT_PREPARED &&
				((const TransactionStmt *) stmt)->kind != TRANS_STMT_ROLLBACK_PREPARED;
		case T_LockStmt:
		case T_ConstraintsSetStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_PrepareStmt:
		case T_ExecuteStmt:
		case T_DeallocateStmt:
		case T_DeclareCursorStmt:
		case T_FetchStmt:
		case T_ClosePortalStmt:
		case T_CallStmt:
		case T_DoStmt:
			return true;
		default:
			return false;
	}
}

static void
footprint_process_utility(PlannedStmt *pstmt, const char *query, bool read_only,
						  ProcessUtilityContext context, ParamListInfo params,
						  QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *qc)
{
	if (!footprint_is_seen(pstmt->utilityStmt))
	{
		footprint_everything();
		footprint_unwatch();
	}
	else if (footprint != NULL && IsA(pstmt->utilityStmt, LockStmt))
		footprint_touch_locked((LockStmt *) pstmt->utilityStmt);
	if (previous_process_utility)
		previous_process_utility(pstmt, query, read_only, context, params, environment, dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only, context, params, environment, dest, qc);
	if (footprint != NULL && IsTransactionState())
		footprint_note_isolation();
}

static CtFunctionTouch
footprint_class_function(Oid function)
{
	static const char *const harmless[] = {
		"random", "random_normal", "setseed", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7",
		"currval", "lastval", "set_config", "pg_sleep", "pg_sleep_for", "pg_sleep_until",
		"pg_backend_pid", "pg_typeof", "pg_get_serial_sequence", "pg_column_size", "pg_client_encoding"
	};
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	const char *name;
	CtFunctionTouch touch = CT_FUNCTION_NOTHING;
	int			i;

	if (!HeapTupleIsValid(tuple))
		return CT_FUNCTION_EVERYTHING;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	name = NameStr(form->proname);
	if (function >= FirstUnpinnedObjectId)
	{
		char	   *language = get_language_name(form->prolang, true);

		if (form->prolang != SQLlanguageId && form->provolatile != PROVOLATILE_IMMUTABLE &&
			(language == NULL || strcmp(language, "plpgsql") != 0))
			touch = CT_FUNCTION_EVERYTHING;
	}
	else if (strncmp(name, "pg_advisory_", 12) == 0 || strncmp(name, "pg_try_advisory_", 16) == 0)
		touch = CT_FUNCTION_ADVISORY;
	else if (strcmp(name, "nextval") == 0 || strcmp(name, "setval") == 0 ||
			 strcmp(name, "pg_sequence_last_value") == 0)
		touch = CT_FUNCTION_SEQUENCE;
	else if (form->provolatile == PROVOLATILE_VOLATILE ||
			 (form->provolatile == PROVOLATILE_STABLE &&
			  (strncmp(name, "pg_", 3) == 0 || strncmp(name, "txid_", 5) == 0)))
	{
		touch = CT_FUNCTION_EVERYTHING;
		for (i = 0; i < lengthof(harmless); i++)
			if (strcmp(name, harmless[i]) == 0)
				touch = CT_FUNCTION_NOTHING;
	}
	ReleaseSysCache(tuple);
	return touch;
}

/* A function is about to be executed, once or many times: PL/pgSQL keeps it for the transaction. */
static void
footprint_object_access(ObjectAccessType access, Oid class, Oid object, int sub, void *arg)
{
	CtFunctionTouch touch;
	CtTouch		repeat = {InvalidOid, 0, 0, 0, 0};

	if (previous_object_access)
		previous_object_access(access, class, object, sub, arg);
	if (footprint == NULL || access != OAT_FUNCTION_EXECUTE || class != ProcedureRelationId)
		return;
	touch = object < FirstUnpinnedObjectId ? built_in[object] : CT_FUNCTION_UNKNOWN;
	if (touch == CT_FUNCTION_UNKNOWN)
		touch = footprint_class_function(object);
	if (object < FirstUnpinnedObjectId)
		built_in[object] = touch;
	switch (touch)
	{
		case CT_FUNCTION_EVERYTHING:
			footprint_everything();
			repeated.everything = true;
			return;
		case CT_FUNCTION_ADVISORY:
			repeat.kind = CT_TOUCH_ADVISORY;
			break;
		case CT_FUNCTION_SEQUENCE:
			repeat.kind = CT_TOUCH_SEQUENCE;
			break;
		default:
			return;
	}
	ct_footprint_add(&repeated, repeat);
	footprint_touch(InvalidOid, repeat.kind, 0, 0, 0);
}

void
ct_footprint_begin(void)
{
	noting = *GetHeapamTableAmRoutine();
	noting.index_fetch_tuple = footprint_index_fetch_tuple;
	noting.tuple_insert = footprint_tuple_insert;
	noting.tuple_insert_speculative = footprint_tuple_insert_speculative;
	noting.multi_insert = footprint_multi_insert;
	noting.tuple_delete = footprint_tuple_delete;
	noting.tuple_update = footprint_tuple_update;
	noting.tuple_lock = footprint_tuple_lock;

	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = footprint_executor_start;
	previous_executor_end = ExecutorEnd_hook;
	ExecutorEnd_hook = footprint_executor_end;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = footprint_process_utility;
	previous_object_access = object_access_hook;
	object_access_hook = footprint_object_access;
	RegisterXactCallback(footprint_transaction, NULL);
	RegisterSubXactCallback(footprint_subtransaction, NULL);
	CacheRegisterRelcacheCallback(footprint_invalidated, (Datum) 0);
}
