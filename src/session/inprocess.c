/*
 * inprocess.c
 *		The in-process session: statements executed in the worker itself.
 *
 * There are four kinds of statements, told apart by the raw parse tree at the
 * first execution:
 *
 * - plannable ones (SELECT, INSERT, UPDATE, DELETE, MERGE ...) become an SPI
 *	 plan, prepared once, with the variables as parameters whose types the
 *	 server deduces, as a client gets with the extended protocol.  The plan is
 *	 handed to the executor directly; SPI's own execution would add a stack
 *	 level, two memory contexts and a second snapshot to each statement;
 * - BEGIN, COMMIT and ROLLBACK without options go straight to the transaction
 *	 machinery, which SPI would refuse;
 * - everything else is a utility and runs in a portal at top level, as if a
 *	 client had sent it, so that VACUUM, CALL of a procedure that commits, or
 *	 CREATE INDEX CONCURRENTLY behave;
 * - where variables cannot be parameters (in utilities, or as a table's name)
 *	 they are put into the text, as pgbench's simple protocol does, and the
 *	 statement is parsed each time.
 *
 * Each statement gets a new snapshot, and stands between
 * StartTransactionCommand and CommitTransactionCommand, so READ COMMITTED
 * means here what it means to a client.
 *
 * Memory: statements and plans live in the session's context.  What an
 * execution needs is in the executing transaction's memory, or in
 * MessageContext, which is reset before the next statement.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "storage/proc.h"
#include "tcop/dest.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/portal.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

#include "src/ct_compat.h"
#include "src/session/session.h"

/* of a statement that is no TransactionStmt */
#define NO_CONTROL	(-1)

typedef enum CtStatementKind
{
	CT_STATEMENT_NEW,			/* not looked at yet */
	CT_STATEMENT_EMPTY,
	CT_STATEMENT_PLAN,
	CT_STATEMENT_BEGIN,
	CT_STATEMENT_COMMIT,
	CT_STATEMENT_ROLLBACK,
	CT_STATEMENT_UTILITY,		/* no variables: the text as it stands */
	CT_STATEMENT_TEXT			/* variables put into the text each time */
} CtStatementKind;

/*
 * A plan of a statement, for values of which certain ones are numbers; see
 * deduce_types.
 */
typedef struct CtPrepared
{
	uint64		numbers;		/* bits of the parameters whose values are */
	SPIPlanPtr	plan;
	CachedPlanSource *source;	/* the plan's, which is one statement */
	ParamListInfo params;		/* reused; NULL if there are none */
	Oid		   *typinput;
	Oid		   *typioparam;
} CtPrepared;

#define CT_MAX_PREPARED	16

struct CtStatement
{
	CtStatementKind kind;
	const CtSql *sql;
	const CtSymbols *symbols;
	int			reported_len;	/* of its text, what pg_stat_activity has room for */

	/* CT_STATEMENT_PLAN */
	int		   *slots;			/* variable of each parameter */
	int			nparams;
	uint64		untold;			/* bits of the parameters that nothing but the value tells the type of */
	CtPrepared *prepared;		/* what fits the values now */
	int			nall;
	CtPrepared *all[CT_MAX_PREPARED];
};

typedef struct CtInProcess
{
	CtSession	session;		/* must be first */
	MemoryContext context;

	/* what pg_stat_activity says, and since when */
	const CtStatement *reported;
	TimestampTz reported_at;
} CtInProcess;

/* hands a result's rows to a CtRowTaker as text */
typedef struct CtTakerReceiver
{
	DestReceiver pub;			/* must be first */
	CtRowTaker	taker;
	void	   *arg;
	int			ncolumns;
	const char **names;
	const char **values;
	Oid		   *output;
	MemoryContext row_context;
} CtTakerReceiver;

static void
taker_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	int			i;

	taker->ncolumns = desc->natts;
	taker->names = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->values = palloc(Max(desc->natts, 1) * sizeof(char *));
	taker->output = palloc(Max(desc->natts, 1) * sizeof(Oid));
	taker->row_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext row",
											   ALLOCSET_DEFAULT_SIZES);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		bool		isvarlena;

		taker->names[i] = pstrdup(NameStr(att->attname));
		getTypeOutputInfo(att->atttypid, &taker->output[i], &isvarlena);
	}
}

