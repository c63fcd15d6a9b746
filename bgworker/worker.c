/*
 * worker.c
 *		A worker: the process that carries clients.
 *
 * A worker connects, loads the plan, waits at the gate until all are ready,
 * has its clients do their share, and keeps its session until the run has been
 * judged, so that what it has left behind shows.  It writes no table of ours.
 *
 * Of the run's clients it carries those whose number, modulo the number of
 * workers, is its own.  Which of them goes on, and when, is the driver's to say
 * (load.h); what it does then is client.c's; in an exploration it performs a
 * session, as its leader says (explore/actor.h).  They take turns on the worker's
 * one session, between transactions, so what one leaves there the next finds.
 *
 * If a worker dies, its slot says so as its segment is unmapped; the leader
 * ends the run then.
 */
#include "postgres.h"

#include "commands/sequence.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "bgworker/deadlock.h"
#include "bgworker/explore/actor.h"
#include "bgworker/faults.h"
#include "bgworker/launch.h"
#include "bgworker/load.h"
#include "bgworker/locks.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/touch.h"
#include "src/base/ct_compat.h"
#include "src/base/wait_event.h"
#include "src/plan/class.h"

/* who waits for the leader looks again by itself, if that should be gone without a word */
#define AWAIT_MS		1000

/* how often who has done its share looks whether a check waits for it */
#define LEFT_LOCKS_MS	1000

/* for callbacks that get no argument */
static CtSlot *my_slot = NULL;
static CtShared *my_shared = NULL;
static CtWorker *my_worker = NULL;
static bool *learn_touch = NULL;	/* of the statement that is being warmed up */
static int	my_number;
static bool may_go = false;		/* we have done our share, and gave our session up */

static bool
worker_told_to_go(void)
{
	return pg_atomic_read_u32(&my_shared->stop) >= CT_STOP_SESSIONS;
}

/* Leaves the race, in the state that it is left in. */
static void
worker_finish(CtShared *shared, CtSlot *slot, CtWorkerState state)
{
	if (pg_atomic_read_u32(&slot->state) == CT_WORKER_WORKING)
		ct_barrier_leave(shared, my_number);
	pg_write_barrier();			/* what we have counted comes first */
	pg_atomic_write_u32(&slot->state, state);
	ConditionVariableBroadcast(&shared->news);
}

static void
worker_detached(dsm_segment *segment, Datum arg)
{
	uint32		state = pg_atomic_read_u32(&my_slot->state);

	/* who has done its share may go only when it is told to, or has told so */
	if (state != CT_WORKER_FAILED && !(state == CT_WORKER_DONE && (may_go || worker_told_to_go())))
		worker_finish(my_shared, my_slot, CT_WORKER_LOST);
	pqsignal(SIGTERM, die);		/* what ours looks at is about to be unmapped */
	my_slot->procno = -1;
	my_slot = NULL;
}

/* What we wait for is to end, and what our session executes. */
static void
worker_sigint(SIGNAL_ARGS)
{
	int			save_errno = errno;

	StatementCancelHandler(ct_signal_args);
	if (my_worker->session != NULL)
		my_worker->session->cancel(my_worker->session);
	errno = save_errno;
}

/* What is about to be executed touches the database. */
static void
worker_touched(void)
{
	CtWorker   *w = my_worker;

	if (learn_touch != NULL)
		*learn_touch = true;
	else if (w->executing != NULL && w->executing->iteration != NULL &&
			 w->executing->iteration->statement_ns != 0)
		ct_presence_touch(w->shared, &w->lookout, &w->executing->iteration->stay,
						  w->executing->iteration->statement_ns);
}

/* What is about to be executed isn't undone by what brings rows back. */
static void
worker_does_ddl(void)
{
	pg_atomic_write_u32(&my_shared->did_ddl, 1);
}

/* The statement under way has slept on a lock. */
static void
worker_waited(CtObserver *observer, TimestampTz since)
{
	my_worker->waits_since = since;
}

