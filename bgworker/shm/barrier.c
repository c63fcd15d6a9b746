/*
 * barrier.c
 *		Workers meet at a name.
 *
 * Wording: a "barrier" is what is met at once in an iteration: a name to which
 * a worker comes for the first time in it, for the second time and so on are
 * barriers of their own.
 * A "meeting" is one opening of a barrier, and its number is the barrier's
 * generation.  Who is "absent" is known not to come to the meeting that is
 * next: an error ended its iteration before it.  If it comes to the barrier in
 * its next iteration before that meeting was held, it is "early", and waits
 * for the one after: so each iteration has its meetings, and who misses one is
 * not a step behind from there on; several that it misses in a row, while the
 * others are on their way to the first of them, count as one.  Who went
 * another way through the script isn't absent: it is waited for, since it may
 * come in a later iteration.  Who is "excused" is somebody without
 * whom the barrier opened although it might have come: it passes, if it comes
 * later in the iteration.  Who is "outside" runs a script in which the barrier
 * doesn't stand, or its name not that often, and is not awaited until it begins
 * one in which it does.
 *
 * All of it is under the run's mutex, for a few instructions: whoever makes it
 * so that nobody is to come any more opens the barrier, for an instant somewhat
 * ahead, and wakes those who wait.  They sleep, but for one, the barrier's
 * attendant, who looks whether somebody is missing who can't come, and whether
 * it is time to give up.  There is no loop over workers under the mutex: what
 * a worker missed it finds out itself, by the generation.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "bgworker/locks.h"
#include "bgworker/shm/barrier.h"
#include "src/base/wait_event.h"

/* how often the attendant looks, at first and at last */
#define FIRST_LOOK_NS	(10 * CT_NS_PER_MS)
#define LAST_LOOK_NS	(80 * CT_NS_PER_MS)
/* who isn't the attendant looks after it, for it may have been killed */
#define UNATTENDED_MS	1000

/* From waking the others to the instant: so that the first ones are there, and all are woken. */
#define OPENING_NS		UINT64CONST(100000)
#define WAKING_NS		UINT64CONST(3000)	/* each */

/* ---- which barriers there are ---- */

/* The barrier, or the last one of its name; -1 if there is none. */
static int
barrier_find(const CtShared *shared, const char *name, int ordinal)
{
	int			found = -1;
	int			i;

	for (i = 0; i < shared->nbarriers; i++)
	{
		if (strncmp(shared->barriers[i].name, name, NAMEDATALEN - 1) != 0)
			continue;
		found = i;
		if (shared->barriers[i].ordinal == ordinal)
			break;
	}
	return found;
}

static void
barrier_add(CtShared *shared, const char *name, int ordinal)
{
	CtBarrier  *barrier;

	/* of one name there may be many; what there is no place for is the last one that there is */
	if (shared->nbarriers == CT_MAX_MEETINGS)
		return;
	barrier = &shared->barriers[shared->nbarriers++];
	strlcpy(barrier->name, name, NAMEDATALEN);
	barrier->ordinal = ordinal;
	ConditionVariableInit(&barrier->opened);
}

/* The first of each name, so that each name has one. */
static void
barrier_add_names(CtShared *shared, const CtScript *script)
{
	int			c;

	for (c = 0; c < script->ncommands; c++)
	{
		const char *name = script->commands[c].name;

		if (script->commands[c].kind != CT_COMMAND_BARRIER || barrier_find(shared, name, 0) >= 0)
			continue;
		if (shared->nbarriers == CT_MAX_BARRIERS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("a run may have at most %d barriers", CT_MAX_BARRIERS)));
		barrier_add(shared, name, 0);
	}
}

/* The further ones: a name is met as often as it stands in a script, at most. */
static void
barrier_add_further(CtShared *shared, const CtScript *script)
{
	int			ordinals[CT_MAX_BARRIERS] = {0};	/* of each name, so far */
	int			c;

	for (c = 0; c < script->ncommands; c++)
	{
		const char *name = script->commands[c].name;
		int			ordinal;

		if (script->commands[c].kind != CT_COMMAND_BARRIER)
			continue;
		/* names come first in the array */
		ordinal = ordinals[barrier_find(shared, name, 0)]++;
		if (shared->barriers[barrier_find(shared, name, ordinal)].ordinal != ordinal)
			barrier_add(shared, name, ordinal);
	}
}

