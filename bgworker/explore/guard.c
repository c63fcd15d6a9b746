/*
 * guard.c
 *		Keeps the sessions of an exploration from what is outside of its sandbox.
 *
 * Hooks, in the session's process, from when its session opens until it ends;
 * what others have hooked is called, too.
 *
 * planner: a query is looked at before it is planned, since planning reads
 * tables' statistics, and calls functions; what is inlined only then is found
 * in the plan.  PL/pgSQL's simple expressions never get any further than here.
 *
 * ExecutorStart: the plan's relations, which regclass constants count among, as
 * nextval('event_id_seq') has one.  What was said of a relation is remembered
 * until a relation changes: a look costs some nanoseconds for each.
 *
 * ProcessUtility: statements that are no queries (guard_utility.c).  What makes,
 * alters or drops an object by whichever way passes object_access_hook.  So do
 * functions when they are about to be called: some do by themselves what no
 * hook sees, and are refused by name.
 *
 * nextval() and setval() of a sequence that is computed are looked at when they
 * are called: the planner gets their argument wrapped.
 *
 * A commit's notifications are dropped: who listens is outside.
 *
 * What is raised is query_canceled, which a script's WHEN OTHERS doesn't catch;
 * if anything else does, the leader finds it in the turn all the same.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/async.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "parser/parse_func.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "bgworker/explore/guard.h"
#include "src/base/ct_compat.h"
#include "src/catalog/catalog.h"

/* whose a relation is */
typedef enum GuardOwner
{
	GUARD_OURS,					/* of the sandbox, or a temporary table of the session's */
	GUARD_SERVERS,				/* a catalog, or an extension's */
	GUARD_USERS
} GuardOwner;

typedef struct GuardRelation
{
	Oid			relid;			/* hash key */
	GuardOwner	owner;
	char		relkind;
} GuardRelation;

typedef struct GuardFunction
{
	Oid			funcid;			/* hash key */
	bool		refused;
} GuardFunction;

static CtGuardMode guard_mode = CT_GUARD_OFF;
static Oid	guard_sandbox = InvalidOid;
static CtTurn *guard_turn = NULL;
static HTAB *guard_relations = NULL;
static HTAB *guard_functions = NULL;
static bool guard_stale = false;	/* a relation has changed since they were looked at */

static planner_hook_type previous_planner = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;
static ProcessUtility_hook_type previous_process_utility = NULL;
static object_access_hook_type previous_object_access = NULL;

/* ---- what it says ---- */

void
ct_guard_refuse(int sqlstate, const char *message, const char *detail, const char *hint)
{
	MemoryContext context = CurrentMemoryContext;

	/* raised once as what it is, so that the leader is told where, too */
	PG_TRY();
	{
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg_internal("%s", message),
				 detail ? errdetail_internal("%s", detail) : 0,
				 hint ? errhint("%s", hint) : 0));
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		if (guard_turn->refusal.sqlstate == 0)
			ct_error_store(&guard_turn->refusal, error);
		error->sqlerrcode = ERRCODE_QUERY_CANCELED;
		ReThrowError(error);
	}
	PG_END_TRY();
	pg_unreachable();
}

static char *
guard_relation_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid));
}

/* A relation of the user's that there is a clone of: a name led past it. */
static void
guard_refuse_bypass(Oid relid)
{
	List	   *path = fetch_search_path(false);
	bool		own_path = path == NIL || linitial_oid(path) != guard_sandbox;

	ct_guard_refuse(ERRCODE_FEATURE_NOT_SUPPORTED,
					psprintf("cannot redirect %s to its clone", guard_relation_name(relid)),
					own_path ? "A function has a search_path of its own, which doesn't begin with the run's." :
					"It is named with its schema, or by what has been found before it was cloned.",
					own_path ? "Take the function's SET search_path away for the trial, or explore with in_place => true and a reset script." :
					"Name it without its schema, so that search_path finds it, or explore with in_place => true and a reset script.");
}