/* What every \barrier command of every script is. */
static void
worker_find_barriers(CtWorker *w)
{
	uint64		all = 0;
	int			s;

	w->barriers = palloc(w->program->nscripts * sizeof(uint64 *));
	w->script_barriers = palloc0(w->program->nall * sizeof(uint64));
	for (s = 0; s < w->program->nscripts; s++)
	{
		const CtScript *script = w->program->scripts[s].script;

		w->barriers[s] = palloc0(Max(script->ncommands, 1) * sizeof(uint64));
		w->script_barriers[s] = ct_barriers_find(w->shared, script, w->barriers[s]);
		all |= w->script_barriers[s];
	}

	/* who is still at what it begins with may come to any */
	for (; s < w->program->nall; s++)
		w->script_barriers[s] = all;
}

/* The session's statements for every SQL command of every script. */
static void
worker_prepare_statements(CtWorker *w)
{
	CtSession  *session = w->session;
	int			s;
	int			c;
	int			i;

	w->statements = palloc(w->program->nall * sizeof(CtStatement ***));
	w->touches = palloc(w->program->nall * sizeof(bool *));
	for (s = 0; s < w->program->nall; s++)
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
worker_has_values(const CtCommand *command, const CtVariables *vars)
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
worker_try_set(const CtCommand *command, CtVariables *vars, pg_prng_state *random)
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
worker_warm_up(CtWorker *w)
{
	CtSession  *session = w->session;
	const CtInterpreter *first = &w->clients[0].interpreter;
	CtVariables *vars = ct_variables_create(w->program->symbols);
	pg_prng_state random = first->random;
	CtValue		value;
	int			s;
	int			c;
	int			i;

	ct_variables_copy(vars, first->vars);
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
				worker_try_set(command, vars, &random);
			if (command->kind != CT_COMMAND_SQL || !worker_has_values(command, vars))
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

/* The session with the run's settings, but for what a script may SET itself. */
static void
worker_open_session(CtWorker *w)
{
	const CtPlan *plan = w->plan;
	char		name[NAMEDATALEN];
	CtSetting	settings[6];
	int			n = 0;

	snprintf(name, sizeof(name), "ct_ext run " INT64_FORMAT " worker %d",
			 w->shared->run_id, w->number + 1);
	settings[n++] = (CtSetting) {"application_name", name};
	settings[n++] = (CtSetting) {"search_path", ct_launch_search_path(w->shared->sandbox, plan->search_path)};
	if (plan->isolation)
		settings[n++] = (CtSetting) {"default_transaction_isolation", plan->isolation};
	if (plan->explore)
	{
		/* an order that is taken again must have the same plans, and nobody waits for a disk */
		settings[n++] = (CtSetting) {"plan_cache_mode", "force_generic_plan"};
		settings[n++] = (CtSetting) {"max_parallel_workers_per_gather", "0"};
		settings[n++] = (CtSetting) {"synchronous_commit", "off"};
	}
	ct_session_open(w->session, settings, n);
}

static void
worker_close_session(CtWorker *w)
{
	CtSession  *session = w->session;

	w->session = NULL;			/* first, for a signal may come in between */
	if (session != NULL)
		session->close(session);
}

/* Everything up to the gate; there is the first client, which every worker has. */
static void
worker_prepare(CtWorker *w)
{
	w->plan = ct_shared_plan(w->shared);
	w->program = ct_program_load(w->plan);
	w->executed = ct_shared_executed(w->shared);
	w->session = ct_session_in_process();
	w->session_number = 1;
	worker_prepare_statements(w);
	worker_find_barriers(w);
	w->latency_limit_ns = w->plan->latency_limit > 0 ?
		(uint64) (w->plan->latency_limit * 1e9) : PG_UINT64_MAX;
	w->nclients = 1;
	w->clients = palloc(sizeof(CtClient));
	ct_client_init(&w->clients[0], w, w->number);
	ct_lookout_begin(&w->lookout, w->number);
	w->samples = ct_shared_samples(w->shared);
	if (w->samples != NULL)
		ct_draw_begin(&w->draw, w->samples, (uint64) w->plan->seed * CT_MAX_WORKERS + w->number);
	dlist_init(&w->waiting);
	worker_open_session(w);
	my_worker = w;
	pqsignal(SIGINT, worker_sigint);
	if (w->plan->explore)
		return;
	ct_deadlock_watch(w->shared);
	ct_touch_watch(worker_touched);
	if (w->plan->rounds > 0)
		ct_touch_watch_ddl(worker_does_ddl);
	worker_warm_up(w);
	w->observer.waited = worker_waited;
	w->session->observer = &w->observer;
	w->session->idle(w->session, false);
}

/* Waits for the gate of that number, from 1.  Returns false if the run has come to an end instead. */
static bool
worker_await_gate(CtWorker *w, int number)
{
	CtShared   *shared = w->shared;

	ct_worker_tell_usage(w);
	pg_write_barrier();
	pg_atomic_write_u32(&w->slot->state, CT_WORKER_READY);
	ConditionVariableBroadcast(&shared->news);

	/* who cancels us here is too late, or too early */
	HOLD_CANCEL_INTERRUPTS();
	while (pg_atomic_read_u32(&shared->gates) < (uint32) number && !ct_worker_stopped(w, CT_STOP_AFTER))
		(void) ct_pause_latch(AWAIT_MS, CT_WAIT_GATE);
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
	pg_read_barrier();
	return pg_atomic_read_u32(&shared->gates) >= (uint32) number;
}

/* Now that it is known how many there are: those that we carry besides the first one. */
static void
worker_add_clients(CtWorker *w)
{
	int			nclients = w->shared->nclients;
	int			nworkers = w->shared->nworkers;
	CtClient   *clients;
	int		   *classes;
	int			i;

	w->nclients = (nclients - w->number + nworkers - 1) / nworkers;
	if (w->nclients > 1)
	{
		clients = palloc(w->nclients * sizeof(CtClient));
		clients[0] = w->clients[0];
		for (i = 1; i < w->nclients; i++)
			ct_client_init(&clients[i], w, w->number + i * nworkers);
		w->clients = clients;
	}
	classes = ct_class_assign(w->plan, nclients);
	for (i = 0; i < w->nclients && classes != NULL; i++)
		if (classes[w->clients[i].number] >= 0)
			ct_client_join(&w->clients[i], &w->program->classes[classes[w->clients[i].number]]);
	w->slot->to_begin = 0;
	for (i = 0; i < w->nclients; i++)
		w->slot->to_begin += w->clients[i].start >= 0;
}

static void
worker_sleep_on_sessions(CtWorker *w, uint64 until)
{
	CtWait	   *waits = palloc(w->nwaiting * sizeof(CtWait));
	dlist_iter	iter;
	int			n = 0;

	dlist_foreach(iter, &w->waiting)
		waits[n++] = dlist_container(CtClient, waiting, iter.cur)->iteration->wait;
	ct_session_sleep(waits, n, until);
	pfree(waits);
}

/*
 * Sleeps until a point in time, or for less.  Who cancels us while we do
 * nothing is too late, as with an idle client.
 */
static void
worker_sleep(CtWorker *w, uint64 until)
{
	uint64		ns = until - ct_worker_clock(w);

	w->session->idle(w->session, false);
	if (ns >= CT_NS_PER_MS)
		ct_presence_leave(w->shared, &w->lookout);

	/* who ends the run early wakes us */
	HOLD_CANCEL_INTERRUPTS();
	if (w->nwaiting != 0)
		worker_sleep_on_sessions(w, ct_now_ns() + ns);
	else if (ns >= CT_NS_PER_MS)
		(void) ct_pause_latch(Min(ns / CT_NS_PER_MS, 3600000), CT_WAIT_PAUSE);
	else
		ct_pause_ns(ns);
	RESUME_CANCEL_INTERRUPTS();
	ct_worker_time_passes(w);
}

/* A client whose session has become ready, so that it may go on; NULL: there is none. */
static CtClient *
worker_ready_client(CtWorker *w)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &w->waiting)
	{
		CtClient   *client = dlist_container(CtClient, waiting, iter.cur);
		CtSession  *session = client->interpreter.session;

		if (ct_worker_stopped(w, CT_STOP_NOW))
			session->cancel(session);
		if (session->ready(session, &client->iteration->wait))
		{
			dlist_delete(iter.cur);
			w->nwaiting--;
			return client;
		}
	}
	return NULL;
}

