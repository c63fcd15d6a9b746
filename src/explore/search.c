/*
 * search.c
 *		Which order comes next: a search through the interleavings of sessions.
 *
 * Iterative preemption bounding, by executing again: first all orders without
 * preemption, then all with one, and so on, so that what is found first is
 * simplest.  Each order is executed exactly once.  For an order is a prefix and
 * what follows by default, which is: who went on goes on, else the lowest that
 * is enabled.  That prefix ends with the last choice that isn't the default, so
 * each order has one of them, and an execution's alternatives are those at
 * places behind its own prefix.  What follows by default preempts nobody.  So
 * an alternative has as many preemptions as the execution that it is one of,
 * where nobody is preempted by it, or one more.
 *
 * What is to be remembered is executed orders, not each of their alternatives.
 * Those whose alternatives preempt nobody are on a stack, which is as deep as an
 * order is long at most.  Those with alternatives of the next bound are in a
 * queue, two bytes for each step, of a few hundred thousand orders in 64 MB.
 * Where the queue may grow no further the search goes into the depth: such an
 * order's alternatives are tried at once, so that all of them are executed all
 * the same, though not the simplest first.
 *
 * Who draws at random: a session is drawn by the steps that it has left, which
 * is uniform over all interleavings where nobody waits and none ends early.  (A
 * coin at each step is not: of 20 orders of 3 and 3 steps, it finds 1 1 1 2 2 2
 * in one of 8 draws.)  How many steps there are is known from executions.
 */
#include "postgres.h"

#include <limits.h>

#include "common/hashfn.h"
#include "lib/ilist.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "src/explore/search.h"

/* a byte has the session that was chosen and, of what its step was, so much */
#define CHOICE_BITS		3
#define CHOICE_MASK		((1 << CHOICE_BITS) - 1)

#define QUEUE_BLOCK		(64 * 1024)

/* an order that was executed, with what was there to be chosen */
typedef struct CtOrderTaken
{
	int			n;				/* steps that are known of it */
	int			from;			/* before that its alternatives are another one's */
	int			preemptions;
	uint8	   *choices;
	uint8	   *enabled;		/* sets */
} CtOrderTaken;

/* the next alternative of an order to be tried */
typedef struct CtCursor
{
	CtOrderTaken order;
	bool		free;			/* tries those that preempt nobody */
	bool		preempting;		/* tries those that preempt somebody */
	int			at;
	int			session;
} CtCursor;

typedef struct CtStacked
{
	slist_node	node;
	CtCursor	cursor;
	uint8		bytes[FLEXIBLE_ARRAY_MEMBER];
} CtStacked;

/* of the queue: headers and bytes, one after the other */
typedef struct CtQueueBlock
{
	slist_node	node;
	int			used;
	uint8		bytes[FLEXIBLE_ARRAY_MEMBER];
} CtQueueBlock;

typedef struct CtQueue
{
	CtQueueBlock *first;
	CtQueueBlock *last;
	int			read;			/* bytes of the first one */
	int64		alternatives;	/* in it */
} CtQueue;

typedef struct CtNamedOrder
{
	slist_node	node;
	int			n;
	uint8		choices[FLEXIBLE_ARRAY_MEMBER];
} CtNamedOrder;

struct CtSearch
{
	MemoryContext context;
	CtSearchOptions options;
	pg_prng_state random;
	Size		memory;
	int			steps[CT_SEARCH_SESSIONS];	/* of each session, as executions have it; 0: not known */
	bool		uniform;

	/* to come */
	slist_head	named;
	slist_head	stack;
	CtCursor	cursor;			/* of the queue's order that is at it */
	bool		has_cursor;
	CtQueue		queue;			/* of this bound */
	CtQueue		next;			/* of the next one */
	int64		stacked;		/* alternatives on the stack */
	bool		begun;			/* with the first of all */
	bool		done;
	bool		left_out;		/* some that are beyond the bound, or a choice that was none */
	bool		drawing;

	/* what was */
	slist_head	named_taken;
	int			bound;
	int			finished;
	int64		begun_in_bound;
	int64		lost;
	int			lost_bound;		/* the first in which one was */
	int64	   *executed;		/* by preemptions */

	/* the execution under way */
	CtOrderTaken order;
	int			fixed;			/* steps of the order that are given, */
	bool		known;			/* and what was enabled at each */
	int			checked;		/* and so many labels */
	int			at;				/* the next step; beyond CT_SEARCH_MAX_STEPS there's nothing noted */
	int			last;			/* who made the last one; -1: nobody */
	int			made[CT_SEARCH_SESSIONS];
	int			ahead;			/* drawn already; -1: nobody */
	bool		is_named;
	bool		is_drawn;
	bool		is_led;			/* and is_drawn, as far as noting goes */
	int			repeated;
	bool		repeats;
};

