/*
 * explore.c
 *		An exploration, from its first execution to what is known at the end.
 *
 * First the sessions are tried, one after the other: whatever they lack is
 * cloned into the sandbox, and they begin again.  The same serial order once
 * more, from other sequence positions, tells which values are surrogates.  Then
 * the search says which orders are executed, from the same state each time;
 * each is classed by what went wrong in it, and each kind's shortest order is
 * executed once more at the end, to be told step by step.
 *
 * A bound is only begun with if what is known to be in it fits into what is left
 * of the budgets, and given up where it turns out not to; what is left is for
 * random orders then.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "pgstat.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/formatting.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "bgworker/explore/clone.h"
#include "bgworker/explore/explore.h"
#include "bgworker/explore/reduce.h"
#include "bgworker/explore/written.h"
#include "src/base/ct_compat.h"

/* so many preemptions, and then others may be left out */
#define REDUCED_BEYOND		1

/* what orders to come may take */
#define SEARCH_MEMORY		((Size) 64 * 1024 * 1024)

/* relations that may be missing, one after the other, before something must be wrong */
#define MAX_MISSING			1000

/* how long clones and prepared transactions wait for a lock */
#define EXPLORE_LOCK_MS		10000

/* a step that is under way when the time is over has so much more */
#define GRACE_NS			(500 * CT_NS_PER_MS)

/* what is left is looked at again after so many executions */
#define LOOK_EVERY			64

/* ---- budgets ---- */

static const char *
explorer_stopped_by(const CtExplorer *explorer)
{
	const CtShared *shared = explorer->leader->shared;

	if (pg_atomic_read_u32((pg_atomic_uint32 *) &shared->asked_to_stop) != 0)
		return "ct_stop()";
	if (shared->stop_ns != 0 && ct_now_ns() >= shared->stop_ns)
		return "duration";
	if (explorer->plan->executions > 0 && explorer->found->executions >= explorer->plan->executions)
		return "executions";
	return NULL;
}

bool
ct_explorer_is_over(const CtExplorer *explorer)
{
	const char *why = explorer_stopped_by(explorer);

	return why != NULL && strcmp(why, "executions") != 0;
}

/* How many executions are left in the budgets, at the rate so far. */
static double
explorer_left(const CtExplorer *explorer, uint64 began_ns)
{
	const CtExploration *found = explorer->found;
	const CtShared *shared = explorer->leader->shared;
	double		left = INFINITY;

	if (explorer->plan->executions > 0)
		left = explorer->plan->executions - found->executions;
	if (shared->stop_ns != 0)
	{
		uint64		now = ct_now_ns();
		double		rate = found->executions / (double) Max(now - began_ns, 1);

		left = Min(left, now >= shared->stop_ns ? 0 : (shared->stop_ns - now) * rate);
	}
	return left;
}

/*
 * Is what is left better spent on random orders?  The bound that is under way
 * needs more than is left: known when it begins, or when half of what was left
 * then is spent.
 */
static bool
explorer_gives_up_bound(CtExplorer *explorer, uint64 began_ns, int *bound, double *left_then)
{
	const CtSearch *search = explorer->search;
	int64		needed = ct_search_known(search) - ct_search_begun(search);
	int			next = ct_search_bound(search);
	double		left;

	/* nothing left of it: what is known of the next one */
	if (needed == 0)
	{
		needed = ct_search_next_known(search);
		next++;
	}
	if (next == 0 || needed == 0)
		return false;
	if (*bound == next && explorer->found->executions % LOOK_EVERY != 0)
		return false;
	left = explorer_left(explorer, began_ns);
	if (*bound != next)
	{
		*bound = next;
		*left_then = left;
	}
	else if (left > *left_then / 2)
		return false;
	return needed > left;
}

/* ---- trial ---- */

/* Where the sandbox is made anew: what has been cloned, as it is now. */
static void
explorer_clone_again(CtLeader *leader)
{
	List	   *notes = NIL;	/* they are told already */
	ListCell   *lc;

	leader->cloned_bytes = 0;
	ct_leader_begin(EXPLORE_LOCK_MS);
	foreach(lc, leader->cloned)
		ct_clone(lfirst_oid(lc), leader->sandbox, &leader->cloned_bytes, &notes, CurrentMemoryContext);
	ct_leader_commit(leader);
}

