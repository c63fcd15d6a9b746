/*
 * ct_compat.h
 *		Everything that differs between the server versions we support.
 *
 * No other file may test PG_VERSION_NUM.
 */
#ifndef CT_COMPAT_H
#define CT_COMPAT_H

#include "pg_config.h"

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "ct_ext supports PostgreSQL 15 to 19"
#endif

#include "tcop/pquery.h"

/* 18 lost PortalRun's run_once */
#if PG_VERSION_NUM >= 180000
#define ct_portal_run(portal, dest, qc) \
	((void) PortalRun(portal, FETCH_ALL, true, dest, dest, qc))
#else
#define ct_portal_run(portal, dest, qc) \
	((void) PortalRun(portal, FETCH_ALL, true, true, dest, dest, qc))
#endif

/* and ExecutorRun its execute_once */
#include "executor/executor.h"
#if PG_VERSION_NUM >= 180000
#define ct_executor_run(desc)	ExecutorRun(desc, ForwardScanDirection, 0)
#else
#define ct_executor_run(desc)	ExecutorRun(desc, ForwardScanDirection, 0, true)
#endif

#if PG_VERSION_NUM >= 180000
#define CT_EXECUTOR_RUN_ARGS	QueryDesc *desc, ScanDirection direction, uint64 count
#define ct_executor_run_args	desc, direction, count
#else
#define CT_EXECUTOR_RUN_ARGS	QueryDesc *desc, ScanDirection direction, uint64 count, bool once
#define ct_executor_run_args	desc, direction, count, once
#endif

/* 19 also tells why there is none */
#include "catalog/namespace.h"
#if PG_VERSION_NUM >= 190000
static inline FuncCandidateList
ct_functions_named(List *names)
{
	int			flags;

	return FuncnameGetCandidates(names, -1, NIL, false, false, false, true, &flags);
}
#else
#define ct_functions_named(names)	FuncnameGetCandidates(names, -1, NIL, false, false, false, true)
#endif

/* 18 has more in a RETURNING clause than its expressions */
#include "nodes/parsenodes.h"
#if PG_VERSION_NUM >= 180000
#define ct_returning_list(stmt) \
	((stmt)->returningClause ? (stmt)->returningClause->exprs : NIL)
#else
#define ct_returning_list(stmt)	((stmt)->returningList)
#endif

/* 19 tells a signal's handler who sent it, which one handler hands on to another */
#if PG_VERSION_NUM >= 190000
#define ct_signal_args			postgres_signal_arg, pg_siginfo
#else
#define ct_signal_args			postgres_signal_arg
#endif

/* 19 knows no other strings than standard conforming ones */
#include "parser/parser.h"
#if PG_VERSION_NUM >= 190000
#define ct_backslash_escapes()	false
#else
#define ct_backslash_escapes()	(!standard_conforming_strings)
#endif

/* 19 wants to be told when a row's description is complete */
#include "access/tupdesc.h"
#if PG_VERSION_NUM >= 190000
#define ct_tupdesc_finalize(desc)	TupleDescFinalize(desc)
#else
#define ct_tupdesc_finalize(desc)	((void) (desc))
#endif

/* 19 builds a jsonb in a state of its own kind */
#include "utils/jsonb.h"
#if PG_VERSION_NUM >= 190000
typedef JsonbInState CtJsonbState;
#define ct_jsonb_push(state, token, value)	pushJsonbValue(state, token, value)
#else
typedef struct CtJsonbState
{
	JsonbParseState *parse;
	JsonbValue *result;			/* once the outermost object is closed */
} CtJsonbState;
#define ct_jsonb_push(state, token, value) \
	((void) ((state)->result = pushJsonbValue(&(state)->parse, token, value)))
#endif

/* 19 has this setting for each kind of process */
#include "miscadmin.h"
#include "utils/guc.h"
#if PG_VERSION_NUM >= 190000
#define ct_log_min_messages		(log_min_messages[MyBackendType])
#else
#define ct_log_min_messages		log_min_messages
#endif

/* 17 has named wait events for extensions, and numbers processes instead of backends */
#include "storage/proc.h"
#include "utils/wait_event.h"
#if PG_VERSION_NUM >= 170000
#define ct_wait_event_new(name, number)	WaitEventExtensionNew(name)
#define ct_my_procno()			MyProcNumber
#else
/* a number within the class, that other extensions are unlikely to use */
#define ct_wait_event_new(name, number)	(PG_WAIT_EXTENSION | (0x6374 + (number)))
#define ct_my_procno()			MyProc->pgprocno
#endif

