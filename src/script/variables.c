/*
 * variables.c
 *		Values, and the variables of one client.
 *
 * A variable's text lives in a buffer of its own that is kept when the
 * variable is assigned anew, so that a client that assigns for hours doesn't
 * grow.  Everything is in the context that was current at creation; a context
 * of the caller's may be reset at any time.
 */
#include "postgres.h"

#include <ctype.h>
#include <float.h>
#include <math.h>

#include "common/int.h"
#include "src/script/expr.h"
#include "utils/memutils.h"

typedef struct CtTextBuffer
{
	char	   *data;			/* NULL if the variable never was text */
	Size		size;
} CtTextBuffer;

struct CtVariables
{
	MemoryContext context;
	const CtSymbols *symbols;
	int			allocated;
	int			ntexts;			/* how many are text just now */
	CtValue    *values;
	CtTextBuffer *buffers;
};

static const CtValue unset_value = {CT_VALUE_UNSET, 0, {0}};

/*
 * Makes room for every slot that the symbol table has by now: a \gset may
 * have added names since.
 */
static void
variables_enlarge(CtVariables *vars)
{
	int			allocated = Max(ct_symbols_count(vars->symbols), 1);
	int			from = vars->allocated;
	int			slot;

	if (allocated <= from)
		return;
	vars->values = repalloc(vars->values, allocated * sizeof(CtValue));
	vars->buffers = repalloc(vars->buffers, allocated * sizeof(CtTextBuffer));
	for (slot = from; slot < allocated; slot++)
	{
		vars->values[slot] = unset_value;
		vars->buffers[slot].data = NULL;
		vars->buffers[slot].size = 0;
	}
	vars->allocated = allocated;
}

/*
 * Copies text into the slot's buffer.  The text may be the slot's own, so the
 * old buffer is freed last.
 */
static const char *
variables_keep_text(CtVariables *vars, int slot, const char *text)
{
	CtTextBuffer *buffer = &vars->buffers[slot];
	Size		needed = strlen(text) + 1;

	if (needed > buffer->size)
	{
		Size		size = Max(needed + needed / 2, 32);
		char	   *data = MemoryContextAllocHuge(vars->context, size);

		memcpy(data, text, needed);
		if (buffer->data)
			pfree(buffer->data);
		buffer->data = data;
		buffer->size = size;
	}
	else
		memmove(buffer->data, text, needed);
	return buffer->data;
}

/*
 * Variables for all symbols, unset, in the current context.  The symbol table
 * must outlive them and may grow.
 */
CtVariables *
ct_variables_create(const CtSymbols *symbols)
{
	CtVariables *vars = palloc0(sizeof(CtVariables));

	vars->context = CurrentMemoryContext;
	vars->symbols = symbols;
	vars->values = palloc(sizeof(CtValue));
	vars->buffers = palloc(sizeof(CtTextBuffer));
	variables_enlarge(vars);
	return vars;
}

/*
 * Is it an integer, written as we would write it?  Leaves 18 digits alone,
 * which fit in any case, as the limit.
 */
static bool
variables_is_plain_int(const char *text, int64 *result)
{
	const char *p = text;
	bool		minus = *p == '-';
	int64		n = 0;

	p += minus;
	if (*p < '0' || *p > '9' || (*p == '0' && (minus || p[1] != '\0')))
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
	{
		if (n >= INT64CONST(100000000000000000))
			return false;
		n = n * 10 + (*p - '0');
	}
	*result = minus ? -n : n;
	return *p == '\0';
}

/*
 * Assigns; text is copied.  UNSET makes the variable undefined again.
 *
 * Text that is an integer becomes one here, once, instead of each time that
 * an expression or a parameter wants a number.  Nobody can tell, since it
 * would be written the same.
 */
void
ct_variables_set(CtVariables *vars, int slot, CtValue value)
{
	if (unlikely(slot >= vars->allocated))
		variables_enlarge(vars);
	Assert(slot >= 0 && slot < vars->allocated);

	if (value.type == CT_VALUE_TEXT)
	{
		int64		n;

		if (variables_is_plain_int(value.u.t, &n))
		{
			value.type = CT_VALUE_INT;
			value.u.i = n;
		}
		else
		{
			value.u.t = variables_keep_text(vars, slot, value.u.t);
			vars->ntexts++;
		}
	}
	if (vars->values[slot].type == CT_VALUE_TEXT)
		vars->ntexts--;
	value.column_type = 0;
	vars->values[slot] = value;
}

