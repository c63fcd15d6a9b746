/*
 * rows.h
 *		The kinds of rows that a run's results consist of.
 *
 * Each kind is a table, a view that shows it to whoever may see the run, and
 * a struct, below, that holds a row: as it is recorded, and as a report reads
 * it from the view again.  rows.c says how they hang together and how rows are
 * made of a run's results.  So a new kind is a piece of SQL in
 * install/20-results/ and a declaration in rows.c, with its struct in here if
 * the report shows it; then it is recorded, seen, and in JSON.  (What it is
 * made of has to be in results.h, of course.)  t/units/rows_unit.c fails if SQL and
 * declaration differ.
 *
 * Steps, lines, positions and workers count from 1.  ms are milliseconds, and
 * shares are between 0 and 1.  For null see src/catalog/rowset.h.
 */
#ifndef CT_ROWS_H
#define CT_ROWS_H

#include "utils/timestamp.h"

#include "src/catalog/rowset.h"
#include "src/plan/program.h"
#include "src/results/results.h"

typedef struct CtCheckRow
{
	int			position;
	const char *check_name;
	const char *kind;
	const char *status;			/* pass, fail */
	int64		violations;
	const char *target;
	const char *actual;
} CtCheckRow;

typedef struct CtAnomalyRow
{
	int			position;		/* not shown */
	const char *check_name;
	const char *kind;
	TimestampTz first_seen;
	const char *observed;		/* or NULL */
	const char *expected;		/* or NULL */
	const char *evidence;		/* JSON text, or NULL */
} CtAnomalyRow;

typedef struct CtOutcomeRow
{
	const char *script;
	const char *outcome;
	int64		count;
	double		share;			/* shown, not stored */
} CtOutcomeRow;

typedef struct CtTallyRow
{
	const char *tally;
	double		value;			/* the sum */
	int64		times;			/* -1: of a run of version 1.0; then min and max are NaN */
	double		mean;			/* shown, not stored */
	double		min;
	double		max;
} CtTallyRow;

typedef struct CtClassRow
{
	int			position;
	const char *class;
	int			clients;
	int64		transactions;
	double		tps;			/* shown, not stored */
	int64		failed;
	double		mean_ms;
	double		p50_ms;
	double		p90_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
} CtClassRow;

typedef struct CtLatencyRow
{
	const char *script;
	int			step;			/* 0: the whole transaction's */
	const char *kind;
	int64		count;
	double		mean_ms;
	double		stddev_ms;
	double		min_ms;
	double		p50_ms;
	double		p90_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
	const char *sql;			/* or NULL */

	/* the histogram's buckets that are not empty; not shown, but as ct_histograms */
	CtArray		lower_us;
	CtArray		upper_us;
	CtArray		bucket_count;
} CtLatencyRow;

typedef struct CtSecondRow
{
	TimestampTz time;			/* its end */
	int			second;			/* shown, not stored */
	double		seconds;		/* its length */
	int64		transactions;
	double		tps;			/* shown, not stored */
	int64		failed;
	int64		retries;
	double		p50_ms;
	double		p95_ms;
	double		p99_ms;
	double		max_ms;
	const char *phase;			/* or NULL */
	double		mean_ms;
} CtSecondRow;

/* one step with those of another script, or of its own; shown a row each */
typedef struct CtOrderRow
{
	const char *script;
	int			step;
	const char *other_script;
	CtArray		other_steps;
	CtArray		before_seen;
	CtArray		after_seen;
} CtOrderRow;

typedef struct CtErrorRow
{
	const char *script;
	const char *sqlstate;
	const char *condition_name;
	const char *handling;
	int64		count;

	/* of the first one */
	const char *first_message;
	int			step;			/* -1 if it was the script's end, like line */
	int			line;
	TimestampTz first_seen;
	const char *statement;		/* these or NULL */
	const char *detail;
	const char *hint;
	const char *context;
} CtErrorRow;

typedef struct CtWorkerRow
{
	int			worker;
	int			pid;
	int64		transactions;
	double		share;			/* shown, not stored */
	int64		failed;
	int64		retries;
	int64		overlapped;
	int64		waited;
	int64		met;
	int64		all_transactions;	/* of the whole run; -1 if unknown */
} CtWorkerRow;

typedef struct CtExplorationRow
{
	int			sessions;
	const char *yield;			/* inside, statement */
	int64		executions;
	int64		complete;
	int64		cut;
	int64		violating;
	int64		not_serial;
	int64		deadlocks;
	int64		errors;
	int			preemptions;	/* -1: none was needed, or not even 0 was finished */
	bool		exhausted;
	int64		serial_orders;
	TimestampTz first_failure_at;	/* or 0 */
	double		per_second;
	int64		first_failure;	/* or -1 */
	bool		reduced;
	int64		bounded;
	int64		drawn;
	int64		drawn_failing;
	bool		uniform;
	const char *stopped_by;		/* these or NULL */
	const char *surrogates;		/* "orders.id, orders.made_at" */
	const char *notes;			/* a line each */
} CtExplorationRow;

typedef struct CtPermutationRow
{
	const char *result;
	const char *check_name;		/* or NULL */
	const char *sqlstate;		/* or NULL */
	int64		executions;
	CtArray		permutation;	/* of int */
	int			preemptions;
	int			place;			/* from 1, the worst first */
	const char *gist;			/* these or NULL */
	const char *serial_order;
	const char *state;
	const char *serial_state;
} CtPermutationRow;