/* With a setup: nobody would bring back what is written to the user's. */
static void
guard_refuse_access(Oid relid, char relkind, GuardOwner owner, CtGuardAccess access)
{
	static const char *const does[] = {"read", "lock rows of", "write to", "alter"};
	const char *name = guard_relation_name(relid);

	ct_guard_refuse(ERRCODE_FEATURE_NOT_SUPPORTED,
					psprintf("an exploration cannot %s %s, which is outside of its sandbox", does[access], name),
					"What is outside is not brought back between executions.",
					owner == GUARD_SERVERS ? "Leave that out of the sessions, or explore with in_place => true and a reset script." :
					relkind == RELKIND_SEQUENCE ?
					"Have the setup create a sequence of that name, or explore with in_place => true and a reset script." :
					psprintf("Have the setup create a table of that name, as CREATE TABLE %s (LIKE %s INCLUDING ALL) does, or explore with in_place => true and a reset script.",
							 quote_identifier(get_rel_name(relid)), name));
}

static void
guard_miss(Oid relid)
{
	if (!OidIsValid(guard_turn->missing))
		guard_turn->missing = relid;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("%s is not cloned yet", guard_relation_name(relid))));
}

/* ---- relations ---- */

static void
guard_relation_changed(Datum arg, Oid relid)
{
	guard_stale = true;
}

static void
guard_forget(HTAB *table)
{
	HASH_SEQ_STATUS status;
	void	   *entry;

	hash_seq_init(&status, table);
	while ((entry = hash_seq_search(&status)) != NULL)
		(void) hash_search(table, entry, HASH_REMOVE, NULL);
}

static GuardOwner
guard_owner_of(Oid relid, Oid schema)
{
	if (schema == guard_sandbox || isTempNamespace(schema))
		return GUARD_OURS;
	if (relid < FirstNormalObjectId || OidIsValid(getExtensionOfObject(RelationRelationId, relid)))
		return GUARD_SERVERS;
	return GUARD_USERS;
}

/* NULL if there is none, as behind a regclass constant of long ago. */
static GuardRelation *
guard_look_at(Oid relid)
{
	GuardRelation *known;
	HeapTuple	tuple;
	Form_pg_class form;
	GuardOwner	owner;
	char		relkind;

	if (guard_stale)
	{
		guard_stale = false;
		guard_forget(guard_relations);
	}
	known = hash_search(guard_relations, &relid, HASH_FIND, NULL);
	if (known != NULL)
		return known;

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_class) GETSTRUCT(tuple);
	relkind = form->relkind;
	owner = guard_owner_of(relid, form->relnamespace);
	ReleaseSysCache(tuple);

	known = hash_search(guard_relations, &relid, HASH_ENTER, NULL);
	known->owner = owner;
	known->relkind = relkind;
	return known;
}

/* In place: so that the leader knows which tables to compare. */
static void
guard_note_written(Oid relid)
{
	CtTurn	   *turn = guard_turn;
	int			i;

	for (i = 0; i < turn->nwritten; i++)
		if (turn->written[i] == relid)
			return;
	if (turn->nwritten < CT_TURN_WRITTEN)
		turn->written[turn->nwritten++] = relid;
}

void
ct_guard_relation(Oid relid, CtGuardAccess access)
{
	GuardRelation *known = guard_look_at(relid);

	if (known == NULL)
		return;
	if (guard_mode == CT_GUARD_OFF)
	{
		if (access >= CT_GUARD_WRITES_ROWS && known->owner != GUARD_SERVERS &&
			known->relkind != RELKIND_SEQUENCE && get_rel_persistence(relid) != RELPERSISTENCE_TEMP)
			guard_note_written(relid);
		return;
	}
	if (known->owner == GUARD_OURS)
		return;
	if (known->owner == GUARD_USERS &&
		(known->relkind == RELKIND_INDEX || known->relkind == RELKIND_PARTITIONED_INDEX))
	{
		ct_guard_relation(IndexGetRelation(relid, false), access);
		return;
	}
	if (known->owner == GUARD_USERS && guard_mode == CT_GUARD_ALL)
	{
		if (OidIsValid(get_relname_relid(get_rel_name(relid), guard_sandbox)))
			guard_refuse_bypass(relid);
		guard_miss(relid);
	}
	if (access != CT_GUARD_READS)
		guard_refuse_access(relid, known->relkind, known->owner, access);
}