static bool
taker_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CtTakerReceiver *taker = (CtTakerReceiver *) self;
	MemoryContext oldcontext;
	int			i;

	slot_getallattrs(slot);
	oldcontext = MemoryContextSwitchTo(taker->row_context);
	for (i = 0; i < taker->ncolumns; i++)
		taker->values[i] = slot->tts_isnull[i] ? NULL :
			OidOutputFunctionCall(taker->output[i], slot->tts_values[i]);
	taker->taker(taker->arg, taker->ncolumns, taker->names, taker->values);
	MemoryContextSwitchTo(oldcontext);
	MemoryContextReset(taker->row_context);
	return true;
}

static void
taker_shutdown(DestReceiver *self)
{
}

static void
taker_destroy(DestReceiver *self)
{
}

static DestReceiver *
make_receiver(CtRowTaker taker, void *arg)
{
	CtTakerReceiver *receiver;

	if (taker == NULL)
		return None_Receiver;

	receiver = palloc0(sizeof(CtTakerReceiver));
	receiver->pub.receiveSlot = taker_receive;
	receiver->pub.rStartup = taker_startup;
	receiver->pub.rShutdown = taker_shutdown;
	receiver->pub.rDestroy = taker_destroy;
	receiver->pub.mydest = DestTuplestore;	/* any that is neither remote nor SPI */
	receiver->taker = taker;
	receiver->arg = arg;
	return (DestReceiver *) receiver;
}

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
static char *
interpolated_text(const CtStatement *statement, const CtVariables *vars)
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
prepare(CtInProcess *self, CtStatement *statement, const char *text, Oid *types, uint64 numbers)
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

	MemoryContextSwitchTo(self->context);
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
try_prepare_plan(CtInProcess *self, CtStatement *statement, RawStmt *raw,
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
	statement->prepared = prepare(self, statement, text, types, numbers);
	return true;
}

/* Another set of the values are numbers now: finds the plan for them, or makes it. */
static void
choose_prepared(CtInProcess *self, CtStatement *statement, const CtVariables *vars, uint64 numbers)
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
	statement->prepared = prepare(self, statement, text, types, numbers);
}

/* Finds out what kind of statement it is; in a transaction. */
static void
first_look(CtInProcess *self, CtStatement *statement, const CtVariables *vars)
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
			try_prepare_plan(self, statement, linitial_node(RawStmt, raw), text, vars) ?
			CT_STATEMENT_PLAN : CT_STATEMENT_TEXT;
	else
	{
		statement->kind = transaction_kind(stmt);
		if (statement->kind == CT_STATEMENT_UTILITY && nparams > 0)
			statement->kind = CT_STATEMENT_TEXT;
	}
}

/* Variables' values into the plan's parameters; numbers without a detour by text. */
static void
bind_parameters(CtStatement *statement, const CtVariables *vars)
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

/* Tells which statement an error was in, as SPI does. */
static void
plan_error_context(void *arg)
{
	CtStatement *statement = arg;
	const char *text = statement->prepared->source->query_string;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(text);
	}
	else
		errcontext("SQL statement \"%s\"", text);
}

/* What rules have made several statements of, or none, is left to SPI. */
static void
execute_by_spi(CtStatement *statement, DestReceiver *receiver)
{
	SPIExecuteOptions options;
	int			rc;

	/* SPI wants a snapshot below its own */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	memset(&options, 0, sizeof(options));
	options.params = statement->prepared->params;
	options.dest = receiver;
	rc = SPI_execute_plan_extended(statement->prepared->plan, &options);
	if (rc < 0)
		elog(ERROR, "SPI_execute_plan_extended: %s", SPI_result_code_string(rc));
	SPI_finish();
	PopActiveSnapshot();
}

