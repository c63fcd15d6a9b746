/*
 * blocking.h
 *		Which statements of a run wait for locks of which others.
 */
#ifndef CT_BLOCKING_H
#define CT_BLOCKING_H

#include "bgworker/shm/shared.h"
#include "src/plan/program.h"

typedef struct CtBlocking CtBlocking;

/* In the current memory context. */
extern CtBlocking *ct_blocking_create(CtShared *shared, const CtProgram *program);

/*
 * A worker was looked at, by who looks at all of them each so often: is it
 * asleep on a lock, in the statement at that place?
 */
extern void ct_blocking_sample(CtBlocking *blocking, int worker, int place, bool asleep);

/* All of them were, passed_ns after the time before: looks at the locks, if it is time to. */
extern void ct_blocking_look(CtBlocking *blocking, uint64 now_ns, uint64 passed_ns);

/*
 * What was seen, as rows, a list of CtBlockingRow *, that which cost most first.
 * In a transaction, since tables have names.
 */
extern List *ct_blocking_as_rows(const CtBlocking *blocking);

#endif							/* CT_BLOCKING_H */
