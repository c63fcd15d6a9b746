/*
 * tally.h
 *		What \tally has added up, and how often, under one name.
 *
 * Amounts are finite; a sum of them can be infinite, and a sum of those NaN.
 */
#ifndef CT_TALLY_H
#define CT_TALLY_H

typedef struct CtTally
{
	int64		count;			/* of amounts */
	double		sum;
	double		min;			/* this and max: 0 where the count is 0 */
	double		max;
} CtTally;

static inline CtTally
ct_tally_of(double amount)
{
	return (CtTally) {1, amount, amount, amount};
}

static inline void
ct_tally_add(CtTally *to, const CtTally *from)
{
	if (from->count == 0)
		return;
	to->min = to->count == 0 ? from->min : Min(to->min, from->min);
	to->max = to->count == 0 ? from->max : Max(to->max, from->max);
	to->sum += from->sum;
	to->count += from->count;
}

#endif							/* CT_TALLY_H */
