/*
 * orders.h
 *		Which orders of steps a run has seen.
 *
 * Take a step of one transaction and a step of another that overlapped it,
 * both SQL commands: either the first one ended before the second one began,
 * or the other way round, or they were executed at once.  A race is lost in
 * some of these orders and not in others, so which ones occurred is what a
 * stress run can say that it has tried.  It is no proof: a lock that is right
 * makes orders impossible, and so no verdict rests on it.
 *
 * A pair is (step, other_step) where the scripts differ, each taken once; of
 * one script with itself every step with every step, so that (1, 2) and (2, 1)
 * are two pairs.  There are two orders for each.  Steps are those that were
 * executed in a window (see bgworker/shm/presence.h) and are among the first
 * CT_MAX_STEPS of their script.
 */
#ifndef CT_ORDERS_H
#define CT_ORDERS_H

#include "src/plan/program.h"
#include "src/results/results.h"

/* what is known of one step with all steps of another script, or of its own */
typedef struct CtOrderPairs
{
	int			script;
	int			command;		/* the step's, from 0 */
	int			other_script;
	int			n;
	int			other_command[CT_MAX_STEPS];
	bool		before[CT_MAX_STEPS];	/* the step ended before the other one began */
	bool		after[CT_MAX_STEPS];	/* the other one ended before the step began */
} CtOrderPairs;

/* Calls take for every row of pairs that there are. */
extern void ct_orders_walk(const CtProgram *program, uint64 *orders,
						   void (*take) (void *arg, const CtOrderPairs *row), void *arg);

/* Sets orders_seen and orders_possible from the orders. */
extern void ct_orders_count(const CtProgram *program, CtResults *results);

#endif							/* CT_ORDERS_H */
