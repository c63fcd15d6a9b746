/*
 * near_match.c
 *		Hints for a name that doesn't exist.
 *
 * The server's own machinery for this (initClosestMatch) is there from 16 on
 * only, and knows a single nearest name.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/varlena.h"

#include "src/base/near_match.h"

#define MAX_NEAR	3			/* nearest names in a hint */
#define MAX_LISTED	12			/* candidates that are few enough to list */
#define MAX_LENGTH	255			/* of what Levenshtein's distance is taken of */

static void
near_match_copy_lower(char *to, const char *from, int length)
{
	int			i;

	for (i = 0; i < length; i++)
		to[i] = pg_ascii_tolower((unsigned char) from[i]);
	to[length] = '\0';
}

/*
 * How far a candidate is from what was typed, 0 being the same but for case;
 * -1 if they have nothing to do with each other.
 */
static int
near_match_distance(const char *name, const char *candidate)
{
	char		a[MAX_LENGTH + 1];
	char		b[MAX_LENGTH + 1];
	int			name_length = strlen(name);
	int			candidate_length = strlen(candidate);
	int			limit;
	int			d;

	if (name_length == 0 || name_length > MAX_LENGTH || candidate_length > MAX_LENGTH)
		return pg_strcasecmp(name, candidate) == 0 ? 0 : -1;

	/* half of the name may be wrong, as in the server's own hints */
	limit = Min(4, name_length / 2);
	near_match_copy_lower(a, name, name_length);
	near_match_copy_lower(b, candidate, candidate_length);
	d = varstr_levenshtein_less_equal(a, name_length, b, candidate_length,
									  1, 1, 1, limit, true);
	if (d <= limit)
		return d;

	/* the beginning of a long name, or its other way round */
	if (name_length >= 3 && candidate_length >= 3 &&
		(strstr(b, a) != NULL || strstr(a, b) != NULL))
		return limit + 1;
	return -1;
}

/* The nearest candidates, nearest first; returns how many. */
static int
near_match_find_near(const char *name, const List *candidates, const char **near, int most)
{
	int			distances[MAX_NEAR];
	int			n = 0;
	ListCell   *lc;
	int			i;

	foreach(lc, candidates)
	{
		const char *candidate = lfirst(lc);
		int			d;

		CHECK_FOR_INTERRUPTS();
		d = near_match_distance(name, candidate);
		if (d < 0)
			continue;

		/* insert it among the nearest ones so far */
		for (i = n; i > 0 && distances[i - 1] > d; i--)
		{
			if (i < most)
			{
				near[i] = near[i - 1];
				distances[i] = distances[i - 1];
			}
		}
		if (i < most)
		{
			near[i] = candidate;
			distances[i] = d;
			n = Min(n + 1, most);
		}
	}
	return n;
}

const char *
ct_near_match(const char *name, const List *candidates)
{
	const char *near[1];

	return near_match_find_near(name, candidates, near, 1) > 0 ? near[0] : NULL;
}

char *
ct_near_match_hint(const char *name, const List *candidates, const char *plural, const char *look)
{
	StringInfoData buf;
	const char *near[MAX_NEAR];
	int			nnear = near_match_find_near(name, candidates, near, MAX_NEAR);
	ListCell   *lc;
	int			i;

	initStringInfo(&buf);
	if (nnear > 0)
	{
		appendStringInfoString(&buf, "Perhaps you meant ");
		for (i = 0; i < nnear; i++)
			appendStringInfo(&buf, "%s\"%s\"",
							 i == 0 ? "" : i == nnear - 1 ? " or " : ", ", near[i]);
		appendStringInfoChar(&buf, '.');
	}
	else if (candidates == NIL)
		appendStringInfo(&buf, "There are no %s.", plural);
	else if (list_length(candidates) == 1)
		appendStringInfo(&buf, "There is only \"%s\".", (const char *) linitial(candidates));
	else if (list_length(candidates) <= MAX_LISTED)
	{
		appendStringInfo(&buf, "The %s are ", plural);
		foreach(lc, candidates)
			appendStringInfo(&buf, "%s\"%s\"",
							 foreach_current_index(lc) == 0 ? "" : ", ",
							 (const char *) lfirst(lc));
		appendStringInfoChar(&buf, '.');
	}
	else if (look != NULL)
		appendStringInfoString(&buf, look);
	else
		return NULL;
	return buf.data;
}
