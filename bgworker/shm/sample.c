/*
 * sample.c
 *		Taking single transactions in.
 */
#include "postgres.h"

#include <math.h>

#include "bgworker/shm/sample.h"
#include "src/base/text.h"

void
ct_samples_init(CtSamples *samples)
{
	SpinLockInit(&samples->mutex);
	pg_atomic_init_u64(&samples->below, PG_UINT64_MAX);
	pg_atomic_init_u64(&samples->slower, 0);
	pg_atomic_init_u32(&samples->nfailed, 0);
	samples->nrandom = samples->nslowest = 0;
}

/* ---- random ones ---- */

/* How many are passed over until one has a key below the bound. */
static void
draw_next(CtDraw *draw, CtSamples *samples)
{
	double		u = 1 - pg_prng_double(&draw->random);	/* in (0, 1] */
	double		n;

	draw->below = pg_atomic_read_u64(&samples->below);
	n = floor(log(u) / log1p(-ldexp((double) draw->below, -64)));
	draw->pass_over = n < 1e18 ? (uint64) n : UINT64CONST(1000000000000000000);
}

void
ct_draw_begin(CtDraw *draw, CtSamples *samples, uint64 seed)
{
	pg_prng_seed(&draw->random, seed);
	draw_next(draw, samples);
}

uint64
ct_draw_key(CtDraw *draw, CtSamples *samples)
{
	uint64		key = pg_prng_uint64_range(&draw->random, 0, draw->below - 1);

	draw_next(draw, samples);
	return key;
}

/* Puts a key into the heap at its end, from where it rises. */
static void
heap_push(CtKept *heap, int n, CtKept kept)
{
	int			at = n;

	while (at > 0 && heap[(at - 1) / 2].key < kept.key)
	{
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = kept;
}

/* Puts a key at the top, from where it sinks. */
static void
heap_replace(CtKept *heap, int n, CtKept kept)
{
	int			at = 0;

	for (;;)
	{
		int			child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && heap[child + 1].key > heap[child].key)
			child++;
		if (heap[child].key <= kept.key)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = kept;
}

void
ct_samples_offer(CtSamples *samples, uint64 key, const CtTransaction *transaction)
{
	CtKept		kept = {.key = key};

	SpinLockAcquire(&samples->mutex);
	if (samples->nrandom < CT_SAMPLES_RANDOM)
	{
		kept.transaction = samples->nrandom;
		samples->random[kept.transaction] = *transaction;
		heap_push(samples->heap, samples->nrandom++, kept);
	}
	else if (key < samples->heap[0].key)
	{
		kept.transaction = samples->heap[0].transaction;
		samples->random[kept.transaction] = *transaction;
		heap_replace(samples->heap, samples->nrandom, kept);
	}
	if (samples->nrandom == CT_SAMPLES_RANDOM)
		pg_atomic_write_u64(&samples->below, Max(samples->heap[0].key, 1));
	SpinLockRelease(&samples->mutex);
}

/* ---- slowest ones ---- */

void
ct_samples_offer_slow(CtSamples *samples, const CtTransaction *transaction)
{
	int			fastest = 0;
	int			i;

	SpinLockAcquire(&samples->mutex);
	if (samples->nslowest < CT_SAMPLES_SLOWEST)
		samples->slowest[samples->nslowest++] = *transaction;
	else
	{
		for (i = 1; i < CT_SAMPLES_SLOWEST; i++)
			if (samples->slowest[i].latency_ns < samples->slowest[fastest].latency_ns)
				fastest = i;
		if (transaction->latency_ns > samples->slowest[fastest].latency_ns)
			samples->slowest[fastest] = *transaction;
	}
	if (samples->nslowest == CT_SAMPLES_SLOWEST)
	{
		uint64		slower = samples->slowest[0].latency_ns;

		for (i = 1; i < CT_SAMPLES_SLOWEST; i++)
			slower = Min(slower, samples->slowest[i].latency_ns);
		pg_atomic_write_u64(&samples->slower, slower);
	}
	SpinLockRelease(&samples->mutex);
}

/* ---- failed ones ---- */

void
ct_samples_offer_failed(CtSamples *samples, const CtTransaction *transaction, const char *message)
{
	char		text[CT_SAMPLE_MESSAGE];
	int			n;
	int			i;

	if (pg_atomic_read_u32(&samples->nfailed) >= CT_SAMPLES_FAILED)
		return;
	ct_copy_text(text, message, sizeof(text));
	SpinLockAcquire(&samples->mutex);
	n = (int) pg_atomic_read_u32(&samples->nfailed);
	for (i = 0; i < n; i++)
		if (samples->failed[i].sqlstate == transaction->sqlstate &&
			strcmp(samples->messages[i], text) == 0)
			break;
	if (i == n && n < CT_SAMPLES_FAILED)
	{
		samples->failed[n] = *transaction;
		memcpy(samples->messages[n], text, sizeof(text));
		pg_atomic_write_u32(&samples->nfailed, n + 1);
	}
	SpinLockRelease(&samples->mutex);
}

/* ---- afterwards ---- */

static int
samples_compare_start(const void *a, const void *b)
{
	uint64		left = ((const CtTransaction *) a)->start_ns;
	uint64		right = ((const CtTransaction *) b)->start_ns;

	return left < right ? -1 : left > right;
}

static int
samples_compare_latency(const void *a, const void *b)
{
	uint64		left = ((const CtTransaction *) a)->latency_ns;
	uint64		right = ((const CtTransaction *) b)->latency_ns;

	return left > right ? -1 : left < right;
}

void
ct_samples_sort(CtSamples *samples)
{
	qsort(samples->random, samples->nrandom, sizeof(CtTransaction), samples_compare_start);
	qsort(samples->slowest, samples->nslowest, sizeof(CtTransaction), samples_compare_latency);
}
