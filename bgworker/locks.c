/*
 * locks.c
 *		Who waits for whom, in the server's heavyweight locks.
 *
 * Some waits in a run are deadlocks that the server can't see, since one of
 * the processes doesn't wait for a lock but for the run, at a barrier, or for
 * nothing any more.  To find them is to ask whether somebody waits, directly
 * or through others, for one of a few processes.
 *
 * pg_blocking_pids answers that for one process at a time, and names everybody
 * who is ahead in a queue, so that asking on from there takes all the ways
 * through a queue, which are exponentially many.  Here the lock table is
 * copied once, and the question is asked backwards: from those who may be
 * waited for to whoever is stuck behind them, each process and each lock being
 * visited once (a lock once more for each of its modes at most).
 *
 * A waiter waits for those who hold what conflicts with its request, and for
 * those ahead in the queue whose request does.  Who has waited for longer is
 * taken to be ahead: that is so but for a process that held a weaker lock on
 * the same object, which may have been let in before others.
 *
 * Locks that are still on the fast path, virtual transaction ids among them,
 * keep nobody waiting: who wants one that conflicts moves them to the lock
 * table before going to sleep.  So they are left out.
 */
#include "postgres.h"

#include "access/twophase.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "bgworker/locks.h"
#include "src/base/clock.h"
#include "src/base/ct_compat.h"

/* the share of the time that looking may take: one of so many parts */
#define REST_FACTOR		50

/* a process, or a leader with its parallel workers, in one lock's list */
typedef struct CtLockEntry
{
	int			lock;			/* index in locks */
	int			process;		/* index in processes */
	LOCKMASK	holds;
	LOCKMODE	waits;			/* NoLock: it doesn't */
	TimestampTz since;
	bool		counted;		/* its request is known to be in the way of others */
} CtLockEntry;

typedef struct CtLock
{
	LOCKTAG		tag;
	int			first;			/* its entries: holders, then the queue */
	int			nentries;
	LOCKMASK	held;			/* what those hold who were reached so far */
} CtLock;

typedef struct CtLockProcess
{
	int			pid;
	int			first;			/* its entries, in by_process */
	int			nentries;
	bool		reached;
	int			blocker;		/* pid; 0 if it isn't known to wait */
	const CtLockEntry *wait;	/* for what */
} CtLockProcess;

struct CtLockGraph
{
	MemoryContext context;
	uint64		cost_ns;
	int			nlocks;			/* those that somebody waits for */
	CtLock	   *locks;
	int			nentries;
	CtLockEntry *entries;		/* by lock */
	CtLockEntry **by_process;
	int			nprocesses;
	CtLockProcess *processes;	/* by pid */
	int			nreached;
	int		   *reached;		/* processes, in the order in which they were */
};

/* ---- looking ---- */

static int
locks_compare_tags(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(LOCKTAG));
}

static int
locks_compare_ints(const void *a, const void *b)
{
	int			x = *(const int *) a;
	int			y = *(const int *) b;

	return x < y ? -1 : x > y;
}

