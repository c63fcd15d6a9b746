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
 *
 * Types: the server deduces a parameter's type from where it stands.  The
 * value tells it where that can't be done (":a + :b"), where the value doesn't
 * fit (":d * 2" with 1.25), and where nothing else than text comes of it but
 * the value is a number (":a > :b", by which 1000 would be less than 600).
 * What the value tells is the type that the literal would have, or that the
 * column had which it comes from.  For each set of types that are told so
 * there is a plan of its own.
 */
#include "postgres.h"

#include <ctype.h>
#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "mb/pg_wchar.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "src/near_match.h"
#include "src/session/place.h"
#include "src/session/statement.h"

/* ---- what a value looks like ---- */

/* Can it stand where a name must, as it is: a qualified one, or one that is no reserved word? */
static bool
is_name(const char *text)
{
	const char *p;
	bool		begins = true;	/* a part of a qualified name */
	int			keyword;

	for (p = text; *p != '\0'; p++)
	{
		/* a dollar there would begin a quote */
		if (begins ? !isalpha((unsigned char) *p) && *p != '_' && !IS_HIGHBIT_SET(*p) :
			!isalnum((unsigned char) *p) && *p != '_' && *p != '$' && *p != '.' &&
			!IS_HIGHBIT_SET(*p))
			return false;
		begins = *p == '.';
	}
	if (begins)
		return false;
	keyword = ScanKeywordLookup(text, &ScanKeywords);
	return keyword < 0 || ScanKeywordCategories[keyword] == UNRESERVED_KEYWORD ||
		ScanKeywordCategories[keyword] == COL_NAME_KEYWORD;
}

/* Can it be a part of a name, or of a number, and nothing but that? */
static bool
is_word(const char *text, bool digits_only)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if (!isdigit((unsigned char) *p) &&
			(digits_only || (!isalpha((unsigned char) *p) && *p != '_' && !IS_HIGHBIT_SET(*p))))
			return false;
	return p > text;
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

/* ---- errors ---- */

/* Within ereport(): the place in the statement, in bytes. */
static int
set_place(const CtSql *sql, int offset)
{
	internalerrquery(sql->text);
	if (offset >= 0)
		internalerrposition(pg_mbstrlen_with_len(sql->text, offset) + 1);
	return 0;
}

/* For a variable that has no value, by the number of its place. */
static void
raise_unset(const CtStatement *statement, const CtVariables *vars, int i)
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
			 set_place(statement->sql, ref->offset),
			 near ? errhint("Perhaps you meant \"%s\".", near) :
			 errhint("Variables are set by \\set, \\gset and \\aset, and by parameters (params).")));
}

static void
raise_unset_slot(const CtStatement *statement, const CtVariables *vars, int slot)
{
	int			i;

	for (i = 0; i < statement->sql->nrefs; i++)
		if (statement->sql->refs[i].slot == slot)
			raise_unset(statement, vars, i);
}

static void
raise_value(const CtStatement *statement, int i, const char *value, const char *where)
{
	const CtVarRef *ref = &statement->sql->refs[i];

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_NAME),
			 errmsg("value of variable \"%s\" cannot stand %s",
					ct_symbols_name(statement->symbols, ref->slot), where),
			 errdetail("The value is \"%s\".", value)));
}

/* ---- texts ---- */

/* Within quotes: what would end them, or be an escape in them, is escaped. */
static void
append_quoted(StringInfo buf, const CtStatement *statement, int i, const CtValue *value,
			  const char *string)
{
	char		quote = statement->sql->refs[i].quote;
	bool		escapes = quote == 'E' || (quote == '\'' && !standard_conforming_strings);
	const char *p;

	if (quote == 'E')
		quote = '\'';
	if (quote == '$' && !is_word(string, false) && !is_number(value))
		raise_value(statement, i, string, "within dollar quotes");
	for (p = string; *p != '\0'; p++)
	{
		if (*p == quote || (escapes && *p == '\\'))
			appendStringInfoChar(buf, *p);
		appendStringInfoChar(buf, *p);
	}
}

