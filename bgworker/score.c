/*
 * score.c
 *		What clients have done, counted in their worker's slot: outcomes and
 *		tallies, once they count, and iterations with their latencies.
 */
#include "postgres.h"

#include <math.h>

#include "bgworker/score.h"
#include "bgworker/shm/slot.h"

/* ---- outcomes and tallies ---- */

/* Remembers that the transaction said an outcome that a threshold is of. */
static void
score_watch(CtClient *client, const char *label)
{
	const CtProgram *program = client->worker->program;
	int			i;

	for (i = 0; i < program->noutcomes; i++)
	{
		if (strcmp(program->outcomes[i].label, label) == 0)
			client->iteration->watched |= UINT64CONST(1) << i;
	}
}

void
ct_score_outcome(CtClient *client, const char *label)
{
	client->iteration->transaction.outcome =
		ct_slot_outcome(client->worker->slot, client->script, label);
	score_watch(client, label);
}

static void
score_count(CtClient *client, const char *name, bool is_tally, const CtTally *tally)
{
	if (is_tally)
		ct_slot_tally(client->worker->slot, name, tally);
	else
		ct_score_outcome(client, name);
}

static void
score_on_commit(CtClient *client, const char *name, bool is_tally, double amount)
{
	CtSession  *session = client->interpreter.session;
	CtTally		tally = ct_tally_of(amount);

	if (session->in_transaction(session))
		ct_said_add(&client->iteration->said, client->iteration->context, name, is_tally, amount);
	else
		score_count(client, name, is_tally, &tally);
}

void
ct_score_say_outcome(CtInterpreter *interpreter, const char *label)
{
	score_on_commit((CtClient *) interpreter, label, false, 0);
}

