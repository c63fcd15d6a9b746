/*
 * settable.c
 *		Which variables can have a value at all.
 */
#include "postgres.h"

#include "nodes/parsenodes.h"
#include "parser/parse_target.h"

#include "src/base/ct_compat.h"
#include "src/plan/settable.h"
#include "src/session/place.h"

struct CtSettable
{
	CtSymbols  *names;			/* as a set */
	CtSymbols  *prefixes;		/* the same */
};

CtSettable *
ct_settable_create(void)
{
	CtSettable *settable = palloc0(sizeof(CtSettable));

	settable->names = ct_symbols_create();
	settable->prefixes = ct_symbols_create();
	return settable;
}

void
ct_settable_add(CtSettable *settable, const char *name)
{
	(void) ct_symbols_intern(settable->names, name);
}

void
ct_settable_add_prefix(CtSettable *settable, const char *prefix)
{
	(void) ct_symbols_intern(settable->prefixes, prefix);
}

bool
ct_settable_has(const CtSettable *settable, const char *name)
{
	char		prefix[NAMEDATALEN];
	int			length;

	if (ct_symbols_find(settable->names, name) >= 0)
		return true;

	/* a prefix is as long as a name, at most */
	for (length = 0; ct_symbols_count(settable->prefixes) > 0; length++)
	{
		prefix[length] = '\0';
		if (ct_symbols_find(settable->prefixes, prefix) >= 0)
			return true;
		if (name[length] == '\0' || length == NAMEDATALEN - 1)
			break;
		prefix[length] = name[length];
	}
	return false;
}

List *
ct_settable_names(const CtSettable *settable)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < ct_symbols_count(settable->names); i++)
		names = lappend(names, unconstify(char *, ct_symbols_name(settable->names, i)));
	return names;
}

/* ---- columns of \gset ---- */

static bool
settable_maybe(void *arg, int slot)
{
	return true;
}

/* Does a target list's element stand for columns that aren't named here? */
static bool
settable_is_star(Node *node)
{
	List	   *names = NIL;

	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
		names = ((ColumnRef *) node)->fields;
	else if (IsA(node, A_Indirection))
		names = ((A_Indirection *) node)->indirection;
	return names != NIL && IsA(llast(names), A_Star);
}

/* The names of a statement's columns, List of char *; false if the text doesn't tell. */
static bool
settable_column_names(Node *stmt, List **names)
{
	List	   *targets = NIL;
	ListCell   *lc;

	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
			{
				SelectStmt *select = (SelectStmt *) stmt;
				int			i = 0;

				while (select->op != SETOP_NONE)
					select = select->larg;
				if (select->valuesLists != NIL)
				{
					foreach(lc, linitial_node(List, select->valuesLists))
						*names = lappend(*names, psprintf("column%d", ++i));
					return true;
				}
				targets = select->targetList;
				break;
			}
		case T_InsertStmt:
			targets = ct_returning_list((InsertStmt *) stmt);
			break;
		case T_UpdateStmt:
			targets = ct_returning_list((UpdateStmt *) stmt);
			break;
		case T_DeleteStmt:
			targets = ct_returning_list((DeleteStmt *) stmt);
			break;
		default:
			return false;
	}

	foreach(lc, targets)
	{
		ResTarget  *target = lfirst_node(ResTarget, lc);

		if (settable_is_star(target->val))
			return false;
		*names = lappend(*names, target->name ? target->name : FigureColname(target->val));
	}
	return true;
}

static void
settable_add_columns(CtSettable *settable, const CtSql *sql, const char *prefix)
{
	int		   *places = palloc(Max(sql->nrefs, 1) * sizeof(int));
	CtPlaceProblem problem;
	List	   *trees;
	List	   *names = NIL;
	bool		known;
	ListCell   *lc;
	int			i;

	/* what doesn't parse is told where it is validated */
	known = ct_places_find(sql, settable_maybe, NULL, places, &trees, &problem) &&
		trees != NIL && settable_column_names(linitial_node(RawStmt, trees)->stmt, &names);

	/* a name that is a variable's value can be any */
	for (i = 0; i < sql->nrefs; i++)
		if (places[i] & (CT_PLACE_NAME | CT_PLACE_GLUED | CT_PLACE_QUOTED))
			known = false;
	if (!known)
		ct_settable_add_prefix(settable, prefix);
	foreach(lc, names)
		ct_settable_add(settable, psprintf("%s%s", prefix, (char *) lfirst(lc)));
}

void
ct_settable_add_script(CtSettable *settable, const CtScript *script, const CtSymbols *symbols)
{
	int			i;
	int			j;

	for (i = 0; i < script->ncommands; i++)
	{
		const CtCommand *command = &script->commands[i];

		if (command->kind == CT_COMMAND_SET)
			ct_settable_add(settable, ct_symbols_name(symbols, command->slot));
		if (command->kind != CT_COMMAND_SQL || command->gather == CT_GATHER_NONE)
			continue;
		for (j = 0; j < command->nstatements; j++)
			if (command->gather == CT_GATHER_ASET || j == command->nstatements - 1)
				settable_add_columns(settable, &command->statements[j], command->prefix);
	}
}
