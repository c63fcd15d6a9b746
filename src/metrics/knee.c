/*
 * knee.c
 *		Where the highest load is that holds.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/knee.h"

static bool
knee_breaks(const CtKneePoint *point)
{
	return point->broke > point->held;
}

/* the lowest point that breaks; npoints if none does */
static int
knee_lowest_broken(const CtKnee *knee)
{
	int			i;

	for (i = 0; i < knee->npoints; i++)
		if (knee_breaks(&knee->points[i]))
			break;
	return i;
}

/* Has it been tried often enough, to be an end of the gap? */
static bool
knee_is_sure(const CtKneePoint *point)
{
	return point->held + point->broke >= 2 && point->held != point->broke;
}

/* a number between, of whole ones neither of both */
static double
knee_between(const CtKnee *knee, double low, double high)
{
	return knee->whole ? floor((low + high) / 2) : sqrt(low * high);
}

bool
ct_knee_next(const CtKnee *knee, double *value)
{
	int			high = knee_lowest_broken(knee);
	const CtKneePoint *low = high > 0 ? &knee->points[high - 1] : NULL;
	int			i;

	/* two tries that differ, anywhere below: what is above doesn't matter any more */
	for (i = 0; i < high; i++)
	{
		*value = knee->points[i].value;
		if (knee->points[i].held == knee->points[i].broke)
			return true;
	}
	if (knee->npoints == 0)
	{
		*value = knee->start;
		return true;
	}
	if (high == knee->npoints)
	{
		*value = Min(low->value * 2, knee->max);
		return low->value < knee->max && knee->npoints < CT_KNEE_POINTS;
	}

	if (low == NULL)
	{
		*value = knee->points[0].value / 2;
		if (knee->whole)
			*value = floor(*value);
		if (*value >= knee->min && knee->npoints < CT_KNEE_POINTS)
			return true;
	}
	else if (knee->npoints < CT_KNEE_POINTS &&
			 knee->points[high].value - low->value > Max(knee->resolution * low->value, knee->whole ? 1 : 0))
	{
		*value = knee_between(knee, low->value, knee->points[high].value);
		return true;
	}

	if (low != NULL && !knee_is_sure(low))
		*value = low->value;
	else if (!knee_is_sure(&knee->points[high]))
		*value = knee->points[high].value;
	else
		return false;
	return true;
}

void
ct_knee_saw(CtKnee *knee, double value, bool held)
{
	int			i;

	for (i = 0; i < knee->npoints && knee->points[i].value < value; i++)
		;
	if (i == knee->npoints || knee->points[i].value != value)
	{
		if (knee->npoints == CT_KNEE_POINTS)
			return;
		memmove(&knee->points[i + 1], &knee->points[i], (knee->npoints - i) * sizeof(CtKneePoint));
		knee->points[i].value = value;
		knee->points[i].held = knee->points[i].broke = 0;
		knee->npoints++;
	}
	knee->points[i].held += held;
	knee->points[i].broke += !held;
}

CtKneeResult
ct_knee_result(const CtKnee *knee)
{
	CtKneeResult result = {NAN, NAN, NAN, NAN};
	int			high = knee_lowest_broken(knee);
	int			i;

	if (high < knee->npoints)
		result.broken = knee->points[high].value;
	if (high > 0 && high < knee->npoints)
		result.found = knee->points[high - 1].value;
	for (i = 0; i < knee->npoints && knee->points[i].broke == 0; i++)
		result.low = knee->points[i].value;
	for (i = knee->npoints - 1; i >= 0 && knee->points[i].held == 0; i--)
		result.high = knee->points[i].value;
	return result;
}
