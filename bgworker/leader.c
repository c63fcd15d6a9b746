/*
 * leader.c
 *		The leader: a run's life, from its row to its verdict.
 *
 * It records the start, sets up, launches the workers, opens the gate, lets a
 * drive have the workers until the last one has ended (watch.c), asks the
 * checks, judges, and ends the run (ending.c).
 *
 * Its steps are those of README.md.  Each step that touches the database is a
 * transaction of its own, and between them the leader holds no snapshot and no
 * lock, so that a long run holds back nobody.
 *
 * Whatever goes wrong is raised as an ERROR, caught in one place, and ends in
 * the same clean-up as a run that went well: workers ended, results so far
 * recorded, teardown, sandbox dropped, the waiting caller told.
 *
 * A signal is such an error too, not an instant end, so that cancelling or
 * terminating the leader leaves nothing behind.  What the end does then holds
 * off the first signals (ending.c).  A second SIGTERM, a second later, ends
 * the leader at once.  Then, as after a crash, the segment tells the workers
 * and the caller so as it is unmapped, and the row that was committed first is
 * what the next run's sweep finds.
 *
 * Nothing that is written waits for a lock without a bound.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "bgworker/drain.h"
#include "bgworker/explore/explore.h"
#include "bgworker/launch.h"
#include "bgworker/leader.h"
#include "bgworker/locker.h"
#include "bgworker/phases.h"
#include "bgworker/rounds.h"
#include "bgworker/sandbox.h"
#include "bgworker/shm/barrier.h"
#include "bgworker/watch.h"
#include "src/base/ct_compat.h"
#include "src/base/errcodes.h"
#include "src/base/wait_event.h"
#include "src/plan/class.h"
#include "src/plan/roles.h"
#include "src/results/record.h"
#include "src/session/interpret.h"

/* how long recording the start waits for a lock; it can be cancelled */
#define START_LOCK_MS		30000

/* the same for what can be left for later */
#define SWEEP_LOCK_MS		1000
#define GATE_LOCK_MS		50

/* how long a run's start drops what crashed ones left behind */
#define SWEEP_NS			CT_NS_PER_S

/*
 * The gate is an instant somewhat ahead, until which all have woken up: these
 * are what it takes to wake a process, and as much for each further one.
 */
#define GATE_NS				UINT64CONST(500000)
#define GATE_NS_PER_WORKER	UINT64CONST(30000)
/* and what a worker needs for each client that it makes before, besides its first */
#define GATE_NS_PER_CLIENT	UINT64CONST(3000)

/* SIGTERM again, so much later, is meant as an end at once */
#define IMPATIENCE_NS		CT_NS_PER_S

static volatile sig_atomic_t leader_terminated = false;
static volatile sig_atomic_t leader_signalled = false; /* SIGINT, of whoever */
static uint64 leader_terminated_ns;
static volatile sig_atomic_t leader_holding_off = false;

/* Ends what is being executed by an ERROR, unless that is held off. */
static void
leader_interrupt(void)
{
	if (!leader_holding_off)
	{
		InterruptPending = true;
		QueryCancelPending = true;
	}
	SetLatch(MyLatch);
}

static void
leader_sigint(SIGNAL_ARGS)
{
	int			save_errno = errno;

	/* the server's timeouts arrive as this signal too, and are never held off */
	if (get_timeout_indicator(LOCK_TIMEOUT, false) ||
		get_timeout_indicator(STATEMENT_TIMEOUT, false))
		StatementCancelHandler(ct_signal_args);
	else
	{
		leader_signalled = true;
		leader_interrupt();
	}
	errno = save_errno;
}

static void
leader_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	/* the postmaster sends it to us and to our process group, so twice at once */
	if (!leader_terminated)
	{
		leader_terminated = true;
		leader_terminated_ns = ct_now_ns();
		leader_interrupt();
	}
	else if (ct_now_ns() - leader_terminated_ns > IMPATIENCE_NS)
		die(ct_signal_args);
	errno = save_errno;
}

void
ct_leader_hold_off(bool hold)
{
	leader_holding_off = hold;
	if (hold)
		QueryCancelPending = false;
}

