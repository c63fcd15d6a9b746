/*
 * story.c
 *		The kinds of results that an exploration has, each by its shortest order.
 *
 * While it searches only the orders are kept.  At the end each kind's shortest
 * one is executed once more, step by step, so that it can be told; and beside
 * the state that it leaves what a serial order leaves.
 *
 * Which two steps conflict is found by trying: on the way from the order that
 * goes wrong to a serial one, two neighbours being exchanged at a time, there is
 * a place where it goes wrong before and not after.  What was exchanged there
 * are two steps whose order decides.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "bgworker/explore/explore.h"

/* kinds that are told apart */
#define MAX_KINDS		32

/* an order that isn't what it was is told anew so often */
#define TELL_REPEATS	5

/* rows of the states that are shown */
#define STATE_LINES		40

/* executions that finding a conflict may take */
#define MAX_EXCHANGES	400

typedef struct CtStoryKind
{
	CtExecutionResult result;
	int			check;
	int			sqlstate;
	int64		executions;
	int			preemptions;
	int			n;
	uint8	   *order;
	char	   *gist;
} CtStoryKind;

struct CtStory
{
	CtExplorer *explorer;
	int			nkinds;
	CtStoryKind kinds[MAX_KINDS];
};

/* Orders that are given, for the guide. */
typedef struct CtGivenOrder
{
	const uint8 *order;
	int			n;
	int			at;
	int			last;
} CtGivenOrder;

struct CtStory *
ct_story_create(CtExplorer *explorer)
{
	struct CtStory *story = palloc0(sizeof(struct CtStory));

	story->explorer = explorer;
	return story;
}

void
ct_story_count(struct CtStory *story, const CtExecuted *executed)
{
	CtStoryKind *kind;
	const uint8 *order;
	int			n = ct_search_order(story->explorer->search, &order);
	int			preemptions = ct_search_preemptions(story->explorer->search);
	int			check = executed->result == CT_EXECUTION_CHECK ? executed->check : -1;
	MemoryContext oldcontext;
	int			i;

	for (i = 0; i < story->nkinds; i++)
	{
		kind = &story->kinds[i];
		if (kind->result == executed->result && kind->check == check &&
			kind->sqlstate == executed->sqlstate)
			break;
	}
	if (i == MAX_KINDS)
		return;
	kind = &story->kinds[i];
	if (i == story->nkinds)
	{
		memset(kind, 0, sizeof(CtStoryKind));
		kind->result = executed->result;
		kind->check = check;
		kind->sqlstate = executed->sqlstate;
		story->nkinds++;
	}
	kind->executions++;
	if (kind->order != NULL &&
		(preemptions > kind->preemptions || (preemptions == kind->preemptions && n >= kind->n)))
		return;

	oldcontext = MemoryContextSwitchTo(story->explorer->leader->context);
	if (kind->order != NULL)
		pfree(kind->order);
	kind->order = palloc(Max(n, 1));
	memcpy(kind->order, order, n);
	kind->n = n;
	kind->preemptions = preemptions;
	kind->gist = executed->gist == NULL ? NULL : pstrdup(executed->gist);
	MemoryContextSwitchTo(oldcontext);
}

/* ---- executing an order that is given ---- */

static int
given_choose(void *arg, uint32 enabled, int *steps)
{
	CtGivenOrder *given = arg;
	int			session;

	*steps = 1;
	if (given->at < given->n)
	{
		session = given->order[given->at];
		return (enabled & (1 << session)) != 0 ? session : -1;
	}
	if (given->last >= 0 && (enabled & (1 << given->last)) != 0)
		return given->last;
	for (session = 0; (enabled & (1 << session)) == 0;)
		session++;
	return session;
}

static bool
given_note(void *arg, int session, uint32 enabled, const uint32 *labels, int n)
{
	CtGivenOrder *given = arg;

	given->at += n;
	given->last = session;
	return true;
}

/* Executes it, as a whole or as far as it can be taken; what serial orders say is asked, too. */
static void
story_execute(struct CtStory *story, const uint8 *order, int n, bool detail, CtExecuted *executed,
			  List **steps)
{
	CtExplorer *explorer = story->explorer;
	CtGivenOrder given = {order, n, 0, -1};
	CtGuide		guide = {given_choose, given_note, &given, detail};

	ct_explorer_reset(explorer);
	ct_explorer_execute(explorer, &guide, detail, executed);
	if (executed->end != CT_EXECUTION_COMPLETE && executed->end != CT_EXECUTION_STUCK)
		executed->result = CT_EXECUTION_PASS;
	if (steps != NULL)
		*steps = explorer->execution->steps;
}

