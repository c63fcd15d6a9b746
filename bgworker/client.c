/*
 * client.c
 *		A worker as a client: its iterations, tries and retries, and what it
 *		writes into its slot about them.
 *
 * Its iterations are its number, then every nworkers-th: so the shares differ
 * by one at most, the numbers are unique over the run, and a seed decides what
 * each draws.
 *
 * An iteration is one execution of one script, and may be tried several
 * times: a try that ends in an error that is to be retried is rolled back,
 * waits a little, and begins anew with the variables and the random state
 * that the first one began with.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "bgworker/asleep.h"
#include "bgworker/client.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/shm/slot.h"
#include "src/base/ct_compat.h"

/* how a try ended */
typedef enum CtTryResult
{
	CT_TRY_DONE,
	CT_TRY_EXPECTED,			/* an error that is an outcome */
	CT_TRY_AGAIN,
	CT_TRY_FAILED,
	CT_TRY_STOPPED				/* the run is over; it doesn't count */
} CtTryResult;

/*
 * Pauses outside of transactions.  Who cancels us while we do nothing is too
 * late, as with an idle client.
 */
static void
pause_idle(uint64 ns)
{
	HOLD_CANCEL_INTERRUPTS();
	ct_pause_ns(ns);
	RESUME_CANCEL_INTERRUPTS();
	QueryCancelPending = false;
}

/*
 * The time, by one look at the clock for each statement: where it ended, the
 * next one begins, for \set and the like are not worth another look.
 */
static uint64
clock_ns(CtWorker *w)
{
	if (!w->clock_stands)
	{
		w->clock_ns = ct_now_ns();
		w->clock_stands = true;
	}
	return w->clock_ns;
}

/* Sleeps outside of transactions, until a point in time or the run's end. */
static void
sleep_until(CtWorker *w, uint64 until)
{
	w->interpreter.session->idle(w->interpreter.session, false);
	w->clock_stands = false;
	while (!ct_client_stopped(w, CT_STOP_AFTER))
	{
		uint64		now = ct_now_ns();

		if (now >= until)
			return;
		if (w->shared->stop_ns != 0 && now >= w->shared->stop_ns)
			return;

		/* the leader tells of an early end by the condition variable, which we don't watch */
		pause_idle(Min(until - now, 100 * CT_NS_PER_MS));
	}
}

/* ---- outcomes and tallies ---- */

/* Remembers that the transaction said an outcome that a threshold is of. */
static void
watch_outcome(CtWorker *w, const char *label)
{
	int			i;

	for (i = 0; i < w->program->noutcomes; i++)
	{
		if (strcmp(w->program->outcomes[i].label, label) == 0)
			w->said |= UINT64CONST(1) << i;
	}
}

static void
count_now(CtWorker *w, const char *name, bool is_tally, double amount)
{
	if (is_tally)
		ct_slot_tally(w->slot, name, amount);
	else
	{
		ct_slot_outcome(w->slot, w->script, name);
		watch_outcome(w, name);
	}
}

static void
count_on_commit(CtWorker *w, const char *name, bool is_tally, double amount)
{
	CtPending  *pending;

	if (!w->interpreter.session->in_transaction(w->interpreter.session))
	{
		count_now(w, name, is_tally, amount);
		return;
	}
	if (w->npending >= CT_MAX_PENDING)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a transaction may say at most %d outcomes and tallies", CT_MAX_PENDING)));
	pending = &w->pending[w->npending++];
	pending->name = MemoryContextStrdup(w->iteration_context, name);
	pending->is_tally = is_tally;
	pending->amount = amount;
}

/* ---- what the session tells ---- */

static inline CtWorker *
client_of_observer(CtObserver *observer)
{
	return (CtWorker *) ((char *) observer - offsetof(CtWorker, observer));
}

/* What was said in the transaction counts, or doesn't. */
static void
client_ended(CtObserver *observer, CtTransactionEvent event, TransactionId xid, Snapshot snapshot)
{
	CtWorker   *w = client_of_observer(observer);
	int			i;

	if (event == CT_TRANSACTION_COMMITTED)
		for (i = 0; i < w->npending; i++)
			count_now(w, w->pending[i].name, w->pending[i].is_tally, w->pending[i].amount);
	w->npending = 0;
}

