/*
 * explored.c
 *		The verdict of an exploration, and what it rests on.
 *
 * An order goes wrong if a check finds a row after it, if a session ends in an
 * error that nobody expected, if one meets a deadlock, if sessions wait for
 * ever; and, where there are no checks, if it leaves the tables as no serial
 * order of the sessions does.  Where there are checks that is only told, for
 * they say what is right.
 *
 * What a pass says is what was executed: all interleavings, or all with so few
 * preemptions, and so many random ones.  Those are independent draws, so that
 * the rule of three holds: where n of them found nothing, an order drawn the
 * same way goes wrong in fewer than 3/n of cases, at 95 % confidence.
 */
#include "postgres.h"

#include <limits.h>

#include "src/base/errcodes.h"
#include "src/base/text.h"
#include "src/checks/check.h"
#include "src/results/exploration.h"

/* so many random orders at least are a reason to pass by themselves: fewer than a tenth goes wrong */
#define DRAWS_MIN		30

/* steps of an order that are shown in a sentence */
#define STEPS_SHOWN		40

#define GIST_SHOWN		300

/* a kind of failure that is no check of the user's */
static const struct
{
	CtExecutionResult result;
	const char *name;
	const char *kind;
	const char *target;
}			explored_oracles[] =

{
	{CT_EXECUTION_HANG, "no_hang", "hang", "no session waits for ever"},
	{CT_EXECUTION_DEADLOCK, "no_deadlock", "deadlock", "no deadlock"},
	{CT_EXECUTION_ERROR, "no_error", "error", "no unexpected error"},
	{CT_EXECUTION_NOT_SERIAL, "serial_equivalence", "not_serial", "a state that a serial order leaves"},
};

/* 8311 as "8,311" */
static char *
explored_number(int64 n)
{
	char	   *digits = psprintf(INT64_FORMAT, n);
	int			length = strlen(digits);
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < length; i++)
	{
		if (i > 0 && (length - i) % 3 == 0)
			appendStringInfoChar(&buf, ',');
		appendStringInfoChar(&buf, digits[i]);
	}
	return buf.data;
}

/* Does an order that ended so make the run fail? */
static bool
explored_fails(const CtExploration *found, CtExecutionResult result)
{
	return result != CT_EXECUTION_PASS && (result != CT_EXECUTION_NOT_SERIAL || found->not_serial_fails);
}

/* "20 interleavings" if these were all, else executions */
static char *
explored_of(const CtExploration *found, int64 n)
{
	bool		all = found->exhausted && !found->reduced;

	return psprintf("%s %s%s", explored_number(n), all ? "interleaving" : "execution", n == 1 ? "" : "s");
}

/* of which is spoken: those that came to their end, with one that was given up */
static int64
explored_total(const CtExploration *found)
{
	int64		ended = 0;
	ListCell   *lc;

	foreach(lc, found->permutations)
		ended += ((CtPermutationResult *) lfirst(lc))->executions;
	return Max(ended, found->complete);
}

/* "1 1 2 2" */
static char *
explored_order(const CtPermutationResult *permutation)
{
	StringInfoData buf;
	int			i;

	initStringInfo(&buf);
	for (i = 0; i < permutation->npermutation && i < STEPS_SHOWN; i++)
		appendStringInfo(&buf, "%s%d", i > 0 ? " " : "", permutation->permutation[i]);
	if (i < permutation->npermutation)
		appendStringInfoString(&buf, " ...");
	return buf.data;
}

/* What a kind of failure is, how often, and its shortest order. */
static char *
explored_failure(const CtPlan *plan, const CtExploration *found,
				 const CtPermutationResult *permutation)
{
	int64		total = explored_total(found);
	char	   *share = plan->replay ? "this order" :
		psprintf("%s of %s", explored_number(permutation->executions), explored_of(found, total));
	const char *gist = permutation->gist == NULL ? NULL : ct_clip_text(permutation->gist, GIST_SHOWN);
	StringInfoData buf;

	initStringInfo(&buf);
	switch (permutation->result)
	{
		case CT_EXECUTION_PASS:
			break;
		case CT_EXECUTION_NOT_SERIAL:
			appendStringInfo(&buf, "after %s the tables are as no serial order of the sessions leaves them",
							 share);
			break;
		case CT_EXECUTION_CHECK:
			appendStringInfo(&buf, "check \"%s\" is violated after %s", permutation->check_name, share);
			break;
		case CT_EXECUTION_ERROR:
			appendStringInfo(&buf, "a session ends with an unexpected error %s in %s",
							 ct_condition_name(permutation->sqlstate), share);
			break;
		case CT_EXECUTION_DEADLOCK:
			appendStringInfo(&buf, "sessions deadlock in %s", share);
			break;
		case CT_EXECUTION_HANG:
			appendStringInfo(&buf, "sessions come to no end in %s", share);
			break;
	}
	if (gist != NULL)
		appendStringInfo(&buf, ": %s", gist);
	if (!plan->replay)
		appendStringInfo(&buf, "; the shortest order is %s", explored_order(permutation));
	return buf.data;
}

