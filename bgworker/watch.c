/*
 * watch.c
 *		What the leader does while it waits: its duties, each in its time.
 *
 * The workers race without the leader.  Meanwhile it has duties, which are a
 * list, each with a period and the time when it is due; at each turn the leader
 * does those that are due, and then waits for the next one or for news of the
 * workers.  What has no period is looked at at each turn, and costs next to
 * nothing unless there is something to do.
 *
 * No duty may keep the leader from the stop.  What waits for a lock gives up at
 * the time of the stop at the latest (WATCH_LOCK_MS, if that is far), and what
 * couldn't be written then is written later: the row's state with a later
 * second or with the end, a second of the timeline with the next one.  A check
 * is cancelled at that time, for all are asked at the end again.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"

#include "bgworker/drain.h"
#include "bgworker/locker.h"
#include "bgworker/phases.h"
#include "bgworker/sampler.h"
#include "bgworker/watch.h"
#include "src/base/text.h"
#include "src/plan/phase.h"
#include "src/results/record.h"

/* how long a second of the timeline waits for a lock */
#define WATCH_LOCK_MS		50

/* how long a place that nobody comes past may go on raising errors, and how often it is looked at */
#define SUSPICION_NS		(2 * CT_NS_PER_S)
#define SUSPECTS_NS			(250 * CT_NS_PER_MS)

/* between two looks whether everybody waits for those who are done, once some are */
#define STANDSTILL_LOOK_NS	(100 * CT_NS_PER_MS)

/* a check during the run looks up so often whether the run is to stop */
#define LOOK_UP_MS			50

/* who is interrupted is so again as long as it is still at it */
#define INTERRUPT_NS		(100 * CT_NS_PER_MS)

/* ---- workers ---- */

/* One that couldn't go on ends the run, with its reason. */
static void
watch_workers(CtLeader *leader, CtDuty *duty, uint64 now)
{
	ct_leader_check_workers(leader);
	duty->next_ns = PG_UINT64_MAX;
}

/* Has every worker that is at work ended in such errors alone, and again and again? */
static bool
watch_gets_nowhere(CtLeader *leader)
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
 * after a while; this raises its first error then.  Returns whether there is
 * such a place.
 */
static bool
watch_check_suspects(CtLeader *leader, bool at_end)
{
	CtShared   *shared = leader->shared;
	bool	   *executed = ct_shared_executed(shared);
	bool		suspicious = false;
	int			i;

	for (i = 0; i < CT_MAX_SUSPECTS; i++)
	{
		CtSuspect  *suspect = &shared->suspects[i];

		if (pg_atomic_read_u32(&suspect->ready) == 0)
			continue;
		pg_read_barrier();
		if (executed[suspect->place])
			continue;
		if (at_end || ct_now_ns() - suspect->since_ns > SUSPICION_NS || watch_gets_nowhere(leader))
		{
			leader->culprit = ct_program_place(leader->program, suspect->script,
											   suspect->command);
			ct_error_raise(&suspect->error, ERROR);
		}
		suspicious = true;
	}
	return suspicious;
}

static void
watch_suspects(CtLeader *leader, CtDuty *duty, uint64 now)
{
	duty->next_ns = watch_check_suspects(leader, false) ? now + SUSPECTS_NS : PG_UINT64_MAX;
}

static void
watch_sleeps(CtLeader *leader, CtDuty *duty, uint64 now)
{
	ct_asleep_sample(leader->shared, &leader->sampler);
	duty->next_ns = leader->sampler.next_ns;
}

/*
 * What sessions wait for.  After the duration nothing more is counted, unless a
 * schedule says what belongs to it.
 */
static void
watch_waits(CtLeader *leader, CtDuty *duty, uint64 now)
{
	CtShared   *shared = leader->shared;
	bool		over = shared->stop_ns != 0 && leader->plan->rate == 0 && now > shared->stop_ns;

	duty->next_ns = leader->waits == NULL ? PG_UINT64_MAX :
		ct_sampler_look(leader->waits, now, now >= shared->measure_from_ns && !over);
}