/* The client goes on, and the driver hears how far. */
static void
worker_go_on(CtWorker *w, CtDriver *driver, CtClient *client)
{
	CtClientResult result = ct_client_go_on(client);

	if (result == CT_CLIENT_WAITS)
	{
		dlist_push_tail(&w->waiting, &client->waiting);
		w->nwaiting++;
	}
	driver->done(driver, client, result);
}

/* Has the clients go on, one after the other, until all have done their share. */
static void
worker_carry(CtWorker *w, CtDriver *driver)
{
	for (;;)
	{
		CtClient   *client;
		uint64		due = 0;

		/*
		 * Nothing is executed here.  What takes time comes before the driver is
		 * asked: by its answer, and by the same clock, a client is due or isn't.
		 */
		QueryCancelPending = false;
		CHECK_FOR_INTERRUPTS();
		if (unlikely(ConfigReloadPending))
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			ct_worker_time_passes(w);
		}
		if (unlikely(ct_kill_pending))
			ct_kill_session(w);
		client = worker_ready_client(w);

		if (client == NULL)
		{
			client = driver->next(driver, &due);
			if (client == NULL && w->nwaiting == 0)
				break;
			if (client == NULL)
				due = PG_UINT64_MAX;
		}

		if (due > ct_worker_clock(w))
		{
			if (client != NULL)
				ct_client_sleeps(client);
			worker_sleep(w, due);
		}
		else
			worker_go_on(w, driver, client);
	}
}

