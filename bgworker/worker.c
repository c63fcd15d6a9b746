/*
 * worker.c
 *		A worker: repeats scripts and writes what it sees into its slot.
 *
 * A worker connects, loads the plan, waits at the gate until all are ready,
 * does its share, and keeps its session until the run has been judged, so that
 * what it has left behind shows.  It writes no table of ours.  Its iterations are
 * its number, then every nworkers-th: so the shares differ by one at most,
 * the numbers are unique over the run, and a seed decides what each draws.
 *
 * An iteration is one execution of one script, and may be tried several
 * times: a try that ends in an error that is to be retried is rolled back,
 * waits a little, and begins anew with the variables and the random state
 * that the first one began with.
 *
 * If a worker dies, its slot says so as its segment is unmapped; the leader
 * ends the run then.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "commands/async.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "bgworker/asleep.h"
#include "bgworker/barrier.h"
#include "bgworker/launch.h"
#include "bgworker/locks.h"
#include "bgworker/presence.h"
#include "bgworker/slot.h"
#include "bgworker/touch.h"
#include "src/ct_compat.h"
#include "src/interpret.h"
#include "src/program.h"

/* how a try ended */
typedef enum CtTryResult
{
	CT_TRY_DONE,
	CT_TRY_EXPECTED,			/* an error that is an outcome */
	CT_TRY_AGAIN,
	CT_TRY_FAILED,
	CT_TRY_STOPPED				/* the run is over; it doesn't count */
} CtTryResult;

/* something that counts only once the block commits */
typedef struct CtPending
{
	const char *name;
	bool		is_tally;
	double		amount;
} CtPending;

#define CT_MAX_PENDING	64

typedef struct CtWorker
{
	CtInterpreter interpreter;	/* must be first */
	CtShared   *shared;
	CtSlot	   *slot;
	int			number;			/* from 0 */
	int			own_script;		/* that it runs and no other, or -1 */
	CtPlan	   *plan;
	CtProgram  *program;
	CtStatement ****statements; /* [script][command][statement] */
	bool	  **touches;		/* [script][command]: does so whatever happens */
	uint64	  **barriers;		/* [script][command]: of its name, as bits */
	uint64	   *script_barriers;	/* [script]: all of them */
	bool	   *executed;		/* all workers': places that somebody has come past */

	/* what a retry begins with again */
	CtVariables *saved_vars;
	pg_prng_state saved_random;

	pg_prng_state choice;		/* which script comes next */
	pg_prng_state pace;			/* schedule, think times, backoff */

	MemoryContext iteration_context;
	uint64		clock_ns;		/* when it was last read, */
	bool		clock_stands;	/* and no time has passed since, to speak of */

	/* of the iteration under way */
	int			script;
	bool		waited;			/* slept on a heavyweight lock */
	TimestampTz last_wait;		/* when the lock manager last went to sleep in here */
	bool		conflicted;		/* ended in an error that is to be retried */
	bool		measured;
	int			met_until;		/* the last barrier that was passed, in any try; -1 */
	uint64		said;			/* bits of the outcomes that thresholds are of */
	uint64		barrier_ns;		/* spent at barriers, which is our doing, not the script's */
	CtStay		stay;
	uint64		statement_ns;	/* when the statement under way began; 0: none is */
	int			npending;
	CtPending	pending[CT_MAX_PENDING];
} CtWorker;

/* for callbacks that get no argument */
static CtSlot *my_slot = NULL;
static CtShared *my_shared = NULL;
static CtWorker *my_worker = NULL;
static bool *learn_touch = NULL;	/* of the statement that is being warmed up */
static int	my_number;
static bool may_go = false;		/* we have done our share, and gave our session up */

static bool
told_to_go(void)
{
	return pg_atomic_read_u32(&my_shared->stop) >= CT_STOP_SESSIONS;
}

/* Leaves the race, in the state that it is left in. */
static void
finish(CtShared *shared, CtSlot *slot, CtWorkerState state)
{
	if (pg_atomic_read_u32(&slot->state) == CT_WORKER_WORKING)
		ct_barrier_leave(shared, my_number);
	pg_atomic_write_u32(&slot->state, state);
	ConditionVariableBroadcast(&shared->news);
}

