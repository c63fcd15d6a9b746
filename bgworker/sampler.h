/*
 * sampler.h
 *		What the sessions of a run wait for, by looking at them.
 */
#ifndef CT_SAMPLER_H
#define CT_SAMPLER_H

#include "bgworker/shm/shared.h"
#include "src/plan/program.h"

typedef struct CtSampler CtSampler;

/*
 * For a run that is about to begin, in the current memory context; NULL if the
 * caller has telemetry turned off.
 */
extern CtSampler *ct_sampler_create(CtShared *shared, const CtProgram *program);

/*
 * Looks at all workers, if it is time to.  counted: what is seen belongs to the
 * run's measured part.  Returns when it is to be called again, in ns.
 */
extern uint64 ct_sampler_look(CtSampler *sampler, uint64 now_ns, bool counted);

/* What was seen, as rows: a list of CtWaitRow *; NIL for no sampler. */
extern List *ct_sampler_rows(const CtSampler *sampler);

/* The same of who waited for whom, a list of CtBlockingRow *; in a transaction. */
extern List *ct_sampler_blocking(const CtSampler *sampler);

#endif							/* CT_SAMPLER_H */
