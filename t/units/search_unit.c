/*
 * search_unit.c
 *		The search, on sessions that are nothing but letters: its orders are all
 *		that there are, each once, the simplest first.
 *
 * A session is a text of steps: "n" does nothing, "l" takes the one lock, "u"
 * gives it back.  Who takes it while somebody else has it waits, and has it as
 * soon as that is over.  A recursion that knows nothing of prefixes and bounds
 * counts the same interleavings.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "src/explore/search.h"
#include "t/units/units.h"

#define MAX_LENGTH	64

typedef struct UnitState
{
	int			n;
	const char *const *sessions;
	int			at[CT_SEARCH_SESSIONS];
	int			holder;			/* -1: nobody */
	uint32		waiting;
	char		order[MAX_LENGTH];	/* so far, as text */
	int			length;
} UnitState;

static void
unit_begin(UnitState *state, int n, const char *const *sessions)
{
	memset(state, 0, sizeof(UnitState));
	state->n = n;
	state->sessions = sessions;
	state->holder = -1;
}

static uint32
unit_enabled(const UnitState *state)
{
	uint32		enabled = 0;
	int			k;

	for (k = 0; k < state->n; k++)
		if (state->sessions[k][state->at[k]] != '\0' && (state->waiting & (1 << k)) == 0)
			enabled |= 1 << k;
	return enabled;
}

static void
unit_step(UnitState *state, int k)
{
	char		step = state->sessions[k][state->at[k]++];
	int			w;

	state->order[state->length++] = '1' + k;
	if (step == 'l' && state->holder >= 0)
		state->waiting |= 1 << k;
	else if (step == 'l')
		state->holder = k;
	else if (step == 'u')
	{
		state->holder = -1;
		for (w = 0; w < state->n && state->holder < 0; w++)
			if (state->waiting & (1 << w))
			{
				state->waiting &= ~(1 << w);
				state->holder = w;
			}
	}
}

/* How many interleavings there are with so many preemptions at most; -1: all. */
static int64
unit_count(const UnitState *state, int last, int preemptions)
{
	uint32		enabled = unit_enabled(state);
	int64		n = 0;
	int			k;

	if (enabled == 0)
		return 1;
	for (k = 0; k < state->n; k++)
	{
		UnitState	next = *state;
		bool		preempts = last >= 0 && k != last && (enabled & (1 << last)) != 0;

		if ((enabled & (1 << k)) == 0 || (preempts && preemptions == 0))
			continue;
		unit_step(&next, k);
		n += unit_count(&next, k, preempts && preemptions > 0 ? preemptions - 1 : preemptions);
	}
	return n;
}

/* what is found out by executing */
typedef struct UnitFound
{
	int64		executions;
	int64		fresh;			/* for which the search said so */
	int64		distinct;
	bool		ascending;		/* never fewer preemptions than before */
	int			most;			/* preemptions */
	Size		memory;			/* at most */
} UnitFound;

typedef struct UnitSeen
{
	char		order[MAX_LENGTH];
	int64		n;
} UnitSeen;

/* One execution, in batches as long as may be or step by step; false if it diverged. */
static bool
unit_execute(CtSearch *search, UnitState *state, bool batches)
{
	uint32		enabled;

	while ((enabled = unit_enabled(state)) != 0)
	{
		uint32		labels[MAX_LENGTH];
		int			steps;
		int			session = ct_search_choose(search, enabled, &steps);
		int			n = 0;

		if (session < 0)
			return false;
		if (!batches || state->waiting != 0)
			steps = 1;
		do
		{
			labels[n++] = 100 * session + state->at[session];
			unit_step(state, session);
		} while (n < steps && (unit_enabled(state) & (1 << session)) != 0);
		if (!ct_search_note(search, session, enabled, labels, n))
			return false;
	}
	return true;
}