/* Is it of the kind?  Asks serial orders if that decides, so that the execution is gone. */
static bool
story_is(struct CtStory *story, const CtStoryKind *kind, CtExecuted *executed)
{
	if (executed->result == CT_EXECUTION_PASS && executed->end == CT_EXECUTION_COMPLETE &&
		kind->result == CT_EXECUTION_NOT_SERIAL)
		return ct_serial_explains(story->explorer->serial, executed->digest) == CT_SERIAL_NO;
	return executed->result == kind->result && executed->sqlstate == kind->sqlstate &&
		(kind->result != CT_EXECUTION_CHECK || executed->check == kind->check);
}

/* ---- the conflict ---- */

/* The number of a step among its session's, by its place in an order. */
static int
story_ordinal(const uint8 *order, int at)
{
	int			n = 0;
	int			i;

	for (i = 0; i < at; i++)
		n += order[i] == order[at];
	return n;
}

/* Marks a session's step of that number, which a story has as having begun. */
static void
story_mark(List *steps, int session, int ordinal)
{
	ListCell   *lc;
	int			n = 0;

	foreach(lc, steps)
	{
		CtStepResult *step = lfirst(lc);

		if (step->session != session + 1 || step->event == CT_STEP_GOES_ON)
			continue;
		if (n++ == ordinal)
			step->conflicts = true;
	}
}

/*
 * Exchanges neighbours, from the order on, until it is the serial one in which
 * sessions come as they first end in it.
 */
static void
story_find_conflict(struct CtStory *story, const CtStoryKind *kind, List *steps)
{
	uint8	   *order = palloc(Max(kind->n, 1));
	int			rank[CT_MAX_SESSIONS] = {0};
	int			nranks = 0;
	int			exchanges = 0;
	bool		exchanged = true;
	int			i;

	/* who makes the last step last */
	for (i = kind->n - 1; i >= 0; i--)
		if (rank[kind->order[i]] == 0)
			rank[kind->order[i]] = CT_MAX_SESSIONS - nranks++;
	memcpy(order, kind->order, kind->n);
	while (exchanged)
	{
		exchanged = false;
		for (i = kind->n - 2; i >= 0 && exchanges < MAX_EXCHANGES; i--)
		{
			CtExecuted	executed;
			int			first = order[i];
			int			second = order[i + 1];

			if (rank[first] <= rank[second])
				continue;
			order[i] = second;
			order[i + 1] = first;
			exchanged = true;
			exchanges++;
			if (ct_explorer_is_over(story->explorer) && exchanges > 50)
				return;
			story_execute(story, order, kind->n, false, &executed, NULL);
			if (executed.end != CT_EXECUTION_COMPLETE && executed.end != CT_EXECUTION_STUCK)
				continue;
			if (!story_is(story, kind, &executed))
			{
				/* in the order before, the first one was where the second one is now */
				story_mark(steps, first, story_ordinal(order, i + 1));
				story_mark(steps, second, story_ordinal(order, i));
				return;
			}
		}
		if (exchanges >= MAX_EXCHANGES)
			break;
	}
}

/* ---- telling ---- */

static List *
story_copy_steps(const List *steps)
{
	List	   *copies = NIL;
	ListCell   *lc;

	foreach(lc, steps)
	{
		const CtStepResult *step = lfirst(lc);
		CtStepResult *copy = palloc(sizeof(CtStepResult));

		*copy = *step;
		copy->function = step->function ? pstrdup(step->function) : NULL;
		copy->query = step->query ? pstrdup(step->query) : NULL;
		copy->first_row = step->first_row ? pstrdup(step->first_row) : NULL;
		copy->error = step->error ? pstrdup(step->error) : NULL;
		copies = lappend(copies, copy);
	}
	return copies;
}

/* How often a line is among a text's lines, which end before that place. */
static int
story_count_line(const char *line, int length, const char *text, const char *end)
{
	int			n = 0;

	while (*text != '\0' && text < end)
	{
		int			text_length = strcspn(text, "\n");

		n += text_length == length && strncmp(text, line, length) == 0;
		text += text_length + (text[text_length] != '\0');
	}
	return n;
}

/*
 * The first of a text's lines that another one hasn't got, or not so often; NULL:
 * there is none.  Palloc'd.
 */
