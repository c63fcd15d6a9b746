/*
 * statement.c
 *		What a statement is: from its text and its variables to a plan.
 *
 * There are four kinds, told apart by the raw parse tree:
 *
 * - plannable ones become an SPI plan, with the variables as parameters whose
 *	 types the server deduces, as a client gets with the extended protocol;
 * - BEGIN, COMMIT and ROLLBACK without options;
 * - everything else is a utility;
 * - where variables cannot be parameters (in utilities, or as a table's name)
 *	 they are put into the text, as pgbench's simple protocol does.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "src/session/statement.h"

/*
 * The statement's text with its variables as $1, $2 ...: the same variable is
 * the same parameter.  A variable without a value stays as it was written,
 * like in pgbench, for what looks like a variable may be none (a[1:n]).
 */
static char *
parameterized_text(CtStatement *statement, const CtVariables *vars, int *nparams, bool *unset)
{
	const CtSql *sql = statement->sql;
	StringInfoData buf;
	int			from = 0;
	int			i;

	initStringInfo(&buf);
	*nparams = 0;
	*unset = false;
	for (i = 0; i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];
		int			param;

		if (ct_variables_get(vars, ref->slot)->type == CT_VALUE_UNSET)
		{
			*unset = true;
			continue;
		}
		for (param = 0; param < *nparams; param++)
			if (statement->slots[param] == ref->slot)
				break;
		if (param == *nparams)
			statement->slots[(*nparams)++] = ref->slot;
		appendBinaryStringInfo(&buf, sql->text + from, ref->offset - from);
		appendStringInfo(&buf, "$%d", param + 1);
		from = ref->offset + ref->length;
	}
	appendStringInfoString(&buf, sql->text + from);
	return buf.data;
}

/*
 * Can it stand in SQL as it is: as a number, or as a name or a keyword, which
 * is what variables outside of parameters' places are for?
 */
static bool
stands_bare(const char *text)
{
	const char *p;
	char	   *end;
	bool		begins = true;	/* a part of a qualified name */

	if (isdigit((unsigned char) *text) || *text == '-' || *text == '+' || *text == '.')
	{
		(void) strtod(text, &end);
		return end != text && *end == '\0' && strpbrk(text, "xXnN") == NULL;
	}
	for (p = text; *p != '\0'; p++)
	{
		/* a dollar there would begin a quote */
		if (begins ? !isalpha((unsigned char) *p) && *p != '_' && !IS_HIGHBIT_SET(*p) :
			!isalnum((unsigned char) *p) && *p != '_' && *p != '$' && *p != '.' &&
			!IS_HIGHBIT_SET(*p))
			return false;
		begins = *p == '.';
	}
	return !begins;
}

/*
 * The statement's text with its variables' values in it.  Numbers and names go
 * in bare; any other text is quoted, since it may come from a table and isn't
 * the script's to be executed.
 */
char *
ct_statement_text(const CtStatement *statement, const CtVariables *vars)
{
	const CtSql *sql = statement->sql;
	StringInfoData buf;
	int			from = 0;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < sql->nrefs; i++)
	{
		const CtVarRef *ref = &sql->refs[i];
		const CtValue *value = ct_variables_get(vars, ref->slot);

		if (value->type == CT_VALUE_UNSET)
			continue;
		appendBinaryStringInfo(&buf, sql->text + from, ref->offset - from);
		if (value->type == CT_VALUE_NULL)
			appendStringInfoString(&buf, "NULL");
		else
		{
			const char *string = ct_value_to_cstring(value);

			/* after another one, a minus would begin a comment */
			if (*string == '-' && buf.len > 0 && buf.data[buf.len - 1] == '-')
				appendStringInfoChar(&buf, ' ');
			appendStringInfoString(&buf, value->type != CT_VALUE_TEXT || stands_bare(string) ?
								   string : quote_literal_cstr(string));
		}
		from = ref->offset + ref->length;
	}
	appendStringInfoString(&buf, sql->text + from);
	return buf.data;
}