/* Without a gap to what stands before: what goes on with a number must be digits. */
static void
append_glued(StringInfo buf, const CtStatement *statement, int i, const char *string)
{
	const char *end = buf->data + buf->len;
	const char *p = end;
	bool		is_number;

	while (p > buf->data && (isalnum((unsigned char) p[-1]) || p[-1] == '_' || p[-1] == '$' ||
							 IS_HIGHBIT_SET(p[-1])))
		p--;
	is_number = p < end ? isdigit((unsigned char) *p) :
		!(statement->places[i] & CT_PLACE_NAME);
	if (!is_word(string, is_number))
		raise_value(statement, i, string,
					is_number ? "as a part of a number" : "as a part of a name");
	appendStringInfoString(buf, string);
}

/* A value in the text, as what may stand in its place. */
static void
append_value(StringInfo buf, const CtStatement *statement, int i, const CtValue *value)
{
	int			place = statement->places[i];
	bool		bare = value->type != CT_VALUE_TEXT && value->type != CT_VALUE_NULL;
	const char *string = value->type == CT_VALUE_NULL ? "NULL" : ct_value_to_cstring(value);

	if (value->type == CT_VALUE_DOUBLE || value->type == CT_VALUE_TEXT)
		bare = is_number(value);

	if (place == CT_PLACE_QUOTED)
		append_quoted(buf, statement, i, value, string);
	else if (place & CT_PLACE_GLUED)
		append_glued(buf, statement, i, string);
	else if (value->type == CT_VALUE_NULL)
		appendStringInfoString(buf, string);
	else if (place == CT_PLACE_PARAMETER && bare && *string == '-')
		appendStringInfo(buf, "(%s)", string);
	else if (bare && (place == CT_PLACE_PARAMETER ||
					  ((place & CT_PLACE_NUMBER) && value->type != CT_VALUE_BOOL)))
	{
		/* after another one, a minus would begin a comment */
		if (*string == '-' && buf->len > 0 && buf->data[buf->len - 1] == '-')
			appendStringInfoChar(buf, ' ');
		appendStringInfoString(buf, string);
	}
	else if ((place & CT_PLACE_NAME) && !(place & CT_PLACE_STRING))
		appendStringInfoString(buf, is_name(string) ? string : quote_identifier(string));
	else
		appendStringInfoString(buf, quote_literal_cstr(string));
}

/*
 * The statement's text with its variables in it: those that can be parameters
 * as $1, $2 ... or, literally, as constants.
 */
static char *
make_text(const CtStatement *statement, const CtVariables *vars, bool literally)
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
			raise_unset(statement, vars, i);
		else
			append_value(&buf, statement, i, value);
	}
	appendStringInfoString(&buf, sql->text + from);
	return buf.data;
}

char *
ct_statement_text(const CtStatement *statement, const CtVariables *vars)
{
	return make_text(statement, vars, true);
}

/* ---- kinds ---- */

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

/* ---- types ---- */

static bool
is_text_type(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID ||
		type == UNKNOWNOID || type == CSTRINGOID;
}

/* The type that an integer's literal has. */
static Oid
integer_type(int64 i)
{
	return i >= PG_INT32_MIN && i <= PG_INT32_MAX ? INT4OID : INT8OID;
}

/* The type that the value tells of itself; InvalidOid if it doesn't. */
static Oid
literal_type(const CtValue *value)
{
	int64		i;

	if (value->type == CT_VALUE_UNSET || value->type == CT_VALUE_NULL)
		return InvalidOid;
	/* which may have been dropped since */
	if (OidIsValid(value->column_type) && !is_text_type(value->column_type) &&
		get_typisdefined(value->column_type))
		return value->column_type;
	if (value->type == CT_VALUE_BOOL)
		return BOOLOID;
	if (value->type == CT_VALUE_INT)
		return integer_type(value->u.i);
	if (is_number(value))
		return ct_parse_int64(ct_value_to_cstring(value), &i) ? integer_type(i) : NUMERICOID;
	return value->type == CT_VALUE_DOUBLE ? FLOAT8OID : InvalidOid;
}

/* Does the type's input take the text?  Tried in a subtransaction. */
static bool
try_input(Oid type, const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		Oid			input;
		Oid			ioparam;

		PushActiveSnapshot(GetTransactionSnapshot());
		getTypeInputInfo(type, &input, &ioparam);
		(void) OidInputFunctionCall(input, unconstify(char *, text), ioparam, -1);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_DATA_EXCEPTION)
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
 * Does the value fit the type that was deduced for the parameter?  Where that
 * can't be told by their kinds, the first value is tried.
 */