/* Aborts what the workers that are still at it execute. */
static void
watch_interrupt(CtLeader *leader)
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
watch_standstill(CtLeader *leader, CtDuty *duty, uint64 now)
{
	CtShared   *shared = leader->shared;

	if (leader->stands_still == NULL)
	{
		leader->stands_still = ct_standstill_look(shared, &leader->standstill);
		if (leader->stands_still == NULL)
		{
			duty->next_ns = ct_standstill_possible(shared) ? now + STANDSTILL_LOOK_NS : PG_UINT64_MAX;
			return;
		}
		duty->next_ns = now;
	}
	if (now >= duty->next_ns)
	{
		watch_interrupt(leader);
		duty->next_ns = now + INTERRUPT_NS;
	}
}

/* ---- each second ---- */

/*
 * Is this second left out?  The last one is recorded with the results, however
 * long its end takes; with a schedule, which is executed to its end, there is
 * one half a second after the stop.
 */
static bool
watch_skips(CtLeader *leader, CtDuty *duty)
{
	uint64		stop_ns = leader->shared->stop_ns;

	/* after a round there is another one */
	if (stop_ns == 0 || duty->due_ns + CT_NS_PER_S / 2 <= stop_ns || leader->plan->rounds > 0)
		return false;
	if (!ct_plan_is_scheduled(leader->plan))
		duty->next_ns = PG_UINT64_MAX;
	else if (duty->due_ns < stop_ns + CT_NS_PER_S / 2)
		duty->next_ns = stop_ns + CT_NS_PER_S / 2;
	else
		return false;
	return true;
}

/* How long a lock may be waited for, so that it doesn't keep us from the stop. */
static int
watch_lock_ms(CtLeader *leader, uint64 now)
{
	uint64		left_ms = leader->stop_due_ns > now ? (leader->stop_due_ns - now) / CT_NS_PER_MS : 0;

	return (int) Max(Min(left_ms, WATCH_LOCK_MS), 1);
}

/* That the run is under way, into its row, if that wasn't possible at the start. */
static void
watch_running(CtLeader *leader, CtDuty *duty, uint64 now)
{
	if (!leader->recorded_running)
		ct_leader_record_running(leader, watch_lock_ms(leader, now));
	if (leader->recorded_running)
		duty->next_ns = PG_UINT64_MAX;
}

/*
 * Until when is what was counted by now?  After the duration, nothing more is,
 * unless a schedule says what belongs to it.
 */
static uint64
watch_counted_until(const CtLeader *leader, uint64 now)
{
	uint64		stop_ns = leader->shared->stop_ns;

	return stop_ns != 0 && !ct_plan_is_scheduled(leader->plan) ? Min(now, stop_ns) : now;
}

/* What was used in that second, unless it was recorded already. */
static void
watch_record_resources(CtLeader *leader, const CtSecond *second)
{
	CtResourceRow row = {.time = second->time, .seconds = second->seconds};

	ct_resources_read(&leader->resources, leader->shared, false);
	ct_resources_look(&leader->resources, leader->sandbox);
	if (!ct_resources_row(&leader->resources, &row))
		return;
	ct_record_resource(leader->shared->run_id, &row);
}

/* The run goes on without them, whatever keeps them from being recorded. */
static void
watch_give_up_resources(CtLeader *leader, const ErrorData *error)
{
	CtShared   *shared = leader->shared;
	char	   *warning = psprintf("what it used from second to second could not be recorded: %s", error->message);

	leader->without_resources = true;
	ereport(LOG,
			(errmsg("run " INT64_FORMAT ": %s", shared->run_id, warning)));
	if (shared->nwarnings < CT_MAX_WARNINGS)
		ct_copy_text(shared->warnings[shared->nwarnings++], warning, CT_MESSAGE_LEN);
}