void
ct_leader_forget_signal(void)
{
	leader_signalled = false;
}

void
ct_leader_forgive_cancel(const CtLeader *leader)
{
	if (!ct_leader_interrupted(leader))
		QueryCancelPending = false;
	if (leader_signalled)
		QueryCancelPending = true;	/* just now */
}

uint64
ct_leader_terminated_ns(void)
{
	return leader_terminated ? leader_terminated_ns : 0;
}

bool
ct_leader_interrupted(const CtLeader *leader)
{
	return leader_terminated || leader_signalled || pg_atomic_read_u32(&leader->shared->cancelled) != 0;
}

/* The leader is gone, one way or another: nobody may wait for it. */
static void
leader_detached(dsm_segment *segment, Datum arg)
{
	CtShared   *shared = (CtShared *) DatumGetPointer(arg);
	int			i;

	pg_atomic_write_u32(&shared->leader_attached, 0);
	ct_shared_stop(shared, CT_STOP_SESSIONS);
	if (ct_shared_state(shared) != CT_RUN_DONE)
	{
		for (i = 0; i < shared->nslots; i++)
		{
			CtSlot	   *slot = ct_shared_slot(shared, i);
			uint32		state = pg_atomic_read_u32(&slot->state);

			if ((state == CT_WORKER_READY || state == CT_WORKER_WORKING) && slot->pid != 0)
				kill(slot->pid, SIGTERM);
		}
		ct_locker_forsake(shared);
		ct_shared_set_state(shared, CT_RUN_DONE);
	}
}

void
ct_leader_check_for_end(CtLeader *leader)
{
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	/* a script's exception handler may have swallowed the signal itself */
	if (pg_atomic_read_u32(&leader->shared->cancelled) || leader_terminated)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("run was cancelled")));
}

void
ct_leader_wait(CtLeader *leader, uint64 until_ns)
{
	uint64		now;
	long		ms;

	ct_leader_check_for_end(leader);
	now = ct_now_ns();
	if (now >= until_ns)
		return;
	ms = Min((until_ns - now + CT_NS_PER_MS - 1) / CT_NS_PER_MS, 1000);
	(void) ConditionVariableTimedSleep(&leader->shared->news, ms, ct_wait_event(CT_WAIT_WATCHING));
}

void
ct_leader_end_wait(void)
{
	ConditionVariableCancelSleep();
}

/* ---- the steps ---- */

void
ct_leader_begin(int lock_timeout_ms)
{
	char		timeout[32];

	ct_no_transaction_timeout();
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	XactReadOnly = false;
	XactIsoLevel = XACT_READ_COMMITTED;
	snprintf(timeout, sizeof(timeout), "%d", lock_timeout_ms);
	(void) set_config_option("lock_timeout", timeout, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_LOCAL, true, 0, false);
}

void
ct_leader_commit(CtLeader *leader)
{
	CommitTransactionCommand();
	MemoryContextSwitchTo(leader->context);
	pgstat_report_stat(false);
}

void
ct_leader_rollback(CtLeader *leader)
{
	AbortOutOfAnyTransaction();
	leader->session->rollback(leader->session);
	MemoryContextSwitchTo(leader->context);
}

bool
ct_leader_may_retry(int sqlstate)
{
	return sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES;
}

bool
ct_leader_try(CtLeader *leader, int lock_timeout_ms, void (*piece) (CtLeader *leader))
{
	volatile bool done = true;

	PG_TRY();
	{
		ct_leader_begin(lock_timeout_ms);
		piece(leader);
		ct_leader_commit(leader);
	}
	PG_CATCH();
	{
		if (!ct_leader_may_retry(geterrcode()))
			PG_RE_THROW();
		FlushErrorState();
		ct_leader_rollback(leader);
		done = false;
	}
	PG_END_TRY();
	return done;
}