/* Clones what a session lacked, and everything begins again. */
static void
explorer_clone(CtExplorer *explorer, Oid missing)
{
	CtLeader   *leader = explorer->leader;
	CtStage    *stage = ct_shared_stage(leader->shared);
	bool		ddl = explorer->execution->ddl;
	char	   *name;
	int			k;

	/* who was stopped in the middle may have committed it before */
	for (k = 0; k < stage->nsessions; k++)
		ddl |= stage->turns[k].turn.did_ddl;
	ct_execution_clear(explorer->execution, false);
	ct_reset_restore(explorer->reset, ddl);
	MemoryContextSwitchTo(leader->context);
	ct_leader_begin(EXPLORE_LOCK_MS);
	ct_clone(missing, leader->sandbox, &leader->cloned_bytes, &explorer->found->notes,
			 leader->context);
	MemoryContextSwitchTo(leader->context);
	name = get_rel_name(missing);
	ct_leader_commit(leader);
	MemoryContextSwitchTo(leader->context);
	leader->cloned = lappend_oid(leader->cloned, missing);
	if (name != NULL)
		leader->cloned_names = lappend(leader->cloned_names, name);
	ct_reset_retake(explorer->reset);
	explorer->ddl = false;
	ct_execution_clear(explorer->execution, true);
	MemoryContextSwitchTo(leader->context);
	leader->checks = ct_checks_prepare(leader->plan, leader->session, leader->shared->run_id);
	MemoryContextSwitchTo(leader->context);
}

/* What has been cloned is missing again: its name leads to the original, where a session has dropped or renamed the clone. */
static void
explorer_refuse_gone(Oid relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot explore what follows when a session drops or renames the clone of \"%s\"",
					get_rel_name(relation)),
			 errdetail("Its name then leads to the original."),
			 errhint("Give the trial a setup that makes what the sessions need, or explore with in_place => true and a reset script.")));
}

/* Sees to what the guard has found. */
static void
explorer_see_to_refusal(CtExplorer *explorer)
{
	if (!OidIsValid(explorer->execution->missing))
		ct_error_raise(explorer->execution->refusal, ERROR);
	if (list_member_oid(explorer->leader->cloned, explorer->execution->missing))
	{
		ct_leader_begin(EXPLORE_LOCK_MS);
		explorer_refuse_gone(explorer->execution->missing);
	}
	if (list_length(explorer->leader->cloned) >= MAX_MISSING)
		elog(ERROR, "there is no end to what the sessions lack");
	explorer_clone(explorer, explorer->execution->missing);
}

/* A serial order, until nothing is missing in it. */
static CtExecutionEnd
explorer_try(CtExplorer *explorer, const int *sessions)
{
	CtExecutionEnd end;

	for (;;)
	{
		ct_explorer_reset(explorer);
		end = ct_explorer_run_serial(explorer, explorer->execution->nsessions, sessions, NULL);
		if (end != CT_EXECUTION_REFUSED)
			return end;
		explorer_see_to_refusal(explorer);
	}
}

static void
explorer_create_state(CtExplorer *explorer)
{
	if (explorer->state != NULL)
		ct_state_free(explorer->state);
	MemoryContextSwitchTo(explorer->leader->context);
	explorer->state = ct_state_create(explorer->leader, explorer->written);
}

/* A session that fails so whoever went before it is wrong in itself, which is no race. */
static void
explorer_blame_script(CtExplorer *explorer, int session)
{
	const CtSessionEnd *end = &explorer->execution->sessions[session];
	CtLeader   *leader = explorer->leader;
	int			script = ((CtPlanSession *) list_nth(explorer->plan->sessions, session))->script;

	leader->culprit = ct_program_place(leader->program, script, end->error_command);
	ereport(ERROR,
			(errcode(end->sqlstate),
			 errmsg_internal("%s", end->message),
			 errdetail("Session %d ends so in each serial order, so that there is nothing to explore.", session + 1)));
}

