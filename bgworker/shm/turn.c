/*
 * turn.c
 *		Orders of an exploration's leader, answers of its sessions.
 *
 * Nobody spins: wherever there are more processes than cores that loses, and a
 * latch is as fast as anything.
 *
 * Barriers: who writes an order or an answer has a full one before it looks
 * whether the other one sleeps; who goes to sleep has one between saying so and
 * looking again.  "go" and "ack" are written behind what they announce.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "storage/proc.h"

#include "bgworker/shm/shared.h"
#include "src/base/wait_event.h"

void
ct_stage_init(CtStage *stage, int nsessions)
{
	int			i;

	memset(stage, 0, CT_STAGE_SIZE(nsessions));
	stage->nsessions = nsessions;
	pg_atomic_init_u32(&stage->leader_asleep, 0);
	pg_atomic_init_u64(&stage->commits, 0);
	pg_atomic_init_u64(&stage->executions, 0);
	for (i = 0; i < nsessions; i++)
	{
		CtTurn	   *turn = &stage->turns[i].turn;

		pg_atomic_init_u32(&turn->go, 0);
		pg_atomic_init_u32(&turn->hurry, 0);
		pg_atomic_init_u32(&turn->ack, 0);
		pg_atomic_init_u32(&turn->asleep, 0);
		pg_atomic_init_u64(&turn->checked, 0);
	}
}

/* ---- the session's side ---- */

uint32
ct_turn_await(CtShared *shared, CtTurn *turn, uint32 last, bool held_off)
{
	uint32		go;

	HOLD_CANCEL_INTERRUPTS();
	for (;;)
	{
		go = pg_atomic_read_u32(&turn->go);
		if (go != last || pg_atomic_read_u32(&shared->stop) >= CT_STOP_NOW ||
			(held_off && ProcDiePending))
			break;
		pg_atomic_write_u32(&turn->asleep, 1);
		pg_memory_barrier();
		if (pg_atomic_read_u32(&turn->go) == last)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0,
							 ct_wait_event(CT_WAIT_TURN));
			ResetLatch(MyLatch);
		}
		pg_atomic_write_u32(&turn->asleep, 0);
		if (!held_off)
			CHECK_FOR_INTERRUPTS();
	}
	RESUME_CANCEL_INTERRUPTS();
	pg_read_barrier();
	return go;
}

void
ct_turn_tell(CtShared *shared, CtStage *stage)
{
	pg_memory_barrier();
	if (pg_atomic_read_u32(&stage->leader_asleep) != 0)
		SetLatch(&ProcGlobal->allProcs[shared->leader_procno].procLatch);
}

void
ct_turn_answer(CtShared *shared, CtStage *stage, CtTurn *turn, uint32 order)
{
	pg_write_barrier();
	pg_atomic_write_u32(&turn->ack, order);
	ct_turn_tell(shared, stage);
}

/* ---- the leader's side ---- */

void
ct_turn_give(CtTurn *turn, const CtSlot *slot)
{
	pg_write_barrier();
	pg_atomic_write_u32(&turn->go, pg_atomic_read_u32(&turn->go) + 1);
	pg_memory_barrier();
	if (pg_atomic_read_u32(&turn->asleep) != 0)
		ct_slot_wake(slot);
}

bool
ct_turn_waits(CtTurn *turn, const CtSlot *slot)
{
	int			procno = *(const volatile int *) &slot->procno;
	volatile PGPROC *proc;
	uint64		checked;

	if (procno < 0)
		return false;
	proc = &ProcGlobal->allProcs[procno];
	checked = pg_atomic_read_u64(&turn->checked);
	pg_read_barrier();
	return checked != 0 && proc->waitLock != NULL &&
		pg_atomic_read_u64((pg_atomic_uint64 *) &proc->waitStart) == checked;
}

void
ct_stage_sleep(CtStage *stage, long timeout_ms, bool (*settled) (void *arg), void *arg)
{
	pg_atomic_write_u32(&stage->leader_asleep, 1);
	pg_memory_barrier();
	if (settled == NULL || !settled(arg))
		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout_ms >= 0 ? WL_TIMEOUT : 0),
						 timeout_ms, ct_wait_event(CT_WAIT_WATCHING));
	pg_atomic_write_u32(&stage->leader_asleep, 0);
	ResetLatch(MyLatch);
}