/* The clients do their share. */
static void
worker_load(CtWorker *w)
{
	CtDriver   *driver;

	if (w->nclients == 1)
		worker_add_clients(w);
	HOLD_CANCEL_INTERRUPTS();
	ct_pause_until(w->shared->gate_ns, ct_has_core(w->number));
	RESUME_CANCEL_INTERRUPTS();
	ct_worker_time_passes(w);
	driver = ct_load_create(w);
	ct_kills_begin(w);
	worker_carry(w, driver);
	ct_kills_end();
	pfree(driver);
	ct_presence_settle(&w->lookout);
}

/* From a gate's opening until all that is to be done then is done. */
static void
worker_race(CtWorker *w)
{
	w->slot->at = CT_AT(CT_AT_GATE, w->program->scripts[w->clients[0].script].place);
	pg_atomic_write_u32(&w->slot->state, CT_WORKER_WORKING);
	if (w->plan->explore)
		ct_actor_perform(w);
	else
		worker_load(w);
	w->session->idle(w->session, true);
}

/*
 * The first worker holds its slot from before the setup, and connects when the
 * others do, so that the setup meets nobody.  Returns false if the run has
 * come to an end instead.
 */
static bool
worker_await_launch(CtShared *shared)
{
	/* who ends the run also terminates us, which is then nothing to report */
	HOLD_INTERRUPTS();
	while (ct_shared_state(shared) < CT_RUN_LAUNCHING && !ProcDiePending &&
		   pg_atomic_read_u32(&shared->stop) < CT_STOP_NOW)
		(void) ct_pause_latch(AWAIT_MS, CT_WAIT_GATE);
	RESUME_INTERRUPTS();

	if (pg_atomic_read_u32(&shared->stop) >= CT_STOP_NOW)
		return false;
	CHECK_FOR_INTERRUPTS();
	return true;
}

