/*
 * clone_statement.c
 *		Statements that make clones: parsed, led to the sandbox, executed.
 *
 * Definitions are read, and read again, with an empty search_path, so that
 * every name but the server's own comes with its schema, and means one thing.
 * What leads to the user's relations is then found in the parsed statement:
 * tables of foreign keys and subqueries, and regclass constants, as a serial
 * column's default has one.  Functions and types stay the user's.
 *
 * They are executed as parts of a statement, for which no event trigger fires:
 * these are the user's, and would be executed on what is the user's.  That the
 * role is the original's owner, in a restricted context, is as with REINDEX:
 * what an index's expression calls is the owner's doing, not the run's.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "parser/parser.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#include "bgworker/explore/clone.h"
#include "src/base/ct_compat.h"

static void
statement_redirect(CtCloning *cloning, RangeVar *name)
{
	Oid			relid;

	if (name == NULL || name->schemaname == NULL)
		return;
	relid = RangeVarGetRelid(name, NoLock, true);
	if (OidIsValid(relid) && ct_clone_need(cloning, relid))
		name->schemaname = pstrdup(cloning->schema);
}

static bool
statement_is_regclass(const TypeCast *cast)
{
	return IsA(cast->arg, A_Const) && IsA(&((A_Const *) cast->arg)->val, String) &&
		cast->typeName->names != NIL &&
		strcmp(strVal(llast(cast->typeName->names)), "regclass") == 0;
}

static void
statement_redirect_regclass(CtCloning *cloning, A_Const *constant)
{
	RangeVar   *name = makeRangeVarFromNameList(ct_qualified_names(strVal(&constant->val)));
	const char *schema = name->schemaname;

	statement_redirect(cloning, name);
	if (name->schemaname != schema)
		constant->val.sval.sval = quote_qualified_identifier(name->schemaname, name->relname);
}

static bool
statement_walker(Node *node, CtCloning *cloning)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
		statement_redirect(cloning, (RangeVar *) node);
	else if (IsA(node, TypeCast) && statement_is_regclass((TypeCast *) node))
		statement_redirect_regclass(cloning, (A_Const *) ((TypeCast *) node)->arg);
	return raw_expression_tree_walker(node, statement_walker, cloning);
}

static void
statement_constraint(CtCloning *cloning, Constraint *constraint)
{
	ListCell   *lc;

	(void) statement_walker(constraint->raw_expr, cloning);
	(void) statement_walker(constraint->where_clause, cloning);
	statement_redirect(cloning, constraint->pktable);
	foreach(lc, constraint->exclusions)
		(void) statement_walker(linitial(lfirst_node(List, lc)), cloning);
}

static void
statement_table_elements(CtCloning *cloning, List *elements)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, elements)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, Constraint))
			statement_constraint(cloning, (Constraint *) element);
		else if (IsA(element, ColumnDef))
			foreach(lc2, ((ColumnDef *) element)->constraints)
				statement_constraint(cloning, lfirst_node(Constraint, lc2));
	}
}

static void
statement_commands(CtCloning *cloning, List *commands)
{
	ListCell   *lc;

	foreach(lc, commands)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (command->def != NULL && IsA(command->def, Constraint))
			statement_constraint(cloning, (Constraint *) command->def);
	}
}

/* All that there is in the statements that we make. */
static void
statement_redirect_all(CtCloning *cloning, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateStmt:
			statement_table_elements(cloning, ((CreateStmt *) stmt)->tableElts);
			break;
		case T_AlterTableStmt:
			statement_commands(cloning, ((AlterTableStmt *) stmt)->cmds);
			break;
		case T_IndexStmt:
			statement_redirect(cloning, ((IndexStmt *) stmt)->relation);
			(void) statement_walker((Node *) ((IndexStmt *) stmt)->indexParams, cloning);
			(void) statement_walker(((IndexStmt *) stmt)->whereClause, cloning);
			break;
		case T_CreateTrigStmt:
			statement_redirect(cloning, ((CreateTrigStmt *) stmt)->relation);
			statement_redirect(cloning, ((CreateTrigStmt *) stmt)->constrrel);
			(void) statement_walker(((CreateTrigStmt *) stmt)->whenClause, cloning);
			break;
		case T_CreatePolicyStmt:
			(void) statement_walker(((CreatePolicyStmt *) stmt)->qual, cloning);
			(void) statement_walker(((CreatePolicyStmt *) stmt)->with_check, cloning);
			break;
		default:
			break;
	}
}

Node *
ct_clone_parse(CtCloning *cloning, const char *sql)
{
	Node	   *stmt = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT))->stmt;

	statement_redirect_all(cloning, stmt);
	return stmt;
}

void
ct_clone_execute(CtCloning *cloning, Oid role, Node *stmt, const char *sql)
{
	PlannedStmt *wrapper = makeNode(PlannedStmt);
	Oid			save_userid;
	int			save_sec_context;

	wrapper->commandType = CMD_UTILITY;
	wrapper->utilityStmt = stmt;
	wrapper->stmt_location = -1;

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(role, save_sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	ProcessUtility(wrapper, sql, false, PROCESS_UTILITY_SUBCOMMAND, NULL, NULL, None_Receiver, NULL);
	SetUserIdAndSecContext(save_userid, save_sec_context);
	CommandCounterIncrement();
}

void
ct_clone_execute_text(CtCloning *cloning, Oid role, const char *sql)
{
	ct_clone_execute(cloning, role, ct_clone_parse(cloning, sql), sql);
}