/* a set of things to wait for, freed by whoever makes it; since 17 it may have a resource owner */
#if PG_VERSION_NUM >= 170000
#define ct_wait_event_set(n)	CreateWaitEventSet(NULL, n)
#else
#define ct_wait_event_set(n)	CreateWaitEventSet(TopMemoryContext, n)
#endif

/* 17 lets a worker act as a role that may not log in */
#if PG_VERSION_NUM >= 170000
#define CT_WORKER_CONNECTION_FLAGS	BGWORKER_BYPASS_ROLELOGINCHECK
#define CT_NOLOGIN_ROLES_WORK		true
#else
#define CT_WORKER_CONNECTION_FLAGS	0
#define CT_NOLOGIN_ROLES_WORK		false
#endif

/* 17 has transaction_timeout, which ends the process */
#include "utils/guc.h"
#if PG_VERSION_NUM >= 170000
#define ct_no_transaction_timeout() \
	SetConfigOption("transaction_timeout", "0", PGC_USERSET, PGC_S_SESSION)
#else
#define ct_no_transaction_timeout() ((void) 0)
#endif

/* 16 has one function for the privileges on every kind of object */
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "utils/acl.h"
#if PG_VERSION_NUM >= 160000
#define ct_may_create_schema(database, role) \
	(object_aclcheck(DatabaseRelationId, database, role, ACL_CREATE) == ACLCHECK_OK)
#define ct_may_use_schema(schema, role) \
	(object_aclcheck(NamespaceRelationId, schema, role, ACL_USAGE) == ACLCHECK_OK)
#else
#define ct_may_create_schema(database, role) \
	(pg_database_aclcheck(database, role, ACL_CREATE) == ACLCHECK_OK)
#define ct_may_use_schema(schema, role) \
	(pg_namespace_aclcheck(schema, role, ACL_USAGE) == ACLCHECK_OK)
#endif

/* 18 has generated columns that aren't stored */
#include "catalog/pg_attribute.h"
#if PG_VERSION_NUM >= 180000
#define ct_is_virtual(attribute)	((attribute)->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define ct_is_virtual(attribute)	false
#endif

/* 18 shows a plan's id beside its query's */
#include "utils/backend_status.h"
#if PG_VERSION_NUM >= 180000
#define ct_forget_query_ids(entry)	((entry)->st_query_id = (entry)->st_plan_id = 0)
#else
#define ct_forget_query_ids(entry)	((entry)->st_query_id = 0)
#endif

/* 16 asks for what is known of a backend by its place in the list, from 1 */
#if PG_VERSION_NUM >= 160000
#define ct_local_backend(i)		pgstat_get_local_beentry_by_index(i)
#else
#define ct_local_backend(i)		pgstat_fetch_stat_local_beentry(i)
#endif

/* 16 has other lists in PGPROC and in LOCK */
#include "storage/lock.h"
#if PG_VERSION_NUM >= 160000
#define ct_proclocks_empty(list)	dlist_is_empty(list)
#define ct_proclocks_first(list) \
	(dlist_is_empty(list) ? NULL : dlist_head_element(PROCLOCK, procLink, list))
#define ct_proclocks_next(list, proclock) \
	(!dlist_has_next(list, &(proclock)->procLink) ? NULL : \
	 dlist_container(PROCLOCK, procLink, dlist_next_node(list, &(proclock)->procLink)))
#define ct_lock_first(list) \
	(dlist_is_empty(list) ? NULL : dlist_head_element(PROCLOCK, lockLink, list))
#define ct_lock_next(list, proclock) \
	(!dlist_has_next(list, &(proclock)->lockLink) ? NULL : \
	 dlist_container(PROCLOCK, lockLink, dlist_next_node(list, &(proclock)->lockLink)))
#define ct_queue_first(lock) \
	(dclist_is_empty(&(lock)->waitProcs) ? NULL : \
	 dclist_head_element(PGPROC, ct_queue_link, &(lock)->waitProcs))
#define ct_queue_next(lock, proc) \
	(!dclist_has_next(&(lock)->waitProcs, &(proc)->ct_queue_link) ? NULL : \
	 dlist_container(PGPROC, ct_queue_link, \
					 dclist_next_node(&(lock)->waitProcs, &(proc)->ct_queue_link)))
