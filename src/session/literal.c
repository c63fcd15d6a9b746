/*
 * literal.c
 *		Values as SQL text.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/keywords.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "src/base/ct_compat.h"
#include "src/session/literal.h"
#include "src/session/place.h"

bool
ct_literal_is_number(const CtValue *value)
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

/* ---- types ---- */

bool
ct_literal_is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == BPCHAROID || type == NAMEOID ||
		type == UNKNOWNOID || type == CSTRINGOID;
}

/* The type that an integer's literal has. */
static Oid
literal_integer_type(int64 i)
{
	return i >= PG_INT32_MIN && i <= PG_INT32_MAX ? INT4OID : INT8OID;
}

Oid
ct_literal_type(const CtValue *value)
{
	int64		i;

	if (value->type == CT_VALUE_UNSET || value->type == CT_VALUE_NULL)
		return InvalidOid;
	/* which may have been dropped since */
	if (OidIsValid(value->column_type) && !ct_literal_is_text(value->column_type) &&
		get_typisdefined(value->column_type))
		return value->column_type;
	if (value->type == CT_VALUE_BOOL)
		return BOOLOID;
	if (value->type == CT_VALUE_INT)
		return literal_integer_type(value->u.i);
	if (ct_literal_is_number(value))
		return ct_parse_int64(ct_value_to_cstring(value), &i) ? literal_integer_type(i) : NUMERICOID;
	return value->type == CT_VALUE_DOUBLE ? FLOAT8OID : InvalidOid;
}

/* ---- text ---- */

/* Can it stand where a name must, as it is: a qualified one, or one that is no reserved word? */
static bool
literal_is_name(const char *text)
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
literal_is_word(const char *text, bool digits_only)
{
	const char *p;

	for (p = text; *p != '\0'; p++)
		if (!isdigit((unsigned char) *p) &&
			(digits_only || (!isalpha((unsigned char) *p) && *p != '_' && !IS_HIGHBIT_SET(*p))))
			return false;
	return p > text;
}

static void
literal_raise_value(const char *variable, const char *value, const char *where)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_NAME),
			 errmsg("value of variable \"%s\" cannot stand %s", variable, where),
			 errdetail("The value is \"%s\".", value)));
}

/* Within quotes: what would end them, or be an escape in them, is escaped. */
static void
literal_append_quoted(StringInfo buf, const CtVarRef *ref, const char *variable, const CtValue *value,
					  const char *string)
{
	char		quote = ref->quote;
	bool		escapes = quote == 'E' || (quote == '\'' && ct_backslash_escapes());
	const char *p;

	if (quote == 'E')
		quote = '\'';
	if (quote == '$' && !literal_is_word(string, false) && !ct_literal_is_number(value))
		literal_raise_value(variable, string, "within dollar quotes");
	for (p = string; *p != '\0'; p++)
	{
		if (*p == quote || (escapes && *p == '\\'))
			appendStringInfoChar(buf, *p);
		appendStringInfoChar(buf, *p);
	}
}

/* Without a gap to what stands before: what goes on with a number must be digits. */
static void
literal_append_glued(StringInfo buf, int place, const char *variable, const char *string)
{
	const char *end = buf->data + buf->len;
	const char *p = end;
	bool		is_number;

	while (p > buf->data && (isalnum((unsigned char) p[-1]) || p[-1] == '_' || p[-1] == '$' ||
							 IS_HIGHBIT_SET(p[-1])))
		p--;
	is_number = p < end ? isdigit((unsigned char) *p) :
		!(place & CT_PLACE_NAME);
	if (!literal_is_word(string, is_number))
		literal_raise_value(variable, string,
							is_number ? "as a part of a number" : "as a part of a name");
	appendStringInfoString(buf, string);
}

void
ct_literal_append(StringInfo buf, const CtVarRef *ref, int place, const char *variable,
				  const CtValue *value)
{
	bool		bare = value->type != CT_VALUE_TEXT && value->type != CT_VALUE_NULL;
	const char *string = value->type == CT_VALUE_NULL ? "NULL" : ct_value_to_cstring(value);

	if (value->type == CT_VALUE_DOUBLE || value->type == CT_VALUE_TEXT)
		bare = ct_literal_is_number(value);

	if (place == CT_PLACE_QUOTED)
		literal_append_quoted(buf, ref, variable, value, string);
	else if (place & CT_PLACE_GLUED)
		literal_append_glued(buf, place, variable, string);
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
		appendStringInfoString(buf, literal_is_name(string) ? string : quote_identifier(string));
	else
		appendStringInfoString(buf, quote_literal_cstr(string));
}