/*
 * Each session first, once: what one lacks may depend on what others have done.
 * Then values that aren't the same in the same order twice are left out.
 */
static void
explorer_begin(CtExplorer *explorer)
{
	int			n = explorer->execution->nsessions;
	int			sessions[CT_MAX_SESSIONS];
	CtExecutionEnd end = CT_EXECUTION_COMPLETE;
	int			wrong[CT_MAX_SESSIONS] = {0};
	int			first;
	int			k;

	for (first = n - 1; first >= 0; first--)
	{
		for (k = 0; k < n; k++)
			sessions[k] = (first + k) % n;
		end = explorer_try(explorer, sessions);
		for (k = 0; k < n && end == CT_EXECUTION_COMPLETE; k++)
		{
			const CtSessionEnd *session = &explorer->execution->sessions[k];

			wrong[k] += session->failed && !session->expected && ct_explorer_is_mistake(session->sqlstate);
		}
	}
	for (k = 0; k < n; k++)
		if (wrong[k] == n)
			explorer_blame_script(explorer, k);
	(void) ct_written_collect(explorer->leader, &explorer->written);
	explorer_create_state(explorer);
	if (end != CT_EXECUTION_COMPLETE)
		return;
	ct_state_note(explorer->state);
	ct_explorer_reset(explorer);
	ct_state_disturb(explorer->state);
	if (ct_explorer_run_serial(explorer, n, sessions, NULL) != CT_EXECUTION_COMPLETE)
		return;
	MemoryContextSwitchTo(explorer->leader->context);
	explorer->found->surrogates = ct_state_leave_out(explorer->state);
}

/* ---- the search ---- */

/* Sessions' numbers, from 0, of an order as a plan has it; returns how many there are. */
static int
explorer_read_order(const CtPlanPermutation *named, uint8 *order)
{
	const char *at = named->order;
	int			n = 0;

	while (n < CT_SEARCH_MAX_STEPS && *at != '\0')
	{
		order[n++] = strtol(at, (char **) &at, 10) - 1;
		while (*at == ' ')
			at++;
	}
	return n;
}

/* Orders that somebody has named come first. */
static void
explorer_name_orders(CtExplorer *explorer)
{
	uint8		order[CT_SEARCH_MAX_STEPS];
	ListCell   *lc;

	foreach(lc, explorer->plan->permutations)
	{
		int			n = explorer_read_order(lfirst(lc), order);

		ct_search_name(explorer->search, order, n);
	}
}

static void
explorer_create_search(CtExplorer *explorer)
{
	CtSearchOptions options = {0};

	options.nsessions = explorer->execution->nsessions;
	options.preemptions = explorer->plan->preemptions;
	options.random = explorer->plan->random;
	options.seed = explorer->plan->seed;
	options.memory = SEARCH_MEMORY;
	options.hand_over = ct_reduce_may(explorer) ? REDUCED_BEYOND : -1;
	explorer->search = ct_search_create(&options);
	explorer->serial = ct_serial_create(explorer);
	explorer->story = ct_story_create(explorer);
	if (!explorer->plan->replay)
		explorer_name_orders(explorer);
}

static int
explorer_choose(void *arg, uint32 enabled, int *steps)
{
	return ct_search_choose(arg, enabled, steps);
}

static bool
explorer_note_steps(void *arg, int session, uint32 enabled, const uint32 *labels, int n)
{
	return ct_search_note(arg, session, enabled, labels, n);
}

/*
 * For tests: an order's result, state, and what its sessions have seen.  Orders
 * that stand for others end as these do.
 */