void
ct_barriers_create(CtShared *shared, const CtProgram *program)
{
	int			s;

	for (s = 0; s < program->nscripts; s++)
		barrier_add_names(shared, program->scripts[s].script);
	for (s = 0; s < program->nscripts; s++)
		barrier_add_further(shared, program->scripts[s].script);
}

uint64
ct_barriers_find(const CtShared *shared, const CtScript *script, uint64 *barriers)
{
	int			times[CT_MAX_BARRIERS] = {0};	/* that a name stands in the script */
	uint64		all = 0;
	int			c;
	int			i;

	for (c = 0; c < script->ncommands; c++)
		if (script->commands[c].kind == CT_COMMAND_BARRIER)
			times[barrier_find(shared, script->commands[c].name, 0)]++;
	for (c = 0; c < script->ncommands; c++)
	{
		int			first;

		if (script->commands[c].kind != CT_COMMAND_BARRIER)
			continue;
		/* others may meet there more often than this script can come */
		first = barrier_find(shared, script->commands[c].name, 0);
		barriers[c] = 0;
		for (i = 0; i < shared->nbarriers; i++)
			if (shared->barriers[i].ordinal < times[first] &&
				strcmp(shared->barriers[i].name, shared->barriers[first].name) == 0)
				barriers[c] |= UINT64CONST(1) << i;
		all |= barriers[c];
	}
	return all;
}

/*
 * Which of the barriers of a name it is that a worker comes to: the first one
 * at the first time in its iteration, whichever way it took there, and so on.
 */
static int
barrier_next_of(const CtSlot *slot, uint64 barriers)
{
	uint64		left = barriers & ~slot->came_to;

	return left != 0 ? pg_rightmost_one_pos64(left) : pg_leftmost_one_pos64(barriers);
}

static uint64
barrier_all(const CtShared *shared)
{
	return shared->nbarriers == CT_MAX_MEETINGS ? PG_UINT64_MAX :
		(UINT64CONST(1) << shared->nbarriers) - 1;
}

/* ---- opening; all of this with the mutex held ---- */

/*
 * Opens it at an instant (0: at once); who calls wakes the others, without the
 * mutex.
 */
static void
barrier_open(CtBarrier *barrier, uint64 instant)
{
	barrier->opens_ns = instant;
	barrier->arrived = barrier->early;
	barrier->holding = barrier->early_holding;
	barrier->early = barrier->early_holding = 0;
	barrier->absent = 0;
	barrier->generation++;
}

/*
 * Opens it if nobody is to come any more, though it be that nobody came at all;
 * again, if all that are left were early.
 */
static bool
barrier_open_if_complete(CtShared *shared, CtBarrier *barrier)
{
	bool		opened = false;

	while (barrier->arrived + barrier->absent > 0 &&
		   barrier->arrived + barrier->absent + barrier->outside >= shared->racing)
	{
		barrier_open(barrier, barrier->arrived < 2 ? 0 :
					 ct_now_ns() + OPENING_NS + barrier->arrived * WAKING_NS);
		opened = true;
	}
	return opened;
}

static bool
barrier_is_absent(const CtShared *shared, const CtSlot *slot, int number)
{
	return slot->meetings[number].absent_at == shared->barriers[number].generation + 1;
}

static bool
barrier_is_excused(const CtShared *shared, const CtSlot *slot, int number)
{
	const CtMeeting *meeting = &slot->meetings[number];
	uint64		broken = shared->barriers[number].broken;

	return broken != meeting->broken && broken != meeting->absent_at;
}

/* Is the worker waiting at the barrier, for the next meeting or the one after? */
static bool
barrier_is_here(const CtShared *shared, const CtSlot *slot, int number)
{
	return slot->at_barrier == number + 1 &&
		slot->at_generation >= shared->barriers[number].generation;
}

/* ---- without the mutex ---- */

static void
barrier_wake(CtShared *shared, uint64 barriers)
{
	int			i;

	for (i = 0; i < shared->nbarriers; i++)
		if (barriers & (UINT64CONST(1) << i))
			ConditionVariableBroadcast(&shared->barriers[i].opened);
}