static void
client_waited(CtObserver *observer, TimestampTz since)
{
	CtWorker   *w = client_of_observer(observer);

	w->waited = true;
	w->waits_since = since;
}

/* ---- commands ---- */

/* How long the command that was just executed, or failed, has slept on heavyweight locks. */
static void
record_wait(CtWorker *w)
{
	if (likely(w->waits_since == 0))
		return;
	if (w->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, w->program->scripts[w->script].histogram +
											  CT_LATENCY_LOCK_WAIT),
							ct_asleep_ns(w->shared, w->slot, w->waits_since));
	w->waits_since = 0;
}

static void
client_sql(CtInterpreter *interpreter, int index, const CtCommand *command)
{
	CtWorker   *w = (CtWorker *) interpreter;
	CtProgramScript *script = &w->program->scripts[w->script];
	int			step = script->step[index];
	uint64	   *orders = step < 0 || w->shared->norders == 0 ? NULL :
		ct_program_orders(w->program, ct_slot_orders(w->shared, w->slot), w->script, step);
	uint64		start;
	uint64		end;
	CtGlance	glance = {NULL};

	start = clock_ns(w);
	w->clock_stands = false;
	if (orders != NULL && w->program->nsteps > 1)	/* a lone step has no order */
		ct_presence_glance(w->shared, w->number, &w->stay, orders, &glance);
	w->statement_ns = start;
	if (unlikely(w->slot->gives_up != interpreter->session->gives_up))
		w->slot->gives_up = interpreter->session->gives_up;
	if (w->touches[w->script][index])
		ct_presence_touch(w->shared, w->number, &w->stay, start);
	(void) ct_interpret_sql(interpreter, command, w->statements[w->script][index]);
	ct_presence_prepare(w->shared, w->number);
	end = clock_ns(w);
	w->statement_ns = 0;

	if (w->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, script->step_histogram[index]),
							end - start);
	record_wait(w);
	ct_presence_ended(w->shared, w->number, &w->stay, end, step);
	if (unlikely(w->stay.npending > 0))
		ct_presence_settle(&w->stay);
	if (orders != NULL && w->stay.open)
	{
		*ct_program_executed(w->program, ct_slot_orders(w->shared, w->slot), w->script) |=
			UINT64CONST(1) << step;
		if (unlikely(glance.other != NULL))
			ct_presence_record(&w->stay, &glance);
	}
}

static void
client_pause(CtInterpreter *interpreter, uint64 ns)
{
	CtWorker   *w = (CtWorker *) interpreter;

	ct_presence_look(w->shared, w->number, &w->stay);
	w->interpreter.session->idle(w->interpreter.session, false);
	w->clock_stands = false;
	ct_pause_ns(ns);
}

static void
client_outcome(CtInterpreter *interpreter, const char *label)
{
	count_on_commit((CtWorker *) interpreter, label, false, 0);
}

