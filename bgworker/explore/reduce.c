/*
 * reduce.c
 *		The part of a search that leaves out orders which others stand for.
 *
 * Sleep sets (src/explore/sleep.c) choose, and the search notes what they chose,
 * as of any other order.  They begin once the search has finished the bound
 * before, so that what is simple is found first; from then on there is no bound,
 * with which they would leave out too much.
 */
#include "postgres.h"

#include "bgworker/explore/reduce.h"
#include "src/explore/sleep.h"

struct CtReduce
{
	CtSearch   *search;
	CtSleep    *sleep;
	const CtExplorer *explorer;
	int64		rebuilds;		/* of the explorer's, when footprints were known last */
	CtGuide		guide;
};

bool
ct_reduce_may(const CtExplorer *explorer)
{
	const CtPlan *plan = explorer->plan;

	return plan->reduction && plan->preemptions < 0 && !plan->random && !plan->in_place &&
		!plan->replay && strcmp(ct_reset_method(explorer->reset), "page images") == 0;
}

static int
reduce_choose(void *arg, uint32 enabled, int *steps)
{
	CtReduce   *reduce = arg;
	int			session = ct_sleep_choose(reduce->sleep, enabled, steps);

	if (session == CT_SLEEP_CUT)
		return CT_GUIDE_CUT;
	return session < 0 ? CT_GUIDE_DIVERGED : session;
}

static bool
reduce_note(void *arg, int session, uint32 enabled, const uint32 *labels, int n)
{
	CtReduce   *reduce = arg;

	return ct_search_note(reduce->search, session, enabled, labels, n) &&
		ct_sleep_note(reduce->sleep, session, labels, n, &reduce->explorer->execution->footprint);
}

CtReduce *
ct_reduce_create(CtExplorer *explorer)
{
	CtReduce   *reduce = palloc0(sizeof(CtReduce));

	reduce->search = explorer->search;
	reduce->sleep = ct_sleep_create(explorer->execution->nsessions);
	reduce->explorer = explorer;
	reduce->rebuilds = explorer->rebuilds;
	reduce->guide.choose = reduce_choose;
	reduce->guide.note = reduce_note;
	reduce->guide.arg = reduce;
	reduce->guide.footprints = true;
	return reduce;
}

bool
ct_reduce_begin(CtReduce *reduce)
{
	if (!ct_sleep_begin(reduce->sleep))
		return false;
	ct_search_lead(reduce->search);
	return true;
}

void
ct_reduce_check(CtReduce *reduce)
{
	if (reduce->rebuilds != reduce->explorer->rebuilds)
		ct_sleep_forget(reduce->sleep);
	reduce->rebuilds = reduce->explorer->rebuilds;
}

const CtGuide *
ct_reduce_guide(CtReduce *reduce)
{
	return &reduce->guide;
}

bool
ct_reduce_end(CtReduce *reduce, CtExecutionEnd end)
{
	ct_sleep_end(reduce->sleep, end == CT_EXECUTION_DIVERGED);
	return ct_search_end(reduce->search, end == CT_EXECUTION_DIVERGED ? CT_SEARCH_DIVERGED :
						 CT_SEARCH_TAKEN) && end != CT_EXECUTION_CUT;
}

bool
ct_reduce_lost(const CtReduce *reduce)
{
	return ct_sleep_lost(reduce->sleep) > 0;
}