CtSearch *
ct_search_create(const CtSearchOptions *options)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext search",
												  ALLOCSET_DEFAULT_SIZES);
	CtSearch   *search = MemoryContextAllocZero(context, sizeof(CtSearch));

	Assert(options->nsessions <= CT_SEARCH_SESSIONS);
	search->context = context;
	search->options = *options;
	search->uniform = true;
	search->finished = -1;
	pg_prng_seed(&search->random, options->seed);
	slist_init(&search->named);
	slist_init(&search->named_taken);
	slist_init(&search->stack);
	search->executed = MemoryContextAllocZero(context, (CT_SEARCH_MAX_STEPS + 1) * sizeof(int64));
	search->order.choices = MemoryContextAlloc(context, CT_SEARCH_MAX_STEPS);
	search->order.enabled = MemoryContextAlloc(context, CT_SEARCH_MAX_STEPS);
	return search;
}

void
ct_search_free(CtSearch *search)
{
	MemoryContextDelete(search->context);
}

/* ---- what is to come ---- */

static void *
search_alloc(CtSearch *search, Size size)
{
	void	   *chunk = MemoryContextAlloc(search->context, size);

	search->memory += GetMemoryChunkSpace(chunk);
	return chunk;
}

static void
search_release(CtSearch *search, void *chunk)
{
	search->memory -= GetMemoryChunkSpace(chunk);
	pfree(chunk);
}

static inline int
search_choice(const CtOrderTaken *order, int at)
{
	return order->choices[at] & CHOICE_MASK;
}

/* Would anybody else than who went on before be a preemption? */
static inline bool
search_preempts(const CtOrderTaken *order, int at)
{
	return at > 0 && (order->enabled[at] & (1 << search_choice(order, at - 1))) != 0;
}

/* How many alternatives an order has, of those that preempt somebody or of the others. */
static int64
search_count(const CtOrderTaken *order, bool preempting)
{
	int64		n = 0;
	int			at;

	for (at = order->from; at < order->n; at++)
		if (search_preempts(order, at) == preempting)
			n += pg_number_of_ones[order->enabled[at]] - 1;
	return n;
}

static void
search_begin_cursor(CtCursor *cursor, const CtOrderTaken *order, bool free, bool preempting)
{
	cursor->order = *order;
	cursor->free = free;
	cursor->preempting = preempting;
	cursor->at = order->from;
	cursor->session = 0;
}

/* The next alternative is what is executed next; false if there is none. */
static bool
search_advance(CtSearch *search, CtCursor *cursor)
{
	const CtOrderTaken *order = &cursor->order;

	for (; cursor->at < order->n; cursor->at++, cursor->session = 0)
	{
		bool		preempts = search_preempts(order, cursor->at);

		if (!(preempts ? cursor->preempting : cursor->free))
			continue;
		for (; cursor->session < search->options.nsessions; cursor->session++)
		{
			if (cursor->session == search_choice(order, cursor->at) ||
				(order->enabled[cursor->at] & (1 << cursor->session)) == 0)
				continue;
			memcpy(search->order.choices, order->choices, cursor->at);
			memcpy(search->order.enabled, order->enabled, cursor->at + 1);
			search->order.choices[cursor->at] = cursor->session;
			search->order.preemptions = order->preemptions + preempts;
			search->fixed = cursor->at + 1;
			search->checked = cursor->at;
			search->known = true;
			cursor->session++;
			return true;
		}
	}
	return false;
}

static void
search_push(CtSearch *search, bool free, bool preempting)
{
	int			n = search->order.n;
	CtStacked  *stacked = search_alloc(search, offsetof(CtStacked, bytes) + 2 * n);
	CtOrderTaken order = search->order;

	memcpy(stacked->bytes, order.choices, n);
	memcpy(stacked->bytes + n, order.enabled, n);
	order.choices = stacked->bytes;
	order.enabled = stacked->bytes + n;
	search_begin_cursor(&stacked->cursor, &order, free, preempting);
	slist_push_head(&search->stack, &stacked->node);
}

