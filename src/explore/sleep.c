/*
 * sleep.c
 *		A search that leaves out orders which others stand for: sleep sets.
 *
 * Depth first.  What is remembered is the execution under way: at each step who
 * was enabled, who is asleep or was tried, with the footprints of their steps.
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "src/explore/search.h"
#include "src/explore/sleep.h"

typedef struct CtSleepNode
{
	uint8		enabled;
	uint8		asleep;			/* since before this place */
	uint8		tried;			/* at this place */
	uint8		chosen;
	uint32		label;
	CtFootprint made;			/* by the chosen one */
	CtFootprint footprints[CT_SEARCH_SESSIONS]; /* of those that are asleep or were tried */
} CtSleepNode;

struct CtSleep
{
	MemoryContext context;
	int			nsessions;
	CtSleepNode *nodes[CT_SEARCH_MAX_STEPS];
	int			allocated;		/* of them */
	int			n;				/* of the execution under way */
	int			fixed;			/* of these the first so many are given */
	bool		begun;
	bool		cut;
	bool		repeats;
	int			repeated;
	int64		lost;
	uint8		order[CT_SEARCH_MAX_STEPS];
};

CtSleep *
ct_sleep_create(int nsessions)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext sleep sets",
												  ALLOCSET_DEFAULT_SIZES);
	CtSleep    *sleep = MemoryContextAllocZero(context, sizeof(CtSleep));

	Assert(nsessions <= CT_SEARCH_SESSIONS);
	sleep->context = context;
	sleep->nsessions = nsessions;
	return sleep;
}

/* The deepest place where somebody is left who is neither asleep nor tried; false: there is none. */
static bool
sleep_back_up(CtSleep *sleep)
{
	while (sleep->n > 0)
	{
		CtSleepNode *node = sleep->nodes[sleep->n - 1];
		uint8		left;

		node->tried |= 1 << node->chosen;
		node->footprints[node->chosen] = node->made;
		left = node->enabled & ~(node->asleep | node->tried);
		if (left != 0)
		{
			node->chosen = pg_rightmost_one_pos32(left);
			sleep->fixed = sleep->n;
			return true;
		}
		sleep->n--;
	}
	return false;
}

bool
ct_sleep_begin(CtSleep *sleep)
{
	if (sleep->repeats)
		sleep->repeats = false;
	else
	{
		sleep->repeated = 0;
		if (sleep->begun && !sleep_back_up(sleep))
			return false;
		sleep->begun = true;
	}
	sleep->n = 0;
	sleep->cut = false;
	return true;
}

void
ct_sleep_forget(CtSleep *sleep)
{
	int			i;
	int			k;

	for (i = 0; i < sleep->fixed; i++)
	{
		sleep->nodes[i]->made.everything = true;
		for (k = 0; k < sleep->nsessions; k++)
			sleep->nodes[i]->footprints[k].everything = true;
	}
}

/* For tests: that it makes no difference whether a session's step comes before the one made last, or after it. */
static void
sleep_log(const CtSleep *sleep, int session)
{
	char		prefix[CT_SEARCH_MAX_STEPS + 1];
	int			i;

	for (i = 0; i < sleep->n - 1; i++)
		prefix[i] = '1' + sleep->order[i];
	prefix[i] = '\0';
	elog(DEBUG1, "after order %s: %d and %d are independent", prefix, session + 1, sleep->order[i] + 1);
}

/* A place where nobody was before: whoever was asleep or tried sleeps on, unless the step woke them. */
static CtSleepNode *
sleep_grow(CtSleep *sleep, uint32 enabled)
{
	CtSleepNode *node;
	const CtSleepNode *before;
	uint8		candidates;
	int			k;

	if (sleep->n == sleep->allocated)
		sleep->nodes[sleep->allocated++] = MemoryContextAlloc(sleep->context, sizeof(CtSleepNode));
	node = sleep->nodes[sleep->n];
	node->enabled = enabled;
	node->asleep = node->tried = 0;
	node->label = 0;
	if (sleep->n == 0)
		return node;
	before = sleep->nodes[sleep->n - 1];
	candidates = (before->asleep | before->tried) & enabled & ~(1 << before->chosen);
	for (k = 0; k < sleep->nsessions; k++)
		if ((candidates & (1 << k)) != 0 &&
			!ct_footprints_conflict(&before->footprints[k], &before->made))
		{
			node->asleep |= 1 << k;
			node->footprints[k] = before->footprints[k];
			if (message_level_is_interesting(DEBUG1))
				sleep_log(sleep, k);
		}
	return node;
}

int
ct_sleep_choose(CtSleep *sleep, uint32 enabled, int *steps)
{
	CtSleepNode *node;
	uint8		awake;

	*steps = 1;
	if (sleep->n < sleep->fixed)
	{
		int			at = sleep->n;
		int			session = sleep->nodes[at]->chosen;

		if (sleep->nodes[at]->enabled != enabled)
			return CT_SLEEP_DIVERGED;

		/* those whose footprints are known */
		*steps = 0;
		while (at < sleep->fixed - 1 && sleep->nodes[at]->chosen == session)
		{
			at++;
			(*steps)++;
		}
		*steps = Max(*steps, 1);
		return session;
	}
	if (sleep->n == CT_SEARCH_MAX_STEPS)
	{
		sleep->lost++;
		sleep->cut = true;
		return CT_SLEEP_CUT;
	}
	node = sleep_grow(sleep, enabled);
	awake = enabled & ~node->asleep;
	if (awake == 0)
	{
		sleep->cut = true;
		return CT_SLEEP_CUT;
	}
	node->chosen = pg_rightmost_one_pos32(awake);
	if (sleep->n > 0 && (awake & (1 << sleep->nodes[sleep->n - 1]->chosen)) != 0)
		node->chosen = sleep->nodes[sleep->n - 1]->chosen;
	return node->chosen;
}

bool
ct_sleep_note(CtSleep *sleep, int session, const uint32 *labels, int n, const CtFootprint *footprint)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		CtSleepNode *node;

		if (i > 0 && sleep->n >= sleep->fixed)
			return false;
		node = sleep->nodes[sleep->n];
		if (node->chosen != session || (sleep->n < sleep->fixed - 1 && node->label != labels[i]))
			return false;
		node->label = labels[i];
		if (sleep->n >= sleep->fixed - 1)
			node->made = *footprint;
		sleep->order[sleep->n++] = session;
	}
	return true;
}

void
ct_sleep_end(CtSleep *sleep, bool diverged)
{
	if (sleep->n < sleep->fixed)
		diverged = true;
	if (!diverged)
		return;
	if (sleep->repeated < CT_SEARCH_REPEATS)
	{
		sleep->repeats = true;
		sleep->repeated++;
	}
	else
	{
		sleep->lost++;
		sleep->n = sleep->fixed;
		if (sleep->n > 0)
			sleep->nodes[sleep->n - 1]->made.everything = true;
	}
}

int64
ct_sleep_lost(const CtSleep *sleep)
{
	return sleep->lost;
}