/* In a subtransaction, so that the second is recorded in any case. */
static void
watch_try_resources(CtLeader *leader, const CtSecond *second)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	if (leader->plan->explore || !leader->shared->telemetry || leader->without_resources)
		return;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		watch_record_resources(leader, second);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		/* what is tried again with the second, or ends the run */
		if (ct_leader_may_retry(error->sqlerrcode) ||
			ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		watch_give_up_resources(leader, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
}

void
ct_watch_record_second(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	uint64		now = leader->end_ns ? leader->end_ns : ct_now_ns();
	uint64		counted_ns = watch_counted_until(leader, now);
	CtTotals	totals;
	CtSecond	second;

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
	second.phase = ct_phases_name(leader, leader->last_ns + (counted_ns - leader->last_ns) / 2);

	ct_record_second(shared->run_id, &second);
	watch_try_resources(leader, &second);
	ct_phases_note_second(leader, leader->last_ns, counted_ns, leader->difference);

	leader->written_totals = totals;
	leader->written_ns = counted_ns;
}

void
ct_watch_second_committed(CtLeader *leader)
{
	CtHistogram *swap;

	if (leader->written_ns <= leader->last_ns)
		return;
	ct_resources_recorded(&leader->resources);
	leader->last_totals = leader->written_totals;
	leader->last_ns = leader->written_ns;
	swap = leader->last_latency;
	leader->last_latency = leader->latency;
	leader->latency = swap;
}

static void
watch_timeline(CtLeader *leader, CtDuty *duty, uint64 now)
{
	if (watch_skips(leader, duty))
		return;
	if (ct_leader_try(leader, watch_lock_ms(leader, now), ct_watch_record_second))
		ct_watch_second_committed(leader);
	else if (!leader->told_of_second)
	{
		leader->told_of_second = true;
		ereport(LOG,
				(errmsg("a second of run " INT64_FORMAT "'s timeline could not be written in time",
						leader->shared->run_id),
				 errdetail("It is counted with the next.")));
	}
}

/* What workers have written into their streams, each second or when one has little room left. */
static void
watch_streams(CtLeader *leader, CtDuty *duty, uint64 now)
{
	if (now < duty->next_ns && !ct_drain_is_due(leader))
		return;
	ct_drain(leader);
	duty->next_ns = now + CT_NS_PER_S;
}

static bool
watch_has_check_during(const CtPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->checks)
		if (((CtPlanCheck *) lfirst(lc))->during)
			return true;
	return false;
}

/* who asks checks during the run, for the timeout's handler; NULL: nobody does now */
static CtLeader *watch_asking = NULL;
static volatile sig_atomic_t watch_gave_up;

/* A check that is at it when the run is to stop is cancelled. */
static void
watch_look_up(void)
{
	CtLeader   *leader = watch_asking;

	if (leader == NULL || (ct_now_ns() < leader->stop_due_ns &&
						   pg_atomic_read_u32(&leader->shared->asked_to_stop) == 0))
		return;
	watch_gave_up = true;
	leader->session->cancel(leader->session);
}

/* Asks the checks that are to be asked now, or as many as can be before the stop, or without a deadlock. */
static void
watch_ask_checks(CtLeader *leader, const CtResults *results)
{
	static TimeoutId timeout = MAX_TIMEOUTS;

	if (timeout == MAX_TIMEOUTS)
		timeout = RegisterTimeout(USER_TIMEOUT, watch_look_up);
	watch_gave_up = false;
	watch_asking = leader;
	enable_timeout_every(timeout, GetCurrentTimestamp() + LOOK_UP_MS * 1000, LOOK_UP_MS);
	PG_TRY();
	{
		ct_checks_ask_during(leader->checks, results);
	}
	PG_CATCH();
	{
		watch_asking = NULL;
		disable_timeout(timeout, false);
		/* the victim of a deadlock with a script is asked again the next time, and so is who was cancelled by us */
		if (geterrcode() != ERRCODE_T_R_DEADLOCK_DETECTED &&
			(!watch_gave_up || geterrcode() != ERRCODE_QUERY_CANCELED || ct_leader_interrupted(leader)))
			PG_RE_THROW();
		FlushErrorState();
		ct_leader_rollback(leader);
		MemoryContextSwitchTo(leader->tick_context);
	}
	PG_END_TRY();
	watch_asking = NULL;
	disable_timeout(timeout, false);
	if (watch_gave_up)
		ct_leader_forgive_cancel(leader);
}