void
ct_leader_run_script(CtLeader *leader, const char *name, const char *body)
{
	CtSymbols  *symbols = ct_plan_symbols(leader->plan);
	CtScript   *script;
	CtVariables *vars;

	if (body == NULL)
		return;
	script = ct_script_parse(name, body, symbols, false);
	vars = ct_variables_create(symbols);
	ct_plan_set_variables(leader->plan, symbols, vars, leader->shared->run_id, 0, 0);
	ct_interpret_once(script, symbols, vars, leader->session, leader->plan->seed);
	MemoryContextSwitchTo(leader->context);
}

/* Inserts the run's row, of a transaction that is open; false if its id can't be used. */
static bool
leader_insert_row(CtLeader *leader)
{
	CtShared   *shared = leader->shared;

	/* known before the commit, since others tell by it that the run lives */
	shared->run_id = ct_record_start(leader->plan,
									 ct_shared_document(shared),
									 shared->role,
									 shared->started_at, MyProcPid,
									 dsm_segment_handle(leader->segment),
									 shared->held_horizon);
	if (leader->plan->setup == NULL && leader->plan->variant_setup == NULL &&
		!(leader->plan->explore && !leader->plan->in_place))
		return true;
	snprintf(shared->sandbox, NAMEDATALEN, CT_SANDBOX_NAME, shared->run_id);
	if (OidIsValid(get_namespace_oid(shared->sandbox, true)))
		return false;			/* one that was kept, from before the ids began anew */
	ct_record_sandbox(shared->run_id, shared->sandbox);
	return true;
}

static void
leader_sweep_piece(CtLeader *leader)
{
	(void) ct_sandbox_sweep(false, &leader->unswept);
}

/*
 * Closes runs that have crashed; false if it can't be done now.  The queue of
 * NOTIFY may have become full since the sweep looked, which the commit finds
 * out: then all is left to the next sweep, which finds it full and tells nobody.
 */
static bool
leader_sweep(CtLeader *leader)
{
	volatile bool done = false;

	PG_TRY();
	{
		done = ct_leader_try(leader, SWEEP_LOCK_MS, leader_sweep_piece);
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_PROGRAM_LIMIT_EXCEEDED)
			PG_RE_THROW();
		FlushErrorState();
		ct_leader_rollback(leader);
	}
	PG_END_TRY();
	return done;
}

static void
leader_start_error_context(void *arg)
{
	errcontext("recording the run's start");
}

/* The run's row first: whatever happens from here on, there is a trace of it. */
static void
leader_record_start(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	ErrorContextCallback callback;
	uint64		until = ct_now_ns() + SWEEP_NS;

	/* what others left behind isn't worth to keep this run waiting */
	while (leader_sweep(leader) && leader->unswept > 0 && ct_now_ns() < until)
		ct_leader_check_for_end(leader);

	callback.callback = leader_start_error_context;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	shared->started_at = GetCurrentTimestamp();
	ct_leader_begin(START_LOCK_MS);
	while (!leader_insert_row(leader))
	{
		AbortCurrentTransaction();
		ct_leader_check_for_end(leader);
		ct_leader_begin(START_LOCK_MS);
	}
	ct_leader_commit(leader);
	error_context_stack = callback.previous;
	leader->recorded_start = true;
	ct_shared_set_state(shared, CT_RUN_SETUP);
}

/* The run's search_path, over whatever was SET since it was last called. */
static void
leader_set_search_path(CtLeader *leader)
{
	CtSetting	setting = {"search_path", ct_launch_search_path(leader->shared->sandbox,
															 leader->plan->search_path)};

	ct_session_open(leader->session, &setting, 1);
}

void
ct_leader_run_setup(CtLeader *leader)
{
	leader_set_search_path(leader);
	leader->setup_begun = true;
	ct_leader_run_script(leader, "setup", leader->plan->setup);
	ct_leader_run_script(leader, "variant's setup", leader->plan->variant_setup);

	/* wherever setup has moved it */
	leader_set_search_path(leader);
}

