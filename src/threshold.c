/*
 * threshold.c
 *		Thresholds as users write them.
 *
 * What the metrics are is in checks/slo.c; how they come out of a run's
 * results, in checks/check.c.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "src/threshold.h"
#include "src/validate.h"

/* ---- reading ---- */

/*
 * A decimal number and nothing else: digits with a point and an exponent, no
 * hexadecimal, no NaN.  Returns its end, NULL if there is none.
 */
static const char *
scan_number(const char *p)
{
	int			digits = 0;

	if (*p == '+' || *p == '-')
		p++;
	for (; isdigit((unsigned char) *p); p++)
		digits++;
	if (*p == '.')
		for (p++; isdigit((unsigned char) *p); p++)
			digits++;
	if (digits == 0)
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (*p == '+' || *p == '-')
			p++;
		if (!isdigit((unsigned char) *p))
			return NULL;
		while (isdigit((unsigned char) *p))
			p++;
	}
	return p;
}

static bool
is_op_char(char c)
{
	return c != '\0' && strchr("<=>!", c) != NULL;
}

/* Can it be a metric's name where a query might stand as well? */
static bool
is_word(const char *name)
{
	const unsigned char *p = (const unsigned char *) name;

	for (; *p; p++)
	{
		if (!isalnum(*p) && !IS_HIGHBIT_SET(*p) && strchr("_.:-", *p) == NULL)
			return false;
	}
	return true;
}

bool
ct_threshold_parse(const char *text, bool any_name, CtPlanSlo *threshold)
{
	const char *end = text + strlen(text);
	const char *start = text;
	const char *op;
	const char *number;
	const char *name_end;

	while (isspace((unsigned char) *start))
		start++;
	while (end > start && isspace((unsigned char) end[-1]))
		end--;

	/* from the end, for whatever stands before the comparison may be a name */
	for (number = end; number > start && !is_op_char(number[-1]); number--)
		;
	for (op = number; op > start && is_op_char(op[-1]); op--)
		;
	for (name_end = op; name_end > start && isspace((unsigned char) name_end[-1]); name_end--)
		;
	threshold->metric = pnstrdup(start, name_end - start);
	threshold->op = pnstrdup(op, number - op);
	if (threshold->metric[0] == '\0' || threshold->op[0] == '\0' ||
		(!any_name && !is_word(threshold->metric)))
		return false;

	while (isspace((unsigned char) *number))
		number++;
	if (scan_number(number) != end)
		return false;
	errno = 0;
	threshold->target = strtod(number, NULL);
	if (errno != 0)
		return false;
	ct_validate_slo(threshold->metric, threshold->op, threshold->target);
	return true;
}

/* ---- a call's over those of a scenario ---- */

/*
 * What a threshold bounds and from which side, as one string: a call's takes
 * the place of those for which it is the same.
 */
static char *
bound_of(const CtPlanSlo *threshold)
{
	const char *op = threshold->op;
	char		side = strcmp(op, "<") == 0 || strcmp(op, "<=") == 0 ? '<' :
		strcmp(op, ">") == 0 || strcmp(op, ">=") == 0 ? '>' :
		op[0] == '=' ? '=' : '!';

	return psprintf("%c%s", side, threshold->metric);
}

static int
compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

List *
ct_threshold_override(List *thresholds, ArrayType *given)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	char	  **bounds;
	List	   *own = NIL;
	List	   *all = NIL;
	ListCell   *lc;
	int			i;

	if (given == NULL)
		return thresholds;
	deconstruct_array(given, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	if (n == 0)
		return thresholds;

	bounds = palloc(n * sizeof(char *));
	for (i = 0; i < n; i++)
	{
		CtPlanSlo  *threshold = palloc0(sizeof(CtPlanSlo));

		CHECK_FOR_INTERRUPTS();
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("thresholds must not contain nulls")));
		if (!ct_threshold_parse(TextDatumGetCString(elements[i]), true, threshold))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" is not a threshold", TextDatumGetCString(elements[i])),
					 errhint("Write a metric, a comparison and a decimal number, like \"p95_ms < 100\".")));
		bounds[i] = bound_of(threshold);
		own = lappend(own, threshold);
	}
	qsort(bounds, n, sizeof(char *), compare_strings);

	/* those of the call don't replace one another */
	foreach(lc, thresholds)
	{
		char	   *bound = bound_of(lfirst(lc));

		CHECK_FOR_INTERRUPTS();
		if (bsearch(&bound, bounds, n, sizeof(char *), compare_strings) == NULL)
			all = lappend(all, lfirst(lc));
	}
	return list_concat(all, own);
}
