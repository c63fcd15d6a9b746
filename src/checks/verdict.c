/*
 * verdict.c
 *		The verdict, and what it rests on.
 *
 * A test that could not have failed has not passed.  So a pass needs, besides
 * checks that hold, enough transactions that could have gone wrong: those that
 * met another one, waited for a lock, or had to be retried.  Their number is
 * what was done; which orders of their steps occurred is what was seen; and
 * that is all that a pass says.  It gives no rate: transactions of one run are
 * no independent trials, for how they fall in step with each other lasts.
 */
#include "postgres.h"

#include "src/checks/check.h"

static char *
verdict_plural(int64 n, const char *noun)
{
	return psprintf(INT64_FORMAT " %s%s", n, noun, n == 1 ? "" : "s");
}

/* What a check that doesn't hold has found: what, when, after how much. */
static char *
verdict_failure(const CtCheckResult *check, TimestampTz started_at)
{
	CtAnomalyResult *anomaly = check->anomalies ? linitial(check->anomalies) : NULL;
	StringInfoData buf;

	initStringInfo(&buf);
	if (strcmp(check->kind, "timeout") == 0)
	{
		appendStringInfo(&buf, "only %s were done when the timeout was over", check->actual);
		return buf.data;
	}
	if (strcmp(check->kind, "threshold") == 0)
		appendStringInfo(&buf, "threshold \"%s %s\" was missed: %s%s%s", check->name, check->target,
						 check->actual, check->note ? ", " : "", check->note ? check->note : "");
	else
	{
		appendStringInfo(&buf, "check \"%s\" found %s", check->name,
						 verdict_plural(check->violations, strcmp(check->kind, "error") == 0 ?
										"unexpected error" : "violation"));
		if (strcmp(check->kind, "error") == 0 && anomaly != NULL)
			appendStringInfo(&buf, ": %s", anomaly->observed);
		else if (anomaly != NULL && anomaly->observed != NULL)
		{
			appendStringInfo(&buf, ": observed %s", anomaly->observed);
			if (anomaly->expected != NULL)
				appendStringInfo(&buf, ", expected %s", anomaly->expected);
		}
	}
	if (check->round > 0)
		appendStringInfo(&buf, "; first in round %d, after %s", check->round,
						 verdict_plural(check->after, "transaction"));
	else if (check->during && anomaly != NULL)
		appendStringInfo(&buf, "; first seen %.1f s after the start, after %s",
						 (anomaly->first_seen - started_at) / 1e6,
						 verdict_plural(check->after, "transaction"));
	else if (strcmp(check->kind, "error") == 0 && anomaly != NULL)
		appendStringInfo(&buf, ", %.1f s after the start, in a run of %s",
						 (anomaly->first_seen - started_at) / 1e6,
						 verdict_plural(check->after, "transaction"));
	else
		appendStringInfo(&buf, "; found at the end, after %s", verdict_plural(check->after, "transaction"));
	return buf.data;
}

static int64
verdict_count_retried(const CtResults *results, int sqlstate)
{
	ListCell   *lc;
	int64		n = 0;

	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);

		if (strcmp(error->handling, "retried") == 0 && error->sqlstate == sqlstate)
			n += error->count;
	}
	return n;
}

/*
 * What a pass has to tell of errors that were retried, "" if there were none:
 * who reads "pass" may not know that there were deadlocks.
 */
static char *
verdict_retried(const CtPlan *plan, const CtResults *results)
{
	static const struct
	{
		int			sqlstate;
		const char *one;
		const char *metric;		/* to be named, NULL where a retry is as it should be */
	}			kinds[] =

	{
		{ERRCODE_T_R_DEADLOCK_DETECTED, "deadlock", "deadlocks"},
		{ERRCODE_T_R_SERIALIZATION_FAILURE, "serialization failure", NULL}
	};
	StringInfoData buf;
	ListCell   *lc;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < lengthof(kinds); i++)
	{
		int64		n = verdict_count_retried(results, kinds[i].sqlstate);

		if (n == 0)
			continue;
		appendStringInfo(&buf, "; %s %s retried", verdict_plural(n, kinds[i].one), n == 1 ? "was" : "were");

		/* who has a threshold knows */
		if (kinds[i].metric == NULL)
			continue;
		foreach(lc, plan->thresholds)
			if (strcmp(((CtPlanThreshold *) lfirst(lc))->metric, kinds[i].metric) == 0)
				break;
		if (lc == NULL)
			appendStringInfo(&buf, ", which a threshold \"%s = 0\" would forbid", kinds[i].metric);
	}
	return buf.data;
}

