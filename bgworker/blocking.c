/*
 * blocking.c
 *		Which statements of a run wait for locks of which others.
 *
 * The sampler sees who is asleep on a lock, at what, and asks no lock for it.
 * Only where somebody was so in two samples on end, the lock that it waits for
 * is looked at: that one alone, with its partition locked while its holders and
 * its queue are copied; and the lock that a holder waits for in turn.  That is
 * done ten times a second at most.  So the time that a statement waits is known
 * from the samples; and whom it waits for from every tenth or so of them.
 *
 * Each process and each lock is looked at once.  How many sessions wait for each
 * other in a row is counted in one pass through each queue: for each mode the
 * longest row that ends in somebody who has it, or wants it ahead in the queue.
 *
 * What is seen is summed up by statements: which waits for which, on what kind
 * of lock, in which modes.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "bgworker/blocking.h"
#include "bgworker/lock_words.h"
#include "bgworker/locks.h"
#include "bgworker/outsider.h"
#include "src/results/rows.h"

/* between two looks at locks, at least */
#define BLOCKING_NS			(100 * CT_NS_PER_MS)

/* pairs that are told apart, and those that are recorded: the ones that cost most */
#define BLOCKING_MAX		1000
#define BLOCKING_RECORDED	100

/* how often it is tried to find out the table of a row that is waited for */
#define BLOCKING_TRIES		20

/* a worker, as it was seen last */
typedef struct CtSleeper
{
	int			place;			/* of the statement */
	bool		asleep;			/* on a lock */
	bool		twice;			/* the time before, too */
	uint64		since;			/* which sleep it is */
	int			pair;			/* that it is known to be of; -1: it isn't known */
} CtSleeper;

/* what tells pairs apart; zeroed before it is filled in */
typedef struct CtPairKey
{
	int			place;			/* who waits is at */
	int			blocker_place;	/* who is waited for is at; -1: it is none of the run's */
	int			blocker_pid;	/* its pid then; else 0 */
	LockTagType locktype;
	uint8		method;
	Oid			relation;		/* or invalid */
	LOCKMODE	mode;
	LOCKMODE	blocker_mode;	/* NoLock: it is only ahead in the queue */
} CtPairKey;

typedef struct CtPair
{
	CtPairKey	key;
	int64		samples;
	uint64		max_us;			/* the longest sleep that was seen */
	int			chain;
	Oid			row_of;			/* whose row it is that is waited for, where the lock doesn't say */
	int			tries;			/* to find that out */
	const char *outsider;		/* what to call who is none of the run's */
} CtPair;

/* a lock that is looked at */
typedef struct CtBlockedLock
{
	CtLockQueue queue;
	bool		counted;		/* its depths are being computed, or are */
} CtBlockedLock;

/* a process of the server, in this look */
typedef struct CtBlockedProc
{
	int			lock;			/* 1 + the index of the one that it waits for; 0: none that was looked at */
	int			position;		/* in its entries */
	int			depth;			/* how many wait for each other in a row, from it on */
} CtBlockedProc;

struct CtBlocking
{
	CtShared   *shared;
	const CtProgram *program;
	MemoryContext context;
	MemoryContext look_context; /* reset after each */
	CtSleeper  *sleepers;		/* of each worker */
	bool		candidates;		/* somebody is asleep for the second time */
	uint64	   *asleep_ns;		/* how long statements were, of each place */
	int		   *asleep_now;		/* how many are in this sample, of each place */
	uint64		next_ns;		/* not before that the locks are looked at again */
	int			npairs;
	CtPair	   *pairs;

	/* of a look */
	int			nprocs;			/* places for processes that the server has */
	CtBlockedProc *procs;
	CtQueuedLock *room;			/* for a lock's entries */
	int			nlocks;
	CtBlockedLock *locks;
};

CtBlocking *
ct_blocking_create(CtShared *shared, const CtProgram *program)
{
	CtBlocking *blocking = palloc0(sizeof(CtBlocking));

	blocking->shared = shared;
	blocking->program = program;
	blocking->context = CurrentMemoryContext;
	blocking->look_context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext blocking",
												   ALLOCSET_DEFAULT_SIZES);
	blocking->sleepers = palloc0(shared->max_workers * sizeof(CtSleeper));
	blocking->asleep_ns = palloc0(Max(program->nplaces, 1) * sizeof(uint64));
	blocking->asleep_now = palloc0(Max(program->nplaces, 1) * sizeof(int));
	blocking->nprocs = ct_locks_nprocs();
	return blocking;
}

