/*
 * asleep.c
 *		How long workers sleep on heavyweight locks.
 *
 * The lock manager tells a process when it went to sleep, and nothing when it
 * woke up: by the statement's end it may have worked for long, or slept on
 * other locks, too.  So the leader looks who is asleep, by what each process
 * shows to everybody (its wait event, and since when), and notes that in the
 * workers' slots.  It costs the workers nothing; the leader looks more often
 * while somebody sleeps, and less often the more workers there are.  Where
 * nobody has slept for a while it looks seldom, until it finds somebody or a
 * worker tells that it has slept.
 *
 * The last sleep of a statement is known from its beginning, so it is wrong by
 * the time between two looks at most, and by less where the statement ended
 * soon after it.  Of those before it, each look that finds one stands for the
 * time since the look before: right on average, whatever their length.
 *
 * Locking: none.  The leader writes only of who is asleep, who reads only when
 * awake; a look that is under way while somebody wakes up makes it wrong by
 * one look.
 */
#include "postgres.h"

#include "bgworker/asleep.h"
#include "bgworker/locks.h"

/* between two looks while somebody sleeps, and while nobody does; at least, and for each worker */
#define BUSY_NS			(2 * CT_NS_PER_MS)
#define BUSY_EACH_NS	UINT64CONST(20000)
#define QUIET_NS		(10 * CT_NS_PER_MS)
#define QUIET_EACH_NS	UINT64CONST(100000)

/* and once nobody has slept for so long, at the run's beginning and later */
#define SELDOM_NS		(250 * CT_NS_PER_MS)
#define FIRST_SLEEP_NS	CT_NS_PER_S
#define NEXT_SLEEP_NS	(10 * CT_NS_PER_S)

/* When is the next look due? */
static uint64
asleep_pause(CtShared *shared, CtAsleepSampler *sampler, bool somebody, uint64 now_ns)
{
	if (somebody || pg_atomic_exchange_u32(&shared->asleep_told, 0) != 0)
	{
		sampler->until_seldom_ns = now_ns + NEXT_SLEEP_NS;
		shared->asleep_seldom = false;
	}
	else if (sampler->until_seldom_ns == 0)
		sampler->until_seldom_ns = now_ns + FIRST_SLEEP_NS;
	else if (now_ns >= sampler->until_seldom_ns)
		shared->asleep_seldom = true;

	if (somebody)
		return Max(BUSY_NS, shared->nworkers * BUSY_EACH_NS);
	return shared->asleep_seldom ? SELDOM_NS : Max(QUIET_NS, shared->nworkers * QUIET_EACH_NS);
}

void
ct_asleep_sample(CtShared *shared, CtAsleepSampler *sampler)
{
	uint64		now_ns = ct_now_ns();
	TimestampTz now;
	TimestampTz passed;
	bool		somebody = false;
	int			i;

	if (now_ns < sampler->next_ns &&
		!(shared->asleep_seldom && pg_atomic_read_u32(&shared->asleep_told) != 0))
		return;
	now = GetCurrentTimestamp();
	passed = now - (sampler->last ? sampler->last : shared->gate_at);
	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);
		TimestampTz since;
		TimestampTz slept;

		if (pg_atomic_read_u32(&slot->state) != CT_WORKER_WORKING)
			continue;
		since = (TimestampTz) ct_locks_asleep_since(slot->procno, slot->pid);
		if (since <= 1)
			continue;			/* awake, or about to be */
		somebody = true;
		slept = Max(Min(passed, now - since), 0);
		if (since != slot->asleep.since)
		{
			slot->asleep.since = since;
			slot->asleep.of_this_sleep = 0;
			slept = Max(passed, 0);
		}
		slot->asleep.of_this_sleep += slept;
		slot->asleep.in_all += slept;
		slot->asleep.seen = now;
	}
	sampler->last = now;
	shared->asleep_sampled = now;
	shared->asleep_period = passed;
	sampler->next_ns = now_ns + asleep_pause(shared, sampler, somebody, now_ns);
}

uint64
ct_asleep_ns(CtShared *shared, CtSlot *slot, TimestampTz went_to_sleep)
{
	CtAsleep   *asleep = &slot->asleep;
	TimestampTz until = GetCurrentTimestamp();
	TimestampTz before = asleep->in_all - asleep->noted;

	if (pg_atomic_read_u32(&shared->asleep_told) == 0)
	{
		pg_atomic_write_u32(&shared->asleep_told, 1);
		if (shared->asleep_seldom)
			ConditionVariableBroadcast(&shared->news);
	}
	asleep->noted = asleep->in_all;
	if (asleep->since == went_to_sleep)
	{
		/* it woke up between the look that found it asleep and the next one */
		before -= asleep->of_this_sleep;
		until = Min(until, asleep->seen + shared->asleep_period / 2);
	}
	else if (shared->asleep_sampled > went_to_sleep)
	{
		/* the next look found it awake */
		until = Min(until, went_to_sleep + shared->asleep_period);
	}
	return (uint64) (Max(before, 0) + Max(until - went_to_sleep, 0)) * 1000;
}