static void
leader_set_up(CtLeader *leader)
{
	CtShared   *shared = leader->shared;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: setup");
	if (shared->sandbox[0] != '\0')
	{
		Oid			sandbox;

		ct_leader_begin(START_LOCK_MS);
		sandbox = ct_sandbox_create(shared->sandbox);
		ct_sandbox_grant(shared->sandbox, ct_plan_roles(leader->plan));
		ct_leader_commit(leader);
		leader->sandbox = sandbox;
	}
	ct_leader_run_setup(leader);
	leader->checks = ct_checks_prepare(leader->plan, leader->session, shared->run_id);
	MemoryContextSwitchTo(leader->context);
}

void
ct_leader_check_workers(CtLeader *leader)
{
	int			i;

	for (i = 0; i < leader->nhandles; i++)
	{
		CtSlot	   *slot = ct_shared_slot(leader->shared, i);
		uint32		state = pg_atomic_read_u32(&slot->state);
		pid_t		pid;

		/* one that never came to life can't tell so itself */
		if (state == CT_WORKER_LAUNCHED &&
			GetBackgroundWorkerPid(leader->handles[i], &pid) == BGWH_STOPPED &&
			pg_atomic_read_u32(&slot->state) == CT_WORKER_LAUNCHED)
			state = CT_WORKER_LOST;
		if (state == CT_WORKER_FAILED)
			ct_error_raise(&slot->error, ERROR);
		if (state == CT_WORKER_LOST)
			ereport(ERROR,
					(errcode(slot->error.sqlstate ? slot->error.sqlstate : ERRCODE_CONNECTION_FAILURE),
					 errmsg("worker %d of the run was lost", i + 1),
					 slot->error.sqlstate ? errdetail_internal("%s", slot->error.message) :
					 errdetail("It ended before it did its share; the server's log says why.")));
	}
}

int
ct_leader_count_workers(CtLeader *leader, CtWorkerState from, CtWorkerState to)
{
	int			n = 0;
	int			i;

	for (i = 0; i < leader->nhandles; i++)
	{
		uint32		state = pg_atomic_read_u32(&ct_shared_slot(leader->shared, i)->state);

		n += state >= (uint32) from && state <= (uint32) to;
	}
	return n;
}

/* Launches one worker more; false if there is no slot for it. */
static bool
leader_launch_worker(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			number = leader->nhandles;
	CtSlot	   *slot = ct_shared_make_slot(shared, number);

	pg_atomic_write_u32(&slot->state, CT_WORKER_LAUNCHED);
	leader->handles[number] = ct_launch_worker(leader->segment, shared->run_id, number);
	if (leader->handles[number] == NULL)
	{
		pg_atomic_write_u32(&slot->state, CT_WORKER_UNUSED);
		return false;
	}
	leader->nhandles++;
	return true;
}

/* How many clients the workers that there are carry: one each, if nobody said else. */
static int
leader_count_clients(const CtLeader *leader)
{
	return leader->plan->clients > 0 ? leader->plan->clients : leader->nhandles;
}

/* Raises if there are workers too few for what the clients do. */
static void
leader_check_clients(CtLeader *leader)
{
	int			nclients = leader_count_clients(leader);

	(void) ct_class_assign(leader->plan, nclients);
	if (nclients < ct_plan_least_workers(leader->plan))
		ct_too_few_for_scripts(leader->nhandles, ct_plan_least_workers(leader->plan));
	if (nclients > leader->nhandles && leader->shared->nbarriers > 0)
		ct_too_few_for_barriers(leader->nhandles, nclients);
}

/* All of them, or as many as there are slots for; the first one is there. */
static void
leader_launch_workers(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			wanted = shared->max_workers;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: launching workers");
	ct_barriers_create(shared, leader->program);
	ct_shared_set_state(shared, CT_RUN_LAUNCHING);
	ct_locker_launch(leader);
	while (leader->nhandles < wanted && leader_launch_worker(leader))
		;
	if (leader->plan->workers_named && leader->nhandles < wanted)
		ct_too_few_workers(leader->nhandles, wanted, leader->locker != NULL);
	leader_check_clients(leader);

	while (ct_leader_count_workers(leader, CT_WORKER_READY, CT_WORKER_READY) < leader->nhandles ||
		   !ct_locker_is_ready(leader))
	{
		ct_leader_check_workers(leader);
		ct_leader_wait(leader, ct_now_ns() + 100 * CT_NS_PER_MS);
	}
	ct_leader_end_wait();
}

