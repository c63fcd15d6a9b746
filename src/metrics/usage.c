/*
 * usage.c
 *		Readings of what is used, summed up.
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"

#include "src/metrics/batches.h"
#include "src/metrics/distribution.h"
#include "src/metrics/usage.h"

#define MB				(1024.0 * 1024.0)

/* a stretch shorter than this has no maximum of its own, for the system counts CPU time in pieces */
#define PEAK_NS			UINT64CONST(500000000)

double
ct_usage_percent(double part, double whole)
{
	/* the clocks of many processes are looked at one after the other */
	return whole > 0 && !isnan(part) ? Min(Max(part, 0) / whole, 1) * 100 : get_float8_nan();
}

/* the larger one; of two, one of which is NaN, the other one */
static double
usage_max(double a, double b)
{
	return isnan(a) || b > a ? b : a;
}

static void
usage_add_point(CtUsageSum *sum, const CtReading *reading)
{
	int			i;

	if (sum->npoints > 0 && ++sum->left_out < sum->every)
		return;
	sum->left_out = 0;
	if (sum->npoints == CT_GROWTH_POINTS)
	{
		/* every other one stays, the last one not among them: this one is as far from it as they are */
		for (i = 0; i < CT_GROWTH_POINTS / 2; i++)
			sum->points[i] = sum->points[2 * i];
		sum->npoints = CT_GROWTH_POINTS / 2;
		sum->every *= 2;
	}
	sum->points[sum->npoints].transactions = reading->transactions;
	sum->points[sum->npoints++].memory = reading->memory;
}

/* What is looked at by itself, and not from one reading to the next. */
static void
usage_add_moment(CtUsageSum *sum, const CtReading *reading)
{
	sum->max_machine_memory = usage_max(sum->max_machine_memory, reading->machine_memory);
	sum->max_memory = usage_max(sum->max_memory, reading->memory);
	sum->max_worker = usage_max(sum->max_worker, reading->max_worker);
	sum->connections = Max(sum->connections, reading->connections);
	usage_add_point(sum, reading);
	sum->last = *reading;
}

void
ct_usage_begin(CtUsageSum *sum, const CtReading *reading, int cpus)
{
	memset(sum, 0, sizeof(CtUsageSum));
	sum->cpus = cpus;
	sum->first = *reading;
	sum->max_cpu = sum->max_machine_cpu = sum->max_machine_memory = get_float8_nan();
	sum->max_memory = sum->max_worker = sum->dead_tuples = sum->table_bytes = get_float8_nan();
	sum->every = 1;
	usage_add_moment(sum, reading);
}

/* CPU time between two readings, in percent of all CPUs */
static double
usage_cpu(const CtUsageSum *sum, const CtReading *from, const CtReading *to, double ns)
{
	return ct_usage_percent(ns, (double) (to->at_ns - from->at_ns) * sum->cpus);
}

void
ct_usage_add(CtUsageSum *sum, const CtReading *reading)
{
	const CtReading *last = &sum->last;

	if (reading->at_ns - last->at_ns >= PEAK_NS)
	{
		sum->max_cpu = usage_max(sum->max_cpu, usage_cpu(sum, last, reading, reading->cpu_ns - last->cpu_ns));
		sum->max_machine_cpu = usage_max(sum->max_machine_cpu,
										 ct_usage_percent(reading->machine_used - last->machine_used,
														  reading->machine_all - last->machine_all));
	}
	usage_add_moment(sum, reading);
}

void
ct_usage_add_tables(CtUsageSum *sum, double dead_tuples, double bytes)
{
	sum->dead_tuples = usage_max(sum->dead_tuples, dead_tuples);
	sum->table_bytes = usage_max(sum->table_bytes, bytes);
}

void
ct_usage_slope(const CtGrowthPoint *points, int npoints, double *slope, double *low, double *high)
{
	int			left_out = (npoints + 2) / 3;
	int			steps = npoints - left_out - 1;	/* from one point to the next */
	int			n = Min(steps, CT_MAX_BATCHES);
	double		transactions;
	double		growth;
	double		squares = 0;
	double		half;
	int			i;

	*slope = *low = *high = get_float8_nan();
	if (n < CT_MIN_BATCHES)
		return;
	points += left_out;
	transactions = points[steps].transactions - points[0].transactions;
	growth = (points[steps].memory - points[0].memory) / transactions;
	if (!(transactions > 0) || isnan(growth))
		return;
	for (i = 0; i < n; i++)
	{
		const CtGrowthPoint *from = &points[i * steps / n];
		const CtGrowthPoint *to = &points[(i + 1) * steps / n];
		double		off = to->memory - from->memory - growth * (to->transactions - from->transactions);

		squares += off * off;
	}

	/* growth is a ratio of two sums; its deviation is that of what each stretch is off by */
	half = ct_student_quantile(0.975, n - 1) * sqrt(squares / (n - 1) * n) / transactions;
	*slope = growth * 1000;
	*low = (growth - half) * 1000;
	*high = (growth + half) * 1000;
}

void
ct_usage_result(const CtUsageSum *sum, CtUsage *usage)
{
	const CtReading *first = &sum->first;
	const CtReading *last = &sum->last;
	double		hit = last->sessions.blocks_hit - first->sessions.blocks_hit;
	double		read = last->sessions.blocks_read - first->sessions.blocks_read;

	usage->cpu = usage_cpu(sum, first, last, last->cpu_ns - first->cpu_ns);
	usage->max_cpu = usage_max(sum->max_cpu, usage->cpu);
	usage->server_cpu = usage_cpu(sum, first, last, last->server_ns - first->server_ns);
	usage->machine_cpu = ct_usage_percent(last->machine_used - first->machine_used,
										  last->machine_all - first->machine_all);
	usage->max_machine_cpu = usage_max(sum->max_machine_cpu, usage->machine_cpu);
	usage->max_machine_memory = sum->max_machine_memory * 100;
	usage->start_memory_mb = first->memory / MB;
	usage->max_memory_mb = sum->max_memory / MB;
	usage->end_memory_mb = last->memory / MB;
	usage->memory_growth_mb = usage->max_memory_mb - usage->start_memory_mb;
	ct_usage_slope(sum->points, sum->npoints, &usage->memory_slope_mb,
				   &usage->memory_slope_low_mb, &usage->memory_slope_high_mb);
	usage->memory_slope_mb /= MB;
	usage->memory_slope_low_mb /= MB;
	usage->memory_slope_high_mb /= MB;
	usage->max_worker_mb = sum->max_worker / MB;
	usage->temp_mb = (last->sessions.temp_blocks - first->sessions.temp_blocks) * (BLCKSZ / MB);
	usage->wal_mb = (last->sessions.wal_bytes - first->sessions.wal_bytes) / MB;
	usage->hit_rate = ct_usage_percent(hit, hit + read) / 100;
	usage->connections = sum->connections;
	usage->max_dead_tuples = sum->dead_tuples;
	usage->max_table_mb = sum->table_bytes / MB;
}
