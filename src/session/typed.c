/*
 * typed.c
 *		The types of a text's parameters, and its plans.
 *
 * The server deduces a parameter's type from where it stands.  The value tells
 * it where that can't be done (":a + :b"), where the value doesn't fit (":d *
 * 2" with 1.25), and where nothing else than text comes of it but the value is
 * a number (":a > :b", by which 1000 would be less than 600).  What the value
 * tells is the type that the literal would have, or that the column had which
 * it comes from.  For each set of types that are told so there is a plan.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "src/session/literal.h"
#include "src/session/typed.h"

/* ---- types ---- */

/*
 * Does in a subtransaction what may raise.  Returns false, with the error
 * forgotten, if it is of one of the two categories; others are raised.
 */
static bool
typed_try(void (*attempt) (void *arg), void *arg, int category, int or_category)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		attempt(arg);
		PopActiveSnapshot();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		int			raised = ERRCODE_TO_CATEGORY(geterrcode());

		if (raised != category && raised != or_category)
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

/* a text for a type's input */
typedef struct CtTypedInput
{
	Oid			type;
	const char *text;
} CtTypedInput;

static void
typed_input(void *arg)
{
	CtTypedInput *input = arg;
	Oid			function;
	Oid			ioparam;

	getTypeInputInfo(input->type, &function, &ioparam);
	(void) OidInputFunctionCall(function, unconstify(char *, input->text), ioparam, -1);
}

bool
ct_typed_fits(CtTyped *typed, int param, const CtValue *value)
{
	Oid			type = typed->types[param];
	int64		i = 0;
	bool		is_integer = value->type == CT_VALUE_INT;
	bool		is_number = ct_literal_is_number(value);

	if (value->type <= CT_VALUE_BOOL || ct_literal_is_text(type))
		return true;
	if (is_integer)
		i = value->u.i;
	else if (is_number)
		is_integer = ct_parse_int64(ct_value_to_cstring(value), &i);
	else if (value->type == CT_VALUE_DOUBLE)	/* infinite, or not a number */
		return type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
	else if (value->column_type == type ||
			 !OidIsValid(value->column_type) || ct_literal_is_text(value->column_type))
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
			return is_number;
		default:
			if (typed->takes[param] == '?')
			{
				CtTypedInput input = {type, ct_value_to_cstring(value)};

				typed->takes[param] = typed_try(typed_input, &input, ERRCODE_DATA_EXCEPTION,
												ERRCODE_DATA_EXCEPTION) ? 'y' : 'n';
			}
			return typed->takes[param] == 'y';
	}
}

/* a statement, and the types of its parameters */
typedef struct CtTypedAnalysis
{
	RawStmt    *raw;
	const char *text;
	Oid		   *types;
	int			nparams;
} CtTypedAnalysis;

static void
typed_analyze(void *arg)
{
	CtTypedAnalysis *analysis = arg;
	int			n = analysis->nparams;
	Oid		   *found = palloc(n * sizeof(Oid));
	int			i;

	memcpy(found, analysis->types, n * sizeof(Oid));
	(void) parse_analyze_varparams(copyObject(analysis->raw), analysis->text, &found, &n, NULL);
	for (i = 0; i < analysis->nparams; i++)
		analysis->types[i] = i >= n || found[i] == InvalidOid || found[i] == UNKNOWNOID ?
			TEXTOID : found[i];
}

/*
 * Analyzes a statement, and completes the types of its parameters, InvalidOid
 * where they are to be deduced.  Returns false, with the error forgotten, if
 * it makes no sense like that.
 */
static bool
typed_try_analyze(RawStmt *raw, const char *text, Oid *types, int nparams)
{
	CtTypedAnalysis analysis = {raw, text, types, nparams};

	/* only what analysis says of the text is ours to try otherwise */
	return typed_try(typed_analyze, &analysis, ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
					 ERRCODE_DATA_EXCEPTION);
}

/*
 * The same with some types given: those that are told, and numeric for text
 * parameters in "numbers", or for whatever else of these must be a number
 * then.  What they stand beside must be numbers, too; if not, or if it makes
 * no sense, types are as before.
 */
static bool
typed_try_numbers(RawStmt *raw, const char *text, Oid *types, int nparams,
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
	if (!typed_try_analyze(raw, text, tried, nparams))
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
typed_complete_types(CtTyped *typed, const Oid *told, Oid *types)
{
	int			nparams = typed->nparams;
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
	if (!typed_try_analyze(raw, typed->text, types, nparams))
	{
		/* with nothing told that was seen to work: then input says what is wrong */
		if (!typed->makes_sense || !any_misfit)
			return false;
		memset(types, 0, nparams * sizeof(Oid));
		memset(misfits, 0, nparams * sizeof(Oid));
		if (!typed_try_analyze(raw, typed->text, types, nparams))
			return false;
	}
	if (!any_number || typed_try_numbers(raw, typed->text, types, nparams, misfits, numbers, -1))
		return true;
	for (i = 0; i < nparams; i++)
		if (numbers[i] && types[i] == TEXTOID)
			(void) typed_try_numbers(raw, typed->text, types, nparams, misfits, numbers, i);
	return true;
}

/* ---- plans ---- */

/* Prepares the plan for parameters of these types; keeps it for what was told of them. */
static CtPrepared *
typed_prepare(CtTyped *typed, Oid *types, const Oid *told)
{
	int			nparams = typed->nparams;
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

CtPrepared *
ct_typed_prepare(CtTyped *typed, const int *slots, const CtVariables *vars)
{
	int			nparams = typed->nparams;
	Oid		   *told = NULL;
	Oid		   *types = NULL;
	int			i;

	if (nparams > 0)
		told = palloc0(nparams * sizeof(Oid));
	for (i = 0; i < nparams; i++)
	{
		const CtValue *value = ct_variables_get(vars, slots[i]);

		if (!typed->makes_sense)
			told[i] = ct_literal_type(value);
		else if (typed->untold[i])
			told[i] = ct_literal_is_number(value) ? NUMERICOID : InvalidOid;
		else if (typed->varies && !ct_typed_fits(typed, i, value))
			told[i] = ct_literal_type(value);
	}
	for (i = 0; i < typed->nall; i++)
		if (nparams == 0 || memcmp(typed->all[i]->told, told, nparams * sizeof(Oid)) == 0)
			return typed->all[i];

	if (nparams > 0)
	{
		types = palloc0(nparams * sizeof(Oid));
		if (!typed_complete_types(typed, told, types))
			return NULL;
	}
	/* without parameters an error is the script's, and there is nothing to fall back to */
	return typed_prepare(typed, types, told);
}

void
ct_typed_free(CtTyped *typed)
{
	int			i;

	for (i = 0; i < typed->nall; i++)
		SPI_freeplan(typed->all[i]->plan);
	MemoryContextDelete(typed->context);
}

CtTyped *
ct_typed_create(const char *text, int nparams)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext plans",
												  ALLOCSET_SMALL_SIZES);
	CtTyped    *typed = MemoryContextAllocZero(context, sizeof(CtTyped));
	int			i;

	typed->context = context;
	typed->text = MemoryContextStrdup(context, text);
	typed->nparams = nparams;
	typed->makes_sense = true;
	if (nparams == 0)
		return typed;
	typed->types = MemoryContextAllocZero(context, nparams * sizeof(Oid));
	typed->untold = MemoryContextAllocZero(context, nparams * sizeof(bool));
	typed->takes = MemoryContextAlloc(context, nparams);
	memset(typed->takes, '?', nparams);
	typed->makes_sense = typed_try_analyze(linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT)),
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