static void
client_tally(CtInterpreter *interpreter, const char *name, double amount)
{
	if (!isfinite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a tally must be a finite number")));
	count_on_commit((CtWorker *) interpreter, name, true, amount);
}

static void
client_barrier(CtInterpreter *interpreter, int index, const char *name)
{
	CtWorker   *w = (CtWorker *) interpreter;
	uint64		start;

	/* who met the others in an earlier try isn't awaited by them again */
	if (index <= w->met_until)
		return;
	/* a block that is open goes on with what it has read and locked */
	if (w->interpreter.session->in_transaction(w->interpreter.session))
		ct_presence_look(w->shared, w->number, &w->stay);
	else
		ct_presence_close(w->shared, w->number, &w->stay);
	w->interpreter.session->idle(w->interpreter.session, false);
	start = clock_ns(w);
	w->clock_stands = false;
	ct_barrier_meet(w->shared, w->number, w->barriers[w->script][index]);
	w->barrier_ns += clock_ns(w) - start;
	w->met_until = index;
}

/* ---- errors ---- */

/*
 * Is it of the errors by which a script may be wrong in itself, so that
 * repeating it a million times tells nothing more?  Only where nobody ever
 * comes past the place: else something has happened to it, as where somebody
 * else changes a table under a prepared statement.
 */
static bool
is_script_error(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_INVALID_SCHEMA_NAME ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED ||
		category == ERRCODE_INVALID_TRANSACTION_STATE ||
		category == ERRCODE_INVALID_TRANSACTION_TERMINATION;
}

/*
 * Tells the leader of such an error, the first of its place.  Whether it is
 * the script's fault is the leader's to decide, for somebody else may yet
 * come past that place.
 */
static void
suspect(CtWorker *w, int place, const ErrorData *edata)
{
	CtShared   *shared = w->shared;
	CtSuspect  *entry = NULL;
	int			i;

	SpinLockAcquire(&shared->mutex);
	for (i = 0; i < shared->nsuspects; i++)
	{
		if (shared->suspects[i].place == place)
			break;
	}
	if (i == shared->nsuspects && i < CT_MAX_SUSPECTS)
	{
		entry = &shared->suspects[shared->nsuspects++];
		entry->place = place;
	}
	SpinLockRelease(&shared->mutex);
	if (entry != NULL)
	{
		entry->script = w->script;
		entry->command = w->interpreter.at;
		entry->since_ns = ct_now_ns();
		ct_error_store(&entry->error, edata);
		pg_write_barrier();
		pg_atomic_write_u32(&entry->ready, 1);
	}
	w->slot->suspicions++;
	if (entry != NULL || w->slot->suspicions == CT_SUSPICIONS)
		ConditionVariableBroadcast(&shared->news);
}

/* Decides what an error means, with the error counted. */
static CtTryResult
handle_error(CtWorker *w, ErrorData *edata, int tries)
{
	int			command = w->interpreter.at;
	int			place = w->program->scripts[w->script].place + command;
	const char *label;
	bool		retried;

	/* a signal of the leader's, not the script's doing */
	if (ct_client_stopped(w, CT_STOP_NOW))
		return CT_TRY_STOPPED;

	label = ct_plan_expected_label(w->plan, edata->sqlerrcode);
	retried = ct_plan_is_retried(w->plan, edata->sqlerrcode);
	if (retried || label != NULL || !is_script_error(edata->sqlerrcode))
		w->executed[place] = true;

	w->conflicted |= retried;
	if (retried && (w->plan->max_tries == 0 || tries < w->plan->max_tries))
	{
		ct_slot_error(w->slot, w->script, command, edata, CT_ERROR_RETRIED);
		return CT_TRY_AGAIN;
	}
	if (label != NULL)
	{
		ct_slot_error(w->slot, w->script, command, edata, CT_ERROR_EXPECTED);
		ct_slot_outcome(w->slot, w->script, label);
		watch_outcome(w, label);
		return CT_TRY_EXPECTED;
	}
	ct_slot_error(w->slot, w->script, command, edata,
				  retried ? CT_ERROR_GAVE_UP : CT_ERROR_FAILED);
	if (!w->executed[place])
		suspect(w, place, edata);
	return CT_TRY_FAILED;
}

static CtTryResult
try_once(CtWorker *w, int tries)
{
	volatile CtTryResult result = CT_TRY_DONE;

	w->npending = 0;
	PG_TRY();
	{
		/* whatever is only for now goes with the iteration */
		MemoryContextSwitchTo(w->iteration_context);
		ct_interpret(&w->interpreter, w->program->scripts[w->script].script);
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		HOLD_INTERRUPTS();
		w->clock_stands = false;
		MemoryContextSwitchTo(w->iteration_context);
		edata = CopyErrorData();
		FlushErrorState();
		ConditionVariableCancelSleep();
		record_wait(w);
		w->interpreter.session->rollback(w->interpreter.session);
		ct_presence_fail(w->shared, w->number, &w->stay, clock_ns(w));
		w->statement_ns = 0;
		MemoryContextSwitchTo(w->iteration_context);
		RESUME_INTERRUPTS();
		result = handle_error(w, edata, tries);
	}
	PG_END_TRY();
	return result;
}

/* A random wait that doubles with each try, from up to 1 ms to up to 64 ms. */
static void
back_off(CtWorker *w, int tries)
{
	double		most = 1e6 * (1 << Min(tries - 1, 6));

	w->clock_stands = false;
	pause_idle((uint64) (pg_prng_double(&w->pace) * most));
}

/* ---- iterations ---- */

static int
choose_script(CtWorker *w)
{
	int64		n;
	int			i;

	if (w->own_script >= 0)
		return w->own_script;
	if (w->program->nscripts == 1)
		return 0;
	n = pg_prng_uint64_range(&w->choice, 0, w->program->total_weight - 1);
	for (i = 0; i < w->program->nscripts - 1; i++)
	{
		n -= w->program->scripts[i].weight;
		if (n < 0)
			break;
	}
	return i;
}

/*
 * Does a transaction belong to the measured part?  If there is a schedule,
 * that decides: how many are in it doesn't depend on how long they take.
 * Else they must have ended in it, so that neither the warm-up nor the time
 * to stop all workers is in any rate.
 */
static inline bool
is_counted(const CtWorker *w, uint64 end, uint64 intended)
{
	uint64		stop_ns = *(volatile uint64 *) &w->shared->stop_ns;

	if (intended != 0)
		return intended >= w->shared->measure_from_ns;
	return end > w->shared->measure_from_ns && (stop_ns == 0 || end <= stop_ns);
}

/* The latency of a transaction that said outcomes that thresholds are of. */
static void
record_outcomes(CtWorker *w, uint64 latency, bool counted)
{
	int			i;

	for (i = 0; i < w->program->noutcomes; i++)
	{
		CtHistogram *h = ct_slot_histogram(w->slot, w->program->outcomes[i].histogram);

		if (!(w->said & (UINT64CONST(1) << i)))
			continue;
		ct_histogram_record(h, latency);
		h->counted += counted;
	}
}

/* An error has ended the iteration: nobody is to wait for us at what comes after it in the script. */
static void
miss_barriers(CtWorker *w)
{
	const CtScript *script = w->program->scripts[w->script].script;
	uint64		missed = 0;
	int			c;

	if (w->script_barriers[w->script] == 0)
		return;
	for (c = w->interpreter.at + 1; c < script->ncommands; c++)
		missed |= w->barriers[w->script][c];
	ct_barrier_miss(w->shared, w->number, missed);
}

/* start: now; intended: when it should have begun, by the schedule, or 0 */
static bool
run_iteration(CtWorker *w, int64 iteration, uint64 start, uint64 intended)
{
	CtProgramScript *script;
	CtTryResult result;
	CtValue		value;
	uint64		measure_from_ns = w->shared->measure_from_ns;
	uint64		end;
	bool		counted;
	uint64		rows;
	int			tries = 0;

	ct_presence_prepare(w->shared, w->number);
	w->script = choose_script(w);
	script = &w->program->scripts[w->script];
	w->interpreter.executed = w->executed + script->place;

	value.type = CT_VALUE_INT;
	value.u.i = iteration;
	ct_variables_set(w->interpreter.vars, CT_VAR_ITERATION, value);
	if (w->plan->max_tries != 1)
	{
		ct_variables_copy(w->saved_vars, w->interpreter.vars);
		w->saved_random = w->interpreter.random;
	}
	w->met_until = -1;
	ct_barrier_begin(w->shared, w->number, w->script_barriers[w->script]);
	w->barrier_ns = 0;
	w->said = 0;
	rows = w->interpreter.session->rows;
	w->waited = false;
	w->conflicted = false;

	w->measured = (intended != 0 ? intended : start) >= w->shared->measure_from_ns;
	ct_presence_begin(&w->stay, w->script);
	for (;;)
	{
		tries++;
		result = try_once(w, tries);
		if (result != CT_TRY_AGAIN || ct_client_stopped(w, CT_STOP_NOW))
			break;
		if (w->measured)
			w->slot->retries++;	/* now, for who watches a transaction that never ends */
		back_off(w, tries);
		MemoryContextReset(w->iteration_context);
		ct_variables_copy(w->interpreter.vars, w->saved_vars);
		w->interpreter.random = w->saved_random;
	}
	end = clock_ns(w);
	ct_presence_close(w->shared, w->number, &w->stay);
	if (result == CT_TRY_FAILED || result == CT_TRY_EXPECTED)
		miss_barriers(w);
	pgstat_report_stat(false);
	if (result == CT_TRY_STOPPED || result == CT_TRY_AGAIN)
		return false;

	if (result != CT_TRY_FAILED)
		w->slot->all_transactions++;
	w->slot->ended_ns = end;
	counted = is_counted(w, end, intended);

	/*
	 * Latencies are also of those that end too late to be counted: the longest
	 * ones are likely to be among them.
	 */
	if ((w->measured || counted) && result != CT_TRY_FAILED)
	{
		uint64		latency = end - (intended != 0 ? Min(intended, start) : start) -
			w->barrier_ns;

		ct_histogram_record(ct_slot_histogram(w->slot, script->histogram), latency);
		if (unlikely(w->said != 0))
			record_outcomes(w, latency, counted);
	}
	if (counted)
	{
		w->slot->overlapped += w->stay.overlapped;
		w->slot->met += w->stay.met;
		w->slot->waited += w->waited;
		w->slot->contended += w->stay.met || w->waited || w->conflicted;
		if (intended != 0)
			ct_histogram_record(ct_slot_histogram(w->slot, script->histogram +
												  CT_LATENCY_SCHEDULE_LAG),
								start > intended ? start - intended : 0);
		if (result == CT_TRY_FAILED)
			w->slot->failed++;
		else
		{
			ct_slot_histogram(w->slot, script->histogram)->counted++;
			w->slot->transactions++;
			w->slot->rows += w->interpreter.session->rows - rows;
			ct_batches_record(&w->slot->batches, end > measure_from_ns ? end - measure_from_ns : 0);
		}
	}
	return true;
}

void
ct_client_work(CtWorker *w)
{
	const CtPlan *plan = w->plan;
	int			nworkers = w->shared->nworkers;
	uint64		stop_ns = w->shared->stop_ns;
	uint64		next = w->shared->gate_ns;
	double		mean_gap = plan->rate > 0 ? 1e9 * nworkers / plan->rate : 0;
	int64		iteration;

	if (plan->ramp > 0)
	{
		next += (uint64) (plan->ramp * 1e9 * w->number / nworkers);
		sleep_until(w, next);
	}

	for (iteration = w->number + 1;
		 plan->transactions == 0 || iteration <= plan->transactions;
		 iteration += nworkers)
	{
		uint64		intended = 0;
		uint64		now;
		double		think;

		/* between iterations we are idle */
		QueryCancelPending = false;
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			w->clock_stands = false;
		}
		if (mean_gap > 0)
		{
			next += (uint64) (-log(1.0 - pg_prng_double(&w->pace)) * mean_gap);
			intended = next;
			if (stop_ns != 0 && next >= stop_ns)
			{
				sleep_until(w, stop_ns);
				break;
			}
			sleep_until(w, next);
		}
		now = clock_ns(w);

		/* what is scheduled is executed, be it late, unless the run is to end now */
		if (ct_client_stopped(w, CT_STOP_AFTER) || (mean_gap == 0 && stop_ns != 0 && now >= stop_ns) ||
			!run_iteration(w, iteration, now, intended))
		{
			stop_ns = w->shared->stop_ns;
			if (mean_gap > 0 && stop_ns > next)
				w->slot->skipped = 1 + (uint64) ((stop_ns - next) / mean_gap);
			break;
		}
		MemoryContextReset(w->iteration_context);

		think = w->program->scripts[w->script].plan->think;
		if (think > 0)
			sleep_until(w, clock_ns(w) +
						(uint64) (-log(1.0 - pg_prng_double(&w->pace)) * think * 1e9));
	}
}

void
ct_client_init(CtWorker *w)
{
	w->interpreter.sql = client_sql;
	w->interpreter.pause = client_pause;
	w->interpreter.outcome = client_outcome;
	w->interpreter.tally = client_tally;
	w->interpreter.barrier = client_barrier;
	w->observer.ended = client_ended;
	w->observer.waited = client_waited;
}
