/*
 * pace.c
 *		A rate that rises or falls, integrated and inverted.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/pace.h"

/* the rate at a time */
static double
pace_rate(const CtPace *pace, double at_s)
{
	return at_s >= pace->ramp ? pace->to :
		pace->from + (pace->to - pace->from) * at_s / pace->ramp;
}

double
ct_pace_count(const CtPace *pace, double from_s, double until_s)
{
	double		ramp_end = Max(Min(until_s, pace->ramp), from_s);

	/* a trapezoid, and what comes after it */
	return (ramp_end - from_s) * (pace_rate(pace, from_s) + pace_rate(pace, ramp_end)) / 2 +
		(until_s - ramp_end) * pace->to;
}

double
ct_pace_after(const CtPace *pace, double from_s, double count)
{
	double		rate = pace_rate(pace, from_s);
	double		in_ramp;
	double		slope;

	if (from_s < pace->ramp)
	{
		in_ramp = ct_pace_count(pace, from_s, pace->ramp);
		if (count < in_ramp)
		{
			/* count = rate t + slope t^2 / 2, solved so that nothing is cancelled out where either is small */
			slope = (pace->to - pace->from) / pace->ramp;
			return from_s + 2 * count / (rate + sqrt(Max(rate * rate + 2 * slope * count, 0)));
		}
		count -= in_ramp;
		from_s = pace->ramp;
	}
	return from_s + count / pace->to;
}