void
ct_guard_schema(Oid schema, const char *command)
{
	if (guard_mode == CT_GUARD_OFF || schema == guard_sandbox || isAnyTempNamespace(schema) ||
		IsToastNamespace(schema))
		return;
	ct_guard_refuse(ERRCODE_FEATURE_NOT_SUPPORTED,
					psprintf("an exploration cannot execute %s in schema \"%s\", which is outside of its sandbox",
							 command, get_namespace_name(schema)),
					"What is outside is not brought back between executions.",
					"Leave the schema's name out, or explore with in_place => true and a reset script.");
}

/* ---- queries ---- */

/* A call that looks at the sequence when it is known. */
static Node *
guard_wrap(Node *sequence)
{
	Oid			types[1] = {REGCLASSOID};
	char	   *schema = get_namespace_name(ct_catalog_schema());
	Oid			funcid = LookupFuncName(list_make2(makeString(schema), makeString("_ct_guard_sequence")), 1, types, false);

	return (Node *) makeFuncExpr(funcid, REGCLASSOID, list_make1(sequence), InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

Oid
ct_guard_sequence(Oid sequence)
{
	if (guard_mode != CT_GUARD_OFF)
		ct_guard_relation(sequence, CT_GUARD_WRITES_ROWS);
	return sequence;
}

/* Names of the columns that a target list sets. */
static List *
guard_columns(Oid relid, const List *targets)
{
	List	   *columns = NIL;
	const ListCell *lc;

	foreach(lc, targets)
	{
		const TargetEntry *target = lfirst(lc);
		char	   *name = target->resjunk ? NULL : get_attname(relid, target->resno, true);

		if (name != NULL)
			columns = lappend(columns, name);
	}
	return columns;
}

/* Who refers to rows that the query deletes, or to keys that it updates, is needed, too. */
static void
guard_keys(const Query *query)
{
	Oid			relid;
	List	   *columns = NIL;
	ListCell   *lc;
	bool		all = query->commandType == CMD_DELETE;

	if (query->resultRelation == 0)
		return;
	relid = rt_fetch(query->resultRelation, query->rtable)->relid;
	if (query->commandType == CMD_UPDATE)
		columns = guard_columns(relid, query->targetList);
	if (query->onConflict != NULL && query->onConflict->action == ONCONFLICT_UPDATE)
		columns = guard_columns(relid, query->onConflict->onConflictSet);
	foreach(lc, query->mergeActionList)
	{
		MergeAction *action = lfirst_node(MergeAction, lc);

		all |= action->commandType == CMD_DELETE;
		if (action->commandType == CMD_UPDATE)
			columns = list_concat(columns, guard_columns(relid, action->targetList));
	}
	if (all || columns != NIL)
		ct_guard_keys(relid, all, columns);
}

static bool
guard_is_sequence_function(Oid funcid)
{
	return funcid == F_NEXTVAL || funcid == F_SETVAL_REGCLASS_INT8 ||
		funcid == F_SETVAL_REGCLASS_INT8_BOOL;
}

/* A view that has been expanded is still named; it is to be told of before what it reads. */
static bool
guard_view_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, guard_view_walker, context, QTW_EXAMINE_RTES_BEFORE);
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *rte = (RangeTblEntry *) node;
		GuardRelation *known;

		if (OidIsValid(rte->relid) && (rte->rtekind == RTE_RELATION || rte->rtekind == RTE_SUBQUERY) &&
			(known = guard_look_at(rte->relid)) != NULL && known->relkind == RELKIND_VIEW)
			ct_guard_relation(rte->relid, CT_GUARD_READS);
		return false;
	}
	return expression_tree_walker(node, guard_view_walker, context);
}

