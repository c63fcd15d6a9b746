/*
 * client.c
 *		A client's iterations, tries and retries; what they come to is counted
 *		in score.c.
 *
 * An iteration is one execution of one script, and may be tried several
 * times: a try that ends in an error that is to be retried is rolled back,
 * waits a little, and begins anew with the variables and the random state
 * that the first one began with.
 *
 * It is a machine over the script's interpreter, which is left wherever
 * something takes time that others may use: while a session executes, during
 * a \sleep outside of transactions, between two tries.  Where nobody else is
 * there, or a transaction is open on the session that all share, it waits.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "bgworker/asleep.h"
#include "bgworker/faults.h"
#include "bgworker/score.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/shm/slot.h"
#include "bgworker/suspect.h"
#include "bgworker/worker.h"

/* after a statement that took so long it is told what was used, and not only at the transaction's end */
#define LONG_STATEMENT_NS	(10 * CT_NS_PER_MS)

/* how a try ended */
typedef enum CtTryResult
{
	CT_TRY_DONE,
	CT_TRY_EXPECTED,			/* an error that is an outcome */
	CT_TRY_AGAIN,
	CT_TRY_FAILED,
	CT_TRY_KILLED,				/* its session was terminated, which is our doing; neither completed nor failed */
	CT_TRY_STOPPED				/* the run is over; it doesn't count */
} CtTryResult;

/* Tells who looks what the client is at. */
static inline void
client_is_at(CtClient *client, CtAt what)
{
	client->worker->slot->at = CT_AT(what, ct_client_script(client)->place + client->interpreter.at);
}

/* ---- statements ---- */

/* The words of the orders of the step that is under way; NULL if none are told. */
static inline uint64 *
client_orders(const CtClient *client, int step)
{
	CtWorker   *w = client->worker;

	return step < 0 || w->shared->norders == 0 ? NULL :
		ct_program_orders(w->program, ct_slot_orders(w->shared, w->slot),
						  client->script, step);
}

/* How long the command that was just executed, or failed, has slept on heavyweight locks. */
static void
client_record_wait(CtClient *client)
{
	CtWorker   *w = client->worker;

	if (likely(w->waits_since == 0))
		return;
	client->iteration->waited = true;
	if (client->iteration->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, ct_client_script(client)->histogram +
											  CT_LATENCY_LOCK_WAIT),
							ct_asleep_ns(w->shared, w->slot, w->waits_since));
	w->waits_since = 0;
}

/* At a statement: begins with it, and with the first of a command's with the command. */
static void
client_start(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtInterpreter *interpreter = &client->interpreter;
	CtIteration *iteration = client->iteration;
	CtSession  *session = interpreter->session;
	int			index = interpreter->at;

	if (interpreter->statement == 0)
	{
		uint64	   *orders = client_orders(client, ct_client_script(client)->step[index]);
		uint64		start = ct_worker_clock(w);

		ct_worker_time_passes(w);
		client_is_at(client, CT_AT_STATEMENT);
		iteration->glance.other = NULL;
		if (orders != NULL && w->program->nsteps > 1)	/* a lone step has no order */
			ct_presence_glance(w->shared, &w->lookout, &iteration->stay, orders,
							   &iteration->glance);
		iteration->statement_ns = start;
		if (w->touches[client->script][index])
			ct_presence_touch(w->shared, &w->lookout, &iteration->stay, start);
	}
	ct_interpreter_start(interpreter, client->statements[client->script][index]);
	if (unlikely(w->slot->gives_up != session->gives_up))
		w->slot->gives_up = session->gives_up;
	iteration->executing = true;
}

/* How long a command has taken, for the samples. */
static inline void
client_time(CtClient *client, uint64 end)
{
	CtIteration *iteration = client->iteration;
	CtTransaction *transaction = &iteration->transaction;
	int			n = transaction->nstatements;

	if (client->worker->samples == NULL || n == CT_SAMPLE_STATEMENTS)
		return;
	transaction->commands[n] = (int16) client->interpreter.at;
	transaction->ms[n] = (float) (end - iteration->statement_ns) * 1e-6f;
	transaction->nstatements = n + 1;
}