/* 19 has a member of its own for it */
#if PG_VERSION_NUM >= 190000
#define ct_queue_link	waitLink
#else
#define ct_queue_link	links
#endif
#else
#include "storage/shmem.h"
#define ct_lock_first(list) \
	((PROCLOCK *) SHMQueueNext(list, list, offsetof(PROCLOCK, lockLink)))
#define ct_lock_next(list, proclock) \
	((PROCLOCK *) SHMQueueNext(list, &(proclock)->lockLink, offsetof(PROCLOCK, lockLink)))
#define ct_queue_first(lock) \
	((lock)->waitProcs.size == 0 ? NULL : (PGPROC *) (lock)->waitProcs.links.next)
#define ct_queue_next(lock, proc) \
	((proc)->links.next == &(lock)->waitProcs.links ? NULL : (PGPROC *) (proc)->links.next)
#define ct_proclocks_empty(list)	SHMQueueEmpty(list)
#define ct_proclocks_first(list) \
	((PROCLOCK *) SHMQueueNext(list, list, offsetof(PROCLOCK, procLink)))
#define ct_proclocks_next(list, proclock) \
	((PROCLOCK *) SHMQueueNext(list, &(proclock)->procLink, offsetof(PROCLOCK, procLink)))
#endif

/*
 * 19 has a set of the relations that a plan writes.  The n-th of them, from 0, by
 * its place in the range table; last: the one before; -1: there is none.
 */
#include "nodes/plannodes.h"
static inline int
ct_result_relation(const PlannedStmt *stmt, int n, int last)
{
#if PG_VERSION_NUM >= 190000
	int			next = bms_next_member(stmt->resultRelationRelids, n == 0 ? -1 : last);

	return next < 0 ? -1 : next;
#else
	return n < list_length(stmt->resultRelations) ? list_nth_int(stmt->resultRelations, n) : -1;
#endif
}

/* 19 has CLUSTER as a kind of REPACK */
#if PG_VERSION_NUM >= 190000
#define CT_CLUSTER_TAG	T_RepackStmt
#define ct_cluster_relation(stmt) \
	(((RepackStmt *) (stmt))->relation ? ((RepackStmt *) (stmt))->relation->relation : NULL)
#else
#define CT_CLUSTER_TAG	T_ClusterStmt
#define ct_cluster_relation(stmt)	(((ClusterStmt *) (stmt))->relation)
#endif

/* 19 plans for an EXPLAIN, too */
#include "optimizer/planner.h"
#if PG_VERSION_NUM >= 190000
#define ct_planner_params	Query *parse, const char *query, int options, ParamListInfo params, \
	struct ExplainState *explain
#define ct_planner_args		parse, query, options, params, explain
#else
#define ct_planner_params	Query *parse, const char *query, int options, ParamListInfo params
#define ct_planner_args		parse, query, options, params
#endif

/* 16 names a relation's file by a locator */
#include "utils/rel.h"
#if PG_VERSION_NUM >= 160000
#define ct_relation_file(rel)	((Oid) (rel)->rd_locator.relNumber)
#define ct_smgr_file(rel)		(RelationGetSmgr(rel)->smgr_rlocator)
#else
#define ct_relation_file(rel)	((rel)->rd_node.relNode)
#define ct_smgr_file(rel)		(RelationGetSmgr(rel)->smgr_rnode)
#endif

/* and has a function that makes a relation longer; the new page comes locked */
#include "storage/bufmgr.h"
#if PG_VERSION_NUM >= 160000
#define ct_extend(rel, fork)	ExtendBufferedRel(BMR_REL(rel), fork, NULL, EB_LOCK_FIRST)
#else
#define ct_extend(rel, fork)	ReadBufferExtended(rel, fork, P_NEW, RBM_ZERO_AND_LOCK, NULL)
#endif

/* 16 wants an index's table where it may write, 18 and 19 want more of an index scan */
#include "access/genam.h"
#include "access/nbtree.h"
#if PG_VERSION_NUM >= 160000
#define ct_bt_getroot(index, table)	_bt_getroot(index, table, BT_WRITE)
#else
#define ct_bt_getroot(index, table)	((void) (table), _bt_getroot(index, BT_WRITE))
#endif
#if PG_VERSION_NUM >= 190000
#define ct_index_beginscan(table, index, snapshot) \
	index_beginscan(table, index, snapshot, NULL, 0, 0, 0)