static HTAB *
unit_seen(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = MAX_LENGTH;
	ctl.entrysize = sizeof(UnitSeen);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("seen", 1024, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

static UnitFound
unit_explore(CtSearch *search, int n, const char *const *sessions, int64 limit, bool batches,
			 HTAB *seen)
{
	UnitFound	found = {0};

	found.ascending = true;
	while (found.executions < limit && ct_search_begin(search))
	{
		UnitState	state;
		UnitSeen   *one;
		bool		before;

		unit_begin(&state, n, sessions);
		if (!unit_execute(search, &state, batches))
		{
			(void) ct_search_end(search, CT_SEARCH_DIVERGED);
			continue;
		}
		if (ct_search_end(search, CT_SEARCH_TAKEN))
			found.fresh++;
		one = hash_search(seen, state.order, HASH_ENTER, &before);
		one->n = before ? one->n + 1 : 1;
		found.distinct += !before;
		found.executions++;
		if (ct_search_preemptions(search) < found.most)
			found.ascending = false;
		found.most = Max(found.most, ct_search_preemptions(search));
		found.memory = Max(found.memory, ct_search_memory(search));
	}
	return found;
}

static CtSearch *
unit_search_create(int n, int preemptions, bool random, Size memory)
{
	CtSearchOptions options = {0};

	options.nsessions = n;
	options.preemptions = preemptions;
	options.hand_over = -1;
	options.random = random;
	options.seed = 1;
	options.memory = memory;
	return ct_search_create(&options);
}

/* All of them, each once, with and without a bound, in batches or not, with memory or without. */
static void
unit_search_all(const char *what, int n, const char *const *sessions)
{
	UnitState	state;
	UnitFound	found;
	int64		all;
	int			bound;
	int			variant;

	unit_begin(&state, n, sessions);
	all = unit_count(&state, -1, -1);
	for (variant = 0; variant < 4; variant++)
	{
		CtSearch   *search = unit_search_create(n, -1, false, variant & 2 ? 1024 * 1024 * 64 : 0);

		found = unit_explore(search, n, sessions, INT64CONST(1) << 40, variant & 1, unit_seen());
		unit_ok(found.executions == all && found.distinct == all && found.fresh == all &&
				ct_search_exhausted(search),
				"%s: all " INT64_FORMAT " once (variant %d: " INT64_FORMAT ", " INT64_FORMAT ")",
				what, all, variant, found.executions, found.distinct);
		if (variant & 2)
			unit_ok(found.ascending, "%s: the simplest first", what);
		unit_ok(ct_search_memory(search) < 1024 * 1024, "%s: memory is given back", what);
		ct_search_free(search);
	}
	for (bound = 0; bound < 4; bound++)
	{
		CtSearch   *search = unit_search_create(n, bound, false, 1024 * 1024 * 64);
		int64		expected = unit_count(&state, -1, bound);

		found = unit_explore(search, n, sessions, INT64CONST(1) << 40, true, unit_seen());
		unit_ok(found.executions == expected && found.distinct == expected &&
				ct_search_bounded(search) == expected &&
				ct_search_exhausted(search) == (expected == all) &&
				ct_search_finished(search) == Min(bound, ct_search_finished(search)),
				"%s: " INT64_FORMAT " with at most %d preemptions (" INT64_FORMAT ")",
				what, expected, bound, found.executions);
		ct_search_free(search);
	}
}

/* Draws are uniform: each of the 20 orders of 3 and 3 steps comes as often as the others. */
static void
unit_search_draws(void)
{
	const char *const sessions[] = {"nnn", "nnn"};
	CtSearch   *search = unit_search_create(2, -1, true, 0);
	HTAB	   *seen = unit_seen();
	UnitFound	found = unit_explore(search, 2, sessions, 20001, true, seen);
	HASH_SEQ_STATUS status;
	UnitSeen   *one;
	double		chi2 = 0;

	hash_seq_init(&status, seen);
	while ((one = hash_seq_search(&status)) != NULL)
		chi2 += (one->n - 1000.0) * (one->n - 1000.0) / 1000.0;
	unit_ok(found.distinct == 20, "draws find all orders");
	unit_ok(chi2 < 43.8, "draws are uniform: chi-square %.1f with 19 degrees of freedom", chi2);
	unit_ok(ct_search_uniform(search), "and it is known that they are");
	unit_ok(!ct_search_exhausted(search), "they are never all");
	ct_search_free(search);
}

/* What somebody has named comes first, counts once, and needs not to be possible. */
static void
unit_search_names(void)
{
	const char *const sessions[] = {"nn", "lnu", "lnu"};
	const uint8 possible[] = {1, 2, 1, 0, 1, 2, 2, 0};
	const uint8 short_one[] = {2, 1};
	const uint8 impossible[] = {1, 2, 2};
	CtSearch   *search = unit_search_create(3, -1, false, 1024 * 1024);
	UnitState	state;
	UnitFound	found;
	HTAB	   *seen = unit_seen();
	UnitSeen   *one;

	ct_search_name(search, possible, lengthof(possible));
	ct_search_name(search, impossible, lengthof(impossible));
	ct_search_name(search, short_one, lengthof(short_one));
	found = unit_explore(search, 3, sessions, 1, true, seen);
	one = hash_search(seen, "23212331", HASH_FIND, NULL);
	unit_ok(found.executions == 1 && one != NULL, "what is named comes first");
	found = unit_explore(search, 3, sessions, INT64CONST(1) << 40, true, seen);
	unit_begin(&state, 3, sessions);
	unit_ok(found.fresh + 1 == unit_count(&state, -1, -1) && found.executions == found.fresh + 2,
			"and counts once: " INT64_FORMAT, found.fresh);
	ct_search_free(search);
}

/* An order that isn't what it was is tried again, and then given up; that's no "all" then. */
static void
unit_search_diverges(void)
{
	const char *const sessions[] = {"nn", "nn"};
	CtSearch   *search = unit_search_create(2, -1, false, 1024 * 1024);
	UnitState	state;
	int			begun = 0;
	int			lost = 0;
	int			steps;
	uint32		label = 0;

	/* a session more is enabled than before */
	while (ct_search_begin(search))
	{
		begun++;
		unit_begin(&state, 2, sessions);
		if (begun == 1)
		{
			(void) unit_execute(search, &state, true);
			(void) ct_search_end(search, CT_SEARCH_TAKEN);
		}
		else if (ct_search_choose(search, 7, &steps) < 0)
		{
			lost++;
			(void) ct_search_end(search, CT_SEARCH_DIVERGED);
		}
		else
			break;
	}
	unit_ok(begun == 1 + 2 * (1 + CT_SEARCH_REPEATS) && lost == begun - 1,
			"what diverges is tried again so often: %d", begun);
	unit_ok(ct_search_lost(search) == 2 && !ct_search_exhausted(search), "and is told");
	unit_ok(ct_search_finished(search) == -1, "and bounds with it aren't finished");
	ct_search_free(search);

	/* another step than before */
	search = unit_search_create(2, -1, false, 1024 * 1024);
	(void) ct_search_begin(search);
	unit_begin(&state, 2, sessions);
	(void) unit_execute(search, &state, true);
	(void) ct_search_end(search, CT_SEARCH_TAKEN);
	while (ct_search_begin(search) && ct_search_choose(search, 3, &steps) != 0)
		;
	unit_ok(!ct_search_note(search, 0, 3, &label, 1) ||
			(label = 12345, !ct_search_note(search, 0, 3, &label, 1)), "another label is noticed");
	ct_search_free(search);
}

/* Long orders: memory is as flat as is said, the choices of the first steps are choices. */
static void
unit_search_long(void)
{
	char	   *steps = palloc0(901);
	const char *sessions[2];
	CtSearch   *search = unit_search_create(2, -1, false, 1024 * 1024);
	int64		executions = 0;
	Size		memory = 0;

	memset(steps, 'n', 900);
	sessions[0] = sessions[1] = steps;
	while (executions < 20000 && ct_search_begin(search))
	{
		int			at[2] = {0, 0};

		while (at[0] < 900 || at[1] < 900)
		{
			uint32		enabled = (at[0] < 900 ? 1 : 0) | (at[1] < 900 ? 2 : 0);
			uint32		labels[900];
			int			n;
			int			k = ct_search_choose(search, enabled, &n);
			int			i;

			n = Min(n, 900 - at[k]);
			for (i = 0; i < n; i++)
				labels[i] = at[k]++;
			(void) ct_search_note(search, k, enabled, labels, n);
		}
		(void) ct_search_end(search, CT_SEARCH_TAKEN);
		memory = Max(memory, ct_search_memory(search));
		executions++;
	}
	unit_ok(executions == 20000 && memory < 8 * 1024 * 1024,
			"long orders take what they may: %zu bytes", memory);
	ct_search_free(search);
	pfree(steps);
}

void
unit_search(void)
{
	static const char *const two[] = {"nnn", "nnn"};
	static const char *const unlike[] = {"nnnnn", "nn"};
	static const char *const three[] = {"nnn", "nn", "nnn"};
	static const char *const five[] = {"n", "n", "n", "n", "n"};
	static const char *const locked[] = {"lnu", "lnu"};
	static const char *const mixed[] = {"nlnun", "lnun", "nln"};

	unit_search_all("two of three", 2, two);
	unit_search_all("unlike ones", 2, unlike);
	unit_search_all("three", 3, three);
	unit_search_all("five of one", 5, five);
	unit_search_all("with a lock", 2, locked);
	unit_search_all("three with a lock, one keeps it", 3, mixed);
	unit_search_draws();
	unit_search_names();
	unit_search_diverges();
	unit_search_long();
}