/* The command's last statement has been executed. */
static void
client_note_executed(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtIteration *iteration = client->iteration;
	CtProgramScript *script = ct_client_script(client);
	int			index = client->interpreter.at;
	int			step = script->step[index];
	uint64		end;

	ct_presence_prepare(w->shared, &w->lookout);
	end = ct_worker_clock(w);
	if (iteration->measured)
		ct_histogram_record(ct_slot_histogram(w->slot, script->step_histogram[index]),
							end - iteration->statement_ns);
	client_time(client, end);
	if (unlikely(end - iteration->statement_ns > LONG_STATEMENT_NS))
		ct_worker_tell_usage(w);
	iteration->statement_ns = 0;
	client_record_wait(client);
	ct_presence_ended(w->shared, &w->lookout, &iteration->stay, end, step);
	if (unlikely(w->lookout.npending > 0))
		ct_presence_settle(&w->lookout);
	if (step >= 0 && w->shared->norders != 0 && iteration->stay.open)
	{
		*ct_program_executed(w->program, ct_slot_orders(w->shared, w->slot), client->script) |=
			UINT64CONST(1) << step;
		if (unlikely(iteration->glance.other != NULL))
			ct_presence_record(&w->lookout, &iteration->glance);
	}
}

/* The session is ready.  Returns false if the statement has failed. */
static bool
client_finish(CtClient *client)
{
	CtStatementResult result;

	client->worker->executing = client;
	ct_kill_let(client->interpreter.session, true);
	result = ct_interpreter_finish(&client->interpreter);
	ct_kill_let(client->interpreter.session, false);
	client->iteration->executing = false;
	if (unlikely(result.error != NULL))
		return false;
	if (result.event == CT_TRANSACTION_COMMITTED || result.event == CT_TRANSACTION_ROLLED_BACK)
		ct_score_settle(client, result.event);
	if (ct_interpreter_at_last(&client->interpreter))
		client_note_executed(client);
	return true;
}

/* ---- what waits ---- */

/*
 * May others have their turn?  Not while a transaction is open on the session
 * that they share.
 */
static bool
client_may_rest(const CtClient *client)
{
	CtSession  *session = client->interpreter.session;

	return client->worker->nclients > 1 && !session->in_transaction(session);
}

static CtClientResult
client_rest(CtClient *client, uint64 ns)
{
	CtWorker   *w = client->worker;

	ct_presence_park(w->shared, &w->lookout, &client->iteration->stay);
	client->iteration->rows += client->interpreter.session->rows;
	client->due_ns = ct_now_ns() + ns;
	ct_worker_time_passes(w);
	return CT_CLIENT_RESTS;
}

static void
client_pause(CtInterpreter *interpreter)
{
	CtClient   *client = (CtClient *) interpreter;
	CtWorker   *w = client->worker;

	ct_presence_look(w->shared, &w->lookout, &client->iteration->stay);
	interpreter->session->idle(interpreter->session, false);
	ct_worker_time_passes(w);
	client_is_at(client, CT_AT_PAUSE);
	ct_kill_let(interpreter->session, true);
	ct_pause_ns(interpreter->pause_ns);
	ct_kill_let(interpreter->session, false);
	client_is_at(client, CT_AT_STATEMENT);
}

static void
client_meet(CtInterpreter *interpreter)
{
	CtClient   *client = (CtClient *) interpreter;
	CtWorker   *w = client->worker;
	CtIteration *iteration = client->iteration;
	uint64		start;

	/* a block that is open goes on with what it has read and locked */
	if (interpreter->session->in_transaction(interpreter->session))
		ct_presence_look(w->shared, &w->lookout, &iteration->stay);
	else
		ct_presence_close(w->shared, &w->lookout, &iteration->stay);
	interpreter->session->idle(interpreter->session, false);
	start = ct_worker_clock(w);
	ct_worker_time_passes(w);
	client_is_at(client, CT_AT_BARRIER);
	ct_kill_let(interpreter->session, true);
	ct_barrier_meet(w->shared, w->number, w->barriers[client->script][interpreter->at]);
	ct_kill_let(interpreter->session, false);
	client_is_at(client, CT_AT_STATEMENT);
	iteration->barrier_ns += ct_worker_clock(w) - start;
	iteration->met_until = interpreter->at;
}