/* Parses, or returns false where the text is no SQL; needs no transaction. */
static bool
try_raw_parse(const char *text, List **result)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool ok = true;

	/* the raw parser looks at nothing and holds nothing but memory */
	PG_TRY();
	{
		*result = raw_parser(text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (geterrcode() != ERRCODE_SYNTAX_ERROR)
			PG_RE_THROW();
		FlushErrorState();
		ok = false;
	}
	PG_END_TRY();
	return ok;
}

/* Is it a statement that has a plan, which SPI can keep? */
static bool
is_plannable(Node *stmt)
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
transaction_kind(Node *stmt)
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

/*
 * Is the value a number, such as a literal would be?  Not what would lose by
 * becoming one: leading zeros, the sign of a zero.  NULL is whatever it is
 * beside.
 */
static bool
is_number(const CtValue *value)
{
	const char *text;
	const char *p;
	bool		zero = true;

	if (value->type == CT_VALUE_INT || value->type == CT_VALUE_NULL)
		return true;
	if (value->type != CT_VALUE_DOUBLE && value->type != CT_VALUE_TEXT)
		return false;
	text = ct_value_to_cstring(value);
	p = text;
	if (*p == '-')
		p++;
	if (!isdigit((unsigned char) *p) || (p[0] == '0' && isdigit((unsigned char) p[1])))
		return false;
	for (; isdigit((unsigned char) *p); p++)
		zero &= *p == '0';
	if (*p == '.')
	{
		if (!isdigit((unsigned char) *++p))
			return false;
		for (; isdigit((unsigned char) *p); p++)
			zero &= *p == '0';
	}
	if (zero && *text == '-')
		return false;
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (*p == '-' || *p == '+')
			p++;
		if (!isdigit((unsigned char) *p) || strlen(p) > 3)
			return false;
		while (isdigit((unsigned char) *p))
			p++;
	}
	return *p == '\0' && p - text < 1000;
}

/* Of the parameters that only their values tell about, which are numbers now? */
static uint64
numbers_now(const CtStatement *statement, const CtVariables *vars)
{
	uint64		numbers = 0;
	int			i;

	for (i = 0; i < statement->nparams; i++)
		if (statement->untold & (UINT64CONST(1) << i) &&
			is_number(ct_variables_get(vars, statement->slots[i])))
			numbers |= UINT64CONST(1) << i;
	return numbers;
}

/*
 * Analyzes a statement, and completes the types of its parameters, InvalidOid
 * where they are to be deduced.  Returns false, with the error forgotten, if
 * it makes no sense like that.
 */
static bool
try_analyze(RawStmt *raw, const char *text, Oid *types, int nparams)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Oid		   *found = palloc(nparams * sizeof(Oid));
	volatile bool ok = true;

	memcpy(found, types, nparams * sizeof(Oid));
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		int			n = nparams;
		int			i;

		PushActiveSnapshot(GetTransactionSnapshot());
		(void) parse_analyze_varparams(copyObject(raw), text, &found, &n, NULL);
		PopActiveSnapshot();
		for (i = 0; i < nparams; i++)
			types[i] = i >= n || found[i] == InvalidOid || found[i] == UNKNOWNOID ? TEXTOID : found[i];
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			category = ERRCODE_TO_CATEGORY(geterrcode());

		/* only what analysis says of the text is ours to try otherwise */
		if (category != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			category != ERRCODE_DATA_EXCEPTION)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		ok = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return ok;
}

/*
 * Makes numbers of those text parameters that are asked for, and of what they
 * stand beside, if the statement makes sense like that.  What they stand
 * beside must be numbers, too; if not, types are as before.
 */
static bool
try_numbers(RawStmt *raw, const char *text, Oid *types, int nparams, uint64 numbers, uint64 asked)
{
	Oid		   *tried = palloc0(nparams * sizeof(Oid));
	int			i;

	for (i = 0; i < nparams; i++)
		if ((numbers & (UINT64CONST(1) << i)) != 0 &&
			(types[i] == NUMERICOID || (asked & (UINT64CONST(1) << i)) != 0))
			tried[i] = NUMERICOID;
	if (!try_analyze(raw, text, tried, nparams))
		return false;
	for (i = 0; i < nparams; i++)
		if (types[i] != tried[i] && (numbers & (UINT64CONST(1) << i)) == 0)
			return false;
	memcpy(types, tried, nparams * sizeof(Oid));
	return true;
}

