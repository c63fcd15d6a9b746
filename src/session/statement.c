/*
 * statement.c
 *		What a statement is: from its text and its variables to a plan.
 *
 * There are four kinds, told apart by the raw parse tree:
 *
 * - plannable ones become an SPI plan, with the variables as parameters whose
 *	 types the server deduces, as a client gets with the extended protocol;
 * - BEGIN, COMMIT and ROLLBACK without options;
 * - everything else is a utility, in whose text variables are constants;
 * - as is a plannable one that makes no sense with parameters.
 *
 * Where a name must stand, a variable is a name, and put into the text before
 * all that; see place.h.  Nowhere else is a value's text anything but a value:
 * it may come from a table and isn't the script's to be executed.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "src/base/near_match.h"
#include "src/session/literal.h"
#include "src/session/place.h"
#include "src/session/statement.h"

/* ---- errors ---- */

/* Within ereport(): the place in the statement, in bytes. */
static int
statement_set_place(const CtSql *sql, int offset)
{
	internalerrquery(sql->text);
	if (offset >= 0)
		internalerrposition(pg_mbstrlen_with_len(sql->text, offset) + 1);
	return 0;
}

/* For a variable that has no value, by the number of its place. */
static void
statement_raise_unset(const CtStatement *statement, const CtVariables *vars, int i)
{
	const CtVarRef *ref = &statement->sql->refs[i];
	const char *name = ct_symbols_name(statement->symbols, ref->slot);
	List	   *names = NIL;
	const char *near;
	int			slot;

	for (slot = 0; slot < ct_symbols_count(statement->symbols); slot++)
		if (ct_variables_get(vars, slot)->type != CT_VALUE_UNSET)
			names = lappend(names, unconstify(char *, ct_symbols_name(statement->symbols, slot)));
	near = ct_near_match(name, names);
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 errmsg("variable \"%s\" is not set", name),
			 statement_set_place(statement->sql, ref->offset),
			 near ? errhint("Perhaps you meant \"%s\".", near) :
			 errhint("Variables are set by \\set, \\gset and \\aset, and by parameters (params).")));
}

static void
statement_raise_unset_slot(const CtStatement *statement, const CtVariables *vars, int slot)
{
	int			i;

	for (i = 0; i < statement->sql->nrefs; i++)
		if (statement->sql->refs[i].slot == slot)
			statement_raise_unset(statement, vars, i);
}

/* ---- texts ---- */

/*
 * The statement's text with its variables in it: those that can be parameters
 * as $1, $2 ... or, literally, as constants.
 */
static char *
statement_make_text(const CtStatement *statement, const CtVariables *vars, bool literally)
{
	const CtSql *sql = statement->sql;
	StringInfoData buf;
	int			from = 0;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];
		const CtValue *value;

		if (statement->places[i] & (CT_PLACE_UNSET | CT_PLACE_NONE))
			continue;
		appendBinaryStringInfo(&buf, sql->text + from, ref->offset - from);
		from = ref->offset + ref->length;
		value = ct_variables_get(vars, ref->slot);
		if (!literally && statement->param[i] >= 0)
			appendStringInfo(&buf, "$%d", statement->param[i] + 1);
		else if (value->type == CT_VALUE_UNSET)
			statement_raise_unset(statement, vars, i);
		else
			ct_literal_append(&buf, ref, statement->places[i],
							  ct_symbols_name(statement->symbols, ref->slot), value);
	}
	appendStringInfoString(&buf, sql->text + from);
	return buf.data;
}

char *
ct_statement_text(const CtStatement *statement, const CtVariables *vars)
{
	return statement_make_text(statement, vars, true);
}

/* ---- kinds ---- */

/* Is it a statement that has a plan, which SPI can keep? */
static bool
statement_is_plannable(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_InsertStmt:
		case T_DeleteStmt:
		case T_UpdateStmt:
		case T_MergeStmt:
			return true;
		case T_SelectStmt:
			/* SELECT INTO is a utility in disguise */
			{
				SelectStmt *select = (SelectStmt *) stmt;

				while (select->op != SETOP_NONE)
					select = select->larg;
				return select->intoClause == NULL;
			}
		default:
			return false;
	}
}

/* Of a utility: one of the three that have a short cut? */
static CtStatementKind
statement_transaction_kind(Node *stmt)
{
	TransactionStmt *transaction = (TransactionStmt *) stmt;

	if (!IsA(stmt, TransactionStmt))
		return CT_STATEMENT_UTILITY;
	switch (transaction->kind)
	{
		case TRANS_STMT_BEGIN:
		case TRANS_STMT_START:
			return transaction->options == NIL ? CT_STATEMENT_BEGIN : CT_STATEMENT_UTILITY;
		case TRANS_STMT_COMMIT:
			return transaction->chain ? CT_STATEMENT_UTILITY : CT_STATEMENT_COMMIT;
		case TRANS_STMT_ROLLBACK:
			return transaction->chain ? CT_STATEMENT_UTILITY : CT_STATEMENT_ROLLBACK;
		default:
			return CT_STATEMENT_UTILITY;
	}
}

