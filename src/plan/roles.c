/*
 * roles.c
 *		Which roles a run's scripts act as.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/value.h"
#include "parser/parser.h"

#include "src/plan/roles.h"

/* The role that a statement sets literally; NULL if it sets none. */
static const char *
roles_role_of(const CtSql *sql)
{
	List	   *trees;
	VariableSetStmt *set;
	A_Const    *value;

	if (sql->nrefs > 0 || pg_strncasecmp(sql->text, "set", 3) != 0)
		return NULL;
	trees = raw_parser(sql->text, RAW_PARSE_DEFAULT);
	if (list_length(trees) != 1 || !IsA(linitial_node(RawStmt, trees)->stmt, VariableSetStmt))
		return NULL;
	set = (VariableSetStmt *) linitial_node(RawStmt, trees)->stmt;
	if (set->kind != VAR_SET_VALUE || list_length(set->args) != 1 ||
		(strcmp(set->name, "role") != 0 && strcmp(set->name, "session_authorization") != 0))
		return NULL;
	value = linitial(set->args);
	return IsA(value, A_Const) && IsA(&value->val, String) ? strVal(&value->val) : NULL;
}

static List *
roles_add(List *roles, const char *name, const char *body, bool quoted)
{
	CtSymbols  *names = ct_symbols_create();
	CtScript   *script;
	ListCell   *lc;
	int			i;
	int			j;

	if (body == NULL)
		return roles;
	script = ct_script_parse(name, body, ct_symbols_create(), quoted);
	foreach(lc, roles)
		(void) ct_symbols_intern(names, lfirst(lc));
	for (i = 0; i < script->ncommands; i++)
	{
		for (j = 0; j < script->commands[i].nstatements; j++)
		{
			const char *role = roles_role_of(&script->commands[i].statements[j]);

			CHECK_FOR_INTERRUPTS();
			if (role == NULL || ct_symbols_find(names, role) >= 0)
				continue;
			(void) ct_symbols_intern(names, role);
			roles = lappend(roles, pstrdup(role));
		}
	}
	return roles;
}

List *
ct_plan_roles(const CtPlan *plan)
{
	List	   *roles = NIL;
	ListCell   *lc;

	roles = roles_add(roles, "setup", plan->setup, false);
	roles = roles_add(roles, "setup of the variant", plan->variant_setup, false);
	roles = roles_add(roles, "teardown", plan->teardown, false);
	foreach(lc, plan->scripts)
	{
		const CtPlanScript *script = lfirst(lc);

		roles = roles_add(roles, script->name, script->body, script->quoted);
	}
	return roles;
}