/*
 * Does somebody who is missing wait for a lock of somebody who is here?  If
 * graph is NULL, only whether somebody who is missing sleeps on a lock at all.
 */
static bool
barrier_somebody_cannot_come(CtShared *shared, int number, CtLockGraph *graph)
{
	int		   *here = NULL;
	int			nhere = 0;
	bool		found = false;
	int			i;

	if (graph != NULL)
	{
		here = palloc(shared->nworkers * sizeof(int));
		for (i = 0; i < shared->nworkers; i++)
		{
			CtSlot	   *slot = ct_shared_slot(shared, i);

			if (barrier_is_here(shared, slot, number))
				here[nhere++] = slot->pid;
		}
		ct_locks_trace(graph, here, nhere);
		pfree(here);
	}
	for (i = 0; i < shared->nworkers && !found; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		if (!barrier_is_here(shared, slot, number) &&
			pg_atomic_read_u32(&slot->state) == CT_WORKER_WORKING &&
			(slot->outside & (UINT64CONST(1) << number)) == 0 &&
			!barrier_is_absent(shared, slot, number) &&
			ct_locks_asleep(slot->procno, slot->pid))
			found = graph == NULL || ct_locks_waits(graph, slot->pid);
	}
	return found;
}

/*
 * Arrives.  Returns false if the barrier has opened without us, so that nobody
 * is to be met there; else the meeting's number, and how many were here for
 * it: -1 if it was us who opened it.
 */
static bool
barrier_arrive(CtShared *shared, CtSlot *slot, int number, volatile uint64 *generation,
			   volatile int *before)
{
	CtBarrier  *barrier = &shared->barriers[number];
	bool		holds = IsTransactionOrTransactionBlock() || ct_locks_hold_any();
	bool		excused;
	bool		opened = false;

	SpinLockAcquire(&shared->mutex);
	slot->came_to |= UINT64CONST(1) << number;
	excused = barrier_is_excused(shared, slot, number);
	if (excused)
		slot->meetings[number].broken = barrier->broken;
	else
	{
		*generation = barrier->generation;
		if (barrier_is_absent(shared, slot, number))
		{
			(*generation)++;
			*before = barrier->early++;
			barrier->early_holding += holds;
		}
		else
		{
			*before = barrier->arrived++;
			barrier->holding += holds;
		}
		slot->at_generation = *generation;
		slot->at_barrier = number + 1;
		slot->holds = holds;
		opened = barrier_open_if_complete(shared, barrier);
	}
	SpinLockRelease(&shared->mutex);
	if (opened)
	{
		*before = -1;
		barrier_wake(shared, UINT64CONST(1) << number);
	}
	return !excused;
}

/* Who doesn't wait any more, because of an error, isn't counted as one who is here. */
static void
barrier_withdraw(CtShared *shared, CtSlot *slot, int number)
{
	CtBarrier  *barrier = &shared->barriers[number];
	bool		attended;

	SpinLockAcquire(&shared->mutex);
	if (barrier_is_here(shared, slot, number))
	{
		if (slot->at_generation == barrier->generation)
		{
			barrier->arrived--;
			barrier->holding -= slot->holds;
		}
		else
		{
			barrier->early--;
			barrier->early_holding -= slot->holds;
		}
	}
	slot->at_barrier = 0;
	attended = barrier->attendant == slot->pid;
	if (attended)
		barrier->attendant = 0;
	attended = attended && barrier->arrived + barrier->early > 0;
	SpinLockRelease(&shared->mutex);
	/* one of those who are here takes it over */
	if (attended)
		ConditionVariableSignal(&barrier->opened);
}

/* what a look at the barrier tells */
typedef struct CtBarrierView
{
	bool		open;
	uint64		opens_ns;		/* if it is open */
	uint64		generation;
	bool		attends;		/* we do */
	bool		holding;		/* somebody who is here may hold locks */
} CtBarrierView;

