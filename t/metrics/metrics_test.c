/*
 * metrics_test.c
 *		What src/metrics computes, printed for t/120_metrics.pl: a line each,
 *		a name and a number.
 */
#include "postgres.h"

#include "src/metrics/batches.h"
#include "src/metrics/histogram.h"

/* the server's own is in a library that we do without */
#undef printf

static void
print_t(int degrees)
{
	printf("t_%d %.3f\n", degrees, ct_student_t(degrees));
}

/* so many events in each stretch of 2 ** 24 ns, one stretch after the other */
static void
print_interval(const char *name, const int *counts, int n)
{
	CtBatches	batches;
	CtBatches	even = {0};
	CtBatches	odd = {0};
	uint64		total = 0;
	int			i;
	int			j;

	memset(&batches, 0, sizeof(batches));
	for (i = 0; i < n; i++)
		for (j = 0; j < counts[i]; j++)
		{
			uint64		ns = (uint64) ((i + (j + 0.5) / counts[i]) * (1 << 24));

			/* as two workers would, the second of which ends early */
			ct_batches_record(&batches, ns);
			ct_batches_record(j % 2 || i > n / 2 ? &odd : &even, ns);
		}
	printf("%s %.6f\n", name, ct_batches_half_interval(&batches, (uint64) n << 24));
	ct_batches_add(&even, &odd);
	printf("%s_merged %.6f\n", name, ct_batches_half_interval(&even, (uint64) n << 24));
	for (i = 0; i < CT_SLICES; i++)
		total += even.slices[i];
	printf("%s_total %d\n", name, (int) total);
}

int
main(void)
{
	static const int twenty[] = {
		10, 12, 9, 11, 10, 13, 8, 10, 12, 9, 11, 14, 9, 10, 8, 12, 10, 11, 9, 12
	};
	static const int steady[] = {
		7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7
	};
	CtHistogram *h = calloc(1, sizeof(CtHistogram));
	CtHistogram *later = calloc(1, sizeof(CtHistogram));
	CtHistogram *difference = calloc(1, sizeof(CtHistogram));
	double		worst = 0;
	uint64		ns;
	int			q;

	print_t(1);
	print_t(9);
	print_t(19);
	print_interval("twenty", twenty, lengthof(twenty));
	print_interval("short", twenty, 6);
	print_interval("steady", steady, lengthof(steady));

	/* every thousandth of a microsecond up to 1 ms: the q-quantile is q ms */
	for (ns = 1; ns <= 1000000; ns++)
		ct_histogram_record(h, ns);
	for (q = 1; q <= 999; q++)
	{
		double		off = ct_histogram_quantile(h, q / 1000.0) / (q * 1000.0) - 1;

		worst = Max(worst, off < 0 ? -off : off);
	}
	printf("worst_quantile %.6f\n", worst);
	printf("mean %.1f\n", ct_histogram_mean(h));
	printf("stddev %.0f\n", ct_histogram_stddev(h));
	*later = *h;
	ct_histogram_record(later, 123456789);
	printf("max %.0f\n", (double) later->max);
	ct_histogram_subtract(difference, later, h);
	printf("difference %d\n", (int) difference->count);
	return 0;
}
