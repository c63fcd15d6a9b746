/*
 * metrics_test.c
 *		src/metrics as a calculator, for t/120_metrics.pl: commands on standard
 *		input, what they come to on standard output, a line for each that asks.
 *
 * Histograms and batches are named by small numbers.  What is right is none of
 * this program's business: the script knows it from elsewhere.
 */
#include "postgres.h"

#include "src/metrics/batches.h"
#include "src/metrics/changepoint.h"
#include "src/metrics/distribution.h"
#include "src/metrics/histogram.h"
#include "src/metrics/metric.h"
#include "src/metrics/pace.h"
#include "src/metrics/statistics.h"

/* the server's own are in a library that we do without */
#undef printf
#undef fprintf

char *
pstrdup(const char *in)
{
	return strdup(in);
}

char *
pnstrdup(const char *in, Size len)
{
	return strndup(in, len);
}

#undef qsort
void
pg_qsort(void *base, size_t nel, size_t elsize, int (*cmp) (const void *, const void *))
{
	qsort(base, nel, elsize, cmp);
}

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errmsg_internal(const char *fmt,...)
{
	fprintf(stderr, "metrics_test: %s\n", fmt);
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	exit(3);
}

#define MAX_NAMES	64

static CtHistogram *histograms[MAX_NAMES];
static CtBatches batches[MAX_NAMES];

static void
give_up(const char *what)
{
	fprintf(stderr, "metrics_test: %s\n", what);
	exit(2);
}

static uint64
read_uint64(void)
{
	unsigned long long value;

	if (scanf("%llu", &value) != 1)
		give_up("a number is missing");
	return value;
}

static double
read_double(void)
{
	double		value;

	if (scanf("%lf", &value) != 1)
		give_up("a number is missing");
	return value;
}

static const char *
read_word(void)
{
	static char words[4][64];
	static int	next = 0;
	char	   *word = words[next++ % lengthof(words)];

	if (scanf("%63s", word) != 1)
		give_up("a word is missing");
	return word;
}

static int
read_name(void)
{
	uint64		name = read_uint64();

	if (name >= MAX_NAMES)
		give_up("no such name");
	if (histograms[name] == NULL)
		histograms[name] = calloc(1, sizeof(CtHistogram));
	return (int) name;
}

/* do they hold the same, but for the rounding of sums in another order? */
static bool
is_same(const CtHistogram *a, const CtHistogram *b)
{
	double		off = a->sum_squares - b->sum_squares;

	return a->count == b->count && a->sum == b->sum && a->min == b->min && a->max == b->max &&
		a->counted == b->counted && memcmp(a->buckets, b->buckets, sizeof(a->buckets)) == 0 &&
		(off < 0 ? -off : off) <= 1e-9 * a->sum_squares;
}

static double *
read_doubles(int *n)
{
	double	   *values;
	int			i;

	*n = (int) read_uint64();
	values = calloc(*n > 0 ? *n : 1, sizeof(double));
	for (i = 0; i < *n; i++)
		values[i] = read_double();
	return values;
}

/* runs: n, and of each its value and batches */
static CtSample *
read_runs(int *n)
{
	CtSample   *runs;
	int			i;

	*n = (int) read_uint64();
	runs = calloc(*n > 0 ? *n : 1, sizeof(CtSample));
	for (i = 0; i < *n; i++)
	{
		runs[i].value = read_double();
		runs[i].batches = read_doubles(&runs[i].n);
	}
	return runs;
}

static void
print_interval(CtInterval interval)
{
	printf("%.12g %.12g %.12g\n", interval.estimate, interval.low, interval.high);
}

static void
print_slices(const CtBatches *one)
{
	int			i;

	printf("%d", one->shift);
	for (i = 0; i < CT_SLICES; i++)
		printf(" " UINT64_FORMAT, one->slices[i]);
	printf("\n");
}

static CtPace
read_pace(void)
{
	CtPace		pace;

	pace.from = read_double();
	pace.to = read_double();
	pace.ramp = read_double();
	return pace;
}

