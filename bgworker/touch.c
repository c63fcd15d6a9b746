/*
 * touch.c
 *		Watching what is executed, by the server's hooks.
 *
 * The hooks are set in a worker and stay until it ends; what others have
 * hooked is called, too.  They cost a look at a short list for each execution;
 * expressions are searched only where there is no table at all, as in "SELECT
 * pg_advisory_xact_lock(1)".
 */
#include "postgres.h"

#include "access/transam.h"
#include "catalog/pg_class.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"

#include "bgworker/touch.h"

static void (*report_touch) (void) = NULL;
static void (*report_ddl) (void) = NULL;
static ExecutorStart_hook_type previous_executor_start = NULL;
static ProcessUtility_hook_type previous_process_utility = NULL;

/* Both families have object ids in a row. */
static bool
touch_is_advisory(Oid funcid)
{
	return (funcid >= F_PG_ADVISORY_LOCK_INT8 && funcid <= F_PG_ADVISORY_UNLOCK_ALL) ||
		(funcid >= F_PG_ADVISORY_XACT_LOCK_INT8 &&
		 funcid <= F_PG_TRY_ADVISORY_XACT_LOCK_SHARED_INT4_INT4);
}

static bool
touch_advisory_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && touch_is_advisory(((FuncExpr *) node)->funcid))
		return true;
	return expression_tree_walker(node, touch_advisory_walker, context);
}

static bool
touch_by_plan(const PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->relationOids)
		if (lfirst_oid(lc) >= FirstNormalObjectId)
			return true;

	/* one without any table is SELECT and its expressions */
	return stmt->planTree != NULL && IsA(stmt->planTree, Result) &&
		touch_advisory_walker((Node *) stmt->planTree->targetlist, NULL);
}

bool
ct_touch_only_controls(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
			/* control of transactions, settings and the session */
		case T_TransactionStmt:
		case T_ConstraintsSetStmt:
		case T_VariableSetStmt:
		case T_VariableShowStmt:
		case T_AlterSystemStmt:
		case T_DiscardStmt:
		case T_LoadStmt:
		case T_CheckPointStmt:
		case T_ListenStmt:
		case T_UnlistenStmt:
		case T_NotifyStmt:
		case T_PrepareStmt:
		case T_DeallocateStmt:
		case T_ClosePortalStmt:

			/* whatever they execute is seen when it is */
		case T_ExecuteStmt:
		case T_DeclareCursorStmt:
		case T_ExplainStmt:
		case T_CallStmt:
		case T_DoStmt:
			return true;
		default:
			return false;
	}
}

static inline bool
touch_is_temporary(const RangeVar *relation)
{
	return relation->relpersistence == RELPERSISTENCE_TEMP ||
		(relation->schemaname != NULL && strcmp(relation->schemaname, "pg_temp") == 0);
}

bool
ct_touch_makes_temporary(const Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			return touch_is_temporary(((CreateStmt *) stmt)->relation);
		case T_CreateTableAsStmt:
			return touch_is_temporary(((CreateTableAsStmt *) stmt)->into->rel);
		case T_ViewStmt:
			return touch_is_temporary(((ViewStmt *) stmt)->view);
		case T_CreateSeqStmt:
			return touch_is_temporary(((CreateSeqStmt *) stmt)->sequence);
		default:
			return false;
	}
}

/* Does it change more than rows, of what lasts longer than the session? */
static bool
touch_is_ddl(Node *stmt)
{
	return !ct_touch_makes_temporary(stmt) && GetCommandLogLevel(stmt) == LOGSTMT_DDL;
}

static void
touch_executor_start(QueryDesc *desc, int eflags)
{
	if (touch_by_plan(desc->plannedstmt))
		report_touch();
	if (previous_executor_start)
		previous_executor_start(desc, eflags);
	else
		standard_ExecutorStart(desc, eflags);
}

static void
touch_utility(PlannedStmt *pstmt, const char *queryString, bool readOnlyTree,
			  ProcessUtilityContext context, ParamListInfo params,
			  QueryEnvironment *queryEnv, DestReceiver *dest, QueryCompletion *qc)
{
	if (!ct_touch_only_controls(pstmt->utilityStmt))
	{
		report_touch();
		if (report_ddl != NULL && touch_is_ddl(pstmt->utilityStmt))
			report_ddl();
	}
	if (previous_process_utility)
		previous_process_utility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
	else
		standard_ProcessUtility(pstmt, queryString, readOnlyTree, context, params, queryEnv, dest, qc);
}

void
ct_touch_watch(void (*touched) (void))
{
	Assert(report_touch == NULL);
	report_touch = touched;
	previous_executor_start = ExecutorStart_hook;
	ExecutorStart_hook = touch_executor_start;
	previous_process_utility = ProcessUtility_hook;
	ProcessUtility_hook = touch_utility;
}

void
ct_touch_watch_ddl(void (*changes) (void))
{
	report_ddl = changes;
}
