/*
 * member.c
 *		Members of the JSON objects that users write.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "src/base/near_match.h"
#include "src/plan/member.h"

char *
ct_member_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

void
ct_member_wrong_type(const char *of, const char *member, const char *expected)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("\"%s\" of %s must be %s", member, of, expected)));
}

char *
ct_member_text(const char *of, const char *member, const JsonbValue *value)
{
	if (value->type != jbvString)
		ct_member_wrong_type(of, member, "a string");
	return ct_member_string(value);
}

double
ct_member_number(const char *of, const char *member, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		ct_member_wrong_type(of, member, "a number");
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
											  NumericGetDatum(value->val.numeric)));
}

/* whose the text is that is no interval */
static void
member_interval_context(void *arg)
{
	errcontext("%s", (const char *) arg);
}

Interval *
ct_member_interval(const char *of, const char *member, const JsonbValue *value)
{
	ErrorContextCallback context;
	Datum		interval;

	if (value->type != jbvString)
		ct_member_wrong_type(of, member, "an interval's text, like \"10 s\"");
	context.callback = member_interval_context;
	context.arg = psprintf("\"%s\" of %s", member, of);
	context.previous = error_context_stack;
	error_context_stack = &context;
	interval = DirectFunctionCall3(interval_in, CStringGetDatum(ct_member_string(value)),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	error_context_stack = context.previous;
	return DatumGetIntervalP(interval);
}

char *
ct_member_hint(const char *member, const char *const *members, int n, const char *look)
{
	List	   *names = NIL;
	int			i;

	for (i = 0; i < n; i++)
		names = lappend(names, unconstify(char *, members[i]));
	return ct_near_match_hint(member, names, "members", look);
}
