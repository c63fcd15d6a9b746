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
 * that back while a snapshot exists is safe if nobody will look through it
 * again.  That holds if the whole statement is calls of our functions, which
 * take new snapshots for whatever they read, and of immutable ones, which read
 * nothing, with no table in it; and if there is no other snapshot in the
 * backend: no transaction block (which may have exported one), no open cursor
 * or suspended portal, and not an isolation level above READ COMMITTED, whose
 * snapshot serves the whole transaction.  Else we don't, and say so.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "commands/extension.h"
#include "catalog/dependency.h"
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
reads_by_snapshot(Oid funcid, void *context)
{
	Oid			extension = *(Oid *) context;

	return func_volatile(funcid) != PROVOLATILE_IMMUTABLE &&
		getExtensionOfObject(ProcedureRelationId, funcid) != extension;
}

/*
 * Is there anything in an expression that might look at a table?  Only what is
 * known to be harmless isn't: a domain's constraint, say, is somebody's code.
 */
static bool
reader_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_RangeTblFunction:
		case T_Const:
		case T_Param:
		case T_Var:
		case T_RelabelType:
		case T_FieldSelect:
		case T_BoolExpr:
		case T_NullTest:
			break;
		case T_FuncExpr:
		case T_OpExpr:
			if (check_functions_in_node(node, reads_by_snapshot, context))
				return true;
			break;
		default:
			return true;
	}
	return expression_tree_walker(node, reader_walker, context);
}

/* Is a plan anything but such expressions and our functions? */
static bool
plan_reads(Plan *plan, void *context)
{
	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_Result:
			if (reader_walker(((Result *) plan)->resconstantqual, context))
				return true;
			break;
		case T_ProjectSet:
			break;
		case T_FunctionScan:
			if (reader_walker((Node *) ((FunctionScan *) plan)->functions, context))
				return true;
			break;
		default:
			return true;
	}
	return reader_walker((Node *) plan->targetlist, context) ||
		reader_walker((Node *) plan->qual, context) ||
		plan_reads(plan->lefttree, context) || plan_reads(plan->righttree, context);
}

bool
ct_horizon_may_release(void)
{
	Portal		portal = ActivePortal;
	Oid			extension = get_extension_oid("ct_ext", true);
	PlannedStmt *stmt;

	if (IsTransactionBlock() || IsolationUsesXactSnapshot() ||
		TransactionIdIsValid(GetTopTransactionIdIfAny()) ||
		!ThereAreNoReadyPortals())
		return false;

	if (portal == NULL || portal->strategy != PORTAL_ONE_SELECT ||
		list_length(portal->stmts) != 1)
		return false;
	stmt = linitial_node(PlannedStmt, portal->stmts);
	if (stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE ||
		stmt->subplans != NIL || stmt->rowMarks != NIL || stmt->relationOids != NIL)
		return false;
	return !plan_reads(stmt->planTree, &extension);
}

void
ct_horizon_release(void)
{
	InvalidateCatalogSnapshot();
	MyProc->xmin = InvalidTransactionId;
}
