/*
 * slo.h
 *		Service level objectives: thresholds on a run's metrics.
 */
#ifndef CT_SLO_H
#define CT_SLO_H

/*
 * What the metrics are computed from, of a run's measured part.  NaN where
 * there is nothing to compute: a threshold on that never holds.
 */
typedef struct CtSloInput
{
	double		tps;			/* committed transactions per second */
	double		transactions;	/* committed */
	double		failed;			/* given up, by an error or after the last try */
	double		retries;		/* tries after the first, over all
								 * transactions */
	double		errors;			/* that were not expected; those retried among them */
	double		deadlocks;		/* 40P01 among the errors */
	double		serialization_failures; /* 40001 among the errors */
	double		mean_ms;		/* of the transactions' latencies */
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
} CtSloInput;

/*
 * The metrics' names, NULL-terminated: the members of CtSloInput, and
 * error_rate (failed / (transactions + failed)) and retry_rate (retries per
 * transaction, failed ones included).
 */
extern const char *const ct_slo_metrics[];

/* the comparisons, NULL-terminated: < <= = >= > <> */
extern const char *const ct_slo_ops[];

extern bool ct_slo_is_metric(const char *metric);
extern bool ct_slo_is_op(const char *op);

/* a metric's actual value; NaN if there were no transactions to tell from */
extern double ct_slo_actual(const char *metric, const CtSloInput *input);

/*
 * Can a threshold that a run has missed so far not be met any more by whatever
 * the rest of the run does?  So it is for bounds from above of what only grows.
 */
extern bool ct_slo_is_lost(const char *metric, double actual, const char *op, double target);

/* whether "actual op target" is true; never for NaN */
extern bool ct_slo_holds(double actual, const char *op, double target);

#endif							/* CT_SLO_H */