typedef struct CtStepRow
{
	const char *result;
	const char *check_name;		/* or NULL */
	int			position;
	int			session;
	const char *function;		/* or NULL: the script's own statement */
	int			line;			/* or -1 */
	const char *query;			/* or NULL */
	const char *event;
	int			waits_for;		/* session, or -1 */
	int64		rows;
	const char *first_row;		/* or NULL */
	const char *error;			/* or NULL */
	bool		conflicts;
	int			place;			/* of its order among the run's */
} CtStepRow;

typedef struct CtWaitRow
{
	const char *script;
	const char *wait_event_type;	/* CPU: it waited for nothing; ct_ext: for us */
	const char *wait_event;
	int64		samples;
	double		share;	/* shown, not stored */
} CtWaitRow;

typedef struct CtBlockingRow
{
	int			position;
	const char *script;
	int			step;
	const char *locktype;
	const char *relation;	/* or NULL */
	const char *mode;
	bool		outside;
	const char *blocker_script;	/* NULL: a session from outside */
	int			blocker_step;
	const char *blocker_mode;	/* or NULL */
	int64		samples;
	double		waited_ms;
	double		max_ms;
	int			chain;	/* sessions that waited for each other in a row */
	const char *query;	/* or NULL */
	const char *blocker_query;	/* or NULL */
} CtBlockingRow;

typedef struct CtDeadlockRow
{
	int			deadlock;
	int			participant;
	const char *script;	/* or NULL */
	int			step;			/* or -1 */
	const char *query;	/* or NULL */
	const char *holds;	/* or NULL */
	const char *locktype;	/* these or NULL */
	const char *mode;
	int			waits_for;		/* or -1 */
	bool		victim;
	TimestampTz at;
	const char *relation;	/* or NULL */
} CtDeadlockRow;

typedef struct CtResourceRow
{
	TimestampTz time;	/* its end */
	int			second;	/* shown, not stored */
	double		seconds;	/* its length */
	double		cpu;	/* percent of all CPUs */
	double		server_cpu;
	double		machine_cpu;
	double		machine_memory;
	double		memory_mb;
	double		max_worker_mb;
	int64		temp_bytes;
	int64		wal_bytes;
	int64		buffers_hit;
	int64		buffers_read;
	int64		dead_tuples;
	int64		table_bytes;
	int			connections;
	int			max_connections;
} CtResourceRow;

typedef struct CtSampleRow
{
	int			sample;
	const char *kind;	/* random, slowest, failed */
	const char *script;
	int			client;
	int			worker;
	int64		iteration;
	TimestampTz started_at;
	double		latency_ms;
	int			tries;
	const char *outcome;	/* or NULL */
	const char *sqlstate;	/* or NULL */
	const char *phase;	/* or NULL */
	CtArray		steps;	/* of int */
	CtArray		statement_ms;	/* of double, of these steps */
	const char *message;	/* or NULL */
} CtSampleRow;

typedef struct CtPhaseRow
{
	int			position;
	const char *phase;
	double		from_s;
	double		seconds;	/* its length */
	double		rate;
	int			clients;
	int64		transactions;
	double		tps;	/* shown, not stored */
	int64		failed;
	int64		skipped;
	double		mean_ms;
	double		p50_ms;
	double		p90_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
	double		recovery_s;
} CtPhaseRow;

/* A kind of row. */
typedef struct CtRowKind
{
	const char *key;			/* of its list in a JSON report */
	CtRowSet	set;

	/*
	 * The rows at a run's end: put makes them of its results, or they are made
	 * already and in a List of them, whose offset in CtResults this is.
	 * Neither: they are written while it is under way, or another kind's table
	 * has them.
	 */
	void		(*put) (CtRowWriter *writer, const CtProgram *program, const CtResults *results);
	size_t		made;

	const char *unread;			/* why ct_report_load doesn't read them; NULL: it does */
	bool		of_load;		/* measured under load: a run that explores has none */
} CtRowKind;

extern const CtRowKind ct_check_rows;
extern const CtRowKind ct_anomaly_rows;
extern const CtRowKind ct_outcome_rows;
extern const CtRowKind ct_tally_rows;
extern const CtRowKind ct_latency_rows;
extern const CtRowKind ct_second_rows;
extern const CtRowKind ct_error_rows;
extern const CtRowKind ct_worker_rows;
extern const CtRowKind ct_exploration_rows;
extern const CtRowKind ct_permutation_rows;
extern const CtRowKind ct_step_rows;
extern const CtRowKind ct_class_rows;
extern const CtRowKind ct_phase_rows;
extern const CtRowKind ct_wait_rows;
extern const CtRowKind ct_blocking_rows;
extern const CtRowKind ct_deadlock_rows;
extern const CtRowKind ct_resource_rows;
extern const CtRowKind ct_usage_rows;	/* of CtUsage */
extern const CtRowKind ct_sample_rows;

/* all of them, also those that nobody needs by name */
extern const CtRowKind *const ct_row_kinds[];
extern const int ct_nrow_kinds;

/* nanoseconds as the tables have them: ms, to a tenth of a microsecond, below which nothing is meant by it */
extern double ct_rows_ms(double ns);

/* the longest latency, in ms; NaN where nothing was measured */
extern double ct_rows_max_ms(const CtHistogram *h);

#endif							/* CT_ROWS_H */