static char *
story_unlike_line(const char *text, const char *other)
{
	const char *line = text;

	while (*line != '\0')
	{
		int			length = strcspn(line, "\n");
		const char *next = line + length + (line[length] != '\0');

		if (story_count_line(line, length, text, next) >
			story_count_line(line, length, other, other + strlen(other)))
			return pnstrdup(line, length);
		line = next;
	}
	return NULL;
}

/* How two states differ, in words: "c (id 1, v 1), where 1, 2 leaves c (id 1, v 2)". */
static char *
story_tell_difference(const CtPermutationResult *told)
{
	char	   *here = story_unlike_line(told->state, told->serial_state);
	char	   *there = story_unlike_line(told->serial_state, told->state);

	if (here == NULL && there == NULL)
		return NULL;
	return psprintf("%s, where the order %s leaves %s", here ? here : "a row less", told->serial_order,
					there ? there : "none such");
}

static CtPermutationResult *
story_tell_kind(struct CtStory *story, CtStoryKind *kind)
{
	CtExplorer *explorer = story->explorer;
	MemoryContext context = explorer->leader->context;
	CtPermutationResult *told = palloc0(sizeof(CtPermutationResult));
	CtExecuted	executed;
	bool		same = false;
	bool		timed_out = false;
	int			tries;
	int			i;

	told->result = kind->result;
	if (kind->result == CT_EXECUTION_CHECK)
		told->check_name = ((CtPlanCheck *) list_nth(explorer->plan->checks, kind->check))->name;
	told->sqlstate = kind->sqlstate;
	told->executions = kind->executions;
	told->preemptions = kind->preemptions;
	told->gist = kind->gist;
	told->npermutation = kind->n;
	told->permutation = palloc(Max(kind->n, 1) * sizeof(int));
	for (i = 0; i < kind->n; i++)
		told->permutation[i] = kind->order[i] + 1;

	for (tries = 0; tries <= TELL_REPEATS && !same; tries++)
	{
		List	   *steps;
		char	   *state = NULL;
		uint64		digest;

		story_execute(story, kind->order, kind->n, true, &executed, &steps);
		MemoryContextSwitchTo(context);
		told->steps = story_copy_steps(steps);
		timed_out = explorer->execution->timed_out;
		if (executed.gist != NULL)
			told->gist = pstrdup(executed.gist);
		digest = executed.digest;
		if (executed.end == CT_EXECUTION_COMPLETE && kind->result != CT_EXECUTION_PASS)
		{
			state = ct_state_text(explorer->state, STATE_LINES);
			MemoryContextSwitchTo(context);
			if (ct_serial_explains(explorer->serial, digest) != CT_SERIAL_YES)
			{
				MemoryContextSwitchTo(context);
				told->state = state;
				told->serial_order = ct_serial_nearest(explorer->serial);
				if (told->serial_order != NULL)
				{
					told->serial_order = MemoryContextStrdup(context, told->serial_order);
					told->serial_state = ct_state_text(explorer->state, STATE_LINES);
					told->serial_state = MemoryContextStrdup(context, told->serial_state);
				}
				MemoryContextSwitchTo(context);
				if (told->serial_state != NULL && kind->result == CT_EXECUTION_NOT_SERIAL)
					told->gist = story_tell_difference(told);
				if (executed.result == CT_EXECUTION_PASS)
					executed.result = CT_EXECUTION_NOT_SERIAL;
			}
			MemoryContextSwitchTo(context);
		}
		same = executed.result == kind->result && executed.sqlstate == kind->sqlstate;
	}
	if (kind->result != CT_EXECUTION_PASS && !timed_out)
		story_find_conflict(story, kind, told->steps);
	MemoryContextSwitchTo(context);
	return told;
}

/* The worst first; of the same result checks as they are asked, then what came first. */
static int
story_compare(const void *a, const void *b)
{
	const CtStoryKind *x = a;
	const CtStoryKind *y = b;

	if (x->result != y->result)
		return x->result > y->result ? -1 : 1;
	if (x->check != y->check)
		return x->check < y->check ? -1 : 1;
	return x->sqlstate < y->sqlstate ? -1 : x->sqlstate > y->sqlstate;
}

List *
ct_story_tell(struct CtStory *story)
{
	List	   *told = NIL;
	int			i;

	qsort(story->kinds, story->nkinds, sizeof(CtStoryKind), story_compare);
	for (i = 0; i < story->nkinds; i++)
		told = lappend(told, story_tell_kind(story, &story->kinds[i]));
	return told;
}
