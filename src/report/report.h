/*
 * report.h
 *		Reports: what is known about runs, written out in some format.
 *
 * A run is loaded once (load.c) from the extension's views, as the role that
 * asks, so that who sees what is decided by the views alone.  It is then
 * written by one of the formats, text.c and its like, which do arithmetic and
 * layout but never look at the database (json.c, which is a query, excepted).
 * What has the shape of a table, or is a sentence, is made once for all formats
 * that show it (table.c, sentence.c).
 *
 * Memory: everything is palloc'd in the context that was current and lives
 * as long as that: a run's for as long as that one is written, so that reports
 * of a thousand runs need as much memory as the largest of them, and the text.
 *
 * Durations are milliseconds; for null see src/catalog/rowset.h.
 */
#ifndef CT_REPORT_H
#define CT_REPORT_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "src/results/rows.h"

/* of the latency of all scripts' transactions together */
typedef struct CtReportBucket
{
	double		lower_us;
	double		upper_us;
	double		count;
} CtReportBucket;

/* an order of two steps that was never seen */
typedef struct CtReportOrder
{
	const char *script;
	int			step;
	const char *other_script;	/* before whose */
	int			other_step;
} CtReportOrder;

/* two steps of transactions that overlapped, as in ct_orders */
typedef struct CtReportPair
{
	const char *script;
	int			step;
	const char *other_script;
	int			other_step;
	bool		before_seen;
	bool		after_seen;
} CtReportPair;

/* a metric of the run, with its repeats, against earlier runs, as in ct_regressions */
typedef struct CtReportRegression
{
	const char *metric;
	double		before;
	double		after;
	double		change;			/* a fraction */
	double		change_low;
	double		change_high;
	double		detectable;		/* the smallest change that would show; NaN as these */
	int			significant;	/* 1, 0; -1: the data don't allow to tell */
	int			runs;			/* that it is compared with, */
	const char *baseline;		/* their ids, with commas, */
	bool		was_set;		/* and whether somebody has made them the baseline */
} CtReportRegression;

/* What a list of runs says of each. */
typedef struct CtReportLine
{
	int64		run_id;
	const char *scenario;		/* "ct_test" for an ad hoc test */
	const char *variant;		/* or NULL */
	const char *status;
	const char *verdict;		/* or NULL */
	double		duration_ms;
	int64		transactions;
	double		tps;
	double		tps_low;		/* its interval */
	double		tps_high;
	double		p95_ms;
	double		p99_ms;
	int64		failed;
	int64		anomalies;
	const char *expected_verdict;	/* or NULL: pass */

	/* of a run that is one of several repeats, as the others have come out; read of a list alone */
	int64		repeat_of;		/* 0: it is none */
	bool		one_failed;		/* one of them, be it this one */
	int64		worse_run;		/* the worst of those that aren't in the list, which it stands for; 0: none
								 * is worse than it is itself */
	const char *worse_word;		/* its verdict, or its status */
	const char *worse_reason;	/* or NULL */
} CtReportLine;

