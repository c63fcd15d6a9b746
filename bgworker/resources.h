/*
 * resources.h
 *		What a run uses: CPU, memory, WAL, temporary files, pages, connections,
 *		the size of its tables.
 */
#ifndef CT_RESOURCES_H
#define CT_RESOURCES_H

#include "bgworker/shm/shared.h"
#include "src/results/rows.h"

/* What has been used until a moment, or is used at it. */
typedef struct CtReading
{
	uint64		at_ns;			/* 0: there is none */
	double		cpu_ns;			/* of the workers; NaN: unknown, like all that follow */
	double		server_ns;		/* of all of the server's */
	double		machine_used;	/* of everything on the machine, in whatever unit */
	double		machine_all;	/* that there was to be had */
	double		machine_memory; /* in use, 0 to 1 */
	double		memory;			/* of the workers, bytes */
	double		max_worker;		/* of the largest worker */
	int			connections;	/* backends that count against max_connections */
	CtSlotUsage usage;			/* of the workers */
} CtReading;

/* the leader's; zeroes at first */
typedef struct CtResources
{
	int			nworkers;
	int64	   *cpu_ns;			/* of each of them, when it was last seen alive */
	CtReading	recorded;		/* at the end of the last row */
	CtReading	now;
	bool		ended;			/* nobody is at it any more: now is the last one */

	/* of the tables */
	int64		dead_tuples;	/* -1: unknown */
	int64		table_bytes;	/* -1: unknown */
	bool		too_many;		/* there are too many to look at */
	uint64		next_look_ns;	/* when looking at them has become cheap again */
} CtResources;

/* The first reading, with the gate about to open.  What it keeps is in the current context. */
extern void ct_resources_begin(CtResources *resources, CtShared *shared);

/* Another reading; last: none follows, for the workers are about to go. */
extern void ct_resources_read(CtResources *resources, CtShared *shared, bool last);

/*
 * Looks at the tables in the sandbox, in a transaction: waits for no lock on
 * them, and costs one CPU half a percent at most, whatever their number, or
 * else they are unknown this time.
 */
extern void ct_resources_look(CtResources *resources, Oid sandbox);

/* What was used since the last row; false if there is no reading since then. */
extern bool ct_resources_row(const CtResources *resources, CtResourceRow *row);

/* The row has been recorded. */
extern void ct_resources_recorded(CtResources *resources);

#endif							/* CT_RESOURCES_H */