int
main(void)
{
	char		command[32];

	while (scanf("%31s", command) == 1)
	{
		if (strcmp(command, "record") == 0) /* NAME n value.. */
		{
			int			to = read_name();
			uint64		n = read_uint64();

			for (; n > 0; n--)
			{
				ct_histogram_record(histograms[to], read_uint64());
				histograms[to]->counted++;
			}
		}
		else if (strcmp(command, "add") == 0)	/* TO FROM */
		{
			int			to = read_name();

			ct_histogram_add(histograms[to], histograms[read_name()]);
		}
		else if (strcmp(command, "subtract") == 0)	/* RESULT NOW BEFORE */
		{
			int			result = read_name();
			int			now = read_name();

			ct_histogram_subtract(histograms[result], histograms[now], histograms[read_name()]);
		}
		else if (strcmp(command, "copy") == 0)	/* TO FROM */
		{
			int			to = read_name();

			*histograms[to] = *histograms[read_name()];
		}
		else if (strcmp(command, "same") == 0)	/* A B */
		{
			int			a = read_name();

			printf("%d\n", is_same(histograms[a], histograms[read_name()]));
		}
		else if (strcmp(command, "moments") == 0)	/* NAME */
		{
			const CtHistogram *h = histograms[read_name()];

			printf(UINT64_FORMAT " " UINT64_FORMAT " " UINT64_FORMAT " %.17g %.17g\n",
				   h->count, h->min, h->max, ct_histogram_mean(h), ct_histogram_stddev(h));
		}
		else if (strcmp(command, "quantile") == 0)	/* NAME q */
		{
			const CtHistogram *h = histograms[read_name()];

			printf("%.17g\n", ct_histogram_quantile(h, read_double()));
		}
		else if (strcmp(command, "above") == 0) /* NAME ns */
		{
			const CtHistogram *h = histograms[read_name()];

			printf(UINT64_FORMAT "\n", ct_histogram_above(h, read_double()));
		}
		else if (strcmp(command, "pace_count") == 0)	/* from to ramp, from_s until_s */
		{
			CtPace		pace = read_pace();
			double		from = read_double();

			printf("%.17g\n", ct_pace_count(&pace, from, read_double()));
		}
		else if (strcmp(command, "pace_after") == 0)	/* from to ramp, from_s count */
		{
			CtPace		pace = read_pace();
			double		from = read_double();

			printf("%.17g\n", ct_pace_after(&pace, from, read_double()));
		}
		else if (strcmp(command, "pace_events") == 0)	/* from to ramp, n gap..: when they come */
		{
			CtPace		pace = read_pace();
			uint64		n = read_uint64();
			double		at = 0;

			for (; n > 0; n--)
			{
				at = ct_pace_after(&pace, at, read_double());
				printf("%.17g%s", at, n > 1 ? " " : "\n");
			}
		}
		else if (strcmp(command, "buckets") == 0)
			printf("%d\n", CT_HISTOGRAM_BUCKETS);
		else if (strcmp(command, "bounds") == 0)	/* bucket */
		{
			int			bucket = (int) read_uint64();

			printf(UINT64_FORMAT " " UINT64_FORMAT "\n", ct_histogram_lower(bucket),
				   ct_histogram_upper(bucket));
		}
		else if (strcmp(command, "bucket") == 0)	/* value */
			printf("%d\n", ct_histogram_bucket(read_uint64()));
		else if (strcmp(command, "events") == 0)	/* NAME n ns.. */
		{
			int			to = read_name();
			uint64		n = read_uint64();

			for (; n > 0; n--)
				ct_batches_record(&batches[to], read_uint64());
		}
		else if (strcmp(command, "join") == 0)	/* TO FROM */
		{
			int			to = read_name();

			ct_batches_add(&batches[to], &batches[read_name()]);
		}
		else if (strcmp(command, "slices") == 0)	/* NAME */
			print_slices(&batches[read_name()]);
		else if (strcmp(command, "interval") == 0)	/* NAME ns */
		{
			int			name = read_name();

			printf("%.17g\n", ct_batches_half_interval(&batches[name], read_uint64()));
		}
		else if (strcmp(command, "holds") == 0) /* actual op target */
		{
			double		actual = read_double();
			const char *op = read_word();

			printf("%d\n", ct_metric_holds(actual, op, read_double()));
		}
		else if (strcmp(command, "lost") == 0)	/* metric actual op target */
		{
			const char *metric = read_word();
			double		actual = read_double();
			const char *op = read_word();

			printf("%d\n", ct_metric_is_lost(metric, actual, op, read_double()));
		}
		else if (strcmp(command, "tally") == 0) /* n1 amounts n2 amounts: of two sessions; its metrics */
		{
			CtTally		all = {0};
			int			session;
			int			i;

			for (session = 0; session < 2; session++)
			{
				CtTally		tally = {0};

				for (i = (int) read_double(); i > 0; i--)
				{
					CtTally		one = ct_tally_of(read_double());

					ct_tally_add(&tally, &one);
				}
				ct_tally_add(&all, &tally);
			}
			for (i = CT_TALLY_SUM; i <= CT_TALLY_MAX; i++)
				printf("%s%g", i > 0 ? " " : "", ct_metric_of_tally(i, &all));
			printf("\n");
		}
		else if (strcmp(command, "tally_lost") == 0)	/* metric actual op target */
		{
			int			metric = (int) read_double();
			double		actual = read_double();
			const char *op = read_word();

			printf("%d\n", ct_metric_tally_is_lost(metric, actual, op, read_double()));
		}
		else if (strcmp(command, "actual") == 0)	/* metric, transactions, failed */
		{
			const char *metric = read_word();
			CtMetrics	input;
			int			i;

			/* all others by their place */
			for (i = 0; i < sizeof(CtMetrics) / sizeof(double); i++)
				((double *) &input)[i] = i + 1;
			input.transactions = read_double();
			input.failed = read_double();
			printf("%.17g\n", ct_metric_actual(metric, &input));
		}
		else if (strcmp(command, "slope") == 0) /* n transactions memory .. */
		{
			CtGrowthPoint points[CT_GROWTH_POINTS];
			int			n = (int) read_uint64();
			double		slope;
			double		low;
			double		high;
			int			i;

			if (n > CT_GROWTH_POINTS)
				give_up("too many points");
			for (i = 0; i < n; i++)
			{
				points[i].transactions = read_double();
				points[i].memory = read_double();
			}
			ct_usage_slope(points, n, &slope, &low, &high);
			printf("%.17g %.17g %.17g\n", slope, low, high);
		}
		else if (strcmp(command, "kinds") == 0) /* metric */
			printf("%d\n", ct_metric_kinds(read_word()));
		else if (strcmp(command, "is_op") == 0) /* word */
			printf("%d\n", ct_metric_is_op(read_word()));
		else if (strcmp(command, "metrics") == 0)
		{
			int			i;

			for (i = 0; ct_metrics[i] != NULL; i++)
				printf("%s%s", i > 0 ? " " : "", ct_metrics[i]);
			printf("\n");
		}
		else if (strcmp(command, "split") == 0) /* name */
		{
			char	   *of;
			char	   *metric;
			CtMetricKind kind = ct_metric_split(read_word(), &of, &metric);

			printf("%d %s %s", kind, of ? of : "-", metric);
			if (kind == CT_OF_TALLY)
			{
				CtTallyMetric what = ct_metric_cut_tally(metric);

				printf(" %s %d", metric, what);
			}
			printf("\n");
		}
		else if (strcmp(command, "normal") == 0)	/* x */
			printf("%.12g\n", ct_normal_cdf(read_double()));
		else if (strcmp(command, "normal_quantile") == 0)	/* p */
			printf("%.12g\n", ct_normal_quantile(read_double()));
		else if (strcmp(command, "t") == 0) /* t degrees */
		{
			double		t = read_double();

			printf("%.12g\n", ct_student_cdf(t, read_double()));
		}
		else if (strcmp(command, "t_quantile") == 0)	/* p degrees */
		{
			double		p = read_double();

			printf("%.12g\n", ct_student_quantile(p, read_double()));
		}
		else if (strcmp(command, "binomial") == 0)	/* k n p */
		{
			double		k = read_double();
			double		n = read_double();

			printf("%.12g\n", ct_binomial_cdf(k, n, read_double()));
		}
		else if (strcmp(command, "beta") == 0)	/* a b x */
		{
			double		a = read_double();
			double		b = read_double();

			printf("%.12g\n", ct_incomplete_beta(a, b, read_double()));
		}
		else if (strcmp(command, "changepoints") == 0)	/* n value.. */
		{
			int			n;
			double	   *values = read_doubles(&n);
			double	   *scratch = calloc(2 * n + 1, sizeof(double));
			int		   *points = calloc(n + 1, sizeof(int));
			int			found = ct_changepoints(values, n, points, scratch);
			int			i;

			printf("at");
			for (i = 0; i < found; i++)
				printf(" %d", points[i]);
			printf("\n");
			free(values);
			free(scratch);
			free(points);
		}
		else if (strcmp(command, "fairness") == 0)	/* n value.. */
		{
			int			n;
			double	   *values = read_doubles(&n);

			printf("%.12g\n", ct_stats_fairness(values, n));
			free(values);
		}
		else if (strcmp(command, "series") == 0)	/* n value.. */
		{
			int			n;
			double	   *values = read_doubles(&n);
			CtSeries	series = ct_stats_series(values, n);
			double		correlation = ct_stats_correlation(&series);
			double		degrees;
			double		variance = ct_stats_variance_of_mean(&series, correlation, &degrees);

			printf("%d %.12g %.12g %.12g %.12g\n", series.stationary, series.mean, correlation,
				   variance, degrees);
			free(values);
		}
		else if (strcmp(command, "mean") == 0 || strcmp(command, "mean_independent") == 0)	/* level n value.. */
		{
			double		level = read_double();
			int			n;
			double	   *values = read_doubles(&n);

			print_interval(strcmp(command, "mean") == 0 ? ct_stats_mean(values, n, level) :
						   ct_stats_mean_independent(values, n, level));
			free(values);
		}
		else if (strcmp(command, "quantile_interval") == 0) /* NAME q level */
		{
			int			name = read_name();
			double		q = read_double();

			print_interval(ct_stats_quantile(histograms[name], q, read_double()));
		}
		else if (strcmp(command, "change") == 0)	/* counts level, runs before, runs after */
		{
			bool		counts = read_uint64() != 0;
			double		level = read_double();
			int			nbefore;
			int			nafter;
			CtSample   *before = read_runs(&nbefore);
			CtSample   *after = read_runs(&nafter);
			CtChange	change = ct_stats_change(before, nbefore, after, nafter, counts, level);

			printf("%s %.12g %.12g %.12g %.12g %.12g %.12g\n",
				   change.verdict == CT_CHANGE_UNKNOWN ? "unknown" :
				   change.verdict == CT_CHANGE_NONE ? "none" : "significant",
				   change.before, change.after, change.change, change.low, change.high, change.detectable);
		}
		else
			give_up(command);
	}
	return 0;
}