static void
explorer_log(const CtExplorer *explorer, const CtExecuted *executed)
{
	const CtExecution *ex = explorer->execution;
	const uint8 *order;
	int			n = ct_search_order(explorer->search, &order);
	StringInfoData text;
	uint64		seen = 0;
	int			i;

	initStringInfo(&text);
	for (i = 0; i < n; i++)
		appendStringInfoChar(&text, '1' + order[i]);
	for (i = 0; i < ex->nsessions; i++)
		seen = hash_combine64(hash_combine64(seen, ex->sessions[i].seen), ex->sessions[i].sqlstate);
	elog(DEBUG1, "order %s: %s, state " UINT64_FORMAT ", seen " UINT64_FORMAT, text.data,
		 ct_execution_result_name(executed->result), executed->digest, seen);
}

/* Counts an execution that was as the search wanted it, and asks what serial orders say. */
static void
explorer_count(CtExplorer *explorer, CtExecuted *executed, bool fresh)
{
	CtExploration *found = explorer->found;
	bool		drawn = ct_search_is_drawn(explorer->search);
	char	   *gist = NULL;

	if (!fresh)
		return;
	/* serial orders are executed in the memory that it is in */
	if (executed->gist != NULL)
		executed->gist = gist = MemoryContextStrdup(explorer->leader->context, executed->gist);
	/* to wait for ever is an end, too */
	if (executed->end == CT_EXECUTION_STUCK && !explorer->execution->timed_out)
		found->complete++;
	if (executed->end == CT_EXECUTION_COMPLETE)
	{
		if (message_level_is_interesting(DEBUG1))
			explorer_log(explorer, executed);
		found->complete++;
		found->violating += executed->violating;
		found->deadlocks += executed->deadlock;
		found->errors += executed->error;
		ct_checks_count_execution(explorer->leader->checks);
		ct_explorer_pool(explorer);
		if (explorer->execution->waited)
			found->uniform = false;
		switch (ct_serial_explains(explorer->serial, executed->digest))
		{
			case CT_SERIAL_YES:
				break;
			case CT_SERIAL_NO:
				executed->not_serial = true;
				found->not_serial++;
				if (executed->result == CT_EXECUTION_PASS)
					executed->result = CT_EXECUTION_NOT_SERIAL;
				break;
			case CT_SERIAL_UNKNOWN:
				explorer->serial_unknown++;
				break;
		}
	}
	found->drawn += drawn;
	if (executed->result != CT_EXECUTION_PASS &&
		(executed->result != CT_EXECUTION_NOT_SERIAL || found->not_serial_fails))
	{
		found->drawn_failing += drawn;
		if (found->first_failure == 0)
		{
			found->first_failure = found->executions;
			found->first_failure_at = GetCurrentTimestamp();
		}
	}
	ct_story_count(explorer->story, executed);
	executed->gist = NULL;
	if (gist != NULL)
		pfree(gist);
}

/* Has an order that has a name been taken as it is? */
static void
explorer_note_named(CtExplorer *explorer, int number)
{
	const CtPlanPermutation *named = list_nth(explorer->plan->permutations, number);
	uint8		order[CT_SEARCH_MAX_STEPS];
	const uint8 *taken;
	int			n = explorer_read_order(named, order);
	int			ntaken = ct_search_order(explorer->search, &taken);

	if (ntaken < n || memcmp(order, taken, n) != 0)
		ct_explorer_note(explorer, psprintf("order \"%s\" can't be taken beyond its first %d steps",
											named->name ? named->name : "", Min(ntaken, n)));
}

/* how far the way is that the search takes */
typedef struct CtExplorerWay
{
	uint64		began_ns;
	bool		may_reduce;
	CtReduce   *reduce;			/* NULL: not yet, or not any more */
	bool		all;			/* what it stands for is all that there is */
	uint64		half_ns;		/* half of what was left of the budgets when that began is spent then; */
	int64		half_executions;	/* 0: there is no such budget */
	int			bound;
	double		left_then;		/* executions, when the bound was begun with */
} CtExplorerWay;

/* What is left of the search is reduced from now on. */
static void
explorer_begin_reduced(CtExplorer *explorer, CtExplorerWay *way)
{
	uint64		stop_ns = explorer->leader->shared->stop_ns;
	int64		executions = explorer->plan->executions;

	MemoryContextSwitchTo(explorer->leader->context);
	way->reduce = ct_reduce_create(explorer);
	way->half_ns = stop_ns == 0 ? 0 : stop_ns / 2 + ct_now_ns() / 2;
	way->half_executions = executions == 0 ? 0 : (executions + explorer->found->executions) / 2;
}

