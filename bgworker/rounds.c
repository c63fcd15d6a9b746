/*
 * rounds.c
 *		Stress from a fresh state, again and again, by workers that stay.
 *
 * A round is what a run is otherwise: from the gate until each worker has done
 * its share.  Then the checks are asked, of what this round has counted, while
 * each session still is as it was left; then the sessions are cleared, the
 * state is brought back (explore/reset.c), and the gate opens again.
 *
 *		leader						workers
 *		opens gate n				READY -> WORKING
 *		waits						WORKING -> DONE, each when it has done its share
 *		asks the checks				DONE, sessions kept
 *		settled = n					DONE -> READY, sessions cleared
 *		brings the state back		READY, at gate n + 1
 *
 * After the last round the workers stay DONE, as at a run's end.
 *
 * What is counted goes on from round to round, so that the run's numbers are
 * those of all rounds.  measure_from_ns is set so that the time since then is
 * what was measured in all of them, without what is between.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "bgworker/drain.h"
#include "bgworker/explore/reset.h"
#include "bgworker/rounds.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/watch.h"

typedef struct CtRounds
{
	CtReset    *reset;
	int			done;			/* rounds that were executed, their checks asked */
	int			failed;
	uint64		measured_ns;	/* of these */

	/* the sums at the end of the round before, and of the one under way */
	MemoryContext contexts[2];
	CtResults  *sums;			/* NULL: there was none */
} CtRounds;

void
ct_rounds_begin(CtLeader *leader)
{
	CtRounds   *rounds = MemoryContextAllocZero(leader->context, sizeof(CtRounds));
	int			i;

	for (i = 0; i < lengthof(rounds->contexts); i++)
		rounds->contexts[i] = AllocSetContextCreate(leader->context, "ct_ext round",
													ALLOCSET_DEFAULT_SIZES);
	rounds->reset = ct_reset_create(leader);
	leader->rounds = rounds;
}

/* ---- a round's end ---- */

static int64
rounds_outcome_before(const CtRounds *rounds, const CtOutcomeResult *outcome)
{
	ListCell   *lc;

	foreach(lc, rounds->sums->outcomes)
	{
		CtOutcomeResult *before = lfirst(lc);

		if (before->script == outcome->script && strcmp(before->label, outcome->label) == 0)
			return before->count;
	}
	return 0;
}

static CtTally
rounds_tally_before(const CtRounds *rounds, const CtTallyResult *tally)
{
	ListCell   *lc;

	foreach(lc, rounds->sums->tallies)
		if (strcmp(((CtTallyResult *) lfirst(lc))->name, tally->name) == 0)
			return ((CtTallyResult *) lfirst(lc))->tally;
	return (CtTally) {0};
}

static int64
rounds_error_before(const CtRounds *rounds, const CtErrorResult *error)
{
	ListCell   *lc;

	foreach(lc, rounds->sums->errors)
	{
		CtErrorResult *before = lfirst(lc);

		if (before->script == error->script && before->sqlstate == error->sqlstate &&
			strcmp(before->handling, error->handling) == 0)
			return before->count;
	}
	return 0;
}

/* What the last round has added to the sums; of what checks may speak of. */
static CtResults *
rounds_difference(const CtRounds *rounds, const CtResults *sums)
{
	CtResults  *round = palloc(sizeof(CtResults));
	ListCell   *lc;

	*round = *sums;
	if (rounds->sums == NULL)
		return round;
	round->all_transactions -= rounds->sums->all_transactions;
	round->transactions -= rounds->sums->transactions;
	round->failed -= rounds->sums->failed;
	round->retries -= rounds->sums->retries;
	round->outcomes = round->tallies = round->errors = NIL;
	foreach(lc, sums->outcomes)
	{
		CtOutcomeResult *outcome = palloc(sizeof(CtOutcomeResult));

		*outcome = *(CtOutcomeResult *) lfirst(lc);
		outcome->count -= rounds_outcome_before(rounds, outcome);
		round->outcomes = lappend(round->outcomes, outcome);
	}
	foreach(lc, sums->tallies)
	{
		CtTallyResult *tally = palloc(sizeof(CtTallyResult));
		CtTally		before;

		*tally = *(CtTallyResult *) lfirst(lc);
		before = rounds_tally_before(rounds, tally);
		/* the smallest and the largest are of all rounds: checks speak of the sum alone */
		tally->tally.sum -= before.sum;
		tally->tally.count -= before.count;
		round->tallies = lappend(round->tallies, tally);
	}
	foreach(lc, sums->errors)
	{
		CtErrorResult *error = palloc(sizeof(CtErrorResult));

		*error = *(CtErrorResult *) lfirst(lc);
		error->count -= rounds_error_before(rounds, error);
		round->errors = lappend(round->errors, error);
	}
	return round;
}

