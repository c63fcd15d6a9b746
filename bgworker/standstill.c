/*
 * standstill.c
 *		Does everybody who is left wait for those who are done?
 *
 * A worker that has done its share keeps its session, and with it whatever
 * locks the session has not given back: a pooled connection that somebody
 * forgot to unlock.  If all the others wait for those, they wait for ever.
 *
 * What waits with a lock_timeout or a statement_timeout goes on by itself, and
 * may be meant to; each worker says so as it begins a statement.  One that is
 * set within a statement isn't seen there, so a wait must have lasted for a
 * while, too.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"

#include "bgworker/locks.h"
#include "bgworker/standstill.h"

#define STANDSTILL_NS	(500 * CT_NS_PER_MS)

static bool
standstill_is_in(CtShared *shared, int worker, CtWorkerState state)
{
	return pg_atomic_read_u32(&ct_shared_slot(shared, worker)->state) == (uint32) state;
}

bool
ct_standstill_possible(CtShared *shared)
{
	bool		done = false;
	bool		working = false;
	int			i;

	for (i = 0; i < shared->nworkers && !(done && working); i++)
	{
		done |= standstill_is_in(shared, i, CT_WORKER_DONE);
		working |= standstill_is_in(shared, i, CT_WORKER_WORKING);
	}
	return done && working;
}

/* The waits of all who are left, as a hash value; 0 if somebody doesn't wait, or not for ever. */
static uint64
standstill_waits_of_all(CtShared *shared)
{
	uint64		waits = 0;
	int			i;

	for (i = 0; i < shared->nworkers; i++)
	{
		CtSlot	   *slot = ct_shared_slot(shared, i);
		uint64		since;

		if (standstill_is_in(shared, i, CT_WORKER_DONE))
			continue;
		since = ct_locks_asleep_since(slot->procno, slot->pid);
		if (since == 0 || slot->gives_up || !standstill_is_in(shared, i, CT_WORKER_WORKING))
			return 0;
		waits = hash_combine64(waits, since);
	}
	return Max(waits, 1);
}

/*
 * From one who waits to the first who is done, or whoever waits for nobody: a
 * worker that was done may be lost by now.
 */
static char *
standstill_describe(CtShared *shared, const CtLockGraph *graph, int pid)
{
	StringInfoData text;

	initStringInfo(&text);
	for (;;)
	{
		StringInfoData lock;
		int			waiter = ct_shared_worker_of(shared, pid);
		int			blocker;

		initStringInfo(&lock);
		pid = ct_locks_blocker(graph, pid, &lock);
		blocker = ct_shared_worker_of(shared, pid);
		if (ct_locks_waits(graph, pid) &&
			(blocker < 0 || !standstill_is_in(shared, blocker, CT_WORKER_DONE)))
			continue;
		appendStringInfo(&text, waiter >= 0 ? "worker %d" : "another session",
						 waiter + 1);
		appendStringInfo(&text, " waits for %s, which worker %d holds, although it has done its share",
						 lock.data, blocker + 1);
		return text.data;
	}
}

/* Asks the lock table; NULL if somebody who is left waits for nobody who is done. */
static char *
standstill_ask(CtShared *shared, CtStandstill *self)
{
	CtLockGraph *graph = ct_locks_look();
	int		   *done = palloc(shared->nworkers * sizeof(int));
	int			ndone = 0;
	int			nstuck = 0;
	int			first = 0;
	char	   *text = NULL;
	int			i;

	for (i = 0; i < shared->nworkers; i++)
		if (standstill_is_in(shared, i, CT_WORKER_DONE))
			done[ndone++] = ct_shared_slot(shared, i)->pid;
	ct_locks_trace(graph, done, ndone);
	for (i = 0; i < shared->nworkers; i++)
	{
		int			pid = ct_shared_slot(shared, i)->pid;

		if (standstill_is_in(shared, i, CT_WORKER_DONE) || !ct_locks_waits(graph, pid))
			continue;
		if (nstuck++ == 0)
			first = pid;
	}
	if (nstuck > 0 && nstuck + ndone == shared->nworkers)
		text = standstill_describe(shared, graph, first);
	self->next_look_ns = ct_now_ns() + ct_locks_rest_ns(graph);
	ct_locks_free(graph);
	pfree(done);
	return text;
}

char *
ct_standstill_look(CtShared *shared, CtStandstill *self)
{
	uint64		now = ct_now_ns();
	uint64		waits = ct_standstill_possible(shared) ? standstill_waits_of_all(shared) : 0;

	if (waits != self->waits)
	{
		self->waits = waits;
		self->since_ns = now;
	}
	if (waits == 0 || now - self->since_ns < STANDSTILL_NS || now < self->next_look_ns)
		return NULL;
	return standstill_ask(shared, self);
}