static CtBarrierView
barrier_look(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	CtBarrierView view;

	SpinLockAcquire(&shared->mutex);
	view.generation = barrier->generation;
	view.open = barrier->generation > generation;
	view.opens_ns = barrier->opens_ns;
	if (!view.open && barrier->attendant == 0)
		barrier->attendant = MyProcPid;
	view.attends = !view.open && barrier->attendant == MyProcPid;
	view.holding = barrier->holding + barrier->early_holding > 0;
	SpinLockRelease(&shared->mutex);
	return view;
}

/* Opens it without who is missing. */
static void
barrier_break(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	SpinLockAcquire(&shared->mutex);
	if (barrier->generation == generation)
	{
		barrier->broken = generation + 1;
		barrier_open(barrier, 0);
		shared->barrier_breaks++;
	}
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&barrier->opened);
}

/* of the one who looks after the barrier */
typedef struct CtAttendance
{
	uint64		generation;		/* of the meeting that is next */
	uint64		deadline;
	uint64		next_look;
	uint64		period;
	bool		blocked_before;
} CtAttendance;

static void
barrier_begin_attendance(CtShared *shared, CtAttendance *attendance, uint64 generation)
{
	uint64		now = ct_now_ns();

	attendance->generation = generation;
	attendance->deadline = now + (uint64) shared->barrier_timeout * CT_NS_PER_MS;
	attendance->next_look = now + FIRST_LOOK_NS;
	attendance->period = FIRST_LOOK_NS;
	attendance->blocked_before = false;
}

/* Looks, if it is time to: twice in a row somebody must be found who can't come. */
static void
barrier_attend(CtShared *shared, CtBarrier *barrier, bool holding, CtAttendance *attendance)
{
	int			number = barrier - shared->barriers;
	uint64		now = ct_now_ns();
	uint64		rest = 0;
	bool		blocked;

	if (now >= attendance->deadline)
	{
		barrier_break(shared, barrier, attendance->generation);
		return;
	}
	if (now < attendance->next_look)
		return;

	/* nobody waits for somebody who holds no lock */
	blocked = holding && barrier_somebody_cannot_come(shared, number, NULL);
	if (blocked && attendance->blocked_before)
	{
		CtLockGraph *graph = ct_locks_look();

		blocked = barrier_somebody_cannot_come(shared, number, graph);
		rest = ct_locks_rest_ns(graph);
		ct_locks_free(graph);
		if (blocked)
			barrier_break(shared, barrier, attendance->generation);
		else
			attendance->period = Min(attendance->period * 2, LAST_LOOK_NS);
	}
	attendance->blocked_before = blocked;
	attendance->next_look = ct_now_ns() + Max(attendance->period, rest);
}

/* How long the attendant may sleep, in ms. */
static long
barrier_until_look(const CtAttendance *attendance, bool holding)
{
	uint64		now = ct_now_ns();
	uint64		until = attendance->deadline;

	if (holding)
		until = Min(until, attendance->next_look);
	return until <= now ? 0 : Min((until - now) / CT_NS_PER_MS + 1, UNATTENDED_MS);
}

/* Waits until it is open, or the run is ended; returns the instant that it opens at, 0: at once. */
static uint64
barrier_await(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	CtAttendance attendance;
	bool		attended = false;

	for (;;)
	{
		CtBarrierView view = barrier_look(shared, barrier, generation);
		long		ms = UNATTENDED_MS;

		if (view.open || pg_atomic_read_u32(&shared->stop) != CT_STOP_NO)
		{
			ConditionVariableCancelSleep();
			return view.open ? view.opens_ns : 0;
		}
		if (view.attends)
		{
			if (!attended || attendance.generation != view.generation)
				barrier_begin_attendance(shared, &attendance, view.generation);
			attended = true;
			ms = barrier_until_look(&attendance, view.holding);
		}
		/* the first time it only makes us one of those who are woken */
		(void) ConditionVariableTimedSleep(&barrier->opened, ms, ct_wait_event(CT_WAIT_BARRIER));
		if (view.attends)
			barrier_attend(shared, barrier, view.holding, &attendance);
	}
}

void
ct_barrier_meet(CtShared *shared, int worker, uint64 barriers)
{
	CtSlot	   *slot = ct_shared_slot(shared, worker);
	volatile int number = barrier_next_of(slot, barriers);
	volatile uint64 generation = 0;
	volatile int before = 0;

	if (!barrier_arrive(shared, slot, number, &generation, &before))
		return;
	PG_TRY();
	{
		ct_pause_until(barrier_await(shared, &shared->barriers[number], generation),
					   ct_has_core(before + 1));
	}
	PG_FINALLY();
	{
		barrier_withdraw(shared, slot, number);
	}
	PG_END_TRY();
}