void
ct_blocking_sample(CtBlocking *blocking, int worker, int place, bool asleep)
{
	CtSleeper  *sleeper = &blocking->sleepers[worker];
	const CtSlot *slot;
	uint64		since;

	sleeper->twice = asleep && sleeper->asleep;
	sleeper->asleep = asleep;
	if (!asleep)
		return;
	blocking->candidates |= sleeper->twice;
	blocking->asleep_now[place]++;
	slot = ct_shared_slot(blocking->shared, worker);
	since = ct_locks_asleep_since(slot->procno, slot->pid);
	/* who has been let in, and doesn't run yet, has no time */
	if (since != sleeper->since || sleeper->place != place || since <= 1)
		sleeper->pair = -1;
	else if (sleeper->pair >= 0)
	{
		CtPair	   *pair = &blocking->pairs[sleeper->pair];

		pair->max_us = Max(pair->max_us, GetCurrentTimestamp() - since);
	}
	sleeper->place = place;
	sleeper->since = since;
}

/* ---- looking at locks ---- */

/* Looks at the lock that a process waits for, unless that was done. */
static void
blocking_look_at(CtBlocking *blocking, int procno, int pid)
{
	CtBlockedLock *lock;
	CtLockQueue queue;
	int			i;

	if (procno < 0 || procno >= blocking->nprocs || blocking->procs[procno].lock != 0 ||
		blocking->nlocks == blocking->nprocs ||
		!ct_locks_queue(procno, pid, blocking->room, &queue))
		return;
	lock = &blocking->locks[blocking->nlocks++];
	lock->queue = queue;
	lock->queue.entries = palloc(queue.nentries * sizeof(CtQueuedLock));
	memcpy(lock->queue.entries, queue.entries, queue.nentries * sizeof(CtQueuedLock));
	lock->counted = false;
	for (i = queue.nholders; i < queue.nentries; i++)
	{
		CtBlockedProc *proc = &blocking->procs[queue.entries[i].procno];

		proc->lock = blocking->nlocks;
		proc->position = i;
	}
}

/* All locks that are to be looked at, from those that workers wait for on. */
static void
blocking_look_around(CtBlocking *blocking)
{
	int			i;
	int			j;

	for (i = 0; i < blocking->shared->nworkers; i++)
	{
		const CtSlot *slot = ct_shared_slot(blocking->shared, i);

		if (blocking->sleepers[i].twice)
			blocking_look_at(blocking, slot->procno, slot->pid);
	}
	for (i = 0; i < blocking->nlocks; i++)
		for (j = 0; j < blocking->locks[i].queue.nholders; j++)
		{
			const CtQueuedLock *holder = &blocking->locks[i].queue.entries[j];

			if (ct_locks_asleep(holder->procno, holder->pid))
				blocking_look_at(blocking, holder->procno, holder->pid);
		}
}

static LOCKMASK
blocking_conflicts(const CtLockQueue *queue, LOCKMODE mode)
{
	return GetLockTagsMethodTable(&queue->tag)->conflictTab[mode];
}

/*
 * How many wait for each other in a row, of each who waits for a lock, from
 * there on.  Whoever is waited for and is being counted already waits in a
 * circle, which is a deadlock for the server to find.
 */
static void
blocking_count(CtBlocking *blocking, CtBlockedLock *lock)
{
	const CtLockQueue *queue = &lock->queue;
	int			longest[MAX_LOCKMODES] = {0};	/* of those who have the mode, or want it ahead */
	int			i;
	int			mode;

	lock->counted = true;
	for (i = 0; i < queue->nentries; i++)
	{
		const CtQueuedLock *entry = &queue->entries[i];
		CtBlockedProc *proc = &blocking->procs[entry->procno];
		LOCKMASK	conflicts = entry->waits == NoLock ? 0 : blocking_conflicts(queue, entry->waits);
		LOCKMASK	has = entry->holds;

		if (entry->waits != NoLock)
		{
			proc->depth = 1;
			for (mode = 1; mode < MAX_LOCKMODES; mode++)
				if (conflicts & LOCKBIT_ON(mode))
					proc->depth = Max(proc->depth, 1 + longest[mode]);
			has = LOCKBIT_ON(entry->waits);
		}
		else if (proc->lock != 0 && !blocking->locks[proc->lock - 1].counted)
			blocking_count(blocking, &blocking->locks[proc->lock - 1]);
		for (mode = 1; mode < MAX_LOCKMODES; mode++)
			if (has & LOCKBIT_ON(mode))
				longest[mode] = Max(longest[mode], proc->depth);
	}
}