/* ---- the stop ---- */

/* The run is to end now, unless it ends already. */
static void
watch_end_early(CtLeader *leader, const char *why, uint64 now)
{
	CtShared   *shared = leader->shared;

	if (leader->stopping || now >= leader->stop_due_ns)
		return;
	leader->ended_by = why;
	shared->stop_ns = leader->stop_due_ns = now;
}

/* Have so many errors that nobody expected ended transactions that the run is to end? */
static void
watch_errors(CtLeader *leader, CtDuty *duty, uint64 now)
{
	if (pg_atomic_read_u32(&leader->shared->too_many_errors) != 0)
		watch_end_early(leader, "max_errors", now);
	duty->next_ns = PG_UINT64_MAX;
}

/* The time that the run was given is up. */
static void
watch_timeout(CtLeader *leader, CtDuty *duty, uint64 now)
{
	duty->next_ns = now < leader->timeout_ns ? leader->timeout_ns : PG_UINT64_MAX;
	if (now >= leader->timeout_ns)
		watch_end_early(leader, CT_ENDED_BY_TIMEOUT, now);
}

static void
watch_checks(CtLeader *leader, CtDuty *duty, uint64 now)
{
	CtResults  *results;
	bool		during = watch_has_check_during(leader->plan);
	bool		failed = false;

	/* they are asked after each round, whose state is that round's alone */
	if (leader->plan->rounds > 0)
	{
		duty->next_ns = PG_UINT64_MAX;
		return;
	}

	if ((!during && !leader->plan->stop_on_fail) || watch_skips(leader, duty))
		return;

	/* of the slots' sums nothing is needed once we are through */
	MemoryContextSwitchTo(leader->tick_context);
	results = ct_merge_results(leader->shared, leader->program, &leader->error_texts);
	results->usage = ct_resources_usage(&leader->resources);
	if (during)
		watch_ask_checks(leader, results);
	if (leader->plan->stop_on_fail)
	{
		ct_phases_measure(leader, results);
		failed = ct_checks_have_failed(leader->checks, leader->program, results);
	}
	MemoryContextSwitchTo(leader->context);
	MemoryContextReset(leader->tick_context);
	if (failed)
		watch_end_early(leader, "stop_on_fail", ct_now_ns());
}

/*
 * Who is still at it when the time is up is given some time, then interrupted,
 * again and again.
 */
static void
watch_stop(CtLeader *leader, CtDuty *duty, uint64 now)
{
	CtShared   *shared = leader->shared;

	if (pg_atomic_read_u32(&shared->asked_to_stop))
		watch_end_early(leader, "ct_stop()", now);
	if (now >= leader->stop_due_ns)
	{
		if (!leader->stopping)
		{
			/* a schedule is executed to its end, and who does so knows where that is */
			if (!ct_plan_is_scheduled(leader->plan) || leader->ended_by != NULL)
				ct_shared_stop(shared, CT_STOP_AFTER);
			leader->stopping = true;
			leader->stop_due_ns += (uint64) shared->stop_timeout * CT_NS_PER_MS;
		}
		else
		{
			watch_interrupt(leader);
			leader->stop_due_ns = now + INTERRUPT_NS;
		}
	}
	duty->next_ns = leader->stop_due_ns;
}

/* The lock that is to be held now and then. */
static void
watch_lock_hold(CtLeader *leader, CtDuty *duty, uint64 now)
{
	duty->next_ns = ct_locker_turn(leader, now);
}

/* ---- turns ---- */

