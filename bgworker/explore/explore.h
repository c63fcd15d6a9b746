/*
 * explore.h
 *		An exploration, of the leader's side: its drive, and what its files share.
 *
 * explore.c has the way from the first execution to what is known at the end,
 * execution.c one execution, src/explore/search.c which order comes next;
 * reset.c brings the state back, state.c tells states apart, clone.c makes
 * what a trial without a setup needs.
 */
#ifndef CT_EXPLORE_H
#define CT_EXPLORE_H

#include "bgworker/leader.h"

/* The drive of runs that explore; the results' exploration is in leader->exploration then. */
extern void ct_explore(CtLeader *leader);

#endif							/* CT_EXPLORE_H */