/* Half of what was left is for random orders, which say more than a part of a tree. */
static bool
explorer_gives_up_reduced(const CtExplorer *explorer, const CtExplorerWay *way)
{
	return (way->half_ns != 0 && ct_now_ns() > way->half_ns) ||
		(way->half_executions != 0 && explorer->found->executions > way->half_executions);
}

/* Begins with the next execution; false: there is none left. */
static bool
explorer_begin_next(CtExplorer *explorer, CtExplorerWay *way)
{
	CtSearch   *search = explorer->search;
	bool		hands_over = way->may_reduce && ct_search_bound(search) >= REDUCED_BEYOND &&
		ct_search_known(search) == ct_search_begun(search);

	if (way->reduce == NULL)
	{
		if (!hands_over && !explorer->plan->random &&
			explorer_gives_up_bound(explorer, way->began_ns, &way->bound, &way->left_then))
			ct_search_draw(search);
		if (ct_search_begin(search))
			return true;
		if (!way->may_reduce || ct_search_next_known(search) == 0)
			return false;
		explorer_begin_reduced(explorer, way);
	}
	if (explorer_gives_up_reduced(explorer, way))
	{
		way->reduce = NULL;
		way->may_reduce = false;
		ct_search_draw(search);
		return ct_search_begin(search);
	}
	if (ct_reduce_begin(way->reduce))
		return true;
	way->all = !ct_reduce_lost(way->reduce) && ct_search_lost(search) == 0;
	return false;
}

/*
 * From the first order to the last; false if something was missing, or in place
 * a table was written that none had written before, so that all begins again.
 */
static bool
explorer_search(CtExplorer *explorer, uint64 began_ns)
{
	CtExploration *found = explorer->found;
	CtStage    *stage = ct_shared_stage(explorer->leader->shared);
	CtSearch   *search = explorer->search;
	CtGuide		guide = {explorer_choose, explorer_note_steps, search, false};
	int			nnamed = 0;
	CtExplorerWay way = {began_ns, ct_reduce_may(explorer)};
	bool		interrupted = false;	/* an order, which is none of those that are left any more */

	while ((found->stopped_by = explorer_stopped_by(explorer)) == NULL)
	{
		CtExecuted	executed;
		bool		fresh;

		if (!explorer_begin_next(explorer, &way))
			break;
		ct_explorer_reset(explorer);
		if (way.reduce)
			ct_reduce_check(way.reduce);
		found->executions++;
		pg_atomic_write_u64(&stage->executions, found->executions);
		ct_explorer_execute(explorer, way.reduce ? ct_reduce_guide(way.reduce) : &guide, false, &executed);
		if (executed.end == CT_EXECUTION_REFUSED)
		{
			explorer_see_to_refusal(explorer);
			return false;
		}
		if (explorer->plan->in_place && ct_written_collect(explorer->leader, &explorer->written))
			return false;
		if (executed.end == CT_EXECUTION_STOPPED)
		{
			interrupted = true;
			continue;
		}
		found->cut += executed.end == CT_EXECUTION_CUT;
		if (way.reduce)
			fresh = ct_reduce_end(way.reduce, executed.end);
		else
			fresh = ct_search_end(search, executed.end == CT_EXECUTION_DIVERGED ?
								  CT_SEARCH_DIVERGED : CT_SEARCH_TAKEN);
		if (ct_search_is_named(search))
			explorer_note_named(explorer, nnamed++);
		explorer_count(explorer, &executed, fresh);
		if (executed.end == CT_EXECUTION_STUCK && explorer->execution->timed_out)
		{
			found->stopped_by = "step_timeout";
			break;
		}
	}
	found->reduced = way.reduce != NULL;
	found->exhausted = !interrupted && (ct_search_exhausted(search) || way.all);
	/* an end by itself may have come at the same time */
	if (found->stopped_by != NULL && found->exhausted)
		found->stopped_by = NULL;
	return true;
}