/* What was executed, for a pass. */
static char *
explored_coverage(const CtExploration *found)
{
	StringInfoData buf;

	initStringInfo(&buf);
	if (found->exhausted && found->reduced)
	{
		appendStringInfo(&buf, "all interleavings, by %s that stand for them",
						 explored_of(found, found->complete));
		return buf.data;
	}
	if (found->exhausted)
	{
		appendStringInfo(&buf, "all %s", explored_of(found, found->complete));
		return buf.data;
	}
	if (found->preemptions == 0)
		appendStringInfo(&buf, "all interleavings without preemption (%s)", explored_number(found->bounded));
	else if (found->preemptions > 0)
		appendStringInfo(&buf, "all interleavings with at most %d preemption%s (%s)", found->preemptions,
						 found->preemptions == 1 ? "" : "s", explored_number(found->bounded));
	if (found->drawn > 0)
		appendStringInfo(&buf, "%s%s random %s%s: an order drawn this way goes wrong in fewer than %.2g %% of cases",
						 buf.len > 0 ? ", and " : "", explored_number(found->drawn),
						 buf.len > 0 ? "one" : "order", found->drawn == 1 ? "" : "s",
						 Min(300.0 / found->drawn, 100));
	return buf.data;
}

/* Why it isn't more, "" if it is all. */
static const char *
explored_stop(const CtExploration *found)
{
	return found->stopped_by == NULL ? "" : psprintf("; stopped by %s", found->stopped_by);
}

/* What a reader of a verdict should know besides. */
static const char *
explored_besides(const CtExploration *found)
{
	if (found->not_serial == 0 || found->not_serial_fails)
		return "";
	return psprintf("; after %s of them the tables are as no serial order of the sessions leaves them",
					explored_number(found->not_serial));
}

/* The oracles that are no checks of the user's, as what was checked. */
static void
explored_add_oracles(CtResults *results, const CtExploration *found)
{
	int64		total = explored_total(found);
	int			i;

	for (i = 0; i < lengthof(explored_oracles); i++)
	{
		CtCheckResult *check = palloc0(sizeof(CtCheckResult));
		ListCell   *lc;

		check->name = explored_oracles[i].name;
		check->kind = explored_oracles[i].kind;
		check->target = explored_oracles[i].target;
		check->after = total;
		foreach(lc, found->permutations)
		{
			const CtPermutationResult *permutation = lfirst(lc);
			CtAnomalyResult *anomaly;

			if (permutation->result != explored_oracles[i].result)
				continue;
			check->violations += permutation->executions;
			anomaly = palloc0(sizeof(CtAnomalyResult));
			anomaly->check = check->name;
			anomaly->kind = check->kind;
			anomaly->observed = permutation->gist;
			anomaly->first_seen = found->first_failure_at;
			check->anomalies = lappend(check->anomalies, anomaly);
		}
		if (!explored_fails(found, explored_oracles[i].result) ||
			(check->violations == 0 && explored_oracles[i].result != CT_EXECUTION_NOT_SERIAL))
			continue;
		check->holds = check->violations == 0;
		check->actual = psprintf("%s of %s", explored_number(check->violations), explored_of(found, total));
		results->checks = lappend(results->checks, check);
	}
}

void
ct_judge_exploration(const CtPlan *plan, CtResults *results, const CtExploration *found)
{
	const CtPermutationResult *worst = NULL;
	int			failed = 0;
	ListCell   *lc;

	explored_add_oracles(results, found);
	foreach(lc, found->permutations)
	{
		const CtPermutationResult *permutation = lfirst(lc);

		if (!explored_fails(found, permutation->result))
			continue;
		if (worst == NULL)
			worst = permutation;
		failed++;
	}

	if (worst != NULL)
	{
		results->verdict = "fail";
		results->reason = explored_failure(plan, found, worst);
		if (failed > 1)
			results->reason = psprintf("%s; %d kinds of failure in all", results->reason, failed);
	}
	else if (plan->replay && found->complete > 0)
	{
		results->verdict = "pass";
		results->reason = psprintf("no anomaly in this order%s", explored_besides(found));
	}
	else if (found->exhausted || found->preemptions >= 0 ||
			 (plan->random && found->drawn >= DRAWS_MIN))
	{
		results->verdict = "pass";
		results->reason = psprintf("no anomaly in %s%s%s", explored_coverage(found),
								   explored_besides(found), explored_stop(found));
	}
	else
	{
		results->verdict = "inconclusive";
		results->reason =
			psprintf("no anomaly, but not even all orders without preemption were executed: %s%s; raise duration or executions",
					 explored_of(found, found->complete), explored_stop(found));
		if (found->complete == 0)
			results->reason = psprintf("no order came to its end%s; raise duration", explored_stop(found));
	}
}
