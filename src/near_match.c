/*
 * near_match.c
 *		Hints for a name that doesn't exist.
 *
 * The server's own machinery for this (initClosestMatch) is there from 16 on
 * only, and knows a single nearest name.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/varlena.h"

#include "src/near_match.h"

#define MAX_NEAR	3			/* nearest names in a hint */
#define MAX_LISTED	12			/* candidates that are few enough to list */
#define MAX_LENGTH	255			/* of what Levenshtein's distance is taken of */

/*
 * How far a candidate is from what was typed, 0 being the same but for case;
 * -1 if they have nothing to do with each other.
 */
static int
distance(const char *name, const char *candidate)
{
	int			name_length = strlen(name);
	int			candidate_length = strlen(candidate);
	int			limit;
	int			d;

	if (pg_strcasecmp(name, candidate) == 0)
		return 0;
	if (name_length == 0 || name_length > MAX_LENGTH || candidate_length > MAX_LENGTH)
		return -1;

	/* half of the name may be wrong, as in the server's own hints */
	limit = Min(4, name_length / 2);
	d = varstr_levenshtein_less_equal(name, name_length, candidate, candidate_length,
									  1, 1, 1, limit, true);
	if (d <= limit)
		return d;

	/* the beginning of a long name, or its other way round */
	if (name_length >= 3 && candidate_length >= 3 &&
		(strstr(candidate, name) != NULL || strstr(name, candidate) != NULL))
		return limit + 1;
	return -1;
}

char *
ct_near_match_hint(const char *name, const List *candidates, const char *plural, const char *look)
{
	StringInfoData buf;
	const char *near[MAX_NEAR];
	int			near_distance[MAX_NEAR];
	int			nnear = 0;
	ListCell   *lc;
	int			i;

	foreach(lc, candidates)
	{
		const char *candidate = lfirst(lc);
		int			d = distance(name, candidate);

		if (d < 0)
			continue;

		/* insert it among the nearest ones so far */
		for (i = nnear; i > 0 && near_distance[i - 1] > d; i--)
		{
			if (i < MAX_NEAR)
			{
				near[i] = near[i - 1];
				near_distance[i] = near_distance[i - 1];
			}
		}
		if (i < MAX_NEAR)
		{
			near[i] = candidate;
			near_distance[i] = d;
			nnear = Min(nnear + 1, MAX_NEAR);
		}
	}

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