static bool
fits(CtTyped *typed, int param, const CtValue *value)
{
	Oid			type = typed->types[param];
	const char *text;
	int64		i = 0;
	bool		is_integer = value->type == CT_VALUE_INT;

	if (value->type <= CT_VALUE_BOOL || is_text_type(type))
		return true;
	if (is_integer)
		i = value->u.i;
	else if (is_number(value))
		is_integer = ct_parse_int64(ct_value_to_cstring(value), &i);
	else if (value->type == CT_VALUE_DOUBLE || value->column_type == type ||
			 !OidIsValid(value->column_type) || is_text_type(value->column_type))
		return true;

	switch (type)
	{
		case INT2OID:
			return is_integer && i >= PG_INT16_MIN && i <= PG_INT16_MAX;
		case INT4OID:
			return is_integer && i >= PG_INT32_MIN && i <= PG_INT32_MAX;
		case INT8OID:
			return is_integer;
		case OIDOID:
			return is_integer && i >= 0 && i <= PG_UINT32_MAX;
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return true;
		default:
			if (typed->takes[param] == '?')
			{
				text = ct_value_to_cstring(value);
				typed->takes[param] = try_input(type, text) ? 'y' : 'n';
			}
			return typed->takes[param] == 'y';
	}
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
 * The same with some types given: those that are told, and numeric for text
 * parameters in "numbers", or for whatever else of these must be a number
 * then.  What they stand beside must be numbers, too; if not, or if it makes
 * no sense, types are as before.
 */
static bool
try_numbers(RawStmt *raw, const char *text, Oid *types, int nparams,
			const Oid *told, const bool *numbers, int only)
{
	Oid		   *tried = palloc(nparams * sizeof(Oid));
	int			i;

	for (i = 0; i < nparams; i++)
	{
		tried[i] = numbers[i] ? InvalidOid : told[i];
		if (numbers[i] && (types[i] == NUMERICOID || only < 0 || only == i))
			tried[i] = NUMERICOID;
	}
	if (!try_analyze(raw, text, tried, nparams))
		return false;
	for (i = 0; i < nparams; i++)
		if (types[i] != tried[i] && !numbers[i])
			return false;
	memcpy(types, tried, nparams * sizeof(Oid));
	return true;
}

/*
 * Completes the types: "told" are those that the values have told, InvalidOid
 * elsewhere.  Returns false if the statement makes no sense with parameters.
 */
static bool
complete_types(CtTyped *typed, int nparams, const Oid *told, Oid *types)
{
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(typed->text, RAW_PARSE_DEFAULT));
	bool	   *numbers = palloc0(nparams * sizeof(bool));
	Oid		   *misfits = palloc0(nparams * sizeof(Oid));
	bool		any_number = false;
	bool		any_misfit = false;
	int			i;

	for (i = 0; i < nparams; i++)
	{
		if (typed->makes_sense && typed->untold[i])
		{
			numbers[i] = OidIsValid(told[i]);
			any_number |= numbers[i];
		}
		else
		{
			misfits[i] = told[i];
			any_misfit |= OidIsValid(told[i]);
		}
	}

	memcpy(types, misfits, nparams * sizeof(Oid));
	if (!try_analyze(raw, typed->text, types, nparams))
	{
		/* with nothing told that was seen to work: then input says what is wrong */
		if (!typed->makes_sense || !any_misfit)
			return false;
		memset(types, 0, nparams * sizeof(Oid));
		memset(misfits, 0, nparams * sizeof(Oid));
		if (!try_analyze(raw, typed->text, types, nparams))
			return false;
	}
	if (!any_number || try_numbers(raw, typed->text, types, nparams, misfits, numbers, -1))
		return true;
	for (i = 0; i < nparams; i++)
		if (numbers[i] && types[i] == TEXTOID)
			(void) try_numbers(raw, typed->text, types, nparams, misfits, numbers, i);
	return true;
}

/* ---- plans ---- */