/* What to raise, so that transactions meet. */
static const char *
verdict_advice(const CtPlan *plan, const CtResults *results)
{
	if (results->workers < 2)
		return plan->transactions == 1 ? "raise transactions" :
			plan->workers < 2 ? "run it with more workers" :
			"only one worker found a free slot: raise max_worker_processes";
	if (plan->transactions > 0 && results->transactions < plan->min_overlap)
		return "raise transactions, or lower min_overlap";
	if (plan->transactions > 0)
		return "raise transactions or workers, or widen the race window";
	return "raise duration or workers, or widen the race window";
}

/* Which orders of steps were seen; empty where they aren't told, and for a lone step, which has none. */
static const char *
verdict_orders(const CtResults *results)
{
	if (results->orders_possible <= 2)
		return "";
	return psprintf("; " INT64_FORMAT " of " INT64_FORMAT " orders of steps were seen",
					results->orders_seen, results->orders_possible);
}

/* " of 20 rounds", or "" where there are none. */
static const char *
verdict_rounds(const char *preposition, const CtResults *results)
{
	return results->rounds == 0 ? "" :
		psprintf(" %s %s", preposition, verdict_plural(results->rounds, "round"));
}

/* of a plan that has nothing but thresholds */
static const char *
verdict_thresholds(const CtPlan *plan)
{
	int			n = list_length(plan->thresholds);

	return n == 1 ? "the threshold was met" : psprintf("all %d thresholds were met", n);
}

