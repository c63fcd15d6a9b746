/*
 * sample_unit.c
 *		Samples of transactions: that each has the same chance to be drawn, whoever
 *		executes it and when; and which slow and failed ones are kept.
 *
 * Seeds are fixed, so that what comes out is.
 */
#include "postgres.h"

#include "bgworker/shm/sample.h"
#include "t/units/units.h"

#define WORKERS		7
#define ROUNDS		40
#define BINS		50

/* the 99.9 % quantiles of chi-square with BINS - 1 and WORKERS - 1 degrees of freedom */
#define CHI_BINS	85.351
#define CHI_WORKERS	22.458

/* Of each eight transactions, worker 0 executes one, worker 1 two ... and some come in bursts. */
static int
sample_worker(int i)
{
	static const int turns[] = {0, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 6, 6, 6, 6, 6};

	return i % 5000 < 500 ? 4 : turns[i % lengthof(turns)];
}

static double
sample_chi_square(const double *seen, const double *expected, int n)
{
	double		sum = 0;
	int			i;

	for (i = 0; i < n; i++)
		sum += (seen[i] - expected[i]) * (seen[i] - expected[i]) / expected[i];
	return sum;
}

/* n transactions, drawn from ROUNDS times: where the drawn ones stand, and who has executed them */
static void
sample_draw_from(CtSamples *samples, int n)
{
	double		bins[BINS] = {0};
	double		bins_expected[BINS] = {0};
	double		workers[WORKERS] = {0};
	double		workers_expected[WORKERS] = {0};
	double		neighbours = 0;
	double		chance = Min(1.0, (double) CT_SAMPLES_RANDOM / n);
	bool		twice = false;
	int			kept = 0;
	int			round;
	int			i;

	for (round = 0; round < ROUNDS; round++)
	{
		CtDraw		draws[WORKERS];
		CtTransaction transaction = {0};

		memset(samples, 0, sizeof(CtSamples));
		ct_samples_init(samples);
		for (i = 0; i < WORKERS; i++)
			ct_draw_begin(&draws[i], samples, round * 1000 + i);
		for (i = 0; i < n; i++)
		{
			int			worker = sample_worker(i);

			transaction.start_ns = transaction.iteration = i;
			transaction.worker = worker;
			bins_expected[(int) ((int64) i * BINS / n)] += chance;
			workers_expected[worker] += chance;
			if (ct_draw_is_next(&draws[worker]))
				ct_samples_offer(samples, ct_draw_key(&draws[worker], samples), &transaction);
		}
		ct_samples_sort(samples);
		kept += samples->nrandom;
		for (i = 0; i < samples->nrandom; i++)
		{
			const CtTransaction *one = &samples->random[i];

			bins[(int) (one->iteration * BINS / n)]++;
			workers[one->worker]++;
			twice |= i > 0 && one->iteration == samples->random[i - 1].iteration;
			neighbours += i > 0 && one->iteration == samples->random[i - 1].iteration + 1;
		}
	}
	unit_ok(kept == ROUNDS * Min(n, CT_SAMPLES_RANDOM), "of %d transactions %d are kept", n,
			Min(n, CT_SAMPLES_RANDOM));
	unit_ok(!twice, "of %d none is kept twice", n);
	unit_ok(sample_chi_square(bins, bins_expected, BINS) < CHI_BINS,
			"of %d each has the same chance, the first and the last: %.1f", n,
			sample_chi_square(bins, bins_expected, BINS));
	unit_ok(sample_chi_square(workers, workers_expected, WORKERS) < CHI_WORKERS,
			"of %d each has the same chance, whoever executes it: %.1f", n,
			sample_chi_square(workers, workers_expected, WORKERS));

	/* who is drawn has no influence on the next one: pairs are as rare as they should be */
	if (n > CT_SAMPLES_RANDOM)
	{
		double		expected = ROUNDS * (n - 1.0) * chance * (CT_SAMPLES_RANDOM - 1.0) / (n - 1.0);

		unit_ok((neighbours - expected) * (neighbours - expected) / expected < 10.8,
				"of %d pairs of neighbours are drawn as often as chance has it: %.0f of %.0f", n,
				neighbours, expected);
	}
}

