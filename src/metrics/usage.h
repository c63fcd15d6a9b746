/*
 * usage.h
 *		What a run has used, summed up from readings of what was used until a
 *		moment, or is used at it.
 */
#ifndef CT_USAGE_H
#define CT_USAGE_H

/* what sessions have used since they were opened */
typedef struct CtSessionUsage
{
	uint64		wal_bytes;
	uint64		temp_blocks;	/* written to temporary files */
	uint64		blocks_hit;		/* of shared buffers */
	uint64		blocks_read;
} CtSessionUsage;

typedef struct CtReading
{
	uint64		at_ns;			/* 0: there is none */
	double		transactions;	/* that workers have executed until then */
	double		cpu_ns;			/* of the workers; NaN: unknown, like all that follow */
	double		server_ns;		/* of all of the server's processes */
	double		machine_used;	/* of everything on the machine, in whatever unit */
	double		machine_all;	/* that there was to be had */
	double		machine_memory; /* in use, 0 to 1 */
	double		memory;			/* of the workers, bytes */
	double		max_worker;		/* of the largest one */
	int			connections;	/* backends that count against max_connections */
	CtSessionUsage sessions;	/* of the workers */
} CtReading;

/* What a run comes to; NaN: unknown.  MB are 2^20 bytes, shares of CPUs and of memory in percent. */
typedef struct CtUsage
{
	double		cpu;			/* of the workers, of all CPUs, on average */
	double		max_cpu;		/* in a second */
	double		server_cpu;		/* of all of the server's processes */
	double		machine_cpu;	/* of everything */
	double		max_machine_cpu;
	double		max_machine_memory;
	double		start_memory_mb;	/* of the workers */
	double		max_memory_mb;
	double		end_memory_mb;
	double		memory_growth_mb;	/* from the start to the maximum */
	double		memory_slope_mb;	/* per 1000 transactions, as the run went on */
	double		max_worker_mb;	/* of the largest worker */
	double		temp_mb;
	double		wal_mb;
	double		hit_rate;		/* pages found in shared buffers, of all, 0 to 1 */
	double		connections;	/* most at a time, of everybody */
	double		max_dead_tuples;
	double		max_table_mb;

	/* the slope's 95 % interval */
	double		memory_slope_low_mb;
	double		memory_slope_high_mb;
} CtUsage;

/* memory after so many transactions */
typedef struct CtGrowthPoint
{
	double		transactions;
	double		memory;
} CtGrowthPoint;

#define CT_GROWTH_POINTS	128

/* readings summed up; of fixed size, however many there are */
typedef struct CtUsageSum
{
	int			cpus;
	CtReading	first;
	CtReading	last;
	double		max_cpu;
	double		max_machine_cpu;
	double		max_machine_memory;
	double		max_memory;
	double		max_worker;
	int			connections;
	double		dead_tuples;
	double		table_bytes;
	int			every;			/* how many readings a point stands for */
	int			left_out;		/* since the last point */
	int			npoints;
	CtGrowthPoint points[CT_GROWTH_POINTS];
} CtUsageSum;

/* Begins, or begins anew, with a reading. */
extern void ct_usage_begin(CtUsageSum *sum, const CtReading *reading, int cpus);
extern void ct_usage_add(CtUsageSum *sum, const CtReading *reading);

/* What tables come to at a moment. */
extern void ct_usage_add_tables(CtUsageSum *sum, double dead_tuples, double bytes);

extern void ct_usage_result(const CtUsageSum *sum, CtUsage *usage);

/*
 * How memory grows per 1000 transactions, with its 95 % interval.  The first
 * third is left out, in which caches fill.  The rest is cut into 10 to 20
 * stretches, whose growths are what the interval is of: memory that goes up in
 * one jump and stays there, or up and down, grows in few of them, and gets an
 * interval that reaches to both sides of zero.  NaN where there are fewer
 * stretches, or no transactions.
 */
extern void ct_usage_slope(const CtGrowthPoint *points, int npoints, double *slope,
						   double *low, double *high);

/* a share in percent; NaN where there is no whole */
extern double ct_usage_percent(double part, double whole);

#endif							/* CT_USAGE_H */
