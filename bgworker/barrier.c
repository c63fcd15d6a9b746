/*
 * barrier.c
 *		Workers meet at a name.
 *
 * A barrier is a count of arrivals and a generation, under the run's mutex:
 * the last one to arrive empties the count, raises the generation and wakes
 * the others.  Who waits looks again every 10 ms, for a worker may have
 * finished, died, or be blocked, and none of them tells the barrier.
 *
 * A barrier that opened without somebody lets them pass when they come to it
 * after all, in the same iteration: those whom they would wait for are gone.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "bgworker/barrier.h"

#define LOOK_AGAIN_MS	10

/* index of the barrier, made if it is new; -1 if there are too many */
static int
find_barrier(CtShared *shared, const char *name)
{
	int			i;

	for (i = 0; i < shared->nbarriers; i++)
		if (strncmp(shared->barriers[i].name, name, NAMEDATALEN - 1) == 0)
			return i;
	if (i == CT_MAX_BARRIERS)
		return -1;
	strlcpy(shared->barriers[i].name, name, NAMEDATALEN);
	shared->nbarriers++;
	return i;
}

/* mutex held */
static void
open_barrier(CtBarrier *barrier)
{
	barrier->arrived = 0;
	barrier->generation++;
}

typedef struct CtMeeting
{
	CtShared   *shared;
	int			at_barrier;		/* as in CtSlot */
} CtMeeting;

static bool
is_here(int pid, void *arg)
{
	CtMeeting  *meeting = arg;
	int			i;

	for (i = 0; i < meeting->shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(meeting->shared, i);

		if (slot->pid == pid)
			return slot->at_barrier == meeting->at_barrier;
	}
	return false;
}

/*
 * Does somebody who is missing wait for a lock of somebody who is here?  If
 * ask is false, only whether somebody who is missing sleeps on a lock at all.
 */
static bool
somebody_cannot_come(CtShared *shared, int barrier, bool ask)
{
	CtMeeting	meeting = {shared, barrier + 1};
	int			i;

	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);

		if (slot->at_barrier == meeting.at_barrier ||
			pg_atomic_read_u32(&slot->state) != CT_WORKER_WORKING)
			continue;
		if (ct_proc_waits_for_lock(slot->procno, slot->pid) &&
			(!ask || ct_proc_waits_for(slot->pid, is_here, &meeting)))
			return true;
	}
	return false;
}

/*
 * Arrives; returns the barrier, and its generation by which to see it open, or
 * NULL if it has opened without us, so that nobody is to be met there.
 */
static CtBarrier *
arrive(CtShared *shared, CtSlot *slot, const char *name, volatile uint64 *generation)
{
	CtBarrier  *barrier = NULL;
	int			n;

	SpinLockAcquire(&shared->mutex);
	n = find_barrier(shared, name);
	if (n >= 0 && slot->excused & (1U << n))
		slot->excused &= ~(1U << n);
	else if (n >= 0)
	{
		barrier = &shared->barriers[n];
		*generation = barrier->generation;
		barrier->arrived++;
		slot->at_barrier = n + 1;
	}
	SpinLockRelease(&shared->mutex);
	if (n < 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a run may have at most %d barriers", CT_MAX_BARRIERS)));
	return barrier;
}

/* Is it open?  Opens it if everybody is here. */
static bool
is_open(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	bool		all_here = false;
	bool		open;

	SpinLockAcquire(&shared->mutex);
	open = barrier->generation != generation;
	if (!open && barrier->arrived >= shared->racing)
	{
		open_barrier(barrier);
		all_here = true;
	}
	SpinLockRelease(&shared->mutex);
	if (all_here)
		ConditionVariableBroadcast(&shared->changed);
	return open || all_here;
}

/* Opens it without who is missing. */
static void
break_barrier(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	int			number = barrier - shared->barriers;
	int			i;

	SpinLockAcquire(&shared->mutex);
	if (barrier->generation == generation)
	{
		for (i = 0; i < shared->nworkers; i++)
		{
			CtSlot	   *slot = ct_shared_slot(shared, i);

			if (slot->at_barrier != number + 1)
				slot->excused |= 1U << number;
		}
		open_barrier(barrier);
		shared->barrier_breaks++;
	}
	SpinLockRelease(&shared->mutex);
	ConditionVariableBroadcast(&shared->changed);
}

static void
await(CtShared *shared, CtBarrier *barrier, uint64 generation)
{
	uint64		deadline = ct_now_ns() + (uint64) shared->barrier_timeout * CT_NS_PER_MS;
	bool		blocked_before = false;

	ConditionVariablePrepareToSleep(&shared->changed);
	while (!is_open(shared, barrier, generation) &&
		   pg_atomic_read_u32(&shared->stop) == CT_STOP_NO)
	{
		bool		blocked;

		if (!ConditionVariableTimedSleep(&shared->changed, LOOK_AGAIN_MS, ct_wait_event()))
			continue;

		/* nobody called: is there anybody to wait for? */
		blocked = somebody_cannot_come(shared, barrier - shared->barriers, blocked_before);
		if ((blocked && blocked_before) || ct_now_ns() >= deadline)
			break_barrier(shared, barrier, generation);
		blocked_before = blocked;
	}
	ConditionVariableCancelSleep();
}

void
ct_barrier_begin(CtShared *shared, CtSlot *slot)
{
	if (slot->excused == 0)
		return;
	SpinLockAcquire(&shared->mutex);
	slot->excused = 0;
	SpinLockRelease(&shared->mutex);
}

void
ct_barrier_meet(CtShared *shared, CtSlot *slot, const char *name)
{
	volatile uint64 generation = 0;
	CtBarrier  *volatile barrier = arrive(shared, slot, name, &generation);

	if (barrier == NULL)
		return;
	PG_TRY();
	{
		await(shared, barrier, generation);
	}
	PG_CATCH();
	{
		/* don't be counted as one who is here */
		SpinLockAcquire(&shared->mutex);
		if (barrier->generation == generation)
			barrier->arrived--;
		slot->at_barrier = 0;
		SpinLockRelease(&shared->mutex);
		PG_RE_THROW();
	}
	PG_END_TRY();
	slot->at_barrier = 0;
}