/* ---- errors ---- */

/* An error has ended a transaction that nobody expected: as many as max_errors says end the run. */
static void
client_count_unexpected(CtClient *client)
{
	CtShared   *shared = client->worker->shared;
	int64		most = client->worker->plan->max_errors;

	if (most == 0 || (int64) pg_atomic_add_fetch_u64(&shared->unexpected, 1) != most)
		return;
	pg_atomic_write_u32(&shared->too_many_errors, 1);
	ct_shared_stop(shared, CT_STOP_AFTER);
}

/* Decides what an error means, with the error counted. */
static CtTryResult
client_judge_error(CtClient *client, const ErrorData *edata)
{
	CtWorker   *w = client->worker;
	const CtPlan *plan = w->plan;
	CtIteration *iteration = client->iteration;
	int			script = client->script;
	int			command = client->interpreter.at;
	int			place = ct_client_script(client)->place + command;
	const char *label;
	bool		retried;

	/* a signal of the leader's, not the script's doing */
	if (ct_worker_stopped(w, CT_STOP_NOW))
		return CT_TRY_STOPPED;

	iteration->transaction.sqlstate = edata->sqlerrcode;
	if (unlikely(ct_kill_pending) && edata->sqlerrcode == ERRCODE_QUERY_CANCELED)
		return CT_TRY_KILLED;
	label = ct_plan_expected_label(plan, edata->sqlerrcode);
	retried = ct_plan_is_retried(plan, edata->sqlerrcode);
	if (retried || label != NULL || !ct_suspect_may_be(edata->sqlerrcode))
		w->executed[place] = true;

	iteration->conflicted |= retried;
	if (retried && (plan->max_tries == 0 || iteration->tries < plan->max_tries))
	{
		ct_slot_error(w->slot, script, command, edata, CT_ERROR_RETRIED);
		return CT_TRY_AGAIN;
	}
	if (label != NULL)
	{
		ct_slot_error(w->slot, script, command, edata, CT_ERROR_EXPECTED);
		ct_score_outcome(client, label);
		return CT_TRY_EXPECTED;
	}
	ct_slot_error(w->slot, script, command, edata,
				  retried ? CT_ERROR_GAVE_UP : CT_ERROR_FAILED);
	client_count_unexpected(client);
	if (!w->executed[place])
		ct_suspect_tell(w, script, command, edata);
	return CT_TRY_FAILED;
}

/* Its try is over, and what was open of it rolled back. */
static void
client_abandon(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtSession  *session = client->interpreter.session;
	CtIteration *iteration = client->iteration;

	HOLD_INTERRUPTS();
	ct_kill_let(session, false);
	ct_worker_time_passes(w);
	ConditionVariableCancelSleep();
	client_record_wait(client);
	if (session->in_transaction(session))
		session->rollback(session);
	if (iteration->statement_ns != 0)
		client_time(client, ct_worker_clock(w));
	ct_presence_fail(w->shared, &w->lookout, &iteration->stay, ct_worker_clock(w));
	iteration->statement_ns = 0;
	iteration->said.n = 0;
	RESUME_INTERRUPTS();
}

/* A try has ended in an error: its transaction is, too. */
static CtTryResult
client_fail(CtClient *client)
{
	client_abandon(client);
	return client_judge_error(client, client->interpreter.error);
}

/*
 * The session that it was at something with has been terminated: counts what is
 * lost, as the error that a client would have got.
 */