/* ---- a worker's way past the barriers ---- */

void
ct_barrier_begin(CtShared *shared, int worker, uint64 barriers)
{
	CtSlot	   *slot;
	uint64		outside;
	uint64		opened = 0;
	int			i;

	if (shared->nbarriers == 0)
		return;
	slot = ct_shared_slot(shared, worker);
	slot->came_to = 0;
	for (i = 0; i < shared->nbarriers; i++)
		slot->meetings[i].broken = shared->barriers[i].broken;

	outside = barrier_all(shared) & ~barriers;
	if (outside == slot->outside)
		return;
	SpinLockAcquire(&shared->mutex);
	for (i = 0; i < shared->nbarriers; i++)
	{
		CtBarrier  *barrier = &shared->barriers[i];
		uint64		bit = UINT64CONST(1) << i;

		if ((outside & bit) == (slot->outside & bit))
			continue;
		if ((outside & bit) == 0)
		{
			barrier->outside--;
			continue;
		}
		if (barrier_is_absent(shared, slot, i))
		{
			barrier->absent--;
			slot->meetings[i].absent_at = 0;
		}
		barrier->outside++;
		if (barrier_open_if_complete(shared, barrier))
			opened |= bit;
	}
	slot->outside = outside;
	SpinLockRelease(&shared->mutex);
	barrier_wake(shared, opened);
}

void
ct_barrier_miss(CtShared *shared, int worker, uint64 barriers)
{
	CtSlot	   *slot = ct_shared_slot(shared, worker);
	uint64		missed = barriers & ~slot->outside & ~slot->came_to;
	uint64		opened = 0;
	int			i;

	if (missed == 0)
		return;
	SpinLockAcquire(&shared->mutex);
	for (i = 0; i < shared->nbarriers; i++)
	{
		CtBarrier  *barrier = &shared->barriers[i];

		if ((missed & (UINT64CONST(1) << i)) == 0 || barrier_is_absent(shared, slot, i) ||
			barrier_is_excused(shared, slot, i))
			continue;
		slot->meetings[i].absent_at = barrier->generation + 1;
		barrier->absent++;
		if (barrier_open_if_complete(shared, barrier))
			opened |= UINT64CONST(1) << i;
	}
	SpinLockRelease(&shared->mutex);
	barrier_wake(shared, opened);
}

void
ct_barrier_leave(CtShared *shared, int worker)
{
	CtSlot	   *slot = ct_shared_slot(shared, worker);
	uint64		opened = 0;
	int			i;

	if (slot->at_barrier != 0)
		barrier_withdraw(shared, slot, slot->at_barrier - 1);
	SpinLockAcquire(&shared->mutex);
	shared->racing--;
	for (i = 0; i < shared->nbarriers; i++)
	{
		if (slot->outside & (UINT64CONST(1) << i))
			shared->barriers[i].outside--;
		else if (barrier_is_absent(shared, slot, i))
			shared->barriers[i].absent--;
		if (barrier_open_if_complete(shared, &shared->barriers[i]))
			opened |= UINT64CONST(1) << i;
	}
	SpinLockRelease(&shared->mutex);
	barrier_wake(shared, opened);
}

void
ct_barriers_begin_again(CtShared *shared)
{
	int			i;
	int			j;

	SpinLockAcquire(&shared->mutex);
	shared->racing = shared->nworkers;
	for (i = 0; i < shared->nbarriers; i++)
	{
		CtBarrier  *barrier = &shared->barriers[i];

		barrier->arrived = barrier->holding = 0;
		barrier->early = barrier->early_holding = 0;
		barrier->absent = barrier->outside = 0;
		barrier->attendant = 0;
	}
	SpinLockRelease(&shared->mutex);
	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		slot->at_barrier = 0;
		slot->came_to = slot->outside = 0;
		for (j = 0; j < shared->nbarriers; j++)
			slot->meetings[j].absent_at = 0;
	}
}