/* Prepares the plan for parameters of these types; keeps it for what was told of them. */
static CtPrepared *
prepare(CtTyped *typed, int nparams, Oid *types, const Oid *told)
{
	MemoryContext context = CurrentMemoryContext;
	CtPrepared *prepared;
	SPIPlanPtr	plan;
	int			i;

	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	plan = SPI_prepare_cursor(typed->text, nparams, types, CURSOR_OPT_PARALLEL_OK);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	SPI_finish();
	PopActiveSnapshot();

	MemoryContextSwitchTo(typed->context);
	prepared = palloc0(sizeof(CtPrepared));
	prepared->plan = plan;
	prepared->source = linitial(SPI_plan_get_plan_sources(plan));
	if (nparams > 0)
	{
		prepared->told = palloc(nparams * sizeof(Oid));
		memcpy(prepared->told, told, nparams * sizeof(Oid));
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
	MemoryContextSwitchTo(context);

	if (typed->nall < CT_MAX_PREPARED)
		typed->all[typed->nall++] = prepared;
	else
	{
		SPI_freeplan(typed->all[typed->oldest]->plan);
		typed->all[typed->oldest] = prepared;
		typed->oldest = (typed->oldest + 1) % CT_MAX_PREPARED;
	}
	return prepared;
}

/* The text's plan for the values; NULL if it makes no sense with parameters. */
static CtPrepared *
find_prepared(const CtStatement *statement, CtTyped *typed, const CtVariables *vars)
{
	int			nparams = statement->nparams;
	Oid		   *told = NULL;
	Oid		   *types = NULL;
	int			i;

	if (nparams > 0)
		told = palloc0(nparams * sizeof(Oid));
	for (i = 0; i < nparams; i++)
	{
		const CtValue *value = ct_variables_get(vars, statement->slots[i]);

		if (!typed->makes_sense)
			told[i] = literal_type(value);
		else if (typed->untold[i])
			told[i] = is_number(value) ? NUMERICOID : InvalidOid;
		else if (typed->varies && !fits(typed, i, value))
			told[i] = literal_type(value);
	}
	for (i = 0; i < typed->nall; i++)
		if (nparams == 0 || memcmp(typed->all[i]->told, told, nparams * sizeof(Oid)) == 0)
			return typed->all[i];

	if (nparams > 0)
	{
		types = palloc0(nparams * sizeof(Oid));
		if (!complete_types(typed, nparams, told, types))
			return NULL;
	}
	/* without parameters an error is the script's, and there is nothing to fall back to */
	return prepare(typed, nparams, types, told);
}

static void
free_typed(CtTyped *typed)
{
	int			i;

	for (i = 0; i < typed->nall; i++)
		SPI_freeplan(typed->all[i]->plan);
	MemoryContextDelete(typed->context);
}

/* What the server deduces of a text. */
static CtTyped *
make_typed(const CtStatement *statement, const char *text)
{
	int			nparams = statement->nparams;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext plans",
												  ALLOCSET_SMALL_SIZES);
	CtTyped    *typed = MemoryContextAllocZero(context, sizeof(CtTyped));
	int			i;

	typed->context = context;
	typed->text = MemoryContextStrdup(context, text);
	typed->makes_sense = true;
	if (nparams == 0)
		return typed;
	typed->types = MemoryContextAllocZero(context, nparams * sizeof(Oid));
	typed->untold = MemoryContextAllocZero(context, nparams * sizeof(bool));
	typed->takes = MemoryContextAlloc(context, nparams);
	memset(typed->takes, '?', nparams);
	typed->makes_sense = try_analyze(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)),
									 text, typed->types, nparams);
	typed->varies = !typed->makes_sense;
	for (i = 0; typed->makes_sense && i < nparams; i++)
	{
		typed->untold[i] = typed->types[i] == TEXTOID;
		typed->varies |= typed->untold[i];
		typed->types[i] = getBaseType(typed->types[i]);
	}
	return typed;
}