typedef struct CtReport
{
	bool		unicode;		/* may be written with more than ASCII */

	int64		run_id;
	const char *scenario;		/* "ct_test" for an ad hoc test, "ct_race" for one that explores */
	const char *variant;		/* or NULL */
	const char *mode;			/* stress, explore */
	const char *status;
	const char *verdict;		/* or NULL */
	const char *reason;			/* or NULL */
	const char *role;
	const char *started_at;		/* to the second, with time zone */
	TimestampTz gate_at;		/* 0 if the gate never opened */
	double		elapsed_ms;		/* since the gate or, before it, the start */
	double		duration_ms;
	int			workers_asked;
	int			workers;
	int			clients;
	const char *isolation;		/* or NULL */
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
	double		success_rate;	/* 0 to 1 */
	double		mean_ms;
	double		stddev_ms;
	double		p50_ms;
	double		p90_ms;
	double		p95_ms;
	double		p99_ms;
	double		p999_ms;
	double		max_ms;
	bool		held_horizon;
	const char *sqlstate;		/* or NULL */
	const char *message;		/* or NULL */
	const char *seed;			/* or NULL */
	const char *server_version;
	const char *kept_sandbox;	/* or NULL */
	const char *warnings;		/* a line each, or NULL */
	const char *params;			/* JSON text, or NULL if there are none */
	const char *expected_verdict;	/* or NULL: pass */

	/* rows, as src/results/rows.h has them */
	int			nchecks;
	CtCheckRow *checks;
	int			nanomalies;		/* the first few */
	CtAnomalyRow *anomalies;
	int			noutcomes;
	CtOutcomeRow *outcomes;
	int			ntallies;
	CtTallyRow *tallies;
	int			nlatencies;		/* without their histograms */
	CtLatencyRow *latencies;
	int			nseconds;
	CtSecondRow *seconds;
	int			nerrors;
	CtErrorRow *errors;
	int			nworkers;
	CtWorkerRow *worker_rows;
	int			nexplorations;	/* 1, of a run that explored and came to its end; else 0 */
	CtExplorationRow *explorations;
	int			npermutations;
	CtPermutationRow *permutations;
	int			nsteps;			/* of all of these */
	CtStepRow  *steps;
	int			nclasses;
	CtClassRow *classes;
	int			nphases;
	CtPhaseRow *phases;
	int			nwaits;
	CtWaitRow  *waits;
	int			nblocking;
	CtBlockingRow *blocking;
	int			ndeadlocks;
	CtDeadlockRow *deadlocks;
	int			nresources;
	CtResourceRow *resources;
	int			nusage;			/* 1, or 0 */
	CtUsage    *usage;
	int			nsamples;
	CtSampleRow *samples;

	/* by ct_report_load_comparisons */
	int			nrepeats;		/* of its group, itself among them; 0: it is none of one */
	CtReportLine *repeats;
	int			nregressions;
	CtReportRegression *regressions;

	/* what is summed up while it is loaded */
	int			nbuckets;
	CtReportBucket *buckets;
	int64		pairs;			/* of steps, */
	int64		pairs_seen;		/* and those that were seen in both orders */
	int64		orders_missing;
	int			npairs;			/* the first few hundred of them */
	CtReportPair *order_pairs;
	int			norders;		/* the first few of those that are missing */
	CtReportOrder *orders;
} CtReport;

/* the runs that are reported, in their order; the same one may come twice */
typedef struct CtReportList
{
	bool		unicode;
	bool		many;			/* asked for as a list, be it of one */
	int			n;
	const CtReportLine *lines;
} CtReportList;

/*
 * A format.  begin is called once, with all that there is to say of the runs
 * together; then one for each run, in order, i being its index in the list;
 * then end.  Each appends to buf; separator goes between two runs.  For a
 * single run that was asked for as such, list->many is false, and what only
 * makes sense around several is left out.
 *
 * What counts before it lists has its numbers from the list, see summary.c.
 * HTML's begin has the head and a table of the runs.
 */
typedef struct CtReportFormat
{
	const char *name;
	void		(*begin) (StringInfo buf, const CtReportList *list);	/* or NULL */
	void		(*one) (StringInfo buf, const CtReportList *list, int i, const CtReport *report);
	bool		unloaded;		/* one knows by itself: its report is NULL */
	bool		compares;		/* one shows how the run compares with others */
	const char *separator;
	void		(*end) (StringInfo buf, const CtReportList *list);	/* or NULL */
} CtReportFormat;

extern const CtReportFormat ct_report_text;
extern const CtReportFormat ct_report_markdown;
extern const CtReportFormat ct_report_json;
extern const CtReportFormat ct_report_junit;
extern const CtReportFormat ct_report_tap;
extern const CtReportFormat ct_report_html;

/* ---- report.c ---- */

/* Raises INVALID_PARAMETER_VALUE, with those that there are, if there is none of that name. */
extern const CtReportFormat *ct_report_find_format(const char *name);

/*
 * Bytes that a report may have: the server has several copies of a value while
 * it sends one, of another encoding up to four times as long, and none of them
 * may have more than 1 GB.
 */
#define CT_MAX_REPORT	(256 * 1024 * 1024)

/*
 * Appends the runs' reports to buf, which may be of any context.  Looks at
 * what is committed now.  Raises UNDEFINED_OBJECT where the role sees no such
 * run, before anything was written, and PROGRAM_LIMIT_EXCEEDED where it comes
 * to more than CT_MAX_REPORT.
 */
