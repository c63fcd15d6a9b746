/*
 * given_checks.c
 *		Checks that are given in a call, of ct_test and ct_race: an array of
 *		queries and thresholds.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "src/plan/given_checks.h"
#include "src/plan/threshold.h"
#include "src/plan/validate.h"

/* neighbours that are looked at to find what an element was a piece of */
#define MAX_PIECES	8

/*
 * The SQLSTATE of what is wrong with a threshold or query that is to be a
 * check, by all that can be told without a database; 0 if nothing is.
 */
static int
given_error(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int result = 0;

	PG_TRY();
	{
		CtPlanThreshold threshold;

		if (!ct_threshold_parse(text, false, &threshold))
			ct_validate_check("check", text, ct_known_create());
	}
	PG_CATCH();
	{
		/* nothing but parsing has been going on */
		MemoryContextSwitchTo(context);
		result = geterrcode();
		if (result == ERRCODE_QUERY_CANCELED || result == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return result;
}

/*
 * Raises if element i, which doesn't parse, is a piece of a query that was
 * split at its commas, as in an array literal: joined with its neighbours it
 * can be one.
 */
static void
given_check_split(char **elements, int n, int i)
{
	int			first;
	int			last;
	int			k;

	for (first = i; first >= Max(0, i - MAX_PIECES); first--)
	{
		StringInfoData joined;

		initStringInfo(&joined);
		appendStringInfoString(&joined, elements[first]);
		for (last = first + 1; last < Min(n, i + MAX_PIECES + 1); last++)
		{
			CHECK_FOR_INTERRUPTS();
			appendStringInfo(&joined, ",%s", elements[last]);
			if (last < i || given_error(joined.data) != 0)
				continue;
			k = pg_mbcliplen(elements[i], strlen(elements[i]), 60);
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a check was split at its commas: \"%.*s%s\" is only a piece of one",
							k, elements[i], elements[i][k] != '\0' ? "..." : ""),
					 errdetail("Elements %d to %d are one query if they are joined by commas.",
							   first + 1, last + 1),
					 errhint("Write checks => ARRAY['...', '...'], or put each check of an array literal into double quotes.")));
		}
		pfree(joined.data);
	}
}

void
ct_plan_read_given_checks(CtPlan *plan, ArrayType *checks)
{
	Datum	   *values;
	bool	   *nulls;
	char	  **elements;
	int			nelements = 0;
	bool		wrong = false;
	int			i;

	if (checks != NULL)
		deconstruct_array(checks, TEXTOID, -1, false, TYPALIGN_INT,
						  &values, &nulls, &nelements);
	elements = palloc(Max(nelements, 1) * sizeof(char *));
	for (i = 0; i < nelements; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("checks must not contain nulls")));
		elements[i] = TextDatumGetCString(values[i]);
	}
	for (i = 0; i < nelements; i++)
	{
		CtPlanThreshold *threshold = palloc0(sizeof(CtPlanThreshold));
		CtPlanCheck *check;

		CHECK_FOR_INTERRUPTS();

		/* the first one that doesn't parse is the one that will be told */
		if (nelements > 1 && !wrong && given_error(elements[i]) == ERRCODE_SYNTAX_ERROR)
		{
			given_check_split(elements, nelements, i);
			wrong = true;
		}
		if (ct_threshold_parse(elements[i], false, threshold))
		{
			plan->thresholds = lappend(plan->thresholds, threshold);
			continue;
		}
		check = palloc0(sizeof(CtPlanCheck));
		check->name = psprintf("check_%d", i + 1);
		check->query = elements[i];
		check->kind = "invariant";
		plan->checks = lappend(plan->checks, check);
	}
}
