/*
 * rounds.h
 *		Stress from a fresh state, again and again, by workers that stay.
 */
#ifndef CT_ROUNDS_H
#define CT_ROUNDS_H

#include "bgworker/leader.h"

/* Takes the state that each round begins in: setup has been executed, and nobody works yet. */
extern void ct_rounds_begin(CtLeader *leader);

/* The drive of runs that have rounds. */
extern void ct_rounds(CtLeader *leader);

/* What the checks found in all rounds, and how many rounds there were, into the results. */
extern void ct_rounds_conclude(CtLeader *leader, CtResults *results);

/* Why they took long, if that is for how the state came back; or NULL. */
extern const char *ct_rounds_complaint(const CtLeader *leader);

#endif							/* CT_ROUNDS_H */
