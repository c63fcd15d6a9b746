/*
 * merge.c
 *		Summing up the workers' slots.
 *
 * Works on slots that are being written too; then the sums are those of a
 * moment ago, and each by itself is right.
 */
#include "postgres.h"

#include <math.h>

#include "bgworker/shm/merge.h"
#include "bgworker/shm/slot.h"
#include "src/results/orders.h"
#include "src/results/rows.h"

/*
 * Labels of outcomes, and kinds of errors, that a run tells apart.  What more a
 * thousand workers make is counted as "other", so that summing up stays fast.
 */
#define MAX_MERGED	1000

static const char *const handling_names[] = {
	[CT_ERROR_RETRIED] = "retried",
	[CT_ERROR_GAVE_UP] = "gave_up",
	[CT_ERROR_EXPECTED] = "expected",
	[CT_ERROR_FAILED] = "failed"
};

void
ct_merge_totals(CtShared *shared, CtTotals *totals)
{
	int			i;

	memset(totals, 0, sizeof(CtTotals));
	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		totals->transactions += slot->transactions;
		totals->failed += slot->failed;
		totals->retries += slot->retries;
		totals->all_transactions += slot->all_transactions;
	}
}

void
ct_merge_latency(CtShared *shared, const CtProgram *program, CtHistogram *histogram)
{
	int			i;
	int			s;

	memset(histogram, 0, sizeof(CtHistogram));
	for (i = 0; i < shared->nworkers; i++)
		for (s = 0; s < program->nscripts; s++)
			ct_histogram_add(histogram,
							 ct_slot_histogram(ct_shared_slot(shared, i),
											   program->scripts[s].histogram +
											   CT_LATENCY_TRANSACTION));
}

/*
 * How many entries of a slot's array are there to be read: the writer fills in
 * an entry before it counts it.
 */
static int
merge_entries(const int *n)
{
	int			there = *(const volatile int *) n;

	pg_read_barrier();
	return there;
}

/* The outcome of that label; NULL if there is none yet. */
static CtOutcomeResult *
merge_find_outcome(CtResults *results, int script, const char *label)
{
	ListCell   *lc;

	foreach(lc, results->outcomes)
	{
		CtOutcomeResult *outcome = lfirst(lc);

		if (outcome->script == script && strcmp(outcome->label, label) == 0)
			return outcome;
	}
	return NULL;
}

static void
merge_outcomes(CtResults *results, const CtSlot *slot)
{
	int			n = merge_entries(&slot->noutcomes);
	int			i;

	for (i = 0; i < n; i++)
	{
		const CtSlotOutcome *from = &slot->outcomes[i];
		const char *label = from->label;
		CtOutcomeResult *to = merge_find_outcome(results, from->script, label);

		if (to == NULL && list_length(results->outcomes) >= MAX_MERGED)
		{
			label = CT_OTHER_LABEL;
			to = merge_find_outcome(results, from->script, label);
		}
		if (to == NULL)
		{
			to = palloc0(sizeof(CtOutcomeResult));
			to->script = from->script;
			to->label = pstrdup(label);
			results->outcomes = lappend(results->outcomes, to);
		}
		to->count += from->count;
	}
}

static void
merge_tallies(CtResults *results, const CtSlot *slot)
{
	int			n = merge_entries(&slot->ntallies);
	int			i;

	for (i = 0; i < n; i++)
	{
		const CtSlotTally *from = &slot->tallies[i];
		CtTallyResult *to = NULL;
		ListCell   *lc;

		foreach(lc, results->tallies)
		{
			to = lfirst(lc);
			if (strcmp(to->name, from->name) == 0)
				break;
		}
		if (lc == NULL)
		{
			to = palloc0(sizeof(CtTallyResult));
			to->name = pstrdup(from->name);
			results->tallies = lappend(results->tallies, to);
		}
		ct_tally_add(&to->tally, &from->tally);
	}
}

/* The error of that kind; NULL if there is none yet. */
static CtErrorResult *
merge_find_error(CtResults *results, int script, int sqlstate, const char *handling)
{
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);

		if (error->script == script && error->sqlstate == sqlstate && error->handling == handling)
			return error;
	}
	return NULL;
}