static void
leader_running(CtLeader *leader)
{
	ct_record_running(leader->shared->run_id, leader->nhandles, leader_count_clients(leader),
					  leader->shared->gate_at);
}

void
ct_leader_record_running(CtLeader *leader, int lock_timeout_ms)
{
	leader->recorded_running = ct_leader_try(leader, lock_timeout_ms, leader_running);
}

void
ct_leader_set_gate(CtLeader *leader, uint64 before_ns)
{
	CtShared   *shared = leader->shared;
	int			nclients = leader_count_clients(leader);
	uint64		wake_up_ns = GATE_NS + leader->nhandles * GATE_NS_PER_WORKER +
		(nclients / leader->nhandles - 1) * GATE_NS_PER_CLIENT;

	shared->gate_at = GetCurrentTimestamp() + wake_up_ns / 1000;
	shared->gate_ns = ct_now_ns() + wake_up_ns;
	shared->measure_from_ns = shared->gate_ns + (uint64) (leader->plan->warmup * 1e9) - before_ns;
	if (leader->plan->duration > 0)
		shared->stop_ns = shared->gate_ns +
			(uint64) ((leader->plan->warmup + leader->plan->duration) * 1e9);
}

static void
leader_open_gate(CtLeader *leader)
{
	CtShared   *shared = leader->shared;

	/* the row first, for the workers are not to wait for a commit */
	shared->gate_at = GetCurrentTimestamp();
	ct_leader_record_running(leader, GATE_LOCK_MS);

	pgstat_report_activity(STATE_RUNNING, "ct_ext: watching the workers");
	shared->nworkers = leader->nhandles;
	shared->nclients = leader_count_clients(leader);
	shared->racing = leader->nhandles;
	ct_leader_set_gate(leader, 0);
	leader->gate_at = shared->gate_at;
	leader->last_ns = shared->gate_ns;
	leader->gate_opened = true;
	ct_shared_set_state(shared, CT_RUN_RUNNING);
	ct_shared_open_gate(shared);
}

double
ct_leader_measured_seconds(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		end_ns = leader->end_ns ? leader->end_ns : ct_now_ns();
	uint64		ended_ns = 0;
	int			i;

	for (i = 0; shared->stop_ns == 0 && i < shared->nworkers; i++)
		ended_ns = Max(ended_ns, ct_shared_slot(shared, i)->ended_ns);
	if (leader->end_ns != 0 && ended_ns != 0)
		end_ns = Min(end_ns, ended_ns);
	return ct_shared_measured_seconds(shared, end_ns);
}

/* What an exploration has found is judged as that. */
static CtResults *
leader_conclude_exploration(CtLeader *leader)
{
	CtResults  *results;

	ct_shared_set_state(leader->shared, CT_RUN_CHECKING);
	results = ct_merge_results(leader->shared, leader->program, &leader->error_texts);
	results->seconds = ct_leader_measured_seconds(leader);
	ct_explore_results(leader, results);
	ct_judge_exploration(leader->plan, results, leader->exploration);
	return results;
}

static CtResults *
leader_conclude(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	CtResults  *results;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: checking");
	ct_shared_set_state(shared, CT_RUN_CHECKING);
	ct_drain(leader);
	results = ct_merge_results(shared, leader->program, &leader->error_texts);
	results->seconds = ct_leader_measured_seconds(leader);
	results->usage = ct_resources_usage(&leader->resources);
	results->samples = ct_merge_samples(shared, leader->program);
	if (leader->rounds != NULL)
		ct_rounds_conclude(leader, results);
	else
		results->checks = ct_checks_ask(leader->checks, results);
	MemoryContextSwitchTo(leader->context);
	ct_leader_check_workers(leader);	/* a session that is lost shows nothing */
	ct_phases_measure(leader, results);
	results->ended_by = leader->ended_by;
	results->times_held = leader->times_held;
	ct_checks_measure(leader->plan, leader->program, results);
	if (leader->stands_still != NULL)
		ct_checks_add_lock(results, leader->stands_still);
	else if (shared->left_behind[0] != '\0')
		ct_checks_add_lock(results, pstrdup(shared->left_behind));
	ct_judge(leader->plan, results, leader->gate_at);
	return results;
}