/* ---- afterwards ---- */

/* The leader's SIGTERM is no reason for a FATAL in the log, nobody else's is the leader's. */
static void
worker_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	if (worker_told_to_go())
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
worker_blocks_leader(CtShared *shared)
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
worker_keep_session(CtShared *shared)
{
	pqsignal(SIGTERM, worker_sigterm);
	HOLD_CANCEL_INTERRUPTS();
	while (!worker_told_to_go() && !may_go)
		if (ct_pause_latch(LEFT_LOCKS_MS, CT_WAIT_VERDICT))
			may_go = worker_blocks_leader(shared);
	RESUME_CANCEL_INTERRUPTS();
}

/* The session as of a client that stays connected, with no transaction and no lock. */
static void
worker_clear_session(CtWorker *w)
{
	CtSession  *session = w->session;

	HOLD_INTERRUPTS();
	if (session->in_transaction(session))
		session->rollback(session);
	LockReleaseSession(USER_LOCKMETHOD);
	ResetSequenceCaches();		/* the sequences are about to be others */
	w->session_number++;		/* and what on_start has done may be gone */
	session->idle(session, true);
	RESUME_INTERRUPTS();
}

/*
 * Keeps the session as it is until the checks of this round were asked, and
 * clears it then; at once if they wait for it.  Returns false if this was the
 * last one.
 */
static bool
worker_await_next_round(CtWorker *w, int round)
{
	CtShared   *shared = w->shared;
	bool		settled = false;

	worker_finish(shared, w->slot, CT_WORKER_DONE);
	pqsignal(SIGTERM, worker_sigterm);
	HOLD_CANCEL_INTERRUPTS();
	while (!settled && !worker_told_to_go())
	{
		if (ct_pause_latch(LEFT_LOCKS_MS, CT_WAIT_VERDICT) && worker_blocks_leader(shared))
			worker_clear_session(w);
		settled = pg_atomic_read_u32(&shared->settled) >= (uint32) round;
	}
	QueryCancelPending = false;
	RESUME_CANCEL_INTERRUPTS();
	if (!settled)
		return false;
	pqsignal(SIGTERM, die);
	worker_clear_session(w);
	return true;
}

/* Everything up to the gate, then the race, or several; errors in here end the process. */
static void
worker_work(CtWorker *w)
{
	int			round = 0;

	worker_prepare(w);
	do
	{
		if (!worker_await_gate(w, ++round))
			return;
		worker_race(w);
	} while (w->plan->rounds > 0 && worker_await_next_round(w, round));
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
	on_dsm_detach(segment, worker_detached, (Datum) 0);
	ct_launch_report_to(segment, &my_slot->error);
	if (!worker_await_launch(my_shared))
	{
		worker_finish(my_shared, my_slot, CT_WORKER_DONE);
		return;
	}
	my_slot->connect_ns = -(int64) ct_now_ns();
	ct_launch_connect(my_shared);
	my_slot->connect_ns += ct_now_ns();

	w = MemoryContextAllocZero(TopMemoryContext, sizeof(CtWorker));
	w->shared = my_shared;
	w->slot = my_slot;
	w->number = number;
	w->context = AllocSetContextCreate(TopMemoryContext, "ct_ext worker",
									   ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(w->context);

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
		worker_close_session(w);
		if (pg_atomic_read_u32(&my_shared->stop) >= CT_STOP_NOW)
			worker_finish(my_shared, my_slot, CT_WORKER_DONE);
		else
		{
			ct_error_store(&my_slot->error, edata);
			worker_finish(my_shared, my_slot, CT_WORKER_FAILED);
		}
		proc_exit(0);
	}
	PG_exception_stack = &local_sigjmp_buf;

	worker_work(w);
	worker_finish(my_shared, my_slot, CT_WORKER_DONE);
	worker_keep_session(my_shared);
	worker_close_session(w);
}