/* Asks the checks.  Returns whether the round has failed. */
static bool
rounds_ask(CtLeader *leader)
{
	CtRounds   *rounds = leader->rounds;
	MemoryContext context = rounds->contexts[rounds->done % 2];
	CtResults  *sums;
	CtResults  *round;
	bool		failed;

	MemoryContextReset(context);
	MemoryContextSwitchTo(context);
	ct_drain(leader);
	sums = ct_merge_counts(leader->shared, &leader->error_texts);
	round = rounds_difference(rounds, sums);
	failed = ct_checks_ask_round(leader->checks, round, rounds->done + 1);
	failed |= ct_checks_have_errors(leader->plan, round);
	MemoryContextSwitchTo(leader->context);
	rounds->sums = sums;
	rounds->done++;
	rounds->failed += failed;
	return failed;
}

/* How long the round has taken that has just ended. */
static uint64
rounds_last_ns(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		end_ns = ct_now_ns();
	uint64		ended_ns = 0;
	int			i;

	if (shared->stop_ns != 0)
		end_ns = Min(end_ns, shared->stop_ns);
	else
	{
		for (i = 0; i < shared->nworkers; i++)
			ended_ns = Max(ended_ns, ct_shared_slot(shared, i)->ended_ns);
		if (ended_ns > shared->gate_ns)
			end_ns = Min(end_ns, ended_ns);
	}
	return end_ns > shared->gate_ns ? end_ns - shared->gate_ns : 0;
}

/* ---- from one to the next ---- */

/* Waits until all workers have done their share of the round. */
static void
rounds_await_end(CtLeader *leader)
{
	while (ct_leader_count_workers(leader, CT_WORKER_READY, CT_WORKER_WORKING) > 0)
		ct_leader_wait(leader, ct_watch_turn(leader));
	ct_leader_end_wait();
	ct_leader_check_workers(leader);
}

/* Waits until all are at the gate, or somebody has ended the run, so that not all will be. */
static void
rounds_await_ready(CtLeader *leader)
{
	while (ct_leader_count_workers(leader, CT_WORKER_READY, CT_WORKER_READY) < leader->nhandles &&
		   leader->ended_by == NULL)
		ct_leader_wait(leader, ct_watch_turn(leader));
	ct_leader_end_wait();
	ct_leader_check_workers(leader);
}

/* Has the workers begin with another round; false if somebody has ended the run. */
static bool
rounds_next(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	CtRounds   *rounds = leader->rounds;
	bool		ddl;

	rounds->measured_ns += rounds_last_ns(leader);
	ct_shared_unstop(shared);
	shared->stop_ns = 0;
	ct_watch_begin_again(leader);	/* there is nothing to stop until the gate opens */
	ct_shared_settle(shared, rounds->done);
	rounds_await_ready(leader);
	if (leader->ended_by != NULL)
		return false;
	ddl = pg_atomic_exchange_u32(&shared->did_ddl, 0) != 0;
	ct_reset_restore(rounds->reset, ddl);
	ct_barriers_begin_again(shared);
	ct_leader_set_gate(leader, rounds->measured_ns);
	ct_watch_begin_again(leader);
	ct_shared_open_gate(shared);
	return true;
}

void
ct_rounds(CtLeader *leader)
{
	CtRounds   *rounds = leader->rounds;
	bool		failed;

	ct_watch_begin(leader);
	for (;;)
	{
		rounds_await_end(leader);
		failed = rounds_ask(leader);
		if (failed && leader->plan->stop_on_fail && rounds->done < leader->plan->rounds)
			leader->ended_by = "stop_on_fail";
		if (rounds->done == leader->plan->rounds || leader->ended_by != NULL ||
			leader->stands_still != NULL || !rounds_next(leader))
			break;
	}
	ct_watch_end(leader);
}

void
ct_rounds_conclude(CtLeader *leader, CtResults *results)
{
	results->rounds = leader->rounds->done;
	results->rounds_failed = leader->rounds->failed;
	results->checks = ct_checks_of_rounds(leader->checks);
}

const char *
ct_rounds_complaint(const CtLeader *leader)
{
	return ct_reset_note(leader->rounds->reset) == NULL ? NULL :
		"setup was executed for each round, which takes longer than to bring pages back: the tables are larger than 64 MB, or not stored as the server's own are";
}