/* What couldn't be planned has its row now, and that is all there will be of it. */
static void
leader_check_refused(const CtPlan *plan)
{
	int			sqlstate;

	if (plan->refused == NULL)
		return;
	if (!ct_condition_lookup(plan->refused_sqlstate, &sqlstate))
		sqlstate = ERRCODE_INTERNAL_ERROR;
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", plan->refused)));
}

static void
leader_live(CtLeader *leader)
{
	CtResults  *volatile results = NULL;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		leader_record_start(leader);
		leader_check_refused(leader->plan);
		leader_set_up(leader);
		ct_leader_check_for_end(leader);
		if (leader->plan->rounds > 0)
			ct_rounds_begin(leader);
		leader_launch_workers(leader);
		ct_leader_check_for_end(leader);
		leader_open_gate(leader);
		leader->drive(leader);
		ct_locker_release(leader);
		leader->end_ns = ct_now_ns();
		results = leader->exploration ? leader_conclude_exploration(leader) : leader_conclude(leader);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(leader->context);
		error = CopyErrorData();
		FlushErrorState();
		ConditionVariableCancelSleep();
		ct_leader_rollback(leader);
		results = NULL;
	}
	PG_END_TRY();

	ct_leader_finish(leader, results, error);
}

void
ct_leader_main(Datum main_arg)
{
	CtLeader   *leader;
	CtShared   *shared;
	dsm_segment *segment;
	CtSetting	jit = {"jit", "off"};
	int			number;

	segment = ct_launch_begin(main_arg, &number);
	ct_process_role = CT_PROCESS_LEADER;
	shared = ct_shared_address(segment);
	shared->leader_pid = MyProcPid;
	shared->leader_procno = ct_my_procno();
	pg_atomic_write_u32(&shared->leader_attached, 1);
	on_dsm_detach(segment, leader_detached, PointerGetDatum(shared));
	ct_launch_report_to(segment, &shared->leader_error);

	leader = MemoryContextAllocZero(TopMemoryContext, sizeof(CtLeader));
	leader->shared = shared;
	leader->segment = segment;
	leader->context = AllocSetContextCreate(TopMemoryContext, "ct_ext leader",
											ALLOCSET_DEFAULT_SIZES);
	leader->tick_context = AllocSetContextCreate(leader->context, "ct_ext tick",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(leader->context);
	leader->handles = palloc(shared->max_workers * sizeof(BackgroundWorkerHandle *));

	/*
	 * Before anything else a slot for a first worker, which waits for its
	 * turn: a leader without any only takes the place of somebody's worker.
	 * So it goes, and its caller may try again.
	 */
	if (!leader_launch_worker(leader))
	{
		shared->no_slot = true;
		ct_shared_set_state(shared, CT_RUN_DONE);
		return;
	}
	ct_launch_connect(shared);

	/* from here on there may be something to clean up */
	pqsignal(SIGTERM, leader_sigterm);
	pqsignal(SIGINT, leader_sigint);
	SetConfigOption("application_name", "ct_ext leader", PGC_USERSET, PGC_S_SESSION);

	MemoryContextSwitchTo(leader->context);
	leader->plan = ct_shared_plan(shared);
	leader->program = ct_program_load(leader->plan);
	leader->session = ct_session_in_process();
	/* a fresh sandbox has no statistics, by which a small check looks worth compiling */
	ct_session_open(leader->session, &jit, 1);
	leader->drive = leader->plan->explore ? ct_explore :
		leader->plan->rounds > 0 ? ct_rounds : ct_watch;
	leader->latency = palloc0(sizeof(CtHistogram));
	leader->last_latency = palloc0(sizeof(CtHistogram));
	leader->difference = palloc0(sizeof(CtHistogram));
	leader_live(leader);
}