static void
detached(dsm_segment *segment, Datum arg)
{
	uint32		state = pg_atomic_read_u32(&my_slot->state);

	/* who has done its share may go only when it is told to, or has told so */
	if (state != CT_WORKER_FAILED && !(state == CT_WORKER_DONE && (may_go || told_to_go())))
		finish(my_shared, my_slot, CT_WORKER_LOST);
	pqsignal(SIGTERM, die);		/* what ours looks at is about to be unmapped */
	my_slot->procno = -1;
	my_slot = NULL;
}

static bool
stopped(CtWorker *w, CtStopLevel level)
{
	return pg_atomic_read_u32(&w->shared->stop) >= (uint32) level;
}

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
	pgstat_report_activity(STATE_IDLE, NULL);
	w->clock_stands = false;
	while (!stopped(w, CT_STOP_AFTER))
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

static void
settle(CtInterpreter *interpreter, CtTransactionEvent event)
{
	CtWorker   *w = (CtWorker *) interpreter;
	int			i;

	if (event == CT_TRANSACTION_COMMITTED)
		for (i = 0; i < w->npending; i++)
			count_now(w, w->pending[i].name, w->pending[i].is_tally, w->pending[i].amount);
	w->npending = 0;
}

/* ---- commands ---- */

/* What is about to be executed touches the database. */
static void
touched(void)
{
	CtWorker   *w = my_worker;

	if (learn_touch != NULL)
		*learn_touch = true;
	else if (w->statement_ns != 0)
		ct_presence_touch(w->shared, w->number, &w->stay, w->statement_ns);
}

/*
 * Has what was just executed, or failed, slept on a heavyweight lock?  The
 * lock manager arms the deadlock timeout each time it goes to sleep, so when
 * that was last done tells, and since when; and it costs nothing.
 */
static void
note_wait(CtWorker *w)
{
	TimestampTz wait = get_timeout_start_time(DEADLOCK_TIMEOUT);

	if (likely(wait == w->last_wait))
		return;
	w->last_wait = wait;
	w->waited = true;
	if (w->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, w->program->scripts[w->script].histogram +
											  CT_LATENCY_LOCK_WAIT),
							ct_asleep_ns(w->shared, w->slot, wait));
}

static void
worker_sql(CtInterpreter *interpreter, int index, const CtCommand *command)
{
	CtWorker   *w = (CtWorker *) interpreter;
	CtProgramScript *script = &w->program->scripts[w->script];
	int			step = script->step[index];
	uint64	   *orders = step < 0 || w->shared->norders == 0 ? NULL :
		ct_program_orders(w->program, ct_slot_orders(w->shared, w->slot), w->script, step);
	uint64		start;
	uint64		end;
	bool		gives_up;
	CtGlance	glance = {NULL};

	start = clock_ns(w);
	w->clock_stands = false;
	if (orders != NULL)
		ct_presence_glance(w->shared, w->number, &w->stay, orders, &glance);
	w->statement_ns = start;
	gives_up = LockTimeout > 0 || StatementTimeout > 0;
	if (unlikely(w->slot->gives_up != gives_up))
		w->slot->gives_up = gives_up;
	if (w->touches[w->script][index])
		ct_presence_touch(w->shared, w->number, &w->stay, start);
	(void) ct_interpret_sql(interpreter, command, w->statements[w->script][index], settle);
	ct_presence_prepare(w->shared, w->number);
	end = clock_ns(w);
	w->statement_ns = 0;

	if (w->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, script->step_histogram[index]),
							end - start);
	note_wait(w);
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
report_pause(CtWorker *w)
{
	CtSession  *session = w->interpreter.session;

	/* as an idle client's backend: a utility statement may have left one, which holds back others */
	InvalidateCatalogSnapshotConditionally();
	pgstat_report_activity(session->in_transaction(session) ?
						   STATE_IDLEINTRANSACTION : STATE_IDLE, NULL);
}

static void
worker_pause(CtInterpreter *interpreter, uint64 ns)
{
	CtWorker   *w = (CtWorker *) interpreter;

	ct_presence_look(w->shared, w->number, &w->stay);
	report_pause(w);
	w->clock_stands = false;
	ct_pause_ns(ns);
}

static void
worker_outcome(CtInterpreter *interpreter, const char *label)
{
	count_on_commit((CtWorker *) interpreter, label, false, 0);
}