/* Whom the entry waits for: somebody who holds what conflicts, or else the next one ahead who wants it. */
static const CtQueuedLock *
blocking_blocker(const CtLockQueue *queue, int position)
{
	const CtQueuedLock *waiter = &queue->entries[position];
	LOCKMASK	conflicts = blocking_conflicts(queue, waiter->waits);
	int			i;

	for (i = 0; i < queue->nholders; i++)
		if ((queue->entries[i].holds & conflicts) != 0 && queue->entries[i].procno != waiter->procno)
			return &queue->entries[i];
	for (i = position - 1; i >= queue->nholders; i--)
		if ((LOCKBIT_ON(queue->entries[i].waits) & conflicts) != 0)
			return &queue->entries[i];
	return NULL;
}

/* ---- summing up ---- */

/* The number of the pair, which is made if there is none; -1: there are too many. */
static int
blocking_find_pair(CtBlocking *blocking, const CtPairKey *key)
{
	CtPair	   *pair;
	int			i;

	for (i = 0; i < blocking->npairs; i++)
		if (memcmp(&blocking->pairs[i].key, key, sizeof(CtPairKey)) == 0)
			return i;
	if (blocking->npairs == BLOCKING_MAX)
		return -1;
	if (blocking->pairs == NULL)
		blocking->pairs = MemoryContextAllocZero(blocking->context, BLOCKING_MAX * sizeof(CtPair));
	pair = &blocking->pairs[blocking->npairs];
	pair->key = *key;
	if (key->blocker_place < 0)
		pair->outsider = MemoryContextStrdup(blocking->context, ct_outsider(blocking->shared, key->blocker_pid));
	return blocking->npairs++;
}

static void
blocking_note(CtBlocking *blocking, int worker)
{
	const CtSlot *slot = ct_shared_slot(blocking->shared, worker);
	CtSleeper  *sleeper = &blocking->sleepers[worker];
	int			procno = slot->procno;
	const CtBlockedProc *proc;
	const CtLockQueue *queue;
	const CtQueuedLock *waiter;
	const CtQueuedLock *blocker;
	CtPairKey	key;
	CtPair	   *pair;
	int			other;

	if (procno < 0 || procno >= blocking->nprocs || blocking->procs[procno].lock == 0)
		return;
	proc = &blocking->procs[procno];
	queue = &blocking->locks[proc->lock - 1].queue;
	waiter = &queue->entries[proc->position];
	blocker = blocking_blocker(queue, proc->position);
	if (blocker == NULL || waiter->pid != slot->pid)
		return;

	memset(&key, 0, sizeof(key));
	other = ct_shared_worker_of(blocking->shared, blocker->pid);
	key.place = sleeper->place;
	key.blocker_place = other < 0 ? -1 : CT_AT_PLACE(ct_slot_at(ct_shared_slot(blocking->shared, other)));
	key.blocker_pid = other < 0 ? blocker->pid : 0;
	key.locktype = queue->tag.locktag_type;
	key.method = queue->tag.locktag_lockmethodid;
	key.relation = ct_lock_relation(&queue->tag);
	key.mode = waiter->waits;
	key.blocker_mode = ct_lock_strongest(blocker->holds & blocking_conflicts(queue, waiter->waits));
	sleeper->pair = blocking_find_pair(blocking, &key);
	if (sleeper->pair < 0)
		return;
	pair = &blocking->pairs[sleeper->pair];
	pair->samples++;
	pair->chain = Max(pair->chain, proc->depth);
	if (sleeper->since > 1)
		pair->max_us = Max(pair->max_us, GetCurrentTimestamp() - sleeper->since);
	if (key.locktype == LOCKTAG_TRANSACTION && !OidIsValid(pair->row_of) && pair->tries++ < BLOCKING_TRIES)
		pair->row_of = ct_locks_row_of(&ProcGlobal->allProcs[procno]);
}

static void
blocking_look(CtBlocking *blocking)
{
	int			i;

	blocking->procs = palloc0(blocking->nprocs * sizeof(CtBlockedProc));
	blocking->room = palloc(2 * blocking->nprocs * sizeof(CtQueuedLock));
	blocking->locks = palloc(blocking->nprocs * sizeof(CtBlockedLock));
	blocking->nlocks = 0;
	blocking_look_around(blocking);
	for (i = 0; i < blocking->nlocks; i++)
		if (!blocking->locks[i].counted)
			blocking_count(blocking, &blocking->locks[i]);
	for (i = 0; i < blocking->shared->nworkers; i++)
		if (blocking->sleepers[i].twice)
			blocking_note(blocking, i);
}

