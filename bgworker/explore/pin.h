/*
 * pin.h
 *		All processes of an exploration on one CPU.
 *
 * Only one of them runs at a time, and to wake a process on another, idle CPU
 * costs more than to switch to it on this one.
 */
#ifndef CT_PIN_H
#define CT_PIN_H

#include "bgworker/shm/shared.h"

typedef struct CtPin CtPin;

/*
 * Pins this process and the run's workers to the CPU that this one happens to
 * be on.  In the current memory context.  Where the system can't, does nothing.
 */
extern CtPin *ct_pin_create(CtShared *shared);

/* Between two executions: from time to time chooses anew. */
extern void ct_pin_choose(CtPin *pin);

/* From now on they run where they may. */
extern void ct_pin_release(CtPin *pin);

#endif							/* CT_PIN_H */
