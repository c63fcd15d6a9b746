/*
 * pause.h
 *		Waiting for a time, in a way that interrupts end.
 */
#ifndef CT_PAUSE_H
#define CT_PAUSE_H

#include "src/base/wait_event.h"

/* a process that is woken runs some 50 us later: so much before the time it stays awake */
#define CT_SPIN_NS	UINT64CONST(200000)

/* Waits that many nanoseconds; raises what interrupts raise. */
extern void ct_pause_ns(uint64 ns);

/*
 * Waits until an instant of ct_now_ns(); raises what interrupts raise.  With
 * spin it is awake for the last CT_SPIN_NS, so as to go on within a
 * microsecond of it: for as many processes as have a core, since who spins
 * keeps a core from the others.
 */
extern void ct_pause_until(uint64 until, bool spin);

/*
 * Waits until somebody sets this process's latch, or for so many milliseconds;
 * true if the time is up.  Who waits looks first whether there is a reason to.
 */
extern bool ct_pause_latch(long ms, CtWaitEvent event);

/* Is there a core for the process of that number, from 0, if each of those before it has one? */
extern bool ct_has_core(int number);

#endif							/* CT_PAUSE_H */