/* ---- plans ---- */

/* Finds or makes the plan for the values; false if there is none. */
static bool
statement_choose_plan(CtStatement *statement, const CtVariables *vars)
{
	CtTyped    *typed = NULL;
	CtPrepared *prepared;
	char	   *text = NULL;
	int			i;

	if (statement->has_names || statement->nall == 0)
		text = statement_make_text(statement, vars, false);
	for (i = 0; i < statement->nall && typed == NULL; i++)
		if (text == NULL || strcmp(statement->all[i]->text, text) == 0)
			typed = statement->all[i];

	if (typed != NULL)
		prepared = ct_typed_prepare(typed, statement->slots, vars);
	else
	{
		typed = ct_typed_create(text, statement->nparams);
		prepared = ct_typed_prepare(typed, statement->slots, vars);
		if (prepared != NULL)
		{
			int			place = statement->nall;

			if (place < CT_MAX_PREPARED)
				statement->nall++;
			else
			{
				place = statement->oldest;
				statement->oldest = (place + 1) % CT_MAX_PREPARED;
				ct_typed_free(statement->all[place]);
			}
			MemoryContextSetParent(typed->context, statement->context);
			statement->all[place] = typed;
		}
	}
	if (prepared == NULL)
		return false;
	statement->typed = typed;
	statement->prepared = prepared;
	statement->look_again = statement->has_unset || statement->has_names || typed->varies;
	return true;
}

/* ---- the first look ---- */

static bool
statement_is_set(void *arg, int slot)
{
	const CtVariables *vars = arg;

	return ct_variables_get(vars, slot)->type != CT_VALUE_UNSET;
}

/* Which variables are parameters, and of what number; the same variable is the same one. */
static void
statement_number_params(CtStatement *statement)
{
	const CtSql *sql = statement->sql;
	int		   *numbers = palloc0(Max(ct_symbols_count(statement->symbols), 1) * sizeof(int));
	int			i;

	statement->nparams = 0;
	statement->has_names = false;
	for (i = 0; i < sql->nrefs; i++)
	{
		int			slot = sql->refs[i].slot;

		statement->param[i] = -1;
		if (statement->places[i] == CT_PLACE_PARAMETER)
		{
			if (numbers[slot] == 0)
			{
				statement->slots[statement->nparams++] = slot;
				numbers[slot] = statement->nparams;
			}
			statement->param[i] = numbers[slot] - 1;
		}
		else if (!(statement->places[i] & (CT_PLACE_UNSET | CT_PLACE_NONE)))
			statement->has_names = true;
	}
	pfree(numbers);
}

/* What the variables are, and the raw parse trees; raises if it is no SQL. */
static List *
statement_find_places(CtStatement *statement, const CtVariables *vars)
{
	const CtSql *sql = statement->sql;
	CtPlaceProblem problem;
	List	   *trees;

	if (sql->nrefs == 0)
		return raw_parser(sql->text, RAW_PARSE_DEFAULT);
	if (!ct_places_find(sql, statement_is_set, unconstify(CtVariables *, vars), statement->places,
						&trees, &problem))
	{
		if (problem.unset >= 0)
			statement_raise_unset(statement, vars, problem.unset);
		ereport(ERROR,
				(errcode(problem.sqlstate),
				 errmsg_internal("%s", problem.message),
				 problem.detail ? errdetail_internal("%s", problem.detail) : 0,
				 problem.hint ? errhint("%s", problem.hint) : 0,
				 statement_set_place(sql, problem.offset)));
	}
	return trees;
}

/* Finds out what kind of statement it is; in a transaction. */
static CtStatementKind
statement_first_look(CtStatement *statement, const CtVariables *vars)
{
	List	   *raw = statement_find_places(statement, vars);
	bool		quoted = false;
	Node	   *stmt;
	int			i;

	statement->has_unset = false;
	for (i = 0; i < statement->sql->nrefs; i++)
	{
		quoted |= statement->places[i] == CT_PLACE_QUOTED;
		statement->has_unset |= statement->places[i] == CT_PLACE_UNSET;
	}
	statement->look_again = statement->has_unset;
	statement_number_params(statement);
	if (raw == NIL)
		return statement->kind = CT_STATEMENT_EMPTY;

	stmt = linitial_node(RawStmt, raw)->stmt;
	if (list_length(raw) > 1)
		return statement->kind = CT_STATEMENT_TEXT;
	if (statement_is_plannable(stmt))
	{
		/* or they would be taken for ours */
		if (statement->nparams > 0 && statement->sql->has_params)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("parameters cannot be used in a statement of a script"),
					 errhint("Use variables, as :name.")));
		if (quoted)
			return statement->kind = CT_STATEMENT_TEXT;
		if (!statement_choose_plan(statement, vars))
			return CT_STATEMENT_TEXT;
		return statement->kind = CT_STATEMENT_PLAN;
	}
	if (statement->nparams > 0 || statement->has_names)
		return statement->kind = CT_STATEMENT_TEXT;
	return statement->kind = statement_transaction_kind(stmt);
}