/* ---- one order again ---- */

/* Why an order couldn't be taken to its end. */
static void
explorer_refuse_order(CtExplorer *explorer, const uint8 *order, int n, CtExecutionEnd end)
{
	const uint8 *taken;
	int			ntaken = ct_search_order(explorer->search, &taken);
	char	   *reason;

	if (end == CT_EXECUTION_DIVERGED && ntaken < n)
	{
		reason = ct_execution_tell_disabled(explorer->execution, order[ntaken]);
		reason = psprintf("At step %d session %d %s.", ntaken + 1, order[ntaken] + 1,
						  reason ? reason : "can't go on");
	}
	else if (ntaken < n)
		reason = psprintf("All sessions have ended after step %d of %d.", ntaken, n);
	else
		reason = psprintf("After step %d, the last one, session %d has further steps.", n, taken[n] + 1);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("this order can't be taken"),
			 errdetail_internal("%s", reason),
			 errhint("The sessions do something else than when it was found: explore anew.")));
}

/* Executes the plan's one order; false if something was missing, so that all begins again. */
static bool
explorer_replay(CtExplorer *explorer)
{
	CtSearch   *search = explorer->search;
	CtGuide		guide = {explorer_choose, explorer_note_steps, search, false};
	uint8		order[CT_SEARCH_MAX_STEPS];
	int			n = explorer_read_order(linitial(explorer->plan->permutations), order);
	const uint8 *taken;
	CtExecuted	executed;
	int			tries;

	for (tries = 0; tries <= CT_SEARCH_REPEATS; tries++)
	{
		ct_search_name(search, order, n);
		(void) ct_search_begin(search);
		ct_explorer_reset(explorer);
		explorer->found->executions++;
		ct_explorer_execute(explorer, &guide, false, &executed);
		if ((executed.end == CT_EXECUTION_COMPLETE && ct_search_order(search, &taken) == n) ||
			executed.end == CT_EXECUTION_STUCK)
		{
			(void) ct_search_end(search, CT_SEARCH_TAKEN);
			explorer_count(explorer, &executed, true);
			return true;
		}
		if (executed.end == CT_EXECUTION_REFUSED)
		{
			explorer_see_to_refusal(explorer);
			return false;
		}
		if (executed.end == CT_EXECUTION_STOPPED)
			break;
		(void) ct_search_end(search, CT_SEARCH_DIVERGED);
	}
	if (executed.end == CT_EXECUTION_STOPPED)
		explorer->found->stopped_by = explorer_stopped_by(explorer);
	else
		explorer_refuse_order(explorer, order, n, executed.end);
	return true;
}

/* What the executions were on, and how it was brought back. */
static void
explorer_note_sandbox(CtExplorer *explorer)
{
	CtLeader   *leader = explorer->leader;
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, leader->cloned_names)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "", (const char *) lfirst(lc));
	if (names.len > 0)
		ct_explorer_note(explorer, psprintf("executed on copies, made with their rows and with what hangs together with them, of: %s",
											names.data));
	ct_explorer_note(explorer, psprintf("before each execution the tables were brought back by %s",
										ct_reset_method(explorer->reset)));
}

