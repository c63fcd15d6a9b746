/*
 * locker.h
 *		The process that holds a lock now and then (lock_hold).
 *
 * A lock that is taken as somebody's would be who locks a table: by a process of
 * its own, which queues until it has it.  So the leader, which has other things
 * to do, never waits for it.  The leader says when it is to be had, and when it
 * is to be given back; the locker queues, tells that it has it, and sits there
 * in a transaction without a snapshot.  Told to give up, it does so wherever it
 * is: it is cancelled in the queue.
 *
 * It is of the leader's lock group, as a parallel worker would be: what it holds
 * doesn't keep out the leader, whose checks are to see the tables, and who is
 * blocked by it is blocked by the leader, to all who look.
 *
 *		the order				the locker's state
 *		 even					IDLE, and it has heard of this order
 *		 becomes odd; woken		IDLE -> WAITS -> HOLDS
 *		 becomes even; woken,	WAITS or HOLDS -> IDLE
 *		 cancelled if it waits
 *
 * What ends it is the leader's error, with what it says; what may be gone when
 * the same is tried again, or a cancel that isn't the leader's, only costs it
 * its place in the queue.  It goes with the run's workers; and if the leader is
 * lost, too.
 */
#ifndef CT_LOCKER_H
#define CT_LOCKER_H

#include "bgworker/leader.h"

/*
 * Launches it, if the plan holds a lock; raises where no slot is free.  True
 * from ct_locker_is_ready: it is there, or there is none.
 */
extern void ct_locker_launch(CtLeader *leader);
extern bool ct_locker_is_ready(CtLeader *leader);

/*
 * Has the lock taken, or given back, if it is time to; returns when it is to be
 * called again at the latest, PG_UINT64_MAX: on news.
 */
extern uint64 ct_locker_turn(CtLeader *leader, uint64 now);

/* Has it given back, and waits until it is; raises if the locker couldn't go on. */
extern void ct_locker_release(CtLeader *leader);

/* Ends it, and waits until it is gone; workers have been told to go. */
extern void ct_locker_end(CtLeader *leader);

/* The leader is lost, its memory maybe, too. */
extern void ct_locker_forsake(CtShared *shared);

extern PGDLLEXPORT void ct_locker_main(Datum main_arg);

#endif							/* CT_LOCKER_H */