void
ct_score_say_tally(CtInterpreter *interpreter, const char *name, double amount)
{
	if (!isfinite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a tally must be a finite number")));
	score_on_commit((CtClient *) interpreter, name, true, amount);
}

/* A transaction has ended: what was said in it counts, or doesn't. */
void
ct_score_settle(CtClient *client, CtTransactionEvent event)
{
	CtSaid	   *said = &client->iteration->said;
	int64		n;
	int			i;

	for (i = 0; i < said->n && event == CT_TRANSACTION_COMMITTED; i++)
	{
		const CtSaidOne *one = &said->said[i];

		for (n = one->is_tally ? 1 : one->times; n > 0; n--)
			score_count(client, one->name, one->is_tally, &one->tally);
	}
	said->n = 0;
}

/* ---- iterations that have ended ---- */

/*
 * Does a transaction belong to the measured part?  If there is a schedule,
 * that decides: how many are in it doesn't depend on how long they take.
 * Else they must have ended in it, so that neither the warm-up nor the time
 * to stop all workers is in any rate.
 */
static inline bool
score_is_counted(const CtClient *client, uint64 end)
{
	const CtShared *shared = client->worker->shared;
	uint64		stop_ns = *(const volatile uint64 *) &shared->stop_ns;

	if (client->intended_ns != 0)
		return client->intended_ns >= shared->measure_from_ns;
	return end > shared->measure_from_ns && (stop_ns == 0 || end <= stop_ns);
}

/* The latency of a transaction that said outcomes that thresholds are of. */
static void
score_outcomes(CtClient *client, uint64 latency, bool counted)
{
	CtWorker   *w = client->worker;
	int			i;

	for (i = 0; i < w->program->noutcomes; i++)
	{
		CtHistogram *h = ct_slot_histogram(w->slot, w->program->outcomes[i].histogram);

		if (!(client->iteration->watched & (UINT64CONST(1) << i)))
			continue;
		ct_histogram_record(h, latency);
		h->counted += counted;
	}
}

/* A transaction of a run with phases, whose latency is told if it is measured. */
static void
score_phase(CtClient *client, bool failed, uint64 latency, bool told, bool counted)
{
	CtWorker   *w = client->worker;
	CtHistogram *h = ct_slot_histogram(w->slot, w->program->phases[client->phase].histogram);

	if (told && !failed)
		ct_histogram_record(h, latency);
	h->counted += counted && !failed;
	h->failed += counted && failed;
}

/* What of the iteration isn't filled in yet, as it is kept. */
static const CtTransaction *
score_transaction(CtClient *client, uint64 latency)
{
	CtTransaction *transaction = &client->iteration->transaction;

	transaction->iteration = client->next_iteration;
	transaction->start_ns = client->iteration->start;
	transaction->latency_ns = latency;
	transaction->client = client->number;
	transaction->worker = client->worker->number;
	transaction->script = client->script;
	transaction->tries = client->iteration->tries;
	transaction->phase = client->worker->program->nphases > 0 ? client->phase : -1;
	return transaction;
}

/* Counts an iteration that has come to its end, of one try or several. */
void
ct_score_iteration(CtClient *client, bool failed, uint64 end)
{
	CtWorker   *w = client->worker;
	CtSlot	   *slot = w->slot;
	CtIteration *iteration = client->iteration;
	CtProgramScript *script = ct_client_script(client);
	uint64		measure_from_ns = w->shared->measure_from_ns;
	uint64		intended = client->intended_ns;
	bool		counted = score_is_counted(client, end);
	bool		told = iteration->measured || counted;
	uint64		latency = end - iteration->barrier_ns -
		(intended != 0 ? Min(intended, iteration->start) : iteration->start + iteration->waited_ns);

	if (!failed)
		slot->all_transactions++;
	slot->ended_ns = end;

	/*
	 * Latencies are also of those that end too late to be counted: the longest
	 * ones are likely to be among them.
	 */
	if (unlikely(failed && w->samples != NULL))
		ct_samples_offer_failed(w->samples, score_transaction(client, latency),
								client->interpreter.error->message);
	if (told && !failed)
	{
		if (w->samples != NULL && unlikely(ct_samples_is_slow(w->samples, latency)))
			ct_samples_offer_slow(w->samples, score_transaction(client, latency));
		ct_histogram_record(ct_slot_histogram(slot, script->histogram), latency);
		if (client->of_class != NULL)
			ct_histogram_record(ct_slot_histogram(slot, client->of_class->histogram), latency);
		if (unlikely(iteration->watched != 0))
			score_outcomes(client, latency, counted);
	}
	if (unlikely(w->program->nphases > 0))
		score_phase(client, failed, latency, told, counted);
	if (!counted)
		return;

	if (w->samples != NULL && unlikely(ct_draw_is_next(&w->draw)))
		ct_samples_offer(w->samples, ct_draw_key(&w->draw, w->samples),
						 score_transaction(client, latency));
	slot->overlapped += iteration->stay.overlapped;
	slot->met += iteration->stay.met;
	slot->waited += iteration->waited;
	slot->contended += iteration->stay.met || iteration->waited || iteration->conflicted;
	if (intended != 0 || ct_client_takes_turns(client))
	{
		uint64		due = intended != 0 ? intended : iteration->due;

		ct_histogram_record(ct_slot_histogram(slot, script->histogram + CT_LATENCY_SCHEDULE_LAG),
							(iteration->start > due ? iteration->start - due : 0) +
							(intended != 0 ? 0 : iteration->waited_ns));
	}
	if (failed)
	{
		slot->failed++;
		ct_slot_histogram(slot, script->histogram)->failed++;
		if (client->of_class != NULL)
			ct_slot_histogram(slot, client->of_class->histogram)->failed++;
	}
	else
	{
		ct_slot_histogram(slot, script->histogram)->counted++;
		if (client->of_class != NULL)
			ct_slot_histogram(slot, client->of_class->histogram)->counted++;
		slot->transactions++;
		slot->late += latency > w->latency_limit_ns;
		slot->rows += iteration->rows + client->interpreter.session->rows;
		ct_batches_record(&slot->batches, end > measure_from_ns ? end - measure_from_ns : 0);
	}
}