static void
explorer_conclude(CtExplorer *explorer, uint64 began_ns)
{
	CtExploration *found = explorer->found;
	CtSearch   *search = explorer->search;
	MemoryContext oldcontext;

	found->seconds = (ct_now_ns() - began_ns) / 1e9;
	found->per_second = found->seconds > 0 ? found->executions / found->seconds : get_float8_nan();
	found->preemptions = found->exhausted ? INT_MAX : ct_search_finished(search);
	found->bounded = ct_search_bounded(search);
	found->uniform = found->uniform && ct_search_uniform(search);
	if (ct_search_lost(search) > 0)
		ct_explorer_note(explorer, psprintf(INT64_FORMAT " orders were not the same when they were executed again, %d times, and are left out: the sessions are not deterministic",
											ct_search_lost(search), CT_SEARCH_REPEATS));
	if (explorer->serial_unknown > 0)
		ct_explorer_note(explorer, psprintf("after " INT64_FORMAT " executions it is not known whether a serial order leaves such tables: there are too many serial orders",
											explorer->serial_unknown));
	if (found->drawn > 0)
		ct_explorer_note(explorer, found->uniform ?
						 "random orders were drawn uniformly from all interleavings" :
						 "random orders were drawn by the steps that each session has left, which is not uniform over all interleavings, since sessions waited or had not always as many steps");
	if (!ct_written_all_told(explorer->leader))
		ct_explorer_note(explorer, psprintf("a session has written more than %d tables: the others' states are not compared",
											CT_TURN_WRITTEN));
	explorer_note_sandbox(explorer);
	if (ct_reset_note(explorer->reset) != NULL)
		ct_explorer_note(explorer, ct_reset_note(explorer->reset));

	/* budgets are the search's */
	explorer->execution->stop_ns = 0;
	oldcontext = MemoryContextSwitchTo(explorer->leader->context);
	found->permutations = ct_story_tell(explorer->story);
	MemoryContextSwitchTo(oldcontext);
}

/* Does a script say PREPARE TRANSACTION?  Functions can't. */
static bool
explorer_may_prepare(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->scripts)
	{
		char	   *body = str_tolower(((CtPlanScript *) lfirst(lc))->body,
									   strlen(((CtPlanScript *) lfirst(lc))->body), C_COLLATION_OID);

		if (strstr(body, "prepare") != NULL && strstr(body, "transaction") != NULL)
			return true;
	}
	return false;
}

void
ct_explore(CtLeader *leader)
{
	CtExplorer *explorer = palloc0(sizeof(CtExplorer));
	CtExploration *found = palloc0(sizeof(CtExploration));
	uint64		began_ns;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: exploring");
	leader->explorer = explorer;
	leader->exploration = found;
	explorer->leader = leader;
	explorer->plan = leader->plan;
	explorer->found = found;
	explorer->prepares = explorer_may_prepare(leader->plan);
	explorer->scratch = AllocSetContextCreate(leader->context, "ct_ext one execution",
											  ALLOCSET_DEFAULT_SIZES);
	explorer->pin = ct_pin_create(leader->shared);
	explorer->execution = ct_execution_create(leader);
	explorer->execution->stop_ns = leader->shared->stop_ns != 0 ?
		leader->shared->stop_ns + GRACE_NS : PG_UINT64_MAX;
	explorer->reset = ct_reset_create(leader);
	ct_reset_remake(explorer->reset, explorer_clone_again);
	if (leader->checks == NULL)
		leader->checks = ct_checks_prepare(leader->plan, leader->session, leader->shared->run_id);
	MemoryContextSwitchTo(leader->context);

	do
	{
		List	   *notes = found->notes;	/* of what was cloned */

		memset(found, 0, sizeof(CtExploration));
		found->notes = notes;
		found->sessions = explorer->execution->nsessions;
		found->inside = leader->plan->inside;
		found->uniform = true;
		found->not_serial_fails = leader->plan->checks == NIL;
		explorer->outcomes = explorer->tallies = explorer->errors = NIL;
		explorer->transactions = explorer->failed = explorer->retries = 0;
		explorer->serial_unknown = explorer->left_open = 0;
		explorer_begin(explorer);
		MemoryContextSwitchTo(leader->context);
		explorer_create_search(explorer);
		began_ns = ct_now_ns();
	} while (!(leader->plan->replay ? explorer_replay(explorer) : explorer_search(explorer, began_ns)));
	explorer_conclude(explorer, began_ns);
	ct_pin_release(explorer->pin);
	ct_execution_end_sessions(explorer->execution);
	while (ct_leader_count_workers(leader, CT_WORKER_READY, CT_WORKER_WORKING) > 0)
		ct_leader_wait(leader, ct_now_ns() + 100 * CT_NS_PER_MS);
	ct_leader_end_wait();
	MemoryContextSwitchTo(leader->context);
}
