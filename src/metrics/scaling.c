/*
 * scaling.c
 *		How throughput follows the number of clients.
 */
#include "postgres.h"

#include <math.h>

#include "src/metrics/scaling.h"

static const CtInterval unknown = {NAN, NAN, NAN};

/* A point's throughput as a share of another one's, times so much, with its interval. */
static CtInterval
scaling_ratio(const CtScalingPoint *of, const CtScalingPoint *to, double by, double level)
{
	CtChange	change;
	CtInterval	ratio;

	if (of->n == 0 || to->n == 0)
		return unknown;
	change = ct_stats_change(to->samples, to->n, of->samples, of->n, false, level);
	ratio.estimate = (1 + change.change) * by;
	ratio.low = (1 + change.low) * by;
	ratio.high = (1 + change.high) * by;
	return ratio;
}

static CtInterval
scaling_tps(const CtScalingPoint *point, double level)
{
	double		values[CT_SCALING_RUNS];
	double		sum = 0;
	CtInterval	tps;
	int			i;

	if (point->n == 0)
		return unknown;
	for (i = 0; i < point->n; i++)
		sum += values[i] = point->samples[i].value;
	tps = point->n > 1 ? ct_stats_mean_independent(values, point->n, level) :
		ct_stats_mean(point->samples[0].batches, point->samples[0].n, level);
	tps.estimate = sum / point->n;
	return tps;
}

void
ct_scaling_measure(CtScalingPoint *points, int npoints, double level)
{
	const CtScalingPoint *highest = NULL;
	int			i;

	for (i = 0; i < npoints; i++)
	{
		CtScalingPoint *point = &points[i];

		point->tps = scaling_tps(point, level);
		point->efficiency = scaling_ratio(point, &points[0], (double) points[0].clients / point->clients, level);
		point->first = highest == NULL;
		point->retained = point->first ? unknown : scaling_ratio(point, highest, 1, level);
		if (i == 0 && point->n > 0)
			point->efficiency.estimate = point->efficiency.low = point->efficiency.high = 1;
		if (point->n > 0 && (highest == NULL || point->tps.estimate > highest->tps.estimate))
			highest = point;
	}
}

/* Is a share as high as asked for? */
static CtScalingAnswer
scaling_judge(const CtInterval *share, double least)
{
	if (isnan(least) || share->low >= least)
		return CT_SCALING_MET;
	return share->high < least ? CT_SCALING_MISSED : CT_SCALING_UNKNOWN;
}

CtScalingAnswer
ct_scaling_is_efficient(const CtScalingPoint *point, double least)
{
	return scaling_judge(&point->efficiency, least);
}

CtScalingAnswer
ct_scaling_is_graceful(const CtScalingPoint *point, double least)
{
	return point->first ? CT_SCALING_MET : scaling_judge(&point->retained, least);
}