static bool
guard_table_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		(void) query_tree_walker((Query *) node, guard_table_walker, context, QTW_EXAMINE_RTES_BEFORE);
		guard_keys((Query *) node);
		return false;
	}
	if (IsA(node, RangeTblEntry))
	{
		if (((RangeTblEntry *) node)->rtekind == RTE_RELATION)
			ct_guard_relation(((RangeTblEntry *) node)->relid, CT_GUARD_READS);
		return false;
	}
	return expression_tree_walker(node, guard_table_walker, context);
}

/* After the tables, for a column's default names a sequence by itself. */
static bool
guard_sequence_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, guard_sequence_walker, context, 0);
	if (IsA(node, FuncExpr) && guard_is_sequence_function(((FuncExpr *) node)->funcid))
	{
		Node	   *sequence = linitial(((FuncExpr *) node)->args);

		if (!IsA(sequence, Const))
			linitial(((FuncExpr *) node)->args) = guard_wrap(sequence);
		else if (!((Const *) sequence)->constisnull)
			ct_guard_relation(DatumGetObjectId(((Const *) sequence)->constvalue), CT_GUARD_WRITES_ROWS);
	}
	return expression_tree_walker(node, guard_sequence_walker, context);
}

static void
guard_plan(PlannedStmt *stmt)
{
	ListCell   *lc;
	int			result = 0;
	int			n;

	if (guard_mode != CT_GUARD_OFF)
		foreach(lc, stmt->relationOids)
			ct_guard_relation(lfirst_oid(lc), CT_GUARD_READS);
	for (n = 0; (result = ct_result_relation(stmt, n, result)) > 0; n++)
		ct_guard_relation(rt_fetch(result, stmt->rtable)->relid, CT_GUARD_WRITES_ROWS);
	if (guard_mode == CT_GUARD_OFF)
		return;
	foreach(lc, stmt->rowMarks)
	{
		PlanRowMark *mark = lfirst(lc);
		RangeTblEntry *rte = rt_fetch(mark->rti, stmt->rtable);

		if (RowMarkRequiresRowShareLock(mark->markType) && rte->rtekind == RTE_RELATION)
			ct_guard_relation(rte->relid, CT_GUARD_LOCKS);
	}
}

static PlannedStmt *
guard_planner(ct_planner_params)
{
	PlannedStmt *stmt;

	if (guard_mode == CT_GUARD_ALL)
	{
		(void) guard_view_walker((Node *) parse, NULL);
		(void) guard_table_walker((Node *) parse, NULL);
	}
	if (guard_mode != CT_GUARD_OFF)
		(void) guard_sequence_walker((Node *) parse, NULL);
	if (previous_planner)
		stmt = previous_planner(ct_planner_args);
	else
		stmt = standard_planner(ct_planner_args);
	if (guard_mode != CT_GUARD_OFF)
		guard_plan(stmt);
	return stmt;
}

static void
guard_executor_start(QueryDesc *desc, int eflags)
{
	guard_plan(desc->plannedstmt);
	if (previous_executor_start)
		previous_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);
}

static void
guard_process_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
					  ProcessUtilityContext context, ParamListInfo params,
					  QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc)
{
	ct_guard_utility(pstmt->utilityStmt);

	/* its arguments are executed without being planned */
	if (guard_mode != CT_GUARD_OFF && IsA(pstmt->utilityStmt, CallStmt))
	{
		pstmt = copyObject(pstmt);
		(void) guard_sequence_walker((Node *) ((CallStmt *) pstmt->utilityStmt)->funcexpr, NULL);
	}
	if (previous_process_utility)
		previous_process_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
}

/* ---- functions ---- */

/*
 * Beginnings of the names of functions that do, by themselves, what isn't undone
 * between executions.
 */
