/*
 * resources.h
 *		What a run uses: CPU, memory, WAL, temporary files, pages, connections,
 *		the size of its tables.
 */
#ifndef CT_RESOURCES_H
#define CT_RESOURCES_H

#include "bgworker/shm/shared.h"
#include "src/metrics/usage.h"
#include "src/results/rows.h"

/* the leader's; zeroes at first */
typedef struct CtResources
{
	int			nworkers;
	int64	   *cpu_ns;			/* of each of them, when it was last seen alive */
	CtReading	recorded;		/* at the end of the last row */
	CtReading	now;
	CtUsageSum	sum;			/* of the measured part, from the first reading in it */
	bool		ended;			/* nobody is at it any more: now is the last one */

	/* of the tables, when they were last looked at */
	int64		dead_tuples;	/* -1: unknown */
	int64		table_bytes;	/* -1: unknown */
	bool		looked_last;	/* after the end */
	bool		too_many;		/* there are too many to look at */
	uint64		next_look_ns;	/* when looking at them has become cheap again */
} CtResources;

/*
 * The first reading, with the gate about to open.  What it keeps is in the
 * current context.  With telemetry turned off there is none, and none follows.
 */
extern void ct_resources_begin(CtResources *resources, CtShared *shared);

/* Another reading; last: none follows, for the workers have done their share and are about to go. */
extern void ct_resources_read(CtResources *resources, CtShared *shared, bool last);

/*
 * Looks at the tables in the sandbox, in a transaction: waits for no lock on
 * them, and costs one CPU half a percent at most, whatever their number, or
 * else they are unknown this time.
 */
extern void ct_resources_look(CtResources *resources, Oid sandbox);

/* What was used since the last row; false if there is no reading since then. */
extern bool ct_resources_row(const CtResources *resources, CtResourceRow *row);

/* What the run comes to so far, palloc'd; NULL if nothing was read. */
extern CtUsage *ct_resources_usage(const CtResources *resources);

/* The row has been recorded. */
extern void ct_resources_recorded(CtResources *resources);

#endif							/* CT_RESOURCES_H */