/*
 * The parameters' types, as the server deduces them from where they stand.
 * Where nothing else tells, as in ":a > :b", that is text, by which 1000 is
 * less than 600.  So where a parameter is text, its value a number, and the
 * statement makes sense with that as well, it is a number, as the literal
 * would be.  Which ones are is for the values to tell, at each execution: for
 * each such set of parameters there is a plan of its own.
 */
static void
deduce_types(RawStmt *raw, const char *text, Oid *types, int nparams, uint64 numbers)
{
	int			i;

	if (numbers == 0 || try_numbers(raw, text, types, nparams, numbers, numbers))
		return;
	for (i = 0; i < nparams; i++)
		if ((numbers & (UINT64CONST(1) << i)) != 0 && types[i] == TEXTOID)
			(void) try_numbers(raw, text, types, nparams, numbers, UINT64CONST(1) << i);
}

/* Prepares the plan for parameters of these types; keeps it for such numbers. */
static CtPrepared *
prepare(CtStatement *statement, const char *text, Oid *types, uint64 numbers)
{
	MemoryContext context = CurrentMemoryContext;
	int			nparams = statement->nparams;
	CtPrepared *prepared;
	SPIPlanPtr	plan;
	int			i;

	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_cursor(text, nparams, types, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	SPI_finish();
	PopActiveSnapshot();

	MemoryContextSwitchTo(statement->context);
	prepared = palloc0(sizeof(CtPrepared));
	prepared->numbers = numbers;
	prepared->plan = plan;
	prepared->source = linitial(SPI_plan_get_plan_sources(plan));
	if (nparams > 0)
	{
		prepared->params = makeParamList(nparams);
		prepared->typinput = palloc(nparams * sizeof(Oid));
		prepared->typioparam = palloc(nparams * sizeof(Oid));
		for (i = 0; i < nparams; i++)
		{
			prepared->params->params[i].ptype = types[i];
			prepared->params->params[i].pflags = PARAM_FLAG_CONST;
			getTypeInputInfo(types[i], &prepared->typinput[i], &prepared->typioparam[i]);
		}
	}
	statement->all[statement->nall++] = prepared;
	MemoryContextSwitchTo(context);
	return prepared;
}

/*
 * Prepares the plan for the present values.  Returns false where the statement
 * makes no sense with parameters in the variables' places: it may still make
 * sense with the values there.
 */
static bool
try_prepare_plan(CtStatement *statement, RawStmt *raw,
				 const char *text, const CtVariables *vars)
{
	int			nparams = statement->nparams;
	Oid		   *types = palloc0(Max(nparams, 1) * sizeof(Oid));
	uint64		numbers = 0;
	int			i;

	/* without variables an error is the script's, and there is nothing to fall back to */
	if (nparams > 0)
	{
		if (!try_analyze(raw, text, types, nparams))
			return false;
		for (i = 0; i < Min(nparams, 64); i++)
			if (types[i] == TEXTOID)
				statement->untold |= UINT64CONST(1) << i;
		numbers = numbers_now(statement, vars);
		deduce_types(raw, text, types, nparams, numbers);
	}
	statement->prepared = prepare(statement, text, types, numbers);
	return true;
}

/* Another set of the values are numbers now: finds the plan for them, or makes it. */
static void
choose_prepared(CtStatement *statement, const CtVariables *vars, uint64 numbers)
{
	char	   *text;
	Oid		   *types;
	int			nparams;
	bool		unset;
	int			i;

	for (;;)
	{
		for (i = 0; i < statement->nall; i++)
		{
			if (statement->all[i]->numbers == numbers)
			{
				statement->prepared = statement->all[i];
				return;
			}
		}
		/* the last place is for the plan that knows no numbers */
		if (numbers == 0 || statement->nall < CT_MAX_PREPARED - 1)
			break;
		numbers = 0;
	}
	text = parameterized_text(statement, vars, &nparams, &unset);
	types = palloc0(nparams * sizeof(Oid));
	if (unset || nparams != statement->nparams ||
		!try_analyze(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)), text, types, nparams))
		elog(ERROR, "statement has changed");
	deduce_types(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)), text, types, nparams, numbers);
	statement->prepared = prepare(statement, text, types, numbers);
}