static void
execute_plan(CtStatement *statement, const CtVariables *vars, CtRowTaker taker, void *taker_arg)
{
	DestReceiver *receiver = make_receiver(taker, taker_arg);
	ErrorContextCallback context;
	CachedPlan *plan;
	PlannedStmt *stmt;

	if (statement->prepared->params)
		bind_parameters(statement, vars);

	context.callback = plan_error_context;
	context.arg = statement;
	context.previous = error_context_stack;
	error_context_stack = &context;

	/* locks the tables, so that the snapshot comes after */
	plan = GetCachedPlan(statement->prepared->source, statement->prepared->params, CurrentResourceOwner, NULL);
	stmt = list_length(plan->stmt_list) == 1 ? linitial_node(PlannedStmt, plan->stmt_list) : NULL;
	if (likely(stmt != NULL && stmt->utilityStmt == NULL))
	{
		QueryDesc  *desc;

		PushActiveSnapshot(GetTransactionSnapshot());
		desc = CreateQueryDesc(stmt, statement->prepared->source->query_string, GetActiveSnapshot(),
							   InvalidSnapshot, receiver, statement->prepared->params, NULL, 0);
		ExecutorStart(desc, 0);
		ct_executor_run(desc);
		ExecutorFinish(desc);
		ExecutorEnd(desc);
		FreeQueryDesc(desc);
		PopActiveSnapshot();
		error_context_stack = context.previous;
	}
	else
	{
		error_context_stack = context.previous;
		execute_by_spi(statement, receiver);
	}
	ReleaseCachedPlan(plan, CurrentResourceOwner);
}

/*
 * Executes text as a client's simple query would be, in the transaction
 * command under way.  Returns the TransactionStmtKind of what it ends with,
 * or NO_CONTROL.
 */
static int
execute_text(const char *text, CtRowTaker taker, void *taker_arg)
{
	List	   *parsed;
	RawStmt    *raw;
	bool		snapshot;
	List	   *queries;
	List	   *plans;
	Portal		portal;
	DestReceiver *receiver;
	QueryCompletion qc;

	MemoryContextSwitchTo(MessageContext);
	parsed = pg_parse_query(text);
	if (parsed == NIL)
		return NO_CONTROL;
	if (list_length(parsed) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("a variable's value makes several statements of one")));
	raw = linitial_node(RawStmt, parsed);
	if (IsA(raw->stmt, CopyStmt) && ((CopyStmt *) raw->stmt)->filename == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("COPY to or from a client is not supported in a script"),
				 errdetail("A script runs inside the server, where there is no client.")));

	snapshot = analyze_requires_snapshot(raw);
	if (snapshot)
		PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, text, NULL, 0, NULL);
	plans = pg_plan_queries(queries, text, CURSOR_OPT_PARALLEL_OK, NULL);
	if (snapshot)
		PopActiveSnapshot();

	portal = CreatePortal("", true, true);
	portal->visible = false;
	PortalDefineQuery(portal, NULL, text, CreateCommandTag(raw->stmt), plans, NULL);
	PortalStart(portal, NULL, 0, InvalidSnapshot);
	receiver = make_receiver(taker, taker_arg);
	ct_portal_run(portal, receiver, &qc);
	receiver->rDestroy(receiver);
	PortalDrop(portal, false);
	MemoryContextSwitchTo(MessageContext);

	return IsA(raw->stmt, TransactionStmt) ?
		(int) ((TransactionStmt *) raw->stmt)->kind : NO_CONTROL;
}

static CtStatement *
inprocess_prepare(CtSession *session, const CtSql *sql, const CtSymbols *symbols)
{
	CtInProcess *self = (CtInProcess *) session;
	CtStatement *statement;

	statement = MemoryContextAllocZero(self->context, sizeof(CtStatement));
	statement->kind = CT_STATEMENT_NEW;
	statement->sql = sql;
	statement->symbols = symbols;
	statement->reported_len = Min(strlen(sql->text), pgstat_track_activity_query_size - 1);
	statement->slots = MemoryContextAlloc(self->context, Max(sql->nrefs, 1) * sizeof(int));
	return statement;
}

/*
 * Says in pg_stat_activity what we execute.  Where that is what it says
 * already, as of less than a millisecond ago, it may stay, for a script of one
 * short statement would spend more on it than on anything else of ours; and
 * from one statement to the next it takes no more than the new text, not the
 * look at the clock by which the server sums up how long a session is active.
 */
static void
report_activity(CtInProcess *self, const CtStatement *statement)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	volatile PgBackendStatus *entry = MyBEEntry;

	/* a BEGIN is over before anybody could read of it */
	if (statement->kind == CT_STATEMENT_BEGIN)
		return;
	if (entry == NULL || entry->st_state != STATE_RUNNING || !pgstat_track_activities)
		pgstat_report_activity(STATE_RUNNING, statement->sql->text);
	else if (statement == self->reported && now - self->reported_at < 1000)
		return;
	else
	{
		PGSTAT_BEGIN_WRITE_ACTIVITY(entry);
		entry->st_activity_start_timestamp = now;
		ct_forget_query_ids(entry);
		memcpy(entry->st_activity_raw, statement->sql->text, statement->reported_len);
		entry->st_activity_raw[statement->reported_len] = '\0';
		PGSTAT_END_WRITE_ACTIVITY(entry);
	}
	self->reported = statement;
	self->reported_at = now;
}