extern void ct_report_write(StringInfo buf, const CtReportFormat *format,
							const int64 *run_ids, int n, bool many);

/*
 * Between these, what is palloc'd goes away at the end, and the views can be
 * read, whatever the caller's search_path is; what the first returns is the
 * other one's argument.
 */
extern int	ct_report_begin_reading(void);
extern void ct_report_end_reading(int nestlevel);

/* ---- load.c: all of it while reading ---- */

/* raises UNDEFINED_OBJECT where the role sees no such run */
extern CtReport *ct_report_load(int64 run_id);

/* NULL where the role sees no such run */
extern CtReport *ct_report_find(int64 run_id);

/* Loads its repeats, and how it compares with earlier runs, which costs as much as half of all else. */
extern void ct_report_load_comparisons(CtReport *report);

/* a metric of the run against earlier ones, for json: with its view, and without a table */
extern const CtRowSet ct_report_regression_set;

/* the lines of runs, in that order; raises the same */
extern CtReportLine *ct_report_load_lines(const int64 *run_ids, int n);

/* May more than ASCII be written? */
extern bool ct_report_unicode(void);

/* Does ct_report_load read rows of that kind? */
extern bool ct_report_loads(const CtRowKind *kind);

/* ---- table.c: what several formats show ---- */

/* what a table's cell is made of */
typedef enum CtReportCell
{
	CT_CELL_OTHER,				/* whoever makes the table knows */
	CT_CELL_TEXT,
	CT_CELL_NUMBER,				/* an int as it is, "" if it isn't known */
	CT_CELL_COUNT,
	CT_CELL_VALUE,				/* a double, all digits of it */
	CT_CELL_MS,

	/* as the views have it, for programs and for who compares: "" if it isn't known */
	CT_CELL_EXACT_COUNT,
	CT_CELL_TENTHS,				/* a double with one digit after the point */
	CT_CELL_THOUSANDTHS
} CtReportCell;

/* the cell of a column: a member of a row, in a form that suits its type */
#define CT_TEXT_CELL(row, member)	.cell = CT_CELL_TEXT, .offset = CT_MEMBER(row, member, const char *)
#define CT_NUMBER_CELL(row, member) .cell = CT_CELL_NUMBER, .right = true, .offset = CT_MEMBER(row, member, int)
#define CT_COUNT_CELL(row, member)	.cell = CT_CELL_COUNT, .right = true, .offset = CT_MEMBER(row, member, int64)
#define CT_VALUE_CELL(row, member)	.cell = CT_CELL_VALUE, .right = true, .offset = CT_MEMBER(row, member, double)
#define CT_MS_CELL(row, member)		.cell = CT_CELL_MS, .right = true, .offset = CT_MEMBER(row, member, double)
#define CT_EXACT_CELL(row, member)	.cell = CT_CELL_EXACT_COUNT, .right = true, .offset = CT_MEMBER(row, member, int64)
#define CT_TENTHS_CELL(row, member) .cell = CT_CELL_TENTHS, .right = true, .offset = CT_MEMBER(row, member, double)
#define CT_THOUSANDTHS_CELL(row, member) \
	.cell = CT_CELL_THOUSANDTHS, .right = true, .offset = CT_MEMBER(row, member, double)

typedef struct CtReportColumn
{
	const char *head;
	bool		right;			/* aligned, for numbers; never cut */
	bool		code;			/* names and SQL, not prose */
	CtReportCell cell;
	int			offset;			/* in the row that the cell is of */
} CtReportColumn;

typedef struct CtReportTable
{
	const char *title;			/* or NULL */
	const char *view;			/* where all of it is */
	int			ncolumns;
	const CtReportColumn *columns;
	List	   *rows;			/* of const char **, ncolumns cells, never NULL */
} CtReportTable;

/* a table without rows yet */
extern CtReportTable *ct_table_create(const char *title, const char *view, const CtReportColumn *columns,
									  int ncolumns);

/* A new row of it; its cells are made of the row, if one is given, or empty. */
extern const char **ct_table_add(CtReportTable *table, const CtReport *report, const void *row);

/* the table of n rows of that size; NULL if there is none */
extern CtReportTable *ct_table_of(const char *title, const char *view, const CtReportColumn *columns, int ncolumns,
								  const CtReport *report, const void *rows, int n, Size size);