static void
client_count_killed(CtClient *client)
{
	CtWorker   *w = client->worker;
	const char *label = ct_plan_expected_label(w->plan, ERRCODE_ADMIN_SHUTDOWN);
	ErrorData	edata = {0};

	edata.sqlerrcode = ERRCODE_ADMIN_SHUTDOWN;
	edata.message = "terminating connection due to administrator command";
	edata.detail = "The run terminates sessions on purpose, by kill_rate.";
	w->executed[ct_client_script(client)->place + client->interpreter.at] = true;
	ct_slot_error(w->slot, client->script, client->interpreter.at, &edata, CT_ERROR_EXPECTED);
	if (client->iteration->begins)
		return;
	ct_score_outcome(client, label != NULL ? label : CT_OUTCOME_KILLED);
	w->slot->killed++;
}

/* ---- iterations ---- */

static int
client_choose_script(CtClient *client)
{
	const CtProgram *program = client->worker->program;
	const CtProgramPhase *phase;
	const int  *weights;
	int64		n;
	int			i;

	if (client->own_script >= 0)
		return client->own_script;
	if (program->nscripts == 1)
		return 0;
	phase = &program->phases[client->phase];
	weights = client->of_class != NULL && client->of_class->weights != NULL ?
		client->of_class->weights : phase->weights;
	n = pg_prng_uint64_range(&client->choice, 0,
							 (weights == phase->weights ? phase->total_weight :
							  client->of_class->total_weight) - 1);
	for (i = 0; i < program->nscripts - 1; i++)
	{
		n -= weights[i];
		if (n < 0)
			break;
	}
	return i;
}

/* An error has ended the iteration: nobody is to wait for us at what comes after it in the script. */
static void
client_miss_barriers(CtClient *client)
{
	CtWorker   *w = client->worker;
	int			script = client->script;
	uint64		missed = 0;
	int			c;

	if (w->script_barriers[script] == 0)
		return;
	for (c = client->interpreter.at + 1; c < client->interpreter.script->ncommands; c++)
		missed |= w->barriers[script][c];
	ct_barrier_miss(w->shared, w->number, missed);
}

/*
 * An iteration for the client, the one that was let go of last, so that a
 * worker has as many as are under way at once.
 */
static CtIteration *
client_take_iteration(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtIteration *iteration = w->iterations;

	if (likely(iteration != NULL))
		w->iterations = iteration->next_free;
	else
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(w->context);

		iteration = palloc0(sizeof(CtIteration));
		iteration->context = AllocSetContextCreate(w->context, "ct_ext iteration",
												   ALLOCSET_START_SMALL_SIZES);
		iteration->saved_vars = ct_variables_create(w->program->symbols);
		MemoryContextSwitchTo(oldcontext);
	}
	client->iteration = iteration;
	return iteration;
}

bool
ct_client_is_to_begin(const CtClient *client)
{
	return client->start >= 0 && client->iteration == NULL &&
		client->session != client->worker->session_number;
}

static void
client_begin(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtInterpreter *interpreter = &client->interpreter;
	bool		begins = ct_client_is_to_begin(client);
	CtIteration *iteration = client_take_iteration(client);
	CtProgramScript *script;
	CtValue		value;

	iteration->start = ct_worker_clock(w);
	ct_presence_prepare(w->shared, &w->lookout);
	iteration->begins = begins;
	iteration->session = w->session_number;
	client->script = begins ? client->start : client_choose_script(client);
	script = ct_client_script(client);
	interpreter->executed = w->executed + script->place;

	value.type = CT_VALUE_INT;
	value.u.i = client->next_iteration;
	ct_variables_set(interpreter->vars, CT_VAR_ITERATION, value);
	if (w->plan->max_tries != 1)
	{
		ct_variables_copy(iteration->saved_vars, interpreter->vars);
		iteration->saved_random = interpreter->random;
	}
	iteration->met_until = -1;
	ct_barrier_begin(w->shared, w->number, w->script_barriers[client->script]);
	iteration->due = client->due_ns;
	iteration->waited_ns = 0;
	iteration->barrier_ns = 0;
	iteration->watched = 0;
	iteration->rows = -interpreter->session->rows;
	iteration->waited = false;
	iteration->conflicted = false;
	iteration->again = false;
	iteration->executing = false;
	iteration->statement_ns = 0;
	iteration->said.n = 0;
	iteration->measured = !begins && (client->intended_ns != 0 ? client->intended_ns : iteration->start) >=
		w->shared->measure_from_ns;
	/* whose steps are told; of on_start there are none, so that it may be any script's */
	ct_presence_begin(&iteration->stay, begins ? 0 : client->script);
	iteration->tries = 1;
	iteration->transaction.nstatements = 0;
	iteration->transaction.sqlstate = 0;
	iteration->transaction.outcome = -1;
	ct_interpreter_begin(interpreter, script->script);
	client_is_at(client, CT_AT_STATEMENT);
}

