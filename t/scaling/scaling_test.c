/*
 * scaling_test.c
 *		src/metrics/usl.c, knee.c and scaling.c as calculators, for t/198_scale.pl:
 *		commands on standard input, a line for each on standard output.
 */
#include "postgres.h"

#include "src/metrics/knee.h"
#include "src/metrics/scaling.h"
#include "src/metrics/usl.h"

/* the server's own is in a library that we do without */
#undef printf

#define MAX_VALUES	64

static void
print_fit(const double *clients, const double *tps, int n)
{
	CtUslFit	fit = ct_usl_fit(clients, tps, n, 0.95);
	CtInterval	exponent = ct_usl_exponent(clients, tps, n, 0.95);

	printf("%d %.8g %.8g %.8g %.8g %.8g %.8g %.8g %.8g %.8g %.8g\n", fit.fitted,
		   fit.lambda.estimate, fit.sigma.estimate, fit.kappa.estimate, fit.peak.estimate, fit.r2,
		   fit.kappa.low, fit.kappa.high, exponent.estimate, exponent.low, exponent.high);
}

/* A load holds up to the limit, but for the tries whose numbers, from 1, are those of bits that are set. */
static void
print_search(CtKnee *knee, double limit, unsigned long wrong)
{
	CtKneeResult result;
	double		value;
	int			tries = 0;

	while (tries < 1000 && ct_knee_next(knee, &value))
	{
		bool		held = value <= limit;

		tries++;
		if (tries < 60 && (wrong >> tries) & 1)
			held = !held;
		ct_knee_saw(knee, value, held);
	}
	result = ct_knee_result(knee);
	printf("%.6g %.6g %.6g %d\n", result.found, result.low, result.high, tries);
}

/*
 * Points, each its clients, its number of runs, and of each run its number of
 * seconds and these: what each comes to against what is asked for, 1, 0 or -1.
 */
static bool
print_scaling(int npoints, double min_efficiency, double min_retained)
{
	static double seconds[MAX_VALUES * CT_SCALING_RUNS][MAX_VALUES];
	static CtScalingPoint points[MAX_VALUES];
	int			nsamples = 0;
	int			i;
	int			j;
	int			k;

	for (i = 0; i < npoints; i++)
	{
		if (scanf("%d %d", &points[i].clients, &points[i].n) != 2 || points[i].n > CT_SCALING_RUNS)
			return false;
		for (j = 0; j < points[i].n; j++)
		{
			CtSample   *sample = &points[i].samples[j];

			if (scanf("%d", &sample->n) != 1 || sample->n < 1 || sample->n > MAX_VALUES)
				return false;
			sample->value = 0;
			sample->batches = seconds[nsamples];
			for (k = 0; k < sample->n; k++)
			{
				if (scanf("%lf", &seconds[nsamples][k]) != 1)
					return false;
				sample->value += seconds[nsamples][k] / sample->n;
			}
			nsamples++;
		}
	}
	ct_scaling_measure(points, npoints, 0.95);
	for (i = 0; i < npoints; i++)
		printf("%.3f %.3f %d %d ", points[i].efficiency.estimate, points[i].retained.estimate,
			   ct_scaling_is_efficient(&points[i], min_efficiency),
			   ct_scaling_is_graceful(&points[i], min_retained));
	printf("\n");
	return true;
}

int
main(void)
{
	char		command[32];

	while (scanf("%31s", command) == 1)
	{
		if (strcmp(command, "usl") == 0)	/* n, clients and tps in pairs */
		{
			double		clients[MAX_VALUES];
			double		tps[MAX_VALUES];
			int			n;
			int			i;

			if (scanf("%d", &n) != 1 || n > MAX_VALUES)
				return 1;
			for (i = 0; i < n; i++)
				if (scanf("%lf %lf", &clients[i], &tps[i]) != 2)
					return 1;
			print_fit(clients, tps, n);
		}
		else if (strcmp(command, "scale") == 0) /* n, what is asked for twice, points */
		{
			double		min_efficiency;
			double		min_retained;
			int			n;

			if (scanf("%d %lf %lf", &n, &min_efficiency, &min_retained) != 3 || n > MAX_VALUES ||
				!print_scaling(n, min_efficiency, min_retained))
				return 1;
		}
		else					/* knee start min max resolution whole limit wrong */
		{
			CtKnee		knee = {0};
			double		limit;
			unsigned long wrong;
			int			whole;

			if (scanf("%lf %lf %lf %lf %d %lf %lu", &knee.start, &knee.min, &knee.max, &knee.resolution,
					  &whole, &limit, &wrong) != 7)
				return 1;
			knee.whole = whole != 0;
			print_search(&knee, limit, wrong);
		}
	}
	return 0;
}
