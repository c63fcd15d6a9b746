/*
 * leader.c
 *		The leader: sets a run up, starts it, watches it, judges and records it.
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
 * Nothing that is written here waits for a lock without a bound.  While the
 * workers are at it, what can't be written at once isn't waited for: the row's
 * state is written later, and a second of the timeline goes into the next.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

#include "bgworker/launch.h"
#include "bgworker/leader.h"
#include "bgworker/sandbox.h"
#include "bgworker/shm/barrier.h"
#include "src/base/ct_compat.h"
#include "src/plan/roles.h"
#include "src/results/record.h"
#include "src/session/interpret.h"

/* how long recording the start waits for a lock; it can be cancelled */
#define START_LOCK_MS		30000

/* the same for what can be left for later */
#define SWEEP_LOCK_MS		1000
#define WATCH_LOCK_MS		50

/* how long a run's start drops what crashed ones left behind */
#define SWEEP_NS			CT_NS_PER_S

/*
 * The gate is an instant somewhat ahead, until which all have woken up: these
 * are what it takes to wake a process, and as much for each further one.
 */
#define GATE_NS				UINT64CONST(500000)
#define GATE_NS_PER_WORKER	UINT64CONST(30000)

/* how long a place that nobody comes past may go on raising errors */
#define SUSPICION_NS		(2 * CT_NS_PER_S)

/* SIGTERM again, so much later, is meant as an end at once */
#define IMPATIENCE_NS		CT_NS_PER_S

static volatile sig_atomic_t terminated = false;
static volatile sig_atomic_t signalled = false; /* SIGINT, of whoever */
static uint64 terminated_ns;
static volatile sig_atomic_t holding_off = false;

/* Ends what is being executed by an ERROR, unless that is held off. */
static void
interrupt(void)
{
	if (!holding_off)
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
		signalled = true;
		interrupt();
	}
	errno = save_errno;
}

static void
leader_sigterm(SIGNAL_ARGS)
{
	int			save_errno = errno;

	/* the postmaster sends it to us and to our process group, so twice at once */
	if (!terminated)
	{
		terminated = true;
		terminated_ns = ct_now_ns();
		interrupt();
	}
	else if (ct_now_ns() - terminated_ns > IMPATIENCE_NS)
		die(ct_signal_args);
	errno = save_errno;
}

void
ct_leader_hold_off(bool hold)
{
	holding_off = hold;
	if (hold)
		QueryCancelPending = false;
}

void
ct_leader_forget_signal(void)
{
	signalled = false;
}

uint64
ct_leader_terminated_ns(void)
{
	return terminated ? terminated_ns : 0;
}

bool
ct_leader_interrupted(const CtLeader *leader)
{
	return terminated || signalled || pg_atomic_read_u32(&leader->shared->cancelled) != 0;
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
		for (i = 0; i < shared->max_workers; i++)
		{
			CtSlot	   *slot = ct_shared_slot(shared, i);
			uint32		state = pg_atomic_read_u32(&slot->state);

			if ((state == CT_WORKER_READY || state == CT_WORKER_WORKING) && slot->pid != 0)
				kill(slot->pid, SIGTERM);
		}
		ct_shared_set_state(shared, CT_RUN_DONE);
	}
}

/* Raises if the run is to end now. */
static void
check_for_end(CtLeader *leader)
{
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
	/* a script's exception handler may have swallowed the signal itself */
	if (pg_atomic_read_u32(&leader->shared->cancelled) || terminated)
		ereport(ERROR,
				(errcode(ERRCODE_QUERY_CANCELED),
				 errmsg("run was cancelled")));
}

/*
 * Waits for news, or until the time; false if the time is up.  We stay on the
 * condition variable's list between two waits, so as to miss nothing: who has
 * waited cancels it.
 */
