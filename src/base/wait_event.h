/*
 * wait_event.h
 *		What a run's processes wait for when it isn't the server: the wait
 *		events of our own, as pg_stat_activity shows them.
 */
#ifndef CT_WAIT_EVENT_H
#define CT_WAIT_EVENT_H

/* who waits, for what */
typedef enum CtWaitEvent
{
	CT_WAIT_GATE,				/* a worker, for the others to be ready */
	CT_WAIT_BARRIER,			/* a worker, for the others to come to a barrier */
	CT_WAIT_PAUSE,				/* for a time: \sleep, think time, a schedule, before a retry */
	CT_WAIT_SESSION,			/* for what is under way in a session that is another process's */
	CT_WAIT_VERDICT,			/* a worker that has done its share, for the run's end */
	CT_WAIT_TURN,				/* a session of an exploration, for its turn */
	CT_WAIT_WATCHING,			/* the leader, for the workers, or to try again */
	CT_WAIT_WAITING,			/* whoever waits for a run */
	CT_NWAITS
} CtWaitEvent;

/*
 * For WaitLatch and its like.  From 17 on the events have names; before, they
 * show as "Extension" all of them.
 */
extern uint32 ct_wait_event(CtWaitEvent event);

extern const char *ct_wait_event_name(CtWaitEvent event);

/*
 * Which of ours it is, of what PGPROC.wait_event_info says of some process;
 * CT_NWAITS: none.
 */
extern CtWaitEvent ct_wait_event_of(uint32 wait_event_info);

#endif							/* CT_WAIT_EVENT_H */