static void
merge_errors(CtShared *shared, CtResults *results, const CtSlot *slot)
{
	int			n = merge_entries(&slot->nerrors);
	int			i;

	for (i = 0; i < n; i++)
	{
		const CtSlotError *from = &slot->errors[i];
		const char *handling = handling_names[from->handling];
		int			script = from->script;
		int			sqlstate = from->sqlstate;
		CtErrorResult *to = merge_find_error(results, script, sqlstate, handling);
		TimestampTz first_seen;

		if (to == NULL && list_length(results->errors) >= MAX_MERGED)
		{
			/* as in slot.c */
			script = 0;
			sqlstate = CT_OTHER_SQLSTATE;
			to = merge_find_error(results, script, sqlstate, handling);
		}
		if (to == NULL)
		{
			to = palloc0(sizeof(CtErrorResult));
			to->script = script;
			to->sqlstate = sqlstate;
			to->handling = handling;
			to->unexpected = from->handling == CT_ERROR_FAILED ||
				from->handling == CT_ERROR_GAVE_UP;
			results->errors = lappend(results->errors, to);
		}
		first_seen = shared->gate_at + ((int64) (from->first_ns - shared->gate_ns)) / 1000;
		if (to->count == 0 || first_seen < to->first_seen)
		{
			to->command = from->command;
			to->first_seen = first_seen;
		}
		to->count += from->count;
	}
}

/*
 * What the first error of each kind says.  Where that found no room in the
 * stream it is what a later one says, whose place is told then.
 */
static void
merge_error_texts(CtResults *results, const CtErrorTexts *texts)
{
	ListCell   *lc;

	foreach(lc, results->errors)
	{
		CtErrorResult *error = lfirst(lc);
		const CtErrorText *text;
		int			handling = 0;

		if (error->sqlstate == CT_OTHER_SQLSTATE)
		{
			error->message = "errors of more kinds than are told apart";
			error->command = -1;
			continue;
		}
		while (handling_names[handling] != error->handling)
			handling++;
		text = ct_error_text_find(texts, error->script, error->sqlstate, handling);
		if (text == NULL)
		{
			error->message = "what it says found no room on its way to the leader";
			continue;
		}
		error->command = text->command;
		error->message = text->parts[CT_PART_MESSAGE] ? text->parts[CT_PART_MESSAGE] : "";
		error->detail = text->parts[CT_PART_DETAIL];
		error->hint = text->parts[CT_PART_HINT];
		error->context = text->parts[CT_PART_CONTEXT];
	}
}

static void
merge_orders(CtResults *results, CtShared *shared, const CtProgram *program)
{
	int			i;
	int			w;

	results->orders_seen = results->orders_possible = -1;
	if (program->norders == 0)
		return;
	results->orders = palloc0(program->norders * sizeof(uint64));
	for (i = 0; i < shared->nworkers; i++)
		for (w = 0; w < program->norders; w++)
			results->orders[w] |= ct_slot_orders(shared, ct_shared_slot(shared, i))[w];
	ct_orders_count(program, results);
}

CtResults *
ct_merge_counts(CtShared *shared, const CtErrorTexts *texts)
{
	CtResults  *results = palloc0(sizeof(CtResults));
	int			i;

	/* who is done has counted before it said so */
	pg_read_barrier();
	results->workers = shared->nworkers;
	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		results->transactions += slot->transactions;
		results->failed += slot->failed;
		results->retries += slot->retries;
		results->all_transactions += slot->all_transactions;
		merge_outcomes(results, slot);
		merge_tallies(results, slot);
		merge_errors(shared, results, slot);
	}
	merge_error_texts(results, texts);
	return results;
}

