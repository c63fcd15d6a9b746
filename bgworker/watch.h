/*
 * watch.h
 *		What the leader does while it waits: its duties, each in its time.
 *
 * leader.c has the run's life cycle, and calls a drive between the gate's
 * opening and the last worker's end.  ct_watch is the one that leaves the
 * workers to themselves.  Another one, which has them do one step at a time,
 * does the duties with ct_watch_turn as it goes.
 */
#ifndef CT_WATCH_H
#define CT_WATCH_H

#include "bgworker/leader.h"

typedef struct CtDuty CtDuty;

struct CtDuty
{
	const char *name;
	uint64		period_ns;		/* 0: at each turn, since it costs next to nothing */
	void		(*function) (CtLeader *leader, CtDuty *duty, uint64 now);

	/*
	 * When it is to be done again, at the latest; PG_UINT64_MAX: nothing needs
	 * it.  Advanced by the period before the function is called, which may set
	 * it to whatever it knows better.
	 */
	uint64		next_ns;
	uint64		due_ns;			/* the time for which it is done now */
};

/* The whole way from the gate to the last worker's end. */
extern void ct_watch(CtLeader *leader);

/*
 * For other drives.  begin: once the gate's time is known.  turn: does what is
 * due, and returns until when the leader may wait; raises what ends the run.
 */
extern void ct_watch_begin(CtLeader *leader);

/* Again, for a further gate whose time is set. */
extern void ct_watch_begin_again(CtLeader *leader);

/* All has been done: raises for a place in a script that nobody has come past. */
extern void ct_watch_end(CtLeader *leader);
extern uint64 ct_watch_turn(CtLeader *leader);

/* What happened since the last time, into the timeline; in a transaction. */
extern void ct_watch_record_second(CtLeader *leader);

/* That transaction was committed: the next second begins where this one ended. */
extern void ct_watch_second_committed(CtLeader *leader);

#endif							/* CT_WATCH_H */