/* A column of scripts is shown only where there is more than one script. */
extern bool ct_table_is_shown(const CtReportTable *table, int column);

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
extern CtReportTable *ct_report_runs(const CtReportList *list);

/* ---- telemetry.c: how it went under load; tables are NULL if there is nothing to show ---- */

/* deadlocks of a kind: the same statements waited for the same kinds of locks */
typedef struct CtReportDeadlock
{
	int64		count;
	int			n;				/* participants, each waiting for the next */
	const CtDeadlockRow *rows;	/* of the first one */
	const char *ring;			/* what they have in common */
} CtReportDeadlock;

/* List of CtReportDeadlock *, in the order of the first ones */
extern List *ct_report_deadlock_kinds(const CtReport *report);

extern char *ct_report_wait_name(const CtWaitRow *wait);	/* "Lock: tuple", "CPU" */
extern char *ct_report_place(const char *script, int step); /* "transfer 2" */
extern char *ct_report_lock(const char *mode, const char *locktype, const char *relation); /* "ShareLock, transactionid of account"; of NULL "an unknown lock" */

/* a number of a row, of a column's type; NaN where it isn't known */
extern double ct_report_number(const void *row, CtColumnType type, int offset);

extern CtReportTable *ct_report_phases(const CtReport *report);
extern CtReportTable *ct_report_classes(const CtReport *report);
extern CtReportTable *ct_report_waits(const CtReport *report);	/* the first few of each script */
extern CtReportTable *ct_report_blocking(const CtReport *report);	/* the first few */
extern CtReportTable *ct_report_deadlocks(const CtReport *report);	/* a row per kind */
extern CtReportTable *ct_report_resources(const CtReport *report);	/* start, mean, peak, end */

/* how memory went with the transactions, in a sentence, or NULL */
extern char *ct_report_memory(const CtReport *report);

/* ---- comparison.c: the run beside others ---- */

extern CtReportTable *ct_report_repeats(const CtReport *report);	/* NULL if it has none */
extern CtReportTable *ct_report_regressions(const CtReport *report);	/* NULL if there is nothing to compare with */

/* what is known of a change, in words: "no difference was seen (-1.0 % to +3.0 %)"; palloc'd */
extern char *ct_report_change(const CtReportRegression *regression);

/* sentences, or NULL: how far the repeats lie apart; with what it was compared, and how */
extern char *ct_report_spread(const CtReport *report);
extern char *ct_report_compared(const CtReport *report);

/* ---- story.c: what explorations have found; palloc'd ---- */

/* an order, told: a line for each step, in the column of its session */
typedef struct CtReportStory
{
	const char *title;
	int			sessions;
	int			nlines;
	struct CtReportStoryLine
	{
		int			session;	/* from 1 */
		const char *what;		/* the statement, with its place in a function; or NULL: it goes on */
		const char *outcome;	/* what came of it, or NULL */
		bool		conflicts;
	}		   *lines;
	const char *gist;			/* or NULL */

	/* where no serial order leaves the tables so: the rows that differ, in pairs; else none */
	const char *serial_title;
	int			ndiffering;
	const char **here;			/* "" where it has fewer */
	const char **serial;
	int			nsame;			/* rows that don't differ */
} CtReportStory;

/* List of CtReportStory *: the orders that went wrong, of each kind one; at most so many */
extern List *ct_report_stories(const CtReport *report, int limit);

extern CtReportTable *ct_report_permutations(const CtReport *report);

/* sentences, List of char *: how much was executed, and what there is to know */
extern List *ct_report_coverage(const CtReport *report);

/* ---- summary.c: what many runs come to ---- */

/* how a run counts where tests are counted */
typedef enum CtReportKind
{
	CT_REPORT_OK,
	CT_REPORT_FAILURE,			/* it has a verdict, but not the one that it should */
	CT_REPORT_ERROR				/* it has none, be it that it is under way */
} CtReportKind;

typedef struct CtReportSummary
{
	int			total;

	/* by their verdicts */
	int			passed;
	int			failed;
	int			inconclusive;
	int			unjudged;
	bool		expecting;		/* that one fails */

	/* of all, what isn't as expected: with a verdict, and without one */
	int			failures;
	int			errors;
} CtReportSummary;

