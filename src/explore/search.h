/*
 * search.h
 *		Which order comes next: a search through the interleavings of sessions.
 *
 * Knows nothing but numbers: sessions from 0, sets of them as bits.  Whoever
 * executes asks for the next execution's prefix, tells at each step which
 * sessions are enabled, and is told which of them goes on.
 */
#ifndef CT_SEARCH_H
#define CT_SEARCH_H

#include "common/pg_prng.h"

#define CT_SEARCH_SESSIONS	8

typedef struct CtSearch CtSearch;

typedef struct CtSearchOptions
{
	int			nsessions;
	int			preemptions;	/* at most so many; -1: no bound */
	bool		random;			/* orders are drawn, none is enumerated */
	uint64		seed;
	Size		memory;			/* bytes that orders to come may take */
} CtSearchOptions;

extern CtSearch *ct_search_create(const CtSearchOptions *options);

#endif							/* CT_SEARCH_H */