void
ct_judge(const CtPlan *plan, CtResults *results, TimestampTz started_at)
{
	CtCheckResult *undecided = NULL;
	CtCheckResult *first = NULL;
	int			failed = 0;
	int			nchecks = 0;
	bool		only_errors = true;
	ListCell   *lc;

	foreach(lc, results->checks)
	{
		CtCheckResult *check = lfirst(lc);

		nchecks++;
		if (strcmp(check->kind, "error") != 0 && strcmp(check->kind, "timeout") != 0)
			only_errors = false;
		if (check->holds)
			continue;
		if (check->undecided)
		{
			undecided = check;
			continue;
		}
		failed++;
		if (first == NULL || (check->anomalies && first->anomalies &&
							  ((CtAnomalyResult *) linitial(check->anomalies))->first_seen <
							  ((CtAnomalyResult *) linitial(first->anomalies))->first_seen))
			first = check;
	}

	if (first != NULL)
	{
		results->verdict = "fail";
		results->reason = failed == 1 ? verdict_failure(first, started_at) :
			psprintf("%s; %d checks failed in all", verdict_failure(first, started_at), failed);
		if (results->rounds_failed > 0)
			results->reason = psprintf("%d of %d rounds: %s", results->rounds_failed, results->rounds,
									   results->reason);
	}
	else if (undecided != NULL)
	{
		results->verdict = "inconclusive";
		results->reason = psprintf("threshold \"%s %s\" has nothing to compare with: there is no baseline; make a run one by ct_set_baseline()",
								   undecided->name, undecided->target);
	}
	else if (results->transactions == 0)
	{
		results->verdict = "inconclusive";
		results->reason = results->failed > 0 ?
			psprintf("no transaction was completed: all %s failed", verdict_plural(results->failed, "transaction")) :
			"no transaction was completed: raise duration";
		if (results->not_begun > 0 && results->not_begun == results->clients)
			results->reason = "no transaction was completed: no client came past on_start";
		else if (results->all_transactions > 0 && results->failed == 0)
			results->reason = plan->rate > 0 ?
				"no transaction was scheduled within the duration and executed in time: lower rate, or raise workers or duration" :
				"no transaction ended within the duration: raise duration";
	}
	else if (results->contended >= plan->min_overlap && plan->min_overlap > 0 &&
			 results->overlapped == 0)
	{
		results->verdict = "inconclusive";
		results->reason =
			psprintf("no two transactions of the run overlapped, though %s waited for others or had to be repeated; %s",
					 verdict_plural(results->contended, "transaction"), verdict_advice(plan, results));
	}
	else if (results->contended < plan->min_overlap)
	{
		results->verdict = "inconclusive";
		results->reason =
			psprintf("too little contention: " INT64_FORMAT " of %s contended, where %d are needed; contended are those that met another one, waited for one or had to be repeated; %s",
					 results->contended, verdict_plural(results->transactions + results->failed, "transaction"),
					 plan->min_overlap, verdict_advice(plan, results));
	}
	else if (plan->lock_table != NULL && results->times_held == 0)
	{
		results->verdict = "inconclusive";
		results->reason = "the lock that was to be held was never had: others had the table all the time, or the run was over before";
	}
	else if (plan->kill_rate > 0 && results->kills == 0)
	{
		results->verdict = "inconclusive";
		results->reason = "no session was terminated: raise kill_rate, or duration";
	}
	else
	{
		const char *what = nchecks == 0 || only_errors ? "no error" : "no anomaly";

		if (plan->checks == NIL && plan->thresholds != NIL)
			what = verdict_thresholds(plan);
		results->verdict = "pass";
		results->reason = plan->min_overlap == 0 && plan->checks == NIL && plan->thresholds != NIL ?
			psprintf("%s in %s, " INT64_FORMAT " of them contended%s", what,
					 verdict_plural(results->transactions, "transaction"), results->contended,
					 verdict_retried(plan, results)) :
			results->contended == 0 ?
			psprintf("%s%s; no contention was asked for, and there was none%s", what,
					 verdict_rounds("in", results), verdict_retried(plan, results)) :
			psprintf("%s in %s%s%s%s", what,
					 verdict_plural(results->contended, "contended transaction"),
					 verdict_rounds("of", results),
					 verdict_orders(results), verdict_retried(plan, results));

		/* a schedule that was to be forced was not, then */
		if (results->barrier_breaks > 0)
			results->reason = psprintf("%s; barriers opened %s without everybody", results->reason,
									   verdict_plural(results->barrier_breaks, "time"));
	}
	if (results->skipped > 0)
		results->reason = psprintf("%s; %s of the schedule %s not executed%s",
								   results->reason, verdict_plural(results->skipped, "transaction"),
								   results->skipped == 1 ? "was" : "were",
								   results->ended_by ? "" : ", for they took longer than stop_timeout");
	if (results->not_begun > 0 && results->not_begun < results->clients)
		results->reason = psprintf("%s; %d of %d clients did not come past on_start", results->reason,
								   results->not_begun, results->clients);
	if (plan->kill_rate > 0)
		results->reason = psprintf("%s; %s %s terminated, %s with %s", results->reason,
								   verdict_plural(results->kills, "session"),
								   results->kills == 1 ? "was" : "were",
								   verdict_plural(results->killed, "transaction"),
								   results->kills == 1 ? "it" : "them");
	if (plan->lock_table != NULL)
		results->reason = psprintf("%s; a lock on %s was held %d time%s", results->reason, plan->lock_table,
								   results->times_held, results->times_held == 1 ? "" : "s");
	if (results->overdue > 0)
		results->reason = psprintf("%s; %s of the schedule %s skipped, late by more than latency_limit before %s could begin",
								   results->reason, verdict_plural(results->overdue, "transaction"),
								   results->overdue == 1 ? "was" : "were",
								   results->overdue == 1 ? "it" : "they");
	if (results->late > 0)
		results->reason = psprintf("%s; %s took longer than latency_limit", results->reason,
								   verdict_plural(results->late, "transaction"));
	if (results->ended_by != NULL)
		results->reason = psprintf("%s; ended early by %s", results->reason, results->ended_by);
}