CtResults *
ct_merge_results(CtShared *shared, const CtProgram *program, const CtErrorTexts *texts)
{
	CtResults  *results = ct_merge_counts(shared, texts);
	int64		to_begin = 0;
	int64		begun = 0;
	int			i;
	int			h;

	results->barrier_breaks = shared->barrier_breaks;
	results->latency = palloc_extended(sizeof(CtHistogram), MCXT_ALLOC_ZERO);
	results->histograms = palloc_extended(sizeof(CtHistogram) * program->nhistograms,
										  MCXT_ALLOC_ZERO | MCXT_ALLOC_HUGE);
	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);
		CtWorkerResult *worker = palloc0(sizeof(CtWorkerResult));

		worker->worker = i + 1;
		worker->pid = slot->pid;
		worker->transactions = slot->transactions;
		worker->failed = slot->failed;
		worker->retries = slot->retries;
		worker->overlapped = slot->overlapped;
		worker->waited = slot->waited;
		worker->met = slot->met;
		worker->all_transactions = slot->all_transactions;
		results->worker_results = lappend(results->worker_results, worker);

		results->late += slot->late;
		to_begin += slot->to_begin;
		results->kills += slot->kills;
		results->killed += slot->killed;
		begun += slot->begun;
		results->skipped += slot->skipped;
		results->overdue += slot->overdue;
		ct_batches_add(&results->batches, &slot->batches);
		results->rows += slot->rows;
		results->connect_ns = Max(results->connect_ns, slot->connect_ns);
		results->overlapped += slot->overlapped;
		results->waited += slot->waited;
		results->met += slot->met;
		results->contended += slot->contended;
		for (h = 0; h < program->nhistograms; h++)
			ct_histogram_add(&results->histograms[h], ct_slot_histogram(slot, h));
	}
	ct_merge_latency(shared, program, results->latency);
	results->clients = shared->nclients;
	results->not_begun = to_begin - begun;
	merge_orders(results, shared, program);
	return results;
}

/* ---- samples ---- */

/* A transaction that was kept, as the next row. */
static List *
merge_sample(List *rows, CtShared *shared, const CtProgram *program, const char *kind,
			 const CtTransaction *from, const char *message)
{
	CtSampleRow *row = palloc0(sizeof(CtSampleRow));
	int		   *steps = palloc(CT_SAMPLE_STATEMENTS * sizeof(int));
	double	   *ms = palloc(CT_SAMPLE_STATEMENTS * sizeof(double));
	int			i;

	for (i = 0; i < from->nstatements; i++)
	{
		steps[i] = from->commands[i] + 1;
		ms[i] = rint(from->ms[i] * 1e4) / 1e4;
	}
	row->sample = list_length(rows) + 1;
	row->kind = kind;
	row->script = program->scripts[from->script].script->name;
	row->client = from->client + 1;
	row->worker = from->worker + 1;
	row->iteration = from->iteration;
	row->started_at = shared->gate_at + ((int64) (from->start_ns - shared->gate_ns)) / 1000;
	row->latency_ms = ct_rows_ms(from->latency_ns);
	row->tries = from->tries;
	row->outcome = from->outcome < 0 ? NULL :
		pstrdup(ct_shared_slot(shared, from->worker)->outcomes[from->outcome].label);
	row->sqlstate = from->sqlstate == 0 ? NULL : pstrdup(unpack_sql_state(from->sqlstate));
	row->phase = from->phase < 0 ? NULL : program->phases[from->phase].plan->name;
	row->steps.n = row->statement_ms.n = from->nstatements;
	row->steps.elements = steps;
	row->statement_ms.elements = ms;
	row->message = message;
	return lappend(rows, row);
}

List *
ct_merge_samples(CtShared *shared, const CtProgram *program)
{
	CtSamples  *samples = ct_shared_samples(shared);
	List	   *rows = NIL;
	int			i;

	if (samples == NULL)
		return NIL;
	ct_samples_sort(samples);
	for (i = 0; i < samples->nslowest; i++)
		rows = merge_sample(rows, shared, program, "slowest", &samples->slowest[i], NULL);
	for (i = 0; i < (int) pg_atomic_read_u32(&samples->nfailed); i++)
		rows = merge_sample(rows, shared, program, "failed", &samples->failed[i],
							pstrdup(samples->messages[i]));
	for (i = 0; i < samples->nrandom; i++)
		rows = merge_sample(rows, shared, program, "random", &samples->random[i], NULL);
	return rows;
}