static void
search_enqueue(CtSearch *search, CtQueue *queue)
{
	const CtOrderTaken *order = &search->order;
	int			header[3] = {order->n, order->from, order->preemptions};
	int			size = sizeof(header) + 2 * order->n;
	uint8	   *to;

	if (queue->last == NULL || queue->last->used + size > QUEUE_BLOCK)
	{
		CtQueueBlock *block = search_alloc(search, offsetof(CtQueueBlock, bytes) + QUEUE_BLOCK);

		block->used = 0;
		block->node.next = NULL;
		if (queue->last == NULL)
			queue->first = block;
		else
			queue->last->node.next = &block->node;
		queue->last = block;
	}
	to = queue->last->bytes + queue->last->used;
	memcpy(to, header, sizeof(header));
	memcpy(to + sizeof(header), order->choices, order->n);
	memcpy(to + sizeof(header) + order->n, order->enabled, order->n);
	queue->last->used += size;
}

/* The queue's next order is where the cursor is; false if there is none. */
static bool
search_dequeue(CtSearch *search, CtQueue *queue)
{
	CtQueueBlock *block = queue->first;
	CtOrderTaken order;
	int			header[3];

	if (block != NULL && queue->read == block->used)
	{
		queue->first = block->node.next == NULL ? NULL :
			slist_container(CtQueueBlock, node, block->node.next);
		if (queue->first == NULL)
			queue->last = NULL;
		queue->read = 0;
		search_release(search, block);
		block = queue->first;
	}
	if (block == NULL)
		return false;
	memcpy(header, block->bytes + queue->read, sizeof(header));
	order.n = header[0];
	order.from = header[1];
	order.preemptions = header[2];
	order.choices = block->bytes + queue->read + sizeof(header);
	order.enabled = order.choices + order.n;
	queue->read += sizeof(header) + 2 * order.n;
	search_begin_cursor(&search->cursor, &order, false, true);
	return true;
}

/* What comes next of what is to be executed; false: nothing. */
static bool
search_next(CtSearch *search)
{
	if (!search->begun)
	{
		search->begun = true;
		search->fixed = search->checked = 0;
		search->known = true;
		search->order.preemptions = 0;
		return true;
	}
	for (;;)
	{
		if (!slist_is_empty(&search->stack))
		{
			CtStacked  *stacked = slist_head_element(CtStacked, node, &search->stack);

			if (search_advance(search, &stacked->cursor))
			{
				search->stacked--;
				return true;
			}
			slist_pop_head_node(&search->stack);
			search_release(search, stacked);
		}
		else if (search->has_cursor)
		{
			search->has_cursor = search_advance(search, &search->cursor);
			if (search->has_cursor)
			{
				search->queue.alternatives--;
				return true;
			}
		}
		else if (search_dequeue(search, &search->queue))
			search->has_cursor = true;
		else
		{
			search->finished = search->bound;
			if (search->next.first == NULL)
			{
				search->done = true;
				return false;
			}
			if (search->bound == search->options.hand_over)
				return false;
			search->queue = search->next;
			memset(&search->next, 0, sizeof(CtQueue));
			search->bound++;
			search->begun_in_bound = 0;
		}
	}
}

/* An execution's alternatives are to come. */
static void
search_expand(CtSearch *search)
{
	int64		nfree = search_count(&search->order, false);
	int64		npreempting = search_count(&search->order, true);
	bool		at_once;

	if (search->options.preemptions >= 0 && search->order.preemptions >= search->options.preemptions &&
		npreempting > 0)
	{
		search->left_out = true;
		npreempting = 0;
	}
	at_once = npreempting > 0 && search->memory >= search->options.memory;
	if (npreempting > 0 && !at_once)
	{
		search_enqueue(search, &search->next);
		search->next.alternatives += npreempting;
	}
	if (nfree > 0 || at_once)
	{
		search_push(search, nfree > 0, at_once);
		search->stacked += nfree + (at_once ? npreempting : 0);
	}
}

void
ct_search_name(CtSearch *search, const uint8 *order, int n)
{
	CtNamedOrder *named = MemoryContextAlloc(search->context, offsetof(CtNamedOrder, choices) + n);
	slist_mutable_iter iter;
	slist_node *last = NULL;

	named->n = Min(n, CT_SEARCH_MAX_STEPS);
	memcpy(named->choices, order, named->n);
	slist_foreach_modify(iter, &search->named)
		last = iter.cur;
	if (last == NULL)
		slist_push_head(&search->named, &named->node);
	else
		slist_insert_after(last, &named->node);
}

void
ct_search_draw(CtSearch *search)
{
	search->drawing = true;
	if (search->begun && search->stacked == 0 && search->queue.alternatives == 0)
		search->finished = search->bound;
}

/* ---- an execution ---- */