/*
 * Two hundred workers one after the other, a hundred transactions each: all of
 * them have drawn their first one when anything was taken, and none is more
 * likely to be, nor less, for being a worker's first.
 */
static void
sample_one_by_one(CtSamples *samples)
{
	enum
	{
		nworkers = 200,
		each = 100
	};
	double		places[BINS] = {0};
	double		expected[BINS];
	int			round;
	int			i;

	for (round = 0; round < ROUNDS; round++)
	{
		CtDraw		draws[nworkers];
		CtTransaction transaction = {0};

		memset(samples, 0, sizeof(CtSamples));
		ct_samples_init(samples);
		for (i = 0; i < nworkers; i++)
			ct_draw_begin(&draws[i], samples, round * 1000 + i);
		for (i = 0; i < nworkers * each; i++)
		{
			transaction.iteration = i;
			if (ct_draw_is_next(&draws[i / each]))
				ct_samples_offer(samples, ct_draw_key(&draws[i / each], samples), &transaction);
		}
		for (i = 0; i < samples->nrandom; i++)
			places[samples->random[i].iteration % each * BINS / each]++;
	}
	for (i = 0; i < BINS; i++)
		expected[i] = (double) ROUNDS * CT_SAMPLES_RANDOM / BINS;
	unit_ok(sample_chi_square(places, expected, BINS) < CHI_BINS,
			"a worker's first transactions have the same chance as its last ones: %.1f",
			sample_chi_square(places, expected, BINS));
}

static void
sample_slowest(CtSamples *samples)
{
	CtTransaction transaction = {0};
	uint64		sum = 0;
	int			i;

	memset(samples, 0, sizeof(CtSamples));
	ct_samples_init(samples);
	for (i = 0; i < 1000; i++)
	{
		transaction.latency_ns = (i * 7919) % 1000 + 1;
		if (ct_samples_is_slow(samples, transaction.latency_ns))
			ct_samples_offer_slow(samples, &transaction);
	}
	ct_samples_sort(samples);
	for (i = 0; i < samples->nslowest; i++)
		sum += samples->slowest[i].latency_ns == 1000 - i;
	unit_ok(samples->nslowest == CT_SAMPLES_SLOWEST && sum == CT_SAMPLES_SLOWEST,
			"the slowest are kept, the slowest first");
	unit_ok(!ct_samples_is_slow(samples, 1000 - CT_SAMPLES_SLOWEST + 1) &&
			ct_samples_is_slow(samples, 1000 - CT_SAMPLES_SLOWEST + 2),
			"it is known what is slow enough");
}

static void
sample_failed(CtSamples *samples)
{
	CtTransaction transaction = {0};
	char		message[2 * CT_SAMPLE_MESSAGE];
	int			i;

	memset(samples, 0, sizeof(CtSamples));
	ct_samples_init(samples);
	for (i = 0; i < 100; i++)
	{
		transaction.iteration = i;
		transaction.sqlstate = 1;
		snprintf(message, sizeof(message), "message %d", i / 4);
		ct_samples_offer_failed(samples, &transaction, message);
	}
	unit_ok(pg_atomic_read_u32(&samples->nfailed) == CT_SAMPLES_FAILED &&
			samples->failed[3].iteration == 12 && samples->failed[CT_SAMPLES_FAILED - 1].iteration == 76,
			"of failed ones the first ones are kept, one of each message");
	unit_is(samples->messages[3], "message 3", "with the message");

	ct_samples_init(samples);
	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	ct_samples_offer_failed(samples, &transaction, message);
	transaction.sqlstate = 2;
	ct_samples_offer_failed(samples, &transaction, message);
	unit_ok(pg_atomic_read_u32(&samples->nfailed) == 2 &&
			strlen(samples->messages[1]) == CT_SAMPLE_MESSAGE - 1,
			"a long message is cut; another SQLSTATE is another error");
}

void
unit_sample(void)
{
	CtSamples  *samples = palloc(sizeof(CtSamples));

	sample_draw_from(samples, 700);
	sample_draw_from(samples, 1000);
	sample_draw_from(samples, 1500);
	sample_draw_from(samples, 20000);
	sample_one_by_one(samples);
	sample_slowest(samples);
	sample_failed(samples);
}
