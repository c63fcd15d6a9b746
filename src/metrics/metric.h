/*
 * metric.h
 *		The metrics of a run, and whether a threshold on one holds.
 */
#ifndef CT_METRIC_H
#define CT_METRIC_H

#include "src/metrics/tally.h"
#include "src/metrics/usage.h"

/* what a metric can be of, as bits */
typedef enum CtMetricKind
{
	CT_OF_RUN = 1,
	CT_OF_SCRIPT = 2,
	CT_OF_OUTCOME = 4,
	CT_OF_STATEMENT = 8,
	CT_OF_TALLY = 16,			/* a tally, whose metrics are CtTallyMetric's */
	CT_OF_PHASE = 32,
	CT_OF_CLASS = 64,			/* of clients */
	CT_VS_BASELINE = 128		/* the run's, as a multiple of its baseline's */
} CtMetricKind;

/* what there is to tell of a tally */
typedef enum CtTallyMetric
{
	CT_TALLY_SUM,				/* "tally.NAME" */
	CT_TALLY_COUNT,				/* "tally.NAME.count", and so on */
	CT_TALLY_MEAN,
	CT_TALLY_MIN,
	CT_TALLY_MAX
} CtTallyMetric;

/*
 * What the metrics are computed from, of a run's measured part or of what a
 * threshold names in it.  NaN where there is nothing to compute: a threshold
 * on that never holds.
 */
typedef struct CtMetrics
{
	double		tps;			/* committed transactions per second */
	double		transactions;	/* committed */
	double		failed;			/* given up, by an error or after the last try */
	double		retries;		/* tries after the first, over all
								 * transactions */
	double		errors;			/* that were not expected; those retried among them */
	double		deadlocks;		/* 40P01 among the errors */
	double		serialization_failures; /* 40001 among the errors */
	double		anomalies;		/* rows that the checks returned */
	double		prevented;		/* tries that the server or a constraint ended: retried, or an
								 * expected error */
	double		fairness;		/* Jain's index over the workers' transactions */
	double		rows_per_s;		/* rows that statements of committed
								 * transactions returned or changed */
	double		connect_ms;		/* to connect to the database, the slowest worker */
	double		late;			/* completed, in more than the latency limit */
	double		skipped;		/* of a schedule, not executed */
	double		waited_rate;	/* transactions that waited for a lock, of all, 0 to 1 */
	double		lock_wait_ms;	/* how long statements that did were asleep, on average; 0: none was */
	double		mean_ms;		/* of the latencies of transactions, or of a
								 * statement */
	double		stddev_ms;
	double		p50_ms;
	double		p90_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
	double		recovery_s;		/* until a phase was as fast as the first one, and stayed so */
	CtUsage		usage;
} CtMetrics;

/*
 * The metrics' names, NULL-terminated: the members of CtMetrics, and
 * success_rate (transactions of transactions + failed), error_rate (failed of
 * them), retry_rate (retries per transaction, failed ones included) and
 * prevention_rate (prevented of prevented + anomalies).
 */
extern const char *const ct_metrics[];

/* what a metric can be of, bits of CtMetricKind; 0 if there is no such metric */
extern int	ct_metric_kinds(const char *metric);

/* is it of what the run used, which the system may not tell? */
extern bool ct_metric_is_of_usage(const char *metric);
extern bool ct_metric_is_op(const char *op);	/* < <= = >= > <> */

/*
 * A threshold's name: the metric after its last dot, and what it is of before
 * that, NULL (and no dot) for the run.  "tally.NAME" and "tally.NAME.max" are
 * of the kind CT_OF_TALLY, of "tally", with all that follows for the metric, see
 * ct_metric_cut_tally, "vs_baseline.METRIC" is of the kind
 * CT_VS_BASELINE; all else is CT_OF_RUN, or
 * CT_OF_SCRIPT as long as nobody knows better.  *of and *metric are palloc'd.
 */
extern CtMetricKind ct_metric_split(const char *name, char **of, char **metric);

/*
 * Which metric of a tally "NAME.max" is, of which NAME is left in the string:
 * the sum of "NAME" alone.  No tally has a dot in its name.
 */
extern CtTallyMetric ct_metric_cut_tally(char *metric);

/* NaN if that can't be told as nothing was said; NULL for such a tally. */
extern double ct_metric_of_tally(CtTallyMetric metric, const CtTally *tally);

/* As ct_metric_is_lost: the count and the largest only grow, the smallest only shrinks; amounts may be negative. */
extern bool ct_metric_tally_is_lost(CtTallyMetric metric, double actual, const char *op, double target);

/* a metric's actual value; NaN if there were no transactions to tell from */
extern double ct_metric_actual(const char *metric, const CtMetrics *input);

/*
 * Can a threshold that a run has missed so far not be met any more by whatever
 * the rest of the run does?  So it is for bounds from above of what only grows.
 */
extern bool ct_metric_is_lost(const char *metric, double actual, const char *op, double target);

/* whether "actual op target" is true; never for NaN */
extern bool ct_metric_holds(double actual, const char *op, double target);

#endif							/* CT_METRIC_H */
