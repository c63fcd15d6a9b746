/*
 * pin.c
 *		All processes of an exploration on one CPU.
 *
 * Which one is the kernel's to say: the leader is let run where it may for a
 * moment, and where it finds itself then all of them go.  So explorations side
 * by side, and whatever else runs, are spread as they would be.
 *
 * There is no more to it than sched_setaffinity, of Linux; what fails is left as it is.
 */
#include "postgres.h"

#ifdef __linux__
#include <sched.h>
#endif

#include "bgworker/explore/pin.h"

/* how long they stay where they are, and how long the leader is let run for that */
#define PIN_STAY_NS		(2 * CT_NS_PER_S)
#define PIN_FREE_NS		(2 * CT_NS_PER_MS)

#ifdef __linux__

struct CtPin
{
	CtShared   *shared;
	cpu_set_t	allowed;		/* what the leader was allowed at first */
	bool		pinned;			/* the leader is */
	int			cpu;			/* where all are; -1: nowhere yet */
	uint64		next_ns;		/* when to look again */
};

/* Workers of a run may be as many as there are slots; those that are gone are nobody's. */
static void
pin_workers(CtPin *pin, const cpu_set_t *set)
{
	int			i;

	for (i = 0; i < pin->shared->nslots; i++)
	{
		const CtSlot *slot = ct_shared_slot(pin->shared, i);
		uint32		state = pg_atomic_read_u32((pg_atomic_uint32 *) &slot->state);

		if (slot->pid != 0 && (state == CT_WORKER_READY || state == CT_WORKER_WORKING))
			(void) sched_setaffinity(slot->pid, sizeof(*set), set);
	}
}

/* All to where the leader is now. */
static void
pin_here(CtPin *pin)
{
	int			cpu = sched_getcpu();
	cpu_set_t	set;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pin->pinned = sched_setaffinity(0, sizeof(set), &set) == 0;
	if (pin->pinned && cpu != pin->cpu)
		pin_workers(pin, &set);
	pin->cpu = cpu;
	pin->next_ns = ct_now_ns() + PIN_STAY_NS;
}

CtPin *
ct_pin_create(CtShared *shared)
{
	CtPin	   *pin = palloc0(sizeof(CtPin));

	pin->shared = shared;
	pin->cpu = -1;
	if (sched_getaffinity(0, sizeof(pin->allowed), &pin->allowed) != 0)
		pin->next_ns = PG_UINT64_MAX;
	else
		pin_here(pin);
	return pin;
}

void
ct_pin_choose(CtPin *pin)
{
	uint64		now = ct_now_ns();

	if (now < pin->next_ns)
		return;
	if (!pin->pinned)
		pin_here(pin);
	else
	{
		(void) sched_setaffinity(0, sizeof(pin->allowed), &pin->allowed);
		pin->pinned = false;
		pin->next_ns = now + PIN_FREE_NS;
	}
}

void
ct_pin_release(CtPin *pin)
{
	if (pin->next_ns == PG_UINT64_MAX)
		return;
	(void) sched_setaffinity(0, sizeof(pin->allowed), &pin->allowed);
	pin_workers(pin, &pin->allowed);
}

#else

CtPin *
ct_pin_create(CtShared *shared)
{
	return NULL;
}

void
ct_pin_choose(CtPin *pin)
{
}

void
ct_pin_release(CtPin *pin)
{
}

#endif