/* It goes on, after a rest. */
static void
client_resume(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtIteration *iteration = client->iteration;
	CtInterpreter *interpreter = &client->interpreter;

	if (ct_client_takes_turns(client) && ct_worker_clock(w) > client->due_ns)
		iteration->waited_ns += ct_worker_clock(w) - client->due_ns;
	iteration->rows -= interpreter->session->rows;
	ct_presence_unpark(w->shared, &w->lookout, &iteration->stay);
	if (iteration->again)
	{
		iteration->again = false;
		iteration->tries++;
		iteration->transaction.nstatements = 0;
		MemoryContextReset(iteration->context);
		ct_variables_copy(interpreter->vars, iteration->saved_vars);
		interpreter->random = iteration->saved_random;
		ct_interpreter_begin(interpreter, interpreter->script);
	}
	client_is_at(client, CT_AT_STATEMENT);
}

void
ct_client_sleeps(CtClient *client)
{
	client_is_at(client, client->iteration != NULL ? CT_AT_PAUSE : CT_AT_DUE);
}

static void
client_let_go(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtIteration *iteration = client->iteration;

	client->iteration = NULL;
	iteration->next_free = w->iterations;
	w->iterations = iteration;
	MemoryContextReset(iteration->context);
}

/* Its on_start has ended: who couldn't begin does nothing more. */
static CtClientResult
client_end_start(CtClient *client, CtTryResult result)
{
	client_let_go(client);
	if (result == CT_TRY_KILLED)
		return CT_CLIENT_BEGUN; /* and begins again */
	if (result != CT_TRY_DONE && result != CT_TRY_EXPECTED)
		return CT_CLIENT_STOPPED;
	client->worker->slot->begun += client->session == 0;
	client->session = client->worker->session_number;
	return CT_CLIENT_BEGUN;
}

/* Its last try has ended. */
static CtClientResult
client_end(CtClient *client, CtTryResult result)
{
	CtWorker   *w = client->worker;
	uint64		end = ct_worker_clock(w);

	ct_worker_tell_usage(w);
	ct_presence_close(w->shared, &w->lookout, &client->iteration->stay);
	if (client->iteration->begins)
		return client_end_start(client, result);
	if (result == CT_TRY_FAILED || result == CT_TRY_EXPECTED || result == CT_TRY_KILLED)
		client_miss_barriers(client);
	if (result == CT_TRY_KILLED)
		w->slot->ended_ns = end;
	else if (result != CT_TRY_STOPPED)
		ct_score_iteration(client, result == CT_TRY_FAILED, end);
	client_let_go(client);
	return result == CT_TRY_STOPPED ? CT_CLIENT_STOPPED : CT_CLIENT_ENDED;
}

/* Its session has been terminated, or is to be; what it was at is lost. */
static CtClientResult
client_end_killed(CtClient *client)
{
	client_count_killed(client);
	if (ct_kill_pending)
		ct_kill_session(client->worker);
	return client_end(client, CT_TRY_KILLED);
}

/* Its try has ended in an error. */
static CtClientResult
client_end_try(CtClient *client)
{
	CtWorker   *w = client->worker;
	CtIteration *iteration = client->iteration;
	CtTryResult result = client_fail(client);

	if (unlikely(result == CT_TRY_KILLED))
		return client_end_killed(client);
	if (result != CT_TRY_AGAIN)
		return client_end(client, result);
	if (ct_worker_stopped(w, CT_STOP_NOW))
		return client_end(client, CT_TRY_STOPPED);
	if (iteration->measured)
		w->slot->retries++;		/* now, for who watches a transaction that never ends */
	iteration->again = true;

	/* a random wait that doubles with each try, from up to 1 ms to up to 64 ms */
	return client_rest(client, (uint64) (pg_prng_double(&client->pace) *
										 1e6 * (1 << Min(iteration->tries - 1, 6))));
}