static CtTransactionEvent
inprocess_execute(CtSession *session, CtStatement *statement, const CtVariables *vars,
				  bool more, CtRowTaker taker, void *taker_arg)
{
	CtInProcess *self = (CtInProcess *) session;
	MemoryContext oldcontext = CurrentMemoryContext;
	CtTransactionEvent event = CT_TRANSACTION_COMMITTED;
	bool		timed = StatementTimeout > 0;
	bool		was_open = IsTransactionBlock();
	int			control = NO_CONTROL;

	SetCurrentStatementStartTimestamp();
	report_activity(self, statement);
	if (timed)
		enable_timeout_after(STATEMENT_TIMEOUT, StatementTimeout);

	StartTransactionCommand();
	if (more)
		BeginImplicitTransactionBlock();
	MemoryContextReset(MessageContext);
	MemoryContextSwitchTo(MessageContext);

	if (unlikely(statement->kind == CT_STATEMENT_NEW))
		first_look(self, statement, vars);

	switch (statement->kind)
	{
		case CT_STATEMENT_PLAN:
			if (unlikely(statement->untold != 0))
			{
				uint64		numbers = numbers_now(statement, vars);

				if (numbers != statement->prepared->numbers)
					choose_prepared(self, statement, vars, numbers);
			}
			execute_plan(statement, vars, taker, taker_arg);
			break;
		case CT_STATEMENT_BEGIN:
			BeginTransactionBlock();
			control = TRANS_STMT_BEGIN;
			break;
		case CT_STATEMENT_COMMIT:
			(void) EndTransactionBlock(false);
			control = TRANS_STMT_COMMIT;
			break;
		case CT_STATEMENT_ROLLBACK:
			UserAbortTransactionBlock(false);
			control = TRANS_STMT_ROLLBACK;
			break;
		case CT_STATEMENT_UTILITY:
			control = execute_text(statement->sql->text, taker, taker_arg);
			break;
		case CT_STATEMENT_TEXT:
			control = execute_text(interpolated_text(statement, vars), taker, taker_arg);
			break;
		case CT_STATEMENT_EMPTY:
		case CT_STATEMENT_NEW:
			break;
	}

	/* as in the server's main loop, the commit isn't the statement's time */
	if (timed)
		disable_timeout(STATEMENT_TIMEOUT, false);
	if (more && control == NO_CONTROL)
		CommandCounterIncrement();
	else
	{
		/* only ends a block that "\;" had begun */
		if (!more)
			EndImplicitTransactionBlock();
		/* transaction control takes effect before the next statement, whatever joins them */
		CommitTransactionCommand();
	}

	/* AND CHAIN ends a transaction although there is one afterwards */
	if (control == TRANS_STMT_ROLLBACK)
		event = CT_TRANSACTION_ROLLED_BACK;
	else if (control != TRANS_STMT_COMMIT && IsTransactionBlock())
		event = was_open ? CT_TRANSACTION_OPEN : CT_TRANSACTION_BEGAN;
	MemoryContextSwitchTo(oldcontext);
	return event;
}

static bool
inprocess_in_transaction(CtSession *session)
{
	return IsTransactionOrTransactionBlock();
}

static void
inprocess_rollback(CtSession *session)
{
	disable_timeout(STATEMENT_TIMEOUT, false);
	AbortOutOfAnyTransaction();
	MemoryContextReset(MessageContext);
}

CtSession *
ct_session_in_process(void)
{
	CtInProcess *self = palloc0(sizeof(CtInProcess));

	self->session.prepare = inprocess_prepare;
	self->session.execute = inprocess_execute;
	self->session.in_transaction = inprocess_in_transaction;
	self->session.rollback = inprocess_rollback;
	self->context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext session",
										  ALLOCSET_DEFAULT_SIZES);
	if (MessageContext == NULL)
		MessageContext = AllocSetContextCreate(TopMemoryContext, "MessageContext",
											   ALLOCSET_DEFAULT_SIZES);
	return &self->session;
}