void
ct_variables_set_column(CtVariables *vars, int slot, CtValue value, uint32 type)
{
	ct_variables_set(vars, slot, value);
	vars->values[slot].column_type = type;
}

/*
 * Makes all variables of "to" what they are in "from"; both are of the same
 * symbol table.  Without text it is one memcpy.
 */
void
ct_variables_copy(CtVariables *to, const CtVariables *from)
{
	int			slot;

	Assert(to->symbols == from->symbols);
	if (unlikely(to->allocated < from->allocated))
		variables_enlarge(to);

	memcpy(to->values, from->values, from->allocated * sizeof(CtValue));
	for (slot = from->allocated; slot < to->allocated; slot++)
		to->values[slot] = unset_value;

	to->ntexts = from->ntexts;
	if (from->ntexts == 0)
		return;
	for (slot = 0; slot < from->allocated; slot++)
	{
		if (from->values[slot].type == CT_VALUE_TEXT)
			to->values[slot].u.t = variables_keep_text(to, slot, from->values[slot].u.t);
	}
}

/* The slot's value, valid until it is assigned again; UNSET if it never was. */
const CtValue *
ct_variables_get(const CtVariables *vars, int slot)
{
	if (unlikely(slot >= vars->allocated))
		return &unset_value;
	return &vars->values[slot];
}

/*
 * The value as pgbench puts it into SQL, which any input function takes; NULL
 * for null.  Text is returned as it is, the rest is palloc'd or constant.
 */
const char *
ct_value_to_cstring(const CtValue *value)
{
	switch (value->type)
	{
		case CT_VALUE_UNSET:
		case CT_VALUE_NULL:
			return NULL;
		case CT_VALUE_BOOL:
			return value->u.b ? "true" : "false";
		case CT_VALUE_INT:
			return psprintf(INT64_FORMAT, value->u.i);
		case CT_VALUE_DOUBLE:
			return psprintf("%.*g", DBL_DIG, value->u.d);
		case CT_VALUE_TEXT:
			return value->u.t;
	}
	return NULL;				/* keep the compiler quiet */
}

/*
 * An integer, with blanks around it allowed.  False if it is none or doesn't
 * fit.
 */
bool
ct_parse_int64(const char *text, int64 *result)
{
	const char *p = text;
	int64		negative = 0;	/* the lowest int64 has no positive twin */
	bool		minus;

	while (isspace((unsigned char) *p))
		p++;
	minus = (*p == '-');
	if (*p == '-' || *p == '+')
		p++;
	if (!isdigit((unsigned char) *p))
		return false;
	for (; isdigit((unsigned char) *p); p++)
	{
		if (pg_mul_s64_overflow(negative, 10, &negative) ||
			pg_sub_s64_overflow(negative, *p - '0', &negative))
			return false;
	}
	while (isspace((unsigned char) *p))
		p++;
	if (*p != '\0')
		return false;
	if (minus)
		*result = negative;
	else if (negative == PG_INT64_MIN)
		return false;
	else
		*result = -negative;
	return true;
}

/* A double as strtod() takes it, all of the text; false if out of range, too. */
bool
ct_parse_double(const char *text, double *result)
{
	char	   *end;

	errno = 0;
	*result = strtod(text, &end);
	return errno == 0 && end != text && *end == '\0';
}

/* Does the text look like an integer, so that it must not overflow? */
static bool
variables_looks_like_int(const char *text)
{
	while (isspace((unsigned char) *text))
		text++;
	if (*text == '+' || *text == '-')
		text++;
	if (*text == '\0')
		return false;
	return text[strspn(text, "0123456789")] == '\0';
}

/*
 * What an expression sees of a text: by pgbench's rules null, a boolean (also
 * abbreviated: "t", "ye"), an integer or a double.  The name, which may be
 * NULL, is for the error if it is none of these.
 */
