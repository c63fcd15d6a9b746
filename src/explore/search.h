/*
 * search.h
 *		Which order comes next: a search through the interleavings of sessions.
 *
 * Knows nothing but numbers: sessions from 0, sets of them as bits.  Whoever
 * executes asks, at each point where all stand, which session goes on, and
 * tells what it did.
 *
 * The way of an execution:
 *
 *		while (ct_search_begin(search))
 *		{
 *			while (enabled != 0)
 *			{
 *				session = ct_search_choose(search, enabled, &steps);
 *				... has it make so many steps, or less ...
 *				if (session < 0 || !ct_search_note(search, session, enabled, labels, begun))
 *					the order can't be taken as it was before
 *			}
 *			ct_search_end(search, ...);
 *		}
 *
 * A step is a choice: which of the enabled sessions begins with its next step.
 * A preemption is a choice of another session although the one that went on
 * before is enabled.
 */
#ifndef CT_SEARCH_H
#define CT_SEARCH_H

#include "common/pg_prng.h"

#define CT_SEARCH_SESSIONS	8

/* a step begun later than that is no choice any more: who goes on goes on */
#define CT_SEARCH_MAX_STEPS	1000

/* an order that isn't as it was before is tried so often again */
#define CT_SEARCH_REPEATS	5

typedef struct CtSearch CtSearch;

typedef struct CtSearchOptions
{
	int			nsessions;
	int			preemptions;	/* at most so many; -1: no bound */
	bool		random;			/* orders are drawn, none is enumerated */
	int			hand_over;		/* after this bound somebody else goes on, see ct_search_lead; -1:
								 * nobody does */
	uint64		seed;
	Size		memory;			/* bytes that orders to come may take */
} CtSearchOptions;

typedef enum CtSearchEnd
{
	CT_SEARCH_TAKEN,			/* as far as it went, it was as chosen */
	CT_SEARCH_DIVERGED			/* it couldn't be taken as before: again, CT_SEARCH_REPEATS times */
} CtSearchEnd;

/* In the current memory context, in one of its own. */
extern CtSearch *ct_search_create(const CtSearchOptions *options);
extern void ct_search_free(CtSearch *search);

/* Begins with the next execution; false: there is none left. */
extern bool ct_search_begin(CtSearch *search);

/*
 * Which of the enabled sessions goes on, and how many steps it may make
 * without asking again, as long as nobody waits and it doesn't end.  -1: whose
 * turn it was before isn't enabled now, or others are.
 */
extern int	ct_search_choose(CtSearch *search, uint32 enabled, int *steps);

/*
 * So many steps were begun, with these labels.  False: others than those that
 * were begun before at the same places.
 */
extern bool ct_search_note(CtSearch *search, int session, uint32 enabled, const uint32 *labels,
						   int n);

/*
 * The execution is over.  True: it was an order that had not been executed
 * before, which is so but for those that somebody named.
 */
extern bool ct_search_end(CtSearch *search, CtSearchEnd end);

/*
 * An order to be tried before others: sessions, as far as they are named; after
 * them the search's own choice.  Where it can't be taken ct_search_choose
 * returns -1, and it isn't tried again.
 */
extern void ct_search_name(CtSearch *search, const uint8 *order, int n);

/*
 * Begins with an execution of which somebody else chooses each step: what it
 * notes is known as of other executions, and it is new if it is beyond the
 * bounds that are finished.
 */
extern void ct_search_lead(CtSearch *search);

/* From now on orders are drawn at random, and there is always another one. */
extern void ct_search_draw(CtSearch *search);

/* ---- what it knows ---- */

/* of the execution under way, or the last one: the sessions' numbers */
extern int	ct_search_order(const CtSearch *search, const uint8 **order);
extern int	ct_search_preemptions(const CtSearch *search);
extern bool ct_search_is_named(const CtSearch *search);
extern bool ct_search_is_drawn(const CtSearch *search);

/* the bound that is being executed, and the one before, which was finished (-1: none) */
extern int	ct_search_bound(const CtSearch *search);
extern int	ct_search_finished(const CtSearch *search);

/* Is there nothing left, and was nothing left out?  Then these were all. */
extern bool ct_search_exhausted(const CtSearch *search);

/* orders of the bound under way that are known to come, at least, and those that were begun with */
extern int64 ct_search_known(const CtSearch *search);
extern int64 ct_search_begun(const CtSearch *search);

/* and those of the next one, at least */
extern int64 ct_search_next_known(const CtSearch *search);

/* executions of bounds that are finished */
extern int64 ct_search_bounded(const CtSearch *search);

/* orders that were given up, since they were not the same in any repetition */
extern int64 ct_search_lost(const CtSearch *search);

/* Are draws uniform over interleavings, as far as this can be told: each had the steps that were expected? */
extern bool ct_search_uniform(const CtSearch *search);

/* bytes that orders to come take */
extern Size ct_search_memory(const CtSearch *search);

#endif							/* CT_SEARCH_H */