void
ct_statement_forget(CtStatement *statement)
{
	while (statement->nall > 0)
		ct_typed_free(statement->all[--statement->nall]);
	statement->oldest = 0;
	statement->look_again = false;
	statement->prepared = NULL;
	statement->kind = CT_STATEMENT_NEW;
}

/* The values may make something else of it than the last time. */
static CtStatementKind
statement_look_again(CtStatement *statement, const CtVariables *vars)
{
	int			i;

	for (i = 0; statement->has_unset && i < statement->sql->nrefs; i++)
	{
		if (statement->places[i] == CT_PLACE_UNSET &&
			statement_is_set(unconstify(CtVariables *, vars), statement->sql->refs[i].slot))
		{
			ct_statement_forget(statement);
			return statement_first_look(statement, vars);
		}
	}
	if (statement->kind == CT_STATEMENT_PLAN && !statement_choose_plan(statement, vars))
		return CT_STATEMENT_TEXT;
	return statement->kind;
}

/* ---- binding ---- */

/* A value by its text; false, with nothing done, if another plan fits better. */
static bool
statement_bind_text(CtStatement *statement, int i, const CtValue *value)
{
	CtPrepared *prepared = statement->prepared;

	if (unlikely(!statement->typed->varies && !ct_typed_fits(statement->typed, i, value)))
		return false;

	/* a domain's constraints are looked at by an active snapshot */
	PushActiveSnapshot(GetTransactionSnapshot());
	prepared->params->params[i].value =
		OidInputFunctionCall(prepared->typinput[i],
							 unconstify(char *, ct_value_to_cstring(value)),
							 prepared->typioparam[i], -1);
	PopActiveSnapshot();
	return true;
}

/* Variables' values into the plan's parameters; numbers without a detour by text. */
void
ct_statement_bind(CtStatement *statement, const CtVariables *vars)
{
	int			i;

	for (i = 0; i < statement->nparams; i++)
	{
		ParamExternData *param = &statement->prepared->params->params[i];
		const CtValue *value = ct_variables_get(vars, statement->slots[i]);

		param->isnull = false;
		switch (value->type)
		{
			case CT_VALUE_UNSET:	/* a retry begins without what the first try had set */
				statement_raise_unset_slot(statement, vars, statement->slots[i]);
				break;
			case CT_VALUE_NULL:
				param->isnull = true;
				param->value = (Datum) 0;
				continue;
			case CT_VALUE_INT:
				if (param->ptype == INT8OID)
				{
					param->value = Int64GetDatum(value->u.i);
					continue;
				}
				if (param->ptype == INT4OID && value->u.i >= PG_INT32_MIN && value->u.i <= PG_INT32_MAX)
				{
					param->value = Int32GetDatum((int32) value->u.i);
					continue;
				}
				break;
			case CT_VALUE_DOUBLE:
				if (param->ptype == FLOAT8OID)
				{
					param->value = Float8GetDatum(value->u.d);
					continue;
				}
				break;
			case CT_VALUE_BOOL:
				if (param->ptype == BOOLOID)
				{
					param->value = BoolGetDatum(value->u.b);
					continue;
				}
				break;
			case CT_VALUE_TEXT:
				break;
		}
		if (unlikely(!statement_bind_text(statement, i, value)))
		{
			/* from now on the values tell; all of them anew, if that can be done */
			statement->typed->varies = true;
			(void) statement_choose_plan(statement, vars);
			i = -1;
		}
	}
}

CtStatement *
ct_statement_create(MemoryContext context, const CtSql *sql, const CtSymbols *symbols)
{
	CtStatement *statement = MemoryContextAllocZero(context, sizeof(CtStatement));
	Size		size = Max(sql->nrefs, 1) * sizeof(int);

	statement->kind = CT_STATEMENT_NEW;
	statement->context = context;
	statement->sql = sql;
	statement->symbols = symbols;
	statement->reported_len = Min(strlen(sql->text), pgstat_track_activity_query_size - 1);
	statement->places = MemoryContextAlloc(context, size);
	statement->param = MemoryContextAlloc(context, size);
	statement->slots = MemoryContextAlloc(context, size);
	return statement;
}

CtStatementKind
ct_statement_look(CtStatement *statement, const CtVariables *vars)
{
	if (unlikely(statement->kind == CT_STATEMENT_NEW))
		return statement_first_look(statement, vars);
	if (unlikely(statement->look_again))
		return statement_look_again(statement, vars);
	return statement->kind;
}