static void
worker_tally(CtInterpreter *interpreter, const char *name, double amount)
{
	if (!isfinite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a tally must be a finite number")));
	count_on_commit((CtWorker *) interpreter, name, true, amount);
}

static void
worker_barrier(CtInterpreter *interpreter, int index, const char *name)
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
	report_pause(w);
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
	if (stopped(w, CT_STOP_NOW))
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
		note_wait(w);
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
	w->last_wait = get_timeout_start_time(DEADLOCK_TIMEOUT);

	w->measured = (intended != 0 ? intended : start) >= w->shared->measure_from_ns;
	ct_presence_begin(&w->stay, w->script);
	for (;;)
	{
		tries++;
		result = try_once(w, tries);
		if (result != CT_TRY_AGAIN || stopped(w, CT_STOP_NOW))
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

/* The worker's whole share. */
static void
work(CtWorker *w)
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
		if (stopped(w, CT_STOP_AFTER) || (mean_gap == 0 && stop_ns != 0 && now >= stop_ns) ||
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

/* What every \barrier command of every script is. */
static void
find_barriers(CtWorker *w)
{
	int			s;
	int			c;

	w->barriers = palloc(w->program->nscripts * sizeof(uint64 *));
	w->script_barriers = palloc0(w->program->nscripts * sizeof(uint64));
	for (s = 0; s < w->program->nscripts; s++)
	{
		const CtScript *script = w->program->scripts[s].script;

		w->barriers[s] = palloc0(Max(script->ncommands, 1) * sizeof(uint64));
		for (c = 0; c < script->ncommands; c++)
		{
			if (script->commands[c].kind != CT_COMMAND_BARRIER)
				continue;
			w->barriers[s][c] = ct_barrier_find(w->shared, script->commands[c].name);
			w->script_barriers[s] |= w->barriers[s][c];
		}
	}
}

/* The session's statements for every SQL command of every script. */
static void
prepare_statements(CtWorker *w)
{
	CtSession  *session = w->interpreter.session;
	int			s;
	int			c;
	int			i;

	w->statements = palloc(w->program->nscripts * sizeof(CtStatement ***));
	w->touches = palloc(w->program->nscripts * sizeof(bool *));
	for (s = 0; s < w->program->nscripts; s++)
	{
		const CtScript *script = w->program->scripts[s].script;

		w->statements[s] = palloc0(Max(script->ncommands, 1) * sizeof(CtStatement **));
		w->touches[s] = palloc0(Max(script->ncommands, 1) * sizeof(bool));
		for (c = 0; c < script->ncommands; c++)
		{
			const CtCommand *command = &script->commands[c];

			if (command->kind != CT_COMMAND_SQL)
				continue;
			w->statements[s][c] = palloc(command->nstatements * sizeof(CtStatement *));
			for (i = 0; i < command->nstatements; i++)
				w->statements[s][c][i] = session->prepare(session, &command->statements[i],
														  w->program->symbols);
		}
	}
}

/* Are there values for all of the command's variables? */
static bool
has_values(const CtCommand *command, const CtVariables *vars)
{
	int			i;
	int			r;

	for (i = 0; i < command->nstatements; i++)
		for (r = 0; r < command->statements[i].nrefs; r++)
			if (ct_variables_get(vars, command->statements[i].refs[r].slot)->type == CT_VALUE_UNSET)
				return false;
	return true;
}

/* Computes a \set as far as that can be done without what statements return. */
static void
try_set(const CtCommand *command, CtVariables *vars, pg_prng_state *random)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		ct_variables_set(vars, command->slot, ct_expr_eval(command->expr, vars, random));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
}

/*
 * Does what can be done before the gate opens, so that the first statements of
 * all workers come at once, and not when each is through with parsing,
 * planning and filling its caches, milliseconds apart: prepares the statements
 * that depend on nothing that others return, with the values that the first
 * iteration has, and goes through the executing code once.
 */
static void
warm_up(CtWorker *w)
{
	CtSession  *session = w->interpreter.session;
	CtVariables *vars = ct_variables_create(w->program->symbols);
	pg_prng_state random = w->interpreter.random;
	CtValue		value;
	int			s;
	int			c;
	int			i;

	ct_variables_copy(vars, w->interpreter.vars);
	value.type = CT_VALUE_INT;
	value.u.i = w->number + 1;
	ct_variables_set(vars, CT_VAR_ITERATION, value);
	for (s = 0; s < w->program->nscripts; s++)
	{
		const CtScript *script = w->program->scripts[s].script;

		for (c = 0; c < script->ncommands; c++)
		{
			const CtCommand *command = &script->commands[c];

			CHECK_FOR_INTERRUPTS();
			if (command->kind == CT_COMMAND_SET)
				try_set(command, vars, &random);
			if (command->kind != CT_COMMAND_SQL || !has_values(command, vars))
				continue;
			learn_touch = &w->touches[s][c];
			for (i = 0; i < command->nstatements; i++)
				session->warm_up(session, w->statements[s][c][i], vars);
			learn_touch = NULL;
		}
	}
	ct_interpret_once(ct_script_parse("warm-up", "BEGIN; SELECT 1; COMMIT", w->program->symbols,
											   false),
					  w->program->symbols, vars, session, 0);
}

static void
seed_randoms(CtWorker *w)
{
	uint64		seed = (uint64) w->plan->seed;
	pg_prng_state master;

	/* each worker its own streams, each of them the same for the same seed */
	pg_prng_seed(&master, seed + (uint64) (w->number + 1) * UINT64CONST(0x9E3779B97F4A7C15));
	pg_prng_seed(&w->interpreter.random, pg_prng_uint64(&master));
	pg_prng_seed(&w->choice, pg_prng_uint64(&master));
	pg_prng_seed(&w->pace, pg_prng_uint64(&master));
}

/* Everything up to the gate, then the race; errors in here end the process. */
static void
prepare_and_work(CtWorker *w)
{
	CtShared   *shared = w->shared;
	char		name[NAMEDATALEN];
	const CtPlan *plan;

	w->plan = ct_shared_plan(shared);
	plan = w->plan;
	w->program = ct_program_load(plan);
	w->own_script = ct_program_own_script(w->program, w->number);
	w->interpreter.vars = ct_variables_create(w->program->symbols);
	w->saved_vars = ct_variables_create(w->program->symbols);
	ct_plan_set_variables(plan, w->program->symbols, w->interpreter.vars, shared->run_id, w->number);
	w->executed = ct_shared_executed(shared);
	w->interpreter.symbols = w->program->symbols;
	w->interpreter.session = ct_session_in_process();
	w->interpreter.sql = worker_sql;
	w->interpreter.pause = worker_pause;
	w->interpreter.outcome = worker_outcome;
	w->interpreter.tally = worker_tally;
	w->interpreter.barrier = worker_barrier;
	prepare_statements(w);
	find_barriers(w);
	seed_randoms(w);
	w->iteration_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext iteration",
												 ALLOCSET_DEFAULT_SIZES);

	ct_launch_search_path(shared->sandbox, plan->search_path);
	if (plan->isolation)
		SetConfigOption("default_transaction_isolation", plan->isolation,
						PGC_USERSET, PGC_S_CLIENT);
	snprintf(name, sizeof(name), "ct_ext run " INT64_FORMAT " worker %d",
			 shared->run_id, w->number + 1);
	SetConfigOption("application_name", name, PGC_USERSET, PGC_S_SESSION);
	my_worker = w;
	ct_touch_watch(touched);
	warm_up(w);
	pgstat_report_activity(STATE_IDLE, NULL);

	pg_atomic_write_u32(&w->slot->state, CT_WORKER_READY);
	ConditionVariableBroadcast(&shared->news);

	/* the gate */
	ConditionVariablePrepareToSleep(&shared->changed);
	while (ct_shared_state(shared) < CT_RUN_RUNNING && !stopped(w, CT_STOP_AFTER))
		ConditionVariableSleep(&shared->changed, ct_wait_event());
	ConditionVariableCancelSleep();
	if (ct_shared_state(shared) < CT_RUN_RUNNING)
		return;

	pg_atomic_write_u32(&w->slot->state, CT_WORKER_WORKING);
	w->stay.neighbour = w->number;
	w->stay.period = w->stay.countdown = 1;
	ct_pause_until(shared->gate_ns, ct_has_core(w->number));
	work(w);
	ct_presence_settle(&w->stay);
	pgstat_report_stat(true);
	pgstat_report_activity(STATE_IDLE, NULL);
}

/*
 * The first worker holds its slot from before the setup, and connects when the
 * others do, so that the setup meets nobody.  Returns false if the run has
 * come to an end instead.
 */
static bool
await_launch(CtShared *shared)
{
	/* who ends the run also terminates us, which is then nothing to report */
	HOLD_INTERRUPTS();
	ConditionVariablePrepareToSleep(&shared->changed);
	while (ct_shared_state(shared) < CT_RUN_LAUNCHING && !ProcDiePending &&
		   pg_atomic_read_u32(&shared->stop) < CT_STOP_NOW)
		(void) ConditionVariableTimedSleep(&shared->changed, 200, ct_wait_event());
	ConditionVariableCancelSleep();
	RESUME_INTERRUPTS();

	if (pg_atomic_read_u32(&shared->stop) >= CT_STOP_NOW)
		return false;
	CHECK_FOR_INTERRUPTS();
	return true;
}

/* ---- afterwards ---- */

/* The leader's SIGTERM is no reason for a FATAL in the log, nobody else's is the leader's. */
static void
done_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (told_to_go())
		SetLatch(MyLatch);
	else
		die(postgres_signal_arg);
	errno = save_errno;
}

