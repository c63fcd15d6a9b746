/*
 * worker.c
 *		A worker's process; what it does as a client is client.c's.
 *
 * A worker connects, loads the plan, waits at the gate until all are ready,
 * does its share, and keeps its session until the run has been judged, so that
 * what it has left behind shows.  It writes no table of ours.
 *
 * If a worker dies, its slot says so as its segment is unmapped; the leader
 * ends the run then.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "bgworker/client.h"
#include "bgworker/launch.h"
#include "bgworker/locks.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/touch.h"
#include "src/base/ct_compat.h"
#include "src/base/wait_event.h"

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
	pg_write_barrier();			/* what we have counted comes first */
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

/* What every \barrier command of every script is. */
static void
find_barriers(CtWorker *w)
{
	int			s;

	w->barriers = palloc(w->program->nscripts * sizeof(uint64 *));
	w->script_barriers = palloc0(w->program->nscripts * sizeof(uint64));
	for (s = 0; s < w->program->nscripts; s++)
	{
		const CtScript *script = w->program->scripts[s].script;

		w->barriers[s] = palloc0(Max(script->ncommands, 1) * sizeof(uint64));
		w->script_barriers[s] = ct_barriers_find(w->shared, script, w->barriers[s]);
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

/* The session with the run's settings, but for what a script may SET itself. */
static void
open_session(CtWorker *w)
{
	const CtPlan *plan = w->plan;
	char		name[NAMEDATALEN];
	CtSetting	settings[3];
	int			n = 0;

	snprintf(name, sizeof(name), "ct_ext run " INT64_FORMAT " worker %d",
			 w->shared->run_id, w->number + 1);
	settings[n++] = (CtSetting) {"application_name", name};
	settings[n++] = (CtSetting) {"search_path", ct_launch_search_path(w->shared->sandbox, plan->search_path)};
	if (plan->isolation)
		settings[n++] = (CtSetting) {"default_transaction_isolation", plan->isolation};
	ct_session_open(w->interpreter.session, settings, n);
}

/* Everything up to the gate, then the race; errors in here end the process. */
static void
prepare_and_work(CtWorker *w)
{
	CtShared   *shared = w->shared;
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
	ct_client_init(w);
	prepare_statements(w);
	find_barriers(w);
	seed_randoms(w);
	w->iteration_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext iteration",
												 ALLOCSET_DEFAULT_SIZES);

	open_session(w);
	my_worker = w;
	ct_touch_watch(touched);
	warm_up(w);
	w->interpreter.session->observer = &w->observer;
	w->interpreter.session->idle(w->interpreter.session, false);

	pg_atomic_write_u32(&w->slot->state, CT_WORKER_READY);
	ConditionVariableBroadcast(&shared->news);

	/* the gate */
	ConditionVariablePrepareToSleep(&shared->changed);
	while (ct_shared_state(shared) < CT_RUN_RUNNING && !ct_client_stopped(w, CT_STOP_AFTER))
		ConditionVariableSleep(&shared->changed, ct_wait_event(CT_WAIT_GATE));
	ConditionVariableCancelSleep();
	if (ct_shared_state(shared) < CT_RUN_RUNNING)
		return;

	pg_atomic_write_u32(&w->slot->state, CT_WORKER_WORKING);
	w->stay.neighbour = w->number;
	w->stay.period = w->stay.countdown = 1;
	ct_pause_until(shared->gate_ns, ct_has_core(w->number));
	ct_client_work(w);
	ct_presence_settle(&w->stay);
	w->interpreter.session->idle(w->interpreter.session, true);
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
		(void) ConditionVariableTimedSleep(&shared->changed, 200, ct_wait_event(CT_WAIT_GATE));
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
		die(ct_signal_args);
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
		if (ConditionVariableTimedSleep(&shared->changed, 1000, ct_wait_event(CT_WAIT_VERDICT)))
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
