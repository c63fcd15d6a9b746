/*
 * phase.h
 *		Phases of a run's load, as users write them.
 *
 * A phase says itself what load it is: what it doesn't say is as in a run
 * without phases, whatever the phase before it has said.
 */
#ifndef CT_PHASE_H
#define CT_PHASE_H

#include "utils/jsonb.h"

#include "src/plan/plan.h"

/* the name of the phase that others are held against, if there is one of that name */
#define CT_BASELINE_PHASE	"baseline"

/*
 * Reads an array of objects into the plan's phases and their weights, which
 * are empty; the run's duration is their sum then.  Raises for whatever a user
 * can get wrong in them without a look at scripts and clients.
 */
extern void ct_phases_read(CtPlan *plan, const Jsonb *phases);

/* Raises unless the weights of a phase are an object. */
extern void ct_phase_check_weights(const char *name, const Jsonb *weights);

/* How many clients the phases need; 0: as many as the run has anyway. */
extern int	ct_phases_clients(const CtPlan *plan);

/* Raises unless the phases go together, with each other and with the plan. */
extern void ct_phases_validate(const CtPlan *plan);

/* The same, as far as a definition tells it: not of the plan's clients. */
extern void ct_phases_validate_defined(const CtPlan *plan);

/* Drops the weights of scripts that the plan hasn't got, which other variants may have. */
extern void ct_phases_forget_others(CtPlan *plan);

/* Have transactions a schedule, in any of the phases, or in a run without them? */
extern bool ct_plan_is_scheduled(const CtPlan *plan);

/*
 * The number of the phase, from 0, that a moment is in: seconds from the end
 * of the warm-up, before which it is the first one, as it is the last one
 * after the end.  -1: there are none.
 */
extern int	ct_phase_at(const CtPlan *plan, double seconds);

/*
 * The number of the phase that recovery of those after it is told by: the one
 * called "baseline", else the first one.
 */
extern int	ct_phase_baseline(const CtPlan *plan);

/* seconds from the warm-up's end to the beginning of a phase; of the number of phases: to their end */
extern double ct_phase_begin(const CtPlan *plan, int phase);

#endif							/* CT_PHASE_H */