/*
 * Does the leader, whose checks may want anything, wait for a lock that we
 * have left behind?  Then says so, where the leader will find it.
 */
static bool
leader_waits_for_us(CtShared *shared)
{
	CtLockGraph *graph;
	StringInfoData lock;
	char		text[CT_MESSAGE_LEN];
	bool		waits;

	if (!ct_locks_asleep(shared->leader_procno, shared->leader_pid) || !ct_locks_awaited())
		return false;
	graph = ct_locks_look();
	ct_locks_trace(graph, &MyProcPid, 1);
	waits = ct_locks_waits(graph, shared->leader_pid);
	if (waits)
	{
		initStringInfo(&lock);
		(void) ct_locks_blocker(graph, shared->leader_pid, &lock);
		snprintf(text, sizeof(text), "a check waited for %s, which worker %d holds, although it has done its share",
				 lock.data, my_number + 1);
		SpinLockAcquire(&shared->mutex);
		if (shared->left_behind[0] == '\0')
			strlcpy(shared->left_behind, text, sizeof(shared->left_behind));
		SpinLockRelease(&shared->mutex);
		pfree(lock.data);
	}
	ct_locks_free(graph);
	return waits;
}

/*
 * Keeps the session, idle, with its locks, temporary tables and prepared
 * statements, until the leader has asked the checks; but for one that these
 * wait for.  Who cancels us is too late.
 */
