/*
 * locks.h
 *		Who waits for whom, in the server's heavyweight locks.
 */
#ifndef CT_LOCKS_H
#define CT_LOCKS_H

#include "lib/stringinfo.h"
#include "storage/proc.h"

/* who waits for whom at one moment */
typedef struct CtLockGraph CtLockGraph;

/*
 * Looks at the lock table, once, with all of its partitions locked while it is
 * copied.  In a memory context of its own, below the current one, until
 * ct_locks_free.  Its cost grows with the locks that there are: ask for it
 * only where something cheaper says that there is a reason to, and not before
 * ct_locks_rest_ns have passed since the last one.
 */
extern CtLockGraph *ct_locks_look(void);
extern void ct_locks_free(CtLockGraph *graph);

/* How long to leave the lock table alone after that look, so that it costs 2 % at most. */
extern uint64 ct_locks_rest_ns(const CtLockGraph *graph);

/*
 * Finds out who waits, directly or through others, whoever they are, for one
 * of these processes.  They themselves are taken not to wait.
 */
extern void ct_locks_trace(CtLockGraph *graph, const int *pids, int npids);

/* Is that process one of those who were found to wait? */
extern bool ct_locks_waits(const CtLockGraph *graph, int pid);

/*
 * For one who was found to wait: the process right before it on the way to
 * those who were traced, and, appended to the text, the lock between them.
 */
extern int	ct_locks_blocker(const CtLockGraph *graph, int pid, StringInfo lock);

/*
 * Whom one process waits for: those who hold what conflicts with the lock that
 * it sleeps on, and those ahead in its queue whose request does.  Puts so many
 * pids at most, of lock groups' leaders, 0 for a prepared transaction, each
 * once, and returns how many there are; -1 if it doesn't sleep on a heavyweight
 * lock, or not on the same any more.  Looks at that lock alone, with its
 * partition locked.
 */
extern int	ct_locks_blockers(int procno, int pid, int *pids, int max);

/* who holds a lock, or waits for it */
typedef struct CtQueuedLock
{
	int			procno;
	int			pid;			/* 0: a prepared transaction */
	LOCKMASK	holds;
	LOCKMODE	waits;			/* NoLock: it doesn't */
} CtQueuedLock;

/* a lock, with who holds it, and then who waits for it, in their order */
typedef struct CtLockQueue
{
	LOCKTAG		tag;
	int			nholders;
	int			nentries;
	CtQueuedLock *entries;
} CtLockQueue;

/* how many processes there may be: more than any procno */
extern int	ct_locks_nprocs(void);

/*
 * Copies the lock that a process waits for, with its partition locked, into
 * what has room for 2 * ct_locks_nprocs() entries.  False if it waits for none.
 */
extern bool ct_locks_queue(int procno, int pid, CtQueuedLock *room, CtLockQueue *queue);

/*
 * What a process holds of a lock, as bits of modes.  Looks at that process's
 * locks in that partition alone.
 */
extern LOCKMASK ct_locks_held(PGPROC *proc, const LOCKTAG *tag);

/*
 * Who waits for another transaction to end, to change a row that it has
 * changed, has locked the row itself meanwhile: which table's is it?  Invalid
 * if it has locked none.  Looks at the process's own locks.
 */
extern Oid	ct_locks_row_of(PGPROC *proc);

/*
 * Is the process at procno, which must still be pid, asleep on a heavyweight
 * lock?  Costs next to nothing, and may be wrong about what has just changed.
 */
extern bool ct_locks_asleep(int procno, int pid);

/*
 * The same, and which sleep it is: the moment when it began, as a TimestampTz;
 * 1 if it has just lain down or been granted the lock; 0 if it isn't asleep.
 */
extern uint64 ct_locks_asleep_since(int procno, int pid);

/* Does this process hold a lock that another one could have to wait for? */
extern bool ct_locks_hold_any(void);

/*
 * Does anybody wait for a lock that this process holds, right behind it?  Looks
 * at this process's own locks only.  If not, nobody waits for it through
 * others either.
 */
extern bool ct_locks_awaited(void);

#endif							/* CT_LOCKS_H */