CtValue
ct_value_from_text(const char *text, const char *name)
{
	Size		length = strlen(text);
	CtValue		value;

	value.type = CT_VALUE_UNSET;
	value.u.i = 0;

	/* most are integers, and no word begins as one does */
	if (ct_parse_int64(text, &value.u.i) && variables_looks_like_int(text))
		value.type = CT_VALUE_INT;
	else if (length == 0)
		 /* is nothing */ ;
	else if (pg_strcasecmp(text, "null") == 0)
	{
		value.type = CT_VALUE_NULL;
		value.u.i = 0;
	}
	else if (pg_strncasecmp(text, "true", length) == 0 ||
			 pg_strncasecmp(text, "yes", length) == 0 ||
			 pg_strcasecmp(text, "on") == 0)
	{
		value.type = CT_VALUE_BOOL;
		value.u.b = true;
	}
	else if (pg_strncasecmp(text, "false", length) == 0 ||
			 pg_strncasecmp(text, "no", length) == 0 ||
			 pg_strcasecmp(text, "off") == 0 ||
			 pg_strcasecmp(text, "of") == 0)
	{
		value.type = CT_VALUE_BOOL;
		value.u.b = false;
	}
	else if (!variables_looks_like_int(text) && ct_parse_double(text, &value.u.d))
		value.type = CT_VALUE_DOUBLE;

	if (value.type == CT_VALUE_UNSET)
	{
		bool		overflow = variables_looks_like_int(text);

		ereport(ERROR,
				(errcode(overflow ? ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE :
						 ERRCODE_INVALID_TEXT_REPRESENTATION),
				 name ? errmsg("malformed variable \"%s\" value: \"%s\"", name, text) :
				 errmsg("malformed value: \"%s\"", text),
				 overflow ?
				 errdetail("The value is out of range for bigint.") :
				 errdetail("An expression needs a number, a boolean or null.")));
	}
	return value;
}

/*
 * Is the value true, as \if sees it?  Null and zero are false, other numbers
 * are true.  Text is converted first, which raises an error if it is none of
 * these.
 */
bool
ct_value_as_bool(const CtValue *value)
{
	CtValue		converted;

	switch (value->type)
	{
		case CT_VALUE_UNSET:
			break;
		case CT_VALUE_NULL:
			return false;
		case CT_VALUE_BOOL:
			return value->u.b;
		case CT_VALUE_INT:
			return value->u.i != 0;
		case CT_VALUE_DOUBLE:
			return value->u.d != 0.0;
		case CT_VALUE_TEXT:
			converted = ct_value_from_text(value->u.t, NULL);
			return ct_value_as_bool(&converted);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_PARAMETER),
			 errmsg("undefined variable")));
	return false;				/* keep the compiler quiet */
}

/*
 * The value as a number.  Raises an error for booleans, null and text that is
 * no number.
 */
double
ct_value_as_double(const CtValue *value)
{
	CtValue		converted;

	switch (value->type)
	{
		case CT_VALUE_INT:
			return (double) value->u.i;
		case CT_VALUE_DOUBLE:
			return value->u.d;
		case CT_VALUE_TEXT:
			converted = ct_value_from_text(value->u.t, NULL);
			return ct_value_as_double(&converted);
		case CT_VALUE_NULL:
		case CT_VALUE_BOOL:
			break;
		case CT_VALUE_UNSET:
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_PARAMETER),
					 errmsg("undefined variable")));
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot convert %s to a number",
					value->type == CT_VALUE_NULL ? "null" : "boolean")));
	return 0;					/* keep the compiler quiet */
}

bool
ct_value_is_rounds(const CtValue *value)
{
	if (value->type == CT_VALUE_INT)
		return value->u.i >= 0 && value->u.i <= CT_MAX_ROUNDS;
	return value->type == CT_VALUE_DOUBLE && value->u.d >= 0 && value->u.d <= CT_MAX_ROUNDS &&
		value->u.d == floor(value->u.d);
}

int
ct_value_as_rounds(const CtValue *value)
{
	if (!ct_value_is_rounds(value))
	{
		const char *text = ct_value_to_cstring(value);

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\\repeat cannot have %s rounds", text ? text : "null"),
				 errdetail("The rounds are a whole number from 0 to %d.", CT_MAX_ROUNDS)));
	}
	return (int) (value->type == CT_VALUE_INT ? value->u.i : value->u.d);
}
