/*
 * warmup.c
 *		What can be done of a statement's execution ahead of time, in the process
 *		that will execute it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "src/session/statement.h"

/* How long warming up waits for a lock; whoever executes waits for it as long as it takes. */
#define WARM_UP_LOCK_TIMEOUT	"10ms"

/* Calls the validator of a user's function, which compiles it and keeps that. */
static bool
warmup_compile_function(Oid funcid, void *context)
{
	HeapTuple	tuple;
	Oid			language;
	Oid			validator;

	if (funcid < FirstNormalObjectId)
		return false;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(funcid));
	if (!HeapTupleIsValid(tuple))
		return false;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	ReleaseSysCache(tuple);
	if (language == ClanguageId || language == INTERNALlanguageId)
		return false;
	tuple = SearchSysCache1(LANGOID, ObjectIdGetDatum(language));
	if (!HeapTupleIsValid(tuple))
		return false;
	validator = ((Form_pg_language) GETSTRUCT(tuple))->lanvalidator;
	ReleaseSysCache(tuple);
	if (OidIsValid(validator))
		(void) OidFunctionCall1(validator, ObjectIdGetDatum(funcid));
	return false;
}

static bool
warmup_compile_functions(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, warmup_compile_functions, context, 0);
	(void) check_functions_in_node(node, warmup_compile_function, context);
	return expression_tree_walker(node, warmup_compile_functions, context);
}

/* Up to the point where the executor would begin to do something. */
static void
warmup_plan(CtStatement *statement, const CtVariables *vars)
{
	CachedPlan *plan;
	PlannedStmt *stmt;

	if (statement->prepared->params)
		ct_statement_bind(statement, vars);
	plan = GetCachedPlan(statement->prepared->source, statement->prepared->params,
						 CurrentResourceOwner, NULL);
	stmt = list_length(plan->stmt_list) == 1 ? linitial_node(PlannedStmt, plan->stmt_list) : NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
	if (stmt != NULL && stmt->utilityStmt == NULL)
		ExecutorStart(CreateQueryDesc(stmt, statement->prepared->source->query_string,
									  GetActiveSnapshot(), InvalidSnapshot, None_Receiver,
									  statement->prepared->params, NULL, 0),
					  EXEC_FLAG_SKIP_TRIGGERS);
	(void) warmup_compile_functions((Node *) statement->prepared->source->query_list, NULL);
}

void
ct_statement_warm_up(CtStatement *statement, const CtVariables *vars)
{
	MemoryContext oldcontext = CurrentMemoryContext;


	PG_TRY();
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		(void) set_config_option("lock_timeout", WARM_UP_LOCK_TIMEOUT, PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
		MemoryContextReset(MessageContext);
		MemoryContextSwitchTo(MessageContext);
		ct_statement_look(statement, vars);
		if (statement->kind == CT_STATEMENT_PLAN)
			warmup_plan(statement, vars);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		FlushErrorState();
	}
	PG_END_TRY();

	/* a table may be missing that the script makes, by which it isn't plannable yet */
	if (statement->kind != CT_STATEMENT_PLAN)
		ct_statement_forget(statement);

	/* whatever was opened is closed by this */
	AbortOutOfAnyTransaction();
	MemoryContextReset(MessageContext);
	MemoryContextSwitchTo(oldcontext);
}
