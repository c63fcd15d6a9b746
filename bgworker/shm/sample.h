/*
 * sample.h
 *		Single transactions of a run, of which some are kept: a thousand drawn at
 *		random, the slowest ones, and the first failed ones.
 *
 * Drawn are those of all workers together, each with the same probability,
 * whoever executes more: each transaction has a random key, and those with the
 * smallest keys are kept (bottom-k sampling; Cohen and Kaplan, "Summarizing
 * data using bottom-k sketches", PODC 2007).  No worker draws a key for each of
 * its transactions: from the bound below which keys are taken at the moment it
 * draws how many have to be passed over until one may be below (a geometric
 * number; Li's "Algorithm L" does so for one stream), and counts them down.
 * The bound only falls, so who finds it lower then than when it drew compares
 * its key once more.
 *
 * Of N transactions some 1000 (1 + ln(N / 1000)) are offered, all others cost a
 * countdown and a comparison.  Locking: the spinlock, while one is taken in;
 * the bounds are read without it.
 */
#ifndef CT_SAMPLE_H
#define CT_SAMPLE_H

#include "common/pg_prng.h"
#include "port/atomics.h"
#include "storage/spin.h"

#define CT_SAMPLES_RANDOM	1000
#define CT_SAMPLES_SLOWEST	20
#define CT_SAMPLES_FAILED	20
#define CT_SAMPLE_STATEMENTS	32	/* of a transaction, the first ones */
#define CT_SAMPLE_MESSAGE	1024	/* bytes of a failed one's */

/* A transaction; numbers are from 0. */
typedef struct CtTransaction
{
	int64		iteration;
	uint64		start_ns;
	uint64		latency_ns;
	int			client;
	int			worker;
	int			script;
	int			tries;
	int			sqlstate;		/* of the last error of any try; 0: none */
	int			outcome;		/* in the worker's slot; -1: none */
	int			phase;			/* -1: none */
	int			nstatements;	/* of the last try, and that many at most: */
	int16		commands[CT_SAMPLE_STATEMENTS];
	float		ms[CT_SAMPLE_STATEMENTS];
} CtTransaction;

typedef struct CtKept
{
	uint64		key;
	int			transaction;	/* its place among the random ones */
} CtKept;

/* in the run's segment; zeroes but for what ct_samples_init sets */
typedef struct CtSamples
{
	slock_t		mutex;
	pg_atomic_uint64 below;		/* keys from here on aren't taken */
	pg_atomic_uint64 slower;	/* nor what took no longer, ns */
	pg_atomic_uint32 nfailed;
	int			nrandom;
	int			nslowest;
	CtKept		heap[CT_SAMPLES_RANDOM];	/* of the random ones, the largest key first */
	CtTransaction random[CT_SAMPLES_RANDOM];
	CtTransaction slowest[CT_SAMPLES_SLOWEST];	/* in no order */
	CtTransaction failed[CT_SAMPLES_FAILED];
	char		messages[CT_SAMPLES_FAILED][CT_SAMPLE_MESSAGE];
} CtSamples;

/* a worker's: which of its transactions is to be offered next */
typedef struct CtDraw
{
	pg_prng_state random;
	uint64		below;			/* the bound when it was drawn */
	uint64		pass_over;		/* how many come before */
} CtDraw;

extern void ct_samples_init(CtSamples *samples);

/* Begins a worker's draws, by a seed of its own. */
extern void ct_draw_begin(CtDraw *draw, CtSamples *samples, uint64 seed);

/* A transaction has been drawn: its key, for ct_samples_offer; draws the next one. */
extern uint64 ct_draw_key(CtDraw *draw, CtSamples *samples);

/* Is the transaction that has ended just now drawn?  To be asked once of each. */
static inline bool
ct_draw_is_next(CtDraw *draw)
{
	if (likely(draw->pass_over > 0))
	{
		draw->pass_over--;
		return false;
	}
	return true;
}

/* Did it take longer than those that are kept for that? */
static inline bool
ct_samples_is_slow(CtSamples *samples, uint64 latency_ns)
{
	return latency_ns > pg_atomic_read_u64(&samples->slower);
}

/* Take it in, if it still is what it looked like. */
extern void ct_samples_offer(CtSamples *samples, uint64 key, const CtTransaction *transaction);
extern void ct_samples_offer_slow(CtSamples *samples, const CtTransaction *transaction);

/* The first ones are taken in, but for those whose message another one has. */
extern void ct_samples_offer_failed(CtSamples *samples, const CtTransaction *transaction,
									const char *message);

/* The order to show them in: random by their start, slowest the slowest first. */
extern void ct_samples_sort(CtSamples *samples);

#endif							/* CT_SAMPLE_H */
