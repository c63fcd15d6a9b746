/*
 * report.h
 *		Reports: what is known about one run, written out in some format.
 *
 * A report is loaded once (load.c) from the extension's views, as the
 * role that asks, so that who sees what is decided by the views alone.  It is
 * then written by one of the formats, text.c and its like, which do
 * arithmetic and layout but never look at the database (json.c, which
 * is a query, excepted).  What has the shape of a table is built once
 * (table.c) for all formats that show tables.
 *
 * Memory: everything is palloc'd in the context that was current and lives
 * as long as that.  Durations are milliseconds, NaN stands for a float that
 * is null, -1 for an integer that is.
 */
#ifndef CT_REPORT_H
#define CT_REPORT_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

typedef struct CtReportCheck
{
	char	   *name;
	char	   *kind;
	char	   *status;			/* pass, fail */
	char	   *target;
	char	   *actual;
	int64		violations;
} CtReportCheck;

typedef struct CtReportAnomaly
{
	char	   *check_name;
	char	   *kind;
	char	   *observed;		/* or NULL */
	char	   *expected;		/* or NULL */
	char	   *evidence;		/* JSON text, or NULL */
	double		after_ms;		/* since the workers were let go */
} CtReportAnomaly;

typedef struct CtReportOutcome
{
	char	   *script;
	char	   *outcome;
	int64		count;
	double		share;
} CtReportOutcome;

typedef struct CtReportTally
{
	char	   *tally;
	double		value;
} CtReportTally;

typedef struct CtReportLatency
{
	char	   *script;
	int			step;			/* 0: the whole transaction's */
	char	   *kind;
	char	   *sql;			/* or NULL */
	int64		count;
	double		mean_ms;
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
} CtReportLatency;

/* of the latency of all scripts' transactions together */
typedef struct CtReportBucket
{
	double		lower_us;
	double		upper_us;
	double		count;
} CtReportBucket;

typedef struct CtReportSecond
{
	double		seconds;
	double		tps;
} CtReportSecond;

/* an order of two steps that was never seen */
typedef struct CtReportOrder
{
	char	   *script;
	int			step;
	char	   *other_script;	/* before whose */
	int			other_step;
} CtReportOrder;

typedef struct CtReportError
{
	char	   *script;
	char	   *sqlstate;
	char	   *condition;
	char	   *handling;
	int64		count;
	char	   *message;
	char	   *detail;			/* these or NULL */
	char	   *hint;
	char	   *context;

	/* of what raised the first one */
	int			step;
	int			line;
	char	   *statement;		/* or NULL */
} CtReportError;

typedef struct CtReportWorker
{
	int			worker;
	int64		transactions;
} CtReportWorker;

typedef struct CtReport
{
	bool		unicode;		/* may be written with more than ASCII */

	int64		run_id;
	char	   *scenario;		/* "ct_test" for an ad hoc test */
	char	   *variant;		/* or NULL */
	char	   *status;
	char	   *verdict;		/* or NULL */
	char	   *reason;			/* or NULL */
	char	   *role;
	char	   *started_at;		/* to the second, with time zone */
	double		elapsed_ms;		/* since the gate or, before it, the start */
	double		duration_ms;
	int			workers_asked;
	int			workers;
	char	   *isolation;		/* or NULL */
	double		rate;
	int			max_tries;
	int64		transactions;
	int64		failed;
	int64		retries;
	int64		anomaly_count;
	int64		overlapped;
	int64		waited;
	int64		met;
	int64		contended;
	int64		orders_seen;
	int64		orders_possible;
	int64		barrier_breaks;
	double		tps;
	double		tps_low;		/* its interval */
	double		tps_high;
	double		mean_ms;
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
	bool		held_horizon;
	char	   *sqlstate;		/* or NULL */
	char	   *message;		/* or NULL */
	char	   *seed;			/* or NULL */
	char	   *server_version;
	char	   *kept_sandbox;	/* or NULL */
	char	   *warnings;		/* a line each, or NULL */
	char	   *params;			/* JSON text, or NULL if there are none */

	int			nchecks;
	CtReportCheck *checks;
	int			nanomalies;		/* the first few */
	CtReportAnomaly *anomalies;
	int			noutcomes;
	CtReportOutcome *outcomes;
	int			ntallies;
	CtReportTally *tallies;
	int			nlatencies;
	CtReportLatency *latencies;
	int			nbuckets;
	CtReportBucket *buckets;
	int			nseconds;
	CtReportSecond *seconds;
	int64		pairs;			/* of steps, */
	int64		pairs_seen;		/* and those that were seen in both orders */
	int64		orders_missing;
	int			norders;		/* the first few of those that are missing */
	CtReportOrder *orders;
	int			nerrors;
	CtReportError *errors;
	int			nworkers;
	CtReportWorker *worker_rows;
} CtReport;