static CtClientResult
client_walk(CtClient *client)
{
	CtInterpreter *interpreter = &client->interpreter;
	CtIteration *iteration = client->iteration;
	CtStep		step = iteration->executing ? CT_STEP_SQL : ct_interpreter_next(interpreter);

	for (;;)
	{
		/* not in the middle of anything, unless that has finished */
		if (unlikely(ct_kill_pending) && step != CT_STEP_DONE && step != CT_STEP_ERROR &&
			!iteration->executing)
		{
			client_abandon(client);
			return client_end_killed(client);
		}
		switch (step)
		{
			case CT_STEP_SQL:
				if (!iteration->executing)
					client_start(client);
				if (!interpreter->session->ready(interpreter->session, &iteration->wait))
					return CT_CLIENT_WAITS;
				if (!client_finish(client))
					return client_end_try(client);
				break;
			case CT_STEP_PAUSE:
				if (client_may_rest(client))
					return client_rest(client, interpreter->pause_ns);
				if (!ct_interpreter_guard(interpreter, client_pause))
					return client_end_try(client);
				break;
			case CT_STEP_BARRIER:
				/* who met the others in an earlier try isn't awaited by them again */
				if (interpreter->at > iteration->met_until &&
					!ct_interpreter_guard(interpreter, client_meet))
					return client_end_try(client);
				break;
			case CT_STEP_ERROR:
				return client_end_try(client);
			case CT_STEP_DONE:
				return client_end(client, CT_TRY_DONE);
		}
		step = ct_interpreter_next(interpreter);
	}
}

CtClientResult
ct_client_go_on(CtClient *client)
{
	CtClientResult result;

	if (client->iteration == NULL)
		client_begin(client);
	else if (!client->iteration->executing)
		client_resume(client);

	/* whatever is only for now goes with the try */
	MemoryContextSwitchTo(client->iteration->context);
	if (unlikely(client->iteration->session != client->worker->session_number))
	{
		/* its session was terminated while it rested */
		client_abandon(client);
		result = client_end_killed(client);
	}
	else
		result = client_walk(client);
	MemoryContextSwitchTo(client->worker->context);
	return result;
}

void
ct_client_give_up(CtClient *client)
{
	if (client->iteration == NULL)
		return;
	if (client->iteration->executing)
		client->interpreter.session->rollback(client->interpreter.session);
	(void) client_end(client, CT_TRY_STOPPED);
}

/* The client's own streams: the same for the same seed, whoever carries it. */
static void
client_seed(CtClient *client, const CtPlan *plan)
{
	pg_prng_state master = ct_plan_seed_client(plan, client->number, &client->interpreter.random);

	pg_prng_seed(&client->choice, pg_prng_uint64(&master));
	pg_prng_seed(&client->pace, pg_prng_uint64(&master));
}

void
ct_client_init(CtClient *client, CtWorker *w, int number)
{
	CtInterpreter *interpreter = &client->interpreter;

	memset(client, 0, sizeof(CtClient));
	client->worker = w;
	client->number = number;
	client->own_script = ct_program_own_script(w->program, number);
	client->script = Max(client->own_script, 0);
	client->start = w->program->start;
	client->statements = w->statements;
	interpreter->symbols = w->program->symbols;
	interpreter->vars = ct_variables_create(w->program->symbols);
	ct_plan_set_variables(w->plan, w->program->symbols, interpreter->vars, w->shared->run_id,
						  number, w->number);
	interpreter->session = w->session;
	interpreter->outcome = ct_score_say_outcome;
	interpreter->tally = ct_score_say_tally;
	client_seed(client, w->plan);
}

void
ct_client_join(CtClient *client, const CtProgramClass *of_class)
{
	client->of_class = of_class;
	client->start = of_class->start;
}