/* in the order in which they are done where several are due */
static const CtDuty watch_duties[] = {
	{"workers lost", 0, watch_workers},
	{"suspects", 0, watch_suspects},
	{"sleeps", 0, watch_sleeps},
	{"waits", 0, watch_waits},
	{"standstill", 0, watch_standstill},
	{"run is running", CT_NS_PER_S, watch_running},
	{"timeline", CT_NS_PER_S, watch_timeline},
	{"streams", 0, watch_streams},
	{"checks", CT_NS_PER_S, watch_checks},
	{"errors", 0, watch_errors},
	{"timeout", 0, watch_timeout},
	{"lock held", 0, watch_lock_hold},
	{"stop", 0, watch_stop},
};

void
ct_watch_begin(CtLeader *leader)
{
	CtShared   *shared = leader->shared;
	int			i;

	leader->stop_due_ns = shared->stop_ns ? shared->stop_ns : PG_UINT64_MAX;
	leader->waits = leader->plan->explore ? NULL : ct_sampler_create(shared, leader->program);
	leader->timeout_ns = leader->plan->timeout > 0 ?
		shared->gate_ns + (uint64) (leader->plan->timeout * 1e9) : PG_UINT64_MAX;
	leader->nduties = lengthof(watch_duties);
	leader->duties = palloc(sizeof(watch_duties));
	memcpy(leader->duties, watch_duties, sizeof(watch_duties));
	for (i = 0; i < leader->nduties; i++)
		leader->duties[i].next_ns = shared->gate_ns + leader->duties[i].period_ns;
	ct_resources_begin(&leader->resources, shared);
}

void
ct_watch_begin_again(CtLeader *leader)
{
	leader->stopping = false;
	leader->stop_due_ns = leader->shared->stop_ns ? leader->shared->stop_ns : PG_UINT64_MAX;
}

static void
watch_look_at_tables(CtLeader *leader)
{
	ct_resources_look(&leader->resources, leader->sandbox);
}

/* The last look at the tables; what it raises is no reason to lose the run. */
static void
watch_look_last(CtLeader *leader)
{
	PG_TRY();
	{
		(void) ct_leader_try(leader, WATCH_LOCK_MS, watch_look_at_tables);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(leader->context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			PG_RE_THROW();
		FlushErrorState();
		ct_leader_rollback(leader);
		watch_give_up_resources(leader, error);
		FreeErrorData(error);
	}
	PG_END_TRY();
}

void
ct_watch_end(CtLeader *leader)
{
	ct_leader_end_wait();
	/* the workers may have stopped before we heard of it */
	if (pg_atomic_read_u32(&leader->shared->too_many_errors) != 0)
		watch_end_early(leader, "max_errors", ct_now_ns());
	ct_leader_check_workers(leader);
	ct_resources_read(&leader->resources, leader->shared, true);
	watch_look_last(leader);
	(void) watch_check_suspects(leader, true);
}

uint64
ct_watch_turn(CtLeader *leader)
{
	uint64		next_ns = PG_UINT64_MAX;
	int			i;

	for (i = 0; i < leader->nduties; i++)
	{
		CtDuty	   *duty = &leader->duties[i];
		uint64		now = ct_now_ns();

		if (duty->period_ns == 0)
			duty->function(leader, duty, now);
		else if (now >= duty->next_ns)
		{
			duty->due_ns = duty->next_ns;
			duty->next_ns = Max(duty->due_ns + duty->period_ns, now);
			duty->function(leader, duty, now);
		}
	}
	/* one may have moved another one's time */
	for (i = 0; i < leader->nduties; i++)
		next_ns = Min(next_ns, leader->duties[i].next_ns);
	return next_ns;
}

void
ct_watch(CtLeader *leader)
{
	ct_watch_begin(leader);
	while (ct_leader_count_workers(leader, CT_WORKER_READY, CT_WORKER_WORKING) > 0)
		ct_leader_wait(leader, ct_watch_turn(leader));
	ct_watch_end(leader);
}
