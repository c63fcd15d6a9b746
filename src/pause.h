/*
 * pause.h
 *		Waiting for a time, in a way that interrupts end.
 */
#ifndef CT_PAUSE_H
#define CT_PAUSE_H

/* Waits that many nanoseconds; raises what interrupts raise. */
extern void ct_pause_ns(uint64 ns);

/* the wait event of all that we wait for; named on 17 and later */
extern uint32 ct_wait_event(void);

#endif							/* CT_PAUSE_H */
