/*
 * phases.h
 *		How a run went in each of its phases; the leader's.
 */
#ifndef CT_PHASES_H
#define CT_PHASES_H

#include "bgworker/leader.h"

/* The phase's name that a moment is in; NULL in the warm-up, and of a run without phases. */
extern const char *ct_phases_name(const CtLeader *leader, uint64 at_ns);

/* A second of the timeline is over, in which these transactions ended. */
extern void ct_phases_note_second(CtLeader *leader, uint64 from_ns, uint64 until_ns,
								  const CtHistogram *latency);

/*
 * What was measured in the phases, into results->phases, from the histograms
 * and the seconds there.  Nothing, of a run without phases.
 */
extern void ct_phases_measure(CtLeader *leader, CtResults *results);

#endif							/* CT_PHASES_H */