#elif PG_VERSION_NUM >= 180000
#define ct_index_beginscan(table, index, snapshot) \
	index_beginscan(table, index, snapshot, NULL, 0, 0)
#else
#define ct_index_beginscan(table, index, snapshot) \
	index_beginscan(table, index, snapshot, 0, 0)
#endif

/* 17 keeps the temporary slots that are synchronized, if told to */
#include "replication/slot.h"
#if PG_VERSION_NUM >= 170000
#define ct_replication_slot_cleanup()	ReplicationSlotCleanup(false)
#else
#define ct_replication_slot_cleanup()	ReplicationSlotCleanup()
#endif

/* 15 has a foreign key's columns to set, which its row is taken apart into */
#include "catalog/pg_constraint.h"
#define ct_deconstruct_foreign_key(tuple, nkeys, conkey, confkey) \
	DeconstructFkConstraintRow(tuple, nkeys, conkey, confkey, NULL, NULL, NULL, NULL, NULL)

/* 18 says before a function that it doesn't return */
#if PG_VERSION_NUM >= 180000
#define ct_noreturn				pg_noreturn
#else
#define ct_noreturn				pg_attribute_noreturn()
#endif

/* 16 can tell instead of raising that a name isn't one */
#include "utils/regproc.h"
#if PG_VERSION_NUM >= 160000
#define ct_qualified_names(text)	stringToQualifiedNameList(text, NULL)
#else
#define ct_qualified_names(text)	stringToQualifiedNameList(text)
#endif

/* of libpq/libpq.h, which includes headers that not all packages bring */
extern bool pq_check_connection(void);

/* what heap's callbacks take: 16 tells more of indexes than whether, 19 has options */
#include "access/tableam.h"
#define CT_TUPLE_INSERT_ARGS \
	Relation rel, TupleTableSlot *slot, CommandId cid, CT_INSERT_OPTIONS options, \
	struct BulkInsertStateData *bistate
#define ct_tuple_insert_args	rel, slot, cid, options, bistate
#define CT_MULTI_INSERT_ARGS \
	Relation rel, TupleTableSlot **slots, int nslots, CommandId cid, CT_INSERT_OPTIONS options, \
	struct BulkInsertStateData *bistate
#define ct_multi_insert_args	rel, slots, nslots, cid, options, bistate
#if PG_VERSION_NUM >= 190000
#define CT_INSERT_OPTIONS		uint32
#define CT_TUPLE_DELETE_ARGS \
	Relation rel, ItemPointer tid, CommandId cid, uint32 options, Snapshot snapshot, \
	Snapshot crosscheck, bool wait, TM_FailureData *tmfd
#define ct_tuple_delete_args	rel, tid, cid, options, snapshot, crosscheck, wait, tmfd
#define CT_TUPLE_UPDATE_ARGS \
	Relation rel, ItemPointer otid, TupleTableSlot *slot, CommandId cid, uint32 options, \
	Snapshot snapshot, Snapshot crosscheck, bool wait, TM_FailureData *tmfd, \
	LockTupleMode *lockmode, TU_UpdateIndexes *update_indexes
#define ct_tuple_update_args \
	rel, otid, slot, cid, options, snapshot, crosscheck, wait, tmfd, lockmode, update_indexes
#else
#define CT_INSERT_OPTIONS		int
#define CT_TUPLE_DELETE_ARGS \
	Relation rel, ItemPointer tid, CommandId cid, Snapshot snapshot, Snapshot crosscheck, \
	bool wait, TM_FailureData *tmfd, bool changing_part
#define ct_tuple_delete_args	rel, tid, cid, snapshot, crosscheck, wait, tmfd, changing_part
#if PG_VERSION_NUM >= 160000
#define CT_UPDATE_INDEXES		TU_UpdateIndexes
#else
#define CT_UPDATE_INDEXES		bool
#endif
#define CT_TUPLE_UPDATE_ARGS \
	Relation rel, ItemPointer otid, TupleTableSlot *slot, CommandId cid, Snapshot snapshot, \
	Snapshot crosscheck, bool wait, TM_FailureData *tmfd, LockTupleMode *lockmode, \
	CT_UPDATE_INDEXES *update_indexes
#define ct_tuple_update_args \
	rel, otid, slot, cid, snapshot, crosscheck, wait, tmfd, lockmode, update_indexes
#endif

#endif							/* CT_COMPAT_H */