static bool
wait_for_news(CtLeader *leader, uint64 until_ns)
{
	uint64		now = ct_now_ns();
	long		ms;

	check_for_end(leader);
	if (now >= until_ns)
		return false;
	ms = Min((until_ns - now + 999999) / 1000000, 1000);
	(void) ConditionVariableTimedSleep(&leader->shared->news, ms, ct_wait_event());
	return true;
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

/*
 * Does in a transaction of its own what the run can do without, or later.
 * Returns false if it can't be done now; what is no matter of time is raised.
 */
static bool
try_to(CtLeader *leader, int lock_timeout_ms, void (*piece) (CtLeader *leader))
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
	ct_plan_set_variables(leader->plan, symbols, vars, leader->shared->run_id, 0);
	ct_interpret_once(script, symbols, vars, leader->session, leader->plan->seed);
	MemoryContextSwitchTo(leader->context);
}

/* Inserts the run's row, of a transaction that is open; false if its id can't be used. */
static bool
insert_row(CtLeader *leader)
{
	CtShared   *shared = leader->shared;

	/* known before the commit, since others tell by it that the run lives */
	shared->run_id = ct_record_start(leader->plan,
									 (Jsonb *) ((char *) shared + shared->plan_offset),
									 shared->role,
									 shared->started_at, MyProcPid,
									 dsm_segment_handle(leader->segment),
									 shared->held_horizon);
	if (leader->plan->setup == NULL && leader->plan->variant_setup == NULL)
		return true;
	snprintf(shared->sandbox, NAMEDATALEN, CT_SANDBOX_NAME, shared->run_id);
	if (OidIsValid(get_namespace_oid(shared->sandbox, true)))
		return false;			/* one that was kept, from before the ids began anew */
	ct_record_sandbox(shared->run_id, shared->sandbox);
	return true;
}

static void
sweep_piece(CtLeader *leader)
{
	(void) ct_sandbox_sweep(false, &leader->unswept);
}

static void
start_error_context(void *arg)
{
	errcontext("recording the run's start");
}

/* The run's row first: whatever happens from here on, there is a trace of it. */
static void
record_start(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	ErrorContextCallback callback;
	uint64		until = ct_now_ns() + SWEEP_NS;

	/* what others left behind isn't worth to keep this run waiting */
	while (try_to(leader, SWEEP_LOCK_MS, sweep_piece) && leader->unswept > 0 &&
		   ct_now_ns() < until)
		check_for_end(leader);

	callback.callback = start_error_context;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	shared->started_at = GetCurrentTimestamp();
	ct_leader_begin(START_LOCK_MS);
	while (!insert_row(leader))
	{
		AbortCurrentTransaction();
		check_for_end(leader);
		ct_leader_begin(START_LOCK_MS);
	}
	ct_leader_commit(leader);
	error_context_stack = callback.previous;
	leader->recorded_start = true;
	ct_shared_set_state(shared, CT_RUN_SETUP);
}

/* The run's search_path, over whatever was SET since it was last called. */
static void
set_search_path(CtLeader *leader)
{
	CtSetting	setting = {"search_path", ct_launch_search_path(leader->shared->sandbox,
															 leader->plan->search_path)};

	ct_session_open(leader->session, &setting, 1);
}

static void
set_up(CtLeader *leader)
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
	set_search_path(leader);
	leader->setup_begun = true;
	ct_leader_run_script(leader, "setup", leader->plan->setup);
	ct_leader_run_script(leader, "variant's setup", leader->plan->variant_setup);

	/* wherever setup has moved it */
	set_search_path(leader);
	leader->checks = ct_checks_prepare(leader->plan, leader->session, shared->run_id);
	MemoryContextSwitchTo(leader->context);
}

/* A worker that couldn't go on ends the run, with its reason. */
static void
check_workers(CtLeader *leader)
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

/* Has every worker that is at work ended in such errors alone, and again and again? */
static bool
gets_nowhere(CtLeader *leader)
{
	CtTotals	totals;
	int			i;

	ct_merge_totals(leader->shared, &totals);
	if (totals.all_transactions > 0)
		return false;
	for (i = 0; i < leader->nhandles; i++)
	{
		CtSlot	   *slot = ct_shared_slot(leader->shared, i);
		uint32		state = pg_atomic_read_u32(&slot->state);

		if ((state == CT_WORKER_READY || state == CT_WORKER_WORKING) &&
			slot->suspicions < CT_SUSPICIONS)
			return false;
	}
	return true;
}