static void
search_rewind(CtSearch *search)
{
	search->order.n = 0;
	search->order.from = search->fixed;
	search->at = 0;
	search->last = search->ahead = -1;
	memset(search->made, 0, sizeof(search->made));
}

bool
ct_search_begin(CtSearch *search)
{
	if (search->repeats)
	{
		search->repeats = false;
		search_rewind(search);
		return true;
	}
	search->repeated = 0;
	search->is_named = search->is_drawn = search->is_led = false;
	if (!slist_is_empty(&search->named))
	{
		CtNamedOrder *named = slist_container(CtNamedOrder, node, slist_pop_head_node(&search->named));

		memcpy(search->order.choices, named->choices, named->n);
		search->fixed = named->n;
		search->checked = 0;
		search->known = false;
		search->is_named = true;
		pfree(named);
	}
	else if (search->drawing || (search->options.random && search->begun))
	{
		search->fixed = search->checked = 0;
		search->is_drawn = true;
	}
	else if (search->done || !search_next(search))
		return false;
	else
		search->begun_in_bound++;
	search_rewind(search);
	return true;
}

void
ct_search_lead(CtSearch *search)
{
	search->is_named = false;
	search->is_drawn = search->is_led = true;
	search->fixed = search->checked = 0;
	search_rewind(search);
}

/* A session, by the steps that each has left. */
static int
search_draw_session(CtSearch *search, uint32 enabled)
{
	int			left[CT_SEARCH_SESSIONS];
	int			sum = 0;
	int			k;
	int			drawn;

	for (k = 0; k < search->options.nsessions; k++)
	{
		left[k] = (enabled & (1 << k)) == 0 ? 0 : Max(search->steps[k] - search->made[k], 1);
		sum += left[k];
	}
	drawn = (int) (pg_prng_uint64(&search->random) % sum);
	for (k = 0; drawn >= left[k]; k++)
		drawn -= left[k];
	return k;
}

/* The same one as long as it is drawn again. */
static int
search_draw(CtSearch *search, uint32 enabled, int *steps)
{
	int			made[CT_SEARCH_SESSIONS];
	int			session = search->ahead;

	if (session < 0 || (enabled & (1 << session)) == 0)
		session = search_draw_session(search, enabled);
	memcpy(made, search->made, sizeof(made));
	do
	{
		search->made[session]++;
		(*steps)++;
		search->ahead = search_draw_session(search, enabled);
	} while (search->ahead == session && *steps < CT_SEARCH_MAX_STEPS &&
			 search->made[session] < search->steps[session]);
	memcpy(search->made, made, sizeof(made));
	return session;
}

int
ct_search_choose(CtSearch *search, uint32 enabled, int *steps)
{
	const CtOrderTaken *order = &search->order;
	int			at = search->at;
	int			session;

	*steps = 0;
	if (at >= search->fixed)
	{
		if (search->is_drawn && at < CT_SEARCH_MAX_STEPS)
			return search_draw(search, enabled, steps);
		*steps = INT_MAX;
		if (search->last >= 0 && (enabled & (1 << search->last)) != 0)
			return search->last;
		return pg_rightmost_one_pos32(enabled);
	}

	session = search_choice(order, at);
	if ((enabled & (1 << session)) == 0 || (search->known && order->enabled[at] != enabled))
		return -1;
	while (at < search->fixed && search_choice(order, at) == session &&
		   (!search->known || order->enabled[at] == enabled))
	{
		at++;
		(*steps)++;
	}
	if (at == search->fixed)
		*steps = INT_MAX;		/* and goes on by default */
	return session;
}

bool
ct_search_note(CtSearch *search, int session, uint32 enabled, const uint32 *labels, int n)
{
	CtOrderTaken *order = &search->order;
	int			i;

	if (n == 0)
		return true;
	for (i = 0; i < n; i++, search->at++)
	{
		int			at = search->at;
		uint8		choice;

		if (at >= CT_SEARCH_MAX_STEPS)
		{
			if ((enabled & (enabled - 1)) != 0 && !search->is_drawn)
				search->left_out = true;
			continue;
		}
		choice = session | (uint8) (murmurhash32(labels[i]) << CHOICE_BITS);
		if (at < search->fixed)
		{
			if (search_choice(order, at) != session ||
				(search->known && order->enabled[at] != enabled) ||
				(at < search->checked && order->choices[at] != choice))
				return false;
		}
		order->choices[at] = choice;
		order->enabled[at] = enabled;
		order->n = at + 1;
	}
	search->made[session] += n;
	search->last = session;
	return true;
}