static const char *const guard_servers_functions[] = {
	"lo_creat", "lo_export", "lo_from_bytea", "lo_import", "lo_put", "lo_truncate", "lo_unlink", "lowrite",
	"pg_terminate_backend", "pg_cancel_backend", "pg_reload_conf", "pg_rotate_logfile", "pg_promote",
	"pg_switch_wal", "pg_create_", "pg_backup_", "pg_start_backup", "pg_stop_backup", "pg_wal_replay_",
	"pg_drop_replication_slot", "pg_copy_", "pg_replication_", "pg_logical_", "pg_stat_reset", "pg_restore_",
	"pg_clear_", "pg_import_system_collations", "pg_set_", "binary_upgrade_", NULL
};
static const char *const guard_c_functions[] = {
	"dblink", "http_", "pg_background_", "pg_file_", "pg_truncate_visibility_map", "heap_force_",
	"postgres_fdw_", NULL
};

static bool
guard_begins(const char *name, const char *const *beginnings)
{
	for (; *beginnings != NULL; beginnings++)
		if (strncmp(name, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static bool
guard_refuses_function(Oid funcid)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	Form_pg_proc form;
	bool		refused = false;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (funcid < FirstNormalObjectId)
		refused = guard_begins(NameStr(form->proname), guard_servers_functions);
	else if (form->prolang == ClanguageId)
		refused = guard_begins(NameStr(form->proname), guard_c_functions);
	ReleaseSysCache(tuple);
	return refused;
}

static void
guard_function(Oid funcid)
{
	GuardFunction *known;
	bool		found;

	known = hash_search(guard_functions, &funcid, HASH_FIND, NULL);
	if (known == NULL)
	{
		bool		refused = guard_refuses_function(funcid);

		known = hash_search(guard_functions, &funcid, HASH_ENTER, &found);
		known->refused = refused;
	}
	if (known->refused)
		ct_guard_refuse(ERRCODE_FEATURE_NOT_SUPPORTED,
						psprintf("an exploration cannot call %s()", get_func_name(funcid)),
						"What it does is outside of the sandbox, and not brought back between executions.",
						"Leave the call out of what the sessions do, or explore with in_place => true and a reset script.");
}

static void
guard_object_access(ObjectAccessType access, Oid classId, Oid objectId, int subId, void *arg)
{
	if (previous_object_access)
		previous_object_access(access, classId, objectId, subId, arg);
	if (guard_mode == CT_GUARD_OFF)
		return;
	switch (access)
	{
		case OAT_FUNCTION_EXECUTE:
			guard_function(objectId);
			break;
		case OAT_POST_CREATE:
		case OAT_DROP:
		case OAT_POST_ALTER:
		case OAT_TRUNCATE:
			ct_guard_object(classId, objectId);
			break;
		case OAT_NAMESPACE_SEARCH:
			break;
	}
}

void
ct_guard_explain(const ErrorData *error)
{
	if (guard_mode == CT_GUARD_ALL && guard_turn->refusal.sqlstate == 0)
		ct_guard_rows(guard_sandbox, error, &guard_turn->refusal);
}

/* ---- the end of transactions ---- */

static void
guard_transaction_ends(XactEvent event, void *arg)
{
	/* the server hands them out after this */
	if (event == XACT_EVENT_PRE_COMMIT && guard_mode != CT_GUARD_OFF)
		AtAbort_Notify();
}

static HTAB *
guard_hash(const char *name, Size entry)
{
	HASHCTL		ctl;

	ctl.keysize = sizeof(Oid);
	ctl.entrysize = entry;
	ctl.hcxt = TopMemoryContext;
	return hash_create(name, 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void
ct_guard_begin(CtGuardMode mode, Oid sandbox, CtTurn *turn)
{
	Assert(guard_turn == NULL);
	guard_mode = mode;
	guard_sandbox = sandbox;
	guard_turn = turn;
	guard_relations = guard_hash("ct_ext guard's relations", sizeof(GuardRelation));
	guard_functions = guard_hash("ct_ext guard's functions", sizeof(GuardFunction));
	CacheRegisterRelcacheCallback(guard_relation_changed, (Datum) 0);
	RegisterXactCallback(guard_transaction_ends, NULL);

	previous_planner = planner_hook;
	planner_hook = guard_planner;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = guard_executor_start;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = guard_process_utility;
	previous_object_access = object_access_hook;
	object_access_hook = guard_object_access;
}
