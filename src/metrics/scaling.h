/*
 * scaling.h
 *		How throughput follows the number of clients, and whether that is enough.
 *
 * A point is a number of clients, and the runs with so many.  Ratios of points
 * come with intervals of runs and their seconds (statistics.h); what is asked
 * for is met where the interval lies above it, missed where it lies below.
 *
 * Nothing here allocates, raises, or reads a clock.
 */
#ifndef CT_SCALING_H
#define CT_SCALING_H

#include "src/metrics/statistics.h"

#define CT_SCALING_RUNS		10	/* of a point, at most */

typedef struct CtScalingPoint
{
	int			clients;
	int			n;				/* runs, 0: none was measured, and all else is NaN */
	CtSample	samples[CT_SCALING_RUNS];	/* their throughput */

	/* by ct_scaling_measure */
	CtInterval	tps;			/* mean of the runs */
	CtInterval	efficiency;		/* of each client, against the first point's, which is 1 */
	bool		first;			/* nothing was measured with fewer clients */
	CtInterval	retained;		/* of the highest throughput with fewer clients; NaN of the first one */
} CtScalingPoint;

typedef enum CtScalingAnswer
{
	CT_SCALING_MISSED = -1,		/* surely below what is asked for */
	CT_SCALING_UNKNOWN,
	CT_SCALING_MET				/* or nothing is asked for */
} CtScalingAnswer;

/* Fills in what follows from the samples; points are in the order of their clients. */
extern void ct_scaling_measure(CtScalingPoint *points, int npoints, double level);

/* Does each client do as much as is asked for?  least: NaN if nothing is. */
extern CtScalingAnswer ct_scaling_is_efficient(const CtScalingPoint *point, double least);

/* The same of degrading gracefully; the first one has nothing to retain. */
extern CtScalingAnswer ct_scaling_is_graceful(const CtScalingPoint *point, double least);

#endif							/* CT_SCALING_H */
