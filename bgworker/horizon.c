/*
 * horizon.c
 *		A caller that waits must not hold back vacuum.
 *
 * The statement "SELECT ct_run(...)" has a snapshot, and while it waits for
 * the run, versions of rows that died after it cannot be pruned.  A row that
 * is updated thousands of times a second then grows a chain of versions that
 * every update has to walk: throughput falls to a tenth within seconds, and
 * the run would measure its own caller.
 *
 * A backend tells the others which snapshot it needs by PGPROC->xmin.  To take
 * that back while a snapshot exists is safe only if nobody will look through
 * it again, which has to be proved, for who still reads would lose rows:
 *
 * - The whole statement is calls of our functions, which take new snapshots
 *   for whatever they read, and of built-in ones that read no table: immutable
 *   ones, and those that read a file.  What users call immutable may read.
 * - It is the client's own statement, not one of a function that an outer
 *   statement calls.  The portals of functions have names; the protocol's has
 *   none.  One that the client named itself is taken for a function's.
 * - No other snapshot is registered in this backend, and ours by this
 *   statement alone: its counts are what one execution leaves.  A server that
 *   counted otherwise would have us hold back vacuum, not lose rows.
 * - No transaction block (which may have exported one), no open cursor or
 *   suspended portal, and not an isolation level above READ COMMITTED, whose
 *   snapshot serves the whole transaction.
 *
 * Else we don't, and say so.  A procedure that could commit has no snapshot at
 * all while it waits, and needs none of this.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "executor/execdesc.h"
#include "nodes/nodeFuncs.h"
#include "nodes/plannodes.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "utils/lsyscache.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"

#include "bgworker/horizon.h"

/* Does the function read anything by the statement's snapshot? */
static bool
horizon_reads_by_snapshot(Oid funcid, void *context)
{
	Oid			extension = *(Oid *) context;

	if (funcid < FirstNormalObjectId)
	{
		const char *name = get_func_name(funcid);

		return func_volatile(funcid) != PROVOLATILE_IMMUTABLE &&
			(name == NULL || strcmp(name, "pg_read_file") != 0) &&
			(name == NULL || strcmp(name, "pg_read_binary_file") != 0);
	}
	return getExtensionOfObject(ProcedureRelationId, funcid) != extension;
}

/*
 * Is there anything in an expression that might look at a table?  Only what is
 * known to be harmless isn't: a domain's constraint, say, is somebody's code,
 * and so is what a built-in function compares values of somebody's type by.
 */
static bool
horizon_reader_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_RangeTblFunction:
			break;
		case T_Const:
		case T_Param:
		case T_Var:
			if (exprType(node) >= FirstNormalObjectId)
				return true;
			break;
		case T_RelabelType:
		case T_FieldSelect:
		case T_BoolExpr:
		case T_NullTest:
			break;
		case T_SortGroupClause:
			return ((SortGroupClause *) node)->sortop >= FirstNormalObjectId;
		case T_FuncExpr:
		case T_OpExpr:
		case T_Aggref:
			if (check_functions_in_node(node, horizon_reads_by_snapshot, context))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, horizon_reader_walker, context);
}

/* Is a plan anything but such expressions and our functions? */
static bool
horizon_plan_reads(Plan *plan, void *context)
{
	int			i;

	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_Result:
			if (horizon_reader_walker(((Result *) plan)->resconstantqual, context))
				return true;
			break;
		case T_ProjectSet:
		case T_Limit:
			break;
		case T_Agg:
			/* without GROUP BY, so that nothing is compared */
			if (((Agg *) plan)->numCols > 0)
				return true;
			break;
		case T_Sort:
			for (i = 0; i < ((Sort *) plan)->numCols; i++)
			{
				if (((Sort *) plan)->sortOperators[i] >= FirstNormalObjectId)
					return true;
			}
			break;
		case T_FunctionScan:
			if (horizon_reader_walker((Node *) ((FunctionScan *) plan)->functions, context))
				return true;
			break;
		default:
			return true;
	}
	return horizon_reader_walker((Node *) plan->targetlist, context) ||
		horizon_reader_walker((Node *) plan->qual, context) ||
		horizon_plan_reads(plan->lefttree, context) || horizon_plan_reads(plan->righttree, context);
}

/*
 * Is the portal the client's own statement, or what its EXECUTE executes; and
 * is it the only one that has registered its snapshot?
 */
static bool
horizon_has_snapshot_alone(Portal portal)
{
	Portal		top = GetPortalByName("");
	Snapshot	snapshot;
	PlannedStmt *stmt;

	InvalidateCatalogSnapshot();
	if (!ThereAreNoPriorRegisteredSnapshots() || portal->queryDesc == NULL || top == NULL)
		return false;
	snapshot = portal->queryDesc->snapshot;
	if (snapshot == NULL || !ActiveSnapshotSet() || GetActiveSnapshot() != snapshot)
		return false;

	/* registered by its query and by its executor, active in the portal */
	if (portal == top)
		return snapshot->regd_count == 2 && snapshot->active_count == 1;

	/* EXECUTE holds the same, and has it active */
	if (top->status != PORTAL_ACTIVE || top->strategy != PORTAL_UTIL_SELECT ||
		list_length(top->stmts) != 1)
		return false;
	stmt = linitial_node(PlannedStmt, top->stmts);
	return stmt->utilityStmt != NULL && IsA(stmt->utilityStmt, ExecuteStmt) &&
		top->holdSnapshot == snapshot && top->portalSnapshot == snapshot &&
		snapshot->regd_count == 3 && snapshot->active_count == 2;
}

CtHorizon
ct_horizon_of_statement(void)
{
	Portal		portal = ActivePortal;
	Oid			extension = get_extension_oid("ct_ext", true);
	PlannedStmt *stmt;

	if (IsTransactionBlock() || IsolationUsesXactSnapshot() ||
		TransactionIdIsValid(GetTopTransactionIdIfAny()) ||
		!ThereAreNoReadyPortals())
		return CT_HORIZON_HELD;

	if (portal == NULL || portal->strategy != PORTAL_ONE_SELECT ||
		list_length(portal->stmts) != 1 || !horizon_has_snapshot_alone(portal))
		return CT_HORIZON_HELD;
	stmt = linitial_node(PlannedStmt, portal->stmts);
	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE ||
		stmt->subplans != NIL || stmt->rowMarks != NIL || stmt->relationOids != NIL)
		return CT_HORIZON_HELD;
	return horizon_plan_reads(stmt->planTree, &extension) ? CT_HORIZON_HELD : CT_HORIZON_GIVEN_UP;
}

void
ct_horizon_release(CtHorizon horizon)
{
	if (horizon == CT_HORIZON_HELD)
		return;

	/* where there is no other one, that is all */
	InvalidateCatalogSnapshot();
	if (horizon == CT_HORIZON_GIVEN_UP)
		MyProc->xmin = InvalidTransactionId;
}