/* Finds or makes the plan for the values; false if there is none. */
static bool
choose_plan(CtStatement *statement, const CtVariables *vars)
{
	CtTyped    *typed = NULL;
	CtPrepared *prepared;
	char	   *text = NULL;
	int			i;

	if (statement->has_names || statement->nall == 0)
		text = make_text(statement, vars, false);
	for (i = 0; i < statement->nall && typed == NULL; i++)
		if (text == NULL || strcmp(statement->all[i]->text, text) == 0)
			typed = statement->all[i];

	if (typed != NULL)
		prepared = find_prepared(statement, typed, vars);
	else
	{
		typed = make_typed(statement, text);
		prepared = find_prepared(statement, typed, vars);
		if (prepared != NULL)
		{
			int			place = statement->nall;

			if (place < CT_MAX_PREPARED)
				statement->nall++;
			else
			{
				place = statement->oldest;
				statement->oldest = (place + 1) % CT_MAX_PREPARED;
				free_typed(statement->all[place]);
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
is_set(void *arg, int slot)
{
	const CtVariables *vars = arg;

	return ct_variables_get(vars, slot)->type != CT_VALUE_UNSET;
}

/* Which variables are parameters, and of what number; the same variable is the same one. */
static void
number_params(CtStatement *statement)
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
find_places(CtStatement *statement, const CtVariables *vars)
{
	const CtSql *sql = statement->sql;
	CtPlaceProblem problem;
	List	   *trees;

	if (sql->nrefs == 0)
		return raw_parser(sql->text, RAW_PARSE_DEFAULT);
	if (!ct_places_find(sql, is_set, unconstify(CtVariables *, vars), statement->places,
						&trees, &problem))
	{
		if (problem.unset >= 0)
			raise_unset(statement, vars, problem.unset);
		ereport(ERROR,
				(errcode(problem.sqlstate),
				 errmsg_internal("%s", problem.message),
				 problem.detail ? errdetail_internal("%s", problem.detail) : 0,
				 problem.hint ? errhint("%s", problem.hint) : 0,
				 set_place(sql, problem.offset)));
	}
	return trees;
}

/* Finds out what kind of statement it is; in a transaction. */
static CtStatementKind
first_look(CtStatement *statement, const CtVariables *vars)
{
	List	   *raw = find_places(statement, vars);
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
	number_params(statement);
	if (raw == NIL)
		return statement->kind = CT_STATEMENT_EMPTY;

	stmt = linitial_node(RawStmt, raw)->stmt;
	if (list_length(raw) > 1)
		return statement->kind = CT_STATEMENT_TEXT;
	if (is_plannable(stmt))
	{
		if (quoted)
			return statement->kind = CT_STATEMENT_TEXT;
		if (!choose_plan(statement, vars))
			return CT_STATEMENT_TEXT;
		return statement->kind = CT_STATEMENT_PLAN;
	}
	if (statement->nparams > 0 || statement->has_names)
		return statement->kind = CT_STATEMENT_TEXT;
	return statement->kind = transaction_kind(stmt);
}

void
ct_statement_forget(CtStatement *statement)
{
	while (statement->nall > 0)
		free_typed(statement->all[--statement->nall]);
	statement->oldest = 0;
	statement->look_again = false;
	statement->prepared = NULL;
	statement->kind = CT_STATEMENT_NEW;
}

/* The values may make something else of it than the last time. */
static CtStatementKind
look_again(CtStatement *statement, const CtVariables *vars)
{
	int			i;

	for (i = 0; statement->has_unset && i < statement->sql->nrefs; i++)
	{
		if (statement->places[i] == CT_PLACE_UNSET &&
			is_set(unconstify(CtVariables *, vars), statement->sql->refs[i].slot))
		{
			ct_statement_forget(statement);
			return first_look(statement, vars);
		}
	}
	if (statement->kind == CT_STATEMENT_PLAN && !choose_plan(statement, vars))
		return CT_STATEMENT_TEXT;
	return statement->kind;
}

/* ---- binding ---- */

/* A value by its text; false, with nothing done, if another plan fits better. */
static bool
bind_text(CtStatement *statement, int i, const CtValue *value)
{
	CtPrepared *prepared = statement->prepared;

	if (unlikely(!statement->typed->varies && !fits(statement->typed, i, value)))
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
				raise_unset_slot(statement, vars, statement->slots[i]);
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
		if (unlikely(!bind_text(statement, i, value)))
		{
			/* from now on the values tell; all of them anew, if that can be done */
			statement->typed->varies = true;
			(void) choose_plan(statement, vars);
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
		return first_look(statement, vars);
	if (unlikely(statement->look_again))
		return look_again(statement, vars);
	return statement->kind;
}