/* load.c: needs SPI; raises UNDEFINED_OBJECT where the role sees no such run */
extern CtReport *ct_report_load(int64 run_id);

/* the formats: append the report to buf */
extern void ct_report_text(StringInfo buf, const CtReport *report);
extern void ct_report_markdown(StringInfo buf, const CtReport *report);
extern void ct_report_json(StringInfo buf, const CtReport *report);

/* ---- table.c: what several formats show ---- */

typedef struct CtReportColumn
{
	const char *head;
	bool		right;			/* aligned, for numbers; never cut */
	bool		code;			/* names and SQL, not prose */
} CtReportColumn;

typedef struct CtReportTable
{
	const char *title;
	const char *view;			/* where all of it is */
	int			ncolumns;
	const CtReportColumn *columns;
	List	   *rows;			/* of char **, ncolumns cells, never NULL */
} CtReportTable;

/* each NULL if there is nothing to show */
extern CtReportTable *ct_report_checks(const CtReport *report);
extern CtReportTable *ct_report_evidence(const CtReport *report);
extern CtReportTable *ct_report_outcomes(const CtReport *report);
extern CtReportTable *ct_report_tallies(const CtReport *report);
extern CtReportTable *ct_report_latencies(const CtReport *report);
extern CtReportTable *ct_report_statements(const CtReport *report);
extern CtReportTable *ct_report_errors(const CtReport *report);
extern CtReportTable *ct_report_error_places(const CtReport *report);
extern CtReportTable *ct_report_error_details(const CtReport *report);

/* sentences, palloc'd; those that return NULL have nothing to say */
extern char *ct_report_title(const CtReport *report);	/* PASS, FAIL, RUNNING ... */
extern char *ct_report_reason(const CtReport *report);
extern char *ct_report_facts(const CtReport *report);
extern char *ct_report_orders(const CtReport *report);
extern char *ct_report_throughput(const CtReport *report);
extern char *ct_report_trend(const CtReport *report);
extern char *ct_report_fairness(const CtReport *report);
extern char *ct_report_anomaly(const CtReport *report, const CtReportAnomaly *anomaly);
extern char *ct_report_note(const CtReport *report);
extern List *ct_report_warnings(const CtReport *report);	/* of char * */

/* ---- chart.c: pictures made of characters ---- */

extern void ct_report_histogram(StringInfo buf, const CtReport *report, int width);
extern char *ct_report_sparkline(const CtReport *report, int width);

/* ---- format.c: numbers and text; all results are palloc'd ---- */

extern char *ct_format_count(int64 n);	/* 1,234,567; "-" if negative */
extern char *ct_format_float(double x); /* 1,235 or 12.3: three digits at least; "-" if NaN */
extern char *ct_format_ms(double ms, bool unicode); /* 12.3 us, 1.23 ms, 2.50 s, 3 min 20 s */
extern char *ct_format_share(double share); /* 12.3 % of 0.123 */
extern char *ct_format_plural(int64 n, const char *one, const char *many);	/* 1 row, 1,234 rows */

extern int	ct_text_width(const char *text);	/* columns on a terminal */

/* one line of at most width columns, free of control characters */
extern char *ct_text_cut(const char *text, int width, bool unicode);

/* appended in lines of at most width columns, all but the first indented */
extern void ct_text_wrap(StringInfo buf, const char *text, int indent, int width);

#endif							/* CT_REPORT_H */