void
ct_blocking_look(CtBlocking *blocking, uint64 now_ns, uint64 passed_ns)
{
	int			i;

	for (i = 0; i < blocking->program->nplaces; i++)
	{
		blocking->asleep_ns[i] += blocking->asleep_now[i] * passed_ns;
		blocking->asleep_now[i] = 0;
	}
	if (blocking->candidates && now_ns >= blocking->next_ns)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(blocking->look_context);

		blocking_look(blocking);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(blocking->look_context);
		blocking->next_ns = now_ns + BLOCKING_NS;
	}
	blocking->candidates = false;
}

/* ---- what was seen ---- */

/*
 * The table that a pair's lock is of.  Who waits for a transaction may have no
 * lock that tells whose row it wants; then it is that of the statement's other
 * waits for rows, if these were of one table.
 */
static Oid
blocking_relation(const CtBlocking *blocking, const CtPair *pair)
{
	Oid			relation = OidIsValid(pair->key.relation) ? pair->key.relation : pair->row_of;
	int			i;

	if (OidIsValid(relation) || pair->key.locktype != LOCKTAG_TRANSACTION)
		return relation;
	for (i = 0; i < blocking->npairs; i++)
	{
		const CtPair *other = &blocking->pairs[i];
		Oid			its = other->key.locktype == LOCKTAG_TUPLE ? other->key.relation : other->row_of;

		if (other->key.place != pair->key.place || !OidIsValid(its))
			continue;
		if (OidIsValid(relation) && relation != its)
			return InvalidOid;
		relation = its;
	}
	return relation;
}

/* samples: of all pairs with the same waiting statement */
static CtBlockingRow *
blocking_row(const CtBlocking *blocking, const CtPair *pair, int64 samples)
{
	const CtPairKey *key = &pair->key;
	CtBlockingRow *row = palloc0(sizeof(CtBlockingRow));
	LOCKTAG		tag = {0};

	tag.locktag_type = key->locktype;
	tag.locktag_lockmethodid = key->method;
	row->blocker_step = -1;
	row->script = ct_program_step_at(blocking->program, key->place, &row->step, &row->query);
	row->locktype = ct_lock_type(&tag);
	row->mode = ct_lock_mode(&tag, key->mode);
	row->relation = ct_relation_words(blocking_relation(blocking, pair));
	row->outside = key->blocker_place < 0;
	if (row->outside)
		row->blocker_query = pair->outsider;
	else
		row->blocker_script = ct_program_step_at(blocking->program, key->blocker_place, &row->blocker_step,
												 &row->blocker_query);
	row->blocker_mode = key->blocker_mode == NoLock ? NULL : ct_lock_mode(&tag, key->blocker_mode);
	row->samples = pair->samples;
	row->waited_ms = blocking->asleep_ns[key->place] / 1e6 * pair->samples / samples;
	row->max_ms = pair->max_us / 1e3;
	row->chain = pair->chain;
	return row;
}

static int
blocking_compare(const ListCell *a, const ListCell *b)
{
	const CtBlockingRow *x = lfirst(a);
	const CtBlockingRow *y = lfirst(b);

	return x->waited_ms != y->waited_ms ? (x->waited_ms > y->waited_ms ? -1 : 1) :
		x->max_ms > y->max_ms ? -1 : x->max_ms < y->max_ms;
}

List *
ct_blocking_as_rows(const CtBlocking *blocking)
{
	int64	   *samples = palloc0(Max(blocking->program->nplaces, 1) * sizeof(int64));
	List	   *rows = NIL;
	ListCell   *lc;
	int			i;

	for (i = 0; i < blocking->npairs; i++)
		samples[blocking->pairs[i].key.place] += blocking->pairs[i].samples;
	for (i = 0; i < blocking->npairs; i++)
		rows = lappend(rows, blocking_row(blocking, &blocking->pairs[i],
										  samples[blocking->pairs[i].key.place]));
	list_sort(rows, blocking_compare);
	rows = list_truncate(rows, BLOCKING_RECORDED);
	foreach(lc, rows)
		((CtBlockingRow *) lfirst(lc))->position = foreach_current_index(lc) + 1;
	pfree(samples);
	return rows;
}
