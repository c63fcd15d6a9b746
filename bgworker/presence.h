/*
 * presence.h
 *		Whether transactions truly met: the evidence a verdict rests on.
 *
 * A worker is idle, in a transaction (its script's iteration, from the first
 * command to the end), or in its section: the part of the transaction after
 * the first statement returned, where what was read may go stale, or all of
 * it where there is only one statement.  Each worker says in its slot
 * where it is, and looks at the others' slots when it enters and when it
 * leaves.  Two overlap if one finds the other inside while entering, or that
 * the other entered in the meantime while leaving; so each of the two finds
 * out for itself, without a lock, and no barrier is needed: the count that is
 * missed on entering is seen to have changed on leaving.
 *
 * The cost is a look at one slot while workers are busy, since the first one
 * that is found inside settles the question.
 */
#ifndef CT_PRESENCE_H
#define CT_PRESENCE_H

#include "bgworker/shared.h"

typedef enum CtPhase
{
	CT_PHASE_IDLE,
	CT_PHASE_TRANSACTION,
	CT_PHASE_SECTION
} CtPhase;

/* a worker's own view of one stay */
typedef struct CtStay
{
	bool		shared;			/* somebody else was inside too */
	uint64		entered;		/* sum of the others' counts on entering */
} CtStay;

/*
 * To be called somewhat before entering: fetches our line for writing and the
 * first one that is going to be looked at, both of which another processor
 * may have, while there is something else to do.
 */
static inline void
ct_presence_prepare(CtShared *shared, int self)
{
#if defined(__GNUC__) || defined(__clang__)
	__builtin_prefetch(ct_shared_slot(shared, self), 1);
	__builtin_prefetch(ct_shared_slot(shared, self + 1 < shared->nworkers ? self + 1 : 0));
#endif
}

static inline void
ct_presence_enter(CtShared *shared, int self, CtPhase phase, CtStay *stay)
{
	CtSlot	   *mine = ct_shared_slot(shared, self);
	pg_atomic_uint64 *count = phase == CT_PHASE_SECTION ?
		&mine->sections_entered : &mine->transactions_entered;
	int			n = shared->nworkers;
	int			i;

	/*
	 * We are the only writer, so no locked instruction is needed; but who
	 * sees the new count must see the phase too, else we might be missed by
	 * somebody who enters just now.
	 */
	pg_atomic_write_u32(&mine->phase, phase);
	pg_write_barrier();
	pg_atomic_write_u64(count, pg_atomic_read_u64(count) + 1);

	stay->shared = false;
	stay->entered = 0;
	for (i = 1; i < n; i++)
	{
		CtSlot	   *other = ct_shared_slot(shared, self + i < n ? self + i : self + i - n);

		stay->entered += pg_atomic_read_u64(phase == CT_PHASE_SECTION ?
											&other->sections_entered :
											&other->transactions_entered);
		pg_read_barrier();
		if (pg_atomic_read_u32(&other->phase) >= (uint32) phase)
		{
			stay->shared = true;
			return;
		}
	}
}

/*
 * Enters both at once, where the section is the whole transaction: one look at
 * the others, whose cache lines are the cost of it, instead of two.
 */
static inline void
ct_presence_enter_both(CtShared *shared, int self, CtStay *transaction, CtStay *section)
{
	CtSlot	   *mine = ct_shared_slot(shared, self);
	int			n = shared->nworkers;
	int			i;

	pg_atomic_write_u32(&mine->phase, CT_PHASE_SECTION);
	pg_write_barrier();
	pg_atomic_write_u64(&mine->transactions_entered,
						pg_atomic_read_u64(&mine->transactions_entered) + 1);
	pg_atomic_write_u64(&mine->sections_entered,
						pg_atomic_read_u64(&mine->sections_entered) + 1);

	transaction->shared = section->shared = false;
	transaction->entered = section->entered = 0;
	for (i = 1; i < n && !section->shared; i++)
	{
		CtSlot	   *other = ct_shared_slot(shared, self + i < n ? self + i : self + i - n);
		uint32		phase;

		transaction->entered += pg_atomic_read_u64(&other->transactions_entered);
		section->entered += pg_atomic_read_u64(&other->sections_entered);
		pg_read_barrier();
		phase = pg_atomic_read_u32(&other->phase);
		transaction->shared |= phase >= CT_PHASE_TRANSACTION;
		section->shared |= phase >= CT_PHASE_SECTION;
	}
}

/* Call for the section first, then for the transaction; phase is what was entered. */
static inline void
ct_presence_leave(CtShared *shared, int self, CtPhase phase, CtStay *stay)
{
	CtSlot	   *mine = ct_shared_slot(shared, self);
	int			n = shared->nworkers;
	uint64		entered = 0;
	int			i;

	if (!stay->shared)
	{
		for (i = 1; i < n; i++)
		{
			CtSlot	   *other = ct_shared_slot(shared, self + i < n ? self + i : self + i - n);

			entered += pg_atomic_read_u64(phase == CT_PHASE_SECTION ?
										  &other->sections_entered :
										  &other->transactions_entered);
		}
		stay->shared = entered != stay->entered;
	}
	pg_atomic_write_u32(&mine->phase, phase - 1);
}

#endif							/* CT_PRESENCE_H */