/*
 * Is a verdict (or a status where there is none) worse than the other one?  From
 * best to worst: NULL, pass, inconclusive, no verdict, fail.
 */
extern bool ct_report_is_worse(const char *word, const char *than);

/*
 * Repeats of a run of which one is expected to fail are ok if one of them does.
 * What is not in the list is there by those of its repeats that are.
 */
extern CtReportKind ct_report_kind(const CtReportLine *line);
extern void ct_report_sum_up(const CtReportList *list, CtReportSummary *summary);

/* the same in a sentence, palloc'd */
extern char *ct_report_summary(const CtReportList *list);

/* a run as a test, in words, and why it isn't ok; palloc'd */
extern char *ct_report_test_name(const CtReport *report);
extern char *ct_report_wrong(const CtReport *report, const CtReportLine *line);

/* ---- tap.c ---- */

/* a test's description from any text: one line, without a directive; palloc'd */
extern char *ct_tap_description(const char *text, bool unicode);

/* Appends why it isn't ok as comments: lines that begin with a newline and "#". */
extern void ct_tap_explain(StringInfo buf, const CtReport *report, const CtReportLine *line);

/* ---- sentence.c: palloc'd; those that return NULL have nothing to say ---- */

extern bool ct_report_several_scripts(const CtReport *report);

/* transactions that were begun; as a double, since the sum of two int64 may overflow */
extern double ct_report_iterations(const CtReport *report);

extern char *ct_report_title(const char *status, const char *verdict);	/* PASS, FAIL, RUNNING ... */
extern char *ct_report_reason(const CtReport *report);
extern char *ct_report_facts(const CtReport *report);
extern char *ct_report_orders(const CtReport *report);
extern char *ct_report_throughput(const CtReport *report);
extern char *ct_report_trend(const CtReport *report);
extern char *ct_report_fairness(const CtReport *report);
extern char *ct_report_anomaly(const CtReport *report, const CtAnomalyRow *anomaly);
extern char *ct_report_check(const CtReport *report, const CtCheckRow *check);
extern char *ct_report_note(const CtReport *report);
extern List *ct_report_warnings(const CtReport *report);	/* of char * */

/* ---- chart.c: pictures made of characters ---- */

/* a range of latencies, of a round length on a logarithmic scale */
typedef struct CtReportBin
{
	double		from_us;
	double		to_us;
	double		count;
} CtReportBin;

/* the run's latencies in at most so many of them, palloc'd; *n may be 0 */
extern CtReportBin *ct_report_bins(const CtReport *report, int max, int *n);

extern void ct_report_histogram(StringInfo buf, const CtReport *report, int width);
extern char *ct_report_sparkline(const CtReport *report, int width);

/* ---- characters.c ---- */

/* appends a character of Unicode as a format writes it */
typedef void (*CtPutCharacter) (StringInfo buf, uint32 c);

#define CT_REPLACEMENT 0xFFFD	/* for what has no equivalent */

/* Puts each character of a text of the database's encoding. */
extern void ct_put_characters(StringInfo buf, const char *text, CtPutCharacter put);

/* ---- format.c: numbers and text; all results are palloc'd ---- */

extern char *ct_format_count(int64 n);	/* 1,234,567; "-" if negative */
extern char *ct_format_float(double x); /* 1,235 or 12.3: three digits at least; "-" if NaN */
extern char *ct_format_ms(double ms, bool unicode); /* 12.3 us, 1.23 ms, 2.50 s, 3 min 20 s */
extern char *ct_format_share(double share); /* 12.3 % of 0.123 */
extern char *ct_format_change(double change);	/* +12.3 % of 0.123; "-" if NaN */
extern char *ct_format_plural(int64 n, const char *one, const char *many);	/* 1 row, 1,234 rows */

extern int	ct_text_width(const char *text);	/* columns on a terminal */

/* one line of at most width columns, free of control characters */
extern char *ct_text_cut(const char *text, int width, bool unicode);

/* appended in lines of at most width columns, all but the first indented */
extern void ct_text_wrap(StringInfo buf, const char *text, int indent, int width);

#endif							/* CT_REPORT_H */