/*
 * A place in a script that nobody has come past, and that raised nothing but
 * errors by which a script may be wrong in itself, is wrong.  But one worker's
 * error alone may be a race: another one may come past the place a moment
 * later.  So it is wrong at the run's end, or where the run gets nowhere, or
 * after a while; this raises its first error then.
 */
static void
check_suspects(CtLeader *leader, bool at_end)
{
	CtShared   *shared = leader->shared;
	bool	   *executed = ct_shared_executed(shared);
	int			i;

	for (i = 0; i < CT_MAX_SUSPECTS; i++)
	{
		CtSuspect  *suspect = &shared->suspects[i];

		if (pg_atomic_read_u32(&suspect->ready) == 0)
			continue;
		pg_read_barrier();
		if (executed[suspect->place])
			continue;
		if (at_end || ct_now_ns() - suspect->since_ns > SUSPICION_NS || gets_nowhere(leader))
		{
			leader->culprit = ct_program_place(leader->program, suspect->script,
											   suspect->command);
			ct_error_raise(&suspect->error, ERROR);
		}
	}
}

static int
count_workers(CtLeader *leader, CtWorkerState from, CtWorkerState to)
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
launch_worker(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			number = leader->nhandles;
	CtSlot	   *slot = ct_shared_slot(shared, number);

	slot->procno = -1;
	memset(ct_slot_histogram(slot, 0), 0, shared->nhistograms * sizeof(CtHistogram));
	memset(ct_slot_orders(shared, slot), 0, shared->norders * sizeof(uint64));
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

/* All of them, or as many as there are slots for; the first one is there. */
static void
launch_workers(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			wanted = shared->max_workers;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: launching workers");
	ct_barriers_create(shared, leader->program);
	ct_shared_set_state(shared, CT_RUN_LAUNCHING);
	while (leader->nhandles < wanted && launch_worker(leader))
		;
	if (leader->plan->workers_named && leader->nhandles < wanted)
		ct_too_few_workers(leader->nhandles, wanted);
	if (leader->nhandles < ct_plan_least_workers(leader->plan))
		ct_too_few_for_scripts(leader->nhandles, ct_plan_least_workers(leader->plan));

	while (count_workers(leader, CT_WORKER_READY, CT_WORKER_READY) < leader->nhandles)
	{
		check_workers(leader);
		(void) wait_for_news(leader, ct_now_ns() + 100 * CT_NS_PER_MS);
	}
	ConditionVariableCancelSleep();
}

static void
running_piece(CtLeader *leader)
{
	ct_record_running(leader->shared->run_id, leader->nhandles, leader->shared->gate_at);
}

static void
open_gate(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		wake_up_ns = GATE_NS + leader->nhandles * GATE_NS_PER_WORKER;

	/* the row first, for the workers are not to wait for a commit */
	shared->gate_at = GetCurrentTimestamp();
	leader->recorded_running = try_to(leader, WATCH_LOCK_MS, running_piece);

	pgstat_report_activity(STATE_RUNNING, "ct_ext: watching the workers");
	shared->nworkers = leader->nhandles;
	shared->racing = leader->nhandles;
	shared->gate_at = GetCurrentTimestamp() + wake_up_ns / 1000;
	shared->gate_ns = ct_now_ns() + wake_up_ns;
	shared->measure_from_ns = shared->gate_ns + (uint64) (leader->plan->warmup * 1e9);
	if (leader->plan->duration > 0)
		shared->stop_ns = shared->measure_from_ns + (uint64) (leader->plan->duration * 1e9);
	leader->last_ns = shared->gate_ns;
	leader->gate_opened = true;
	ct_shared_set_state(shared, CT_RUN_RUNNING);
}

/*
 * Until when is what was counted by now?  After the duration, nothing more is,
 * unless a schedule says what belongs to it.
 */
static uint64
counted_until(const CtLeader *leader, uint64 now)
{
	uint64		stop_ns = leader->shared->stop_ns;

	return stop_ns != 0 && leader->plan->rate == 0 ? Min(now, stop_ns) : now;
}

void
ct_leader_record_second(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		now = leader->end_ns ? leader->end_ns : ct_now_ns();
	uint64		counted_ns = counted_until(leader, now);
	CtTotals	totals;
	CtSecond	second;
	CtHistogram *swap;

	if (counted_ns <= leader->last_ns)
		return;
	ct_merge_totals(shared, &totals);
	ct_merge_latency(shared, leader->program, leader->latency);
	ct_histogram_subtract(leader->difference, leader->latency, leader->last_latency);
	second.time = shared->gate_at + (counted_ns - shared->gate_ns) / 1000;
	second.seconds = (counted_ns - leader->last_ns) / 1e9;
	second.transactions = totals.transactions - leader->last_totals.transactions;
	second.failed = totals.failed - leader->last_totals.failed;
	second.retries = totals.retries - leader->last_totals.retries;
	second.latency = leader->difference;

	ct_record_second(shared->run_id, &second);

	leader->last_totals = totals;
	leader->last_ns = counted_ns;
	swap = leader->last_latency;
	leader->last_latency = leader->latency;
	leader->latency = swap;
}

static bool
has_check_during(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
		if (((CtPlanCheck *) lfirst(lc))->during)
			return true;
	return false;
}

/* Asks the checks that are to be asked now; has the run failed for good? */
static bool
look_at_results(CtLeader *leader, bool during)
{
	CtResults  *results;
	bool		failed = false;

	/* of the slots' sums nothing is needed once we are through */
	MemoryContextSwitchTo(leader->tick_context);
	results = ct_merge_results(leader->shared, leader->program);
	if (during)
		ct_checks_ask_during(leader->checks, results);
	if (leader->plan->stop_on_fail)
		failed = ct_checks_have_failed(leader->checks, leader->program, results);
	MemoryContextSwitchTo(leader->context);
	MemoryContextReset(leader->tick_context);
	return failed;
}

/* Aborts what the workers that are still at it execute. */
static void
interrupt_workers(CtLeader *leader)
{
	int			i;

	ct_shared_stop(leader->shared, CT_STOP_NOW);
	for (i = 0; i < leader->nhandles; i++)
	{
		CtSlot	   *slot = ct_shared_slot(leader->shared, i);

		if (pg_atomic_read_u32(&slot->state) == CT_WORKER_WORKING)
			kill(slot->pid, SIGINT);
	}
}

/* Ends the run if everybody who is left waits for those who are done. */
static void
check_standstill(CtLeader *leader)
{
	if (leader->stands_still == NULL)
		leader->stands_still = ct_standstill_look(leader->shared, &leader->standstill);
	if (leader->stands_still != NULL)
		interrupt_workers(leader);
}

/*
 * Writes what there is to say once a second, if that can be done at once: no
 * lock may keep the run from its stop.  Else the second goes into the next
 * one, and the state is written with that or with the end.
 */
static void
tick_at(CtLeader *leader, uint64 now, uint64 stop)
{
	uint64		left_ms = stop > now ? (stop - now) / CT_NS_PER_MS : 0;
	int			wait_ms = (int) Max(Min(left_ms, WATCH_LOCK_MS), 1);

	if (!leader->recorded_running)
		leader->recorded_running = try_to(leader, wait_ms, running_piece);
	if (!try_to(leader, wait_ms, ct_leader_record_second) && !leader->told_of_second)
	{
		leader->told_of_second = true;
		ereport(LOG,
				(errmsg("a second of run " INT64_FORMAT "'s timeline could not be written in time",
						leader->shared->run_id),
				 errdetail("It is counted with the next.")));
	}
}

/* From the gate to the last worker's end. */
static void
watch(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	bool		during = has_check_during(leader->plan);
	uint64		tick = shared->gate_ns + CT_NS_PER_S;
	uint64		stop = shared->stop_ns ? shared->stop_ns : PG_UINT64_MAX;
	bool		stopping = false;

	while (count_workers(leader, CT_WORKER_READY, CT_WORKER_WORKING) > 0)
	{
		uint64		now;
		bool		failed = false;

		check_workers(leader);
		check_suspects(leader, false);

		/* the last second is recorded with the results, however long its end takes */
		if (shared->stop_ns != 0 && leader->plan->rate == 0 &&
			tick + CT_NS_PER_S / 2 > shared->stop_ns)
			tick = PG_UINT64_MAX;
		else if (shared->stop_ns != 0 && tick + CT_NS_PER_S / 2 > shared->stop_ns &&
				 tick < shared->stop_ns + CT_NS_PER_S / 2)
			tick = shared->stop_ns + CT_NS_PER_S / 2;
		(void) wait_for_news(leader, Min(leader->sampler.next_ns, Min(tick, stop)));
		ct_asleep_sample(shared, &leader->sampler);
		check_standstill(leader);
		now = ct_now_ns();
		if (now >= tick)
		{
			tick_at(leader, now, stop);
			if (during || leader->plan->stop_on_fail)
				failed = look_at_results(leader, during);
			tick = Max(tick + CT_NS_PER_S, now);
		}
		if (now < stop && !stopping &&
			(failed || pg_atomic_read_u32(&shared->asked_to_stop)))
		{
			leader->ended_by = failed ? "stop_on_fail" : "ct_stop()";
			shared->stop_ns = stop = now;
		}
		if (now >= stop)
		{
			/* who is still at it is given some time, then interrupted, again and again */
			if (!stopping)
			{
				/* a schedule is executed to its end, and who does so knows where that is */
				if (leader->plan->rate == 0 || leader->ended_by != NULL)
					ct_shared_stop(shared, CT_STOP_AFTER);
				stopping = true;
				stop += (uint64) shared->stop_timeout * CT_NS_PER_MS;
			}
			else
			{
				interrupt_workers(leader);
				stop = now + 100 * CT_NS_PER_MS;
			}
		}
	}
	ConditionVariableCancelSleep();
	check_workers(leader);
	check_suspects(leader, true);
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

static CtResults *
conclude(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	CtResults  *results;

	pgstat_report_activity(STATE_RUNNING, "ct_ext: checking");
	ct_shared_set_state(shared, CT_RUN_CHECKING);
	results = ct_merge_results(shared, leader->program);
	results->seconds = ct_leader_measured_seconds(leader);
	results->checks = ct_checks_ask(leader->checks, results);
	MemoryContextSwitchTo(leader->context);
	check_workers(leader);		/* a session that is lost shows nothing */
	ct_checks_measure(leader->plan, leader->program, results);
	if (leader->stands_still != NULL)
		ct_checks_add_lock(results, leader->stands_still);
	else if (shared->left_behind[0] != '\0')
		ct_checks_add_lock(results, pstrdup(shared->left_behind));
	results->ended_by = leader->ended_by;
	ct_judge(leader->plan, results, shared->gate_at);
	return results;
}

static void
lead(CtLeader *leader)
{
	CtResults  *volatile results = NULL;
	ErrorData  *volatile error = NULL;

	PG_TRY();
	{
		record_start(leader);
		set_up(leader);
		check_for_end(leader);
		launch_workers(leader);
		check_for_end(leader);
		open_gate(leader);
		watch(leader);
		leader->end_ns = ct_now_ns();
		results = conclude(leader);
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
	if (!launch_worker(leader))
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
	leader->latency = palloc0(sizeof(CtHistogram));
	leader->last_latency = palloc0(sizeof(CtHistogram));
	leader->difference = palloc0(sizeof(CtHistogram));
	lead(leader);
}