/* Was it one of those that somebody had named? */
static bool
search_was_named(CtSearch *search)
{
	slist_iter	iter;
	int			i;

	slist_foreach(iter, &search->named_taken)
	{
		const CtNamedOrder *named = slist_container(CtNamedOrder, node, iter.cur);

		if (named->n != search->order.n)
			continue;
		for (i = 0; i < named->n; i++)
			if (named->choices[i] != search_choice(&search->order, i))
				break;
		if (i == named->n)
			return true;
	}
	return false;
}

static void
search_remember_named(CtSearch *search)
{
	CtNamedOrder *named = MemoryContextAlloc(search->context, offsetof(CtNamedOrder, choices) +
											 search->order.n);
	int			i;

	named->n = search->order.n;
	for (i = 0; i < named->n; i++)
		named->choices[i] = search_choice(&search->order, i);
	slist_push_head(&search->named_taken, &named->node);
}

/* How many steps the sessions have, and whether it is always as many. */
static void
search_learn_steps(CtSearch *search)
{
	int			k;

	for (k = 0; k < search->options.nsessions; k++)
	{
		if (search->steps[k] != 0 && search->steps[k] != search->made[k])
			search->uniform = false;
		search->steps[k] = Max(search->steps[k], search->made[k]);
	}
}

/* of the order as far as it was taken */
static int
search_count_preemptions(const CtOrderTaken *order)
{
	int			n = 0;
	int			at;

	for (at = 1; at < order->n; at++)
		if (search_choice(order, at) != search_choice(order, at - 1) && search_preempts(order, at))
			n++;
	return n;
}

bool
ct_search_end(CtSearch *search, CtSearchEnd end)
{
	if (search->at < search->fixed)
		end = CT_SEARCH_DIVERGED;
	if (end == CT_SEARCH_DIVERGED)
	{
		if (search->is_named || search->is_drawn)
			return false;
		search->repeats = search->repeated < CT_SEARCH_REPEATS;
		if (search->repeats)
			search->repeated++;
		else if (search->lost++ == 0)
			search->lost_bound = search->bound;
		return false;
	}

	if (search->is_named || search->is_drawn)
		search->order.preemptions = search_count_preemptions(&search->order);
	search_learn_steps(search);
	if (search->is_named)
	{
		if (search_was_named(search))
			return false;
		search_remember_named(search);
		return true;
	}
	if (search->is_led)
		return search->order.preemptions > search->finished && !search_was_named(search);
	if (search->is_drawn)
		return true;
	search->executed[search->order.preemptions]++;
	if (!search->options.random)
		search_expand(search);
	return !search_was_named(search);
}

/* ---- what it knows ---- */

int
ct_search_order(const CtSearch *search, const uint8 **order)
{
	static uint8 numbers[CT_SEARCH_MAX_STEPS];
	int			i;

	for (i = 0; i < search->order.n; i++)
		numbers[i] = search_choice(&search->order, i);
	*order = numbers;
	return search->order.n;
}

int
ct_search_preemptions(const CtSearch *search)
{
	return search_count_preemptions(&search->order);
}

bool
ct_search_is_named(const CtSearch *search)
{
	return search->is_named;
}

bool
ct_search_is_drawn(const CtSearch *search)
{
	return search->is_drawn && !search->is_led;
}

int
ct_search_bound(const CtSearch *search)
{
	return search->bound;
}

int
ct_search_finished(const CtSearch *search)
{
	return search->lost > 0 ? Min(search->finished, search->lost_bound - 1) : search->finished;
}

bool
ct_search_exhausted(const CtSearch *search)
{
	return (search->done ||
			(search->begun && !search->repeats && search->stacked == 0 &&
			 search->queue.alternatives == 0 && search->next.alternatives == 0)) &&
		!search->options.random && !search->drawing && !search->left_out && search->lost == 0;
}

int64
ct_search_known(const CtSearch *search)
{
	return search->begun_in_bound + search->stacked + search->queue.alternatives;
}

int64
ct_search_begun(const CtSearch *search)
{
	return search->begun_in_bound;
}

int64
ct_search_next_known(const CtSearch *search)
{
	return search->next.alternatives;
}

int64
ct_search_bounded(const CtSearch *search)
{
	int64		n = 0;
	int			p;

	for (p = 0; p <= ct_search_finished(search); p++)
		n += search->executed[p];
	return n;
}

int64
ct_search_lost(const CtSearch *search)
{
	return search->lost;
}

bool
ct_search_uniform(const CtSearch *search)
{
	return search->uniform;
}

Size
ct_search_memory(const CtSearch *search)
{
	return search->memory;
}