/* A lock's holders first, then its queue; who has just begun to wait has no time yet. */
static int
locks_compare_entries(const void *a, const void *b)
{
	const CtLockEntry *x = a;
	const CtLockEntry *y = b;

	if (x->lock != y->lock)
		return x->lock < y->lock ? -1 : 1;
	if ((x->waits == NoLock) != (y->waits == NoLock))
		return x->waits == NoLock ? -1 : 1;
	if (x->since != y->since)
		return y->since == 0 || (x->since != 0 && x->since < y->since) ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

static int
locks_compare_by_process(const void *a, const void *b)
{
	const CtLockEntry *x = *(CtLockEntry *const *) a;
	const CtLockEntry *y = *(CtLockEntry *const *) b;

	return x->process < y->process ? -1 : x->process > y->process;
}

/* Drops what comes twice in a row; returns how many are left. */
static int
locks_drop_repeated(void *array, int n, size_t size, int (*compare) (const void *, const void *))
{
	char	   *items = array;
	int			left = 0;
	int			i;

	for (i = 0; i < n; i++)
		if (left == 0 || compare(items + (left - 1) * size, items + i * size) != 0)
			memmove(items + left++ * size, items + i * size, size);
	return left;
}

/* The locks that somebody waits for. */
static void
locks_find(CtLockGraph *graph, const LockData *data)
{
	LOCKTAG    *tags = palloc(Max(data->nelements, 1) * sizeof(LOCKTAG));
	int			n = 0;
	int			i;

	for (i = 0; i < data->nelements; i++)
		if (data->locks[i].waitLockMode != NoLock)
			tags[n++] = data->locks[i].locktag;
	qsort(tags, n, sizeof(LOCKTAG), locks_compare_tags);
	graph->nlocks = locks_drop_repeated(tags, n, sizeof(LOCKTAG), locks_compare_tags);
	graph->locks = palloc0(Max(graph->nlocks, 1) * sizeof(CtLock));
	for (i = 0; i < graph->nlocks; i++)
		graph->locks[i].tag = tags[i];
	pfree(tags);
}

/* Who has to do with them. */
static void
locks_find_entries(CtLockGraph *graph, const LockData *data)
{
	int		   *pids = palloc(Max(data->nelements, 1) * sizeof(int));
	int			i;

	graph->entries = palloc(Max(data->nelements, 1) * sizeof(CtLockEntry));
	for (i = 0; i < data->nelements; i++)
	{
		const LockInstanceData *instance = &data->locks[i];
		CtLockEntry *entry = &graph->entries[graph->nentries];
		const CtLock *lock;

		if (instance->fastpath)
			continue;
		/* the tag is what a lock begins with */
		lock = bsearch(&instance->locktag, graph->locks, graph->nlocks, sizeof(CtLock),
					   locks_compare_tags);
		if (lock == NULL)
			continue;
		entry->lock = lock - graph->locks;
		entry->holds = instance->holdMask;
		entry->waits = instance->waitLockMode;
		entry->since = instance->waitStart;
		entry->counted = false;
		entry->process = pids[graph->nentries++] = instance->leaderPid;
	}

	qsort(pids, graph->nentries, sizeof(int), locks_compare_ints);
	graph->nprocesses = locks_drop_repeated(pids, graph->nentries, sizeof(int), locks_compare_ints);
	graph->processes = palloc0(Max(graph->nprocesses, 1) * sizeof(CtLockProcess));
	for (i = 0; i < graph->nprocesses; i++)
		graph->processes[i].pid = pids[i];
	pfree(pids);
}

static CtLockProcess *
locks_find_process(const CtLockGraph *graph, int pid)
{
	/* the pid is what a process begins with */
	return bsearch(&pid, graph->processes, graph->nprocesses, sizeof(CtLockProcess),
				   locks_compare_ints);
}

/* Each lock's entries and each process's, by where they stand. */
static void
locks_index_entries(CtLockGraph *graph)
{
	int			i;

	graph->by_process = palloc(Max(graph->nentries, 1) * sizeof(CtLockEntry *));
	for (i = 0; i < graph->nentries; i++)
		graph->entries[i].process = locks_find_process(graph, graph->entries[i].process) -
			graph->processes;
	qsort(graph->entries, graph->nentries, sizeof(CtLockEntry), locks_compare_entries);
	for (i = 0; i < graph->nentries; i++)
	{
		CtLock	   *lock = &graph->locks[graph->entries[i].lock];

		if (lock->nentries++ == 0)
			lock->first = i;
		graph->by_process[i] = &graph->entries[i];
	}
	qsort(graph->by_process, graph->nentries, sizeof(CtLockEntry *), locks_compare_by_process);
	for (i = 0; i < graph->nentries; i++)
	{
		CtLockProcess *process = &graph->processes[graph->by_process[i]->process];

		if (process->nentries++ == 0)
			process->first = i;
	}
	graph->reached = palloc(Max(graph->nprocesses, 1) * sizeof(int));
}

CtLockGraph *
ct_locks_look(void)
{
	uint64		start = ct_now_ns();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ct_ext locks",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcontext = MemoryContextSwitchTo(context);
	CtLockGraph *graph = palloc0(sizeof(CtLockGraph));
	LockData   *data = GetLockStatusData();

	graph->context = context;
	locks_find(graph, data);
	locks_find_entries(graph, data);
	pfree(data->locks);
	locks_index_entries(graph);
	graph->cost_ns = ct_now_ns() - start;
	MemoryContextSwitchTo(oldcontext);
	return graph;
}

void
ct_locks_free(CtLockGraph *graph)
{
	MemoryContextDelete(graph->context);
}

uint64
ct_locks_rest_ns(const CtLockGraph *graph)
{
	return graph->cost_ns * REST_FACTOR;
}

/* ---- asking ---- */

static void
locks_reach(CtLockGraph *graph, CtLockProcess *process)
{
	process->reached = true;
	graph->reached[graph->nreached++] = process - graph->processes;
}

/* Reaches those who wait for the lock behind somebody who was reached. */
static void
locks_visit(CtLockGraph *graph, CtLock *lock)
{
	LockMethod	method = GetLockTagsMethodTable(&lock->tag);
	LOCKMASK	in_the_way = 0;
	int			who[MAX_LOCKMODES] = {0};	/* pids, by mode */
	int			i;

	for (i = lock->first; i < lock->first + lock->nentries; i++)
	{
		CtLockEntry *entry = &graph->entries[i];
		CtLockProcess *process = &graph->processes[entry->process];
		int			mode;

		if (!process->reached)
			continue;
		for (mode = 1; mode < MAX_LOCKMODES; mode++)
			if (entry->holds & LOCKBIT_ON(mode))
				who[mode] = process->pid;
		in_the_way |= entry->holds;
	}
	lock->held = in_the_way;

	for (i = lock->first; i < lock->first + lock->nentries; i++)
	{
		CtLockEntry *entry = &graph->entries[i];
		CtLockProcess *process = &graph->processes[entry->process];
		LOCKMASK	conflicts;

		if (entry->waits == NoLock)
			continue;
		conflicts = method->conflictTab[entry->waits] & in_the_way;
		if (!process->reached && conflicts != 0)
		{
			int			mode = 1;

			while (!(conflicts & LOCKBIT_ON(mode)))
				mode++;
			process->blocker = who[mode];
			process->wait = entry;
			locks_reach(graph, process);
		}
		if (process->reached)
		{
			who[entry->waits] = process->pid;
			in_the_way |= LOCKBIT_ON(entry->waits);
			entry->counted = true;
		}
	}
}

void
ct_locks_trace(CtLockGraph *graph, const int *pids, int npids)
{
	int			next;
	int			i;

	for (i = 0; i < npids; i++)
	{
		CtLockProcess *process = locks_find_process(graph, pids[i]);

		if (process != NULL && !process->reached)
			locks_reach(graph, process);
	}
	for (next = 0; next < graph->nreached; next++)
	{
		CtLockProcess *process = &graph->processes[graph->reached[next]];

		for (i = process->first; i < process->first + process->nentries; i++)
		{
			CtLockEntry *entry = graph->by_process[i];
			CtLock	   *lock = &graph->locks[entry->lock];

			if ((entry->holds & ~lock->held) != 0 ||
				(entry->waits != NoLock && !entry->counted))
				locks_visit(graph, lock);
		}
	}
}

bool
ct_locks_waits(const CtLockGraph *graph, int pid)
{
	CtLockProcess *process = locks_find_process(graph, pid);

	return process != NULL && process->blocker != 0;
}

int
ct_locks_blocker(const CtLockGraph *graph, int pid, StringInfo lock)
{
	CtLockProcess *process = locks_find_process(graph, pid);
	const LOCKTAG *tag = &graph->locks[process->wait->lock].tag;

	appendStringInfo(lock, "%s on ", GetLockmodeName(tag->locktag_lockmethodid,
													 process->wait->waits));
	DescribeLockTag(lock, tag);
	return process->blocker;
}

/* ---- asking less ---- */

/* Adds a process unless it is there. */
static int
locks_add_pid(int *pids, int n, int max, const PGPROC *proc)
{
	int			pid = proc->lockGroupLeader ? proc->lockGroupLeader->pid : proc->pid;
	int			i;

	for (i = 0; i < n; i++)
		if (pids[i] == pid)
			return n;
	if (n < max)
		pids[n++] = pid;
	return n;
}

/*
 * The lock that a process waits for, with its partition locked; NULL if it
 * doesn't wait for one, or not any more, with nothing locked.
 *
 * Which partition that is stands in the lock, which may be another one's by
 * now.  So what is read without it is a guess: a lock's memory never becomes
 * anything else's than a lock's, and it is asked again with the partition locked.
 */
static LOCK *
locks_lock_awaited(PGPROC *proc, int pid, LWLock **partition)
{
	LOCK	   *lock = *(LOCK *volatile *) &proc->waitLock;
	LOCKTAG		tag;

	if (lock == NULL)
		return NULL;
	tag = lock->tag;
	*partition = LockHashPartitionLock(LockTagHashCode(&tag));
	LWLockAcquire(*partition, LW_SHARED);
	if (proc->pid == pid && proc->waitLock == lock && memcmp(&lock->tag, &tag, sizeof(tag)) == 0)
		return lock;
	LWLockRelease(*partition);
	return NULL;
}

int
ct_locks_blockers(int procno, int pid, int *pids, int max)
{
	PGPROC	   *proc;
	LOCK	   *lock;
	LWLock	   *partition;
	LOCKMASK	conflicts;
	PROCLOCK   *holder;
	PGPROC	   *ahead;
	int			n = 0;

	if (procno < 0)
		return -1;
	proc = &ProcGlobal->allProcs[procno];
	lock = locks_lock_awaited(proc, pid, &partition);
	if (lock == NULL)
		return -1;
	conflicts = GetLockTagsMethodTable(&lock->tag)->conflictTab[proc->waitLockMode];
	for (holder = ct_lock_first(&lock->procLocks); holder != NULL;
		 holder = ct_lock_next(&lock->procLocks, holder))
	{
		const PGPROC *other = holder->tag.myProc;

		if (other != proc && (holder->holdMask & conflicts) != 0 &&
			(proc->lockGroupLeader == NULL || other->lockGroupLeader != proc->lockGroupLeader))
			n = locks_add_pid(pids, n, max, other);
	}
	for (ahead = ct_queue_first(lock); ahead != NULL && ahead != proc;
		 ahead = ct_queue_next(lock, ahead))
		if ((LOCKBIT_ON(ahead->waitLockMode) & conflicts) != 0)
			n = locks_add_pid(pids, n, max, ahead);
	LWLockRelease(partition);
	return n;
}

int
ct_locks_nprocs(void)
{
	/* those of prepared transactions come after all others */
	return ProcGlobal->allProcCount + max_prepared_xacts;
}

static void
locks_add_entry(CtLockQueue *queue, PGPROC *proc, LOCKMASK holds, LOCKMODE waits)
{
	CtQueuedLock *entry = &queue->entries[queue->nentries++];

	/* parallel workers act for who executes the query */
	if (proc->lockGroupLeader != NULL)
		proc = proc->lockGroupLeader;
	entry->procno = proc - ProcGlobal->allProcs;
	entry->pid = proc->pid;
	entry->holds = holds;
	entry->waits = waits;
}

bool
ct_locks_queue(int procno, int pid, CtQueuedLock *room, CtLockQueue *queue)
{
	int			nprocs = ct_locks_nprocs();
	LOCK	   *lock;
	LWLock	   *partition;
	PROCLOCK   *holder;
	PGPROC	   *waiter;

	lock = locks_lock_awaited(&ProcGlobal->allProcs[procno], pid, &partition);
	if (lock == NULL)
		return false;
	queue->tag = lock->tag;
	queue->entries = room;
	queue->nentries = 0;
	for (holder = ct_lock_first(&lock->procLocks); holder != NULL && queue->nentries < nprocs;
		 holder = ct_lock_next(&lock->procLocks, holder))
		if (holder->holdMask != 0)
			locks_add_entry(queue, holder->tag.myProc, holder->holdMask, NoLock);
	queue->nholders = queue->nentries;
	for (waiter = ct_queue_first(lock); waiter != NULL && queue->nentries < 2 * nprocs;
		 waiter = ct_queue_next(lock, waiter))
		locks_add_entry(queue, waiter, 0, waiter->waitLockMode);
	LWLockRelease(partition);
	return true;
}

LOCKMASK
ct_locks_held(PGPROC *proc, const LOCKTAG *tag)
{
	uint32		hash = LockTagHashCode(tag);
	int			partition = LockHashPartition(hash);
	LOCKMASK	held = 0;
	PROCLOCK   *proclock;

	LWLockAcquire(LockHashPartitionLock(hash), LW_SHARED);
	for (proclock = ct_proclocks_first(&proc->myProcLocks[partition]);
		 proclock != NULL && held == 0;
		 proclock = ct_proclocks_next(&proc->myProcLocks[partition], proclock))
		if (memcmp(&proclock->tag.myLock->tag, tag, sizeof(LOCKTAG)) == 0)
			held = proclock->holdMask;
	LWLockRelease(LockHashPartitionLock(hash));
	return held;
}

Oid
ct_locks_row_of(PGPROC *proc)
{
	Oid			relation = InvalidOid;
	int			i;

	for (i = 0; i < NUM_LOCK_PARTITIONS && !OidIsValid(relation); i++)
	{
		PROCLOCK   *proclock;

		/* a list's head is where it is, whatever it leads to by now */
		if (ct_proclocks_empty(&proc->myProcLocks[i]))
			continue;
		LWLockAcquire(LockHashPartitionLockByIndex(i), LW_SHARED);
		for (proclock = ct_proclocks_first(&proc->myProcLocks[i]); proclock != NULL;
			 proclock = ct_proclocks_next(&proc->myProcLocks[i], proclock))
		{
			const LOCKTAG *tag = &proclock->tag.myLock->tag;

			if (tag->locktag_type == LOCKTAG_TUPLE && tag->locktag_field1 == MyDatabaseId &&
				proclock->holdMask != 0)
				relation = tag->locktag_field2;
		}
		LWLockRelease(LockHashPartitionLockByIndex(i));
	}
	return relation;
}

bool
ct_locks_asleep(int procno, int pid)
{
	PGPROC	   *proc;
	uint32		event;

	if (procno < 0)
		return false;
	proc = &ProcGlobal->allProcs[procno];
	event = *(volatile uint32 *) &proc->wait_event_info;
	return (event & 0xFF000000) == PG_WAIT_LOCK && proc->pid == pid;
}

uint64
ct_locks_asleep_since(int procno, int pid)
{
	uint64		since;

	if (!ct_locks_asleep(procno, pid))
		return 0;
	since = pg_atomic_read_u64(&ProcGlobal->allProcs[procno].waitStart);
	return Max(since, 1);
}

bool
ct_locks_hold_any(void)
{
	int			i;

	/*
	 * Only we add to these lists, but for others who move what is on our fast
	 * path; these may be missed now, and are seen the next time.
	 */
	for (i = 0; i < NUM_LOCK_PARTITIONS; i++)
		if (!ct_proclocks_empty(&MyProc->myProcLocks[i]))
			return true;
	return false;
}

bool
ct_locks_awaited(void)
{
	bool		awaited = false;
	int			i;

	for (i = 0; i < NUM_LOCK_PARTITIONS && !awaited; i++)
	{
		PROCLOCK   *proclock;

		if (ct_proclocks_empty(&MyProc->myProcLocks[i]))
			continue;
		LWLockAcquire(LockHashPartitionLockByIndex(i), LW_SHARED);
		for (proclock = ct_proclocks_first(&MyProc->myProcLocks[i]);
			 proclock != NULL && !awaited;
			 proclock = ct_proclocks_next(&MyProc->myProcLocks[i], proclock))
		{
			const LOCK *lock = proclock->tag.myLock;
			LockMethod	method = GetLockTagsMethodTable(&lock->tag);
			int			mode;

			for (mode = 1; mode <= method->numLockModes && !awaited; mode++)
				awaited = (proclock->holdMask & LOCKBIT_ON(mode)) &&
					(method->conflictTab[mode] & lock->waitMask);
		}
		LWLockRelease(LockHashPartitionLockByIndex(i));
	}
	return awaited;
}
