/*
 * outcome.c
 *		What became of a run that is one of several, which go on without it; and
 *		what several runs of the same come to.
 */
#include "postgres.h"

#include <math.h>

#include "utils/memutils.h"

#include "api/outcome.h"
#include "src/base/errcodes.h"
#include "src/plan/plan.h"
#include "src/report/report.h"

const char *
ct_outcome_word(const CtOutcome *outcome)
{
	return outcome->verdict ? outcome->verdict : outcome->status;
}

/* An error as a reason, with where it was raised, in one line. */
static char *
outcome_reason(const CtErrorReport *error)
{
	char	   *reason = psprintf("%s (SQLSTATE %s)%s%s", error->message, ct_sqlstate_text(error->sqlstate),
								  error->context[0] ? "; " : "", error->context);
	char	   *p;

	for (p = reason; *p; p++)
		if (*p == '\n')
			*p = ' ';
	return reason;
}

CtOutcome *
ct_outcome_of_call(CtCall *call)
{
	CtOutcome  *outcome = palloc0(sizeof(CtOutcome));
	CtErrorReport error = ct_call_error(call);

	outcome->run_id = call->shared->run_id;
	outcome->status = pstrdup(call->shared->status[0] != '\0' ? call->shared->status : "crashed");
	outcome->workers = call->shared->nworkers;
	outcome->summary = call->shared->summary;
	if (call->shared->verdict[0] != '\0')
	{
		outcome->verdict = pstrdup(call->shared->verdict);
		outcome->reason = pstrdup(call->shared->reason);
		return outcome;
	}
	outcome->sqlstate = error.sqlstate != 0 ? error.sqlstate : ERRCODE_CONNECTION_FAILURE;
	outcome->reason = error.sqlstate != 0 ? outcome_reason(&error) :
		pstrdup("the run's leader was lost; the server's log says why");
	return outcome;
}

CtOutcome *
ct_outcome_of_run(const Jsonb *document)
{
	CtOutcome  *outcome;
	CtErrorReport error;
	CtCall		call;

	if (!ct_call_attempt(&call, document, &error))
	{
		outcome = palloc0(sizeof(CtOutcome));
		outcome->status = "failed";
		outcome->sqlstate = error.sqlstate;
		outcome->reason = outcome_reason(&error);
		return outcome;
	}
	(void) ct_call_wait(&call, 0, true);
	ct_call_warn(&call);
	outcome = ct_outcome_of_call(&call);
	ct_call_detach(&call);
	return outcome;
}

/* ---- several ---- */

CtRepeats *
ct_repeats_create(int most)
{
	CtRepeats  *repeats = palloc0(sizeof(CtRepeats));

	repeats->context = CurrentMemoryContext;
	repeats->run_ids = palloc(most * sizeof(int64));
	repeats->rates = palloc(most * sizeof(double));
	return repeats;
}

static void
outcome_add_count(int64 *sum, int64 count)
{
	*sum = *sum < 0 || count < 0 ? -1 : *sum + count;
}

void
ct_repeats_add(CtRepeats *repeats, const CtOutcome *outcome)
{
	const CtSummary *summary = &outcome->summary;

	repeats->n++;
	if (ct_report_is_worse(ct_outcome_word(outcome), repeats->word))
	{
		repeats->nworst = 0;
		repeats->word = MemoryContextStrdup(repeats->context, ct_outcome_word(outcome));
		repeats->reason = MemoryContextStrdup(repeats->context, outcome->reason);
	}
	repeats->nworst += !ct_report_is_worse(repeats->word, ct_outcome_word(outcome));
	if (outcome->run_id != 0)
		repeats->run_ids[repeats->nruns++] = outcome->run_id;
	if (!summary->measured)
		return;
	outcome_add_count(&repeats->anomalies, summary->anomalies);
	outcome_add_count(&repeats->retries, summary->retries);
	outcome_add_count(&repeats->failed, summary->failed);
	outcome_add_count(&repeats->errors, summary->errors);
	outcome_add_count(&repeats->deadlocks, summary->deadlocks);
	repeats->p50_ms += summary->p50_ms;
	repeats->p95_ms += summary->p95_ms;
	repeats->p99_ms += summary->p99_ms;
	repeats->rates[repeats->measured++] = summary->tps;
	repeats->tps_low = repeats->measured == 1 ? summary->tps - summary->tps_half :
		Min(repeats->tps_low, summary->tps - summary->tps_half);
	repeats->tps_high = repeats->measured == 1 ? summary->tps + summary->tps_half :
		Max(repeats->tps_high, summary->tps + summary->tps_half);
}

const Jsonb *
ct_repeats_document(const CtRepeats *repeats, const Jsonb *document, int repeat)
{
	if (repeat <= 1)
		return document;
	return ct_plan_repeat(document, repeats->nruns == 0 ? CT_REPEATED : repeats->run_ids[0]);
}

char *
ct_repeats_reason(const CtRepeats *repeats)
{
	if (repeats->nworst == repeats->n)
		return pstrdup(repeats->reason);
	return psprintf("%d of %d runs: %s", repeats->nworst, repeats->n, repeats->reason);
}

int64
ct_repeats_last(const CtRepeats *repeats)
{
	return repeats->nruns == 0 ? 0 : repeats->run_ids[repeats->nruns - 1];
}

double
ct_repeats_mean(const CtRepeats *repeats, double sum)
{
	return repeats->measured == 0 ? NAN : sum / repeats->measured;
}

CtInterval
ct_repeats_tps(const CtRepeats *repeats, double level)
{
	CtInterval	interval = {NAN, NAN, NAN};

	if (repeats->measured == 0)
		return interval;
	interval = ct_stats_mean_independent(repeats->rates, repeats->measured, level);
	if (repeats->measured <= 2)
	{
		interval.low = repeats->tps_low;
		interval.high = repeats->tps_high;
	}
	return interval;
}