/* Finds out what kind of statement it is; in a transaction. */
static void
first_look(CtStatement *statement, const CtVariables *vars)
{
	List	   *raw;
	char	   *text;
	int			nparams;
	bool		unset;
	Node	   *stmt;

	text = parameterized_text(statement, vars, &nparams, &unset);
	if (unset)
	{
		/* which places are variables may be another answer next time */
		statement->kind = CT_STATEMENT_TEXT;
		return;
	}
	statement->nparams = nparams;
	if (nparams == 0)
		raw = raw_parser(text, RAW_PARSE_DEFAULT);
	else if (!try_raw_parse(text, &raw))
	{
		statement->kind = CT_STATEMENT_TEXT;
		return;
	}
	if (raw == NIL)
	{
		statement->kind = CT_STATEMENT_EMPTY;
		return;
	}

	stmt = linitial_node(RawStmt, raw)->stmt;
	if (list_length(raw) > 1)
		statement->kind = CT_STATEMENT_TEXT;
	else if (is_plannable(stmt))
		statement->kind =
			try_prepare_plan(statement, linitial_node(RawStmt, raw), text, vars) ?
			CT_STATEMENT_PLAN : CT_STATEMENT_TEXT;
	else
	{
		statement->kind = transaction_kind(stmt);
		if (statement->kind == CT_STATEMENT_UTILITY && nparams > 0)
			statement->kind = CT_STATEMENT_TEXT;
	}
}

/* Variables' values into the plan's parameters; numbers without a detour by text. */
void
ct_statement_bind(CtStatement *statement, const CtVariables *vars)
{
	int			i;

	for (i = 0; i < statement->prepared->params->numParams; i++)
	{
		ParamExternData *param = &statement->prepared->params->params[i];
		const CtValue *value = ct_variables_get(vars, statement->slots[i]);

		param->isnull = false;
		switch (value->type)
		{
			case CT_VALUE_UNSET:	/* it was set when we prepared, so never again */
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
		/* a domain's constraints are looked at by an active snapshot */
		PushActiveSnapshot(GetTransactionSnapshot());
		param->value = OidInputFunctionCall(statement->prepared->typinput[i],
											unconstify(char *, ct_value_to_cstring(value)),
											statement->prepared->typioparam[i], -1);
		PopActiveSnapshot();
	}
}

CtStatement *
ct_statement_create(MemoryContext context, const CtSql *sql, const CtSymbols *symbols)
{
	CtStatement *statement = MemoryContextAllocZero(context, sizeof(CtStatement));

	statement->kind = CT_STATEMENT_NEW;
	statement->context = context;
	statement->sql = sql;
	statement->symbols = symbols;
	statement->reported_len = Min(strlen(sql->text), pgstat_track_activity_query_size - 1);
	statement->slots = MemoryContextAlloc(context, Max(sql->nrefs, 1) * sizeof(int));
	return statement;
}

void
ct_statement_forget(CtStatement *statement)
{
	statement->kind = CT_STATEMENT_NEW;
	statement->nparams = 0;
	statement->untold = 0;
	statement->prepared = NULL;
	statement->nall = 0;
}

void
ct_statement_look(CtStatement *statement, const CtVariables *vars)
{
	if (unlikely(statement->kind == CT_STATEMENT_NEW))
		first_look(statement, vars);
	else if (unlikely(statement->untold != 0))
	{
		uint64		numbers = numbers_now(statement, vars);

		if (numbers != statement->prepared->numbers)
			choose_prepared(statement, vars, numbers);
	}
}