static void
keep_session(CtShared *shared)
{
	pqsignal(SIGTERM, done_sigterm);
	HOLD_CANCEL_INTERRUPTS();
	while (!told_to_go() && !may_go)
		if (ConditionVariableTimedSleep(&shared->changed, 1000, ct_wait_event()))
			may_go = leader_waits_for_us(shared);
	ConditionVariableCancelSleep();
	RESUME_CANCEL_INTERRUPTS();
}

void
ct_worker_main(Datum main_arg)
{
	CtWorker   *w;
	dsm_segment *segment;
	int			number;
	sigjmp_buf	local_sigjmp_buf;

	segment = ct_launch_begin(main_arg, &number);
	ct_process_role = CT_PROCESS_WORKER;
	my_shared = ct_shared_address(segment);
	my_number = number;
	my_slot = ct_shared_slot(my_shared, number);
	my_slot->pid = MyProcPid;
	my_slot->procno = ct_my_procno();
	on_dsm_detach(segment, detached, (Datum) 0);
	ct_launch_report_to(segment, &my_slot->error);
	if (!await_launch(my_shared))
	{
		finish(my_shared, my_slot, CT_WORKER_DONE);
		return;
	}
	my_slot->connect_ns = -(int64) ct_now_ns();
	ct_launch_connect(my_shared);
	my_slot->connect_ns += ct_now_ns();

	w = MemoryContextAllocZero(TopMemoryContext, sizeof(CtWorker));
	w->shared = my_shared;
	w->slot = my_slot;
	w->number = number;
	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext, "ct_ext worker",
												ALLOCSET_DEFAULT_SIZES));

	/* what isn't caught at an iteration is told to the leader, and ends us */
	if (sigsetjmp(local_sigjmp_buf, 1) != 0)
	{
		ErrorData  *edata;

		error_context_stack = NULL;
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(TopMemoryContext);
		edata = CopyErrorData();
		FlushErrorState();
		ConditionVariableCancelSleep();
		AbortOutOfAnyTransaction();
		if (pg_atomic_read_u32(&my_shared->stop) >= CT_STOP_NOW)
			finish(my_shared, my_slot, CT_WORKER_DONE);
		else
		{
			ct_error_store(&my_slot->error, edata);
			finish(my_shared, my_slot, CT_WORKER_FAILED);
		}
		proc_exit(0);
	}
	PG_exception_stack = &local_sigjmp_buf;

	prepare_and_work(w);
	finish(my_shared, my_slot, CT_WORKER_DONE);
	keep_session(my_shared);
}
